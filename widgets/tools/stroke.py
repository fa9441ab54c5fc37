"""What a slice view needs from a tool: strokes that take pointer positions and end as one gesture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter

from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.voi_editing import Gesture

Point = NDArray[np.float64]
ToPixels = Callable[[Point], QPointF]


class Stroke(Protocol):
    """One gesture being made. Points are patient points on the slice's middle plane."""

    def press(self, point_mm: Point, *, reach_mm: float) -> bool:
        """Button down; returns whether this finished the gesture. ``reach_mm`` is how near counts as the same spot."""

    def move(self, point_mm: Point) -> None:
        """Pointer moved with the button down."""

    def release(self, point_mm: Point) -> bool:
        """Button up; returns whether this finished the gesture."""

    def close(self) -> bool:
        """Double click or Enter; returns whether this finished the gesture."""

    def gesture(self) -> Gesture | None:
        """The gesture so far; None while it covers nothing."""

    def paint(self, painter: QPainter, to_pixels: ToPixels, pixels_per_mm: float, colour: QColor) -> None:
        """Draw what would be added or taken away."""


class Tool(Protocol):
    """A tool of the slice view."""

    def begin(self, plane: Plane, *, inverted: bool) -> Stroke:
        """A new stroke; ``inverted`` swaps adding and erasing."""

    def paint_hover(
        self, painter: QPainter, position: QPointF, pixels_per_mm: float, colour: QColor, *, inverted: bool
    ) -> None:
        """Draw what the tool would do at the pointer."""

    def resize_by_steps(self, steps: int) -> bool:
        """Make the tool larger or smaller; returns False where it has no size."""
