"""Curves that did not change are not drawn again: results come in parts, and each part shows all curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from tests.widgets.test_plot_saving import curve
from widgets.curve_plot import CurvePlot
from widgets.curve_view import CurveView


def test_that_only_the_curve_that_changed_is_drawn_again(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    one = curve()
    other = replace(one, voi_id="other", name="Other")
    view = CurveView()
    qtbot.addWidget(view)
    view.resize(1200, 700)
    view.show()
    view.show_curves([one, other])
    qtbot.waitUntil(
        lambda: all(button.isVisible() for button in view.findChildren(QAbstractButton, "curve_small_other"))
    )
    drawn: list[str] = []
    draw = CurvePlot.show_curve

    def note(plot: CurvePlot, shown: object, *, logarithmic: bool) -> None:
        if plot._small:
            drawn.append(shown.name)  # type: ignore[attr-defined]
        draw(plot, shown, logarithmic=logarithmic)  # type: ignore[arg-type]

    monkeypatch.setattr(CurvePlot, "show_curve", note)
    alike = [replace(c, time_s=c.time_s.copy(), activity_bq=c.activity_bq.copy()) for c in (one, other)]
    view.show_curves(alike)
    assert drawn == []
    view.show_curves([alike[0], replace(other, activity_bq=np.nextafter(other.activity_bq, np.inf))])
    assert drawn == ["Other"]
    drawn.clear()
    view.show_curves([replace(one, state="stale"), other])
    assert drawn == [one.name, "Other"]
