"""Who is working on the command line: said, never assumed."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import Final

from dosimetry_core.errors import MissingDataError

ENVIRONMENT: Final = "LUTETIA_BY"


def said_by(option: str | None) -> str:
    """The name from ``--by``, else from ``LUTETIA_BY``, else asked for on a terminal.

    Raises
    ------
    MissingDataError
        If nobody can be asked, or the name is empty or holds a control character.
    """
    said = option if option is not None else os.environ.get(ENVIRONMENT) or None
    if said is None and sys.stdin is not None and sys.stdin.isatty():
        print("Who is working? ", end="", file=sys.stderr, flush=True)
        said = sys.stdin.readline()
    name = unicodedata.normalize("NFC", " ".join((said or "").split()))
    if not name or any(unicodedata.category(character) == "Cc" for character in name):
        raise MissingDataError(
            "nobody said who is working", where="--by", remedy=f"add --by NAME, or set {ENVIRONMENT}"
        )
    return name
