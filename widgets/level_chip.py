"""At which level an isocontour is drawn: a part of the maximum, a concentration, or a part above the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from dosimetry_core.units import KILOBECQUEREL_PER_ML, PERCENT, DisplayUnit
from widgets.quantity_edit import QuantityEdit
from widgets.theme import label

LevelKind = Literal["maximum", "concentration", "background"]
ISOCONTOUR_SHARE: Final = 0.42
"""Share of the maximum at which an isocontour is drawn: between the 36 and 44 % found best for spheres of 4 to 100 mL
in PET (Erdi et al. 1997, Cancer 80, 2505); a start that is drawn on, never a result by itself."""
_KINDS: Final[tuple[tuple[LevelKind, str, str], ...]] = (
    ("maximum", "of the maximum", "a part of the largest value that is reached uphill from the cursor"),
    ("concentration", "concentration", "an activity concentration"),
    ("background", "above background", "a part of the way from the mean of the background VOI to the maximum"),
)


@dataclass(frozen=True)
class LevelShown:
    """A level: a share for ``maximum`` and ``background``, a value of the image for ``concentration``."""

    kind: LevelKind
    value: float


class LevelChip(QWidget):
    """A choice and a number; each choice keeps its own number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("level_chip")
        self._unit = KILOBECQUEREL_PER_ML
        self._values: dict[LevelKind, float] = {
            "maximum": ISOCONTOUR_SHARE,
            "background": ISOCONTOUR_SHARE,
            "concentration": KILOBECQUEREL_PER_ML.to_core(100.0),
        }
        self._kind = QComboBox()
        self._kind.setObjectName("level_kind")
        self._kind.setAccessibleName("Level of the isocontour")
        for kind, text, tip in _KINDS:
            self._kind.addItem(text, kind)
            self._kind.setItemData(self._kind.count() - 1, tip, 3)
        self._kind.setToolTip("What the level of Isocontour is measured by")
        self._kind.currentIndexChanged.connect(lambda _index: self._show())
        self._field = QuantityEdit(PERCENT, object_name="level_value", widest="0000.0")
        self._field.edited.connect(self._set)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(label("Level", role="dimmed"))
        row.addWidget(self._field)
        row.addWidget(self._kind)
        row.addStretch(1)
        self._show()

    def set_unit(self, unit: DisplayUnit) -> None:
        """Unit of the image's values."""
        if unit != self._unit:
            self._unit = unit
            self._show()

    def take_typed(self) -> str:
        """Take what stands in the field; returns what is wrong with it."""
        return self._field.commit()

    def level(self) -> LevelShown:
        """What is chosen."""
        kind: LevelKind = self._kind.currentData()
        return LevelShown(kind, self._values[kind])

    def _show(self) -> None:
        kind: LevelKind = self._kind.currentData()
        if kind == "concentration":
            self._field.set_range(0.0, None)
            self._field.set_unit(self._unit)
        else:
            self._field.set_range(0.01, 0.99)
            self._field.set_unit(PERCENT)
        self._field.set_value(self._values[kind])

    def _set(self, value: float) -> None:
        kind: LevelKind = self._kind.currentData()
        self._values[kind] = value
