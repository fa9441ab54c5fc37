"""Files of real scanners that come with pydicom: what dcmdump prints of them is what `lutetia check` lists."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from dosimetry_core.dicom.check import check_folder


def _entries(folder: Path, *names: str) -> list[dict[str, Any]]:
    for name in names:
        found = get_testdata_file(name, download=False)
        if found is None:
            pytest.skip(f"this pydicom comes without {name}")
        shutil.copy(str(found), folder / Path(name).name)
    return [entry.as_json() for entry in check_folder(folder, time_zone="Europe/Warsaw")]


def _codes(entry: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in entry["findings"]}


def test_that_a_feet_first_ge_ct_has_its_geometry(tmp_path: Path) -> None:
    names = [f"dicomdirtests/98892001/CT5N/{name}" for name in ("2062", "2392", "2693", "3023", "3353")]
    (ct,) = [entry for entry in _entries(tmp_path, *names) if entry["what"] == "CT"]
    assert (ct["patient_position"], ct["shape"]) == ("FFS", [5, 16, 16])
    # Image Position (Patient) of the lowest slice, and slices 2.5 mm apart.
    assert ct["position_mm"] == pytest.approx([-72.199997, -143.0, -1.2375])
    assert ct["spacing_mm"] == pytest.approx([2.5, 0.488281, 0.488281])
    assert ct["orientation"] == pytest.approx([1, 0, 0, 0, 1, 0, 0, 0, 1])


def test_that_a_single_slice_is_listed_with_its_place_and_not_offered(tmp_path: Path) -> None:
    entries = _entries(tmp_path, "CT_small.dcm")
    assert {entry["what"] for entry in entries} == {"problem"}
    (ct,) = [entry for entry in entries if "single-slice" in _codes(entry)]
    assert (ct["patient_position"], ct["shape"]) == ("FFS", [1, 128, 128])
    assert ct["position_mm"] == pytest.approx([-158.135803, -179.035797, -75.699997])
    assert ct["spacing_mm"] == pytest.approx([5.0, 0.661468, 0.661468])


def test_that_planar_images_of_a_gamma_camera_are_not_offered_as_spect(tmp_path: Path) -> None:
    entries = _entries(tmp_path, "JPEG2000.dcm", "JPEG-lossy.dcm")
    assert "SPECT" not in {entry["what"] for entry in entries}
    (planar,) = [entry for entry in entries if entry.get("modality") == "NM"]
    assert "no-image-of-use" in _codes(planar)
    assert planar["shape"][1:] == [1024, 256]


def test_that_a_structure_set_without_its_image_is_named_though_it_lacks_the_mark_of_dicom(tmp_path: Path) -> None:
    entries = _entries(tmp_path, "rtstruct.dcm")
    (structures,) = [entry for entry in entries if entry["what"].startswith("VOIs")]
    assert "voi-image-absent" in _codes(structures)
    assert any("file-without-mark" in _codes(entry) for entry in entries)


def test_that_a_list_of_files_is_no_image_whatever_it_is_called(tmp_path: Path) -> None:
    # Some scanners write one named DIRFILE into each folder of an export.
    listing = get_testdata_file("DICOMDIR-implicit", download=False)
    if listing is None:
        pytest.skip("this pydicom comes without DICOMDIR-implicit")
    names = [f"dicomdirtests/98892001/CT5N/{name}" for name in ("2062", "2392", "2693", "3023", "3353")]
    shutil.copy(str(listing), tmp_path / "DIRFILE")
    entries = _entries(tmp_path, *names)
    assert {
        entry["what"] for entry in entries if "unreadable" in _codes(entry) or "identity-missing" in _codes(entry)
    } == set()
    assert [entry["path"].rpartition("/")[2] for entry in entries if entry["what"] == "DICOM directory"] == ["DIRFILE"]
    assert "CT" in {entry["what"] for entry in entries}
