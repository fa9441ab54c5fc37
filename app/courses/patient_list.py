"""The patient list: search as one types, filters, and what can be done with a course; says what it can't do and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.courses.name_order import NameOrder
from app.courses.no_courses_page import no_courses_page
from app.courses.rows import course_row, isolated, selected_text
from app.steps.step import combo_box, push_button, text_label
from app.store.course_search import SORT_KEYS, STATES, matching, natural, ordered
from app.store.events import CourseState
from app.store.storage import ListedCourse
from widgets.course_table import CourseRow, CourseTable
from widgets.elided_label import ElidedLabel
from widgets.flow_layout import FlowLayout

_CHANGING_KEYS: Final = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)
_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class PatientList(QWidget):
    """All courses that are kept.

    The keyboard stays in the search field: letters search, arrows move in the list, Enter opens what is selected. The
    search selects a course only where no other matches, so that nobody opens the first of several namesakes by Enter.
    """

    open_requested = Signal(str)
    folder_requested = Signal()
    demonstration_requested = Signal()
    import_requested = Signal()
    export_requested = Signal(str)
    archive_requested = Signal(str, bool)
    """A course, and whether to archive it (True) or to restore it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("patient_list")
        self._in_order: tuple[ListedCourse, ...] = ()
        self._courses: dict[str, ListedCourse] = {}
        self._holders: dict[str, str] = {}
        self._rows: dict[str, CourseRow] = {}
        self._year = 0
        self._sort: tuple[str, bool] = ("changed", True)
        self._name_order = NameOrder()
        self._build()
        self._connect()
        self.setFocusProxy(self.search)
        self.show_courses((), {})

    # --- layout -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._filters = QWidget()
        row = QHBoxLayout(self._filters)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.search = QLineEdit()
        self.search.setObjectName("course_search")
        self.search.setAccessibleName("Search patients")
        self.search.setPlaceholderText("Search by name, ID or protocol")
        self.search.setToolTip("Type anywhere on this page; accents, case and widths don't matter (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(150)
        row.addWidget(self.search, 1)
        self.protocol = self._filter("filter_protocol", "Only courses planned by this protocol")
        self.state = self._filter("filter_state", "Only courses whose newest plan is in this state")
        self.cycle = self._filter("filter_cycle", "Only courses that are in this cycle")
        for box in (self.protocol, self.state, self.cycle):
            row.addWidget(box)
        _fill(self.state, "All states", STATES, str)
        self.archived = QToolButton()
        self.archived.setText("Archived too")
        self.archived.setCheckable(True)
        self.archived.setObjectName("filter_archived")
        self.archived.setToolTip("List archived courses as well")
        row.addWidget(self.archived)
        column.addWidget(self._filters)
        self.table = CourseTable()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._nothing_found())
        self._pages.addWidget(no_courses_page())
        column.addWidget(self._pages, 1)
        line = QHBoxLayout()
        line.setSpacing(12)
        self.note = ElidedLabel(object_name="course_note")
        self.count = text_label(role="dimmed", name="course_count")
        line.addWidget(self.note, 1)
        line.addWidget(self.count)
        column.addLayout(line)
        column.addWidget(self._buttons())

    def _filter(self, name: str, tooltip: str) -> QComboBox:
        box = combo_box(name, ())
        box.setMinimumContentsLength(8)
        box.setToolTip(tooltip)
        return box

    def _nothing_found(self) -> QWidget:
        self._no_match = text_label(name="no_match_text", wrap=True)
        self._no_match.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.clear_button = push_button(
            "Show all", name="clear_filters", tooltip="Empty the search and the filters (Esc)"
        )
        page = QWidget()
        page.setObjectName("no_match")
        column = QVBoxLayout(page)
        column.setSpacing(10)
        column.addStretch(1)
        column.addWidget(self._no_match)
        column.addWidget(self.clear_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        return page

    def _buttons(self) -> QWidget:
        self.open_button = push_button(
            "Open", name="open_course", tooltip="Open the selected course (Enter)", primary=True
        )
        self.folder_button = push_button(
            "New from case folder…", name="open_case", tooltip="Begin a course from a folder with case.toml (Ctrl+O)"
        )
        self.demonstration_button = push_button(
            "Demonstration case…",
            name="open_demonstration",
            tooltip="Write a virtual patient with two cycles and open it",
        )
        self.import_button = push_button(
            "Import course file…", name="import_course", tooltip="Take in a course that was exported as one file"
        )
        self.export_button = push_button(
            "Export…", name="export_course", tooltip="Write the selected course into one file, with its whole history"
        )
        self.archive_button = push_button("Archive", name="archive_course")
        row = QWidget()
        flow = FlowLayout(row)
        for button in (
            self.open_button,
            self.folder_button,
            self.demonstration_button,
            self.import_button,
            self.export_button,
            self.archive_button,
        ):
            flow.addWidget(button)
        return row

    def _connect(self) -> None:
        self.search.textChanged.connect(lambda _text: self._show_list(moved=True))
        for box in (self.protocol, self.state, self.cycle):
            box.currentIndexChanged.connect(lambda _index: self._show_list(moved=True))
        self.archived.toggled.connect(lambda _checked: self._show_list(moved=True, measure=True))
        for control in (self.search, *self.findChildren(QComboBox), *self.findChildren(QAbstractButton)):
            control.installEventFilter(self)
        self.table.course_selected.connect(lambda _course: self._show_selected())
        self.table.course_opened.connect(lambda _course: self.open_selected())
        self.table.sort_requested.connect(self.sort_by)
        self.clear_button.clicked.connect(self.clear_filters)
        self.open_button.clicked.connect(self.open_selected)
        self.folder_button.clicked.connect(self.folder_requested)
        self.demonstration_button.clicked.connect(self.demonstration_requested)
        self.import_button.clicked.connect(self.import_requested)
        self.export_button.clicked.connect(lambda: self.export_requested.emit(self.table.current()))
        self.archive_button.clicked.connect(self._archive_selected)

    # --- showing ----------------------------------------------------------------------------------------------------

    def show_courses(self, courses: Sequence[ListedCourse], holders: Mapping[str, str]) -> None:
        """Show the courses as they are now; search, filters, selection and what is in view stay.

        Parameters
        ----------
        courses
            All, archived ones too.
        holders
            By course, who has it open elsewhere, in words; see `Holder.text`.
        """
        now = datetime.now(UTC)
        known = self._courses if self._year == now.astimezone().year else {}
        self._year = now.astimezone().year
        old_holders, self._holders = self._holders, dict(holders)
        self._courses = {course.course_id: course for course in courses}
        self._rows = {
            name: self._rows[name]
            if known.get(name) == course and old_holders.get(name) == self._holders.get(name)
            else course_row(course, now=now, held_by=self._holders.get(name, ""))
            for name, course in self._courses.items()
        }
        protocols = sorted({course.summary.protocol for course in courses}, key=natural)
        _fill(self.protocol, "All protocols", protocols, str)
        _fill(self.cycle, "All cycles", sorted({course.summary.cycle for course in courses}), "Cycle {}".format)
        self._put_in_order()
        self._show_list(measure=True)

    def sort_by(self, key: str, reverse: bool = False) -> None:
        """Order the list by a column."""
        self._sort = (key, reverse)
        self._put_in_order()
        self._show_list(moved=True)

    def clear_filters(self) -> None:
        """Empty the search and all filters; what is archived is left out again."""
        for box in (self.protocol, self.state, self.cycle):
            box.setCurrentIndex(0)
        self.archived.setChecked(False)
        self.search.clear()
        self.search.setFocus()

    def _put_in_order(self) -> None:
        key, reverse = self._sort
        courses = tuple(self._courses.values())
        if key in SORT_KEYS:
            name_key = self._name_order.key_for(course.summary.name for course in courses) if key == "name" else None
            self._in_order = ordered(courses, sort=key, reverse=reverse, name_key=name_key)
        else:
            # By who has it open: held ones first, then the others as they are.
            held = sorted((c for c in courses if c.course_id in self._holders), key=self._holder_of, reverse=reverse)
            free = [course for course in courses if course.course_id not in self._holders]
            self._in_order = (*free, *held) if reverse else (*held, *free)
        self.table.set_sort(key, reverse)

    def _holder_of(self, course: ListedCourse) -> str:
        return self._holders[course.course_id]

    def _listed(self, *, archived: bool) -> tuple[ListedCourse, ...]:
        return matching(
            self._in_order,
            text=self.search.text(),
            protocol=self.protocol.currentData(),
            state=cast("CourseState | None", self.state.currentData()),
            cycle=self.cycle.currentData(),
            archived=archived,
        )

    def _show_list(self, *, moved: bool = False, measure: bool = False) -> None:
        """Show what matches; ``moved`` when the user asked for another list, which then starts where they look."""
        listed = self._listed(archived=self.archived.isChecked())
        self.table.show_rows([self._rows[course.course_id] for course in listed], measure=measure)
        if moved:
            if len(listed) == 1 and self._has_search():
                self.table.set_current(listed[0].course_id)
            self.table.show_current()
        self._pages.setCurrentIndex(0 if listed else 1 if self._courses else 2)
        if self._courses and self._filters.isHidden():
            self._filters.show()
            self.search.setFocus()
        self._filters.setVisible(bool(self._courses))
        if self._courses and not listed:
            self._no_match.setText(self._no_match_words())
        shown, all_courses = len(listed), len(self._courses)
        self.count.setText(
            "" if not all_courses else f"{shown} of {all_courses}" if shown < all_courses else f"{shown}"
        )
        self._show_selected()

    def _has_search(self) -> bool:
        return bool(self.search.text().strip())

    def _no_match_words(self) -> str:
        filters = [box.currentText() for box in (self.protocol, self.state, self.cycle) if box.currentIndex() > 0]
        asked = [f"“{isolated(self.search.text().strip())}”"] if self._has_search() else []
        sentence = (
            f"No course matches {', '.join(asked + filters)}." if asked + filters else "All courses are archived."
        )
        hidden = 0 if self.archived.isChecked() else len(self._listed(archived=True))
        return (
            f"{sentence} Archived courses that do: {hidden}; choose “Archived too” to see them." if hidden else sentence
        )

    def _show_selected(self) -> None:
        """Name the selected course in full and say what the buttons would do with it."""
        course = self._courses.get(self.table.current())
        for button in (self.open_button, self.export_button, self.archive_button):
            button.setVisible(bool(self._courses))
            button.setEnabled(course is not None)
        if course is None:
            any_listed = bool(self.table.rows())
            self.note.set_text("Choose a course: type a name or an ID, or use the arrow keys." if any_listed else "")
            self.archive_button.setText("Archive")
            self.archive_button.setToolTip("Take the selected course out of the list; nothing is deleted")
            return
        self.note.set_text(selected_text(course, held_by=self._holders.get(course.course_id, "")))
        restores = course.summary.archived
        self.archive_button.setText("Restore" if restores else "Archive")
        self.archive_button.setToolTip(
            "Put the course back into the list" if restores else "Take the course out of the list; nothing is deleted"
        )

    # --- acts -------------------------------------------------------------------------------------------------------

    def open_selected(self) -> None:
        """Open the selected course; says what is missing where there is none."""
        current = self.table.current()
        if current:
            self.open_requested.emit(current)
            return
        listed = len(self.table.rows())
        if not self._courses:
            self.note.set_text("There is no course to open yet.")
        elif not listed:
            self.note.set_text("No course matches, so nothing was opened.")
        else:
            self.note.set_text(f"Nothing was opened: {listed} courses match; choose one with the arrow keys.")

    def _archive_selected(self) -> None:
        course = self._courses.get(self.table.current())
        if course is not None:
            self.archive_requested.emit(course.course_id, not course.summary.archived)

    # --- keys -------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """Keys of the list while the search has the keyboard; letters, and arrows of buttons, while others have it."""
        if event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        press = cast("QKeyEvent", event)
        if watched is self.search:
            return self._list_key(press)
        if _is_typed(press):
            self._type(press)
            return True
        if isinstance(watched, QComboBox) and press.key() in _ENTER:
            watched.showPopup()
            return True
        if isinstance(watched, QAbstractButton) and press.key() in _ENTER:
            watched.click()
            return True
        if isinstance(watched, QAbstractButton) and press.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            return self._list_key(press)
        return super().eventFilter(watched, event)

    def _list_key(self, press: QKeyEvent) -> bool:
        """Move in the list, open, copy; whether the key was one of the list's."""
        key, control = press.key(), bool(press.modifiers() & Qt.KeyboardModifier.ControlModifier)
        ends = control or not self.search.text()
        acts: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Down: lambda: self.table.step(+1),
            Qt.Key.Key_Up: lambda: self.table.step(-1),
            Qt.Key.Key_PageDown: lambda: self.table.step_page(+1),
            Qt.Key.Key_PageUp: lambda: self.table.step_page(-1),
        }
        if ends:
            acts[Qt.Key.Key_Home] = lambda: self.table.step_to_end(last=False)
            acts[Qt.Key.Key_End] = lambda: self.table.step_to_end(last=True)
        if not control:
            acts |= dict.fromkeys(_ENTER, self.open_selected)
            acts[Qt.Key.Key_Escape] = self.search.clear if self.search.text() else self.clear_filters
        if press.matches(QKeySequence.StandardKey.Copy) and not self.search.hasSelectedText():
            acts[key] = lambda: QGuiApplication.clipboard().setText(self.table.copy_text())
        act = acts.get(key)
        if act is not None:
            act()
        return act is not None

    def event(self, event: QEvent) -> bool:
        """Letters belong to the search on this page, even those that are keys elsewhere in the window."""
        if event.type() == QEvent.Type.ShortcutOverride and _is_typed(cast("QKeyEvent", event)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt override
        """Keys that the control which has the keyboard has no use for."""
        if event.matches(QKeySequence.StandardKey.Find):
            self.search.setFocus()
            self.search.selectAll()
        elif _is_typed(event):
            self._type(event)
        elif not self._list_key(event):
            super().keyPressEvent(event)

    def _type(self, event: QKeyEvent) -> None:
        self.search.setFocus()
        QApplication.sendEvent(self.search, event)


def _is_typed(event: QKeyEvent) -> bool:
    """Whether a key writes something."""
    return bool(event.text()) and event.text().isprintable() and not event.modifiers() & _CHANGING_KEYS


def _fill(box: QComboBox, everything: str, values: Sequence[Any], words: Callable[[Any], str]) -> None:
    """Choices of a filter; the chosen one stays, and the list is asked anew only where it is gone."""
    chosen = box.currentData()
    if [box.itemData(number) for number in range(1, box.count())] == list(values):
        return
    box.blockSignals(True)
    box.clear()
    box.addItem(everything, None)
    for value in values:
        box.addItem(words(value), value)
    box.setCurrentIndex(list(values).index(chosen) + 1 if chosen in values else 0)
    box.blockSignals(False)
