from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.case_edits import with_mask, with_voi
from app.dose_engines_shown import BESIDE
from app.main_window import MainWindow
from app.result_paths import value_at
from app.reviews import STEP_KEYS
from app.screenshots import wait_until_idle
from app.voi_numbers import voi_rows
from dosimetry_core.results_json import results_json
from dosimetry_core.voi import Voi
from dosimetry_core.voi_editing import BrushGesture, apply_gesture, empty_mask, paint
from tests.journeys.reading import value, visible_labels

INPUTS = ("case.", BESIDE)
"""Paths of what the case or the protocol states and results.json doesn't repeat, and of what stands beside them: models
compared, scans left out, steps of the number trail; these have tests of their own."""


@pytest.mark.parametrize("step", STEP_KEYS)
def test_that_every_number_of_a_step_equals_results_json(window: MainWindow, step: str) -> None:
    window.go_to(step)  # type: ignore[arg-type]
    wait_until_idle(window)
    results = results_json(window.session.document.evaluation)
    checked = 0
    for label in visible_labels(window):
        if label.path.startswith(INPUTS):
            continue
        expected = value_at(results, label.path)
        if expected is None:
            assert label.value() is None, label.path
            continue
        assert label.value() == pytest.approx(expected, rel=1e-12), label.path
        checked += 1
    assert checked >= (0 if step == "report" else 5)


def test_that_the_text_of_a_number_is_its_value_in_the_display_unit(window: MainWindow) -> None:
    from dosimetry_core.units import GRAY
    from tests.journeys.reading import shown

    path = "cycles.0.organs.kidneys.absorbed_dose_gy.total"
    assert shown(window, path).text() == GRAY.text(value(window, path), with_symbol=False)


@pytest.mark.parametrize("tab", range(6))
def test_that_every_tab_of_the_dose_step_equals_results_json(window: MainWindow, tab: int) -> None:
    window.go_to("dose")
    window.step("dose").tabs.setCurrentIndex(tab)  # type: ignore[attr-defined]
    wait_until_idle(window)
    results = results_json(window.session.document.evaluation)
    for label in visible_labels(window):
        if not label.path.startswith(INPUTS):
            assert label.value() == value_at(results, label.path), label.path


def test_that_the_window_computes_what_the_pipeline_computes(window: MainWindow) -> None:
    from dosimetry_core.pipeline import evaluate

    headless = evaluate(window.session.document.case)
    on_screen = window.session.document.evaluation
    assert on_screen is not None
    first, second = results_json(headless), results_json(on_screen)
    for part in ("cycles", "course", "plan"):
        assert_equal_to_rounding(first[part], second[part], part)


def assert_equal_to_rounding(one: Any, other: Any, place: str) -> None:
    """An edit adds the change of a mask to what was sampled before: the order of a sum is another, no more."""
    assert type(one) is type(other), place
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key, value in one.items():
            assert_equal_to_rounding(value, other[key], f"{place}, {key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for number, value in enumerate(one):
            assert_equal_to_rounding(value, other[number], f"{place}[{number}]")
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-10, abs=1e-12), place
    else:
        assert one == other, place


def test_that_the_table_and_the_live_numbers_show_the_volume_that_the_results_rest_on(window: MainWindow) -> None:
    session = window.session
    window.go_to("voi")
    cycle = session.cycle
    assert cycle is not None
    kidney = next(voi for voi in cycle.vois if voi.role == "kidney_left")
    rim_mm = kidney.mask.centroid_mm() + np.array((12.0, 0.0, 0.0))
    ball = BrushGesture("axial", rim_mm[None, :], 14.0, spherical=True, erase=False)
    over = Voi("over-the-rim", "Over the rim", "lesion", paint(empty_mask(kidney.mask.geometry), ball))
    session.document.apply("A lesion over the rim", lambda case: with_voi(case, 0, over))
    session.view_state.set_voi(kidney.voi_id)
    wait_until_idle(window)
    result = session.cycle_result
    assert result is not None
    held = result.vois[kidney.name].volume_ml
    assert held < 0.99 * kidney.mask.volume_ml
    assert value(window, f"cycles.0.vois.{kidney.name}.volume_ml") == held
    rows = {row.name: row.volume_ml for row in voi_rows(session, session.cycle or cycle, frozenset())}
    assert rows[kidney.name] == held
    assert value(window, f"cycles.0.vois.{kidney.name}.volume_by_time_point_ml.0") == held
    # Drawn anew: the volume as drawn until there are results of it.
    session.recomputation.set_enabled(False)
    smaller = BrushGesture("axial", rim_mm[None, :], 5.0, spherical=True, erase=True)
    session.document.apply(
        "Erase", lambda case: with_mask(case, 0, kidney.voi_id, lambda mask: apply_gesture(mask, smaller))
    )
    drawn = next(voi for voi in session.case.cycles[0].vois if voi.voi_id == kidney.voi_id)
    rows = {row.name: row.volume_ml for row in voi_rows(session, session.case.cycles[0], frozenset())}
    assert rows[kidney.name] == drawn.mask.volume_ml
    session.recomputation.set_enabled(True)
    wait_until_idle(window)


def test_that_the_numbers_of_every_voi_equal_results_json(window: MainWindow) -> None:
    session = window.session
    window.go_to("voi")
    results = results_json(session.document.evaluation)
    cycle = session.cycle
    assert cycle is not None
    for voi in cycle.vois:
        session.view_state.set_voi(voi.voi_id)
        wait_until_idle(window)
        own = [label for label in visible_labels(window) if label.path.startswith(f"cycles.0.vois.{voi.name}.")]
        assert len(own) >= 4
        for label in own:
            assert label.value() == value_at(results, label.path), label.path
