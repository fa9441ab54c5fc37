from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QToolButton

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, empty_mask, paint
from tests.widgets.bodies import GRID, RIGHT_KIDNEY_MM, kidney, spect
from tests.widgets.pointer import LEFT, Received, click, double_click, drag, move, press, release, wheel
from widgets.display_scale import ColourScale
from widgets.voi_shown import VoiShown
from widgets.volume_view import VolumeView, opengl_fault

needs_opengl = pytest.mark.skipif(opengl_fault() is not None, reason="no OpenGL here")


@pytest.fixture(scope="module")
def shared_view():
    """One view for all tests: each new one keeps graphics memory."""
    return VolumeView() if opengl_fault() is None else None


@pytest.fixture
def view(qapp, shared_view) -> VolumeView:
    shared_view.resize(320, 300)
    shared_view.show_vois([])
    shared_view.show_spect(None)
    shared_view.show_vois([kidney()])
    shared_view.set_active_voi("v1")
    shared_view.show()
    shared_view.reset_view()
    return shared_view


def pixel(view: VolumeView, at: QPointF) -> QColor:
    ratio = view.devicePixelRatioF()
    return QColor(view.grab().toImage().pixel(int(at.x() * ratio), int(at.y() * ratio)))


@needs_opengl
def test_that_the_surface_has_the_colour_of_its_voi(view):
    middle = pixel(view, QPointF(160, 150))
    assert middle.blue() > middle.red() + 40
    assert pixel(view, QPointF(20, 60)).lightness() < 30


@needs_opengl
def test_that_a_hidden_voi_is_not_drawn(view):
    shown = kidney()
    from dataclasses import replace

    view.show_vois([replace(shown, visible=False)])
    view.set_cursor(GRID.centre_mm() + np.array([0, 0, 500.0]))
    view._redraw()
    assert pixel(view, QPointF(160, 130)).lightness() < 40


