"""Bed positions of one visit joined to one image, referred to the start of the first.

A SPECT of trunk length is acquired as two or three tomograms one after the other, and many workstations export each as
its own volume. They are joined where they share study, frame of reference, voxels and nuclide and follow each other
along the patient without a gap.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import nuclide
from dosimetry_core.units import MINUTE, PERCENT, SECONDS_PER_HOUR, SECONDS_PER_MINUTE
from dosimetry_core.volume import Volume

_ONE_VISIT_S = 2 * SECONDS_PER_HOUR
_SAME_START_S = SECONDS_PER_MINUTE
_SAME_DIRECTION = 1e-3
_SAME_SPACING = 1e-3
_IN_PLANE_MM = 0.1
# Two volumes that are shifted by less than this share of their length are reconstructions of one field of view.
_LEAST_SHIFT = 0.1
_ON_GRID = 0.02
# Beds of one activity that differ by more than this where they overlap differ in more than noise.
OVERLAP_TOLERANCE = 0.1
"""Share by which the sums of two beds may differ where they overlap before it is a doubt."""


@dataclass(frozen=True, eq=False)
class JoinedBeds:
    """Series after joining, which of them came from which beds, and what could not be joined."""

    series: tuple[ImageSeries, ...]
    beds: tuple[tuple[ImageSeries, tuple[ImageSeries, ...]], ...] = ()
    problems: tuple[DosimetryError, ...] = ()


def joined_beds(series: Sequence[ImageSeries]) -> JoinedBeds:
    """All series, with bed positions of one visit joined.

    Notes
    -----
    With the decay constant λ, start t and counting time T of a bed, and t₀, T₀ of the first one, the values of the
    bed are multiplied by e^(λ(t − t₀)), times (1 − e^(−λT₀))/(1 − e^(−λT)) for counts, and that divided by T₀/T for
    means over the acquisition; values corrected to the administration need nothing. What the organs did between the
    beds is not corrected: half an hour is under 1 % of any effective half-life above 35 h. Where beds overlap, each
    slice is the mean of both, weighted by its distance from the edge of each bed, where sensitivity falls and
    filters ring.
    """
    left = sorted(
        (one for one in series if one.kind == "spect"), key=lambda one: (one.acquisition_start, one.series_uid)
    )
    others = [one for one in series if one.kind != "spect"]
    done: list[ImageSeries] = []
    beds: list[tuple[ImageSeries, tuple[ImageSeries, ...]]] = []
    problems: list[DosimetryError] = []
    while left:
        chain = [left.pop(0)]
        grown = True
        while grown:
            following = [one for one in left if any(_follows(bed, one) for bed in chain)]
            grown = bool(following)
            chain += following
            left = [one for one in left if all(one is not other for other in following)]
        if len(chain) == 1:
            done += chain
            continue
        try:
            image = _joined(chain)
        except DosimetryError as error:
            problems.append(error)
            continue
        done.append(image)
        beds.append((image, tuple(chain)))
    ordered = sorted((*others, *done), key=lambda one: (one.acquisition_start, one.series_uid))
    return JoinedBeds(tuple(ordered), tuple(beds), tuple(problems))


def _follows(one: ImageSeries, other: ImageSeries) -> bool:
    """Whether two series are neighbouring beds of one visit."""
    if _facts(one) != _facts(other) or _apart_s(one, other) > _ONE_VISIT_S:
        return False
    grid, next_grid = one.volume.geometry, other.volume.geometry
    if grid.shape[1:] != next_grid.shape[1:] or np.abs(grid.directions - next_grid.directions).max() > _SAME_DIRECTION:
        return False
    if np.abs(np.array(grid.spacing_mm) / np.array(next_grid.spacing_mm) - 1).max() > _SAME_SPACING:
        return False
    shift_mm, in_plane_mm = _shift_mm(grid, next_grid)
    lower = grid if shift_mm >= 0 else next_grid
    shortest = min(grid.shape[0], next_grid.shape[0])
    steps = abs(shift_mm) / grid.spacing_mm[0]
    return in_plane_mm < _IN_PLANE_MM and _LEAST_SHIFT * shortest <= steps <= lower.shape[0] + _ON_GRID


def _facts(series: ImageSeries) -> tuple[object, ...]:
    return (
        series.patient_id,
        series.study_uid,
        series.frame_of_reference_uid,
        series.nuclide,
        series.volume.quantity,
        series.decay_reference,
        series.stated_administration_start if series.decay_reference == "administration" else None,
    )


def _apart_s(one: ImageSeries, other: ImageSeries) -> float:
    return abs((one.acquisition_start - other.acquisition_start).total_seconds())


def _shift_mm(grid: VolumeGeometry, other: VolumeGeometry) -> tuple[float, float]:
    """Shift of the origin along the slice axis, and across it."""
    shift = np.asarray(other.origin_mm) - np.asarray(grid.origin_mm)
    along = float(shift @ grid.directions[:, 0])
    return along, float(np.linalg.norm(shift - along * grid.directions[:, 0]))


def _joined(chain: Sequence[ImageSeries]) -> ImageSeries:
    first = min(chain, key=lambda bed: (bed.acquisition_start, bed.series_uid))
    factors = {id(bed): _factor(first, bed) for bed in chain}
    by_place = sorted(chain, key=lambda bed: _shift_mm(first.volume.geometry, bed.volume.geometry)[0])
    lowest = by_place[0].volume.geometry
    step_mm = lowest.spacing_mm[0]
    starts = []
    for bed in by_place:
        steps = _shift_mm(lowest, bed.volume.geometry)[0] / step_mm
        if abs(steps - round(steps)) > _ON_GRID:
            raise InconsistentCaseError(
                f"the slices of bed {bed.description!r} lie {abs(steps - round(steps)) * step_mm:.2f} mm off those of "
                f"{by_place[0].description!r}",
                where=_place(chain),
                remedy="join the beds at the scanner, or reconstruct them on one grid",
                rule="beds-off-grid",
            )
        starts.append(round(steps))
    length = max(start + bed.volume.geometry.shape[0] for start, bed in zip(starts, by_place, strict=True))
    values = _blended(by_place, starts, length, factors)
    grid = VolumeGeometry((length, *lowest.shape[1:]), lowest.origin_mm, lowest.spacing_mm, lowest.directions)
    findings = [*dict.fromkeys(finding for bed in chain for finding in bed.findings)]
    findings += _remarks(by_place, starts, factors, chain)
    return replace(
        first,
        volume=Volume(values, grid, first.volume.quantity),
        source_files=tuple(source for bed in chain for source in bed.source_files),
        findings=tuple(findings),
    )


def _blended(
    by_place: Sequence[ImageSeries], starts: Sequence[int], length: int, factors: dict[int, float]
) -> NDArray[np.float32]:
    """Slices from each bed, weighted where several beds have one."""
    weights = []
    for bed in by_place:
        number = np.arange(bed.volume.geometry.shape[0])
        weights.append(np.minimum(number + 0.5, number[::-1] + 0.5))
    total = np.zeros(length)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + len(weight)] += weight
    values = np.zeros((length, *by_place[0].volume.geometry.shape[1:]), np.float32)
    for bed, start, weight in zip(by_place, starts, weights, strict=True):
        for layer, own in enumerate(weight):
            share = own / total[start + layer] * factors[id(bed)]
            values[start + layer] += bed.volume.values[layer] * np.float32(share)
    return values


def _factor(first: ImageSeries, bed: ImageSeries) -> float:
    """What refers a bed's values to the start and counting time of the first one."""
    if bed is first or first.decay_reference == "administration":
        return 1.0
    later_s = (bed.acquisition_start - first.acquisition_start).total_seconds()
    if first.nuclide is None:
        if later_s <= _SAME_START_S:
            return 1.0
        raise InconsistentCaseError(
            f"beds that start {MINUTE.text(later_s)} apart, of a nuclide that the files don't state",
            where=_place([first, bed]),
            remedy="export them with their nuclide, or join them at the scanner",
            rule="beds-nuclide-unknown",
        )
    decay_constant_per_s = nuclide(first.nuclide).decay_constant_per_s
    since = math.exp(decay_constant_per_s * later_s)
    durations = first.counting_duration_s, bed.counting_duration_s
    if first.decay_reference == "acquisition-start" or durations == (None, None):
        return since
    if durations[0] is None or durations[1] is None:
        raise InconsistentCaseError(
            "one bed states its counting time, the other doesn't",
            where=_place([first, bed]),
            remedy="export both with the rotation information, or join them at the scanner",
            rule="beds-counting-time",
        )
    decayed = [-math.expm1(-decay_constant_per_s * duration) for duration in durations if duration is not None]
    ratio = decayed[0] / decayed[1]
    return since * (ratio if first.volume.quantity == "counts" else ratio * durations[1] / durations[0])


