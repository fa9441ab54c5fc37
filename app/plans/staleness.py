"""Whether a signed plan is about the course as it is; if not, which inputs changed and what that does to doses."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.courses.change_in_words import ABSENT, ValueChange, changes_in_words, same_values
from app.plans.input_rules import is_input
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.report.words import in_words, nuclide_order, nuclide_symbol, organ_order
from dosimetry_core.units import GIGABECQUEREL, GRAY

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
    if not inputs and now_bq is not None and plan.activities_bq is not None:
        inputs += _activity_changes(plan.activities_bq, now_bq)
    if reasons is not None and plan.reasons is not None:
        inputs += _reason_changes(plan.reasons, reasons)
    results: tuple[ValueChange, ...] = ()
    if current is not None:
        results = result_changes(_signed_results(plan.content), current)
    if not inputs and not _moved(plan, current):
        return None
    return Staleness(tuple(inputs), results, current is not None)


def input_changes(before: Case, after: Case) -> tuple[ValueChange, ...]:
    """Inputs of a plan that differ between two cases; what is only for the eye is left out."""
    return () if before is after else changes_in_words(before, after, counts=is_input)


def same_inputs(before: Case, after: Case) -> bool:
    """Whether two cases are the same to a plan."""
    return before is after or same_values(before, after, counts=is_input)


def result_changes(signed: Mapping[str, Any], now: Evaluation) -> tuple[ValueChange, ...]:
    """Planned activities and absorbed doses of the course that read otherwise now than in signed results."""
    plan, course = signed.get("plan") or {}, (signed.get("course") or {}).get("organs") or {}
    changes = _activity_changes(plan.get("activities_bq") or {}, now.plan.activities_bq)
    for organ in organ_order({*course, *now.course_organs}):
        before = _total((course.get(organ) or {}).get("absorbed_dose_gy"))
        after = now.course_organs.get(organ)
        value = None if after is None else after.delivered.absorbed_dose_gy
        changes += _change(f"{in_words(organ).lower()} so far", before, value, GRAY)
    predicted = plan.get("predicted_absorbed_dose_gy") or {}
    for organ in organ_order({*predicted, *now.plan.forecast.predicted}):
        dose = now.plan.forecast.predicted.get(organ)
        value = None if dose is None else dose.course_gy
        before = (predicted.get(organ) or {}).get("course")
        changes += _change(f"{in_words(organ).lower()}, whole course", before, value, GRAY)
    return tuple(changes)


def _moved(plan: PlanFile, current: Evaluation | None) -> bool:
    """Whether the same inputs give other numbers than were signed."""
    if current is None:
        return False
    signed = _signed_results(plan.content)
    organs = (signed.get("course") or {}).get("organs") or {}
    pairs = [
        (_total(organ.get("absorbed_dose_gy")), current.course_organs[name].delivered.absorbed_dose_gy)
        for name, organ in organs.items()
        if name in current.course_organs
    ]
    return any(then is not None and abs(now - then) > NUMERIC_CHANGE * abs(then) for then, now in pairs)


@functools.lru_cache(maxsize=8)
def _signed_results(content: bytes) -> FrozenMap[str, Any]:
    """The results that a plan file carries; nothing if it carries none that can be read."""
    from app.plans.plan_attachments import attached_plan

    try:
        return FrozenMap(attached_plan(content).results)
    except InconsistentCaseError:
        return FrozenMap()


def _activity_changes(before: Mapping[str, float], after: Mapping[str, float]) -> list[ValueChange]:
    changes = []
    for name in nuclide_order({*before, *after}):
        changes += _change(f"planned {nuclide_symbol(name)}", before.get(name), after.get(name), GIGABECQUEREL)
    return changes


def _reason_changes(before: Reasons, after: Reasons) -> list[ValueChange]:
    return [
        ValueChange(f"reason for {code}", before.get((code, place), ABSENT), after.get((code, place), ABSENT))
        for code, place in dict.fromkeys([*before, *after])
        if before.get((code, place)) != after.get((code, place))
    ]


def _change(place: str, before: float | None, after: float | None, unit: Any) -> list[ValueChange]:
    old = ABSENT if before is None else unit.text(before)
    new = ABSENT if after is None else unit.text(after)
    return [] if old == new else [ValueChange(place, old, new)]


def _total(value: Any) -> float | None:
    if isinstance(value, Mapping):
        value = value.get("total")
    return None if value is None else float(value)


def _named(changes: Iterable[ValueChange]) -> str:
    every = list(changes)
    named = "; ".join(f"{change.place} {change.old} → {change.new}" for change in every[:MOST_NAMED])
    return f"{named}; and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else named
