from __future__ import annotations

import functools
import gc
import hashlib
import itertools
import json
import math
import time
import typing
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.arrays import array_content, array_digest, array_from_content
from app.store.case_tree import CaseTree, EncodedCase, image_references, images_of_cases
from app.store.nodes import NODE_FORMAT, reachable
from app.store.single_values import NodeError
from app.store.storage import StoreDamagedError
from app.store.tree_classes import names_of, reachable_classes
from dosimetry_core.canonical_json import canonical_bytes
from dosimetry_core.case import BloodSample, Case, Course, Cycle, FitSettings, Patient
from dosimetry_core.case import Settings as CaseSettings
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import Voi, VoiMask
from dosimetry_core.volume import Volume
from tests.app.store.tree_examples import Examples, images_of, mask, same, series_of, values_of

FULL = Examples().case()
ELSE = Examples()


class Kept(dict[str, bytes]):
    """Objects as a storage has them: by the digest of their content."""

    def put(self, encoded: EncodedCase) -> EncodedCase:
        for digest, content in encoded.objects.items():
            assert hashlib.sha256(content).hexdigest() == digest
        self.update(encoded.objects)
        encoded.kept()
        return encoded


def read_again(case: Case) -> Case:
    kept = Kept()
    root = kept.put(CaseTree().encode(case)).root
    return CaseTree().decode(root, kept.__getitem__, images_of(case))


def parts(value: Any) -> list[Any]:
    """A value and all that it is made of."""
    found = [value]
    if is_dataclass(value):
        inner = [getattr(value, item.name) for item in fields(value)]
    elif isinstance(value, FrozenMap):
        inner = list(value.values())
    else:
        inner = list(value) if isinstance(value, tuple) else []
    for item in inner:
        found += parts(item)
    return found


@functools.cache
def full_root() -> str:
    return CaseTree().encode(FULL).root


@functools.cache
def full_parts() -> dict[type, Any]:
    """The first part of each class of the full case."""
    return {type(part): part for part in reversed(parts(FULL))}


def voi_changed(case: Case, voi: int, coverage: np.ndarray[Any, Any]) -> Case:
    cycle = case.cycles[0]
    old = cycle.vois[voi]
    new = replace(old, mask=VoiMask(old.mask.geometry, old.mask.start, coverage))
    vois = tuple(new if index == voi else item for index, item in enumerate(cycle.vois))
    return replace(case, cycles=(replace(cycle, vois=vois), *case.cycles[1:]))


# --- round trips ------------------------------------------------------------------------------------------------------


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


def a_case(**settings: Any) -> Case:
    return Case(Patient("P", "N", "F", "Europe/Warsaw"), Course("duonen-d"), (), replace(CaseSettings(), **settings))


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


def test_that_the_form_of_a_node_has_not_changed() -> None:
    """A class that changes in another way than by a new field with a default needs another `NODE_FORMAT`; what was
    kept must stay readable."""
    assert (NODE_FORMAT, CaseTree().encode(Examples().case()).root) == (
        1,
        "2778b4c1ad5bfa6c06194adbb21dbf32e83f4a95f4381695bd69b2752c083f5b",
    )


def _with_fields(cls: type, change: dict[str, Any], *, without: tuple[str, ...] = ()) -> tuple[str, dict[str, bytes]]:
    """A case one of whose nodes has other fields, with the nodes above it named anew."""
    encoded = CaseTree().encode(FULL)
    objects = dict(encoded.objects)

    def renamed(digest: str) -> str:
        content = objects[digest]
        if content.startswith(b'{"array"'):
            return digest
        tree = json.loads(content)
        if tree["class"] == cls.__name__:
            tree["fields"] = {k: v for k, v in {**tree["fields"], **change}.items() if k not in without}

        def walked(value: Any) -> Any:
            if isinstance(value, dict):
                return {k: renamed(v) if isinstance(v, str) and v in objects else walked(v) for k, v in value.items()}
            return [walked(item) for item in value] if isinstance(value, list) else value

        made = canonical_bytes(walked(tree))
        new = hashlib.sha256(made).hexdigest()
        objects[new] = made
        return new

    return renamed(encoded.root), objects


def test_that_a_node_of_an_earlier_version_takes_the_default_of_a_field_it_did_not_know() -> None:
    root, objects = _with_fields(Course, {}, without=("protocol_text",))
    case = CaseTree().decode(root, objects.__getitem__, images_of(FULL))
    assert case.course.protocol_text is None
    assert case.course.protocol == FULL.course.protocol


