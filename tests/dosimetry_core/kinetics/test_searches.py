"""The searches for rates: gradients by differences, steps and amplitudes worked out apart, few evaluations."""

from __future__ import annotations

import math
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
from scipy.optimize import minimize_scalar, nnls

from dosimetry_core.kinetics import least_squares, two_phase_search, variable_projection
from dosimetry_core.kinetics.two_phase_search import TwoPhaseProblem, two_phase_minima
from dosimetry_core.kinetics.variable_projection import Points, best_mono, mono_cost, uptake_minimum

T = np.array([0.02, 0.09, 0.31, 0.47, 0.83, 1.0])
Y = np.array([0.93, 1.0, 0.61, 0.44, 0.23, 0.17])
W = np.array([3.0, 1.7, 2.9, 4.1, 7.3, 11.0])
POINTS = Points(T.tolist(), Y.tolist(), W.tolist())
BELIEVED = Points(T.tolist(), Y.tolist(), W.tolist(), math.log(1.3), 0.7)


def cost_of(amplitudes: np.ndarray, basis: np.ndarray) -> float:
    return float(W @ (Y - basis @ amplitudes) ** 2)


def best_of(basis: np.ndarray) -> float:
    """Smallest weighted sum of squares over free amplitudes."""
    found = np.linalg.lstsq(basis * np.sqrt(W)[:, None], Y * np.sqrt(W), rcond=None)[0]
    return cost_of(found, basis)


def single(rate: float, points: Points) -> float:
    extra = points.belief_weight * (math.log(rate) - points.belief_log_rate) ** 2 if points.belief_weight else 0.0
    return best_of(np.exp(-rate * T)[:, None]) + extra


@pytest.mark.parametrize("points", [POINTS, BELIEVED])
def test_that_the_cost_of_a_rate_is_that_of_linear_least_squares(points: Points) -> None:
    for rate in (0.3, 1.7, 9.1):
        cost, amplitude = mono_cost(points, rate)
        assert cost == pytest.approx(single(rate, points), rel=1e-12)
        fall = np.exp(-rate * T)
        assert amplitude == pytest.approx(float((W * Y) @ fall / (W @ fall**2)), rel=1e-12)
    rates, costs = variable_projection._scan(points, 0.2, 30.0)
    assert rates[[0, -1]] == pytest.approx([0.2, 30.0])
    assert np.diff(np.log(rates)) == pytest.approx(math.log(150.0) / (rates.size - 1))
    assert costs == pytest.approx([single(rate, points) for rate in rates], rel=1e-9)


def test_that_a_belief_forbids_rates_below_nothing_and_none_says_nothing() -> None:
    assert BELIEVED.belief_cost(0.0) == BELIEVED.belief_cost(-1.0) == math.inf
    assert BELIEVED.belief_cost(1.3 * math.e**2) == pytest.approx(0.7 * 4)
    assert POINTS.belief_cost(0.0) == POINTS.belief_cost(-3.0) == 0.0


@pytest.mark.parametrize("points", [POINTS, BELIEVED])
def test_that_the_best_rate_is_that_of_a_plain_search(points: Points, monkeypatch: pytest.MonkeyPatch) -> None:
    best = minimize_scalar(lambda rate: single(rate, points), bounds=(0.05, 20.0), options={"xatol": 1e-10})
    counted = Mock(wraps=mono_cost)
    monkeypatch.setattr(variable_projection, "mono_cost", counted)
    for start in (0.4, 1.3, 6.0):
        counted.reset_mock()
        rate, amplitude, unbounded = best_mono(points, start, lowest=0.1, highest=20.0)
        assert rate == unbounded == pytest.approx(best.x, rel=1e-6)
        assert amplitude == pytest.approx(mono_cost(points, rate)[1])
        # Gauss–Newton gains several digits with each step here.
        assert counted.call_count <= 36
    bound, _, free = best_mono(points, 1.3, lowest=3.0, highest=20.0)
    assert bound == 3.0
    if not points.belief_weight:
        assert free == pytest.approx(best.x, rel=1e-6)


