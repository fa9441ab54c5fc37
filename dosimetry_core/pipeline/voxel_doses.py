"""Absorbed dose of a cycle by voxel S values: maps of activity, density and media, and each VOI's share of the dose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Case, Cycle
from dosimetry_core.dose.ct_density import density_on_grid
from dosimetry_core.dose.dose_volume import dose_volume
from dosimetry_core.dose.local_deposition import electron_absorbed_dose_gy
from dosimetry_core.dose.media import CODES, SOFT_TISSUE, medium_codes_of_density
from dosimetry_core.dose.voxel_dose import VoxelDose, voxel_dose
from dosimetry_core.dose.voxel_uncertainty import ELECTRON_RANGE, voxel_dose_budget
from dosimetry_core.errors import Finding, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.kinetics.voxel_curves import VoxelVoi, close_on_vois
from dosimetry_core.partial_volume.voxel_correction import divided_image
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.pipeline.voxel_activity import CycleVoxelActivity, closed_voxel_activity
from dosimetry_core.quantification import CycleMeasurement, VoiMeasurement
from dosimetry_core.results import VoxelDoseNumbers
from dosimetry_core.units import PERCENT, mass_kg
from dosimetry_core.voi_sampling import GridCoverage
from dosimetry_core.volume import Volume

CLOSURE_TOLERANCE: Final = 0.03
"""Largest difference between a VOI's voxels and its curve, partial volume aside, that goes without remark."""

INTERPOLATION_VARIANCE_VOXELS: Final = 1 / 6
"""Mean of f (1 − f) over all offsets f between voxels."""


@dataclass(frozen=True)
class VoiVoxelDose:
    """Mean dose of a VOI by nuclide, Gy, the other numbers of its map, and remarks on its closure."""

    mean_gy: FrozenMap[str, float]
    numbers: VoxelDoseNumbers
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class CycleVoxelDoses:
    """Voxel doses of the VOIs that have a curve and a density.

    Parameters
    ----------
    maps
        By nuclide, on the grid of the reference scan.
    time_integrated_activity_bq_s
        By nuclide, same grid.
    findings
        Remarks on the maps as a whole.
    """

    vois: FrozenMap[str, VoiVoxelDose]
    maps: FrozenMap[str, VoxelDose]
    time_integrated_activity_bq_s: FrozenMap[str, NDArray[np.float32]]
    findings: tuple[Finding, ...]


