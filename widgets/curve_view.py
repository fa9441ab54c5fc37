"""Time–activity curves: one large with residuals, all others small beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from dosimetry_core.units import PERCENT
from widgets.curve_plot import CurvePlot, ResidualPlot
from widgets.curve_shown import CurveShown
from widgets.elided_label import ElidedLabel
from widgets.theme import font, label, shades

__all__ = ["CurveShown", "CurveView"]

_NEAR_PIXELS = 12.0
_LEAST_WIDTH_FOR_ALL = 520
_LEAST_HEIGHT_FOR_RESIDUALS = 250
_TIME_TITLE = "Time after administration / h"


class CurveView(QWidget):
    """The selected curve large, every curve small at the right."""

    curve_selected = Signal(str)
    point_clicked = Signal(str, int)
    point_menu_requested = Signal(str, int, object)
    logarithmic_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curve_view")
        self._curves: dict[str, CurveShown] = {}
        self._missing = ""
        self._small: dict[str, _SmallPlot] = {}
        self._group = QButtonGroup(self)
        self._name = ElidedLabel(object_name="curve_name", role="title")
        self._model = ElidedLabel(object_name="curve_model", role="dimmed")
        self._notes = label(object_name="curve_notes")
        self._notes.setWordWrap(True)
        self._tail = label(object_name="curve_tail", role="dimmed")
        self._tail.setWordWrap(True)
        self._linear = self._scale_button("curve_linear", "Linear", logarithmic=False)
        self._log = self._scale_button("curve_logarithmic", "Log", logarithmic=True)
        scales = QButtonGroup(self)
        scales.addButton(self._linear)
        scales.addButton(self._log)
        self._linear.setChecked(True)
        self.plot = _LargePlot()
        self.plot.point_clicked.connect(self.point_clicked)
        self.plot.point_menu_requested.connect(self.point_menu_requested)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._name, 0)
        head.addWidget(self._model, 1)
        head.addWidget(self._linear)
        head.addWidget(self._log)
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addLayout(head)
        left.addWidget(self.plot, 1)
        left.addWidget(self._tail)
        left.addWidget(self._notes)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 4, 0)
        self._list.setSpacing(6)
        self._list.addStretch(1)
        inner = QWidget()
        inner.setLayout(self._list)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("curve_small_multiples")
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inner)
        self._scroll.setFixedWidth(214)
        layout = QHBoxLayout(self)
        # The list of small curves goes where there is no room for it; it must not hold the view open.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        layout.setContentsMargins(8, 4, 0, 4)
        layout.setSpacing(10)
        layout.addLayout(left, 1)
        layout.addWidget(self._scroll)
        self._refresh(None)

    def _scale_button(self, name: str, text: str, *, logarithmic: bool) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setCheckable(True)
        button.setToolTip(f"{'Logarithmic' if logarithmic else 'Linear'} activity axis")
        button.clicked.connect(lambda: self._choose_scale(logarithmic))
        return button

    def show_curves(self, curves: Sequence[CurveShown], *, missing: str = "") -> None:
        """All curves; the current one stays current, else the first is. Without any, why there are none. Silent."""
        self._missing = missing
        current = self.current()
        # Results that come in parts have the same curves each time: those are not drawn again.
        curves = [
            before if (before := self._curves.get(c.voi_id)) is not None and c.looks_like(before) else c for c in curves
        ]
        if [curve.voi_id for curve in curves] != list(self._curves):
            for button in self._small.values():
                self._group.removeButton(button)
                self._list.removeWidget(button)
                button.hide()
                button.deleteLater()
            self._small = {}
            for number, curve in enumerate(curves):
                button = _SmallPlot(curve)
                button.clicked.connect(lambda _=False, key=curve.voi_id: self._choose(key))
                self._group.addButton(button)
                self._list.insertWidget(number, button)
                self._small[curve.voi_id] = button
        self._curves = {curve.voi_id: curve for curve in curves}
        for curve in curves:
            self._small[curve.voi_id].show_curve(curve)
        self._refresh(current if current in self._curves else next(iter(self._curves), None))

    def set_current(self, voi_id: str | None) -> None:
        """Show this curve large. Silent."""
        # What is large already is not drawn again: this is called at every step of a stroke.
        if voi_id in self._curves and self.plot.curve is not self._curves[voi_id]:
            self._refresh(voi_id)

    def current(self) -> str | None:
        """Identity of the VOI whose curve is large."""
        return self.plot.curve.voi_id if self.plot.curve is not None else None

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Scale of the activity axis. Silent."""
        (self._log if logarithmic else self._linear).setChecked(True)
        self.plot.set_logarithmic(logarithmic)
        for button in self._small.values():
            button.set_logarithmic(logarithmic)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow place only the current curve is shown."""
        super().resizeEvent(event)
        self._scroll.setVisible(self.width() >= _LEAST_WIDTH_FOR_ALL)

    def minimumSizeHint(self) -> QSize:
        """Room for the current curve alone."""
        return QSize(230, 260)

    def _choose_scale(self, logarithmic: bool) -> None:
        self.set_logarithmic(logarithmic)
        self.logarithmic_toggled.emit(logarithmic)

    def take_colours(self) -> None:
        """Those of the theme in use."""
        self._refresh(self.current())

    def _choose(self, voi_id: str) -> None:
        if voi_id != self.current():
            self._refresh(voi_id)
            self.curve_selected.emit(voi_id)

    def _refresh(self, voi_id: str | None) -> None:
        curve = self._curves.get(voi_id) if voi_id is not None else None
        self.plot.show_curve(curve)
        self._name.set_text(curve.name if curve else "No curves")
        self._model.set_text(curve.model if curve else self._missing)
        self._tail.setText(curve.tail_text() if curve else "")
        notes = [] if curve is None else [*([curve.message] if curve.message else []), *curve.notes]
        self._notes.setText("   ·   ".join(notes))
        failed = curve is not None and curve.state == "failed"
        style = f"color: {shades().error};" if failed else ""
        if self._notes.styleSheet() != style:
            self._notes.setStyleSheet(style)
        if voi_id in self._small:
            self._small[voi_id].setChecked(True)


class _LargePlot(QWidget):
    point_clicked = Signal(str, int)
    point_menu_requested = Signal(str, int, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("curve_plot")
        self.setMinimumSize(200, 170)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.curve: CurveShown | None = None
        self.main = CurvePlot()
        self.residuals = ResidualPlot(_TIME_TITLE)
        self._logarithmic = False
        self._hovered: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.main, 1)
        column.addWidget(self.residuals)
        self._arrange()

    def show_curve(self, curve: CurveShown | None) -> None:
        self.curve = curve
        self._hovered = None
        self.setAccessibleDescription("" if curve is None else f"{curve.name}: {curve.tail_text()}")
        self.main.show_curve(curve, logarithmic=self._logarithmic)
        self._arrange()

    def set_logarithmic(self, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        self.main.show_curve(self.curve, logarithmic=logarithmic)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Residuals only where there is room for them; else the curve has the time axis."""
        room = self.height() >= _LEAST_HEIGHT_FOR_RESIDUALS
        self.main.setVisible(self.curve is not None)
        self.residuals.setVisible(self.curve is not None and room)
        if room and self.residuals.curve is not self.curve:
            self.residuals.show_curve(self.curve)
        self.residuals.setFixedHeight(int(min(max(self.height() * 0.2, 54.0), 110.0)) + 58)
        self.main.show_x_labels(not room, _TIME_TITLE)

    def point_pixel(self, index: int) -> QPointF:
        """Where a measured point is drawn."""
        return self.main.pixel(*self.main.position(index), within=self)

    def _near(self, position: QPointF) -> int | None:
        if self.curve is None or not self.curve.time_s.size:
            return None
        away = [(self.point_pixel(index) - position).manhattanLength() for index in range(len(self.curve.time_s))]
        nearest = int(np.argmin(away))
        return nearest if away[nearest] <= _NEAR_PIXELS else None

    def has_own_menu_at(self, position: QPoint) -> bool:
        """Whether a point's own menu opens there."""
        return self._near(QPointF(position)) is not None

    def _mark(self, index: int | None) -> None:
        if index != self._hovered:
            self._hovered = index
            self.setCursor(Qt.CursorShape.ArrowCursor if index is None else Qt.CursorShape.PointingHandCursor)
            self.main.mark_point(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        near = self._near(event.position())
        self._mark(near)
        if near is not None and self.curve is not None:
            QToolTip.showText(event.globalPosition().toPoint(), self.curve.point_text(near), self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        near = self._near(event.position())
        if near is None or self.curve is None:
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self.point_clicked.emit(self.curve.voi_id, near)
        elif event.button() == Qt.MouseButton.RightButton:
            self.point_menu_requested.emit(self.curve.voi_id, near, event.globalPosition().toPoint())

    def leaveEvent(self, event: QEvent) -> None:
        self._mark(None)


class _SmallPlot(QAbstractButton):
    def __init__(self, curve: CurveShown) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setObjectName(f"curve_small_{curve.voi_id}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._logarithmic = False
        self._curve = curve
        self._plot = CurvePlot(small=True)
        self._drawn = False
        column = QVBoxLayout(self)
        column.setContentsMargins(10, int(QFontMetricsF(font(scale=0.92, strong=True)).height()) + 10, 10, 8)
        column.addWidget(self._plot)
        self.show_curve(curve)

    def showEvent(self, event: QShowEvent) -> None:
        if not self._drawn:
            self._draw()
        super().showEvent(event)

    def show_curve(self, curve: CurveShown) -> None:
        if curve is self._curve and self._drawn:
            return
        self._curve = curve
        self.setText(curve.name)
        self.setToolTip("\n".join(text for text in (curve.name, curve.model, curve.tail_text(), curve.message) if text))
        self._follow()

    def set_logarithmic(self, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        self._follow()

    def _follow(self) -> None:
        """Draw it anew, or once it is seen: in a narrow place the small curves are hidden."""
        self._drawn = False
        if self.isVisibleTo(self.window()):
            self._draw()

    def _draw(self) -> None:
        self._plot.show_curve(self._curve, logarithmic=self._logarithmic)
        self._drawn = True
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(190, 96)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 96)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            rim = shades().accent if self.isChecked() or self.hasFocus() else shades().line
            painter.setPen(QPen(QColor(rim), 1.4 if self.isChecked() else 1))
            painter.setBrush(QColor(shades().raised if self.isChecked() or self.underMouse() else shades().surface))
            painter.drawRoundedRect(box, 5, 5)
            curve = self._curve
            small = font(scale=0.92, strong=True)
            painter.setFont(small)
            metrics = QFontMetricsF(small)
            share = "" if curve.extrapolated_fraction is None else PERCENT.text(curve.extrapolated_fraction, digits=0)
            share = {"failed": "no fit", "stale": "stale"}.get(curve.state, f"tail {share}" if share else "")
            painter.setPen(
                QColor({"failed": shades().error, "stale": shades().stale}.get(curve.state, shades().dimmed))
            )
            painter.setFont(font(scale=0.85))
            width = QFontMetricsF(font(scale=0.85)).horizontalAdvance(share)
            painter.drawText(QPointF(box.right() - 8 - width, box.top() + 6 + metrics.ascent()), share)
            painter.setFont(small)
            painter.setPen(QColor(shades().text))
            name = metrics.elidedText(curve.name, Qt.TextElideMode.ElideMiddle, box.width() - width - 26)
            painter.drawText(QPointF(box.left() + 8, box.top() + 6 + metrics.ascent()), name)
        finally:
            painter.end()
