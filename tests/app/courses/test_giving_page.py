"""What was given, entered in the window by two people with real keys: into the course, or refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydicom.dataset import Dataset
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from app.main_window import MainWindow
from app.plans.identity import new_identity
from app.screenshots import wait_until_idle
from app.steps import giving_page
from app.steps.course_step import CourseStep
from app.steps.giving_page import GivingPage
from app.steps.giving_readings import TIME_FORM
from app.steps.report_step import ReportStep
from dosimetry_core.given_details import recorded_details
from tests.app.courses.window_work import Open, sign
from tests.dosimetry_core.dicom.test_administration_report import report as administration_report

START = (datetime.now(UTC) + timedelta(hours=3)).replace(second=0, microsecond=0)
LU = "Lu-177"
HALF = QPoint(8, 8)


@pytest.fixture
def approved(
    opened: Open, case_folder: Path, physicist_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MainWindow:
    """The course with an approved plan of cycle 2, on the day of that cycle."""
    monkeypatch.setattr(giving_page, "now", lambda: START + timedelta(hours=2))
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    sign(window, physicist_file, tmp_path / "plan.pdf")
    course = course_of(window)
    assert not course.give.isEnabled()
    physician = tmp_path / "physician.p12"
    new_identity(name="B. Kowalska", role="physician", out_p12=physician, passphrase="pass")
    window.go_to("report")
    report = window.step("report")
    assert isinstance(report, ReportStep)
    report.approve(physician, "pass", "agreed", tmp_path / "approved.pdf")
    wait_until_idle(window)
    assert state(window) == "approved"
    return window


def state(window: MainWindow) -> str:
    assert window.session.journal is not None
    window.session.journal.flush()
    return window.session.journal.history.state


def course_of(window: MainWindow) -> CourseStep:
    window.go_to("course")
    wait_until_idle(window)
    step = window.step("course")
    assert isinstance(step, CourseStep)
    return step


def planned_mbq(window: MainWindow) -> float:
    planned = window.session.planned
    assert planned is not None
    return planned.plan.activities_bq[LU] / 1e6


def local(window: MainWindow, minutes: int) -> str:
    zone = ZoneInfo(window.session.case.patient.time_zone)
    return (START + timedelta(minutes=minutes)).astimezone(zone).strftime(TIME_FORM)


def begun(window: MainWindow) -> GivingPage:
    course = course_of(window)
    QTest.mouseClick(course.give, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    page = course.giving_page()
    assert page.sheets.currentWidget() is page.first
    return page


def cut_off(page: GivingPage) -> list[str]:
    """Fields that an example of what is typed there does not fit, or that lie over another."""
    fields = page.first.fields
    cut = [n for n, f in fields.items() if f.fontMetrics().horizontalAdvance(f.placeholderText()) + 16 > f.width()]
    return cut + [
        n for n, f in fields.items() for o in fields.values() if f is not o and f.geometry().intersects(o.geometry())
    ]


def entered(
    window: MainWindow,
    page: GivingPage,
    vial: str,
    *,
    second: str | None = None,
    patient: str = "P-1",
    clock_s: str = "",
    details: dict[str, str] | None = None,
) -> None:
    texts = {
        "vial": vial,
        "vial_time": local(window, -30),
        "residual": "20.0",
        "residual_time": local(window, 60),
        "start": local(window, 0),
        "infusion": "30",
    }
    for key, text in texts.items():
        QTest.keyClicks(page.first.fields[f"given_{LU}_{key}"], text)
    QTest.keyClicks(page.first.fields["calibrator_clock"], clock_s)
    for key, text in (details or {}).items():
        QTest.keyClicks(page.first.fields[f"detail_{LU}_{key}"], text)
    QTest.mouseClick(page.first.forward, Qt.MouseButton.LeftButton)
    if page.sheets.currentWidget() is not page.second:
        return
    assert all(field.text() == "" for field in page.second.fields.values())
    QTest.keyClicks(page.second.fields["second_name"], "a. nowak")
    QTest.mouseClick(page.second.forward, Qt.MouseButton.LeftButton)
    assert "another person" in page.second.message.text()
    page.second.fields["second_name"].clear()
    QTest.keyClicks(page.second.fields["second_name"], "C. Wilk")
    QTest.keyClicks(page.second.fields["second_patient"], patient)
    QTest.keyClicks(page.second.fields[f"second_{LU}_vial"], second or vial)
    QTest.keyClicks(page.second.fields[f"second_{LU}_residual"], "20.0")
    QTest.mouseClick(page.second.forward, Qt.MouseButton.LeftButton)


def test_that_what_was_given_becomes_the_next_cycle_and_is_corrected_but_not_undone(approved: MainWindow) -> None:
    window = approved
    planned = planned_mbq(window)
    page = begun(window)
    said = {"product": "Lutathera", "batch": "B-17", "injection_site": "left arm"}
    entered(window, page, f"{planned + 20:.1f}", clock_s="600", details=said)
    assert page.sheets.currentWidget() is page.last
    # This site names no certificates: who signed is asked, with the digests to be compared.
    codes = {finding.code for finding in page.findings.findings()}
    assert "entry-signers-not-vouched" in codes
    assert codes <= {"entry-interval-unusual", "entry-signers-not-vouched"}
    assert not page.last.forward.isEnabled()
    QTest.mouseClick(page.checked, Qt.MouseButton.LeftButton, pos=page.checked.rect().topLeft() + HALF)
    QTest.mouseClick(page.last.forward, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert state(window) == "administered"
    session = window.session
    assert session.plan_files == []
    assert session.reviews.reasons == {}
    cycle = session.case.cycles[-1]
    assert cycle.number == 2
    (given,) = cycle.administrations
    assert given.planned_activity_bq == pytest.approx(planned * 1e6)
    assert given.given_by.startswith("A. Nowak")
    assert recorded_details(given) == said
    assert given.vial is not None
    assert given.vial.vial_time == (START - timedelta(minutes=20)).replace(second=0, microsecond=0)
    assert cycle.clock_offset_s == {"dose_calibrator": 600.0}
    assert given.administered_activity_bq == pytest.approx(planned * 1e6, rel=0.01)
    assert session.evaluation is not None
    assert session.evaluation.plan.next_cycle == 3
    assert session.journal is not None
    kinds = [stored.event.kind for stored in session.journal.storage.events()]
    place = kinds.index("plan-administered")
    assert kinds[place + 1] == "edited"

    assert not session.document.undo()
    assert len(session.case.cycles) == 2
    course_id = session.journal.course_id
    window.opening.leave_course()
    window.opening.open_course(course_id)
    wait_until_idle(window)
    assert window.session.document.undo_label is None
    assert not window.session.document.undo()
    assert state(window) == "administered"

    course = course_of(window)
    QTest.mouseClick(course.correct, Qt.MouseButton.LeftButton)
    page = course.giving_page()
    entered(window, page, f"{planned:.1f}")
    assert page.sheets.currentWidget() is page.last
    if page.checked.isVisibleTo(page):
        QTest.mouseClick(page.checked, Qt.MouseButton.LeftButton, pos=page.checked.rect().topLeft() + HALF)
    assert not page.last.forward.isEnabled()
    QTest.keyClicks(page.comment, "Read from the wrong line")
    QTest.mouseClick(page.last.forward, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    (corrected,) = window.session.case.cycles[-1].administrations
    assert corrected.administered_activity_bq < given.administered_activity_bq
    assert corrected.comment == "Read from the wrong line"
    assert recorded_details(corrected) == said
    assert corrected.planned_activity_bq == given.planned_activity_bq
    assert window.session.journal is not None
    last = list(window.session.journal.storage.events())[-1].event
    assert last.why == "Read from the wrong line"
    assert "administered activity" in str(last.old)


def test_that_slips_are_refused_and_leave_the_course_as_it_is(approved: MainWindow) -> None:
    window = approved
    planned = planned_mbq(window)
    before = window.session.document.case
    for vial, second, patient, code in (
        (f"{planned / 1000:.4f}".rstrip("0"), None, "P-1", "entry-residual-above-vial"),
        (f"{planned * 1000:.0f}", None, "P-1", "entry-wrong-unit"),
        (f"{1.3 * planned:.1f}", None, "P-1", "given-without-comment"),
        (f"{planned + 20:.1f}", f"{planned + 2:.1f}", "P-1", "entry-readings-differ"),
        (f"{planned + 20:.1f}", None, "P-2", "entry-other-patient"),
    ):
        page = begun(window)
        entered(window, page, vial, second=second, patient=patient)
        assert code in {finding.code for finding in page.findings.findings()}
        assert not page.last.forward.isEnabled()
        page.take()
        assert window.session.document.case is before
        QTest.mouseClick(page.last.cancel, Qt.MouseButton.LeftButton)
    page = begun(window)
    entered(window, page, "7.400")
    assert page.sheets.currentWidget() is page.first
    assert "can be read as 7400 or as 7.4" in page.first.message.text()
    assert state(window) == "approved"


def test_that_a_report_of_the_dispensing_system_fills_in_the_first_entry(
    approved: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = approved
    page = begun(window)
    window.resize(1366, 768)
    window.grab()  # Lays out a window that is not on a screen.
    assert cut_off(page) == []
    zone = ZoneInfo(window.session.case.patient.time_zone)
    begin = START.astimezone(zone)

    def reported(dataset: Dataset, items: list[Dataset]) -> None:
        dataset.TimezoneOffsetFromUTC = begin.strftime("%z")
        for place, minutes in ((1, 0), (2, 30)):
            items[place].DateTime = (begin + timedelta(minutes=minutes)).strftime("%Y%m%d%H%M%S")
        for place, minutes in ((4, -30), (5, 60)):
            items[place].ObservationDateTime = (begin + timedelta(minutes=minutes)).strftime("%Y%m%d%H%M%S")

    path = administration_report(tmp_path / "report.dcm", reported)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_more: (str(path), ""))
    QTest.mouseClick(page.report_button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    fields = {key: field.text() for key, field in page.first.fields.items() if not key.startswith("detail_")}
    assert {key.removeprefix(f"given_{LU}_"): text for key, text in fields.items()} == {
        "vial": "7420.0",
        "vial_time": local(window, -30),
        "residual": "21.0",
        "residual_time": local(window, 60),
        "start": local(window, 0),
        "infusion": "30",
        "calibrator_clock": "",
    }
    other = administration_report(tmp_path / "other.dcm", lambda dataset, _items: setattr(dataset, "PatientID", "P-2"))
    page.take_report(other)
    wait_until_idle(window)
    assert "is of patient P-2" in page.first.message.text()
