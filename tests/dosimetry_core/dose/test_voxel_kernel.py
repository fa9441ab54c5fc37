"""Voxel kernels and S values against the point kernels they are integrated from, by other ways of integrating."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from dosimetry_core.dose.convolution import whole_sum
from dosimetry_core.dose.media import KERNEL_TABLES, MEDIA
from dosimetry_core.dose.point_kernel import point_kernel
from dosimetry_core.dose.voxel_kernel import RadialEnergy, Spacing, lags_within, voxel_energies_j
from dosimetry_core.dose.voxel_s_values import electron_voxel_kernel, voxel_s_values, wide_voxel_kernel
from dosimetry_core.nuclide import LU177, Y90, nuclide

SPACINGS: list[Spacing] = [(2.0, 2.0, 2.0), (4.0, 4.0, 4.0), (4.8, 4.8, 4.8), (10.0, 10.0, 10.0), (5.0, 2.5, 2.5)]
NUCLIDES = [LU177, Y90]


def energy_inside_box_j(
    edge_mm: NDArray[np.float64], energy_j: NDArray[np.float64], half_mm: NDArray[np.float64]
) -> float:
    """Energy of shells inside a box around the point source: directions on a spiral, shells spread evenly by radius."""
    count = 20_000
    cosine = 1 - (2 * np.arange(count) + 1) / count
    azimuth = np.arange(count) * math.pi * (3 - math.sqrt(5))
    sine = np.sqrt(1 - cosine**2)
    direction = np.abs(np.stack([cosine, sine * np.cos(azimuth), sine * np.sin(azimuth)]))
    leaves_at = np.min(half_mm[:, None] / np.maximum(direction, 1e-12), axis=0)
    cumulative = np.concatenate([[0.0], np.cumsum(energy_j)])
    return float(np.interp(leaves_at, edge_mm, cumulative).mean())


def sampled_energies_j(
    radial: RadialEnergy, spacing: Spacing, *, samples: int, seed: int
) -> dict[tuple[int, ...], float]:
    """Energy by absolute lag (up to 1), by drawing source point, shell, radius and direction."""
    generator = np.random.default_rng(seed)
    size = np.array(spacing)
    shell = generator.choice(radial.energy_j.size, samples, p=radial.energy_j / radial.energy_j.sum())
    radius = radial.edge_mm[shell] + generator.random(samples) * np.diff(radial.edge_mm)[shell]
    direction = generator.standard_normal((samples, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    place = generator.random((samples, 3)) * size + radius[:, None] * direction
    lag = np.abs(np.floor(place / size).astype(int))
    found = {}
    for wanted in itertools.product((0, 1), repeat=3):
        hits = np.count_nonzero((lag == wanted).all(axis=1))
        found[wanted] = hits / samples * float(radial.energy_j.sum()) / 2 ** sum(wanted)
    return found


@pytest.mark.parametrize("spacing", SPACINGS, ids=str)
@pytest.mark.parametrize("name", NUCLIDES)
def test_that_s_values_times_voxel_mass_sum_to_the_electron_energy_of_the_nuclide(name: str, spacing: Spacing) -> None:
    s = voxel_s_values(name, spacing)
    parts = [whole_sum(kernel.s_gy_per_bq_s) * kernel.voxel_mass_kg for kernel in (s.electron, s.bremsstrahlung)]
    assert sum(parts) == pytest.approx(nuclide(name).electron_energy_j, rel=1e-4)
    assert 1.0005 < s.electron_scale < 1.0025


@pytest.mark.parametrize("spacing", SPACINGS, ids=str)
def test_that_s_values_times_voxel_mass_sum_to_the_photon_energy_inside_the_same_box(spacing: Spacing) -> None:
    photon = voxel_s_values(LU177, spacing).photon
    table = point_kernel(LU177)
    edges = np.append(0.0, table.outer_radius_mm)
    assert whole_sum(photon.energy_j) == pytest.approx(float(table.photon_energy_j.sum()), rel=5e-4)
    # A smaller box cuts the kernel itself, at ± (n + 1/2) voxels.
    counts = [round(60 / size) for size in spacing]
    inside = whole_sum(photon.energy_j[tuple(slice(n + 1) for n in counts)])
    half = (np.array(counts) + 0.5) * np.array(spacing)
    assert inside == pytest.approx(energy_inside_box_j(edges, table.photon_energy_j, half), rel=1e-3)


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("name", NUCLIDES)
def test_that_the_electron_energy_is_whole_in_every_medium(name: str, medium: str) -> None:
    density = point_kernel(name, KERNEL_TABLES[medium]).density_g_per_ml
    electron = electron_voxel_kernel(name, (4.0, 4.0, 4.0), medium=medium, density_g_per_ml=density)
    far = wide_voxel_kernel(name, (4.0, 4.0, 4.0), density_g_per_ml=1.0, lags=(50, 50, 50), photons=False)
    assert electron.whole_energy_j + far.whole_energy_j == pytest.approx(nuclide(name).electron_energy_j, rel=1e-4)


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 2.0), (4.0, 4.0, 4.0), (6.0, 3.0, 2.0)], ids=str)
@pytest.mark.parametrize("name", NUCLIDES)
def test_that_integration_agrees_with_drawing_points_and_shells(name: str, spacing: Spacing) -> None:
    table = point_kernel(name)
    radial = RadialEnergy(np.append(0.0, table.outer_radius_mm), table.electron_energy_j)
    energies = voxel_energies_j(radial, spacing, (2, 2, 2))
    samples = 2_000_000
    for lag, sampled in sampled_energies_j(radial, spacing, samples=samples, seed=7).items():
        share = sampled * 2 ** sum(lag) / float(radial.energy_j.sum())
        statistical = math.sqrt((1 - share) / (share * samples))
        # Four standard deviations of the draw: 0.1 to 0.6 % at the source, up to 1.5 % beside it.
        assert energies[lag] == pytest.approx(sampled, rel=4 * statistical + 2e-4)


def test_that_photons_agree_with_drawing_points_and_shells() -> None:
    table = point_kernel(LU177)
    radial = RadialEnergy(np.append(0.0, table.outer_radius_mm), table.photon_energy_j)
    energies = voxel_energies_j(radial, (4.0, 4.0, 4.0), (2, 2, 2), smooth_far_away=True)
    for lag, sampled in sampled_energies_j(radial, (4.0, 4.0, 4.0), samples=4_000_000, seed=8).items():
        # A corner holds one in 4000 of the energy: 1 % per 10 000 hits, 8 corners together.
        assert energies[lag] == pytest.approx(sampled, rel=0.02)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_that_the_kernel_turns_with_its_voxel(order: tuple[int, int, int]) -> None:
    spacing = (2.0, 3.0, 5.0)
    table = point_kernel(Y90)
    radial = RadialEnergy(np.append(0.0, table.outer_radius_mm), table.electron_energy_j)
    straight = voxel_energies_j(radial, spacing, (2, 2, 2))
    turned = voxel_energies_j(radial, (spacing[order[0]], spacing[order[1]], spacing[order[2]]), (2, 2, 2))
    # The directions of the rays are not the same along all axes.
    assert turned == pytest.approx(straight.transpose(order), rel=1e-3)


def test_that_density_acts_as_a_change_of_scale() -> None:
    light = electron_voxel_kernel(Y90, (8.0, 8.0, 8.0), medium="lung", density_g_per_ml=0.25)
    dense = electron_voxel_kernel(Y90, (4.0, 4.0, 4.0), medium="lung", density_g_per_ml=0.5)
    assert light.energy_j == pytest.approx(dense.energy_j, rel=1e-9)


def test_that_the_far_rule_continues_the_near_one() -> None:
    table = point_kernel(LU177)
    radial = RadialEnergy(np.append(0.0, table.outer_radius_mm), table.photon_energy_j)
    lags = (8, 8, 8)
    far = voxel_energies_j(radial, (4.0, 4.0, 4.0), lags, smooth_far_away=True)
    rays = voxel_energies_j(radial, (4.0, 4.0, 4.0), lags)
    # Beyond four voxels; shells of 0.5 mm there hold 1 % noise, which the far rule smooths over 2 mm.
    assert far[5:, 5:, 5:] == pytest.approx(rays[5:, 5:, 5:], rel=0.02)
    assert whole_sum(far) == pytest.approx(whole_sum(rays), rel=1e-3)


def test_that_the_last_shell_of_photons_is_where_it_should_be() -> None:
    table = point_kernel(LU177)
    kernel = wide_voxel_kernel(LU177, (4.0, 4.0, 4.0), density_g_per_ml=1.0, lags=(50, 0, 0))
    # 198 to 194 mm away the dose is that of the shell of 195 to 200 mm, but for 2 % of attenuation within it.
    per_volume = float(table.photon_energy_j[-1]) / (4 / 3 * math.pi * (200.0**3 - 195.0**3))
    assert kernel.energy_j[49, 0, 0] == pytest.approx(64 * per_volume, rel=0.03)
    assert kernel.energy_j[48, 0, 0] > kernel.energy_j[49, 0, 0]
    assert voxel_energies_j(
        RadialEnergy(np.append(0.0, table.outer_radius_mm), table.photon_energy_j),
        (4.0, 4.0, 4.0),
        (52, 0, 0),
        smooth_far_away=True,
    )[51:, 0, 0].tolist() == [0, 0]


def test_that_a_kernel_that_ends_within_the_voxel_reaches_only_its_neighbours() -> None:
    radial = RadialEnergy(np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0]))
    assert radial.reach_mm == 1.0
    assert lags_within(radial, (4.0, 4.0, 4.0)) == (1, 1, 1)
    # Mean of (1 − |x|/4)(1 − |y|/4)(1 − |z|/4) over radii spread evenly up to 1 mm, by series:
    # 1 − 3 ⟨r⟩/(2·4) + 3 ⟨r²⟩ (2/3π)/16 − ⟨r³⟩/(8π)… with ⟨|n_x n_y|⟩ = 2/(3π) and ⟨|n_x n_y n_z|⟩ = 1/8.
    expected = 1 - 3 * 0.5 / 2 / 4 + 3 * (1 / 3) * (2 / (3 * math.pi)) / 16 - (1 / 4) / 8 / 64
    assert voxel_energies_j(radial, (4.0, 4.0, 4.0), (1, 1, 1))[0, 0, 0] == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("edges", [np.array([0.0, 1.0]), np.array([0.0, 2.0, 1.0])])
def test_that_shells_need_rising_limits(edges: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="rising"):
        RadialEnergy(edges, np.ones(2))
