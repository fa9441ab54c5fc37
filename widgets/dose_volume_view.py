"""Cumulative dose–volume histograms of VOIs, with the dose to hold against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from dosimetry_core.units import GRAY
from widgets.flow_layout import FlowLayout
from widgets.theme import label, on_surface

if TYPE_CHECKING:
    from widgets.dose_volume_plot import DoseVolumePlot

LIMITED = "Limited by the resolution of the image: its blur smooths true differences, its noise makes false ones."
_SWATCH = QSize(16, 4)


@dataclass(frozen=True)
class DoseVolumeShown:
    """One histogram.

    Parameters
    ----------
    absorbed_dose_gy, volume_fraction
        Doses from 0, and the part of the volume that receives at least each.
    colour
        ``#rrggbb``.
    is_current
        Drawn stronger than the others.
    """

    name: str
    absorbed_dose_gy: tuple[float, ...]
    volume_fraction: tuple[float, ...]
    colour: str
    is_current: bool = False


class DoseVolumeView(QWidget):
    """Curves of several VOIs; volume in percent over dose in Gy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dose_volume_view")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 170)
        self.setProperty("plotFrame", True)
        self._plot: DoseVolumePlot | None = None
        self._shown: tuple[DoseVolumeShown, ...] = ()
        self._limit = label("", role="dimmed", object_name="dose_volume_limit")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 2)
        self._column.setSpacing(3)
        self._pending = label("", role="stale", object_name="dose_volume_pending")
        self._pending.setWordWrap(True)
        self._column.addWidget(self._pending)
        self._empty = label("", role="dimmed", object_name="dose_volume_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._legend = QWidget()
        self._names = FlowLayout(self._legend)
        self._remark = label(LIMITED, role="dimmed", object_name="dose_volume_remark")
        self._remark.setWordWrap(True)
        for part, stretch in ((self._empty, 1), (self._legend, 0), (self._limit, 0), (self._remark, 0)):
            self._column.addWidget(part, stretch)
        self.show_histograms((), "No dose–volume histograms yet")

    def sizeHint(self) -> QSize:
        """Room for a readable plot."""
        return QSize(420, 260)

    @property
    def histograms(self) -> tuple[DoseVolumeShown, ...]:
        """What is shown."""
        return self._shown

    def show_histograms(
        self,
        histograms: Sequence[DoseVolumeShown],
        empty: str = "",
        *,
        limit_gy: float | None = None,
        limit_words: str = "limit",
        pending: str = "",
    ) -> None:
        """Show these, or why there are none.

        ``limit_words`` say what the dashed line is, ``pending`` that newer ones are on their way: these are faint then.
        """
        self._shown = tuple(histograms)
        self._pending.setText(pending if self._shown else "")
        self._pending.setVisible(bool(pending and self._shown))
        self._empty.setText(empty)
        self._empty.setVisible(not self._shown)
        for part in (self._legend, self._remark):
            part.setVisible(bool(self._shown))
        if self._shown and self._plot is None:
            from widgets.dose_volume_plot import DoseVolumePlot

            self._plot = DoseVolumePlot()
            self._column.insertWidget(self._column.indexOf(self._pending) + 1, self._plot, 1)
        if self._plot is not None:
            self._plot.setVisible(bool(self._shown))
            self._plot.show_histograms(self._shown, limit_gy, faint=bool(pending))
        shows_limit = self._plot is not None and bool(self._shown) and self._plot.shows_limit
        self._limit.setVisible(shows_limit)
        self._limit.setText("" if limit_gy is None else f"Dashed: {limit_words}, {GRAY.text(limit_gy, digits=1)}.")
        self._show_names()
        words = [f"{item.name}: up to {GRAY.text(item.absorbed_dose_gy[-1], digits=1)}" for item in self._shown]
        self.setAccessibleDescription("; ".join([pending, *words] if pending and words else words))

    def _show_names(self) -> None:
        while (item := self._names.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for shown in self._shown:
            entry = QWidget(self._legend)
            line = QHBoxLayout(entry)
            line.setContentsMargins(0, 0, 8, 0)
            line.setSpacing(5)
            swatch, name = QLabel(entry), QLabel(entry)
            swatch.setPixmap(_swatch(on_surface(shown.colour)))
            name.setTextFormat(Qt.TextFormat.PlainText)
            name.setText(shown.name)
            bold = name.font()
            bold.setBold(shown.is_current)
            name.setFont(bold)
            line.addWidget(swatch)
            line.addWidget(name)
            self._names.addWidget(entry)


def _swatch(colour: str) -> QPixmap:
    picture = QPixmap(_SWATCH)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.fillRect(picture.rect(), QColor(colour))
    painter.end()
    return picture
