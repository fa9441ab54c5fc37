"""Keys that an image view takes itself, while it has the keyboard; which key does what can be chosen by the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

VIEW_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "next_slice": ("Down",),
    "previous_slice": ("Up",),
    "slices_on": ("PgDown",),
    "slices_back": ("PgUp",),
    "last_slice": ("End",),
    "first_slice": ("Home",),
    "previous_time_point": ("Left",),
    "next_time_point": ("Right",),
    "cursor_left": ("Shift+Left",),
    "cursor_right": ("Shift+Right",),
    "cursor_up": ("Shift+Up",),
    "cursor_down": ("Shift+Down",),
    "use_tool": ("Y",),
    "overlay": ("Space",),
    "close": ("Return", "Enter"),
}
"""Name of the act, and its keys as delivered."""

CURSOR_MOVES: Final[dict[str, tuple[int, int]]] = {
    "cursor_left": (-1, 0),
    "cursor_right": (1, 0),
    "cursor_up": (0, -1),
    "cursor_down": (0, 1),
}
"""Columns to the right and rows down by which an act moves the linked cursor."""

_KEYPAD: Final = Qt.KeyboardModifier.KeypadModifier
_held: dict[str, str] = {}


def use_view_keys(chosen: Mapping[str, Sequence[str]] | None = None) -> None:
    """From now on these keys hold; acts that are not named keep theirs.

    Raises
    ------
    ValueError
        If an act is unknown.
    """
    keys: dict[str, Sequence[str]] = dict(VIEW_KEYS)
    for name, given in (chosen or {}).items():
        if name not in VIEW_KEYS:
            raise ValueError(f"an image view has no act {name!r}")
        keys[name] = given
    _held.clear()
    _held.update({QKeySequence(key).toString(): name for name, given in keys.items() for key in given})


def view_act(event: QKeyEvent) -> str:
    """Act of a key; empty for none. Keys of the number pad count as the others."""
    modifiers = event.modifiers() & ~_KEYPAD
    return _held.get(QKeySequence(event.key() | modifiers.value).toString(), "")


use_view_keys()
