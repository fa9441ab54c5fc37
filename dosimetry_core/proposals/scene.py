"""CT and SPECT of a visit on one grid along the patient's axes, with body, spine and what the search needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.case import Cycle
from dosimetry_core.errors import InconsistentCaseError, MissingDataError
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.volume import Volume

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]

AXIAL: Final = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Directions of a grid along the patient's axes: slices to the head, rows to the back, columns to the left."""
AIR_HU: Final = -1000.0
BODY_ABOVE_HU: Final = -300.0
FAT_BELOW_HU: Final = -30.0
"""Half-way between fat (−100 HU) and the parenchyma of kidneys, liver and spleen (20–60 HU)."""
BONE_ABOVE_HU: Final = 160.0
_SPINE_SPREAD_MM: Final = 50.0
_SPINE_HALF_WIDTH_MM: Final = 40.0
_BONE_PER_SLICE_MM2: Final = 300.0
_LEAST_SLICES_WITH_SPINE: Final = 0.2


@dataclass(frozen=True, eq=False)
class Scene:
    """A visit on a working grid.

    Parameters
    ----------
    grid
        Cubes along the patient's axes: index order (slice, row, column) is (foot to head, front to back, right to
        left).
    ct_hu, uptake
        CT numbers in HU; SPECT values, in whatever unit (only ratios are used), summed over the aligned scans.
    seen
        Where every SPECT used has values.
    body
        Largest connected part of the patient, holes filled.
    spine_column, spine_row
        Middle of the vertebral column in each slice, as indices.
    """

    grid: VolumeGeometry
    ct_hu: Values
    uptake: Values
    seen: Mask
    body: Mask
    spine_column: NDArray[np.float64]
    spine_row: NDArray[np.float64]

    @property
    def voxel_mm(self) -> float:
        """Edge of a voxel."""
        return self.grid.spacing_mm[0]

    @property
    def soft_tissue_uptake(self) -> float:
        """Median uptake of soft tissue in the field of view, the measure for what is hot."""
        soft = self.body & self.seen & (self.ct_hu > -20) & (self.ct_hu < 120)
        return float(np.median(self.uptake[soft])) if soft.any() else 0.0

    def from_spine_mm(self, where: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far the voxels of a mask lie to the left of the spine's middle and behind it."""
        z, y, x = np.nonzero(where)
        return (x - self.spine_column[z]) * self.voxel_mm, (y - self.spine_row[z]) * self.voxel_mm


def scene_of(cycle: Cycle, voxel_mm: float) -> Scene:
    """The reference visit of a cycle on cubes of ``voxel_mm``; scans that are aligned to it add their uptake.

    Raises
    ------
    MissingDataError
        If the reference visit has no CT.
    InconsistentCaseError
        If CT and SPECT do not overlap, or the CT shows no body or no spine.
    """
    where = f"cycle {cycle.number}"
    if not cycle.time_points:
        raise MissingDataError("there are no images", where=where, remedy="add the images of the cycle")
    reference = cycle.time_points[cycle.reference_time_point]
    if reference.ct is None:
        raise MissingDataError(
            "the reference visit has no CT", where=where, remedy="draw the VOIs by hand, or choose a visit with CT"
        )
    geometry = reference.ct.volume.geometry
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in geometry.shape], indexing="ij")).reshape(3, -1).T
    points = geometry.index_to_point(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    planes, rows, columns = (int(n) + 1 for n in np.floor((high - low)[::-1] / voxel_mm))
    grid = VolumeGeometry((planes, rows, columns), low, (voxel_mm,) * 3, AXIAL)
    ct_hu = ndimage.gaussian_filter(on_grid(reference.ct.volume, grid, outside=AIR_HU), 0.4)
    uptake = np.zeros(grid.shape, np.float32)
    seen = np.ones(grid.shape, bool)
    for point in cycle.time_points:
        if point is not reference and point.registration.method == "none":
            continue
        transform = point.registration.transform if point is not reference else RigidTransform.identity()
        values = on_grid(point.spect.volume, grid, outside=np.nan, transform=transform)
        own = ~np.isnan(values)
        if point is not reference and not own[seen].mean() > 0.99:
            continue
        seen &= own
        scale = float(np.nanpercentile(values, 99))
        if scale > 0:
            uptake += np.nan_to_num(values) / np.float32(scale)
    body = _body(ct_hu)
    if not body.any() or not (seen & body).any():
        raise InconsistentCaseError(
            "CT and SPECT show no common part of a body", where=where, remedy="check that they belong together"
        )
    column, row = _spine(ct_hu, body, voxel_mm, where)
    return Scene(grid, ct_hu, uptake, seen, body, column, row)


def on_grid(volume: Volume, grid: VolumeGeometry, *, outside: float, transform: RigidTransform | None = None) -> Values:
    """A volume averaged over blocks as large as a voxel of the grid, then interpolated linearly."""
    fine = volume.geometry
    blocks = [
        max(1, min(n, int(grid.spacing_mm[0] / s + 0.1))) for n, s in zip(fine.shape, fine.spacing_mm, strict=True)
    ]
    values = np.asarray(volume.values)
    if max(blocks) > 1:
        counts = [n // b for n, b in zip(values.shape, blocks, strict=True)]
        whole = values[tuple(slice(0, c * b) for c, b in zip(counts, blocks, strict=True))]
        parted = whole.reshape(counts[0], blocks[0], counts[1], blocks[1], counts[2], blocks[2])
        values = parted.mean(axis=(1, 3, 5), dtype=np.float32)
    corners = grid.index_to_point(np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], float))
    index = fine.point_to_index(corners if transform is None else transform.apply(corners))
    index = (index - (np.array(blocks) - 1) / 2) / np.array(blocks)
    found: Values = ndimage.affine_transform(
        values.astype(np.float32),
        (index[1:] - index[0]).T,
        offset=index[0],
        output_shape=grid.shape,
        order=1,
        mode="constant",
        cval=outside,
    )
    return found


