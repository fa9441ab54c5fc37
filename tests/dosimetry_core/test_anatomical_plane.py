from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from dosimetry_core.anatomical_plane import PLANES, Plane, PlaneAxes, direction_letters
from dosimetry_core.geometry import RigidTransform, VolumeGeometry

ORIENTATIONS = [(order, signs) for order in permutations(range(3)) for signs in product((1.0, -1.0), repeat=3)]


def grid(order: tuple[int, ...], signs: tuple[float, ...]) -> VolumeGeometry:
    directions = np.zeros((3, 3))
    for column, (axis, sign) in enumerate(zip(order, signs, strict=True)):
        directions[axis, column] = sign
    return VolumeGeometry((5, 7, 9), np.array([-3.0, 4.0, 11.0]), (3.0, 2.0, 1.5), directions)


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_that_letters_follow_the_radiological_convention_in_every_axis_order_and_flip(order, signs):
    letters = {plane: PlaneAxes.of(grid(order, signs), plane).letters() for plane in PLANES}
    assert letters == {
        "axial": ("R", "L", "A", "P"),
        "coronal": ("R", "L", "S", "I"),
        "sagittal": ("A", "P", "S", "I"),
    }


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
@pytest.mark.parametrize("plane", PLANES)
def test_that_a_marked_right_side_appears_where_the_letters_say(order, signs, plane: Plane):
    geometry = grid(order, signs)
    centre = geometry.centre_mm()
    marks = {"R": (-1, 0, 0), "L": (1, 0, 0), "A": (0, -1, 0), "P": (0, 1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
    axes = PlaneAxes.of(geometry, plane)
    left, right, top, bottom = axes.letters()
    height, width = axes.shape
    for letter, where in ((left, "left"), (right, "right"), (top, "top"), (bottom, "bottom")):
        values = np.zeros(geometry.shape)
        point = centre + 3.0 * np.array(marks[letter])
        values[tuple(np.rint(geometry.point_to_index(point)).astype(int))] = 1
        row, column = np.argwhere(axes.picture(values, axes.nearest_slice(point)))[0]
        offset = (column + 0.5 - width / 2, row + 0.5 - height / 2)
        assert {
            "left": offset[0] < 0,
            "right": offset[0] > 0,
            "top": offset[1] < 0,
            "bottom": offset[1] > 0,
        }[where]


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
@pytest.mark.parametrize("plane", PLANES)
def test_that_picture_positions_and_patient_points_are_inverse(order, signs, plane: Plane):
    geometry = grid(order, signs)
    axes = PlaneAxes.of(geometry, plane)
    point = geometry.index_to_point([1.25, 4.5, 6.75])
    u, v = axes.picture_mm(point)
    assert axes.patient_point(u, v, axes.slice_position(point)) == pytest.approx(point)
    index = axes.picture_to_index_matrix(axes.slice_position(point)) @ [v, u, 1]
    assert geometry.index_to_point(index[:3]) == pytest.approx(point)


@pytest.mark.parametrize("plane", PLANES)
def test_that_the_picture_shows_the_voxel_under_its_position(plane: Plane):
    geometry = grid((1, 2, 0), (-1.0, 1.0, -1.0))
    values = np.random.default_rng(3).normal(size=geometry.shape)
    axes = PlaneAxes.of(geometry, plane)
    index = (3, 2, 5)
    u, v = axes.picture_mm(geometry.index_to_point(index))
    row, column = int(v / axes.spacing_mm[0]), int(u / axes.spacing_mm[1])
    assert axes.picture(values, index[axes.normal])[row, column] == values[index]


def test_that_an_oblique_grid_has_double_letters():
    turned = RigidTransform.from_rotation_vector((0, 0, np.deg2rad(25)), (0, 0, 0)).rotation
    geometry = VolumeGeometry((4, 4, 4), np.zeros(3), (1, 1, 1), turned @ np.eye(3)[:, ::-1])
    assert PlaneAxes.of(geometry, "axial").letters() == ("RA", "LP", "AL", "PR")
    assert direction_letters((0.0, 0.0, -1.0)) == "I"
