from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dosimetry_core.dicom import files
from dosimetry_core.dicom.first_slices import first_slices
from tests import phantoms
from tests.dosimetry_core.dicom import dialects
from tests.phantoms import CT_GRID, SPECT_GRID, Visit, bqml_series, counts_like, ct_series, nm_file

COUNTS, HU = counts_like(SPECT_GRID), counts_like(CT_GRID) - 1000


def test_that_each_series_shows_one_of_its_slices_with_its_values(tmp_path: Path) -> None:
    nm_file(tmp_path / "nm" / "a.dcm", COUNTS)
    ct_series(tmp_path / "ct", HU)
    second = Visit().later(20, "visit 2")
    dialects.enhanced(tmp_path / "enhanced.dcm", HU + 1024, CT_GRID, visit=second)
    shown = {slice_.path.parent.name: slice_ for slice_ in first_slices([tmp_path])}
    assert len(shown) == 3
    np.testing.assert_array_equal(shown["nm"].values, COUNTS[2])
    assert (shown["nm"].modality, shown["nm"].pixel_spacing_mm) == ("NM", (4.8, 4.8))
    assert any(np.array_equal(shown["ct"].values, plane) for plane in HU)
    np.testing.assert_array_equal(shown[tmp_path.name].values, HU[3])


def test_that_several_series_in_one_folder_are_all_shown_once(tmp_path: Path) -> None:
    nm_file(tmp_path / "spect.dcm", COUNTS)
    ct_series(tmp_path, HU)
    assert sorted(slice_.modality for slice_ in first_slices([tmp_path])) == ["CT", "NM"]


def test_that_few_files_are_read_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = phantoms.grid((60, 8, 8), (3.0, 4.0, 4.0))
    ct_series(tmp_path, counts_like(geometry), geometry)
    read: list[Path] = []
    plain = files.file_bytes
    monkeypatch.setattr(files, "file_bytes", lambda path: read.append(path) or plain(path))
    look = first_slices([tmp_path])
    next(look)
    assert len(read) == 1
    assert not list(look)
    assert len(read) < 10


def test_that_what_cant_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x", encoding="utf-8")
    phantoms.structure_set(tmp_path / "rs.dcm", {"Liver": [phantoms.box((-20, 0), (-40, -20), 106.0)]})
    nm_file(tmp_path / "bad.dcm", COUNTS, edit=dialects.setting(Rows=7))
    bqml_series(tmp_path / "pt", COUNTS, edit=dialects.without("PixelSpacing"))
    (shown,) = first_slices([tmp_path])
    assert (shown.modality, shown.pixel_spacing_mm) == ("PT", None)
