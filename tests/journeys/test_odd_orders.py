"""What comes into a stroke: it ends where it was begun or is given up, and never goes to another VOI, cycle or scan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from dosimetry_core.case import Case
from tests.widgets.pointer import LEFT, RIGHT, SHIFT, click, move, press, release, wheel

CONTROL = Qt.KeyboardModifier.ControlModifier
STROKE = "Paint Kidney L, cycle 1"

Masks = dict[tuple[int, str], tuple[tuple[int, int, int], bytes]]


def masks(case: Case) -> Masks:
    return {
        (cycle.number, voi.name): (voi.mask.start, voi.mask.coverage.tobytes())
        for cycle in case.cycles
        for voi in cycle.vois
    }


class Hand:
    """Paints the left kidney of the first of two cycles on the axial slices."""

    def __init__(self, window: MainWindow, step: VoiStep) -> None:
        self.window, self.step, self.document = window, step, window.session.document
        self.state = window.session.view_state
        self.view = step.grid.views["axial"]
        voi = window.session.voi
        assert voi is not None
        middle = voi.mask.centroid_mm()
        self.path = [self.view.pixel_of(middle + np.array([x, 0.0, 0.0])) for x in (-30.0, -20.0, -10.0, 0.0)]

    def begin(self) -> None:
        press(self.view, self.path[0])
        move(self.view, self.path[1], LEFT)
        assert self.document.is_previewing

    def end(self) -> None:
        for at in self.path[2:]:
            move(self.view, at, LEFT)
        release(self.view, self.path[3])
        wait_until_idle(self.window)

    def key(self, code: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.view, code, modifier)


@pytest.fixture
def hand(window: MainWindow) -> Iterator[Hand]:
    session = window.session
    # Doses are beside the point here.
    session.recomputation.set_enabled(False)

    def twice(case: Case) -> Case:
        (cycle,) = case.cycles
        return replace(case, cycles=(cycle, replace(cycle, number=2)))

    session.document.apply("A second cycle", twice)
    window.go_to("voi")
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    assert session.cycle is not None
    step.show_layout("four-up")
    kidney = next(voi for voi in session.cycle.vois if voi.name == "Kidney L")
    state = session.view_state
    state.set_cycle(0)
    state.set_time_point(1)
    state.set_voi(kidney.voi_id)
    state.set_cursor(kidney.mask.centroid_mm())
    state.set_tool("brush")
    state.set_brush_radius(8.0)
    wait_until_idle(window)
    yield Hand(window, step)
    step.target.set_here(False)
    session.recomputation.set_enabled(True)


def delete(hand: Hand) -> None:
    click(hand.step.remove, hand.step.remove.rect().center().toPointF())


def made_small(hand: Hand) -> None:
    hand.window.showMinimized()
    wait_until_idle(hand.window)
    hand.window.showNormal()


def own_shape(hand: Hand) -> None:
    hand.step.target.set_reason("the kidney moved")
    hand.step.target.set_here(True)


def on_another_scan_of_its_own(hand: Hand) -> None:
    own_shape(hand)
    hand.begin()
    hand.key(Qt.Key.Key_Right)


def another_button(hand: Hand) -> None:
    press(hand.view, hand.path[1], RIGHT)
    release(hand.view, hand.path[1], RIGHT)


GIVES_UP: dict[str, Callable[[Hand], object]] = {
    "Esc": lambda hand: hand.key(Qt.Key.Key_Escape),
    "the next VOI": lambda hand: hand.key(Qt.Key.Key_W),
    "another cycle": lambda hand: hand.key(Qt.Key.Key_Right, CONTROL),
    "undo": lambda hand: hand.key(Qt.Key.Key_Z, CONTROL),
    "another tool": lambda hand: hand.key(Qt.Key.Key_P),
    "another layout": lambda hand: hand.key(Qt.Key.Key_F7),
    "another step": lambda hand: hand.window.go_to("dose"),
    "a small window": made_small,
    "a scan of its own, and the next": on_another_scan_of_its_own,
}
SAID = {
    "the next VOI": "another VOI was chosen",
    "another cycle": "another cycle was chosen",
    "a scan of its own, and the next": "another scan was chosen",
}
GOES_ON: dict[str, Callable[[Hand], object]] = {
    "nothing": lambda _hand: None,
    "the wheel": lambda hand: wheel(hand.view, hand.path[1], 1),
    "the brush's size": lambda hand: wheel(hand.view, hand.path[1], 1, SHIFT),
    "another button": another_button,
    "the keyboard elsewhere": lambda hand: hand.view.clearFocus(),
    "another scan": lambda hand: hand.key(Qt.Key.Key_Right),
}


@pytest.mark.parametrize("what", GIVES_UP)
def test_that_a_stroke_is_given_up_whole(hand: Hand, what: str) -> None:
    document = hand.document
    before, labels, position = masks(document.case), document.labels, document.position
    if what != "a scan of its own, and the next":
        hand.begin()
    GIVES_UP[what](hand)
    assert not document.is_previewing
    if what in SAID:
        assert hand.window.job_strip.message() == f"The stroke was given up: {SAID[what]}"
    hand.end()
    assert masks(document.case) == before
    assert (document.labels, document.position) == (labels, position)
    # The next stroke is as any other.
    hand.step.target.set_here(False)
    hand.window.go_to("voi")
    hand.step.show_layout("four-up")
    hand.state.set_cycle(0)
    hand.state.set_voi(next(voi.voi_id for voi in document.case.cycles[0].vois if voi.name == "Kidney L"))
    hand.state.set_tool("brush")
    hand.begin()
    hand.end()
    assert document.labels[position:] == (STROKE,)


@pytest.mark.parametrize("what", GOES_ON)
def test_that_a_stroke_goes_on_and_ends_where_it_was_begun(hand: Hand, what: str) -> None:
    document = hand.document
    before, position = masks(document.case), document.position
    hand.begin()
    GOES_ON[what](hand)
    assert document.is_previewing
    hand.end()
    after = masks(document.case)
    assert document.labels[position:] == (STROKE,)
    assert {place for place in after if after[place] != before[place]} == {(1, "Kidney L")}
    document.undo()
    assert masks(document.case) == before


def test_that_a_button_that_came_up_unseen_ends_the_stroke_where_it_was(hand: Hand) -> None:
    document = hand.document
    position = document.position
    hand.begin()
    # A dialog of the system took the release; the pointer comes back with no button down, far away.
    move(hand.view, hand.path[3])
    wait_until_idle(hand.window)
    assert document.labels[position:] == (STROKE,)
    assert not document.is_previewing
    drawn = masks(document.case)
    document.undo()
    hand.begin()
    release(hand.view, hand.path[1])
    assert masks(document.case) == drawn


def test_that_a_voi_deleted_in_a_stroke_takes_the_stroke_with_it_and_undo_brings_it_back(hand: Hand) -> None:
    document = hand.document
    before, position = masks(document.case), document.position
    hand.begin()
    delete(hand)
    assert not document.is_previewing
    hand.end()
    assert document.labels[position:] == ("Delete Kidney L",)
    assert {place for place in before if place not in masks(document.case)} == {(1, "Kidney L")}
    document.undo()
    assert masks(document.case) == before


def test_that_undo_takes_back_a_stroke_in_3d_that_is_in_hand_and_leaves_the_steps_before(hand: Hand) -> None:
    document, volume = hand.document, hand.step.volume
    if volume.is_fallback:
        pytest.skip("there is no OpenGL here")
    hand.step.images.show_surfaces()
    volume.grab()
    voi, eye = hand.window.session.voi, volume.eye()
    assert voi is not None
    assert eye is not None
    at = eye.pixel_of(voi.mask.centroid_mm())
    before, position = masks(document.case), document.position
    for code, modifier in ((Qt.Key.Key_Z, CONTROL), (Qt.Key.Key_W, Qt.KeyboardModifier.NoModifier)):
        hand.state.set_voi(voi.voi_id)
        press(volume, at)
        move(volume, at + eye.pixel_of(voi.mask.centroid_mm()) * 0.01, LEFT)
        assert document.is_previewing
        QTest.keyClick(volume, code, modifier)
        assert not document.is_previewing
        release(volume, at)
        assert masks(document.case) == before
        assert document.position == position
