"""Every leaf of a case, found from its classes, each with the case in which that leaf alone has another value."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from dosimetry_core.case import Case
from dosimetry_core.frozen import FrozenMap
from tests.app.store.tree_examples import Examples

ELSE = Examples()


@dataclass(frozen=True)
class Leaf:
    """One leaf: where it is, of which field of which class, and the case with another value there."""

    path: str
    class_name: str
    field_name: str
    changed: Case


def leaves_of(case: Case) -> Iterator[Leaf]:
    """All leaves of a case; of an empty list or table, that something is in it is the change."""
    yield from _of_node(case, "", lambda changed: changed)


Rebuild = Callable[[Any], Case]


def _of_node(node: Any, path: str, rebuild: Rebuild) -> Iterator[Leaf]:
    hints = typing.get_type_hints(type(node))
    for item in fields(node):

        def with_value(value: Any, name: str = item.name) -> Case:
            # Past the checks of the class: what is asked is whether a change is seen, not whether it makes sense.
            made = object.__new__(type(node))
            for part in fields(node):
                object.__setattr__(made, part.name, value if part.name == name else getattr(node, part.name))
            return rebuild(made)

        where = f"{path}.{item.name}" if path else item.name
        owner = (type(node).__name__, item.name)
        yield from _of_value(getattr(node, item.name), hints[item.name], where, owner, with_value)


def _of_value(value: Any, annotation: Any, path: str, owner: tuple[str, str], rebuild: Rebuild) -> Iterator[Leaf]:
    if is_dataclass(value) and not isinstance(value, type):
        yield from _of_node(value, path, rebuild)
    elif isinstance(value, Mapping) and value:
        of = get_args(_known(annotation))[1]
        for key, inner in value.items():

            def with_item(changed: Any, key: Any = key) -> Case:
                return rebuild(FrozenMap({**value, key: changed}))

            yield from _of_value(inner, of, f"{path}[{key}]", owner, with_item)
    elif isinstance(value, tuple) and value:
        arguments = get_args(_known(annotation))
        for place, inner in enumerate(value):
            of = arguments[0] if arguments[-1] is ... else arguments[place]

            def with_member(changed: Any, place: int = place) -> Case:
                return rebuild((*value[:place], changed, *value[place + 1 :]))

            yield from _of_value(inner, of, f"{path}[{place}]", owner, with_member)
    elif len(get_args(_known(annotation))) != 1 or get_origin(_known(annotation)) is not Literal:
        # A choice of one can't be another.
        yield Leaf(path, *owner, rebuild(_another(value, annotation)))


def _known(annotation: Any) -> Any:
    """A type without its None."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not types.NoneType)
    return annotation


def _another(value: Any, annotation: Any) -> Any:
    """Another value of the same type, as near as it gets where there is a near one."""
    known = _known(annotation)
    if value is None or (isinstance(value, Mapping | tuple) and not value):
        return ELSE.of(known)
    if get_origin(known) is Literal:
        return next(choice for choice in get_args(known) if choice != value)
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return float(np.nextafter(value, np.inf))
        case str():
            return value + "x"
        case datetime():
            return value + timedelta(microseconds=1)
        case date():
            return value + timedelta(days=1)
        case np.ndarray():
            changed = value.copy() if value.size else np.ones((1,) * value.ndim, value.dtype)
            flat = changed.reshape(-1)
            flat[-1] = flat[-1] + 1
            changed.flags.writeable = False
            return changed
    raise AssertionError(f"say in this file how another {type(value)} is made")
