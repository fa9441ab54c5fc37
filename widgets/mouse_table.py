"""What the mouse does in the image views, in one table; which gesture does it can be chosen by the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import Qt

Kind = Literal["wheel", "drag", "move", "held", "fixed"]
Views = Literal["slices", "volume", "mip"]

_MODIFIERS: Final = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
    "Alt": Qt.KeyboardModifier.AltModifier,
}
_BUTTONS: Final = {"right drag": Qt.MouseButton.RightButton, "middle drag": Qt.MouseButton.MiddleButton}


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
        Which other gestures it can be given: those of the same kind; ``fixed`` can't be changed.
    views
        The slices, the 3D view or the projection.
    """

    name: str
    text: str
    gesture: str
    kind: Kind
    views: Views = "slices"


MOUSE_ACTS: Final[tuple[MouseAct, ...]] = (
    MouseAct("slice", "slice", "Wheel", "wheel"),
    MouseAct("zoom", "zoom at the pointer", "Ctrl + wheel", "wheel"),
    MouseAct("size", "brush size with a brush, else previous or next time point", "Shift + wheel", "wheel"),
    MouseAct("tool", "active tool; with none, move the linked cursor", "Left", "fixed"),
    MouseAct("window", "window and level of the layer named in the corner", "Right drag", "drag"),
    MouseAct("menu", "menu", "Right click, not moved", "fixed"),
    MouseAct("pan", "pan", "Middle drag", "drag"),
    MouseAct("pan_space", "pan", "Space + left drag", "fixed"),
    MouseAct("zoom_drag", "zoom", "Ctrl + right drag", "drag"),
    MouseAct("maximise", "maximise or restore the view; with a tool, close the outline", "Double click", "fixed"),
    MouseAct("follow", "linked cursor follows", "Shift + move", "move"),
    MouseAct("invert", "invert the tool", "Ctrl held while editing", "held"),
    MouseAct("anywhere", "ignore the range of values and edges", "Alt held while editing", "held"),
    MouseAct("volume_turn", "turn; with a tool, beside the VOI", "Left drag", "fixed", "volume"),
    MouseAct("volume_pick", "move the linked cursor to the surface or the hottest place", "Click", "fixed", "volume"),
    MouseAct("volume_pan", "pan", "Middle drag, Shift + left drag", "fixed", "volume"),
    MouseAct("volume_zoom", "zoom", "Wheel, right drag", "fixed", "volume"),
    MouseAct("volume_turn_always", "turn, whatever the tool", "Ctrl + right drag", "fixed", "volume"),
    MouseAct("volume_size", "brush size with a brush", "Shift + wheel", "fixed", "volume"),
    MouseAct("volume_tool", "active tool on the active VOI", "Left drag", "fixed", "volume"),
    MouseAct("volume_clip", "move a clip plane, with clip planes shown", "Left drag of a handle", "fixed", "volume"),
    MouseAct("volume_maximise", "maximise or restore the view", "Double click", "fixed", "volume"),
    MouseAct("mip_turn", "turn round the patient", "Wheel, left drag", "fixed", "mip"),
    MouseAct("mip_pick", "move the linked cursor to the hottest place", "Click", "fixed", "mip"),
    MouseAct("mip_scale", "upper limit of the SPECT", "Right drag", "fixed", "mip"),
    MouseAct("mip_maximise", "maximise or restore the view", "Double click", "fixed", "mip"),
)
"""Order of the tables in the program and in the user guide."""

GESTURES: Final[dict[Kind, tuple[str, ...]]] = {
    "wheel": ("Wheel", "Ctrl + wheel", "Shift + wheel", "Alt + wheel"),
    "drag": (
        "Right drag",
        "Middle drag",
        "Ctrl + right drag",
        "Shift + right drag",
        "Alt + right drag",
        "Ctrl + middle drag",
        "Shift + middle drag",
    ),
    "move": ("Shift + move", "Ctrl + move", "Alt + move"),
    "held": ("Ctrl held while editing", "Alt held while editing", "Shift held while editing"),
    "fixed": (),
}


class MouseBindings:
    """Which gesture does what, as the user chose; what is not chosen stays as delivered.

    Raises
    ------
    ValueError
        If an act or gesture is unknown or not to be chosen, or two acts have the same gesture.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        acts = {act.name: act for act in MOUSE_ACTS}
        self._gestures = {act.name: act.gesture for act in MOUSE_ACTS}
        for name, gesture in (chosen or {}).items():
            if name not in acts or gesture not in GESTURES[acts[name].kind]:
                raise ValueError(f"the mouse can't be told to do {name!r} by {gesture!r}")
            self._gestures[name] = gesture
        taken: dict[str, str] = {}
        for act in MOUSE_ACTS:
            if act.kind == "fixed":
                continue
            gesture = self._gestures[act.name]
            if gesture in taken:
                raise ValueError(f"{gesture!r} would do two things: {acts[taken[gesture]].text}, and {act.text}")
            taken[gesture] = act.name
        self._by_gesture = taken

    def gesture(self, name: str) -> str:
        """The gesture of an act."""
        return self._gestures[name]

    def chosen(self) -> dict[str, str]:
        """What differs from the table as delivered."""
        return {act.name: self._gestures[act.name] for act in MOUSE_ACTS if self._gestures[act.name] != act.gesture}

    def of_wheel(self, modifiers: Qt.KeyboardModifier) -> str:
        """Act of a turn of the wheel; empty for none."""
        return self._by_gesture.get(_with_modifiers("wheel", modifiers), "")

    def of_drag(self, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> str:
        """Act of a drag with the right or the middle button; a modifier without a meaning changes nothing."""
        word = next((word for word, held in _BUTTONS.items() if held == button), "")
        if not word:
            return ""
        return self._by_gesture.get(_with_modifiers(word, modifiers), "") or self._by_gesture.get(word.capitalize(), "")

    def of_move(self, modifiers: Qt.KeyboardModifier) -> str:
        """Act of moving the pointer without a button."""
        return self._by_gesture.get(_with_modifiers("move", modifiers), "")

    def held_word(self, name: str) -> str:
        """The modifier that does an act while it is held, such as ``"Ctrl"``."""
        return self._gestures[name].partition(" ")[0]

    def is_held(self, name: str, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether the modifier of an act is held."""
        return bool(modifiers & _MODIFIERS[self.held_word(name)])

    def is_taken(self, word: str) -> bool:
        """Whether a modifier does something while it is held."""
        return f"{word} held while editing" in self._by_gesture


def _with_modifiers(word: str, modifiers: Qt.KeyboardModifier) -> str:
    held = [name for name, modifier in _MODIFIERS.items() if modifiers & modifier]
    return f"{held[0]} + {word}" if len(held) == 1 else word.capitalize() if not held else ""


_held = [MouseBindings()]


def mouse_bindings() -> MouseBindings:
    """What holds in every image view of the program."""
    return _held[0]


def use_mouse_bindings(bindings: MouseBindings) -> None:
    """From now on these hold."""
    _held[0] = bindings
