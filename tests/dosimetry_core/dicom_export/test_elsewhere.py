"""Every kind of exported object in other hands: checked where validator, archives and readers are installed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import (
    EncapsulatedPDFStorage,
    ParametricMapStorage,
    RTDoseStorage,
    SegmentationStorage,
    SpatialRegistrationStorage,
)

from dosimetry_core.case_file import read_case
from dosimetry_core.dicom.spatial_registration import spatial_registration_bytes
from dosimetry_core.dicom_export.course import export_course
from dosimetry_core.dicom_export.cycle import facts_of_cycle, voxel_doses_of
from dosimetry_core.dicom_export.dose import rt_dose
from dosimetry_core.dicom_export.objects import file_bytes
from dosimetry_core.dicom_export.parametric_map import ABSORBED_DOSE, parametric_map
from dosimetry_core.dicom_export.segmentation import segmentation
from dosimetry_core.dicom_export.structure_set import structure_set
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.pipeline import compute
from dosimetry_core.voi import FULL_COVERAGE, Voi, VoiMask
from dosimetry_core.volume import Volume
from tests.dosimetry_core.dicom_export.elsewhere import (
    ARCHIVES,
    document_by_dcm2pdf,
    errors_of_validator,
    missing_for,
    text_by_dsrdump,
    twin_of,
    unlike,
)
from tests.small_study import write_small_case

MADE = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
PDF = b"%PDF-1.7\nsigned\n%%EOF"
NAMES = ("Żółć^Łucja", "山田^太郎", "Щербаківська^Їжакевич Єлизавета")
KINDS = 9
"""SOP classes: structure set, segmentation, two reports, registration, dose, map, document, secondary capture."""


def _turned(degrees: float, *, feet_first: bool) -> np.ndarray:
    """Directions of slices, rows and columns: tilted about x, or with slices from head to feet."""
    angle = np.deg2rad(degrees)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    across = tilt @ np.eye(3)[:, ::-1]
    return across * (-1, 1, -1) if feet_first else across


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Exports of a small course, and of a single kidney in other geometries under names of other letters."""
    case = read_case(write_small_case(tmp_path_factory.mktemp("case")))
    case = replace(case, settings=replace(case.settings, voxel_s_values_beside=True))
    evaluation = compute(case)
    folder = tmp_path_factory.mktemp("objects")
    for one in export_course(evaluation, made_at=MADE, plan_pdf=PDF).objects:
        (folder / one.name).write_bytes(one.content)
    cycle = evaluation.cycles[0].cycle
    reference, last = cycle.time_points[cycle.reference_time_point], cycle.time_points[-1]
    assert last.ct is not None
    frame = "1.2.826.0.1.3680043.8.498.77"
    other = replace(
        last,
        spect=replace(last.spect, frame_of_reference_uid=frame),
        ct=replace(last.ct, frame_of_reference_uid=frame),
    )
    (folder / "reg.dcm").write_bytes(spatial_registration_bytes(reference, other, made_at=MADE))
    facts = facts_of_cycle(evaluation.cycles[0], made_at=MADE, digest="d")
    random = np.random.default_rng(8)
    for number, (degrees, feet_first) in enumerate(((0.0, True), (12.5, False), (12.5, True))):
        # A single kidney, on a CT whose slices run to the feet or are oblique.
        grid = replace(facts.beside.volume.geometry, directions=_turned(degrees, feet_first=feet_first))
        named = replace(facts.beside, volume=replace(facts.beside.volume, geometry=grid), patient_name=NAMES[number])
        elsewhere = replace(facts, beside=named, digest=f"other {number}")
        coverage = np.zeros((3, 7, 9), np.uint8)
        coverage[:, 1:6, 2:8] = FULL_COVERAGE
        kidney = Voi("k", "Nerka jedyna 腎", "kidney_left", VoiMask(grid, (5, 10, 11), coverage))
        segmented = segmentation(elsewhere, [kidney], label="CYCLE_1")
        shape = (4, 6, 5)
        doses = Volume(
            random.gamma(1.0, 2.0, shape).astype(np.float32),
            VolumeGeometry(shape, np.array((-20.0, 5.5, 100.25)), (5.0, 3.0, 2.0), grid.directions),
            "absorbed_dose_gy",
        )
        made = {
            "seg": segmented,
            "rtstruct": structure_set(elsewhere, [kidney], label="Cycle 1"),
            "rtdose": rt_dose(elsewhere, doses, what="all nuclides", number=1, method="m"),
            "dose-map": parametric_map(elsewhere, doses, ABSORBED_DOSE, what="Dose", number=2, label="DOSE"),
        }
        for name, dataset in made.items():
            (folder / f"turned{number}-{name}.dcm").write_bytes(file_bytes(dataset))
    assert voxel_doses_of(evaluation.cycles[0]) is not None
    return sorted(folder.glob("*.dcm"))


