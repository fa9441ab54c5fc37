"""A process of its own that says when its window has been painted, and ends: ``lutetia`` or an ``empty`` window."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow


class _Watch(QObject):
    """Hears of the first painting of a main window, then of the end of that painting."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """The first paint event of the main window."""
        if not self._seen and event.type() == QEvent.Type.Paint and isinstance(watched, QMainWindow):
            self._seen = True
            QTimer.singleShot(0, self._tell)
        return False

    def _tell(self) -> None:
        print("painted", time.process_time(), flush=True)
        QApplication.closeAllWindows()
        QApplication.quit()


def main(which: str, data_folder: Path) -> int:
    """Show the window and return when it has been painted."""
    if which == "empty":
        application = QApplication(["empty"])
        watch = _Watch()
        application.installEventFilter(watch)
        window = QMainWindow()
        window.resize(1600, 960)
        window.show()
        return application.exec()
    from app.main import make_application, run_window

    application = make_application()
    watch = _Watch()
    application.installEventFilter(watch)
    return run_window(None, data_folder=data_folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
