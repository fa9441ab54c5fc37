from __future__ import annotations

from datetime import date

import pytest

from dosimetry_core.case import LaboratoryLimit
from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.safety.rules import Observation, Rule, evaluate_rule, parse_rules, read_rules

DUONEN = read_rules("duonen")
DAY = date(2025, 3, 1)


def _rule(name: str, kind: str = "stop") -> Rule:
    rules = DUONEN.stop if kind == "stop" else DUONEN.entry
    return next(rule for rule in rules if rule.name == name)


@pytest.mark.parametrize(
    ("name", "quantity", "stops", "does_not_stop"),
    [
        ("performance status", "karnofsky", 50, 60),
        ("creatinine", "creatinine_umol_per_l", 150.1, 150),
        ("eGFR", "egfr_ml_per_min_per_1_73m2", 29.9, 30),
        ("haemoglobin", "haemoglobin_g_per_dl", 7.9, 8.0),
        ("leukocytes", "leukocytes_1e9_per_l", 2.99, 3.0),
        ("neutrophils", "neutrophils_1e9_per_l", 0.99, 1.0),
        ("platelets", "platelets_1e9_per_l", 79, 80),
    ],
)
def test_that_equality_does_not_stop(name: str, quantity: str, stops: float, does_not_stop: float) -> None:
    rule = _rule(name)
    assert evaluate_rule(rule, {quantity: Observation(stops)}, {}).outcome == "met"
    assert evaluate_rule(rule, {quantity: Observation(does_not_stop)}, {}).outcome == "not met"
    assert evaluate_rule(rule, {}, {}).outcome == "cannot decide"


def test_that_every_stop_rule_was_tested() -> None:
    assert len(DUONEN.stop) == 8


def test_that_three_times_the_limit_itself_does_not_stop_even_in_binary() -> None:
    limits = {"bilirubin_umol_per_l": LaboratoryLimit(upper=0.7)}
    facts = {key: Observation(1.0) for key in ("alt_u_per_l", "ast_u_per_l")}
    limits |= {key: LaboratoryLimit(upper=35) for key in facts}
    rule = _rule("liver tests")
    assert evaluate_rule(rule, facts | {"bilirubin_umol_per_l": Observation(2.1)}, limits).outcome == "not met"
    assert evaluate_rule(rule, facts | {"bilirubin_umol_per_l": Observation(2.11)}, limits).outcome == "met"


def test_that_one_liver_test_can_stop_but_not_clear() -> None:
    limits = {"alt_u_per_l": LaboratoryLimit(upper=35)}
    rule = _rule("liver tests")
    assert evaluate_rule(rule, {"alt_u_per_l": Observation(106, DAY)}, limits).outcome == "met"
    unknown = evaluate_rule(rule, {"alt_u_per_l": Observation(30, DAY), "ast_u_per_l": Observation(30, DAY)}, limits)
    assert unknown.outcome == "cannot decide"
    assert unknown.missing == ("upper limit of ast_u_per_l", "bilirubin_umol_per_l")
    assert unknown.text == "liver tests: upper limit of AST (U/L), bilirubin (µmol/L) missing"


def test_that_leukocytes_of_exactly_three_neither_qualify_nor_stop() -> None:
    facts = {"leukocytes_1e9_per_l": Observation(3.0)}
    assert evaluate_rule(_rule("leukocytes"), facts, {}).outcome == "not met"
    assert evaluate_rule(_rule("leukocytes", "entry"), facts, {}).outcome == "not met"


def test_that_an_outcome_states_value_limit_and_date() -> None:
    outcome = evaluate_rule(_rule("platelets"), {"platelets_1e9_per_l": Observation(79, DAY)}, {})
    assert outcome.text == "platelets < 80 × 10⁹/L (79, 2025-03-01)"


def test_that_one_exclusion_decides_though_others_are_unknown() -> None:
    rule = _rule("no exclusion", "entry")
    assert evaluate_rule(rule, {"earlier_prrt": Observation(1.0)}, {}).outcome == "not met"
    assert evaluate_rule(rule, {"earlier_prrt": Observation(0.0)}, {}).outcome == "cannot decide"


def test_that_an_unknown_rule_set_is_refused() -> None:
    with pytest.raises(MissingDataError, match="duonen"):
        read_rules("bushehr")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("below = 60", "under = 60", "needs exactly one comparison"),
        ("any = [{ value", "some = [{ value", "give either any or all"),
        ('requirement = "Karnofsky < 60"', "", "requirement"),
    ],
)
def test_that_a_wrong_rule_file_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    content = table_bytes("safety", "duonen.toml").decode().replace(old, new, 1)
    with pytest.raises(DosimetryError) as caught:
        parse_rules(content.encode(), where="ours.toml")
    assert message in caught.value.line()
    assert "stop 1" in caught.value.line()
