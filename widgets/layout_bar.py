"""Which arrangement of views is shown: buttons with a small drawing each, the view, and a window of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QToolButton, QWidget

from widgets.pane_board import PaneView
from widgets.theme import shades

ViewLayout = Literal["four-up", "one", "scans", "rows"]
LAYOUTS: tuple[ViewLayout, ...] = get_args(ViewLayout)
LAYOUT_WORDS: dict[ViewLayout, str] = {
    "four-up": "Axial, coronal, sagittal and 3D",
    "one": "One view, large",
    "scans": "All scans side by side, at the same point",
    "rows": "CT, SPECT and fused in rows, and the projection",
}
VIEW_WORDS: dict[PaneView, str] = {
    "axial": "Axial",
    "coronal": "Coronal",
    "sagittal": "Sagittal",
    "mip": "MIP",
    "volume": "3D",
}
OF_SCANS: tuple[PaneView, ...] = ("axial", "coronal", "sagittal", "mip")
"""What scans can be shown as beside each other."""
_SIDE = 18
_Frames = tuple[tuple[float, float, float, float], ...]
# Frames of the small drawings, as (x, y, width, height) of the icon's side.
_FRAMES: dict[ViewLayout, _Frames] = {
    "four-up": ((0, 0, 0.55, 1), (0.65, 0, 0.35, 0.26), (0.65, 0.37, 0.35, 0.26), (0.65, 0.74, 0.35, 0.26)),
    "one": ((0, 0, 1, 1),),
    "scans": ((0, 0.15, 0.26, 0.7), (0.37, 0.15, 0.26, 0.7), (0.74, 0.15, 0.26, 0.7)),
    "rows": (*((x, y, 0.26, 0.26) for y in (0, 0.37, 0.74) for x in (0, 0.37)), (0.74, 0, 0.26, 1)),
}
# A window before another one, each with its title bar.
_SECOND_WINDOW: _Frames = ((0, 0, 0.7, 0.62), (0.3, 0.36, 0.7, 0.64), (0.3, 0.36, 0.7, 0.16))


class LayoutBar(QWidget):
    """Buttons for the layouts. Setters are silent."""

    layout_chosen = Signal(str)
    view_chosen = Signal(str)
    window_requested = Signal()

    def __init__(
        self, name: str, layouts: Sequence[ViewLayout] = LAYOUTS, *, detach: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        group = QButtonGroup(self)
        self._buttons: dict[ViewLayout, QToolButton] = {}
        for key in layouts:
            button = self._drawn_button(f"{name}_{key}", LAYOUT_WORDS[key])
            button.setCheckable(True)
            button.setToolTip(LAYOUT_WORDS[key])
            button.clicked.connect(lambda _=False, key=key: self.layout_chosen.emit(key))
            group.addButton(button)
            row.addWidget(button)
            self._buttons[key] = button
        self._view = QComboBox()
        self._view.setObjectName(f"{name}_view")
        self._view.setAccessibleName("What the views show")
        self._view.setToolTip("The one large view, and how scans are shown side by side")
        for view, words in VIEW_WORDS.items():
            self._view.addItem(words, view)
        self._view.activated.connect(lambda _index: self.view_chosen.emit(self._view.currentData()))
        row.addWidget(self._view)
        self.window_button = self._drawn_button(f"{name}_window", "Second window")
        self.window_button.setToolTip("Second window: views in a window of their own, for a second screen")
        self.window_button.clicked.connect(self.window_requested)
        self.window_button.setVisible(detach)
        if detach:
            row.addWidget(self.window_button)
        else:
            row.addStretch(1)
        self.take_colours()

    def _drawn_button(self, name: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setProperty("role", "compact")
        button.setIconSize(QSize(_SIDE, _SIDE))
        button.setAccessibleName(words)
        return button

    def take_colours(self) -> None:
        """Those of the theme in use."""
        for key, button in self._buttons.items():
            button.setIcon(_icon(_FRAMES[key]))
        self.window_button.setIcon(_icon(_SECOND_WINDOW))

    def set_layout(self, layout: ViewLayout) -> None:
        """Mark the layout that is shown."""
        if layout in self._buttons:
            self._buttons[layout].setChecked(True)
        self._view.setEnabled(layout in ("one", "scans"))

    def set_view(self, view: PaneView) -> None:
        """Mark the view that is shown."""
        with QSignalBlocker(self._view):
            self._view.setCurrentIndex(self._view.findData(view))


def _icon(frames: _Frames) -> QIcon:
    pixmap = QPixmap(2 * _SIDE, 2 * _SIDE)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    try:
        painter.setPen(QPen(QColor(shades().text), 1.2))
        inner = _SIDE - 4
        for x, y, width, height in frames:
            painter.drawRect(QRectF(2 + x * inner, 2 + y * inner, width * inner, height * inner))
    finally:
        painter.end()
    return QIcon(pixmap)
