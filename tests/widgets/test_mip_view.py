"""The projection from any side: sides are where the letters say, values are maxima, a click finds what is hottest."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.volume import Volume
from tests.widgets.pointer import LEFT, RIGHT, SHIFT, click, double_click, drag, key, wheel
from widgets.display_scale import ColourScale
from widgets.flat_projection import projected
from widgets.mip_view import MipView
from widgets.slice_annotation import SliceCorner
from widgets.slice_picture import Layer

ORIENTATIONS = [(order, signs) for order in permutations(range(3)) for signs in product((1.0, -1.0), repeat=3)]
MARK_MM = np.array([-36.0, -20.0, 28.0])
"""To the patient's right, front and head of the middle."""
COUNTS = (24, 22, 26)
SPACING_MM = (4.0, 5.0, 4.0)


def marked(order: tuple[int, ...] = (2, 1, 0), signs: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Layer:
    """One hot voxel in a warm box, stored with its axes in any order and any of them reversed."""
    directions = np.zeros((3, 3))
    for axis, (patient_axis, sign) in enumerate(zip(order, signs, strict=True)):
        directions[patient_axis, axis] = sign
    spacing = np.array(SPACING_MM)
    half = directions @ ((np.array(COUNTS) - 1) / 2 * spacing)
    geometry = VolumeGeometry(COUNTS, -half, SPACING_MM, directions)
    values = np.full(COUNTS, 10.0, np.float32)
    values[tuple(np.rint(geometry.point_to_index(MARK_MM)).astype(int))] = 1000.0
    return Layer(Volume(values, geometry, "activity_concentration_bq_per_ml"))


def hottest_mm(layer: Layer) -> np.ndarray:
    index = np.unravel_index(int(np.argmax(layer.volume.values)), layer.volume.values.shape)
    return layer.from_reference.inverse().apply(layer.volume.geometry.index_to_point(index))


def shown(qtbot: QtBot, layer: Layer) -> MipView:
    view = MipView()
    qtbot.addWidget(view)
    view.resize(420, 400)
    view.show()
    view.set_spect_scale(ColourScale(0.0, 1000.0))
    view.show_spect(layer)
    view.grab()
    return view


def darkest(view: MipView) -> QPointF:
    """Middle of what is black on the white picture, texts and letters aside."""
    view.set_crosshair_visible(False)
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)
    dark_grey = (pixels.max(axis=2) < 120) & (np.ptp(pixels, axis=2) < 8)
    # The texts stand nearer to the rim.
    left, top = 45, 45
    rows, columns = np.nonzero(dark_grey[top : view.height() - 65, left : view.width() - 60])
    assert rows.size
    return QPointF(left + columns.mean() + 0.5, top + rows.mean() + 0.5)


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_that_the_marked_side_is_where_the_letters_say_for_every_order_and_flip(qtbot: QtBot, angle: int) -> None:
    for order, signs in ORIENTATIONS:
        layer = marked(order, signs)
        view = shown(qtbot, layer)
        view.turn_to(angle)
        spot = darkest(view)
        middle = view.pixel_of(layer.volume.geometry.centre_mm())
        left, right, top, bottom = view.letters()
        assert (top, bottom) == ("S", "I")
        assert spot.y() < middle.y() - 10, "the mark lies towards the head"
        # From the front and the back the mark's right counts, from the sides its front.
        side = {0: ("R", "L"), 90: ("A", "P"), 180: ("L", "R"), 270: ("P", "A")}[angle]
        assert (left, right) == side
        at_left = "R" in side[0] or "A" in side[0]
        assert (spot.x() < middle.x() - 10) == at_left
        seen = view.pixel_of(hottest_mm(layer))
        assert (spot - seen).manhattanLength() <= 3
        view.close()


@pytest.mark.parametrize("angle", [0, 35, 90, 145, 180, 270])
def test_that_a_click_on_the_mark_moves_the_cursor_there_to_half_a_voxel(qtbot: QtBot, angle: int) -> None:
    tilt = RigidTransform.from_rotation_vector((0.1, 0.05, -0.2), (6.0, -9.0, 4.0))
    plain = marked((2, 0, 1), (1.0, -1.0, 1.0))
    for layer in (plain, Layer(plain.volume, tilt)):
        view = shown(qtbot, layer)
        view.turn_to(angle)
        view.grab()
        picked: list[np.ndarray] = []
        view.cursor_moved.connect(picked.append)
        click(view, view.pixel_of(hottest_mm(layer)))
        assert len(picked) == 1
        assert np.linalg.norm(picked[0] - hottest_mm(layer)) <= max(SPACING_MM) / 2


def test_that_values_are_the_largest_on_each_line_and_never_above_those_of_the_image() -> None:
    values = np.random.default_rng(5).gamma(2.0, 100.0, (20, 24, 24)).astype(np.float32)
    directions = np.eye(3)[:, ::-1]
    layer = Layer(Volume(values, VolumeGeometry((20, 24, 24), np.zeros(3), (3.0, 4.0, 4.0), directions), "counts"))
    # z rises to the head, so the first row of the picture is the last slice.
    for angle, expected in ((0, values.max(axis=1)[::-1]), (180, values.max(axis=1)[::-1, ::-1])):
        seen = projected(layer, angle)
        rim = (seen.shape[1] - 24) // 2
        assert seen[:, rim : rim + 24] == pytest.approx(expected, rel=1e-5)
        assert not seen[:, : rim - 1].any(), "outside the image there is nothing"
    assert projected(layer, 35).max() <= values.max() * (1 + 1e-6)


def test_that_wheel_drag_and_keys_turn_and_what_is_nearest_follows_the_hand(qtbot: QtBot) -> None:
    view = shown(qtbot, marked())
    wheel(view, QPointF(100, 100), -1)
    assert view.angle_deg == 5
    wheel(view, QPointF(100, 100), 1)
    key(view, Qt.Key.Key_Down)
    key(view, Qt.Key.Key_PageDown)
    assert view.angle_deg == 35
    key(view, Qt.Key.Key_Home)
    assert view.angle_deg == 0
    key(view, Qt.Key.Key_End)
    assert view.angle_deg == 180
    view.reset_view()
    view.grab()
    front = np.array([0.0, -50.0, 0.0])
    before = view.pixel_of(front).x()
    drag(view, [QPointF(200, 200), QPointF(216, 200), QPointF(232, 200)], LEFT)
    view.grab()
    assert view.pixel_of(front).x() > before
    assert view.angle_deg > 180, "his right side comes into view from the left"


def test_that_the_scale_the_scan_and_the_size_are_asked_for_as_on_slices(qtbot: QtBot) -> None:
    view = shown(qtbot, marked())
    view.set_corner(SliceCorner(patient="Demo", time_point="cycle 1", badges=("own scale",)))
    scales: list[ColourScale] = []
    steps: list[int] = []
    maximised: list[bool] = []
    view.spect_scale_changed.connect(scales.append)
    view.time_point_step_requested.connect(steps.append)
    view.maximise_requested.connect(lambda: maximised.append(True))
    drag(view, [QPointF(200, 200), QPointF(260, 200)], RIGHT)
    wheel(view, QPointF(200, 200), -1, SHIFT)
    key(view, Qt.Key.Key_Left)
    double_click(view, QPointF(200, 200))
    assert scales[-1].upper > 1000.0
    assert view.spect_scale == scales[-1]
    assert steps == [1, -1]
    assert maximised == [True]
    texts = view.shown_text()
    assert (texts["plane"], texts["position"], texts["badges"]) == ("MIP", "from the front", "own scale")
    assert texts["spect_unit"] == "kBq/mL"
