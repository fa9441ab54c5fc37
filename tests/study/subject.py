"""Who is imaged: labels on a fine grid, CT numbers, and where activity that is no VOI sits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.virtual_patient.anatomy import Anatomy, Surface
from dosimetry_core.virtual_patient.body import Lesion
from dosimetry_core.virtual_patient.shapes import Ellipsoid
from tests.study.plan import StudyPlan

FIRST_LESION_LABEL = 200
LESION_DEPTH_MM = 4.0
LESION_GAP_MM = 10.0


@dataclass(frozen=True, eq=False)
class Subject:
    """A body.

    Parameters
    ----------
    anatomy
        Labels on the fine grid, with VOIs (names as in the demonstration's truth) and lesions.
    ct_hu, ct_geometry
        CT numbers of the body in the anatomy's frame.
    bowel
        Where on the CT's grid gas may be, elsewhere at every visit.
    hot
        Structures that take up activity and have no VOI → labels; ``rest`` → relative concentration by label.
    """

    anatomy: Anatomy
    ct_hu: NDArray[np.float32]
    ct_geometry: VolumeGeometry
    bowel: NDArray[np.bool_]
    hot: Mapping[str, tuple[int, ...]]
    rest: Mapping[int, float]

    @property
    def weights(self) -> dict[str, dict[int, float]]:
        """Source → label → relative concentration."""
        sources = {name: dict.fromkeys(labels, 1.0) for name, labels in self.anatomy.tissues.items()}
        sources |= {name: dict.fromkeys(labels, 1.0) for name, labels in self.hot.items()}
        return sources | {"rest": dict(self.rest)}

    def volume_ml(self, source: str) -> float:
        """Volume of everything that belongs to a source."""
        return self.anatomy.volume_ml(tuple(self.weights[source]))

    def concentration(self, activity_bq: Mapping[str, float]) -> NDArray[np.float32]:
        """Bq/mL on the fine grid."""
        table = np.zeros(256, np.float64)
        for source, weights in self.weights.items():
            whole = sum(weight * self.anatomy.volume_ml((label,)) for label, weight in weights.items())
            for label, weight in weights.items():
                table[label] += activity_bq[source] * weight / whole
        return table.astype(np.float32)[self.anatomy.labels]

    @property
    def centre_mm(self) -> NDArray[np.float64]:
        """Middle of the CT."""
        return self.ct_geometry.centre_mm()


def voi_surface(inside: NDArray[np.bool_]) -> Surface:
    """Where a VOI is: −1 inside, +1 outside, so that the level halfway between voxel centres is its surface."""
    spans = [np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    start = tuple(max(0, int(s[0]) - 2) for s in spans)
    stop = tuple(min(n, int(s[-1]) + 3) for s, n in zip(spans, inside.shape, strict=True))
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    return Surface((start[0], start[1], start[2]), np.where(inside[box], -1, 1).astype(np.float32))


def place_lesions(
    geometry: VolumeGeometry,
    depth_mm: NDArray[np.float64],
    volumes_ml: tuple[float, ...],
    generator: np.random.Generator,
) -> tuple[tuple[Lesion, ...], dict[int, NDArray[np.bool_]]]:
    """Spheres deep in an organ and apart from each other; masks by label. ``depth_mm``: distance from outside."""
    lesions: list[Lesion] = []
    masks: dict[int, NDArray[np.bool_]] = {}
    deep = depth_mm > (min(volumes_ml, default=0.0) * 3e3 / (4 * np.pi)) ** (1 / 3) + LESION_DEPTH_MM
    places = np.argwhere(deep)
    depth = depth_mm[deep]
    points = geometry.index_to_point(places)
    for number, volume in enumerate(volumes_ml):
        radius = (3e3 * volume / (4 * np.pi)) ** (1 / 3)
        choices = np.flatnonzero(depth > radius + LESION_DEPTH_MM)
        if len(choices) == 0:
            raise ValueError(f"no place for a lesion of {volume} mL")
        centre = points[choices[generator.integers(len(choices))]]
        depth = np.minimum(depth, np.linalg.norm(points - centre, axis=1) - radius - LESION_GAP_MM)
        masks[FIRST_LESION_LABEL + number] = sphere(geometry, centre, radius)
        shape = Ellipsoid((float(centre[0]), float(centre[1]), float(centre[2])), (radius,) * 3)
        lesions.append(Lesion(f"Lesion {number + 1}", "liver", shape))
    return tuple(lesions), masks


def sphere(geometry: VolumeGeometry, centre_mm: NDArray[np.float64], radius_mm: float) -> NDArray[np.bool_]:
    """Voxels whose centres lie in a sphere."""
    inside = np.zeros(geometry.shape, bool)
    middle = geometry.point_to_index(centre_mm)
    reach = radius_mm / np.array(geometry.spacing_mm) + 1
    box = [
        slice(max(0, int(m - r)), min(n, int(m + r) + 2)) for m, r, n in zip(middle, reach, geometry.shape, strict=True)
    ]
    index = np.stack(np.meshgrid(*[np.arange(b.start, b.stop) for b in box], indexing="ij"), axis=-1)
    inside[tuple(box)] = np.linalg.norm(geometry.index_to_point(index) - centre_mm, axis=-1) < radius_mm
    return inside


def anatomy_of(
    labels: NDArray[np.uint8], geometry: VolumeGeometry, organs: Mapping[str, int], lesions: tuple[Lesion, ...]
) -> Anatomy:
    """Anatomy with these organs; lesions carry the labels from `FIRST_LESION_LABEL` on and lie in the liver."""
    tissues = {name: (label,) for name, label in organs.items()}
    of_lesions = tuple(FIRST_LESION_LABEL + number for number in range(len(lesions)))
    tissues |= {lesion.name: (label,) for lesion, label in zip(lesions, of_lesions, strict=True)}
    surfaces = {
        name: voi_surface(np.isin(labels, (*own, *of_lesions) if name == "Liver" else own))
        for name, own in tissues.items()
    }
    return Anatomy(geometry, labels, surfaces, tissues, {"Liver": of_lesions} if lesions else {}, lesions)


def generator_of(plan: StudyPlan, purpose: str) -> np.random.Generator:
    """Random numbers of one purpose."""
    return np.random.default_rng([plan.seed, *purpose.encode()])
