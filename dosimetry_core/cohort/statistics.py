"""Statistics of a cohort: quartiles, rank tests, survival; each with the number it rests on."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from scipy import stats

from dosimetry_core.cohort.records import FollowedTime

_CONFIDENCE = 0.95
_FEWEST_FOR_TEST = 3
_SIGNIFICANT_DIGITS = 9


@dataclass(frozen=True)
class Summary:
    """Median with quartiles and range of known values; ``missing`` says how many are not known."""

    count: int
    missing: int
    median: float
    lower_quartile: float
    upper_quartile: float
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float


def summary(values: Sequence[float | None]) -> Summary | None:
    """Summary of values; None if none is known. Quartiles by linear interpolation (Hyndman and Fan, type 7)."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not known.size:
        return None
    low, middle, high = (float(v) for v in np.quantile(known, (0.25, 0.5, 0.75)))
    spread = float(known.std(ddof=1)) if known.size > 1 else math.nan
    return Summary(
        int(known.size),
        len(values) - int(known.size),
        middle,
        low,
        high,
        float(known.min()),
        float(known.max()),
        float(known.mean()),
        spread,
    )


@dataclass(frozen=True)
class TestResult:
    """A statistical test: its name, statistic, two-sided p value and how many values it rests on."""

    test: str
    statistic: float
    p_value: float
    count: int


def spearman(pairs: Sequence[tuple[float | None, float | None]]) -> TestResult | None:
    """Spearman's rank correlation of complete pairs; None with fewer than three, or where one side is constant."""
    known = np.array([(a, b) for a, b in pairs if a is not None and b is not None], dtype=np.float64).reshape(-1, 2)
    if len(known) < _FEWEST_FOR_TEST or np.ptp(known[:, 0]) == 0 or np.ptp(known[:, 1]) == 0:
        return None
    found = stats.spearmanr(known[:, 0], known[:, 1])
    return TestResult("Spearman's rho", float(found.statistic), float(found.pvalue), len(known))


def kruskal_wallis(groups: Mapping[str, Sequence[float | None]]) -> TestResult | None:
    """Whether groups differ in location; None with fewer than two groups of values, or where all values are equal."""
    known = [[value for value in values if value is not None] for values in groups.values()]
    known = [values for values in known if values]
    everything = [value for values in known for value in values]
    if len(known) < 2 or len(set(everything)) < 2:
        return None
    found = stats.kruskal(*known)
    return TestResult("Kruskal–Wallis", float(found.statistic), float(found.pvalue), len(everything))


def paired(before_and_after: Sequence[tuple[float | None, float | None]]) -> TestResult | None:
    """Wilcoxon's signed-rank test of complete pairs; None with fewer than three that differ.

    Differences are those of the decimals: 13.2 − 12.9 and 11.4 − 11.1 are tied, though not in binary.
    """
    differences = [float(_decimal(b) - _decimal(a)) for a, b in before_and_after if a is not None and b is not None]
    if sum(difference != 0 for difference in differences) < _FEWEST_FOR_TEST:
        return None
    found = stats.wilcoxon(differences)
    return TestResult("Wilcoxon signed-rank", float(found.statistic), float(found.pvalue), len(differences))


def _decimal(value: float) -> Decimal:
    """The number as it was measured, free of what conversion between units left behind the last digit."""
    return Decimal(f"{value:.{_SIGNIFICANT_DIGITS}g}")


@dataclass(frozen=True)
class SurvivalPoint:
    """Survival just after a time, with its confidence band and the number at risk just before it."""

    days: float
    survival: float
    lower: float
    upper: float
    at_risk: int
    events: int


@dataclass(frozen=True)
class SurvivalCurve:
    """Kaplan–Meier estimate at each time of an event.

    ``median_days`` is the first time at which survival is at most one half; None where it never is.
    """

    points: tuple[SurvivalPoint, ...]
    count: int
    events: int
    median_days: float | None

    def at_risk(self, days: float, times: Sequence[FollowedTime]) -> int:
        """How many were still followed just before a time."""
        return sum(time.days >= days for time in times)


def kaplan_meier(times: Sequence[FollowedTime]) -> SurvivalCurve | None:
    """Kaplan–Meier estimate with pointwise 95 % bands by the log-log transform of Greenwood's variance.

    None without any time. Where survival is 0 the band is not defined (NaN), as Greenwood's variance is not: the last
    one at risk had the event. R's survfit says NA there; the last limits are not carried on.
    """
    if not times:
        return None
    events = sum(time.event for time in times)
    if not events:
        return SurvivalCurve((), len(times), 0, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # says where the band is not defined; NaN says it too
        found = stats.ecdf(
            stats.CensoredData(
                uncensored=[time.days for time in times if time.event],
                right=[time.days for time in times if not time.event],
            )
        ).sf
        band = found.confidence_interval(confidence_level=_CONFIDENCE, method="log-log")
        lower = np.asarray(getattr(band.low, "probabilities"))  # noqa: B009  # the stubs take it for a number
        upper = np.asarray(getattr(band.high, "probabilities"))  # noqa: B009
    points = []
    for number, days in enumerate(found.quantiles):
        here = sum(1 for time in times if time.event and time.days == days)
        if not here:
            continue
        at_risk = sum(1 for time in times if time.days >= days)
        points.append(
            SurvivalPoint(
                float(days),
                float(found.probabilities[number]),
                float(lower[number]),
                float(upper[number]),
                at_risk,
                here,
            )
        )
    # Sums of products: one half is reached to rounding.
    median = next((point.days for point in points if point.survival <= 0.5 + 1e-12), None)
    return SurvivalCurve(tuple(points), len(times), events, median)


def log_rank(groups: Mapping[str, Sequence[FollowedTime]]) -> TestResult | None:
    """Log-rank test of two or more groups (Mantel's variance, chi-square); None where no event tells them apart.

    Groups of which nobody was followed up to the first event are left out: nothing is expected of them, and they have
    no degree of freedom. All others are at risk together at the first event, so that the variance of all but one of
    them is regular, whichever that one is.
    """
    instants = sorted({time.days for times in groups.values() for time in times if time.event})
    known = (
        [list(times) for times in groups.values() if any(time.days >= instants[0] for time in times)]
        if instants
        else []
    )
    if len(known) < 2:
        return None
    observed_less_expected = np.zeros(len(known))
    variance = np.zeros((len(known), len(known)))
    for instant in instants:
        at_risk = np.array([sum(time.days >= instant for time in times) for times in known], dtype=np.float64)
        events = np.array([sum(time.event and time.days == instant for time in times) for times in known], float)
        everybody, died = at_risk.sum(), events.sum()
        observed_less_expected += events - died * at_risk / everybody
        if everybody > 1:
            share = at_risk / everybody
            common = died * (everybody - died) / (everybody - 1)
            variance += common * (np.diag(share) - np.outer(share, share))
    kept = observed_less_expected[:-1]
    try:
        statistic = float(kept @ np.linalg.solve(variance[:-1, :-1], kept))
    except np.linalg.LinAlgError:
        return None
    p_value = float(stats.chi2.sf(statistic, len(known) - 1))
    return TestResult("log-rank", statistic, p_value, sum(len(times) for times in known))
