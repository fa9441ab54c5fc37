"""Says in a window who is working, and confirms what waits for it, as a user does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.registration_acts import RegistrationActs
from app.registration_holds import waiting_scans
from app.screenshots import wait_until_idle


def say_who_works(window: MainWindow, name: str, role: str = "physicist") -> None:
    assert window.keeping is not None
    panel = window.keeping.panel
    panel.ask()
    # Keys of the test library are ASCII only.
    panel.name.setText(name)
    panel.role.setCurrentIndex(panel.role.findText(role))
    QTest.mouseClick(panel.ok, Qt.MouseButton.LeftButton)
    assert window.keeping.courses.person is not None


def confirm_registrations(window: MainWindow) -> None:
    """Confirm every scan that waits for it, with a note."""
    view_state = window.session.view_state
    shown = view_state.cycle, view_state.time_point
    for scan in waiting_scans(window.session.document.case):
        view_state.set_cycle(scan.cycle)
        view_state.set_time_point(scan.time_point)
        RegistrationActs(window.session).confirm("kidneys and spine looked at in three planes")
    view_state.set_cycle(shown[0])
    view_state.set_time_point(shown[1])
    wait_until_idle(window)
