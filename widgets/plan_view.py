"""The room for the next cycle: a plot in which the activity of the free nuclide is chosen with the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from dosimetry_core.units import GIGABECQUEREL, PERCENT
from widgets.plan_room import RegionShown, RiskShown

if TYPE_CHECKING:
    from widgets.plan_plot import PlanPlot


LEAST_HEIGHT = 145
"""More than half of it is left between the titles of the axes."""


class PlanView(QWidget):
    """A region of two nuclides or the risk along one; pressing or dragging in it chooses an activity in Bq."""

    chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None, *, object_name: str = "plan_view") -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self.setMinimumSize(220, LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._plot: PlanPlot | None = None
        self._shown: RegionShown | RiskShown | None = None
        self._note = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)

    def sizeHint(self) -> QSize:
        """Room for a small plot; what is left is its own."""
        return QSize(420, LEAST_HEIGHT)

    def shown(self) -> RegionShown | RiskShown | None:
        """What is plotted."""
        return self._shown

    def show_room(self, shown: RegionShown | RiskShown | None, note: str = "") -> None:
        """Plot a region or a risk, with a sentence for the tooltip; nothing with None."""
        self._shown = shown
        self._note = note
        if shown is not None and self._plot is None:
            # The plotting library is read when there is something to plot: the window opens sooner.
            from widgets.plan_plot import PlanPlot

            self._plot = PlanPlot()
            layout = self.layout()
            assert isinstance(layout, QVBoxLayout)
            layout.insertWidget(0, self._plot, 1)
        if self._plot is not None:
            self._plot.setVisible(shown is not None)
            if shown is not None:
                self._draw()
        self.setAccessibleDescription(self._words())
        self.setCursor(Qt.CursorShape.CrossCursor if self._axis() is not None else Qt.CursorShape.ArrowCursor)

    def place_of(self, horizontal_bq: float, vertical: float) -> QPointF:
        """Pixel of a point: activity in Bq, and activity in Bq or probability."""
        if self._plot is None:
            raise ValueError("nothing is plotted")
        unit = GIGABECQUEREL if isinstance(self._shown, RegionShown) else PERCENT
        return self._plot.pixel(GIGABECQUEREL.from_core(horizontal_bq), unit.from_core(vertical), self)

    def _draw(self) -> None:
        assert self._plot is not None
        if isinstance(self._shown, RegionShown):
            self._plot.show_region(self._shown)
        elif isinstance(self._shown, RiskShown):
            self._plot.show_risk(self._shown)

    def _axis(self) -> int | None:
        return self._shown.free_axis if isinstance(self._shown, RegionShown) else None if self._shown is None else 0

    def _words(self) -> str:
        shown = self._shown
        if shown is None:
            return ""
        if isinstance(shown, RegionShown):
            point = ", ".join(
                f"{title} {GIGABECQUEREL.text(activity)}"
                for title, activity in zip(shown.titles, shown.chosen_bq, strict=True)
            )
            return f"activities that keep every limit; chosen {point}"
        return f"probability of exceeding each limit along {shown.title}; chosen {GIGABECQUEREL.text(shown.chosen_bq)}"

    def _values(self, place: QPointF) -> tuple[float, float] | None:
        """Both coordinates of a pixel, in GBq and the unit of the vertical axis; None beside the plot."""
        if self._plot is None or self._shown is None:
            return None
        area = self._plot.area(self)
        if not (area.width() > 0 and area.height() > 0):
            return None
        (low, high), (bottom, top) = self._plot.limits
        x = low + (high - low) * (place.x() - area.left()) / area.width()
        y = top - (top - bottom) * (place.y() - area.top()) / area.height()
        return min(max(x, low), high), min(max(y, bottom), top)

    def _choose(self, place: QPointF) -> None:
        axis, values = self._axis(), self._values(place)
        if axis is not None and values is not None:
            self.chosen.emit(GIGABECQUEREL.to_core(values[axis]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the activity under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton and self._plot is not None:
            if self._plot.area(self).adjusted(-8, -8, 8, 8).contains(event.position()):
                self._choose(event.position())
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on choosing while the button is down."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._choose(event.position())

    def event(self, event: QEvent) -> bool:
        """Tell the values under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            values = self._values(QPointF(event.pos()))
            if values is not None:
                QToolTip.showText(event.globalPos(), f"{self._tip(*values)}\n{self._note}".strip(), self)
                return True
        return super().event(event)

    def _tip(self, x: float, y: float) -> str:
        shown = self._shown
        assert shown is not None
        first = GIGABECQUEREL.text(GIGABECQUEREL.to_core(x))
        if isinstance(shown, RegionShown):
            return f"{shown.titles[0]} {first}\n{shown.titles[1]} {GIGABECQUEREL.text(GIGABECQUEREL.to_core(y))}"
        at = GIGABECQUEREL.to_core(x)
        index = min(range(len(shown.activity_bq)), key=lambda i: abs(shown.activity_bq[i] - at))
        risks = "\n".join(f"{name}: {PERCENT.text(risk[index])}" for name, risk in shown.risks)
        return f"{shown.title} {first}\n{risks}"
