"""The store window: it shows what is there, backs up, checks, and asks before a restore."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.jobs import Jobs
from app.operations.data_folder import DataFolder
from app.operations.doctor_report import DoctorReport
from app.operations.restoration import restored
from app.operations.restore_dialog import RestoreDialog
from app.operations.site_configuration import SiteConfiguration
from app.operations.store_sections import breakable
from app.operations.store_window import SAY_WHO, StoreWindow
from app.store import open_store
from app.store.events import CourseSummary, Event
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import no_progress
from tests.app.layout_walk import faults
from widgets.theme import apply_theme

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    storage = open_store(tmp_path / "data", who="A. Nowak")
    for number in range(3):
        content = f'{{"case":{number}}}'.encode()
        digest = hashlib.sha256(content).hexdigest()
        summary = CourseSummary(f"LUT-{number}", "Nowak^Anna", None, "duonen-b", 1, 4, archived=number == 2)
        event = Event(
            "course-created",
            f"{number}" * 32,
            "A. Nowak",
            "Open case",
            BEGIN + timedelta(hours=number),
            case=digest,
            data=FrozenMap({"folder": "/x", "case_file_sha256": ""}),
            summary=summary,
        )
        storage.append([event], objects={digest: content})
    storage.close()
    return DataFolder(tmp_path / "data", "--data-folder")


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


class Person:
    def __init__(self) -> None:
        self.name: str | None = "B. Person"
        self.shown: list[Path] = []


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def window(qtbot: QtBot, folder: DataFolder, jobs: Jobs, person: Person) -> StoreWindow:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_theme(application)
    made = StoreWindow(folder, SiteConfiguration(), jobs, lambda: person.name, open_folder=person.shown.append)
    qtbot.addWidget(made)
    made.show()
    wait(qtbot, jobs)
    return made


def wait(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: not jobs.running, timeout=20_000)
    qtbot.wait(20)


def text(window: StoreWindow, name: str) -> str:
    label = window.findChild(QLabel, name)
    assert isinstance(label, QLabel)
    return label.text()


def test_that_it_says_where_the_store_is_and_what_is_in_it(window: StoreWindow, folder: DataFolder) -> None:
    assert str(folder.path) in window.path_label.full_text()
    assert "--data-folder" in text(window, "store_source")
    said = text(window, "store_facts")
    for word in ("2 courses and 1 archived", "4 events", "02 Mar 2026", "A. Nowak", "free"):
        assert word in said
    assert "never backed up" in text(window, "store_last_backup")


def test_that_the_site_configuration_stands_there_with_its_origin(window: StoreWindow) -> None:
    labels = [label.text() for label in window.findChildren(QLabel)]
    for key in SiteConfiguration().values():
        assert key in labels
    assert labels.count("built in") == len(SiteConfiguration().values())


def test_that_a_backup_is_written_noted_and_told(
    window: StoreWindow, jobs: Jobs, folder: DataFolder, tmp_path: Path, qtbot: QtBot
) -> None:
    made = []
    window.backup_made.connect(made.append)
    window.back_up(tmp_path / "one.lutetia-backup")
    assert not window.backup_button.isEnabled()
    wait(qtbot, jobs)
    assert [backup.who for backup in made] == ["B. Person"]
    assert (tmp_path / "one.lutetia-backup").exists()
    assert "Backed up 4 events" in text(window, "store_backup_message")
    assert "by B. Person (just now), nothing was changed since" in text(window, "store_last_backup")
    assert window.backup_button.isEnabled()


def test_that_no_backup_is_written_over(window: StoreWindow, jobs: Jobs, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "one").write_text("mine")
    window.back_up(tmp_path / "one")
    wait(qtbot, jobs)
    assert "is there already" in text(window, "store_backup_message")
    assert (tmp_path / "one").read_text() == "mine"


def test_that_nobody_backs_up_without_a_name(
    window: StoreWindow, jobs: Jobs, person: Person, tmp_path: Path, qtbot: QtBot
) -> None:
    person.name = None
    with qtbot.waitSignal(window.person_needed):
        window.back_up(tmp_path / "one")
    assert text(window, "store_backup_message") == SAY_WHO
    with qtbot.waitSignal(window.person_needed):
        qtbot.mouseClick(window.backup_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(window.person_needed):
        qtbot.mouseClick(window.restore_button, Qt.MouseButton.LeftButton)
    assert not jobs.running
    assert not (tmp_path / "one").exists()


def test_that_the_file_dialogs_do_not_block(window: StoreWindow, qtbot: QtBot) -> None:
    for button, name in (
        (window.backup_button, "store_backup_dialog"),
        (window.restore_button, "store_restore_dialog"),
    ):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        dialog = window.findChild(QFileDialog, name)
        assert isinstance(dialog, QFileDialog)
        assert dialog.isVisible()
        dialog.reject()


def test_that_a_check_shows_every_line_of_the_doctor(window: StoreWindow, jobs: Jobs, qtbot: QtBot) -> None:
    reports: list[DoctorReport] = []
    window.examined.connect(reports.append)
    qtbot.mouseClick(window.check_button, Qt.MouseButton.LeftButton)
    assert not window.check_button.isEnabled()
    wait(qtbot, jobs)
    (report,) = reports
    assert report.problems == ()
    assert text(window, "store_verdict").startswith("All is well; 1 note.")
    labels = [label.text() for label in window.findChildren(QLabel)]
    assert [line.subject for line in report.lines if line.subject not in labels] == []
    qtbot.mouseClick(window.copy_button, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == report.text
    window.check_now()
    wait(qtbot, jobs)
    assert len(reports) == 2
    assert faults(window) == []


def test_that_a_check_can_be_cancelled(
    window: StoreWindow, jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_inputs: object, progress: object) -> None:
        assert callable(progress)
        while True:
            progress(0.3, "Checking")

    monkeypatch.setattr("app.operations.store_window.examined", slow)
    window.check_now()
    qtbot.waitUntil(lambda: window.check_bar.value() == 30)
    qtbot.mouseClick(window.check_cancel, Qt.MouseButton.LeftButton)
    wait(qtbot, jobs)
    assert "cancelled" in text(window, "store_verdict")
    assert window.check_button.isEnabled()


def test_that_a_damaged_store_is_said_in_red(folder: DataFolder, window: StoreWindow, jobs: Jobs, qtbot: QtBot) -> None:
    database = folder.path / "store.sqlite"
    database.write_bytes(database.read_bytes()[:5000])
    window.check_now()
    wait(qtbot, jobs)
    assert "to mend" in text(window, "store_verdict")
    assert window.verdict.property("role") == "error"
    window.refresh()
    wait(qtbot, jobs)
    assert "can't be read" in text(window, "store_facts")
    assert window.warning_label.isVisible()


def test_that_a_restore_wants_the_number_of_courses_typed(
    window: StoreWindow, jobs: Jobs, folder: DataFolder, tmp_path: Path, qtbot: QtBot
) -> None:
    file = tmp_path / "one.lutetia-backup"
    window.back_up(file)
    wait(qtbot, jobs)
    confirmed: list[Path] = []
    window.restore_confirmed.connect(confirmed.append)
    window.offer_restore(file)
    dialog = window.findChild(RestoreDialog)
    assert isinstance(dialog, RestoreDialog)
    assert not dialog.restore_button.isEnabled()
    wait(qtbot, jobs)
    assert "take back 1 change made since" in dialog.explanation.text()
    answer = dialog.findChild(QLineEdit, "restore_answer")
    assert isinstance(answer, QLineEdit)
    for wrong in ("2", "33", "yes"):
        answer.clear()
        qtbot.keyClicks(answer, wrong)
        assert not dialog.restore_button.isEnabled()
        qtbot.keyClick(answer, Qt.Key.Key_Return)
    assert confirmed == []
    answer.clear()
    qtbot.keyClicks(answer, "3")
    assert faults(dialog) == []
    qtbot.mouseClick(dialog.restore_button, Qt.MouseButton.LeftButton)
    assert confirmed == [file]
    done = restored(file, folder.path, SiteConfiguration(), who="B", progress=no_progress)
    assert done.head.sequence == 5
    assert done.kept is not None


def test_that_a_file_that_is_no_backup_is_refused_in_the_dialog(
    window: StoreWindow, jobs: Jobs, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "notes.txt").write_text("no backup")
    window.offer_restore(tmp_path / "notes.txt")
    dialog = window.findChild(RestoreDialog)
    assert isinstance(dialog, RestoreDialog)
    wait(qtbot, jobs)
    assert "no backup" in dialog.explanation.text()
    assert not dialog.restore_button.isEnabled()
    dialog.reject()


def test_that_logs_are_opened_if_there_are_any(
    window: StoreWindow, folder: DataFolder, person: Person, qtbot: QtBot
) -> None:
    qtbot.mouseClick(window.logs_button, Qt.MouseButton.LeftButton)
    assert person.shown == [folder.path / "logs"]


def test_that_an_empty_folder_is_shown_and_not_made(jobs: Jobs, tmp_path: Path, qtbot: QtBot) -> None:
    window = StoreWindow(DataFolder(tmp_path / "none", "site.toml, line 2"), SiteConfiguration(), jobs, lambda: "B")
    qtbot.addWidget(window)
    wait(qtbot, jobs)
    assert "No store yet" in text(window, "store_facts")
    assert not window.backup_button.isEnabled()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("size", [(683, 384), (980, 660), (1366, 768)])
def test_that_nothing_is_clipped_and_no_empty_page_follows(
    size: tuple[int, int], window: StoreWindow, jobs: Jobs, qtbot: QtBot
) -> None:
    window.resize(*size)
    window.check_now()
    wait(qtbot, jobs)
    qtbot.wait(50)
    assert faults(window) == []
    page = window.page
    lowest = max(
        child.geometry().bottom() for child in page.findChildren(type(window.sections[0])) if child.isVisible()
    )
    assert page.height() <= max(lowest + 30, window.height())


def test_that_long_words_get_places_to_break() -> None:
    path = "/srv/" + "a" * 100 + "/" + "b" * 10
    shown = breakable(f"in {path} now")
    assert shown.replace("\u200b", "") == f"in {path} now"
    assert max(len(part) for part in shown.replace(" ", "\u200b").split("\u200b")) <= 40


def test_that_a_window_closed_while_its_jobs_run_is_gone_without_a_fault(
    folder: DataFolder, jobs: Jobs, person: Person, tmp_path: Path, qtbot: QtBot
) -> None:
    for number in range(5):
        window = StoreWindow(folder, SiteConfiguration(), jobs, lambda: person.name)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.show()
        window.check_now()
        window.back_up(tmp_path / f"{number}.lutetia-backup")
        window.offer_restore(tmp_path / "0.lutetia-backup")
        window.close()
        wait(qtbot, jobs)
    assert len(list(tmp_path.glob("*.lutetia-backup"))) == 5
