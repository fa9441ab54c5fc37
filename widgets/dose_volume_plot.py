"""How dose–volume histograms are plotted: steps down from 100 %, the current one strong, the limit dashed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from dosimetry_core.units import GRAY, PERCENT
from widgets.plot import Plot, line_pen
from widgets.plot_table import PlotTable
from widgets.theme import on_surface, shades

if TYPE_CHECKING:
    from widgets.dose_volume_view import DoseVolumeShown

_HEADROOM = 1.04
_FAINT = 0.4


class DoseVolumePlot(Plot):
    """x in Gy, y in percent of the volume."""

    def __init__(self) -> None:
        super().__init__()
        self.set_title(f"Volume receiving at least ({PERCENT.symbol})")
        self.show_x_labels(True, f"Absorbed dose in this cycle ({GRAY.symbol})")
        self._curves: list[Any] = []
        self._limit = self.place(pg.PlotCurveItem())
        self.shows_limit = False
        """Whether the limit is near enough to the doses to be drawn."""
        self._shown: tuple[tuple[DoseVolumeShown, ...], float | None] = ((), None)
        self._faint = False
        self.take_colours()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        super().take_colours()
        self._limit.setPen(line_pen(shades().error, 1.5, Qt.PenStyle.DashLine))
        self.show_histograms(*self._shown, faint=self._faint)

    def table(self) -> PlotTable:
        """Every histogram, one below the other."""
        titles = ("VOI", f"Absorbed dose / {GRAY.symbol}", f"Volume receiving at least / {PERCENT.symbol}")
        return PlotTable.of(
            titles,
            (
                (item.name, dose, PERCENT.from_core(part))
                for item in self._shown[0]
                for dose, part in zip(item.absorbed_dose_gy, item.volume_fraction, strict=True)
            ),
        )

    def show_histograms(
        self, histograms: Sequence[DoseVolumeShown], limit_gy: float | None, *, faint: bool = False
    ) -> None:
        """Draw anew, ``faint`` while newer ones are on their way."""
        self._shown, self._faint = (tuple(histograms), limit_gy), faint
        highest = max((item.absorbed_dose_gy[-1] for item in histograms), default=1.0)
        self.shows_limit = shows_limit = limit_gy is not None and limit_gy <= 2 * highest
        if shows_limit and limit_gy is not None:
            highest = max(highest, limit_gy)
        whole = PERCENT.from_core(1.0)
        self.set_limits((0.0, highest * _HEADROOM), (0.0, whole * _HEADROOM), y_marks=[0, 25, 50, 75, 100])
        while len(self._curves) < len(histograms):
            self._curves.append(self.place(pg.PlotCurveItem()))
        for curve in self._curves[len(histograms) :]:
            curve.setVisible(False)
        for curve, item in zip(self._curves, histograms, strict=False):
            curve.setVisible(True)
            curve.setPen(line_pen(on_surface(item.colour), 2.6 if item.is_current else 1.4))
            curve.setOpacity(_FAINT if faint else 1.0)
            curve.setZValue(1 if item.is_current else 0)
            curve.setData(np.asarray(item.absorbed_dose_gy), PERCENT.from_core(1.0) * np.asarray(item.volume_fraction))
        self._limit.setVisible(shows_limit)
        if shows_limit:
            self._limit.setData(np.array([limit_gy, limit_gy], dtype=np.float64), np.array([0.0, whole]))
