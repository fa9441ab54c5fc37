"""What is painted again after a stroke is, pixel by pixel, what a painting of everything gives."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from dosimetry_core.voi_editing import BrushGesture, apply_gesture
from tests.widgets.bodies import GRID, RIGHT_KIDNEY_MM, ct, kidney
from widgets.slice_view import Layer, SliceCorner, SliceView, VoiShown

SCALES = (1.0, 2.0, 1.25)


def view_of(qtbot: QtBot, ratio: float, monkeypatch: pytest.MonkeyPatch) -> SliceView:
    view = SliceView("axial")
    qtbot.addWidget(view)
    monkeypatch.setattr(view, "devicePixelRatioF", lambda: ratio)
    view.resize(480, 400)
    view.set_reference(GRID)
    view.show_ct(Layer(ct()))
    view.set_corner(SliceCorner(patient="Example", time_point="24 h"))
    view.set_cursor(RIGHT_KIDNEY_MM)
    view.set_active_voi(kidney().voi_id)
    view.show()
    return view


def pixels(view: SliceView) -> NDArray[np.uint32]:
    """Of the lasting picture, painted now if need be; what is seen for the first time is not kept."""
    view.grab()
    view.grab()
    image = view._base.picture.toImage().convertToFormat(QImage.Format.Format_ARGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1).copy()


def vois() -> list[VoiShown]:
    own = kidney()
    beside = kidney(34.0)
    return [own, VoiShown("beside", "beside", beside.mask, "#ff8800")]


def edited(voi: VoiShown, at_mm: np.ndarray, *, erase: bool) -> VoiShown:
    gesture = BrushGesture("axial", at_mm[None, :], 7.0, spherical=True, erase=erase)
    return VoiShown(voi.voi_id, voi.name, apply_gesture(voi.mask, gesture), voi.colour)


@pytest.mark.parametrize("ratio", SCALES)
def test_that_a_stroke_leaves_the_picture_of_everything(
    qtbot: QtBot, ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = view_of(qtbot, ratio, monkeypatch)
    own, beside = vois()
    view.show_vois([own, beside])
    view.grab()
    rng = np.random.default_rng(4)
    seen = set()
    for number in range(12):
        place = RIGHT_KIDNEY_MM + np.array((*rng.uniform(-40, 40, 2), 0.0))
        own = edited(own, place, erase=number % 3 == 1)
        view.show_vois([own, beside])
        after_stroke = pixels(view)
        view._base.forget_images()
        assert np.array_equal(after_stroke, pixels(view))
        seen.add(after_stroke.tobytes())
    assert len(seen) > 8


def test_that_an_outline_below_the_writing_stays_below_it(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of(qtbot, 1.0, monkeypatch)
    # Zoomed so far that the outline passes under texts and letters at every edge.
    view.zoom_at(view.pixel_of(RIGHT_KIDNEY_MM), 6.0)
    own, beside = vois()
    view.show_vois([own, beside])
    view.grab()
    for x in (-20.0, -10.0, 0.0, 10.0, 20.0):
        own = edited(own, RIGHT_KIDNEY_MM + np.array((x, 18.0, 0.0)), erase=True)
        view.show_vois([own, beside])
        after_stroke = pixels(view)
        view._base.forget_images()
        assert np.array_equal(after_stroke, pixels(view))


def test_that_a_voi_that_is_gone_or_hidden_leaves_nothing_behind(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of(qtbot, 1.0, monkeypatch)
    own, beside = vois()
    view.show_vois([beside])
    without = pixels(view)
    view.show_vois([own, beside])
    assert not np.array_equal(without, pixels(view))
    hidden = VoiShown(own.voi_id, own.name, own.mask, own.colour, visible=False)
    view.show_vois([hidden, beside])
    assert np.array_equal(without, pixels(view))
    view.show_vois([own, beside])
    view.grab()
    view.show_vois([beside])
    assert np.array_equal(without, pixels(view))
