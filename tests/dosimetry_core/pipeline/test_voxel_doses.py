from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from dosimetry_core.case import Case, Engine
from dosimetry_core.case_file import read_case
from dosimetry_core.cores import ALLOWED
from dosimetry_core.data_tables import resource
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import VoiMotion
from dosimetry_core.pipeline import evaluate
from dosimetry_core.pipeline.images import align_case, import_case
from dosimetry_core.pipeline.voxel_doses import CycleVoxelDoses
from dosimetry_core.pipeline.voxel_engine import VoxelEngine
from dosimetry_core.results_json import results_json
from dosimetry_core.second_check import second_check
from dosimetry_core.voi_sampling import coverage_on_grid
from dosimetry_core.voi_shaping import with_margin
from tests.small_study import CASE, write_small_case


def _case(tmp_path_factory: pytest.TempPathFactory, text: str = CASE) -> Case:
    folder = tmp_path_factory.mktemp("voxel-doses")
    write_small_case(folder, text)
    return align_case(import_case(read_case(folder)))


def _with_engine(case: Case, engine: Engine) -> Case:
    return replace(case, settings=replace(case.settings, engine=FrozenMap({**case.settings.engine, "kidneys": engine})))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return _case(tmp_path_factory)


@pytest.fixture(scope="module")
def plain(case: Case) -> Evaluation:
    return evaluate(case)


@pytest.fixture(scope="module")
def voxels(case: Case, plain: Evaluation) -> Evaluation:
    return evaluate(_with_engine(case, "voxel-s-values"), previous=plain)


def test_that_voxels_and_organ_s_values_agree_on_uniform_kidneys(voxels: Evaluation, plain: Evaluation) -> None:
    for name, voi in voxels.cycles[0].vois.items():
        organ = plain.cycles[0].vois[name]
        assert voi.engine == "voxel-s-values"
        assert voi.doses["Lu-177"].absorbed_dose_gy == pytest.approx(organ.doses["Lu-177"].absorbed_dose_gy, rel=0.02)
        assert voi.cross_checks_gy["organ-level"]["Lu-177"] == organ.doses["Lu-177"].absorbed_dose_gy


def test_that_the_voxels_hold_the_activity_and_the_numbers_of_their_dose_are_in_order(voxels: Evaluation) -> None:
    for voi in voxels.cycles[0].vois.values():
        numbers = voi.voxel_dose
        assert numbers is not None
        # Sharp images of one half-life: nothing to scale.
        assert numbers.closure_factors["Lu-177"] == pytest.approx(1.0, abs=0.01)
        assert numbers.d98_gy <= numbers.d90_gy <= numbers.d50_gy <= numbers.d2_gy
        local = voi.cross_checks_gy["local-deposition"]["Lu-177"]
        electrons = voi.doses["Lu-177"].absorbed_dose_gy - numbers.photon_absorbed_dose_gy["Lu-177"]
        # The activity keeps 5 mm from the faces, twice the longest range: all electrons stay.
        assert electrons == pytest.approx(local, rel=0.005)


def test_that_another_engine_changes_doses_and_nothing_before_them(voxels: Evaluation, plain: Evaluation) -> None:
    for name, voi in voxels.cycles[0].vois.items():
        before = plain.cycles[0].vois[name]
        assert before.voxel_dose is None
        assert voi.mass_kg == before.mass_kg
        fit, fit_before = voi.fits["Lu-177"], before.fits["Lu-177"]
        assert fit.time_integrated_activity_bq_s == fit_before.time_integrated_activity_bq_s
    again = evaluate(_with_engine(voxels.case, "organ-level"), previous=voxels)
    assert results_json(again) == results_json(plain)


