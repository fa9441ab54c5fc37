"""Alive and dead: as typed, in the case file, and what can't be beside a death."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.case_file_follow_up import follow_up_toml
from dosimetry_core.errors import DosimetryError
from dosimetry_core.follow_up import (
    AdverseEvent,
    FollowUp,
    ReceptorScan,
    ResponseAssessment,
    TreatmentEnd,
    death_contradictions,
)
from dosimetry_core.followup.record_entry import VitalStatus, read_vital_status, vital_status_rows

START, TODAY = date(2024, 3, 1), date(2026, 3, 1)
DEATH = date(2025, 9, 1)
ENTERED = Path(__file__).parents[2] / "reference" / "entered_doses"


def read(*rows: tuple[str, str]) -> tuple[VitalStatus, list[str]]:
    typed = [{"date": day, "status": status} for day, status in rows]
    status, remarks = read_vital_status(typed, today=TODAY, treatment_start=START)
    return status, [f"{remark.column}: {remark.text}" for remark in remarks if remark.level == "error"]


def test_that_both_days_are_read_and_written() -> None:
    status, errors = read(("2025-06-01", "alive"), ("01.09.2025", "d"))
    assert status == VitalStatus(date(2025, 6, 1), DEATH)
    assert errors == []
    rows = vital_status_rows(status.alive_on, status.died_on)
    assert read(*((row["date"], row["status"]) for row in rows))[0] == status
    assert read() == (VitalStatus(), [])


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([("2026-03-02", "dead")], "date"),  # tomorrow
        ([("2024-02-29", "dead")], "date"),  # before treatment
        ([("", "dead")], "date"),
        ([("2025-06-01", "")], "status"),
        ([("2025-06-01", "lost")], "status"),
        ([("2025-06-01", "dead"), ("2025-07-01", "dead")], "status"),
    ],
)
def test_that_what_can_not_be_is_refused(rows: list[tuple[str, str]], column: str) -> None:
    _, errors = read(*rows)
    assert len(errors) == 1
    assert errors[0].startswith(column)


@pytest.mark.parametrize(
    ("recorded", "words"),
    [
        (FollowUp(died_on=DEATH, alive_on=date(2025, 9, 2)), "alive on 2025-09-02"),
        (FollowUp(died_on=DEATH, end=TreatmentEnd(date(2025, 8, 1), "death")), "on another day"),
        (FollowUp(died_on=DEATH, responses=(ResponseAssessment(date(2025, 9, 2)),)), "assessment of the tumours"),
        (FollowUp(died_on=DEATH, receptor_scans=(ReceptorScan(date(2026, 1, 1), "t", "r", ()),)), "receptor scan"),
        (
            FollowUp(died_on=DEATH, adverse_events=(AdverseEvent("Nausea", 1, "possible", date(2025, 10, 1)),)),
            "adverse event",
        ),
    ],
)
def test_that_nothing_happens_after_death(recorded: FollowUp, words: str) -> None:
    (found,) = death_contradictions(recorded)
    assert words in found


def test_that_days_up_to_the_death_contradict_nothing() -> None:
    recorded = FollowUp(
        died_on=DEATH,
        alive_on=DEATH,
        end=TreatmentEnd(DEATH, "death"),
        responses=(ResponseAssessment(DEATH),),
        adverse_events=(AdverseEvent("Sepsis", 5, "unrelated", DEATH),),
    )
    assert death_contradictions(recorded) == ()
    assert death_contradictions(FollowUp(end=TreatmentEnd(DEATH, "completed"), alive_on=TODAY)) == ()


def test_that_the_case_file_holds_both_days_and_refuses_contradictions(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    shutil.copytree(ENTERED, folder)
    path = folder / "case.toml"
    text = path.read_text("utf-8")
    recorded = FollowUp(alive_on=date(2025, 6, 1), died_on=DEATH)
    path.write_text(f"{text}\n{follow_up_toml(recorded)}", "utf-8")
    assert read_case(folder).follow_up == recorded
    path.write_text(f"{text}\n{follow_up_toml(FollowUp(alive_on=TODAY, died_on=DEATH))}", "utf-8")
    with pytest.raises(DosimetryError, match="alive on 2026-03-01, after the death"):
        read_case(folder)
