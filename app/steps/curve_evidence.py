"""Below a curve: the models held against each other, and what the course would be without each scan."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.curves_shown import measured_nuclide
from app.fit_tables import NO_TABLE, course_without_each_scan, models_compared
from app.missing_scans import MissingScans
from app.number_grid import NumberGrid
from app.result_paths import result_path
from app.session import Session
from app.steps.step import SPACING, ScrolledGrid, Section, push_button, text_label
from dosimetry_core.case import FitSettings
from dosimetry_core.kinetics.model_comparison import ModelComparison, compare_models
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.results import VoiResult

WIDE = 1060
HEIGHT = 216
_GAP = 16
ASSUMED = (
    "Each row leaves that scan out for every VOI and the whole body; the curves go on as the other points say. "
    "Outlines, models and protocol stay."
)


class CurveEvidence(QWidget):
    """Two cards side by side; where there is no room for both, one of them with a button to the other."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("curve_evidence")
        self.session = session
        self.missing = MissingScans(session.document, session.jobs, self)
        self.missing.changed.connect(self._show_scans_again)
        self._shown: tuple[VoiResult, str] | None = None
        self._compared: tuple[FitResult, str, ModelComparison | None] | None = None
        self.to_scans = push_button("Without a scan", name="show_missing_scans", tooltip="what each scan is worth")
        self.to_models = push_button("Models", name="show_models", tooltip="the models held against each other")
        self.to_scans.clicked.connect(lambda: self._choose(scans=True))
        self.to_models.clicked.connect(lambda: self._choose(scans=False))
        self._models = Section("Models compared", name="models_card", actions=(self.to_scans,))
        self.candidates = NumberGrid("fit_candidates", spread=False, gap=_GAP)
        self.reason = text_label(name="fit_model_reason", wrap=True)
        self._models.add(self.reason)
        self._models.add(ScrolledGrid(self.candidates), 1)
        self._scans = Section("If a scan had not been made", name="missing_scans_card", actions=(self.to_models,))
        self.left_out = NumberGrid("fit_without_scans", spread=False, gap=_GAP)
        self.assumed = text_label(ASSUMED, role="dimmed", name="missing_scans_text", wrap=True)
        self._scans.add(self.assumed)
        self._scans.add(ScrolledGrid(self.left_out), 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addWidget(self._models, 6)
        row.addWidget(self._scans, 5)
        self._scans_chosen = False
        self._arrange()

    def sizeHint(self) -> QSize:  # noqa: N802 Qt override
        """Room for every model."""
        return QSize(super().sizeHint().width(), HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt override
        """The tables scroll."""
        return QSize(300, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 Qt override
        """Both cards where there is room."""
        super().resizeEvent(event)
        self._arrange()

    def _choose(self, *, scans: bool) -> None:
        self._scans_chosen = scans
        self._arrange()

    def _arrange(self) -> None:
        both = self.width() >= WIDE
        self._models.setVisible(both or not self._scans_chosen)
        self._scans.setVisible(both or self._scans_chosen)
        for button in (self.to_scans, self.to_models):
            button.setVisible(not both)

    # --- showing ----------------------------------------------------------------------------------------------------

    def show_result(self, result: VoiResult | None, mark: str) -> None:
        """Show what stands behind the curve of a VOI; nothing for one without a curve."""
        self._shown = None if result is None else (result, mark)
        nuclide = None if result is None else measured_nuclide(result)
        fit = None if result is None or nuclide is None else result.fits.get(nuclide)
        comparison = None if fit is None or result is None else self._comparison(fit, result.voi.name)
        table = NO_TABLE
        if comparison is not None and result is not None and nuclide is not None:
            place = result_path("cycles", self.session.view_state.cycle, "vois", result.voi.name, "fit", nuclide)
            table = models_compared(place, comparison, mark)
        self.candidates.show_rows(*table)
        self.reason.setText(comparison.reason if comparison is not None else _without_comparison(fit))
        self._show_scans(result, fit, nuclide, mark)

    def _show_scans_again(self) -> None:
        if self._shown is not None:
            result, mark = self._shown
            nuclide = measured_nuclide(result)
            self._show_scans(result, None if nuclide is None else result.fits.get(nuclide), nuclide, mark)

    def _show_scans(self, result: VoiResult | None, fit: FitResult | None, nuclide: str | None, mark: str) -> None:
        evaluation = self.session.evaluation
        if result is None or fit is None or nuclide is None or evaluation is None:
            self.left_out.show_rows([], [])
            self.assumed.setText("No curve, so no scan can be left out." if fit is None else ASSUMED)
            return
        c = self.session.view_state.cycle
        place = (c, result.voi.name, nuclide)
        without = self.missing.without_each(c)
        self.assumed.setText(self.missing.problem or ASSUMED)
        self.left_out.show_rows(*course_without_each_scan(place, fit, evaluation, without, mark))

    def _comparison(self, fit: FitResult, voi: str) -> ModelComparison | None:
        """Kept as long as the fit is the same object: a refresh for another reason costs nothing."""
        chosen = _how_chosen(self.session.case.settings.fit, voi)
        if self._compared is None or self._compared[0] is not fit or self._compared[1] != chosen:
            self._compared = (fit, chosen, compare_models(fit, chosen=chosen))
        return self._compared[2]


def _how_chosen(settings: FitSettings, voi: str) -> str:
    """How the model of a VOI came to be, as it goes on after its name."""
    if voi in settings.model_by_voi:
        return "was chosen for this VOI"
    return "is the default for all VOIs" if settings.model == FitSettings().model else "was chosen for all VOIs"


def _without_comparison(fit: FitResult | None) -> str:
    if fit is None:
        return "No curve, so there is nothing to compare."
    if fit.single_scan is not None:
        return f"One scan makes no curve: its activity counts by the rule {fit.single_scan.method.replace('-', ' ')}."
    return ""
