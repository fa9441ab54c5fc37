"""One VOI on all scans: what needs eyes, who looked, a place or shape of its own on one scan, with the reason."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton, QToolButton, QWidget

from app.main_window import MainWindow
from app.scan_reviews import open_reviews
from app.screenshots import wait_until_idle
from app.session import show_case
from app.steps.voi_step import VoiStep
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration
from dosimetry_core.results_json import results_json
from dosimetry_core.scan_vois import review_on
from tests.journeys.reading import KIDNEY, grid
from tests.journeys.test_painting import BASE, drag
from tests.journeys.test_views import press
from widgets.time_strip import TimeStrip

SHIFT = Qt.KeyboardModifier.ShiftModifier


def found(step: VoiStep, kind: type[QWidget], name: str) -> QWidget:
    widget = step.inspector.findChild(kind, name)
    assert widget is not None
    return widget


def say_why(step: VoiStep, reason: str) -> None:
    box = found(step, QComboBox, "voi_scan_reason")
    assert isinstance(box, QComboBox)
    edit = box.lineEdit()
    assert edit is not None
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, reason)
    step.layouts.take_keyboard()


def activities(window: MainWindow) -> np.ndarray:
    results = window.session.cycle_result
    assert results is not None
    return np.array(results.vois[KIDNEY].curves["Lu-177"].activity_bq)


def test_that_reviewing_goes_through_every_voi_on_every_scan_what_differs_most_first(
    window: MainWindow, voi_step: VoiStep
) -> None:
    cycle = window.session.cycle
    assert cycle is not None
    wanted = len(cycle.vois) * len(cycle.time_points)
    weights = [round(one.weight, 3) for one in open_reviews(window.session)]
    assert len(weights) == wanted
    assert weights == sorted(weights, reverse=True)
    press(voi_step, Qt.Key.Key_N)
    most = open_reviews(window.session)
    here = (window.session.view_state.voi_id, window.session.view_state.time_point)
    assert here in [(one.voi_id, one.time_point) for one in most[:2]]
    for left in range(wanted, 0, -1):
        assert len(open_reviews(window.session)) == left
        press(voi_step, Qt.Key.Key_N, SHIFT)
    cycle = window.session.cycle
    assert cycle is not None
    assert open_reviews(window.session) == ()
    assert all(review_on(point, voi) is not None for point in cycle.time_points for voi in cycle.vois)
    table = voi_step.table
    assert {table.text(voi.voi_id, "review") for voi in cycle.vois} == {
        f"{len(cycle.time_points)} of {len(cycle.time_points)}"
    }
    strip = window.findChild(TimeStrip)
    assert strip is not None
    for cell in strip._cells.values():
        assert "reviewed by" in cell.accessibleDescription()
        assert "not reviewed" not in cell.accessibleDescription()
    # What is reviewed is undone and done again like everything else.
    assert len(window.session.document.labels) == wanted
    press(voi_step, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(open_reviews(window.session)) == 1


def test_that_a_stroke_ends_the_review_of_that_voi_alone(window: MainWindow, voi_step: VoiStep) -> None:
    cycle = window.session.cycle
    assert cycle is not None
    for _ in range(len(cycle.vois) * len(cycle.time_points)):
        voi_step.mark_reviewed()
        wait_until_idle(window)
    voi = next(voi for voi in cycle.vois if voi.name == KIDNEY)
    window.session.view_state.set_voi(voi.voi_id)
    window.session.view_state.set_tool("brush")
    start = voi.mask.centroid_mm() + np.array([18.0, 0.0, 0.0])
    window.session.view_state.set_cursor(start)
    drag(voi_step.grid.views["axial"], start, start + np.array([12.0, 0.0, 0.0]))
    wait_until_idle(window)
    assert {one.voi_id for one in open_reviews(window.session)} == {voi.voi_id}
    assert len(open_reviews(window.session)) == len(cycle.time_points)


def test_that_a_voi_is_shifted_on_one_scan_by_arrows_with_a_reason_that_stands_in_the_results(
    window: MainWindow, voi_step: VoiStep
) -> None:
    before, voi = activities(window), window.session.voi
    assert voi is not None
    window.session.view_state.set_time_point(1)
    wait_until_idle(window)
    button = found(voi_step, QToolButton, "voi_nudge_L")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert window.session.document.labels == (), "nothing is moved without a reason"
    say_why(voi_step, "breathing")
    for _ in range(6):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert window.session.document.labels == (f"Shift {KIDNEY}, scan 2 alone",), "clicks are one step"
    after = activities(window)
    assert after[0] == before[0]
    assert after[1] < 0.97 * before[1], "6 mm off its place a kidney has less"
    point = window.session.time_point
    assert point is not None
    moved = point.registration.voi_motions[voi.voi_id]
    assert moved.displacement_mm == pytest.approx((6.0, 0.0, 0.0), abs=1e-6)
    written = json.loads(json.dumps(results_json(window.session.document.evaluation)))
    said = written["cycles"][0]["time_points"][1]["registration"]["voi_motions"][KIDNEY]
    assert (said["reason"], said["method"]) == ("breathing", "manual")
    assert [f.code for f in window.session.document.evaluation.findings if f.code == "voi-moved"] == ["voi-moved"]
    QTest.mouseClick(found(voi_step, QPushButton, "voi_follow"), Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert activities(window) == pytest.approx(before, rel=1e-12)


def test_that_a_shape_of_its_own_on_one_scan_leaves_the_other_scans_and_the_mass_alone(
    window: MainWindow, voi_step: VoiStep
) -> None:
    before, voi = activities(window), window.session.voi
    assert voi is not None
    window.session.view_state.set_time_point(1)
    wait_until_idle(window)
    press(voi_step, Qt.Key.Key_H)
    window.session.view_state.set_tool("erase")
    window.session.view_state.set_brush_radius(12.0)
    view = voi_step.grid.views["axial"]
    start, end = voi.mask.centroid_mm(), voi.mask.centroid_mm() + np.array([10.0, 0.0, 0.0])
    drag(view, start, end)
    wait_until_idle(window)
    assert window.session.document.labels == (), "without a reason nothing is drawn"
    say_why(voi_step, "changed size")
    drag(view, start, end)
    wait_until_idle(window)
    assert window.session.document.labels == (f"Erase {KIDNEY}, cycle 1, scan 2 alone",)
    now, result = window.session.voi, window.session.cycle_result
    assert now is voi, "the VOI itself is as it was"
    assert result is not None
    measured = result.vois[KIDNEY]
    assert measured.volume_by_time_point_ml[0] == measured.volume_ml
    assert measured.volume_by_time_point_ml[1] < measured.volume_ml
    assert activities(window)[0] == before[0]
    assert activities(window)[1] < before[1]
    shown = grid(window, "voi_scans_table")
    names = [f"{BASE}.volume_by_time_point_ml.{scan}" for scan in (0, 1)]
    assert all(shown.findChild(QWidget, name) is not None for name in names)
    codes = {f.code: f for f in window.session.document.evaluation.findings}
    assert "changed size" in codes["voi-redrawn"].text
    assert "voi-not-reviewed" in codes
    window.session.view_state.set_time_point(0)
    wait_until_idle(window)
    assert not voi_step.target.here, "on another scan edits are for all scans again"


def test_that_the_shape_of_another_scan_is_taken_by_its_menu(window: MainWindow, voi_step: VoiStep) -> None:
    voi = window.session.voi
    assert voi is not None
    window.session.view_state.set_time_point(1)
    wait_until_idle(window)
    say_why(voi_step, "organ moved by itself")
    QTest.mouseClick(found(voi_step, QToolButton, "voi_nudge_S"), Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    window.session.view_state.set_time_point(2)
    wait_until_idle(window)
    say_why(voi_step, "as a day before")
    button = found(voi_step, QToolButton, "voi_copy_scan")
    assert isinstance(button, QToolButton)
    menu = button.menu()
    assert menu is not None
    menu.aboutToShow.emit()
    assert len(menu.actions()) == 3
    menu.actions()[1].trigger()
    wait_until_idle(window)
    cycle = window.session.cycle
    assert cycle is not None
    drawn = cycle.time_points[2].redrawn_vois[voi.voi_id]
    assert drawn.reason == "as a day before"
    moved = drawn.mask.centroid_mm() - voi.mask.centroid_mm()
    assert moved == pytest.approx(np.array([0.0, 0.0, 1.0]), abs=0.05)


def test_that_vois_of_another_cycle_come_as_proposals_by_the_alignment_of_both_ct(
    window: MainWindow, voi_step: VoiStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    button = found(voi_step, QPushButton, "voi_from_cycle")
    told: list[str] = []
    voi_step.told.connect(told.append)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert told == ["No other cycle has VOIs to copy"]
    cycle = window.session.cycle
    assert cycle is not None
    second = replace(cycle, number=2, vois=())
    window.session.document.apply("Add a cycle", lambda case: replace(case, cycles=(*case.cycles, second)))
    window.session.view_state.set_cycle(1)
    wait_until_idle(window)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    # The CT of this case is one even block, which can't be aligned: nothing is copied, and it says why.
    assert window.session.document.case.cycles[1].vois == ()
    assert "correlation" in told[-1]
    still = Registration(RigidTransform.identity(), "rigid-ct", 0.1)
    monkeypatch.setattr("dosimetry_core.voi_carrying.register_rigid_ct", lambda *_images, **_options: still)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    carried = window.session.document.case.cycles[1].vois
    assert [voi.name for voi in carried] == [voi.name for voi in cycle.vois], told
    assert all(voi.proposed and "cycle 1" in voi.source for voi in carried)
    for one, other in zip(carried, cycle.vois, strict=True):
        assert one.mask.centroid_mm() == pytest.approx(other.mask.centroid_mm(), abs=0.5)
        assert one.mask.volume_ml == pytest.approx(other.mask.volume_ml, rel=1e-2)
    assert "(proposed)" in voi_step.table.text(carried[0].voi_id, "name")
    press(voi_step, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.document.case.cycles[1].vois == ()


def test_that_the_reason_typed_for_one_patient_is_not_that_of_the_next(window: MainWindow, voi_step: VoiStep) -> None:
    """Both have a VOI of the same name on the same scan: strokes would go to that scan alone, with the old reason."""
    state, case = window.session.view_state, window.session.document.case
    voi = window.session.voi
    assert voi is not None
    place = state.time_point
    voi_step.target.set_here(True)
    say_why(voi_step, "breathing")
    assert voi_step.target.reason == "breathing"
    show_case(window.session, replace(case, patient=replace(case.patient, patient_id="another")))
    state.set_voi(voi.voi_id)
    state.set_time_point(place)
    voi_step.refresh()
    QTest.qWait(50)
    assert not voi_step.target.here
    assert voi_step.target.reason == ""


def test_that_the_strip_keeps_no_picture_of_a_case_before(window: MainWindow) -> None:
    """Pictures are found by the identity of their scan, which another object may have once that one is gone."""
    case = window.session.document.case
    window.strip.refresh()
    before = set(window.strip._pictures)
    assert before
    cycles = tuple(
        replace(cycle, time_points=tuple(replace(p, registration=replace(p.registration)) for p in cycle.time_points))
        for cycle in case.cycles
    )
    show_case(window.session, replace(case, cycles=cycles))
    window.strip.refresh()
    assert window.strip._pictures
    assert not before & set(window.strip._pictures)
