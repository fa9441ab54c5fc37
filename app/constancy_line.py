"""Constancy of the demonstration case: whether today's results equal the expected ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def constancy_text(evaluation: Any, folder: Path) -> str:
    """One line for the status bar; empty for a case without expected results."""
    from dosimetry_core.constancy import compare_with_expected
    from dosimetry_core.results_json import results_json

    lines = list(compare_with_expected(results_json(evaluation)))
    return lines[0] if lines else ""