@needs_opengl
def test_that_the_view_begins_at_the_front_with_the_head_up(view):
    assert view.camera_direction() == pytest.approx([0, 1, 0])
    # A second VOI to the patient's left appears on the right, one above appears higher.
    for shift, place in (((45, 0, 0), QPointF(1, 0)), ((0, 0, 45), QPointF(0, -1))):
        centre = RIGHT_KIDNEY_MM + np.array(shift, float)
        mask = paint(empty_mask(GRID), BrushGesture("axial", centre[None], 12.0, True, False))
        other = VoiShown("v2", "Other", mask, "#ff00ff")
        view.show_vois([kidney(12.0), other])
        view.reset_view()
        image = view.grab().toImage()
        rows, columns = np.indices((image.height(), image.width()))
        colours = np.array(image.convertToFormat(image.Format.Format_RGB888).constBits(), np.uint8)
        colours = colours.reshape(image.height(), -1)[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
        red = colours[..., 0].astype(int) > colours[..., 1] + 40
        blue = colours[..., 1].astype(int) > colours[..., 0] + 40
        offset = QPointF(
            columns[red].mean() - columns[blue].mean(),
            rows[red].mean() - rows[blue].mean(),
        )
        assert offset.x() * place.x() + offset.y() * place.y() > 30


@needs_opengl
def test_that_dragging_turns_and_the_wheel_zooms(view):
    before, picture = view.camera_direction(), view.grab().toImage()
    drag(view, [QPointF(160, 150), QPointF(220, 150), QPointF(250, 170)])
    assert np.linalg.norm(view.camera_direction() - before) > 0.3
    assert view.grab().toImage() != picture
    picture = view.grab().toImage()
    wheel(view, QPointF(160, 150), 2)
    assert view.grab().toImage() != picture
    view.findChild(QToolButton, "volume_reset").click()
    assert view.camera_direction() == pytest.approx(before)


@needs_opengl
def test_that_a_click_on_a_surface_moves_the_cursor_to_it(view):
    moved, asked = Received(view.cursor_moved), Received(view.maximise_requested)
    view.grab()
    click(view, QPointF(160, 150))
    # The nearest point of the ball of 20 mm, seen from the front.
    assert moved.last == pytest.approx(RIGHT_KIDNEY_MM - np.array([0, 20, 0]), abs=3)
    click(view, QPointF(5, 5))
    assert len(moved) == 1
    double_click(view, QPointF(5, 5))
    assert len(asked) == 1


@needs_opengl
def test_that_a_picture_that_follows_a_hand_is_coarser_and_the_one_at_rest_is_not(view):
    view.resize(900, 700)
    view.grab()
    scene, drawn = view._scene, []
    original = scene.picture

    def picture(width, height, **options):
        drawn.append((width, height, options["coarse"]))
        return original(width, height, **options)

    scene.picture = picture
    try:
        middle = QPointF(450, 350)
        press(view, middle, LEFT)
        move(view, middle + QPointF(30, 5), LEFT)
        view.grab()
        release(view, middle + QPointF(30, 5), LEFT)
        view.grab()
    finally:
        del scene.picture
    (width, height, coarse), at_rest = drawn[0], drawn[-1]
    assert coarse
    assert 0.9 * 200_000 < width * height <= 1.01 * 200_000
    assert width / height == pytest.approx(900 / 700, rel=0.01)
    assert at_rest == (900, 700, False)


@needs_opengl
def test_that_a_click_means_the_same_place_while_the_picture_is_coarse(view):
    view.resize(900, 700)
    view.grab()
    at = view.eye().pixel_of(RIGHT_KIDNEY_MM)
    before = view.surface_at(at)
    assert before is not None
    view._scene.picture(300, 233, coarse=True)
    assert view.surface_at(at) == pytest.approx(before, abs=0.2)


@needs_opengl
def test_that_nothing_is_rendered_unless_something_changed(qtbot, view):
    view.grab()
    scene, count = view._scene, []
    original = scene.picture
    scene.picture = lambda *args, **options: (count.append(1), original(*args, **options))[1]
    try:
        for _ in range(5):
            view.grab()
        assert len(count) == 0
        for step in range(5):
            view.set_cursor(GRID.centre_mm() + step)
            view.grab()
        # While the cursor runs through the slices, nothing; once, when it rests.
        assert len(count) == 0
        qtbot.waitUntil(lambda: (view.grab(), len(count) > 0)[1])
        view.grab()
        assert len(count) == 1
    finally:
        scene.picture = original


@needs_opengl
def test_that_late_pictures_wait_while_others_work_and_a_turn_by_hand_does_not(qtbot, view):
    view.grab()
    works, asked = [True], []
    view.wait_while(lambda: (asked.append(1), works[0])[1])
    scene, count = view._scene, []
    original = scene.picture
    scene.picture = lambda *args, **options: (count.append(1), original(*args, **options))[1]
    try:
        view.set_cursor(GRID.centre_mm() + 3)
        qtbot.waitUntil(lambda: len(asked) >= 2)
        view.grab()
        assert len(count) == 0
        view.reset_view()
        view.grab()
        assert len(count) == 1
        works[0] = False
        qtbot.waitUntil(lambda: (view.grab(), len(count) > 1)[1])
    finally:
        scene.picture = original
        view.wait_while(lambda: False)


@needs_opengl
def test_that_the_projection_can_be_switched_off(view):
    view.show_vois([])
    view.show_spect(spect())
    view.set_spect_scale(ColourScale(0.8e6, 1.3e6))
    view.reset_view()
    light = view.grab().toImage()
    view.findChild(QToolButton, "volume_projection").click()
    assert view.grab().toImage() != light
    view.findChild(QToolButton, "volume_projection").click()


@needs_opengl
def enclosed_mm3(mesh) -> float:
    from vtkmodules.vtkFiltersCore import vtkMassProperties

    properties = vtkMassProperties()
    properties.SetInputData(mesh)
    return properties.GetVolume()


def ball(radius_mm: float) -> VoiMask:
    size = int(radius_mm + 12)
    grid = VolumeGeometry(
        (2 * size // 3 + 1, 2 * size, 2 * size), np.full(3, -float(size)), (3.0, 1.0, 1.0), np.eye(3)[:, ::-1]
    )
    return paint(empty_mask(grid), BrushGesture("axial", grid.centre_mm()[None], radius_mm, True, False))


def test_that_a_surface_encloses_the_volume_of_its_voi():
    from widgets.voi_surface import surface

    # Smoothed for the eye: within 5 % of the volume, about half a millimetre of radius.
    assert enclosed_mm3(surface(ball(30.0))) == pytest.approx(4 / 3 * np.pi * 30**3, rel=0.05)


@pytest.mark.parametrize("radius_mm", [6.0, 12.0, 30.0, 60.0])
def test_that_the_surface_at_hand_is_much_the_same_body_of_few_triangles(radius_mm):
    from widgets.voi_surface import surface

    fine, at_hand = surface(ball(radius_mm)), surface(ball(radius_mm), at_hand=True)
    assert at_hand.GetNumberOfPoints() <= min(fine.GetNumberOfPoints(), 4_500)
    assert enclosed_mm3(at_hand) == pytest.approx(enclosed_mm3(fine), rel=0.05)
    assert np.array(at_hand.GetBounds()) == pytest.approx(np.array(fine.GetBounds()), abs=2.0)


@needs_opengl
def test_that_an_empty_voi_is_drawn_at_rest_and_at_hand(view):
    view.show_vois([])
    view.show_vois([replace(kidney(), mask=empty_mask(GRID))])
    view.grab()
    assert view._scene.surface_bounds() is None
    view._scene.picture(100, 100, coarse=True)


def test_that_without_opengl_a_projection_and_a_sentence_are_shown(qtbot):
    view = VolumeView(use_opengl=False)
    qtbot.addWidget(view)
    view.resize(300, 260)
    view.set_reference(GRID)
    view.show_vois([kidney()])
    view.show_spect(spect())
    view.set_spect_scale(ColourScale(0.5e6, 1.5e6))
    view.set_cursor(RIGHT_KIDNEY_MM)
    view.show()
    assert view.is_fallback
    assert "projection" in view.fault_text
    image = view.grab().toImage()
    # The ramp grows to the left and to the head: darker there in inverted grey.
    left, right = (QColor(image.pixel(x, 110)).lightness() for x in (110, 190))
    assert right < left
    drag(view, [QPointF(100, 100), QPointF(150, 120)])
    wheel(view, QPointF(100, 100), 1)


@needs_opengl
def test_that_the_marked_side_is_drawn_right_for_every_order_and_flip_of_the_axes(view):
    """A small VOI to the patient's right and head, and one to the left, on grids stored in every way there is."""
    places = {"right": np.array([-30.0, 0.0, 24.0]), "left": np.array([30.0, 0.0, -24.0])}
    colours = {"right": "#ff00ff", "left": "#00ff00"}
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            directions = np.zeros((3, 3))
            for column, axis in enumerate(order):
                directions[axis, column] = signs[column]
            geometry = VolumeGeometry((25, 25, 25), -(directions @ np.full(3, 48.0)), (4.0, 4.0, 4.0), directions)
            shown = [
                VoiShown(
                    name,
                    name,
                    paint(empty_mask(geometry), BrushGesture("axial", place[None], 12.0, True, False)),
                    colours[name],
                )
                for name, place in places.items()
            ]
            view.set_reference(geometry)
            view.show_vois(shown)
            view.set_active_voi(None)
            view.reset_view()
            image = view.grab().toImage()
            seen = {}
            for name, place in places.items():
                at = view.eye().pixel_of(place)
                colour = QColor(image.pixel(int(at.x()), int(at.y())))
                assert (colour.red() > colour.green() + 40) == (name == "right"), (order, signs, name)
                assert (colour.green() > colour.red() + 40) == (name == "left"), (order, signs, name)
                seen[name] = at
            # From the front the patient's right is on the left, his head above.
            assert seen["right"].x() < seen["left"].x() - 20
            assert seen["right"].y() < seen["left"].y() - 20
            picked = view.surface_at(seen["right"], "right")
            assert np.linalg.norm(picked - places["right"]) <= 12.0 + 4.0
