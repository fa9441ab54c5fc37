from __future__ import annotations

import json
import math
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.forecast import course_basis, forecast
from dosimetry_core.planning.next_cycle import NextCyclePlan, plan_next_cycle, predict, rounded_down_bq
from dosimetry_core.planning.protocol import Protocol, read_protocol
from tests.dosimetry_core.planning.courses import LU, Y, cycle, tandem

A, B, C, D = (read_protocol(f"duonen-{arm}") for arm in "abcd")
GARSKE = read_protocol("garske-roman")
STEP = 5e7


def _codes(plan: NextCyclePlan) -> set[str]:
    return {finding.code for finding in plan.findings}


def _levels(plan: NextCyclePlan) -> dict[str, str]:
    return {finding.code: finding.level for finding in plan.findings}


# The answers of the first tests are the worked examples of methods 6.2, confirmed there by exhaustive search.


def test_that_arm_b_gets_the_yttrium_the_kidneys_allow() -> None:
    plan = plan_next_cycle(B, [tandem()])
    assert plan.next_cycle == 2
    assert plan.activities_bq == {LU: 3.7e9, Y: 1.65e9}
    assert plan.limiting == "kidneys"
    assert plan.free_nuclide == Y
    assert plan.forecast.predicted["kidneys"].course_gy == pytest.approx(22.98, abs=1e-9)
    assert plan.feasible
    assert not plan.stop


def test_that_a_fixed_nuclide_that_alone_exceeds_stays_and_asks_for_a_decision() -> None:
    plan = plan_next_cycle(C, [tandem(kidneys=(0.45, 3.5))])
    assert plan.activities_bq == {LU: 0.0, Y: 1.85e9}
    assert plan.unrounded_activities_bq[LU] < 0
    assert plan.limiting == "fixed_nuclide"
    assert not plan.feasible
    assert not plan.stop
    assert _levels(plan)["fixed-nuclide-exceeds"] == "error"
    assert "fixed-nuclide-exceeds" in plan.codes_needing_reason
    assert plan.forecast.predicted["kidneys"].course_gy == pytest.approx(27.565, abs=1e-9)
    assert any("27.57 Gy to the kidneys" in finding.text for finding in plan.findings)


def test_that_arm_a_is_never_modified_and_an_excess_is_a_finding() -> None:
    plan = plan_next_cycle(A, [cycle(1, {LU: 7.4}, {LU: 0.9}, {LU: 0.014})])
    assert plan.activities_bq == {LU: 7.4e9}
    assert plan.limiting == "protocol"
    assert plan.free_nuclide is None
    assert not plan.feasible
    assert _levels(plan)["predicted-excess"] == "warning"


@pytest.mark.parametrize(
    ("red_marrow", "prior", "limiting"),
    [(0.014, 0.0, "kidneys"), (0.06, 0.0, "red_marrow_per_cycle"), (0.08, 0.8, "red_marrow_total")],
)
def test_that_the_tightest_limit_is_named(red_marrow: float, prior: float, limiting: str) -> None:
    delivered = [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: red_marrow})]
    plan = plan_next_cycle(D, delivered, prior_absorbed_dose_gy={"red_marrow": prior})
    assert plan.limiting == limiting
    assert plan.feasible


def test_that_a_site_cap_binds_and_says_so() -> None:
    capped = replace(D, nuclides=(replace(D.nuclides[0], activity_cap_bq=11.12e9),))
    plan = plan_next_cycle(capped, [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.014})])
    assert plan.limiting == "activity_cap"
    assert plan.activities_bq[LU] == 11.1e9
    assert plan.unrounded_activities_bq[LU] == pytest.approx(12.8666667e9)


def test_that_less_than_the_minimum_is_not_given() -> None:
    site = replace(B, nuclides=(B.nuclides[0], replace(B.nuclides[1], minimum_dispensable_activity_bq=0.5e9)))
    plan = plan_next_cycle(site, [tandem(kidneys=(1.0, 3.5))])
    assert 0 < plan.unrounded_activities_bq[Y] < 0.5e9
    assert plan.activities_bq == {LU: 3.7e9, Y: 0.0}
    assert plan.limiting == "minimum_activity"
    assert plan.feasible
    assert "below-minimum-activity" in _codes(plan)


