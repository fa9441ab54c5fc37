"""SPECT of the demonstration patient: activity in the body to a blurred, noisy reconstruction.

Chain: activity per tissue on a 2.5 mm grid in the body frame → Gaussian point spread of the reconstruction → the
patient where he lies → means over the SPECT voxels → correlated noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.virtual_patient.anatomy import Anatomy
from dosimetry_core.virtual_patient.canvas import Box, Tissue
from dosimetry_core.virtual_patient.sampling import sample

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
BLOCK = 2
"""Body voxels per fine voxel and axis: 2 · 1.25 mm."""
PADDING = 8
"""Fine voxels of air added on every side, so that nothing blurred is cut off."""
# Relative concentration of the rest of the body by tissue; no measured values, only what looks like a patient.
REST_WEIGHT: dict[int, float] = {
    Tissue.FAT: 0.35,
    Tissue.MUSCLE: 1.0,
    Tissue.LUNG: 0.35,
    Tissue.BLOOD: 1.8,
    Tissue.SPONGY_BONE: 1.3,
    Tissue.CORTICAL_BONE: 0.4,
    Tissue.DISC: 0.5,
    Tissue.SPINAL_CANAL: 0.5,
    Tissue.BOWEL: 1.4,
    Tissue.ACTIVE_BOWEL: 1.0,
    Tissue.STOMACH: 1.1,
    Tissue.PANCREAS: 1.8,
    Tissue.GALLBLADDER: 1.0,
    Tissue.CARTILAGE: 0.5,
}
NOISE_CORRELATION_FWHM_MM = 8.5
NOISE_EXPONENT = 0.4
"""Relative noise grows as (reference / concentration) to this power, a little less than counting statistics (0.5)."""
LARGEST_LOG_NOISE = 0.5


@dataclass(frozen=True, eq=False)
class Compartment:
    """Where a unit of activity sits: density in 1/mL on a box of the fine grid; its sum times the voxel volume is 1."""

    box: Box
    density_per_ml: NDArray[np.float32]


def _fine_geometry(body: VolumeGeometry) -> VolumeGeometry:
    shape = tuple(n // BLOCK + 2 * PADDING for n in body.shape)
    spacing = tuple(s * BLOCK for s in body.spacing_mm)
    origin = body.index_to_point(np.full(3, (BLOCK - 1) / 2 - PADDING * BLOCK))
    return VolumeGeometry((shape[0], shape[1], shape[2]), origin, (spacing[0], spacing[1], spacing[2]), body.directions)


def _block_mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    nz, ny, nx = (n // BLOCK for n in values.shape)
    mean: NDArray[np.float32] = values.reshape(nz, BLOCK, ny, BLOCK, nx, BLOCK).mean(axis=(1, 3, 5), dtype=np.float32)
    return mean


class ActivityPhantom:
    """Compartments of one cycle's anatomy, and images of any activities in them.

    Parameters
    ----------
    anatomy
        With the lesions of the cycle.
    cortex_to_medulla
        Ratio of the concentrations in renal cortex and medulla; 1 for a uniform parenchyma.
    """

    def __init__(self, anatomy: Anatomy, cortex_to_medulla: float) -> None:
        self.geometry = _fine_geometry(anatomy.geometry)
        self._anatomy = anatomy
        self._boxes = ndimage.find_objects(anatomy.labels)
        self.compartments: dict[str, Compartment] = {}
        for name, tissues in anatomy.tissues.items():
            weights = dict.fromkeys(tissues, 1.0)
            if name.startswith("Kidney"):
                weights[tissues[0]] = cortex_to_medulla
            self.compartments[name] = self._compartment(weights)
        self.compartments["renal pelvis L"] = self._compartment({int(Tissue.PELVIS_LEFT): 1.0})
        self.compartments["renal pelvis R"] = self._compartment({int(Tissue.PELVIS_RIGHT): 1.0})
        self.compartments["bowel"] = self._compartment({int(Tissue.ACTIVE_BOWEL): 1.0})
        self.compartments["rest"] = self._compartment({int(k): v for k, v in REST_WEIGHT.items()})

    def _compartment(self, weights: Mapping[int, float]) -> Compartment:
        """Density ∝ weight in the voxels of each label."""
        parts = [self._boxes[label - 1] for label in weights]
        even = tuple(
            slice(min(p[k].start for p in parts) // BLOCK * BLOCK, -(-max(p[k].stop for p in parts) // BLOCK) * BLOCK)
            for k in range(3)
        )
        table = np.zeros(256, np.float32)
        for label, weight in weights.items():
            table[label] = weight
        density = _block_mean(table[self._anatomy.labels[even]])
        density /= np.float32(density.sum(dtype=np.float64) * self.geometry.voxel_volume_ml)
        fine = tuple(slice(p.start // BLOCK + PADDING, p.stop // BLOCK + PADDING) for p in even)
        return Compartment((fine[0], fine[1], fine[2]), density)

    def concentration(self, activity_bq: Mapping[str, float]) -> NDArray[np.float32]:
        """Activity concentration in Bq/mL on the fine grid."""
        if set(activity_bq) != set(self.compartments):
            raise ValueError("every compartment needs its activity, and no other")
        values = np.zeros(self.geometry.shape, np.float32)
        for name, compartment in self.compartments.items():
            values[compartment.box] += np.float32(activity_bq[name]) * compartment.density_per_ml
        return values

    def coverage(self, name: str) -> NDArray[np.float32]:
        """Fraction of each fine voxel that a VOI fills (liver without its lesions)."""
        values = np.zeros(self.geometry.shape, np.float32)
        box = self.compartments[name].box
        part = tuple(slice((p.start - PADDING) * BLOCK, (p.stop - PADDING) * BLOCK) for p in box)
        inside = np.isin(self._anatomy.labels[part], self._anatomy.tissues[name])
        values[box] = _block_mean(inside.astype(np.float32))
        return values


def spect_mean_concentration(
    concentration_bq_per_ml: NDArray[np.float32],
    fine: VolumeGeometry,
    grid: VolumeGeometry,
    scanner_from_body: RigidTransform,
    fwhm_mm: float,
) -> NDArray[np.float32]:
    """Noise-free reconstruction: blurred concentration averaged over each SPECT voxel, in Bq/mL.

    Notes
    -----
    The mean over a voxel of width h is taken over 2 × 2 × 2 points h/2 apart, whose variance h²/16 is short of the
    voxel's h²/12 by h²/48; the fine grid itself is a box of width d, variance d²/12. Both are put into the Gaussian,
    so that point spread and voxel together have the variance fwhm²/(8 ln 2) + h²/12 per axis.
    """
    variance = (fwhm_mm / FWHM_PER_SIGMA) ** 2
    sigmas = [
        math.sqrt(variance - d**2 / 12 + h**2 / 48) / d for d, h in zip(fine.spacing_mm, grid.spacing_mm, strict=True)
    ]
    blurred = ndimage.gaussian_filter(concentration_bq_per_ml, sigmas, mode="constant", truncate=5.0)
    half = VolumeGeometry(
        (grid.shape[0] * 2, grid.shape[1] * 2, grid.shape[2] * 2),
        grid.index_to_point((-0.25, -0.25, -0.25)),
        (grid.spacing_mm[0] / 2, grid.spacing_mm[1] / 2, grid.spacing_mm[2] / 2),
        grid.directions,
    )
    values, box = sample(blurred, fine, half, scanner_from_body, order=3, outside=0.0)
    even = tuple(slice(part.start // 2, -(-part.stop // 2)) for part in box)
    buffer = np.zeros(tuple(2 * (part.stop - part.start) for part in even), np.float32)
    buffer[tuple(slice(p.start - 2 * e.start, p.stop - 2 * e.start) for p, e in zip(box, even, strict=True))] = values
    image = np.zeros(grid.shape, np.float32)
    image[even] = np.maximum(_block_mean(buffer), 0)
    return image


def _correlated(field: NDArray[np.float32], grid: VolumeGeometry) -> NDArray[np.float32]:
    """The field convolved with the noise kernel, which keeps the variance of white noise at 1."""
    sigmas = [NOISE_CORRELATION_FWHM_MM / FWHM_PER_SIGMA / h for h in grid.spacing_mm]
    kernel = 1.0
    for sigma in sigmas:
        reach = np.arange(-int(4 * sigma + 0.5), int(4 * sigma + 0.5) + 1)
        line = np.exp(-(reach**2) / (2 * sigma**2))
        kernel *= float(np.sqrt(((line / line.sum()) ** 2).sum()))
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(field, sigmas, mode="wrap") / np.float32(kernel)
    return smooth


@dataclass(frozen=True, eq=False)
class NoiseModel:
    """Log-normal, spatially correlated noise of a reconstruction: value = mean · exp(s g - s²/2).

    g is Gaussian with unit variance, s the relative noise of a voxel. The mean is kept exactly and nothing gets
    negative, as in statistical iterative reconstruction (Barrett, Wilson, Tsui, Phys Med Biol 1994;39:833).
    """

    grid: VolumeGeometry
    log_noise: NDArray[np.float32]

    @staticmethod
    def for_regions(
        image: NDArray[np.float32],
        grid: VolumeGeometry,
        regions: list[NDArray[np.float32]],
        relative_standard_deviation: float,
    ) -> NoiseModel:
        """Noise whose mean relative standard deviation of the regions' totals is the one wanted (to first order)."""
        total = [float((region * image).sum(dtype=np.float64)) for region in regions]
        reference = sum(
            float((r * image * image).sum(dtype=np.float64)) / t for r, t in zip(regions, total, strict=True)
        )
        reference /= len(regions)
        faintest = np.float32(reference * 1e-6)  # below it the noise is capped anyway
        relative = np.float32(reference) / np.maximum(image, faintest)
        shape = np.power(relative, NOISE_EXPONENT).astype(np.float32)
        deviation = [
            float(np.sqrt((_correlated(region * image * shape, grid).astype(np.float64) ** 2).sum())) / t
            for region, t in zip(regions, total, strict=True)
        ]
        scale = relative_standard_deviation * len(regions) / sum(deviation)
        return NoiseModel(grid, np.minimum(scale * shape, LARGEST_LOG_NOISE).astype(np.float32))

    def apply(self, image: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
        """One noisy realisation."""
        field = _correlated(generator.standard_normal(image.shape, dtype=np.float32), self.grid)
        noisy: NDArray[np.float32] = image * np.exp(self.log_noise * field - self.log_noise**2 / 2)
        return noisy
