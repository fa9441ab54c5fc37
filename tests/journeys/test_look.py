"""Dark and light, chosen while the program runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from app.preferences_window import PreferencesWindow
from app.theme_choice import THEMES, follow_system, take_theme
from widgets.theme import SHADES, shades

ROOT = Path(__file__).parents[2]


def test_that_a_look_chosen_at_once_is_to_the_pixel_that_of_a_start_with_it(case_folder: Path) -> None:
    script = "from tests.journeys.walk_looks import walk; import sys; sys.exit(walk(*sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(case_folder)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_that_open_preferences_follow_a_look_chosen_in_the_menu(window: MainWindow) -> None:
    before = window.session.preferences.theme
    actions = window.actions_table.actions
    actions["preferences"].trigger()
    (shown,) = window.findChildren(PreferencesWindow)
    try:
        for look in ("light", "system", "dark"):
            actions[f"theme_{look}"].trigger()
            assert shown.look.currentIndex() == THEMES.index(look)
    finally:
        window.acts.choose_theme(before)
        shown.close()


def test_that_the_look_follows_the_system_only_where_that_was_chosen(qapp: QApplication) -> None:
    hints = QGuiApplication.styleHints()
    chosen, owner = ["dark"], QObject()
    follow_system(lambda: chosen[0], owner)
    try:
        take_theme("light")
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
        assert shades() is SHADES["light"], "a look of its own was chosen"
        chosen[0] = "system"
        bright = hints.colorScheme() == Qt.ColorScheme.Light
        hints.colorSchemeChanged.emit(hints.colorScheme())
        assert shades() is SHADES["light" if bright else "dark"]
    finally:
        owner.deleteLater()
        take_theme("dark")
