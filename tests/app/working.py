"""Says in a window who is working, as a user does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow


def say_who_works(window: MainWindow, name: str, role: str = "physicist") -> None:
    assert window.keeping is not None
    panel = window.keeping.panel
    panel.ask()
    # Keys of the test library are ASCII only.
    panel.name.setText(name)
    panel.role.setCurrentIndex(panel.role.findText(role))
    QTest.mouseClick(panel.ok, Qt.MouseButton.LeftButton)
    assert window.keeping.courses.person is not None
