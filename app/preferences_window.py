"""Preferences of this workstation and user: the archive's nodes, the look, keys and mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QPushButton, QTabWidget, QVBoxLayout, QWidget

from app.jobs import Jobs
from app.network.node_section import NodeSection
from app.operations.store_sections import FittedPage
from app.steps.step import Section, combo_box, push_button, text_label
from app.theme_choice import THEMES

ARCHIVE, LOOK = "Archive nodes", "Look and keys"
_LOOKS: Final = {"dark": "Dark", "light": "Light", "system": "As the system"}
_SIZE: Final = (980, 640)


class PreferencesWindow(QDialog):
    """Not modal. The look holds at once; a node is kept when it is saved.

    Parameters
    ----------
    folder
        The data folder, where the nodes are kept.
    theme
        The look that is chosen now.
    """

    theme_chosen = Signal(str)
    keys_wanted = Signal()
    """Keys and mouse gestures are to be changed."""

    def __init__(self, folder: Path, jobs: Jobs, *, theme: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preferences_window")
        self.setWindowTitle("Preferences")
        self.resize(*_SIZE)
        self.nodes = NodeSection(folder, jobs)
        self.pages = QTabWidget()
        self.pages.setObjectName("preferences_pages")
        self.pages.setAccessibleName("Pages of the preferences")
        self.pages.addTab(_page(self.nodes), ARCHIVE)
        self.pages.addTab(_page(self._look_section(theme), self._keys_section()), LOOK)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.pages)
        for button in self.findChildren(QPushButton):
            # Return in a field of a node is not to press whichever button comes first.
            button.setAutoDefault(False)

    def show_page(self, title: str) -> None:
        """Put a page in front."""
        titles = [self.pages.tabText(number) for number in range(self.pages.count())]
        self.pages.setCurrentIndex(titles.index(title))

    def _look_section(self, theme: str) -> Section:
        section = Section("Look", name="preferences_look")
        self.look = combo_box("preferences_theme", [_LOOKS[name] for name in THEMES])
        self.look.setAccessibleName("Look of the program")
        self.look.setCurrentIndex(THEMES.index(theme) if theme in THEMES else 0)
        self.look.activated.connect(lambda index: self.theme_chosen.emit(THEMES[index]))
        section.add_row(text_label("Look", role="dimmed"), self.look)
        section.add(text_label("Images stay on dark in every look.", role="dimmed", wrap=True))
        return section

    def _keys_section(self) -> Section:
        section = Section("Keys and mouse", name="preferences_keys")
        keys = push_button("Change keys and mouse…", name="preferences_change_keys")
        keys.clicked.connect(self.keys_wanted)
        section.add_row(keys)
        return section


def _page(*sections: Section) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setSpacing(10)
    for section in sections:
        column.addWidget(section)
    column.addStretch(1)
    return FittedPage(page, column)
