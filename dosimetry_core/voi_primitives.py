"""Ball and ellipsoid as VOIs: centre and half axes in, fractional coverage on the declared grid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask
from dosimetry_core.voi_boxes import mask_of_box
from dosimetry_core.voi_editing import empty_mask

# A linear edge of width w makes a ball of radius r too large by about w² / 4 r²: voxels of an eighth keep that to 1 %.
_LEAST_VOXELS_PER_RADIUS: Final = 8.0


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid whose axes are those of the patient (left, back, head); a ball where the half axes are equal.

    Parameters
    ----------
    centre_mm
        Patient point (x, y, z) in the reference frame.
    half_axes_mm
        Along x, y, z; positive.

    Raises
    ------
    ValueError
        If a value is not finite or a half axis not positive.
    """

    centre_mm: NDArray[np.float64]
    half_axes_mm: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("centre_mm", "half_axes_mm"):
            values = np.array(getattr(self, name), dtype=np.float64)
            if values.shape != (3,) or not np.all(np.isfinite(values)):
                raise ValueError(f"{name} must be three finite numbers")
            object.__setattr__(self, name, read_only(values))
        if np.any(self.half_axes_mm <= 0):
            raise ValueError("the half axes must be positive")

    @property
    def is_ball(self) -> bool:
        """Whether the half axes are equal."""
        return bool(np.all(self.half_axes_mm == self.half_axes_mm[0]))

    def surface_points_mm(self) -> NDArray[np.float64]:
        """The six ends of the axes, shape (6, 3): −x, +x, −y, +y, −z, +z."""
        ends = np.repeat(self.centre_mm[None], 6, axis=0)
        for axis in range(3):
            ends[2 * axis, axis] -= self.half_axes_mm[axis]
            ends[2 * axis + 1, axis] += self.half_axes_mm[axis]
        return ends


def ellipsoid_mask(geometry: VolumeGeometry, ellipsoid: Ellipsoid) -> VoiMask:
    """Coverage of the voxels of a grid by an ellipsoid; empty where it lies outside.

    Near the surface the share of a voxel inside is 1/2 − distance / width, limited to 0 … 1, where width is the voxel's
    extent along the surface's normal; the distance is that of the first order, f (f − 1) / |grad|, with f the distance
    from the centre in half axes.
    """
    spacing = np.array(geometry.spacing_mm)
    centre = geometry.point_to_index(ellipsoid.centre_mm)
    # The extent of the ellipsoid along each axis of the grid.
    reach = np.linalg.norm(geometry.directions.T * ellipsoid.half_axes_mm, axis=1) / spacing + 1
    start = np.maximum(np.floor(centre - reach + 0.5), 0).astype(np.int64)
    stop = np.minimum(np.floor(centre + reach + 0.5) + 1, geometry.shape).astype(np.int64)
    if np.any(stop <= start):
        return empty_mask(geometry)
    smallest = float(ellipsoid.half_axes_mm.min())
    divisions = np.maximum(1, np.ceil(_LEAST_VOXELS_PER_RADIUS * spacing / smallest)).astype(int)
    step = spacing / divisions
    counts = (stop - start) * divisions
    # Offsets from the centre along each grid axis in mm, at the middles of the divided voxels.
    along = []
    for axis in range(3):
        first = (start[axis] - 0.5 - centre[axis]) * spacing[axis] + step[axis] / 2
        shape = [1, 1, 1]
        shape[axis] = int(counts[axis])
        along.append((first + step[axis] * np.arange(counts[axis])).reshape(shape))
    offset = [sum(geometry.directions[axis, k] * along[k] for k in range(3)) for axis in range(3)]
    scaled = [offset[axis] / ellipsoid.half_axes_mm[axis] for axis in range(3)]
    f = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2)
    normal = [scaled[axis] / ellipsoid.half_axes_mm[axis] for axis in range(3)]
    length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    width = sum(
        np.abs(sum(normal[axis] * geometry.directions[axis, k] for axis in range(3))) * step[k] for k in range(3)
    )
    # At the centre itself there is no normal; it lies inside.
    ratio = np.full(f.shape, np.inf)
    np.divide(f * (1 - f), width, out=ratio, where=width > 0)
    ratio[length == 0] = np.inf
    inside = np.clip(0.5 + ratio, 0, 1)
    n, d = stop - start, divisions
    share = inside.reshape(n[0], d[0], n[1], d[1], n[2], d[2]).mean(axis=(1, 3, 5))
    return mask_of_box(geometry, start, share, FULL_COVERAGE)
