from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.case_edits import with_fit_settings, with_mask, with_registration, with_time_point
from app.reviews import STEP_KEYS, Reviews
from dosimetry_core.case import Case
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration
from dosimetry_core.scan_vois import with_redrawn, with_review, with_shift
from tests.app.small_values import case as make_case
from tests.app.small_values import mask


@pytest.fixture
def case() -> Case:
    return make_case()


@pytest.fixture
def reviews(qapp: object, case: Case) -> Reviews:
    reviews = Reviews()
    for step in STEP_KEYS:
        reviews.confirm(step, case, None)
    return reviews


def stale(reviews: Reviews, case: Case) -> list[str]:
    return [step for step in STEP_KEYS if reviews.is_stale(step, case)]


def test_that_a_step_is_stale_when_something_before_it_changed(reviews: Reviews, case: Case) -> None:
    assert stale(reviews, case) == []
    assert stale(reviews, with_mask(case, 0, "a", lambda _m: mask(1))) == list(STEP_KEYS[3:])
    moved = Registration(RigidTransform.identity(), "manual")
    assert stale(reviews, with_registration(case, 0, 1, moved)) == list(STEP_KEYS[2:])
    point, voi = case.cycles[0].time_points[1], case.cycles[0].vois[0]
    shifted = with_time_point(case, 0, 1, with_shift(point, voi, (1.0, 0.0, 0.0), "breathing"))
    assert stale(reviews, shifted) == list(STEP_KEYS[3:]), "the registration itself is as it was"
    redrawn = with_time_point(case, 0, 1, with_redrawn(point, voi, mask(2), "grew"))
    assert stale(reviews, redrawn) == list(STEP_KEYS[3:])
    seen = with_time_point(case, 0, 1, with_review(point, voi, "A. Nowak", datetime(2025, 3, 3, tzinfo=UTC)))
    assert stale(reviews, seen) == []
    assert stale(reviews, with_fit_settings(case, weights="uniform")) == list(STEP_KEYS[4:])
    other = replace(case, course=replace(case.course, protocol="duonen-a"))
    assert stale(reviews, other) == list(STEP_KEYS)


def test_that_undo_makes_it_confirmed_again(reviews: Reviews, case: Case) -> None:
    edited = with_fit_settings(case, weights="uniform")
    assert not reviews.is_confirmed("curves", edited)
    assert reviews.is_confirmed("curves", case)


def test_that_a_reason_is_kept_by_code_and_place_and_can_be_taken_back(qapp: object) -> None:
    reviews = Reviews()
    reviews.acknowledge("high-activity", "", " agreed with the team ")
    assert reviews.reasons == {("high-activity", ""): "agreed with the team"}
    reviews.acknowledge("high-activity", "", "  ")
    assert reviews.reasons == {}


def test_that_only_the_very_mask_counts_as_seen(qapp: object, case: Case) -> None:
    reviews = Reviews()
    reviews.mark_seen(case.cycles[0].vois[0].mask)
    assert reviews.was_seen(case.cycles[0].vois[0].mask)
    assert not reviews.was_seen(mask(2))
    reviews.forget_all()
    assert not reviews.was_seen(case.cycles[0].vois[0].mask)
