"""Engines of `lutetia dose` that give one dose per label, not per voxel: sphere and organ-level S values."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from dosimetry_core.dose.media import SOFT_TISSUE
from dosimetry_core.dose.organ_level import REMAINDER, KidneySide, kidney_absorbed_doses, organ_absorbed_dose
from dosimetry_core.dose.s_values import Sex
from dosimetry_core.dose.sphere import sphere_absorbed_dose_gy
from dosimetry_core.errors import DosimetryError
from dosimetry_core.units import GRAM_PER_KG
from dosimetry_core.voi import Role

_KIDNEY_ROLES = ("kidney_left", "kidney_right", "kidneys")


@dataclass(frozen=True)
class LabelRegion:
    """What an engine by region needs of a label."""

    name: str
    role: Role
    medium: str
    volume_ml: float
    mass_kg: float
    time_integrated_activity_bq_s: float


def sphere_doses_gy(nuclide_name: str, regions: Mapping[str, LabelRegion]) -> dict[str, float]:
    """Self dose of each soft-tissue label as a sphere of its mass; a mass outside the table has none."""
    found = {}
    for name, region in regions.items():
        if region.medium != SOFT_TISSUE or not region.time_integrated_activity_bq_s > 0:
            continue
        with contextlib.suppress(DosimetryError):
            found[name] = sphere_absorbed_dose_gy(
                nuclide_name,
                region.time_integrated_activity_bq_s,
                mass_kg=region.mass_kg,
                density_g_per_ml=region.mass_kg * GRAM_PER_KG / region.volume_ml,
            )
    return found


def organ_level_doses_gy(
    nuclide_name: str, sex: Sex, regions: Mapping[str, LabelRegion], *, whole_activity_bq_s: float
) -> dict[str, float]:
    """Dose of the labels whose names mean kidneys, liver or spleen, by ICRP 133 S values and their masses.

    Parameters
    ----------
    whole_activity_bq_s
        Of the whole map: what lies in no organ is the remainder, lesions included.
    """
    sides = {
        name: KidneySide(region.time_integrated_activity_bq_s, region.mass_kg)
        for name, region in regions.items()
        if region.role in _KIDNEY_ROLES
    }
    sources = {}
    if sides:
        sources["kidneys"] = sum(side.time_integrated_activity_bq_s for side in sides.values())
    organs = {}
    for organ in ("liver", "spleen"):
        named = [region for region in regions.values() if region.role == organ]
        # Two labels of one organ are no whole organ each; the table knows whole organs only.
        if len(named) == 1:
            organs[organ] = named[0]
            sources[organ] = named[0].time_integrated_activity_bq_s
    sources[REMAINDER] = max(0.0, whole_activity_bq_s - sum(sources.values()))
    found = {}
    if sides:
        others = {name: activity for name, activity in sources.items() if name != "kidneys"}
        kidneys = kidney_absorbed_doses(nuclide_name, sex, sides, other_time_integrated_activities_bq_s=others)
        found = {name: side.absorbed_dose_gy for name, side in kidneys.sides.items()}
    for organ in ("liver", "spleen"):
        if organ in organs:
            region = organs[organ]
            found[region.name] = organ_absorbed_dose(
                nuclide_name,
                sex,
                "liver" if organ == "liver" else "spleen",
                mass_kg=region.mass_kg,
                time_integrated_activities_bq_s=sources,
            ).absorbed_dose_gy
    return found
