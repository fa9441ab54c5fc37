"""Time–activity curves: one large with residuals, all others small beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
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

from dosimetry_core.units import HOUR, MEGABECQUEREL, PERCENT
from widgets.curve_painting import CurveShown, curve_axes, paint_curve
from widgets.elided_label import ElidedLabel
from widgets.plot_axes import Axes
from widgets.theme import ACCENT, DIMMED, ERROR, LINE, RAISED, STALE, SURFACE, TEXT, font, label

__all__ = ["CurveShown", "CurveView"]

_NEAR_PIXELS = 12.0
_LEAST_WIDTH_FOR_ALL = 520
_LEAST_HEIGHT_FOR_RESIDUALS = 250
_TIME_TITLE = "Time after administration / h"
# Per cent; the residual axis is the first that holds all points.
_RESIDUAL_LIMITS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


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

    def show_curves(self, curves: Sequence[CurveShown]) -> None:
        """All curves; the current one stays current, else the first is. Silent."""
        current = self.current()
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
        if voi_id in self._curves:
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

    def _choose(self, voi_id: str) -> None:
        if voi_id != self.current():
            self._refresh(voi_id)
            self.curve_selected.emit(voi_id)

    def _refresh(self, voi_id: str | None) -> None:
        curve = self._curves.get(voi_id) if voi_id is not None else None
        self.plot.show_curve(curve)
        self._name.set_text(curve.name if curve else "No curves")
        self._model.set_text(curve.model if curve else "Draw a VOI and align the time points first.")
        self._tail.setText(curve.tail_text() if curve else "")
        notes = [] if curve is None else [*([curve.message] if curve.message else []), *curve.notes]
        self._notes.setText("   ·   ".join(notes))
        failed = curve is not None and curve.state == "failed"
        self._notes.setStyleSheet(f"color: {ERROR};" if failed else "")
        if voi_id in self._small:
            self._small[voi_id].setChecked(True)


class _LargePlot(QWidget):
    point_clicked = Signal(str, int)
    point_menu_requested = Signal(str, int, object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("curve_plot")
        self.setMinimumSize(200, 190)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.curve: CurveShown | None = None
        self._logarithmic = False
        self._hovered: int | None = None

    def show_curve(self, curve: CurveShown | None) -> None:
        self.curve = curve
        self._hovered = None
        self.setAccessibleDescription("" if curve is None else f"{curve.name}: {curve.tail_text()}")
        self.update()

    def set_logarithmic(self, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        self.update()

    def axes(self) -> tuple[Axes, QRectF] | None:
        """Axes of the curve, and the place of the residuals below them."""
        if self.curve is None:
            return None
        metrics = QFontMetricsF(font(scale=0.92))
        left = metrics.horizontalAdvance("00000") + 16
        residuals = min(max(self.height() * 0.2, 54.0), 110.0)
        if self.height() < _LEAST_HEIGHT_FOR_RESIDUALS:
            residuals = 0.0
        bottom = self.height() - 2 * metrics.height() - 14
        top = metrics.height() + 10
        width = self.width() - left - 14
        main = QRectF(left, top, width, bottom - top - (residuals + 26 if residuals else 0))
        below = QRectF(left, bottom - residuals, width, residuals)
        return curve_axes(self.curve, main, logarithmic=self._logarithmic), below

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            placed = self.axes()
            if placed is None or self.curve is None:
                return
            axes, below = placed
            x_title = "" if below.height() else _TIME_TITLE
            y_title = f"Activity / {MEGABECQUEREL.symbol}"
            axes.paint(painter, x_title=x_title, y_title=y_title, x_labels=not below.height())
            paint_curve(painter, self.curve, axes, small=False)
            if below.height():
                self._paint_residuals(painter, self.curve, axes, below)
            if self._hovered is not None:
                painter.setPen(QPen(QColor(ACCENT), 1.6))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(self._pixel(axes, self._hovered), 8, 8)
        finally:
            painter.end()

    def _paint_residuals(self, painter: QPainter, curve: CurveShown, main: Axes, place: QRectF) -> None:
        residuals = np.zeros(0)
        if curve.fit_at_points_bq is not None:
            residuals = PERCENT.from_core(1.0) * (curve.activity_bq / curve.fit_at_points_bq - 1)
        used = residuals[~curve.excluded] if residuals.size else residuals
        largest = float(np.max(np.abs(used), initial=0.0))
        most = next((n for n in _RESIDUAL_LIMITS if n >= largest), largest)
        axes = Axes(place, main.x_range, (-1.25 * most, 1.25 * most), y_marks=(-most, 0.0, most))
        axes.paint(painter, x_title=_TIME_TITLE, y_title="Residual / %")
        zero = axes.y(0.0)
        painter.setPen(QPen(QColor("#787f88"), 1))
        painter.drawLine(QPointF(place.left(), zero), QPointF(place.right(), zero))
        painter.setClipRect(place.adjusted(-6, -6, 6, 6))
        for index, residual in enumerate(residuals.tolist()):
            point = axes.point(HOUR.from_core(curve.time_s[index]), residual)
            painter.setPen(QPen(QColor(DIMMED if curve.excluded[index] else TEXT), 1.2))
            painter.drawLine(QPointF(point.x(), zero), point)
            painter.setBrush(QColor("#202225") if curve.excluded[index] else QColor(curve.colour))
            painter.drawEllipse(point, 3.2, 3.2)

    def _pixel(self, axes: Axes, index: int) -> QPointF:
        if self.curve is None:
            raise ValueError("there is no curve")
        return axes.point(
            HOUR.from_core(self.curve.time_s[index]), MEGABECQUEREL.from_core(self.curve.activity_bq[index])
        )

    def point_pixel(self, index: int) -> QPointF:
        """Where a measured point is drawn."""
        placed = self.axes()
        if placed is None:
            raise ValueError("there is no curve")
        return self._pixel(placed[0], index)

    def _near(self, position: QPointF) -> int | None:
        placed = self.axes()
        if placed is None or self.curve is None or not self.curve.time_s.size:
            return None
        away = [(self._pixel(placed[0], index) - position).manhattanLength() for index in range(len(self.curve.time_s))]
        nearest = int(np.argmin(away))
        return nearest if away[nearest] <= _NEAR_PIXELS else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        near = self._near(event.position())
        if near != self._hovered:
            self._hovered = near
            self.setCursor(Qt.CursorShape.ArrowCursor if near is None else Qt.CursorShape.PointingHandCursor)
            self.update()
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
        self._hovered = None
        self.update()


class _SmallPlot(QAbstractButton):
    def __init__(self, curve: CurveShown) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setObjectName(f"curve_small_{curve.voi_id}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._logarithmic = False
        self._curve = curve
        self.show_curve(curve)

    def show_curve(self, curve: CurveShown) -> None:
        self._curve = curve
        self.setText(curve.name)
        self.setToolTip("\n".join(text for text in (curve.name, curve.model, curve.tail_text(), curve.message) if text))
        self.update()

    def set_logarithmic(self, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
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
            rim = ACCENT if self.isChecked() or self.hasFocus() else LINE
            painter.setPen(QPen(QColor(rim), 1.4 if self.isChecked() else 1))
            painter.setBrush(QColor(RAISED if self.isChecked() or self.underMouse() else SURFACE))
            painter.drawRoundedRect(box, 5, 5)
            curve = self._curve
            small = font(scale=0.92, strong=True)
            painter.setFont(small)
            metrics = QFontMetricsF(small)
            share = "" if curve.extrapolated_fraction is None else PERCENT.text(curve.extrapolated_fraction, digits=0)
            share = {"failed": "no fit", "stale": "stale"}.get(curve.state, f"tail {share}" if share else "")
            painter.setPen(QColor({"failed": ERROR, "stale": STALE}.get(curve.state, DIMMED)))
            painter.setFont(font(scale=0.85))
            width = QFontMetricsF(font(scale=0.85)).horizontalAdvance(share)
            painter.drawText(QPointF(box.right() - 8 - width, box.top() + 6 + metrics.ascent()), share)
            painter.setFont(small)
            painter.setPen(QColor(TEXT))
            name = metrics.elidedText(curve.name, Qt.TextElideMode.ElideMiddle, box.width() - width - 26)
            painter.drawText(QPointF(box.left() + 8, box.top() + 6 + metrics.ascent()), name)
            place = box.adjusted(10, metrics.height() + 14, -10, -9)
            painter.setPen(QPen(QColor("#5a6068"), 1))
            painter.drawLine(place.bottomLeft(), place.bottomRight())
            paint_curve(painter, curve, curve_axes(curve, place, logarithmic=self._logarithmic), small=True)
        finally:
            painter.end()
