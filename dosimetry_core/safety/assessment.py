"""Assesses a patient from laboratory values: grades, stop criteria, entry criteria, and what can't be decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from dosimetry_core.case import LaboratoryLimit, LaboratoryResult, Patient
from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import unit_of, within_a_sentence
from dosimetry_core.safety.ctcae import GRADED_KEYS, ctcae_grade
from dosimetry_core.safety.performance import ecog_from_karnofsky
from dosimetry_core.safety.renal import age_years, egfr_ckd_epi_2021_ml_per_min_per_1_73m2
from dosimetry_core.safety.rules import Observation, Rule, RuleOutcome, RuleSet, evaluate_rule

EGFR_KEY: Final = "egfr_ml_per_min_per_1_73m2"
CREATININE_KEY: Final = "creatinine_umol_per_l"
KARNOFSKY_KEY: Final = "karnofsky"
ECOG_KEY: Final = "ecog"
GRAVE_GRADE: Final = 3
"""CTCAE 5.0: severe; without a stop rule somebody has to say why treatment goes on."""
CKD_EPI_ORIGIN: Final = "CKD-EPI 2021 from creatinine"


@dataclass(frozen=True)
class Grade:
    """CTCAE grade of one laboratory value.

    Parameters
    ----------
    grade
        Of the latest value; None if it can't be decided.
    worst
        Highest grade of all values assessed; None if none can be decided.
    baseline
        Grade of the value before the first cycle by the limits, None if unknown.
    change_from_baseline
        Grade minus that of the baseline, both on the same scale: where an abnormal baseline replaces the upper limit,
        the baseline itself has grade 0 on it.
    """

    key: str
    grade: int | None
    worst: int | None
    baseline: int | None
    change_from_baseline: int | None


@dataclass(frozen=True)
class SafetyAssessment:
    """What the laboratory values of one cycle say.

    Parameters
    ----------
    facts
        Latest value of each quantity, with date and origin.
    grades
        By case-file name of the value.
    outcomes
        Of each stop rule.
    earlier_met
        Stop criteria that an earlier value of this cycle met and the latest does not.
    ecog
        ECOG status as stated, else from Karnofsky; None if unknown.
    findings
        Remarks.
    """

    facts: FrozenMap[str, Observation]
    grades: FrozenMap[str, Grade]
    outcomes: tuple[RuleOutcome, ...]
    earlier_met: tuple[RuleOutcome, ...]
    ecog: int | None
    findings: tuple[Finding, ...]

    @property
    def stop_criteria_met(self) -> tuple[str, ...]:
        """Stop criteria that are met, each with value and date."""
        return tuple(outcome.text for outcome in self.outcomes if outcome.outcome == "met")

    @property
    def cannot_decide(self) -> tuple[str, ...]:
        """Stop rules that can't be decided, each with what is missing."""
        return tuple(outcome.text for outcome in self.outcomes if outcome.outcome == "cannot decide")

    @property
    def grave_grades(self) -> FrozenMap[str, str]:
        """Name of a value whose latest is of CTCAE grade 3 or more → grade, value and date as a phrase."""
        found = {}
        for key, grade in self.grades.items():
            if grade.grade is not None and grade.grade >= GRAVE_GRADE:
                fact, name = self.facts[key], within_a_sentence(key)
                value = f"{fact.value:g} {unit_of(key)}".rstrip()
                day = "" if fact.date is None else f", {fact.date.isoformat()}"
                found[name] = f"CTCAE grade {grade.grade} of {name} ({value}{day})"
        return FrozenMap(found)

    def to_json(self) -> dict[str, Any]:
        """The ``safety`` part of a cycle in results.json."""
        return {
            "grades": {key: grade.grade for key, grade in self.grades.items()},
            "worst_grades": {key: grade.worst for key, grade in self.grades.items()},
            "grade_changes_from_baseline": {key: grade.change_from_baseline for key, grade in self.grades.items()},
            "stop_criteria_met": list(self.stop_criteria_met),
            "cannot_decide": list(self.cannot_decide),
            "rules": [
                {
                    "name": outcome.rule.name,
                    "requirement": outcome.rule.requirement,
                    "outcome": outcome.outcome,
                    "values": {
                        key: {
                            "value": fact.value,
                            "date": None if fact.date is None else fact.date.isoformat(),
                            "origin": fact.origin,
                        }
                        for key, fact in outcome.values.items()
                    },
                    "missing": list(outcome.missing),
                }
                for outcome in self.outcomes
            ],
            "ecog": self.ecog,
        }


