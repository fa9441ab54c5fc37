"""Kills the whole program at random moments, and looks at what it left: see `working_window`."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.plans.identity import new_identity
from app.store import open_store
from app.store.case_tree import CaseTree, image_references
from app.store.course_file import import_course
from app.store.course_history import replayed
from app.store.events import Head
from app.store.storage import Storage, StoreError
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.progress import no_progress
from tests.app.store.faults.killed_program import KilledProgram
from tests.app.store.faults.power_cuts import fast_folder
from tests.app.store.faults.working_window import PASSPHRASE, state
from tests.small_study import write_small_case

LONGEST_START_S = 120.0


@dataclass
class Tally:
    """Kills, changes that had been called saved, and what was wrong afterwards."""

    kills: int = 0
    while_starting: int = 0
    saved: int = 0
    files: int = 0
    wrong: list[str] = field(default_factory=list)


class Program:
    """The program with a data folder, started again after every kill."""

    def __init__(self, folder: Path, *, seed: int, prologue: str = "pass") -> None:
        self.data, self.out = folder / "data", folder / "out"
        self.out.mkdir()
        identity, case = folder / "identity.p12", write_small_case(folder / "case")
        new_identity("Test physicist", "physicist", identity, PASSPHRASE)
        self._chance = random.Random(seed)
        self.program = KilledProgram(
            "tests.app.store.faults.working_window", self.data, case, self.out, identity, prologue=prologue
        )
        self._saved: dict[str, Any] | None = None
        self.tally = Tally()

    def kill_once(self) -> None:
        """Start, let it work for a while, kill, and look."""
        kept = self._kept_stack()
        lines = self.program.started(self._chance.random())
        process = next(lines)["process"]
        in_start = self._chance.random() < 0.15
        timer = threading.Timer(self._chance.uniform(0.05, 1.5) if in_start else LONGEST_START_S, _kill, [process])
        timer.start()
        for line in lines:
            if "ended" in line:
                if not line["killed"]:
                    self.tally.wrong.append("the program ended by itself")
                break
            if line.get("restored", kept) != kept:
                self.tally.wrong.append("the window shows another undo stack than was kept")
            if "opened" in line and not in_start:
                timer.cancel()
                timer = threading.Timer(self._chance.uniform(0.0, 2.5), _kill, [process])
                timer.start()
            for name in ("opened", "saved"):
                self._saved = line.get(name, self._saved)
            self.tally.saved += "saved" in line
        timer.cancel()
        self.tally.kills += 1
        self.tally.while_starting += in_start
        self.tally.wrong += self._wrong()

    def _kept_stack(self) -> dict[str, Any]:
        """The undo stack that the store has; none where there is no course yet."""
        if not (self.data / "store.sqlite").exists():
            return {"labels": [], "position": 0}
        storage = open_store(self.data, who="Parent", read_only=True)
        try:
            history = replayed(stored.event for stored in storage.events() if stored.event.course_id is not None)
        finally:
            storage.close()
        return {"labels": [step.label for step in history.steps], "position": history.position}

    def _wrong(self) -> list[str]:
        if not (self.data / "store.sqlite").exists():
            return [] if self._saved is None else ["the store is gone"]
        # The next start tells the anchor what the killed program had no time for.
        open_store(self.data, who="Parent").close()
        storage = open_store(self.data, who="Parent", read_only=True)
        try:
            found = list(storage.check(progress=no_progress).problems)
            found += self._lost(storage) + _undecodable(storage) + self._half_files(storage)
        finally:
            storage.close()
        return [f"kill {self.tally.kills}: {text}" for text in found]

    def _lost(self, storage: Storage) -> list[str]:
        """The last change that was called saved is there, with the undo stack of that moment."""
        saved = self._saved
        if saved is None:
            return []
        events = [stored for stored in storage.events() if stored.sequence <= saved["sequence"]]
        if not events or (events[-1].sequence, events[-1].digest) != (saved["sequence"], saved["digest"]):
            return [f"the saved change {saved['sequence']} is lost"]
        history = replayed(stored.event for stored in events if stored.event.course_id is not None)
        there = state(Head(saved["sequence"], saved["digest"]), history)
        return [] if there == saved else ["the undo stack of the last saved change is another one"]

    def _half_files(self, storage: Storage) -> list[str]:
        plans = {
            stored.event.data["file_sha256"]
            for stored in storage.events()
            if stored.event.kind in ("plan-signed", "plan-approved")
        }
        found = []
        for path in sorted(self.out.iterdir()):
            if path.name.startswith(".unfinished"):
                path.unlink()
                continue
            self.tally.files += 1
            content = path.read_bytes()
            if path.suffix == ".pdf" and sha256_hex(content) not in plans:
                found.append(f"{path.name} is no plan that the store knows")
            if path.suffix == ".json" and not _is_json(content):
                found.append(f"{path.name} is half a file")
            if path.suffix == ".lutetia" and not _is_course(path):
                found.append(f"{path.name} is half a file")
            path.unlink()
        return found


def _kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _is_course(path: Path) -> bool:
    with fast_folder() as place:
        storage = open_store(Path(place), who="Parent")
        try:
            import_course(storage, path, who="Parent")
        except StoreError:
            return False
        finally:
            storage.close()
    return True


def _undecodable(storage: Storage) -> list[str]:
    """Events whose case can't be read whole; images stand in with zeros."""
    tree, kept, found = CaseTree(), [], []
    for root in {stored.event.case for stored in storage.events() if stored.event.case is not None}:
        images = {
            reference.array_digest: np.zeros(reference.shape, reference.dtype)
            for reference in image_references(root, storage.get)
        }
        try:
            kept.append(tree.decode(root, storage.get, images))
        except Exception as error:
            found.append(f"case {root[:8]}: {error}")
    return found


def kill(
    folder: Path, *, seed: int, kills: int, at_least: int = 0, longest_s: float = float("inf"), prologue: str = "pass"
) -> Tally:
    """Kill the program so often; when the time is over, only as often as is asked for at least."""
    end = time.monotonic() + longest_s
    worker = Program(folder, seed=seed, prologue=prologue)
    while worker.tally.kills < (kills if time.monotonic() < end else at_least):
        worker.kill_once()
    worker.program.close(LONGEST_START_S)
    return worker.tally
