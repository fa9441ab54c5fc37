"""Blood activity concentration after an infusion, and its time integral from the infusion's start (methods 4.3).

Times count from the **end** of the infusion. The fitted terms b_i exp(−λ_i t) are what remains of an impulse response
c_i exp(−λ_i t) after an infusion of length T_i at a constant rate: b_i = c_i (1 − exp(−λ_i T_i))/(λ_i T_i). The whole
time integral, the infusion included, is therefore Σ c_i/λ_i.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import Finding, MissingDataError
from dosimetry_core.frozen import read_only
from dosimetry_core.kinetics.covariance import (
    MISFIT_PROBABILITY,
    probability_of_worse_fit,
    sandwich_covariance,
    variance_inflation,
)
from dosimetry_core.kinetics.exponential_fit import FamilyFit, fit_family
from dosimetry_core.kinetics.models import BI, MONO
from dosimetry_core.nuclide import decay_constant_per_s, half_life_s, nuclide
from dosimetry_core.units import HOUR, PERCENT

FloatArray = NDArray[np.float64]

SAMPLES_EXPECTED: Final = 5
"""5, 10 and 40 min, 4 and 24 h after the end of the infusion (methods 4.3)."""
NOMINAL_RELATIVE_UNCERTAINTY: Final = 0.05
# Beyond the last sample a slower phase, which five samples can't show, may hold as much again (published marrow doses
# rise by a third from bi- to tri-exponential blood curves): rectangular distribution of that half-width.
TAIL_RELATIVE_UNCERTAINTY: Final = 1.0 / math.sqrt(3)
TAIL_FRACTION_LIMIT: Final = 0.25
# The slow limit of a curve through three samples is the end of a rectangular distribution.
FORM_DIFFERENCE: Final = 1.0 / math.sqrt(3)
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class ConcentrationTerm:
    """One term b exp(−λ t) of the concentration after the end of the infusion."""

    amplitude_bq_per_ml: float
    decay_constant_per_s: float

    @property
    def effective_half_life_s(self) -> float:
        """Effective half-life of the phase."""
        return half_life_s(self.decay_constant_per_s)


def infusion_factor(decay_constant_per_s: float, infusion_s: float) -> float:
    """Ratio λT/(1 − exp(−λT)) of a phase's whole time integral to that after the end of the infusion."""
    x = decay_constant_per_s * infusion_s
    return 1.0 if x == 0 else -x / math.expm1(-x)


def time_integral_after_infusion_bq_s_per_ml(terms: Sequence[ConcentrationTerm], *, from_s: float = 0.0) -> float:
    """Σ b_i exp(−λ_i t)/λ_i: time integral after a time counted from the end of the infusion."""
    return sum(
        term.amplitude_bq_per_ml * math.exp(-term.decay_constant_per_s * from_s) / term.decay_constant_per_s
        for term in terms
    )


def time_integral_bq_s_per_ml(terms: Sequence[ConcentrationTerm], *, infusion_s: float) -> float:
    """Time integral from the start of the infusion: Σ (b_i/λ_i) λ_i T/(1 − exp(−λ_i T))."""
    return sum(
        time_integral_after_infusion_bq_s_per_ml((term,)) * infusion_factor(term.decay_constant_per_s, infusion_s)
        for term in terms
    )


def missed_fraction(terms: Sequence[ConcentrationTerm], *, infusion_s: float) -> float:
    """Part of the whole time integral that lies within the infusion and is lost without the correction."""
    return 1 - time_integral_after_infusion_bq_s_per_ml(terms) / time_integral_bq_s_per_ml(terms, infusion_s=infusion_s)


