"""The form of a protocol: a field for each key, refilled from the text, speaking of what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QLineEdit, QScrollArea, QWidget

from app.protocols.form_fields import ProtocolField, fields_of, value_of
from widgets.calm_wheel import calm_wheel

_SHORTEST: Final = 14
"""Letters of a choice that are seen at least."""


class ProtocolForm(QScrollArea):
    """``typed`` carries the field and what was typed into it."""

    typed = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("protocol_form")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fields: tuple[ProtocolField, ...] = ()
        self._editors: dict[str, QLineEdit | QComboBox] = {}
        self._editable = True

    def show_content(self, content: Mapping[str, Any], *, editable: bool) -> None:
        """Show the values of a text; a field that has the keyboard keeps what is being typed."""
        fields = fields_of(content)
        if fields != self._fields or editable != self._editable or not self._editors:
            self._fields, self._editable = fields, editable
            self._build()
        for field in fields:
            editor, value = self._editors[field.name], value_of(content, field)
            with QSignalBlocker(editor):
                if isinstance(editor, QComboBox):
                    if editor.findText(value) < 0:
                        editor.addItem(value)
                    editor.setCurrentText(value)
                elif editor.text() != value:
                    editor.setText(value)
                    editor.setCursorPosition(0)

    def _build(self) -> None:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(0, 0, 6, 0)
        form.setVerticalSpacing(5)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._editors = {}
        for field in self._fields:
            editor = self._editor(field)
            editor.setObjectName(f"protocol_{field.name}")
            editor.setEnabled(self._editable)
            editor.setToolTip(field.tooltip or f"{field.place.table} {field.place.key}".strip())
            self._editors[field.name] = editor
            form.addRow(field.label, editor)
        self.setWidget(page)
        page.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)

    def _editor(self, field: ProtocolField) -> QLineEdit | QComboBox:
        if field.choices:
            box = QComboBox()
            calm_wheel(box)
            box.addItems(list(field.choices))
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(_SHORTEST)
            box.textActivated.connect(lambda text: self.typed.emit(field, text))
            return box
        line = QLineEdit()
        line.textEdited.connect(lambda text: self.typed.emit(field, text))
        return line
