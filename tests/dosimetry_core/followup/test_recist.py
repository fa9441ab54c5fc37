"""RECIST 1.1: boundaries, nadir against baseline, nodes, missing targets, non-targets, best response."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from dosimetry_core.follow_up import NonTargetResponse, ResponseAssessment, TumourLesion
from dosimetry_core.followup.best_response import OverallResponse
from dosimetry_core.followup.recist import (
    TargetResponse,
    TumourCourse,
    overall_response,
    selection_remarks,
    tumour_course,
)
from dosimetry_core.frozen import FrozenMap

LIVER, NODE, BONE = (
    TumourLesion("liver", "liver", "target"),
    TumourLesion("node", "lymph node", "target-node"),
    TumourLesion("bone", "bone", "non-target"),
)


def assessed(
    month: int, non_targets: NonTargetResponse = "none", new: bool = False, **sizes: float
) -> ResponseAssessment:
    return ResponseAssessment(date(2025, month, 1), FrozenMap(sizes), non_targets, new)


def course_of(
    lesions: Sequence[TumourLesion], responses: Sequence[ResponseAssessment], start: date | None = None
) -> TumourCourse:
    return tumour_course(lesions, responses, treatment_start=start)


def overall(*sizes_mm: float) -> list[OverallResponse | None]:
    """Responses of one liver lesion of these sizes, the first one the baseline."""
    course = course_of((LIVER,), [assessed(n, liver=size) for n, size in enumerate(sizes_mm, start=1)])
    return [assessment.overall for assessment in course.assessments]


@pytest.mark.parametrize(
    ("sizes", "response"),
    [
        ((100, 70), "PR"),  # exactly 30 % less
        ((100, 70.1), "SD"),
        ((100, 119.9), "SD"),
        ((100, 120), "PD"),  # exactly 20 % more
        ((20, 24), "SD"),  # 20 % more, but 4 mm
        ((20, 24.9), "SD"),
        ((20, 25), "PD"),
        ((25, 30), "PD"),  # 1.2 × 25 and 5 mm, both exactly
        ((100, 0), "CR"),
    ],
)
def test_that_boundaries_belong_where_recist_puts_them(sizes: tuple[float, float], response: str) -> None:
    assert overall(*sizes)[-1] == response


def test_that_progression_is_against_the_nadir_and_not_the_baseline() -> None:
    # 60 is 40 % below the baseline, but 50 % above the nadir of 40.
    assert overall(100, 40, 60) == [None, "PR", "PD"]
    # 48 is 20 % above the nadir of 40 and 8 mm.
    assert overall(100, 40, 47.9, 48) == [None, "PR", "PR", "PD"]
    # The nadir can be the baseline itself.
    assert overall(100, 110, 121) == [None, "SD", "PD"]


def test_that_the_order_of_entry_does_not_matter() -> None:
    responses = [assessed(3, liver=60.0), assessed(1, liver=100.0), assessed(2, liver=40.0)]
    assert [a.overall for a in course_of((LIVER,), responses).assessments] == [None, "PR", "PD"]


def test_that_a_node_below_10_mm_is_normal_and_other_lesions_must_be_gone() -> None:
    baseline = assessed(1, liver=30.0, node=20.0)
    for later, response in (
        (assessed(2, liver=0.0, node=9.9), "CR"),
        (assessed(2, liver=0.0, node=10.0), "PR"),
        (assessed(2, liver=2.0, node=8.0), "PR"),
    ):
        assert course_of((LIVER, NODE), [baseline, later]).assessments[1].target == response


def test_that_a_lesion_that_comes_back_after_a_complete_response_is_progression() -> None:
    course = course_of((LIVER,), [assessed(n, liver=s) for n, s in enumerate((30.0, 0.0, 3.0), start=1)])
    assert [a.overall for a in course.assessments] == [None, "CR", "PD"]
    assert course.assessments[2].reasons == ("a lesion that was gone is back",)
    assert course.best == "CR"


def test_that_a_scan_that_could_not_be_evaluated_does_not_hide_that_a_lesion_came_back() -> None:
    responses = [assessed(1, liver=30.0), assessed(2, liver=0.0), assessed(3), assessed(4, liver=3.0)]
    course = course_of((LIVER,), responses)
    assert [a.overall for a in course.assessments] == [None, "CR", "NE", "PD"]
    assert course.assessments[3].reasons == ("a lesion that was gone is back",)


def test_that_the_baseline_is_the_last_assessment_up_to_the_first_administration() -> None:
    # Grown from 20 to 30 mm before treatment, which is why it was treated; 22 mm is 27 % below that.
    responses = [assessed(n, liver=size) for n, size in ((1, 20.0), (3, 30.0), (6, 22.0), (9, 20.0))]
    for start in (date(2025, 3, 1), date(2025, 3, 20)):
        course = course_of((LIVER,), responses, start)
        assert [a.overall for a in course.assessments] == [None, None, "SD", "PR"]
        assert (course.baseline_on, course.before_baseline) == (date(2025, 3, 1), 1)
        assert course.progression_on is None
        assert [a.sum_mm for a in course.assessments] == [20.0, 30.0, 22.0, 20.0]
        assert course.assessments[2].change_from_baseline == pytest.approx(22 / 30 - 1)
        assert course.best_change == pytest.approx(20 / 30 - 1)
        assert "1 assessment before it is not judged" in course.remarks[0]
        assert course.to_json()["baseline_on"] == "2025-03-01"


def test_that_without_an_assessment_before_treatment_the_first_one_is_the_baseline_and_said_so() -> None:
    responses = [assessed(n, liver=size) for n, size in ((3, 30.0), (6, 22.0))]
    late = course_of((LIVER,), responses, date(2025, 2, 1))
    assert (late.baseline_on, late.before_baseline) == (date(2025, 3, 1), 0)
    assert "later than the first administration" in late.remarks[0]
    unknown = course_of((LIVER,), responses, None)
    assert (unknown.baseline_on, unknown.remarks) == (date(2025, 3, 1), ())
    only_before = course_of((LIVER,), responses, date(2025, 7, 1))
    assert only_before.best is None
    assert only_before.progression_on is None


def test_that_a_missing_size_is_not_evaluable_and_never_taken_for_gone() -> None:
    baseline = assessed(1, liver=30.0, node=20.0)
    missing = course_of((LIVER, NODE), [baseline, assessed(2, liver=10.0)]).assessments[1]
    assert (missing.sum_mm, missing.overall) == (None, "NE")
    assert missing.reasons == ("not evaluated: node",)
    # What was seen grew so much that the rest does not matter.
    grown = course_of((LIVER, NODE), [baseline, assessed(2, liver=60.0)]).assessments[1]
    assert grown.overall == "PD"
    without = course_of((LIVER, NODE), [assessed(1, liver=30.0), assessed(2, liver=30.0, node=20.0)])
    assert without.assessments[1].overall == "NE"
    assert "the baseline has no sum" in without.assessments[1].reasons
    assert "node has no size at baseline" in without.remarks


@pytest.mark.parametrize(
    ("target", "non_targets", "new", "response"),
    [
        ("CR", "complete-response", False, "CR"),
        ("CR", "non-cr-non-pd", False, "PR"),
        ("CR", "not-evaluated", False, "PR"),
        ("PR", "non-cr-non-pd", False, "PR"),
        ("PR", "not-evaluated", False, "PR"),
        ("SD", "non-cr-non-pd", False, "SD"),
        ("NE", "non-cr-non-pd", False, "NE"),
        ("PD", "complete-response", False, "PD"),
        ("CR", "progression", False, "PD"),
        ("CR", "complete-response", True, "PD"),
        (None, "complete-response", False, "CR"),
        (None, "non-cr-non-pd", False, "non-CR/non-PD"),
        (None, "not-evaluated", False, "NE"),
        (None, "progression", False, "PD"),
    ],
)
def test_that_overall_response_is_that_of_the_tables_of_recist(
    target: TargetResponse | None, non_targets: NonTargetResponse, new: bool, response: str
) -> None:
    assert overall_response(target, non_targets, new, has_non_targets=True) == response


def test_that_without_non_targets_the_targets_decide() -> None:
    for target in ("CR", "PR", "SD", "PD", "NE"):
        assert overall_response(target, "none", False, has_non_targets=False) == target


def test_that_the_best_response_is_of_the_time_before_progression() -> None:
    course = course_of((LIVER,), [assessed(n, liver=s) for n, s in enumerate((100.0, 80.0, 100.0, 20.0), start=1)])
    assert course.progression_on == date(2025, 3, 1)
    assert course.best_change == pytest.approx(-0.2)


def test_that_a_baseline_older_than_four_weeks_is_remarked_on() -> None:
    responses = [assessed(3, liver=30.0), assessed(6, liver=20.0)]
    assert course_of((LIVER,), responses, date(2025, 3, 29)).remarks == ()  # 28 days
    (remark,) = course_of((LIVER,), responses, date(2025, 3, 30)).remarks
    assert "2025-03-01 is 29 days older than the first administration" in remark


def test_that_a_course_tells_its_best_response_with_and_without_confirmation() -> None:
    course = course_of((LIVER,), [assessed(n, liver=s) for n, s in ((1, 30.0), (4, 20.0), (7, 25.0))])
    assert [a.overall for a in course.assessments] == [None, "PR", "PD"]
    assert (course.best, course.best_confirmed) == ("PR", "SD")
    assert course.to_json()["best_overall_response_confirmed"] == "SD"
    held = course_of((LIVER,), [assessed(n, liver=s) for n, s in ((1, 30.0), (4, 20.0), (7, 21.0))])
    assert (held.best, held.best_confirmed) == ("PR", "PR")


def test_that_too_many_and_too_small_targets_are_remarked_on() -> None:
    many = tuple(TumourLesion(f"l{n}", "liver" if n < 3 else f"organ {n}", "target") for n in range(6))
    sizes: dict[str, Any] = {f"l{n}": 12.0 for n in range(6)}
    remarks = selection_remarks(many, assessed(1, **sizes))
    assert [remark.split(";")[0] for remark in remarks] == ["6 target lesions", "3 target lesions in liver"]
    small = selection_remarks((LIVER, NODE), assessed(1, liver=9.9, node=14.9))
    assert len(small) == 2
    assert selection_remarks((LIVER, NODE), assessed(1, liver=10.0, node=15.0)) == ()


def test_that_non_targets_count_only_where_there_are_some() -> None:
    course = course_of((LIVER, BONE), [assessed(1, liver=30.0), assessed(2, "non-cr-non-pd", liver=0.0)])
    assert course.assessments[1].overall == "PR"
    assert course_of((LIVER,), ()).best is None
