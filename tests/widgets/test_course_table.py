from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from tests.widgets.pointer import Received, click, double_click
from widgets.course_table import COLUMNS, CourseRow, CourseTable


def rows(count: int, **changed: str) -> list[CourseRow]:
    return [
        CourseRow(
            f"c{n}", f"LUT-{n}", f"Name {n}", "12 Mar 1961", "duonen-a", "2 of 4", "draft", "21 Nov 10:02", "A. N."
        )
        for n in range(count)
    ]


@pytest.fixture
def table(qtbot) -> CourseTable:
    made = CourseTable()
    qtbot.addWidget(made)
    made.resize(816, 400)
    made.show_rows(rows(100))
    made.show()
    qtbot.waitExposed(made)
    return made


def middle(table: CourseTable, row: int, key: str) -> QPointF:
    column = next(n for n, column in enumerate(COLUMNS) if column.key == key)
    return QPointF(table.visualRect(table.model().index(row, column)).center())


def heading(table: CourseTable, key: str) -> QPoint:
    header = table.horizontalHeader()
    column = next(n for n, column in enumerate(COLUMNS) if column.key == key)
    return QPoint(header.sectionViewportPosition(column) + header.sectionSize(column) // 2, header.height() // 2)


def test_that_a_click_selects_and_a_double_click_opens(table):
    selected, opened = Received(table.course_selected), Received(table.course_opened)
    click(table.viewport(), middle(table, 2, "name"))
    assert selected.values == ["c2"]
    assert len(opened) == 0
    double_click(table.viewport(), middle(table, 3, "changed"))
    assert opened.values == ["c3"]
    assert table.current() == "c3"


def test_that_a_heading_asks_for_an_order_and_again_for_the_reverse(table):
    asked = Received(table.sort_requested)
    viewport = table.horizontalHeader().viewport()
    for column in COLUMNS:
        QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=heading(table, column.key))
        assert asked.last == (column.key, False)
    table.set_sort("name", False)
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=heading(table, "name"))
    assert asked.last == ("name", True)
    table.set_sort("name", True)
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=heading(table, "name"))
    assert asked.last == ("name", False)
    assert [row.course_id for row in table.rows()] == [f"c{n}" for n in range(100)]


def test_that_selection_and_place_stay_when_the_list_comes_anew(table):
    table.set_current("c50")
    table.show_current()
    table.verticalScrollBar().setValue(45)
    selected = Received(table.course_selected)
    table.show_rows(rows(100))
    assert (table.current(), table.verticalScrollBar().value()) == ("c50", 45)
    table.show_rows([*rows(101)[100:], *rows(100)])
    assert (table.current(), table.verticalScrollBar().value()) == ("c50", 46)
    assert len(selected) == 0


def test_that_a_selected_course_that_is_gone_leaves_nothing_selected(table):
    table.set_current("c50")
    table.show_rows(rows(10))
    assert table.current() == ""
    assert not table.selectionModel().hasSelection()


def test_that_steps_stop_at_the_ends_and_keep_the_row_in_view(table):
    table.step(+1)
    assert table.current() == "c0"
    table.step(-1)
    assert table.current() == "c0"
    table.step_to_end(last=True)
    assert table.current() == "c99"
    assert table.viewport().rect().contains(middle(table, 99, "name").toPoint())
    table.step_page(-1)
    assert 80 < int(table.current()[1:]) < 99
    table.show_rows([])
    for move in (lambda: table.step(1), lambda: table.step_page(1), lambda: table.step_to_end(last=True)):
        move()
        assert table.current() == ""
    table.show_rows(rows(3))
    table.step_to_end(last=True)
    assert table.current() == "c2"


def test_that_up_from_no_selection_begins_at_the_end(table):
    table.step(-1)
    assert table.current() == "c99"


def test_that_the_table_never_takes_the_keyboard(table):
    click(table.viewport(), middle(table, 2, "name"))
    assert not table.hasFocus()
    assert table.focusPolicy() == Qt.FocusPolicy.NoFocus


def test_that_a_lock_marks_what_is_open_elsewhere_and_says_by_whom(table):
    held = CourseRow("h", "1", "N", "–", "p", "1", "draft", "t", "w", held_by="A. Nowak on pc-3 since 21 Nov 10:02")
    table.show_rows([held, *rows(1)])
    marked, free = (table.model().index(row, 0) for row in (0, 1))
    role = Qt.ItemDataRole
    assert not marked.data(role.DecorationRole).isNull()
    assert marked.data(role.ToolTipRole) == "Open elsewhere: A. Nowak on pc-3 since 21 Nov 10:02"
    assert marked.data(role.AccessibleTextRole) == "A. Nowak on pc-3 since 21 Nov 10:02"
    assert free.data(role.DecorationRole) is None


def test_that_hovering_and_copying_give_what_is_shown_short_in_full(table):
    row = CourseRow(
        "c", "LUT-1", "Żółć, Łucja", "–", "p", "1", "archived", "21 Nov 10:02", "w", archived=True,
        full={"changed": "21 Nov 2026 10:02", "state": "signed, archived"},
    )  # fmt: skip
    table.show_rows([row])
    tips = {c.key: table.model().index(0, n).data(Qt.ItemDataRole.ToolTipRole) for n, c in enumerate(COLUMNS)}
    assert (tips["changed"], tips["state"], tips["name"]) == ("21 Nov 2026 10:02", "signed, archived", "Żółć, Łucja")
    first, second = table.copy_text().split("\n")
    assert first.split("\t") == ["Open elsewhere", *[column.title for column in COLUMNS[1:]]]
    assert second.split("\t") == [
        "", "Żółć, Łucja", "LUT-1", "–", "p", "1", "signed, archived", "21 Nov 2026 10:02", "w"
    ]  # fmt: skip


@pytest.mark.parametrize("width", [816, 1206, 1760])
def test_that_all_columns_are_in_view_and_fill_the_table(table, width):
    long = CourseRow(
        "long", "LUT-2026-000123", "Wolfeschlegelsteinhausenbergerdorff, Maximiliane-Theodora", "12 Mar 1961",
        "garske-roman", "10 of 12", "approved", "21 Nov 14:02", "M. Żółkiewska-Brzęczyszczykiewicz",
    )  # fmt: skip
    table.resize(width, 300)
    table.show_rows([long, *rows(50)])
    total = sum(table.columnWidth(n) for n in range(len(COLUMNS)))
    assert total == pytest.approx(table.viewport().width(), abs=1)
    widths = {column.key: table.columnWidth(n) for n, column in enumerate(COLUMNS)}
    for key, text in (
        ("cycle", "10 of 12"),
        ("state", "approved"),
        ("birth", "12 Mar 1961"),
        ("changed", "21 Nov 14:02"),
    ):
        assert widths[key] > table.fontMetrics().horizontalAdvance(text) + 6, key
