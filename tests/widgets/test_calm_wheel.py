from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QSlider, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.steps.step import combo_box
from widgets.calm_wheel import calm_wheels_in
from widgets.decimal_box import DecimalBox


def turn_wheel(over: QWidget) -> bool:
    """Whether a control takes a turn of the wheel; what it leaves goes on to what is around, as of the system's own."""
    place = QPointF(over.rect().center())
    at = QPointF(over.mapToGlobal(place.toPoint()))
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(place, at, QPoint(0, 0), QPoint(0, -120), none, Qt.KeyboardModifier.NoModifier, phase, False)
    QApplication.sendEvent(over, event)
    return event.isAccepted()


@pytest.mark.parametrize("kind", ["choice", "number", "slider"])
def test_that_the_wheel_changes_only_what_has_the_keyboard(qtbot: QtBot, kind: str) -> None:
    page, other = QWidget(), QLineEdit()
    qtbot.addWidget(page)
    choice, number, slider = combo_box("choice", ("one", "two", "three")), DecimalBox(), QSlider()
    choice.setCurrentIndex(1)
    number.setValue(50.0)
    slider.setValue(50)
    control = {"choice": choice, "number": number, "slider": slider}[kind]
    value = {"choice": choice.currentIndex, "number": number.value, "slider": slider.value}[kind]
    column = QVBoxLayout(page)
    column.addWidget(other)
    column.addWidget(control)
    calm_wheels_in(page)
    page.show()
    page.activateWindow()
    QTest.qWaitForWindowActive(page)
    other.setFocus()
    before = value()
    assert not turn_wheel(control)
    assert value() == before
    control.setFocus()
    assert turn_wheel(control)
    assert value() != before


def test_that_a_control_is_calmed_once_and_keeps_the_keyboard(qtbot: QtBot) -> None:
    box = QComboBox()
    around = QWidget()
    qtbot.addWidget(around)
    box.setParent(around)
    calm_wheels_in(around)
    children = len(box.children())
    calm_wheels_in(around)
    assert len(box.children()) == children
    assert box.focusPolicy() == Qt.FocusPolicy.StrongFocus
