"""Bars of the course: what was measured, entered and estimated, what is planned and forecast, and what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.dose_bars import next_cycle_by_nuclide_gy, organ_bars, voi_bars
from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import compute
from tests.app.plans.test_giving import CASE
from widgets.dose_bar import DoseBarShown, DoseSegmentShown, segment_look

SECOND = """
[[cycle]]
number = 2
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = 2025-05-05T10:00:00
  infusion_min = 30.0
"""


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """A first cycle whose doses were entered, and a second without any: 0.60 Gy/GBq to the kidneys."""
    folder = tmp_path_factory.mktemp("bars")
    (folder / "case.toml").write_text(CASE.format(start="2025-03-03T10:00:00+01:00") + SECOND)
    return compute(read_case(folder))


def kidneys(evaluation: Evaluation, *, with_plan: bool) -> DoseBarShown:
    return next(bar for bar in organ_bars(evaluation, stale=False, with_plan=with_plan) if bar.key == "kidneys")


def test_that_entered_and_estimated_doses_are_told_from_measured_ones(evaluation: Evaluation) -> None:
    bar = kidneys(evaluation, with_plan=False)
    assert [(part.label, part.state) for part in bar.segments] == [("cycle 1", "entered"), ("cycle 2", "estimated")]
    assert [part.absorbed_dose_gy for part in bar.segments] == pytest.approx([7.4 * 0.60, 7.4 * 0.60])
    assert not bar.has_ahead


def test_that_the_plan_and_the_later_cycles_stand_above_what_was_delivered(evaluation: Evaluation) -> None:
    bar = kidneys(evaluation, with_plan=True)
    plan = evaluation.plan
    assert [part.state for part in bar.segments] == ["entered", "estimated", "planned", "forecast"]
    planned, later = bar.segments[-2:]
    assert (planned.label, planned.nuclide) == ("cycle 3", "Lu-177")
    # Cycles 3 and 4 alike, each with the activity of the plan at 0.60 Gy/GBq.
    expected = 0.60 * plan.activities_bq["Lu-177"] / 1e9
    assert planned.absorbed_dose_gy == pytest.approx(expected)
    assert later.absorbed_dose_gy == pytest.approx(expected)
    assert bar.delivered_gy == pytest.approx(2 * 7.4 * 0.60)
    assert bar.total_gy == pytest.approx(plan.forecast.predicted["kidneys"].course_gy)
    assert bar.ahead_standard_uncertainty_gy == plan.forecast.predicted["kidneys"].course_standard_uncertainty_gy
    assert bar.limits[0].absorbed_dose_gy == 23.0


def test_that_the_parts_by_nuclide_add_up_to_the_forecast(evaluation: Evaluation) -> None:
    for organ, by_nuclide in next_cycle_by_nuclide_gy(evaluation).items():
        expected = evaluation.plan.forecast.predicted[organ].next_cycle_gy
        assert sum(by_nuclide.values()) == pytest.approx(expected, rel=1e-12)


def test_that_the_cycle_in_view_is_outlined(evaluation: Evaluation) -> None:
    bar = next(bar for bar in organ_bars(evaluation, stale=False, with_plan=True, in_view=2) if bar.key == "kidneys")
    assert [part.in_view for part in bar.segments] == [False, True, False, False]
    part = DoseSegmentShown("cycle 1", "Lu-177", 1.0, "delivered")
    outlined, plain = (segment_look(replace(part, in_view=shown), stale=False).frame for shown in (True, False))
    assert outlined.color() != plain.color()


def test_that_nothing_is_ahead_of_a_course_that_is_done_or_can_not_be_planned(evaluation: Evaluation) -> None:
    for plan in (replace(evaluation.plan, next_cycle=None), replace(evaluation.plan, refused=True)):
        bar = kidneys(replace(evaluation, plan=plan), with_plan=True)
        assert not bar.has_ahead
        assert bar.ahead_standard_uncertainty_gy is None


def test_that_a_lesion_that_a_cycle_did_not_measure_has_a_lower_bound(evaluation: Evaluation) -> None:
    dose = evaluation.course_organs["kidneys"].delivered
    course = replace(evaluation, course_vois=FrozenMap({"Lesion 1": dose}))
    (bar,) = voi_bars(course, stale=False)
    assert bar.lower_bound == "not measured in cycle 1 and 2"
