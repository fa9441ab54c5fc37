from __future__ import annotations

from typing import Any

import pytest

from dosimetry_core import constancy


def _results(digest: str, kidney_gy: float) -> dict[str, Any]:
    return {
        "inputs": {"case.toml": digest},
        "cycles": [
            {
                "number": 1,
                "organs": {"kidneys": {"absorbed_dose_gy": {"Lu-177": kidney_gy, "total": kidney_gy}}},
                "vois": {"Cyst": {"absorbed_dose_gy": None}},
            }
        ],
        "course": {"organs": {"kidneys": {"absorbed_dose_gy": kidney_gy}}},
        "plan": {"activities_bq": {"Lu-177": 3.7e9}},
    }


@pytest.fixture
def _expected(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"case_sha256": "abc", "values": constancy.constancy_values(_results("abc", 2.0))}
    monkeypatch.setattr(constancy, "table_json", lambda *parts: [entry])


@pytest.mark.usefixtures("_expected")
def test_that_equal_results_are_confirmed_in_one_line() -> None:
    (line,) = constancy.compare_with_expected(_results("abc", 2.0))
    assert line.startswith("Constancy: all 3 results equal")


@pytest.mark.usefixtures("_expected")
def test_that_each_number_that_moved_is_named() -> None:
    lines = constancy.compare_with_expected(_results("abc", 2.01))
    assert [line.split(":")[0] for line in lines] == ["Constancy FAILED"] * 2
    assert "cycle 1, kidneys" in lines[0]


@pytest.mark.usefixtures("_expected")
def test_that_a_missing_number_is_a_failure() -> None:
    results = _results("abc", 2.0)
    results["course"]["organs"] = {}
    assert any("FAILED: course, kidneys" in line for line in constancy.compare_with_expected(results))


@pytest.mark.usefixtures("_expected")
def test_that_other_cases_have_nothing_to_compare() -> None:
    assert constancy.compare_with_expected(_results("other", 2.0)) == ()
