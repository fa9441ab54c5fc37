"""What is made for the window is never a window of its own, not for a moment: that would flash and take the keys."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.session import empty_case
from app.step_states import STEP_KEYS
from app.steps.voi_step import VoiStep
from widgets.discarding import discard


class Shown(QObject):
    """Names of the windows shown while it looks."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.names.append(watched.objectName() or type(watched).__name__)
        return False


def test_that_steps_and_layouts_open_in_the_one_window(qtbot: QtBot, case_folder: Path) -> None:
    shown = Shown()
    application = QApplication.instance()
    assert application is not None
    application.installEventFilter(shown)
    window = MainWindow(empty_case())
    qtbot.addWidget(window)
    window.resize(QSize(1600, 960))
    window.show()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    for key in STEP_KEYS:
        window.go_to(key)
        wait_until_idle(window)
    window.go_to("voi")
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    for layout in ("one", "scans", "rows", "four-up"):
        step.show_layout(layout)
        wait_until_idle(window)
    window.toggle_history()
    wait_until_idle(window)
    application.removeEventFilter(shown)
    assert shown.names == ["main_window"]


def test_that_what_is_discarded_right_after_it_was_laid_out_is_not_shown(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    row = QVBoxLayout(page)
    page.show()
    QApplication.processEvents()
    shown = Shown()
    application = QApplication.instance()
    assert application is not None
    application.installEventFilter(shown)
    label = QLabel("soon gone")
    row.addWidget(label)
    discard(label)
    QApplication.processEvents()
    application.removeEventFilter(shown)
    assert shown.names == []
    assert row.count() == 0
