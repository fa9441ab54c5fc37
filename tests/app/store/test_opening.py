"""Opening a store: made private and durable, or refused in words with nothing changed."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest

from app.store import files, open_store, opening
from app.store.connection import Access, connect
from app.store.database_faults import store_error
from app.store.file_lock import FileLock
from app.store.storage import StoreDamagedError, StoreError
from dosimetry_core.progress import no_progress
from tests.app.store.store_events import created, digest_of, edited, objects_of

posix = pytest.mark.skipif(sys.platform == "win32", reason="access rights of Windows are of another kind")


def snapshot(folder: Path) -> dict[str, bytes]:
    """All files but locks and shared memory."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock" and not path.name.endswith("-shm")
    }


def filled(folder: Path, events: int = 3) -> Path:
    store = open_store(folder, who="Ada")
    store.append([created()], objects=objects_of(b"x"))
    for number in range(events):
        store.append([edited(number=number)])
    store.close()
    return folder


@posix
def test_that_only_the_user_can_enter_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "of the user" / "lutetia"
    store = open_store(folder, who="Ada")
    store.append([created()])
    folders = [folder, *(path for path in folder.iterdir() if path.is_dir())]
    assert {path.name for path in folders} == {"lutetia", "instances", "images", "backups", "logs", "reports"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert {"store.sqlite", "store.sqlite-wal", "anchor"} <= {path.name for path in kept}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    store.close()


def test_that_every_store_has_its_own_name(tmp_path: Path) -> None:
    names = set()
    for name in ("one", "two"):
        store = open_store(tmp_path / name, who="Ada")
        (first,) = store.events()
        assert (first.event.who, first.event.kind) == ("Ada", "store-created")
        names.add(first.event.data["store"])
        store.close()
    assert len(names) == 2
    assert all(len(name) == 32 for name in names)


def test_that_durable_settings_are_in_force(tmp_path: Path) -> None:
    store = open_store(tmp_path, who="Ada")
    connection = connect(store.access, guarded=False)
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("fullfsync") == connection.pragma("checkpoint_fullfsync") == 1
    assert connection.pragma("recursive_triggers") == 1
    assert connection.pragma("trusted_schema") == 0
    connection.close()
    store.close()


def test_that_the_interface_is_known_without_the_database_library() -> None:
    program = (
        "import sys, app.store, app.store.events, app.store.storage; "
        "assert not {'apsw', 'PySide6'} & set(sys.modules); "
        "import app.store.restoring; assert 'PySide6' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], check=True)


# --- what is not a store ----------------------------------------------------------------------------------------------


def refused(folder: Path, kind: type[StoreError] = StoreError, **options: Any) -> str:
    """The message of a store that is refused, with every file as it was."""
    before = snapshot(folder) if folder.is_dir() else {}
    with pytest.raises(StoreError) as error:
        open_store(folder, who="Ada", **options).close()
    assert type(error.value) is kind
    assert error.value.where
    assert error.value.remedy
    if before:
        after = snapshot(folder)
        assert {name: after.get(name) for name in before} == before
    return error.value.line()


def test_that_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"patient list\n" * 1000)
    assert "store.sqlite: is not a database" in refused(tmp_path, StoreDamagedError)


def test_that_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "store.sqlite"))
    connection.execute("CREATE TABLE bookmark(a)")
    connection.close()
    assert "not of Lutetia" in refused(tmp_path)


def test_that_a_newer_store_is_refused_in_words(tmp_path: Path) -> None:
    filled(tmp_path)
    connection = apsw.Connection(str(tmp_path / "store.sqlite"))
    connection.pragma("user_version", 99)
    connection.close()
    message = refused(tmp_path)
    assert "newer Lutetia (store version 99" in message
    assert "nothing was changed" in message
    assert "newer Lutetia" in refused(tmp_path, read_only=True)


@pytest.mark.parametrize("place", ["schema", "everything behind", "short"])
def test_that_a_damaged_database_is_refused(tmp_path: Path, place: str) -> None:
    path = filled(tmp_path, 40) / "store.sqlite"
    content = bytearray(path.read_bytes())
    if place == "schema":
        content[100:4096] = bytes(3996)
    elif place == "everything behind":
        content[4096:] = bytes(len(content) - 4096)
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    assert "store.sqlite: " in refused(tmp_path, StoreDamagedError)


@pytest.mark.parametrize("left", [None, b""])
def test_that_no_new_store_is_begun_where_one_was(tmp_path: Path, left: bytes | None) -> None:
    path = filled(tmp_path) / "store.sqlite"
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    message = refused(tmp_path, StoreDamagedError)
    assert "the store is gone: the anchor knows 5 events" in message
    assert path.exists() == (left is not None)


def test_that_changes_that_lost_their_store_are_not_thrown_away(tmp_path: Path) -> None:
    live, left = tmp_path / "live", tmp_path / "left"
    store = open_store(live, who="Ada")
    store.append([created()])
    left.mkdir()
    shutil.copy(live / "store.sqlite-wal", left)
    store.close()
    assert "store.sqlite-wal still holds changes" in refused(left, StoreDamagedError)


