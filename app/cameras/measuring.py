"""Phantom measurements from a folder of DICOM: numbers, the arithmetic in words, and what a picture of it shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.importing.files_read import read_phantom
from dosimetry_core.camera_profile import CameraEntry
from dosimetry_core.case import Calibration
from dosimetry_core.errors import Finding
from dosimetry_core.image import ImageSeries
from dosimetry_core.phantom_measurement import Axis, MeasuredProfile, MeasuredSphere
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.units import BQ_PER_MBQ, COUNTS_PER_S_PER_MBQ, HOUR, KILOBECQUEREL_PER_ML, MINUTE, PERCENT


@dataclass(frozen=True, eq=False)
class PhantomPicture:
    """A slice of the phantom, shape (row, column), and what was measured in it: circles and boxes in its pixels.

    ``circles`` are (column, row, radius column, radius row).
    """

    values: NDArray[np.float32]
    pixel_mm: tuple[float, float]
    """(row, column)."""
    circles: tuple[tuple[float, float, float, float], ...] = ()
    title: str = ""


@dataclass(frozen=True, eq=False)
class FitShown:
    """Points and the curve through them, in display units."""

    title: str
    x_title: str
    points: tuple[tuple[float, float], ...]
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class Measured:
    """A measurement that nobody has recorded yet: the entry without who, when and why, and how it was found."""

    entry: CameraEntry
    words: tuple[str, ...]
    pictures: tuple[PhantomPicture, ...]
    fits: tuple[FitShown, ...]
    findings: tuple[Finding, ...]

    def recorded(self, *, by: str, at: datetime, why: str, **more: Any) -> CameraEntry:
        """The entry as it goes into the profile."""
        return replace(
            self.entry,
            recorded_by=by.strip(),
            recorded_at=at.isoformat(timespec="seconds"),
            reason=why.strip(),
            **more,
        )


def measured_cylinder(
    folder: Path,
    *,
    profile: str,
    activity_bq: float,
    activity_time: datetime,
    activity_uncertainty: float,
    dead_time_s: float = 0.0,
    with_yttrium_90: bool = False,
    time_zone: str | None = None,
    progress: Progress = no_progress,
) -> Measured:
    """Sensitivity from a cylinder in the field of view."""
    from dosimetry_core.camera_calibration import cylinder_sensitivity

    image = read_phantom(folder, time_zone=time_zone, progress=part_of(progress, 0.1, 0.8))
    series, findings = image.series, image.findings
    found = cylinder_sensitivity(
        series, activity_bq=activity_bq, activity_time=activity_time, dead_time_s=dead_time_s, where=str(folder)
    )
    total = math.hypot(activity_uncertainty, found.count_standard_uncertainty_relative)
    value = COUNTS_PER_S_PER_MBQ.from_core(found.sensitivity_cps_per_bq)
    elapsed_s = (series.acquisition_start - activity_time).total_seconds()
    words = (
        f"Activity at the start of the scan: {activity_bq / BQ_PER_MBQ:.2f} MBq, {HOUR.text(elapsed_s)} later = "
        f"{found.activity_at_start_bq / BQ_PER_MBQ:.2f} MBq.",
        f"Counts of the whole field of view: {found.counts:.0f} in {MINUTE.text(found.counting_duration_s)}, "
        f"times dead time {found.dead_time_factor:.4f}.",
        f"Sensitivity = counts / (activity × time, decay while counting allowed for) = {value:.4g} counts/s/MBq, all "
        "heads, clock seconds.",
        f"Standard uncertainty: activity {PERCENT.text(activity_uncertainty)}, counts "
        f"{PERCENT.text(found.count_standard_uncertainty_relative)}, together {PERCENT.text(total)}.",
    )
    entry = replace(
        _entry_of(series, profile),
        kind="sensitivity",
        convention="clock-seconds-all-heads",
        relative_standard_uncertainty=total,
        dead_time_s=dead_time_s,
        facts=(
            ("activity_at_start_mbq", found.activity_at_start_bq / BQ_PER_MBQ),
            ("counts", round(found.counts)),
            ("counting_duration_s", found.counting_duration_s),
            ("dead_time_factor", found.dead_time_factor),
        ),
        method=" ".join(words),
    )
    if with_yttrium_90:
        entry = replace(entry, sensitivity_with_yttrium_90_cps_per_bq=found.sensitivity_cps_per_bq)
    else:
        entry = replace(entry, sensitivity_cps_per_bq=found.sensitivity_cps_per_bq)
    return Measured(entry, words, (_coronal(series),), (), findings)


def measured_sphere_phantom(
    folder: Path,
    *,
    profile: str,
    calibration: Calibration,
    diameters_mm: Sequence[float],
    sphere_bq_per_ml: float,
    background_bq_per_ml: float,
    activity_time: datetime,
    activity_uncertainty: float,
    centres_mm: Sequence[Sequence[float]] | None = None,
    time_zone: str | None = None,
    progress: Progress = no_progress,
) -> Measured:
    """Recovery curve from hot spheres."""
    from dosimetry_core.calibration import recovery_coefficient
    from dosimetry_core.phantom_measurement import measured_spheres

    image = read_phantom(folder, time_zone=time_zone, progress=part_of(progress, 0.1, 0.8))
    series, findings = image.series, image.findings
    found = measured_spheres(
        series,
        calibration,
        diameters_mm=diameters_mm,
        sphere_bq_per_ml=sphere_bq_per_ml,
        background_bq_per_ml=background_bq_per_ml,
        activity_time=activity_time,
        centres_mm=centres_mm,
        where=str(folder),
    )
    common = math.hypot(activity_uncertainty, calibration.relative_standard_uncertainty or 0.0)
    curve = replace(
        found.fit.curve,
        relative_standard_uncertainty=math.hypot(found.fit.curve.relative_standard_uncertainty, common),
    )
    kilo = KILOBECQUEREL_PER_ML
    words = (
        f"True concentration at the start of the scan: {kilo.text(found.true_sphere_bq_per_ml)}; around the "
        f"spheres the image holds {kilo.text(found.background_bq_per_ml)}.",
        *(_sphere_words(sphere, residual) for sphere, residual in zip(found.spheres, found.residuals, strict=True)),
        f"R(v) = 1 − 1/(1 + (v/b)^γ): b = {curve.b_ml:.3g} mL, γ = {curve.gamma:.3g}; spread of the residuals "
        f"{PERCENT.text(found.fit.curve.relative_standard_uncertainty)}, with activity and sensitivity "
        f"{PERCENT.text(curve.relative_standard_uncertainty)}.",
    )
    entry = replace(_entry_of(series, profile), kind="recovery", recovery=curve, method=" ".join(words))
    volumes = np.geomspace(0.5 * found.spheres[0].volume_ml, 1.5 * found.spheres[-1].volume_ml, 80)
    fit = FitShown(
        "Recovery",
        "Volume (mL)",
        tuple((sphere.volume_ml, sphere.recovery) for sphere in found.spheres),
        tuple((float(v), recovery_coefficient(float(v), curve)) for v in volumes),
    )
    picture = _axial(series, [(sphere.centre_mm, sphere.diameter_mm / 2) for sphere in found.spheres])
    return Measured(entry, words, (picture,), (fit,), (*findings, *found.findings))


def _sphere_words(sphere: MeasuredSphere, residual: float) -> str:
    x, y, z = sphere.centre_mm
    return (
        f"{sphere.diameter_mm:g} mm, {sphere.volume_ml:.2f} mL at ({x:.1f}, {y:.1f}, {z:.1f}) mm: "
        f"{KILOBECQUEREL_PER_ML.text(sphere.concentration_bq_per_ml)}, recovery {sphere.recovery:.3f}; the curve says "
        f"{sphere.recovery / (1 + residual):.3f} ({100 * residual:+.1f} %)."
    )


def measured_point_spread(
    folder: Path,
    *,
    profile: str,
    phantom: str,
    axis: Axis = "z",
    time_zone: str | None = None,
    progress: Progress = no_progress,
) -> Measured:
    """Point spread from a point source (``phantom`` = ``point``), or from flat faces across an axis (``edge``).

    Faces give one width, which is taken for all three axes.
    """
    from dosimetry_core.phantom_measurement import measured_edges, measured_point

    image = read_phantom(folder, time_zone=time_zone, progress=part_of(progress, 0.1, 0.8))
    series, findings = image.series, image.findings
    profiles: tuple[MeasuredProfile, ...]
    if phantom == "point":
        profiles = measured_point(series, where=str(folder))
        x, y, z = (one.fwhm_mm for one in profiles)
        last = f"Point spread {x:.2f} × {y:.2f} × {z:.2f} mm (x, y, z)."
    else:
        profiles = measured_edges(series, axis, where=str(folder))
        x = y = z = math.fsum(one.fwhm_mm for one in profiles) / len(profiles)
        apart = abs(profiles[0].fwhm_mm - profiles[1].fwhm_mm)
        last = f"Mean of both faces {x:.2f} mm (they differ by {apart:.2f} mm), taken for all axes."
    spacing = max(series.volume.geometry.spacing_mm)
    words = (
        *(
            f"Along {one.axis}: {one.fwhm_mm:.2f} mm full width at half maximum, residuals "
            f"{PERCENT.text(one.residual_relative)} of the height."
            for one in profiles
        ),
        f"The width of a voxel (up to {spacing:.1f} mm) is taken off: FWHM² = fitted² − 8 ln 2 · h²/12.",
        last,
    )
    entry = replace(
        _entry_of(series, profile), kind="point-spread", point_spread_fwhm_mm=(x, y, z), method=" ".join(words)
    )
    fits = tuple(
        FitShown(
            f"Profile along {one.axis}",
            "mm",
            tuple(zip(one.positions_mm.tolist(), one.values.tolist(), strict=True)),
            tuple(zip(one.positions_mm.tolist(), one.fitted.tolist(), strict=True)),
        )
        for one in profiles
    )
    return Measured(entry, words, (_coronal(series),), fits, findings)


def _entry_of(series: ImageSeries, profile: str) -> CameraEntry:
    return CameraEntry(
        profile=profile,
        kind="sensitivity",
        measured_on=series.acquisition_start.date(),
        camera=series.manufacturer,
        nuclide=series.nuclide or "",
        files_sha256=tuple(file.sha256 for file in series.source_files),
    )


def _coronal(series: ImageSeries) -> PhantomPicture:
    """Sum along the rows' direction: the whole phantom from the front."""
    values = np.asarray(series.volume.values, np.float32).sum(axis=1)[::-1]
    spacing = series.volume.geometry.spacing_mm
    return PhantomPicture(
        np.ascontiguousarray(values), (spacing[0], spacing[2]), (), "Sum of all planes, from the front"
    )


def _axial(series: ImageSeries, balls: Sequence[tuple[tuple[float, float, float], float]]) -> PhantomPicture:
    """The slice through the balls with their outlines."""
    grid = series.volume.geometry
    places = [(grid.point_to_index(centre), radius) for centre, radius in balls]
    number = round(float(np.median([place[0] for place, _ in places])))
    circles = tuple(
        (float(place[2]), float(place[1]), radius / grid.spacing_mm[2], radius / grid.spacing_mm[1])
        for place, radius in places
    )
    values = np.ascontiguousarray(np.asarray(series.volume.values[number], np.float32))
    return PhantomPicture(values, (grid.spacing_mm[1], grid.spacing_mm[2]), circles, f"Slice {number + 1}")
