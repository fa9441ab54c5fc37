"""A backup holds all, a damaged one is refused before anything is touched, and a restore is no roll-back."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw
import pytest

from app.store import copying, open_store, restoring
from app.store.anchor import Anchor
from app.store.copying import sealed_digest
from app.store.file_lock import FileLock
from app.store.restoring import restore
from app.store.sqlite_storage import SqliteStorage
from app.store.storage import StoreDamagedError, StoreError
from dosimetry_core.progress import Cancelled, no_progress
from tests.app.store.older_stores import make_older
from tests.app.store.store_events import created, digest_of, edited, objects_of

SEED = 20261121
CONTENT = b"mask " * 3000


def filled(folder: Path, *, events: int = 12) -> SqliteStorage:
    store = open_store(folder, who="Ada")
    store.append([created()], objects=objects_of(CONTENT))
    for number in range(events):
        case = b'{"node":%d}' % number
        store.append([edited(number=number, case=digest_of(case))], objects=objects_of(case))
    return store


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 14 events, its backup beside it, and three events since; closed."""
    folder = tmp_path_factory.mktemp("original") / "store"
    store = filled(folder)
    store.back_up(folder.parent / "backup", progress=no_progress)
    for number in range(3):
        store.append([edited("since", number)])
    store.close()
    return folder


@pytest.fixture
def store_and_backup(original: Path, tmp_path: Path) -> tuple[Path, Path]:
    shutil.copytree(original, tmp_path / "store")
    shutil.copy(original.parent / "backup", tmp_path / "backup")
    return tmp_path / "store", tmp_path / "backup"


