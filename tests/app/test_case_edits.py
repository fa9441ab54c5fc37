from __future__ import annotations

import numpy as np
import pytest

from app.case_edits import (
    with_fit_model,
    with_fit_settings,
    with_mask,
    with_point_excluded,
    with_point_included,
    with_registration,
    with_voi,
    with_voi_named,
    with_voi_role,
    without_voi,
)
from app.document import changed_branches
from dosimetry_core.case import Case
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration
from dosimetry_core.voi import Voi
from tests.app.small_values import case as make_case
from tests.app.small_values import mask


@pytest.fixture
def case() -> Case:
    return make_case()


def test_that_a_mask_edit_touches_that_voi_alone(case: Case) -> None:
    after = with_mask(case, 0, "a", lambda _mask: mask(1))
    assert after.cycles[0].vois[0].mask.volume_ml < case.cycles[0].vois[0].mask.volume_ml
    assert after.cycles[0].vois[1] is case.cycles[0].vois[1]
    assert after.cycles[0].time_points is case.cycles[0].time_points


def test_that_an_edit_that_changes_nothing_returns_the_very_case(case: Case) -> None:
    assert with_mask(case, 0, "a", lambda same: same) is case
    assert with_mask(case, 0, "unknown", lambda _mask: mask(1)) is case
    assert with_voi_named(case, 0, "a", "Kidney L") is case
    assert with_voi_named(case, 0, "a", "  ") is case
    assert with_voi_role(case, 0, "a", "kidney_left") is case
    assert without_voi(case, 0, "unknown") is case
    assert with_fit_model(case, None, "mono-exponential") is case
    assert with_fit_model(case, "Kidney L", "mono-exponential") is case
    assert with_fit_settings(case, weights="proportional") is case
    assert with_point_excluded(case, "Kidney L", 1, " ") is case
    assert with_point_included(case, "Kidney L", 1) is case


def test_that_a_name_taken_in_the_cycle_is_refused(case: Case) -> None:
    assert with_voi_named(case, 0, "a", "Kidney R") is case
    assert with_voi_named(case, 0, "a", " Left ").cycles[0].vois[0].name == "Left"


def test_that_a_voi_is_added_replaced_and_removed(case: Case) -> None:
    added = with_voi(case, 0, Voi("c", "Lesion 1", "lesion", mask(1)))
    assert [voi.voi_id for voi in added.cycles[0].vois] == ["a", "b", "c"]
    assert [voi.voi_id for voi in without_voi(added, 0, "a").cycles[0].vois] == ["b", "c"]
    assert with_voi_role(added, 0, "c", "other").cycles[0].vois[2].role == "other"


def test_that_a_registration_touches_that_time_point_alone(case: Case) -> None:
    moved = Registration(RigidTransform(np.eye(3), np.array([1.0, 0.0, 0.0])), "manual")
    after = with_registration(case, 0, 1, moved)
    assert after.cycles[0].time_points[1].registration is moved
    assert after.cycles[0].time_points[0] is case.cycles[0].time_points[0]
    assert after.cycles[0].time_points[1].spect is case.cycles[0].time_points[1].spect
    assert "cycles.0.time_points.1.registration" in changed_branches(case, after)


def test_that_a_voi_keeps_its_own_model_until_it_is_that_of_all(case: Case) -> None:
    own = with_fit_model(case, "Kidney L", "bi-exponential")
    assert dict(own.settings.fit.model_by_voi) == {"Kidney L": "bi-exponential"}
    assert dict(with_fit_model(own, "Kidney L", "mono-exponential").settings.fit.model_by_voi) == {}


def test_that_a_point_is_excluded_once_and_taken_back(case: Case) -> None:
    once = with_point_excluded(case, "Kidney L", 2, " moved ")
    assert once.settings.fit.exclude[0].reason == "moved"
    assert with_point_excluded(once, "Kidney L", 2, "again") is once
    assert with_point_included(once, "Kidney L", 2).settings.fit.exclude == ()


def test_that_a_point_is_left_out_in_its_own_cycle_only(case: Case) -> None:
    one = with_point_excluded(case, "Kidney L", 2, "moved", cycle=1)
    assert [point.cycle for point in one.settings.fit.exclude] == [1]
    assert with_point_excluded(one, "Kidney L", 2, "moved", cycle=1) is one
    both = with_point_excluded(one, "Kidney L", 2, "moved", cycle=2)
    assert [point.cycle for point in both.settings.fit.exclude] == [1, 2]
    assert [point.cycle for point in with_point_included(both, "Kidney L", 2, cycle=1).settings.fit.exclude] == [2]
