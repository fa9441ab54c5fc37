from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from tests.widgets.layout_checks import clipped_texts, outside_parent, overlapping_siblings
from tests.widgets.pointer import Received
from widgets.notice_bar import MOST_LINES, Notice, NoticeBar
from widgets.saved_note import SavedNote
from widgets.theme import ERROR, GOOD

RECOVERED = Notice("recovered", "info", "Recovered: 12 changes since 14:02 are back, last: Brush, right kidney")
HELD = Notice(
    "held", "warning", "Read only: held by A. Nowak on pc-3 since 21 Nov 10:02", (("again", "Try again"),), False
)
FULL = Notice("disk", "error", "NOT SAVED: the disk is full; free some space", (("again", "Try again"),), False)
CASE_FILE = Notice(
    "case",
    "warning",
    "The case file has changed since it was imported",
    (("take", "Take the file"), ("keep", "Keep the course")),
    False,
)
ALL = (RECOVERED, HELD, FULL, CASE_FILE)


@pytest.fixture
def bar(qtbot) -> NoticeBar:
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    made = NoticeBar()
    column.addWidget(made)
    column.addStretch(1)
    page.resize(1366, 200)
    page.show()
    made.page = page  # type: ignore[attr-defined]
    return made


def button(bar: NoticeBar, name: str) -> QAbstractButton:
    found = [b for b in bar.findChildren(QAbstractButton, name) if b.isVisible()]
    assert len(found) == 1, name
    return found[0]


def press(bar: NoticeBar, name: str) -> None:
    QTest.mouseClick(button(bar, name), Qt.MouseButton.LeftButton)


def test_that_a_bar_without_notices_takes_no_room(bar):
    assert not bar.isVisible()
    bar.put(RECOVERED)
    assert bar.isVisible()
    bar.take("recovered")
    assert not bar.isVisible()
    bar.take("recovered")


def test_that_a_remark_can_be_closed_and_is_told(bar):
    dismissed = Received(bar.dismissed)
    bar.put(RECOVERED)
    press(bar, "notice_close")
    assert dismissed.values == ["recovered"]
    assert not bar.isVisible()


@pytest.mark.parametrize("notice", [HELD, FULL, CASE_FILE], ids=lambda notice: notice.key)
def test_that_what_must_be_acted_on_cannot_be_closed(bar, notice):
    bar.put(notice)
    assert not bar.findChild(QAbstractButton, "notice_close").isVisible()
    chosen = Received(bar.action_chosen)
    for key, text in notice.actions:
        assert button(bar, f"notice_{key}").text() == text
        press(bar, f"notice_{key}")
    assert chosen.values == [(notice.key, key) for key, _ in notice.actions]
    assert bar.shown() == notice


def test_that_the_gravest_is_shown_and_the_others_wait(bar):
    for notice in ALL:
        bar.put(notice)
    assert bar.shown() == FULL
    assert button(bar, "notice_next").text() == "3 more"
    seen = []
    for _ in ALL:
        seen.append(bar.shown().key)
        press(bar, "notice_next")
    assert seen == ["disk", "case", "held", "recovered"]
    bar.take("disk")
    assert bar.shown() == CASE_FILE
    bar.clear()
    assert bar.keys() == ()
    assert not bar.isVisible()


def test_that_the_same_key_replaces_and_the_same_notice_changes_nothing(bar):
    bar.put(HELD)
    bar.put(RECOVERED)
    press(bar, "notice_next")
    assert bar.shown() == RECOVERED
    bar.put(RECOVERED)
    assert bar.shown() == RECOVERED
    bar.put(Notice("held", "warning", "Read only: held by B. Lindqvist on pc-1 since 21 Nov 11:00"))
    assert len(bar.keys()) == 2
    assert bar.shown().text.startswith("Read only: held by B.")


@pytest.mark.parametrize("width", [1366, 1180, 700])
def test_that_no_notice_is_clipped_or_takes_more_than_two_lines(bar, width, qtbot):
    bar.page.resize(width, 200)
    long = Notice(
        "disk", "error", "NOT SAVED: the disk is full; " + "free some space on it, " * 30, FULL.actions, False
    )
    for notice in (*ALL, long):
        bar.clear()
        bar.put(notice)
        qtbot.wait(1)
        assert clipped_texts(bar.page) + overlapping_siblings(bar.page) + outside_parent(bar.page) == []
        text = bar.findChild(QWidget, "notice_text")
        assert len(text.lines()) <= MOST_LINES
        assert text.height() >= len(text.lines()) * text.fontMetrics().height()
        assert all(text.fontMetrics().horizontalAdvance(line) <= text.width() + 1 for line in text.lines())
        whole = " ".join(text.lines()) == text.text()
        assert whole or text.toolTip() == text.text()
        assert whole or notice is long
        assert bar.height() < 50


def test_that_a_long_notice_is_whole_again_when_there_is_room(bar, qtbot):
    bar.page.resize(340, 200)
    bar.put(FULL)
    qtbot.wait(1)
    text = bar.findChild(QWidget, "notice_text")
    assert len(text.lines()) == MOST_LINES
    tall = bar.height()
    bar.page.resize(1366, 200)
    qtbot.waitUntil(lambda: len(text.lines()) == 1)
    qtbot.waitUntil(lambda: bar.height() < tall)


def test_that_the_note_says_when_it_was_saved_in_local_time(qtbot):
    note = SavedNote()
    qtbot.addWidget(note)
    instant = datetime(2026, 11, 21, 14, 2, 11, tzinfo=UTC)
    note.show_saved(instant)
    assert note.text() == f"saved {instant.astimezone():%H:%M:%S}"


def test_that_the_note_stands_still_and_shows_a_loss_in_red(qtbot):
    note = SavedNote()
    qtbot.addWidget(note)
    note.show()
    widths, colours = set(), {}
    for act in (
        lambda: note.show_saved(datetime.now(UTC)),
        note.show_saving,
        lambda: note.show_not_saved("the disk is full"),
    ):
        act()
        widths.add(note.sizeHint().width())
        colours[note.text()[:5]] = note.palette().windowText().color().name()
        assert note.fontMetrics().horizontalAdvance(note.text()) <= note.sizeHint().width()
    assert len(widths) == 1
    assert (colours["saved"], colours["NOT S"]) == (GOOD, ERROR)
    assert "the disk is full" in note.toolTip()
    note.show_nothing()
    assert note.sizeHint().width() == 0
