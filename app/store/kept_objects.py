"""How an object's content is kept: as it is, or made smaller."""

from __future__ import annotations

import zlib
from typing import Final

_LEVEL: Final = 6


def packed(content: bytes) -> tuple[int, int, bytes]:
    """Size, 1 where zlib made it smaller or else 0, and the bytes to keep."""
    smaller = zlib.compress(content, _LEVEL)
    return (len(content), 1, smaller) if len(smaller) < len(content) else (len(content), 0, content)


def unpacked(size: int, is_packed: int, kept: bytes) -> bytes | None:
    """The content of a kept object; None if it can't be made out. Never longer than its size says."""
    if not is_packed:
        return kept if len(kept) == size else None
    machine = zlib.decompressobj()
    try:
        content = machine.decompress(kept, size + 1)
    except zlib.error:
        return None
    return content if machine.eof and len(content) == size and not machine.unused_data else None
