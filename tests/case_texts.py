"""Case files written as text, read without a folder of their own."""

from __future__ import annotations

import tomllib
from pathlib import Path

from dosimetry_core.case import Case
from dosimetry_core.case_file import case_of


def case_from(text: str) -> Case:
    """The case that the text of a case file says."""
    return case_of(tomllib.loads(text), place="case.toml", folder=Path())
