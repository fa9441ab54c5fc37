"""The frame of the window: banner, notices, step rail, work area, inspector and status line; no wiring."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.steps.step import INSPECTOR_WIDTH, push_button, text_label
from widgets.elided_label import ElidedLabel
from widgets.job_strip import JobStrip
from widgets.notice_bar import NoticeBar
from widgets.patient_banner import PatientBanner
from widgets.saved_note import SavedNote
from widgets.step_rail import StepRail


class WindowFrame(QWidget):
    """The parts of the window, each where it belongs."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("centre")
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        self.banner = PatientBanner(self)
        page.addWidget(self.banner)
        self.notices = NoticeBar(self)
        page.addWidget(self.notices)
        self._page = page
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 10, 8)
        middle.setSpacing(10)
        self.rail = StepRail(self)
        middle.addWidget(self.rail)
        middle.addLayout(self._work_area(), 1)
        middle.addWidget(self._inspector())
        page.addLayout(middle, 1)
        page.addWidget(self._status_line())

    def _work_area(self) -> QVBoxLayout:
        work = QVBoxLayout()
        work.setContentsMargins(0, 8, 0, 0)
        work.setSpacing(8)
        self.heading = text_label(role="heading", name="step_heading")
        self.subheading = text_label(role="dimmed", name="step_subheading")
        self.subheading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.heading)
        head.addWidget(self.subheading, 1)
        work.addLayout(head)
        self.work = QStackedWidget(self)
        self.work.setObjectName("work_area")
        work.addWidget(self.work, 1)
        self._work_column = work
        return work

    def _inspector(self) -> QWidget:
        self.side = QWidget(self)
        self.side.setObjectName("inspector")
        self.side.setFixedWidth(INSPECTOR_WIDTH)
        side = QVBoxLayout(self.side)
        side.setContentsMargins(0, 8, 0, 0)
        side.setSpacing(8)
        self.inspectors = QStackedWidget(self.side)
        side.addWidget(self.inspectors, 1)
        self.state_note = text_label(role="dimmed", name="step_note", wrap=True)
        side.addWidget(self.state_note)
        self.confirm_button: QPushButton = push_button(
            "Confirm step", name="confirm_step", tooltip="Confirm this step (Ctrl+Enter)", primary=True
        )
        side.addWidget(self.confirm_button)
        return self.side

    def _status_line(self) -> QWidget:
        line = QWidget(self)
        line.setObjectName("status_line")
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 3, 12, 3)
        row.setSpacing(16)
        self.probe = text_label(role="dimmed", name="status_probe")
        self.probe.setMinimumWidth(330)
        self.job_strip = JobStrip(line)
        self.constancy = ElidedLabel(role="dimmed", object_name="status_constancy")
        self.undo_note = ElidedLabel(role="dimmed", object_name="status_undo")
        row.addWidget(self.probe)
        row.addWidget(self.job_strip, 1)
        self.saved_note = SavedNote(line)
        row.addWidget(self.constancy)
        row.addWidget(self.saved_note)
        row.addWidget(self.undo_note)
        self._status_row = row
        self.constancy.hide()
        self.saved_note.show_nothing()
        return line

    def add_strip(self, strip: QWidget) -> None:
        """Put the scans below the work area."""
        self._work_column.addWidget(strip)

    def add_working_panel(self, panel: QWidget, note: QWidget) -> None:
        """Put the question who is working under the banner, and its answer into the status line."""
        self._page.insertWidget(self._page.indexOf(self.notices) + 1, panel)
        self._status_row.insertWidget(self._status_row.indexOf(self.saved_note), note)
