"""Protocols in the window: the shipped ones to read, the clinic's own to edit, with what a change does to a patient."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.number_grid import NumberGrid
from app.protocols.effect import COLUMNS, SAMPLE, effect_rows, patient_outcome, sample_outcome
from app.protocols.form_fields import ProtocolField, parsed, with_field
from app.protocols.own_protocols import OwnProtocol, own_protocols, save_own
from app.protocols.protocol_form import ProtocolForm
from app.steps.step import ScrolledGrid, Section, combo_box, push_button, text_label
from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.planning.protocol import Protocol, bundled_protocols
from dosimetry_core.planning.protocol_check import CheckedProtocol, checked_protocol
from dosimetry_core.toml_lines import TomlPlace
from widgets.numbered_text import NumberedText
from widgets.theme import set_role

_CHECK_AFTER_MS: Final = 150
_SHORT_DIGEST: Final = 16
_READ_ONLY: Final = "Comes with the program and can't be changed. Copy it to make one of your own."
_UNSAVED: Final = "Not saved yet. "


class ProtocolWindow(QDialog):
    """Names on the left, form and text side by side, faults with their lines, and the effect before and after.

    Parameters
    ----------
    data_folder
        Where the clinic's own are kept.
    who
        Who is working, or None if nobody said.
    evaluation
        Of the patient that is open, or None.
    """

    saved = Signal(object)
    """An `OwnProtocol` was kept."""
    person_needed = Signal()
    """Something was asked for that needs a name."""

    def __init__(
        self,
        data_folder: Path,
        who: Callable[[], str | None],
        evaluation: Callable[[], Evaluation | None] = lambda: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("protocol_window")
        self.setWindowTitle("Protocols")
        self.resize(1300, 720)
        self._data_folder, self._who, self._evaluation = data_folder, who, evaluation
        self._before: Protocol | None = None
        self._editable = False
        self._kept_text = ""
        self._checked = CheckedProtocol(None)
        self._wait = QTimer(self, singleShot=True, interval=_CHECK_AFTER_MS)
        self._wait.timeout.connect(self._check)
        row = QHBoxLayout(self)
        row.addWidget(self._list_part())
        row.addWidget(self._form_part(), 3)
        row.addWidget(self._text_part(), 4)
        self._fill_list()
        self.names.setCurrentRow(1)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _list_part(self) -> QWidget:
        part = Section("Protocols")
        part.setFixedWidth(230)
        self.names = QListWidget()
        self.names.setObjectName("protocol_names")
        self.names.setAccessibleName("Protocols")
        self.names.currentItemChanged.connect(lambda item, _before: self._choose(item))
        part.add(self.names, 1)
        self.copy = push_button(
            "Copy as own", name="protocol_copy", tooltip="begin a protocol of your own from this one"
        )
        self.copy.clicked.connect(self.copy_as_own)
        part.add(self.copy)
        return part

    def _form_part(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        card = Section("Form")
        self.form = ProtocolForm()
        self.form.typed.connect(self._take_field)
        card.add(self.form, 1)
        column.addWidget(card, 3)
        effect = Section("Effect")
        self.patient = combo_box("protocol_patient", [SAMPLE])
        self.patient.activated.connect(lambda _index: self._show_effect())
        effect.add(self.patient)
        self.effect = NumberGrid("protocol_effect")
        effect.add(ScrolledGrid(self.effect), 1)
        self.reason = text_label(role="warning", name="protocol_reason", wrap=True)
        effect.add(self.reason)
        column.addWidget(effect, 2)
        return part

    def _text_part(self) -> QWidget:
        card = Section("Text")
        self.about = text_label(role="dimmed", name="protocol_about", wrap=True)
        card.add(self.about)
        self.text = NumberedText()
        self.text.setObjectName("protocol_text_editor")
        self.text.setAccessibleName("Text of the protocol")
        self.text.textChanged.connect(self._wait.start)
        card.add(self.text, 1)
        self.verdict = text_label(name="protocol_verdict", wrap=True)
        card.add(self.verdict)
        self.faults = QListWidget()
        self.faults.setObjectName("protocol_faults")
        self.faults.setWordWrap(True)
        self.faults.setMaximumHeight(90)
        self.faults.itemActivated.connect(self._go_to_fault)
        self.faults.itemClicked.connect(self._go_to_fault)
        card.add(self.faults)
        self.why = QLineEdit()
        self.why.setObjectName("protocol_why")
        self.why.setAccessibleName("Why the protocol is changed")
        self.why.setPlaceholderText("Why it is saved: who decided it, on what grounds")
        self.why.textChanged.connect(lambda _text: self._show_save())
        self.save = push_button("Save as own", name="protocol_save", primary=True)
        self.save.clicked.connect(self.save_own)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.why, 1)
        row.addWidget(self.save)
        card.add(holder)
        self.message = text_label(name="protocol_message", wrap=True)
        self.message.hide()
        card.add(self.message)
        return card

    # --- acts -------------------------------------------------------------------------------------------------------

    def copy_as_own(self) -> None:
        """A new protocol that begins as the chosen one."""
        content = parsed(self.text.toPlainText())
        old = str(content.get("name", "protocol")).removesuffix("-own")
        text = self.text.toPlainText()
        for key, value in (("name", f"{old}-own"), ("title", f"{content.get('title', '')} (own)")):
            text = with_field(text, ProtocolField(TomlPlace("", key), key, text=True), value)
        with QSignalBlocker(self.names):
            self.names.clearSelection()
            self.names.setCurrentRow(-1)
        self._show_text(text, before=self._before, editable=True, about=_UNSAVED + f"Begun from {old}.")
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def save_own(self) -> None:
        """Keep the text as the clinic's own protocol."""
        who = self._who()
        if not who:
            self._say("Say first who is working: a protocol is kept with a name.", failed=True)
            self.person_needed.emit()
            return
        try:
            kept = save_own(self.text.toPlainText(), self._data_folder, who=who, why=self.why.text())
        except (DosimetryError, OSError) as error:
            self._say(error.line() if isinstance(error, DosimetryError) else str(error), failed=True)
            return
        self.why.clear()
        self._kept_text = self.text.toPlainText()
        self._fill_list()
        self.select(kept.name)
        self._say(f"Kept as {kept.path}. Courses that plan by an earlier text of it go on with that, and say so.")
        self.saved.emit(kept)

    def select(self, name: str) -> None:
        """Choose a protocol by its name."""
        for row in range(self.names.count()):
            if self.names.item(row).data(Qt.ItemDataRole.UserRole + 1) == name:
                self.names.setCurrentRow(row)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """Keep the window open once while there is something unsaved, and say so."""
        if self._editable and self.text.toPlainText() != self._kept_text and not self.message.property("warned"):
            self.message.setProperty("warned", True)
            self._say("There are changes that were not saved. Close again to drop them.", failed=True)
            event.ignore()
            return
        super().closeEvent(event)

    # --- showing ----------------------------------------------------------------------------------------------------

    def _fill_list(self) -> None:
        with QSignalBlocker(self.names):
            self.names.clear()
            self._add_heading("Shipped, to read")
            for name in bundled_protocols():
                self._add_name(name, None)
            own = own_protocols(self._data_folder)
            self._add_heading("Own" if own else "Own: none yet")
            for each in own:
                self._add_name(each.name, each)

    def _add_heading(self, text: str) -> None:
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.names.addItem(item)

    def _add_name(self, name: str, own: OwnProtocol | None) -> None:
        item = QListWidgetItem(name if own is None or own.checked.protocol is not None else f"{name} (faulty)")
        item.setData(Qt.ItemDataRole.UserRole, own)
        item.setData(Qt.ItemDataRole.UserRole + 1, name)
        self.names.addItem(item)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is None or item.data(Qt.ItemDataRole.UserRole + 1) is None:
            return
        name, own = item.data(Qt.ItemDataRole.UserRole + 1), item.data(Qt.ItemDataRole.UserRole)
        if own is None:
            content = table_bytes("protocols", f"{name}.toml")
            before = checked_protocol(content, where=name).protocol
            self._show_text(content.decode("utf-8"), before=before, editable=False, about=_READ_ONLY)
            return
        said = f"Saved by {own.saved_by}, {own.saved_at}: {own.why}" if own.saved_by else "Not saved with this program."
        self._show_text(own.text, before=own.checked.protocol, editable=True, about=said)

    def _show_text(self, text: str, *, before: Protocol | None, editable: bool, about: str) -> None:
        self._before, self._editable, self._kept_text = before, editable, text
        self.about.setText(about)
        self.message.hide()
        self.message.setProperty("warned", False)
        with QSignalBlocker(self.text):
            self.text.setPlainText(text)
        self.text.setReadOnly(not editable)
        self._wait.stop()
        self._check()

    def _take_field(self, field: ProtocolField, shown: str) -> None:
        place = self.text.verticalScrollBar().value()
        try:
            text = with_field(self.text.toPlainText(), field, shown)
        except ValueError as error:
            self._say(str(error), failed=True)
            return
        self.text.setPlainText(text)
        self.text.verticalScrollBar().setValue(place)

    def _check(self) -> None:
        text = self.text.toPlainText()
        self._checked = checked_protocol(text.encode("utf-8"), where="protocol")
        content = parsed(text)
        if content:
            self.form.show_content(content, editable=self._editable)
        self.faults.clear()
        told = (*self._checked.faults, *self._checked.doubts)
        for fault in told:
            warned = "Warning: " if fault in self._checked.doubts else ""
            item = QListWidgetItem(warned + re.sub(r"^protocol, ", "", fault.text))
            item.setData(Qt.ItemDataRole.UserRole, fault.line)
            self.faults.addItem(item)
        self.faults.setVisible(bool(told))
        self.text.set_faulty([fault.line for fault in self._checked.faults if fault.line is not None])
        count = len(self._checked.faults)
        protocol = self._checked.protocol
        if protocol is not None:
            self.verdict.setText(f"A protocol. SHA-256 {protocol.digest[:_SHORT_DIGEST]}…, as plans print it.")
        else:
            self.verdict.setText(f"No protocol yet: {count} fault{'' if count == 1 else 's'}.")
        if protocol is not None and (doubts := len(self._checked.doubts)):
            self.verdict.setText(f"{self.verdict.text()} {doubts} warning{'' if doubts == 1 else 's'} below.")
        set_role(self.verdict, "error" if protocol is None else "warning" if self._checked.doubts else "good")
        self._show_effect()
        self._show_save()

    def _show_effect(self) -> None:
        evaluation = self._evaluation()
        entries = [SAMPLE] + ([] if evaluation is None else [f"Patient {evaluation.case.patient.patient_id}, open now"])
        if [self.patient.itemText(index) for index in range(self.patient.count())] != entries:
            self.patient.clear()
            self.patient.addItems(entries)
        if evaluation is not None and self.patient.currentIndex() > 0:
            before, after = (
                patient_outcome(self._before, evaluation),
                patient_outcome(self._checked.protocol, evaluation),
            )
        else:
            before, after = sample_outcome(self._before), sample_outcome(self._checked.protocol)
        self.effect.show_rows(COLUMNS, effect_rows(before, after))
        self.reason.setText(f"As edited it can't be planned by: {after.reason}." if after.plan is None else "")
        self.reason.setVisible(after.plan is None)

    def _show_save(self) -> None:
        self.save.setEnabled(self._editable and self._checked.protocol is not None and bool(self.why.text().strip()))
        self.why.setEnabled(self._editable)

    def _go_to_fault(self, item: QListWidgetItem) -> None:
        line = item.data(Qt.ItemDataRole.UserRole)
        if line is not None:
            self.text.go_to_line(line)

    def _say(self, text: str, *, failed: bool = False) -> None:
        self.message.setText(text)
        set_role(self.message, "error" if failed else "good")
        self.message.show()
