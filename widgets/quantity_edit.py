"""Number field and number label bound to a display unit: core units outwards, human units on the screen."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from dosimetry_core.units import DisplayUnit
from widgets.theme import label


class QuantityEdit(QWidget):
    """A number with its unit. Emits ``edited`` with the core value when the user commits a change.

    Enter or leaving the field commits; Up and Down step; Esc puts the old value back. A text that is no number, or
    outside the limits, is marked and not sent; leaving the field then restores the last value.
    """

    edited = Signal(object)

    def __init__(
        self,
        unit: DisplayUnit,
        *,
        object_name: str,
        minimum: float | None = None,
        maximum: float | None = None,
        step: float | None = None,
        digits: int | None = None,
        optional: bool = False,
        widest: str = "0000.000",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{object_name}_field")
        self.unit = unit
        self._digits = unit.digits if digits is None else digits
        self._minimum, self._maximum = minimum, maximum
        self._step = step
        self._optional = optional
        self._value: float | None = None
        self._edit = _Line(self)
        self._edit.setObjectName(object_name)
        self._edit.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._edit.room_for(widest)
        self._unit_label = label(unit.symbol, role="dimmed", object_name=f"{object_name}_unit")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self._edit)
        layout.addWidget(self._unit_label)
        self.setFocusProxy(self._edit)
        self._edit.textEdited.connect(self._mark)
        self._edit.returnPressed.connect(self.commit)
        self._describe()

    def _describe(self) -> None:
        limits = []
        if self._minimum is not None:
            limits.append(f"from {self.unit.text(self._minimum, digits=self._digits)}")
        if self._maximum is not None:
            limits.append(f"to {self.unit.text(self._maximum, digits=self._digits)}")
        self._limits_text = " ".join(limits)
        if self.is_valid():
            self._edit.setToolTip(self._limits_text)

    def value(self) -> float | None:
        """Last committed or set value in the core unit."""
        return self._value

    def set_value(self, value: float | None) -> None:
        """Show a core value (None: empty). Silent. What the user is typing stays; Esc then shows this value."""
        if self._edit.hasFocus() and self._edit.isModified():
            self._value = value
            self._mark()
            return
        self._show(value)

    def _show(self, value: float | None) -> None:
        self._value = value
        text = "" if value is None else self.unit.text(value, digits=self._digits, with_symbol=False)
        if text != self._edit.text():  # else cursor and selection stay where the user has put them
            self._edit.setText(text)
        self._edit.setModified(False)
        self._mark()

    def set_unit_visible(self, visible: bool) -> None:
        """Whether the unit stands behind the number (a neighbouring field may show it for both)."""
        self._unit_label.setVisible(visible)

    def set_unit(self, unit: DisplayUnit) -> None:
        """Another display unit for the same core quantity. Silent."""
        self.unit = unit
        self._unit_label.setText(unit.symbol)
        self._describe()
        self._show(self._value)

    def set_range(self, minimum: float | None, maximum: float | None) -> None:
        """Limits in the core unit."""
        self._minimum, self._maximum = minimum, maximum
        self._describe()
        self._mark()

    def set_read_only(self, read_only: bool) -> None:
        """Show only."""
        self._edit.setReadOnly(read_only)

    def set_tool_tip(self, text: str) -> None:
        """Explanation shown on hovering, before the limits."""
        self._limits_text = text
        self._edit.setToolTip(text)

    def set_accessible_name(self, name: str) -> None:
        """What assistive tools call the field."""
        self._edit.setAccessibleName(name)

    def is_valid(self) -> bool:
        """Whether the text is a number within the limits (or empty where that is allowed)."""
        return self._fault() == ""

    def _typed(self) -> float | None:
        text = self._edit.text().strip().replace("−", "-")
        if not text:
            return None
        number = float(text.replace(",", ".")) if text.count(",") + text.count(".") <= 1 else math.nan
        return self.unit.to_core(number)

    def _fault(self) -> str:
        try:
            value = self._typed()
        except ValueError:
            return "this is not a number"
        if value is None:
            return "" if self._optional or self._value is None else "a number is needed"
        if not math.isfinite(value):
            return "this is not a number"
        # A limit is not broken by the rounding of what is shown.
        slack = 0.5 * self.unit.to_core(10.0**-self._digits)
        if self._minimum is not None and value < self._minimum - slack:
            return f"at least {self.unit.text(self._minimum, digits=self._digits)}"
        if self._maximum is not None and value > self._maximum + slack:
            return f"at most {self.unit.text(self._maximum, digits=self._digits)}"
        return ""

    def _mark(self) -> None:
        fault = self._fault()
        if bool(fault) != bool(self._edit.property("invalid")):
            self._edit.setProperty("invalid", bool(fault))
            self._edit.style().unpolish(self._edit)
            self._edit.style().polish(self._edit)
        self._edit.setToolTip(fault or self._limits_text)

    def commit(self) -> str:
        """Take what is typed, as Enter does; returns what is wrong with it: then it stays, and is not taken."""
        fault = self._fault()
        shown = "" if self._value is None else self.unit.text(self._value, digits=self._digits, with_symbol=False)
        if fault or self._edit.isReadOnly() or self._edit.text().strip() == shown:
            return fault
        value = self._typed()
        if value is not None or self._optional:
            self._show(value)
            self.edited.emit(value)
        return ""

    def leave(self) -> None:
        """The field lost the focus: commit what is valid, restore what isn't."""
        self.commit()
        if not self.is_valid():
            self._show(self._value)

    def restore(self) -> None:
        """Put the last value back."""
        self._show(self._value)

    def step_by(self, steps: int) -> None:
        """Change by steps, as the user's act."""
        if self._value is None or self._edit.isReadOnly():
            return
        step = self._step if self._step is not None else self.unit.to_core(10.0**-self._digits)
        value = self._value + steps * step
        if self._minimum is not None:
            value = max(value, self._minimum)
        if self._maximum is not None:
            value = min(value, self._maximum)
        if value != self._value:
            self._show(value)
            self.edited.emit(value)


class _Line(QLineEdit):
    """The line of a quantity field: keys and focus are passed on."""

    def __init__(self, owner: QuantityEdit) -> None:
        super().__init__(owner)
        self._owner = owner
        self.setLocale(QLocale.c())
        self._widest = ""

    def room_for(self, widest: str) -> None:
        """The text that must fit."""
        self._widest = widest
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As wide as the widest number."""
        return QSize(QFontMetrics(self.font()).horizontalAdvance(self._widest) + 20, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Numbers are never cut."""
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down step, Esc restores."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._owner.step_by(1 if event.key() == Qt.Key.Key_Up else -1)
        elif event.key() == Qt.Key.Key_Escape:
            self._owner.restore()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leaving commits."""
        super().focusOutEvent(event)
        self._owner.leave()


def quantity_text(
    unit: DisplayUnit,
    value: float | None,
    standard_uncertainty: float | None = None,
    *,
    digits: int | None = None,
    with_symbol: bool = True,
) -> str:
    """Text of a core value with its standard uncertainty; a dash for None."""
    if value is None:
        return "–"
    if standard_uncertainty is None:
        return unit.text(value, digits=digits, with_symbol=with_symbol)
    number = unit.text(value, digits=digits, with_symbol=False)
    uncertainty = unit.text(standard_uncertainty, digits=digits, with_symbol=False)
    return f"{number} ± {uncertainty} {unit.symbol}" if with_symbol and unit.symbol else f"{number} ± {uncertainty}"
