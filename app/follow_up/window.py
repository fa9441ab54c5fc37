"""The window of follow-up: what is entered by hand, and what became of the patient, in tabs beside the course."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from app.follow_up.entry_page import EntryPage
from app.follow_up.events_page import EventsPage
from app.follow_up.laboratory_page import LaboratoryPage
from app.follow_up.receptor_page import ReceptorPage
from app.follow_up.response_page import ResponsePage
from app.follow_up.safety_page import SafetyPage
from app.follow_up.samples_page import SamplesPage
from app.session import Session
from app.steps.step import combo_box, text_label
from dosimetry_core.report.words import patient_name
from widgets.copying import copy_by_keyboard
from widgets.entry_table import EntryTable

PAGES = ("samples", "laboratory", "safety", "entry", "response", "receptor", "events")


class FollowUpWindow(QWidget):
    """Tabs on the open course; it follows the course, is put away with the window, and keeps what was typed."""

    def __init__(self, session: Session, window: QMainWindow) -> None:
        super().__init__(window, Qt.WindowType.Window)
        self.setObjectName("follow_up_window")
        self.setWindowTitle("Values and follow-up")
        copy_by_keyboard(self)
        self._session = session
        self._whose = session.whose
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        head = QHBoxLayout()
        self.patient = text_label(role="heading", name="follow_up_patient")
        head.addWidget(self.patient)
        head.addStretch(1)
        self.message = text_label(role="dimmed", name="follow_up_message")
        head.addWidget(self.message)
        self.cycle = combo_box("follow_up_cycle", [])
        self.cycle.setAccessibleName("Cycle")
        self.cycle.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.cycle.activated.connect(session.view_state.set_cycle)
        head.addWidget(self.cycle)
        column.addLayout(head)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("follow_up_tabs")
        self.tabs.tabBar().setDrawBase(False)
        self.samples = SamplesPage(session)
        self.laboratory = LaboratoryPage(session)
        self.safety = SafetyPage(session)
        self.entry = EntryPage(session)
        self.response = ResponsePage(session)
        self.receptor = ReceptorPage(session)
        self.events = EventsPage(session)
        self._pages = (
            self.samples,
            self.laboratory,
            self.safety,
            self.entry,
            self.response,
            self.receptor,
            self.events,
        )
        titles = (
            "Blood and whole body",
            "Laboratory",
            "Safety",
            "Entry criteria",
            "Response",
            "Receptor imaging",
            "Adverse events and end",
        )
        for page, title in zip(self._pages, titles, strict=True):
            self.tabs.addTab(page, title)
        self.tabs.currentChanged.connect(lambda _n: self._refresh_page())
        column.addWidget(self.tabs, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.refresh)
        document = session.document
        for signal in (document.changed, session.view_state.cycle_changed, document.evaluation_changed):
            signal.connect(lambda *_what: self._timer.start())
        document.changed.connect(lambda _what: self._course_changed())
        for name, keys, act in (
            ("Undo", QKeySequence.StandardKey.Undo, self.undo),
            ("Redo", QKeySequence.StandardKey.Redo, document.redo),
        ):
            action = QAction(name, self)
            action.setShortcuts(QKeySequence.keyBindings(keys))
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)
        session.permission.refused.connect(self.message.setText)
        window.installEventFilter(self)
        self.resize(1360, 780)
        self.refresh()

    def show_page(self, name: str) -> None:
        """Go to a tab by its name."""
        self.tabs.setCurrentIndex(PAGES.index(name))

    def undo(self) -> None:
        """Take back what was typed or pasted into a table in view, the one with the keyboard first; else the last step
        of the course.
        """
        page, focus = self.tabs.currentWidget(), self.focusWidget()
        tables = [table for table in page.findChildren(EntryTable) if table.can_undo and table.isVisibleTo(page)]
        tables.sort(key=lambda table: focus is None or not (table is focus or table.isAncestorOf(focus)))
        if tables:
            tables[0].undo()
        else:
            self._session.document.undo()

    def refresh(self) -> None:
        """Show the course as it is now."""
        case = self._session.document.case
        if self._whose != self._session.whose:
            # Values typed for one patient must not be taken into the course of another.
            self._whose = self._session.whose
            for page in self._pages:
                if not isinstance(page, SafetyPage):
                    page.forget_typed()
        self.tabs.setEnabled(True)
        self.patient.setText(
            f"{patient_name(case.patient.name)}, {case.patient.patient_id}" if case.cycles else "No course is open"
        )
        self.message.setText("")
        self.cycle.clear()
        self.cycle.addItems([f"Cycle {cycle.number}" for cycle in case.cycles])
        self.cycle.setCurrentIndex(self._session.view_state.cycle if case.cycles else -1)
        self._refresh_page()

    def _course_changed(self) -> None:
        """Until another course is shown here, nothing is taken into it."""
        if self._whose != self._session.whose:
            self.tabs.setEnabled(False)

    def _refresh_page(self) -> None:
        """The page in view; the others when they come into view."""
        page = self._pages[self.tabs.currentIndex()]
        # The other pages are about the whole course.
        self.cycle.setVisible(page is self.samples)
        page.refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """It goes with the window of the course."""
        if event.type() == QEvent.Type.Hide and watched is self.parent():
            self.close()
        return super().eventFilter(watched, event)