def test_that_a_backup_is_one_whole_file_with_its_digest(original: Path) -> None:
    backup = original.parent / "backup"
    assert sealed_digest(backup) is not None
    assert [path.name for path in original.parent.iterdir() if "backup" in path.name] == ["backup"]
    # Readable by any SQLite, which does not look behind the last page.
    connection = apsw.Connection(str(backup), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT count(*) FROM event").fetchall() == [(14,)]
    assert connection.pragma("journal_mode") == "delete"
    connection.close()


def test_that_others_can_write_while_a_backup_is_made(tmp_path: Path) -> None:
    store, other = filled(tmp_path / "store"), open_store(tmp_path / "store", who="Marie")
    head = store.head()

    def write(fraction: float, message: str) -> None:
        if message == "Backing up":
            other.append([edited(number=99)])

    store.back_up(tmp_path / "backup", progress=write)
    assert store.head().sequence > head.sequence
    restored = restore(tmp_path / "backup", tmp_path / "new", who="Ada")
    assert restored.check.head == head
    store.close()
    other.close()


@pytest.mark.parametrize("where", ["Backing up", "Checking the store"])
def test_that_a_stopped_backup_leaves_no_file(tmp_path: Path, where: str) -> None:
    def stop(fraction: float, message: str) -> None:
        if message == where:
            raise Cancelled

    store = filled(tmp_path / "store")
    with pytest.raises(Cancelled):
        store.back_up(tmp_path / "backup", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    store.close()


@pytest.mark.parametrize("kept", [True, False])
def test_that_a_backup_on_another_medium_is_made_here_and_carried_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    status = os.stat

    def stat(path: Any, **options: Any) -> Any:
        there = str(path).startswith(str(share))
        return SimpleNamespace(st_dev=-1) if there and Path(path) == share else status(path, **options)

    monkeypatch.setattr("app.store.copying.os.stat", stat)
    if not kept:
        monkeypatch.setattr("app.store.copying.files.digest_of", lambda path: "0" * 64)
    store = filled(tmp_path / "store")
    opened: list[str] = []
    connect = copying.connect
    monkeypatch.setattr(copying, "connect", lambda access, **o: opened.append(str(access.path)) or connect(access, **o))
    if kept:
        store.back_up(share / "backup", progress=no_progress)
        restore(share / "backup", tmp_path / "new", who="Ada")
    else:
        with pytest.raises(StoreError, match="did not keep what was written"):
            store.back_up(share / "backup", progress=no_progress)
    assert [path.name for path in share.iterdir()] == ["backup"] * kept
    assert opened
    assert not any(name.startswith(str(share)) for name in opened)
    assert not list((tmp_path / "store").glob("*.unfinished"))
    store.close()


def test_that_a_damaged_store_gives_no_backup(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    store.close()
    connection = apsw.Connection(str(tmp_path / "store" / "store.sqlite"))
    sql = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'event_not_changed'").fetchall()[0][0]
    connection.execute("DROP TRIGGER event_not_changed")
    connection.execute("UPDATE event SET body = replace(body, '142.0', '149.0') WHERE sequence = 7")
    connection.execute(str(sql))
    connection.close()
    store = open_store(tmp_path / "store", who="Ada")
    with pytest.raises(StoreDamagedError, match=r"event 7 is not what was written.*no backup was written"):
        store.back_up(tmp_path / "backup", progress=no_progress)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    store.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("act", ["make_file", "sync_file", "append_to", "rename_to_free"])
def test_that_a_backup_that_can_not_be_written_is_told_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str, number: int
) -> None:
    def fail(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number), str(path))

    store = filled(tmp_path / "store")
    with monkeypatch.context() as patched:
        patched.setattr(f"app.store.files.{act}", fail)
        with pytest.raises(StoreError, match="disk is full" if number == errno.ENOSPC else "no permission"):
            store.back_up(tmp_path / "backup", progress=no_progress)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    store.append([edited(number=99)])
    store.close()


# --- restoring --------------------------------------------------------------------------------------------------------


def test_that_a_restored_store_holds_what_the_backup_held_and_says_so(store_and_backup: tuple[Path, Path]) -> None:
    folder, backup = store_and_backup
    replaced = open_store(folder, who="Ada", read_only=True)
    head, events = replaced.head(), list(replaced.events())
    replaced.close()
    restored = restore(backup, folder, who="Marie")
    assert restored.warning == ""
    store = open_store(folder, who="Ada")
    assert store.warnings == ()
    assert list(store.events())[:-1] == events[:14]
    last = next(store.events(of_store=True, newest_first=True))
    assert (last.sequence, last.event.kind, last.event.who) == (15, "store-restored", "Marie")
    assert last.event.data["replaced"] == {"sequence": head.sequence, "digest": head.digest}
    assert last.event.data["anchor"] == {"sequence": 17, "digest": head.digest}
    assert (last.event.old, last.event.new) == ("17 events", "14 events")
    assert store.get(digest_of(CONTENT)) == CONTENT
    store.append([edited(number=99)])
    assert store.check(progress=no_progress).problems == ()
    store.close()
    told = (folder / "anchor").read_text().splitlines()
    assert told[-2].startswith("15 ")
    assert told[-2].endswith(" restored")
    assert told[16].startswith(f"17 {head.digest}")


def test_that_the_store_that_was_there_is_kept_and_can_be_had_again(store_and_backup: tuple[Path, Path]) -> None:
    folder, backup = store_and_backup
    first = restore(backup, folder, who="Ada")
    assert first.kept is not None
    assert first.kept.parent == folder / "backups"
    second = restore(first.kept, folder, who="Ada")
    assert second.check.head.sequence == 17
    store = open_store(folder, who="Ada")
    assert [stored.event.kind for stored in store.events(of_store=True)] == ["store-created", "store-restored"]
    assert store.head().sequence == 18
    assert store.check(progress=no_progress).problems == ()
    store.close()


def test_that_what_is_only_in_the_wal_file_is_kept_too(tmp_path: Path) -> None:
    live, crashed = tmp_path / "live", tmp_path / "crashed"
    store = filled(live)
    store.back_up(tmp_path / "backup", progress=no_progress)
    store.append([edited(number=99)])
    shutil.copytree(live, crashed)
    store.close()
    restored = restore(tmp_path / "backup", crashed, who="Ada")
    assert restored.kept is not None
    again = restore(restored.kept, tmp_path / "other", who="Ada")
    assert again.check.head.sequence == 15


def test_that_an_empty_folder_can_be_restored_to(store_and_backup: tuple[Path, Path], tmp_path: Path) -> None:
    _, backup = store_and_backup
    restored = restore(backup, tmp_path / "new computer", who="Ada")
    assert restored.kept is None
    store = open_store(tmp_path / "new computer", who="Ada")
    assert store.head() == restored.head
    assert store.check(progress=no_progress).problems == ()
    store.close()


def test_that_a_store_that_is_lost_or_spoiled_can_be_restored(store_and_backup: tuple[Path, Path]) -> None:
    folder, backup = store_and_backup
    for content in (None, b"", b"no database at all" * 1000):
        (folder / "store.sqlite").unlink()
        if content is not None:
            (folder / "store.sqlite").write_bytes(content)
        with pytest.raises(StoreDamagedError):
            open_store(folder, who="Ada")
        restored = restore(backup, folder, who="Ada")
        assert (restored.kept is None) == (not content)
        store = open_store(folder, who="Ada")
        assert store.check(progress=no_progress).problems == ()
        store.close()


def test_that_a_backup_of_an_older_version_is_restored_and_upgraded(tmp_path: Path) -> None:
    older = make_older(tmp_path / "older", 1)
    restored = restore(older / "store.sqlite", tmp_path / "store", who="Ada")
    assert restored.check.head.sequence == 20
    store = open_store(tmp_path / "store", who="Ada")
    kinds = [stored.event.kind for stored in store.events(after=20)]
    assert kinds == ["store-migrated", "store-restored"]
    assert store.check(progress=no_progress).problems == ()
    store.close()


def test_that_nobody_may_have_the_store_open(store_and_backup: tuple[Path, Path]) -> None:
    folder, backup = store_and_backup
    store = open_store(folder, who="Ada")
    before = files_of(folder)
    with pytest.raises(StoreError, match=r"another window has the store open.*close all windows"):
        restore(backup, folder, who="Ada")
    assert files_of(folder) == before
    store.close()


def test_that_a_restore_can_be_stopped(store_and_backup: tuple[Path, Path]) -> None:
    folder, backup = store_and_backup

    def stop(fraction: float, message: str) -> None:
        if fraction > 0.3:
            raise Cancelled

    before = files_of(folder)
    with pytest.raises(Cancelled):
        restore(backup, folder, who="Ada", progress=stop)
    assert files_of(folder) == before


@pytest.mark.parametrize("anchor", ["there", "unreadable then"])
def test_that_a_restore_the_anchor_was_not_told_is_told_at_the_next_opening(
    store_and_backup: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, anchor: str
) -> None:
    folder, backup = store_and_backup

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Anchor, "tell", fail)
        if anchor == "unreadable then":
            patched.setattr(Anchor, "state", fail)
        assert "the store itself is restored" in restore(backup, folder, who="Ada").warning
        if anchor == "unreadable then":
            store = open_store(folder, who="Ada")
            store.append([edited(number=98)])
            assert store.warnings
            store.close()
    store = open_store(folder, who="Ada")
    assert store.warnings == ()
    store.append([edited(number=99)])
    assert store.check(progress=no_progress).problems == ()
    store.close()
    assert " restored\n" in (folder / "anchor").read_text()


