"""A trunk of 4 mm voxels with organs, lungs, spine and two lesions, for doses at boundaries of media."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SPACING: Final = (4.0, 4.0, 4.0)
_SHAPE = (105, 64, 92)
CORTEX, MEDULLA, SPLEEN, LIVER, LIVER_LESION, SPONGIOSA, LUNGS, LUNG_BASE_LESION = 2, 3, 4, 5, 6, 7, 8, 9
NAMES: Final = {
    CORTEX: "cortex",
    MEDULLA: "medulla",
    SPLEEN: "spleen",
    LIVER: "liver",
    LIVER_LESION: "lesion liver",
    SPONGIOSA: "spongiosa",
    LUNGS: "lungs",
    LUNG_BASE_LESION: "lesion lung base",
}
# Time-integrated activity per volume, in any unit; label 0 is the rest of the body.
_CONCENTRATION = {0: 1.5, CORTEX: 100, MEDULLA: 50, SPLEEN: 120, LIVER: 35, LIVER_LESION: 300, SPONGIOSA: 3, LUNGS: 3}
_CONCENTRATION[LUNG_BASE_LESION] = 300


def layered_body() -> tuple[NDArray[np.int16], NDArray[np.float32], NDArray[np.float64]]:
    """Labels, density in g/mL and relative time-integrated activity; all of shape (105, 64, 92)."""
    z, y, x = np.meshgrid(*[(np.arange(n) + 0.5) * 4.0 for n in _SHAPE], indexing="ij")
    middle_x, middle_y = _SHAPE[2] * 2.0, _SHAPE[1] * 2.0
    labels = np.zeros(_SHAPE, np.int16)
    density = np.full(_SHAPE, 0.0012, np.float32)

    def ellipsoid(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> NDArray[Any]:
        scaled = ((p - c) / r for p, c, r in zip((x, y, z), centre, radii, strict=True))
        return np.asarray(sum(part**2 for part in scaled) < 1)

    def cylinder(radius_x: float, radius_y: float, offset_y: float = 0.0) -> NDArray[Any]:
        return np.asarray(((x - middle_x) / radius_x) ** 2 + ((y - middle_y - offset_y) / radius_y) ** 2 < 1)

    def put(place: NDArray[Any], label: int, g_per_ml: float) -> None:
        labels[place], density[place] = label, g_per_ml

    body, inner = cylinder(170, 112), cylinder(150, 92)
    density[body] = 1.0
    density[body & ~inner] = 0.95
    lungs = ellipsoid((middle_x - 75, middle_y, 235), (62, 72, 175))
    lungs |= ellipsoid((middle_x + 75, middle_y, 235), (62, 72, 175))
    put(lungs & inner & (z > 225), LUNGS, 0.26)
    put(ellipsoid((middle_x - 55, middle_y - 8, 185), (88, 72, 78)) & inner, LIVER, 1.06)
    put(ellipsoid((middle_x + 100, middle_y + 35, 195), (32, 28, 52)) & inner, SPLEEN, 1.06)
    for side in (-1, 1):
        centre = (middle_x + side * 62, middle_y + 45, 100.0)
        kidney = ellipsoid(centre, (28, 24, 56)) & (labels != LIVER) & (labels != SPLEEN)
        put(kidney, CORTEX, 1.05)
        put(kidney & ellipsoid((centre[0] - side * 4, centre[1], centre[2]), (17, 13, 43)), MEDULLA, 1.05)
    put(cylinder(22, 17, 62), 0, 1.92)
    put(cylinder(18, 13, 62) & (z % 36 > 4), SPONGIOSA, 1.18)
    put(cylinder(158, 100) & ~cylinder(151, 93) & (z % 32 < 12) & (z > 170), 0, 1.6)
    put(ellipsoid((middle_x - 85, middle_y - 20, 180), (16, 16, 16)), LIVER_LESION, 1.05)
    put(ellipsoid((middle_x + 70, middle_y, 236), (14, 14, 14)), LUNG_BASE_LESION, 1.05)
    activity = np.zeros(_SHAPE)
    for label, concentration in _CONCENTRATION.items():
        activity[(labels == label) & body] = concentration
    return labels, density, activity
