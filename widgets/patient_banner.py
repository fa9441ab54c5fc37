"""Who the patient is and which cycle is on the screen: the same line above every step."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from widgets.elided_label import ElidedLabel
from widgets.theme import label


@dataclass(frozen=True)
class BannerShown:
    """Texts of the banner; empty ones are left out."""

    name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    cycle: str = ""
    administered: str = ""
    time: str = ""
    badge: str = "RESEARCH USE"


class PatientBanner(QFrame):
    """One line; what doesn't fit is shortened and shown on hovering, the name and the badge last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("patient_banner")
        self._name = ElidedLabel(object_name="banner_name", role="title")
        self._badge = label(role="badge", object_name="banner_badge")
        self._facts = {
            field: ElidedLabel(object_name=f"banner_{field}", role="dimmed" if field == "birth_date" else "")
            for field in ("patient_id", "birth_date", "cycle", "administered", "time")
        }
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 7, 14, 7)
        layout.setSpacing(18)
        layout.addWidget(self._name, 0)
        for fact in self._facts.values():
            layout.addWidget(fact, 0)
        layout.addStretch(1)
        layout.addWidget(self._badge, 0)
        self.show_patient(BannerShown(name="No case open", badge=""))

    def show_patient(self, shown: BannerShown) -> None:
        """Fill the banner."""
        self._name.set_text(shown.name)
        for field, fact in self._facts.items():
            text = getattr(shown, field)
            fact.set_text(text)
            fact.setVisible(bool(text))
        self._badge.setText(shown.badge)
        self._badge.setVisible(bool(shown.badge))
        self._badge.setToolTip("Not a medical device: see the intended use in the documentation (Shift+F1)")
