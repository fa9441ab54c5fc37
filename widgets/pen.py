"""A pen on a tablet: it does what the mouse does, and says how hard it is pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QTabletEvent

HandleMouse = Callable[[QMouseEvent], None]

_AS_MOUSE: Final = {
    QEvent.Type.TabletPress: QEvent.Type.MouseButtonPress,
    QEvent.Type.TabletMove: QEvent.Type.MouseMove,
    QEvent.Type.TabletRelease: QEvent.Type.MouseButtonRelease,
}


class Pen:
    """``pressure`` is that of the stroke in progress, 0 … 1; 1 for the mouse and for a pen that feels none."""

    def __init__(self) -> None:
        self.pressure = 1.0

    def _as_mouse(self, event: QTabletEvent) -> QMouseEvent:
        """The mouse event that a pen's event stands for; takes its pressure."""
        kind = _AS_MOUSE[event.type()]
        # On lifting, the pressure is nothing already: the stroke ends as wide as it was. A pen that only hovers or that
        # feels no pressure, is no light touch: its strokes, or the mouse's afterwards, have their full width.
        if kind != QEvent.Type.MouseButtonRelease:
            feels = event.device().hasCapability(QInputDevice.Capability.Pressure)
            touches = event.buttons() != Qt.MouseButton.NoButton
            self.pressure = event.pressure() if feels and touches else 1.0
        return QMouseEvent(
            kind, event.position(), event.globalPosition(), event.button(), event.buttons(), event.modifiers()
        )

    def act_as_mouse(self, event: QTabletEvent, press: HandleMouse, move: HandleMouse, release: HandleMouse) -> None:
        """Hand a pen's event to what handles the mouse. What comes after it was lifted has its full width again."""
        mouse = self._as_mouse(event)
        if mouse.type() == QEvent.Type.MouseButtonPress:
            press(mouse)
        elif mouse.type() == QEvent.Type.MouseMove:
            move(mouse)
        else:
            release(mouse)
            self.pressure = 1.0
        event.accept()
