from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets.copying import copy_by_keyboard
from widgets.table_text import view_text, with_unit
from widgets.trend_plot import TrendPlot, TrendShown


def _table(qtbot) -> QTableWidget:
    table = QTableWidget(2, 3)
    qtbot.addWidget(table)
    table.setHorizontalHeaderLabels(["VOI", "Volume (mL)", "Dose / Gy"])
    for row, texts in enumerate((("Left kidney", "158.7", "5.89 ± 0.54"), ("Liver", "1626", "–"))):
        for column, text in enumerate(texts):
            table.setItem(row, column, QTableWidgetItem(text))
    return table


def test_that_numbers_are_copied_with_the_unit_of_their_title(qtbot) -> None:
    assert view_text(_table(qtbot)).splitlines() == [
        "VOI\tVolume (mL)\tDose / Gy",
        "Left kidney\t158.7 mL\t5.89 ± 0.54 Gy",
        "Liver\t1626 mL\t–",
    ]


def test_that_ctrl_c_takes_the_whole_table_and_not_one_cell(qtbot) -> None:
    table = _table(qtbot)
    copy_by_keyboard(table)
    with qtbot.waitExposed(table):
        table.show()
    table.activateWindow()
    table.setFocus()
    table.setCurrentCell(0, 1)
    table.clearSelection()
    QTest.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
    assert QGuiApplication.clipboard().text() == view_text(table)


def test_that_a_window_of_its_own_copies_its_table_the_plot_under_the_pointer_and_marked_text(qtbot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    table, text, plot, other = _table(qtbot), QLabel("methods"), TrendPlot(), QPushButton("Other")
    text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    text.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    plot.show_trend(TrendShown("Platelets (10⁹/L)", (1.5,), (62.5,), (None,), ()), (0.0, 30.0))
    for part in (table, text, plot, other):
        column.addWidget(part)
    copy_by_keyboard(window)
    window.resize(500, 600)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()

    def copied(focus: QWidget) -> str:
        QGuiApplication.clipboard().setText("untouched")
        focus.setFocus()
        QTest.keySequence(focus, QKeySequence(QKeySequence.StandardKey.Copy))
        return QGuiApplication.clipboard().text()

    assert "158.7 mL" in copied(table)
    QCursor.setPos(other.mapToGlobal(other.rect().center()))
    assert copied(other) == "untouched"
    QCursor.setPos(plot.mapToGlobal(plot.rect().center()))
    assert "62.5" in copied(other)
    text.setSelection(0, 4)
    assert copied(text) == "meth"


def test_that_hidden_columns_are_left_out_and_moved_ones_stand_where_they_are_seen(qtbot) -> None:
    table = _table(qtbot)
    table.hideColumn(1)
    table.horizontalHeader().moveSection(2, 0)
    assert view_text(table).splitlines()[1] == "5.89 ± 0.54 Gy\tLeft kidney"


def test_that_selected_rows_alone_are_copied(qtbot) -> None:
    table = _table(qtbot)
    table.setRowCount(3)
    table.setItem(2, 0, QTableWidgetItem("Spleen"))
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableWidget.SelectionMode.MultiSelection)
    table.selectRow(1)
    table.selectRow(2)
    assert [line.split("\t")[0] for line in view_text(table).splitlines()] == ["VOI", "Liver", "Spleen"]


def test_that_a_tree_is_copied_with_its_branches(qtbot) -> None:
    tree = QTreeWidget()
    qtbot.addWidget(tree)
    tree.setHeaderLabels(["Series", "Slices"])
    parent = QTreeWidgetItem(tree, ["Study", ""])
    QTreeWidgetItem(parent, ["CT", "136"])
    assert view_text(tree).splitlines() == ["Series\tSlices", "Study\t", "CT\t136"]


@pytest.mark.parametrize(
    ("cell", "title", "copied"),
    [
        ("12,5", "Dawka / Gy", "12,5 Gy"),
        ("−3.1", "Change (%)", "−3.1 %"),
        ("3 of 4", "Cycle (number)", "3 of 4"),
        ("12.5 Gy", "Dose / Gy", "12.5 Gy"),
        ("7", "Cycle", "7"),
        ("0.54", "± (k = 1)", "0.54"),
        ("0.54", "± Gy", "0.54 Gy"),
        ("3", "Left / right", "3"),
        ("3", "Cycle (number)", "3"),
        ("158.7", "Kidney (L)", "158.7"),
        ("12.5", "Blood / kBq/mL", "12.5 kBq/mL"),
        ("0.60", "177Lu (Gy/GBq)", "0.60 Gy/GBq"),
        ("210", "Platelets (10⁹/L)", "210 × 10⁹/L"),
        ("85", "eGFR (mL/min/1.73 m²)", "85 mL/min/1.73 m²"),
        ("31", "5-HIAA / µmol/24 h", "31 µmol/24 h"),
        ("9.4", "Sensitivity (counts/s/MBq)", "9.4 counts/s/MBq"),
        ("158.7", "Volume\nmL", "158.7 mL"),
    ],
)
def test_that_only_bare_numbers_get_a_unit(cell: str, title: str, copied: str) -> None:
    assert with_unit(cell, title) == copied
