from __future__ import annotations

import contextlib
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dosimetry_core.dicom.region import on_grid
from dosimetry_core.dicom.vois import VoiReading, read_vois
from dosimetry_core.errors import DicomReadError, DosimetryError, GeometryMismatchError, InconsistentCaseError
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import TimePoint
from dosimetry_core.voi import FULL_COVERAGE, Voi, VoiMask
from tests import phantoms
from tests.phantoms import CT_GRID, Visit, box, circle, label_volume, segmentation, structure_set

Points = tuple[TimePoint, ...]
# CT_GRID: x from −40 in steps of 4 (20 columns), y from −60 in steps of 4 (24 rows), z from 100 in steps of 3 (6).
Z = [100.0 + 3 * n for n in range(6)]


def _read(points: Points, *paths: Path, **options: object) -> VoiReading:
    return read_vois(list(paths), time_points=points, **options)  # type: ignore[arg-type]


def _only(points: Points, *paths: Path, **options: object) -> Voi:
    (voi,) = _read(points, *paths, **options).vois
    return voi


def _codes(reading: VoiReading) -> set[str]:
    return {finding.code for finding in reading.findings}


def test_that_a_cylinder_has_the_volume_of_its_outlines(time_points: Points, tmp_path: Path) -> None:
    path = structure_set(tmp_path / "rs.dcm", {"Kidney L": [circle((-3.3, -17.1), 22.0, z) for z in Z[1:5]]})
    reading = _read(time_points, path)
    (voi,) = reading.vois
    # Slab of one slice spacing each; 0.1 % is the rounding of coverage to bytes.
    assert voi.mask.volume_ml == pytest.approx(np.pi * 22.0**2 * 4 * 3.0 / 1000, rel=1e-3)
    assert (voi.name, voi.role, reading.reference_time_point) == ("Kidney L", "kidney_left", 0)
    assert voi.mask.geometry.is_same_grid(CT_GRID)
    np.testing.assert_allclose(voi.mask.centroid_mm(), [-3.3, -17.1, 107.5], atol=0.02)


def test_that_a_rectangle_covers_border_pixels_by_their_share(time_points: Points, tmp_path: Path) -> None:
    path = structure_set(tmp_path / "rs.dcm", {"Liver": [box((-33.0, -9.0), (-41.0, -20.0), Z[2])]})
    voi = _only(time_points, path)
    assert voi.mask.volume_ml == pytest.approx(24.0 * 21.0 * 3.0 / 1000, rel=1e-3)
    whole = voi.mask.whole_grid_fraction()
    # Column 2 reaches from −34 to −30 mm: 3/4 inside; row 5 from −42 to −38: 3/4 inside.
    assert whole[2, 7, 2] == pytest.approx(0.75, abs=1 / 255)
    assert whole[2, 5, 2] == pytest.approx(0.75**2, abs=1 / 255)
    assert whole[2, 7, 4] == 1.0
    assert whole[[0, 1, 3, 4, 5]].sum() == 0


def test_that_holes_and_keyholes_are_left_out(time_points: Points, tmp_path: Path) -> None:
    outer, inner = box((-30, 10), (-50, -10), Z[2]), box((-20, 0), (-40, -20), Z[2])
    keyhole = np.concatenate([outer, outer[:1], inner, inner[:1]])
    path = structure_set(tmp_path / "rs.dcm", {"hole": [outer, inner], "keyhole": [keyhole]})
    for voi in _read(time_points, path).vois:
        assert voi.mask.volume_ml == pytest.approx((40 * 40 - 20 * 20) * 3 / 1000, rel=1e-3)


