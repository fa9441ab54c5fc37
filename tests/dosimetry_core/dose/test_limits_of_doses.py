"""Limits of tables, bounds and remarks of the dose engines: at, just inside and just beyond."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dosimetry_core.dose.convolution import Kernel
from dosimetry_core.dose.covariogram import Covariogram
from dosimetry_core.dose.density_classes import source_classes
from dosimetry_core.dose.dose_volume import DoseVolume, dose_volume
from dosimetry_core.dose.engine import LOCAL_DEPOSITION, ORGAN_LEVEL, SPHERE, VOXEL_S_VALUES, EngineDose
from dosimetry_core.dose.engine_comparison import compared
from dosimetry_core.dose.media import BONE, CODES, LUNG, OUTSIDE, SOFT_TISSUE, media_map, medium_codes_of_density
from dosimetry_core.dose.point_kernel import point_kernel
from dosimetry_core.dose.radiobiology import covers
from dosimetry_core.dose.red_marrow import marrow_to_blood_ratio_of_large_molecules
from dosimetry_core.dose.region_electrons import FineRegion, region_electrons, region_response
from dosimetry_core.dose.s_values import remainder_mass_kg, remainder_s_value_gy_per_bq_s
from dosimetry_core.dose.sphere import computed_sphere_s_value, sphere_s_value
from dosimetry_core.dose.voxel_dose import _box
from dosimetry_core.dose.voxel_inputs import checked_activity, map_findings
from dosimetry_core.dose.voxel_kernel import RadialEnergy
from dosimetry_core.dose.voxel_s_values import VoxelKernel, voxel_s_values
from dosimetry_core.errors import GeometryMismatchError, InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.volume import Volume
from tests.phantoms import grid


def test_that_a_density_at_a_limit_is_of_the_denser_medium() -> None:
    found = medium_codes_of_density(np.array([0.0499, 0.05, 0.5999, 0.6, 1.1499, 1.15]))
    names = [OUTSIDE, CODES[LUNG], CODES[LUNG], CODES[SOFT_TISSUE], CODES[SOFT_TISSUE], CODES[BONE]]
    assert found.tolist() == names
    labelled = media_map(np.array([1.0, 0.3, 1.4]), np.array([0, 5, 5]), {5: BONE})
    assert labelled.tolist() == [CODES[SOFT_TISSUE], CODES[BONE], CODES[BONE]]
    with pytest.raises(ValueError, match="label 5 has no medium"):
        media_map(np.array([1.0, 0.3]), np.array([0, 5]), {4: BONE})


@pytest.mark.parametrize("name", [LU177, Y90])
def test_that_spheres_are_answered_from_half_a_gram_to_a_kilogram(name: str) -> None:
    for mass in (0.0005, 1.0):
        assert sphere_s_value(name, mass, density_g_per_ml=1.0).electron_absorbed_fraction < 1
    for mass in (0.000499, 1.001, 0.0):
        with pytest.raises(InconsistentCaseError, match="outside the sphere S values"):
            sphere_s_value(name, mass, density_g_per_ml=1.0)
    # The table goes on to 4 kg, for dense spheres.
    assert sphere_s_value(name, 1.0, density_g_per_ml=1.99).electron_absorbed_fraction > 0.9
    for mass, density in ((0.0005, 0.1), (1.0, 2.01), (1.0, 9.0)):
        with pytest.raises(InconsistentCaseError, match="outside the table"):
            sphere_s_value(name, mass, density_g_per_ml=density)
    for mass, density in ((0.0, 1.0), (0.01, 0.0)):
        with pytest.raises(ValueError, match=r"mass|density|positive"):
            computed_sphere_s_value(name, mass, density_g_per_ml=density)


def test_that_the_absorbed_fraction_is_exact_for_polynomials_in_wide_shells() -> None:
    # Staying 1 − 0.1 r + 0.002 r²; energy spread evenly over the shells 0–2 and 2–6 mm.
    region = Covariogram((-0.1, 0.002, 0.0, 0.0), 6.0)
    radial = RadialEnergy(np.array([0.0, 2.0, 6.0]), np.array([3.0, 1.0]))

    def mean(a: float, b: float) -> float:
        return 1 - 0.1 * (b**2 - a**2) / (2 * (b - a)) + 0.002 * (b**3 - a**3) / (3 * (b - a))

    assert region.absorbed_fraction(radial) == pytest.approx((3 * mean(0, 2) + mean(2, 6)) / 4, rel=1e-12)
    quartic = Covariogram((-0.05, 0.0, 0.0, -1e-4), 6.0)
    fourth = (3 * (1 - 0.05 - 1e-4 * 2**4 / 5) + (1 - 0.05 * 4 - 1e-4 * (6**5 - 2**5) / (5 * 4))) / 4
    assert quartic.absorbed_fraction(radial) == pytest.approx(fourth, rel=1e-12)
    assert region.staying(np.array([0.0, 100.0])).tolist() == [1.0, 1.0]
    assert Covariogram((-0.1, 0.0, 0.0, 0.0), 6.0).staying(np.array([20.0])).tolist() == [0.0]


def test_that_a_medium_of_many_densities_has_four_classes_that_share_its_activity() -> None:
    activity = np.array([1.0, 2.0, 3.0, 4.0, 5.0], np.float32).reshape(5, 1, 1)
    bone = np.full((5, 1, 1), CODES[BONE], np.uint8)

    def classes(*densities: float) -> list[float]:
        found = source_classes(activity, np.array(densities).reshape(5, 1, 1), bone)
        assert sum(one.share for one in found) == pytest.approx(1.0)
        total = sum(np.asarray(one.time_integrated_activity_bq_s) for one in found)
        assert total == pytest.approx(activity)
        return [one.density_g_per_ml for one in found]

    # Deviation within 3 % of the mean: one kernel, of the mean weighed by activity and rounded to 0.005.
    assert classes(1.50, 1.51, 1.52, 1.49, 1.48) == pytest.approx([1.495])
    wide = classes(0.2, 0.5, 1.0, 1.9, 3.0)
    assert len(wide) == 4
    assert wide[3] / wide[2] == pytest.approx(wide[1] / wide[0], rel=0.03)
    assert len(classes(1.2, 1.3, 1.4, 1.3, 1.2)) == 2


def test_that_dose_volume_numbers_end_at_the_ends_of_the_volume() -> None:
    curve = DoseVolume(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 1.0]))
    assert [curve.dose_to_fraction_gy(f) for f in (0.0, 1.0)] == [4.0, 1.0]
    # Middles of the volumes from below: 0.5, 2 and 3.5 of 4 mL.
    assert curve.d50_gy == 2.0
    assert curve.dose_to_fraction_gy(0.3125) == pytest.approx(2.0 + 2.0 * 0.75 / 1.5)
    for fraction in (-0.01, 1.01):
        with pytest.raises(ValueError, match="between 0 and 1"):
            curve.dose_to_fraction_gy(fraction)
    assert [curve.volume_receiving_ml(dose) for dose in (0.0, 1.0, 1.01, 2.0, 4.0, 4.01)] == [
        4.0,
        4.0,
        3.0,
        3.0,
        1.0,
        0.0,
    ]
    doses, parts = curve.cumulative_histogram()
    assert doses.size == parts.size == 101
    assert doses[-1] == 4.0
    assert parts[[0, 25, 26, 50, 51, 100]].tolist() == [1.0, 1.0, 0.75, 0.75, 0.25, 0.25]
    with pytest.raises(InconsistentCaseError, match="no voxel"):
        dose_volume(np.ones(3), np.zeros(3), voxel_volume_ml=1.0)
    with pytest.raises(ValueError, match="finite"):
        dose_volume(np.array([1.0, math.nan]), np.ones(2), voxel_volume_ml=1.0)
    part = dose_volume(np.array([3.0, 1.0]), np.array([0.5, 0.25]), voxel_volume_ml=0.2)
    assert part.volume_ml.tolist() == [0.05, 0.1]


def beyond(engine: str, other: str, electrons: float, photons: float, mass_kg: float = 0.3) -> bool:
    """Doses of 8 Gy by electrons against others; 177Lu alone."""
    mine, theirs = {LU177: EngineDose(8.0)}, {LU177: EngineDose(electrons, photons)}
    return compared(engine, mine, other, theirs, local_gy={LU177: 8.0}, mass_kg=mass_kg).beyond_bound


def test_that_engines_agree_up_to_their_bounds() -> None:
    # 6 % of 8 Gy between engines without a map; what photons make of 2 % where one has a map.
    assert not beyond(ORGAN_LEVEL, SPHERE, 8.0, 0.479)
    assert beyond(ORGAN_LEVEL, SPHERE, 8.0, 0.481)
    assert beyond(ORGAN_LEVEL, SPHERE, 7.519, 0.0)
    assert not beyond(ORGAN_LEVEL, VOXEL_S_VALUES, 8.0, 0.159)
    assert beyond(ORGAN_LEVEL, VOXEL_S_VALUES, 8.0, 0.161)
    # Electrons that leave the outline explain themselves, and so does what they and photons make up for.
    assert not beyond(VOXEL_S_VALUES, ORGAN_LEVEL, 7.0, 0.159)
    assert not beyond(VOXEL_S_VALUES, ORGAN_LEVEL, 7.5, 0.5)
    assert beyond(VOXEL_S_VALUES, ORGAN_LEVEL, 7.0, 0.5)
    # Local deposition is above by what leaves a sphere of that mass.
    leaving = 1 / sphere_s_value(LU177, 0.001, density_g_per_ml=1.0).electron_absorbed_fraction - 1
    assert not beyond(LOCAL_DEPOSITION, VOXEL_S_VALUES, 8.0 * (1 - leaving - 0.059), 0.0, 0.001)
    assert beyond(LOCAL_DEPOSITION, VOXEL_S_VALUES, 8.0 * (1 - leaving - 0.061), 0.0, 0.001)


def test_that_parts_below_a_twentieth_of_a_per_cent_are_not_mentioned() -> None:
    def said(photons: float) -> str:
        mine, theirs = {LU177: EngineDose(8.0)}, {LU177: EngineDose(8.0, photons, 0.0, FrozenMap({"liver": 0.2}))}
        found = compared(ORGAN_LEVEL, mine, SPHERE, theirs, local_gy={LU177: 0.0}, mass_kg=0.3)
        assert not found.absorbed_fractions
        return found.explanation

    assert "own photons" in said(0.00401)
    assert "own photons" not in said(0.00399)
    assert "other regions +2.5" in said(0.0)
    assert "own photons −" in said(-0.1)


def test_that_activity_in_air_is_remarked_on_above_one_per_cent_and_tissue_below_a_fifth() -> None:
    media = np.array([CODES[SOFT_TISSUE], OUTSIDE], np.uint8)

    def codes(outside: float, density: float) -> list[str]:
        found = map_findings(np.array([100.0 - outside, outside], np.float32), np.array([density, 0.0]), media)
        return [f.code for f in found]

    assert codes(0.99, 0.2) == []
    assert codes(1.01, 0.2) == ["activity-outside-the-body"]
    assert codes(0.0, 0.199) == ["density-below-limit"]


def test_that_maps_that_do_not_fit_are_refused() -> None:
    geometry = grid((2, 2, 2), (3.0, 4.0, 5.0), origin_mm=(0.0, 0.0, 0.0))
    media = np.ones((2, 2, 2), np.uint8)

    def checked(activity: float, density: float, codes: np.ndarray = media, **options: object) -> None:
        values, densities = np.zeros((2, 2, 2), np.float32), np.ones((2, 2, 2), np.float32)
        values[1, 1, 1], densities[0, 0, 0] = activity, density
        other = grid((2, 2, 2), (3.0, 4.0, 5.0), origin_mm=(1.0, 0.0, 0.0)) if options.get("apart") else geometry
        checked_activity(
            Volume(values, geometry, "time_integrated_activity_bq_s"),
            Volume(densities, other, "density_g_per_ml"),
            codes,
        )

    checked(1.0, 0.0)
    for activity, density in ((-1.0, 1.0), (math.inf, 1.0), (1.0, -0.1), (1.0, math.nan)):
        with pytest.raises(InconsistentCaseError, match="has values from"):
            checked(activity, density)
    with pytest.raises(InconsistentCaseError, match="no activity"):
        checked(0.0, 1.0)
    with pytest.raises(InconsistentCaseError, match="no voxel is tissue"):
        checked(1.0, 1.0, np.zeros((2, 2, 2), np.uint8))
    for wrong in (np.full((2, 2, 2), 4, np.uint8), np.ones((2, 2, 2), np.int16)):
        with pytest.raises(ValueError, match="codes"):
            checked(1.0, 1.0, wrong)
    checked(1.0, 1.0, np.full((2, 2, 2), 3, np.uint8))
    with pytest.raises(GeometryMismatchError):
        checked(1.0, 1.0, np.ones((2, 2, 1), np.uint8))
    with pytest.raises(GeometryMismatchError):
        checked(1.0, 1.0, apart=True)


def test_that_a_haematocrit_and_the_rest_of_the_body_have_room() -> None:
    assert marrow_to_blood_ratio_of_large_molecules(0.43, extracellular_fluid_fraction=0.19) == pytest.approx(
        0.19 / 0.57
    )
    # Without another choice the extracellular fluid of marrow is 19 % of it.
    assert marrow_to_blood_ratio_of_large_molecules(0.43) == pytest.approx(0.19 / 0.57)
    for value in (0.0, 1.0):
        with pytest.raises(ValueError, match="haematocrit"):
            marrow_to_blood_ratio_of_large_molecules(value)
    assert remainder_mass_kg(60.0, {"a": 20.0, "b": 39.0}) == 1.0
    with pytest.raises(InconsistentCaseError, match="more than the body"):
        remainder_mass_kg(60.0, {"a": 21.0, "b": 39.0})
    # (4 × 60 − 7 × 20)/40.
    found = remainder_s_value_gy_per_bq_s(4.0, {"a": 7.0}, total_body_mass_kg=60.0, region_masses_kg={"a": 20.0})
    assert found == 2.5


def test_that_protraction_covers_nuclides_only_with_every_pair_of_them() -> None:
    one = FrozenMap({LU177: FrozenMap({LU177: 0.02})})
    lopsided = FrozenMap({LU177: FrozenMap({LU177: 0.02, Y90: 0.03}), Y90: FrozenMap({LU177: 0.03})})
    assert covers(one, [LU177])
    assert covers(one, [])
    for quadratic, nuclides in ((one, [LU177, Y90]), (one, [Y90, LU177]), (lopsided, [LU177, Y90])):
        assert not covers(quadratic, nuclides)


def test_that_the_computed_box_holds_the_body_and_every_activity() -> None:
    media, activity = np.zeros((5, 6, 7), np.uint8), np.zeros((5, 6, 7), np.float32)
    media[1:3, 2:5, 3] = CODES[LUNG]
    activity[4, 3, 3], activity[2, 1, 5] = 0.5, 0.25
    assert _box(activity, media) == (slice(1, 5), slice(1, 5), slice(3, 6))
    assert _box(0 * activity, media) == (slice(1, 3), slice(2, 5), slice(3, 4))
    media[0, 0, 0] = media[4, 5, 6] = CODES[BONE]
    assert _box(activity, media) == (slice(0, 5), slice(0, 6), slice(0, 7))


def test_that_a_share_of_exactly_a_twentieth_of_a_per_cent_is_mentioned() -> None:
    mine = {LU177: EngineDose(1.0), Y90: EngineDose(0.0, 1.0)}
    theirs = {LU177: EngineDose(1.0), Y90: EngineDose(0.0005, 1.0)}
    found = compared(ORGAN_LEVEL, mine, SPHERE, theirs, local_gy={LU177: 1.0, Y90: 1.0}, mass_kg=0.3)
    assert "stays in the VOI: Y-90 0.1 instead of 0.0 %" in found.explanation


def test_that_shells_rise_begin_and_end_where_they_hold_energy_and_are_not_changed() -> None:
    edges, energy = np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 2.0, 0.0])
    shells = RadialEnergy(edges, energy)
    assert (shells.start_mm, shells.reach_mm) == (1.0, 3.0)
    empty = RadialEnergy(edges, 0 * energy)
    assert (empty.start_mm, empty.reach_mm) == (0.0, 0.0)
    for values in (shells.edge_mm, shells.energy_j):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1.0
    for bad in (np.array([0.0, 1.0, 1.0, 4.0]), np.array([0.0, 2.0, 1.0, 4.0]), np.array([0.0, 1.0, 3.0])):
        with pytest.raises(ValueError, match="rising"):
            RadialEnergy(bad, energy)


def test_that_a_region_that_keeps_everything_keeps_it() -> None:
    # Electrons of no range: a kernel of one voxel, which all of the energy stays in.
    region = FineRegion(1, np.ones((3, 4, 5), np.float32))
    energy_j = 3e-14
    kernel = VoxelKernel(LU177, "soft-tissue", 1.0, (4.0, 5.0, 6.0), Kernel(np.full((1, 1, 1), energy_j)))
    radial = RadialEnergy(np.array([0.0, 1e-6]), np.array([energy_j]))
    found = region_electrons(region_response(region, kernel, radial), np.full((3, 4, 5), 2.0, np.float32), {})
    assert found.by_source_j["self"] == pytest.approx(120.0 * energy_j, rel=1e-6)


def test_that_voxel_s_values_reach_as_far_as_asked_or_as_the_electrons() -> None:
    asked = voxel_s_values(LU177, (4.0, 5.0, 3.0), lags=(3, 2, 4))
    assert asked.photon.energy_j.shape == (4, 3, 5)
    free = voxel_s_values(LU177, (40.0, 50.0, 30.0))
    # Photons are followed to 200 mm.
    assert free.photon.energy_j.shape == (6, 5, 8)


@pytest.mark.parametrize("name", [LU177, Y90])
def test_that_a_point_kernel_has_the_density_of_its_medium(name: str) -> None:
    # The names of the tables say it: 0.30 and 1.92 g/mL.
    densities = [point_kernel(name, table).density_g_per_ml for table in ("lung_0p30", "bone_cortical_1p92")]
    assert densities == [0.30, 1.92]
    with pytest.raises(MissingDataError, match="no point kernel"):
        point_kernel("Tb-161")
