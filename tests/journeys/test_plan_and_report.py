from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.plans.identity import new_identity
from app.plans.page_images import page_count, page_texts
from app.plans.plan_attachments import attached_plan
from app.plans.verification import read_certificate, verify_plan
from app.screenshots import wait_until_idle
from app.steps.course_step import CourseStep
from app.steps.plan_step import PlanStep
from app.steps.report_step import ReportStep
from tests.app.working import confirm_registrations
from tests.journeys.reading import shown, value

PASSPHRASE = "correct horse"
FREE = "plan.activities_bq.Y-90"


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("identities")
    made = {}
    for role in ("physicist", "physician"):
        made[role] = folder / f"{role}.p12"
        made[f"{role} certificate"] = new_identity(f"Test {role}", role, made[role], PASSPHRASE)
    return made


@pytest.fixture
def plan_step(window: MainWindow) -> PlanStep:
    confirm_registrations(window)
    window.go_to("plan")
    wait_until_idle(window, second_opinion=True)
    step = window.step("plan")
    assert isinstance(step, PlanStep)
    return step


@pytest.fixture
def roomy_plan_step(window: MainWindow, plan_step: PlanStep) -> PlanStep:
    """With so few planned cycles that some of the free nuclide may be given."""
    course = window.step("course")
    assert isinstance(course, CourseStep)
    course.choose_cycles(2)
    wait_until_idle(window)
    return plan_step


def acknowledge_all(step: PlanStep) -> None:
    from app.plans.signing_gate import reasons_missing

    evaluation = step.session.planned
    assert evaluation is not None
    for finding in reasons_missing(evaluation, {}):
        step.acknowledge(finding, "reviewed by the test")


def signed_plan(window: MainWindow, step: PlanStep, identities: dict[str, Path], target: Path) -> Path:
    acknowledge_all(step)
    step.sign(identities["physicist"], PASSPHRASE, "fit to treat", target)
    wait_until_idle(window)
    assert target.exists(), step.form.message.text()
    return target


