"""A window of Qt alone that paints another colour at each notch of the wheel: what a display and its events take."""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

_COLOURS = 6
_PANE = QPoint(100, 100), (850, 820)


class Bare(QWidget):
    """One colour over everything, and the next one at each notch."""

    def __init__(self) -> None:
        super().__init__()
        self._notches = 0

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 Qt override
        """Another colour."""
        self._notches += 1
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 Qt override
        """Fill the window."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor.fromHsv(360 * (self._notches % _COLOURS) // _COLOURS, 200, 160))
        painter.end()


def main() -> None:
    """Show the window and write where it is looked at, as the window of the program does."""
    application = QApplication(sys.argv[:1])
    window = Bare()
    screen = application.primaryScreen().geometry()
    window.setGeometry(screen)
    window.show()

    def tell() -> None:
        corner, size = _PANE
        place = window.mapToGlobal(corner)
        print(json.dumps([place.x(), place.y(), *size]), flush=True)

    QTimer.singleShot(500, tell)
    application.exec()


if __name__ == "__main__":
    main()
