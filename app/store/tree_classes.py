"""Which classes a case is made of, found from the types of their fields, so that a new field can't be forgotten."""

from __future__ import annotations

import functools
import typing
from dataclasses import fields, is_dataclass
from typing import Any, Final

from app.store.node_values import ArrayKeeping, FieldKind, field_kinds, is_node, parts_of
from app.store.nodes import FieldNames
from app.store.single_values import NodeError
from dosimetry_core.case import Case
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import VoiMask
from dosimetry_core.volume import Volume

ARRAYS: Final[dict[tuple[type, str], ArrayKeeping]] = {
    (VolumeGeometry, "origin_mm"): "inline",
    (VolumeGeometry, "directions"): "inline",
    (RigidTransform, "rotation"): "inline",
    (RigidTransform, "translation_mm"): "inline",
    (VoiMask, "coverage"): "object",
    (Volume, "values"): "image",
}
"""How each array of the tree is kept; an array that is not named here can't be kept."""


@functools.cache
def reachable_classes() -> tuple[type, ...]:
    """All dataclasses that a case is made of, as the types of the fields reachable from `Case` say."""
    found: dict[type, None] = {}
    waiting: list[Any] = [Case]
    while waiting:
        annotation = waiting.pop()
        if not is_dataclass(annotation):
            waiting += parts_of(annotation)
        elif isinstance(annotation, type) and annotation not in found:
            found[annotation] = None
            hints = typing.get_type_hints(annotation)
            waiting += [hints[item.name] for item in fields(annotation)]
    if len({cls.__name__ for cls in found}) != len(found):
        raise TypeError("two classes of the case tree have the same name")
    return tuple(found)


@functools.cache
def kinds_of(cls: Any) -> tuple[FieldKind, ...]:
    """The fields of a class whose objects are nodes. Raises NodeError for one that is no part of a case."""
    if cls not in reachable_classes() or not is_node(cls):
        raise NodeError(f"a {cls.__name__} is no part of a case")
    return field_kinds(cls, ARRAYS)


@functools.cache
def names_of(cls: Any) -> FieldNames:
    """Names of the fields, all of them and those that no node may be without."""
    kinds = kinds_of(cls)
    return FieldNames(
        frozenset(kind.name for kind in kinds), frozenset(kind.name for kind in kinds if not kind.may_lack)
    )
