from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.reviews import STEP_KEYS
from app.screenshots import wait_until_idle
from app.session import empty_case
from app.steps.align_step import AlignStep
from app.steps.course_step import CourseStep
from app.steps.curves_step import CurvesStep
from dosimetry_core.case import FitModel
from dosimetry_core.kinetics.leave_one_out import leave_one_out
from tests.app.working import confirm_registrations
from tests.journeys.reading import grid, value

KIDNEY_DOSE = "cycles.0.organs.kidneys.absorbed_dose_gy.total"


def test_that_every_step_is_reached_by_its_key(window: MainWindow) -> None:
    for number, key in enumerate(STEP_KEYS, start=1):
        QTest.keyClick(window, Qt.Key(int(Qt.Key.Key_0) + number), Qt.KeyboardModifier.AltModifier)
        assert window.current_step == key


def test_that_confirming_goes_on_and_an_edit_makes_it_stale(window: MainWindow) -> None:
    confirm_registrations(window)
    for key in STEP_KEYS[:6]:
        assert window.current_step == key
        QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert window.rail.state(key) == "confirmed"
    window.go_to("voi")
    cycle = window.session.cycle
    assert cycle is not None
    window.step("voi").acts.change_role(cycle.vois[0].voi_id, "other")  # type: ignore[attr-defined]
    wait_until_idle(window)
    states = [window.rail.state(key) for key in STEP_KEYS[:6]]
    assert states == ["confirmed", "confirmed", "confirmed", "stale", "stale", "stale"]
    window.actions_table.actions["undo"].trigger()
    wait_until_idle(window)
    assert {window.rail.state(key) for key in STEP_KEYS[:6]} == {"confirmed"}


def test_that_another_protocol_is_one_undoable_step_that_moves_the_plan(window: MainWindow) -> None:
    course = window.step("course")
    assert isinstance(course, CourseStep)
    before = value(window, "plan.activities_bq.Lu-177")
    course.choose_protocol("duonen-a")
    wait_until_idle(window)
    assert value(window, "plan.activities_bq.Lu-177") != before
    assert window.session.document.labels == ("Choose protocol duonen-a",)
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until_idle(window)
    assert value(window, "plan.activities_bq.Lu-177") == before
    QTest.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    wait_until_idle(window)
    assert window.session.case.course.protocol == "duonen-a"


def test_that_more_planned_cycles_leave_less_for_the_next(window: MainWindow) -> None:
    course = window.step("course")
    assert isinstance(course, CourseStep)
    course.choose_cycles(2)
    wait_until_idle(window)
    two = value(window, "plan.activities_bq.Y-90")
    course.choose_cycles(6)
    wait_until_idle(window)
    assert value(window, "plan.activities_bq.Y-90") < two


def test_that_the_delay_stands_as_arithmetic(window: MainWindow) -> None:
    window.go_to("import")
    wait_until_idle(window)
    answers = [grid(window, "checks").text(str(n), "answer") for n in range(9)]
    assert any("−" in answer and answer.endswith("= 4.00 h") for answer in answers)
    assert value(window, "cycles.0.time_points.0.time_after_administration_s") == pytest.approx(4 * 3600.0)


def test_that_a_nudge_moves_the_numbers_and_automatic_brings_them_back(window: MainWindow) -> None:
    window.go_to("align")
    step = window.step("align")
    assert isinstance(step, AlignStep)
    window.session.view_state.set_time_point(1)
    wait_until_idle(window)
    before = value(window, "cycles.0.time_points.1.registration.translation_of_reference_centre_mm.0")
    document, dose = window.session.document, kidney_dose(window)
    for _ in range(3):
        step.pad.nudged.emit(np.array([5.0, 0.0, 0.0]), np.zeros(3))
    wait_until_idle(window)
    path = "cycles.0.time_points.1.registration.translation_of_reference_centre_mm.0"
    # The image goes to the left on the reference, so the reference's points lie further right in it; the scans of the
    # case are turned by a few degrees against one another.
    assert value(window, path) == pytest.approx(before - 15.0, abs=0.3)
    assert len(document.labels) == 1
    assert kidney_dose(window) != dose
    step.pad.reset_clicked.emit()
    wait_until_idle(window)
    assert value(window, path) == before
    assert kidney_dose(window) == dose


