from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.errors import FitError
from dosimetry_core.kinetics.fit import Model, fit_curve
from dosimetry_core.kinetics.monte_carlo import sampled_time_integrated_activity_bq_s
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.nuclide import Y90
from tests.dosimetry_core.kinetics.test_fit import FOUR, MONO, UPTAKE, Terms, curve


@pytest.mark.parametrize(
    ("model", "terms"), [("mono-exponential", MONO), ("log-trapezoid", MONO), ("bi-exponential-uptake", UPTAKE)]
)
def test_that_sampling_agrees_with_the_covariance(model: Model, terms: Terms) -> None:
    fit = fit_curve(curve(terms, FOUR, 0.02), model=model)
    drawn = sampled_time_integrated_activity_bq_s(fit, 500, np.random.default_rng(2))
    # The spread of 500 draws is known to 1/√1000 = 3.2 %; three times that.
    assert np.std(drawn) == pytest.approx(fit.fit_standard_uncertainty_bq_s, rel=0.1)
    assert np.mean(drawn) == pytest.approx(fit.time_integrated_activity_bq_s, rel=0.005)


def test_that_the_same_seed_gives_the_same_draws() -> None:
    fit = fit_curve(curve(MONO))
    one, two = (sampled_time_integrated_activity_bq_s(fit, 5, np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_that_draws_do_not_push_out_the_fits_that_are_kept() -> None:
    fit = fit_curve(curve(MONO))
    sampled_time_integrated_activity_bq_s(fit, 1100, np.random.default_rng(9))
    assert fit_curve(curve(MONO)).shape is fit.shape


def test_that_points_of_unknown_uncertainty_and_derived_curves_are_refused() -> None:
    uniform = fit_curve(curve(MONO, relative=None), weights="uniform")
    with pytest.raises(FitError, match="not known"):
        sampled_time_integrated_activity_bq_s(uniform, 5, np.random.default_rng(9))
    derived = second_nuclide_fit(
        fit_curve(curve(MONO)), to_nuclide=Y90, administered_from_bq=1.0, administered_to_bq=1.0
    )
    with pytest.raises(ValueError, match="measured"):
        sampled_time_integrated_activity_bq_s(derived, 5, np.random.default_rng(9))
