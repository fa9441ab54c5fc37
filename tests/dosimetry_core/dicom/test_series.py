from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosimetry_core.dicom.series import SeriesReading, read_series
from dosimetry_core.errors import DicomReadError
from dosimetry_core.image import ImageSeries
from dosimetry_core.progress import Cancelled
from tests import phantoms
from tests.phantoms import CT_GRID, SPECT_GRID, Visit, bqml_series, counts_like, ct_series, grid, nm_file

ZONE = "Europe/Warsaw"
COUNTS = counts_like(SPECT_GRID)


def _read(*paths: Path, **options: object) -> SeriesReading:
    return read_series(list(paths), time_zone=ZONE, **options)  # type: ignore[arg-type]


def _only(*paths: Path) -> ImageSeries:
    (image,) = _read(*paths).series
    return image


def _codes(image: ImageSeries) -> set[str]:
    return {finding.code for finding in image.findings}


def test_that_an_nm_tomogram_in_counts_is_read_with_its_geometry_and_times(tmp_path: Path) -> None:
    path = nm_file(tmp_path / "recon.dcm", COUNTS)
    image = _only(path)
    assert (image.kind, image.volume.quantity, image.nuclide) == ("spect", "counts", "Lu-177")
    np.testing.assert_array_equal(image.volume.values, COUNTS)
    assert image.volume.geometry.is_same_grid(SPECT_GRID)
    assert image.acquisition_start == datetime(2025, 3, 3, 13, 5, tzinfo=UTC)
    assert (image.frame_duration_s, image.frames_per_head, image.number_of_heads) == (20.0, 60, 2)
    assert image.counting_duration_s == 1200.0
    assert image.decay_reference == "none"
    assert image.stated_administered_activity_bq == 7.4e9
    assert image.source_files[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {f.level for f in image.findings} == {"info"}


def test_that_a_negative_slice_spacing_puts_every_count_where_it_was(tmp_path: Path) -> None:
    forward = _only(nm_file(tmp_path / "a" / "recon.dcm", COUNTS))
    backward = _only(nm_file(tmp_path / "b" / "recon.dcm", COUNTS, step_sign=-1))
    assert backward.volume.geometry.is_same_grid(forward.volume.geometry)
    np.testing.assert_array_equal(backward.volume.values, forward.volume.values)


def test_that_geometry_at_the_top_level_is_read_too(tmp_path: Path) -> None:
    def raise_geometry(dataset: Dataset) -> None:
        detector = dataset.DetectorInformationSequence[0]
        dataset.ImagePositionPatient = detector.ImagePositionPatient
        dataset.ImageOrientationPatient = detector.ImageOrientationPatient
        del dataset.DetectorInformationSequence

    assert _only(nm_file(tmp_path / "x.dcm", COUNTS, edit=raise_geometry)).volume.geometry.is_same_grid(SPECT_GRID)


def test_that_the_modality_ot_on_an_nm_object_is_nm(tmp_path: Path) -> None:
    def other(dataset: Dataset) -> None:
        dataset.Modality = "OT"

    assert _only(nm_file(tmp_path / "x.dcm", COUNTS, edit=other)).volume.quantity == "counts"


def test_that_frames_of_both_heads_listed_together_do_not_double_the_time(tmp_path: Path) -> None:
    def both_heads(dataset: Dataset) -> None:
        dataset.RotationInformationSequence[0].NumberOfFramesInRotation = 120

    image = _only(nm_file(tmp_path / "x.dcm", COUNTS, edit=both_heads))
    assert (image.counting_duration_s, image.frames_per_head) == (1200.0, 60)
    (finding,) = [f for f in image.findings if f.code == "frames-of-all-heads"]
    assert finding.level == "warning"
    assert "1200 s" in finding.text
    assert "2400 s" in finding.text


def test_that_an_undecidable_frame_count_is_shown_with_both_times(tmp_path: Path) -> None:
    def full_circle(dataset: Dataset) -> None:
        dataset.RotationInformationSequence[0].NumberOfFramesInRotation = 120
        dataset.RotationInformationSequence[0].ScanArc = 360

    image = _only(nm_file(tmp_path / "x.dcm", COUNTS, edit=full_circle))
    assert "frames-per-head-ambiguous" in _codes(image)
    assert image.counting_duration_s == 2400.0


def test_that_a_lost_rotation_leaves_the_time_unknown_and_says_so(tmp_path: Path) -> None:
    def lost(dataset: Dataset) -> None:
        del dataset.RotationInformationSequence

    image = _only(nm_file(tmp_path / "x.dcm", COUNTS, edit=lost))
    assert image.counting_duration_s is None
    assert "counting-duration-unknown" in _codes(image)


def test_that_a_real_world_mapping_to_activity_goes_before_counts(tmp_path: Path) -> None:
    def mapped(dataset: Dataset) -> None:
        units = Dataset()
        units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = "Bq/ml", "UCUM", "Becquerels/milliliter"
        item = Dataset()
        item.MeasurementUnitsCodeSequence = Sequence([units])
        item.RealWorldValueSlope, item.RealWorldValueIntercept = 2.5, 0.0
        dataset.RealWorldValueMappingSequence = Sequence([item])
        dataset.DecayCorrection = "NONE"

    image = _only(nm_file(tmp_path / "x.dcm", COUNTS, edit=mapped))
    assert image.volume.quantity == "activity_concentration_bq_per_ml"
    np.testing.assert_allclose(image.volume.values, COUNTS * 2.5)
    assert image.decay_reference == "none"


def test_that_counts_per_second_are_told_from_counts(tmp_path: Path) -> None:
    def rate(dataset: Dataset) -> None:
        dataset.Units = "CPS"

    path = nm_file(tmp_path / "x.dcm", COUNTS, edit=rate)
    with pytest.raises(DicomReadError, match="of which seconds") as refusal:
        _read(path)
    assert refusal.value.rule == "count-rate"
    (image,) = _read(path, stated_quantity="counts_per_s").series
    assert image.volume.quantity == "counts_per_s"
    assert "count-rate-entered" in {finding.code for finding in image.findings}


def test_that_a_spect_without_a_position_lies_where_it_is_said_to(tmp_path: Path) -> None:
    def unplaced(dataset: Dataset) -> None:
        del dataset.DetectorInformationSequence[0].ImagePositionPatient

    path = nm_file(tmp_path / "a" / "x.dcm", COUNTS, edit=unplaced)
    with pytest.raises(DicomReadError, match="Image Position") as refusal:
        _read(path)
    assert refusal.value.rule == "image-position-missing"
    assert "image_position_mm" in refusal.value.remedy
    (image,) = _read(path, stated_position_mm=(-37.0, 12.5, 4.0)).series
    assert tuple(image.volume.geometry.index_to_point((0, 0, 0))) == pytest.approx((-37.0, 12.5, 4.0))
    assert [f.level for f in image.findings if f.code == "image-position-entered"] == ["warning"]
    (placed,) = _read(nm_file(tmp_path / "b" / "x.dcm", COUNTS), stated_position_mm=(-37.0, 12.5, 4.0)).series
    assert placed.volume.geometry.is_same_grid(SPECT_GRID)
    assert "image-position-entered" not in {finding.code for finding in placed.findings}


def test_that_a_stated_quantity_is_followed_only_where_the_file_is_silent(tmp_path: Path) -> None:
    def silent(dataset: Dataset) -> None:
        del dataset.Units

    path = nm_file(tmp_path / "a" / "x.dcm", COUNTS, edit=silent)
    assert _read(path, stated_quantity="counts").series[0].volume.quantity == "counts"
    path = nm_file(tmp_path / "b" / "x.dcm", COUNTS)
    assert _read(path, stated_quantity="counts_per_s").series[0].volume.quantity == "counts"


def test_that_each_slice_of_a_bqml_series_has_its_own_slope(tmp_path: Path) -> None:
    activity = COUNTS * np.array([1.0, 10.0, 100.0, 3.0, 30.0])[:, None, None]
    bqml_series(tmp_path, activity)
    image = _only(tmp_path)
    assert image.volume.quantity == "activity_concentration_bq_per_ml"
    assert image.decay_reference == "acquisition-start"
    assert image.volume.geometry.is_same_grid(SPECT_GRID)
    for plane, truth in zip(image.volume.values, activity, strict=True):
        # Half a step of 32000 per slice.
        np.testing.assert_allclose(plane, truth, atol=truth.max() / 32000)
    assert image.stated_administered_activity_bq == 7.4e9
    assert len(image.source_files) == len(activity)


def test_that_doubling_the_slope_doubles_the_activity(tmp_path: Path) -> None:
    def doubled(dataset: Dataset) -> None:
        dataset.RescaleSlope = float(dataset.RescaleSlope) * 2

    bqml_series(tmp_path / "a", COUNTS)
    bqml_series(tmp_path / "b", COUNTS, edit=doubled)
    once, twice = _only(tmp_path / "a").volume.values, _only(tmp_path / "b").volume.values
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-6)


