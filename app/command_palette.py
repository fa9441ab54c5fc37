"""Ctrl+K: everything the window can do, and every VOI, scan and cycle, found by typing a part of its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.scan_words import delay_text
from app.steps.step import text_label

if TYPE_CHECKING:
    from app.main_window import MainWindow

WIDTH: Final = 560
_ROWS: Final = 12
_MOVES: Final = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _ROWS, Qt.Key.Key_PageUp: -_ROWS}


@dataclass(frozen=True)
class PaletteEntry:
    """Something that can be done.

    Parameters
    ----------
    text
        What it is called.
    act
        Does it.
    place
        Where else it is found: a menu, ``"VOI"``, ``"Scan"``.
    keys
        Its shortcut as the system writes it; empty for none.
    """

    text: str
    act: Callable[[], object]
    place: str
    keys: str = ""


def matching(entries: Sequence[PaletteEntry], typed: str) -> list[PaletteEntry]:
    """Entries in which every typed word is found, the best first, else in the given order.

    A word found at the start of a word counts more than one inside, and that more than letters in the same order.
    """
    words = typed.casefold().split()
    scored = []
    for number, entry in enumerate(entries):
        scores = [_score(word, entry.text.casefold(), entry.place.casefold()) for word in words]
        if all(score is not None for score in scores):
            scored.append((sum(score for score in scores if score is not None), number, entry))
    return [entry for _score_, _number, entry in sorted(scored, key=lambda item: item[:2])]


def _score(word: str, text: str, place: str) -> int | None:
    both = f" {text} {place}"
    if f" {word}" in both:
        return 0
    if word in both:
        return 1
    letters = iter(text)
    return 2 if all(letter in letters for letter in word) else None


def entries_of(window: MainWindow) -> list[PaletteEntry]:
    """What can be done now: the enabled acts of the menus, and what can be chosen in the case."""
    native = QKeySequence.SequenceFormat.NativeText
    found = []
    for menu in window.actions_table.menus.values():
        for action in menu.actions():
            text = action.text().replace("&", "")
            if action.isSeparator() or action.menu() is not None or not action.isEnabled():
                continue
            if action.objectName() != "action_palette":
                keys = action.shortcut().toString(native)
                found.append(PaletteEntry(text, action.trigger, menu.title().replace("&", ""), keys))
    session = window.session
    state, cycle = session.view_state, session.cycle
    for voi in cycle.vois if cycle is not None else ():
        found.append(PaletteEntry(voi.name, partial(state.set_voi, voi.voi_id), "VOI"))
    for number, point in enumerate(cycle.time_points if cycle is not None else ()):
        assert cycle is not None
        text = f"Scan at {delay_text(cycle, point)}"
        found.append(PaletteEntry(text, partial(state.set_time_point, number), "Scan"))
    for number, of_course in enumerate(session.case.cycles):
        text = f"Cycle {of_course.number}"
        found.append(PaletteEntry(text, partial(state.set_cycle, number), "Course"))
    return found


class CommandPalette(QDialog):
    """A field and what fits; Enter does the one marked, Esc nothing."""

    def __init__(self, entries: Sequence[PaletteEntry], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("command_palette")
        self.setWindowTitle("Find a command")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self._entries = tuple(entries)
        self._found: list[PaletteEntry] = []
        column = QVBoxLayout(self)
        self.field = QLineEdit()
        self.field.setObjectName("palette_field")
        self.field.setAccessibleName("Find a command, VOI, scan or cycle")
        self.field.setPlaceholderText("Find a command, VOI, scan or cycle")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        column.addWidget(self.field)
        self.list = QListWidget()
        self.list.setObjectName("palette_list")
        self.list.setAccessibleName("What fits")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.itemClicked.connect(lambda _item: self._do())
        column.addWidget(self.list, 1)
        self._nothing = text_label("Nothing is called like that.", role="dimmed", name="palette_nothing")
        column.addWidget(self._nothing)
        self._search("")
        self.field.setFocus()

    def open_over(self, window: QWidget) -> None:
        """Open at the top of a window, in its middle."""
        width = min(WIDTH, window.width() - 40)
        height = min(self.sizeHint().height(), window.height() - 120)
        corner = window.mapToGlobal(window.rect().topLeft())
        self.setGeometry(corner.x() + (window.width() - width) // 2, corner.y() + 60, width, height)
        self.open()

    def sizeHint(self) -> QSize:  # noqa: N802 Qt override
        """Room for a dozen lines."""
        row = max(self.list.sizeHintForRow(0), self.fontMetrics().height() + 10)
        return QSize(WIDTH, self.field.sizeHint().height() + _ROWS * row + 60)

    def texts(self) -> list[str]:
        """What fits, from top to bottom."""
        return [entry.text for entry in self._found]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """Arrows move in the list and Enter does what is marked, while letters go to the field."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._do()
                return True
            move = _MOVES.get(Qt.Key(event.key()))
            if move is not None and self._found:
                row = min(max(self.list.currentRow() + move, 0), len(self._found) - 1)
                self.list.setCurrentRow(row)
                return True
        return super().eventFilter(watched, event)

    def _search(self, typed: str) -> None:
        self._found = matching(self._entries, typed)
        self.list.clear()
        for entry in self._found:
            item = QListWidgetItem()
            line = _Line(entry)
            item.setSizeHint(QSize(0, line.sizeHint().height()))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, " ".join((entry.text, entry.place, entry.keys)).strip())
            self.list.addItem(item)
            self.list.setItemWidget(item, line)
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(self._found))
        self._nothing.setVisible(not self._found)

    def _do(self) -> None:
        row = self.list.currentRow()
        if not 0 <= row < len(self._found):
            return
        act = self._found[row].act
        # Closed first: what is done may open a window of its own, or ask something.
        self.finished.connect(lambda _result: act())
        self.accept()


class _Line(QWidget):
    """What it is called, where it stands, and its key."""

    def __init__(self, entry: PaletteEntry) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(text_label(entry.text))
        row.addWidget(text_label(f"· {entry.place}"))
        row.addStretch(1)
        if entry.keys:
            row.addWidget(text_label(entry.keys))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
