"""Step 5: curves. Points, fit and tail per VOI; model and weights; points left out with a reason."""

from __future__ import annotations

from functools import partial
from typing import Final, cast, get_args

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QFormLayout, QMenu, QWidget

from app.case_edits import (
    exclusion_reasons,
    with_fit_model,
    with_fit_settings,
    with_point_excluded,
    with_point_included,
)
from app.curves_shown import curves_of, measured_nuclide
from app.number_grid import Cell, GridColumn, GridRow, Number, NumberGrid
from app.pending_words import curves_missing_words
from app.result_paths import result_path
from app.sampled_intervals import SAMPLED_TITLE, SAMPLED_TOOLTIP, SampledIntervals, can_be_sampled
from app.session import Session
from app.steps.curve_evidence import CurveEvidence
from app.steps.remarks import Remarks
from app.steps.step import Section, Step, combo_box, push_button, text_label
from app.steps.voi_in_hand import VoiInHand
from dosimetry_core.case import FitModel
from dosimetry_core.dose.engine import role_group
from dosimetry_core.errors import Finding
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.planning.plausibility import effective_half_life_band_s
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.results import VoiResult
from dosimetry_core.units import HOUR, MEGABECQUEREL, MEGABECQUEREL_HOUR, PERCENT
from widgets.curve_view import CurveView
from widgets.text_question import TextQuestion

SAME_FOR_ALL = "as for all VOIs"
_ABOUT_PRIOR: Final = ("prior-missing", "prior-half-life")
_SETTINGS: Final[tuple[tuple[str, str, dict[str, str], str], ...]] = (
    (
        "weights",
        "Weights",
        {
            "proportional, 1/A²": "proportional",
            "uniform, 1": "uniform",
            "Poisson, 1/A": "poisson",
            "given, 1/u²": "given",
        },
        "how much each point counts",
    ),
    (
        "tail",
        "Last phase",
        {"fitted": "fitted", "physical decay alone": "physical"},
        "physical decay alone is an upper limit",
    ),
    (
        "prior",
        "Known half-life",
        {"none": "none", "of the population": "population", "of the cycle before": "previous-cycle"},
        "what is known of the effective half-life beforehand; what it did stands in the findings",
    ),
    (
        "single_time_point",
        "One scan",
        {"2t/ln 2": "two-t-over-ln2", "population": "population", "cycle before": "previous-cycle"},
        "the rule for a single scan",
    ),
    (
        "few_scans",
        "Too few scans",
        {"no result": "refuse", "the rule for one scan": "single-time-point"},
        "what a VOI with one scan in a cycle gets",
    ),
)
"""Settings of the fit: name in the case, title, words and their value, tooltip."""


