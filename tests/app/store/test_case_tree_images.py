from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.store.arrays import array_digest
from app.store.case_tree import CaseTree, image_references, images_of_cases
from dosimetry_core.case import Cycle
from tests.app.store.case_tree_examples import FULL, Kept, a_case, voi_changed
from tests.app.store.tree_examples import images_of, same, series_of


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
