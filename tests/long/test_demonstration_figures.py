"""Accuracy on the demonstration: five protocols, seeds 1 to 5, from DICOM files to the plan."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.figures import (
    Comparison,
    comparisons,
    figure_line,
    largest,
    of_kidneys,
    of_lesions_from,
    of_solid_organs,
    picked,
    root_mean_square,
    share_within,
    share_within_deviations,
)
from tests.long.demonstration_runs import Run

pytestmark = pytest.mark.long

RunCase = Callable[[str, int], Run]


@pytest.fixture(scope="module")
def found(run_case: RunCase, protocols: tuple[str, ...], seeds: tuple[int, ...]) -> list[Comparison]:
    # Seeds outermost: the registrations of a seed serve all its protocols.
    runs = [run_case(protocol, seed) for seed in seeds for protocol in protocols]
    return [comparison for run in runs for comparison in comparisons(run.results, run.truth)]


def beyond(found: list[Comparison], limit: float) -> list[str]:
    """What is further from its truth than the limit, in words."""
    return [str(item) for item in found if abs(item.relative_error) > limit]


def test_that_kidney_time_integrated_activity_is_within_2_percent(
    found: list[Comparison], seeds: tuple[int, ...]
) -> None:
    values = picked(found, "time-integrated activity", of_kidneys)
    failures = beyond(values, 0.05)
    rms = root_mean_square(values)
    figure_line(
        "demonstration-kidney-time-integrated-activity",
        n=len(values),
        failures=len(failures),
        seed=list(seeds),
        root_mean_square=rms,
        largest=largest(values),
    )
    assert not failures
    assert rms <= 0.02


def test_that_organ_doses_are_within_5_percent(found: list[Comparison], seeds: tuple[int, ...]) -> None:
    values = picked(found, "absorbed dose", of_solid_organs)
    failures = beyond(values, 0.07)
    within = share_within(values, 0.05)
    figure_line(
        "demonstration-organ-dose",
        n=len(values),
        failures=len(failures),
        seed=list(seeds),
        share_within_5_percent=within,
        root_mean_square=root_mean_square(values),
        largest=largest(values),
    )
    assert not failures
    assert within >= 0.95


def test_that_lesion_doses_are_within_10_percent(found: list[Comparison], seeds: tuple[int, ...]) -> None:
    values = picked(found, "absorbed dose", of_lesions_from(5.0))
    failures = beyond(values, 0.20)
    within = share_within(values, 0.10)
    figure_line(
        "demonstration-lesion-dose",
        n=len(values),
        failures=len(failures),
        seed=list(seeds),
        share_within_10_percent=within,
        root_mean_square=root_mean_square(values),
        largest=largest(values),
    )
    assert not failures
    assert within >= 0.90


def test_that_marrow_doses_are_within_5_percent(found: list[Comparison], seeds: tuple[int, ...]) -> None:
    values = picked(found, "absorbed dose", lambda item: item.role == "red_marrow")
    failures = beyond(values, 0.10)
    rms = root_mean_square(values)
    figure_line(
        "demonstration-marrow-dose",
        n=len(values),
        failures=len(failures),
        seed=list(seeds),
        root_mean_square=rms,
        largest=largest(values),
    )
    assert not failures
    assert rms <= 0.05


def test_that_the_truth_lies_within_3_stated_uncertainties(found: list[Comparison], seeds: tuple[int, ...]) -> None:
    stated = [item for item in found if item.deviation is not None]
    failures = [str(item) for item in stated if abs(item.deviation or 0.0) > 3]
    within = share_within_deviations(stated, 3.0)
    # Activities of a nuclide that no image shows follow from the other nuclide and state none of their own.
    without = sorted({f"{item.nuclide} {item.quantity}" for item in found if item.deviation is None})
    figure_line(
        "demonstration-uncertainty",
        n=len(stated),
        failures=len(failures),
        seed=list(seeds),
        share_within_3=within,
        largest=max(abs(item.deviation or 0.0) for item in stated),
        without_uncertainty=without,
    )
    assert without in ([], ["Y-90 activity"])
    assert within >= 0.98
