from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import erf

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.nuclide import LU177
from dosimetry_core.units import MINUTE
from dosimetry_core.virtual_patient import demonstration as demo
from dosimetry_core.virtual_patient.canvas import BODY_DIRECTIONS
from dosimetry_core.virtual_patient.course import INFUSION_S, elapsed_s
from dosimetry_core.virtual_patient.spect import FWHM_PER_SIGMA, ActivityPhantom, spect_mean_concentration
from tests.dosimetry_core.virtual_patient.conftest import Individual


def test_that_a_blurred_sphere_agrees_with_its_closed_form() -> None:
    """A ball of radius R blurred by a Gaussian of deviation s, which holds the voxel too: s² = fwhm²/5.545 + h²/12."""
    fine = VolumeGeometry((48, 48, 48), np.full(3, -58.75), (2.5, 2.5, 2.5), BODY_DIRECTIONS)
    grid = VolumeGeometry((32, 32, 32), np.full(3, -73.1), (4.8, 4.8, 4.8), BODY_DIRECTIONS)
    radius, fwhm = 22.0, 9.0
    axis = np.arange(480) * 0.25 - 59.875
    ball = (axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2 < radius**2).astype(
        np.float32
    )
    ball = ball.reshape(48, 10, 48, 10, 48, 10).mean(axis=(1, 3, 5), dtype=np.float32)
    motion = RigidTransform.from_rotation_vector(np.radians([4.0, -3.0, 6.0]), (5.3, -7.1, 3.9))
    image = spect_mean_concentration(ball, fine, grid, motion, fwhm)

    s = math.sqrt((fwhm / FWHM_PER_SIGMA) ** 2 + 4.8**2 / 12)
    index = np.stack(np.meshgrid(*[np.arange(32)] * 3, indexing="ij"), axis=-1)
    r = np.linalg.norm(motion.inverse().apply(grid.index_to_point(index)), axis=-1)
    root = math.sqrt(2) * s
    expected = 0.5 * (erf((radius - r) / root) + erf((radius + r) / root)) - s / (r * math.sqrt(2 * math.pi)) * (
        np.exp(-((radius - r) ** 2) / (2 * s**2)) - np.exp(-((radius + r) ** 2) / (2 * s**2))
    )
    # A cubic voxel is not a Gaussian; its fourth cumulant shows at 0.1 to 0.2 %.
    assert np.abs(image - expected).max() < 0.004
    assert image.sum(dtype=float) * grid.voxel_volume_ml == pytest.approx(
        ball.sum(dtype=float) * fine.voxel_volume_ml, rel=1e-5
    )


@pytest.mark.parametrize("visit", [0, 3])
def test_that_all_activity_of_the_body_is_in_the_image(individual: Individual, visit: int) -> None:
    cycle = individual.cycles[0]
    scan = cycle.visits[visit]
    images = individual.images(visit)
    begin = elapsed_s(cycle.time_zero, scan.scan_start)
    in_body = cycle.administered_activity_bq[LU177] * sum(
        curve.mean_over(begin, scan.counting_s, INFUSION_S) for curve in cycle.kinetics.values()
    )
    in_image = images.mean_concentration_bq_per_ml.sum(dtype=float) * images.spect_grid.voxel_volume_ml
    assert in_image == pytest.approx(in_body, rel=1e-5)
    noisy = images.noise.apply(images.mean_concentration_bq_per_ml, np.random.default_rng(1))
    # Kidneys scatter by 1 to 2 % and hold a twentieth of it; the whole scatters by less than theirs.
    assert noisy.sum(dtype=float) * images.spect_grid.voxel_volume_ml == pytest.approx(in_body, rel=0.015)
    assert noisy.min() >= 0


@pytest.mark.parametrize(("visit", "low", "high"), [(1, 0.01, 0.02), (3, 0.015, 0.03)])
def test_that_a_kidney_scatters_as_stated_between_realisations(
    individual: Individual, visit: int, low: float, high: float
) -> None:
    cycle = individual.cycles[0]
    scan = cycle.visits[visit]
    images = individual.images(visit)
    image = images.mean_concentration_bq_per_ml
    generator = np.random.default_rng(7)
    regions = [
        demo.on_spect_grid(individual.phantom, f"Kidney {side}", images.spect_grid, scan.scanner_from_body)
        for side in "LR"
    ]
    totals = np.array(
        [[(r * n).sum() for r in regions] for n in (images.noise.apply(image, generator) for _ in range(24))]
    )
    deviation = totals.std(axis=0, ddof=1) / totals.mean(axis=0)
    # 24 realisations know a deviation to 15 %; the bounds leave a good one of those.
    assert np.all(deviation > low * 0.8)
    assert np.all(deviation < high * 1.2)
    assert deviation.mean() == pytest.approx(scan.kidney_noise, rel=0.3)
    exact = np.array([(r * image).sum() for r in regions])
    assert totals.mean(axis=0) == pytest.approx(exact, rel=3 * scan.kidney_noise / math.sqrt(24))


