from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit

from tests.widgets.pointer import Received, click
from widgets.voi_table import VoiRow, VoiTable

ROWS = (
    VoiRow("v0", "Kidney L", "kidney_left", "#58d8f5", 168.2, 912e3, 153.4e6, 0.931, 4.21, 0.19),
    VoiRow("v1", "Kidney R", "kidney_right", "#d8418c", 171.9, 880e3, 150e6, 0.928, 4.05, 0.18, visible=False),
    VoiRow("v2", "Lesion 1", "lesion", "#a6f29a"),
)


@pytest.fixture
def voi_table(qtbot) -> VoiTable:
    table = VoiTable()
    qtbot.addWidget(table)
    table.resize(700, 300)
    table.show_rows(ROWS)
    table.show()
    return table


def cell_middle(table, row: int, column: int) -> QPointF:
    return QPointF(table.visualRect(table.model().index(row, column)).center())


def test_that_voi_cells_show_display_units_and_keep_core_values(voi_table):
    assert voi_table.text("v0", "volume") == "168.2"
    assert voi_table.text("v0", "mean") == "912.0"
    assert voi_table.text("v0", "activity") == "153.4"
    assert voi_table.text("v0", "dose") == "4.21 ± 0.19"
    assert voi_table.text("v2", "dose") == "–"
    assert voi_table.value("v0", "activity") == 153.4e6


def test_that_selecting_a_voi_is_told_and_setting_it_is_not(voi_table):
    selected = Received(voi_table.voi_selected)
    voi_table.set_current("v1")
    voi_table.show_rows(ROWS[::-1])
    assert len(selected) == 0
    assert voi_table.current() == "v1"
    click(voi_table.viewport(), cell_middle(voi_table, 2, 3))
    assert selected.values == ["v0"]


def test_that_a_renaming_is_reported_and_not_stored(qtbot, voi_table):
    edited = Received(voi_table.name_edited)
    index = voi_table.model().index(0, 0)
    voi_table.edit(index)
    editor = voi_table.findChild(QLineEdit)
    editor.setText("Left kidney")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(edited) > 0)
    assert edited.values == [("v0", "Left kidney")]
    assert voi_table.text("v0", "name") == "Kidney L"


def test_that_a_role_is_chosen_from_the_list(voi_table):
    edited = Received(voi_table.role_edited)
    voi_table.edit(voi_table.model().index(2, 1))
    box = voi_table.findChild(QComboBox, "voi_role_editor")
    box.setCurrentText("liver")
    box.activated.emit(box.currentIndex())
    assert edited.values == [("v2", "liver")]


def test_that_the_colour_square_and_space_show_and_hide(voi_table):
    toggled = Received(voi_table.visibility_toggled)
    square = voi_table.visualRect(voi_table.model().index(0, 0)).left() + 10
    click(voi_table.viewport(), QPointF(square, cell_middle(voi_table, 0, 0).y()))
    voi_table.set_current("v1")
    QTest.keyClick(voi_table, Qt.Key.Key_Space)
    assert toggled.values == [("v0", False), ("v1", True)]


def test_that_an_unchanged_row_is_not_repainted(voi_table):
    changed = Received(voi_table.model().dataChanged)
    voi_table.show_rows(ROWS)
    assert len(changed) == 0
    voi_table.show_rows((ROWS[0], ROWS[1], VoiRow("v2", "Lesion 1", "lesion", "#a6f29a", 3.0)))
    assert changed.last[0].row() == 2


def test_that_columns_are_as_wide_as_in_a_table_filled_anew(qtbot, voi_table):
    # The numbers of one VOI change with a stroke: its dose needs more room, then less.
    for dose, uncertainty in ((1234.56, 112.34), (4.2, 0.19)):
        rows = (replace(ROWS[0], absorbed_dose_gy=dose, absorbed_dose_standard_uncertainty_gy=uncertainty), *ROWS[1:])
        voi_table.show_rows(rows)
        fresh = VoiTable()
        qtbot.addWidget(fresh)
        fresh.resize(voi_table.size())
        fresh.show_rows(rows)
        fresh.show()
        columns = range(fresh.model().columnCount())
        assert [voi_table.columnWidth(n) for n in columns] == [fresh.columnWidth(n) for n in columns]
        assert all(
            fresh.columnWidth(n) >= fresh.sizeHintForIndex(fresh.model().index(row, n)).width()
            for n in columns
            for row in range(len(rows))
        )


def test_that_only_rows_that_look_different_are_painted_again(voi_table):
    changed = Received(voi_table.model().dataChanged)
    # Less than is shown: 0.001 mGy.
    voi_table.show_rows((replace(ROWS[0], absorbed_dose_gy=4.210001), *ROWS[1:]))
    assert changed.values == []
    assert voi_table.value("v0", "dose") == 4.210001
    voi_table.show_rows((ROWS[0], replace(ROWS[1], stale=True), ROWS[2]))
    assert [arguments[0].row() for arguments in changed.values] == [1]
