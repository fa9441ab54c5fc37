"""Whether a signed plan is about the course as it is; if not, which inputs changed and what that does to doses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.courses.change_in_words import ABSENT, ValueChange, changes_in_words, same_values
from app.plans.input_rules import is_input
from dosimetry_core.report.words import in_words, nuclide_order, nuclide_symbol, organ_order
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT, DisplayUnit

if TYPE_CHECKING:
    from app.plans.plan_signing import PlanFile
    from dosimetry_core.case import Case
    from dosimetry_core.evaluation import Evaluation

NUMERIC_CHANGE: Final = 1e-3
"""Relative change of a result that counts where no input changed (reliability C4): another program or other tables."""
MOST_NAMED: Final = 3
"""So many changes are named in one sentence; of more, how many there are."""

Reasons = Mapping[tuple[str, str], str]
"""Typed reasons by code and place of the finding."""


@dataclass(frozen=True)
class Staleness:
    """Why a signed plan is no longer about the course.

    Parameters
    ----------
    inputs
        What was changed, as it was signed and as it is.
    results
        What that does to activities and absorbed doses; empty while nothing is computed.
    is_computed
        Whether the results of the inputs as they are now are known.
    """

    inputs: tuple[ValueChange, ...]
    results: tuple[ValueChange, ...] = ()
    is_computed: bool = False

    def sentence(self) -> str:
        """What changed and by how much, in one line."""
        causes = self.inputs or (
            ValueChange("nothing in the case; program or data tables", "as signed", "as they are"),
        )
        effect = _named(self.results) or ("activities and absorbed doses read the same" if self.is_computed else "")
        return "; ".join(part for part in (_named(causes), effect) if part)


def staleness(
    plan: PlanFile, case: Case, planned: Evaluation | None, reasons: Reasons | None = None
) -> Staleness | None:
    """Why a plan is stale; None if it is about the course as it is, or was made elsewhere and can't be compared.

    Parameters
    ----------
    case
        The case as it is now.
    planned
        Results of that case with the activities as chosen; None, or those of another case, while it is computed.
    reasons
        Typed reasons in force now; None leaves them out of the question.
    """
    if plan.case is None:
        return None
    inputs = list(input_changes(plan.case, case))
    current = planned if planned is not None and planned.case is case else None
    now_bq = None if current is None else dict(current.plan.activities_bq)
    if not inputs and current is not None and now_bq is not None and plan.activities_bq is not None:
        inputs += _activity_changes(plan.activities_bq, now_bq)
        inputs += _end_change(plan.ends_treatment, current.plan.decision == "stop")
    if reasons is not None and plan.reasons is not None:
        inputs += _reason_changes(plan.reasons, reasons)
    results: tuple[ValueChange, ...] = ()
    if current is not None:
        results = result_changes(plan.signed_results, current)
    if not inputs and (current is None or not _moved(plan.signed_results, current)):
        return None
    return Staleness(tuple(inputs), results, current is not None)


def input_changes(before: Case, after: Case) -> tuple[ValueChange, ...]:
    """Inputs of a plan that differ between two cases; what is only for the eye is left out."""
    return () if before is after else changes_in_words(before, after, counts=is_input)


def same_inputs(before: Case, after: Case) -> bool:
    """Whether two cases are the same to a plan."""
    return before is after or same_values(before, after, counts=is_input)


@dataclass(frozen=True)
class _Pair:
    """One result as it was signed and as it is, in the core unit of ``unit``; None where there is none."""

    place: str
    signed: float | None
    now: float | None
    unit: DisplayUnit

    @property
    def differs(self) -> bool:
        """Whether it differs by more than rounding: one of both is missing or no number, or they are apart."""
        if self.signed is None or self.now is None:
            return self.signed is not self.now
        if math.isnan(self.signed) or math.isnan(self.now):
            return not (math.isnan(self.signed) and math.isnan(self.now))
        slack = NUMERIC_CHANGE if self.unit is PERCENT else NUMERIC_CHANGE * abs(self.signed)
        return not abs(self.now - self.signed) <= slack


def result_changes(signed: Mapping[str, Any], now: Evaluation) -> tuple[ValueChange, ...]:
    """Planned activities, doses of the course and its forecast that read otherwise now than in signed results."""
    found: list[ValueChange] = []
    for pair in _pairs(signed, now):
        found += _change(pair.place, pair.signed, pair.now, pair.unit, differs=pair.differs)
    return tuple(found)


def _moved(signed: Mapping[str, Any], now: Evaluation) -> bool:
    """Whether the same inputs give other numbers than were signed; also where the signed ones can't be read."""
    return not signed or any(pair.differs for pair in _pairs(signed, now))


