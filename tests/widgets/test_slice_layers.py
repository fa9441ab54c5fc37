from __future__ import annotations

import threading
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QObject, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from dosimetry_core.anatomical_plane import PLANES, Plane, PlaneAxes
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.volume import Volume
from tests.widgets.bodies import GRID, RIGHT_KIDNEY_MM, ct, kidney, spect
from widgets import voi_outlines
from widgets.display_scale import ColourScale, WindowLevel, grey_levels, grey_pixels
from widgets.grey_slice import GreySlice
from widgets.slice_ahead import SliceAhead
from widgets.slice_layers import OverlayLook, SliceLayers, SlicesOf
from widgets.slice_picture import Layer, overlay_image, paint_ct, plane_values, value_at
from widgets.slice_view import SliceCorner, SliceView

STEP_MM = 1.3


def sample_points(axes: PlaneAxes, slice_index: int, shape: tuple[int, int]) -> np.ndarray:
    rows, columns = shape
    u = (np.arange(columns) + 0.5) * axes.size_mm[0] / columns
    v = (np.arange(rows) + 0.5) * axes.size_mm[1] / rows
    return axes.patient_point(u[None, :], v[:, None], slice_index)


def rough_layer(order: tuple[int, ...], signs: tuple[float, ...], move: RigidTransform) -> Layer:
    """Noise on a small grid whose axes run in any order and direction, wholly inside the reference grid."""
    directions = np.zeros((3, 3))
    for column, axis in enumerate(order):
        directions[axis, column] = signs[column]
    shape = (9, 11, 13)
    half = directions @ (np.array([4.0, 5.0, 6.0]) * 5.0)
    geometry = VolumeGeometry(shape, move.apply(GRID.centre_mm()) - half, (5.0, 5.0, 5.0), directions)
    values = np.random.default_rng(3).random(shape).astype(np.float32)
    return Layer(Volume(values, geometry, "counts"), move)


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_that_a_slice_along_the_axes_of_the_image_has_its_trilinear_values(plane, order):
    axes = PlaneAxes.of(GRID, plane)
    for signs in product((1.0, -1.0), repeat=3):
        layer = rough_layer(order, signs, RigidTransform(np.eye(3), np.array([1.7, -2.1, 0.9])))
        at = axes.nearest_slice(GRID.centre_mm() + 3.0)
        values = plane_values(layer, axes, at)
        points = sample_points(axes, at, values.shape)
        for place in np.random.default_rng(5).integers(0, values.shape, (40, 2)):
            expected = value_at(layer, points[tuple(place)])
            found = values[tuple(place)]
            # Single precision of values below 1.
            assert np.isnan(found) if expected is None else found == pytest.approx(expected, abs=2e-6)
        assert 0 < np.isnan(values).mean() < 1


def test_that_a_hair_of_a_turn_changes_a_slice_by_no_more_than_itself():
    # The one is sampled along the axes, the other through the turn.
    axes = PlaneAxes.of(GRID, "coronal")
    straight = spect()
    turned = Layer(straight.volume, RigidTransform.from_rotation_vector((0, 0, 1e-3), (0, 0, 0), centre_mm=(0, 0, 0)))
    one, other = (plane_values(layer, axes, 40) for layer in (straight, turned))
    assert one.shape == other.shape
    inside = ~np.isnan(one) & ~np.isnan(other)
    assert inside.mean() > 0.8
    # 0.001 rad at 200 mm moves 0.2 mm, on a ramp of at most 2 kBq/mL per mm; the border voxels repeat.
    assert np.percentile(np.abs(one - other)[inside], 90) < 0.5e3


@pytest.mark.parametrize("plane", PLANES)
def test_that_slices_read_one_after_the_other_are_those_read_by_themselves(plane):
    axes = PlaneAxes.of(GRID, plane)
    for layer in (Layer(ct()), spect()):
        slices = SlicesOf(layer)
        for at in (5, 6, 7, 8, 17, 16, 30, 5):
            for step_mm in (0.0, STEP_MM):
                expected = plane_values(layer, axes, at, least_step_mm=step_mm)
                assert np.array_equal(slices.values(axes, at, least_step_mm=step_mm), expected, equal_nan=True)