def test_that_neighbouring_voxels_share_their_noise(individual: Individual) -> None:
    cycle = individual.cycles[0]
    images = individual.images(1)
    image = images.mean_concentration_bq_per_ml
    noise = images.noise.apply(image, np.random.default_rng(3)) / np.maximum(image, 1e-9) - 1
    liver = demo.on_spect_grid(individual.phantom, "Liver", images.spect_grid, cycle.visits[1].scanner_from_body) > 0.99
    pairs = liver[:, :, 1:] & liver[:, :, :-1]
    correlation = np.corrcoef(noise[:, :, 1:][pairs], noise[:, :, :-1][pairs])[0, 1]
    # Gaussian kernel of 8.5 mm: exp(-h²/(4 σ²)) = 0.64 for neighbours 4.8 mm apart.
    assert 0.5 < correlation < 0.75


def test_that_cortex_to_medulla_keeps_the_activity_of_the_kidney(individual: Individual) -> None:
    uneven = ActivityPhantom(individual.anatomy, 2.0)
    kidney, even = uneven.compartments["Kidney L"], individual.phantom.compartments["Kidney L"]
    volume = uneven.geometry.voxel_volume_ml
    assert kidney.density_per_ml.sum(dtype=float) * volume == pytest.approx(1.0, rel=1e-6)
    assert even.density_per_ml.sum(dtype=float) * volume == pytest.approx(1.0, rel=1e-6)
    levels = kidney.density_per_ml[even.density_per_ml > 0.999 * even.density_per_ml.max()]
    assert levels.max() / levels.min() == pytest.approx(2.0, rel=1e-5)


def test_that_counts_carry_sensitivity_time_and_dead_time() -> None:
    grid = VolumeGeometry((4, 4, 4), np.zeros(3), (4.8, 4.8, 4.8), BODY_DIRECTIONS)
    activity_bq, counting_s = 2.0e9, MINUTE.to_core(20)
    concentration = np.full(grid.shape, activity_bq / 64 / grid.voxel_volume_ml, np.float32) * np.float32(0.001)
    counts = demo.counts_image(concentration, grid, counting_s)
    rate = activity_bq * 0.001 * demo.CAMERA.sensitivity_cps_per_bq
    expected = rate * counting_s / (1 + rate * demo.CAMERA.dead_time_s)
    assert counts.sum() == pytest.approx(expected, abs=64)


def test_that_a_count_overflow_is_refused() -> None:
    grid = VolumeGeometry((2, 2, 2), np.zeros(3), (4.8, 4.8, 4.8), BODY_DIRECTIONS)
    with pytest.raises(ValueError, match="16 bits"):
        demo.counts_image(np.full(grid.shape, 1e9, np.float32), grid, 1200.0)


def test_that_rounding_to_counts_moves_a_kidney_by_less_than_a_thousandth(individual: Individual) -> None:
    cycle = individual.cycles[0]
    scan = cycle.visits[3]
    images = individual.images(3)
    image = images.mean_concentration_bq_per_ml
    region = demo.on_spect_grid(individual.phantom, "Kidney R", images.spect_grid, scan.scanner_from_body)
    counts = demo.counts_image(image, images.spect_grid, scan.counting_s)
    scale = counts.sum(dtype=float) / image.sum(dtype=float)
    total = (region * counts).sum(dtype=float)
    unrounded = (region * image).sum(dtype=float)
    rate = image.sum(dtype=float) * images.spect_grid.voxel_volume_ml * demo.CAMERA.sensitivity_cps_per_bq
    exact = unrounded * images.spect_grid.voxel_volume_ml * demo.CAMERA.sensitivity_cps_per_bq * scan.counting_s
    exact *= demo.observed_counts_per_true_count(rate, demo.CAMERA.dead_time_s)
    assert scale > 0
    assert total == pytest.approx(exact, rel=1e-3)


def test_that_liver_bowel_and_renal_pelvis_spill_into_the_right_kidney(individual: Individual) -> None:
    cycle = individual.cycles[0]
    scan = cycle.visits[1]
    images = individual.images(1)
    kidney = demo.on_spect_grid(individual.phantom, "Kidney R", images.spect_grid, scan.scanner_from_body)
    begin = elapsed_s(cycle.time_zero, scan.scan_start)
    total = float((kidney * images.mean_concentration_bq_per_ml).sum())
    for source, least in (("Liver", 0.004), ("bowel", 0.001), ("renal pelvis R", 0.0003), ("rest", 0.004)):
        alone = dict.fromkeys(individual.phantom.compartments, 0.0)
        alone[source] = cycle.administered_activity_bq[LU177] * cycle.kinetics[source].after_infusion(begin, INFUSION_S)
        image = spect_mean_concentration(
            individual.phantom.concentration(alone), individual.phantom.geometry, images.spect_grid,
            scan.scanner_from_body, demo.CAMERA.point_spread_fwhm_mm,
        )  # fmt: skip
        assert least < float((kidney * image).sum()) / total < 0.05, source
