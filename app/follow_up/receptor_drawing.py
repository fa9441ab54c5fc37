"""The window in which VOIs are drawn on a receptor PET, with the tools of the VOI step, and measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.document import Document
from app.jobs import Jobs
from app.key_bindings import bindings_of
from app.key_table import KEY_ACTS
from app.outputs import write_file
from app.permission import Permission
from app.plans.plan_choice import PlanChoice
from app.preferences import Preferences
from app.problems import problems_of
from app.recomputation import Recomputation
from app.reviews import Reviews
from app.second_opinion_watch import SecondOpinionWatch
from app.session import Session
from app.steps.step import INSPECTOR_WIDTH, push_button, text_label
from app.steps.voi_step import VoiStep
from app.view_state import ViewState
from app.window_acts import SHAPE_ACTS
from dosimetry_core.case import Case, Course, Cycle, Patient
from dosimetry_core.dicom_export.receptor_vois import receptor_vois_file
from dosimetry_core.errors import DosimetryError
from dosimetry_core.follow_up import ReceptorScan
from dosimetry_core.followup.receptor_dicom import receptor_scan_of
from dosimetry_core.followup.receptor_study import ReceptorStudy, role_told_by, with_roles_of_names
from dosimetry_core.followup.suv_metrics import SegmentationRule
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.progress import Progress
from dosimetry_core.report.words import patient_name
from dosimetry_core.units import GRAM_PER_KG, HOUR, KILOBECQUEREL_PER_ML
from dosimetry_core.voi import Voi
from widgets.theme import set_role

WEIGHT_WORDS = {"file": "of the files", "stated": "typed"}
SAVED_NAME = "receptor-vois.dcm"
_NO_SUCH_TOOLS = ("voi_propose", "voi_propose_total_segmentator", "voi_from_cycle", "voi_role_row")
"""They need a course: other cycles, or the uptake of the therapy's nuclide; roles have a column of their own."""
_TOOLS = {"ball-tool": "ball"} | {
    name: name for name in ("brush", "erase", "polygon", "live-wire", "ellipsoid", "move", "scissors", "crop")
}


def no_results(case: Case, **_named: object) -> None:
    """A receptor scan has no absorbed doses; never asked for, since nothing is computed while it is drawn on."""
    raise ValueError("a receptor scan is not evaluated")


def drawing_case(study: ReceptorStudy, patient: Patient) -> Case:
    """The scan as the one scan of a case without administrations, which is never computed and never kept."""
    point = TimePoint(study.image.series, study.ct, Registration(RigidTransform.identity(), "reference"))
    return Case(patient, Course(""), (Cycle(1, (), time_points=(point,), vois=study.vois),))


def drawing_session(window: QWidget, case: Case, preferences: Preferences) -> Session:
    """A session of its own: nothing done in it touches the course or the store."""
    permission, jobs = Permission(window), Jobs(window)
    document = Document(case, window, permission=permission)
    return Session(
        document,
        ViewState(window),
        jobs,
        Recomputation(document, jobs, no_results, window),
        SecondOpinionWatch(document, jobs, window),
        Reviews(window, permission=permission),
        PlanChoice(window, permission=permission),
        permission,
        preferences,
    )


def measured_vois(
    study: ReceptorStudy, vois: tuple[Voi, ...], rule: SegmentationRule, *, progress: Progress
) -> ReceptorScan:
    """The drawn VOIs by a rule; runs as a job."""
    return receptor_scan_of(study.image, with_roles_of_names(vois), rule, progress=progress)


