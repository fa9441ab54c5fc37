"""What `lutetia check` offers: a SPECT that lacks one answer is one; a file with any other fault is a problem."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from dosimetry_core.dicom.check import check_folder
from dosimetry_core.dicom.series import read_series
from dosimetry_core.errors import DicomReadError
from tests.dosimetry_core.dicom import dialects
from tests.dosimetry_core.dicom.dialects import edits, in_detector, in_isotope, setting, without
from tests.phantoms import SPECT_GRID, Edit, Visit, bqml_series, counts_like, ct_series, nm_file, nothing

COUNTS = counts_like(SPECT_GRID)


def _entries(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        json.dumps([entry.as_json() for entry in check_folder(folder, time_zone="Europe/Warsaw")])
    )
    return found


def _of(folder: Path, code: str) -> dict[str, Any]:
    (entry,) = [e for e in _entries(folder) if e["findings"] and e["findings"][0]["code"] == code]
    return entry


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (without("Units"), "units-missing"),
        (in_detector(ImagePositionPatient=None), "image-position-missing"),
    ],
)
def test_that_a_tomogram_that_lacks_one_answer_is_a_spect_with_a_question(
    tmp_path: Path, edit: Edit, code: str
) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=edits(dialects.xeleris, edit))
    entry = _of(tmp_path, code)
    assert (entry["what"], entry["findings"][0]["level"]) == ("SPECT", "error")
    assert (entry["shape"], entry["total"]) == ([5, 18, 16], COUNTS.sum())


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        # Two faults: the answer alone would not make it an image of use.
        (edits(without("Units"), setting(DecayCorrection="START")), "units-missing"),
        (edits(without("Units", "FrameOfReferenceUID")), "units-missing"),
        (setting(Units="CPS"), "count-rate"),
    ],
)
def test_that_one_with_another_fault_is_a_problem(tmp_path: Path, edit: Edit, code: str) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=edit)
    assert _of(tmp_path, code)["what"] == "problem"


def test_that_a_ct_without_a_position_is_no_spect(tmp_path: Path) -> None:
    ct_series(tmp_path, COUNTS, SPECT_GRID, edit=without("ImagePositionPatient"))
    assert _of(tmp_path, "image-position-missing")["what"] == "problem"


def test_that_the_header_of_a_file_without_pixels_is_listed_and_the_file_refused(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=edits(dialects.xeleris, without("PixelData")), step_sign=-1)
    entry = _of(tmp_path, "file-truncated")
    assert (entry["what"], entry["modality"], entry["total"]) == ("problem", "OT", None)
    assert (entry["shape"], entry["spacing_mm"]) == ([5, 18, 16], [4.8, 4.8, 4.8])
    assert entry["position_mm"] == [-37.0, -55.0, 99.0]


def _time_only(dataset: Dataset) -> None:
    item = dataset.RadiopharmaceuticalInformationSequence[0]
    item.RadiopharmaceuticalStartTime = str(item.RadiopharmaceuticalStartDateTime)[8:14]
    del item.RadiopharmaceuticalStartDateTime


def test_that_values_corrected_to_an_administration_without_a_date_are_a_question(tmp_path: Path) -> None:
    bqml_series(tmp_path, COUNTS, edit=edits(_time_only, setting(DecayCorrection="ADMIN", DecayFactor=1.0)))
    assert _of(tmp_path, "administration-time-missing")["what"] == "SPECT"
    with pytest.raises(DicomReadError, match="image_decay_reference"):
        read_series([tmp_path], time_zone="Europe/Warsaw")
    (image,) = read_series([tmp_path], time_zone="Europe/Warsaw", stated_decay_reference="administration").series
    assert (image.decay_reference, image.stated_administration_start) == ("administration", None)
    assert "decay-reference-entered" in {finding.code for finding in image.findings}
    # The file says clearly to what its values are corrected: an answer for other scans of the cycle changes nothing.
    for other in ("acquisition-start", "none"):
        with pytest.raises(DicomReadError, match="image_decay_reference"):
            read_series([tmp_path], time_zone="Europe/Warsaw", stated_decay_reference=other)


# 177Lu and 90Y (64.1 h) of 20 minutes have factors of 1.0007 and 1.0018 at the start of a scan.
@pytest.mark.parametrize(("factor", "fits"), [(1.0007, True), (1.0018, True), (1.31, False), (0.9, False)])
def test_that_the_decay_factor_of_an_image_of_an_unknown_nuclide_has_to_fit_one_of_the_therapy(
    tmp_path: Path, factor: float, fits: bool
) -> None:
    bqml_series(
        tmp_path, COUNTS, edit=edits(without("RadiopharmaceuticalInformationSequence"), setting(DecayFactor=factor))
    )
    if fits:
        (image,) = read_series([tmp_path], time_zone="Europe/Warsaw").series
        assert image.nuclide is None
    else:
        assert _of(tmp_path, "decay-factor-contradictory")["what"] == "SPECT"


def _fluorine(dataset: Dataset) -> None:
    code = dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0]
    code.CodeValue, code.CodeMeaning = "77004003", "^18^Fluorine"
    in_isotope(RadionuclideHalfLife=6586.2)(dataset)


@pytest.mark.parametrize(
    "edit",
    [
        nothing,
        # As many PET systems write counts, and as contradictory as headers of SPECT are.
        setting(Units="CNTS"),
        setting(DecayCorrection="NONE"),
        setting(Units="PROPCPS"),
    ],
)
def test_that_a_pet_of_another_nuclide_is_left_out_and_stops_nothing_whatever_is_wrong_with_it(
    tmp_path: Path, edit: Edit
) -> None:
    bqml_series(tmp_path / "pet", COUNTS, visit=Visit().later(30, "pet"), edit=edits(_fluorine, edit))
    nm_file(tmp_path / "spect.dcm", COUNTS)
    reading = read_series([tmp_path], time_zone="Europe/Warsaw")
    assert [image.nuclide for image in reading.series] == ["Lu-177"]
    assert "other-nuclide" in {finding.code for finding in reading.findings}
    (entry,) = [e for e in _entries(tmp_path) if e["what"] == "SPECT or PET of F-18"]
    assert (entry["shape"], entry["spacing_mm"]) == ([5, 18, 16], [4.8, 4.8, 4.8])