def test_that_moving_the_slider_moves_what_it_predicts(window: MainWindow, plan_step: PlanStep) -> None:
    kidneys = "plan.predicted_absorbed_dose_gy.kidneys.course"
    proposed, dose = value(window, FREE), value(window, kidneys)
    plan_step.slider.moved.emit(proposed + 1e9)
    wait_until_idle(window)
    assert value(window, FREE) == proposed + 1e9
    assert value(window, kidneys) > dose
    assert "exceeds a limit" in plan_step.verdict.text()
    QTest.mouseClick(plan_step.decisions.limit, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert (value(window, FREE), value(window, kidneys)) == (proposed, dose)


def test_that_hold_and_standard_are_one_click_each(window: MainWindow, plan_step: PlanStep) -> None:
    QTest.mouseClick(plan_step.decisions.hold, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert value(window, FREE) == 0
    assert value(window, "plan.activities_bq.Lu-177") == 0
    assert value(window, "plan.predicted_absorbed_dose_gy.kidneys.next_cycle") == 0
    QTest.mouseClick(plan_step.decisions.standard, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert value(window, FREE) == 1.85e9


def test_that_each_of_the_four_decisions_is_one_click_and_is_what_is_printed_and_signed(
    window: MainWindow, roomy_plan_step: PlanStep, identities: dict[str, Path], tmp_path: Path
) -> None:
    step = roomy_plan_step
    buttons = {
        "standard": step.decisions.standard,
        "proposal": step.decisions.limit,
        "hold": step.decisions.hold,
        "stop": step.decisions.stop,
    }
    for decided, button in buttons.items():
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        wait_until_idle(window)
        assert window.session.planned is not None
        assert window.session.planned.plan.decision == decided
        assert {name for name, each in buttons.items() if each.isChecked()} == {decided}
    assert step.verdict.text() == "Decided: the treatment ends; nothing is given any more."
    target = signed_plan(window, step, identities, tmp_path / "stop.pdf")
    plan = attached_plan(target.read_bytes())
    assert plan.record["plan"]["decision"] == "stop"
    assert plan.record["checked"]["by"] == "Test physicist"
    page = page_texts(target.read_bytes())[0]
    assert "Treatment plan: the treatment ends" in page
    assert "Decision: stop." in page
    assert "State: checked by Test physicist" in page
    assert "reviewed by the test" in page or not plan.record["overrides"]
    # Another decision about the same course makes the signed one stale.
    assert window.session.staleness is None
    QTest.mouseClick(step.decisions.hold, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert window.session.staleness is not None
    assert "the treatment ends → it goes on" in window.session.staleness.sentence()


def test_that_signing_is_refused_while_a_finding_has_no_reason(
    window: MainWindow, plan_step: PlanStep, identities: dict[str, Path], tmp_path: Path
) -> None:
    plan_step.choose_free(9e9)
    wait_until_idle(window)
    assert plan_step.blockers.isVisible()
    plan_step.form.identity.setText(str(identities["physicist"]))
    plan_step.form.passphrase.setText(PASSPHRASE)
    assert not plan_step.form.button.isEnabled()
    target = tmp_path / "plan.pdf"
    plan_step.sign(identities["physicist"], PASSPHRASE, "", target)
    wait_until_idle(window)
    assert not target.exists()
    assert "not signed" in plan_step.form.message.text()
    acknowledge_all(plan_step)
    wait_until_idle(window)
    assert not plan_step.blockers.isVisible()
    assert plan_step.form.button.isEnabled()


def test_that_a_wrong_passphrase_is_said_and_writes_nothing(
    window: MainWindow, plan_step: PlanStep, identities: dict[str, Path], tmp_path: Path
) -> None:
    acknowledge_all(plan_step)
    plan_step.sign(identities["physicist"], "wrong", "", tmp_path / "plan.pdf")
    wait_until_idle(window)
    assert "passphrase" in plan_step.form.message.text()
    assert list(tmp_path.iterdir()) == []
    assert plan_step.form.isEnabled()


def test_that_a_signed_plan_holds_the_numbers_on_screen_and_can_be_approved(
    window: MainWindow, plan_step: PlanStep, identities: dict[str, Path], tmp_path: Path
) -> None:
    from dosimetry_core.units import GIGABECQUEREL

    planned = value(window, FREE)
    target = signed_plan(window, plan_step, identities, tmp_path / "plan.pdf")
    trust = [read_certificate(identities[f"{role} certificate"]) for role in ("physicist", "physician")]
    verification = verify_plan(target.read_bytes(), trust=trust)
    assert verification.accepted, verification.problems
    record = attached_plan(target.read_bytes()).record
    written = record["plan"]["activities"]["Y-90"]["administered_activity_gbq"]
    assert written == GIGABECQUEREL.text(planned, with_symbol=False)

    window.go_to("report")
    wait_until_idle(window)
    report = window.step("report")
    assert isinstance(report, ReportStep)
    assert report.pdf == target.read_bytes()
    approved = tmp_path / "approved.pdf"
    report.approve(identities["physician"], PASSPHRASE, "agreed", approved)
    wait_until_idle(window)
    second = verify_plan(approved.read_bytes(), trust=trust)
    assert second.accepted, second.problems
    assert len(window.session.plan_files) == 2


def test_that_the_physicist_cannot_approve_the_own_plan(
    window: MainWindow, plan_step: PlanStep, identities: dict[str, Path], tmp_path: Path
) -> None:
    signed_plan(window, plan_step, identities, tmp_path / "plan.pdf")
    window.go_to("report")
    report = window.step("report")
    assert isinstance(report, ReportStep)
    report.approve(identities["physicist"], PASSPHRASE, "", tmp_path / "approved.pdf")
    wait_until_idle(window)
    assert not (tmp_path / "approved.pdf").exists()
    assert "physician" in report.form.message.text()


def test_that_the_report_shows_saves_and_prints_the_typeset_pages(window: MainWindow, tmp_path: Path) -> None:
    window.go_to("report")
    wait_until_idle(window)
    report = window.step("report")
    assert isinstance(report, ReportStep)
    assert report.pdf is not None
    pages = page_count(report.pdf)
    assert pages >= 2
    saved = tmp_path / "draft.pdf"
    report.write_pdf(saved)
    assert saved.read_bytes() == report.pdf
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    report.print_to(printer)
    wait_until_idle(window)
    assert page_count((tmp_path / "printed.pdf").read_bytes()) == pages


def test_that_printed_pages_have_the_picture_of_the_preview(window: MainWindow, tmp_path: Path) -> None:
    from app.plans.page_printing import print_images

    image = QImage(210, 297, QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.red)
    printer = QPrinter()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "red.pdf"))
    print_images(printer, [image])
    from app.plans.page_images import page_image

    picture = page_image((tmp_path / "red.pdf").read_bytes(), 0, dots_per_inch=36)
    red, green, blue = (int(v) for v in picture[picture.shape[0] // 2, picture.shape[1] // 2])
    assert red >= 250  # the printer compresses pictures with loss
    assert max(green, blue) <= 5


def test_that_the_draft_follows_the_chosen_activity(window: MainWindow, plan_step: PlanStep) -> None:
    from app.plans.page_images import page_texts
    from dosimetry_core.units import GIGABECQUEREL

    plan_step.choose_free(0.7e9)
    wait_until_idle(window)
    assert shown(window, FREE).value() == 0.7e9
    window.go_to("report")
    wait_until_idle(window)
    report = window.step("report")
    assert isinstance(report, ReportStep)
    assert report.pdf is not None
    assert GIGABECQUEREL.text(0.7e9, with_symbol=False) in page_texts(report.pdf)[0]


def test_that_an_edit_after_signing_is_shown_as_an_unsigned_draft_again(
    window: MainWindow, plan_step: PlanStep, identities: dict[str, Path], tmp_path: Path
) -> None:
    target = signed_plan(window, plan_step, identities, tmp_path / "plan.pdf")
    assert window.rail.state("report") == "confirmed"
    plan_step.choose_free(0.3e9)
    wait_until_idle(window)
    assert window.rail.state("report") == "stale"
    window.go_to("report")
    wait_until_idle(window)
    report = window.step("report")
    assert isinstance(report, ReportStep)
    assert report.pdf != target.read_bytes()
    window.session.plan_choice.choose(None)
    wait_until_idle(window)
    assert report.pdf == target.read_bytes()
    assert window.rail.state("report") == "confirmed"


def test_that_a_certainty_is_one_click_and_lowers_what_may_be_exceeded(
    window: MainWindow, roomy_plan_step: PlanStep
) -> None:
    proposed = value(window, FREE)
    by_certainty = {c.certainty: c.activity_bq for c in window.session.evaluation.plan.by_certainty}
    surer = roomy_plan_step.certainty.buttons[0.8]
    assert roomy_plan_step.certainty.buttons[0.5].isChecked()
    QTest.mouseClick(surer, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert value(window, FREE) == by_certainty[0.8] < proposed
    assert surer.isChecked()
    assert not roomy_plan_step.certainty.buttons[0.5].isChecked()
    for key, risk in window.session.planned.plan.forecast.probability_of_exceeding.items():
        assert risk <= 0.2 + 1e-9, key


def test_that_pressing_in_the_plot_chooses_what_can_be_dispensed(window: MainWindow, roomy_plan_step: PlanStep) -> None:
    room, step_bq = roomy_plan_step.room, window.session.evaluation.protocol.rounding_step_bq
    fixed = value(window, "plan.activities_bq.Lu-177")
    place = room.place_of(fixed, 0.5 * value(window, FREE))
    QTest.mouseClick(room, Qt.MouseButton.LeftButton, pos=place.toPoint())
    wait_until_idle(window)
    chosen = value(window, FREE)
    assert chosen == pytest.approx(round(chosen / step_bq) * step_bq)
    assert room.shown().chosen_bq == (fixed, chosen)
    assert 0 < chosen < window.session.evaluation.plan.activities_bq["Y-90"]


def test_that_other_protocols_stand_beside_the_own_one(window: MainWindow, plan_step: PlanStep) -> None:
    for name in ("duonen-a", "duonen-c", "duonen-d", "garske-roman"):
        assert plan_step.others.text(name, "protocol") == name
        assert plan_step.others.text(name, "activity")


def test_that_the_report_writes_dicom_objects_of_the_results(window: MainWindow, tmp_path: Path) -> None:
    window.go_to("report")
    wait_until_idle(window)
    report = window.step("report")
    assert isinstance(report, ReportStep)
    assert report.dicom.isEnabled()
    told: list[str] = []
    report.told.connect(told.append)
    report.export_dicom(tmp_path / "objects")
    wait_until_idle(window)
    written = sorted(path.name for path in (tmp_path / "objects").iterdir())
    assert "cycle1-rtstruct.dcm" in written
    objects = [name for name in written if name.endswith(".dcm")]
    assert told == [f"{len(objects)} DICOM objects written"]


def test_that_a_reason_is_asked_in_its_place_and_a_high_probability_must_be_acknowledged(
    window: MainWindow, plan_step: PlanStep
) -> None:
    from app.plans.signing_gate import TO_ACKNOWLEDGE, reasons_missing

    evaluation = window.session.planned
    assert evaluation is not None
    assert max(p for p in evaluation.plan.forecast.probability_of_exceeding.values() if p is not None) > 0.25
    missing = reasons_missing(evaluation, {})
    assert TO_ACKNOWLEDGE in {finding.code for finding in missing}
    for finding in missing:
        if finding.code != TO_ACKNOWLEDGE:
            plan_step.acknowledge(finding, "reviewed by the test")
    wait_until_idle(window)
    assert plan_step.blockers.text().startswith("One finding needs a reason")
    assert not plan_step.reason.isVisible()
    (risky,) = {f for f in missing if f.code == TO_ACKNOWLEDGE}
    plan_step.findings.acknowledge_requested.emit(risky)
    assert plan_step.reason.isVisible()
    QTest.keyClicks(plan_step.reason.field, "discussed with the patient")
    QTest.keyClick(plan_step.reason.field, Qt.Key.Key_Return)
    wait_until_idle(window)
    assert not plan_step.reason.isVisible()
    assert not plan_step.blockers.isVisible()
    assert window.session.reviews.reasons[TO_ACKNOWLEDGE, risky.place] == "discussed with the patient"


def test_that_the_laboratory_stands_in_front_of_the_signature(window: MainWindow, plan_step: PlanStep) -> None:
    # The case states no upper limits of ALT, AST and bilirubin.
    assert plan_step.laboratory.text().startswith("Laboratory of 01 Mar 2025: no stop rule is met; can't be decided:")
    assert "liver tests" in plan_step.laboratory.text()
