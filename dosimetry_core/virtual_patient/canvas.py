"""A grid of tissue labels that solids are painted on, each in its own box."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.virtual_patient.shapes import Coordinates, Level

LevelFunction = Callable[[Coordinates, Coordinates, Coordinates], Level]
Range = tuple[float, float]
Box = tuple[slice, slice, slice]

BODY_VOXEL_MM = 1.25
HALF_EXTENT_MM = (190.0, 125.0, 245.0)
"""Half extents of the body grid along x, y, z."""


class Tissue(IntEnum):
    """What fills a voxel of the body grid."""

    AIR = 0
    FAT = 1
    MUSCLE = 2
    LUNG = 3
    BLOOD = 4
    SPONGY_BONE = 5
    CORTICAL_BONE = 6
    DISC = 7
    SPINAL_CANAL = 8
    BOWEL = 9
    ACTIVE_BOWEL = 10
    GAS = 11
    STOMACH = 12
    PANCREAS = 13
    GALLBLADDER = 14
    CARTILAGE = 15
    PELVIS_LEFT = 20
    PELVIS_RIGHT = 21
    LIVER = 22
    SPLEEN = 23
    CORTEX_LEFT = 24
    MEDULLA_LEFT = 25
    CORTEX_RIGHT = 26
    MEDULLA_RIGHT = 27
    LESION = 32
    """First lesion; the next ones count on."""


KIDNEY_LEFT_TISSUES = (Tissue.CORTEX_LEFT, Tissue.MEDULLA_LEFT)
KIDNEY_RIGHT_TISSUES = (Tissue.CORTEX_RIGHT, Tissue.MEDULLA_RIGHT)

# Columns: directions (x, y, z) of slice, row and column.
BODY_DIRECTIONS = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])


def body_geometry() -> VolumeGeometry:
    """Grid of the voxelised anatomy: 1.25 mm cubes, even numbers of them, aligned with the body frame."""
    x, y, z = (2 * round(half / BODY_VOXEL_MM) for half in HALF_EXTENT_MM)
    origin = np.array([-(n - 1) / 2 * BODY_VOXEL_MM for n in (x, y, z)])
    return VolumeGeometry((z, y, x), origin, (BODY_VOXEL_MM,) * 3, BODY_DIRECTIONS)


class Canvas:
    """Labels being painted, and the coordinates of their voxel centres."""

    def __init__(self) -> None:
        self.geometry = body_geometry()
        self.labels: NDArray[np.uint8] = np.zeros(self.geometry.shape, np.uint8)
        origin = self.geometry.origin_mm
        nz, ny, nx = self.geometry.shape
        step = np.float32(BODY_VOXEL_MM)
        self.x = (np.float32(origin[0]) + step * np.arange(nx, dtype=np.float32))[None, None, :]
        self.y = (np.float32(origin[1]) + step * np.arange(ny, dtype=np.float32))[None, :, None]
        self.z = (np.float32(origin[2]) + step * np.arange(nz, dtype=np.float32))[:, None, None]

    def box(self, x: Range, y: Range, z: Range) -> Box:
        """Index ranges of the voxels between patient coordinates, cut at the grid."""
        ranges = []
        for (low, high), first, count in zip(
            (z, y, x), self.geometry.origin_mm[::-1], self.geometry.shape, strict=True
        ):
            start = int(np.ceil((low - first) / BODY_VOXEL_MM))
            stop = int(np.floor((high - first) / BODY_VOXEL_MM)) + 1
            ranges.append(slice(max(0, start), max(0, min(count, stop))))
        return ranges[0], ranges[1], ranges[2]

    def around(self, centre_mm: tuple[float, float, float], reach_mm: float) -> Box:
        """Index ranges of the cube around a point."""
        x, y, z = ((c - reach_mm, c + reach_mm) for c in centre_mm)
        return self.box(x, y, z)

    @property
    def everywhere(self) -> Box:
        """Index ranges of the whole grid."""
        return slice(None), slice(None), slice(None)

    def coordinates(self, box: Box) -> tuple[Coordinates, Coordinates, Coordinates]:
        """Coordinates x, y, z of the voxels of a box, to broadcast."""
        return self.x[:, :, box[2]], self.y[:, box[1], :], self.z[box[0], :, :]

    def level(self, function: LevelFunction, box: Box) -> Level:
        """Level of a solid at the voxels of a box."""
        return function(*self.coordinates(box))

    def paint(self, label: int, inside: NDArray[np.bool_], box: Box, *, over: Collection[int] | None = None) -> None:
        """Give the voxels inside a label; ``over`` restricts it to voxels that have one of these labels now."""
        part = self.labels[box]
        if over is not None:
            inside = inside & np.isin(part, [int(value) for value in over])
        part[inside] = label

    def paint_tube(
        self, label: int, points_mm: NDArray[np.float64], radii_mm: NDArray[np.float64], over: Collection[int]
    ) -> None:
        """Paint balls along points: a tube of changing radius."""
        for point, radius in zip(points_mm, radii_mm, strict=True):
            box = self.around((float(point[0]), float(point[1]), float(point[2])), float(radius))
            x, y, z = self.coordinates(box)
            inside = (x - point[0]) ** 2 + (y - point[1]) ** 2 + (z - point[2]) ** 2 < radius**2
            self.paint(label, inside, box, over=over)
