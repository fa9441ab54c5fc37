from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QSize

from app.main import make_application
from app.main_window import MainWindow
from app.preferences import Preferences
from app.screenshots import wait_until_idle
from app.session import empty_case
from app.steps.voi_step import VoiStep
from dosimetry_core.case import Case
from tests.journeys.reading import KIDNEY, voi_named
from tests.journeys.small_case import write_tandem_case

SIZE = QSize(1600, 960)


@pytest.fixture(scope="package")
def case_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tandem_case(tmp_path_factory.mktemp("case") / "small")


@pytest.fixture(scope="package")
def shared_window(qapp: object, case_folder: Path) -> Iterator[MainWindow]:
    """One real window for all journeys: a 3D view is made once (gui.md A.3)."""
    make_application()
    window = MainWindow(empty_case())
    window.resize(SIZE)
    window.show()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    yield window
    window.close()
    window.deleteLater()


@pytest.fixture(scope="package")
def opened_case(shared_window: MainWindow) -> Case:
    """The case with its images, as it was right after opening."""
    return shared_window.session.document.case


@pytest.fixture
def window(shared_window: MainWindow, opened_case: Case) -> MainWindow:
    """The window with the case as opened: nothing edited, nothing confirmed, shown as delivered."""
    shared_window.opening.open_case(opened_case)
    shared_window.resize(SIZE)
    state = shared_window.session.view_state
    state.set_tool("cursor")
    state.set_time_point(0)
    state.set_fusion("fused")
    state.set_contours(True)
    state.set_brush_radius(Preferences().brush_radius_mm)
    voi_step = shared_window.step("voi")
    assert isinstance(voi_step, VoiStep)
    voi_step.images.set_linked(True)
    voi_step.show_layout("four-up")
    voi_step.inspector.verticalScrollBar().setValue(0)
    shared_window.go_to("course")
    # Without a window manager nobody makes the window active again after a dialog of the test before.
    shared_window.activateWindow()
    wait_until_idle(shared_window)
    return shared_window


@pytest.fixture
def voi_step(window: MainWindow) -> VoiStep:
    """The step where VOIs are drawn, the left kidney active and the cursor in its middle."""
    window.go_to("voi")
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    kidney = voi_named(window, KIDNEY)
    window.session.view_state.set_voi(kidney.voi_id)
    window.session.view_state.set_cursor(kidney.mask.centroid_mm())
    wait_until_idle(window)
    return step