def kidney_dose(window: MainWindow) -> float:
    evaluation = window.session.document.evaluation
    assert evaluation is not None
    return float(evaluation.cycles[0].organs["kidneys"].total.absorbed_dose_gy)


def test_that_the_reference_scan_stays_where_it_is(window: MainWindow) -> None:
    window.go_to("align")
    step = window.step("align")
    assert isinstance(step, AlignStep)
    cycle = window.session.cycle
    assert cycle is not None
    window.session.view_state.set_time_point(cycle.reference_time_point)
    step.pad.nudged.emit(np.array([5.0, 0.0, 0.0]), np.zeros(3))
    assert window.session.document.labels == ()


def test_that_registering_again_is_a_job_that_can_be_cancelled(window: MainWindow) -> None:
    window.go_to("align")
    step = window.step("align")
    assert isinstance(step, AlignStep)
    case = window.session.document.case
    step.register_again()
    job = next(job for job in window.session.jobs.running if job.title.startswith("Registering"))
    job.cancel()
    wait_until_idle(window)
    assert window.session.document.case is case
    step.register_again()
    wait_until_idle(window)
    assert window.session.document.labels == ("Register cycle 1",)


def test_that_a_point_is_left_out_only_with_a_reason(window: MainWindow) -> None:
    window.go_to("curves")
    step = window.step("curves")
    assert isinstance(step, CurvesStep)
    wait_until_idle(window)
    path = "cycles.0.vois.Kidney L.fit.Lu-177.extrapolated_fraction"
    before = value(window, path)
    step.exclude_point(4, "")
    assert window.session.document.labels == ()
    step.exclude_point(4, "patient moved")
    wait_until_idle(window)
    assert value(window, path) > before
    assert "patient moved" in grid(window, "curve_points").text("3", "state")
    step.include_point(4)
    wait_until_idle(window)
    assert value(window, path) == before


def test_that_the_fit_model_can_be_chosen_for_one_voi(window: MainWindow) -> None:
    window.go_to("curves")
    step = window.step("curves")
    assert isinstance(step, CurvesStep)
    index = step.voi_model.findText("log-trapezoid")
    step.voi_model.setCurrentIndex(index)
    step.voi_model.activated.emit(index)
    wait_until_idle(window)
    assert dict(window.session.case.settings.fit.model_by_voi) == {"Kidney L": "log-trapezoid"}
    evaluation = window.session.document.evaluation
    assert evaluation is not None
    assert evaluation.cycles[0].vois["Kidney L"].fits["Lu-177"].model == "log-trapezoid"
    assert evaluation.cycles[0].vois["Kidney R"].fits["Lu-177"].model == "mono-exponential"


def test_that_keys_choose_tools_and_brush_size(window: MainWindow) -> None:
    window.go_to("voi")
    view_state = window.session.view_state
    axial = window.step("voi").grid.views["axial"]  # type: ignore[attr-defined]
    QTest.keyClick(axial, Qt.Key.Key_B)
    assert view_state.tool == "brush"
    radius = view_state.brush_radius_mm
    QTest.keyClick(axial, Qt.Key.Key_BracketRight)
    assert view_state.brush_radius_mm == pytest.approx(1.2 * radius)
    QTest.keyClick(axial, Qt.Key.Key_E)
    assert view_state.tool == "erase"
    QTest.keyClick(axial, Qt.Key.Key_Escape)
    assert view_state.tool == "cursor"
    QTest.keyClick(axial, Qt.Key.Key_2)
    assert view_state.window_hu == (1500.0, -600.0)
    fusion = view_state.fusion
    QTest.keyClick(axial, Qt.Key.Key_Tab)
    assert view_state.fusion != fusion
    first = view_state.voi_id
    QTest.keyClick(axial, Qt.Key.Key_W)
    assert view_state.voi_id != first
    QTest.keyClick(axial, Qt.Key.Key_Q)
    assert view_state.voi_id == first
    QTest.keyClick(axial, Qt.Key.Key_G)
    assert not view_state.contours
    QTest.keyClick(axial, Qt.Key.Key_G)
    QTest.keyClick(axial, Qt.Key.Key_1)


