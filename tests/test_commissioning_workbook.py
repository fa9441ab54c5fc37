"""The workbook's expected numbers are those that come with the program."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "resources" / "documentation" / "commissioning.md"


def workbook(part: str) -> list[list[str]]:
    section = PAGE.read_text("utf-8").partition(f"### {part} ")[2].partition("\n### ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_that_the_expected_numbers_of_the_workbook_are_those_of_the_constancy_test() -> None:
    (entry,) = json.loads((ROOT / "resources" / "demonstration" / "expected.json").read_text("utf-8"))
    values = {key.replace("activity (Bq)", "activity (GBq)"): value for key, value in entry["values"].items()}
    rows = workbook("W1")
    assert len(rows) >= 12
    for name, expected, tolerance, *_ in rows:
        value = values[name] / (1e9 if "GBq" in name else 1.0)
        # Four decimals are printed, far inside the tolerance of 0.2 %.
        assert abs(float(expected) - value) < 6e-4 if tolerance == "exact" else abs(float(expected) - value) < 6e-5, (
            name
        )


def test_that_every_section_of_the_page_is_signed_off() -> None:
    text = PAGE.read_text("utf-8")
    sections = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ") and line[3].isdigit()]
    signed = " ".join(row[0] for row in workbook("W5"))
    assert [name for name in sections[:-1] if name.split(",")[0] not in signed] == []
