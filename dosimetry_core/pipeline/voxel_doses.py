"""Absorbed dose of a cycle by voxel S values: maps of activity, density and media, and each VOI's share of the dose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from dosimetry_core.case import Case, Cycle
from dosimetry_core.cores import at_once
from dosimetry_core.dose.dose_volume import DoseVolume, dose_volume
from dosimetry_core.dose.engine import DoseRegion, EngineDose
from dosimetry_core.dose.local_deposition import electron_absorbed_dose_gy
from dosimetry_core.dose.media import SOFT_TISSUE
from dosimetry_core.dose.region_electrons import RegionResponse
from dosimetry_core.dose.voxel_dose import VoxelDose, voxel_dose
from dosimetry_core.dose.voxel_uncertainty import ELECTRON_RANGE, voxel_dose_budget
from dosimetry_core.errors import Finding, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.partial_volume.voxel_correction import DividedImage, divided_image
from dosimetry_core.pipeline.densities import with_vois
from dosimetry_core.pipeline.voxel_activity import (
    CycleVoxelMaps,
    coverages_on_reference,
    cycle_voxel_maps,
    made_from,
    own_motion_findings,
    same_objects,
)
from dosimetry_core.pipeline.voxel_sources import (
    AT_ONCE,
    FineVoi,
    electron_shares,
    fine_voi,
    photon_shares_gy,
    source_name,
    with_margin,
)
from dosimetry_core.progress import Progress, from_threads, no_progress, part_of
from dosimetry_core.quantification import CycleMeasurement, VoiMeasurement
from dosimetry_core.results import VoxelDoseNumbers
from dosimetry_core.units import PERCENT, mass_kg
from dosimetry_core.voi_sampling import GridCoverage
from dosimetry_core.volume import Volume

CLOSURE_TOLERANCE: Final = 0.03
"""Largest difference between a VOI's voxels and its curve, partial volume aside, that goes without remark."""

INTERPOLATION_VARIANCE_VOXELS: Final = 1 / 6
"""Mean of f (1 − f) over all offsets f between voxels."""

HISTOGRAM_BINS: Final = 100


@dataclass(frozen=True, eq=False)
class VoiVoxelDose:
    """Dose of a VOI by nuclide, the voxels that it is made of, the other numbers of its map, and remarks.

    ``fine`` and ``responses`` (by nuclide) rest on its outline and density alone and serve the next computation.
    """

    doses: FrozenMap[str, EngineDose]
    voxels: DoseVolume
    numbers: VoxelDoseNumbers
    findings: tuple[Finding, ...]
    fine: FineVoi
    responses: FrozenMap[str, RegionResponse]


@dataclass(frozen=True, eq=False)
class CycleVoxelDoses:
    """Voxel doses of the VOIs that have a curve and a density.

    Parameters
    ----------
    maps
        By nuclide, on the grid of the reference scan.
    curve_maps
        What the voxels' own curves said before VOIs came in; serves the next computation.
    findings
        Remarks on the maps as a whole.
    made_from
        The very objects and values that all of it rests on.
    """

    vois: FrozenMap[str, VoiVoxelDose]
    maps: FrozenMap[str, VoxelDose]
    curve_maps: CycleVoxelMaps
    findings: tuple[Finding, ...]
    made_from: tuple[object, ...]


def voxel_inputs(
    case: Case,
    cycle: Cycle,
    measurement: CycleMeasurement,
    regions: Mapping[str, DoseRegion],
    whole_body_bq_s: Mapping[str, float],
) -> tuple[object, ...]:
    """Everything that voxel doses of a cycle rest on, to be compared with `same_objects`."""
    found: list[object] = [*made_from(case, cycle, measurement), cycle.whole_body.method]
    found += [scan.regions.point_spread.standard_deviation_mm for scan in measurement.time_points]
    for name, region in regions.items():
        found += [name, region.role, region.density_g_per_ml, measurement.exclusive.masks[_voi_id(measurement, name)]]
        found += [value for pair in region.time_integrated_activity_bq_s.items() for value in pair]
    found += [value for pair in whole_body_bq_s.items() for value in pair]
    found += [finding.text for finding in own_motion_findings(cycle, measurement)]
    return tuple(found)


def _voi_id(measurement: CycleMeasurement, name: str) -> str:
    return measurement.vois[name].voi.voi_id


