"""One figure of bench.json: samples, what they are summed up to, the alternative beside it, and the stated goal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dosimetry_core.units import MILLISECONDS_PER_SECOND

P95 = 95.0


@dataclass(frozen=True)
class Timed:
    """Durations of repetitions of one piece of work.

    Parameters
    ----------
    wall_s
        By the clock on the wall, one per repetition.
    processor_s
        Processor time of all threads of this process, one per repetition: other work on the machine hardly changes it.
    """

    wall_s: tuple[float, ...]
    processor_s: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """Median duration."""
        return float(np.median(self.wall_s))

    @property
    def median_ms(self) -> float:
        """Median duration in ms."""
        return self.median_s * MILLISECONDS_PER_SECOND

    @property
    def p95_ms(self) -> float:
        """95th percentile of the durations in ms."""
        return p95(self.wall_ms)

    @property
    def wall_ms(self) -> tuple[float, ...]:
        """Durations in ms."""
        return tuple(s * MILLISECONDS_PER_SECOND for s in self.wall_s)

    @property
    def processor_p95_ms(self) -> float:
        """95th percentile of the processor time in ms."""
        return p95([s * MILLISECONDS_PER_SECOND for s in self.processor_s])


def p95(values: Sequence[float]) -> float:
    """95th percentile, interpolated linearly."""
    return float(np.percentile(values, P95))


class Stopwatch:
    """Collects durations of work done between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self._wall: list[float] = []
        self._processor: list[float] = []
        self._began = self._used = 0.0

    def start(self) -> None:
        """The work begins."""
        self._used = time.process_time()
        self._began = time.perf_counter()

    def stop(self) -> None:
        """The work is done."""
        self._wall.append(time.perf_counter() - self._began)
        self._processor.append(time.process_time() - self._used)

    def timed(self) -> Timed:
        """What was collected."""
        return Timed(tuple(self._wall), tuple(self._processor))


def timed(work: Callable[[], object], repetitions: int) -> Timed:
    """Durations of repeated work."""
    watch = Stopwatch()
    for _ in range(repetitions):
        watch.start()
        work()
        watch.stop()
    return watch.timed()


@dataclass(frozen=True)
class Goal:
    """What the figure should be.

    Parameters
    ----------
    text
        In words.
    met
        Whether this run met it; where wall time decides, other work on the machine can spoil it.
    """

    text: str
    met: bool


@dataclass(frozen=True)
class Figure:
    """One entry of bench.json, ratio = value / alternative value.

    Parameters
    ----------
    name, value, unit
        As headless.md names them; the unit of the value is also that of the samples and of the alternative.
    samples
        Single measurements.
    conditions
        What was measured on: sizes, shapes, counts, digests of frames, processor time.
    alternative, alternative_value
        What else does the same, and its value in the same run; None where nothing comparable exists.
    goal
        What is aimed at; None where none is stated.
    """

    name: str
    value: float
    unit: str
    samples: tuple[float, ...]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    alternative: str | None = None
    alternative_value: float | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """Value divided by that of the alternative."""
        return None if self.alternative_value is None else self.value / self.alternative_value

    def as_json(self) -> dict[str, Any]:
        """The entry of bench.json."""
        conditions = dict(self.conditions)
        if self.goal is not None:
            conditions |= {"goal": self.goal.text, "goal_met": self.goal.met}
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "alternative": self.alternative,
            "alternative_value": self.alternative_value,
            "ratio": self.ratio,
            "n": len(self.samples),
            "samples": list(self.samples),
            "conditions": conditions,
        }


def _processor_time(figure: Figure) -> float | None:
    """Processor time of the same work in the figure's unit, which other work on the machine hardly stretches."""
    if "processor_p95_ms" in figure.conditions:
        return float(figure.conditions["processor_p95_ms"])
    for key in ("processor_s", "processor_ms"):
        if key in figure.conditions:
            return float(np.median(figure.conditions[key]))
    return None


def table(figures: Sequence[Figure]) -> list[str]:
    """Lines for a person: value, alternative, ratio, goal and whether it is met."""
    lines = []
    for figure in figures:
        text = f"{figure.name:<38} {figure.value:10.3f} {figure.unit:<3}"
        if figure.alternative_value is not None and figure.ratio is not None:
            text += (
                f"  ratio {figure.ratio:7.3f} to {figure.alternative_value:.3f} {figure.unit} ({figure.alternative})"
            )
        lines.append(text)
        if (used := _processor_time(figure)) is not None:
            lines.append(f"{'':<38} {used:10.3f} {figure.unit:<3} of processor time, all threads")
        if figure.goal is not None:
            lines.append(f"{'':<38} {'met' if figure.goal.met else 'NOT MET'}: {figure.goal.text}")
    return lines
