"""Which engine computes which VOI, and which others stand beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dosimetry_core.case import Case, Engine
from dosimetry_core.dose.engine import (
    LOCAL_DEPOSITION,
    VOXEL_S_VALUES,
    DoseEngine,
    DoseRegion,
    EngineDose,
    LocalDeposition,
    OrganLevelSValues,
    SphereSValues,
    engine_by_region,
    role_group,
)
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.units import mass_kg
from dosimetry_core.voi import Voi


def engine_of(case: Case, voi: Voi) -> Engine | None:
    """Engine of a VOI: its own, else that of its role; None for one that gets no absorbed dose."""
    own = case.settings.engine_by_voi.get(voi.name)
    return own if own is not None else case.settings.engine.get(role_group(voi.role))


def engines_beside(voi: Voi, engine: Engine, *, voxels_known: bool) -> tuple[Engine, ...]:
    """Engines that are shown beside the one in use.

    That of the VOI's role by S values and local deposition cost nothing; voxel S values wherever they are computed,
    because some VOI, or the case, asks for them.
    """
    all_of_them: tuple[Engine, ...] = (engine_by_region(voi.role), LOCAL_DEPOSITION)
    if voxels_known:
        all_of_them += (VOXEL_S_VALUES,)
    return tuple(other for other in all_of_them if other != engine)


def wants_voxels(case: Case, voi: Voi) -> bool:
    """Whether voxel S values are asked for, as the engine of a VOI or beside it."""
    engine = engine_of(case, voi)
    return engine is not None and (engine == VOXEL_S_VALUES or case.settings.voxel_s_values_beside)


def dose_regions(
    measurement: CycleMeasurement, curves: Mapping[str, VoiCurves], densities_g_per_ml: Mapping[str, float | None]
) -> FrozenMap[str, DoseRegion]:
    """VOIs with a density and a volume as regions, those without a curve too."""
    regions = {}
    for name, measured in measurement.vois.items():
        density = densities_g_per_ml[name]
        if density is None or not measured.volume_ml > 0:
            continue
        activity = {nuclide: fit.time_integrated_activity_bq_s for nuclide, fit in curves[name].fits.items()}
        regions[name] = DoseRegion(
            name, measured.voi.role, mass_kg(measured.volume_ml, density), density, FrozenMap(activity)
        )
    return FrozenMap(regions)


@dataclass(frozen=True, eq=False)
class Engines:
    """The engines of one cycle by name."""

    by_name: Mapping[str, DoseEngine]

    def doses(self, engine: str, region: str, nuclides: Mapping[str, object]) -> FrozenMap[str, EngineDose]:
        """Nuclide → dose of a region by one engine; raises what the engine raises."""
        return FrozenMap({nuclide: self.by_name[engine].dose(region, nuclide) for nuclide in nuclides})

    def doses_beside(
        self, engines: tuple[Engine, ...], region: str, nuclides: Mapping[str, object]
    ) -> dict[str, FrozenMap[str, EngineDose]]:
        """Engine → nuclide → dose, without the engines that have no answer."""
        found = {}
        for engine in engines:
            try:
                found[engine] = self.doses(engine, region, nuclides)
            except DosimetryError:
                continue
        return {str(engine): doses for engine, doses in found.items()}


def engines_by_region(
    case: Case, regions: Mapping[str, DoseRegion], sources_bq_s: Mapping[str, Mapping[str, float]]
) -> dict[str, DoseEngine]:
    """The engines that need no map."""
    found: list[DoseEngine] = [
        OrganLevelSValues(case.patient.sex, regions, sources_bq_s),
        SphereSValues(regions),
        LocalDeposition(regions),
    ]
    return {engine.name: engine for engine in found}
