"""Steps through the real window and grabs every screen: what a user sees, without a display."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEventLoop, QSize, QTimer

from app.main import make_application
from app.main_window import MainWindow
from app.reviews import STEP_KEYS
from app.session import empty_case
from dosimetry_core.case import Case
from dosimetry_core.errors import DosimetryError
from dosimetry_core.units import MILLISECONDS_PER_SECOND

SIZE = QSize(1920, 1080)
LONGEST_WAIT_S = 900.0
LAYOUT_TURNS = 10
"""A new size hint goes up one level of nested layouts with each turn of the event loop."""
SETTLING_MS = 30
"""Signals of finished jobs refresh the window on the next turns of the event loop."""


def grab_all(case: Case, folder: Path, *, size: QSize = SIZE) -> list[Path]:
    """A picture of each of the eight steps as PNG, named ``1-course.png`` to ``8-report.png``.

    Raises
    ------
    DosimetryError
        What prevented the case from being read or computed, or a picture that can't be written.
    """
    make_application()
    window = MainWindow(empty_case())
    window.resize(size)
    window.show()
    problems: list[BaseException] = []
    window.opening.failed.connect(problems.append)
    window.session.recomputation.failed.connect(problems.append)
    try:
        window.opening.open_case(case)
        wait_until_idle(window, second_opinion=True)
        if problems:
            raise problems[0]
        return [_grab(window, number, folder) for number in range(len(STEP_KEYS))]
    finally:
        window.close()
        window.deleteLater()


def _grab(window: MainWindow, number: int, folder: Path) -> Path:
    key = STEP_KEYS[number]
    window.go_to(key)
    wait_until_idle(window)
    path = folder / f"{number + 1}-{key}.png"
    folder.mkdir(parents=True, exist_ok=True)
    if not window.grab().save(str(path)):
        raise DosimetryError("can't be written", where=path.name, remedy="check the folder and the disk")
    return path


def wait_until_idle(window: MainWindow, *, longest_s: float = LONGEST_WAIT_S, second_opinion: bool = False) -> None:
    """Let the window work until no computation is under way and its signals have settled.

    Parameters
    ----------
    second_opinion
        Whether to wait also for the second opinion, which is heard only on results that rest.

    Raises
    ------
    DosimetryError
        If it takes too long.
    """
    waited: list[bool] = []
    limit = QTimer()
    limit.setSingleShot(True)
    limit.timeout.connect(lambda: waited.append(True))
    limit.start(int(longest_s * MILLISECONDS_PER_SECOND))
    quiet = 0
    while quiet < 2:
        _run_events(SETTLING_MS)
        session = window.session
        busy = bool(session.jobs.running) or session.recomputation.is_busy
        busy = busy or session.recomputation.is_completing
        busy = busy or (second_opinion and session.second_opinion.is_waiting)
        quiet = 0 if busy else quiet + 1
        if waited:
            running = ", ".join(job.title for job in window.session.jobs.running)
            raise DosimetryError(f"still busy after {longest_s:.0f} s ({running})", where="window")
    for _ in range(LAYOUT_TURNS):
        _run_events(0)


def _run_events(milliseconds: int) -> None:
    """Let the event loop run; with 0 until what is pending now has been handled."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
