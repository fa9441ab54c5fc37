"""Time-integrated activity by trapezoids: a head before the first point, the measured middle, a tail after the last."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import FitError

FloatArray = NDArray[np.float64]
Head = Literal["automatic", "linear-from-zero", "constant", "back-extrapolated"]
Middle = Literal["log", "linear"]
Tail = Literal["last-two-points", "physical"]

_NEARLY_EQUAL: Final = 1e-9


@dataclass(frozen=True)
class Piece:
    """One stretch of a piecewise curve, straight or exponential; the last one has no end.

    Activity at t is ``start_activity_bq`` + ``slope_bq_per_s`` (t − start) where the decay constant is zero, else
    ``start_activity_bq`` exp(−λ (t − start)); λ may be negative on a rise.
    """

    start_s: float
    end_s: float
    start_activity_bq: float
    slope_bq_per_s: float = 0.0
    decay_constant_per_s: float = 0.0

    def time_integrated_activity_bq_s(self) -> float:
        """Integral over the stretch."""
        duration = self.end_s - self.start_s
        if self.decay_constant_per_s:
            return (
                -self.start_activity_bq * math.expm1(-self.decay_constant_per_s * duration) / self.decay_constant_per_s
            )
        return duration * (self.start_activity_bq + self.slope_bq_per_s * duration / 2)

    def activity_bq(self, times_s: FloatArray) -> FloatArray:
        """Activity by this stretch's formula."""
        elapsed = times_s - self.start_s
        if self.decay_constant_per_s:
            return np.asarray(self.start_activity_bq * np.exp(-self.decay_constant_per_s * elapsed))
        return np.asarray(self.start_activity_bq + self.slope_bq_per_s * elapsed)


@dataclass(frozen=True, eq=False)
class TrapezoidCurve:
    """Curve through every point.

    Parameters
    ----------
    times_s, activity_bq
        Points, shape (n_times,), n ≥ 2, the last two positive.
    physical_decay_constant_per_s
        The tail never falls more slowly.
    head
        Before the first point: a straight line from zero, a constant, or the first two points' exponential drawn
        back. ``automatic`` is a straight line from zero while the curve still rises from the first point to the
        second, else a constant.
    middle
        ``log`` joins falling positive points by exponentials (exact for a mono-exponential), others by straight
        lines; ``linear`` always by straight lines.
    tail
        ``last-two-points``: exponential with λ = max(λ_physical, slope of the last two points); ``physical``: decay
        only, the upper limit.

    Raises
    ------
    FitError
        With fewer than two points, or a last activity that is not positive.
    """

    times_s: FloatArray
    activity_bq: FloatArray
    physical_decay_constant_per_s: float
    head: Head = "automatic"
    middle: Middle = "log"
    tail: Tail = "last-two-points"

    def __post_init__(self) -> None:
        if len(self.times_s) < 2:
            raise FitError("a trapezoid needs at least two time points", remedy="use a single-time-point method")
        if self.activity_bq[-1] <= 0 or self.activity_bq[-2] <= 0:
            raise FitError("the last two activities must be positive for a tail", remedy="exclude the point")

    @functools.cached_property
    def tail_decay_constant_per_s(self) -> float:
        """Decay constant after the last point."""
        if self.tail == "physical":
            return self.physical_decay_constant_per_s
        before, last = float(self.activity_bq[-2]), float(self.activity_bq[-1])
        slope = math.log(before / last) / float(self.times_s[-1] - self.times_s[-2])
        return max(self.physical_decay_constant_per_s, slope)

    @functools.cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Head (none if the first point is at time zero), middle pieces, tail."""
        times = [float(t) for t in self.times_s]
        values = [float(a) for a in self.activity_bq]
        pieces = [self._head_piece(times, values)] if times[0] > 0 else []
        for begin, end, before, after in zip(times, times[1:], values, values[1:], strict=False):
            falling = before > after * (1 + _NEARLY_EQUAL) and after > 0
            if self.middle == "log" and falling:
                rate = math.log(before / after) / (end - begin)
                pieces.append(Piece(begin, end, before, decay_constant_per_s=rate))
            else:
                pieces.append(Piece(begin, end, before, slope_bq_per_s=(after - before) / (end - begin)))
        pieces.append(Piece(times[-1], math.inf, values[-1], decay_constant_per_s=self.tail_decay_constant_per_s))
        return tuple(pieces)

    def _head_piece(self, times: Sequence[float], values: Sequence[float]) -> Piece:
        first, activity = times[0], values[0]
        head = self.head
        if head == "automatic":
            head = "linear-from-zero" if values[1] > activity else "constant"
        if head == "linear-from-zero":
            return Piece(0.0, first, 0.0, slope_bq_per_s=activity / first)
        if head == "back-extrapolated" and activity > values[1] > 0:
            rate = math.log(activity / values[1]) / (times[1] - first)
            return Piece(0.0, first, activity * math.exp(rate * first), decay_constant_per_s=rate)
        return Piece(0.0, first, activity)

    @functools.cached_property
    def head_bq_s(self) -> float:
        """Part of the time-integrated activity before the first point."""
        return self.pieces[0].time_integrated_activity_bq_s() if self.times_s[0] > 0 else 0.0

    @functools.cached_property
    def middle_bq_s(self) -> float:
        """Part between the first and the last point."""
        inner = self.pieces[1:-1] if self.times_s[0] > 0 else self.pieces[:-1]
        return sum(piece.time_integrated_activity_bq_s() for piece in inner)

    @functools.cached_property
    def tail_bq_s(self) -> float:
        """Part after the last point: A_n/λ_tail."""
        return self.pieces[-1].time_integrated_activity_bq_s()

    @property
    def time_integrated_activity_bq_s(self) -> float:
        """Head, middle and tail."""
        return self.head_bq_s + self.middle_bq_s + self.tail_bq_s

    def activity_at_bq(self, times_s: FloatArray) -> FloatArray:
        """Activity at times ≥ 0, shape of ``times_s``."""
        times = np.asarray(times_s, dtype=np.float64)
        ends = np.array([piece.end_s for piece in self.pieces[:-1]])
        which = np.searchsorted(ends, times, side="left")
        result = np.empty(times.shape)
        for number, piece in enumerate(self.pieces):
            inside = which == number
            result[inside] = piece.activity_bq(times[inside])
        return result

    def gradient(self) -> FloatArray:
        """∂Ã/∂A_i of every point, by central differences of one per mille, shape (n_times,)."""
        return np.array([self._derivative(number) for number in range(len(self.activity_bq))])

    def _derivative(self, number: int) -> float:
        step = 1e-3 * float(np.abs(self.activity_bq).max())
        sides = []
        for sign in (1.0, -1.0):
            values = np.array(self.activity_bq)
            values[number] += sign * step
            if values[-1] <= 0 or values[-2] <= 0:
                return self.time_integrated_activity_bq_s / float(self.activity_bq[number])
            sides.append(replace(self, activity_bq=values).time_integrated_activity_bq_s)
        return (sides[0] - sides[1]) / (2 * step)
