"""The fields above the audit trail that choose what is shown."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from app.audit.lines import AuditFilter, day_of, kind_words, kinds_in_order
from app.steps.step import push_button
from app.store.events import EVENT_KINDS
from dosimetry_core.errors import DosimetryError

TYPING_PAUSE_MS = 250
"""After the last letter; then what was typed is looked for."""
_DAY_WIDTH_LETTERS = 16
_PERSON_WIDTH_LETTERS = 20
_ANY_KIND = "Any kind"


class AuditFilters(QWidget):
    """One line of fields; ``changed`` comes shortly after the user changed one and all of them can be read.

    ``misread`` says what is wrong with a day that can't be read.

    Parameters
    ----------
    course_id
        A course that can be chosen by itself, chosen at first; None for the whole store only.
    """

    changed = Signal()
    misread = Signal(str)

    def __init__(self, course_id: str | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("audit_filters")
        self._course_id = course_id
        self.text = _field("audit_text", "Search what, values, reasons … (Ctrl+F)", "Words that all stand in an event")
        self.person = _field("audit_person", "Person", "Part of the name of who did it")
        self.first_day = _field("audit_first_day", "From 2026-01-31", "First day, by the clock where it was done")
        self.last_day = _field("audit_last_day", "To 2026-12-31", "Last day, by the clock where it was done")
        self.kind = _choice("audit_kind", "Only one kind of event")
        self.kind.addItem(_ANY_KIND, "")
        for kind in kinds_in_order():
            self.kind.addItem(kind_words(kind), kind)
        self.scope = _choice("audit_scope", "This course, or all courses and the store itself")
        if course_id is not None:
            self.scope.addItem("This course", course_id)
        self.scope.addItem("Whole store", "")
        self.scope.setVisible(course_id is not None)
        self.clear_button = push_button("Clear", name="audit_clear", tooltip="Show everything of this course or store")
        self.clear_button.setAutoDefault(False)
        letter = self.fontMetrics().averageCharWidth()
        for field in (self.first_day, self.last_day):
            field.setFixedWidth(_DAY_WIDTH_LETTERS * letter + 16)
        self.person.setFixedWidth(_PERSON_WIDTH_LETTERS * letter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in self._fields():
            row.addWidget(widget, 1 if widget is self.text else 0)
        row.addWidget(self.clear_button)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._tell)
        for line in (self.text, self.person, self.first_day, self.last_day):
            line.textEdited.connect(lambda _text: self._pause.start())
            line.returnPressed.connect(self._tell)
        for box in (self.kind, self.scope):
            box.activated.connect(lambda _index: self._tell())
        self.clear_button.clicked.connect(self.clear)

    def _fields(self) -> tuple[QWidget, ...]:
        return (self.text, self.person, self.kind, self.first_day, self.last_day, self.scope)

    @property
    def wanted(self) -> AuditFilter | None:
        """What the fields say; None while a day can't be read, whose field is marked then."""
        try:
            days = [self._day(field) for field in (self.first_day, self.last_day)]
        except DosimetryError as error:
            self.misread.emit(f"{error.what[:1].upper()}{error.what[1:]}: {error.remedy}")
            return None
        course_id = str(self.scope.currentData())
        chosen = self.kind.currentData()
        return AuditFilter(
            course_ids=frozenset({course_id}) if course_id else None,
            person=self.person.text().strip(),
            kind=next((kind for kind in EVENT_KINDS if kind == chosen), None),
            text=self.text.text().strip(),
            first_day=days[0],
            last_day=days[1],
        )

    def _day(self, field: QLineEdit) -> date | None:
        try:
            day = day_of(field.text(), where=field.toolTip())
        except DosimetryError:
            _mark(field, is_wrong=True)
            raise
        _mark(field, is_wrong=False)
        return day

    def clear(self) -> None:
        """Empty all fields; the course stays chosen."""
        for line in (self.text, self.person, self.first_day, self.last_day):
            line.clear()
        self.kind.setCurrentIndex(0)
        self._tell()

    def _tell(self) -> None:
        self._pause.stop()
        if self.wanted is not None:
            self.changed.emit()


def _field(name: str, placeholder: str, tip: str) -> QLineEdit:
    field = QLineEdit()
    field.setObjectName(name)
    field.setPlaceholderText(placeholder)
    field.setAccessibleName(tip)
    field.setToolTip(tip)
    return field


def _choice(name: str, tip: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tip)
    box.setAccessibleName(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return box


def _mark(field: QLineEdit, *, is_wrong: bool) -> None:
    if bool(field.property("invalid")) != is_wrong:
        field.setProperty("invalid", is_wrong)
        field.style().unpolish(field)
        field.style().polish(field)
