"""The ground of every plot: pyqtgraph in our colours, with readable ticks, linear or logarithmic, that shows and never
takes the mouse (its own menu, zoom and buttons stay off; the view around it answers the pointer)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPen, QShowEvent
from PySide6.QtWidgets import QGraphicsScene, QWidget

from widgets.plot_table import PlotTable
from widgets.theme import font, shades

pg.setConfigOptions(antialias=True)

TICK_SCALE = 0.92
_LABEL_OVERHANG = 20
_LINE_ROOM = 8
"""Pixels below a horizontal axis without numbers, so that the lowest number beside it is whole."""
_LOG_FLOOR = 1e-3
"""Values below this part of a logarithmic axis' lower limit, among them 0 and less, are drawn at this part."""
_BELOW = 0.05
"""Part of the height below the axis where values under its lower limit end."""


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from low to high, at most about ``most``."""
    if not high > low:
        return [low]
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def logarithmic_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, with 2 and 5 between them where there are fewer than three."""
    if not 0 < low < high:
        raise ValueError("a logarithmic axis needs positive limits")
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    decades = [10.0**e for e in exponents if low * (1 - 1e-9) <= 10.0**e <= high * (1 + 1e-9)]
    if len(decades) >= 3:
        return decades
    factors = (1, 2, 5) if math.log10(high / low) > 0.5 else range(1, 10)
    fine = [factor * 10.0**e for e in exponents for factor in factors]
    return [tick for tick in fine if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """Shortest text that tells the ticks apart."""
    size = max((abs(tick) for tick in ticks), default=0.0) or 1.0
    own = ticks if len(ticks) < 2 or max(ticks) < 50 * min((t for t in ticks if t > 0), default=size) else [value]
    digits = next((d for d in range(7) if all(abs(round(tick, d) - tick) <= 1e-6 * abs(tick) for tick in own)), 6)
    return f"{value:.{digits}f}"


def line_pen(colour: str | QColor, width: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen whose width is in pixels whatever the scale of the plot."""
    pen = QPen(QColor(colour), width, style)
    pen.setCosmetic(True)
    return pen


def hatch(colour: str | QColor) -> QBrush:
    """Oblique lines."""
    lines = QColor(colour)
    lines.setAlphaF(0.55)
    return QBrush(lines, Qt.BrushStyle.BDiagPattern)


class PlotAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis with one row of ticks; pyqtgraph's own minor labels of short logarithmic axes overlap."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._logarithmic = False
        self._marks: tuple[float, ...] | None = None
        self._names: tuple[str, ...] = ()
        self.enableAutoSIPrefix(False)
        self.setTickFont(font(scale=TICK_SCALE))
        if orientation == "left":
            self.setGrid(255)
            self.setStyle(tickAlpha=255, tickLength=0, tickTextOffset=7, autoExpandTextSpace=False)
            self.setWidth(QFontMetricsF(font(scale=TICK_SCALE)).horizontalAdvance("000.0") + 14)
        else:
            self.setStyle(tickAlpha=255, tickLength=4, tickTextOffset=2, autoExpandTextSpace=False)
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        self.setTextPen(QColor(shades().dimmed))
        if self.orientation == "left":
            self.setPen(None)
            self.setTickPen(line_pen(shades().grid))
        else:
            self.setPen(line_pen(shades().axis))
            self.setTickPen(line_pen(shades().axis))

    def set_scale(self, *, logarithmic: bool, marks: Sequence[float] | None = None) -> None:
        """Whether positions are decadic logarithms of the values; the ticks where they are not to be chosen."""
        self._logarithmic = logarithmic
        self._marks = None if marks is None else tuple(marks)
        self.picture = None
        self.update()

    def set_names(self, names: Sequence[str]) -> None:
        """Names instead of numbers: the n-th stands at n + ½."""
        self._names = tuple(names)
        self.picture = None
        self.update()

    def values(self, low: float, high: float, pixels: float) -> list[float]:
        """The values with a tick between two positions."""
        if self._names:
            return [number + 0.5 for number in range(len(self._names))]
        if self._marks is not None:
            return list(self._marks)
        if self._logarithmic:
            return logarithmic_ticks(10.0**low, 10.0**high)
        return linear_ticks(low, high, most=max(2, int(pixels / (48 if self.orientation == "left" else 70))))

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[None, list[float]]]:  # noqa: N803
        """Called by pyqtgraph: positions of the ticks."""
        values = self.values(minVal, maxVal, size)
        return [(None, [math.log10(value) for value in values] if self._logarithmic else values)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Called by pyqtgraph: texts of the ticks."""
        if self._names:
            return [self._names[int(value)] for value in values]
        shown = [10.0**value for value in values] if self._logarithmic else list(values)
        return [tick_text(value, shown) for value in shown]

    def boundingRect(self) -> QRectF:
        """Called by Qt: with room for the labels at both ends, which reach beyond the axis."""
        rect: QRectF = super().boundingRect()
        if self.orientation == "left":
            return rect.adjusted(0, -_LABEL_OVERHANG, 0, _LABEL_OVERHANG)
        return rect.adjusted(-_LABEL_OVERHANG, 0, _LABEL_OVERHANG, 0)


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """A still plot; x is in its unit, y in its unit or its decadic logarithm.

    Parameters
    ----------
    bare
        A small picture: a base line, no ticks, texts or margins.
    """

    def __init__(self, parent: QWidget | None = None, *, bare: bool = False) -> None:
        axes = {"left": PlotAxis("left"), "bottom": PlotAxis("bottom")}
        super().__init__(parent, background=None, axisItems=axes, enableMenu=False)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        self.setStyleSheet("background: transparent; border: 0;")
        self.left_axis, self.bottom_axis = axes["left"], axes["bottom"]
        for axis in axes.values():
            # The grid lies behind the data.
            axis.setZValue(-1)
        self.box: Any = self.plotItem.getViewBox()
        # Items whose extent changes as they are measured leave dangling entries in Qt's tree of items; there are few.
        self.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.box.setMouseEnabled(False, False)
        self.box.setDefaultPadding(0.0)
        self.plotItem.setMenuEnabled(False)
        self.plotItem.hideButtons()
        self.plotItem.disableAutoRange()
        self.plotItem.layout.setContentsMargins(0, 0, 0 if bare else 12, 0)
        self._title = self._x_title = ""
        self._x_look: tuple[bool, str, str, str] | None = None
        if bare:
            self.plotItem.hideAxis("left")
            self.show_x_labels(False)
        self.limits: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 1.0), (0.0, 1.0))
        self.logarithmic = False
        self._menu_of: QWidget | None = None

    @property
    def axis_titles(self) -> tuple[str, str]:
        """Quantity and unit along x and y."""
        return self._x_title, self._title

    def take_colours(self) -> None:
        """Those of the theme in use; a subclass gives them to its items."""
        for axis in (self.left_axis, self.bottom_axis):
            axis.take_colours()
        if self._title:
            self.set_title(self._title)
        # The pen of an axis colours its title, too.
        self._x_look = None
        if self._x_title:
            self.show_x_labels(True, self._x_title)

    def showEvent(self, event: QShowEvent) -> None:
        """The view around it, to which the mouse passes, gets the menu of the plot."""
        super().showEvent(event)
        view = self.parentWidget()
        while view is not None and view.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents):
            view = view.parentWidget()
        if view is not None and view is not self._menu_of:
            from widgets.plot_menu import PlotMenu

            self._menu_of = view
            self.menu = PlotMenu(self, view)

    def table(self) -> PlotTable:
        """What is plotted, as numbers; every plot says its own."""
        raise NotImplementedError(type(self).__name__)

    def place(self, item: Any) -> Any:
        """Add an item that stays for good, and give it back; what is shown changes by its data."""
        self.plotItem.addItem(item, ignoreBounds=True)
        return item

    def set_title(self, text: str) -> None:
        """Quantity and unit of the vertical axis, above it."""
        self._title = text
        small = font(scale=TICK_SCALE)
        self.plotItem.setTitle(text, color=shades().dimmed, size=f"{small.pointSizeF():.1f}pt", justify="left")
        height = QFontMetricsF(small).height() + 6
        self.plotItem.titleLabel.setMaximumHeight(height)
        self.plotItem.layout.setRowFixedHeight(0, height)

    def show_x_labels(self, shown: bool, title: str = "") -> None:
        """Whether the horizontal axis has ticks, numbers and a title, or is a line alone."""
        small = font(scale=TICK_SCALE)
        look = (shown, title, shades().dimmed, small.toString())
        if look == self._x_look:
            return
        self._x_look, self._x_title = look, title if shown else ""
        metrics = QFontMetricsF(small)
        self.bottom_axis.setStyle(showValues=shown, tickLength=4 if shown else 0)
        self.bottom_axis.setHeight((metrics.height() * (2 if title else 1) + 10) if shown else _LINE_ROOM)
        if shown and title:
            size = f"{small.pointSizeF():.1f}pt"
            self.bottom_axis.setLabel(title, **{"color": shades().dimmed, "font-size": size})
        else:
            self.bottom_axis.showLabel(False)
        self.plotItem.layout.activate()

    def set_limits(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        logarithmic: bool = False,
        y_marks: Sequence[float] | None = None,
    ) -> None:
        """Limits of both axes in their units; those of a logarithmic y are positive."""
        self.limits, self.logarithmic = (x, y), logarithmic
        self.left_axis.set_scale(logarithmic=logarithmic, marks=y_marks)
        ends = np.log10(y) if logarithmic else np.asarray(y)
        self.box.setRange(xRange=x, yRange=(float(ends[0]), float(ends[1])), padding=0, disableAutoRange=True)

    def heights(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values lie on the vertical axis; what is below its lower limit ends a little below the plot."""
        given = np.asarray(values, dtype=np.float64)
        low, high = self.limits[1]
        if self.logarithmic:
            given = np.log10(np.maximum(given, low * _LOG_FLOOR))
            low, high = math.log10(low), math.log10(high)
        result: NDArray[np.float64] = np.maximum(given, low - _BELOW * (high - low))
        return result

    def base(self) -> float:
        """Lower end of the vertical axis."""
        low = self.limits[1][0]
        return math.log10(low) if self.logarithmic else low

    def per_pixel(self) -> float:
        """Units of x for one pixel."""
        (low, high), _ = self.limits
        return (high - low) / max(float(self.box.width()), 1.0)

    def pixel(self, x: float, y: float, within: QWidget) -> QPointF:
        """Pixel of a point, in the coordinates of a widget around this plot."""
        self.plotItem.layout.activate()
        scene = self.box.mapViewToScene(QPointF(x, float(self.heights(y))))
        corner = self.viewport().mapTo(within, self.viewport().rect().topLeft())
        return QPointF(self.viewportTransform().map(scene)) + QPointF(corner)

    def area(self, within: QWidget) -> QRectF:
        """Where the data lie, in the coordinates of a widget around this plot."""
        self.plotItem.layout.activate()
        corner = self.viewport().mapTo(within, self.viewport().rect().topLeft())
        rect = self.viewportTransform().mapRect(self.box.mapRectToScene(self.box.rect()))
        return QRectF(rect).translated(QPointF(corner))
