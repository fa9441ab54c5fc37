"""The dose map on the slices, and the way from a number of the trail to where it comes from."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.dose_map_page import LINE_COLOURS
from app.steps.dose_step import DoseStep
from dosimetry_core.dicom_export.cycle import voxel_doses_of


@pytest.fixture
def step(window: MainWindow) -> DoseStep:
    window.go_to("dose")
    wait_until_idle(window)
    step = window.step("dose")
    assert isinstance(step, DoseStep)
    return step


def test_that_the_map_shows_the_voxel_doses_with_limits_and_lines(window: MainWindow, step: DoseStep) -> None:
    step.tabs.setCurrentWidget(step.dose_map)
    assert "not computed" in step.dose_map.message.text()
    step.voxels_beside.click()
    wait_until_idle(window)
    result = window.session.cycle_result
    assert result is not None
    doses = voxel_doses_of(result)
    assert doses is not None
    total = np.sum([each.absorbed_dose.values for each in doses.maps.values()], axis=0)
    page = step.dose_map
    kidneys = [
        voi.total.absorbed_dose_gy for voi in result.vois.values() if voi.role.startswith("kidney") and voi.total
    ]
    first = min(2 * max(kidneys), float(total.max())) if kidneys else float(total.max())
    assert float(page.upper_limit.text()) == pytest.approx(first, abs=0.051)  # shown to a tenth of a gray
    assert not step.bars.isVisible()
    axial = page.views[0]
    hottest = np.unravel_index(int(total.argmax()), total.shape)
    grid = next(iter(doses.maps.values())).absorbed_dose.geometry
    window.session.view_state.set_cursor(grid.index_to_point(np.asarray(hottest, float)))
    assert f"{float(total.max()):.2f} Gy" in page.probe.text()
    half = 0.5 * float(total.max())
    page.levels.setText(f"{half:.3f}")
    page.levels.editingFinished.emit()
    assert not axial.isodose_path(round(half, 3)).isEmpty()
    assert axial.isodose_path(2 * float(total.max())).isEmpty()
    legend = [label.text() for label in page.findChildren(QLabel, "isodose_legend") if label.isVisible()]
    assert any(text.endswith(" Gy") for text in legend)
    swatches = [label.pixmap().toImage() for label in page.findChildren(QLabel, "isodose_swatch") if label.isVisible()]
    assert [image.pixelColor(4, 1).name() for image in swatches] == list(LINE_COLOURS[: len(legend)])
    page.upper_limit.setText("3")
    page.upper_limit.editingFinished.emit()
    scale = axial.spect_scale
    assert scale is not None
    assert (scale.lower, scale.upper) == (0.0, 3.0)
    page.upper_limit.setText("-3")
    page.upper_limit.editingFinished.emit()
    assert axial.spect_scale == scale, "limits that can't be change nothing"


@pytest.mark.parametrize(
    ("start", "goes_to"),
    [
        ("Counts of the whole image", "import"),
        ("Recovery coefficient", "voi"),
        ("Mass", "voi"),
        ("Effective half-life", "curves"),
        ("S electrons", "dose"),
        ("Independent computation", "dose"),
    ],
)
def test_that_each_row_of_the_trail_goes_to_where_its_number_comes_from(
    window: MainWindow, step: DoseStep, start: str, goes_to: str
) -> None:
    step.tabs.setCurrentWidget(step.trail)
    wait_until_idle(window, second_opinion=True)
    number = next(label for label in step.trail.findChildren(QLabel) if start in label.text())
    QTest.mouseClick(number, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
    assert window.current_step == goes_to
    assert window.session.voi is not None
