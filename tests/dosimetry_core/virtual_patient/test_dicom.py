from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.units import MILLISECONDS_PER_SECOND, MM3_PER_ML
from dosimetry_core.virtual_patient import demonstration as demo
from dosimetry_core.virtual_patient.canvas import BODY_DIRECTIONS
from dosimetry_core.virtual_patient.course import later
from dosimetry_core.virtual_patient.dicom_common import SeriesFacts
from dosimetry_core.virtual_patient.dicom_images import (
    Injection,
    write_ct,
    write_spect_concentration,
    write_spect_counts,
)
from dosimetry_core.virtual_patient.dicom_vois import write_segmentation, write_structure_set
from tests.dosimetry_core.virtual_patient.conftest import Individual

GRID = VolumeGeometry((6, 5, 4), np.array([-10.5, 7.25, 33.0]), (4.8, 4.8, 4.8), BODY_DIRECTIONS)
CT_GRID = VolumeGeometry(
    (184, 512, 512), np.array([-249.5, -248.9, -274.3]), (3.0, 0.9765625, 0.9765625), BODY_DIRECTIONS
)
VALUES = np.random.default_rng(0).uniform(0, 900, GRID.shape).astype(np.float32)


@pytest.fixture
def facts(individual: Individual) -> SeriesFacts:
    visit = individual.cycles[0].visits[1]
    person = demo._person(individual.seed, individual.body)
    return demo._facts(individual.seed, person, individual.cycles[0], visit, "x", 2, visit.scan_start, "series")


@pytest.fixture
def injection(individual: Individual) -> Injection:
    start = individual.cycles[0].infusion_start
    return Injection(start, later(start, 1800.0), 3.7e9)


def no_error(path: Path) -> None:
    """The standard's own checker finds no error, where it is installed."""
    if shutil.which("dciodvfy"):
        report = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        assert [line for line in (report.stdout + report.stderr).splitlines() if line.startswith("Error")] == []


@pytest.mark.parametrize("head_first", [False, True])
def test_that_counts_can_be_placed_from_the_header(
    facts: SeriesFacts, injection: Injection, tmp_path: Path, head_first: bool
) -> None:
    counts = np.rint(VALUES).astype(np.uint16)
    path = tmp_path / "spect.dcm"
    write_spect_counts(
        path, facts, counts, GRID, counting_s=1440.0, reconstructed=later(facts.acquired, 4000.0),
        injection=injection, head_first=head_first,
    )  # fmt: skip
    image = pydicom.dcmread(path)
    first = np.array(image.DetectorInformationSequence[0].ImagePositionPatient, float)
    step = float(image.SpacingBetweenSlices)
    assert (step < 0) == head_first
    for frame, plane in enumerate(image.pixel_array):
        place = first + np.array([0, 0, step]) * frame
        index = GRID.point_to_index(place)
        assert index[1:] == pytest.approx([0, 0], abs=1e-6)
        assert np.array_equal(plane, counts[round(index[0])])
    rotation = image.RotationInformationSequence[0]
    seconds = rotation.ActualFrameDuration * rotation.NumberOfFramesInRotation / MILLISECONDS_PER_SECOND
    assert seconds == 1440.0
    assert image.ImageType[2] == "RECON TOMO"
    assert image.Units == "CNTS"
    # MBq in NM objects, unlike in PET objects.
    assert float(image.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose) == 3700
    assert image.SeriesTime != image.AcquisitionTime
    no_error(path)


def test_that_a_concentration_series_reads_back_in_bq_per_ml(
    facts: SeriesFacts, injection: Injection, tmp_path: Path
) -> None:
    values = VALUES * np.array([1000, 100, 1, 0, 1e-5, 10], np.float32)[:, None, None]
    write_spect_concentration(tmp_path, facts, values, GRID, counting_s=1200.0, injection=injection)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image = reader.Execute()
    assert image.GetOrigin() == pytest.approx(tuple(GRID.origin_mm), abs=1e-6)
    assert image.GetSpacing() == pytest.approx((4.8, 4.8, 4.8), abs=1e-6)
    assert np.allclose(sitk.GetArrayFromImage(image), values, rtol=0, atol=values.max() / 65535)
    slopes = {str(pydicom.dcmread(f).RescaleSlope) for f in tmp_path.iterdir()}
    assert len(slopes) > 3
    header = pydicom.dcmread(tmp_path / "spect0001.dcm")
    assert (header.Units, header.DecayCorrection, header.SeriesTime) == ("BQML", "START", header.AcquisitionTime)
    assert float(header.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose) == 3.7e9
    for file in tmp_path.iterdir():
        written = pydicom.dcmread(file)
        plane = written.pixel_array * float(written.RescaleSlope)
        original = values[written.InstanceNumber - 1]
        assert np.abs(plane - original).max() <= max(original.max() / 65535, 1e-6)
    no_error(tmp_path / "spect0001.dcm")


