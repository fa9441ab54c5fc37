"""What is kept of a curve by its numbers serves these very numbers only: edits give what a new program would give."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from dosimetry_core.dose.sphere import sphere_s_value
from dosimetry_core.pipeline.uncertainties import s_value_effects
from tests.dosimetry_core.pipeline.test_uncertainties import curves_of, effects_of, measured
from tests.kept_results.flatten import flattened

MODELS = (
    "mono-exponential",
    "bi-exponential-uptake",
    "log-trapezoid",
    "automatic",
    "model-average",
)
SCATTER = np.array([1.02, 0.97, 1.04, 0.99])


def _forget() -> None:
    for kept in gc.get_objects():
        if isinstance(kept, functools._lru_cache_wrapper) and str(kept.__module__).startswith("dosimetry_core"):
            kept.cache_clear()


def _edits() -> Iterator[dict[str, Any]]:
    """Points and uncertainties as edits leave them: none, one or all of either changed, by the last digit too."""
    activity = measured().activity_bq * SCATTER
    spread = activity * np.array([0.01, 0.02, 0.03, 0.05])
    yield {"activity_bq": activity, "random_standard_uncertainty_bq": spread}
    yield {"activity_bq": activity, "random_standard_uncertainty_bq": spread * 1.3}
    yield {"activity_bq": activity, "random_standard_uncertainty_bq": spread * np.array([1.0, 1.0, 1.0, 1.5])}
    nearly = activity.copy()
    nearly[1] = np.nextafter(nearly[1], np.inf)
    yield {"activity_bq": nearly, "random_standard_uncertainty_bq": spread}
    yield {"activity_bq": activity[[1, 0, 2, 3]], "random_standard_uncertainty_bq": spread}
    yield {"activity_bq": activity * 0.9, "random_standard_uncertainty_bq": spread}
    yield {"activity_bq": activity, "random_standard_uncertainty_bq": spread}


def _told(points: dict[str, Any], model: str, weights: Any) -> dict[str, Any]:
    voi = measured(registration_standard_uncertainty_bq=0.3 * points["random_standard_uncertainty_bq"], **points)
    curves = curves_of(voi, model=model, weights=weights)
    effects = {
        f"{nuclide} {source}": value
        for nuclide, by_source in effects_of(voi, curves, weights=weights).items()
        for source, value in by_source.items()
    }
    return {**flattened(curves.fits), **effects}


@pytest.mark.parametrize("model", MODELS)
def test_that_fits_and_effects_after_edits_are_to_the_bit_those_of_a_new_program(model: str) -> None:
    asked = [(points, weights) for weights in ("proportional", "given") for points in _edits()]
    _forget()
    in_a_row = [_told(points, model, weights) for points, weights in asked]
    alone = []
    for points, weights in asked:
        _forget()
        alone.append(_told(points, model, weights))
    assert in_a_row == alone
    assert in_a_row[0] == in_a_row[6]
    # Each edit is seen at all.
    assert all(len({repr(told) for told in in_a_row[k : k + 6]}) == 6 for k in (0, 7))


def test_that_what_is_kept_of_s_values_is_asked_for_by_all_it_rests_on() -> None:
    asked = [(name, mass, density) for name in ("Lu-177", "Y-90") for mass in (0.01, 0.02) for density in (1.0, 1.05)]
    assert len({sphere_s_value(n, m, density_g_per_ml=d).electron_gy_per_bq_s for n, m, d in asked}) == len(asked)
    for relative in (0.02, 0.05):
        effects = s_value_effects("data", (("Lu-177", relative), ("Y-90", 0.1)))
        assert sum(effect**2 for effect in effects["Lu-177"].values()) == pytest.approx(relative**2)
        assert sum(effect**2 for effect in effects["Y-90"].values()) == pytest.approx(0.01)
