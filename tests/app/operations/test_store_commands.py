"""The commands on kept courses: what they print, what they refuse in one line, and what they leave."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import random
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.operations.backups import backup_reminder
from app.operations.data_folder import DataFolder
from app.operations.restoration import restored
from app.operations.site_configuration import SiteConfiguration
from app.store import open_store
from app.store.events import CourseSummary, Event
from app.store.storage import StoreError
from dosimetry_core.case_file import read_case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.progress import no_progress
from tests.app.store.course_examples import COURSE, keep_course
from tests.app.store.older_stores import make_older
from tests.small_study import write_small_case

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
PATIENTS = (
    ("PRRT-0417", "Nowak^Łucja", "duonen-b", 2, 4),
    ("LUT-10", "Kowalski^Jan", "duonen-d", 3, 4),
    ("LUT-9", "Yamada^Tarou=山田^太郎", "garske-roman", 1, None),
    ("TWICE", "Kowalska^Anna", "duonen-b", 1, 4),
    ("TWICE", "Kowalska^Anna", "duonen-d", 1, 4),
)
CASES = [hashlib.sha256(f'{{"case":{number}}}'.encode()).hexdigest() for number in range(len(PATIENTS))]


def course_id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("LUTETIA_BY", "LUTETIA_SITE_CONFIGURATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdin", None)
    data = tmp_path / "data"
    monkeypatch.setenv("LUTETIA_DATA", str(data))
    storage = open_store(data, who="A. Nowak")
    for number, (patient_id, name, protocol, cycle, planned) in enumerate(PATIENTS):
        content = f'{{"case":{number}}}'.encode()
        digest = hashlib.sha256(content).hexdigest()
        event = Event(
            "course-created",
            course_id(number),
            "A. Nowak",
            "Open case",
            BEGIN + timedelta(hours=number),
            case=digest,
            data=FrozenMap({"folder": f"/cases/{number}", "case_file_sha256": ""}),
            summary=CourseSummary(patient_id, name, "1957-03-04", protocol, cycle, planned),
        )
        storage.append([event], objects={digest: content})
    storage.close()
    return data


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "stdin", None)
    for name in ("LUTETIA_BY", "LUTETIA_SITE_CONFIGURATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "none"))
    return tmp_path / "none"


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    capsys.readouterr()
    assert main(["list", "--json", *options]) == 0
    return [entry["patient_id"] for entry in json.loads(capsys.readouterr().out)]


def kinds(data: Path) -> list[str]:
    storage = open_store(data, who="test", read_only=True)
    try:
        return [stored.event.kind for stored in storage.events()]
    finally:
        storage.close()


# --- list -------------------------------------------------------------------------------------------------------------


def test_that_the_newest_change_is_listed_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys) == ["TWICE", "TWICE", "LUT-9", "LUT-10", "PRRT-0417"]
    assert listed(capsys, "--reverse") == ["PRRT-0417", "LUT-10", "LUT-9", "TWICE", "TWICE"]


def test_that_search_filters_and_order_are_those_of_the_patient_list(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listed(capsys, "--search", "lucja") == ["PRRT-0417"]
    assert listed(capsys, "--search", "太郎") == ["LUT-9"]
    assert listed(capsys, "--protocol", "duonen-b", "--sort", "id") == ["PRRT-0417", "TWICE"]
    assert listed(capsys, "--cycle", "3") == ["LUT-10"]
    assert listed(capsys, "--sort", "id")[:2] == ["LUT-9", "LUT-10"]
    assert listed(capsys, "--state", "signed") == []


def test_that_a_listed_course_has_the_documented_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json", "--search", "0417"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry == {
        "course_id": course_id(0),
        "patient_id": "PRRT-0417",
        "name": "Nowak^Łucja",
        "birth_date": "1957-03-04",
        "protocol": "duonen-b",
        "cycle": 2,
        "planned_cycles": 4,
        "state": "draft",
        "archived": False,
        "changed": "2026-03-02T09:00:00+00:00",
        "changed_by": "A. Nowak",
        "last_sequence": 2,
    }


def test_that_the_columns_stand_below_each_other_in_any_script(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.operations.terminal import columns_wide

    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    places = {columns_wide(line[: line.index(word)]) for line in lines for word in ("duonen", "garske") if word in line}
    assert places == {columns_wide(lines[0][: lines[0].index("protocol")])}
    assert "2 of 4" in next(line for line in lines if "PRRT-0417" in line)


def test_that_a_name_cannot_steer_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = open_store(folder, who="test")
    summary = CourseSummary("\x1b[2JX", "Evil\u202e^Name", None, "duonen-b", 1, 4)
    storage.append([Event("course-created", "e" * 32, "test", "Open", BEGIN, summary=summary)])
    storage.close()
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def test_that_listing_makes_no_folder(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "no store" in capsys.readouterr().err
    assert main(["doctor"]) == 0
    assert not empty.exists()


def test_that_a_named_folder_without_a_store_is_an_error(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--data-folder", str(empty)]) == 2
    assert "--data-folder" in capsys.readouterr().err
    assert not empty.exists()


def test_that_listing_changes_nothing(folder: Path) -> None:
    before = (folder / "store.sqlite").read_bytes(), (folder / "anchor").read_bytes()
    assert main(["list"]) == 0
    assert ((folder / "store.sqlite").read_bytes(), (folder / "anchor").read_bytes()) == before


# --- who is working, which course -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["backup", "x"],
        ["archive", "LUT-9"],
        ["unarchive", "LUT-9"],
        ["restore", "x", "--yes"],
        ["import", "x.lutetia"],
        ["export", "LUT-9", "x.lutetia"],
    ],
)
def test_that_whoever_writes_says_who_is_working(
    arguments: list[str],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = kinds(folder)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert "--by NAME" in captured.err
    assert len(captured.err.splitlines()) == 1
    assert kinds(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_that_a_course_is_named_by_patient_id_or_the_beginning_of_its_id(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LUT-9", course_id(2), course_id(2)[:6]):
        assert main(["archive", name, "--by", "B", "--reason", "moved away"]) == 0
        assert listed(capsys, "--search", "lut-9") == []
        assert listed(capsys, "--search", "lut-9", "--archived") == ["LUT-9"]
        assert main(["unarchive", name, "--by", "B"]) == 0
        assert listed(capsys, "--search", "lut-9") == ["LUT-9"]


def test_that_an_ambiguous_course_lists_the_candidates(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["archive", "TWICE", "--by", "B"]) == 2
    said = capsys.readouterr().err
    assert course_id(3) in said
    assert course_id(4) in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("name", ["nobody", "", " "])
def test_that_an_unknown_course_is_refused(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = kinds(folder)
    assert main(["archive", name, "--by", "B"]) == 2
    assert "lutetia list" in capsys.readouterr().err
    assert kinds(folder) == before


def test_that_archiving_twice_is_refused_and_keeps_the_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["archive", "LUT-9", "--by", "B. Person", "--reason", "moved  away"]) == 0
    assert main(["archive", "LUT-9", "--by", "B. Person"]) == 2
    assert "already" in capsys.readouterr().err
    storage = open_store(folder, who="test", read_only=True)
    last = next(iter(storage.events(newest_first=True, limit=1))).event
    storage.close()
    assert (last.kind, last.who, last.why) == ("course-archived", "B. Person", "moved away")
    assert last.summary is not None
    assert last.summary.archived


def test_that_a_course_open_elsewhere_is_not_archived(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    window = open_store(folder, who="C. Window")
    assert window.hold(course_id(2), "C. Window") is None
    try:
        assert main(["archive", "LUT-9", "--by", "B"]) == 2
        assert "C. Window" in capsys.readouterr().err
    finally:
        window.close()
    assert main(["archive", "LUT-9", "--by", "B"]) == 0


# --- backup and doctor ------------------------------------------------------------------------------------------------


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


def doctor(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    capsys.readouterr()
    status = main(["doctor", "--json", *options])
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"software", "data_folder", "problems", "checks"}
    by_subject: dict[str, list[dict[str, str]]] = {}
    for line in report["checks"]:
        assert set(line) == {"subject", "state", "text", "remedy"}
        assert line["state"] != "problem" or line["remedy"], line
        by_subject.setdefault(line["subject"], []).append(line)
    assert report["problems"] == sum(line["state"] == "problem" for line in report["checks"])
    assert status == (2 if report["problems"] else 0)
    return status, by_subject


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


# --- restore ----------------------------------------------------------------------------------------------------------


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


# --- one course as one file -------------------------------------------------------------------------------------------


def test_that_an_exported_course_is_imported_elsewhere_once(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dosimetry_core import pipeline

    case = pipeline.import_case(read_case(write_small_case(tmp_path / "study")))
    storage = open_store(folder, who="test")
    keep_course(storage, case)
    storage.close()
    file, other = tmp_path / "course.lutetia", tmp_path / "other"
    assert main(["export", COURSE, str(file), "--by", "B"]) == 0
    assert kinds(folder)[-1] == "course-exported"
    assert file.stat().st_mode & 0o777 == 0o600
    capsys.readouterr()
    assert main(["import", str(file), "--by", "C", "--data-folder", str(other)]) == 0
    assert capsys.readouterr().out.strip() == COURSE
    before = kinds(other)
    assert main(["import", str(file), "--by", "C", "--data-folder", str(other)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert kinds(other) == before
    assert doctor(capsys, "--data-folder", str(other))[0] == 0


def test_that_a_file_that_is_no_course_begins_no_store(
    empty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "course.lutetia"
    for content in (None, b"", b"PK\x03\x04 not a zip"):
        if content is not None:
            file.write_bytes(content)
        assert main(["import", str(file), "--by", "B"]) == 2
        assert "course.lutetia" in capsys.readouterr().err
    assert not empty.exists()


def test_that_exporting_an_unknown_course_writes_nothing(folder: Path, tmp_path: Path) -> None:
    assert main(["export", "nobody", str(tmp_path / "x.lutetia"), "--by", "B"]) == 2
    assert not (tmp_path / "x.lutetia").exists()


def test_that_a_store_put_back_by_hand_is_told_by_whatever_reads_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = (folder / "store.sqlite").read_bytes()
    assert not (folder / "store.sqlite-wal").exists()
    assert main(["archive", "LUT-9", "--by", "B"]) == 0
    (folder / "store.sqlite").write_bytes(older)
    capsys.readouterr()
    assert main(["list"]) == 0
    assert "warning:" in (said := capsys.readouterr().err)
    assert "replaced by an older copy" in said
    assert main(["audit"]) == 2
    assert "replaced by an older copy" in capsys.readouterr().err


def test_that_a_store_that_is_gone_is_not_taken_for_one_that_never_was(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "store.sqlite").unlink()
    for command in (["list"], ["audit"], ["backup", "--by", "B"]):
        assert main(command) == 2
        assert "the store is gone" in capsys.readouterr().err
    assert main(["doctor"]) == 2
    assert "MEND  store" in (said := capsys.readouterr().out)
    assert "the store is gone" in said
