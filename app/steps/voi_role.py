"""What the active VOI is to the dosimetry, chosen from the list of roles."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.steps.step import combo_box, text_label
from dosimetry_core.voi import ROLES, Role, Voi


def role_words(role: Role) -> str:
    """A role as it is read."""
    return role.replace("_", " ")


class RoleChoice(QWidget):
    """The role of one VOI; ``chosen`` carries its id and another role that the user gave it."""

    chosen = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("voi_role_row")
        self._voi: Voi | None = None
        self.box = combo_box("voi_role", [role_words(role) for role in ROLES])
        self.box.setToolTip("What the active VOI is to the dosimetry: an organ of a limit, a lesion …")
        self.box.setPlaceholderText("–")
        self.box.activated.connect(self._choose)
        label = text_label("Role", role="dimmed")
        label.setBuddy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label)
        row.addWidget(self.box, 1)
        self.show_voi(None)

    def show_voi(self, voi: Voi | None) -> None:
        """Show the role of this VOI; without one there is nothing to choose."""
        self._voi = voi
        self.box.setEnabled(voi is not None)
        self.box.setCurrentIndex(-1 if voi is None else ROLES.index(voi.role))

    def _choose(self, number: int) -> None:
        voi, role = self._voi, ROLES[number]
        if voi is not None and role != voi.role:
            self.chosen.emit(voi.voi_id, role)
