"""Entry rules before cycle 1: strictness as written, what is missing decides nothing, later values decide nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from dosimetry_core.case import Administration, Case, Course, Cycle, LaboratoryLimit, LaboratoryResult, Patient
from dosimetry_core.follow_up import EntryFacts, FollowUp, ResponseAssessment, TumourLesion
from dosimetry_core.followup.entry_criteria import asked_of_person, entry_assessment, entry_facts
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.safety.assessment import assess_entry
from dosimetry_core.safety.rules import Observation, read_own_rules, read_rules
from dosimetry_core.toml_table import TomlTable

DUONEN = read_rules("duonen")
VALUES = {
    "creatinine_umol_per_l": 80.0,
    "haemoglobin_g_per_dl": 12.0,
    "leukocytes_1e9_per_l": 5.0,
    "platelets_1e9_per_l": 200.0,
    "alt_u_per_l": 20.0,
    "ast_u_per_l": 20.0,
    "bilirubin_umol_per_l": 9.0,
    "karnofsky": 90.0,
}
ANSWERS = {name: True for name, is_answer in asked_of_person(DUONEN.entry) if is_answer}
for excluded in (
    "pregnancy",
    "breastfeeding",
    "other_malignancy",
    "earlier_embolisation_or_liver_directed_arterial_therapy",
    "earlier_chemotherapy",
    "earlier_mtor_inhibitor",
    "earlier_prrt",
):
    ANSWERS[excluded] = False
ENTRY = EntryFacts(
    date(2025, 2, 20), FrozenMap(ANSWERS), FrozenMap({"ki67_percent": 12.0, "life_expectancy_weeks": 52.0})
)
UPPER = LaboratoryLimit(upper=35.0)
GIVEN = Administration("Lu-177", 7.4e9, datetime(2025, 3, 3, 10, tzinfo=UTC), 1800.0)


def case(day: date = date(2025, 3, 1), entry: EntryFacts = ENTRY, **changed: Any) -> Case:
    values = {key: value for key, value in {**VALUES, **changed}.items() if value is not None}
    return Case(
        Patient("P-1", "Test^Case", "F", "UTC", birth_date=date(1957, 3, 4)),
        Course("duonen-d"),
        (Cycle(1, (GIVEN,), laboratory=(LaboratoryResult(day, FrozenMap(values)),)),),
        laboratory_limits=FrozenMap(dict.fromkeys(("alt_u_per_l", "ast_u_per_l", "bilirubin_umol_per_l"), UPPER)),
        follow_up=FollowUp(entry),
    )


def outcome(of: Case, name: str) -> str:
    return next(o.outcome for o in entry_assessment(of, DUONEN).outcomes if o.rule.name == name)


def test_that_a_patient_who_fulfils_everything_qualifies() -> None:
    assessment = entry_assessment(case(), DUONEN)
    assert assessment.eligible is True
    assert all(o.outcome == "met" for o in assessment.outcomes)


@pytest.mark.parametrize(
    ("key", "value", "rule", "expected"),
    [
        ("haemoglobin_g_per_dl", 9.0, "haemoglobin", "not met"),
        ("haemoglobin_g_per_dl", 9.1, "haemoglobin", "met"),
        ("platelets_1e9_per_l", 100.0, "platelets", "not met"),
        ("leukocytes_1e9_per_l", 3.0, "leukocytes", "not met"),
        ("karnofsky", 60.0, "performance status", "met"),
        ("karnofsky", 50.0, "performance status", "not met"),
        ("alt_u_per_l", 105.0, "liver tests", "not met"),
        ("alt_u_per_l", 104.9, "liver tests", "met"),
        ("haemoglobin_g_per_dl", None, "haemoglobin", "cannot decide"),
        ("ast_u_per_l", None, "liver tests", "cannot decide"),
    ],
)
def test_that_boundaries_are_as_strict_as_written(key: str, value: float | None, rule: str, expected: str) -> None:
    changed: dict[str, Any] = {key: value}
    assert outcome(case(**changed), rule) == expected


def test_that_what_is_not_stated_cannot_decide_and_never_qualifies() -> None:
    assessment = entry_assessment(case(entry=EntryFacts()), DUONEN)
    assert assessment.eligible is None
    assert {o.rule.name for o in assessment.outcomes if o.outcome == "cannot decide"} == {
        "Ki-67", "life expectancy", "tumour", "stage", "progression", "receptor expression", "no exclusion",
    }  # fmt: skip


def test_that_an_exclusion_excludes() -> None:
    excluded = replace(ENTRY, answers=FrozenMap({**ANSWERS, "earlier_chemotherapy": True}))
    assert outcome(case(entry=excluded), "no exclusion") == "not met"
    assert entry_assessment(case(entry=excluded), DUONEN).eligible is False


@pytest.mark.parametrize(("day", "expected"), [(date(2025, 2, 3), "met"), (date(2025, 2, 2), "not met")])
def test_that_laboratory_values_are_from_the_last_four_weeks(day: date, expected: str) -> None:
    assert outcome(case(day), "laboratory date") == expected


def test_that_values_after_the_first_administration_decide_nothing() -> None:
    late = case(date(2025, 3, 20))
    assert outcome(late, "haemoglobin") == "cannot decide"
    assert outcome(late, "laboratory date") == "cannot decide"


def scored(*readings: tuple[date, dict[str, int]]) -> Observation | None:
    lesions = (
        TumourLesion("L1", "liver", "target"),
        TumourLesion("L2", "lymph node", "target-node"),
        TumourLesion("L3", "bone", "non-target"),
    )
    responses = tuple(ResponseAssessment(day, krenning=FrozenMap(scores)) for day, scores in readings)
    followed = replace(case(), follow_up=FollowUp(ENTRY, lesions, responses))
    return entry_facts(followed, DUONEN.entry).get("lowest_krenning_of_targets")


def test_that_the_lowest_krenning_score_of_all_targets_before_treatment_can_decide() -> None:
    before, after = date(2025, 2, 10), date(2025, 6, 1)
    lowest = scored((before, {"L1": 4, "L2": 2, "L3": 0}), (after, {"L1": 1, "L2": 1}))
    assert lowest == Observation(2.0, before)
    assert scored((before, {"L1": 4, "L3": 0})) is None  # one target was not scored
    assert scored((after, {"L1": 4, "L2": 4})) is None
    # A clinic sets its own threshold.
    for least, expected in ((2, "met"), (3, "not met")):
        table = TomlTable(
            {
                "entry": [
                    {
                        "name": "receptors",
                        "requirement": f"Krenning must be >={least}",
                        "all": [{"value": "lowest_krenning_of_targets", "at_least": least}],
                    }
                ]
            },
            place="own",
            problems=[],
        )
        rules = read_own_rules(table, protocol="own", source="own", named=("own", None))
        assert rules is not None
        assert lowest is not None
        facts = FrozenMap({"lowest_krenning_of_targets": lowest})
        (outcome,) = assess_entry(facts, FrozenMap({}), rules.entry).outcomes
        assert outcome.outcome == expected
        assert asked_of_person(rules.entry) == ()


def test_that_every_value_stands_with_its_date() -> None:
    found = {o.rule.name: o for o in entry_assessment(case(haemoglobin_g_per_dl=8.5), DUONEN).outcomes}
    assert found["haemoglobin"].text == "haemoglobin > 9 g/dL (8.5, 2025-03-01)"
    assert found["Ki-67"].values["ki67_percent"].date == date(2025, 2, 20)
    assert found["age"].values["age_years"].value == 67
