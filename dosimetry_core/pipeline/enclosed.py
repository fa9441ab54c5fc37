"""A VOI that encloses others, read the other way: everything inside its outline together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dosimetry_core.dose.dose_volume import DoseVolume
from dosimetry_core.dose.organ_level import mass_weighted_mean_gy
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.pipeline.voxel_doses import VoiVoxelDose
from dosimetry_core.pipeline.voxel_engine import VoxelEngine
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.results import EnclosedReading, VoiResult


def with_enclosed(
    result: VoiResult, measurement: CycleMeasurement, results: Mapping[str, VoiResult], voxels: VoxelEngine
) -> EnclosedReading | None:
    """The reading with everything inside the outline, by every engine; None where nothing is enclosed.

    Notes
    -----
    Energy adds, so the dose is the mean by mass. An enclosed VOI counts by the same engine; where that has no answer
    for it (there is no organ S value of a lesion), by its own.
    """
    measured = measurement.vois[result.voi.name]
    if not measured.enclosed or not result.doses or result.mass_kg is None:
        return None
    inside = [other for other in results.values() if other.voi.voi_id in measured.enclosed]
    if any(not other.fits or other.mass_kg is None for other in inside):
        return None
    masses = {result.voi.name: result.mass_kg} | {
        other.voi.name: other.mass_kg for other in inside if other.mass_kg is not None
    }
    activity = {
        nuclide: fit.time_integrated_activity_bq_s
        + sum(other.fits[nuclide].time_integrated_activity_bq_s for other in inside)
        for nuclide, fit in result.fits.items()
    }
    assert result.engine is not None
    by_engine = {}
    for engine in (result.engine, *result.cross_checks_gy):
        dose = {}
        for nuclide in result.fits:
            doses = {part.voi.name: _dose_gy(part, engine, nuclide) for part in (result, *inside)}
            known = {name: value for name, value in doses.items() if value is not None}
            if len(known) == len(doses):
                dose[nuclide] = mass_weighted_mean_gy(known, masses)
        if len(dose) == len(result.fits):
            by_engine[engine] = FrozenMap(dose)
    if result.engine not in by_engine:
        return None
    voxel = _voxels_together([voxels.voi(name) for name in masses])
    return EnclosedReading(
        measured.volume_with_enclosed_ml,
        FrozenMap(activity),
        by_engine[result.engine],
        mass_kg=sum(masses.values()),
        enclosed=tuple(other.voi.name for other in inside),
        activity_bq=FrozenMap(
            {measured.nuclide: tuple(measured.activity_with_enclosed_bq.tolist())} if measured.nuclide else {}
        ),
        by_engine_gy=FrozenMap(by_engine),
        d98_gy=None if voxel is None else voxel.d98_gy,
        d90_gy=None if voxel is None else voxel.d90_gy,
        d50_gy=None if voxel is None else voxel.d50_gy,
        d2_gy=None if voxel is None else voxel.d2_gy,
    )


def _dose_gy(voi: VoiResult, engine: str, nuclide: str) -> float | None:
    """Dose by an engine, else by the one in use, else by local deposition."""
    if voi.engine == engine and nuclide in voi.doses:
        return voi.doses[nuclide].absorbed_dose_gy
    beside = voi.cross_checks_gy.get(engine)
    if beside is not None and nuclide in beside:
        return beside[nuclide]
    if nuclide in voi.doses:
        return voi.doses[nuclide].absorbed_dose_gy
    return next((doses[nuclide] for doses in voi.cross_checks_gy.values() if nuclide in doses), None)


def _voxels_together(parts: list[VoiVoxelDose | None]) -> DoseVolume | None:
    known = [part.voxels for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    dose = np.concatenate([part.absorbed_dose_gy for part in known])
    volume = np.concatenate([part.volume_ml for part in known])
    order = np.argsort(dose, kind="stable")
    return DoseVolume(read_only(dose[order]), read_only(volume[order]))
