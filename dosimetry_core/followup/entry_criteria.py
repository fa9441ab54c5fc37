"""Whether a patient fulfilled the entry rules before the first cycle, with every value, its limit and its date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from dosimetry_core.case import Case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import LABORATORY_NAMES
from dosimetry_core.safety.assessment import EntryAssessment, assess_entry, laboratory_facts
from dosimetry_core.safety.renal import age_years
from dosimetry_core.safety.rules import Observation, Rule, RuleSet

LABORATORY_AGE_KEY: Final = "laboratory_age_days"
AGE_KEY: Final = "age_years"
KRENNING_KEY: Final = "lowest_krenning_of_targets"
"""Lowest Krenning score of all target lesions: a rule sets the threshold from which they are receptor-positive."""
_FOUND: Final = (*LABORATORY_NAMES, AGE_KEY, LABORATORY_AGE_KEY, KRENNING_KEY)


def entry_facts(case: Case, rules: Iterable[Rule]) -> FrozenMap[str, Observation]:
    """What is known of the patient on the day of the first administration.

    Laboratory values are the last ones up to that day: a later one decides nothing about entry. So are Krenning
    scores, of which the lowest of all target lesions stands as ``lowest_krenning_of_targets``. How old the oldest of
    the values is that the rules ask for stands as ``laboratory_age_days``.
    """
    entry = case.follow_up.entry
    facts: dict[str, Observation] = {
        **{key: Observation(value, entry.stated_on) for key, value in entry.values.items()},
        **{key: Observation(float(answer), entry.stated_on) for key, answer in entry.answers.items()},
    }
    start = _first_day(case)
    if start is None:
        return FrozenMap(facts)
    birth = case.patient.birth_date
    if birth is not None and birth <= start:
        facts[AGE_KEY] = Observation(float(age_years(birth, start)), start, "from the birth date")
    facts |= _krenning(case, start)
    results = [result for cycle in case.cycles for result in cycle.laboratory if result.date <= start]
    measured = laboratory_facts(case.patient, results)
    asked = {condition.quantity for rule in rules for condition in rule.conditions}
    days = [fact.date for key, fact in measured.items() if key in asked and fact.date is not None]
    if days:
        age = float((start - min(days)).days)
        facts[LABORATORY_AGE_KEY] = Observation(age, start, f"oldest value of {min(days).isoformat()}")
    return FrozenMap({**facts, **measured})


def _krenning(case: Case, start: date) -> dict[str, Observation]:
    """Of the last reading up to the day of the first administration; nothing where a target lesion was not scored."""
    targets = [lesion.name for lesion in case.follow_up.lesions if lesion.kind != "non-target"]
    read = [one for one in case.follow_up.responses if one.krenning and one.date <= start]
    if not targets or not read:
        return {}
    last = max(read, key=lambda one: one.date)
    if any(name not in last.krenning for name in targets):
        return {}
    return {KRENNING_KEY: Observation(float(min(last.krenning[name] for name in targets)), last.date)}


def entry_assessment(case: Case, rules: RuleSet) -> EntryAssessment:
    """The entry rules applied to what is known of the patient before the first cycle."""
    return assess_entry(entry_facts(case, rules.entry), case.laboratory_limits, rules.entry)


def asked_of_person(rules: Iterable[Rule]) -> tuple[tuple[str, bool], ...]:
    """Quantities that only a person can state: name, and whether it is a yes or no; in the order of the rules."""
    found: dict[str, bool] = {}
    for rule in rules:
        for condition in rule.conditions:
            if condition.quantity not in _FOUND:
                found.setdefault(condition.quantity, condition.comparison == "is")
    return tuple(found.items())


def _first_day(case: Case) -> date | None:
    given = [a.start.date() for a in case.cycles[0].administrations] if case.cycles else []
    return min(given) if given else None
