"""Messages between the program and its reading process: JSON with its length before it, over a pipe."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO, Final

_LENGTH: Final = struct.Struct(">I")
_LONGEST_BYTES: Final = 512 * 1024**2


class BrokenFrameError(Exception):
    """What came through the pipe is no message."""


def write_frame(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write one message at once. OSError if nobody reads any more."""
    content = json.dumps(message, separators=(",", ":")).encode("ascii")
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()


def read_frame(stream: BinaryIO) -> dict[str, Any] | None:
    """The next message; None at the end of the stream, also in the middle of a message.

    Raises
    ------
    BrokenFrameError
        If what is there is no message.
    """
    head = _exactly(stream, _LENGTH.size)
    if head is None:
        return None
    length = _LENGTH.unpack(head)[0]
    if length > _LONGEST_BYTES:
        raise BrokenFrameError(f"a message of {length} bytes")
    content = _exactly(stream, length)
    if content is None:
        return None
    try:
        message = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BrokenFrameError(str(error)) from error
    if not isinstance(message, dict):
        raise BrokenFrameError("a message that is no table")
    return message


def _exactly(stream: BinaryIO, count: int) -> bytes | None:
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
