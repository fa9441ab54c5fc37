"""The interval by sampling: what it is, that it comes as a job, and that it is marked as pending until then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.document import Document
from app.jobs import Jobs
from app.sampled_intervals import PENDING, SampledIntervals, can_be_sampled, sampled_interval_bq_s
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.nuclide import Y90
from dosimetry_core.progress import no_progress
from dosimetry_core.units import MEGABECQUEREL_HOUR
from tests.app.small_values import case as make_case
from tests.dosimetry_core.kinetics.test_fit import FOUR, MONO, curve


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


def test_that_the_interval_of_a_well_known_curve_is_that_of_the_normal_distribution() -> None:
    fit = fit_curve(curve(MONO, FOUR, 0.02))
    low, high = sampled_interval_bq_s(fit, progress=no_progress)
    u = fit.fit_standard_uncertainty_bq_s
    assert u is not None
    # 1.96 u to either side; each end of 1000 draws is known to 0.085 u, and three times that is allowed.
    assert low == pytest.approx(fit.time_integrated_activity_bq_s - 1.96 * u, abs=0.26 * u)
    assert high == pytest.approx(fit.time_integrated_activity_bq_s + 1.96 * u, abs=0.26 * u)
    assert sampled_interval_bq_s(fit, progress=no_progress) == (low, high)


def test_that_it_is_pending_until_it_is_there_and_is_computed_once(jobs: Jobs, qtbot: QtBot) -> None:
    fit = fit_curve(curve(MONO, FOUR, 0.02))
    sampled = SampledIntervals(Document(make_case()), jobs)
    assert sampled.words(fit) == PENDING
    (job,) = jobs.running
    with qtbot.waitSignal(sampled.changed, timeout=60_000):
        assert sampled.words(fit) == PENDING
    assert jobs.running in ((), (job,))
    low, high = (
        MEGABECQUEREL_HOUR.text(bound, with_symbol=False) for bound in sampled_interval_bq_s(fit, progress=no_progress)
    )
    assert sampled.words(fit) == f"{low} to {high}"
    # Another curve is another question.
    assert sampled.words(fit_curve(curve(MONO, FOUR, 0.05))) == PENDING


def test_that_nothing_is_begun_in_the_middle_of_a_stroke(jobs: Jobs) -> None:
    document: Any = Document(make_case())
    sampled = SampledIntervals(document, jobs)
    document.preview(lambda case: case)
    assert document.is_previewing
    assert sampled.words(fit_curve(curve(MONO, FOUR, 0.02))) == PENDING
    assert jobs.running == ()


def test_that_it_says_why_there_is_none(jobs: Jobs, qtbot: QtBot) -> None:
    fit = fit_curve(curve(MONO, relative=None), weights="uniform")
    sampled = SampledIntervals(Document(make_case()), jobs)
    with qtbot.waitSignal(sampled.changed, timeout=60_000):
        sampled.words(fit)
    assert "not known" in sampled.words(fit)


def test_that_only_measured_curves_of_one_model_are_sampled() -> None:
    fit = fit_curve(curve(MONO))
    derived = second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=1.0, administered_to_bq=1.0)
    assert can_be_sampled(fit)
    assert not can_be_sampled(derived)