def cycle_voxel_doses(
    case: Case,
    cycle: Cycle,
    measurement: CycleMeasurement,
    curves: Mapping[str, VoiCurves],
    densities_g_per_ml: Mapping[str, float],
    whole_body_bq_s: Mapping[str, float],
) -> CycleVoxelDoses:
    """Dose of every nuclide in every voxel, and what it says of each VOI.

    Parameters
    ----------
    densities_g_per_ml
        VOI → density that its mass is computed with. It stands in the map too, whatever the CT says there, so that
        contrast agent changes no dose and all engines share one mass. Such a VOI is soft tissue.
    whole_body_bq_s
        Nuclide → time-integrated activity of the whole body. What the VOIs leave of it the voxels outside them are
        scaled to; where it is not from the images, or nothing is left, they keep their own.

    Raises
    ------
    DosimetryError
        If the cycle has fewer than two scans, the reference scan no CT, or VOIs can't be closed against.
    """
    place = f"cycle {cycle.number}"
    found = closed_voxel_activity(cycle, measurement, {name: curve.fits for name, curve in curves.items()})
    scan = measurement.time_points[cycle.reference_time_point].time_point
    if scan.ct is None:
        raise MissingDataError(
            "voxel S values need the CT of the reference scan for the density",
            where=f"{place}, images",
            remedy="add the CT, or choose another engine",
        )
    covered = _whole_coverage(found)
    density = density_on_grid(scan.ct.volume, found.grid)
    soft = np.zeros(found.grid.shape, bool)
    parts = {name: found.coverages[name] for name in densities_g_per_ml if name in found.coverages}
    _set_densities(density, soft, parts, densities_g_per_ml)
    media = medium_codes_of_density(density)
    media[soft] = CODES[SOFT_TISSUE]
    from_images = cycle.whole_body.method == "field-of-view"
    spread = measurement.time_points[cycle.reference_time_point].regions.point_spread
    sigma = spread.standard_deviation_mm
    vois = {name: VoxelVoi(part.slices, part.fraction, _totals(curves[name])) for name, part in found.coverages.items()}
    activities, doses, factors = {}, {}, {}
    findings: dict[Finding, None] = {}
    for name, own in found.activity.maps.items():
        whole = whole_body_bq_s.get(name) if from_images else None
        factors[name] = {voi: by[name] for voi, by in found.activity.scale_factors.items() if name in by}
        closed = own
        if max(sigma) > 0:
            closed = voxel_wise_corrected(
                _unscaled(own, found.coverages, factors[name]),
                found.coverages,
                {voi: item.time_integrated_activity_bq_s[name] for voi, item in vois.items()},
                _blur_in_voxels(sigma, found.grid.spacing_mm, len(measurement.time_points)),
            )
            factors[name] = close_on_vois(closed, vois, name, place)
        activities[name] = _with_remainder(closed, covered, whole)
        activity = Volume(activities[name], found.grid, "time_integrated_activity_bq_s")
        doses[name] = voxel_dose(name, activity, Volume(density, found.grid, "density_g_per_ml"), media)
        findings |= dict.fromkeys(
            Finding(f.code, f.level, f"{f.text} (voxel map of {name})", place) for f in doses[name].findings
        )
    explained = {name: 1.0 if max(sigma) > 0 else _partial_volume_factor(measurement.vois[name]) for name in parts}
    results = {
        name: _voi(
            part,
            found.grid,
            doses,
            activities,
            densities_g_per_ml[name],
            FrozenMap({nuclide: by[name] for nuclide, by in factors.items()}),
            explained[name],
            f"{place}, {name}",
        )
        for name, part in parts.items()
    }
    return CycleVoxelDoses(FrozenMap(results), FrozenMap(doses), FrozenMap(activities), tuple(findings))


def _whole_coverage(found: CycleVoxelActivity) -> NDArray[np.float32]:
    """Part of each voxel that belongs to any VOI."""
    total = np.zeros(found.grid.shape, np.float32)
    for part in found.coverages.values():
        total[part.slices] += part.fraction.astype(np.float32)
    return total


def _set_densities(
    density: NDArray[np.float32],
    soft: NDArray[np.bool_],
    parts: Mapping[str, GridCoverage],
    densities_g_per_ml: Mapping[str, float],
) -> None:
    """Mix the VOIs' densities into the map by coverage, and mark the voxels that are theirs for the larger part."""
    total = np.zeros(density.shape, np.float32)
    weighted = np.zeros(density.shape, np.float32)
    for name, part in parts.items():
        fraction = part.fraction.astype(np.float32)
        total[part.slices] += fraction
        weighted[part.slices] += fraction * np.float32(densities_g_per_ml[name])
    # Coverages of rotated masks may pass 1 by a percent.
    over = np.maximum(total, np.float32(1))
    density *= 1 - total / over
    density += weighted / over
    soft |= total >= np.float32(0.5)


def _with_remainder(
    own: NDArray[np.float32], covered: NDArray[np.float32], whole_bq_s: float | None
) -> NDArray[np.float32]:
    """The map with the voxels that no VOI touches scaled, so that all of it is the whole body's."""
    if whole_bq_s is None:
        return own
    outside = covered == 0
    free = float(np.sum(own, where=outside, dtype=np.float64))
    held = float(np.sum(own, where=~outside, dtype=np.float64))
    if not free > 0 or not whole_bq_s > held:
        return own
    factor = np.float32((whole_bq_s - held) / free)
    scaled: NDArray[np.float32] = np.where(outside, own * factor, own)
    return scaled


def _mean(values: NDArray[Any], part: GridCoverage) -> float:
    """Mean over the VOI, whose density is one: over its mass."""
    return float((values[part.slices] * part.fraction).sum(dtype=np.float64) / part.fraction.sum())


def _totals(curves: VoiCurves) -> dict[str, float]:
    return {nuclide: fit.time_integrated_activity_bq_s for nuclide, fit in curves.fits.items()}


