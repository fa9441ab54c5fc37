"""The commands on kept courses: what they print, what they refuse in one line, and what they leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import main
from app.store import open_store
from app.store.events import CourseSummary, Event
from dosimetry_core.case_file import read_case
from tests.app.operations.store_examples import BEGIN, course_id, doctor, kinds, listed
from tests.app.store.course_examples import COURSE, keep_course
from tests.small_study import write_small_case

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
