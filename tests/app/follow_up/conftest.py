"""A window with a small course and the window of follow-up on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.follow_up.window import FollowUpWindow
from app.main import make_application
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.session import empty_case
from dosimetry_core.case_file import read_case

CASE = """
format = 1
[patient]
id = "P-7"
name = "Small^Case"
sex = "F"
time_zone = "Europe/Warsaw"
birth_date = 1957-03-04
weight_kg = 68.0
[course]
protocol = "duonen-d"
[laboratory_limits]
platelets_1e9_per_l = { lower = 150 }
[[cycle]]
number = 1
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = 2025-03-03T10:30:00
  infusion_min = 30.0
  [cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]
  kidneys = { "Lu-177" = 0.5 }
  [[cycle.laboratory]]
  date = 2025-03-01
  platelets_1e9_per_l = 210
  creatinine_umol_per_l = 76
"""


@pytest.fixture
def case_text() -> str:
    """The case file of the course in the window."""
    return CASE


@pytest.fixture
def window(qapp: QApplication, tmp_path: Path, case_text: str) -> Iterator[MainWindow]:
    make_application()
    (tmp_path / "case.toml").write_text(case_text, "utf-8")
    made = MainWindow(empty_case())
    made.show()
    made.opening.open_case(read_case(tmp_path))
    wait_until_idle(made)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def follow_up(window: MainWindow) -> FollowUpWindow:
    window.actions_table.actions["follow_up"].trigger()
    found = window.findChild(FollowUpWindow, "follow_up_window")
    assert found is not None
    assert found.isVisible()
    return found
