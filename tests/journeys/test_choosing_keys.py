"""Keys and gestures chosen by events in the editor: they hold at once, everywhere, and are kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QScrollArea, QTabWidget, QToolButton

from app.key_bindings import AS_DELIVERED, bindings_of
from app.key_editor import KeyEditor
from app.key_sheet import KeySheet
from app.main_window import MainWindow
from app.preferences import Preferences, read_preferences, save_preferences
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from tests.widgets.pointer import CONTROL, NONE, drag, wheel


@pytest.fixture
def voi_step(window: MainWindow, voi_step: VoiStep) -> Iterator[VoiStep]:
    """Afterwards keys and gestures are as delivered."""
    yield voi_step
    window.acts._keep_keys(AS_DELIVERED)


@pytest.fixture
def editor(window: MainWindow, voi_step: VoiStep) -> KeyEditor:
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    axial = voi_step.grid.views["axial"]
    axial.setFocus()
    QTest.keyClick(axial, Qt.Key.Key_F1, Qt.KeyboardModifier.ControlModifier)
    wait_until_idle(window)
    (made,) = (found for found in window.findChildren(KeyEditor) if found.isVisible())
    return made


def press(editor: KeyEditor, name: str) -> None:
    QTest.mouseClick(editor.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def type_key(editor: KeyEditor, code: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(editor.edit, code, modifiers)


def accept(editor: KeyEditor) -> None:
    window = editor.parentWidget()
    QTest.keyClick(editor, Qt.Key.Key_Return)
    # Without a window manager nobody makes the window active again.
    window.activateWindow()
    QTest.qWaitForWindowActive(window)


def words(editor: KeyEditor) -> str:
    return editor.findChild(QLabel, "key_editor_words").text()


def test_that_a_chosen_key_holds_at_once_and_is_shown_and_kept(window: MainWindow, voi_step, editor, tmp_path) -> None:
    QTest.keyClicks(editor.search, "brush")
    editor.select("brush")
    type_key(editor, Qt.Key.Key_Z)
    assert words(editor) == ""
    press(editor, "key_set")
    accept(editor)
    axial = voi_step.grid.views["axial"]
    axial.setFocus()
    QTest.keyClick(axial, Qt.Key.Key_B)
    assert window.session.view_state.tool == "cursor"
    QTest.keyClick(axial, Qt.Key.Key_Z)
    assert window.session.view_state.tool == "brush"
    assert window.actions_table.actions["brush"].shortcut().toString() == "Z"
    assert "(Z)" in voi_step.tools.findChild(QToolButton, "tool_brush").toolTip()
    window.actions_table.actions["key_sheet"].trigger()
    (sheet,) = (made for made in window.findChildren(KeySheet) if made.isVisible())
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    assert texts[texts.index("Brush") - 1] == "Z"
    sheet.reject()
    save_preferences(window.session.preferences, tmp_path / "preferences.json")
    kept = read_preferences(tmp_path / "preferences.json")
    assert kept.keys == {"brush": ["Z"]}
    assert bindings_of(kept.keys, kept.mouse)[0] == window.acts.bindings


def test_that_a_page_of_the_editor_shows_no_warning_of_the_other(window, voi_step, editor) -> None:
    pages = editor.findChild(QTabWidget, "key_editor_pages")
    editor.select("brush")
    type_key(editor, Qt.Key.Key_E)
    assert "“Erase”" in words(editor)
    pages.setCurrentIndex(1)
    assert words(editor) == ""
    box = editor.findChild(QComboBox, "gesture_zoom")
    box.setCurrentIndex(box.findData("Wheel"))
    box.activated.emit(box.currentIndex())
    assert "Not changed" in words(editor)
    pages.setCurrentIndex(0)
    assert "“Erase”" in words(editor), "the key that was pressed still stands there"
    pages.setCurrentIndex(1)
    assert words(editor) == ""
    assert not editor.findChild(QPushButton, "gesture_change_places").isEnabled()
    editor.reject()


def test_that_the_keyboard_stays_with_the_list_when_a_key_is_set(window, voi_step, editor) -> None:
    editor.select("brush")
    editor.edit.setFocus()
    type_key(editor, Qt.Key.Key_Z)
    editor.findChild(QPushButton, "key_set").setFocus()
    QTest.keyClick(editor.findChild(QPushButton, "key_set"), Qt.Key.Key_Space)
    assert editor.list.hasFocus()
    assert editor.bindings.text_by_name()["brush"] == "Z"
    editor.reject()


def test_that_the_key_sheet_names_each_key_once(window, voi_step) -> None:
    window.actions_table.actions["key_sheet"].trigger()
    (sheet,) = (made for made in window.findChildren(KeySheet) if made.isVisible())
    grid = sheet.findChild(QScrollArea, "key_sheet_scroll").widget().layout()
    keys = [
        grid.itemAtPosition(row, column).widget().text()
        for column in range(0, grid.columnCount(), 2)
        for row in range(grid.rowCount())
        if grid.itemAtPosition(row, column) is not None
    ]
    assert {"Esc", "3D: Left drag", "Left", "Left button"} <= set(keys)
    assert len(keys) == len(set(keys))
    sheet.reject()


def test_that_a_conflict_is_said_in_words_and_taken_over_only_on_demand(window, voi_step, editor) -> None:
    editor.select("brush")
    type_key(editor, Qt.Key.Key_E)
    assert "“Erase”" in words(editor)
    assert not editor.findChild(QPushButton, "key_set").isEnabled()
    press(editor, "key_take_over")
    assert editor.bindings.text_by_name()["brush"] == "E"
    assert editor.bindings.text_by_name()["erase"] == ""
    editor.select("polygon")
    type_key(editor, Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    assert "go to step 3" in words(editor)
    assert not editor.findChild(QPushButton, "key_take_over").isEnabled()
    # B is free now; Erase as delivered isn't, until Brush has another key.
    editor.select("erase")
    type_key(editor, Qt.Key.Key_B)
    press(editor, "key_add")
    press(editor, "key_reset")
    assert "“Brush”" in words(editor)
    press(editor, "key_reset_all")
    assert editor.bindings == AS_DELIVERED
    accept(editor)
    assert window.session.preferences.keys == {}


def test_that_cancelling_changes_nothing_and_no_key_leaves_an_act_to_the_menu(window, voi_step, editor) -> None:
    editor.select("brush")
    press(editor, "key_remove")
    assert editor.bindings.text_by_name()["brush"] == ""
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert window.acts.bindings == AS_DELIVERED
    assert window.actions_table.actions["brush"].shortcut().toString() == "B"


def test_that_keys_of_the_views_can_be_chosen(window, voi_step, editor) -> None:
    editor.select("next_slice")
    type_key(editor, Qt.Key.Key_F)
    press(editor, "key_set")
    accept(editor)
    axial = voi_step.grid.views["axial"]
    before = axial.slice_index
    QTest.keyClick(axial, Qt.Key.Key_Down)
    assert axial.slice_index == before
    QTest.keyClick(axial, Qt.Key.Key_F)
    assert axial.slice_index != before


def test_that_a_gesture_of_another_act_is_refused_in_words_and_two_change_places_on_demand(
    window, voi_step, editor
) -> None:
    editor.findChild(QTabWidget, "key_editor_pages").setCurrentIndex(1)
    box = editor.findChild(QComboBox, "gesture_slice")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert words(editor) == "Not changed: “Ctrl + wheel” would do two things: slice, and zoom at the pointer."
    assert box.currentText() == "Wheel"
    press(editor, "gesture_change_places")
    assert words(editor) == "“slice” is Ctrl + wheel now; “zoom at the pointer” is Wheel now."
    assert editor.findChild(QComboBox, "gesture_zoom").currentText() == "Wheel"
    accept(editor)
    axial = voi_step.grid.views["axial"]
    zoom, shown = axial.pixels_per_mm(), axial.slice_index
    wheel(axial, QPointF(100, 100), 1)
    assert axial.pixels_per_mm() > zoom
    assert axial.slice_index == shown
    wheel(axial, QPointF(100, 100), -1, CONTROL)
    assert axial.slice_index != shown
    assert window.session.preferences.mouse == {"slice": "Ctrl + wheel", "zoom": "Wheel"}
    # All linked views were zoomed.
    window.session.view_state.reset()


def test_that_the_modifier_that_inverts_a_tool_can_be_another(window, voi_step, editor) -> None:
    editor.findChild(QTabWidget, "key_editor_pages").setCurrentIndex(1)
    box = editor.findChild(QComboBox, "gesture_invert")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert "ignore the range" in words(editor)
    press(editor, "gesture_change_places")
    accept(editor)
    assert window.session.preferences.mouse == {
        "invert": "Alt held while editing",
        "anywhere": "Ctrl held while editing",
    }
    assert "Alt held" in voi_step.tools.findChild(QToolButton, "tool_brush").toolTip()
    axial, document = voi_step.grid.views["axial"], window.session.document
    voi = window.session.voi
    window.session.view_state.set_cursor(voi.mask.centroid_mm())
    window.session.view_state.set_tool("brush")
    middle = axial.pixel_of(voi.mask.centroid_mm())
    for held, does in ((Qt.KeyboardModifier.NoModifier, "Paint"), (Qt.KeyboardModifier.AltModifier, "Erase")):
        drag(axial, [middle + QPointF(60, 0), middle, middle - QPointF(0, 9)], modifiers=held)
        wait_until_idle(window)
        assert document.undo_label is not None
        assert document.undo_label.startswith(does)
    for _ in range(2):
        document.undo()
    window.session.view_state.set_tool("cursor")


def test_that_damaged_preferences_are_as_delivered_and_said(window, voi_step) -> None:
    window.session.preferences = Preferences(keys={"brush": ["E"], "polygon": ["F"]}, mouse={"pan": "Wheel"})
    window.acts.use_keys()
    assert window.acts.bindings.keys == {"polygon": ("F",)}
    assert "'Brush'" in window.job_strip.message()
    assert "'pan'" in window.job_strip.message()
    window.session.preferences = Preferences()


def test_that_what_is_typed_at_once_finds_an_act(editor) -> None:
    assert QApplication.focusWidget() is editor.search
    QTest.keyClicks(QApplication.focusWidget(), "centre")
    assert [editor.list.topLevelItem(n).text(0) for n in range(editor.list.topLevelItemCount())] == ["Centre on VOI"]
    editor.reject()
