"""An organ drawn from nothing: it becomes an organ by its name or by choice, and nothing jumps meanwhile."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton

from app.case_edits import with_mask
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from dosimetry_core.voi import Voi
from tests.journeys.reading import KIDNEY, voi_named


def press(step: VoiStep, name: str) -> None:
    button = step.inspector.findChild(QPushButton, name)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def drawn_again(window: MainWindow, step: VoiStep, name: str) -> Voi:
    """The kidney deleted, and a new VOI with its outline and this name."""
    outline = voi_named(window, KIDNEY).mask
    press(step, "voi_delete")
    press(step, "voi_new")
    new = window.session.voi
    assert new is not None
    index = window.session.view_state.cycle
    window.session.document.apply("Draw", lambda case: with_mask(case, index, new.voi_id, lambda _: outline))
    step.table.name_edited.emit(new.voi_id, name)
    wait_until_idle(window)
    return voi_named(window, name)


def kidneys_gy(window: MainWindow) -> float:
    evaluation = window.session.document.evaluation
    assert evaluation is not None
    return evaluation.cycles[0].organs["kidneys"].total.absorbed_dose_gy


def test_that_a_kidney_drawn_anew_and_named_counts_as_the_kidney_it_replaces(
    window: MainWindow, voi_step: VoiStep
) -> None:
    before = kidneys_gy(window)
    drawn = drawn_again(window, voi_step, KIDNEY)
    assert drawn.role == "kidney_left"
    assert kidneys_gy(window) == pytest.approx(before, rel=1e-12)


def test_that_a_role_is_chosen_below_the_table_and_undone(window: MainWindow, voi_step: VoiStep) -> None:
    drawn = drawn_again(window, voi_step, "Organ on the left")
    assert drawn.role == "lesion"
    box = voi_step.inspector.findChild(QComboBox, "voi_role")
    assert box is not None
    assert box.currentText() == "lesion"
    box.setFocus()
    for _ in range(box.count()):
        QTest.keyClick(box, Qt.Key.Key_Up)
    wait_until_idle(window)
    assert voi_named(window, drawn.name).role == "kidney_left"
    assert box.currentText() == "kidney left"
    window.session.document.undo()
    wait_until_idle(window)
    assert box.currentText() == voi_named(window, drawn.name).role.replace("_", " ")


def test_that_a_voi_with_a_role_of_its_own_keeps_it_when_it_is_renamed(window: MainWindow, voi_step: VoiStep) -> None:
    kidney = voi_named(window, KIDNEY)
    voi_step.table.name_edited.emit(kidney.voi_id, "Liver lesion")
    assert voi_named(window, "Liver lesion").role == kidney.role


def test_that_the_tools_stay_where_they_are_whatever_voi_is_active(window: MainWindow, voi_step: VoiStep) -> None:
    def place() -> QPoint:
        wait_until_idle(window)
        return voi_step.tools.mapTo(window, QPoint(0, 0))

    with_result = place()
    press(voi_step, "voi_delete")
    assert window.session.voi is None
    without_voi = place()
    press(voi_step, "voi_new")
    assert place() == without_voi == with_result
