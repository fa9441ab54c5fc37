from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from app.main_window import MainWindow
from app.reviews import STEP_KEYS
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from app.view_state import LAYOUTS
from tests.app.layout_walk import faults

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids="{0[0]}x{0[1]}".format)
def test_that_no_text_is_clipped_and_no_siblings_overlap(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(QSize(*size))
    assert window.session.is_current
    found: list[str] = []
    for step in STEP_KEYS:
        window.go_to(step)
        wait_until_idle(window)
        assert window.size() == QSize(*size)
        found += [f"{step}: {fault}" for fault in faults(window)]
    window.go_to("voi")
    views = window.step("voi")
    assert isinstance(views, VoiStep)
    for layout in reversed(LAYOUTS):
        views.show_layout(layout)
        wait_until_idle(window)
        found += [f"voi, {layout}: {fault}" for fault in faults(window)]
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


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_that_the_same_holds_at_scale_factor_two_in_every_look_and_layout(case_folder: Path, theme: str) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    script = "from tests.journeys.walk_scaled import walk; import sys; sys.exit(walk(*sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(case_folder), theme],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
