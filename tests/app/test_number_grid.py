from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.number_grid import GridColumn, GridRow, Number, NumberGrid
from app.result_paths import result_path, value_at
from app.value_label import NO_VALUE, ValueLabel
from dosimetry_core.units import GRAY, MEGABECQUEREL

COLUMNS = (GridColumn("organ", "Organ"), GridColumn("dose", "Gy"))


def row(value: float | None, *, uncertainty: float | None = None, mark: str = "") -> GridRow:
    number = Number("a.b", value, GRAY, uncertainty=uncertainty, uncertainty_path="a.u")
    return GridRow("kidneys", {"organ": "Kidneys", "dose": number}, mark=mark)


@pytest.fixture
def grid(qtbot: QtBot) -> NumberGrid:
    grid = NumberGrid("grid")
    qtbot.addWidget(grid)
    return grid


def test_that_a_number_is_found_by_its_path_and_holds_the_core_value(grid: NumberGrid) -> None:
    grid.show_rows(COLUMNS, [row(12.345678, uncertainty=0.5)])
    label = grid.findChild(ValueLabel, "a.b")
    assert label.property("coreValue") == 12.345678
    assert label.text() == "12.35"
    assert grid.text("kidneys", "dose") == "12.35 ± 0.50"


def test_that_new_values_go_into_the_same_labels(grid: NumberGrid) -> None:
    grid.show_rows(COLUMNS, [row(1.0)])
    label = grid.findChild(ValueLabel, "a.b")
    grid.show_rows(COLUMNS, [row(2.0)])
    assert grid.findChild(ValueLabel, "a.b") is label
    assert label.value() == 2.0


def test_that_no_value_is_a_dash_and_not_a_zero(grid: NumberGrid) -> None:
    grid.show_rows(COLUMNS, [row(None)])
    label = grid.findChild(ValueLabel, "a.b")
    assert (label.text(), label.value()) == (NO_VALUE, None)


def test_that_a_stale_number_looks_stale_and_recovers(grid: NumberGrid) -> None:
    grid.show_rows(COLUMNS, [row(1.0, mark="stale")])
    label = grid.findChild(ValueLabel, "a.b")
    assert label.property("role") == "stale"
    grid.show_rows(COLUMNS, [row(1.0)])
    assert label.property("role") != "stale"


def test_that_copying_takes_the_units_along(grid: NumberGrid) -> None:
    grid.show_rows(COLUMNS, [row(12.345678, uncertainty=0.5)])
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Organ\tGy\nKidneys\t12.35 ± 0.50 Gy"


def test_that_numbers_written_as_text_take_the_unit_of_their_column_along(grid: NumberGrid) -> None:
    columns = (GridColumn("a", "Protocol"), GridColumn("b", "Gy"), GridColumn("c", "P %"), GridColumn("d", "AICc"))
    cells = {"a": "duonen-a", "b": "21.0", "c": "9", "d": Number("x", 21.705762936978978, None, digits=2)}
    grid.show_rows(columns, [GridRow("one", cells)])
    assert grid.copy_text() == "Protocol\tGy\tP %\tAICc\nduonen-a\t21.0 Gy\t9 %\t21.71"


def test_that_a_plain_number_of_any_size_stays_short(qtbot: QtBot) -> None:
    label = ValueLabel("x")
    qtbot.addWidget(label)
    label.show_value(4.376595e24)
    assert label.text() == "4.38e+24"
    label.show_value(19.8)
    assert label.text() == "19.80"


def test_that_a_label_shows_its_display_unit(qtbot: QtBot) -> None:
    label = ValueLabel("x", MEGABECQUEREL)
    qtbot.addWidget(label)
    label.show_value(3.7e9)
    assert label.text() == "3700.0 MBq"


def test_that_paths_reach_into_lists_and_keys_with_full_stops() -> None:
    results = {"cycles": [{"vois": {"Lesion 1.2": {"volume_ml": 3.0}, "Lesion 1": {"volume_ml": 4.0}}}]}
    assert value_at(results, result_path("cycles", 0, "vois", "Lesion 1.2", "volume_ml")) == 3.0
    assert value_at(results, "cycles.0.vois.Lesion 1.volume_ml") == 4.0
    with pytest.raises(KeyError):
        value_at(results, "cycles.1.vois")
    with pytest.raises(KeyError):
        value_at(results, "cycles.0.vois.Lesion 2")
