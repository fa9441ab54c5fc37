"""Step 2: import and check. One row per scan, every check in words, delays as arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from app.cameras.profiles_kept import camera_findings
from app.case_edits import with_cycle
from app.case_reading import prepared, with_images_of
from app.given_shown import CALIBRATION_COLUMNS, GIVEN_COLUMNS, calibration_rows, given_rows
from app.images_taken import folder_listed, path_in_case, path_within, still_fitting, with_those_here
from app.import_checks import SIGNS, checks_of, field_of_view_checks, grid_words, quantity_words, worst
from app.import_corrections import NO_ANSWERS, CorrectionKey, answered, answers_in_words, said_of_images
from app.importing.folder_contents import FoundSeries
from app.number_grid import GridColumn, GridRow, Number, NumberGrid
from app.operations.counted import counted
from app.result_paths import result_path
from app.scan_words import delay_s
from app.session import Session
from app.steps.folder_contents_dialog import FolderContentsDialog
from app.steps.import_corrections_section import CorrectionsSection
from app.steps.new_course_dialog import NewCourseDialog
from app.steps.partial_volume_choice import PartialVolumeChoice
from app.steps.step import SPACING, ScrolledGrid, Section, Step, push_button, text_label
from app.window_texts import time_text
from dosimetry_core.calibration import calibration_used
from dosimetry_core.case import Case, Cycle
from dosimetry_core.errors import DosimetryError
from dosimetry_core.quantification.findings import calibration_findings
from dosimetry_core.quantification.measurement import CycleMeasurement
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import HOUR, MEGABECQUEREL

_COLUMNS = (
    GridColumn("scan", "Scan"),
    GridColumn("start", "Start of the scan"),
    GridColumn("delay", "Delay (h)", "from the middle of the infusion of the first nuclide to the start of the scan"),
    GridColumn("checks", "Checks"),
    GridColumn("nuclide", "Nuclide"),
    GridColumn("values", "Values"),
    GridColumn("ct", "CT", "columns × rows × slices"),
    GridColumn("activity", "Field of view\n(MBq)", "activity in the whole image at the start of the scan"),
)
_GAP = 16
"""Between columns of the scans: all of them stand beside each other on a small screen, too."""


class ImportStep(Step):
    """What was read from the files, and whether it can be trusted.

    ``course_made`` carries the case of a new course, made of images that were dropped while none was open.
    """

    course_made = Signal(object)

    key = "import"
    title = "Import and check"
    needs_time_strip = True
    keys = (("Click a row", "show the checks of that scan"),)

    cameras_requested = Signal()
    density_requested = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        table = Section("Scans")
        self.table = NumberGrid("scans", spread=False, gap=_GAP)
        self.table.row_clicked.connect(self._choose)
        table.add(ScrolledGrid(self.table), 1)
        self.column.addWidget(table, 3)
        self._detail = Section("Checks")
        self.checks = NumberGrid("checks", spread=False)
        self._detail.add(ScrolledGrid(self.checks), 1)
        self.corrections = CorrectionsSection(session)
        below = QHBoxLayout()
        below.setSpacing(SPACING)
        below.addWidget(self._detail, 6)
        below.addWidget(ScrolledGrid(self.corrections), 5)
        self.column.addLayout(below, 4)
        self.column.setSpacing(SPACING)
        self._build_inspector()

    def _build_inspector(self) -> None:
        files = Section("Files")
        self._files = text_label(role="dimmed", name="files_text", wrap=True)
        files.add(self._files)
        again = push_button("Read the images again", name="read_again", tooltip="import and align all cycles anew")
        again.clicked.connect(self.read_again)
        look = push_button("Look into a folder…", name="look_into_folder", tooltip="what it holds, series by series")
        look.clicked.connect(lambda: self.look_into_folder())
        files.add_row(again, look)
        self.inspector.add(files)
        given = Section("Administered activity")
        self.given = NumberGrid("administered")
        given.add(self.given)
        self.inspector.add(given)
        calibration = Section("Calibration")
        self.calibration = NumberGrid("calibration")
        calibration.add(self.calibration)
        self.partial_volume = PartialVolumeChoice(self.session)
        calibration.add(self.partial_volume)
        self.calibration_note = text_label(role="warning", name="calibration_note", wrap=True)
        calibration.add(self.calibration_note)
        cameras = push_button("Camera calibration…", name="open_cameras", tooltip="profiles with history; measure one")
        cameras.clicked.connect(lambda: self.cameras_requested.emit())
        density = push_button("Density curves…", name="open_density", tooltip="density from CT numbers")
        density.clicked.connect(lambda: self.density_requested.emit())
        calibration.add_row(cameras, density)
        self.inspector.add(calibration)

    def _choose(self, key: str) -> None:
        cycle, _, point = key.partition(".")
        self.session.view_state.set_cycle(int(cycle))
        self.session.view_state.set_time_point(int(point))

    def read_again(self) -> None:
        """Import and align anew; one undoable step."""
        before = self.session.document.case
        job = self.session.jobs.start(prepared, _without_images(before), purpose="open", title="Reading images again")

        def take(after: Case) -> None:
            self.session.document.apply("Read images again", lambda case: with_images_of(case, before, after))

        job.succeeded.connect(take)

    def look_into_folder(self, folder: Path | None = None) -> None:
        """List what a folder holds; its studies can be taken into the current cycle."""
        if folder is None:
            chosen = QFileDialog.getExistingDirectory(self, "Look into a folder", self.session.case.folder)
            if not chosen:
                return
            folder = Path(chosen)
        place = folder
        title = f"Looking into {place.name}"
        job = self.session.jobs.start(
            folder_listed, place, self.session.case.patient.time_zone or None, purpose="look", title=title
        )
        job.succeeded.connect(lambda found: self._show_folder(place, found))
        job.failed.connect(lambda error: self.told.emit(str(error)))

    def _show_folder(self, folder: Path, found: tuple[FoundSeries, ...]) -> None:
        cycle = self.session.cycle
        dialog = FolderContentsDialog(
            folder,
            found,
            patient_id=self.session.case.patient.patient_id,
            cycle_number=cycle.number if cycle is not None else None,
            said=said_of_images(cycle) if cycle is not None else NO_ANSWERS,
            parent=self,
        )
        whose = self.session.whose

        def take(paths: Sequence[str], vois: Sequence[str]) -> None:
            here = self.session.cycle
            if cycle is None or here is None or (self.session.whose, here.number) != (whose, cycle.number):
                self.told.emit("Another cycle is open than the one these images were for; look into the folder again.")
                return
            self.take_images(paths, vois, answers=dialog.answers, reason=dialog.reason)

        dialog.taken.connect(take)
        dialog.course_wanted.connect(
            lambda paths, patient, name: self._ask_for_course(folder, paths, patient, name, dialog.answers)
        )
        dialog.show()

    def _ask_for_course(
        self,
        folder: Path,
        paths: Sequence[str],
        patient_id: str,
        patient_name: str,
        answers: Mapping[CorrectionKey, str],
    ) -> None:
        images = [path_within(folder, path) for path in paths]
        dialog = NewCourseDialog(
            folder, images, patient_id=patient_id, patient_name=patient_name, answers=answers, parent=self
        )
        dialog.made.connect(self.course_made)
        dialog.show()

    def take_images(
        self,
        paths: Sequence[str],
        voi_paths: Sequence[str] = (),
        *,
        answers: Mapping[CorrectionKey, str] = NO_ANSWERS,
        reason: str = "",
    ) -> None:
        """Read these files and folders as further images and VOIs of the current cycle; one undoable step.

        ``answers`` say what the files leave open, ``reason`` how one knows.
        """
        session = self.session
        before, index, cycle = session.document.case, session.view_state.cycle, session.cycle
        if cycle is None or not session.permission.asked():
            return
        images = tuple(path_in_case(before, path) for path in paths)
        vois_named = tuple(path_in_case(before, path) for path in voi_paths)
        more = replace(
            cycle,
            image_paths=tuple(dict.fromkeys((*cycle.image_paths, *images))),
            voi_paths=tuple(dict.fromkeys((*cycle.voi_paths, *vois_named))),
        )
        try:
            more = answered(more, answers)
        except DosimetryError as error:
            self.told.emit(error.line())
            return
        asked = with_cycle(before, index, replace(more, time_points=(), vois=(), reference_time_point=0))
        job = session.jobs.start(prepared, asked, purpose="open", title="Reading and aligning images")

        def take(after: Case) -> None:
            if session.document.case is not before:
                self.told.emit("The course was changed meanwhile; take the images once more.")
                return
            read = after.cycles[index]
            vois = with_those_here(still_fitting(cycle, read), read.vois)
            label = f"Take images of {', '.join((*images, *vois_named))} into cycle {cycle.number}"
            why = answers_in_words(answers, reason)
            session.document.apply(label, lambda case: with_cycle(case, index, replace(read, vois=vois)), why=why)

        job.succeeded.connect(take)
        job.failed.connect(lambda error: self.told.emit(str(error)))

    def summary(self) -> str:
        """How many scans."""
        count = sum(len(cycle.time_points) for cycle in self.session.case.cycles)
        cycles = len(self.session.case.cycles)
        return f"{count} scans in {cycles} cycle{'s' if cycles != 1 else ''}"

    def refresh(self) -> None:
        """Show the scans of all cycles and the checks of the current one."""
        case = self.session.case
        rows = []
        for c, cycle in enumerate(case.cycles):
            measured = self._measured(c)
            scans = measured.time_points if measured is not None else ()
            for p, point in enumerate(cycle.time_points):
                checks = (*checks_of(case, cycle, point), *field_of_view_checks(measured, p + 1))
                remarks = sum(check.verdict != "good" for check in checks)
                activity = scans[p].field_of_view_activity_bq if p < len(scans) else None
                base = result_path("cycles", c, "time_points", p)
                current = (c, p) == (self.session.view_state.cycle, self.session.view_state.time_point)
                verdict = worst(checks)
                rows.append(
                    GridRow(
                        f"{c}.{p}",
                        {
                            "scan": f"{'▸ ' if current else ''}Cycle {cycle.number}, scan {p + 1}",
                            "start": time_text(case, point.spect.acquisition_start),
                            "delay": Number(f"{base}.time_after_administration_s", delay_s(cycle, point), HOUR),
                            "nuclide": nuclide_symbol(point.spect.nuclide) if point.spect.nuclide else "not stated",
                            "values": quantity_words(point.spect),
                            "ct": grid_words(point.ct).partition(",")[0] if point.ct is not None else "none",
                            "activity": Number(f"{base}.field_of_view_activity_bq", activity, MEGABECQUEREL, digits=0),
                            "checks": f"{SIGNS[verdict]} "
                            + (f"{remarks} remark{'s' * (remarks > 1)}" if remarks else "all good"),
                        },
                        tooltip=point.spect.description,
                        mark=verdict if verdict != "good" else "",
                    )
                )
        self.table.show_rows(_COLUMNS, rows)
        self._show_checks(case)
        self.corrections.refresh()
        self.partial_volume.refresh()
        cycle_now = self.session.cycle
        if cycle_now is not None:
            self._show_cycle(cycle_now)

    def _measured(self, index: int) -> CycleMeasurement | None:
        evaluation = self.session.evaluation
        return evaluation.cycles[index].measurement if evaluation and index < len(evaluation.cycles) else None

    def _show_checks(self, case: Case) -> None:
        cycle, point = self.session.cycle, self.session.time_point
        if cycle is None or point is None:
            self._detail.heading.setText("Checks")
            self.checks.show_rows([], [])
            return
        self._detail.heading.setText(f"Checks of cycle {cycle.number}, scan {self.session.view_state.time_point + 1}")
        view = self.session.view_state
        of_view = field_of_view_checks(self._measured(view.cycle), view.time_point + 1)
        rows = [
            GridRow(
                str(number),
                {"sign": SIGNS[check.verdict], "question": check.question, "answer": check.answer},
                mark="good" if check.verdict == "good" else check.verdict,
            )
            for number, check in enumerate((*checks_of(case, cycle, point), *of_view))
        ]
        columns = (GridColumn("sign", ""), GridColumn("question", "Check"), GridColumn("answer", "Answer", wraps=True))
        self.checks.show_rows(columns, rows)

    def _show_cycle(self, cycle: Cycle) -> None:
        paths = [*cycle.image_paths, *cycle.voi_paths]
        read = sum(
            len(series.source_files) for p in cycle.time_points for series in (p.spect, p.ct) if series is not None
        )
        self._files.setText(
            f"Cycle {cycle.number}: {', '.join(paths) or 'no images named'}; "
            f"{counted(read, 'image file')} read, {counted(len(cycle.vois), 'VOI')}."
        )
        self.given.show_rows(GIVEN_COLUMNS, given_rows(self.session.case, self.session.view_state.cycle))
        note = self._calibration_note(cycle)
        self.calibration_note.setText(note)
        self.calibration_note.setVisible(bool(note))
        self.calibration.show_rows(CALIBRATION_COLUMNS, calibration_rows(cycle.calibration, cycle.number))

    def _calibration_note(self, cycle: Cycle) -> str:
        """What speaks against the calibration: missing, expired, or not as its profile."""
        scans = [(p.spect.acquisition_start.date(), p.spect.volume.quantity) for p in cycle.time_points]
        counted = any(quantity in ("counts", "counts_per_s") for _, quantity in scans)
        said = []
        if counted and cycle.calibration.sensitivity_cps_per_bq is None:
            said.append("No sensitivity is stated: measure one, or choose a camera profile.")
        said += [finding.text for finding in calibration_findings(calibration_used(cycle), scans, "")]
        courses = self.session.courses
        if courses is not None:
            said += [finding.text for finding in camera_findings(cycle, courses.storage.folder)]
        return " ".join(said)


def _without_images(case: Case) -> Case:
    cycles = tuple(
        replace(cycle, time_points=(), vois=(), reference_time_point=0) if cycle.image_paths else cycle
        for cycle in case.cycles
    )
    return replace(case, cycles=cycles)