def test_that_parts_apart_count_both_and_parts_that_cross_are_a_doubt(time_points: Points, tmp_path: Path) -> None:
    first = box((-30, -10), (-40, -20), Z[2])
    apart, within, across = (
        box((0, 20), (-40, -20), Z[2]),
        box((-26, -14), (-36, -24), Z[2]),
        box((-20, 0), (-40, -20), Z[2]),
    )
    # Slabs of 3 mm: 20 × 20 mm² each, less a hole of 12 × 12 mm², or less twice the 10 × 20 mm² that both enclose.
    for other, volume_ml in ((apart, 2.4), (within, 1.2 - 0.432), (across, 2.4 - 1.2)):
        reading = _read(time_points, structure_set(tmp_path / "rs.dcm", {"Liver": [first, other]}))
        assert reading.vois[0].mask.volume_ml == pytest.approx(volume_ml, rel=2e-3)
        assert ("contours-cross" in {finding.code for finding in reading.findings}) == (other is across)


def test_that_the_two_contour_conventions_differ_as_they_should(time_points: Points, tmp_path: Path) -> None:
    # Through the centres of a block of 6 × 5 pixels.
    block = box((-32.0, -12.0), (-44.0, -28.0), Z[2])
    path = structure_set(tmp_path / "rs.dcm", {"Lesion 1": [block]})
    outline = _read(time_points, path)
    centres = _read(time_points, path, contour_convention="pixel-centres")
    # Every border pixel is half covered, which bytes store as 128/255.
    assert outline.vois[0].mask.volume_ml == pytest.approx(20 * 16 * 3 / 1000, rel=2e-3)
    assert centres.vois[0].mask.volume_ml == pytest.approx(6 * 5 * 4 * 4 * 3 / 1000, rel=1e-6)
    for reading in (outline, centres):
        (finding,) = [f for f in reading.findings if f.code == "contour-convention"]
        assert "0.96 mL" in finding.text
        assert "1.44 mL" in finding.text


def test_that_contours_between_slices_keep_their_volume(time_points: Points, tmp_path: Path) -> None:
    heights = [101.0 + 5 * n for n in range(3)]
    finer = [circle((0, -20), 6.0, 104.2 + 0.7 * n) for n in range(4)]
    spleen = [circle((0, -20), 15.0, z) for z in heights]
    path = structure_set(tmp_path / "rs.dcm", {"Spleen": spleen, "Lesion 1": finer, "Lesion 2": finer[:1]})
    reading = _read(time_points, path)
    assert "contours-between-slices" in _codes(reading)
    assert reading.vois[0].mask.volume_ml == pytest.approx(np.pi * 15.0**2 * 15.0 / 1000, rel=2e-3)
    assert reading.vois[0].mask.centroid_mm()[2] == pytest.approx(106.0, abs=0.02)
    assert reading.vois[1].mask.volume_ml == pytest.approx(np.pi * 6.0**2 * 2.8 / 1000, rel=5e-3)
    assert reading.vois[2].mask.volume_ml == pytest.approx(
        np.pi * 6.0**2 * 0.7 / 1000, rel=1e-2
    )  # bytes: 0.23 of a slice


def test_that_a_missing_and_every_missing_slice_are_said(time_points: Points, tmp_path: Path) -> None:
    one = structure_set(tmp_path / "a.dcm", {"Liver": [circle((0, -20), 9, z) for z in (Z[0], Z[1], Z[3])]})
    every = structure_set(tmp_path / "b.dcm", {"Spleen": [circle((0, -20), 9, z) for z in (Z[0], Z[2], Z[4])]})
    levels = [
        {f.level for f in _read(time_points, path).findings if f.code == "slices-without-contour"}
        for path in (one, every)
    ]
    assert levels == [{"warning"}, {"error"}]


def test_that_what_lies_outside_the_image_is_said(time_points: Points, tmp_path: Path) -> None:
    half = structure_set(tmp_path / "a.dcm", {"Liver": [box((-62.0, -22.0), (-40, -20), Z[2])]})
    reading = _read(time_points, half)
    (finding,) = [f for f in reading.findings if f.code == "voi-outside-image"]
    assert finding.text.startswith("50.0%")
    for x_mm, message in ((50.0, "lies wholly outside"), (1e7, "reaches far outside")):
        away = structure_set(tmp_path / "b.dcm", {"Liver": [box((x_mm, x_mm + 9), (-40, -20), Z[2])]})
        with pytest.raises(GeometryMismatchError, match=rf"b.dcm, Liver: .*{message} the reference image"):
            _read(time_points, away)


