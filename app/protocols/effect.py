"""What a change of a protocol does to a patient: the sample, and the one that is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.number_grid import Cell, GridColumn, GridRow
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.planning.next_cycle import NextCyclePlan
from dosimetry_core.planning.protocol import Protocol
from dosimetry_core.planning.sample_course import effect_on_sample
from dosimetry_core.report.words import in_words, limiting_words, nuclide_symbol
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT

COLUMNS: Final = (
    GridColumn("what", "Effect"),
    GridColumn("before", "Before"),
    GridColumn("after", "As edited"),
)
SAMPLE: Final = "Sample patient: the demonstration after two cycles of ¹⁷⁷Lu and ⁹⁰Y"


@dataclass(frozen=True)
class Outcome:
    """A plan of one protocol, or why there is none."""

    plan: NextCyclePlan | None
    reason: str = ""


def sample_outcome(protocol: Protocol | None) -> Outcome:
    """For the sample patient."""
    if protocol is None:
        return Outcome(None, "the protocol has faults")
    effect = effect_on_sample(protocol)
    return Outcome(effect.plan, effect.reason)


def patient_outcome(protocol: Protocol | None, evaluation: Evaluation) -> Outcome:
    """For the patient that is open."""
    from dosimetry_core.pipeline.alternatives import plans_by_protocol

    if protocol is None:
        return Outcome(None, "the protocol has faults")
    if not evaluation.cycles:
        return Outcome(None, "the course has no cycle")
    (alternative,) = plans_by_protocol(evaluation, [protocol])
    return Outcome(alternative.plan, alternative.reason or "")


def effect_rows(before: Outcome, after: Outcome) -> tuple[GridRow, ...]:
    """Each fact of the two plans side by side, a dash where there is none; what differs is marked."""
    facts = [_facts(before), _facts(after)]
    names = list(dict.fromkeys([*facts[0], *facts[1]]))
    rows = []
    for name in names:
        cells: dict[str, Cell] = {"what": name, "before": facts[0].get(name, "–"), "after": facts[1].get(name, "–")}
        differs = all(facts) and cells["before"] != cells["after"]
        rows.append(GridRow(name, cells, mark="warning" if differs else ""))
    return tuple(rows)


def _facts(outcome: Outcome) -> dict[str, str]:
    plan = outcome.plan
    if plan is None:
        return {}
    if plan.next_cycle is None:
        return {"Next cycle": "all cycles are done"}
    facts = {"Next cycle": f"{plan.next_cycle}" + (", stop: don't give" if plan.stop else "")}
    for name, activity in plan.activities_bq.items():
        facts[f"{nuclide_symbol(name)} (GBq)"] = GIGABECQUEREL.text(activity, with_symbol=False)
    facts["Limited by"] = limiting_words(plan.limiting)
    facts["Keeps every limit"] = "yes" if plan.feasible else "no"
    for organ, predicted in plan.forecast.predicted.items():
        name = in_words(organ)
        facts[f"{name}, next cycle (Gy)"] = GRAY.text(predicted.next_cycle_gy, with_symbol=False)
        facts[f"{name}, end of course (Gy)"] = GRAY.text(predicted.course_gy, with_symbol=False)
    for key, probability in plan.forecast.probability_of_exceeding.items():
        shown = "not known" if probability is None else PERCENT.text(probability, digits=0, with_symbol=False)
        facts[f"P > limit, {in_words(key).lower()} (%)"] = shown
    return facts
