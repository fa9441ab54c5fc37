"""The page on which every act of the mouse is given its gesture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.key_bindings import KeyBindings
from app.steps.step import text_label
from widgets.gestures import OVERLAY_KEY
from widgets.mouse_table import MOUSE_ACTS, MouseAct, MouseBindings, Views

_HEADINGS: Final[tuple[tuple[Views, str], ...]] = (
    ("slices", "On slices"),
    ("volume", "In 3D"),
    ("mip", "On the projection"),
)


class GesturePage(QWidget):
    """``chosen`` carries the bindings with other gestures, ``told`` why one was not given, or nothing."""

    chosen = Signal(object)
    told = Signal(str)

    def __init__(self, bindings: KeyBindings) -> None:
        super().__init__()
        self._bindings = bindings
        self._refused: tuple[str, str] | None = None
        """Act and gesture that could be had by letting two acts change places."""
        self._boxes: dict[str, QComboBox] = {}
        scroll = QScrollArea()
        scroll.setObjectName("gesture_scroll")
        scroll.setAccessibleName("Acts and their gestures")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self._table())
        self._places = _button(
            "gesture_change_places",
            "Change places",
            "The act that has the gesture gets the one that this act has now",
            self._change_places,
        )
        self._places.setEnabled(False)
        delivered = _button(
            "gesture_reset", "Mouse as delivered", "Every gesture as the program came with it; keys stay", self._reset
        )
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(self._places)
        below.addWidget(delivered)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll, 1)
        column.addLayout(below)
        self.show_bindings(bindings)

    def _table(self) -> QWidget:
        table = QWidget()
        grid = QGridLayout(table)
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(2)
        row = 0
        for views, heading in _HEADINGS:
            grid.addWidget(text_label(heading, role="dimmed"), row, 0, 1, 2)
            row += 1
            for act in (known for known in MOUSE_ACTS if known.views == views):
                box = self._boxes[act.name] = self._box(act, heading)
                grid.addWidget(text_label(act.text), row, 0)
                grid.addWidget(box, row, 1, Qt.AlignmentFlag.AlignLeft)
                row += 1
        grid.setRowStretch(row, 1)
        return table

    def _box(self, act: MouseAct, heading: str) -> QComboBox:
        box = QComboBox()
        box.setObjectName(f"gesture_{act.name}")
        box.setAccessibleName(f"Gesture {heading.lower()}: {act.text}")
        for gesture in act.offered():
            box.addItem(gesture, gesture)
        box.activated.connect(lambda _index: self._give(act.name))
        return box

    def show_bindings(self, bindings: KeyBindings) -> None:
        """Show the gestures as they are set; one may be named by a key, which may be another now."""
        self._bindings = bindings
        mouse, key = MouseBindings(bindings.mouse), bindings.overlay_key()
        for name, box in self._boxes.items():
            for index in range(box.count()):
                box.setItemText(index, str(box.itemData(index)).replace(OVERLAY_KEY, key, 1))
            box.setCurrentIndex(box.findData(mouse.gesture(name)))

    def forget_refused(self) -> None:
        """Nothing was refused that two acts could change places for."""
        self._refused = None
        self._places.setEnabled(False)

    def _give(self, name: str) -> None:
        wanted = str(self._boxes[name].currentData())
        try:
            given = self._bindings.with_gesture(name, wanted)
        except ValueError as error:
            self._refuse(name, wanted, error)
        else:
            self._take(given, "")

    def _refuse(self, name: str, wanted: str, why: ValueError) -> None:
        can_change = MouseBindings(self._bindings.mouse).changed_places(name, wanted) is not None
        self._refused = (name, wanted) if can_change else None
        self._places.setEnabled(can_change)
        self.told.emit(f"Not changed: {why}.")
        self.show_bindings(self._bindings)

    def _change_places(self) -> None:
        before = MouseBindings(self._bindings.mouse)
        swapped = None if self._refused is None else before.changed_places(*self._refused)
        if swapped is None:
            return
        moved = [act for act in MOUSE_ACTS if swapped.gesture(act.name) != before.gesture(act.name)]
        words = "; ".join(f"“{act.text}” is {swapped.gesture(act.name)} now" for act in moved)
        self._take(KeyBindings(self._bindings.keys, swapped.chosen()), f"{words}.")

    def _reset(self) -> None:
        self._take(KeyBindings(self._bindings.keys, {}), "")

    def _take(self, bindings: KeyBindings, words: str) -> None:
        self.forget_refused()
        self.show_bindings(bindings)
        self.chosen.emit(bindings)
        self.told.emit(words)


def _button(name: str, text: str, tip: str, act: Callable[[], None]) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setAutoDefault(False)
    button.setToolTip(tip)
    button.clicked.connect(act)
    return button
