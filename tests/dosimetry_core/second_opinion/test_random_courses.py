"""Main path and second opinion on random courses that use every setting, and what the second opinion leaves out."""

from __future__ import annotations

import copy
import functools
import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from dosimetry_core.case import (
    Case,
    FitModel,
    FitPrior,
    FitTail,
    FitWeights,
    MarrowToBlood,
    RestOfBody,
    SingleTimePointRule,
)
from dosimetry_core.planning.protocol import (
    ActivityRule,
    Allocation,
    KidneyQuantity,
    Predictor,
    protocol_of_course,
)
from dosimetry_core.results_json import results_json
from dosimetry_core.second_opinion import compare, recompute
from tests.dosimetry_core.second_opinion.random_courses import BUNDLED, LU, Y, evaluated, random_case
from tests.test_documentation import document, table_rows

COURSES = 1000
Place = tuple[str | int, ...]


def results_of(seed: int) -> dict[str, Any]:
    return results_json(evaluated(*random_case(seed)))


@functools.lru_cache(maxsize=32)
def computed_twice(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Results of a random course, and the second opinion on them."""
    results = results_of(seed)
    return results, recompute(results)


def kind_of(path: Place) -> str:
    """Kind of number, as the figure names it."""
    words = {str(key) for key in path}
    rules = (
        ({"probability_of_exceeding"}, "probability"),
        ({"activity_by_certainty", "activities_bq", "unrounded_activities_bq"}, "next activity"),
        ({"uncertainty_budget"}, "uncertainty"),
        ({key for key in words if "uncertainty" in key}, "uncertainty"),
        ({"protraction_per_gy"}, "protraction"),
        ({"bed_gy", "eqd2_gy", "predicted_bed_gy", "allocation_bed_gy"}, "BED and EQD2"),
        ({"plan"}, "prediction"),
        ({"time_integrated_activity_bq_s", "effective_half_life_s", "time_integral_bq_s_per_ml"}, "curve"),
        ({"red_marrow", "red_marrow_alternatives_gy", "red_marrow_image_based_self_gy"}, "red marrow dose"),
        ({"course"}, "course dose"),
        ({"organs"}, "organ dose"),
    )
    return next((kind for keys, kind in rules if keys & words), "VOI dose")


def difference(stated: float, second: float) -> float:
    return abs(stated - second) / max(abs(stated), abs(second)) if stated != second else 0.0


def compared(seeds: range) -> tuple[list[int], dict[str, float], int, Counter[str]]:
    """Courses with a disagreement, worst relative difference by kind, how many numbers, what could not be checked."""
    failed, worst, count, left_out = [], dict[str, float](), 0, Counter[str]()
    for seed in seeds:
        results, opinion = computed_twice(seed)
        if compare(results, opinion):
            failed.append(seed)
        left_out.update("blocking" for _ in opinion["blocking"])
        left_out.update(text.split(":")[-1] for text in opinion["not_checked"])
        for item in opinion["values"]:
            place, second = tuple(item["path"]), item["second_value"]
            stated: Any = results
            for key in place:
                stated = stated[key]
            count += 1
            # Of nearly nothing (an activity of which limits leave none) only the absolute difference means something.
            if abs(float(stated) - second) > item["absolute_tolerance"]:
                kind = kind_of(place)
                worst[kind] = max(worst.get(kind, 0.0), difference(float(stated), second))
    return failed, worst, count, left_out


def test_that_both_opinions_agree_on_random_courses() -> None:
    failed, _, count, _ = compared(range(25))
    assert failed == []
    assert count > 5000


@pytest.mark.long
def test_that_both_opinions_agree_on_a_thousand_random_courses() -> None:
    failed, worst, count, left_out = compared(range(COURSES))
    figure = {"id": "second-opinion-random-courses", "n": COURSES, "failures": len(failed), "seed": f"0-{COURSES - 1}"}
    print(json.dumps(figure | {"numbers": count, "worst": worst, "not_checked": dict(left_out)}))
    assert failed == []
    assert left_out["blocking"] == 0
    assert max(worst.values()) < 0.005


def _traits(case: Case, measured: list[Any]) -> Iterator[str]:
    """What a course uses."""
    fit, marrow = case.settings.fit, case.settings.red_marrow
    protocol = protocol_of_course(case.course)
    yield from (f"model {m}" for m in (fit.model, *fit.model_by_voi.values()))
    yield from (f"weights {fit.weights}", f"tail {fit.tail}", f"prior {fit.prior}", f"few scans {fit.few_scans}")
    yield f"single scan {fit.single_time_point}"
    yield f"rest of body {marrow.rest_of_body}"
    yield f"marrow to blood {marrow.marrow_to_blood}"
    yield "bundled " + case.course.protocol if case.course.protocol_text is None else "own protocol"
    yield from (
        f"predictor {protocol.predictor}",
        f"allocation {protocol.allocation}",
        f"rule {protocol.activity_rule}",
    )
    yield f"kidneys {protocol.kidney_quantity}"
    yield from (f"limit {key}" for key in protocol.all_limits_gy)
    yield from (f"engine {role} {engine}" for role, engine in case.settings.engine.items())
    if fit.exclude:
        yield "excluded point"
    if case.course.prior_absorbed_dose_gy:
        yield "prior course"
    for cycle, measurement in zip(case.cycles, measured, strict=True):
        nuclides = [a.nuclide for a in cycle.administrations]
        yield "tandem" if len(nuclides) > 1 else "single nuclide"
        if len({a.start for a in cycle.administrations}) > 1:
            yield "separate injections"
        if nuclides[0] == Y:
            yield "90Y listed first"
        if measurement is None:
            yield "entered" if cycle.entered is not None else "cycle without dosimetry"
            continue
        yield f"{len(measurement.time_points)} scans"
        yield f"{len(cycle.blood_samples)} blood samples"
        yield f"whole body {cycle.whole_body.method}"
        if any(Y in sample.activity_concentration_bq_per_ml for sample in cycle.blood_samples):
            yield "blood of 90Y"
        roles = sorted(voi.voi.role for voi in measurement.vois.values())
        yield "kidneys " + ", ".join(role for role in roles if role.startswith("kidney"))
        yield from {f"role {role}" for role in roles}
        if any(voi.enclosed for voi in measurement.vois.values()):
            yield "lesion inside the liver"


def test_that_the_random_courses_use_everything_there_is() -> None:
    """Each in at least three of the first 400 of the thousand."""
    seen: Counter[str] = Counter()
    for seed in range(400):
        seen.update(set(_traits(*random_case(seed))))
    wanted = [f"bundled {name}" for name in BUNDLED] + ["own protocol", "excluded point", "prior course"]
    for word, choices in (
        ("model", FitModel),
        ("weights", FitWeights),
        ("tail", FitTail),
        ("prior", FitPrior),
        ("single scan", SingleTimePointRule),
        ("rest of body", RestOfBody),
        ("marrow to blood", MarrowToBlood),
        ("predictor", Predictor),
        ("allocation", Allocation),
        ("rule", ActivityRule),
        ("kidneys", KidneyQuantity),
    ):
        wanted += [f"{word} {choice}" for choice in get_args(choices)]
    wanted += [f"limit {key}" for key in ("kidneys", "kidneys_bed", "red_marrow_per_cycle", "red_marrow_total")]
    wanted += [f"engine kidneys {engine}" for engine in ("organ-level", "sphere", "local-deposition")]
    wanted += ["engine lesion sphere", "engine lesion local-deposition", "tandem", "single nuclide"]
    wanted += ["separate injections", "90Y listed first", "entered", "cycle without dosimetry", "blood of 90Y"]
    wanted += ["1 scans", "2 scans", "3 scans", "4 scans", "6 scans", "0 blood samples", "2 blood samples"]
    wanted += ["whole body measured", "whole body field-of-view", "role lesion", "role red_marrow", "role other"]
    wanted += ["kidneys kidney_left, kidney_right", "kidneys kidney_left", "kidneys kidney_right", "kidneys kidneys"]
    wanted += ["lesion inside the liver", "few scans refuse", "few scans single-time-point"]
    assert [trait for trait in wanted if seen[trait] < 3] == []


def test_that_a_hundredth_more_in_any_number_of_a_random_course_is_found() -> None:
    rng = random.Random(8)
    for seed in (0, 5, 11):
        results, opinion = computed_twice(seed)
        for item in rng.sample(opinion["values"], 40):
            if item["path"][-1] in ("feasible", "stop") or abs(item["second_value"]) <= item["absolute_tolerance"]:
                continue
            changed = copy.deepcopy(results)
            place: Any = changed
            for key in item["path"][:-1]:
                place = place[key]
            place[item["path"][-1]] *= 1.01
            assert item["quantity"] in {found["quantity"] for found in compare(changed, opinion)}, item["path"]


# --- what is left out -------------------------------------------------------------------------------------------------

INPUTS = (
    "administrations",
    "samples",
    "time_points",
    "entered",
    "entered_relative_standard_uncertainty",
    "haematocrit",
    "number",
    "activity_bq",
    "uncorrected_activity_bq",
    "partial_volume_factor",
    "volume_ml",
    "density_g_per_ml",
    "random_standard_uncertainty_bq",
    "limit_gy",
    "planned_cycles",
    "prior_absorbed_dose_gy",
    "alpha_beta_gy",
    "repair_half_life_s",
    "certainty",
    "times_s",
    "times_after_infusion_s",
    "activity_concentration_bq_per_ml",
    "infusion_s",
    "cycle",
    "cycles",
)
"""Keys of what was measured, entered or counted: nothing to compute again."""


def _numbers(tree: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _numbers(value, (*place, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _numbers(value, (*place, index))
    elif isinstance(tree, int | float) and not isinstance(tree, bool) and math.isfinite(tree):
        yield place


def _left_out(results: dict[str, Any], opinion: dict[str, Any]) -> set[str]:
    """Keys of numbers of cycles, course and plan that are neither inputs nor computed again."""
    confirmed = {tuple(item["path"]) for item in opinion["values"]}
    found = set()
    for part in ("cycles", "course", "plan"):
        for place in _numbers(results[part], (part,)):
            keys = [key for key in place[1:] if isinstance(key, str)]
            fitted = "fit" in keys and "curve" in keys
            if place in confirmed or (any(key in INPUTS for key in keys) and not fitted):
                continue
            found.add(_documented_key(keys))
    return found


def _documented_key(keys: list[str]) -> str:
    """The table's key for a place: the part of the tree that holds it."""
    if "with_enclosed_vois" in keys:
        return "with_enclosed_vois." + keys[keys.index("with_enclosed_vois") + 1]
    for key in ("uncertainty_effects", "uncertainty_budget", "engine_comparison"):
        if key in keys:
            return f"{key}.{keys[-1]}" if key == "uncertainty_budget" else key
    for key in ("whole_body", "blood"):
        if key in keys:
            return f"{key}.{next(k for k in keys[keys.index(key) + 1 :] if k not in ('fit', LU, Y))}"
    if "fit" in keys:
        return f"fit.{keys[keys.index('fit') + 2]}"
    named = [key for key in keys if key not in (LU, Y, "total", "vois", "organs")]
    return named[-1]


def test_that_what_the_second_opinion_leaves_out_is_documented() -> None:
    section = document("validation.md").partition("## What the second opinion leaves out")[2].partition("\n## ")[0]
    documented = {key.strip("` ") for row in table_rows(section) for key in row[0].split(",")}
    found: set[str] = set()
    for seed in range(30):
        results, opinion = computed_twice(seed)
        if not results["plan"]["refused"]:
            found |= _left_out(results, opinion)
    assert sorted(found - documented) == []
    assert sorted(documented - found) == []
