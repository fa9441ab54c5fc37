from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt

from app.key_bindings import AS_DELIVERED, RESERVED, bindings_of, is_key, portable
from app.key_table import KEY_ACTS
from widgets.mouse_table import GESTURES, MOUSE_ACTS, MouseBindings
from widgets.view_keys import VIEW_KEYS

NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


def act(name: str):
    return next(known for known in KEY_ACTS if known.name == name)


def test_that_no_key_as_delivered_does_two_things(qapp) -> None:
    counted = Counter(portable(key) for known in KEY_ACTS for key in {portable(k): k for k in known.keys}.values())
    assert [key for key, count in counted.items() if count > 1] == []
    assert [key for key in RESERVED if portable(key) in counted] == []
    assert all(is_key(key) for known in KEY_ACTS for key in known.keys)


def test_that_the_views_keys_are_those_of_the_key_table(qapp) -> None:
    assert {known.name: known.keys for known in KEY_ACTS if known.reach == "view"} == VIEW_KEYS


def test_that_a_choice_comes_back_from_the_preferences(qapp) -> None:
    chosen = AS_DELIVERED.with_keys("brush", ("Z", "Ctrl+B")).with_gesture("pan", "Shift + right drag")
    keys, mouse = chosen.as_preferences()
    assert (keys, mouse) == ({"brush": ["Z", "Ctrl+B"]}, {"pan": "Shift + right drag"})
    again, problems = bindings_of(keys, mouse)
    assert (again, problems) == (chosen, ())
    # What is chosen as delivered is no choice.
    assert again.with_keys("brush", act("brush").keys).with_gesture("pan", "Middle drag") == AS_DELIVERED


@pytest.mark.parametrize(
    ("keys", "mouse"),
    [
        ({"unknown": ["F"]}, {}),
        ({"brush": "F"}, {}),
        ({"brush": ["F", 3]}, {}),
        ({"brush": ["no such key"]}, {}),
        ({"brush": ["Ctrl+K, Ctrl+B"]}, {}),
        ({"brush": ["E"]}, {}),
        ({"brush": ["Alt+3"]}, {}),
        ({}, {"pan": "Wheel"}),
        ({}, {"tool": "Right drag"}),
        ({}, {"pan": "Right drag"}),
        ({}, {"unknown": "Wheel"}),
    ],
)
def test_that_what_can_not_be_used_is_as_delivered_and_said(qapp, keys, mouse) -> None:
    bindings, problems = bindings_of(keys, mouse)
    assert bindings == AS_DELIVERED
    assert len(problems) == 1


def test_that_preferences_of_another_kind_are_no_choice(qapp) -> None:
    assert bindings_of([1], "x") == (AS_DELIVERED, ())


def test_that_two_acts_may_exchange_their_keys_in_the_preferences(qapp) -> None:
    bindings, problems = bindings_of({"brush": ["E"], "erase": ["B"]}, {"slice": "Ctrl + wheel", "zoom": "Wheel"})
    assert problems == ()
    assert bindings.keys_of(act("brush")) == ("E",)
    mouse = MouseBindings(bindings.mouse)
    assert (mouse.of_wheel(NONE), mouse.of_wheel(CTRL)) == ("zoom", "slice")


def test_that_who_has_a_key_is_named(qapp) -> None:
    taken = AS_DELIVERED.taken_by("B")
    assert taken is act("brush")
    assert AS_DELIVERED.taken_by("B", "brush") is None
    assert AS_DELIVERED.taken_by("Alt+3") == "go to step 3"
    assert AS_DELIVERED.taken_by("Ctrl+Enter", "") is act("confirm")
    assert AS_DELIVERED.taken_by("F12") is None


def test_that_every_gesture_that_can_be_chosen_is_found_by_its_event() -> None:
    buttons = {"right": Qt.MouseButton.RightButton, "middle": Qt.MouseButton.MiddleButton}
    modifiers = {
        "Ctrl": CTRL,
        "Shift": Qt.KeyboardModifier.ShiftModifier,
        "Alt": Qt.KeyboardModifier.AltModifier,
    }
    for known in MOUSE_ACTS:
        for gesture in GESTURES[known.kind]:
            others = [other for other in MOUSE_ACTS if other.kind == known.kind and other is not known]
            free = [g for g in GESTURES[known.kind] if g != gesture]
            bindings = MouseBindings({known.name: gesture, **{o.name: g for o, g in zip(others, free, strict=False)}})
            held = next((modifier for word, modifier in modifiers.items() if gesture.startswith(word)), NONE)
            found = {
                "wheel": lambda held=held, b=bindings: b.of_wheel(held),
                "move": lambda held=held, b=bindings: b.of_move(held),
                "held": lambda held=held, b=bindings, name=known.name: name if b.is_held(name, held) else "",
                "drag": lambda held=held, b=bindings, gesture=gesture: b.of_drag(
                    next(button for word, button in buttons.items() if word in gesture.lower()), held
                ),
            }[known.kind]()
            assert found == known.name


def test_that_a_gesture_does_one_thing_only() -> None:
    with pytest.raises(ValueError, match="two things"):
        MouseBindings({"pan": "Right drag"})