def test_that_a_region_of_another_grid_may_lie_wholly_outside() -> None:
    finer = VolumeGeometry((9, 9, 9), np.full(3, 700.0), (1.1, 1.1, 1.1), CT_GRID.directions)
    away = VoiMask(finer, (2, 2, 2), np.full((3, 3, 3), FULL_COVERAGE, np.uint8))
    mask, (finding,) = on_grid(away, CT_GRID, place="b.dcm, Liver")
    assert mask.is_empty
    assert (finding.code, finding.text[:6]) == ("voi-outside-image", "100.0%")


def test_that_the_vois_choose_the_reference_by_their_frame_of_reference(time_points: Points, tmp_path: Path) -> None:
    second = Visit().later(20.0, "visit 2")
    path = structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), Z[2])]}, second)
    reading = _read(time_points, path)
    assert reading.reference_time_point == 1
    assert reading.vois[0].mask.geometry.shape == (5, 23, 19)


def test_that_vois_on_no_known_frame_are_refused(time_points: Points, tmp_path: Path) -> None:
    strange = Visit(frame_uid=phantoms.uid("elsewhere"))
    path = structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), Z[2])]}, strange)
    with pytest.raises(
        GeometryMismatchError, match=r"rs.dcm: lies in a frame of reference .* that no image .*; export"
    ):
        _read(time_points, path)


def test_that_vois_on_two_time_points_are_refused(time_points: Points, tmp_path: Path) -> None:
    contours = {"Liver": [box((-20, 0), (-40, -20), Z[2])]}
    one = structure_set(tmp_path / "a.dcm", contours)
    other = structure_set(tmp_path / "b.dcm", {"Spleen": contours["Liver"]}, Visit().later(20.0, "visit 2"))
    with pytest.raises(GeometryMismatchError, match=r"b.dcm: lies on time point 2, but .*a.dcm on 1"):
        _read(time_points, one, other)


def test_that_another_patients_vois_are_refused(time_points: Points, tmp_path: Path) -> None:
    path = structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), Z[2])]}, Visit(patient_id="P-9"))
    with pytest.raises(DicomReadError, match=r"is of patient P-9 .* the images are of P-1"):
        _read(time_points, path)


