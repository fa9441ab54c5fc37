"""Mouse and wheel events sent to a widget as the window system would."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QPointingDevice,
    QPointingDeviceUniqueId,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def mouse(widget: QWidget, kind: QEvent.Type, at: QPointF, button, buttons, modifiers=NONE) -> None:
    event = QMouseEvent(kind, at, QPointF(widget.mapToGlobal(at.toPoint())), button, buttons, modifiers)
    QApplication.sendEvent(widget, event)


def press(widget: QWidget, at: QPointF, button=LEFT, modifiers=NONE) -> None:
    mouse(widget, QEvent.Type.MouseButtonPress, at, button, button, modifiers)


def move(widget: QWidget, at: QPointF, buttons=Qt.MouseButton.NoButton, modifiers=NONE) -> None:
    mouse(widget, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, buttons, modifiers)


def release(widget: QWidget, at: QPointF, button=LEFT, modifiers=NONE) -> None:
    mouse(widget, QEvent.Type.MouseButtonRelease, at, button, Qt.MouseButton.NoButton, modifiers)


def click(widget: QWidget, at: QPointF, button=LEFT, modifiers=NONE) -> None:
    press(widget, at, button, modifiers)
    release(widget, at, button, modifiers)


def double_click(widget: QWidget, at: QPointF, button=LEFT, modifiers=NONE) -> None:
    click(widget, at, button, modifiers)
    mouse(widget, QEvent.Type.MouseButtonDblClick, at, button, button, modifiers)
    release(widget, at, button, modifiers)


def drag(widget: QWidget, path: Sequence[QPointF], button=LEFT, modifiers=NONE) -> None:
    press(widget, path[0], button, modifiers)
    for at in path[1:]:
        move(widget, at, button, modifiers)
    release(widget, path[-1], button, modifiers)


def wheel(widget: QWidget, at: QPointF, notches: int, modifiers=NONE) -> None:
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        QPoint(0, 0),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def key(widget: QWidget, code: Qt.Key, modifiers=NONE, *, hold: bool = False) -> None:
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, code, modifiers))
    if not hold:
        QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyRelease, code, modifiers))


def let_go(widget: QWidget, code: Qt.Key) -> None:
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyRelease, code, NONE))


def tablet(
    widget: QWidget, kind: QEvent.Type, place: QPointF, pressure: float, *, touches: bool = True, feels: bool = True
) -> None:
    """An event of a pen."""
    device = QPointingDevice(
        "pen",
        1,
        QInputDevice.DeviceType.Stylus,
        QPointingDevice.PointerType.Pen,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure
        if feels
        else QInputDevice.Capability.Position,
        1,
        1,
        "",
        QPointingDeviceUniqueId.fromNumericId(1),
    )
    down = touches and kind != QEvent.Type.TabletRelease
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.TabletMove else Qt.MouseButton.LeftButton
    buttons = Qt.MouseButton.LeftButton if down else Qt.MouseButton.NoButton
    none = Qt.KeyboardModifier.NoModifier
    everywhere = QPointF(widget.mapToGlobal(place.toPoint()))
    event = QTabletEvent(kind, device, place, everywhere, pressure, 0, 0, 0.0, 0.0, 0.0, none, button, buttons)
    QApplication.sendEvent(widget, event)


class Received:
    """Collects what a signal sends."""

    def __init__(self, signal) -> None:
        self.values: list = []
        signal.connect(lambda *values: self.values.append(values[0] if len(values) == 1 else values))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def last(self):
        return self.values[-1]
