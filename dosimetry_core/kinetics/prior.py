"""What is known of an effective half-life before the scans: log-normal, from a population or an earlier cycle.

Half-lives of a region differ between patients by a log-normal distribution (Hou et al., J Nucl Med 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from dosimetry_core.data_tables import table_json
from dosimetry_core.errors import MissingDataError
from dosimetry_core.kinetics.exponential_fit import RateBelief
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.nuclide import LU177, decay_constant_per_s, half_life_s, nuclide
from dosimetry_core.units import HOUR, SECONDS_PER_HOUR

PriorKind = Literal["population", "previous-cycle"]

# A published range of half-lives is taken as the middle 90 % of a log-normal distribution.
RANGE_COVERAGE_FACTOR: Final = 1.645
# From cycle to cycle a region's effective half-life changes by about this much.
BETWEEN_CYCLES_LN_STANDARD_DEVIATION: Final = 0.1
_TABLE_KEYS: Final = {
    "kidneys": "kidney_Teff_177Lu",
    "liver": "liver_spleen_Teff_177Lu",
    "spleen": "liver_spleen_Teff_177Lu",
    "lesion": "lesion_Teff_177Lu",
}


@dataclass(frozen=True)
class HalfLifePrior:
    """ln T_eff is normal around ln of the median, with the standard deviation given; ``source`` says from where."""

    kind: PriorKind
    effective_half_life_s: float
    ln_standard_deviation: float
    source: str

    def belief(self) -> RateBelief:
        """The same about the decay constant: ln λ = ln ln 2 − ln T."""
        return RateBelief(math.log(decay_constant_per_s(self.effective_half_life_s)), self.ln_standard_deviation)

    def text(self) -> str:
        """Median with the interval of one standard deviation, for people."""
        spread = math.exp(self.ln_standard_deviation)
        low, high = self.effective_half_life_s / spread, self.effective_half_life_s * spread
        return (
            f"{HOUR.text(self.effective_half_life_s, digits=0)} "
            f"({HOUR.text(low, digits=0, with_symbol=False)} to {HOUR.text(high, digits=0)}; {self.source})"
        )


def population_prior(region: str, nuclide_name: str) -> HalfLifePrior:
    """Effective half-life of a region over patients.

    Parameters
    ----------
    region
        ``kidneys``, ``liver``, ``spleen`` or ``lesion``.
    nuclide_name
        The published values are those of 177Lu; another nuclide's follow by 1/T' = 1/T − 1/T_Lu + 1/T'_phys.

    Raises
    ------
    MissingDataError
        For other regions: nothing is published that this program knows.
    """
    key = _TABLE_KEYS.get(region)
    if key is None:
        raise MissingDataError(
            f"no population half-life is known for the role {region}",
            where="settings.fit",
            remedy="use the half-life of an earlier cycle, or give these VOIs another model",
        )
    entry = table_json("physics", "parameters.json")["kinetics"][key]
    value = entry["value"]
    low, high = (float(bound) for bound in value["range"])
    typical_s = float(value["typical"]) * SECONDS_PER_HOUR
    spread = math.log(high / low) / (2 * RANGE_COVERAGE_FACTOR)
    if nuclide_name != LU177:
        change = nuclide(nuclide_name).decay_constant_per_s - nuclide(LU177).decay_constant_per_s
        before = decay_constant_per_s(typical_s)
        typical_s = half_life_s(before + change)
        # d ln T' = d ln T λ/λ'.
        spread *= before / (before + change)
    status = "" if entry["status"] == "verified" else ", to be confirmed there"
    return HalfLifePrior("population", typical_s, spread, f"{entry['source']}{status}")


def effective_half_life_ln_uncertainty(fit: FitResult) -> float | None:
    """Standard uncertainty of ln T_eff by a fit's covariance; None where it has none (bound active, trapezoid)."""
    slowest = next((name for name in fit.covariance_names if name in _SLOW_NAMES), None)
    if slowest is None:
        return None
    return fit.parameter_standard_uncertainties[slowest] / fit.parameters[slowest]


_SLOW_NAMES: Final = ("decay_constant_per_s", "slow_decay_constant_per_s")


def previous_cycle_prior(fit: FitResult, cycle_number: int) -> HalfLifePrior:
    """Effective half-life as an earlier cycle measured it, widened by the change between cycles.

    Raises
    ------
    MissingDataError
        If that fit does not tell its half-life: derived, held at a bound, a trapezoid or a single scan.
    """
    own = effective_half_life_ln_uncertainty(fit)
    if own is None or fit.derived_from is not None:
        raise MissingDataError(
            f"the fit of cycle {cycle_number} ({fit.model}) does not tell its half-life with an uncertainty",
            remedy="fit that cycle with an exponential model, or use the population's half-life",
        )
    return HalfLifePrior(
        "previous-cycle",
        fit.effective_half_life_s,
        math.hypot(own, BETWEEN_CYCLES_LN_STANDARD_DEVIATION),
        f"cycle {cycle_number} of this patient",
    )
