from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.protocols.editor_window import ProtocolWindow
from app.protocols.own_protocols import own_protocols
from dosimetry_core.data_tables import table_bytes


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> ProtocolWindow:
    shown = ProtocolWindow(tmp_path, lambda: "A. Nowak, physicist")
    qtbot.addWidget(shown)
    shown.show()
    shown.select("duonen-b")
    return shown


def _field(window: ProtocolWindow, name: str) -> QLineEdit:
    found = window.findChild(QLineEdit, f"protocol_{name}")
    assert found is not None
    return found


def _typed(qtbot: QtBot, window: ProtocolWindow, name: str, text: str) -> None:
    field = _field(window, name)
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.waitUntil(lambda: not window._wait.isActive())


def _cell(window: ProtocolWindow, what: str, column: int) -> str:
    labels = [label.text() for label in window.effect.findChildren(QLabel)]
    return labels[labels.index(what) + column]


def test_that_shipped_protocols_can_be_read_and_not_changed(window: ProtocolWindow) -> None:
    assert window.text.toPlainText() == table_bytes("protocols", "duonen-b.toml").decode()
    assert window.text.isReadOnly()
    assert not _field(window, "limits_kidneys_total_gy").isEnabled()
    assert not window.save.isEnabled()
    assert window.verdict.text().startswith("A protocol. SHA-256 ")


def test_that_typing_in_the_form_changes_that_line_and_shows_the_effect(qtbot: QtBot, window: ProtocolWindow) -> None:
    window.copy_as_own()
    before = window.text.toPlainText()
    assert 'name = "duonen-b-own"' in before
    _typed(qtbot, window, "limits_kidneys_total_gy", "20.5")
    after = window.text.toPlainText()
    assert after == before.replace("kidneys_total_gy = 23.0", "kidneys_total_gy = 20.5")
    assert float(_cell(window, "⁹⁰Y (GBq)", 2)) < float(_cell(window, "⁹⁰Y (GBq)", 1))


def test_that_typing_in_the_text_fills_the_form(qtbot: QtBot, window: ProtocolWindow) -> None:
    window.copy_as_own()
    window.text.setPlainText(window.text.toPlainText().replace('predictor = "latest"', 'predictor = "maximum"'))
    predictor = window.findChild(QComboBox, "protocol_planning_predictor")
    assert predictor is not None
    qtbot.waitUntil(lambda: predictor.currentText() == "maximum")


def test_that_a_fault_is_marked_at_its_line_and_a_click_goes_there(qtbot: QtBot, window: ProtocolWindow) -> None:
    window.copy_as_own()
    _typed(qtbot, window, "limits_kidneys_total_gy", "abc")
    lines = window.text.toPlainText().splitlines()
    wrong = next(number for number, line in enumerate(lines, 1) if "abc" in line)
    assert window.text.faulty_lines == {wrong}
    assert "1 fault." in window.verdict.text()
    window.why.setText("no reason helps")
    assert not window.save.isEnabled()
    item = window.faults.item(0)
    qtbot.mouseClick(
        window.faults.viewport(), Qt.MouseButton.LeftButton, pos=window.faults.visualItemRect(item).center()
    )
    assert window.text.textCursor().blockNumber() == wrong - 1


def test_that_an_own_protocol_is_saved_with_a_reason_and_is_in_the_list(
    qtbot: QtBot, window: ProtocolWindow, tmp_path: Path
) -> None:
    window.copy_as_own()
    _typed(qtbot, window, "limits_kidneys_total_gy", "21")
    assert not window.save.isEnabled()
    qtbot.keyClicks(window.why, "Board of 20 Nov")
    with qtbot.waitSignal(window.saved):
        qtbot.mouseClick(window.save, Qt.MouseButton.LeftButton)
    (own,) = own_protocols(tmp_path)
    assert (own.name, own.saved_by, own.why) == ("duonen-b-own", "A. Nowak, physicist", "Board of 20 Nov")
    current = window.names.currentItem()
    assert current is not None
    assert current.text() == "duonen-b-own"
    assert "Saved by A. Nowak, physicist" in window.about.text()
    assert window.close()


def test_that_nothing_is_saved_before_somebody_says_who_works(qtbot: QtBot, tmp_path: Path) -> None:
    shown = ProtocolWindow(tmp_path, lambda: None)
    qtbot.addWidget(shown)
    shown.select("duonen-b")
    shown.copy_as_own()
    shown.why.setText("x")
    with qtbot.waitSignal(shown.person_needed):
        shown.save_own()
    assert own_protocols(tmp_path) == ()


def test_that_unsaved_changes_are_asked_about_once(qtbot: QtBot, window: ProtocolWindow) -> None:
    window.copy_as_own()
    _typed(qtbot, window, "limits_kidneys_total_gy", "21")
    assert not window.close()
    assert "not saved" in window.message.text()
    assert window.close()
