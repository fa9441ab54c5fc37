"""Another system's dose, VOIs or registration beside ours: histograms side by side, differences by VOI, gamma index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.crosscheck.compared import Compared, compare_files
from app.crosscheck.tables import sentences_of, tables_of
from app.jobs import Job, Jobs
from app.operations.store_sections import progress_row, show_progress
from app.problems import problems_of
from app.read_table import ReadTable
from app.steps.step import INSPECTOR_WIDTH, Inspector, Section, combo_box, push_button, text_label
from dosimetry_core.comparison.gamma import GammaCriteria
from dosimetry_core.units import MILLIMETRE, PERCENT
from widgets.copying import copy_by_keyboard
from widgets.decimal_box import DecimalBox
from widgets.dose_volume_view import DoseVolumeShown, DoseVolumeView
from widgets.theme import set_role, voi_colour

if TYPE_CHECKING:
    from dosimetry_core.dose.dose_volume import DoseVolume
    from dosimetry_core.evaluation import Evaluation

ALL = "all nuclides together"
_FIELD_HEIGHT = 28
_WHAT_TO_CHOOSE = (
    "Choose an RT Dose, structure set, segmentation or registration of the other system, or a table of its numbers."
)
_FILES = "Dose, VOIs, registration, table (*.dcm *.nii *.nii.gz *.csv *.txt *.tsv);;All files (*)"


class CrosscheckWindow(QDialog):
    """Not modal. Compares with the results that are current when the button is pressed.

    Parameters
    ----------
    evaluation
        Current results of the open course, or None while they are being computed.
    """

    def __init__(self, evaluation: Callable[[], Evaluation | None], jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("crosscheck_window")
        self.setWindowTitle("Cross-check with another system")
        copy_by_keyboard(self)
        self.resize(1240, 800)
        self._evaluation, self._jobs = evaluation, jobs
        self._job: Job | None = None
        self.found: Compared | None = None
        side = Inspector("crosscheck_side")
        side.setFixedWidth(INSPECTOR_WIDTH)
        side.add(self._file_section())
        self._vois = self._voi_section()
        side.add(self._vois)
        self.histograms = DoseVolumeView()
        self.histograms.show_histograms((), _WHAT_TO_CHOOSE)
        self.table = ReadTable("crosscheck_table", "Comparison with the other system")
        self.words = text_label(role="dimmed", name="crosscheck_words", wrap=True)
        work = QVBoxLayout()
        work.addWidget(self.histograms, 3)
        work.addWidget(self.words)
        work.addWidget(self.table, 2)
        row = QHBoxLayout(self)
        row.addWidget(side)
        row.addLayout(work, 1)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
        self._offer_choices()

    def _file_section(self) -> Section:
        section = Section("Other system", name="crosscheck_file")
        self.cycle = combo_box("crosscheck_cycle", [])
        self.cycle.setAccessibleName("Cycle")
        self.nuclide = combo_box("crosscheck_nuclide", [])
        self.nuclide.setAccessibleName("Nuclide")
        self.nuclide.setMinimumContentsLength(18)
        self.percent = _field("crosscheck_percent", 3.0, PERCENT.symbol)
        self.distance = _field("crosscheck_distance", 3.0, MILLIMETRE.symbol)
        self.local = QCheckBox("of the dose at the place")
        self.local.setObjectName("crosscheck_local")
        for text, field in (
            ("Cycle", self.cycle),
            ("Nuclide", self.nuclide),
            ("Gamma: dose", self.percent),
            ("Gamma: distance", self.distance),
        ):
            field.setAccessibleName(text)
            section.add_row(text_label(text, role="dimmed"), field)
        section.add(self.local)
        self.choose_button = push_button("Compare with a file…", name="crosscheck_choose", primary=True)
        self.choose_button.clicked.connect(self._choose)
        section.add_row(self.choose_button)
        self.bar, self.cancel_button, self.progress = progress_row("crosscheck")
        self.cancel_button.clicked.connect(self._cancel)
        section.add(self.progress)
        self.message = text_label(role="dimmed", name="crosscheck_message", wrap=True)
        section.add(self.message)
        return section

    def _voi_section(self) -> Section:
        section = Section("Histograms of", name="crosscheck_vois")
        self.voi = combo_box("crosscheck_voi", [])
        self.voi.setAccessibleName("VOI")
        self.voi.currentTextChanged.connect(lambda _name: self._show_histograms())
        section.add(self.voi)
        return section

    def _offer_choices(self) -> None:
        evaluation = self._evaluation()
        if evaluation is None:
            self._say("Results are being computed; open this again when they are there.", "warning")
            self.choose_button.setEnabled(False)
            return
        self.cycle.addItems([str(result.cycle.number) for result in evaluation.cycles])
        self.cycle.setCurrentIndex(self.cycle.count() - 1)
        given = {a.nuclide for result in evaluation.cycles for a in result.cycle.administrations}
        self.nuclide.addItems([ALL, *sorted(given)])

    # --- comparing --------------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Dose, VOIs, registration or table of another system", "", _FILES)
        if name:
            self.compare(Path(name))

    def compare(self, path: Path) -> None:
        """Read a file and hold it against the results; runs as a job."""
        evaluation = self._evaluation()
        if evaluation is None or self._job is not None:
            self._say("Results are being computed; try again when they are there.", "warning")
            return
        nuclide = self.nuclide.currentText()
        job = self._jobs.start(
            compare_files,
            evaluation,
            [path],
            cycle=int(self.cycle.currentText()),
            nuclide=None if nuclide == ALL else nuclide,
            criteria=GammaCriteria(
                PERCENT.to_core(self.percent.value()), self.distance.value(), local=self.local.isChecked()
            ),
            purpose="crosscheck",
            title=f"Comparing with {path.name}",
        )
        self._job = job
        self.choose_button.setEnabled(False)
        self.progress.show()
        self._say("", "dimmed")
        job.progressed.connect(self._progressed)
        job.succeeded.connect(self._compared)
        job.failed.connect(self._failed)
        job.finished.connect(self._ended)

    def _progressed(self, fraction: float, text: str) -> None:
        show_progress(self.bar, fraction, text)

    def _failed(self, error: BaseException) -> None:
        self._say("\n".join(problem.text() for problem in problems_of(error)), "error")

    def _ended(self) -> None:
        self._job = None
        self.progress.hide()
        self.choose_button.setEnabled(True)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """Stops comparing."""
        self._cancel()
        super().closeEvent(event)

    def _compared(self, found: tuple[Compared, ...]) -> None:
        (self.found,) = found
        (table,) = tables_of(found)
        self.table.show_rows("", [column.heading for column in table.columns], table.rows)
        self.words.setText(" ".join(sentences_of(self.found)))
        self.voi.blockSignals(True)
        self.voi.clear()
        self.voi.addItems(list(self._both_doses()))
        self.voi.blockSignals(False)
        # Numbers and registrations have no histograms: the table takes their room.
        with_doses = self.voi.count() > 0
        self.histograms.setVisible(with_doses)
        self._vois.setVisible(with_doses)
        self._show_histograms()

    def _show_histograms(self) -> None:
        name = self.voi.currentText()
        doses = self._both_doses().get(name)
        if doses is None:
            self.histograms.show_histograms((), "There is no dose in both to show histograms of.")
            return
        whose = "other outline" if self.found is not None and self.found.vois is not None else "other system"
        self.histograms.show_histograms(_both(name, doses, whose), "")

    def _both_doses(self) -> dict[str, tuple[DoseVolume, DoseVolume]]:
        """VOI → our dose–volume histogram and the one beside it, as far as there are both."""
        found = self.found
        if found is not None and found.dose_map is not None:
            return {name: (one.own, one.other) for name, one in found.dose_map.vois.items()}
        if found is not None and found.vois is not None:
            return {
                name: (one.own_dose, one.other_dose)
                for name, one in found.vois.pairs.items()
                if one.own_dose is not None and one.other_dose is not None
            }
        return {}

    def _say(self, text: str, role: str) -> None:
        self.message.setText(text)
        set_role(self.message, role)


def _both(voi: str, doses: tuple[DoseVolume, DoseVolume], other: str) -> list[DoseVolumeShown]:
    shown = []
    for number, (name, dose) in enumerate(zip(("this program", other), doses, strict=True)):
        levels_gy, fractions = dose.cumulative_histogram()
        shown.append(
            DoseVolumeShown(
                f"{voi}, {name}",
                tuple(float(value) for value in levels_gy),
                tuple(float(value) for value in fractions),
                voi_colour(number),
                is_current=number == 0,
            )
        )
    return shown


def _field(name: str, value: float, symbol: str) -> DecimalBox:
    field = DecimalBox()
    field.setObjectName(name)
    field.setDecimals(1)
    field.setRange(0.1, 50.0)
    field.setValue(value)
    field.setSuffix(f" {symbol}")
    field.setMinimumHeight(_FIELD_HEIGHT)
    return field
