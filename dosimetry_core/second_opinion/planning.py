"""The next activities in decimal arithmetic, by a search over dispensing steps instead of a formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from dosimetry_core.second_opinion.record import organ_of_limit

_MOST_STEPS = 1 << 24
_SLACK = Decimal("1e-9")


def decimal(value: float) -> Decimal:
    """The shortest decimal that stands for a number."""
    return Decimal(repr(float(value)))


def planned(
    protocol: Mapping[str, Any],
    cycles: Sequence[Mapping[str, Any]],
    *,
    planned_cycles: int | None,
    prior_gy: Mapping[str, float],
    stop_rule_met: bool,
    chosen_bq: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Activities, predicted absorbed doses and verdicts for the cycle after the last.

    Parameters
    ----------
    protocol
        Its numbers, in Bq and Gy.
    cycles
        Per cycle: ``activities`` {nuclide: Bq}, ``doses`` {organ: {nuclide: Gy}}, ``per_activity``
        {organ: {nuclide: Gy/Bq}} of what was measured or entered in that cycle, ``protraction`` {organ: {nuclide:
        {nuclide: 1/Gy}}} where the protocol limits BED.
    chosen_bq
        Activities that were decided on instead of the proposal: what is predicted, and whether limits are kept, is
        then about these; activities stay those of the proposal.
    """
    with localcontext() as context:
        context.prec = 40
        return Search(protocol, cycles, planned_cycles, prior_gy).result(stop_rule_met, chosen_bq)