def test_that_a_stop_rule_sets_all_activities_to_zero() -> None:
    plan = plan_next_cycle(B, [tandem()], stop_criteria_met=["platelets 79 < 80"])
    assert plan.stop
    assert plan.limiting == "stop_rule"
    assert set(plan.activities_bq.values()) == {0.0}
    assert _levels(plan)["stop-rule"] == "error"
    assert plan.forecast.predicted["kidneys"].course_gy == pytest.approx(6.105)


def test_that_nothing_is_planned_after_the_last_cycle() -> None:
    plan = plan_next_cycle(B, [tandem(number) for number in (1, 2, 3, 4)])
    assert plan.next_cycle is None
    assert plan.limiting == "none"
    assert not any(plan.activities_bq.values())
    assert plan.forecast.predicted["kidneys"].course_gy == pytest.approx(4 * 6.105)
    assert not plan.feasible  # 24.42 Gy were given
    assert not plan.stop


def test_that_the_patients_own_number_of_cycles_replaces_the_protocols() -> None:
    plan = plan_next_cycle(D, [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.014})], planned_cycles=2)
    assert plan.allocation_gy["kidneys"] == pytest.approx(23.0 - 3.7)
    assert plan.limiting == "red_marrow_per_cycle"


def test_that_garske_roman_gives_the_standard_until_a_limit_would_be_passed() -> None:
    delivered = []
    for number in range(1, 6):
        delivered.append(cycle(number, {LU: 7.4}, {LU: 0.6}, {LU: 0.02}))
        plan = plan_next_cycle(GARSKE, delivered)
        assert plan.stop == (number == 5)
    assert plan.next_cycle == 6
    assert plan.limiting == "kidneys"
    assert set(plan.activities_bq.values()) == {0.0}
    assert plan.forecast.predicted["kidneys"].course_gy == pytest.approx(22.2)
    assert plan.feasible
    assert "limit-reached" in _codes(plan)
    assert plan.codes_needing_reason == ()


def test_that_an_open_course_is_predicted_after_the_next_cycle_only() -> None:
    plan = plan_next_cycle(GARSKE, [cycle(1, {LU: 7.4}, {LU: 0.6}, {LU: 0.02})])
    assert plan.limiting == "protocol"
    assert plan.forecast.predicted["kidneys"].course_gy == pytest.approx(8.88)


@pytest.mark.parametrize(("planned", "course_gy"), [(3, 13.32), (5, 22.2), (8, 22.2)])
def test_that_a_fixed_activity_is_repeated_as_often_as_planned_and_allowed(planned: int, course_gy: float) -> None:
    plan = plan_next_cycle(GARSKE, [cycle(1, {LU: 7.4}, {LU: 0.6}, {LU: 0.02})], planned_cycles=planned)
    assert plan.forecast.predicted["kidneys"].course_gy == pytest.approx(course_gy)
    assert plan.feasible
    assert not plan.stop


def test_that_earlier_courses_take_from_the_allowance() -> None:
    without = plan_next_cycle(B, [tandem()])
    with_prior = plan_next_cycle(B, [tandem()], prior_absorbed_dose_gy={"kidneys": 3.0})
    assert with_prior.allocation_gy["kidneys"] == pytest.approx(without.allocation_gy["kidneys"] - 1.0)
    assert with_prior.forecast.predicted["kidneys"].course_gy <= 23.0


def test_that_an_exhausted_limit_gives_nothing_and_asks() -> None:
    plan = plan_next_cycle(D, [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.014})], prior_absorbed_dose_gy={"kidneys": 20})
    assert plan.activities_bq[LU] == 0.0
    assert plan.limiting == "kidneys"
    assert not plan.feasible
    assert _levels(plan)["limit-exceeded"] == "error"


def test_that_a_missing_marrow_dose_is_an_error_finding_and_never_zero() -> None:
    plan = plan_next_cycle(D, [cycle(1, {LU: 7.4}, {LU: 0.5})])
    assert _levels(plan)["marrow-dose-missing"] == "error"
    assert "red_marrow" not in plan.forecast.predicted
    assert plan.forecast.probability_of_exceeding["red_marrow_total"] is None


def test_that_a_missing_kidney_dose_is_refused() -> None:
    with pytest.raises(MissingDataError, match="kidneys"):
        plan_next_cycle(B, [cycle(1, {LU: 3.7, Y: 1.85}, {LU: 0.45}, {LU: 0.01, Y: 0.07})])


