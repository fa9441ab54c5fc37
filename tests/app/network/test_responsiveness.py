"""The window goes on while a peer is frozen, and while objects come."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.jobs import Jobs
from app.network.nodes import NetworkSettings, Node, write_network_settings
from app.network.send import Sent, send_files
from app.network.window import NetworkWindow
from tests.app.network.peer import free_port, slices
from tests.figures import figure_line

# The library leaves the socket of a refused connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
LONGEST_S = 0.1
TICK_S = 0.005


def waited_s() -> float:
    """How long this thread was ready to run and had no processor, since it began; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text("ascii").split()[1]) * 1e-9
    except (OSError, IndexError, ValueError):
        return 0.0


class Heartbeat:
    """The longest gap between beats of a timer of the window's thread, in time that this process really had.

    On a busy machine a gap of the clock says nothing: all threads may have waited for a processor. A blocked window
    shows while other threads go on (a control thread that sleeps and counts), or while this process computes. What the
    window's thread waits for a processor, as Linux tells it, is no blocking either.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.beats = 0
        self.control = 0
        self._ends = False
        self._seen = (0, time.process_time(), waited_s())
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def _count(self) -> None:
        while not self._ends:
            time.sleep(TICK_S)
            self.control += 1

    def _beat(self) -> None:
        now = (self.control, time.process_time(), waited_s())
        gap = max((now[0] - self._seen[0]) * TICK_S, now[1] - self._seen[1])
        self.longest_s = max(self.longest_s, gap - (now[2] - self._seen[2]))
        self._seen = now
        self.beats += 1

    def __enter__(self) -> Heartbeat:
        self._seen = (self.control, time.process_time(), waited_s())
        self._thread.start()
        self._timer.start(round(1000 * TICK_S))
        return self

    def __exit__(self, *_error: object) -> None:
        self._beat()
        self._timer.stop()
        self._ends = True
        self._thread.join()


@pytest.fixture
def frozen() -> Iterator[Node]:
    """A peer that accepts connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        yield Node("peer", "PEER", "127.0.0.1", listening.getsockname()[1])


@pytest.fixture
def window(qtbot: QtBot, frozen: Node, tmp_path: Path) -> Iterator[NetworkWindow]:
    silent_web = Node("web", "", "", 0, kind="dicomweb", url=f"http://127.0.0.1:{frozen.port}/dicom-web")
    settings = NetworkSettings(receiver_port=free_port(), connect_s=1.0, answer_s=1.0, nodes=(frozen, silent_web))
    write_network_settings(tmp_path, settings)
    jobs = Jobs()
    shown = NetworkWindow(tmp_path, jobs, patient_id="P1", evaluation=lambda: None)
    qtbot.addWidget(shown)
    shown.show()
    QTest.qWait(50)
    yield shown
    shown.close()
    jobs.close()


def press(window: NetworkWindow, name: str) -> None:
    button = window.findChild(QPushButton, name)
    assert button is not None
    assert button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_that_opening_the_window_does_not_wait_for_the_library_of_the_network() -> None:
    program = "import sys, app.network.window; print('pynetdicom' in sys.modules, 'pydicom' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["False", "False"]


def test_that_a_blocked_window_would_be_seen(qtbot: QtBot) -> None:
    with Heartbeat() as heart:
        QTest.qWait(50)
        before = heart.control
        while (heart.control - before) * TICK_S < 4 * LONGEST_S:  # the window is blocked, the process is not
            time.sleep(TICK_S)
        QTest.qWait(100)
    assert heart.longest_s > LONGEST_S


@pytest.mark.parametrize("number", [0, 1])
def test_that_the_window_goes_on_while_a_peer_is_frozen(qtbot: QtBot, window: NetworkWindow, number: int) -> None:
    window.nodes.choice.setCurrentIndex(number)
    with Heartbeat() as heart:
        press(window, "network_find")
        qtbot.waitUntil(
            lambda: (
                "no answer within" in window.query_message.text() or "does not answer" in window.query_message.text()
            ),
            timeout=30_000,
        )
        press(window, "node_echo")
        qtbot.waitUntil(lambda: "answer within" in window.nodes.message.text(), timeout=30_000)
    assert heart.beats > 50
    assert heart.longest_s < LONGEST_S


def test_that_the_window_goes_on_while_objects_come_and_the_receiver_is_switched(
    qtbot: QtBot, window: NetworkWindow, tmp_path: Path
) -> None:
    paths = slices(tmp_path / "ct", 60)
    settings = window.nodes.settings
    here = Node("here", settings.own_ae_title, "127.0.0.1", settings.receiver_port)
    caller = replace(settings, own_ae_title="PEER", connect_s=20.0, answer_s=20.0)
    ended: list[Sent] = []
    with Heartbeat() as heart:
        press(window, "network_receive")
        sender = threading.Thread(target=lambda: ended.append(send_files(caller, here, paths)))
        sender.start()
        qtbot.waitUntil(lambda: bool(ended), timeout=60_000)
        sender.join()
        press(window, "network_receive")
    assert len(ended[0].acknowledged) == 60
    assert window.receive_message.text().startswith("Off. 60 objects came")
    assert heart.longest_s < LONGEST_S
    figure_line("network_window_gap", n=60, failures=0, seed=None, longest_gap_ms=1000 * heart.longest_s)
