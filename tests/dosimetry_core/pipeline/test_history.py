"""Results rest on the case as it is, not on the way that led there: strokes, undo, and what else is edited."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.case_edits import with_cycle, with_mask, with_point_excluded, without_voi
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import evaluate
from dosimetry_core.pipeline.images import align_case, import_case
from dosimetry_core.pipeline.voxel_engine import VoxelDoses
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, apply_gesture
from tests.dosimetry_core.pipeline.test_edits import _numbers, _same
from tests.figures import figure_line
from tests.small_study import CASE, write_small_case

BLURRED = 'partial_volume = "geometric-transfer-matrix"\npoint_spread_fwhm_mm = [10.0, 10.0, 10.0]'


@pytest.fixture(scope="module")
def by_voxels(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Two kidneys by voxel S values, corrected for partial volume."""
    folder = tmp_path_factory.mktemp("history")
    write_small_case(folder, CASE.replace('partial_volume = "none"', BLURRED))
    case = align_case(import_case(read_case(folder)))
    engine = FrozenMap({**case.settings.engine, "kidneys": "voxel-s-values"})
    return replace(case, settings=replace(case.settings, engine=engine))


def _differing(first: Evaluation, second: Evaluation) -> list[str]:
    one, other = _numbers(first), _numbers(second)
    return [p for p in sorted({*one, *other}) if p not in one or p not in other or not _same(one[p], other[p])]


def _drawn(case: Case, to_mm: tuple[float, float, float], radius_mm: float) -> Case:
    """A tube from the first VOI's middle, added to it."""
    voi = case.cycles[0].vois[0]
    middle = voi.mask.centroid_mm()
    gesture = BrushGesture("axial", np.array([middle, middle + to_mm]), radius_mm, True, False)
    return with_mask(case, 0, voi.voi_id, lambda mask: apply_gesture(mask, gesture))


def test_that_a_kidney_that_was_drawn_far_and_undone_has_the_voxel_doses_of_before(by_voxels: Case) -> None:
    before = evaluate(by_voxels)
    far = _drawn(by_voxels, (-90.0, 55.0, 0.0), 9.0)
    drawn = evaluate(far, previous=before, voxel_doses="held", positions="held")
    undone = evaluate(by_voxels, previous=drawn)
    first = by_voxels.cycles[0].vois[0].name
    assert undone.cycles[0].vois[first].voxel_dose is not None
    assert _differing(undone, before) == []


def _edited(case: Case, random: np.random.Generator) -> Case:
    """A case after one edit drawn by lot: mostly strokes, of all sizes."""
    cycle = case.cycles[0]
    voi = cycle.vois[int(random.integers(len(cycle.vois)))]
    what = random.choice(
        ["stroke", "move", "erase all", "remove", "calibrate", "leave out"], p=(0.7, 0.1, 0.05, *[0.05] * 3)
    )
    if what == "remove":
        return without_voi(case, 0, voi.voi_id) if len(cycle.vois) > 1 else case
    if what == "calibrate":
        held = cycle.calibration
        assert held.sensitivity_cps_per_bq is not None
        more = replace(held, sensitivity_cps_per_bq=held.sensitivity_cps_per_bq * random.uniform(0.9, 1.1))
        return with_cycle(case, 0, replace(cycle, calibration=more))
    if what == "leave out":
        return case if case.settings.fit.exclude else with_point_excluded(case, voi.name, 2, "by lot", cycle=1)
    if voi.mask.is_empty:
        return case
    if what == "move":
        room = np.array(voi.mask.geometry.shape) - voi.mask.coverage.shape
        a, b, c = (int(n) for n in np.clip(voi.mask.start + random.integers(-3, 4, 3), 0, room))
        return with_mask(case, 0, voi.voi_id, lambda mask: VoiMask(mask.geometry, (a, b, c), mask.coverage))
    inside = np.argwhere(voi.mask.coverage > 0)
    at = voi.mask.geometry.index_to_point(inside[random.integers(len(inside))] + np.array(voi.mask.start))
    spread_mm, radius_mm = (
        (7.0, random.uniform(3.0, 9.0)) if random.random() < 0.7 else (25.0, random.uniform(3.0, 20.0))
    )
    erase = bool(random.integers(2))
    if what == "erase all":
        radius_mm, erase = 500.0, True
    gesture = BrushGesture("axial", at + random.normal(0.0, spread_mm, (3, 3)), radius_mm, True, erase)
    return with_mask(case, 0, voi.voi_id, lambda mask: apply_gesture(mask, gesture))


def _differing_after(case: Case, seed: int, steps: int, compared_every: int) -> tuple[list[str], int]:
    """What differs from a new evaluation on a way by edits, undo and redo, and how often that was looked at."""
    random = np.random.default_rng(seed)
    way, at, found, times = [case], 0, [], 0
    now = evaluate(case)
    for step in range(1, steps + 1):
        chance = random.random()
        if chance < 0.25:
            at = max(0, at - int(random.integers(1, 5)))
        elif chance < 0.35:
            at = min(len(way) - 1, at + 1)
        else:
            way, at = [*way[: at + 1], _edited(way[at], random)], at + 1
        mode: VoxelDoses = "held" if random.random() < 0.7 else "computed"
        now = evaluate(way[at], previous=now, voxel_doses=mode, positions=mode)
        if step % compared_every == 0:
            now = evaluate(way[at], previous=now)
            found += _differing(now, evaluate(way[at]))
            times += 1
    return found, times


def test_that_results_after_edits_undo_and_redo_are_to_the_bit_those_of_a_new_evaluation(by_voxels: Case) -> None:
    assert _differing_after(by_voxels, seed=14, steps=24, compared_every=12) == ([], 2)


@pytest.mark.long
def test_that_results_after_long_ways_of_edits_are_to_the_bit_those_of_a_new_evaluation(by_voxels: Case) -> None:
    found, compared = list[str](), 0
    for seed in range(8):
        differing, times = _differing_after(by_voxels, seed, steps=80, compared_every=10)
        found += differing
        compared += times
    figure_line("results-by-history", n=compared, failures=len(found), seed="0 to 7")
    assert found == []