def test_that_a_missing_cycle_is_refused() -> None:
    with pytest.raises(InconsistentCaseError, match="1, 3"):
        plan_next_cycle(B, [tandem(1), tandem(3)])
    with pytest.raises(MissingDataError, match="no cycle"):
        plan_next_cycle(B, [])


def test_that_an_unmeasured_cycle_takes_the_last_measured_value() -> None:
    unmeasured = cycle(2, {LU: 3.7, Y: 1.0}, None)
    plan = plan_next_cycle(B, [tandem(1), unmeasured])
    given = 6.105 + 3.7 * 0.45 + 1.0 * 2.4
    assert plan.allocation_gy["kidneys"] == pytest.approx((23.0 - given) / 2)
    marked = cycle(2, {LU: 3.7, Y: 1.0}, {LU: 0.45, Y: 2.4}, {LU: 0.01, Y: 0.07}, estimated=True)
    assert plan_next_cycle(B, [tandem(1), marked]).to_json() == plan.to_json()


def test_that_a_nuclide_measured_in_another_cycle_serves_the_prediction() -> None:
    basis = course_basis(B, [tandem(1), cycle(2, {LU: 3.7}, {LU: 0.50}, {LU: 0.01})])
    assert dict(basis.organs["kidneys"].predicted_gy_per_bq) == pytest.approx({LU: 0.50e-9, Y: 2.4e-9})


@pytest.mark.parametrize(
    ("protocol", "delivered", "needed"),
    [
        (D, [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.014})], True),  # 12.85 GBq is 1.74 times the standard
        (D, [cycle(1, {LU: 7.4}, {LU: 0.75}, {LU: 0.014})], False),  # 7.75 GBq
        (B, [tandem(1)], False),  # 1.65 GBq
        (A, [cycle(1, {LU: 4.0}, {LU: 0.5}, {LU: 0.014})], True),  # 7.4 is 1.85 times what was given
    ],
)
def test_that_a_high_activity_needs_a_reason(protocol: Protocol, delivered: list, needed: bool) -> None:
    plan = plan_next_cycle(protocol, delivered)
    assert ("high-activity" in plan.codes_needing_reason) is needed
    assert ("high-activity" in _codes(plan)) is needed
    assert all(level != "error" for code, level in _levels(plan).items())


def test_that_exactly_the_threshold_needs_no_reason() -> None:
    plan = plan_next_cycle(
        D, [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.014})], chosen_activities_bq={LU: 9.25e9}
    )  # 1.25 × 7.4
    assert plan.codes_needing_reason == ()


def test_that_a_chosen_activity_is_judged_but_not_changed() -> None:
    plan = plan_next_cycle(B, [tandem()], chosen_activities_bq={Y: 2.0e9})
    assert plan.activities_bq == {LU: 3.7e9, Y: 2.0e9}
    assert plan.limiting == "kidneys"
    assert not plan.feasible
    assert {"chosen-activity", "limit-exceeded"} <= _codes(plan)


def test_that_front_loading_uses_everything_at_once_and_needs_a_reason() -> None:
    plan = plan_next_cycle(replace(D, allocation="front-loaded"), [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.001})])
    assert plan.activities_bq[LU] == pytest.approx(rounded_down_bq((23 - 3.7) / 0.5 * 1e9, STEP))
    assert "front-loaded" in plan.codes_needing_reason
    assert plan.forecast.predicted["kidneys"].course_gy <= 23.0


@pytest.mark.parametrize(("given", "needed"), [(1, True), (2, True), (3, False)])
def test_that_front_loading_needs_a_reason_while_another_cycle_would_follow(given: int, needed: bool) -> None:
    delivered = [cycle(number, {LU: 1.0}, {LU: 0.5}, {LU: 0.001}) for number in range(1, given + 1)]
    plan = plan_next_cycle(replace(D, cycles=4, allocation="front-loaded"), delivered)
    assert ("front-loaded" in plan.confirmations) == needed


def test_that_weights_share_the_allowance_among_the_remaining_cycles() -> None:
    weighted = replace(D, allocation="weights", allocation_weights=(1.0, 3.0, 2.0, 1.0))
    plan = plan_next_cycle(weighted, [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.001})])
    assert plan.allocation_gy["kidneys"] == pytest.approx((23 - 3.7) * 3 / 6)
    equal = replace(weighted, allocation_weights=(1.0, 1.0, 1.0, 1.0))
    one = cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.014})
    assert plan_next_cycle(equal, [one]).activities_bq == plan_next_cycle(D, [one]).activities_bq
    with pytest.raises(InconsistentCaseError, match="weights"):
        plan_next_cycle(weighted, [one], planned_cycles=3)


