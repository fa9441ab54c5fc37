"""A registration of another system against ours: millimetres that are known by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from dosimetry_core.comparison.other_registrations import compare_registration, displacement
from dosimetry_core.dicom.spatial_registration import read_spatial_registration, spatial_registration_bytes
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi import FULL_COVERAGE, VoiMask
from tests.dosimetry_core.comparison.foreign import evaluated, with_scan_in_own_frame

OWN = RigidTransform.from_rotation_vector([0.02, -0.01, 0.03], [5.0, -7.0, 3.0])


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> CycleResult:
    """Scan 3 in a frame of reference of its own; the others share that of the reference scan."""
    return with_scan_in_own_frame(evaluated(tmp_path_factory.mktemp("case")).cycles[0], 2, "1.2.840.9", OWN)


def written(result: CycleResult, path: Path, motion: RigidTransform) -> Path:
    """As another system states it: a file with its own motion of scan 3."""
    cycle = result.cycle
    point = cycle.time_points[2]
    stated = replace(point, registration=replace(point.registration, transform=motion))
    made_at = datetime(2025, 3, 20, tzinfo=UTC)
    path.write_bytes(spatial_registration_bytes(cycle.time_points[cycle.reference_time_point], stated, made_at=made_at))
    return path


def test_that_our_own_registration_lies_nowhere_else(result: CycleResult, tmp_path: Path) -> None:
    found = compare_registration(result.cycle, read_spatial_registration(written(result, tmp_path / "reg.dcm", OWN)))
    (one,) = found.scans
    assert (one.scan, found.unregistered) == (3, ())
    assert sorted(found.unrelated) == [
        number for number in (1, 2, 4) if number != result.cycle.reference_time_point + 1
    ]
    # Matrices are written with sixteen significant figures or less: micrometres.
    assert max(abs(value) for value in one.translation_mm) < 1e-6
    for apart in one.vois.values():
        assert apart.largest_mm < 1e-6


def test_that_a_shift_is_the_same_at_every_voxel(result: CycleResult, tmp_path: Path) -> None:
    shifted = RigidTransform(OWN.rotation, OWN.translation_mm + np.array([3.0, -4.0, 12.0]))
    read = read_spatial_registration(written(result, tmp_path / "reg.dcm", shifted))
    (one,) = compare_registration(result.cycle, read).scans
    assert one.translation_mm == pytest.approx((3.0, -4.0, 12.0), abs=1e-6)
    assert one.rotation_rad == pytest.approx(0.0, abs=1e-6)
    assert set(one.vois) == {"Kidney L", "Kidney R"}
    for apart in one.vois.values():
        # √(3² + 4² + 12²) = 13
        assert (apart.mean_mm, apart.largest_mm) == pytest.approx((13.0, 13.0), abs=1e-6)


def test_that_a_rotation_moves_by_the_arc_of_each_point() -> None:
    grid = VolumeGeometry((1, 1, 41), np.array([0.0, 0.0, 0.0]), (2.0, 2.0, 2.0), np.eye(3)[:, ::-1])
    line = VoiMask(grid, (0, 0, 0), np.full((1, 1, 41), FULL_COVERAGE, np.uint8))
    angle = 0.1
    turned = RigidTransform.from_rotation_vector([0.0, 0.0, angle], [0.0, 0.0, 0.0])
    found = displacement(line, RigidTransform.identity(), turned)
    # A point at distance r from the axis moves by the chord 2 r sin(φ/2); r = 0, 2, …, 80 mm.
    chord = 2 * math.sin(angle / 2)
    assert found.largest_mm == pytest.approx(80 * chord, rel=1e-12)
    assert found.mean_mm == pytest.approx(40 * chord, rel=1e-12)


def test_that_a_voxel_counts_by_the_part_of_it_that_is_covered() -> None:
    grid = VolumeGeometry((1, 1, 2), np.array([0.0, 0.0, 0.0]), (1.0, 1.0, 10.0), np.eye(3)[:, ::-1])
    mask = VoiMask(grid, (0, 0, 0), np.array([[[85, 255]]], np.uint8))
    turned = RigidTransform.from_rotation_vector([0.0, 0.0, 0.2], [0.0, 0.0, 0.0])
    found = displacement(mask, RigidTransform.identity(), turned)
    # The first voxel lies on the axis and does not move; the second weighs three times as much.
    assert found.mean_mm == pytest.approx(0.75 * 2 * 10 * math.sin(0.1), rel=1e-12)


def test_that_a_registration_of_other_scans_or_of_none_of_ours_is_refused(result: CycleResult, tmp_path: Path) -> None:
    read = read_spatial_registration(written(result, tmp_path / "reg.dcm", OWN))
    with pytest.raises(InconsistentCaseError, match="relates no scan"):
        compare_registration(result.cycle, replace(read, registered_frame_uid="1.2.3"))
    points = list(result.cycle.time_points)
    points[2] = replace(points[2], registration=replace(points[2].registration, method="none"))
    with pytest.raises(InconsistentCaseError, match="not registered here"):
        compare_registration(replace(result.cycle, time_points=tuple(points)), read)
    with pytest.raises(InconsistentCaseError, match="no VOIs"):
        compare_registration(replace(result.cycle, vois=()), read)