def test_that_reading_only_needs_a_store_and_makes_none(tmp_path: Path) -> None:
    assert "there is no store" in refused(tmp_path / "nowhere", read_only=True)
    assert "there is no store" in refused(tmp_path, read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_that_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(StoreError, match=r"3\.51\.2.*can spoil a store.*3\.51\.3 or newer"):
        open_store(tmp_path, who="Ada")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.3")
    open_store(tmp_path, who="Ada").close()


def test_that_a_network_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.file_system.network_type", lambda folder: "nfs4")
    assert "network file system (nfs4)" in refused(tmp_path / "share")
    assert list(tmp_path.iterdir()) == []


def test_that_nobody_works_unnamed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="who is working"):
        open_store(tmp_path, who=" ")


# --- rights, room, other windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "no permission"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "can't be written"),
        (errno.EIO, "failed to read or write"),
    ],
)
@pytest.mark.parametrize("act", ["make_folder", "make_file"])
def test_that_a_file_that_can_not_be_made_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str, number: int, words: str
) -> None:
    def fail(path: Path, **_: Any) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(files, act, fail)
    with pytest.raises(StoreError, match=words) as error:
        open_store(tmp_path / "new", who="Ada")
    assert str(tmp_path) in error.value.where
    monkeypatch.undo()
    open_store(tmp_path / "new", who="Ada").close()


def test_that_a_file_in_the_place_of_the_folder_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file: "):
        open_store(tmp_path / "file", who="Ada")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (apsw.IOError("x"), "the disk failed"),
        (apsw.FullError("x"), "the disk is full"),
        (apsw.CantOpenError("x"), "can't be opened"),
        (apsw.ReadOnlyError("x"), "can't be written"),
        (apsw.BusyError("x"), "another window is writing"),
        (apsw.AuthError("x"), "does not allow"),
        (apsw.NoMemError("x"), "not enough memory"),
        (MemoryError(), "not enough memory"),
        (apsw.SQLError("x"), "the program failed"),
    ],
)
def test_that_every_fault_of_the_database_has_words_and_a_remedy(
    tmp_path: Path, fault: BaseException, words: str
) -> None:
    told = store_error(fault, tmp_path / "store.sqlite", "writing")
    assert words in told.what
    assert "while writing" in told.what
    assert told.where == str(tmp_path / "store.sqlite")
    assert told.remedy


def test_that_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.file_system.free_bytes", lambda folder: 2**20)
    store = open_store(tmp_path, who="Ada")
    assert "only 1 MiB are free" in store.warnings[0]
    store.close()


def test_that_only_one_process_opens_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)
    lock = FileLock(tmp_path / "instances" / "opening.lock")
    assert lock.take()
    monkeypatch.setattr(opening, "_OPENING_WAIT_S", 0.05)
    assert "another Lutetia is opening" in refused(tmp_path)
    lock.give_back()
    open_store(tmp_path, who="Ada").close()


@posix
@pytest.mark.parametrize("act", ["moved", "deleted", "replaced"])
def test_that_nothing_is_written_to_a_file_that_is_no_longer_the_store(tmp_path: Path, act: str) -> None:
    folder = filled(tmp_path / "store")
    shutil.copy(folder / "store.sqlite", tmp_path / "older")
    store = open_store(folder, who="Ada")
    path = folder / "store.sqlite"
    if act == "moved":
        path.rename(tmp_path / "elsewhere")
    elif act == "deleted":
        path.unlink()
    else:
        os.replace(tmp_path / "older", path)
    for _ in range(2):
        with pytest.raises(StoreError, match="moved, deleted or replaced"):
            store.append([edited(number=99)])
    store.close()


def test_that_a_store_where_nothing_can_be_written_is_read(tmp_path: Path) -> None:
    folder = filled(tmp_path / "store")
    moved = tmp_path / "medium"
    moved.mkdir()
    shutil.copy(folder / "store.sqlite", moved)
    connection = connect(Access(moved / "store.sqlite", unchanging=True), read_only=True)
    assert connection.execute("SELECT count(*) FROM event").fetchall() == [(5,)]
    assert [path.name for path in moved.iterdir()] == ["store.sqlite"]
    connection.close()


# --- after a fault ----------------------------------------------------------------------------------------------------


def test_that_a_failed_write_leaves_the_store_as_it_was_and_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path, who="Ada")
    store.append([created()])
    head = store.head()

    def fail(*_: object, **__: object) -> None:
        raise apsw.FullError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("app.store.sqlite_storage.append_event", fail)
        with pytest.raises(StoreError, match="disk is full"):
            store.append([edited()], objects=objects_of(b"half"))
    assert store.head() == head
    assert not store.has(digest_of(b"half"))
    store.append([edited()])
    assert store.check(progress=no_progress).problems == ()
    store.close()


def test_that_a_stop_in_the_middle_of_a_write_keeps_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path, who="Ada")

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("app.store.sqlite_storage.append_event", stop)
        with pytest.raises(KeyboardInterrupt):
            store.append([created()], objects=objects_of(b"half"))
    assert not store.has(digest_of(b"half"))
    store.append([created()])
    store.close()


def test_that_what_was_written_is_brought_into_the_file_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.sqlite_storage.PAGES_BETWEEN_CHECKPOINTS", 5)
    store = open_store(tmp_path, who="Ada")
    for number in range(60):
        store.append([edited(number=number)])
    wal = tmp_path / "store.sqlite-wal"
    assert wal.stat().st_size < 30 * 4096
    store.close()
    assert not wal.exists()


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX systems")
def test_that_a_folder_that_was_open_to_others_is_private_once_it_holds_a_store(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    open_store(folder, who="A").close()
    assert folder.stat().st_mode & 0o777 == 0o700
