"""Six points of a liver and of a lesion that two bi-exponential curves describe: a search from one side misses one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dosimetry_core.kinetics.weighting import Weights


@dataclass(frozen=True)
class TwoMinima:
    """Points, weights, and Σ ((A − f)/u)² of the best curve as another optimiser has it (u: 5 % by the weights).

    scipy 1.17 ``least_squares`` over amplitudes and rates within the same bounds from 60 random starts: 39 and 54 of
    them end at the smaller value, most others at ``worse``.
    """

    times_s: tuple[float, ...]
    activity_bq: tuple[float, ...]
    weights: Weights
    best: float
    worse: float
    time_integrated_activity_bq_s: float

    @property
    def deviations_bq(self) -> np.ndarray:
        values = np.array(self.activity_bq)
        return 0.05 * (values if self.weights == "proportional" else np.sqrt(values * values.max()))


LIVER = TwoMinima(
    (7648.875411, 17786.254041, 86317.624113, 172589.026393, 432315.797199, 691583.948024),
    (210050926.302305, 196319580.476524, 163607563.314798, 117201302.712608, 50969582.191352, 22232327.605686),
    "poisson",
    0.44337,
    0.52656,
    64.637e12,
)
LESION = TwoMinima(
    (6124.925926, 17990.050042, 87383.387324, 173734.299804, 431699.498878, 691501.598551),
    (24611566.400751, 20670506.953449, 16402005.082908, 13757756.711996, 7223626.708161, 4694660.307945),
    "proportional",
    3.47364,
    4.87117,
    9.265e12,
)