def test_that_a_name_met_twice_is_refused_naming_both_files(time_points: Points, tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Śledziona") for form in ("NFC", "NFD"))
    loop = [box((-20, 0), (-40, -20), Z[2])]
    one = structure_set(tmp_path / "a.dcm", {composed: loop})
    other = structure_set(tmp_path / "b.dcm", {decomposed: loop})
    with pytest.raises(InconsistentCaseError, match=r"occurs twice: in .*a.dcm and in .*b.dcm"):
        _read(time_points, one, other)


def test_that_roles_follow_the_mapping_then_the_name_and_doubt_is_said(time_points: Points, tmp_path: Path) -> None:
    loop = [box((-20, 0), (-40, -20), Z[2])]
    path = structure_set(tmp_path / "rs.dcm", {"VOI 1": loop, "Milz": loop, "VOI 2": loop})
    reading = _read(time_points, path, roles={"VOI 1": "liver"})
    assert [voi.role for voi in reading.vois] == ["liver", "spleen", "other"]
    assert [f.code for f in reading.findings if f.code.startswith("voi-role")] == ["voi-role-unknown"]
    with pytest.raises(InconsistentCaseError, match=r'voi_roles."Leber": there is no such VOI'):
        _read(time_points, path, roles={"Leber": "liver"})
    with pytest.raises(InconsistentCaseError, match="unknown role 'heart'"):
        _read(time_points, path, roles={"VOI 1": "heart"})


def test_that_kidneys_on_the_wrong_sides_and_doubled_roles_are_errors(time_points: Points, tmp_path: Path) -> None:
    left, right = [box((10, 30), (-42, -18), Z[2])], [box((-30, -10), (-42, -18), Z[2])]
    right_way = structure_set(tmp_path / "a.dcm", {"Kidney L": left, "Kidney R": right})
    assert not _codes(_read(time_points, right_way)) - {"contour-convention"}
    swapped = structure_set(tmp_path / "b.dcm", {"Kidney L": right, "Kidney R": left})
    assert _codes(_read(time_points, swapped)) >= {"kidney-sides"}
    doubled = structure_set(tmp_path / "c.dcm", {"Liver": left, "Leber": right})
    assert _codes(_read(time_points, doubled)) >= {"voi-role-twice"}


def test_that_identity_is_stable_and_differs_between_vois(time_points: Points, tmp_path: Path) -> None:
    loop = [box((-20, 0), (-40, -20), Z[2])]
    path = structure_set(tmp_path / "rs.dcm", {"Liver": loop, "Spleen": loop})
    once, again = (_read(time_points, path).vois for _ in range(2))
    assert [v.voi_id for v in once] == [v.voi_id for v in again]
    assert once[0].voi_id != once[1].voi_id


def _open(dataset: Dataset) -> None:
    dataset.ROIContourSequence[0].ContourSequence[0].ContourGeometricType = "POINT"


def _odd_numbers(dataset: Dataset) -> None:
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    contour.ContourData = list(contour.ContourData)[:-1]


def _twice(dataset: Dataset) -> None:
    contours = dataset.ROIContourSequence[0].ContourSequence
    contours.append(contours[0])


def _tilted(dataset: Dataset) -> None:
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    contour.ContourData = [-20, -40, 103, 0, -40, 103, 0, -20, 106, -20, -20, 106]


def _unnamed_region(dataset: Dataset) -> None:
    dataset.ROIContourSequence[0].ReferencedROINumber = 7


def _no_name(dataset: Dataset) -> None:
    dataset.StructureSetROISequence[0].ROIName = ""


def _no_frame(dataset: Dataset) -> None:
    del dataset.FrameOfReferenceUID
    del dataset.ReferencedFrameOfReferenceSequence
    del dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_odd_numbers, "holds 11 coordinates for 4 points"),
        (_twice, "is there twice, at z = 106 mm; by the even-odd rule they cancel"),
        (_tilted, "not parallel to the slices"),
        (_unnamed_region, "contours of a region 7 that it doesn't name"),
        (_no_name, "region 1 has no name"),
        (_no_frame, "names no frame of reference"),
    ],
)
def test_that_defective_structure_sets_are_refused(
    time_points: Points, tmp_path: Path, edit: phantoms.Edit, message: str
) -> None:
    path = structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), Z[2])]}, edit=edit)
    with pytest.raises(DosimetryError, match=message) as caught:
        _read(time_points, path)
    assert caught.value.where.startswith(str(path))
    assert caught.value.remedy


def test_that_regions_without_closed_contours_are_left_out_and_said(time_points: Points, tmp_path: Path) -> None:
    path = structure_set(tmp_path / "rs.dcm", {"Marker": [box((-20, 0), (-40, -20), Z[2])], "Empty": []}, edit=_open)
    reading = _read(time_points, path)
    assert not reading.vois
    assert [f.code for f in reading.findings] == ["voi-without-contours"] * 2


def test_that_a_single_contour_between_slices_is_refused(time_points: Points, tmp_path: Path) -> None:
    path = structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), 104.5)]})
    with pytest.raises(GeometryMismatchError, match="between the slices"):
        _read(time_points, path)


def _mask() -> np.ndarray:
    mask = np.zeros(CT_GRID.shape)
    mask[1:4, 5:9, 3:14] = 1
    mask[2, 9, 3] = 1
    return mask


