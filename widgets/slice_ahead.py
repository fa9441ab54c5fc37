"""While slices are scrolled through, the next one in the same direction is made when the last one is on the screen.

Its values, its colours and its outlines: what remains for its turn is painting. A slice that comes from elsewhere, or
sooner, is made while it is painted, as any other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from PySide6.QtCore import QCoreApplication, QEvent, QObject

_PAINTED = QEvent.Type(QEvent.registerEventType())
_AFTER_PAINTING = -100
"""Qt paints at the priority −1 of posted events; what is posted with this one comes when all views were painted."""


class SliceAhead(QObject):
    """Has the next slice of one view made; all views share a thread.

    Parameters
    ----------
    work_for
        Gives the work to do for a slice. It is called on the thread of the window; the work, on the other one, must
        touch no widget.
    """

    def __init__(self, work_for: Callable[[int], Callable[[], None]], parent: QObject) -> None:
        super().__init__(parent)
        self._work_for = work_for
        self._last: int | None = None
        self._next: int | None = None
        self._job: Future[None] | None = None

    def forget(self) -> None:
        """Other slices are shown from now on: neither the direction nor the next number holds for them."""
        self._last = self._next = None

    def painted(self, slice_index: int, slice_count: int) -> None:
        """A slice was painted, of so many."""
        step = 0 if self._last is None else slice_index - self._last
        self._last = slice_index
        if step and 0 <= slice_index + step < slice_count:
            self._next = slice_index + step
            QCoreApplication.postEvent(self, QEvent(_PAINTED), _AFTER_PAINTING)

    def customEvent(self, event: QEvent) -> None:
        """All views were painted."""
        if event.type() == _PAINTED and self._next is not None:
            if self._job is not None:
                # What has not begun is too late.
                self._job.cancel()
            # An error is met again, and then shown, when the slice is painted.
            self._job = _thread().submit(self._work_for(self._next))
            self._next = None


@functools.cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="slices ahead")
