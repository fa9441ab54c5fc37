from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabWidget, QToolButton, QWidget

from app.main_window import MainWindow
from app.reviews import STEP_KEYS
from app.screenshots import wait_until_idle
from app.steps.plan_step import PlanStep
from app.steps.voi_step import VoiStep
from app.view_state import LAYOUTS
from tests.app.layout_walk import faults, scrolled_sideways
from tests.fresh_process import run_script
from tests.journeys.bars_above import both_bars
from widgets.plan_plot import PlanPlot
from widgets.plan_room import RegionShown

SIZES = [(1280, 720), (1366, 768), (1920, 1080)]


@pytest.mark.parametrize("with_bars", [False, True], ids=["alone", "below both bars"])
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_that_no_text_is_clipped_and_no_siblings_overlap(
    window: MainWindow, size: tuple[int, int], with_bars: bool
) -> None:
    window.resize(QSize(*size))
    assert window.session.is_current
    found: list[str] = []
    with both_bars(window) if with_bars else nullcontext():
        for step in STEP_KEYS:
            window.go_to(step)
            wait_until_idle(window)
            assert window.size() == QSize(*size)
            found += [f"{step}: {fault}" for fault in faults(window)]
        window.go_to("voi")
        views = window.step("voi")
        assert isinstance(views, VoiStep)
        for badges in (False, True):
            with_reminders(views, badges)
            for layout in reversed(LAYOUTS):
                views.show_layout(layout)
                wait_until_idle(window)
                found += [f"voi, {layout}, {badges}: {fault}" for fault in faults(window)]
        with_reminders(views, False)
    views.show_second_window()
    second = views._second
    assert second is not None
    second.resize(QSize(*size))
    for layout in LAYOUTS:
        button = second.findChild(QToolButton, f"second_layout_{layout}")
        assert button is not None
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        wait_until_idle(window)
        found += [f"second window, {layout}: {fault}" for fault in faults(second)]
    second.close()
    assert found == []


def with_reminders(step: VoiStep, shown: bool) -> None:
    """Three badges on every view, or none."""
    step.session.view_state.set_decay_corrected(shown)
    step.display.own_scale_toggled.emit(shown)
    step.target.set_here(shown)


def test_that_nothing_is_hidden_at_the_right_on_a_small_screen(window: MainWindow) -> None:
    window.resize(QSize(1366, 768))
    found: list[str] = []
    for step in STEP_KEYS:
        window.go_to(step)
        wait_until_idle(window)
        found += [f"{step}: {fault}" for fault in scrolled_sideways(window)]
        for tabs in window.step(step).findChildren(QTabWidget):
            for number in range(tabs.count()):
                tabs.setCurrentIndex(number)
                wait_until_idle(window)
                found += [f"{step}, {tabs.tabText(number)}: {fault}" for fault in scrolled_sideways(window)]
            tabs.setCurrentIndex(0)
    assert found == []


def test_that_all_drawing_tools_are_in_sight_on_a_small_screen(window: MainWindow) -> None:
    window.resize(QSize(1366, 768))
    window.go_to("voi")
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    step.inspector.verticalScrollBar().setValue(0)
    wait_until_idle(window)
    buttons = step.tools.findChildren(QToolButton)
    assert len(buttons) > 20
    assert [b.objectName() for b in buttons if b.visibleRegion().boundingRect() != b.rect()] == []


def test_that_the_settings_of_the_views_are_one_line_on_a_full_screen(window: MainWindow) -> None:
    window.resize(QSize(1920, 1080))
    window.go_to("voi")
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    wait_until_idle(window)
    buttons = [button for button in step.display.findChildren(QToolButton) if button.isVisible()]
    assert len(buttons) > 10
    assert len({button.mapTo(step.display, button.rect().center()).y() for button in buttons}) == 1


def test_that_the_same_holds_at_scale_factor_two_in_every_look_and_layout(case_folder: Path) -> None:
    script = "from tests.journeys.walk_scaled import walk; import sys; sys.exit(walk(*sys.argv[1:]))"
    done = run_script(script, str(case_folder), timeout_s=240, QT_SCALE_FACTOR="2")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("size", [(1280, 720), (1366, 768), (1920, 1080)], ids="{0[0]}x{0[1]}".format)
def test_that_the_room_for_the_next_cycle_is_high_enough_to_point_in(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(QSize(*size))
    window.go_to("plan")
    step = window.step("plan")
    assert isinstance(step, PlanStep)
    with both_bars(window):
        wait_until_idle(window)
        plot = step.room.findChild(PlanPlot)
        assert plot is not None
        assert isinstance(step.room.shown(), RegionShown)
        assert plot.area(step.room).height() >= 80
        assert faults(window) == []
        assert step.findings.height() >= 120, "the findings keep their part"


def test_that_what_is_left_of_the_limits_fits_the_least_width_of_its_column(window: MainWindow) -> None:
    wait_until_idle(window)
    budget = window.findChild(QWidget, "course_budget")
    assert budget is not None
    section = budget.parentWidget()
    column = section.parentWidget()
    assert 0 < section.minimumSizeHint().width() <= column.minimumWidth()