def laboratory_facts(patient: Patient, results: Iterable[LaboratoryResult]) -> FrozenMap[str, Observation]:
    """Latest value of each quantity; a missing eGFR is computed from the creatinine of the same day, and says so.

    The eGFR is computed for adults with a known birth date only.
    """
    facts: dict[str, Observation] = {}
    for result in sorted(results, key=lambda item: item.date):
        values = {key: Observation(value, result.date) for key, value in result.values.items()}
        creatinine = result.values.get(CREATININE_KEY)
        if EGFR_KEY not in values and creatinine and patient.birth_date is not None:
            age = age_years(patient.birth_date, result.date)
            if age >= 18:
                egfr = egfr_ckd_epi_2021_ml_per_min_per_1_73m2(creatinine, age_years=age, sex=patient.sex)
                values[EGFR_KEY] = Observation(egfr, result.date, CKD_EPI_ORIGIN)
        facts |= values
    return FrozenMap(facts)


def assess(
    patient: Patient,
    laboratory: Sequence[LaboratoryResult],
    limits: Mapping[str, LaboratoryLimit],
    rules: RuleSet | None,
    *,
    baseline: Sequence[LaboratoryResult] = (),
    earlier: Sequence[LaboratoryResult] = (),
    last_administration: date | None = None,
    place: str = "laboratory",
) -> SafetyAssessment:
    """Grades and stop criteria from the laboratory values of one cycle.

    Parameters
    ----------
    patient
        Sex and birth date serve the eGFR.
    laboratory
        Results of the cycle; the latest value of each quantity decides.
    limits
        The site's limits of normal, by case-file name.
    rules
        Rule set of the protocol; None: no stop rules.
    baseline
        Results before the first cycle, for the baseline rules of CTCAE.
    earlier
        Results of earlier cycles. A stop criterion that their latest values met stays met until this cycle has a value
        that decides it; a normal value of an earlier cycle decides nothing.
    last_administration
        Day of the last administration: older laboratory values are remarked on.
    place
        What the findings are about.
    """
    facts = laboratory_facts(patient, laboratory)
    stop: tuple[Rule, ...] = () if rules is None else rules.stop
    past = laboratory_facts(patient, earlier)
    outcomes = tuple(_latest_outcome(rule, facts, past, limits) for rule in stop)
    earlier_met: list[RuleOutcome] = []
    for result in sorted(laboratory, key=lambda item: item.date):
        of_that_day = laboratory_facts(patient, [result])
        for rule, latest in zip(stop, outcomes, strict=True):
            outcome = evaluate_rule(rule, of_that_day, limits)
            if outcome.outcome == "met" and latest.outcome != "met":
                earlier_met.append(outcome)
    karnofsky = facts.get(KARNOFSKY_KEY)
    stated = facts.get(ECOG_KEY)
    ecog = None if stated is None else int(stated.value)
    if karnofsky is not None and karnofsky.value in range(0, 101, 10):
        ecog = ecog_from_karnofsky(karnofsky.value) if ecog is None else ecog
    assessment = SafetyAssessment(
        facts,
        FrozenMap(_grades(patient, laboratory, facts, baseline, limits)),
        outcomes,
        tuple(earlier_met),
        ecog,
        (),
    )
    return replace(assessment, findings=tuple(_findings(assessment, place, last_administration)))


def _latest_outcome(
    rule: Rule,
    facts: Mapping[str, Observation],
    past: Mapping[str, Observation],
    limits: Mapping[str, LaboratoryLimit],
) -> RuleOutcome:
    outcome = evaluate_rule(rule, facts, limits)
    if outcome.outcome == "cannot decide":
        before = evaluate_rule(rule, {**past, **facts}, limits)
        if before.outcome == "met":
            return before
    return outcome


