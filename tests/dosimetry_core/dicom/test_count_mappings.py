"""Counts that a real-world value mapping scales, as some workstations write reconstructions: every total is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosimetry_core.dicom.series import read_series
from dosimetry_core.errors import DicomReadError
from dosimetry_core.image import ImageSeries
from tests.dosimetry_core.dicom.dialects import edits, setting, without
from tests.phantoms import SPECT_GRID, Edit, counts_like, nm_file

COUNTS = counts_like(SPECT_GRID)


def _mapped(code: str, slope: float, intercept: float = 0.0) -> Edit:
    def edit(dataset: Dataset) -> None:
        units, item = Dataset(), Dataset()
        units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = code, "UCUM", code
        item.MeasurementUnitsCodeSequence = Sequence([units])
        item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped = 0, 65535
        item["RealWorldValueFirstValueMapped"].VR = item["RealWorldValueLastValueMapped"].VR = "US"
        item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
        before = list(dataset.get("RealWorldValueMappingSequence", []))
        dataset.RealWorldValueMappingSequence = Sequence([*before, item])

    return edit


def _read(folder: Path, *several: Edit, stated: str | None = None) -> ImageSeries:
    path = nm_file(folder / "recon.dcm", COUNTS, edit=edits(*several))
    (image,) = read_series([path], time_zone="Europe/Warsaw", stated_quantity=stated).series  # type: ignore[arg-type]
    return image


@pytest.mark.parametrize(("code", "quantity"), [("{counts}", "counts"), ("{counts}/s", "counts_per_s")])
def test_that_a_mapping_to_counts_says_what_the_values_are_and_scales_them(
    tmp_path: Path, code: str, quantity: str
) -> None:
    image = _read(tmp_path, without("Units"), _mapped(code, 0.125), stated=quantity)
    assert image.volume.quantity == quantity
    np.testing.assert_array_equal(image.volume.values, COUNTS * 0.125)


def test_that_the_mapping_scales_where_units_say_counts_too(tmp_path: Path) -> None:
    image = _read(tmp_path, _mapped("{counts}", 0.125))
    assert image.volume.values.sum(dtype=np.float64) == COUNTS.sum() * 0.125


def test_that_what_the_user_says_never_goes_before_a_mapping(tmp_path: Path) -> None:
    image = _read(tmp_path, without("Units"), _mapped("{counts}", 0.125), stated="counts_per_s")
    assert image.volume.quantity == "counts"
    np.testing.assert_array_equal(image.volume.values, COUNTS * 0.125)


def test_that_activity_goes_before_counts_where_a_file_maps_to_both(tmp_path: Path) -> None:
    image = _read(tmp_path, _mapped("{counts}", 0.125), _mapped("Bq/ml", 8.0), setting(DecayCorrection="NONE"))
    assert image.volume.quantity == "activity_concentration_bq_per_ml"
    np.testing.assert_array_equal(image.volume.values, COUNTS * 8.0)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (edits(_mapped("{counts}", 0.125), setting(RescaleSlope=0.25, RescaleIntercept=0)), "contradict each other"),
        (edits(without("Units"), _mapped("{counts}", 0.125), _mapped("{counts}", 0.25)), "to counts in several ways"),
        (edits(without("Units"), _mapped("{counts}", 0.125), _mapped("{counts}/s", 1.0)), "to counts and to counts/s"),
        (_mapped("{counts}/s", 0.125), "Units .* is 'CNTS', but its real-world values are counts/s"),
    ],
    ids=("rescale", "two", "both", "units"),
)
def test_that_mappings_that_contradict_are_refused(tmp_path: Path, edit: Edit, words: str) -> None:
    with pytest.raises(DicomReadError, match=words):
        _read(tmp_path, edit)


@pytest.mark.parametrize("code", ["/s", "g/ml{SUVbw}"])
def test_that_values_mapped_to_another_unit_are_refused_even_if_somebody_says_that_they_are_counts(
    tmp_path: Path, code: str
) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=edits(without("Units"), _mapped(code, 1.0)))
    with pytest.raises(DicomReadError, match=code.replace("{", r"\{")) as refusal:
        read_series([tmp_path], time_zone="Europe/Warsaw", stated_quantity="counts")
    assert refusal.value.rule == "units-unusable"


def test_that_a_mapping_without_a_unit_says_nothing(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=edits(without("Units"), _mapped("1", 1.0)))
    (image,) = read_series([tmp_path], time_zone="Europe/Warsaw", stated_quantity="counts").series
    np.testing.assert_array_equal(image.volume.values, COUNTS)
