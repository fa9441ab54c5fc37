"""Spheres, edges and points of a phantom, found in a reconstructed SPECT and measured."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from dosimetry_core.calibration import calibrated_image
from dosimetry_core.camera_calibration import (
    FWHM_PER_DEVIATION,
    FittedEdge,
    FittedRecovery,
    fitted_edge,
    fitted_recovery,
    recovery_of,
)
from dosimetry_core.case import Calibration
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, MissingDataError
from dosimetry_core.geometry import FloatArray, VolumeGeometry
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import nuclide
from dosimetry_core.units import MM3_PER_ML, PERCENT

Axis = Literal["x", "y", "z"]
_SEARCH_SIGMA_MM: Final = 4.0
_SPHERE_REACH_MM: Final = 24.0
_NEXT_SPHERE_MM: Final = 40.0
"""Nearer to the middle of a sphere nothing else is taken for one; those of a body phantom stand 57 mm apart."""
_BACKGROUND_SHELL_MM: Final = (30.0, 45.0)
_PARTS: Final = 5
_PROFILE_REACH_MM: Final = 40.0
_POINT_REACH_MM: Final = 35.0
_ODD_RECOVERY: Final = 1.05
_LEAST_PEAK: Final = 0.02
"""Of the highest value of the smoothed image, below which a peak is taken for noise."""


@dataclass(frozen=True)
class MeasuredSphere:
    """One sphere: where it is, (x, y, z) in mm, and the share of its activity that its outline holds.

    ``count_standard_uncertainty_relative`` is from the counts inside alone; None for an image in Bq/mL.
    """

    diameter_mm: float
    centre_mm: tuple[float, float, float]
    concentration_bq_per_ml: float
    recovery: float
    count_standard_uncertainty_relative: float | None

    @property
    def volume_ml(self) -> float:
        """Of the ball."""
        return math.pi / 6 * self.diameter_mm**3 / MM3_PER_ML


@dataclass(frozen=True)
class MeasuredSpheres:
    """Spheres by size, the concentration around them as the image says it, the curve through them, and remarks."""

    spheres: tuple[MeasuredSphere, ...]
    background_bq_per_ml: float
    true_sphere_bq_per_ml: float
    fit: FittedRecovery
    residuals: tuple[float, ...]
    """Recovery of each sphere over that of the curve, less 1."""
    measured_at: datetime
    findings: tuple[Finding, ...] = ()


def measured_spheres(
    series: ImageSeries,
    calibration: Calibration,
    *,
    diameters_mm: Sequence[float],
    sphere_bq_per_ml: float,
    background_bq_per_ml: float = 0.0,
    activity_time: datetime,
    centres_mm: Sequence[Sequence[float]] | None = None,
    where: str = "phantom",
) -> MeasuredSpheres:
    """Recovery of hot spheres in water or in a warm background, and the curve through them.

    Parameters
    ----------
    series
        SPECT of the phantom, in counts or Bq/mL.
    calibration
        Sensitivity and dead time for images in counts.
    diameters_mm
        Inner diameters of the spheres that are filled.
    sphere_bq_per_ml, background_bq_per_ml, activity_time
        As filled, at an instant with a time zone; 0 for a cold background.
    centres_mm
        (x, y, z) of each sphere in the order of the diameters; None to look for them. The largest sum of activity is
        then taken for the largest sphere, and so on.

    Notes
    -----
    R = (C − B)/(C_true − B_true) over the ball of the true diameter, with fractional voxels. B is the median at
    30 to 45 mm from the spheres, 0 in a cold background.

    Raises
    ------
    DosimetryError
        If spheres are missing, reach out of the image, or give no curve.
    """
    if not sphere_bq_per_ml > background_bq_per_ml >= 0 or not all(d > 0 for d in diameters_mm):
        raise InconsistentCaseError(
            "the spheres must be hotter than what is around them, and larger than nothing",
            where=where,
            remedy="check diameters and concentrations",
        )
    image = calibrated_image(series, calibration, None, where=where)
    if series.nuclide is None:
        raise MissingDataError("the nuclide is not known", where=where, remedy="export it with its nuclide")
    decay = nuclide(series.nuclide).decay_factor((series.acquisition_start - activity_time).total_seconds())
    true, around = sphere_bq_per_ml * decay, background_bq_per_ml * decay
    values, grid = np.asarray(image.concentration.values, np.float64), image.concentration.geometry
    sizes = sorted(diameters_mm)
    if centres_mm is None:
        centres = _found_centres(values, grid, len(sizes), where)
    else:
        if len(centres_mm) != len(diameters_mm):
            raise InconsistentCaseError(
                f"{len(centres_mm)} places for {len(diameters_mm)} spheres", where=where, remedy="name one for each"
            )
        pairs = sorted(zip(diameters_mm, centres_mm, strict=True), key=lambda pair: pair[0])
        centres = [np.asarray(centre, np.float64) for _, centre in pairs]
    background = _background(values, grid, centres) if around > 0 else 0.0
    counted = series.volume.quantity in ("counts", "counts_per_s")
    seconds = series.counting_duration_s if series.volume.quantity == "counts_per_s" else 1.0
    spheres = []
    for diameter, centre in zip(sizes, centres, strict=True):
        coverage, box = ball_coverage(grid, centre, diameter / 2, where=where)
        total = float(coverage.sum())
        concentration = float((values[box] * coverage).sum() / total)
        counts = float((np.asarray(series.volume.values[box], np.float64) * coverage).sum()) * (seconds or 1.0)
        x, y, z = (float(v) for v in centre)
        spheres.append(
            MeasuredSphere(
                diameter,
                (x, y, z),
                concentration,
                (concentration - background) / (true - around),
                1 / math.sqrt(counts) if counted and counts > 0 else None,
            )
        )
    volumes = [sphere.volume_ml for sphere in spheres]
    recoveries = [sphere.recovery for sphere in spheres]
    fit = fitted_recovery(volumes, recoveries, where=where)
    residuals = tuple(r / recovery_of(fit, v) - 1 for v, r in zip(volumes, recoveries, strict=True))
    return MeasuredSpheres(
        tuple(spheres),
        background,
        true,
        fit,
        residuals,
        series.acquisition_start,
        (*image.findings, *_sphere_findings(spheres, where)),
    )


def _sphere_findings(spheres: Sequence[MeasuredSphere], where: str) -> list[Finding]:
    findings = []
    if any(a.recovery > b.recovery for a, b in itertools.pairwise(spheres)):
        text = "A smaller sphere recovers more than a larger one: check diameters, places and filling."
        findings.append(Finding("phantom-spheres-order", "warning", text, where))
    highest = max(sphere.recovery for sphere in spheres)
    if highest > _ODD_RECOVERY:
        text = (
            f"A sphere holds {PERCENT.text(highest)} of its activity: check activity and sensitivity, or whether the "
            "reconstruction overshoots at edges, which this curve can't describe."
        )
        findings.append(Finding("phantom-recovery-high", "warning", text, where))
    return findings


def _found_centres(
    values: NDArray[np.float64], grid: VolumeGeometry, number: int, where: str
) -> list[NDArray[np.float64]]:
    """Middles of the hottest places, by rising sum of what they hold."""
    sigma = [_SEARCH_SIGMA_MM / s for s in grid.spacing_mm]
    smooth = ndimage.gaussian_filter(values, sigma)
    is_peak = (smooth == ndimage.maximum_filter(smooth, size=3)) & (smooth > _LEAST_PEAK * smooth.max())
    left = np.where(is_peak, smooth, -np.inf)
    found: list[tuple[float, NDArray[np.float64]]] = []
    while len(found) < number:
        peak = np.unravel_index(int(np.argmax(left)), left.shape)
        if not left[peak] > 0:
            raise DosimetryError(
                f"{number} spheres were not found in the image", where=where, remedy="say where their middles are"
            )
        start = grid.index_to_point(np.array(peak))
        points, box, near = _near(grid, start, _SPHERE_REACH_MM)
        excess = np.where(near, values[box] - _level_around(values[box], points, start), 0.0)
        weight = np.clip(excess, 0, None)
        centre = (points * weight[..., None]).sum(axis=(0, 1, 2)) / weight.sum() if weight.sum() > 0 else start
        found.append((float(excess.sum()), np.asarray(centre, np.float64)))
        _, wide, taken = _near(grid, centre, _NEXT_SPHERE_MM)
        left[wide][taken] = -np.inf
    return [centre for _, centre in sorted(found, key=lambda pair: pair[0])]


def _level_around(values: NDArray[np.float64], points: FloatArray, centre: NDArray[np.float64]) -> float:
    """Median at the rim of the place where a sphere is looked for."""
    distance = np.linalg.norm(points - centre, axis=-1)
    rim = (distance > 0.8 * _SPHERE_REACH_MM) & (distance <= _SPHERE_REACH_MM)
    return float(np.median(values[rim])) if rim.any() else 0.0


def _near(
    grid: VolumeGeometry, centre_mm: NDArray[np.float64], reach_mm: float
) -> tuple[FloatArray, tuple[slice, slice, slice], NDArray[np.bool_]]:
    """Voxel centres in a box around a point, the box, and which of them lie within a distance."""
    middle = grid.point_to_index(centre_mm)
    low = [max(0, math.floor(m - reach_mm / s)) for m, s in zip(middle, grid.spacing_mm, strict=True)]
    high = [
        min(n, math.ceil(m + reach_mm / s) + 1) for m, s, n in zip(middle, grid.spacing_mm, grid.shape, strict=True)
    ]
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    index = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
    points = grid.index_to_point(index)
    return points, box, np.linalg.norm(points - centre_mm, axis=-1) <= reach_mm


def _background(values: NDArray[np.float64], grid: VolumeGeometry, centres: Sequence[NDArray[np.float64]]) -> float:
    """Median of what lies in a shell around the spheres, and near none of them."""
    shell = np.zeros(grid.shape, bool)
    close = np.zeros(grid.shape, bool)
    for centre in centres:
        points, box, wide = _near(grid, centre, _BACKGROUND_SHELL_MM[1])
        shell[box] |= wide
        close[box] |= np.linalg.norm(points - centre, axis=-1) < _BACKGROUND_SHELL_MM[0]
    return float(np.median(values[shell & ~close]))


def ball_coverage(
    grid: VolumeGeometry, centre_mm: NDArray[np.float64], radius_mm: float, *, where: str = "phantom"
) -> tuple[NDArray[np.float64], tuple[slice, slice, slice]]:
    """Share of each voxel that lies in a ball, and the box of voxels that it is given for.

    Raises
    ------
    InconsistentCaseError
        If the ball reaches out of the image.
    """
    reach = radius_mm / np.array(grid.spacing_mm)
    middle = grid.point_to_index(centre_mm)
    if np.any(middle - reach < -0.5) or np.any(middle + reach > np.array(grid.shape) - 0.5):
        raise InconsistentCaseError("a sphere reaches out of the image", where=where, remedy="check its place")
    points, box, _ = _near(grid, centre_mm, radius_mm + max(grid.spacing_mm))
    parts = (np.arange(_PARTS) + 0.5) / _PARTS - 0.5
    inside = np.zeros(points.shape[:-1])
    axes = grid.directions * np.array(grid.spacing_mm)
    for a in parts:
        for b in parts:
            for c in parts:
                moved = points + axes @ np.array([a, b, c])
                inside += np.linalg.norm(moved - centre_mm, axis=-1) <= radius_mm
    return inside / _PARTS**3, box


@dataclass(frozen=True, eq=False)
class MeasuredProfile:
    """A profile along an axis of the patient system with the width of its blur, the voxel's own taken off."""

    axis: Axis
    positions_mm: FloatArray
    values: FloatArray
    fitted: FloatArray
    fwhm_mm: float
    residual_relative: float
    """Root mean square of the residuals over the height of edge or peak."""


