from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import MissingDataError
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.pipeline import evaluate
from dosimetry_core.pipeline.images import align_case, import_case
from dosimetry_core.pipeline.voxel_activity import cycle_voxel_activity, on_grid_bq
from dosimetry_core.voi_sampling import coverage_on_grid
from tests.small_study import ACTIVITY_AT_TIME_ZERO_BQ, EFFECTIVE_HALF_LIFE_H, write_small_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("voxels")
    write_small_case(folder)
    return align_case(import_case(read_case(folder)))


@pytest.fixture(scope="module")
def result(case: Case) -> CycleResult:
    return evaluate(case).cycles[0]


def test_that_the_map_holds_what_the_curves_of_the_vois_say(result: CycleResult) -> None:
    found = cycle_voxel_activity(result)
    assert result.measurement is not None
    for name, voi in result.vois.items():
        covered = coverage_on_grid(
            result.measurement.exclusive.masks[voi.voi.voi_id], RigidTransform.identity(), found.grid
        )
        total = (found.activity.maps["Lu-177"][covered.slices] * covered.fraction).sum()
        assert total == pytest.approx(voi.fits["Lu-177"].time_integrated_activity_bq_s, rel=1e-5)
        # Sharp images of one half-life: the voxels' own curves say the same to the parabola's few per mille.
        assert found.activity.scale_factors[name]["Lu-177"] == pytest.approx(1.0, abs=0.01)
    whole = found.activity.maps["Lu-177"].sum(dtype=float)
    expected = 2 * ACTIVITY_AT_TIME_ZERO_BQ * EFFECTIVE_HALF_LIFE_H * 3600 / np.log(2)
    assert whole == pytest.approx(expected, rel=0.01)


def test_that_a_displaced_scan_is_brought_back(result: CycleResult) -> None:
    assert result.measurement is not None
    scan = result.measurement.time_points[1]
    grid = result.measurement.time_points[0].image.concentration.geometry
    plain = on_grid_bq(scan, RigidTransform.identity(), grid)
    shift = RigidTransform.from_rotation_vector((0.0, 0.0, 0.0), np.array([9.6, 0.0, -4.8]), centre_mm=(0.0, 0.0, 0.0))
    registration = replace(scan.time_point.registration, transform=shift)
    moved = replace(scan, time_point=replace(scan.time_point, registration=registration))
    # Two columns and one slice of 4.8 mm.
    back = on_grid_bq(moved, RigidTransform.identity(), grid)
    np.testing.assert_allclose(back[1:, :, :-2], plain[:-1, :, 2:], rtol=1e-4, atol=1e-2)
    # Seen from a reference that moved alike, nothing has moved.
    np.testing.assert_allclose(on_grid_bq(moved, shift, grid), plain, rtol=1e-4, atol=1e-2)


def test_that_one_scan_makes_no_voxel_curves(result: CycleResult) -> None:
    assert result.measurement is not None
    one = replace(result, measurement=replace(result.measurement, time_points=result.measurement.time_points[:1]))
    with pytest.raises(MissingDataError, match="two scans"):
        cycle_voxel_activity(one)
