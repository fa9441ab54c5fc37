"""Every entry of the key and of the mouse table does what it says, by real events on the real window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from app.case_edits import with_mask
from app.key_table import KEY_ACTS, KeyAct
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.voi_editing import BrushGesture, empty_mask, paint, union
from tests.journeys.exercises import Room
from tests.widgets.pointer import (
    CONTROL,
    LEFT,
    MIDDLE,
    RIGHT,
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
from widgets.mip_view import MipView
from widgets.mouse_table import MOUSE_ACTS
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
    "centre": lambda room: room.window.session.view_state.set_cursor((1.0, 2.0, 3.0)),
    "next_cycle": lambda room: two_cycles(room),
    "previous_cycle": lambda room: (two_cycles(room), room.window.session.view_state.set_cycle(1)),
    "theme_dark": lambda room: room.window.acts.choose_theme("light"),
    "smaller": lambda room: room.window.session.view_state.set_tool("brush"),
    "level-trace": lambda room: edited(room, nothing),
    "grow-region": lambda room: edited(room, nothing),
    "ball": lambda room: room.window.session.view_state.set_cursor(room.window.session.voi.mask.geometry.centre_mm()),
}


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


def held_pan(room: Room) -> None:
    middle = at(room.axial, room, 0, 0, 0)
    send_key(room.axial, Qt.Key.Key_Space, hold=True)
    drag(room.axial, [middle, middle + QPointF(20, 10)])
    let_go(room.axial, Qt.Key.Key_Space)


def on_slice(act: Callable[[SliceView, QPointF], object]) -> Callable[[Room], object]:
    return lambda room: act(room.axial, at(room.axial, room, 0, 0, 0))


def inverted_stroke(room: Room) -> None:
    room.window.session.view_state.set_tool("brush")
    drag(room.axial, [at(room.axial, room, 0, 0, 0), at(room.axial, room, 6, 0, 0)], LEFT, CONTROL)
    wait_until_idle(room.window)
    assert "Erase" in room.seen("labels")[-1]


def stroke_anywhere(room: Room) -> None:
    """Held to a range that nothing is in, the brush draws only with Alt."""
    room.window.session.view_state.set_tool("erase")
    room.step.tools.range.set_limits(1e12, None)
    path = [at(room.axial, room, 0, 0, 0), at(room.axial, room, 6, 0, 0)]
    drag(room.axial, path)
    assert room.seen("labels") == ()
    # The modifier is asked of the system, not of the event.
    held = Qt.KeyboardModifier.AltModifier
    original = QGuiApplication.keyboardModifiers
    QGuiApplication.keyboardModifiers = staticmethod(lambda: held)
    try:
        drag(room.axial, path, LEFT, held)
    finally:
        QGuiApplication.keyboardModifiers = original
        room.step.tools.range.set_limits(None, None, on=False)


def on_volume(act: Callable[[object, QPointF], object], tool: str = "cursor") -> Callable[[Room], object]:
    def do(room: Room) -> None:
        room.step.images.show_surfaces()
        volume = room.step.volume
        volume.grab()
        room.window.session.view_state.set_tool(tool)
        act(volume, volume.eye().pixel_of(room.window.session.voi.mask.centroid_mm()))

    return do


def on_mip(act: Callable[[MipView, QPointF], object]) -> Callable[[Room], object]:
    def do(room: Room) -> None:
        room.step.show_layout("rows")
        wait_until_idle(room.window)
        view = room.step.layouts.board.mips["mip"]
        view.grab()
        act(view, view.pixel_of(room.window.session.voi.mask.centroid_mm()) + QPointF(3, 0))

    return do


def clip_plane(room: Room) -> None:
    volume = room.step.volume
    room.step.images.show_surfaces()
    volume.grab()
    volume.set_clipped(True)
    before = volume.clip_box().high_mm[0]
    handle = volume.eye().pixel_of(volume.clip_box().handle_mm(1))
    drag(volume, [handle, handle - QPointF(10, 0), handle - QPointF(20, 0)])
    assert volume.clip_box().high_mm[0] < before


# How each gesture is made, and what it changes.
GESTURES_DONE: dict[str, tuple[Callable[[Room], object], str]] = {
    "slice": (on_slice(lambda view, middle: wheel(view, middle, -1)), "slice"),
    "zoom": (on_slice(lambda view, middle: wheel(view, middle, 1, CONTROL)), "zoom"),
    "size": (on_slice(lambda view, middle: wheel(view, middle, 1, SHIFT)), "time point"),
    "tool": (on_slice(lambda view, middle: click(view, middle + QPointF(15, 10))), "cursor"),
    "window": (on_slice(lambda view, middle: drag(view, [middle, middle + QPointF(30, 5)], RIGHT)), "window"),
    "menu": (on_slice(lambda view, middle: click(view, middle, RIGHT)), "menus"),
    "pan": (on_slice(lambda view, middle: drag(view, [middle, middle + QPointF(30, 5)], MIDDLE)), "place"),
    "pan_space": (held_pan, "place"),
    "zoom_drag": (on_slice(lambda view, middle: drag(view, [middle, middle - QPointF(0, 40)], RIGHT, CONTROL)), "zoom"),
    "maximise": (on_slice(lambda view, middle: double_click(view, middle)), "maximised"),
    "follow": (on_slice(lambda view, middle: move(view, middle + QPointF(25, 5), NONE_HELD, SHIFT)), "cursor"),
    "invert": (inverted_stroke, "labels"),
    "anywhere": (stroke_anywhere, "labels"),
    "volume_turn": (on_volume(lambda view, _m: drag(view, [QPointF(8, 8), QPointF(48, 20)])), "camera"),
    "volume_pick": (on_volume(lambda view, middle: click(view, middle)), "cursor"),
    "volume_pan": (on_volume(lambda view, middle: drag(view, [middle, middle + QPointF(20, 5)], MIDDLE)), "eye"),
    "volume_zoom": (on_volume(lambda view, middle: wheel(view, middle, 1)), "eye"),
    "volume_turn_always": (
        on_volume(lambda view, middle: drag(view, [middle, middle + QPointF(40, 5)], RIGHT, CONTROL), "brush"),
        "camera",
    ),
    "volume_size": (on_volume(lambda view, middle: wheel(view, middle, 1, SHIFT), "brush"), "radius"),
    "volume_tool": (on_volume(lambda view, middle: drag(view, [middle, middle + QPointF(6, 4)]), "brush"), "labels"),
    "volume_clip": (clip_plane, "clip"),
    "volume_maximise": (on_volume(lambda view, middle: double_click(view, middle)), "maximised"),
    "mip_turn": (on_mip(lambda view, middle: wheel(view, middle, -1)), "mip angle"),
    "mip_pick": (on_mip(lambda view, middle: click(view, middle)), "cursor"),
    "mip_scale": (on_mip(lambda view, middle: drag(view, [middle, middle + QPointF(30, 5)], RIGHT)), "scale"),
    "mip_maximise": (on_mip(lambda view, middle: double_click(view, middle)), "board maximised"),
}
NONE_HELD = Qt.MouseButton.NoButton


def test_that_every_gesture_of_the_mouse_table_does_what_it_says(room: Room) -> None:
    assert [act.name for act in MOUSE_ACTS if act.name not in GESTURES_DONE] == [], "a gesture without an exercise"
    failed = []
    for act in MOUSE_ACTS:
        if act.views == "volume" and opengl_fault() is not None:
            continue
        room.prepare()
        done, part = GESTURES_DONE[act.name]
        before = room.seen(part)
        done(room)
        wait_until_idle(room.window)
        if room.seen(part) == before:
            failed.append(f"{act.name}: {part} stays {before}")
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
