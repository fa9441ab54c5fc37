"""Safety, entry criteria, response, receptor scans and adverse events in the window."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.follow_up.window import PAGES, FollowUpWindow
from app.main_window import MainWindow
from app.plans.input_rules import is_input
from app.screenshots import wait_until_idle
from dosimetry_core.follow_up import (
    AdverseEvent,
    EntryFacts,
    FollowUp,
    ReceptorScan,
    ResponseAssessment,
    TreatmentEnd,
)
from dosimetry_core.followup.treatment_start import treatment_start
from tests.dosimetry_core.followup import test_receptor_dicom
from tests.phantoms import Visit
from widgets.theme import shades
from widgets.trend_plot import grade_colour

LEFT = Qt.MouseButton.LeftButton


def shown_page(follow_up: FollowUpWindow, name: str) -> None:
    follow_up.show_page(name)
    assert follow_up.tabs.currentWidget() is follow_up._pages[PAGES.index(name)]


def test_that_a_death_is_taken_and_contradictions_to_it_are_not(window: MainWindow, follow_up: FollowUpWindow) -> None:
    shown_page(follow_up, "events")
    page = follow_up.events
    start = treatment_start(window.session.document.case)
    assert start is not None
    died, alive = start + timedelta(days=60), start + timedelta(days=61)
    page.vital.table.go_to(0, "date")
    page.vital.table.paste_text(f"{died.isoformat()}\tdead\n{alive.isoformat()}\talive")
    assert not page.vital.take.isEnabled()
    assert "after the death" in page.vital.note.text()
    page.vital.table.go_to(0, "date")
    page.vital.table.paste_text(f"{alive.isoformat()}\tdead\n{died.isoformat()}\talive")
    QTest.mouseClick(page.vital.take, LEFT)
    wait_until_idle(window)
    recorded = window.session.document.case.follow_up
    assert (recorded.alive_on, recorded.died_on) == (died, alive)
    assert window.session.document.undo_label == "Vital status"
    page.end.table.go_to(0, "date")
    page.end.table.paste_text(f"{died.isoformat()}\tdeath")
    assert not page.end.take.isEnabled()
    assert "on another day" in page.end.note.text()
    page.end.table.go_to(0, "reason")
    page.end.table.paste_text("completed")
    assert page.end.take.isEnabled()
    # What the case file would refuse is not taken on the other pages either.
    response = follow_up.response
    shown_page(follow_up, "response")
    later = alive + timedelta(days=1)
    response.lesions.table.go_to(0, "name")
    response.lesions.table.paste_text("Liver S6\tliver\ttarget")
    QTest.mouseClick(response.lesions.take, LEFT)
    wait_until_idle(window)
    for day, is_taken in ((later, False), (alive, True)):
        response.assessments.table.go_to(0, "date")
        response.assessments.table.paste_text(f"{day.isoformat()}\t50")
        assert response.assessments.take.isEnabled() == is_taken
    assert "assessment of the tumours" not in response.assessments.note.text()


def test_that_lesions_and_assessments_become_a_response(window: MainWindow, follow_up: FollowUpWindow) -> None:
    shown_page(follow_up, "response")
    page = follow_up.response
    page.lesions.table.go_to(0, "name")
    page.lesions.table.paste_text("Liver S6\tliver\ttarget\nNode\tlymph node\ttarget-n")
    QTest.mouseClick(page.lesions.take, LEFT)
    wait_until_idle(window)
    assert [lesion.kind for lesion in window.session.document.case.follow_up.lesions] == ["target", "target-node"]
    page.assessments.table.go_to(0, "date")
    page.assessments.table.paste_text("2025-02-21\t50\t20\n2025-05-21\t20\t9\n2025-08-21\t40\t9")
    responses = [page.assessments.table.shown(row, "response") for row in range(3)]
    assert responses == ["baseline", "PR", "PD"]
    assert page.assessments.table.shown(2, "nadir") == "+69 %"
    QTest.mouseClick(page.assessments.take, LEFT)
    wait_until_idle(window)
    assert "Best overall response PR" in page.verdict.text()
    assert "progression on 21 Aug 2025" in page.verdict.text()
    assert page.waterfall.isVisibleTo(page)
    assert window.session.document.undo_label == "Tumour response"
    # A lesion with sizes can't lose its name unnoticed.
    page.lesions.table.go_to(0, "name")
    page.lesions.table.paste_text("Liver S7")
    QTest.mouseClick(page.lesions.take, LEFT)
    assert "Liver S6 has sizes" in page.lesions.note.text()
    assert len(window.session.document.case.follow_up.responses) == 3


def test_that_krenning_scores_stand_beside_the_sizes(window: MainWindow, follow_up: FollowUpWindow) -> None:
    shown_page(follow_up, "response")
    page = follow_up.response
    page.lesions.table.paste_text("Liver S6\tliver\ttarget")
    page.take_lesions()
    wait_until_idle(window)
    page.assessments.table.go_to(0, "date")
    page.assessments.table.paste_text("2025-02-21\t50")
    page.what.setCurrentIndex(1)
    page.assessments.table.go_to(0, page.assessments.table.columns[1].key)
    page.assessments.table.paste_text("4")
    page.take_assessments()
    response = window.session.document.case.follow_up.responses[0]
    assert (dict(response.sizes_mm), dict(response.krenning)) == ({"Liver S6": 50.0}, {"Liver S6": 4})


def test_that_progression_before_treatment_is_shown_and_not_judged(
    window: MainWindow, follow_up: FollowUpWindow
) -> None:
    shown_page(follow_up, "response")
    page = follow_up.response
    page.lesions.table.go_to(0, "name")
    page.lesions.table.paste_text("Liver S6\tliver\ttarget")
    QTest.mouseClick(page.lesions.take, LEFT)
    wait_until_idle(window)
    page.assessments.table.go_to(0, "date")
    page.assessments.table.paste_text("2024-11-21\t20\n2025-02-21\t30\n2025-05-21\t27")
    assert [page.assessments.table.shown(row, "response") for row in range(3)] == ["before", "baseline", "SD"]
    assert page.assessments.table.shown(2, "change") == "-10 %"
    QTest.mouseClick(page.assessments.take, LEFT)
    wait_until_idle(window)
    assert page.verdict.text() == "Best overall response SD, best change of the sum -10 %."
    assert "1 assessment before it is not judged" in page.remarks.text()


def test_that_adverse_events_and_the_end_are_kept_and_undone(window: MainWindow, follow_up: FollowUpWindow) -> None:
    shown_page(follow_up, "events")
    page = follow_up.events
    page.events.table.go_to(0, "term")
    page.events.table.paste_text("Fatigue\t2\tprobable\t2025-03-10\t2025-04-01\trecovered")
    QTest.mouseClick(page.events.take, LEFT)
    page.end.table.go_to(0, "date")
    page.end.table.paste_text("2025-10-01\tdose-limit")
    QTest.mouseClick(page.end.take, LEFT)
    wait_until_idle(window)
    recorded = window.session.document.case.follow_up
    assert [event.grade for event in recorded.adverse_events] == [2]
    assert recorded.end is not None
    follow_up.undo()
    wait_until_idle(window)
    assert window.session.document.case.follow_up.end is None
    assert "treatment goes on" in page.end.note.text()
    page.events.table.go_to(1, "term")
    page.events.table.paste_text("Nausea\t7\tprobable\t2025-03-10")
    assert not page.events.take.isEnabled()


def test_that_entry_rules_answer_with_what_is_stated(window: MainWindow, follow_up: FollowUpWindow) -> None:
    shown_page(follow_up, "entry")
    page = follow_up.entry
    assert "can't be decided" in page.verdict.text()
    names = [row["question"] for row in page.card.table.rows()]
    page.card.table.go_to(names.index("Earlier PRRT"), "answer")
    page.card.table.paste_text("yes")
    QTest.keyClicks(page.stated_on, "2025-02-20")
    QTest.mouseClick(page.card.take, LEFT)
    wait_until_idle(window)
    assert dict(window.session.document.case.follow_up.entry.answers) == {"earlier_prrt": True}
    assert "not met" in page.verdict.text()
    texts = [page.outcomes.text(str(n), "why") for n in range(15) if page.outcomes.text(str(n), "answer") == "not met"]
    assert texts == ["Earlier PRRT: yes (20 Feb 2025)"]


def test_that_safety_shows_rules_trends_and_change(window: MainWindow, follow_up: FollowUpWindow) -> None:
    laboratory = follow_up.laboratory
    follow_up.show_page("laboratory")
    laboratory.read_text("date;name;value;unit\n2025-03-20;PLT;70;G/L\n", "pasted")
    laboratory.take_file()
    wait_until_idle(window)
    shown_page(follow_up, "safety")
    wait_until_idle(window)
    page = follow_up.safety
    assert "STOP by 1 rule" in page.verdict.text()
    assert page.changes.text("platelets_1e9_per_l", "change") == "-67 %"
    assert page.changes.text("platelets_1e9_per_l", "grade") == "2"
    plotted = [plot.shown for plot in page.plots if plot.isVisibleTo(page)]
    platelets = next(shown for shown in plotted if shown is not None and shown.title.startswith("Platelets"))
    assert platelets.values == (210.0, 70.0)
    assert platelets.grades == (0, 2)
    assert platelets.days == (-2.0, 17.0)
    assert platelets.cycles == ((0.0, 1),)
    assert [grade_colour(grade) for grade in (0, 4)] == [shades().good, shades().error]


def test_that_a_rule_met_earlier_is_said_when_no_later_value_meets_it(
    window: MainWindow, follow_up: FollowUpWindow
) -> None:
    follow_up.laboratory.read_text("date;name;value;unit\n2025-03-20;PLT;70;G/L\n2025-04-10;PLT;160;G/L\n", "pasted")
    follow_up.laboratory.take_file()
    shown_page(follow_up, "safety")
    wait_until_idle(window)
    page = follow_up.safety
    assert "STOP" not in page.verdict.text()
    assert "Met earlier, no longer: platelets < 80 × 10⁹/L (70, 2025-03-20)." in page.verdict.text()
    assert page.verdict.property("role") == "warning"
    answers = [page.rules.text(str(n), "answer") for n in range(8)]
    assert [answer for answer in answers if "earlier" in answer] == ["not met, met earlier"]


def test_that_a_receptor_scan_is_measured_from_dicom_and_taken(
    window: MainWindow,
    follow_up: FollowUpWindow,
    tmp_path: Path,
) -> None:
    visit = Visit("receptor", patient_id="P-7")
    pet, vois = test_receptor_dicom.write(tmp_path, visit=visit)
    shown_page(follow_up, "receptor")
    page = follow_up.receptor
    page.threshold.setText("50")
    page.measure_from(pet, (vois,))
    wait_until_idle(window)
    assert "2 lesions measured, 50 % of SUVmax" in page.message.text()
    assert window.session.document.position == 0
    QTest.mouseClick(page.scans.take, LEFT)
    wait_until_idle(window)
    (scan,) = window.session.document.case.follow_up.receptor_scans
    assert scan.series_sha256
    assert scan.lesions[0].suv_max == pytest.approx(12.0, rel=1e-3)
    assert page.summary.text(f"{scan.date.isoformat()}.0", "blood") == "6.3"
    page.threshold.setText("fifty")
    page.measure_from(pet, (vois,))
    assert "no number" in page.message.text()
    page.threshold.setText("50")
    page.measure_from(vois, (vois,))
    wait_until_idle(window)
    assert "no PET" in page.message.text()


def test_that_no_recorded_follow_up_makes_a_plan_stale() -> None:
    classes = (FollowUp, AdverseEvent, ResponseAssessment, ReceptorScan, EntryFacts, TreatmentEnd)
    assert [
        (cls.__name__, item.name) for cls in classes for item in fields(cls) if is_input(cls.__name__, item.name)
    ] == []
