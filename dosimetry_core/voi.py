"""Volumes of interest: identity, name, role, and a mask cropped to its box on one declared grid."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import VolumeGeometry

Role = Literal[
    "kidney_left",
    "kidney_right",
    "kidneys",
    "liver",
    "spleen",
    "lesion",
    "remainder",
    "whole_body",
    "red_marrow",
    "background",
    "other",
]
ROLES: tuple[Role, ...] = get_args(Role)

FULL_COVERAGE = 255
"""Mask value of a voxel that lies wholly inside."""


@dataclass(frozen=True, eq=False)
class VoiMask:
    """Fractional coverage of voxels by a VOI, stored for the VOI's box only.

    Parameters
    ----------
    geometry
        The whole grid on which the VOI is declared.
    start
        Index (slice, row, column) of the box's first voxel on that grid.
    coverage
        Unsigned 8-bit, shape of the box, `FULL_COVERAGE` for a voxel wholly inside; may have size 0 (nothing drawn).
    """

    geometry: VolumeGeometry
    start: tuple[int, int, int]
    coverage: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.coverage.dtype != np.uint8 or self.coverage.ndim != 3:
            raise ValueError("coverage must be a three-dimensional array of unsigned bytes")
        stop = np.array(self.start) + self.coverage.shape
        if self.coverage.size and (min(self.start) < 0 or np.any(stop > self.geometry.shape)):
            raise ValueError("the box reaches outside the grid")
        object.__setattr__(self, "coverage", read_only(self.coverage))

    @staticmethod
    def from_array(geometry: VolumeGeometry, coverage: NDArray[Any]) -> VoiMask:
        """Mask from a whole-grid array: boolean, or coverage as a fraction from 0 to 1 (not bytes)."""
        if coverage.shape != geometry.shape:
            raise ValueError("the array doesn't fit the grid")
        inside = coverage > 0
        if not inside.any():
            return VoiMask(geometry, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))
        box = []
        for axis in range(3):
            occupied = np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))
            box.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
        part = np.asarray(coverage[tuple(box)], dtype=np.float64)
        return VoiMask(
            geometry,
            (box[0].start, box[1].start, box[2].start),
            np.rint(np.clip(part, 0, 1) * FULL_COVERAGE).astype(np.uint8),
        )

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as index ranges on the whole grid."""
        a, b, c = (slice(s, s + n) for s, n in zip(self.start, self.coverage.shape, strict=True))
        return a, b, c

    @functools.cached_property
    def is_empty(self) -> bool:
        """Whether nothing is covered."""
        return not self.coverage.any()

    @functools.cached_property
    def volume_ml(self) -> float:
        """Covered volume in mL, partial voxels counted by their share."""
        return float(self._seen_along_slices.sum()) / FULL_COVERAGE * self.geometry.voxel_volume_ml

    @functools.cached_property
    def _seen_along_slices(self) -> NDArray[np.uint32]:
        """Coverage added up over the slices: whole numbers, whose sums are exact in any order."""
        seen: NDArray[np.uint32] = np.add.reduce(self.coverage, axis=0, dtype=np.uint32)
        return seen

    def centroid_mm(self) -> NDArray[np.float64]:
        """Centre of the covered volume, (x, y, z) in mm. Raises ValueError if nothing is covered."""
        if self.is_empty:
            raise ValueError("an empty VOI has no centroid")
        return self._centroid_mm.copy()

    @functools.cached_property
    def _centroid_mm(self) -> NDArray[np.float64]:
        in_planes = np.add.reduce(self.coverage.reshape(len(self.coverage), -1), axis=1, dtype=np.uint64)
        seen_along = self._seen_along_slices
        sums = (in_planes, seen_along.sum(axis=1), seen_along.sum(axis=0))
        index = [float((along * np.arange(float(len(along)))).sum() / in_planes.sum()) for along in sums]
        return self.geometry.index_to_point(np.array(index) + self.start)

    def whole_grid_fraction(self) -> NDArray[np.float32]:
        """Coverage from 0 to 1 on the whole grid, shape (slice, row, column)."""
        whole = np.zeros(self.geometry.shape, np.float32)
        whole[self.slices] = self.coverage.astype(np.float32) / FULL_COVERAGE
        return whole


@dataclass(frozen=True, eq=False)
class Voi:
    """A volume of interest.

    Parameters
    ----------
    voi_id
        Identity that a renaming doesn't change.
    name
        Unique within its cycle, NFC-normalised; the same lesion has the same name in every cycle.
    role
        What it is to the dosimetry.
    mask
        Where it is, on the cycle's reference grid.
    source
        Where it came from: a file name, or how it was drawn.
    proposed
        It was drawn by the program and not yet reviewed by a person.
    """

    voi_id: str
    name: str
    role: Role
    mask: VoiMask
    source: str = ""
    proposed: bool = False