class CurvesStep(Step):
    """Small plots of all VOIs, the chosen one large; choices of fit are edits of the case."""

    key = "curves"
    title = "Curves"
    needs_time_strip = False
    keys = (
        ("{previous_voi} / {next_voi}", "previous / next VOI"),
        ("Right click on a point", "leave it out, with a reason, take it back, or see its images"),
    )

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._in_hand = VoiInHand(session)
        self.view = CurveView()
        self.column.addWidget(self.view, 1)
        self.evidence = CurveEvidence(session)
        self.column.addWidget(self.evidence)
        self.view.curve_selected.connect(session.view_state.set_voi)
        self.view.point_clicked.connect(self._show_scan)
        self.view.point_menu_requested.connect(self._point_menu)
        self._build_inspector()

    def _build_inspector(self) -> None:
        choice = Section("Fit")
        self.model = combo_box("fit_model", list(get_args(FitModel)))
        self.model.activated.connect(self._choose_model)
        self.voi_model = combo_box("fit_model_of_voi", [SAME_FOR_ALL, *get_args(FitModel)])
        self.voi_model.activated.connect(self._choose_voi_model)
        self.settings = {name: combo_box(f"fit_{name}", list(words)) for name, _title, words, _tip in _SETTINGS}
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("All VOIs", self.model)
        form.addRow("This VOI", self.voi_model)
        for name, title, _choices, tip in _SETTINGS:
            box = self.settings[name]
            box.setToolTip(tip)
            box.activated.connect(partial(self._choose_setting, name))
            form.addRow(title, box)
        holder = QWidget()
        holder.setLayout(form)
        choice.add(holder)
        self.inspector.add(choice)
        self.sampled = SampledIntervals(self.session.document, self.session.jobs, self)
        self.sampled.changed.connect(self._show_sampled)
        self._result = Section("Result of this VOI")
        self.numbers = NumberGrid("fit_numbers")
        self._result.add(self.numbers)
        self.prior_text = text_label(role="dimmed", name="fit_prior_text", wrap=True)
        self._result.add(self.prior_text)
        self.inspector.add(self._result)
        points = Section("Points")
        self.points = NumberGrid("curve_points")
        self.points.row_clicked.connect(lambda key: self.session.view_state.set_time_point(int(key)))
        points.add(self.points)
        self.exclude = push_button("Leave out…", name="exclude_point", tooltip="leave the current scan's point out")
        self.exclude.clicked.connect(lambda: self.ask_to_exclude(self.session.view_state.time_point + 1))
        self.include = push_button("Take back", name="include_point", tooltip="fit the current scan's point again")
        self.include.clicked.connect(lambda: self.include_point(self.session.view_state.time_point + 1))
        points.add_row(self.exclude, self.include)
        self.reason = TextQuestion("exclusion_reason")
        points.add(self.reason)
        self.inspector.add(points)
        self.findings = Remarks("curve_findings")
        self.add_remarks(self.findings)

    # --- edits ------------------------------------------------------------------------------------------------------

    def _choose_model(self, index: int) -> None:
        model = cast(FitModel, get_args(FitModel)[index])
        self.session.document.apply(f"Fit {model}", lambda case: with_fit_model(case, None, model))

    def _choose_voi_model(self, index: int) -> None:
        voi = self.session.voi
        if voi is None:
            return
        model = self.session.case.settings.fit.model if index == 0 else cast(FitModel, get_args(FitModel)[index - 1])
        name = voi.name
        self.session.document.apply(f"Fit {name} {model}", lambda case: with_fit_model(case, name, model))

    def _choose_setting(self, name: str, index: int) -> None:
        title, words = next((title, words) for key, title, words, _tip in _SETTINGS if key == name)
        chosen = list(words.values())[index]
        label = f"{title}: {list(words)[index]}"
        self.session.document.apply(label, lambda case: with_fit_settings(case, **{name: chosen}))

    def ask_to_exclude(self, number: int) -> None:
        """Ask why a point (1 = first) of the active VOI is left out, and leave it out with the answer."""
        voi = self.session.voi
        if voi is None:
            return
        cycle = self._cycle_number()
        self.reason.ask(
            f"Why is scan {number} of {voi.name}, cycle {cycle}, left out?",
            lambda why: self._exclude(voi.name, number, why, cycle),
        )
        # Once it has its place: it was hidden until now.
        QTimer.singleShot(0, self.reason, lambda: self.inspector.ensureWidgetVisible(self.reason))

    def exclude_point(self, number: int, reason: str) -> None:
        """Leave a point (1 = first) of the active VOI out."""
        voi = self.session.voi
        if voi is not None:
            self._exclude(voi.name, number, reason, self._cycle_number())

    def _exclude(self, name: str, number: int, why: str, cycle: int) -> None:
        if not why.strip():
            self.told.emit("A point is left out only with a reason")
            return
        self.session.document.apply(
            f"Leave out scan {number} of {name}, cycle {cycle}",
            lambda case: with_point_excluded(case, name, number, why, cycle=cycle),
            why=why,
        )

    def include_point(self, number: int) -> None:
        """Take a point of the active VOI back into the fit."""
        voi = self.session.voi
        if voi is not None:
            name, cycle = voi.name, self._cycle_number()
            self.session.document.apply(
                f"Take back scan {number} of {name}, cycle {cycle}",
                lambda case: with_point_included(case, name, number, cycle=cycle),
            )

    def _cycle_number(self) -> int:
        return self.session.document.case.cycles[self.session.view_state.cycle].number

    def _point_menu(self, voi_id: str, index: int, place: QPoint) -> None:
        self.session.view_state.set_voi(voi_id)
        menu = QMenu(self)
        menu.addAction(f"Leave out scan {index + 1}…", lambda: self.ask_to_exclude(index + 1))
        menu.addAction(f"Take back scan {index + 1}", lambda: self.include_point(index + 1))
        menu.addAction(f"Images of scan {index + 1}", lambda: self.show_images(index))
        menu.popup(place)

    def show_images(self, index: int) -> None:
        """Go to the images of a scan (0 = first), with the VOI in hand."""
        self.session.view_state.set_time_point(index)
        self.step_requested.emit("voi")

    def _show_scan(self, voi_id: str, index: int) -> None:
        self.session.view_state.set_voi(voi_id)
        self.session.view_state.set_time_point(index)

    # --- showing ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Which cycle, and how it was fitted."""
        cycle, fit = self.session.cycle, self.session.case.settings.fit
        return f"cycle {cycle.number}, {fit.model}, {fit.weights} weights" if cycle else ""

    def refresh(self) -> None:
        """Show the curves of the current cycle."""
        self._in_hand.keep()
        session = self.session
        cycle, results, stale = session.cycle, session.cycle_result, not session.is_current
        self._show_choices()
        if cycle is None or results is None:
            self.view.show_curves([], missing=curves_missing_words(session))
            self.numbers.show_rows([], [])
            self.points.show_rows([], [])
            self.evidence.show_result(None, "")
            self.prior_text.hide()
            self.findings.show_findings(())
            return
        self.view.show_curves(curves_of(session.case, cycle, results, stale=stale))
        voi = session.voi
        result = results.vois.get(voi.name) if voi is not None else None
        if voi is not None:
            self.view.set_current(voi.voi_id)
        self._result.heading.setText(voi.name if voi is not None else "Result of this VOI")
        self._show_result(result, stale)
        self._show_points(result)
        self._show_prior(result)
        self.evidence.show_result(result, "stale" if stale else "")
        self.findings.show_findings(_findings(result))

    def _show_choices(self) -> None:
        fit, voi = self.session.case.settings.fit, self.session.voi
        self.model.setCurrentIndex(get_args(FitModel).index(fit.model))
        for name, _title, words, _tip in _SETTINGS:
            self.settings[name].setCurrentIndex(list(words.values()).index(getattr(fit, name)))
        own = fit.model_by_voi.get(voi.name) if voi is not None else None
        self.voi_model.setCurrentIndex(0 if own is None else 1 + get_args(FitModel).index(own))
        self.voi_model.setEnabled(voi is not None)
        self.exclude.setEnabled(voi is not None)
        self.include.setEnabled(voi is not None)

    def _show_result(self, result: VoiResult | None, stale: bool) -> None:
        if result is None:
            self.numbers.show_rows([], [])
            return
        c, mark = self.session.view_state.cycle, "stale" if stale else ""
        rows = []
        for nuclide, fit in result.fits.items():
            base = result_path("cycles", c, "vois", result.voi.name, "fit", nuclide)
            how = f"from {nuclide_symbol(fit.derived_from)}" if fit.derived_from is not None else "measured"
            rows.append(GridRow(nuclide, {"name": nuclide_symbol(nuclide), "value": how}, mark="total"))
            rows += [
                GridRow(f"{nuclide} {name}", {"name": name, "value": cell}, mark=mark)
                for name, cell in _fit_cells(base, fit, role_group(result.role))
            ]
            if can_be_sampled(fit):
                sampled = {"name": SAMPLED_TITLE, "value": self.sampled.words(fit)}
                rows.append(GridRow(f"{nuclide} sampled", sampled, tooltip=SAMPLED_TOOLTIP, mark=mark))
        if result.failure:
            rows.append(GridRow("failure", {"name": "No result", "value": result.failure}, mark="error"))
        self.numbers.show_rows([GridColumn("name", ""), GridColumn("value", "")], rows)

    def _show_sampled(self) -> None:
        results, voi = self.session.cycle_result, self.session.voi
        if results is not None and voi is not None and self.isVisible():
            self._show_result(results.vois.get(voi.name), not self.session.is_current)

    def _show_prior(self, result: VoiResult | None) -> None:
        """What a known half-life did, or why there was none, in the words of the findings."""
        found = () if result is None else result.findings
        said = dict.fromkeys(finding.text for finding in found if finding.code in _ABOUT_PRIOR)
        self.prior_text.setText("\n".join(f"{text[:1].upper()}{text[1:]}." for text in said))
        self.prior_text.setVisible(bool(said))

    def _show_points(self, result: VoiResult | None) -> None:
        nuclide = measured_nuclide(result) if result is not None else None
        curve = result.curves.get(nuclide) if result is not None and nuclide is not None else None
        if result is None or curve is None or nuclide is None:
            self.points.show_rows([], [])
            return
        c, p = self.session.view_state.cycle, self.session.view_state.time_point
        base = result_path("cycles", c, "vois", result.voi.name)
        reasons = exclusion_reasons(self.session.case, result.voi.name, self._cycle_number())
        uncertainty = result.activity_standard_uncertainty_bq.get(nuclide)
        rows = [
            GridRow(
                str(n),
                {
                    "scan": f"{'▸ ' if n == p else ''}{HOUR.text(float(curve.times_s[n]), digits=1)}",
                    "activity": Number(
                        f"{base}.activity_bq.{nuclide}.{n}",
                        float(curve.activity_bq[n]),
                        MEGABECQUEREL,
                        uncertainty=None if uncertainty is None else float(uncertainty[n]),
                        uncertainty_path=f"{base}.activity_standard_uncertainty_bq.{nuclide}.{n}",
                    ),
                    "state": f"left out: {reasons[n + 1]}" if n + 1 in reasons else "",
                },
                mark="" if curve.mask[n] else "dimmed",
            )
            for n in range(curve.times_s.size)
        ]
        self.points.show_rows(
            [GridColumn("scan", "Scan"), GridColumn("activity", "MBq"), GridColumn("state", "")], rows
        )


