"""The hottest place along a line of sight: what a maximum-intensity projection shows there."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from widgets.slice_picture import Layer

_STEPS_PER_VOXEL = 2


def hottest_on_ray(
    layer: Layer,
    eye_mm: ArrayLike,
    direction: ArrayLike,
    *,
    low_mm: ArrayLike | None = None,
    high_mm: ArrayLike | None = None,
) -> tuple[NDArray[np.float64], float] | None:
    """Point of the reference frame with the largest value on a ray, and the value; None where it misses the image.

    Parameters
    ----------
    layer
        The image.
    eye_mm, direction
        Where the ray begins and its unit vector, in the reference frame.
    low_mm, high_mm
        Corners of the box that is shown, in the reference frame; None for everything.
    """
    geometry = layer.volume.geometry
    origin, along = np.asarray(eye_mm, dtype=np.float64), np.asarray(direction, dtype=np.float64)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in geometry.shape], indexing="ij")).reshape(3, -1).T
    placed = layer.from_reference.inverse().apply(geometry.index_to_point(corners))
    reach = (placed - origin) @ along
    step = min(geometry.spacing_mm) / _STEPS_PER_VOXEL
    distance = np.arange(max(float(reach.min()), 0.0), float(reach.max()) + step, step)
    points = origin + distance[:, None] * along
    index = geometry.point_to_index(layer.from_reference.apply(points))
    inside = np.all((index >= 0) & (index <= np.array(geometry.shape) - 1), axis=1)
    if low_mm is not None:
        inside &= np.all(points >= np.asarray(low_mm), axis=1)
    if high_mm is not None:
        inside &= np.all(points <= np.asarray(high_mm), axis=1)
    if not inside.any():
        return None
    values = ndimage.map_coordinates(layer.volume.values, index[inside].T, output=np.float64, order=1, mode="nearest")
    best = int(np.argmax(values))
    return points[inside][best], float(values[best])
