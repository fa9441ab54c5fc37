"""The individual: sizes and places of organs and lesions of one demonstration patient, drawn from the seed.

Body frame: x to the patient's left, y to the back, z to the head, in mm; the origin lies in front of the first lumbar
vertebra. Shapes are only drawn here; `anatomy` turns them into voxels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from dosimetry_core.units import MM3_PER_ML
from dosimetry_core.virtual_patient.seeding import Seed, between
from dosimetry_core.virtual_patient.shapes import Coordinates, Ellipsoid, Kidney, Level, smooth_union

Sex = Literal["F", "M"]
Site = Literal["liver", "lymph node", "bone"]

LESION_GAP_MM = 10.0
"""Least distance between the surfaces of two liver lesions."""
LESION_DEPTH_MM = 4.0
"""Least distance of a liver lesion from the surface of the liver."""
TORSO_LOW_MM, TORSO_HIGH_MM = -242.0, 242.0


@dataclass(frozen=True)
class Lesion:
    """A lesion and where it sits; the same name in every cycle."""

    name: str
    site: Site
    shape: Ellipsoid

    def with_volume_factor(self, factor: float) -> Lesion:
        """The same lesion, its volume multiplied."""
        a, b, c = (radius * factor ** (1 / 3) for radius in self.shape.radii_mm)
        return replace(self, shape=replace(self.shape, radii_mm=(a, b, c)))


@dataclass(frozen=True)
class Body:
    """Sizes and places of one individual, lesions as in cycle 1."""

    sex: Sex
    half_width_mm: float
    half_depth_mm: float
    fat_mm: float
    kidney_left: Kidney
    kidney_right: Kidney
    liver_scale: float
    spleen: Ellipsoid
    stomach: Ellipsoid
    lesions: tuple[Lesion, ...] = ()

    def skin_level(self, x: Coordinates, y: Coordinates, z: Coordinates) -> Level:
        """Level of the skin: a superellipse of exponent 2.5 in each axial plane, closed at shoulders and hips."""
        z = np.asarray(z, np.float32)
        width = np.interp(z, [-240, -150, -60, 40, 130, 190, 240], [0.94, 1.04, 0.94, 0.97, 1.0, 0.97, 0.86])
        depth = np.interp(z, [-240, -120, -20, 60, 130, 240], [0.94, 1.0, 0.94, 1.0, 1.0, 0.8])
        upper = np.clip((z - 165) / (TORSO_HIGH_MM - 165), 0, 0.999)
        lower = np.clip((-200 - z) / (-200 - TORSO_LOW_MM), 0, 0.999)
        cap = (1 - upper**2.6) ** (1 / 2.2) * (1 - lower**2.2) ** (1 / 2.2)
        w = (self.half_width_mm * width * cap).astype(np.float32)
        d = (self.half_depth_mm * depth * cap).astype(np.float32)
        ax = np.abs(np.asarray(x, np.float32)) + np.float32(0.01)
        ay = np.abs(np.asarray(y, np.float32)) + np.float32(0.01)
        norm = ((ax**2.5) * w**-2.5 + (ay**2.5) * d**-2.5) ** np.float32(0.4)
        slope = norm ** np.float32(-1.5) * np.sqrt((ax**1.5 * w**-2.5) ** 2 + (ay**1.5 * d**-2.5) ** 2)
        in_plane = (norm - 1) / slope
        level: Level = np.maximum(in_plane, np.maximum(z - TORSO_HIGH_MM, TORSO_LOW_MM - z)).astype(np.float32)
        return level

    @property
    def wall_mm(self) -> float:
        """Thickness of chest and abdominal wall: fat and a layer of muscle."""
        return self.fat_mm + 15.0

    def liver_level(self, x: Coordinates, y: Coordinates, z: Coordinates, skin: Level | None = None) -> Level:
        """Level of the liver with what it may contain: two lobes, hollowed by bowel, stomach and right kidney.

        ``skin`` saves time where the level of the skin is known already.
        """
        s = self.liver_scale
        right = Ellipsoid((-68.0, -4.0, 40.0), (68.0 * s, 84.0 * s, 84.0 * s), (0.0, 10.0, 8.0))
        left = Ellipsoid((14.0, -50.0, 70.0), (78.0 * s, 36.0 * s, 32.0 * s), (0.0, -12.0, 0.0))
        hollow = Ellipsoid((22.0, 20.0, -42.0), (88.0, 86.0, 92.0), (0.0, -14.0, 0.0))
        level = smooth_union(right.level(x, y, z), left.level(x, y, z), 18.0)
        level = -smooth_union(-level, hollow.level(x, y, z), 10.0)
        kidney = self.kidney_right
        level = np.maximum(level, 3.5 - kidney.bean_level(*kidney.own_axes(x, y, z)))
        return self._inside(np.maximum(level, 3.0 - self.stomach.level(x, y, z)), x, y, z, skin)

    def spleen_level(self, x: Coordinates, y: Coordinates, z: Coordinates, skin: Level | None = None) -> Level:
        """Level of the spleen: an ellipsoid with gastric and renal impressions."""
        kidney = self.kidney_left
        level = np.maximum(self.spleen.level(x, y, z), 4.0 - self.stomach.level(x, y, z))
        level = np.maximum(level, 4.0 - kidney.bean_level(*kidney.own_axes(x, y, z)))
        return self._inside(level, x, y, z, skin)

    def _inside(self, level: Level, x: Coordinates, y: Coordinates, z: Coordinates, skin: Level | None) -> Level:
        """An organ kept 2 mm inside the wall."""
        skin = self.skin_level(x, y, z) if skin is None else skin
        cut: Level = np.maximum(level, skin + np.float32(self.wall_mm + 2.0)).astype(np.float32)
        return cut


def spine_depth_mm(z: Coordinates | float) -> Coordinates:
    """y of the middle of the vertebral bodies: lumbar lordosis, thoracic kyphosis."""
    depth: Coordinates = 50 + 9 * np.sin((np.asarray(z, np.float32) - 60) / 75)
    return depth


def _radii(volume_ml: float, generator: np.random.Generator, unevenness: float = 0.07) -> tuple[float, float, float]:
    """Radii of a slightly uneven ellipsoid of a given volume."""
    stretch = np.exp(generator.uniform(-unevenness, unevenness, 3))
    stretch /= np.prod(stretch) ** (1 / 3)
    a, b, c = (3 * volume_ml * MM3_PER_ML / (4 * np.pi)) ** (1 / 3) * stretch
    return float(a), float(b), float(c)


def _kidney(side: int, volume_ml: float, generator: np.random.Generator) -> Kidney:
    """A kidney whose bean has about 1.12 times the volume wanted of the parenchyma (the sinus takes the rest)."""
    ratio = np.array([26.5, 23.5, between(generator, 51, 56)])
    a, b, c = ratio * (1.12 * volume_ml * MM3_PER_ML / (4 / 3 * np.pi * np.prod(ratio))) ** (1 / 3)
    centre = (
        side * between(generator, 62, 66),
        between(generator, 36, 40),
        (between(generator, -22, -14) if side < 0 else between(generator, -10, -2)),
    )
    tilt = (between(generator, 9, 14), between(generator, 5, 10), between(generator, 26, 36))
    return Kidney(centre, (float(a), float(b), float(c)), side, tilt)


def draw_body(seed: Seed) -> Body:
    """The individual of a seed: women for odd seeds, men for even ones; three to five liver lesions, a node, a bone."""
    generator = seed.generator("body")
    sex: Sex = "F" if seed.number % 2 else "M"
    large = 1.0 if sex == "M" else 0.0
    kidney_ml = between(generator, 132, 158) + 14 * large
    difference = between(generator, -0.05, 0.05)
    size = between(generator, 0.97, 1.03)
    spleen_size = between(generator, 0.86, 0.98)
    body = Body(
        sex=sex,
        half_width_mm=(164.0 + 8.0 * large) * size,
        half_depth_mm=(112.0 + 4.0 * large) * between(generator, 0.98, 1.02),
        fat_mm=between(generator, 12, 17) - 3.0 * large,
        kidney_left=_kidney(+1, kidney_ml * (1 + difference), generator),
        kidney_right=_kidney(-1, kidney_ml * (1 - difference), generator),
        liver_scale=between(generator, 0.93, 0.98) + 0.02 * large,
        spleen=Ellipsoid(
            (92.0, 40.0, 68.0), (27.0 * spleen_size, 43.0 * spleen_size, 51.0 * spleen_size), (14.0, -12.0, 24.0)
        ),
        stomach=Ellipsoid((46.0, -30.0, 48.0), (36.0, 44.0, 46.0), (0.0, 24.0, -30.0)),
    )
    return replace(body, lesions=_draw_lesions(body, generator))


def _draw_lesions(body: Body, generator: np.random.Generator) -> tuple[Lesion, ...]:
    volumes = sorted(
        [between(generator, 24, 38), between(generator, 9, 18), between(generator, 5.5, 8)]
        + [between(generator, 2.2, 4.5) for _ in range(int(generator.integers(0, 3)))],
        reverse=True,
    )
    placed: list[Ellipsoid] = []
    while len(placed) < len(volumes):
        radii = _radii(volumes[len(placed)], generator)
        centre = generator.uniform((-125, -70, -30), (20, 60, 115))
        candidate = Ellipsoid((float(centre[0]), float(centre[1]), float(centre[2])), radii)
        depth = -float(body.liver_level(*(np.array([c]) for c in candidate.centre_mm))[0])
        apart = all(
            np.linalg.norm(centre - other.centre_mm) > candidate.reach_mm() + other.reach_mm() + LESION_GAP_MM
            for other in placed
        )
        if depth > candidate.reach_mm() + LESION_DEPTH_MM and apart:
            placed.append(candidate)
    node = Ellipsoid(
        (between(generator, 20, 24), between(generator, 4, 8), between(generator, -78, -66)),
        _radii(between(generator, 6, 10), generator),
    )
    vertebra = -32.0 * int(generator.integers(3, 5)) + 8.0
    bone = Ellipsoid(
        (between(generator, -4, 4), float(spine_depth_mm(vertebra)) - 1.0, vertebra),
        _radii(between(generator, 5.5, 8.5), generator),
    )
    shapes: list[tuple[Site, Ellipsoid]] = [("liver", shape) for shape in placed]
    shapes += [("lymph node", node), ("bone", bone)]
    return tuple(Lesion(f"Lesion {n}", site, shape) for n, (site, shape) in enumerate(shapes, 1))
