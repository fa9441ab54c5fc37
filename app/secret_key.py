"""The key that pseudonyms are made with: forgotten after use, or kept in a file of the department."""

from __future__ import annotations

import secrets
from pathlib import Path

from dosimetry_core.errors import DosimetryError

_KEY_BYTES = 32


def secret_key(path: Path | None) -> bytes:
    """The key of a file, made there if there is none; without a file one that is forgotten.

    Raises
    ------
    DosimetryError
        If the file holds no key, or one that is too short.
    """
    if path is None:
        return secrets.token_bytes(_KEY_BYTES)
    from app.outputs import write_file

    if not path.exists():
        write_file(path, secrets.token_hex(_KEY_BYTES).encode("ascii") + b"\n")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise DosimetryError("is no key", where=str(path), remedy="name a file that this program made") from error
    if len(key) < _KEY_BYTES:
        raise DosimetryError("holds a key that is too short", where=str(path), remedy="let the program make one")
    return key
