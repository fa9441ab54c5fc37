"""What a study to be written looks like: scanner, geometry, kinds of files, and where the patient lies."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.geometry import RigidTransform, VolumeGeometry

Orientation = Literal["head-first", "feet-first", "prone"]
SpectKind = Literal["nm-counts", "nm-counts-against-normal", "pt-bqml", "pt-bqml-to-administration", "nm-bqml-slices"]
VoiKind = Literal["structure-set", "structure-set-along-voxels", "segmentation"]

HEAD_FIRST = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
# Signs of the slice, row and column directions; slices always ascend along row direction × column direction.
_SIGNS = {"head-first": (1, 1, 1), "feet-first": (-1, 1, -1), "prone": (1, -1, -1)}
_LEAST_TURN_RAD = np.radians(5.0)
_LEAST_SHIFT_MM = 15.0


@dataclass(frozen=True)
class CyclePlan:
    """Files of one cycle, how the patient lies for them, and at which visit (0 first) the VOIs were drawn."""

    spect: SpectKind
    vois: VoiKind
    orientation: Orientation = "head-first"
    reference: int = 1


@dataclass(frozen=True)
class StudyPlan:
    """One study.

    Parameters
    ----------
    fwhm_mm
        Of the reconstruction.
    spect_shape, spect_voxel_mm
        Cubes; the grid is centred on the body, less a random fraction of a voxel.
    spect_shift_mm
        Along z: where the middle of the SPECT lies beside the body's.
    reference_ct_mm, other_ct_mm
        Slice distance and pixel size.
    crop_other_ct
        Leave as much of the other CTs as the unmoved body would fill, so that the moved one is cut.
    couch
        Show a couch in every CT that doesn't move with the patient.
    moving_gas
        Put gas into a part of the bowel that differs from visit to visit.
    table_mm
        Added to the positions of the last two visits: another zero of the table, hundreds of mm away.
    kidney_noise
        Relative standard deviation of a kidney's total at each visit.
    """

    name: str
    seed: int
    cycles: tuple[CyclePlan, ...]
    fwhm_mm: float = 9.0
    spect_shape: tuple[int, int, int] = (128, 128, 128)
    spect_voxel_mm: float = 4.8
    spect_shift_mm: float = 0.0
    reference_ct_mm: tuple[float, float] = (3.0, 1.5)
    other_ct_mm: tuple[float, float] = (4.0, 2.0)
    crop_other_ct: bool = False
    couch: bool = False
    moving_gas: bool = False
    table_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    kidney_noise: tuple[float, ...] = (0.012, 0.013, 0.015, 0.022)
    scan_hours: tuple[tuple[float, float], ...] = ((3.6, 5.1), (21.5, 26.5), (44.0, 52.0), (165.0, 195.0))
    sex: Literal["F", "M"] = "M"


def centred_grid(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    centre_mm: NDArray[np.float64],
    orientation: Orientation = "head-first",
) -> VolumeGeometry:
    """Axial grid around a point."""
    directions = HEAD_FIRST * np.array(_SIGNS[orientation])
    half = (np.array(shape) - 1) / 2 * np.array(spacing_mm)
    return VolumeGeometry(shape, np.round(centre_mm - directions @ half, 4), spacing_mm, directions)


def draw_positions(generator: np.random.Generator, count: int, centre_mm: NDArray[np.float64]) -> list[RigidTransform]:
    """Rigid motions about the body's centre: any two differ by more than 5° and, at the centre, more than 15 mm."""
    while True:
        turns = np.radians(generator.uniform((-4.5, -4.0, -6.5), (4.5, 4.0, 6.5), (count, 3)))
        shifts = generator.uniform((-20.0, -15.0, -20.0), (20.0, 15.0, 20.0), (count, 3))
        placed = [
            RigidTransform.from_rotation_vector(turn, shift, centre_mm=centre_mm)
            for turn, shift in zip(turns, shifts, strict=True)
        ]
        if all(
            a.after(b.inverse()).angle_rad > _LEAST_TURN_RAD
            and np.linalg.norm(a.apply(centre_mm) - b.apply(centre_mm)) > _LEAST_SHIFT_MM
            for a, b in itertools.combinations(placed, 2)
        ):
            return placed
