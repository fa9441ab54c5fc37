"""A brush that stops at edges: within the stroke only what is like the place where it began, and connected to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_boxes import mask_of_box, sampled_in_box
from dosimetry_core.voi_editing import BrushGesture, empty_mask, gesture_mask, subtract, union
from dosimetry_core.voi_range import ValueRange
from dosimetry_core.volume import Volume

_UNDER_POINTER: Final = 3
"""The value under the pointer is the mean of so many voxels along each axis: one voxel alone is noise."""


@dataclass(frozen=True, eq=False)
class EdgeStop:
    """What counts as alike.

    Parameters
    ----------
    volume
        The image, on its own grid.
    from_reference
        Maps points of the VOI's frame to points of the image.
    tolerance
        How far a value may lie from that under the pointer: a part of it, or an image value.
    relative
        Whether ``tolerance`` is a part of the value under the pointer.

    Raises
    ------
    ValueError
        If the tolerance is not positive.
    """

    volume: Volume
    from_reference: RigidTransform
    tolerance: float
    relative: bool

    def __post_init__(self) -> None:
        if not (np.isfinite(self.tolerance) and self.tolerance > 0):
            raise ValueError("the tolerance must be positive")

    def value_under(self, mask: VoiMask, gesture: BrushGesture) -> float:
        """Image value where the stroke began.

        Raises
        ------
        MissingDataError
            If it began outside the image.
        """
        index = np.rint(mask.geometry.point_to_index(gesture.points_mm[0])).astype(np.int64)
        half = _UNDER_POINTER // 2
        values = sampled_in_box(self.volume, mask.geometry, self.from_reference, index - half, index + half + 1)
        if not np.isfinite(values).any():
            raise MissingDataError("there is no image where the stroke began", remedy="begin it on the image")
        return float(np.nanmean(values))

    def within(self, mask: VoiMask, gesture: BrushGesture) -> VoiMask:
        """What of the stroke is like the value under the pointer and connected to where it began."""
        touched = gesture_mask(mask.geometry, gesture)
        if touched.coverage.size == 0:
            return touched
        value = self.value_under(mask, gesture)
        start = np.array(touched.start)
        values = sampled_in_box(
            self.volume, mask.geometry, self.from_reference, start, start + np.array(touched.coverage.shape)
        )
        allowed = self.tolerance * (abs(value) if self.relative else 1.0)
        alike = (np.abs(values - value) <= allowed) & (touched.coverage > 0)
        begin = np.rint(mask.geometry.point_to_index(gesture.points_mm[0])).astype(np.int64) - start
        if np.any(begin < 0) or np.any(begin >= alike.shape):
            return empty_mask(mask.geometry)
        # The place itself always counts, however noisy it is.
        alike[tuple(begin)] = touched.coverage[tuple(begin)] > 0
        labels, _ = ndimage.label(alike)
        region = (labels == labels[tuple(begin)]) & alike
        return mask_of_box(mask.geometry, start, np.where(region, touched.coverage, 0), 1)


def apply_brush_alike(mask: VoiMask, gesture: BrushGesture, edges: EdgeStop, limits: ValueRange | None) -> VoiMask:
    """Mask after a stroke that stops at edges, and keeps to a range of values where one is given."""
    touched = edges.within(mask, gesture)
    if limits is not None:
        touched = limits.within(touched)
    return subtract(mask, touched) if gesture.erase else union(mask, touched)