def cycle_voxel_doses(
    case: Case,
    cycle: Cycle,
    measurement: CycleMeasurement,
    regions: Mapping[str, DoseRegion],
    whole_body_bq_s: Mapping[str, float],
    *,
    previous: CycleVoxelDoses | None = None,
    progress: Progress = no_progress,
) -> CycleVoxelDoses:
    """Dose of every nuclide in every voxel, and what it says of each VOI.

    Parameters
    ----------
    regions
        VOIs with their densities. A VOI's density stands in the map too, whatever the CT says there, so that contrast
        agent changes no dose and all engines share one mass. Such a VOI is soft tissue.
    whole_body_bq_s
        Nuclide → time-integrated activity of the whole body. What the VOIs leave of it the rest is scaled to; where
        it is not from the images, or nothing is left, the rest keeps its own.
    previous
        Earlier doses of this cycle: the voxels' curves are taken over where images and alignment are the same.

    Raises
    ------
    DosimetryError
        If the cycle has fewer than two scans, or the reference scan no CT.
    """
    inputs = voxel_inputs(case, cycle, measurement, regions, whole_body_bq_s)
    if previous is not None and same_objects(previous.made_from, inputs):
        return previous
    place = f"cycle {cycle.number}"
    title = f"Voxel doses of {place}"
    scan = measurement.time_points[cycle.reference_time_point]
    if scan.time_point.ct is None:
        raise MissingDataError(
            "voxel S values need the CT of the reference scan for the density",
            where=f"{place}, images",
            remedy="add the CT, or choose another engine",
        )
    found = cycle_voxel_maps(
        case, cycle, measurement, previous=None if previous is None else previous.curve_maps, progress=progress
    )
    assert found.density_g_per_ml is not None
    assert found.media is not None
    with_curve = [name for name, region in regions.items() if region.time_integrated_activity_bq_s]
    coverages = coverages_on_reference(cycle, measurement, with_curve)
    density, media = with_vois(found.density_g_per_ml, found.media, coverages, regions)
    sigma = _blur_in_voxels(
        scan.regions.point_spread.standard_deviation_mm, found.grid.spacing_mm, len(measurement.time_points)
    )
    from_images = cycle.whole_body.method == "field-of-view"
    # Nuclides, and then VOIs, have nothing to do with each other: two of them are computed at once.
    report, count = from_threads(progress), len(found.maps)

    def of_nuclide(number: int) -> tuple[DividedImage, dict[str, float], VoxelDose]:
        nuclide, own = list(found.maps.items())[number]
        told = part_of(report, number / (2 * count), (number + 1) / (2 * count))
        told(0.0, f"{title}: {nuclide}")
        totals = {name: regions[name].time_integrated_activity_bq_s[nuclide] for name in coverages}
        parts, scaled = _closed(divided_image(own, coverages, totals, sigma), totals)
        parts = _with_whole_body(parts, whole_body_bq_s.get(nuclide) if from_images else None)
        activity = Volume(parts.together(coverages), found.grid, "time_integrated_activity_bq_s")
        dose = voxel_dose(nuclide, activity, Volume(density, found.grid, "density_g_per_ml"), media, progress=told)
        return parts, scaled, dose

    computed = dict(zip(found.maps, at_once(of_nuclide, range(count), most=AT_ONCE), strict=True))
    divided = {nuclide: parts for nuclide, (parts, _, _) in computed.items()}
    doses = {nuclide: dose for nuclide, (_, _, dose) in computed.items()}
    findings: dict[Finding, None] = dict.fromkeys((*found.density_findings, *own_motion_findings(cycle, measurement)))
    for nuclide, dose in doses.items():
        findings |= dict.fromkeys(
            Finding(f.code, f.level, f"{f.text} (voxel map of {nuclide})", place) for f in dose.findings
        )
    groups = {name: source_name(regions[name].role) for name in coverages}
    photons = {
        nuclide: photon_shares_gy(
            doses[nuclide],
            coverages,
            divided[nuclide].own,
            groups,
            look=lambda: report(0.5, f"{title}: photons between VOIs"),
        )
        for nuclide in doses
    }
    blurred = any(sigma)

    def of_voi(number: int, name: str, part: GridCoverage) -> VoiVoxelDose:
        report((1 + number / len(coverages)) / 2, f"{title}: {name}")
        known = None if previous is None else previous.vois.get(name)
        box = with_margin(part, found.grid, regions[name].density_g_per_ml, tuple(doses))
        return _voi(
            regions[name],
            fine_voi(name, box, cycle, measurement, previous=None if known is None else known.fine),
            found.grid,
            doses,
            divided,
            coverages,
            groups,
            {nuclide: by[name] for nuclide, by in photons.items()},
            FrozenMap({nuclide: scaled[name] for nuclide, (_, scaled, _) in computed.items()}),
            1.0 if blurred else _partial_volume_factor(measurement.vois[name]),
            f"{place}, {name}",
            known,
            look=lambda: report((1 + number / len(coverages)) / 2, f"{title}: {name}"),
        )

    # One after the other: two of them and the window would take turns at Python's lock, which scrolling would feel.
    results = {name: of_voi(number, name, part) for number, (name, part) in enumerate(coverages.items())}
    return CycleVoxelDoses(FrozenMap(results), FrozenMap(doses), found, tuple(findings), inputs)


def _closed(image: DividedImage, totals: Mapping[str, float]) -> tuple[DividedImage, dict[str, float]]:
    """Each VOI's part scaled to the time-integrated activity of its curve, and the factors."""
    factors = {}
    for name, values in image.own.items():
        held = float(values.sum(dtype=np.float64))
        if not held > 0:
            raise MissingDataError(
                "the VOI holds no activity in the voxel map", where=name, remedy="check its place and the registration"
            )
        factors[name] = totals[name] / held
    own = {name: values * np.float32(factors[name]) for name, values in image.own.items()}
    return DividedImage(FrozenMap(own), image.around), factors


