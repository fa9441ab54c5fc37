"""Pairs of places clicked in the reference and in a scan, one after the other."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from dosimetry_core.geometry import FloatArray
from dosimetry_core.image import Registration
from widgets.compare_view import MOVING_COLOUR, REFERENCE_COLOUR, Mark


class LandmarkPairs:
    """The pairs of one scan, and the place in the reference that waits for its other half."""

    def __init__(self) -> None:
        self.pairs: list[tuple[FloatArray, FloatArray]] = []
        self._marked: FloatArray | None = None

    @property
    def waiting_for(self) -> Literal["reference", "scan"]:
        """Where the next click belongs."""
        return "reference" if self._marked is None else "scan"

    def click(self, point_mm: Any, registration: Registration) -> None:
        """A place on the reference's grid: the first half of a pair, or the second by the scan's registration."""
        if self._marked is None:
            self._marked = np.array(point_mm, dtype=np.float64)
        else:
            self.pairs.append((self._marked, registration.transform.apply(point_mm)))
            self._marked = None

    def give_up(self) -> None:
        """Forget a half that waits."""
        self._marked = None

    def take_back(self) -> None:
        """Forget the last click, or the last pair."""
        if self._marked is not None:
            self._marked = None
        elif self.pairs:
            self.pairs.pop()

    def clear(self) -> None:
        """Forget all pairs: another scan is shown."""
        self.pairs.clear()

    def marks(self, registration: Registration) -> list[Mark]:
        """All places as they lie on the reference by a scan's registration."""
        back = registration.transform.inverse()
        marks = []
        for number, (first, second) in enumerate(self.pairs, start=1):
            marks.append(_mark(first, str(number), REFERENCE_COLOUR))
            marks.append(_mark(back.apply(second), str(number), MOVING_COLOUR))
        if self._marked is not None:
            marks.append(_mark(self._marked, str(len(self.pairs) + 1), REFERENCE_COLOUR))
        return marks


def _mark(point_mm: FloatArray, text: str, colour: str) -> Mark:
    x, y, z = (float(value) for value in point_mm)
    return Mark((x, y, z), text, colour)