def test_that_a_ct_series_reads_back_where_it_was(facts: SeriesFacts, tmp_path: Path) -> None:
    numbers = (VALUES - 500).astype(np.int16)
    grid = replace(GRID, spacing_mm=(4.0, 1.953125, 1.953125))
    write_ct(tmp_path, facts, numbers, grid, tube_current_ma=30)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image = reader.Execute()
    assert np.array_equal(sitk.GetArrayFromImage(image), numbers)
    assert image.GetOrigin() == pytest.approx(tuple(grid.origin_mm), abs=1e-6)
    assert image.GetSpacing() == pytest.approx((1.953125, 1.953125, 4.0), abs=1e-9)
    no_error(tmp_path / "ct0001.dcm")


def polygon_area_mm2(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return 0.5 * float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def test_that_outlines_enclose_the_true_volumes(individual: Individual, facts: SeriesFacts, tmp_path: Path) -> None:
    anatomy, motion = individual.anatomy, individual.cycles[0].visits[1].scanner_from_body
    uids = [facts.instance_uid(n) for n in range(CT_GRID.shape[0])]
    path = tmp_path / "vois.dcm"
    write_structure_set(path, facts, anatomy, CT_GRID, motion, facts.series_uid, uids, facts.acquired)
    structures = pydicom.dcmread(path)
    names = {r.ROINumber: r.ROIName for r in structures.StructureSetROISequence}
    assert list(names.values()) == list(anatomy.surfaces)
    for item in structures.ROIContourSequence:
        name = names[item.ReferencedROINumber]
        by_slice: dict[float, list[np.ndarray]] = {}
        for contour in item.ContourSequence:
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            assert np.ptp(points[:, 2]) == 0
            by_slice.setdefault(points[0, 2], []).append(points)
        # Even-odd: a hole (the renal sinus) is drawn inside the outer contour of its slice.
        volume_ml = 0.0
        for contours in by_slice.values():
            areas = sorted((polygon_area_mm2(p) for p in contours), reverse=True)
            holes = [p for p in contours if any(_inside(p[0], q) for q in contours if q is not p)]
            volume_ml += (sum(areas) - 2 * sum(polygon_area_mm2(p) for p in holes)) * 3.0 / MM3_PER_ML
        true = anatomy.volume_ml(anatomy.tissues[name] + anatomy.enclosed.get(name, ()))
        # Slices of 3 mm: organs to 0.5 %; a lesion of 3 mL spans six of them, 4 %.
        assert volume_ml == pytest.approx(true, rel=0.005 if true > 100 else 0.02 if true > 5 else 0.05), name
    no_error(path)


def _inside(point: np.ndarray, polygon: np.ndarray) -> bool:
    x, y = polygon[:, 0], polygon[:, 1]
    nx, ny = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > point[1]) != (ny > point[1])
    at = x + (point[1] - y) / np.where(ny == y, 1, ny - y) * (nx - x)
    return bool(np.count_nonzero(crosses & (at > point[0])) % 2)


def test_that_segments_hold_the_true_volumes(individual: Individual, facts: SeriesFacts, tmp_path: Path) -> None:
    anatomy, motion = individual.anatomy, individual.cycles[0].visits[1].scanner_from_body
    uids = [facts.instance_uid(n) for n in range(CT_GRID.shape[0])]
    path = tmp_path / "vois.dcm"
    write_segmentation(path, facts, anatomy, CT_GRID, motion, facts.series_uid, uids, facts.acquired)
    segmentation = pydicom.dcmread(path)
    labels = {s.SegmentNumber: s.SegmentLabel for s in segmentation.SegmentSequence}
    assert list(labels.values()) == list(anatomy.surfaces)
    voxels: dict[str, int] = dict.fromkeys(labels.values(), 0)
    for frame, plane in zip(segmentation.PerFrameFunctionalGroupsSequence, segmentation.pixel_array, strict=True):
        name = labels[frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
        voxels[name] += int(plane.sum())
        z = float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
        assert CT_GRID.point_to_index((0, 0, z))[0] == pytest.approx(round((z + 274.3) / 3), abs=1e-6)
    for name, count in voxels.items():
        true = anatomy.volume_ml(anatomy.tissues[name] + anatomy.enclosed.get(name, ()))
        assert count * CT_GRID.voxel_volume_ml == pytest.approx(true, rel=0.005 if true > 100 else 0.04), name
    no_error(path)
