"""The examples of the developer guide are run as they stand there."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from dosimetry_core.errors import FitError, InputProblems
from dosimetry_core.planning.protocol import read_protocol

PAGE = Path(__file__).parents[1] / "resources" / "documentation" / "developer-guide.md"


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return str(found)


def test_that_the_protocol_of_the_guide_is_read_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "my-site.toml").write_text(block("toml"), "utf-8")
    protocol = read_protocol("my-site.toml", folder=tmp_path)
    assert protocol.name == "my-site-lu"
    assert protocol.free_nuclide is not None
    assert protocol.free_nuclide.activity_cap_bq == 9.0e9
    assert dict(protocol.limits_gy) == {"kidneys": 20.0, "red_marrow_per_cycle": 0.5, "red_marrow_total": 2.0}
    assert (protocol.predictor, protocol.kidney_quantity) == ("maximum", "higher-side")


def test_that_a_misspelt_key_of_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "my-site.toml").write_text(block("toml").replace("kidneys_total_gy", "kidney_total_gy"), "utf-8")
    with pytest.raises(InputProblems, match="kidney_total_gy"):
        read_protocol("my-site.toml", folder=tmp_path)


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(block("python"), str(PAGE), "exec"), names)
    return names


def test_that_the_fit_model_of_the_guide_finds_the_curve_it_was_given(example: dict[str, Any]) -> None:
    # Closed form: A/λ − A/λᵤ = A (T − Tᵤ)/ln 2 with half-lives of 52 h and 0.2 h.
    assert example["integral_bq_s"] == pytest.approx(80e6 * (52 - 0.2) * 3600 / math.log(2), rel=1e-6)
    decay, uptake = example["found"]
    assert math.log(2) / decay.decay_constant_per_s / 3600 == pytest.approx(52, rel=1e-5)
    assert uptake.amplitude_bq == -decay.amplitude_bq


def test_that_it_never_falls_more_slowly_than_by_physical_decay(example: dict[str, Any]) -> None:
    physical = math.log(2) / (159.528 * 3600)
    decay, _ = example["known_uptake_terms"](
        [4 * 3600, 24 * 3600, 192 * 3600],
        [1e6, 1e6, 1e6],
        uptake_constant_per_s=1e-3,
        physical_decay_constant_per_s=physical,
    )
    assert decay.decay_constant_per_s == pytest.approx(physical, rel=1e-3)


def test_that_it_refuses_two_points(example: dict[str, Any]) -> None:
    with pytest.raises(FitError):
        example["known_uptake_terms"](
            [3600, 7200], [1e6, 1e6], uptake_constant_per_s=1e-3, physical_decay_constant_per_s=1e-6
        )
