"""The tables of the plan screen: activities, predictions, probabilities, and how the proposal was found."""

from __future__ import annotations

from app.number_grid import Cell, GridColumn, GridRow, Number
from app.result_paths import result_path
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.planning.next_cycle import NextCyclePlan
from dosimetry_core.planning.protocol import LIMIT_ORGANS
from dosimetry_core.report.words import in_words, nuclide_symbol, organ_order
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT

Table = tuple[tuple[GridColumn, ...], list[GridRow]]


def activities(evaluation: Evaluation, mark: str) -> Table:
    """Planned, allowed and standard activity of each nuclide."""
    plan = evaluation.plan
    rows = []
    for nuclide in evaluation.protocol.nuclides:
        rows.append(
            GridRow(
                nuclide.name,
                {
                    "nuclide": f"{nuclide_symbol(nuclide.name)} ({nuclide.role})",
                    "activity": Number(
                        result_path("plan", "activities_bq", nuclide.name),
                        plan.activities_bq.get(nuclide.name),
                        GIGABECQUEREL,
                    ),
                    "unrounded": Number(
                        result_path("plan", "unrounded_activities_bq", nuclide.name),
                        plan.unrounded_activities_bq.get(nuclide.name),
                        GIGABECQUEREL,
                        digits=3,
                    ),
                    "standard": Number(
                        f"case.protocol.standard_activity_bq.{nuclide.name}",
                        nuclide.standard_activity_bq,
                        GIGABECQUEREL,
                    ),
                },
                mark=mark,
            )
        )
    return (
        GridColumn("nuclide", "Nuclide"),
        GridColumn("activity", "Planned (GBq)"),
        GridColumn("unrounded", "Allowed, unrounded"),
        GridColumn("standard", "Standard"),
    ), rows


def predictions(evaluation: Evaluation, mark: str) -> Table:
    """Absorbed dose of each organ: allowed, in the next cycle, over the course."""
    plan = evaluation.plan
    rows = []
    for organ in organ_order(plan.forecast.predicted):
        dose, base = plan.forecast.predicted[organ], result_path("plan", "predicted_absorbed_dose_gy", organ)
        cells: dict[str, Cell] = {
            "organ": in_words(organ),
            "allowed": Number(result_path("plan", "allocation_gy", organ), plan.allocation_gy.get(organ), GRAY),
            "next": Number(f"{base}.next_cycle", dose.next_cycle_gy, GRAY),
            "course": Number(
                f"{base}.course",
                dose.course_gy,
                GRAY,
                uncertainty=dose.course_standard_uncertainty_gy,
                uncertainty_path=f"plan.predicted_absorbed_dose_standard_uncertainty_gy.{organ}.course",
            ),
        }
        rows.append(GridRow(organ, cells, mark=mark))
    return (
        GridColumn("organ", "Absorbed dose (Gy)"),
        GridColumn("allowed", "Allowed"),
        GridColumn("next", "Next cycle"),
        GridColumn("course", "Whole course"),
    ), rows


def probabilities(evaluation: Evaluation, mark: str) -> Table:
    """Each limit, and how probably the plan exceeds it."""
    plan = evaluation.plan
    rows = [
        GridRow(
            key,
            {
                "limit": in_words(key),
                "value": Number(f"case.protocol.limits_gy.{key}", limit, GRAY, digits=1),
                "p": Number(
                    result_path("plan", "probability_of_exceeding", key),
                    plan.forecast.probability_of_exceeding.get(key),
                    PERCENT,
                ),
            },
            mark="error" if key in plan.forecast.exceeded else mark,
        )
        for key, limit in evaluation.protocol.limits_gy.items()
        if LIMIT_ORGANS[key] in plan.forecast.predicted
    ]
    return (
        GridColumn("limit", "Limit"),
        GridColumn("value", "Gy"),
        GridColumn("p", "Probability of exceeding (%)"),
    ), rows


def _kept(plan: NextCyclePlan) -> str:
    if not plan.feasible:
        return "no"
    return "in the coming cycles; a delivered one did not" if plan.delivered_exceeds else "yes"


def basis(evaluation: Evaluation, mark: str) -> Table:
    """By which rules the proposal was found."""
    protocol, plan = evaluation.protocol, evaluation.plan
    step = Number("case.protocol.rounding_step_bq", protocol.rounding_step_bq, GIGABECQUEREL)
    cells: list[tuple[str, Cell]] = [
        ("Protocol", protocol.name),
        ("Allocation", protocol.allocation.replace("-", " ")),
        ("Prediction from", f"{protocol.predictor.replace('-', ' ')} measured cycle"),
        ("Rounded down to (GBq)", step),
        ("Keeps all limits", _kept(plan)),
    ]
    rows = [GridRow(name, {"name": name, "value": cell}, mark=mark) for name, cell in cells]
    return (GridColumn("name", ""), GridColumn("value", "")), rows
