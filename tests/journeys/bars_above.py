"""What can stand above all screens at once: a notice, and the question who is working."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.courses.working_panel import WorkingPanel
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from widgets.notice_bar import Notice


@contextmanager
def both_bars(window: MainWindow) -> Iterator[None]:
    """As after a power cut: a course was recovered, and nobody has said yet who is working."""
    panel = WorkingPanel()
    window.frame.add_working_panel(panel, panel.note)
    panel.ask()
    window.notices.put(Notice("recovered", "warning", "Recovered: this course was open when the program ended."))
    try:
        yield
    finally:
        window.notices.take("recovered")
        for part in (panel, panel.note):
            part.hide()
            part.setParent(None)
            part.deleteLater()
        wait_until_idle(window)
