"""What a person says of one VOI on one scan: that it has another shape there, that it was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi import VoiMask


@dataclass(frozen=True, eq=False)
class VoiRedrawn:
    """A VOI drawn anew for one scan.

    Parameters
    ----------
    mask
        On the VOI's declared grid, as the scan lies there by its registration.
    reason
        Why the VOI of the reference doesn't hold on this scan.
    drawn_by
        Who drew it.
    """

    mask: VoiMask
    reason: str
    drawn_by: str = ""


@dataclass(frozen=True, eq=False)
class VoiReview:
    """Somebody looked at a VOI on one scan; it holds while the VOI lies there as it did.

    Parameters
    ----------
    mask
        The mask that was measured with on that scan: of the reference, or drawn anew.
    transform, motion
        By which it was put there: the scan's registration, and the VOI's own motion if it had one.
    reviewed_by, reviewed_at
        Who, and when.
    """

    mask: VoiMask
    transform: RigidTransform
    motion: RigidTransform | None
    reviewed_by: str
    reviewed_at: datetime