def _blur_in_voxels(
    sigma_mm: tuple[float, float, float], spacing_mm: tuple[float, float, float], scans: int
) -> tuple[float, float, float]:
    """Standard deviation of the blur of a map along its axes.

    Linear interpolation at chance places adds h²/6 to the variance of all scans but the reference one.
    """
    share = (scans - 1) / scans
    slices, rows, columns = (
        math.sqrt((sigma / h) ** 2 + share * INTERPOLATION_VARIANCE_VOXELS)
        for sigma, h in zip(sigma_mm, spacing_mm, strict=True)
    )
    return slices, rows, columns


def _unscaled(
    closed: NDArray[np.float32], coverages: Mapping[str, GridCoverage], factors: Mapping[str, float]
) -> NDArray[np.float32]:
    """The map as its voxels' own curves say it."""
    scale = np.ones(closed.shape, np.float32)
    for name, factor in factors.items():
        part = coverages[name]
        scale[part.slices] += ((factor - 1) * part.fraction).astype(np.float32)
    return closed / scale


def _voi(
    part: GridCoverage,
    grid: VolumeGeometry,
    doses: Mapping[str, VoxelDose],
    activities: Mapping[str, NDArray[np.float32]],
    density_g_per_ml: float,
    closure_factors: FrozenMap[str, float],
    partial_volume_factor: float | None,
    place: str,
) -> VoiVoxelDose:
    means, photons, uncertainties = {}, {}, {}
    for nuclide, dose in doses.items():
        mean = _mean(dose.absorbed_dose.values, part)
        photon = _mean(dose.photon_absorbed_dose_gy, part)
        inside = float((activities[nuclide][part.slices] * part.fraction).sum(dtype=np.float64))
        local = electron_absorbed_dose_gy(nuclide, inside, mass_kg=mass_kg(part.volume_ml, density_g_per_ml))
        budget = voxel_dose_budget(
            nuclide,
            SOFT_TISSUE,
            absorbed_dose_gy=mean,
            photon_absorbed_dose_gy=photon,
            # What electrons carry over a surface goes with their range.
            with_longer_range_gy=mean + ELECTRON_RANGE * (mean - photon - local),
            rounding_error_gy=dose.rounding_error_gy,
        )
        means[nuclide], photons[nuclide], uncertainties[nuclide] = mean, photon, budget.total_gy / mean
    total = np.sum([dose.absorbed_dose.values[part.slices] for dose in doses.values()], axis=0)
    volume = dose_volume(total, part.fraction, voxel_volume_ml=grid.voxel_volume_ml, where=place)
    slices, rows, columns = grid.spacing_mm
    numbers = VoxelDoseNumbers(
        closure_factors,
        partial_volume_factor,
        FrozenMap(photons),
        FrozenMap(uncertainties),
        volume.d98_gy,
        volume.d90_gy,
        volume.d50_gy,
        volume.d2_gy,
        (columns, rows, slices),
    )
    return VoiVoxelDose(FrozenMap(means), numbers, _closure_findings(numbers, place))


def _partial_volume_factor(measured: VoiMeasurement) -> float | None:
    """Corrected over uncorrected activity, all scans together; None where no scan shows any."""
    used = measured.uncorrected_activity_bq > 0
    if not used.any():
        return None
    return float(measured.activity_bq[used].sum() / measured.uncorrected_activity_bq[used].sum())


def _closure_findings(numbers: VoxelDoseNumbers, place: str) -> tuple[Finding, ...]:
    findings = []
    explained = 1.0 if numbers.partial_volume_factor is None else numbers.partial_volume_factor
    for nuclide, factor in numbers.closure_factors.items():
        left = factor / explained
        if abs(left - 1) > CLOSURE_TOLERANCE:
            limit = PERCENT.text(CLOSURE_TOLERANCE, digits=0)
            text = (
                f"The voxels' time-integrated activity of {nuclide}, corrected for partial volume, was scaled by "
                f"{left:.3f} to that of the VOI's curve (remarked on beyond {limit})."
            )
            findings.append(Finding("voxel-closure", "warning", text, place))
    return tuple(findings)
