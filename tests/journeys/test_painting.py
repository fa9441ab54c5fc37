from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from app.view_state import Tool
from tests.journeys.reading import KIDNEY, value
from widgets.slice_view import SliceView

BASE = f"cycles.0.vois.{KIDNEY}"
FOLLOWERS = {
    "volume": f"{BASE}.volume_ml",
    "activity": f"{BASE}.activity_bq.Lu-177.0",
    "curve": f"{BASE}.fit.Lu-177.time_integrated_activity_bq_s",
    "dose": f"{BASE}.absorbed_dose_gy.total",
    "bar": "course.organs.kidneys.absorbed_dose_gy",
    "plan": "plan.unrounded_activities_bq.Y-90",
}


def drag(view: SliceView, start_mm: np.ndarray, end_mm: np.ndarray, *, steps: int = 6, release: bool = True) -> None:
    def pixel(point: np.ndarray) -> QPoint:
        return view.pixel_of(point).toPoint()

    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=pixel(start_mm))
    for share in np.linspace(0, 1, steps):
        QTest.mouseMove(view, pixel(start_mm + share * (end_mm - start_mm)))
        QTest.qWait(5)
    if release:
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=pixel(end_mm))


def numbers(window: MainWindow) -> dict[str, float]:
    return {name: value(window, path) for name, path in FOLLOWERS.items()}


def stroke_ends(window: MainWindow) -> tuple[np.ndarray, np.ndarray]:
    """From the edge of the kidney outwards, away from the other one."""
    voi = window.session.voi
    assert voi is not None
    centre = voi.mask.centroid_mm()
    return centre + np.array([18.0, 0.0, 0.0]), centre + np.array([34.0, 0.0, 0.0])


@pytest.mark.parametrize(("tool", "act"), [("brush", "Paint"), ("erase", "Erase")])
def test_that_a_stroke_moves_volume_curve_dose_bar_and_plan(
    window: MainWindow, voi_step: VoiStep, tool: Tool, act: str
) -> None:
    before, case = numbers(window), window.session.document.case
    window.session.view_state.set_tool(tool)
    window.session.view_state.set_brush_radius(10.0)
    drag(voi_step.grid.views["axial"], *stroke_ends(window))
    wait_until_idle(window)
    after = numbers(window)
    assert (after["volume"] > before["volume"]) == (tool == "brush")
    # Outside the kidney of this case there is no activity, so painting there adds volume but no activity.
    still = {"activity"} if tool == "brush" else set()
    assert {name for name in FOLLOWERS if after[name] == before[name]} <= still
    assert window.session.document.labels == (f"{act} {KIDNEY}, cycle 1",)
    window.actions_table.actions["undo"].trigger()
    wait_until_idle(window)
    assert window.session.document.case is case
    assert numbers(window) == before


def test_that_numbers_follow_while_the_button_is_still_held(
    window: MainWindow, voi_step: VoiStep, qtbot: QtBot
) -> None:
    before = numbers(window)
    window.session.view_state.set_tool("brush")
    view = voi_step.grid.views["axial"]
    start, end = stroke_ends(window)
    drag(view, start, end, release=False)
    qtbot.waitUntil(lambda: value(window, FOLLOWERS["dose"]) != before["dose"], timeout=3000)
    assert window.session.document.labels == ()
    assert window.session.document.is_previewing
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=view.pixel_of(end).toPoint())
    wait_until_idle(window)
    assert window.session.document.labels == ()
    assert numbers(window) == before


def test_that_the_numbers_are_there_soon_after_the_button_is_released(
    window: MainWindow, voi_step: VoiStep, qtbot: QtBot, record_property: Callable[[str, object], None]
) -> None:
    window.session.view_state.set_tool("brush")
    view = voi_step.grid.views["axial"]
    start, end = stroke_ends(window)
    drag(view, start, end, release=False)
    wait_until_idle(window)
    dose = value(window, FOLLOWERS["dose"])
    QTest.mouseMove(view, view.pixel_of(end + np.array([0.0, 12.0, 0.0])).toPoint())
    begin = time.process_time()
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=view.pixel_of(end + np.array([0.0, 12.0, 0.0])).toPoint())
    qtbot.waitUntil(lambda: window.session.is_current and value(window, FOLLOWERS["dose"]) != dose, timeout=60_000)
    elapsed = time.process_time() - begin
    record_property("brush_to_plan_s", elapsed)
    # The aim is 0.1 s of the clock on an idle machine, which the benchmark measures; here processor time is counted,
    # since others may be working too, with room for a slower machine and for waitUntil, which looks every 10 ms.
    assert elapsed < 1.0


def test_that_painting_without_a_voi_says_why_and_changes_nothing(window: MainWindow, voi_step: VoiStep) -> None:
    case = window.session.document.case
    start, end = stroke_ends(window)
    window.session.view_state.set_voi(None)
    window.session.view_state.set_tool("brush")
    drag(voi_step.grid.views["axial"], start, end)
    wait_until_idle(window)
    assert window.session.document.case is case


def test_that_a_taken_name_is_refused_and_a_new_one_is_undoable(window: MainWindow, voi_step: VoiStep) -> None:
    voi = window.session.voi
    assert voi is not None
    voi_step.rename_voi(voi.voi_id, "Kidney R")
    assert window.session.document.labels == ()
    voi_step.rename_voi(voi.voi_id, "Left kidney")
    wait_until_idle(window)
    assert value(window, "cycles.0.vois.Left kidney.volume_ml") > 0
    window.session.document.undo()
    assert window.session.voi is voi
