"""Adverse events with grade, relation, dates and outcome; when and why treatment ended; alive or dead since."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.follow_up.entry_card import EntryCard
from app.follow_up.record_edits import death_words, with_recorded
from app.session import Session
from dosimetry_core.follow_up import (
    AdverseEvent,
    EndReason,
    EventOutcome,
    Relation,
    TreatmentEnd,
)
from dosimetry_core.followup import record_entry as entry
from dosimetry_core.followup.treatment_start import treatment_start
from widgets.entry_model import EntryColumn


class EventsPage(QWidget):
    """Events above, the end of treatment and the vital status below."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("events_page")
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.events = EntryCard(
            "adverse_events",
            "Adverse events (CTCAE 5.0)",
            (
                EntryColumn(entry.TERM, "Term", 24),
                EntryColumn(entry.GRADE, "Grade", 6, "1 to 5", is_number=True),
                EntryColumn(entry.RELATION, "Relation", 12, ", ".join(get_args(Relation))),
                EntryColumn(entry.ONSET, "Onset", 11),
                EntryColumn(entry.RESOLVED, "Resolved", 11),
                EntryColumn(entry.OUTCOME, "Outcome", 22, ", ".join(get_args(EventOutcome))),
                EntryColumn(entry.SERIOUS, "Serious", 7, "yes, or empty"),
                EntryColumn(entry.NOTE, "Note", 0),
            ),
        )
        self.events.lay_out()
        column.addWidget(self.events, 3)
        self.end = EntryCard(
            "treatment_end",
            "End of treatment",
            (
                EntryColumn(entry.DATE, "Date", 11),
                EntryColumn(entry.REASON, "Reason", 22, ", ".join(get_args(EndReason))),
                EntryColumn(entry.NOTE, "Note", 0),
            ),
        )
        self.end.lay_out()
        self.vital = EntryCard(
            "vital_status",
            "Vital status, for overall survival",
            (
                EntryColumn(entry.DATE, "Date", 11, "last known to be alive, or day of death of whatever cause"),
                EntryColumn(entry.STATUS, "Status", 0, f"{entry.ALIVE} or {entry.DEAD}"),
            ),
        )
        self.vital.lay_out()
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(self.end, 3)
        below.addWidget(self.vital, 2)
        column.addLayout(below, 2)
        for card in (self.events, self.end, self.vital):
            card.file.hide()
        self.events.edited.connect(self._look_at_events)
        self.end.edited.connect(self._look_at_end)
        self.events.take_requested.connect(self.take_events)
        self.end.take_requested.connect(self.take_end)
        self.vital.edited.connect(self._look_at_vital)
        self.vital.take_requested.connect(self.take_vital)

    def refresh(self) -> None:
        """Show the course as it is now."""
        recorded = self._session.document.case.follow_up
        self.setEnabled(bool(self._session.document.case.cycles))
        self.events.show_held(entry.adverse_event_rows(recorded.adverse_events))
        self.end.show_held(entry.end_rows(recorded.end))
        self.vital.show_held(entry.vital_status_rows(recorded.alive_on, recorded.died_on))
        self._look_at_events()
        self._look_at_end()
        self._look_at_vital()

    def forget_typed(self) -> None:
        """Let go of what was typed for the course before."""
        self.events.drop()
        self.end.drop()
        self.vital.drop()

    def _look_at_events(self) -> entry.Entered[AdverseEvent]:
        read = entry.read_adverse_events(self.events.table.rows(), today=date.today())
        count = len(read.values)
        worst = max((event.grade for event in read.values), default=0)
        text = f"{count} event{'' if count == 1 else 's'}" + (f", worst grade {worst}" if worst else "")
        self.events.say(read.remarks, {}, count=text, extra=self._contradiction(adverse_events=read.values))
        return read

    def _look_at_end(self) -> entry.Entered[TreatmentEnd]:
        read = entry.read_end(self.end.table.rows(), today=date.today())
        end = read.values[0] if read.values else None
        self.end.say(
            read.remarks, {}, count="" if read.values else "treatment goes on", extra=self._contradiction(end=end)
        )
        return read

    def _look_at_vital(self) -> tuple[entry.VitalStatus, bool]:
        case = self._session.document.case
        status, remarks = entry.read_vital_status(
            self.vital.table.rows(), today=date.today(), treatment_start=treatment_start(case)
        )
        extra = self._contradiction(alive_on=status.alive_on, died_on=status.died_on)
        known = "dead" if status.died_on else "alive" if status.alive_on else "not stated"
        self.vital.say(remarks, {}, count=known, extra=extra)
        return status, not extra and not any(remark.level == "error" for remark in remarks)

    def _contradiction(self, **changes: Any) -> str:
        return death_words(self._session.document.case, **changes)

    def take_events(self) -> None:
        """The events of the table in place of those of the course, as one step."""
        read = self._look_at_events()
        if self._contradiction(adverse_events=read.values):
            return
        if read.is_right and self._session.document.apply(
            "Adverse events", lambda case: with_recorded(case, adverse_events=read.values)
        ):
            self.events.taken(entry.adverse_event_rows(read.values))

    def take_end(self) -> None:
        """The end of treatment into the course, as one step."""
        read = self._look_at_end()
        end = read.values[0] if read.values else None
        if self._contradiction(end=end):
            return
        if read.is_right and self._session.document.apply(
            "End of treatment", lambda case: with_recorded(case, end=end)
        ):
            self.end.taken(entry.end_rows(end))

    def take_vital(self) -> None:
        """Alive or dead into the course, as one step."""
        status, is_right = self._look_at_vital()
        if is_right and self._session.document.apply(
            "Vital status",
            lambda case: with_recorded(case, alive_on=status.alive_on, died_on=status.died_on),
        ):
            self.vital.taken(entry.vital_status_rows(status.alive_on, status.died_on))
            self.refresh()