def test_that_a_binary_segmentation_on_the_ct_is_taken_voxel_by_voxel(time_points: Points, tmp_path: Path) -> None:
    other = np.roll(_mask(), 9, axis=1)
    path = segmentation(tmp_path / "seg.dcm", {"Liver": _mask(), "Milz": other})
    reading = _read(time_points, path)
    for voi, truth in zip(reading.vois, (_mask(), other), strict=True):
        np.testing.assert_array_equal(voi.mask.whole_grid_fraction(), truth)
    assert [voi.role for voi in reading.vois] == ["liver", "spleen"]
    assert not reading.findings


def test_that_a_fractional_segmentation_keeps_its_fractions(time_points: Points, tmp_path: Path) -> None:
    path = segmentation(tmp_path / "seg.dcm", {"Liver": _mask() * 0.4}, fractional=True)
    np.testing.assert_allclose(
        _only(time_points, path).mask.whole_grid_fraction(), _mask() * 0.4, atol=0.5 / 255 + 1e-6
    )


@pytest.mark.parametrize("spacing", [(3.0, 2.0, 2.0), (4.0, 5.0, 5.0), (1.7, 3.1, 2.9)])
def test_that_a_segmentation_on_another_grid_keeps_volume_and_centre(
    time_points: Points, tmp_path: Path, spacing: tuple[float, float, float]
) -> None:
    geometry = phantoms.grid((4, 8, 9), spacing, origin_mm=(-31.0, -50.0, 102.0))
    mask = np.zeros(geometry.shape)
    mask[1:3, 2:6, 3:7] = 1
    path = segmentation(tmp_path / "seg.dcm", {"Lesion 1": mask}, geometry)
    reading = _read(time_points, path)
    truth_ml = mask.sum() * np.prod(spacing) / 1000
    assert reading.vois[0].mask.volume_ml == pytest.approx(truth_ml, rel=5e-3)  # bytes per voxel of a small VOI
    centre = geometry.index_to_point(np.argwhere(mask).mean(axis=0))
    # A partly covered voxel counts at its own centre.
    np.testing.assert_allclose(reading.vois[0].mask.centroid_mm(), centre, atol=0.1)
    assert _codes(reading) == {"voi-resampled"}


def _probability(dataset: Dataset) -> None:
    dataset.SegmentationFractionalType = "PROBABILITY"


def _cut(dataset: Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:-20]


def _undescribed(dataset: Dataset) -> None:
    dataset.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 4


def _too_few(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence[-1]


def _off_step(dataset: Dataset) -> None:
    dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0].ImagePositionPatient[2] += 1


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_cut, "bytes of pixels where"),
        (_undescribed, "segments that it doesn't describe"),
        (_too_few, "describes 2 frames but holds 3"),
        (_off_step, "not placed in steps of 3 mm"),
    ],
)
def test_that_defective_segmentations_are_refused(
    time_points: Points, tmp_path: Path, edit: phantoms.Edit, message: str
) -> None:
    path = segmentation(tmp_path / "seg.dcm", {"Liver": _mask()}, edit=edit)
    with pytest.raises(DicomReadError, match=message):
        _read(time_points, path)


def test_that_probabilities_are_a_doubt(time_points: Points, tmp_path: Path) -> None:
    path = segmentation(tmp_path / "seg.dcm", {"Liver": _mask()}, fractional=True, edit=_probability)
    assert _codes(_read(time_points, path)) == {"segmentation-probability"}


def test_that_a_label_volume_on_the_ct_is_taken_voxel_by_voxel(time_points: Points, tmp_path: Path) -> None:
    labels = (_mask() * 5).astype(int)
    labels[0, 0, 0] = 2
    path = label_volume(tmp_path / "l.nii", labels, names={"5": "Spleen", "2": {"name": "Lesion 1"}, "9": "none"})
    reading = _read(time_points, path)
    by_name = {voi.name: voi for voi in reading.vois}
    np.testing.assert_array_equal(by_name["Spleen"].mask.whole_grid_fraction(), labels == 5)
    np.testing.assert_array_equal(by_name["Lesion 1"].mask.whole_grid_fraction(), labels == 2)
    assert _codes(reading) == {"voi-empty"}
    assert {Path(source.path).name for source in reading.source_files} == {"l.nii", "l.json"}


