from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.view_state import ViewState
from widgets.brush_size import LARGEST_BRUSH_MM


@pytest.fixture
def view_state(qapp: object) -> ViewState:
    return ViewState()


def test_that_a_signal_comes_only_when_the_value_changes(view_state: ViewState, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view_state.cursor_changed):
        view_state.set_cursor((1, 2, 3))
    with qtbot.assertNotEmitted(view_state.cursor_changed):
        view_state.set_cursor((1.0, 2.0, 3.0))
    assert view_state.cursor_mm == (1.0, 2.0, 3.0)


def test_that_tab_goes_through_ct_fused_and_spect_and_comes_back(view_state: ViewState) -> None:
    seen = []
    for _ in range(3):
        view_state.cycle_fusion()
        seen.append(view_state.fusion)
    assert seen == ["spect", "ct", "fused"]


def test_that_bracket_keys_change_the_brush_by_a_fifth_within_bounds(view_state: ViewState) -> None:
    view_state.set_brush_radius(10.0)
    view_state.scale_brush(1)
    assert view_state.brush_radius_mm == pytest.approx(12.0)
    view_state.scale_brush(-1)
    assert view_state.brush_radius_mm == pytest.approx(10.0)
    view_state.scale_brush(50)
    assert view_state.brush_radius_mm == LARGEST_BRUSH_MM


def test_that_another_cycle_begins_at_its_first_time_point(view_state: ViewState) -> None:
    view_state.set_time_point(3)
    view_state.set_cycle(1)
    assert (view_state.cycle, view_state.time_point) == (1, 0)
