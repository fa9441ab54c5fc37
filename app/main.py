"""Starts the window: quickly, with the heavy libraries loaded after the first paint."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

import platformdirs
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from app.preferences import read_preferences, save_preferences
from app.problems import install_exception_hook
from dosimetry_core.case import Case, Course, Patient
from dosimetry_core.errors import MissingDataError
from dosimetry_core.progress import Progress
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION
from widgets.theme import apply_theme

FIRST_PAINT_MS = 30
"""Opening a case and loading libraries wait until the window has been drawn once."""
_SCREENLESS_PLATFORMS = ("offscreen", "minimal", "vnc")


def empty_case() -> Case:
    """What is shown before a case is opened."""
    return Case(Patient("", "", "F", "UTC"), Course(""), ())


def require_screen() -> None:
    """Say in one line what is missing where Qt would abort.

    Raises
    ------
    MissingDataError
        On Linux without a display and without another Qt platform.
    """
    chosen = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if not sys.platform.startswith("linux") or chosen in _SCREENLESS_PLATFORMS:
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise MissingDataError(
            "there is no display",
            where="window",
            remedy="set DISPLAY, or use lutetia compute, plan and screenshots, which need none",
        )


def make_application() -> QApplication:
    """The Qt application with the look of the program."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([SOFTWARE_NAME])
    application.setApplicationName(SOFTWARE_NAME)
    application.setApplicationVersion(SOFTWARE_VERSION)
    apply_theme(application)
    return application


def load_libraries(*, progress: Progress) -> None:
    """Import what the computations need, beside the first look at the window."""
    import SimpleITK  # noqa: F401

    progress(0.5, "Loading")
    from dosimetry_core import pipeline  # noqa: F401


def run_window(path: Path | None) -> int:
    """Open the window, on a case if one is given; returns when it is closed."""
    require_screen()
    logging.basicConfig(level=logging.WARNING)
    application = make_application()
    preferences = read_preferences()
    reports = platformdirs.user_state_path(SOFTWARE_NAME.lower(), appauthor=False) / "reports"
    window = MainWindow(empty_case(), preferences=preferences, reports_folder=reports)
    restore = install_exception_hook(window.show_problem)
    window.show()

    def begin() -> None:
        if path is not None:
            window.opening.open_path(path)
        else:
            window.session.jobs.start(load_libraries, purpose="load", title="Loading")

    QTimer.singleShot(FIRST_PAINT_MS, begin)
    try:
        status = application.exec()
    finally:
        restore()
    view_state = window.session.view_state
    case = window.session.document.case
    save_preferences(
        replace(
            window.session.preferences,
            brush_radius_mm=view_state.brush_radius_mm,
            fusion_share=view_state.fusion_share,
            last_folder=case.folder if case.cycles else preferences.last_folder,
        )
    )
    return status
