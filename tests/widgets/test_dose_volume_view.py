from __future__ import annotations

from pytestqt.qtbot import QtBot

from widgets.dose_volume_view import DoseVolumeShown, DoseVolumeView

KIDNEY = DoseVolumeShown("Kidney L", (0.0, 2.0, 4.0), (1.0, 0.9, 0.02), "#58d8f5", is_current=True)
LIVER = DoseVolumeShown("Liver", (0.0, 1.0, 3.0), (1.0, 0.5, 0.01), "#a6f29a")


def test_that_histograms_are_shown_with_what_limits_them(qtbot: QtBot) -> None:
    view = DoseVolumeView()
    qtbot.addWidget(view)
    view.resize(420, 300)
    view.show()
    view.show_histograms([KIDNEY, LIVER], limit_gy=5.0)
    assert view.histograms == (KIDNEY, LIVER)
    assert view.accessibleDescription() == "Kidney L: up to 4.0 Gy; Liver: up to 3.0 Gy"
    assert view._remark.isVisible()
    assert "resolution" in view._remark.text()
    assert view._plot is not None
    (x_low, x_high), (_, y_high) = view._plot.limits
    assert x_low == 0.0
    assert x_high > 5.0
    assert y_high > 100.0


def test_that_without_histograms_it_says_why(qtbot: QtBot) -> None:
    view = DoseVolumeView()
    qtbot.addWidget(view)
    view.show()
    view.show_histograms((), "Voxel doses are being computed.")
    assert view._empty.isVisible()
    assert view._empty.text() == "Voxel doses are being computed."
    assert not view._remark.isVisible()