def measured_edges(
    series: ImageSeries, axis: Axis, *, width_mm: float = 40.0, where: str = "phantom"
) -> tuple[MeasuredProfile, MeasuredProfile]:
    """Both flat faces of a uniform phantom across an axis: the ends of a cylinder along z, or the sides of a box.

    Parameters
    ----------
    width_mm
        The profile is the mean over a square of this side around the middle of the phantom. The faces must be flat and
        square to the axis: a tilt of 1° over 40 mm widens them by less than 0.1 mm at 9 mm.

    Notes
    -----
    The variance of a voxel's width, h²/12, is taken off: what is left is the point spread of the reconstruction.

    Raises
    ------
    DosimetryError
        If the image's axes are oblique, the phantom is too small, or no edge fits.
    """
    values, positions, spacing = _along(series, axis, where)
    inside = values > 0.5 * np.percentile(values, 99.5)
    if inside.sum() < 64:
        raise DosimetryError("no uniform phantom is in the image", where=where, remedy="check the files")
    centre = np.argwhere(inside).mean(axis=0)
    half = [max(1, round(width_mm / 2 / spacing[n])) for n in (1, 2)]
    window = [slice(max(0, round(centre[n + 1]) - half[n]), round(centre[n + 1]) + half[n] + 1) for n in (0, 1)]
    profile = values[:, window[0], window[1]].mean(axis=(1, 2))
    high = float(np.median(profile[profile > 0.5 * profile.max()]))
    above = np.flatnonzero(profile > 0.5 * high)
    middle = (above[0] + above[-1]) / 2
    reach = _PROFILE_REACH_MM / spacing[0]
    edges = []
    for at, part in ((above[0], slice(0, int(middle) + 1)), (above[-1], slice(int(middle), len(profile)))):
        low = max(part.start, round(at - reach))
        top = min(part.stop, round(at + reach) + 1)
        x, y = positions[low:top], profile[low:top]
        fit = fitted_edge(x.tolist(), y.tolist(), where=where)
        edges.append(_edge_profile(axis, x, y, fit, spacing[0], where))
    return edges[0], edges[1]


