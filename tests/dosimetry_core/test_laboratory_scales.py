"""Scales in a case file: Karnofsky goes in tens, ECOG in whole numbers, as in the window."""

from __future__ import annotations

import pytest

from dosimetry_core.case_measured_values import read_laboratory
from dosimetry_core.errors import DosimetryError
from dosimetry_core.toml_table import TomlTable, parse_toml


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("karnofsky = 75", False),
        ("karnofsky = 70", False),
        ("karnofsky = 0", False),
        ("ecog = 1.5", True),
        ("ecog = 1", False),
        ("ecog = 0", False),
    ],
)
def test_that_a_value_between_two_steps_of_a_scale_is_refused(line: str, refused: bool) -> None:
    problems: list[DosimetryError] = []
    content = parse_toml(f"date = 2025-03-01\n{line}\n".encode(), where="case.toml")
    read_laboratory(TomlTable(content, place="laboratory", problems=problems))
    assert ["no value of this scale" in problem.what for problem in problems] == [True] * refused
