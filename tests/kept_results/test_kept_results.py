"""No change of the code moves a number unnoticed; whether the numbers are right is asked elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.errors import Finding
from dosimetry_core.kinetics.blood import ConcentrationTerm
from tests.kept_results.flatten import flattened
from tests.kept_results.keep import ROOMS, _flat, _put, _same, differences


@pytest.mark.parametrize(("room", "part"), [(room, part) for room, parts in ROOMS.items() for part in parts])
def test_that_numbers_are_as_they_were_kept(room: str, part: str) -> None:
    said = differences(room, part)
    assert not said, f"{len(said)} differ; if that is meant, python -m tests.kept_results: {said[:5]}"


def test_that_a_table_holds_fields_properties_and_findings() -> None:
    found = flattened({"a": ConcentrationTerm(2.0, math.log(2) / 8), "b": [Finding("few", "warning", "3 of 5", "VOI")]})
    assert found == {
        ".a.amplitude_bq_per_ml": 2.0,
        ".a.decay_constant_per_s": math.log(2) / 8,
        ".a.effective_half_life_s": pytest.approx(8.0),
        ".b.number": 1.0,
        ".b.0": "few warning VOI 3 5",
    }
    moments = flattened(np.arange(10.0), "x")
    assert moments == {"x.shape": "10", "x.sum": 45.0, "x.ramp": 73.5, "x.squares": 285.0 + 202.5}


def test_that_a_difference_is_seen_and_rounding_is_not() -> None:
    assert _same(1.0, 1.000009)
    assert not _same(1.0, 1.00002)
    assert not _same(0.0, 1e-300)
    assert not _same(None, 0.0)
    assert not _same("a", "b")
    tree: dict[str, object] = {}
    _put(tree, ["a"], 1.0)
    _put(tree, ["a", "b"], 2.0)
    assert dict(_flat(tree)) == {"a": 1.0, "a.b": 2.0}
