"""The course and the plan again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dosimetry_core.second_opinion.bed import bed_gy
from dosimetry_core.second_opinion.beside import check_eqd2
from dosimetry_core.second_opinion.planning import planned
from dosimetry_core.second_opinion.record import (
    EXACT,
    RELATIVE_TOLERANCE,
    Opinion,
    Tree,
    activities,
    at,
    bed_limited_organs,
)
from dosimetry_core.second_opinion.risk import risks
from dosimetry_core.second_opinion.uncertainty import Effects, effects_of

_PREDICTED, _U = "predicted", "standard_uncertainty_gy"


def check_course(opinion: Opinion, results: Tree, own: Sequence[dict[str, dict[str, float]]]) -> None:
    """Cumulative absorbed doses, earlier courses included; BED of every cycle from its stated protraction."""
    for index, cycle in enumerate(results["cycles"]):
        for organ, stated in cycle["organs"].items():
            table = at(stated, ["radiobiology", "protraction_per_gy"])
            if stated.get("bed_gy") is None or table is None:
                continue
            doses = {name: float(dose) for name, dose in stated["absorbed_dose_gy"].items() if name != "total"}
            opinion.add(
                ["cycles", index, "organs", organ, "bed_gy"],
                f"cycle {cycle['number']}, {organ}: BED from the stated protraction (Gy)",
                bed_gy(doses, table),
                relative=EXACT,
            )
            others = [at(c, ["organs", organ]) or {} for c in results["cycles"]]
            measured = [at(o, ["radiobiology", "protraction_per_gy"]) for o in others if not o.get("bed_estimated")]
            if stated.get("bed_estimated") and table not in measured:
                opinion.blocking.append(f"cycle {cycle['number']}, {organ}: protraction of no measured cycle")
    prior = results["course"].get("prior_absorbed_dose_gy") or {}
    for organ in results["course"]["organs"]:
        parts = [math.fsum(cycle[organ].values()) for cycle in own if organ in cycle]
        opinion.add(
            ["course", "organs", organ, "absorbed_dose_gy"],
            f"course, {organ}: absorbed dose (Gy)",
            math.fsum(parts) + float(prior.get(organ, 0.0)),
        )
        beds = [at(cycle, ["organs", organ, "bed_gy"]) for cycle in results["cycles"]]
        if at(results, ["course", "organs", organ, "bed_gy"]) is not None and None not in beds:
            opinion.add(
                ["course", "organs", organ, "bed_gy"],
                f"course, {organ}: BED (Gy)",
                math.fsum(float(value) for value in beds),
                relative=EXACT,
            )
        stated = results["course"]["organs"][organ]
        check_eqd2(opinion, results, ["course", "organs", organ], stated, f"course, {organ}")
        if stated.get("limit_gy") is not None:
            opinion.add(
                ["course", "organs", organ, "remaining_gy"],
                f"course, {organ}: absorbed dose left (Gy)",
                float(stated["limit_gy"]) - float(stated["absorbed_dose_gy"]),
                relative=EXACT,
                absolute=EXACT,
            )
    for name in results["course"].get("vois") or {}:
        totals = [
            float(cycle["vois"][name]["absorbed_dose_gy"]["total"])
            for cycle in results["cycles"]
            if at(cycle, ["vois", name, "absorbed_dose_gy"]) is not None
        ]
        opinion.add(
            ["course", "vois", name, "absorbed_dose_gy"],
            f"course, {name}: absorbed dose (Gy)",
            math.fsum(totals),
            relative=EXACT,
        )


def check_plan(opinion: Opinion, results: Tree, own: Sequence[dict[str, dict[str, float]]]) -> None:
    """From the stated doses exactly, and from the own doses within the tolerance."""
    plan, protocol = results.get("plan"), results.get("protocol")
    if not plan or not protocol:
        opinion.not_checked.append("plan: no protocol in the record")
        return
    prior = results["course"].get("prior_absorbed_dose_gy") or {}
    options: dict[str, Any] = {
        "planned_cycles": results["course"].get("planned_cycles"),
        "prior_gy": prior,
        "stop_rule_met": plan["limiting"] == "stop_rule" or bool(_stop_criteria(results)),
    }
    if plan.get("refused"):
        opinion.not_checked.append("plan: refused, nothing is proposed")
        return
    side = _higher_side(results, protocol)
    for organ in bed_limited_organs(results):
        if unknown := [c["number"] for c in results["cycles"] if at(c, ["organs", organ, "radiobiology"]) is None]:
            opinion.blocking.append(f"plan: no protraction of the {organ} in cycle {', '.join(map(str, unknown))}")
            return
    stated = [_delivered(cycle, None, side[k]) for k, cycle in enumerate(results["cycles"])]
    chosen = any(f["code"] == "chosen-activity" for f in plan.get("findings") or ())
    second = planned(protocol, stated, chosen_bq=plan["activities_bq"] if chosen else None, **options)
    for key in ("feasible", "stop"):
        opinion.add(["plan", key], f"plan: {key} (1 yes, 0 no)", float(second[key]), relative=0.0)
    for name, activity in second["activities_bq"].items():
        if not chosen:
            opinion.add(["plan", "activities_bq", name], f"plan: activity of {name} (Bq)", activity, relative=EXACT)
        scale = second["free_activity_scale_bq"] if name == second["free_nuclide"] else None
        opinion.add(
            ["plan", "unrounded_activities_bq", name],
            f"plan: unrounded activity of {name} (Bq)",
            second["unrounded_activities_bq"][name],
            relative=EXACT,
            absolute=EXACT * (scale or 0.0),
        )
    if second["next_cycle"] is not None:
        opinion.add(["plan", "next_cycle"], "plan: number of the next cycle", second["next_cycle"], relative=0.0)
    for key in ("allocation_gy", "allocation_bed_gy"):
        for organ, value in second[key].items():
            opinion.add(
                ["plan", key, organ],
                f"plan: {'BED' if 'bed' in key else 'absorbed dose'} allocated to the {organ} (Gy)",
                value,
                relative=EXACT,
                absolute=EXACT,
            )
    for organ, values in second["predicted_absorbed_dose_gy"].items():
        for when, dose in values.items():
            opinion.add(
                ["plan", "predicted_absorbed_dose_gy", organ, when],
                f"plan: predicted absorbed dose to the {organ}, {when.replace('_', ' ')} (Gy)",
                dose,
                relative=EXACT,
                absolute=EXACT,
            )
    for organ, values in second["predicted_bed_gy"].items():
        for when, value in values.items():
            opinion.add(
                ["plan", "predicted_bed_gy", organ, when],
                f"plan: predicted BED to the {organ}, {when.replace('_', ' ')} (Gy)",
                value,
                relative=EXACT,
                absolute=EXACT,
            )
    _check_risk(opinion, results, stated, options)
    if any(side) or second["free_activity_scale_bq"] is None:
        return
    independent = planned(
        protocol, [_delivered(cycle, own[k], {}) for k, cycle in enumerate(results["cycles"])], **options
    )
    name, scale = independent["free_nuclide"], independent["free_activity_scale_bq"]
    if name is not None and scale is not None:
        opinion.add(
            ["plan", "unrounded_activities_bq", name],
            f"plan: unrounded activity of {name} from the second opinion's own doses (Bq)",
            independent["unrounded_activities_bq"][name],
            absolute=RELATIVE_TOLERANCE * scale,
        )


def _check_risk(
    opinion: Opinion, results: Tree, cycles: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
) -> None:
    """Standard uncertainties, probabilities of exceeding the limits, and the activities by certainty."""
    plan = results["plan"]
    by_certainty = plan.get("activity_by_certainty") or []
    own = risks(
        results["protocol"],
        cycles,
        {name: float(value) for name, value in plan["activities_bq"].items()},
        [float(entry["certainty"]) for entry in by_certainty],
        planned_cycles=options["planned_cycles"],
        prior_gy=options["prior_gy"],
    )
    found: list[tuple[list[str | int], str, float | None]] = [
        (
            [f"{_PREDICTED}_absorbed_dose_{_U}", organ, "course"],
            f"uncertainty of the {organ} (Gy)",
            value,
        )
        for organ, value in own["standard_uncertainty_gy"].items()
    ]
    found += [
        (
            [f"{_PREDICTED}_bed_{_U}", organ, "course"],
            f"uncertainty of the BED to the {organ} (Gy)",
            value,
        )
        for organ, value in own["bed_standard_uncertainty_gy"].items()
    ]
    found += [
        (["probability_of_exceeding", key], f"probability of exceeding {key.replace('_', ' ')}", value)
        for key, value in own["probability_of_exceeding"].items()
    ]
    found += [
        (
            ["activity_by_certainty", k, "activity_bq"],
            f"activity with certainty {entry['certainty']:g} (Bq)",
            value,
        )
        for k, (entry, value) in enumerate(zip(by_certainty, own["activity_by_certainty"], strict=True))
    ]
    for path, quantity, value in found:
        stated = at(plan, path)
        if value is None and stated is None:
            continue
        if value is None:
            opinion.blocking.append(f"plan: {quantity}")
            continue
        opinion.add(["plan", *path], f"plan: {quantity}", value, relative=EXACT, absolute=EXACT)


def _stop_criteria(results: Tree) -> Sequence[str]:
    cycles = results["cycles"]
    return at(cycles[-1], ["safety", "stop_criteria_met"]) or () if cycles else ()


def _higher_side(results: Tree, protocol: Tree) -> list[dict[str, Any]]:
    """Absorbed dose by nuclide of the higher kidney in each cycle, if the protocol plans with it; its protraction."""
    sides: list[dict[str, Any]] = []
    for cycle in results["cycles"]:
        doses = [
            (voi["absorbed_dose_gy"], at(voi, ["radiobiology", "protraction_per_gy"]), voi)
            for voi in cycle["vois"].values()
            if voi["role"] in ("kidney_left", "kidney_right") and voi.get("absorbed_dose_gy") is not None
        ]
        if protocol.get("kidney_quantity") != "higher-side" or not doses:
            sides.append({})
            continue
        highest, protraction, side = max(doses, key=lambda found: float(found[0]["total"]))
        sides.append(
            {
                "doses": {name: float(value) for name, value in highest.items() if name != "total"},
                "protraction": protraction,
                "voi": side,
            }
        )
    return sides


def _delivered(cycle: Tree, own: Tree | None, higher_kidney: Mapping[str, Any]) -> dict[str, Any]:
    """What planning reads of a cycle: only what was measured or entered in it."""
    given = activities(cycle)
    doses: dict[str, dict[str, float]] = {}
    per_activity: dict[str, dict[str, float]] = {}
    for organ, stated in cycle["organs"].items():
        estimated = stated.get("estimated_nuclides")
        if estimated is None:
            estimated = list(given) if stated.get("estimated") else []
        entered = stated.get("origin") == "entered"
        if entered:
            values = stated["absorbed_dose_per_administered_activity_gy_per_bq"]
            per_activity[organ] = {n: float(v) for n, v in values.items()}
        for name, value in (at(cycle, ["entered", organ]) or {}).items():
            per_activity.setdefault(organ, {})[name] = float(value)
        source = (own or {}).get(organ) or stated["absorbed_dose_gy"]
        if organ == "kidneys" and higher_kidney:
            source = higher_kidney["doses"]
        for name, activity in given.items():
            if name in source and name not in estimated and activity > 0:
                doses.setdefault(organ, {})[name] = float(source[name])
                if not entered:
                    per_activity.setdefault(organ, {})[name] = float(source[name]) / activity
    protraction = {
        organ: table
        for organ, stated in cycle["organs"].items()
        if (table := at(stated, ["radiobiology", "protraction_per_gy"])) is not None
    }
    if higher_kidney and higher_kidney["protraction"] is not None and "kidneys" in doses:
        protraction["kidneys"] = higher_kidney["protraction"]
    return {
        "activities": given,
        "doses": doses,
        "per_activity": per_activity,
        "protraction": protraction,
        "effects": _relative_effects(cycle, doses, higher_kidney),
    }


def _relative_effects(
    cycle: Tree, doses: Mapping[str, Mapping[str, float]], higher_kidney: Mapping[str, Any]
) -> dict[str, dict[str, Effects]]:
    """Relative effects of every source of error by organ and nuclide, of what was measured or entered in a cycle."""
    found: dict[str, dict[str, Effects]] = {}
    for organ, by_nuclide in doses.items():
        stated = cycle["organs"][organ]
        if organ == "kidneys" and higher_kidney:
            stated = higher_kidney["voi"]
        for name in by_nuclide:
            effects, dose = effects_of(stated, name), float(stated["absorbed_dose_gy"][name])
            if effects is not None and dose > 0.0:
                found.setdefault(organ, {})[name] = {key: effect / dose for key, effect in effects.items()}
    for organ, entered in (cycle.get("entered") or {}).items():
        relative = at(cycle, ["entered_relative_standard_uncertainty", organ])
        for name in entered:
            if name not in doses.get(organ, {}) and relative is not None:
                found.setdefault(organ, {})[name] = {("entered", organ, int(cycle["number"])): float(relative)}
    return found
