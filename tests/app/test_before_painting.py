from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.before_painting import BeforePainting

pytestmark = pytest.mark.usefixtures("qapp")


class Painted(QWidget):
    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self._log = log

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 Qt override
        self._log.append("painted")


def test_that_it_comes_before_the_painting_that_waits_and_is_painted_with_it(qtbot: QtBot) -> None:
    log: list[str] = []
    widget = Painted(log)
    qtbot.addWidget(widget)
    widget.show()
    QApplication.processEvents()
    log.clear()

    def act() -> None:
        log.append("done")
        widget.update()

    soon = BeforePainting(act, widget)
    widget.update()
    soon.ask()
    QApplication.processEvents()
    assert log == ["done", "painted"]


def test_that_it_is_done_once_however_often_it_is_asked_for() -> None:
    log: list[str] = []
    parent = QObject()
    soon = BeforePainting(lambda: log.append("done"), parent)
    assert not soon.is_asked
    for _ in range(3):
        soon.ask()
    assert soon.is_asked
    assert log == []
    QApplication.processEvents()
    assert log == ["done"]
    assert not soon.is_asked


def test_that_what_is_asked_for_meanwhile_is_done_again(qtbot: QtBot) -> None:
    log: list[str] = []
    parent = QObject()

    def act() -> None:
        log.append("done")
        if len(log) == 1:
            soon.ask()

    soon = BeforePainting(act, parent)
    soon.ask()
    qtbot.waitUntil(lambda: len(log) == 2, timeout=3000)
    QApplication.processEvents()
    assert log == ["done", "done"]
    assert not soon.is_asked
