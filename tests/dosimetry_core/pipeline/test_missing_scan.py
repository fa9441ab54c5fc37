"""The course without a scan is what an evaluation without that scan's points gives, down to the next activity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.pipeline import evaluate
from dosimetry_core.pipeline.images import align_case, import_case
from dosimetry_core.pipeline.missing_scan import without_each_scan, without_scan
from dosimetry_core.results import VoiResult
from tests.small_study import write_small_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder: Path = tmp_path_factory.mktemp("missing")
    write_small_case(folder)
    aligned = align_case(import_case(read_case(folder)))
    first = aligned.cycles[0]
    return replace(aligned, cycles=(first, replace(first, number=2)))


@pytest.fixture(scope="module")
def evaluation(case: Case) -> Evaluation:
    return evaluate(case)


def lutetium(voi: VoiResult) -> float:
    return voi.fits["Lu-177"].time_integrated_activity_bq_s


def test_that_every_scan_is_left_out_once_and_of_its_own_cycle_alone(evaluation: Evaluation) -> None:
    found = without_each_scan(evaluation, 1)
    measurement = evaluation.cycles[1].measurement
    assert measurement is not None
    assert [item.time_point for item in found] == list(range(1, len(measurement.time_points) + 1))
    assert [item.time_s for item in found] == [scan.time_after_own_administration_s for scan in measurement.time_points]
    for item in found:
        assert item.evaluation is not None
        for name, voi in item.evaluation.cycles[1].vois.items():
            assert int(np.count_nonzero(voi.curves["Lu-177"].mask)) == len(found) - 1
            assert not voi.curves["Lu-177"].mask[item.time_point - 1]
            assert lutetium(item.evaluation.cycles[0].vois[name]) == lutetium(evaluation.cycles[0].vois[name])


def test_that_the_curve_without_a_scan_is_the_fit_of_the_other_points(evaluation: Evaluation) -> None:
    for item in without_each_scan(evaluation, 1):
        whole = evaluation.cycles[1].vois["Kidney L"].curves["Lu-177"]
        alone = fit_curve(whole.excluding(item.time_point))
        found = item.time_integrated_activity_bq_s(1, "Kidney L", "Lu-177")
        assert found == pytest.approx(alone.time_integrated_activity_bq_s, rel=1e-12)
        # At the masses and S values of before, doses follow what was integrated.
        ratio = alone.time_integrated_activity_bq_s / lutetium(evaluation.cycles[1].vois["Kidney L"])
        own = evaluation.cycles[1].vois["Kidney L"].contributions_gy["self"]["Lu-177"]
        assert item.evaluation is not None
        changed = item.evaluation.cycles[1].vois["Kidney L"].contributions_gy["self"]["Lu-177"]
        assert changed / own == pytest.approx(ratio, rel=1e-12)


def test_that_the_whole_body_is_without_the_scan_too(evaluation: Evaluation) -> None:
    body = evaluation.cycles[1].whole_body["Lu-177"]
    for number in range(1, body.curve.times_s.size + 1):
        without = without_scan(evaluation, 1, number).cycles[1].whole_body["Lu-177"]
        kept = np.arange(body.curve.times_s.size) != number - 1
        assert without.curve.times_s == pytest.approx(body.curve.times_s[kept])
        assert without.curve.activity_bq == pytest.approx(body.curve.activity_bq[kept])


def test_that_all_of_it_is_the_course_whose_scan_was_never_made(case: Case, evaluation: Evaluation) -> None:
    first, second = case.cycles
    last = len(second.time_points)
    assert second.reference_time_point != last - 1
    by_hand = evaluate(replace(case, cycles=(first, replace(second, time_points=second.time_points[:-1]))))
    found = without_each_scan(evaluation, 1)[last - 1]
    assert dict(found.next_activities_bq) == dict(by_hand.plan.activities_bq)
    assert found.evaluation is not None
    for organ, held in by_hand.course_organs.items():
        gray = found.evaluation.course_organs[organ].delivered.absorbed_dose_gy
        assert gray == pytest.approx(held.delivered.absorbed_dose_gy, rel=1e-9), organ
        assert gray != pytest.approx(evaluation.course_organs[organ].delivered.absorbed_dose_gy, rel=1e-6), organ
    for name, activity in by_hand.plan.unrounded_activities_bq.items():
        assert found.evaluation.plan.unrounded_activities_bq[name] == pytest.approx(activity, rel=1e-9), name


def test_that_nothing_of_the_course_itself_changes(case: Case, evaluation: Evaluation) -> None:
    before = case.settings.fit.exclude
    without_each_scan(evaluation, 0)
    assert evaluation.case is case
    assert case.settings.fit.exclude == before


def test_that_a_cycle_of_two_scans_has_no_curve_without_one_and_says_so(case: Case) -> None:
    first, second = case.cycles
    two = evaluate(replace(case, cycles=(first, replace(second, time_points=second.time_points[:2]))))
    for item in without_each_scan(two, 1):
        assert item.time_integrated_activity_bq_s(1, "Kidney L", "Lu-177") is None
        assert item.absorbed_dose_gy(1, "Kidney L") is None
        # The plan then rests on the cycle before: that of a course whose second cycle was not measured.
        assert item.evaluation is not None
        assert item.evaluation.cycles[1].vois["Kidney L"].failure is not None


def test_that_a_cycle_without_images_has_nothing_to_leave_out(case: Case) -> None:
    first, second = case.cycles
    bare = evaluate(replace(case, cycles=(first, replace(second, time_points=(), vois=()))))
    assert without_each_scan(bare, 1) == ()
