"""What is done once, however often it was asked for, before the window is painted the next time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject

_DUE = QEvent.Type(QEvent.registerEventType())


class BeforePainting(QObject):
    """Does something in the next turn of the event loop, ahead of the painting that waits there.

    A timer of 0 ms would come behind that painting: what an event changed at once and what is shown anew because of it
    would be painted one after the other, most of it twice.
    """

    def __init__(self, act: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._act = act
        self._is_asked = False

    @property
    def is_asked(self) -> bool:
        """Whether it is still to be done."""
        return self._is_asked

    def ask(self) -> None:
        """Have it done soon; what is asked for while it is being done is done again."""
        if not self._is_asked:
            self._is_asked = True
            QCoreApplication.postEvent(self, QEvent(_DUE))

    def customEvent(self, event: QEvent) -> None:  # noqa: N802 Qt override
        """Its turn has come."""
        if event.type() == _DUE and self._is_asked:
            self._is_asked = False
            self._act()
