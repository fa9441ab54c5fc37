"""Registrations named in the case file: found by frames of reference, refused where they don't fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from dosimetry_core.case import Case, Course, Cycle, Patient, StatedRegistration
from dosimetry_core.case_file import read_case
from dosimetry_core.dicom.spatial_registration import spatial_registration_bytes
from dosimetry_core.errors import DosimetryError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.pipeline.stated_registrations import with_stated_registrations
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import grid, series

MADE = datetime(2025, 3, 4, 9, 30, tzinfo=UTC)
MOTION = RigidTransform.from_rotation_vector((0.1, -0.2, 0.3), (12.0, -20.0, 31.0))
MATRIX = (0.0, -1.0, 0.0, 10.0, 1.0, 0.0, 0.0, 20.0, 0.0, 0.0, 1.0, 30.0, 0.0, 0.0, 0.0, 1.0)


def _point(frame: str) -> TimePoint:
    volume = Volume(np.zeros((2, 2, 2), np.float32), grid((2, 2, 2), (4.0, 4.0, 4.0)), "counts")
    return TimePoint(series("spect", volume, frame=frame))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    registered = replace(_point("1.2.9"), registration=Registration(MOTION, "rigid-ct"))
    content = spatial_registration_bytes(_point("1.2.8"), registered, made_at=MADE)
    (tmp_path / "reg.dcm").write_bytes(content)
    return tmp_path


def _read(folder: Path, *stated: StatedRegistration) -> Cycle:
    points = (_point("1.2.7"), _point("1.2.8"), _point("1.2.9"))
    cycle = Cycle(1, (), time_points=points, reference_time_point=1, stated_registrations=stated)
    case = Case(Patient("P", "P", "F", "UTC"), Course("duonen-a"), (cycle,), folder=str(folder))
    return with_stated_registrations(case, cycle)


def test_that_an_object_is_put_to_the_scan_of_its_frame(folder: Path) -> None:
    cycle = _read(folder, StatedRegistration("reg.dcm"))
    assert [point.registration.method for point in cycle.time_points] == ["none", "none", "dicom"]
    found = cycle.time_points[2].registration
    assert found.transform.translation_mm == pytest.approx(MOTION.translation_mm)
    assert found.source == "reg.dcm"
    assert [Path(file.path).name for file in cycle.registration_files] == ["reg.dcm"]


def test_that_a_matrix_takes_points_of_the_reference_to_the_scan(folder: Path) -> None:
    cycle = _read(folder, StatedRegistration(time_point=1, matrix_from_reference=MATRIX))
    found = cycle.time_points[0].registration
    assert found.method == "matrix"
    assert found.transform.apply((1.0, 2.0, 3.0)) == pytest.approx((8.0, 21.0, 33.0))


def test_that_without_any_the_cycle_stays_as_it_is(folder: Path) -> None:
    assert all(point.registration.method == "none" for point in _read(folder).time_points)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (StatedRegistration("other.dcm"), "does not exist"),
        (StatedRegistration("reg.dcm", time_point=1), "relates no scan"),
        (StatedRegistration("reg.dcm", time_point=2), "is the reference"),
        (StatedRegistration(time_point=4, matrix_from_reference=MATRIX), "no time point 4"),
    ],
)
def test_that_what_fits_no_scan_is_refused(folder: Path, stated: StatedRegistration, words: str) -> None:
    with pytest.raises(DosimetryError, match=words):
        _read(folder, stated)


def test_that_a_scan_registered_twice_is_refused(folder: Path) -> None:
    with pytest.raises(DosimetryError, match="registered twice"):
        _read(folder, StatedRegistration("reg.dcm"), StatedRegistration(time_point=3, matrix_from_reference=MATRIX))


CASE = """
format = 1
[patient]
id = "P"
name = "P"
sex = "F"
time_zone = "UTC"
[course]
protocol = "duonen-a"
[[cycle]]
number = 1
images = ["."]
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = 2025-03-03T10:00:00Z
  infusion_min = 30.0
"""


def test_that_the_case_file_names_objects_and_matrices(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(
        f'{CASE}  [[cycle.registration]]\n  file = "reg.dcm"\n  [[cycle.registration]]\n  time_point = 1\n'
        f"  matrix_from_reference = {list(MATRIX)}\n",
        encoding="utf-8",
    )
    assert read_case(file).cycles[0].stated_registrations == (
        StatedRegistration("reg.dcm"),
        StatedRegistration(None, 1, MATRIX),
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "neither or both"),
        ('file = "a.dcm"\nmatrix_from_reference = [1.0]', "neither or both"),
        (f"matrix_from_reference = {list(MATRIX)}", "time_point"),
        ("time_point = 1\nmatrix_from_reference = [1.0, 2.0]", "16 numbers"),
        ('file = "a.dcm"\nshift = 3', "shift"),
    ],
)
def test_that_a_registration_half_stated_is_an_error(tmp_path: Path, lines: str, words: str) -> None:
    file = tmp_path / "case.toml"
    file.write_text(f"{CASE}  [[cycle.registration]]\n{lines}\n", encoding="utf-8")
    with pytest.raises(DosimetryError, match=words):
        read_case(file)