def _of_class(objects: list[Path], uid: str) -> list[Path]:
    return [path for path in objects if pydicom.dcmread(path, stop_before_pixels=True).SOPClassUID == uid]


def test_that_every_kind_is_among_them_and_says_that_it_is_for_research(objects: list[Path]) -> None:
    datasets = [pydicom.dcmread(path, stop_before_pixels=True) for path in objects]
    assert len({dataset.SOPClassUID for dataset in datasets}) == KINDS
    for path, dataset in zip(objects, datasets, strict=True):
        assert "research use" in dataset.SeriesDescription, path.name
    names = {str(dataset.PatientName) for dataset in datasets}
    assert names == {*NAMES, "Demo^Patient"}


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="no DICOM validator on this machine")
def test_that_the_validator_finds_no_error(objects: list[Path], tmp_path: Path) -> None:
    assert {path.name: found for path in objects if (found := errors_of_validator(path, tmp_path))} == {}


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="no DICOM validator on this machine")
def test_that_the_validator_would_find_a_missing_element(objects: list[Path], tmp_path: Path) -> None:
    for path in objects[:3]:
        dataset = pydicom.dcmread(path)
        del dataset.StudyInstanceUID
        dataset.save_as(tmp_path / path.name)
        assert errors_of_validator(tmp_path / path.name, tmp_path)


# Long, because Orthanc listens on every interface while it runs.
@pytest.mark.long
@pytest.mark.parametrize("archive", sorted(ARCHIVES))
def test_that_archives_give_back_equal_objects(objects: list[Path], archive: str, tmp_path: Path) -> None:
    absent = missing_for(archive)
    if absent:
        pytest.skip(f"{', '.join(absent)} not installed")
    (tmp_path / "archive").mkdir()
    with ARCHIVES[archive](tmp_path / "archive") as peer:
        back = peer.keeps(objects)
    assert unlike(objects, back) == []
    (plan,) = _of_class(objects, EncapsulatedPDFStorage)
    changed = dict(back)
    uid = str(pydicom.dcmread(plan).SOPInstanceUID)
    changed[uid] = pydicom.dcmread(plan)
    changed[uid].DocumentTitle = "another"
    assert unlike(objects, changed) == [plan.name]


@pytest.mark.skipif(shutil.which("dsrdump") is None or shutil.which("dcm2pdf") is None, reason="no DCMTK")
def test_that_dcmtk_reads_reports_and_the_document(objects: list[Path], tmp_path: Path) -> None:
    reports = [path for path in objects if pydicom.dcmread(path, stop_before_pixels=True).Modality == "SR"]
    said = {path.name: text_by_dsrdump(path) for path in reports}
    assert "Mean Absorbed Radiation Dose" in said["cycle1-measurements.dcm"]
    assert '"7400.0" (MBq,UCUM,"MBq")' in said["cycle1-administration-Lu-177.dcm"]
    assert all("Research use only" in text for text in said.values())
    (plan,) = _of_class(objects, EncapsulatedPDFStorage)
    assert document_by_dcm2pdf(plan, tmp_path) == PDF


def test_that_simple_itk_finds_doses_where_they_are(objects: list[Path]) -> None:
    """RT Dose and dose map of the same doses, by a reader that knows neither Lutetia nor highdicom."""
    for number in range(3):
        folder = objects[0].parent
        stated = pydicom.dcmread(folder / f"turned{number}-rtdose.dcm")
        scale = float(stated.DoseGridScaling)
        dose: Any = SimpleITK.ReadImage(str(folder / f"turned{number}-rtdose.dcm"))
        values = SimpleITK.GetArrayFromImage(dose)
        # Some versions apply the dose grid scaling, others give what is stored.
        values = values if values.max() < 1e4 else values * scale
        read = pydicom.dcmread(folder / f"turned{number}-dose-map.dcm")
        expected = np.frombuffer(read.FloatPixelData, "<f4").reshape(values.shape)
        if not np.allclose(expected, values, atol=1e-5 * expected.max()):
            expected = expected[::-1]
        assert np.abs(values - expected).max() <= 1e-6 * expected.max()
        assert dose.GetOrigin() == pytest.approx([float(v) for v in stated.ImagePositionPatient], abs=1e-6)


def test_that_a_dose_of_16_bits_is_the_same_within_its_steps(objects: list[Path]) -> None:
    for path in _of_class(objects, RTDoseStorage):
        dose = pydicom.dcmread(path)
        whole = np.frombuffer(dose.PixelData, "<u4") * float(dose.DoseGridScaling)
        twin = twin_of(dose)
        short = np.frombuffer(twin.PixelData, "<u2") * float(twin.DoseGridScaling)
        assert np.abs(whole - short).max() <= 2.0**-16 * whole.max()


def test_that_there_are_objects_of_each_geometry(objects: list[Path]) -> None:
    assert len(_of_class(objects, SegmentationStorage)) == 4
    assert len(_of_class(objects, ParametricMapStorage)) == 5
    assert len(_of_class(objects, SpatialRegistrationStorage)) == 1
