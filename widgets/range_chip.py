"""The constraint on drawing, always in view: only where an image lies between two values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from dosimetry_core.units import DisplayUnit
from widgets.mouse_table import mouse_bindings
from widgets.quantity_edit import QuantityEdit
from widgets.theme import label, set_role

HOUNSFIELD = DisplayUnit("HU", 1.0, 0)


@dataclass(frozen=True)
class RangeLayer:
    """An image that can constrain: its key, what it is called, and the unit of its values."""

    key: str
    name: str
    unit: DisplayUnit


@dataclass(frozen=True)
class RangeShown:
    """A constraint: which image, and its limits in core units; None for no limit on that side."""

    layer: str
    low: float | None
    high: float | None


def offer_layers(choice: QComboBox, layers: Sequence[RangeLayer]) -> None:
    """Offer these images. Silent; keeps the choice where it can."""
    chosen = choice.currentData()
    with QSignalBlocker(choice):
        choice.clear()
        for layer in layers:
            choice.addItem(layer.name, layer.key)
        choice.setCurrentIndex(max(choice.findData(chosen), 0) if layers else -1)


class RangeChip(QWidget):
    """A switch, an image and two limits; ``changed`` when the user changed any of them.

    Each image keeps its own limits. Switched on, the chip is lit, so that nobody wonders why the brush leaves gaps.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("range_chip")
        self._layers: tuple[RangeLayer, ...] = ()
        self._limits: dict[str, tuple[float | None, float | None]] = {}
        self._switch = QCheckBox("Only where")
        self._switch.setObjectName("range_switch")
        self.show_held()
        self._switch.toggled.connect(lambda _on: self._tell())
        self._image = QComboBox()
        self._image.setMinimumContentsLength(len("SPECT"))
        self._image.setObjectName("range_layer")
        self._image.setAccessibleName("Image of the constraint")
        self._image.setToolTip("Whose values count")
        self._image.currentIndexChanged.connect(lambda _index: self._another_image())
        self._fields: list[QuantityEdit] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._switch)
        head.addWidget(self._image)
        head.addStretch(1)
        column.addLayout(head)
        self._values = QHBoxLayout()
        self._values.setSpacing(6)
        column.addLayout(self._values)
        self._holder: QWidget | None = None

    def set_layers(self, layers: Sequence[RangeLayer]) -> None:
        """Which images there are. Silent; keeps the choice where it can."""
        given = tuple(layers)
        if given == self._layers:
            return
        self._layers = given
        offer_layers(self._image, given)
        self._show_fields()

    def show_held(self) -> None:
        """Name the modifier that leaves the constraint out in the tooltip."""
        held = mouse_bindings().held_word("anywhere")
        self._switch.setToolTip(f"Brush, eraser and polygon act only within these values; {held} held: everywhere")

    def limits(self) -> RangeShown | None:
        """The constraint; None while it is off, or has no limit at all."""
        layer = self._layer()
        if layer is None or not self._switch.isChecked():
            return None
        low, high = self._limits.get(layer.key, (None, None))
        return None if low is None and high is None else RangeShown(layer.key, low, high)

    def words(self) -> str:
        """The constraint in a few words, for the corner of the images; empty while it is off."""
        layer, held = self._layer(), self.limits()
        if layer is None or held is None:
            return ""
        low, high = (
            None if each is None else layer.unit.text(each, with_symbol=False) for each in (held.low, held.high)
        )
        span = f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
        return f"only {layer.name} {span} {layer.unit.symbol}"

    def layer(self) -> str | None:
        """Key of the image chosen."""
        layer = self._layer()
        return None if layer is None else layer.key

    def set_limits(self, low: float | None, high: float | None, *, on: bool = True) -> None:
        """Limits of the image chosen, in its core unit. Silent."""
        layer = self._layer()
        if layer is None:
            return
        self._limits[layer.key] = (low, high)
        with QSignalBlocker(self._switch):
            self._switch.setChecked(on)
        for field, value in zip(self._fields, (low, high), strict=False):
            field.set_value(value)
        self._light()

    def _layer(self) -> RangeLayer | None:
        return next((layer for layer in self._layers if layer.key == self._image.currentData()), None)

    def _another_image(self) -> None:
        self._show_fields()
        self._tell()

    def _show_fields(self) -> None:
        if self._holder is not None:
            self._values.removeWidget(self._holder)
            self._holder.hide()
            self._holder.deleteLater()
            self._holder, self._fields = None, []
        layer = self._layer()
        if layer is None:
            return
        self._holder = QWidget()
        row = QHBoxLayout(self._holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        for number, (words, value) in enumerate(
            zip(("from", "to"), self._limits.get(layer.key, (None, None)), strict=True)
        ):
            field = QuantityEdit(
                layer.unit, object_name=f"range_{('low', 'high')[number]}", optional=True, widest="00000.0"
            )
            field.set_unit_visible(number == 1)
            field.set_accessible_name(f"{('Lower', 'Upper')[number]} limit of where the brush acts")
            field.set_value(value)
            field.edited.connect(lambda given, side=number: self._limit(side, given))
            row.addWidget(label(words, role="dimmed"))
            row.addWidget(field)
            self._fields.append(field)
        row.addStretch(1)
        self._values.addWidget(self._holder)
        self._light()

    def _limit(self, side: int, value: float | None) -> None:
        layer = self._layer()
        assert layer is not None
        pair = list(self._limits.get(layer.key, (None, None)))
        pair[side] = value
        low, high = pair
        if low is not None and high is not None and low > high:
            # The limit just typed stands; the other one gives way.
            pair[1 - side] = None
            self._fields[1 - side].set_value(None)
        self._limits[layer.key] = (pair[0], pair[1])
        if not self._switch.isChecked() and any(limit is not None for limit in pair):
            with QSignalBlocker(self._switch):
                self._switch.setChecked(True)
        self._tell()

    def _tell(self) -> None:
        self._light()
        self.changed.emit()

    def _light(self) -> None:
        set_role(self._switch, "warning" if self.limits() is not None else "")
