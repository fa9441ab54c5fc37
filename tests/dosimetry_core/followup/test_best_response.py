"""Best overall response by RECIST 1.1: table 3 by hand, the 4 weeks of confirmation, the 6 weeks of stable disease."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dosimetry_core.followup.best_response import OverallResponse, best_overall_response

BASELINE = date(2025, 1, 1)


def best(*responses: tuple[int, OverallResponse], confirmed: bool) -> OverallResponse | None:
    """Of responses by days since the baseline."""
    return best_overall_response(
        BASELINE, [(BASELINE + timedelta(days), response) for days, response in responses], confirmed=confirmed
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("CR", "CR", "CR"),
        ("CR", "PR", "PR"),
        ("CR", "SD", "SD"),
        ("CR", "PD", "SD"),
        ("CR", "NE", "SD"),
        ("PR", "CR", "PR"),
        ("PR", "PR", "PR"),
        ("PR", "SD", "SD"),
        ("PR", "PD", "SD"),
        ("PR", "NE", "SD"),
        ("SD", "PR", "SD"),
        ("SD", "PD", "SD"),
        ("NE", "NE", "NE"),
        ("PD", "CR", "PD"),
        ("non-CR/non-PD", "PD", "non-CR/non-PD"),
    ],
)
def test_that_two_assessments_give_what_table_3_says(
    first: OverallResponse, second: OverallResponse, expected: OverallResponse
) -> None:
    assert best((60, first), (120, second), confirmed=True) == expected


@pytest.mark.parametrize("first", ["CR", "PR", "SD"])
def test_that_nothing_is_stable_before_six_weeks(first: OverallResponse) -> None:
    assert best((41, first), (60, "PD"), confirmed=True) == "PD"
    assert best((41, first), (60, "NE"), confirmed=True) == "NE"
    assert best((42, first), (60, "PD"), confirmed=True) == "SD"


def test_that_a_response_is_confirmed_four_weeks_later_and_not_before() -> None:
    assert best((60, "PR"), (87, "PR"), (90, "SD"), confirmed=True) == "SD"
    assert best((60, "PR"), (88, "PR"), (90, "SD"), confirmed=True) == "PR"
    assert best((60, "PR"), (70, "PR"), (88, "PR"), confirmed=True) == "PR"
    assert best((60, "PR"), (70, "SD"), (98, "PR"), confirmed=True) == "SD"
    assert best((60, "PR"), (75, "NE"), (90, "PR"), confirmed=True) == "PR"
    assert best((60, "PR"), (120, "CR"), (180, "CR"), confirmed=True) == "CR"
    assert best((60, "PR"), (120, "CR"), confirmed=True) == "PR"


def test_that_without_confirmation_the_first_response_counts() -> None:
    assert best((30, "SD"), (60, "PR"), (90, "PD"), (120, "CR"), confirmed=False) == "PR"
    assert best((60, "PD"), (90, "PR"), confirmed=False) == "PD"
    assert best((30, "NE"), (60, "SD"), confirmed=False) == "SD"
    assert best((30, "SD"), confirmed=False) == "NE"
    assert best((30, "CR"), confirmed=False) == "CR"
    assert best(confirmed=False) is None
    assert best(confirmed=True) is None


def test_that_without_targets_an_unconfirmed_complete_response_is_not_stable_disease() -> None:
    days = [(BASELINE + timedelta(days=60), "non-CR/non-PD"), (BASELINE + timedelta(days=120), "CR")]
    assert best_overall_response(BASELINE, days, confirmed=True, has_targets=False) == "non-CR/non-PD"  # type: ignore[arg-type]
    assert best_overall_response(BASELINE, days, confirmed=False, has_targets=False) == "CR"  # type: ignore[arg-type]
