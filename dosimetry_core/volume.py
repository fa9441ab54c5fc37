"""A read-only array with its grid and the quantity it holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import VolumeGeometry

Quantity = Literal[
    "ct_number_hu",
    "counts",
    "counts_per_s",
    "activity_concentration_bq_per_ml",
    "time_integrated_activity_bq_s",
    "absorbed_dose_gy",
    "density_g_per_ml",
    "label",
]


@dataclass(frozen=True, eq=False)
class Volume:
    """Image values on a grid.

    Parameters
    ----------
    values
        Shape (slice, row, column), any real number type; made read-only.
    geometry
        Grid of the values.
    quantity
        What the values are, with their unit.
    """

    values: NDArray[Any]
    geometry: VolumeGeometry
    quantity: Quantity

    def __post_init__(self) -> None:
        if self.values.shape != self.geometry.shape:
            raise ValueError(f"values of shape {self.values.shape} don't fit the grid {self.geometry.shape}")
        object.__setattr__(self, "values", read_only(self.values))

    @cached_property
    def sum_per_slice(self) -> NDArray[np.float64]:
        """Sum of the values of each slice, shape (slice,), read-only; made once, as it goes through all voxels."""
        return read_only(np.asarray(self.values, dtype=np.float64).sum(axis=(1, 2)))
