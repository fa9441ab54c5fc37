"""Maps that the case tree is made of: nothing changes them, and they come back whole from copies and files."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable

import pytest

from dosimetry_core.frozen import FrozenMap

GIVEN = FrozenMap({"b": 1, "a": 2})


@pytest.mark.parametrize(
    "change",
    [
        lambda m: operator.setitem(m, "c", 3),
        lambda m: operator.delitem(m, "a"),
        lambda m: operator.ior(m, {"c": 3}),
        lambda m: m.update(c=3),
        lambda m: m.setdefault("c", 3),
        lambda m: m.pop("a"),
        lambda m: m.popitem(),
        lambda m: m.clear(),
    ],
)
def test_that_nothing_changes_a_map(change: Callable[[FrozenMap[str, int]], object]) -> None:
    with pytest.raises(TypeError, match="can't be changed"):
        change(GIVEN)
    assert list(GIVEN.items()) == [("b", 1), ("a", 2)]


def test_that_a_map_does_not_follow_what_it_was_made_of() -> None:
    source = {"a": 1}
    made = FrozenMap(source)
    source["a"] = 2
    assert made == {"a": 1}


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_that_copies_are_equal_maps_of_the_same_order(
    again: Callable[[FrozenMap[str, int]], FrozenMap[str, int]],
) -> None:
    made = again(GIVEN)
    assert isinstance(made, FrozenMap)
    assert list(made.items()) == list(GIVEN.items())
    assert hash(made) == hash(GIVEN)


def test_that_a_joined_map_is_a_dictionary_of_its_own() -> None:
    joined = GIVEN | {"c": 3}
    joined["d"] = 4
    assert joined == {"b": 1, "a": 2, "c": 3, "d": 4}
    assert "d" not in GIVEN
