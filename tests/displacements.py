"""CT images of one body in two positions, as unlike one another as two visits make them, with the true motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.geometry import RigidTransform, VolumeGeometry
from dosimetry_core.image import ImageSeries
from dosimetry_core.virtual_patient.sampling import sample
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import AXIAL, series

AIR_HU = -1000.0
LARGEST_SHIFT_MM = 30.0
LARGEST_TURN_DEG = 8.0
KEPT_SHARE = 0.6
"""Of the body's length that a shortened scan keeps."""
_COUCH_HU, _ARM_HU = -120.0, 45.0


@dataclass(frozen=True, eq=False)
class DisplacedSubject:
    """A body as CT numbers on a grid of its own, with points of its kidneys (n, 3) in mm."""

    name: str
    hu: NDArray[np.float32]
    geometry: VolumeGeometry
    kidneys_mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DisplacedPair:
    """Two CT images of a subject and the motion from the first to the second."""

    name: str
    reference: ImageSeries
    moving: ImageSeries
    motion: RigidTransform
    kidneys_mm: NDArray[np.float64]
    facts: dict[str, float | str | bool]

    def kidney_error_mm(self, found: RigidTransform) -> float:
        """Mean distance between where kidney voxels are put and where they are."""
        away = found.apply(self.kidneys_mm) - self.motion.apply(self.kidneys_mm)
        return float(np.linalg.norm(away, axis=1).mean())


def _grid(low_mm: NDArray[np.float64], high_mm: NDArray[np.float64], spacing_mm: tuple[float, float, float]):
    """Axial grid that covers a box of patient space."""
    shape = np.maximum(8, np.ceil((high_mm - low_mm)[::-1] / np.array(spacing_mm))).astype(int)
    return VolumeGeometry((int(shape[0]), int(shape[1]), int(shape[2])), low_mm, spacing_mm, AXIAL)


def _scan(
    subject: DisplacedSubject,
    grid: VolumeGeometry,
    position: RigidTransform,
    *,
    noise_hu: float,
    offset_hu: float,
    couch_mm: float | None,
    arms: RigidTransform | None,
    generator: np.random.Generator,
) -> NDArray[np.int16]:
    """CT of a subject lying at a position; a couch stays where the scanner has it, and arms move by themselves."""
    values, box = sample(subject.hu, subject.geometry, grid, position, order=1, outside=AIR_HU)
    image = np.full(grid.shape, AIR_HU, np.float32)
    image[box] = values
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij", sparse=False), axis=-1)
    points = grid.index_to_point(index)
    air = image < -900
    if couch_mm is not None:
        plate = np.abs(points[..., 1] - couch_mm - 4e-4 * points[..., 0] ** 2) < 6
        image[plate & air & (np.abs(points[..., 0]) < 220)] = _COUCH_HU
    if arms is not None:
        own = arms.inverse().apply(points)
        reach = np.abs(subject.kidneys_mm[:, 0] - subject.geometry.centre_mm()[0]).max() + 130
        for side in (-1, 1):
            away = np.hypot(own[..., 0] - subject.geometry.centre_mm()[0] - side * reach, own[..., 1])
            image[(away < 38) & (image < -900)] = _ARM_HU
            image[(away < 11) & (image < 100)] = 700.0
    body = image > -900
    image[body] += np.float32(offset_hu)
    image += noise_hu * generator.standard_normal(image.shape, dtype=np.float32)
    return np.rint(np.clip(image, -1024, 3071)).astype(np.int16)


def displaced_pair(subject: DisplacedSubject, number: int) -> DisplacedPair:
    """The pair of a number: each has its own motion, noise, grids, fields of view and company."""
    generator = np.random.default_rng((20_250, number))
    centre = subject.geometry.centre_mm()
    turn = np.deg2rad(generator.uniform(-LARGEST_TURN_DEG, LARGEST_TURN_DEG, 3))
    shift = generator.uniform(-LARGEST_SHIFT_MM, LARGEST_SHIFT_MM, 3)
    motion = RigidTransform.from_rotation_vector(turn, shift, centre_mm=centre)
    noise = float(generator.uniform(8, 40))
    offset = float(generator.uniform(-20, 20))
    half = (np.array(subject.geometry.shape) / 2 * np.array(subject.geometry.spacing_mm))[::-1]
    low, high = centre - half, centre + half
    kidney = subject.kidneys_mm.mean(axis=0)
    shortened, narrowed = number % 3 == 0, number % 4 == 1
    with_couch, with_arms = number % 2 == 0, number % 5 in (2, 3)
    reference_spacing = (float(generator.uniform(2.5, 5)), *([float(generator.uniform(1.6, 2.4))] * 2))
    moving_spacing = (float(generator.uniform(2.5, 5)), *([float(generator.uniform(1.6, 3.9))] * 2))
    margin = np.array([60.0, 60.0, 0.0])
    reference_grid = _grid(low - margin, high + margin, reference_spacing)
    moved_low = low + generator.uniform(-20, 20, 3)
    moved_high = moved_low + (high - low)
    if shortened:
        length = KEPT_SHARE * (high - low)[2]
        # The kidneys stay in the scan, anywhere in it.
        at = motion.apply(kidney)[2] - generator.uniform(0.3, 0.7) * length
        moved_low[2], moved_high[2] = at, at + length
    if narrowed:
        moved_low[:2], moved_high[:2] = moved_low[:2] + 25, moved_high[:2] - 25
    else:
        moved_low, moved_high = moved_low - margin, moved_high + margin
    moving_grid = _grid(moved_low, moved_high, moving_spacing)
    couch = float(high[1] + 8) if with_couch else None
    couch_moving = None if couch is None else couch + float(generator.uniform(-25, 25))
    arms = RigidTransform.identity() if with_arms else None
    raised = with_arms and number % 10 in (2, 3)
    arms_moving = (
        None
        if arms is None or raised
        else RigidTransform.from_rotation_vector(
            np.deg2rad(generator.uniform(-6, 6, 3)), generator.uniform(-40, 40, 3), centre_mm=centre
        )
    )
    images = []
    for frame, grid, position, hu, plate, both_arms in (
        ("reference", reference_grid, RigidTransform.identity(), 0.0, couch, arms),
        ("moving", moving_grid, motion, offset, couch_moving, arms_moving),
    ):
        values = _scan(
            subject,
            grid,
            position,
            noise_hu=noise,
            offset_hu=hu,
            couch_mm=plate,
            arms=both_arms,
            generator=generator,
        )
        images.append(series("ct", Volume(values, grid, "ct_number_hu"), frame=f"{frame}.{number}"))
    facts: dict[str, float | str | bool] = {
        "shift_mm": float(np.linalg.norm(shift)),
        "turn_deg": float(np.rad2deg(np.linalg.norm(turn))),
        "noise_hu": noise,
        "offset_hu": offset,
        "shortened": shortened,
        "narrowed": narrowed,
        "couch": with_couch,
        "arms": "raised" if raised else "moved" if with_arms else "none",
    }
    return DisplacedPair(f"{subject.name} {number}", images[0], images[1], motion, subject.kidneys_mm, facts)
