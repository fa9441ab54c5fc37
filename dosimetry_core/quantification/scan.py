"""One scan of a cycle: calibrated image, VOIs placed on it, concentrations solved."""

from __future__ import annotations

from collections.abc import Mapping

from dosimetry_core.calibration import calibrated_image, calibration_used
from dosimetry_core.case import Administration, Calibration, Cycle
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.exclusive_vois import ExclusiveVois
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import TimePoint
from dosimetry_core.nuclide import nuclide
from dosimetry_core.partial_volume.image_noise import image_noise
from dosimetry_core.partial_volume.point_spread import PointSpread
from dosimetry_core.partial_volume.transfer_matrix import scan_regions
from dosimetry_core.quantification.container import ContainerOnScan, container_on_scan
from dosimetry_core.quantification.measurement import CycleMeasurement, Positions, TimePointMeasurement
from dosimetry_core.quantification.organ_position import kidney_positions, position_findings
from dosimetry_core.quantification.redrawn import exclusive_on_scan, redrawn_findings


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


def measured_scan(
    cycle: Cycle,
    time_point: TimePoint,
    exclusive: ExclusiveVois,
    old: TimePointMeasurement | None,
    previous: CycleMeasurement | None,
    place: str,
    *,
    positions: Positions = "computed",
) -> TimePointMeasurement:
    """One time point of a cycle, from its image to the concentrations of all VOIs.

    Parameters
    ----------
    old
        The same time point of ``previous``, or None.
    place
        Named in errors and findings.
    """
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
        image = calibrated_image(
            time_point.spect,
            calibration_used(cycle, time_point.spect.volume.quantity),
            administration,
            where=place,
        )
    transform = time_point.registration.transform
    own_exclusive = exclusive_on_scan(cycle, time_point, exclusive, old, place)
    exclusive = own_exclusive or exclusive
    organs = {key: mask for key, mask in exclusive.masks.items() if key not in exclusive.containers}
    known: Mapping[str, ContainerOnScan] = {}
    motions = FrozenMap({key: moved.motion for key, moved in time_point.registration.voi_motions.items()})
    if old is not None and same and old.regions.transform is transform and dict(old.regions.motions) == dict(motions):
        regions, known = old.regions.updated(organs), old.containers
    else:
        spread = _point_spread(time_point, calibration, place)
        regions = scan_regions(image.concentration.values, spread, transform, organs, motions)
    containers = {
        key: container_on_scan(exclusive.masks[key], transform, regions, known.get(key))
        for key in exclusive.masks
        if key in exclusive.containers
    }
    corrected = calibration.partial_volume == "geometric-transfer-matrix"
    concentrations = regions.concentrations(where=place) if corrected else None
    kidneys = kidney_positions(cycle, regions, old, positions=positions)
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
        image_noise(regions),
        concentrations.condition_number if concentrations is not None else None,
        FrozenMap(containers),
        (
            *image.findings,
            *time_point.registration.findings,
            *time_point.spect.findings,
            *(time_point.ct.findings if time_point.ct is not None else ()),
            *position_findings(cycle, time_point, kidneys.found, place),
            *redrawn_findings(cycle, time_point, own_exclusive, place),
        ),
        kidneys.found,
        own_exclusive,
        kidneys.pending,
    )


def _point_spread(time_point: TimePoint, calibration: Calibration, place: str) -> PointSpread:
    grid = time_point.spect.volume.geometry
    if calibration.partial_volume != "geometric-transfer-matrix" or calibration.point_spread_fwhm_mm is None:
        return PointSpread.none(grid)
    return PointSpread.on_grid(grid, calibration.point_spread_fwhm_mm, where=place)
