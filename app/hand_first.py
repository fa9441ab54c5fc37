"""The hand goes first: while the window answers the mouse, a key or a pen, computations wait at their next look.

Python lets one thread work at a time. A painting that shares it with a computation takes twice as long and more, which
is seen as a brush that lags; a computation that rests for the few milliseconds of a painting is not seen.
"""

from __future__ import annotations

import threading
import time

from PySide6.QtCore import QCoreApplication, QEvent, QObject

LONGEST_S = 0.05
"""A computation goes on after this long even if the window has not come to an end, so that it can't be starved."""
_TYPES = QEvent.Type
_FROM_THE_HAND = frozenset(
    {
        _TYPES.MouseButtonPress,
        _TYPES.MouseButtonRelease,
        _TYPES.MouseMove,
        _TYPES.MouseButtonDblClick,
        _TYPES.Wheel,
        _TYPES.KeyPress,
        _TYPES.TabletPress,
        _TYPES.TabletMove,
        _TYPES.TabletRelease,
    }
)
_ANSWERED = QEvent.Type(QEvent.registerEventType())
_AFTER_PAINTING = -100
"""Qt paints at the priority −1 of posted events; what is posted with this one comes when all was painted."""


class HandFirst(QObject):
    """Knows whether the window is answering the hand; computations ask by `give_way`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._free = threading.Event()
        self._free.set()
        self._taken_s = time.monotonic()

    def watch(self, window: QObject) -> None:
        """Look at the events that a window (`QWindow`) gets from the window system."""
        window.installEventFilter(self)

    def take(self) -> None:
        """From now on until everything is painted the window comes first."""
        self._taken_s = time.monotonic()
        if self._free.is_set():
            self._free.clear()
            # It arrives behind the painting that follows.
            QCoreApplication.postEvent(self, QEvent(_ANSWERED), _AFTER_PAINTING)

    def let_go(self) -> None:
        """Nothing is answered any more: the window closes."""
        self._free.set()

    @property
    def is_answering(self) -> bool:
        """Whether an event of the hand came and what it changed is not painted yet."""
        return not self._free.is_set()

    @property
    def rests_s(self) -> float:
        """Seconds since the window began to answer for the last time, or since there was nothing yet."""
        return time.monotonic() - self._taken_s

    def give_way(self) -> None:
        """Called by computations on their threads: wait while the window is answering, at most `LONGEST_S`."""
        self._free.wait(LONGEST_S)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """An event of the hand is answered first."""
        if event.type() in _FROM_THE_HAND:
            self.take()
        return False

    def customEvent(self, event: QEvent) -> None:  # noqa: N802 Qt override
        """Everything was painted."""
        if event.type() == _ANSWERED:
            self._free.set()
