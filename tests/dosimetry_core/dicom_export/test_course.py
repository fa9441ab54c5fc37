"""What is exported, read again: by our own readers, by pydicom and highdicom, and by a validator where there is one."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    ParametricMapStorage,
    RadiopharmaceuticalRadiationDoseSRStorage,
    RTDoseStorage,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from dosimetry_core.case_file import read_case
from dosimetry_core.dicom.vois import read_vois
from dosimetry_core.dicom_export.course import CourseExport, export_course
from dosimetry_core.dicom_export.cycle import facts_of_cycle, voxel_doses_of
from dosimetry_core.dicom_export.dose import rt_dose
from dosimetry_core.dicom_export.objects import file_bytes
from dosimetry_core.dicom_export.pdf import document_of, encapsulated_pdf
from dosimetry_core.dicom_export.segmentation import segmentation
from dosimetry_core.dicom_export.structure_set import structure_set
from dosimetry_core.errors import MissingDataError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.pipeline import compute, evaluate
from dosimetry_core.voi import FULL_COVERAGE, Voi, VoiMask
from dosimetry_core.volume import Volume
from tests.dosimetry_core.dicom_export.read_back import unlike
from tests.small_study import write_small_case

MADE = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
ODD_PDF = b"%PDF-1.7\nsigned\n%%EOF"


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    case = read_case(write_small_case(tmp_path_factory.mktemp("case")))
    return compute(replace(case, settings=replace(case.settings, voxel_s_values_beside=True)))


@pytest.fixture(scope="module")
def export(evaluation: Evaluation) -> CourseExport:
    return export_course(evaluation, made_at=MADE, plan_pdf=ODD_PDF)


@pytest.fixture(scope="module")
def files(export: CourseExport, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("objects")
    for one in export.objects:
        (folder / one.name).write_bytes(one.content)
    return {one.name: folder / one.name for one in export.objects}


def partial_vois(evaluation: Evaluation, *, binary: bool) -> list[Voi]:
    """A ring with a hole, two overlapping boxes, and a name of other letters, on the CT of the reference scan."""
    cycle = evaluation.case.cycles[0]
    grid = cycle.vois[0].mask.geometry
    random = np.random.default_rng(5)
    found = []
    for name, start, shape in (("Ring", (3, 4, 5), (4, 9, 9)), ("Guz wątroby 腫瘍", (5, 10, 10), (5, 7, 8))):
        coverage = np.full(shape, FULL_COVERAGE, np.uint8)
        coverage[1:3, 3:6, 3:6] = 0
        if not binary:
            coverage[0] = random.integers(0, 256, shape[1:])
        found.append(Voi(name, name, "lesion", VoiMask(grid, start, coverage)))
    return found


def same_masks(read: Voi, written: Voi) -> bool:
    return np.array_equal(read.mask.whole_grid_fraction(), written.mask.whole_grid_fraction())


def test_that_every_kind_is_there_and_nothing_is_missing(export: CourseExport, files: dict[str, Path]) -> None:
    assert export.findings == ()
    kinds = [pydicom.dcmread(path, stop_before_pixels=True).SOPClassUID for path in files.values()]
    expected = [
        RTStructureSetStorage,
        SegmentationStorage,
        Comprehensive3DSRStorage,
        RTDoseStorage,
        ParametricMapStorage,
        ParametricMapStorage,
        *[SecondaryCaptureImageStorage] * 4,
        RadiopharmaceuticalRadiationDoseSRStorage,
        EncapsulatedPDFStorage,
    ]
    assert kinds == expected


def test_that_each_object_is_filed_with_the_images_and_says_that_it_is_for_research(
    evaluation: Evaluation, files: dict[str, Path]
) -> None:
    cycle = evaluation.case.cycles[0]
    ct = cycle.time_points[cycle.reference_time_point].ct
    assert ct is not None
    source = pydicom.dcmread(ct.source_files[0].path)
    for path in files.values():
        found = pydicom.dcmread(path)
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID"):
            assert str(found.get(keyword, "")) == str(source.get(keyword, "")), keyword
        assert found.StudyDate == source.get("StudyDate", "")
        assert "research use" in found.SeriesDescription
        if "FrameOfReferenceUID" in found:
            assert found.FrameOfReferenceUID == source.FrameOfReferenceUID
    instances = [pydicom.dcmread(path).SOPInstanceUID for path in files.values()]
    series = [pydicom.dcmread(path).SeriesInstanceUID for name, path in files.items() if "key-image" not in name]
    assert len(set(instances)) == len(files)
    assert len(set(series)) == len(series) == len(files) - 4


@pytest.mark.parametrize("binary", [True, False])
def test_that_masks_come_back_from_a_segmentation_bit_by_bit(
    evaluation: Evaluation, tmp_path: Path, *, binary: bool
) -> None:
    vois = partial_vois(evaluation, binary=binary)
    facts = facts_of_cycle(evaluation.cycles[0], made_at=MADE, digest="d")
    path = tmp_path / "seg.dcm"
    path.write_bytes(file_bytes(segmentation(facts, vois, label="TEST")))
    read = read_vois([path], time_points=evaluation.case.cycles[0].time_points, roles={v.name: v.role for v in vois})
    assert [voi.name for voi in read.vois] == [voi.name for voi in vois]
    assert all(same_masks(one, other) for one, other in zip(read.vois, vois, strict=True))
    third = highdicom.seg.segread(path)
    for number, voi in enumerate(vois, 1):
        volume = third.get_volume(segment_numbers=[number], rescale_fractional=False)
        # Frames without the segment are left out: compare at patient points.
        layers, rows, columns = volume.array.shape[:3]
        corner = voi.mask.geometry.point_to_index(volume.affine[:3, 3])
        first = np.rint(corner).astype(int)
        step = np.sign(volume.affine[:3, 0] @ voi.mask.geometry.directions[:, 0])
        order = slice(None, None, int(step))
        low = min(first[0], first[0] + int(step) * (layers - 1))
        whole = np.zeros(voi.mask.geometry.shape, np.uint8)
        whole[voi.mask.slices] = voi.mask.coverage
        array = volume.array[order, :, :, 0] if volume.array.ndim == 4 else volume.array[order]
        expected = whole[low : low + layers, :rows, :columns]
        assert np.array_equal(array, (expected > 0) if binary else expected)
        assert third.get_segment_description(number).segment_label == voi.name


def test_that_contours_enclose_the_voxels_of_which_half_is_inside(evaluation: Evaluation, tmp_path: Path) -> None:
    vois = partial_vois(evaluation, binary=False)
    facts = facts_of_cycle(evaluation.cycles[0], made_at=MADE, digest="d")
    path = tmp_path / "rtstruct.dcm"
    path.write_bytes(file_bytes(structure_set(facts, vois, label="Test")))
    for convention in ("outline", "pixel-centres"):
        read = read_vois(
            [path],
            time_points=evaluation.case.cycles[0].time_points,
            roles={v.name: v.role for v in vois},
            contour_convention=convention,
        )
        for one, other in zip(read.vois, vois, strict=True):
            assert np.array_equal(one.mask.whole_grid_fraction(), other.mask.whole_grid_fraction() >= 0.5)


@pytest.mark.parametrize("bits", [16, 32])
@pytest.mark.parametrize("left_handed", [False, True])
def test_that_doses_come_back_where_they_were(evaluation: Evaluation, *, bits: int, left_handed: bool) -> None:
    directions = np.eye(3)[:, ::-1].copy()
    if left_handed:
        directions[:, 0] = -directions[:, 0]
    grid = VolumeGeometry((3, 4, 5), np.array((-20.0, 5.5, 100.25)), (5.0, 3.0, 2.0), directions)
    values = np.random.default_rng(1).gamma(1.0, 2.0, grid.shape).astype(np.float32)
    facts = facts_of_cycle(evaluation.cycles[0], made_at=MADE, digest="d")
    volume = Volume(values, grid, "absorbed_dose_gy")
    dataset = rt_dose(facts, volume, what="Lu-177", number=1, method="", bits=16 if bits == 16 else 32)
    stored = np.frombuffer(dataset.PixelData, f"<u{bits // 8}").reshape(dataset.NumberOfFrames, 4, 5)
    doses = stored * float(dataset.DoseGridScaling)
    origin = np.array(dataset.ImagePositionPatient, float)
    row, column = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
    down, across = dataset.PixelSpacing
    tolerance = float(values.max()) * (2.0**-17 if bits == 16 else 1e-6)
    for index, dose in np.ndenumerate(doses):
        offset = float(dataset.GridFrameOffsetVector[index[0]])
        point = origin + np.cross(row, column) * offset + column * down * index[1] + row * across * index[2]
        at = np.rint(grid.point_to_index(point)).astype(int)
        assert np.abs(grid.index_to_point(at) - point).max() < 1e-6
        assert dose == pytest.approx(float(values[tuple(at)]), abs=tolerance)
    assert min(float(v) for v in dataset.GridFrameOffsetVector) == 0


def test_that_maps_come_back_in_single_precision(evaluation: Evaluation, files: dict[str, Path]) -> None:
    doses = voxel_doses_of(evaluation.cycles[0])
    assert doses is not None
    expected = {
        "cycle1-dose-map-Lu-177.dcm": (doses.maps["Lu-177"].absorbed_dose.values, "Gy"),
        "cycle1-activity-map-Lu-177.dcm": (doses.curve_maps.maps["Lu-177"], "Bq.s"),
    }
    for name, (values, unit) in expected.items():
        found = highdicom.imread(files[name])
        volume = found.get_volume(apply_real_world_transform=True)
        grid = doses.curve_maps.grid
        corner = np.rint(grid.point_to_index(volume.affine[:3, 3])).astype(int)
        read = volume.array[::-1] if corner[0] else volume.array
        assert np.array_equal(read.astype(np.float32), np.asarray(values, np.float32))
        mapping = found.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
        assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == unit


def test_that_a_course_is_read_back_whole_and_a_changed_object_is_named(
    evaluation: Evaluation, files: dict[str, Path], tmp_path: Path
) -> None:
    folder = next(iter(files.values())).parent
    vois = sum(len(result.cycle.vois) for result in evaluation.cycles)
    assert unlike(evaluation, folder, ODD_PDF) == (2 * vois + 2 * len(evaluation.cycles) + 1, [])
    for path in files.values():
        found = pydicom.dcmread(path)
        if found.SOPClassUID == SegmentationStorage:
            found.PixelData = bytes(255 - one for one in found.PixelData)
        elif found.SOPClassUID == ParametricMapStorage:
            found.FloatPixelData = np.frombuffer(found.FloatPixelData, "<u4")[::-1].tobytes()
        elif found.SOPClassUID == RTDoseStorage:
            found.DoseGridScaling = f"{1.00001 * float(found.DoseGridScaling):.10g}"
        found.save_as(tmp_path / path.name)
    wrong = unlike(evaluation, tmp_path, b"another")[1]
    assert len(wrong) == vois + 2 * len(evaluation.cycles) + 1
    assert {line.split(":")[0] for line in wrong} == {
        "cycle1-seg.dcm", "cycle1-rtdose-Lu-177.dcm", "cycle1-dose-map-Lu-177.dcm", "plan.dcm"
    }  # fmt: skip


def test_that_the_report_holds_the_numbers_of_the_results(evaluation: Evaluation, files: dict[str, Path]) -> None:
    report: Any = highdicom.sr.srread(files["cycle1-measurements.dcm"])
    groups = report.content.get_volumetric_roi_measurement_groups()
    names = {group.tracking_identifier for group in groups}
    assert names == set(evaluation.cycles[0].vois)
    for group in groups:
        voi = evaluation.cycles[0].vois[group.tracking_identifier]
        assert voi.total is not None
        found = {item.name.meaning: (item.value, item.unit.value) for item in group.get_measurements()}
        assert found["Volume"] == (pytest.approx(voi.volume_ml, rel=1e-12), "mL")
        assert found["Mean Absorbed Radiation Dose"] == (pytest.approx(voi.total.absorbed_dose_gy, rel=1e-12), "Gy")
        fit = voi.fits["Lu-177"]
        activity, unit = found["Time-integrated activity, Lu-177"]
        assert activity * 3.6e9 == pytest.approx(fit.time_integrated_activity_bq_s, rel=1e-12)
        assert unit == "MBq.h"
        assert group.finding_type.meaning == "Kidney"
        side = "Left" if voi.role == "kidney_left" else "Right"
        assert [site.laterality.meaning for site in group.finding_sites] == [side]


def test_that_a_document_of_odd_length_comes_back_byte_by_byte(files: dict[str, Path]) -> None:
    assert len(ODD_PDF) % 2
    found = pydicom.dcmread(files["plan.dcm"])
    assert document_of(found) == ODD_PDF
    assert found.EncapsulatedDocumentLength == len(ODD_PDF)


def test_that_what_is_no_pdf_is_not_encapsulated(evaluation: Evaluation) -> None:
    facts = facts_of_cycle(evaluation.cycles[0], made_at=MADE, digest="d")
    with pytest.raises(ValueError, match="no PDF"):
        encapsulated_pdf(facts, b"GIF89a", title="plan")


def test_that_the_same_export_has_the_same_identifiers_and_any_other_has_others(
    evaluation: Evaluation, export: CourseExport
) -> None:
    def uids(made: CourseExport) -> set[str]:
        return {pydicom.dcmread(io.BytesIO(one.content)).SOPInstanceUID for one in made.objects}

    again = export_course(evaluation, made_at=MADE, plan_pdf=ODD_PDF)
    assert [one.content for one in again.objects] == [one.content for one in export.objects]
    later = export_course(evaluation, made_at=MADE + timedelta(seconds=1), plan_pdf=ODD_PDF)
    assert not uids(later) & uids(export)
    patient = replace(evaluation.case.patient, weight_kg=80.0)
    other = export_course(evaluate(replace(evaluation.case, patient=patient)), made_at=MADE)
    assert not uids(other) & uids(export)


def test_that_voxel_doses_are_computed_where_nobody_asked_for_them(
    evaluation: Evaluation, export: CourseExport
) -> None:
    settings = replace(evaluation.case.settings, voxel_s_values_beside=False)
    without = export_course(evaluate(replace(evaluation.case, settings=settings)), made_at=MADE, plan_pdf=ODD_PDF)
    assert [one.name for one in without.objects] == [one.name for one in export.objects]


def test_that_images_of_unknown_study_are_refused_by_name(evaluation: Evaluation) -> None:
    result = evaluation.cycles[0]
    points = tuple(
        replace(point, ct=None if point.ct is None else replace(point.ct, origin=None))
        for point in result.cycle.time_points
    )
    unknown = replace(result, cycle=replace(result.cycle, time_points=points))
    with pytest.raises(MissingDataError, match="study and instances"):
        facts_of_cycle(unknown, made_at=MADE, digest="d")