class ReceptorDrawing(QWidget):
    """One receptor PET with its CT and the tools of the VOI step.

    ``vois_asked`` carries the VOI files to begin with instead of what is drawn.

    Parameters
    ----------
    rule
        Gives the segmentation rule as chosen when *Measure* is pressed; may raise DosimetryError.
    take
        Is given the `ReceptorScan` of what is drawn, and says whether it was taken: it is not when another course is
        open by then.
    """

    vois_asked = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        study: ReceptorStudy,
        patient: Patient,
        folder: Path,
        rule: Callable[[], SegmentationRule],
        take: Callable[[ReceptorScan], bool],
        preferences: Preferences,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("receptor_drawing")
        self.study, self._folder, self._rule, self._take = study, folder, rule, take
        self._saved: tuple[Voi, ...] = study.vois
        self._may_leave_unsaved = False
        self.session = drawing_session(self, drawing_case(study, patient), preferences)
        self.setWindowTitle(f"Receptor scan of {patient_name(patient.name)}, {patient.patient_id}")
        self.step = VoiStep(self.session)
        self.step.images.scan_name = "receptor PET"
        self.step.acts.role_of_name = lambda _voi, name: role_told_by(name)
        self._build(patient)
        self._add_keys()
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.refresh)
        document, view_state = self.session.document, self.session.view_state
        document.changed.connect(self._changed)
        view_state.voi_changed.connect(lambda _voi: self._timer.start())
        self.session.permission.refused.connect(self.say)
        self.step.told.connect(self.say)
        self.step.probed.connect(self._show_probe)
        parent.window().installEventFilter(self)
        self.resize(1500, 900)

    def _build(self, patient: Patient) -> None:
        image = self.study.image
        suv_1 = KILOBECQUEREL_PER_ML.text(image.reference_activity_bq / (image.weight_kg * GRAM_PER_KG), digits=2)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        head = QHBoxLayout()
        head.addWidget(text_label(f"{patient_name(patient.name)}, {patient.patient_id}", role="heading"))
        facts = (
            f"{image.series.acquisition_start:%d %b %Y}, {image.tracer}, {HOUR.text(image.uptake_s)} after injection; "
            f"SUV 1 = {suv_1} ({image.weight_kg:g} kg, {WEIGHT_WORDS[image.weight_from]})"
        )
        head.addWidget(text_label(facts, role="dimmed", name="receptor_facts"))
        head.addStretch(1)
        self.open = push_button(
            "Open VOIs…", name="receptor_open_vois", tooltip="VOIs of files in place of what is drawn here"
        )
        self.save = push_button(
            "Save VOIs…", name="receptor_save_vois", tooltip="as a DICOM segmentation, to be kept beside the PET"
        )
        self.measure = push_button(
            "Measure",
            name="receptor_measure_drawn",
            tooltip="every lesion by the segmentation rule of the receptor page, into its table",
            primary=True,
        )
        for button in (self.open, self.save, self.measure):
            head.addWidget(button)
        column.addLayout(head)
        middle = QHBoxLayout()
        middle.addWidget(self.step, 1)
        self.step.inspector.setFixedWidth(INSPECTOR_WIDTH)
        middle.addWidget(self.step.inspector)
        column.addLayout(middle, 1)
        foot = QHBoxLayout()
        self.probe = text_label(role="dimmed", name="receptor_probe")
        self.message = text_label(role="dimmed", name="receptor_drawing_message")
        foot.addWidget(self.probe)
        foot.addStretch(1)
        foot.addWidget(self.message)
        column.addLayout(foot)
        # What is about doses, other scans and other cycles has no meaning here.
        for part in (self.step.live, self.step.live.plots, self.step.scans, self.step.sections):
            part.hide()
        self.step.display.hide_decay_correction()
        for name in _NO_SUCH_TOOLS:
            for unwanted in self.step.inspector.findChildren(QWidget, name):
                unwanted.hide()
        self.step.layouts.bar.window_button.hide()
        self.step.table.show_columns(("name", "role", "volume"))
        self._say_pet()
        self.step.images.layers_changed.connect(lambda _ct, _pet: self._say_pet())
        self.open.clicked.connect(self.choose_vois)
        self.save.clicked.connect(self.choose_place)
        self.measure.clicked.connect(self.measure_drawn)

    def _say_pet(self) -> None:
        """The views and tools are those of the therapy, whose emission images are SPECT; these are PET."""
        for button in self.step.findChildren(QAbstractButton) + self.step.inspector.findChildren(QAbstractButton):
            button.setText(button.text().replace("SPECT", "PET"))
            button.setToolTip(button.toolTip().replace("SPECT", "PET"))
        for box in self.step.findChildren(QComboBox) + self.step.inspector.findChildren(QComboBox):
            for number in range(box.count()):
                box.setItemText(number, box.itemText(number).replace("SPECT", "PET"))

    def _add_keys(self) -> None:
        """Undo, redo and the tools, with the keys of the window."""
        document, view_state, step = self.session.document, self.session.view_state, self.step
        acts: dict[str, Callable[[], object]] = {
            "undo": document.undo,
            "redo": document.redo,
            "cursor": step.drop_tool,
            "close": step.close_outline,
            "fusion": view_state.cycle_fusion,
            "contours": lambda: view_state.set_contours(not view_state.contours),
            "smaller": partial(view_state.scale_brush, -1),
            "larger": partial(view_state.scale_brush, +1),
            **{name: partial(view_state.set_tool, tool) for name, tool in _TOOLS.items()},  # type: ignore[arg-type]
            **{act: partial(step.do_shape_act, act) for act in SHAPE_ACTS},
        }
        bindings, _problems = bindings_of(self.session.preferences.keys, self.session.preferences.mouse)
        for act in KEY_ACTS:
            if act.name in acts:
                action = QAction(act.text, self)
                action.setShortcuts([QKeySequence(key) for key in bindings.keys_of(act)])
                action.triggered.connect(lambda _checked=False, do=acts[act.name]: do())
                self.addAction(action)

    # --- showing ----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the scan and what is drawn."""
        if self.session.document.is_previewing:
            self.step.refresh_live()
        else:
            self.step.refresh()

    def _changed(self, _change: object) -> None:
        self._may_leave_unsaved = False
        self._timer.start()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """What is drawn is in no course: it is left unsaved only by closing twice."""
        if self.is_saved or self._may_leave_unsaved:
            self._saved = self.vois
            event.accept()
            return
        self._may_leave_unsaved = True
        self.say("NOT SAVED: save the VOIs, or close once more to leave without them.", "error")
        event.ignore()

    def leave(self) -> None:
        """The program is left: nothing is asked any more."""
        self.session.jobs.close()
        self._saved = self.vois
        self.close()

    def showEvent(self, event: QEvent) -> None:  # noqa: N802 Qt override
        """Show the scan as soon as there is room for it."""
        super().showEvent(event)  # type: ignore[arg-type]
        self.session.jobs.hand.watch(self.windowHandle())
        self.refresh()
        self.step.entered()

    def _show_probe(self, words: str) -> None:
        self.probe.setText(words)

    def say(self, words: str, role: str = "dimmed") -> None:
        """One line at the foot."""
        self.message.setText(words)
        set_role(self.message, role)

    # --- VOIs -------------------------------------------------------------------------------------------------------

    @property
    def vois(self) -> tuple[Voi, ...]:
        """What is drawn."""
        return self.session.document.case.cycles[0].vois

    @property
    def is_saved(self) -> bool:
        """Whether what is drawn is in a file."""
        return self.vois == self._saved

    def choose_vois(self) -> None:
        """Ask for VOI files, which are then read with the scan's files."""
        files, _kind = QFileDialog.getOpenFileNames(
            self, "VOIs: structure set, segmentation or label volume", str(self._folder)
        )
        if files:
            self.vois_asked.emit(tuple(Path(file) for file in files))

    def take_vois(self, vois: tuple[Voi, ...]) -> None:
        """VOIs of files in place of what is drawn; one step that can be undone."""
        self.session.document.apply(
            "VOIs of files", lambda case: replace(case, cycles=(replace(case.cycles[0], vois=vois),))
        )
        self._saved = vois

    def choose_place(self) -> None:
        """Ask for a file, and write what is drawn."""
        chosen, _kind = QFileDialog.getSaveFileName(
            self, "Save the VOIs", str(self._folder / SAVED_NAME), "DICOM segmentation (*.dcm)"
        )
        if chosen:
            self.save_to(Path(chosen))

    def save_to(self, path: Path) -> None:
        """Write what is drawn as a DICOM segmentation."""
        vois = self.vois
        try:
            write_file(
                path, receptor_vois_file(self.study, with_roles_of_names(vois), made_at=datetime.now().astimezone())
            )
        except DosimetryError as error:
            self.say(problems_of(error)[0].text(), "error")
            return
        self._saved = vois
        self.say(f"Saved as {path.name}.", "good")

    def measure_drawn(self) -> None:
        """Every lesion by the rule chosen on the receptor page."""
        try:
            rule = self._rule()
        except DosimetryError as error:
            self.say(problems_of(error)[0].text(), "error")
            return
        job = self.session.jobs.start(
            measured_vois, self.study, self.vois, rule, purpose="receptor scan", title="Measuring the receptor scan"
        )
        self.say("Measuring…")
        job.succeeded.connect(self._tell_measured)
        job.failed.connect(lambda error: self.say(problems_of(error)[0].text(), "error"))

    def _tell_measured(self, scan: ReceptorScan) -> None:
        unsaved = "" if self.is_saved else " The VOIs are not saved yet."
        if not self._take(scan):
            self.say(f"Measured, but left out: another course is open now.{unsaved}", "warning")
            return
        count = len(scan.lesions)
        self.say(f"{count} lesion{'' if count == 1 else 's'} measured, {scan.segmentation}.{unsaved}", "good")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """It goes with the window of follow-up, unless something drawn is not saved."""
        # A window that is minimised is hidden by the window system, not closed.
        hides = event.type() == QEvent.Type.Hide and not event.spontaneous()
        if hides and watched is self.parent().window():  # type: ignore[union-attr]
            self.close()
        return super().eventFilter(watched, event)
