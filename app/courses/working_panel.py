"""Asks who is working, in a strip that stands in nobody's way, and shows who it is in the status line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QWidget,
)
from shiboken6 import isValid

from app.courses.person_at_work import ASK_AGAIN_AFTER_S, WORKING_ROLES, Person, WorkingPerson, new_person
from app.courses.rows import isolated
from app.steps.step import push_button, text_label
from app.store.course_search import folded
from dosimetry_core.errors import DosimetryError
from dosimetry_core.units import MILLISECONDS_PER_SECOND, SECONDS_PER_HOUR
from widgets.elided_label import ElidedLabel
from widgets.theme import set_role

_QUESTION = "Who is working?"
_WHY = ("Every change is kept with a name. Reading needs none.", "dimmed")
"""Words beside the question where nothing waits for its answer, and their look."""
_INPUT = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
    QEvent.Type.KeyPress,
    QEvent.Type.TouchBegin,
    QEvent.Type.TabletPress,
)
_WIDEST_NAME_PX = 180
_LONGEST_TIMER_S = SECONDS_PER_HOUR
"""Timers count in milliseconds of 32 bits; a longer time is looked at every hour."""


class WorkingPanel(QFrame):
    """A strip with the question; hidden while the answer holds.

    Parameters
    ----------
    person
        Who is working; the panel gives and asks it.
    """

    person_given = Signal(str)
    """Somebody said who is working: the text that the record keeps."""
    person_left = Signal()
    """Nobody is working any more: after a time without input, or on *change*."""

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        ask_again_after_s: float = ASK_AGAIN_AFTER_S,
        person: WorkingPerson | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("working_panel")
        self.setProperty("role", "card")
        self.working = person or WorkingPerson(ask_again_after_s=ask_again_after_s)
        self._known: dict[str, Person] = {}
        self._told = False
        self._why = _WHY
        self._watched: QWidget | None = None
        self._focus_before: QWidget | None = None
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self.look_at_the_clock)
        self.hide()

    def _build(self) -> None:
        self.note = WorkingNote()
        self.note.change_requested.connect(lambda: self.ask())
        self.question = text_label(_QUESTION, role="heading", name="working_question")
        self.name = QLineEdit()
        self.name.setObjectName("working_name")
        self.name.setAccessibleName("Name of the person who is working")
        self.name.setPlaceholderText("Name")
        self.name.setToolTip("Your name, as the record shall have it; names that were used before are offered")
        self.name.setMinimumWidth(220)
        self.name.setMaximumWidth(320)
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        # The names are chosen here, because a completer knows neither accents nor parts of a name.
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.activated.connect(self._take_offered)
        self.name.setCompleter(completer)
        self.role = QComboBox()
        self.role.setObjectName("working_role")
        self.role.setPlaceholderText("Role")
        self.role.setToolTip("What you work here as")
        for role in WORKING_ROLES:
            self.role.addItem(role, role)
        self.ok = push_button(
            "OK", name="working_ok", tooltip="From now on changes are kept with this name", primary=True
        )
        self.still = push_button("", name="working_still")
        self.message = ElidedLabel(object_name="working_message", role="dimmed")
        self.later = push_button(
            "Later", name="working_later", tooltip="Only read for now; asked again before a change"
        )
        self.later.setProperty("role", "flat")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 8, 5)
        row.setSpacing(8)
        for widget in (self.question, self.name, self.role, self.ok, self.still):
            row.addWidget(widget)
        row.addWidget(self.message, 1)
        row.addWidget(self.later)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.name.textEdited.connect(self._offer)
        self.name.returnPressed.connect(self._give)
        self.ok.clicked.connect(self._give)
        self.still.clicked.connect(self._give_last)
        self.later.clicked.connect(self.put_off)

    # --- who --------------------------------------------------------------------------------------------------------

    def person(self) -> Person | None:
        """Who is working; None where nobody said, or too long ago."""
        self.look_at_the_clock()
        return self.working.person

    def set_known(self, people: Sequence[Person]) -> None:
        """Who is offered while typing, the most usual first; see `known_people`."""
        self._known = {folded(person.name): person for person in people}
        self._offer(self.name.text(), show=False)

    def ask(self, *, take_focus: bool = True) -> None:
        """Show the question; who is working stays so until there is another answer."""
        # What waits for the answer is said until it is given, or put off.
        self._show_question(*(self._why if self.isVisible() else _WHY), take_focus=take_focus)

    def demand(self, why: str = "") -> None:
        """Show the question because something was refused without an answer, and say so."""
        self._show_question(why or self.working.reason() or _WHY[0], "warning")

    def put_off(self) -> None:
        """Hide the question; nothing can be changed meanwhile if nobody is working."""
        self.hide()
        self._give_focus_back()

    def watch(self, window: QWidget) -> None:
        """Take mouse and keyboard of this window as signs of work."""
        self._watched = window
        window.installEventFilter(self)
        self._watch_handle()

    def look_at_the_clock(self) -> None:
        """Ask again if nobody did anything for too long."""
        if self.working.person is not None:
            self._wait()
        elif self._told:
            self._told = False
            self.note.show_person(None)
            self._show_question(self.working.reason(), "warning", take_focus=False)
            self.person_left.emit()

    # --- asking -----------------------------------------------------------------------------------------------------

    def _show_question(self, message: str, role: str, *, take_focus: bool = True) -> None:
        self._why = (message, role)
        focused = QApplication.focusWidget()
        if focused is not None and not self.isAncestorOf(focused):
            self._focus_before = focused
        half_answered = self.isVisible() and bool(self.name.text().strip())
        last = self.working.last
        self.still.setVisible(last is not None)
        if last is not None:
            name = self.still.fontMetrics().elidedText(last.name, Qt.TextElideMode.ElideRight, _WIDEST_NAME_PX)
            self.still.setText(f"Still {isolated(name)}")
            self.still.setToolTip(f"{last.text()} goes on working")
        if not half_answered:
            self.name.clear()
            self.role.setCurrentIndex(-1)
            self._offer("", show=False)
        self._say(message, role)
        self.show()
        if take_focus:
            self.name.setFocus()

    def _say(self, message: str, role: str) -> None:
        self.message.set_text(message)
        set_role(self.message, role)

    def _offer(self, typed: str, *, show: bool = True) -> None:
        """Names used before that contain what is typed; a name typed in full brings its role."""
        wanted = folded(typed)
        self._names.setStringList([person.name for key, person in self._known.items() if wanted in key])
        if show:
            self._say(*self._why)
            self._fill_role(typed)
            if wanted and self._names.rowCount():
                self.name.completer().complete()

    def _popup(self) -> QAbstractItemView:
        popup = self.name.completer().popup()
        if popup is None:
            raise ValueError("the completer of the names shows a list")
        return popup

    def _take_offered(self, name: str) -> None:
        self.name.setText(name)
        self._fill_role(name)

    def _fill_role(self, name: str) -> None:
        known = self._known.get(folded(name))
        if known is not None and known.role is not None:
            self.role.setCurrentIndex(self.role.findData(known.role))

    def _give(self) -> None:
        offered = self._popup()
        if offered.isVisible() and offered.currentIndex().isValid() and self.role.currentIndex() < 0:
            # This Enter takes the name that is pointed out, with its role; the next one answers.
            return
        offered.hide()
        try:
            person = new_person(self.name.text(), self.role.currentData() or "")
        except DosimetryError as error:
            self._say(error.line()[:1].upper() + error.line()[1:], "error")
            (self.role if self.name.text().strip() else self.name).setFocus()
            return
        self.give(person)

    def _give_last(self) -> None:
        if self.working.last is not None:
            self.give(self.working.last)

    def give(self, person: Person) -> None:
        """This person is working from now on."""
        self.working.give(person)
        self._known = {folded(person.name): person} | {k: v for k, v in self._known.items() if k != folded(person.name)}
        self._told = True
        self.note.show_person(person)
        self.hide()
        self._give_focus_back()
        self._wait()
        self.person_given.emit(person.text())

    def _give_focus_back(self) -> None:
        before, self._focus_before = self._focus_before, None
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus()

    # --- time -------------------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        left_s = min(self.working.seconds_left(), _LONGEST_TIMER_S)
        self._timer.start(int(left_s * MILLISECONDS_PER_SECOND) + 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """Notes input, before the window has it: what comes too late is already refused."""
        kind = event.type()
        if kind in _INPUT:
            self.working.touch()
            if self._told and self.working.person is None:
                self.look_at_the_clock()
        elif kind in (QEvent.Type.Show, QEvent.Type.WinIdChange) and watched is self._watched:
            self._watch_handle()
        return super().eventFilter(watched, event)

    def _watch_handle(self) -> None:
        # Only what comes from outside passes the native window, so this costs little.
        handle = self._watched.windowHandle() if self._watched is not None else None
        if handle is not None:
            handle.removeEventFilter(self)
            handle.installEventFilter(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 Qt override
        """Esc puts the question off; Enter presses the button that has the keyboard, or takes the role it stands on."""
        focused, enter = QApplication.focusWidget(), event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() == Qt.Key.Key_Escape:
            self.put_off()
        elif enter and isinstance(focused, QAbstractButton) and self.isAncestorOf(focused):
            focused.click()
        elif enter and focused is self.role:
            self._give()
        elif enter:
            # The answer was given with this key, and the keyboard went back to what had it: that is not meant.
            event.accept()
        else:
            super().keyPressEvent(event)


class WorkingNote(QWidget):
    """``Working: A. Nowak, physicist — change`` for the status line."""

    change_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("working_note")
        self._text = ElidedLabel(object_name="working_text", role="dimmed")
        self._text.setMaximumWidth(320)
        self._change = push_button("change", name="working_change", tooltip="Somebody else is working")
        self._change.setProperty("role", "link")
        self._change.setCursor(Qt.CursorShape.PointingHandCursor)
        self._change.clicked.connect(self.change_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._text)
        row.addWidget(self._change)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.show_person(None)

    def show_person(self, person: Person | None) -> None:
        """Who is working, or that nobody said."""
        if person is None:
            self._text.set_text("Nobody said who is working", tip="Nothing can be changed until somebody does")
            self._change.setText("say it")
        else:
            self._text.set_text(f"Working: {isolated(person.text(), sentence=True)}")
            self._change.setText("change")
        set_role(self._text, "warning" if person is None else "dimmed")

    def text(self) -> str:
        """The text in full."""
        return self._text.full_text()
