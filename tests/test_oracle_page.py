"""The page of oracles says what the production functions give now."""

from __future__ import annotations

import pytest

from tests.oracle_comparison import PAGE, comparisons, largest_relative_differences
from tests.test_oracles import ORACLES


def rows() -> list[list[str]]:
    lines = PAGE.read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]


def test_that_every_oracle_stands_on_the_page_with_the_numbers_of_today() -> None:
    today = list(comparisons())
    written = rows()
    assert [row[0].strip("`") for row in written] == [comparison.identity for comparison in today]
    for row, comparison in zip(written, today, strict=True):
        assert row[2] == f"`{comparison.quantity}`".replace("|", "/")
        if comparison.is_number:
            # Eight digits are printed.
            assert float(row[3]) == pytest.approx(comparison.ours, rel=1e-7, abs=1e-12), row
            assert float(row[4]) == pytest.approx(comparison.reference, rel=1e-7, abs=1e-12), row
        else:
            assert row[5] == "same", row


def test_that_the_page_covers_every_oracle() -> None:
    assert {row[0].strip("`") for row in rows()} == set(ORACLES)


def test_that_relative_differences_are_within_what_the_oracle_allows() -> None:
    allowed = {key: o["tolerance"]["value"] for key, o in ORACLES.items() if o["tolerance"]["type"] == "relative"}
    found = largest_relative_differences()
    assert {key: value for key, value in found.items() if key in allowed and value > allowed[key] * 1.0001} == {}
