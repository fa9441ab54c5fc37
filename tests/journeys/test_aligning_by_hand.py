"""Aligning a scan in the real window: by drag, keys and landmarks, organ by organ, by a file; confirmed and undone."""

from __future__ import annotations

import getpass
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.plans.plan_signing import signed
from app.registration_holds import waiting_scans
from app.screenshots import wait_until_idle
from app.session import show_case
from app.steps.align_step import AlignStep
from app.steps.organ_search import FoundMotions
from dosimetry_core.case import Case
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration, VoiMotion
from dosimetry_core.progress import no_progress
from tests.app.working import confirm_registrations
from tests.widgets.pointer import SHIFT, wheel


@pytest.fixture
def step(window: MainWindow) -> AlignStep:
    window.go_to("align")
    found = window.step("align")
    assert isinstance(found, AlignStep)
    cycle = window.session.cycle
    assert cycle is not None
    window.session.view_state.set_time_point(1 if cycle.reference_time_point != 1 else 0)
    wait_until_idle(window)
    return found


def registration(window: MainWindow) -> Registration:
    point = window.session.time_point
    assert point is not None
    return point.registration


def shown_motion(window: MainWindow, before: Registration) -> np.ndarray:
    """How far the scan's image centre went on the reference."""
    point = window.session.time_point
    assert point is not None
    centre = point.spect.volume.geometry.centre_mm()
    return registration(window).transform.inverse().apply(centre) - before.transform.inverse().apply(centre)


def drag(step: AlignStep, start: QPointF, end: QPointF) -> None:
    view = step.compare.views["axial"]
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start.toPoint())
    QTest.mouseMove(view, ((start + end) / 2).toPoint())
    QTest.mouseMove(view, end.toPoint())
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end.toPoint())


def test_that_a_drag_takes_the_moving_image_along_and_is_one_step_of_undo(window: MainWindow, step: AlignStep) -> None:
    before = registration(window)
    step.hand.buttons["move"].click()
    view = step.compare.views["axial"]
    start = QPointF(view.width() / 2, view.height() / 2).toPoint().toPointF()
    end = start + QPointF(30, -18)
    expected = view.point_at(end) - view.point_at(start)
    drag(step, start, end)
    wait_until_idle(window)
    assert shown_motion(window, before) == pytest.approx(expected, abs=1e-6)
    assert registration(window).method == "manual"
    assert window.session.document.labels == ("Adjust scan 2 by hand",)
    window.session.document.undo()
    assert registration(window) is before


def test_that_arrow_keys_move_a_millimetre_on_the_screen_and_a_tenth_with_shift(
    window: MainWindow, step: AlignStep
) -> None:
    before = registration(window)
    step.hand.buttons["move"].click()
    view = step.compare.views["axial"]
    right = view.point_at(QPointF(200, 100)) - view.point_at(QPointF(100, 100))
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    wait_until_idle(window)
    assert shown_motion(window, before) == pytest.approx(1.1 * right / np.linalg.norm(right), abs=1e-6)
    assert len(window.session.document.labels) == 1


def test_that_a_turn_follows_the_hand_and_leaves_the_middle_in_place(window: MainWindow, step: AlignStep) -> None:
    before = registration(window)
    step.hand.buttons["turn"].click()
    view = step.compare.views["axial"]
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    wait_until_idle(window)
    turned = registration(window).transform.after(before.transform.inverse())
    assert np.rad2deg(turned.angle_rad) == pytest.approx(5.0, abs=1e-6)
    assert shown_motion(window, before) == pytest.approx((0, 0, 0), abs=1e-6)
    # Clockwise on the screen: what was above the middle goes to the right.
    up = view.point_at(QPointF(100, 50)) - view.point_at(QPointF(100, 100))
    right = view.point_at(QPointF(150, 100)) - view.point_at(QPointF(100, 100))
    point = window.session.time_point
    assert point is not None
    centre = before.transform.inverse().apply(point.spect.volume.geometry.centre_mm())
    mark = before.transform.apply(centre + up)
    assert float((registration(window).transform.inverse().apply(mark) - centre) @ right) > 0


