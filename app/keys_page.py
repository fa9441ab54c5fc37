"""Keys and gestures as they are set, as a page of the documentation."""

from __future__ import annotations

from app.key_bindings import KeyBindings
from app.key_table import KEY_ACTS

TITLE = "Keys and mouse, as set"
_HEADING = "| {} | does |\n|---|---|\n"


def keys_page(bindings: KeyBindings) -> str:
    """Markdown with every act that has a key, by menu, and every gesture of the mouse."""
    parts = [
        f"# {TITLE}\n\nChange them in *Keys and mouse…* (menu Help). The tables of the user guide are as delivered."
    ]
    for menu in dict.fromkeys(act.menu for act in KEY_ACTS):
        lines = [(bindings.text_of(act), act.text) for act in KEY_ACTS if act.menu == menu and bindings.keys_of(act)]
        parts.append(f"## Menu {menu}\n\n" + _table("key", lines))
    parts.append("## Keys in the 3D view and on the projection\n\n" + _table("key", bindings.view_key_lines()))
    parts.append("## Mouse\n\n" + _table("gesture", bindings.gesture_lines()))
    return "\n\n".join(parts)


def _table(first: str, lines: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> str:
    return _HEADING.format(first) + "\n".join(f"| {key} | {text} |" for key, text in lines)
