"""The table to type into: by keyboard alone, pasted from a spreadsheet, taken back, marked."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QStyledItemDelegate, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from widgets.entry_model import EntryColumn, Mark, shortened
from widgets.entry_table import EntryTable

COLUMNS = (
    EntryColumn("time", "Time", 12),
    EntryColumn("after", "After", 8, is_shown=True),
    EntryColumn("value", "kBq/mL", 0, is_number=True),
)
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def table(qtbot: QtBot) -> EntryTable:
    made = EntryTable("test_table", COLUMNS)
    qtbot.addWidget(made)
    made.show_rows([])
    made.resize(500, 300)
    made.show()
    made.go_to(0, "time")
    return made


def typed(table: EntryTable, text: str, key: Qt.Key) -> None:
    """Type into the current cell; after Tab the next one is open already."""
    if table.state() != EntryTable.State.EditingState:
        QTest.keyClicks(table, text[0])
        text = text[1:]
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, key)


def filled(table: EntryTable) -> list[dict[str, str]]:
    return [row for row in table.rows() if any(row.values())]


def test_that_rows_are_typed_with_the_keyboard_alone(table: EntryTable, qtbot: QtBot) -> None:
    with qtbot.waitSignal(table.edited):
        typed(table, "+5 min", Qt.Key.Key_Tab)
    assert (table.currentIndex().row(), table.currentIndex().column()) == (0, 2)
    typed(table, "300,5", Qt.Key.Key_Return)
    assert (table.currentIndex().row(), table.currentIndex().column()) == (1, 2)
    assert filled(table) == [{"time": "+5 min", "value": "300,5"}]
    assert len(table.rows()) == 2


def test_that_cells_of_a_spreadsheet_are_pasted_past_columns_that_are_only_shown(table: EntryTable) -> None:
    QGuiApplication.clipboard().setText("+5 min\t300,5\r\n+10 min\t280\r\n")
    QTest.keyClick(table, Qt.Key.Key_V, CONTROL)
    expected = [{"time": "+5 min", "value": "300,5"}, {"time": "+10 min", "value": "280"}]
    assert filled(table) == expected
    QTest.keyClick(table, Qt.Key.Key_Z, CONTROL)
    assert filled(table) == []
    assert not table.can_undo


def test_that_cells_are_copied_emptied_and_rows_taken_out(table: EntryTable) -> None:
    table.paste_text("+5 min\t300\n+10 min\t280")
    table.select(0, 0, 1, 2)
    QTest.keyClick(table, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "+5 min\t\t300\n+10 min\t\t280"
    table.select(0, 2, 0, 2)
    QTest.keyClick(table, Qt.Key.Key_Delete)
    assert filled(table)[0]["value"] == ""
    table.select(0, 0, 0, 0)
    QTest.keyClick(table, Qt.Key.Key_Delete, CONTROL)
    assert filled(table) == [{"time": "+10 min", "value": "280"}]
    QTest.keyClick(table, Qt.Key.Key_Z, CONTROL)
    QTest.keyClick(table, Qt.Key.Key_Z, CONTROL)
    assert filled(table) == [{"time": "+5 min", "value": "300"}, {"time": "+10 min", "value": "280"}]


def test_that_letters_begin_to_type_and_reach_no_tool(table: EntryTable, qtbot: QtBot) -> None:
    from PySide6.QtGui import QAction

    done: list[str] = []
    action = QAction(table)
    action.setShortcut("B")
    action.triggered.connect(lambda: done.append("brush"))
    table.addAction(action)
    QTest.keyClick(table, Qt.Key.Key_B)
    assert done == []
    assert table.state() == EntryTable.State.EditingState


def test_that_marks_say_what_is_wrong_and_shown_columns_take_no_text(table: EntryTable) -> None:
    table.paste_text("soon\t300")
    table.show_marks({(0, "time"): Mark("error", "no time")}, {(0, "after"): "?"})
    model = table.model()
    assert model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole) == "no time"
    assert model.data(model.index(0, 0), Qt.ItemDataRole.BackgroundRole) is not None
    assert model.data(model.index(0, 1)) == "?"
    assert not model.flags(model.index(0, 1)) & Qt.ItemFlag.ItemIsEditable


def test_that_a_table_of_fixed_rows_takes_no_more(qtbot: QtBot) -> None:
    made = EntryTable("fixed", COLUMNS, grows=False)
    qtbot.addWidget(made)
    made.show_rows([{"time": "a"}, {"time": "b"}])
    made.go_to(1, "value")
    made.paste_text("1\n2\n3")
    assert made.rows() == [{"time": "a"}, {"time": "b", "value": "1"}]


def test_that_showing_other_rows_is_silent_and_nothing_of_before_can_be_taken_back(
    table: EntryTable, qtbot: QtBot
) -> None:
    table.paste_text("+5 min\t300")
    with qtbot.assertNotEmitted(table.edited):
        table.show_rows([{"time": "+1 h", "value": "90"}])
    assert not table.can_undo


@pytest.mark.parametrize(
    ("held", "painted"),
    [
        ("12.00037485", "12.00"),
        ("7.0000001", "7.000"),
        ("0.0012345678", "0.001235"),
        ("1234.567891", "1234.6"),
        ("123456789", "123456789"),
        ("300,5", "300,5"),
        ("12.00037", "12.00037"),
        ("1.2.2026", "1.2.2026"),
        ("2026-11-21", "2026-11-21"),
    ],
)
def test_that_long_decimals_are_painted_rounded(held: str, painted: str) -> None:
    assert shortened(held) == painted


def test_that_a_cell_keeps_all_figures_of_a_number_that_is_painted_rounded(table: EntryTable) -> None:
    table.show_rows([{"value": "12.00037485"}])
    index = table.model().index(0, 2)
    option = QStyleOptionViewItem()
    delegate = table.itemDelegate()
    assert isinstance(delegate, QStyledItemDelegate)
    delegate.initStyleOption(option, index)
    assert option.text == "12.00"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "12.00037485"
    assert index.data(Qt.ItemDataRole.EditRole) == "12.00037485"
    assert filled(table) == [{"value": "12.00037485"}]
