"""Tools on a slice by events: live wire, ball and ellipsoid with handles, moving, scissors, pen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.livewire import EdgeMap
from dosimetry_core.voi_cutting import OutlineCut
from dosimetry_core.voi_editing import BrushGesture, PolygonGesture, gesture_mask
from tests.widgets.bodies import GRID, RIGHT_KIDNEY_MM, spect
from tests.widgets.held_tool import slice_with
from tests.widgets.pointer import CONTROL, LEFT, Received, click, drag, key, move, press, release, tablet, wheel
from widgets.slice_view import SliceView
from widgets.tools.brush import LEAST_PRESSED, BrushTool
from widgets.tools.ellipsoid import EllipsoidGesture, EllipsoidTool
from widgets.tools.live_wire import LiveWireTool
from widgets.tools.move import MoveGesture, MoveTool
from widgets.tools.scissors import ScissorsTool


def at(view: SliceView, *offset_mm: float) -> QPointF:
    return view.pixel_of(RIGHT_KIDNEY_MM + np.array(offset_mm))


def edges_around(plane, point_mm) -> EdgeMap:
    return EdgeMap.of(spect().volume, GRID, RigidTransform.identity(), point_mm, plane, reach_mm=60.0)


def test_that_a_live_wire_is_clicked_and_closed_along_edges(qtbot) -> None:
    view = slice_with(qtbot, LiveWireTool(edges_around))
    finished = Received(view.stroke_finished)
    corners = [(20, 0, 0), (0, 20, 0), (-20, 0, 0), (0, -20, 0)]
    before = view.grab().toImage()
    for corner in corners:
        click(view, at(view, *corner))
    move(view, at(view, 10, -18, 0))
    # The loose end is drawn from the last corner to the pointer.
    assert view.grab().toImage() != before
    assert len(finished) == 0
    click(view, at(view, *corners[0]))
    assert len(finished) == 1
    gesture = finished.last
    assert isinstance(gesture, PolygonGesture)
    assert not gesture.erase
    assert len(gesture.points_mm) > 12
    for corner in corners:
        nearest = np.linalg.norm(gesture.points_mm - (RIGHT_KIDNEY_MM + corner), axis=1).min()
        assert nearest < 1.0


@pytest.mark.parametrize("how", ["enter", "double click"])
def test_that_enter_or_a_double_click_closes_a_live_wire(qtbot, how: str) -> None:
    from tests.widgets.pointer import double_click

    view = slice_with(qtbot, LiveWireTool(edges_around))
    finished = Received(view.stroke_finished)
    click(view, at(view, 20, 0, 0), modifiers=CONTROL)
    click(view, at(view, 0, 20, 0))
    if how == "enter":
        click(view, at(view, -20, 0, 0))
        key(view, Qt.Key.Key_Return)
    else:
        double_click(view, at(view, -20, 0, 0))
    assert finished.last.erase


@pytest.mark.parametrize("uniform", [True, False])
def test_that_a_shape_is_drawn_from_the_middle_and_pulled_by_its_handles(qtbot, uniform: bool) -> None:
    tool = EllipsoidTool(uniform=uniform)
    view = slice_with(qtbot, tool)
    finished, moved = Received(view.stroke_finished), Received(view.stroke_moved)
    drag(view, [at(view, 0, 0, 0), at(view, 6, 4, 0), at(view, 12, 9, 0)])
    drawn = finished.last
    assert isinstance(drawn, EllipsoidGesture)
    assert len(moved) >= 1
    assert not drawn.changes
    assert drawn.ellipsoid.centre_mm == pytest.approx(RIGHT_KIDNEY_MM, abs=2.0)
    expected = [15, 15, 15] if uniform else [12, 9, 10.5]
    assert drawn.ellipsoid.half_axes_mm == pytest.approx(expected, abs=0.5)
    tool.show(drawn.ellipsoid)
    end = drawn.ellipsoid.surface_points_mm()[1]
    drag(
        view,
        [view.pixel_of(end), view.pixel_of(end + np.array([4.0, 0, 0])), view.pixel_of(end + np.array([8.0, 0, 0]))],
    )
    pulled = finished.last
    assert pulled.changes
    longer = drawn.ellipsoid.half_axes_mm[0] + 8
    others = [longer, longer] if uniform else list(drawn.ellipsoid.half_axes_mm[1:])
    assert pulled.ellipsoid.half_axes_mm == pytest.approx([longer, *others], abs=0.5)
    tool.show(pulled.ellipsoid)
    drag(view, [at(view, 0, 0, 0), at(view, -5, 3, 0)])
    assert finished.last.changes
    shift = finished.last.ellipsoid.centre_mm - pulled.ellipsoid.centre_mm
    assert shift == pytest.approx([-5, 3, 0], abs=0.6)
    assert finished.last.ellipsoid.half_axes_mm == pytest.approx(pulled.ellipsoid.half_axes_mm)


@pytest.mark.parametrize("uniform", [True, False])
def test_that_the_nearest_handle_of_a_small_shape_is_taken(qtbot, uniform: bool) -> None:
    from dosimetry_core.voi_primitives import Ellipsoid

    tool = EllipsoidTool(uniform=uniform)
    view = slice_with(qtbot, tool)
    finished = Received(view.stroke_finished)
    centre = view.pixel_of(RIGHT_KIDNEY_MM)
    pixels_per_mm = (view.pixel_of(RIGHT_KIDNEY_MM + np.array([1.0, 0, 0])) - centre).x()
    small = Ellipsoid(RIGHT_KIDNEY_MM, np.full(3, 6.0 / abs(pixels_per_mm)))
    tool.show(small)
    end = view.pixel_of(small.surface_points_mm()[1])
    outwards = end - centre
    # The middle is within reach of the press, too.
    drag(view, [end - outwards / 6, end + outwards])
    assert finished.last.changes
    assert finished.last.ellipsoid.centre_mm == pytest.approx(small.centre_mm)
    assert finished.last.ellipsoid.half_axes_mm[0] > 1.5 * small.half_axes_mm[0]


def test_that_escape_drops_a_shape_and_control_takes_it_away(qtbot) -> None:
    view = slice_with(qtbot, EllipsoidTool(uniform=True), "coronal")
    finished, cancelled = Received(view.stroke_finished), Received(view.stroke_cancelled)
    press(view, at(view, 0, 0, 0))
    move(view, at(view, 10, 0, 5), LEFT)
    key(view, Qt.Key.Key_Escape)
    release(view, at(view, 10, 0, 5))
    assert (len(finished), len(cancelled)) == (0, 1)
    drag(view, [at(view, 0, 0, 0), at(view, 8, 0, 0)], modifiers=CONTROL)
    assert finished.last.erase
    click(view, at(view, 0, 0, 0))
    # A click draws nothing.
    assert len(finished) == 1


def test_that_handles_are_drawn_only_where_the_slice_meets_the_shape(qtbot) -> None:
    tool = EllipsoidTool(uniform=True)
    view = slice_with(qtbot, tool)
    without = view.grab().toImage()
    from dosimetry_core.voi_primitives import Ellipsoid

    tool.show(Ellipsoid(RIGHT_KIDNEY_MM, np.full(3, 12.0)))
    assert view.grab().toImage() != without
    tool.show(Ellipsoid(RIGHT_KIDNEY_MM + np.array([0, 0, 30.0]), np.full(3, 12.0)))
    assert view.grab().toImage() == without


@pytest.mark.parametrize(("plane", "offset"), [("axial", (9, -6, 0)), ("coronal", (9, 0, 7)), ("sagittal", (0, 5, -8))])
def test_that_a_voi_is_dragged_in_the_plane_of_the_slice(qtbot, plane, offset) -> None:
    view = slice_with(qtbot, MoveTool(), plane)
    finished, cancelled = Received(view.stroke_finished), Received(view.stroke_cancelled)
    drag(view, [at(view, 0, 0, 0), at(view, *(np.array(offset) / 2)), at(view, *offset)])
    assert isinstance(finished.last, MoveGesture)
    assert finished.last.shift_mm == pytest.approx(offset, abs=1e-6)
    click(view, at(view, 0, 0, 0))
    assert (len(finished), len(cancelled)) == (1, 1)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize(("keeps", "modifiers"), [(False, Qt.KeyboardModifier.NoModifier), (True, CONTROL)])
def test_that_scissors_cut_across_the_slice_and_control_swaps_the_sides(qtbot, plane, keeps, modifiers) -> None:
    view = slice_with(qtbot, ScissorsTool(), plane)
    finished = Received(view.stroke_finished)
    path = [QPointF(200, 200), QPointF(300, 200), QPointF(300, 300), QPointF(200, 300)]
    drag(view, path, modifiers=modifiers)
    gesture = finished.last
    assert isinstance(gesture, OutlineCut)
    assert gesture.keeps_inside == keeps
    corners = [view.point_at(pixel) for pixel in path]
    for corner, drawn in zip(corners, gesture.outline, strict=True):
        u, v, w = gesture.projection @ np.append(corner, 1.0)
        assert (u / w, v / w) == pytest.approx(tuple(drawn))


def test_that_a_fast_stroke_is_swept_between_the_few_places_the_system_reports(qtbot) -> None:
    view = slice_with(qtbot, BrushTool(4.0))
    finished = Received(view.stroke_finished)
    drag(view, [at(view, -30, 0, 0), at(view, 30, 0, 0)])
    mask = gesture_mask(GRID, finished.last)
    index = np.rint(GRID.point_to_index(RIGHT_KIDNEY_MM + np.linspace([-30, 0, 0], [30, 0, 0], 200))).astype(int)
    whole = mask.whole_grid_fraction()
    assert whole[tuple(index.T)].min() == 1.0


def test_that_a_pen_draws_the_wider_the_harder_it_is_pressed(qtbot) -> None:
    view = slice_with(qtbot, BrushTool(12.0))
    finished = Received(view.stroke_finished)
    tablet(view, QEvent.Type.TabletPress, at(view, -30, 0, 0), 0.0)
    tablet(view, QEvent.Type.TabletMove, at(view, 0, 0, 0), 0.5)
    tablet(view, QEvent.Type.TabletMove, at(view, 20, 0, 0), 1.0)
    tablet(view, QEvent.Type.TabletRelease, at(view, 30, 0, 0), 0.0)
    gesture = finished.last
    assert isinstance(gesture, BrushGesture)
    middle = LEAST_PRESSED + (1 - LEAST_PRESSED) / 2
    assert gesture.radii_mm == pytest.approx([12 * LEAST_PRESSED, 12 * middle, 12.0, 12.0])
    # A mouse afterwards presses fully.
    drag(view, [at(view, -30, 0, 0), at(view, 30, 0, 0)])
    assert finished.last.radii_mm is None
    assert finished.last.radius_mm == 12.0


def test_that_what_only_hovers_or_feels_no_pressure_is_no_light_touch(qtbot) -> None:
    view = slice_with(qtbot, BrushTool(12.0))
    finished = Received(view.stroke_finished)
    # A pen that went away over the view leaves the mouse its full brush.
    tablet(view, QEvent.Type.TabletMove, at(view, -40, 0, 0), 0.0, touches=False)
    drag(view, [at(view, -30, 0, 0), at(view, 30, 0, 0)])
    assert (finished.last.radius_mm, finished.last.radii_mm) == (12.0, None)
    tablet(view, QEvent.Type.TabletPress, at(view, -30, 0, 0), 0.0, feels=False)
    tablet(view, QEvent.Type.TabletMove, at(view, 20, 0, 0), 0.0, feels=False)
    tablet(view, QEvent.Type.TabletRelease, at(view, 30, 0, 0), 0.0, feels=False)
    assert (finished.last.radius_mm, finished.last.radii_mm) == (12.0, None)


def test_that_words_at_the_pointer_go_with_the_next_press(qtbot) -> None:
    view = slice_with(qtbot, BrushTool(12.0))
    view.set_tool(None)
    move(view, QPointF(200, 200))
    plain = view.grab().toImage()
    view.say_at_pointer("this image is too small")
    assert view.grab().toImage() != plain
    press(view, QPointF(200, 200))
    release(view, QPointF(200, 200))
    view.set_cursor(RIGHT_KIDNEY_MM)
    assert view._words.text == ""


def test_that_a_shape_has_no_size_of_its_own_for_the_wheel(qtbot) -> None:
    view = slice_with(qtbot, MoveTool())
    asked = Received(view.time_point_step_requested)
    wheel(view, QPointF(200, 200), 1, Qt.KeyboardModifier.ShiftModifier)
    assert asked.values == [-1]
