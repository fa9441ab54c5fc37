"""The anchor: a text file beside the store that remembers how far the chain had come.

A chain alone can't show that its end was cut off, or that the whole store was replaced by an older copy. So every
commit leaves one line here: number and digest of the last event, and the time. A line is written after its commit; one
that is missing, or a torn last one, says nothing. A line the chain can't answer for says that something was lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.store.events import Digest, Head
from app.store.file_lock import FileLock
from app.store.files import append_to, read_end, read_file, write_whole

_LINE: Final = re.compile(rb"([1-9][0-9]{0,17}) ([0-9a-f]{64}) ([0-9T:.Z-]{20,32})( restored)?")
_LARGEST_BYTES: Final = 2**18
_KEPT_LINES: Final = 1000
_LONGEST_TORN_BYTES: Final = 4096
_LOCK_WAIT_S: Final = 5.0


@dataclass(frozen=True)
class AnchorLine:
    """What the chain was once known to be; ``restored`` where it was deliberately set back to."""

    sequence: int
    digest: Digest
    time: str
    restored: bool = False

    def text(self) -> bytes:
        """As it stands in the file."""
        return f"{self.sequence} {self.digest} {self.time}{' restored' if self.restored else ''}\n".encode("ascii")


@dataclass(frozen=True)
class AnchorState:
    """What an anchor file says.

    Parameters
    ----------
    found
        Whether the file is there.
    lines
        All that can be read, in the file's order.
    damaged
        Numbers of lines that can't be read, a torn last one (without its end, or without its beginning) not among them.
    whole_bytes
        Length up to the end of the last whole line.
    """

    found: bool
    lines: tuple[AnchorLine, ...]
    damaged: tuple[int, ...]
    whole_bytes: int

    def demands(self) -> tuple[AnchorLine, ...]:
        """What the chain must answer for: all since the last restore, whose digest stands for everything before it."""
        restores = [place for place, line in enumerate(self.lines) if line.restored]
        return self.lines[restores[-1] if restores else 0 :]

    def furthest(self) -> AnchorLine | None:
        """The line with the highest number that still stands; of two with one number, the later."""
        return max(reversed(self.demands()), key=lambda line: line.sequence, default=None)


class Anchor:
    """The anchor file of one store.

    Parameters
    ----------
    path
        Where it is; may be on another disk than the store, which makes a roll-back of both harder.
    lock
        A file that the processes of one store lock while they write here.
    """

    def __init__(self, path: Path, lock: Path) -> None:
        self.path = path
        self._lock = lock

    def state(self) -> AnchorState:
        """What the file says now. Raises OSError if it can't be read."""
        content = read_file(self.path)
        if content is None:
            return AnchorState(False, (), (), 0)
        whole, torn = _whole_and_torn(content)
        lines: list[AnchorLine] = []
        damaged: list[int] = []
        for number, text in enumerate(whole, 1):
            match = _LINE.fullmatch(text)
            if match is None:
                damaged.append(number)
            else:
                sequence, digest, time, restored = match.groups()
                lines.append(
                    AnchorLine(int(sequence), digest.decode("ascii"), time.decode("ascii"), restored is not None)
                )
        return AnchorState(True, tuple(lines), tuple(damaged), len(content) - len(torn))

    def tell(self, head: Head, *, restored: bool = False) -> None:
        """Add what the chain has come to, durably. Raises OSError if that is not possible."""
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        line = AnchorLine(head.sequence, head.digest, time, restored)
        lock = FileLock(self._lock)
        if not lock.take(wait_s=_LOCK_WAIT_S):
            raise TimeoutError(f"another window keeps {self._lock.name} locked")
        try:
            whole_bytes = self._whole_bytes()
            if whole_bytes > _LARGEST_BYTES:
                state = self.state()
                # One with a line that can't be read is left as it is: it is evidence.
                if not state.damaged:
                    write_whole(self.path, b"".join(kept.text() for kept in (*_thinned(state.lines), line)))
                    return
            append_to(self.path, line.text(), keep=whole_bytes)
        finally:
            lock.give_back()

    def _whole_bytes(self) -> int:
        """Length up to the end of the last whole line."""
        end = read_end(self.path, _LONGEST_TORN_BYTES)
        if end is None:
            return 0
        size, content = end
        if size > len(content):
            # The first of these lines is not all there.
            content = content.partition(b"\n")[2]
            if b"\n" not in content:
                return self.state().whole_bytes
        return size - len(_whole_and_torn(content)[1])


def _whole_and_torn(content: bytes) -> tuple[list[bytes], bytes]:
    """Lines, and what a power cut left of the last one: its beginning, or its end without the beginning."""
    *whole, torn = content.split(b"\n")
    if whole and not torn and _LINE.fullmatch(whole[-1]) is None:
        torn = whole.pop() + b"\n"
    return whole, torn


def _thinned(lines: Sequence[AnchorLine]) -> list[AnchorLine]:
    """The newest lines and every restore: each digest stands for all events before it, so that no proof is lost."""
    start = max(0, len(lines) - _KEPT_LINES)
    return [line for number, line in enumerate(lines) if number >= start or line.restored]
