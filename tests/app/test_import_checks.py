from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from app.import_checks import checks_of, delay_arithmetic, field_of_view_checks, worst
from dosimetry_core.case import Administration, Calibration, Case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.quantification.findings import field_of_view_findings
from dosimetry_core.quantification.measurement import CycleMeasurement
from tests.app.small_values import case as make_case
from tests.app.small_values import time_point

CALIBRATION = Calibration(sensitivity_cps_per_bq=9.61e-6, convention="clock-seconds-all-heads")


@pytest.fixture
def case() -> Case:
    made = make_case()
    return replace(made, cycles=(replace(made.cycles[0], calibration=CALIBRATION),))


def verdicts(case: Case, point_index: int = 1) -> dict[str, str]:
    cycle = case.cycles[0]
    return {check.question: check.verdict for check in checks_of(case, cycle, cycle.time_points[point_index])}


def test_that_a_complete_scan_is_all_good(case: Case) -> None:
    assert set(verdicts(case).values()) == {"good"}


def test_that_counts_without_a_sensitivity_are_an_error(case: Case) -> None:
    bare = replace(case, cycles=(replace(case.cycles[0], calibration=Calibration()),))
    assert verdicts(bare)["Values"] == "error"


def test_that_the_sensitivity_that_is_used_is_named(case: Case) -> None:
    cycle = replace(case.cycles[0], calibration=replace(CALIBRATION, sensitivity_with_yttrium_90_cps_per_bq=10.2e-6))
    yttrium = replace(cycle.administrations[0], nuclide="Y-90")
    for given, expected in (
        (cycle.administrations, "9.61 counts/s/MBq (clock seconds all heads)"),
        ((*cycle.administrations, yttrium), "10.20 counts/s/MBq (clock seconds all heads, measured beside ⁹⁰Y)"),
    ):
        shown = replace(cycle, administrations=given)
        checks = checks_of(replace(case, cycles=(shown,)), shown, shown.time_points[1])
        assert expected in next(check.answer for check in checks if check.question == "Values")


def test_that_more_activity_than_was_given_is_an_error_of_its_scan_with_its_causes() -> None:
    """A sensitivity too low by the number of heads: the check may not say that all is good."""
    fractions = (1.4, 0.4)
    found = field_of_view_findings([4e3, 9e4], [9e9, 2e9], fractions, 1.2e-6, "cycle 1")
    scans = tuple(SimpleNamespace(field_of_view_fraction=fraction) for fraction in fractions)
    measured = cast(CycleMeasurement, SimpleNamespace(findings=tuple(found), time_points=scans))
    (first,), (second,) = (field_of_view_checks(measured, number) for number in (1, 2))
    assert first.verdict == "error"
    assert "140.0 % of the administered activity" in first.answer
    assert (second.verdict, second.answer) == ("good", "40.0 % of the administered activity, decay counted")
    assert field_of_view_checks(measured, 3) == field_of_view_checks(None, 1) == ()


def test_that_another_patient_is_an_error(case: Case) -> None:
    cycle = replace(case.cycles[0], time_points=(time_point(patient="P-2"),))
    assert verdicts(replace(case, cycles=(cycle,)), 0)["Same patient"] == "error"


def test_that_a_missing_ct_is_a_warning(case: Case) -> None:
    cycle = replace(case.cycles[0], time_points=(time_point(with_ct=False),))
    found = checks_of(case, cycle, cycle.time_points[0])
    assert {check.question: check.verdict for check in found}["SPECT/CT pair"] == "warning"
    assert worst(found) == "warning"


def test_that_a_nuclide_that_was_not_given_is_an_error(case: Case) -> None:
    given = replace(case.cycles[0].administrations[0], nuclide="Y-90")
    cycle = replace(case.cycles[0], administrations=(given,))
    assert verdicts(replace(case, cycles=(cycle,)))["Nuclide"] == "error"


def test_that_a_scan_before_the_administration_is_an_error(case: Case) -> None:
    cycle = replace(case.cycles[0], time_points=(time_point(hours=-5.0),))
    assert verdicts(replace(case, cycles=(cycle,)), 0)["Delay"] == "error"


def test_that_a_clock_offset_is_told(case: Case) -> None:
    cycle = replace(case.cycles[0], clock_offset_s=FrozenMap({"scanner": 90.0}))
    check = next(c for c in checks_of(case, cycle, cycle.time_points[0]) if c.question == "Clocks")
    assert check.answer == "scanner +90 s"


def test_that_the_delay_is_elapsed_time_across_a_clock_change(case: Case) -> None:
    # 29 to 30 March 2025: clocks in Warsaw went from 2 to 3 o'clock, so the wall clocks differ by one hour more.
    zone = ZoneInfo("Europe/Warsaw")
    from datetime import UTC

    start = datetime(2025, 3, 29, 9, 45, tzinfo=zone)
    scan = datetime(2025, 3, 30, 10, 0, tzinfo=zone).astimezone(UTC)
    point = time_point()
    point = replace(point, spect=replace(point.spect, acquisition_start=scan))
    cycle = replace(
        case.cycles[0],
        administrations=(Administration("Lu-177", 7.4e9, start.astimezone(UTC), 1800.0),),
        time_points=(point,),
    )
    text = delay_arithmetic(case, cycle, point)
    assert text == "30 Mar 10:00:00 CEST − 29 Mar 10:00:00 CET = 23.00 h"
