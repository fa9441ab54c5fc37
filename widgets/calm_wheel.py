"""The wheel scrolls a page; it never changes a choice or a number that the pointer happens to pass on the way."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QScrollBar, QWidget

_TURNED = (QComboBox, QAbstractSpinBox, QAbstractSlider)


class _CalmWheel(QObject):
    """Leaves the wheel to what is around a control that has not the keyboard."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Only what was clicked or tabbed into takes the wheel."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def calm_wheel(control: QWidget) -> None:
    """Let the wheel change a control only while it has the keyboard."""
    if control.findChild(_CalmWheel, options=Qt.FindChildOption.FindDirectChildrenOnly) is None:
        if control.focusPolicy() == Qt.FocusPolicy.WheelFocus:
            control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        control.installEventFilter(_CalmWheel(control))


def calm_wheels_in(*roots: QWidget) -> None:
    """The same for every choice, number with steps and slider in these parts of a window."""
    for root in roots:
        for control in root.findChildren(QWidget):
            if isinstance(control, _TURNED) and not isinstance(control, QScrollBar):
                calm_wheel(control)
