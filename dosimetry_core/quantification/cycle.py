"""Activity in each VOI at each time point of a cycle, with its uncertainty and what speaks against it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from dosimetry_core.calibration import (
    CalibratedImage,
    calibrated_image,
    recovery_coefficient,
    recovery_volume_sensitivity,
)
from dosimetry_core.case import Administration, Calibration, Cycle
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.exclusive_vois import ExclusiveVois, exclusive_masks
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.geometry import FloatArray, VolumeGeometry
from dosimetry_core.image import TimePoint
from dosimetry_core.nuclide import nuclide
from dosimetry_core.partial_volume.blurred_sphere import (
    sphere_count_volume_sensitivity,
    sphere_radius_mm,
    sphere_recovery_volume_sensitivity,
)
from dosimetry_core.partial_volume.image_noise import ImageNoise, image_noise, noise_standard_uncertainty_bq_per_ml
from dosimetry_core.partial_volume.point_spread import PointSpread
from dosimetry_core.partial_volume.transfer_matrix import RegionConcentrations, ScanRegions, scan_regions
from dosimetry_core.partial_volume.uniformity import CoreContrast, core_contrast, mean_core_contrast
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification.findings import (
    KIDNEY_ROLES,
    field_of_view_findings,
    non_uniformity_loss,
    side_findings,
    uniformity_findings,
    voi_findings,
    voi_on_scan_findings,
)
from dosimetry_core.quantification.voi_extent import volume_relative_standard_uncertainty
from dosimetry_core.voi import Voi, VoiMask

POINT_SPREAD_RELATIVE_STANDARD_UNCERTAINTY = 0.07
"""Of a stated full width at half maximum (methods 1.5b: 5–10 %)."""
BACKGROUND_RELATIVE_STANDARD_UNCERTAINTY = 0.25
"""Of what the surroundings add to a VOI: the background is seen through the same point spread that it is corrected for.
On phantoms with bowel, renal pelvis, gallbladder and unlisted lesions at a VOI's edge the error is 10–30 % of it."""


@dataclass(frozen=True, eq=False)
class TimePointMeasurement:
    """What one scan says about the whole field of view, and what the VOI values were computed from."""

    time_point: TimePoint
    nuclide: str
    acquisition_start: datetime
    time_after_administration_s: float
    """From the middle of the infusion of the cycle's first-listed nuclide to the start of the scan."""
    time_after_own_administration_s: float
    """The same for the nuclide that was imaged: time zero of its curves."""
    field_of_view_activity_bq: float
    field_of_view_fraction: float
    """Activity in the field of view over the administered activity, both at the acquisition start."""
    image: CalibratedImage
    regions: ScanRegions
    concentrations: RegionConcentrations | None
    """None without the geometric transfer matrix."""
    noise: ImageNoise | None
    condition_number: float | None
    findings: tuple[Finding, ...] = ()


def _none() -> FloatArray:
    return read_only(np.zeros(0))


