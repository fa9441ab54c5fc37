"""Pictures of a cohort with their legend: point at a value to know whose it is, double-click to go there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedLayout,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from widgets.change_plot import LineShown, SpiderGroupsPlot, WaterfallGroupsPlot
from widgets.flow_layout import FlowLayout
from widgets.group_plot import (
    GroupShown,
    PointShown,
    PointsPlot,
    SurvivalPlot,
    SurvivalShown,
    group_colour,
    group_pen,
    group_shape,
)
from widgets.plot import linear_ticks
from widgets.theme import label

_REACH_PIXELS = 9.0
_SWATCH = QSize(26, 12)


class GroupView(QWidget):
    """One picture at a time. ``chosen(key)`` when a point is double-clicked."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("group_view")
        self.setProperty("plotFrame", True)
        self.setAccessibleName("Picture of the cohort")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(360, 260)
        self.setMouseTracking(True)
        self.points_plot, self.survival_plot = PointsPlot(), SurvivalPlot()
        self.waterfall_plot, self.spider_plot = WaterfallGroupsPlot(), SpiderGroupsPlot()
        self._plots = (self.points_plot, self.survival_plot, self.waterfall_plot, self.spider_plot)
        self._empty = label("", role="dimmed", object_name="group_view_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        place = QWidget()
        place.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._stack = QStackedLayout(place)
        for page in (self._empty, *self._plots):
            self._stack.addWidget(page)
        self._legend = QWidget()
        self._names = FlowLayout(self._legend)
        self._risk = QWidget()
        self._risk_grid = QGridLayout(self._risk)
        self._risk_grid.setContentsMargins(0, 0, 0, 0)
        self._risk_grid.setHorizontalSpacing(18)
        self._risk_grid.setVerticalSpacing(1)
        self._remark = label("", role="dimmed", object_name="group_view_remark")
        self._remark.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part, stretch in ((place, 1), (self._legend, 0), (self._risk, 0), (self._remark, 0)):
            column.addWidget(part, stretch)
        self._groups: tuple[str, ...] = ()
        self._survival: tuple[SurvivalShown, ...] = ()
        self._units = ("", "")
        self.show_nothing("Nothing to show")

    # --- what is shown ----------------------------------------------------------------------------------------------

    def show_nothing(self, why: str) -> None:
        """A sentence instead of a picture."""
        self._empty.setText(why)
        self._stack.setCurrentWidget(self._empty)
        self._show_rest((), (), why)

    def show_boxes(self, groups: Sequence[GroupShown], y_title: str, remark: str) -> None:
        """One quantity by group."""
        self.points_plot.show_boxes(groups, y_title)
        self._stack.setCurrentWidget(self.points_plot)
        self._units = ("", y_title)
        self._show_rest((), (), remark)

    def show_points(self, groups: Sequence[GroupShown], x_title: str, y_title: str, remark: str) -> None:
        """One quantity against another."""
        self.points_plot.show_points(groups, x_title, y_title)
        self._stack.setCurrentWidget(self.points_plot)
        self._units = (x_title, y_title)
        self._show_rest(tuple(group.name for group in groups), (), remark)

    def show_waterfall(self, groups: Sequence[GroupShown], x_title: str, y_title: str, remark: str) -> None:
        """Best change of each course as a bar."""
        self.waterfall_plot.show_bars(groups, x_title, y_title)
        self._stack.setCurrentWidget(self.waterfall_plot)
        self._units = ("", y_title)
        self._show_rest(tuple(group.name for group in groups), (), remark)

    def show_spider(
        self, groups: Sequence[tuple[str, Sequence[LineShown]]], x_title: str, y_title: str, remark: str
    ) -> None:
        """Every change of each course over time."""
        self.spider_plot.show_lines(groups, x_title, y_title)
        self._stack.setCurrentWidget(self.spider_plot)
        self._units = (x_title, y_title)
        self._show_rest(tuple(name for name, _ in groups), (), remark)

    def show_survival(
        self,
        curves: Sequence[SurvivalShown],
        x_title: str,
        y_title: str,
        at_risk: Sequence[Sequence[int]],
        remark: str,
    ) -> None:
        """Survival by group; ``at_risk`` for each group at each of `risk_times`."""
        self.survival_plot.show_curves(curves, x_title, y_title)
        self._stack.setCurrentWidget(self.survival_plot)
        self._survival = tuple(curves)
        self._show_rest(tuple(curve.name for curve in curves), at_risk, remark)

    @staticmethod
    def risk_times(end: float) -> list[float]:
        """Times at which the number at risk is given, for a picture that ends at ``end``."""
        return linear_ticks(0.0, end, most=7)

    @property
    def plot(self) -> PointsPlot | SurvivalPlot | WaterfallGroupsPlot | SpiderGroupsPlot | None:
        """The plot that is shown; None for a sentence."""
        return next((plot for plot in self._plots if plot is self._stack.currentWidget()), None)

    @property
    def shows_picture(self) -> bool:
        """Whether there is a picture and not a sentence."""
        return self.plot is not None

    def take_colours(self) -> None:
        """Those of the theme in use."""
        for plot in self._plots:
            plot.take_colours()
        self._show_legend()

    def _show_rest(self, groups: tuple[str, ...], at_risk: Sequence[Sequence[int]], remark: str) -> None:
        self._groups = groups
        self._show_legend()
        self._remark.setText(remark if self.shows_picture else "")
        self._remark.setVisible(self.shows_picture and bool(remark))
        self.setAccessibleDescription(remark)
        while (item := self._risk_grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._risk.setVisible(bool(at_risk))
        if at_risk:
            end = max(curve.end for curve in self._survival)
            rows = [("At risk", [f"{time:g}" for time in self.risk_times(end)])]
            rows += [(name, [str(n) for n in numbers]) for name, numbers in zip(groups, at_risk, strict=True)]
            for row, (name, cells) in enumerate(rows):
                for column, text in enumerate([name, *cells]):
                    cell = label(text, role="dimmed" if row == 0 else "")
                    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
                    cell.setAlignment(side)
                    self._risk_grid.addWidget(cell, row, column)
            self._risk_grid.setColumnStretch(len(rows[0][1]) + 1, 1)

    def _show_legend(self) -> None:
        while (item := self._names.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._legend.setVisible(bool(self._groups))
        for number, name in enumerate(self._groups):
            entry = QWidget(self._legend)
            line = QHBoxLayout(entry)
            line.setContentsMargins(0, 0, 10, 0)
            line.setSpacing(5)
            swatch, text = QLabel(entry), QLabel(name, entry)
            swatch.setPixmap(_swatch(number, lines=self.plot in (self.survival_plot, self.spider_plot)))
            text.setTextFormat(Qt.TextFormat.PlainText)
            line.addWidget(swatch)
            line.addWidget(text)
            self._names.addWidget(entry)

    # --- the pointer ------------------------------------------------------------------------------------------------

    def nearest(self, place: QPoint) -> tuple[str, PointShown] | None:
        """Group and point under the pointer; None where there is none."""
        plot = self.plot
        if plot is None or isinstance(plot, SurvivalPlot):
            return None
        points, places = plot.places()
        if not points:
            return None
        (left, right), (bottom, top) = plot.limits
        area = plot.area(self)
        across = area.left() + (places[:, 0] - left) / (right - left) * area.width()
        up = area.bottom() - (places[:, 1] - bottom) / (top - bottom) * area.height()
        away = np.hypot(across - place.x(), up - place.y())
        number = int(np.argmin(away))
        if away[number] > _REACH_PIXELS:
            return None
        return points[number]

    def place_of(self, key: str) -> QPointF | None:
        """Where a point is drawn; None where it is not."""
        plot = self.plot
        if plot is None or isinstance(plot, SurvivalPlot):
            return None
        points, places = plot.places()
        for (_, point), (x, y) in zip(points, places, strict=True):
            if point.key == key:
                return plot.pixel(float(x), float(y), self)
        return None

    def event(self, event: QEvent) -> bool:
        """Says whose a point is."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.nearest(event.pos())
            if found is None:
                QToolTip.hideText()
                event.ignore()
            else:
                group, point = found
                across, up = self._units
                words = [f"{point.name or point.key} ({group})", f"{up}: {point.y:.3g}"]
                if across:
                    words.append(f"{across}: {point.x:.3g}")
                QToolTip.showText(event.globalPos(), "\n".join(words), self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A point can be chosen: the pointer shows it."""
        found = self.nearest(event.position().toPoint())
        self.setCursor(Qt.CursorShape.ArrowCursor if found is None else Qt.CursorShape.PointingHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Chooses the point."""
        found = self.nearest(event.position().toPoint())
        if found is not None:
            self.chosen.emit(found[1].key)


def _swatch(number: int, *, lines: bool) -> QPixmap:
    picture = QPixmap(_SWATCH)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle = picture.rect().center()
    if lines:
        painter.setPen(group_pen(number))
        painter.drawLine(0, middle.y(), picture.width(), middle.y())
    else:
        painter.translate(middle)
        painter.scale(8, 8)
        pen = group_pen(number, 1.4)
        pen.setStyle(Qt.PenStyle.SolidLine)
        painter.setPen(pen)
        colour = QColor(group_colour(number))
        colour.setAlphaF(0.35)
        painter.setBrush(colour)
        painter.drawPath(pg.graphicsItems.ScatterPlotItem.Symbols[group_shape(number)])
    painter.end()
    return picture
