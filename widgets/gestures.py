"""Gestures of the mouse that can be given to an act: how they are written, and which are offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import Qt

Form = Literal["wheel", "press", "drag", "click", "double", "move", "held"]
Kind = Literal["wheel", "press", "drag", "click", "move", "held"]

MODIFIERS: Final = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
    "Alt": Qt.KeyboardModifier.AltModifier,
}
BUTTONS: Final = {
    "left": Qt.MouseButton.LeftButton,
    "right": Qt.MouseButton.RightButton,
    "middle": Qt.MouseButton.MiddleButton,
}
OVERLAY_KEY: Final = "Space"
"""Stands for the key that shows and hides the overlay when tapped, whichever it is: held, it is part of a gesture."""


@dataclass(frozen=True)
class Gesture:
    """What a hand does.

    Parameters
    ----------
    form
        Turn of the wheel; press (with everything until the button is let go); drag; click without a movement, once or
        twice; movement without a button; modifier held during a stroke.
    button
        ``left``, ``right`` or ``middle``; empty for the wheel, a movement and a held modifier.
    held
        The modifier, or `OVERLAY_KEY`; empty for none.
    """

    form: Form
    button: str = ""
    held: str = ""

    @property
    def text(self) -> str:
        """As written in tables and preferences, such as ``"Ctrl + right drag"``."""
        if self.form == "held":
            return f"{self.held} held while editing"
        if self.form == "double":
            words = "double click" if self.button == "left" else f"{self.button} double click"
        else:
            words = {"press": self.button, "wheel": "wheel", "move": "move"}.get(
                self.form, f"{self.button} {self.form}"
            )
        return f"{self.held} + {words}" if self.held else words.capitalize()


def _with_buttons(form: Form, *held: str) -> tuple[Gesture, ...]:
    return tuple(Gesture(form, button, modifier) for modifier in ("", *held) for button in BUTTONS)


_OF_KIND: Final[dict[Kind, tuple[Gesture, ...]]] = {
    "wheel": tuple(Gesture("wheel", held=modifier) for modifier in ("", *MODIFIERS)),
    "press": _with_buttons("press"),
    "drag": _with_buttons("drag", *MODIFIERS, OVERLAY_KEY),
    "click": (*_with_buttons("click", *MODIFIERS), *_with_buttons("double", *MODIFIERS)),
    "move": tuple(Gesture("move", held=modifier) for modifier in ("Shift", "Ctrl", "Alt")),
    "held": tuple(Gesture("held", held=modifier) for modifier in ("Ctrl", "Alt", "Shift")),
}
GESTURES: Final[dict[Kind, tuple[str, ...]]] = {
    kind: tuple(gesture.text for gesture in gestures) for kind, gestures in _OF_KIND.items()
}
"""What an act of a kind can be given, as written."""
_BY_TEXT: Final = {gesture.text: gesture for gestures in _OF_KIND.values() for gesture in gestures}


def gesture_of(text: str) -> Gesture:
    """The gesture that a text names; raises KeyError for none."""
    return _BY_TEXT[text]


def held_word(modifiers: Qt.KeyboardModifier) -> str:
    """The one modifier held; empty for none and for several."""
    held = [name for name, modifier in MODIFIERS.items() if modifiers & modifier]
    return held[0] if len(held) == 1 else ""


def is_plain(modifiers: Qt.KeyboardModifier) -> bool:
    """Whether no modifier is held."""
    return not any(modifiers & modifier for modifier in MODIFIERS.values())


def button_word(button: Qt.MouseButton) -> str:
    """Name of a button; empty for others than left, right and middle."""
    return next((word for word, known in BUTTONS.items() if known == button), "")