@dataclass(frozen=True, eq=False)
class VoiMeasurement:
    """Activity of one VOI, without the VOIs it encloses; arrays have one entry per time point, in the scans' order.

    Parameters
    ----------
    volume_ml, volume_with_enclosed_ml
        Of the mask alone, and with enclosed VOIs.
    enclosed
        voi_ids of the VOIs inside.
    activity_bq
        At each scan's start, corrected for partial volume.
    uncorrected_activity_bq
        The same before the partial-volume correction.
    partial_volume_factor
        What the correction multiplied it by.
    random_standard_uncertainty_bq
        Independent from scan to scan: image noise and registration. None if the VOIs are too small to tell.
    calibration_relative_standard_uncertainty
        Common to all scans and VOIs; None if the case doesn't state it.
    recovery_relative_standard_uncertainty
        Common to all scans: resolution or recovery curve, and surroundings. None without a correction.
    volume_relative_standard_uncertainty
        Of the outline.
    activity_volume_sensitivity
        d ln A/d ln V: how the activity follows an outline drawn too large.
    fraction_outside
        Share of the volume outside each scan's field of view; the mean inside stands for it.
    failure
        Why there are no activities; then the arrays are empty.
    """

    voi: Voi
    exclusive_mask: VoiMask
    volume_ml: float
    volume_with_enclosed_ml: float
    enclosed: tuple[str, ...]
    nuclide: str | None = None
    activity_bq: FloatArray = field(default_factory=_none)
    uncorrected_activity_bq: FloatArray = field(default_factory=_none)
    partial_volume_factor: FloatArray = field(default_factory=_none)
    random_standard_uncertainty_bq: FloatArray | None = None
    activity_with_enclosed_bq: FloatArray = field(default_factory=_none)
    calibration_relative_standard_uncertainty: float | None = None
    recovery_relative_standard_uncertainty: float | None = None
    volume_relative_standard_uncertainty: float | None = None
    activity_volume_sensitivity: float = 0.0
    fraction_outside: FloatArray = field(default_factory=_none)
    failure: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class CycleMeasurement:
    """All scans and VOIs of one cycle; ``vois`` by VOI name."""

    cycle: Cycle
    time_points: tuple[TimePointMeasurement, ...]
    vois: FrozenMap[str, VoiMeasurement]
    exclusive: ExclusiveVois
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _VoiOnScan:
    """One VOI on one scan, before it is gathered over the scans."""

    activity_bq: float
    uncorrected_activity_bq: float
    random_standard_uncertainty_bq: float | None
    recovery_relative_standard_uncertainty: float | None
    fraction_outside: float
    findings: tuple[Finding, ...]


def measure_cycle(
    cycle: Cycle, *, previous: CycleMeasurement | None = None, progress: Progress = no_progress
) -> CycleMeasurement:
    """Activity in every VOI at every time point.

    Parameters
    ----------
    cycle
        With registered time points, VOIs on the reference grid and a calibration.
    previous
        An earlier measurement of this cycle: what rests on the same objects (images, transforms, masks) is taken over,
        so that an edit of one VOI costs a few milliseconds per scan. The numbers are those of a new measurement.

    Raises
    ------
    MissingDataError
        If the calibration lacks something that the images or the chosen partial-volume correction need.
    InconsistentCaseError
        If a scan's nuclide was not given before it in this cycle, or the transfer matrix can't be solved.
    """
    place = f"cycle {cycle.number}"
    _check(cycle, place)
    exclusive = exclusive_masks(cycle.vois, previous=previous.exclusive if previous else None, place=place)
    scans: list[TimePointMeasurement] = []
    problems: list[DosimetryError] = []
    for number, time_point in enumerate(cycle.time_points):
        progress(number / max(1, len(cycle.time_points)), f"Measuring {place}, time point {number + 1}")
        old = previous.time_points[number] if previous is not None and number < len(previous.time_points) else None
        try:
            scans.append(_scan(cycle, time_point, exclusive, old, previous, f"{place}, time point {number + 1}"))
        except DosimetryError as error:
            problems.append(error)
    raise_problems(problems)
    vois = _vois(cycle, exclusive, scans, place)
    progress(1.0, f"Measured {place}")
    physical = nuclide(scans[0].nuclide).decay_constant_per_s if scans else None
    findings = [*exclusive.findings, *(finding for scan in scans for finding in scan.findings)]
    if physical is not None:
        times = [scan.time_after_own_administration_s for scan in scans]
        activities = [scan.field_of_view_activity_bq for scan in scans]
        fractions = [scan.field_of_view_fraction for scan in scans]
        findings += field_of_view_findings(times, activities, fractions, physical, place)
    findings += side_findings(cycle.vois, place)
    findings += [finding for voi in vois.values() for finding in voi.findings]
    return CycleMeasurement(cycle, tuple(scans), vois, exclusive, tuple(findings))


