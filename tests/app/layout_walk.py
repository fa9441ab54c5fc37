"""Walks a widget tree and names what is clipped or overlaps."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenuBar,
    QScrollArea,
    QScrollBar,
    QSplitterHandle,
    QStackedWidget,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QWidget,
)

from tests.widgets.layout_checks import annotation_faults, shortened_names
from widgets.colour_map_box import ColourMapBox
from widgets.dose_bars_view import DoseBarsView
from widgets.mip_view import MipView
from widgets.slice_canvas import SliceCanvas
from widgets.turned_label import TurnedLabel

# Text metrics and layouts round to whole pixels separately.
TOLERANCE_PX = 2


def name_of(widget: QWidget) -> str:
    parts = []
    walker: QWidget | None = widget
    while walker is not None and len(parts) < 4:
        parts.append(walker.objectName() or type(walker).__name__)
        walker = walker.parentWidget()
    text = getattr(widget, "text", lambda: "")()
    return " < ".join(parts) + (f" {text!r}" if isinstance(text, str) and text else "")


def visible_children(widget: QWidget) -> list[QWidget]:
    return [
        child
        for child in widget.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if child.isVisible() and not child.isWindow()
    ]


def descendants(widget: QWidget) -> Iterator[QWidget]:
    for child in visible_children(widget):
        yield child
        if not isinstance(child, (QAbstractItemView, QComboBox, QMenuBar, QTabBar, QScrollBar)):
            yield from descendants(child)


def clipped_text(widget: QWidget) -> str | None:
    """What is wrong with the text of one widget, or None."""
    if isinstance(widget, QLabel) and widget.text() and widget.pixmap().isNull():
        room = widget.contentsRect().size()
        if isinstance(widget, TurnedLabel) and widget.is_turned:
            room = room.transposed()
        if widget.wordWrap():
            needed = widget.heightForWidth(widget.width())
            if needed > widget.height() + TOLERANCE_PX:
                return f"needs {needed} px of height, has {widget.height()}"
            return None
        lines = widget.text().split("\n")
        metrics = widget.fontMetrics()
        width = max(metrics.horizontalAdvance(line) for line in lines)
        if width > room.width() + TOLERANCE_PX:
            return f"text of {width} px in {room.width()}"
        height = metrics.height() * len(lines)
        if height > room.height() + TOLERANCE_PX:
            return f"text of {height} px height in {room.height()}"
    elif isinstance(widget, QAbstractButton) and widget.text():
        hint = widget.minimumSizeHint()
        if hint.width() > widget.width() + TOLERANCE_PX or hint.height() > widget.height() + TOLERANCE_PX:
            return f"needs {hint.width()}×{hint.height()}, has {widget.width()}×{widget.height()}"
    elif isinstance(widget, QLineEdit) and (widget.text() or widget.placeholderText()):
        if widget.echoMode() == QLineEdit.EchoMode.Normal and widget.text():
            width = widget.fontMetrics().horizontalAdvance(widget.text())
            if width > widget.contentsRect().width():
                return f"text of {width} px in {widget.contentsRect().width()}"
    elif isinstance(widget, QComboBox):
        room = combo_text_room(widget)
        # Of a choice of few names each is whole.
        texts = [widget.itemText(n) for n in range(widget.count())] if isinstance(widget, ColourMapBox) else []
        width = max(widget.fontMetrics().horizontalAdvance(text) for text in (widget.currentText(), *texts))
        if width > room + TOLERANCE_PX:
            return f"text of {width} px in {room}"
    return None


def written_faults(view: SliceCanvas | MipView) -> list[str]:
    """What is painted on a slice or projection beyond its edge or on other writing."""
    layout = view._annotation.layout
    return [] if layout is None else annotation_faults(layout, view._texts(), view.size())


def combo_text_room(box: QComboBox) -> int:
    """Width in which the current text of a box is written."""
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    edit = box.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
    )
    has_icon = not option.currentIcon.isNull() and not isinstance(box, ColourMapBox)
    return edit.width() - (box.iconSize().width() + 4 if has_icon else 0)


def outside_parent(widget: QWidget) -> str | None:
    """Whether part of a widget lies outside the nearest thing that can show it; scrolling directions are free."""
    parent = widget.parentWidget()
    if parent is None:
        return None
    area = parent.parentWidget()
    if isinstance(area, QAbstractScrollArea) and area.viewport() is parent:
        if isinstance(area, QScrollArea):
            bars = area.horizontalScrollBarPolicy()
            if bars == Qt.ScrollBarPolicy.ScrollBarAlwaysOff and widget.width() > parent.width() + TOLERANCE_PX:
                return f"{widget.width()} px wide in a column of {parent.width()}"
        return None
    inside = parent.rect().adjusted(-TOLERANCE_PX, -TOLERANCE_PX, TOLERANCE_PX, TOLERANCE_PX)
    if not inside.contains(widget.geometry()):
        return f"{widget.geometry().getRect()} sticks out of {parent.rect().getRect()}"
    return None


def overlapping(widget: QWidget) -> Iterator[str]:
    """Pairs of children that cover each other."""
    if isinstance(widget, (QStackedWidget, QAbstractScrollArea, QComboBox, QTabBar, QMenuBar)):
        return
    children = [child for child in visible_children(widget) if not isinstance(child, (QSplitterHandle, QScrollBar))]
    for number, first in enumerate(children):
        for second in children[number + 1 :]:
            common = first.geometry().intersected(second.geometry())
            if common.width() > TOLERANCE_PX and common.height() > TOLERANCE_PX:
                yield f"{name_of(first)} overlaps {name_of(second)} by {common.width()}×{common.height()}"


def scrolled_sideways(window: QWidget) -> list[str]:
    """Areas in sight that hide something at their right, though they could hide it below."""
    return [
        f"{name_of(area)}: {area.horizontalScrollBar().maximum()} px hidden"
        for area in descendants(window)
        if isinstance(area, QScrollArea) and area.horizontalScrollBar().maximum() > 0
    ]


def faults(window: QWidget) -> list[str]:
    """Everything that is clipped or overlaps in a visible window."""
    found = list(overlapping(window))
    frame = QRect(QPoint(0, 0), window.size())
    assert frame.isValid()
    for widget in descendants(window):
        found += list(overlapping(widget))
        if isinstance(widget, DoseBarsView):
            found += shortened_names(widget)
        if isinstance(widget, SliceCanvas | MipView):
            found += [f"{name_of(widget)}: {fault}" for fault in written_faults(widget)]
        for fault in (clipped_text(widget), outside_parent(widget)):
            if fault:
                found.append(f"{name_of(widget)}: {fault}")
    return found
