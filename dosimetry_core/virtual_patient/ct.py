"""CT of the demonstration patient: tissue to CT numbers, rendered where the patient lies, with noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.virtual_patient.anatomy import Anatomy
from dosimetry_core.virtual_patient.canvas import Tissue
from dosimetry_core.virtual_patient.sampling import sample
from dosimetry_core.virtual_patient.seeding import Seed

AIR_HU = -1000.0
# CT number and standard deviation of its texture in HU at 120 kV without contrast medium; round textbook values.
CT_NUMBERS: dict[int, tuple[float, float]] = {
    Tissue.AIR: (AIR_HU, 0.0),
    Tissue.FAT: (-98.0, 9.0),
    Tissue.MUSCLE: (52.0, 9.0),
    Tissue.LUNG: (-845.0, 38.0),
    Tissue.BLOOD: (42.0, 3.0),
    Tissue.SPONGY_BONE: (190.0, 45.0),
    Tissue.CORTICAL_BONE: (720.0, 90.0),
    Tissue.DISC: (85.0, 8.0),
    Tissue.SPINAL_CANAL: (28.0, 3.0),
    Tissue.BOWEL: (38.0, 14.0),
    Tissue.ACTIVE_BOWEL: (26.0, 26.0),
    Tissue.GAS: (-930.0, 15.0),
    Tissue.STOMACH: (24.0, 10.0),
    Tissue.PANCREAS: (38.0, 12.0),
    Tissue.GALLBLADDER: (8.0, 2.0),
    Tissue.CARTILAGE: (115.0, 15.0),
    Tissue.PELVIS_LEFT: (8.0, 2.0),
    Tissue.PELVIS_RIGHT: (8.0, 2.0),
    Tissue.LIVER: (58.0, 4.0),
    Tissue.SPLEEN: (50.0, 3.0),
    Tissue.CORTEX_LEFT: (36.0, 3.0),
    Tissue.MEDULLA_LEFT: (29.0, 3.0),
    Tissue.CORTEX_RIGHT: (36.0, 3.0),
    Tissue.MEDULLA_RIGHT: (29.0, 3.0),
}
LESION_HU = {"liver": (36.0, 4.0), "lymph node": (44.0, 4.0), "bone": (74.0, 8.0)}
SOFTENING_MM = 0.7
"""Standard deviation of the CT's own blur."""


def tissue_texture(shape: tuple[int, ...], seed: Seed) -> NDArray[np.float32]:
    """Smooth random field of unit standard deviation, correlated over about 7 mm."""
    coarse_shape = tuple(-(-n // 3) + 2 for n in shape)
    coarse = seed.generator("texture").standard_normal(coarse_shape, dtype=np.float32)
    coarse = ndimage.gaussian_filter(coarse, 0.8)
    fine = ndimage.zoom(coarse / coarse.std(), 3, order=1)[tuple(slice(0, n) for n in shape)]
    return np.ascontiguousarray(fine, dtype=np.float32)


def ct_number_map(anatomy: Anatomy, texture: NDArray[np.float32]) -> NDArray[np.float32]:
    """CT numbers in HU on the body grid, noise-free; ``texture`` from `tissue_texture`."""
    mean, spread = np.zeros(256, np.float32), np.zeros(256, np.float32)
    for label, facts in CT_NUMBERS.items():
        mean[label], spread[label] = facts
    for number, lesion in enumerate(anatomy.lesions):
        mean[Tissue.LESION + number], spread[Tissue.LESION + number] = LESION_HU[lesion.site]
    values = mean[anatomy.labels]
    values += spread[anatomy.labels] * texture
    ndimage.gaussian_filter(values, SOFTENING_MM / anatomy.geometry.spacing_mm[0], output=values, truncate=3.0)
    return values


def ct_image(
    numbers: NDArray[np.float32],
    body: VolumeGeometry,
    grid: VolumeGeometry,
    scanner_from_body: RigidTransform,
    *,
    noise_hu: float,
    generator: np.random.Generator,
) -> NDArray[np.int16]:
    """CT slices in HU, shape of ``grid``: the map where the patient lies, with in-plane correlated noise."""
    values, box = sample(numbers, body, grid, scanner_from_body, order=1, outside=AIR_HU)
    image = np.full(grid.shape, AIR_HU, np.float32)
    image[box] = values
    for plane in image:
        noise = generator.standard_normal(plane.shape, dtype=np.float32)
        noise = ndimage.uniform_filter(noise, 2)
        plane += np.float32(noise_hu * 2) * noise  # the mean of 2 × 2 has half the standard deviation
    np.clip(image, -1024, 3071, out=image)
    return np.rint(image, out=image).astype(np.int16)
