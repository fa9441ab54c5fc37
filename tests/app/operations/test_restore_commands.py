"""The command that restores the store: what it takes back, what it refuses, and the store that is kept."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from pathlib import Path

import pytest

from app.cli import main
from app.operations.restoration import restored
from app.operations.site_configuration import SiteConfiguration
from app.store import open_store
from app.store.storage import StoreError
from dosimetry_core.progress import no_progress
from tests.app.operations.store_examples import PATIENTS, course_id, doctor, kinds, listed


def test_that_a_restore_says_what_it_would_take_back_and_does_nothing_without_yes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one"
    assert main(["backup", str(file), "--by", "B"]) == 0
    assert main(["archive", "LUT-9", "--by", "B"]) == 0
    before = kinds(folder)
    capsys.readouterr()
    assert main(["restore", str(file), "--by", "B"]) == 2
    captured = capsys.readouterr()
    # The note of the backup itself, and one course archived.
    assert "take back 2 changes made since, in the courses of LUT-9." in captured.out
    assert "add --yes" in captured.err
    assert kinds(folder) == before


def test_that_a_restored_store_is_that_of_the_backup_and_the_old_one_is_kept(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one"
    assert main(["backup", str(file), "--by", "B"]) == 0
    before = kinds(folder)[:-1]
    assert main(["archive", "LUT-9", "--by", "B"]) == 0
    assert main(["restore", str(file), "--by", "C. Person", "--yes"]) == 0
    assert kinds(folder) == [*before, "store-restored"]
    assert listed(capsys, "--search", "lut-9") == ["LUT-9"]
    assert len(list((folder / "backups").glob("store-before-restore-*"))) == 1
    assert doctor(capsys)[0] == 0


def test_the_drill_of_the_it_page(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, other = tmp_path / "one", tmp_path / "other"
    assert main(["backup", str(file), "--by", "drill"]) == 0
    assert main(["restore", str(file), "--by", "drill", "--yes", "--data-folder", str(other)]) == 0
    status, found = doctor(capsys, "--data-folder", str(other))
    assert status == 0
    assert "5 courses" in found["store"][0]["text"]
    ids = [course_id(number) for number in range(len(PATIENTS))]
    assert main(["list", "--json", "--sort", "id", "--data-folder", str(other)]) == 0
    assert sorted(entry["course_id"] for entry in json.loads(capsys.readouterr().out)) == sorted(ids)


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty", "missing", "other database"])
def test_that_a_backup_that_cannot_be_used_is_refused_and_changes_nothing(
    damage: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one"
    assert main(["backup", str(file), "--by", "B"]) == 0
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        file.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    elif damage == "text":
        file.write_text("not a database", "utf-8")
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "missing":
        file.unlink()
    else:
        file.unlink()
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE event(sequence, digest, body)")
            connection.commit()
    before = kinds(folder), (folder / "store.sqlite").read_bytes()
    capsys.readouterr()
    assert main(["restore", str(file), "--by", "B", "--yes"]) == 2
    captured = capsys.readouterr()
    assert str(file) in captured.err
    assert len(captured.err.splitlines()) == 1
    assert (kinds(folder), (folder / "store.sqlite").read_bytes()) == before


def test_that_a_hundred_damaged_backups_are_all_refused(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "one"
    assert main(["backup", str(file), "--by", "B"]) == 0
    content, randomly = file.read_bytes(), random.Random(6)
    before = (folder / "store.sqlite").read_bytes()
    taken = []
    for number in range(100):
        place = randomly.randrange(len(content))
        damaged = bytearray(content)
        if number % 3 == 0:
            damaged[place] ^= 1 << randomly.randrange(8)
        elif number % 3 == 1:
            del damaged[place:]
        else:
            damaged[place : place + 64] = randomly.randbytes(64)
        file.write_bytes(damaged)
        try:
            restored(file, folder, SiteConfiguration(), who="B", progress=no_progress)
        except StoreError:
            continue
        taken.append(number)
    assert taken == []
    assert (folder / "store.sqlite").read_bytes() == before
    file.write_bytes(content)
    restored(file, folder, SiteConfiguration(), who="B", progress=no_progress)


def test_that_nothing_is_restored_under_an_open_window(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(tmp_path / "one"), "--by", "B"]) == 0
    window = open_store(folder, who="C. Window")
    try:
        assert main(["restore", str(tmp_path / "one"), "--by", "B", "--yes"]) == 2
        assert "close all windows" in capsys.readouterr().err
    finally:
        window.close()


def test_that_a_damaged_store_can_be_restored(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", str(tmp_path / "one"), "--by", "B"]) == 0
    content = (folder / "store.sqlite").read_bytes()
    (folder / "store.sqlite").write_bytes(content[: len(content) // 2])
    assert doctor(capsys)[0] == 2
    assert main(["restore", str(tmp_path / "one"), "--by", "B", "--yes"]) == 0
    assert "can't be told" in capsys.readouterr().out
    assert doctor(capsys)[0] == 0
