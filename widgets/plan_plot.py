"""How the room for the next cycle is plotted: what two nuclides may be given, or the risk along one."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor

from dosimetry_core.units import GIGABECQUEREL, PERCENT
from widgets.plan_room import AreaShown, Point, RegionShown, RiskShown
from widgets.plot import Plot, line_pen
from widgets.plot_table import PlotCell, PlotTable
from widgets.theme import colour, font, shades

HEADROOM = 1.25
_LINE_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
_POINT_PIXELS = 10.0


def _gbq(activity_bq: float) -> float:
    return GIGABECQUEREL.from_core(activity_bq)


class PlanPlot(Plot):
    """Shows a `RegionShown` or a `RiskShown`; its horizontal axis is in GBq."""

    def __init__(self) -> None:
        super().__init__()
        self._areas: list[pg.PlotCurveItem] = []
        self._names: list[pg.TextItem] = []
        self._cross = [self.place(pg.InfiniteLine(0.0, angle=angle)) for angle in (90, 0)]
        self._warn = self.place(pg.InfiniteLine(0.0, angle=0))
        self._point = self.place(pg.ScatterPlotItem(size=_POINT_PIXELS, symbol="d"))
        self._point.setZValue(2)
        self._shown: RegionShown | RiskShown | None = None
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        for line in self._cross:
            line.setPen(line_pen(shades().text, 1, Qt.PenStyle.DotLine))
        self._warn.setPen(line_pen(shades().warning, 1, Qt.PenStyle.DashLine))
        if isinstance(self._shown, RegionShown):
            self.show_region(self._shown)
        elif self._shown is not None:
            self.show_risk(self._shown)

    def table(self) -> PlotTable:
        """Corners of the regions, or the risk along the activity; and the activities of the plan."""
        shown, unit = self._shown, GIGABECQUEREL.symbol
        if isinstance(shown, RegionShown):
            titles = ("What", *(f"{title} / {unit}" for title in shown.titles))
            points = [(area.name, vertex) for area in shown.areas for vertex in area.vertices_bq]
            rows: list[list[PlotCell]] = [[name, *map(_gbq, point)] for name, point in points]
            return PlotTable.of(titles, [*rows, ["plan", *map(_gbq, shown.chosen_bq)]])
        if shown is None:
            return PlotTable((), ())
        titles = ("Limit", f"{shown.title} / {unit}", f"Probability of exceeding / {PERCENT.symbol}")
        return PlotTable.of(
            titles,
            (
                (limit, _gbq(activity), PERCENT.from_core(chance))
                for limit, risk in shown.risks
                for activity, chance in zip(shown.activity_bq, risk, strict=True)
            ),
        )

    def show_region(self, shown: RegionShown) -> None:
        """Areas one over the other, darker where it is surer, and the plan's point."""
        self._shown = shown
        ends = [shown.chosen_bq, *(vertex for area in shown.areas for vertex in area.vertices_bq)]
        high = [_gbq(max(end[axis] for end in ends)) * HEADROOM or 1.0 for axis in (0, 1)]
        self.show_x_labels(True, f"{shown.titles[0]} / {GIGABECQUEREL.symbol}")
        self.set_title(f"{shown.titles[1]} / {GIGABECQUEREL.symbol}")
        self.set_limits((0.0, high[0]), (0.0, high[1]))
        tint = shades().stale if shown.stale else shades().accent
        self._have(len(shown.areas))
        for number, (item, name, area) in enumerate(zip(self._areas, self._names, shown.areas, strict=False)):
            # From the origin along the lower axis, up the boundary, and back to the origin.
            edge = np.array([_vertex_gbq(vertex) for vertex in (*area.vertices_bq[1:],)] or [(0.0, 0.0)])
            item.setData(edge[:, 0], edge[:, 1], pen=line_pen(tint, 1.4), fillLevel=0.0, brush=colour(tint, 0.16))
            name.setText(area.name)
            name.setColor(QColor(shades().text))
            name.setAnchor((0.5, 0.5))
            name.setPos(*_along(edge, (number + 1) / (len(shown.areas) + 1)))
            name.setVisible(bool(area.vertices_bq))
        x, y = (_gbq(activity) for activity in shown.chosen_bq)
        self._mark(x, y, inside=not shown.areas or _holds(shown.areas[0], shown.chosen_bq))
        self._warn.setVisible(False)

    def show_risk(self, shown: RiskShown) -> None:
        """One line for each limit, and the plan's activity."""
        self._shown = shown
        self.show_x_labels(True, f"{shown.title} / {GIGABECQUEREL.symbol}")
        self.set_title(f"Probability of exceeding / {PERCENT.symbol}")
        high = max(_gbq(shown.activity_bq[-1]), _gbq(shown.chosen_bq)) or 1.0
        self.set_limits((0.0, high), (0.0, 100.0), y_marks=(0, 25, 50, 75, 100))
        self._have(len(shown.risks))
        x = np.array([_gbq(activity) for activity in shown.activity_bq])
        reached = 0.0
        for number, (item, name, (limit, risk)) in enumerate(zip(self._areas, self._names, shown.risks, strict=False)):
            y = np.array([PERCENT.from_core(p) for p in risk])
            tints = (shades().error, shades().warning, shades().accent)
            tint = shades().stale if shown.stale else tints[number % len(tints)]
            style = _LINE_STYLES[number % len(_LINE_STYLES)]
            item.setData(x, y, pen=line_pen(tint, 1.8, style), fillLevel=None, brush=QBrush(Qt.BrushStyle.NoBrush))
            half = int(np.argmax(y >= 50.0)) if np.any(y >= 50.0) else len(x) - 1
            name.setText(limit)
            name.setColor(QColor(tint))
            name.setAnchor((1, 1))
            name.setPos(float(x[half]), max(float(y[half]), 12.0))
            name.setVisible(bool(np.any(y >= 1.0)))
            reached = max(reached, float(np.interp(_gbq(shown.chosen_bq), x, y)))
        self._mark(_gbq(shown.chosen_bq), reached, inside=reached <= PERCENT.from_core(shown.warn_above))
        self._warn.setValue(PERCENT.from_core(shown.warn_above))
        self._warn.setVisible(True)

    def _mark(self, x: float, y: float, *, inside: bool) -> None:
        fill = QColor(shades().accent if inside else shades().error)
        self._point.setData([x], [y], pen=line_pen(shades().text, 1.4), brush=fill)
        for line, value in zip(self._cross, (x, y), strict=True):
            line.setValue(value)

    def _have(self, count: int) -> None:
        """As many lines with names as are needed; what is too much is hidden."""
        while len(self._areas) < count:
            self._areas.append(self.place(pg.PlotCurveItem()))
            name = self.place(pg.TextItem(""))
            name.textItem.document().setDocumentMargin(2)
            name.setFont(font(scale=0.85))
            self._names.append(name)
        for number, (item, name) in enumerate(zip(self._areas, self._names, strict=True)):
            item.setVisible(number < count)
            name.setVisible(number < count)


def _vertex_gbq(vertex: Point) -> Point:
    return _gbq(vertex[0]), _gbq(vertex[1])


def _along(edge: NDArray[np.float64], part: float) -> Point:
    """The point of a line after a part of its length."""
    steps = np.hypot(*np.diff(edge, axis=0).T) if len(edge) > 1 else np.zeros(0)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    at = part * length[-1]
    return float(np.interp(at, length, edge[:, 0])), float(np.interp(at, length, edge[:, 1]))


def _holds(area: AreaShown, point: Point) -> bool:
    """Whether a point lies in a convex area whose vertices run counter-clockwise; its border counts."""
    vertices = area.vertices_bq
    if len(vertices) < 3:
        return False
    size = max(max(vertex) for vertex in vertices) ** 2
    pairs = zip(vertices, (*vertices[1:], vertices[0]), strict=True)
    return all((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) >= -1e-9 * size for a, b in pairs)