def uptake_cost(slow: float, fast: float, points: Points) -> float:
    extra = points.belief_weight * (math.log(slow) - points.belief_log_rate) ** 2 if points.belief_weight else 0.0
    return best_of((np.exp(-slow * T) - np.exp(-fast * T))[:, None]) + extra


@pytest.mark.parametrize("held", [None, 1.1])
@pytest.mark.parametrize("points", [POINTS, BELIEVED])
@pytest.mark.parametrize("damping", [1e-3, 0.4])
def test_that_a_step_is_that_of_damped_least_squares(points: Points, held: float | None, damping: float) -> None:
    lowest, ratio, fast = 0.6, 1.05, 19.0
    slow = 1.1 if held is not None else 1.4
    _, amplitude, falls, rises = variable_projection._uptake_state(points, slow, fast)

    def rates(position: np.ndarray) -> tuple[float, float]:
        own = slow if held is not None else lowest + math.exp(position[0])
        return own, own * ratio + math.exp(position[-1])

    last = math.log(fast - ratio * slow)
    position = np.array([last] if held is not None else [math.log(slow - lowest), last])
    root = np.sqrt(W)
    column = (np.array(falls) - np.array(rises)) * root
    unit = column / np.linalg.norm(column)

    def shape(at: np.ndarray) -> np.ndarray:
        own, other = rates(at)
        return np.asarray(amplitude * (np.exp(-own * T) - np.exp(-other * T)) * root)

    h = 1e-6
    moves = h * np.eye(position.size)
    slopes = np.stack([(shape(position + m) - shape(position - m)) / (2 * h) for m in moves], axis=1)
    slopes = slopes - np.outer(unit, unit @ slopes)
    residual = Y * root - amplitude * column
    normal, gradient = slopes.T @ slopes, slopes.T @ residual
    if points.belief_weight and held is None:
        by_log = (slow - lowest) / slow
        normal[0, 0] += points.belief_weight * by_log**2
        gradient[0] += points.belief_weight * (points.belief_log_rate - math.log(slow)) * by_log
    expected = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient)
    largest = np.abs(expected).max()
    expected *= min(1.0, 2.0 / largest)
    step, stuck = variable_projection._uptake_step(
        points, position.tolist(), (slow, fast, amplitude), (falls, rises), (lowest, ratio, held, 1e3), damping
    )
    assert not stuck
    assert step == pytest.approx(expected, rel=1e-5)
    # The gradient is half the fall of the cost, too.
    ahead, behind = rates(position + moves[-1]), rates(position - moves[-1])
    assert gradient[-1] == pytest.approx(
        -(uptake_cost(*ahead, points) - uptake_cost(*behind, points)) / (4 * h),
        rel=1e-3,
    )


@pytest.mark.parametrize("points", [POINTS, BELIEVED])
def test_that_an_uptake_is_found_where_a_plain_search_finds_it(points: Points) -> None:
    slow = np.geomspace(0.7, 4.0, 300)
    fast = np.geomspace(5.0, 300.0, 400)
    costs = np.array([[uptake_cost(a, b, points) for b in fast[::20]] for a in slow[::15]])
    a, _ = np.unravel_index(int(np.argmin(costs)), costs.shape)
    amplitude, found_slow, found_fast = uptake_minimum(
        points, (1.0, 20.0), lowest=0.6, ratio=1.05, held=None, highest=400.0
    )
    found = uptake_cost(found_slow, found_fast, points)
    assert found <= costs.min()
    assert found_slow == pytest.approx(slow[::15][a], rel=0.15)
    for move in (0.999, 1.001):
        assert uptake_cost(found_slow * move, found_fast, points) > found
        assert uptake_cost(found_slow, found_fast * move, points) > found
    rise = np.exp(-found_slow * T) - np.exp(-found_fast * T)
    assert amplitude == pytest.approx(float((W * Y) @ rise / (W @ rise**2)))
    # Held, and at the largest rate of the uptake.
    _, kept, _ = uptake_minimum(points, (1.1, 20.0), lowest=0.6, ratio=1.05, held=1.1, highest=400.0)
    assert kept == 1.1
    _, _, top = uptake_minimum(points, (1.0, 5.0), lowest=0.6, ratio=1.05, held=None, highest=8.0)
    assert top == pytest.approx(8.0)


