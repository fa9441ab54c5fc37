"""A node of the case tree as canonical JSON: format, class, fields; strict in reading."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from app.store.events import Digest
from app.store.single_values import ARRAY, OBJECT, is_digest
from app.store.storage import StoreDamagedError
from dosimetry_core.canonical_json import canonical_bytes, parse_json
from dosimetry_core.errors import DosimetryError
from dosimetry_core.image import SourceFile

NODE_FORMAT: Final = 1
"""Version of the nodes; raised when a class of the tree changes, unless only fields with a default came to it."""

Get = Callable[[Digest], bytes]
"""Content of an object by its digest, checked, as `Storage.get` gives it."""

_NODE_BEGIN: Final = b'{"class":"'
"""How every node begins in canonical JSON, and no array and no PDF does."""
_ELEMENT: Final = re.compile(r"[<|][biuf][1248]")


def damaged(digest: Digest, what: str, remedy: str = "restore the store from a backup") -> NoReturn:
    """Raise StoreDamagedError for an object."""
    raise StoreDamagedError(f"the object {what}", where=f"object {digest}", remedy=remedy)


def node_content(cls: type, fields: dict[str, Any]) -> bytes:
    """Content of a node."""
    return canonical_bytes({"format": NODE_FORMAT, "class": cls.__name__, "fields": fields})


@dataclass(frozen=True)
class FieldNames:
    """Fields of a class: all that it has, and those that every version of the program wrote."""

    known: frozenset[str]
    required: frozenset[str]


def node_fields(content: bytes, digest: Digest, expected: str, names: FieldNames | None = None) -> dict[str, Any]:
    """The fields of a node of a class, still as JSON; those that an earlier version did not know are left out.

    Raises
    ------
    StoreDamagedError
        If the content is no node, is of another format or class, has fields that are not among ``names``, or lacks one
        that has no default.
    """
    try:
        tree = parse_json(content, where=digest)
    except DosimetryError as error:
        damaged(digest, f"is not readable ({error.what})")
    if not isinstance(tree, dict) or tree.keys() != {"format", "class", "fields"} or type(tree["fields"]) is not dict:
        damaged(digest, "is no part of a case")
    if tree["format"] != NODE_FORMAT:
        what = f"is of format {tree['format']}, and this program reads format {NODE_FORMAT}"
        damaged(digest, what, "use the version of the program that wrote it")
    if tree["class"] != expected:
        damaged(digest, f"is of class {tree['class']}, not {expected}")
    fields: dict[str, Any] = tree["fields"]
    if names is not None and not names.required <= fields.keys() <= names.known:
        odd = sorted((fields.keys() - names.known) | (names.required - fields.keys()))
        damaged(digest, f"lacks or has the unknown field {', '.join(odd)} of {expected}")
    return fields


def references(content: bytes, digest: Digest) -> tuple[Digest, ...]:
    """Digests of the nodes and arrays that a node names; none for an object that is no node, such as an array."""
    if not content.startswith(_NODE_BEGIN):
        return ()
    try:
        tree = parse_json(content, where=digest)
    except DosimetryError as error:
        damaged(digest, f"is not readable ({error.what})")
    found: dict[Digest, None] = {}
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            for tag in (OBJECT, ARRAY):
                if is_digest(item.get(tag)):
                    found[item[tag]] = None
            waiting += item.values()
    return tuple(found)


def reachable(roots: Iterable[Digest], get: Get, seen: set[Digest] | None = None) -> Iterator[tuple[Digest, bytes]]:
    """All objects that some objects are made of, themselves included, with their contents, each once.

    Parameters
    ----------
    seen
        Objects to leave out, with all they are made of; those that are met are added.
    """
    met = set() if seen is None else seen
    waiting = [root for root in dict.fromkeys(roots) if root not in met]
    met.update(waiting)
    while waiting:
        digest = waiting.pop()
        content = get(digest)
        yield digest, content
        new = [other for other in references(content, digest) if other not in met]
        met.update(new)
        waiting += new


@dataclass(frozen=True)
class ImageReference:
    """An image of a stored case: the files that its values were read from, and what they must be.

    Parameters
    ----------
    cycle, time_point
        Number of the cycle; index of the time point, from 0.
    kind, description, series_uid
        As in `ImageSeries`.
    quantity
        As in `Volume`.
    array_digest, dtype, shape
        Of the values.
    """

    cycle: int
    time_point: int
    kind: str
    description: str
    series_uid: str
    quantity: str
    source_files: tuple[SourceFile, ...]
    array_digest: Digest
    dtype: str
    shape: tuple[int, ...]

    @property
    def place(self) -> str:
        """How errors name it."""
        name = f" ({self.description})" if self.description else ""
        return f"cycle {self.cycle}, time point {self.time_point + 1}, {self.kind.upper()}{name}"


def image_reference(tree: Any) -> tuple[Digest, str, tuple[int, ...]]:
    """Digest, element type and shape of what stands for an image's values. Raises ValueError if it is none."""
    if not isinstance(tree, dict) or tree.keys() != {"digest", "dtype", "shape"} or not is_digest(tree["digest"]):
        raise ValueError("no image")
    shape = tree["shape"]
    if not isinstance(shape, list) or not all(type(n) is int and n > 0 for n in shape):
        raise ValueError("no shape of an image")
    if not isinstance(tree["dtype"], str) or not _ELEMENT.fullmatch(tree["dtype"]):
        raise ValueError("no element type of an image")
    return tree["digest"], tree["dtype"], tuple(shape)