def test_that_the_reference_takes_no_hand(window: MainWindow, step: AlignStep) -> None:
    cycle = window.session.cycle
    assert cycle is not None
    window.session.view_state.set_time_point(cycle.reference_time_point)
    wait_until_idle(window)
    step.hand.buttons["move"].click()
    assert step.hand.buttons[""].isChecked()
    assert not step.confirm.isEnabled()


def test_that_landmarks_align_and_say_how_far_they_are_apart(window: MainWindow, step: AlignStep) -> None:
    before = registration(window)
    moved = np.array((4.0, -3.0, 6.0))
    step.landmarks.set.click()
    places = [np.array(p, float) for p in ((60, 20, 0), (-60, 20, 10), (0, -60, 20), (10, 40, -20))]
    for place in places:
        step.compare.landmark_set.emit(place)
        assert "scan" in step.landmarks.told.text()
        step.compare.landmark_set.emit(place + moved)
    assert step.landmarks.grid.text("1", "apart") == "7.8 mm"
    step.landmarks.apply.click()
    wait_until_idle(window)
    assert shown_motion(window, before) == pytest.approx(-moved, abs=1e-6)
    assert registration(window).method == "landmarks"
    assert registration(window).residual_mm == pytest.approx(0.0, abs=1e-6)
    assert step.landmarks.grid.text("1", "apart") == "0.0 mm"


def test_that_a_confirmation_names_who_and_ends_with_the_next_change(window: MainWindow, step: AlignStep) -> None:
    step.shift_note.setText("spine looked at")
    step.confirm.click()
    wait_until_idle(window)
    assert registration(window).confirmed_by == getpass.getuser()
    assert f"confirmed by {getpass.getuser()}" in step._state.text()
    assert not step.confirm.isEnabled()
    step.nudge(np.array([1.0, 0.0, 0.0]), np.zeros(3))
    wait_until_idle(window)
    assert not registration(window).is_confirmed
    window.session.document.undo()
    assert registration(window).is_confirmed


def test_that_the_step_and_a_plan_wait_for_every_registration(
    window: MainWindow, step: AlignStep, tmp_path: Path
) -> None:
    cycle = window.session.cycle
    assert cycle is not None
    window.session.view_state.set_time_point(cycle.reference_time_point)
    wait_until_idle(window)
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    wait_until_idle(window)
    assert window.current_step == "align"
    assert window.rail.state("align") != "confirmed"
    assert "not confirmed" in window.state_note.text()
    waiting = waiting_scans(window.session.document.case)
    assert (window.session.view_state.cycle, window.session.view_state.time_point) == (
        waiting[0].cycle,
        waiting[0].time_point,
    )
    evaluation = window.session.planned
    assert evaluation is not None
    target = tmp_path / "plan.pdf"
    with pytest.raises(DosimetryError, match=r"Not confirmed: the registration of cycle 1"):
        signed(evaluation, {}, tmp_path / "nobody.p12", "", "", target, progress=no_progress)
    assert not target.exists()
    confirm_registrations(window)
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.rail.state("align") == "confirmed"


