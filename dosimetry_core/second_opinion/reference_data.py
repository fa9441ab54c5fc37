"""The second opinion's own copy of the numbers it needs, so that it shares neither code nor files with the program.

Copied from ICRP Publication 107 decay data, the project's S values computed from ICRP 133 specific absorbed fractions,
and its sphere S values; a test compares the copy with the tables. Units are s, J, kg, Gy/(Bq·s).
"""

from __future__ import annotations

import math
from typing import Final

HALF_LIFE_S: Final = {"Lu-177": 574300.8, "Y-90": 230760.0}
ELECTRON_ENERGY_J: Final = {"Lu-177": 0.147923 * 1.602176634e-13, "Y-90": 0.933106 * 1.602176634e-13}

# (nuclide, sex, target, source): electron and photon S value.
S_VALUES: Final[dict[tuple[str, str, str, str], tuple[float, float]]] = {
    ("Lu-177", "M", "kidneys", "kidneys"): (5.55307e-14, 1.15801e-15),
    ("Lu-177", "M", "kidneys", "liver"): (5.48605e-18, 1.34397e-16),
    ("Lu-177", "M", "kidneys", "spleen"): (7.41357e-19, 1.84125e-16),
    ("Lu-177", "M", "kidneys", "remainder"): (3.02037e-18, 2.6927e-17),
    ("Lu-177", "M", "liver", "kidneys"): (5.51581e-18, 1.34131e-16),
    ("Lu-177", "M", "liver", "liver"): (9.99007e-15, 4.48151e-16),
    ("Lu-177", "M", "liver", "spleen"): (8.86217e-20, 4.11624e-17),
    ("Lu-177", "M", "liver", "remainder"): (1.306e-18, 1.9606e-17),
    ("Lu-177", "M", "spleen", "kidneys"): (7.21193e-19, 1.84273e-16),
    ("Lu-177", "M", "spleen", "liver"): (9.46126e-20, 4.12372e-17),
    ("Lu-177", "M", "spleen", "spleen"): (1.02555e-13, 2.01239e-15),
    ("Lu-177", "M", "spleen", "remainder"): (3.08405e-18, 2.51174e-17),
    ("Lu-177", "M", "red_marrow", "kidneys"): (1.94505e-19, 4.98926e-17),
    ("Lu-177", "M", "red_marrow", "liver"): (2.32083e-18, 4.11399e-17),
    ("Lu-177", "M", "red_marrow", "spleen"): (3.31379e-19, 4.60242e-17),
    ("Lu-177", "M", "red_marrow", "red_marrow"): (9.55887e-15, 1.27227e-16),
    ("Lu-177", "M", "red_marrow", "remainder"): (2.12083e-16, 2.95458e-17),
    ("Lu-177", "M", "red_marrow", "soft_remainder"): (2.57801e-18, 2.56588e-17),
    ("Lu-177", "M", "red_marrow", "total_body"): (3.70002e-16, 3.17187e-17),
    ("Lu-177", "F", "kidneys", "kidneys"): (6.56571e-14, 1.33325e-15),
    ("Lu-177", "F", "kidneys", "liver"): (1.8075e-17, 1.69921e-16),
    ("Lu-177", "F", "kidneys", "spleen"): (8.231e-18, 2.4161e-16),
    ("Lu-177", "F", "kidneys", "remainder"): (3.60586e-18, 2.98742e-17),
    ("Lu-177", "F", "liver", "kidneys"): (1.8129e-17, 1.70201e-16),
    ("Lu-177", "F", "liver", "liver"): (1.30165e-14, 5.18377e-16),
    ("Lu-177", "F", "liver", "spleen"): (1.92882e-19, 7.63129e-17),
    ("Lu-177", "F", "liver", "remainder"): (1.83216e-18, 2.16864e-17),
    ("Lu-177", "F", "spleen", "kidneys"): (8.157e-18, 2.42122e-16),
    ("Lu-177", "F", "spleen", "liver"): (1.81749e-19, 7.66486e-17),
    ("Lu-177", "F", "spleen", "spleen"): (1.24827e-13, 2.21345e-15),
    ("Lu-177", "F", "spleen", "remainder"): (4.58104e-18, 2.63456e-17),
    ("Lu-177", "F", "red_marrow", "kidneys"): (3.52328e-19, 6.33471e-17),
    ("Lu-177", "F", "red_marrow", "liver"): (6.68093e-18, 5.68452e-17),
    ("Lu-177", "F", "red_marrow", "spleen"): (5.76269e-19, 5.76782e-17),
    ("Lu-177", "F", "red_marrow", "red_marrow"): (1.25331e-14, 1.54493e-16),
    ("Lu-177", "F", "red_marrow", "remainder"): (2.11144e-16, 3.39755e-17),
    ("Lu-177", "F", "red_marrow", "soft_remainder"): (3.94151e-18, 2.98781e-17),
    ("Lu-177", "F", "red_marrow", "total_body"): (4.0663e-16, 3.67412e-17),
    ("Y-90", "M", "kidneys", "kidneys"): (3.20797e-13, 3.57773e-19),
    ("Y-90", "M", "kidneys", "liver"): (3.63248e-16, 1.95239e-21),
    ("Y-90", "M", "kidneys", "spleen"): (3.03552e-17, 2.27254e-21),
    ("Y-90", "M", "kidneys", "remainder"): (1.6594e-16, 7.11607e-22),
    ("Y-90", "M", "liver", "kidneys"): (3.60128e-16, 1.97631e-21),
    ("Y-90", "M", "liver", "liver"): (6.04473e-14, 7.27893e-20),
    ("Y-90", "M", "liver", "spleen"): (4.12745e-18, 2.83026e-23),
    ("Y-90", "M", "liver", "remainder"): (7.33228e-17, 2.58661e-22),
    ("Y-90", "M", "spleen", "kidneys"): (3.09006e-17, 2.31576e-21),
    ("Y-90", "M", "spleen", "liver"): (4.07853e-18, 2.81877e-23),
    ("Y-90", "M", "spleen", "spleen"): (5.89391e-13, 6.53397e-19),
    ("Y-90", "M", "spleen", "remainder"): (1.7613e-16, 6.76155e-22),
    ("Y-90", "M", "red_marrow", "kidneys"): (1.36707e-17, 2.06085e-22),
    ("Y-90", "M", "red_marrow", "liver"): (1.45409e-16, 3.05746e-22),
    ("Y-90", "M", "red_marrow", "spleen"): (9.53533e-17, 5.51774e-22),
    ("Y-90", "M", "red_marrow", "red_marrow"): (4.06929e-14, 2.35126e-20),
    ("Y-90", "M", "red_marrow", "remainder"): (1.80004e-15, 9.91727e-22),
    ("Y-90", "M", "red_marrow", "soft_remainder"): (1.75242e-16, 2.68164e-22),
    ("Y-90", "M", "red_marrow", "total_body"): (2.42982e-15, 1.36619e-21),
    ("Y-90", "F", "kidneys", "kidneys"): (3.802e-13, 4.20561e-19),
    ("Y-90", "F", "kidneys", "liver"): (1.02878e-15, 3.53054e-21),
    ("Y-90", "F", "kidneys", "spleen"): (5.73581e-16, 5.66251e-21),
    ("Y-90", "F", "kidneys", "remainder"): (1.97462e-16, 7.37582e-22),
    ("Y-90", "F", "liver", "kidneys"): (1.02692e-15, 3.54887e-21),
    ("Y-90", "F", "liver", "liver"): (7.84401e-14, 9.338e-20),
    ("Y-90", "F", "liver", "spleen"): (7.89076e-18, 6.78753e-23),
    ("Y-90", "F", "liver", "remainder"): (9.876e-17, 3.30691e-22),
    ("Y-90", "F", "spleen", "kidneys"): (5.66858e-16, 5.71872e-21),
    ("Y-90", "F", "spleen", "liver"): (7.97611e-18, 6.95618e-23),
    ("Y-90", "F", "spleen", "spleen"): (7.10135e-13, 7.66224e-19),
    ("Y-90", "F", "spleen", "remainder"): (2.5313e-16, 9.14617e-22),
    ("Y-90", "F", "red_marrow", "kidneys"): (5.61126e-17, 3.46393e-22),
    ("Y-90", "F", "red_marrow", "liver"): (3.8543e-16, 7.57483e-22),
    ("Y-90", "F", "red_marrow", "spleen"): (7.10805e-17, 9.67625e-22),
    ("Y-90", "F", "red_marrow", "red_marrow"): (5.33537e-14, 2.96086e-20),
    ("Y-90", "F", "red_marrow", "remainder"): (1.91502e-15, 1.24212e-21),
    ("Y-90", "F", "red_marrow", "soft_remainder"): (2.59156e-16, 4.42215e-22),
    ("Y-90", "F", "red_marrow", "total_body"): (2.70662e-15, 1.69023e-21),
}

