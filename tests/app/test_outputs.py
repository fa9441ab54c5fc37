from __future__ import annotations

from pathlib import Path

import pytest

from app.outputs import output_folder, write_file
from dosimetry_core.errors import DosimetryError


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_that_a_new_folder_appears_with_all_files(tmp_path: Path) -> None:
    with output_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("1")
        assert not (tmp_path / "out").exists()
    assert _names(tmp_path) == ["out", "out/a"]


def test_that_an_existing_folder_keeps_its_other_files(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("0")
    with output_folder(tmp_path / "out") as folder:
        (folder / "sub").mkdir()
        (folder / "sub/a").write_text("1")
    assert _names(tmp_path / "out") == ["old", "sub", "sub/a"]


def test_that_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail_half_way() -> None:
        with output_folder(tmp_path / "out") as folder:
            (folder / "a").write_text("1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert _names(tmp_path) == []


def test_that_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(DosimetryError, match="out: is a file"), output_folder(tmp_path / "out"):
        pass


def test_that_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"1")
    write_file(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"2"
    assert _names(tmp_path) == ["a"]
