"""Walks a widget tree and tells what is cut off or lies on something else."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QRadioButton,
    QScrollBar,
    QSplitterHandle,
    QToolButton,
    QWidget,
)

from widgets.annotation_layout import AnnotationLayout
from widgets.dose_bars_view import DoseBarsView
from widgets.elided_label import ElidedLabel
from widgets.slice_texts import SliceTexts
from widgets.turned_label import TurnedLabel


def _inside_scroll_area(widget: QWidget, top: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None and parent is not top:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parentWidget()
    return False


def clipped_texts(top: QWidget) -> list[str]:
    """Labels and buttons whose text does not fit into them (those that shorten it with a tooltip are allowed)."""
    found = []
    for widget in top.findChildren(QWidget):
        if not widget.isVisibleTo(top) or widget.width() == 0:
            continue
        if isinstance(widget, ElidedLabel):
            if widget.text() != widget.full_text() and widget.full_text() not in widget.toolTip():
                found.append(f"{widget.objectName()}: shortened without a tooltip")
            continue
        text = widget.text() if isinstance(widget, QLabel | QAbstractButton) else ""
        if not text:
            continue
        need = widget.sizeHint()
        if isinstance(widget, QLabel) and widget.wordWrap():
            if widget.heightForWidth(widget.width()) > widget.height() + 1:
                found.append(f"{widget.objectName()}: {text!r} needs more lines")
            continue
        slack = 1
        room = widget.contentsRect().size()
        if isinstance(widget, TurnedLabel) and widget.is_turned:
            room = room.transposed()
        if isinstance(widget, QLabel | QPushButton | QToolButton | QCheckBox | QRadioButton):
            bounds = widget.fontMetrics().boundingRect(QRect(), 0, text)
            if isinstance(widget, QLabel) and widget.textFormat().name == "RichText":
                bounds = QRect(0, 0, need.width(), need.height())
            if bounds.width() > room.width() + slack or bounds.height() > room.height() + slack:
                found.append(f"{widget.objectName()}: {text!r} is cut off")
    for box in top.findChildren(QComboBox):
        if box.isVisibleTo(top) and box.fontMetrics().horizontalAdvance(box.currentText()) > box.width():
            found.append(f"{box.objectName()}: {box.currentText()!r} is cut off")
    for bars in [view for view in (top, *top.findChildren(QWidget)) if isinstance(view, DoseBarsView)]:
        if bars.isVisibleTo(top):
            found += shortened_names(bars)
    return found


def shortened_names(bars: DoseBarsView) -> list[str]:
    """Names below bars that are not written in full."""
    pairs = zip(bars.names_shown(), bars.bars(), strict=True)
    return [f"{bars.objectName()}: {bar.name!r} is written {shown!r}" for shown, bar in pairs if shown != bar.name]


def annotation_boxes(layout: AnnotationLayout, texts: SliceTexts) -> dict[str, QRectF]:
    """What each text of a view, its badges, bars and letters cover, by name."""
    lines = [*layout.written, *layout.varying(texts.position, texts.window)]
    found = {line.name: line.box(layout.metrics) for line in lines}
    found |= {f"badge {badge.text}": badge.place for badge in layout.badges}
    if layout.scale_bar_mm is not None:
        bar, words = layout.scale_bar
        found["scale bar"] = bar.united(words.box(layout.metrics))
    if layout.colour_bar is not None:
        found["colour bar"] = layout.colour_bar
    letters = layout.letter_metrics
    for side, (letter, place) in zip(
        ("left", "right", "top", "bottom"), layout.letter_places(texts.letters), strict=True
    ):
        high = letters.capHeight()
        found[f"letter {side}"] = QRectF(place.x(), place.y() - high, letters.horizontalAdvance(letter), high)
    return found


def annotation_faults(layout: AnnotationLayout, texts: SliceTexts, size: QSize) -> list[str]:
    """What is written on a slice beyond its view, or on something else that is written."""
    boxes = annotation_boxes(layout, texts)
    view = QRectF(0, 0, size.width(), size.height())
    found = [f"{name} reaches out" for name, box in boxes.items() if not view.contains(box)]
    for (one, first), (other, second) in itertools.combinations(boxes.items(), 2):
        if first.intersects(second):
            found.append(f"{one} lies on {other}")
    return found


def overlapping_siblings(top: QWidget) -> list[str]:
    """Pairs of visible siblings that lie on one another."""
    found = []
    parents = [top, *top.findChildren(QWidget)]
    for parent in parents:
        if isinstance(parent, QAbstractScrollArea | QComboBox):
            continue
        children = [
            child
            for child in parent.children()
            if isinstance(child, QWidget)
            and child.isVisibleTo(top)
            and not child.isWindow()
            and not isinstance(child, QScrollBar | QSplitterHandle)
            and child.width() > 0
            and child.height() > 0
        ]
        for number, first in enumerate(children):
            for second in children[number + 1 :]:
                common = first.geometry().intersected(second.geometry())
                if common.width() > 1 and common.height() > 1 and not _floats(first) and not _floats(second):
                    found.append(f"{parent.objectName()}: {_name(first)} and {_name(second)}")
    return found


def outside_parent(top: QWidget) -> list[str]:
    """Visible widgets that reach out of their parent, where nothing scrolls."""
    found = []
    for widget in top.findChildren(QWidget):
        parent = widget.parentWidget()
        if parent is None or not widget.isVisibleTo(top) or widget.isWindow() or _inside_scroll_area(widget, top):
            continue
        if not parent.rect().adjusted(-1, -1, 1, 1).contains(widget.geometry()):
            found.append(f"{_name(widget)} in {_name(parent)}")
    return found


def _floats(widget: QWidget) -> bool:
    return bool(widget.property("floats"))


def _name(widget: QWidget) -> str:
    return widget.objectName() or type(widget).__name__
