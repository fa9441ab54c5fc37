from __future__ import annotations

import pytest

from dosimetry_core.dose.engine import (
    DoseEngine,
    DoseRegion,
    EngineDose,
    LocalDeposition,
    OrganLevelSValues,
    SphereSValues,
    engine_by_region,
    role_group,
)
from dosimetry_core.dose.engine_comparison import (
    REGIONS_AGREE_WITHIN,
    VOXELS_AGREE_WITHIN,
    EngineComparison,
    compared,
)
from dosimetry_core.dose.organ_level import KidneySide, kidney_absorbed_doses
from dosimetry_core.dose.sphere import sphere_s_value
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.voi import Role


def _region(name: str, role: Role, mass_kg: float, lu: float | None = 1e13, y: float = 4e12) -> DoseRegion:
    activity = {} if lu is None else {LU177: lu, Y90: y}
    return DoseRegion(name, role, mass_kg, 1.05, FrozenMap(activity))


REGIONS = {
    "left": _region("left", "kidney_left", 0.17),
    "right": _region("right", "kidney_right", 0.15, 9e12),
    "liver": _region("liver", "liver", 1.6, 6e13),
    "lesion": _region("lesion", "lesion", 0.01),
}
SOURCES = {LU177: {"kidneys": 1.9e13, "liver": 6e13, "remainder": 2e14}}
ENGINES: list[DoseEngine] = [
    OrganLevelSValues("F", REGIONS, SOURCES),
    SphereSValues(REGIONS),
    LocalDeposition(REGIONS),
]


def test_that_every_engine_answers_alike_and_its_parts_add_up() -> None:
    for engine in ENGINES:
        dose = engine.dose("left", LU177)
        parts = dose.self_electron_gy + dose.self_photon_gy + dose.uneven_gy + sum(dose.cross_gy.values())
        assert dose.absorbed_dose_gy == pytest.approx(parts, rel=1e-12)
        assert next(iter(dose.contributions_gy)) == "self"


def test_that_a_kidney_has_the_dose_of_the_organ_level_formula() -> None:
    sides = {
        name: KidneySide(REGIONS[name].time_integrated_activity_bq_s[LU177], REGIONS[name].mass_kg)
        for name in ("left", "right")
    }
    others = {name: value for name, value in SOURCES[LU177].items() if name != "kidneys"}
    expected = kidney_absorbed_doses(LU177, "F", sides, other_time_integrated_activities_bq_s=others)
    for name, side in expected.sides.items():
        found = ENGINES[0].dose(name, LU177)
        assert found.absorbed_dose_gy == pytest.approx(side.absorbed_dose_gy, rel=1e-12)
        assert dict(found.contributions_gy) == pytest.approx(dict(side.contributions_gy), rel=1e-12)


def test_that_local_deposition_keeps_all_electron_energy_and_no_photon() -> None:
    dose = ENGINES[2].dose("lesion", Y90)
    assert dose.absorbed_dose_gy == pytest.approx(4e12 * nuclide(Y90).electron_energy_j / 0.01, rel=1e-12)
    assert dose.self_photon_gy == 0.0
    sphere = ENGINES[1].dose("lesion", Y90)
    fraction = sphere_s_value(Y90, 0.01, density_g_per_ml=1.05).electron_absorbed_fraction
    assert sphere.self_electron_gy / dose.self_electron_gy == pytest.approx(fraction, rel=1e-9)


def test_that_an_engine_without_an_answer_says_why() -> None:
    with pytest.raises(InconsistentCaseError, match="no organ S value for a lesion"):
        ENGINES[0].dose("lesion", LU177)
    one_sided = {**REGIONS, "right": _region("right", "kidney_right", 0.15, None)}
    with pytest.raises(MissingDataError, match="the other kidney has no curve"):
        OrganLevelSValues("F", one_sided, SOURCES).dose("left", LU177)


def test_that_roles_have_their_engine_of_the_region() -> None:
    assert [engine_by_region(role) for role in ("kidney_left", "spleen", "lesion", "other")] == [
        "organ-level",
        "organ-level",
        "sphere",
        "sphere",
    ]
    assert role_group("kidney_right") == "kidneys"


def _compared(
    own: EngineDose, other: EngineDose, names: tuple[str, str], local: float, mass: float = 0.16
) -> EngineComparison:
    return compared(names[0], {Y90: own}, names[1], {Y90: other}, local_gy={Y90: local}, mass_kg=mass)


def test_that_the_parts_of_a_difference_add_up_to_it() -> None:
    own = EngineDose(3.6, 0.02, 0.0, FrozenMap({"liver": 0.03}))
    other = EngineDose(3.7, 0.01, 0.05, FrozenMap({"liver": 0.10, "remainder": 0.01}))
    found = _compared(own, other, ("organ-level", "voxel-s-values"), 4.0)
    assert sum(found.parts.values()) == pytest.approx(found.ratio["total"] - 1, rel=1e-12)
    assert found.parts["own_electrons"] == pytest.approx(0.1 / 3.65)
    assert found.absorbed_fractions[Y90] == pytest.approx((0.9, 0.925))
    assert "other regions +2.2 %" in found.explanation
    assert "Y-90 92.5 instead of 90.0 %" in found.explanation


def test_that_voxels_may_differ_by_what_the_shape_explains_and_not_by_more() -> None:
    own = EngineDose(3.56)
    by_shape = _compared(own, EngineDose(3.744), ("organ-level", "voxel-s-values"), 4.0)
    assert by_shape.ratio["total"] > 1.05
    assert not by_shape.beyond_bound
    by_neighbours = EngineDose(3.56, cross_gy=FrozenMap({"lesions": 0.15}))
    assert _compared(own, by_neighbours, ("organ-level", "voxel-s-values"), 4.0).beyond_bound


def test_that_engines_of_regions_may_differ_by_more_than_those_of_voxels() -> None:
    own, other = EngineDose(3.6), EngineDose(3.6 * 1.04)
    regions = _compared(own, other, ("organ-level", "sphere"), 4.0)
    assert (regions.bound, regions.beyond_bound) == (REGIONS_AGREE_WITHIN, False)
    voxels = _compared(
        own, EngineDose(3.6, cross_gy=FrozenMap({"liver": 3.6 * 0.04})), ("sphere", "voxel-s-values"), 4.0
    )
    assert (voxels.bound, voxels.beyond_bound) == (VOXELS_AGREE_WITHIN, True)


def test_that_local_deposition_may_be_above_by_what_leaves_a_sphere() -> None:
    mass = 0.01
    fraction = sphere_s_value(Y90, mass, density_g_per_ml=1.0).electron_absorbed_fraction
    local = EngineDose(4.0)
    usual = _compared(EngineDose(4.0 * fraction), local, ("sphere", "local-deposition"), 4.0, mass)
    assert usual.ratio["total"] == pytest.approx(1 / fraction)
    assert not usual.beyond_bound
    wrong = EngineDose(4.0 * fraction / (1 + 2 * REGIONS_AGREE_WITHIN))
    assert _compared(wrong, local, ("sphere", "local-deposition"), 4.0, mass).beyond_bound
