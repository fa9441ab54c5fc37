"""First page of the printed plan: the decision, in the very strings of the plan record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dosimetry_core.plan_record import unresolved_errors
from dosimetry_core.planning.plan_decision import GIVES_NOTHING
from dosimetry_core.report.words import (
    capitalised,
    in_words,
    limiting_words,
    minus,
    nuclide_order,
    nuclide_symbol,
    organ_order,
)

_PER_CYCLE = "_per_cycle"
_TOTAL = "_total"
_BED = "_bed"
_LEVELS = ("error", "warning")
COURSE_DONE = "All planned cycles are done: there is no next cycle."
UNDECIDED = "stop-rule-undecided"
"""Code of the finding that names the stop rules which can't be decided."""
# As `planning.plan_findings` names them; its import would bring SciPy into the first window.
_DELIVERED_EXCEEDED = "marrow-per-cycle-exceeded"
_NO_STOP_RULES = "no-stop-rules"


def decision(record: Mapping[str, Any]) -> dict[str, Any]:
    """What page 1 shows: next activities, what limits them, predictions against limits, and what needs attention.

    Parameters
    ----------
    record
        The plan record.
    """
    plan = record["plan"]
    return {
        "heading": _heading(plan),
        "cycle": plan["next_cycle"],
        "planned_cycles": record["course"]["planned_cycles"],
        "activities": [
            {
                "symbol": nuclide_symbol(nuclide),
                "nuclide": nuclide,
                "value": plan["activities"][nuclide]["administered_activity_gbq"],
                "unit": "GBq",
                "note": _activity_note(nuclide, plan),
            }
            for nuclide in nuclide_order(plan["activities"])
        ],
        "statement": _statement(record),
        "state": state_words(record),
        "void": void_reasons(record),
        "predictions": _predictions(record),
        "earlier": _earlier(record),
        "attention": _attention(record),
    }


