"""Finds a bundled table, checks that it is the one that was released, and names its edition.

Every folder of resources/ has a DIGESTS file (one line ``sha256  name`` per table). A table whose digest differs is
refused: an altered S value looks exactly like a right one.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import json
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from dosimetry_core.errors import InconsistentCaseError, MissingDataError

PHYSICS_EDITION = "ICRP 107 decay data, ICRP 133 specific absorbed fractions, EGSnrc point kernels; edition 1"


def resource(*parts: str) -> Traversable:
    """A bundled file or folder below resources/."""
    place: Traversable = resources.files("resources")
    for part in parts:
        place = place.joinpath(part)
    return place


@functools.cache
def _digests(folder: tuple[str, ...]) -> dict[str, str]:
    lines = resource(*folder, "DIGESTS").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines if line.strip())}


@functools.cache
def table_bytes(*parts: str) -> bytes:
    """Content of a bundled table, for example ``table_bytes("physics", "nuclides.json")``.

    Raises
    ------
    MissingDataError
        If the installation lacks the table.
    InconsistentCaseError
        If its digest is not the released one.
    """
    where = "resources/" + "/".join(parts)
    remedy = "install the program again"
    try:
        content = resource(*parts).read_bytes()
        expected = _digests(parts[:-1]).get(parts[-1])
    except OSError as error:
        raise MissingDataError(f"a bundled table is missing ({error})", where=where, remedy=remedy) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise InconsistentCaseError("this bundled table was altered", where=where, remedy=remedy)
    return content


def table_json(*parts: str) -> Any:
    """A bundled JSON table."""
    return json.loads(table_bytes(*parts))


def table_rows(*parts: str) -> list[dict[str, str]]:
    """Rows of a bundled CSV table by column name; comment lines (#) are left out."""
    text = table_bytes(*parts).decode("utf-8")
    return list(csv.DictReader(io.StringIO("\n".join(line for line in text.splitlines() if not line.startswith("#")))))


def data_table_editions() -> dict[str, str]:
    """Name and SHA-256 of every physics table that a result may rest on."""
    folders = (("physics",), ("physics", "kernels"), ("s_values",))
    return {
        "/".join((*folder, name)): digest for folder in folders for name, digest in sorted(_digests(folder).items())
    }
