"""Signed levels of simple solids: negative inside, zero on the surface, roughly millimetres away from it.

All functions take coordinates x, y, z in mm that broadcast against each other and return a float32 array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Level = NDArray[np.float32]
Coordinates = NDArray[Any]

_SMALLEST_RADIUS = np.float32(1e-3)
"""Relative distance from a centre below which the level is not resolved (only avoids 0/0 at the centre itself)."""


def rotation_xyz(x_deg: float, y_deg: float, z_deg: float) -> NDArray[np.float64]:
    """Rotation matrix, shape (3, 3): about x, then y, then z, angles in degrees."""
    cx, cy, cz = np.cos(np.radians([x_deg, y_deg, z_deg]))
    sx, sy, sz = np.sin(np.radians([x_deg, y_deg, z_deg]))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    rotation: NDArray[np.float64] = about_z @ about_y @ about_x
    return rotation


def ellipsoid_level(u: Coordinates, v: Coordinates, w: Coordinates, radii_mm: tuple[float, float, float]) -> Level:
    """Level of an ellipsoid around the origin in its own axes u, v, w: k (k - 1)/|p/r²| with k = |p/r|, first order."""
    a, b, c = (np.float32(radius) for radius in radii_mm)
    u, v, w = (np.asarray(axis, np.float32) for axis in (u, v, w))
    first = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
    second = np.sqrt((u / a**2) ** 2 + (v / b**2) ** 2 + (w / c**2) ** 2)
    first = np.maximum(first, _SMALLEST_RADIUS)
    level: Level = first * (first - 1) / np.maximum(second, _SMALLEST_RADIUS / max(radii_mm))
    return level


def smooth_union(first: Level, second: Level, blend_mm: float) -> Level:
    """Union of two solids with a rounded seam of width ``blend_mm`` (polynomial minimum)."""
    share = np.clip(0.5 + (second - first) / (2 * blend_mm), 0, 1).astype(np.float32)
    union: Level = second + (first - second) * share - np.float32(blend_mm) * share * (1 - share)
    return union


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid: centre and radii in mm, turned by ``rotation_deg`` about x, y, z."""

    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def reach_mm(self) -> float:
        """Largest distance of its surface from its centre."""
        return max(self.radii_mm)

    def volume_mm3(self) -> float:
        """Volume, closed form."""
        return float(4 / 3 * np.pi * np.prod(self.radii_mm))

    def level(self, x: Coordinates, y: Coordinates, z: Coordinates) -> Level:
        """Signed level at points."""
        axes = rotation_xyz(*self.rotation_deg)
        dx, dy, dz = (axis - np.float32(c) for axis, c in zip((x, y, z), self.centre_mm, strict=True))
        u, v, w = (
            np.float32(axes[0, k]) * dx + np.float32(axes[1, k]) * dy + np.float32(axes[2, k]) * dz for k in range(3)
        )
        return ellipsoid_level(u, v, w, self.radii_mm)


@dataclass(frozen=True)
class Kidney:
    """Bean with a sinus that opens to the hilum; the parenchyma is the bean without the sinus.

    Parameters
    ----------
    centre_mm
        Middle of the bean.
    radii_mm
        Half width (medial to lateral), half depth, half length.
    side
        +1 for the left kidney (at positive x), -1 for the right one.
    tilt_deg
        How far the upper pole leans to the spine, and to the back, and how far the hilum turns to the front.
    bend_per_mm
        Curvature of the long axis: both poles lean to the spine by bend · w².
    """

    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    side: int
    tilt_deg: tuple[float, float, float] = (12.0, 8.0, 30.0)
    bend_per_mm: float = 0.0042

    def reach_mm(self) -> float:
        """Largest distance of bean and renal pelvis from the centre, generously."""
        return max(self.radii_mm) + 15.0

    def own_axes(self, x: Coordinates, y: Coordinates, z: Coordinates) -> tuple[Level, Level, Level]:
        """Coordinates along medial, back and head directions of the kidney itself."""
        medial, back, hilum = self.tilt_deg
        axes = rotation_xyz(-back, medial, -hilum)
        dx = (np.asarray(x, np.float32) - np.float32(self.centre_mm[0])) * np.float32(-self.side)
        dy = np.asarray(y, np.float32) - np.float32(self.centre_mm[1])
        dz = np.asarray(z, np.float32) - np.float32(self.centre_mm[2])
        u, v, w = (
            np.float32(axes[0, k]) * dx + np.float32(axes[1, k]) * dy + np.float32(axes[2, k]) * dz for k in range(3)
        )
        return u, v, w

    def bean_level(self, u: Level, v: Level, w: Level) -> Level:
        """Level of the outer contour, in the kidney's own axes."""
        mean_bend = self.bend_per_mm * self.radii_mm[2] ** 2 / 5
        bent = u - np.float32(self.bend_per_mm) * w * w + np.float32(mean_bend)
        return ellipsoid_level(bent, v, w, self.radii_mm)

    def sinus_level(self, u: Level, v: Level, w: Level) -> Level:
        """Level of the renal sinus, in the kidney's own axes."""
        a, b, c = self.radii_mm
        return ellipsoid_level(u - np.float32(0.66 * a), v, w, (0.64 * a, 0.42 * b, 0.44 * c))

    def pelvis_level(self, u: Level, v: Level, w: Level) -> Level:
        """Level of the renal pelvis, which lies in the sinus and reaches out of the hilum."""
        a, b, c = self.radii_mm
        return ellipsoid_level(u - np.float32(0.95 * a), v, w + np.float32(0.03 * c), (0.58 * a, 0.31 * b, 0.33 * c))

    def parenchyma_level(self, x: Coordinates, y: Coordinates, z: Coordinates) -> Level:
        """Level of the parenchyma at patient points."""
        u, v, w = self.own_axes(x, y, z)
        level: Level = np.maximum(self.bean_level(u, v, w), -self.sinus_level(u, v, w))
        return level


def points_along(path_mm: Sequence[tuple[float, ...]], step_mm: float) -> NDArray[np.float64]:
    """Points every ``step_mm`` along a smooth curve through the given points (Catmull–Rom), shape (n, 3)."""
    knots = np.array([path_mm[0], *path_mm, path_mm[-1]], dtype=np.float64)
    pieces = []
    for p0, p1, p2, p3 in zip(knots[:-3], knots[1:-2], knots[2:-1], knots[3:], strict=True):
        t = np.linspace(0, 1, max(2, int(np.linalg.norm(p2 - p1) / step_mm) + 1), endpoint=False)[:, None]
        pieces.append(
            0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
        )
    return np.concatenate([*pieces, knots[-1:]])
