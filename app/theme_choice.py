"""Dark, light, or as the system: which look the program has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from widgets.theme import ThemeName, apply_theme

THEMES: Final = ("dark", "light", "system")
"""What can be chosen; images stay on dark neutral in all of them."""


def theme_in_use(chosen: str) -> ThemeName:
    """The look for what a user chose; dark where nothing sensible was chosen, or the system doesn't say."""
    if chosen == "system":
        bright = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
        return "light" if bright else "dark"
    return "light" if chosen == "light" else "dark"


def take_theme(chosen: str) -> None:
    """Give the running program the look that was chosen; windows that are open take it at once."""
    application = QApplication.instance()
    if isinstance(application, QApplication):
        apply_theme(application, theme_in_use(chosen))


def follow_system(chosen: Callable[[], str], owner: QObject) -> None:
    """While the look of the system is chosen, change with it; as long as the owner lives.

    Parameters
    ----------
    chosen
        What the user has chosen now.
    """
    hints = QGuiApplication.styleHints()

    def follow(_scheme: Qt.ColorScheme) -> None:
        if chosen() == "system":
            take_theme("system")

    hints.colorSchemeChanged.connect(follow)
    owner.destroyed.connect(lambda: hints.colorSchemeChanged.disconnect(follow))
