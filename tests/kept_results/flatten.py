"""Turns any result into a flat table: path → number, text or nothing."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import DosimetryError, Finding
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.result import AveragedShape, ExponentialShape
from dosimetry_core.planning.protocol import Protocol

Leaf = float | str | None
# Larger arrays are kept by moments that any change of an element moves.
_WHOLE_UP_TO = 4
_NUMBER = re.compile(r"[−-]?\d+(?:\.\d+)?")


def flattened(value: Any, path: str = "") -> dict[str, Leaf]:
    """All leaves of a result; public properties of dataclasses are taken like fields."""
    return dict(_leaves(value, path))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, Finding):
        yield path, f"{value.code} {value.level} {value.place} {' '.join(_NUMBER.findall(value.text))}"
    elif isinstance(value, DosimetryError):
        yield path, f"{type(value).__name__} {value.where} {' '.join(_NUMBER.findall(value.what))}"
    elif value is None or isinstance(value, str):
        yield path, value
    elif isinstance(value, datetime):
        yield path, value.isoformat()
    elif isinstance(value, bool | int | float | np.number | np.bool_):
        yield path, _number(float(value))
    elif isinstance(value, np.ndarray):
        yield from _array(value, path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, tuple | list):
        yield f"{path}.number", float(len(value))
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}.{place}")
    elif isinstance(value, Protocol):
        yield path, value.name
    elif isinstance(value, ExponentialShape | AveragedShape | TrapezoidCurve):
        # Its parameters stand in the fit; a second one beside it is told by its integral.
        yield path, value.time_integrated_activity_bq_s
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name.startswith("_"):
                continue
            item = getattr(value, field.name)
            if isinstance(item, np.ndarray):
                yield f"{path}.{field.name}.writeable", float(item.flags.writeable)
            yield from _leaves(item, f"{path}.{field.name}")
        for name in sorted(_properties(type(value))):
            yield from _leaves(_property(value, name), f"{path}.{name}")
    else:
        raise TypeError(f"{path}: {type(value).__name__} has no place in the table")


def _number(value: float) -> Leaf:
    return value if math.isfinite(value) else str(value)


def _array(values: NDArray[Any], path: str) -> Iterator[tuple[str, Leaf]]:
    numbers = np.asarray(values, dtype=np.float64)
    yield f"{path}.shape", " ".join(str(n) for n in numbers.shape)
    flat = numbers.ravel()
    if flat.size <= _WHOLE_UP_TO:
        for place, number in enumerate(flat):
            yield f"{path}.{place}", _number(float(number))
        return
    ramp = 1.0 + np.arange(flat.size) / flat.size
    for name, moment in (("sum", flat.sum()), ("ramp", ramp @ flat), ("squares", flat @ (ramp * flat))):
        yield f"{path}.{name}", _number(float(moment))


def _properties(kind: type) -> set[str]:
    return {
        name
        for base in kind.__mro__
        if base.__module__.startswith("dosimetry_core")
        for name, member in vars(base).items()
        if not name.startswith("_") and (isinstance(member, property) or type(member).__name__ == "cached_property")
    }


def _property(value: Any, name: str) -> Any:
    try:
        return getattr(value, name)
    except (DosimetryError, ValueError, ZeroDivisionError, KeyError, TypeError) as error:
        return f"raises {type(error).__name__}"