def test_that_rounding_down_keeps_an_exact_multiple() -> None:
    for steps in range(1, 400):
        exact = steps * 0.05 * 1e9  # binary division makes some of these a hair too small
        assert rounded_down_bq(exact, STEP) == pytest.approx(steps * STEP, rel=1e-12)
    assert rounded_down_bq(12.8499999e9, STEP) == 12.80e9


def test_that_without_an_uncertainty_there_is_no_probability_and_a_finding() -> None:
    plan = plan_next_cycle(B, [tandem()])
    assert set(plan.forecast.probability_of_exceeding.values()) == {None}
    assert "probability-unknown" in _codes(plan)


def test_that_the_probability_rests_on_the_shared_measurement() -> None:
    # One measured cycle scales past and future alike: the relative uncertainty of the sum is that of the measurement.
    plan = plan_next_cycle(B, [tandem(random=0.06, common=0.08)])
    dose = plan.forecast.predicted["kidneys"]
    assert dose.course_standard_uncertainty_gy == pytest.approx(dose.course_gy * 0.1, rel=1e-12)
    expected = 0.5 * math.erfc((23.0 - dose.course_gy) / (0.1 * dose.course_gy) / math.sqrt(2))
    assert plan.forecast.probability_of_exceeding["kidneys"] == pytest.approx(expected, rel=1e-12)
    assert _levels(plan)["probability-of-exceeding"] == "warning"  # 0.497 is above 0.25


def test_that_the_next_cycle_alone_is_as_uncertain_as_what_it_is_predicted_from() -> None:
    plan = plan_next_cycle(B, [tandem(random=0.06, common=0.08)])
    dose = plan.forecast.predicted["red_marrow"]
    assert dose.next_cycle_standard_uncertainty_gy == pytest.approx(0.1 * dose.next_cycle_gy, rel=1e-12)


def test_that_variation_between_cycles_averages_over_the_remaining_ones() -> None:
    varying = replace(A, between_cycle_relative_standard_uncertainty=0.1)
    plan = plan_next_cycle(varying, [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.014}, random=0.0, common=0.0)])
    assert plan.forecast.predicted["kidneys"].course_standard_uncertainty_gy == pytest.approx(
        math.sqrt(3) * 0.1 * 3.7, rel=1e-12
    )


def test_that_an_exact_measurement_gives_certainty() -> None:
    plan = plan_next_cycle(B, [tandem(random=0.0, common=0.0)])
    assert set(plan.forecast.probability_of_exceeding.values()) == {0.0}


def test_that_predictions_are_linear_in_activity() -> None:
    one = predict(B, [tandem()], {Y: 1e9}).predicted["kidneys"]
    two = predict(B, [tandem()], {Y: 2e9}).predicted["kidneys"]
    assert two.next_cycle_gy == pytest.approx(2 * one.next_cycle_gy)
    assert two.course_gy - one.course_gy == pytest.approx(3 * 2.4)


def test_that_a_forecast_agrees_with_the_plan_of_the_same_activities() -> None:
    plan = plan_next_cycle(B, [tandem(random=0.05, common=0.05)])
    assert predict(B, [tandem(random=0.05, common=0.05)], plan.activities_bq) == plan.forecast


def test_that_an_impossible_activity_is_refused() -> None:
    for wrong in ({Y: -1.0}, {Y: math.nan}, {"I-131": 1e9}):
        with pytest.raises(ValueError, match="can't be given"):
            predict(B, [tandem()], wrong)


def test_that_a_forecast_keeps_up_with_a_slider() -> None:
    delivered = [tandem(number, random=0.05, common=0.05) for number in (1, 2, 3)]
    basis = course_basis(B, delivered)
    began = time.perf_counter()
    for step in range(100):
        forecast(basis, {LU: 3.7e9, Y: step * STEP})
    assert (time.perf_counter() - began) / 100 < 1e-3


