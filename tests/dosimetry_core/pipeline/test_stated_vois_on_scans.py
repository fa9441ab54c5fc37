"""VOIs placed or drawn on single scans: stated by hand, or taken from the window by files, with the same numbers."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from dosimetry_core.case import Case, Cycle
from dosimetry_core.case_file import read_case
from dosimetry_core.dicom_export.case_lines import case_lines
from dosimetry_core.dicom_export.course import export_course
from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration, VoiMotion
from dosimetry_core.pipeline import align_case, compute, evaluate, import_case
from dosimetry_core.results_json import results_json
from dosimetry_core.scan_vois import with_motion, with_redrawn, with_shift
from dosimetry_core.second_check import second_check
from dosimetry_core.voi import VoiMask
from tests.small_study import CASE, write_small_case

MADE = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
SHIFTED = """
  [[cycle.voi_on_scan]]
  voi = "Kidney L"
  time_point = 2
  shift_mm = [0.0, 0.0, -12.0]
  reason = "breathing"
  by = "M. Example"
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return align_case(import_case(read_case(write_small_case(tmp_path_factory.mktemp("plain")))))


def read_with(folder: Path, text: str) -> Case:
    return align_case(import_case(read_case(write_small_case(folder, CASE + text))))


def only_cycle(case: Case) -> Cycle:
    (cycle,) = case.cycles
    return cycle


def cut(mask: VoiMask) -> VoiMask:
    """Without its foremost rows, and half of the next one."""
    coverage = np.zeros(mask.geometry.shape, np.uint8)
    coverage[mask.slices] = mask.coverage
    first = mask.slices[1].start
    coverage[:, : first + 4] = 0
    coverage[:, first + 4] //= 2
    return VoiMask.from_array(mask.geometry, coverage)


def numbers(value: Any, path: str = "") -> dict[str, float | str]:
    """Every number and word of the results, by its place."""
    if isinstance(value, dict):
        return {key: leaf for name, part in value.items() for key, leaf in numbers(part, f"{path}/{name}").items()}
    if isinstance(value, list):
        return {key: leaf for n, part in enumerate(value) for key, leaf in numbers(part, f"{path}/{n}").items()}
    return {path: value}


def test_that_a_stated_shift_is_the_shift_made_in_the_window(plain: Case, tmp_path: Path) -> None:
    stated = only_cycle(read_with(tmp_path, SHIFTED))
    by_hand = with_shift(
        only_cycle(plain).time_points[1], only_cycle(plain).vois[0], (0, 0, -12.0), "breathing", by="x"
    )
    (moved,) = stated.time_points[1].registration.voi_motions.values()
    (expected,) = by_hand.registration.voi_motions.values()
    assert moved.motion.translation_mm == pytest.approx(expected.motion.translation_mm)
    assert moved.displacement_mm == pytest.approx((0.0, 0.0, -12.0))
    assert (moved.reason, moved.moved_by, moved.method) == ("breathing", "M. Example", "manual")
    assert [len(point.registration.voi_motions) for point in stated.time_points] == [0, 1, 0, 0]


def test_that_a_voi_named_as_a_shape_stands_for_its_scan_only(plain: Case, tmp_path: Path) -> None:
    text = '  [[cycle.voi_on_scan]]\n  voi = "Kidney L"\n  time_point = 3\n  shape = "Kidney R"\n  reason = "a test"\n'
    cycle = only_cycle(read_with(tmp_path, text))
    assert [voi.name for voi in cycle.vois] == ["Kidney L"]
    (redrawn,) = cycle.time_points[2].redrawn_vois.values()
    right = next(voi for voi in only_cycle(plain).vois if voi.name == "Kidney R")
    assert redrawn.mask.centroid_mm() == pytest.approx(right.mask.centroid_mm())
    assert redrawn.reason == "a test"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('voi = "Kidney X"\ntime_point = 2\nshift_mm = [1, 0, 0]\nreason = "r"', "there is no VOI 'Kidney X'"),
        ('voi = "Kidney L"\ntime_point = 9\nshift_mm = [1, 0, 0]\nreason = "r"', "there is no time point 9"),
        ('voi = "Kidney L"\ntime_point = 2\nshape = "Cyst"\nreason = "r"', "no other VOI is named 'Cyst'"),
        ('voi = "Kidney L"\ntime_point = 2\nshift_mm = [1, 0, 0]', "reason: is missing"),
        ('voi = "Kidney L"\ntime_point = 2\nreason = "r"', "neither a shift nor a shape"),
        ('voi = "Kidney L"\ntime_point = 2\nshift_mm = [1, 0]\nreason = "r"', "shift_mm: can't be"),
        ('voi = "Kidney L"\ntime_point = 2\nshift_mm = [0, 0, 5000]\nreason = "r"', "shift_mm: can't be"),
        ('voi = "Kidney L"\ntime_point = 2\nmatrix_on_scan = [2, 0]\nreason = "r"', "the matrix needs 16 numbers"),
    ],
)
def test_that_what_can_not_be_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DosimetryError) as caught:
        read_with(tmp_path, f"  [[cycle.voi_on_scan]]\n{text}\n")
    assert words in str(caught.value)


