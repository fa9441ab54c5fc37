"""The printed plan: PDF/A-3 typeset from a template and data, the same bytes for the same data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dosimetry_core.canonical_json import canonical_bytes, parse_json, sha256_hex
from dosimetry_core.plan_record import RESULTS_NAME, calculation_time, parse_plan_record, results_bytes
from dosimetry_core.report.decision import decision, override_title, plan_rules
from dosimetry_core.report.figures import cumulative_bars, curve_plots
from dosimetry_core.report.tables import (
    administrations,
    course_table,
    course_vois,
    input_folders,
    laboratory,
    red_marrow,
    second_opinion,
    settings,
    voi_tables,
)
from dosimetry_core.report.words import RESEARCH_NOTICE, audit_words, patient_name
from dosimetry_core.typesetting import PLAN_TEMPLATE, typeset

SHORT_DIGEST_LENGTH: Final = 16
SIGNATORIES: Final = ("Physicist", "Physician")

# Page 1 in points (1/72 inch): A4, its margins, and the two signature boxes side by side at the foot.
PAGE_WIDTH_PT: Final = 595.2756
BOTTOM_PT: Final = 58.0
BOX_GAP_PT: Final = 15.0
BOX_HEIGHT_PT: Final = 58.0
BOX_WIDTH_PT: Final = 245.0
MARGIN_PT: Final = (PAGE_WIDTH_PT - 2 * BOX_WIDTH_PT - BOX_GAP_PT) / 2


def typeset_plan(results: Mapping[str, Any], record: Mapping[str, Any]) -> bytes:
    """The plan as PDF/A-3b with results.json and plan.json attached.

    Parameters
    ----------
    results
        The tree of results.json.
    record
        The plan record made from these results.

    Raises
    ------
    ValueError
        If the record was made from other results.
    """
    plan_json, results_json = canonical_bytes(record), results_bytes(results)
    tree = parse_json(results_json, where=RESULTS_NAME)
    checked = parse_plan_record(plan_json)
    if checked["results_sha256"] != sha256_hex(results_json):
        raise ValueError("the record was made from other results")
    data = plan_content(tree, checked)
    return typeset(
        PLAN_TEMPLATE,
        data,
        attachments={"plan_json": plan_json, "results_json": results_json},
        moment=calculation_time(checked),
    )


def plan_content(results: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Everything the template of the plan shows, as text and fractions."""
    digest = sha256_hex(canonical_bytes(record))
    patient = record["patient"]
    moment = calculation_time(record)
    cycles = results.get("cycles", ())
    return {
        "notice": RESEARCH_NOTICE,
        "layout": {
            "margin": MARGIN_PT,
            "bottom": BOTTOM_PT,
            "gap": BOX_GAP_PT,
            "box_width": BOX_WIDTH_PT,
            "box_height": BOX_HEIGHT_PT,
            "roles": SIGNATORIES,
        },
        "digest": digest,
        "short_digest": digest[:SHORT_DIGEST_LENGTH],
        "patient": {
            "name": patient_name(patient["name"]),
            "id": patient["id"],
            "birth_date": patient["birth_date"] or "not given",
            "sex": {"F": "female", "M": "male"}.get(patient["sex"], str(patient["sex"])),
        },
        "protocol": record["course"]["protocol"].replace("\\", "/").rpartition("/")[2],
        "protocol_digest": record["course"]["protocol_sha256"],
        "calculated_at": f"{record['calculated_at']['local'].replace('T', ' ')} ({record['calculated_at']['zone']})",
        "document_date": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
        "software": record["software"],
        "audit": audit_words(record),
        "inputs": record["inputs"],
        "results_sha256": record["results_sha256"],
        "decision": decision(record),
        "administrations": administrations(results),
        "course": course_table(results),
        "course_vois": course_vois(results),
        "second_opinion": second_opinion(results),
        "bars": cumulative_bars(results),
        "cycles": [
            {"vois": voi_tables(cycle), "plots": curve_plots(cycle), "marrow": red_marrow(cycle)} for cycle in cycles
        ],
        "laboratory": laboratory(results),
        "settings": settings(results),
        "rules": plan_rules(record),
        "findings": record["findings"],
        "overrides": [
            {"title": override_title(override), "reason": override["reason"]} for override in record["overrides"]
        ],
        "folders": input_folders(results),
    }