@dataclass(frozen=True, eq=False)
class BloodFit:
    """Fitted blood curve of one nuclide.

    Parameters
    ----------
    times_after_infusion_s, activity_concentration_bq_per_ml
        The samples, times from the end of the infusion, shape (n_samples,).
    included
        False for samples drawn during the infusion.
    terms
        After the end of the infusion, fast phase first.
    time_integral_bq_s_per_ml
        From the start of the infusion to infinity.
    tail_fraction
        Part of it after the last sample.
    missed_fraction
        Part of it before the end of the infusion.
    fit_standard_uncertainty_bq_s_per_ml, model_standard_uncertainty_bq_s_per_ml
        By the scatter of the samples, and by the tail beyond the last sample.
    identity_relative_standard_uncertainty
        Of a curve derived from another nuclide's; else 0.
    slowest_effective_half_life_s
        The cap of the slow phase that was used.
    bound_active
        Whether the slow phase lies on that cap.
    """

    nuclide: str
    infusion_s: float
    times_after_infusion_s: FloatArray
    activity_concentration_bq_per_ml: FloatArray
    included: NDArray[np.bool_]
    terms: tuple[ConcentrationTerm, ...]
    time_integral_bq_s_per_ml: float
    tail_fraction: float
    missed_fraction: float
    fit_standard_uncertainty_bq_s_per_ml: float
    model_standard_uncertainty_bq_s_per_ml: float
    identity_relative_standard_uncertainty: float
    slowest_effective_half_life_s: float
    bound_active: bool
    derived_from: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def time_integral_standard_uncertainty_bq_s_per_ml(self) -> float:
        """Standard uncertainty (k = 1) of the time integral."""
        identity = self.identity_relative_standard_uncertainty * self.time_integral_bq_s_per_ml
        return math.hypot(
            self.fit_standard_uncertainty_bq_s_per_ml, self.model_standard_uncertainty_bq_s_per_ml, identity
        )

    @property
    def fit_relative_standard_uncertainty(self) -> float:
        """Random relative standard uncertainty."""
        return self.fit_standard_uncertainty_bq_s_per_ml / self.time_integral_bq_s_per_ml

    @property
    def model_relative_standard_uncertainty(self) -> float:
        """Relative standard uncertainty by tail and identity assumption, alike in every cycle."""
        relative = self.model_standard_uncertainty_bq_s_per_ml / self.time_integral_bq_s_per_ml
        return math.hypot(relative, self.identity_relative_standard_uncertainty)

    def concentration_bq_per_ml(self, times_after_infusion_s: FloatArray) -> FloatArray:
        """Fitted concentration at times ≥ 0 after the end of the infusion."""
        times = np.asarray(times_after_infusion_s, dtype=np.float64)
        return np.asarray(
            sum(term.amplitude_bq_per_ml * np.exp(-term.decay_constant_per_s * times) for term in self.terms)
        )


