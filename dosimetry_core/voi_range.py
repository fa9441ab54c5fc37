"""Drawing that is held to a range of image values: a brush that paints only where the image says so."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_boxes import mask_of_box, sampled_in_box
from dosimetry_core.voi_editing import Gesture, gesture_mask, subtract, union
from dosimetry_core.volume import Volume


@dataclass(frozen=True, eq=False)
class ValueRange:
    """Values of an image between which may be drawn.

    Parameters
    ----------
    volume
        The image, on its own grid.
    from_reference
        Maps points of the VOI's frame to points of the image.
    low, high
        In the unit of the image; both ends count; infinite for no limit.

    Raises
    ------
    ValueError
        If the limits are not in order or not numbers.
    """

    volume: Volume
    from_reference: RigidTransform
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError("the lower limit must not be above the upper one")

    def within(self, mask: VoiMask) -> VoiMask:
        """What of a mask lies where the image is in the range; outside the image nothing is."""
        if mask.coverage.size == 0:
            return mask
        start = np.array(mask.start)
        values = sampled_in_box(
            self.volume, mask.geometry, self.from_reference, start, start + np.array(mask.coverage.shape)
        )
        allowed = (values >= self.low) & (values <= self.high)
        if np.all(allowed | (mask.coverage == 0)):
            return mask
        return mask_of_box(mask.geometry, start, np.where(allowed, mask.coverage, 0), 1)


def apply_gesture_within(mask: VoiMask, gesture: Gesture, limits: ValueRange | None) -> VoiMask:
    """Mask after a gesture that changes only voxels whose value lies in a range; without a range, everywhere.

    Painting adds and erasing takes away what lies in the range; the very same object where nothing changes.
    """
    touched = gesture_mask(mask.geometry, gesture)
    if limits is not None:
        touched = limits.within(touched)
    return subtract(mask, touched) if gesture.erase else union(mask, touched)
