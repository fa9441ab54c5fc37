from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.bed import CycleDose, bed_basis
from dosimetry_core.planning.forecast import course_basis, forecast
from dosimetry_core.planning.protocol import read_protocol
from dosimetry_core.units import GIGABECQUEREL
from tests.dosimetry_core.planning.courses import LU, Y
from tests.dosimetry_core.planning.exhaustive import PlainCycle
from tests.dosimetry_core.planning.test_exhaustive_search import core

Q = {LU: {LU: 0.021, Y: 0.024}, Y: {LU: 0.024, Y: 0.029}}
PROTRACTION = FrozenMap({name: FrozenMap(row) for name, row in Q.items()})


def bed_of(lutetium_gy: float, yttrium_gy: float) -> float:
    doses = {LU: lutetium_gy, Y: yttrium_gy}
    return sum(doses.values()) + sum(Q[n][m] * doses[n] * doses[m] for n in doses for m in doses)


def test_that_the_slope_of_delivered_bed_is_its_derivative() -> None:
    given = [(4.0, 6.0), (3.0, 5.0)]
    cycles = [
        CycleDose(number, FrozenMap({LU: lutetium, Y: yttrium}), FrozenMap({LU: 2 * number - 2, Y: 1}), PROTRACTION)
        for number, (lutetium, yttrium) in enumerate(given, start=1)
    ]
    found = bed_basis("kidneys", (LU, Y), cycles, FrozenMap(), FrozenMap(), measurements=3, prior_absorbed_dose_gy=0.0)
    assert found.delivered_gy == pytest.approx(sum(bed_of(*doses) for doses in given))
    # 177Lu was measured in each cycle, 90Y in the first only; relative errors of each measurement.
    h = 1e-6

    def moved(first: float, yttrium: float, second: float) -> float:
        return bed_of(4.0 * first, 6.0 * yttrium) + bed_of(3.0 * second, 5.0 * yttrium)

    expected = [
        (moved(*(1 + h * (k == j) for j in range(3))) - moved(*(1 - h * (k == j) for j in range(3)))) / (2 * h)
        for k in range(3)
    ]
    assert found.delivered_slope_gy == pytest.approx(expected, rel=1e-8)


def test_that_a_bed_limit_which_is_just_reached_leaves_nothing() -> None:
    delivered = core(
        [PlainCycle({LU: 3.7, Y: 1.85}, {"kidneys": {LU: 0.45, Y: 2.4}, "red_marrow": {LU: 0.01, Y: 0.07}}, Q)]
    )
    protocol = replace(
        read_protocol("duonen-b"), limits_gy=FrozenMap({}), bed_limits_gy=FrozenMap({"kidneys_bed": 28.0})
    )
    reached = course_basis(protocol, delivered).organ_bed("kidneys_bed").delivered_gy
    basis = course_basis(replace(protocol, bed_limits_gy=FrozenMap({"kidneys_bed": reached})), delivered)
    outcome = forecast(basis, {LU: GIGABECQUEREL.to_core(1.0)})
    assert outcome.used_fraction["kidneys_bed"] == math.inf
    assert not outcome.feasible


def test_that_each_future_cycle_varies_by_itself_and_its_protraction_twice() -> None:
    # Weights 1, 3, 2, 1: after the first cycle the others stand in the ratio 1, 2/3, 1/3 to the next one.
    course = [PlainCycle({LU: 3.7, Y: 1.85}, {"kidneys": {LU: 0.45, Y: 2.4}, "red_marrow": {LU: 0.01, Y: 0.07}}, Q)]
    protocol = replace(
        read_protocol("duonen-b"),
        limits_gy=FrozenMap({}),
        bed_limits_gy=FrozenMap({"kidneys_bed": 40.0}),
        cycles=4,
        allocation="weights",
        allocation_weights=(1.0, 3.0, 2.0, 1.0),
        between_cycle_relative_standard_uncertainty=0.15,
    )
    basis = course_basis(protocol, core(course, random=0.0, common=0.0))
    found = forecast(basis, {LU: GIGABECQUEREL.to_core(3.7), Y: GIGABECQUEREL.to_core(1.85)})
    lutetium, yttrium = 3.7 * 0.45, 1.85 * 2.4
    linear = lutetium + yttrium
    quadratic = bed_of(lutetium, yttrium) - linear
    ratios = (1.0, 2 / 3, 1 / 3)
    bed = found.predicted_bed["kidneys_bed"]
    assert bed.course_gy == pytest.approx(
        bed_of(lutetium, yttrium) + sum(r * linear + r**2 * quadratic for r in ratios)
    )
    varied = [0.15 * (r * linear + 2 * r**2 * quadratic) for r in ratios]
    assert bed.course_standard_uncertainty_gy == pytest.approx(math.hypot(*varied))
