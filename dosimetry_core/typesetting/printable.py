"""Text that the bundled fonts can show, nothing of it lost."""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterator, Mapping
from typing import Any


def printable(tree: Any, covered: Container[int]) -> Any:
    """The tree with every character the fonts can't show written out as [U+XXXX], so that nothing is lost silently."""
    if isinstance(tree, str):
        return "".join(c if _shows(c, covered) else f"[U+{ord(c):04X}]" for c in tree)
    if isinstance(tree, Mapping):
        return {key: printable(value, covered) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [printable(value, covered) for value in tree]
    return tree


def _shows(character: str, covered: Container[int]) -> bool:
    return ord(character) in covered and not unicodedata.category(character).startswith("C")


def characters_of(tree: Any) -> frozenset[int]:
    """Code points of all texts of a tree that could be shown; control and format characters never are."""
    return frozenset(ord(c) for c in set(_texts(tree)) if not unicodedata.category(c).startswith("C"))


def _texts(tree: Any) -> Iterator[str]:
    """Every character of every text."""
    if isinstance(tree, str):
        yield from tree
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from _texts(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _texts(value)
