"""Uncertainty of a fitted time-integrated activity: covariance of the parameters, other models, unseen phases."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

from dosimetry_core.errors import DosimetryError, FitError
from dosimetry_core.frozen import ExactNumbers, FrozenMap
from dosimetry_core.kinetics import selection
from dosimetry_core.kinetics.covariance import NormalEquations, sandwich_covariance, variance_inflation
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.exponential_fit import FamilyFit, RateBelief, fit_family
from dosimetry_core.kinetics.integrate import Tail as TrapezoidTail
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.models import BI, MONO, UPTAKE, ExponentialFamily
from dosimetry_core.kinetics.result import ExponentialShape, Shape
from dosimetry_core.kinetics.weighting import FittedPoints
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import SECONDS_PER_HOUR

FloatArray = NDArray[np.float64]

# The unseen phase before the first point may hold between half and one and a half times what the model says
# (a straight line from zero against a decaying early phase): a rectangular distribution of that half-width.
EARLY_PHASE_RELATIVE_UNCERTAINTY: Final = 0.5 / math.sqrt(3)
# Two defensible models are the ends of a rectangular distribution centred on the chosen one.
MODEL_DIFFERENCE_TO_STANDARD_UNCERTAINTY: Final = 1 / math.sqrt(3)
# Without a late scan the half-life after the last one is not seen; over patients it varies by about this much.
LATE_PHASE_RELATIVE_UNCERTAINTY: Final = 0.25
# Methods 2.4 (Guerriero 2013): sampling must reach this time, else the extrapolation model decides the dose.
LATEST_SAMPLING_NEEDED_S: Final = {LU177: 100 * SECONDS_PER_HOUR, Y90: 70 * SECONDS_PER_HOUR}
# An alternative is plausible while χ² per degree of freedom is no more than this.
_PLAUSIBLE_REDUCED_CHI_SQUARED: Final = 4.0


@dataclass(frozen=True)
class FitTerms:
    """What else enters a fit than its points: a tail held at physical decay, a belief about the slowest rate."""

    tail_held: bool = False
    belief: RateBelief | None = None


def fit_with(points: FittedPoints, family: ExponentialFamily, terms: FitTerms, *, kept: bool = True) -> FamilyFit:
    """Best parameters of a family for the points; ``kept`` as for `fit_family`."""
    return fit_family(
        family,
        points.times_s,
        points.activity_bq,
        points.weights if terms.belief is None else points.believed_weights,
        smallest_decay_constant_per_s=points.slowest_per_s,
        slowest_held=terms.tail_held,
        belief=terms.belief,
        kept=kept,
    )


def unseen_late_fraction(curve: TimeActivityCurve, extrapolated_fraction: float) -> float:
    """The extrapolated fraction where the last included scan is too early to show the late phase, else 0."""
    needed = LATEST_SAMPLING_NEEDED_S.get(curve.nuclide, 0.0)
    return extrapolated_fraction if float(curve.fitted_times_s[-1]) < needed else 0.0


def model_standard_uncertainty_bq_s(
    time_integrated_activity_bq_s: float,
    before_first_point_fraction: float,
    alternatives: FrozenMap[str, Shape],
    *,
    unseen_late_fraction: float = 0.0,
) -> float:
    """Standard uncertainty by the choice of model and by the phases before the first and after the last point.

    The largest difference to a plausible other model is the half-width of a rectangular distribution; the unseen early
    part carries `EARLY_PHASE_RELATIVE_UNCERTAINTY` of itself, a tail that no late scan shows
    `LATE_PHASE_RELATIVE_UNCERTAINTY`.
    """
    differences = [
        abs(shape.time_integrated_activity_bq_s - time_integrated_activity_bq_s) for shape in alternatives.values()
    ]
    by_model = max(differences, default=0.0) * MODEL_DIFFERENCE_TO_STANDARD_UNCERTAINTY
    early = EARLY_PHASE_RELATIVE_UNCERTAINTY * before_first_point_fraction * time_integrated_activity_bq_s
    late = LATE_PHASE_RELATIVE_UNCERTAINTY * unseen_late_fraction * time_integrated_activity_bq_s
    return math.hypot(by_model, early, late)


def plausible_alternatives(
    points: FittedPoints, chosen: Shape, terms: FitTerms, chi_squared: float | None, degrees_of_freedom: int
) -> FrozenMap[str, Shape]:
    """Other models that describe the points: the trapezoid, and families that keep a degree of freedom."""
    found: dict[str, Shape] = {}
    own = chosen.family if isinstance(chosen, ExponentialShape) else None
    number = points.times_s.size
    if own is not None and number > 2 and points.activity_bq[-1] > 0 and points.activity_bq[-2] > 0:
        found["log-trapezoid"] = trapezoid_through(points)
    free = replace(terms, tail_held=False)
    limit = _PLAUSIBLE_REDUCED_CHI_SQUARED
    if chi_squared is not None and degrees_of_freedom > 0:
        limit = max(limit, chi_squared / degrees_of_freedom)
    for family in (MONO, UPTAKE, BI):
        freedom = number - family.parameter_count
        if freedom < 1 or (family is own and not terms.tail_held):
            continue
        try:
            other = fit_with(points, family, free)
        except DosimetryError:
            continue
        if other.family is not family or (family is not MONO and other.fixed):
            continue
        fitted, _ = other.at_points
        if points.uncertainty_bq is not None:
            reduced = float((((points.activity_bq - fitted) / points.uncertainty_bq) ** 2).sum()) / freedom
            if reduced > limit:
                continue
        found[family.name] = other.shape
    return FrozenMap(found)


def trapezoid_through(points: FittedPoints, tail: TrapezoidTail = "last-two-points") -> TrapezoidCurve:
    """The trapezoid through the points; the very same object for the same numbers.

    Raises
    ------
    FitError
        With fewer than two points, or a last activity that is not positive.
    """
    times, activity = ExactNumbers.of(points.times_s), ExactNumbers.of(points.activity_bq)
    return _known_trapezoid(times, activity, points.slowest_per_s, tail)


@functools.lru_cache(maxsize=256)
def _known_trapezoid(
    times: ExactNumbers, activity: ExactNumbers, slowest_per_s: float, tail: TrapezoidTail
) -> TrapezoidCurve:
    return TrapezoidCurve(times.array(), activity.array(), slowest_per_s, tail=tail)


@dataclass(frozen=True, eq=False)
class FitCovariance:
    """Free parameters with their covariance, u(Ã) = √(gᵀVg), and χ² where the uncertainties' size is known."""

    names: tuple[str, ...]
    covariance: FloatArray
    time_integrated_activity_standard_uncertainty_bq_s: float
    chi_squared: float | None
    degrees_of_freedom: int


