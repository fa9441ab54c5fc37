"""One file operation of a use case fails, once or for ever: what the program says, and what is left."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.store import open_store
from app.store.checking import check_database
from app.store.connection import Access
from app.store.events import Event
from app.store.storage import StoreError
from dosimetry_core.progress import no_progress
from tests.app.small_values import START
from tests.app.store.faults.older_stores import VERSIONS, make_older
from tests.app.store.faults.power_cuts import Marking, fast_folder, small_files
from tests.app.store.faults.recording import Recording
from tests.app.store.faults.shown import wrongs
from tests.app.store.faults.use_cases import CourseOfWork
from tests.app.store.faults.watched_files import Act, Fault, odd_ends_of_copies, watched

FAULTS: tuple[Fault, ...] = ("io", "full", "permission", "interrupted")
Group = Literal["write", "sync", "open", "rename, truncate, delete"]
GROUPS: tuple[Group, ...] = ("write", "sync", "open", "rename, truncate, delete")


@dataclass(frozen=True)
class Failure:
    """The ``nth`` operation of a group (from 1) fails; all later ones too if ``forever``."""

    group: Group
    nth: int
    fault: Fault
    forever: bool


class Failing:
    """Asked before every operation; see `watched`."""

    def __init__(self, failure: Failure | None) -> None:
        self._failure = failure
        self.counts: Counter[Group] = Counter()
        self.is_forever = failure is not None and failure.forever
        self.has_struck = False

    def __call__(self, act: Act, path: Path) -> Fault | None:
        group = next(name for name in GROUPS if act in name)
        self.counts[group] += 1
        if self._failure is None or group != self._failure.group:
            return None
        number = self.counts[group]
        if number == self._failure.nth or (number > self._failure.nth and self._failure.forever):
            self.has_struck = True
            return self._failure.fault
        return None


COPY = "backups/copy.sqlite"
FaultyCase = Callable[[Marking, CourseOfWork], None]


def _import(storage: Marking, course: CourseOfWork) -> None:
    for number in range(4):
        CourseOfWork(storage, f"new-{number}", seed=number).import_images()


def _edit(storage: Marking, course: CourseOfWork) -> None:
    for _ in range(4):
        course.save_voi()
        course.undo()


def _edit_once(storage: Marking, course: CourseOfWork) -> None:
    course.save_voi()


def _sign(storage: Marking, course: CourseOfWork) -> None:
    for _ in range(4):
        course.supersede()


def _back_up(storage: Marking, course: CourseOfWork) -> None:
    storage.back_up(storage.folder / COPY, progress=no_progress)


USE_CASES: dict[str, FaultyCase] = {
    "import": _import,
    "edit": _edit,
    "sign and supersede": _sign,
    "backup": _back_up,
    "migrate": _edit,
}
"""What is done after the store was opened; for ``migrate`` that is one of the oldest version."""

PYTHON_WORDS = re.compile(r"the program failed|Error\b|Errno|Traceback|<[a-z]+ |object at|None\b|\{|\[")


def told_badly(error: StoreError) -> str | None:
    """Why a message is not one a user can act on; None if it is."""
    if not error.where.strip() or not error.remedy.strip() or not error.what.strip():
        return f"a message without a place, a fault or a remedy: {error.line()!r}"
    if PYTHON_WORDS.search(error.line().replace(error.where, "")):
        return f"a message in the program's words: {error.line()!r}"
    return None


class Stage:
    """A store with a course, copied anew for every failure."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.told = 0
        """How often the store said that something failed."""
        self._course = CourseOfWork(open_store(folder, who="Ada"))
        self._course.import_images()
        self._course.save_voi()
        self._course.sign()
        self._golden = {stored.sequence: stored.digest for stored in self._course.storage.events()}
        self._course.storage.close()

    def counts(self, name: str) -> Counter[Group]:
        """How many operations of each group a use case has, opening and closing included; it must succeed."""
        failing = Failing(None)
        assert self._run(name, failing) == []
        return failing.counts

    def wrong(self, name: str, failure: Failure) -> list[str]:
        """What was wrong with what was said, or with what was left."""
        failing = Failing(failure)
        found = self._run(name, failing)
        assert failing.has_struck
        return [f"{name}, {failure}: {text}" for text in found]

    @contextlib.contextmanager
    def _told_well(self, found: list[str]) -> Iterator[None]:
        """A store error within is allowed if a user can act on it."""
        try:
            with odd_ends_of_copies():
                yield
        except StoreError as error:
            self.told += 1
            found.extend(text for text in [told_badly(error)] if text)
        except Exception as error:
            found.append(f"raised {error!r}")

    def _run(self, name: str, failing: Failing) -> list[str]:
        found: list[str] = []
        with fast_folder() as place:
            folder = Path(place) / "store"
            shutil.copytree(self._folder, folder)
            if name == "migrate":
                make_older(folder, VERSIONS[0])
            recording = Recording(folder)
            golden = dict(self._golden)
            with small_files(), watched(recording, failing), self._told_well(found):
                storage = open_store(folder, who="Ada")
                marking = Marking(storage, recording)
                with self._told_well(found), contextlib.closing(storage):
                    try:
                        USE_CASES[name](marking, self._course.resumed(marking))
                    except StoreError:
                        if not failing.is_forever:
                            found += goes_on(marking)
                        raise
                    finally:
                        golden |= {stored.sequence: stored.digest for stored in marking.stored}
            try:
                return found + wrongs(folder, golden, max(golden)) + wrong_copy(folder)
            except StoreError as error:
                return [*found, f"can't be opened afterwards: {error.line()}"]


def goes_on(storage: Marking) -> list[str]:
    """After one failure: the next append succeeds, or the store says that it has to be opened again."""
    try:
        storage.append([Event("course-opened", "course-1", "Ada", "Open", START)])
    except StoreError as error:
        return [] if "open" in error.line() else [f"does not go on, and does not say how: {error.line()}"]
    return []


def wrong_copy(folder: Path) -> list[str]:
    """A backup is there whole, or not at all."""
    copy = folder / COPY
    if not copy.exists():
        return []
    return [
        f"the copy: {problem}" for problem in check_database(Access(copy), anchor=None, progress=no_progress).problems
    ]