def test_that_the_dose_goes_with_the_activity(voxels: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = CASE.replace("sensitivity_cps_per_mbq = 9.61", "sensitivity_cps_per_mbq = 4.805")
    double = evaluate(_with_engine(_case(tmp_path_factory, text), "voxel-s-values"))
    for name, voi in voxels.cycles[0].vois.items():
        assert double.cycles[0].vois[name].doses["Lu-177"].absorbed_dose_gy == pytest.approx(
            2 * voi.doses["Lu-177"].absorbed_dose_gy, rel=1e-4
        )


def test_that_a_plan_from_voxel_doses_is_not_signed_unexplained(voxels: Evaluation) -> None:
    findings = second_check(voxels).findings
    assert {f.level for f in findings if f.code == "second-opinion-missing"} == {"error"}
    (stated, *_) = [f for f in findings if f.code == "voxel-engine-difference"]
    assert "organ-level" in stated.text.lower()


def test_that_without_ct_there_is_no_voxel_dose_and_it_is_said(case: Case) -> None:
    cycle = case.cycles[0]
    bare = replace(cycle, time_points=tuple(replace(point, ct=None) for point in cycle.time_points))
    result = evaluate(_with_engine(replace(case, cycles=(bare,)), "voxel-s-values")).cycles[0]
    for voi in result.vois.values():
        assert not voi.doses
        assert voi.failure is not None
        assert "CT" in voi.failure


def test_that_uncertainty_holds_the_chain_and_the_voxel_model(voxels: Evaluation, plain: Evaluation) -> None:
    for name, voi in voxels.cycles[0].vois.items():
        dose, before = voi.doses["Lu-177"], plain.cycles[0].vois[name].doses["Lu-177"]
        assert dose.standard_uncertainty_gy is not None
        assert before.standard_uncertainty_gy is not None
        relative = dose.standard_uncertainty_gy / dose.absorbed_dose_gy
        assert relative > before.standard_uncertainty_gy / before.absorbed_dose_gy
        budget = voi.budgets["Lu-177"]
        assert budget.relative_standard_uncertainty == pytest.approx(relative, rel=1e-9)


def test_that_results_name_the_numbers_of_the_map(voxels: Evaluation) -> None:
    tree = results_json(voxels)["cycles"][0]["vois"]["Kidney L"]
    assert tree["engine"] == "voxel-s-values"
    assert tree["voxel_dose"]["voxel_size_mm"] == [4.8, 4.8, 4.8]
    schema = json.loads(resource("schemas", "results.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(json.loads(json.dumps(results_json(voxels))))
    assert tree["voxel_dose"]["limited_by_image_resolution"] is True


def test_that_vois_of_the_map_cover_the_drawn_volume(voxels: Evaluation) -> None:
    measurement = voxels.cycles[0].measurement
    assert measurement is not None
    scan = measurement.time_points[0]
    for name, voi in measurement.vois.items():
        part = coverage_on_grid(
            measurement.exclusive.masks[voi.voi.voi_id],
            scan.time_point.registration.transform,
            scan.image.concentration.geometry,
        )
        assert part.volume_ml == pytest.approx(voxels.cycles[0].vois[name].volume_ml, rel=1e-6)
        assert np.all(part.fraction >= 0)


def test_that_voxel_doses_are_itemised_and_their_parts_add_up(voxels: Evaluation) -> None:
    for voi in voxels.cycles[0].vois.values():
        parts = sum(by["Lu-177"] for by in voi.contributions_gy.values())
        assert parts == pytest.approx(voi.doses["Lu-177"].absorbed_dose_gy, rel=1e-12)
        assert voi.contributions_gy["self"]["Lu-177"] > 0.95 * parts
        assert voi.contributions_gy["kidneys"]["Lu-177"] > 0


def test_that_at_least_two_engines_stand_beside_each_other_and_explain_their_difference(
    voxels: Evaluation, plain: Evaluation
) -> None:
    for evaluation in (voxels, plain):
        for voi in evaluation.cycles[0].vois.values():
            assert voi.comparisons
            assert {item.engine for item in voi.comparisons} == set(voi.cross_checks_gy)
            for item in voi.comparisons:
                assert sum(item.parts.values()) == pytest.approx(item.ratio["total"] - 1, abs=1e-12)


def test_that_an_engine_may_be_chosen_for_one_voi(case: Case, plain: Evaluation) -> None:
    settings = replace(case.settings, engine_by_voi=FrozenMap({"Kidney L": "local-deposition"}))
    vois = evaluate(replace(case, settings=settings), previous=plain).cycles[0].vois
    assert vois["Kidney L"].engine == "local-deposition"
    assert "organ-level" in vois["Kidney L"].cross_checks_gy
    assert vois["Kidney R"].engine == "organ-level"
    before = plain.cycles[0].vois["Kidney L"].cross_checks_gy["local-deposition"]["Lu-177"]
    assert vois["Kidney L"].doses["Lu-177"].absorbed_dose_gy == before


def test_that_held_voxel_doses_are_pending_said_and_completed_to_the_same(case: Case, voxels: Evaluation) -> None:
    density = FrozenMap({**voxels.case.settings.density_g_per_ml, "kidneys": 1.04})
    edited = replace(voxels.case, settings=replace(voxels.case.settings, density_g_per_ml=density))
    held = evaluate(edited, previous=voxels, voxel_doses="held")
    assert held.cycles[0].voxels_pending
    assert {voi.pending_engine for voi in held.cycles[0].vois.values()} == {"voxel-s-values"}
    assert {voi.engine for voi in held.cycles[0].vois.values()} == {"organ-level"}
    assert {f.level for f in held.findings if f.code == "engine-pending"} == {"error"}
    complete = evaluate(edited, previous=held)
    assert not complete.cycles[0].voxels_pending
    afresh = evaluate(edited)
    for name, voi in afresh.cycles[0].vois.items():
        assert complete.cycles[0].vois[name].doses["Lu-177"] == voi.doses["Lu-177"]
    unchanged = evaluate(_with_engine(case, "voxel-s-values"), previous=voxels, voxel_doses="held")
    assert not unchanged.cycles[0].voxels_pending


def test_that_an_edit_of_one_voi_leaves_what_rests_on_the_outlines_of_others(voxels: Evaluation) -> None:
    cycle = voxels.cycles[0].cycle
    left = next(voi for voi in cycle.vois if voi.name == "Kidney L")
    vois = tuple(replace(voi, mask=with_margin(voi.mask, -3.0)) if voi is left else voi for voi in cycle.vois)
    edited = replace(voxels.case, cycles=(replace(cycle, vois=vois),))
    after, afresh = (_doses(evaluate(edited, previous=previous)) for previous in (voxels, None))
    before = _doses(voxels)
    for name in before.vois:
        taken_over = after.vois[name].responses["Lu-177"] is before.vois[name].responses["Lu-177"]
        assert taken_over == (name != "Kidney L")
        assert after.vois[name].doses == afresh.vois[name].doses
        np.testing.assert_array_equal(
            after.vois[name].voxels.absorbed_dose_gy, afresh.vois[name].voxels.absorbed_dose_gy
        )
    np.testing.assert_array_equal(after.maps["Lu-177"].absorbed_dose.values, afresh.maps["Lu-177"].absorbed_dose.values)


def test_that_the_number_of_cores_changes_no_digit(voxels: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    by_cores = []
    for cores in ("1", "2"):
        monkeypatch.setenv(ALLOWED, cores)
        by_cores.append(_doses(evaluate(voxels.case)))
    one, two = by_cores
    assert list(one.vois) == list(two.vois)
    for name, voi in one.vois.items():
        assert two.vois[name].doses == voi.doses
        np.testing.assert_array_equal(two.vois[name].voxels.absorbed_dose_gy, voi.voxels.absorbed_dose_gy)
    for nuclide, dose in one.maps.items():
        np.testing.assert_array_equal(two.maps[nuclide].absorbed_dose.values, dose.absorbed_dose.values)


def _doses(evaluation: Evaluation) -> CycleVoxelDoses:
    engine = evaluation.cycles[0].voxels
    assert isinstance(engine, VoxelEngine)
    assert engine.doses is not None
    return engine.doses


def test_that_the_histogram_falls_from_the_whole_volume_and_gives_the_volume_at_a_dose(voxels: Evaluation) -> None:
    for voi in voxels.cycles[0].vois.values():
        numbers = voi.voxel_dose
        assert numbers is not None
        assert numbers.histogram_volume_fraction[0] == pytest.approx(1.0)
        assert list(numbers.histogram_volume_fraction) == sorted(numbers.histogram_volume_fraction, reverse=True)
        state = voxels.cycles[0].voxels
        assert isinstance(state, VoxelEngine)
        found = state.voi(voi.voi.name)
        assert found is not None
        for dose in numbers.histogram_gy[::10]:
            exact = found.voxels.volume_receiving_ml(dose) / found.voxels.total_volume_ml
            assert numbers.volume_fraction_receiving(dose) == pytest.approx(exact, abs=1e-9)
        assert numbers.volume_fraction_receiving(1e3) == 0.0


@pytest.mark.parametrize(("shift_mm", "level"), [(3.0, "info"), (8.0, "warning")])
def test_that_a_motion_of_its_own_is_said_not_to_be_in_the_voxels(
    case: Case, voxels: Evaluation, shift_mm: float, level: str
) -> None:
    """More than a voxel of 4.8 mm is a warning. The maps known without the motion don't hide it."""
    assert not any(f.code == "own-motion-not-in-voxels" for f in voxels.findings)
    cycle = case.cycles[0]
    kidney = next(voi for voi in cycle.vois if voi.name == "Kidney L")
    motion = RigidTransform.from_rotation_vector((0.0, 0.0, 0.0), (0.0, 0.0, shift_mm))
    moved = VoiMotion(motion, "manual", (0.0, 0.0, shift_mm))
    first, second, *rest = cycle.time_points
    point = second if cycle.reference_time_point == 0 else first
    registration = replace(point.registration, voi_motions=FrozenMap({kidney.voi_id: moved}))
    changed = replace(point, registration=registration)
    points = tuple(changed if p is point else p for p in (first, second, *rest))
    other = replace(case, cycles=(replace(cycle, time_points=points), *case.cycles[1:]))
    found = evaluate(_with_engine(other, "voxel-s-values"), previous=voxels)
    (said,) = [f for f in found.findings if f.code == "own-motion-not-in-voxels"]
    assert said.level == level
    assert said.place == "cycle 1, Kidney L"
    assert f"{shift_mm:.1f} mm" in said.text
