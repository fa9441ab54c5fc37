"""Acts of the VOI tool bar on a whole mask, each as a pure change of the mask with words for the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, intersect, paint, subtract, union
from dosimetry_core.voi_reshaping import hollowed, level_trace, region_grown, smoothed
from dosimetry_core.voi_shaping import fill_between_slices, isocontour, keep_island, with_margin
from dosimetry_core.volume import Volume

ISOCONTOUR_SHARE = 0.42
"""Share of the maximum at which an isocontour is drawn: between the 36 and 44 % found best for spheres of 4 to 100 mL
in PET (Erdi et al. 1997, Cancer 80, 2505); a start that is drawn on, never a result by itself."""
REACH_MM = 60.0


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
    """

    margin_mm: float
    radius_mm: float
    point_mm: tuple[float, float, float]
    plane: Plane
    image: Volume
    from_reference: RigidTransform


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
    if act in ("interpolate", "fill"):
        return lambda mask: fill_between_slices(mask, "axial"), "Fill between slices:"
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
        radius_mm=REACH_MM,
        fraction_of_maximum=ISOCONTOUR_SHARE,
    )


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
