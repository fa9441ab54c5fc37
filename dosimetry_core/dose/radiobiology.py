"""Biologically effective dose from the dose-rate history (methods 6.3).

For one cycle and one tissue BED is a quadratic form of the nuclides' absorbed doses, D + Σ q_nm D_n D_m; its
coefficients rest on the shapes of the curves alone (`protraction_per_gy`), so a plan for other activities can use them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.models import ExponentialTerm
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.nuclide import decay_constant_per_s
from dosimetry_core.units import SECONDS_PER_HOUR

EQD2_FRACTION_GY: Final = 2.0


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

    def to_json(self) -> dict[str, float | str]:
        """As results.json has it, beside every BED."""
        return {
            "alpha_beta_gy": self.alpha_beta_gy,
            "repair_half_life_s": self.repair_half_life_s,
            "source": self.source,
        }


ProtractionPerGy = FrozenMap[str, FrozenMap[str, float]]
"""q_nm by nuclide and nuclide, symmetric, in 1/Gy: BED = Σ D_n + Σ_n Σ_m q_nm D_n D_m."""

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


def eqd2_gy(bed_gy: float, *, alpha_beta_gy: float) -> float:
    """Dose in fractions of 2 Gy with the same effect: BED/(1 + 2 Gy/(α/β))."""
    return bed_gy / (1 + EQD2_FRACTION_GY / alpha_beta_gy)


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


def protraction_integral_gy2(
    earlier: Sequence[DoseRateTerm], later: Sequence[DoseRateTerm], *, delay_s: float, repair_half_life_s: float
) -> float:
    """∫∫ R_a(t) R_b(t') exp(−µ |t − t'|) dt dt' of two dose rates, the second beginning ``delay_s`` after the first.

    Notes
    -----
    By pairs of terms, e = exp(−λ_a δ): what a's damage adds while b goes on,
    r_a r_b (e/(λ_a + λ_b) − exp(−µδ)/(µ + λ_b))/(µ − λ_a), and what b's damage adds while a goes on,
    r_a r_b e/((λ_a + λ_b)(λ_a + µ)). Without delay both together are r_a r_b (1/(λ_a + µ) + 1/(λ_b + µ))/(λ_a + λ_b).
    """
    if delay_s < 0:
        raise ValueError("the second dose rate begins after the first")
    repair = decay_constant_per_s(repair_half_life_s)
    total = 0.0
    for one in earlier:
        a = one.decay_constant_per_s
        left = math.exp(-a * delay_s)
        for other in later:
            b = other.decay_constant_per_s
            product = one.absorbed_dose_rate_gy_per_s * other.absorbed_dose_rate_gy_per_s
            # (exp(−aδ) − exp(−µδ))/(µ − a), right where µ = a too.
            difference = repair - a
            early = left * (-math.expm1(-difference * delay_s) / difference if difference else delay_s)
            first = (left / (a + b) + early) / (repair + b)
            second = left / ((a + b) * (a + repair))
            total += product * (first + second)
    return total


@dataclass(frozen=True, eq=False)
class NuclideDoseRate:
    """Dose rate of one nuclide in one region: its fit times a factor.

    ``absorbed_dose_per_time_integrated_activity_gy_per_bq_s`` turns activity into dose rate; ``start_s`` is the time
    zero of its curve after any common instant.
    """

    fit: FitResult
    absorbed_dose_per_time_integrated_activity_gy_per_bq_s: float
    start_s: float = 0.0


def protraction_per_gy(
    dose_rates: Mapping[str, NuclideDoseRate], radiosensitivity: Radiosensitivity
) -> ProtractionPerGy:
    """Coefficients q_nm of BED = Σ D_n + Σ q_nm D_n D_m of one cycle, both nuclides of a tandem in one sum.

    Notes
    -----
    q_nm = ∫∫ R_n(t) R_m(t') exp(−µ|t − t'|) dt dt'/(D_n D_m α/β), so Σ q_nm D_n D_m = G D²/(α/β). Closed form where
    both curves are sums of exponentials; a piecewise curve is sampled finely to thirty half-lives.
    """
    table: dict[str, dict[str, float]] = {name: {} for name in dose_rates}
    names = list(dose_rates)
    for position, name in enumerate(names):
        for other in names[position:]:
            q = _pair(dose_rates[name], dose_rates[other], radiosensitivity.repair_half_life_s)
            table[name][other] = table[other][name] = q / radiosensitivity.alpha_beta_gy
    return FrozenMap({name: FrozenMap(row) for name, row in table.items()})


def _pair(one: NuclideDoseRate, other: NuclideDoseRate, repair_half_life_s: float) -> float:
    """∫∫ R_n R_m exp(−µ|t − t'|)/(D_n D_m)."""
    first, second = (one, other) if one.start_s <= other.start_s else (other, one)
    delay = second.start_s - first.start_s
    if first.fit.terms and second.fit.terms:
        terms = [dose_rate_terms(part.fit.terms, 1.0) for part in (first, second)]
        integral = protraction_integral_gy2(*terms, delay_s=delay, repair_half_life_s=repair_half_life_s)
        return integral / (absorbed_dose_gy(terms[0]) * absorbed_dose_gy(terms[1]))
    times = _sampling_times_s((first, 0.0), (second, delay))
    rates = []
    for part, start in ((first, 0.0), (second, delay)):
        rate = np.where(times >= start, part.fit.activity_bq(np.maximum(times - start, 0.0)), 0.0)
        rates.append(rate / np.trapezoid(rate, times))
    factor = [
        lea_catcheside_factor_of_samples(times, rate, repair_half_life_s=repair_half_life_s)
        for rate in (rates[0], rates[1], (rates[0] + rates[1]) / 2)
    ]
    # Of unit doses: the double integral of a sum is that of its parts and twice the mixed one.
    return (4 * factor[2] - factor[0] - factor[1]) / 2


def _sampling_times_s(*parts: tuple[NuclideDoseRate, float]) -> NDArray[np.float64]:
    """Times that follow every curve closely, from 0 on; dense after each beginning."""
    grids = []
    for part, start in parts:
        first = max(float(part.fit.curve.fitted_times_s[0]), SECONDS_PER_HOUR)
        last = 30 * part.fit.effective_half_life_s
        inner = np.linspace(0.0, first, 80, endpoint=False)
        grids.append(start + np.concatenate((inner, np.geomspace(first, last, 1200))))
    return np.unique(np.concatenate(grids))


def bed_of_doses_gy(absorbed_dose_by_nuclide_gy: Mapping[str, float], quadratic: ProtractionPerGy) -> float:
    """BED = Σ D_n + Σ_n Σ_m q_nm D_n D_m of one cycle.

    Raises
    ------
    ValueError
        If a coefficient is missing for nuclides that have a dose.
    """
    doses = {name: dose for name, dose in absorbed_dose_by_nuclide_gy.items() if dose}
    if not covers(quadratic, doses):
        raise ValueError(f"no protraction is known for {' with '.join(doses)}")
    return math.fsum(
        [*doses.values(), *(quadratic[n][m] * doses[n] * doses[m] for n in doses for m in doses)],
    )


def covers(quadratic: ProtractionPerGy, nuclides: Iterable[str]) -> bool:
    """Whether the coefficients of all pairs of these nuclides are known."""
    names = list(nuclides)
    return all(n in quadratic and all(m in quadratic[n] for m in names) for n in names)


def mean_protraction_per_gy(
    parts: Sequence[tuple[float, Mapping[str, float], ProtractionPerGy]],
) -> ProtractionPerGy:
    """Coefficients of an organ whose BED and doses are the means of its parts.

    Parameters
    ----------
    parts
        (mass in any unit, absorbed dose by nuclide, coefficients) of each part; all with the same nuclides.
    """
    mass = math.fsum(part[0] for part in parts)
    names = list(parts[0][1])
    mean = {n: math.fsum(m * doses[n] for m, doses, _ in parts) / mass for n in names}
    return FrozenMap(
        {
            n: FrozenMap(
                {
                    k: math.fsum(m * q[n][k] * doses[n] * doses[k] for m, doses, q in parts)
                    / (mass * mean[n] * mean[k])
                    for k in names
                }
            )
            for n in names
        }
    )
