"""A text on a fixed number of lines: what does not fit ends in an ellipsis and stands in full in the tooltip."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

_MARGIN = 2


class LinesLabel(QLabel):
    """As high as so many lines, whatever its text, so that what stands below stays where it is."""

    def __init__(self, lines: int, *, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + _MARGIN)
        self._full = ""

    def full_text(self) -> str:
        """The text with what may not be seen of it."""
        return self._full

    def set_text(self, text: str) -> None:
        """Show this text, or as much of it as fits."""
        if text != self._full:
            self._full = text
            self.setAccessibleName(text)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width holds other words."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        words, shown = self._full.split(" "), self._full
        while len(words) > 1 and not self._fits(shown):
            words.pop()
            shown = " ".join(words) + " …"
        self.setText(shown)
        self.setToolTip("" if shown == self._full else self._full)

    def _fits(self, text: str) -> bool:
        room = QRect(0, 0, self.width(), 10 * self.height())
        return self.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, text).height() <= self.height()
