from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.volume import Volume
from tests.widgets.bodies import AXIAL
from widgets.isodose_view import Isodose, IsodoseView
from widgets.slice_picture import Layer

SIZE, VOXEL_MM = 41, 2.0


def _cone() -> Layer:
    """Dose falling by 0.5 Gy a millimetre from 30 Gy in the middle: isodoses are circles of known radius."""
    geometry = VolumeGeometry((5, SIZE, SIZE), np.zeros(3), (VOXEL_MM, VOXEL_MM, VOXEL_MM), AXIAL)
    middle = (SIZE - 1) / 2
    rows, columns = np.mgrid[:SIZE, :SIZE]
    radius_mm = VOXEL_MM * np.hypot(rows - middle, columns - middle)
    plane = np.clip(30.0 - 0.5 * radius_mm, 0.0, None)
    return Layer(Volume(np.broadcast_to(plane, (5, SIZE, SIZE)).astype(np.float32), geometry, "absorbed_dose_gy"))


@pytest.mark.parametrize("dose_gy", [15.0, 20.0, 25.0])
def test_that_an_isodose_of_a_cone_is_a_circle_of_its_radius(qtbot: QtBot, dose_gy: float) -> None:
    view, layer = IsodoseView("axial"), _cone()
    qtbot.addWidget(view)
    view.set_reference(layer.volume.geometry)
    view.show_spect(layer)
    view.show_isodoses([Isodose(dose_gy, "#ffffff")])
    box = view.isodose_path(dose_gy).boundingRect()
    expected_mm = 2 * (30.0 - dose_gy) / 0.5
    # Straight lines between voxel centres are exact along the axes, where the circle is widest.
    assert box.width() == pytest.approx(expected_mm, abs=0.05)
    assert box.height() == pytest.approx(expected_mm, abs=0.05)
    assert box.center().x() == pytest.approx(SIZE * VOXEL_MM / 2, abs=0.05)
    view.resize(400, 400)
    view.grab()


def test_that_a_dose_that_is_nowhere_has_no_line(qtbot: QtBot) -> None:
    view, layer = IsodoseView("axial"), _cone()
    qtbot.addWidget(view)
    assert view.isodose_path(10.0).isEmpty()
    view.set_reference(layer.volume.geometry)
    view.show_spect(layer)
    assert view.isodose_path(31.0).isEmpty()
    assert not view.isodose_path(29.0).isEmpty()
