"""What the mouse does in the image views, in one table; which gesture does it can be chosen by the user."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from PySide6.QtCore import Qt

from widgets.gestures import (
    BUTTONS,
    GESTURES,
    MODIFIERS,
    OVERLAY_KEY,
    Form,
    Gesture,
    Kind,
    button_word,
    gesture_of,
    held_word,
    is_plain,
)

Views = Literal["slices", "volume", "mip"]


@dataclass(frozen=True)
class MouseAct:
    """One thing that the mouse does.

    Parameters
    ----------
    name
        Identifies it in the preferences.
    text
        What it does.
    gesture
        Which gesture does it as delivered, such as ``"Ctrl + wheel"``.
    kind
        Which other gestures it can be given: those of the same kind.
    views
        The slices, the 3D view or the projection.
    """

    name: str
    text: str
    gesture: str
    kind: Kind
    views: Views = "slices"

    def offered(self) -> tuple[str, ...]:
        """Gestures that it can be given; the key of the overlay is held on slices only."""
        own = self.views == "slices"
        return tuple(text for text in GESTURES[self.kind] if own or gesture_of(text).held != OVERLAY_KEY)


MOUSE_ACTS: Final[tuple[MouseAct, ...]] = (
    MouseAct("slice", "slice", "Wheel", "wheel"),
    MouseAct("zoom", "zoom at the pointer", "Ctrl + wheel", "wheel"),
    MouseAct("size", "brush size with a brush, else previous or next time point", "Shift + wheel", "wheel"),
    MouseAct("tool", "active tool; with none, move the linked cursor", "Left", "press"),
    MouseAct("window", "window and level of the layer named in the corner", "Right drag", "drag"),
    MouseAct("menu", "menu", "Right click", "click"),
    MouseAct("pan", "pan", "Middle drag", "drag"),
    MouseAct("pan_space", "pan as well", "Space + left drag", "drag"),
    MouseAct("zoom_drag", "zoom", "Ctrl + right drag", "drag"),
    MouseAct("maximise", "maximise or restore the view; with a tool, close the outline", "Double click", "click"),
    MouseAct("follow", "linked cursor follows", "Shift + move", "move"),
    MouseAct("invert", "invert the tool", "Ctrl held while editing", "held"),
    MouseAct("anywhere", "ignore the range of values and edges", "Alt held while editing", "held"),
    MouseAct("volume_turn", "turn; with a tool, beside the VOI", "Left drag", "drag", "volume"),
    MouseAct("volume_pick", "cursor to the surface or the hottest place", "Left click", "click", "volume"),
    MouseAct("volume_pan", "pan", "Middle drag", "drag", "volume"),
    MouseAct("volume_pan_too", "pan as well", "Shift + left drag", "drag", "volume"),
    MouseAct("volume_zoom", "zoom", "Wheel", "wheel", "volume"),
    MouseAct("volume_zoom_drag", "zoom as well", "Right drag", "drag", "volume"),
    MouseAct("volume_turn_always", "turn, whatever the tool", "Ctrl + right drag", "drag", "volume"),
    MouseAct("volume_size", "brush size with a brush", "Shift + wheel", "wheel", "volume"),
    MouseAct("volume_tool", "active tool on the active VOI", "Left drag", "drag", "volume"),
    MouseAct("volume_clip", "move a clip plane by its square", "Left drag", "drag", "volume"),
    MouseAct("volume_maximise", "maximise or restore the view", "Double click", "click", "volume"),
    MouseAct("mip_turn", "turn round the patient", "Wheel", "wheel", "mip"),
    MouseAct("mip_turn_drag", "turn as well", "Left drag", "drag", "mip"),
    MouseAct("mip_pick", "cursor to the hottest place", "Left click", "click", "mip"),
    MouseAct("mip_time_point", "previous or next time point", "Shift + wheel", "wheel", "mip"),
    MouseAct("mip_scale", "upper limit of the SPECT", "Right drag", "drag", "mip"),
    MouseAct("mip_maximise", "maximise or restore the view", "Double click", "click", "mip"),
)
"""Order of the tables in the program and in the user guide."""

VIEW_WORDS: Final[dict[Views, str]] = {"slices": "", "volume": "3D: ", "mip": "MIP: "}
"""Before a gesture where those of all views stand in one list."""
_ACTS: Final = {act.name: act for act in MOUSE_ACTS}
# Told apart by what lies under the pointer, in this order: a square, the active VOI, neither.
_BY_PLACE: Final = ("volume_clip", "volume_tool", "volume_turn")
# Harmless before the second click of a double one.
_PICKS: Final = ("volume_pick", "mip_pick")
_TOOLS: Final[dict[Views, str]] = {"slices": "tool", "volume": "volume_tool"}


class MouseBindings:
    """Which gesture does what, as the user chose; what is not chosen stays as delivered.

    Raises
    ------
    ValueError
        If an act or gesture is unknown or not to be chosen, or a gesture would do two things; in words.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        for name, gesture in (chosen or {}).items():
            if name not in _ACTS or gesture not in _ACTS[name].offered():
                raise ValueError(f"the mouse can't be told to do {name!r} by {gesture!r}")
        self._gestures = {act.name: gesture_of((chosen or {}).get(act.name, act.gesture)) for act in MOUSE_ACTS}
        for one, other in combinations(MOUSE_ACTS, 2):
            words = self._conflict(one, other)
            if words:
                raise ValueError(words)
        self._by_gesture: dict[tuple[Views, Gesture], tuple[str, ...]] = {}
        in_order = (*_BY_PLACE, *(name for name in _ACTS if name not in _BY_PLACE))
        for name in in_order:
            key = _ACTS[name].views, self._gestures[name]
            self._by_gesture[key] = (*self._by_gesture.get(key, ()), name)

    def _conflict(self, one: MouseAct, other: MouseAct) -> str:
        """Why two acts can't have their gestures both; empty if they can."""
        if one.kind == "held" or other.kind == "held":
            return self._conflict_of_held(one, other)
        if one.views != other.views:
            return ""
        first, second = self._gestures[one.name], self._gestures[other.name]
        if first == second and not {one.name, other.name} <= set(_BY_PLACE):
            return f"“{first.text}” would do two things: {one.text}, and {other.text}"
        if (first.button, first.held) != (second.button, second.held):
            return ""
        return self._conflict_of_order(one, other) or self._conflict_of_order(other, one)

    def _conflict_of_order(self, early: MouseAct, late: MouseAct) -> str:
        """An act that is done before the hand has finished the gesture of another would be done with it."""
        first, second = self._gestures[early.name], self._gestures[late.name]
        if first.form == "press" and second.form in ("drag", "click"):
            return f"“{first.text}” begins “{early.text}” at once, so “{second.text}” can't be “{late.text}”"
        if first.form == "click" and second.form == "double" and early.name not in _PICKS:
            return f"the first click of “{second.text}” ({late.text}) would do “{early.text}” already"
        return ""

    def _conflict_of_held(self, one: MouseAct, other: MouseAct) -> str:
        """A modifier held for a tool can't be that of another gesture of the tool's button."""
        if one.kind == other.kind:
            same = self._gestures[one.name] == self._gestures[other.name]
            words = f"“{self._gestures[one.name].text}” would do two things: {one.text}, and {other.text}"
            return words if same else ""
        act, held = (other, one) if one.kind == "held" else (one, other)
        tool = _TOOLS.get(act.views)
        gesture, word = self._gestures[act.name], self._gestures[held.name].held
        if tool is None or gesture.form not in ("drag", "click", "double") or gesture.held != word:
            return ""
        if gesture.button != self._gestures[tool].button:
            return ""
        return f"“{gesture.text}” would do two things with “{_ACTS[tool].text}”: {held.text}, and {act.text}"

    def gesture(self, name: str) -> str:
        """The gesture of an act, as written."""
        return self._gestures[name].text

    def chosen(self) -> dict[str, str]:
        """What differs from the table as delivered."""
        return {act.name: self.gesture(act.name) for act in MOUSE_ACTS if self.gesture(act.name) != act.gesture}

    def changed_places(self, name: str, gesture: str) -> MouseBindings | None:
        """With a gesture for one act whose own goes to the act that has it now; None where that can't be."""
        wanted, had = gesture_of(gesture), self._gestures[name]
        for other in MOUSE_ACTS:
            theirs = self._gestures[other.name]
            if other.name == name or other.views != _ACTS[name].views or not _begin_alike(theirs, wanted):
                continue
            # The other act takes the gesture given up here, or the same hand in the form of its own.
            same_form = Gesture(theirs.form, had.button, had.held)
            given = next((text for text in (had.text, same_form.text) if text in other.offered()), None)
            if given is not None:
                with contextlib.suppress(ValueError):
                    return MouseBindings({**self.chosen(), name: gesture, other.name: given})
        return None

    # What an event means

    def of_wheel(self, modifiers: Qt.KeyboardModifier, views: Views = "slices") -> str:
        """Act of a turn of the wheel; empty for none. In 3D and on the projection an idle modifier changes nothing."""
        found = self._found(views, "wheel", "", modifiers)
        if not found and views != "slices":
            found = self._by_gesture.get((views, Gesture("wheel")), ())
        return found[0] if found else ""

    def of_press(
        self,
        button: Qt.MouseButton,
        modifiers: Qt.KeyboardModifier,
        views: Views = "slices",
        *,
        overlay_key: bool = False,
    ) -> tuple[str, ...]:
        """Acts that a press of a button may begin, in order; a modifier without a meaning changes nothing."""
        word = button_word(button)
        if not word:
            return ()
        with_key = self._by_gesture.get((views, Gesture("drag", word, OVERLAY_KEY)), ()) if overlay_key else ()
        return (
            with_key
            or self._found(views, "drag", word, modifiers)
            or self._by_gesture.get((views, Gesture("press", word)), ())
            or self._by_gesture.get((views, Gesture("drag", word)), ())
        )

    def of_click(
        self, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, views: Views = "slices", *, double: bool = False
    ) -> str:
        """Act of a click without a movement; empty for none. A modifier without a meaning changes nothing."""
        word = button_word(button)
        form: Form = "double" if double else "click"
        found = self._found(views, form, word, modifiers) or self._by_gesture.get((views, Gesture(form, word)), ())
        return found[0] if found and word else ""

    def of_move(self, modifiers: Qt.KeyboardModifier) -> str:
        """Act of moving the pointer without a button."""
        found = self._found("slices", "move", "", modifiers)
        return found[0] if found else ""

    def _found(self, views: Views, form: Form, button: str, modifiers: Qt.KeyboardModifier) -> tuple[str, ...]:
        held = held_word(modifiers)
        if not held and not is_plain(modifiers):
            return ()
        return self._by_gesture.get((views, Gesture(form, button, held)), ())

    def button(self, name: str) -> Qt.MouseButton:
        """The button of an act's gesture."""
        return BUTTONS[self._gestures[name].button]

    def held_word(self, name: str) -> str:
        """The modifier that does an act while it is held, such as ``"Ctrl"``."""
        return self._gestures[name].held

    def is_held(self, name: str, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether the modifier of an act is held."""
        return bool(modifiers & MODIFIERS[self.held_word(name)])


def _begin_alike(one: Gesture, other: Gesture) -> bool:
    """Whether a hand begins both alike: they are the same, or the press and the drag of one button."""
    press_and_drag = {one.form, other.form} == {"press", "drag"}
    return one == other or (press_and_drag and (one.button, one.held) == (other.button, other.held))


_held = [MouseBindings()]


def mouse_bindings() -> MouseBindings:
    """What holds in every image view of the program."""
    return _held[0]


def use_mouse_bindings(bindings: MouseBindings) -> None:
    """From now on these hold."""
    _held[0] = bindings
