from __future__ import annotations

import time

from PySide6.QtGui import QCloseEvent
from pytestqt.qtbot import QtBot

from app.main import make_application
from app.main_window import MainWindow
from app.session import empty_case
from dosimetry_core.progress import Progress

SLOW_S = 0.3


def test_that_the_window_is_out_of_sight_while_a_slow_computation_ends(qtbot: QtBot) -> None:
    make_application()
    window = MainWindow(empty_case())
    qtbot.addWidget(window)
    window.show()
    in_sight: list[bool] = []

    def slow_to_notice(*, progress: Progress) -> None:
        time.sleep(SLOW_S)
        in_sight.append(window.isVisible())

    window.session.jobs.start(slow_to_notice)
    event = QCloseEvent()
    window.closeEvent(event)
    assert event.isAccepted()
    assert in_sight == [False]