def _edge_profile(
    axis: Axis, x: FloatArray, y: FloatArray, fit: FittedEdge, spacing_mm: float, where: str
) -> MeasuredProfile:
    width = _without_voxel_mm(fit.fwhm_mm, spacing_mm, where)
    return MeasuredProfile(axis, x, y, fit.at(x), width, fit.residual / abs(fit.step))


def measured_point(series: ImageSeries, *, where: str = "phantom") -> tuple[MeasuredProfile, ...]:
    """Widths of a point source along x, y and z, from the sums of the image across each.

    Notes
    -----
    A point that is blurred by a Gaussian gives a Gaussian in each sum. The variance of a voxel's width is taken off.

    Raises
    ------
    DosimetryError
        If the image's axes are oblique, or no peak fits.
    """
    found = []
    axes: tuple[Axis, ...] = ("x", "y", "z")
    for axis in axes:
        values, positions, spacing = _along(series, axis, where)
        peak = np.unravel_index(int(np.argmax(ndimage.gaussian_filter(values, 1.0))), values.shape)
        spans = [
            slice(max(0, round(p - _POINT_REACH_MM / s)), round(p + _POINT_REACH_MM / s) + 1)
            for p, s in zip(peak, spacing, strict=True)
        ]
        x, y = positions[spans[0]], values[tuple(spans)].sum(axis=(1, 2))

        def shape(at: FloatArray, base: float, height: float, centre: float, sigma: float) -> FloatArray:
            return np.asarray(base + height * np.exp(-0.5 * ((at - centre) / sigma) ** 2))

        start = (float(y.min()), float(np.ptp(y)), float(positions[peak[0]]), 4.0)
        if not start[1] > 0:
            raise DosimetryError("no point source is in the image", where=where, remedy="check the files")
        try:
            fitted, _ = optimize.curve_fit(shape, x, y, p0=start)
        except RuntimeError as error:
            raise DosimetryError("no peak fits the image", where=where, remedy="take a point source in air") from error
        height, sigma = float(fitted[1]), abs(float(fitted[3]))
        if not height > 0 or not FWHM_PER_DEVIATION * sigma < float(np.ptp(x)):
            raise DosimetryError("no point source is in the image", where=where, remedy="check the files")
        curve = shape(x, *fitted)
        width = _without_voxel_mm(FWHM_PER_DEVIATION * sigma, spacing[0], where)
        residual = float(np.sqrt(np.mean((y - curve) ** 2))) / height
        found.append(MeasuredProfile(axis, x, y, curve, width, residual))
    return tuple(found)


