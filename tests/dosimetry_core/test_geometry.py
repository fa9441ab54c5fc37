from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosimetry_core.geometry import RigidTransform, VolumeGeometry

angles = st.floats(-math.pi, math.pi)
lengths = st.floats(-300, 300)


def _geometry() -> VolumeGeometry:
    rotation = RigidTransform.from_rotation_vector([0.1, -0.2, 0.3], [0, 0, 0]).rotation
    return VolumeGeometry((4, 5, 6), np.array([-20.0, 30.0, -400.0]), (3.0, 1.5, 2.0), rotation)


def test_that_index_zero_is_the_origin() -> None:
    geometry = _geometry()
    np.testing.assert_allclose(geometry.index_to_point((0, 0, 0)), geometry.origin_mm)


def test_that_points_return_to_their_index() -> None:
    geometry = _geometry()
    index = np.random.default_rng(1).uniform(-5, 10, (50, 3))
    # Double precision at coordinates of a few hundred mm.
    np.testing.assert_allclose(geometry.point_to_index(geometry.index_to_point(index)), index, atol=1e-10)


def test_that_the_matrix_and_the_method_agree() -> None:
    geometry = _geometry()
    by_matrix = geometry.index_to_point_matrix @ np.array([1, 2, 3, 1])
    np.testing.assert_allclose(by_matrix[:3], geometry.index_to_point((1, 2, 3)))


def test_that_a_cropped_grid_keeps_its_points() -> None:
    geometry = _geometry()
    part = geometry.cropped((1, 2, 3), (2, 2, 2))
    np.testing.assert_allclose(part.index_to_point((1, 0, 1)), geometry.index_to_point((2, 2, 4)))


def test_that_voxel_volume_is_the_product_of_the_spacings() -> None:
    assert _geometry().voxel_volume_ml == pytest.approx(0.009)


@given(st.tuples(angles, angles, angles), st.tuples(lengths, lengths, lengths))
def test_that_a_transform_and_its_inverse_cancel(
    rotation: tuple[float, float, float], translation: tuple[float, float, float]
) -> None:
    transform = RigidTransform.from_rotation_vector(rotation, translation, centre_mm=(10, -20, 30))
    point = np.array([12.0, -45.0, 78.0])
    np.testing.assert_allclose(transform.inverse().apply(transform.apply(point)), point, atol=1e-9)
    np.testing.assert_allclose(transform.after(transform.inverse()).apply(point), point, atol=1e-9)


def test_that_a_rotation_about_a_centre_leaves_the_centre_in_place() -> None:
    centre = np.array([10.0, -20.0, 30.0])
    transform = RigidTransform.from_rotation_vector([0, 0, math.radians(5)], [1, 2, 3], centre_mm=centre)
    np.testing.assert_allclose(transform.apply(centre), centre + np.array([1, 2, 3]), atol=1e-12)
    assert math.degrees(transform.angle_rad) == pytest.approx(5)


@pytest.mark.parametrize(
    "arguments",
    [
        ((0, 5, 6), (0, 0, 0), (1, 1, 1), np.eye(3)),
        ((4, 5, 6), (0, 0, 0), (1, -1, 1), np.eye(3)),
        ((4, 5, 6), (0, 0, math.nan), (1, 1, 1), np.eye(3)),
        ((4, 5, 6), (0, 0, 0), (1, 1, 1), np.eye(3) * 1.1),
    ],
)
def test_that_an_impossible_grid_is_refused(arguments: tuple) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match="must be"):
        VolumeGeometry(*arguments)


def test_that_a_mirroring_transform_is_refused() -> None:
    with pytest.raises(ValueError, match="mirror"):
        RigidTransform(np.diag([1.0, 1.0, -1.0]), np.zeros(3))
