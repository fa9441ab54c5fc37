"""Time-integrated activity of every voxel from registered images, closed against what the VOIs' own curves say.

Each voxel gets a mono-exponential by variable projection: over a fixed set of rates the best amplitude follows from a
product of matrices, the best rate from the largest explained part, refined by a parabola through its neighbours. The
curve of a VOI is better known than that of a voxel (less noise, partial volume corrected, any model), so the map is
scaled until its sum over each VOI is the VOI's time-integrated activity; the factor is part of the result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import Finding, FitError, GeometryMismatchError
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.nuclide import nuclide
from dosimetry_core.units import PERCENT

FloatArray = NDArray[np.float64]
Image = NDArray[np.float32]
Box = tuple[slice, slice, slice]

_RATES: Final = 48
_CHUNK: Final = 1 << 15
_FASTEST_SPANS: Final = 20.0
# A map that has to be scaled by more than this at a VOI does not show what the VOI's curve was measured on.
REMARKABLE_SCALE: Final = 0.25


@dataclass(frozen=True, eq=False)
class VoxelVoi:
    """A VOI on the images' grid.

    Parameters
    ----------
    box
        Where it lies: slices of the grid.
    coverage
        Fraction of each voxel of the box that belongs to it, shape of the box.
    time_integrated_activity_bq_s
        By nuclide, as its own curve says.
    """

    box: Box
    coverage: NDArray[Any]
    time_integrated_activity_bq_s: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class VoxelTimeIntegratedActivity:
    """Maps in Bq·s per voxel.

    Parameters
    ----------
    maps
        By nuclide, shape of the grid, single precision, zero where nothing was computed.
    scale_factors
        VOI → nuclide → factor on the voxels' own time-integrated activity; 1 outside all VOIs.
    effective_half_life_s
        Of the measured nuclide, shape of the grid; 0 where there is no activity.
    empty_voxels
        Voxels of the computed region whose best amplitude is not positive; they hold nothing.
    """

    maps: FrozenMap[str, Image]
    scale_factors: FrozenMap[str, FrozenMap[str, float]]
    effective_half_life_s: Image
    empty_voxels: int
    findings: tuple[Finding, ...] = field(default=())


def voxel_time_integrated_activity(
    activity_bq: Sequence[NDArray[Any]],
    times_s: Sequence[float] | FloatArray,
    *,
    nuclide_name: str,
    vois: Mapping[str, VoxelVoi],
    region: NDArray[np.bool_] | None = None,
    second_nuclides: Mapping[str, float] | None = None,
    place: str = "",
) -> VoxelTimeIntegratedActivity:
    """Time-integrated activity of every voxel, its sum over each VOI that of the VOI's curve.

    Parameters
    ----------
    activity_bq
        One image per time point, registered on one grid: Bq per voxel, not decay-corrected.
    times_s
        After the middle of the infusion, increasing.
    region
        Voxels to compute; by default those with a positive sum over the images.
    second_nuclides
        Other nuclides with the same biodistribution: name → ratio of administered activities to the measured one's.

    Returns
    -------
    VoxelTimeIntegratedActivity

    Raises
    ------
    GeometryMismatchError
        If the images differ in shape.
    FitError
        If a VOI holds no activity in the images, or VOIs overlap so that their sums can't all be right.

    Notes
    -----
    Every voxel is weighed alike over time, by 1/(mean of the region)² at each time, because the noise of one voxel says
    nothing about its own weight; no voxel decays more slowly than its nuclide. The images are taken as they are: what
    spills out of a VOI stays where it is, and the factor of the VOI brings its sum to the corrected one.
    """
    images = [np.asarray(image) for image in activity_bq]
    times = np.asarray(times_s, dtype=np.float64)
    if len(images) != times.size or times.size < 2:
        raise ValueError("there must be one image per time, and at least two")
    if len({image.shape for image in images}) != 1:
        raise GeometryMismatchError(
            "the images of the time points differ in shape", where=place, remedy="resample them on one grid"
        )
    shape = images[0].shape
    chosen = np.asarray(np.sum(images, axis=0) > 0) if region is None else region
    places = np.flatnonzero(chosen)
    values = np.stack([image.reshape(-1)[places] for image in images], axis=1).astype(np.float32)
    constant = nuclide(nuclide_name).decay_constant_per_s
    amplitudes, rates = _voxel_fits(values, times, constant)
    half_lives = np.zeros(chosen.size, dtype=np.float32)
    half_lives[places] = np.where(amplitudes > 0, math.log(2) / rates, 0.0)
    maps: dict[str, Image] = {}
    factors: dict[str, dict[str, float]] = {name: {} for name in vois}
    findings: list[Finding] = []
    for name, ratio in {nuclide_name: 1.0, **(second_nuclides or {})}.items():
        change = nuclide(name).decay_constant_per_s - constant
        flat = np.zeros(chosen.size, dtype=np.float32)
        flat[places] = ratio * amplitudes / (rates + change)
        maps[name] = flat.reshape(shape)
        for voi, factor in close_on_vois(maps[name], vois, name, place).items():
            factors[voi][name] = factor
            if abs(factor - 1) > REMARKABLE_SCALE:
                text = (
                    f"the voxels' own time-integrated activity of {name} was scaled by {factor:.2f} to that of the "
                    f"VOI's curve (remarked on beyond {PERCENT.text(REMARKABLE_SCALE, digits=0)})"
                )
                findings.append(Finding("voxel-scale", "warning", text, f"{place}, {voi}" if place else voi))
    return VoxelTimeIntegratedActivity(
        FrozenMap({name: read_only(image) for name, image in maps.items()}),
        FrozenMap({voi: FrozenMap(by_nuclide) for voi, by_nuclide in factors.items()}),
        read_only(half_lives.reshape(shape)),
        int(np.count_nonzero(amplitudes <= 0)),
        tuple(findings),
    )


def _voxel_fits(values: Image, times_s: FloatArray, lowest: float) -> tuple[Image, Image]:
    """Amplitude ≥ 0 and rate ≥ ``lowest`` of every row of values, shape (n_voxels, n_times)."""
    means = np.abs(values.mean(axis=0, dtype=np.float64))
    if not (means > 0).all():
        raise FitError("an image holds no activity", remedy="check the images, or leave the time point out")
    roots = (1 / means) / (1 / means).max()
    highest = max(_FASTEST_SPANS / float(times_s[-1]), 2 * lowest)
    grid = lowest * (highest / lowest) ** (np.arange(_RATES) / (_RATES - 1))
    shapes = np.exp(-np.multiply.outer(times_s, grid)) * roots[:, None]
    directions = (shapes / np.sqrt((shapes**2).sum(axis=0))).astype(np.float32)
    step = math.log(grid[1] / grid[0])
    amplitudes = np.empty(len(values), dtype=np.float32)
    rates = np.empty(len(values), dtype=np.float32)
    weighted_roots = roots.astype(np.float32)
    t, w = times_s.astype(np.float32), (roots**2).astype(np.float32)
    for begin in range(0, len(values), _CHUNK):
        some = values[begin : begin + _CHUNK]
        explained = (some * weighted_roots) @ directions
        best = np.argmax(explained, axis=1)
        inner = np.clip(best, 1, _RATES - 2)
        rows = np.arange(len(some))
        left, middle, right = (explained[rows, inner + shift] for shift in (-1, 0, 1))
        curvature = left - 2 * middle + right
        # At either end of the range the bound itself is the best rate.
        inside = (best == inner) & (curvature < 0)
        offset = np.where(inside, (left - right) / np.where(inside, 2 * curvature, 1), best - inner)
        rate = lowest * np.exp(step * (inner + offset))
        falls = np.exp(-rate[:, None] * t)
        amplitude = ((some * w) * falls).sum(axis=1) / ((falls**2) * w).sum(axis=1)
        rates[begin : begin + _CHUNK] = rate
        amplitudes[begin : begin + _CHUNK] = np.where(amplitude > 0, amplitude, 0.0)
    return amplitudes, rates


def close_on_vois(image: Image, vois: Mapping[str, VoxelVoi], name: str, place: str) -> dict[str, float]:
    """Scale a nuclide's map in place until its sum over each VOI is that of the VOI's curve; the factors.

    A voxel that VOIs share is scaled by its parts: Σ c_i f_i + (1 − Σ c_i). The sums are then linear in the factors.
    """
    known = {voi: item for voi, item in vois.items() if name in item.time_integrated_activity_bq_s}
    if not known:
        return {}
    names = list(known)
    total = np.zeros(image.shape, dtype=np.float32)
    for item in known.values():
        total[item.box] += item.coverage.astype(np.float32)
    matrix = np.zeros((len(names), len(names)))
    target = np.empty(len(names))
    for i, one in enumerate(names):
        item = known[one]
        own = (image[item.box] * item.coverage).astype(np.float64)
        if not own.sum() > 0:
            raise FitError(
                "the VOI holds no activity in the voxel map",
                where=f"{place}, {one}" if place else one,
                remedy="check its place and the registration",
            )
        outside = float((own * (1 - total[item.box])).sum())
        target[i] = item.time_integrated_activity_bq_s[name] - outside
        for j, other in enumerate(names):
            common = _overlap(item.box, known[other].box)
            if common is not None:
                here, there = common
                matrix[i, j] = float((own[here] * known[other].coverage[there]).sum())
    try:
        solved = np.linalg.solve(matrix, target)
    except np.linalg.LinAlgError:
        solved = np.full(len(names), np.nan)
    if not (np.isfinite(solved).all() and (solved > 0).all()):
        raise FitError(
            "VOIs overlap, or lie in one another, so that their sums over the voxels can't all be right",
            where=place,
            remedy="give the VOIs without what they enclose",
        )
    change = np.zeros(image.shape, dtype=np.float32)
    for voi, factor in zip(names, solved, strict=True):
        item = known[voi]
        change[item.box] += ((factor - 1) * item.coverage).astype(np.float32)
    image *= 1 + change
    return dict(zip(names, (float(factor) for factor in solved), strict=True))


def _overlap(one: Box, other: Box) -> tuple[Box, Box] | None:
    """The common part of two boxes, in the indices of each; None if there is none."""
    here: list[slice] = []
    there: list[slice] = []
    for a, b in zip(one, other, strict=True):
        begin, end = max(a.start, b.start), min(a.stop, b.stop)
        if begin >= end:
            return None
        here.append(slice(begin - a.start, end - a.start))
        there.append(slice(begin - b.start, end - b.start))
    return (here[0], here[1], here[2]), (there[0], there[1], there[2])
