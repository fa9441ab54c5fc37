"""Names of the protocols that come with the program, which no other file may bear."""

from __future__ import annotations

import functools
from importlib.resources.abc import Traversable
from typing import Final

from dosimetry_core.data_tables import resource, table_bytes
from dosimetry_core.errors import DosimetryError
from dosimetry_core.toml_table import parse_toml

OWN_NAME: Final = "give it a name of its own"


@functools.cache
def bundled_protocols() -> tuple[str, ...]:
    """Names of the protocols that come with the program."""
    folder: Traversable = resource("protocols")
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def taken_name(content: bytes) -> str | None:
    """Name of the bundled protocol by which another file calls itself; None if it has a name of its own."""
    try:
        name = parse_toml(content, where="protocol").get("name")
    except DosimetryError:
        return None  # what is no TOML is told where it is parsed
    taken = isinstance(name, str) and name in bundled_protocols()
    return name if taken and content != table_bytes("protocols", f"{name}.toml") else None
