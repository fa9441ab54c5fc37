"""Sums of exponentials as plain functions, with analytic integrals and derivatives (methods 2.1).

One family covers every model: ``decays`` falling exponentials, and optionally one uptake term that makes A(0) = 0::

    A(t) = Σ A_i (exp(−λ_i t) − [uptake] exp(−λ_u t)),     λ_u > λ_fast > λ_slow ≥ λ_physical

The vector of natural parameters is (A_1 … A_m, λ_1 … λ_m, [λ_u]), fast terms first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ExponentialTerm:
    """One term A exp(−λ t) of a time–activity curve; the amplitude of an uptake term is negative."""

    amplitude_bq: float
    decay_constant_per_s: float


@dataclass(frozen=True)
class ExponentialFamily:
    """How many falling exponentials, and whether the curve starts at zero."""

    name: str
    decays: int
    uptake: bool

    @property
    def parameter_count(self) -> int:
        """Number of free parameters."""
        return 2 * self.decays + int(self.uptake)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the natural parameters, in vector order, units included."""
        phases = ("",) if self.decays == 1 else ("fast_", "slow_")
        names = [f"{phase}amplitude_bq" for phase in phases] + [f"{phase}decay_constant_per_s" for phase in phases]
        return tuple(names + (["uptake_constant_per_s"] if self.uptake else []))

    def terms(self, natural: Sequence[float] | FloatArray) -> tuple[ExponentialTerm, ...]:
        """Exponential terms of a parameter vector, the uptake term last."""
        m = self.decays
        terms = [ExponentialTerm(float(natural[i]), float(natural[m + i])) for i in range(m)]
        if self.uptake:
            terms.append(ExponentialTerm(-sum(float(natural[i]) for i in range(m)), float(natural[2 * m])))
        return tuple(terms)

    def activity_and_jacobian(self, natural: FloatArray, times_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """A(t), shape (n_times,), and ∂A/∂parameter, shape (n_times, n_parameters)."""
        m = self.decays
        amplitudes = natural[:m]
        decays = np.exp(-np.multiply.outer(times_s, natural[m : 2 * m]))
        jacobian = np.empty((times_s.size, self.parameter_count))
        jacobian[:, m : 2 * m] = -times_s[:, None] * decays * amplitudes
        if self.uptake:
            rise = np.exp(-natural[2 * m] * times_s)
            decays = decays - rise[:, None]
            jacobian[:, 2 * m] = times_s * rise * amplitudes.sum()
        jacobian[:, :m] = decays
        return decays @ amplitudes, jacobian

    def time_integrated_activity_and_gradient(self, natural: FloatArray) -> tuple[float, FloatArray]:
        """Ã = Σ A_i (1/λ_i − [1/λ_u]) and its gradient by the natural parameters."""
        m = self.decays
        amplitudes, constants = natural[:m], natural[m : 2 * m]
        means = 1.0 / constants
        gradient = np.empty(self.parameter_count)
        gradient[m : 2 * m] = -amplitudes / constants**2
        if self.uptake:
            means = means - 1.0 / natural[2 * m]
            gradient[2 * m] = amplitudes.sum() / natural[2 * m] ** 2
        gradient[:m] = means
        return float(amplitudes @ means), gradient

    def with_other_decay(self, natural: FloatArray, change_per_s: float, factor: float) -> FloatArray:
        """Natural parameters with every decay constant changed and every amplitude scaled (methods 5)."""
        changed = natural + change_per_s
        changed[: self.decays] = natural[: self.decays] * factor
        return changed


MONO: Final = ExponentialFamily("mono-exponential", 1, False)
BI: Final = ExponentialFamily("bi-exponential", 2, False)
UPTAKE: Final = ExponentialFamily("bi-exponential-uptake", 1, True)
TRI_UPTAKE: Final = ExponentialFamily("tri-exponential-uptake", 2, True)
FAMILIES: Final = {family.name: family for family in (MONO, BI, UPTAKE, TRI_UPTAKE)}


def activity_bq(terms: Sequence[ExponentialTerm], times_s: FloatArray) -> FloatArray:
    """A(t) = Σ A_i exp(−λ_i t) at times ≥ 0, shape of ``times_s``."""
    times = np.asarray(times_s, dtype=np.float64)
    total = np.zeros(times.shape)
    for term in terms:
        total += term.amplitude_bq * np.exp(-term.decay_constant_per_s * times)
    return total


def time_integrated_activity_bq_s(
    terms: Sequence[ExponentialTerm], *, begin_s: float = 0.0, end_s: float = math.inf
) -> float:
    """Ã = Σ A_i (exp(−λ_i begin) − exp(−λ_i end)) / λ_i; over all time by default."""
    return sum(
        term.amplitude_bq
        * (math.exp(-term.decay_constant_per_s * begin_s) - math.exp(-term.decay_constant_per_s * end_s))
        / term.decay_constant_per_s
        for term in terms
    )


def share_of_slowest_term(terms: Sequence[ExponentialTerm]) -> float:
    """Part of the time-integrated activity that the slowest exponential contributes."""
    slowest = min(terms, key=lambda term: term.decay_constant_per_s)
    return slowest.amplitude_bq / slowest.decay_constant_per_s / time_integrated_activity_bq_s(terms)


def uptake_peak_time_s(decay_constant_per_s: float, uptake_constant_per_s: float) -> float:
    """Time of the maximum of exp(−λ_e t) − exp(−λ_u t): ln(λ_u/λ_e)/(λ_u − λ_e)."""
    return math.log(uptake_constant_per_s / decay_constant_per_s) / (uptake_constant_per_s - decay_constant_per_s)
