"""Energy that one decay in a voxel leaves in every voxel around it, integrated from a radial point kernel.

For a source spread evenly over one voxel and a target voxel at the lag d, the energy is the point kernel weighted by
the product over the axes of the triangle 1 − |x − d|/a (a: voxel size): the distribution of the difference of two
points, each anywhere in its own voxel. Near the source the weighting is done along rays: every piece of every shell
is shared between the eight lags around it in proportion to those triangles, which keeps its energy exactly. Far away,
where the kernel is smooth over a voxel, three Gauss points of the triangle along each axis do it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import read_only

FloatArray = NDArray[np.float64]
Spacing = tuple[float, float, float]

_DIRECTIONS: Final = 48
_FEW_DIRECTIONS: Final = 12
_BLOCK: Final = 500_000
_STEPS_PER_VOXEL: Final = 32
_NEAR_VOXELS: Final = 4.0
_SMOOTHING_MM: Final = 2.0
# Gauss points of the triangle weight 1 − |x| on [−1, 1]: exact for polynomials of degree 5.
_TRIANGLE_POINTS: Final = (-math.sqrt(2 / 5), 0.0, math.sqrt(2 / 5))
_TRIANGLE_WEIGHTS: Final = (5 / 24, 7 / 12, 5 / 24)


@dataclass(frozen=True, eq=False)
class RadialEnergy:
    """Energy per decay in concentric shells around a point source.

    Parameters
    ----------
    edge_mm
        Shell limits, shape (n_shells + 1,), rising.
    energy_j
        Energy left in each shell, shape (n_shells,).
    """

    edge_mm: FloatArray
    energy_j: FloatArray

    def __post_init__(self) -> None:
        if self.edge_mm.shape != (self.energy_j.size + 1,) or not np.all(np.diff(self.edge_mm) > 0):
            raise ValueError("shells need rising limits, one more than energies")
        object.__setattr__(self, "edge_mm", read_only(np.asarray(self.edge_mm, dtype=np.float64)))
        object.__setattr__(self, "energy_j", read_only(np.asarray(self.energy_j, dtype=np.float64)))

    @property
    def start_mm(self) -> float:
        """Radius where the first shell that holds energy begins."""
        return float(self.edge_mm[int(np.flatnonzero(self.energy_j)[0])]) if self.energy_j.any() else 0.0

    @property
    def reach_mm(self) -> float:
        """Radius of the last shell that holds energy."""
        return float(self.edge_mm[int(np.flatnonzero(self.energy_j)[-1]) + 1]) if self.energy_j.any() else 0.0


def lags_within(radial: RadialEnergy, spacing_mm: Spacing) -> tuple[int, int, int]:
    """Largest lag along each axis at which a voxel still receives energy."""
    slices, rows, columns = (math.ceil(radial.reach_mm / size - 1e-9) for size in spacing_mm)
    return slices, rows, columns


def voxel_energies_j(
    radial: RadialEnergy, spacing_mm: Spacing, lags: tuple[int, int, int], *, smooth_far_away: bool = False
) -> FloatArray:
    """Energy per decay by lag, for lags 0 to ``lags`` along (slice, row, column); negative lags mirror them.

    Parameters
    ----------
    lags
        Largest lag of interest along each axis.
    smooth_far_away
        Whether the kernel is smooth over a voxel from four voxels on, as that of photons is; an electron kernel, which
        falls to zero within a millimetre at its end, is taken along rays throughout.

    Returns
    -------
    energies
        Shape (lags + 1), J per decay of the whole voxel.
    """
    size = np.array(spacing_mm, dtype=np.float64)
    if not (size > 0).all():
        raise ValueError(f"voxel sizes must be positive, not {spacing_mm}")
    diagonal = float(np.linalg.norm(size))
    near_mm = max(_NEAR_VOXELS * float(size.max()), radial.start_mm + diagonal) if smooth_far_away else radial.reach_mm
    energies = _along_rays(radial, size, lags, up_to_mm=near_mm + diagonal)
    if radial.reach_mm > near_mm + diagonal:
        axes = [np.arange(count + 1) * step for count, step in zip(lags, size, strict=True)]
        distance = np.sqrt(sum(a * a for a in np.meshgrid(*axes, indexing="ij", sparse=True)))
        far = distance > near_mm
        energies[far] = _by_gauss_points(radial, size, lags)[far]
    return energies


def _along_rays(radial: RadialEnergy, size: FloatArray, lags: tuple[int, int, int], *, up_to_mm: float) -> FloatArray:
    smallest = float(size.min())
    radius, energy = _ray_points(radial, smallest / _STEPS_PER_VOXEL, up_to_mm)
    shape = np.array(lags) + 2
    sums = np.zeros(int(shape.prod()))
    # Within half a voxel the triangles are one polynomial of low degree, for which few directions are exact.
    near = radius < smallest / 2
    for part, directions in ((near, _FEW_DIRECTIONS), (~near, _DIRECTIONS)):
        direction, share = _octant_directions(directions)
        radii, energies = radius[part], energy[part]
        block = max(1, _BLOCK // share.size)
        for start in range(0, radii.size, block):
            pieces = slice(start, start + block)
            _deposit(sums, shape, direction, share, radii[pieces], energies[pieces], size, lags)
    octant = sums.reshape(shape)[: lags[0] + 1, : lags[1] + 1, : lags[2] + 1] / 8
    # A lag of 0 along an axis receives from both sides of it.
    for axis in range(3):
        edge = [slice(None)] * 3
        edge[axis] = slice(0, 1)
        octant[tuple(edge)] *= 2
    return octant


def _octant_directions(count: int) -> tuple[FloatArray, FloatArray]:
    """Unit vectors of one octant, shape (3, count²), with weights that sum to 1 (Gauss–Legendre in cos θ and φ)."""
    node, weight = np.polynomial.legendre.leggauss(count)
    cosine, azimuth = np.meshgrid((node + 1) / 2, (node + 1) * math.pi / 4, indexing="ij")
    sine = np.sqrt(1 - cosine**2)
    direction = np.stack([cosine, sine * np.cos(azimuth), sine * np.sin(azimuth)]).reshape(3, -1)
    return direction, np.outer(weight, weight).ravel() / 4


def _deposit(
    sums: FloatArray,
    shape: NDArray[np.int_],
    direction: FloatArray,
    share: FloatArray,
    radius: FloatArray,
    energy: FloatArray,
    size: FloatArray,
    lags: tuple[int, int, int],
) -> None:
    """Share the energy of each point of the rays between the eight lags around it."""
    place = direction[:, None, :] * (radius[None, :, None] / size[:, None, None])
    amount = energy[:, None] * share[None, :]
    cell = place.astype(np.intp)
    inside = (cell <= np.array(lags)[:, None, None]).all(axis=0)
    fraction = (place - cell)[:, inside]
    cell, amount = cell[:, inside], amount[inside]
    base = (cell[0] * shape[1] + cell[1]) * shape[2] + cell[2]
    for corner in itertools.product((0, 1), repeat=3):
        portion = amount
        for axis, up in enumerate(corner):
            portion = portion * (fraction[axis] if up else 1 - fraction[axis])
        offset = (corner[0] * shape[1] + corner[1]) * shape[2] + corner[2]
        sums += np.bincount(base + offset, portion, minlength=sums.size)


def _ray_points(radial: RadialEnergy, step_mm: float, up_to_mm: float) -> tuple[FloatArray, FloatArray]:
    """Shells cut into pieces no thicker than a step, each with its energy, up to a radius."""
    radius, energy = [], []
    for inner, outer, amount in zip(radial.edge_mm[:-1], radial.edge_mm[1:], radial.energy_j, strict=True):
        pieces = max(1, math.ceil((outer - inner) / step_mm))
        width = (outer - inner) / pieces
        middles = inner + (np.arange(pieces) + 0.5) * width
        kept = middles[middles < up_to_mm]
        radius.append(kept)
        energy.append(np.full(kept.size, amount / pieces))
    return np.concatenate([np.zeros(0), *radius]), np.concatenate([np.zeros(0), *energy])


def _by_gauss_points(radial: RadialEnergy, size: FloatArray, lags: tuple[int, int, int]) -> FloatArray:
    """Mean of the kernel over the triangles, for every lag; of use far from the source only."""
    radius, log_density = _smooth_density(radial)
    total = np.zeros([n + 1 for n in lags])
    for points in itertools.product(range(3), repeat=3):
        weight = math.prod(_TRIANGLE_WEIGHTS[point] for point in points)
        squares = [
            ((np.arange(count + 1) + _TRIANGLE_POINTS[point]) * step) ** 2
            for count, point, step in zip(lags, points, size, strict=True)
        ]
        square = squares[0][:, None, None] + squares[1][:, None] + squares[2]
        distance = np.sqrt(square)
        value = np.interp(distance, radius, log_density, right=-np.inf)
        np.exp(value, out=value)
        # At the source itself, where the rays serve, the square may vanish.
        value /= np.maximum(square, (_TRIANGLE_POINTS[2] * float(size.min())) ** 2)
        total += weight * value
    return total * (float(size.prod()) / (4 * math.pi))


def _smooth_density(radial: RadialEnergy) -> tuple[FloatArray, FloatArray]:
    """Radii and ln(energy per radius): shells joined to at least 2 mm, straight lines between their middles."""
    cumulative = np.concatenate([[0.0], np.cumsum(radial.energy_j)])
    kept = [int(np.flatnonzero(radial.energy_j)[0])]
    for number, edge in enumerate(radial.edge_mm):
        if edge - radial.edge_mm[kept[-1]] >= _SMOOTHING_MM - 1e-6 and cumulative[number] > cumulative[kept[-1]]:
            kept.append(number)
    edges, sums = radial.edge_mm[kept], cumulative[kept]
    middle = (edges[1:] + edges[:-1]) / 2
    log_density = np.log(np.diff(sums) / np.diff(edges))
    slope = (log_density[-1] - log_density[-2]) / (middle[-1] - middle[-2])
    last = log_density[-1] + slope * (edges[-1] - middle[-1])
    return np.append(middle, edges[-1]), np.append(log_density, last)