def test_that_the_start_is_the_earliest_slice_and_the_steps_are_remarked(tmp_path: Path) -> None:
    def in_beds(dataset: Dataset) -> None:
        if dataset.InstanceNumber <= 2:
            dataset.AcquisitionTime = "143000"

    bqml_series(tmp_path, COUNTS, edit=in_beds)
    image = _only(tmp_path)
    assert image.acquisition_start == datetime(2025, 3, 3, 13, 5, tzinfo=UTC)
    assert "acquisition-in-steps" in _codes(image)


def test_that_activity_corrected_to_administration_keeps_the_stated_instant(tmp_path: Path) -> None:
    def to_administration(dataset: Dataset) -> None:
        dataset.DecayCorrection = "ADMIN"

    bqml_series(tmp_path, COUNTS, edit=to_administration)
    image = _only(tmp_path)
    assert image.decay_reference == "administration"
    assert image.stated_administration_start == datetime(2025, 3, 3, 9, 5, tzinfo=UTC)


def test_that_a_ct_is_sorted_by_position_whatever_its_files_are_called(tmp_path: Path) -> None:
    hu = counts_like(CT_GRID) - 1000
    ct_series(tmp_path, hu)
    image = _only(tmp_path)
    assert (image.kind, image.volume.quantity) == ("ct", "ct_number_hu")
    np.testing.assert_array_equal(image.volume.values, hu)
    assert image.volume.geometry.is_same_grid(CT_GRID)