def test_that_slices_follow_another_plane():
    slices, layer = SlicesOf(Layer(ct())), Layer(ct())
    for plane in PLANES:
        axes = PlaneAxes.of(GRID, plane)
        assert np.array_equal(slices.values(axes, 9, least_step_mm=0.0), plane_values(layer, axes, 9))


def test_that_an_image_on_the_same_grid_is_not_sampled_whichever_object_says_so():
    again = VolumeGeometry(GRID.shape, GRID.origin_mm.copy(), GRID.spacing_mm, GRID.directions.copy())
    axes, volume = PlaneAxes.of(GRID, "axial"), ct(again)
    assert np.shares_memory(plane_values(Layer(volume), axes, 9), volume.values)
    moved = Layer(volume, RigidTransform(np.eye(3), np.array([0.01, 0, 0])))
    assert not np.shares_memory(plane_values(moved, axes, 9), volume.values)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_that_a_grey_pixel_is_opaque_and_holds_its_level_three_times(dtype):
    numbers, window = np.array([[-1000, -160, 40], [120, 240, 3000]], dtype), WindowLevel(400, 40)
    pixels = grey_pixels(numbers, window)
    parts = pixels.view(np.uint8).reshape(*pixels.shape, 4)
    if np.little_endian:
        parts = parts[..., ::-1]
    assert np.all(parts[..., 0] == 255)
    for part in range(1, 4):
        assert np.array_equal(parts[..., part], grey_levels(numbers, window))


def pixels(view: SliceView) -> np.ndarray:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1).copy()


ACTS = {
    "slice": lambda view: view.set_cursor(RIGHT_KIDNEY_MM + np.array([0, 4, 6])),
    "cursor": lambda view: view.set_cursor(RIGHT_KIDNEY_MM + np.array([4, 0, 0])),
    "window": lambda view: view.set_window_level(WindowLevel(900, -100)),
    "scale": lambda view: view.set_spect_scale(ColourScale(0, 1.4e6, "Hot Metal Blue")),
    "opacity": lambda view: view.set_opacity(0.4),
    "fusion": lambda view: view.set_fusion("spect"),
    "vois": lambda view: view.show_vois([kidney(28.0), kidney(12.0, voi_id="v2", colour="#ff00ff")]),
    "active": lambda view: view.set_active_voi("v1"),
    "contours": lambda view: view.set_contours_visible(False),
    "crosshair": lambda view: view.set_crosshair_visible(False),
    "corner": lambda view: view.set_corner(SliceCorner("Another", "72 h", badges=("own scale",))),
    "interpolation": lambda view: view.set_interpolated(False),
    "zoom": lambda view: view.zoom_at(view.pixel_of(RIGHT_KIDNEY_MM), 1.7),
    "ct": lambda view: view.show_ct(None),
    "spect": lambda view: view.show_spect(Layer(spect().volume, RigidTransform(np.eye(3), np.array([60.0, 0, 0])))),
    "size": lambda view: view.resize(420, 390),
}


def prepared(qtbot, plane: Plane = "axial") -> SliceView:
    view = SliceView(plane)
    qtbot.addWidget(view)
    view.resize(500, 430)
    view.set_reference(GRID)
    view.show_ct(Layer(ct()))
    view.show_spect(spect())
    view.set_spect_scale(ColourScale(0, 2e6))
    view.show_vois([kidney()])
    view.set_corner(SliceCorner("Demo", "24 h"))
    view.set_cursor(RIGHT_KIDNEY_MM)
    return view


@pytest.mark.parametrize("act", list(ACTS))
def test_that_a_picture_changed_in_part_is_the_picture_made_anew(qtbot, act):
    view = prepared(qtbot)
    before = pixels(view)
    ACTS[act](view)
    changed = pixels(view)
    fresh = prepared(qtbot)
    ACTS[act](fresh)
    assert before.shape != changed.shape or not np.array_equal(before, changed)
    assert np.array_equal(changed, pixels(fresh))


