"""Uncertainty of what a plan predicts, the probability of exceeding each limit, and the activities by certainty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import NormalDist
from typing import Any

from dosimetry_core.second_opinion.planning import Search, decimal
from dosimetry_core.second_opinion.record import organ_of_limit
from dosimetry_core.second_opinion.uncertainty import Effects, combined, probability_above, size

_MOST_STEPS = 1 << 24
_SLACK = 1e-9


class Risk:
    """What chosen activities would reach, with the standard uncertainty.

    Parameters
    ----------
    search
        The course and its prediction. Of each cycle ``effects`` {organ: {nuclide: relative effects}} is read; a nuclide
        left out has an unknown uncertainty.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self.variation = float(search.protocol["between_cycle_relative_standard_uncertainty"])

    def _relative(self, organ: str, name: str, index: int) -> Effects | None:
        found: Effects | None = self.search.cycles[index].get("effects", {}).get(organ, {}).get(name)
        return found

    def _past(self, organ: str, *, bed: bool) -> Effects | None:
        parts: list[tuple[float, Effects]] = []
        for index, cycle in enumerate(self.search.cycles):
            doses = {name: float(dose) for name, dose in self.search.cycle_doses(organ, index).items()}
            for name, dose in doses.items():
                effects = self._relative(organ, name, self.search.measured_in(organ, name, index))
                if effects is None:
                    return None
                grows = 1.0
                if bed:
                    table = cycle["protraction"][organ][name]
                    grows += 2.0 * math.fsum(float(table[m]) * doses[m] for m in doses if doses[m])
                parts.append((dose * grows, effects))
        return combined(parts)

    def _following(self, organ: str, amounts: Mapping[str, float], factors: Mapping[str, float]) -> Effects | None:
        """Effects on Σ factor · activity · predicted dose per activity."""
        parts: list[tuple[float, Effects]] = []
        for name, amount in amounts.items():
            if not amount:
                continue
            for index, weight, value in self.search.prediction_parts(organ, name):
                if not weight:
                    continue
                effects = self._relative(organ, name, index)
                if effects is None:
                    return None
                parts.append((factors[name] * amount * float(weight * value), effects))
        return combined(parts)

    def reached(self, key: str, amounts: Mapping[str, float]) -> tuple[float, float | None]:
        """What a limit is compared with, and its standard uncertainty; None if that is unknown."""
        organ, search = organ_of_limit(key), self.search
        exact = {name: decimal(amount) for name, amount in amounts.items()}
        if search.done:
            amounts = dict.fromkeys(amounts, 0.0)
            exact = dict.fromkeys(exact, Decimal(0))
        value = float(search.reached(key, exact))
        linear = {name: amount * float(search.predicted[organ][name]) for name, amount in amounts.items()}
        next_dose = math.fsum(linear.values())
        ratios = search.ratios()
        if key == "red_marrow_per_cycle":
            future = self._following(organ, amounts, dict.fromkeys(amounts, 1.0))
            return value, None if future is None else size(future, [self.variation * next_dose])
        past = self._past(organ, bed=key in search.bed_limits)
        if key not in search.bed_limits:
            future = self._following(organ, amounts, dict.fromkeys(amounts, math.fsum(ratios)))
            further = [self.variation * next_dose * ratio for ratio in ratios]
        else:
            table = search.next_table(organ)
            squares = math.fsum(ratio * ratio for ratio in ratios)
            slopes = {n: math.fsum(float(table[n][m]) * linear[m] for m in linear if linear[m]) for n in linear}
            factors = {n: math.fsum(ratios) + 2.0 * squares * slope for n, slope in slopes.items()}
            future = self._following(organ, amounts, factors)
            added = math.fsum(linear[n] * slopes[n] for n in linear)
            further = [self.variation * (ratio * next_dose + 2.0 * ratio * ratio * added) for ratio in ratios]
        if past is None or future is None:
            return value, None
        return value, size(combined([(1.0, past), (1.0, future)]), further)

    def course_uncertainty(self, organ: str, amounts: Mapping[str, float]) -> float | None:
        """Standard uncertainty of an organ's absorbed dose at the end of the course."""
        amounts = dict.fromkeys(amounts, 0.0) if self.search.done else amounts
        ratios = self.search.ratios()
        past = self._past(organ, bed=False)
        future = self._following(organ, amounts, dict.fromkeys(amounts, math.fsum(ratios)))
        if past is None or future is None:
            return None
        dose = math.fsum(amount * float(self.search.predicted[organ][name]) for name, amount in amounts.items())
        return size(combined([(1.0, past), (1.0, future)]), [self.variation * dose * ratio for ratio in ratios])

    def probabilities(self, amounts: Mapping[str, float]) -> dict[str, float | None]:
        """By limit; None where an uncertainty or the organ's dose is unknown."""
        found: dict[str, float | None] = {}
        for key, limit in self.search.limits.items():
            if organ_of_limit(key) not in self.search.organs:
                found[key] = None
                continue
            value, deviation = self.reached(key, amounts)
            found[key] = None if deviation is None else probability_above(float(limit), value, deviation)
        return found

    def surest_activity(self, free: str, certainty: float) -> float | None:
        """Largest multiple of the dispensing step that keeps every limit that surely; None if not even 0 does."""
        search = self.search
        entry = search.nuclides[free]
        fixed = {name: float(n["standard_activity_bq"]) for name, n in search.nuclides.items()}
        step, cap = float(search.protocol["rounding_step_bq"]), entry["activity_cap_bq"]
        quantile = NormalDist().inv_cdf(certainty)

        def kept(steps: int) -> bool:
            amount = steps * step
            if cap is not None and amount > float(cap) * (1.0 + _SLACK):
                return False
            for key, limit in search.limits.items():
                if organ_of_limit(key) not in search.organs:
                    continue
                value, deviation = self.reached(key, fixed | {free: amount})
                if value + quantile * (deviation or 0.0) > float(limit) * (1.0 + _SLACK):
                    return False
            return True

        if not kept(0):
            return None
        low, high = 0, 1
        while high < _MOST_STEPS and kept(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if kept(middle) else (low, middle)
        return low * step


def risks(
    protocol: Mapping[str, Any],
    cycles: Sequence[Mapping[str, Any]],
    activities_bq: Mapping[str, float],
    certainties: Sequence[float],
    *,
    planned_cycles: int | None,
    prior_gy: Mapping[str, float],
) -> dict[str, Any]:
    """Uncertainties and probabilities of a plan's activities, and the activities of the certainties."""
    search = Search(protocol, cycles, planned_cycles, prior_gy)
    risk = Risk(search)
    free = next((name for name, n in search.nuclides.items() if n["role"] == "free"), None)
    return {
        "standard_uncertainty_gy": {organ: risk.course_uncertainty(organ, activities_bq) for organ in search.organs},
        "bed_standard_uncertainty_gy": {
            organ_of_limit(key): risk.reached(key, activities_bq)[1] for key in search.bed_limits
        },
        "probability_of_exceeding": risk.probabilities(activities_bq),
        "activity_by_certainty": [None if free is None else risk.surest_activity(free, c) for c in certainties],
    }
