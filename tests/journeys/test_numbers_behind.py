"""What stands behind the numbers, in the window: models, missing scans, the trail, the second opinion, the budget."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QMenu

from app.main_window import MainWindow
from app.missing_scans import STOPPED
from app.number_grid import NumberGrid
from app.screenshots import wait_until_idle
from app.steps.curves_step import CurvesStep
from app.steps.dose_step import DoseStep
from dosimetry_core.kinetics.model_comparison import COMPARED, compare_models
from dosimetry_core.pipeline.missing_scan import without_each_scan
from dosimetry_core.report.number_trail import number_trail


def curves(window: MainWindow) -> CurvesStep:
    window.go_to("curves")
    wait_until_idle(window)
    step = window.step("curves")
    assert isinstance(step, CurvesStep)
    return step


def dose(window: MainWindow) -> DoseStep:
    window.go_to("dose")
    wait_until_idle(window, second_opinion=True)
    step = window.step("dose")
    assert isinstance(step, DoseStep)
    return step


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def click(widget: object) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


# --- curves -----------------------------------------------------------------------------------------------------------


def test_that_every_model_is_shown_for_a_model_that_was_fixed(window: MainWindow) -> None:
    step = curves(window)
    shown = step.evidence.candidates
    assert window.session.case.settings.fit.model == "mono-exponential"
    names = [shown.text(str(n), "model").removeprefix("▸ ") for n in range(len(COMPARED))]
    assert tuple(names) == COMPARED
    assert shown.text("0", "model").startswith("▸ ")
    assert shown.text("2", "criterion") == "not defined"
    assert "4 points and 4 parameters" in shown.text("2", "remark") or "not seen" in shown.text("2", "remark")
    assert shown.text("2", "weight") == ""
    fit = window.session.cycle_result.vois[window.session.voi.name].fits["Lu-177"]
    found = compare_models(fit, chosen="is the default for all VOIs")
    assert found is not None
    assert step.evidence.reason.text() == found.reason
    assert number(shown.text("0", "criterion")) == pytest.approx(fit.information_criterion, abs=0.05)


def test_that_a_model_chosen_against_the_criterion_says_so(window: MainWindow) -> None:
    step = curves(window)
    index = step.voi_model.findText("log-trapezoid")
    step.voi_model.setCurrentIndex(index)
    step.voi_model.activated.emit(index)
    wait_until_idle(window)
    said = step.evidence.reason.text()
    assert said.startswith("Log-trapezoid was chosen for this VOI. AICc prefers mono-exponential")
    assert "differs by" in said
    assert step.evidence.candidates.text("4", "model") == "▸ log-trapezoid"


def test_that_a_missing_scan_is_followed_to_the_next_activity(window: MainWindow) -> None:
    step = curves(window)
    evaluation = window.session.document.evaluation
    assert evaluation is not None
    voi = window.session.voi.name
    shown = step.evidence.left_out
    plan = evaluation.plan
    assert shown.text("all", "dose") == f"{evaluation.cycles[0].vois[voi].total.absorbed_dose_gy:.3f}"
    for n, item in enumerate(without_each_scan(evaluation, 0)):
        there = item.absorbed_dose_gy(0, voi)
        assert there is not None
        assert number(shown.text(str(n), "dose")) == pytest.approx(there, abs=5e-4)
        free = plan.free_nuclide
        assert number(shown.text(str(n), free)) == pytest.approx(item.next_activities_bq[free] / 1e9, abs=5e-3)
        unrounded = item.evaluation.plan.unrounded_activities_bq[free]
        assert number(shown.text(str(n), f"unrounded {free}")) == pytest.approx(unrounded / 1e9, abs=5e-4)
    assert window.session.document.labels == (), "asking what if is no edit"


def test_that_both_cards_are_reached_where_there_is_room_for_one(window: MainWindow) -> None:
    step = curves(window)
    before = window.size()
    window.resize(1366, 768)
    wait_until_idle(window)
    evidence = step.evidence
    try:
        assert evidence.candidates.isVisible()
        assert not evidence.left_out.isVisible()
        click(evidence.to_scans)
        assert evidence.left_out.isVisible()
        assert not evidence.candidates.isVisible()
        click(evidence.to_models)
        assert evidence.candidates.isVisible()
    finally:
        window.resize(before)
        wait_until_idle(window)


def test_that_the_reason_of_an_exclusion_is_asked_in_its_place(window: MainWindow) -> None:
    step = curves(window)
    window.session.view_state.set_time_point(3)
    click(step.exclude)
    QTest.qWait(20)
    assert step.reason.isVisible()
    shown = step.inspector.viewport().rect()
    place = step.reason.accept_button.mapTo(step.inspector.viewport(), step.reason.accept_button.rect().center())
    assert shown.contains(place), "it is scrolled to"
    assert "scan 4" in step.reason.question.text()
    QTest.keyClick(step.reason.field, Qt.Key.Key_Escape)
    assert not step.reason.isVisible()
    assert window.session.document.labels == ()
    click(step.exclude)
    click(step.reason.accept_button)
    assert window.session.document.labels == (), "without a reason nothing is left out"
    click(step.exclude)
    QTest.keyClicks(step.reason.field, "patient moved")
    QTest.keyClick(step.reason.field, Qt.Key.Key_Return)
    wait_until_idle(window)
    assert step.points.text("3", "state") == "left out: patient moved"
    assert step.evidence.left_out.text("3", "change") == "left out already"
    click(step.include)
    wait_until_idle(window)
    assert step.points.text("3", "state") == ""


def test_that_the_answer_is_about_the_voi_that_was_asked_for(window: MainWindow) -> None:
    step = curves(window)
    first, second = window.session.cycle.vois[:2]
    window.session.view_state.set_voi(first.voi_id)
    step._point_menu(first.voi_id, 1, QPoint(300, 300))
    menu = step.findChildren(QMenu)[-1]
    menu.actions()[0].trigger()
    menu.close()
    window.session.view_state.set_voi(second.voi_id)
    QTest.keyClicks(step.reason.field, "hot urine")
    click(step.reason.accept_button)
    wait_until_idle(window)
    (exclusion,) = window.session.case.settings.fit.exclude
    assert (exclusion.voi, exclusion.time_point, exclusion.cycle) == (first.name, 2, 1)


def test_that_a_point_leads_to_the_images_of_its_scan(window: MainWindow) -> None:
    step = curves(window)
    voi = window.session.voi
    step._point_menu(voi.voi_id, 2, QPoint(300, 300))
    menu = step.findChildren(QMenu)[-1]
    menu.actions()[-1].trigger()
    menu.close()
    assert window.current_step == "voi"
    assert window.session.view_state.time_point == 2
    assert window.session.voi.name == voi.name


def test_that_a_stopped_computation_says_so(window: MainWindow) -> None:
    step = curves(window)
    box = step.settings["weights"]
    box.activated.emit(1)
    job = None
    for _ in range(2000):
        QTest.qWait(2)
        job = next((job for job in window.session.jobs.running if job.purpose == "missing scans"), None)
        if job is not None:
            break
    assert job is not None
    job.cancel()
    wait_until_idle(window)
    assert step.evidence.assumed.text() == STOPPED
    assert step.evidence.left_out.text("0", "dose") == "–"


def test_that_a_known_half_life_is_shown_with_what_it_did(window: MainWindow) -> None:
    step = curves(window)
    box = step.settings["prior"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    wait_until_idle(window)
    prior = window.session.cycle_result.vois[window.session.voi.name].fits["Lu-177"].prior
    assert number(step.numbers.text("Lu-177 Known half-life (h)", "value")) == pytest.approx(
        prior.effective_half_life_s / 3600, abs=0.05
    )
    assert "prior" in step.prior_text.text().lower()
    box.setCurrentIndex(2)
    box.activated.emit(2)
    wait_until_idle(window)
    assert "without a prior half-life" in step.prior_text.text(), "the first cycle has none before it, and that is said"


# --- dose -------------------------------------------------------------------------------------------------------------


def test_that_the_trail_is_that_of_the_core_with_its_uncertainties(window: MainWindow) -> None:
    step = dose(window)
    step.tabs.setCurrentWidget(step.trail)
    evaluation = window.session.document.evaluation
    voi = step.trail.voi
    for row in number_trail(evaluation, 0, voi):
        assert step.trail.grid.text(row.key, "name").strip() == row.name
        if row.value is not None:
            assert step.trail.grid.text(row.key, "value") == row.unit.text(row.value, digits=row.digits)
        if row.standard_uncertainty is not None:
            shown = step.trail.grid.text(row.key, "uncertainty")
            assert shown == row.unit.text(row.standard_uncertainty, digits=row.digits, with_symbol=False)
        else:
            assert step.trail.grid.text(row.key, "uncertainty") == row.uncertainty_text


def test_that_the_trail_calls_a_model_as_the_curves_do(window: MainWindow) -> None:
    step = curves(window)
    shown = step.evidence.candidates
    in_use = next(text for n in range(len(COMPARED)) if (text := shown.text(str(n), "model")).startswith("▸ "))
    how = dose(window).trail.rows["¹⁷⁷Lu curve, half-life"].how
    assert how.startswith(f"{in_use.removeprefix('▸ ')} through ")


def test_that_a_row_of_a_scan_leads_to_that_scan(window: MainWindow) -> None:
    step = dose(window)
    step.tabs.setCurrentWidget(step.trail)
    row = step.trail.rows["scan 3, activity"]
    place = step.trail.findChild(QLabel, row.path)
    assert place is not None
    QTest.mouseClick(place, Qt.MouseButton.LeftButton)
    assert window.current_step == "curves"
    assert window.session.view_state.time_point == 2


def test_that_every_row_of_the_trail_has_a_place(window: MainWindow) -> None:
    step = dose(window)
    step.tabs.setCurrentWidget(step.trail)
    for key, row in list(step.trail.rows.items()):
        window.go_to("dose")
        step.tabs.setCurrentWidget(step.trail)
        step.trail.grid.row_clicked.emit(key)
        assert window.current_step == row.place, key
        if row.place == "dose":
            assert step.tabs.currentWidget() is not step.trail, key


def test_that_the_trail_is_exported_with_a_click(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = dose(window)
    step.tabs.setCurrentWidget(step.trail)
    target = tmp_path / "trail.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(target), ""))
    click(step.trail.export)
    first, *lines = target.read_text("utf-8").splitlines()
    assert first.startswith("# Lutetia")
    assert f"patient {window.session.case.patient.patient_id}, cycle 1, {step.trail.voi}" in first
    read = list(csv.DictReader(io.StringIO("\n".join(lines))))
    rows = step.trail.rows
    assert [line["quantity"] for line in read] == [row.name for row in rows.values()]
    by_name = {line["quantity"]: line for line in read if line["group"] == "Absorbed dose"}
    total = rows["Absorbed dose, total"]
    assert float(by_name["Absorbed dose"]["value"]) == total.value
    assert float(by_name["Absorbed dose"]["standard_uncertainty"]) == total.standard_uncertainty
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(tmp_path / "trail.csv" / "x.csv"), ""))
    told: list[str] = []
    step.told.connect(told.append)
    click(step.trail.export)
    assert "can't be written" in told[-1]


def test_that_the_second_opinion_has_a_row_for_every_voi(window: MainWindow) -> None:
    step = dose(window)
    step.tabs.setCurrentWidget(step._opinion_page)
    evaluation = window.session.document.evaluation
    for name, voi in evaluation.cycles[0].vois.items():
        second = evaluation.second_values[f"cycles.0.vois.{name}.absorbed_dose_gy.total"]
        assert second == pytest.approx(voi.total.absorbed_dose_gy, rel=0.005)
        assert number(step.checks.text(name, "second")) == pytest.approx(second, abs=5e-4)
        shown = number(step.checks.text(name, "second difference").removesuffix(" %"))
        assert shown == pytest.approx(100 * (second / voi.total.absorbed_dose_gy - 1), abs=0.05)
        for item in voi.comparisons:
            shown = number(step.checks.text(name, f"{item.engine} difference").removesuffix(" %"))
            assert shown == pytest.approx(100 * (item.ratio["total"] - 1), abs=0.05)


def test_that_the_budget_says_what_would_improve_the_dose_most(window: MainWindow) -> None:
    step = dose(window)
    step.tabs.setCurrentIndex([step.tabs.tabText(n) for n in range(step.tabs.count())].index("Uncertainty"))
    result = window.session.cycle_result.vois[window.session.voi.name]
    budget = result.budgets["total"]
    assert isinstance(step.budget, NumberGrid)
    for source, share in budget.variance_shares.items():
        assert number(step.budget.text(source, "share")) == pytest.approx(100 * share, abs=0.5)
    gray = [number(step.budget.text(source, "gray")) for source in budget.variance_shares]
    assert sum(value**2 for value in gray) ** 0.5 == pytest.approx(result.total.standard_uncertainty_gy, rel=0.02)
    assert step.improve.text() == budget.text
    assert "would help most" in step.improve.text()


# --- course -----------------------------------------------------------------------------------------------------------


def test_that_revisions_are_compared_from_the_course_screen(window: MainWindow) -> None:
    from app.plans.revision_window import RevisionWindow
    from app.steps.course_overview import CourseOverview

    window.go_to("course")
    wait_until_idle(window)
    overview = window.step("course").findChild(CourseOverview)
    click(overview.revisions)
    wait_until_idle(window)
    shown = next(top for top in window.findChildren(RevisionWindow) if top.isVisible())
    assert shown.comparison is not None
    shown.close()


def test_that_bars_of_the_course_have_what_is_ahead(window: MainWindow) -> None:
    from widgets.dose_bars_view import DoseBarsView

    window.go_to("course")
    wait_until_idle(window)
    shown = window.findChild(DoseBarsView, "course_bars")
    bar = next(bar for bar in shown.bars() if bar.key == "kidneys")
    plan = window.session.evaluation.plan
    assert {part.state for part in bar.segments} == {"delivered", "planned", "forecast"}
    given = {name for name, activity in plan.activities_bq.items() if activity > 0}
    assert {part.nuclide for part in bar.segments if part.state == "planned"} == given
    assert bar.total_gy == pytest.approx(plan.forecast.predicted["kidneys"].course_gy)
    assert shown.ahead_text("kidneys").startswith("→ ")
