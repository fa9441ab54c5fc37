"""Finds numbers and VOIs in the window by their names."""

from __future__ import annotations

from app.main_window import MainWindow
from app.number_grid import NumberGrid
from app.value_label import ValueLabel
from dosimetry_core.voi import Voi

KIDNEY = "Kidney L"
"""The VOI that most journeys work on."""


def shown(window: MainWindow, path: str) -> ValueLabel:
    """The visible label of a result."""
    labels = [label for label in window.findChildren(ValueLabel, path) if label.isVisible()]
    assert labels, f"{path} is not to be seen"
    return labels[0]


def value(window: MainWindow, path: str) -> float:
    held = shown(window, path).value()
    assert held is not None, f"{path} is empty"
    return held


def visible_labels(window: MainWindow) -> list[ValueLabel]:
    return [label for label in window.findChildren(ValueLabel) if label.isVisible()]


def grid(window: MainWindow, name: str) -> NumberGrid:
    found = window.findChild(NumberGrid, name)
    assert found is not None
    return found


def voi_named(window: MainWindow, name: str) -> Voi:
    """A VOI of the cycle in view."""
    cycle = window.session.cycle
    assert cycle is not None
    return next(voi for voi in cycle.vois if voi.name == name)
