"""Step 6: dose. Bars against limits, the trail of each number, cross-checks, red marrow by where it comes from."""

from __future__ import annotations

from typing import get_args

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from app import dose_tables
from app.case_edits import with_engine_of_voi, with_voxel_s_values_beside
from app.dose_bars import organ_bars, voi_bars
from app.dose_engines_shown import (
    DOSE_VOLUME_COLUMNS,
    ENGINE_WORDS,
    comparison_columns,
    comparison_rows,
    dose_volume_rows,
    histograms,
)
from app.number_grid import NumberGrid
from app.number_trail_shown import S_VALUE_GROUP, SECOND_OPINION
from app.pending_words import pending_words, second_opinion_words, voxels_pending_words
from app.session import Session
from app.steps.dose_map_page import DoseMapPage
from app.steps.number_trail_page import NumberTrailPage
from app.steps.remarks import Remarks
from app.steps.step import SPACING, ScrolledGrid, Section, Step, combo_box, text_label
from app.steps.voi_in_hand import VoiInHand
from dosimetry_core.case import Engine
from dosimetry_core.dose.engine import role_group
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.report.number_trail import TrailRow
from dosimetry_core.units import PERCENT
from widgets.dose_bars_view import DoseBarsView
from widgets.dose_volume_view import DoseVolumeView

LIMIT_WORDS = "limit of the kidneys for the whole course"
_BARS_SHARE = 0.46
_LEAST_BARS_PX = 300


