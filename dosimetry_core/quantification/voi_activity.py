"""Activity of each VOI over the scans of a cycle, with random and common uncertainties kept apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dosimetry_core.calibration import recovery_coefficient, recovery_volume_sensitivity
from dosimetry_core.case import Calibration, Cycle
from dosimetry_core.errors import Finding
from dosimetry_core.exclusive_vois import ExclusiveVois
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.geometry import FloatArray, VolumeGeometry
from dosimetry_core.partial_volume.blurred_sphere import (
    sphere_count_volume_sensitivity,
    sphere_radius_mm,
    sphere_recovery_volume_sensitivity,
)
from dosimetry_core.partial_volume.image_noise import noise_standard_uncertainty_bq_per_ml
from dosimetry_core.partial_volume.point_spread import PointSpread
from dosimetry_core.partial_volume.uniformity import CoreContrast, core_contrast, mean_core_contrast
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification.container import container_noise_bq, spilled_into_bq
from dosimetry_core.quantification.findings import (
    KIDNEY_ROLES,
    non_uniformity_loss,
    uniformity_findings,
    voi_findings,
    voi_on_scan_findings,
)
from dosimetry_core.quantification.measurement import TimePointMeasurement, VoiMeasurement
from dosimetry_core.quantification.voi_extent import volume_relative_standard_uncertainty
from dosimetry_core.voi import Voi

POINT_SPREAD_RELATIVE_STANDARD_UNCERTAINTY = 0.07
"""Of a stated full width at half maximum (methods 1.5b: 5–10 %)."""
BACKGROUND_RELATIVE_STANDARD_UNCERTAINTY = 0.25
"""Of what the surroundings add to a VOI: the background is seen through the same point spread that it is corrected for.
On phantoms with bowel, renal pelvis, gallbladder and unlisted lesions at a VOI's edge the error is 10–30 % of it."""


@dataclass(frozen=True)
class _VoiOnScan:
    """One VOI on one scan, before it is gathered over the scans."""

    activity_bq: float
    uncorrected_activity_bq: float
    random_standard_uncertainty_bq: float | None
    registration_standard_uncertainty_bq: float
    recovery_relative_standard_uncertainty: float | None
    fraction_outside: float
    findings: tuple[Finding, ...]


def measured_vois(
    cycle: Cycle,
    exclusive: ExclusiveVois,
    scans: Sequence[TimePointMeasurement],
    place: str,
    *,
    progress: Progress = no_progress,
) -> FrozenMap[str, VoiMeasurement]:
    """Every VOI over all scans, by name; a failure stays with its VOI."""
    fwhm_mm = _effective_fwhm_mm(scans[0].regions.point_spread.grid, cycle.calibration)
    by_id: dict[str, VoiMeasurement] = {}
    # Containers last, from small to large, so that what each holds is known before it.
    for voi in sorted(cycle.vois, key=lambda one: (one.voi_id in exclusive.containers, one.mask.volume_ml)):
        where = f"{place}, {voi.name}"
        # Nobody waits long for a look: an evaluation can stop or give way to the hand between any two VOIs.
        progress(1.0, f"Measuring {where}")
        if voi.voi_id in exclusive.containers:
            by_id[voi.voi_id] = _container(voi, exclusive, scans, by_id, where)
        else:
            by_id[voi.voi_id] = _voi(voi, cycle, exclusive, scans, fwhm_mm, where)
    together = {}
    for voi in cycle.vois:
        own = by_id[voi.voi_id]
        inside = [by_id[key] for key in own.enclosed]
        volume = own.volume_ml + sum(other.volume_ml for other in inside)
        activity = read_only(np.zeros(0))
        if own.failure is None and all(other.failure is None for other in inside):
            activity = read_only(np.sum([own.activity_bq, *(other.activity_bq for other in inside)], axis=0))
        together[voi.name] = replace(own, volume_with_enclosed_ml=volume, activity_with_enclosed_bq=activity)
    return FrozenMap(together)


