"""Tools on the 3D view by events: picking, clip planes, brush on the surface, scissors, dragging, handles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QToolButton

from dosimetry_core.anatomical_plane import PlaneAxes
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.voi_cutting import cut
from dosimetry_core.voi_editing import paint
from dosimetry_core.voi_primitives import Ellipsoid
from dosimetry_core.volume import Volume
from tests.widgets.bodies import GRID, RIGHT_KIDNEY_MM, kidney, points, spect
from tests.widgets.pointer import (
    CONTROL,
    LEFT,
    RIGHT,
    SHIFT,
    Received,
    click,
    drag,
    key,
    move,
    press,
    release,
    tablet,
    wheel,
)
from widgets.clip_box import LEAST_MM, LETTERS
from widgets.display_scale import ColourScale
from widgets.ray_maximum import hottest_on_ray
from widgets.slice_picture import Layer, value_at
from widgets.theme import BADGE
from widgets.tools.brush import LEAST_PRESSED, BrushTool
from widgets.tools.ellipsoid import EllipsoidTool
from widgets.tools.eye import Eye
from widgets.tools.move import MoveGesture, MoveTool
from widgets.tools.on_surface import EMPTY_VOI
from widgets.tools.polygon import PolygonTool
from widgets.tools.scissors import ScissorsTool
from widgets.volume_view import VolumeView, opengl_fault

needs_opengl = pytest.mark.skipif(opengl_fault() is not None, reason="no OpenGL here")
MIDDLE = QPointF(160, 150)
SPOT_MM = RIGHT_KIDNEY_MM + np.array([45.0, 12.0, 20.0])


def hot_spot(move_by: RigidTransform | None = None) -> Layer:
    """A blurred spot of known middle, seen displaced."""
    moved = move_by or RigidTransform.identity()
    layer = spect(moved)
    place = moved.inverse().apply(points(layer.volume.geometry))
    values = 1e6 * np.exp(-(np.linalg.norm(place - SPOT_MM, axis=-1) ** 2) / (2 * 10.0**2))
    return Layer(Volume(values.astype(np.float32), layer.volume.geometry, "activity_concentration_bq_per_ml"), moved)


@pytest.fixture(scope="module")
def shared_view():
    """One view for all tests: each new one keeps graphics memory."""
    return VolumeView() if opengl_fault() is None else None


@pytest.fixture
def view(qapp, shared_view) -> VolumeView:
    shared_view.resize(320, 300)
    shared_view.set_tool(None)
    shared_view.set_tool_blocked("")
    shared_view.set_clipped(False)
    shared_view.show_vois([])
    shared_view.show_spect(None)
    shared_view.show_vois([kidney()])
    shared_view.set_active_voi("v1")
    shared_view.show()
    shared_view.reset_view()
    shared_view.grab()
    return shared_view


def eye_of(view: VolumeView) -> Eye:
    eye = view.eye()
    assert eye is not None
    return eye


@needs_opengl
def test_that_the_eye_sees_a_point_where_it_is_drawn_and_finds_it_again(view) -> None:
    drag(view, [MIDDLE, QPointF(200, 170)])
    eye = eye_of(view)
    front = view.surface_at(MIDDLE)
    assert front is not None
    assert np.linalg.norm(front - RIGHT_KIDNEY_MM) == pytest.approx(20, abs=1.5)
    seen = eye.pixel_of(front)
    # The pick is at the middle of a pixel.
    assert (seen - MIDDLE).manhattanLength() < 2.0
    assert eye.point_at(seen, front) == pytest.approx(front, abs=1e-6)
    along = (front - eye.position_mm()) / np.linalg.norm(front - eye.position_mm())
    assert eye.direction(seen) == pytest.approx(along, abs=1e-6)
    beside = eye.pixel_of(eye.point_at(seen + QPointF(0, 50), front)) - seen
    assert (beside.x(), beside.y()) == pytest.approx((0, 50), abs=1e-6)


@needs_opengl
@pytest.mark.parametrize(
    "moved", [RigidTransform.identity(), RigidTransform.from_rotation_vector((0.1, 0.2, -0.1), (8.0, -5, 3))]
)
def test_that_a_click_on_the_projection_finds_the_hottest_depth(view, moved) -> None:
    view.show_spect(hot_spot(moved))
    view.set_spect_scale(ColourScale(0.0, 1e6))
    found = Received(view.cursor_moved)
    for turn in (QPointF(160, 150), QPointF(215, 180)):
        drag(view, [MIDDLE, turn])
        found.values.clear()
        click(view, eye_of(view).pixel_of(SPOT_MM))
        # Half a voxel of 4 mm, and half a pixel of the screen.
        assert found.last == pytest.approx(SPOT_MM, abs=3.0)
    dark = QPointF(4, 290)
    found.values.clear()
    view.set_spect_scale(ColourScale(1e5, 1e6))
    click(view, dark)
    assert len(found) == 0


def test_that_the_hottest_place_on_a_ray_is_kept_to_the_box_shown() -> None:
    layer = spect()
    begin, along = RIGHT_KIDNEY_MM - np.array([0, 300.0, 0]), np.array([0.0, 1.0, 0.0])
    found = hottest_on_ray(layer, begin, along)
    assert found is not None
    # A ramp towards the back: the last voxel within the image.
    assert found[0][1] == pytest.approx(GRID.centre_mm()[1] + 126, abs=2.0)
    assert found[1] == pytest.approx(value_at(layer, found[0]), rel=1e-6)
    limited = hottest_on_ray(layer, begin, along, high_mm=RIGHT_KIDNEY_MM + 10)
    assert limited is not None
    assert limited[0][1] == pytest.approx(RIGHT_KIDNEY_MM[1] + 10, abs=2.0)
    assert hottest_on_ray(layer, begin, np.array([1.0, 0, 0])) is None


def test_that_the_projection_without_opengl_can_be_picked(qtbot) -> None:
    view = VolumeView(use_opengl=False)
    qtbot.addWidget(view)
    view.resize(300, 260)
    view.show_spect(hot_spot())
    view.set_spect_scale(ColourScale(0.0, 1e6))
    view.show()
    image = view.grab().toImage()
    dark = [(x, y) for x in range(300) for y in range(32, 220) if QColor(image.pixel(x, y)).lightness() < 12]
    # The darkest place within the white picture is the spot (inverted grey).
    axes = PlaneAxes.of(hot_spot().volume.geometry, "coronal")
    assert axes.letters()[0] == "R"
    found = Received(view.cursor_moved)
    place = view._flat._place
    spots = [(x, y) for x, y in dark if place.adjusted(12, 14, -12, -14).contains(QPointF(x, y))]
    click(view, QPointF(*np.mean(spots, axis=0)))
    assert found.last == pytest.approx(SPOT_MM, abs=4.0)
    click(view, QPointF(2, 2))
    assert len(found) == 1


@needs_opengl
def test_that_clip_planes_are_dragged_and_hide_what_lies_beyond(view) -> None:
    view.findChild(QToolButton, "volume_clip").click()
    assert view.is_clipped
    drag(view, [QPointF(5, 5), QPointF(65, 35)])
    box, eye = view.clip_box(), eye_of(view)
    assert box is not None
    bounds = np.array([RIGHT_KIDNEY_MM - 40, RIGHT_KIDNEY_MM + 40])
    assert np.array([box.low_mm, box.high_mm]) == pytest.approx(bounds, abs=3.0)
    left = LETTERS.index("L")
    handle = eye.pixel_of(box.handle_mm(left))
    target = box.handle_mm(left) - np.array([40.0, 0, 0])
    visible = view.surface_at(eye.pixel_of(RIGHT_KIDNEY_MM + np.array([12.0, 0, 0])))
    assert visible is not None
    drag(view, [handle, eye.pixel_of(target)])
    moved = view.clip_box()
    assert moved is not None
    # Perspective: the drag is straight along the axis on the screen, its scale that of the handle.
    assert moved.high_mm[0] == pytest.approx(RIGHT_KIDNEY_MM[0], abs=8.0)
    assert moved.low_mm == pytest.approx(box.low_mm)
    hidden = view.surface_at(eye.pixel_of(RIGHT_KIDNEY_MM + np.array([12.0, 0, 0])))
    assert hidden is None or hidden[0] <= moved.high_mm[0] + 0.5
    # It can't be pulled past the opposite side.
    drag(view, [eye.pixel_of(moved.handle_mm(left)), eye.pixel_of(moved.handle_mm(left) - np.array([100.0, 0, 0]))])
    assert view.clip_box().high_mm[0] == pytest.approx(box.low_mm[0] + LEAST_MM)
    view.findChild(QToolButton, "volume_clip").click()
    assert not view.is_clipped


@needs_opengl
def test_that_a_face_looked_at_straight_on_has_no_handle(view) -> None:
    view.set_clipped(True)
    box = view.clip_box()
    assert box is not None
    assert box.face_at(eye_of(view), MIDDLE) is None
    drag(view, [QPointF(5, 5), QPointF(125, 5)])
    front = eye_of(view).pixel_of(box.handle_mm(LETTERS.index("A")))
    assert box.face_at(eye_of(view), front) is not None


@needs_opengl
@pytest.mark.parametrize(("modifiers", "erase"), [(Qt.KeyboardModifier.NoModifier, False), (CONTROL, True)])
def test_that_the_brush_paints_and_erases_on_the_surface_without_gaps(view, modifiers, erase: bool) -> None:
    view.set_tool(BrushTool(5.0))
    finished, sent = Received(view.stroke_finished), Received(view.stroke_moved)
    # Two reports of the system for the whole stroke: a fast hand.
    drag(view, [MIDDLE - QPointF(30, 0), MIDDLE + QPointF(30, 0)], modifiers=modifiers)
    gesture = finished.last
    assert len(sent) >= 1
    assert gesture.erase == erase
    (part,) = gesture.parts
    assert part.spherical
    assert part.radius_mm == 5.0
    assert np.linalg.norm(part.points_mm - RIGHT_KIDNEY_MM, axis=1) == pytest.approx(
        np.full(len(part.points_mm), 20.0), abs=1.5
    )
    steps = np.linalg.norm(np.diff(part.points_mm, axis=0), axis=1)
    assert steps.max() < 5.0
    if not erase:
        # At least half a cylinder of 5 mm radius and 8 mm length.
        assert paint(kidney().mask, part).volume_ml > kidney().mask.volume_ml + 0.3


@needs_opengl
def test_that_a_stroke_that_leaves_the_surface_goes_on_where_it_comes_back(view) -> None:
    view.set_tool(BrushTool(3.0))
    finished = Received(view.stroke_finished)
    path = [MIDDLE, QPointF(160, 5), QPointF(5, 5), QPointF(5, 150), MIDDLE - QPointF(20, 0)]
    drag(view, path)
    assert len(finished.last.parts) == 2


@needs_opengl
def test_that_scissors_cut_what_the_outline_encloses_on_the_screen(view) -> None:
    view.set_tool(ScissorsTool())
    finished = Received(view.stroke_finished)
    drag(view, [QPointF(160, 2), QPointF(318, 2), QPointF(318, 298), QPointF(160, 298)])
    mask = kidney().mask
    left = cut(mask, finished.last)
    # The middle of the window is the middle of the ball, seen from the front: its left half goes.
    assert left.volume_ml == pytest.approx(mask.volume_ml / 2, rel=0.05)
    assert left.centroid_mm()[0] < mask.centroid_mm()[0] - 5
    drag(view, [QPointF(160, 2), QPointF(318, 2), QPointF(318, 298), QPointF(160, 298)], modifiers=CONTROL)
    assert cut(mask, finished.last).centroid_mm()[0] > mask.centroid_mm()[0] + 5


@needs_opengl
def test_that_a_voi_is_dragged_in_the_plane_of_the_screen(view) -> None:
    view.set_tool(MoveTool())
    finished = Received(view.stroke_finished)
    begin = view.surface_at(MIDDLE)
    scale = eye_of(view).pixels_per_mm(begin)
    before = view.grab().toImage()
    press(view, MIDDLE)
    move(view, MIDDLE + QPointF(20, -30), LEFT)
    # The surface goes along while it is dragged.
    assert view.grab().toImage() != before
    release(view, MIDDLE + QPointF(20, -30))
    assert isinstance(finished.last, MoveGesture)
    # Seen from the front: right on the screen is the patient's left, up is the head.
    assert finished.last.shift_mm == pytest.approx([20 / scale, 0, 30 / scale], abs=0.5)


@needs_opengl
def test_that_escape_drops_a_drag_and_puts_the_surface_back(view) -> None:
    view.set_tool(MoveTool())
    finished, cancelled = Received(view.stroke_finished), Received(view.stroke_cancelled)
    view.leaveEvent(None)
    before = view.grab().toImage()
    press(view, MIDDLE)
    move(view, MIDDLE + QPointF(25, 0), LEFT)
    key(view, Qt.Key.Key_Escape)
    release(view, MIDDLE + QPointF(25, 0))
    assert (len(finished), len(cancelled)) == (0, 1)
    assert view.surface_at(MIDDLE) is not None
    view.leaveEvent(None)
    view._redraw()
    assert view.grab().toImage() == before


@needs_opengl
def test_that_handles_are_pulled_along_their_axes(view) -> None:
    tool = EllipsoidTool(uniform=False)
    ellipsoid = Ellipsoid(RIGHT_KIDNEY_MM, np.array([18.0, 18, 18]))
    tool.show(ellipsoid)
    view.set_tool(tool)
    finished = Received(view.stroke_finished)
    drag(view, [QPointF(5, 5), QPointF(45, 25)])
    eye = eye_of(view)
    for number, axis in ((1, 0), (4, 2), (2, 1)):
        end = ellipsoid.surface_points_mm()[number]
        away = 6.0 * (1 if number % 2 else -1) * np.eye(3)[axis]
        drag(view, [eye.pixel_of(end), eye.pixel_of(end + away)])
        expected = ellipsoid.half_axes_mm + 6.0 * np.eye(3)[axis]
        assert finished.last.changes
        # Perspective: 6 mm towards the eye are a little larger on the screen.
        assert finished.last.ellipsoid.half_axes_mm == pytest.approx(expected, abs=0.6)
    drag(view, [eye.pixel_of(ellipsoid.centre_mm), eye.pixel_of(ellipsoid.centre_mm) + QPointF(15, 0)])
    shift = finished.last.ellipsoid.centre_mm - ellipsoid.centre_mm
    assert np.linalg.norm(shift) == pytest.approx(15 / eye.pixels_per_mm(ellipsoid.centre_mm), rel=0.02)
    assert finished.last.ellipsoid.half_axes_mm == pytest.approx(ellipsoid.half_axes_mm)


@needs_opengl
@pytest.mark.parametrize(
    ("tool", "words"),
    [
        (BrushTool(5.0), "surface"),
        (MoveTool(), "surface"),
        (PolygonTool(), "slices"),
        (EllipsoidTool(uniform=True), "handle"),
    ],
)
def test_that_a_tool_that_can_not_act_there_says_why_and_turns(view, tool, words: str) -> None:
    view.set_tool(tool)
    finished, before = Received(view.stroke_finished), view.camera_direction()
    drag(view, [QPointF(6, 290), QPointF(46, 290)])
    assert words in view._words.text
    assert len(finished) == 0
    assert np.linalg.norm(view.camera_direction() - before) > 0.2
    view.set_tool_blocked("choose a VOI first")
    drag(view, [MIDDLE, MIDDLE + QPointF(10, 0)])
    assert view._words.text == "choose a VOI first"
    assert view.cursor().shape() == Qt.CursorShape.ForbiddenCursor


@needs_opengl
def test_that_with_a_tool_the_view_still_turns_and_pans_and_the_wheel_sizes_the_brush(view) -> None:
    tool = BrushTool(5.0)
    view.set_tool(tool)
    before = view.camera_direction()
    drag(view, [MIDDLE, MIDDLE + QPointF(40, 0)], RIGHT, CONTROL)
    assert np.linalg.norm(view.camera_direction() - before) > 0.2
    wheel(view, MIDDLE, 1, SHIFT)
    assert tool.radius_mm == pytest.approx(6.0)
    picture = view.grab().toImage()
    drag(view, [MIDDLE, MIDDLE + QPointF(30, 0)], LEFT, SHIFT)
    assert view.grab().toImage() != picture


@needs_opengl
def test_that_arrows_turn_and_page_keys_zoom(view) -> None:
    before = view.camera_direction()
    key(view, Qt.Key.Key_Right)
    assert np.linalg.norm(view.camera_direction() - before) == pytest.approx(2 * np.sin(np.deg2rad(5)), abs=1e-3)
    key(view, Qt.Key.Key_Left)
    assert view.camera_direction() == pytest.approx(before, abs=1e-6)
    wide = eye_of(view).pixels_per_mm(RIGHT_KIDNEY_MM)
    key(view, Qt.Key.Key_PageUp)
    assert eye_of(view).pixels_per_mm(RIGHT_KIDNEY_MM) > 1.05 * wide


@needs_opengl
def test_that_a_pen_paints_the_surface_the_wider_the_harder_it_is_pressed(view) -> None:
    view.set_tool(BrushTool(6.0))
    finished = Received(view.stroke_finished)
    begin = eye_of(view).pixel_of(RIGHT_KIDNEY_MM)
    tablet(view, QEvent.Type.TabletPress, begin, 0.0)
    tablet(view, QEvent.Type.TabletMove, begin + QPointF(2, 2), 0.5)
    tablet(view, QEvent.Type.TabletMove, begin + QPointF(4, 4), 1.0)
    tablet(view, QEvent.Type.TabletRelease, begin + QPointF(5, 5), 0.0)
    (part,) = finished.last.parts
    half = LEAST_PRESSED + (1 - LEAST_PRESSED) / 2
    assert part.radii_mm[0] == pytest.approx(6 * LEAST_PRESSED)
    assert set(np.round(part.radii_mm / 6, 6)) == {LEAST_PRESSED, half, 1.0}
    assert np.all(np.diff(part.radii_mm) >= 0)
    # A mouse afterwards presses fully.
    drag(view, [begin, begin + QPointF(4, 4)])
    assert all((part.radius_mm, part.radii_mm) == (6.0, None) for part in finished.last.parts)


@needs_opengl
@pytest.mark.parametrize("size", [(320, 300), (180, 160)])
def test_that_what_holds_the_tools_back_is_written_in_the_view(view, size) -> None:
    view.resize(*size)
    view.set_badges(("only SPECT ≥ 100 kBq/mL",))
    try:
        picture = view.grab().toImage()
        badge = [
            (x, y)
            for x in range(picture.width())
            for y in range(picture.height())
            if picture.pixelColor(x, y) == QColor(BADGE)
        ]
        assert len(badge) > 500
        buttons = [button.geometry() for button in view.findChildren(QToolButton) if button.isVisible()]
        assert not any(button.contains(x, y) for x, y in badge for button in buttons)
    finally:
        view.set_badges(())


@needs_opengl
def test_that_an_empty_voi_is_said_to_be_empty(view) -> None:
    empty = kidney().mask
    view.show_vois([replace(kidney(), mask=type(empty)(empty.geometry, (0, 0, 0), empty.coverage[:0, :0, :0]))])
    view.set_tool(BrushTool(5.0))
    drag(view, [MIDDLE, MIDDLE + QPointF(10, 0)])
    assert view.words_at_pointer() == EMPTY_VOI


def test_that_without_opengl_a_tool_says_so(qtbot) -> None:
    view = VolumeView(use_opengl=False)
    qtbot.addWidget(view)
    view.resize(320, 300)
    view.show()
    assert view.words_at_pointer() == ""
    view.set_tool(BrushTool(5.0))
    move(view, MIDDLE)
    assert "OpenGL" in view.words_at_pointer()
    plain = view.grab().toImage()
    view.set_tool(None)
    assert view.grab().toImage() != plain
