"""A tool that can't act says at the pointer why, in words that are true, wherever it can't."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.case_edits import with_mask
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_boards import SCAN_TAKEN
from app.steps.voi_step import VoiStep
from dosimetry_core.voi_editing import empty_mask
from tests.journeys.exercises import Room
from tests.widgets.pointer import drag, move, press, release
from widgets.tools.on_surface import EMPTY_VOI, SLICES_ONLY
from widgets.volume_view import opengl_fault

TOOLS = ("brush", "erase", "polygon", "live-wire", "ball", "ellipsoid", "move", "scissors", "crop")


@pytest.fixture
def room(window: MainWindow) -> Iterator[Room]:
    window.go_to("voi")
    made = Room(window, [])
    made.prepare()
    yield made
    made.closing.stop()
    window.session.permission.allow("test")
    made.prepare()
    window.go_to("course")


def said(room: Room, tool: str) -> set[str]:
    """What stands beside the pointer on a slice and in 3D after a try to draw there; every tool is tried anew."""
    state, step = room.window.session.view_state, room.step
    state.set_tool(tool)
    words = set()
    for view in (room.axial, step.volume):
        middle = QPointF(view.width() / 2, view.height() / 2)
        move(view, middle)
        drag(view, [middle, middle + QPointF(10, 0)])
        words.add(view.words_at_pointer())
    assert room.seen("labels") == ()
    return words


def test_that_every_tool_says_why_nothing_can_be_drawn_now(room: Room) -> None:
    session, step = room.window.session, room.step
    voi_id = session.view_state.voi_id

    def without_voi() -> None:
        session.view_state.set_voi(None)

    def hidden() -> None:
        session.view_state.set_voi(voi_id)
        step._toggle_visible(voi_id, False)

    def own_shape_without_reason() -> None:
        step._toggle_visible(voi_id, True)
        step.target.set_here(True)
        step.target.set_reason("")

    def not_permitted() -> None:
        step.target.set_here(False)
        session.permission.forbid("test", "Somebody else has this course open.")

    for state, words in (
        (without_voi, "choose a VOI first"),
        (hidden, "this VOI is hidden"),
        (own_shape_without_reason, "say first why this scan has a shape of its own: Because, under On each scan"),
        (not_permitted, "Somebody else has this course open."),
    ):
        state()
        for tool in TOOLS:
            assert said(room, tool) == ({words} if opengl_fault() is None else {words, step.volume.words_at_pointer()})
    session.permission.allow("test")
    assert room.axial.words_at_pointer() == ""


@pytest.mark.skipif(opengl_fault() is not None, reason="no OpenGL here")
def test_that_an_empty_voi_and_tools_of_slices_say_so_in_3d(room: Room) -> None:
    session, step = room.window.session, room.step
    voi_id = session.view_state.voi_id
    session.view_state.set_tool("polygon")
    press(step.volume, QPointF(40, 40))
    assert step.volume.words_at_pointer() == SLICES_ONLY
    release(step.volume, QPointF(40, 40))
    session.document.apply("Emptied", lambda case: with_mask(case, 0, voi_id, lambda mask: empty_mask(mask.geometry)))
    wait_until_idle(room.window)
    step.images.show_surfaces()
    for tool in ("brush", "erase", "move", "scissors"):
        session.view_state.set_tool(tool)
        press(step.volume, QPointF(40, 40))
        assert step.volume.words_at_pointer() == EMPTY_VOI, tool
        release(step.volume, QPointF(40, 40))


def test_that_a_stroke_that_changes_nothing_or_is_not_shown_says_so(room: Room) -> None:
    session, axial = room.window.session, room.axial
    session.view_state.set_tool("erase")
    corner = axial.pixel_of(axial.axes.patient_point(3.0, 3.0, axial.slice_index))
    drag(axial, [corner, corner + QPointF(6, 6)])
    assert "Nothing changed" in axial.words_at_pointer()
    session.view_state.set_contours(False)
    middle = axial.pixel_of(session.view_state.cursor_mm)
    drag(axial, [middle, middle + QPointF(6, 6)])
    assert room.seen("labels")
    assert "Outlines are off" in axial.words_at_pointer()


def test_that_another_scan_and_the_projection_say_what_a_press_does_there(room: Room, monkeypatch) -> None:
    session, step = room.window.session, room.step
    session.view_state.set_tool("brush")
    step.show_layout("rows")
    wait_until_idle(room.window)
    mip = step.layouts.board.mips["mip"]
    press(mip, QPointF(30, 40))
    assert "tools work on slices and in 3D" in mip.words_at_pointer()
    release(mip, QPointF(30, 40))
    step.show_layout("scans")
    wait_until_idle(room.window)
    other = step.layouts.board.views["2-axial"]
    # Which button is down is asked of the system, not of the event.
    monkeypatch.setattr("app.steps.voi_boards.QGuiApplication.mouseButtons", lambda: Qt.MouseButton.LeftButton)
    place = QPointF(other.width() / 2, other.height() / 2)
    press(other, place)
    release(other, place)
    assert session.view_state.time_point == 2
    assert other.words_at_pointer() == SCAN_TAKEN
    assert room.seen("labels") == ()


def test_that_the_constraints_stand_in_every_view_of_every_layout(room: Room) -> None:
    step = room.step
    step.toggle_edges()
    words = step.tools.edges.words()
    assert words
    volumes = []
    for layout, view in (("four-up", ""), ("one", "axial"), ("one", "volume"), ("scans", "axial"), ("rows", "")):
        if view:
            step.layouts.bar.view_chosen.emit(view)
        step.show_layout(layout)
        wait_until_idle(room.window)
        board = step.layouts.board
        slices = (*step.grid.views.values(), *board.views.values(), *board.mips.values())
        shown = [each for each in slices if each.isVisible()]
        assert all(words in each.shown_text()["badges"] for each in shown), layout
        volumes += [step.volume] if step.volume.isVisible() else []
        assert all(words in each.badges for each in volumes), layout
        assert shown or volumes
    assert volumes
    step.show_second_window()
    second = step._second
    second._layout = "four-up"
    second._arrange()
    wait_until_idle(room.window)
    assert words in second.board.volume.badges
    assert all(words in each.shown_text()["badges"] for each in second.board.views.values())
    second.close()
    step.toggle_edges()
    assert step.volume.badges == ()


def test_that_the_work_on_a_voi_is_done_by_keys_alone(room: Room) -> None:
    """Another VOI, a tool, a stroke, undo and redo, the history, the next to review: no pointer."""
    window, session = room.window, room.window.session
    assert isinstance(room.step, VoiStep)
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    room.axial.setFocus()

    def press_key(code: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(window.focusWidget() or window, code, held)
        wait_until_idle(window)

    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    first = session.view_state.voi_id
    press_key(Qt.Key.Key_W)
    assert session.view_state.voi_id != first
    press_key(Qt.Key.Key_C)
    press_key(Qt.Key.Key_E)
    before = session.voi.mask.volume_ml
    press_key(Qt.Key.Key_Y)
    for _ in range(3):
        press_key(Qt.Key.Key_Right, shift)
    press_key(Qt.Key.Key_Y)
    erased = session.voi.mask.volume_ml
    assert erased < before
    press_key(Qt.Key.Key_Z, control)
    assert session.voi.mask.volume_ml == before
    press_key(Qt.Key.Key_Y, control)
    assert session.voi.mask.volume_ml == erased
    press_key(Qt.Key.Key_H, control)
    for _ in range(400):
        if window.focusWidget().objectName() == "history_list":
            break
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Backtab, shift)
    press_key(Qt.Key.Key_Up)
    press_key(Qt.Key.Key_Return)
    assert session.voi.mask.volume_ml == before
    press_key(Qt.Key.Key_H, control)
    room.axial.setFocus()
    place = (session.view_state.voi_id, session.view_state.time_point)
    press_key(Qt.Key.Key_N, shift)
    press_key(Qt.Key.Key_N)
    assert (session.view_state.voi_id, session.view_state.time_point) != place
