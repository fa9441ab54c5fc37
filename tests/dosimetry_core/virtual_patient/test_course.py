from __future__ import annotations

import itertools

import numpy as np
import pytest

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.units import GIGABECQUEREL, HOUR
from dosimetry_core.virtual_patient.course import (
    HISTORIES,
    draw_course,
    draw_positions,
    elapsed_s,
    history,
)
from dosimetry_core.virtual_patient.seeding import Seed
from dosimetry_core.virtual_patient.truth import CycleTruth
from tests.dosimetry_core.virtual_patient.conftest import Individual


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("cycle", [1, 2])
def test_that_any_two_visits_differ_by_15_mm_and_5_degrees(number: int, cycle: int) -> None:
    for a, b in itertools.combinations(draw_positions(Seed(number), cycle), 2):
        between = a.after(b.inverse())
        assert np.degrees(between.angle_rad) > 5
        assert np.linalg.norm(a.apply((0, 0, 0)) - b.apply((0, 0, 0))) > 15


def test_that_scans_cross_a_month_end_and_the_clock_change(individual: Individual) -> None:
    for cycle in individual.cycles:
        first, last = cycle.visits[0].scan_start, cycle.visits[-1].scan_start
        assert first.month != last.month
    first, last = (individual.cycles[0].visits[k].scan_start for k in (0, -1))
    assert first.utcoffset() != last.utcoffset()
    by_the_clock = (last.replace(tzinfo=None) - first.replace(tzinfo=None)).total_seconds()
    assert by_the_clock - elapsed_s(first, last) == HOUR.to_core(1)


def test_that_scans_fall_near_4_24_48_and_192_hours(individual: Individual) -> None:
    for cycle in individual.cycles:
        hours = [HOUR.from_core(elapsed_s(cycle.time_zero, v.scan_start)) for v in cycle.visits]
        assert hours == pytest.approx([4, 24, 48, 192], rel=0.15)
        assert all(6 <= v.scan_start.hour <= 17 for v in cycle.visits)


def test_that_activity_never_enters_the_body_after_the_infusion(individual: Individual) -> None:
    """What is left, decay-corrected, only falls: the rest was excreted."""
    physical = nuclide(LU177).decay_constant_per_s
    times = HOUR.to_core(1) * np.geomspace(0.26, 400, 200)
    for cycle in individual.cycles:
        left = np.array(
            [sum(c.after_infusion(t, 1800.0) for c in cycle.kinetics.values()) * np.exp(physical * t) for t in times]
        )
        assert left[0] < 1
        assert np.all(np.diff(left) < 0)


def test_that_a_mono_exponential_fit_of_the_kidneys_is_right_to_one_percent(individual: Individual) -> None:
    for cycle, name in itertools.product(individual.cycles, ("Kidney L", "Kidney R", "Liver", "Spleen")):
        curve = cycle.kinetics[name]
        times = np.array([elapsed_s(cycle.time_zero, v.scan_start) for v in cycle.visits])
        slope, log_amplitude = np.polyfit(times, np.log([curve.after_infusion(t, 1800.0) for t in times]), 1)
        assert np.exp(log_amplitude) / -slope == pytest.approx(curve.integral_s(), rel=0.01)


@pytest.mark.parametrize("protocol", sorted(HISTORIES))
@pytest.mark.parametrize("number", range(1, 9))
def test_that_a_third_cycle_is_possible_without_an_unusual_activity(
    individual: Individual, protocol: str, number: int
) -> None:
    """Equal split of what 23 Gy leave, from the true doses: below 1.25 × the standard activity, above nothing."""
    seed = Seed(number, protocol)
    course = draw_course(seed, protocol, individual.body, [individual.anatomy] * 2)
    truths = [CycleTruth(c, individual.anatomy, individual.body.sex, 68.0).organs() for c in course]
    kidneys = [t["kidneys"] for t in truths]
    per_bq = kidneys[-1]["absorbed_dose_per_administered_activity_gy_per_bq"]
    given = sum(k["absorbed_dose_gy"]["total"] for k in kidneys)
    marrow = max(t["red_marrow"]["absorbed_dose_gy"]["total"] for t in truths)
    lutetium = GIGABECQUEREL.from_core(per_bq[LU177] ** -1)
    assert 0.2 < 1 / lutetium < 1.3
    assert 0.05 < marrow < 0.45
    allocation = (23 - given) / 2
    d_lu = 1 / lutetium
    d_y = GIGABECQUEREL.to_core(per_bq[Y90]) if Y90 in per_bq else 0.0
    if protocol in ("duonen-a", "garske-roman"):
        assert 7.4 * d_lu < allocation
    elif protocol == "duonen-b":
        assert 1.0 < (allocation - 3.7 * d_lu) / d_y < 1.2 * 1.85
    elif protocol == "duonen-c":
        assert 1.0 < (allocation - 1.85 * d_y) / d_lu < 1.2 * 3.7
    else:
        assert 6.0 < allocation / d_lu < 1.2 * 7.4


def test_that_a_protocol_without_a_demonstration_is_refused_by_name() -> None:
    with pytest.raises(InconsistentCaseError, match="no demonstration for protocol 'duonen-z'"):
        history("duonen-z")
