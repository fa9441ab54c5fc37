"""SPECT shown decay-corrected: on every view, marked on every view, off with another course; tools go on as before."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QToolButton, QWidget

from app.display import decay_correction, shown_spect
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_images import CORRECTED, NOT_CORRECTED
from app.steps.voi_step import VoiStep
from app.view_state import LAYOUTS
from dosimetry_core.case import Case, Cycle
from tests.journeys.reading import KIDNEY
from tests.journeys.test_painting import drag, numbers, stroke_ends
from tests.small_study import EFFECTIVE_HALF_LIFE_H, HOURS
from tests.widgets.pointer import RIGHT
from tests.widgets.pointer import drag as drag_along
from tests.widgets.pointer import move as point_at
from widgets.mip_view import MipView
from widgets.slice_view import SliceView
from widgets.volume_view import VolumeView

# ICRP Publication 107.
PHYSICAL_HALF_LIFE_H = 159.528


@pytest.fixture(autouse=True)
def as_delivered(window: MainWindow, voi_step: VoiStep) -> Iterator[None]:
    yield
    window.session.view_state.set_decay_corrected(False)
    voi_step.images._chosen_scale = None
    voi_step.show_layout("four-up")


def press_button(window: MainWindow) -> None:
    button = window.step("voi").findChild(QToolButton, "display_decay_corrected")
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)


def cycle_of(window: MainWindow) -> Cycle:
    cycle = window.session.cycle
    assert cycle is not None
    return cycle


def factors(window: MainWindow) -> list[float]:
    cycle = cycle_of(window)
    return [decay_correction(cycle, point) or 0.0 for point in cycle.time_points]


def views_in(*parts: QWidget) -> list[SliceView | MipView | VolumeView]:
    kinds = (SliceView, MipView, VolumeView)
    return [view for part in parts for kind in kinds for view in part.findChildren(kind) if view.isVisible()]


def badges(view: SliceView | MipView | VolumeView) -> str:
    return ", ".join(view.badges) if isinstance(view, VolumeView) else view.shown_text()["badges"]


def type_upper(voi_step: VoiStep, text: str) -> None:
    upper = voi_step.findChild(QLineEdit, "display_upper")
    assert upper is not None
    upper.selectAll()
    QTest.keyClicks(upper, text)
    QTest.keyClick(upper, Qt.Key.Key_Return)


def upper_typed(voi_step: VoiStep) -> str:
    upper = voi_step.findChild(QLineEdit, "display_upper")
    assert upper is not None
    return upper.text()


def test_that_every_view_says_so_while_it_is_on_and_none_after(window: MainWindow, voi_step: VoiStep) -> None:
    voi_step.show_second_window()
    second = voi_step._second
    assert second is not None
    press_button(window)
    for layout in LAYOUTS:
        voi_step.show_layout(layout)
        second._choose(layout)
        for view in ("axial", "mip", "volume"):
            voi_step.layouts._show_view(view)
            second._choose_view(view)
            wait_until_idle(window)
            shown = views_in(voi_step, second)
            assert shown
            assert {badges(each) for each in shown} == {CORRECTED}
    second._choose("four-up")
    voi_step.show_layout("rows")
    wait_until_idle(window)
    press_button(window)
    assert {badges(each) for each in views_in(voi_step, second)} == {""}
    assert {type(each) for each in views_in(voi_step, second)} == {SliceView, MipView, VolumeView}
    second._choose("scans")
    second._choose_view("axial")
    voi_step.layouts._show_view("axial")
    second.close()


def test_that_limits_are_read_corrected_and_no_voxel_is_copied(window: MainWindow, voi_step: VoiStep) -> None:
    voi_step.show_layout("scans")
    wait_until_idle(window)
    views = list(voi_step.layouts.board.views.values())
    layers = [view._spect for view in views]
    before = [view.spect_scale for view in views]
    press_button(window)
    cycle, by = cycle_of(window), factors(window)
    assert min(by) > 1.01
    # Of decay-corrected values: the hottest scan of this case is the first.
    hottest = shown_spect(cycle, cycle.time_points[0].spect).upper * by[0]
    scales = [view.spect_scale for view in views]
    assert [scale.upper for scale in scales if scale] == pytest.approx([hottest / factor for factor in by])
    assert [view.shown_text()["spect_upper"] for view in views] == [f"{hottest / 1e3:.0f}"] * len(views)
    assert upper_typed(voi_step) == f"{hottest / 1e3:.0f}"
    assert [view._spect for view in views] == layers
    for layer, point in zip(layers, cycle.time_points, strict=True):
        assert layer is not None
        assert layer.volume is shown_spect(cycle, point.spect).volume
    press_button(window)
    assert [view.spect_scale for view in views] == before


def test_that_limits_typed_or_dragged_hold_as_read_on_all_scans(window: MainWindow, voi_step: VoiStep) -> None:
    voi_step.show_layout("scans")
    type_upper(voi_step, "900")
    wait_until_idle(window)
    views = list(voi_step.layouts.board.views.values())
    press_button(window)
    # Chosen limits keep their part of the whole range, and come back as they were.
    assert views[0].spect_scale is not None
    assert views[0].spect_scale.as_read().upper == pytest.approx(900e3 * factors(window)[0])
    press_button(window)
    assert [view.spect_scale.upper for view in views if view.spect_scale] == pytest.approx([900e3] * len(views))
    press_button(window)
    type_upper(voi_step, "1000")
    wait_until_idle(window)
    uppers = [view.spect_scale.upper for view in views if view.spect_scale]
    assert uppers == pytest.approx([1000e3 / factor for factor in factors(window)])
    window.session.view_state.set_fusion("spect")
    wait_until_idle(window)
    drag_along(views[-1], [QPointF(60, 60), QPointF(80, 60), QPointF(100, 60)], RIGHT)
    wait_until_idle(window)
    read = [view.spect_scale.as_read().upper for view in views if view.spect_scale]
    assert read[0] > 1000e3
    assert read == pytest.approx([read[0]] * len(views))
    assert upper_typed(voi_step) == f"{read[0] / 1e3:.0f}"


def test_that_what_is_told_from_scan_to_scan_is_biological_washout(window: MainWindow, voi_step: VoiStep) -> None:
    voi_step.show_layout("scans")
    press_button(window)
    cycle = cycle_of(window)
    voi = next(voi for voi in cycle.vois if voi.name == KIDNEY)
    told = []
    for view in voi_step.layouts.board.views.values():
        point_at(view, view.pixel_of(voi.mask.centroid_mm()))
        words = re.search(r"([\d.]+) kBq/mL \(decay-corrected ([\d.]+)\)", window.probe.text())
        assert words is not None
        told.append([float(words[1]), float(words[2])])
    measured, corrected = np.array(told).T
    hours = np.array(HOURS)
    # Stored counts and told values are rounded: by less than 0.5 % where there is least.
    decays = 0.5 ** ((hours - hours[0]) / EFFECTIVE_HALF_LIFE_H)
    assert measured / measured[0] == pytest.approx(decays, rel=0.005)
    biological_h = 1 / (1 / EFFECTIVE_HALF_LIFE_H - 1 / PHYSICAL_HALF_LIFE_H)
    washout = 0.5 ** ((hours - hours[0]) / biological_h)
    assert corrected / corrected[0] == pytest.approx(washout, rel=0.005)


def test_that_the_probe_follows_the_button_under_a_pointer_that_rests(window: MainWindow, voi_step: VoiStep) -> None:
    axial = voi_step.grid.views["axial"]
    point_at(axial, axial.pixel_of(axial.cursor_mm))
    assert "decay-corrected" not in window.probe.text()
    window.session.view_state.set_decay_corrected(True)
    wait_until_idle(window)
    assert "decay-corrected" in window.probe.text()
    assert "tools" in window.job_strip.message()
    window.session.view_state.set_decay_corrected(False)
    wait_until_idle(window)
    assert "decay-corrected" not in window.probe.text()
    assert "as at the time of each scan" in window.job_strip.message()


def test_that_it_is_off_again_when_another_course_is_opened(
    window: MainWindow, voi_step: VoiStep, opened_case: Case
) -> None:
    press_button(window)
    assert window.session.view_state.decay_corrected
    window.opening.open_case(opened_case)
    wait_until_idle(window)
    assert not window.session.view_state.decay_corrected
    window.go_to("voi")
    wait_until_idle(window)
    button = voi_step.findChild(QToolButton, "display_decay_corrected")
    assert button is not None
    assert not button.isChecked()
    assert {badges(view) for view in views_in(voi_step)} == {""}


def test_that_a_scan_that_cannot_be_corrected_says_so(window: MainWindow, voi_step: VoiStep) -> None:
    press_button(window)
    cycle = cycle_of(window)
    point = cycle.time_points[1]
    scale = voi_step.images.scale_of(cycle, point)
    without = Cycle(1, (), calibration=cycle.calibration, time_points=cycle.time_points)
    assert voi_step.images._badges(cycle, point) == (CORRECTED,)
    assert voi_step.images._badges(without, point) == (NOT_CORRECTED,)
    assert scale.factor > 1
    assert voi_step.images.scale_of(without, point).factor == 1


def type_lower_of_tools(voi_step: VoiStep, bq_per_ml: float) -> None:
    low = voi_step.inspector.findChild(QLineEdit, "range_low")
    assert low is not None
    low.selectAll()
    QTest.keyClicks(low, f"{bq_per_ml / 1e3:.3f}")
    QTest.keyClick(low, Qt.Key.Key_Return)


def shapes_made(window: MainWindow, voi_step: VoiStep) -> dict[str, tuple[tuple[int, ...], bytes]]:
    """What the tools that go by values make of the VOI, each taken back afterwards."""
    state, document = window.session.view_state, window.session.document
    made = {}
    for act in ("isocontour", "level-trace", "grow-region", "erase"):
        if act == "erase":
            state.set_tool("erase")
            # Over the edge of the uptake, where values lie between nothing and most.
            state.set_brush_radius(20.0)
            centre = stroke_ends(window)[0] - np.array([18.0, 0.0, 0.0])
            drag(voi_step.grid.views["axial"], centre, centre + np.array([12.0, 4.0, 0.0]))
            state.set_tool("cursor")
            state.set_brush_radius(8.0)
        else:
            voi_step.do_shape_act(act)
        wait_until_idle(window)
        voi = window.session.voi
        assert voi is not None
        made[act] = voi.mask.start, voi.mask.coverage.tobytes()
        while document.position:
            document.undo()
        wait_until_idle(window)
    return made


@pytest.fixture
def level_of_concentration(voi_step: VoiStep) -> Iterator[None]:
    kind = voi_step.tools.findChild(QComboBox, "level_kind")
    kind.setCurrentIndex(kind.findData("concentration"))
    yield
    kind.setCurrentIndex(kind.findData("maximum"))


@pytest.mark.usefixtures("level_of_concentration")
def test_that_tools_go_by_the_values_at_the_time_of_the_scan(window: MainWindow, voi_step: VoiStep) -> None:
    # The last scan, where the correction is largest.
    window.session.view_state.set_time_point(len(HOURS) - 1)
    wait_until_idle(window)
    cycle, factor = cycle_of(window), factors(window)[-1]
    assert factor > 2
    level = 0.75 * float(shown_spect(cycle, cycle.time_points[-1].spect).volume.values.max())
    made = []
    for bq_per_ml in (level / factor, level):
        voi_step.tools.level._set(bq_per_ml)
        type_lower_of_tools(voi_step, bq_per_ml)
        made.append(shapes_made(window, voi_step))
    lower, as_measured = made
    by_level = ("isocontour", "erase")
    assert all(lower[act] != as_measured[act] for act in by_level), "the factor would make a difference"
    words = voi_step.tools.range.words()
    press_button(window)
    assert voi_step.tools.range.words() == words
    assert shapes_made(window, voi_step) == as_measured
    assert {badges(view) for view in views_in(voi_step)} == {f"{CORRECTED}, {words}"}
    switch = voi_step.inspector.findChild(QCheckBox, "range_switch")
    assert switch is not None
    switch.click()


def test_that_numbers_and_what_is_computed_stay_as_they_are(window: MainWindow, voi_step: VoiStep) -> None:
    before, case = numbers(window), window.session.document.case
    press_button(window)
    assert numbers(window) == before
    assert window.session.document.case is case
    assert window.session.document.labels == ()
