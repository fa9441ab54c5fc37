from __future__ import annotations

import json
from datetime import date

import pytest

from dosimetry_core.case import LaboratoryLimit, LaboratoryResult, Patient
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import within_a_sentence
from dosimetry_core.safety.assessment import EGFR_KEY, assess, assess_entry, laboratory_facts
from dosimetry_core.safety.rules import Observation, read_rules

DUONEN = read_rules("duonen")
PATIENT = Patient("P1", "Test^Patient", "F", "Europe/Warsaw", birth_date=date(1957, 3, 4))
LIMITS = {
    "haemoglobin_g_per_dl": LaboratoryLimit(lower=12.0),
    "platelets_1e9_per_l": LaboratoryLimit(lower=150),
    "leukocytes_1e9_per_l": LaboratoryLimit(lower=4.0),
    "neutrophils_1e9_per_l": LaboratoryLimit(lower=1.8),
    "lymphocytes_1e9_per_l": LaboratoryLimit(lower=1.0),
    "creatinine_umol_per_l": LaboratoryLimit(upper=90),
    "alt_u_per_l": LaboratoryLimit(upper=35),
    "ast_u_per_l": LaboratoryLimit(upper=35),
    "bilirubin_umol_per_l": LaboratoryLimit(upper=21),
}
NORMAL = {
    "haemoglobin_g_per_dl": 12.1,
    "platelets_1e9_per_l": 210.0,
    "leukocytes_1e9_per_l": 5.6,
    "neutrophils_1e9_per_l": 3.4,
    "lymphocytes_1e9_per_l": 1.3,
    "creatinine_umol_per_l": 76.0,
    "egfr_ml_per_min_per_1_73m2": 88.0,
    "alt_u_per_l": 22.0,
    "ast_u_per_l": 25.0,
    "bilirubin_umol_per_l": 9.0,
    "karnofsky": 90.0,
}


def _result(day: int, **changes: float) -> LaboratoryResult:
    return LaboratoryResult(date(2025, 3, day), FrozenMap(NORMAL | changes))


def test_that_the_example_of_the_case_file_neither_stops_nor_leaves_anything_open() -> None:
    assessment = assess(PATIENT, [_result(1)], LIMITS, DUONEN)
    assert assessment.stop_criteria_met == ()
    assert assessment.cannot_decide == ()
    # without a lower limit of the eGFR, 88 could be normal or grade 1
    assert {key: g.grade for key, g in assessment.grades.items() if g.grade != 0} == {EGFR_KEY: None}
    assert assessment.ecog == 0
    stated = assess(PATIENT, [_result(1, ecog=2, karnofsky=90)], LIMITS, DUONEN)
    assert stated.ecog == 2
    assert assessment.findings == ()


@pytest.mark.parametrize("missing", sorted(set(NORMAL) - {"lymphocytes_1e9_per_l"}))
def test_that_a_missing_value_is_never_taken_for_a_normal_one(missing: str) -> None:
    values = {key: value for key, value in NORMAL.items() if key != missing}
    nobody = Patient("P2", "No^Birthdate", "M", "Europe/Warsaw")
    assessment = assess(nobody, [LaboratoryResult(date(2025, 3, 1), FrozenMap(values))], LIMITS, DUONEN)
    assert assessment.stop_criteria_met == ()
    (undecided,) = assessment.cannot_decide
    assert within_a_sentence(missing) in undecided
    assert "_" not in undecided
    assert [f.code for f in assessment.findings] == ["stop-rule-undecided"]


def test_that_no_laboratory_at_all_leaves_every_rule_open() -> None:
    assert len(assess(PATIENT, [], LIMITS, DUONEN).cannot_decide) == len(DUONEN.stop)


def test_that_the_egfr_is_computed_when_it_is_not_stated_and_says_so() -> None:
    values = {key: value for key, value in NORMAL.items() if key != EGFR_KEY}
    assessment = assess(PATIENT, [LaboratoryResult(date(2025, 3, 1), FrozenMap(values))], LIMITS, DUONEN)
    # hand calculation: 142 · (0.85954/0.7)^−1.2 · 0.9938^67 · 1.012
    assert assessment.facts[EGFR_KEY].value == pytest.approx(
        142 * (76 / 88.42 / 0.7) ** -1.2 * 0.9938**67 * 1.012, rel=1e-12
    )
    assert assessment.cannot_decide == ()
    assert [f.code for f in assessment.findings] == ["egfr-computed"]


def test_that_a_stated_egfr_is_not_replaced() -> None:
    assert laboratory_facts(PATIENT, [_result(1)])[EGFR_KEY].value == 88.0