def _check(cycle: Cycle, place: str) -> None:
    if not cycle.time_points:
        raise MissingDataError("there is no SPECT", where=place, remedy="add the images of this cycle")
    problems: list[DosimetryError] = []
    calibration = cycle.calibration
    if calibration.partial_volume is None:
        problems.append(
            MissingDataError(
                "the partial-volume correction is not chosen",
                where=f"{place}, calibration.partial_volume",
                remedy="say geometric-transfer-matrix, recovery-curve or none",
            )
        )
    elif calibration.partial_volume == "geometric-transfer-matrix" and calibration.point_spread_fwhm_mm is None:
        problems.append(
            MissingDataError(
                "the geometric transfer matrix needs the resolution of the reconstruction",
                where=f"{place}, calibration.point_spread_fwhm_mm",
                remedy="enter its full width at half maximum in mm",
            )
        )
    elif calibration.partial_volume == "recovery-curve" and calibration.recovery is None:
        problems.append(
            MissingDataError(
                "the recovery curve is not given",
                where=f"{place}, calibration.recovery",
                remedy="enter its model, b and gamma",
            )
        )
    nuclides = {time_point.spect.nuclide for time_point in cycle.time_points}
    if len(nuclides) > 1:
        names = ", ".join(sorted(str(name) for name in nuclides))
        problems.append(
            InconsistentCaseError(
                f"the scans are of different nuclides ({names})", where=place, remedy="leave out the wrong images"
            )
        )
    for name in nuclides:
        if len(nuclides) == 1 and (name is None or cycle.administration(name) is None):
            problems.append(
                InconsistentCaseError(
                    f"the scans are of {name or 'an unknown nuclide'}, which was not given in this cycle",
                    where=place,
                    remedy="enter its administration or correct the nuclide",
                )
            )
    for number, time_point in enumerate(cycle.time_points, start=1):
        if time_point.registration.method == "none":
            problems.append(
                MissingDataError(
                    "the scan is not aligned to the reference",
                    where=f"{place}, time point {number}",
                    remedy="align the time points first",
                )
            )
    raise_problems(problems)


def _own_administration(cycle: Cycle, time_point: TimePoint, place: str) -> Administration:
    administration = cycle.administration(time_point.spect.nuclide or "")
    if administration is None:
        raise ValueError("the nuclide's administration was checked before")
    if time_point.spect.acquisition_start <= administration.start:
        raise InconsistentCaseError(
            f"the scan began at {time_point.spect.acquisition_start.isoformat()}, before the administration at "
            f"{administration.start.isoformat()}",
            where=place,
            remedy="check the clocks and the time zone",
        )
    return administration


def _scan(
    cycle: Cycle,
    time_point: TimePoint,
    exclusive: ExclusiveVois,
    old: TimePointMeasurement | None,
    previous: CycleMeasurement | None,
    place: str,
) -> TimePointMeasurement:
    administration = _own_administration(cycle, time_point, place)
    physics = nuclide(administration.nuclide)
    calibration = cycle.calibration
    same = (
        old is not None
        and previous is not None
        and old.time_point.spect is time_point.spect
        and previous.cycle.calibration == calibration
        and previous.cycle.administrations == cycle.administrations
    )
    if old is not None and same:
        image = old.image
    else:
        image = calibrated_image(time_point.spect, calibration, administration, where=place)
    transform = time_point.registration.transform
    if old is not None and same and old.regions.transform is transform:
        regions = old.regions.updated(exclusive.masks)
    else:
        spread = _point_spread(time_point, calibration, place)
        regions = scan_regions(image.concentration.values, spread, transform, exclusive.masks)
    corrected = calibration.partial_volume == "geometric-transfer-matrix"
    concentrations = regions.concentrations(where=place) if corrected else None
    since_own = (time_point.spect.acquisition_start - administration.time_zero).total_seconds()
    first = cycle.administrations[0]
    administered_left = administration.administered_activity_bq * physics.decay_factor(
        (time_point.spect.acquisition_start - administration.start).total_seconds()
    )
    return TimePointMeasurement(
        time_point,
        administration.nuclide,
        time_point.spect.acquisition_start,
        (time_point.spect.acquisition_start - first.time_zero).total_seconds(),
        since_own,
        image.field_of_view_activity_bq,
        image.field_of_view_activity_bq / administered_left,
        image,
        regions,
        concentrations,
        image_noise(regions, concentrations if concentrations is not None else regions.uncorrected()),
        concentrations.condition_number if concentrations is not None else None,
        (*image.findings, *time_point.registration.findings, *time_point.spect.findings),
    )


