from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.nuclide import LU177
from dosimetry_core.virtual_patient import demonstration as demo
from dosimetry_core.virtual_patient.case_text import (
    BLOOD_TIMES_S,
    LIMITS,
    CycleText,
    case_text,
    draw_blood,
    draw_laboratory,
)
from dosimetry_core.virtual_patient.course import INFUSION_S, elapsed_s
from tests.dosimetry_core.virtual_patient.conftest import Individual


@pytest.fixture
def text(individual: Individual) -> str:
    person = demo._person(individual.seed, individual.body)
    cycles = [
        CycleText(
            cycle,
            tuple(individual.anatomy.surfaces),
            demo.CAMERA,
            cycle.number == 1,
            draw_blood(individual.seed, cycle),
            draw_laboratory(individual.seed, individual.body.sex, cycle.number),
        )
        for cycle in individual.cycles
    ]
    return case_text(person, "duonen-b", cycles)


def test_that_the_case_file_is_read_as_it_was_meant(individual: Individual, text: str, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(text, "utf-8")
    case = read_case(tmp_path)
    for read, cycle in zip(case.cycles, individual.cycles, strict=True):
        assert {a.nuclide: a.administered_activity_bq for a in read.administrations} == cycle.administered_activity_bq
        assert all(a.time_zero == cycle.time_zero for a in read.administrations)
        assert read.voi_roles["Kidney L"] == "kidney_left"
        assert read.calibration.point_spread_fwhm_mm == (demo.CAMERA.point_spread_fwhm_mm,) * 3
    first, second = (cycle.calibration for cycle in case.cycles)
    assert first.sensitivity_cps_per_bq == pytest.approx(demo.CAMERA.sensitivity_cps_per_bq)
    assert first.dead_time_s == pytest.approx(demo.CAMERA.dead_time_s)
    assert second.sensitivity_cps_per_bq is None


def test_that_case_files_are_plain_toml_with_offsets_across_the_clock_change(text: str) -> None:
    read = tomllib.loads(text)
    starts = [cycle["administration"][0]["start"] for cycle in read["cycle"]]
    assert [start.utcoffset().total_seconds() for start in starts] == [3600, 7200]


def test_that_blood_scatters_by_two_percent_about_the_curve(individual: Individual) -> None:
    cycle = individual.cycles[0]
    deviations = []
    for number in range(1, 41):
        for time, value in draw_blood(type(individual.seed)(number), cycle):
            after_zero = elapsed_s(cycle.time_zero, time)
            true = cycle.administered_activity_bq[LU177] * cycle.blood.after_infusion(after_zero, INFUSION_S)
            deviations.append(value / true - 1)
    # 200 samples know a deviation to 5 %.
    assert np.std(deviations) == pytest.approx(0.02, rel=0.15)


def test_that_blood_is_drawn_after_the_end_of_the_infusion(individual: Individual) -> None:
    cycle = individual.cycles[1]
    after_end = [elapsed_s(cycle.time_zero, t) - INFUSION_S / 2 for t, _ in draw_blood(individual.seed, cycle)]
    assert after_end == pytest.approx(list(BLOOD_TIMES_S), rel=0.1)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("sex", ["F", "M"])
def test_that_laboratory_values_lie_within_their_limits(individual: Individual, sex: str, number: int) -> None:
    for seed in range(1, 30):
        for key, value in draw_laboratory(type(individual.seed)(seed), sex, number).items():
            side, limit = LIMITS[sex][key]
            assert value >= limit if side == "lower" else value <= limit
