"""How a 3D view sees: patient points to pixels and back, from one projection matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF

from dosimetry_core.frozen import read_only


@dataclass(frozen=True, eq=False)
class Eye:
    """A perspective projection.

    Parameters
    ----------
    projection
        Shape (3, 4): patient point (x, y, z, 1) in mm to (u w, v w, w) with (u, v) in pixels of the widget from its
        upper left corner and w growing with the distance from the eye.
    """

    projection: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "projection", read_only(np.array(self.projection, dtype=np.float64)))

    def pixel_of(self, point_mm: ArrayLike) -> QPointF:
        """Where a point is seen."""
        u, v, w = self.projection @ np.append(np.asarray(point_mm, dtype=np.float64), 1.0)
        return QPointF(u / w, v / w)

    def position_mm(self) -> NDArray[np.float64]:
        """Where the eye is."""
        place = np.linalg.solve(self.projection[:, :3], -self.projection[:, 3])
        return np.asarray(place, dtype=np.float64)

    def direction(self, pixel: QPointF) -> NDArray[np.float64]:
        """Unit vector from the eye through a pixel."""
        along = np.linalg.solve(self.projection[:, :3], np.array([pixel.x(), pixel.y(), 1.0]))
        # The solution may point backwards where the matrix has a negative scale.
        along *= np.sign(self.projection[2, :3] @ along)
        unit: NDArray[np.float64] = along / np.linalg.norm(along)
        return unit

    def point_at(self, pixel: QPointF, beside_mm: ArrayLike) -> NDArray[np.float64]:
        """The point seen at a pixel as deep as another point."""
        w = float(self.projection[2] @ np.append(np.asarray(beside_mm, dtype=np.float64), 1.0))
        seen = np.array([pixel.x() * w, pixel.y() * w, w])
        point = np.linalg.solve(self.projection[:, :3], seen - self.projection[:, 3])
        return np.asarray(point, dtype=np.float64)

    def pixels_per_mm(self, point_mm: ArrayLike) -> float:
        """Magnification at a point, across the direction of looking."""
        at = self.pixel_of(point_mm)
        beside = self.point_at(at + QPointF(100, 0), point_mm)
        return 100.0 / float(np.linalg.norm(beside - np.asarray(point_mm, dtype=np.float64)))
