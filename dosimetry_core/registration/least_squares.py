"""Rigid least-squares alignment of two images of the same kind, by Gauss–Newton steps on sample points."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import FloatArray, RigidTransform, VolumeGeometry
from dosimetry_core.image import ImageSeries

# CT numbers outside this window say little about position and much about gas, contrast medium and metal.
_WINDOW_HU = (-250.0, 350.0)
_BODY_ABOVE_HU = -200.0
# Differences beyond this many robust standard deviations count as outliers (Tukey's biweight, 95 % efficiency).
_TUKEY = 4.685
_MAD_TO_STANDARD_DEVIATION = 1.4826
# Share of the window below which a difference is never an outlier.
_SMALLEST_SPREAD = 0.02
_BLOCK_MM = 60.0
_LARGEST_DIFFERENCE_HU = 200.0
_SMALLEST_BLOCK_SAMPLES = 200
_BLOCK_STEPS = 3
_BLOCK_HOLD = 0.1
_STEP_FINISHED_MM = 2e-3


@dataclass(frozen=True, eq=False)
class CoarseImage:
    """An image in its window, smoothed and thinned for registration; float32, shape (slice, row, column)."""

    values: NDArray[np.float32]
    geometry: VolumeGeometry

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", read_only(self.values))

    def at(self, points_mm: FloatArray) -> FloatArray:
        """Values by trilinear interpolation at points (n, 3); NaN outside."""
        index = self.geometry.point_to_index(points_mm).T
        value: FloatArray = ndimage.map_coordinates(
            self.values, index, output=np.float64, order=1, cval=np.nan, prefilter=False
        )
        return value

    def slopes(self, index: NDArray[np.int_]) -> FloatArray:
        """Gradients (x, y, z) per mm at voxel indices (n, 3), by central differences."""
        slopes = np.empty(index.shape)
        for axis in range(3):
            ahead, behind = np.array(index), np.array(index)
            ahead[:, axis] = np.minimum(ahead[:, axis] + 1, self.values.shape[axis] - 1)
            behind[:, axis] = np.maximum(behind[:, axis] - 1, 0)
            distance = np.maximum(ahead[:, axis] - behind[:, axis], 1) * self.geometry.spacing_mm[axis]
            slopes[:, axis] = (self.values[tuple(ahead.T)] - self.values[tuple(behind.T)]) / distance
        gradient: FloatArray = slopes @ self.geometry.directions.T
        return gradient

    def slope_images(self) -> tuple[NDArray[np.float32], ...]:
        """Gradients (x, y, z) per mm of all voxels, by central differences."""
        steps: Any = np.gradient(self.values, *self.geometry.spacing_mm)
        slopes = np.stack(steps, axis=-1)
        along = slopes @ self.geometry.directions.T.astype(np.float32)
        return tuple(np.ascontiguousarray(along[..., axis]) for axis in range(3))


@dataclass(frozen=True, eq=False)
class SamplePoints:
    """Points of the reference image in and just around the body, with values and gradients there."""

    points_mm: FloatArray
    values: FloatArray
    gradients: FloatArray

    def every(self, step: int) -> SamplePoints:
        """Each n-th point."""
        return SamplePoints(self.points_mm[::step], self.values[::step], self.gradients[::step])


def coarse_images(series: ImageSeries, spacings_mm: tuple[float, ...]) -> tuple[CoarseImage, ...]:
    """CT at several spacings, coarse to fine, each smoothed so that images of different grids are equally sharp."""
    geometry, values = series.volume.geometry, series.volume.values
    made = []
    for spacing in sorted(spacings_mm):
        values, geometry = _block_means(values, geometry, spacing)
        wanted = (0.8 * spacing) ** 2
        # The block's own variance is part of the wanted smoothing.
        sigma = [np.sqrt(max(wanted - s**2 / 12, (0.4 * s) ** 2)) / s for s in geometry.spacing_mm]
        made.append(CoarseImage(ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=3), geometry))
    return tuple(reversed(made))


def _block_means(
    values: NDArray[Any], geometry: VolumeGeometry, spacing_mm: float
) -> tuple[NDArray[np.float32], VolumeGeometry]:
    factor = [
        min(max(1, int(spacing_mm / s + 1e-6)), n) for s, n in zip(geometry.spacing_mm, geometry.shape, strict=True)
    ]
    count = [n // f for n, f in zip(values.shape, factor, strict=True)]
    out = np.empty(count, np.float32)
    for k in range(count[0]):
        slab = values[k * factor[0] : (k + 1) * factor[0], : count[1] * factor[1], : count[2] * factor[2]]
        slab = np.clip(slab, *_WINDOW_HU, dtype=np.float32)
        # Sums over strided views are several times faster than a mean over axes.
        total = sum(slab[n] for n in range(factor[0]))
        total = sum(total[n :: factor[1]] for n in range(factor[1]))
        total = sum(total[:, n :: factor[2]] for n in range(factor[2]))
        out[k] = total / np.float32(np.prod(factor))
    a, b, c = (s * f for s, f in zip(geometry.spacing_mm, factor, strict=True))
    origin = geometry.index_to_point((np.array(factor) - 1) / 2)
    return out, VolumeGeometry((count[0], count[1], count[2]), origin, (a, b, c), geometry.directions)


def body_mask(image: CoarseImage) -> NDArray[np.bool_]:
    """The body: the largest connected part above air, without what is thinner than three voxels (the couch)."""
    opened = ndimage.binary_opening(image.values > _BODY_ABOVE_HU, np.ones((1, 3, 3), bool))
    labels, count = ndimage.label(opened)
    if count == 0:
        return opened
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.asarray(ndimage.binary_fill_holes(labels == largest), dtype=bool)


def sample_points(
    image: CoarseImage,
    body: NDArray[np.bool_],
    body_geometry: VolumeGeometry,
    largest_number: int,
    generator: np.random.Generator,
) -> SamplePoints:
    """Voxels of an image whose centres lie in or beside the body, which may be known on a coarser grid."""
    near = np.argwhere(ndimage.binary_dilation(body, iterations=2))
    finer = [max(1, round(c / s)) for c, s in zip(body_geometry.spacing_mm, image.geometry.spacing_mm, strict=True)]
    if len(near) * np.prod(finer) > largest_number:
        chosen = near[np.sort(generator.integers(len(near), size=largest_number))]
        offset = generator.random(chosen.shape) - 0.5
    else:
        steps = [(np.arange(n) + 0.5) / n - 0.5 for n in finer]
        parts = np.array(list(itertools.product(*steps)))
        chosen = np.repeat(near, len(parts), axis=0)
        offset = np.tile(parts, (len(near), 1))
    index = np.rint(image.geometry.point_to_index(body_geometry.index_to_point(chosen + offset))).astype(int)
    index = index[np.all((index >= 0) & (index < image.values.shape), axis=1)]
    values = image.values[tuple(index.T)].astype(np.float64)
    return SamplePoints(image.geometry.index_to_point(index), values, image.slopes(index))


def refined(
    transform: RigidTransform, samples: SamplePoints, moving: CoarseImage, *, iterations: int
) -> RigidTransform:
    """The transform after Gauss–Newton steps on the robustly weighted squared differences.

    The steps are those that would move the reference under the moving image (inverse compositional form: Baker and
    Matthews 2004, doi:10.1023/B:VISI.0000011205.11775.fd), so gradients are taken once.
    """
    centre = samples.points_mm.mean(axis=0)
    arm = samples.points_mm - centre
    reach_mm = float(np.sqrt((arm**2).sum(axis=1).mean()))
    jacobian = np.hstack([np.cross(arm, samples.gradients), samples.gradients])
    longest = 2 * max(moving.geometry.spacing_mm)
    for _ in range(iterations):
        difference, weight = _weighted_differences(transform, samples, moving)
        weighted = jacobian * weight[:, None]
        matrix = weighted.T @ jacobian
        if not np.linalg.cond(matrix) < 1e12:
            return transform
        step = np.linalg.solve(matrix, weighted.T @ difference)
        # A step beyond the smoothing length has left the region where the images are linear.
        length = max(float(np.linalg.norm(step[3:])), float(np.linalg.norm(step[:3])) * reach_mm)
        if length > longest:
            step *= longest / length
        moved = RigidTransform.from_rotation_vector(step[:3], step[3:], centre_mm=centre)
        transform = transform.after(moved.inverse())
        if length < _STEP_FINISHED_MM:
            break
    u, _, v = np.linalg.svd(transform.rotation)
    return RigidTransform(u @ v, transform.translation_mm)


def settled(
    transform: RigidTransform, samples: SamplePoints, moving: CoarseImage, *, rounds: int, iterations: int
) -> RigidTransform:
    """The transform where the robustly weighted squared differences are least, from a start a few millimetres away.

    The gradients are those of the moving image, taken anew in each round: unlike with those of the reference, the
    steps then end at the minimum even where one image shows what the other doesn't (a couch that stays behind).
    """
    slopes = moving.slope_images()
    for _ in range(rounds):
        points = transform.apply(samples.points_mm)
        centre = points.mean(axis=0)
        index = moving.geometry.point_to_index(points).T
        gradients = np.stack(
            [ndimage.map_coordinates(s, index, output=np.float64, order=1, prefilter=False) for s in slopes], axis=-1
        )
        jacobian = np.hstack([np.cross(points - centre, gradients), gradients])
        reach_mm = float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean()))
        lengths = []
        for _ in range(iterations):
            difference, weight = _weighted_differences(transform, samples, moving)
            weighted = jacobian * weight[:, None]
            matrix = weighted.T @ jacobian
            if not np.linalg.cond(matrix) < 1e12:
                return transform
            step = -np.linalg.solve(matrix, weighted.T @ difference)
            lengths.append(max(float(np.linalg.norm(step[3:])), float(np.linalg.norm(step[:3])) * reach_mm))
            longest = max(moving.geometry.spacing_mm)
            if lengths[-1] > longest:
                step *= longest / lengths[-1]
            moved = RigidTransform.from_rotation_vector(step[:3], step[3:], centre_mm=centre)
            transform = moved.after(transform)
            if lengths[-1] < _STEP_FINISHED_MM:
                break
        if len(lengths) == 1 and lengths[0] < _STEP_FINISHED_MM:
            break
    u, _, v = np.linalg.svd(transform.rotation)
    return RigidTransform(u @ v, transform.translation_mm)


def differences(transform: RigidTransform, samples: SamplePoints, moving: CoarseImage) -> FloatArray:
    """Moving less reference value at each point, NaN outside the moving image; see `_without_offset`."""
    return _without_offset(moving.at(transform.apply(samples.points_mm)), samples.values)


def _without_offset(other: FloatArray, values: FloatArray) -> FloatArray:
    """The differences of two images' values, without the median of those in tissue; NaN where one of them is.

    Tube voltage, calibration and contrast medium shift the CT numbers of a whole body by 20 HU; at its surface such a
    shift would look like motion.
    """
    difference: FloatArray = other - values
    tissue = (values > _BODY_ABOVE_HU) & (other > _BODY_ABOVE_HU)
    if tissue.any():
        difference[tissue] -= np.median(difference[tissue])
    return difference


def _weighted_differences(
    transform: RigidTransform, samples: SamplePoints, moving: CoarseImage
) -> tuple[FloatArray, FloatArray]:
    """Moving less reference value at each point, and its weight; both 0 outside the moving image."""
    difference = differences(transform, samples, moving)
    inside = np.isfinite(difference)
    difference[~inside] = 0.0
    if not inside.any():
        return difference, np.zeros(len(difference))
    spread = _MAD_TO_STANDARD_DEVIATION * float(np.median(np.abs(difference[inside])))
    limit = _TUKEY * max(spread, _SMALLEST_SPREAD * (_WINDOW_HU[1] - _WINDOW_HU[0]))
    weight = np.clip(1 - (difference / limit) ** 2, 0, None) ** 2
    weight[~inside] = 0.0
    return difference, weight


def squared_difference(transform: RigidTransform, samples: SamplePoints, moving: CoarseImage) -> float:
    """Mean squared difference; points outside the moving image count with a quarter of the window."""
    difference = differences(transform, samples, moving)
    difference[~np.isfinite(difference)] = (_WINDOW_HU[1] - _WINDOW_HU[0]) / 4
    return float((difference**2).mean())


def correlation_and_overlap(
    transform: RigidTransform, samples: SamplePoints, moving: CoarseImage
) -> tuple[float, float]:
    """Pearson correlation of the aligned values (0 where there is nothing to compare), and share of points inside."""
    other = moving.at(transform.apply(samples.points_mm))
    inside = np.isfinite(other)
    if inside.sum() < 2 or np.ptp(other[inside]) == 0 or np.ptp(samples.values[inside]) == 0:
        return 0.0, float(inside.mean())
    return float(np.corrcoef(other[inside], samples.values[inside])[0, 1]), float(inside.mean())


def residual_displacement_mm(
    transform: RigidTransform, levels: Sequence[tuple[SamplePoints, CoarseImage]]
) -> float | None:
    """Root mean square of the translations that blocks of 60 mm would still make by themselves; None without blocks.

    Found on one level after the other, from all points of a block: what the alignment set aside as outliers counts
    here, with differences limited so that gas or metal doesn't speak louder than an edge. Blocks are weighted as their
    displacement is known: by their structure in the direction that has least, over what their own displacement leaves
    unexplained, such as gas that was elsewhere.
    """
    found: dict[tuple[int, ...], FloatArray] = {}
    weights = np.zeros(0)
    for samples, moving in levels:
        cells, label = np.unique(np.floor(samples.points_mm / _BLOCK_MM).astype(int), axis=0, return_inverse=True)
        keys = [tuple(cell) for cell in cells.tolist()]
        start = np.array([found.get(key, np.zeros(3)) for key in keys])
        displacement, structure, left = _block_steps(transform, samples, moving, label.reshape(-1), start)
        found = {key: displacement[n] for n, key in enumerate(keys) if structure[n] > 0}
        weights = structure[structure > 0] / left[structure > 0]
    if not found:
        return None
    weights = np.minimum(weights, np.median(weights))
    squares = (np.array(list(found.values())) ** 2).sum(axis=1)
    return float(np.sqrt((weights * squares).sum() / weights.sum()))


def _block_steps(
    transform: RigidTransform,
    samples: SamplePoints,
    moving: CoarseImage,
    label: NDArray[np.int_],
    displacement: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of labelled blocks after a few Gauss–Newton steps: displacement, structure (0: too little), and what is left.

    What is left is the mean square of the differences, on top of that of a perfect match.
    """
    count = len(displacement)
    structure, left = np.zeros(count), np.ones(count)
    for _ in range(_BLOCK_STEPS):
        moved = transform.apply(samples.points_mm - displacement[label])
        difference = _without_offset(moving.at(moved), samples.values)
        inside = np.isfinite(difference).astype(float)
        difference = np.clip(np.nan_to_num(difference), -_LARGEST_DIFFERENCE_HU, _LARGEST_DIFFERENCE_HU)
        matrices = np.empty((count, 3, 3))
        slopes = np.empty((count, 3))
        for a in range(3):
            weighted = inside * samples.gradients[:, a]
            slopes[:, a] = np.bincount(label, weighted * difference, count)
            for b in range(3):
                matrices[:, a, b] = np.bincount(label, weighted * samples.gradients[:, b], count)
        smallest = np.linalg.eigvalsh(matrices)[:, 0]
        enough = np.bincount(label, inside, count) >= _SMALLEST_BLOCK_SAMPLES
        used = enough & (smallest > 0.1 * np.median(smallest[enough])) if enough.any() else enough
        structure = np.where(used, smallest, 0.0)
        perfect = (_SMALLEST_SPREAD * (_WINDOW_HU[1] - _WINDOW_HU[0])) ** 2
        left = perfect + np.bincount(label, inside * difference**2, count) / np.maximum(
            np.bincount(label, inside, count), 1.0
        )
        if not used.any():
            break
        # Along a direction without structure a block stays where it is.
        hold = _BLOCK_HOLD * float(np.median(np.trace(matrices[used], axis1=1, axis2=2))) / 3
        pull = slopes[used] - hold * displacement[used]
        step = np.linalg.solve(matrices[used] + hold * np.eye(3), pull[..., None])[..., 0]
        length = np.linalg.norm(step, axis=1, keepdims=True)
        displacement = np.array(displacement)
        displacement[used] += step * np.minimum(1.0, max(moving.geometry.spacing_mm) / np.maximum(length, 1e-12))
    return displacement, structure, left
