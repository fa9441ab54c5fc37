"""A small body of ellipsoids on a 2.5 mm grid, for a study that is written and computed in seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import VolumeGeometry
from tests.study.plan import StudyPlan
from tests.study.subject import Subject, anatomy_of, generator_of, place_lesions

VOXEL_MM = 2.5
PADDING = 10
KIDNEY_LEFT, KIDNEY_RIGHT, LIVER, SPLEEN, BOWEL, BONE, FAT, MUSCLE, LUNG = range(1, 10)
SHAPE = (96, 80, 120)
# Centre and radii (x, y, z) in mm, painted in this order; the origin is the middle of the body.
_ELLIPSOIDS = (
    (FAT, (0, 0, 0), (145, 96, 400)),
    (MUSCLE, (0, 0, 0), (132, 84, 400)),
    (LUNG, (75, 0, 135), (48, 60, 50)),
    (LUNG, (-75, 0, 150), (45, 55, 50)),
    (LIVER, (-60, -8, 40), (62, 62, 66)),
    (SPLEEN, (88, 30, 48), (28, 38, 46)),
    (BOWEL, (20, -40, -60), (70, 26, 40)),
    (BOWEL, (-92, 10, -62), (20, 22, 34)),
    (KIDNEY_LEFT, (62, 36, -18), (27, 24, 54)),
    (KIDNEY_RIGHT, (-62, 38, -36), (26, 25, 52)),
    (BONE, (0, 52, 0), (20, 17, 400)),
)
_HU = {FAT: -98, MUSCLE: 50, LUNG: -820, LIVER: 60, SPLEEN: 48, BOWEL: 30, KIDNEY_LEFT: 34, KIDNEY_RIGHT: 34, BONE: 320}
ORGANS = {"Kidney L": KIDNEY_LEFT, "Kidney R": KIDNEY_RIGHT, "Liver": LIVER, "Spleen": SPLEEN}
LESION_ML = (24.0, 8.0)


def _grid(padding: int) -> VolumeGeometry:
    shape = tuple(n + 2 * padding for n in SHAPE)
    half = (np.array(shape)[::-1] - 1) / 2 * VOXEL_MM
    directions = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    return VolumeGeometry((shape[0], shape[1], shape[2]), -half, (VOXEL_MM,) * 3, directions)


def small_subject(plan: StudyPlan) -> Subject:
    """The body, with two lesions in its liver and vertebrae that differ, so that it can be aligned along its axis."""
    geometry = _grid(0)
    index = np.indices(SHAPE)
    x, y, z = np.moveaxis(geometry.index_to_point(np.moveaxis(index, 0, -1)), -1, 0)
    labels = np.zeros(SHAPE, np.uint8)
    for label, (cx, cy, cz), (rx, ry, rz) in _ELLIPSOIDS:
        inside = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 < 1
        labels[inside & ((labels > 0) | (label == FAT))] = label
    hu = np.full(256, -1000.0, np.float32)
    for label, value in _HU.items():
        hu[label] = value
    image: NDArray[np.float32] = hu[labels]
    discs = (labels == BONE) & (np.mod(z, 32) < 9)
    image[discs] = 80
    texture = ndimage.gaussian_filter(generator_of(plan, "texture").standard_normal(SHAPE), 2.5)
    image[labels > 0] += (12 / texture.std() * texture[labels > 0]).astype(np.float32)
    whole = np.pad(labels, PADDING)
    fine = _grid(PADDING)
    depth = np.pad(ndimage.distance_transform_edt(labels == LIVER, sampling=geometry.spacing_mm), PADDING)
    lesions, masks = place_lesions(fine, depth, LESION_ML, generator_of(plan, "lesions"))
    for label, mask in masks.items():
        whole[mask] = label
    rest = {FAT: 0.35, MUSCLE: 1.0, LUNG: 0.35, BONE: 1.2, BOWEL: 1.0}
    return Subject(
        anatomy_of(whole, fine, ORGANS, lesions), image, geometry, labels == BOWEL, {"bowel": (BOWEL,)}, rest
    )
