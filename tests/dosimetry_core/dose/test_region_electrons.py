from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.dose.convolution import FloatMap, Kernel
from dosimetry_core.dose.covariogram import covariogram
from dosimetry_core.dose.region_electrons import (
    FineRegion,
    RegionElectrons,
    parts_for,
    region_electrons,
    region_response,
)
from dosimetry_core.dose.sphere import sphere_radius_mm, sphere_s_value
from dosimetry_core.dose.voxel_kernel import RadialEnergy
from dosimetry_core.dose.voxel_s_values import VoxelKernel, electron_radial_energy, electron_voxel_kernel
from dosimetry_core.nuclide import LU177, Y90, nuclide

DENSITY = 1.05
VOXEL_MM = 4.8
MARGIN_MM = {LU177: 2.0, Y90: 12.0}


def _sphere(radius_mm: float, parts: int, margin_mm: float) -> FineRegion:
    """A sphere off the grid's centre; the coverage of each split voxel from 4³ points."""
    count = (2 * math.ceil((radius_mm + margin_mm) / VOXEL_MM) + 1) * parts
    points = ((np.arange(4 * count) + 0.5) / 4 - count / 2) * (VOXEL_MM / parts)
    z, y, x = (points - shift * VOXEL_MM for shift in (0.13, 0.31, -0.2))
    inside = np.empty((count, count, count), np.float32)
    flat = y[:, None] ** 2 + x[None, :] ** 2
    for number in range(count):
        layers = [flat + z[4 * number + k] ** 2 <= radius_mm**2 for k in range(4)]
        mean = np.mean(layers, axis=0).reshape(count, 4, count, 4).mean(axis=(1, 3))
        inside[number] = mean
    return FineRegion(parts, inside)


def _electrons(region: FineRegion, name: str, own: FloatMap, others: dict[str, FloatMap]) -> RegionElectrons:
    size = VOXEL_MM / region.parts
    response = region_response(
        region,
        electron_voxel_kernel(name, (size, size, size), medium="soft-tissue", density_g_per_ml=DENSITY),
        electron_radial_energy(name, medium="soft-tissue", density_g_per_ml=DENSITY),
    )
    return region_electrons(response, own, others)


@pytest.mark.parametrize("name", [LU177, Y90])
@pytest.mark.parametrize(("mass_kg", "parts"), [(0.002, 2), (0.005, 1), (0.02, 3), (0.16, 2)])
def test_that_a_sphere_keeps_what_the_sphere_s_value_says(name: str, mass_kg: float, parts: int) -> None:
    region = _sphere(sphere_radius_mm(mass_kg, DENSITY), parts, MARGIN_MM[name])
    own = region.block_sum(region.inside)
    found = _electrons(region, name, own, {})
    stays = found.by_source_j["self"] / float(own.sum(dtype=np.float64)) / nuclide(name).electron_energy_j
    expected = sphere_s_value(name, mass_kg, density_g_per_ml=DENSITY).electron_absorbed_fraction
    # The sphere table counts bremsstrahlung beyond the electrons' range too, of which a small sphere keeps little:
    # below 0.06 % of the energy for 177Lu, 0.26 % for 90Y. The rest is the polynomial's.
    assert stays == pytest.approx(expected, abs={LU177: 0.001, Y90: 0.002}[name])
    assert found.even_self_j == pytest.approx(found.by_source_j["self"], rel=1e-6)


@pytest.mark.parametrize("name", [LU177, Y90])
def test_that_a_region_in_a_sea_of_its_own_concentration_has_the_dose_of_the_sea(name: str) -> None:
    region = _sphere(sphere_radius_mm(0.02, DENSITY), 2, MARGIN_MM[name])
    own = region.block_sum(region.inside)
    found = _electrons(region, name, own, {"sea": np.float32(region.parts**3) - own})
    everything = found.by_source_j["self"] / found.absorbed_fraction
    # What leaves is what comes in (electron equilibrium).
    assert sum(found.by_source_j.values()) == pytest.approx(everything, rel=1e-5)
    assert found.per_voxel_j.sum() == pytest.approx(everything, rel=1e-5)
    inside = own > 0.05 * region.parts**3
    each = found.per_voxel_j[inside] / own[inside]
    assert each == pytest.approx(np.full(each.shape, each.mean()), rel=1e-3)


def test_that_sources_add_to_the_energy_of_the_voxels_whatever_their_pattern() -> None:
    region = _sphere(14.0, 2, 12.0)
    generator = np.random.default_rng(5)
    covered = region.block_sum(region.inside) / np.float32(8)
    own = (covered * generator.uniform(0, 3, covered.shape)).astype(np.float32)
    other = ((1 - covered) * generator.uniform(0, 3, covered.shape)).astype(np.float32)
    far = ((1 - covered) * generator.uniform(0, 1, covered.shape)).astype(np.float32)
    found = _electrons(region, Y90, own, {"liver": other, "remainder": far})
    assert sum(found.by_source_j.values()) == pytest.approx(float(found.per_voxel_j.sum()), rel=1e-5)
    twice = _electrons(region, Y90, own, {"liver": 2 * other, "remainder": far})
    assert twice.by_source_j["liver"] == pytest.approx(2 * found.by_source_j["liver"], rel=1e-6)
    assert twice.by_source_j["self"] == found.by_source_j["self"]


