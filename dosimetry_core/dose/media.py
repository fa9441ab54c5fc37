"""Tissues a decay can happen in, as far as the bundled point kernels tell them apart, and their map over voxels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.dose.point_kernel import SOFT_TISSUE as SOFT_TISSUE_TABLE

Medium = Literal["soft-tissue", "lung", "bone"]
SOFT_TISSUE: Final = "soft-tissue"
LUNG: Final = "lung"
BONE: Final = "bone"
MEDIA: Final[tuple[Medium, ...]] = (SOFT_TISSUE, LUNG, BONE)
KERNEL_TABLES: Final[dict[str, str]] = {
    SOFT_TISSUE: SOFT_TISSUE_TABLE,
    LUNG: "lung_0p30",
    BONE: "bone_cortical_1p92",
}

OUTSIDE: Final = 0
"""Code of voxels that are no tissue: air around the body, gas in it."""
CODES: Final[dict[str, int]] = {medium: number for number, medium in enumerate(MEDIA, start=1)}

AIR_BELOW_G_PER_ML: Final = 0.05
LUNG_BELOW_G_PER_ML: Final = 0.60
BONE_ABOVE_G_PER_ML: Final = 1.15


def medium_codes_of_density(density_g_per_ml: NDArray[Any]) -> NDArray[np.uint8]:
    """Medium of each voxel as its density says.

    Below 0.05 g/mL no tissue (inflated lung is 0.1 to 0.4, air 0.001); below 0.60 lung; above 1.15 bone (muscle,
    liver, skin and cartilage are 1.05 to 1.10, spongiosa is 1.18, cortical bone 1.92; ICRP 110, ICRU 46).
    """
    limits = np.array([AIR_BELOW_G_PER_ML, LUNG_BELOW_G_PER_ML, BONE_ABOVE_G_PER_ML])
    codes = np.array([OUTSIDE, CODES[LUNG], CODES[SOFT_TISSUE], CODES[BONE]], dtype=np.uint8)
    found: NDArray[np.uint8] = codes[np.searchsorted(limits, density_g_per_ml, side="right")]
    return found


def media_map(
    density_g_per_ml: NDArray[Any], labels: NDArray[Any], label_media: Mapping[int, Medium]
) -> NDArray[np.uint8]:
    """Medium code of each voxel: that of its label, and for label 0 what its density says.

    Raises
    ------
    ValueError
        If a label that occurs has no medium.
    """
    codes = medium_codes_of_density(density_g_per_ml)
    for label in np.unique(labels):
        if label == 0:
            continue
        if int(label) not in label_media:
            raise ValueError(f"label {label} has no medium")
        codes[labels == label] = CODES[label_media[int(label)]]
    return codes