def fit_blood_curve(
    times_after_infusion_s: FloatArray,
    activity_concentration_bq_per_ml: FloatArray,
    *,
    nuclide_name: str,
    infusion_s: float,
    relative_standard_uncertainty: FloatArray | float | None = None,
    whole_body_effective_half_life_s: float | None = None,
    place: str = "",
) -> BloodFit:
    """Fit a bi-exponential to blood samples and integrate it from the start of the infusion.

    With fewer than four samples a mono-exponential is fitted. Where it does not describe three samples, which can't
    tell two half-lives, a bi-exponential is drawn through them whose slow rate is held between its two limits: it falls
    no more slowly than allowed, and, as the curve bends upwards, no faster than the last two samples. The geometric
    mean of both is taken, and the difference to the slow limit is the half-width of a rectangular distribution.

    Parameters
    ----------
    times_after_infusion_s
        From the end of the infusion; samples before it are left out with a finding.
    relative_standard_uncertainty
        Of each sample, or of all; 5 % if unknown. Weights are proportional whatever it is.
    whole_body_effective_half_life_s
        Cap of both phases' effective half-lives; physical decay alone if None.

    Raises
    ------
    MissingDataError
        With fewer than two usable samples.
    """
    times = np.array(times_after_infusion_s, dtype=np.float64)
    values = np.array(activity_concentration_bq_per_ml, dtype=np.float64)
    if times.shape != values.shape or times.ndim != 1:
        raise ValueError("times and concentrations must have the same shape (n_samples,)")
    order = np.argsort(times)
    times, values = times[order], values[order]
    spread = np.broadcast_to(
        NOMINAL_RELATIVE_UNCERTAINTY if relative_standard_uncertainty is None else relative_standard_uncertainty,
        times.shape,
    )[order]
    included = (times >= 0) & (values > 0)
    if np.count_nonzero(included) < 2:
        raise MissingDataError(
            f"{np.count_nonzero(included)} usable blood sample(s) after the end of the infusion, two are needed",
            where=place,
            remedy="add samples, or leave the blood-based red marrow dose out",
        )
    t, y = times[included], values[included]
    cap = nuclide(nuclide_name).physical_half_life_s
    if whole_body_effective_half_life_s is not None:
        cap = min(cap, whole_body_effective_half_life_s)
    lowest = decay_constant_per_s(cap)
    family = BI if t.size >= BI.parameter_count else MONO
    found = fit_family(family, t, y, 1 / y**2, smallest_decay_constant_per_s=lowest)
    by_form = 0.0
    if t.size == BI.parameter_count - 1 and not _describes(found, t, y, y * spread[included]):
        last_fall = math.log(y[-2] / y[-1]) / float(t[-1] - t[-2])
        held, slowest = (
            fit_family(BI, t, y, 1 / y**2, smallest_decay_constant_per_s=rate, slowest_held=True)
            for rate in (math.sqrt(lowest * max(last_fall, lowest)), lowest)
        )
        if held.family is BI:
            found = held
            by_form = abs(_integral(held, infusion_s) - _integral(slowest, infusion_s)) * FORM_DIFFERENCE
    terms = _terms(found)
    total = time_integral_bq_s_per_ml(terms, infusion_s=infusion_s)
    tail = time_integral_after_infusion_bq_s_per_ml(terms, from_s=float(t[-1])) / total
    bound_active = terms[-1].decay_constant_per_s <= lowest * (1 + _ROUNDING)
    result = BloodFit(
        nuclide=nuclide_name,
        infusion_s=infusion_s,
        times_after_infusion_s=read_only(times),
        activity_concentration_bq_per_ml=read_only(values),
        included=read_only(included),
        terms=terms,
        time_integral_bq_s_per_ml=total,
        tail_fraction=tail,
        missed_fraction=missed_fraction(terms, infusion_s=infusion_s),
        fit_standard_uncertainty_bq_s_per_ml=_fit_uncertainty(found, t, y, y * spread[included], infusion_s),
        model_standard_uncertainty_bq_s_per_ml=math.hypot(TAIL_RELATIVE_UNCERTAINTY * tail * total, by_form),
        identity_relative_standard_uncertainty=0.0,
        slowest_effective_half_life_s=cap,
        bound_active=bound_active,
    )
    return replace(result, findings=_findings(result, found, place))


def _terms(found: FamilyFit) -> tuple[ConcentrationTerm, ...]:
    return tuple(
        ConcentrationTerm(term.amplitude_bq, term.decay_constant_per_s) for term in found.family.terms(found.natural)
    )


def _integral(found: FamilyFit, infusion_s: float) -> float:
    return time_integral_bq_s_per_ml(_terms(found), infusion_s=infusion_s)


def _describes(found: FamilyFit, t: FloatArray, y: FloatArray, u: FloatArray) -> bool:
    """Whether χ² is believable, or no sample lies more than 5 % off the curve."""
    fitted, _ = found.family.activity_and_jacobian(found.natural, t)
    freedom = t.size - found.family.parameter_count + len(found.fixed)
    chi_squared = float((((y - fitted) / u) ** 2).sum())
    if probability_of_worse_fit(chi_squared, freedom) >= MISFIT_PROBABILITY:
        return True
    return bool((np.abs(y - fitted) <= NOMINAL_RELATIVE_UNCERTAINTY * y).all())


def _fit_uncertainty(found: FamilyFit, t: FloatArray, y: FloatArray, u: FloatArray, infusion_s: float) -> float:
    family, natural = found.family, found.natural
    fitted, jacobian = family.activity_and_jacobian(natural, t)
    free = [number for number, name in enumerate(family.parameter_names) if name not in found.fixed]
    chi_squared = float((((y - fitted) / u) ** 2).sum())
    inflation = variance_inflation(chi_squared, t.size - len(free))
    covariance = sandwich_covariance(jacobian[:, free], 1 / y**2, u**2 * inflation)
    gradient = np.empty(family.parameter_count)
    m = family.decays
    for number in range(m):
        amplitude, constant = float(natural[number]), float(natural[m + number])
        share = infusion_factor(constant, infusion_s) / constant
        gradient[number] = share
        # d(T/(1 − e^{−λT}))/dλ, which is −1/λ² for T → 0.
        kept = math.exp(-constant * infusion_s)
        gradient[m + number] = -amplitude * (share**2 * kept if infusion_s else 1 / constant**2)
    return math.sqrt(max(float(gradient[free] @ covariance @ gradient[free]), 0.0))


