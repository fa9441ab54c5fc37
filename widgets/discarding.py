"""Takes widgets out of a window for good."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def discard(widget: QWidget) -> None:
    """Hide a widget and let go of it.

    Hidden first: a layout shows what was added to it in the next turn of the event loop, and what has no parent by then
    would be a window of its own for a moment, which takes the keys from the one in use.
    """
    widget.hide()
    widget.setParent(None)
    widget.deleteLater()
