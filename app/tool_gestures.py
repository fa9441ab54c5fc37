"""From what a hand did with a tool to the change of a mask, and how the history calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.primitives_drawn import PrimitivesDrawn
from dosimetry_core.units import MILLIMETRE
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_cutting import OutlineCut, cut
from dosimetry_core.voi_editing import BrushGesture, PolygonGesture
from dosimetry_core.voi_moving import moved
from dosimetry_core.voi_range import ValueRange, apply_gesture_within
from dosimetry_core.voi_similarity import EdgeStop, apply_brush_alike
from widgets.tools.ellipsoid import EllipsoidGesture
from widgets.tools.move import MoveGesture
from widgets.tools.on_surface import SurfaceGesture

ToolGesture = BrushGesture | PolygonGesture | SurfaceGesture | OutlineCut | MoveGesture | EllipsoidGesture
Change = Callable[[VoiMask], VoiMask]


def gesture_change(
    gesture: ToolGesture, limits: ValueRange | None, edges: EdgeStop | None, drawn: PrimitivesDrawn
) -> Change:
    """Change of the active VOI's mask.

    Parameters
    ----------
    limits
        Values of an image that drawing is held to.
    edges
        What the brush stops at; polygons and whole shapes don't.
    drawn
        The ellipsoids that can still be changed.
    """
    if isinstance(gesture, OutlineCut):
        return lambda mask: cut(mask, gesture)
    if isinstance(gesture, MoveGesture):
        return lambda mask: moved(mask, gesture.shift_mm)
    if isinstance(gesture, EllipsoidGesture):
        return lambda mask: drawn.with_ellipsoid(mask, gesture)
    parts: tuple[Any, ...] = gesture.parts if isinstance(gesture, SurfaceGesture) else (gesture,)

    def change(mask: VoiMask) -> VoiMask:
        for part in parts:
            if edges is not None and isinstance(part, BrushGesture):
                mask = apply_brush_alike(mask, part, edges, limits)
            else:
                mask = apply_gesture_within(mask, part, limits)
        return mask

    return change


def gesture_words(gesture: ToolGesture) -> str:
    """How the history calls it, before the name of the VOI."""
    if isinstance(gesture, OutlineCut):
        return "Cut away outside an outline:" if gesture.keeps_inside else "Cut away inside an outline:"
    if isinstance(gesture, MoveGesture):
        return "Move"
    if isinstance(gesture, EllipsoidGesture):
        return _ellipsoid_words(gesture)
    if isinstance(gesture, SurfaceGesture):
        return "Erase in 3D" if gesture.erase else "Paint in 3D"
    if gesture.erase:
        return "Erase"
    return "Paint" if isinstance(gesture, BrushGesture) else "Outline"


def _ellipsoid_words(gesture: EllipsoidGesture) -> str:
    axes = gesture.ellipsoid.half_axes_mm
    if gesture.ellipsoid.is_ball:
        shape = f"ball of {MILLIMETRE.text(float(axes[0]))}"
    else:
        shape = f"ellipsoid of {' × '.join(MILLIMETRE.text(float(r), with_symbol=False) for r in axes)} mm"
    if gesture.changes:
        return f"Change to a {shape}:" if gesture.ellipsoid.is_ball else f"Change to an {shape}:"
    return f"{'Take away' if gesture.erase else 'Add'} {'a' if gesture.ellipsoid.is_ball else 'an'} {shape}:"
