"""Kills the program while the hand is on the brush, and counts the strokes that it cost: see `stroking_window`."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.app.store.faults.killed_program import KilledProgram
from tests.small_study import write_small_case

LONGEST_START_S = 240.0
MOST_STROKES_BEFORE = 4
LATEST_S = 0.35
"""About as long as a stroke takes: some kills come while it is drawn, some while it is kept, few after it."""


@dataclass
class StrokeTally:
    """Kills, how many of them came with the button down, strokes that were finished, and what was wrong afterwards."""

    kills: int = 0
    button_down: int = 0
    strokes: int = 0
    strokes_lost: int = 0
    most_lost: int = 0
    wrong: list[str] = field(default_factory=list)


class Painting:
    """The painting program with a data folder, started again after every kill."""

    def __init__(self, folder: Path, *, seed: int, prologue: str = "pass") -> None:
        case = write_small_case(folder / "case")
        self._chance = random.Random(seed)
        self.program = KilledProgram("tests.app.store.faults.stroking_window", folder / "data", case, prologue=prologue)
        self._last: dict[str, Any] | None = None
        """What the window had when the last stroke was finished."""
        self._in_hand = ""
        """How far the stroke was that was not finished: ``pressing`` or ``releasing``; empty between two."""
        self.tally = StrokeTally()

    def kill_once(self, *, last: bool = False) -> None:
        """Start, look at what is there, let it paint, kill it in a stroke; at the last time, as soon as it looked."""
        lines = self.program.started(self._chance.random())
        process = next(lines)["process"]
        timer = threading.Timer(LONGEST_START_S, os.kill, (process, signal.SIGKILL))
        timer.start()
        strokes_left = self._chance.randrange(MOST_STROKES_BEFORE)
        for line in lines:
            if "ended" in line:
                if not line["killed"]:
                    self.tally.wrong.append("the program ended by itself")
                break
            if "opened" in line:
                self._compare(line["opened"])
                if last:
                    os.kill(process, signal.SIGKILL)
            if "pressing" in line:
                self._in_hand = "pressing"
                if strokes_left == 0:
                    timer.cancel()
                    timer = threading.Timer(self._chance.uniform(0.0, LATEST_S), os.kill, (process, signal.SIGKILL))
                    timer.start()
                strokes_left -= 1
            if "releasing" in line:
                self._in_hand = "releasing"
            if "released" in line:
                self._last, self._in_hand = line["released"], ""
                self.tally.strokes += 1
        timer.cancel()
        if not last:
            self.tally.kills += 1
            self.tally.button_down += self._in_hand == "pressing"

    def _compare(self, found: dict[str, Any]) -> None:
        """The window opened again has every finished stroke, and of the one in hand nothing or the whole."""
        before = self._last
        if before is not None:
            finished = len(before["labels"])
            lost = max(0, finished - len(found["labels"])) + (self._in_hand != "" and len(found["labels"]) <= finished)
            self.tally.strokes_lost += lost
            self.tally.most_lost = max(self.tally.most_lost, lost)
            kept_in_hand = self._in_hand == "releasing" and found["labels"][:-1] == before["labels"]
            if found != before and not (kept_in_hand and found["position"] == finished + 1):
                self.tally.wrong.append(f"kill {self.tally.kills}: {finished} strokes, {len(found['labels'])} after it")
        self._last, self._in_hand = found, ""


def kill_while_painting(
    folder: Path, *, seed: int, kills: int, at_least: int = 0, longest_s: float = float("inf"), prologue: str = "pass"
) -> StrokeTally:
    """Kill the program so often in a stroke; when the time is over, only as often as is asked for at least."""
    end = time.monotonic() + longest_s
    painting = Painting(folder, seed=seed, prologue=prologue)
    while painting.tally.kills < (kills if time.monotonic() < end else at_least):
        painting.kill_once()
    painting.kill_once(last=True)
    painting.program.close(LONGEST_START_S)
    return painting.tally
