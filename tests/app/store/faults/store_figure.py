"""The line of a figure of the store, with the versions it was measured with."""

from __future__ import annotations

import platform
from typing import Any

import apsw

from dosimetry_core.version import SOFTWARE_VERSION
from tests.figures import figure_line


def store_figure(identity: str, *, n: int, failures: int, seed: int | None, **figures: Any) -> None:
    """Print it."""
    versions = {
        "software": SOFTWARE_VERSION,
        "sqlite": apsw.sqlite_lib_version(),
        "apsw": apsw.apsw_version(),
        "python": platform.python_version(),
    }
    figure_line(identity, n=n, failures=failures, seed=seed, **figures, versions=versions)
