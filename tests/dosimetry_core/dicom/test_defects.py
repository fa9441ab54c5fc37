"""Bad input: each gives one line that names file or field, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless

from dosimetry_core.dicom.series import read_series
from dosimetry_core.dicom.study import group_time_points
from dosimetry_core.errors import DicomReadError, DosimetryError, InputProblems
from tests import phantoms
from tests.phantoms import CT_GRID, SPECT_GRID, Visit, bqml_series, counts_like, ct_series, nm_file

COUNTS = counts_like(SPECT_GRID)
HU = counts_like(CT_GRID)


def _line(*paths: Path) -> str:
    with pytest.raises(DosimetryError) as caught:
        read_series(list(paths), time_zone="Europe/Warsaw")
    error = caught.value
    assert not isinstance(error, InputProblems), error.line()
    line = error.line()
    assert "\n" not in line
    assert error.where
    assert error.what
    assert error.remedy
    return line


def _without(*keywords: str) -> Callable[[Dataset], None]:
    def edit(dataset: Dataset) -> None:
        for keyword in keywords:
            if keyword in dataset:
                del dataset[keyword]

    return edit


def _with(**values: object) -> Callable[[Dataset], None]:
    def edit(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return edit


def _no_position(dataset: Dataset) -> None:
    del dataset.DetectorInformationSequence[0].ImagePositionPatient


def _no_orientation(dataset: Dataset) -> None:
    del dataset.DetectorInformationSequence[0].ImageOrientationPatient


def _two_placements(dataset: Dataset) -> None:
    other = Dataset()
    other.ImagePositionPatient = [0, 0, 0]
    other.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.DetectorInformationSequence.append(other)


def _skewed(dataset: Dataset) -> None:
    dataset.DetectorInformationSequence[0].ImageOrientationPatient = [1, 0, 0, 0.2, 1, 0]


def _cut_pixels(dataset: Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:-200]


def _more_frames(dataset: Dataset) -> None:
    dataset.NumberOfFrames = 2000000000
    del dataset.NumberOfSlices
    del dataset.SliceVector


def _wrong_half_life(dataset: Dataset) -> None:
    dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = 6586.2


def _bits(dataset: Dataset) -> None:
    dataset.BitsStored, dataset.HighBit = 8, 7


NM_DEFECTS = {
    "no acquisition time": (_without("AcquisitionTime"), r"Acquisition Time \(0008,0032\) is missing"),
    "no unit": (_without("Units"), r"Units \(0054,1001\) is missing"),
    "unusable unit": (_with(Units="GML"), r"Units \(0054,1001\) is 'GML'"),
    "no pixel spacing": (_without("PixelSpacing"), r"Pixel Spacing \(0028,0030\) is missing"),
    "no position": (_no_position, r"Image Position \(Patient\) \(0020,0032\) is missing"),
    "no orientation": (_no_orientation, r"Image Orientation \(Patient\) \(0020,0037\) is missing"),
    "no slice distance": (
        _without("SpacingBetweenSlices", "SliceThickness"),
        r"Spacing Between Slices \(0018,0088\) is missing",
    ),
    "slice distance zero": (_with(SpacingBetweenSlices=0.0), "Spacing Between Slices .* is 0"),
    "placed twice": (_two_placements, "place the image differently"),
    "skewed axes": (_skewed, "not two perpendicular unit vectors"),
    "frames in odd order": (_with(SliceVector=[5, 4, 3, 2, 1]), "Slice Vector .* does not count"),
    "several energy windows": (_with(EnergyWindowVector=[1, 1, 2, 2, 2]), "several volumes in one file"),
    "frames against slices": (_with(NumberOfSlices=4), "5 frames for 4 slices"),
    "truncated pixels": (_cut_pixels, "bytes of pixels where .* truncated or damaged"),
    "announced beyond reason": (_more_frames, "announces .* bytes of pixels"),
    "no pixels": (_without("PixelData"), r"Pixel Data \(7FE0,0010\) is missing"),
    "no frame of reference": (_without("FrameOfReferenceUID"), "Frame of Reference UID .* is missing"),
    "wrong half-life": (_wrong_half_life, "Half Life .* but Lu-177 has"),
    "counts corrected for decay": (_with(CorrectedImage=["ATTN", "DECY"]), "counts are decay-corrected"),
    "lossy": (_with(LossyImageCompression="01"), "compressed with loss"),
    "colour": (_with(SamplesPerPixel=3), "colour image"),
    "bits beyond those stored": (_bits, "more than the 8 bits"),
    "no image type": (_without("ImageType"), r"Image Type \(0008,0008\) is missing"),
    "empty image": (_with(PixelData=bytes(2 * COUNTS.size)), "no counts at all"),
}


@pytest.mark.parametrize("defect", [name for name, (_, message) in NM_DEFECTS.items() if message])
def test_that_a_defective_tomogram_is_refused_with_the_reason(tmp_path: Path, defect: str) -> None:
    edit, message = NM_DEFECTS[defect]
    path = nm_file(tmp_path / "recon.dcm", COUNTS, edit=edit)
    line = _line(path)
    assert line.startswith(str(path))
    with pytest.raises(DicomReadError, match=message):
        read_series([path], time_zone="Europe/Warsaw")


def _slope_zero(dataset: Dataset) -> None:
    if dataset.InstanceNumber == 3:
        dataset.RescaleSlope = 0


def _other_unit(dataset: Dataset) -> None:
    if dataset.InstanceNumber == 3:
        dataset.Units = "CNTS"


def _other_frame(dataset: Dataset) -> None:
    if dataset.InstanceNumber == 3:
        dataset.FrameOfReferenceUID = "1.2.3.4"


def _much_later(dataset: Dataset) -> None:
    if dataset.InstanceNumber == 3:
        dataset.AcquisitionTime = "233000"


def _mapped_otherwise(dataset: Dataset) -> None:
    units = Dataset()
    units.CodeValue = "Bq/ml"
    item = Dataset()
    item.MeasurementUnitsCodeSequence = Sequence([units])
    item.RealWorldValueSlope, item.RealWorldValueIntercept = float(dataset.RescaleSlope) * 2, 0.0
    dataset.RealWorldValueMappingSequence = Sequence([item])


def _administered_at_no_time(dataset: Dataset) -> None:
    dataset.DecayCorrection = "ADMIN"
    del dataset.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime


BQML_DEFECTS = {
    "no unit": (_without("Units"), r"Units \(0054,1001\) is missing"),
    "no slope": (_without("RescaleSlope"), "Rescale Slope .* is missing"),
    "slope zero": (_slope_zero, "Rescale Slope .* is 0"),
    "no decay correction": (_without("DecayCorrection"), r"Decay Correction \(0054,1102\) is missing"),
    "odd decay correction": (_with(DecayCorrection="SOME"), "Decay Correction .* is 'SOME'"),
    "corrected and not": (_with(DecayCorrection="NONE"), "lists decay correction"),
    "not corrected but said": (_with(CorrectedImage=["ATTN"]), "does not list decay correction"),
    "two scales": (_mapped_otherwise, "contradict each other"),
    "administered at no time": (_administered_at_no_time, "Start DateTime .* is missing"),
    "mixed units": (_other_unit, r"differ in Units \(0054,1001\): 'BQML' in .* 'CNTS' in"),
    "mixed frames of reference": (_other_frame, "differ in Frame of Reference UID"),
    "hours between slices": (_much_later, "acquisition times within one series are 9.42 h apart"),
    "dynamic": (_with(SeriesType=["DYNAMIC", "IMAGE"]), "is a dynamic series"),
}


@pytest.mark.parametrize("defect", BQML_DEFECTS)
def test_that_a_defective_series_in_bqml_is_refused_with_the_reason(tmp_path: Path, defect: str) -> None:
    edit, message = BQML_DEFECTS[defect]
    bqml_series(tmp_path, COUNTS, edit=edit)
    assert str(tmp_path) in _line(tmp_path)
    with pytest.raises(DicomReadError, match=message):
        read_series([tmp_path], time_zone="Europe/Warsaw")


def test_that_a_missing_slice_is_refused(tmp_path: Path) -> None:
    ct_series(tmp_path, HU, leave_out=[2])
    assert "1 slice(s) missing between 103.00 and 109.00 mm" in _line(tmp_path)


def test_that_a_missing_last_slice_is_noticed_by_the_announced_number(tmp_path: Path) -> None:
    bqml_series(tmp_path, COUNTS, leave_out=[4])
    assert "4 slices of 5 announced" in _line(tmp_path)


def test_that_uneven_slices_are_refused(tmp_path: Path) -> None:
    def uneven(dataset: Dataset) -> None:
        if dataset.InstanceNumber > 3:
            dataset.ImagePositionPatient[2] += 1.0

    ct_series(tmp_path, HU, edit=uneven)
    assert "unevenly spaced: 4.000 mm between" in _line(tmp_path)


def test_that_two_slices_at_one_place_are_refused(tmp_path: Path) -> None:
    def doubled(dataset: Dataset) -> None:
        if dataset.InstanceNumber == 3:
            dataset.ImagePositionPatient[2] -= 3.0

    ct_series(tmp_path, HU, edit=doubled)
    assert "two slices lie at the same place" in _line(tmp_path)


def test_that_gantry_tilt_is_refused(tmp_path: Path) -> None:
    def tilted(dataset: Dataset) -> None:
        dataset.ImagePositionPatient[1] += 0.5 * dataset.InstanceNumber

    ct_series(tmp_path, HU, edit=tilted)
    assert "gantry tilt" in _line(tmp_path)


def test_that_a_shifted_slice_is_refused(tmp_path: Path) -> None:
    def shifted(dataset: Dataset) -> None:
        if dataset.InstanceNumber == 4:
            dataset.ImagePositionPatient[0] += 2.0

    ct_series(tmp_path, HU, edit=shifted)
    assert "shifted against each other" in _line(tmp_path)


def test_that_slices_of_different_pixel_size_are_refused(tmp_path: Path) -> None:
    def zoomed(dataset: Dataset) -> None:
        if dataset.InstanceNumber == 4:
            dataset.PixelSpacing = [3.0, 3.0]

    ct_series(tmp_path, HU, edit=zoomed)
    assert "different pixel sizes" in _line(tmp_path)


def test_that_a_single_slice_is_refused(tmp_path: Path) -> None:
    ct_series(tmp_path, HU, leave_out=[0, 1, 2, 3, 4])
    assert "a single slice is no volume" in _line(tmp_path)


def test_that_a_ct_without_its_scale_is_refused(tmp_path: Path) -> None:
    ct_series(tmp_path, HU[:2], edit=lambda d: _without("RescaleSlope")(d) if d.InstanceNumber == 1 else None)
    assert "Rescale Slope" in _line(tmp_path)


def test_that_files_of_two_patients_are_refused_naming_both(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS)
    nm_file(tmp_path / "b.dcm", COUNTS, visit=Visit("other", "P-2", "Żółć^Łucja"))
    line = _line(tmp_path)
    assert "P-1 (Demo^Patient)" in line
    assert "P-2 (Żółć^Łucja)" in line


def test_that_two_names_under_one_id_are_a_finding_of_level_error(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS)
    nm_file(tmp_path / "b.dcm", COUNTS, visit=Visit("other", "P-1", "Somebody^Else"))
    findings = read_series([tmp_path], time_zone="Europe/Warsaw").findings
    assert [(f.code, f.level) for f in findings] == [("patient-differs", "error")]


def test_that_a_file_that_is_not_dicom_is_named(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS)
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7 " + bytes(500))
    line = _line(tmp_path)
    assert line.startswith(str(tmp_path / "letter.pdf"))
    assert "is not a DICOM file" in line


def test_that_an_empty_file_an_empty_folder_and_a_missing_path_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "the folder holds no files" in _line(tmp_path / "empty")
    assert "there is no such file or folder" in _line(tmp_path / "nowhere")
    (tmp_path / "void.dcm").write_bytes(b"")
    assert "is empty" in _line(tmp_path / "void.dcm")


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6, 0.9, 0.999])
def test_that_a_file_truncated_anywhere_is_refused(tmp_path: Path, share: float) -> None:
    path = nm_file(tmp_path / "a.dcm", COUNTS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert str(path) in _line(path)


def test_that_a_deflated_file_is_refused_before_it_is_inflated_beyond_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = phantoms.nm_dataset(np.zeros((200, 64, 64), int))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = phantoms.write(dataset, tmp_path / "a.dcm")
    assert path.stat().st_size < 20_000
    monkeypatch.setattr("dosimetry_core.dicom.files._LARGEST_INFLATED_BYTES", 1_000_000)
    assert "inflates to more than" in _line(path)


def test_that_an_unreadable_compression_is_named(tmp_path: Path) -> None:
    path = nm_file(tmp_path / "a.dcm", COUNTS)
    plain = path.read_bytes()
    # Same length after padding, so that the lengths of the file meta information stay right.
    old, new = b"1.2.840.10008.1.2.1\0", JPEG2000Lossless.encode()
    start = plain.index(old)
    meta_length = int.from_bytes(plain[140:144], "little") + len(new) - len(old)
    length = len(new).to_bytes(2, "little")
    damaged = plain[: start - 2] + length + new + plain[start + len(old) :]
    path.write_bytes(damaged[:140] + meta_length.to_bytes(4, "little") + damaged[144:])
    assert "its compressed pixels can't be read" in _line(path)


def test_that_one_identity_with_two_contents_is_refused(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS)
    nm_file(tmp_path / "b.dcm", COUNTS + 1)
    with pytest.raises(DicomReadError, match=r"b.dcm: has the identity .* of .*a.dcm but other content"):
        read_series([tmp_path], time_zone="Europe/Warsaw")


def test_that_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = nm_file(tmp_path / "outside" / "a.dcm", COUNTS)
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "link.dcm").symlink_to(outside)
    assert "is a link out of the folder" in _line(tmp_path / "case")


def test_that_all_problems_are_reported_together(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=_without("Units"))
    ct_series(tmp_path / "ct", HU, leave_out=[2])
    (tmp_path / "letter.txt").write_text("Dear colleague", encoding="utf-8")
    with pytest.raises(InputProblems) as caught:
        read_series([tmp_path], time_zone="Europe/Warsaw")
    lines = caught.value.line().splitlines()
    assert len(lines) == 3
    for fragment in ("letter.txt", "Units (0054,1001)", "1 slice(s) missing"):
        assert any(fragment in line for line in lines)


def test_that_many_strange_files_are_summed_up(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("x", encoding="utf-8")
    reading = read_series([tmp_path], time_zone="Europe/Warsaw", strict=False)
    assert len(reading.problems) == 21
    assert "10 more" in reading.problems[-1].line()


def test_that_a_folder_without_spect_is_refused(tmp_path: Path) -> None:
    ct_series(tmp_path, HU)
    series = read_series([tmp_path], time_zone="Europe/Warsaw").series
    with pytest.raises(DosimetryError, match=r"cycle 1: holds no reconstructed SPECT; name the folder"):
        group_time_points(series, where="cycle 1")


def test_that_random_damage_never_gives_anything_but_a_declared_error(tmp_path: Path) -> None:
    path = nm_file(tmp_path / "a.dcm", COUNTS)
    content = bytearray(path.read_bytes())
    generator = np.random.default_rng(7)
    for _ in range(150):
        damaged = bytearray(content)
        for place in generator.integers(132, len(content) - 2 * COUNTS.size, 3):
            damaged[place] = generator.integers(0, 256)
        path.write_bytes(bytes(damaged))
        reading = read_series([path], time_zone="Europe/Warsaw", strict=False)
        assert all(isinstance(problem, DosimetryError) for problem in reading.problems)
