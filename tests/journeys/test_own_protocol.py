"""The clinic's own protocol, from the editor to the plan: chosen, changed on disk, and taken over."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.protocols.editor_window import ProtocolWindow
from app.protocols.own_protocols import save_own
from app.screenshots import wait_until_idle
from app.steps.course_step import CourseStep
from dosimetry_core.data_tables import table_bytes
from dosimetry_core.planning.protocol import protocol_of_course
from tests.journeys.reading import value

OURS = (
    table_bytes("protocols", "duonen-b.toml")
    .decode()
    .replace('name = "duonen-b"', 'name = "ours"')
    .replace("kidneys_total_gy = 23.0", "kidneys_total_gy = 15.0")
)


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path))
    return tmp_path


def _choose(window: MainWindow, text: str) -> CourseStep:
    course = window.step("course")
    assert isinstance(course, CourseStep)
    course.refresh()
    place = course.protocol.findText(text)
    assert place >= 0
    course.protocol.setCurrentIndex(place)
    course.protocol.activated.emit(place)
    wait_until_idle(window)
    return course


def _limit(window: MainWindow) -> float:
    """The limit of the kidneys that the results on the screen were planned with."""
    evaluation = window.session.evaluation
    assert evaluation is not None
    shown = value(window, "case.protocol.limits_gy.kidneys")
    assert shown == evaluation.protocol.limits_gy["kidneys"]
    return shown


def test_that_an_own_protocol_plans_and_a_newer_text_of_it_waits_to_be_taken(
    window: MainWindow, data_folder: Path
) -> None:
    assert _limit(window) == 23.0
    path = save_own(OURS, data_folder, who="A. Nowak", why="Board").path
    course = _choose(window, "ours (own)")
    assert _limit(window) == 15.0
    digest = protocol_of_course(window.session.case.course).digest
    assert not course.newer.isVisible()

    save_own(OURS.replace("15.0", "14.0"), data_folder, who="A. Nowak", why="Review")
    course.refresh()
    assert course.newer.isVisible()
    assert "A. Nowak" in course.newer.text.text()
    assert _limit(window) == 15.0, "a file that changed on the disk changes no plan by itself"
    assert protocol_of_course(window.session.case.course).digest == digest

    QTest.mouseClick(course.newer.take, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert _limit(window) == 14.0
    assert protocol_of_course(window.session.case.course).digest != digest
    assert window.session.document.labels[-1] == "Take the present text of protocol ours"
    assert not course.newer.isVisible()
    path.unlink()
    course.refresh()
    assert course.protocol.currentText() == "ours (own)", "the course holds the text itself"


def test_that_the_editor_opens_from_the_menu_and_knows_the_patient(window: MainWindow, data_folder: Path) -> None:
    window.actions_table.actions["protocols"].trigger()
    editor = window.findChild(ProtocolWindow)
    assert editor is not None
    assert [editor.patient.itemText(index)[:7] for index in range(editor.patient.count())] == ["Sample ", "Patient"]
    editor.select("duonen-b")
    editor.patient.setCurrentIndex(1)
    editor.patient.activated.emit(1)
    assert not editor.reason.isVisible()
    editor.close()
