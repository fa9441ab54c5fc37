from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.hand_first import HandFirst
from app.refresh_parts import RefreshParts


class Screen:
    def __init__(self) -> None:
        self.done: list[str] = []

    def numbers(self) -> None:
        self.done.append("numbers")

    def curve(self) -> None:
        self.done.append("curve")

    def bars(self) -> None:
        self.done.append("bars")


def test_that_parts_run_at_once_or_each_in_its_turn(qtbot: QtBot) -> None:
    screen, parts = Screen(), RefreshParts(HandFirst())
    parts.run([screen.numbers, screen.curve], one_by_one=False)
    assert screen.done == ["numbers", "curve"]
    parts.run([screen.numbers, screen.curve, screen.bars], one_by_one=True)
    assert len(screen.done) == 2
    qtbot.waitUntil(lambda: len(screen.done) == 5, timeout=3000)
    assert screen.done[2:] == ["numbers", "curve", "bars"]
    qtbot.wait(20)
    assert len(screen.done) == 5


def test_that_a_part_that_waits_comes_before_newer_ones_and_only_once(qtbot: QtBot) -> None:
    screen, parts = Screen(), RefreshParts(HandFirst())
    parts.run([screen.bars], one_by_one=True)
    parts.run([screen.numbers, screen.curve, screen.bars], one_by_one=True)
    qtbot.waitUntil(lambda: len(screen.done) == 3, timeout=3000)
    assert screen.done == ["bars", "numbers", "curve"]


def test_that_all_at_once_leaves_nothing_waiting(qtbot: QtBot) -> None:
    screen, parts = Screen(), RefreshParts(HandFirst())
    parts.run([screen.numbers, screen.curve], one_by_one=True)
    parts.run([screen.bars], one_by_one=False)
    qtbot.wait(20)
    assert screen.done == ["bars"]
