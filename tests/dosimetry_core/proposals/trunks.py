"""Numerical trunks with kidneys as a patient may have them: both, one, fused, mirrored, cut, with cysts, pale."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.case import Administration, Cycle
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.nuclide import LU177
from dosimetry_core.voi import Voi
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import FWHM_TO_DEVIATION, START, Points, ellipsoid, points_of, series

Kind = Literal[
    "usual", "single", "horseshoe", "mirrored", "cut", "pelvic", "face-down", "late", "cysts", "pale", "few-counts",
    "loop",
]  # fmt: skip
Labels = NDArray[np.uint8]
SPACING_MM = (3.0, 3.0, 3.0)
FWHM_MM = 9.0
ACTIVITY = {"rest": 0.03, "kidneys": 1.0, "liver": 0.35, "spleen": 1.4, "lesion": 3.0}
LATE_ACTIVITY = {"rest": 0.1, "kidneys": 1.0, "liver": 0.9, "spleen": 2.2, "lesion": 6.0}
"""After a week, relative to the kidneys; the bowel is as warm as they are then."""
_LATE_BOWEL = 1.1
_LATE_CT_NOISE_HU, _CT_NOISE_HU = 25.0, 12.0
_HU = {"kidneys": 32, "liver": 57, "spleen": 50, "lesion": 40}
_LABELS = {"liver": 1, "spleen": 2, "kidney_left": 3, "kidney_right": 4, "lesion": 5}


PALE_ACTIVITY = {**ACTIVITY, "kidneys": ACTIVITY["liver"]}
"""Kidneys no warmer than the liver."""
_CYSTS_MM = (((88, 34, 10), 25), ((-85, 40, -60), 22), ((70, 40, -70), 15))
"""Places and radii of simple cysts, which hold water and no activity; the largest takes a fifth of its kidney."""
_CYST_HU = 8
_LOOP_MM = ((85, -20, -45), (16, 60, 16))
"""Middle and semi-axes of a loop of bowel that lies on the left kidney, as warm and as dense as it is."""
_GRAIN, _GRAIN_OF_FEW_COUNTS = 0.04, 0.2
"""Noise of the SPECT against the square root of its values."""


def _cysts(p: Points) -> NDArray[np.bool_]:
    return np.any([ellipsoid(p, place, (radius,) * 3) for place, radius in _CYSTS_MM], axis=0)


def truth(geometry: VolumeGeometry, kind: Kind) -> Labels:
    """Where each organ is."""
    p = points_of(geometry)
    left = ellipsoid(p, (66, 38, -20), (25, 24, 54)) & ~ellipsoid(p, (44, 32, -20), (13, 11, 20))
    right = ellipsoid(p, (-66, 38, -28), (25, 24, 54)) & ~ellipsoid(p, (-44, 32, -28), (13, 11, 20))
    if kind == "horseshoe":
        bridge = ellipsoid(p, (0, 22, -66), (70, 14, 16))
        left, right = left | (bridge & (p[..., 0] > 0)), right | (bridge & (p[..., 0] <= 0))
    if kind == "pelvic":
        right = ellipsoid(p, (-38, -10, -140), (26, 22, 45))
    labels = np.zeros(geometry.shape, np.uint8)
    labels[ellipsoid(p, (-66, -20, 45), (72, 75, 70))] = _LABELS["liver"]
    labels[ellipsoid(p, (98, 38, 66), (24, 38, 46))] = _LABELS["spleen"]
    near = ndimage.binary_dilation(left | right, iterations=1)
    labels[near] = 0
    labels[left] = _LABELS["kidney_left"]
    if kind != "single":
        labels[right] = _LABELS["kidney_right"]
    labels[ellipsoid(p, (-70, -25, 55), (13, 13, 13))] = _LABELS["lesion"]
    if kind == "cysts":
        labels[_cysts(p) & np.isin(labels, (_LABELS["kidney_left"], _LABELS["kidney_right"]))] = 0
    return labels


@functools.lru_cache(maxsize=4)
def trunk(kind: Kind = "usual", *, seed: int = 1) -> tuple[Cycle, dict[str, NDArray[np.bool_]]]:
    """A cycle with one visit, and the true masks on the grid of its CT."""
    planes, low = (66, -48.0) if kind == "cut" else (124, -190.0)
    directions = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    geometry = VolumeGeometry((planes, 84, 118), np.array([-175.5, -124.5, low]), SPACING_MM, directions)
    p = points_of(geometry)
    labels = truth(geometry, kind)
    generator = np.random.default_rng(seed)
    body = ellipsoid(p, (0, 0, 0), (165, 112, 1e6))
    hu = np.full(geometry.shape, -1000.0)
    hu[body] = -95
    hu[ellipsoid(p, (0, 0, 0), (152, 98, 1e6)) & ~ellipsoid(p, (0, 0, 0), (136, 84, 1e6))] = 50
    for side in (-1, 1):
        hu[ellipsoid(p, (side * 34, 46, 0), (15, 15, 1e6))] = 52
        hu[ellipsoid(p, (side * 72, -10, 175), (56, 78, 60))] = -820
    bowel = ellipsoid(p, (10, -45, -70), (90, 28, 50))
    hu[bowel & (labels == 0)] = 25
    spine = ellipsoid(p, (0, 60, 0), (21, 17, 1e6))
    hu[spine] = np.where(np.mod(p[..., 2], 32) < 25, 320, 80)[spine]
    uptake = {"late": LATE_ACTIVITY, "pale": PALE_ACTIVITY}.get(kind, ACTIVITY)
    activity = np.where(body, uptake["rest"], 0.0)
    activity[bowel & (labels == 0)] = _LATE_BOWEL if kind == "late" else 3 * uptake["rest"]
    for name, number in _LABELS.items():
        organ = "kidneys" if name.startswith("kidney") else name
        hu[labels == number], activity[labels == number] = _HU[organ], uptake[organ]
    if kind == "loop":
        loop = ellipsoid(p, *_LOOP_MM) & (labels == 0)
        hu[loop], activity[loop] = _HU["kidneys"], uptake["kidneys"]
    if kind == "cysts":
        water = _cysts(p) & (labels == 0)
        hu[water], activity[water] = _CYST_HU, uptake["rest"]
    hu += (_LATE_CT_NOISE_HU if kind == "late" else _CT_NOISE_HU) * generator.standard_normal(hu.shape)
    blurred = ndimage.gaussian_filter(activity, [FWHM_MM * FWHM_TO_DEVIATION / s for s in SPACING_MM])
    grain = ndimage.gaussian_filter(generator.standard_normal(hu.shape), FWHM_MM * FWHM_TO_DEVIATION / 3.0)
    noise = _GRAIN_OF_FEW_COUNTS if kind == "few-counts" else _GRAIN
    blurred = np.maximum(blurred + noise * grain / grain.std() * np.sqrt(blurred), 0)
    if kind == "mirrored":
        hu, blurred, labels = hu[..., ::-1], blurred[..., ::-1], labels[..., ::-1]
    if kind == "face-down":
        hu, blurred, labels = (a[:, ::-1, ::-1] for a in (hu, blurred, labels))
    spect = Volume(np.ascontiguousarray(1e6 * blurred, np.float32), geometry, "activity_concentration_bq_per_ml")
    ct = Volume(np.ascontiguousarray(hu, np.int16), geometry, "ct_number_hu")
    point = TimePoint(
        series("spect", spect, frame="1", start=START + timedelta(hours=24), nuclide=LU177),
        series("ct", ct, frame="1", start=START + timedelta(hours=24)),
        Registration(RigidTransform.identity(), "reference"),
    )
    given = Administration(LU177, 7.4e9, START, 1800.0)
    masks = {name: labels == n for name, n in _LABELS.items()}
    for mask in masks.values():
        mask.flags.writeable = False
    return Cycle(1, (given,), time_points=(point,)), masks


def dice(voi: Voi, mask: NDArray[np.bool_]) -> float:
    """Dice coefficient of a VOI and a true mask on the same grid."""
    found = voi.mask.whole_grid_fraction() > 0.5
    return float(2 * (found & mask).sum() / (found.sum() + mask.sum()))


def turned_over(cycle: Cycle) -> Cycle:
    """The same patient scanned feet first: the same body, its voxels stored in another order."""
    turned = []
    for image in (cycle.time_points[0].spect, cycle.time_points[0].ct):
        assert image is not None
        old = image.volume.geometry
        origin = old.index_to_point((old.shape[0] - 1, 0, old.shape[2] - 1))
        geometry = VolumeGeometry(old.shape, origin, old.spacing_mm, old.directions * np.array([-1, 1, -1]))
        values = np.ascontiguousarray(image.volume.values[::-1, :, ::-1])
        turned.append(replace(image, volume=Volume(values, geometry, image.volume.quantity)))
    point = replace(cycle.time_points[0], spect=turned[0], ct=turned[1])
    return replace(cycle, time_points=(point,))
