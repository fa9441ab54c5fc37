"""Sums of sources over mirror-symmetric kernels on a grid, by real Fourier transforms in single precision.

The grid is padded with zeros by the reach of the kernel, so nothing wraps around. The rounding error is estimated
from source and kernel, and the transforms are compared with plain sums in double precision at some voxels.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dosimetry_core.cores import usable_cores
from dosimetry_core.frozen import read_only

Shape = tuple[int, int, int]
FloatMap = NDArray[np.float32]
WORKERS: Final = 2
"""Threads of one large transform; more don't make it faster. How many there are changes no digit."""
LARGE: Final = 500_000
"""Voxels of a transform below which it is over before another thread has begun."""
MOST_SPECTRA_BYTES: Final = 192 * 2**20
"""Transforms of kernels that are kept for the next evaluation."""
_EPSILON: Final = float(np.finfo(np.float32).eps) / 2
# Root mean square growth of rounding in one transform: 0.6 ε √log2(size) (Gentleman and Sande 1966, Fast Fourier
# transforms for fun and profit); two transforms of the source and one of the kernel, ten standard deviations.
_RMS_GROWTH: Final = 0.6
_TRANSFORMS: Final = 3
_DEVIATIONS: Final = 10.0


@dataclass(frozen=True, eq=False)
class Kernel:
    """Values by lag ≥ 0 along (slice, row, column), mirrored for negative lags; compared by identity."""

    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", read_only(np.asarray(self.values, dtype=np.float64)))


def padded_shape(shape: Shape, kernels: Iterable[Kernel]) -> Shape:
    """Size of transforms that keeps every kernel from wrapping around a grid of a shape."""
    reach = np.zeros(3, dtype=int)
    for kernel in kernels:
        reach = np.maximum(reach, np.array(kernel.values.shape) - 1)
    reach = np.minimum(reach, np.array(shape) - 1)
    slices, rows, columns = (fft.next_fast_len(int(n + r), real=True) for n, r in zip(shape, reach, strict=True))
    return slices, rows, columns


def workers_for(padded: Sequence[int]) -> int:
    """Threads for a transform of a size: one where many small ones are computed beside each other."""
    return min(WORKERS, usable_cores()) if math.prod(padded) >= LARGE else 1


def spectrum(source: FloatMap, padded: Shape) -> NDArray[np.complex64]:
    """Transform of a source, padded with zeros; lines that hold only padding are not transformed."""
    workers = workers_for(padded)
    transform = fft.rfft(source, padded[2], axis=2, workers=workers)
    transform = fft.fft(transform, padded[1], axis=1, workers=workers)
    return np.asarray(fft.fft(transform, padded[0], axis=0, workers=workers, overwrite_x=True))


def map_of(transform: NDArray[np.complex64], padded: Shape, shape: Shape) -> FloatMap:
    """The part of a transformed sum that lies on the grid; what is cut is not transformed back."""
    workers = workers_for(padded)
    back = fft.ifft(transform, axis=0, workers=workers, overwrite_x=True)[: shape[0]]
    back = fft.ifft(back, axis=1, workers=workers, overwrite_x=True)[:, : shape[1]]
    found: FloatMap = fft.irfft(back, padded[2], axis=2, workers=workers)
    return found[:, :, : shape[2]]


def kernel_spectrum(kernel: Kernel, shape: Shape, padded: Shape) -> FloatMap:
    """Transform of a kernel, which is real because the kernel is symmetric; lags beyond the grid are left out."""
    kept = tuple(min(n, s) for n, s in zip(kernel.values.shape, shape, strict=True))
    return _spectra.get(kernel, kept, padded)


class _Spectra:
    """Transforms of kernels used last, up to a size.

    One evaluation uses dozens in turn, most of them small: a number of them as the limit would drop each before it is
    used again.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[Kernel, tuple[int, ...], Shape], FloatMap] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, kernel: Kernel, kept: tuple[int, ...], padded: Shape) -> FloatMap:
        key = kernel, kept, padded
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = _kernel_spectrum(kernel, kept, padded)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._bytes += made.nbytes
            while self._bytes > self._most_bytes:
                _oldest, dropped = self._kept.popitem(last=False)
                self._bytes -= dropped.nbytes
        return made


_spectra = _Spectra(MOST_SPECTRA_BYTES)


def _kernel_spectrum(kernel: Kernel, kept: tuple[int, ...], padded: Shape) -> FloatMap:
    cut = kernel.values[tuple(slice(n) for n in kept)]
    whole = np.zeros(padded)
    whole[tuple(slice(n) for n in cut.shape)] = cut
    for axis, count in enumerate(cut.shape):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis] = slice(1, count)
        behind[axis] = slice(padded[axis] - count + 1, None)
        whole[tuple(behind)] = np.flip(whole[tuple(ahead)], axis)
    transform = np.asarray(fft.rfftn(whole, workers=workers_for(padded), overwrite_x=True))
    return read_only(transform.real.astype(np.float32))


def rounding_error(source: NDArray[Any], kernel: Kernel, padded: Shape) -> float:
    """Ten standard deviations of the rounding error of the sum in any voxel, in units of source × kernel.

    Rounding spreads evenly over the grid, in proportion to the root mean square of the source and to the largest value
    of the kernel's transform, which is its sum.
    """
    flat = source.ravel()
    root_mean_square = math.sqrt(float(np.dot(flat, flat)) / float(np.prod(padded, dtype=float)))
    growth = _RMS_GROWTH * _EPSILON * math.sqrt(_TRANSFORMS * math.log2(float(np.prod(padded, dtype=float))))
    return _DEVIATIONS * growth * root_mean_square * whole_sum(kernel.values)


def whole_sum(octant: NDArray[np.floating[Any]]) -> float:
    """Sum over all lags, negative ones too, of values given for lags ≥ 0."""
    total = octant.astype(np.float64)
    for axis in range(3):
        first = np.take(total, [0], axis=axis)
        total = 2 * total.sum(axis=axis, keepdims=True) - first
    return float(total.item())


def direct_sum(source: NDArray[Any], kernel: Kernel, index: Shape) -> float:
    """Value at one voxel by a plain sum in double precision."""
    total = 0.0
    lags = kernel.values.shape
    for signs in np.ndindex(2, 2, 2):
        parts, weights = [], []
        for axis, sign in enumerate(signs):
            place, size = index[axis], source.shape[axis]
            if sign:
                count = min(lags[axis], size - place)
                parts.append(slice(place, place + count))
                weights.append(slice(0, count))
            else:
                count = min(lags[axis] - 1, place)
                parts.append(slice(place - count, place))
                weights.append(slice(count, 0, -1))
        total += float(np.einsum("ijk,ijk->", source[tuple(parts)], kernel.values[tuple(weights)], dtype=np.float64))
    return total
