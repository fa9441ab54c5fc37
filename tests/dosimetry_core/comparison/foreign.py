"""A case with voxel doses, and what another system would write about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.pipeline import compute
from tests.phantoms import Visit, structure_set
from tests.small_study import CT, KIDNEYS_MM, write_small_case


def evaluated(folder: Path) -> Evaluation:
    """The small case with voxel doses beside the organ-level ones."""
    case = read_case(write_small_case(folder))
    return compute(replace(case, settings=replace(case.settings, voxel_s_values_beside=True)))


def other_structure_set(
    path: Path, names: dict[str, str], *, shift_mm: float = 0.0, patient_id: str | None = None
) -> Path:
    """The kidneys' boxes under other names, moved along x: own name → name in the file."""
    slices = CT.index_to_point([(k, 0, 0) for k in range(CT.shape[0])])[:, 2]
    contours = {
        names[name]: [
            np.array([[x0, -20, z], [x1, -20, z], [x1, 20, z], [x0, 20, z]]) for z in slices if abs(z - 50) < 30
        ]
        for name, (low, high) in KIDNEYS_MM.items()
        if name in names
        for x0, x1 in [(low + shift_mm, high + shift_mm)]
    }
    first = Visit()
    visit = Visit("visit 1", frame_uid=first.frame_uid)

    def edit(dataset: object) -> None:
        if patient_id is not None:
            dataset.PatientID = patient_id  # type: ignore[attr-defined]

    return structure_set(path, contours, visit, edit=edit)


def with_scan_in_own_frame(result: CycleResult, scan: int, frame: str, motion: RigidTransform) -> CycleResult:
    """A scan (from 0) in a frame of reference of its own, registered by a motion from the reference scan."""
    point = result.cycle.time_points[scan]
    assert point.ct is not None
    moved = replace(
        point,
        spect=replace(point.spect, frame_of_reference_uid=frame),
        ct=replace(point.ct, frame_of_reference_uid=frame),
        registration=replace(point.registration, transform=motion, method="rigid-ct"),
    )
    points = list(result.cycle.time_points)
    points[scan] = moved
    return replace(result, cycle=replace(result.cycle, time_points=tuple(points)))
