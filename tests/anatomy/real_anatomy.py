"""A real trunk as a subject: CT and organ masks from the folder that LUTETIA_ANATOMY points to."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import VolumeGeometry
from tests.study.plan import StudyPlan
from tests.study.subject import Subject, anatomy_of, generator_of, place_lesions

sitk: Any = importlib.import_module("SimpleITK")

FINE_PER_VOXEL = 2
PADDING = 18
"""Fine voxels of air around the trunk, so that nothing blurred is cut off."""
# Labels of the masks (see the README beside them); 0 is whatever has none.
SPLEEN, KIDNEY_RIGHT, KIDNEY_LEFT, GALLBLADDER, LIVER = 1, 2, 3, 4, 5
SMALL_BOWEL, DUODENUM, COLON, BLADDER = 18, 19, 20, 21
LUNGS = (10, 11, 14)
VESSELS = (52, 63, 64, 65, 66, 67, 68)
VERTEBRAE = tuple(range(25, 34))
SOFT_TISSUE, FAT, RIGHT_COLON, ACTIVE_SMALL_BOWEL = 240, 241, 242, 243
BODY_ABOVE_HU, FAT_BELOW_HU = -300.0, -30.0
LESION_ML = (20.0, 9.0, 5.5, 3.0)
ORGANS = {"Kidney L": KIDNEY_LEFT, "Kidney R": KIDNEY_RIGHT, "Liver": LIVER, "Spleen": SPLEEN}


def _read(path: Path) -> tuple[NDArray[Any], VolumeGeometry]:
    image = sitk.ReadImage(str(path))
    values = sitk.GetArrayFromImage(image)
    directions = np.array(image.GetDirection()).reshape(3, 3)[:, ::-1]
    return values, VolumeGeometry(values.shape, image.GetOrigin(), image.GetSpacing()[::-1], directions)


def real_subject(folder: Path, plan: StudyPlan) -> Subject:
    """The trunk with lesions in its liver, hot bowel and gallbladder."""
    hu, geometry = _read(folder / "example_ct.nii.gz")
    labels, same = _read(folder / "labels.nii.gz")
    if not geometry.is_same_grid(same):
        raise ValueError("CT and masks lie on different grids")
    hu = hu.astype(np.float32)
    body = ndimage.binary_opening(hu > BODY_ABOVE_HU, np.ones((1, 3, 3), bool), iterations=2)
    parts, _ = ndimage.label(body)
    body = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    body = np.stack([ndimage.binary_fill_holes(plane) for plane in body])
    labels = labels.astype(np.uint8)
    labels[~body] = 0
    labels[body & (labels == 0)] = np.where(hu[body & (labels == 0)] < FAT_BELOW_HU, FAT, SOFT_TISSUE)
    _, _, column = np.indices(labels.shape, sparse=True)
    right = (
        geometry.index_to_point(np.stack(np.broadcast_arrays(0, 0, column), axis=-1))[..., 0] < geometry.centre_mm()[0]
    )
    labels[(labels == COLON) & right] = RIGHT_COLON
    patches = ndimage.gaussian_filter(generator_of(plan, "bowel").standard_normal(labels.shape), 4)
    labels[(labels == SMALL_BOWEL) & (patches > 0.3 * patches.std())] = ACTIVE_SMALL_BOWEL
    bowel = np.isin(labels, (COLON, RIGHT_COLON, SMALL_BOWEL, ACTIVE_SMALL_BOWEL))
    fine = np.pad(labels.repeat(FINE_PER_VOXEL, 0).repeat(FINE_PER_VOXEL, 1).repeat(FINE_PER_VOXEL, 2), PADDING)
    spacing = tuple(s / FINE_PER_VOXEL for s in geometry.spacing_mm)
    origin = geometry.index_to_point(np.full(3, (1 / FINE_PER_VOXEL - 1) / 2 - PADDING / FINE_PER_VOXEL))
    fine_geometry = VolumeGeometry(fine.shape, origin, spacing, geometry.directions)
    depth = _depth_mm(fine == LIVER, spacing)
    lesions, masks = place_lesions(fine_geometry, depth, LESION_ML, generator_of(plan, "lesions"))
    for label, mask in masks.items():
        fine[mask] = label
    rest = {label: 1.0 for label in np.unique(fine).tolist() if label and label < 200}
    rest |= {SOFT_TISSUE: 1.0, FAT: 0.35, RIGHT_COLON: 1.0, ACTIVE_SMALL_BOWEL: 1.0}
    rest |= dict.fromkeys(LUNGS, 0.35) | dict.fromkeys(VESSELS, 1.8) | dict.fromkeys(VERTEBRAE, 1.3)
    for label in (*ORGANS.values(), *masks):
        rest.pop(label, None)
    rest = {label: weight for label, weight in rest.items() if (fine == label).any()}
    hot = {"right colon": (RIGHT_COLON,), "small bowel": (ACTIVE_SMALL_BOWEL,), "gallbladder": (GALLBLADDER,)}
    return Subject(anatomy_of(fine, fine_geometry, ORGANS, lesions), hu, geometry, bowel, hot, rest)


def _depth_mm(organ: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Distance from outside the organ, computed in its box."""
    spans = [np.flatnonzero(organ.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    box = tuple(slice(int(s[0]) - 1, int(s[-1]) + 2) for s in spans)
    depth = np.zeros(organ.shape)
    depth[box] = ndimage.distance_transform_edt(organ[box], sampling=spacing_mm)
    return depth
