"""A small numerical torso with known activities: its CT, its blurred SPECT, its VOIs, in any position."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from dosimetry_core.case import Administration, Calibration, Cycle
from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.image import ImageSeries, Registration, TimePoint
from dosimetry_core.nuclide import LU177
from dosimetry_core.voi import Role, Voi, VoiMask
from dosimetry_core.volume import Volume

AXIAL = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
START = datetime(2025, 3, 3, 10, 0, tzinfo=UTC)
FWHM_TO_DEVIATION = 1 / (2 * np.sqrt(2 * np.log(2)))
Points = NDArray[np.float64]


def grid(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> VolumeGeometry:
    """Axial grid with a given middle."""
    half = (np.array(shape) - 1) / 2 * np.array(spacing_mm)
    return VolumeGeometry(shape, np.array(centre_mm) - half[::-1], spacing_mm, AXIAL)


def points_of(geometry: VolumeGeometry) -> Points:
    """Centres of all voxels, shape (slice, row, column, 3)."""
    return geometry.index_to_point(np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1))


def ellipsoid(
    points: Points, centre: tuple[float, float, float], radii: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Whether points lie inside."""
    # Axis by axis: several times as fast as the square of all three at once and their sum.
    distance = np.zeros(points.shape[:-1])
    for axis, (middle, radius) in enumerate(zip(centre, radii, strict=True)):
        distance += ((points[..., axis] - middle) / radius) ** 2
    return distance < 1


ROLES: dict[str, Role] = {
    "kidney left": "kidney_left",
    "kidney right": "kidney_right",
    "liver": "liver",
    "spleen": "spleen",
    "lesion": "lesion",
}
"""Parts of the body that are VOIs."""


@dataclass(frozen=True)
class Body:
    """Kidneys, liver with a lesion, spleen; bowel at the right kidney and a left renal pelvis that are no VOIs."""

    activity_bq_per_ml: dict[str, float] = field(
        default_factory=lambda: {
            "rest": 3e4,
            "kidney left": 1e6,
            "kidney right": 0.9e6,
            "liver": 2.5e5,
            "spleen": 1.2e6,
            "lesion": 2e6,
            "bowel": 6e5,
            "pelvis": 1.2e6,
        }
    )

    def parts(self, p: Points) -> dict[str, NDArray[np.bool_]]:
        """Where each part is, for points in the body's own frame; later ones lie inside or beside earlier ones."""
        left = ellipsoid(p, (70, 35, -35), (26, 27, 50))
        hilum = ellipsoid(p, (47, 32, -35), (15, 12, 20))
        right = ellipsoid(p, (-68, 38, -45), (26, 27, 50))
        liver = ellipsoid(p, (-62, -15, 45), (75, 70, 60)) & ~right
        bowel = ellipsoid(p, (-68, -8, -62), (35, 20, 24)) & ~right & ~liver
        return {
            "rest": ellipsoid(p, (0, 0, 0), (165, 110, 1e6)),
            "liver": liver,
            "bowel": bowel,
            "spleen": ellipsoid(p, (100, 30, 62), (28, 42, 45)) & ~left,
            "kidney left": left & ~hilum,
            "kidney right": right,
            "pelvis": hilum & left | ellipsoid(p, (44, 32, -35), (9, 8, 14)) & ~left,
            "lesion": ellipsoid(p, (-70, -25, 60), (13, 13, 13)),
        }

    def concentration(self, p: Points) -> NDArray[np.float64]:
        """True activity concentration in Bq/mL."""
        values = np.zeros(p.shape[:-1])
        for name, inside in self.parts(p).items():
            values[inside] = self.activity_bq_per_ml[name]
        return values

    def ct_numbers(self, p: Points) -> NDArray[np.float64]:
        """CT numbers in HU, with fat, a spine of separate vertebrae, ribs and lungs."""
        values = np.full(p.shape[:-1], -1000.0)
        parts = self.parts(p)
        values[parts["rest"]] = -90
        values[ellipsoid(p, (0, 0, 0), (145, 92, 1e6))] = 40
        values[ellipsoid(p, (75, -5, 165), (55, 75, 75)) | ellipsoid(p, (-75, -5, 165), (55, 75, 75))] = -800
        for name, hu in (("liver", 65), ("spleen", 50), ("kidney left", 30), ("kidney right", 30), ("bowel", 10)):
            values[parts[name]] = hu
        spine = ellipsoid(p, (0, 65, 0), (20, 18, 1e6))
        values[spine] = np.where(np.mod(p[..., 2], 32) < 24, 300, 80)[spine]
        shell = ellipsoid(p, (0, 0, 0), (156, 102, 1e6)) & ~ellipsoid(p, (0, 0, 0), (148, 94, 1e6))
        ribs = shell & (np.mod(p[..., 2] + 0.3 * p[..., 1], 26) < 9) & (p[..., 2] > 0)
        values[ribs] = 350
        return values