def _voi(
    voi: Voi,
    cycle: Cycle,
    exclusive: ExclusiveVois,
    scans: Sequence[TimePointMeasurement],
    fwhm_mm: float,
    place: str,
) -> VoiMeasurement:
    mask = exclusive.masks[voi.voi_id]
    measured = VoiMeasurement(voi, mask, mask.volume_ml, mask.volume_ml, exclusive.enclosed[voi.voi_id])
    if mask.is_empty:
        return replace(measured, failure="the VOI has no volume")
    volumes = [(scan.own_exclusive or exclusive).volume_ml[voi.voi_id] for scan in scans]
    empty = [n for n, volume in enumerate(volumes, start=1) if not volume > 0]
    if empty:
        numbers = ", ".join(str(n) for n in empty)
        return replace(measured, failure=f"the VOI as drawn anew has no volume at time point {numbers}")
    measured = replace(measured, volume_by_time_point_ml=_array(volumes))
    unseen = [n for n, scan in enumerate(scans, start=1) if scan.regions.vois[voi.voi_id].covered_voxels <= 0]
    if unseen:
        numbers = ", ".join(str(n) for n in unseen)
        return replace(measured, failure=f"the VOI lies outside the field of view at time point {numbers}")
    if any(scan.concentrations is not None and voi.voi_id not in scan.concentrations.voi_ids for scan in scans):
        return replace(measured, failure="the VOI is too small for the resolution; merge it or use a recovery curve")
    values = [
        _voi_on_scan(voi, cycle.calibration, scan, volume, place) for scan, volume in zip(scans, volumes, strict=True)
    ]
    contrast = _kidney_contrast(voi, scans)
    recovery = [value.recovery_relative_standard_uncertainty for value in values]
    known_recovery = [u for u in recovery if u is not None]
    random = [value.random_standard_uncertainty_bq for value in values]
    known_random = [u for u in random if u is not None]
    return replace(
        measured,
        nuclide=scans[0].nuclide,
        activity_bq=_array(value.activity_bq for value in values),
        uncorrected_activity_bq=_array(value.uncorrected_activity_bq for value in values),
        partial_volume_factor=_array(
            value.activity_bq / value.uncorrected_activity_bq if value.uncorrected_activity_bq else math.nan
            for value in values
        ),
        random_standard_uncertainty_bq=_array(known_random) if len(known_random) == len(values) else None,
        registration_standard_uncertainty_bq=_array(
            value.registration_standard_uncertainty_bq for value in values if len(known_random) == len(values)
        ),
        calibration_relative_standard_uncertainty=scans[0].image.relative_standard_uncertainty,
        recovery_relative_standard_uncertainty=(
            math.hypot(sum(known_recovery) / len(known_recovery), non_uniformity_loss(contrast))
            if len(known_recovery) == len(recovery)
            else None
        ),
        volume_relative_standard_uncertainty=volume_relative_standard_uncertainty(mask),
        activity_volume_sensitivity=_activity_volume_sensitivity(mask.volume_ml, cycle.calibration, fwhm_mm),
        fraction_outside=_array(value.fraction_outside for value in values),
        findings=(
            *voi_findings(voi, mask, fwhm_mm, place),
            *uniformity_findings(contrast, place),
            *(finding for value in values for finding in value.findings),
        ),
    )


def _container(
    voi: Voi,
    exclusive: ExclusiveVois,
    scans: Sequence[TimePointMeasurement],
    by_id: Mapping[str, VoiMeasurement],
    place: str,
) -> VoiMeasurement:
    """A VOI that holds organs: the image's sum inside, less the organs' own activities and what others spill in."""
    volume = exclusive.volume_ml[voi.voi_id]
    measured = VoiMeasurement(voi, voi.mask, volume, volume, exclusive.enclosed[voi.voi_id])
    held = {key: None for here in (exclusive, *_own(scans)) for key in here.enclosed[voi.voi_id]}
    inside = [by_id[key] for key in held]
    if voi.mask.is_empty or not volume > 0:
        return replace(measured, failure="the VOI has no volume of its own")
    failed = next((other for other in inside if other.failure is not None), None)
    if failed is not None:
        return replace(measured, failure=f"{failed.voi.name} inside it has no activity")
    sums, random, outside, volumes = [], [], [], []
    findings: list[Finding] = []
    for number, scan in enumerate(scans):
        container = scan.containers[voi.voi_id]
        here = scan.own_exclusive or exclusive
        enclosed = here.enclosed[voi.voi_id]
        own = container.image_sum_bq - sum(by_id[key].activity_bq[number] for key in enclosed)
        if scan.concentrations is not None:
            for key, value in zip(scan.concentrations.voi_ids, scan.concentrations.true_bq_per_ml, strict=True):
                if key not in enclosed:
                    own -= spilled_into_bq(container, scan.regions, key, float(value))
        sums.append(own)
        volumes.append(here.volume_ml[voi.voi_id])
        outside.append(container.fraction_outside)
        if scan.noise is not None:
            random.append(container_noise_bq(container, scan.regions, scan.noise))
        at = f"{place}, scan of {scan.acquisition_start.isoformat(timespec='minutes')}"
        findings += voi_on_scan_findings(own, own, container.fraction_outside, None, at, role=voi.role)
    return replace(
        measured,
        nuclide=scans[0].nuclide,
        activity_bq=_array(sums),
        uncorrected_activity_bq=_array(sums),
        partial_volume_factor=read_only(np.ones(len(sums))),
        random_standard_uncertainty_bq=_array(random) if len(random) == len(scans) else None,
        calibration_relative_standard_uncertainty=scans[0].image.relative_standard_uncertainty,
        recovery_relative_standard_uncertainty=0.0,
        volume_relative_standard_uncertainty=volume_relative_standard_uncertainty(voi.mask),
        fraction_outside=_array(outside),
        findings=tuple(findings),
        volume_by_time_point_ml=_array(volumes),
    )