def _fit_cells(base: str, fit: FitResult, region: str) -> list[tuple[str, Cell]]:
    cells: list[tuple[str, Cell]] = [
        ("Effective half-life (h)", Number(f"{base}.effective_half_life_s", fit.effective_half_life_s, HOUR, digits=1)),
        (
            "Time-integrated (MBq·h)",
            Number(
                f"{base}.time_integrated_activity_bq_s",
                fit.time_integrated_activity_bq_s,
                MEGABECQUEREL_HOUR,
                uncertainty=fit.time_integrated_activity_standard_uncertainty_bq_s,
                uncertainty_path=f"{base}.time_integrated_activity_standard_uncertainty_bq_s",
            ),
        ),
    ]
    band = effective_half_life_band_s(region, fit.curve.nuclide) if fit.derived_from is None else None
    if band is not None:
        low, high = (HOUR.text(bound, digits=0, with_symbol=False) for bound in band)
        cells.insert(1, ("Usual half-life (h)", f"{low} to {high}"))
    if fit.prior is not None:
        prior, path = fit.prior, f"{base}.prior"
        known = Number(f"{path}.effective_half_life_s", prior.effective_half_life_s, HOUR, digits=1)
        alone = Number(f"{path}.effective_half_life_without_s", prior.effective_half_life_without_s, HOUR, digits=1)
        cells += [("Known half-life (h)", known), ("Half-life by the points alone (h)", alone)]
    before, beyond = fit.before_first_point_fraction, fit.extrapolated_fraction
    cells.append(("Before the first point (%)", Number(f"{base}.before_first_point_fraction", before, PERCENT)))
    cells.append(("Beyond the last point (%)", Number(f"{base}.extrapolated_fraction", beyond, PERCENT)))
    if fit.derived_from is None:
        criterion = Number(f"{base}.information_criterion", fit.information_criterion, None)
        cells.insert(0, ("Model", fit.model))
        cells.append(("AICc", criterion if fit.information_criterion is not None else "not defined"))
    return cells


def _findings(result: VoiResult | None) -> tuple[Finding, ...]:
    if result is None:
        return ()
    kept = [*result.findings, *(finding for fit in result.fits.values() for finding in fit.findings)]
    return tuple(dict.fromkeys(kept))
