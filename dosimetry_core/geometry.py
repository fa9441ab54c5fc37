"""Where voxels are: index ↔ patient position, and rigid motion between time points.

Index order is (slice, row, column); points are (x, y, z) in mm in the DICOM patient system (x to the patient's left,
y to the back, z to the head). Only this module converts between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dosimetry_core.frozen import read_only
from dosimetry_core.units import volume_ml_from_mm3

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VolumeGeometry:
    """A regular grid in patient space.

    Parameters
    ----------
    shape
        Numbers of (slices, rows, columns).
    origin_mm
        Centre of voxel (0, 0, 0), shape (3,), (x, y, z) in mm.
    spacing_mm
        Distances between voxel centres along (slice, row, column), positive.
    directions
        Shape (3, 3); column k is the unit vector (x, y, z) along which index k grows. Orthonormal; either handedness.

    Raises
    ------
    ValueError
        If a size is not positive or the directions are not orthonormal.
    """

    shape: tuple[int, int, int]
    origin_mm: FloatArray
    spacing_mm: tuple[float, float, float]
    directions: FloatArray

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        spacing = tuple(float(s) for s in self.spacing_mm)
        origin = np.array(self.origin_mm, dtype=np.float64)
        directions = np.array(self.directions, dtype=np.float64)
        if len(shape) != 3 or min(shape) < 1:
            raise ValueError(f"shape must be three positive numbers, not {self.shape}")
        if len(spacing) != 3 or not all(np.isfinite(spacing)) or min(spacing) <= 0:
            raise ValueError(f"spacing must be three positive lengths in mm, not {self.spacing_mm}")
        if origin.shape != (3,) or not np.all(np.isfinite(origin)):
            raise ValueError("origin must be three finite lengths in mm")
        if directions.shape != (3, 3) or not np.allclose(directions.T @ directions, np.eye(3), atol=1e-4):
            raise ValueError("directions must be orthonormal")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "spacing_mm", spacing)
        object.__setattr__(self, "origin_mm", read_only(origin))
        object.__setattr__(self, "directions", read_only(directions))

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in mL."""
        return volume_ml_from_mm3(float(np.prod(self.spacing_mm)))

    @property
    def index_to_point_matrix(self) -> FloatArray:
        """Shape (4, 4): maps (slice, row, column, 1) to (x, y, z, 1)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.directions * np.array(self.spacing_mm)
        matrix[:3, 3] = self.origin_mm
        return matrix

    def index_to_point(self, index: ArrayLike) -> FloatArray:
        """Patient points (…, 3) in mm of fractional indices (…, 3); integer indices are voxel centres."""
        array = np.asarray(index, dtype=np.float64)
        points: FloatArray = (array * np.array(self.spacing_mm)) @ self.directions.T + self.origin_mm
        return points

    def point_to_index(self, point_mm: ArrayLike) -> FloatArray:
        """Fractional indices (…, 3) of patient points (…, 3) in mm."""
        array = np.asarray(point_mm, dtype=np.float64)
        index: FloatArray = ((array - self.origin_mm) @ self.directions) / np.array(self.spacing_mm)
        return index

    def centre_mm(self) -> FloatArray:
        """Patient point in the middle of the grid."""
        return self.index_to_point((np.array(self.shape) - 1) / 2)

    def cropped(self, start: tuple[int, int, int], shape: tuple[int, int, int]) -> VolumeGeometry:
        """Grid of the box of ``shape`` voxels that begins at index ``start``."""
        return VolumeGeometry(shape, self.index_to_point(start), self.spacing_mm, self.directions)

    def is_same_grid(self, other: VolumeGeometry, *, tolerance_mm: float = 1e-3) -> bool:
        """Whether both grids have equal shapes and voxel centres within the tolerance."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape], indexing="ij")).reshape(3, -1).T
        return bool(np.abs(self.index_to_point(corners) - other.index_to_point(corners)).max() <= tolerance_mm)


@dataclass(frozen=True, eq=False)
class RigidTransform:
    """Rotation and translation: point' = rotation · point + translation.

    Parameters
    ----------
    rotation
        Shape (3, 3), proper orthonormal.
    translation_mm
        Shape (3,).
    """

    rotation: FloatArray
    translation_mm: FloatArray

    def __post_init__(self) -> None:
        rotation = np.array(self.rotation, dtype=np.float64)
        translation = np.array(self.translation_mm, dtype=np.float64)
        if rotation.shape != (3, 3) or not np.allclose(rotation.T @ rotation, np.eye(3), atol=1e-6):
            raise ValueError("rotation must be an orthonormal 3 × 3 matrix")
        if np.linalg.det(rotation) < 0:
            raise ValueError("rotation must not mirror")
        if translation.shape != (3,) or not np.all(np.isfinite(translation)):
            raise ValueError("translation must be three finite lengths in mm")
        object.__setattr__(self, "rotation", read_only(rotation))
        object.__setattr__(self, "translation_mm", read_only(translation))

    @staticmethod
    def identity() -> RigidTransform:
        """The transform that moves nothing."""
        return RigidTransform(np.eye(3), np.zeros(3))

    @staticmethod
    def from_rotation_vector(
        rotation_rad: ArrayLike, translation_mm: ArrayLike, *, centre_mm: ArrayLike = (0, 0, 0)
    ) -> RigidTransform:
        """Rotation by the vector (axis × angle in rad) about a centre, then translation (Rodrigues' formula)."""
        vector = np.asarray(rotation_rad, dtype=np.float64)
        angle = float(np.linalg.norm(vector))
        rotation = np.eye(3)
        if angle > 0:
            x, y, z = vector / angle
            cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
            rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
        centre = np.asarray(centre_mm, dtype=np.float64)
        return RigidTransform(rotation, centre + np.asarray(translation_mm, dtype=np.float64) - rotation @ centre)

    def apply(self, point_mm: ArrayLike) -> FloatArray:
        """Moved points, shape (…, 3) in mm."""
        return np.asarray(point_mm, dtype=np.float64) @ self.rotation.T + self.translation_mm

    def inverse(self) -> RigidTransform:
        """The transform that undoes this one."""
        return RigidTransform(self.rotation.T, -self.rotation.T @ self.translation_mm)

    def after(self, first: RigidTransform) -> RigidTransform:
        """The transform that applies ``first`` and then this one."""
        return RigidTransform(self.rotation @ first.rotation, self.apply(first.translation_mm))

    @property
    def angle_rad(self) -> float:
        """Size of the rotation."""
        return float(np.arccos(np.clip((np.trace(self.rotation) - 1) / 2, -1.0, 1.0)))
