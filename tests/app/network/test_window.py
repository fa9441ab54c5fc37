"""The archive window against a peer in this process, with real clicks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.jobs import Jobs
from app.network.errors import NetworkError
from app.network.nodes import NetworkSettings, Node, read_network_settings, write_network_settings
from app.network.send import send_files
from app.network.window import RECEIVED, NetworkWindow
from tests.app.network.peer import Peer, free_port, slices
from tests.app.network.web_peer import WebPeer


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    yield one
    one.stop()


@pytest.fixture
def window(qtbot: QtBot, peer: Peer, tmp_path: Path) -> Iterator[NetworkWindow]:
    settings = NetworkSettings(receiver_port=free_port(), connect_s=3.0, answer_s=3.0, nodes=(peer.node(),))
    write_network_settings(tmp_path, settings)
    peer.own = settings
    jobs = Jobs()
    shown = NetworkWindow(tmp_path, jobs, patient_id="", evaluation=lambda: None)
    qtbot.addWidget(shown)
    shown.show()
    yield shown
    shown.close()
    jobs.close()


def press(window: QWidget, name: str) -> None:
    button = window.findChild(QPushButton, name)
    assert button is not None
    assert button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_that_what_is_ticked_comes_into_the_data_folder(
    qtbot: QtBot, window: NetworkWindow, peer: Peer, tmp_path: Path
) -> None:
    paths = slices(tmp_path / "ct")
    peer.hold(paths)
    came: list[Path] = []
    window.came.connect(came.append)
    QTest.keyClicks(window.patient_id, pydicom.dcmread(paths[0]).PatientID)
    QTest.keyClick(window.patient_id, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.tree.topLevelItemCount() == 1, timeout=20_000)
    assert "1 study found" in window.query_message.text()
    assert not window.retrieve_button.isEnabled()
    top = window.tree.topLevelItem(0)
    assert top is not None
    top.setCheckState(0, Qt.CheckState.Checked)
    qtbot.waitUntil(window.retrieve_button.isEnabled, timeout=20_000)
    press(window, "network_retrieve")
    qtbot.waitUntil(lambda: bool(came), timeout=20_000)
    # The study that was asked for, not everything that ever came.
    assert came == [tmp_path / RECEIVED / pydicom.dcmread(paths[0]).StudyInstanceUID]
    assert len(list(came[0].rglob("*.dcm"))) == len(paths)
    assert "5 objects came from peer" in window.query_message.text()


def test_that_a_query_for_nothing_is_not_asked(window: NetworkWindow) -> None:
    press(window, "network_find")
    assert "Give a patient or a day" in window.query_message.text()


def test_that_an_echo_says_what_came_of_it(qtbot: QtBot, window: NetworkWindow, peer: Peer, tmp_path: Path) -> None:
    assert "waits 3 s for a connection, 3 s for an answer" in window.nodes.place.text()
    press(window, "node_echo")
    qtbot.waitUntil(lambda: "peer answers (C-ECHO, not encrypted" in window.nodes.message.text(), timeout=20_000)
    peer.entity.require_called_aet = True
    write_network_settings(tmp_path, replace(peer.own, nodes=(replace(peer.node(), ae_title="OTHER"),)))
    window.nodes.reread()
    press(window, "node_echo")
    qtbot.waitUntil(lambda: "refuses the association" in window.nodes.message.text(), timeout=20_000)


def test_that_without_a_node_the_window_leads_to_where_one_is_entered(window: NetworkWindow, tmp_path: Path) -> None:
    wanted: list[bool] = []
    window.nodes_wanted.connect(lambda: wanted.append(True))
    write_network_settings(tmp_path, NetworkSettings())
    window.nodes.reread()
    assert "No node is known yet" in window.nodes.message.text()
    assert not window.nodes.echo_button.isEnabled()
    assert not window.find_button.isEnabled()
    press(window, "node_edit")
    assert wanted == [True]


def test_that_a_window_closed_while_a_peer_is_asked_is_not_written_into(
    qtbot: QtBot, window: NetworkWindow, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        node = Node("frozen", "FROZEN", "127.0.0.1", frozen.getsockname()[1])
        write_network_settings(tmp_path, NetworkSettings(connect_s=0.5, answer_s=0.5, nodes=(node,)))
        jobs = Jobs()
        closed = NetworkWindow(tmp_path, jobs, patient_id="P-1", evaluation=lambda: None)
        closed.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        closed.show()
        press(closed, "network_find")
        press(closed, "node_echo")
        with qtbot.waitSignal(closed.destroyed):
            closed.close()
        # An outcome that reaches for what is gone would be an error in a slot, which fails the test.
        qtbot.waitUntil(lambda: not jobs.running, timeout=20_000)
        jobs.close()


def test_that_files_are_sent_and_refusals_named(
    qtbot: QtBot, window: NetworkWindow, peer: Peer, tmp_path: Path
) -> None:
    paths = slices(tmp_path / "ct")
    window.send_files(paths)
    qtbot.waitUntil(lambda: "5 objects sent to peer" in window.send_message.text(), timeout=20_000)
    assert len(peer.stored) == 5
    peer.refuses_store = 0xA700
    (tmp_path / "sent-objects.json").unlink()
    window.send_files(paths)
    qtbot.waitUntil(lambda: "5 were refused" in window.send_message.text(), timeout=20_000)


def test_that_a_node_is_asked_to_answer_for_what_was_sent(
    qtbot: QtBot, window: NetworkWindow, peer: Peer, tmp_path: Path
) -> None:
    window.commits.setChecked(True)
    paths = slices(tmp_path / "ct")
    window.send_files(paths)
    qtbot.waitUntil(lambda: "The node answers for 5." in window.send_message.text(), timeout=20_000)
    peer.silent_about = {pydicom.dcmread(paths[0]).SOPInstanceUID}
    window.send_files(paths)
    said = "The node answers for 4. It does not answer for 1: send again."
    qtbot.waitUntil(lambda: said in window.send_message.text(), timeout=20_000)
    peer.silent_about = set()
    window.send_files(paths)
    qtbot.waitUntil(lambda: "1 object sent to peer. 4 were there." in window.send_message.text(), timeout=20_000)
    press(window, "network_receive")
    window.send_files(paths)
    assert "Switch the receiver off first" in window.send_message.text()


def test_that_without_results_there_is_nothing_of_the_course_to_send(window: NetworkWindow) -> None:
    press(window, "network_send_course")
    assert "no results yet" in window.send_message.text()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_that_the_receiver_listens_only_while_it_is_on(qtbot: QtBot, window: NetworkWindow, tmp_path: Path) -> None:
    paths = slices(tmp_path / "ct")
    settings = read_network_settings(tmp_path)
    here = Node("here", settings.own_ae_title, "127.0.0.1", settings.receiver_port)
    caller = NetworkSettings("PEER", connect_s=3.0, answer_s=3.0)
    with pytest.raises(NetworkError, match="does not answer"):
        send_files(caller, here, paths)
    press(window, "network_receive")
    assert window.receive_message.text().startswith("On, as LUTETIA")
    assert len(send_files(caller, here, paths).acknowledged) == 5
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert "5 objects came" in window.receive_message.text()
    with pytest.raises(NetworkError, match="does not answer"):
        send_files(caller, here, paths)


def test_that_a_web_node_is_used_like_any_other(qtbot: QtBot, window: NetworkWindow, tmp_path: Path) -> None:
    web = WebPeer()
    try:
        write_network_settings(tmp_path, NetworkSettings(nodes=(replace(web.node(), name="Web"),)))
        window.nodes.reread()
        paths = slices(tmp_path / "ct")
        window.send_files(paths)
        qtbot.waitUntil(lambda: "5 objects sent to Web" in window.send_message.text(), timeout=20_000)
        assert sorted(web.held.values()) == sorted(path.read_bytes() for path in paths)
    finally:
        web.stop()


def test_that_another_content_of_a_known_identifier_is_told_when_the_receiver_is_switched_off(
    window: NetworkWindow, tmp_path: Path
) -> None:
    paths = slices(tmp_path / "ct", 2)
    other = pydicom.dcmread(paths[0])
    other.ImageComments = "another"
    other.save_as(tmp_path / "other.dcm")
    settings = read_network_settings(tmp_path)
    here = Node("here", settings.own_ae_title, "127.0.0.1", settings.receiver_port)
    press(window, "network_receive")
    for sent in (paths, [tmp_path / "other.dcm"]):
        send_files(NetworkSettings("PEER", connect_s=10.0, answer_s=10.0), here, sent)
    press(window, "network_receive")
    assert "3 objects came" in window.receive_message.text()
    assert "1 came under an identifier that was there with another content" in window.receive_message.text()
    assert len(list((tmp_path / RECEIVED).rglob("*.dcm"))) == 3
