"""Bodies that can be displaced: the small numerical torso, virtual patients, and the real trunk."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.virtual_patient.anatomy import voxelise
from dosimetry_core.virtual_patient.body import draw_body
from dosimetry_core.virtual_patient.canvas import KIDNEY_LEFT_TISSUES, KIDNEY_RIGHT_TISSUES
from dosimetry_core.virtual_patient.ct import ct_number_map, tissue_texture
from dosimetry_core.virtual_patient.seeding import Seed
from tests.displacements import DisplacedSubject
from tests.dosimetry_core.bodies import Body, grid, points_of

KIDNEY_LABELS_OF_MASKS = (2, 3)
_KIDNEY_POINTS = 4_000


def _thinned(points: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return points[:: max(1, len(points) // _KIDNEY_POINTS)]


def torso_subject() -> DisplacedSubject:
    """The numerical torso of the registration tests."""
    geometry = grid((110, 130, 180), (2.5, 2.0, 2.0), (0.0, 0.0, 5.0))
    points = points_of(geometry)
    body = Body()
    parts = body.parts(points)
    hu = ndimage.gaussian_filter(body.ct_numbers(points).astype(np.float32), 0.4)
    kidneys = points[parts["kidney left"] | parts["kidney right"]]
    return DisplacedSubject("torso", hu, geometry, _thinned(kidneys))


def virtual_subject(number: int) -> DisplacedSubject:
    """A virtual patient, each number another body, thinned to 2.5 mm."""
    seed = Seed(number)
    anatomy = voxelise(draw_body(seed), seed)
    hu = ct_number_map(anatomy, tissue_texture(anatomy.geometry.shape, seed))
    a, b, c = (n // 2 * 2 for n in hu.shape)
    hu = hu[:a, :b, :c].reshape(a // 2, 2, b // 2, 2, c // 2, 2).mean(axis=(1, 3, 5), dtype=np.float32)
    fine = anatomy.geometry
    geometry = VolumeGeometry(
        hu.shape, fine.index_to_point((0.5, 0.5, 0.5)), tuple(2 * s for s in fine.spacing_mm), fine.directions
    )
    inside = np.isin(anatomy.labels, [int(t) for t in (*KIDNEY_LEFT_TISSUES, *KIDNEY_RIGHT_TISSUES)])
    return DisplacedSubject(
        f"virtual patient {number}", hu, geometry, _thinned(fine.index_to_point(np.argwhere(inside)))
    )


def real_subject_of(folder: Path) -> DisplacedSubject:
    """The real trunk with its kidney masks."""
    sitk: Any = importlib.import_module("SimpleITK")
    image, masks = (sitk.ReadImage(str(folder / name)) for name in ("example_ct.nii.gz", "labels.nii.gz"))
    hu = sitk.GetArrayFromImage(image).astype(np.float32)
    directions = np.array(image.GetDirection()).reshape(3, 3)[:, ::-1]
    geometry = VolumeGeometry(hu.shape, image.GetOrigin(), image.GetSpacing()[::-1], directions)
    inside = np.isin(sitk.GetArrayFromImage(masks), KIDNEY_LABELS_OF_MASKS)
    return DisplacedSubject("real trunk", hu, geometry, _thinned(geometry.index_to_point(np.argwhere(inside))))
