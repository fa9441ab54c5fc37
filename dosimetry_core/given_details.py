"""What is recorded of an administration besides its activity and times: free texts, each of which may be missing."""

from __future__ import annotations

from typing import Final

from dosimetry_core.case import Administration
from dosimetry_core.toml_table import TomlTable

DETAILS: Final = ("product", "batch", "calibrator", "amino_acids", "injection_site")
"""Fields of `Administration`, and keys of the case file, of the record of an administration and of results.json."""


def read_details(table: TomlTable) -> dict[str, str]:
    """The details of a table; one that is not stated is empty."""
    return {key: (table.optional_text(key) or "").strip() for key in DETAILS}


def recorded_details(given: Administration) -> dict[str, str]:
    """The details that are recorded; what is not has no key, so that what is written without them stays as it was."""
    return {key: text for key in DETAILS if (text := getattr(given, key))}
