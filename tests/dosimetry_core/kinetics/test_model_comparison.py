from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.kinetics import model_comparison
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import Model, fit_curve
from dosimetry_core.kinetics.model_comparison import COMPARED, ComparedModel, ModelComparison, compare_models
from dosimetry_core.kinetics.prior import HalfLifePrior
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.kinetics.single_scan import fit_single_scan
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.units import BQ_PER_MBQ, HOUR, SECONDS_PER_HOUR

FOUR = [4.0, 24.0, 48.0, 192.0]
EIGHT = [1.0, 4.0, 8.0, 24.0, 48.0, 72.0, 120.0, 192.0]
MONO = [(100.0, 51.0)]
BI = [(60.0, 5.0), (60.0, 56.0)]


def curve(times_h: list[float], terms: list[tuple[float, float]], scatter: float = 0.01) -> TimeActivityCurve:
    times = np.array(times_h) * SECONDS_PER_HOUR
    values = BQ_PER_MBQ * sum(a * 2.0 ** (-times / SECONDS_PER_HOUR / half) for a, half in terms)
    values = values * (1 + scatter * np.cos(7.0 * np.arange(times.size)))
    return TimeActivityCurve(times, values, LU177, 0.02 * values)


def compared(fit: FitResult) -> ModelComparison:
    found = compare_models(fit)
    assert found is not None
    return found


def row(comparison: ModelComparison, model: str) -> ComparedModel:
    return next(item for item in comparison.models if item.model == model)


@pytest.mark.parametrize("model", ["mono-exponential", "bi-exponential", "log-trapezoid"])
def test_that_every_model_stands_in_the_table_whatever_was_chosen(model: Model) -> None:
    found = compared(fit_curve(curve(FOUR, BI), model=model))
    assert tuple(item.model for item in found.models) == COMPARED
    assert [item.model for item in found.models if item.in_use] == [model]


def test_that_four_points_define_the_criterion_for_two_parameters_alone() -> None:
    points = curve(FOUR, BI)
    fit = fit_curve(points)
    found = compared(fit)
    # χ² + 2K + 2K(K+1)/(n−K−1) with n = 4, K = 2.
    values, spread = points.activity_bq, 0.02 * points.activity_bq
    chi_squared = float((((values - fit.activity_bq(points.times_s)) / spread) ** 2).sum())
    assert row(found, "mono-exponential").information_criterion == pytest.approx(chi_squared + 4 + 12)
    for model, parameters in (("bi-exponential-uptake", 3), ("bi-exponential", 4), ("tri-exponential-uptake", 5)):
        other = row(found, model)
        assert (other.information_criterion, other.weight) == (None, None)
        assert "phase" in other.remark or f"not defined with 4 points and {parameters} parameters" in other.remark
    assert "with 4 points and 4 parameters" in row(found, "bi-exponential").remark


def test_that_what_cannot_be_judged_is_never_preferred() -> None:
    # A bi-exponential goes through four points of its own with χ² = 0, which an uncorrected criterion would take.
    fit = fit_curve(curve(FOUR, BI, scatter=0.0), model="bi-exponential")
    found = compared(fit)
    assert fit.chi_squared == pytest.approx(0.0, abs=1e-6)
    assert found.preferred == "mono-exponential"
    assert "this one it can't judge" in found.reason
    assert row(found, "bi-exponential").weight is None


def test_that_weights_are_those_of_the_automatic_choice() -> None:
    points = curve(EIGHT, BI)
    automatic = fit_curve(points, model="automatic")
    found = compared(fit_curve(points, model="mono-exponential"))
    stated = {item.model: item.weight for item in automatic.candidates if item.weight is not None}
    assert len(stated) > 1
    assert {item.model: item.weight for item in found.models if item.weight is not None} == pytest.approx(stated)
    assert found.preferred == automatic.model
    criteria = {model: row(found, model).information_criterion or math.nan for model in stated}
    lowest = min(criteria.values())
    raw = {model: math.exp(-(value - lowest) / 2) for model, value in criteria.items()}
    for model, weight in stated.items():
        assert weight == pytest.approx(raw[model] / sum(raw.values()))


def test_that_the_reason_says_what_another_choice_would_change() -> None:
    points = curve(EIGHT, BI)
    mono, bi = fit_curve(points), fit_curve(points, model="bi-exponential")
    change = bi.time_integrated_activity_bq_s / mono.time_integrated_activity_bq_s - 1
    said = compared(mono).reason
    assert said.startswith("Mono-exponential is set for all VOIs. AICc prefers bi-exponential (weight ")
    assert said.endswith(f"differs by {100 * change:+.1f} %.")
    assert "AICc prefers it too" in compared(bi).reason


