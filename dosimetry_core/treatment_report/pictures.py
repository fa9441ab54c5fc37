"""Fused pictures for print: SPECT over CT in the planes through each VOI, with outlines drawn as lines."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Final, Literal, cast

import contourpy
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from dosimetry_core.case import Case, Cycle
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import TimePoint
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.treatment_report.values import FusedPicture
from dosimetry_core.voi import FULL_COVERAGE, Role, Voi
from dosimetry_core.volume import Volume

Plane = Literal["axial", "coronal"]
Floats = NDArray[np.float64]

PICTURED: Final[tuple[Role, ...]] = (
    "kidney_left",
    "kidney_right",
    "kidneys",
    "lesion",
    "liver",
    "spleen",
    "red_marrow",
)
"""Roles of VOIs that get pictures: those whose outline decides a dose."""
PIXELS: Final = 176
_LEAST_SIDE_MM: Final = 150.0
_MARGIN: Final = 1.3
_BAR_MM: Final = 50.0
_CT_WINDOW_HU: Final = (-160.0, 240.0)
_LARGEST_SHARE: Final = 0.62
_FULL_AT: Final = 0.995
_PLANES: Final[tuple[Plane, ...]] = ("axial", "coronal")
_OWN, _OTHER = "#00e5ff", "#ffffff"
_LETTERS: Final[dict[Plane, tuple[str, str, str, str]]] = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "H", "F"),
}


def fused_pictures(case: Case, *, progress: Progress = no_progress) -> tuple[FusedPicture, ...]:
    """An axial and a coronal picture of every VOI of every cycle, on the scan on which it was drawn.

    VOIs of the whole body, the remainder, background and other regions get none, nor do empty ones.
    """
    pictures: list[FusedPicture] = []
    drawn = [(cycle, voi) for cycle in case.cycles if cycle.time_points for voi in _pictured(cycle.vois)]
    for number, (cycle, voi) in enumerate(drawn):
        progress(number / len(drawn), f"Picture of {voi.name}, cycle {cycle.number}")
        pictures += [_picture(cycle, voi, plane) for plane in _PLANES]
    return tuple(pictures)


def cycle_pictures(cycle: Cycle) -> tuple[FusedPicture, ...]:
    """An axial and a coronal picture of every VOI of one cycle, as `fused_pictures`; none without images."""
    if not cycle.time_points:
        return ()
    return tuple(_picture(cycle, voi, plane) for voi in _pictured(cycle.vois) for plane in _PLANES)


def _pictured(vois: Sequence[Voi]) -> list[Voi]:
    found = [voi for voi in vois if voi.role in PICTURED and not voi.mask.is_empty]
    return sorted(found, key=lambda voi: (PICTURED.index(voi.role), voi.name))


def _picture(cycle: Cycle, voi: Voi, plane: Plane) -> FusedPicture:
    point = cycle.time_points[cycle.reference_time_point]
    points, position_mm, side_mm = _plane_points(voi, plane)
    image = _fused(point, points)
    lines = [_outline(other, points, own=other is voi) for other in sorted(cycle.vois, key=lambda v: v is voi)]
    size = PIXELS
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{size}" height="{size}" viewBox="0 0 {size} {size}">'
        f'<image width="{size}" height="{size}" xlink:href="data:image/png;base64,{_png(image)}"/>'
        f"{''.join(lines)}</svg>"
    )
    start = point.spect.acquisition_start - cycle.administrations[0].time_zero
    return FusedPicture(
        cycle.number,
        voi.name,
        plane,
        position_mm,
        start.total_seconds(),
        _LETTERS[plane],
        svg,
        _BAR_MM / side_mm,
        _BAR_MM,
    )


def _plane_points(voi: Voi, plane: Plane) -> tuple[Floats, float, float]:
    """Patient points of the pixels, shape (row, column, 3); where the plane lies in mm; the picture's side in mm.

    The plane lies where the VOI covers most of a layer of its grid: of that axis which the plane is most across.
    """
    mask = voi.mask
    across, normal = ((0, 1), 2) if plane == "axial" else ((0, 2), 1)
    axis = int(np.argmax(np.abs(mask.geometry.directions[normal])))
    areas = mask.coverage.sum(axis=tuple(a for a in range(3) if a != axis), dtype=np.int64)
    centre = mask.geometry.point_to_index(mask.centroid_mm())
    index = np.array(centre, dtype=np.float64)
    index[axis] = mask.start[axis] + _fullest(areas, float(centre[axis]) - mask.start[axis])
    middle = mask.geometry.index_to_point(index)
    corners = np.array(
        [[mask.start[a] + (mask.coverage.shape[a] if k >> a & 1 else 0) for a in range(3)] for k in range(8)]
    )
    extent = np.ptp(mask.geometry.index_to_point(corners.astype(np.float64)), axis=0)
    side = max(_LEAST_SIDE_MM, _MARGIN * float(max(extent[a] for a in across)))
    steps = (np.arange(PIXELS) + 0.5) / PIXELS * side - side / 2
    points = np.empty((PIXELS, PIXELS, 3))
    points[...] = middle
    points[..., across[0]] += steps[None, :]
    # Downwards is to the back in an axial picture, and to the feet in a coronal one.
    points[..., across[1]] += (steps if plane == "axial" else -steps)[:, None]
    return points, float(middle[normal]), side


def _fullest(areas: NDArray[np.int64], middle: float) -> int:
    """The layer of the largest area; of several such the one nearest the middle."""
    largest = np.flatnonzero(areas == areas.max())
    return int(largest[np.argmin(np.abs(largest - middle))])


def _fused(point: TimePoint, points: Floats) -> NDArray[np.uint8]:
    spect = _sampled(point.spect.volume, points, point.registration.transform, 0.0)
    highest = float(np.quantile(spect, _FULL_AT))
    part = np.clip(spect / highest, 0.0, 1.0) if highest > 0 else np.zeros_like(spect)
    if point.ct is None:
        grey = np.zeros_like(part)
    else:
        low, high = _CT_WINDOW_HU
        hounsfield = _sampled(point.ct.volume, points, point.registration.transform, low)
        grey = np.clip((hounsfield - low) / (high - low), 0.0, 1.0)
    hot = np.stack([np.clip(3 * part - step, 0.0, 1.0) for step in (0, 1, 2)], axis=-1)
    share = (np.sqrt(part) * _LARGEST_SHARE)[..., None]
    return np.rint((grey[..., None] * (1 - share) + hot * share) * 255).astype(np.uint8)


def _sampled(volume: Volume, points: Floats, transform: RigidTransform, outside: float) -> Floats:
    index = volume.geometry.point_to_index(transform.apply(points.reshape(-1, 3)))
    values = map_coordinates(
        np.asarray(volume.values, dtype=np.float32), index.T, order=1, mode="constant", cval=outside, prefilter=False
    )
    result: Floats = np.asarray(values, dtype=np.float64).reshape(points.shape[:2])
    return result


def _outline(voi: Voi, points: Floats, *, own: bool) -> str:
    """A VOI's outline in the plane as a path of SVG, where half of a voxel is covered; empty if it is not there."""
    if voi.mask.is_empty:
        return ""
    index = voi.mask.geometry.point_to_index(points.reshape(-1, 3)) - np.array(voi.mask.start)
    inside = np.all((index > -1) & (index < voi.mask.coverage.shape), axis=1)
    if not inside.any():
        return ""
    coverage = voi.mask.coverage.astype(np.float32) / FULL_COVERAGE
    covered = np.asarray(map_coordinates(coverage, index.T, order=1, mode="grid-constant", cval=0.0))
    generator = contourpy.contour_generator(z=covered.reshape(points.shape[:2]), line_type=contourpy.LineType.Separate)
    paths = [
        "M" + "L".join(f"{x + 0.5:.1f} {y + 0.5:.1f}" for x, y in line)
        for line in cast(list[Floats], generator.lines(0.5))
        if len(line) > 2
    ]
    if not paths:
        return ""
    stroke, width = (_OWN, 1.3) if own else (_OTHER, 0.6)
    return f'<path d="{"".join(paths)}" fill="none" stroke="{stroke}" stroke-width="{width}"/>'


def _png(image: NDArray[np.uint8]) -> str:
    """Base64 of a PNG file of red, green and blue bytes, shape (row, column, 3)."""
    rows, columns, _ = image.shape
    lines = b"".join(b"\x00" + row.tobytes() for row in image)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return base64.b64encode(content).decode("ascii")
