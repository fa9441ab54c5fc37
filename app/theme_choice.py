"""Dark, light, or as the system: which look the program has."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from widgets.theme import ThemeName

THEMES: Final = ("dark", "light", "system")
"""What can be chosen; images stay on dark neutral in all of them."""


def theme_in_use(chosen: str) -> ThemeName:
    """The look for what a user chose; dark where nothing sensible was chosen, or the system doesn't say."""
    if chosen == "system":
        bright = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
        return "light" if bright else "dark"
    return "light" if chosen == "light" else "dark"
