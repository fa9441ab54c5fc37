"""Asks before a backup takes the place of the store: what would go, and a number to be typed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from app.jobs import Jobs
from app.operations.data_folder import DataFolder
from app.operations.restoration import Outlook, outlook
from app.operations.site_configuration import SiteConfiguration
from app.problems import problems_of
from app.steps.step import push_button, text_label
from dosimetry_core.progress import Progress
from widgets.elided_label import ElidedLabel
from widgets.theme import set_role

WORD = "restore"
"""Typed where there is no number of courses to type."""


def looked_at(file: Path, folder: DataFolder, configuration: SiteConfiguration, *, progress: Progress) -> Outlook:
    """`outlook` as a job."""
    progress(0.0, "Reading the backup")
    return outlook(file, folder, configuration)


class RestoreDialog(QDialog):
    """Says what restoring would do; the button works when the number of courses of the backup was typed.

    ``confirmed`` carries the path of the backup.
    """

    confirmed = Signal(object)

    def __init__(
        self,
        file: Path,
        folder: DataFolder,
        configuration: SiteConfiguration,
        jobs: Jobs,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("restore_dialog")
        self.setWindowTitle("Restore a backup")
        self.setMinimumWidth(560)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._file = file
        self._expected = ""
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(ElidedLabel(file.name, object_name="restore_file", role="heading"))
        self.explanation = text_label("Reading the backup …", name="restore_explanation", wrap=True)
        column.addWidget(self.explanation)
        self.question = text_label(name="restore_question", wrap=True)
        column.addWidget(self.question)
        self.answer = QLineEdit()
        self.answer.setObjectName("restore_answer")
        self.answer.setEnabled(False)
        self.answer.textChanged.connect(self._look)
        column.addWidget(self.answer)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.restore_button = push_button("Restore", name="restore_confirm")
        self.restore_button.setEnabled(False)
        self.restore_button.setAutoDefault(False)
        buttons.addButton(self.restore_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.restore_button.clicked.connect(self._confirm)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        job = jobs.start(looked_at, file, folder, configuration, purpose="store-outlook", title="Reading the backup")
        job.succeeded.connect(self._show)
        job.failed.connect(self._refuse)

    def _show(self, view: Outlook) -> None:
        self.explanation.setText(
            f"{view.text_without_paths}\n\nClose other windows on this store first. The backup is checked as a whole, "
            "then this window opens again on what it holds. Nothing is thrown away."
        )
        self._expected = str(view.backup.courses) if view.backup.courses else WORD
        asked = f"the number of courses in the backup ({view.backup.courses})" if view.backup.courses else WORD
        self.question.setText(f"To go on, type {asked}:")
        self.answer.setEnabled(True)
        self.answer.setFocus()

    def _refuse(self, error: Exception) -> None:
        self.explanation.setText(problems_of(error)[0].text())
        set_role(self.explanation, "error")

    def _look(self, text: str) -> None:
        is_right = bool(self._expected) and text.strip() == self._expected
        self.restore_button.setEnabled(is_right)
        set_role(self.restore_button, "danger" if is_right else "")

    def _confirm(self) -> None:
        self.accept()
        self.confirmed.emit(self._file)
