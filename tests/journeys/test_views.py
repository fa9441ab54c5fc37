"""Arrangements of views, the second window and the history panel, by keys and mouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QToolButton, QWidget

from app.display import spect_layer
from app.history_panel import HistoryPanel
from app.main_window import MainWindow
from app.probe_text import probe_text
from app.screenshots import wait_until_idle
from app.steps.voi_boards import best_columns
from app.steps.voi_step import VoiStep
from dosimetry_core.scan_vois import with_shift
from tests.journeys.test_painting import drag
from tests.widgets.pointer import CONTROL, MIDDLE, move, wheel
from tests.widgets.pointer import click as click_at
from tests.widgets.pointer import drag as drag_along
from widgets.display_scale import ColourScale
from widgets.mip_view import MipView
from widgets.opengl_probe import opengl_fault
from widgets.slice_view import SliceView, value_at


@pytest.fixture(autouse=True)
def four_views(window: MainWindow) -> Iterator[None]:
    yield
    step = window.step("voi")
    assert isinstance(step, VoiStep)
    step.show_layout("four-up")


def press(step: VoiStep, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    window = step.window()
    window.activateWindow()
    QTest.qWait(20)
    QTest.keyClick(window.focusWidget() or step, key, held)
    wait_until_idle(window)  # type: ignore[arg-type]


def click(view: SliceView, point_mm: np.ndarray) -> None:
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.pixel_of(point_mm).toPoint())


def test_that_keys_choose_the_layout_and_the_choice_is_remembered(window: MainWindow, voi_step: VoiStep) -> None:
    for key, layout in ((Qt.Key.Key_F7, "scans"), (Qt.Key.Key_F8, "rows"), (Qt.Key.Key_F6, "one")):
        press(voi_step, key)
        assert voi_step.layouts.layout == layout
        assert window.session.preferences.voi_layout == layout
    assert voi_step.grid.maximised() == "axial"
    press(voi_step, Qt.Key.Key_F5)
    assert voi_step.grid.isVisible()
    assert voi_step.grid.maximised() is None


def test_that_all_scans_stand_side_by_side_at_the_same_patient_point(window: MainWindow, voi_step: VoiStep) -> None:
    press(voi_step, Qt.Key.Key_F7)
    cycle, voi = window.session.cycle, window.session.voi
    assert cycle is not None
    assert voi is not None
    views = list(voi_step.layouts.board.views.values())
    assert len(views) == len(cycle.time_points)
    for view, point in zip(views, cycle.time_points, strict=True):
        assert view.isVisible()
        assert view.plane == "axial"
        assert view.shows_ct
        assert view.shows_spect
        # Picked on any scan, the patient point comes back on all, to half a voxel.
        picked = voi.mask.centroid_mm() + np.array([9.0, 4.0, 0.0])
        click(view, picked)
        half = np.array(voi.mask.geometry.spacing_mm)[::-1] / 2 + 1e-6
        for other in views:
            assert np.all(np.abs(other.cursor_mm - picked) <= half)
        assert window.session.view_state.time_point == cycle.time_points.index(point)
    wait_until_idle(window)
    scales = {view.spect_scale for view in views}
    assert len(scales) == 1, "one absolute scale on all scans"


def test_that_the_probe_tells_of_the_scan_that_the_pointer_is_over(window: MainWindow, voi_step: VoiStep) -> None:
    press(voi_step, Qt.Key.Key_F7)
    cycle, voi = window.session.cycle, window.session.voi
    assert cycle is not None
    assert voi is not None
    place = voi.mask.centroid_mm()
    told = []
    for view, point in zip(voi_step.layouts.board.views.values(), cycle.time_points, strict=True):
        move(view, view.pixel_of(place))
        told.append(window.probe.text())
        here = view.point_at(view.pixel_of(place).toPoint())
        layer = spect_layer(cycle, point)
        value = value_at(layer, here)
        assert value is not None
        assert layer.display_unit.text(value) in told[-1]
        assert voi.name in told[-1]
    assert len(set(told)) == len(told), "each scan has its own concentration"
    # A VOI is told where it lies on that scan.
    third = cycle.time_points[2]
    elsewhere = replace(third, registration=with_shift(third, voi, (-45.0, 0, 0), "a test").registration)
    assert voi.name in probe_text(cycle, third, place)
    assert voi.name not in probe_text(cycle, elsewhere, place)
    assert voi.name in probe_text(cycle, elsewhere, place + np.array([-45.0, 0, 0]))


def test_that_the_probe_follows_what_comes_under_a_pointer_that_rests(window: MainWindow, voi_step: VoiStep) -> None:
    cycle, voi, state = window.session.cycle, window.session.voi, window.session.view_state
    assert cycle is not None
    assert voi is not None
    axial, place = voi_step.grid.views["axial"], voi.mask.centroid_mm()
    state.set_time_point(0)
    state.set_cursor(place)
    wait_until_idle(window)
    pixel = axial.pixel_of(place).toPoint()
    on_screen = axial.mapToGlobal(pixel)
    # Where a test before has left it, the pointer of the window system would move over the view, too.
    QCursor.setPos(on_screen)
    move(axial, QPointF(pixel))
    for scan, slices in ((0, 0), (1, 0), (1, 4), (2, 4)):
        state.set_time_point(scan)
        state.set_cursor(place + np.array([0.0, 0.0, slices * 4.0]))
        wait_until_idle(window)
        assert window.probe.text() == probe_text(
            cycle, cycle.time_points[scan], axial.point_at(QPointF(axial.mapFromGlobal(on_screen)))
        )


def test_that_words_on_an_act_go_with_the_next_edit(window: MainWindow, voi_step: VoiStep) -> None:
    voi_step.told.emit("Nothing changed: a test")
    assert window.job_strip.message() == "Nothing changed: a test"
    assert voi_step.acts.rename_voi(window.session.cycle.vois[0].voi_id, "Another name")  # type: ignore[union-attr]
    assert window.job_strip.message() == ""
    window.session.document.undo()
    window.job_strip.set_message("Not of an act")
    window.session.document.redo()
    assert window.job_strip.message() == "Not of an act"
    window.session.document.undo()


def test_that_scans_are_arranged_as_large_as_they_can_be() -> None:
    # Square pictures of four scans: in a row on a broad area, two by two on an even one, in a column on a high one.
    assert [best_columns(4, *area, 1.0) for area in ((400, 90), (100, 100), (90, 400))] == [4, 2, 1]
    # As large in three columns as in two: no place stays empty.
    assert best_columns(4, 300, 200, 1.0) == 2
    # High pictures stand beside each other.
    assert best_columns(4, 100, 100, 0.25) == 4


def test_that_own_scales_are_marked_on_every_scan(window: MainWindow, voi_step: VoiStep) -> None:
    press(voi_step, Qt.Key.Key_F7)
    own = voi_step.findChild(QToolButton, "display_own_scale")
    assert own is not None
    QTest.mouseClick(own, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    views = voi_step.layouts.board.views.values()
    assert len({view.spect_scale for view in views}) > 1
    assert all("own scale" in view.shown_text()["badges"] for view in views)
    QTest.mouseClick(own, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    assert len({view.spect_scale for view in views}) == 1


def test_that_rows_show_ct_then_spect_in_inverted_grey_then_both(window: MainWindow, voi_step: VoiStep) -> None:
    press(voi_step, Qt.Key.Key_F8)
    views = voi_step.layouts.board.views
    assert list(views) == [
        f"{row}-{plane}" for row in ("ct", "spect", "fused") for plane in ("axial", "coronal", "sagittal")
    ]
    for key, view in views.items():
        row = key.partition("-")[0]
        assert (view.shows_ct, view.shows_spect) == {
            "ct": (True, False),
            "spect": (False, True),
            "fused": (True, True),
        }[row]
    alone, fused = views["spect-axial"].spect_scale, views["fused-axial"].spect_scale
    assert isinstance(alone, ColourScale)
    assert isinstance(fused, ColourScale)
    assert (alone.colour_map, fused.colour_map) == ("Inverted grey", "Hot Iron")
    assert (alone.lower, alone.upper) == (fused.lower, fused.upper)


def test_that_a_tool_draws_on_the_scan_in_view_and_a_click_on_another_takes_it(
    window: MainWindow, voi_step: VoiStep
) -> None:
    press(voi_step, Qt.Key.Key_F7)
    voi = window.session.voi
    assert voi is not None
    window.session.view_state.set_tool("brush")
    first, second = list(voi_step.layouts.board.views.values())[:2]
    start = voi.mask.centroid_mm() + np.array([18.0, 0.0, 0.0])
    click(second, start)
    wait_until_idle(window)
    assert window.session.document.labels == ()
    assert window.session.view_state.time_point == 1
    before = first.grab().toImage()
    drag(second, start, start + np.array([12.0, 0.0, 0.0]))
    wait_until_idle(window)
    assert window.session.document.labels == (f"Paint {voi.name}, cycle 1",)
    assert first.grab().toImage() != before, "the other scan shows the new outline, too"


def test_that_a_double_click_makes_any_view_large_and_small_again(window: MainWindow, voi_step: VoiStep) -> None:
    for view, name in ((voi_step.grid.views["coronal"], "coronal"), (voi_step.volume, "volume")):
        middle = QPoint(view.width() // 2, view.height() // 2)
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=middle)
        assert voi_step.grid.maximised() == name
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(view.width() // 2, view.height() // 2))
        assert voi_step.grid.maximised() is None
    press(voi_step, Qt.Key.Key_F8)
    board = voi_step.layouts.board
    view = board.views["spect-coronal"]
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert [key for key, each in board.views.items() if each.isVisible()] == ["spect-coronal"]
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert all(each.isVisible() for each in board.views.values())


def test_that_the_cross_hair_button_takes_it_away(voi_step: VoiStep) -> None:
    button = voi_step.findChild(QToolButton, "display_crosshair")
    assert button is not None
    view = voi_step.grid.views["axial"]
    with_it = view.grab().toImage()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert view.grab().toImage() != with_it
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert view.grab().toImage() == with_it
    assert view.hasFocus(), "the keyboard stays with the images"


def test_that_the_second_window_follows_the_course_remembers_its_place_and_goes_with_the_first(
    window: MainWindow, voi_step: VoiStep
) -> None:
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    press(voi_step, Qt.Key.Key_V, both)
    second = voi_step._second
    assert second is not None
    assert second.isVisible()
    scans = second.findChild(QToolButton, "second_layout_scans")
    assert scans is not None
    click_at(scans, scans.rect().center().toPointF())
    wait_until_idle(window)
    views = list(second.board.views.values())
    cycle = window.session.cycle
    assert cycle is not None
    assert len(views) == len(cycle.time_points)
    # It shows the course while the first window shows another step.
    window.go_to("curves")
    window.session.view_state.set_cursor(np.array(window.session.view_state.cursor_mm) + 8.0)
    assert views[0].cursor_mm == pytest.approx(np.array(window.session.view_state.cursor_mm))
    window.go_to("voi")
    second.move(40, 30)
    second.close()
    assert window.session.preferences.second_window
    second.show()
    window.hide()
    assert not second.isVisible()
    window.show()
    window.activateWindow()


def test_that_the_history_panel_lists_every_step_and_a_click_goes_there(window: MainWindow, voi_step: VoiStep) -> None:
    voi = window.session.voi
    assert voi is not None
    window.session.view_state.set_tool("brush")
    start = voi.mask.centroid_mm() + np.array([18.0, 0.0, 0.0])
    cases = [window.session.document.case]
    for number in range(3):
        drag(voi_step.grid.views["axial"], start + number, start + np.array([12.0, 4.0 * number, 0.0]))
        wait_until_idle(window)
        cases.append(window.session.document.case)
    press(voi_step, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    panel = window.findChild(HistoryPanel, "history_panel")
    assert panel is not None
    listed = panel.list.model()
    texts = [listed.index(row, 0).data() for row in range(listed.rowCount())]
    steps = [f"Paint {voi.name}, cycle 1"] * 3
    assert [text.split(maxsplit=1 + text.startswith("▸"))[-1] for text in texts] == ["As opened", *steps]
    assert texts[3].startswith("▸")
    for row in (1, 3, 0):
        place = panel.list.visualRect(listed.index(row, 0)).center()
        QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert window.session.document.case is cases[row]
        assert str(listed.index(row, 0).data()).startswith("▸")
    assert str(listed.index(3, 0).data()).startswith("↷"), "what is undone is still there"
    press(voi_step, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    assert not panel.isVisible()


def choose(step_or_window: object, name: str, words: str) -> None:
    """Choose from a combo box with the keyboard, as a person does."""
    box = step_or_window.findChild(QComboBox, name)  # type: ignore[attr-defined]
    assert box is not None
    box.setFocus()
    index = box.findText(words)
    assert index >= 0
    while box.currentIndex() != index:
        QTest.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < index else Qt.Key.Key_Up)


def test_that_the_projection_stands_beside_the_rows_and_a_click_on_it_moves_every_view(
    window: MainWindow, voi_step: VoiStep
) -> None:
    press(voi_step, Qt.Key.Key_F8)
    board = voi_step.layouts.board
    (mip,) = board.mips.values()
    assert mip.isVisible()
    assert mip.height() > 2 * board.views["ct-axial"].height()
    scale = board.views["spect-axial"].spect_scale
    assert mip.spect_scale == scale
    voi = window.session.voi
    assert voi is not None
    mip.grab()
    click_at(mip, mip.pixel_of(voi.mask.centroid_mm()))
    wait_until_idle(window)
    cursor = np.array(window.session.view_state.cursor_mm)
    assert np.linalg.norm(cursor - voi.mask.centroid_mm()) < 40, "the hottest place behind the kidney's middle"
    for view in board.views.values():
        assert view.cursor_mm == pytest.approx(cursor)
    (first, *_rest) = board.views.values()
    assert first.cursor_mm == pytest.approx(voi_step.grid.views["axial"].cursor_mm)


def test_that_linked_views_are_zoomed_and_panned_together_until_they_are_unlinked(
    window: MainWindow, voi_step: VoiStep
) -> None:
    grid = voi_step.grid.views
    before = {plane: view.pixels_per_mm() for plane, view in grid.items()}
    wheel(grid["axial"], QPointF(200, 150), 3, CONTROL)
    ratios = [view.pixels_per_mm() / before[plane] for plane, view in grid.items()]
    assert ratios == pytest.approx([1.15**3] * 3)
    # Panned in the axial view, the coronal one follows from side to side, and keeps its height.
    centre = grid["axial"].point_at(QPointF(0, 0))
    drag_along(grid["axial"], [QPointF(100, 100), QPointF(140, 100)], MIDDLE)
    moved = grid["axial"].point_at(QPointF(0, 0)) - centre
    assert moved[0] == pytest.approx(-40 / grid["axial"].pixels_per_mm())
    middle = {plane: view.point_at(QPointF(view.width() / 2, view.height() / 2)) for plane, view in grid.items()}
    assert middle["coronal"][0] == pytest.approx(middle["axial"][0])
    assert middle["sagittal"][1] == pytest.approx(middle["axial"][1])
    # What comes into view later shows the same part of the body.
    press(voi_step, Qt.Key.Key_F7)
    scans = list(voi_step.layouts.board.views.values())
    for view in scans:
        here = view.point_at(QPointF(view.width() / 2, view.height() / 2))
        assert here[:2] == pytest.approx(middle["axial"][:2])
    wheel(scans[1], QPointF(50, 50), -2, CONTROL)
    assert len({round(view.pixels_per_mm(), 9) for view in scans}) == 1
    button = voi_step.findChild(QToolButton, "display_linked")
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not window.session.preferences.linked_views
    wheel(scans[1], QPointF(50, 50), 1, CONTROL)
    assert scans[1].pixels_per_mm() > scans[0].pixels_per_mm()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.session.preferences.linked_views
    assert len({round(view.pixels_per_mm(), 9) for view in scans}) == 1, "linked again, all are alike"
    press(voi_step, Qt.Key.Key_R)
    assert [view.pixels_per_mm() for view in grid.values()] == pytest.approx(list(before.values()))


def test_that_one_large_view_can_be_any_of_them(window: MainWindow, voi_step: VoiStep) -> None:
    press(voi_step, Qt.Key.Key_F6)
    shown = {"Coronal": voi_step.grid.views["coronal"], "3D": voi_step.volume}
    for words, view in shown.items():
        choose(voi_step, "voi_layout_view", words)
        wait_until_idle(window)
        alone = [each for each in (*voi_step.grid.views.values(), voi_step.volume) if each.isVisible()]
        assert alone == [view]
    choose(voi_step, "voi_layout_view", "MIP")
    wait_until_idle(window)
    assert [type(widget) for widget in voi_step.layouts.board.widgets().values()] == [MipView]
    press(voi_step, Qt.Key.Key_F7)
    cycle = window.session.cycle
    assert cycle is not None
    mips = list(voi_step.layouts.board.mips.values())
    assert len(mips) == len(cycle.time_points)
    assert len({mip.spect_scale for mip in mips}) == 1, "one absolute scale on the projections of all scans"
    choose(voi_step, "voi_layout_view", "Axial")


def test_that_the_second_window_shows_any_view_with_the_tools_in_3d_as_well(
    window: MainWindow, voi_step: VoiStep
) -> None:
    voi_step.show_second_window()
    second = voi_step._second
    assert second is not None
    wait_until_idle(window)
    button = second.findChild(QToolButton, "second_layout_four-up")
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait_until_idle(window)
    volume = second.board.volume
    assert volume is not None
    assert volume.isVisible()
    assert [view.plane for view in second.board.views.values()] == ["axial", "coronal", "sagittal"]
    voi = window.session.voi
    assert voi is not None
    if opengl_fault() is None:
        voi_step.images.show_surfaces()
        volume.grab()
        eye = volume.eye()
        assert eye is not None
        window.session.view_state.set_tool("brush")
        middle = eye.pixel_of(voi.mask.centroid_mm())
        drag_along(volume, [middle, middle + QPointF(6, 4)])
        wait_until_idle(window)
        assert window.session.document.labels == (f"Paint in 3D {voi.name}, cycle 1",)
        window.session.view_state.set_tool("cursor")
        click_at(volume, middle)
        wait_until_idle(window)
        assert second.board.views["fused-axial"].cursor_mm == pytest.approx(
            np.array(window.session.view_state.cursor_mm)
        )
    one = second.findChild(QToolButton, "second_layout_one")
    assert one is not None
    QTest.mouseClick(one, Qt.MouseButton.LeftButton)
    for words, kind in (("3D", type(volume)), ("MIP", MipView), ("Sagittal", SliceView)):
        choose(second, "second_layout_view", words)
        wait_until_idle(window)
        assert [type(widget) for widget in second.board.widgets().values() if widget.isVisible()] == [kind]
    assert second.board.volume is None
    choose(second, "second_layout_view", "Axial")
    second.close()


def test_that_what_holds_the_brush_back_stands_on_every_view(window: MainWindow, voi_step: VoiStep) -> None:
    press(voi_step, Qt.Key.Key_F8)
    low = voi_step.inspector.findChild(QLineEdit, "range_low")
    edges = voi_step.inspector.findChild(QCheckBox, "edge_switch")
    assert low is not None
    assert edges is not None
    low.setFocus()
    low.selectAll()
    QTest.keyClicks(low, "120")
    QTest.keyClick(low, Qt.Key.Key_Return)
    edges.setFocus()
    QTest.keyClick(edges, Qt.Key.Key_Space)
    wait_until_idle(window)
    board = voi_step.layouts.board
    slices = (*voi_step.grid.views.values(), *board.views.values())
    texts = [view.shown_text()["badges"] for view in slices]
    texts += [mip.shown_text()["badges"] for mip in board.mips.values()]
    assert set(texts) == {"only SPECT ≥ 120.0 kBq/mL, edges of SPECT ± 40 %"}
    for name in ("edge_switch", "range_switch"):
        switch = voi_step.inspector.findChild(QCheckBox, name)
        assert switch is not None
        switch.setFocus()
        QTest.keyClick(switch, Qt.Key.Key_Space)
    wait_until_idle(window)
    assert all(view.shown_text()["badges"] == "" for view in board.views.values())


def test_that_tabs_go_to_their_section_and_the_one_in_view_is_marked(window: MainWindow, voi_step: VoiStep) -> None:
    size = window.size()
    window.resize(1366, 768)
    wait_until_idle(window)
    tabs, column = voi_step.sections, voi_step.inspector
    live = column.findChild(QWidget, "live_results")
    assert live is not None
    for index, name in enumerate(("voi_tool_bar", "voi_table", "voi_scans_table", "live_curve")):
        QTest.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(index).center())
        QTest.qWait(20)
        section = column.findChild(QWidget, name)
        assert section is not None
        top = section.mapTo(column.viewport(), QPoint(0, 0)).y()
        assert 0 <= top < 80
        assert tabs.currentIndex() == index
        assert live.visibleRegion().boundingRect().height() == live.height(), "the numbers stay in sight"
    column.verticalScrollBar().setValue(0)
    assert tabs.currentIndex() == 0
    window.resize(size)
    wait_until_idle(window)