def _body(ct_hu: Values) -> Mask:
    body = ndimage.binary_opening(ct_hu > BODY_ABOVE_HU, iterations=2)
    parts, count = ndimage.label(body)
    if not count:
        return body
    body = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    return np.stack([ndimage.binary_fill_holes(plane) for plane in body])


def _spine(ct_hu: Values, body: Mask, voxel_mm: float, where: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Column and row of the spine's middle in each slice: where bone goes on from slice to slice near the midline."""
    bone = body & (ct_hu > BONE_ABOVE_HU)
    lasting = np.mean([ndimage.gaussian_filter(p.astype(np.float32), 6 / voxel_mm) > 0.25 for p in bone], axis=0)
    middle = np.nonzero(body)[2].mean()
    off = (np.arange(body.shape[2]) - middle) * voxel_mm / _SPINE_SPREAD_MM
    lasting = ndimage.gaussian_filter(lasting * np.exp(-(off**2) / 2), 5 / voxel_mm)
    row, column = (int(n) for n in np.unravel_index(int(lasting.argmax()), lasting.shape))
    half = int(_SPINE_HALF_WIDTH_MM / voxel_mm)
    first_row, first_column = max(0, row - half), max(0, column - half)
    near = bone[:, first_row : row + half, first_column : column + half]
    slices = np.flatnonzero(near.sum(axis=(1, 2)) * voxel_mm**2 > _BONE_PER_SLICE_MM2)
    if len(slices) < _LEAST_SLICES_WITH_SPINE * len(bone):
        raise InconsistentCaseError(
            "no spine is seen on the CT, so the sides can't be told", where=where, remedy="draw the VOIs by hand"
        )
    rows, columns = [], []
    for plane in slices:
        y, x = np.nonzero(near[plane])
        rows.append(np.median(y) + first_row)
        columns.append(np.median(x) + first_column)
    every = np.arange(len(bone))
    return (
        ndimage.median_filter(np.interp(every, slices, columns), 15),
        ndimage.median_filter(np.interp(every, slices, rows), 15),
    )


def opened(where: Mask, times: int = 1) -> Mask:
    """Opening with the six neighbours, much faster than one for any structure; outside the grid is nothing."""
    for _ in range(times):
        where = _stepped(where, eroding=True)
    for _ in range(times):
        where = _stepped(where, eroding=False)
    return where


def _stepped(where: Mask, *, eroding: bool) -> Mask:
    found = where.copy()
    for axis in range(3):
        ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        back = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        if eroding:
            found[ahead] &= where[back]
            found[back] &= where[ahead]
            for end in (0, -1):
                found[tuple(end if a == axis else slice(None) for a in range(3))] = False
        else:
            found[ahead] |= where[back]
            found[back] |= where[ahead]
    return found