def problem(*, uptake: bool, believed: bool = False, held: bool = False) -> TwoPhaseProblem:
    belief = (math.log(1.3), 0.7) if believed else None
    return TwoPhaseProblem(T, Y, W, uptake, 0.6, 40.0, 90.0, 1.05, held, belief)


def test_that_rates_are_moved_to_their_nearest_bound() -> None:
    free, kept = problem(uptake=True), problem(uptake=True, held=True)
    assert free.kept_inside(np.array([0.1, 0.3, 0.2])).tolist() == [0.6, 0.6, 0.63]
    assert free.kept_inside(np.array([99.0, 7.0, 500.0])).tolist() == [40.0, 40.0, 90.0]
    assert free.kept_inside(np.array([2.0, 7.0, 30.0])).tolist() == [2.0, 7.0, 30.0]
    assert kept.kept_inside(np.array([2.0, 7.0, 30.0])).tolist() == [0.6, 7.0, 30.0]
    assert problem(uptake=False).kept_inside(np.array([0.1, 99.0])).tolist() == [0.6, 40.0]
    assert free.at_upper_bound(np.array([39.9, 40.0, 90.0])).tolist() == [False, True, True]
    assert free.at_upper_bound(np.array([40.0, 40.0, 89.9])).tolist() == [True, True, False]
    assert free.at_lower_bound(np.array([0.6, 0.6, 0.63])).tolist() == [True, True, True]
    assert free.at_lower_bound(np.array([0.61, 0.62, 0.66])).tolist() == [False, False, False]


