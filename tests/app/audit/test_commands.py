"""The audit command: the trail as text, JSON, CSV and pages; exit status and files."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from app.audit.commands import add_audit_parser, audit
from app.plans.page_images import page_texts
from app.store import open_store
from dosimetry_core.data_tables import resource
from dosimetry_core.errors import DosimetryError, MissingDataError
from tests.app.audit_examples import busy_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("data")
    storage = open_store(place, who="IT department")
    storage.append([stored.event for stored in busy_store(400).events(after=1)])
    storage.close()
    return place


def run(folder: Path, *options: str) -> int:
    parser = argparse.ArgumentParser()
    add_audit_parser(parser.add_subparsers())
    return audit(parser.parse_args(["audit", "--data-folder", str(folder), *options]))


def test_that_all_events_are_shown_oldest_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(1, 401))
    assert "[store]  Store created: Make the store" in lines[0]


def test_that_options_choose(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--patient", "PRRT-0013", "--kind", "edited", "--text", "rename") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all("PRRT-0013" in line and "Lesion 3 → Liver metastasis segment VII" in line for line in lines)
    assert run(folder, "--course", "course-1", "--from", "2026-01-13", "--to", "2026-01-13", "--person", "zolc") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all("  2026-01-13 " in line and "Łucja Żółć" in line for line in lines)
    assert run(folder, "--text", "nothing like it") == 0
    assert capsys.readouterr().err == "No event fits.\n"


def test_that_json_can_be_checked_with_sha_256_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--json") == 0
    tree = json.loads(capsys.readouterr().out)
    previous = tree["first_previous"]
    for event in tree["events"]:
        previous = hashlib.sha256(bytes.fromhex(previous) + event["body"].encode("utf-8")).hexdigest()
        assert event["digest"] == previous
    assert tree["head"] == {"sequence": 400, "sha256": previous}


def test_that_files_are_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--out", str(tmp_path / "trail.csv")) == 0
    assert len((tmp_path / "trail.csv").read_text("utf-8-sig").splitlines()) == 401
    options = ("--course", "course-2", "--out", str(tmp_path / "trail.pdf"), "--by", "J. O'Neill")
    assert run(folder, *options) == 0
    first = page_texts((tmp_path / "trail.pdf").read_bytes())[0]
    assert "Printed by J. O'Neill" in first.replace("’", "'")
    assert "400 events verified" in first
    assert str(tmp_path / "trail.pdf") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--out", "trail.txt"), "neither"),
        (("--json", "--out", "trail.csv"), "--out"),
        (("--from", "13.1.2026"), "--from"),
        (("--patient", "nobody"), "no course of this patient"),
        (("--course", "nothing"), "no such course"),
    ],
)
def test_that_what_can_not_be_done_is_said_in_one_line(folder: Path, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(DosimetryError, match=words):
        run(folder, *options)


def test_that_pages_need_a_person(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUTETIA_BY", raising=False)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(MissingDataError, match="nobody said who is working"):
        run(folder, "--out", "trail.pdf")


def test_that_no_store_is_made(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no store"):
        run(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def recipe(beginning: str) -> str:
    """An indented example of the user guide, from its first line on."""
    lines = resource("documentation", "user-guide.md").read_text("utf-8").splitlines()
    start = lines.index(f"    {beginning}")
    end = next(number for number in range(start, len(lines)) if lines[number] and not lines[number].startswith("    "))
    return textwrap.dedent("\n".join(lines[start:end]))


@pytest.mark.parametrize("is_spoilt", [False, True])
def test_that_the_recipe_of_the_guide_checks_a_trail(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    is_spoilt: bool,
) -> None:
    assert run(folder, "--json") == 0
    trail = capsys.readouterr().out
    if is_spoilt:
        trail = trail.replace("Lesion 3", "Lesion 4", 1)
    (tmp_path / "audit.json").write_text(trail, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", recipe("import hashlib, json")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ("is not what was written" in done.stdout) is is_spoilt


@pytest.mark.skipif(shutil.which("sqlite3") is None or shutil.which("xxd") is None, reason="needs sqlite3 and xxd")
def test_that_the_shell_recipe_of_the_guide_checks_a_database(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "store.sqlite", tmp_path)
    script = recipe("previous=$(printf '%064d' 0)")
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