class DoseStep(Step):
    """Everything between activity and absorbed dose, for the current cycle and the course."""

    key = "dose"
    title = "Dose"
    keys = (("{copy} in a table", "copy it with its units"), ("{previous_voi} / {next_voi}", "previous / next VOI"))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._in_hand = VoiInHand(session)
        self._bars = QWidget()
        self._upper = upper = QHBoxLayout(self._bars)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(SPACING)
        organs = Section("Organs at risk: course against limits")
        self.bars = DoseBarsView()
        organs.add(self.bars, 1)
        upper.addWidget(organs, 1)
        lesions = Section("VOIs: course")
        self.voi_bars = DoseBarsView()
        self.voi_bars.setObjectName("voi_dose_bars")
        self.voi_bars.bar_clicked.connect(self._choose_voi)
        lesions.add(self.voi_bars, 1)
        upper.addWidget(lesions, 1)
        self.column.addWidget(self._bars)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("dose_tabs")
        self.trail = NumberTrailPage(session)
        self.trail.row_chosen.connect(self._go_to_origin)
        self.trail.told.connect(self.told)
        self.organs = NumberGrid("organ_doses", spread=False)
        self.vois = NumberGrid("voi_doses", spread=False)
        self.checks = NumberGrid("cross_checks", spread=False, gap=12)
        for grid in (self.vois, self.checks):
            grid.row_clicked.connect(self._choose_voi)
        self.dose_map = DoseMapPage(session)
        self._vois_page, self._opinion_page = ScrolledGrid(self.vois), ScrolledGrid(self.checks)
        for title, widget in (
            ("Number trail", self.trail),
            ("Organs", ScrolledGrid(self.organs)),
            ("VOIs", self._vois_page),
            ("Second opinion", self._opinion_page),
            ("Uncertainty", self._uncertainty_page()),
            ("Red marrow", self._marrow_page()),
            ("Dose–volume", self._dose_volume_page()),
            ("Dose map", self.dose_map),
        ):
            self.tabs.addTab(widget, title)
        self.tabs.currentChanged.connect(lambda _index: self._show_tab())
        self.column.addWidget(self.tabs, 1)
        self._build_inspector()

    def _uncertainty_page(self) -> QWidget:
        """Where the uncertainty of the active VOI's dose comes from, and what would improve it most."""
        self.budget = NumberGrid("dose_budget", spread=False)
        self.budget_title = text_label(role="heading", name="dose_budget_title")
        self.improve = text_label(name="dose_budget_text", wrap=True)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 6, 0, 0)
        for widget in (self.budget_title, self.improve):
            column.addWidget(widget)
        column.addWidget(ScrolledGrid(self.budget), 1)
        return page

    def _marrow_page(self) -> QWidget:
        self.marrow = NumberGrid("marrow_items", spread=False)
        self.conventions = NumberGrid("marrow_conventions", spread=False)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.marrow, 3)
        row.addWidget(self.conventions, 2)
        return ScrolledGrid(page)

    def _dose_volume_page(self) -> QWidget:
        self.histograms = DoseVolumeView()
        self.dose_volume = NumberGrid("dose_volume", spread=False)
        self.dose_volume.row_clicked.connect(self._choose_voi)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.histograms, 1)
        row.addWidget(ScrolledGrid(self.dose_volume), 1)
        return page

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt override
        """The tables keep more than half of the height, on a small screen too."""
        super().resizeEvent(event)
        wanted = max(_LEAST_BARS_PX, round(_BARS_SHARE * self.height()))
        self._bars.setFixedHeight(min(wanted, self.height() - self.tabs.minimumSizeHint().height() - SPACING))

    def _build_inspector(self) -> None:
        self._engine_section = Section("Dose engine")
        self.engine = combo_box("voi_engine", ["As its role", *(words for words in ENGINE_WORDS.values())])
        self.engine.activated.connect(self._choose_engine)
        self._engine_section.add(self.engine)
        self.voxels_beside = QCheckBox("Voxel S values beside")
        self.voxels_beside.setObjectName("voxel_s_values_beside")
        self.voxels_beside.setToolTip("Voxel doses of every VOI for comparison, with dose–volume histograms")
        self.voxels_beside.clicked.connect(self._choose_beside)
        self._engine_section.add(self.voxels_beside)
        self.comparison = text_label(name="engine_comparison", wrap=True)
        self._engine_section.add(self.comparison)
        self.inspector.add(self._engine_section)
        course = Section("Course")
        self.course = NumberGrid("course_doses")
        course.add(self.course)
        self.inspector.add(course)
        opinion = Section("Second opinion")
        self._opinion = text_label(name="second_opinion", wrap=True)
        opinion.add(self._opinion)
        self.disagreements = text_label(role="error", name="disagreements", wrap=True)
        opinion.add(self.disagreements)
        self.inspector.add(opinion)
        self.findings = Remarks("dose_findings")
        self.add_remarks(self.findings)

    def _choose_voi(self, name: str) -> None:
        cycle = self.session.cycle
        voi = next((v for v in (cycle.vois if cycle else ()) if v.name == name), None)
        if voi is not None:
            self.session.view_state.set_voi(voi.voi_id)

    def _go_to_origin(self, row: TrailRow) -> None:
        """Go to where a number of the trail comes from, with its VOI and its scan in view."""
        self._choose_voi(self.trail.voi)
        if row.scan is not None:
            self.session.view_state.set_time_point(row.scan - 1)
        if row.place == "dose":
            engines = row.group == SECOND_OPINION or row.group.endswith(S_VALUE_GROUP)
            self.tabs.setCurrentWidget(self._opinion_page if engines else self._vois_page)
        else:
            self.step_requested.emit(row.place)

    # --- showing ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Which cycle the tables are about."""
        cycle = self.session.cycle
        if cycle is None:
            return ""
        return f"cycle {cycle.number} (Ctrl+Left and Ctrl+Right change it); bars: whole course, this cycle outlined"

    def refresh(self) -> None:
        """Show doses of the current cycle and the course."""
        self._in_hand.keep()
        evaluation, results, stale = self.session.evaluation, self.session.cycle_result, not self.session.is_current
        if evaluation is None or results is None:
            for bars in (self.bars, self.voi_bars):
                bars.show_bars([])
            for grid in (
                self.organs,
                self.vois,
                self.checks,
                self.dose_volume,
                self.marrow,
                self.conventions,
                self.budget,
                self.course,
            ):
                grid.show_rows([], [])
            self.trail.show_trail("")
            for text in (self.improve, self.budget_title):
                text.setText("")
            self.histograms.show_histograms((), "Nothing computed yet.")
            self.dose_map.show_result(None)
            self.findings.show_findings(())
            self._opinion.setText("Nothing computed yet.")
            return
        in_view = results.cycle.number
        self.bars.show_bars(organ_bars(evaluation, stale=stale, with_plan=True, in_view=in_view))
        self.voi_bars.show_bars(voi_bars(evaluation, stale=stale, in_view=in_view))
        # Organs, few, keep the room for their numbers; where it is narrow, names of the many VOIs read upwards.
        self.bars.setMinimumWidth(self.bars.width_wanted())
        for place, bars in enumerate((self.bars, self.voi_bars)):
            self._upper.setStretch(place, bars.width_wanted())
        mark, c = "stale" if stale else "", self.session.view_state.cycle
        active = self.session.voi.name if self.session.voi is not None else ""
        chosen = self.session.case.settings.red_marrow.rest_of_body
        self.organs.show_rows(*dose_tables.organs(c, results, mark))
        self.vois.show_rows(*dose_tables.vois(c, results, active, mark))
        self.checks.show_rows(comparison_columns(results), comparison_rows(c, results, evaluation.second_values, mark))
        self.marrow.show_rows(*dose_tables.marrow_sources(c, results, mark))
        self.conventions.show_rows(*dose_tables.marrow_conventions(c, results, chosen, mark))
        self.course.show_rows(*dose_tables.course(evaluation, mark))
        self._show_dose_volume(c, evaluation, results, mark)
        self._show_budget(c, results, mark)
        self._show_tab()
        self._show_engine(results)
        self._show_opinion(evaluation)
        self.findings.show_findings(results.findings)

    def _show_budget(self, c: int, results: CycleResult, mark: str) -> None:
        voi = self.session.voi
        result = results.vois.get(voi.name) if voi is not None else next(iter(results.vois.values()), None)
        table, text = (dose_tables.NO_TABLE, "") if result is None else dose_tables.uncertainty_budget(c, result, mark)
        self.budget.show_rows(*table)
        self.budget_title.setText("" if result is None else f"{result.voi.name}: where the uncertainty comes from")
        self.improve.setText(text or "No VOI with a dose and a known uncertainty is chosen.")

    def _show_dose_volume(self, c: int, evaluation: Evaluation, results: CycleResult, mark: str) -> None:
        limits, cycle = evaluation.protocol.total_limit_gy, self.session.cycle
        active = self.session.voi.name if self.session.voi is not None else ""
        shown = [] if cycle is None else histograms(cycle, results, active)
        pending = results.voxels_pending
        empty = (
            voxels_pending_words(self.session)
            if pending
            else "Voxel doses are not computed. Tick “Voxel S values beside”, or choose them as the engine of a VOI."
        )
        self.histograms.show_histograms(
            shown, empty, limit_gy=limits.get("kidneys"), limit_words=LIMIT_WORDS, pending=pending_words(self.session)
        )
        rows = dose_volume_rows(c, results, limits, mark)
        self.dose_volume.show_rows(DOSE_VOLUME_COLUMNS if rows else (), rows)

    def _show_tab(self) -> None:
        """What takes a while is made only while it is in view."""
        shown = self.tabs.currentWidget()
        self._bars.setVisible(shown is not self.dose_map)  # the images need the room
        if shown is self.dose_map:
            self.dose_map.show_result(self.session.cycle_result, pending_words(self.session))
        elif shown is self.trail:
            self.trail.show_trail("" if self.session.is_current else "stale")

    def _show_engine(self, results: CycleResult) -> None:
        voi, settings = self.session.voi, self.session.case.settings
        self._engine_section.heading.setText("Dose engine" if voi is None else f"Dose engine: {voi.name}")
        may = self.session.permission.reason is None
        for control in (self.engine, self.voxels_beside):
            control.setEnabled(may and (control is not self.engine or voi is not None))
        by_role = settings.engine.get(role_group(voi.role)) if voi is not None else None
        chosen = settings.engine_by_voi.get(voi.name) if voi is not None else None
        with QSignalBlocker(self.engine):
            self.engine.setItemText(0, f"As its role: {ENGINE_WORDS.get(by_role or '', 'none')}")
            self.engine.setCurrentIndex(0 if chosen is None else 1 + list(ENGINE_WORDS).index(chosen))
        with QSignalBlocker(self.voxels_beside):
            self.voxels_beside.setChecked(settings.voxel_s_values_beside)
        result = None if voi is None else results.vois.get(voi.name)
        pending = pending_words(self.session)
        lines = [] if result is None else [item.explanation for item in result.comparisons]
        lines = [f"{pending}.", *lines] if pending and lines else lines
        if results.voxels_pending:
            lines.append(voxels_pending_words(self.session))
        self.comparison.setText("\n".join(lines))

    def _choose_engine(self, index: int) -> None:
        voi = self.session.voi
        if voi is None:
            return
        engines: tuple[Engine, ...] = get_args(Engine)
        engine = None if index == 0 else next(e for e in engines if e == list(ENGINE_WORDS)[index - 1])
        words = "that of its role" if engine is None else ENGINE_WORDS[engine]
        self.session.document.apply(
            f"Dose engine of {voi.name}: {words}", lambda case: with_engine_of_voi(case, voi.name, engine)
        )

    def _choose_beside(self, beside: bool) -> None:
        words = "Voxel S values beside every engine" if beside else "No voxel S values beside"
        self.session.document.apply(words, lambda case: with_voxel_s_values_beside(case, beside))

    def _show_opinion(self, evaluation: Evaluation) -> None:
        differing, pending = evaluation.disagreements, pending_words(self.session)
        if pending:
            text = f"{pending}."
        elif differing:
            text = f"{len(differing)} numbers are not confirmed by the independent second computation:"
        else:
            text = second_opinion_words(self.session, evaluation)
        self._opinion.setText(text)
        lines = [
            f"{item.quantity}: here {item.value:.5g}, second {item.second_value:.5g} "
            f"({PERCENT.from_core(item.relative_difference):+.2f} %)"
            for item in differing
        ]
        self.disagreements.setText("\n".join(lines))
        self.disagreements.setVisible(bool(lines) and not pending)