def test_that_the_json_has_the_keys_of_the_contract_and_is_serialisable() -> None:
    tree = plan_next_cycle(B, [tandem(random=0.1, common=0.1)]).to_json()
    assert {
        "protocol", "next_cycle", "activities_bq", "unrounded_activities_bq", "free_nuclide", "limiting",
        "allocation_gy", "predicted_absorbed_dose_gy", "probability_of_exceeding", "feasible", "stop", "findings",
    } <= set(tree)  # fmt: skip
    assert set(tree["predicted_absorbed_dose_gy"]["kidneys"]) == {"next_cycle", "course"}
    assert set(tree["probability_of_exceeding"]) == {"kidneys", "red_marrow_per_cycle", "red_marrow_total"}
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


_per_activity = st.tuples(st.floats(0.2, 1.3), st.floats(0.6, 6.0), st.floats(0.005, 0.1), st.floats(0.02, 0.25))


@st.composite
def _courses(draw: st.DrawFn) -> list:
    return [
        cycle(
            number,
            {LU: draw(st.floats(1.0, 7.4)), Y: draw(st.floats(0.5, 3.0))},
            {LU: (d := draw(_per_activity))[0], Y: d[1]},
            {LU: d[2], Y: d[3]},
            random=0.05,
            common=0.1,
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]


@settings(max_examples=60, deadline=None)
@given(delivered=_courses(), arm=st.sampled_from([B, C, D]), prior=st.floats(0.0, 5.0))
def test_that_the_solver_agrees_with_an_exhaustive_search(delivered: list, arm: Protocol, prior: float) -> None:
    """Every multiple of the step is tried on limits written out anew; the largest that keeps them is the answer."""
    plan = plan_next_cycle(arm, delivered, prior_absorbed_dose_gy={"kidneys": prior})
    free = arm.free_nuclide
    assert free is not None
    fixed = {n.name: n.standard_activity_bq for n in arm.fixed_nuclides}
    remaining = 4 - len(delivered)
    past = {"kidneys": prior, "red_marrow": 0.0}
    for organ in past:
        past[organ] += sum(sum(c.organs[organ].absorbed_dose_gy.values()) for c in delivered)
    last = {o: delivered[-1].organs[o].absorbed_dose_per_administered_activity_gy_per_bq for o in past}

    def kept(activity: float) -> bool:
        given = fixed | {free.name: activity}
        following = {o: sum(a * last[o][n] for n, a in given.items()) for o in past}
        return (
            past["kidneys"] + remaining * following["kidneys"] <= 23.0 + 1e-9
            and past["red_marrow"] + remaining * following["red_marrow"] <= 2.0 + 1e-9
            and following["red_marrow"] <= 0.5 + 1e-9
        )

    best = 0.0
    while kept(best + STEP) and best < 200e9:
        best += STEP
    assert plan.activities_bq[free.name] == pytest.approx(best, abs=1.0)
    assert plan.feasible == kept(best)
    if plan.feasible:
        predicted = plan.forecast.predicted
        assert predicted["kidneys"].course_gy <= 23.0 * (1 + 1e-9)
        assert predicted["red_marrow"].course_gy <= 2.0 * (1 + 1e-9)
        assert predicted["red_marrow"].next_cycle_gy <= 0.5 * (1 + 1e-9)
    else:
        assert {f.level for f in plan.findings} & {"error"}


@settings(max_examples=30, deadline=None)
@given(delivered=_courses(), factor=st.floats(0.2, 5.0))
def test_that_doubling_dose_per_activity_and_limits_leaves_the_activity(delivered: list, factor: float) -> None:
    scaled = [
        replace(
            c,
            organs=FrozenMap(
                {
                    organ: replace(
                        dose,
                        absorbed_dose_gy=FrozenMap({n: v * factor for n, v in dose.absorbed_dose_gy.items()}),
                        absorbed_dose_per_administered_activity_gy_per_bq=FrozenMap(
                            {n: v * factor for n, v in dose.absorbed_dose_per_administered_activity_gy_per_bq.items()}
                        ),
                    )
                    for organ, dose in c.organs.items()
                }
            ),
        )
        for c in delivered
    ]
    wider = replace(B, limits_gy=FrozenMap({key: limit * factor for key, limit in B.limits_gy.items()}))
    assert plan_next_cycle(wider, scaled).unrounded_activities_bq[Y] == pytest.approx(
        plan_next_cycle(B, delivered).unrounded_activities_bq[Y], rel=1e-9, abs=1.0
    )