def _remarks(
    by_place: Sequence[ImageSeries], starts: Sequence[int], factors: dict[int, float], chain: Sequence[ImageSeries]
) -> list[Finding]:
    place = _place(chain)
    first = min(bed.acquisition_start for bed in chain)
    overlaps = []
    findings = []
    for (start, bed), (next_start, following) in itertools.pairwise(zip(starts, by_place, strict=True)):
        shared = start + bed.volume.geometry.shape[0] - next_start
        overlaps.append(max(0, shared))
        if shared < 1:
            continue
        sums = [
            factors[id(bed)] * float(bed.volume.values[next_start - start :].sum(dtype=np.float64)),
            factors[id(following)] * float(following.volume.values[:shared].sum(dtype=np.float64)),
        ]
        mean = sum(sums) / 2
        if mean and abs(sums[1] - sums[0]) > OVERLAP_TOLERANCE * mean:
            text = (
                f"where {bed.description!r} and {following.description!r} overlap, their sums differ by "
                f"{PERCENT.text(abs(sums[1] - sums[0]) / mean)}; the patient moved, or they were not corrected alike"
            )
            findings.append(Finding("beds-overlap-differs", "warning", text, place))
    minutes = ", ".join(MINUTE.text((bed.acquisition_start - first).total_seconds()) for bed in by_place)
    text = (
        f"{len(chain)} beds joined, overlapping by {', '.join(str(n) for n in overlaps)} slice(s); started {minutes} "
        f"after the first and referred to its start by {', '.join(f'{factors[id(bed)]:.4f}' for bed in by_place)}. A "
        "dead time in the calibration would take the counts of all beds as those of one field of view"
    )
    return [Finding("beds-joined", "warning", text, place), *findings]


def _place(beds: Sequence[ImageSeries]) -> str:
    return " and ".join(bed.source_files[0].path if bed.source_files else bed.description for bed in beds)
