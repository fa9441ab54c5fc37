"""Absorbed doses per VOI, organ and course, each with its uncertainty and what it was computed from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from dosimetry_core.dose.engine_comparison import EngineComparison
from dosimetry_core.dose.radiobiology import ProtractionPerGy
from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.uncertainty_budget import UncertaintyBudget, combined_budget
from dosimetry_core.voi import Role, Voi


@dataclass(frozen=True)
class DoseValue:
    """An absorbed dose with the two parts of its standard uncertainty (k = 1).

    Parameters
    ----------
    absorbed_dose_gy
        Mean absorbed dose.
    random_standard_uncertainty_gy
        Part that is independent between cycles (counting, fit); None if unknown.
    common_standard_uncertainty_gy
        Part that all cycles and nuclides share (calibration, recovery, contour habit, S values); None if unknown.
    """

    absorbed_dose_gy: float
    random_standard_uncertainty_gy: float | None = None
    common_standard_uncertainty_gy: float | None = None

    @property
    def standard_uncertainty_gy(self) -> float | None:
        """Both parts combined in quadrature; None if either is unknown."""
        if self.random_standard_uncertainty_gy is None or self.common_standard_uncertainty_gy is None:
            return None
        return math.hypot(self.random_standard_uncertainty_gy, self.common_standard_uncertainty_gy)

    def scaled(self, factor: float) -> DoseValue:
        """The value and its uncertainty times a factor known exactly."""
        random, common = self.random_standard_uncertainty_gy, self.common_standard_uncertainty_gy
        return DoseValue(
            self.absorbed_dose_gy * factor,
            None if random is None else random * abs(factor),
            None if common is None else common * abs(factor),
        )


def total_within_cycle(values: Iterable[DoseValue]) -> DoseValue:
    """Sum over nuclides of one cycle: both rest on the same images and fit, so all uncertainties add linearly."""
    return _summed(values, random_linear=True)


def total_over_cycles(values: Iterable[DoseValue]) -> DoseValue:
    """Sum over cycles: random parts in quadrature, common parts linearly (methods 7)."""
    return _summed(values, random_linear=False)


def _summed(values: Iterable[DoseValue], *, random_linear: bool) -> DoseValue:
    parts = tuple(values)
    total = math.fsum(part.absorbed_dose_gy for part in parts)
    random = [part.random_standard_uncertainty_gy for part in parts]
    common = [part.common_standard_uncertainty_gy for part in parts]
    known_random = [u for u in random if u is not None]
    known_common = [u for u in common if u is not None]
    if len(known_random) < len(parts) or len(known_common) < len(parts):
        return DoseValue(total)
    return DoseValue(
        total, math.fsum(known_random) if random_linear else math.hypot(*known_random), math.fsum(known_common)
    )


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
    budgets: FrozenMap[str, UncertaintyBudget] = field(default_factory=FrozenMap)
    voxel_dose: VoxelDoseNumbers | None = None
    bed_gy: float | None = None
    protraction_per_gy: ProtractionPerGy = field(default_factory=FrozenMap)
    failure: str | None = None
    findings: tuple[Finding, ...] = ()
    comparisons: tuple[EngineComparison, ...] = ()
    pending_engine: str | None = None

    @property
    def role(self) -> Role:
        """Role of the VOI."""
        return self.voi.role

    @property
    def total(self) -> DoseValue | None:
        """Absorbed dose of all nuclides; None if not computed."""
        return total_within_cycle(self.doses.values()) if self.doses else None

    @property
    def total_budget(self) -> UncertaintyBudget | None:
        """Budget of the dose of all nuclides; None if there is none, or the dose is 0.

        Each source adds linearly over the nuclides; never above ``total``, which adds their common parts linearly.
        """
        parts = [(self.doses[name].absorbed_dose_gy, budget) for name, budget in self.budgets.items()]
        return combined_budget(parts) if sum(dose for dose, _ in parts) > 0 else None


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

    @property
    def total(self) -> DoseValue:
        """Absorbed dose of all nuclides."""
        return total_within_cycle(self.doses.values())

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
