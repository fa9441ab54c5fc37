"""Every numeric oracle of tests/reference/oracles.json is reproduced by a public production function."""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import reference

ORACLES_PATH = Path(__file__).parent / "reference" / "oracles.json"
ORACLES = {oracle["id"]: oracle for oracle in json.loads(ORACLES_PATH.read_text("utf-8"))}
ORACLES_SHA256 = "0e9b049f0c1ec5bd71a3a87d812499246baa0de52b32835de46da7c40b646cbe"


def _mapped_cases() -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    cases: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}
    for module in pkgutil.iter_modules(reference.__path__):
        if module.name.startswith("oracle_cases_"):
            cases |= importlib.import_module(f"tests.reference.{module.name}").CASES
    return cases


CASES = _mapped_cases()


def _assert_agrees(actual: Any, expected: Any, tolerance: dict[str, Any], place: str) -> None:
    if isinstance(expected, dict):
        for key, value in expected.items():
            if key in actual:
                _assert_agrees(actual[key], value, tolerance, f"{place}.{key}")
        return
    if isinstance(expected, list):
        assert len(actual) == len(expected), place
        for number, (a, e) in enumerate(zip(actual, expected, strict=True)):
            _assert_agrees(a, e, tolerance, f"{place}[{number}]")
        return
    if isinstance(expected, bool | str) or expected is None or tolerance["type"] == "exact":
        assert actual == expected, place
    elif tolerance["type"] == "relative":
        # The file prints eight digits; a stated 1e-6 is met only down to that rounding.
        assert math.isclose(actual, expected, rel_tol=tolerance["value"], abs_tol=1e-12), (place, actual, expected)
    elif tolerance["type"] == "absolute":
        assert math.isclose(actual, expected, rel_tol=0.0, abs_tol=tolerance["value"]), (place, actual, expected)
    else:
        assert tolerance["type"] == "band", place
        assert math.isclose(actual, expected, rel_tol=1e-6), (place, actual, expected)


def test_that_the_oracle_file_is_the_one_that_was_given() -> None:
    assert hashlib.sha256(ORACLES_PATH.read_bytes()).hexdigest() == ORACLES_SHA256


def test_that_every_oracle_is_mapped_to_production_code() -> None:
    assert sorted(CASES) == sorted(ORACLES)


@pytest.mark.parametrize("identifier", sorted(ORACLES))
def test_that_production_code_reproduces_the_oracle(identifier: str) -> None:
    oracle = ORACLES[identifier]
    actual = CASES[identifier](oracle["inputs"])
    numeric = [key for key, value in oracle["expected"].items() if not isinstance(value, str)]
    assert set(numeric) <= set(actual), f"{identifier} leaves out {sorted(set(numeric) - set(actual))}"
    _assert_agrees(actual, oracle["expected"], oracle["tolerance"], identifier)
