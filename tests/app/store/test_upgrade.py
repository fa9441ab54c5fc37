"""Every older store is upgraded on a copy; interrupted at any point, the old files are as they were."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from app.store import copying, files, open_store, schema, upgrade
from app.store.connection import Access, connect
from app.store.file_lock import FileLock
from app.store.schema import NEWEST
from app.store.storage import StoreDamagedError, StoreError
from app.store.upgrade import rehearse_upgrade, row_digests
from dosimetry_core.progress import Cancelled, no_progress
from tests.app.store.older_stores import make_older
from tests.app.store.store_events import edited

OLDER = range(1, NEWEST)


class Interrupted(BaseException):
    """As a killed process: nothing catches it."""


def old_files(folder: Path) -> dict[str, bytes]:
    """The database, and what is only in its ``-wal`` file; one without content says nothing."""
    names = ("store.sqlite", "store.sqlite-wal")
    content = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    return {name: kept for name, kept in content.items() if kept}


def record(folder: Path) -> tuple[dict[str, str], int]:
    connection = connect(Access(folder / "store.sqlite"), read_only=True, guarded=False)
    try:
        return row_digests(connection, events=20), schema.version_of(connection)
    finally:
        connection.close()


@pytest.mark.parametrize("in_wal", [False, True])
@pytest.mark.parametrize("version", OLDER)
def test_that_every_older_version_is_upgraded_with_all_rows_as_they_were(
    tmp_path: Path, version: int, in_wal: bool
) -> None:
    folder = make_older(tmp_path / "store", version, in_wal=in_wal)
    before, _ = record(folder)
    store = open_store(folder, who="Marie")
    assert record(folder) == (before, NEWEST)
    told = [stored.event for stored in store.events(after=20)]
    assert told[0].kind == "store-migrated"
    assert (told[0].who, told[0].old, told[0].new) == ("Marie", f"version {version}", f"version {NEWEST}")
    assert store.check(progress=no_progress).problems == ()
    store.keep_view_note("a", b"x")
    (kept,) = (folder / "backups").iterdir()
    assert kept.name.startswith(f"store-v{version}-2")
    assert kept.name == told[0].data["kept"]
    connection = connect(Access(kept), read_only=True, guarded=False)
    assert row_digests(connection, events=20) == before
    assert schema.version_of(connection) == version
    connection.close()
    store.close()
    assert list(folder.glob("store.sqlite.*")) == []


def test_that_versions_are_numbered_and_each_adds_something() -> None:
    shapes = [schema.shape_of_version(number) for number in range(NEWEST + 1)]
    assert all(before < after for before, after in itertools.pairwise(shapes))
    assert NEWEST >= 2


ACTS: tuple[tuple[Any, str], ...] = (
    (files, "make_file"),
    (files, "sync_file"),
    (files, "append_to"),
    (files, "rename_to_free"),
    (files, "rename"),
    (copying, "connect"),
    (copying, "check_database"),
    (upgrade, "connect"),
    (upgrade, "migrate"),
    (upgrade, "append_event"),
    (upgrade, "row_digests"),
    (upgrade, "check_database"),
    (upgrade, "put_in_place"),
)


def interrupting(acts: tuple[tuple[Any, str], ...], patched: pytest.MonkeyPatch, at: int, error: BaseException) -> None:
    """Make the acts fail at their n-th call, all counted together, and for ever after."""
    calls = 0

    def failing(act: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls >= at:
                raise error
            return act(*values, **options)

        return call

    for place, name in acts:
        patched.setattr(place, name, failing(getattr(place, name)))


@pytest.mark.parametrize("in_wal", [False, True])
@pytest.mark.parametrize("error", [Interrupted(), OSError(5, "Input/output error")], ids=["killed", "disk"])
def test_that_an_interrupted_upgrade_leaves_the_old_files_as_they_were(
    tmp_path: Path, error: BaseException, in_wal: bool
) -> None:
    original = make_older(tmp_path / "original", 1, events=20, in_wal=in_wal)
    before, bytes_before = record(original)[0], old_files(original)
    done, at, finished, brought_in = False, 0, 0, 0
    while not done:
        at += 1
        folder = tmp_path / f"at {at}"
        shutil.copytree(original, folder)
        with pytest.MonkeyPatch.context() as patched:
            interrupting(ACTS, patched, at, error)
            try:
                open_store(folder, who="Ada").close()
                done = True
            except (Interrupted, StoreError):
                rows, version = record(folder)
                assert rows == before
                finished += version == NEWEST
                if version == 1 and old_files(folder) != bytes_before:
                    brought_in += 1
        store = open_store(folder, who="Ada")
        assert record(folder) == (before, NEWEST)
        assert store.check(progress=no_progress).problems == ()
        assert next(store.events(after=20)).event.kind == "store-migrated"
        store.close()
        assert list(folder.glob("store.sqlite.*")) == []
        shutil.rmtree(folder)
    # Once the checked copy has taken the place, only the anchor is left to be told.
    assert finished <= 3
    # What was in the -wal file only is brought into the old file just before: one step, and the same rows.
    assert brought_in <= in_wal
    assert at > 20


@pytest.mark.parametrize("in_wal", [False, True])
def test_that_a_kill_while_the_copy_takes_its_place_loses_nothing(tmp_path: Path, in_wal: bool) -> None:
    original = make_older(tmp_path / "original", 1, in_wal=in_wal)
    before, _ = record(original)
    acts = ((upgrade, "connect"), (files, "remove"), (files, "sync_folder"), (files, "rename"), (files, "sync_file"))
    done, versions = False, set()
    at = 0
    while not done:
        at += 1
        folder = tmp_path / f"at {at}"
        shutil.copytree(original, folder)
        with pytest.MonkeyPatch.context() as patched:
            interrupting(acts, patched, at, Interrupted())
            # What a killed process does not do any more.
            patched.setattr(upgrade, "discard", lambda copy: None)
            try:
                open_store(folder, who="Ada").close()
                done = True
            except Interrupted:
                rows, version = record(folder)
                assert rows == before
                versions.add(version)
        open_store(folder, who="Ada").close()
        assert record(folder) == (before, NEWEST)
        shutil.rmtree(folder)
    assert versions == {1, NEWEST}


def test_that_a_damaged_older_store_is_not_upgraded(tmp_path: Path) -> None:
    folder = make_older(tmp_path / "store", 1)
    connection = apsw.Connection(str(folder / "store.sqlite"))
    connection.execute("DROP TRIGGER event_not_changed")
    connection.execute("UPDATE event SET body = replace(body, '142.0', '149.0') WHERE sequence = 7")
    connection.close()
    before = old_files(folder)
    with pytest.raises(StoreDamagedError, match="is damaged"):
        open_store(folder, who="Ada")
    assert old_files(folder) == before
    assert list((folder / "backups").iterdir()) == []


def test_that_an_upgrade_that_changes_a_row_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_older(tmp_path / "store", 1)
    before = old_files(folder)
    spoiling = (
        "DROP TRIGGER object_not_changed",
        "UPDATE object SET size = size + 1 WHERE number = 3",
        *schema.VERSIONS[1],
    )
    monkeypatch.setattr(schema, "VERSIONS", (schema.VERSIONS[0], spoiling))
    with pytest.raises(StoreDamagedError, match="changed what was kept; it was not used"):
        open_store(folder, who="Ada")
    assert old_files(folder) == before


def test_that_an_older_store_the_anchor_disproves_is_not_upgraded(tmp_path: Path) -> None:
    folder = make_older(tmp_path / "store", 1)
    (folder / "anchor").write_text(f"90 {'a' * 64} 2026-01-01T00:00:00.000000Z\n")
    before = old_files(folder)
    with pytest.raises(StoreDamagedError, match="older copy"):
        open_store(folder, who="Ada")
    assert old_files(folder) == before


def test_that_nothing_is_upgraded_under_another_window(tmp_path: Path) -> None:
    folder = make_older(tmp_path / "store", 1)
    other = FileLock(folder / "instances" / ("a" * 32))
    assert other.take()
    before = old_files(folder)
    with pytest.raises(StoreError, match=r"another window.*close the other windows"):
        open_store(folder, who="Ada")
    assert old_files(folder) == before
    other.give_back()
    open_store(folder, who="Ada").close()


def test_that_an_older_store_is_not_opened_for_reading_only(tmp_path: Path) -> None:
    folder = make_older(tmp_path / "store", 1)
    with pytest.raises(StoreError, match=r"older version \(1, now"):
        open_store(folder, who="Ada", read_only=True)


def test_that_an_upgrade_can_be_stopped(tmp_path: Path) -> None:
    def stop(fraction: float, message: str) -> None:
        if fraction > 0.5:
            raise Cancelled

    folder = make_older(tmp_path / "store", 1)
    before = old_files(folder)
    with pytest.raises(Cancelled):
        open_store(folder, who="Ada", progress=stop)
    assert old_files(folder) == before


# --- rehearsal --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_wal", [False, True])
def test_that_a_rehearsal_says_what_it_found_and_leaves_the_store_alone(tmp_path: Path, in_wal: bool) -> None:
    folder = make_older(tmp_path / "store", 1, in_wal=in_wal)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = old_files(folder)
    rehearsal = rehearse_upgrade(folder, scratch=scratch)
    assert rehearsal.text().startswith(f"a copy went from version 1 to {NEWEST} in ")
    assert "20 events and 18 objects are as before" in rehearsal.text()
    assert old_files(folder) == before
    assert list(scratch.iterdir()) == []


def test_that_a_rehearsal_of_a_newest_store_says_so(tmp_path: Path) -> None:
    store = open_store(tmp_path, who="Ada")
    store.append([edited()])
    assert f"has version {NEWEST} already; in a copy 2 events" in rehearse_upgrade(tmp_path).text()
    store.close()


def test_that_a_rehearsal_finds_what_would_stop_the_upgrade(tmp_path: Path) -> None:
    folder = make_older(tmp_path / "store", 1)
    connection = apsw.Connection(str(folder / "store.sqlite"))
    connection.execute("CREATE TABLE view_note(x)")
    connection.close()
    with pytest.raises(StoreError):
        rehearse_upgrade(folder)
    with pytest.raises(StoreError, match="there is no store"):
        rehearse_upgrade(tmp_path)
