"""A question for one line of text in its place on the screen, in place of a dialog: nothing else is held up by it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from widgets.theme import label


class TextQuestion(QWidget):
    """Hidden until `ask`. Enter or the button answers, Esc or Cancel puts it away."""

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self._answered: Callable[[str], object] | None = None
        self.question = label(role="dimmed", object_name=f"{object_name}_question")
        self.question.setWordWrap(True)
        self.field = QLineEdit()
        self.field.setObjectName(f"{object_name}_field")
        self.field.returnPressed.connect(self.answer)
        self.accept_button = QPushButton("OK")
        self.accept_button.setObjectName(f"{object_name}_ok")
        self.accept_button.setProperty("role", "primary")
        self.accept_button.clicked.connect(self.answer)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setObjectName(f"{object_name}_cancel")
        self.cancel_button.clicked.connect(self.put_away)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.field, 1)
        row.addWidget(self.accept_button)
        row.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.question)
        column.addLayout(row)
        self.hide()

    def ask(self, question: str, answered: Callable[[str], object], *, text: str = "") -> None:
        """Show the question; ``answered`` gets the text, once. Another question takes the place of one not answered."""
        self._answered = answered
        self.question.setText(question)
        self.field.setAccessibleName(question)
        self.field.setText(text)
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()

    def answer(self) -> None:
        """The user is done."""
        answered, self._answered = self._answered, None
        text = self.field.text().strip()
        self.put_away()
        if answered is not None:
            answered(text)

    def put_away(self) -> None:
        """The user changed their mind."""
        self._answered = None
        self.field.clear()
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc puts it away."""
        if event.key() == Qt.Key.Key_Escape:
            self.put_away()
        else:
            super().keyPressEvent(event)
