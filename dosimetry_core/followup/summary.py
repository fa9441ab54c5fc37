"""Everything that follows from what is recorded of a course, as one JSON object."""

from __future__ import annotations

from typing import Any, Final

from dosimetry_core.case import Case
from dosimetry_core.followup.entry_criteria import entry_assessment
from dosimetry_core.followup.laboratory_trend import laboratory_trends
from dosimetry_core.followup.receptor_course import receptor_course
from dosimetry_core.followup.recist import tumour_course
from dosimetry_core.followup.stop_criteria import stop_criteria_of_case
from dosimetry_core.followup.treatment_start import treatment_start
from dosimetry_core.safety.rules import RuleOutcome, RuleSet
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

FORMAT: Final = 1


def follow_up_json(case: Case, entry_rules: RuleSet | None, stop_rules: RuleSet | None = None) -> dict[str, Any]:
    """Entry and stop rules, laboratory trends, response, receptor scans, adverse events and the end of treatment.

    ``entry_rules`` and ``stop_rules`` are those of the protocol; None where it has none.
    """
    recorded = case.follow_up
    entry = None if entry_rules is None else entry_assessment(case, entry_rules)
    stop = None if stop_rules is None else stop_criteria_of_case(case, stop_rules)
    return {
        "format": FORMAT,
        "software": {"name": SOFTWARE_NAME, "version": SOFTWARE_VERSION},
        "patient_id": case.patient.patient_id,
        "entry": None
        if entry is None or entry_rules is None
        else {
            "rules": entry_rules.name,
            "eligible": entry.eligible,
            "outcomes": [_outcome(outcome) for outcome in entry.outcomes],
        },
        "stop": None
        if stop is None or stop_rules is None
        else {
            "rules": stop_rules.name,
            "outcomes": [_outcome(outcome) for outcome in stop.latest],
            "met_earlier": [_outcome(outcome) for outcome in stop.met_earlier],
        },
        "laboratory": {trend.key: trend.to_json() for trend in laboratory_trends(case)},
        "response": tumour_course(
            recorded.lesions, recorded.responses, treatment_start=treatment_start(case)
        ).to_json(),
        "krenning": [
            {"date": response.date.isoformat(), **response.krenning}
            for response in recorded.responses
            if response.krenning
        ],
        "receptor_scans": [summary.to_json() for summary in receptor_course(recorded.receptor_scans)],
        "adverse_events": [
            {
                "term": event.term,
                "grade": event.grade,
                "relation": event.relation,
                "onset": event.onset.isoformat(),
                "resolved": None if event.resolved is None else event.resolved.isoformat(),
                "outcome": event.outcome,
                "is_serious": event.is_serious,
                "note": event.note,
            }
            for event in recorded.adverse_events
        ],
        "end": None
        if recorded.end is None
        else {"date": recorded.end.date.isoformat(), "reason": recorded.end.reason, "note": recorded.end.note},
        "last_known_alive_on": None if recorded.alive_on is None else recorded.alive_on.isoformat(),
        "died_on": None if recorded.died_on is None else recorded.died_on.isoformat(),
    }


def _outcome(outcome: RuleOutcome) -> dict[str, Any]:
    return {
        "name": outcome.rule.name,
        "requirement": outcome.rule.requirement,
        "outcome": outcome.outcome,
        "text": outcome.text,
        "values": {
            key: {"value": fact.value, "date": None if fact.date is None else fact.date.isoformat()}
            for key, fact in outcome.values.items()
        },
        "missing": list(outcome.missing),
    }
