"""Slider and number field for one administered activity."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QStyle, QVBoxLayout, QWidget

from dosimetry_core.units import GIGABECQUEREL, DisplayUnit
from widgets.quantity_edit import QuantityEdit
from widgets.theme import font, shades


class ActivitySlider(QWidget):
    """``moved`` while dragging, ``edited`` once on letting go, on a step by key, or on a typed number."""

    moved = Signal(float)
    edited = Signal(float)

    def __init__(
        self,
        unit: DisplayUnit = GIGABECQUEREL,
        *,
        minimum_bq: float,
        maximum_bq: float,
        step_bq: float,
        object_name: str = "activity_slider",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        if not (step_bq > 0 and maximum_bq >= minimum_bq):
            raise ValueError("the step must be positive and the range in order")
        self.setObjectName(f"{object_name}_group")
        self._unit, self._step = unit, step_bq
        self._minimum, self._maximum = minimum_bq, maximum_bq
        self._value: float | None = None
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName(object_name)
        self._slider.setMinimumWidth(140)
        self._edit = QuantityEdit(
            unit, object_name=f"{object_name}_number", minimum=minimum_bq, maximum=maximum_bq, step=step_bq
        )
        self._marks = _Marks(self._slider)
        self._marks.setObjectName(f"{object_name}_marks")
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self._slider)
        column.addWidget(self._marks)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addLayout(column, 1)
        layout.addWidget(self._edit, 0, Qt.AlignmentFlag.AlignTop)
        self._slider.valueChanged.connect(self._slider_changed)
        self._slider.sliderReleased.connect(self._slider_released)
        self._edit.edited.connect(self._number_edited)
        self.set_range(minimum_bq, maximum_bq)

    def value(self) -> float | None:
        """Activity in Bq."""
        return self._value

    def set_value(self, activity_bq: float | None) -> None:
        """Show an activity; one between two steps is shown as it is. Silent."""
        self._value = activity_bq
        self._edit.set_value(activity_bq)
        with QSignalBlocker(self._slider):
            if activity_bq is not None:
                self._slider.setValue(round((activity_bq - self._minimum) / self._step))
        self._slider.setEnabled(activity_bq is not None and self.isEnabled())

    def set_range(self, minimum_bq: float, maximum_bq: float) -> None:
        """Limits in Bq. Silent."""
        self._minimum, self._maximum = minimum_bq, maximum_bq
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, int((maximum_bq - minimum_bq) / self._step + 1e-9))
            self._slider.setSingleStep(1)
            self._slider.setPageStep(5)
        self._edit.set_range(minimum_bq, maximum_bq)
        low, high = (self._unit.text(bq) for bq in (minimum_bq, maximum_bq))
        self._slider.setToolTip(f"{low} to {high}; arrow keys change by {self._unit.text(self._step)}")
        self.set_value(self._value)
        self._marks.set_places(self._marks.marks, minimum_bq, maximum_bq)

    def highest_bq(self) -> float:
        """Upper limit in Bq."""
        return self._maximum

    def set_marks(self, marks: Sequence[tuple[float, str]]) -> None:
        """Named activities below the slider: (Bq, text)."""
        self._marks.set_places(tuple(marks), self._minimum, self._maximum)

    def _of_slider(self) -> float:
        return min(self._minimum + self._slider.value() * self._step, self._maximum)

    def _slider_changed(self) -> None:
        self._value = self._of_slider()
        self._edit.set_value(self._value)
        self.moved.emit(self._value)
        if not self._slider.isSliderDown():
            self.edited.emit(self._value)

    def _slider_released(self) -> None:
        if self._value is not None:
            self.edited.emit(self._value)

    def _number_edited(self, activity_bq: float) -> None:
        self.set_value(activity_bq)
        self.edited.emit(activity_bq)


class _Marks(QWidget):
    """Ticks with names under a slider; a name that would run into its neighbour goes one line down."""

    def __init__(self, slider: QSlider) -> None:
        super().__init__()
        self._slider = slider
        self.marks: tuple[tuple[float, str], ...] = ()
        self._range = (0.0, 1.0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_places(self, marks: tuple[tuple[float, str], ...], minimum: float, maximum: float) -> None:
        """Marks and the slider's range."""
        self.marks, self._range = marks, (minimum, maximum)
        self.setToolTip("\n".join(f"{text}: {GIGABECQUEREL.text(bq)}" for bq, text in marks))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Two lines of names."""
        height = QFontMetricsF(font(scale=0.9)).height()
        return QSize(140, round(2 * height + 8) if self.marks else 0)

    def minimumSizeHint(self) -> QSize:
        """Same height as the hint."""
        return QSize(100, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ticks and names."""
        painter = QPainter(self)
        try:
            painter.setFont(font(scale=0.9))
            metrics = QFontMetricsF(painter.font())
            margin = self._slider.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength) / 2
            low, high = self._range
            ends = [-1e9, -1e9]
            for value, text in sorted(self.marks):
                if not low <= value <= high or high <= low:
                    continue
                x = margin + (self.width() - 2 * margin) * (value - low) / (high - low)
                width = metrics.horizontalAdvance(text)
                left = min(max(x - width / 2, 0), self.width() - width)
                line = 0 if left > ends[0] + 6 else 1
                painter.setPen(QColor(shades().accent))
                painter.drawLine(QPointF(x, 0), QPointF(x, 5 + line * metrics.height()))
                if left > ends[line] + 6:
                    painter.setPen(QColor(shades().dimmed))
                    painter.drawText(QPointF(left, 6 + metrics.ascent() + line * metrics.height()), text)
                    ends[line] = left + width
        finally:
            painter.end()
