"""Weighted fit of a sum of exponentials whose bounds hold by construction (methods 2.1–2.2).

Amplitudes are exponentials of a free number, and decay constants are chained: λ_slow = λ_min + exp(q),
λ_fast = λ_slow + exp(q'), λ_u > λ_fast. A phase that the points do not show is taken out rather than invented, and a
constant that runs to its bound is fixed there and the rest fitted again; both are recorded.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from dosimetry_core.errors import FitError
from dosimetry_core.frozen import ExactNumbers, read_only
from dosimetry_core.kinetics import two_phase_search, variable_projection
from dosimetry_core.kinetics.covariance import NormalEquations
from dosimetry_core.kinetics.models import BI, MONO, TRI_UPTAKE, UPTAKE, ExponentialFamily
from dosimetry_core.kinetics.result import ExponentialShape

FloatArray = NDArray[np.float64]

_WITHOUT_FASTEST_PHASE: Final = {BI: MONO, TRI_UPTAKE: UPTAKE}
_WITHOUT_UPTAKE: Final = {UPTAKE: MONO, TRI_UPTAKE: BI}
# A falling phase may not be drawn back from the first point by more than this factor, nor may an uptake be slower
# than seen: beyond it the points say nothing about the phase, and its integral would be an invention.
_LARGEST_BACK_EXTRAPOLATION: Final = 20.0
# A single phase that the points do show may be drawn back farther; beyond this the fit is refused.
_LARGEST_SINGLE_BACK_EXTRAPOLATION: Final = 1000.0
_SMALLEST_UPTAKE_REMAINDER: Final = 1e-3
_SMALLEST_UPTAKE_RATIO: Final = 1.05
_AT_BOUND: Final = 1e-3
_ROUNDING: Final = 1e-9
# Minima of the grid that are followed down, the best ones first.
_STARTS: Final = 8
_SAME_PHASE: Final = 1e-2
_UNSEEN_AMPLITUDE: Final = 1e-4
# Per rate, for as many rates.
_GRID_POINTS: Final = {2: 24, 3: 16}
# No rate above 50 per span of the points is searched.
_FASTEST_OVER_SPAN: Final = 50.0


@dataclass(frozen=True, eq=False)
class FamilyFit:
    """Best parameters of one family, and what follows from them and the points alone.

    Parameters
    ----------
    family
        Family of the curve found; smaller than the one asked for where a phase could not be seen.
    natural
        Natural parameters (models.py).
    times_s, weights
        Of the points that were fitted.
    fixed
        Names of parameters that lie on a bound and were not free.
    unseen_phases
        What was taken out: ``fast phase`` or ``uptake phase``.
    unbounded_decay_constant_per_s
        Of a mono-exponential whose bound is active, what the points alone would give (not positive on a rise).
    other_minima
        Other curves of the family that no small change improves: natural parameters, and by how much their weighted
        sum of squares is larger.
    """

    family: ExponentialFamily
    natural: FloatArray
    times_s: FloatArray
    weights: FloatArray
    fixed: tuple[str, ...] = ()
    unseen_phases: tuple[str, ...] = ()
    unbounded_decay_constant_per_s: float | None = None
    other_minima: tuple[tuple[FloatArray, float], ...] = ()

    @functools.cached_property
    def shape(self) -> ExponentialShape:
        """The curve."""
        return ExponentialShape(self.family, self.natural)

    @functools.cached_property
    def free(self) -> tuple[int, ...]:
        """Places of the parameters that were free, in the order of the family."""
        return tuple(k for k, name in enumerate(self.family.parameter_names) if name not in self.fixed)

    @functools.cached_property
    def at_points(self) -> tuple[FloatArray, FloatArray]:
        """The curve at the points, shape (n_points,), and its derivatives, shape (n_points, n_parameters)."""
        activity_bq, jacobian = self.family.activity_and_jacobian(self.natural, self.times_s)
        return read_only(activity_bq), read_only(jacobian)

    @functools.cached_property
    def normal_equations(self) -> NormalEquations:
        """Of the free parameters."""
        return NormalEquations.of(self.at_points[1][:, list(self.free)], self.weights)


@dataclass(frozen=True)
class RateBelief:
    """What is known beforehand of the slowest decay constant: ln λ is normal around ``ln_rate`` (λ in 1/s)."""

    ln_rate: float
    ln_standard_deviation: float


@dataclass(frozen=True, eq=False)
class _Problem:
    """A fit in scaled units: time in units of the last point, activity in units of the largest."""

    t: FloatArray
    y: FloatArray
    w: FloatArray
    lowest: float
    slow_held: bool
    belief: RateBelief | None

    @functools.cached_property
    def plain(self) -> variable_projection.Points:
        """The same as plain numbers."""
        if self.belief is None or self.slow_held:
            return variable_projection.Points(self.t.tolist(), self.y.tolist(), self.w.tolist())
        return variable_projection.Points(
            self.t.tolist(),
            self.y.tolist(),
            self.w.tolist(),
            self.belief.ln_rate,
            self.belief.ln_standard_deviation**-2,
        )


def fit_family(
    family: ExponentialFamily,
    times_s: FloatArray,
    activity_bq: FloatArray,
    weights: FloatArray,
    *,
    smallest_decay_constant_per_s: float,
    slowest_held: bool = False,
    belief: RateBelief | None = None,
    kept: bool = True,
) -> FamilyFit:
    """Fit one family to n points, minimising Σ w_i (A_i − f_i)² + ((ln λ_slow − ln λ_0)/s)².

    Parameters
    ----------
    slowest_held
        Whether the slowest phase is held at ``smallest_decay_constant_per_s`` (a physical tail) instead of fitted.
    belief
        λ_0 and s of the second term, which stands for one more point; without it there is no such term. Weights must
        then be 1/u².
    kept
        Whether it is kept for when the same is asked again; points that are drawn by lot never come again.

    Raises
    ------
    FitError
        With fewer points than parameters, or nothing but noise below zero.
    """
    needed = family.parameter_count - int(slowest_held) - int(belief is not None)
    if times_s.size < needed:
        raise FitError(
            f"{times_s.size} time points can't determine {needed} parameters ({family.name})",
            remedy="choose a simpler model, or add time points",
        )
    if np.count_nonzero(activity_bq > 0) < min(2, needed):
        raise FitError("fewer than two activities are positive", remedy="check the VOI, or exclude the curve")
    fit = _known_fit if kept else _known_fit.__wrapped__
    return fit(
        family,
        ExactNumbers.of(times_s),
        ExactNumbers.of(activity_bq),
        ExactNumbers.of(weights),
        smallest_decay_constant_per_s,
        slowest_held,
        belief,
    )


# An edit of one VOI leaves the points of most others as they are: their curves are known.
@functools.lru_cache(maxsize=1024)
def _known_fit(
    family: ExponentialFamily,
    times: ExactNumbers,
    activity: ExactNumbers,
    weighted: ExactNumbers,
    smallest_decay_constant_per_s: float,
    slowest_held: bool,
    belief: RateBelief | None,
) -> FamilyFit:
    times_s, activity_bq, weights = times.array(), activity.array(), weighted.array()
    time_scale = float(times_s[-1])
    activity_scale = float(np.abs(activity_bq).max())
    problem = _Problem(
        times_s / time_scale,
        activity_bq / activity_scale,
        weights * activity_scale**2,
        smallest_decay_constant_per_s * time_scale,
        slowest_held,
        None if belief is None else replace(belief, ln_rate=belief.ln_rate + math.log(time_scale)),
    )
    found = _fit_scaled(family, problem)
    scale = np.full(found.natural.size, 1 / time_scale)
    scale[: found.family.decays] = activity_scale
    unbounded = found.unbounded_decay_constant_per_s
    return replace(
        found,
        natural=read_only(found.natural * scale),
        times_s=times_s,
        weights=weights,
        unbounded_decay_constant_per_s=None if unbounded is None else unbounded / time_scale,
        other_minima=tuple((read_only(natural * scale), excess) for natural, excess in found.other_minima),
    )


def _fit_scaled(family: ExponentialFamily, problem: _Problem) -> FamilyFit:
    if family is MONO:
        return _fit_mono(problem)
    t, lowest = problem.t, problem.lowest
    first = float(t[t > 0][0])
    highest_fast = math.log(_LARGEST_BACK_EXTRAPOLATION) / first
    highest_uptake = -math.log(_SMALLEST_UPTAKE_REMAINDER) / first
    starts = _grid_starts(family, problem, highest_fast, highest_uptake)
    if starts is None:
        smaller = _WITHOUT_FASTEST_PHASE.get(family) or _WITHOUT_UPTAKE[family]
        phase = "fast phase" if family in _WITHOUT_FASTEST_PHASE else "uptake phase"
        return _smaller(smaller, phase, problem)
    m = family.decays
    slowest = 2 * m - 1
    (cost, natural), *others = _searched(family, problem, starts, highest_fast, highest_uptake)
    if _uptake_unseen(family, natural, highest_uptake):
        return _smaller(_WITHOUT_UPTAKE[family], "uptake phase", problem)
    if _second_phase_unseen(family, natural, t):
        return _smaller(_WITHOUT_FASTEST_PHASE[family], "fast phase", problem)
    other_minima = tuple(
        (other, other_cost - cost)
        for other_cost, other in others
        if not (_uptake_unseen(family, other, highest_uptake) or _second_phase_unseen(family, other, t))
    )
    fixed = {slowest} if natural[slowest] <= lowest * (1 + _AT_BOUND) else set()
    if m == 2 and natural[2] >= highest_fast * (1 - _ROUNDING):
        fixed.add(2)
    if slowest in fixed and natural[slowest] > lowest:
        # Within a thousandth of its bound it can't be told from it.
        _, natural = _searched(family, replace(problem, slow_held=True), starts, highest_fast, highest_uptake)[0]
    names = family.parameter_names
    fixed_names = tuple(names[number] for number in sorted(fixed))
    return FamilyFit(family, natural, problem.t, problem.w, fixed_names, other_minima=other_minima)


def _uptake_unseen(family: ExponentialFamily, natural: FloatArray, highest_uptake: float) -> bool:
    return family.uptake and bool(natural[2 * family.decays] >= highest_uptake * (1 - _ROUNDING))


def _second_phase_unseen(family: ExponentialFamily, natural: FloatArray, t: FloatArray) -> bool:
    """Whether one of two falling phases adds nothing at the first point, or both are one."""
    if family.decays == 1:
        return False
    seen = natural[0] * math.exp(-natural[2] * t[0]) > _UNSEEN_AMPLITUDE
    return bool(not seen or natural[2] / natural[3] - 1 < _SAME_PHASE or natural[1] < _UNSEEN_AMPLITUDE * natural[0])


def _smaller(family: ExponentialFamily, unseen: str, problem: _Problem) -> FamilyFit:
    found = _fit_scaled(family, problem)
    return replace(found, unseen_phases=(unseen, *found.unseen_phases))


def _fit_mono(problem: _Problem) -> FamilyFit:
    t, y, w, lowest = problem.t, problem.y, problem.w, problem.lowest
    if problem.slow_held:
        _, amplitude = variable_projection.mono_cost(problem.plain, lowest)
        return FamilyFit(MONO, np.array([_positive(amplitude), lowest]), t, w, ("decay_constant_per_s",))
    if problem.belief is not None:
        start = math.exp(problem.belief.ln_rate)
    else:
        # Logarithms of the points, weighted as their errors transform, are the first guess.
        positive = y > 0
        lw = w[positive] * y[positive] ** 2
        lt, ly = t[positive], np.log(y[positive])
        mean_t, mean_y = float(lw @ lt / lw.sum()), float(lw @ ly / lw.sum())
        start = -float(lw @ ((lt - mean_t) * (ly - mean_y)) / (lw @ (lt - mean_t) ** 2))
    first = float(t[t > 0][0])
    highest = min(_FASTEST_OVER_SPAN, math.log(_LARGEST_SINGLE_BACK_EXTRAPOLATION) / first)
    highest = max(highest, math.log(_LARGEST_BACK_EXTRAPOLATION) / first)
    rate, amplitude, unbounded = variable_projection.best_mono(problem.plain, start, lowest=lowest, highest=highest)
    if rate > highest:
        raise FitError(
            "the points fall so fast that drawing them back to time zero would invent the integral",
            remedy="add an early scan, check the points, or use the log-trapezoid",
        )
    natural = np.array([_positive(amplitude), rate])
    if rate > lowest:
        return FamilyFit(MONO, natural, t, w)
    return FamilyFit(MONO, natural, t, w, ("decay_constant_per_s",), unbounded_decay_constant_per_s=unbounded)


def _positive(amplitude: float) -> float:
    if amplitude <= 0:
        raise FitError("the activities average to nothing above zero", remedy="check the VOI, or exclude the curve")
    return amplitude


@functools.cache
def _grid_combinations(size: int, constants: int, slow_held: bool) -> NDArray[np.intp]:
    """Index combinations, slowest first; of a held slowest phase (column 0) all are alike."""
    if slow_held:
        return np.array([(0, *chosen) for chosen in itertools.combinations(range(size), constants - 1)])
    return np.array(list(itertools.combinations(range(size), constants)))


def _grid_rates(family: ExponentialFamily, problem: _Problem, highest: float, highest_uptake: float) -> FloatArray:
    """Rates of the search grid, ascending.

    With two falling phases the rates of the best single one are among them: wherever a second phase improves that
    curve, the grid then shows it with a positive amplitude, which between two coarse rates it need not.
    """
    lowest = problem.lowest
    size = _GRID_POINTS[family.decays + int(family.uptake)]
    values = lowest * 1.02 * (0.9 * highest / (lowest * 1.02)) ** (np.arange(size) / (size - 1))
    if family.decays == 1:
        return values
    if family.uptake:
        starts = _grid_starts(UPTAKE, problem, highest, highest_uptake)
        single = (
            [] if starts is None else _searched(UPTAKE, problem, starts, highest, highest_uptake)[0][1][1:].tolist()
        )
    elif problem.slow_held:
        single = []
    else:
        start = 1.0 if problem.belief is None else math.exp(problem.belief.ln_rate)
        single = [variable_projection.best_mono(problem.plain, start, lowest=lowest, highest=highest)[0]]
    return np.sort(np.concatenate((values, single)))


def _grid_starts(
    family: ExponentialFamily, problem: _Problem, highest_fast: float, highest_uptake: float
) -> FloatArray | None:
    """Decay constants, slowest first, of the minima of a grid with positive amplitudes, or None.

    Shape (n_starts, n_constants), the best one first. Two falling phases have several minima as a rule (a slow phase
    near physical decay, or a fast one that ends after the first points), and the best points of the grid may all lie
    about one of them, hence a start at each.
    """
    t, y, w, lowest = problem.t, problem.y, problem.w, problem.lowest
    m = family.decays
    top = highest_uptake if family.uptake else highest_fast
    if top <= lowest * 1.1:
        return None
    values = _grid_rates(family, problem, top, highest_uptake)
    places = _grid_combinations(values.size, m + int(family.uptake), problem.slow_held)
    if m == 2:
        places = places[values[places[:, 1]] < highest_fast]
    chosen = values[places]
    shapes = np.exp(-np.multiply.outer(values, t))[places]
    if problem.slow_held:
        chosen[:, 0] = lowest
        shapes[:, 0] = np.exp(-lowest * t)
    basis = shapes[:, :m] - shapes[:, m : m + 1] if family.uptake else shapes[:, :m]
    weighted = basis * w
    gram = weighted @ basis.transpose(0, 2, 1)
    right = weighted @ y
    if m == 1:
        amplitudes = right / gram[:, 0]
    else:
        determinant = gram[:, 0, 0] * gram[:, 1, 1] - gram[:, 0, 1] ** 2
        usable = determinant > 1e-12 * gram[:, 0, 0] * gram[:, 1, 1]
        determinant = np.where(usable, determinant, np.inf)
        slow = (gram[:, 1, 1] * right[:, 0] - gram[:, 0, 1] * right[:, 1]) / determinant
        fast = (gram[:, 0, 0] * right[:, 1] - gram[:, 0, 1] * right[:, 0]) / determinant
        amplitudes = np.column_stack((slow, fast))
    residual = y - (amplitudes[:, :, None] * basis).sum(axis=1)
    chi_squared = (w * residual**2).sum(axis=1)
    if problem.belief is not None and not problem.slow_held:
        away = (np.log(chosen[:, 0]) - problem.belief.ln_rate) / problem.belief.ln_standard_deviation
        chi_squared = chi_squared + away**2
    chi_squared[~(amplitudes > 0).all(axis=1)] = np.inf
    if m == 2:
        chi_squared = _minima_of_grid(chi_squared, places, values.size)
    best = chi_squared.argsort()[:_STARTS] if m == 2 else np.array([chi_squared.argmin()])
    best = best[np.isfinite(chi_squared[best])]
    return chosen[best] if best.size else None


def _minima_of_grid(chi_squared: FloatArray, places: NDArray[np.intp], size: int) -> FloatArray:
    """The same where no neighbour of a combination is smaller, elsewhere infinite."""
    table = np.full((size,) * places.shape[1], np.inf)
    table[tuple(places.T)] = chi_squared
    smallest = minimum_filter(table, size=3, mode="constant", cval=np.inf)[tuple(places.T)]
    return np.where(chi_squared <= smallest, chi_squared, np.inf)


def _searched(
    family: ExponentialFamily, problem: _Problem, starts: FloatArray, highest_fast: float, highest_uptake: float
) -> list[tuple[float, FloatArray]]:
    """Sum of squares and natural parameters of the minima found within the bounds, the smallest first."""
    if family is UPTAKE:
        amplitude, slow, fast = variable_projection.uptake_minimum(
            problem.plain,
            (float(starts[0, 0]), float(starts[0, 1])),
            lowest=problem.lowest,
            ratio=_SMALLEST_UPTAKE_RATIO,
            held=problem.lowest if problem.slow_held else None,
            highest=highest_uptake,
        )
        # One search, one minimum: nothing to compare its sum of squares with.
        return [(0.0, np.array([amplitude, slow, fast]))]
    belief = None if problem.slow_held else problem.belief
    minima = two_phase_search.two_phase_minima(
        two_phase_search.TwoPhaseProblem(
            problem.t,
            problem.y,
            problem.w,
            family.uptake,
            problem.lowest,
            highest_fast,
            highest_uptake,
            _SMALLEST_UPTAKE_RATIO,
            problem.slow_held,
            None if belief is None else (belief.ln_rate, belief.ln_standard_deviation**-2),
        ),
        starts,
    )
    return [(cost, np.concatenate((amplitudes[::-1], rates[1::-1], rates[2:]))) for cost, rates, amplitudes in minima]
