"""Outlines of masks in the slices of a grid: smooth through the edges of pixels, or along them."""

from __future__ import annotations

import contourpy
import numpy as np
from numpy.typing import NDArray

from dosimetry_core.geometry import VolumeGeometry


def smooth_outlines(level: NDArray[np.float32], grid: VolumeGeometry) -> list[NDArray[np.float64]]:
    """Closed lines of level zero in each slice, patient points (n, 3)."""
    found = []
    for number, plane in enumerate(level):
        if plane.min() >= 0:
            continue
        for line in contourpy.contour_generator(z=plane, line_type=contourpy.LineType.Separate).lines(0.0):
            points = np.asarray(line)[:-1, ::-1]
            if len(points) >= 3:
                found.append(grid.index_to_point(np.column_stack([np.full(len(points), float(number)), points])))
    return found


def voxel_outlines(mask: NDArray[np.bool_], grid: VolumeGeometry) -> list[NDArray[np.float64]]:
    """Closed lines along the edges of the pixels, patient points (n, 3): they enclose exactly the pixels' area."""
    found = []
    for number, plane in enumerate(mask):
        for loop in _loops(plane):
            points = np.column_stack([np.full(len(loop), float(number)), np.array(loop) - 0.5])
            found.append(grid.index_to_point(points))
    return found


def _loops(plane: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """Loops of pixel corners (row, column) with the mask on the left hand; corners in a straight line left out."""
    padded = np.pad(plane, 1)
    edges: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def add(begin: tuple[int, int], end: tuple[int, int]) -> None:
        edges.setdefault(begin, []).append(end)

    for row, column in np.argwhere(plane):
        r, c = int(row), int(column)
        if not padded[r, c + 1]:
            add((r, c + 1), (r, c))
        if not padded[r + 2, c + 1]:
            add((r + 1, c), (r + 1, c + 1))
        if not padded[r + 1, c]:
            add((r, c), (r + 1, c))
        if not padded[r + 1, c + 2]:
            add((r + 1, c + 1), (r, c + 1))
    loops = []
    while edges:
        begin = next(iter(edges))
        loop, here = [begin], begin
        while True:
            ends = edges[here]
            there = ends.pop()
            if not ends:
                del edges[here]
            if there == begin:
                break
            loop.append(there)
            here = there
        loops.append(_corners(loop))
    return loops


def _corners(loop: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept = []
    for before, here, after in zip([loop[-1], *loop[:-1]], loop, [*loop[1:], loop[0]], strict=True):
        straight = (here[0] - before[0], here[1] - before[1]) == (after[0] - here[0], after[1] - here[1])
        if not straight:
            kept.append(here)
    return kept
