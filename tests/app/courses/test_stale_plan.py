"""A signed plan in the window: stale at once and visibly when an input changes, not by what is only for the eye."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.plans.identity import new_identity
from app.plans.page_printing import STAMP_COLOUR
from app.plans.plan_attachments import attached_plan
from app.plans.revision_window import RevisionWindow
from app.plans.signing_gate import reasons_missing
from app.preferences import Preferences
from app.screenshots import wait_until_idle
from app.steps.plan_step import PlanStep
from app.steps.report_step import ReportStep
from app.view_state import CT_PRESETS
from dosimetry_core.case import Case
from tests.app.courses.window_work import Open, paint, sign
from tests.app.working import confirm_registrations, say_who_works


@pytest.fixture(scope="module")
def physician_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identity") / "physician.p12"
    new_identity(name="B. Kowalska", role="physician", out_p12=path, passphrase="pass")
    return path


@pytest.fixture
def signed(opened: Open, tandem_folder: Path, physicist_file: Path, tmp_path: Path) -> MainWindow:
    window = opened()
    window.opening.open_path(tandem_folder)
    wait_until_idle(window)
    sign(window, physicist_file, tmp_path / "plan.pdf")
    assert state(window) == "signed"
    return window


def state(window: MainWindow) -> str:
    assert window.session.journal is not None
    window.session.journal.flush()
    return window.session.journal.history.state


def report_of(window: MainWindow) -> ReportStep:
    window.go_to("report")
    wait_until_idle(window)
    step = window.step("report")
    assert isinstance(step, ReportStep)
    return step


def plan_of(window: MainWindow) -> PlanStep:
    window.go_to("plan")
    wait_until_idle(window)
    step = window.step("plan")
    assert isinstance(step, PlanStep)
    return step


def heavier(case: Case) -> Case:
    return replace(case, patient=replace(case.patient, weight_kg=99.0))


def sampled_later(case: Case) -> Case:
    cycle = case.cycles[0]
    first, *rest = cycle.blood_samples
    sample = replace(first, relative_standard_uncertainty=0.05)
    return replace(case, cycles=(replace(cycle, blood_samples=(sample, *rest)), *case.cycles[1:]))


EDITS: list[tuple[Callable[[Case], Case], str]] = [
    (heavier, "weight 68.0 kg → 99.0 kg"),
    (sampled_later, "relative standard uncertainty 2.00 % → 5.00 %"),
    (
        lambda case: replace(case, course=replace(case.course, planned_cycles=3)),
        "planned cycles — → 3",
    ),
    (
        lambda case: replace(case, settings=replace(case.settings, fit=replace(case.settings.fit, weights="uniform"))),
        "weights: proportional → uniform",
    ),
]


def test_that_an_edit_is_seen_in_banner_rail_list_and_report_with_what_changed_and_by_how_much(
    signed: MainWindow,
) -> None:
    window = signed
    for edit, told in EDITS:
        assert window.session.document.apply("Edit", edit)
        wait_until_idle(window)
        notice = window.notices.shown()
        assert notice is not None
        assert notice.level == "error"
        assert not notice.dismissable
        assert notice.text.startswith("STALE: plan.pdf (signed) must not be used any more.")
        assert told.replace(": ", " ") in notice.text
        assert window.rail.state("report") == "stale"
        assert state(window) == "stale"
        window.session.document.undo()
        wait_until_idle(window)
        assert "plan-stale" not in window.notices.keys()  # noqa: SIM118
        assert state(window) == "signed"
    paint(window, 1)
    wait_until_idle(window)
    why = window.session.staleness
    assert why is not None
    assert any(change.place.startswith(("kidneys", "kidney")) for change in why.results)
    assert all(change.old != change.new for change in why.results)
    assert " → " in window.notices.shown().text


def test_that_a_stale_plan_is_shown_with_its_mark_and_neither_saved_nor_approved(
    signed: MainWindow, physician_file: Path, tmp_path: Path
) -> None:
    window = signed
    report = report_of(window)
    assert not report.show_signed.isVisibleTo(report)
    window.session.document.apply("Weight", heavier)
    wait_until_idle(window)
    report = report_of(window)
    assert report.pdf != window.session.plan_files[-1].content
    QTest.mouseClick(report.show_signed, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert report.pdf == window.session.plan_files[-1].content
    page = report.pages._pages[0]
    reddish = sum(
        page.pixelColor(x, y).red() - page.pixelColor(x, y).green() > STAMP_COLOUR.alpha() // 3
        for x in range(0, page.width(), 7)
        for y in range(0, page.height(), 7)
    )
    assert reddish > 200
    assert not report.save.isEnabled()
    report.write_pdf(tmp_path / "again.pdf")
    assert not (tmp_path / "again.pdf").exists()
    report.approve(physician_file, "pass", "", tmp_path / "approved.pdf")
    wait_until_idle(window)
    assert not (tmp_path / "approved.pdf").exists()
    assert "weight 68.0 kg → 99.0 kg" in report.form.message.text()


def test_that_a_plan_is_returned_with_a_comment_or_revoked_with_a_reason(
    signed: MainWindow, physician_file: Path, physicist_file: Path, tmp_path: Path
) -> None:
    window = signed
    report = report_of(window)
    report.withdrawal.withdraw(str(physician_file), "pass", "")
    assert "reason is needed" in report.withdrawal.form.message.text()
    assert state(window) == "signed"
    report.withdrawal.withdraw(str(physician_file), "pass", "Repeat the blood count first")
    wait_until_idle(window)
    assert state(window) == "returned"
    assert window.session.plan_files == []
    assert "plan.pdf was returned by B. Kowalska: Repeat the blood count first." in plan_of(window).state.text()
    assert window.session.journal is not None
    event = list(window.session.journal.storage.events())[-1].event
    assert (event.kind, event.what, event.why) == ("plan-revoked", "Return the plan", "Repeat the blood count first")
    assert event.data["role"] == "physician"
    sign(window, physicist_file, tmp_path / "second.pdf")
    assert plan_of(window).state.text().startswith("Signed by A. Nowak: second.pdf")
    report = report_of(window)
    report.approve(physician_file, "pass", "agreed", tmp_path / "second-approved.pdf")
    wait_until_idle(window)
    assert state(window) == "approved"
    report.withdrawal.withdraw(str(physicist_file), "pass", "Wrong weight")
    wait_until_idle(window)
    assert state(window) == "revoked"
    assert window.session.plan_files == []


def test_that_the_comparison_with_what_was_signed_opens_from_the_notice(signed: MainWindow) -> None:
    window = signed
    window.session.document.apply("Weight", heavier)
    wait_until_idle(window)
    window.notices.action_chosen.emit("plan-stale", "compare")
    shown = window.findChild(RevisionWindow)
    assert shown is not None
    wait_until_idle(window)
    found = shown.comparison
    assert found is not None
    assert [(change.place, change.old, change.new) for change in found.inputs] == [
        ("patient, weight", "68.0 kg", "99.0 kg")
    ]
    assert {row.name for row in found.changed_results} >= {"Red marrow, whole course"}
    assert shown.first.currentText() == "plan.pdf as signed"
    shown.second.setCurrentIndex(shown.first.currentIndex())
    wait_until_idle(window)
    assert shown.comparison is not None
    assert shown.comparison.inputs == ()
    assert shown.comparison.changed_results == ()
    shown.close()


def test_that_1000_edits_for_the_eye_alone_leave_the_plan_as_it_was_signed(signed: MainWindow) -> None:
    window, rng = signed, random.Random(5)
    view, session = window.session.view_state, window.session
    points = len(session.case.cycles[0].time_points)
    acts: list[Callable[[], object]] = [
        lambda: view.set_window(*rng.choice(CT_PRESETS)[1:]),
        lambda: view.set_window(rng.uniform(10, 2000), rng.uniform(-500, 500)),
        lambda: view.set_cursor((rng.uniform(-50, 50), rng.uniform(-50, 50), rng.uniform(-50, 50))),
        lambda: view.set_time_point(rng.randrange(points)),
        lambda: view.set_fusion_share(rng.random()),
        lambda: view.set_brush_radius(rng.uniform(1, 30)),
        lambda: view.set_contours(rng.random() < 0.5),
        view.cycle_fusion,
        view.toggle_overlay,
        view.reset,
        lambda: view.set_tool(rng.choice(("cursor", "brush", "erase"))),
        lambda: view.set_voi(rng.choice([voi.voi_id for voi in session.case.cycles[0].vois])),
        lambda: setattr(session, "preferences", Preferences(last_folder=str(rng.random()))),
        lambda: session.document.apply("Folder", lambda case: replace(case, folder=case.folder)),
        window.toggle_inspector,
    ]
    for _ in range(1000):
        rng.choice(acts)()
        assert session.staleness is None
    assert state(window) == "signed"
    wait_until_idle(window)
    assert window.rail.state("report") == "confirmed"
    assert "plan-stale" not in window.notices.keys()  # noqa: SIM118


def test_that_a_plan_is_calculated_then_checked_by_a_physicist_until_something_changes(
    opened: Open, tandem_folder: Path, physicist_file: Path, tmp_path: Path
) -> None:
    window = opened()
    window.opening.open_path(tandem_folder)
    wait_until_idle(window)
    step = plan_of(window)
    assert step.state.text() == "Calculated, not checked."
    # Registrations wait and findings have no reason: there is nothing to check yet.
    assert not step.check_button.isEnabled()
    confirm_registrations(window)
    planned = window.session.planned
    assert planned is not None
    for finding in reasons_missing(planned, {}):
        step.acknowledge(finding, "looked at")
    wait_until_idle(window)
    say_who_works(window, "B. Kowalska", "physician")
    QTest.mouseClick(step.check_button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert "a plan is checked by a physicist, not by a physician" in step.form.message.text()
    assert state(window) == "draft"
    say_who_works(window, "C. Wilk", "physicist")
    QTest.mouseClick(step.check_button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert state(window) == "checked"
    assert step.state.text().startswith("Checked by C. Wilk, physicist on ")
    # Another decision is another plan; the same one again is what was checked.
    QTest.mouseClick(step.decisions.hold, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert state(window) == "draft"
    assert step.state.text() == "Calculated, not checked."
    QTest.mouseClick(step.decisions.limit, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert step.state.text().startswith("Checked by C. Wilk")
    assert state(window) == "checked"
    step.sign(physicist_file, "pass", "fit to treat", tmp_path / "plan.pdf")
    wait_until_idle(window)
    assert state(window) == "signed"
    record = attached_plan((tmp_path / "plan.pdf").read_bytes()).record
    assert record["checked"]["by"] == "C. Wilk, physicist"
    assert window.session.journal is not None
    kinds = [stored.event.kind for stored in window.session.journal.storage.events()]
    assert kinds.count("plan-checked") == 1
