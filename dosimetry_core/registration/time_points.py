"""Aligns the time points of a cycle to its reference by rigid motion, and says how far off the result may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dosimetry_core.errors import Finding, InconsistentCaseError
from dosimetry_core.geometry import FloatArray, RigidTransform
from dosimetry_core.image import ImageSeries, Registration, TimePoint
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.registration.least_squares import (
    CoarseImage,
    block_displacements_mm,
    coarse_image,
    correlation,
    overlap_share,
    refined,
    sample_points,
    squared_difference,
    surface_mask,
)
from dosimetry_core.registration.mutual_information import register_by_mutual_information
from dosimetry_core.units import MILLIMETRE, PERCENT

RESIDUAL_REMARKABLE_MM = 3.0
"""Residual beyond which a finding is raised: a kidney then loses more than 2 % (methods 1.5b: 1.5 mm cost 1 %)."""
OVERLAP_REMARKABLE_SHARE = 0.7
CORRELATION_REFUSED = 0.5
"""Correlation of two CT images of one patient below which the alignment is taken for failed."""

# Spacings of the three levels: coarse enough to catch 60 mm, fine enough for a few tenths of a millimetre.
_LEVELS_MM = (12.0, 6.0, 3.0)
_STARTS_PER_AXIS_MM = ((-30.0, 0.0, 30.0), (-30.0, 0.0, 30.0), (-60.0, -30.0, 0.0, 30.0, 60.0))
_STARTS_REFINED = 4
_SAMPLES = 120_000


def register_rigid_ct(
    reference: ImageSeries, moving: ImageSeries, *, seed: int = 0, progress: Progress = no_progress, where: str = ""
) -> Registration:
    """Rigid motion from one CT to another of the same patient.

    Parameters
    ----------
    reference, moving
        CT series in HU, with any grids and frames of reference.
    seed
        Of the choice of sample points at the finest level. The result is a pure function of the inputs and the seed.
    where
        Place named in findings.

    Returns
    -------
    Registration
        ``transform`` maps a patient point of the reference to the patient point of the moving image;
        ``residual_mm`` is the root mean square of the displacements that blocks of 60 mm would still like to make, so
        it contains what a rigid motion can't follow. A poor result carries findings; an unusable one of level error.

    Notes
    -----
    Least squares of CT numbers in a soft-tissue and bone window over points in and around the body, with Gauss–Newton
    steps and weights that forget outliers (the couch, bowel gas), from several starts at 12 mm and then at 6 and 3 mm.
    Both images are smoothed to a common resolution first, so that the subvoxel position doesn't follow the grids.
    """
    if reference.kind != "ct" or moving.kind != "ct":
        raise ValueError("both series must be CT")
    progress(0.0, "Reading CT for registration")
    generator = np.random.default_rng(seed)
    levels = [(coarse_image(reference, spacing), coarse_image(moving, spacing)) for spacing in _LEVELS_MM]
    progress(0.4, "Aligning CT")
    transform = _from_best_start(*levels[0])
    for number, (fixed, other) in enumerate(levels[1:], start=1):
        progress(0.4 + 0.2 * number, "Aligning CT")
        points, values = sample_points(fixed, _SAMPLES, generator)
        transform = refined(transform, points, values, other, iterations=15)
    progress(0.9, "Judging the alignment")
    points, values = sample_points(levels[-1][0], _SAMPLES, generator)
    moved_values = levels[-1][1]
    displacements = block_displacements_mm(transform, points, values, moved_values)
    residual = float(np.sqrt(np.mean(np.sum(displacements**2, axis=1)))) if len(displacements) else None
    findings = _findings(
        residual,
        overlap_share(transform, points, moved_values),
        correlation(transform, points, values, moved_values),
        where,
    )
    progress(1.0, "Aligned")
    return Registration(transform, "rigid-ct", residual, findings)


def _from_best_start(fixed: CoarseImage, moving: CoarseImage) -> RigidTransform:
    """Coarse alignment from the body centres, displaced on a grid of starts; the best after refinement wins."""
    points, values = sample_points(fixed, _SAMPLES, None)
    body_fixed, body_moving = surface_mask(fixed), surface_mask(moving)
    if not body_fixed.any() or not body_moving.any():
        raise InconsistentCaseError(
            "no body was found in a CT", where="registration", remedy="check that the CT is in Hounsfield units"
        )
    shift = _centroid_mm(moving, body_moving) - _centroid_mm(fixed, body_fixed)
    starts = [
        RigidTransform(np.eye(3), shift + np.array([x, y, z]))
        for x in _STARTS_PER_AXIS_MM[0]
        for y in _STARTS_PER_AXIS_MM[1]
        for z in _STARTS_PER_AXIS_MM[2]
    ]
    # Bodies that the scans cut at different heights have misleading centres; equal coordinates are a start too.
    starts.append(RigidTransform.identity())
    few = slice(None, None, 4)
    cost = [squared_difference(start, points[few], values[few], moving) for start in starts]
    candidates = [starts[i] for i in np.argsort(cost, kind="stable")[:_STARTS_REFINED]]
    ends = [refined(start, points, values, moving, iterations=25) for start in candidates]
    return min(ends, key=lambda end: squared_difference(end, points, values, moving))


def _centroid_mm(image: CoarseImage, mask: NDArray[np.bool_]) -> FloatArray:
    return image.geometry.index_to_point(np.argwhere(mask).mean(axis=0))


def _findings(residual_mm: float | None, overlap: float, correlation_value: float, where: str) -> tuple[Finding, ...]:
    findings = []
    if correlation_value < CORRELATION_REFUSED:
        findings.append(
            Finding(
                "registration-failed",
                "error",
                f"The aligned images agree only with a correlation of {correlation_value:.2f} (at least "
                f"{CORRELATION_REFUSED:.1f} is expected); align them by hand.",
                where,
            )
        )
    if residual_mm is None or residual_mm > RESIDUAL_REMARKABLE_MM:
        size = "can't be estimated" if residual_mm is None else f"is {MILLIMETRE.text(residual_mm)}"
        findings.append(
            Finding(
                "registration-residual",
                "warning",
                f"The residual of the alignment {size} (up to {MILLIMETRE.text(RESIDUAL_REMARKABLE_MM)} is expected).",
                where,
            )
        )
    if overlap < OVERLAP_REMARKABLE_SHARE:
        findings.append(
            Finding(
                "registration-overlap",
                "warning",
                f"Only {PERCENT.text(overlap)} of the reference body lies inside the other image.",
                where,
            )
        )
    return tuple(findings)


def register_rigid_spect(
    reference: ImageSeries, moving: ImageSeries, *, seed: int = 0, progress: Progress = no_progress, where: str = ""
) -> Registration:
    """Rigid motion from one SPECT to another, by mutual information; for time points without CT.

    The residual is the root mean square disagreement, over the body, of registrations with different sample points.
    """
    if reference.kind != "spect" or moving.kind != "spect":
        raise ValueError("both series must be SPECT")
    transform, residual, overlap, agreement = register_by_mutual_information(
        reference.volume, moving.volume, seed=seed, progress=progress
    )
    return Registration(transform, "rigid-spect", residual, _findings(residual, overlap, agreement, where))


def register_time_points(
    time_points: Sequence[TimePoint], reference_index: int, *, progress: Progress = no_progress, where: str = ""
) -> tuple[TimePoint, ...]:
    """Every time point with its registration to the reference time point.

    Identity where the frame of reference UIDs are equal, CT to CT where both have one, else SPECT to SPECT.
    """
    if not 0 <= reference_index < len(time_points):
        raise ValueError(f"there is no time point {reference_index}")
    reference = time_points[reference_index]
    registered = []
    for number, time_point in enumerate(time_points):
        part = part_of(progress, number / len(time_points), (number + 1) / len(time_points))
        place = f"{where}, time point {number + 1}" if where else f"time point {number + 1}"
        registered.append(replace(time_point, registration=_registration(reference, time_point, part, place)))
    return tuple(registered)


def _registration(reference: TimePoint, time_point: TimePoint, progress: Progress, place: str) -> Registration:
    own = _frames_finding(time_point, place)
    if time_point is reference:
        return Registration(RigidTransform.identity(), "reference", 0.0, own)
    frame = _frame(reference)
    if frame and frame == _frame(time_point):
        return Registration(RigidTransform.identity(), "same-frame-of-reference", None, own)
    if reference.ct is not None and time_point.ct is not None:
        found = register_rigid_ct(reference.ct, time_point.ct, progress=progress, where=place)
    else:
        found = register_rigid_spect(reference.spect, time_point.spect, progress=progress, where=place)
    return replace(found, findings=(*own, *found.findings))


def _frame(time_point: TimePoint) -> str:
    return (time_point.ct or time_point.spect).frame_of_reference_uid


def _frames_finding(time_point: TimePoint, place: str) -> tuple[Finding, ...]:
    ct = time_point.ct
    if ct is None or ct.frame_of_reference_uid == time_point.spect.frame_of_reference_uid:
        return ()
    return (
        Finding(
            "frame-of-reference",
            "warning",
            "SPECT and CT of this time point name different frames of reference; they are taken as acquired in one "
            "position.",
            place,
        ),
    )


def nudged(
    registration: Registration, translation_mm: ArrayLike, rotation_rad: ArrayLike, centre_mm: ArrayLike
) -> Registration:
    """The registration after a manual adjustment.

    Parameters
    ----------
    translation_mm, rotation_rad
        Added motion of the time point's side: (x, y, z) and a rotation vector, in the time point's patient system.
    centre_mm
        Point of the time point about which it rotates.
    """
    added = RigidTransform.from_rotation_vector(rotation_rad, translation_mm, centre_mm=centre_mm)
    return Registration(added.after(registration.transform), "manual", None, ())
