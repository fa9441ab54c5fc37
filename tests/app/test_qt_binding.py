from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal


class Sender(QObject):
    sent = Signal()


def test_that_emitting_a_signal_keeps_the_reference_count_of_true(qapp: object) -> None:
    # PySide6 6.12.0 loses one reference of True per emit; where True is not immortal (Python 3.11) the process aborts
    # after some hundred signals.
    sender = Sender()
    before = sys.getrefcount(True)
    for _ in range(50):
        sender.sent.emit()
    assert abs(sys.getrefcount(True) - before) < 10
