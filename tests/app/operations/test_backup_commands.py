"""The commands that back the store up and look it over: whole backups, and each fault with its remedy."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.operations.backups import backup_reminder
from app.operations.data_folder import DataFolder
from app.operations.site_configuration import SiteConfiguration
from app.store import open_store
from app.store.events import Event
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import no_progress
from tests.app.operations.store_examples import BEGIN, CASES, course_id, doctor, kinds
from tests.app.store.older_stores import make_older


def test_that_a_backup_is_a_whole_store_and_noted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "backups of May" / "one.lutetia-backup"
    before = kinds(folder)
    assert main(["backup", str(file), "--by", "nightly backup"]) == 0
    assert str(file) in capsys.readouterr().out
    assert kinds(folder) == [*before, "backup-made"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    content = file.read_bytes()
    assert main(["backup", str(file), "--by", "nightly backup"]) == 2
    assert file.read_bytes() == content
    storage = open_store(folder, who="test", read_only=True)
    note = next(iter(storage.events(newest_first=True, limit=1))).event
    storage.close()
    assert note.who == "nightly backup"
    assert note.data["sha256"] == hashlib.sha256(content).hexdigest()
    assert note.data["head_sequence"] == len(before)


def test_that_a_backup_without_a_name_goes_where_the_site_says(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["backup", "--by", "B"]) == 0
    assert len(list((folder / "backups").iterdir())) == 1
    site = tmp_path / "site.toml"
    site.write_text(f"format = 1\nbackup_folder = {str(tmp_path / 'share')!r}\n", "utf-8")
    monkeypatch.setenv("LUTETIA_SITE_CONFIGURATION", str(site))
    assert main(["backup", "--by", "B"]) == 0
    (made,) = (tmp_path / "share").iterdir()
    assert made.name.endswith(".lutetia-backup")
    (tmp_path / "other").mkdir()
    assert main(["backup", str(tmp_path / "other"), "--by", "B"]) == 0
    assert len(list((tmp_path / "other").glob("*.lutetia-backup"))) == 1


def test_that_a_backup_that_cannot_be_written_leaves_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    before = kinds(folder)
    assert main(["backup", str(tmp_path / "file" / "one"), "--by", "B"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert kinds(folder) == before


def test_that_doctor_finds_a_good_store_well_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--by", "B"]) == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "-" not in path.name[:13]}
    status, found = doctor(capsys, "--rehearse-upgrade")
    assert status == 0
    assert {"program", "SQLite", "rights", "free space", "store", "head", "backup", "upgrade", "logs"} <= found.keys()
    assert "7 events" in found["store"][0]["text"]
    assert "5 courses" in found["store"][0]["text"]
    assert found["backup"][0]["state"] == "well"
    assert "nothing was changed since" in found["backup"][0]["text"]
    assert found["backup file"][0]["state"] == "well"
    assert {path: path.read_bytes() for path in before} == before
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "All is well."


def test_that_doctor_names_each_fault_with_its_remedy(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one"
    assert main(["backup", str(file), "--by", "B"]) == 0
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    (folder / "anchor").chmod(0o644)
    site = tmp_path / "site.toml"
    site.write_text("format = 1\nbackup_after_days = 1\n", "utf-8")
    site.chmod(0o666)
    monkeypatch.setenv("LUTETIA_SITE_CONFIGURATION", str(site))
    monkeypatch.setattr("app.operations.doctor.free_bytes", lambda folder: 1000)
    status, found = doctor(capsys)
    assert status == 2
    assert "not what was written" in found["backup file"][0]["text"]
    assert "anchor (0644)" in found["rights"][0]["text"]
    assert "other users" in found["site configuration"][1]["text"]
    assert found["free space"][0]["state"] == "problem"
    assert found["store"][0]["state"] == "well"


def test_that_an_old_backup_is_a_note_and_a_problem_where_the_site_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(capsys)[1]["backup"][0]["state"] == "notice"
    site = tmp_path / "site.toml"
    site.write_text("format = 1\nbackup_after_days = 1\n", "utf-8")
    monkeypatch.setenv("LUTETIA_SITE_CONFIGURATION", str(site))
    status, found = doctor(capsys)
    assert (status, found["backup"][0]["state"]) == (2, "problem")
    assert main(["backup", str(tmp_path / "one"), "--by", "B"]) == 0
    assert doctor(capsys)[1]["backup"][0]["state"] == "well"


def test_that_the_doctor_says_that_a_folder_is_of_another_user_or_that_nothing_can_be_saved(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "anchor" and whole(path, mode))
    assert main(["doctor"]) == 2
    assert "MEND  rights              nothing can be saved, this user may not read or write: anchor (0600)" in (
        capsys.readouterr().out
    )
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    assert main(["doctor"]) == 2
    assert "MEND  rights              of another user: the data folder (0700)" in capsys.readouterr().out


def test_that_a_backup_from_a_folder_that_may_not_be_looked_at_is_refused_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.stat

    def refused(path: Path, *arguments: object, **named: object) -> object:
        if path != folder and folder in path.parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return whole(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "stat", refused)
    assert main(["backup", "--by", "B"]) == 2
    assert "can't be looked at (Permission denied); check the path and the access rights" in capsys.readouterr().err


def test_that_the_window_is_told_of_an_old_backup_only(folder: Path, tmp_path: Path) -> None:
    place = DataFolder(folder, "test")

    def reminder(days: int) -> str:
        return backup_reminder(place, SiteConfiguration(backup_after_days=days), progress=no_progress)

    # The store was made just now: there is time for the first backup.
    assert reminder(7) == ""
    assert main(["backup", str(tmp_path / "one"), "--by", "B"]) == 0
    assert reminder(7) == ""
    storage = open_store(folder, who="test")
    long_ago = datetime.now(UTC) - timedelta(days=9)
    (old,) = [stored.event for stored in storage.events() if stored.event.kind == "backup-made"]
    storage.append([replace(old, time=long_ago)])
    assert reminder(7) == ""  # nothing was changed since
    storage.append([Event("settings-changed", None, "test", "Change", BEGIN)])
    storage.close()
    assert "9 days ago), 1 change since" in reminder(7)
    assert reminder(10) == ""


def test_that_an_interrupted_backup_and_open_windows_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "none is open" in doctor(capsys)[1]["windows"][0]["text"]
    (folder / "backups").joinpath("x.lutetia-backup.unfinished").touch(mode=0o600)
    window = open_store(folder, who="C. Window")
    try:
        status, found = doctor(capsys)
    finally:
        window.close()
    assert status == 0
    assert "x.lutetia-backup.unfinished" in found["backup"][1]["text"]
    assert found["windows"][0]["text"].startswith("1 open")


def test_that_a_damaged_store_and_a_cut_tail_are_found_by_doctor(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (folder / "store.sqlite").read_bytes()
    assert main(["archive", "LUT-9", "--by", "B"]) == 0
    kept = (folder / "store.sqlite").read_bytes()
    (folder / "store.sqlite").write_bytes(whole)  # an older copy in the place of the store
    status, found = doctor(capsys)
    assert status == 2
    assert "anchor" in found["store"][0]["text"]
    place = kept.index(b"Archive")
    (folder / "store.sqlite").write_bytes(kept[:place] + b"B" + kept[place + 1 :])
    status, found = doctor(capsys)
    assert status == 2
    assert found["store"][0]["state"] == "problem"


def test_that_an_older_store_is_no_fault_and_its_upgrade_can_be_rehearsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_older(tmp_path / "data", 1)
    monkeypatch.setenv("LUTETIA_DATA", str(folder))
    before = (folder / "store.sqlite").read_bytes()
    status, found = doctor(capsys, "--rehearse-upgrade")
    assert status == 0
    assert found["store"][0]["state"] == "notice"
    assert "version 1" in found["store"][0]["text"]
    assert "from version 1 to" in found["upgrade"][0]["text"]
    assert (folder / "store.sqlite").read_bytes() == before
    assert main(["backup", str(tmp_path / "one"), "--by", "B"]) == 0
    status, found = doctor(capsys)
    assert (status, found["store"][0]["state"]) == (0, "well")


def test_that_a_backup_is_made_while_windows_write(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = open_store(folder, who="C. Window")
    assert window.hold(course_id(0), "C. Window") is None
    event = Event("edited", course_id(0), "C. Window", "Paint", BEGIN, case=CASES[0], data=FrozenMap({"position": 1}))
    window.append([event])
    try:
        assert main(["backup", str(tmp_path / "one"), "--by", "B"]) == 0
        assert main(["archive", "LUT-9", "--by", "B"]) == 0
        window.append([event])
    finally:
        window.close()
    assert main(["restore", str(tmp_path / "one"), "--by", "B", "--yes", "--data-folder", str(tmp_path / "two")]) == 0
    assert kinds(tmp_path / "two")[-2:] == ["edited", "store-restored"]


def test_that_a_broken_site_configuration_stops_every_command_with_its_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    site.write_text("format = 1\nbackup_after = 1\n", "utf-8")
    monkeypatch.setenv("LUTETIA_SITE_CONFIGURATION", str(site))
    for arguments in (["list"], ["backup", "x", "--by", "B"], ["doctor"]):
        assert main(arguments) == 2
        captured = capsys.readouterr()
        assert "line 2, backup_after" in captured.out + captured.err
