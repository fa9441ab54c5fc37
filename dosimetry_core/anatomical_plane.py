"""Anatomical planes of a grid: which grid axis is which way on the screen, by the radiological convention.

Axial slices are seen from the feet (patient right on the left, anterior up), coronal ones from the front (right on the
left, head up), sagittal ones with anterior on the left and the head up. Planes are those of the grid itself; where the
grid is oblique to the patient the nearest axes are taken and the letters say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dosimetry_core.geometry import VolumeGeometry

Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = get_args(Plane)

# Patient axes (x to the left, y to the back, z to the head): normal, the axis shown downwards with its sign, the axis
# shown to the right with its sign.
_SCREEN: dict[Plane, tuple[int, tuple[int, int], tuple[int, int]]] = {
    "axial": (2, (1, +1), (0, +1)),
    "coronal": (1, (2, -1), (0, +1)),
    "sagittal": (0, (2, -1), (1, +1)),
}
_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
# Sine of the tilt (about 6 degrees) above which a second orientation letter is shown.
_OBLIQUE_SINE = 0.1


def direction_letters(direction: ArrayLike) -> str:
    """Letters of a direction in the patient system, the main one first: ``"L"``, ``"LA"``, ``"S"``.

    Parameters
    ----------
    direction
        Unit vector (x, y, z).
    """
    vector = np.asarray(direction, dtype=np.float64)
    order = np.argsort(-np.abs(vector), kind="stable")
    return "".join(_LETTERS[axis][1 if vector[axis] > 0 else 0] for axis in order if abs(vector[axis]) > _OBLIQUE_SINE)


@dataclass(frozen=True, eq=False)
class PlaneAxes:
    """How one family of slices of a grid lies on the screen.

    Positions on a slice are (u, v) in mm from the upper left corner of the picture, u to the right and v downwards.

    Parameters
    ----------
    geometry, plane
        The grid and the family of slices.
    normal, vertical, horizontal
        Grid axes (0 slice, 1 row, 2 column) across the slices, downwards and to the right.
    vertical_flipped, horizontal_flipped
        Whether the index falls downwards, to the right.
    """

    geometry: VolumeGeometry
    plane: Plane
    normal: int
    vertical: int
    horizontal: int
    vertical_flipped: bool
    horizontal_flipped: bool

    @staticmethod
    def of(geometry: VolumeGeometry, plane: Plane) -> PlaneAxes:
        """Axes of a family of slices of any grid."""
        directions = geometry.directions
        # The assignment of grid axes to patient axes that fits best as a whole; unique even at 45 degrees.
        grid_axis = max(permutations(range(3)), key=lambda p: sum(abs(directions[k, p[k]]) for k in range(3)))
        normal, (down, down_sign), (right, right_sign) = _SCREEN[plane]
        return PlaneAxes(
            geometry,
            plane,
            grid_axis[normal],
            grid_axis[down],
            grid_axis[right],
            bool(directions[down, grid_axis[down]] * down_sign < 0),
            bool(directions[right, grid_axis[right]] * right_sign < 0),
        )

    @property
    def slice_count(self) -> int:
        """Number of slices of the family."""
        return self.geometry.shape[self.normal]

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Numbers of picture rows and columns."""
        return self.geometry.shape[self.vertical], self.geometry.shape[self.horizontal]

    @cached_property
    def spacing_mm(self) -> tuple[float, float]:
        """Distances between picture rows and between picture columns."""
        return self.geometry.spacing_mm[self.vertical], self.geometry.spacing_mm[self.horizontal]

    @cached_property
    def size_mm(self) -> tuple[float, float]:
        """Width and height of the picture."""
        return self.shape[1] * self.spacing_mm[1], self.shape[0] * self.spacing_mm[0]

    def slice_position(self, point_mm: ArrayLike) -> float:
        """Fractional slice index of a patient point."""
        return float(self.geometry.point_to_index(point_mm)[..., self.normal])

    def nearest_slice(self, point_mm: ArrayLike) -> int:
        """Index of the slice nearest to a patient point, limited to the grid."""
        return int(min(max(round(self.slice_position(point_mm)), 0), self.slice_count - 1))

    def picture_mm(self, point_mm: ArrayLike) -> NDArray[np.float64]:
        """Positions (…, 2), (u, v) in mm, of patient points (…, 3)."""
        return self.picture_mm_of_index(self.geometry.point_to_index(point_mm))

    def picture_mm_of_index(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions (…, 2), (u, v) in mm, of fractional indices (…, 3) on the grid."""
        u = self._along(index[..., self.horizontal], self.horizontal, self.horizontal_flipped)
        v = self._along(index[..., self.vertical], self.vertical, self.vertical_flipped)
        return np.stack([u, v], axis=-1)

    def _along(self, index: NDArray[np.float64], axis: int, flipped: bool) -> NDArray[np.float64]:
        steps = self.geometry.shape[axis] - 1 - index if flipped else index
        return (steps + 0.5) * self.geometry.spacing_mm[axis]

    def patient_point(self, u_mm: ArrayLike, v_mm: ArrayLike, slice_index: ArrayLike) -> NDArray[np.float64]:
        """Patient points (…, 3) of positions on slices."""
        u, v, k = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (u_mm, v_mm, slice_index)))
        index = np.empty((*u.shape, 3))
        index[..., self.normal] = k
        for value, axis, flipped in (
            (u, self.horizontal, self.horizontal_flipped),
            (v, self.vertical, self.vertical_flipped),
        ):
            steps = value / self.geometry.spacing_mm[axis] - 0.5
            index[..., axis] = self.geometry.shape[axis] - 1 - steps if flipped else steps
        return self.geometry.index_to_point(index)

    def picture(self, values: NDArray[Any], slice_index: int) -> NDArray[Any]:
        """View of one slice of an array on the grid, as rows and columns of the picture."""
        plane = values[tuple(slice_index if axis == self.normal else slice(None) for axis in range(3))]
        rows_first = self.vertical < self.horizontal
        plane = plane if rows_first else plane.T
        return plane[:: -1 if self.vertical_flipped else 1, :: -1 if self.horizontal_flipped else 1]

    def picture_to_index_matrix(self, slice_index: float) -> NDArray[np.float64]:
        """Shape (4, 3): maps (v, u, 1) in mm of a slice to (slice, row, column, 1) on the grid."""
        matrix = np.zeros((4, 3))
        matrix[3, 2] = 1
        matrix[self.normal, 2] = slice_index
        for column, axis, flipped in (
            (0, self.vertical, self.vertical_flipped),
            (1, self.horizontal, self.horizontal_flipped),
        ):
            sign = -1 if flipped else 1
            matrix[axis, column] = sign / self.geometry.spacing_mm[axis]
            matrix[axis, 2] = self.geometry.shape[axis] - 0.5 if flipped else -0.5
        return matrix

    def letters(self) -> tuple[str, str, str, str]:
        """Orientation letters at the left, right, top and bottom of the picture."""
        return self._letters

    @cached_property
    def _letters(self) -> tuple[str, str, str, str]:
        right = self.geometry.directions[:, self.horizontal] * (-1 if self.horizontal_flipped else 1)
        down = self.geometry.directions[:, self.vertical] * (-1 if self.vertical_flipped else 1)
        return (
            direction_letters(-right),
            direction_letters(right),
            direction_letters(-down),
            direction_letters(down),
        )
