from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from app.store.case_tree import CaseTree
from app.store.nodes import NODE_FORMAT, reachable
from app.store.storage import StoreDamagedError
from app.store.tree_classes import names_of, reachable_classes
from dosimetry_core.canonical_json import canonical_bytes
from dosimetry_core.case import Course
from tests.app.store.case_tree_examples import FULL, Kept
from tests.app.store.tree_examples import Examples, images_of


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


def test_that_all_objects_of_a_case_are_found_from_its_digest() -> None:
    kept = Kept()
    root = kept.put(CaseTree().encode(FULL)).root
    assert dict(reachable([root], kept.__getitem__)) == dict(kept)


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
