"""Where an organ's uptake lies in a SPECT against where its VOI was put: breathing and other motion of one organ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import FloatArray, RigidTransform, VolumeGeometry
from dosimetry_core.partial_volume.point_spread import Box, common_range

LARGEST_DISPLACEMENT_MM = 25.0
"""Breathing moves kidneys by 5 to 20 mm; what seems to lie further away is something else."""
LARGEST_TURN_RAD = math.radians(12.0)
_SEEN_COVERAGE = 0.02
_MARGIN_MM = 15.0
_STEPS = 12
_LONGEST_STEP_MM = 6.0
_STEP_FINISHED_MM = 0.1
# One voxel of so many millimetres is enough to fit: neighbours within the resolution say the same.
_SAMPLED_EVERY_MM = 10.0
# A kidney is nearly round about its long axis: where the image says nothing of a turn, none is made.
_TURN_HOLD = 0.1
_TURNS_FROM_STEP = 3
# Tukey's biweight, as in the alignment of CT; a difference below this share of the organ's uptake is never an outlier.
_TUKEY = 4.685
_MAD_TO_STANDARD_DEVIATION = 1.4826
_SMALLEST_SPREAD = 0.05
_SMALLEST_CONTRAST = 1.0
_SMALLEST_EXPLAINED = 0.6
# What bowel and renal pelvis beside numerical kidneys leave of the displacement, root mean square.
_MODEL_STANDARD_UNCERTAINTY_MM = 0.4
_CORNERS = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])


@dataclass(frozen=True, eq=False)
class UptakePosition:
    """How an organ's uptake lies against its VOI on one scan.

    Parameters
    ----------
    motion
        Takes a point of the VOI as the registration places it, to the point of the uptake; patient system of the scan.
    displacement_mm
        Motion of the VOI's centre, (x, y, z).
    standard_uncertainty_mm
        Of its length, by noise and by what the model of organ, neighbours and even background leaves unexplained.
    explained_share
        Share of the image's variance around the organ that the model explains.
    """

    motion: RigidTransform
    displacement_mm: FloatArray
    standard_uncertainty_mm: float
    explained_share: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "displacement_mm", read_only(np.array(self.displacement_mm, dtype=np.float64)))

    @property
    def distance_mm(self) -> float:
        """Length of the displacement."""
        return float(np.linalg.norm(self.displacement_mm))


def uptake_position(
    image: FloatArray,
    grid: VolumeGeometry,
    own: Box,
    others: Sequence[Box],
    *,
    turning: bool = False,
) -> UptakePosition | None:
    """Position of an organ's uptake by a robust fit of its blurred VOI to the image.

    Parameters
    ----------
    image
        SPECT on ``grid``, any unit proportional to activity concentration.
    own
        Coverage of the organ's VOI seen through the point spread.
    others
        The same of the other VOIs of the scan; those near by are fitted along, where they are.
    turning
        Whether the organ may turn about its centre as well.

    Returns
    -------
    UptakePosition or None
        None where the image can't tell: an organ at the edge of the field of view, without contrast to its
        surroundings, or displaced beyond `LARGEST_DISPLACEMENT_MM`.

    Notes
    -----
    Around the organ y ≈ T B(m⁻¹ x) + Σ T_j B_j + b, with concentrations T, T_j, an even background b and the rigid
    motion m; Gauss–Newton steps in all of them, with Tukey's weights, so that a hot bowel loop or renal pelvis counts
    as an outlier. The uncertainty scales the covariance with the number of voxels that one resolution element holds.
    """
    region = _region(grid, own)
    if region is None:
        return None
    start, stop = region
    slices = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    y = np.asarray(image[slices], dtype=np.float64)
    still = _placed(own, start, stop)
    columns = [np.ones(y.shape)]
    for other in others:
        near = _placed(other, start, stop)
        if near.max(initial=0.0) > _SEEN_COVERAGE:
            columns.append(near)
    local = grid.cropped(start, still.shape)
    centre = local.index_to_point(np.array(ndimage.center_of_mass(still)))
    return _Fit(y, still, local, centre, columns, turning).result()


class _Fit:
    """The steps of one organ's fit."""

    def __init__(
        self,
        y: FloatArray,
        still: FloatArray,
        local: VolumeGeometry,
        centre_mm: FloatArray,
        columns: Sequence[FloatArray],
        turning: bool,
    ) -> None:
        self.still, self.local, self.turning = still, local, turning
        self.centre_mm = centre_mm
        step = [max(1, int(_SAMPLED_EVERY_MM / s)) for s in local.spacing_mm]
        self.sampled = (slice(None, None, step[0]), slice(None, None, step[1]), slice(None, None, step[2]))
        self.y = y[self.sampled].ravel()
        self.columns = np.stack([column[self.sampled].ravel() for column in columns], axis=1)
        index = np.stack(np.meshgrid(*(np.arange(n) for n in still.shape), indexing="ij"), axis=-1)
        self.points_mm = local.index_to_point(index[self.sampled].reshape(-1, 3))
        weights = still[self.sampled].ravel() / still[self.sampled].sum()
        self.reach_mm = float(np.sqrt((weights[:, None] * (self.points_mm - centre_mm) ** 2).sum()))

    def result(self) -> UptakePosition | None:
        motion = RigidTransform.identity()
        for number in range(_STEPS):
            # The organ turns only once its place is nearly found.
            turn = self.turning and number >= _TURNS_FROM_STEP
            matrix = self._linear(motion, turn)
            _weight, coefficients = self._robust(matrix, _rotation_vector(motion) if turn else None)
            uptake = coefficients[0]
            if not uptake > 0:
                return None
            away = coefficients[1 : 1 + (6 if turn else 3)] / uptake
            shift, angle = away[:3], away[3:] if turn else np.zeros(3)
            length = max(float(np.linalg.norm(shift)), float(np.linalg.norm(angle)) * self.reach_mm)
            scale = min(1.0, _LONGEST_STEP_MM / length) if length > 0 else 1.0
            centre = motion.apply(self.centre_mm)
            motion = RigidTransform.from_rotation_vector(angle * scale, shift * scale, centre_mm=centre).after(motion)
            if self._too_far(motion):
                return None
            if length < _STEP_FINISHED_MM and (turn or not self.turning):
                break
        return self._judged(motion)

    def _too_far(self, motion: RigidTransform) -> bool:
        away = float(np.linalg.norm(motion.apply(self.centre_mm) - self.centre_mm))
        return away > LARGEST_DISPLACEMENT_MM or motion.angle_rad > LARGEST_TURN_RAD

    def _linear(self, motion: RigidTransform, turn: bool) -> FloatArray:
        """The columns: moved coverage, its changes by the motion, background and neighbours."""
        moved = self.still
        if motion.angle_rad > 0 or np.any(motion.translation_mm):
            back = motion.inverse()
            indices = self.local.point_to_index(back.apply(self.local.index_to_point(_CORNERS)))
            if self.turning:
                moved = ndimage.affine_transform(
                    self.still, (indices[1:] - indices[0]).T, offset=indices[0], order=1, output=np.float64
                )
            else:
                moved = _shifted(self.still, indices[0])
        slopes = self._slopes(moved) @ self.local.directions.T
        parts = [moved[self.sampled].reshape(-1, 1), -slopes]
        if turn:
            arm = self.points_mm - motion.apply(self.centre_mm)
            parts.append(-np.cross(arm, slopes))
        return np.hstack([*parts, self.columns])

    def _slopes(self, values: FloatArray) -> FloatArray:
        """Central differences per mm along (slice, row, column) at the sampled voxels; beyond the region is nothing."""
        wide = np.pad(values, 1)
        inner = slice(1, -1)
        found = np.empty((len(self.y), 3))
        for axis, spacing in enumerate(self.local.spacing_mm):
            ahead = [inner] * 3
            behind = [inner] * 3
            ahead[axis], behind[axis] = slice(2, None), slice(0, -2)
            found[:, axis] = (wide[tuple(ahead)][self.sampled].ravel() - wide[tuple(behind)][self.sampled].ravel()) / (
                2 * spacing
            )
        return found

    def _robust(self, matrix: FloatArray, turned: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Tukey's weights and the coefficients; ``turned`` is the turn so far, which is held back."""
        weight = np.ones(len(self.y))
        coefficients: FloatArray = np.zeros(matrix.shape[1])
        for _ in range(3):
            weighted = matrix * weight[:, None]
            normal, right = weighted.T @ matrix, weighted.T @ self.y
            if turned is not None:
                hold = _TURN_HOLD * float(np.trace(normal[4:7, 4:7])) / 3
                normal[range(4, 7), range(4, 7)] += hold
                right[4:7] -= hold * turned * max(float(coefficients[0]), 0.0)
            coefficients = np.asarray(np.linalg.lstsq(normal, right, rcond=1e-14)[0], dtype=np.float64)
            left = self.y - matrix @ coefficients
            spread = _MAD_TO_STANDARD_DEVIATION * float(np.median(np.abs(left)))
            limit = _TUKEY * max(spread, _SMALLEST_SPREAD * abs(float(coefficients[0])))
            if not limit > 0:
                break
            weight = np.clip(1 - (left / limit) ** 2, 0, None) ** 2
        return weight, coefficients

    def _judged(self, motion: RigidTransform) -> UptakePosition | None:
        matrix = self._linear(motion, self.turning)
        weight, coefficients = self._robust(matrix, _rotation_vector(motion) if self.turning else None)
        uptake, background = float(coefficients[0]), float(coefficients[7 if self.turning else 4])
        if not uptake > _SMALLEST_CONTRAST * max(background, 0.0):
            return None
        left = self.y - matrix @ coefficients
        used = weight.sum()
        variance = float((weight * left**2).sum() / used)
        mean = float((weight * self.y).sum() / used)
        total = float((weight * (self.y - mean) ** 2).sum() / used)
        explained = 1 - variance / total if total > 0 else 0.0
        if explained < _SMALLEST_EXPLAINED:
            return None
        normal = (matrix * weight[:, None]).T @ matrix
        if not np.linalg.cond(normal) < 1e16:
            return None
        covariance = variance * self._voxels_as_one(np.sqrt(weight) * left) * np.linalg.inv(normal)
        noise = math.sqrt(float(np.trace(covariance[1:4, 1:4]))) / uptake
        uncertainty = math.hypot(noise, _MODEL_STANDARD_UNCERTAINTY_MM)
        away = motion.apply(self.centre_mm) - self.centre_mm
        return UptakePosition(motion, away, uncertainty, explained)

    def _voxels_as_one(self, left: FloatArray) -> float:
        """How many voxels count as one, from the residuals' correlation between neighbours along each axis."""
        values = left.reshape(self.still[self.sampled].shape)
        power = float((values**2).mean())
        number = 1.0
        for axis in range(3):
            ahead = np.take(values, range(1, values.shape[axis]), axis)
            behind = np.take(values, range(values.shape[axis] - 1), axis)
            near = float((ahead * behind).mean()) / power if power > 0 else 0.0
            near = min(max(near, 0.0), 0.9)
            number *= (1 + near) / (1 - near)
        return number


def _shifted(values: FloatArray, voxels: FloatArray) -> FloatArray:
    """Values so many voxels further along each axis, linear between voxels and 0 beyond the outermost centres.

    One axis after the other: a tenth of the time of a general resampling.
    """
    for axis, shift in enumerate(voxels.tolist()):
        count, whole = values.shape[axis], math.floor(shift)
        part = shift - whole
        # From whole numbers alone: the sum of a count and a shift of 1e-15 rounds that away.
        first, last = max(0, -whole), min(count - 1, count - 1 - whole - (part > 0))
        moved = np.zeros_like(values)
        if last >= first:
            into, here, ahead = ([slice(None)] * 3 for _ in range(3))
            into[axis] = slice(first, last + 1)
            here[axis] = slice(first + whole, last + 1 + whole)
            ahead[axis] = slice(first + whole + 1, last + 2 + whole)
            moved[tuple(into)] = (
                values[tuple(here)] * (1 - part) + values[tuple(ahead)] * part if part > 0 else values[tuple(here)]
            )
        values = moved
    return values


def _rotation_vector(motion: RigidTransform) -> FloatArray:
    """Axis × angle of a small turn, in rad."""
    angle = motion.angle_rad
    if angle < 1e-9:
        return np.zeros(3)
    r = motion.rotation
    axis = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]]) / (2 * math.sin(angle))
    vector: FloatArray = axis * angle
    return vector


def _region(grid: VolumeGeometry, own: Box) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
    """The part of the grid around the organ that is fitted; None if the organ isn't wholly inside."""
    seen = np.argwhere(own.values > _SEEN_COVERAGE) if own.values.size else np.zeros((0, 3), int)
    if not len(seen):
        return None
    margin = np.ceil(_MARGIN_MM / np.array(grid.spacing_mm)).astype(int)
    low = np.array(own.start) + seen.min(axis=0)
    high = np.array(own.start) + seen.max(axis=0) + 1
    if low.min() < 0 or np.any(high > grid.shape):
        return None
    start = np.maximum(low - margin, 0)
    stop = np.minimum(high + margin, grid.shape)
    return (int(start[0]), int(start[1]), int(start[2])), (int(stop[0]), int(stop[1]), int(stop[2]))


def _placed(box: Box, start: tuple[int, int, int], stop: tuple[int, int, int]) -> FloatArray:
    whole: NDArray[np.float64] = np.zeros([b - a for a, b in zip(start, stop, strict=True)])
    frame = Box(start, whole.copy())
    shared = common_range(box, frame)
    if shared is not None:
        whole[frame.index_of(*shared)] = box.within(*shared)
    return whole
