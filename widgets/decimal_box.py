"""A number field with steps that takes a decimal point as well as a decimal comma, whatever the system's language."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox

from widgets.calm_wheel import calm_wheel

_SIGNS: Final = re.compile("[,.]")


class DecimalBox(QDoubleSpinBox):
    """Turns either sign into that of the system's language while it is typed; a second one is not taken."""

    def __init__(self) -> None:
        super().__init__()
        calm_wheel(self)

    def _in_own_language(self, text: str) -> str:
        return _SIGNS.sub(self.locale().decimalPoint(), text)

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        """Either sign is taken."""
        return super().validate(self._in_own_language(text), place)

    def valueFromText(self, text: str) -> float:
        """The number that a text means."""
        return super().valueFromText(self._in_own_language(text))