def _grades(
    patient: Patient,
    laboratory: Sequence[LaboratoryResult],
    facts: Mapping[str, Observation],
    baseline: Sequence[LaboratoryResult],
    limits: Mapping[str, LaboratoryLimit],
) -> dict[str, Grade]:
    before = laboratory_facts(patient, baseline)
    last_before = max((result.date for result in baseline), default=None)
    days = [laboratory_facts(patient, [result]) for result in laboratory]
    grades: dict[str, Grade] = {}
    for key in GRADED_KEYS:
        if key not in facts:
            continue
        limit = limits.get(key)
        start = before[key].value if key in before else None
        each = [
            ctcae_grade(key, day[key].value, limit=limit, baseline=_held_against(day[key], start, last_before))
            for day in days
            if key in day
        ]
        known = [grade for grade in each if grade is not None]
        reference = _held_against(facts[key], start, last_before)
        latest = ctcae_grade(key, facts[key].value, limit=limit, baseline=reference)
        same_scale = None if start is None else ctcae_grade(key, start, limit=limit, baseline=reference)
        grades[key] = Grade(
            key,
            latest,
            max(known) if known else None,
            None if start is None else ctcae_grade(key, start, limit=limit),
            None if latest is None or same_scale is None else latest - same_scale,
        )
    return grades


def _held_against(fact: Observation, start: float | None, last_before: date | None) -> float | None:
    """The baseline that a value is graded against; None for what was measured before treatment: the limits alone."""
    is_before = last_before is not None and fact.date is not None and fact.date <= last_before
    return None if is_before else start


def _findings(assessment: SafetyAssessment, place: str, last_administration: date | None) -> Iterable[Finding]:
    for outcome in assessment.earlier_met:
        yield Finding(
            "stop-rule-met-earlier",
            "warning",
            f"An earlier value met a stop rule that the latest does not: {outcome.text}.",
            place,
        )
    if assessment.cannot_decide:
        yield Finding(
            "stop-rule-undecided",
            "warning",
            f"Stop rules that can't be decided: {'; '.join(assessment.cannot_decide)}.",
            place,
        )
    egfr = assessment.facts.get(EGFR_KEY)
    if egfr is not None and egfr.origin == CKD_EPI_ORIGIN:
        yield Finding(
            "egfr-computed",
            "info",
            f"eGFR {egfr.value:.0f} mL/min/1.73 m² was computed from creatinine by CKD-EPI 2021.",
            place,
        )
    dates = [fact.date for fact in assessment.facts.values() if fact.date is not None]
    if dates and last_administration is not None and max(dates) < last_administration:
        yield Finding(
            "laboratory-before-last-cycle",
            "info",
            f"The latest laboratory values ({max(dates).isoformat()}) are from before the last administration "
            f"({last_administration.isoformat()}).",
            place,
        )


@dataclass(frozen=True)
class EntryAssessment:
    """Whether a patient qualifies.

    ``eligible`` is None when a requirement can't be decided and none fails; never True then.
    """

    outcomes: tuple[RuleOutcome, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Requirements that are not fulfilled."""
        return tuple(o.rule.requirement for o in self.outcomes if o.outcome == "not met")

    @property
    def cannot_decide(self) -> tuple[str, ...]:
        """Requirements that can't be decided, each with what is missing."""
        return tuple(o.text for o in self.outcomes if o.outcome == "cannot decide")

    @property
    def eligible(self) -> bool | None:
        """True, False, or None if it can't be decided."""
        if self.failed:
            return False
        return None if self.cannot_decide else True


def assess_entry(
    facts: Mapping[str, Observation], limits: Mapping[str, LaboratoryLimit], rules: Iterable[Rule]
) -> EntryAssessment:
    """Apply entry requirements to what is known of a patient; all of ``rules`` are required."""
    return EntryAssessment(tuple(evaluate_rule(rule, facts, limits) for rule in rules))