@pytest.mark.parametrize("turn", [np.diag([1.0, -1.0, -1.0]), np.diag([-1.0, 1.0, -1.0]), None])
def test_that_prone_feet_first_and_oblique_axial_cts_keep_every_voxel_in_place(
    tmp_path: Path, turn: np.ndarray | None
) -> None:
    if turn is None:
        angle = np.deg2rad(12.0)
        turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    geometry = grid(CT_GRID.shape, CT_GRID.spacing_mm, directions=turn @ phantoms.AXIAL)
    hu = counts_like(geometry) - 1000
    ct_series(tmp_path, hu, geometry)
    image = _only(tmp_path)
    index = np.array([4, 17, 3])
    there = np.rint(image.volume.geometry.point_to_index(geometry.index_to_point(index))).astype(int)
    assert image.volume.values[tuple(there)] == hu[tuple(index)]
    np.testing.assert_allclose(image.volume.geometry.index_to_point(there), geometry.index_to_point(index), atol=1e-3)


def test_that_names_in_any_script_are_exact(tmp_path: Path) -> None:
    names = ["Żółć^Łucja", "Яковлев^Пётр", "Yamada^Tarou=山田^太郎=やまだ^たろう", "Μαρία^Ελένη", "Nguyễn^Thị"]
    for number, name in enumerate(names):
        folder = tmp_path / str(number)
        nm_file(folder / "x.dcm", COUNTS, visit=Visit(patient_name=name))
        assert _only(folder).patient_name == name


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 101", "Żółć^Łucja"),
        ("ISO_IR 144", "Яковлев^Пётр"),
        ("ISO_IR 126", "Μαρία^Ελένη"),
        ("GB18030", "王^小东"),
    ],
)
def test_that_older_character_sets_are_exact(tmp_path: Path, character_set: str, name: str) -> None:
    def encoded(dataset: Dataset) -> None:
        dataset.SpecificCharacterSet = character_set
        dataset.PatientName = name

    assert _only(nm_file(tmp_path / "x.dcm", COUNTS, edit=encoded)).patient_name == name


