"""The whole chain on a small body: DICOM files to doses, compared with what was put in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.pipeline import compute
from dosimetry_core.results_json import results_json
from tests.figures import (
    Comparison,
    comparisons,
    largest,
    of_kidneys,
    of_lesions_from,
    of_solid_organs,
    picked,
    root_mean_square,
    share_within_deviations,
)
from tests.study.ellipsoids import small_subject
from tests.study.plan import CyclePlan, StudyPlan
from tests.study.writing import write_study

PLAN = StudyPlan(
    "small",
    seed=1,
    cycles=(CyclePlan("nm-counts-against-normal", "structure-set"),),
    spect_shape=(64, 56, 76),
    reference_ct_mm=(4.0, 2.5),
    other_ct_mm=(5.0, 4.0),
)


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("small study")
    write_study(folder, PLAN, small_subject(PLAN))
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    return compute(read_case(folder)), truth


@pytest.fixture(scope="module")
def found(computed: tuple[Evaluation, dict[str, Any]]) -> list[Comparison]:
    evaluation, truth = computed
    return comparisons(results_json(evaluation), truth)


def test_that_kidneys_are_within_their_noise_of_the_truth(found: list[Comparison]) -> None:
    # 1.2 to 2.2 % noise per scan gives about 1.5 % in the integral.
    values = picked(found, "time-integrated activity", of_kidneys)
    assert root_mean_square(values) <= 0.025
    assert largest(values) <= 0.05


def test_that_organ_doses_are_within_5_percent(found: list[Comparison]) -> None:
    assert largest(picked(found, "absorbed dose", of_solid_organs)) <= 0.05


def test_that_lesion_doses_are_within_10_percent(found: list[Comparison]) -> None:
    values = picked(found, "absorbed dose", of_lesions_from(5.0))
    assert values
    assert largest(values) <= 0.10


def test_that_the_marrow_dose_is_within_5_percent(found: list[Comparison]) -> None:
    assert largest(picked(found, "absorbed dose", lambda item: item.role == "red_marrow")) <= 0.05


def test_that_the_truth_lies_within_3_stated_uncertainties(found: list[Comparison]) -> None:
    assert share_within_deviations(found, 3.0) >= 0.98


def test_that_time_points_are_aligned_to_a_fraction_of_a_voxel(
    computed: tuple[Evaluation, dict[str, Any]],
) -> None:
    evaluation, truth = computed
    cycle = evaluation.case.cycles[0]
    lain = [
        RigidTransform(np.array(p["scanner_from_body"]["rotation"]), p["scanner_from_body"]["translation_mm"])
        for p in truth["cycles"][0]["time_points"]
    ]
    reference = lain[cycle.reference_time_point]
    kidneys = np.array([voi.mask.centroid_mm() for voi in cycle.vois if voi.role.startswith("kidney")])
    for point, there in zip(cycle.time_points, lain, strict=True):
        expected = there.after(reference.inverse()).apply(kidneys)
        assert np.abs(point.registration.transform.apply(kidneys) - expected).max() < 0.5


def test_that_no_finding_but_the_expected_ones_is_raised(computed: tuple[Evaluation, dict[str, Any]]) -> None:
    evaluation, _ = computed
    raised = {finding.code for finding in evaluation.findings if finding.level != "info"}
    # The case says that there are bone metastases; a lesion's long half-life leaves a tail; the plan goes to the limit.
    assert raised <= {"bone-metastases", "extrapolated-fraction", "probability-of-exceeding", "high-activity"}
