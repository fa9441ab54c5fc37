"""Results rest on the case as it is, not on the way that led there: strokes, undo, and what else is edited."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.case_edits import with_mask
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import evaluate
from dosimetry_core.pipeline.images import align_case, import_case
from dosimetry_core.voi_editing import BrushGesture, apply_gesture
from tests.dosimetry_core.pipeline.test_edits import _beyond_rounding
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
    assert _beyond_rounding(undone, before) == []
