"""Activities for a chosen probability, and the plane of both nuclides."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning import feasible_region as feasible_region_module
from dosimetry_core.planning.certainty import (
    CERTAINTIES,
    _last_kept,
    activities_by_certainty,
    surely_used_fraction,
)
from dosimetry_core.planning.feasible_region import FeasibleRegion, feasible_region
from dosimetry_core.planning.forecast import course_basis, forecast
from dosimetry_core.planning.next_cycle import plan_next_cycle
from dosimetry_core.planning.protocol import read_protocol
from dosimetry_core.units import GIGABECQUEREL
from tests.dosimetry_core.planning.courses import LU, Y, cycle, tandem
from tests.dosimetry_core.planning.test_exhaustive_search import core, random_course

STEP_BQ = GIGABECQUEREL.to_core(0.05)


def inside(region: FeasibleRegion, x: float, y: float, *, slack: float) -> bool:
    """Whether a point lies left of every edge of the counter-clockwise polygon."""
    points = region.vertices_bq
    return all(
        (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= -slack * max(abs(bx - ax), abs(by - ay))
        for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True)
    )


def test_that_every_step_above_the_answer_is_less_sure_and_it_is_sure_enough() -> None:
    rng = random.Random(11)
    answered = 0
    for number in range(60):
        protocol, plain, cycles, prior = random_course(rng, bed=number % 2 == 0)
        delivered = core(cycles, random=rng.uniform(0.02, 0.1), common=rng.uniform(0.02, 0.1))
        basis = course_basis(protocol, delivered, prior_absorbed_dose_gy=prior)
        fixed = {n.name: n.standard_activity_bq for n in protocol.fixed_nuclides}
        for item in activities_by_certainty(basis, certainties=(0.5, 0.9)):
            tried = (0.0,) if item.activity_bq is None else (item.activity_bq, item.activity_bq + STEP_BQ)
            for activity in tried:
                outcome = forecast(basis, fixed | {plain.free: activity})
                p = [outcome.probability_of_exceeding[key] for key in basis.applicable_limits]
                assert None not in p
                sure = max(p) <= 1 - item.certainty + 1e-9  # type: ignore[type-var]
                assert sure == (item.activity_bq is not None and activity == item.activity_bq)
            answered += item.activity_bq is not None
    assert answered > 40


def test_that_half_certainty_is_the_proposal_and_more_certainty_is_less_activity() -> None:
    protocol = read_protocol("duonen-b")
    plan = plan_next_cycle(protocol, [tandem(random=0.05, common=0.1)])
    activities = [item.activity_bq for item in plan.by_certainty]
    assert [item.certainty for item in plan.by_certainty] == list(CERTAINTIES)
    assert activities[0] == pytest.approx(plan.activities_bq[Y])
    assert activities == sorted(activities, reverse=True)  # type: ignore[type-var]
    assert plan.to_json()["activity_by_certainty"][3]["certainty"] == 0.95


def test_that_random_parts_average_over_cycles_and_common_parts_do_not() -> None:
    """Two measured cycles: the same total relative uncertainty allows more activity when it is random."""
    protocol = replace(read_protocol("duonen-d"), predictor="mean")

    def allowed(random_part: float, common_part: float) -> float:
        delivered = [cycle(k, {LU: 7.4}, {LU: 0.5}, {LU: 0.01}, random=random_part, common=common_part) for k in (1, 2)]
        return activities_by_certainty(course_basis(protocol, delivered), certainties=(0.95,))[0].activity_bq or 0.0

    assert allowed(0.10, 0.0) > allowed(0.0, 0.10)


def test_that_without_uncertainty_only_half_certainty_is_answered() -> None:
    plan = plan_next_cycle(read_protocol("duonen-b"), [tandem()])
    assert [item.certainty for item in plan.by_certainty] == [0.5]
    with pytest.raises(ValueError, match="uncertainty"):
        surely_used_fraction(course_basis(read_protocol("duonen-b"), [tandem()]), {LU: 1e9, Y: 1e9}, 0.9)


def test_that_the_polygon_of_dose_limits_is_exact() -> None:
    """The tandem patient of methods 6.2: kidneys 0.45 x + 2.4 y = 5.6317, marrow 0.010 x + 0.070 y = 0.4866."""
    basis = course_basis(read_protocol("duonen-b"), [tandem()])
    region = feasible_region(basis)
    assert region.nuclides == (LU, Y)
    room = (23.0 - 0.45 * 3.7 - 2.4 * 1.85) / 3
    marrow = min(0.5, (2.0 - 0.010 * 3.7 - 0.070 * 1.85) / 3)
    vertices = [tuple(GIGABECQUEREL.from_core(v) for v in point) for point in region.vertices_bq]
    assert vertices[0] == (0.0, 0.0)
    assert vertices[1] == pytest.approx((min(room / 0.45, marrow / 0.010), 0.0))
    assert vertices[-1] == pytest.approx((0.0, min(room / 2.4, marrow / 0.070)))
    assert len(vertices) == 3
    assert set(region.limiting[1:]) == {"kidneys"}


def test_that_crossing_limits_make_a_corner() -> None:
    basis = course_basis(
        read_protocol("duonen-b"), [cycle(1, {LU: 3.7, Y: 1.85}, {LU: 0.45, Y: 2.4}, {LU: 0.2, Y: 0.07})]
    )
    region = feasible_region(basis)
    both = [
        sorted(surely_used_fraction(basis, dict(zip((LU, Y), point, strict=True)), 0.5).values())[-2]
        for point in region.vertices_bq
    ]
    # Two limits are used up there at once.
    assert max(both) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(("bed", "certainty"), [(False, 0.5), (True, 0.5), (False, 0.9), (True, 0.9)])
def test_that_the_region_is_where_all_limits_are_kept(bed: bool, certainty: float) -> None:
    rng = random.Random(5)
    judged = 0
    for _ in range(12):
        protocol, _, cycles, prior = random_course(rng, bed=bed)
        if len(protocol.nuclides) < 2:
            continue
        basis = course_basis(protocol, core(cycles, random=0.05, common=0.05), prior_absorbed_dose_gy=prior)
        region = feasible_region(basis, certainty=certainty)
        names = region.nuclides
        if not region.vertices_bq:
            assert max(surely_used_fraction(basis, dict.fromkeys(names, 0.0), certainty).values()) > 1
            continue
        width, height = (max(p[axis] for p in region.vertices_bq) for axis in (0, 1))
        for _ in range(60):
            x, y = rng.uniform(0, 1.2 * width), rng.uniform(0, 1.2 * height)
            used = max(surely_used_fraction(basis, {names[0]: x, names[1]: y}, certainty).values())
            if abs(used - 1) < 2e-3:
                continue  # a chord of the curved edge may cut off that much
            assert inside(region, x, y, slack=1e-6 * max(width, height)) == (used < 1)
            judged += 1
    assert judged > 100


def test_that_a_plane_needs_two_nuclides_and_a_cycle() -> None:
    one = course_basis(read_protocol("duonen-d"), [cycle(1, {LU: 7.4}, {LU: 0.5}, {LU: 0.01})])
    with pytest.raises(ValueError, match="two nuclides"):
        feasible_region(one)
    done = course_basis(read_protocol("duonen-b"), [tandem()], planned_cycles=1)
    with pytest.raises(ValueError, match="no cycle"):
        feasible_region(done)


def test_that_what_was_delivered_already_can_leave_no_room() -> None:
    basis = course_basis(read_protocol("duonen-b"), [tandem(kidneys=(3.0, 8.0))])
    assert feasible_region(basis).vertices_bq == ()
    assert activities_by_certainty(basis)[0].activity_bq is None
    assert FrozenMap(feasible_region(basis).by_limit_bq)["kidneys"] == ()


def test_that_the_point_where_a_limit_is_reached_follows_from_dose_and_variance_along_a_ray() -> None:
    course = feasible_region_module._Along(4.0, 2.5, (0.3, 0.2, 0.15))
    for z in (0.0, 0.84, 1.645):
        reach = course.reach(23.0, z)
        assert reach is not None
        variance = 0.3 + 0.2 * reach + 0.15 * reach**2
        assert 4.0 + 2.5 * reach + z * variance**0.5 == pytest.approx(23.0, rel=1e-12)
    # Already reached with certainty: nothing is left.
    assert course.reach(4.0, 1.645) == 0.0
    # A dose that does not rise never gets there.
    assert feasible_region_module._Along(4.0, 0.0, (0.3, 0.0, 0.0)).reach(23.0, 0.0) is None


def test_that_a_formula_which_the_forecast_does_not_confirm_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the reach, and twice: the region stays what the search by forecasts finds."""
    basis = course_basis(read_protocol("duonen-b"), [tandem(random=0.06, common=0.05)])
    right = feasible_region(basis, certainty=0.9)
    original = feasible_region_module._Along.reach
    for factor in (0.5, 2.0):
        with monkeypatch.context() as changed:
            changed.setattr(
                feasible_region_module._Along,
                "reach",
                lambda self, limit, z, factor=factor: factor * (original(self, limit, z) or 0.0),
            )
            found = feasible_region(basis, certainty=0.9)
        for one, other in zip(found.vertices_bq, right.vertices_bq, strict=True):
            assert one == pytest.approx(other, rel=1e-6, abs=1.0)


@pytest.mark.parametrize("most", [0, 1, 2, 7, 400, 1 << 24])
def test_that_the_last_step_is_found_on_straight_and_bent_curves_and_on_a_bend(most: int) -> None:
    rng = random.Random(most)
    for number in range(200):
        end = min(rng.choice((0.0, 0.4, 1.0, 1.5, 6.9, 399.99, 12_345.6)), 2.0 * most + 0.5)
        curve = rng.choice((0.0, 0.3, 30.0))

        def left(steps: int, end: float = end, curve: float = curve, bend: int = number) -> float:
            straight = (end - steps) * (1.0 + curve * (end + steps))
            return min(straight, 3.0 * (end - steps)) if bend % 2 else straight

        assert _last_kept(left, most) == min(math.floor(end), most)
