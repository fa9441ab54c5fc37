"""Against published series, lifelines and closed forms."""

from __future__ import annotations

import itertools
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosimetry_core.cohort.records import FollowedTime
from dosimetry_core.cohort.statistics import kaplan_meier, kruskal_wallis, log_rank, paired, spearman, summary

# Freireich 1963, weeks of remission with 6-mercaptopurine and placebo (Klein and Moeschberger, Survival Analysis, 1.2).
TREATED = [FollowedTime(t, True) for t in (6, 6, 6, 7, 10, 13, 16, 22, 23)]
TREATED += [FollowedTime(t, False) for t in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)]
PLACEBO = [FollowedTime(t, True) for t in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]


def test_that_the_textbook_series_has_its_published_survival() -> None:
    """Survival by hand (product over deaths of 1 − d/n); bands as lifelines 0.30.3 gives them."""
    curve = kaplan_meier(TREATED)
    assert curve is not None
    expected = [
        (6, 18 / 21, 0.619718, 0.951552, 21, 3),
        (7, 18 / 21 * 16 / 17, 0.563147, 0.922809, 17, 1),
        (10, 18 / 21 * 16 / 17 * 14 / 15, 0.503200, 0.889362, 15, 1),
        (13, 0.690196, 0.431610, 0.849066, 12, 1),
        (16, 0.627451, 0.367511, 0.804912, 11, 1),
        (22, 0.537815, 0.267779, 0.746791, 7, 1),
        (23, 0.448179, 0.188052, 0.680143, 6, 1),
    ]
    for point, (days, survival, lower, upper, at_risk, events) in zip(curve.points, expected, strict=True):
        assert (point.days, point.at_risk, point.events) == (days, at_risk, events)
        assert (point.survival, point.lower, point.upper) == pytest.approx((survival, lower, upper), abs=1e-6)
    assert curve.median_days == 23
    assert (curve.count, curve.events) == (21, 9)


def test_that_the_log_rank_of_the_textbook_series_is_the_published_one() -> None:
    found = log_rank({"6-MP": TREATED, "placebo": PLACEBO})
    assert found is not None
    assert found.statistic == pytest.approx(16.792940989, rel=1e-9)
    assert found.p_value == pytest.approx(4.1688091e-05, rel=1e-6)


def test_that_three_groups_are_compared_as_lifelines_does() -> None:
    in_order = [FollowedTime(t, True) for t in (6, 6, 6, 7, 10, 13, 16, 22, 23)]
    in_order += [FollowedTime(t, False) for t in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)]
    found = log_rank({"a": in_order[:7], "b": in_order[7:14], "c": in_order[14:]})
    assert found is not None
    assert (found.statistic, found.p_value) == pytest.approx((26.108423575, 2.141055e-06), rel=1e-6)