def test_that_the_word_restored_in_the_anchor_needs_a_restore_in_the_chain(store_and_backup: tuple[Path, Path]) -> None:
    folder, _ = store_and_backup
    anchor = folder / "anchor"
    lines = anchor.read_text().splitlines()
    anchor.write_text("\n".join([*lines, lines[10] + " restored"]) + "\n")
    store = open_store(folder, who="Ada", read_only=True)
    assert any("a restore of the store, which it is not" in text for text in store.check(progress=no_progress).problems)
    store.close()
    with pytest.raises(StoreDamagedError, match="which it is not"):
        open_store(folder, who="Ada")


# --- damaged backups --------------------------------------------------------------------------------------------------


def flipped(content: bytearray, chance: random.Random) -> None:
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def blanked(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content) - 1)
    end = min(len(content), start + 512)
    content[start:end] = bytes(byte ^ 0x55 for byte in content[start:end])


def missing_middle(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content) - 4096)
    del content[start : start + 4096]


def longer(content: bytearray, chance: random.Random) -> None:
    content += chance.randbytes(chance.randrange(1, 5000))


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (flipped, cut, blanked, missing_middle, longer)


def test_that_100_damaged_backups_are_refused_with_nothing_touched(store_and_backup: tuple[Path, Path]) -> None:
    folder, backup = store_and_backup
    whole, before = backup.read_bytes(), files_of(folder)
    chance = random.Random(SEED)
    for number in range(100):
        content = bytearray(whole)
        DAMAGES[number % len(DAMAGES)](content, chance)
        backup.write_bytes(content)
        with pytest.raises(StoreError) as error:
            restore(backup, folder, who="Ada")
        assert str(backup) in error.value.where
        assert "nothing was changed" in error.value.line()
        assert files_of(folder) == before
    backup.write_bytes(whole)
    restore(backup, folder, who="Ada")