def fit_covariance(points: FittedPoints, found: FamilyFit, terms: FitTerms) -> FitCovariance:
    """Covariance of a fit's free parameters and what follows from it; a belief counts as one more point."""
    family, free = found.family, list(found.free)
    fitted, jacobian = found.at_points
    residual = points.activity_bq - fitted
    names = family.parameter_names
    weights = points.weights
    slow = 2 * family.decays - 1
    believed = terms.belief if names[slow] not in found.fixed else None
    freedom = points.times_s.size - len(free) + int(believed is not None)
    if points.uncertainty_bq is None:
        if freedom < 1:
            raise FitError(
                f"{points.times_s.size} points leave no degree of freedom to scale relative weights by",
                remedy="choose proportional weights, or give measured uncertainties",
            )
        variances = float((weights * residual**2).sum()) / freedom / weights
        chi_squared, inflation = None, 1.0
    else:
        variances = points.uncertainty_bq**2
        chi_squared = float((residual**2 / variances).sum())
        if believed is not None:
            weights = points.believed_weights
            away = (math.log(found.natural[slow]) - believed.ln_rate) / believed.ln_standard_deviation
            chi_squared += away**2
        inflation = variance_inflation(chi_squared, freedom)
    variances = variances * inflation
    # Without a belief the weights are those of the fit.
    equations = found.normal_equations if terms.belief is None else None
    if believed is not None:
        row = np.zeros(family.parameter_count)
        row[slow] = 1 / found.natural[slow]
        jacobian = np.vstack((jacobian, row))
        weights = np.append(weights, believed.ln_standard_deviation**-2)
        variances = np.append(variances, believed.ln_standard_deviation**2)
    gradient = found.shape.time_integrated_activity_gradient
    covariance = (equations or NormalEquations.of(jacobian[:, free], weights)).covariance(variances)
    spread = float(gradient[free] @ covariance @ gradient[free])
    if not terms.tail_held and "decay_constant_per_s" in found.fixed and len(names) <= points.times_s.size:
        # A constant at its bound may still lie off it: u(Ã) keeps its spread, although its own standard error is void.
        full = sandwich_covariance(jacobian, weights, variances)
        place = names.index("decay_constant_per_s")
        off_bound = _one_sided_variance(found, full[place, place], found.natural[place])
        spread += max(float(gradient @ full @ gradient) - spread, 0.0) * off_bound
    return FitCovariance(
        tuple(names[number] for number in free), covariance, math.sqrt(max(spread, 0.0)), chi_squared, freedom
    )