def test_that_a_stroke_samples_and_colours_no_image_anew(qtbot, monkeypatch):
    view = prepared(qtbot)
    view.show()
    # Images are kept from the second time on that they are painted.
    view.grab()
    view.grab()

    def refused(*_arguments, **_more):
        raise AssertionError("an image was sampled or coloured again")

    monkeypatch.setattr("widgets.slice_layers.overlay_pixels", refused)
    monkeypatch.setattr("widgets.grey_slice.GreySlice.paint", refused)
    before = pixels(view)
    view.show_vois([kidney(26.0)])
    assert not np.array_equal(before, pixels(view))


def test_that_images_painted_once_look_like_those_that_are_kept(qtbot):
    view = prepared(qtbot)
    passing, kept, again = pixels(view), pixels(view), pixels(view)
    assert np.array_equal(passing, kept)
    assert np.array_equal(kept, again)


def scroll_to(view: SliceView, slice_index: int) -> None:
    axes = view.axes
    assert axes is not None
    view.set_cursor(axes.patient_point(axes.size_mm[0] / 2, axes.size_mm[1] / 2, slice_index))


@pytest.mark.parametrize("plane", PLANES)
def test_that_slices_made_ahead_look_like_those_made_anew(qtbot, monkeypatch, plane):
    made_on: dict[int, threading.Thread] = {}
    make = voi_outlines.outline_path

    def watched(mask, axes, slice_index):
        made_on.setdefault(slice_index, threading.current_thread())
        return make(mask, axes, slice_index)

    monkeypatch.setattr(voi_outlines, "outline_path", watched)
    view = prepared(qtbot, plane)
    pixels(view)
    first = view.slice_index
    for at, then in ((1, 2), (2, 3), (3, 4), (2, 1), (1, 0)):
        scroll_to(view, first + at)
        scrolled = pixels(view)
        qtbot.waitUntil(lambda then=then: first + then in made_on, timeout=60_000)
        fresh = prepared(qtbot, plane)
        scroll_to(fresh, first + at)
        assert np.array_equal(scrolled, pixels(fresh))
    assert made_on[first + 1] is threading.main_thread()
    assert made_on[first + 2] is not threading.main_thread()


def test_that_no_slice_of_the_image_before_is_made_ahead_for_another_with_fewer(qtbot):
    asked: list[int] = []

    def work_for(slice_index: int):
        asked.append(slice_index)
        return lambda: None

    parent = QObject()
    ahead = SliceAhead(work_for, parent)
    for number in (40, 41):
        ahead.painted(number, 60)
    ahead.forget()
    QCoreApplication.sendPostedEvents(ahead)
    ahead.painted(3, 10)
    QCoreApplication.sendPostedEvents(ahead)
    assert asked == []
    ahead.painted(4, 10)
    QCoreApplication.sendPostedEvents(ahead)
    assert asked == [5]


def test_that_an_image_with_fewer_slices_lets_go_of_the_slice_ahead(qtbot, monkeypatch):
    view = prepared(qtbot)
    pixels(view)
    scroll_to(view, view.slice_index + 1)
    asked: list[int] = []
    monkeypatch.setattr(view._ahead, "_work_for", lambda number: asked.append(number) or (lambda: None))
    view._ahead.painted(view.slice_index, 10_000)
    view._ahead.painted(view.slice_index + 1, 10_000)
    view.set_reference(replace(GRID, shape=(3, 3, 3)))
    QCoreApplication.sendPostedEvents(view._ahead)
    assert asked == []


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_that_leaving_out_black_rows_changes_no_pixel_of_a_ct(qtbot, ratio, dtype):
    generator = np.random.default_rng(5)
    grey = GreySlice()
    for number in range(30):
        rows, columns = generator.integers(5, 120, 2).tolist()
        first, end = sorted(generator.integers(0, rows + 1, 2).tolist())
        values = generator.normal(-1000.0, 15.0, (rows, columns)).astype(dtype)
        values[first:end] = generator.integers(-300, 500, (end - first, columns))
        size = generator.integers(40, 200, 2).tolist()
        scale = generator.uniform(0.3, 4.0, 2)
        target = QRectF(*generator.uniform(-60, 40, 2).tolist(), columns * scale[0], rows * scale[1])
        pictures = [QImage(*(round(n * ratio) for n in size), QImage.Format.Format_RGB32) for _ in range(2)]
        for picture, paint in zip(pictures, (paint_ct, grey.paint), strict=True):
            picture.setDevicePixelRatio(ratio)
            picture.fill(QColor("#405060"))
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, number % 5 != 0)
            paint(painter, target, values, WindowLevel(400, 40))
            painter.end()
        assert pictures[0] == pictures[1]