def _findings(fit: BloodFit, found: FamilyFit, place: str) -> tuple[Finding, ...]:
    findings = []
    used = int(np.count_nonzero(fit.included))
    left_out = fit.included.size - used
    if left_out:
        text = f"{left_out} blood sample(s) drawn before the end of the infusion, or without activity, left out"
        findings.append(Finding("blood-sample-left-out", "warning", text, place))
    held = found.family is BI and used < BI.parameter_count
    if used < SAMPLES_EXPECTED:
        form = "a mono-exponential" if found.family is MONO else "a bi-exponential without degree of freedom"
        if held:
            form = "a mono-exponential does not describe them, so a bi-exponential between its limits"
        text = f"{used} blood samples instead of {SAMPLES_EXPECTED}: {form} was fitted"
        findings.append(Finding("few-blood-samples", "warning", text, place))
    elif found.unseen_phases:
        findings.append(
            Finding("blood-phase-not-seen", "warning", "the blood samples show a single exponential phase", place)
        )
    if fit.bound_active:
        text = (
            "the slow phase in blood was held at the longest effective half-life allowed, "
            f"{HOUR.text(fit.slowest_effective_half_life_s, digits=1)}"
        )
        findings.append(Finding("blood-slow-phase-capped", "warning", text, place))
    if fit.tail_fraction > TAIL_FRACTION_LIMIT:
        text = f"{PERCENT.text(fit.tail_fraction, digits=0)} of the time integral in blood lies after the last sample"
        findings.append(Finding("blood-tail-fraction", "warning", text, place))
    return tuple(findings)


def second_nuclide_blood_fit(
    fit: BloodFit,
    *,
    to_nuclide: str,
    administered_from_bq: float,
    administered_to_bq: float,
    infusion_s: float,
    identity_relative_standard_uncertainty: float,
) -> BloodFit:
    """Blood curve of a second nuclide with the same biodistribution, infused in its own time (methods 5).

    The impulse response's constants change by λ' − λ and its amplitudes by the ratio of administered activities.
    """
    change = nuclide(to_nuclide).decay_constant_per_s - nuclide(fit.nuclide).decay_constant_per_s
    factor = administered_to_bq / administered_from_bq
    terms = []
    for term in fit.terms:
        impulse = term.amplitude_bq_per_ml * infusion_factor(term.decay_constant_per_s, fit.infusion_s)
        constant = term.decay_constant_per_s + change
        terms.append(ConcentrationTerm(impulse * factor / infusion_factor(constant, infusion_s), constant))
    total = time_integral_bq_s_per_ml(terms, infusion_s=infusion_s)
    last = float(fit.times_after_infusion_s[fit.included][-1])
    tail = time_integral_after_infusion_bq_s_per_ml(terms, from_s=last) / total
    scale = factor * np.exp(-change * fit.times_after_infusion_s)
    return replace(
        fit,
        nuclide=to_nuclide,
        infusion_s=infusion_s,
        activity_concentration_bq_per_ml=read_only(fit.activity_concentration_bq_per_ml * scale),
        terms=tuple(terms),
        time_integral_bq_s_per_ml=total,
        tail_fraction=tail,
        missed_fraction=missed_fraction(terms, infusion_s=infusion_s),
        fit_standard_uncertainty_bq_s_per_ml=fit.fit_relative_standard_uncertainty * total,
        model_standard_uncertainty_bq_s_per_ml=math.hypot(
            TAIL_RELATIVE_UNCERTAINTY * tail, _form_relative_uncertainty(fit)
        )
        * total,
        identity_relative_standard_uncertainty=identity_relative_standard_uncertainty,
        slowest_effective_half_life_s=half_life_s(decay_constant_per_s(fit.slowest_effective_half_life_s) + change),
        derived_from=fit.nuclide,
        findings=(),
    )


def _form_relative_uncertainty(fit: BloodFit) -> float:
    """Part of the model uncertainty that is not the tail's: that of the form of the curve, of itself."""
    relative = fit.model_standard_uncertainty_bq_s_per_ml / fit.time_integral_bq_s_per_ml
    return math.sqrt(max(relative**2 - (TAIL_RELATIVE_UNCERTAINTY * fit.tail_fraction) ** 2, 0.0))
