"""What an act would do, before it is done: words, Apply and Give up."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from widgets.theme import label


class PreviewBar(QWidget):
    """Hidden until something is previewed."""

    applied = Signal()
    given_up = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview_bar")
        self._words: QLabel = label("", role="warning", object_name="preview_words")
        apply = QPushButton("Apply")
        apply.setObjectName("preview_apply")
        apply.setToolTip("Do it (Enter)")
        apply.clicked.connect(self.applied)
        drop = QPushButton("Give up")
        drop.setObjectName("preview_give_up")
        drop.setToolTip("Leave it as it was (Esc)")
        drop.clicked.connect(self.given_up)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._words, 1)
        row.addWidget(apply)
        row.addWidget(drop)
        self.hide()

    def show_words(self, words: str) -> None:
        """What would be done; empty hides the bar."""
        self._words.setText(words)
        self.setVisible(bool(words))
