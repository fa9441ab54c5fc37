"""A number on the screen that knows which result it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from dosimetry_core.units import DisplayUnit
from widgets.theme import set_role

NO_VALUE = "–"
LARGEST_PLAIN = 1e6
"""Plain numbers from here on are written with a power of ten."""


class ValueLabel(QLabel):
    """One result in its display unit.

    ``objectName`` is the path of the value in results.json; the property ``coreValue`` holds the unrounded value in the
    core unit (None when there is none).

    Parameters
    ----------
    path
        Path of the value, see `result_path`.
    unit
        How it is shown; None shows a plain number with two decimals.
    with_symbol
        Whether the unit symbol stands beside the number.
    prefix
        Text before the number, for example ``"± "``.
    role
        Look of the style sheet while the value is current; ``"number"`` is a large one.
    """

    def __init__(
        self,
        path: str,
        unit: DisplayUnit | None = None,
        parent: QWidget | None = None,
        *,
        digits: int | None = None,
        with_symbol: bool = True,
        prefix: str = "",
        role: str = "",
    ) -> None:
        super().__init__(NO_VALUE, parent)
        self.setObjectName(path)
        self._unit, self._digits, self._with_symbol, self._prefix = unit, digits, with_symbol, prefix
        self._role = role
        self.setProperty("role", role)
        self.setProperty("coreValue", None)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    @property
    def path(self) -> str:
        """Path of the value in results.json."""
        return self.objectName()

    def value(self) -> float | None:
        """The unrounded value in the core unit."""
        held = self.property("coreValue")
        return None if held is None else float(held)

    def show_value(self, value: float | None, *, stale: bool = False) -> None:
        """Show a core value; a stale one is dimmed."""
        self.setProperty("coreValue", value)
        self.setText(self._text(value))
        role = "stale" if stale else self._role
        if self.property("role") != role:
            set_role(self, role)

    def _text(self, value: float | None) -> str:
        if value is None:
            return NO_VALUE
        if self._unit is None:
            digits = 2 if self._digits is None else self._digits
            return self._prefix + (f"{value:.{digits}f}" if abs(value) < LARGEST_PLAIN else f"{value:.3g}")
        return self._prefix + self._unit.text(value, digits=self._digits, with_symbol=self._with_symbol)
