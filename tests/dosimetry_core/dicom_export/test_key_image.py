"""Key images: every VOI in two planes, one series, in colour, with words and without the patient's name."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pydicom
import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from dosimetry_core.case_file import read_case
from dosimetry_core.dicom_export.cycle import digest_of_results, facts_of_cycle
from dosimetry_core.dicom_export.key_image import caption, key_image, rendered
from dosimetry_core.dicom_export.objects import file_bytes
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.pipeline import compute
from dosimetry_core.treatment_report.pictures import cycle_pictures
from tests.small_study import write_small_case

MADE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return compute(read_case(write_small_case(tmp_path_factory.mktemp("case"))))


def test_that_a_cycle_has_two_pictures_of_each_voi_in_one_series(evaluation: Evaluation) -> None:
    result = evaluation.cycles[0]
    facts = facts_of_cycle(result, made_at=MADE, digest=digest_of_results(evaluation))
    pictures = cycle_pictures(result.cycle)
    assert [(one.voi, one.plane) for one in pictures] == [
        (name, plane) for name in ("Kidney L", "Kidney R") for plane in ("axial", "coronal")
    ]
    read = [
        pydicom.dcmread(io.BytesIO(file_bytes(key_image(facts, picture, number=number))))
        for number, picture in enumerate(pictures, start=1)
    ]
    assert {one.SOPClassUID for one in read} == {SecondaryCaptureImageStorage}
    assert len({one.SeriesInstanceUID for one in read}) == 1
    assert len({one.SOPInstanceUID for one in read}) == 4
    assert [one.InstanceNumber for one in read] == [1, 2, 3, 4]
    assert {one.PatientID for one in read} == {"P-1"}
    for one, picture in zip(read, pictures, strict=True):
        assert (one.PhotometricInterpretation, one.BurnedInAnnotation) == ("RGB", "YES")
        assert "research" in one.SeriesDescription
        assert "Research use only" in one.DerivationDescription
        assert one.ImageComments == caption(picture)
        assert np.array_equal(one.pixel_array, rendered(picture, moment=MADE))


def test_that_the_outline_is_drawn_in_its_colour_at_its_place(evaluation: Evaluation) -> None:
    picture = cycle_pictures(evaluation.cycles[0].cycle)[0]
    pixels = rendered(picture, moment=MADE).astype(int)
    outline = (pixels[..., 0] < 60) & (pixels[..., 1] > 200) & (pixels[..., 2] > 220)
    rows, columns = np.nonzero(outline)
    # 40 mm wide beside a scale bar of 50 mm that takes so many parts of 100 mm of paper at 3 dots a point.
    per_mm = picture.scale_bar_part * 100 / 25.4 * 72 * 3 / picture.scale_bar_mm
    assert np.ptp(columns) == pytest.approx(40 * per_mm, rel=0.05)
    assert np.ptp(rows) == pytest.approx(40 * per_mm, rel=0.05)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(pixels.shape[1] / 2, abs=4)


def test_that_words_hold_the_voi_and_not_the_patient(evaluation: Evaluation) -> None:
    picture = replace(cycle_pictures(evaluation.cycles[0].cycle)[1], voi="Węzeł 1")
    words = caption(picture)
    assert words.startswith("Węzeł 1, cycle 1, 4.0 h after administration, coronal, y ")
    patient = evaluation.case.patient
    assert patient.patient_id not in words
    assert patient.name not in words


def test_that_a_cycle_without_images_has_none(evaluation: Evaluation) -> None:
    assert cycle_pictures(replace(evaluation.cycles[0].cycle, time_points=())) == ()
