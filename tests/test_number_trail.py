"""The page "how a number is made": every step again from the printed numbers, by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.number_trail import PAGE

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def n() -> dict[str, float]:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): float(row[2]) for row in cells}


def same(value: float) -> object:
    # Ten digits are printed; sums of a few of them keep nine.
    return pytest.approx(value, rel=1e-8)


def test_that_counts_become_activity(n: dict[str, float]) -> None:
    assert n["delta"] == same(1 / (1 - n["C"] * n["tau"] / n["T"]))
    x = n["lambda_L"] * n["T"]
    expected = n["delta"] * n["C"] / (n["Q"] * n["T"]) * x / (1 - math.exp(-x))
    # The sum over the image is taken in single precision.
    assert n["A_field"] == pytest.approx(expected, rel=1e-5)
    assert n["A2"] == same(n["A_seen"] * n["F"])


def test_that_the_curve_is_the_one_with_the_least_relative_squares(n: dict[str, float]) -> None:
    times, activities = [n[f"t{i}"] for i in range(1, 5)], [n[f"A{i}"] for i in range(1, 5)]

    def misfit(amplitude: float, constant: float) -> float:
        return sum((amplitude * math.exp(-constant * t) / a - 1) ** 2 for t, a in zip(times, activities, strict=True))

    least = misfit(n["A0"], n["lambda"])
    for amplitude, constant in ((1e-4, 0), (-1e-4, 0), (0, 1e-4), (0, -1e-4), (1e-4, 1e-4), (-1e-4, 1e-4)):
        assert misfit(n["A0"] * (1 + amplitude), n["lambda"] * (1 + constant)) > least


def test_that_the_curve_becomes_integrals_of_both_nuclides(n: dict[str, float]) -> None:
    assert n["I_L"] == same(n["A0"] / n["lambda"])
    constant = n["lambda"] + n["lambda_Y"] - n["lambda_L"]
    assert n["I_Y"] == same(n["A0"] * n["G_Y"] / n["G_L"] / constant)


def test_that_integrals_become_absorbed_dose(n: dict[str, float]) -> None:
    assert n["m"] == same(n["V"] * 1.05e-3)
    both = n["m"] + n["m_R"]
    for nuclide in "LY":
        scaled = n[f"Se_{nuclide}"] * n["m_ref"] / both + n[f"Sg_{nuclide}"] * (n["m_ref"] / both) ** (2 / 3)
        assert n[f"self_{nuclide}"] == same(n[f"I_{nuclide}"] * both / n["m"] * scaled)
    assert n["D"] == same(n["self_L"] + n["cross_L"] + n["self_Y"] + n["cross_Y"])
    assert n["K1"] == same((n["m"] * n["D"] + n["m_R"] * n["D_R"]) / both)


def test_that_doses_become_the_proposed_activity(n: dict[str, float]) -> None:
    assert n["a"] == same((n["limit"] - n["K1"] - n["K2"]) / 2)
    # A difference of numbers of ten digits.
    assert n["P"] == pytest.approx((n["a"] - n["P_L"] * n["d_L"]) / n["d_Y"], rel=1e-7)
    assert n["P_Y"] == pytest.approx(math.floor(n["P"] / 0.05e9) * 0.05e9)


def test_that_the_ends_are_those_of_the_demonstration(n: dict[str, float]) -> None:
    (entry,) = json.loads((ROOT / "resources" / "demonstration" / "expected.json").read_text("utf-8"))
    values = entry["values"]
    # If this fails, the demonstration gives other numbers: python -m tests.number_trail.
    assert n["D"] == pytest.approx(values["cycle 1, Kidney L, absorbed dose (Gy)"], rel=1e-6)
    assert n["D_R"] == pytest.approx(values["cycle 1, Kidney R, absorbed dose (Gy)"], rel=1e-6)
    assert n["K2"] == pytest.approx(values["cycle 2, kidneys, absorbed dose (Gy)"], rel=1e-6)
    assert n["P_Y"] == pytest.approx(values["next cycle, Y-90, activity (Bq)"], rel=1e-6)
