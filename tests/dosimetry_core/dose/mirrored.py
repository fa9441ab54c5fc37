"""A kernel given by lags ≥ 0 as the whole array of all lags."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mirrored(octant: NDArray[Any]) -> NDArray[Any]:
    whole = octant
    for axis in range(3):
        behind = np.flip(np.take(whole, range(1, whole.shape[axis]), axis=axis), axis)
        whole = np.concatenate([behind, whole], axis=axis)
    return whole
