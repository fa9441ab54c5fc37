"""The activity that keeps every limit with a chosen probability.

Random and common parts of the uncertainty stay apart over the cycles, as in every forecast; 50 % is the proposal
without regard to uncertainty.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.forecast import LIMIT_RELATIVE_TOLERANCE, CourseBasis, Forecast, forecast
from dosimetry_core.planning.protocol import LIMIT_ORGANS, LimitKey

CERTAINTIES: Final = (0.5, 0.8, 0.9, 0.95)
_MOST_STEPS: Final = 1 << 24


@dataclass(frozen=True)
class CertainActivity:
    """Largest dispensable activity of the free nuclide that keeps each limit with a probability.

    Parameters
    ----------
    certainty
        Probability, from 0.5 on, with which each limit by itself is kept.
    activity_bq
        A multiple of the dispensing step below the cap; None if a limit is not kept that surely even without it.
    limiting
        The limit that allows least.
    """

    certainty: float
    activity_bq: float | None
    limiting: LimitKey

    def to_json(self) -> dict[str, Any]:
        """As results.json has it."""
        return {"certainty": self.certainty, "activity_bq": self.activity_bq, "limiting": self.limiting}


def reached_gy(outcome: Forecast, key: LimitKey) -> tuple[float, float | None]:
    """What a forecast holds against a limit, in its quantity, with the standard uncertainty."""
    if key in outcome.predicted_bed:
        bed = outcome.predicted_bed[key]
        return bed.course_gy, bed.course_standard_uncertainty_gy
    dose = outcome.predicted[LIMIT_ORGANS[key]]
    if key == "red_marrow_per_cycle":
        return dose.next_cycle_gy, dose.next_cycle_standard_uncertainty_gy
    return dose.course_gy, dose.course_standard_uncertainty_gy


def surely_used_fraction(
    basis: CourseBasis, activities_bq: Mapping[str, float], certainty: float
) -> FrozenMap[LimitKey, float]:
    """By limit: the value that is passed only with probability 1 − certainty, over the limit.

    Raises
    ------
    ValueError
        For a certainty below 0.5 or of 1 and above, and where an uncertainty is not known (0.5 needs none).
    """
    return _surely_used(basis, forecast(basis, activities_bq), certainty)


def _surely_used(basis: CourseBasis, outcome: Forecast, certainty: float) -> FrozenMap[LimitKey, float]:
    if not 0.5 <= certainty < 1.0:
        raise ValueError(f"a certainty must be at least 0.5 and below 1, not {certainty}")
    z = NormalDist().inv_cdf(certainty)
    used: dict[LimitKey, float] = {}
    for key in basis.applicable_limits:
        value, uncertainty = reached_gy(outcome, key)
        if uncertainty is None and z > 0:
            raise ValueError("without an uncertainty only a certainty of 0.5 can be planned for")
        used[key] = (value + z * (uncertainty or 0.0)) / basis.protocol.all_limits_gy[key]
    return FrozenMap(used)


def activities_by_certainty(
    basis: CourseBasis, *, certainties: Sequence[float] = CERTAINTIES
) -> tuple[CertainActivity, ...]:
    """For each certainty the activity of the free nuclide beside the protocol's fixed ones.

    Empty if the protocol adapts no nuclide, if all cycles were given, or if no limit applies; a certainty above 0.5 is
    left out while an uncertainty is not known.

    Notes
    -----
    With z the normal quantile of the certainty, value + z·u of every limit is convex in the activity, so what is kept
    is an interval from 0 on; its end is found among the dispensing steps by straight lines between two of them.
    """
    free = basis.protocol.free_nuclide
    if free is None or basis.next_cycle is None or not basis.applicable_limits:
        return ()
    fixed = {n.name: n.standard_activity_bq for n in basis.protocol.fixed_nuclides}
    step = basis.protocol.rounding_step_bq
    found = []

    @functools.cache
    def outcome(steps: int) -> Forecast:
        return forecast(basis, fixed | {free.name: steps * step})

    unknown = any(reached_gy(outcome(1), key)[1] is None for key in basis.applicable_limits)
    for certainty in certainties:
        if certainty > 0.5 and unknown:
            continue

        @functools.cache
        def used(steps: int, certainty: float = certainty) -> FrozenMap[LimitKey, float]:
            return _surely_used(basis, outcome(steps), certainty)

        def left(steps: int, used: Callable[[int], FrozenMap[LimitKey, float]] = used) -> float:
            """How much of the fullest limit is left; negative where it is passed."""
            return 1.0 + LIMIT_RELATIVE_TOLERANCE - max(used(steps).values())

        if left(0) < 0:
            worst = used(0)
            found.append(CertainActivity(certainty, None, max(worst, key=lambda key: worst[key])))
            continue
        cap = free.activity_cap_bq
        most = _MOST_STEPS if cap is None else _steps_within(cap, step)
        last = _last_kept(left, most)
        beyond = used(last + 1)
        found.append(CertainActivity(certainty, last * step, max(beyond, key=lambda key: beyond[key])))
    return tuple(found)


def _steps_within(cap_bq: float, step_bq: float) -> int:
    """Most dispensing steps below the cap."""
    most = int(cap_bq * (1 + LIMIT_RELATIVE_TOLERANCE) / step_bq) + 1
    while most > 0 and most * step_bq > cap_bq * (1 + LIMIT_RELATIVE_TOLERANCE):
        most -= 1
    return most


def _last_kept(left: Callable[[int], float], most: int) -> int:
    """Last number of steps, up to ``most``, for which something is left; ``left`` is concave, and not negative at 0.

    The line along the first step ends beyond the answer, lines between what is kept and what is not end before it and
    come near soon; every third guess halves what is between, so that it ends whatever the curve.
    """
    if most == 0:
        return 0
    low, at_low = 0, left(0)
    falls = at_low - left(1)
    high = most if falls * most <= at_low else min(most, int(at_low / falls) + 1)
    at_high = left(high)
    if at_high >= 0:
        high, at_high = most, left(most)
    if at_high >= 0:
        return most
    guesses = itertools.cycle(("line", "beyond the line", "half"))
    while high - low > 1:
        guess = next(guesses)
        middle = low + int(at_low / (at_low - at_high) * (high - low))
        if guess == "beyond the line":
            # Where the line was nearly right this is the first step that is not kept.
            middle += 1
        elif guess == "half":
            middle = (low + high) // 2
        middle = min(max(middle, low + 1), high - 1)
        at_middle = left(middle)
        if at_middle >= 0:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
    return low
