"""What the cohort's pictures show: box plots, dose against effect, survival; numbers only, drawn elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dosimetry_core.cohort.quantities import Quantity
from dosimetry_core.cohort.records import CourseRecord, FollowedTime
from dosimetry_core.cohort.statistics import (
    Summary,
    SurvivalCurve,
    TestResult,
    kaplan_meier,
    kruskal_wallis,
    log_rank,
    spearman,
    summary,
)
from dosimetry_core.cohort.table_parts import ALL, arms

Changes = tuple[tuple[float, float], ...]
WHISKER_REACH = 1.5
"""Whiskers end at the last value within so many interquartile ranges of the box (Tukey 1977)."""


@dataclass(frozen=True)
class Box:
    """One group of a box plot.

    Parameters
    ----------
    values
        Every single value, in the order of the records, in the core unit.
    keys
        Whose each value is.
    """

    group: str
    values: tuple[float, ...]
    keys: tuple[str, ...]
    summary: Summary
    lower_whisker: float
    upper_whisker: float


@dataclass(frozen=True)
class BoxPicture:
    """One quantity by protocol, with the test between protocols."""

    quantity: Quantity
    boxes: tuple[Box, ...]
    test: TestResult | None


@dataclass(frozen=True)
class ScatterPoint:
    """One course of a scatter plot, both values in the core unit."""

    key: str
    group: str
    x: float
    y: float


@dataclass(frozen=True)
class ScatterPicture:
    """Two quantities of each course, with Spearman's correlation over all of them."""

    x: Quantity
    y: Quantity
    points: tuple[ScatterPoint, ...]
    test: TestResult | None


@dataclass(frozen=True)
class SurvivalGroup:
    """One protocol's Kaplan–Meier estimate and the times it rests on."""

    group: str
    times: tuple[FollowedTime, ...]
    curve: SurvivalCurve

    def at_risk(self, days: float) -> int:
        """How many were still followed just before a time."""
        return self.curve.at_risk(days, self.times)

    def censored(self) -> tuple[tuple[float, float], ...]:
        """Days of the last contact of those without event, with the survival then."""
        found = []
        for time in sorted(self.times, key=lambda one: one.days):
            if not time.event:
                before = [point.survival for point in self.curve.points if point.days <= time.days]
                found.append((time.days, before[-1] if before else 1.0))
        return tuple(found)


@dataclass(frozen=True)
class SurvivalPicture:
    """Kaplan–Meier curves by protocol, with the log-rank test."""

    groups: tuple[SurvivalGroup, ...]
    test: TestResult | None


@dataclass(frozen=True)
class BestChange:
    """A bar of the waterfall plot: a course with its best change of the sum of diameters, as a share."""

    key: str
    group: str
    change: float


@dataclass(frozen=True)
class WaterfallPicture:
    """Best changes, the largest growth first; ``missing``: courses without a sum of diameters to compare."""

    bars: tuple[BestChange, ...]
    missing: int


@dataclass(frozen=True)
class SpiderLine:
    """Changes of the sum of one course: days since the baseline and share."""

    key: str
    group: str
    changes: Changes


@dataclass(frozen=True)
class SpiderPicture:
    """Changes of the sums over time; ``missing`` as in the waterfall."""

    lines: tuple[SpiderLine, ...]
    missing: int


def waterfall_picture(records: Sequence[CourseRecord]) -> WaterfallPicture:
    """Best change of the sum of diameters of each course, up to progression."""
    bars = [BestChange(one.key, one.protocol, one.best_change) for one in records if one.best_change is not None]
    ordered = sorted(bars, key=lambda bar: (-bar.change, bar.group, bar.key))
    return WaterfallPicture(tuple(ordered), len(records) - len(bars))


def spider_picture(records: Sequence[CourseRecord]) -> SpiderPicture:
    """Change of the sum of diameters of each course at every assessment."""
    lines = [SpiderLine(one.key, one.protocol, one.sum_changes) for one in records if one.sum_changes]
    return SpiderPicture(tuple(lines), len(records) - len(lines))


def box_picture(records: Sequence[CourseRecord], quantity: Quantity) -> BoxPicture:
    """Box plot of a quantity by protocol; protocols without any value are left out."""
    boxes = []
    for group, members in _groups(records).items():
        known = [(record.key, value) for record in members if (value := quantity.of(record)) is not None]
        values = [value for _, value in known]
        found = summary(values)
        if found is None:
            continue
        reach = WHISKER_REACH * (found.upper_quartile - found.lower_quartile)
        inside = [v for v in values if found.lower_quartile - reach <= v <= found.upper_quartile + reach]
        keys = tuple(key for key, _ in known)
        boxes.append(Box(group, tuple(values), keys, found, min(inside), max(inside)))
    return BoxPicture(quantity, tuple(boxes), kruskal_wallis({box.group: box.values for box in boxes}))


def scatter_picture(records: Sequence[CourseRecord], x: Quantity, y: Quantity) -> ScatterPicture:
    """Scatter plot of the courses of which both quantities are known."""
    points = []
    for record in records:
        across, up = x.of(record), y.of(record)
        if across is not None and up is not None:
            points.append(ScatterPoint(record.key, record.protocol, across, up))
    return ScatterPicture(x, y, tuple(points), spearman([(point.x, point.y) for point in points]))


def survival_picture(
    records: Sequence[CourseRecord], time_of: Callable[[CourseRecord], FollowedTime | None]
) -> SurvivalPicture:
    """Kaplan–Meier curves by protocol of the courses that were followed."""
    groups = []
    for group, members in _groups(records).items():
        times = tuple(time for record in members if (time := time_of(record)) is not None)
        curve = kaplan_meier(times)
        if curve is not None:
            groups.append(SurvivalGroup(group, times, curve))
    return SurvivalPicture(tuple(groups), log_rank({one.group: one.times for one in groups}))


def _groups(records: Sequence[CourseRecord]) -> dict[str, list[CourseRecord]]:
    found = arms(records)
    return {name: members for name, members in found.items() if name != ALL or len(found) == 1}
