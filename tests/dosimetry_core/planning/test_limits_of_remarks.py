"""Every remark of planning at its limit, just inside and just beyond it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dosimetry_core.case import Administration, Cycle, LaboratoryResult, VialMeasurement
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.planning.administration_entry import PlannedCycle, SecondReading, entry_findings
from dosimetry_core.planning.certainty import surely_used_fraction
from dosimetry_core.planning.delivered import DeliveredCycle
from dosimetry_core.planning.feasible_region import feasible_region
from dosimetry_core.planning.forecast import course_basis
from dosimetry_core.planning.given import deviation, deviation_findings, given_findings
from dosimetry_core.planning.next_cycle import plan_next_cycle, refused_plan, rounded_down_bq
from dosimetry_core.planning.plan_states import PlanStanding
from dosimetry_core.planning.plausibility import (
    change_findings,
    dose_per_activity_findings,
    effective_half_life_findings,
    kidney_sides_findings,
)
from dosimetry_core.planning.prediction import predictor_weights
from dosimetry_core.planning.protocol import LimitKey, Protocol, parse_protocol, read_protocol
from dosimetry_core.planning.risk import (
    probability_limited_activity_bq,
    probability_limited_activity_common_bq,
    probability_of_exceeding,
)
from dosimetry_core.planning.sample_course import sample_course
from dosimetry_core.units import GRAY_PER_GIGABECQUEREL, HOUR, SECONDS_PER_DAY
from tests.dosimetry_core.planning.courses import cycle, tandem

GY_PER_GBQ = GRAY_PER_GIGABECQUEREL.to_core
START = datetime(2025, 5, 5, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("organ", "nuclide", "low", "high"),
    [
        ("kidneys", LU177, 0.2, 1.3),
        ("kidneys", Y90, 1.0, 6.0),
        ("red_marrow", LU177, 0.005, 0.1),
        ("red_marrow", Y90, 0.02, 0.25),
    ],
)
def test_that_the_ends_of_a_band_of_doses_are_usual(organ: str, nuclide: str, low: float, high: float) -> None:
    for value, said in ((low, 0), (high, 0), (low * 0.999, 1), (high * 1.001, 1)):
        assert len(dose_per_activity_findings(organ, {nuclide: GY_PER_GBQ(value)})) == said
    assert not dose_per_activity_findings("liver", {nuclide: 1.0})


def test_that_ratios_half_lives_changes_and_sides_are_usual_up_to_their_limits() -> None:
    def ratio(value: float) -> int:
        doses = {LU177: GY_PER_GBQ(0.5), Y90: GY_PER_GBQ(0.5) * value}
        return sum(f.code == "nuclide-ratio-unusual" for f in dose_per_activity_findings("kidneys", doses))

    assert [ratio(v) for v in (3.0, 6.0, 2.99, 6.01)] == [0, 0, 1, 1]
    assert not dose_per_activity_findings("kidneys", {LU177: GY_PER_GBQ(0.5)})
    zero = [f.code for f in dose_per_activity_findings("kidneys", {LU177: 0.0, Y90: GY_PER_GBQ(2.0)})]
    assert zero == ["dose-per-activity-unusual"]
    half_lives = [effective_half_life_findings("kidneys", LU177, HOUR.to_core(h)) for h in (25.0, 90.0, 24.9, 90.1)]
    assert [len(found) for found in half_lives] == [0, 0, 1, 1]
    assert not effective_half_life_findings("kidneys", Y90, 1.0)
    changes = [change_findings("kidneys", {LU177: now}, {LU177: 4.0}) for now in (8.0, 2.0, 8.01, 1.99)]
    assert [len(found) for found in changes] == [0, 0, 1, 1]
    assert "2.00 times" in changes[2][0].text
    assert not change_findings("kidneys", {LU177: 9.0}, {LU177: 0.0})
    assert not change_findings("kidneys", {LU177: 9.0}, {})
    # A quarter of their mean apart: 4.5 and 3.5.
    sides = [kidney_sides_findings(*pair) for pair in ((4.5, 3.5), (3.5, 4.5), (4.51, 3.5), (3.5, 4.51), (0.0, 0.0))]
    assert [len(found) for found in sides] == [0, 0, 1, 1, 0]


def test_that_a_dose_at_its_limit_without_uncertainty_does_not_exceed_it() -> None:
    assert [probability_of_exceeding(dose, 0.0, 23.0) for dose in (22.9, 23.0, 23.1)] == [0.0, 0.0, 1.0]
    assert probability_of_exceeding(23.0, 1e-3, 23.0) == 0.5
    # One standard deviation: 15.87 % of a normal distribution is beyond (tables).
    assert probability_of_exceeding(21.0, 2.0, 23.0) == pytest.approx(0.158655, abs=1e-6)
    for bad in (-1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="standard uncertainty"):
            probability_of_exceeding(1.0, bad, 2.0)


def test_that_room_that_is_just_used_up_leaves_nothing_and_less_is_refused() -> None:
    def limited(done: float, allowed: float, spread: float = 0.0) -> float | None:
        return probability_limited_activity_bq(done, spread, 2e-9, 1e-10, limit_gy=23.0, allowed_probability=allowed)

    assert limited(23.0, 0.5) == 0.0
    assert limited(23.1, 0.5) is None
    assert limited(19.0, 0.5) == pytest.approx(2e9)
    assert limited(22.9, 0.1, 0.2) is None
    for allowed in (0.0, 0.51):
        with pytest.raises(ValueError, match="allowed probability"):
            limited(1.0, allowed)
        with pytest.raises(ValueError, match="allowed probability"):
            probability_limited_activity_common_bq(1.0, 2e-9, 0.1, limit_gy=23.0, allowed_probability=allowed)
    with pytest.raises(ValueError, match="positive"):
        probability_limited_activity_bq(1.0, 0.1, 0.0, 0.0, limit_gy=23.0, allowed_probability=0.3)
    common = [
        probability_limited_activity_common_bq(done, 2e-9, 0.1, limit_gy=23.0, allowed_probability=0.5)
        for done in (23.0, 23.1, 19.0)
    ]
    assert common == [0.0, None, pytest.approx(2e9)]


def test_that_a_certainty_is_from_a_half_to_below_one() -> None:
    basis = course_basis(read_protocol("duonen-b"), [tandem()])
    given = {LU177: 3.7e9, Y90: 1e9}
    assert surely_used_fraction(basis, given, 0.5)["kidneys"] > 0
    for certainty in (0.499, 1.0):
        with pytest.raises(ValueError, match="certainty must be"):
            surely_used_fraction(basis, given, certainty)
    with pytest.raises(ValueError, match="without an uncertainty"):
        surely_used_fraction(basis, given, 0.51)


def test_that_a_limit_just_reached_leaves_a_point_and_one_passed_leaves_nothing() -> None:
    protocol = read_protocol("duonen-b")
    done = course_basis(protocol, [tandem()]).organs["kidneys"].total_absorbed_dose_gy
    for limit, vertices in ((done, 3), (0.99 * done, 0), (1.01 * done, 3)):
        limits: FrozenMap[LimitKey, float] = FrozenMap({"kidneys": limit})
        region = feasible_region(course_basis(replace(protocol, limits_gy=limits), [tandem()]))
        assert len(region.vertices_bq) == vertices
    assert region.vertices_bq[0] == (0.0, 0.0)
    # 0.01 of 6.105 Gy over three cycles, by 0.45 and 2.4 Gy/GBq.
    room = 0.01 * done / 3
    assert region.vertices_bq[1] == pytest.approx((room / GY_PER_GBQ(0.45), 0.0))
    assert region.vertices_bq[2] == pytest.approx((0.0, room / GY_PER_GBQ(2.4)), abs=1e-3)


def test_that_a_trend_which_neither_rises_nor_falls_is_followed() -> None:
    # Numbers whose line is exact in binary: mean 4, squares 20, 5 ahead of the mean.
    trend = predictor_weights("linear-trend", (1, 3, 5, 7), (1.0,) * 4, (2.0,) * 4, next_cycle=9)
    assert trend == (-0.5, 0.0, 0.5, 1.0)
    fewer = predictor_weights("linear-trend", (1, 2), (1.0, 1.0), (1.0, 2.0), next_cycle=3)
    assert fewer == (0.0, 1.0)
    # The first of two equal maxima stands for both.
    assert predictor_weights("maximum", (1, 2, 3), (1.0, 1.0, 1.0), (2.0, 3.0, 3.0), next_cycle=4) == (0.0, 1.0, 0.0)


def codes(plan: object) -> list[str]:
    return [finding.code for finding in plan.findings]  # type: ignore[attr-defined]


def test_that_a_chosen_activity_at_a_confirmation_limit_needs_no_reason() -> None:
    protocol = replace(read_protocol("duonen-b"), limits_gy=FrozenMap({"kidneys": 999.0}))
    # 1.25 times the standard 1.85 GBq; 1.5 times the last 1.0 GBq.
    usual = [cycle(1, {LU177: 3.7, Y90: 1.85}, {LU177: 0.45, Y90: 2.4})]
    little = [cycle(1, {LU177: 3.7, Y90: 1.0}, {LU177: 0.45, Y90: 2.4})]
    for delivered, chosen, needed in (
        (usual, 1.25 * 1.85e9, False),
        (usual, math.nextafter(1.25 * 1.85e9, math.inf), False),
        (usual, 1.2501 * 1.85e9, True),
        (little, 1.5e9, False),
        (little, 1.5001e9, True),
    ):
        plan = plan_next_cycle(protocol, delivered, chosen_activities_bq={Y90: chosen})
        assert ("high-activity" in plan.confirmations) == needed
        assert codes(plan).count("high-activity") == needed
        assert "chosen-activity" in codes(plan)


def test_that_the_last_cycle_of_a_front_loaded_course_is_no_front_loading() -> None:
    protocol = replace(read_protocol("duonen-b"), allocation="front-loaded")
    delivered = [tandem(1), tandem(2), tandem(3)]
    for planned, said in ((4, False), (5, True)):
        plan = plan_next_cycle(protocol, delivered, planned_cycles=planned)
        assert ("front-loaded" in codes(plan)) == said
        assert ("front-loaded" in plan.confirmations) == said


def test_that_a_marrow_dose_at_the_limit_per_cycle_is_not_above_it() -> None:
    base = read_protocol("duonen-b")
    delivered = [tandem()]
    highest = course_basis(base, delivered).organs["red_marrow"].highest_cycle_absorbed_dose_gy
    assert highest == pytest.approx(3.7 * 0.010 + 1.85 * 0.070)
    for limit, said in ((highest, False), (0.999 * highest, True)):
        limits: FrozenMap[LimitKey, float] = FrozenMap({"kidneys": 99.0, "red_marrow_per_cycle": limit})
        assert (
            "marrow-per-cycle-exceeded" in codes(plan_next_cycle(replace(base, limits_gy=limits), delivered))
        ) == said


def test_that_a_probability_at_its_warning_limit_is_no_warning() -> None:
    base, delivered = read_protocol("duonen-b"), [tandem(random=0.05, common=0.1)]
    plan = plan_next_cycle(base, delivered)
    highest = max(p for p in plan.forecast.probability_of_exceeding.values() if p is not None)
    assert 0 < highest < 1
    for limit, said in ((highest, False), (0.999 * highest, True)):
        found = codes(plan_next_cycle(replace(base, warn_above_probability=limit), delivered))
        assert ("probability-of-exceeding" in found) == said


def test_that_a_refused_plan_names_its_cycle_and_the_protocols_first_limit() -> None:
    protocol = read_protocol("duonen-b")
    reason = MissingDataError("the kidneys are not drawn", where="cycle 1")
    for delivered, planned, following in (([], None, 1), ([tandem(1)], None, 2), ([tandem(1)], 1, None)):
        plan = refused_plan(protocol, delivered, [reason], planned_cycles=planned)
        assert plan.next_cycle == following
        assert (plan.refused, plan.stop, plan.feasible) == (True, True, False)
        assert plan.forecast.probability_of_exceeding == dict.fromkeys(protocol.limits_gy)
        assert plan.forecast.limiting == "kidneys"
        assert not any(plan.activities_bq.values())


def test_that_the_sample_patients_uncertainty_is_common_to_the_cycles() -> None:
    for delivered in sample_course():
        for organ in delivered.organs.values():
            assert organ.random_relative_uncertainty == 0.0
            assert organ.common_relative_uncertainty is not None
            assert organ.common_relative_uncertainty > 0.02


def given(nuclide: str, bq: float, **options: object) -> Administration:
    return replace(Administration(nuclide, bq, START, 1800.0), **options)  # type: ignore[arg-type]


def test_that_given_activities_are_usual_within_a_tenth_and_units_within_ten_times() -> None:
    protocol = read_protocol("duonen-b")

    def said(bq: float) -> list[tuple[str, str]]:
        return [(f.code, f.level) for f in given_findings(protocol, [Cycle(1, (given(Y90, bq),))])]

    assert said(1.85e9) == said(1.85e9 * 1.0999) == said(1.85e9 * 0.9001) == []
    assert said(1.85e9 * 1.1001) == said(1.85e9 * 0.8999) == [("administered-activity-unusual", "warning")]
    assert said(1.85e9 * 9.99) == [("administered-activity-unusual", "warning")]
    assert said(1.85e10) == said(1.85e8) == [("administered-activity-unusual", "error")]
    assert deviation(0.0, 0.0) == 0.0
    assert deviation(1.0, 0.0) == math.inf
    assert deviation(3.0, 4.0) == 0.25


def test_that_a_deviation_is_remarked_on_above_a_tenth_and_needs_a_comment_above_a_fifth() -> None:
    def said(ratio: float, comment: str = "") -> list[tuple[str, str]]:
        item = given(LU177, ratio * 4e9, planned_activity_bq=4e9, comment=comment)
        return [(f.code, f.level) for f in deviation_findings(item, "c")]

    assert said(1.0999) == said(0.9001) == []
    assert said(1.1001) == said(0.8999) == said(1.1999) == [("given-differs-from-planned", "warning")]
    assert said(1.2001) == said(0.7999) == said(1.3, "  ") == [("given-without-comment", "error")]
    assert said(1.3, "spilled") == [("given-differs-from-planned", "warning")]


def test_that_cycles_a_month_apart_and_a_laboratory_a_year_away_are_no_remark() -> None:
    protocol = read_protocol("duonen-a")
    first = Cycle(1, (given(LU177, 7.4e9),))

    def interval(days: float) -> int:
        second = Cycle(2, (replace(given(LU177, 7.4e9), start=START + timedelta(days=days)),))
        return sum(f.code == "cycle-interval" for f in given_findings(protocol, [first, second]))

    assert [interval(days) for days in (28.0, 27.99)] == [0, 1]

    def laboratory(days: int) -> int:
        result = LaboratoryResult(date(2025, 5, 5) + timedelta(days=days), FrozenMap({}))
        found = given_findings(protocol, [replace(first, laboratory=(result,))])
        return sum(f.code == "laboratory-date-unusual" for f in found)

    assert [laboratory(days) for days in (365, -365, 366, -366)] == [0, 0, 1, 1]


def entered(
    vial_before_s: float = 600.0, residual_after_s: float = 600.0, now_s: float = 1e5, made_s: float = -1e5
) -> set[str]:
    vial = VialMeasurement(
        4e9, START - timedelta(seconds=vial_before_s), 1e7, START + timedelta(seconds=1800.0 + residual_after_s)
    )
    item = Administration.from_vial(LU177, vial, start=START, infusion_s=1800.0)
    plan = PlannedCycle("P", 1, FrozenMap({LU177: item.administered_activity_bq}), START + timedelta(seconds=made_s))
    second = SecondReading("B", "P", FrozenMap({LU177: 4e9}), FrozenMap({LU177: 1e7}))
    found = entry_findings(plan, "P", 1, (item,), second, now=START + timedelta(seconds=now_s))
    return {f.code for f in found}


def test_that_readings_at_the_ends_of_a_day_and_at_this_instant_are_taken() -> None:
    day = float(SECONDS_PER_DAY)
    assert entered() == entered(0.0) == entered(day) == entered(600.0, 0.0) == entered(600.0, day, 2e5) == set()
    for wrong in (entered(-1.0), entered(day + 1.0), entered(600.0, -1.0), entered(600.0, day + 1.0, 2e5)):
        assert wrong == {"entry-reading-time"}
    assert entered(now_s=2400.0) == set()
    assert entered(now_s=2399.0) == {"entry-in-future"}
    assert entered(made_s=0.0) == set()
    assert entered(made_s=1.0) == {"entry-before-plan"}


def test_that_a_tenth_of_what_was_planned_is_a_wrong_unit_and_a_little_more_is_not() -> None:
    def said(share: float, comment: str = "spilled") -> str:
        vial = VialMeasurement(4e9, START, 1e7, START + timedelta(seconds=1800.0))
        item = Administration.from_vial(LU177, vial, start=START, infusion_s=1800.0)
        planned = item.administered_activity_bq / share if share else 0.0
        plan = PlannedCycle("P", 1, FrozenMap({LU177: planned}), START - timedelta(days=1))
        second = SecondReading("B", "P", FrozenMap({LU177: 4e9}), FrozenMap({LU177: 1e7}))
        now = START + timedelta(hours=1)
        (found,) = entry_findings(plan, "P", 1, (item,), second, now=now, comment=comment)
        return f"{found.code} {found.text}"

    # The vial holds 4 GBq, of which 3.99 GBq were given: the vial is half as much again at 1.4963 and half at 0.4987.
    assert said(0.51).startswith("given-differs-from-planned")
    assert "(-49.0 %)" in said(0.51)
    assert said(1.49).startswith("given-differs-from-planned")
    assert "the vial is more than 50 % off" in said(0.49)
    assert "the vial is more than 50 % off" in said(1.50)
    assert said(0.101).startswith("entry-wrong-unit")
    assert said(9.9).startswith("entry-wrong-unit")
    assert said(0.099).startswith("entry-wrong-unit")
    assert said(10.1).startswith("entry-wrong-unit")
    assert said(0.0).startswith("entry-wrong-unit")
    assert said(1.19, "").startswith("given-differs-from-planned")
    assert "above 20 % it needs a comment" in said(1.21, " ")


def test_that_a_plan_gone_stale_twice_remembers_what_it_was_first() -> None:
    for first in ("signed", "approved"):
        stale = PlanStanding(first).after("change", "program")
        assert stale == PlanStanding("stale", first)
        assert stale.after("change", "program") == stale
        assert stale.after("restore", "program") == PlanStanding(first)
        assert stale.allows("restore", "program")
        assert not stale.allows("restore", "physicist")
        assert stale.after("revoke", "physician") == PlanStanding("revoked")
    assert PlanStanding("signed").after("approve", "physician") == PlanStanding("approved")
    assert not PlanStanding("signed").allows("restore", "program")
    for state, before in (("stale", None), ("signed", "signed"), ("draft", "approved")):
        with pytest.raises(ValueError, match="a stale plan"):
            PlanStanding(state, before)  # type: ignore[arg-type]


def test_that_weights_of_an_allocation_are_positive_and_one_for_each_cycle() -> None:
    text = (Path(__file__).parents[3] / "resources" / "protocols" / "duonen-b.toml").read_text("utf-8")

    def read(weights: str) -> Protocol:
        changed = text.replace(
            'allocation = "equal-split"', f'allocation = "weights"\nallocation_weights = {weights}', 1
        )
        return parse_protocol(changed.encode(), where="clinic.toml")

    assert read("[1.0, 0.5, 2.0, 0.001]").allocation_weights == (1.0, 0.5, 2.0, 0.001)
    without = text.replace("[[nuclide]]", "[[other]]")
    with pytest.raises(DosimetryError, match="nuclide"):
        parse_protocol(without.encode(), where="clinic.toml")
    for wrong in ("[1.0, 0.0, 2.0, 1.0]", "[1.0, 1.0, 1.0]", "[1.0, 1.0, 1.0, 1.0, 1.0]"):
        with pytest.raises(DosimetryError, match="one positive weight for each cycle"):
            read(wrong)


def test_that_a_cap_a_minimum_and_the_fixed_nuclide_decide_only_beyond_themselves() -> None:
    base = read_protocol("duonen-b")
    delivered = [tandem()]
    proposed = plan_next_cycle(base, delivered)
    free = proposed.activities_bq[Y90]
    exact = proposed.unrounded_activities_bq[Y90]
    assert 0 < exact - free < base.rounding_step_bq

    def limiting(**changes: Any) -> tuple[Any, ...]:
        nuclides = (base.nuclides[0], replace(base.nuclides[1], **changes))
        plan = plan_next_cycle(replace(base, nuclides=nuclides), delivered)
        return plan.limiting, plan.activities_bq[Y90]

    assert limiting(activity_cap_bq=exact) == (proposed.limiting, free)
    assert limiting(activity_cap_bq=free) == ("activity_cap", pytest.approx(free))
    assert limiting(minimum_dispensable_activity_bq=free) == (proposed.limiting, free)
    assert limiting(minimum_dispensable_activity_bq=1.001 * free) == ("minimum_activity", 0.0)
    # The kidneys' limit used up by half, but for exactly what 177Lu alone adds in each of three cycles.
    done = course_basis(base, delivered).organs["kidneys"].total_absorbed_dose_gy
    for share, decided in ((1.001, "minimum_activity"), (0.999, "fixed_nuclide")):
        limits: FrozenMap[LimitKey, float] = FrozenMap({"kidneys": done + 3 * share * 3.7 * 0.45})
        plan = plan_next_cycle(replace(base, limits_gy=limits), delivered)
        assert plan.limiting == decided
        assert plan.activities_bq[Y90] == 0.0
        assert plan.activities_bq[LU177] == 3.7e9


def test_that_a_step_survives_binary_division_and_nothing_else_is_rounded_up() -> None:
    assert rounded_down_bq(12.85e9, 0.05e9) == pytest.approx(12.85e9)
    assert rounded_down_bq(12.8499e9, 0.05e9) == pytest.approx(12.8e9)
    assert rounded_down_bq(0.04999e9, 0.05e9) == 0.0


def test_that_a_nuclide_never_given_is_predicted_by_the_plain_mean() -> None:
    entered = [
        cycle(number, {LU177: 3.7, Y90: 0.0}, {LU177: lutetium, Y90: yttrium})
        for number, lutetium, yttrium in ((1, 0.4, 2.0), (2, 0.5, 3.0))
    ]
    basis = course_basis(replace(read_protocol("duonen-b"), predictor="activity-weighted-mean"), entered)
    assert basis.organs["kidneys"].predicted_gy_per_bq[Y90] == pytest.approx(GY_PER_GBQ(2.5))


def test_that_a_limit_the_fixed_nuclide_just_reaches_leaves_no_free_activity_and_no_reproach() -> None:
    base = replace(read_protocol("duonen-b"), cycles=2)
    fixed = replace(base.nuclides[0], standard_activity_bq=2e9)
    delivered = [cycle(1, {LU177: 2.0, Y90: 1.0}, {LU177: 0.5, Y90: 2.0})]
    # 3 Gy were given, 2 GBq of 177Lu add 1 Gy: 4 Gy leave exactly nothing for 90Y.
    limits: FrozenMap[LimitKey, float] = FrozenMap({"kidneys": 4.0})
    protocol = replace(base, limits_gy=limits, nuclides=(fixed, base.nuclides[1]))
    plan = plan_next_cycle(protocol, delivered)
    assert plan.unrounded_activities_bq[Y90] == pytest.approx(0.0, abs=1.0)
    assert plan.limiting in ("kidneys", "minimum_activity")
    assert plan.feasible


PROTRACTION = FrozenMap({LU177: FrozenMap({LU177: 0.021, Y90: 0.024}), Y90: FrozenMap({LU177: 0.024, Y90: 0.029})})


def with_bed(delivered: DeliveredCycle) -> DeliveredCycle:
    kidneys = replace(delivered.organs["kidneys"], protraction_per_gy=PROTRACTION)
    return replace(delivered, organs=FrozenMap({**delivered.organs, "kidneys": kidneys}))


def test_that_a_course_that_is_complete_allots_no_bed() -> None:
    protocol = replace(
        read_protocol("duonen-b"), limits_gy=FrozenMap({}), bed_limits_gy=FrozenMap({"kidneys_bed": 60.0})
    )
    course = [with_bed(tandem(number)) for number in (1, 2, 3, 4)]
    assert not plan_next_cycle(protocol, course).allocation_bed_gy
    assert plan_next_cycle(protocol, course[:3]).allocation_bed_gy.keys() == {"kidneys_bed"}


def test_that_every_corner_of_a_region_uses_up_its_limit_of_bed() -> None:
    bed: FrozenMap[LimitKey, float] = FrozenMap({"kidneys_bed": 37.0})
    protocol = replace(read_protocol("duonen-b"), limits_gy=FrozenMap({"red_marrow_total": 5.0}), bed_limits_gy=bed)
    for delivered, certainty in ((tandem(), 0.5), (tandem(random=0.04, common=0.07), 0.9)):
        basis = course_basis(protocol, [with_bed(delivered)])
        region = feasible_region(basis, certainty=certainty)
        assert len(region.vertices_bq) > 10
        for (x, y), key in zip(region.vertices_bq[1:], region.limiting[1:], strict=True):
            used = surely_used_fraction(basis, {LU177: x, Y90: y}, certainty)
            assert key is not None
            assert used[key] == max(used.values()) == pytest.approx(1.0, abs=1e-6)


def test_that_even_a_small_dose_of_earlier_courses_has_no_bed() -> None:
    bed: FrozenMap[LimitKey, float] = FrozenMap({"kidneys_bed": 60.0})
    protocol = replace(read_protocol("duonen-b"), limits_gy=FrozenMap({}), bed_limits_gy=bed)
    course = [with_bed(tandem())]
    assert plan_next_cycle(protocol, course, prior_absorbed_dose_gy={"kidneys": 0.0}).allocation_bed_gy
    with pytest.raises(MissingDataError, match="BED of earlier courses"):
        plan_next_cycle(protocol, course, prior_absorbed_dose_gy={"kidneys": 0.3})