def test_that_the_same_voi_on_the_same_scan_is_stated_once(tmp_path: Path) -> None:
    with pytest.raises(DosimetryError, match="two places on time point 2"):
        read_with(tmp_path, SHIFTED + SHIFTED)


def worked_on(case: Case) -> Case:
    """As after work in the window: one scan aligned by hand, VOIs moved, turned and redrawn on scans of their own."""
    cycle = only_cycle(case)
    left, right = cycle.vois
    points = list(cycle.time_points)
    by_hand = RigidTransform.from_rotation_vector((0.02, -0.01, 0.03), (2.0, -1.5, 3.0))
    points[3] = replace(points[3], registration=Registration(by_hand, "manual"))
    points[3] = with_shift(points[3], left, (1.0, -2.0, 4.5), "breathing", by="M. Example")
    turned = RigidTransform.from_rotation_vector((0.0, 0.04, 0.0), (0.5, 1.0, -2.0))
    centre = points[1].registration.transform.apply(right.mask.centroid_mm())
    x, y, z = (float(part) for part in turned.apply(centre) - centre)
    points[1] = with_motion(points[1], right.voi_id, VoiMotion(turned, "spect", (x, y, z), 0.7))
    points[2] = with_redrawn(points[2], left, cut(left.mask), "filling of bowel", by="M. Example")
    points[2] = with_shift(points[2], left, (0.0, 0.0, 2.0), "breathing", by="M. Example")
    return replace(case, cycles=(replace(cycle, time_points=tuple(points)),))


def merged(folder: Path, lines: str) -> None:
    """The lines put into case.toml, as the file says."""
    path = folder / "case.toml"
    content = tomllib.loads(path.read_text("utf-8"))
    for stated in tomllib.loads(lines)["cycle"]:
        cycle = next(each for each in content["cycle"] if each["number"] == stated["number"])
        cycle.update(stated)
    path.write_text(tomli_w.dumps(content), "utf-8")


def test_that_a_case_worked_on_in_the_window_gives_the_same_numbers_from_its_files(tmp_path: Path) -> None:
    case = align_case(import_case(read_case(write_small_case(tmp_path))))
    shown: Evaluation = second_check(evaluate(worked_on(case)))
    for made in export_course(shown, made_at=MADE).objects:
        (tmp_path / made.name).write_bytes(made.content)
    merged(tmp_path, case_lines(shown.case))
    again = compute(read_case(tmp_path))
    cycles = [results_json(evaluation)["cycles"] for evaluation in (shown, again)]
    codes = [{finding["code"] for finding in one[0].pop("findings")} for one in cycles]
    assert codes[0] <= codes[1], "nothing that was remarked on is lost"
    before, after = (numbers(one) for one in cycles)
    # Where VOIs and the alignment by hand came from is told truly: from files now.
    told = [key for key in before if key.endswith(("/method", "/source")) and before[key] != after.get(key)]
    place = "/0/time_points/3/registration"
    assert told == [f"{place}/method", f"{place}/source", "/0/vois/Kidney L/source", "/0/vois/Kidney R/source"]
    assert set(before) == set(after)
    # Residuals are differences of numbers a thousand times as large.
    for key, value in before.items():
        if key not in told:
            assert after[key] == (pytest.approx(value, rel=1e-7, abs=1e-9) if isinstance(value, float) else value), key
    plain_numbers = numbers(results_json(evaluate(case))["cycles"])
    activity = "/0/vois/Kidney L/activity_bq/Lu-177/2"
    assert abs(float(after[activity]) / float(plain_numbers[activity]) - 1) > 0.001, "the redrawn shape counts"
