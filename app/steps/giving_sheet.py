"""One sheet of an entry that is made in several: what it asks, its fields, a message, and how it goes on."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from app.steps.step import Section, push_button, text_label
from widgets.discarding import discard

_FIELD_EDGES_PX = 22
"""Frame and padding of a field, and the cursor behind the last letter."""


class GivingSheet(Section):
    """Heading, sentence, fields in a grid; whatever is added comes before the foot that `finish` makes."""

    def __init__(self, name: str, forward: str) -> None:
        super().__init__("", name=f"giving_{name}")
        self.text = text_label(role="dimmed", name=f"giving_{name}_text", wrap=True)
        self.add(self.text)
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(10)
        self.add(holder)
        self.fields: dict[str, QLineEdit] = {}
        self.message = text_label(role="error", name=f"giving_{name}_message", wrap=True)
        self.message.hide()
        self.forward = push_button(forward, name=f"giving_{name}_forward", primary=True)
        self.cancel = push_button("Cancel", name=f"giving_{name}_cancel", tooltip="nothing is kept of what was typed")

    def finish(self) -> None:
        """Put message and buttons at the end; room that is left stays below them."""
        self.add(self.message)
        self.add_row(self.forward, self.cancel)
        self.add(QWidget(), 1)

    def clear_fields(self) -> None:
        """No fields and no titles any more."""
        self.fields.clear()
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                discard(widget)

    def add_title(self, text: str, row: int, column: int, *, columns: int = 1) -> None:
        """A title in the grid."""
        self._grid.addWidget(text_label(text, role="dimmed"), row, column, 1, columns)

    def add_field(self, name: str, accessible: str, hint: str, row: int, column: int, *, columns: int = 1) -> None:
        """A field in the grid; ``name`` finds it again in ``fields``."""
        field = QLineEdit()
        field.setObjectName(name)
        field.setAccessibleName(accessible)
        field.setPlaceholderText(hint)
        if columns == 1:
            # What is typed is as long as the hint: a time is to be seen whole.
            field.setMinimumWidth(field.fontMetrics().horizontalAdvance(hint) + _FIELD_EDGES_PX)
        self.fields[name] = field
        self._grid.addWidget(field, row, column, 1, columns)

    def typed(self, name: str) -> str:
        """Text of a field, without blanks around it."""
        return self.fields[name].text().strip()

    def say(self, text: str) -> None:
        """What is wrong with what was typed; empty for nothing."""
        self.message.setText(text)
        self.message.setVisible(bool(text))
