"""Text that the bundled fonts can show, nothing of it lost."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any


def printable(tree: Any, covered: frozenset[int]) -> Any:
    """The tree with every character the fonts can't show written out as [U+XXXX], so that nothing is lost silently."""
    if isinstance(tree, str):
        return "".join(c if _shows(c, covered) else f"[U+{ord(c):04X}]" for c in tree)
    if isinstance(tree, Mapping):
        return {key: printable(value, covered) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [printable(value, covered) for value in tree]
    return tree


def _shows(character: str, covered: frozenset[int]) -> bool:
    return ord(character) in covered and not unicodedata.category(character).startswith("C")