class Search:
    """Limits, what was delivered, and what is predicted, in decimals."""

    def __init__(
        self,
        protocol: Mapping[str, Any],
        cycles: Sequence[Mapping[str, Any]],
        planned_cycles: int | None,
        prior_gy: Mapping[str, float],
    ) -> None:
        self.protocol = protocol
        self.cycles = cycles
        count = protocol["cycles"] if planned_cycles is None else planned_cycles
        self.done = count is not None and len(cycles) >= count
        self.limits = {key: decimal(value) for key, value in protocol["limits_gy"].items()}
        self.bed_limits = {key: decimal(value) for key, value in (protocol.get("bed_limits_gy") or {}).items()}
        self.limits |= self.bed_limits
        self.nuclides = {n["name"]: n for n in protocol["nuclides"]}
        self.organs = [
            organ
            for organ in dict.fromkeys(organ_of_limit(key) for key in self.limits)
            if all(any(name in c["per_activity"].get(organ, {}) for c in cycles) for name in self._needed())
        ]
        self.past = {organ: decimal(prior_gy.get(organ, 0.0)) + self._delivered(organ) for organ in self.organs}
        self.predicted = {
            organ: {name: self._predicted(organ, name) for name in self.nuclides} for organ in self.organs
        }
        self.past_bed = {organ: self._delivered_bed(organ) for organ in map(organ_of_limit, self.bed_limits)}
        self.squares: Decimal | None = None
        self.weights: list[Decimal] = []
        self.repeats = self._repeats(count)

    def _needed(self) -> set[str]:
        given = {name for cycle in self.cycles for name, a in cycle["activities"].items() if a > 0}
        return given | set(self.nuclides)

    def _repeats(self, count: int | None) -> Decimal:
        """How often the next cycle's dose comes until the end of the course."""
        if self.done or count is None:
            return Decimal(0 if self.done else 1)
        if self.protocol["activity_rule"] == "fixed-while-limits-allow":
            standard = {name: decimal(n["standard_activity_bq"]) for name, n in self.nuclides.items()}
            self.repeats = Decimal(count - len(self.cycles))
            while self.repeats > 1 and not self.keeps(standard, per_cycle=False):
                self.repeats -= 1
            return self.repeats
        if self.protocol["allocation"] == "front-loaded":
            return Decimal(1)
        if self.protocol["allocation"] == "weights":
            left = [decimal(w) for w in self.protocol["allocation_weights"][len(self.cycles) :]]
            self.weights = [w / left[0] for w in left]
            self.squares = sum(((w / left[0]) ** 2 for w in left), Decimal(0))
            return sum(left, Decimal(0)) / left[0]
        return Decimal(count - len(self.cycles))

    def _delivered(self, organ: str) -> Decimal:
        return sum((sum(self.cycle_doses(organ, k).values(), Decimal(0)) for k in range(len(self.cycles))), Decimal(0))

    def cycle_doses(self, organ: str, index: int) -> dict[str, Decimal]:
        """Absorbed dose by nuclide of a delivered cycle."""
        doses = {}
        cycle = self.cycles[index]
        for name, activity in cycle["activities"].items():
            if activity <= 0:
                continue
            own = cycle["doses"].get(organ, {}).get(name)
            if name not in cycle["per_activity"].get(organ, {}) or own is None:
                doses[name] = decimal(activity) * self._nearest(organ, name, index)
            else:
                doses[name] = decimal(own)
        return doses

    def _delivered_bed(self, organ: str) -> Decimal:
        total = Decimal(0)
        for index, cycle in enumerate(self.cycles):
            doses = self.cycle_doses(organ, index)
            total += sum(doses.values(), Decimal(0)) + _square(doses, cycle["protraction"][organ])
        return total

    def ratios(self) -> list[float]:
        """Absorbed dose of every future cycle over the next one's."""
        return [float(w) for w in self.weights] or [1.0] * int(self.repeats)

    def next_table(self, organ: str) -> Mapping[str, Mapping[str, float]]:
        """Protraction of the last cycle that knows all nuclides of the protocol."""
        tables = [c["protraction"].get(organ) or {} for c in self.cycles]
        return next(
            t for t in reversed(tables) if all(n in t and all(m in t[n] for m in self.nuclides) for n in self.nuclides)
        )

    def next_bed(self, organ: str, activities: Mapping[str, Decimal]) -> tuple[Decimal, Decimal]:
        """Absorbed dose of the next cycle, and what protraction adds."""
        doses = {name: a * self.predicted[organ][name] for name, a in activities.items()}
        return sum(doses.values(), Decimal(0)), _square(doses, self.next_table(organ))

    def measured_in(self, organ: str, name: str, index: int) -> int:
        """The cycle whose measurement a cycle's dose rests on: itself, else the last before, else the first after."""
        order: list[int] = [*range(index, -1, -1), *range(index + 1, len(self.cycles))]
        for number in order:
            if name in self.cycles[number]["per_activity"].get(organ, {}):
                return number
        raise ValueError(f"no absorbed dose per activity of {name} to {organ}")

    def _nearest(self, organ: str, name: str, index: int) -> Decimal:
        return decimal(self.cycles[self.measured_in(organ, name, index)]["per_activity"][organ][name])

    def _predicted(self, organ: str, name: str) -> Decimal:
        return sum((weight * value for _, weight, value in self.prediction_parts(organ, name)), Decimal(0))

    def prediction_parts(self, organ: str, name: str) -> list[tuple[int, Decimal, Decimal]]:
        """(cycle, weight, absorbed dose per activity) whose weighted sum is the prediction."""
        known = [
            (index, decimal(c["per_activity"][organ][name]), decimal(c["activities"].get(name, 0.0)))
            for index, c in enumerate(self.cycles)
            if name in c["per_activity"].get(organ, {})
        ]
        values = [value for _, value, _ in known]
        predictor = self.protocol["predictor"]
        activity = sum((a for _, _, a in known), Decimal(0))
        last = [Decimal(0)] * (len(known) - 1) + [Decimal(1)]
        weights = last
        if predictor == "maximum":
            weights = [Decimal(k == values.index(max(values))) for k in range(len(known))]
        elif predictor == "mean" or (predictor == "activity-weighted-mean" and activity == 0):
            weights = [Decimal(1) / len(known)] * len(known)
        elif predictor == "activity-weighted-mean":
            weights = [a / activity for _, _, a in known]
        elif predictor == "linear-trend" and len(known) >= 3:
            xs = [Decimal(index + 1) for index, _, _ in known]
            n, sx = Decimal(len(xs)), sum(xs, Decimal(0))
            spread = n * sum((x * x for x in xs), Decimal(0)) - sx * sx
            ahead = Decimal(len(self.cycles) + 1)
            trend = [1 / n + (n * x - sx) * (n * ahead - sx) / (n * spread) for x in xs]
            value = sum((w * v for w, v in zip(trend, values, strict=True)), Decimal(0))
            weights = trend if self.protocol["linear_trend_may_fall"] or value >= values[-1] else last
        return [(index, weight, value) for (index, value, _), weight in zip(known, weights, strict=True)]

    def next_dose(self, organ: str, activities: Mapping[str, Decimal]) -> Decimal:
        """Predicted absorbed dose of the next cycle."""
        return sum((a * self.predicted[organ][name] for name, a in activities.items()), Decimal(0))

    def reached(self, key: str, activities: Mapping[str, Decimal]) -> Decimal:
        """What a limit is compared with, for activities of the next cycle."""
        organ = organ_of_limit(key)
        following = self.next_dose(organ, activities)
        if key in self.bed_limits:
            dose, added = self.next_bed(organ, activities)
            squares = self.repeats if self.squares is None else self.squares
            return self.past_bed[organ] + self.repeats * dose + squares * added
        return following if key == "red_marrow_per_cycle" else self.past[organ] + self.repeats * following

    def keeps(self, activities: Mapping[str, Decimal], *, per_cycle: bool = True) -> bool:
        """Whether these activities keep every limit; ``per_cycle``: those of one cycle too."""
        return all(
            self.reached(key, activities) <= limit * (1 + _SLACK)
            for key, limit in self.limits.items()
            if organ_of_limit(key) in self.organs and (per_cycle or key != "red_marrow_per_cycle")
        )

    def result(self, stop_rule_met: bool, chosen_bq: Mapping[str, float] | None = None) -> dict[str, Any]:
        """See `planned`."""
        activities = {name: decimal(n["standard_activity_bq"]) for name, n in self.nuclides.items()}
        unrounded = dict(activities)
        nothing = dict.fromkeys(self.nuclides, Decimal(0))
        stop = stop_rule_met
        free = next((name for name, n in self.nuclides.items() if n["role"] == "free"), None)
        scale = None
        if self.done or stop:
            activities = unrounded = nothing
        elif self.protocol["activity_rule"] == "fixed-while-limits-allow":
            if not self.keeps(activities):
                activities, unrounded, stop = nothing, nothing, True
        elif free is not None:
            unrounded[free] = self._largest(free, activities)
            scale = self._scale(free)
            activities[free] = self._dispensed(free, activities)
        following = Decimal(0 if self.done else 1)
        given = activities
        if chosen_bq is not None and not self.done:
            given = {name: decimal(chosen_bq.get(name, 0.0)) for name in self.nuclides}
        return {
            "activities_bq": {name: float(a) for name, a in activities.items()},
            "unrounded_activities_bq": {name: float(a) for name, a in unrounded.items()},
            "free_nuclide": free,
            "free_activity_scale_bq": None if scale is None else float(scale),
            "feasible": self.keeps(given),
            "stop": stop,
            "next_cycle": None if self.done else len(self.cycles) + 1,
            "allocation_gy": {} if self.done else self._allocations(bed=False),
            "allocation_bed_gy": {} if self.done else self._allocations(bed=True),
            "predicted_absorbed_dose_gy": {
                organ: {
                    "next_cycle": float(following * self.next_dose(organ, given)),
                    "course": float(self.past[organ] + self.repeats * self.next_dose(organ, given)),
                }
                for organ in self.organs
            },
            "predicted_bed_gy": {
                organ_of_limit(key): {
                    "next_cycle": float(following * sum(self.next_bed(organ_of_limit(key), given), Decimal(0))),
                    "course": float(self.reached(key, given)),
                }
                for key in self.bed_limits
            },
        }

    def _allocations(self, *, bed: bool) -> dict[str, float]:
        """What the next cycle may deliver to each organ, by its tightest limit."""
        found: dict[str, list[Decimal]] = {}
        for key, limit in self.limits.items():
            organ = organ_of_limit(key)
            if organ not in self.organs or (key in self.bed_limits) != bed:
                continue
            past = self.past_bed[organ] if bed else self.past[organ]
            room = limit if key == "red_marrow_per_cycle" else (limit - past) / self.repeats
            found.setdefault(organ, []).append(room)
        return {organ: float(min(rooms)) for organ, rooms in found.items()}

    def _largest(self, free: str, activities: Mapping[str, Decimal]) -> Decimal:
        """Largest activity that keeps all limits, by halving an interval; negative if the fixed part exceeds."""

        def reached(key: str, amount: Decimal) -> Decimal:
            if amount >= 0 or key not in self.bed_limits:
                return self.reached(key, dict(activities) | {free: amount})
            # Below zero BED goes on along its tangent, so that a negative activity says how much is too much.
            small = Decimal("1e-6")
            base = self.reached(key, dict(activities) | {free: Decimal(0)})
            return base + (self.reached(key, dict(activities) | {free: small}) - base) / small * amount

        def kept(amount: Decimal) -> bool:
            return all(
                reached(key, amount) <= limit
                for key, limit in self.limits.items()
                if organ_of_limit(key) in self.organs
            )

        return _boundary(kept, Decimal(10) ** 13)

    def _scale(self, free: str) -> Decimal:
        """Activity of the free nuclide that alone would use the tightest limit: what errors are measured against."""
        return min(
            limit
            / (Decimal(1) if key == "red_marrow_per_cycle" else self.repeats)
            / self.predicted[organ_of_limit(key)][free]
            for key, limit in self.limits.items()
            if organ_of_limit(key) in self.organs
        )

    def _dispensed(self, free: str, activities: Mapping[str, Decimal]) -> Decimal:
        """Largest number of dispensing steps that keeps limits and cap, by bisection over whole numbers."""
        entry = self.nuclides[free]
        step = decimal(self.protocol["rounding_step_bq"])
        cap = None if entry["activity_cap_bq"] is None else decimal(entry["activity_cap_bq"])

        def kept(steps: int) -> bool:
            amount = step * steps
            return (cap is None or amount <= cap * (1 + _SLACK)) and self.keeps(dict(activities) | {free: amount})

        if not kept(0):
            return Decimal(0)
        low, high = 0, _MOST_STEPS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if kept(middle) else (low, middle)
        amount = step * low
        return amount if amount >= decimal(entry["minimum_dispensable_activity_bq"]) * (1 - _SLACK) else Decimal(0)


def _square(doses: Mapping[str, Decimal], table: Mapping[str, Mapping[str, float]]) -> Decimal:
    """Σ q_nm D_n D_m."""
    known = {name: dose for name, dose in doses.items() if dose}
    return sum((decimal(table[n][m]) * known[n] * known[m] for n in known for m in known), Decimal(0))


def _boundary(kept: Callable[[Decimal], bool], size: Decimal) -> Decimal:
    low, high = -size, size
    while not kept(low):
        low *= 10
    while high - low > Decimal("1e-3"):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(middle) else (low, middle)
    return low
