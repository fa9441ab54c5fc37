"""Form for one signature: identity file, passphrase, remark; says what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.plans.plan_signing import PlanFile
from app.steps.step import push_button, text_label
from widgets.theme import set_role


class SignatureForm(QWidget):
    """``submitted`` carries identity file, passphrase and remark; the passphrase is cleared at once."""

    submitted = Signal(str, str, str)

    def __init__(self, name: str, button: str, remark: str, identity_file: str = "") -> None:
        super().__init__()
        self.setObjectName(f"{name}_form")
        self._allowed, self._busy = True, False
        self._plan: PlanFile | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.identity = QLineEdit(identity_file)
        self.identity.setObjectName(f"{name}_identity")
        self.identity.setPlaceholderText("Identity file (.p12)")
        self.identity.setToolTip("an identity file, or a key on a token: pkcs11:token=NAME;object=NAME")
        browse = push_button("…", name=f"{name}_browse", tooltip="choose the identity file")
        browse.setFixedWidth(34)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.identity, 1)
        row.addWidget(browse)
        column.addLayout(row)
        self.passphrase = QLineEdit()
        self.passphrase.setObjectName(f"{name}_passphrase")
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setPlaceholderText("Passphrase")
        self.passphrase.returnPressed.connect(self._submit)
        column.addWidget(self.passphrase)
        self.remark = QLineEdit()
        self.remark.setObjectName(f"{name}_remark")
        self.remark.setPlaceholderText(remark)
        column.addWidget(self.remark)
        self.button = push_button(button, name=f"{name}_button", primary=True)
        self.button.clicked.connect(self._submit)
        column.addWidget(self.button)
        self.message = text_label(name=f"{name}_message", wrap=True)
        self.message.hide()
        column.addWidget(self.message)
        for field in (self.identity, self.passphrase):
            field.textChanged.connect(lambda _text: self._show())
        self._show()

    def set_allowed(self, allowed: bool) -> None:
        """Whether signing is possible at all."""
        self._allowed = allowed
        self._show()

    def set_busy(self, busy: bool) -> None:
        """Whether a signature is being made."""
        self._busy = busy
        self._show()

    def show_message(self, text: str, *, failed: bool = False, plan: PlanFile | None = None) -> None:
        """Say what came of it: of the signature on a plan, as long as that plan is one of the course's."""
        self._plan = plan
        self.message.setText(text)
        set_role(self.message, "error" if failed else "good")
        self.message.show()

    def keep_to(self, plans: Sequence[PlanFile]) -> None:
        """Take back what was said of a plan that is none of these: one that was given is not the next one."""
        if self._plan is not None and not any(self._plan is plan for plan in plans):
            self._plan = None
            self.message.setText("")
            self.message.hide()

    def _show(self) -> None:
        filled = bool(self.identity.text().strip() and self.passphrase.text())
        self.button.setEnabled(self._allowed and not self._busy and filled)

    def _browse(self) -> None:
        chosen, _kind = QFileDialog.getOpenFileName(
            self, "Identity file", self.identity.text(), "Identity (*.p12 *.pfx)"
        )
        if chosen:
            self.identity.setText(chosen)

    def _submit(self) -> None:
        if not self.button.isEnabled():
            return
        passphrase = self.passphrase.text()
        self.passphrase.clear()
        self.submitted.emit(self.identity.text().strip(), passphrase, self.remark.text().strip())
