"""The anchor finds a cut end and a roll-back, and never makes what was saved look lost."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from app.store import open_store
from app.store.anchor import Anchor
from app.store.events import Head
from app.store.sqlite_storage import SqliteStorage
from app.store.storage import StoreDamagedError
from dosimetry_core.progress import no_progress
from tests.app.store.store_events import created, edited


def written(folder: Path, events: int, **options: object) -> SqliteStorage:
    store = open_store(folder, who="Ada", **options)  # type: ignore[arg-type]
    for number in range(events):
        store.append([edited(number=number)])
    return store


def lines(path: Path) -> list[str]:
    return path.read_text("ascii").splitlines()


def test_that_every_commit_leaves_one_line(tmp_path: Path) -> None:
    store = open_store(tmp_path, who="Ada")
    (first,) = store.append([created()])
    *_, third = store.append([edited(number=1), edited(number=2)])
    told = [line.split() for line in lines(tmp_path / "anchor")]
    assert [number for number, *_ in told] == ["1", "2", "4"]
    assert [told[1][1], told[2][1]] == [first.digest, third.digest]
    assert all(time.endswith("Z") for *_, time in told)
    store.close()


def test_that_a_torn_last_line_says_nothing_and_is_mended(tmp_path: Path) -> None:
    written(tmp_path, 3).close()
    path = tmp_path / "anchor"
    whole = path.read_bytes()
    for torn in (b"5", b"5 " + b"a" * 64, b"999 " + b"0" * 64 + b" 2026-01-01T00:00:00.0Z", bytes(300)):
        path.write_bytes(whole + torn)
        store = open_store(tmp_path, who="Ada")
        assert store.warnings == ()
        assert store.check(progress=no_progress).problems == ()
        store.append([edited(number=9)])
        assert path.read_bytes().startswith(whole + b"%d " % store.head().sequence)
        whole = path.read_bytes()
        assert Anchor(path, tmp_path / "lock").state().damaged == ()
        store.close()


def test_that_an_older_copy_is_refused_for_writing_and_shown_for_reading(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    written(folder, 3).close()
    shutil.copy(folder / "store.sqlite", tmp_path / "older")
    written(folder, 2).close()
    shutil.copy(tmp_path / "older", folder / "store.sqlite")
    anchor = (folder / "anchor").read_bytes()
    with pytest.raises(StoreDamagedError, match=r"knew 6 events.*the store has 4.*older copy.*restore"):
        open_store(folder, who="Ada")
    assert (folder / "anchor").read_bytes() == anchor
    reader = open_store(folder, who="Ada", read_only=True)
    assert reader.head().sequence == 4
    assert "older copy" in reader.warnings[0]
    assert any("older copy" in problem for problem in reader.check(progress=no_progress).problems)
    reader.close()


def test_that_a_lost_wal_file_is_found(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"
    store = written(folder, 5)
    copy.mkdir()
    for name in ("store.sqlite", "anchor"):
        shutil.copy(folder / name, copy)
    store.close()
    with pytest.raises(StoreDamagedError, match="anchor"):
        open_store(copy, who="Ada")


def test_that_another_event_in_the_same_place_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    written(folder, 3).close()
    shutil.copy(folder / "store.sqlite", tmp_path / "older")
    written(folder, 2).close()
    anchor = (folder / "anchor").read_bytes()
    shutil.copy(tmp_path / "older", folder / "store.sqlite")
    (folder / "anchor").unlink()
    written(folder, 4).close()
    (folder / "anchor").write_bytes(anchor)
    with pytest.raises(StoreDamagedError, match="event 6 is another one"):
        open_store(folder, who="Ada")


def test_that_a_missing_anchor_is_begun_anew_and_stays_visible(tmp_path: Path) -> None:
    written(tmp_path, 3).close()
    (tmp_path / "anchor").unlink()
    reader = open_store(tmp_path, who="Ada", read_only=True)
    assert "anchor is missing" in reader.warnings[0]
    assert any("anchor is missing" in problem for problem in reader.check(progress=no_progress).problems)
    reader.close()
    store = open_store(tmp_path, who="Marie")
    *_, last = store.events()
    assert (last.event.kind, last.event.who, last.event.data["sequence"]) == ("anchor-begun", "Marie", 4)
    assert store.check(progress=no_progress).problems == ()
    store.close()
    assert len(lines(tmp_path / "anchor")) == 1


def test_that_an_anchor_not_yet_begun_at_the_very_first_event_is_no_news(tmp_path: Path) -> None:
    open_store(tmp_path, who="Ada").close()
    (tmp_path / "anchor").unlink()
    store = open_store(tmp_path, who="Ada")
    assert store.head().sequence == 1
    store.close()
    assert len(lines(tmp_path / "anchor")) == 1


def test_that_an_anchor_that_is_behind_catches_up(tmp_path: Path) -> None:
    written(tmp_path, 5).close()
    path = tmp_path / "anchor"
    path.write_text("".join(line + "\n" for line in lines(path)[:3]))
    store = open_store(tmp_path, who="Ada")
    assert store.check(progress=no_progress).problems == ()
    assert lines(path)[-1].startswith("6 ")
    store.close()


def test_that_the_site_can_keep_it_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "other disk" / "anchor of room 3"
    elsewhere.parent.mkdir()
    written(tmp_path / "store", 2, anchor=elsewhere).close()
    assert len(lines(elsewhere)) == 3
    assert not (tmp_path / "store" / "anchor").exists()


def test_that_a_failing_anchor_does_not_make_what_was_saved_look_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = written(tmp_path, 1)

    def fail(path: Path, text: bytes, *, keep: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patched:
        patched.setattr("app.store.anchor.append_to", fail)
        (stored,) = store.append([edited(number=7)])
        assert store.head() == Head(stored.sequence, stored.digest)
        (warning,) = store.warnings
        assert "the disk is full" in warning
        assert "what was saved is safe" in warning
        (problem,) = store.check(progress=no_progress).problems
        assert "the anchor knows 2 of 3 events" in problem
    store.append([edited(number=8)])
    assert store.warnings == ()
    assert store.check(progress=no_progress).problems == ()
    store.close()


def test_that_an_anchor_on_a_lost_disk_does_not_stop_the_work(tmp_path: Path) -> None:
    store = written(tmp_path / "store", 2, anchor=tmp_path / "not mounted" / "anchor")
    assert "anchor" in store.warnings[0]
    assert store.head().sequence == 3
    store.close()


def test_that_an_anchor_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    written(tmp_path / "store", 2).close()
    (tmp_path / "anchor").mkdir()
    store = open_store(tmp_path / "store", who="Ada", anchor=tmp_path / "anchor")
    assert any("roll-back of the store would not be found" in text for text in store.warnings)
    store.close()


def test_that_a_changed_line_is_found(tmp_path: Path) -> None:
    written(tmp_path, 5).close()
    path = tmp_path / "anchor"
    for change in (("\n3 ", "\nx "), (" 2", " x")):
        whole = path.read_text("ascii")
        path.write_text(whole.replace(*change, 1), "ascii")
        store = open_store(tmp_path, who="Ada", read_only=True)
        assert "can't be read" in store.warnings[0]
        assert any("can't be read" in problem for problem in store.check(progress=no_progress).problems)
        store.close()
        path.write_text(whole, "ascii")


def test_that_a_long_anchor_is_made_short_and_still_finds_a_roll_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.anchor._LARGEST_BYTES", 2000)
    monkeypatch.setattr("app.store.anchor._KEPT_LINES", 4)
    folder = tmp_path / "store"
    written(folder, 3).close()
    shutil.copy(folder / "store.sqlite", tmp_path / "older")
    store = written(folder, 60)
    assert (folder / "anchor").stat().st_size < 2200
    assert store.check(progress=no_progress).problems == ()
    store.close()
    shutil.copy(tmp_path / "older", folder / "store.sqlite")
    with pytest.raises(StoreDamagedError, match="older copy"):
        open_store(folder, who="Ada")


def test_that_two_answers_for_one_number_are_both_demanded(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "anchor", tmp_path / "lock")
    for digest in ("a" * 64, "b" * 64):
        anchor.tell(Head(7, digest))
    assert [line.digest[0] for line in anchor.state().demands()] == ["a", "b"]


def test_that_a_restore_stands_for_all_before_it(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "anchor", tmp_path / "lock")
    for sequence in range(1, 8):
        anchor.tell(Head(sequence, f"{sequence}" * 64))
    anchor.tell(Head(4, "f" * 64), restored=True)
    anchor.tell(Head(5, "e" * 64))
    assert [(line.sequence, line.digest[0]) for line in anchor.state().demands()] == [(4, "f"), (5, "e")]
    furthest = anchor.state().furthest()
    assert furthest is not None
    assert furthest.sequence == 5
    assert len(anchor.state().lines) == 9
