"""A label that shortens its text to the room there is and shows all of it on hovering."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class ElidedLabel(QLabel):
    """One line; the middle or the end is left out where there is no room, and then the tooltip has the whole text."""

    def __init__(
        self,
        text: str = "",
        *,
        object_name: str = "",
        role: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._full = ""
        self._tip = ""
        self._mode = mode
        if object_name:
            self.setObjectName(object_name)
        if role:
            self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    def set_text(self, text: str, *, tip: str = "") -> None:
        """The whole text, in one line, and what to say on hovering besides."""
        full = " ".join(text.split())
        if (full, tip) == (self._full, self._tip):
            return  # progress is told twenty times a second: a new layout of the window each time would be felt
        self._full, self._tip = full, tip
        self.setAccessibleName(self._full)
        self._fit()
        self.updateGeometry()

    def full_text(self) -> str:
        """The whole text."""
        return self._full

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        margins = self.contentsMargins()
        width = self.fontMetrics().horizontalAdvance(self._full) + margins.left() + margins.right() + 4
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """A few letters are enough."""
        return QSize(
            min(self.sizeHint().width(), self.fontMetrics().horizontalAdvance("mmmm")), self.sizeHint().height()
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.contentsRect().width()
        shown = self.fontMetrics().elidedText(self._full, self._mode, max(room, 0)) if room > 0 else self._full
        super().setText(shown)
        tips = [self._full] if shown != self._full else []
        self.setToolTip("\n".join(tips + ([self._tip] if self._tip else [])))
