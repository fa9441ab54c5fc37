"""The eight steps of the work with their states."""

from __future__ import annotations

from typing import Literal, get_args

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from widgets.theme import font, shades

Step = Literal["course", "import", "align", "voi", "curves", "dose", "plan", "report"]
STEPS: tuple[Step, ...] = get_args(Step)
StepState = Literal["empty", "in progress", "attention", "confirmed", "stale"]
STEP_TITLES: dict[Step, str] = {
    "course": "Course",
    "import": "Import",
    "align": "Align",
    "voi": "VOIs",
    "curves": "Curves",
    "dose": "Dose",
    "plan": "Plan",
    "report": "Report",
}
_STATE_WORDS: dict[StepState, str] = {
    "empty": "not begun",
    "in progress": "in progress",
    "attention": "needs attention",
    "confirmed": "confirmed",
    "stale": "stale: something it rests on changed",
}


class StepRail(QWidget):
    """A column of step buttons; ``step_clicked`` names the step."""

    step_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("step_rail")
        self._buttons: dict[Step, _StepButton] = {}
        group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(2)
        for number, step in enumerate(STEPS, start=1):
            button = _StepButton(number, step)
            group.addButton(button)
            layout.addWidget(button)
            button.clicked.connect(lambda _=False, step=step: self.step_clicked.emit(step))
            self._buttons[step] = button
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def set_state(self, step: Step, state: StepState, note: str = "") -> None:
        """State of a step and a short note under its name (initials, what changed)."""
        self._buttons[step].set_state(state, note)

    def state(self, step: Step) -> StepState:
        """State shown for a step."""
        return self._buttons[step].state

    def set_current(self, step: Step) -> None:
        """The step being worked on. Silent."""
        self._buttons[step].setChecked(True)


class _StepButton(QAbstractButton):
    def __init__(self, number: int, step: Step) -> None:
        super().__init__()
        self._number = number
        self._step = step
        self.state: StepState = "empty"
        self._note: str | None = None
        self.setObjectName(f"step_{step}")
        self.setText(STEP_TITLES[step])
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_state("empty", "")

    def set_state(self, state: StepState, note: str) -> None:
        # Said again after every stroke, mostly the same.
        if (state, note) == (self.state, self._note):
            return
        self.state, self._note = state, note
        words = _STATE_WORDS[state]
        self.setToolTip(f"{self.text()} – {words} (Alt+{self._number})" + (f"\n{note}" if note else ""))
        self.setAccessibleDescription(f"{words} {note}".strip())
        self.update()

    def sizeHint(self) -> QSize:
        strong, small = QFontMetricsF(font(strong=True)), QFontMetricsF(font(scale=0.85))
        width = max(strong.horizontalAdvance(title) for title in STEP_TITLES.values())
        return QSize(round(width + 84), round(strong.height() + small.height() + 14))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            if self.isChecked() or self.underMouse():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(shades().raised) if self.isChecked() else QColor(shades().hover))
                painter.drawRoundedRect(box, 5, 5)
            if self.isChecked():
                painter.setBrush(QColor(shades().accent))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.drawRoundedRect(QRectF(0, box.top() + 6, 3, box.height() - 12), 1.5, 1.5)
            if self.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(shades().accent), 1))
                painter.drawRoundedRect(box, 5, 5)
            self._paint_sign(painter, QPointF(24, box.center().y()))
            self._paint_text(painter)
        finally:
            painter.end()

    def _paint_text(self, painter: QPainter) -> None:
        strong, small = font(strong=self.isChecked()), font(scale=0.85)
        first, second = QFontMetricsF(strong), QFontMetricsF(small)
        left, room = 44.0, self.width() - 50.0
        height = first.height() + (second.height() if self._note else 0)
        top = (self.height() - height) / 2
        painter.setFont(strong)
        painter.setPen(QColor(shades().dimmed if self.state == "empty" and not self.isChecked() else shades().text))
        painter.drawText(QPointF(left, top + first.ascent()), self.text())
        if self._note:
            painter.setFont(small)
            painter.setPen(QColor(shades().stale if self.state == "stale" else shades().dimmed))
            shown = second.elidedText(self._note, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(left, top + first.height() + second.ascent()), shown)

    def _paint_sign(self, painter: QPainter, centre: QPointF) -> None:
        """Circle with the number, a tick, or a mark; form and colour both tell the state."""
        radius = 11.0
        shade = shades()
        fill = {
            "confirmed": shade.good,
            "attention": shade.warning,
            "stale": shade.stale,
            "in progress": shade.accent_deep,
            "empty": shade.background,
        }
        rim = fill | {"in progress": shade.accent, "empty": shade.line}
        painter.setPen(QPen(QColor(rim[self.state]), 1.4))
        painter.setBrush(QColor(fill[self.state]))
        painter.drawEllipse(centre, radius, radius)
        on_mark = QColor(shade.on_mark)
        if self.state == "confirmed":
            painter.setPen(QPen(on_mark, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
            tick = [QPointF(-4.5, 0.5), QPointF(-1.2, 4), QPointF(5, -3.6)]
            painter.drawPolyline(QPolygonF([centre + corner for corner in tick]))
            return
        text = {"attention": "!", "stale": "↻"}.get(self.state, str(self._number))
        painter.setFont(font(strong=True, scale=0.95))
        signs = {"empty": QColor(shade.dimmed), "in progress": QColor(shade.on_accent)}
        painter.setPen(signs.get(self.state, on_mark))
        painter.drawText(
            QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius), Qt.AlignmentFlag.AlignCenter, text
        )
