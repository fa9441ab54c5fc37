from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.kinetics.exponential_fit import RateBelief, fit_family
from dosimetry_core.kinetics.models import BI, FAMILIES, MONO, TRI_UPTAKE, UPTAKE, ExponentialFamily
from dosimetry_core.second_opinion.curves import best_curve, points
from dosimetry_core.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE
from tests.dosimetry_core.kinetics.two_minima import LESION, LIVER, TwoMinima

PHYSICAL = math.log(2) / (159.528 * SECONDS_PER_HOUR)
FOUR = np.array([4.0, 24.0, 48.0, 192.0]) * SECONDS_PER_HOUR
EIGHT = np.array([0.5, 2.0, 6.0, 24.0, 48.0, 96.0, 144.0, 192.0]) * SECONDS_PER_HOUR


def rate(half_life_h: float) -> float:
    return math.log(2) / (half_life_h * SECONDS_PER_HOUR)


def cost(family: ExponentialFamily, natural: np.ndarray, t: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    return float(w @ (y - family.activity_and_jacobian(natural, t)[0]) ** 2)


def noisy(seed: int, t: np.ndarray, *, fast: float = 0.0, uptake: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.exp(-rate(rng.uniform(35, 100)) * t) + fast * np.exp(-rate(rng.uniform(3, 12)) * t)
    values -= uptake * np.exp(-rate(rng.uniform(0.5, 3.0)) * t)
    return np.asarray(values * (1 + 0.05 * rng.standard_normal(t.size)))


def test_that_the_smaller_of_two_minima_is_found_although_the_other_lies_at_the_bound() -> None:
    # Relative least squares of one phase through two: one minimum follows the first two points, one the last two.
    t = np.array([5.0, 40.0, 1440.0]) * SECONDS_PER_MINUTE
    for cap_h in (1.0, 3.0, 6.0):
        for late in (0.5, 6.0, 20.0):
            y = np.array([300.0, 190.0, late])
            found = fit_family(MONO, t, y, y**-2, smallest_decay_constant_per_s=rate(cap_h))
            rates = np.geomspace(rate(cap_h), 1e-2, 4000)
            shapes = np.exp(-np.multiply.outer(rates, t)) / y
            scanned = 3 - shapes.sum(axis=1) ** 2 / (shapes**2).sum(axis=1)
            assert cost(MONO, found.natural, t, y, y**-2) <= scanned.min() + 1e-9


@pytest.mark.parametrize(
    ("family", "t", "options"),
    [
        (MONO, FOUR, {"fast": 0.5}),
        (UPTAKE, FOUR, {"uptake": 1.0}),
        (UPTAKE, FOUR, {}),
        (BI, EIGHT, {"fast": 0.5}),
        (BI, EIGHT, {}),
        (TRI_UPTAKE, EIGHT, {"fast": 0.8, "uptake": 1.8}),
    ],
)
def test_that_no_other_search_finds_a_better_curve_of_the_same_family(
    family: ExponentialFamily, t: np.ndarray, options: dict[str, float]
) -> None:
    for seed in range(4):
        y = noisy(seed, t, **options)
        w = 1 / (0.05 * y) ** 2
        found = fit_family(family, t, y, w, smallest_decay_constant_per_s=PHYSICAL)
        other = best_curve(points(t.tolist(), y.tolist(), "proportional", PHYSICAL), family.name)
        assert other is not None
        best = other.chi_squared(points(t.tolist(), y.tolist(), "proportional", PHYSICAL))
        # A phase that was taken out costs a little; 0.1 is a third of a standard deviation.
        slack = 1e-3 if found.family is family else 0.1
        assert cost(found.family, found.natural, t, y, w) <= best + slack


@pytest.mark.parametrize("known", [LIVER, LESION])
def test_that_the_smaller_of_two_minima_of_two_phases_is_found_and_the_other_reported(known: TwoMinima) -> None:
    t, y, w = np.array(known.times_s), np.array(known.activity_bq), known.deviations_bq**-2
    found = fit_family(BI, t, y, w, smallest_decay_constant_per_s=PHYSICAL)
    assert cost(BI, found.natural, t, y, w) == pytest.approx(known.best, abs=1e-5)
    total, _ = BI.time_integrated_activity_and_gradient(found.natural)
    assert total == pytest.approx(known.time_integrated_activity_bq_s, rel=1e-4)
    others = [known.best + excess for _, excess in found.other_minima]
    assert others[0] == pytest.approx(known.worse, abs=1e-4)
    for natural, excess in found.other_minima:
        assert cost(BI, natural, t, y, w) == pytest.approx(known.best + excess, abs=1e-5)


def test_that_two_phases_never_fit_worse_than_the_best_single_one_with_or_without_uptake() -> None:
    # Each pair is nested: a second phase of amplitude zero is the single one.
    t = np.array([2.0, 5.0, 24.0, 48.0, 120.0, 192.0]) * SECONDS_PER_HOUR
    highest = math.log(20.0) / t[0]
    for seed in range(20):
        y = noisy(seed, t, fast=0.15 * (seed % 3), uptake=0.5 * (seed % 2))
        for scale in (y, np.sqrt(y * y.max())):
            w = 1 / (0.05 * scale) ** 2
            for one, two in ((MONO, BI), (UPTAKE, TRI_UPTAKE)):
                single = fit_family(one, t, y, w, smallest_decay_constant_per_s=PHYSICAL)
                if single.family is not one or single.natural[2 if one is UPTAKE else 1] >= highest:
                    continue
                both = fit_family(two, t, y, w, smallest_decay_constant_per_s=PHYSICAL)
                # A phase that was taken out costs a little.
                slack = 1e-6 if both.family is two else 0.1
                assert cost(both.family, both.natural, t, y, w) <= cost(one, single.natural, t, y, w) + slack


@pytest.mark.parametrize("family", [MONO, UPTAKE, BI, TRI_UPTAKE])
def test_that_a_held_tail_falls_by_physical_decay_alone(family: ExponentialFamily) -> None:
    truth = {
        MONO: [5.0, PHYSICAL],
        UPTAKE: [5.0, PHYSICAL, rate(1.0)],
        BI: [4.0, 3.0, rate(9.0), PHYSICAL],
        TRI_UPTAKE: [4.0, 3.0, rate(9.0), PHYSICAL, rate(0.7)],
    }[family]
    y, _ = family.activity_and_jacobian(np.array(truth), EIGHT)
    found = fit_family(family, EIGHT, y, y**-2, smallest_decay_constant_per_s=PHYSICAL, slowest_held=True)
    np.testing.assert_allclose(found.natural, truth, rtol=1e-5)
    assert len(found.fixed) == 1
    assert "uptake" not in found.fixed[0]


@pytest.mark.parametrize("name", ["mono-exponential", "bi-exponential-uptake", "bi-exponential"])
def test_that_a_vague_belief_changes_nothing_and_a_firm_one_decides(name: str) -> None:
    family = FAMILIES[name]
    t = FOUR if family is not BI else EIGHT
    y = noisy(3, t, fast=0.6 * (family is BI), uptake=float(family is UPTAKE))
    w = 1 / (0.05 * y) ** 2
    free = fit_family(family, t, y, w, smallest_decay_constant_per_s=PHYSICAL)
    slow = 2 * family.decays - 1
    believed = math.log(rate(65.0))
    vague = fit_family(family, t, y, w, smallest_decay_constant_per_s=PHYSICAL, belief=RateBelief(believed, 1e4))
    firm = fit_family(family, t, y, w, smallest_decay_constant_per_s=PHYSICAL, belief=RateBelief(believed, 1e-5))
    np.testing.assert_allclose(vague.natural, free.natural, rtol=1e-4)
    assert firm.natural[slow] == pytest.approx(rate(65.0), rel=1e-5)


def scanned_with_belief(t: np.ndarray, y: np.ndarray, w: np.ndarray, belief: RateBelief) -> float:
    """Smallest sum of squares of two falling phases, belief included, over a table of rates."""
    slow, fast = np.meshgrid(
        np.geomspace(PHYSICAL, rate(5.0), 120), np.geomspace(rate(60.0), math.log(20.0) / t[0], 120), indexing="ij"
    )
    a, b = np.exp(-np.multiply.outer(slow, t)), np.exp(-np.multiply.outer(fast, t))
    aa, bb, ab, ay, by = ((w * product).sum(axis=-1) for product in (a * a, b * b, a * b, a * y, b * y))
    usable = (fast > 1.05 * slow) & (aa * bb - ab**2 > 1e-9 * aa * bb)
    determinant = np.where(usable, aa * bb - ab**2, 1.0)
    of_slow, of_fast = (bb * ay - ab * by) / determinant, (aa * by - ab * ay) / determinant
    squares = (w * (y - of_slow[..., None] * a - of_fast[..., None] * b) ** 2).sum(axis=-1)
    squares += ((np.log(slow) - belief.ln_rate) / belief.ln_standard_deviation) ** 2
    return float(squares[usable & (of_slow > 0) & (of_fast > 0)].min())


@pytest.mark.parametrize("believed_h", [30.0, 60.0, 110.0])
def test_that_two_phases_and_a_firm_belief_are_searched_together(believed_h: float) -> None:
    t = np.array([2.0, 5.0, 24.0, 48.0, 120.0, 192.0]) * SECONDS_PER_HOUR
    belief = RateBelief(math.log(rate(believed_h)), 0.05)
    for seed in range(4):
        y = noisy(seed, t, fast=1.0)
        w = 1 / (0.05 * y) ** 2
        found = fit_family(BI, t, y, w, smallest_decay_constant_per_s=PHYSICAL, belief=belief)
        away = (math.log(found.natural[2 * found.family.decays - 1]) - belief.ln_rate) / belief.ln_standard_deviation
        # A phase that was taken out costs a little.
        slack = 1e-3 if found.family is BI else 0.1
        best = scanned_with_belief(t, y, w, belief)
        assert cost(found.family, found.natural, t, y, w) + away**2 <= best + slack


def test_that_the_believed_half_life_is_weighed_like_one_more_point() -> None:
    # One point and a belief: the point fixes the amplitude, the belief the rate.
    found = fit_family(
        MONO,
        FOUR[1:2],
        np.array([7.0]),
        np.array([1.0]),
        smallest_decay_constant_per_s=PHYSICAL,
        belief=RateBelief(math.log(rate(51.0)), 0.2),
    )
    assert found.natural[1] == pytest.approx(rate(51.0), rel=1e-9)
    assert found.natural[0] * math.exp(-found.natural[1] * FOUR[1]) == pytest.approx(7.0, rel=1e-9)