def _point_spread(time_point: TimePoint, calibration: Calibration, place: str) -> PointSpread:
    grid = time_point.spect.volume.geometry
    if calibration.partial_volume != "geometric-transfer-matrix" or calibration.point_spread_fwhm_mm is None:
        return PointSpread.none(grid)
    return PointSpread.on_grid(grid, calibration.point_spread_fwhm_mm, where=place)


def _vois(
    cycle: Cycle, exclusive: ExclusiveVois, scans: Sequence[TimePointMeasurement], place: str
) -> FrozenMap[str, VoiMeasurement]:
    fwhm_mm = _effective_fwhm_mm(scans[0].regions.point_spread.grid, cycle.calibration)
    by_id = {voi.voi_id: _voi(voi, cycle, exclusive, scans, fwhm_mm, f"{place}, {voi.name}") for voi in cycle.vois}
    together = {}
    for voi in cycle.vois:
        own = by_id[voi.voi_id]
        inside = [by_id[key] for key in own.enclosed]
        volume = own.volume_ml + sum(other.volume_ml for other in inside)
        activity = _none()
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
    unseen = [n for n, scan in enumerate(scans, start=1) if scan.regions.vois[voi.voi_id].covered_voxels <= 0]
    if unseen:
        numbers = ", ".join(str(n) for n in unseen)
        return replace(measured, failure=f"the VOI lies outside the field of view at time point {numbers}")
    values = [_voi_on_scan(voi, cycle.calibration, scan, measured, place) for scan in scans]
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
        partial_volume_factor=_array(value.activity_bq / value.uncorrected_activity_bq for value in values),
        random_standard_uncertainty_bq=_array(known_random) if len(known_random) == len(values) else None,
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
    voi: Voi, calibration: Calibration, scan: TimePointMeasurement, measured: VoiMeasurement, place: str
) -> _VoiOnScan:
    sampled = scan.regions.vois[voi.voi_id]
    uncorrected = scan.regions.mean_bq_per_ml(voi.voi_id) * measured.volume_ml
    recovery_uncertainty: float | None = None
    registration_loss = 0.0
    if scan.concentrations is not None:
        index = scan.concentrations.voi_ids.index(voi.voi_id)
        concentration = float(scan.concentrations.true_bq_per_ml[index])
        activity = concentration * measured.volume_ml
        sensitivity = float(scan.concentrations.width_sensitivity[index])
        spill_in = float(scan.concentrations.background_bq_per_ml[index])
        recovery_uncertainty = math.hypot(
            POINT_SPREAD_RELATIVE_STANDARD_UNCERTAINTY * sensitivity,
            BACKGROUND_RELATIVE_STANDARD_UNCERTAINTY * spill_in / concentration,
        )
        registration_loss = _registration_loss(scan, sensitivity)
    elif calibration.partial_volume == "recovery-curve" and calibration.recovery is not None:
        activity = uncorrected / recovery_coefficient(measured.volume_ml, calibration.recovery)
        recovery_uncertainty = calibration.recovery.relative_standard_uncertainty
    else:
        activity = uncorrected
    random: float | None = None
    if scan.noise is not None:
        if scan.concentrations is not None:
            noise = noise_standard_uncertainty_bq_per_ml(scan.regions, scan.noise, voi.voi_id)
        else:
            noise = noise_standard_uncertainty_bq_per_ml(scan.regions, scan.noise, voi.voi_id, corrected=False)
            noise *= activity / uncorrected
        random = math.hypot(noise * measured.volume_ml, registration_loss * activity)
    number = f"{place}, scan of {scan.acquisition_start.isoformat(timespec='minutes')}"
    return _VoiOnScan(
        activity,
        uncorrected,
        random,
        recovery_uncertainty,
        sampled.fraction_outside,
        voi_on_scan_findings(activity, uncorrected, sampled.fraction_outside, recovery_uncertainty, number),
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