def test_that_a_copy_of_a_spoiled_store_is_refused_as_well(store_and_backup: tuple[Path, Path], tmp_path: Path) -> None:
    folder, _ = store_and_backup
    plain = tmp_path / "plain"
    shutil.copy(folder / "store.sqlite", plain)
    whole = plain.read_bytes()
    plain.write_bytes(whole.replace(b"142.0 mL", b"149.0 mL"))
    with pytest.raises(StoreDamagedError, match="not what was written"):
        restore(plain, tmp_path / "new", who="Ada")
    plain.write_bytes(whole)
    assert restore(plain, tmp_path / "new", who="Ada").check.head.sequence == 17


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "not what was written"), (b"text" * 4096, "not a database|not what was written"), (None, "no such backup")],
)
def test_that_what_is_no_backup_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    backup = tmp_path / "backup"
    if content is not None:
        backup.write_bytes(content)
    with pytest.raises(StoreError, match=words):
        restore(backup, tmp_path / "store", who="Ada")


def test_that_a_database_of_another_program_or_a_newer_one_is_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE bookmark(a)")
    with pytest.raises(StoreDamagedError, match="is no backup of Lutetia"):
        restore(path, tmp_path / "store", who="Ada")
    connection.pragma("application_id", restoring.APPLICATION_ID)
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(StoreError, match=r"newer Lutetia.*nothing was changed"):
        restore(path, tmp_path / "store", who="Ada")


def test_that_a_kill_at_any_file_act_leaves_the_store_before_or_after(
    store_and_backup: tuple[Path, Path], tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    folder, backup = store_and_backup
    done, at, ends = False, 0, set()
    while not done:
        at += 1
        place = tmp_path / f"at {at}"
        shutil.copytree(folder, place)
        left = iter(range(at - 1))

        def counted(act: Callable[..., Any], left: Iterator[int] = left) -> Callable[..., Any]:
            def call(*values: Any, **options: Any) -> Any:
                if next(left, None) is None:
                    raise Killed
                return act(*values, **options)

            return call

        with pytest.MonkeyPatch.context() as patched:
            for name in ("copy_file", "make_file", "sync_file", "sync_folder", "rename", "remove", "append_to"):
                patched.setattr(f"app.store.files.{name}", counted(getattr(restoring.files, name)))
            patched.setattr("app.store.anchor.append_to", counted(restoring.files.append_to))
            patched.setattr(restoring, "connect", counted(restoring.connect))
            patched.setattr(restoring, "discard", lambda copy: None)
            try:
                restore(backup, place, who="Ada")
                done = True
            except Killed:
                pass
        store = open_store(place, who="Ada")
        ends.add(store.head().sequence)
        assert store.check(progress=no_progress).problems == ()
        assert list(place.glob("store.sqlite.*")) == []
        store.close()
        shutil.rmtree(place)
    assert ends == {17, 15}
    assert at > 15


def test_that_a_restore_waits_for_nobody_who_opens(
    store_and_backup: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, backup = store_and_backup
    monkeypatch.setattr("app.store.opening._OPENING_WAIT_S", 0.05)
    lock = FileLock(folder / "instances" / "opening.lock")
    assert lock.take()
    with pytest.raises(StoreError, match="another Lutetia is opening"):
        restore(backup, folder, who="Ada")
    lock.give_back()