@pytest.mark.parametrize(("change", "without"), [({"invented": 1}, ()), ({}, ("protocol",))])
def test_that_a_node_of_a_later_version_or_without_what_it_needs_is_refused(
    change: dict[str, Any], without: tuple[str, ...]
) -> None:
    root, objects = _with_fields(Course, change, without=without)
    with pytest.raises(StoreDamagedError, match="Course"):
        CaseTree().decode(root, objects.__getitem__, images_of(FULL))


# --- sharing ----------------------------------------------------------------------------------------------------------


def test_that_an_edit_of_a_mask_is_its_own_path_only() -> None:
    tree, kept = CaseTree(), Kept()
    kept.put(tree.encode(FULL))
    edited = voi_changed(FULL, 0, np.full((2, 2, 2), 9, np.uint8))
    new = [json.loads(c)["class"] for c in tree.encode(edited).objects.values() if not c.startswith(b'{"array"')]
    assert sorted(new) == ["Case", "Cycle", "Voi", "VoiMask"]
    assert len(tree.encode(edited).objects) == 5


def test_that_a_change_of_a_setting_is_one_object() -> None:
    tree, kept = CaseTree(), Kept()
    kept.put(tree.encode(FULL))
    assert len(tree.encode(replace(FULL, settings=CaseSettings())).objects) == 1


def test_that_objects_are_given_again_until_they_are_said_to_be_kept() -> None:
    tree = CaseTree()
    first = tree.encode(FULL)
    assert dict(tree.encode(FULL).objects) == dict(first.objects)
    first.kept()
    edited = voi_changed(FULL, 0, np.full((2, 2, 2), 9, np.uint8))
    failed = tree.encode(edited)
    assert dict(tree.encode(edited).objects) == dict(failed.objects)
    assert not tree.encode(FULL).objects


def test_that_a_case_that_lives_is_read_back_as_the_very_same_object() -> None:
    tree, kept = CaseTree(), Kept()
    root = kept.put(tree.encode(FULL)).root
    assert tree.decode(root, kept.__getitem__, {}) is FULL


