"""A VOI drawn, placed, reviewed and confirmed without touching the mouse."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep

MOST_STEPS = 250
"""More presses of Shift+Tab than there are controls."""


def press(window: MainWindow, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """To whatever has the keyboard, as the system does."""
    QTest.keyClick(window.focusWidget() or window, key, held)
    wait_until_idle(window)


def go_to(window: MainWindow, wanted: QWidget) -> None:
    """Step backwards from control to control: on images Tab alone changes the fusion."""
    for _ in range(MOST_STEPS):
        if window.focusWidget() is wanted:
            return
        QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    raise AssertionError(f"{wanted.objectName()} is not reached by the keyboard")


def test_that_a_voi_is_drawn_placed_and_confirmed_by_the_keyboard_alone(window: MainWindow) -> None:
    window.activateWindow()
    press(window, Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    assert window.current_step == "voi"
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    session = window.session
    assert session.cycle is not None
    count = len(session.cycle.vois)
    new = step.inspector.findChild(QPushButton, "voi_new")
    assert new is not None
    go_to(window, new)
    press(window, Qt.Key.Key_Space)
    voi = session.voi
    assert voi is not None
    assert len(session.cycle.vois) == count + 1
    # The cursor goes along each axis in the view across it.
    start = np.array(session.view_state.cursor_mm)
    for plane, axis in (("axial", 2), ("coronal", 1), ("sagittal", 0)):
        go_to(window, step.grid.views[plane])  # type: ignore[index]
        press(window, Qt.Key.Key_Down)
        press(window, Qt.Key.Key_Down)
        moved = np.array(session.view_state.cursor_mm) - start
        assert abs(moved[axis]) > 1.0, plane
    radius = step.inspector.findChild(QLineEdit, "brush_radius")
    assert radius is not None
    go_to(window, radius)
    press(window, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(radius, "9,5")
    press(window, Qt.Key.Key_Return)
    assert session.view_state.brush_radius_mm == 9.5
    ball = step.inspector.findChild(QWidget, "act_ball")
    assert ball is not None
    go_to(window, ball)
    press(window, Qt.Key.Key_Space)
    drawn = session.voi
    assert drawn is not None
    assert abs(drawn.mask.volume_ml / (4 / 3 * np.pi * 0.95**3) - 1) < 0.15, "a ball of 9.5 mm on voxels of 4 mm"
    reviewed = step.inspector.findChild(QPushButton, "voi_reviewed")
    assert reviewed is not None
    go_to(window, reviewed)
    tabs = step.sections
    go_to(window, tabs)
    press(window, Qt.Key.Key_Right)
    assert tabs.currentIndex() > 0 or step.inspector.verticalScrollBar().value() > 0
    go_to(window, window.confirm_button)
    press(window, Qt.Key.Key_Space)
    assert window.current_step == "curves"
