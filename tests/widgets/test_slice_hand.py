"""A tool in hand on a slice by keys alone, and what a pointer that rests points at."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from dosimetry_core.voi_editing import BrushGesture, PolygonGesture, gesture_mask
from tests.widgets.bodies import GRID, RIGHT_KIDNEY_MM
from tests.widgets.held_tool import slice_with
from tests.widgets.pointer import NONE, SHIFT, Received, drag, key, move
from widgets.slice_hand import NO_TOOL
from widgets.slice_view import SliceView
from widgets.tools.brush import BrushTool
from widgets.tools.move import MoveGesture, MoveTool
from widgets.tools.polygon import PolygonTool


def steps(view: SliceView, code: Qt.Key, count: int) -> None:
    for _ in range(count):
        key(view, code, SHIFT)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_that_the_cursor_goes_by_voxels_on_the_slice_and_stays_on_the_picture(qtbot, plane) -> None:
    view = slice_with(qtbot, None, plane)
    moved = Received(view.cursor_moved)
    begin, index = view.pixel_of(view.cursor_mm), view.slice_index
    steps(view, Qt.Key.Key_Right, 3)
    steps(view, Qt.Key.Key_Down, 2)
    at = view.pixel_of(moved.last)
    rows_mm, columns_mm = view.axes.spacing_mm
    scale = view.pixels_per_mm()
    assert (at.x() - begin.x(), at.y() - begin.y()) == pytest.approx((3 * columns_mm * scale, 2 * rows_mm * scale))
    assert view.slice_index == index
    steps(view, Qt.Key.Key_Left, 3)
    steps(view, Qt.Key.Key_Up, 2)
    back = view.pixel_of(moved.last)
    assert (back.x(), back.y()) == pytest.approx((begin.x(), begin.y()))
    steps(view, Qt.Key.Key_Left, 500)
    inside = GRID.point_to_index(moved.last)
    assert np.all((inside > -0.5) & (inside < np.array(GRID.shape) - 0.5))


def test_that_a_brush_is_put_down_moved_and_lifted_by_keys_like_by_the_pointer(qtbot) -> None:
    view = slice_with(qtbot, BrushTool(6.0))
    finished, pointed = Received(view.stroke_finished), Received(view.stroke_moved)
    key(view, Qt.Key.Key_Y)
    steps(view, Qt.Key.Key_Right, 4)
    # A pointer that comes over the view meanwhile takes no part in it.
    move(view, QPointF(500, 60))
    assert len(finished) == 0
    assert len(pointed) > 1
    end = view.cursor_mm
    key(view, Qt.Key.Key_Y)
    by_keys = finished.last
    assert isinstance(by_keys, BrushGesture)
    drag(view, [view.pixel_of(RIGHT_KIDNEY_MM), view.pixel_of(end)])
    assert len(finished) == 2
    same = gesture_mask(GRID, by_keys), gesture_mask(GRID, finished.last)
    assert same[0].volume_ml == pytest.approx(same[1].volume_ml, rel=1e-6)
    assert same[0].volume_ml > 0


def test_that_a_polygon_has_its_corners_by_keys_and_esc_drops_it(qtbot) -> None:
    view = slice_with(qtbot, PolygonTool())
    finished, cancelled = Received(view.stroke_finished), Received(view.stroke_cancelled)
    for way in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left):
        key(view, Qt.Key.Key_Y)
        key(view, Qt.Key.Key_Y)
        steps(view, way, 8)
    key(view, Qt.Key.Key_Y)
    key(view, Qt.Key.Key_Y)
    key(view, Qt.Key.Key_Return)
    gesture = finished.last
    assert isinstance(gesture, PolygonGesture)
    rows_mm, columns_mm = view.axes.spacing_mm
    area = 64 * rows_mm * columns_mm
    corners = np.array([view.axes.picture_mm(corner) for corner in gesture.points_mm])
    x, y = corners.T
    assert abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2 == pytest.approx(area)
    key(view, Qt.Key.Key_Y)
    key(view, Qt.Key.Key_Escape)
    assert (len(finished), len(cancelled)) == (1, 1)


def test_that_a_voi_is_moved_by_keys(qtbot) -> None:
    view = slice_with(qtbot, MoveTool())
    finished = Received(view.stroke_finished)
    key(view, Qt.Key.Key_Y)
    steps(view, Qt.Key.Key_Right, 5)
    key(view, Qt.Key.Key_Y)
    assert isinstance(finished.last, MoveGesture)
    assert np.linalg.norm(finished.last.shift_mm) == pytest.approx(5 * view.axes.spacing_mm[1])


def test_that_without_a_tool_or_with_a_blocked_one_keys_draw_nothing_and_it_is_said(qtbot) -> None:
    view = slice_with(qtbot, None)
    started = Received(view.stroke_started)
    key(view, Qt.Key.Key_Y)
    assert view.words_at_pointer() == NO_TOOL
    view.set_tool(BrushTool())
    view.set_tool_blocked("choose a VOI first")
    key(view, Qt.Key.Key_Y)
    assert view.words_at_pointer() == "choose a VOI first"
    assert len(started) == 0


def test_that_the_probe_follows_what_comes_under_a_resting_pointer(qtbot) -> None:
    view = slice_with(qtbot, BrushTool())
    probed = Received(view.probe_moved)
    place = QPointF(180, 200)
    move(view, place)
    for change in (
        lambda: view.zoom_at(QPointF(300, 250), 1.7),
        lambda: view.pan_by(QPointF(30, -20)),
        view.reset_view,
        lambda: view.step_slices(2),
        lambda: view.resize(520, 460),
    ):
        count = len(probed)
        change()
        assert len(probed) > count
        assert probed.last == pytest.approx(view.point_at(place))
    view.hide()
    assert probed.last is None


def test_that_a_view_that_leaves_a_resting_pointer_shows_nothing_there(qtbot) -> None:
    view = slice_with(qtbot, BrushTool())
    probed = Received(view.probe_moved)
    move(view, QPointF(580, 480), modifiers=NONE)
    view.resize(300, 300)
    assert probed.last is None