@pytest.mark.parametrize("plane", PLANES)
def test_that_leaving_out_what_is_clear_changes_no_overlay(qtbot, plane):
    axes, layers, size = PlaneAxes.of(GRID, plane), SliceLayers(), (517, 431)
    layers.overlay = spect()
    scale = ColourScale(0.0, 2e6)
    at = axes.nearest_slice(RIGHT_KIDNEY_MM)
    # Beside the whole picture's corner, so that no edge lies on a whole pixel.
    target = QRectF(3.3, -7.6, size[0] - 11.2, size[1] + 23.7)
    pictures = [QImage(*size, QImage.Format.Format_RGB32) for _ in range(2)]
    values = plane_values(spect(), axes, at, least_step_mm=STEP_MM)
    whole = overlay_image(values, scale, opacity=0.85, rising=True)
    for number, picture in enumerate(pictures):
        picture.fill(QColor("#405060"))
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if number:
            painter.drawImage(target, whole)
        else:
            layers.paint_overlay(
                painter, target, axes, at, OverlayLook(scale, 0.85, rising=True), least_step_mm=STEP_MM
            )
        painter.end()
    part, all_of_it = (
        np.frombuffer(picture.constBits(), np.uint8).reshape(size[1], -1).astype(int) for picture in pictures
    )
    assert part.max() > 0x60
    # Qt counts places in 65 536ths of a pixel: a colour may be rounded the other way.
    assert np.abs(part - all_of_it).max() <= 2


def test_that_an_overlay_without_uptake_paints_nothing(qtbot):
    axes, layers = PlaneAxes.of(GRID, "axial"), SliceLayers()
    empty = spect().volume
    layers.overlay = Layer(Volume(np.zeros_like(empty.values), empty.geometry, empty.quantity))
    picture = QImage(60, 50, QImage.Format.Format_RGB32)
    picture.fill(QColor("#405060"))
    untouched = picture.copy()
    painter = QPainter(picture)
    look = OverlayLook(ColourScale(0.0, 2e6), 0.85, rising=True)
    layers.paint_overlay(painter, QRectF(0, 0, 60, 50), axes, 9, look, least_step_mm=STEP_MM)
    painter.end()
    assert picture == untouched


@pytest.mark.parametrize(("colour_map", "dark_around"), [("Inverted grey", True), ("Grey", False)])
def test_that_a_light_outline_has_a_dark_rim_on_white(qtbot, colour_map, dark_around):
    view = prepared(qtbot)
    view.set_fusion("spect")
    view.set_crosshair_visible(False)
    # So far above all uptake that the picture is of one colour.
    view.set_spect_scale(ColourScale(0, 1e12, colour_map))
    view.show_vois([kidney(colour="#a8f0a0")])
    with_outline = pixels(view)
    view.set_contours_visible(False)
    without = pixels(view)
    darkened = (without.astype(int) - with_outline > 100).any()
    assert not np.array_equal(with_outline, without)
    # The line itself takes less than that from white.
    assert darkened == dark_around


@pytest.mark.parametrize("shown", [True, False])
def test_that_a_stroke_on_one_voi_leaves_the_others_outlines_as_they_are_and_looks_like_all_made_anew(qtbot, shown):
    other = kidney(31.0, voi_id="v2", colour="#ff00ff")

    def with_active(radius_mm: float) -> SliceView:
        view = prepared(qtbot)
        view.set_active_voi("v1")
        view.set_contours_visible(shown)
        view.show_vois([kidney(radius_mm), other])
        return view

    view = with_active(20.0)
    before = [pixels(view) for _ in range(3)][-1]
    for radius_mm in (22.0, 24.0, 26.0):
        view.show_vois([kidney(radius_mm), other])
        changed = pixels(view)
    assert np.array_equal(before, changed) != shown
    assert np.array_equal(changed, pixels(with_active(26.0)))
    view.show_vois([kidney(26.0), kidney(12.0, voi_id="v2", colour="#ff00ff")])
    assert np.array_equal(changed, pixels(view)) != shown
