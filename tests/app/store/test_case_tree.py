from __future__ import annotations

import functools
import math
import typing
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from app.store.case_tree import CaseTree
from app.store.single_values import NodeError
from app.store.storage import StoreDamagedError
from app.store.tree_classes import reachable_classes
from dosimetry_core.case import BloodSample, Case, Cycle, FitSettings
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import VoiMask
from dosimetry_core.volume import Volume
from tests.app.store.case_tree_examples import FULL, Kept, a_case, parts
from tests.app.store.tree_examples import Examples, images_of, same, values_of

ELSE = Examples()


def read_again(case: Case) -> Case:
    kept = Kept()
    root = kept.put(CaseTree().encode(case)).root
    return CaseTree().decode(root, kept.__getitem__, images_of(case))


@functools.cache
def full_root() -> str:
    return CaseTree().encode(FULL).root


@functools.cache
def full_parts() -> dict[type, Any]:
    """The first part of each class of the full case."""
    return {type(part): part for part in reversed(parts(FULL))}


def test_that_every_field_reachable_from_a_case_comes_back_with_its_value() -> None:
    again = read_again(FULL)
    assert again is not FULL
    assert same(again, FULL)
    present = {type(part) for part in parts(again)}
    assert present >= set(reachable_classes())
    for cls in reachable_classes():
        for item in fields(cls):
            values = [getattr(part, item.name) for part in parts(again) if type(part) is cls]
            assert any(
                value is not None and not (isinstance(value, tuple | FrozenMap) and not value) for value in values
            ), f"{cls.__name__}.{item.name} was never kept with a value"


OTHERS: dict[tuple[type, str], Any] = {
    (VolumeGeometry, "shape"): (3, 4, 6),
    (VolumeGeometry, "origin_mm"): np.array([7.0, 8.0, 9.0]),
    (VolumeGeometry, "directions"): np.eye(3),
    (RigidTransform, "rotation"): np.eye(3),
    (RigidTransform, "translation_mm"): np.array([7.0, 8.0, 9.0]),
    (VoiMask, "start"): (0, 1, 2),
    (VoiMask, "coverage"): np.full((1, 2, 3), 77, np.uint8),
    (Volume, "values"): np.full((3, 4, 5), 77, np.float32),
}
"""Other values of fields that don't take any."""


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        pytest.param(cls, item.name, id=f"{cls.__name__}.{item.name}")
        for cls in reachable_classes()
        for item in fields(cls)
    ],
)
def test_that_another_value_in_any_field_is_another_case_and_comes_back(cls: type, name: str) -> None:
    old = full_parts()[cls]
    value = getattr(old, name)
    if isinstance(value, bool):
        other: Any = not value
    else:
        annotation = typing.get_type_hints(cls)[name]
        others = (ELSE.of(annotation) for _ in range(5)) if (cls, name) not in OTHERS else iter([OTHERS[cls, name]])
        if get_origin(annotation) is Literal and len(get_args(annotation)) == 1:
            pytest.skip("has one value only")
        other = next(candidate for candidate in others if not same(candidate, value))
    changed = _with(FULL, old, replace(old, **{name: other}))
    assert not same(changed, FULL)
    kept = Kept()
    root = kept.put(CaseTree().encode(changed)).root
    assert root != full_root()
    assert same(CaseTree().decode(root, kept.__getitem__, images_of(changed)), changed)


def _with(tree: Any, old: Any, new: Any) -> Any:
    """The tree with one object in place of another; image values follow their grid."""
    if tree is old:
        return new
    if isinstance(tree, tuple):
        return tuple(_with(item, old, new) for item in tree)
    if isinstance(tree, FrozenMap):
        return FrozenMap({key: _with(item, old, new) for key, item in tree.items()})
    if not is_dataclass(tree):
        return tree
    changes = {item.name: _with(getattr(tree, item.name), old, new) for item in fields(tree)}
    if isinstance(tree, Volume) and changes["geometry"].shape != tree.values.shape:
        changes["values"] = np.zeros(changes["geometry"].shape, np.float32)
    return type(tree)(**changes)