def _own(scans: Sequence[TimePointMeasurement]) -> list[ExclusiveVois]:
    return [scan.own_exclusive for scan in scans if scan.own_exclusive is not None]


def _kidney_contrast(voi: Voi, scans: Sequence[TimePointMeasurement]) -> CoreContrast | None:
    """Of kidneys only: lesions are never uniform, and in liver and spleen it matters little."""
    if voi.role not in KIDNEY_ROLES:
        return None
    found = [
        core_contrast(scan.regions, scan.concentrations, scan.noise, voi.voi_id)
        for scan in scans
        if scan.concentrations is not None and scan.noise is not None
    ]
    return mean_core_contrast([contrast for contrast in found if contrast is not None])


def _array(values: Iterable[float]) -> FloatArray:
    return read_only(np.array(list(values), dtype=np.float64))


def _voi_on_scan(
    voi: Voi, calibration: Calibration, scan: TimePointMeasurement, volume_ml: float, place: str
) -> _VoiOnScan:
    sampled = scan.regions.vois[voi.voi_id]
    uncorrected = scan.regions.mean_bq_per_ml(voi.voi_id) * volume_ml
    recovery_uncertainty: float | None = None
    recovery = 1.0
    registration_loss = 0.0
    if scan.concentrations is not None:
        index = scan.concentrations.voi_ids.index(voi.voi_id)
        concentration = float(scan.concentrations.true_bq_per_ml[index])
        activity = concentration * volume_ml
        sensitivity = float(scan.concentrations.width_sensitivity[index])
        spill_in = float(scan.concentrations.background_bq_per_ml[index])
        if concentration > 0:
            recovery_uncertainty = math.hypot(
                POINT_SPREAD_RELATIVE_STANDARD_UNCERTAINTY * sensitivity,
                BACKGROUND_RELATIVE_STANDARD_UNCERTAINTY * spill_in / concentration,
            )
        registration_loss = _registration_loss(scan, sensitivity)
    elif calibration.partial_volume == "recovery-curve" and calibration.recovery is not None:
        recovery = recovery_coefficient(volume_ml, calibration.recovery)
        activity = uncorrected / recovery
        recovery_uncertainty = calibration.recovery.relative_standard_uncertainty
    else:
        activity = uncorrected
    random: float | None = None
    if scan.noise is not None:
        if scan.concentrations is not None:
            noise = noise_standard_uncertainty_bq_per_ml(scan.regions, scan.noise, voi.voi_id)
        else:
            noise = noise_standard_uncertainty_bq_per_ml(scan.regions, scan.noise, voi.voi_id, corrected=False)
            noise /= recovery
        random = math.hypot(noise * volume_ml, registration_loss * activity)
    number = f"{place}, scan of {scan.acquisition_start.isoformat(timespec='minutes')}"
    return _VoiOnScan(
        activity,
        uncorrected,
        random,
        abs(registration_loss * activity),
        recovery_uncertainty,
        sampled.fraction_outside,
        voi_on_scan_findings(
            activity, uncorrected, sampled.fraction_outside, recovery_uncertainty, number, role=voi.role
        ),
    )


def _registration_loss(scan: TimePointMeasurement, width_sensitivity: float) -> float:
    """Relative loss of a VOI's mean when the scan is off by the registration's residual.

    A displacement with root mean square r acts like a widening of the point spread's variance σ² by r²/3 per axis.
    """
    residual = scan.time_point.registration.residual_mm
    if residual is None:
        return 0.0
    variance = sum(s**2 for s in scan.regions.point_spread.standard_deviation_mm) / 3
    return abs(width_sensitivity) * residual**2 / (6 * variance)


def _effective_fwhm_mm(grid: VolumeGeometry, calibration: Calibration) -> float:
    """Full width of point spread and voxel together; of the voxel alone where the case doesn't state the resolution."""
    if calibration.point_spread_fwhm_mm is None:
        return PointSpread.none(grid).effective_fwhm_mm
    return PointSpread.on_grid(grid, calibration.point_spread_fwhm_mm).effective_fwhm_mm


def _activity_volume_sensitivity(volume_ml: float, calibration: Calibration, fwhm_mm: float) -> float:
    """d ln A/d ln V: that of the counts less that of the recovery used (methods 7.4), for the equal sphere."""
    radius = sphere_radius_mm(volume_ml)
    counts = sphere_count_volume_sensitivity(radius, fwhm_mm)
    if calibration.partial_volume == "geometric-transfer-matrix":
        return counts - sphere_recovery_volume_sensitivity(radius, fwhm_mm)
    if calibration.partial_volume == "recovery-curve" and calibration.recovery is not None:
        return counts - recovery_volume_sensitivity(volume_ml, calibration.recovery)
    return counts
