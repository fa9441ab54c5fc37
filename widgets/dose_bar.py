"""A bar of cumulative absorbed dose as a value: its parts, limits and words, and how each part is filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPen

from dosimetry_core.units import GRAY
from widgets.quantity_edit import quantity_text
from widgets.theme import shades

SegmentState = Literal["delivered", "planned", "estimated", "earlier"]
_NUCLIDE_COLOUR = {"Lu-177": "#5aa6d6", "Y-90": "#d9a845"}
_OTHER_NUCLIDE = "#8fb8a8"
_EARLIER = "#7c848d"
_NO_NUCLIDE = "#aab2bb"
STATE_WORDS: dict[SegmentState, str] = {
    "delivered": "delivered",
    "planned": "planned",
    "estimated": "estimated, no images",
    "earlier": "earlier courses",
}


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def nuclide_text(name: str) -> str:
    """``"Lu-177"`` as it is printed: ¹⁷⁷Lu."""
    symbol, _, number = name.partition("-")
    return f"{number.translate(_SUPERSCRIPT)}{symbol}"


@dataclass(frozen=True)
class DoseSegmentShown:
    """Part of a bar: one nuclide of one cycle."""

    label: str
    nuclide: str
    absorbed_dose_gy: float
    state: SegmentState


@dataclass(frozen=True)
class DoseLimitShown:
    """A limit line."""

    name: str
    absorbed_dose_gy: float
    source: str = ""


@dataclass(frozen=True)
class DoseBarShown:
    """One organ or lesion."""

    key: str
    name: str
    segments: tuple[DoseSegmentShown, ...]
    standard_uncertainty_gy: float | None = None
    limits: tuple[DoseLimitShown, ...] = ()
    colour: str = ""
    binding: bool = False
    stale: bool = False

    @property
    def total_gy(self) -> float:
        """Height of the bar."""
        return sum(segment.absorbed_dose_gy for segment in self.segments)

    def text(self) -> str:
        """The bar in words, one line for each part."""
        lines = [f"{self.name}: {quantity_text(GRAY, self.total_gy, self.standard_uncertainty_gy)}"]
        for part in self.segments:
            what = ", ".join(text for text in (part.label, nuclide_text(part.nuclide)) if text)
            lines.append(f"  {what}: {GRAY.text(part.absorbed_dose_gy)} ({STATE_WORDS[part.state]})")
        for limit in self.limits:
            source = f" – {limit.source}" if limit.source else ""
            lines.append(f"  {limit.name}: {GRAY.text(limit.absorbed_dose_gy)}{source}")
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
    """Full for delivered, hatched for planned, dotted rim for estimated, grey for earlier courses."""
    colour = QColor(_NUCLIDE_COLOUR.get(segment.nuclide, _OTHER_NUCLIDE if segment.nuclide else _NO_NUCLIDE))
    if segment.state == "earlier":
        colour = QColor(_EARLIER)
    if stale:
        colour.setAlphaF(0.45)
    if segment.state in ("delivered", "earlier"):
        return SegmentLook(QBrush(colour), None, _frame(QColor(shades().background), 1.2))
    wash, lines = QColor(colour), QColor(colour)
    wash.setAlphaF(0.14 if segment.state == "planned" else 0.3)
    lines.setAlphaF(0.7 * colour.alphaF())
    if segment.state == "planned":
        return SegmentLook(QBrush(wash), QBrush(lines, Qt.BrushStyle.BDiagPattern), _frame(colour, 1.3))
    return SegmentLook(QBrush(wash), None, _frame(colour, 1.3, Qt.PenStyle.DotLine))


def _frame(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(colour, width, style, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin)
    pen.setCosmetic(True)
    return pen
