"""What was given, read from its file, and what the record of a plan says: units, second reading, interval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dosimetry_core.case import Administration, VialMeasurement
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.administration_entry import (
    PlannedCycle,
    SecondReading,
    entry_findings,
    planned_cycle,
    questions,
)
from dosimetry_core.planning.administration_record import AdministrationRecord, read_administration_record

LU, Y = "Lu-177", "Y-90"
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
RECORD = """patient_id = "P-77"
cycle = 2
given_by = "A. Nowak"
[[administration]]
nuclide = "Lu-177"
start = 2026-11-21T10:00:00+00:00
infusion_min = 30.0
vial_activity_mbq = 7413.5
vial_time = 2026-11-21T09:15:00+00:00
residual_activity_mbq = 13.5
residual_time = 2026-11-21T11:00:00+00:00
"""
SECOND = """[second_reading]
read_by = "B. Kowalska"
patient_id = "P-77"
vial_activity_mbq = { "Lu-177" = 7413.5 }
residual_activity_mbq = { "Lu-177" = 13.5 }
"""


def test_that_both_readings_of_a_record_are_in_the_same_unit(tmp_path: Path) -> None:
    path = tmp_path / "given.toml"
    path.write_text(RECORD + SECOND)
    found = read_administration_record(path, ZoneInfo("UTC"))
    vial = found.administrations[0].vial
    assert (found.patient_id, found.cycle, found.given_by, found.comment) == ("P-77", 2, "A. Nowak", "")
    assert vial is not None
    assert found.second is not None
    assert vial.vial_activity_bq == found.second.vial_activity_bq[LU] == pytest.approx(7.4135e9)
    assert vial.residual_activity_bq == found.second.residual_activity_bq[LU] == pytest.approx(13.5e6)


def test_that_a_record_without_a_second_reading_says_so(tmp_path: Path) -> None:
    path = tmp_path / "given.toml"
    path.write_text(RECORD)
    assert read_administration_record(path, ZoneInfo("UTC")).second is None


def test_that_the_planned_cycle_is_read_from_the_record_of_a_plan() -> None:
    plan = {"next_cycle": 2, "activities": {LU: {"administered_activity_gbq": 7.4}}}
    found = planned_cycle({"patient": {"id": "P-77"}, "plan": plan}, START)
    assert (found.patient_id, found.cycle, found.made_at) == ("P-77", 2, START)
    assert found.activities_bq[LU] == pytest.approx(7.4e9)
    with pytest.raises(InconsistentCaseError, match="no cycle"):
        planned_cycle({"patient": {"id": "P-77"}, "plan": {**plan, "next_cycle": None}}, START)


def test_that_only_warnings_are_questions() -> None:
    findings = tuple(Finding(f"made-{level}", level, "Made up.", "") for level in ("info", "warning", "error"))
    assert [finding.level for finding in questions(findings)] == ["warning"]


def test_that_the_interval_counts_from_the_first_of_two_infusions() -> None:
    """70 days are the most without a question; the 90Y begins six hours after the 177Lu."""
    begins = {LU: START, Y: START + timedelta(hours=6)}
    given = [
        Administration.from_vial(
            name, VialMeasurement(3e9, start, 0.0, start + timedelta(hours=1)), start=start, infusion_s=1800.0
        )
        for name, start in begins.items()
    ]
    plan = PlannedCycle("P-77", 2, FrozenMap({LU: 3e9, Y: 3e9}))
    second = SecondReading("B", "P-77", FrozenMap({LU: 3e9, Y: 3e9}), FrozenMap({LU: 0.0, Y: 0.0}))

    def codes(last: datetime) -> set[str]:
        now = START + timedelta(hours=9)
        return {finding.code for finding in entry_findings(plan, "P-77", 2, given, second, now=now, last_start=last)}

    assert codes(START - timedelta(days=69, hours=21)) == set()
    assert codes(START - timedelta(days=70, hours=3)) == {"entry-interval-unusual"}


def test_that_the_calibrators_clock_is_set_right_and_no_other_clock_is_known(tmp_path: Path) -> None:
    def read(line: str) -> AdministrationRecord:
        path = tmp_path / "given.toml"
        path.write_text(f"{line}\n{RECORD}", "utf-8")
        return read_administration_record(path, ZoneInfo("Europe/Warsaw"))

    plain, late = read(""), read("clock_offset_s = { dose_calibrator = 120 }")
    assert (plain.calibrator_offset_s, late.calibrator_offset_s) == (0.0, 120.0)
    vials = [record.administrations[0].vial for record in (plain, late)]
    assert vials[0] is not None
    assert vials[1] is not None
    assert abs(vials[1].vial_time - vials[0].vial_time) == timedelta(minutes=2)
    assert late.administrations[0].start == START
    for clock in ("scanner", "pharmacy"):
        with pytest.raises(DosimetryError, match=f"unknown clock '{clock}'"):
            read(f"clock_offset_s = {{ {clock} = 5 }}")
