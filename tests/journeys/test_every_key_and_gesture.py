"""Every entry of the key and of the mouse table does what it says, by real events on the real window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QWidget

from app.case_edits import with_mask
from app.key_bindings import AS_DELIVERED, KeyBindings
from app.key_table import KEY_ACTS, KeyAct
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.voi_editing import BrushGesture, empty_mask, paint, union
from tests.journeys.exercises import Room
from tests.widgets.pointer import (
    LEFT,
    SHIFT,
    click,
    double_click,
    drag,
    let_go,
    move,
    press,
    release,
    wheel,
)
from tests.widgets.pointer import key as send_key
from widgets.gestures import BUTTONS, MODIFIERS, OVERLAY_KEY, Gesture, gesture_of
from widgets.mouse_table import MOUSE_ACTS, mouse_bindings
from widgets.slice_view import SliceView
from widgets.volume_view import opengl_fault

# What each key changes, by its name in `Room.seen`.
CHANGES: dict[str, str] = {
    "patients": "patient",
    "open": "file dialogs",
    "open_file": "file dialogs",
    "demonstration": "file dialogs",
    "print_preview": "step",
    "save_plan": "step",
    "person": "message",
    "cameras": "message",
    "density_curves": "windows",
    "compare_revisions": "windows",
    "copy_cycle": "told",
    "copy": "message",
    "save_plot": "message",
    "network": "windows",
    "preferences": "windows",
    "protocols": "windows",
    "follow_up": "windows",
    "audit": "message",
    "store": "message",
    "cohort": "message",
    "crosscheck": "windows",
    "deidentify": "windows",
    "quit": "closing",
    "undo": "position",
    "redo": "position",
    "history": "history",
    "fusion": "fusion",
    "overlay": "fusion",
    "contours": "contours",
    "decay_corrected": "decay corrected",
    "reset": "zoom",
    **{f"preset_{number}": "window" for number in range(1, 6)},
    "next_slice": "slice",
    "previous_slice": "slice",
    "slices_on": "slice",
    "slices_back": "slice",
    "last_slice": "slice",
    "first_slice": "slice",
    "previous_time_point": "time point",
    "next_time_point": "time point",
    "cursor_left": "cursor",
    "cursor_right": "cursor",
    "cursor_up": "cursor",
    "cursor_down": "cursor",
    "use_tool": "labels",
    "previous_cycle": "cycle",
    "next_cycle": "cycle",
    "layout_four-up": "layout",
    "layout_one": "layout",
    "layout_scans": "layout",
    "layout_rows": "layout",
    "second_window": "windows",
    "linked": "linked",
    "inspector": "inspector",
    "theme_dark": "theme",
    "theme_light": "theme",
    "theme_system": "theme",
    "cursor": "tool",
    "brush": "tool",
    "erase": "tool",
    "polygon": "tool",
    "live-wire": "tool",
    "ball-tool": "tool",
    "ellipsoid": "tool",
    "move": "tool",
    "scissors": "tool",
    "crop": "tool",
    "edges": "edges",
    "through": "through",
    "clip": "clip",
    "close": "labels",
    "smaller": "radius",
    "larger": "radius",
    "isocontour": "labels",
    "level-trace": "labels",
    "grow-region": "labels",
    "ball": "labels",
    "smooth": "labels",
    "hollow": "labels",
    "split": "told",
    "interpolate": "preview",
    "margin-plus": "labels",
    "margin-minus": "labels",
    "keep-island": "labels",
    "previous_voi": "voi",
    "next_voi": "voi",
    "centre": "cursor",
    "next_review": "voi and scan",
    "reviewed": "reviewed",
    "own_shape": "here",
    "confirm": "step",
    "palette": "windows",
    "key_sheet": "windows",
    "keys": "windows",
    "documentation": "windows",
    "about": "windows",
}


def edited(room: Room, change) -> None:
    session = room.window.session
    session.document.apply("Prepared", lambda case: with_mask(case, 0, session.view_state.voi_id, change))
    wait_until_idle(room.window)


def drawn_apart(mask):
    """Two small balls with empty slices and room between them, on the same grid."""
    centre = mask.geometry.centre_mm()
    ends = [
        paint(
            type(mask)(mask.geometry, (0, 0, 0), mask.coverage[:0]),
            BrushGesture("axial", point[None], 9.0, False, False),
        )
        for point in (centre, centre + np.array([0.0, 0, 24.0]))
    ]
    return union(*ends)


def with_islands(mask):
    far = mask.geometry.centre_mm()
    return paint(mask, BrushGesture("axial", far[None], 6.0, True, False))


def nothing(mask):
    return empty_mask(mask.geometry)


def outline_in_progress(room: Room) -> None:
    room.window.session.view_state.set_tool("polygon")
    centre = room.axial.pixel_of(room.window.session.view_state.cursor_mm)
    for corner in ((120, 0), (120, 120), (0, 120)):
        click(room.axial, centre + QPointF(*corner))


# What has to be there before a key can change anything.
BEFORE: dict[str, Callable[[Room], object]] = {
    "undo": lambda room: edited(room, with_islands),
    "redo": lambda room: (edited(room, with_islands), room.window.session.document.undo()),
    "reset": lambda room: room.axial.zoom_at(QPointF(50, 50), 2.0),
    "cursor": lambda room: room.window.session.view_state.set_tool("brush"),
    "layout_four-up": lambda room: room.step.show_layout("scans"),
    "interpolate": lambda room: edited(room, drawn_apart),
    "keep-island": lambda room: edited(room, with_islands),
    "close": outline_in_progress,
    "use_tool": lambda room: tool_put_down(room),
    "centre": lambda room: room.window.session.view_state.set_cursor((1.0, 2.0, 3.0)),
    "next_cycle": lambda room: two_cycles(room),
    "previous_cycle": lambda room: (two_cycles(room), room.window.session.view_state.set_cycle(1)),
    "theme_dark": lambda room: room.window.acts.choose_theme("light"),
    "smaller": lambda room: room.window.session.view_state.set_tool("brush"),
    "level-trace": lambda room: edited(room, nothing),
    "grow-region": lambda room: edited(room, nothing),
    "ball": lambda room: room.window.session.view_state.set_cursor(room.window.session.voi.mask.geometry.centre_mm()),
}


def tool_put_down(room: Room) -> None:
    """The key lifts the eraser again after it went over a voxel."""
    room.window.session.view_state.set_tool("erase")
    for code, held in ((Qt.Key.Key_Y, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_Right, SHIFT)):
        QTest.keyClick(room.axial, code, held)


def two_cycles(room: Room) -> None:
    def edit(case):
        (cycle,) = case.cycles
        return replace(case, cycles=(cycle, replace(cycle, number=2)))

    room.window.session.document.apply("A second cycle", edit)


def press_keys(room: Room, act: KeyAct) -> None:
    """Its first key where the keyboard is; its menu entry where it has none."""
    if not act.keys:
        room.window.actions_table.actions[act.name].trigger()
    else:
        pressed = QKeySequence(act.keys[0])[0]
        target = QGuiApplication.focusObject() if act.reach == "window" else None
        QTest.keyClick(target or room.axial, pressed.key(), pressed.keyboardModifiers())
    wait_until_idle(room.window)


@pytest.fixture
def room(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    asked: list[str] = []
    for name, answer in (("getExistingDirectory", ""), ("getOpenFileName", ("", "")), ("getSaveFileName", ("", ""))):
        monkeypatch.setattr(QFileDialog, name, lambda *_a, answer=answer, **_k: (asked.append("asked"), answer)[1])
    window.go_to("voi")
    made = Room(window, asked)
    yield made
    made.closing.stop()
    made.prepare()
    window.go_to("course")


def test_that_every_key_of_the_table_does_what_it_says(room: Room) -> None:
    failed = [f"{act.name} has no exercise" for act in KEY_ACTS if act.name not in CHANGES]
    for act in (known for known in KEY_ACTS if known.name in CHANGES):
        room.prepare()
        if act.name in BEFORE:
            BEFORE[act.name](room)
            wait_until_idle(room.window)
        part = CHANGES[act.name]
        before = room.seen(part)
        press_keys(room, act)
        if room.seen(part) == before:
            failed.append(f"{act.name}: {part} stays {before}")
    assert not failed, "\n".join(failed)


# --- mouse ------------------------------------------------------------------------------------------------------------


def at(view: SliceView, room: Room, *offset_mm: float) -> QPointF:
    return view.pixel_of(np.array(room.window.session.view_state.cursor_mm) + np.array(offset_mm))


def perform(view: QWidget, place: QPointF, gesture: Gesture, way: QPointF) -> None:
    """The events of a gesture, as a hand would make it."""
    held = MODIFIERS.get(gesture.held, NO_MODIFIER)
    button = BUTTONS.get(gesture.button, NONE_HELD)
    if gesture.held == OVERLAY_KEY:
        send_key(view, Qt.Key.Key_Space, hold=True)
    if gesture.form == "wheel":
        wheel(view, place, -1, held)
    elif gesture.form == "move":
        move(view, place + way, NONE_HELD, held)
    elif gesture.form == "double":
        double_click(view, place, button, held)
    elif gesture.form == "click":
        click(view, place, button, held)
    else:
        drag(view, [place, place + way / 2, place + way], button, held)
    if gesture.held == OVERLAY_KEY:
        let_go(view, Qt.Key.Key_Space)


def inverted_stroke(room: Room) -> None:
    room.window.session.view_state.set_tool("brush")
    held = MODIFIERS[mouse_bindings().held_word("invert")]
    drag(room.axial, [at(room.axial, room, 0, 0, 0), at(room.axial, room, 6, 0, 0)], tool_button(), held)
    wait_until_idle(room.window)
    assert "Erase" in room.seen("labels")[-1]


def tool_button() -> Qt.MouseButton:
    return mouse_bindings().button("tool")


def stroke_anywhere(room: Room) -> None:
    """Held to a range that nothing is in, the brush draws only with its modifier."""
    room.window.session.view_state.set_tool("erase")
    room.step.tools.range.set_limits(1e12, None)
    path = [at(room.axial, room, 0, 0, 0), at(room.axial, room, 6, 0, 0)]
    drag(room.axial, path, tool_button())
    assert room.seen("labels") == ()
    # The modifier is asked of the system, not of the event.
    held = MODIFIERS[mouse_bindings().held_word("anywhere")]
    original = QGuiApplication.keyboardModifiers
    QGuiApplication.keyboardModifiers = staticmethod(lambda: held)
    try:
        drag(room.axial, path, tool_button(), held)
    finally:
        QGuiApplication.keyboardModifiers = original
        room.step.tools.range.set_limits(None, None, on=False)


def slice_place(room: Room) -> tuple[QWidget, QPointF]:
    return room.axial, at(room.axial, room, 0, 0, 0)


def surface_place(room: Room) -> tuple[QWidget, QPointF]:
    """In 3D, on the kidney."""
    room.step.images.show_surfaces()
    volume = room.step.volume
    volume.grab()
    return volume, volume.eye().pixel_of(room.window.session.voi.mask.centroid_mm())


def brushed_place(room: Room) -> tuple[QWidget, QPointF]:
    room.window.session.view_state.set_tool("brush")
    return surface_place(room)


def empty_place(room: Room) -> tuple[QWidget, QPointF]:
    return surface_place(room)[0], QPointF(8, 8)


def clip_square(room: Room) -> tuple[QWidget, QPointF]:
    volume, _place = surface_place(room)
    volume.set_clipped(True)
    return volume, volume.eye().pixel_of(volume.clip_box().handle_mm(1))


def mip_place(room: Room) -> tuple[QWidget, QPointF]:
    room.step.show_layout("rows")
    wait_until_idle(room.window)
    view = room.step.layouts.board.mips["mip"]
    view.grab()
    return view, view.pixel_of(room.window.session.voi.mask.centroid_mm()) + QPointF(3, 0)


NONE_HELD, NO_MODIFIER = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
Place = Callable[[Room], "tuple[QWidget, QPointF]"]
ASIDE, UP, INWARDS = QPointF(30, 5), QPointF(0, -40), QPointF(-20, 0)

# Where each gesture is made, how the pointer goes on from there, and what it changes.
GESTURES_DONE: dict[str, tuple[Place, QPointF, str]] = {
    "slice": (slice_place, ASIDE, "slice"),
    "zoom": (slice_place, ASIDE, "zoom"),
    "size": (slice_place, ASIDE, "time point"),
    "tool": (slice_place, ASIDE, "cursor"),
    "window": (slice_place, ASIDE, "window"),
    "menu": (slice_place, ASIDE, "menus"),
    "pan": (slice_place, ASIDE, "place"),
    "pan_space": (slice_place, ASIDE, "place"),
    "zoom_drag": (slice_place, UP, "zoom"),
    "maximise": (slice_place, ASIDE, "maximised"),
    "follow": (slice_place, ASIDE, "cursor"),
    "volume_turn": (empty_place, ASIDE, "camera"),
    "volume_pick": (surface_place, ASIDE, "cursor"),
    "volume_pan": (surface_place, ASIDE, "eye"),
    "volume_pan_too": (surface_place, ASIDE, "eye"),
    "volume_zoom": (surface_place, ASIDE, "eye"),
    "volume_zoom_drag": (surface_place, UP, "eye"),
    "volume_turn_always": (brushed_place, ASIDE, "camera"),
    "volume_size": (brushed_place, ASIDE, "radius"),
    "volume_tool": (brushed_place, QPointF(6, 4), "labels"),
    "volume_clip": (clip_square, INWARDS, "clip box"),
    "volume_maximise": (surface_place, ASIDE, "maximised"),
    "mip_turn": (mip_place, ASIDE, "mip angle"),
    "mip_turn_drag": (mip_place, ASIDE, "mip angle"),
    "mip_pick": (mip_place, ASIDE, "cursor"),
    "mip_time_point": (mip_place, ASIDE, "time point"),
    "mip_scale": (mip_place, ASIDE, "scale"),
    "mip_maximise": (mip_place, ASIDE, "board maximised"),
}
HELD_DONE: dict[str, Callable[[Room], None]] = {"invert": inverted_stroke, "anywhere": stroke_anywhere}

# Every act by another gesture than the delivered one.
CHOSEN: dict[str, str] = {
    "slice": "Alt + wheel",
    "zoom": "Wheel",
    "size": "Ctrl + wheel",
    "tool": "Right",
    "window": "Left drag",
    "menu": "Middle click",
    "pan": "Shift + middle drag",
    "pan_space": "Space + right drag",
    "zoom_drag": "Alt + left drag",
    "maximise": "Ctrl + double click",
    "follow": "Alt + move",
    "invert": "Shift held while editing",
    "anywhere": "Ctrl held while editing",
    "volume_turn": "Middle drag",
    "volume_pick": "Middle click",
    "volume_pan": "Left drag",
    "volume_pan_too": "Alt + middle drag",
    "volume_zoom": "Alt + wheel",
    "volume_zoom_drag": "Ctrl + left drag",
    "volume_turn_always": "Shift + left drag",
    "volume_size": "Ctrl + wheel",
    "volume_tool": "Right drag",
    "volume_clip": "Alt + left drag",
    "volume_maximise": "Middle double click",
    "mip_turn": "Ctrl + wheel",
    "mip_turn_drag": "Middle drag",
    "mip_pick": "Right click",
    "mip_time_point": "Wheel",
    "mip_scale": "Left drag",
    "mip_maximise": "Right double click",
}


@pytest.mark.parametrize("chosen", [{}, CHOSEN], ids=["delivered", "chosen"])
def test_that_every_gesture_of_the_mouse_table_does_what_it_says(room: Room, chosen: dict[str, str]) -> None:
    """As delivered, and with every act given another gesture in the preferences."""
    exercised = {*GESTURES_DONE, *HELD_DONE}
    assert [act.name for act in MOUSE_ACTS if act.name not in exercised] == [], "a gesture without an exercise"
    assert not chosen or [act.name for act in MOUSE_ACTS if chosen.get(act.name, act.gesture) == act.gesture] == []
    acts = room.window.acts
    failed = []
    acts._keep_keys(KeyBindings({}, chosen))
    try:
        assert room.window.session.preferences.mouse == chosen
        for act in MOUSE_ACTS:
            if act.views == "volume" and opengl_fault() is not None:
                continue
            room.prepare()
            if act.name in HELD_DONE:
                part, before = "labels", room.seen("labels")
                HELD_DONE[act.name](room)
            else:
                place, way, part = GESTURES_DONE[act.name]
                view, begin = place(room)
                before = room.seen(part)
                perform(view, begin, gesture_of(mouse_bindings().gesture(act.name)), way)
            wait_until_idle(room.window)
            if room.seen(part) == before:
                failed.append(f"{act.name}: {part} stays {before}")
    finally:
        acts._keep_keys(AS_DELIVERED)
    assert not failed, "\n".join(failed)


def test_that_the_brush_has_its_size_from_the_wheel_with_the_brush_in_hand(room: Room) -> None:
    room.prepare()
    room.window.session.view_state.set_tool("brush")
    wheel(room.axial, at(room.axial, room, 0, 0, 0), 1, SHIFT)
    assert room.window.session.view_state.brush_radius_mm == pytest.approx(9.6)
    assert room.window.session.view_state.time_point == 1


def test_that_a_fast_stroke_leaves_no_gap(room: Room) -> None:
    room.prepare()
    state, axial = room.window.session.view_state, room.axial
    state.set_tool("brush")
    state.set_brush_radius(3.0)
    begin = np.array(state.cursor_mm) + np.array([-10.0, -40, 0])
    end = begin + np.array([20.0, 90, 0])
    # The system reports only the two ends of a fast hand's way.
    press(axial, axial.pixel_of(begin))
    move(axial, axial.pixel_of(end), LEFT)
    release(axial, axial.pixel_of(end))
    wait_until_idle(room.window)
    voi = room.window.session.voi
    points = np.linspace(begin, end, 300)
    index = np.rint(voi.mask.geometry.point_to_index(points)).astype(int)
    assert voi.mask.whole_grid_fraction()[tuple(index.T)].min() > 0.5
