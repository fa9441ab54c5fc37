"""What can't be right on the command line is one line: what, where and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli import main


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A file that is nothing of ours, in a folder with blanks and umlauts."""
    folder = tmp_path / "Ordner mit Ümläuten"
    folder.mkdir()
    file = folder / "a file.toml"
    file.write_text("hello", "utf-8")
    return file


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--data-folder", "{odd}"], "{odd}: is a file; name a folder for the data"),
        (["protocols", "check", "{odd}"], "{odd}: isn't valid TOML"),
        (["compute", "{folder}/nö", "--out", "{folder}/out"], "{folder}/nö: can't be read (No such file or directory)"),
        (["followup", "{folder}", "--out", "{odd}"], "{odd}: is a file; name a folder for the output"),
        (["check", "{folder}/nö"], "{folder}/nö: does not exist; name a folder of DICOM files"),
        (["verify", "{folder}"], "{folder}: can't be read ("),
        (
            ["tables", "x", "--out", "y", "--wrong"],
            "lutetia tables: unrecognized arguments: --wrong; see lutetia tables --help",
        ),
    ],
)
def test_that_unusable_input_is_named_with_its_place_and_what_to_do(
    odd: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    named = {"odd": str(odd), "folder": str(odd.parent)}
    assert main([argument.format(**named) for argument in arguments]) == 2
    found = capsys.readouterr().err
    assert said.format(**named) in found
    assert len(found.splitlines()) == 1
