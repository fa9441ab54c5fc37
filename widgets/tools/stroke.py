"""What a view needs from a tool: strokes that take pointer positions and end as one gesture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, Signal
from PySide6.QtGui import QColor, QPainter

from dosimetry_core.anatomical_plane import Plane

Point = NDArray[np.float64]
ToPixels = Callable[[Point], QPointF]


class Stroke:
    """One gesture being made. Points are patient points on the slice's middle plane."""

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """Button down; returns whether this finished the gesture. ``reach_mm`` is how near counts as the same spot."""
        raise NotImplementedError

    def move(self, point_mm: Point) -> None:
        """Pointer moved with the button down."""

    def hover(self, point_mm: Point) -> None:
        """Pointer moved with the button up, between two clicks of one gesture."""

    def set_pressure(self, share: float) -> None:
        """How hard a pen is pressed from now on, 0 … 1."""

    def release(self, point_mm: Point) -> bool:
        """Button up; returns whether this finished the gesture."""
        raise NotImplementedError

    def close(self) -> bool:
        """Double click or Enter; returns whether this finished the gesture."""
        return False

    def gesture(self) -> Any | None:
        """The gesture so far; None while it does nothing."""
        raise NotImplementedError

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """Draw what would be done."""


class Tool(QObject):
    """A tool of the image views; emits ``changed`` when its settings change."""

    changed = Signal()

    def begin(self, plane: Plane, *, inverted: bool) -> Stroke:
        """A new stroke; ``inverted`` swaps adding and erasing."""
        raise NotImplementedError

    def paint_hover(
        self, painter: QPainter, position: QPointF, pixels_per_mm: float, colour: QColor, *, inverted: bool
    ) -> None:
        """Draw what the tool would do at the pointer."""

    def paint_resting(
        self, painter: QPainter, to_pixels: ToPixels, plane: Plane, slice_point_mm: Point, colour: QColor
    ) -> None:
        """Draw what can be taken hold of, wherever the pointer is; ``slice_point_mm`` lies on the slice in view."""

    def resize_by_steps(self, steps: int) -> bool:
        """Make the tool larger or smaller; returns False where it has no size."""
        return False
