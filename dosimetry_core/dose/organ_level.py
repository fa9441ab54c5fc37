"""Absorbed dose to kidneys, liver and spleen by MIRD S values scaled to the patient's masses (methods 3).

Self dose: electrons with m_ref/m, photons with (m_ref/m)^(2/3), from the mass that belongs to the S value. Cross dose
from the other source organs is unscaled. The rest of the body is a further source where its activity is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from dosimetry_core.dose.s_values import KIDNEYS, LIVER, REST_WITHOUT_ORGANS_AND_MARROW, SPLEEN, Sex, s_value
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap

Organ = Literal["kidneys", "liver", "spleen"]
KidneyAnatomy = Literal["two", "single", "horseshoe"]

REGIONS: Final[dict[str, str]] = {"kidneys": KIDNEYS, "liver": LIVER, "spleen": SPLEEN}
REMAINDER: Final = "remainder"
PHOTON_MASS_EXPONENT: Final = 2 / 3


def self_absorbed_dose_gy(
    time_integrated_activity_bq_s: float,
    *,
    electron_s_gy_per_bq_s: float,
    photon_s_gy_per_bq_s: float,
    reference_mass_kg: float,
    mass_kg: float,
) -> float:
    """Self dose Ã (S_e m_ref/m + S_γ (m_ref/m)^(2/3)).

    Parameters
    ----------
    reference_mass_kg
        The mass that divides the S value in its own table; another table's mass errs by up to 27 % (methods 3).
    """
    if not (mass_kg > 0 and reference_mass_kg > 0):
        raise ValueError("masses must be positive")
    ratio = reference_mass_kg / mass_kg
    return time_integrated_activity_bq_s * (
        electron_s_gy_per_bq_s * ratio + photon_s_gy_per_bq_s * math.pow(ratio, PHOTON_MASS_EXPONENT)
    )


def paired_organ_side_absorbed_dose_gy(
    side_time_integrated_activity_bq_s: float,
    *,
    side_mass_kg: float,
    both_mass_kg: float,
    electron_s_gy_per_bq_s: float,
    photon_s_gy_per_bq_s: float,
    reference_mass_kg: float,
) -> float:
    """Self dose of one side of a paired organ whose S value refers to both sides together.

    Notes
    -----
    Electrons: D = Ã_side S_e m_ref/m_side (m_ref of both sides, not half of it). Photons by the activity per mass of
    the side, S_γ scaled to both sides' mass. The mass-weighted mean of the sides is exactly `self_absorbed_dose_gy` of
    both together.
    """
    concentration_share = side_time_integrated_activity_bq_s / side_mass_kg * both_mass_kg
    return self_absorbed_dose_gy(
        concentration_share,
        electron_s_gy_per_bq_s=electron_s_gy_per_bq_s,
        photon_s_gy_per_bq_s=photon_s_gy_per_bq_s,
        reference_mass_kg=reference_mass_kg,
        mass_kg=both_mass_kg,
    )


def organ_self_parts_gy(
    nuclide_name: str, sex: Sex, organ: Organ, time_integrated_activity_bq_s: float, *, mass_kg: float
) -> tuple[float, float]:
    """Self dose of kidneys (both together), liver or spleen: by electrons, by photons."""
    s = s_value(nuclide_name, sex, target=REGIONS[organ], source=REGIONS[organ])
    electron, photon = (
        self_absorbed_dose_gy(
            time_integrated_activity_bq_s,
            electron_s_gy_per_bq_s=by_electrons,
            photon_s_gy_per_bq_s=by_photons,
            reference_mass_kg=s.target_mass_kg,
            mass_kg=mass_kg,
        )
        for by_electrons, by_photons in ((s.electron_gy_per_bq_s, 0.0), (0.0, s.photon_gy_per_bq_s))
    )
    return electron, photon


@dataclass(frozen=True)
class OrganAbsorbedDose:
    """Absorbed dose to one organ by one nuclide, by where it comes from.

    Parameters
    ----------
    contributions_gy
        ``self``, and each other source: ``kidneys``, ``liver``, ``spleen``, ``remainder``.
    time_integrated_activity_bq_s
        Of the organ itself.
    """

    organ: str
    nuclide: str
    mass_kg: float
    time_integrated_activity_bq_s: float
    contributions_gy: FrozenMap[str, float]

    @property
    def absorbed_dose_gy(self) -> float:
        """Sum of all contributions."""
        return sum(self.contributions_gy.values())

    @property
    def self_fraction(self) -> float:
        """Part of the dose that comes from the organ itself."""
        return self.contributions_gy["self"] / self.absorbed_dose_gy


def cross_absorbed_doses_gy(
    nuclide_name: str, sex: Sex, organ: Organ, time_integrated_activities_bq_s: Mapping[str, float]
) -> dict[str, float]:
    """Unscaled cross dose to an organ from each other source: kidneys, liver, spleen, remainder."""
    found = {}
    for source, activity in time_integrated_activities_bq_s.items():
        if source == organ:
            continue
        region = REST_WITHOUT_ORGANS_AND_MARROW if source == REMAINDER else REGIONS.get(source)
        if region is None:
            raise ValueError(f"unknown source {source!r}; use kidneys, liver, spleen or remainder")
        s = s_value(nuclide_name, sex, target=REGIONS[organ], source=region)
        found[source] = activity * s.total_gy_per_bq_s
    return found


def organ_absorbed_dose(
    nuclide_name: str,
    sex: Sex,
    organ: Organ,
    *,
    mass_kg: float,
    time_integrated_activities_bq_s: Mapping[str, float],
) -> OrganAbsorbedDose:
    """Absorbed dose to kidneys (both together), liver or spleen.

    Parameters
    ----------
    mass_kg
        Of the organ's VOI; for kidneys of both.
    time_integrated_activities_bq_s
        By source: the organ itself, and what else is known of kidneys, liver, spleen and remainder.

    Raises
    ------
    MissingDataError
        If the organ's own activity is not among them.
    """
    own = time_integrated_activities_bq_s.get(organ)
    if own is None:
        raise MissingDataError(f"the time-integrated activity of the {organ} is unknown", where=organ)
    s = s_value(nuclide_name, sex, target=REGIONS[organ], source=REGIONS[organ])
    self_dose = self_absorbed_dose_gy(
        own,
        electron_s_gy_per_bq_s=s.electron_gy_per_bq_s,
        photon_s_gy_per_bq_s=s.photon_gy_per_bq_s,
        reference_mass_kg=s.target_mass_kg,
        mass_kg=mass_kg,
    )
    cross = cross_absorbed_doses_gy(nuclide_name, sex, organ, time_integrated_activities_bq_s)
    return OrganAbsorbedDose(organ, nuclide_name, mass_kg, own, FrozenMap({"self": self_dose} | cross))


@dataclass(frozen=True)
class KidneySide:
    """Time-integrated activity and mass of one kidney."""

    time_integrated_activity_bq_s: float
    mass_kg: float


@dataclass(frozen=True)
class KidneyAbsorbedDoses:
    """Absorbed dose to each kidney and to both (their mass-weighted mean), by one nuclide."""

    sides: FrozenMap[str, OrganAbsorbedDose]
    both: OrganAbsorbedDose


def kidney_absorbed_doses(
    nuclide_name: str,
    sex: Sex,
    sides: Mapping[str, KidneySide],
    *,
    other_time_integrated_activities_bq_s: Mapping[str, float],
    anatomy: KidneyAnatomy = "two",
) -> KidneyAbsorbedDoses:
    """Absorbed dose to the kidneys, each side and both.

    Parameters
    ----------
    sides
        By name (``kidney_left``, ``kidney_right``); one for a single kidney or one VOI of both.
    other_time_integrated_activities_bq_s
        Of liver, spleen and remainder, where known.
    anatomy
        A ``single`` kidney keeps the S value and reference mass of the pair; a ``horseshoe`` kidney has no organ
        S value.

    Raises
    ------
    InconsistentCaseError
        For a horseshoe kidney.
    """
    if anatomy == "horseshoe":
        raise InconsistentCaseError(
            "there is no organ S value for a horseshoe kidney",
            where="kidneys",
            remedy="choose the engine local-deposition or voxel-s-values for kidneys",
        )
    if not sides or (anatomy == "single" and len(sides) != 1):
        raise MissingDataError("the kidneys have no VOI", where="kidneys", remedy="draw the kidneys")
    total = sum(side.time_integrated_activity_bq_s for side in sides.values())
    mass = sum(side.mass_kg for side in sides.values())
    sources = {"kidneys": total, **other_time_integrated_activities_bq_s}
    both = organ_absorbed_dose(nuclide_name, sex, "kidneys", mass_kg=mass, time_integrated_activities_bq_s=sources)
    cross = {source: dose for source, dose in both.contributions_gy.items() if source != "self"}
    s = s_value(nuclide_name, sex, target=KIDNEYS, source=KIDNEYS)
    each = {}
    for name, side in sides.items():
        own = paired_organ_side_absorbed_dose_gy(
            side.time_integrated_activity_bq_s,
            side_mass_kg=side.mass_kg,
            both_mass_kg=mass,
            electron_s_gy_per_bq_s=s.electron_gy_per_bq_s,
            photon_s_gy_per_bq_s=s.photon_gy_per_bq_s,
            reference_mass_kg=s.target_mass_kg,
        )
        each[name] = OrganAbsorbedDose(
            name,
            nuclide_name,
            side.mass_kg,
            side.time_integrated_activity_bq_s,
            FrozenMap({"self": own} | cross),
        )
    return KidneyAbsorbedDoses(FrozenMap(each), both)


def mass_weighted_mean_gy(doses_gy: Mapping[str, float], masses_kg: Mapping[str, float]) -> float:
    """Mean absorbed dose over regions by mass: Σ m D/Σ m."""
    return sum(doses_gy[name] * mass for name, mass in masses_kg.items()) / sum(masses_kg.values())