def test_that_label_volumes_stored_along_other_axes_are_the_same(time_points: Points, tmp_path: Path) -> None:
    labels = _mask().astype(int)
    flipped = phantoms.grid(
        CT_GRID.shape,
        CT_GRID.spacing_mm,
        origin_mm=CT_GRID.index_to_point((0, 23, 19)),
        directions=CT_GRID.directions * [1, -1, -1],
    )
    path = label_volume(tmp_path / "l.nii", labels[:, ::-1, ::-1], flipped, names={"1": "Liver"})
    np.testing.assert_array_equal(_only(time_points, path).mask.whole_grid_fraction(), labels)


def test_that_labels_on_no_grid_or_in_no_order_are_refused(time_points: Points, tmp_path: Path) -> None:
    elsewhere = phantoms.grid(CT_GRID.shape, CT_GRID.spacing_mm, origin_mm=(-40.0, -60.0, 101.0))
    path = label_volume(tmp_path / "l.nii", _mask().astype(int), elsewhere, names={"1": "Liver"})
    with pytest.raises(GeometryMismatchError, match=r"l.nii: its grid \(6 × 24 × 20 voxels\) is that of no image"):
        _read(time_points, path)


def test_that_labels_and_contours_of_one_image_are_read_together(time_points: Points, tmp_path: Path) -> None:
    labels = label_volume(tmp_path / "l.nii", _mask().astype(int), names={"1": "Liver"})
    structure = structure_set(tmp_path / "rs.dcm", {"Spleen": [box((-20, 0), (-40, -20), Z[2])]})
    assert {voi.role for voi in _read(time_points, labels, structure).vois} == {"liver", "spleen"}


def test_that_an_image_named_as_vois_is_refused(time_points: Points, tmp_path: Path) -> None:
    path = phantoms.nm_file(tmp_path / "recon.dcm", phantoms.counts_like(phantoms.SPECT_GRID))
    with pytest.raises(DicomReadError, match="is no RT structure set, segmentation or label volume"):
        _read(time_points, path)
    with pytest.raises(DosimetryError, match="there is no such file"):
        _read(time_points, tmp_path / "nowhere.dcm")


def test_that_without_a_ct_the_spect_is_the_reference(time_points: Points, tmp_path: Path) -> None:
    alone = (TimePoint(time_points[0].spect),)
    path = structure_set(tmp_path / "rs.dcm", {"Liver": [circle((0, -20), 15, 99.0 + 4.8 * n) for n in range(3)]})
    voi = _only(alone, path)
    assert voi.mask.geometry is time_points[0].spect.volume.geometry
    assert voi.mask.volume_ml == pytest.approx(np.pi * 15**2 * 3 * 4.8 / 1000, rel=1e-3)


@pytest.mark.parametrize("kind", ["structure set", "segmentation", "label volume"])
def test_that_random_damage_never_gives_anything_but_a_declared_error(
    time_points: Points, tmp_path: Path, kind: str
) -> None:
    if kind == "structure set":
        path = structure_set(tmp_path / "rs.dcm", {"Liver": [circle((0, -20), 9, z, 30) for z in Z[1:4]]})
    elif kind == "segmentation":
        path = segmentation(tmp_path / "seg.dcm", {"Liver": _mask()})
    else:
        path = label_volume(tmp_path / "l.nii", _mask().astype(int), names={"1": "Liver"})
    content = path.read_bytes()
    first, last = (0, 352) if kind == "label volume" else (132, len(content))
    generator = np.random.default_rng(11)
    for _ in range(100):
        damaged = bytearray(content)
        for place in generator.integers(first, last, 3):
            damaged[place] = generator.integers(0, 256)
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(DosimetryError):
            _read(time_points, path)
