"""A scan without a registration, and one whose registration failed: nothing is guessed, and words tell what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel

from app.case_edits import with_registration
from app.main_window import MainWindow
from app.scan_reviews import open_reviews
from app.scan_words import NOT_ALIGNED
from app.screenshots import wait_until_idle
from app.step_states import step_state
from app.steps.align_step import AlignStep
from app.steps.voi_images import WITHOUT_VOIS
from app.steps.voi_step import VoiStep
from dosimetry_core.errors import Finding
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration
from tests.journeys.test_painting import drag
from tests.journeys.test_views import press
from widgets.slice_view import SliceView

WHY = (
    "The scan was not aligned: no body was found in its CT; check that it is in Hounsfield units, or align it by hand."
)
FAILED = Finding("registration-failed", "error", WHY, "cycle 1, time point 2")
SCAN = 1
SHIFT = Qt.KeyboardModifier.ShiftModifier


def give(window: MainWindow, registration: Registration) -> None:
    """Another registration of the scan, and its views."""
    session = window.session
    assert session.cycle is not None
    assert session.cycle.reference_time_point != SCAN
    session.document.apply("Other registration", lambda case: with_registration(case, 0, SCAN, registration))
    session.view_state.set_time_point(SCAN)
    wait_until_idle(window)


@pytest.fixture
def uncomputed(window: MainWindow) -> Iterator[MainWindow]:
    """Doses are beside the point."""
    window.session.recomputation.set_enabled(False)
    yield window
    window.session.recomputation.set_enabled(True)


@pytest.fixture
def unregistered(uncomputed: MainWindow, voi_step: VoiStep) -> VoiStep:
    give(uncomputed, Registration(RigidTransform.identity(), "none", None, (FAILED,)))
    return voi_step


def picture(window: MainWindow, view: SliceView, *, outlines: bool) -> QImage:
    window.session.view_state.set_contours(outlines)
    wait_until_idle(window)
    return view.grab().toImage()


def test_that_no_outline_is_shown_where_nobody_knows_where_vois_lie(window: MainWindow, unregistered: VoiStep) -> None:
    step, state = unregistered, window.session.view_state
    view = step.grid.views["axial"]
    assert WITHOUT_VOIS in view._corner.badges
    assert (view._corner.registration, view._corner.registered) == ("not registered", False)
    assert picture(window, view, outlines=True) == picture(window, view, outlines=False)
    assert window.session.voi is not None
    step.probe(window.session.voi.mask.centroid_mm())
    assert "Kidney" not in window.probe.text()
    state.set_time_point(0)
    wait_until_idle(window)
    assert WITHOUT_VOIS not in view._corner.badges
    assert picture(window, view, outlines=True) != picture(window, view, outlines=False)


def test_that_scans_side_by_side_show_outlines_where_they_are_known(window: MainWindow, unregistered: VoiStep) -> None:
    unregistered.show_layout("scans")
    wait_until_idle(window)
    views = unregistered.layouts.board.views
    with_vois = {
        key: picture(window, view, outlines=True) != picture(window, view, outlines=False)
        for key, view in views.items()
    }
    assert with_vois.pop(f"{SCAN}-{unregistered.layouts.images.view}") is False
    assert set(with_vois.values()) == {True}


def draw(step: VoiStep) -> None:
    session = step.session
    session.view_state.set_tool("brush")
    assert session.voi is not None
    middle = session.voi.mask.centroid_mm()
    drag(step.grid.views["axial"], middle, middle + np.array([30.0, 0.0, 0.0]))


ACTS: dict[str, Callable[[VoiStep], object]] = {
    "a stroke": draw,
    "an isocontour": lambda step: press(step, Qt.Key.Key_T),
    "a margin": lambda step: step.do_shape_act("margin-plus"),
    "split": lambda step: step.do_shape_act("split"),
    "fill": lambda step: step.do_shape_act("interpolate"),
    "as on another scan": lambda step: (step.target.set_reason("breathing"), step.acts.copies.copy_scan(0)),
    "a shift": lambda step: (step.target.set_reason("breathing"), step.acts.scans.shift((2.0, 0.0, 0.0))),
    "reviewed": lambda step: press(step, Qt.Key.Key_N, SHIFT),
}


@pytest.mark.parametrize("act", ACTS)
def test_that_nothing_is_drawn_or_reviewed_on_it_and_it_is_said(
    window: MainWindow, unregistered: VoiStep, act: str
) -> None:
    case, told = window.session.document.case, []
    unregistered.told.connect(told.append)
    ACTS[act](unregistered)
    wait_until_idle(window)
    assert window.session.document.case is case
    words = [*told, unregistered.grid.views["axial"].words_at_pointer()]
    assert any(NOT_ALIGNED in each for each in words), words


def test_that_the_next_to_look_at_is_never_on_it_and_what_is_left_is_said(
    window: MainWindow, unregistered: VoiStep
) -> None:
    session, told = window.session, []
    unregistered.told.connect(told.append)
    press(unregistered, Qt.Key.Key_N)
    while waiting := open_reviews(session):
        assert session.view_state.time_point != SCAN
        press(unregistered, Qt.Key.Key_N, SHIFT)
        assert len(open_reviews(session)) == len(waiting) - 1
    assert told[-1] == (
        "Every VOI of this cycle was looked at on every scan but scan 2, which is not registered: align in step 3"
    )


def test_that_step_three_says_why_and_moving_it_by_hand_brings_the_outlines_back(
    window: MainWindow, unregistered: VoiStep
) -> None:
    session = window.session
    assert step_state("align", session) == ("attention", "1 of 4 time points not registered; align by hand")
    window.go_to("align")
    align = window.step("align")
    assert isinstance(align, AlignStep)
    told: list[str] = []
    align.told.connect(told.append)
    note = align.inspector.findChild(QLabel, "registration_note")
    assert note is not None
    assert WHY in note.text()
    assert not align.confirm.isEnabled()
    for search in (align.organs.look, align.organs.bend):
        search.click()
        assert told.pop().startswith("This scan is not registered")
    assert not session.jobs.running
    to_the_left = align.pad.findChild(QAbstractButton, "nudge_L")
    assert to_the_left is not None
    QTest.mouseClick(to_the_left, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert session.time_point is not None
    assert session.time_point.registration.method == "manual"
    window.go_to("voi")
    view = unregistered.grid.views["axial"]
    assert WITHOUT_VOIS not in view._corner.badges
    assert picture(window, view, outlines=True) != picture(window, view, outlines=False)


def test_that_a_failed_registration_is_not_shown_as_a_good_one(uncomputed: MainWindow, voi_step: VoiStep) -> None:
    window = uncomputed
    give(window, Registration(RigidTransform.identity(), "rigid-ct", 17.5, (FAILED,)))
    corner = voi_step.grid.views["axial"]._corner
    assert (corner.registration, corner.registered) == ("alignment failed, rigid, CT to CT (17.5 mm)", False)
    (cell,) = [cell._cell for cell in window.strip.strip._cells.values() if cell._cell.key == str(SCAN)]
    assert (cell.registration, cell.registered) == (corner.registration, False)


def test_that_results_say_which_scan_is_missing_and_why(window: MainWindow, voi_step: VoiStep) -> None:
    give(window, Registration(RigidTransform.identity(), "none", None, (FAILED,)))
    failure = str(window.session.recomputation.failure)
    assert failure.startswith("cycle 1, time point 2: The scan was not aligned: no body was found in its CT")
    assert "[[cycle.registration]]" in failure