# (sex, region): mass that divides the S value (with blood), mass as a source (without blood).
MASSES_KG: Final[dict[tuple[str, str], tuple[float, float]]] = {
    ("M", "kidneys"): (0.422, 0.31),
    ("M", "liver"): (2.36, 1.8),
    ("M", "spleen"): (0.2284, 0.15),
    ("M", "red_marrow"): (1.394, 1.17),
    ("M", "total_body"): (0.0, 66.241),
    ("M", "total_body_with_blood"): (0.0, 71.841),
    ("F", "kidneys"): (0.357, 0.275),
    ("F", "liver"): (1.81, 1.4),
    ("F", "spleen"): (0.1874, 0.13),
    ("F", "red_marrow"): (1.064, 0.9),
    ("F", "total_body"): (0.0, 54.828),
    ("F", "total_body_with_blood"): (0.0, 58.928),
}

# Mass in g and S value (electrons and photons) of a soft-tissue sphere of 1 g/mL.
SPHERES: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "Lu-177": (
        (0.3, 7.5678e-11),
        (0.571187, 4.0134e-11),
        (1.08751, 2.1248e-11),
        (2.07058, 1.1235e-11),
        (3.94229, 5.9351e-12),
        (7.50595, 3.1332e-12),
        (14.291, 1.6534e-12),
        (27.2094, 8.7239e-13),
        (51.8055, 4.6032e-13),
        (98.6355, 2.4297e-13),
        (187.798, 1.2832e-13),
        (357.558, 6.7825e-14),
        (680.775, 3.5891e-14),
        (1296.17, 1.9018e-14),
        (2467.84, 1.0094e-14),
        (4000, 6.2836e-15),
    ),
    "Y-90": (
        (0.3, 2.788e-10),
        (0.571187, 1.6511e-10),
        (1.08751, 9.5495e-11),
        (2.07058, 5.4114e-11),
        (3.94229, 3.0165e-11),
        (7.50595, 1.6601e-11),
        (14.291, 9.0451e-12),
        (27.2094, 4.8903e-12),
        (51.8055, 2.6281e-12),
        (98.6355, 1.4058e-12),
        (187.798, 7.4916e-13),
        (357.558, 3.9809e-13),
        (680.775, 2.1105e-13),
        (1296.17, 1.1169e-13),
        (2467.84, 5.9019e-14),
        (4000, 3.6552e-14),
    ),
}


# Effective half-lives of 177Lu over patients in h: typical, and the range that is taken as the middle 90 %.
_SECONDS_PER_HOUR = 3600.0
_POPULATION_H = {
    "kidneys": (50.0, 35.0, 75.0),
    "liver": (70.0, 45.0, 110.0),
    "spleen": (70.0, 45.0, 110.0),
    "lesion": (80.0, 45.0, 130.0),
}


def population_half_life_s(region: str, decay_constant_per_s: float) -> tuple[float, float] | None:
    """Median effective half-life of a region and its deviation of the logarithm, for a nuclide's decay constant."""
    known = _POPULATION_H.get(region)
    if known is None:
        return None
    typical, low, high = known
    before = math.log(2.0) / (typical * _SECONDS_PER_HOUR)
    after = before + decay_constant_per_s - math.log(2.0) / HALF_LIFE_S["Lu-177"]
    return math.log(2.0) / after, math.log(high / low) / (2 * 1.645) * before / after
