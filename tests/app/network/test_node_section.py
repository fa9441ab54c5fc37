"""Nodes as a page of the preferences: written, tried before they are kept, kept in one place for all who ask."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QPushButton
from pytestqt.qtbot import QtBot

from app.jobs import Jobs
from app.network import opening
from app.network.node_choice import NodeChoice
from app.network.nodes import FILE_NAME, NetworkSettings, Node, read_network_settings, write_network_settings
from app.preferences_window import PreferencesWindow
from tests.app.network.peer import Peer, free_port
from tests.app.network.web_peer import WebPeer


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    one = Jobs()
    yield one
    one.close()


@pytest.fixture
def window(qtbot: QtBot, peer: Peer, jobs: Jobs, tmp_path: Path) -> PreferencesWindow:
    settings = NetworkSettings(receiver_port=free_port(), connect_s=3.0, answer_s=3.0, nodes=(peer.node(),))
    write_network_settings(tmp_path, settings)
    shown = PreferencesWindow(tmp_path, jobs, theme="dark")
    qtbot.addWidget(shown)
    shown.show()
    return shown


def press(window: PreferencesWindow, name: str) -> None:
    button = window.findChild(QPushButton, name)
    assert button is not None
    assert button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_that_nodes_that_can_not_be_read_are_not_written_over(qtbot: QtBot, jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("own_ae_title = [", "utf-8")
    shown = PreferencesWindow(tmp_path, jobs, theme="dark")
    qtbot.addWidget(shown)
    shown.show()
    assert FILE_NAME in shown.nodes.message.text()
    assert not shown.nodes.save_button.isEnabled()
    assert not shown.nodes.new_button.isEnabled()
    shown.nodes.save_button.click()
    assert (tmp_path / FILE_NAME).read_text("utf-8") == "own_ae_title = ["


def test_that_nodes_are_added_changed_and_removed(window: PreferencesWindow, tmp_path: Path) -> None:
    press(window, "node_new")
    for field, text in ((window.nodes.name, "Second"), (window.nodes.ae_title, "TWO"), (window.nodes.host, "h")):
        QTest.keyClicks(field, text)
    window.nodes.connect_s.setValue(7.5)
    window.nodes.answer_s.setValue(90.0)
    press(window, "node_save")
    settings = read_network_settings(tmp_path)
    assert (settings.connect_s, settings.answer_s) == (7.5, 90.0)
    assert settings.nodes[1] == Node("Second", "TWO", "h", 104)
    assert window.nodes.choice.currentText() == "Second"
    window.nodes.host.setText("")
    press(window, "node_save")
    assert "is no host" in window.nodes.message.text()
    assert read_network_settings(tmp_path).nodes[1].host == "h"
    press(window, "node_remove")
    assert [node.name for node in read_network_settings(tmp_path).nodes] == ["peer"]


@pytest.mark.parametrize("typed", ["2.25", "0.05", "1234.5678"])
def test_that_waits_are_kept_to_the_last_digit_typed(window: PreferencesWindow, tmp_path: Path, typed: str) -> None:
    window.nodes.connect_s.selectAll()
    QTest.keyClicks(window.nodes.connect_s, typed)
    press(window, "node_save")
    assert read_network_settings(tmp_path).connect_s == float(typed)
    assert window.nodes.connect_s.cleanText() == typed


def test_that_waits_of_the_file_are_not_changed_by_saving_something_else(
    qtbot: QtBot, jobs: Jobs, tmp_path: Path
) -> None:
    before = NetworkSettings(connect_s=1 / 3, answer_s=0.004, nodes=(Node("peer", "PEER", "h", 104),))
    write_network_settings(tmp_path, before)
    shown = PreferencesWindow(tmp_path, jobs, theme="dark")
    qtbot.addWidget(shown)
    shown.nodes.host.setText("other")
    shown.nodes.save()
    after = read_network_settings(tmp_path)
    assert (after.connect_s, after.answer_s, after.nodes[0].host) == (1 / 3, 0.004, "other")
    shown.nodes.connect_s.setValue(0.0)
    shown.nodes.save()
    assert "is no time to wait" in shown.nodes.message.text()


def test_that_a_node_is_tried_as_it_is_written_and_not_kept_by_that(
    qtbot: QtBot, window: PreferencesWindow, peer: Peer, tmp_path: Path
) -> None:
    press(window, "node_echo")
    qtbot.waitUntil(lambda: "peer answers (C-ECHO, not encrypted" in window.nodes.message.text(), timeout=20_000)
    assert "not saved" not in window.nodes.message.text()
    peer.entity.require_called_aet = True
    window.nodes.ae_title.setText("OTHER")
    press(window, "node_echo")
    qtbot.waitUntil(lambda: "refuses the association" in window.nodes.message.text(), timeout=20_000)
    window.nodes.ae_title.setText(peer.node().ae_title)
    window.nodes.answer_s.setValue(4.0)
    press(window, "node_echo")
    qtbot.waitUntil(lambda: "These fields are not saved yet." in window.nodes.message.text(), timeout=20_000)
    assert read_network_settings(tmp_path).answer_s == 3.0
    window.nodes.host.clear()
    press(window, "node_echo")
    assert "is no host" in window.nodes.message.text()


def test_that_a_frozen_peer_is_given_up_after_the_time_that_is_written(qtbot: QtBot, window: PreferencesWindow) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        window.nodes.port.setValue(frozen.getsockname()[1])
        window.nodes.connect_s.setValue(0.7)
        press(window, "node_echo")
        # The button has let go before the peer is given up: nothing in the window waits for it.
        assert window.nodes.message.text() == "Asking peer …"
        qtbot.waitUntil(lambda: "does not answer within 0.7 s" in window.nodes.message.text(), timeout=20_000)


def test_that_a_web_node_is_written_and_asked_like_any_other(
    qtbot: QtBot, window: PreferencesWindow, tmp_path: Path
) -> None:
    web = WebPeer()
    try:
        press(window, "node_new")
        window.nodes.kind.setCurrentIndex(1)
        assert not window.nodes.host.isEnabled()
        assert not window.nodes.secret.isEnabled()
        QTest.keyClicks(window.nodes.name, "Web")
        QTest.keyClicks(window.nodes.url, web.node().url)
        press(window, "node_save")
        assert read_network_settings(tmp_path).nodes[1] == Node("Web", "", "", 0, kind="dicomweb", url=web.node().url)
        press(window, "node_echo")
        words = "Web answers (DICOMweb query, not encrypted"
        qtbot.waitUntil(lambda: words in window.nodes.message.text(), timeout=20_000)
    finally:
        web.stop()


def test_that_the_receiver_is_encrypted_only_with_a_certificate(window: PreferencesWindow, tmp_path: Path) -> None:
    window.nodes.receiver_tls.setChecked(True)
    press(window, "node_save")
    assert "receiver_tls: needs a certificate" in window.nodes.message.text()
    QTest.keyClicks(window.nodes.certificate, "own.pem")
    press(window, "node_save")
    kept = read_network_settings(tmp_path)
    assert (kept.receiver_tls, kept.certificate) == (True, "own.pem")


def test_that_own_settings_are_kept_without_any_node(window: PreferencesWindow, tmp_path: Path) -> None:
    press(window, "node_remove")
    window.nodes.receiver_port.setValue(11113)
    press(window, "node_save")
    assert read_network_settings(tmp_path).receiver_port == 11113
    assert read_network_settings(tmp_path).nodes == ()


def test_that_who_asks_takes_the_nodes_as_they_were_saved(
    qtbot: QtBot, window: PreferencesWindow, jobs: Jobs, tmp_path: Path
) -> None:
    asks = NodeChoice(tmp_path, jobs)
    qtbot.addWidget(asks)
    window.nodes.saved.connect(asks.reread)
    QTest.keyClicks(window.nodes.name, " of the department")
    press(window, "node_save")
    assert asks.chosen is not None
    assert asks.chosen.name == "peer of the department"


def test_that_the_preferences_are_open_once_so_that_no_window_writes_back_older_nodes(
    qtbot: QtBot, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "data_folder", lambda: tmp_path)
    main: Any = QMainWindow()
    qtbot.addWidget(main)
    main.session = SimpleNamespace(jobs=jobs, preferences=SimpleNamespace(theme="dark"))
    acts: Any = SimpleNamespace(choose_theme=print, change_keys=print)
    first = opening.show_preferences(main, acts)
    assert opening.show_preferences(main, acts) is first
    first.close()
    assert opening.show_preferences(main, acts) is not first


def test_that_the_look_and_the_keys_are_asked_for_here_too(qtbot: QtBot, window: PreferencesWindow) -> None:
    chosen: list[str] = []
    window.theme_chosen.connect(chosen.append)
    window.show_page("Look and keys")
    window.look.setFocus()
    QTest.keyClick(window.look, Qt.Key.Key_Down)
    QTest.keyClick(window.look, Qt.Key.Key_Down)
    QTest.keyClick(window.look, Qt.Key.Key_Up)
    with qtbot.waitSignal(window.keys_wanted):
        press(window, "preferences_change_keys")
    assert chosen[-1:] == ["light"]
