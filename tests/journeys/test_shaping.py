"""Tools of the VOI step by real clicks on the real window; each is one undoable step."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLineEdit, QMenu, QToolButton

from app.case_edits import with_mask
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from dosimetry_core.anatomical_plane import Plane
from dosimetry_core.units import volume_ml_from_mm3
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import empty_mask, intersect, subtract, union
from dosimetry_core.voi_shaping import with_margin
from tests.journeys.reading import KIDNEY


def press(step: VoiStep, name: str) -> None:
    button = step.tools.findChild(QToolButton, name)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def mask(window: MainWindow, name: str = KIDNEY) -> VoiMask:
    return next(voi.mask for voi in window.session.cycle.vois if voi.name == name)


def reshaped(window: MainWindow, step: VoiStep, button: str) -> tuple[VoiMask, VoiMask]:
    """The mask before and after one click, which undo takes back."""
    before, case = mask(window), window.session.document.case
    press(step, button)
    wait_until_idle(window)
    after = mask(window)
    assert len(window.session.document.labels) == 1
    assert KIDNEY in window.session.document.labels[0]
    window.session.document.undo()
    assert window.session.document.case is case
    return before, after


def test_that_smoothing_keeps_the_volume_and_hollowing_leaves_a_shell(window: MainWindow, voi_step: VoiStep) -> None:
    before, after = reshaped(window, voi_step, "act_smooth")
    assert after is not before
    assert after.volume_ml == pytest.approx(before.volume_ml, rel=5e-3)
    before, shell = reshaped(window, voi_step, "act_hollow")
    assert 0 < shell.volume_ml < before.volume_ml


def test_that_a_ball_of_the_brush_is_added_at_the_cursor(window: MainWindow, voi_step: VoiStep) -> None:
    place = mask(window).geometry.centre_mm()
    window.session.view_state.set_cursor(place)
    before, after = reshaped(window, voi_step, "act_ball")
    expected = volume_ml_from_mm3(4 / 3 * math.pi * 8.0**3)
    # Voxels of this case are half a radius wide.
    assert after.volume_ml - before.volume_ml == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("act", ["act_level_trace", "act_grow_region"])
def test_that_regions_of_the_image_are_added_to_what_is_drawn(window: MainWindow, voi_step: VoiStep, act: str) -> None:
    whole = mask(window)
    window.session.document.apply(
        "Nothing drawn",
        lambda case: _with_emptied(case, window.session.view_state.cycle, window.session.voi.voi_id),
    )
    wait_until_idle(window)
    press(voi_step, act)
    wait_until_idle(window)
    # What is hot here is the kidney: the region lies in it but for the blur of the image.
    found = mask(window)
    assert not found.is_empty
    assert subtract(found, with_margin(whole, 10.0)).volume_ml < 0.1 * found.volume_ml


def test_that_what_can_not_be_done_says_why(window: MainWindow, voi_step: VoiStep) -> None:
    told: list[str] = []
    voi_step.told.connect(told.append)
    press(voi_step, "act_split")
    assert "only one clear maximum" in told[-1]
    window.session.view_state.set_cursor((4000.0, 0.0, 0.0))
    press(voi_step, "act_level_trace")
    assert "outside" in told[-1]
    assert window.session.document.labels == ()


def test_that_another_voi_is_added_taken_away_or_kept_in_common(window: MainWindow, voi_step: VoiStep) -> None:
    own = mask(window)
    other = next(voi for voi in window.session.cycle.vois if voi.name != KIDNEY)
    menu = voi_step.tools.findChild(QToolButton, "voi_combine").menu()
    for how, truth in (("add", union), ("subtract", subtract), ("common", intersect)):
        way = menu.findChild(QMenu, f"combine_{how}")
        (entry,) = (act for act in way.actions() if act.objectName() == f"combine_{how}_{other.voi_id}")
        assert other.name in entry.text()
        entry.trigger()
        expected = truth(own, other.mask)
        assert mask(window).volume_ml == pytest.approx(expected.volume_ml, abs=1e-6)
        while window.session.document.labels:
            window.session.document.undo()
            if mask(window) is own:
                break


def test_that_it_is_said_when_nothing_is_left_of_a_voi(window: MainWindow, voi_step: VoiStep) -> None:
    told: list[str] = []
    voi_step.told.connect(told.append)
    other = next(voi for voi in window.session.cycle.vois if voi.name == "Kidney R")
    voi_step.acts.combine("common", other.voi_id)
    assert mask(window).is_empty
    assert "nothing is left" in told[-1]
    window.session.document.undo()


def test_that_centring_on_an_empty_voi_says_why_not(window: MainWindow, voi_step: VoiStep) -> None:
    told: list[str] = []
    voi_step.told.connect(told.append)
    voi_step.acts.new_voi()
    cursor, axial = window.session.view_state.cursor_mm, voi_step.grid.views["axial"]
    for reason, voi_id in (("is empty", window.session.view_state.voi_id), ("Choose a VOI first", None)):
        window.session.view_state.set_voi(voi_id)
        axial.setFocus()
        QTest.keyClick(axial, Qt.Key.Key_C)
        assert reason in told[-1]
        assert reason.casefold() in axial.words_at_pointer().casefold()
        assert window.session.view_state.cursor_mm == cursor
    window.session.document.undo()


def test_that_undoing_new_goes_back_to_the_voi_before(window: MainWindow, voi_step: VoiStep) -> None:
    state, document = window.session.view_state, window.session.document
    before = state.voi_id
    voi_step.acts.new_voi()
    first = state.voi_id
    voi_step.acts.new_voi()
    second = state.voi_id
    assert len({before, first, second}) == 3
    document.undo()
    assert state.voi_id == first
    document.undo()
    assert state.voi_id == before
    document.redo()
    assert state.voi_id == first
    document.undo()


def test_that_a_new_voi_that_is_refused_leaves_the_active_one(window: MainWindow, voi_step: VoiStep) -> None:
    before = window.session.view_state.voi_id
    window.session.permission.forbid("test", "Somebody else has this course open.")
    voi_step.acts.new_voi()
    assert window.session.view_state.voi_id == before
    window.session.permission.allow("test")


@pytest.mark.parametrize("plane", ["axial", "coronal"])
def test_that_a_click_beside_the_views_leaves_the_keyboard_to_the_view(
    window: MainWindow, voi_step: VoiStep, plane: Plane
) -> None:
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    view = voi_step.grid.views[plane]
    for name in ("tool_brush", "voi_new", "voi_own_shape", "tool_cursor", "voi_own_shape"):
        view.setFocus()
        button = voi_step.inspector.findChild(QAbstractButton, name)
        voi_step.inspector.ensureWidgetVisible(button)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert view.hasFocus(), name
    window.session.document.undo()


@pytest.mark.parametrize("way", ["button", "menu"])
def test_that_what_was_typed_holds_for_the_act_that_comes_next(window: MainWindow, voi_step: VoiStep, way: str) -> None:
    field = voi_step.tools.findChild(QLineEdit, "voi_margin")
    before = mask(window)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "4")
    if way == "button":
        press(voi_step, "act_margin_plus")
    else:
        window.actions_table.actions["margin-plus"].trigger()
    assert mask(window).volume_ml == pytest.approx(with_margin(before, 4.0).volume_ml)
    window.session.document.undo()
    voi_step.tools.set_margin(2.0)


@pytest.mark.parametrize(
    ("act", "field", "typed", "words"),
    [
        ("hollow", "voi_margin", "80", "Margin: at most 50"),
        ("margin-minus", "voi_margin", "two", "Margin: this is not a number"),
        ("ball", "brush_radius", "0", "Radius: at least 1"),
        ("isocontour", "level_value", "120", "Level: at most 99"),
    ],
)
def test_that_an_act_does_not_go_by_another_number_than_its_field_shows(
    window: MainWindow, voi_step: VoiStep, act: str, field: str, typed: str, words: str
) -> None:
    before, line = mask(window), voi_step.tools.findChild(QLineEdit, field)
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, typed)
    window.actions_table.actions[act].trigger()
    assert words in window.job_strip.message()
    assert mask(window) is before
    QTest.keyClick(line, Qt.Key.Key_Escape)


def test_that_a_click_on_a_button_takes_the_keyboard_from_a_field_to_the_view(
    window: MainWindow, voi_step: VoiStep
) -> None:
    QTest.qWaitForWindowActive(window)
    field = voi_step.tools.findChild(QLineEdit, "voi_margin")
    field.setFocus()
    button = voi_step.tools.findChild(QToolButton, "act_margin_plus")
    voi_step.inspector.ensureWidgetVisible(button)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert voi_step.grid.views["axial"].hasFocus()
    window.session.document.undo()


def test_that_keys_field_and_brush_agree_on_its_smallest_and_largest(window: MainWindow, voi_step: VoiStep) -> None:
    field, state = voi_step.tools.findChild(QLineEdit, "brush_radius"), window.session.view_state
    for steps in (-40, 40):
        state.scale_brush(steps)
        assert voi_step.hand.brush.radius_mm == state.brush_radius_mm
        assert float(field.text()) == state.brush_radius_mm
        assert not field.property("invalid")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "80")
    assert field.property("invalid")
    state.set_brush_radius(8.0)


def test_that_the_brush_draws_only_where_the_chip_says(window: MainWindow, voi_step: VoiStep) -> None:
    own = mask(window)
    centre = own.centroid_mm()
    view = voi_step.grid.views["axial"]
    window.session.view_state.set_tool("brush")
    window.session.view_state.set_brush_radius(10.0)
    # Outside this kidney there is no activity: held to the hot part, the stroke outwards adds (nearly) nothing.
    field = voi_step.tools.findChild(QLineEdit, "range_low")
    field.setFocus()
    QTest.keyClicks(field, "50")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert voi_step.tools.findChild(QCheckBox, "range_switch").isChecked()
    _stroke(view, centre + np.array([18.0, 0, 0]), centre + np.array([36.0, 0, 0]))
    wait_until_idle(window)
    held = mask(window).volume_ml - own.volume_ml
    while window.session.document.labels and mask(window) is not own:
        window.session.document.undo()
    QTest.mouseClick(voi_step.tools.findChild(QCheckBox, "range_switch"), Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert voi_step.tools.range.limits() is None
    _stroke(view, centre + np.array([18.0, 0, 0]), centre + np.array([36.0, 0, 0]))
    wait_until_idle(window)
    free = mask(window).volume_ml - own.volume_ml
    assert free > 1.0
    assert held < 0.5 * free


def _stroke(view, start_mm: np.ndarray, end_mm: np.ndarray) -> None:
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=view.pixel_of(start_mm).toPoint())
    for share in np.linspace(0, 1, 6):
        QTest.mouseMove(view, view.pixel_of(start_mm + share * (end_mm - start_mm)).toPoint())
        QTest.qWait(5)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=view.pixel_of(end_mm).toPoint())


def _with_emptied(case, index: int, voi_id: str):
    return with_mask(case, index, voi_id, lambda held: empty_mask(held.geometry))
