"""What a user does in a window with a course, and how a killed program leaves it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.case_edits import with_mask
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.voi import VoiMask
from tests.app.working import confirm_registrations

Open = Callable[..., MainWindow]
"""Opens another window on the data folder of the test."""


def ended(window: MainWindow) -> None:
    """As if the program had been killed: nothing more is written, nothing is given back but by the operating system."""
    assert window.keeping is not None
    journal = window.session.journal
    assert journal is not None
    journal._closed = True
    assert window.opening.courses.notes is not None
    window.opening.courses.notes._storage = None
    window.keeping.courses.storage.close()


def paint(case_window: MainWindow, by: int) -> None:
    cycle = case_window.session.cycle
    assert cycle is not None
    voi = cycle.vois[0]

    def thinner(mask: VoiMask) -> VoiMask:
        whole = mask.whole_grid_fraction().astype(np.float64)
        filled = np.flatnonzero(whole.any(axis=(1, 2)))
        whole[filled[by % len(filled)]] *= 0.5
        return VoiMask.from_array(mask.geometry, whole)

    case_window.session.document.apply(f"Brush, {voi.name}, {by}", lambda case: with_mask(case, 0, voi.voi_id, thinner))


def sign(window: MainWindow, identity_file: Path, target: Path) -> None:
    from app.plans.signing_gate import reasons_missing
    from app.steps.plan_step import PlanStep

    confirm_registrations(window)
    window.go_to("plan")
    step = window.step("plan")
    assert isinstance(step, PlanStep)
    planned = window.session.planned
    assert planned is not None
    for finding in reasons_missing(planned, {}):
        step.acknowledge(finding, "looked at")
    step.sign(identity_file, "pass", "fit to treat", target)
    wait_until_idle(window)
