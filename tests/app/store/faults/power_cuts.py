"""Power cuts in the middle of real use cases: recorded once, then cut at any place, many times."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw
import pytest

from app.store import anchor, open_store, sqlite_storage
from app.store.events import Digest, StoredEvent
from app.store.storage import Storage, StoreError
from tests.app.store.faults.older_stores import VERSIONS, make_older
from tests.app.store.faults.recording import Recording, crash_state
from tests.app.store.faults.shown import wrongs
from tests.app.store.faults.use_cases import CourseOfWork
from tests.app.store.faults.watched_files import watched

Synchronous = Literal["FULL", "NORMAL", "OFF"]
UseCase = Callable[["Marking", CourseOfWork], object]
MEMORY = Path("/dev/shm")


def fast_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that needs no disk, where the system has one."""
    return tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)


class Marking:
    """A storage that notes in the recording what it was told to be durable."""

    def __init__(self, storage: Storage, recording: Recording) -> None:
        self._storage = storage
        self._recording = recording
        self.stored: list[StoredEvent] = []

    def append(self, *arguments: Any, **options: Any) -> Any:
        stored = self._storage.append(*arguments, **options)
        self._recording.acknowledged(stored[-1].sequence)
        self.stored += stored
        return stored

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


@dataclass(frozen=True)
class Run:
    """A use case as it went to the disk, and the digests of all events in the end."""

    name: str
    recording: Recording
    golden: Mapping[int, Digest]


def weaken(synchronous: Synchronous) -> None:
    """Make every open connection sync less than the store demands."""
    for connection in apsw.connections():
        connection.authorizer = None
        connection.pragma("synchronous", synchronous)


def _before(course: CourseOfWork) -> None:
    course.import_images()
    course.save_voi()
    course.sign()


def _import(storage: Marking, course: CourseOfWork) -> None:
    for number in range(3):
        CourseOfWork(storage, f"new-{number}", seed=number).import_images()


def _save_voi(storage: Marking, course: CourseOfWork) -> None:
    for _ in range(6):
        course.save_voi()
    course.undo()


def _sign(storage: Marking, course: CourseOfWork) -> None:
    for _ in range(3):
        course.sign()


def _supersede(storage: Marking, course: CourseOfWork) -> None:
    for _ in range(3):
        course.supersede()


USE_CASES: dict[str, UseCase] = {
    "import": _import,
    "save VOI": _save_voi,
    "sign": _sign,
    "supersede": _supersede,
    "migrate": _save_voi,
}
"""What is done after the store was opened; for ``migrate`` that is one of the oldest version."""


@contextlib.contextmanager
def small_files() -> Iterator[None]:
    """A few events fill the files, so that a short run has the checkpoints and the shortened anchor of a long day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_storage, "PAGES_BETWEEN_CHECKPOINTS", 16)
        patch.setattr(anchor, "_LARGEST_BYTES", 800)
        patch.setattr(anchor, "_KEPT_LINES", 4)
        yield


def kept_events(folder: Path) -> int:
    """Number of the last event in the database, by its own word; 0 if it can't be read."""
    try:
        connection = apsw.Connection(str(folder / "store.sqlite"))
        row = connection.execute("SELECT max(sequence) FROM event").fetchone()
        connection.close()
    except apsw.Error:
        return 0
    return 0 if row is None or row[0] is None else int(row[0])


def recorded(name: str, synchronous: Synchronous = "FULL") -> Run:
    """Do a use case on a store that has a course already, watched; the store is closed at the end."""
    with fast_folder() as place:
        folder = Path(place)
        course = CourseOfWork(open_store(folder, who="Ada"))
        _before(course)
        course.storage.close()
        if name == "migrate":
            make_older(folder, VERSIONS[0])
        recording = Recording(folder)
        recording.acknowledged(course.last)
        with small_files(), watched(recording):
            storage = open_store(folder, who="Ada")
            if synchronous != "FULL":
                weaken(synchronous)
            marking = Marking(storage, recording)
            USE_CASES[name](marking, course.resumed(marking))
            golden = {stored.sequence: stored.digest for stored in storage.events()}
            storage.close()
        return Run(name, recording, golden)


@dataclass
class Tally:
    """States that were looked at, and the faults among them by their kind."""

    states: int = 0
    bad: int = 0
    wrongs: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """States in which something acknowledged was missing."""
        return self.wrongs["acknowledged event"]


def cut(run: Run, states: int, seed: int, tally: Tally) -> None:
    """Cut the power so many times, evenly over the run, and look at what is left each time."""
    chance = random.Random(f"{seed} {run.name}")
    for number in range(states):
        point = round((number + chance.random()) * (len(run.recording.operations) + 1) / states - 0.5)
        state = crash_state(run.recording, point, chance)
        folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        try:
            state.write(folder)
            found = wrongs(folder, run.golden, state.acknowledged)
        except StoreError as error:
            found = [f"refused: {error}".replace(str(folder), "…")]
            if kept_events(folder) < state.acknowledged:
                found.append(f"acknowledged event {state.acknowledged} is lost")
        finally:
            shutil.rmtree(folder)
        tally.states += 1
        tally.bad += bool(found)
        tally.wrongs.update({" ".join(text.split()[:2]) for text in found})
        if found:
            tally.examples.append(f"{run.name}, before operation {point}: {found[0]}")
