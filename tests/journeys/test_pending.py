"""What takes longer than a stroke follows it by itself, and is marked as pending until it is there."""

from __future__ import annotations

import numpy as np
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from app.case_edits import with_voxel_s_values_beside
from app.main_window import MainWindow
from app.sampled_intervals import PENDING
from app.screenshots import wait_until_idle
from app.steps.curves_step import CurvesStep
from app.steps.dose_step import DoseStep
from app.steps.voi_step import VoiStep
from tests.widgets.pointer import drag

MINUTES_MS = 3_600_000
VOXELS_PENDING = "Voxel doses are being computed."


def test_that_what_follows_a_stroke_as_jobs_is_pending_first_and_then_there(window: MainWindow) -> None:
    session = window.session
    session.document.apply("Voxels beside", lambda case: with_voxel_s_values_beside(case, True))
    wait_until_idle(window, second_opinion=True)
    dose, curves, voi = (window.step(key) for key in ("dose", "curves", "voi"))
    assert isinstance(dose, DoseStep)
    assert isinstance(curves, CurvesStep)
    assert isinstance(voi, VoiStep)
    window.go_to("voi")
    wait_until_idle(window)
    kidney = session.case.cycles[0].vois[0]
    session.view_state.set_voi(kidney.voi_id)
    session.view_state.set_cursor(kidney.mask.centroid_mm())
    session.view_state.set_tool("brush")
    # Both wait until results rest; here until the marks have been looked at, however slow the machine is.
    waiting = (session.recomputation._completion._timer, session.second_opinion._timer)
    usual = [timer.interval() for timer in waiting]
    for timer in waiting:
        timer.setInterval(MINUTES_MS)
    axial, middle = voi.grid.views["axial"], kidney.mask.centroid_mm()
    drag(axial, [axial.pixel_of(middle + np.array([x, 0.0, 0.0])) for x in (20.0, 24.0, 28.0)])
    stroked = session.document.case
    while session.document.evaluation_of(stroked) is None:
        QTest.qWait(1)

    # The numbers of the stroke are there; what is computed from them beside the hand is not.
    window.go_to("dose")
    dose.tabs.setCurrentWidget(dose.dose_map)
    assert session.is_current
    assert dose.histograms.histograms == ()
    assert dose.histograms.findChild(QLabel, "dose_volume_empty").text() == VOXELS_PENDING  # type: ignore[union-attr]
    assert dose.dose_map.message.text() == VOXELS_PENDING
    assert "not been heard" in dose._opinion.text()
    window.go_to("curves")
    assert curves.numbers.text("Lu-177 sampled", "value") == PENDING

    for timer, interval in zip(waiting, usual, strict=True):
        assert timer.isActive()
        timer.start(interval)
    wait_until_idle(window, second_opinion=True)
    assert " to " in curves.numbers.text("Lu-177 sampled", "value")
    window.go_to("dose")
    wait_until_idle(window)
    assert session.document.case is stroked
    assert not any(result.pending for result in session.document.evaluation.cycles)  # type: ignore[union-attr]
    assert {shown.name for shown in dose.histograms.histograms} >= {kidney.name}
    assert not dose.dose_map.message.isVisible()
    assert all(view.isVisible() and view._isodoses for view in dose.dose_map.views)
    assert "has not been heard" not in dose._opinion.text()
