"""Which keys and gestures do what: as delivered, with what the user chose instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from app.key_table import KEY_ACTS, KeyAct
from widgets.gestures import BUTTONS, OVERLAY_KEY
from widgets.mouse_table import MOUSE_ACTS, VIEW_WORDS, MouseBindings, use_mouse_bindings
from widgets.view_keys import use_view_keys

RESERVED: Final[dict[str, str]] = {f"Alt+{number}": f"go to step {number}" for number in range(1, 9)} | {
    "Ctrl+V": "paste",
    "Ctrl+X": "cut out what is marked",
    "Ctrl+A": "mark everything",
    "Ctrl+F": "back to the search of the patient list",
}
"""Keys that fields, lists and the rail of steps have themselves."""
_ALIKE: Final = {"Enter": "Return"}


@dataclass(frozen=True)
class KeyBindings:
    """What the user chose; acts and gestures that are not named are as delivered.

    Parameters
    ----------
    keys
        Name of an act of the key table → its keys in Qt's portable notation; none: the act has no key.
    mouse
        Name of an act of the mouse table → its gesture.
    """

    keys: Mapping[str, tuple[str, ...]]
    mouse: Mapping[str, str]

    def keys_of(self, act: KeyAct) -> tuple[str, ...]:
        """Keys of an act, the first is shown."""
        return self.keys.get(act.name, act.keys)

    def text_of(self, act: KeyAct) -> str:
        """Keys of an act as the system writes them; empty for none."""
        native = QKeySequence.SequenceFormat.NativeText
        return " or ".join(QKeySequence(key).toString(native) for key in self.keys_of(act)[:2])

    def text_by_name(self) -> dict[str, str]:
        """Keys of every act, by its name."""
        return {act.name: self.text_of(act) for act in KEY_ACTS}

    def overlay_key(self) -> str:
        """The key that is held as a part of gestures, as the system writes it."""
        return self.text_by_name()["overlay"].partition(" or ")[0] or "(no key)"

    def sheet_gesture_lines(self) -> tuple[tuple[str, str], ...]:
        """As `gesture_lines` with each gesture once, and one that is named as a key is named as a button."""
        acts: dict[str, list[str]] = {}
        for gesture, text in self.gesture_lines():
            acts.setdefault(f"{gesture} button" if gesture.lower() in BUTTONS else gesture, []).append(text)
        return tuple((gesture, "\n".join(texts)) for gesture, texts in acts.items())

    def gesture_lines(self) -> tuple[tuple[str, str], ...]:
        """Every gesture of the mouse and what it does, in the order of the table."""
        mouse = MouseBindings(self.mouse)
        key = self.overlay_key()
        return tuple(
            (VIEW_WORDS[act.views] + mouse.gesture(act.name).replace(OVERLAY_KEY, key, 1), act.text)
            for act in MOUSE_ACTS
        )

    def view_key_lines(self) -> tuple[tuple[str, str], ...]:
        """What the keys of slices do in the 3D view and on the projection."""
        keys = self.text_by_name()

        def listed(*names: str) -> str:
            return ", ".join(keys[name] for name in names if keys[name])

        turn = listed("previous_time_point", "next_time_point", "previous_slice", "next_slice")
        zoom = listed("slices_back", "slices_on")
        round_mip = listed("previous_slice", "next_slice", "slices_back", "slices_on")
        sides = listed("first_slice", "last_slice")
        return (
            (f"3D: {turn}", "turn"),
            (f"3D: {zoom}", "zoom"),
            (f"MIP: {round_mip}", "turn"),
            (f"MIP: {sides}", "from the front, from the back"),
        )

    def taken_by(self, key: str, besides: str = "") -> KeyAct | str | None:
        """Who has a key: another act, words for what is fixed, or None."""
        if portable(key) in {portable(reserved) for reserved in RESERVED}:
            return next(words for reserved, words in RESERVED.items() if portable(reserved) == portable(key))
        for act in KEY_ACTS:
            if act.name != besides and portable(key) in {portable(known) for known in self.keys_of(act)}:
                return act
        return None

    def with_keys(self, name: str, keys: tuple[str, ...]) -> KeyBindings:
        """The same with other keys of one act; the delivered ones are not kept as a choice."""
        delivered = next(act.keys for act in KEY_ACTS if act.name == name)
        chosen = {known: given for known, given in self.keys.items() if known != name}
        return KeyBindings(chosen if keys == delivered else {**chosen, name: keys}, self.mouse)

    def with_gesture(self, name: str, gesture: str) -> KeyBindings:
        """The same with another gesture of one act of the mouse; raises ValueError where two acts would have it."""
        return KeyBindings(self.keys, MouseBindings({**self.mouse, name: gesture}).chosen())

    def as_preferences(self) -> tuple[dict[str, list[str]], dict[str, str]]:
        """Keys and gestures as kept in the preferences."""
        return {name: list(keys) for name, keys in self.keys.items()}, dict(self.mouse)

    def use(self) -> None:
        """From now on the image views go by it."""
        mine = {act.name: self.keys_of(act) for act in KEY_ACTS if act.reach == "view"}
        use_view_keys(mine)
        use_mouse_bindings(MouseBindings(self.mouse))


AS_DELIVERED: Final = KeyBindings({}, {})


def portable(key: str) -> str:
    """One way to write a key; the two Enter keys count as one."""
    text = QKeySequence(key).toString()
    head, plus, last = text.rpartition("+")
    return f"{head}{plus}{_ALIKE.get(last, last)}" if last else text


def is_key(key: object) -> bool:
    """Whether something is one key with modifiers, or none at all, in Qt's notation."""
    if not isinstance(key, str):
        return False
    sequence: Any = QKeySequence(key)
    return sequence.count() == 1 and sequence[0].key() not in (Qt.Key.Key_unknown, 0)


def bindings_of(keys: Any, mouse: Any) -> tuple[KeyBindings, tuple[str, ...]]:
    """Bindings as kept in the preferences, and in words what of them can't be used and is as delivered again.

    Unknown acts, what is no key, and a key or gesture that would do two things are left out, so that no act of the
    table is lost because a file was edited by hand.
    """
    problems: list[str] = []
    found = AS_DELIVERED
    acts = {act.name: act for act in KEY_ACTS}
    for name, given in keys.items() if isinstance(keys, dict) else ():
        if name not in acts or not isinstance(given, list) or not all(is_key(key) for key in given):
            problems.append(f"keys of {name!r}")
            continue
        found = found.with_keys(name, tuple(given))
    # Only with all of them together it is known which keys would do two things.
    for name in list(found.keys):
        if any(found.taken_by(key, name) is not None for key in found.keys[name]):
            problems.append(f"keys of {acts[name].text!r}")
            found = found.with_keys(name, acts[name].keys)
    known = {act.name: act for act in MOUSE_ACTS}
    gestures = {
        name: gesture
        for name, gesture in (mouse.items() if isinstance(mouse, dict) else ())
        if name in known and gesture in known[name].offered()
    }
    problems += [
        f"mouse gesture of {name!r}" for name in (mouse if isinstance(mouse, dict) else ()) if name not in gestures
    ]
    try:
        found = KeyBindings(found.keys, MouseBindings(gestures).chosen())
    except ValueError as error:
        problems.append(str(error))
    return found, tuple(problems)
