"""Which texts fit a view of a size, and where: nothing is cut off, and nothing lies on anything else.

What does not fit is shortened to whole parts, then left out. In low views the patient's name goes first (it stands in
the banner and in larger views), with it the colour bar, whose limits become a text; then the window, then registration
and scale bar. In narrow ones the limits go, then half of time and position. The letters of orientation, the delay (or,
in its place, that a scan is not registered), the plane and the badges stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF

from widgets.badges import BadgeShown, arranged_badges
from widgets.slice_texts import SliceTexts
from widgets.theme import GOOD, WARNING

LEAST_WIDTH, LEAST_HEIGHT = 165, 92
"""Of a slice: delay and plane beside the upper letter; a line above the letters of the sides and one below."""
MARGIN = 9.0
_SCALE_BARS_MM = (5, 10, 20, 50, 100, 200)
_SCALE_BAR_GAP = 6.0
_LEAST_BAR = 12.0
# In a low view the patient's name and the colour bar make room.
_LEAST_HEIGHT_FOR_ALL = 240.0
# Letters stand nearer to the edge than texts, so that the second line passes below the upper one.
_LETTER_MARGIN = 5.0
_LETTER_GAP = 8.0
_BESIDE_LETTERS = 28.0
"""From the middle to where a line beside a letter ends, with the margin: half of two letters and a gap."""
_LINE = 1.12
_MOST_OF_HEIGHT = 0.38
"""What lines above, and lines below, take of the height at most: between them are the letters of the sides."""
_MOST_OF_WIDTH = 0.68
"""What lines beside the colour bar take of the width."""
_BETWEEN = 8.0
_BAR_MOST_PX, _BAR_SHARE, _BAR_WIDTH = 190.0, 0.3, 9.0
_WIDEST_POSITION = "z = -000.0 mm   000 / 000"
_PLAIN, _FAINT, _UNIT = "#e8eaed", "#a4abb4", "#c6ccd3"
_PART_ENDS = re.compile(r" · |, | \(|   ")


@dataclass(frozen=True)
class Written:
    """A text in its place: left end, base line and width in pixels."""

    name: str
    text: str
    x: float
    baseline: float
    width: float
    colour: str

    @property
    def is_fact(self) -> bool:
        """Whether it tells what image this is, at the upper left."""
        return self.name in ("patient", "time_point", "registration")

    def box(self, metrics: QFontMetricsF) -> QRectF:
        """What it covers."""
        return QRectF(self.x, self.baseline - metrics.ascent(), self.width, metrics.ascent() + metrics.descent())


def forms_of(text: str) -> list[str]:
    """A text and its beginnings that are whole parts, the longest first: ``["24 h · cycle 1", "24 h"]``."""
    return [text, *[text[: end.start()] for end in reversed([*_PART_ENDS.finditer(text)])]]


class AnnotationLayout:
    """Places of all that lasts while slices follow each other; `varying` gives those of position and window.

    ``text`` and ``letters`` are the metrics of both fonts.
    """

    def __init__(
        self,
        size: QRectF,
        texts: SliceTexts,
        *,
        has_colours: bool,
        pixels_per_mm: float,
        text: QFontMetricsF,
        letters: QFontMetricsF,
    ) -> None:
        self.metrics, self.letter_metrics = text, letters
        self._width, self._height = size.width(), size.height()
        self._pixels_per_mm = pixels_per_mm
        self._line = text.height() * _LINE
        self._rows = max(int((self._height * _MOST_OF_HEIGHT - MARGIN - text.height()) / self._line) + 1, 1)
        self._half = self._width / 2 - _BESIDE_LETTERS
        self._wide = self._width - 2 * MARGIN
        self.badges: tuple[BadgeShown, ...] = ()
        self.facts_told: list[str] = []
        """The facts above, where not all of them are written in full."""
        self.written = self._above(texts)
        self.scale_bar_mm = self._fitting_bar_mm(pixels_per_mm) if self._rows > 1 else None
        self.colour_bar: QRectF | None = None
        self._limits_row, self._limits_width = -1, 0.0
        if has_colours and self._height >= _LEAST_HEIGHT_FOR_ALL:
            self.written += self._beside_colour_bar(texts)
        elif has_colours:
            self.written += self._limits(f"{texts.lower} – {texts.upper} {texts.unit}")

    # Above

    def _above(self, texts: SliceTexts) -> list[Written]:
        corner, metrics = texts.corner, self.metrics
        first = MARGIN + metrics.ascent()
        # Badges stand below the plane; at least one line of them.
        top = MARGIN + metrics.height() + 1
        self.badges = arranged_badges(
            corner.badges, metrics, QRectF(MARGIN, top, self._wide, self._height * _MOST_OF_HEIGHT - top)
        )
        lines = [
            ("time_point", forms_of(corner.time_text()), _PLAIN),
            ("registration", forms_of(corner.registration), GOOD if corner.registered else WARNING),
        ]
        if not corner.registered:
            # What is wrong comes first.
            lines.reverse()
        if self._height >= _LEAST_HEIGHT_FOR_ALL:
            # A name is whole, or not there.
            lines.insert(0, ("patient", [corner.patient], _PLAIN))
        lines = [line for line in lines if line[1][0]]
        found = self._in_order(lines, first)
        facts, written = [forms[0] for _name, forms, _colour in lines], {line.text for line in found}
        self.facts_told = facts if any(fact not in written for fact in facts) else []
        return [*found, *self._to_right("plane", texts.plane, first, self._half, _FAINT)]

    def _in_order(self, lines: Sequence[tuple[str, list[str], str]], first: float) -> list[Written]:
        """Facts (name, forms, colour) below one another from a base line on, each in its longest form that fits."""
        found: list[Written] = []
        left = list(lines)
        for row in range(self._rows):
            baseline = first + row * self._line
            room = self._half if row == 0 else self._beside_badges(baseline)
            # What is too long for a line lets the next one stand before it.
            fitting = [line for line in left[:2] if self._fitting(line[1], room)]
            if fitting:
                name, forms, colour = fitting[0]
                found += self._from_left(name, self._fitting(forms, room), baseline, colour)
                left.remove(fitting[0])
            elif row > 0:
                # No line stands apart from the others.
                break
        return found

    def _beside_badges(self, baseline: float) -> float:
        """Room of a line above, left of the badges that stand in its height."""
        line = QRectF(0, baseline - self.metrics.ascent(), self._width, self.metrics.height())
        lefts = [badge.place.left() - _BETWEEN for badge in self.badges if badge.place.intersects(line)]
        return min([self._width - MARGIN, *lefts]) - MARGIN

    # Below

    def _baseline(self, row: int) -> float:
        """Base line of a line below, counted upwards from 0."""
        lowest = self._height - MARGIN - self.metrics.descent()
        if row == 0:
            return lowest
        above_bar = self.scale_bar_height if self.scale_bar_mm is not None else self._line
        return lowest - above_bar - (row - 1) * self._line

    @property
    def scale_bar_height(self) -> float:
        """Of the bar and its words."""
        return self.metrics.height() + 3

    def _fitting_bar_mm(self, pixels_per_mm: float) -> int | None:
        """Length of the bar at the lower left, its words clear of the lower letter; None where none fits."""
        words = max(self.metrics.horizontalAdvance(_scale_bar_text(mm)) for mm in _SCALE_BARS_MM)
        before_letter = self._width / 2 - self.letter_metrics.horizontalAdvance("M") - _LETTER_GAP
        room = min(self._width * 0.26, before_letter - MARGIN - _SCALE_BAR_GAP - words)
        lengths = {mm: mm * pixels_per_mm for mm in _SCALE_BARS_MM}
        return max((mm for mm, length in lengths.items() if _LEAST_BAR <= length <= room), default=None)

    @property
    def scale_bar(self) -> tuple[QRectF, Written]:
        """Where the bar lies with its ends, and its words; only where there is one."""
        assert self.scale_bar_mm is not None
        y = self._height - MARGIN - 4
        length = self.scale_bar_mm * self._pixels_per_mm
        words, baseline = _scale_bar_text(self.scale_bar_mm), y + self.metrics.descent()
        width = self.metrics.horizontalAdvance(words)
        written = Written("scale_bar", words, MARGIN + length + _SCALE_BAR_GAP, baseline, width, _PLAIN)
        return QRectF(MARGIN, y - 4, length, 5), written

    @property
    def _row_of_position(self) -> int:
        above_bar = 1 if self.scale_bar_mm is None else 2
        return min(above_bar, self._rows - 1)

    def _beside_colour_bar(self, texts: SliceTexts) -> list[Written]:
        metrics, right, base = self.metrics, self._width - MARGIN, self._baseline(0)
        height = min(self._height * _BAR_SHARE, _BAR_MOST_PX)
        bar = QRectF(right - _BAR_WIDTH, base - metrics.height() * 1.35 - height, _BAR_WIDTH, height)
        self.colour_bar = bar
        edge = self._width - (bar.left() - 5)
        return [
            *self._to_right("spect_upper", texts.upper, bar.top() + metrics.ascent() * 0.8, self._half, edge=edge),
            *self._to_right("spect_lower", texts.lower, bar.bottom(), self._half, edge=edge),
            *self._to_right("spect_unit", texts.unit, base, self._half, _UNIT),
        ]

    def _limits(self, limits: str) -> list[Written]:
        """The limits as one text: beside the lower letter, else above it where they leave the position its room."""
        width = self.metrics.horizontalAdvance(limits)
        reserved = self.metrics.horizontalAdvance(_WIDEST_POSITION) + _BETWEEN if self._row_of_position == 1 else 0.0
        if width <= self._half:
            self._limits_row = 0
        elif self._rows > 1 and width <= self._wide - reserved:
            self._limits_row = 1
        else:
            return []
        self._limits_width = width
        return self._to_right("spect_limits", limits, self._baseline(self._limits_row), width)

    def varying(self, position: str, window: str) -> list[Written]:
        """Places of the two texts that change with every slice and every turn of the window."""
        row = self._row_of_position
        room = self._room_below(row)
        shown = self._fitting([position], room) or self._fitting(forms_of(position), room)
        found = self._from_left("position", shown, self._baseline(row), _PLAIN)
        below = row - 1
        if below >= 0 and (below > 0 or self.scale_bar_mm is None):
            whole = self._fitting([window], self._room_below(below))
            return [*found, *self._from_left("window", whole, self._baseline(below), _PLAIN)]
        if row > 0 and self._limits_row != row and self.colour_bar is None:
            left = self._room_below(row) - self.metrics.horizontalAdvance(shown) - _BETWEEN
            found += self._to_right("window", window, self._baseline(row), left)
        return found

    def _room_below(self, row: int) -> float:
        if row == 0:
            return self._half
        if self.colour_bar is not None:
            return self._width * _MOST_OF_WIDTH
        return self._wide - (self._limits_width + _BETWEEN if row == self._limits_row else 0.0)

    # Both

    def _fitting(self, forms: Sequence[str], room: float) -> str:
        return next((form for form in forms if self.metrics.horizontalAdvance(form) <= room), "")

    def _from_left(self, name: str, text: str, baseline: float, colour: str) -> list[Written]:
        return [Written(name, text, MARGIN, baseline, self.metrics.horizontalAdvance(text), colour)] if text else []

    def _to_right(
        self, name: str, text: str, baseline: float, room: float, colour: str = _PLAIN, *, edge: float = MARGIN
    ) -> list[Written]:
        """A text that ends so far from the right edge, if it is no wider than its room."""
        width = self.metrics.horizontalAdvance(text)
        if not text or width > room:
            return []
        return [Written(name, text, self._width - edge - width, baseline, width, colour)]

    def letter_places(self, letters: tuple[str, str, str, str]) -> list[tuple[str, QPointF]]:
        """The letters left, right, above and below, with the left ends of their base lines."""
        metrics = self.letter_metrics
        left, right, top, bottom = letters
        middle_x, middle_y = self._width / 2, self._height / 2 + metrics.ascent() / 2
        return [
            (left, QPointF(MARGIN, middle_y)),
            (right, QPointF(self._width - MARGIN - metrics.horizontalAdvance(right), middle_y)),
            (top, QPointF(middle_x - metrics.horizontalAdvance(top) / 2, _LETTER_MARGIN + metrics.capHeight())),
            (bottom, QPointF(middle_x - metrics.horizontalAdvance(bottom) / 2, self._height - _LETTER_MARGIN)),
        ]


def _scale_bar_text(length_mm: int) -> str:
    """The words beside the scale bar."""
    return f"{length_mm} mm"
