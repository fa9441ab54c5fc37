"""All objects of one cycle, and what could not be exported."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from dosimetry_core.dicom.spatial_registration import spatial_registration_bytes
from dosimetry_core.dicom_export.administration import administration_report
from dosimetry_core.dicom_export.case_lines import shapes_on_scans
from dosimetry_core.dicom_export.dose import rt_dose
from dosimetry_core.dicom_export.key_image import key_image
from dosimetry_core.dicom_export.measurements import measurement_report
from dosimetry_core.dicom_export.objects import ExportedObject, ExportFacts, file_bytes, safe_name
from dosimetry_core.dicom_export.parametric_map import ABSORBED_DOSE, TIME_INTEGRATED_ACTIVITY, parametric_map
from dosimetry_core.dicom_export.segmentation import segmentation
from dosimetry_core.dicom_export.structure_set import structure_set
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.image import TimePoint
from dosimetry_core.pipeline.voxel_doses import CycleVoxelDoses
from dosimetry_core.pipeline.voxel_engine import VoxelEngine
from dosimetry_core.plan_record import results_bytes
from dosimetry_core.results_json import results_json
from dosimetry_core.treatment_report.pictures import cycle_pictures
from dosimetry_core.volume import Volume

_FIRST_DOSE_SERIES = 7020
_FIRST_MAP_SERIES = 7040
_METHOD = "Mean absorbed dose of the cycle by voxel S values on the grid of the reference SPECT."


@dataclass(frozen=True)
class CycleExport:
    """Objects of one cycle, and remarks on what there is none of."""

    objects: tuple[ExportedObject, ...]
    findings: tuple[Finding, ...]


def digest_of_results(evaluation: Evaluation) -> str:
    """Digest of all results, which the identifiers of exported objects are made of."""
    return hashlib.sha256(results_bytes(results_json(evaluation))).hexdigest()


def facts_of_cycle(result: CycleResult, *, made_at: datetime, digest: str) -> ExportFacts:
    """What places a cycle's objects beside the series that its VOIs lie on.

    Raises
    ------
    InconsistentCaseError
        If the cycle has no images.
    MissingDataError
        If the series' study and instances are not known.
    """
    cycle = result.cycle
    if not cycle.time_points:
        raise InconsistentCaseError(
            "has no images that objects could be filed beside", where=f"cycle {cycle.number}", remedy="leave it out"
        )
    point = cycle.time_points[cycle.reference_time_point]
    series = [one for one in (point.ct, point.spect) if one is not None]
    grids = [voi.mask.geometry for voi in cycle.vois if not voi.mask.is_empty]
    lies_on = (one for one in series if grids and grids[0].is_same_grid(one.volume.geometry))
    facts = ExportFacts(next(lies_on, series[0]), made_at, f"{digest}/cycle {cycle.number}")
    _ = facts.origin
    return facts


def export_cycle(result: CycleResult, *, made_at: datetime, digest: str) -> CycleExport:
    """VOIs, voxel doses and registrations of one evaluated cycle as DICOM objects.

    Parameters
    ----------
    digest
        Of the results, see `digest_of_results`.

    Raises
    ------
    DosimetryError
        If nothing can be exported, see `facts_of_cycle`.
    """
    facts = facts_of_cycle(result, made_at=made_at, digest=digest)
    collected = _Collected(f"cycle{result.cycle.number}", f"cycle {result.cycle.number}")
    _vois(facts, result, collected)
    _voxel_doses(facts, result, collected)
    _registrations(result, made_at, collected)
    _key_images(facts, result, collected)
    for given in result.cycle.administrations:
        collected.add(
            f"administration {given.nuclide}",
            f"administration and organ doses of {given.nuclide} as radiopharmaceutical dose report",
            partial(administration_report, facts, result, given),
        )
    return CycleExport(tuple(collected.objects), tuple(collected.findings))


def _key_images(facts: ExportFacts, result: CycleResult, collected: _Collected) -> None:
    for number, picture in enumerate(cycle_pictures(result.cycle), start=1):
        collected.add(
            f"key-image-{number}",
            f"key image of {picture.voi}, {picture.plane}",
            partial(key_image, facts, picture, number=number),
        )


class _Collected:
    """Objects made so far; what can't be made becomes a remark, and nothing else is lost."""

    def __init__(self, prefix: str, place: str) -> None:
        self.objects: list[ExportedObject] = []
        self.findings: list[Finding] = []
        self._prefix, self._place = prefix, place

    def add(self, name: str, what: str, make: Callable[[], Dataset | bytes]) -> None:
        """Make an object and keep it as ``PREFIX-name.dcm``."""
        try:
            made = make()
        except DosimetryError as error:
            self.remark(f"{what}: {error.what}")
            return
        content = made if isinstance(made, bytes) else file_bytes(made)
        self.objects.append(ExportedObject(f"{self._prefix}-{safe_name(name)}.dcm", what, content))

    def remark(self, text: str) -> None:
        """Keep a remark on what there is none of."""
        self.findings.append(Finding("dicom-not-exported", "warning", text, self._place))