def _without_voxel_mm(fwhm_mm: float, spacing_mm: float, where: str) -> float:
    left = fwhm_mm**2 - FWHM_PER_DEVIATION**2 * spacing_mm**2 / 12
    if not left > 0:
        raise DosimetryError(
            "the blur is narrower than a voxel", where=where, remedy="reconstruct the phantom with smaller voxels"
        )
    return math.sqrt(left)


def _along(
    series: ImageSeries, axis: Axis, where: str
) -> tuple[NDArray[np.float64], FloatArray, tuple[float, float, float]]:
    """The image with an axis of the patient system first, its positions in mm, and the spacings in that order."""
    if series.kind != "spect":
        raise InconsistentCaseError("a phantom is measured in a SPECT", where=where, remedy="name its files")
    grid = series.volume.geometry
    row = np.abs(grid.directions["xyz".index(axis)])
    first = int(np.argmax(row))
    if row[first] < 0.9999:
        raise InconsistentCaseError(
            "the image lies obliquely", where=where, remedy="reconstruct the phantom along the table"
        )
    others = [n for n in range(3) if n != first]
    values: NDArray[Any] = np.moveaxis(np.asarray(series.volume.values, np.float64), first, 0)
    index = np.zeros((grid.shape[first], 3))
    index[:, first] = np.arange(grid.shape[first])
    positions = grid.index_to_point(index)[:, "xyz".index(axis)]
    spacing = (grid.spacing_mm[first], grid.spacing_mm[others[0]], grid.spacing_mm[others[1]])
    return values, positions, spacing
