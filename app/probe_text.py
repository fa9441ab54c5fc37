"""What lies under the pointer in words: place, CT number, concentration, VOIs."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.display import ct_layer, decay_correction, placed_mask_of, spect_layer
from app.scan_words import is_aligned
from dosimetry_core.case import Cycle
from dosimetry_core.image import TimePoint
from dosimetry_core.units import MILLIMETRE
from dosimetry_core.voi import VoiMask
from widgets.slice_view import value_at


def probe_text(cycle: Cycle, point: TimePoint, point_mm: Any, *, decay_corrected: bool = False) -> str:
    """``x, y, z mm · HU · kBq/mL · VOIs`` at a patient point (x, y, z) in mm of the reference frame, on one scan.

    VOIs are those whose outlines are drawn there: as they lie on that scan. ``decay_corrected``: with the value that is
    shown then behind the one at the time of the scan, which the tools go by.
    """
    x, y, z = (MILLIMETRE.text(float(v), with_symbol=False) for v in point_mm)
    parts = [f"{x}, {y}, {z} mm"]
    ct, spect = ct_layer(point), spect_layer(cycle, point)
    hu = value_at(ct, point_mm) if ct is not None else None
    if hu is not None:
        parts.append(f"{hu:.0f} HU")
    value = value_at(spect, point_mm)
    if value is not None:
        words = spect.display_unit.text(value)
        factor = decay_correction(cycle, point) if decay_corrected else None
        if factor is not None:
            words += f" (decay-corrected {spect.display_unit.text(value * factor, with_symbol=False)})"
        parts.append(words)
    vois = cycle.vois if is_aligned(cycle, point) else ()
    inside = [voi.name for voi in vois if _covers(placed_mask_of(voi, point), point_mm)]
    if inside:
        parts.append(", ".join(inside))
    return "  ·  ".join(parts)


def _covers(mask: VoiMask, point_mm: Any) -> bool:
    index = np.rint(mask.geometry.point_to_index(point_mm)).astype(int) - np.array(mask.start)
    if mask.coverage.size == 0 or np.any(index < 0) or np.any(index >= mask.coverage.shape):
        return False
    return bool(mask.coverage[tuple(index)])
