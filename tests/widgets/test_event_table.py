"""The table of events: pages come as it is scrolled, rows are copied, one event is current."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from widgets.event_table import EventColumn, EventRow, EventTable

COLUMNS = (EventColumn("Time", 20, "When"), EventColumn("What"), EventColumn("Why"))


def rows(first: int, count: int) -> list[EventRow]:
    return [EventRow(n, (f"time {n}", f"what {n}", "")) for n in range(first, first - count, -1)]


def table(qtbot: QtBot) -> EventTable:
    made = EventTable(COLUMNS)
    qtbot.addWidget(made)
    made.resize(600, 300)
    made.show()
    return made


def test_that_more_is_wanted_once_when_the_end_comes_into_view(qtbot: QtBot) -> None:
    shown = table(qtbot)
    wishes: list[int] = []
    shown.more_wanted.connect(lambda: wishes.append(1))
    shown.show_rows(rows(1000, 200), has_more=True)
    assert wishes == []
    shown.scrollToBottom()
    qtbot.waitUntil(lambda: wishes == [1])
    shown.scrollToBottom()
    qtbot.wait(20)
    assert wishes == [1]
    shown.add_rows(rows(800, 200), has_more=False)
    assert len(shown.rows) == 400
    shown.scrollToBottom()
    qtbot.wait(20)
    assert wishes == [1]


@pytest.mark.long
def test_that_a_million_rows_can_be_added_in_pages(qtbot: QtBot) -> None:
    """2,000 pages of 500: each is appended in well under the 100 ms that people notice."""
    shown = table(qtbot)
    page = rows(500, 500)
    shown.show_rows(page, has_more=True)
    longest = 0.0
    for number in range(1999):
        begun = time.perf_counter()
        shown.add_rows(page, has_more=number < 1998)
        longest = max(longest, time.perf_counter() - begun)
    assert len(shown.rows) == 1_000_000
    assert longest < 0.1


def test_that_ctrl_c_copies_the_selected_rows_with_titles(qtbot: QtBot) -> None:
    shown = table(qtbot)
    shown.show_rows([EventRow(9, ("t\t9", "a\nb", "why")), *rows(8, 3)], has_more=False)
    shown.set_current(9)
    qtbot.keyClick(shown, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert shown.selected() == (9, 8)
    qtbot.keyClick(shown, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text()
    assert copied.splitlines() == ["No.\tTime\tWhat\tWhy", "9\tt 9\ta b\twhy", "8\ttime 8\twhat 8\t"]


def test_that_the_current_event_stays_and_only_the_user_is_reported(qtbot: QtBot) -> None:
    shown = table(qtbot)
    told: list[int] = []
    shown.row_selected.connect(told.append)
    shown.show_rows(rows(10, 10), has_more=False)
    shown.set_current(7)
    assert shown.current() == 7
    shown.show_rows(rows(12, 12), has_more=False)
    assert shown.current() == 7
    assert told == []
    qtbot.keyClick(shown, Qt.Key.Key_Up)
    assert told == [8]


def test_that_a_damaged_event_stands_out(qtbot: QtBot) -> None:
    shown = table(qtbot)
    shown.show_rows([EventRow(2, ("", "event 2 is not what was written", ""), is_damaged=True)], has_more=False)
    model = shown.model()
    assert model.data(model.index(0, 1), Qt.ItemDataRole.ForegroundRole) is not None
    assert "not what was written" in model.data(model.index(0, 1), Qt.ItemDataRole.ToolTipRole)
    assert model.headerData(0, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) == "When"
