"""On every kind of view all badges are told in full where the pointer rests on one, also those only counted."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from tests.widgets.bodies import GRID, ct, spect
from widgets.display_scale import ColourScale
from widgets.mip_view import MipView
from widgets.slice_annotation import SliceCorner
from widgets.slice_picture import Layer
from widgets.slice_view import SliceView
from widgets.volume_view import VolumeView

BADGES = ("own scale", "decay-corrected", "this scan alone")
SCALE = ColourScale(0.0, 2e6)


def slice_view() -> QWidget:
    view = SliceView("coronal")
    view.set_reference(GRID)
    view.show_ct(Layer(ct()))
    view.set_corner(SliceCorner(time_point="24 h", badges=BADGES))
    return view


def projection() -> QWidget:
    view = MipView()
    view.show_spect(spect())
    view.set_spect_scale(SCALE)
    view.set_corner(SliceCorner(time_point="24 h", badges=BADGES))
    return view


def volume() -> QWidget:
    view = VolumeView(use_opengl=False)
    view.set_badges(BADGES)
    return view


@pytest.mark.parametrize("made", [slice_view, projection, volume])
def test_that_counted_badges_are_told_where_the_pointer_rests(qtbot: QtBot, made: object) -> None:
    view = made()  # type: ignore[operator]
    qtbot.addWidget(view)
    view.resize(180, 115)
    view.show()
    view.grab()
    shown = view._badges_shown() if isinstance(view, VolumeView) else view._annotation.layout.badges
    assert shown[-1].text == "+2"
    at = shown[-1].place.center().toPoint()
    QApplication.sendEvent(view, QHelpEvent(QHelpEvent.Type.ToolTip, at, view.mapToGlobal(at)))
    assert QToolTip.text() == "\n".join(BADGES)
    away = QPoint(90, 80)
    QApplication.sendEvent(view, QHelpEvent(QHelpEvent.Type.ToolTip, away, view.mapToGlobal(away)))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())
