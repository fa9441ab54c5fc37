from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt

from app.key_bindings import AS_DELIVERED, RESERVED, bindings_of, is_key, portable
from app.key_table import KEY_ACTS
from app.keys_page import keys_page
from widgets.gestures import BUTTONS, MODIFIERS, OVERLAY_KEY, Gesture, gesture_of
from widgets.mouse_table import MOUSE_ACTS, MouseBindings, Views
from widgets.view_keys import VIEW_KEYS

NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


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


def means(bindings: MouseBindings, gesture: Gesture, views: Views) -> tuple[str, ...]:
    """What the event of a gesture does."""
    held = MODIFIERS.get(gesture.held, NONE)
    button = BUTTONS.get(gesture.button, Qt.MouseButton.NoButton)
    if gesture.form == "wheel":
        return (bindings.of_wheel(held, views),)
    if gesture.form == "move":
        return (bindings.of_move(held),)
    if gesture.form == "held":
        return tuple(name for name in ("invert", "anywhere") if bindings.is_held(name, held))
    if gesture.form in ("press", "drag"):
        return bindings.of_press(button, held, views, overlay_key=gesture.held == OVERLAY_KEY)
    return (bindings.of_click(button, held, views, double=gesture.form == "double"),)


def test_that_every_gesture_offered_does_its_act_or_is_refused_in_words() -> None:
    refused = 0
    for known in MOUSE_ACTS:
        can = 0
        for gesture in known.offered():
            try:
                bindings = MouseBindings({known.name: gesture})
            except ValueError as error:
                words = str(error)
                assert known.text in words
                assert sum(other.text in words for other in MOUSE_ACTS) >= 2
                refused += 1
                swapped = MouseBindings().changed_places(known.name, gesture)
                if swapped is None:
                    continue
                bindings = swapped
                assert len(bindings.chosen()) == 2
            can += 1
            assert known.name in means(bindings, gesture_of(gesture), known.views)
        assert can > 1, f"{known.name} can't be given another gesture"
    assert refused > 0


def test_that_a_gesture_does_one_thing_only() -> None:
    for chosen, words in (
        ({"pan": "Right drag"}, "two things"),
        ({"pan": "Left drag"}, "at once"),
        ({"menu": "Left click"}, "at once"),
        ({"maximise": "Right double click"}, "first click"),
        ({"pan": "Ctrl + left drag"}, "“active tool.*: invert the tool, and pan"),
        ({"invert": "Shift held while editing"}, "“active tool.*: invert the tool, and pan as well"),
    ):
        with pytest.raises(ValueError, match=words):
            MouseBindings(chosen)


def test_that_a_modifier_without_a_meaning_changes_nothing() -> None:
    bindings = MouseBindings()
    assert bindings.of_press(Qt.MouseButton.RightButton, SHIFT) == ("window",)
    assert bindings.of_press(Qt.MouseButton.LeftButton, CTRL | SHIFT) == ("tool",)
    assert bindings.of_press(Qt.MouseButton.BackButton, NONE) == ()
    assert bindings.of_wheel(SHIFT | CTRL) == ""


def test_that_the_key_of_the_overlay_is_named_in_the_gestures_it_is_held_for(qapp) -> None:
    assert ("Space + left drag", "pan as well") in AS_DELIVERED.gesture_lines()
    assert ("F + left drag", "pan as well") in AS_DELIVERED.with_keys("overlay", ("F",)).gesture_lines()


def test_that_the_page_of_keys_shows_them_as_they_are_set(qapp) -> None:
    page = keys_page(AS_DELIVERED.with_keys("brush", ("F",)).with_gesture("pan", "Shift + right drag"))
    assert "| F | Brush |" in page
    assert "| Shift + right drag | pan |" in page
    assert all(f"| {text} |" in page for _gesture, text in AS_DELIVERED.gesture_lines())
