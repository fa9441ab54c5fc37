"""Entry rules before the first cycle: what only a person can say, and what each rule answers."""

from __future__ import annotations

from datetime import date

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.follow_up.entry_card import EntryCard
from app.follow_up.record_edits import with_recorded
from app.follow_up.safety_page import outcome_table
from app.number_grid import NumberGrid
from app.session import Session
from app.steps.step import ScrolledGrid, Section, text_label
from app.window_texts import protocol_of
from dosimetry_core.follow_up import EntryFacts
from dosimetry_core.followup import receptor_entry as entry
from dosimetry_core.followup.entry_cells import CellRemark
from dosimetry_core.followup.entry_criteria import asked_of_person, entry_assessment
from dosimetry_core.safety.protocol_rules import entry_rules_of
from dosimetry_core.safety.rules import RuleSet
from widgets.entry_model import EntryColumn
from widgets.theme import set_role

_MARKS = {"not met": "error", "cannot decide": "warning"}


class EntryPage(QWidget):
    """Answers on the left, rules on the right."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("entry_page")
        self._session = session
        self._rules: RuleSet | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        columns = (
            EntryColumn(entry.QUESTION, "Before the first cycle", 0, is_shown=True),
            EntryColumn(entry.ANSWER, "Answer", 12, "yes or no, or a number; empty: not known"),
        )
        self.card = EntryCard("entry_facts", "What only a person can say", columns, grows=False)
        self.stated_on = QLineEdit()
        self.stated_on.setObjectName("entry_stated_on")
        self.stated_on.setAccessibleName("Day on which this was stated")
        self.stated_on.setPlaceholderText("stated on, 2026-11-21")
        self.stated_on.setMaximumWidth(190)
        self.stated_on.textEdited.connect(lambda _text: self._look())
        self.card.lay_out(self.stated_on)
        self.card.file.hide()
        self.card.edited.connect(self._look)
        self.card.take_requested.connect(self.take)
        row.addWidget(self.card, 4)
        rules = Section("Entry rules", name="entry_rules")
        self.verdict = text_label(name="entry_verdict", wrap=True)
        rules.add(self.verdict)
        self.outcomes = NumberGrid("entry_outcomes", spread=False)
        rules.add(ScrolledGrid(self.outcomes), 1)
        row.addWidget(rules, 6)

    def refresh(self) -> None:
        """Show the course as it is now."""
        case = self._session.document.case
        protocol = protocol_of(case) if case.cycles else None
        self._rules = None if protocol is None else entry_rules_of(protocol)
        self.card.setEnabled(self._rules is not None)
        if self._rules is None:
            self.card.table.show_rows([])
            can_be_read = protocol is not None or not case.cycles
            self.verdict.setText(
                "The protocol has no entry rules." if can_be_read else "The protocol can't be read: no rule is judged."
            )
            set_role(self.verdict, "dimmed" if can_be_read else "error")
            self.outcomes.show_rows([], [])
            return
        facts = case.follow_up.entry
        if not self.card.is_draft:
            self.stated_on.setText("" if facts.stated_on is None else facts.stated_on.isoformat())
        self.card.show_held(entry.entry_rows(facts, asked_of_person(self._rules.entry)))
        self._look()
        assessment = entry_assessment(case, self._rules)
        failed, open_ = len(assessment.failed), len(assessment.cannot_decide)
        if assessment.eligible:
            text, role = f"All entry rules of {self._rules.name} are met.", "good"
        elif failed:
            text, role = f"{failed} entry rule{'' if failed == 1 else 's'} of {self._rules.name} not met.", "error"
        else:
            text, role = (
                f"{open_} entry rule{'' if open_ == 1 else 's'} of {self._rules.name} can't be decided.",
                "warning",
            )
        self.verdict.setText(text)
        set_role(self.verdict, role)
        self.outcomes.show_rows(*outcome_table(assessment.outcomes, _MARKS))

    def forget_typed(self) -> None:
        """Let go of what was typed for the course before."""
        self._rules = None
        self.card.drop()
        self.stated_on.clear()

    def _look(self) -> tuple[EntryFacts, tuple[CellRemark, ...]] | None:
        if self._rules is None:
            return None
        asked = asked_of_person(self._rules.entry)
        rows = self.card.table.rows()
        if len(rows) != len(asked):
            return None
        read = entry.read_entry_facts(rows, asked, self.stated_on.text(), today=date.today())
        facts, remarks = read
        self.card.say(remarks, {}, count=f"{len(facts.answers) + len(facts.values)} of {len(asked)} answered")
        other_day = facts.stated_on != self._session.document.case.follow_up.entry.stated_on
        if other_day and not any(remark.level == "error" for remark in remarks):
            self.card.take.setEnabled(True)
        return read

    def take(self) -> None:
        """The answers into the course, as one step."""
        read = self._look()
        if read is None or any(remark.level == "error" for remark in read[1]):
            return
        facts = read[0]
        if self._session.document.apply("Entry criteria", lambda case: with_recorded(case, entry=facts)):
            self.card.taken(self.card.table.rows())
            self.refresh()
