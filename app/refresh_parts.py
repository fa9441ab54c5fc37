"""What a step shows anew, in parts: at once, or one after the other so that paintings come between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer

from app.hand_first import HandFirst

Part = Callable[[], None]


class RefreshParts(QObject):
    """Runs the parts of a refresh; ``hand`` keeps computations from making each of them longer."""

    def __init__(self, hand: HandFirst, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hand = hand
        self._waiting: list[Part] = []
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._run_one)

    def run(self, parts: Sequence[Part], *, one_by_one: bool) -> None:
        """Run them all now, or one in each turn of the event loop.

        Parts that still wait since the last time come first, once, so that none waits for ever.
        """
        if one_by_one:
            self._waiting += [part for part in parts if part not in self._waiting]
            self._timer.start()
            return
        self._timer.stop()
        self._waiting.clear()
        for part in parts:
            part()

    def _run_one(self) -> None:
        if self._waiting:
            self._hand.take()
            self._waiting.pop(0)()
        if not self._waiting:
            self._timer.stop()
