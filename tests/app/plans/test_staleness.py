"""A signed plan is stale when any number it rests on reads otherwise, also where no input changed."""

from __future__ import annotations

import gc
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.plans.chosen_plan import planned_as_chosen, with_plan
from app.plans.plan_document import make_plan_document
from app.plans.plan_signing import PlanFile
from app.plans.staleness import staleness
from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import compute
from dosimetry_core.planning.forecast import Forecast
from tests.app.test_commands import ENTERED


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return compute(read_case(ENTERED))


@pytest.fixture
def plan(evaluation: Evaluation) -> PlanFile:
    """A plan whose attached results are those of the evaluation."""
    document = make_plan_document(evaluation, overrides={}, calculated_at=datetime(2026, 11, 21, 12, tzinfo=UTC))
    activities = dict(evaluation.plan.activities_bq)
    return PlanFile(Path("plan.pdf"), document.pdf, case=evaluation.case, activities_bq=activities, cycle=2, reasons={})


def with_forecast(evaluation: Evaluation, change: Callable[[Forecast], Forecast]) -> Evaluation:
    return with_plan(evaluation, replace(evaluation.plan, forecast=change(evaluation.plan.forecast)))


def course(forecast: Forecast, gray: float) -> Forecast:
    kidneys = replace(forecast.predicted["kidneys"], course_gy=gray)
    return replace(forecast, predicted=FrozenMap({**forecast.predicted, "kidneys": kidneys}))


def without_marrow(forecast: Forecast) -> Forecast:
    return replace(forecast, predicted=FrozenMap({"kidneys": forecast.predicted["kidneys"]}))


def other_risk(forecast: Forecast, risk: float | None) -> Forecast:
    return replace(forecast, probability_of_exceeding=FrozenMap({**forecast.probability_of_exceeding, "kidneys": risk}))


def test_that_the_same_results_leave_the_plan_as_it_is(plan: PlanFile, evaluation: Evaluation) -> None:
    assert staleness(plan, evaluation.case, evaluation, {}) is None
    # The last digits of another computer count for nothing.
    gray = evaluation.plan.forecast.predicted["kidneys"].course_gy
    same = with_forecast(evaluation, lambda forecast: course(forecast, gray * (1 + 1e-6)))
    assert staleness(plan, evaluation.case, same, {}) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda forecast: course(forecast, 20.0), "kidneys, whole course"),
        (lambda forecast: course(forecast, math.nan), "kidneys, whole course"),
        (without_marrow, "red marrow, whole course"),
        (lambda forecast: other_risk(forecast, 0.9), "probability of exceeding kidneys"),
        (lambda forecast: other_risk(forecast, None), "probability of exceeding kidneys"),
    ],
    ids=["another forecast", "no number", "a vanished organ", "another risk", "an unknown risk"],
)
def test_that_another_forecast_is_stale_and_says_by_how_much(
    plan: PlanFile, evaluation: Evaluation, change: Callable[[Forecast], Forecast], says: str
) -> None:
    why = staleness(plan, evaluation.case, with_forecast(evaluation, change), {})
    assert why is not None
    (found, *_) = (each for each in why.results if each.place.startswith(says))
    assert found.old != found.new
    assert says in why.sentence()


def test_that_a_vanished_organ_and_a_delivered_dose_that_is_no_number_are_stale(
    plan: PlanFile, evaluation: Evaluation
) -> None:
    kidneys = evaluation.course_organs["kidneys"]
    gone = replace(evaluation, course_organs=FrozenMap({"kidneys": kidneys}))
    why = staleness(plan, evaluation.case, gone, {})
    assert why is not None
    assert "red marrow so far" in why.sentence()
    spoiled = replace(kidneys, delivered=replace(kidneys.delivered, absorbed_dose_gy=math.nan))
    broken = replace(evaluation, course_organs=FrozenMap({**evaluation.course_organs, "kidneys": spoiled}))
    why = staleness(plan, evaluation.case, broken, {})
    assert why is not None
    assert "kidneys so far" in why.sentence()


def test_that_results_that_can_not_be_read_are_stale(plan: PlanFile, evaluation: Evaluation) -> None:
    assert staleness(replace(plan, content=b"no PDF"), evaluation.case, evaluation, {}) is not None


def test_that_nothing_of_a_signed_plan_stays_in_memory_once_its_course_is_closed(
    plan: PlanFile, evaluation: Evaluation
) -> None:
    content = bytes(bytearray(plan.content))
    held, results = sys.getrefcount(content), _results_in_memory()
    opened = replace(plan, content=content)
    assert staleness(opened, evaluation.case, evaluation, {}) is None
    assert _results_in_memory() == results + 1
    del opened
    assert (sys.getrefcount(content), _results_in_memory()) == (held, results)


def _results_in_memory() -> int:
    gc.collect()
    return sum(type(each) is FrozenMap and set(each) == {"plan", "course"} for each in gc.get_objects())


def test_that_another_decision_with_the_same_activities_is_stale(plan: PlanFile, evaluation: Evaluation) -> None:
    nothing = dict.fromkeys(evaluation.plan.activities_bq, 0.0)
    held = with_plan(evaluation, planned_as_chosen(evaluation, nothing))
    stopped = with_plan(evaluation, planned_as_chosen(evaluation, nothing, ends_treatment=True))
    signed = replace(plan, activities_bq=nothing)
    why = staleness(signed, evaluation.case, stopped, {})
    assert why is not None
    assert "decision it goes on → the treatment ends" in why.sentence()
    assert held.plan.decision == "hold"
