"""Propagates input uncertainties to the absorbed dose (methods 7, after Gear et al. 2018).

Relative standard uncertainties (k = 1) come in two parts: **random**, independent from scan to scan and cycle to cycle,
and **common**, the same in all (calibration, recovery, volume, S values). Over cycles random parts add in quadrature,
common ones linearly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

# Methods 7.6: S-value data 2 to 5 %. Self dose of an organ, cross dose between organs (agreement of independent
# computations 2.6 %), and the rest of the body, whose convention is printed beside it.
S_VALUE_SELF_RELATIVE_UNCERTAINTY: Final = 0.02
S_VALUE_CROSS_RELATIVE_UNCERTAINTY: Final = 0.05
S_VALUE_REMAINDER_RELATIVE_UNCERTAINTY: Final = 0.10
# Exponent c2 of S ∝ V^−c2 (methods 7.4).
S_VALUE_VOLUME_EXPONENT: Final = 0.99


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
