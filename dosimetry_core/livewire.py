"""Live wire: the cheapest path along the edges of an image on one slice (Mortensen and Barrett 1995)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from dosimetry_core.anatomical_plane import Plane, PlaneAxes
from dosimetry_core.errors import MissingDataError
from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.voi_boxes import sampled_in_box
from dosimetry_core.volume import Volume

_paths: Any = csgraph

_BLUR_MM: Final = 2.0
"""Standard deviation of the Gaussian in which the gradient is taken: finer structure is noise in SPECT."""
_LEAST_COST: Final = 0.02
"""Cost per mm along the strongest edge as a part of that on flat ground: a path never is free of length."""
_EDGE_PERCENTILE: Final = 98.0
"""The gradient that counts as the strongest edge: the very strongest may be a single bright spot."""


@dataclass(frozen=True, eq=False)
class EdgeMap:
    """Edges of an image around a point on one slice of the declared grid.

    Parameters
    ----------
    geometry
        The declared grid.
    start
        Index of the first voxel of the piece of slice.
    axes
        The two grid axes of the slice, in ascending order.
    cost_per_mm
        Shape of the piece; small along edges, 1 on flat ground.

    References
    ----------
    E. N. Mortensen, W. A. Barrett, Intelligent scissors for image composition, SIGGRAPH 1995, 191–198,
    doi:10.1145/218380.218442.
    """

    geometry: VolumeGeometry
    start: tuple[int, int, int]
    axes: tuple[int, int]
    cost_per_mm: NDArray[np.float64]
    _graphs: dict[str, sparse.csr_matrix] = field(default_factory=dict, repr=False)
    _trees: dict[int, NDArray[np.int32]] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(
        volume: Volume,
        geometry: VolumeGeometry,
        from_reference: RigidTransform,
        point_mm: ArrayLike,
        plane: Plane,
        *,
        reach_mm: float,
    ) -> EdgeMap:
        """Edges within a reach of a point of the reference frame.

        Raises
        ------
        MissingDataError
            If the point lies outside the grid or the image.
        """
        normal = PlaneAxes.of(geometry, plane).normal
        first, second = (axis for axis in range(3) if axis != normal)
        spacing = np.array(geometry.spacing_mm)
        index = np.rint(geometry.point_to_index(point_mm)).astype(np.int64)
        if np.any(index < 0) or np.any(index >= np.array(geometry.shape)):
            raise MissingDataError("the point lies outside the reference grid", remedy="begin on the image")
        reach = np.ceil(reach_mm / spacing).astype(np.int64)
        start, stop = np.maximum(index - reach, 0), np.minimum(index + reach + 1, np.array(geometry.shape))
        start[normal], stop[normal] = index[normal], index[normal] + 1
        values = np.squeeze(sampled_in_box(volume, geometry, from_reference, start, stop), axis=normal)
        if np.isnan(values).all():
            raise MissingDataError("there is no image at this point", remedy="begin on the image")
        # Outside the image the least value goes on, so that the image's border is no edge of its own.
        values = np.where(np.isnan(values), np.nanmin(values), values).astype(np.float64)
        steps = spacing[[first, second]]
        calm = ndimage.gaussian_filter(values, _BLUR_MM / steps, mode="nearest")
        slope = np.zeros_like(calm)
        for axis, step in enumerate(steps):
            if calm.shape[axis] > 1:
                slope = np.hypot(slope, np.gradient(calm, step, axis=axis))
        strongest = float(np.percentile(slope, _EDGE_PERCENTILE))
        share = np.clip(slope / strongest, 0, 1) if strongest > 0 else np.zeros_like(slope)
        cost = _LEAST_COST + (1 - _LEAST_COST) * (1 - share) ** 2
        begin = (int(start[0]), int(start[1]), int(start[2]))
        return EdgeMap(geometry, begin, (first, second), read_only(cost))

    def path(self, from_mm: ArrayLike, to_mm: ArrayLike) -> NDArray[np.float64]:
        """Patient points of the cheapest path between two points, both ends as given, shape (n, 3).

        A point beyond the piece of slice is reached from the nearest one within it.
        """
        begin, end = self._node(from_mm), self._node(to_mm)
        tree = self._tree(begin)
        nodes = [end]
        while nodes[-1] != begin:
            nodes.append(int(tree[nodes[-1]]))
        rows, columns = np.divmod(np.array(nodes[::-1]), self.cost_per_mm.shape[1])
        index = np.tile(np.array(self.start, dtype=np.float64), (len(nodes), 1))
        index[:, self.axes[0]] += rows
        index[:, self.axes[1]] += columns
        points = self.geometry.index_to_point(index)
        inner = points[1:-1]
        return np.vstack([np.asarray(from_mm, float)[None], inner, np.asarray(to_mm, float)[None]])

    def _node(self, point_mm: ArrayLike) -> int:
        index = np.rint(self.geometry.point_to_index(point_mm)).astype(np.int64) - np.array(self.start)
        rows, columns = self.cost_per_mm.shape
        row = int(np.clip(index[self.axes[0]], 0, rows - 1))
        column = int(np.clip(index[self.axes[1]], 0, columns - 1))
        return int(row * columns + column)

    def _tree(self, begin: int) -> NDArray[np.int32]:
        """For every voxel the one before it on the cheapest path from a voxel; kept while the pointer moves."""
        if begin not in self._trees:
            if "all" not in self._graphs:
                self._graphs["all"] = _graph(self.cost_per_mm, [self.geometry.spacing_mm[axis] for axis in self.axes])
            self._trees[begin] = _paths.dijkstra(self._graphs["all"], indices=begin, return_predecessors=True)[1]
        return self._trees[begin]


def _graph(cost: NDArray[np.float64], spacing_mm: list[float]) -> sparse.csr_matrix:
    """Neighbours in eight directions; a step costs its length times the mean cost of its ends."""
    rows, columns = cost.shape
    number = np.arange(rows * columns).reshape(rows, columns)
    heads, tails, weights = [], [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        length = float(np.hypot(down * spacing_mm[0], right * spacing_mm[1]))
        here = (slice(0, rows - down), slice(max(0, -right), columns - max(0, right)))
        there = (slice(down, rows), slice(max(0, right), columns - max(0, -right)))
        heads.append(number[here].ravel())
        tails.append(number[there].ravel())
        weights.append((cost[here] + cost[there]).ravel() / 2 * length)
    size = rows * columns
    pairs = (np.concatenate(heads + tails), np.concatenate(tails + heads))
    return sparse.csr_matrix((np.concatenate(weights * 2), pairs), shape=(size, size))