EARLY = [FollowedTime(1.0, False), FollowedTime(2.0, False)]
SECOND = [FollowedTime(5.0, True), FollowedTime(8.0, True), FollowedTime(9.0, False), FollowedTime(12.0, True)]
THIRD = [FollowedTime(4.0, True), FollowedTime(6.0, True), FollowedTime(7.0, True), FollowedTime(15.0, False)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_that_a_group_that_nobody_saw_an_event_of_changes_nothing_whatever_its_place(order: tuple[int, ...]) -> None:
    """The statistic is lifelines' (0.30.3), with and without the group; the degree of freedom is that of two groups."""
    groups = [EARLY, SECOND, THIRD]
    found = log_rank({str(place): groups[number] for place, number in enumerate(order)})
    assert found is not None
    assert found.statistic == pytest.approx(0.1248610065, rel=1e-9)
    assert found.p_value == pytest.approx(0.7238209910, rel=1e-9)
    assert found.count == 8


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_that_the_order_of_groups_does_not_matter(order: tuple[int, ...]) -> None:
    """Statistic and p are lifelines' (0.30.3)."""
    groups = [TREATED, PLACEBO, SECOND]
    found = log_rank({str(place): groups[number] for place, number in enumerate(order)})
    assert found is not None
    assert (found.statistic, found.p_value) == pytest.approx((17.229621840, 1.8139911115e-04), rel=1e-9)


def test_that_groups_that_are_not_at_risk_together_are_not_compared() -> None:
    assert log_rank({"early": EARLY, "late": SECOND}) is None
    assert log_rank({"late": SECOND, "early": EARLY}) is None
    assert log_rank({"a": EARLY, "b": EARLY}) is None


def test_that_nobody_lost_gives_the_share_still_alive() -> None:
    curve = kaplan_meier([FollowedTime(float(t), True) for t in (1, 2, 3, 4)])
    assert curve is not None
    assert [point.survival for point in curve.points] == pytest.approx([0.75, 0.5, 0.25, 0.0])
    assert curve.median_days == 2
    # As R's survfit has it; the limits before it are not carried on, and nothing stands for them.
    assert math.isnan(curve.points[-1].lower)
    assert math.isnan(curve.points[-1].upper)
    assert all(0 < point.lower < point.survival < point.upper < 1 for point in curve.points[:-1])


def test_that_without_an_event_there_is_no_step_and_no_median() -> None:
    curve = kaplan_meier([FollowedTime(10.0, False), FollowedTime(20.0, False)])
    assert curve is not None
    assert (curve.points, curve.median_days, curve.count) == ((), None, 2)
    assert kaplan_meier([]) is None
    assert log_rank({"a": [FollowedTime(1.0, True)]}) is None


def test_that_a_time_before_the_start_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        FollowedTime(-1.0, True)
    with pytest.raises(ValueError, match="negative"):
        FollowedTime(math.nan, True)


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=0, max_size=40))
def test_that_a_summary_is_that_of_the_standard_library(values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    found = summary(values)
    if not known:
        assert found is None
        return
    assert found is not None
    assert (found.count, found.missing) == (len(known), len(values) - len(known))
    assert found.median == pytest.approx(statistics.median(known), abs=1e-6)
    if len(known) > 1:
        low, _, high = statistics.quantiles(known, n=4, method="inclusive")
        assert (found.lower_quartile, found.upper_quartile) == pytest.approx((low, high), abs=1e-6)
        assert found.standard_deviation == pytest.approx(statistics.stdev(known), abs=1e-4)


def test_that_rank_correlation_sees_order_only_and_leaves_out_what_is_missing() -> None:
    found = spearman([(1.0, 1.0), (2.0, 10.0), (3.0, 1000.0), (None, 5.0), (9.0, None)])
    assert found is not None
    assert (found.statistic, found.count) == (pytest.approx(1.0), 3)
    # 1 − 6 Σd²/(n(n² − 1)) with ranks 1 2 3 4 against 2 1 4 3.
    found = spearman([(1.0, 2.0), (2.0, 1.0), (3.0, 4.0), (4.0, 3.0)])
    assert found is not None
    assert found.statistic == pytest.approx(1 - 6 * 4 / (4 * 15))
    assert spearman([(1.0, 2.0), (1.0, 3.0), (1.0, 4.0)]) is None


def test_that_kruskal_wallis_is_by_its_formula() -> None:
    groups: dict[str, list[float | None]] = {"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0], "c": [None]}
    found = kruskal_wallis(groups)
    assert found is not None
    # 12/(N(N + 1)) Σ R²/n − 3(N + 1) with rank sums 6 and 15.
    assert found.statistic == pytest.approx(12 / 42 * (6**2 / 3 + 15**2 / 3) - 21)
    assert found.count == 6
    assert kruskal_wallis({"a": [1.0, 1.0], "b": [1.0]}) is None


def test_that_the_paired_test_is_exact_for_few() -> None:
    # All five fall: two of the 2⁵ arrangements of signs are as extreme.
    found = paired([(10.0, 9.0), (10.0, 8.0), (10.0, 7.0), (10.0, 6.0), (10.0, 5.0)])
    assert found is not None
    assert found.p_value == pytest.approx(2 / 32)
    assert paired([(1.0, 1.0), (2.0, 2.0), (3.0, 2.0)]) is None


def test_that_ties_are_ties_of_the_decimals() -> None:
    """Haemoglobin to 0.1 g/dL: seven falls of 0.3 and one rise of 0.3 all have rank 4.5, whatever binary made of them.

    With equal ranks the test is that of the signs. It is the same in tenths, which are whole numbers.
    """
    before = (13.2, 11.4, 12.1, 10.3, 9.9, 14.0, 12.7, 11.1)
    after = (12.9, 11.1, 11.8, 10.0, 9.6, 13.7, 12.4, 11.4)
    assert len({b - a for a, b in zip(before, after, strict=True)}) > 2
    found = paired(list(zip(before, after, strict=True)))
    tenths = paired([(round(10 * a), round(10 * b)) for a, b in zip(before, after, strict=True)])
    assert found is not None
    assert tenths is not None
    assert (found.statistic, found.p_value) == (4.5, tenths.p_value)
