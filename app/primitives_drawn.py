"""Balls and ellipsoids just drawn: as long as a mask is the very one that came of one, its handles can be pulled."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import subtract, union
from dosimetry_core.voi_primitives import Ellipsoid, ellipsoid_mask
from widgets.tools.ellipsoid import EllipsoidGesture


@dataclass(frozen=True, eq=False)
class Drawn:
    """An ellipsoid and the mask that it was added to, or taken from."""

    ellipsoid: Ellipsoid
    erase: bool
    base: VoiMask


class PrimitivesDrawn:
    """Remembers them by the mask; undo brings an earlier mask back and with it that mask's handles."""

    def __init__(self) -> None:
        self._by_mask: WeakKeyDictionary[VoiMask, Drawn] = WeakKeyDictionary()

    def of(self, mask: VoiMask) -> Drawn | None:
        """The one that made this mask, or None."""
        return self._by_mask.get(mask)

    def with_ellipsoid(self, mask: VoiMask, gesture: EllipsoidGesture) -> VoiMask:
        """Mask with the ellipsoid added or taken away; a changed one takes the place of the one before."""
        known = self.of(mask)
        base, erase = mask, gesture.erase
        if gesture.changes and known is not None:
            base, erase = known.base, known.erase
        shape = ellipsoid_mask(mask.geometry, gesture.ellipsoid)
        made = subtract(base, shape) if erase else union(base, shape)
        if made is base:
            # Handles belong to a mask of their own; the same coverage in another object.
            made = VoiMask(base.geometry, base.start, base.coverage)
        self._by_mask[made] = Drawn(gesture.ellipsoid, erase, base)
        return made
