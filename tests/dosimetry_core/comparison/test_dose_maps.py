"""RT Dose of another system against our voxel doses: read right, same numbers, refused where not comparable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RTDoseStorage, generate_uid

from dosimetry_core.case_file import read_case
from dosimetry_core.comparison.dose_maps import compare_dose_map, voxel_doses_of
from dosimetry_core.comparison.gamma import GammaCriteria
from dosimetry_core.dicom.dose_object import read_dose_object
from dosimetry_core.dicom_export.cycle import digest_of_results, facts_of_cycle
from dosimetry_core.dicom_export.dose import rt_dose
from dosimetry_core.dicom_export.objects import file_bytes
from dosimetry_core.errors import DicomReadError, DosimetryError, InconsistentCaseError
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.pipeline import compute, evaluate
from dosimetry_core.volume import Volume
from tests.dosimetry_core.dicom_export.test_course import MADE
from tests.small_study import write_small_case


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    case = read_case(write_small_case(tmp_path_factory.mktemp("case")))
    return compute(replace(case, settings=replace(case.settings, voxel_s_values_beside=True)))


def own_map(evaluation: Evaluation) -> Volume:
    return voxel_doses_of(evaluation.cycles[0]).maps["Lu-177"].absorbed_dose


def written(
    evaluation: Evaluation, path: Path, volume: Volume, change: Callable[[Dataset], object] = lambda dataset: None
) -> Path:
    facts = facts_of_cycle(evaluation.cycles[0], made_at=MADE, digest=digest_of_results(evaluation))
    dataset = rt_dose(facts, volume, what="Lu-177", number=1, method="test")
    change(dataset)
    path.write_bytes(file_bytes(dataset))
    return path


def test_that_a_dose_comes_back_at_its_place(evaluation: Evaluation, tmp_path: Path) -> None:
    own = own_map(evaluation)
    found = read_dose_object(written(evaluation, tmp_path / "dose.dcm", own)).absorbed_dose
    index = (7, 21, 15)
    point = own.geometry.index_to_point(index)
    there = np.rint(found.geometry.point_to_index(point)).astype(int)
    assert found.geometry.index_to_point(there) == pytest.approx(point, abs=1e-4)
    assert float(found.values[tuple(there)]) == pytest.approx(
        float(own.values[index]), abs=1e-6 * float(own.values.max())
    )
    assert float(found.values.sum()) == pytest.approx(float(own.values.sum(dtype=np.float64)), rel=1e-6)


def test_that_both_conventions_of_planes_give_the_same_place(evaluation: Evaluation, tmp_path: Path) -> None:
    own = own_map(evaluation)

    def absolute(dataset: Dataset) -> None:
        first = float(dataset.ImagePositionPatient[2])
        dataset.GridFrameOffsetVector = [first + float(offset) for offset in dataset.GridFrameOffsetVector]

    def downwards(dataset: Dataset) -> None:
        offsets = [float(offset) for offset in dataset.GridFrameOffsetVector]
        dataset.ImagePositionPatient[2] = float(dataset.ImagePositionPatient[2]) + offsets[-1]
        dataset.GridFrameOffsetVector = [-offset for offset in offsets]
        frames = np.frombuffer(dataset.PixelData, np.uint32).reshape(len(offsets), -1)[::-1]
        dataset.PixelData = frames.tobytes()
        dataset["PixelData"].VR = "OW"

    first = read_dose_object(written(evaluation, tmp_path / "a.dcm", own)).absorbed_dose
    for name, change in (("b", absolute), ("c", downwards)):
        found = read_dose_object(written(evaluation, tmp_path / f"{name}.dcm", own, change)).absorbed_dose
        for index in ((0, 0, 0), (5, 20, 12)):
            point = first.geometry.index_to_point(index)
            there = np.rint(found.geometry.point_to_index(point)).astype(int)
            assert found.geometry.index_to_point(there) == pytest.approx(point, abs=1e-3)
            assert found.values[tuple(there)] == first.values[index]


def test_that_our_own_map_agrees_with_itself(evaluation: Evaluation, tmp_path: Path) -> None:
    other = read_dose_object(written(evaluation, tmp_path / "dose.dcm", own_map(evaluation)))
    found = compare_dose_map(evaluation.cycles[0], other, patient_id="P-1", criteria=GammaCriteria(0.001, 0.5))
    assert set(found.vois) == {"Kidney L", "Kidney R"}
    assert found.left_out == ()
    assert found.gamma.pass_fraction == 1.0
    for one in found.vois.values():
        assert one.mean_difference == pytest.approx(0.0, abs=1e-6)
        assert one.other.d2_gy == pytest.approx(one.own.d2_gy, rel=1e-6)
        assert one.gamma_pass == 1.0
        assert one.gamma_count > 100


def test_that_five_percent_more_is_five_percent_more(evaluation: Evaluation, tmp_path: Path) -> None:
    own = own_map(evaluation)
    more = Volume(own.values * np.float32(1.05), own.geometry, own.quantity)
    other = read_dose_object(written(evaluation, tmp_path / "dose.dcm", more))
    found = compare_dose_map(evaluation.cycles[0], other, patient_id="P-1", nuclide="Lu-177")
    for one in found.vois.values():
        assert one.mean_difference == pytest.approx(0.05, rel=1e-4)
        assert one.other.d50_gy == pytest.approx(1.05 * one.own.d50_gy, rel=1e-4)
    assert found.gamma.pass_fraction is not None
    assert found.gamma.pass_fraction < 1.0


def test_that_a_voi_beyond_the_other_map_is_left_out(evaluation: Evaluation, tmp_path: Path) -> None:
    own = own_map(evaluation)
    middle = own.geometry.shape[2] // 2
    half = own.geometry.cropped((0, 0, middle), (*own.geometry.shape[:2], own.geometry.shape[2] - middle))
    part = Volume(own.values[:, :, middle:], half, own.quantity)
    other = read_dose_object(written(evaluation, tmp_path / "dose.dcm", part))
    found = compare_dose_map(evaluation.cycles[0], other, patient_id="P-1")
    assert (set(found.vois), found.left_out) == ({"Kidney L"}, ("Kidney R",))


def _moved(dataset: Dataset, by_mm: float) -> list[float]:
    return [by_mm + float(offset) for offset in dataset.GridFrameOffsetVector]


def _mirrored_z(dataset: Dataset) -> None:
    """Absolute offsets of the wrong sign."""
    z = float(dataset.ImagePositionPatient[2]) + 7.0
    dataset.ImagePositionPatient[2] = z
    dataset.GridFrameOffsetVector = [-z + float(offset) for offset in dataset.GridFrameOffsetVector]


@pytest.mark.parametrize("along", [1.0, -1.0])
@pytest.mark.parametrize("absolute", [True, False])
def test_that_feet_first_planes_lie_where_the_file_says(tmp_path: Path, along: float, *, absolute: bool) -> None:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = RTDoseStorage, generate_uid()
    dataset.PatientID, dataset.Modality, dataset.DoseUnits = "P-1", "RTDOSE", "GY"
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 2, 3, 4
    dataset.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]  # the normal points to the feet
    dataset.ImagePositionPatient, dataset.PixelSpacing = [10, 20, 200], [4, 5]
    steps = [4.0 * along * number for number in range(4)]
    dataset.GridFrameOffsetVector = [200.0 + step for step in steps] if absolute else steps
    dataset.DoseGridScaling, dataset.SamplesPerPixel = 0.5, 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelData = np.repeat(np.arange(1, 5, dtype=np.uint16), 6).tobytes()
    dataset["PixelData"].VR = "OW"
    path = tmp_path / "dose.dcm"
    path.write_bytes(file_bytes(dataset))
    found = read_dose_object(path).absorbed_dose
    for number, step in enumerate(steps):
        z = 200.0 + step if absolute else 200.0 - step
        index = np.rint(found.geometry.point_to_index([10.0, 20.0, z])).astype(int)
        assert found.geometry.index_to_point(index) == pytest.approx([10.0, 20.0, z])
        assert found.values[tuple(index)] == 0.5 * (number + 1)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda d: setattr(d, "DoseUnits", "RELATIVE"), "RELATIVE"),
        (lambda d: setattr(d, "DoseType", "EFFECTIVE"), "EFFECTIVE"),
        (lambda d: delattr(d, "DoseGridScaling"), "Dose Grid Scaling"),
        (lambda d: delattr(d, "ImagePositionPatient"), "Image Position"),
        (lambda d: delattr(d, "GridFrameOffsetVector"), "Grid Frame Offset"),
        (lambda d: d.GridFrameOffsetVector.__setitem__(3, 1.0), "uneven planes"),
        (
            lambda d: setattr(d, "GridFrameOffsetVector", [17.0 + float(o) for o in d.GridFrameOffsetVector]),
            "neither 0",
        ),
        (lambda d: _mirrored_z(d), "neither 0"),
        (lambda d: setattr(d, "ImageOrientationPatient", [1, 0, 0, 0.5, 0.8, 0]), "not perpendicular"),
        (lambda d: setattr(d, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.481.3"), "no RT Dose"),
    ],
)
def test_that_what_is_not_a_dose_on_a_regular_grid_is_refused(
    evaluation: Evaluation, tmp_path: Path, change: Callable[[Dataset], object], what: str
) -> None:
    path = written(evaluation, tmp_path / "dose.dcm", own_map(evaluation), change)
    with pytest.raises(DicomReadError) as told:
        read_dose_object(path)
    assert what in told.value.line()
    assert str(path) in told.value.line()
    assert told.value.remedy


def test_that_a_map_on_another_scan_is_placed_by_its_registration(evaluation: Evaluation, tmp_path: Path) -> None:
    own = own_map(evaluation)
    read = read_dose_object(written(evaluation, tmp_path / "dose.dcm", own))
    motion = RigidTransform.from_rotation_vector([0.05, -0.03, 0.1], [25.0, -12.0, 40.0])
    grid = read.absorbed_dose.geometry
    there = VolumeGeometry(grid.shape, motion.apply(grid.origin_mm), grid.spacing_mm, motion.rotation @ grid.directions)
    other = replace(
        read, absorbed_dose=Volume(read.absorbed_dose.values, there, own.quantity), frame_of_reference_uid="1.2.9"
    )
    result = evaluation.cycles[0]
    scan = next(number for number in range(3) if number != result.cycle.reference_time_point)

    def with_scan(method: str) -> CycleResult:
        point = result.cycle.time_points[scan]
        changed = replace(
            point,
            spect=replace(point.spect, frame_of_reference_uid="1.2.9"),
            registration=replace(point.registration, transform=motion, method=method),
        )
        points = list(result.cycle.time_points)
        points[scan] = changed
        return replace(result, cycle=replace(result.cycle, time_points=tuple(points)))

    found = compare_dose_map(with_scan("rigid-ct"), other, patient_id="P-1")
    assert found.placed_by == scan + 1
    assert found.gamma.pass_fraction == 1.0
    assert all(abs(one.mean_difference or 0.0) < 1e-6 for one in found.vois.values())
    with pytest.raises(InconsistentCaseError, match="frame of reference of no scan"):
        compare_dose_map(with_scan("none"), other, patient_id="P-1")
    nothing = replace(read, absorbed_dose=replace(read.absorbed_dose, values=0 * read.absorbed_dose.values))
    with pytest.raises(InconsistentCaseError, match="holds no dose anywhere"):
        compare_dose_map(result, nothing, patient_id="P-1")
    with pytest.raises(InconsistentCaseError, match="names no frame of reference"):
        compare_dose_map(result, replace(read, frame_of_reference_uid=""), patient_id="P-1")


def test_that_another_patient_frame_or_nuclide_is_refused(evaluation: Evaluation, tmp_path: Path) -> None:
    other = read_dose_object(written(evaluation, tmp_path / "dose.dcm", own_map(evaluation)))
    cycle = evaluation.cycles[0]
    with pytest.raises(InconsistentCaseError, match="patient"):
        compare_dose_map(cycle, other, patient_id="P-2")
    with pytest.raises(InconsistentCaseError, match="frame of reference"):
        compare_dose_map(cycle, replace(other, frame_of_reference_uid="1.2.3"), patient_id="P-1")
    with pytest.raises(DosimetryError, match="no dose map of Y-90"):
        compare_dose_map(cycle, other, patient_id="P-1", nuclide="Y-90")


def test_that_a_cycle_without_voxel_doses_says_so(evaluation: Evaluation, tmp_path: Path) -> None:
    other = read_dose_object(written(evaluation, tmp_path / "dose.dcm", own_map(evaluation)))
    plain = evaluate(replace(evaluation.case, settings=replace(evaluation.case.settings, voxel_s_values_beside=False)))
    with pytest.raises(DosimetryError, match="no voxel doses"):
        compare_dose_map(plain.cycles[0], other, patient_id="P-1")


def test_that_a_dose_of_one_plane_needs_its_thickness(evaluation: Evaluation, tmp_path: Path) -> None:
    own = own_map(evaluation)
    one = Volume(own.values[7:8], own.geometry.cropped((7, 0, 0), (1, *own.geometry.shape[1:])), own.quantity)
    found = read_dose_object(written(evaluation, tmp_path / "dose.dcm", one))
    assert found.absorbed_dose.geometry.spacing_mm[0] == pytest.approx(own.geometry.spacing_mm[0])
    path = written(evaluation, tmp_path / "bare.dcm", one, lambda d: delattr(d, "SliceThickness"))
    assert pydicom.dcmread(path).NumberOfFrames == 1
    with pytest.raises(DicomReadError, match="Slice Thickness"):
        read_dose_object(path)
    assert isinstance(found.absorbed_dose.geometry, VolumeGeometry)
