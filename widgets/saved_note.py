"""One short note in the status line: whether the last change is kept, and since when."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QSize
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from widgets.theme import font, set_role

SAVING = "saving…"
NOT_SAVED = "NOT SAVED"
_WIDEST = "saved 00:00:00"


class SavedNote(QLabel):
    """``saved 14:02:11``, ``saving…`` or ``NOT SAVED``; always as wide, so that its neighbours stand still."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("saved_note")
        self.setProperty("role", "dimmed")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def show_nothing(self) -> None:
        """No course is open, or it is only read."""
        self._show("", "dimmed", "")

    def show_saved(self, instant: datetime) -> None:
        """The last change is on the disk since then."""
        local = instant.astimezone()
        self._show(f"saved {local:%H:%M:%S}", "good", f"The last change is on the disk since {local:%d %b %Y %H:%M:%S}")

    def show_saving(self) -> None:
        """A change is being written."""
        self._show(SAVING, "dimmed", "The last change is being written")

    def show_not_saved(self, reason: str) -> None:
        """The last change is only in memory, and why."""
        self._show(NOT_SAVED, "error", f"The last change is not on the disk: {reason}")

    def sizeHint(self) -> QSize:
        """Room for the longest of its texts; none for none."""
        if not self.text():
            return QSize(0, super().sizeHint().height())
        metrics = QFontMetrics(font(strong=True))
        width = max(metrics.horizontalAdvance(text) for text in (_WIDEST, SAVING, NOT_SAVED))
        return QSize(width + 4, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """The same: it is never shortened."""
        return self.sizeHint()

    def _show(self, text: str, role: str, tip: str) -> None:
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        if self.property("role") != role:
            self.setFont(font(strong=role == "error"))
            set_role(self, role)
        self.updateGeometry()
