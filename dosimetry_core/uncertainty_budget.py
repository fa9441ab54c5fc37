"""Which source of uncertainty weighs how much in an absorbed dose, and what would improve it most.

Sources are independent of each other, so their variances add; what one source does to several factors at once is
correlated and was combined before: volume enters through counts, recovery and S value with opposite signs, once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.uncertainty import Effects, Kind, common_part, random_part
from dosimetry_core.units import PERCENT

_NAMES: Final[Mapping[Kind, str]] = {
    "volume": "the outline's volume",
    "partial_volume": "the partial-volume correction",
    "counts": "image noise",
    "calibration": "the calibration",
    "registration": "the alignment of the scans",
    "fit": "the curve: scatter about it and choice of model",
    "s_value": "the S value",
    "identity": "the assumption that 90Y goes where 177Lu goes",
    "blood": "the blood curve",
    "whole_body": "the whole-body curve",
    "entered": "the uncertainty of what was entered",
}
_REMEDIES: Final[Mapping[Kind, str]] = {
    "volume": "a sharper outline, on a CT of finer voxels or by a second observer, would help most",
    "partial_volume": "a better known resolution, or a separate outline of hot neighbours, would help most",
    "counts": "longer scans would help most",
    "calibration": "a new calibration of the camera with a traceable source would help most",
    "registration": "aligning the scans better, or outlining on each, would help most",
    "fit": "one more scan, where the curve is least sure, would help most",
    "s_value": "another dose engine, compared with this one, would help most",
    "identity": "imaging 90Y itself would help most",
    "blood": "more blood samples, late ones above all, would help most",
    "whole_body": "more whole-body measurements would help most",
    "entered": "measuring it here would help most",
}


@dataclass(frozen=True)
class BudgetItem:
    """Relative standard uncertainty (k = 1) by one source: random from cycle to cycle, and common to all."""

    random: float
    common: float

    @property
    def variance(self) -> float:
        """Both parts squared and added."""
        return self.random**2 + self.common**2


@dataclass(frozen=True)
class UncertaintyBudget:
    """Relative uncertainty of an absorbed dose by source."""

    items: FrozenMap[Kind, BudgetItem]

    @property
    def relative_standard_uncertainty(self) -> float:
        """All sources in quadrature."""
        return math.sqrt(math.fsum(item.variance for item in self.items.values()))

    @property
    def variance_shares(self) -> FrozenMap[Kind, float]:
        """Share of each source in the variance; they add up to 1. Empty for an exact value."""
        total = math.fsum(item.variance for item in self.items.values())
        return FrozenMap({source: item.variance / total for source, item in self.items.items()} if total > 0 else {})

    @property
    def largest(self) -> Kind | None:
        """Source with the largest share."""
        shares = self.variance_shares
        return max(shares.items(), key=lambda pair: pair[1])[0] if shares else None

    def without(self, source: Kind) -> float:
        """Relative standard uncertainty that would be left if this source were exactly known."""
        return math.sqrt(math.fsum(item.variance for name, item in self.items.items() if name != source))

    @property
    def text(self) -> str:
        """One sentence: the largest source, what is left without it, and what to do."""
        largest = self.largest
        if largest is None:
            return "No source of uncertainty is known."
        share = PERCENT.text(self.variance_shares[largest], digits=0)
        now, then = (PERCENT.text(u, digits=1) for u in (self.relative_standard_uncertainty, self.without(largest)))
        return f"{share} of the variance is {_NAMES[largest]}; {now} would be {then} without it: {_REMEDIES[largest]}."

    def to_json(self) -> dict[str, Any]:
        """As results.json has it."""
        shares = self.variance_shares
        return {
            "relative_standard_uncertainty": self.relative_standard_uncertainty,
            "sources": {
                source: {
                    "random_relative_standard_uncertainty": item.random,
                    "common_relative_standard_uncertainty": item.common,
                    "variance_share": shares.get(source, 0.0),
                }
                for source, item in self.items.items()
            },
            "largest": self.largest,
            "text": self.text,
        }


def budget_of_effects(effects: Effects, value: float) -> UncertaintyBudget:
    """Budget of a value with these effects in its unit; sources of one kind are one entry.

    Raises
    ------
    ValueError
        If the value is not positive.
    """
    if not value > 0:
        raise ValueError("the value must be positive")
    items: dict[Kind, BudgetItem] = {}
    for kind in dict.fromkeys(source.kind for source in effects):
        own = FrozenMap({source: effect / value for source, effect in effects.items() if source.kind == kind})
        items[kind] = BudgetItem(random_part(own), common_part(own))
    return UncertaintyBudget(FrozenMap(items))