def test_that_the_reason_names_how_the_model_came_to_be() -> None:
    fit = fit_curve(curve(FOUR, MONO))
    found = compare_models(fit, chosen="was chosen for this VOI")
    assert found is not None
    assert found.reason.startswith("Mono-exponential was chosen for this VOI. With 4 points AICc can judge this model")


def test_that_an_automatic_choice_gives_its_own_reason() -> None:
    fit = fit_curve(curve(EIGHT, BI), model="automatic")
    said = next(finding.text for finding in fit.findings if finding.code == "model-choice")
    assert compared(fit).reason == f"Automatic: {said}."


def test_that_an_average_stands_below_the_models_it_is_made_of() -> None:
    fit = fit_curve(curve(EIGHT, [(100.0, 51.0), (-100.0, 1.0)], scatter=0.05), model="model-average")
    assert fit.model == "model-average"
    found = compared(fit)
    assert [item.model for item in found.models if item.in_use] == ["model-average"]
    weighed = [item for item in found.models if item.weight is not None]
    mean = sum((item.weight or 0.0) * (item.time_integrated_activity_bq_s or 0.0) for item in weighed)
    assert found.models[-1].time_integrated_activity_bq_s == pytest.approx(mean)


def test_that_a_prior_leaves_no_criterion_and_that_is_said() -> None:
    prior = HalfLifePrior("population", HOUR.to_core(51.0), 0.2, "somewhere")
    found = compared(fit_curve(curve(EIGHT, MONO), prior=prior))
    assert found.preferred is None
    assert "known half-life" in row(found, "mono-exponential").remark
    assert "With a known half-life beside the points AICc is defined for no model" in found.reason


def test_that_relative_weights_count_the_unknown_size_as_a_parameter() -> None:
    points = curve(FOUR, BI)
    bare = TimeActivityCurve(points.times_s, points.activity_bq, LU177)
    found = compared(fit_curve(bare, weights="uniform"))
    assert row(found, "mono-exponential").remark == "AICc not defined with 4 points and 3 parameters"
    assert found.preferred is None


def test_that_a_point_left_out_counts_for_no_model() -> None:
    points = curve(EIGHT, BI)
    left_out, never_there = points.excluding(4), _without(points, 4)
    for first, second in zip(
        compared(fit_curve(left_out)).models, compared(fit_curve(never_there)).models, strict=True
    ):
        assert first.information_criterion == pytest.approx(second.information_criterion)
        assert first.time_integrated_activity_bq_s == pytest.approx(second.time_integrated_activity_bq_s)


def _without(points: TimeActivityCurve, number: int) -> TimeActivityCurve:
    keep = np.arange(points.times_s.size) != number - 1
    return TimeActivityCurve(points.times_s[keep], points.activity_bq[keep], LU177, 0.02 * points.activity_bq[keep])


def test_that_there_is_nothing_to_compare_for_a_derived_curve_and_a_single_scan() -> None:
    fit = fit_curve(curve(FOUR, MONO))
    derived = second_nuclide_fit(fit, to_nuclide=Y90, administered_from_bq=1.0, administered_to_bq=1.0)
    assert compare_models(derived) is None
    prior = HalfLifePrior("population", HOUR.to_core(51.0), 0.2, "somewhere")
    alone = fit_single_scan(curve([96.0], MONO), "two-t-over-ln2", prior, physical_half_life_s=fit.physical_half_life_s)
    assert compare_models(alone) is None


def test_that_a_phase_that_is_not_seen_is_said() -> None:
    fit = fit_curve(curve(EIGHT, MONO, scatter=0.0), model="bi-exponential")
    assert (fit.requested_model, fit.model) == ("bi-exponential", "mono-exponential")
    assert "a phase of it is not seen" in compared(fit).reason
    assert "phase is not seen" in row(compared(fit), "bi-exponential").remark


@pytest.mark.parametrize(("points", "says"), [(3, "AICc not defined with 3 points and 4 parameters"), (4, "too odd")])
def test_that_a_model_without_a_curve_says_whether_points_were_missing(
    points: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many points as parameters the curve is defined: what the fit said is the reason."""
    fit = fit_curve(curve(FOUR[:points], MONO))

    def refuse(*_arguments: object, **_options: object) -> FitResult:
        raise InconsistentCaseError("too odd", where="curve", remedy="look at it")

    monkeypatch.setattr(model_comparison, "fit_curve", refuse)
    told = model_comparison._fit_or_reason(fit, "bi-exponential")
    assert isinstance(told, str)
    assert told.startswith(says)
