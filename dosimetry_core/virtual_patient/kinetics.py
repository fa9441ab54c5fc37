"""Kinetics of the demonstration patient: sums of exponentials per unit administered activity, in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from dosimetry_core.nuclide import Nuclide, decay_constant_per_s, half_life_s
from dosimetry_core.units import HOUR


def _infusion_factor(constant_per_s: float, infusion_s: float) -> float:
    """Mean of exp(λs) for s uniform within ± half an infusion: sinh(x)/x with x = λ · infusion/2."""
    x = constant_per_s * infusion_s / 2
    return math.sinh(x) / x if x > 0 else 1.0


@dataclass(frozen=True)
class ExponentialSum:
    """Activity of one compartment after a bolus, per unit administered activity: h(t) = Σ a_i exp(-λ_i t), t ≥ 0.

    Parameters
    ----------
    model
        ``bi-exponential`` or ``bi-exponential-uptake`` (the latter: a_2 = -a_1, so h(0) = 0).
    amplitudes
        a_i: fraction of the administered activity, or fraction per mL for a concentration.
    half_lives_s
        Effective half-lives of the terms.

    Notes
    -----
    The infusion: activity enters at a constant rate for a time T_inf around time zero (its middle), and each element of
    it counts as administered when it enters. By linearity the curve after the end of the infusion is then exactly
    Σ a_i sinh(λ_i T_inf/2)/(λ_i T_inf/2) exp(-λ_i t) with t from the middle, and the integral from the start of the
    infusion to infinity is exactly Σ a_i/λ_i, that of the bolus. A method that takes the curve as a bolus at the
    middle of the infusion is right to second order in λ T_inf.
    """

    model: str
    amplitudes: tuple[float, ...]
    half_lives_s: tuple[float, ...]

    @staticmethod
    def bi_exponential(first: tuple[float, float], second: tuple[float, float]) -> ExponentialSum:
        """Two falling terms, each (amplitude, effective half-life in s)."""
        return ExponentialSum("bi-exponential", (first[0], second[0]), (first[1], second[1]))

    @staticmethod
    def uptake(amplitude: float, effective_half_life_s: float, uptake_half_life_s: float) -> ExponentialSum:
        """A (exp(-λ_e t) - exp(-λ_u t)): nothing at time zero, uptake with λ_u, then clearance with λ_e < λ_u."""
        if not uptake_half_life_s < effective_half_life_s:
            raise ValueError("uptake must be faster than clearance")
        return ExponentialSum(
            "bi-exponential-uptake", (amplitude, -amplitude), (effective_half_life_s, uptake_half_life_s)
        )

    @property
    def constants_per_s(self) -> tuple[float, ...]:
        """Effective decay constants λ_i."""
        return tuple(decay_constant_per_s(half_life) for half_life in self.half_lives_s)

    def after_infusion(self, time_s: float, infusion_s: float) -> float:
        """Fraction present at a time after the middle of the infusion, not before its end."""
        if time_s < infusion_s / 2:
            raise ValueError("this curve holds after the end of the infusion only")
        return sum(
            a * _infusion_factor(c, infusion_s) * math.exp(-c * time_s)
            for a, c in zip(self.amplitudes, self.constants_per_s, strict=True)
        )

    def mean_over(self, begin_s: float, duration_s: float, infusion_s: float) -> float:
        """Mean fraction present during an acquisition that begins at a time after the middle of the infusion."""
        if begin_s < infusion_s / 2:
            raise ValueError("this curve holds after the end of the infusion only")
        return sum(
            a
            * _infusion_factor(c, infusion_s)
            * math.exp(-c * begin_s)
            * -math.expm1(-c * duration_s)
            / (c * duration_s)
            for a, c in zip(self.amplitudes, self.constants_per_s, strict=True)
        )

    def integral_s(self) -> float:
        """Time-integrated activity per unit administered activity, from the start of the infusion to infinity."""
        return sum(a / c for a, c in zip(self.amplitudes, self.constants_per_s, strict=True))

    def scaled(self, factor: float) -> ExponentialSum:
        """The same curve with every amplitude multiplied."""
        return ExponentialSum(self.model, tuple(a * factor for a in self.amplitudes), self.half_lives_s)

    def of_other_nuclide(self, measured: Nuclide, other: Nuclide) -> ExponentialSum:
        """Same biology, other physical decay: every λ becomes λ - λ_measured + λ_other (methods 5)."""
        shift = other.decay_constant_per_s - measured.decay_constant_per_s
        return ExponentialSum(self.model, self.amplitudes, tuple(half_life_s(c + shift) for c in self.constants_per_s))

    def as_record(self) -> dict[str, Any]:
        """What truth.json tells of it."""
        return {
            "model": self.model,
            "amplitude_per_administered_activity": list(self.amplitudes),
            "effective_half_life_s": list(self.half_lives_s),
            "effective_half_life_h": [HOUR.from_core(value) for value in self.half_lives_s],
        }
