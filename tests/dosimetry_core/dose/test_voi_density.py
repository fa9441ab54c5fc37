"""Density and mass of VOIs from CT, on phantoms whose density is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dosimetry_core.density_curve import DEFAULT_CURVE, DensityCurve, chosen_curve
from dosimetry_core.dose.ct_density import voi_density
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.units import mass_kg
from dosimetry_core.voi import VoiMask
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import AXIAL, ellipsoid, points_of

CT_BLUR_FWHM_MM = 2.5
NOISE_HU = 15.0
FAT_HU, LUNG_HU, BONE_HU, LIVER_HU = -100.0, -800.0, 500.0, 57.0


def ct_number(density_g_per_ml: float) -> float:
    """Of the default curve's lines, solved by hand."""
    return (
        min((density_g_per_ml - 1) / 0.001, 1e9)
        if density_g_per_ml <= 1.0416
        else (density_g_per_ml - 1.017) / 0.592e-3
    )


def phantom(
    radii_mm: tuple[float, float, float], density: float, around_hu: float, seed: int
) -> tuple[Volume, VoiMask, float]:
    """CT of an ellipsoid, blurred and noisy; its outline as drawn; its true mass in kg."""
    spacing, parts = (3.0, 1.0, 1.0), (6, 2, 2)
    shape = tuple(int(2 * (r + 14) / s) for r, s in zip(reversed(radii_mm), spacing, strict=True))
    fine = VolumeGeometry(tuple(n * p for n, p in zip(shape, parts, strict=True)), np.zeros(3), (0.5, 0.5, 0.5), AXIAL)
    inside = ellipsoid(points_of(fine), tuple(fine.centre_mm()), radii_mm).astype(np.float32)
    hu = around_hu + (ct_number(density) - around_hu) * inside
    hu = ndimage.gaussian_filter(hu, CT_BLUR_FWHM_MM / 2.3548 / 0.5)

    def means(values: np.ndarray) -> np.ndarray:
        a, b, c = shape
        return values.reshape(a, parts[0], b, parts[1], c, parts[2]).mean(axis=(1, 3, 5))

    geometry = VolumeGeometry(shape, fine.index_to_point((2.5, 0.5, 0.5)), spacing, AXIAL)
    noisy = means(hu) + NOISE_HU * np.random.default_rng(seed).standard_normal(shape)
    true = mass_kg(float(4 / 3 * np.pi * np.prod(radii_mm)) / 1000, density)
    ct = Volume(np.rint(noisy).astype(np.int16), geometry, "ct_number_hu")
    return ct, VoiMask.from_array(geometry, means(inside)), true


@pytest.mark.parametrize("density", [1.02, 1.04, 1.05, 1.06, 1.10])
def test_that_organ_masses_are_within_1_5_percent(density: float) -> None:
    ct, mask, true = phantom((26.0, 25.0, 50.0), density, FAT_HU, 1)
    found = voi_density(mask, ct)
    assert found is not None
    assert mass_kg(mask.volume_ml, found.density_g_per_ml) == pytest.approx(true, rel=0.015)


@pytest.mark.parametrize("radius", [6.2, 8.0, 11.0, 17.0])
@pytest.mark.parametrize("around", [FAT_HU, LUNG_HU, BONE_HU, LIVER_HU])
def test_that_lesion_masses_are_within_2_percent(radius: float, around: float) -> None:
    """From 1 to 20 mL, in fat, lung, bone and liver: what lies at the border doesn't count."""
    ct, mask, true = phantom((radius,) * 3, 1.04, around, 2)
    found = voi_density(mask, ct)
    assert found is not None
    assert mass_kg(mask.volume_ml, found.density_g_per_ml) == pytest.approx(true, rel=0.02)


def test_that_fat_around_a_kidney_does_not_lower_its_mass() -> None:
    """The mean over the whole VOI would: this is what the inner part is taken for."""
    ct, mask, _ = phantom((22.0, 20.0, 45.0), 1.05, FAT_HU, 3)
    found = voi_density(mask, ct)
    weights = mask.coverage.astype(float)
    naive = float((DEFAULT_CURVE.density_g_per_ml(ct.values[mask.slices]) * weights).sum() / weights.sum())
    assert found is not None
    assert naive < 1.05 * 0.995
    assert abs(found.density_g_per_ml / 1.05 - 1) < 0.5 * (1 - naive / 1.05)


def test_that_the_inner_part_is_what_lies_three_millimetres_inside() -> None:
    """A cube of 21 mm: a voxel n steps inside is n mm from the nearest voxel outside; 3 mm and more leave 17 of 21."""
    geometry = VolumeGeometry((23, 23, 23), np.zeros(3), (1.0, 1.0, 1.0), AXIAL)
    inside = np.zeros(geometry.shape)
    inside[1:-1, 1:-1, 1:-1] = 1.0
    found = voi_density(
        VoiMask.from_array(geometry, inside), Volume(np.zeros(geometry.shape), geometry, "ct_number_hu")
    )
    assert found is not None
    assert found.inner_volume_ml == pytest.approx(17**3 / 1000)


def test_that_the_curve_of_scanner_and_voltage_is_taken_before_a_wider_one() -> None:
    points = ((-1000.0, 0.0), (0.0, 1.0), (1000.0, 1.6))
    wide = DensityCurve("any", points, "here")
    scanner = DensityCurve("scanner", points, "here", scanner="symbia")
    exact = DensityCurve("exact", points, "here", scanner="Symbia", tube_voltage_kv=130.0)
    curves = (wide, scanner, exact)
    assert chosen_curve(curves, "SIEMENS Symbia Intevo", 130.0, "")[0] is exact
    assert chosen_curve(curves, "SIEMENS Symbia Intevo", 110.0, "")[0] is scanner
    assert chosen_curve(curves, "SIEMENS Symbia Intevo", None, "")[0] is scanner
    assert chosen_curve(curves, "GE Optima", 130.0, "") == (wide, ())


def test_that_without_a_fitting_curve_the_default_is_said() -> None:
    other = DensityCurve("exact", ((-1000.0, 0.0), (0.0, 1.0)), "here", tube_voltage_kv=80.0)
    for curves, level in (((), "info"), ((other,), "warning")):
        curve, findings = chosen_curve(curves, "GE Optima", 120.0, "cycle 1")
        assert curve is DEFAULT_CURVE
        assert [(finding.code, finding.level) for finding in findings] == [("density-curve-default", level)]


@pytest.mark.parametrize("points", [((0.0, 1.0),), ((0.0, 1.0), (0.0, 1.1)), ((0.0, 1.0), (10.0, 0.9))])
def test_that_a_curve_that_does_not_rise_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="rise"):
        DensityCurve("bad", points, "here").density_g_per_ml(np.zeros(1))