def minima_by_chi_squared(
    points: FittedPoints, found: FamilyFit, terms: FitTerms, known: FitCovariance
) -> list[tuple[FloatArray, float]]:
    """The other minima of a fit, with what they add to χ²; scatter beyond the believed uncertainties counts as noise.

    Their sum of squares is scaled until the weights are on average 1/u²; where the size of the uncertainties is not
    known, until χ² is the number of degrees of freedom.
    """
    if not found.other_minima:
        return []
    fitted, _ = found.at_points
    if points.uncertainty_bq is None:
        squares = float((points.weights * (points.activity_bq - fitted) ** 2).sum())
        if squares == 0:
            return []
        scale = known.degrees_of_freedom / squares
    else:
        scale = 1 / variance_inflation(known.chi_squared or 0.0, known.degrees_of_freedom)
        if terms.belief is None:
            scale *= float((points.believed_weights / points.weights)[0])
    return [(natural, excess * scale) for natural, excess in found.other_minima]


def _one_sided_variance(found: FamilyFit, variance: float, bound: float) -> float:
    """Mean square distance from its bound of a constant that can lie on one side only, over the free variance.

    For a normal distribution whose centre lies k standard deviations beyond the bound, cut there:
    1 + k² − k h(k), h = density/(1 − distribution); 1 for k = 0, towards 0 the further beyond.
    """
    if found.unbounded_decay_constant_per_s is None or variance <= 0:
        return 1.0
    k = max((bound - found.unbounded_decay_constant_per_s) / math.sqrt(variance), 0.0)
    hazard = math.sqrt(2 / math.pi) / float(erfcx(k / math.sqrt(2)))
    return max(1 + k**2 - k * hazard, 0.0)


def information_criterion(
    points: FittedPoints, found: FamilyFit, terms: FitTerms, chi_squared: float | None
) -> float | None:
    """AICc of a fit; None where it is not defined, and with a belief, which it does not know."""
    if terms.belief is not None:
        return None
    number, parameters = points.times_s.size, found.family.parameter_count - int(terms.tail_held)
    if chi_squared is not None:
        return selection.corrected_information_criterion(chi_squared, number, parameters)
    fitted, _ = found.at_points
    squares = float((points.weights * (points.activity_bq - fitted) ** 2).sum())
    return selection.corrected_information_criterion_unknown_scale(squares, number, parameters)
