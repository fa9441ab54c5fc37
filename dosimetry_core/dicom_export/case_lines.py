"""What was drawn, aligned and placed in the window, as lines for case.toml that go with the exported segmentations."""

from __future__ import annotations

from typing import Any

import numpy as np
import tomli_w

from dosimetry_core.case import Case, Cycle
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import TimePoint, VoiMotion
from dosimetry_core.voi import Voi

FILE_NAME = "case-lines.toml"
_HEAD = """# VOIs and alignment as they were in the window, for case.toml: put the keys below into the [[cycle]] of
# the same number, in place of those it has, and the segmentations beside case.toml. Everything else stays.
"""
# What the program finds again by itself from the images.
_AUTOMATIC = ("reference", "same-frame-of-reference", "rigid-ct", "rigid-spect", "none")


def segmentation_name(cycle: Cycle) -> str:
    """File of a cycle's VOIs."""
    return f"cycle{cycle.number}-seg.dcm"


def shapes_name(cycle: Cycle) -> str:
    """File of the shapes that VOIs have on single scans only."""
    return f"cycle{cycle.number}-seg-scans.dcm"


def shapes_on_scans(cycle: Cycle) -> tuple[Voi, ...]:
    """The shapes that VOIs have on single scans only, each under a name that says so."""
    return tuple(
        Voi(f"{voi.voi_id}/{index}", shape_name(voi, index), voi.role, point.redrawn_vois[voi.voi_id].mask)
        for index, point in enumerate(cycle.time_points)
        for voi in cycle.vois
        if voi.voi_id in point.redrawn_vois and not point.redrawn_vois[voi.voi_id].mask.is_empty
    )


def shape_name(voi: Voi, time_point: int) -> str:
    """Name of a VOI's own shape on a scan, counted from 0."""
    return f"{voi.name} on scan {time_point + 1}"


def case_lines(case: Case) -> str:
    """Text of the file; empty where no cycle has VOIs."""
    cycles = [cycle_lines(cycle) for cycle in case.cycles if any(not voi.mask.is_empty for voi in cycle.vois)]
    return _HEAD + tomli_w.dumps({"cycle": cycles}) if cycles else ""


def cycle_lines(cycle: Cycle) -> dict[str, Any]:
    """Keys of one ``[[cycle]]`` that has VOIs: their files and roles, registrations, VOIs on single scans."""
    drawn = [voi for voi in cycle.vois if not voi.mask.is_empty]
    shapes = shapes_on_scans(cycle)
    made: dict[str, Any] = {
        "number": cycle.number,
        "vois": [segmentation_name(cycle), *([shapes_name(cycle)] if shapes else [])],
        "voi_roles": {voi.name: voi.role for voi in (*drawn, *shapes)},
    }
    if registrations := registration_lines(cycle):
        made["registration"] = registrations
    placed = [
        line
        for index, point in enumerate(cycle.time_points)
        for voi in drawn
        for line in _voi_on_scan(voi, index, point)
    ]
    if placed:
        made["voi_on_scan"] = placed
    return made


def registration_lines(cycle: Cycle) -> list[dict[str, Any]]:
    """Alignment that the program would not find again by itself, as matrices."""
    return [
        {"time_point": index + 1, "matrix_from_reference": _numbers(point.registration.transform)}
        for index, point in enumerate(cycle.time_points)
        if point.registration.method not in _AUTOMATIC
    ]


def _voi_on_scan(voi: Voi, index: int, point: TimePoint) -> list[dict[str, Any]]:
    """Its shape and its place there, each with its own reason."""
    redrawn, moved = point.redrawn_vois.get(voi.voi_id), point.registration.voi_motions.get(voi.voi_id)
    lines = []
    if redrawn is not None and not redrawn.mask.is_empty:
        lines.append({"shape": shape_name(voi, index), "reason": redrawn.reason, "by": redrawn.drawn_by})
    if moved is not None:
        lines.append({**_motion(point, moved), "reason": moved.reason, "by": moved.moved_by})
    said = [{key: value for key, value in line.items() if value != ""} for line in lines]
    return [{"voi": voi.name, "time_point": index + 1, **line} for line in said]


def _motion(point: TimePoint, moved: VoiMotion) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if moved.method == "manual" and np.array_equal(moved.motion.rotation, np.eye(3)):
        made["shift_mm"] = [float(v) for v in point.registration.transform.rotation.T @ moved.motion.translation_mm]
    else:
        made["matrix_on_scan"] = _numbers(moved.motion)
    if moved.method != "manual":
        made["method"] = moved.method
    if moved.standard_uncertainty_mm is not None:
        made["standard_uncertainty_mm"] = moved.standard_uncertainty_mm
    return made


def _numbers(motion: RigidTransform) -> list[float]:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = motion.rotation, motion.translation_mm
    return [float(value) for value in matrix.ravel()]
