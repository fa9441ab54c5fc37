"""Another course opened while values are typed, read or measured: none of them goes into it."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.follow_up import receptor_page
from app.follow_up.window import FollowUpWindow
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.case_file import read_case
from dosimetry_core.follow_up import FollowUp, ReceptorLesionValue, ReceptorScan
from tests.app.follow_up.conftest import CASE
from tests.dosimetry_core.followup import test_receptor_dicom
from tests.phantoms import Visit

LATER = date(2025, 3, 20)


def open_other(window: MainWindow, folder: Path, patient: str = "P-8") -> None:
    """Put the same course of another patient into the window."""
    other = folder / "other"
    other.mkdir()
    text = CASE.replace('"P-7"', f'"{patient}"').replace("Small^Case", "Other^Patient")
    (other / "case.toml").write_text(text, "utf-8")
    window.opening.open_case(read_case(other))


def type_on_every_page(window: MainWindow, follow_up: FollowUpWindow) -> None:
    """A draft in every table and field, and a file waiting to be taken."""

    def show(name: str) -> None:
        follow_up.show_page(name)
        wait_until_idle(window)

    show("samples")
    follow_up.samples.blood.table.replace_rows([{"time": "2025-03-03 11:10", "Lu-177": "100"}])
    follow_up.samples.body.table.replace_rows([{"time": "2025-03-03 11:10", "activity": "7000"}])
    follow_up.samples.efficiency.setText("300")
    follow_up.samples.background.setText("2")
    show("laboratory")
    laboratory = follow_up.laboratory
    laboratory.choose(None)
    laboratory.day.setText(LATER.isoformat())
    laboratory.visit.setCurrentIndex(2)
    rows = laboratory.card.table.rows()
    next(row for row in rows if row["name"] == "Platelets")["value"] = "45"
    laboratory.card.table.replace_rows(rows)
    laboratory.read_text("date;name;value;unit\n2025-03-21;Platelets;40;G/L\n", "a.csv")
    show("entry")
    rows = follow_up.entry.card.table.rows()
    next(row for row in rows if row["question"] == "Earlier PRRT")["answer"] = "yes"
    follow_up.entry.card.table.replace_rows(rows)
    follow_up.entry.stated_on.setText("2025-02-20")
    show("response")
    follow_up.response.lesions.table.replace_rows([{"name": "Liver S6", "organ": "liver", "kind": "target"}])
    follow_up.response.assessments.table.replace_rows([{"date": "2025-02-21", "note": "CT"}])
    show("receptor")
    receptor = follow_up.receptor
    receptor.weight.setText("120")
    lesion = ReceptorLesionValue("L1", 10.0, 5.0, None, 3.0)
    receptor._add(ReceptorScan(LATER, "Ga-68", "as drawn", (lesion,)), window.session.whose)
    show("events")
    follow_up.events.events.table.replace_rows(
        [{"term": "Anaemia", "grade": "3", "relation": "possible", "onset": "2025-03-20", "outcome": "unknown"}]
    )
    follow_up.events.end.table.replace_rows([{"date": "2025-03-21", "reason": "toxicity"}])


def cards(follow_up: FollowUpWindow) -> dict[str, Any]:
    return {
        "blood": follow_up.samples.blood,
        "body": follow_up.samples.body,
        "laboratory": follow_up.laboratory.card,
        "entry": follow_up.entry.card,
        "lesions": follow_up.response.lesions,
        "assessments": follow_up.response.assessments,
        "receptor": follow_up.receptor.scans,
        "events": follow_up.events.events,
        "end": follow_up.events.end,
    }


# The second is another course of a patient with the same ID.
@pytest.mark.parametrize(("patient", "in_view"), [("P-8", "laboratory"), ("P-7", "events")])
def test_that_nothing_typed_for_one_course_is_taken_into_another(
    window: MainWindow, follow_up: FollowUpWindow, tmp_path: Path, patient: str, in_view: str
) -> None:
    type_on_every_page(window, follow_up)
    assert [name for name, card in cards(follow_up).items() if not card.is_draft] == []
    assert follow_up.laboratory.take_import.isEnabled()
    follow_up.show_page(in_view)
    open_other(window, tmp_path, patient)
    wait_until_idle(window)
    before = window.session.document.case
    assert before.patient.name == "Other^Patient"
    for page in ("samples", "laboratory", "entry", "response", "receptor", "events"):
        follow_up.show_page(page)
        wait_until_idle(window)
    assert [name for name, card in cards(follow_up).items() if card.is_draft or card.take.isEnabled()] == []
    assert [name for name, card in cards(follow_up).items() if card.table.can_undo] == []
    laboratory = follow_up.laboratory
    assert (laboratory.day.text(), laboratory.visit.currentIndex()) == ("", 0)
    assert not laboratory.take_import.isEnabled()
    assert follow_up.entry.stated_on.text() == ""
    assert follow_up.receptor.weight.text() == ""
    assert follow_up.receptor._measured == []
    assert (follow_up.samples.efficiency.text(), follow_up.samples.background.text()) == ("", "0")
    laboratory.take()
    laboratory.take_file()
    follow_up.samples.take_blood()
    follow_up.samples.take_body()
    follow_up.entry.take()
    follow_up.response.take_lesions()
    follow_up.response.take_assessments()
    follow_up.receptor.take()
    follow_up.events.take_events()
    follow_up.events.take_end()
    wait_until_idle(window)
    after = window.session.document.case
    assert after.follow_up == FollowUp()
    assert [cycle.laboratory for cycle in after.cycles] == [cycle.laboratory for cycle in before.cycles]
    assert after.cycles[0].blood_samples == before.cycles[0].blood_samples == ()


def test_that_pages_wait_until_the_other_course_is_shown(
    window: MainWindow, follow_up: FollowUpWindow, tmp_path: Path
) -> None:
    follow_up.show_page("events")
    wait_until_idle(window)
    assert follow_up.events.isEnabled()
    open_other(window, tmp_path)
    assert not follow_up.events.isEnabled()
    wait_until_idle(window)
    assert follow_up.events.isEnabled()
    assert follow_up.patient.text().endswith("P-8")


def test_that_what_is_typed_stays_through_other_changes_of_the_course(
    window: MainWindow, follow_up: FollowUpWindow
) -> None:
    type_on_every_page(window, follow_up)
    follow_up.events.take_events()
    wait_until_idle(window)
    kept = [name for name, card in cards(follow_up).items() if card.is_draft]
    assert kept == ["blood", "body", "laboratory", "entry", "lesions", "assessments", "receptor", "end"]
    assert follow_up.laboratory.take_import.isEnabled()


def test_that_a_scan_measured_for_one_course_is_left_out_of_another(
    window: MainWindow, follow_up: FollowUpWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def measured(_folder: Path, _vois: object, _rule: object, _zone: str, patient: str, *_more: Any, **_others: Any):  # type: ignore[no-untyped-def]
        asked.append(patient)
        time.sleep(1.0)
        return ReceptorScan(LATER, "Ga-68", "as drawn", (ReceptorLesionValue("L1", 10.0, 5.0, None, 3.0),))

    monkeypatch.setattr(receptor_page, "measured_scan", measured)
    follow_up.show_page("receptor")
    follow_up.receptor.measure_from(tmp_path, ())
    open_other(window, tmp_path)
    wait_until_idle(window)
    assert asked == ["P-7"]
    assert "left out" in follow_up.receptor.message.text()
    assert not follow_up.receptor.scans.is_draft
    follow_up.receptor.take()
    assert window.session.document.case.follow_up.receptor_scans == ()


def test_that_the_pet_of_another_patient_is_refused(
    window: MainWindow, follow_up: FollowUpWindow, tmp_path: Path
) -> None:
    pet, vois = test_receptor_dicom.write(tmp_path)
    follow_up.show_page("receptor")
    follow_up.receptor.measure_from(pet, (vois,))
    wait_until_idle(window)
    assert f"is of patient {Visit().patient_id}" in follow_up.receptor.message.text()
    assert not follow_up.receptor.scans.is_draft
