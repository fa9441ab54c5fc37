"""Reads and writes ``[follow_up]`` of case.toml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from dosimetry_core.follow_up import (
    AdverseEvent,
    EndReason,
    EntryFacts,
    EventOutcome,
    FollowUp,
    LesionKind,
    NonTargetResponse,
    ReceptorLesionValue,
    ReceptorScan,
    Relation,
    ResponseAssessment,
    TreatmentEnd,
    TumourLesion,
    death_contradictions,
)
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.toml_table import TomlTable, toml_string

LARGEST_LESION_MM = 500.0
HIGHEST_SUV = 1e4
HIGHEST_GRADE = 5
HIGHEST_KRENNING = 4
REFERENCE_REGIONS = ("blood", "liver", "spleen")
_NO_DAY = date.min
"""Stands in after a missing day was gathered as a problem."""


def read_follow_up(root: TomlTable) -> FollowUp:
    """``[follow_up]``; nothing recorded where it is absent."""
    table = root.table("follow_up")
    if table is None:
        return FollowUp()
    lesions = tuple(_lesion(item) for item in table.tables("lesion"))
    names = [lesion.name for lesion in lesions]
    if len(set(names)) < len(names):
        table.wrong("lesion", "two lesions have the same name", "give each its own")
    read = FollowUp(
        _entry(table),
        lesions,
        tuple(_response(item, lesions) for item in table.tables("response")),
        tuple(_adverse_event(item) for item in table.tables("adverse_event")),
        tuple(_receptor_scan(item) for item in table.tables("receptor_scan")),
        _end(table),
        table.day("last_known_alive_on"),
        table.day("died_on"),
    )
    for contradiction in death_contradictions(read):
        table.wrong("died_on", contradiction, "check both dates")
    table.finish()
    return read


def _day(table: TomlTable, key: str) -> date:
    return table.day(key, required=True) or _NO_DAY


def _entry(root: TomlTable) -> EntryFacts:
    table = root.table("entry")
    if table is None:
        return EntryFacts()
    stated_on = table.day("stated_on")
    answers: dict[str, bool] = {}
    values: dict[str, float] = {}
    for key, value in table.content.items():
        if key == "stated_on":
            continue
        if isinstance(value, bool):
            answers[key] = table.optional_flag(key) is True
        else:
            number = table.optional_number(key, minimum=0)
            if number is not None:
                values[key] = number
    table.finish()
    return EntryFacts(stated_on, FrozenMap(answers), FrozenMap(values))


def _lesion(table: TomlTable) -> TumourLesion:
    kind: LesionKind = table.choice("kind", get_args(LesionKind), "target")
    if not table.has("kind"):
        table.wrong("kind", "is missing", f"write one of {', '.join(get_args(LesionKind))}")
    lesion = TumourLesion(table.text("name"), table.text("organ"), kind)
    table.finish()
    return lesion


def _response(table: TomlTable, lesions: tuple[TumourLesion, ...]) -> ResponseAssessment:
    targets = {lesion.name for lesion in lesions if lesion.kind != "non-target"}
    sizes = table.map_numbers("sizes_mm", maximum=LARGEST_LESION_MM)
    for name in sizes:
        if name not in targets:
            table.wrong("sizes_mm", f"{name!r} is no target lesion", "name it as in [[follow_up.lesion]]")
    krenning: dict[str, int] = {}
    for name, score in table.map_numbers("krenning", maximum=HIGHEST_KRENNING).items():
        if score != int(score):
            table.wrong("krenning", f"{score:g} of {name!r} is no score", "write 0, 1, 2, 3 or 4")
        krenning[name] = int(score)
    non_targets: NonTargetResponse = table.choice("non_targets", get_args(NonTargetResponse), "none")
    assessment = ResponseAssessment(
        _day(table, "date"),
        FrozenMap(sizes),
        non_targets,
        table.optional_flag("new_lesions") is True,
        FrozenMap(krenning),
        table.optional_text("note") or "",
    )
    table.finish()
    return assessment


def _adverse_event(table: TomlTable) -> AdverseEvent:
    grade = table.integer("grade", minimum=1)
    if grade > HIGHEST_GRADE:
        table.wrong("grade", f"is {grade}", "CTCAE grades go from 1 to 5")
    relation: Relation = table.choice("relation", get_args(Relation), "possible")
    if not table.has("relation"):
        table.wrong("relation", "is missing", f"write one of {', '.join(get_args(Relation))}")
    outcome: EventOutcome = table.choice("outcome", get_args(EventOutcome), "unknown")
    if (grade == HIGHEST_GRADE) != (outcome == "fatal"):
        table.wrong("outcome", f"is {outcome} with grade {grade}", "grade 5 and a fatal outcome go together")
    onset, resolved = _day(table, "onset"), table.day("resolved")
    if resolved is not None and resolved < onset:
        table.wrong("resolved", "lies before the onset", "check both dates")
    event = AdverseEvent(
        table.text("term"),
        grade,
        relation,
        onset,
        resolved,
        outcome,
        table.optional_flag("is_serious") is True,
        table.optional_text("note") or "",
    )
    table.finish()
    return event


def _receptor_scan(table: TomlTable) -> ReceptorScan:
    references = table.map_numbers("reference_suv_mean", maximum=HIGHEST_SUV)
    for name in references:
        if name not in REFERENCE_REGIONS:
            table.wrong("reference_suv_mean", f"unknown {name!r}", f"use {', '.join(REFERENCE_REGIONS)}")
    scan = ReceptorScan(
        _day(table, "date"),
        table.text("tracer"),
        table.text("segmentation"),
        tuple(_receptor_lesion(item) for item in table.tables("lesion", required=True)),
        FrozenMap(references),
        table.optional_text("series_sha256") or "",
        table.optional_text("note") or "",
    )
    table.finish()
    return scan


def _receptor_lesion(table: TomlTable) -> ReceptorLesionValue:
    highest, mean = (table.number(key, minimum=0, maximum=HIGHEST_SUV) for key in ("suv_max", "suv_mean"))
    peak = table.optional_number("suv_peak", minimum=0, maximum=HIGHEST_SUV)
    if mean > highest:
        table.wrong("suv_mean", "is above suv_max", "check both")
    lesion = ReceptorLesionValue(
        table.text("name"),
        highest,
        mean,
        peak,
        table.number("volume_ml", above=0),
        table.optional_number("fdg_suv_max", minimum=0, maximum=HIGHEST_SUV),
    )
    table.finish()
    return lesion


def _end(root: TomlTable) -> TreatmentEnd | None:
    table = root.table("end")
    if table is None:
        return None
    if not table.has("reason"):
        table.wrong("reason", "is missing", f"write one of {', '.join(get_args(EndReason))}")
    reason: EndReason = table.choice("reason", get_args(EndReason), "other")
    end = TreatmentEnd(_day(table, "date"), reason, table.optional_text("note") or "")
    table.finish()
    return end


# --- writing ----------------------------------------------------------------------------------------------------------


def follow_up_toml(recorded: FollowUp) -> str:
    """``[follow_up]`` as it stands in case.toml; empty where nothing is recorded."""
    lines = _lines({"last_known_alive_on": recorded.alive_on, "died_on": recorded.died_on})
    lines = ["[follow_up]", *lines, ""] if lines else []
    entry = recorded.entry
    if entry != EntryFacts():
        stated = {} if entry.stated_on is None else {"stated_on": entry.stated_on}
        lines += ["[follow_up.entry]", *_lines({**stated, **entry.values, **entry.answers}), ""]
    for lesion in recorded.lesions:
        lines += [
            "[[follow_up.lesion]]",
            *_lines({"name": lesion.name, "organ": lesion.organ, "kind": lesion.kind}),
            "",
        ]
    for response in recorded.responses:
        content: dict[str, Any] = {"date": response.date, "sizes_mm": dict(response.sizes_mm)}
        content |= {"non_targets": response.non_targets, "new_lesions": response.new_lesions}
        content |= {"krenning": dict(response.krenning), "note": response.note}
        lines += ["[[follow_up.response]]", *_lines(content), ""]
    for event in recorded.adverse_events:
        content = {"term": event.term, "grade": event.grade, "relation": event.relation, "onset": event.onset}
        content |= {"resolved": event.resolved, "outcome": event.outcome, "is_serious": event.is_serious}
        lines += ["[[follow_up.adverse_event]]", *_lines({**content, "note": event.note}), ""]
    for scan in recorded.receptor_scans:
        content = {"date": scan.date, "tracer": scan.tracer, "segmentation": scan.segmentation}
        content |= {"reference_suv_mean": dict(scan.reference_suv_mean), "series_sha256": scan.series_sha256}
        lines += ["[[follow_up.receptor_scan]]", *_lines({**content, "note": scan.note})]
        for value in scan.lesions:
            held = {
                "name": value.name,
                "suv_max": value.suv_max,
                "suv_mean": value.suv_mean,
                "suv_peak": value.suv_peak,
            }
            held |= {"volume_ml": value.volume_ml, "fdg_suv_max": value.fdg_suv_max}
            lines += ["  [[follow_up.receptor_scan.lesion]]", *(f"  {line}" for line in _lines(held))]
        lines.append("")
    if recorded.end is not None:
        end = recorded.end
        lines += ["[follow_up.end]", *_lines({"date": end.date, "reason": end.reason, "note": end.note}), ""]
    return "\n".join(lines)


def _lines(values: Mapping[str, Any]) -> list[str]:
    """Keys with what they hold; without those that hold nothing."""
    return [f"{key} = {_value(value)}" for key, value in values.items() if value is not None and value not in ("", {})]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_value(str(key))} = {_value(held)}" for key, held in value.items()) + " }"
    return repr(value)
