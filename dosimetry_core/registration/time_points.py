"""Aligns the time points of a cycle to its reference by rigid motion, and says how far off the result may be."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError
from dosimetry_core.geometry import FloatArray, RigidTransform
from dosimetry_core.image import ImageSeries, Registration, TimePoint
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.registration.least_squares import (
    CoarseImage,
    SamplePoints,
    body_mask,
    coarse_images,
    correlation_and_overlap,
    refined,
    residual_displacement_mm,
    sample_points,
    settled,
    squared_difference,
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
_SAMPLES_OF_STARTS = 3_000
_SAMPLES_OF_CANDIDATES = 20_000
_BODY_LEVEL = 1


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
    A common offset of the CT numbers in tissue is taken off first.
    Both images are smoothed to a common resolution first, so that the subvoxel position doesn't follow the grids.
    """
    if moving.kind != "ct":
        raise ValueError("both series must be CT")
    progress(0.0, "Reading CT for registration")
    return _registered_to(_prepared(reference, seed), moving, progress, where)


@dataclass(frozen=True, eq=False)
class _Reference:
    """A reference CT made ready for any number of registrations."""

    samples: tuple[SamplePoints, ...]
    """From coarse to fine."""
    body_centre_mm: FloatArray


def _prepared(reference: ImageSeries, seed: int) -> _Reference:
    if reference.kind != "ct":
        raise ValueError("both series must be CT")
    images = coarse_images(reference, _LEVELS_MM)
    body_image = images[_BODY_LEVEL]
    body = _body(body_image, "the CT of the reference")
    generator = np.random.default_rng(seed)
    samples = tuple(sample_points(image, body, body_image.geometry, _SAMPLES, generator) for image in images)
    return _Reference(samples, _centroid_mm(body_image, body))


def _registered_to(reference: _Reference, moving: ImageSeries, progress: Progress, where: str) -> Registration:
    images = coarse_images(moving, _LEVELS_MM)
    progress(0.3, "Aligning CT")
    transform = _from_best_start(reference, images)
    for number, (samples, image) in enumerate(zip(reference.samples[1:-1], images[1:-1], strict=True), start=1):
        progress(0.4 + 0.2 * number, "Aligning CT")
        transform = refined(transform, samples, image, iterations=15)
    progress(0.8, "Aligning CT")
    samples, image = reference.samples[-1], images[-1]
    transform = settled(transform, samples, image, rounds=4, iterations=4)
    progress(0.9, "Judging the alignment")
    levels = list(zip(reference.samples, images, strict=True))
    residual = residual_displacement_mm(transform, levels[1:])
    correlation, overlap = correlation_and_overlap(transform, samples, image)
    progress(1.0, "Aligned")
    return Registration(transform, "rigid-ct", residual, _findings(residual, overlap, correlation, where))


def _from_best_start(reference: _Reference, images: tuple[CoarseImage, ...]) -> RigidTransform:
    """Coarse alignment from the body centres, displaced on a grid of starts; the best after refinement wins."""
    samples, moving = reference.samples[0], images[0]
    body_image = images[_BODY_LEVEL]
    shift = _centroid_mm(body_image, _body(body_image, "its CT")) - reference.body_centre_mm
    starts = [
        RigidTransform(np.eye(3), shift + np.array([x, y, z]))
        for x in _STARTS_PER_AXIS_MM[0]
        for y in _STARTS_PER_AXIS_MM[1]
        for z in _STARTS_PER_AXIS_MM[2]
    ]
    # Bodies that the scans cut at different heights have misleading centres; equal coordinates are a start too.
    starts.append(RigidTransform.identity())
    few = samples.every(max(1, len(samples.values) // _SAMPLES_OF_STARTS))
    cost = [squared_difference(start, few, moving) for start in starts]
    candidates = [starts[i] for i in np.argsort(cost, kind="stable")[:_STARTS_REFINED]]
    some = samples.every(max(1, len(samples.values) // _SAMPLES_OF_CANDIDATES))
    ends = [refined(start, some, moving, iterations=25) for start in candidates]
    return min(ends, key=lambda end: squared_difference(end, some, moving))


def _body(image: CoarseImage, name: str) -> NDArray[np.bool_]:
    body = body_mask(image)
    if not body.any():
        raise InconsistentCaseError(
            f"no body was found in {name}", where="registration", remedy="check that it is in Hounsfield units"
        )
    return body


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

    The residual is the root mean square disagreement, over the voxels with uptake, of registrations with different
    smoothing and sample points.

    Raises
    ------
    InconsistentCaseError
        If an image shows nothing to go by.
    """
    if reference.kind != "spect" or moving.kind != "spect":
        raise ValueError("both series must be SPECT")
    try:
        transform, residual, overlap, agreement = register_by_mutual_information(
            reference.volume, moving.volume, seed=seed, progress=progress
        )
    except RuntimeError as error:
        raise InconsistentCaseError(
            "SPECT can't be aligned to SPECT without differences of uptake in both",
            where=where or "registration",
            remedy="look at both images",
        ) from error
    return Registration(transform, "rigid-spect", residual, _findings(residual, overlap, agreement, where))


def register_time_points(
    time_points: Sequence[TimePoint], reference_index: int, *, progress: Progress = no_progress, where: str = ""
) -> tuple[TimePoint, ...]:
    """Every time point with its registration to the reference time point.

    Identity where the frame of reference UIDs are equal, CT to CT where both have one, else SPECT to SPECT. One that
    can't be aligned stays without a registration, with a finding that says why; the others are aligned all the same.
    """
    if not 0 <= reference_index < len(time_points):
        raise ValueError(f"there is no time point {reference_index}")
    reference = time_points[reference_index]
    registered: list[TimePoint] = []
    prepared = functools.cache(lambda ct: _prepared(ct, 0))
    for number, time_point in enumerate(time_points):
        part = part_of(progress, number / len(time_points), (number + 1) / len(time_points))
        part(0.0, f"Aligning time point {number + 1}")
        place = f"{where}, time point {number + 1}" if where else f"time point {number + 1}"
        try:
            found = _found(reference, time_point, prepared, part, place)
        except DosimetryError as error:
            found = _none(error, place)
        found = replace(found, findings=(*_frames_finding(time_point, place), *found.findings))
        registered.append(replace(time_point, registration=found))
    return tuple(registered)


def _found(
    reference: TimePoint,
    time_point: TimePoint,
    prepared: Callable[[ImageSeries], _Reference],
    progress: Progress,
    place: str,
) -> Registration:
    if time_point is reference:
        return Registration(RigidTransform.identity(), "reference", 0.0)
    if _frame(reference) and _frame(reference) == _frame(time_point):
        return Registration(RigidTransform.identity(), "same-frame-of-reference")
    if reference.ct is not None and time_point.ct is not None:
        return _registered_to(prepared(reference.ct), time_point.ct, progress, place)
    return register_rigid_spect(reference.spect, time_point.spect, progress=progress, where=place)


def _none(error: DosimetryError, place: str) -> Registration:
    text = f"The scan was not aligned: {error.what}; {error.remedy}, or align it by hand."
    return Registration(
        RigidTransform.identity(), "none", None, (Finding("registration-failed", "error", text, place),)
    )


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
