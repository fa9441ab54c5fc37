"""Clocks corrected with the original beside: what moves, by how much, and what stays."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.import_corrections import answered, corrected, corrections_of, with_corrections_read
from dosimetry_core.case import Administration, Case, Cycle, VialMeasurement
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import nuclide
from dosimetry_core.progress import Progress, no_progress
from tests.app.small_values import case as make_case

ZONE = ZoneInfo("Europe/Warsaw")
START = datetime(2025, 3, 3, 10, 0, tzinfo=ZONE)
VIAL = VialMeasurement(7.6e9, START - timedelta(hours=1), 0.1e9, START + timedelta(hours=1))


def _read_as_it_stands(shift_s: float = 0.0) -> Callable[..., Cycle]:
    """What reads the images again, without files: all times later by a shift."""

    def read(case: Case, cycle: Cycle, *, progress: Progress) -> Cycle:
        later = timedelta(seconds=shift_s)
        points = tuple(
            replace(
                point,
                spect=replace(point.spect, acquisition_start=point.spect.acquisition_start + later),
                ct=point.ct and replace(point.ct, acquisition_start=point.ct.acquisition_start + later),
            )
            for point in cycle.time_points
        )
        return replace(cycle, time_points=points)

    return read


@pytest.fixture
def case() -> Case:
    made = make_case()
    lutetium = Administration.from_vial("Lu-177", VIAL, start=START, infusion_s=1800.0)
    yttrium = Administration("Y-90", 1.8e9, START, 1800.0)
    zone = replace(made.patient, time_zone="Europe/Warsaw")
    points = tuple(
        replace(point, spect=replace(point.spect, series_uid=f"1.2.{number}"))
        for number, point in enumerate(made.cycles[0].time_points)
    )
    given = (replace(lutetium, comment="as planned"), yttrium)
    cycle = replace(made.cycles[0], administrations=given, time_points=points)
    return replace(made, patient=zone, cycles=(cycle,))


def test_that_a_late_dose_calibrator_moves_the_vial_and_what_was_given_and_nothing_else(case: Case) -> None:
    """Both readings 600 s later: 600 s less of decay of the vial, and as much more growth of the residual."""
    before = case.cycles[0]
    after = corrected(before, "calibrator-clock", "600")
    given, other = after.administrations
    assert given.vial is not None
    assert given.vial.vial_time - VIAL.vial_time == given.vial.residual_time - VIAL.residual_time
    assert given.vial.vial_time - VIAL.vial_time == timedelta(seconds=600)
    growth = math.exp(math.log(2) * 600 / nuclide("Lu-177").physical_half_life_s)
    assert given.administered_activity_bq == pytest.approx(
        before.administrations[0].administered_activity_bq * growth, rel=1e-12
    )
    assert (given.start, given.comment) == (START, "as planned")
    assert other is before.administrations[1]
    assert dict(after.clock_offset_s) == {"dose_calibrator": 600.0}


def test_that_the_readings_as_entered_stay_beside_those_used_and_can_be_taken_back(case: Case) -> None:
    def shown(cycle: Cycle) -> tuple[str, str]:
        row = {one.key: one for one in corrections_of(case, cycle, cycle.time_points[0])}["calibrator-clock"]
        return row.original, row.used

    assert shown(case.cycles[0]) == ("read at 09:00:00, 11:00:00", "")
    once = corrected(case.cycles[0], "calibrator-clock", "600")
    twice = corrected(once, "calibrator-clock", "-60")
    assert shown(twice) == ("read at 09:00:00, 11:00:00", "-60 s: 08:59:00, 10:59:00")
    back = corrected(twice, "calibrator-clock", "")
    assert back.administrations == case.cycles[0].administrations
    assert back.clock_offset_s == FrozenMap()


def test_that_a_calibrator_whose_readings_have_no_times_can_not_be_corrected(case: Case) -> None:
    entered = replace(case.cycles[0], administrations=case.cycles[0].administrations[1:])
    with pytest.raises(InconsistentCaseError, match="no vial was read"):
        corrected(entered, "calibrator-clock", "600")


def test_that_a_position_is_entered_as_three_numbers_and_taken_back(case: Case) -> None:
    placed = corrected(case.cycles[0], "image-position", "-37; 12,5; 4")
    assert placed.calibration.image_position_mm == (-37.0, 12.5, 4.0)
    row = {one.key: one for one in corrections_of(case, placed, placed.time_points[0])}["image-position"]
    assert (row.used, row.is_corrected) == ("-37; 12.5; 4", True)
    assert corrected(placed, "image-position", "").calibration.image_position_mm is None
    for wrong in ("-37; 12.5", "a; b; c", "1; ; 2", "0; 0; 6000"):
        with pytest.raises(InconsistentCaseError, match="can't be taken"):
            corrected(placed, "image-position", wrong)


def test_that_a_clock_s_offset_which_may_be_read_in_two_ways_is_refused(case: Case) -> None:
    cycle = case.cycles[0]
    assert corrected(cycle, "scanner-clock", "12,5").clock_offset_s["scanner"] == 12.5
    with pytest.raises(InconsistentCaseError, match="1,200"):
        corrected(cycle, "scanner-clock", "1,200")


def test_that_a_calibrator_s_clock_is_a_finding_and_reads_no_image_again(case: Case) -> None:
    def read(*_given: object, **_named: object) -> Cycle:
        raise AssertionError("images were read")

    changed = corrected(case.cycles[0], "calibrator-clock", "600")
    after = with_corrections_read(case, 0, changed, read, progress=no_progress)
    (finding,) = [one for one in after.import_findings if one.code == "calibrator-clock-offset"]
    assert "+600 s" in finding.text
    back = corrected(after, "calibrator-clock", "")
    again = with_corrections_read(replace(case, cycles=(after,)), 0, back, read, progress=no_progress)
    assert "calibrator-clock-offset" not in {one.code for one in again.import_findings}


def test_that_a_scanner_s_clock_moves_the_ct_with_the_spect_and_keeps_its_numbers(case: Case) -> None:
    before = case.cycles[0]
    changed = corrected(before, "scanner-clock", "90")
    after = with_corrections_read(case, 0, changed, _read_as_it_stands(90.0), progress=no_progress)
    with_ct = [(a, b) for a, b in zip(before.time_points, after.time_points, strict=True) if a.ct and b.ct]
    assert with_ct
    for old, new in with_ct:
        assert old.ct is not None
        assert new.ct is not None
        moved = [b.acquisition_start - a.acquisition_start for a, b in ((old.spect, new.spect), (old.ct, new.ct))]
        assert moved == [timedelta(seconds=90)] * 2
        assert new.ct.volume is old.ct.volume


def test_that_a_correction_that_would_give_a_scan_another_ct_is_refused(case: Case) -> None:
    def read(case: Case, cycle: Cycle, *, progress: Progress) -> Cycle:
        return replace(cycle, time_points=tuple(replace(point, ct=None) for point in cycle.time_points))

    changed = corrected(case.cycles[0], "scanner-clock", "90")
    with pytest.raises(InconsistentCaseError, match="another CT"):
        with_corrections_read(case, 0, changed, read, progress=no_progress)


def test_that_an_answer_for_new_images_does_not_change_what_was_said_of_those_before(case: Case) -> None:
    """One answer counts for all images of a cycle: another one would correct earlier scans to another moment."""
    cycle = answered(case.cycles[0], {"decay-reference": "acquisition start"})
    assert cycle.calibration.image_decay_reference == "acquisition-start"
    assert answered(cycle, {"decay-reference": "acquisition start"}).calibration == cycle.calibration
    with pytest.raises(InconsistentCaseError, match="contradicts what was said of the images") as caught:
        answered(cycle, {"decay-reference": "none"})
    assert "Decay" in str(caught.value) or "decay" in str(caught.value)
    # In the section below the scans it can be corrected for all of them, as before.
    assert corrected(cycle, "decay-reference", "none").calibration.image_decay_reference == "none"
