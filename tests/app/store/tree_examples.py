"""Cases with a value in every field, made from the types of the fields; and equality of whole trees."""

from __future__ import annotations

import itertools
import math
import struct
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from dosimetry_core.case import Case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.image import ImageSeries
from dosimetry_core.voi import VoiMask
from dosimetry_core.volume import Volume

ZONES = (timezone(timedelta(hours=1)), ZoneInfo("Europe/Warsaw"), UTC, timezone(timedelta(minutes=-211)))
TURNED = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal in every type, digit, order and time zone; written without the code under test."""
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, Mapping):
        return same(tuple(one.items()), tuple(other.items()))
    if isinstance(one, tuple):
        return len(one) == len(other) and all(itertools.starmap(same, zip(one, other, strict=True)))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, datetime):
        naive = (one.replace(tzinfo=None), one.tzinfo, one.utcoffset())
        return naive == (other.replace(tzinfo=None), other.tzinfo, other.utcoffset())
    return bool(one == other)


class Examples:
    """Makes values of a type; no two calls give the same one where the type has more."""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def of(self, annotation: Any) -> Any:
        number = next(self._count)
        origin, arguments = get_origin(annotation), get_args(annotation)
        simple = {str: f"text {number} zażółć", float: number + 0.1, int: number, bool: True}
        if annotation in simple:
            return simple[annotation]
        if annotation is date:
            return date(2024, 1, 1) + timedelta(days=number)
        if annotation is datetime:
            return datetime(2024, 1, 1, 8, tzinfo=ZONES[number % len(ZONES)]) + timedelta(hours=number, microseconds=1)
        if origin is Literal:
            return arguments[number % len(arguments)]
        if origin in (Union, types.UnionType):
            return self.of(next(argument for argument in arguments if argument is not types.NoneType))
        if origin is tuple and arguments[-1] is ...:
            return (self.of(arguments[0]), self.of(arguments[0]))
        if origin is tuple:
            return tuple(self.of(argument) for argument in arguments)
        if origin is FrozenMap:
            return FrozenMap({self.of(arguments[0]): self.of(arguments[1]) for _ in range(2)})
        special = {VolumeGeometry: geometry, RigidTransform: transform, VoiMask: mask, Volume: volume}
        if annotation in special:
            return special[annotation](number)
        assert is_dataclass(annotation), f"say in this file how a {annotation} is made"
        hints = typing.get_type_hints(annotation)
        return annotation(**{item.name: self.of(hints[item.name]) for item in fields(annotation)})  # type: ignore[operator]

    def case(self) -> Case:
        made = self.of(Case)
        assert isinstance(made, Case)
        return made


def geometry(number: int = 0) -> VolumeGeometry:
    return VolumeGeometry((3, 4, 5), np.array([0.1, -0.2, number / 3]), (2.0, 1.1, 1.3), TURNED)


def transform(number: int = 0) -> RigidTransform:
    return RigidTransform(TURNED, np.array([1 / 3, -2.5, number]))


def mask(number: int = 0) -> VoiMask:
    coverage = np.arange(8, dtype=np.uint8).reshape(2, 2, 2) + np.uint8(number % 200)
    return VoiMask(geometry(number), (1, 1, 2), coverage)


def volume(number: int = 0) -> Volume:
    values = (np.arange(60, dtype=np.float32).reshape(3, 4, 5) + number) / 7
    return Volume(values, geometry(number), "counts_per_s")


def images_of(case: Case) -> dict[str, Any]:
    """All image values of a case by the digest that its store uses."""
    from app.store.arrays import array_digest

    return {array_digest(series.volume.values): series.volume.values for series in series_of(case)}


def series_of(case: Case) -> list[ImageSeries]:
    points = [point for cycle in case.cycles for point in cycle.time_points]
    return [series for point in points for series in (point.spect, point.ct) if series is not None]


TEXTS = st.text(st.characters(), max_size=8)  # surrogates, controls and unnormalised text included
INSTANTS = st.datetimes(
    datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.one_of(st.timezones(), st.sampled_from(ZONES))
)


def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Any values of a type, the odd ones too."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    simple = {
        str: TEXTS,
        float: st.floats(),
        int: st.integers(),
        bool: st.booleans(),
        date: st.dates(),
        datetime: INSTANTS,
    }
    if annotation in simple:
        return simple[annotation]
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not types.NoneType)
        return st.none() | values_of(inner)
    if origin is tuple and arguments[-1] is ...:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if origin is FrozenMap:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=3).map(FrozenMap)
    numbers = st.integers(0, 3)
    special = {VolumeGeometry: geometry, RigidTransform: transform, VoiMask: mask, Volume: volume}
    if annotation in special:
        return numbers.map(special[annotation])
    hints = typing.get_type_hints(annotation)
    return st.builds(annotation, **{item.name: values_of(hints[item.name]) for item in fields(annotation)})
