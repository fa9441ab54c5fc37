from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QSlider, QWidget

from dosimetry_core.units import GIGABECQUEREL, GRAY, MEGABECQUEREL
from tests.widgets.pointer import Received
from widgets.activity_slider import ActivitySlider
from widgets.elided_label import ElidedLabel
from widgets.quantity_edit import QuantityEdit


def field(qtbot, **options) -> tuple[QuantityEdit, QLineEdit, Received]:
    edit = QuantityEdit(MEGABECQUEREL, object_name="activity", **options)
    qtbot.addWidget(edit)
    edit.show()
    line = edit.findChild(QLineEdit, "activity")
    return edit, line, Received(edit.edited)


def write(line: QLineEdit, text: str, end=Qt.Key.Key_Return) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    if end is not None:
        QTest.keyClick(line, end)


def test_that_a_typed_number_leaves_in_core_units(qtbot):
    edit, line, edited = field(qtbot)
    write(line, "7400")
    assert edited.values == [7.4e9]
    assert edit.value() == 7.4e9


def test_that_a_round_trip_shows_the_same_number_and_sends_nothing(qtbot):
    edit, line, edited = field(qtbot)
    edit.set_value(7.4e9)
    assert line.text() == "7400.0"
    write(line, "7400.0")
    assert len(edited) == 0
    assert edit.value() == 7.4e9


def test_that_an_unrounded_value_is_kept_when_the_user_only_looks(qtbot):
    edit, line, edited = field(qtbot)
    edit.set_value(123456789.0)
    line.setFocus()
    edit.leave()
    assert len(edited) == 0
    assert edit.value() == 123456789.0


def test_that_a_refresh_takes_neither_what_is_being_typed_nor_the_selection(qtbot):
    edit, line, edited = field(qtbot)
    qtbot.waitExposed(edit)
    edit.activateWindow()
    line.setFocus()
    qtbot.waitUntil(line.hasFocus)
    edit.set_value(7.4e9)
    line.selectAll()
    edit.set_value(7.4e9)
    assert line.selectedText() == "7400.0"
    QTest.keyClicks(line, "12")
    edit.set_value(7.2e9)
    assert line.text() == "12"
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert (line.text(), edit.value(), len(edited)) == ("7200.0", 7.2e9, 0)
    QTest.keyClicks(line, "9", delay=0)
    QTest.keyClick(line, Qt.Key.Key_Return)
    edit.set_value(7.3e9)
    assert line.text() == "7300.0"


def test_that_a_decimal_comma_is_understood(qtbot):
    _, line, edited = field(qtbot)
    write(line, "12,5")
    assert edited.values == [12.5e6]


@pytest.mark.parametrize("text", ["many", "1,234.5", "nan", "inf", "-1", "2000"])
def test_that_what_is_no_allowed_number_is_marked_and_not_sent(qtbot, text):
    edit, line, edited = field(qtbot, minimum=0.0, maximum=1e9)
    edit.set_value(5e6)
    write(line, text)
    assert len(edited) == 0
    assert line.property("invalid") is True
    assert line.toolTip()
    edit.leave()
    assert line.text() == "5.0"
    assert edit.value() == 5e6


def test_that_an_optional_field_can_be_emptied_and_others_cannot(qtbot):
    edit, line, edited = field(qtbot, optional=True)
    edit.set_value(5e6)
    line.setFocus()
    line.clear()
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert edited.values == [None]
    other, line, edited = field(qtbot)
    other.set_value(5e6)
    line.clear()
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert len(edited) == 0


def test_that_arrow_keys_step_and_escape_restores(qtbot):
    edit, line, edited = field(qtbot, step=5e7, maximum=1e9)
    edit.set_value(9.6e8)
    QTest.keyClick(line, Qt.Key.Key_Up)
    assert edited.values == [pytest.approx(1e9)]
    QTest.keyClick(line, Qt.Key.Key_Down)
    assert edit.value() == pytest.approx(9.5e8)
    write(line, "77", end=Qt.Key.Key_Escape)
    assert edit.value() == pytest.approx(9.5e8)


def test_that_leaving_the_field_commits(qtbot):
    pair = QWidget()
    qtbot.addWidget(pair)
    edit = QuantityEdit(GRAY, object_name="dose", parent=pair)
    other = QLineEdit(pair)
    with qtbot.waitActive(pair):
        pair.show()
        pair.activateWindow()
    edited = Received(edit.edited)
    line = edit.findChild(QLineEdit, "dose")
    write(line, "23", end=None)
    other.setFocus()
    assert edited.values == [23.0]


def test_that_the_slider_moves_in_steps_and_sends_once_on_release(qtbot):
    slider = ActivitySlider(minimum_bq=0, maximum_bq=9.25e9, step_bq=5e7)
    qtbot.addWidget(slider)
    slider.resize(500, 60)
    slider.show()
    moved, edited = Received(slider.moved), Received(slider.edited)
    slider.set_value(7.4e9)
    assert (len(moved), len(edited)) == (0, 0)
    bar = slider.findChild(QSlider, "activity_slider")
    assert bar.value() == 148
    bar.setSliderDown(True)
    bar.setValue(100)
    bar.setValue(90)
    assert [pytest.approx(v) for v in (5e9, 4.5e9)] == moved.values
    assert len(edited) == 0
    bar.setSliderDown(False)
    assert edited.values == [pytest.approx(4.5e9)]
    QTest.keyClick(bar, Qt.Key.Key_Right)
    assert edited.last == pytest.approx(4.55e9)


def test_that_a_typed_activity_between_two_steps_is_kept_as_typed(qtbot):
    slider = ActivitySlider(minimum_bq=0, maximum_bq=9.25e9, step_bq=5e7)
    qtbot.addWidget(slider)
    slider.set_value(7.4e9)
    edited = Received(slider.edited)
    line = slider.findChild(QLineEdit, "activity_slider_number")
    write(line, "6.87")
    assert edited.values == [pytest.approx(6.87e9)]
    assert slider.value() == pytest.approx(6.87e9)
    assert GIGABECQUEREL.text(slider.value()) == "6.87 GBq"


def test_that_an_elided_label_has_its_whole_text_as_tooltip(qtbot):
    text = ElidedLabel("Demonstration patient with a very long name indeed", object_name="name")
    qtbot.addWidget(text)
    text.resize(120, 20)
    text.show()
    assert text.text() != text.full_text()
    assert text.toolTip() == text.full_text()
    text.resize(900, 20)
    assert text.text() == text.full_text()
    assert text.toolTip() == ""
