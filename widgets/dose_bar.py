"""A bar of cumulative absorbed dose as a value: its parts, limits and words, and how each part is filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPen

from dosimetry_core.units import GRAY
from widgets.quantity_edit import quantity_text
from widgets.theme import shades

SegmentState = Literal["delivered", "entered", "estimated", "earlier", "planned", "forecast"]
_NUCLIDE_COLOUR = {"Lu-177": "#5aa6d6", "Y-90": "#d9a845"}
_OTHER_NUCLIDE = "#8fb8a8"
_EARLIER = "#7c848d"
_NO_NUCLIDE = "#aab2bb"
STATE_WORDS: dict[SegmentState, str] = {
    "delivered": "delivered",
    "entered": "entered by hand",
    "estimated": "estimated, no images",
    "earlier": "earlier courses",
    "planned": "planned",
    "forecast": "later cycles alike",
}
_AHEAD: tuple[SegmentState, ...] = ("planned", "forecast")


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def nuclide_text(name: str) -> str:
    """``"Lu-177"`` as it is printed: ¹⁷⁷Lu."""
    symbol, _, number = name.partition("-")
    return f"{number.translate(_SUPERSCRIPT)}{symbol}"


@dataclass(frozen=True)
class DoseSegmentShown:
    """Part of a bar: one nuclide of one cycle; ``in_view`` if that is the cycle that the screen is about."""

    label: str
    nuclide: str
    absorbed_dose_gy: float
    state: SegmentState
    in_view: bool = False


@dataclass(frozen=True)
class DoseLimitShown:
    """A limit line."""

    name: str
    absorbed_dose_gy: float
    source: str = ""


@dataclass(frozen=True)
class DoseBarShown:
    """One organ or lesion.

    Parameters
    ----------
    standard_uncertainty_gy
        Of what was delivered; where nothing is ahead that is the whole bar.
    ahead_standard_uncertainty_gy
        Of the whole bar with what is planned and forecast; None where there is no such part, or it is unknown.
    lower_bound
        Why the bar is the least that was delivered, for example "not measured in cycle 2"; empty where it is all.
    """

    key: str
    name: str
    segments: tuple[DoseSegmentShown, ...]
    standard_uncertainty_gy: float | None = None
    limits: tuple[DoseLimitShown, ...] = ()
    colour: str = ""
    binding: bool = False
    stale: bool = False
    ahead_standard_uncertainty_gy: float | None = None
    lower_bound: str = ""

    @property
    def total_gy(self) -> float:
        """Height of the bar."""
        return sum(segment.absorbed_dose_gy for segment in self.segments)

    @property
    def delivered_gy(self) -> float:
        """Height of what was delivered, earlier courses included."""
        return sum(segment.absorbed_dose_gy for segment in self.segments if segment.state not in _AHEAD)

    @property
    def has_ahead(self) -> bool:
        """Whether a part of it is planned or forecast."""
        return any(segment.state in _AHEAD for segment in self.segments)

    def text(self) -> str:
        """The bar in words, one line for each part."""
        least = "≥ " if self.lower_bound else ""
        lines = [f"{self.name}: {least}{quantity_text(GRAY, self.delivered_gy, self.standard_uncertainty_gy)}"]
        if self.has_ahead:
            ahead = quantity_text(GRAY, self.total_gy, self.ahead_standard_uncertainty_gy)
            lines.append(f"  with what is ahead: {ahead}")
        for part in self.segments:
            what = ", ".join(text for text in (part.label, nuclide_text(part.nuclide)) if text)
            lines.append(f"  {what}: {GRAY.text(part.absorbed_dose_gy)} ({STATE_WORDS[part.state]})")
        for limit in self.limits:
            source = f" – {limit.source}" if limit.source else ""
            lines.append(f"  {limit.name}: {GRAY.text(limit.absorbed_dose_gy)}{source}")
        if self.lower_bound:
            lines.append(f"  The least: {self.lower_bound}.")
        if self.binding:
            lines.append("  This limit binds the plan.")
        if self.stale:
            lines.append("  Stale: its inputs changed.")
        return "\n".join(lines)


@dataclass(frozen=True)
class SegmentLook:
    """How a part of a bar is filled and framed: full, or a thin wash with hatching over it."""

    wash: QBrush
    hatching: QBrush | None
    frame: QPen


def segment_look(segment: DoseSegmentShown, *, stale: bool) -> SegmentLook:
    """Full for delivered, hatched for what is ahead, dotted for entered and estimated, grey for earlier courses.

    What the cycle in view delivered has a rim.
    """
    colour = QColor(_NUCLIDE_COLOUR.get(segment.nuclide, _OTHER_NUCLIDE if segment.nuclide else _NO_NUCLIDE))
    if segment.state == "earlier":
        colour = QColor(_EARLIER)
    if stale:
        colour.setAlphaF(0.45)
    if segment.state in ("delivered", "earlier"):
        rim = _frame(QColor(shades().text), 1.6) if segment.in_view else _frame(QColor(shades().background), 1.2)
        return SegmentLook(QBrush(colour), None, rim)
    wash, lines = QColor(colour), QColor(colour)
    wash.setAlphaF(_WASH[segment.state])
    lines.setAlphaF(0.7 * colour.alphaF())
    hatching = QBrush(lines, _HATCHING[segment.state]) if segment.state in _HATCHING else None
    style = Qt.PenStyle.SolidLine if segment.state in ("planned", "entered") else Qt.PenStyle.DotLine
    return SegmentLook(QBrush(wash), hatching, _frame(colour, 1.3, style))


_WASH: dict[SegmentState, float] = {"planned": 0.14, "forecast": 0.05, "entered": 0.45, "estimated": 0.3}
_HATCHING: dict[SegmentState, Qt.BrushStyle] = {
    "planned": Qt.BrushStyle.BDiagPattern,
    "forecast": Qt.BrushStyle.FDiagPattern,
    "entered": Qt.BrushStyle.Dense6Pattern,
}


def _frame(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(colour, width, style, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin)
    pen.setCosmetic(True)
    return pen
