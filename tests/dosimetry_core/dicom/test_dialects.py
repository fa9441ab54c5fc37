"""What scanners really write: a marked voxel comes out where the DICOM standard puts it, by its formula worked here."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import LegacyConvertedEnhancedCTImageStorage, NuclearMedicineImageStorage

from dosimetry_core.dicom.check import check_folder
from dosimetry_core.dicom.series import read_series
from dosimetry_core.errors import DicomReadError
from dosimetry_core.image import ImageSeries
from tests import phantoms
from tests.dosimetry_core.dicom import dialects
from tests.dosimetry_core.dicom.dialects import edits, in_detector, in_isotope, in_rotation, setting, without
from tests.phantoms import CT_GRID, SPECT_GRID, Visit, bqml_series, counts_like, ct_series, grid, nm_file

COUNTS = counts_like(SPECT_GRID)
# Slice, row, column of the marked voxel, and what marks it.
HOT = (3, 11, 4)
MARK = 40000


def _marked(shape: tuple[int, int, int], hot: tuple[int, int, int] = HOT) -> NDArray[np.int64]:
    values = np.full(shape, 10, dtype=np.int64)
    values[hot] = MARK
    return values


def _listed(folder: Path, what: str = "SPECT") -> dict[str, Any]:
    entries = json.loads(json.dumps([e.as_json() for e in check_folder(folder, time_zone="Europe/Warsaw")]))
    (entry,) = [entry for entry in entries if entry["what"] == what]
    found: dict[str, Any] = entry
    return found


def _place_of_mark(folder: Path, what: str = "SPECT") -> NDArray[np.float64]:
    """Where the marked voxel is, by what `lutetia check` prints and the index at which the reader has it."""
    entry = _listed(folder, what)
    (image,) = [s for s in read_series([folder], time_zone="Europe/Warsaw").series if s.kind == what.lower()]
    slice_, row, column = np.unravel_index(int(np.argmax(image.volume.values)), image.volume.values.shape)
    axes = np.array(entry["orientation"]).reshape(3, 3)
    slice_mm, row_mm, column_mm = entry["spacing_mm"]
    place: NDArray[np.float64] = (
        np.array(entry["position_mm"])
        + column * column_mm * axes[0]
        + row * row_mm * axes[1]
        + slice_ * slice_mm * axes[2]
    )
    return place


def _only(*paths: Path) -> ImageSeries:
    (image,) = read_series(list(paths), time_zone="Europe/Warsaw").series
    return image


def _codes(image: ImageSeries) -> set[str]:
    return {finding.code for finding in image.findings}


def _refusal(path: Path, **options: Any) -> DicomReadError:
    with pytest.raises(DicomReadError) as caught:
        read_series([path], time_zone="Europe/Warsaw", **options)
    return caught.value


# --- NM tomograms in one file -----------------------------------------------------------------------------------------

# Position of the first frame's first pixel, cosines of rows and columns, spacing between slices: the marked voxel
# (frame 3, row 11, column 4; 4.8 mm pixels) worked by PS3.3 C.7.6.2.1.1 and C.8.4.15:
# position + 4 × 4.8 × row cosine + 11 × 4.8 × column cosine + 3 × spacing × (row × column).
PLACES = {
    # (-37, -55, 99) + (19.2, 0, 0) + (0, 52.8, 0) + (0, 0, 14.4)
    "supine, slices to the head": ([-37, -55, 99], [1, 0, 0, 0, 1, 0], 4.8, [-17.8, -2.2, 113.4]),
    # (-37, -55, 99) + (19.2, 0, 0) + (0, 52.8, 0) − (0, 0, 14.4)
    "supine, slices to the feet": ([-37, -55, 99], [1, 0, 0, 0, 1, 0], -4.8, [-17.8, -2.2, 84.6]),
    # Rows to the patient's right, columns to the back: the normal points to the feet.
    # (37, -55, 99) − (19.2, 0, 0) + (0, 52.8, 0) − (0, 0, 14.4)
    "feet first": ([37, -55, 99], [-1, 0, 0, 0, 1, 0], 4.8, [17.8, -2.2, 84.6]),
    # (37, -55, 99) − (19.2, 0, 0) + (0, 52.8, 0) + (0, 0, 14.4)
    "feet first, negative spacing": ([37, -55, 99], [-1, 0, 0, 0, 1, 0], -4.8, [17.8, -2.2, 113.4]),
    # Prone: rows to the right, columns to the front, the normal to the head.
    # (37, 55, 99) − (19.2, 0, 0) − (0, 52.8, 0) + (0, 0, 14.4)
    "prone": ([37, 55, 99], [-1, 0, 0, 0, -1, 0], 4.8, [17.8, 2.2, 113.4]),
    # Decubitus: rows to the back, columns to the right, normal (0, 1, 0) × (−1, 0, 0) = (0, 0, 1).
    # (37, -55, 99) + (0, 19.2, 0) − (52.8, 0, 0) + (0, 0, 14.4)
    "on the right side": ([37, -55, 99], [0, 1, 0, -1, 0, 0], 4.8, [-15.8, -35.8, 113.4]),
}


@pytest.mark.parametrize("dialect", [dialects.xeleris, dialects.mediso, dialects.philips, dialects.siemens])
@pytest.mark.parametrize("place", PLACES)
def test_that_a_marked_voxel_of_every_nm_dialect_is_where_the_standard_puts_it(
    tmp_path: Path, dialect: Callable[[Dataset], None], place: str
) -> None:
    position, cosines, spacing, expected = PLACES[place]
    edit = edits(
        in_detector(ImagePositionPatient=position, ImageOrientationPatient=cosines),
        setting(SpacingBetweenSlices=spacing),
        dialect,
    )
    nm_file(tmp_path / "recon.dcm", _marked((5, 18, 16)), edit=edit)
    np.testing.assert_allclose(_place_of_mark(tmp_path), expected, atol=1e-4)


def test_that_check_lists_shape_spacing_total_and_tags_of_a_tomogram(tmp_path: Path) -> None:
    nm_file(tmp_path / "recon.dcm", COUNTS, edit=dialects.xeleris, step_sign=-1)
    entry = _listed(tmp_path)
    assert (entry["shape"], entry["spacing_mm"]) == ([5, 18, 16], [4.8, 4.8, 4.8])
    assert (entry["modality"], entry["units"], entry["units_as_written"]) == ("OT", "counts", "CNTS")
    assert entry["total"] == COUNTS.sum()
    assert (entry["minimum"], entry["maximum"]) == (COUNTS.min(), COUNTS.max())
    assert entry["counting_duration_s"] == 1200.0
    assert entry["patient_position"] == "HFS"
    assert entry["frame_of_reference"] == str(phantoms.uid("frame 1"))
    # Five slices that began at 99 mm and were written from the top: the grid begins at the bottom again.
    assert entry["position_mm"] == [-37.0, -55.0, 99.0]


def test_that_position_and_orientation_may_stand_in_different_places(tmp_path: Path) -> None:
    def split(dataset: Dataset) -> None:
        detector = dataset.DetectorInformationSequence[0]
        dataset.ImagePositionPatient = detector.ImagePositionPatient
        del detector.ImagePositionPatient

    assert _only(nm_file(tmp_path / "a.dcm", COUNTS, edit=split)).volume.geometry.is_same_grid(SPECT_GRID)


@pytest.mark.parametrize(
    ("edit", "duration_s", "code"),
    [
        # 60 frames of 20 s by one head.
        (in_rotation(), 1200.0, None),
        # Both heads' frames listed together over an arc of 180°.
        (in_rotation(NumberOfFramesInRotation=120), 1200.0, "frames-of-all-heads"),
        # Frame duration and number at the top level.
        (
            edits(
                without("RotationInformationSequence"), setting(ActualFrameDuration=20000, NumberOfFramesInRotation=60)
            ),
            1200.0,
            None,
        ),
        # A frame duration alone may be of one projection.
        (
            edits(without("RotationInformationSequence"), setting(ActualFrameDuration=20000)),
            None,
            "counting-duration-ambiguous",
        ),
        (without("RotationInformationSequence"), None, "counting-duration-unknown"),
    ],
)
def test_that_the_counting_time_is_found_or_said_to_be_unknown(
    tmp_path: Path, edit: Callable[[Dataset], None], duration_s: float | None, code: str | None
) -> None:
    image = _only(nm_file(tmp_path / "a.dcm", COUNTS, edit=edit))
    assert image.counting_duration_s == duration_s
    assert code is None or code in _codes(image)


@pytest.mark.parametrize("kind", ["STATIC", "WHOLE BODY", "TOMO", "DYNAMIC", "GATED", "RECON GATED TOMO"])
def test_that_planar_dynamic_and_projection_images_are_listed_but_not_offered_as_spect(
    tmp_path: Path, kind: str
) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=setting(ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"]))
    assert not read_series([tmp_path], time_zone="Europe/Warsaw").series
    entry = _listed(tmp_path, f"NM image ({kind.lower()})")
    assert "nm-not-reconstructed" in {finding["code"] for finding in entry["findings"]}
    assert entry["shape"] == [5, 18, 16]
    assert entry["total"] == COUNTS.sum()


@pytest.mark.parametrize("word", ["TRANSMISSION", "ATTENUATION", "ATTEN_MAP", "MUMAP"])
def test_that_a_reconstructed_attenuation_map_is_not_offered_as_spect(tmp_path: Path, word: str) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=setting(ImageType=["DERIVED", "SECONDARY", "RECON TOMO", word]))
    assert not read_series([tmp_path], time_zone="Europe/Warsaw").series
    entry = _listed(tmp_path, "NM transmission image")
    assert "nm-transmission" in {finding["code"] for finding in entry["findings"]}


def test_that_a_tomogram_of_one_slice_is_not_offered_as_spect(tmp_path: Path) -> None:
    edit = edits(without("SliceVector", "FrameIncrementPointer"), setting(NumberOfSlices=1))
    nm_file(tmp_path / "a.dcm", COUNTS[:1], edit=edit)
    entries = [e.as_json() for e in check_folder(tmp_path, time_zone="Europe/Warsaw")]
    assert "SPECT" not in {e["what"] for e in entries}
    (entry,) = [e for e in entries if e["path"].endswith("a.dcm")]
    assert [finding["code"] for finding in entry["findings"]] == ["single-slice"]
    assert (entry["shape"], entry["total"]) == ([1, 18, 16], COUNTS[0].sum())


# --- SPECT in Bq/mL ---------------------------------------------------------------------------------------------------


def _as_nm(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = NuclearMedicineImageStorage
    dataset.Modality = "NM"
    dataset.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]


@pytest.mark.parametrize(("edit", "dose"), [(phantoms.nothing, 7.4e9), (_as_nm, 7400.0)])
def test_that_the_stated_activity_is_in_bq_in_the_pet_class_and_in_mbq_in_the_nm_class(
    tmp_path: Path, edit: Callable[[Dataset], None], dose: float
) -> None:
    bqml_series(tmp_path, COUNTS, edit=edits(edit, in_isotope(RadionuclideTotalDose=dose)))
    image = _only(tmp_path)
    assert image.volume.quantity == "activity_concentration_bq_per_ml"
    assert image.stated_administered_activity_bq == 7.4e9


@pytest.mark.parametrize(("edit", "dose"), [(phantoms.nothing, 7400.0), (_as_nm, 7.4e9)])
def test_that_an_activity_in_the_other_class_unit_is_a_doubt_and_not_used(
    tmp_path: Path, edit: Callable[[Dataset], None], dose: float
) -> None:
    bqml_series(tmp_path, COUNTS, edit=edits(edit, in_isotope(RadionuclideTotalDose=dose)))
    image = _only(tmp_path)
    assert image.stated_administered_activity_bq is None
    assert "stated-activity-unit" in _codes(image)


CONTRADICTIONS = {
    "decay-reference-contradictory": setting(DecayCorrection="NONE"),
    "decay-reference-missing": without("DecayCorrection"),
    "decay-reference-unknown": setting(DecayCorrection="MIDDLE"),
    "decay-factor-contradictory": setting(DecayFactor=1.31),
}


@pytest.mark.parametrize("rule", CONTRADICTIONS)
def test_that_contradictory_decay_tags_are_a_question_that_the_case_answers(tmp_path: Path, rule: str) -> None:
    bqml_series(tmp_path, COUNTS, edit=CONTRADICTIONS[rule])
    error = _refusal(tmp_path)
    assert error.rule == rule
    assert "image_decay_reference" in error.remedy
    entry = _listed(tmp_path)
    assert [finding["code"] for finding in entry["findings"]] == [rule]
    assert (entry["shape"], entry["spacing_mm"]) == ([5, 18, 16], [4.8, 4.8, 4.8])
    # Every slice has its own slope; 16-bit steps of at most a thousandth of a count.
    assert entry["total"] == pytest.approx(COUNTS.sum(), rel=1e-4)
    for answer in ("acquisition-start", "administration", "none"):
        (image,) = read_series([tmp_path], time_zone="Europe/Warsaw", stated_decay_reference=answer).series
        assert image.decay_reference == answer
        assert "decay-reference-entered" in _codes(image)


def test_that_an_answer_never_overrides_a_clear_file(tmp_path: Path) -> None:
    bqml_series(tmp_path, COUNTS)
    (image,) = read_series([tmp_path], time_zone="Europe/Warsaw", stated_decay_reference="none").series
    assert image.decay_reference == "acquisition-start"
    assert "decay-reference-entered" not in _codes(image)


# 177Lu (6.647 d), scanned 4 h after the administration, 20 min: λT = 0.0014483, so m = λT/(1 − e^(−λT)) = 1.00072;
# e^(λ 4 h) = e^0.017380 = 1.01753.
@pytest.mark.parametrize(
    ("said", "factor", "fits"),
    [
        ("START", 1.00072, True),
        ("START", 1.0, True),
        ("START", 1.0183, False),
        ("ADMIN", 1.0183, True),
        ("ADMIN", 1.0, False),
        ("ADMIN", 1.02, True),
        ("START", 0.5, False),
        ("START", -1.0, False),
    ],
)
def test_that_the_decay_factor_must_fit_what_it_is_said_to_correct_to(
    tmp_path: Path, said: str, factor: float, fits: bool
) -> None:
    bqml_series(tmp_path, COUNTS, edit=setting(DecayCorrection=said, DecayFactor=factor))
    if fits:
        assert _only(tmp_path).decay_reference == {"START": "acquisition-start", "ADMIN": "administration"}[said]
    else:
        assert _refusal(tmp_path).rule == "decay-factor-contradictory"


def test_that_a_pet_in_counts_is_read_as_counts_and_one_of_another_nuclide_is_listed_with_its_facts(
    tmp_path: Path,
) -> None:
    plain = edits(
        setting(Units="CNTS", DecayCorrection="NONE", CorrectedImage=["ATTN", "SCAT"], RescaleSlope="1"),
        lambda d: phantoms._pixels(d, COUNTS[d.InstanceNumber - 1]),
    )
    bqml_series(tmp_path / "a", COUNTS, edit=plain)
    image = _only(tmp_path / "a")
    assert image.volume.quantity == "counts"
    np.testing.assert_array_equal(image.volume.values, COUNTS)

    def fluorine(dataset: Dataset) -> None:
        code = dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0]
        code.CodeValue, code.CodeMeaning = "77004003", "^18^Fluorine"
        dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = 6586.2

    bqml_series(tmp_path / "b", COUNTS, edit=edits(plain, fluorine))
    entry = _listed(tmp_path / "b", "SPECT or PET of F-18")
    assert (entry["units"], entry["total"], entry["nuclide"]) == ("counts", COUNTS.sum(), "F-18")


# --- enhanced objects -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [None, [5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]])
def test_that_frames_of_an_enhanced_ct_are_placed_by_their_positions(
    tmp_path: Path, order: Sequence[int] | None
) -> None:
    hu = counts_like(CT_GRID) - 1000
    path = dialects.enhanced(tmp_path / "ct.dcm", hu + 1024, CT_GRID, order=order)
    image = _only(path)
    assert (image.kind, image.acquisition_start) == ("ct", datetime(2025, 3, 3, 13, 5, tzinfo=UTC))
    np.testing.assert_array_equal(image.volume.values, hu)
    assert image.volume.geometry.is_same_grid(CT_GRID)


def test_that_a_converted_ct_keeps_what_its_single_frames_said(tmp_path: Path) -> None:
    def attributes(frame: Dataset, number: int) -> None:
        own = Dataset()
        own.RescaleSlope, own.RescaleIntercept = number + 1, -1024
        frame.UnassignedPerFrameConvertedAttributesSequence = Items([own])

    def no_shared_scale(dataset: Dataset) -> None:
        del dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence

    stored = counts_like(CT_GRID)
    path = dialects.enhanced(tmp_path / "ct.dcm", stored, CT_GRID, frame_edit=attributes, edit=no_shared_scale)
    import pydicom

    dataset = pydicom.dcmread(path)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = LegacyConvertedEnhancedCTImageStorage
    dataset.save_as(path)
    slopes = np.arange(1, 7)[:, None, None]
    np.testing.assert_array_equal(_only(path).volume.values, stored * slopes - 1024)


def test_that_an_enhanced_pet_states_its_activity_in_mbq_and_its_correction_by_flags(tmp_path: Path) -> None:
    image = _only(dialects.enhanced_pet(tmp_path / "pt.dcm", COUNTS, SPECT_GRID))
    assert image.volume.quantity == "activity_concentration_bq_per_ml"
    assert image.stated_administered_activity_bq == 7.4e9
    assert (image.decay_reference, image.counting_duration_s) == ("acquisition-start", 1200.0)
    np.testing.assert_array_equal(image.volume.values, COUNTS)
    assert "correction-missing" not in _codes(image)


@pytest.mark.parametrize(
    ("edit", "reference"),
    [
        (setting(DecayCorrected="NO"), "none"),
        # The phantom's administration begins four hours before the scan of 14:05.
        (setting(DecayCorrectionDateTime="20250303100500"), "administration"),
        (setting(DecayCorrectionDateTime="20250303120000"), None),
    ],
)
def test_that_an_enhanced_pet_is_corrected_to_the_instant_that_it_states(
    tmp_path: Path, edit: Callable[[Dataset], None], reference: str | None
) -> None:
    path = dialects.enhanced_pet(tmp_path / "pt.dcm", COUNTS, SPECT_GRID, edit=edit)
    if reference:
        assert _only(path).decay_reference == reference
    else:
        assert _refusal(path).rule == "decay-reference-unknown"


def test_that_the_files_of_one_concatenation_are_one_volume(tmp_path: Path) -> None:
    def part(number: int) -> Callable[[Dataset], None]:
        return setting(
            ConcatenationUID=phantoms.uid("whole"),
            InConcatenationNumber=number,
            InConcatenationTotalNumber=2,
            SOPInstanceUID=phantoms.uid(f"part {number}"),
        )

    upper = grid((3, 24, 20), CT_GRID.spacing_mm, origin_mm=CT_GRID.index_to_point((3, 0, 0)))
    hu = counts_like(CT_GRID) - 1000
    dialects.enhanced(tmp_path / "b.dcm", hu[3:] + 1024, upper, edit=part(2))
    assert _refusal(tmp_path).rule == "concatenation-incomplete"
    lower = grid((3, 24, 20), CT_GRID.spacing_mm)
    dialects.enhanced(tmp_path / "a.dcm", hu[:3] + 1024, lower, edit=part(1))
    np.testing.assert_array_equal(_only(tmp_path).volume.values, hu)


# --- CT ---------------------------------------------------------------------------------------------------------------

# Position of a slice k as written, row and column cosines, and the marked voxel (slice 3, row 11, column 4; 4 mm
# pixels): position + 4 × 4 × row cosine + 11 × 4 × column cosine.
CT_PLACES = {
    "head first": (lambda k: [-40, -60, 100 + 3 * k], [1, 0, 0, 0, 1, 0], [-24, -16, 109]),
    "feet first, written from the feet": (lambda k: [-40, -60, 100 - 3 * k], [1, 0, 0, 0, 1, 0], [-24, -16, 91]),
    "feet first, rows to the right": (lambda k: [40, -60, 100 - 3 * k], [-1, 0, 0, 0, 1, 0], [24, -16, 91]),
    "prone": (lambda k: [40, 60, 100 + 3 * k], [-1, 0, 0, 0, -1, 0], [24, 16, 109]),
    "on the left side": (lambda k: [-40, 60, 100 + 3 * k], [0, -1, 0, 1, 0, 0], [4, 44, 109]),
}


@pytest.mark.parametrize("place", CT_PLACES)
def test_that_a_marked_voxel_of_a_ct_in_any_position_is_where_the_standard_puts_it(tmp_path: Path, place: str) -> None:
    position, cosines, expected = CT_PLACES[place]

    def placed(dataset: Dataset) -> None:
        dataset.ImagePositionPatient = position(dataset.InstanceNumber - 1)
        dataset.ImageOrientationPatient = cosines

    ct_series(tmp_path, _marked((6, 24, 20)), edit=placed)
    np.testing.assert_allclose(_place_of_mark(tmp_path, "CT"), expected, atol=1e-4)


def test_that_slices_exported_twice_are_used_once_and_said(tmp_path: Path) -> None:
    hu = counts_like(CT_GRID) - 1000
    ct_series(tmp_path / "a", hu)
    again = phantoms.ct_series(
        tmp_path / "b", hu, edit=lambda d: setattr(d, "SOPInstanceUID", phantoms.uid(f"again {d.InstanceNumber}"))
    )
    for path in again[2:]:
        path.unlink()
    image = _only(tmp_path)
    np.testing.assert_array_equal(image.volume.values, hu)
    (finding,) = [f for f in image.findings if f.code == "duplicate-slices"]
    assert finding.text.startswith("2 slice(s)")


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("character_set", "stored", "name"),
    [
        # PS3.5 H.3.1, H.3.2, I.2 and J: the standard's own examples, byte by byte.
        (
            ["", "ISO 2022 IR 87"],
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            ["", "ISO 2022 IR 149"],
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        (
            ["", "ISO 2022 IR 58"],
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
            "Zhang^XiaoDong=张^小东",
        ),
        (["GB18030"], b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"),
        (
            ["ISO_IR 192"],
            "Wang^XiaoDong=王^小東".encode(),
            "Wang^XiaoDong=王^小東",
        ),
    ],
)
def test_that_names_in_multi_byte_character_sets_are_exact(
    tmp_path: Path, character_set: list[str], stored: bytes, name: str
) -> None:
    path = nm_file(tmp_path / "a.dcm", COUNTS, visit=Visit(patient_name="#" * (len(stored) + len(stored) % 2)))
    content = path.read_bytes()
    place = content.index(b"####")
    padded = stored + b" " * (len(stored) % 2)
    # The name is put in as bytes, so that no library encodes what a library then decodes.
    content = content[:place] + padded + content[place + len(padded) :]
    said = "\\".join(character_set).encode()
    said += b" " * (len(said) % 2)
    old = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192"
    start = content.index(old)
    new = old[:6] + len(said).to_bytes(2, "little") + said
    path.write_bytes(content[:start] + new + content[start + len(old) :])
    assert _only(path).patient_name == name
