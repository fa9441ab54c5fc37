from __future__ import annotations

from typing import Any

import pytest

from app.dose_engines_shown import BESIDE
from app.main_window import MainWindow
from app.result_paths import value_at
from app.reviews import STEP_KEYS
from app.screenshots import wait_until_idle
from dosimetry_core.results_json import results_json
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
