"""Absorbed doses per VOI, organ and course, each with its uncertainty and what it was computed from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from dosimetry_core.dose.engine_comparison import EngineComparison
from dosimetry_core.dose.radiobiology import ProtractionPerGy
from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.uncertainty import Effects, common_part, random_part, scaled_effects, summed_effects
from dosimetry_core.uncertainty_budget import UncertaintyBudget, budget_of_effects
from dosimetry_core.voi import Role, Voi


@dataclass(frozen=True)
class DoseValue:
    """An absorbed dose with its standard uncertainty (k = 1).

    Parameters
    ----------
    absorbed_dose_gy
        Mean absorbed dose.
    effects_gy
        Change of it by one standard deviation of each source of error; None if its uncertainty is unknown.
    """

    absorbed_dose_gy: float
    effects_gy: Effects | None = None

    @property
    def random_standard_uncertainty_gy(self) -> float | None:
        """Part that is independent between cycles (counting, fit); None if unknown."""
        return None if self.effects_gy is None else random_part(self.effects_gy)

    @property
    def common_standard_uncertainty_gy(self) -> float | None:
        """Part that all cycles share (calibration, recovery, contour habit, S values); None if unknown."""
        return None if self.effects_gy is None else common_part(self.effects_gy)

    @property
    def standard_uncertainty_gy(self) -> float | None:
        """Both parts combined in quadrature; None if unknown."""
        return None if self.effects_gy is None else math.hypot(*self.effects_gy.values())

    def scaled(self, factor: float) -> DoseValue:
        """The value and its uncertainty times a factor known exactly."""
        effects = None if self.effects_gy is None else scaled_effects(self.effects_gy, factor)
        return DoseValue(self.absorbed_dose_gy * factor, effects)


def exact_dose(absorbed_dose_gy: float) -> DoseValue:
    """A dose that counts as known without uncertainty."""
    return DoseValue(absorbed_dose_gy, Effects())


def total_dose(values: Iterable[DoseValue]) -> DoseValue:
    """Sum over nuclides, regions or cycles: what the same source of error does to the parts adds with its sign.

    Its uncertainty is unknown if that of one part is.
    """
    parts = tuple(values)
    total = math.fsum(part.absorbed_dose_gy for part in parts)
    effects = [part.effects_gy for part in parts if part.effects_gy is not None]
    return DoseValue(total, summed_effects(effects) if len(effects) == len(parts) else None)


@dataclass(frozen=True, eq=False)
class EnclosedReading:
    """The other reading of a VOI that encloses others: everything inside its outline counted.

    Parameters
    ----------
    absorbed_dose_gy
        By the engine in use.
    enclosed
        Names of the VOIs inside.
    activity_bq
        Nuclide of the images → at each time point.
    by_engine_gy
        Engine → nuclide → dose; an enclosed VOI that the engine has no answer for counts by its own engine.
    d98_gy, d90_gy, d50_gy, d2_gy
        Of all voxels together; None without voxel doses.
    """

    volume_ml: float
    time_integrated_activity_bq_s: FrozenMap[str, float]
    absorbed_dose_gy: FrozenMap[str, float]
    mass_kg: float | None = None
    enclosed: tuple[str, ...] = ()
    activity_bq: FrozenMap[str, tuple[float, ...]] = field(default_factory=FrozenMap)
    by_engine_gy: FrozenMap[str, FrozenMap[str, float]] = field(default_factory=FrozenMap)
    d98_gy: float | None = None
    d90_gy: float | None = None
    d50_gy: float | None = None
    d2_gy: float | None = None


@dataclass(frozen=True)
class VoxelDoseNumbers:
    """What the voxel dose map says of a VOI beside its mean.

    Parameters
    ----------
    closure_factors
        Nuclide → factor that brought the sum of the voxels' own curves to the VOI's time-integrated activity.
    partial_volume_factor
        The part of it that the VOI's partial-volume correction explains: 1 where the map was corrected voxel by voxel;
        None where no scan shows any activity.
    photon_absorbed_dose_gy
        By nuclide: the part of the mean by photons.
    relative_standard_uncertainty
        By nuclide: of the mean for a map that is exactly known.
    d98_gy, d90_gy, d50_gy, d2_gy
        Dose that this percentage of the volume receives at least, all nuclides together.
    voxel_size_mm
        Of the map: columns, rows, slices (x, y, z of the image).
    absorbed_fractions
        Nuclide → part of the electron energy of even uptake that stays in the VOI's own shape.
    histogram_gy, histogram_volume_fraction
        Cumulative dose–volume histogram, all nuclides together: doses from 0, and the part of the volume that receives
        at least each.
    """

    closure_factors: FrozenMap[str, float]
    partial_volume_factor: float | None
    photon_absorbed_dose_gy: FrozenMap[str, float]
    relative_standard_uncertainty: FrozenMap[str, float]
    d98_gy: float
    d90_gy: float
    d50_gy: float
    d2_gy: float
    voxel_size_mm: tuple[float, float, float]
    absorbed_fractions: FrozenMap[str, float] = field(default_factory=FrozenMap)
    histogram_gy: tuple[float, ...] = ()
    histogram_volume_fraction: tuple[float, ...] = ()

    def volume_fraction_receiving(self, absorbed_dose_gy: float) -> float:
        """Part of the volume that receives at least a dose, by the histogram; straight between its doses."""
        if absorbed_dose_gy > self.histogram_gy[-1]:
            return 0.0
        return float(np.interp(absorbed_dose_gy, self.histogram_gy, self.histogram_volume_fraction))


@dataclass(frozen=True, eq=False)
class VoiResult:
    """Everything computed for one VOI of one cycle, without the VOIs it encloses.

    ``protraction_per_gy`` makes ``bed_gy`` of the nuclides' doses, see `radiobiology.bed_of_doses_gy`.
    ``cross_checks_gy`` are the doses by other engines, ``comparisons`` the same against the one in use.
    ``pending_engine`` is the chosen engine while its doses are still being computed; the doses are those of ``engine``.
    ``failure`` says in one line why the chain stopped for this VOI; what was reached before that is there.
    """

    voi: Voi
    volume_ml: float
    mass_kg: float | None
    density_g_per_ml: float | None
    curves: FrozenMap[str, TimeActivityCurve]
    fits: FrozenMap[str, FitResult]
    doses: FrozenMap[str, DoseValue]
    engine: str | None
    activity_standard_uncertainty_bq: FrozenMap[str, tuple[float, ...] | None] = field(default_factory=FrozenMap)
    uncorrected_activity_bq: FrozenMap[str, tuple[float, ...]] = field(default_factory=FrozenMap)
    partial_volume_factors: tuple[float, ...] = ()
    cross_checks_gy: FrozenMap[str, FrozenMap[str, float]] = field(default_factory=FrozenMap)
    contributions_gy: FrozenMap[str, FrozenMap[str, float]] = field(default_factory=FrozenMap)
    with_enclosed: EnclosedReading | None = None
    voxel_dose: VoxelDoseNumbers | None = None
    bed_gy: float | None = None
    protraction_per_gy: ProtractionPerGy = field(default_factory=FrozenMap)
    failure: str | None = None
    findings: tuple[Finding, ...] = ()
    comparisons: tuple[EngineComparison, ...] = ()
    pending_engine: str | None = None
    volume_by_time_point_ml: tuple[float, ...] = ()
    """Inside which the activity of each scan was measured: ``volume_ml`` but where the VOI was drawn anew."""

    @property
    def role(self) -> Role:
        """Role of the VOI."""
        return self.voi.role

    @cached_property
    def total(self) -> DoseValue | None:
        """Absorbed dose of all nuclides; None if not computed."""
        return total_dose(self.doses.values()) if self.doses else None

    @property
    def budgets(self) -> FrozenMap[str, UncertaintyBudget]:
        """Budget of the dose of each nuclide, and of all together as ``total``; without those of a dose of 0."""
        values = dict(self.doses) | ({} if self.total is None else {"total": self.total})
        return FrozenMap(
            {
                name: budget_of_effects(value.effects_gy, value.absorbed_dose_gy)
                for name, value in values.items()
                if value.effects_gy is not None and value.absorbed_dose_gy > 0
            }
        )


@dataclass(frozen=True, eq=False)
class OrganResult:
    """Absorbed dose to an organ in one cycle.

    ``contributions_gy``: source (self, kidneys, liver, spleen, remainder) → nuclide → Gy.
    ``estimated``: not, or not wholly, measured in this cycle; for ``estimated_nuclides`` the last measured value per
    administered activity was taken. ``protraction_per_gy`` makes ``bed_gy`` of the nuclides' doses; where this
    cycle has no curves it is that of the nearest cycle that has, and ``bed_estimated``.
    """

    organ: str
    doses: FrozenMap[str, DoseValue]
    administered_activity_bq: FrozenMap[str, float]
    contributions_gy: FrozenMap[str, FrozenMap[str, float]] = field(default_factory=FrozenMap)
    estimated: bool = False
    origin: str = "measured"
    """``measured``, ``entered`` or ``estimated``."""
    bed_gy: float | None = None
    protraction_per_gy: ProtractionPerGy = field(default_factory=FrozenMap)
    estimated_nuclides: tuple[str, ...] = ()
    bed_estimated: bool = False

    @cached_property
    def total(self) -> DoseValue:
        """Absorbed dose of all nuclides."""
        return total_dose(self.doses.values())

    @property
    def per_administered_activity_gy_per_bq(self) -> FrozenMap[str, float]:
        """Absorbed dose per administered activity of each nuclide."""
        return FrozenMap(
            {
                name: dose.absorbed_dose_gy / self.administered_activity_bq[name]
                for name, dose in self.doses.items()
                if self.administered_activity_bq.get(name)
            }
        )


@dataclass(frozen=True, eq=False)
class CourseOrgan:
    """Absorbed dose of an organ over the course so far, prior courses included."""

    organ: str
    delivered: DoseValue
    limit_gy: float | None
    bed_gy: float | None = None

    @property
    def remaining_gy(self) -> float | None:
        """Limit − delivered; negative when exceeded; None without a limit."""
        return None if self.limit_gy is None else self.limit_gy - self.delivered.absorbed_dose_gy