def test_that_a_large_shift_is_confirmed_with_a_note_only(window: MainWindow, step: AlignStep) -> None:
    step.nudge(np.array([40.0, 0.0, 0.0]), np.zeros(3))
    wait_until_idle(window)
    assert step.shift_note.isVisible()
    assert not step.confirm.isEnabled()
    with pytest.raises(MissingDataError, match="nothing is noted"):
        step.acts.confirm()
    QTest.keyClicks(step.shift_note, "spine and both kidneys")
    assert step.confirm.isEnabled()
    QTest.mouseClick(step.confirm, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert registration(window).note == "spine and both kidneys"
    assert "spine and both kidneys" in step._note.text()
    assert not step.shift_note.isVisible()
    step.nudge(np.array([1.0, 0.0, 0.0]), np.zeros(3))
    wait_until_idle(window)
    assert registration(window).note == ""


def test_that_organs_are_placed_where_they_were_found_only_when_told(window: MainWindow, step: AlignStep) -> None:
    before = registration(window)
    step.organs.look.click()
    wait_until_idle(window)
    cycle = window.session.cycle
    assert cycle is not None
    asked = [voi for voi in cycle.vois if voi.role in ("kidney_left", "kidney_right", "liver", "spleen")]
    assert [step.organs.grid.text(voi.name, "organ") for voi in asked] == [voi.name for voi in asked]
    assert registration(window) is before
    # The small images are too flat to tell; what a fit would say of a kidney 8 mm lower:
    down = RigidTransform.from_rotation_vector((0, 0, 0), (0, 0, -8.0))
    step._search.found = FoundMotions(before, {asked[0].voi_id: VoiMotion(down, "spect", (0.0, 0.0, -8.0), 0.6)})
    step.refresh()
    assert step.organs.grid.text(asked[0].name, "off") == "8.0"
    assert step.organs.grid.text(asked[0].name, "to") == "to the feet"
    dose = window.session.document.evaluation
    step.organs.place.click()
    wait_until_idle(window)
    assert registration(window).voi_motions[asked[0].voi_id].displacement_mm == (0.0, 0.0, -8.0)
    assert window.session.document.evaluation is not dose
    assert [f.code for f in window.session.document.evaluation.findings if f.code == "voi-moved"] == ["voi-moved"]
    step.organs.release.click()
    wait_until_idle(window)
    assert not registration(window).voi_motions


def test_that_a_registration_goes_out_and_comes_in_as_dicom(
    window: MainWindow, step: AlignStep, tmp_path: Path
) -> None:
    before = registration(window)
    # Both scans of the small case lie in one frame of reference, which such an object can't tell apart.
    with pytest.raises(DosimetryError, match="same frame of reference"):
        step.acts.write_object(tmp_path / "reg.dcm")
    place = window.session.view_state.time_point

    def in_a_frame_of_its_own(case: Case) -> Case:
        cycle = case.cycles[0]
        points = list(cycle.time_points)
        spect, ct = points[place].spect, points[place].ct
        assert ct is not None
        points[place] = replace(
            points[place],
            spect=replace(spect, frame_of_reference_uid="1.2.9"),
            ct=replace(ct, frame_of_reference_uid="1.2.9"),
        )
        return replace(case, cycles=(replace(cycle, time_points=tuple(points)), *case.cycles[1:]))

    window.session.document.apply("Another frame of reference", in_a_frame_of_its_own)
    step.acts.write_object(tmp_path / "reg.dcm")
    step.nudge(np.array([0.0, 9.0, 0.0]), np.zeros(3))
    wait_until_idle(window)
    assert step.acts.read_object(tmp_path / "reg.dcm")
    wait_until_idle(window)
    assert registration(window).method == "dicom"
    assert registration(window).transform.translation_mm == pytest.approx(before.transform.translation_mm, abs=1e-6)
    assert registration(window).source == "reg.dcm"


def test_that_landmarks_and_notes_of_one_patient_are_gone_with_the_next_one(
    window: MainWindow, step: AlignStep
) -> None:
    step.landmarks.set.click()
    step.compare.landmark_set.emit(np.array((60.0, 20.0, 0.0)))
    step.compare.landmark_set.emit(np.array((64.0, 17.0, 6.0)))
    step.shift_note.setText("spine looked at")
    assert step._pairs.pairs
    case, place = window.session.document.case, window.session.view_state.time_point
    show_case(window.session, replace(case, patient=replace(case.patient, patient_id="another")))
    window.session.view_state.set_time_point(place)
    step.refresh()
    assert not step._pairs.pairs
    assert step.shift_note.text() == ""


def test_that_keys_work_as_soon_as_the_step_is_chosen_by_key(window: MainWindow, step: AlignStep) -> None:
    window.go_to("voi")
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    state = window.session.view_state
    state.set_time_point(1)
    mode = step.compare.mode
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    assert window.current_step == "align"
    wait_until_idle(window)
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Right)
    assert state.time_point == 2
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Left)
    assert state.time_point == 1
    view = step.compare.views["axial"]
    wheel(view, view.rect().center().toPointF(), -1, SHIFT)
    assert state.time_point == 2
    assert step.compare.mode == mode
