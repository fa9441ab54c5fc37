from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QSlider, QToolButton

from dosimetry_core.geometry import RigidTransform
from dosimetry_core.volume import Volume
from tests.widgets.bodies import GRID, ct
from tests.widgets.pointer import Received, click, key, let_go, move, press, release
from widgets.display_scale import CT_PRESETS, ColourScale
from widgets.overlay_compare import OverlayCompare
from widgets.slice_picture import Layer
from widgets.thumbnail import fused_thumbnail


@pytest.fixture
def compare(qtbot) -> OverlayCompare:
    widget = OverlayCompare()
    qtbot.addWidget(widget)
    widget.resize(900, 600)
    widget.set_reference(GRID)
    widget.set_cursor(GRID.centre_mm())
    for view in widget.views.values():
        view.set_crosshair_visible(False)
    widget.show()
    return widget


def colours(widget: OverlayCompare) -> np.ndarray:
    image = widget.views["axial"].grab().toImage()
    place = widget.views["axial"].pixel_of(GRID.centre_mm()).toPoint()
    # A row a little below the middle, where no orientation letter stands.
    return np.array(
        [QColor(image.pixel(place.x() + dx, place.y() + 24)).getRgb()[:3] for dx in range(-216, 217, 6)], dtype=int
    )


def shifted(distance_mm: float) -> Layer:
    return Layer(ct(), RigidTransform(np.eye(3), np.array([distance_mm, 0, 0])))


def test_that_two_equal_images_fuse_to_grey_and_differ_by_nothing(compare):
    compare.show_pair(Layer(ct()), Layer(ct()))
    assert np.ptp(colours(compare), axis=1).max() <= 2
    compare.set_mode("difference")
    shown = colours(compare)
    assert np.abs(shown - 128).max() <= 2


def test_that_a_displaced_image_shows_two_colours_at_the_edges(compare):
    compare.show_pair(Layer(ct()), shifted(12.0))
    assert np.ptp(colours(compare), axis=1).max() > 60
    compare.set_mode("difference")
    assert np.abs(colours(compare) - 128).max() > 40


def test_that_the_swipe_line_parts_reference_and_moving(compare):
    dark = Layer(Volume(np.full(GRID.shape, -1000, np.int16), GRID, "ct_number_hu"))
    light = Layer(Volume(np.full(GRID.shape, 1000, np.int16), GRID, "ct_number_hu"))
    compare.show_pair(dark, light)
    compare.set_mode("swipe")
    compare.findChild(QSlider, "swipe_position").setValue(500)
    shown = colours(compare)[:, 0]
    assert shown[:35].max() < 20
    assert shown[-35:].min() > 235
    compare.set_mode("checkerboard")
    shown = colours(compare)[:, 0]
    assert 0.3 < (shown > 128).mean() < 0.7


def test_that_modes_are_chosen_by_button_and_set_silently(compare):
    changed = Received(compare.mode_changed)
    compare.set_mode("difference")
    assert len(changed) == 0
    compare.findChild(QToolButton, "mode_checkerboard").click()
    assert changed.values == ["checkerboard"]
    assert compare.mode == "checkerboard"


def test_that_holding_f_shows_the_moving_image(compare):
    dark = Layer(Volume(np.full(GRID.shape, -1000, np.int16), GRID, "ct_number_hu"))
    light = Layer(Volume(np.full(GRID.shape, 1000, np.int16), GRID, "ct_number_hu"))
    compare.show_pair(dark, light)
    key(compare, Qt.Key.Key_F, hold=True)
    assert np.median(colours(compare)) > 235
    let_go(compare, Qt.Key.Key_F)
    assert compare.mode == "fused"


def test_that_the_three_planes_share_the_cursor(compare):
    compare.show_pair(Layer(ct()), shifted(5.0))
    moved = Received(compare.cursor_moved)
    axial = compare.views["axial"]
    click(axial, QPointF(axial.width() / 2 + 30, axial.height() / 2))
    assert len(moved) == 1
    assert compare.views["sagittal"].cursor_mm == pytest.approx(moved.last)


def test_that_a_coarser_moving_image_is_compared_on_the_same_area(compare):
    from dosimetry_core.geometry import VolumeGeometry

    coarse = VolumeGeometry((20, 48, 56), GRID.origin_mm, (6.0, 4.0, 4.0), GRID.directions)
    compare.show_pair(Layer(ct()), Layer(ct(coarse)))
    assert np.median(np.ptp(colours(compare), axis=1)) <= 2
    compare.show_pair(None, Layer(ct(coarse)))
    compare.grab()
    compare.show_pair(None, None)
    compare.grab()


def test_that_a_thumbnail_has_the_size_asked_for_and_shows_the_body():
    image = fused_thumbnail(
        Layer(ct()),
        None,
        GRID,
        "coronal",
        GRID.centre_mm(),
        CT_PRESETS["Soft tissue"],
        ColourScale(0, 1),
        (120, 90),
    )
    assert (image.width(), image.height()) == (120, 90)
    assert QColor(image.pixel(60, 45)).lightness() > 90
    assert QColor(image.pixel(2, 2)).lightness() < 30


def test_that_isocontours_of_equal_images_lie_on_one_another_and_of_displaced_ones_apart(compare):
    def lines(layer) -> tuple[int, int]:
        compare.show_pair(Layer(ct()), layer)
        compare.set_mode("isocontours")
        shown = colours_around(compare)
        blue = (shown[..., 2].astype(int) - shown[..., 0] > 60).sum()
        orange = (shown[..., 0].astype(int) - shown[..., 2] > 60).sum()
        return int(blue), int(orange)

    blue, orange = lines(Layer(ct()))
    assert orange > 50
    # The moving image's lines are drawn last and cover the reference's.
    assert blue < 0.1 * orange
    blue, orange = lines(shifted(12.0))
    assert min(blue, orange) > 50


def colours_around(widget: OverlayCompare) -> np.ndarray:
    """All pixels of the axial view, red, green, blue."""
    image = widget.views["axial"].grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_that_a_drag_with_the_move_hand_tells_how_far_and_escape_gives_it_up(compare):
    compare.show_pair(Layer(ct()), Layer(ct()))
    view = compare.views["axial"]
    moved, given_up = Received(compare.hand_moved), Received(compare.hand_cancelled)
    compare.set_hand("move")
    middle = QPointF(view.width() / 2, view.height() / 2)
    press(view, middle)
    move(view, middle + QPointF(20, 10))
    translation, rotation, finished = moved.last
    assert translation == pytest.approx(view.point_at(middle + QPointF(20, 10)) - view.point_at(middle))
    assert not finished
    assert not np.any(rotation)
    release(view, middle + QPointF(20, 10))
    assert moved.last[2]
    press(view, middle)
    key(view, Qt.Key.Key_Escape)
    assert len(given_up.values) == 1


def test_that_a_landmark_hand_tells_the_point_and_one_image_is_shown_alone(compare):
    compare.show_pair(Layer(ct()), shifted(12.0))
    view = compare.views["axial"]
    set_at = Received(compare.landmark_set)
    compare.set_hand("landmark")
    compare.set_only("moving")
    alone = colours_around(compare)
    compare.set_only("reference")
    assert not np.array_equal(alone, colours_around(compare))
    at = QPointF(view.width() / 3, view.height() / 2)
    press(view, at)
    assert set_at.last == pytest.approx(view.point_at(at))
