"""What is written on a slice stands clear of the orientation letters, in views of every size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot
from scipy.ndimage import binary_dilation

from dosimetry_core.units import HOUR
from widgets.display_scale import ColourScale
from widgets.slice_annotation import SliceAnnotation, SliceCorner, SliceTexts

CORNER = SliceCorner(
    patient="Demonstration, Patient  DEMO-001",
    time_point="cycle 1, 26 Mar 2025 14:51 CEST",
    delay_s=HOUR.to_core(190.06),
    registration="rigid, CT to CT (0.2 mm)",
)
SIZES = [
    (150, 92),
    (153, 95),
    (180, 115),
    (272, 115),
    (304, 131),
    (190, 150),
    (201, 156),
    (250, 146),
    (304, 160),
    (343, 274),
    (406, 236),
    (512, 280),
    (860, 824),
]
NO_BAR = 1e6
"""Pixels per mm at which no scale bar fits."""


def written(
    size: tuple[int, int], texts: SliceTexts, scale: ColourScale | None, pixels_per_mm: float
) -> NDArray[np.bool_]:
    """Pixels of a view that anything is written on."""
    image = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    SliceAnnotation().paint(painter, QRect(0, 0, *size), texts, scale, pixels_per_mm)
    painter.end()
    pixels: NDArray[np.uint32] = np.frombuffer(image.constBits(), np.uint32).reshape(size[1], -1)[:, : size[0]]
    return np.not_equal(pixels, 0)


@pytest.mark.parametrize("colour_map", ["Hot Iron", "Inverted grey"])
@pytest.mark.parametrize("letters", [("R", "L", "A", "P"), ("RA", "LP", "SA", "IP")])
@pytest.mark.parametrize("size", SIZES)
def test_that_no_text_touches_an_orientation_letter(
    qtbot: QtBot, size: tuple[int, int], letters: tuple[str, str, str, str], colour_map: str
) -> None:
    scale = ColourScale(0, 492e3, colour_map)
    nothing = SliceTexts(SliceCorner(), "", "", "", "", "", "", ("", "", "", ""))
    alone = written(size, replace(nothing, letters=letters), scale, NO_BAR) & ~written(size, nothing, scale, NO_BAR)
    texts = SliceTexts(
        CORNER, "Coronal", "y = -131.4 mm   289 / 512", "W 400  L 40", "492", "0", "kBq/mL", ("", "", "", "")
    )
    for pixels_per_mm in (0.3, 0.62, 1.7):
        others = written(size, texts, scale, pixels_per_mm)
        assert others.any()
        # The letters at the top and the bottom; those at the sides stand between the upper and the lower texts.
        for half in (slice(0, size[1] // 3), slice(-size[1] // 3, None)):
            letter = binary_dilation(alone[half, size[0] // 3 : -size[0] // 3], iterations=1)
            assert letter.any()
            assert not (letter & others[half, size[0] // 3 : -size[0] // 3]).any()
