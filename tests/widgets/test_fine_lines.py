"""Lines drawn as several fine ones are as wide, as opaque and as dashed as one wide line."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QTransform

from widgets.fine_lines import draw_outline

pytestmark = pytest.mark.usefixtures("qapp")
WHITE = QColor("white")


def drawn(
    colour: QColor, width: float, *, ratio: float = 1.0, dash: tuple[float, ...] = (), scale: float = 1.0
) -> NDArray[np.float64]:
    """Brightness of each pixel of the screen, 0 … 1, of a level line on black in a picture of 100 pixels."""
    image = QImage(round(100 * ratio), round(100 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.black)
    path = QPainterPath()
    path.moveTo(0.0, 50.5 / scale)
    path.lineTo(100.0 / scale, 50.5 / scale)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setTransform(QTransform.fromScale(scale, scale), combine=True)
    draw_outline(painter, path, colour, width, dash)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[..., 0] / 255


@pytest.mark.parametrize("width", [1.0, 1.4, 2.0, 3.4])
@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("scale", [1.0, 0.4])
def test_that_a_line_is_as_wide_as_asked_for_on_every_screen(width: float, ratio: float, scale: float) -> None:
    across = drawn(WHITE, width, ratio=ratio, scale=scale)[:, round(50 * ratio)]
    assert across.sum() / ratio == pytest.approx(width, abs=0.45)
    # A thin line may fall between two pixels.
    assert across.max() == pytest.approx(1.0, abs=0.05 if width * ratio >= 2 else 0.3)


def test_that_a_translucent_line_lets_as_much_through_as_one_line_would() -> None:
    rim = QColor(255, 255, 255, 120)
    across = drawn(rim, 3.4)[:, 50]
    assert across.max() == pytest.approx(120 / 255, abs=0.2)
    assert across.sum() == pytest.approx(3.4 * 120 / 255, rel=0.25)


def test_that_dashes_are_as_long_as_those_of_a_wide_line() -> None:
    fine, wide = drawn(WHITE, 2.0, dash=(4.0, 3.0)), drawn(WHITE, 2.0, ratio=2.0, dash=(4.0, 3.0))
    along = fine[50] > 0.5
    assert along.mean() == pytest.approx((wide[101] > 0.5).mean(), abs=0.12)
    # Dashes of 8 pixels after gaps of 6, on 100 pixels.
    assert np.count_nonzero(np.diff(along.astype(int)) == 1) in (6, 7, 8)


def test_that_the_painter_draws_on_where_it_was() -> None:
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.setTransform(QTransform.fromScale(3.0, 3.0))
    path = QPainterPath()
    path.lineTo(1.0, 1.0)
    draw_outline(painter, path, WHITE, 3.4)
    assert painter.transform() == QTransform.fromScale(3.0, 3.0)
    painter.end()
