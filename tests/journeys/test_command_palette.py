from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.command_palette import CommandPalette, PaletteEntry, matching
from app.main_window import MainWindow
from app.screenshots import wait_until_idle


def entry(text: str, place: str = "View") -> PaletteEntry:
    return PaletteEntry(text, lambda: None, place)


ENTRIES = [entry("Reset view"), entry("Previous cycle"), entry("Brush", "Tools"), entry("Kidney R", "VOI")]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["Reset view", "Previous cycle", "Brush", "Kidney R"]),
        ("cyc", ["Previous cycle"]),
        ("CYCLE prev", ["Previous cycle"]),
        ("voi", ["Kidney R"]),
        ("re", ["Reset view", "Previous cycle"]),
        ("rst", ["Reset view"]),
        ("xyz", []),
    ],
)
def test_that_whole_starts_come_before_parts_and_letters_in_order(typed: str, expected: list[str]) -> None:
    found = [item.text for item in matching(ENTRIES, typed)]
    assert found == expected


def palette(window: MainWindow, *, by_key: bool = False) -> CommandPalette:
    if by_key:
        QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    else:
        window.actions_table.actions["palette"].trigger()
    (found,) = (made for made in window.findChildren(CommandPalette) if made.isVisible())
    return found


def test_that_typing_and_enter_do_what_was_found(window: MainWindow) -> None:
    opened = palette(window, by_key=True)
    QTest.keyClicks(opened.field, "dose")
    assert opened.texts()[0] == "6 Dose"
    QTest.keyClick(opened.field, Qt.Key.Key_Return)
    wait_until_idle(window)
    assert window.current_step == "dose"


def test_that_arrows_and_a_click_choose_and_escape_does_nothing(window: MainWindow) -> None:
    names = [voi.name for voi in window.session.cycle.vois]
    opened = palette(window)
    QTest.keyClicks(opened.field, "kidney")
    wanted = opened.texts()[1]
    assert wanted in names
    QTest.keyClick(opened.field, Qt.Key.Key_Down)
    QTest.keyClick(opened.field, Qt.Key.Key_Return)
    assert window.session.voi.name == wanted
    opened = palette(window)
    QTest.keyClicks(opened.field, "kidney")
    first = opened.texts()[0]
    place = opened.list.visualItemRect(opened.list.item(0)).center()
    QTest.mouseClick(opened.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert window.session.voi.name == first
    opened = palette(window)
    QTest.keyClicks(opened.field, wanted)
    QTest.keyClick(opened.field, Qt.Key.Key_Escape)
    assert window.session.voi.name == first
    assert not opened.isVisible()


def test_that_every_enabled_menu_entry_and_every_voi_and_cycle_can_be_found(window: MainWindow) -> None:
    opened = palette(window)
    texts = set(opened.texts())
    actions = window.actions_table.actions
    able = {a.text().replace("&", "") for name, a in actions.items() if a.isEnabled() and name != "palette"}
    assert able <= texts
    assert {voi.name for voi in window.session.cycle.vois} <= texts
    assert {f"Cycle {cycle.number}" for cycle in window.session.case.cycles} <= texts
    QTest.keyClicks(opened.field, "no such thing at all")
    assert opened.texts() == []
    QTest.keyClick(opened.field, Qt.Key.Key_Return)
    assert opened.isVisible()
    opened.reject()
