"""Arrow buttons that move and turn a registration by small steps."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QGridLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from widgets.theme import label

_MOVES = (
    ("R", (-1, 0, 0), "towards the patient's right"),
    ("L", (1, 0, 0), "towards the patient's left"),
    ("A", (0, -1, 0), "to the front"),
    ("P", (0, 1, 0), "to the back"),
    ("I", (0, 0, -1), "towards the feet"),
    ("S", (0, 0, 1), "towards the head"),
)
_TURNS = (("x", 0), ("y", 1), ("z", 2))
_FINE, _COARSE = 0.1, 5.0


class NudgePad(QWidget):
    """One mm or one degree a click; a tenth with Shift, five with Ctrl. Emits translation (mm) and rotation (rad).

    ``turning``: whether it can turn and go back, too; ``prefix`` begins the buttons' names.
    """

    nudged = Signal(object, object)
    reset_clicked = Signal()

    def __init__(self, parent: QWidget | None = None, *, turning: bool = True, prefix: str = "nudge") -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_pad")
        grid = QGridLayout()
        grid.setSpacing(4)
        grid.addWidget(label("Move", role="dimmed"), 0, 0)
        for number, (letter, direction, words) in enumerate(_MOVES):
            button = self._button(f"{prefix}_{letter}", letter, f"1 mm {words}")
            button.clicked.connect(lambda _=False, d=direction: self._move(np.array(d, float)))
            grid.addWidget(button, 0, 1 + number)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(grid)
        if turning:
            self._add_turns(grid, layout)

    def _add_turns(self, grid: QGridLayout, layout: QVBoxLayout) -> None:
        grid.addWidget(label("Turn", role="dimmed"), 1, 0)
        for number, (axis, index) in enumerate(_TURNS):
            for side, sign, arrow in (("minus", -1, "↺"), ("plus", 1, "↻")):
                button = self._button(f"turn_{axis}_{side}", f"{axis} {arrow}", f"1° about the {axis} axis")
                button.clicked.connect(lambda _=False, i=index, s=sign: self._turn(i, s))
                grid.addWidget(button, 1, 1 + 2 * number + (sign > 0))
        reset = QPushButton("Back to automatic")
        reset.setObjectName("nudge_reset")
        reset.setToolTip("Undo all manual moves of this time point")
        reset.clicked.connect(self.reset_clicked)
        layout.addWidget(reset)

    def _button(self, name: str, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setToolTip(f"{tip} (Shift: 0.1, Ctrl: 5)")
        button.setAutoRepeat(True)
        button.setProperty("role", "narrow")
        return button

    def _factor(self) -> float:
        keys = QApplication.keyboardModifiers()
        if keys & Qt.KeyboardModifier.ShiftModifier:
            return _FINE
        return _COARSE if keys & Qt.KeyboardModifier.ControlModifier else 1.0

    def _move(self, direction: np.ndarray) -> None:
        self.nudged.emit(direction * self._factor(), np.zeros(3))

    def _turn(self, axis: int, sign: int) -> None:
        rotation = np.zeros(3)
        rotation[axis] = sign * np.deg2rad(self._factor())
        self.nudged.emit(np.zeros(3), rotation)