def plan_rules(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """Limits, allocation, earlier courses and unrounded activities: what the proposal was computed with."""
    plan = record["plan"]
    doses = [("Limit", record["limits"]), ("Allocation of the next cycle", plan["allocation"])]
    doses.append(("Given in earlier courses", record["course"]["prior_absorbed_dose"]))
    rules = [
        {"name": f"{title} · {in_words(name)}", "value": f"{minus(table[name]['absorbed_dose_gy'])} Gy"}
        for title, table in doses
        for name in organ_order(table)
        if "absorbed_dose_gy" in table[name]
    ]
    beds = [
        ("Limit of BED", record["limits"]),
        ("Allocation of BED of the next cycle", plan.get("allocation_bed") or {}),
    ]
    rules += [
        {"name": f"{title} · {in_words(name.removesuffix(_BED))}", "value": f"{minus(table[name]['bed_gy'])} Gy"}
        for title, table in beds
        for name in organ_order(table)
        if "bed_gy" in table[name]
    ]
    return rules + [
        {
            "name": f"Activity before rounding · {nuclide_symbol(nuclide)}",
            "value": f"{minus(plan['activities'][nuclide]['unrounded_activity_gbq'])} GBq",
        }
        for nuclide in nuclide_order(plan["activities"])
    ]


def void_reasons(record: Mapping[str, Any]) -> list[str]:
    """Why nothing may be given on this page; empty if it may be signed."""
    plan = record["plan"]
    reasons = []
    if plan["next_cycle"] is None:
        reasons.append(COURSE_DONE)
    if plan["stop"] and plan.get("decision") not in GIVES_NOTHING:
        reasons.append("Treatment is stopped: no activity is to be given.")
    if errors := unresolved_errors(record):
        kinds = ", ".join(sorted({in_words(finding["code"]).lower() for finding in errors}))
        reasons.append(f"Unresolved errors: {kinds}. Not for use until each is resolved or overridden with a reason.")
    return reasons


def _heading(plan: Mapping[str, Any]) -> str:
    if plan.get("decision") == "stop":
        return "Treatment plan: the treatment ends"
    if plan["next_cycle"] is None:
        return "Treatment plan: no further cycle"
    return f"Treatment plan for cycle {plan['next_cycle']}"


def _activity_note(nuclide: str, plan: Mapping[str, Any]) -> str:
    unrounded = plan["activities"][nuclide]["unrounded_activity_gbq"]
    if plan["stop"] or plan["next_cycle"] is None or plan.get("decision") in GIVES_NOTHING:
        return "nothing to be given"
    if plan.get("decision") == "standard":
        return "standard activity of the protocol"
    if plan["free_nuclide"] != nuclide:
        given = plan["activities"][nuclide]["administered_activity_gbq"]
        return "fixed by the protocol" if unrounded is None or float(given) == float(unrounded) else "as decided"
    if plan.get("decision") == "chosen":
        if unrounded is None:
            return "as decided"
        room = "nothing" if float(unrounded) <= 0 else f"{unrounded} GBq"
        return f"as decided; {room} would keep the limits"
    if unrounded is None:
        return "adjusted to the limits"
    return f"rounded down from {unrounded} GBq" if float(unrounded) > 0 else "no activity is left within the limits"


def _kept(record: Mapping[str, Any]) -> str:
    """Whether the limits are kept: by the coming cycles, and by those that were given."""
    if not record["plan"]["feasible"]:
        return "The proposed activities do not keep all limits."
    if any(finding["code"] == _DELIVERED_EXCEEDED for finding in record["findings"]):
        return "The coming cycles keep all limits; a delivered cycle exceeded the red marrow limit per cycle."
    return "All limits are kept."


def _statement(record: Mapping[str, Any]) -> str:
    plan = record["plan"]
    if plan["next_cycle"] is None:
        return "No further cycle is planned."
    decided = plan.get("decision")  # records before version 0.4.0 state none
    if decided == "stop":
        return "Decision: stop. The treatment ends here, nothing more is given."
    if decided == "hold":
        return f"Decision: hold. Nothing is given in cycle {plan['next_cycle']}."
    if plan["stop"]:
        return f"Stopped by {limiting_words(plan['limiting'])}."
    kept = _kept(record)
    if decided == "standard":
        return f"Decision: the protocol's standard activity. {kept}"
    if decided == "chosen":
        return f"Decision: other activities than proposed. {kept}"
    return f"Bounded by {limiting_words(plan['limiting'])}. {kept}"


def state_words(record: Mapping[str, Any]) -> str:
    """How far the plan had come when it was typeset: calculated, or checked by whom and when; signatures say the rest.

    Empty for records before version 0.4.0, which do not state it.
    """
    if "checked" not in record:
        return ""
    checked = record["checked"]
    if checked is None:
        return "State: calculated, not checked."
    local = checked["at"]["local"].replace("T", " ")
    return f"State: checked by {checked['by']} on {local}; signatures below."


def _earlier(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """What earlier courses gave to organs of the table, in Gy; it is within what the table calls given."""
    prior = record["course"]["prior_absorbed_dose"]
    return [
        {"organ": in_words(organ), "value": prior[organ]["absorbed_dose_gy"]}
        for organ in organ_order(prior)
        if float(prior[organ].get("absorbed_dose_gy") or 0.0) > 0
    ]


def _predictions(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    plan = record["plan"]
    organs = record["course"]["organs"]
    predicted = plan["predicted"]
    rows = []
    for limit in sorted(record["limits"], key=lambda name: (not name.startswith("kidneys"), name)):
        if limit.endswith(_BED):
            rows.append(_bed_prediction(record, limit))
            continue
        organ = limit.removesuffix(_PER_CYCLE).removesuffix(_TOTAL)
        per_cycle = limit.endswith(_PER_CYCLE)
        given = {} if per_cycle else organs.get(organ, {})
        chance = plan["probability_of_exceeding"].get(limit, {}).get("probability_percent")
        row = {
            "label": in_words(organ),
            "scope": "each cycle" if per_cycle else "whole course",
            "delivered": given.get("absorbed_dose_gy"),
            "uncertainty": given.get("absorbed_dose_standard_uncertainty_gy"),
            "next": predicted.get(organ, {}).get("next_cycle_absorbed_dose_gy"),
            "end": None if per_cycle else predicted.get(organ, {}).get("course_absorbed_dose_gy"),
            "limit": record["limits"][limit]["absorbed_dose_gy"],
            "chance": None if chance is None else f"{chance} %",
        }
        rows.append(row | {"bar": _bar(row)})
    with_limit = {limit.removesuffix(_PER_CYCLE).removesuffix(_TOTAL) for limit in record["limits"]}
    # A limit of BED leaves the absorbed dose without one: its row stays.
    for organ in organ_order(set(predicted) - with_limit):
        row = {
            "label": in_words(organ),
            "scope": "no limit",
            "delivered": organs.get(organ, {}).get("absorbed_dose_gy"),
            "uncertainty": organs.get(organ, {}).get("absorbed_dose_standard_uncertainty_gy"),
            "next": predicted[organ]["next_cycle_absorbed_dose_gy"],
            "end": predicted[organ]["course_absorbed_dose_gy"],
            "limit": None,
            "chance": None,
        }
        rows.append(row | {"bar": None})
    return rows


def _bed_prediction(record: Mapping[str, Any], limit: str) -> dict[str, Any]:
    """The row of a limit of BED: every number of it is BED."""
    plan, organ = record["plan"], limit.removesuffix(_BED)
    predicted = (plan.get("predicted_bed") or {}).get(organ, {})
    chance = plan["probability_of_exceeding"].get(limit, {}).get("probability_percent")
    row = {
        "label": f"{in_words(organ)}, BED",
        "scope": "whole course",
        "delivered": record["course"]["organs"].get(organ, {}).get("bed_gy"),
        "uncertainty": None,
        "next": predicted.get("next_cycle_bed_gy"),
        "end": predicted.get("course_bed_gy"),
        "limit": record["limits"][limit]["bed_gy"],
        "chance": None if chance is None else f"{chance} %",
    }
    return row | {"bar": _bar(row)}


def _bar(row: Mapping[str, Any]) -> dict[str, float] | None:
    """Fractions of the limit: delivered, after the next cycle, at the end."""
    if row["limit"] is None or float(row["limit"]) <= 0:
        return None
    limit = float(row["limit"])
    delivered = 0.0 if row["delivered"] is None else float(row["delivered"])
    following = delivered + (0.0 if row["next"] is None else float(row["next"]))
    end = following if row["end"] is None else float(row["end"])
    return {"delivered": delivered / limit, "next": following / limit, "end": max(end, following) / limit}


def override_title(override: Mapping[str, str]) -> str:
    """What a reason is for, in words: kind and place of the finding; records before version 0.4.0 name no place."""
    return ", ".join(part for part in (in_words(override["code"]), override.get("place", "")) if part)


def _attention(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """Everything the two signatories have to know, gravest first."""
    entries = [
        {"level": "stop", "title": f"Stop rule met, cycle {entry['cycle']}", "text": str(rule)}
        for entry in record["safety"]
        for rule in entry["stop_criteria_met"]
    ]
    entries += [
        {"level": "override", "title": f"Overridden: {override_title(override)}", "text": override["reason"]}
        for override in record["overrides"]
    ]
    for level in _LEVELS:
        entries += [
            {"level": level, "title": capitalised(f["place"]) if f["place"] else in_words(f["code"]), "text": f["text"]}
            for f in record["findings"]
            if f["level"] == level
        ]
    entries += [
        {"level": "info", "title": "Laboratory", "text": f["text"]}
        for f in record["findings"]
        if f["code"] == _NO_STOP_RULES
    ]
    last = record["safety"][-1] if record["safety"] else None
    told = any(f["code"] == UNDECIDED and f["level"] in _LEVELS for f in record["findings"])
    if last and last["cannot_decide"] and not told:
        named = "; ".join(str(rule) for rule in last["cannot_decide"])
        entries.append({"level": "warning", "title": f"Cannot decide, cycle {last['cycle']}", "text": named})
    return entries
