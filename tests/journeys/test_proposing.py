"""Proposing VOIs in the real window: one click, one undoable step, each reviewed by a click."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from dosimetry_core.case import Case
from dosimetry_core.quantification.findings import proposal_findings
from tests.dosimetry_core.proposals.trunks import trunk


def test_that_one_click_proposes_and_another_reviews(window: MainWindow, opened_case: Case) -> None:
    cycle, _ = trunk()
    bare = replace(
        opened_case.cycles[0],
        time_points=cycle.time_points,
        administrations=cycle.administrations,
        vois=(),
        reference_time_point=0,
    )
    case = replace(opened_case, cycles=(bare,))
    window.opening.open_case(case)
    window.go_to("voi")
    wait_until_idle(window)
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    QTest.mouseClick(step.propose, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    document = window.session.document
    assert document.labels[-1].startswith("Propose VOIs")
    vois = {voi.role: voi for voi in document.case.cycles[0].vois}
    assert {"kidney_left", "kidney_right", "liver", "spleen", "lesion"} <= set(vois)
    assert all(voi.proposed for voi in vois.values())
    assert proposal_findings(document.case.cycles[0].vois, "cycle 1")
    window.session.view_state.set_voi(vois["liver"].voi_id)
    QTest.mouseClick(step.scans.review, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert document.labels[-1] == "Review Liver"
    assert not next(voi for voi in document.case.cycles[0].vois if voi.role == "liver").proposed
    # Looking at it is one step, accepting it another, proposing all of them a third.
    for _ in range(3):
        document.undo()
    assert document.case.cycles[0].vois == ()
