"""What takes longer than a stroke follows it by itself, and is marked as pending until it is there."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from app import second_opinion_watch
from app.case_edits import with_voi, with_voxel_s_values_beside
from app.completion import VOXELS
from app.main_window import MainWindow
from app.pending_words import CONFIRMED, CONFIRMED_SO_FAR
from app.pending_words import PENDING as RESULTS_PENDING
from app.sampled_intervals import PENDING
from app.screenshots import wait_until_idle
from app.steps.curves_step import CurvesStep
from app.steps.dose_step import DoseStep
from app.steps.voi_step import VoiStep
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.progress import Progress
from dosimetry_core.voi_shaping import with_margin
from tests.widgets.pointer import drag
from widgets.elided_label import ElidedLabel

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
    assert session.recomputation._completion is not None
    completes, opinion = session.recomputation._completion._timer, session.second_opinion
    usual = completes.interval(), opinion.rest_ms
    completes.setInterval(MINUTES_MS)
    opinion.rest_ms = MINUTES_MS
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

    assert completes.isActive()
    assert opinion.is_waiting
    opinion.rest_ms = usual[1]
    completes.start(usual[0])
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


def test_that_results_of_before_an_edit_are_marked_until_newer_ones_are_there(window: MainWindow) -> None:
    session = window.session
    session.document.apply("Voxels beside", lambda case: with_voxel_s_values_beside(case, True))
    window.go_to("dose")
    wait_until_idle(window, second_opinion=True)
    dose = window.step("dose")
    assert isinstance(dose, DoseStep)
    page, shown = dose.dose_map, dose.histograms
    title, note = window.subheading, shown.findChild(QLabel, "dose_volume_pending")
    assert note is not None
    for tab in (dose.histograms.parentWidget(), page):
        dose.tabs.setCurrentWidget(tab)
        QTest.qWait(1)
        assert "pending" not in title.text()
        assert not note.isVisible()
        assert not page.pending.isVisible()
    page.levels.setFocus()
    page.levels.selectAll()
    QTest.keyClicks(page.levels, "3 7\r")
    page.upper_limit.selectAll()
    QTest.keyClicks(page.upper_limit, "11\r")

    session.recomputation.set_enabled(False)  # as if it took long
    kidney = session.case.cycles[0].vois[0]
    smaller = with_margin(kidney.mask, -3.0)
    session.document.apply("Shrink", lambda case: with_voi(case, 0, replace(kidney, mask=smaller)))
    QTest.qWait(1)
    assert title.text().endswith("results pending")
    assert page.pending.isVisible()
    assert page.pending.text() == RESULTS_PENDING
    assert all(view.shown_text()["badges"] == "pending" for view in page.views)
    assert "pending" in dose._opinion.text().lower()
    dose.tabs.setCurrentWidget(dose.histograms.parentWidget())
    assert note.isVisible()
    assert note.text() == RESULTS_PENDING
    assert shown.accessibleDescription().startswith(RESULTS_PENDING)

    session.recomputation.set_enabled(True)
    dose.tabs.setCurrentWidget(page)
    wait_until_idle(window, second_opinion=True)
    assert "pending" not in title.text()
    assert not page.pending.isVisible()
    assert all(view.shown_text()["badges"] == "" for view in page.views)
    assert (page.levels.text(), page.upper_limit.text()) == ("3 7", "11"), "what was typed stays through an edit"
    assert "confirms every number" in dose._opinion.text()


@pytest.mark.parametrize("cancelled", [True, False])
def test_that_voxel_doses_that_do_not_come_say_why_and_the_second_opinion_is_heard_on_the_rest(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    session = window.session
    wait_until_idle(window, second_opinion=True)
    window.go_to("dose")
    dose = window.step("dose")
    assert isinstance(dose, DoseStep)
    dose.tabs.setCurrentWidget(dose.dose_map)
    completion = session.recomputation._completion
    assert completion is not None

    def never(_evaluation: Evaluation, *, progress: Progress) -> Evaluation:
        while cancelled:
            progress(0.5, "")
            time.sleep(0.001)
        raise InconsistentCaseError("no room for the map", where="cycle 1")

    # Another outline each time: voxel doses of before would be taken over.
    kidney = session.case.cycles[0].vois[0]
    other = replace(kidney, mask=with_margin(kidney.mask, -3.0 if cancelled else -4.0))
    with monkeypatch.context() as stuck:
        stuck.setattr(completion, "_complete", never)
        session.document.apply("Voxels beside", lambda case: with_voxel_s_values_beside(with_voi(case, 0, other), True))
        if cancelled:
            while not (begun := [job for job in session.jobs.running if job.purpose == VOXELS]):
                QTest.qWait(1)
            cancel = window.job_strip.findChild(QPushButton, f"job_{id(begun[0])}_cancel")
            assert cancel is not None
            QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
        wait_until_idle(window, second_opinion=True)
    cause = "was cancelled" if cancelled else "failed (cycle 1: no room for the map)"
    assert dose.dose_map.message.text() == (
        f"Voxel doses are pending: their computation {cause}. The next change begins it again."
    )
    assert dose.comparison.text().endswith(dose.dose_map.message.text())
    assert dose._opinion.text() == CONFIRMED_SO_FAR
    # What it said of these results is kept, and the computation is not begun again for that.
    assert session.document.evaluation is not None
    assert session.document.evaluation.cycles[0].voxels_pending
    assert session.evaluation is not None
    assert session.evaluation.second_values

    session.document.undo()
    session.document.redo()
    wait_until_idle(window, second_opinion=True)
    assert not session.document.evaluation.cycles[0].voxels_pending
    assert dose._opinion.text() == CONFIRMED


def test_that_a_second_opinion_that_can_not_be_made_says_why(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = window.session
    window.go_to("dose")
    dose = window.step("dose")
    assert isinstance(dose, DoseStep)
    wait_until_idle(window, second_opinion=True)

    def broken(_evaluation: Evaluation, *, progress: Progress) -> Evaluation:
        raise InconsistentCaseError("a table is missing", where="second opinion")

    with monkeypatch.context() as stuck:
        stuck.setattr(second_opinion_watch, "checked", broken)
        session.document.apply("Voxels beside", lambda case: with_voxel_s_values_beside(case, True))
        wait_until_idle(window, second_opinion=True)
    assert dose._opinion.text() == (
        "The independent second computation could not be made: second opinion: a table is missing."
    )


def test_that_curves_on_their_way_are_not_called_missing(window: MainWindow) -> None:
    session = window.session
    curves, voi = window.step("curves"), window.step("voi")
    assert isinstance(curves, CurvesStep)
    assert isinstance(voi, VoiStep)
    window.opening.open_case(replace(session.document.case))
    for key, view in (("voi", voi.live.curve), ("curves", curves.view)):
        window.go_to(key)
        assert session.recomputation.is_busy
        words = view.findChild(ElidedLabel, "curve_model")
        assert words is not None
        assert words.full_text() == "Being computed"
    wait_until_idle(window)
    assert words.full_text() != "Being computed"
