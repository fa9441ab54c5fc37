"""SUVmax, SUVmean, SUVpeak and volume of a region on an image in SUV, by a segmentation rule that is stated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.units import MM3_PER_ML, PERCENT

FloatArray = NDArray[np.float64]
RuleKind = Literal["as-drawn", "fraction-of-max", "fixed-suv", "liver"]

PEAK_VOLUME_ML: Final = 1.0
# PERCIST 1.0: 1.5 × mean of the liver + 2 standard deviations.
LIVER_FACTOR: Final = 1.5
LIVER_DEVIATIONS: Final = 2.0
_INSIDE: Final = 0.5
_SUBSAMPLES: Final = 5


@dataclass(frozen=True)
class SegmentationRule:
    """Which voxels of a drawn region are the lesion.

    ``threshold``: for ``fraction-of-max`` a share of the region's highest SUV, for ``fixed-suv`` an SUV; else unused.
    """

    kind: RuleKind
    threshold: float = 0.0

    def text(self, liver: tuple[float, float] | None = None) -> str:
        """What is printed beside every number made with it; ``liver``: mean and standard deviation."""
        if self.kind == "as-drawn":
            return "as drawn"
        if self.kind == "fraction-of-max":
            return f"{PERCENT.text(self.threshold, digits=0)} of SUVmax"
        if self.kind == "fixed-suv":
            return f"SUV ≥ {self.threshold:g}"
        factors = f"{LIVER_FACTOR:g} × liver mean + {LIVER_DEVIATIONS:g} SD"
        return f"SUV ≥ {factors}" if liver is None else f"SUV ≥ {factors} = {liver_threshold(*liver):.2f}"


def liver_threshold(mean: float, standard_deviation: float) -> float:
    """SUV above which a voxel is more than liver (Wahl 2009, PERCIST 1.0)."""
    return LIVER_FACTOR * mean + LIVER_DEVIATIONS * standard_deviation


@dataclass(frozen=True)
class RegionSuv:
    """Numbers of one region; ``suv_peak`` is None where a sphere of 1 mL finds no room in the image."""

    suv_max: float
    suv_mean: float
    suv_peak: float | None
    volume_ml: float


def region_suv(
    suv: NDArray[Any],
    geometry: VolumeGeometry,
    coverage: FloatArray,
    rule: SegmentationRule,
    *,
    liver: tuple[float, float] | None = None,
    where: str = "",
) -> RegionSuv:
    """SUV of a region.

    Parameters
    ----------
    suv
        Image in g/mL, shape (slice, row, column).
    geometry
        Its grid.
    coverage
        Share of each voxel that the region covers, of the same shape.
    rule
        As drawn: SUVmean is that of voxels at least half covered, weighted with coverage, and the volume is the
        covered one. Else whole voxels: those at least half covered that reach the threshold.
    liver
        Mean and standard deviation of the liver's SUV, for the liver rule.
    where
        What messages name.

    Raises
    ------
    MissingDataError
        If the liver rule has no liver.
    InconsistentCaseError
        If the region holds no voxel of the image, or none reaches the threshold.

    References
    ----------
    Wahl RL et al., J Nucl Med 50 Suppl 1 (2009) 122S–150S: SUVpeak as the highest mean over a sphere of 1 cm³ whose
    centre lies in the lesion; the liver's threshold.
    """
    inside = coverage >= _INSIDE
    if not inside.any():
        raise InconsistentCaseError("covers no voxel of the image", where=where, remedy="draw it larger")
    highest = float(suv[inside].max())
    if rule.kind == "as-drawn":
        chosen = inside
        volume_voxels = float(coverage.sum())
        weights = coverage[inside]
    else:
        threshold = _threshold(rule, highest, liver, where)
        chosen = inside & (suv >= threshold)
        volume_voxels = float(chosen.sum())
        weights = np.ones(int(volume_voxels))
        if not volume_voxels:
            raise InconsistentCaseError(
                f"no voxel reaches SUV {threshold:.2f}; the highest is {highest:.2f}",
                where=where,
                remedy="check the region, or choose another segmentation rule",
            )
    # What each voxel lacks of the highest: the mean of equal values is that value, and never a last digit more.
    mean = highest - float(((highest - suv[chosen]) * weights).sum() / weights.sum())
    return RegionSuv(highest, mean, _peak(suv, geometry, chosen), volume_voxels * geometry.voxel_volume_ml)


def _threshold(rule: SegmentationRule, highest: float, liver: tuple[float, float] | None, where: str) -> float:
    if rule.kind == "fraction-of-max":
        return rule.threshold * highest
    if rule.kind == "fixed-suv":
        return rule.threshold
    if liver is None:
        raise MissingDataError(
            "the liver rule needs a VOI of the liver", where=where, remedy="draw it, or choose another"
        )
    return liver_threshold(*liver)


def sphere_weights(spacing_mm: tuple[float, float, float], volume_ml: float = PEAK_VOLUME_ML) -> FloatArray:
    """Share of each voxel around the middle one that a sphere covers; index order (slice, row, column).

    ``spacing_mm`` in the same order. The sum times the voxel volume is the sphere's, but for what subsampling of a
    voxel by 5 × 5 × 5 points leaves.
    """
    radius_mm = (3.0 * volume_ml * MM3_PER_ML / (4.0 * math.pi)) ** (1 / 3)
    offsets = (np.arange(_SUBSAMPLES) + 0.5) / _SUBSAMPLES - 0.5
    axes = []
    for step in spacing_mm:
        reach = math.ceil(radius_mm / step - 0.5) if radius_mm > step / 2 else 0
        places = np.arange(-reach, reach + 1)[:, None] + offsets[None, :]
        axes.append(places * step)
    z, y, x = axes
    squared = (
        (z**2)[:, None, None, :, None, None]
        + (y**2)[None, :, None, None, :, None]
        + (x**2)[None, None, :, None, None, :]
    )
    weights: FloatArray = (squared <= radius_mm**2).mean(axis=(3, 4, 5))
    return weights


def _peak(suv: NDArray[Any], geometry: VolumeGeometry, chosen: NDArray[np.bool_]) -> float | None:
    """Highest mean over a sphere of 1 mL centred on a chosen voxel; only spheres that lie in the image."""
    from scipy.ndimage import correlate

    weights = sphere_weights(geometry.spacing_mm)
    reach = [length // 2 for length in weights.shape]
    places = np.argwhere(chosen)
    shape = np.array(suv.shape)
    usable = ((places >= reach) & (places < shape - reach)).all(axis=1)
    if not usable.any():
        return None
    places = places[usable]
    low, high = places.min(axis=0) - reach, places.max(axis=0) + np.array(reach) + 1
    box = np.asarray(suv[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], float)
    means = correlate(box, weights / weights.sum(), mode="constant")
    inner = places - low
    return float(means[tuple(inner.T)].max())
