"""Acts of the VOI tool bar on a whole mask, each as a pure change of the mask with words for the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.errors import MissingDataError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, intersect, paint, subtract, union
from dosimetry_core.voi_level import mean_within, uphill_maximum
from dosimetry_core.voi_reshaping import hollowed, level_trace, region_grown, smoothed
from dosimetry_core.voi_shaping import isocontour, keep_island, with_margin
from dosimetry_core.volume import Volume
from widgets.level_chip import LevelShown

REACH_MM = 60.0
CONTOUR_REACH_MM = 90.0
"""An isocontour may be as long as a kidney and a half from its middle."""
SUMMIT_FWHM_MM = 8.0
"""About the resolution of a SPECT: finer maxima are noise."""


@dataclass(frozen=True)
class ShapeSettings:
    """What acts go by.

    Parameters
    ----------
    margin_mm, radius_mm
        Margin and brush radius of the tool bar.
    point_mm
        The cursor, in the reference frame.
    plane
        The slices that are drawn on.
    image, from_reference
        SPECT of the scan in view, and how its points follow from those of the reference frame.
    level
        At which level an isocontour is drawn.
    background
        Mask of the cycle's background VOI; None without one.
    """

    margin_mm: float
    radius_mm: float
    point_mm: tuple[float, float, float]
    plane: Plane
    image: Volume
    from_reference: RigidTransform
    level: LevelShown
    background: VoiMask | None


def shape_edit(act: str, by: ShapeSettings) -> tuple[Callable[[VoiMask], VoiMask], str]:
    """Change of a mask for an act's name, and how the history calls it.

    Raises
    ------
    ValueError
        If there is no such act.
    """
    margin_mm, point_mm = by.margin_mm, by.point_mm
    if act == "margin-plus":
        return lambda mask: with_margin(mask, margin_mm), f"Grow by {margin_mm:g} mm:"
    if act == "margin-minus":
        return lambda mask: with_margin(mask, -margin_mm), f"Shrink by {margin_mm:g} mm:"
    if act == "smooth":
        return lambda mask: smoothed(mask, margin_mm), f"Smooth over {margin_mm:g} mm:"
    if act == "hollow":
        return lambda mask: hollowed(mask, margin_mm), f"Hollow to {margin_mm:g} mm:"
    if act == "keep-island":
        return lambda mask: keep_island(mask, point_mm), "Keep one island:"
    if act == "ball":
        ball = BrushGesture(by.plane, np.array([point_mm]), by.radius_mm, spherical=True, erase=False)
        return lambda mask: paint(mask, ball), f"Add a ball of {by.radius_mm:g} mm:"
    if act in _FROM_IMAGE:
        found, words = _FROM_IMAGE[act]
        return lambda mask: found(mask, by), words
    raise ValueError(f"there is no act {act!r}")


def _isocontour(mask: VoiMask, by: ShapeSettings) -> VoiMask:
    return isocontour(
        by.image,
        mask.geometry,
        by.from_reference,
        by.point_mm,
        radius_mm=CONTOUR_REACH_MM,
        threshold=_level(mask, by),
    )


def _level(mask: VoiMask, by: ShapeSettings) -> float:
    """Image value that an isocontour is drawn at."""
    if by.level.kind == "concentration":
        return by.level.value
    highest = uphill_maximum(
        by.image, mask.geometry, by.from_reference, by.point_mm, reach_mm=REACH_MM, fwhm_mm=SUMMIT_FWHM_MM
    )
    if by.level.kind == "maximum":
        return by.level.value * highest
    if by.background is None:
        raise MissingDataError(
            "this cycle has no background VOI", remedy="draw one and give it the role background, or take another level"
        )
    low = mean_within(by.image, by.background, by.from_reference)
    return low + by.level.value * (highest - low)


def _traced(mask: VoiMask, by: ShapeSettings) -> VoiMask:
    traced = level_trace(by.image, mask.geometry, by.from_reference, by.point_mm, by.plane, reach_mm=REACH_MM)
    return union(mask, traced)


def _grown(mask: VoiMask, by: ShapeSettings) -> VoiMask:
    return union(mask, region_grown(by.image, mask.geometry, by.from_reference, by.point_mm, reach_mm=REACH_MM))


_FROM_IMAGE: Final[dict[str, tuple[Callable[[VoiMask, ShapeSettings], VoiMask], str]]] = {
    "isocontour": (_isocontour, "Isocontour:"),
    "level-trace": (_traced, "Level trace:"),
    "grow-region": (_grown, "Grow a region:"),
}


def combined(how: str, mask: VoiMask, other: VoiMask) -> VoiMask:
    """A mask with another one added, taken away (``subtract``), or reduced to what both have (``common``)."""
    return {"add": union, "subtract": subtract, "common": intersect}[how](mask, other)
