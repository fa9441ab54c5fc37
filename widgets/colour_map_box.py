"""Choice of a colour map: its name whole, over a strip of its colours."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QIcon, QImage, QPaintEvent, QPixmap
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from widgets.display_scale import COLOUR_MAPS, colour_table

_ICON = QSize(30, 12)
_ICON_GAP = 4
_STRIP_HEIGHT, _BELOW_STRIP = 3, 2


class ColourMapBox(QComboBox):
    """The list has a picture beside each name; the closed box, for which a line has little room, one below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIconSize(_ICON)
        for name in COLOUR_MAPS:
            self.addItem(QIcon(_strip(name)), name)

    def sizeHint(self) -> QSize:
        """Room for the longest name."""
        size = super().sizeHint()
        return QSize(size.width() - _ICON.width() - _ICON_GAP, size.height())

    def minimumSizeHint(self) -> QSize:
        """Room for the longest name."""
        return self.sizeHint()

    def text_room(self) -> QRect:
        """Where the name is written."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        edit = QStyle.SubControl.SC_ComboBoxEditField
        return self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, edit, self)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, the name and the strip."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentIcon = QIcon()
        room = self.text_room()
        painter = QStylePainter(self)
        try:
            painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
            painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
            top = self.height() - _BELOW_STRIP - _STRIP_HEIGHT
            painter.drawPixmap(QRect(room.left(), top, room.width(), _STRIP_HEIGHT), _strip(self.currentText()))
        finally:
            painter.end()


def _strip(name: str) -> QPixmap:
    table = colour_table(name).copy()
    image = QImage(table.data, 256, 1, 768, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.copy().scaled(84, 24))
