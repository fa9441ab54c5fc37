"""The size of an error names its cause."""

from __future__ import annotations

import math

import pytest

from dosimetry_core.quantification.field_of_view_causes import (
    ScanFacts,
    causes_of_fraction,
    causes_of_growth,
    causes_of_ratio,
    typical_fraction,
)
from dosimetry_core.quantification.findings import factor_two_findings, field_of_view_findings
from dosimetry_core.units import SECONDS_PER_HOUR

LUTETIUM_H, YTTRIUM_H = 159.528, 64.10
HOURS = (4.0, 24.0, 48.0, 168.0)


def left(hours: float, half_life_h: float = LUTETIUM_H) -> float:
    return 0.5 ** (hours / half_life_h)


def facts(hours: float, *, counts: bool = True) -> ScanFacts:
    return ScanFacts(hours * SECONDS_PER_HOUR, left(hours), 2, 60, counts, (("Y-90", left(hours, YTTRIUM_H)),))


@pytest.mark.parametrize("hours", HOURS)
@pytest.mark.parametrize(
    ("factor", "counts", "words"),
    [
        (1e6, True, "per Bq instead of per MBq"),
        (60.0, True, "one of the 60 frames"),
        (1 / 60, True, "mean of the 60 frames"),
        (1e-6, False, "MBq/mL"),
        (1e-3, False, "kBq/mL"),
        (1e6, False, "million"),
    ],
)
def test_that_a_gross_error_is_named_from_one_scan(factor: float, counts: bool, words: str, hours: float) -> None:
    """Whatever the patient's own uptake is, within half and twice the usual."""
    for own in (0.5, 1.0, 2.0):
        causes = causes_of_fraction(
            own * typical_fraction(hours * SECONDS_PER_HOUR) * factor, facts(hours, counts=counts)
        )
        assert any(words in cause for cause in causes)


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (2.0, "head"),
        (0.5, "head"),
        (1 / left(168.0), "decay-corrected to the administration"),
        (left(168.0), "corrected twice"),
        (left(168.0) / left(168.0, YTTRIUM_H), "Y-90"),
        (1000.0, "ms as s"),
    ],
)
def test_that_between_cycles_even_small_errors_are_named(factor: float, words: str) -> None:
    for own in (0.95, 1.0, 1.05):
        assert any(words in cause for cause in causes_of_ratio(own * factor, facts(168.0)))


def test_that_a_right_image_has_no_cause() -> None:
    for hours in HOURS:
        assert causes_of_ratio(1.03, facts(hours)) == []
        assert causes_of_fraction(typical_fraction(hours * SECONDS_PER_HOUR), facts(hours)) == []
        assert causes_of_ratio(0.0, facts(hours)) == []


def test_that_growth_by_decay_corrected_to_one_time_is_named() -> None:
    """168 h against 24 h: without excretion the activity, decay taken off again, seems to grow by 2^(144/159.5)."""
    step = left(168.0) / left(24.0)
    causes = causes_of_growth(0.9 / step, step, None, [("Y-90", left(144.0, YTTRIUM_H))])
    assert "corrected to one time" in causes[0]
    assert "counting times" in causes_of_growth(1.3, 0.98, 1.4, [])[0]


def test_that_the_findings_carry_the_causes() -> None:
    hours = (4.0, 24.0)
    times = [h * SECONDS_PER_HOUR for h in hours]
    known = [facts(h) for h in hours]
    found = field_of_view_findings(
        times, [1.5e9, 0.8e9], [1.5, 0.9], math.log(2) / (LUTETIUM_H * SECONDS_PER_HOUR), "cycle 1", facts=known
    )
    assert [finding.code for finding in found] == ["field-of-view-activity"]
    assert "sensitivity is that of one head" in found[0].text
    found = field_of_view_findings(times, [1.0, 0.5], [1e-6, 5e-7], 1e-6, "cycle 1", facts=known)
    assert {finding.code for finding in found} == {"field-of-view-activity-low"}
    between = factor_two_findings(times, [0.8e-3, 0.5], times, [0.8, 0.5], "cycle 2", facts=known)
    assert [finding.code for finding in between] == ["field-of-view-factor"]
    assert "taken as s" in between[0].text
