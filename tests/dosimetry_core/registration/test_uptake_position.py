"""Kidneys that breathing moved between SPECT and CT: seen, and put right."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.case import Cycle
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import VoiMotion
from dosimetry_core.partial_volume.point_spread import Box, PointSpread
from dosimetry_core.partial_volume.transfer_matrix import scan_regions
from dosimetry_core.quantification.cycle import measure_cycle
from dosimetry_core.registration.uptake_position import UptakePosition, _shifted, uptake_position
from tests.dosimetry_core.bodies import Body, Points, cycle_of, grid, spect_concentration, vois

SPECT = grid((40, 56, 74), (4.8, 4.8, 4.8), (0.0, 10.0, 0.0))
DECLARED = grid((110, 100, 150), (2.5, 2.4, 2.4), (0.0, 10.0, 0.0))
FWHM_MM = 9.0
KIDNEYS = ("id-kidney left", "id-kidney right")
IDENTITY = RigidTransform.identity()


@dataclass(frozen=True)
class Breathing(Body):
    """Organs moved against the trunk, with bowel at one kidney and a renal pelvis at the other."""

    moved_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def parts(self, p: Points) -> dict[str, NDArray[np.bool_]]:
        still = super().parts(p)
        return {**super().parts(p - np.array(self.moved_mm)), "rest": still["rest"]}


@functools.cache
def _image(moved_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    values = spect_concentration(Breathing(moved_mm=moved_mm), SPECT, IDENTITY, FWHM_MM, parts_per_voxel=1)
    noise = np.random.default_rng(3).standard_normal(values.shape)
    return np.clip(values + 0.1 * noise * np.sqrt(values * 3e5), 0, None)


@functools.cache
def _cycle(moved_mm: tuple[float, float, float]) -> Cycle:
    return cycle_of([_image(moved_mm)], SPECT, [IDENTITY], vois(Body(), DECLARED))


def _found(moved_mm: tuple[float, float, float], *, turning: bool = False) -> dict[str, UptakePosition]:
    masks = {voi.voi_id: voi.mask for voi in vois(Body(), DECLARED)}
    regions = scan_regions(_image(moved_mm), PointSpread.on_grid(SPECT, (FWHM_MM,) * 3), IDENTITY, masks)
    found = {}
    for key in KIDNEYS:
        others = [voi.blurred for other, voi in regions.vois.items() if other != key]
        position = uptake_position(regions.image, SPECT, regions.vois[key].blurred, others, turning=turning)
        assert position is not None
        found[key] = position
    return found


@pytest.mark.parametrize("moved_mm", [(0.0, 0.0, 0.0), (0.0, 0.0, -8.0), (0.0, 3.0, -10.0), (2.0, -1.0, 5.0)])
def test_that_a_moved_kidney_is_found_to_a_millimetre_and_a_half_beside_bowel_and_pelvis(
    moved_mm: tuple[float, float, float],
) -> None:
    for position in _found(moved_mm).values():
        assert np.linalg.norm(position.displacement_mm - moved_mm) < 1.5
        assert position.standard_uncertainty_mm < 2.5
        assert position.motion.angle_rad == 0.0


def test_that_a_kidney_that_did_not_turn_is_not_turned() -> None:
    for position in _found((0.0, 0.0, -8.0), turning=True).values():
        assert np.rad2deg(position.motion.angle_rad) < 3
        assert np.linalg.norm(position.displacement_mm - (0, 0, -8)) < 1.5


def test_that_an_image_without_the_organ_says_nothing() -> None:
    own = Box((10, 10, 10), np.ones((6, 6, 6)))
    even = np.full(SPECT.shape, 3.0) + np.random.default_rng(1).normal(0, 0.1, SPECT.shape)
    assert uptake_position(even, SPECT, own, []) is None
    assert uptake_position(even, SPECT, Box((0, 0, 0), np.zeros((0, 0, 0))), []) is None
    assert uptake_position(even, SPECT, Box((-3, 10, 10), np.ones((6, 6, 6))), []) is None


def test_that_breathing_is_a_finding_with_size_and_direction() -> None:
    measured = measure_cycle(_cycle((0.0, 0.0, -8.0)))
    seen = [finding for finding in measured.findings if finding.code == "uptake-displaced"]
    assert [finding.place.rpartition(", ")[2] for finding in seen] == ["kidney left", "kidney right"]
    assert all(" to the feet" in finding.text and finding.level == "warning" for finding in seen)
    position = measured.time_points[0].positions["id-kidney left"]
    assert position is not None
    assert position.distance_mm == pytest.approx(8.0, abs=1.5)


def test_that_a_still_kidney_is_no_finding() -> None:
    codes = {finding.code for finding in measure_cycle(_cycle((0.0, 0.0, 0.0))).findings}
    assert not codes & {"uptake-displaced", "voi-moved"}


def test_that_moving_the_voi_by_itself_brings_the_activity_back() -> None:
    cycle = _cycle((0.0, 3.0, -10.0))
    wrong = measure_cycle(cycle)
    moved = {}
    for key, position in wrong.time_points[0].positions.items():
        assert position is not None
        x, y, z = position.displacement_mm
        moved[key] = VoiMotion(
            position.motion, "spect", (float(x), float(y), float(z)), position.standard_uncertainty_mm
        )
    point = cycle.time_points[0]
    registration = replace(point.registration, voi_motions=FrozenMap(moved))
    mended = replace(cycle, time_points=(replace(point, registration=registration),))
    right = measure_cycle(mended)
    true = {"kidney left": 1e6, "kidney right": 0.9e6}
    for name, concentration in true.items():
        expected = concentration * right.vois[name].volume_ml
        before = wrong.vois[name].activity_bq[0] / expected - 1
        after = right.vois[name].activity_bq[0] / expected - 1
        # 10 mm cost more than a tenth; put right, what is left is that of an image without motion.
        assert abs(after) < 0.04 < abs(before)
    assert not [finding for finding in right.findings if finding.code == "uptake-displaced"]
    assert len([finding for finding in right.findings if finding.code == "voi-moved"]) == 2
    again = measure_cycle(mended, previous=wrong)
    for name in true:
        assert again.vois[name].activity_bq[0] == right.vois[name].activity_bq[0]


def test_that_a_shift_is_what_general_resampling_gives() -> None:
    generator = np.random.default_rng(1)
    values = generator.random((20, 17, 15))
    for number in range(60):
        shift = generator.uniform(-22, 22, 3) * (1.0, 0.1, 0.01)[number % 3]
        shift = np.rint(shift) if number % 5 == 0 else shift
        expected = ndimage.affine_transform(values, np.eye(3), offset=shift, order=1)
        # Values below 1 from eight products each.
        assert np.abs(_shifted(values, shift) - expected).max() < 1e-14


@pytest.mark.parametrize("tiny", [1e-15, -1e-15, 1e-300, -1e-300])
@pytest.mark.parametrize("whole", [0.0, 2.0, -2.0])
def test_that_a_shift_by_a_rounding_is_that_without_it(tiny: float, whole: float) -> None:
    values = np.random.default_rng(3).standard_normal((11, 11, 11))
    by_roundings, without = (_shifted(values, np.full(3, whole + part)) for part in (tiny, 0.0))
    inside = (slice(4, 7),) * 3
    assert by_roundings.shape == values.shape
    assert np.abs(by_roundings[inside] - without[inside]).max() < 1e-13
