from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dosimetry_core.case import Administration, Case, Course, Cycle, Patient
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.treatment_report import FusedPicture
from dosimetry_core.treatment_report.pictures import PIXELS, fused_pictures
from dosimetry_core.voi import Voi, VoiMask
from dosimetry_core.volume import Volume
from tests.app.small_values import START, series

# Slices go to the head, rows to the back, columns to the patient's left.
AXIAL = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
GRID = VolumeGeometry((70, 90, 100), np.array([-149.0, -134.0, -104.0]), (3.0, 3.0, 3.0), AXIAL)
RADIUS_MM = 20.0
CENTRE_MM = np.array([-10.0, 15.0, -5.0])
OTHER_MM = CENTRE_MM + np.array([40.0, 0.0, 30.0])
"""Further to the patient's left and to the head."""


def _ball(centre_mm: NDArray[np.float64], grid: VolumeGeometry, radius_mm: float = RADIUS_MM) -> NDArray[np.bool_]:
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    away = np.linalg.norm(grid.index_to_point(index.astype(np.float64)) - centre_mm, axis=1)
    inside: NDArray[np.bool_] = (away <= radius_mm).reshape(grid.shape)
    return inside


def _case(grid: VolumeGeometry = GRID, shift_mm: NDArray[np.float64] | None = None) -> Case:
    """Two balls; the SPECT shows the first alone, on a scan that lies elsewhere by ``shift_mm``."""
    shift = np.zeros(3) if shift_mm is None else shift_mm
    hot = np.where(_ball(CENTRE_MM + shift, grid), 100.0, 0.0)
    spect = replace(series("spect"), volume=Volume(hot, grid, "counts"))
    ct = replace(series("ct"), volume=Volume(np.full(grid.shape, 40.0), grid, "ct_number_hu"))
    point = TimePoint(spect, ct, Registration(RigidTransform(np.eye(3), shift), "rigid-ct", 0.5))
    vois = (
        Voi("a", "Lesion 1", "lesion", VoiMask.from_array(grid, _ball(CENTRE_MM, grid))),
        Voi("b", "Lesion 2", "lesion", VoiMask.from_array(grid, _ball(OTHER_MM, grid))),
        Voi("c", "Body", "whole_body", VoiMask.from_array(grid, np.ones(grid.shape, bool))),
        Voi("d", "Nothing", "lesion", VoiMask.from_array(grid, np.zeros(grid.shape, bool))),
    )
    cycle = Cycle(1, (Administration("Lu-177", 7.4e9, START, 1800.0),), time_points=(point,), vois=vois)
    return Case(Patient("P", "Test", "F", "UTC"), Course("duonen-b"), (cycle,))


def _pixels(picture: FusedPicture) -> NDArray[np.float64]:
    (data,) = re.findall(r"base64,([^\"]+)", picture.svg)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))), dtype=np.float64)


def _outlines(picture: FusedPicture, stroke: str) -> NDArray[np.float64]:
    """Points of the outlines in a colour, in mm from the middle of the picture: to the right, downwards."""
    paths = re.findall(rf'<path d="([^"]+)" fill="none" stroke="{stroke}"', picture.svg)
    numbers = [float(number) for path in paths for number in re.findall(r"[\d.]+", path)]
    per_pixel = picture.scale_bar_mm / picture.scale_bar_part / PIXELS
    return (np.array(numbers).reshape(-1, 2) - PIXELS / 2) * per_pixel


def test_that_vois_that_decide_a_dose_have_two_pictures_each() -> None:
    found = [(p.voi, p.plane) for p in fused_pictures(_case())]
    assert found == [(f"Lesion {n}", plane) for n in (1, 2) for plane in ("axial", "coronal")]


@pytest.mark.parametrize("plane", ["axial", "coronal"])
@pytest.mark.parametrize(
    "directions", [AXIAL, AXIAL[:, [0, 2, 1]], AXIAL[:, [2, 1, 0]]], ids=["axial", "turned", "sagittal"]
)
def test_that_the_outline_of_a_ball_is_its_circle_in_true_size(plane: str, directions: NDArray[np.float64]) -> None:
    grid = VolumeGeometry((80, 80, 80), CENTRE_MM - directions @ np.full(3, 120.0), (3.0, 3.0, 3.0), directions)
    picture = next(p for p in fused_pictures(_case(grid)) if p.voi == "Lesion 1" and p.plane == plane)
    away = np.linalg.norm(_outlines(picture, "#00e5ff"), axis=1)
    # Half a voxel of 3 mm: the mask knows voxels whole or not at all.
    assert away == pytest.approx(RADIUS_MM, abs=2.0)
    assert picture.position_mm == pytest.approx(CENTRE_MM[2 if plane == "axial" else 1], abs=3.0)


def test_that_left_is_at_the_right_and_the_head_is_up() -> None:
    axial, coronal = fused_pictures(_case())[:2]
    assert axial.letters == ("R", "L", "A", "P")
    assert coronal.letters == ("R", "L", "H", "F")
    across, down = _outlines(coronal, "#ffffff")[:, 0].mean(), _outlines(coronal, "#ffffff")[:, 1].mean()
    body_apart = _outlines(coronal, "#ffffff")
    ball = body_apart[np.linalg.norm(body_apart - np.array([40.0, -30.0]), axis=1) < RADIUS_MM + 3]
    assert ball.mean(axis=0) == pytest.approx([40.0, -30.0], abs=3.0)
    assert np.isfinite([across, down]).all()


def test_that_uptake_stands_inside_its_outline_also_where_the_scan_lies_elsewhere() -> None:
    for shift in (np.zeros(3), np.array([12.0, -9.0, 6.0])):
        picture = fused_pictures(_case(shift_mm=shift))[0]
        pixels = _pixels(picture)
        yellow = pixels[..., 0] - pixels[..., 2]
        rows, columns = np.nonzero(pixels[..., 0] - np.median(pixels[..., 0]) > 30)
        assert yellow.shape == (PIXELS, PIXELS)
        per_pixel = picture.scale_bar_mm / picture.scale_bar_part / PIXELS
        assert (columns.mean() + 0.5 - PIXELS / 2) * per_pixel == pytest.approx(0.0, abs=2.0)
        assert (rows.mean() + 0.5 - PIXELS / 2) * per_pixel == pytest.approx(0.0, abs=2.0)


def test_that_the_hour_is_that_of_the_scan() -> None:
    (picture, *_others) = fused_pictures(_case())
    assert picture.time_after_administration_s == pytest.approx(
        (series("spect").acquisition_start - START - timedelta(minutes=15)).total_seconds()
    )
