"""Step 6: dose. Bars against limits, the trail of each number, cross-checks, red marrow by where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QTabWidget, QWidget

from app.case_edits import with_engine_of_voi, with_voxel_s_values_beside
from app.dose_bars import organ_bars, voi_bars
from app.dose_engines_shown import (
    DOSE_VOLUME_COLUMNS,
    ENGINE_WORDS,
    comparison_columns,
    comparison_rows,
    dose_volume_rows,
    enclosed_row,
    engine_text,
    histograms,
    own_name,
)
from app.number_grid import Cell, GridColumn, GridRow, Number, NumberGrid
from app.number_trail_shown import origin_of, trail_rows, trail_tooltip
from app.result_paths import result_path
from app.session import Session
from app.steps.dose_map_page import DoseMapPage
from app.steps.remarks import Remarks
from app.steps.step import SPACING, ScrolledGrid, Section, Step, combo_box, text_label
from dosimetry_core.case import Engine
from dosimetry_core.dose.engine import role_group
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.report.words import in_words, nuclide_order, nuclide_symbol, organ_order
from dosimetry_core.results import OrganResult
from dosimetry_core.units import (
    GRAM,
    GRAY,
    GRAY_PER_GIGABECQUEREL,
    MILLIGRAY,
    MILLILITRE,
    PERCENT,
)
from widgets.dose_bars_view import DoseBarsView
from widgets.dose_volume_view import DoseVolumeView

_ENGINES_TAB = 2
CONVENTIONS = ("icrp-other", "total-body-difference", "soft-tissue")


class DoseStep(Step):
    """Everything between activity and absorbed dose, for the current cycle and the course."""

    key = "dose"
    title = "Dose"
    keys = (("Ctrl+C in a table", "copy it with its units"), ("Q / W", "previous / next VOI"))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._trail_voi, self._trail_names = "", list[str]()
        self._bars = QWidget()
        upper = QHBoxLayout(self._bars)
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
        self.column.addWidget(self._bars, 4)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("dose_tabs")
        self.organs = NumberGrid("organ_doses", spread=False)
        self.vois = NumberGrid("voi_doses", spread=False)
        self.vois.row_clicked.connect(self._choose_voi)
        self.checks = NumberGrid("cross_checks", spread=False)
        self.marrow = NumberGrid("marrow_items", spread=False)
        self.conventions = NumberGrid("marrow_conventions", spread=False)
        marrow = QWidget()
        marrow_row = QHBoxLayout(marrow)
        marrow_row.setContentsMargins(0, 0, 0, 0)
        marrow_row.addWidget(self.marrow, 3)
        marrow_row.addWidget(self.conventions, 2)
        self.histograms = DoseVolumeView()
        self.dose_volume = NumberGrid("dose_volume", spread=False)
        self.dose_volume.row_clicked.connect(self._choose_voi)
        self.checks.row_clicked.connect(self._choose_voi)
        dose_volume = QWidget()
        dose_volume_row = QHBoxLayout(dose_volume)
        dose_volume_row.setContentsMargins(0, 0, 0, 0)
        dose_volume_row.addWidget(self.histograms, 1)
        dose_volume_row.addWidget(ScrolledGrid(self.dose_volume), 1)
        for title, widget in (
            ("Organs", self.organs),
            ("VOIs", self.vois),
            ("Engines", self.checks),
            ("Red marrow", marrow),
        ):
            self.tabs.addTab(ScrolledGrid(widget), title)
        self.tabs.addTab(dose_volume, "Dose–volume")
        self.dose_map = DoseMapPage(session)
        self.tabs.addTab(self.dose_map, "Dose map")
        self.tabs.currentChanged.connect(lambda _index: self._show_dose_map())
        self.column.addWidget(self.tabs, 5)
        self._build_inspector()

    def _build_inspector(self) -> None:
        self._trail_section = Section("Number trail")
        self.trail = NumberGrid("number_trail")
        self.trail.row_clicked.connect(self._go_to_origin)
        self._trail_section.add(self.trail)
        self.inspector.add(self._trail_section)
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

    def _go_to_origin(self, row: str) -> None:
        """Go to where a number of the trail comes from, with its VOI in view."""
        self._choose_voi(self._trail_voi)
        origin = origin_of(self._trail_names[int(row)])
        if origin == "dose":
            self.tabs.setCurrentIndex(_ENGINES_TAB)
        else:
            self.step_requested.emit(origin)

    # --- showing ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Which cycle the tables are about."""
        cycle = self.session.cycle
        return f"tables: cycle {cycle.number} (Ctrl+Left and Ctrl+Right change it); bars: whole course" if cycle else ""

    def refresh(self) -> None:
        """Show doses of the current cycle and the course."""
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
                self.trail,
                self.course,
            ):
                grid.show_rows([], [])
            self.histograms.show_histograms((), "Nothing computed yet.")
            self.dose_map.show_result(None)
            self.findings.show_findings(())
            self._opinion.setText("Nothing computed yet.")
            return
        self.bars.show_bars(organ_bars(evaluation, stale=stale))
        self.voi_bars.show_bars(voi_bars(evaluation, stale=stale))
        mark, c = "stale" if stale else "", self.session.view_state.cycle
        self._show_organs(c, results, mark)
        self._show_vois(c, results, mark)
        self._show_cross_checks(c, results, mark)
        self._show_dose_volume(c, evaluation, results, mark)
        self._show_dose_map()
        self._show_engine(results)
        self._show_marrow(c, results, mark)
        self._show_trail(c, results, mark)
        self._show_course(evaluation, mark)
        self._show_opinion(evaluation)
        self.findings.show_findings(results.findings)

    def _show_organs(self, c: int, results: CycleResult, mark: str) -> None:
        nuclides = _nuclides(results.organs)
        columns = [GridColumn("organ", "Organ")]
        columns += [GridColumn(n, f"{nuclide_symbol(n)} (Gy)") for n in nuclides]
        columns.append(GridColumn("total", "Total (Gy)", "absorbed dose ± standard uncertainty, k = 1"))
        columns += [GridColumn(f"per {n}", f"{nuclide_symbol(n)} (Gy/GBq)") for n in nuclides]
        columns.append(GridColumn("origin", "Origin"))
        rows = []
        for organ in organ_order(results.organs):
            held = results.organs[organ]
            base = result_path("cycles", c, "organs", organ)
            cells: dict[str, Cell] = {"organ": in_words(organ), "origin": held.origin}
            for nuclide, dose in held.doses.items():
                cells[nuclide] = Number(f"{base}.absorbed_dose_gy.{nuclide}", dose.absorbed_dose_gy, GRAY, digits=3)
            cells["total"] = Number(
                f"{base}.absorbed_dose_gy.total",
                held.total.absorbed_dose_gy,
                GRAY,
                digits=3,
                uncertainty=held.total.standard_uncertainty_gy,
                uncertainty_path=f"{base}.absorbed_dose_standard_uncertainty_gy.total",
            )
            for nuclide, value in held.per_administered_activity_gy_per_bq.items():
                path = f"{base}.absorbed_dose_per_administered_activity_gy_per_bq.{nuclide}"
                cells[f"per {nuclide}"] = Number(path, value, GRAY_PER_GIGABECQUEREL)
            rows.append(GridRow(organ, cells, mark=mark))
        self.organs.show_rows(columns, rows)

    def _show_vois(self, c: int, results: CycleResult, mark: str) -> None:
        nuclides = nuclide_order({n for voi in results.vois.values() for n in voi.doses})
        columns = [GridColumn("name", "VOI"), GridColumn("volume", "Volume (mL)"), GridColumn("mass", "Mass (g)")]
        columns += [GridColumn(n, f"{nuclide_symbol(n)} (Gy)") for n in nuclides]
        columns += [GridColumn("total", "Total (Gy)"), GridColumn("engine", "Engine")]
        active = self.session.voi.name if self.session.voi is not None else ""
        rows = []
        for name, voi in results.vois.items():
            base = result_path("cycles", c, "vois", name)
            cells: dict[str, Cell] = {
                "name": f"{'▸ ' if name == active else ''}{own_name(voi)}",
                "volume": Number(f"{base}.volume_ml", voi.volume_ml, MILLILITRE),
                "mass": Number(f"{base}.mass_kg", voi.mass_kg, GRAM),
                "engine": voi.failure or engine_text(voi),
            }
            for nuclide in nuclides:
                dose = voi.doses.get(nuclide)
                value = None if dose is None else dose.absorbed_dose_gy
                cells[nuclide] = Number(f"{base}.absorbed_dose_gy.{nuclide}", value, GRAY, digits=3)
            total = voi.total
            cells["total"] = Number(
                f"{base}.absorbed_dose_gy.total",
                None if total is None else total.absorbed_dose_gy,
                GRAY,
                digits=3,
                uncertainty=None if total is None else total.standard_uncertainty_gy,
                uncertainty_path=f"{base}.absorbed_dose_standard_uncertainty_gy.total",
            )
            rows.append(GridRow(name, cells, mark="error" if voi.failure else mark))
            together = enclosed_row(c, voi, nuclides, mark)
            if together is not None:
                rows.append(together)
        self.vois.show_rows(columns, rows)

    def _show_cross_checks(self, c: int, results: CycleResult, mark: str) -> None:
        self.checks.show_rows(comparison_columns(results), comparison_rows(c, results, mark))

    def _show_dose_volume(self, c: int, evaluation: Evaluation, results: CycleResult, mark: str) -> None:
        limits, cycle = evaluation.protocol.total_limit_gy, self.session.cycle
        active = self.session.voi.name if self.session.voi is not None else ""
        shown = [] if cycle is None else histograms(cycle, results, active)
        pending = results.voxels_pending
        empty = (
            "Voxel doses are being computed."
            if pending
            else "Voxel doses are not computed. Tick “Voxel S values beside”, or choose them as the engine of a VOI."
        )
        self.histograms.show_histograms(shown, empty, limit_gy=limits.get("kidneys"))
        rows = dose_volume_rows(c, results, limits, mark)
        self.dose_volume.show_rows(DOSE_VOLUME_COLUMNS if rows else (), rows)

    def _show_dose_map(self) -> None:
        """Only while it is in view: its pictures take a while."""
        in_view = self.tabs.currentWidget() is self.dose_map
        self._bars.setVisible(not in_view)  # the images need the room
        if in_view:
            self.dose_map.show_result(self.session.cycle_result)

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
        lines = [] if result is None else [item.explanation for item in result.comparisons]
        if results.voxels_pending:
            lines.append("Voxel S values are being computed.")
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

    def _show_marrow(self, c: int, results: CycleResult, mark: str) -> None:
        marrow = results.organs.get("red_marrow")
        if marrow is None:
            empty = GridRow("none", {"source": "no blood samples, so no blood-based marrow dose"})
            self.marrow.show_rows([GridColumn("source", "Red marrow")], [empty])
            self.conventions.show_rows([], [])
            return
        nuclides = nuclide_order(marrow.doses)
        base = result_path("cycles", c, "organs", "red_marrow")
        columns = [GridColumn("source", "From")]
        columns += [GridColumn(n, f"{nuclide_symbol(n)} (mGy)") for n in nuclides]
        rows = []
        for source, doses in marrow.contributions_gy.items():
            cells: dict[str, Cell] = {"source": "Blood in the marrow" if source == "self" else in_words(source)}
            for nuclide in nuclides:
                cells[nuclide] = Number(f"{base}.contributions.{source}.{nuclide}", doses.get(nuclide), MILLIGRAY)
            rows.append(GridRow(source, cells, mark=mark))
        total: dict[str, Cell] = {"source": "All"}
        for nuclide in nuclides:
            path = f"{base}.absorbed_dose_gy.{nuclide}"
            total[nuclide] = Number(path, marrow.doses[nuclide].absorbed_dose_gy, MILLIGRAY)
        rows.append(GridRow("all", total, mark=mark or "total"))
        self.marrow.show_rows(columns, rows)
        chosen = self.session.case.settings.red_marrow.rest_of_body
        rows = []
        for name in CONVENTIONS:
            if name in results.red_marrow_alternatives_gy:
                path = result_path("cycles", c, "red_marrow_alternatives_gy", name)
                number = Number(path, results.red_marrow_alternatives_gy[name], MILLIGRAY)
                words = name.replace("-", " ") + (" (chosen)" if name == chosen else "")
                rows.append(GridRow(name, {"name": words, "dose": number}, mark=mark))
        self.conventions.show_rows(
            [GridColumn("name", "Rest of the body by"), GridColumn("dose", "Marrow (mGy)")], rows
        )

    def _show_trail(self, c: int, results: CycleResult, mark: str) -> None:
        voi = self.session.voi
        result = results.vois.get(voi.name) if voi is not None else None
        if result is None:
            result = next(iter(results.vois.values()), None)
        if result is None:
            self._trail_section.heading.setText("Number trail")
            self.trail.show_rows([], [])
            return
        self._trail_section.heading.setText(f"Number trail: {result.voi.name}")
        chosen = self.session.case.settings.radiobiology
        trail = trail_rows(c, result, chosen)
        self._trail_voi, self._trail_names = result.voi.name, [name for name, _ in trail]
        rows = [
            GridRow(str(n), {"name": name, "value": cell}, tooltip=trail_tooltip(name, chosen), mark=mark)
            for n, (name, cell) in enumerate(trail)
        ]
        self.trail.show_rows([GridColumn("name", ""), GridColumn("value", "")], rows)

    def _show_course(self, evaluation: Evaluation, mark: str) -> None:
        columns = (
            GridColumn("organ", "Organ"),
            GridColumn("dose", "Gy"),
            GridColumn("limit", "Limit"),
            GridColumn("left", "Left"),
            GridColumn("bed", "BED"),
        )
        rows = []
        for organ in organ_order(evaluation.course_organs):
            held, base = evaluation.course_organs[organ], result_path("course", "organs", organ)
            rows.append(
                GridRow(
                    organ,
                    {
                        "organ": in_words(organ),
                        "dose": Number(f"{base}.absorbed_dose_gy", held.delivered.absorbed_dose_gy, GRAY),
                        "limit": Number(f"{base}.limit_gy", held.limit_gy, GRAY, digits=1),
                        "left": Number(f"{base}.remaining_gy", held.remaining_gy, GRAY),
                        "bed": Number(f"{base}.bed_gy", held.bed_gy, GRAY),
                    },
                    mark=mark,
                )
            )
        self.course.show_rows(columns, rows)

    def _show_opinion(self, evaluation: Evaluation) -> None:
        differing = evaluation.disagreements
        if differing:
            text = f"{len(differing)} numbers are not confirmed by the independent second computation:"
        elif self.session.second_opinion.is_checked(evaluation):
            text = "The independent second computation confirms every number."
        else:
            text = "The independent second computation has not been heard on these results yet."
        self._opinion.setText(text)
        lines = [
            f"{item.quantity}: here {item.value:.5g}, second {item.second_value:.5g} "
            f"({PERCENT.from_core(item.relative_difference):+.2f} %)"
            for item in differing
        ]
        self.disagreements.setText("\n".join(lines))
        self.disagreements.setVisible(bool(lines))


def _nuclides(organs: Mapping[str, OrganResult]) -> list[str]:
    return nuclide_order({nuclide for organ in organs.values() for nuclide in organ.doses})
