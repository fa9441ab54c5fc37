"""The open course for research, without its patient: what is kept and removed, where to, and the files made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.completion import has_pending
from app.jobs import Job, Jobs
from app.operations.counted import counted
from app.operations.store_sections import progress_row, show_progress
from app.problems import problems_of
from app.read_table import ReadTable
from app.steps.step import Section, push_button, text_label
from dosimetry_core.progress import Progress
from widgets.theme import set_role

if TYPE_CHECKING:
    from app.deidentification.export import Deidentified
    from dosimetry_core.evaluation import Evaluation

_KEPT: Final = (
    "Kept: images that the course uses with their pixels, position, calibration and times of day; all intervals "
    "(dates move together, by a number of days that keeps summer time); VOIs under plain names; activities, blood, "
    "laboratory, settings; sex, size and weight; how scans are aligned. Results and report are computed anew from "
    "these, and compared with the course's: nothing printed is copied."
)
_REMOVED: Final = (
    "Removed: names, ids, places, people, devices, private elements, comments and reasons, follow-up. The birth date "
    "moves with the other dates; identifiers of studies and series are replaced. Every file is looked through for the "
    "patient's name, id, day of birth and the original identifiers before it is given away."
)
_BY_HAND: Final = "Look at the images: a face or a number drawn into the picture is not seen by a program."


class DeidentifyWindow(QDialog):
    """Not modal. Exports the results that are current when the button is pressed.

    Parameters
    ----------
    evaluation
        Current results of the open course, or None while they are being computed.
    """

    def __init__(self, evaluation: Callable[[], Evaluation | None], jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("deidentify_window")
        self.setWindowTitle("De-identified export for research")
        self.resize(880, 680)
        self._evaluation, self._jobs = evaluation, jobs
        self._job: Job | None = None
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(self._content_section())
        column.addWidget(self._place_section())
        self.files = ReadTable("deidentify_files", "Files that were made and looked through")
        column.addWidget(self.files, 1)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)

    def _content_section(self) -> Section:
        section = Section("What goes out", name="deidentify_content")
        for text in (_KEPT, _REMOVED):
            section.add(text_label(text, wrap=True))
        section.add(text_label(_BY_HAND, role="warning", wrap=True))
        return section

    def _place_section(self) -> Section:
        section = Section("Where to", name="deidentify_place")
        self.folder, self.key_file = QLineEdit(), QLineEdit()
        choose_folder = push_button("Choose…", name="deidentify_choose_folder")
        choose_folder.clicked.connect(self._choose_folder)
        choose_key = push_button("Choose…", name="deidentify_choose_key")
        choose_key.clicked.connect(self._choose_key)
        for field, name, label, hint, button in (
            (self.folder, "deidentify_folder", "New folder", "empty, or not there yet", choose_folder),
            (self.key_file, "deidentify_key", "Key file", "none: the key is forgotten after use", choose_key),
        ):
            field.setObjectName(name)
            field.setAccessibleName(label)
            field.setPlaceholderText(hint)
            field.setMinimumWidth(420)
            caption = text_label(label, role="dimmed")
            caption.setMinimumWidth(80)
            caption.setBuddy(field)
            section.add_row(caption, field, button)
        section.add(
            text_label(
                "With the same key a patient has the same pseudonym again. Who has the key can find the patient.",
                role="dimmed",
                wrap=True,
            )
        )
        self.export_button = push_button("Export without the patient", name="deidentify_export", primary=True)
        self.export_button.clicked.connect(self.export)
        section.add_row(self.export_button)
        self.bar, self.cancel_button, self.progress = progress_row("deidentify")
        self.cancel_button.clicked.connect(self._cancel)
        section.add(self.progress)
        self.message = text_label(role="dimmed", name="deidentify_message", wrap=True)
        section.add(self.message)
        return section

    def _choose_folder(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "New folder for the de-identified course", "course-for-research")
        if name:
            self.folder.setText(name)

    def _choose_key(self) -> None:
        # A file that is not there yet is made; one that is there is read, never overwritten.
        name, _ = QFileDialog.getSaveFileName(
            self, "Key file", "pseudonyms.key", options=QFileDialog.Option.DontConfirmOverwrite
        )
        if name:
            self.key_file.setText(name)

    # --- exporting --------------------------------------------------------------------------------------------------

    def export(self) -> None:
        """Write the course; runs as a job."""
        target, key = self.folder.text().strip(), self.key_file.text().strip()
        evaluation = self._evaluation()
        if self._job is not None:
            return
        if not target:
            self._say("Name a new folder.", "warning")
            return
        if evaluation is None or has_pending(evaluation):
            self._say("Results are being computed; export when they are there.", "warning")
            return
        self.files.show_rows("", [], ())
        job = self._jobs.start(
            course_exported,
            evaluation,
            Path(target),
            Path(key) if key else None,
            purpose="deidentify",
            title="De-identified export",
        )
        self._job = job
        self.export_button.setEnabled(False)
        self.progress.show()
        show_progress(self.bar, 0.0, "De-identified export")
        self._say("", "dimmed")
        job.progressed.connect(self._progressed)
        job.succeeded.connect(self._tell)
        job.failed.connect(self._failed)
        job.cancelled.connect(self._cancelled)
        job.finished.connect(self._ended)

    def _progressed(self, fraction: float, text: str) -> None:
        show_progress(self.bar, fraction, text)

    def _tell(self, made: Deidentified) -> None:
        self.files.show_rows(
            "",
            ["File", "What it is", "Size / bytes", "Looked through"],
            [(one.path, one.kind, one.size, "nothing found") for one in made.files],
        )
        said = f"{made.pseudonym}: {counted(len(made.files), 'file')} in {made.folder}, doses as in the course."
        if made.without_report:
            said += f" No report: {made.without_report}"
        said += "".join(f" {finding.place}: {finding.text.rstrip('.')}." for finding in made.findings)
        self._say(said, "warning" if made.without_report else "good")

    def _failed(self, error: BaseException) -> None:
        self._say("\n".join(problem.text() for problem in problems_of(error)), "error")

    def _cancelled(self) -> None:
        self._say("Cancelled; nothing was written.", "dimmed")

    def _ended(self) -> None:
        self._job = None
        self.progress.hide()
        self.export_button.setEnabled(True)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def done(self, result: int) -> None:
        """Nothing is written behind a window that Esc has closed."""
        self._cancel()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """Nor behind one that was closed by its frame."""
        self._cancel()
        super().closeEvent(event)

    def _say(self, text: str, role: str) -> None:
        self.message.setText(text)
        set_role(self.message, role)


def course_exported(evaluation: Evaluation, target: Path, key_file: Path | None, *, progress: Progress) -> Deidentified:
    """The course of these results without its patient, as a job."""
    from app.deidentification.export import require_empty, write_open_course
    from app.secret_key import secret_key

    require_empty(target)
    return write_open_course(evaluation.case, evaluation, target, secret_key(key_file), progress=progress)
