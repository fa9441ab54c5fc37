"""A named region of a VOI file, before it is a VOI: what it is called and which voxels of its own grid it covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dosimetry_core.errors import Finding
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.units import MILLILITRE
from dosimetry_core.voi import VoiMask
from dosimetry_core.voi_sampling import coverage_on_grid

# Positions written as 32-bit numbers or with a few decimals still mean the same voxel.
_SAME_VOXEL = 0.02
_SHARE_SHOWN = 1e-3


@dataclass(frozen=True, eq=False)
class Region:
    """A region with its number and name in its file, and its mask; whether the file says that a program proposed it."""

    number: int
    name: str
    mask: VoiMask
    findings: tuple[Finding, ...] = ()
    proposed: bool = False


def _index_map(
    geometry: VolumeGeometry, grid: VolumeGeometry
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None:
    """How whole voxels of one grid fall on those of another: for each axis of ``grid`` the axis of ``geometry``, the
    sign, and where index 0 falls; None if they don't coincide."""
    steps = (grid.directions.T @ (geometry.directions * np.array(geometry.spacing_mm))) / np.array(grid.spacing_mm)[
        :, None
    ]
    whole = np.rint(steps).astype(int)
    if not np.array_equal(np.abs(whole).sum(axis=0), [1, 1, 1]) or not np.array_equal(
        np.abs(whole).sum(axis=1), [1] * 3
    ):
        return None
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in geometry.shape], indexing="ij")).reshape(3, -1).T
    offset = np.rint(grid.point_to_index(geometry.origin_mm)).astype(int)
    apart = grid.point_to_index(geometry.index_to_point(corners)) - (corners @ whole.T + offset)
    if np.abs(apart).max() > _SAME_VOXEL:
        return None
    axes = tuple(int(np.flatnonzero(row)[0]) for row in whole)
    signs = tuple(int(row[axis]) for row, axis in zip(whole, axes, strict=True))
    return axes, signs, tuple(int(o) for o in offset)


def is_same_voxels(geometry: VolumeGeometry, grid: VolumeGeometry) -> bool:
    """Whether two grids have the same voxels, though perhaps stored along other axes or in reverse."""
    mapped = _index_map(geometry, grid)
    if mapped is None:
        return False
    axes, signs, offset = mapped
    shape = tuple(geometry.shape[axis] for axis in axes)
    first = tuple(o if sign > 0 else o - n + 1 for o, sign, n in zip(offset, signs, shape, strict=True))
    return shape == grid.shape and first == (0, 0, 0)


def on_grid(mask: VoiMask, grid: VolumeGeometry, *, place: str) -> tuple[VoiMask, tuple[Finding, ...]]:
    """A mask of one grid on another of the same patient space: voxel by voxel where they coincide, else by volume.

    What lies outside the grid is left out and said.
    """
    if mask.is_empty:
        return VoiMask(grid, (0, 0, 0), np.zeros((0, 0, 0), np.uint8)), ()
    mapped = _index_map(mask.geometry, grid)
    if mapped is not None:
        axes, signs, offset = mapped
        coverage = np.transpose(mask.coverage, axes)[tuple(slice(None, None, sign) for sign in signs)]
        start = [
            o + s if sign > 0 else o - s - n + 1
            for o, s, sign, n in zip(offset, (mask.start[a] for a in axes), signs, coverage.shape, strict=True)
        ]
        placed = clipped_mask(grid, (start[0], start[1], start[2]), coverage)
        return placed, outside_finding(mask.volume_ml, placed.volume_ml, place)
    moved = coverage_on_grid(mask, RigidTransform.identity(), grid)
    if moved.fraction.size == 0:
        return VoiMask(grid, (0, 0, 0), np.zeros((0, 0, 0), np.uint8)), outside_finding(mask.volume_ml, 0.0, place)
    box = VoiMask.from_array(
        grid.cropped(moved.start, (moved.fraction.shape[0], moved.fraction.shape[1], moved.fraction.shape[2])),
        moved.fraction,
    )
    start = [a + b for a, b in zip(moved.start, box.start, strict=True)]
    placed = VoiMask(grid, (start[0], start[1], start[2]), box.coverage)
    text = (
        f"lies on another grid and was transferred to that of the reference image by volume: "
        f"{MILLILITRE.text(mask.volume_ml, digits=2)} there, {MILLILITRE.text(placed.volume_ml, digits=2)} here"
    )
    findings = (Finding("voi-resampled", "info", text, place),)
    inside_ml = mask.volume_ml * (1 - moved.fraction_outside)
    return placed, findings + outside_finding(mask.volume_ml, inside_ml, place)


def clipped_mask(grid: VolumeGeometry, start: tuple[int, int, int], coverage: np.ndarray) -> VoiMask:
    """Mask of the part of a box of bytes that lies on the grid."""
    low = np.clip(start, 0, grid.shape)
    high = np.clip(np.array(start) + coverage.shape, 0, grid.shape)
    if np.any(high <= low):
        return VoiMask(grid, (0, 0, 0), np.zeros((0, 0, 0), np.uint8))
    part = coverage[tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start, strict=True))]
    return VoiMask(grid, (int(low[0]), int(low[1]), int(low[2])), np.ascontiguousarray(part))


def outside_finding(volume_ml: float, inside_ml: float, place: str) -> tuple[Finding, ...]:
    """A warning if part of a region lies outside the grid."""
    if volume_ml <= 0 or 1 - inside_ml / volume_ml <= _SHARE_SHOWN:
        return ()
    text = f"{1 - inside_ml / volume_ml:.1%} of its {MILLILITRE.text(volume_ml)} lie outside the reference image"
    return (Finding("voi-outside-image", "warning", text, place),)