ANY_CASE = values_of(Case)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(ANY_CASE)
def test_that_any_case_comes_back_equal_under_the_same_digest(case: Case) -> None:
    kept = Kept()
    writer = CaseTree()
    first = kept.put(writer.encode(case))
    again = CaseTree().decode(first.root, kept.__getitem__, images_of(case))
    assert same(again, case)
    assert CaseTree().encode(again).root == first.root
    assert dict(CaseTree().encode(again).objects) == dict(kept)
    assert not writer.encode(case).objects


@pytest.mark.parametrize(
    "text", ["", "Zażółć", "e\u0301", "\u212b", "\ud800", "a\x00\x1f\u2028", "\U0001f600", "$utf-8"]
)
def test_that_any_text_comes_back_letter_by_letter(text: str) -> None:
    case = replace(a_case(), folder=text, laboratory_limits=FrozenMap())
    assert read_again(case).folder == text


@pytest.mark.parametrize(
    "number", [0.0, -0.0, 1e22, 5e-324, 0.1 + 0.2, 2.0**53 + 2, 1e21, 123456789012345680000.0, math.inf, -math.inf]
)
def test_that_any_double_comes_back_bit_for_bit(number: float) -> None:
    again = read_again(a_case(density_g_per_ml=FrozenMap({"liver": number})))
    assert again.settings.density_g_per_ml["liver"].hex() == number.hex()


def test_that_a_named_zone_and_a_fixed_offset_come_back_as_they_were() -> None:
    warsaw = ZoneInfo("Europe/Warsaw")
    times = (
        datetime(2025, 7, 1, 12, 0, 0, 123456, tzinfo=warsaw),
        datetime(2025, 7, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        datetime(2025, 10, 26, 2, 30, tzinfo=warsaw),  # twice on that night: the clock was set back
        datetime(2025, 10, 26, 2, 30, tzinfo=warsaw, fold=1),
        datetime(2025, 3, 30, 2, 30, tzinfo=warsaw),  # never on that night
        datetime(1890, 1, 1, tzinfo=warsaw),  # local mean time, an offset with seconds
    )
    samples = tuple(BloodSample(time, FrozenMap()) for time in times)
    case = replace(a_case(), cycles=(Cycle(1, (), blood_samples=samples),))
    again = [sample.time for sample in read_again(case).cycles[0].blood_samples]
    assert [(t.replace(tzinfo=None, fold=0), t.tzinfo, t.utcoffset()) for t in again] == [
        (t.replace(tzinfo=None, fold=0), t.tzinfo, t.utcoffset()) for t in times
    ]


def test_that_an_instant_is_refused_if_the_zone_has_another_offset_on_this_computer() -> None:
    case = replace(
        a_case(),
        cycles=(Cycle(1, (), blood_samples=(BloodSample(datetime(2025, 7, 1, tzinfo=ZoneInfo("UTC")), FrozenMap()),)),),
    )
    kept = Kept()
    root = kept.put(CaseTree().encode(case)).root
    spoiled = {d: c.replace(b"+00:00[UTC]", b"+00:00[Europe/Warsaw]") for d, c in kept.items()}
    with pytest.raises(StoreDamagedError, match="time zone data"):
        CaseTree().decode(root, spoiled.__getitem__, {})


def test_that_a_mapping_keeps_its_order() -> None:
    case = a_case(engine=FrozenMap({"spleen": "sphere", "kidneys": "sphere", "liver": "organ-level"}))
    assert list(read_again(case).settings.engine) == ["spleen", "kidneys", "liver"]
    turned = a_case(engine=FrozenMap({"liver": "organ-level", "spleen": "sphere", "kidneys": "sphere"}))
    assert CaseTree().encode(case).root != CaseTree().encode(turned).root


@pytest.mark.parametrize(
    "case",
    [
        replace(a_case(), folder=Path("/x")),
        replace(a_case(), cycles=[]),
        replace(a_case(), laboratory_limits={}),
        a_case(fit=FitSettings(model="linear")),  # type: ignore[arg-type]
        replace(a_case(), cycles=(Cycle("1", ()),)),  # type: ignore[arg-type]
        replace(a_case(), cycles=(Cycle(True, ()),)),
        replace(a_case(), course=None),
    ],
    ids=["path", "list", "dict", "choice", "text for number", "truth for number", "none"],
)
def test_that_a_value_of_the_wrong_type_is_never_kept(case: Case) -> None:
    with pytest.raises(NodeError):
        CaseTree().encode(case)