def test_that_a_folder_is_searched_and_told_apart(tmp_path: Path) -> None:
    nm_file(tmp_path / "deep" / "er" / "recon.dcm", COUNTS)
    ct_series(tmp_path / "ct", counts_like(CT_GRID))
    structure = phantoms.structure_set(tmp_path / "rs.dcm", {"Liver": [phantoms.box((-30, 0), (-30, 0), 103)]})
    labels = phantoms.label_volume(tmp_path / "labels.nii", np.ones(CT_GRID.shape, int), names={"1": "Liver"})

    def projections(dataset: Dataset) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]
        dataset.SOPInstanceUID = phantoms.uid("projections")

    nm_file(tmp_path / "raw.dcm", COUNTS, edit=projections)
    (tmp_path / "DICOMDIR").write_bytes(b"anything")
    (tmp_path / ".hidden").write_bytes(b"anything")
    reading = _read(tmp_path)
    assert [s.kind for s in reading.series] == ["ct", "spect"]
    assert reading.voi_paths == (labels, structure)
    assert [(i.path.name, i.what) for i in reading.ignored] == [("raw.dcm", "NM image (tomo)")]


def test_that_equal_copies_are_read_once(tmp_path: Path) -> None:
    path = nm_file(tmp_path / "a.dcm", COUNTS)
    shutil.copy(path, tmp_path / "b.dcm")
    reading = _read(tmp_path)
    assert len(reading.series) == 1
    assert "copies" in [f.code for f in reading.findings]


def test_that_an_image_of_another_nuclide_is_left_out_and_said(tmp_path: Path) -> None:
    def technetium(dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideCodeSequence[0].CodeValue = "72454001"
        item.RadionuclideCodeSequence[0].CodeMeaning = "^99m^Technetium"
        item.RadionuclideHalfLife = 21624.12

    nm_file(tmp_path / "x.dcm", COUNTS, edit=technetium)
    reading = _read(tmp_path)
    assert not reading.series
    assert [f.code for f in reading.findings] == ["other-nuclide"]


def test_that_a_clock_offset_moves_every_scan_and_is_said(tmp_path: Path) -> None:
    nm_file(tmp_path / "x.dcm", COUNTS)
    reading = _read(tmp_path, clock_offset_s=-120.0)
    assert reading.series[0].acquisition_start == datetime(2025, 3, 3, 13, 3, tzinfo=UTC)
    assert [f.code for f in reading.findings] == ["clock-offset"]


def test_that_missing_corrections_are_doubts(tmp_path: Path) -> None:
    def raw(dataset: Dataset) -> None:
        dataset.CorrectedImage = ["UNIF"]

    found = _only(nm_file(tmp_path / "x.dcm", COUNTS, edit=raw)).findings
    assert len([f for f in found if f.code == "correction-missing" and f.level == "warning"]) == 2


def test_that_swapped_slices_are_visible(tmp_path: Path) -> None:
    def swapped(dataset: Dataset) -> None:
        if dataset.InstanceNumber in (2, 3):
            other = 5 - dataset.InstanceNumber
            dataset.ImagePositionPatient = list(CT_GRID.index_to_point((other - 1, 0, 0)))

    ct_series(tmp_path, counts_like(CT_GRID), edit=swapped)
    assert "slice-order" in _codes(_only(tmp_path))


def test_that_reading_can_be_cancelled(tmp_path: Path) -> None:
    ct_series(tmp_path, counts_like(CT_GRID))

    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        _read(tmp_path, progress=stop)


def test_that_a_study_without_a_usable_spect_is_a_finding(tmp_path: Path) -> None:
    def planar(dataset: Dataset) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]

    nm_file(tmp_path / "a.dcm", COUNTS)
    # Another image of a study with a SPECT is nothing to remark on.
    nm_file(tmp_path / "b.dcm", COUNTS, edit=lambda d: (planar(d), setattr(d, "SOPInstanceUID", "1.2.3"))[0])
    assert [f.code for f in _read(tmp_path).findings if f.code == "study-without-spect"] == []
    later = nm_file(tmp_path / "c.dcm", COUNTS, visit=Visit().later(20, "visit 2"), edit=planar)
    found = [f for f in _read(tmp_path).findings if f.code == "study-without-spect"]
    assert [(f.level, f.place) for f in found] == [("warning", str(later))]
