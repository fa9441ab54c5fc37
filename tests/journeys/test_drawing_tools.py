"""The drawing tools on the real window: each stroke one named step that the numbers follow and undo takes back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton

from app.case_edits import with_mask, with_voi_role
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_editing import BrushGesture, empty_mask, paint, union
from tests.journeys.reading import KIDNEY, value
from tests.widgets.pointer import LEFT, drag, move, press, release
from widgets.slice_view import SliceView
from widgets.volume_view import opengl_fault

DOSE = f"cycles.0.vois.{KIDNEY}.absorbed_dose_gy.total"
needs_opengl = pytest.mark.skipif(opengl_fault() is not None, reason="no OpenGL here")


@pytest.fixture
def voi_step(window: MainWindow, voi_step: VoiStep) -> Iterator[VoiStep]:
    """With a brush of 6 mm; chips that were used are put back."""
    step = voi_step
    window.session.view_state.set_brush_radius(6.0)
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    yield step
    if step.tools.edges.edges() is not None:
        step.toggle_edges()
    step.tools.findChild(QComboBox, "level_kind").setCurrentIndex(0)


def mask(window: MainWindow) -> VoiMask:
    return window.session.voi.mask


def done(window: MainWindow) -> tuple[str, ...]:
    document = window.session.document
    return document.labels[: document.position]


def on_slice(step: VoiStep, window: MainWindow, *offset_mm: float) -> QPointF:
    view: SliceView = step.grid.views["axial"]
    return view.pixel_of(np.array(window.session.view_state.cursor_mm) + np.array(offset_mm))


def test_that_a_ball_keeps_its_handles_through_changes_and_undo(window: MainWindow, voi_step: VoiStep) -> None:
    view, own, dose = voi_step.grid.views["axial"], mask(window), value(window, DOSE)
    window.session.view_state.set_tool("ball")
    # Beside the kidney, so that the ball's volume is all new.
    drag(
        view,
        [
            on_slice(voi_step, window, 45, 0, 0),
            on_slice(voi_step, window, 50, 0, 0),
            on_slice(voi_step, window, 57, 0, 0),
        ],
    )
    wait_until_idle(window)
    first = mask(window)
    assert len(done(window)) == 1
    assert "ball of 12" in done(window)[0]
    assert KIDNEY in done(window)[0]
    assert value(window, DOSE) != dose
    # Pulled at its end, it is the same ball made larger, not a second one.
    press(view, on_slice(voi_step, window, 57, 0, 0))
    move(view, on_slice(voi_step, window, 61, 0, 0), LEFT)
    assert window.session.document.is_previewing
    release(view, on_slice(voi_step, window, 61, 0, 0))
    wait_until_idle(window)
    second = mask(window)
    assert len(done(window)) == 2
    ratio = (second.volume_ml - own.volume_ml) / (first.volume_ml - own.volume_ml)
    # Voxels of this case are as large as a third of the radius.
    assert ratio == pytest.approx((16 / 12) ** 3, rel=0.1)
    window.session.document.undo()
    assert mask(window) is first
    assert voi_step.hand._shapes[0].shown.half_axes_mm == pytest.approx([12.0] * 3, abs=0.6)
    window.session.document.undo()
    assert mask(window) is own
    assert voi_step.hand._shapes[0].shown is None


def test_that_a_voi_is_dragged_and_put_back_by_escape_or_undo(window: MainWindow, voi_step: VoiStep) -> None:
    view, own = voi_step.grid.views["axial"], mask(window)
    window.session.view_state.set_tool("move")
    press(view, on_slice(voi_step, window, 0, 0, 0))
    move(view, on_slice(voi_step, window, 0, 12, 0), LEFT)
    assert window.session.case.cycles[0].vois[0].mask is not own or window.session.document.is_previewing
    QTest.keyClick(view, Qt.Key.Key_Escape)
    release(view, on_slice(voi_step, window, 0, 12, 0))
    assert mask(window) is own
    drag(
        view,
        [
            on_slice(voi_step, window, 0, 0, 0),
            on_slice(voi_step, window, 0, 6, 0),
            on_slice(voi_step, window, 0, 12, 0),
        ],
    )
    wait_until_idle(window)
    assert done(window) == (f"Move {KIDNEY}, cycle 1",)
    assert mask(window).centroid_mm() - own.centroid_mm() == pytest.approx([0, 12, 0], abs=0.3)
    told: list[str] = []
    voi_step.told.connect(told.append)
    window.session.view_state.set_cursor(mask(window).centroid_mm())
    drag(view, [on_slice(voi_step, window, 0, 0, 0), on_slice(voi_step, window, 4000, 0, 0)])
    assert "leave the image" in told[-1]
    assert "leave the image" in view._words.text
    assert len(done(window)) == 1


@pytest.mark.parametrize(("tool", "word"), [("scissors", "inside"), ("crop", "outside")])
def test_that_scissors_cut_only_the_active_voi_through_all_slices(window, voi_step, tool, word) -> None:
    view, own = voi_step.grid.views["axial"], mask(window)
    others = [voi.mask for voi in window.session.cycle.vois if voi.name != KIDNEY]
    window.session.view_state.set_tool(tool)
    corners = [(0, -200, 0), (200, -200, 0), (200, 200, 0), (0, 200, 0)]
    drag(view, [on_slice(voi_step, window, *corner) for corner in corners])
    wait_until_idle(window)
    assert word in done(window)[-1]
    left = mask(window)
    assert left.volume_ml == pytest.approx(own.volume_ml / 2, rel=0.2)
    assert (left.centroid_mm()[0] < own.centroid_mm()[0]) == (tool == "scissors")
    assert [voi.mask for voi in window.session.cycle.vois if voi.name != KIDNEY] == others


def test_that_filling_is_shown_first_and_done_or_given_up(window: MainWindow, voi_step: VoiStep) -> None:
    geometry = mask(window).geometry
    centre = geometry.centre_mm()
    apart = 6 * geometry.spacing_mm[0]
    parts = [
        paint(empty_mask(geometry), BrushGesture("axial", (centre + offset)[None], 15.0, False, False))
        for offset in (np.zeros(3), np.array([0.0, 0, apart]))
    ]
    index, voi_id = window.session.view_state.cycle, window.session.view_state.voi_id
    window.session.document.apply("Two slices", lambda case: with_mask(case, index, voi_id, lambda _old: union(*parts)))
    wait_until_idle(window)
    drawn, view = mask(window), voi_step.grid.views["axial"]
    view.setFocus()
    for give_up in (True, False):
        QTest.keyClick(view, Qt.Key.Key_I)
        assert window.session.document.is_previewing
        assert voi_step.tools.preview.isVisible()
        assert mask(window).volume_ml > 2 * drawn.volume_ml
        if give_up:
            button = voi_step.tools.preview.findChild(QPushButton, "preview_give_up")
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
            view.setFocus()
            assert mask(window) is drawn
        else:
            QTest.keyClick(view, Qt.Key.Key_Return)
        assert not voi_step.tools.preview.isVisible()
    wait_until_idle(window)
    assert done(window) == ("Two slices", f"Fill between slices: {KIDNEY}")
    assert mask(window).volume_ml > 2 * drawn.volume_ml
    # There is nothing left to fill.
    told: list[str] = []
    voi_step.told.connect(told.append)
    QTest.keyClick(view, Qt.Key.Key_I)
    assert "no axial slice is empty" in told[-1]


def test_that_the_adaptive_brush_stays_in_the_uptake(window: MainWindow, voi_step: VoiStep) -> None:
    own, view = mask(window), voi_step.grid.views["axial"]
    index, voi_id = window.session.view_state.cycle, window.session.view_state.voi_id
    volumes = {}
    for adapts in (False, True):
        window.session.document.apply(
            "Nothing drawn", lambda case: with_mask(case, index, voi_id, lambda old: empty_mask(old.geometry))
        )
        window.session.view_state.set_tool("brush")
        window.session.view_state.set_brush_radius(30.0)
        if adapts:
            view.setFocus()
            QTest.keyClick(view, Qt.Key.Key_A)
            assert voi_step.tools.edges.edges() is not None
        drag(view, [on_slice(voi_step, window, 0, 0, 0), on_slice(voi_step, window, 1, 0, 0)])
        wait_until_idle(window)
        volumes[adapts] = mask(window).volume_ml
        while window.session.document.position:
            window.session.document.undo()
    # The uptake of this case is smaller than the brush, and so is what is taken.
    assert 0 < volumes[True] < 0.5 * volumes[False]
    assert mask(window) is own


def test_that_an_isocontour_goes_by_the_level_chosen(window: MainWindow, voi_step: VoiStep) -> None:
    told: list[str] = []
    voi_step.told.connect(told.append)
    kind = voi_step.tools.findChild(QComboBox, "level_kind")
    kind.setCurrentIndex(kind.findData("background"))
    voi_step.do_shape_act("isocontour")
    assert "no background VOI" in told[-1]
    assert done(window) == ()
    other = next(voi for voi in window.session.cycle.vois if voi.name != KIDNEY)
    window.session.document.apply("Background", lambda case: with_voi_role(case, 0, other.voi_id, "background"))
    kind.setCurrentIndex(kind.findData("maximum"))
    voi_step.do_shape_act("isocontour")
    of_maximum = mask(window)
    assert not of_maximum.is_empty
    window.session.document.undo()
    kind.setCurrentIndex(kind.findData("concentration"))
    voi_step.tools.level._set(1.0)
    voi_step.do_shape_act("isocontour")
    # At nearly nothing the region holds everything hot, or is cut and says so.
    assert mask(window).volume_ml > of_maximum.volume_ml or "cut there" in told[-1]


@needs_opengl
@pytest.mark.parametrize(("tool", "grows"), [("brush", True), ("erase", False)])
def test_that_a_stroke_on_the_surface_is_one_step_that_the_dose_follows(window, voi_step, tool, grows) -> None:
    volume, own, dose = voi_step.volume, mask(window), value(window, DOSE)
    voi_step.images.show_surfaces()
    volume.reset_view()
    volume.grab()
    window.session.view_state.set_tool(tool)
    middle = volume.eye().pixel_of(own.centroid_mm())
    assert volume.surface_at(middle, window.session.voi.voi_id) is not None
    press(volume, middle)
    move(volume, middle + QPointF(6, 6), LEFT)
    assert window.session.document.is_previewing
    release(volume, middle + QPointF(6, 6))
    wait_until_idle(window)
    assert done(window) == (f"{'Paint' if grows else 'Erase'} in 3D {KIDNEY}, cycle 1",)
    assert (mask(window).volume_ml > own.volume_ml) == grows
    assert value(window, DOSE) != dose
    window.session.document.undo()
    assert mask(window) is own


@needs_opengl
def test_that_a_cut_and_a_drag_in_3d_are_steps_too(window: MainWindow, voi_step: VoiStep) -> None:
    volume, own = voi_step.volume, mask(window)
    voi_step.images.show_surfaces()
    volume.reset_view()
    volume.grab()
    middle = volume.eye().pixel_of(own.centroid_mm())
    window.session.view_state.set_tool("move")
    drag(volume, [middle, middle + QPointF(5, 0), middle + QPointF(9, 0)])
    wait_until_idle(window)
    # Seen from the front, right is the patient's left.
    assert mask(window).centroid_mm()[0] > own.centroid_mm()[0] + 1
    window.session.document.undo()
    window.session.view_state.set_tool("scissors")
    far = 400.0
    drag(volume, [middle + QPointF(*p) for p in ((0, -far), (far, -far), (far, far), (0, far))])
    wait_until_idle(window)
    assert "Cut away inside an outline" in done(window)[-1]
    assert mask(window).volume_ml == pytest.approx(own.volume_ml / 2, rel=0.25)