def _vois(facts: ExportFacts, result: CycleResult, collected: _Collected) -> None:
    grid = facts.beside.volume.geometry
    vois = [voi for voi in result.cycle.vois if not voi.mask.is_empty]
    elsewhere = [voi.name for voi in vois if not voi.mask.geometry.is_same_grid(grid)]
    if elsewhere:
        collected.remark(f"not on the grid of the reference image, and left out: {', '.join(elsewhere)}")
    vois = [voi for voi in vois if voi.name not in elsewhere]
    if not vois:
        collected.remark("no VOI is drawn, so that there is neither a structure set nor a segmentation")
        return
    number = result.cycle.number
    segmented = segmentation(facts, vois, label=f"CYCLE_{number}")
    collected.add("rtstruct", "VOIs as RT structure set", lambda: structure_set(facts, vois, label=f"Cycle {number}"))
    collected.add("seg", "VOIs as segmentation", lambda: segmented)
    shapes = [shape for shape in shapes_on_scans(result.cycle) if shape.mask.geometry.is_same_grid(grid)]
    if shapes:
        collected.add(
            "seg scans",
            "shapes that VOIs have on single scans as segmentation",
            lambda: segmentation(facts, shapes, label=f"CYCLE_{number}_SCANS"),
        )
    measured = {voi.name: result.vois[voi.name] for voi in vois if voi.name in result.vois}
    if measured:
        collected.add(
            "measurements",
            "volumes, activities and doses as measurement report",
            lambda: measurement_report(facts, segmented, measured, person=""),
        )


def voxel_doses_of(result: CycleResult) -> CycleVoxelDoses | None:
    """Voxel doses of a cycle that hold now; None where there are none."""
    return result.voxels.doses if isinstance(result.voxels, VoxelEngine) else None


def _voxel_doses(facts: ExportFacts, result: CycleResult, collected: _Collected) -> None:
    doses = voxel_doses_of(result)
    if doses is None:
        collected.remark("voxel doses are not computed, so that there is no dose map")
        return
    grid = doses.curve_maps.grid
    maps: dict[str, NDArray[np.floating]] = {name: dose.absorbed_dose.values for name, dose in doses.maps.items()}
    if len(maps) > 1:
        maps["all nuclides"] = np.stack(list(maps.values())).sum(axis=0, dtype=np.float64)
    for place, (what, values) in enumerate(maps.items()):
        volume = Volume(values, grid, "absorbed_dose_gy")

        def dose(volume: Volume = volume, what: str = what, place: int = place) -> Dataset:
            return rt_dose(facts, volume, what=what, number=_FIRST_DOSE_SERIES + place, method=_METHOD)

        def dose_map(volume: Volume = volume, what: str = what, place: int = place) -> Dataset:
            title = f"Absorbed dose map {what}"
            return parametric_map(
                facts, volume, ABSORBED_DOSE, what=title, number=_FIRST_MAP_SERIES + place, label="ABSORBED_DOSE"
            )

        collected.add(f"rtdose {what}", f"absorbed dose of {what} as RT dose", dose)
        collected.add(f"dose map {what}", f"absorbed dose of {what} as parametric map", dose_map)
    for place, (what, values) in enumerate(doses.curve_maps.maps.items(), start=len(maps)):
        volume = Volume(values, grid, "time_integrated_activity_bq_s")

        def activity_map(volume: Volume = volume, what: str = what, place: int = place) -> Dataset:
            title = f"Time-integrated activity per voxel {what}"
            number = _FIRST_MAP_SERIES + place
            return parametric_map(facts, volume, TIME_INTEGRATED_ACTIVITY, what=title, number=number, label="TIA")

        collected.add(
            f"activity map {what}",
            f"time-integrated activity of {what} per voxel, before partial-volume correction, as parametric map",
            activity_map,
        )


def _registrations(result: CycleResult, made_at: datetime, collected: _Collected) -> None:
    cycle = result.cycle
    reference = cycle.time_points[cycle.reference_time_point]
    for number, point in enumerate(cycle.time_points, start=1):
        if point is reference or point.registration.method == "same-frame-of-reference":
            continue

        def registration(point: TimePoint = point) -> bytes:
            return spatial_registration_bytes(reference, point, made_at=made_at)

        collected.add(f"reg {number}", f"registration of scan {number} to the reference", registration)