def test_that_the_latest_value_decides_and_an_earlier_stop_is_remarked_on() -> None:
    assessment = assess(PATIENT, [_result(29), _result(8, platelets_1e9_per_l=70)], LIMITS, DUONEN)
    assert assessment.stop_criteria_met == ()
    assert assessment.grades["platelets_1e9_per_l"].grade == 0
    assert assessment.grades["platelets_1e9_per_l"].worst == 2
    (finding,) = assessment.findings
    assert finding.code == "stop-rule-met-earlier"
    assert "70, 2025-03-08" in finding.text


def test_that_a_stop_of_an_earlier_cycle_stays_until_a_new_value_decides() -> None:
    low = _result(1, platelets_1e9_per_l=70)
    nothing_new = assess(PATIENT, [], LIMITS, DUONEN, earlier=[low])
    assert nothing_new.stop_criteria_met == ("platelets < 80 × 10⁹/L (70, 2025-03-01)",)
    assert len(nothing_new.cannot_decide) == len(DUONEN.stop) - 1  # the other old values are not taken for current
    assert assess(PATIENT, [_result(29)], LIMITS, DUONEN, earlier=[low]).stop_criteria_met == ()


def test_that_several_criteria_are_all_listed() -> None:
    assessment = assess(PATIENT, [_result(1, platelets_1e9_per_l=79, karnofsky=50)], LIMITS, DUONEN)
    assert [text.split()[0] for text in assessment.stop_criteria_met] == ["Karnofsky", "platelets"]


def test_that_the_change_from_baseline_is_given() -> None:
    baseline = [_result(1, haemoglobin_g_per_dl=11.0)]
    later = assess(PATIENT, [_result(30, haemoglobin_g_per_dl=9.0)], LIMITS, DUONEN, baseline=baseline)
    grade = later.grades["haemoglobin_g_per_dl"]
    assert (grade.grade, grade.baseline, grade.change_from_baseline) == (2, 1, 1)


def test_that_an_abnormal_baseline_is_graded_by_the_limit_and_later_values_against_it() -> None:
    limits = {"alt_u_per_l": LaboratoryLimit(upper=35.0)}
    before = _result(1, alt_u_per_l=120.0)
    first = assess(PATIENT, [before], limits, DUONEN, baseline=[before]).grades["alt_u_per_l"]
    assert (first.grade, first.worst, first.baseline, first.change_from_baseline) == (2, 2, 2, 0)
    for value, grade in ((120.0, 0), (180.0, 1), (361.0, 2)):
        later = assess(PATIENT, [_result(30, alt_u_per_l=value)], limits, DUONEN, baseline=[before])
        found = later.grades["alt_u_per_l"]
        assert (found.grade, found.baseline, found.change_from_baseline) == (grade, 2, grade)


def test_that_values_from_before_the_last_administration_are_remarked_on() -> None:
    assessment = assess(PATIENT, [_result(1)], LIMITS, DUONEN, last_administration=date(2025, 3, 3))
    assert [f.code for f in assessment.findings] == ["laboratory-before-last-cycle"]


def test_that_a_protocol_without_rules_stops_nobody() -> None:
    assessment = assess(PATIENT, [_result(1, platelets_1e9_per_l=5)], LIMITS, None)
    assert assessment.stop_criteria_met == ()
    assert assessment.grades["platelets_1e9_per_l"].grade == 4


def test_that_the_json_has_the_keys_of_the_contract() -> None:
    tree = assess(PATIENT, [_result(1, platelets_1e9_per_l=79)], LIMITS, DUONEN).to_json()
    assert {"grades", "stop_criteria_met", "cannot_decide"} <= set(tree)
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


def test_that_an_unknown_entry_criterion_is_never_eligible() -> None:
    facts = {key: Observation(value) for key, value in NORMAL.items()}
    entry = assess_entry(facts, LIMITS, DUONEN.entry)
    assert entry.eligible is None
    assert any("pregnancy" in text for text in entry.cannot_decide)
    everything = {c.quantity for rule in DUONEN.entry for c in rule.conditions}
    yes = {key: Observation(1.0) for key in everything if key.endswith(("net", "disease", "ssa", "lesions"))}
    no = {key: Observation(0.0) for key in everything if "earlier" in key or key in {"pregnancy", "breastfeeding"}}
    rest = {
        "ki67_percent": Observation(5.0),
        "life_expectancy_weeks": Observation(60.0),
        "age_years": Observation(68.0),
        "laboratory_age_days": Observation(28.0),
        "other_malignancy": Observation(0.0),
    }
    assert assess_entry(facts | yes | no | rest, LIMITS, DUONEN.entry).eligible is True
    assert assess_entry(
        facts | yes | no | rest | {"earlier_prrt": Observation(1.0)}, LIMITS, DUONEN.entry
    ).eligible is (False)
