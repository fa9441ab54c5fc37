"""Outlines along the edges of pixels: polygons whose area is exactly that of the pixels inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Corner = tuple[int, int]


def pixel_outlines(inside: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Closed outlines of a plane's inner pixels, one for each part, holes joined to it by a cut of no width.

    Parameters
    ----------
    inside
        Shape (row, column).

    Returns
    -------
    list
        Corners of shape (n, 2), (row, column), without repetition of the first; pixel centres are whole numbers, so
        that edges lie at halves. Parts that touch at a corner only are apart. A polygon's winding number is 1 inside
        its pixels and 0 elsewhere, so that the even-odd rule, the winding rule and the area agree.

    Notes
    -----
    PS3.3 C.8.8.6.3 describes such a cut (keyhole) as the way to give an inner contour.
    """
    loops = [_corners_only(loop) for loop in _loops(inside)]
    outer = [loop for loop in loops if _doubled_area(loop) > 0]
    joined = list(outer)
    for hole in (loop for loop in loops if _doubled_area(loop) < 0):
        beside = _inner_point(hole)
        around = [number for number, loop in enumerate(outer) if _holds(loop, beside)]
        part = min(around, key=lambda number: _doubled_area(outer[number]))
        joined[part] = _joined(joined[part], hole)
    return [np.array(loop, dtype=np.float64) - 0.5 for loop in joined]


def _loops(inside: NDArray[np.bool_]) -> list[list[Corner]]:
    """Closed walks along the edges between inner and outer pixels, the inner ones to the right."""
    padded = np.pad(inside, 1)
    here = padded[1:-1, 1:-1]
    ways: dict[Corner, list[Corner]] = {}
    for outside, offset, step in (
        (padded[:-2, 1:-1], (0, 0), (0, 1)),
        (padded[1:-1, 2:], (0, 1), (1, 0)),
        (padded[2:, 1:-1], (1, 1), (0, -1)),
        (padded[1:-1, :-2], (1, 0), (-1, 0)),
    ):
        for row, column in (np.argwhere(here & ~outside) + offset).tolist():
            ways.setdefault((row, column), []).append((row + step[0], column + step[1]))
    walked: set[tuple[Corner, Corner]] = set()
    found = []
    for start, ends in ways.items():
        for end in ends:
            if (start, end) in walked:
                continue
            loop, corner, after = [], start, end
            while (corner, after) not in walked:
                walked.add((corner, after))
                loop.append(corner)
                corner, after = after, _next(ways[after], corner, after)
            found.append(loop)
    return found


def _next(choices: list[Corner], before: Corner, corner: Corner) -> Corner:
    """Where two pixels meet at a corner only, the walk turns right, to stay with its own."""
    own = (corner[0] + corner[1] - before[1], corner[1] - corner[0] + before[0])
    return own if own in choices else choices[0]


def _corners_only(loop: list[Corner]) -> list[Corner]:
    kept = []
    for number, corner in enumerate(loop):
        before, after = loop[number - 1], loop[(number + 1) % len(loop)]
        if (corner[0] - before[0], corner[1] - before[1]) != (after[0] - corner[0], after[1] - corner[1]):
            kept.append(corner)
    return kept


def _doubled_area(loop: list[Corner]) -> int:
    """Positive for the outer outline of a part, negative for a hole."""
    return sum(a[1] * b[0] - b[1] * a[0] for a, b in zip(loop, loop[1:] + loop[:1], strict=True))


def _inner_point(hole: list[Corner]) -> tuple[float, float]:
    """Centre of a pixel of the part, beside an edge of its hole."""
    (row, column), (next_row, next_column) = hole[0], hole[1]
    step = (np.sign(next_row - row), np.sign(next_column - column))
    inward = (step[1], -step[0])
    return row + 0.5 * step[0] + 0.5 * inward[0], column + 0.5 * step[1] + 0.5 * inward[1]


def _holds(loop: list[Corner], point: tuple[float, float]) -> bool:
    """Even-odd rule along the row through a pixel's centre."""
    row, column = point
    crossings = 0
    for (row_a, column_a), (row_b, _) in zip(loop, loop[1:] + loop[:1], strict=True):
        crossings += min(row_a, row_b) < row < max(row_a, row_b) and column_a > column
    return crossings % 2 == 1


def _joined(outer: list[Corner], hole: list[Corner]) -> list[Corner]:
    """Outer outline, cut to the hole at the nearest pair of corners, round it and back."""
    distances = np.abs(np.array(outer)[:, None, :] - np.array(hole)[None, :, :]).sum(axis=2)
    at, into = np.unravel_index(int(np.argmin(distances)), distances.shape)
    return [*outer[: at + 1], *hole[into:], *hole[: into + 1], *outer[at:]]
