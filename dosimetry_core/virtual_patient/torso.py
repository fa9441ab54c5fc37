"""Everything of the torso that is not a VOI: wall, skeleton, chest, vessels, stomach and bowel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.virtual_patient.body import Body, spine_depth_mm
from dosimetry_core.virtual_patient.canvas import Box, Canvas, Tissue
from dosimetry_core.virtual_patient.seeding import Seed
from dosimetry_core.virtual_patient.shapes import Ellipsoid, Level, points_along

SOFT = (Tissue.FAT, Tissue.MUSCLE)
VERTEBRA_MM = 32.0
VERTEBRA_OFFSET_MM = 8.0
_PELVIC_BOWL = Ellipsoid((0.0, 6.0, -168.0), (122.0, 84.0, 92.0))


def paint_torso(canvas: Canvas, body: Body, seed: Seed, skin: Level, below_diaphragm: list[tuple[Level, Box]]) -> None:
    """Paint the whole torso; VOIs come afterwards.

    Parameters
    ----------
    skin
        Level of the skin on the whole canvas.
    below_diaphragm
        Levels of liver and spleen, with their boxes: the lungs end above them.
    """
    _paint_wall(canvas, body, skin)
    _paint_chest(canvas, body, skin, below_diaphragm)
    _paint_lung_vessels(canvas, seed)
    _paint_muscles(canvas)
    _paint_vessels(canvas)
    _paint_ribs(canvas, body, skin)
    _paint_spine(canvas, skin)
    _paint_pelvis(canvas)
    _paint_digestive_tract(canvas, body, seed)


def _paint_wall(canvas: Canvas, body: Body, skin: Level) -> None:
    inner = np.float32(-body.fat_mm)
    canvas.paint(Tissue.FAT, skin < 0, canvas.everywhere)
    canvas.paint(Tissue.MUSCLE, (skin < inner) & (skin > -body.wall_mm), canvas.everywhere)


def _paint_chest(canvas: Canvas, body: Body, skin: Level, below_diaphragm: list[tuple[Level, Box]]) -> None:
    box = canvas.box((-190, 190), (-125, 125), (25, 245))
    x, y, z = canvas.coordinates(box)
    below = np.full(canvas.labels.shape, np.inf, np.float32)
    for level, part in below_diaphragm:
        below[part] = np.minimum(below[part], level)
    below = np.minimum(below[box], Ellipsoid((0.0, -8.0, 12.0), (152.0, 96.0, 86.0)).level(x, y, z))
    below = np.minimum(below, body.stomach.level(x, y, z))
    cavity = skin[box] + np.float32(body.wall_mm)
    canvas.paint(Tissue.MUSCLE, (cavity < 0) & (below > 0) & (below <= 3.5), box)
    heart = Ellipsoid((20.0, -32.0, 128.0), (48.0, 42.0, 44.0), (0.0, 0.0, -30.0)).level(x, y, z)
    waist = 30 - 8 * np.cos((z - 150) / 40)
    mediastinum = np.sqrt(((x - 4) / waist) ** 2 + ((y + 8) / 66) ** 2) < 1
    thorax = (cavity < 0) & (below > 3.5)
    canvas.paint(Tissue.LUNG, thorax & (cavity < -2.5) & (heart > 3) & ~mediastinum & (z < 222), box)
    canvas.paint(Tissue.BLOOD, (heart < 0) & (cavity < -2) & (below > 3), box)


def _paint_lung_vessels(canvas: Canvas, seed: Seed) -> None:
    """Vessels that run from the hila to the periphery, thinning on the way."""
    generator = seed.generator("lung vessels")
    for side in (-1, 1):
        hilum = np.array([side * 34.0, 4.0, 146.0])
        for _ in range(26):
            direction = generator.normal(0, 1, 3) * (0.7, 0.8, 1.0) + (side * 0.9, 0.0, -0.1)
            tip = hilum + direction / np.linalg.norm(direction) * generator.uniform(45, 95)
            bend = (hilum + tip) / 2 + generator.normal(0, 7, 3)
            course = points_along([tuple(hilum), tuple(bend), tuple(tip)], 1.5)
            canvas.paint_tube(Tissue.BLOOD, course, np.linspace(3.8, 1.3, len(course)), (Tissue.LUNG,))


def _paint_muscles(canvas: Canvas) -> None:
    x, y, z = canvas.coordinates(canvas.everywhere)
    depth = spine_depth_mm(z)
    box = canvas.everywhere
    for side in (-1, 1):
        erector = ((x - side * 31) / 27) ** 2 + ((y - depth - 37) / 17) ** 2 < 1
        canvas.paint(Tissue.MUSCLE, erector & (z > -225) & (z < 205), box, over=SOFT)
        share = np.clip((10 - z) / 200, 0, 1)
        psoas = ((x - side * (28 + 24 * share)) / (9 + 14 * share)) ** 2 + (
            (y - depth - 2 + 26 * share) / (11 + 13 * share)
        ) ** 2 < 1
        canvas.paint(Tissue.MUSCLE, psoas & (z < 10) & (z > -228), box, over=SOFT)
    low = canvas.box((-190, 190), (-125, 125), (-230, -120))
    bowl = canvas.level(_PELVIC_BOWL.level, low)
    x, y, z = canvas.coordinates(low)
    skin = canvas.labels[low] == Tissue.MUSCLE
    gluteal = (bowl > 3) & (bowl < 34) & (np.abs(x) > 30) & (y > -40) & (z < -128)
    inner = canvas.labels[low] != Tissue.AIR
    near_skin = Ellipsoid((0.0, 0.0, -190.0), (158.0, 96.0, 150.0)).level(x, y, z) < 0
    canvas.paint(Tissue.MUSCLE, (gluteal & inner & near_skin) | skin, low)


def _paint_vessels(canvas: Canvas) -> None:
    z = np.arange(-112.0, 182.0, 2.5)
    depth = spine_depth_mm(z)
    aorta = np.stack([np.full_like(z, 7.0), depth - 27.0, z], axis=1)
    canvas.paint_tube(Tissue.BLOOD, aorta, np.full(len(z), 10.0), SOFT)
    low = z < 92
    cava = np.stack([np.full_like(z, -18.0), depth - 26.0, z], axis=1)[low]
    canvas.paint_tube(Tissue.BLOOD, cava, np.full(len(cava), 10.0), SOFT)
    for side in (-1, 1):
        iliac = points_along([(-4.0, 14.0, -108.0), (side * 32.0, 18.0, -150.0), (side * 58.0, -10.0, -215.0)], 3.0)
        canvas.paint_tube(Tissue.BLOOD, iliac, np.full(len(iliac), 6.5), SOFT)
    airway = points_along([(0.0, 14.0, 236.0), (0.0, 10.0, 190.0), (0.0, 6.0, 160.0)], 2.5)
    canvas.paint_tube(Tissue.GAS, airway, np.full(len(airway), 8.0), SOFT)
    for side in (-1, 1):
        bronchus = points_along([(0.0, 6.0, 160.0), (side * 30.0, 8.0, 140.0)], 2.5)
        canvas.paint_tube(Tissue.GAS, bronchus, np.full(len(bronchus), 5.5), SOFT)


def _paint_ribs(canvas: Canvas, body: Body, skin: Level) -> None:
    for number in range(11):
        back_z = 204.0 - 20.5 * number
        front = (-92.0, -92.0, -92.0, -92.0, -86.0, -78.0, -66.0, -50.0, -28.0, 10.0, 34.0)[number]
        box = canvas.box((-190, 190), (front, 110), (back_z - 0.42 * (60 - front) - 9, back_z + 22))
        x, y, z = canvas.coordinates(box)
        middle = back_z - 0.42 * (60 - y)
        wall = skin[box] + np.float32(body.wall_mm)
        rib = np.sqrt(((wall - 5.0) / 3.6) ** 2 + ((z - middle) / 6.2) ** 2)
        canvas.paint(Tissue.CORTICAL_BONE, (rib < 1) & (np.abs(x) > 14), box, over=SOFT)
        canvas.paint(Tissue.SPONGY_BONE, (rib < 0.58) & (np.abs(x) > 14), box, over=(Tissue.CORTICAL_BONE,))
        tip = canvas.box((-110, 110), (front - 40, front), (back_z - 0.42 * (60 - front) - 9, back_z + 14))
        if number < 7:
            x, y, z = canvas.coordinates(tip)
            middle = back_z - 0.42 * (60 - front) + 0.35 * (front - y)
            wall = skin[tip] + np.float32(body.wall_mm)
            costal = ((wall - 5.0) / 4.0) ** 2 + ((z - middle) / 6.5) ** 2 < 1
            canvas.paint(Tissue.CARTILAGE, costal, tip, over=SOFT)
    box = canvas.box((-17, 17), (-125, 0), (66, 184))
    wall = skin[box] + np.float32(body.wall_mm)
    canvas.paint(Tissue.CORTICAL_BONE, np.abs(wall - 6) < 6, box, over=(*SOFT, Tissue.CARTILAGE))
    canvas.paint(Tissue.SPONGY_BONE, np.abs(wall - 6) < 4, box, over=(Tissue.CORTICAL_BONE,))


def _paint_spine(canvas: Canvas, skin: Level) -> None:
    box = canvas.box((-40, 40), (0, 125), (-232, 226))
    x, y, z = canvas.coordinates(box)
    depth = spine_depth_mm(z)
    phase = (z - VERTEBRA_OFFSET_MM) / VERTEBRA_MM
    phase = np.abs(phase - np.rint(phase))
    size = np.interp(z, [-150, 0, 200], [1.06, 1.0, 0.82])
    body_ring = np.sqrt((x / (22.0 * size)) ** 2 + ((y - depth) / (16.5 * size)) ** 2) * (
        1 + 0.07 * np.cos(6.3 * phase)
    )
    canal = np.sqrt((x / 10.0) ** 2 + ((y - depth - 23 * size) / 8.5) ** 2)
    clear = skin[box] < -7
    disc = phase > 0.40
    behind = y > depth + 12
    arch = (canal < 1.5) & (phase < 0.36)
    spinous = (np.abs(x) < 3.6) & (y > depth + 30 * size) & (y < depth + 56 * size) & (phase < 0.20) & clear
    transverse = (np.abs(y - depth - 21) < 4.5) & (np.abs(x) < 35 * size) & (phase < 0.13)
    canvas.paint(Tissue.CORTICAL_BONE, (arch & behind) | spinous | transverse, box)
    canvas.paint(Tissue.SPONGY_BONE, (np.abs(x) < 2) & spinous, box)
    canvas.paint(Tissue.DISC, (body_ring < 1) & disc, box)
    canvas.paint(Tissue.CORTICAL_BONE, (body_ring < 1.04) & ~disc, box)
    canvas.paint(Tissue.SPONGY_BONE, (body_ring < 0.93) & (phase < 0.365), box)
    canvas.paint(Tissue.SPINAL_CANAL, canal < 1, box)


def _paint_pelvis(canvas: Canvas) -> None:
    box = canvas.box((-150, 150), (-70, 110), (-228, -112))
    x, y, z = canvas.coordinates(box)
    bowl = _PELVIC_BOWL.level(x, y, z)
    crest = -116.0 - ((y - 8) / 13.0) ** 2
    wing = (np.abs(bowl) < 6) & (np.abs(x) > 34) & (z < crest) & (y > -48 + (z + 228) * 0.12)
    canvas.paint(Tissue.CORTICAL_BONE, wing, box)
    canvas.paint(Tissue.SPONGY_BONE, wing & (np.abs(bowl) < 3.6) & (z < crest - 3), box)
    sacrum = Ellipsoid((0.0, 62.0, -186.0), (50.0, 19.0, 46.0), (-14.0, 0.0, 0.0)).level(x, y, z)
    canvas.paint(Tissue.CORTICAL_BONE, (sacrum < 0) & (z < -150), box)
    canvas.paint(Tissue.SPONGY_BONE, (sacrum < -2.5) & (z < -153), box)


def _lower_loops() -> NDArray[np.float64]:
    """Loops of ileum behind and below the others, without activity of their own."""
    return points_along(
        [
            (-70.0, -26.0, -150.0), (-30.0, -48.0, -158.0), (20.0, -40.0, -150.0), (64.0, -26.0, -140.0),
            (66.0, -50.0, -112.0), (76.0, -34.0, -80.0), (70.0, -10.0, -66.0), (56.0, -30.0, -100.0),
            (10.0, -56.0, -178.0), (-40.0, -30.0, -184.0), (-66.0, -10.0, -176.0),
        ],
        2.5,
    )  # fmt: skip


def _paint_digestive_tract(canvas: Canvas, body: Body, seed: Seed) -> None:
    generator = seed.generator("bowel")
    over = (*SOFT, Tissue.BOWEL, Tissue.ACTIVE_BOWEL)
    pancreas = points_along([(-30.0, -14.0, 8.0), (0.0, -24.0, 16.0), (40.0, 2.0, 30.0), (70.0, 24.0, 46.0)], 2.5)
    canvas.paint_tube(Tissue.PANCREAS, pancreas, np.linspace(13.0, 7.5, len(pancreas)), SOFT)
    loops = [
        (side * 58.0 * sign, -40.0 + 24.0 * float(np.sin(1.7 * row + side)), -44.0 - 23.0 * row + 6.0 * side)
        for row in range(5)
        for sign in ((1,) if row % 2 else (-1,))
        for side in (1.0, 0.35, -0.35, -1.0)
    ]
    small = points_along([(p[0] + generator.normal(0, 4), p[1], p[2] + generator.normal(0, 3)) for p in loops], 2.5)
    ileum = _lower_loops()
    canvas.paint_tube(Tissue.BOWEL, ileum, np.full(len(ileum), 12.0), SOFT)
    width = 12.5 + 1.5 * np.sin(np.arange(len(small)) * 0.35)
    active = (np.arange(len(small)) % 90) < 34
    canvas.paint_tube(Tissue.BOWEL, small, width, over)
    canvas.paint_tube(Tissue.ACTIVE_BOWEL, small[active], width[active] - 2.5, over)
    colon = points_along(
        [
            (-98.0, 8.0, -150.0), (-103.0, 12.0, -112.0), (-96.0, 16.0, -84.0), (-82.0, 2.0, -58.0),
            (-72.0, -6.0, -36.0), (-62.0, -36.0, -38.0), (-36.0, -66.0, -40.0), (6.0, -72.0, -48.0),
            (48.0, -68.0, -34.0),
            (78.0, -44.0, -8.0), (98.0, -8.0, 14.0), (105.0, 16.0, -14.0), (106.0, 20.0, -60.0),
            (102.0, 18.0, -120.0), (84.0, 6.0, -165.0), (46.0, -14.0, -186.0), (16.0, 14.0, -192.0),
            (4.0, 34.0, -212.0),
        ],
        2.5,
    )  # fmt: skip
    haustra = 16.5 + 2.6 * np.sin(np.arange(len(colon)) * 0.42) - 2.5 * (np.arange(len(colon)) > 0.55 * len(colon))
    canvas.paint_tube(Tissue.BOWEL, colon, haustra, over)
    ascending = np.arange(len(colon)) < 0.26 * len(colon)
    canvas.paint_tube(Tissue.ACTIVE_BOWEL, colon[ascending], haustra[ascending] - 1.5, over)
    gas = (np.arange(len(colon)) % 37 < 15) & ~ascending
    lifted = colon[gas] - np.array([0.0, 5.0, 0.0])
    canvas.paint_tube(Tissue.GAS, lifted, haustra[gas] - 8.0, over)
    duodenum = points_along(
        [
            (-14.0, -32.0, 24.0), (-38.0, -12.0, 14.0), (-47.0, 6.0, -10.0),
            (-45.0, 9.0, -46.0), (-8.0, 6.0, -60.0), (34.0, -8.0, -44.0),
        ],
        2.5,
    )  # fmt: skip
    canvas.paint_tube(Tissue.BOWEL, duodenum, np.full(len(duodenum), 12.5), (*over, Tissue.PANCREAS))
    canvas.paint_tube(Tissue.ACTIVE_BOWEL, duodenum, np.full(len(duodenum), 11.5), over)
    box = canvas.around(body.stomach.centre_mm, body.stomach.reach_mm())
    level = canvas.level(body.stomach.level, box)
    canvas.paint(Tissue.STOMACH, level < 0, box)
    y = canvas.coordinates(box)[1]
    canvas.paint(Tissue.GAS, (level < -5) & (y < body.stomach.centre_mm[1] - 12), box)
    bladder = Ellipsoid((-44.0, -56.0, 0.0), (14.0, 17.0, 27.0), (20.0, 0.0, 0.0))
    box = canvas.around(bladder.centre_mm, bladder.reach_mm())
    canvas.paint(Tissue.GALLBLADDER, canvas.level(bladder.level, box) < 0, box)
