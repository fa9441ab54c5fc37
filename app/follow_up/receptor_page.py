"""Receptor scans: numbers entered or measured from DICOM, by a stated rule; sums, ratios, change, NETPET grade."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.follow_up.entry_card import EntryCard
from app.follow_up.receptor_jobs import measured_scan, read_study
from app.follow_up.record_edits import death_words, with_recorded
from app.number_grid import GridColumn, GridRow, NumberGrid
from app.operations.counted import counted
from app.problems import problems_of
from app.session import Session
from app.steps.step import ScrolledGrid, Section, combo_box, push_button, text_label
from dosimetry_core.entered_numbers import read_number
from dosimetry_core.errors import DosimetryError
from dosimetry_core.follow_up import ReceptorScan
from dosimetry_core.followup import receptor_entry as entry
from dosimetry_core.followup.receptor_course import ReceptorSummary, receptor_course
from dosimetry_core.followup.record_entry import DATE, Entered
from dosimetry_core.followup.suv_metrics import RuleKind, SegmentationRule
from dosimetry_core.units import MILLILITRE, PERCENT
from widgets.entry_model import EntryColumn
from widgets.theme import set_role

if TYPE_CHECKING:
    from app.follow_up.receptor_drawing import ReceptorDrawing
    from dosimetry_core.followup.receptor_study import ReceptorStudy

_RULES: tuple[tuple[str, RuleKind, str], ...] = (
    ("As drawn", "as-drawn", ""),
    ("Share of SUVmax (%)", "fraction-of-max", "41"),
    ("Fixed SUV", "fixed-suv", "4"),
    ("1.5 × liver + 2 SD", "liver", ""),
)
_SUV = "g/mL, by body weight"


class ReceptorPage(QWidget):
    """A table of lesions, one row each, and what follows from it for each scan."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("receptor_page")
        self._session = session
        self._measured: list[ReceptorScan] = []
        self.drawing: ReceptorDrawing | None = None
        """The scan that is drawn on; what is not saved stays open also when another course is opened."""
        self._answered = False
        """Whether the message is about a measurement, which no refresh replaces."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.scans = EntryCard("receptor_scans", "Lesions on receptor scans, one row each", self._columns())
        self.rule = combo_box("receptor_rule", [name for name, _kind, _number in _RULES])
        self.rule.setMinimumContentsLength(17)
        self.rule.setAccessibleName("Segmentation rule")
        self.rule.setCurrentIndex(1)
        self.threshold, self.weight = QLineEdit(_RULES[1][2]), QLineEdit()
        for name, field, width, hint in (
            ("Threshold of the segmentation", self.threshold, 60, ""),
            ("Body weight in kg on the day of the scan", self.weight, 200, "weight (kg)"),
        ):
            field.setAccessibleName(name)
            field.setMaximumWidth(width)
            field.setPlaceholderText(hint)
        self.threshold.setObjectName("receptor_threshold")
        self.weight.setObjectName("receptor_weight")
        self.measure = push_button(
            "Measure from DICOM…", name="receptor_measure", tooltip="folder of the PET, then the files of the VOIs"
        )
        self.draw = push_button(
            "Draw on the PET…",
            name="receptor_draw",
            tooltip="folder of the PET, with its CT if it is there: a window with the tools of the VOI step",
        )
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(0, 0, 0, 0)
        for widget in (self.draw, self.measure, self.rule, self.threshold, self.weight):
            line.addWidget(widget)
        line.addStretch(1)
        self.scans.lay_out(top)
        self.scans.file.hide()
        column.addWidget(self.scans, 3)
        side = Section("Scans", name="receptor_summary")
        self.message = text_label(role="dimmed", name="receptor_message", wrap=True)
        side.add(self.message)
        self.summary = NumberGrid("receptor_table", spread=False, gap=14)
        side.add(ScrolledGrid(self.summary), 1)
        column.addWidget(side, 2)
        self.rule.currentIndexChanged.connect(self._rule_chosen)
        self.draw.clicked.connect(self.choose_to_draw)
        self.measure.clicked.connect(self.choose)
        self.scans.edited.connect(self._look)
        self.scans.take_requested.connect(self.take)

    @staticmethod
    def _columns() -> tuple[EntryColumn, ...]:
        return (
            EntryColumn(DATE, "Date", 11),
            EntryColumn(entry.TRACER, "Tracer", 16),
            EntryColumn(entry.SEGMENTATION, "Segmentation", 20, "the rule that made the volumes, in words"),
            EntryColumn(entry.LESION, "Lesion", 0),
            EntryColumn(entry.SUV_MAX, "SUVmax", 8, _SUV, is_number=True),
            EntryColumn(entry.SUV_MEAN, "SUVmean", 8, _SUV, is_number=True),
            EntryColumn(entry.SUV_PEAK, "SUVpeak", 8, "highest mean over a sphere of 1 mL", is_number=True),
            EntryColumn(entry.VOLUME, "Volume (mL)", 10, is_number=True),
            EntryColumn(entry.FDG, "FDG SUVmax", 10, "where FDG was given; 0 for no uptake", is_number=True),
            EntryColumn("blood", "Blood", 7, "SUVmean of the blood pool, in one row of the scan", is_number=True),
            EntryColumn("liver", "Liver", 7, "SUVmean, in one row of the scan", is_number=True),
            EntryColumn("spleen", "Spleen", 7, "SUVmean, in one row of the scan", is_number=True),
        )

    def refresh(self) -> None:
        """Show the course as it is now."""
        case = self._session.document.case
        self.setEnabled(bool(case.cycles))
        self.scans.show_held(entry.receptor_rows(case.follow_up.receptor_scans))
        self._look()
        self._show_summary(receptor_course(case.follow_up.receptor_scans))

    def forget_typed(self) -> None:
        """Let go of what was typed or measured for the course before."""
        self._measured.clear()
        if self.drawing is not None and self.drawing.is_saved:
            self._drop_drawing()
        self._answered = False
        self.scans.drop()
        self.weight.clear()

    def _look(self) -> Entered[ReceptorScan]:
        known = (*self._session.document.case.follow_up.receptor_scans, *self._measured)
        read = entry.read_receptor_scans(self.scans.table.rows(), known, today=date.today())
        count = len(read.values)
        extra = self._death_words(read)
        self.scans.say(read.remarks, {}, extra=extra, count=f"{count} scan{'' if count == 1 else 's'}")
        return read

    def _death_words(self, read: Entered[ReceptorScan]) -> str:
        return death_words(self._session.document.case, receptor_scans=read.values)

    def take(self) -> None:
        """The scans of the table in place of those of the course, as one step."""
        self._answered = False
        read = self._look()
        if self._death_words(read):
            return
        if read.is_right and self._session.document.apply(
            "Receptor scans", lambda case: with_recorded(case, receptor_scans=read.values)
        ):
            self.scans.taken(entry.receptor_rows(read.values))
            self.refresh()

    # --- measuring --------------------------------------------------------------------------------------------------

    def _rule_chosen(self, number: int) -> None:
        _name, _kind, threshold = _RULES[number]
        self.threshold.setText(threshold)
        self.threshold.setVisible(bool(threshold))

    def chosen_rule(self) -> SegmentationRule:
        """The rule as chosen. Raises DosimetryError for a threshold that is none."""
        _name, kind, threshold = _RULES[self.rule.currentIndex()]
        if not threshold:
            return SegmentationRule(kind)
        value = read_number(self.threshold.text(), where="threshold")
        return SegmentationRule(kind, PERCENT.to_core(value) if kind == "fraction-of-max" else value)

    def choose(self) -> None:
        """Ask for the folder of the PET and the files of the VOIs, then measure."""
        folder = QFileDialog.getExistingDirectory(self, "Folder of the receptor PET")
        if not folder:
            return
        files, _kind = QFileDialog.getOpenFileNames(self, "VOIs: structure set, segmentation or label volume", folder)
        if files:
            self.measure_from(Path(folder), tuple(Path(file) for file in files))

    def measure_from(self, folder: Path, vois: tuple[Path, ...]) -> None:
        """Measure every lesion of the VOIs, and add the rows to the table; nothing is taken yet."""
        try:
            rule, weight = self.chosen_rule(), self._typed_weight()
        except DosimetryError as error:
            self._say(problems_of(error)[0].text(), "error")
            return
        patient, whose = self._session.document.case.patient, self._session.whose
        job = self._session.jobs.start(
            measured_scan,
            folder,
            vois,
            rule,
            patient.time_zone,
            patient.patient_id,
            weight,
            purpose="receptor scan",
            title="Measuring the receptor scan",
        )
        self._say("Measuring…", "dimmed")
        self._answered = True
        job.succeeded.connect(lambda scan: self._add(scan, whose))
        job.failed.connect(lambda error: self._say_failed(error, whose))

    def _typed_weight(self) -> float | None:
        return read_number(self.weight.text(), where="weight") if self.weight.text().strip() else None

    # --- drawing ----------------------------------------------------------------------------------------------------

    def choose_to_draw(self) -> None:
        """Ask for the folder of the PET and show it; or go back to VOIs that were drawn and not saved."""
        if self._returns_to_unsaved():
            return
        folder = QFileDialog.getExistingDirectory(self, "Folder of the receptor PET")
        if folder:
            self.draw_on(Path(folder))

    def _returns_to_unsaved(self) -> bool:
        """Show VOIs that were drawn and not saved, of which some may have been drawn while another scan was read."""
        if self.drawing is None or self.drawing.is_saved:
            return False
        whose = self.drawing.session.document.case.patient.patient_id
        self._say(f"Back to the VOIs of {whose} that are not saved: save or close them first.", "warning")
        self._show_drawing()
        return True

    def draw_on(self, folder: Path, vois: tuple[Path, ...] = ()) -> None:
        """Read the PET of a folder, its CT and VOIs of files, and show them in a window to draw in."""
        try:
            weight = self._typed_weight()
        except DosimetryError as error:
            self._say(problems_of(error)[0].text(), "error")
            return
        patient, whose = self._session.document.case.patient, self._session.whose
        job = self._session.jobs.start(
            read_study,
            folder,
            vois,
            patient.time_zone,
            patient.patient_id,
            weight,
            purpose="receptor scan",
            title="Reading the receptor scan",
        )
        self._say("Reading the scan…", "dimmed")
        self._answered = True
        job.succeeded.connect(lambda study: self._show_study(study, folder, whose, begins=not vois))
        job.failed.connect(lambda error: self._say_failed(error, whose))

    def _show_study(self, study: ReceptorStudy, folder: Path, whose: tuple[int, str], *, begins: bool) -> None:
        if whose != self._session.whose:
            self._say("The scan read for the course before was left out.", "warning")
            return
        self._answered = True
        if not begins and self.drawing is not None and self.drawing.study.image.sha256 == study.image.sha256:
            self.drawing.take_vois(study.vois)
            self._say(f"{counted(len(study.vois), 'VOI')} of files.", "good")
            return
        if self._returns_to_unsaved():
            return
        from app.follow_up.receptor_drawing import ReceptorDrawing

        self._drop_drawing()
        session = self._session
        self.drawing = made = ReceptorDrawing(
            self,
            study,
            session.document.case.patient,
            folder,
            self.chosen_rule,
            lambda scan: self._add(scan, whose),
            session.preferences,
        )
        made.vois_asked.connect(lambda files: self.draw_on(folder, files))
        self._say("Draw lesions, and liver, spleen or blood for the ratios; then measure.", "good")
        self._show_drawing()

    def _show_drawing(self) -> None:
        if self.drawing is not None:
            self.drawing.show()
            self.drawing.raise_()
            self.drawing.activateWindow()

    def _drop_drawing(self) -> None:
        if self.drawing is not None:
            self.drawing.close()
            self.drawing.deleteLater()
            self.drawing = None

    def _say_failed(self, error: Exception, whose: tuple[int, str]) -> None:
        if whose == self._session.whose:
            self._answered = True
            self._say(problems_of(error)[0].text(), "error")

    def _add(self, scan: ReceptorScan, whose: tuple[int, str]) -> bool:
        """Put a measured scan into the table, unless another course is open by now; whether it was."""
        self._answered = True
        if whose != self._session.whose:
            self._say("The scan measured for the course before was left out.", "warning")
            return False
        self._measured.append(scan)
        rows = [row for row in self.scans.table.rows() if any(row.values())]
        self.scans.table.replace_rows(_with_measured(rows, entry.receptor_rows((scan,))))
        count = len(scan.lesions)
        self._say(
            f"{count} lesion{'' if count == 1 else 's'} measured, {scan.segmentation}; check and take them.", "good"
        )
        return True

    def _say(self, text: str, role: str) -> None:
        self.message.setText(text)
        set_role(self.message, role)

    # --- showing ----------------------------------------------------------------------------------------------------

    def _show_summary(self, summaries: tuple[ReceptorSummary, ...]) -> None:
        if not self._answered:
            self._say(
                "TLA: sum of SUVmean × volume. T/blood: SUVmean; T/liver, T/spleen: highest SUVmax over the organ's "
                "mean. NETPET from SUVmax, equal within 10 %. Change against the scan before."
                if summaries
                else "No receptor scan is recorded.",
                "dimmed",
            )
        titles = {
            "date": "Scan",
            "rule": "Segmentation",
            "volume": "Receptor volume (mL)",
            "activity": "TLA (mL)",
            "highest": "SUVmax",
            "mean": "SUVmean",
            "blood": "T/blood",
            "liver": "T/liver",
            "spleen": "T/spleen",
            "netpet": "NETPET",
            "discordant": "Discordant (mL)",
            "change": "Change of volume, TLA, SUVmax",
        }
        rows = [
            GridRow(f"{summary.scan.date.isoformat()}.{number}", _cells(summary), tooltip=summary.remark)
            for number, summary in enumerate(summaries)
        ]
        self.summary.show_rows([GridColumn(key, title) for key, title in titles.items()], rows)


def _with_measured(rows: list[dict[str, str]], measured: list[dict[str, str]]) -> list[dict[str, str]]:
    """Rows with those of a measured scan; the rows that the same scan had by the same rule give way to them.

    What FDG showed of a lesion is typed by hand, and stays with the lesion.
    """

    def scan_of(row: dict[str, str]) -> tuple[str, ...]:
        return tuple(row.get(key, "").strip() for key in (DATE, entry.TRACER, entry.SEGMENTATION))

    scan = scan_of(measured[0])
    typed = {row.get(entry.LESION, ""): row.get(entry.FDG, "") for row in rows if scan_of(row) == scan}
    kept = [row for row in rows if scan_of(row) != scan]
    return [*kept, *(row | {entry.FDG: typed.get(row[entry.LESION], "")} for row in measured)]


def _cells(summary: ReceptorSummary) -> dict[str, str]:
    def ratio(value: float | None) -> str:
        return "–" if value is None else f"{value:.1f}"

    change = summary.remark
    if summary.change is not None:
        change = ", ".join("–" if part is None else f"{PERCENT.from_core(part):+.0f} %" for part in summary.change)
    discordant = summary.discordant_volume_ml
    return {
        "date": f"{summary.scan.date:%d %b %Y}, {summary.scan.tracer}",
        "rule": summary.scan.segmentation,
        "volume": MILLILITRE.text(summary.receptor_volume_ml, with_symbol=False),
        "activity": f"{summary.total_lesion_activity_ml:.0f}",
        "highest": f"{summary.suv_max:.1f}",
        "mean": f"{summary.suv_mean:.1f}",
        "blood": ratio(summary.to_blood),
        "liver": ratio(summary.to_liver),
        "spleen": ratio(summary.to_spleen),
        "netpet": summary.netpet or "–",
        "discordant": "–" if discordant is None else MILLILITRE.text(discordant, with_symbol=False),
        "change": change,
    }
