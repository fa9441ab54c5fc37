"""Exported objects of a whole course, read again: masks bit by bit, doses at their place, maps, and the plan's bytes.

``python -m tests.dosimetry_core.dicom_export.read_back CASE FOLDER [PLAN.pdf]`` does it with those of `lutetia dicom`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import highdicom
import numpy as np
import pydicom
from numpy.typing import NDArray

from dosimetry_core.case_file import read_case
from dosimetry_core.dicom.vois import read_vois
from dosimetry_core.dicom_export.course import with_voxel_doses
from dosimetry_core.dicom_export.cycle import voxel_doses_of
from dosimetry_core.dicom_export.objects import safe_name
from dosimetry_core.dicom_export.pdf import document_of
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.pipeline import compute
from dosimetry_core.progress import no_progress

DOSE_SHARE = 1e-6
"""Of the largest dose: how far a dose may be off."""
PLACE_VOXELS = 1e-6


def unlike(evaluation: Evaluation, folder: Path, plan_pdf: bytes | None = None) -> tuple[int, list[str]]:
    """How many masks, doses, maps and documents were compared, and what of them is not as it was exported."""
    found = [one for result in evaluation.cycles if result.cycle.time_points for one in _of_cycle(result, folder)]
    if plan_pdf is not None:
        same = document_of(pydicom.dcmread(folder / "plan.dcm")) == plan_pdf
        found.append("" if same else "plan.dcm: other bytes")
    return len(found), [one for one in found if one]


def _of_cycle(result: CycleResult, folder: Path) -> Iterator[str]:
    """For each thing that is compared: nothing, or what differs."""
    cycle = result.cycle
    start = folder / f"cycle{cycle.number}"
    vois = [voi for voi in cycle.vois if not voi.mask.is_empty]
    roles = {voi.name: voi.role for voi in vois}
    for kind, half in (("seg", False), ("rtstruct", True)):
        path = Path(f"{start}-{kind}.dcm")
        read = {voi.name: voi for voi in read_vois([path], time_points=cycle.time_points, roles=roles).vois}
        for voi in vois:
            whole = voi.mask.whole_grid_fraction()
            # Contours can say no more than which voxels lie inside.
            found = read.get(voi.name)
            same = found is not None and np.array_equal(
                found.mask.whole_grid_fraction(), whole >= 0.5 if half else whole
            )
            yield "" if same else f"{path.name}: {voi.name} is not there, or another mask"
    doses = voxel_doses_of(result)
    assert doses is not None
    maps = {nuclide: one.absorbed_dose.values for nuclide, one in doses.maps.items()}
    if len(maps) > 1:
        maps["all nuclides"] = np.sum([values.astype(np.float64) for values in maps.values()], axis=0)
    for what, values in maps.items():
        path = Path(f"{start}-{safe_name(f'rtdose {what}')}.dcm")
        off = np.abs(_dose_on(doses.curve_maps.grid, path) - values).max() / values.max()
        yield "" if off <= DOSE_SHARE else f"{path.name}: off by {off:.1e} of the largest dose"
        path = Path(f"{start}-{safe_name(f'dose-map {what}')}.dcm")
        same = np.array_equal(_map_on(doses.curve_maps.grid, path), values.astype(np.float32))
        yield "" if same else f"{path.name}: other values"


def _dose_on(grid: VolumeGeometry, path: Path) -> NDArray[np.float64]:
    """Doses of an RT Dose on a grid that its points must lie on, by what the standard says of its places."""
    dose = pydicom.dcmread(path)
    stored = np.frombuffer(dose.PixelData, f"<u{dose.BitsAllocated // 8}")
    shape = (int(dose.NumberOfFrames), dose.Rows, dose.Columns)
    row, column = np.array(dose.ImageOrientationPatient, float).reshape(2, 3)
    down, across = (float(value) for value in dose.PixelSpacing)
    frame, line, place = (one.ravel() for one in np.indices(shape))
    offsets = np.array(dose.GridFrameOffsetVector, float)[frame]
    points = (
        np.array(dose.ImagePositionPatient, float)
        + np.outer(offsets, np.cross(row, column))
        + np.outer(line * down, column)
        + np.outer(place * across, row)
    )
    index = grid.point_to_index(points)
    nearest = np.rint(index).astype(int)
    assert np.abs(index - nearest).max() < PLACE_VOXELS, f"{path.name} lies elsewhere"
    found = np.full(grid.shape, np.nan)
    found[tuple(nearest.T)] = stored * float(dose.DoseGridScaling)
    return found


def _map_on(grid: VolumeGeometry, path: Path) -> NDArray[np.float32]:
    """Values of a parametric map by highdicom, slices in the order of a grid."""
    volume = highdicom.imread(path).get_volume(apply_real_world_transform=True)
    first = np.rint(grid.point_to_index(volume.affine[:3, 3])).astype(int)
    values: NDArray[np.float32] = (volume.array[::-1] if first[0] else volume.array).astype(np.float32)
    return values


if __name__ == "__main__":
    course = with_voxel_doses(compute(read_case(Path(sys.argv[1]))), no_progress)
    compared, wrong = unlike(course, Path(sys.argv[2]), Path(sys.argv[3]).read_bytes() if sys.argv[3:] else None)
    print("\n".join([*wrong, f"{compared - len(wrong)} of {compared} equal"]))
