"""What every dose engine answers: the absorbed dose of a region by one nuclide, by where it comes from.

Organ-level S values, sphere S values and local deposition answer from masses and time-integrated activities alone;
voxel S values answer from a map. All of them part the dose alike, so that two engines can be compared part by part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

from dosimetry_core.case import Engine
from dosimetry_core.dose.local_deposition import electron_absorbed_dose_gy
from dosimetry_core.dose.organ_level import (
    Organ,
    cross_absorbed_doses_gy,
    organ_self_parts_gy,
)
from dosimetry_core.dose.s_values import Sex
from dosimetry_core.dose.sphere import sphere_s_value
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.voi import Role

ORGAN_LEVEL: Final = "organ-level"
SPHERE: Final = "sphere"
LOCAL_DEPOSITION: Final = "local-deposition"
VOXEL_S_VALUES: Final = "voxel-s-values"
KIDNEY_ROLES: Final[tuple[Role, ...]] = ("kidney_left", "kidney_right", "kidneys")
SOURCE_ORGANS: Final[tuple[Organ, ...]] = ("kidneys", "liver", "spleen")


def role_group(role: Role) -> str:
    """The role as the settings name it: both sides of the kidneys are ``kidneys``."""
    return "kidneys" if role in KIDNEY_ROLES else role


def engine_by_region(role: Role) -> Engine:
    """The engine that has S values for a role: of its organ, or of a sphere of its mass."""
    return ORGAN_LEVEL if role_group(role) in SOURCE_ORGANS else SPHERE


@dataclass(frozen=True)
class DoseRegion:
    """What an engine needs to know of a region.

    Parameters
    ----------
    time_integrated_activity_bq_s
        By nuclide; empty for a region without a curve.
    """

    name: str
    role: Role
    mass_kg: float
    density_g_per_ml: float
    time_integrated_activity_bq_s: FrozenMap[str, float]


@dataclass(frozen=True)
class EngineDose:
    """Absorbed dose of a region by one nuclide.

    Parameters
    ----------
    self_electron_gy, self_photon_gy
        From the region's own activity, as if it were spread evenly.
    uneven_gy
        What its true pattern changes of that; 0 for engines that don't see it.
    cross_gy
        Other source (kidneys, liver, spleen, lesions, remainder) → dose; empty for engines of one region.
    """

    self_electron_gy: float
    self_photon_gy: float = 0.0
    uneven_gy: float = 0.0
    cross_gy: FrozenMap[str, float] = field(default_factory=FrozenMap)

    @property
    def self_gy(self) -> float:
        """From the region's own activity."""
        return self.self_electron_gy + self.self_photon_gy + self.uneven_gy

    @cached_property
    def absorbed_dose_gy(self) -> float:
        """From everywhere."""
        return sum(self.contributions_gy.values())

    @cached_property
    def contributions_gy(self) -> FrozenMap[str, float]:
        """Source → dose, ``self`` first."""
        return FrozenMap({"self": self.self_gy, **self.cross_gy})


class DoseEngine(Protocol):
    """One way from time-integrated activity to absorbed dose."""

    @property
    def name(self) -> Engine:
        """As the settings name it."""
        ...

    def dose(self, region: str, nuclide_name: str) -> EngineDose:
        """Dose of a region.

        Raises
        ------
        DosimetryError
            If the engine has no answer for this region.
        """
        ...


@dataclass(frozen=True, eq=False)
class LocalDeposition:
    """Every electron stops in the region of its decay, every photon leaves it."""

    regions: Mapping[str, DoseRegion]
    name: Engine = LOCAL_DEPOSITION

    def dose(self, region: str, nuclide_name: str) -> EngineDose:
        """Electron energy over mass."""
        own = self.regions[region]
        activity = own.time_integrated_activity_bq_s[nuclide_name]
        return EngineDose(electron_absorbed_dose_gy(nuclide_name, activity, mass_kg=own.mass_kg))


@dataclass(frozen=True, eq=False)
class SphereSValues:
    """Self dose of a sphere of the region's mass."""

    regions: Mapping[str, DoseRegion]
    name: Engine = SPHERE

    def dose(self, region: str, nuclide_name: str) -> EngineDose:
        """By the bundled table; a mass outside it is refused."""
        own = self.regions[region]
        activity = own.time_integrated_activity_bq_s[nuclide_name]
        s = sphere_s_value(nuclide_name, own.mass_kg, density_g_per_ml=own.density_g_per_ml)
        return EngineDose(activity * s.electron_gy_per_bq_s, activity * s.photon_gy_per_bq_s)


@dataclass(frozen=True, eq=False)
class OrganLevelSValues:
    """ICRP 133 S values scaled to the patient's masses, with the cross dose of the other source organs.

    Parameters
    ----------
    sources_bq_s
        Nuclide → kidneys, liver, spleen, remainder → time-integrated activity.
    """

    sex: Sex
    regions: Mapping[str, DoseRegion]
    sources_bq_s: Mapping[str, Mapping[str, float]]
    name: Engine = ORGAN_LEVEL

    def dose(self, region: str, nuclide_name: str) -> EngineDose:
        """Of a part of an organ, such as a kidney, by its own concentration at the mass of the whole."""
        own = self.regions[region]
        group = role_group(own.role)
        if group not in SOURCE_ORGANS:
            raise InconsistentCaseError(
                f"there is no organ S value for a {group}", where=own.name, remedy="choose sphere or local-deposition"
            )
        organ: Organ = "kidneys" if group == "kidneys" else "liver" if group == "liver" else "spleen"
        activity = own.time_integrated_activity_bq_s[nuclide_name]
        members = [other for other in self.regions.values() if role_group(other.role) == organ]
        if any(nuclide_name not in other.time_integrated_activity_bq_s for other in members):
            what = "the other kidney" if organ == "kidneys" else f"another part of the {organ}"
            raise MissingDataError(f"{what} has no curve", where=own.name, remedy="correct its VOI or its curve")
        # The S value is that of the whole organ: a side has its own concentration at the mass of all of it.
        whole_kg = sum(member.mass_kg for member in members)
        electron, photon = organ_self_parts_gy(
            nuclide_name, self.sex, organ, activity / own.mass_kg * whole_kg, mass_kg=whole_kg
        )
        cross = cross_absorbed_doses_gy(nuclide_name, self.sex, organ, self.sources_bq_s.get(nuclide_name, {}))
        return EngineDose(electron, photon, cross_gy=FrozenMap(cross))