def _pairs(signed: Mapping[str, Any], now: Evaluation) -> Iterator[_Pair]:
    """Every number that page 1 rests on: activities, delivered and predicted doses, BED, probabilities."""
    tree = now.plan.to_json()
    plan, organs = signed.get("plan") or {}, (signed.get("course") or {}).get("organs") or {}
    for name in nuclide_order({*(plan.get("activities_bq") or {}), *now.plan.activities_bq}):
        then = (plan.get("activities_bq") or {}).get(name)
        yield _Pair(f"planned {nuclide_symbol(name)}", then, now.plan.activities_bq.get(name), GIGABECQUEREL)
    for organ in organ_order({*organs, *now.course_organs}):
        then = _total((organs.get(organ) or {}).get("absorbed_dose_gy"))
        after = now.course_organs.get(organ)
        value = None if after is None else after.delivered.absorbed_dose_gy
        yield _Pair(f"{in_words(organ).lower()} so far", then, value, GRAY)
    for key, words in (("predicted_absorbed_dose_gy", ""), ("predicted_bed_gy", " (BED)")):
        before, after_all = plan.get(key) or {}, tree.get(key) or {}
        for organ in organ_order({*before, *after_all}):
            for part, when in (("course", "whole course"), ("next_cycle", "next cycle")):
                then, value = ((each.get(organ) or {}).get(part) for each in (before, after_all))
                yield _Pair(f"{in_words(organ).lower()}, {when}{words}", then, value, GRAY)
    before, after_all = plan.get("probability_of_exceeding") or {}, tree["probability_of_exceeding"]
    for limit in dict.fromkeys((*before, *after_all)):
        place = f"probability of exceeding {in_words(limit).lower()}"
        yield _Pair(place, before.get(limit), after_all.get(limit), PERCENT)


def _activity_changes(before: Mapping[str, float], after: Mapping[str, float]) -> list[ValueChange]:
    changes = []
    for name in nuclide_order({*before, *after}):
        changes += _change(f"planned {nuclide_symbol(name)}", before.get(name), after.get(name), GIGABECQUEREL)
    return changes


def _end_change(before: bool, after: bool) -> list[ValueChange]:
    words = {True: "the treatment ends", False: "it goes on"}
    return [] if before == after else [ValueChange("decision", words[before], words[after])]


def _reason_changes(before: Reasons, after: Reasons) -> list[ValueChange]:
    return [
        ValueChange(
            f"reason for {', '.join((in_words(code).lower(), *filter(None, [place])))}",
            before.get((code, place), ABSENT),
            after.get((code, place), ABSENT),
        )
        for code, place in dict.fromkeys([*before, *after])
        if before.get((code, place)) != after.get((code, place))
    ]


def _change(
    place: str, before: float | None, after: float | None, unit: DisplayUnit, *, differs: bool = False
) -> list[ValueChange]:
    """What differs as shown; with more digits where it ``differs`` without being seen."""
    old = ABSENT if before is None else unit.text(before)
    new = ABSENT if after is None else unit.text(after)
    if old == new and differs and before is not None and after is not None:
        old, new = f"{unit.from_core(before):.6g}", f"{unit.from_core(after):.6g}"
    return [] if old == new else [ValueChange(place, old, new)]


def _total(value: Any) -> float | None:
    if isinstance(value, Mapping):
        value = value.get("total")
    return None if value is None else float(value)


def _named(changes: Iterable[ValueChange]) -> str:
    every = list(changes)
    named = "; ".join(f"{change.place} {change.old} → {change.new}" for change in every[:MOST_NAMED])
    return f"{named}; and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else named
