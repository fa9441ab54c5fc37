"""Propagates input uncertainties to the absorbed dose (methods 7, after Gear et al. 2018).

Standard uncertainties (k = 1) come in two parts: **random**, independent from scan to scan and cycle to cycle, and
**common**, the same in all (calibration, recovery, volume, S values).

An uncertain value carries its **effects**: by source of error, how much one standard deviation of that source changes
it, with its sign. Sources are independent of each other, so a value's variance is the sum of the squares, and in every
sum of values the effects of the same source add first: over nuclides, regions and cycles alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any, Final, Literal, NamedTuple

from dosimetry_core.frozen import FrozenMap

# Methods 7.6: S-value data 2 to 5 %. Self dose of an organ, cross dose between organs (agreement of independent
# computations 2.6 %), and the rest of the body, whose convention is printed beside it.
S_VALUE_SELF_RELATIVE_UNCERTAINTY: Final = 0.02
S_VALUE_CROSS_RELATIVE_UNCERTAINTY: Final = 0.05
S_VALUE_REMAINDER_RELATIVE_UNCERTAINTY: Final = 0.10
# Exponent c2 of S ∝ V^−c2 (methods 7.4).
S_VALUE_VOLUME_EXPONENT: Final = 0.99
# S values of two nuclides for the same regions share anatomy, masses and absorbed fractions' transport, not emissions:
# half of the variance is taken as shared.
S_VALUE_NUCLIDE_CORRELATION: Final = 0.5

Kind = Literal[
    "volume",
    "partial_volume",
    "counts",
    "calibration",
    "registration",
    "fit",
    "s_value",
    "identity",
    "blood",
    "whole_body",
    "entered",
]


class ErrorSource(NamedTuple):
    """One thing that may be wrong, independent of every other; a tuple, as it is the key of thousands of look-ups.

    Parameters
    ----------
    kind
        What it is.
    name
        Which one, where there are several of a kind.
    cycle
        The cycle in which alone it acts (random); None: it is the same in all (common).
    """

    kind: Kind
    name: str = ""
    cycle: int | None = None


Effects = FrozenMap[ErrorSource, float]
"""Change of a value by one standard deviation of each source, in the value's unit or relative to it."""


def summed_effects(parts: Iterable[Effects]) -> Effects:
    """Effects on a sum: those of the same source add with their signs."""
    total: dict[ErrorSource, float] = {}
    known = total.get
    for effects in parts:
        for source, effect in effects.items():
            total[source] = known(source, 0.0) + effect
    return FrozenMap(total)


def scaled_effects(effects: Effects, factor: float) -> Effects:
    """Effects on a value times a factor known exactly."""
    return FrozenMap({source: effect * factor for source, effect in effects.items()})


def random_part(effects: Effects) -> float:
    """Standard uncertainty by the sources that act in one cycle only."""
    return math.hypot(*(effect for source, effect in effects.items() if source.cycle is not None))


def common_part(effects: Effects) -> float:
    """Standard uncertainty by the sources that are the same in all cycles."""
    return math.hypot(*(effect for source, effect in effects.items() if source.cycle is None))


def effects_json(values: Mapping[str, Effects | None]) -> list[dict[str, Any]] | None:
    """Effects in Gy on several absorbed doses, by source, as results.json has them; None if one is unknown."""
    sources: dict[ErrorSource, dict[str, float]] = {}
    for name, effects in values.items():
        if effects is None:
            return None
        for source, effect in effects.items():
            sources.setdefault(source, {})[name] = effect
    return [
        {"kind": source.kind, "name": source.name, "cycle": source.cycle, "effect_gy": effect}
        for source, effect in sources.items()
    ]


def joint_effects(
    kind: Kind, covariance: Sequence[Sequence[float]], *, name: str = "", cycle: int | None = None
) -> list[Effects]:
    """Independent effects that make up a given covariance of several values.

    Parameters
    ----------
    covariance
        Symmetric, not negative definite, shape (n_values, n_values).

    Returns
    -------
    list of Effects
        One for each value. The first value has the first source alone; each further value the parts that it shares with
        those before it, and one of its own (the Cholesky factor of the covariance).
    """
    number = len(covariance)
    # Less than this of the largest variance is rounding.
    least = 1e-14 * max(covariance[row][row] for row in range(number))
    factor: list[list[float]] = []
    for variances in covariance:
        own: list[float] = []
        for column, other in enumerate(factor):
            left = variances[column] - math.fsum(map(mul, own, other))
            own.append(left / other[column] if other[column] > 0 else 0.0)
        left = variances[len(factor)] - math.fsum(map(mul, own, own))
        own.append(math.sqrt(left) if left > least else 0.0)
        factor.append(own)
    names = [name, *(f"{name} {column}".strip() for column in range(2, number + 1))]
    sources = [ErrorSource(kind, own_name, cycle) for own_name in names]
    return [
        FrozenMap({source: effect for source, effect in zip(sources, row, strict=False) if effect}) for row in factor
    ]


@dataclass(frozen=True)
class RelativeUncertainty:
    """Relative standard uncertainty, random and common parts."""

    random: float
    common: float

    @property
    def total(self) -> float:
        """Both in quadrature."""
        return math.hypot(self.random, self.common)

    def of(self, value: float) -> float:
        """Standard uncertainty of a value, in its unit."""
        return self.total * value


def dose_volume_sensitivity(
    *, counts_sensitivity: float, recovery_sensitivity: float, s_value_exponent: float = S_VALUE_VOLUME_EXPONENT
) -> float:
    """s_V = d ln C/d ln V − d ln R/d ln V − c2: volume enters three times with opposite signs, and counts once."""
    return counts_sensitivity - recovery_sensitivity - s_value_exponent


def dose_relative_uncertainty(
    *,
    time_integrated_activity_random: float,
    calibration: float,
    recovery: float,
    volume_sensitivity: float,
    volume: float,
    time_integrated_activity_common: float = 0.0,
    s_value: float = 0.0,
) -> RelativeUncertainty:
    """Relative standard uncertainty of an absorbed dose.

    Parameters
    ----------
    time_integrated_activity_random
        From the fit covariance.
    time_integrated_activity_common
        By model choice, and by the identity assumption of a second nuclide.
    calibration, recovery, s_value
        Of the calibration, the partial-volume correction and the S-value data.
    volume_sensitivity, volume
        `dose_volume_sensitivity`, and the relative uncertainty of the volume.
    """
    common = math.hypot(calibration, recovery, volume_sensitivity * volume, time_integrated_activity_common, s_value)
    return RelativeUncertainty(time_integrated_activity_random, common)


def dose_relative_uncertainty_with_independent_volume_terms(
    *,
    time_integrated_activity_random: float,
    calibration: float,
    recovery: float,
    volume: float,
    counts_sensitivity: float,
    recovery_sensitivity: float,
    s_value_exponent: float = S_VALUE_VOLUME_EXPONENT,
) -> float:
    """What it would seem if the volume's three effects were unrelated: only to show that this is too large."""
    return math.hypot(
        time_integrated_activity_random,
        calibration,
        recovery,
        counts_sensitivity * volume,
        recovery_sensitivity * volume,
        s_value_exponent * volume,
    )
