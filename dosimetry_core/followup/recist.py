"""Tumour response by RECIST 1.1: sums, each assessment against baseline and nadir, best overall response."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from dosimetry_core.follow_up import NonTargetResponse, ResponseAssessment, TumourLesion
from dosimetry_core.followup.best_response import OverallResponse, best_overall_response

TargetResponse = Literal["CR", "PR", "SD", "PD", "NE"]

MOST_TARGETS: Final = 5
MOST_TARGETS_PER_ORGAN: Final = 2
SMALLEST_TARGET_MM: Final = 10.0
SMALLEST_NODE_MM: Final = 15.0
NORMAL_NODE_MM: Final = 10.0
OLDEST_BASELINE_DAYS: Final = 28
"""The baseline is at most 4 weeks before treatment (RECIST 1.1, section 3.2.1)."""
_PARTIAL: Final = Decimal("0.70")
_PROGRESSION: Final = Decimal("1.20")
_LEAST_GROWTH_MM: Final = Decimal("5")


@dataclass(frozen=True)
class AssessedResponse:
    """One assessment, held against what was before it.

    Parameters
    ----------
    sum_mm
        Sum of diameters of the targets; None if one was not evaluated, or there is none.
    change_from_baseline, change_from_nadir
        As shares; None for the baseline itself and without a sum.
    nadir_mm
        Smallest sum before this one, baseline included.
    target, overall
        Response of the targets, and of all; the baseline, and what was before it, has neither.
    reasons
        Why it is progression, or not evaluable.
    """

    date: date
    sum_mm: float | None
    change_from_baseline: float | None
    change_from_nadir: float | None
    nadir_mm: float | None
    target: TargetResponse | None
    overall: OverallResponse | None
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As it stands in follow_up.json."""
        return {
            "date": self.date.isoformat(),
            "sum_mm": self.sum_mm,
            "change_from_baseline": self.change_from_baseline,
            "change_from_nadir": self.change_from_nadir,
            "nadir_mm": self.nadir_mm,
            "target": self.target,
            "overall": self.overall,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class TumourCourse:
    """All assessments by date.

    Parameters
    ----------
    remarks
        What the choice of lesions and of the baseline leaves open.
    best, best_confirmed
        Best overall response as it was seen, and as a later assessment confirmed it.
    before_baseline
        How many of the assessments were before the baseline; they are not judged.
    """

    assessments: tuple[AssessedResponse, ...]
    best: OverallResponse | None
    progression_on: date | None
    remarks: tuple[str, ...]
    before_baseline: int = 0
    best_confirmed: OverallResponse | None = None

    @property
    def baseline_on(self) -> date | None:
        """Day of the baseline; None without any assessment."""
        return self.assessments[self.before_baseline].date if self.assessments else None

    @property
    def best_change(self) -> float | None:
        """Largest decrease against the baseline (or least increase): a bar of the waterfall plot; up to progression."""
        changes = [
            a.change_from_baseline
            for a in self.assessments
            if a.change_from_baseline is not None
            and (self.progression_on is None or a.date <= self.progression_on)
        ]  # fmt: skip
        return min(changes) if changes else None

    def to_json(self) -> dict[str, Any]:
        """As it stands in follow_up.json."""
        return {
            "assessments": [assessed.to_json() for assessed in self.assessments],
            "baseline_on": None if self.baseline_on is None else self.baseline_on.isoformat(),
            "best_overall_response": self.best,
            "best_overall_response_confirmed": self.best_confirmed,
            "best_change_from_baseline": self.best_change,
            "progression_on": None if self.progression_on is None else self.progression_on.isoformat(),
            "remarks": list(self.remarks),
        }


def _exact(millimetres: float) -> Decimal:
    """The decimal that was measured: 1.2 × 25 mm is 30 mm, and not a little less."""
    return Decimal(repr(float(millimetres)))


def selection_remarks(lesions: Sequence[TumourLesion], baseline: ResponseAssessment | None) -> tuple[str, ...]:
    """What RECIST 1.1 says of the choice of targets: number, number for each organ, least sizes."""
    targets = [lesion for lesion in lesions if lesion.kind != "non-target"]
    remarks = []
    if len(targets) > MOST_TARGETS:
        remarks.append(f"{len(targets)} target lesions; RECIST 1.1 takes at most {MOST_TARGETS}")
    for organ in dict.fromkeys(lesion.organ for lesion in targets):
        number = sum(lesion.organ == organ for lesion in targets)
        if number > MOST_TARGETS_PER_ORGAN:
            remarks.append(f"{number} target lesions in {organ}; RECIST 1.1 takes at most {MOST_TARGETS_PER_ORGAN}")
    if baseline is not None:
        for lesion in targets:
            size = baseline.sizes_mm.get(lesion.name)
            least = SMALLEST_NODE_MM if lesion.kind == "target-node" else SMALLEST_TARGET_MM
            if size is None:
                remarks.append(f"{lesion.name} has no size at baseline")
            elif size < least:
                axis = "short axis" if lesion.kind == "target-node" else "longest diameter"
                remarks.append(f"{lesion.name} has a {axis} of {size:g} mm at baseline; a target has {least:g} mm")
    return tuple(remarks)


def sum_of_diameters_mm(lesions: Sequence[TumourLesion], assessment: ResponseAssessment) -> float | None:
    """Sum over all targets; None if there is none or one has no size."""
    sizes = [assessment.sizes_mm.get(lesion.name) for lesion in lesions if lesion.kind != "non-target"]
    if not sizes or None in sizes:
        return None
    return float(sum((_exact(size) for size in sizes if size is not None), Decimal()))


def target_response(
    lesions: Sequence[TumourLesion], assessment: ResponseAssessment, *, baseline_mm: float, nadir_mm: float
) -> TargetResponse:
    """Response of the target lesions.

    Parameters
    ----------
    lesions
        All lesions; nodes need a short axis below 10 mm for a complete response, others must be gone.
    assessment
        With the sizes.
    baseline_mm, nadir_mm
        Sum at baseline, and the smallest sum before this assessment.

    Notes
    -----
    In this order: progression (≥ 20 % and ≥ 5 mm above the **nadir**), complete response, partial response (≥ 30 %
    below the baseline), else stable. Progression is told even where a target was not evaluated, if those that were
    suffice.

    References
    ----------
    Eisenhauer EA et al., Eur J Cancer 45 (2009) 228–247, doi 10.1016/j.ejca.2008.10.026, sections 4.3 and 4.4.
    """
    targets = [lesion for lesion in lesions if lesion.kind != "non-target"]
    known = [_exact(size) for lesion in targets if (size := assessment.sizes_mm.get(lesion.name)) is not None]
    total, nadir = sum(known, Decimal()), _exact(nadir_mm)
    if total - nadir >= _LEAST_GROWTH_MM and total >= _PROGRESSION * nadir:
        return "PD"
    if len(known) < len(targets) or not targets:
        return "NE"
    if all(_is_gone(lesion, assessment.sizes_mm[lesion.name]) for lesion in targets):
        return "CR"
    return "PR" if total <= _PARTIAL * _exact(baseline_mm) else "SD"


def _is_gone(lesion: TumourLesion, size_mm: float) -> bool:
    return size_mm < NORMAL_NODE_MM if lesion.kind == "target-node" else size_mm == 0


def _is_back(lesions: Sequence[TumourLesion], assessment: ResponseAssessment) -> bool:
    """Whether a lesion that had gone is seen again, which after a complete response is progression."""
    targets = [lesion for lesion in lesions if lesion.kind == "target"]
    return any(assessment.sizes_mm.get(lesion.name, 0.0) > 0 for lesion in targets)


def overall_response(
    target: TargetResponse | None, non_targets: NonTargetResponse, new_lesions: bool, *, has_non_targets: bool
) -> OverallResponse:
    """Response of all, from targets, non-targets and new lesions.

    ``target`` is None without target lesions. Tables 1 and 2 of RECIST 1.1.
    """
    if new_lesions or target == "PD" or non_targets == "progression":
        return "PD"
    unseen = has_non_targets and non_targets in ("none", "not-evaluated")
    if target is None:
        if unseen or not has_non_targets:
            return "NE"
        return "CR" if non_targets == "complete-response" else "non-CR/non-PD"
    if target == "CR" and has_non_targets and non_targets != "complete-response":
        # Nothing grew, but not all is known to be gone.
        return "PR"
    return target


def tumour_course(
    lesions: Sequence[TumourLesion], responses: Sequence[ResponseAssessment], *, treatment_start: date | None
) -> TumourCourse:
    """Every assessment held against baseline and nadir.

    Parameters
    ----------
    treatment_start
        Day of the first administration. The last assessment up to it is the baseline: progression before it, a usual
        indication, is no event of this treatment. Where it is not known (None), or all assessments are later, the
        first one is the baseline.

    References
    ----------
    RECIST 1.1 (see `target_response`), section 3.2.1: the baseline as close as possible to the treatment start, and
    never more than 4 weeks before it.
    """
    ordered = sorted(responses, key=lambda response: response.date)
    has_targets = any(lesion.kind != "non-target" for lesion in lesions)
    has_non_targets = any(lesion.kind == "non-target" for lesion in lesions)
    if not ordered:
        return TumourCourse((), None, None, selection_remarks(lesions, None))
    first = _baseline_number(ordered, treatment_start)
    baseline = ordered[first]
    baseline_mm = sum_of_diameters_mm(lesions, baseline)
    found = [
        AssessedResponse(one.date, sum_of_diameters_mm(lesions, one), None, None, None, None, None, ())
        for one in ordered[: first + 1]
    ]
    sums = [baseline_mm]
    for assessment in ordered[first + 1 :]:
        total = sum_of_diameters_mm(lesions, assessment)
        known = [value for value in sums if value is not None]
        nadir = min(known) if known else None
        target: TargetResponse | None = None
        if has_targets:
            target = "NE"
            if baseline_mm is not None and nadir is not None:
                target = target_response(lesions, assessment, baseline_mm=baseline_mm, nadir_mm=nadir)
        # A complete response is not undone by an assessment that could not be evaluated.
        is_back = any(earlier.target == "CR" for earlier in found) and _is_back(lesions, assessment)
        if is_back:
            target = "PD"
        overall = overall_response(
            target, assessment.non_targets, assessment.new_lesions, has_non_targets=has_non_targets
        )
        found.append(
            AssessedResponse(
                assessment.date,
                total,
                _change(total, baseline_mm),
                _change(total, nadir),
                nadir,
                target,
                overall,
                tuple(_reasons(lesions, assessment, is_back, target, overall, baseline_mm, has_non_targets)),
            )
        )
        sums.append(total)
    judged = [(assessed.date, assessed.overall) for assessed in found if assessed.overall is not None]
    best = best_overall_response(baseline.date, judged, confirmed=False)
    remarks = [*selection_remarks(lesions, baseline), *_baseline_remarks(baseline.date, first, treatment_start)]
    if any(first.date == second.date for first, second in itertools.pairwise(ordered)):
        remarks.append("two assessments have the same date")
    return TumourCourse(
        tuple(found),
        best,
        next((assessed.date for assessed in found if assessed.overall == "PD"), None),
        tuple(remarks),
        first,
        best_overall_response(baseline.date, judged, confirmed=True, has_targets=has_targets),
    )


def _baseline_number(ordered: Sequence[ResponseAssessment], treatment_start: date | None) -> int:
    """Which assessment is the baseline, of assessments by date."""
    if treatment_start is None:
        return 0
    return max(sum(one.date <= treatment_start for one in ordered) - 1, 0)


def _baseline_remarks(baseline_on: date, earlier: int, treatment_start: date | None) -> Iterable[str]:
    if earlier:
        told = "1 assessment before it is" if earlier == 1 else f"{earlier} assessments before it are"
        day = baseline_on.isoformat()
        yield f"the baseline is of {day}, the last up to the first administration; {told} not judged"
    if treatment_start is None:
        return
    before = (treatment_start - baseline_on).days
    if before > OLDEST_BASELINE_DAYS:
        yield (
            f"the baseline of {baseline_on.isoformat()} is {before} days older than the first administration; "
            f"RECIST 1.1 allows {OLDEST_BASELINE_DAYS}"
        )
    if before < 0:
        yield f"the baseline of {baseline_on.isoformat()} is later than the first administration"


def _change(value: float | None, reference: float | None) -> float | None:
    if value is None or reference is None or not reference > 0:
        return None
    change = value / reference - 1.0
    return change if math.isfinite(change) else None


def _reasons(
    lesions: Sequence[TumourLesion],
    assessment: ResponseAssessment,
    is_back: bool,
    target: TargetResponse | None,
    overall: OverallResponse,
    baseline_mm: float | None,
    has_non_targets: bool,
) -> Iterable[str]:
    if assessment.new_lesions:
        yield "a new lesion"
    if is_back:
        yield "a lesion that was gone is back"
    elif target == "PD":
        yield "targets grew by 20 % and 5 mm or more above the nadir"
    if assessment.non_targets == "progression":
        yield "unequivocal progression of non-targets"
    unknown = [n.name for n in lesions if n.kind != "non-target" and n.name not in assessment.sizes_mm]
    if unknown:
        yield f"not evaluated: {', '.join(unknown)}"
    if target is not None and baseline_mm is None:
        yield "the baseline has no sum"
    if has_non_targets and assessment.non_targets in ("none", "not-evaluated") and overall != "PD":
        yield "non-targets not evaluated"