def test_that_activity_near_the_middle_keeps_more_of_its_energy() -> None:
    region = _sphere(14.0, 2, 12.0)
    covered = region.block_sum(region.inside)
    middle = np.zeros_like(covered)
    centre = tuple(n // 2 for n in covered.shape)
    middle[centre] = covered.sum()
    found = _electrons(region, Y90, middle, {})
    assert found.by_source_j["self"] > 1.05 * found.even_self_j


def test_that_split_voxels_keep_the_activity_of_each_voxel() -> None:
    region = _sphere(9.0, 3, 5.0)
    covered = region.block_sum(region.inside)
    own = region.own_activity(covered * np.float32(2))
    np.testing.assert_allclose(region.block_sum(own), 2 * covered, rtol=1e-5, atol=1e-6)
    other = region.other_activity(np.full(region.shape, 7.0, np.float32))
    np.testing.assert_allclose(region.block_sum(other), 7.0, rtol=1e-5)


def test_that_activity_where_the_split_region_has_no_part_goes_to_the_others_in_proportion() -> None:
    region = _sphere(9.0, 3, 5.0)
    covered = region.block_sum(region.inside)
    own = covered.copy()
    untouched = np.argwhere(covered == 0)[0]
    own[tuple(untouched)] = covered.sum()
    found = region.block_sum(region.own_activity(own))
    np.testing.assert_allclose(found, 2 * covered, rtol=1e-5, atol=1e-6)
    assert not region.own_activity(np.where(covered > 0, 0, covered + 1)).any()


def test_that_the_covariogram_of_a_sphere_is_the_known_one() -> None:
    radius_mm = 20.0
    region = _sphere(radius_mm, 2, 5.0)
    size = VOXEL_MM / 2
    found = covariogram(region.inside, (size, size, size), longest_step_mm=12.0)
    steps = np.array([0.0, 1.0, 3.0, 6.0, 12.0])
    x = steps / (2 * radius_mm)
    # 1 − 3x/2 + x³/2; at zero it falls with S/(4 V) = 3/(4 R) (Cauchy).
    assert found.staying(steps) == pytest.approx(1 - 1.5 * x + 0.5 * x**3, abs=0.001)
    assert -found.coefficients_per_mm[0] == pytest.approx(0.75 / radius_mm, rel=0.03)


def test_that_large_boxes_are_split_less() -> None:
    assert parts_for((20, 20, 20)) == 3
    assert parts_for((34, 34, 34)) == 2
    assert parts_for((80, 80, 80)) == 1


def test_that_electrons_that_never_leave_their_voxel_need_no_correction_of_the_surface() -> None:
    """All energy in the first lag: nothing crosses, and what crosses can't be scaled."""
    inside = np.zeros((3, 3, 3), np.float32)
    inside[1, 1, 1] = 1.0
    region = FineRegion(1, inside)
    kernel = VoxelKernel(LU177, "soft-tissue", DENSITY, (4.0, 4.0, 4.0), Kernel(np.array([[[2.0]]])))
    radial = RadialEnergy(np.array([0.0, 1e-6]), np.array([2.0]))
    response = region_response(region, kernel, radial)
    found = region_electrons(response, inside * 5, {"other": np.full((3, 3, 3), 7, np.float32) - inside})
    assert found.surface_factor == 1.0
    assert found.by_source_j["self"] == pytest.approx(10.0, rel=1e-6)
    assert found.per_voxel_j.sum() == pytest.approx(10.0, rel=1e-6)


def test_that_activity_beside_an_empty_part_of_a_region_is_nowhere() -> None:
    """A voxel that the split region does not touch, and no other to put its activity on: nothing, and no division."""
    per_voxel = np.array([[[3.0, 0.0]]], np.float32)
    inside = np.zeros((2, 2, 4), np.float32)
    inside[:, :, 2:] = 1.0
    assert not FineRegion(2, inside).own_activity(per_voxel).any()


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_that_split_voxels_are_summed_by_voxel(parts: int) -> None:
    # Whole numbers: every order of adding them gives the same.
    values = np.arange(3 * 4 * 5 * parts**3, dtype=np.float32).reshape(3 * parts, 4 * parts, 5 * parts)
    found = FineRegion(parts, np.ones_like(values)).block_sum(values)
    for place in np.ndindex(3, 4, 5):
        block = values[tuple(slice(parts * n, parts * (n + 1)) for n in place)]
        assert found[place] == block.sum(), place


def test_that_a_response_is_of_one_outline_and_one_density_alone() -> None:
    region, size = _sphere(9.0, 2, 2.0), VOXEL_MM / 2

    def kernels(density: float) -> tuple[VoxelKernel, RadialEnergy]:
        return (
            electron_voxel_kernel(LU177, (size, size, size), medium="soft-tissue", density_g_per_ml=density),
            electron_radial_energy(LU177, medium="soft-tissue", density_g_per_ml=density),
        )

    response = region_response(region, *kernels(DENSITY))
    assert response.is_of(region, *kernels(DENSITY))
    assert not response.is_of(_sphere(9.0, 2, 2.0), *kernels(DENSITY))
    assert not response.is_of(region, *kernels(DENSITY + 0.01))
    # The kernel's density is rounded, the electrons' path is not.
    assert not response.is_of(region, *kernels(DENSITY + 0.0001))
