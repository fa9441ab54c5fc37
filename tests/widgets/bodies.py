"""Small synthetic body for the image widgets."""

from __future__ import annotations

import numpy as np

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import VoiMask
from dosimetry_core.volume import Volume
from widgets.slice_picture import Layer
from widgets.voi_shown import VoiShown

AXIAL = np.eye(3)[:, ::-1]
GRID = VolumeGeometry((40, 96, 112), np.array([-112.0, -96.0, -60.0]), (3.0, 2.0, 2.0), AXIAL)
RIGHT_KIDNEY_MM = GRID.index_to_point((21, 63, 31))


def points(geometry: VolumeGeometry) -> np.ndarray:
    return geometry.index_to_point(np.moveaxis(np.indices(geometry.shape), 0, -1))


def ct(geometry: VolumeGeometry = GRID) -> Volume:
    """Water ellipse in air with a bone-dense ball at the right kidney's place."""
    place = points(geometry) - GRID.centre_mm()
    values = np.where((place[..., 0] / 95) ** 2 + (place[..., 1] / 70) ** 2 < 1, 20, -1000)
    values[np.linalg.norm(points(geometry) - RIGHT_KIDNEY_MM, axis=-1) < 20] = 800
    return Volume(values.astype(np.int16), geometry, "ct_number_hu")


def spect(move: RigidTransform | None = None) -> Layer:
    """A linear ramp of 1 kBq/mL per mm along each axis of the reference frame, seen displaced."""
    move = move or RigidTransform.identity()
    grid = VolumeGeometry((48, 64, 72), move.apply(GRID.centre_mm()) - [142, 126, 94], (4.0, 4.0, 4.0), AXIAL)
    place = move.inverse().apply(points(grid))
    values = 1e6 + 1e3 * (place[..., 0] + 2 * place[..., 1] + 3 * place[..., 2])
    return Layer(Volume(values.astype(np.float32), grid, "activity_concentration_bq_per_ml"), move)


def kidney(radius_mm: float = 20.0, *, voi_id: str = "v1", colour: str = "#58d8f5") -> VoiShown:
    inside = np.linalg.norm(points(GRID) - RIGHT_KIDNEY_MM, axis=-1) < radius_mm
    return VoiShown(voi_id, "Kidney R", VoiMask.from_array(GRID, inside), colour)