def test_that_f1_shows_the_keys_of_the_step(window: MainWindow) -> None:
    window.go_to("voi")
    window.actions_table.actions["key_sheet"].trigger()
    sheet = window.findChild(object, "key_sheet")
    assert sheet is not None
    assert sheet.isVisible()  # type: ignore[attr-defined]
    sheet.reject()  # type: ignore[attr-defined]
    sheet.deleteLater()  # type: ignore[attr-defined]


def test_that_a_bad_case_file_is_told_line_by_line(qapp: object, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text('format = 1\n[patient]\nid = "1"\nfoot = 3\n', encoding="utf-8")
    window = MainWindow(empty_case())
    window.resize(QSize(1366, 768))
    window.show()
    window.opening.open_path(tmp_path)
    course = window.step("course")
    text = course.findChild(object, "problem_text").text()  # type: ignore[union-attr]
    assert "foot" in text
    assert len(text.splitlines()) > 3
    window.close()


def test_that_a_folder_without_a_case_is_told_and_nothing_opens(qapp: object, tmp_path: Path) -> None:
    window = MainWindow(empty_case())
    window.show()
    window.opening.open_path(tmp_path)
    assert "case.toml" in window.step("course").findChild(object, "problem_text").text()  # type: ignore[union-attr]
    assert window.session.case.cycles == ()
    window.close()


def test_that_a_fault_of_the_program_is_told_and_the_case_stays(window: MainWindow, tmp_path: Path) -> None:
    window._reports_folder = tmp_path
    case = window.session.document.case
    window.show_problem(ZeroDivisionError("boom"))
    assert window.session.document.case is case
    (report,) = tmp_path.iterdir()
    assert "ZeroDivisionError" in report.read_text(encoding="utf-8")
    window.step("course").show_problems([])  # type: ignore[attr-defined]
    window._reports_folder = None


def test_that_clicking_a_finding_goes_to_its_place(window: MainWindow) -> None:
    from dosimetry_core.errors import Finding

    window.show_place(Finding("extrapolated-fraction", "warning", "…", "cycle 1, Kidney R"))
    assert window.current_step == "curves"
    assert window.session.voi is not None
    assert window.session.voi.name == "Kidney R"


@pytest.mark.parametrize(
    ("setting", "index", "path", "expected"),
    [
        ("weights", 1, "weights", "uniform"),
        ("tail", 1, "tail", "physical"),
        ("prior", 1, "prior", "population"),
        ("few_scans", 1, "few_scans", "single-time-point"),
        ("single_time_point", 1, "single_time_point", "population"),
    ],
)
def test_that_every_setting_of_the_fit_is_an_undoable_choice(
    window: MainWindow, setting: str, index: int, path: str, expected: str
) -> None:
    window.go_to("curves")
    wait_until_idle(window)
    step = window.step("curves")
    assert isinstance(step, CurvesStep)
    box = step.settings[setting]
    box.setCurrentIndex(index)
    box.activated.emit(index)
    wait_until_idle(window)
    assert getattr(window.session.case.settings.fit, path) == expected
    assert box.currentIndex() == index
    window.session.document.undo()
    wait_until_idle(window)
    assert box.currentIndex() == 0


def test_that_what_stands_behind_a_curve_is_shown_as_in_the_results(window: MainWindow) -> None:
    window.go_to("curves")
    wait_until_idle(window)
    step = window.step("curves")
    assert isinstance(step, CurvesStep)
    result = window.session.cycle_result.vois[window.session.voi.name]
    fit = result.fits["Lu-177"]
    left_out_of_curve = step.evidence.left_out
    for number, left_out in enumerate(leave_one_out(fit)):
        shown = left_out_of_curve.text(str(number), "change")
        assert float(shown.replace("−", "-")) == pytest.approx(100 * left_out.relative_change, abs=0.05)
    step.model.activated.emit(list(get_args(FitModel)).index("automatic"))
    wait_until_idle(window)
    fit = window.session.cycle_result.vois[window.session.voi.name].fits["Lu-177"]
    assert fit.candidates
    said = next(finding.text for finding in fit.findings if finding.code == "model-choice")
    assert step.evidence.reason.text() == f"Automatic: {said}."
