"""The audit window: opened with one call, read a page at a time, searched, checked, copied, written to files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.audit.window import AuditWindow
from app.plans.page_images import page_texts
from app.store.events import Event
from app.store.storage import Storage, StoreError
from dosimetry_core.progress import Progress
from tests.app.audit_examples import WARSAW, busy_store
from tests.app.layout_walk import faults
from tests.app.memory_storage import MemoryStorage
from widgets.theme import apply_theme


@pytest.fixture(autouse=True)
def look(qapp: object) -> None:
    apply_theme(qapp)  # type: ignore[arg-type]


def opened(
    qtbot: QtBot,
    storage: MemoryStorage,
    course_id: str | None = None,
    *,
    who: Callable[[], str] | str = "A. Kowalska",
    open_reader: Callable[[], Storage] | None = None,
) -> AuditWindow:
    window = AuditWindow(storage, course_id, who=who, open_reader=open_reader or storage.another)
    qtbot.addWidget(window)
    window.show()
    settle(qtbot, window)
    return window


def settle(qtbot: QtBot, window: AuditWindow) -> None:
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=20_000)


def chosen(qtbot: QtBot, window: AuditWindow, **texts: str) -> None:
    for name, text in texts.items():
        field = getattr(window.filters, name)
        field.clear()
        qtbot.keyClicks(field, text)
    qtbot.keyClick(window.filters.text, Qt.Key.Key_Return)
    settle(qtbot, window)


def test_that_the_newest_events_are_shown_first_and_older_ones_come_with_the_scroll_bar(qtbot: QtBot) -> None:
    window = opened(qtbot, busy_store(1700))
    assert [line.sequence for line in window.shown_lines] == list(range(1700, 1200, -1))
    assert "older ones come as you scroll" in window.count.full_text()
    for _ in range(20):
        if len(window.shown_lines) == 1700:
            break
        window.table.scrollToBottom()
        qtbot.wait(20)
        settle(qtbot, window)
    assert [line.sequence for line in window.shown_lines] == list(range(1700, 0, -1))
    assert window.count.full_text() == "All 1,700 events"


def test_that_the_chain_is_verified_beside_the_work_and_said_in_words(qtbot: QtBot) -> None:
    storage = busy_store(300)
    window = opened(qtbot, storage)
    assert window.chain.text().startswith("300 events verified ")
    assert f"head {storage.head().digest[:16]}…" in window.chain.text()
    assert window.chain.property("role") == "good"
    assert storage.head().digest in window.chain.toolTip()
    assert threading.get_ident() not in storage.threads


def test_that_a_damaged_store_is_told_in_red_and_its_event_shown(qtbot: QtBot) -> None:
    storage = busy_store(300)
    storage.bodies[290] = storage.bodies[290].replace(b'"why":"', b'"why":"x')
    window = opened(qtbot, storage)
    assert window.chain.property("role") == "error"
    assert "event 291 is not what was written" in window.chain.text()
    assert len(window.shown_lines) == 300
    window.table.set_current(292)
    qtbot.keyClick(window.table, Qt.Key.Key_Down)
    assert "not what was written" in window.detail.toPlainText()


def test_that_a_verification_can_be_stopped(qtbot: QtBot) -> None:
    begun = threading.Event()

    class Slow(MemoryStorage):
        def check(self, *, progress: Progress) -> object:  # type: ignore[override]
            begun.set()
            while True:
                progress(0.5, "event 12,034")
                threading.Event().wait(0.01)

    storage = Slow()
    storage.append([stored.event for stored in busy_store(20).events()])
    window = AuditWindow(storage, who="A. Kowalska", open_reader=lambda: storage)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(begun.is_set)
    qtbot.waitUntil(lambda: window.strip.running() != (), timeout=5000)
    cancel = next(b for b in window.strip.findChildren(QPushButton) if b.objectName().endswith("_cancel"))
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert "not verified: stopped" in window.chain.text()
    assert window.strip.running() == ()


def test_that_fields_choose_what_is_shown(qtbot: QtBot) -> None:
    window = opened(qtbot, busy_store(1700), "course-1")
    assert {line.stored.event.course_id for line in window.shown_lines if line.stored} == {"course-1"}
    assert "PRRT-0013" in window.windowTitle()
    chosen(qtbot, window, text="rename", person="zolc")
    assert {line.what for line in window.shown_lines} == {"Rename VOI"}
    assert {line.who for line in window.shown_lines} == {"Dr. Łucja Żółć"}
    assert window.count.full_text().endswith("events that fit")
    window.filters.scope.setCurrentIndex(1)
    window.filters.scope.activated.emit(1)
    settle(qtbot, window)
    assert len({line.course for line in window.shown_lines}) > 1
    assert window.windowTitle() == "Audit trail"
    chosen(qtbot, window, text="no such thing")
    assert window.shown_lines == ()
    assert window.count.full_text() == "No event fits the filter"
    qtbot.mouseClick(window.filters.clear_button, Qt.MouseButton.LeftButton)
    settle(qtbot, window)
    assert len(window.shown_lines) == 500


def test_that_a_kind_and_days_can_be_chosen_and_a_wrong_day_is_marked(qtbot: QtBot) -> None:
    window = opened(qtbot, busy_store(600))
    index = window.filters.kind.findData("plan-signed")
    window.filters.kind.setCurrentIndex(index)
    window.filters.kind.activated.emit(index)
    chosen(qtbot, window, first_day="2026-01-13", last_day="2026-01-13")
    assert {line.kind for line in window.shown_lines} == {"Plan signed"}
    assert {line.time[:10] for line in window.shown_lines} == {"2026-01-13"}
    before = window.shown_lines
    chosen(qtbot, window, first_day="13.1.2026")
    assert window.filters.first_day.property("invalid") is True
    assert window.count.full_text() == "'13.1.2026' is no day: write it as 2026-11-21"
    assert window.shown_lines == before
    window.save_csv(Path("never-written.csv"))
    assert "can't be read" in window.strip.message()


def test_that_typing_searches_after_a_pause(qtbot: QtBot) -> None:
    window = opened(qtbot, busy_store(300))
    qtbot.keyClicks(window.filters.text, "rename")
    qtbot.waitUntil(lambda: {line.what for line in window.shown_lines} == {"Rename VOI"}, timeout=5000)


def test_that_the_whole_event_is_shown_below(qtbot: QtBot) -> None:
    storage = busy_store(300)
    window = opened(qtbot, storage)
    qtbot.keyClick(window.table, Qt.Key.Key_Down)
    text = window.detail.toPlainText()
    assert storage.digests[298] in text
    assert storage.digests[297] in text
    assert "UTC" in text


def test_that_rows_are_copied_with_ctrl_c(qtbot: QtBot) -> None:
    window = opened(qtbot, busy_store(300))
    window.table.setFocus()
    qtbot.keyClick(window.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(window.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "No.\tTime\tWho\tCourse\tWhat\tOld\tNew\tWhy\tSoftware"
    assert [line.split("\t")[0] for line in lines[1:]] == ["300", "299"]


def test_that_files_hold_all_that_fits_and_say_who_printed(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, busy_store(700))
    chosen(qtbot, window, text="rename")
    fitting = len(window.shown_lines)
    window.save_csv(tmp_path / "trail.csv")
    window.save_pdf(tmp_path / "trail.pdf")
    settle(qtbot, window)
    assert len((tmp_path / "trail.csv").read_text("utf-8-sig").splitlines()) == fitting + 1
    first = page_texts((tmp_path / "trail.pdf").read_bytes())[0]
    assert "Printed by A. Kowalska" in first
    assert "with 'rename'" in first
    assert "Written:" in window.strip.message()


def test_that_nothing_is_printed_while_nobody_said_who_is_working(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, busy_store(20), who=lambda: " ")
    window.save_pdf(tmp_path / "trail.pdf")
    window.choose_pdf()
    assert "nobody said who is working" in window.strip.message()
    assert list(tmp_path.iterdir()) == []


def test_that_a_place_that_can_not_be_written_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    window = opened(qtbot, busy_store(20))
    window.save_csv(tmp_path / "file" / "trail.csv")
    settle(qtbot, window)
    assert "can't be written" in window.strip.message()


def test_that_newer_events_are_told_and_read_with_f5(qtbot: QtBot) -> None:
    storage = busy_store(50)
    window = opened(qtbot, storage)
    storage.append([Event("edited", "course-1", "A. Kowalska", "Paint Liver", busy_moment(storage))])
    window.look_for_newer()
    assert window.count.full_text() == "1 newer event: F5 reads it"
    qtbot.keyClick(window, Qt.Key.Key_F5)
    settle(qtbot, window)
    assert window.shown_lines[0].what == "Paint Liver"
    qtbot.keyClick(window, Qt.Key.Key_F6)
    settle(qtbot, window)
    assert window.verdict is not None
    assert window.verdict.events == 51


def busy_moment(storage: MemoryStorage) -> object:
    return next(iter(storage.events(newest_first=True))).event.time.astimezone(WARSAW)


def test_that_a_store_that_can_not_be_opened_is_told(qtbot: QtBot) -> None:
    def broken() -> Storage:
        raise StoreError("can't be opened", where="store.sqlite", remedy="ask the IT department")

    window = opened(qtbot, busy_store(20), open_reader=broken)
    assert "can't be opened" in window.chain.text()
    assert "can't be opened" in window.strip.message()


def test_that_every_part_can_be_reached_by_key_and_has_a_name(qtbot: QtBot) -> None:
    window = opened(qtbot, busy_store(50), "course-1")
    window.table.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    reached: list[str] = []
    for _ in range(40):
        focus: QWidget | None = window.focusWidget()
        assert focus is not None
        if focus.objectName() in reached:
            break
        reached.append(focus.objectName())
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    assert set(reached) >= {
        "audit_text", "audit_person", "audit_kind", "audit_first_day", "audit_last_day", "audit_scope", "audit_clear",
        "audit_table", "audit_detail", "audit_verify", "audit_reload", "audit_csv", "audit_pdf",
    }  # fmt: skip
    for button, key in ((window.verify_button, "F6"), (window.csv_button, "Ctrl+E"), (window.pdf_button, "Ctrl+P")):
        assert key in button.toolTip()


def test_that_nothing_is_clipped_in_a_small_window_whatever_is_wrong(qtbot: QtBot) -> None:
    storage = busy_store(300)
    for number in (10, 150, 280, 290, 291, 295):
        storage.bodies[number] = storage.bodies[number].replace(b'"why":"', b'"why":"x')
    window = opened(qtbot, storage, "course-1")
    window.resize(1100, 640)
    qtbot.wait(50)
    assert faults(window) == []


def test_that_closing_gives_the_store_back(qtbot: QtBot) -> None:
    storage = busy_store(20)
    readers: list[MemoryStorage] = []

    def open_reader() -> MemoryStorage:
        readers.append(storage.another())
        return readers[-1]

    window = AuditWindow(storage, who="A. Kowalska", open_reader=open_reader)
    window.show()
    settle(qtbot, window)
    assert not all(reader.is_closed for reader in readers)
    gone: list[bool] = []
    window.destroyed.connect(lambda: gone.append(True))
    window.close()
    assert all(reader.is_closed for reader in readers)
    assert not storage.is_closed
    qtbot.waitUntil(lambda: gone == [True])