def test_that_two_amplitudes_are_those_of_non_negative_least_squares() -> None:
    rng = np.random.default_rng(5)
    for _ in range(40):
        basis, target = rng.uniform(0.0, 1.0, (5, 2)), rng.normal(0.4, 0.8, 5)
        assert two_phase_search._amplitudes(basis, target) == pytest.approx(nnls(basis, target)[0], abs=1e-12)
    twice = np.array([[1.0, 2.0], [3.0, 6.0]])
    found = two_phase_search._amplitudes(twice, np.array([1.0, 3.0]))
    assert twice @ found == pytest.approx([1.0, 3.0])
    assert two_phase_search._amplitudes(twice, np.array([-1.0, -3.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("uptake", "believed"), [(False, False), (False, True), (True, False), (True, True)])
def test_that_the_gradient_of_two_phases_is_half_the_fall_of_their_cost(uptake: bool, believed: bool) -> None:
    case = problem(uptake=uptake, believed=believed)
    rates = np.array([1.2, 6.3, 41.0][: 3 if uptake else 2])
    root = np.sqrt(W)
    state = two_phase_search._state(case, rates, root)
    assert state.amplitudes.min() > 0
    normal, gradient = two_phase_search._normal_equations(case, state)
    h = 1e-6
    for k in range(rates.size):
        up, down = (
            two_phase_search._state(case, rates * np.exp(s * h * np.eye(rates.size)[k]), root).cost for s in (1, -1)
        )
        assert gradient[k] == pytest.approx(-(up - down) / (4 * h), rel=1e-4, abs=1e-9)

    def shapes(log_rates: np.ndarray) -> np.ndarray:
        falls = np.exp(-np.multiply.outer(T, np.exp(log_rates))) * root[:, None]
        basis = falls[:, :2] - falls[:, 2:] if uptake else falls
        return np.asarray(basis @ state.amplitudes)

    moves = h * np.eye(rates.size)
    at = np.log(rates)
    slopes = np.stack([(shapes(at + m) - shapes(at - m)) / (2 * h) for m in moves], axis=1)
    q, _ = np.linalg.qr(state.basis)
    slopes = slopes - q @ (q.T @ slopes)
    expected = slopes.T @ slopes
    if believed:
        expected[0, 0] += 0.7
    assert normal == pytest.approx(expected, rel=1e-4, abs=1e-8)


def test_that_two_phases_are_found_once_and_few_trials_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = replace(problem(uptake=False), y=0.3 * np.exp(-1.1 * T) + 0.9 * np.exp(-9.0 * T))
    counted = Mock(wraps=two_phase_search._state)
    monkeypatch.setattr(two_phase_search, "_state", counted)
    starts = np.array([[0.8, 5.0], [1.0, 12.0], [1.6, 20.0]])
    ((cost, rates, amplitudes),) = two_phase_minima(exact, starts)
    assert cost < 1e-18
    assert rates == pytest.approx([1.1, 9.0], rel=1e-6)
    assert amplitudes == pytest.approx([0.3, 0.9], rel=1e-6)
    assert counted.call_count < 40
    held = replace(problem(uptake=False, held=True), y=0.3 * np.exp(-0.6 * T) + 0.9 * np.exp(-9.0 * T))
    ((_, kept, _),) = two_phase_minima(held, starts)
    assert kept == pytest.approx([0.6, 9.0], rel=1e-6)


def test_that_plain_least_squares_finds_logarithms_of_rates_in_few_steps() -> None:
    calls: list[int] = []

    def model(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        calls.append(1)
        a, rate = math.exp(theta[0]), math.exp(theta[1])
        values = a * np.exp(-rate * T)
        return values, np.stack([values, -rate * T * values], axis=1)

    true = 2.3 * np.exp(-3.1 * T)
    found, cost = least_squares.minimum(model, np.array([3.0, -2.0]), true, W)
    assert np.exp(found) == pytest.approx([2.3, 3.1], rel=1e-9)
    assert cost < 1e-20
    assert len(calls) < 25
    noisy = true * np.array([1.1, 0.9, 1.05, 0.97, 1.2, 0.8])
    found, cost = least_squares.minimum(model, np.array([0.0, 0.0]), noisy, W)
    values, jacobian = model(found)
    assert jacobian.T @ (W * (noisy - values)) == pytest.approx([0.0, 0.0], abs=1e-6)
    assert cost == pytest.approx(float(W @ (noisy - values) ** 2))
    # A direction that changes nothing is left where it was.
    flat, _ = least_squares.minimum(
        lambda t: (true * t[0], np.stack([true, 0 * true], axis=1)), np.array([0.5, 7.0]), true, W
    )
    assert flat == pytest.approx([1.0, 7.0])


def test_that_where_the_bound_is_better_than_the_next_minimum_the_free_rate_is_that_of_the_other_minimum() -> None:
    """Two minima: one that follows the early point at 7.78, and a lower one at 0.156 that the bound hides."""
    times, values = (0.1, 0.2, 0.31, 0.6, 0.73, 0.82), (3.24, 1.57, 0.49, 4.38, 0.68, 0.66)
    points = Points(times, values, tuple(1 / value**2 for value in values))

    def cost(rate: float) -> float:
        return mono_cost(points, rate)[0]

    near = minimize_scalar(cost, bounds=(5.0, 12.0), options={"xatol": 1e-10})
    far = minimize_scalar(cost, bounds=(-1.0, 0.4), options={"xatol": 1e-10})
    assert cost(0.5) < near.fun
    assert far.fun < cost(0.5)
    for start in (near.x, 10.0):
        rate, amplitude, unbounded = best_mono(points, start, lowest=0.5, highest=20.0)
        assert (rate, amplitude) == (0.5, mono_cost(points, 0.5)[1])
        assert unbounded == pytest.approx(far.x, rel=1e-5)


def test_that_where_no_step_is_better_the_start_stays() -> None:
    """A derivative of the wrong sign points uphill, however short the step."""
    true = 2.3 * np.exp(-3.1 * T)
    found, cost = least_squares.minimum(lambda t: (true * t[0], -true[:, None]), np.array([0.5]), true, W)
    assert found.tolist() == [0.5]
    assert cost == pytest.approx(float(W @ (0.5 * true) ** 2))
