"""Biologically effective dose from the dose-rate history (methods 6.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.kinetics.models import ExponentialTerm
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.nuclide import decay_constant_per_s
from dosimetry_core.units import SECONDS_PER_HOUR


@dataclass(frozen=True)
class DoseRateTerm:
    """One term r exp(−λ t) of the absorbed-dose rate; negative for an uptake."""

    absorbed_dose_rate_gy_per_s: float
    decay_constant_per_s: float


@dataclass(frozen=True)
class Radiosensitivity:
    """α/β and half-time of sublethal repair of a tissue, with its source."""

    alpha_beta_gy: float
    repair_half_life_s: float
    source: str


# Barone et al., J Nucl Med 2005;46(Suppl 1):99S–106S; MIRD 20, Wessels et al., J Nucl Med 2008;49:1884–1899
# (to be confirmed there before clinical use).
KIDNEY_RADIOSENSITIVITY = Radiosensitivity(2.5, 2.8 * SECONDS_PER_HOUR, "Barone 2005; MIRD 20 (Wessels 2008)")


def dose_rate_terms(
    activity_terms: Sequence[ExponentialTerm], absorbed_dose_per_time_integrated_activity_gy_per_bq_s: float
) -> tuple[DoseRateTerm, ...]:
    """Dose-rate terms of a curve whose absorbed dose per time-integrated activity is known."""
    return tuple(
        DoseRateTerm(
            term.amplitude_bq * absorbed_dose_per_time_integrated_activity_gy_per_bq_s, term.decay_constant_per_s
        )
        for term in activity_terms
    )


def absorbed_dose_gy(terms: Sequence[DoseRateTerm]) -> float:
    """D = Σ r_i/λ_i."""
    return sum(term.absorbed_dose_rate_gy_per_s / term.decay_constant_per_s for term in terms)


def mono_exponential_dose_rate(dose_gy: float, effective_half_life_s: float) -> DoseRateTerm:
    """Dose rate of a dose delivered mono-exponentially."""
    rate = decay_constant_per_s(effective_half_life_s)
    return DoseRateTerm(dose_gy * rate, rate)


def lea_catcheside_factor(terms: Sequence[DoseRateTerm], *, repair_half_life_s: float) -> float:
    """Dose-protraction factor G = (2/D²) Σ_i Σ_j r_i r_j/((λ_i + µ)(λ_i + λ_j)), µ = ln 2/T_rep.

    All nuclides of one infusion belong into one call. Limits: 0 for fast repair, 1 for none.
    """
    repair = decay_constant_per_s(repair_half_life_s)
    dose = absorbed_dose_gy(terms)
    if not dose > 0:
        raise ValueError("the absorbed dose must be positive")
    total = 0.0
    for one in terms:
        for other in terms:
            product = one.absorbed_dose_rate_gy_per_s * other.absorbed_dose_rate_gy_per_s
            constants = (one.decay_constant_per_s + repair) * (one.decay_constant_per_s + other.decay_constant_per_s)
            total += product / constants
    return 2 * total / dose**2


def bed_gy(terms: Sequence[DoseRateTerm], *, alpha_beta_gy: float, repair_half_life_s: float) -> float:
    """Biologically effective dose of one cycle, BED = D (1 + G D/(α/β)); both nuclides of a tandem in one call.

    Adding the nuclides' own BED leaves out their cross term and is too low. Cycles weeks apart add (full repair).
    """
    dose = absorbed_dose_gy(terms)
    return dose * (1 + lea_catcheside_factor(terms, repair_half_life_s=repair_half_life_s) * dose / alpha_beta_gy)


def absorbed_dose_for_bed_gy(target_bed_gy: float, *, lea_catcheside_factor: float, alpha_beta_gy: float) -> float:
    """Absorbed dose D with D + G D²/(α/β) = BED (the positive root)."""
    curvature = lea_catcheside_factor / alpha_beta_gy
    if curvature == 0:
        return target_bed_gy
    return (math.sqrt(1 + 4 * curvature * target_bed_gy) - 1) / (2 * curvature)


def lea_catcheside_factor_of_samples(
    times_s: NDArray[np.float64], absorbed_dose_rate_gy_per_s: NDArray[np.float64], *, repair_half_life_s: float
) -> float:
    """Dose-protraction factor of a sampled dose rate, straight between samples, nothing outside them.

    G = (2/D²) ∫ R(t) y(t) dt with y' = R − µ y, y(0) = 0; y is exact for straight stretches.
    """
    repair = decay_constant_per_s(repair_half_life_s)
    steps = np.diff(times_s)
    before, after = absorbed_dose_rate_gy_per_s[:-1], absorbed_dose_rate_gy_per_s[1:]
    slope = (after - before) / steps
    kept = np.exp(-repair * steps)
    # Particular solution of y' = a + b s − µ y: (a + b s)/µ − b/µ².
    level_start, level_end = before / repair - slope / repair**2, after / repair - slope / repair**2
    unrepaired = np.empty(times_s.size)
    unrepaired[0] = 0.0
    for number in range(steps.size):
        unrepaired[number + 1] = level_end[number] + (unrepaired[number] - level_start[number]) * kept[number]
    dose = float((steps * (before + after) / 2).sum())
    # Simpson's rule on each stretch, the middle value of y from its exact course.
    half = np.exp(-repair * steps / 2)
    middle_y = (level_start + level_end) / 2 + (unrepaired[:-1] - level_start) * half
    middle_rate = (before + after) / 2
    integrand = before * unrepaired[:-1] + 4 * middle_rate * middle_y + after * unrepaired[1:]
    return float(2 * (steps * integrand / 6).sum() / dose**2)


def bed_of_fits_gy(
    fits: Sequence[tuple[FitResult, float]], *, alpha_beta_gy: float, repair_half_life_s: float
) -> float:
    """BED of one cycle from the fitted curves of one organ.

    Parameters
    ----------
    fits
        For each nuclide of the infusion: its fit, and the absorbed dose per time-integrated activity of the organ
        (Gy/(Bq s)).

    Notes
    -----
    Closed form if every curve is a sum of exponentials; a trapezoid is sampled finely to thirty half-lives.
    """
    if all(fit.terms for fit, _ in fits):
        terms = [term for fit, factor in fits for term in dose_rate_terms(fit.terms, factor)]
        return bed_gy(terms, alpha_beta_gy=alpha_beta_gy, repair_half_life_s=repair_half_life_s)
    last = max(30 * fit.effective_half_life_s for fit, _ in fits)
    first = min(float(fit.curve.fitted_times_s[0]) for fit, _ in fits)
    inner = np.linspace(0.0, max(first, SECONDS_PER_HOUR), 80, endpoint=False)
    times = np.concatenate((inner, np.geomspace(max(first, SECONDS_PER_HOUR), last, 1200)))
    rate = np.sum([fit.activity_bq(times) * factor for fit, factor in fits], axis=0)
    factor = lea_catcheside_factor_of_samples(times, rate, repair_half_life_s=repair_half_life_s)
    dose = sum(fit.time_integrated_activity_bq_s * per_activity for fit, per_activity in fits)
    return dose * (1 + factor * dose / alpha_beta_gy)
