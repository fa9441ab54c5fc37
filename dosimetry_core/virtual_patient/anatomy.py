"""The voxelised anatomy: which tissue fills each 1.25 mm voxel of the torso, and the smooth surfaces of the VOIs.

The voxels are the truth: volumes, masses and where activity sits are counted from them. The smooth levels of the VOIs
(the same surfaces, not cut into voxels) give the outlines that a physicist would draw on CT.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.frozen import read_only
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.virtual_patient.body import Body, Lesion
from dosimetry_core.virtual_patient.canvas import (
    KIDNEY_LEFT_TISSUES,
    KIDNEY_RIGHT_TISSUES,
    Box,
    Canvas,
    Tissue,
)
from dosimetry_core.virtual_patient.seeding import Seed
from dosimetry_core.virtual_patient.shapes import Kidney, Level
from dosimetry_core.virtual_patient.torso import paint_torso

CORTEX_MM = 7.0
"""Thickness of the renal cortex."""
PERIRENAL_FAT_MM = 1.5
"""Fat left between a kidney and the bowel that touches it."""
MARGIN_MM = 4.0
"""How far the stored levels reach beyond a VOI."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Smooth surface of a VOI: level in mm, negative inside, on a box of the body grid."""

    start: tuple[int, int, int]
    level_mm: Level


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The individual in voxels.

    Parameters
    ----------
    geometry
        Body grid.
    labels
        Tissue of each voxel, shape of the grid; lesions included, each with its own label.
    surfaces
        VOI name → smooth surface. The liver's contains its lesions.
    tissues
        VOI name → labels that make it up; the liver's are without its lesions.
    enclosed
        VOI name → labels of lesions inside it.
    lesions
        As they are in this cycle.
    """

    geometry: VolumeGeometry
    labels: NDArray[np.uint8]
    surfaces: dict[str, Surface]
    tissues: dict[str, tuple[int, ...]]
    enclosed: dict[str, tuple[int, ...]]
    lesions: tuple[Lesion, ...]

    def volume_ml(self, tissues: tuple[int, ...]) -> float:
        """Volume of the voxels with these labels."""
        return float(sum(self._voxels_by_label[label] for label in tissues)) * self.geometry.voxel_volume_ml

    @functools.cached_property
    def _voxels_by_label(self) -> NDArray[np.int64]:
        return np.bincount(self.labels.ravel(), minlength=256)


def _surface(level: Level, box: Box) -> tuple[Surface, Box]:
    """A level known on a box, cropped to where it is nearly inside, with the cropped box."""
    near = level < MARGIN_MM
    spans = []
    for axis, part in enumerate(box):
        hit = np.flatnonzero(near.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append((int(hit[0]), int(hit[-1]) + 1, part.start))
    crop = tuple(slice(low, high) for low, high, _ in spans)
    start = tuple(begin + low for low, _, begin in spans)
    cropped = read_only(np.ascontiguousarray(level[crop]))
    whole = tuple(slice(s, s + n) for s, n in zip(start, cropped.shape, strict=True))
    return Surface((start[0], start[1], start[2]), cropped), (whole[0], whole[1], whole[2])


def _paint_kidney(canvas: Canvas, kidney: Kidney, tissues: tuple[Tissue, Tissue], pelvis: Tissue) -> Surface:
    box = canvas.around(kidney.centre_mm, kidney.reach_mm())
    u, v, w = kidney.own_axes(*canvas.coordinates(box))
    bean, sinus = kidney.bean_level(u, v, w), kidney.sinus_level(u, v, w)
    canvas.paint(Tissue.FAT, bean < PERIRENAL_FAT_MM, box)
    canvas.paint(Tissue.FAT, (sinus < 0) & (bean < 4), box)
    canvas.paint(pelvis, kidney.pelvis_level(u, v, w) < 0, box)
    surface, cropped = _surface(canvas.level(kidney.parenchyma_level, box), box)
    inside = surface.level_mm < 0
    canvas.paint(tissues[0], inside, cropped)
    u, v, w = kidney.own_axes(*canvas.coordinates(cropped))
    columns = np.cos(7 * np.arctan2(w, u + np.float32(6)))
    pyramids = inside & (kidney.bean_level(u, v, w) < -CORTEX_MM) & (columns > -0.55)
    canvas.paint(tissues[1], pyramids, cropped)
    return surface


def voxelise(body: Body, seed: Seed) -> Anatomy:
    """The individual without lesions; `with_lesions` adds those of a cycle."""
    canvas = Canvas()
    skin = canvas.level(body.skin_level, canvas.everywhere)
    surfaces: dict[str, Surface] = {}
    boxes: dict[str, Box] = {}
    box = canvas.box((-165, 105), (-115, 105), (-88, 142))
    surfaces["Liver"], boxes["Liver"] = _surface(body.liver_level(*canvas.coordinates(box), skin[box]), box)
    box = canvas.box((40, 160), (-30, 110), (5, 135))
    surfaces["Spleen"], boxes["Spleen"] = _surface(body.spleen_level(*canvas.coordinates(box), skin[box]), box)
    paint_torso(canvas, body, seed, skin, [(surfaces[name].level_mm, boxes[name]) for name in boxes])
    for name, tissue in (("Liver", Tissue.LIVER), ("Spleen", Tissue.SPLEEN)):
        canvas.paint(tissue, surfaces[name].level_mm < 0, boxes[name])
    surfaces["Kidney L"] = _paint_kidney(
        canvas, body.kidney_left, (Tissue.CORTEX_LEFT, Tissue.MEDULLA_LEFT), Tissue.PELVIS_LEFT
    )
    surfaces["Kidney R"] = _paint_kidney(
        canvas, body.kidney_right, (Tissue.CORTEX_RIGHT, Tissue.MEDULLA_RIGHT), Tissue.PELVIS_RIGHT
    )
    tissues: dict[str, tuple[int, ...]] = {
        "Kidney L": tuple(int(t) for t in KIDNEY_LEFT_TISSUES),
        "Kidney R": tuple(int(t) for t in KIDNEY_RIGHT_TISSUES),
        "Liver": (int(Tissue.LIVER),),
        "Spleen": (int(Tissue.SPLEEN),),
    }
    ordered = {name: surfaces[name] for name in tissues}
    return Anatomy(canvas.geometry, read_only(canvas.labels), ordered, tissues, {}, ())


def with_lesions(anatomy: Anatomy, lesions: tuple[Lesion, ...]) -> Anatomy:
    """The same individual with these lesions painted in."""
    canvas = Canvas()
    canvas.labels = anatomy.labels.copy()
    surfaces, tissues = dict(anatomy.surfaces), dict(anatomy.tissues)
    in_liver: list[int] = []
    for number, lesion in enumerate(lesions):
        box = canvas.around(lesion.shape.centre_mm, lesion.shape.reach_mm() + MARGIN_MM)
        surface, cropped = _surface(canvas.level(lesion.shape.level, box), box)
        label = int(Tissue.LESION) + number
        canvas.paint(label, surface.level_mm < 0, cropped)
        surfaces[lesion.name], tissues[lesion.name] = surface, (label,)
        if lesion.site == "liver":
            in_liver.append(label)
    enclosed = {"Liver": tuple(in_liver)} if in_liver else {}
    return Anatomy(anatomy.geometry, read_only(canvas.labels), surfaces, tissues, enclosed, lesions)