def series(
    kind: Literal["spect", "ct"], volume: Volume, *, frame: str, start: datetime = START, **facts: Any
) -> ImageSeries:
    """An image series as if read from a file."""
    return ImageSeries(kind, volume, "P", "P", "1.2", f"1.2.{frame}", frame, kind, start, **facts)


def ct(
    body: Body,
    geometry: VolumeGeometry,
    position: RigidTransform,
    *,
    noise_hu: float = 15.0,
    seed: int = 0,
    frame: str = "f",
) -> ImageSeries:
    """CT of the body after it was moved by ``position``, on a grid of the scanner."""
    values = body.ct_numbers(position.inverse().apply(points_of(geometry)))
    values += noise_hu * np.random.default_rng(seed).standard_normal(values.shape)
    return series("ct", Volume(values.astype(np.int16), geometry, "ct_number_hu"), frame=frame)


def spect_concentration(
    body: Body, geometry: VolumeGeometry, position: RigidTransform, fwhm_mm: float, *, parts_per_voxel: int = 2
) -> NDArray[np.float64]:
    """Blurred concentration averaged over each voxel, computed on a grid some times as fine."""
    n = parts_per_voxel
    (a, b, c), (high, deep, wide) = geometry.shape, geometry.spacing_mm
    fine = VolumeGeometry(
        (a * n, b * n, c * n),
        geometry.index_to_point(np.full(3, -(n - 1) / 2 / n)),
        (high / n, deep / n, wide / n),
        geometry.directions,
    )
    back = position.inverse()
    slabs = [fine.cropped((k, 0, 0), (1, *fine.shape[1:])) for k in range(fine.shape[0])]
    values = np.concatenate([body.concentration(back.apply(points_of(slab))) for slab in slabs])
    deviation = [fwhm_mm * FWHM_TO_DEVIATION / s for s in fine.spacing_mm]
    values = ndimage.gaussian_filter(values, deviation, truncate=5)
    means: NDArray[np.float64] = values.reshape(a, n, b, n, c, n).mean(axis=(1, 3, 5))
    return means


def vois(body: Body, geometry: VolumeGeometry) -> tuple[Voi, ...]:
    """The body's VOIs as drawn: the liver with the lesion in it."""
    parts = body.parts(points_of(geometry))
    return tuple(
        Voi(f"id-{name}", name, role, VoiMask.from_array(geometry, parts[name])) for name, role in ROLES.items()
    )


def cycle_of(
    concentrations: list[NDArray[np.float64]],
    geometry: VolumeGeometry,
    positions: list[RigidTransform],
    drawn: tuple[Voi, ...],
    *,
    hours: tuple[float, ...] = (4.0, 24.0, 48.0, 168.0),
    calibration: Calibration | None = None,
    residual_mm: float = 0.0,
) -> Cycle:
    """A cycle of Bq/mL images at known positions."""
    points = []
    for number, (values, position, hour) in enumerate(zip(concentrations, positions, hours, strict=False)):
        spect = series(
            "spect",
            Volume(values.astype(np.float32), geometry, "activity_concentration_bq_per_ml"),
            frame=str(number),
            start=START + timedelta(hours=hour),
            decay_reference="acquisition-start",
            nuclide=LU177,
        )
        points.append(TimePoint(spect, None, Registration(position, "manual", residual_mm)))
    return Cycle(
        1,
        (Administration(LU177, 7.4e9, START - timedelta(minutes=15), 1800.0),),
        calibration=calibration
        or Calibration(
            relative_standard_uncertainty=0.03,
            partial_volume="geometric-transfer-matrix",
            point_spread_fwhm_mm=(9.0, 9.0, 9.0),
        ),
        time_points=tuple(points),
        vois=drawn,
    )
