"""An interrupted upgrade leaves the older store as it was, byte by byte, until the newer one takes its place."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.store import open_store, upgrade
from app.store.connection import Access, connect
from app.store.events import Digest
from app.store.schema import NEWEST, version_of
from app.store.storage import StoreError
from tests.app.store.faults.failing import told_badly
from tests.app.store.faults.older_stores import VERSIONS, make_older
from tests.app.store.faults.power_cuts import fast_folder
from tests.app.store.faults.recording import Recording, crash_state
from tests.app.store.faults.shown import wrongs
from tests.app.store.faults.store_figure import store_figure
from tests.app.store.faults.use_cases import CourseOfWork
from tests.app.store.faults.watched_files import Act, Fault, odd_ends_of_copies, watched

SEED = 20261121
DATABASE = "store.sqlite"
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@dataclass(frozen=True)
class Older:
    """A store of an older version, and the events in it."""

    version: int
    folder: Path
    golden: dict[int, Digest]

    @property
    def content(self) -> bytes:
        return (self.folder / DATABASE).read_bytes()


@pytest.fixture(scope="module", params=VERSIONS)
def older(request: pytest.FixtureRequest) -> Iterator[Older]:
    with fast_folder() as place:
        folder = Path(place)
        storage = open_store(folder, who="Ada")
        course = CourseOfWork(storage)
        course.import_images()
        course.save_voi()
        course.sign()
        golden = {stored.sequence: stored.digest for stored in storage.events()}
        storage.close()
        make_older(folder, request.param)
        yield Older(request.param, folder, golden)


def version(folder: Path) -> int:
    connection = connect(Access(folder / DATABASE), guarded=False)
    try:
        return version_of(connection)
    finally:
        connection.close()


def test_that_a_store_of_every_older_version_is_upgraded(older: Older, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.copytree(older.folder, folder)
    assert version(folder) == older.version
    assert wrongs(folder, older.golden, max(older.golden)) == []
    assert version(folder) == NEWEST
    (kept,) = (folder / "backups").iterdir()
    connection = connect(Access(kept), guarded=False)
    assert version_of(connection) == older.version
    connection.close()


def upgrade_recorded(older: Older, folder: Path) -> Recording:
    shutil.copytree(older.folder, folder)
    recording = Recording(folder)
    with watched(recording):
        storage = open_store(folder, who="Ada")
        recording.acknowledged(0)
        storage.close()
    opened = [operation.kind for operation in recording.operations].index("acknowledged")
    recording.operations = recording.operations[:opened]
    return recording


def interrupted(older: Older, recording: Recording, states_of_each: int) -> tuple[int, int, list[str]]:
    """Power cuts before every operation: how many, how often the old store was there, and what was wrong."""
    chance = random.Random(SEED)
    number, untouched, found = 0, 0, []
    for point in range(len(recording.operations) + 1):
        for reached in (1.0, *(0.5,) * (states_of_each - 1)):
            state = crash_state(recording, point, chance, chance_to_reach=reached)
            with fast_folder() as place:
                folder = Path(place) / "store"
                state.write(folder)
                was_old = state.files[DATABASE] == older.content
                problems = wrongs(folder, older.golden, max(older.golden))
                if not was_old and version_in(state.files[DATABASE]) != NEWEST:
                    problems.append("the store is neither the old nor a new one")
                number, untouched = number + 1, untouched + was_old
                found += [f"before operation {point}: {text}" for text in problems]
    return number, untouched, found


def version_in(content: bytes) -> int:
    """The user version in the header of a database."""
    return int.from_bytes(content[60:64], "big")


def test_that_an_upgrade_cut_off_at_any_operation_leaves_the_old_store_or_the_new(older: Older, tmp_path: Path) -> None:
    number, untouched, found = interrupted(older, upgrade_recorded(older, tmp_path / "store"), 2)
    assert found == []
    assert number / 2 < untouched < number


@pytest.mark.long
def test_how_many_interrupted_upgrades_leave_the_old_store_or_the_new(older: Older, tmp_path: Path) -> None:
    number, untouched, found = interrupted(older, upgrade_recorded(older, tmp_path / "store"), 20)
    store_figure(
        f"store-upgrade-from-{older.version}", n=number, failures=len(found), seed=SEED, old_store_untouched=untouched
    )
    assert found == []


def failed_upgrade(older: Older, nth: int, fault: Fault, *, forever: bool) -> tuple[bool, list[str]]:
    """Whether the ``nth`` operation was there to fail; what was wrong afterwards."""
    count = 0

    def fail(act: Act, path: Path) -> Fault | None:
        nonlocal count
        count += 1
        return fault if count == nth or (count > nth and forever) else None

    with fast_folder() as place:
        folder = Path(place) / "store"
        shutil.copytree(older.folder, folder)
        found = []
        with watched(Recording(folder), fail):
            try:
                with odd_ends_of_copies():
                    open_store(folder, who="Ada").close()
            except StoreError as error:
                found += [text for text in [told_badly(error)] if text]
        content = (folder / DATABASE).read_bytes()
        if content != older.content and version_in(content) != NEWEST:
            found.append("the store is neither the old nor the new one")
        found += wrongs(folder, older.golden, max(older.golden))
        return count >= nth, [f"operation {nth}, {fault}, for ever: {forever}: {text}" for text in found]


def test_that_an_upgrade_with_a_failing_file_leaves_the_old_store_or_the_new(older: Older) -> None:
    faults: tuple[Fault, ...] = ("io", "full", "permission")
    nth, is_there, found = 0, True, []
    while is_there:
        nth += 1
        is_there, wrong = failed_upgrade(older, nth, faults[nth % len(faults)], forever=nth % 2 == 0)
        found += wrong
    assert nth > 50
    assert found == []


def test_that_an_upgrade_in_place_would_be_noticed(
    older: Older, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same search, with an upgrade that changes the old file itself in small steps."""

    def in_place(access: Access, *_: object, **__: object) -> None:
        connection = connect(access, guarded=False)
        connection.execute("CREATE TABLE half_done (number INTEGER)")
        connection.wal_checkpoint()
        connection.execute("DROP TABLE half_done")
        connection.close()
        raise StoreError("stopped", where=str(access.path), remedy="none")

    folder = tmp_path / "store"
    shutil.copytree(older.folder, folder)
    monkeypatch.setattr("app.store.opening.upgrade", in_place)
    assert upgrade.upgrade is not in_place
    with pytest.raises(StoreError, match="stopped"):
        open_store(folder, who="Ada")
    assert (folder / DATABASE).read_bytes() != older.content
