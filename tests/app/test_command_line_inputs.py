"""What can't be right on the command line is one line: what, where and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RTPlanStorage, generate_uid

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
        (["check", "{odd}"], "{odd}: is not a DICOM file; name a folder of DICOM files"),
        (["check", "{folder}"], "{folder}: holds no DICOM file; name a folder of DICOM files"),
        (["check", "{folder}", "--json"], "{folder}: holds no DICOM file; name a folder of DICOM files"),
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


def test_that_a_folder_without_dicom_is_listed_all_the_same(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = odd.parent / "empty"
    empty.mkdir()
    for folder, code in ((empty, "folder-empty"), (odd.parent, "not-dicom")):
        assert main(["check", str(folder), "--json"]) == 2
        listed = json.loads(capsys.readouterr().out)
        assert code in {finding["code"] for entry in listed for finding in entry["findings"]}


def test_that_one_dicom_file_is_enough_for_a_check_though_it_is_of_no_use(odd: Path) -> None:
    plan = Dataset()
    plan.SOPClassUID, plan.SOPInstanceUID = RTPlanStorage, generate_uid()
    plan.file_meta = FileMetaDataset()
    plan.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = odd.parent / "plan.dcm"
    plan.save_as(file, enforce_file_format=True)
    assert main(["check", str(odd.parent)]) == 0
    assert main(["check", str(file)]) == 0
    # Cut off, it can't be read, but it is DICOM.
    file.write_bytes(file.read_bytes()[:-4])
    assert main(["check", str(odd.parent)]) == 0
    assert main(["check", str(file)]) == 0