def test_that_two_cases_read_back_share_what_is_equal() -> None:
    kept = Kept()
    writer = CaseTree()
    edited = voi_changed(FULL, 0, np.full((2, 2, 2), 9, np.uint8))
    roots = [kept.put(writer.encode(case)).root for case in (FULL, edited)]
    reader = CaseTree()
    one, two = (reader.decode(root, kept.__getitem__, images_of(FULL)) for root in roots)
    assert one.cycles[1] is two.cycles[1]
    assert one.cycles[0] is not two.cycles[0]
    assert one.cycles[0].time_points[0] is two.cycles[0].time_points[0]
    assert one.cycles[0].vois[1] is two.cycles[0].vois[1]
    assert reader.decode(roots[0], kept.__getitem__, {}) is one
    assert not reader.encode(two).objects


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("paint"), st.integers(0, 1), st.integers(0, 3)),
        st.tuples(st.just("settings"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("undo"), st.integers(0, 5), st.just(0)),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(EDITS)
def test_that_any_history_read_back_shares_exactly_what_is_equal(edits: list[tuple[str, int, int]]) -> None:
    kept, writer, cases = Kept(), CaseTree(), [FULL]
    roots = [kept.put(writer.encode(FULL)).root]
    for what, place, value in edits:
        if what == "paint":
            case = voi_changed(cases[-1], place, np.full((2, 2, 2), value, np.uint8))
        elif what == "settings":
            density = FrozenMap({"liver": 1.0 + place})
            case = replace(cases[-1], settings=replace(cases[-1].settings, density_g_per_ml=density))
        else:
            case = cases[max(0, len(cases) - 1 - place)]
        cases.append(case)
        roots.append(kept.put(writer.encode(case)).root)
    reader, images = CaseTree(), images_of(FULL)
    again = [reader.decode(root, kept.__getitem__, images) for root in roots]
    for one, first in zip(again, cases, strict=True):
        assert same(one, first)
    # Being the same, and being equal, is mutual: each pair once.
    for (one, root), (other, other_root) in itertools.combinations(zip(again, roots, strict=True), 2):
        assert (one is other) == (root == other_root) == same(one, other)
        assert one.cycles[1] is other.cycles[1]
        assert one.cycles[0].time_points[0].ct is other.cycles[0].time_points[0].ct
        for mine, theirs in zip(one.cycles[0].vois, other.cycles[0].vois, strict=True):
            assert (mine is theirs) == same(mine, theirs)


def test_that_the_first_edit_after_reopening_digests_no_image_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    reader = CaseTree()
    again = reader.decode(root, kept.__getitem__, images_of(FULL))

    def never(array: object) -> str:
        raise AssertionError("an image was digested")

    monkeypatch.setattr("app.store.case_tree.array_digest", never)
    assert len(reader.encode(voi_changed(again, 0, np.full((2, 2, 2), 9, np.uint8))).objects) == 5
    moved = replace(again.cycles[0].time_points[0], ct=replace(again.cycles[0].time_points[0].ct, description="other"))
    cycle = replace(again.cycles[0], time_points=(moved, *again.cycles[0].time_points[1:]))
    assert len(reader.encode(replace(again, cycles=(cycle, again.cycles[1]))).objects) == 4


def test_that_equal_objects_made_apart_are_kept_once() -> None:
    same_mask = [Voi("a", "A", "liver", mask(3)), Voi("b", "B", "liver", mask(3))]
    case = replace(a_case(), cycles=(Cycle(1, (), vois=tuple(same_mask)),))
    kept = Kept()
    kept.put(CaseTree().encode(case))
    assert sum(content.startswith(b'{"array"') for content in kept.values()) == 1
    again = CaseTree()
    root = CaseTree().encode(case).root
    vois = again.decode(root, kept.__getitem__, {}).cycles[0].vois
    assert vois[0].mask is vois[1].mask


def test_that_nothing_is_held_that_nobody_uses() -> None:
    tree, kept = CaseTree(), Kept()
    root = kept.put(tree.encode(Examples().case())).root
    gc.collect()
    assert not len(tree._objects)
    assert not len(tree._digests)
    assert same(tree.decode(root, kept.__getitem__, images_of(FULL)), FULL)


# --- without images ---------------------------------------------------------------------------------------------------


def test_that_a_case_without_its_images_is_what_its_case_file_gives() -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    read: list[str] = []

    def get(digest: str) -> bytes:
        read.append(digest)
        return kept[digest]

    tree = CaseTree()
    outline = tree.decode(root, get)
    cycles = tuple(replace(cycle, time_points=(), vois=(), reference_time_point=0) for cycle in FULL.cycles)
    assert same(outline, replace(FULL, cycles=cycles))
    assert len(read) == 4  # case, course, two cycles
    assert tree.decode(root, kept.__getitem__) is outline
    whole = tree.decode(root, kept.__getitem__, images_of(FULL))
    assert same(whole, FULL)
    assert tree.decode(root, kept.__getitem__) is outline
    assert tree.encode(outline).root != root


def test_that_a_case_that_has_no_images_comes_whole() -> None:
    case = replace(a_case(), cycles=(Cycle(1, ()), Cycle(2, ())))
    tree, kept = CaseTree(), Kept()
    root = kept.put(tree.encode(case)).root
    assert tree.decode(root, kept.__getitem__) is case
    other = CaseTree()
    assert other.decode(root, kept.__getitem__) is other.decode(root, kept.__getitem__, {})


def test_that_the_images_of_a_case_are_listed_with_their_files() -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    listed = image_references(root, kept.__getitem__)
    series = series_of(FULL)
    assert [item.source_files for item in listed] == [item.source_files for item in series]
    assert [item.array_digest for item in listed] == [array_digest(item.volume.values) for item in series]
    assert [(item.kind, item.shape, item.dtype) for item in listed] == [
        (item.kind, item.volume.values.shape, "<f4") for item in series
    ]
    assert [(item.cycle, item.time_point) for item in listed[:4]] == [(FULL.cycles[0].number, i // 2) for i in range(4)]


def test_that_images_that_cases_share_are_listed_once() -> None:
    kept, writer = Kept(), CaseTree()
    edited = [voi_changed(FULL, 0, np.full((2, 2, 2), value, np.uint8)) for value in range(5)]
    roots = [kept.put(writer.encode(case)).root for case in edited]
    read: list[str] = []

    def get(digest: str) -> bytes:
        read.append(digest)
        return kept[digest]

    assert images_of_cases(roots, get) == image_references(roots[0], kept.__getitem__)
    assert len(read) == len(set(read))


def test_that_an_image_of_another_shape_is_not_put_in() -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    with pytest.raises(LookupError, match="another shape"):
        CaseTree().decode(root, kept.__getitem__, lambda digest: np.zeros((3, 4, 6), np.float32))


# --- damage -----------------------------------------------------------------------------------------------------------


def changed_node(content: bytes, what: str) -> bytes:
    tree = json.loads(content)
    if what == "format":
        tree["format"] = 2
    elif what == "class":
        tree["class"] = "Patience"
    elif what == "field":
        tree["fields"]["colour"] = "red"
    elif what == "missing field":
        cls = next(known for known in reachable_classes() if known.__name__ == tree["class"])
        tree["fields"].pop(sorted(names_of(cls).required)[0])
    elif what == "type":
        name = sorted(tree["fields"])[0]
        tree["fields"][name] = [17.5, {"odd": None}]
    return json.dumps(tree).encode()


@pytest.mark.parametrize("what", ["format", "class", "field", "missing field", "type", "cut", "no JSON", "empty"])
def test_that_a_node_that_is_not_as_it_is_written_is_named(what: str) -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    for digest, content in list(kept.items()):
        if content.startswith(b'{"array"'):
            continue
        other = {"cut": content[:-3], "no JSON": b"\x00\xff", "empty": b""}.get(what) or changed_node(content, what)
        spoiled = {**kept, digest: b"" if what == "empty" else other}
        with pytest.raises(StoreDamagedError, match=digest):
            CaseTree().decode(root, spoiled.__getitem__, images_of(FULL))


def test_that_values_that_make_no_valid_case_are_named() -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    digest, content = next((d, c) for d, c in kept.items() if b'"VolumeGeometry"' in c)
    tree = json.loads(content)
    tree["fields"]["spacing_mm"] = [1, 0, 1]
    spoiled = {**kept, digest: json.dumps(tree).encode()}
    with pytest.raises(StoreDamagedError, match=f"{digest}.*spacing"):
        CaseTree().decode(root, spoiled.__getitem__, images_of(FULL))


def test_that_a_mask_that_does_not_fit_is_named() -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    digest, content = next((d, c) for d, c in kept.items() if c.startswith(b'{"array"'))
    for other in (content[:-1], content + b"x", b"x" + content, content.replace(b"|u1", b"|O8"), b""):
        with pytest.raises(StoreDamagedError, match=digest):
            CaseTree().decode(root, {**kept, digest: other}.__getitem__, images_of(FULL))


# --- arrays and objects -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "i2", "<f4", ">f4", "f8", "?", "u8"])
def test_that_an_array_comes_back_read_only_whatever_its_layout(dtype: str) -> None:
    array = (np.arange(60).reshape(3, 4, 5) % 7).astype(dtype)
    for view in (array, array[::-1], array.transpose(2, 0, 1), array[:, :0]):
        content = array_content(view)
        again = array_from_content(content)
        assert np.array_equal(again, view)
        assert not again.flags.writeable
        assert array_digest(view) == hashlib.sha256(content).hexdigest()
    assert array_digest(array.astype(">f8")) == array_digest(array.astype("<f8"))


def test_that_all_objects_of_a_case_are_found_from_its_digest() -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    assert dict(reachable([root], kept.__getitem__)) == dict(kept)


# --- speed ------------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_that_an_edit_is_written_before_the_next_frame() -> None:
    """A brush stroke in a box of 150³ voxels, and a setting of a case with 25 VOIs in each of 4 cycles.

    Measured 5 ms and 0.15 ms of computing; the limits leave room for a slower computer.
    """
    grid = VolumeGeometry((200, 512, 512), np.zeros(3), (2.0, 1.0, 1.0), np.eye(3))
    box = np.zeros((150, 150, 150), np.uint8)
    box[20:130, 20:130, 20:130] = 255
    vois = tuple(Voi(f"{i}", f"Lesion {i}", "lesion", VoiMask(grid, (1, 2, 3), box)) for i in range(25))
    case = replace(a_case(), cycles=tuple(Cycle(number, (), vois=vois) for number in range(1, 5)))
    tree = CaseTree()
    tree.encode(case).kept()
    stroke, setting = [], []
    for number in range(5):
        drawn = box.copy()
        drawn[0, 0, number] = 1
        painted = voi_changed(case, 3, drawn)
        begin = time.thread_time()
        tree.encode(painted).kept()
        stroke.append(time.thread_time() - begin)
        chosen = replace(case, settings=replace(case.settings, density_g_per_ml=FrozenMap({"liver": 1.0 + number})))
        begin = time.thread_time()
        tree.encode(chosen).kept()
        setting.append(time.thread_time() - begin)
    assert min(stroke) < 0.020
    assert min(setting) < 0.002
