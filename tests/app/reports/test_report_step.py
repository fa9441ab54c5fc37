"""What the report screen saves and prints is made from the course as it is, or not saved and printed at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication

import app.steps.report_step as report_step
from app.main import make_application
from app.main_window import MainWindow
from app.plans.page_images import page_texts
from app.plans.plan_signing import PlanFile
from app.screenshots import wait_until_idle
from app.session import empty_case
from app.steps.report_step import ReportStep
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.plan_record import PlanCheck
from tests.app.follow_up.conftest import CASE


@pytest.fixture
def step(qapp: QApplication, tmp_path: Path) -> Iterator[ReportStep]:
    make_application()
    (tmp_path / "case.toml").write_text(CASE, "utf-8")
    window = MainWindow(empty_case())
    window.show()
    window.opening.open_case(read_case(tmp_path))
    window.go_to("report")
    wait_until_idle(window)
    made = window.step("report")
    assert isinstance(made, ReportStep)
    yield made
    window.close()
    window.deleteLater()


def idle(step: ReportStep) -> None:
    window = step.window()
    assert isinstance(window, MainWindow)
    wait_until_idle(window)


def halved(case: Case) -> Case:
    cycle = case.cycles[0]
    given = replace(cycle.administrations[0], administered_activity_bq=3.7e9, vial=None)
    return replace(case, cycles=(replace(cycle, administrations=(given,)),))


def told(step: ReportStep) -> list[str]:
    said: list[str] = []
    step.told.connect(said.append)
    return said


def given_gbq(path: Path) -> float:
    tree = json.loads(path.read_bytes())
    return float(tree["cycles"][0]["administrations"][0]["administered_activity_bq"]) / 1e9


@pytest.mark.parametrize("kind", ["plan", "report"])
def test_that_saved_results_are_those_of_the_course_as_it_is(step: ReportStep, tmp_path: Path, kind: str) -> None:
    getattr(step.choice, kind).click()
    idle(step)
    assert step.data.isEnabled()
    step.session.document.apply("Activity", halved)
    said = told(step)
    step.write_results(tmp_path / "early.json")
    assert said == ["Not saved: results are being computed"]
    assert (step.data.isEnabled(), step.data.toolTip()) == (False, "Results are being computed")
    idle(step)
    step.refresh()
    step.write_results(tmp_path / "results.json")
    idle(step)
    assert not (tmp_path / "early.json").exists()
    assert given_gbq(tmp_path / "results.json") == pytest.approx(3.7)
    assert said[-1] == "Saved results.json"


@pytest.mark.parametrize("kind", ["plan", "report"])
def test_that_a_document_of_the_former_case_is_neither_saved_nor_printed(
    step: ReportStep, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    getattr(step.choice, kind).click()
    idle(step)
    former = step.pdf
    assert former is not None
    assert step.save.isEnabled()
    monkeypatch.setattr(report_step, "print_images", lambda *_given: pytest.fail("printed"))
    step.session.document.apply("Activity", halved)
    said = told(step)
    # No refresh in between: the screen may not know of the edit yet.
    step.write_pdf(tmp_path / "former.pdf")
    assert said == ["Not saved: the course has changed since this document was made"]
    step.print_to(QPrinter())
    assert step.pdf is None
    assert step.pages.page_count == 0
    assert not step.save.isEnabled()
    assert not step.print_button.isEnabled()
    idle(step)
    step.refresh()
    idle(step)
    assert not (tmp_path / "former.pdf").exists()
    assert step.pdf not in (None, former)
    step.write_pdf(tmp_path / "new.pdf")
    assert (tmp_path / "new.pdf").read_bytes() == step.pdf


def test_that_nothing_of_the_former_document_stays_while_another_is_typeset_or_fails(
    step: ReportStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    step.choice.report.click()
    idle(step)

    def broken(*_given: object, **_more: object) -> bytes:
        raise OSError("no typesetting")

    monkeypatch.setattr(report_step, "made_report", broken)
    step.session.document.apply("Activity", halved)
    idle(step)
    step.refresh()
    idle(step)
    assert step.session.is_current
    assert step.pdf is None
    assert step.pages.page_count == 0
    assert not step.save.isEnabled()
    assert not step.print_button.isEnabled()


def test_that_a_signed_plan_in_view_that_became_stale_is_not_saved_or_printed_unmarked(
    step: ReportStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = step.session.planned
    assert step.pdf is not None
    assert planned is not None
    plan = planned.plan
    signed = PlanFile(
        tmp_path / "plan.pdf", step.pdf, "A", planned.case, dict(plan.activities_bq), plan.next_cycle, reasons={}
    )
    step.session.plan_files.append(signed)
    step.refresh()
    idle(step)
    assert step.session.staleness is None
    assert step.save.isEnabled()
    monkeypatch.setattr(report_step, "print_images", lambda *_given: pytest.fail("printed"))
    step.session.document.apply("Activity", halved)
    step.write_pdf(tmp_path / "former.pdf")
    step.print_to(QPrinter())
    idle(step)
    assert not (tmp_path / "former.pdf").exists()


@pytest.mark.parametrize("act", ["write_tables", "write_results", "export_dicom"])
def test_that_nothing_leaves_while_doses_are_pending(
    step: ReportStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    monkeypatch.setattr(report_step, "has_pending", lambda _evaluation: True)
    said = told(step)
    getattr(step, act)(tmp_path / "out")
    idle(step)
    assert said[0].endswith(": doses are still being computed")
    assert not (tmp_path / "out").exists()
    step.refresh()
    for button in (step.data, step.tables, step.dicom, step.save, step.print_button):
        assert not button.isEnabled()
    for button in (step.data, step.tables, step.dicom):
        assert button.toolTip() == "Doses are still being computed"
    monkeypatch.undo()
    step.refresh()
    assert step.tables.isEnabled()
    assert step.tables.toolTip() != "Doses are still being computed"


def test_that_the_report_of_a_checked_plan_says_who_checked_it(
    step: ReportStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    step.choice.report.click()
    idle(step)
    before = step.pdf
    assert before is not None
    assert "C. Checker" not in "".join(page_texts(before))
    checked = PlanCheck("C. Checker", datetime(2025, 3, 5, 9, 30, tzinfo=ZoneInfo("Europe/Warsaw")))
    monkeypatch.setattr(report_step, "check_for_record", lambda _session: checked)
    step.refresh()
    idle(step)
    assert step.pdf is not None
    text = "".join(page_texts(step.pdf))
    assert "C. Checker" in text
    assert "not checked" not in text
