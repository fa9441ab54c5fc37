"""How a terminal shows things: progress in one line, and how many columns a text takes."""

from __future__ import annotations

import sys
import time
import unicodedata

from dosimetry_core.progress import Progress, no_progress

INTERVAL_S = 0.1
_WIDE = "WF"


def terminal_progress() -> Progress:
    """Progress as one line on a terminal, silent elsewhere."""
    if not sys.stderr.isatty():
        return no_progress
    last = 0.0

    def show(fraction: float, message: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > INTERVAL_S or fraction >= 1:
            last = now
            end = "\n" if fraction >= 1 else ""
            print(f"\r\033[K{fraction:4.0%} {message[:70]}", end=end, file=sys.stderr, flush=True)

    return show


def columns_wide(text: str) -> int:
    """Columns of a text on a terminal: two for ideographs and other wide letters, none for marks."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in _WIDE else 1
        for letter in text
    )
