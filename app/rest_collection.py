"""Objects that only hold each other are freed by the window's thread, and all of them only while the hand rests.

Python looks for them by itself whenever many objects were made, on the thread that makes them: a computation's thread
may then end what belongs to the window, and a look at everything stops a stroke for longer than a frame.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from app.hand_first import HandFirst

LOOK_MS = 250
REST_S = 2.0
"""Everything is looked at only after this long without an event of the hand."""


class CollectionAtRest(QObject):
    """Takes the place of Python's own collection from its making on, for as long as the program lasts.

    What there is by then (modules, classes, tables) lasts as long as the program, and is not looked at again: a look at
    everything would hold the window up for 0.1 s.

    Parameters
    ----------
    hand
        Knows whether the window answers the hand, and since when it rests.
    """

    def __init__(self, hand: HandFirst, parent: QObject | None = None, *, look_ms: int = LOOK_MS) -> None:
        super().__init__(parent)
        self._hand = hand
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(look_ms)
        gc.disable()
        gc.freeze()

    def stop(self) -> None:
        """Look no more.

        Python does not either: a computation that has not noticed the end yet would end what belonged to the window.
        """
        self._timer.stop()
        gc.unfreeze()

    def _look(self) -> None:
        """Do what Python would have done by now, if the hand allows."""
        if self._hand.is_answering:
            return
        young, middle, old = (count > limit for count, limit in zip(gc.get_count(), gc.get_threshold(), strict=True))
        pressed = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        if old and not pressed and self._hand.rests_s >= REST_S:
            gc.collect()
        elif middle:
            gc.collect(1)
        elif young:
            gc.collect(0)
