"""The constraint of the adaptive brush, always in view: only what is like the place under the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QWidget

from dosimetry_core.units import PERCENT
from widgets.mouse_table import mouse_bindings
from widgets.quantity_edit import QuantityEdit
from widgets.range_chip import HOUNSFIELD, RangeLayer, offer_layers
from widgets.theme import label, set_role

SPECT_TOLERANCE = 0.4
CT_TOLERANCE_HU = 40.0
_TIP = "The brush takes only what is like the place where the stroke began, connected to it; {held} held: everything"


@dataclass(frozen=True)
class EdgesShown:
    """The constraint: which image, how far from the value under the pointer, and whether as a part of it."""

    layer: str
    tolerance: float
    relative: bool


class EdgeChip(QWidget):
    """A switch, an image and a tolerance: a part of the value on SPECT, Hounsfield units on CT.

    ``changed`` when the user changed any of them. Switched on, the chip is lit.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("edge_chip")
        self._tolerance = {"spect": SPECT_TOLERANCE, "ct": CT_TOLERANCE_HU}
        self._layers: tuple[RangeLayer, ...] = ()
        self._switch = QCheckBox("Adapt to edges")
        self._switch.setObjectName("edge_switch")
        self.show_key("")
        self._switch.toggled.connect(lambda _on: self._tell())
        self._image = QComboBox()
        self._image.setMinimumContentsLength(len("SPECT"))
        self._image.setObjectName("edge_layer")
        self._image.setAccessibleName("Image whose edges count")
        self._image.setToolTip("Whose edges count")
        self._image.currentIndexChanged.connect(lambda _index: self._another_image())
        self._field = QuantityEdit(PERCENT, object_name="edge_tolerance", minimum=0.01, maximum=2.0, widest="000")
        self._field.set_tool_tip("How far from the value under the pointer")
        self._field.edited.connect(self._set_tolerance)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(self._switch)
        row.addWidget(self._image)
        row.addWidget(label("±", role="dimmed"))
        row.addWidget(self._field)
        row.addStretch(1)
        self._another_image()

    def set_layers(self, layers: Sequence[RangeLayer]) -> None:
        """Which images there are. Silent; keeps the choice where it can."""
        given = tuple(layers)
        if given == self._layers:
            return
        self._layers = given
        offer_layers(self._image, given)
        self._another_image()

    def show_key(self, key: str) -> None:
        """Name its key in the tooltip."""
        tip = _TIP.format(held=mouse_bindings().held_word("anywhere"))
        self._switch.setToolTip(f"{tip} ({key})" if key else tip)

    def toggle(self) -> None:
        """On or off, as the user's act."""
        self._switch.toggle()

    def edges(self) -> EdgesShown | None:
        """The constraint; None while it is off."""
        layer = self._image.currentData()
        if layer is None or not self._switch.isChecked():
            return None
        return EdgesShown(layer, self._tolerance[layer], layer == "spect")

    def words(self) -> str:
        """The constraint in a few words, for the corner of the images; empty while it is off."""
        held = self.edges()
        if held is None:
            return ""
        unit = PERCENT if held.relative else HOUNSFIELD
        return f"edges of {self._image.currentText()} ± {unit.text(held.tolerance, digits=0)}"

    def _another_image(self) -> None:
        layer = self._image.currentData() or "spect"
        if layer == "ct":
            self._field.set_range(1.0, 2000.0)
            self._field.set_unit(HOUNSFIELD)
        else:
            self._field.set_range(0.01, 2.0)
            self._field.set_unit(PERCENT)
        self._field.set_value(self._tolerance[layer])
        self._tell()

    def _set_tolerance(self, value: float) -> None:
        self._tolerance[self._image.currentData() or "spect"] = value
        self._tell()

    def _tell(self) -> None:
        set_role(self._switch, "warning" if self.edges() is not None else "")
        self.changed.emit()
