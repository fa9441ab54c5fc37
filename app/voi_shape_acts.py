"""Acts of the VOI tool bar on a whole mask, each as a pure change of the mask with words for the history."""

from __future__ import annotations

from collections.abc import Callable

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_shaping import fill_between_slices, isocontour, keep_island, with_margin
from dosimetry_core.volume import Volume

ISOCONTOUR_SHARE = 0.42
"""Share of the maximum at which an isocontour is drawn: between the 36 and 44 % found best for spheres of 4 to 100 mL
in PET (Erdi et al. 1997, Cancer 80, 2505); a start that is drawn on, never a result by itself."""
ISOCONTOUR_REACH_MM = 60.0


def shape_edit(
    act: str,
    margin_mm: float,
    point_mm: tuple[float, float, float],
    image: Volume,
    from_reference: RigidTransform,
) -> tuple[Callable[[VoiMask], VoiMask], str]:
    """Change of a mask for an act's name, and how the history calls it.

    Raises
    ------
    ValueError
        If there is no such act.
    """
    if act == "margin-plus":
        return lambda mask: with_margin(mask, margin_mm), f"Grow by {margin_mm:g} mm:"
    if act == "margin-minus":
        return lambda mask: with_margin(mask, -margin_mm), f"Shrink by {margin_mm:g} mm:"
    if act in ("interpolate", "fill"):
        return lambda mask: fill_between_slices(mask, "axial"), "Fill between slices:"
    if act == "keep-island":
        return lambda mask: keep_island(mask, point_mm), "Keep one island:"
    if act == "isocontour":

        def drawn(mask: VoiMask) -> VoiMask:
            return isocontour(
                image,
                mask.geometry,
                from_reference,
                point_mm,
                radius_mm=ISOCONTOUR_REACH_MM,
                fraction_of_maximum=ISOCONTOUR_SHARE,
            )

        return drawn, "Isocontour:"
    raise ValueError(f"there is no act {act!r}")
