"""One slim bar under the patient banner for what concerns the whole course: recovered, read-only, not saved."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from dosimetry_core.errors import Level
from widgets.theme import LEVEL_SIGN, colour, label, level_colour, shades

MOST_LINES = 2
_GRAVITY: dict[Level, int] = {"info": 0, "warning": 1, "error": 2}


@dataclass(frozen=True)
class Notice:
    """What the bar says.

    Parameters
    ----------
    key
        Identifies it: the same key again replaces it.
    level, text
        How grave, and the sentence.
    actions
        Buttons: key and text of each; one alone stands out, of two none is the usual choice.
    dismissable
        Whether the user can close it; one that is not stays until `NoticeBar.take`.
    """

    key: str
    level: Level
    text: str
    actions: tuple[tuple[str, str], ...] = ()
    dismissable: bool = True


class NoticeBar(QFrame):
    """The gravest notice, the newest of equal ones; a button steps through the others, which come when it is gone."""

    action_chosen = Signal(str, str)
    """Notice and action."""
    dismissed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice_bar")
        self._notices: dict[str, Notice] = {}
        self._shown: Notice | None = None
        self._buttons: list[QPushButton] = []
        self._sign = label(role="heading", object_name="notice_sign")
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sign.setMinimumWidth(self._sign.fontMetrics().horizontalAdvance("MM"))
        self._text = _TwoLines(self)
        self._next = QPushButton()
        self._next.setObjectName("notice_next")
        self._next.setProperty("role", "flat")
        self._next.setToolTip("Show the next notice")
        self._next.clicked.connect(self._step)
        self._close = QToolButton()
        self._close.setObjectName("notice_close")
        self._close.setProperty("role", "flat")
        self._close.setText("✕")
        self._close.setToolTip("Close this notice")
        self._close.setAccessibleName("Close this notice")
        self._close.clicked.connect(self._dismiss)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 3, 8, 3)
        self._row.setSpacing(10)
        self._row.addWidget(self._sign)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(self._next)
        self._row.addWidget(self._close)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def put(self, notice: Notice) -> None:
        """Say something, or say it anew."""
        if self._notices.get(notice.key) == notice:
            return
        self._notices.pop(notice.key, None)
        self._notices[notice.key] = notice
        self._show_gravest()

    def take(self, key: str) -> None:
        """It is no longer so; unknown keys are ignored."""
        if self._notices.pop(key, None) is not None:
            self._show_gravest()

    def clear(self) -> None:
        """Nothing to say: another course."""
        self._notices.clear()
        self._show_gravest()

    def shown(self) -> Notice | None:
        """What is in view."""
        return self._shown

    def keys(self) -> tuple[str, ...]:
        """All that is to be said, the oldest first."""
        return tuple(self._notices)

    def _in_order(self) -> list[Notice]:
        newest_first = [*self._notices.values()][::-1]
        return sorted(newest_first, key=lambda notice: -_GRAVITY[notice.level])

    def _show_gravest(self) -> None:
        self._show(next(iter(self._in_order()), None))

    def take_colours(self) -> None:
        """Those of the theme in use."""
        self._show(self._shown)

    def _step(self) -> None:
        order = self._in_order()
        if self._shown in order:
            self._show(order[(order.index(self._shown) + 1) % len(order)])

    def _show(self, notice: Notice | None) -> None:
        self._shown = notice
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []
        if notice is None:
            self.hide()
            return
        for key, text in notice.actions:
            button = QPushButton(text)
            button.setObjectName(f"notice_{key}")
            button.setToolTip(notice.text)
            if len(notice.actions) == 1:
                button.setProperty("role", "primary")
            button.clicked.connect(lambda _checked=False, key=key: self.action_chosen.emit(notice.key, key))
            self._row.insertWidget(self._row.indexOf(self._next), button)
            self._buttons.append(button)
        others = len(self._notices) - 1
        self._next.setText(f"{others} more" if others else "")
        self._next.setVisible(others > 0)
        self._close.setVisible(notice.dismissable)
        tint = level_colour(notice.level)
        ground = shades().error_ground if notice.level == "error" else shades().raised
        self._sign.setText(LEVEL_SIGN[notice.level])
        self._sign.setStyleSheet(f"color: {tint};")
        self._text.set_text(notice.text)
        self.setAccessibleName(notice.text)
        self.setStyleSheet(f"#notice_bar {{ background: {ground}; border: 0; border-left: 4px solid {tint}; }}")
        self.show()

    def _dismiss(self) -> None:
        notice = self._shown
        if notice is not None and notice.dismissable:
            self.take(notice.key)
            self.dismissed.emit(notice.key)


class _TwoLines(QWidget):
    """Text in one line, or two where it needs them; what is beyond is shown on hovering."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("notice_text")
        self._text = ""
        self._lines: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_text(self, text: str) -> None:
        self._text = " ".join(text.split())
        self.setAccessibleName(self._text)
        self._arrange()

    def text(self) -> str:
        """The whole text."""
        return self._text

    def lines(self) -> list[str]:
        """As it is drawn."""
        return self._lines

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 4, metrics.height() * max(len(self._lines), 1) + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("M" * 10), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setPen(colour(shades().text))
            metrics = self.fontMetrics()
            top = (self.height() - metrics.height() * len(self._lines)) / 2
            for number, line in enumerate(self._lines):
                painter.drawText(QPointF(0, top + number * metrics.height() + metrics.ascent()), line)
        finally:
            painter.end()

    def _arrange(self) -> None:
        before = len(self._lines)
        self._lines = _broken(self._text, self)
        shown = " ".join(self._lines)
        self.setToolTip("" if shown == self._text else self._text)
        if len(self._lines) != before:
            self.updateGeometry()
        self.update()


def _broken(text: str, widget: QWidget) -> list[str]:
    """The text in at most two lines of the widget's width, the last one shortened where more is left."""
    room = max(widget.width(), 1)
    layout = QTextLayout(text, widget.font())
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    lines: list[str] = []
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(room)
        if len(lines) == MOST_LINES - 1:
            rest = text[line.textStart() :]
            lines.append(widget.fontMetrics().elidedText(rest, Qt.TextElideMode.ElideRight, room))
            break
        lines.append(text[line.textStart() : line.textStart() + line.textLength()].strip())
    layout.endLayout()
    return lines
