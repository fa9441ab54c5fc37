"""The report, the tables and what Ctrl+C takes, in the real window."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QListView, QWidget

from app.main_window import MainWindow
from app.number_grid import NumberGrid
from app.plans.page_images import page_count, page_texts
from app.reviews import STEP_KEYS
from app.screenshots import wait_until_idle
from app.steps.report_step import ReportStep
from widgets.plot import Plot

_BARE = re.compile(r"[−+-]?\d+(?:\.\d+)?(?: ± \d+(?:\.\d+)?)?")
_PLAIN = re.compile(
    r"no\.|n|cycles?|cycle|time point|scan|points?|grade|rank|factor|recovery|×|χ²|aicc|freedom|p", re.I
)
"""Titles of columns whose numbers have no unit."""
_PURE = re.compile(r".*(?:factor|coefficient|fraction|ratio|weight|scaling|Decay to the start|Karnofsky|ECOG).*", re.I)
"""Names of rows whose numbers have no unit."""


@pytest.fixture
def report_step(window: MainWindow) -> ReportStep:
    window.go_to("report")
    wait_until_idle(window)
    step = window.step("report")
    assert isinstance(step, ReportStep)
    return step


@pytest.fixture
def polish_letter(window: MainWindow, report_step: ReportStep):
    report_step.choice.report.click()
    report_step.choice.language.setCurrentIndex(1)
    report_step.choice.paper.setCurrentIndex(1)
    wait_until_idle(window)
    yield report_step
    report_step.choice.language.setCurrentIndex(0)
    report_step.choice.paper.setCurrentIndex(0)
    report_step.choice.plan.click()
    wait_until_idle(window)


def test_that_the_report_is_shown_saved_and_printed_in_the_chosen_form(
    window: MainWindow, polish_letter: ReportStep, tmp_path: Path
) -> None:
    step = polish_letter
    assert step.pdf is not None
    texts = page_texts(step.pdf)
    assert "Raport do decyzji" in texts[0]
    assert "SPECT nałożony na TK z obrysami" in "\n".join(texts)
    assert step.pages.page_count == page_count(step.pdf)
    step.write_pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes() == step.pdf
    printer = QPrinter(QPrinter.PrinterMode.ScreenResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    step.print_to(printer)
    wait_until_idle(window)
    assert page_count((tmp_path / "printed.pdf").read_bytes()) == page_count(step.pdf)
    assert window.session.preferences.report_language == "pl"
    assert window.session.preferences.report_paper == "us-letter"


def test_that_the_plan_comes_back_as_it_was(window: MainWindow, report_step: ReportStep) -> None:
    before = report_step.pdf
    report_step.choice.report.click()
    wait_until_idle(window)
    assert report_step.pdf != before
    report_step.choice.plan.click()
    wait_until_idle(window)
    assert report_step.pdf is not None
    assert "Treatment plan" in page_texts(report_step.pdf)[0]


def test_that_all_results_are_saved_as_tables(window: MainWindow, report_step: ReportStep, tmp_path: Path) -> None:
    report_step.write_tables(tmp_path / "tables")
    wait_until_idle(window)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert {"results.xlsx", "results.json", "doses-of-organs.csv", "everything.csv"} <= names
    rows = list(csv.DictReader((tmp_path / "tables" / "plan.csv").read_text(encoding="utf-8-sig").splitlines()))
    planned = next(r for r in rows if r["Quantity"] == "activity of the next cycle" and r["Of"] == "Y-90")
    evaluation = window.session.planned
    assert evaluation is not None
    assert float(planned["Value"]) == pytest.approx(evaluation.plan.activities_bq["Y-90"] / 1e9, rel=1e-14)


def _tables(window: MainWindow) -> list[QWidget]:
    views = [v for v in window.findChildren(QAbstractItemView) if not (isinstance(v, QListView) and _of_combo(v))]
    return [table for table in (*views, *window.findChildren(NumberGrid)) if table.isVisible()]


def _of_combo(view: QListView) -> bool:
    parent = view.parentWidget()
    while parent is not None:
        if isinstance(parent, QComboBox):
            return True
        parent = parent.parentWidget()
    return False


def test_that_ctrl_c_on_every_table_of_every_step_gives_numbers_with_units(window: MainWindow) -> None:
    walked, bare = 0, []
    for key in STEP_KEYS:
        window.go_to(key)
        wait_until_idle(window)
        for table in _tables(window):
            name = f"{key}, {table.objectName() or type(table).__name__}"
            QGuiApplication.clipboard().setText("untouched")
            table.setFocus()
            QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
            copied = QGuiApplication.clipboard().text()
            assert copied != "untouched", name
            walked += 1
            titles, *rows = copied.split("\n")
            bare += [f"{name}: {what}" for row in rows for what in _without_unit(titles.split("\t"), row.split("\t"))]
    assert bare == []
    assert walked >= 8


def _without_unit(titles: list[str], cells: list[str]) -> list[str]:
    """Numbers of a row that have a unit neither behind them, nor in their title, nor in the name of their row."""
    if _has_unit(cells[0]) or not cells[0] or _PURE.fullmatch(cells[0]):
        return []
    return [
        f"{cell!r} under {title!r} of {cells[0]!r}"
        for title, cell in zip(titles, cells, strict=False)
        if _BARE.fullmatch(cell.strip()) and not _has_unit(title) and not _PLAIN.fullmatch(title.strip())
    ]


def _has_unit(title: str) -> bool:
    return "/" in title or "(" in title or "Gy" in title or "MBq" in title or "%" in title or title.strip() == ""


def test_that_ctrl_c_over_a_plot_takes_its_numbers(window: MainWindow) -> None:
    window.go_to("curves")
    wait_until_idle(window)
    window.setFocus()
    plots = [plot for plot in window.step("curves").findChildren(Plot) if plot.isVisible() and plot.width() > 200]
    assert plots
    QCursor.setPos(plots[0].mapToGlobal(QPoint(plots[0].width() // 2, plots[0].height() // 2)))
    QGuiApplication.clipboard().setText("untouched")
    QTest.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == plots[0].table().lines()
