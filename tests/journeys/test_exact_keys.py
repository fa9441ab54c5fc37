"""The keys of the key table by their exact effect: which way, by how much, and each of several keys of one act."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.case_edits import with_mask
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.voi_editing import empty_mask
from tests.journeys.exercises import Room
from tests.widgets.pointer import LEFT, click, move, press, release

Key = Qt.Key
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
PRESETS = {
    Key.Key_1: (400, 40),
    Key.Key_2: (1500, -600),
    Key.Key_3: (150, 90),
    Key.Key_4: (2500, 480),
    Key.Key_5: (80, 40),
}
"""Width and level in HU: soft tissue, lung, liver, bone, brain (those of OHIF)."""


@pytest.fixture
def room(window: MainWindow) -> Iterator[Room]:
    window.go_to("voi")
    made = Room(window, [])
    # Doses are beside the point here.
    window.session.recomputation.set_enabled(False)
    made.prepare()
    # Closing what was open before left no window active.
    window.activateWindow()
    made.axial.setFocus()
    yield made
    made.closing.stop()
    made.prepare()
    window.session.recomputation.set_enabled(True)
    window.go_to("course")


def hit(room: Room, key: Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(room.axial, key, modifiers)


def after(room: Room, part: str, *keys: Key) -> list[object]:
    """What a part is after each of the keys."""
    seen = []
    for key in keys:
        hit(room, key)
        seen.append(room.seen(part))
    return seen


def test_that_arrows_and_page_keys_go_by_one_and_ten_slices_and_to_the_ends(room: Room) -> None:
    view = room.axial
    for key, back, steps in ((Key.Key_Down, Key.Key_Up, 1), (Key.Key_PageDown, Key.Key_PageUp, 10)):
        state = room.window.session.view_state
        state.set_cursor(room.window.session.voi.mask.geometry.centre_mm())  # type: ignore[union-attr]
        before, z = view.slice_index, state.cursor_mm[2]
        hit(room, key)
        assert abs(view.slice_index - before) == steps
        # Onwards is towards the feet, as with the wheel.
        assert state.cursor_mm[2] < z
        hit(room, back)
        assert view.slice_index == before
    hit(room, Key.Key_End)
    lowest = room.window.session.view_state.cursor_mm[2]
    last = view.slice_index
    hit(room, Key.Key_Home)
    assert {last, view.slice_index} == {0, view.slice_count - 1}
    assert room.window.session.view_state.cursor_mm[2] > lowest


def test_that_left_and_right_go_to_the_scan_before_and_after(room: Room) -> None:
    assert after(room, "time point", Key.Key_Right, Key.Key_Right, Key.Key_Left, Key.Key_Left, Key.Key_Left) == [
        2,
        3,
        2,
        1,
        0,
    ]


def test_that_tab_goes_round_ct_fused_and_spect_and_space_takes_the_overlay_away(room: Room) -> None:
    assert after(room, "fusion", Key.Key_Tab, Key.Key_Tab, Key.Key_Tab) == ["spect", "ct", "fused"]
    assert after(room, "fusion", Key.Key_Space, Key.Key_Space) == ["ct", "fused"]
    assert after(room, "contours", Key.Key_G, Key.Key_G) == [False, True]


def test_that_every_preset_has_its_window(room: Room) -> None:
    for key, window in PRESETS.items():
        hit(room, key)
        assert room.seen("window") == window
        assert (room.axial.window_level.width_hu, room.axial.window_level.level_hu) == window


def test_that_letters_take_up_their_tool(room: Room) -> None:
    keys = (Key.Key_B, Key.Key_E, Key.Key_P, Key.Key_V, Key.Key_O, Key.Key_D, Key.Key_S)
    tools = ["brush", "erase", "polygon", "live-wire", "ball", "move", "scissors"]
    assert after(room, "tool", *keys) == tools
    for key, tool in ((Key.Key_O, "ellipsoid"), (Key.Key_S, "crop")):
        hit(room, key, SHIFT)
        assert room.seen("tool") == tool


def test_that_every_key_of_the_brush_changes_its_radius_by_a_fifth(room: Room) -> None:
    hit(room, Key.Key_B)
    for larger, smaller in ((Key.Key_BracketRight, Key.Key_BracketLeft), (Key.Key_Plus, Key.Key_Minus)):
        radii = after(room, "radius", larger, larger, smaller, smaller, smaller)
        assert radii == pytest.approx([9.6, 11.52, 9.6, 8.0, 8.0 / 1.2])
        room.window.session.view_state.set_brush_radius(8.0)


def test_that_every_key_of_undo_and_redo_goes_one_step(room: Room) -> None:
    document = room.window.session.document
    hit(room, Key.Key_M)
    hit(room, Key.Key_M)
    assert document.position == 2
    drawn = document.case
    hit(room, Key.Key_Z, CONTROL)
    hit(room, Key.Key_Z, CONTROL)
    assert document.position == 0
    hit(room, Key.Key_Y, CONTROL)
    assert document.position == 1
    hit(room, Key.Key_Z, CONTROL | SHIFT)
    assert document.position == 2
    assert document.case is drawn


def test_that_q_and_w_go_through_the_vois_and_c_centres_on_one(room: Room) -> None:
    session = room.window.session
    assert session.cycle is not None
    names = [voi.voi_id for voi in session.cycle.vois]
    first = names.index(session.view_state.voi_id or "")
    assert after(room, "voi", Key.Key_W, Key.Key_Q, Key.Key_Q) == [
        names[(first + step) % len(names)] for step in (1, 0, -1)
    ]
    session.view_state.set_cursor((1.0, 2.0, 3.0))
    hit(room, Key.Key_C)
    assert session.voi is not None
    assert session.view_state.cursor_mm == pytest.approx(session.voi.mask.centroid_mm(), abs=2.1)


def test_that_m_grows_and_shift_m_shrinks_by_the_margin(room: Room) -> None:
    session = room.window.session

    def volume_ml() -> float:
        assert session.voi is not None
        return session.voi.mask.volume_ml

    before = volume_ml()
    hit(room, Key.Key_M)
    grown = volume_ml()
    hit(room, Key.Key_Z, CONTROL)
    hit(room, Key.Key_M, SHIFT)
    assert volume_ml() < before < grown


@pytest.mark.parametrize(("key", "words"), [(Key.Key_T, "Isocontour"), (Key.Key_L, "Level trace")])
def test_that_t_and_l_draw_at_the_cursor(room: Room, key: Key, words: str) -> None:
    session = room.window.session
    voi = session.voi
    assert voi is not None
    place = np.array(session.view_state.cursor_mm)
    session.document.apply(
        "Emptied", lambda case: with_mask(case, 0, voi.voi_id, lambda mask: empty_mask(mask.geometry))
    )
    session.view_state.set_cursor(place)
    hit(room, key)
    assert words in room.seen("labels")[-1]
    assert session.voi is not None
    assert session.voi.mask.volume_ml > 1.0


def test_that_escape_drops_the_stroke_and_then_the_tool(room: Room) -> None:
    hit(room, Key.Key_B)
    at = room.axial.pixel_of(room.window.session.view_state.cursor_mm)
    press(room.axial, at)
    move(room.axial, at + at * 0.05, LEFT)
    hit(room, Key.Key_Escape)
    assert room.seen("tool") == "brush"
    release(room.axial, at)
    assert room.seen("labels") == ()
    hit(room, Key.Key_Escape)
    assert room.seen("tool") == "cursor"


@pytest.mark.parametrize("key", [Key.Key_Return, Key.Key_Enter])
def test_that_both_enter_keys_close_an_outline_and_with_control_confirm_the_step(room: Room, key: Key) -> None:
    hit(room, Key.Key_P)
    centre = room.axial.pixel_of(room.window.session.view_state.cursor_mm)
    for corner in (QPointF(120, 0), QPointF(120, 120), QPointF(0, 120)):
        click(room.axial, centre + corner)
    hit(room, key)
    assert len(room.seen("labels")) == 1
    hit(room, key, CONTROL)
    wait_until_idle(room.window)
    assert room.window.current_step == "curves"


def test_that_n_goes_to_what_needs_eyes_and_ctrl_p_shows_the_pages(room: Room) -> None:
    session = room.window.session
    hit(room, Key.Key_N)
    assert session.voi is not None
    first = (session.view_state.voi_id, session.view_state.time_point)
    assert not session.reviews.was_seen(session.voi.mask)
    hit(room, Key.Key_N, SHIFT)
    assert (session.view_state.voi_id, session.view_state.time_point) != first
    hit(room, Key.Key_P, CONTROL)
    wait_until_idle(room.window)
    assert room.window.current_step == "report"