def _with_whole_body(image: DividedImage, whole_bq_s: float | None) -> DividedImage:
    """What belongs to no VOI scaled, so that all of it is the whole body's."""
    free = float(image.around.sum(dtype=np.float64))
    held = sum(float(values.sum(dtype=np.float64)) for values in image.own.values())
    if whole_bq_s is None or not free > 0 or not whole_bq_s > held:
        return image
    return DividedImage(image.own, image.around * np.float32((whole_bq_s - held) / free))


def _blur_in_voxels(
    sigma_mm: tuple[float, float, float], spacing_mm: tuple[float, float, float], scans: int
) -> tuple[float, float, float]:
    """Standard deviation of the blur of a map along its axes; zeros where no point spread is stated.

    Linear interpolation at chance places adds h²/6 to the variance of all scans but the reference one.
    """
    if not max(sigma_mm) > 0:
        return 0.0, 0.0, 0.0
    share = (scans - 1) / scans
    slices, rows, columns = (
        math.sqrt((sigma / h) ** 2 + share * INTERPOLATION_VARIANCE_VOXELS)
        for sigma, h in zip(sigma_mm, spacing_mm, strict=True)
    )
    return slices, rows, columns


def _voi(
    region: DoseRegion,
    voi: FineVoi,
    grid: VolumeGeometry,
    maps: Mapping[str, VoxelDose],
    divided: Mapping[str, DividedImage],
    coverages: Mapping[str, GridCoverage],
    groups: Mapping[str, str],
    photons: Mapping[str, Mapping[str, float]],
    closure_factors: FrozenMap[str, float],
    partial_volume_factor: float | None,
    place: str,
    previous: VoiVoxelDose | None,
    *,
    look: Callable[[], None],
) -> VoiVoxelDose:
    fine, box = voi.region, voi.box
    doses, photon_gy, uncertainties, fractions, responses = {}, {}, {}, {}, {}
    per_voxel = np.zeros(fine.shape)
    voxel_kg = fine.room_inside.astype(np.float64) * (
        mass_kg(grid.voxel_volume_ml, region.density_g_per_ml) / fine.parts**3
    )
    for nuclide, dose in maps.items():
        look()
        electrons, responses[nuclide] = electron_shares(
            region,
            box,
            fine,
            grid,
            nuclide,
            divided[nuclide],
            coverages,
            groups,
            previous=None if previous is None else previous.responses.get(nuclide),
        )
        by_photons = photons[nuclide]
        per_voxel += np.divide(
            electrons.per_voxel_j, voxel_kg, out=np.zeros_like(voxel_kg), where=voxel_kg > 0
        ) + np.asarray(dose.photon_absorbed_dose_gy[box], dtype=np.float64)
        own_gy = electrons.by_source_j["self"] / region.mass_kg
        even_gy = electrons.even_self_j / region.mass_kg
        cross = dict.fromkeys([*electrons.by_source_j, *by_photons], 0.0)
        for source, joule in electrons.by_source_j.items():
            cross[source] += joule / region.mass_kg
        for source, gray in by_photons.items():
            cross[source] += gray
        del cross["self"]
        doses[nuclide] = EngineDose(even_gy, by_photons["self"], own_gy - even_gy, FrozenMap(cross))
        mean, photon = doses[nuclide].absorbed_dose_gy, sum(by_photons.values())
        local = electron_absorbed_dose_gy(
            nuclide, region.time_integrated_activity_bq_s[nuclide], mass_kg=region.mass_kg
        )
        budget = voxel_dose_budget(
            nuclide,
            SOFT_TISSUE,
            absorbed_dose_gy=mean,
            photon_absorbed_dose_gy=photon,
            # What electrons carry over a surface goes with their range.
            with_longer_range_gy=mean + ELECTRON_RANGE * (mean - photon - local),
            rounding_error_gy=dose.rounding_error_gy,
        )
        photon_gy[nuclide], uncertainties[nuclide] = photon, budget.total_gy / mean
        fractions[nuclide] = electrons.absorbed_fraction
    covered = fine.room_inside / np.float32(fine.parts**3)
    voxels = dose_volume(per_voxel, covered, voxel_volume_ml=grid.voxel_volume_ml, where=place)
    slices, rows, columns = grid.spacing_mm
    histogram_gy, histogram = voxels.cumulative_histogram(HISTOGRAM_BINS)
    numbers = VoxelDoseNumbers(
        closure_factors,
        partial_volume_factor,
        FrozenMap(photon_gy),
        FrozenMap(uncertainties),
        voxels.d98_gy,
        voxels.d90_gy,
        voxels.d50_gy,
        voxels.d2_gy,
        (columns, rows, slices),
        absorbed_fractions=FrozenMap(fractions),
        histogram_gy=tuple(histogram_gy.tolist()),
        histogram_volume_fraction=tuple(histogram.tolist()),
    )
    return VoiVoxelDose(FrozenMap(doses), voxels, numbers, _closure_findings(numbers, place), voi, FrozenMap(responses))


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
