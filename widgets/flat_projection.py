"""Maximum-intensity projection of an image from any side of the patient: its picture, and what lies behind a place."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from scipy import sparse

from dosimetry_core.anatomical_plane import PlaneAxes, direction_letters
from widgets.display_scale import ColourScale, colour_table, map_positions
from widgets.ray_maximum import hottest_on_ray
from widgets.slice_picture import Layer
from widgets.theme import DIMMED, font

TURN_DEG = 5
"""Projections are made from every so many degrees, as in the cine display of nuclear medicine."""
COLOURS = "Inverted grey"


class FlatProjection:
    """One picture per side, kept until image or scale change.

    The patient is turned about the image axis nearest to his own; at 0 he is seen from the front, at 90 from his left.
    """

    def __init__(self) -> None:
        self._layer: Layer | None = None
        self._scale: ColourScale | None = None
        self._turns = 0
        self._maxima: dict[int, NDArray[np.float32]] = {}
        self._pictures: dict[int, QImage] = {}
        self._place = QRectF()

    @property
    def angle_deg(self) -> int:
        """From where it is seen."""
        return self._turns * TURN_DEG

    def show(self, layer: Layer | None, scale: ColourScale | None) -> None:
        """What is projected."""
        if layer is not self._layer:
            self._layer, self._maxima, self._pictures = layer, {}, {}
        if scale != self._scale:
            self._scale, self._pictures = scale, {}

    def turn_to(self, angle_deg: int) -> None:
        """From where it is seen: the nearest of the sides there are."""
        self._turns = round(angle_deg / TURN_DEG) % (360 // TURN_DEG)

    def letters(self) -> tuple[str, str, str, str]:
        """Orientation letters: left, right, top, bottom."""
        if self._layer is None:
            return ("", "", "", "")
        right, _away, down = self._screen()
        return direction_letters(-right), direction_letters(right), direction_letters(-down), direction_letters(down)

    def paint(self, painter: QPainter, room: QRectF, *, with_letters: bool = True) -> None:
        """Draw it as large as it fits, with the letters of the sides."""
        if self._layer is None or self._scale is None:
            return
        picture = self._picture(self._layer, self._scale)
        width, height = self.size_mm()
        # The corners of the image, seen only from oblique sides, may lie beyond a narrow room.
        scale = min(room.width() / _broadest_mm(self._layer), room.height() / height)
        self._place = QRectF(0, 0, width * scale, height * scale)
        self._place.moveCenter(room.center())
        painter.save()
        painter.setClipRect(room)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self._place, picture)
        painter.restore()
        if not with_letters:
            return
        painter.setFont(font(scale=0.92))
        painter.setPen(QColor(DIMMED))
        sides = (
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop,
            Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom,
        )
        for letter, side in zip(self.letters(), sides, strict=True):
            painter.drawText(self._place.intersected(room).adjusted(3, 1, -3, -1), side, letter)

    def size_mm(self) -> tuple[float, float]:
        """Width and height of the picture; the same from every side."""
        if self._layer is None:
            raise ValueError("there is no image")
        width, _depth, height = _extent_mm(self._layer)
        return width, height

    def pixels_per_mm(self) -> float:
        """Magnification when it was painted last."""
        return self._place.width() / self.size_mm()[0] if self._layer is not None else 1.0

    def pixel_of(self, point_mm: ArrayLike) -> QPointF:
        """Where a point of the reference frame is seen, as painted last."""
        if self._layer is None:
            raise ValueError("there is no image")
        right, _away, down = self._screen()
        away_from_middle = self._layer.from_reference.apply(point_mm) - self._layer.volume.geometry.centre_mm()
        scale = self.pixels_per_mm()
        middle = self._place.center()
        return QPointF(
            middle.x() + float(away_from_middle @ right) * scale, middle.y() + float(away_from_middle @ down) * scale
        )

    def point_at(self, pixel: QPointF) -> NDArray[np.float64] | None:
        """The hottest place behind a pixel, in the reference frame; None beside the picture, or where nothing is."""
        if self._layer is None or not self._place.contains(pixel):
            return None
        right, away, down = self._screen()
        offset = (pixel - self._place.center()) / self.pixels_per_mm()
        before = self._layer.volume.geometry.centre_mm() + offset.x() * right + offset.y() * down
        # Well before the patient, so that the line of sight goes through all of him.
        before = before - sum(_extent_mm(self._layer)) * away
        to_reference = self._layer.from_reference.inverse()
        found = hottest_on_ray(self._layer, to_reference.apply(before), to_reference.rotation @ away)
        return None if found is None or found[1] <= 0 else found[0]

    def _screen(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Unit vectors of the image's frame: to the right on the screen, away from the eye, and downwards."""
        assert self._layer is not None
        left, back, down = _patient_axes(self._layer)
        turn = np.deg2rad(self.angle_deg)
        return np.cos(turn) * left + np.sin(turn) * back, np.cos(turn) * back - np.sin(turn) * left, down

    def _picture(self, layer: Layer, scale: ColourScale) -> QImage:
        picture = self._pictures.get(self._turns)
        if picture is None:
            maxima = self._maxima.get(self._turns)
            if maxima is None:
                maxima = self._maxima[self._turns] = projected(layer, self.angle_deg)
            colours = np.ascontiguousarray(colour_table(COLOURS)[map_positions(maxima, scale)])
            rows, columns = maxima.shape
            picture = QImage(colours.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
            self._pictures[self._turns] = picture
        return picture


def projected(layer: Layer, angle_deg: float) -> NDArray[np.float32]:
    """Largest value on each line of sight, shape (row, column), rows downwards.

    Values between voxels are interpolated linearly across the patient; outside the image there is nothing.
    """
    axes, values = _as_seen(layer)
    rows, depth, columns = values.shape
    back_mm, left_mm = axes.geometry.spacing_mm[axes.normal], axes.spacing_mm[1]
    step, samples = _samples(layer)
    turn = np.deg2rad(angle_deg)
    along = (np.arange(samples) - (samples - 1) / 2) * step
    across, away = along[:, None], along[None, :]
    left = (np.cos(turn) * across - np.sin(turn) * away) / left_mm + (columns - 1) / 2
    back = (np.sin(turn) * across + np.cos(turn) * away) / back_mm + (depth - 1) / 2
    between = _interpolation(back.ravel(), left.ravel(), depth, columns)
    sampled = between @ values.reshape(rows, -1).T
    return np.ascontiguousarray(sampled.reshape(samples, samples, rows).max(axis=1).T)


def _interpolation(back: NDArray[np.float64], left: NDArray[np.float64], depth: int, columns: int) -> sparse.csr_array:
    """Weights (place, voxel of a row) of linear interpolation, nothing for voxels that are not there."""
    k, i = np.floor(back).astype(np.int64), np.floor(left).astype(np.int64)
    places = np.arange(back.size)
    parts = []
    for dk, weight_k in ((0, 1 - (back - k)), (1, back - k)):
        for di, weight_i in ((0, 1 - (left - i)), (1, left - i)):
            there = (k + dk >= 0) & (k + dk < depth) & (i + di >= 0) & (i + di < columns)
            voxel = (k[there] + dk) * columns + i[there] + di
            parts.append((places[there], voxel, (weight_k * weight_i)[there].astype(np.float32)))
    rows, voxels, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sparse.csr_array((weights, (rows, voxels)), shape=(back.size, depth * columns))


def _as_seen(layer: Layer) -> tuple[PlaneAxes, NDArray[np.float32]]:
    """Values with the axes downwards, to the patient's back and to his left."""
    axes = PlaneAxes.of(layer.volume.geometry, "coronal")
    values = np.transpose(layer.volume.values, (axes.vertical, axes.normal, axes.horizontal))
    flipped = (axes.vertical_flipped, axes.geometry.directions[1, axes.normal] < 0, axes.horizontal_flipped)
    values = values[tuple(slice(None, None, -1 if flip else 1) for flip in flipped)]
    return axes, np.ascontiguousarray(values, dtype=np.float32)


def _patient_axes(layer: Layer) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors along the image's axes to the patient's left, to his back, and downwards."""
    axes = PlaneAxes.of(layer.volume.geometry, "coronal")
    directions = axes.geometry.directions
    back = directions[:, axes.normal]
    return (
        directions[:, axes.horizontal] * (-1 if axes.horizontal_flipped else 1),
        back if back[1] > 0 else -back,
        directions[:, axes.vertical] * (-1 if axes.vertical_flipped else 1),
    )


def _samples(layer: Layer) -> tuple[float, int]:
    """Distance of lines of sight in mm, and how many there are beside each other and on each."""
    axes = PlaneAxes.of(layer.volume.geometry, "coronal")
    geometry = axes.geometry
    step = min(geometry.spacing_mm[axes.normal], axes.spacing_mm[1])
    depth, width = (geometry.shape[axis] * geometry.spacing_mm[axis] for axis in (axes.normal, axes.horizontal))
    samples = math.ceil(math.hypot(depth, width) / step)
    # From the front, voxels are met in their middles.
    return step, samples + (samples - geometry.shape[axes.horizontal]) % 2


def _broadest_mm(layer: Layer) -> float:
    """The longer side of the image across the patient."""
    axes = PlaneAxes.of(layer.volume.geometry, "coronal")
    geometry = axes.geometry
    return max(geometry.shape[axis] * geometry.spacing_mm[axis] for axis in (axes.normal, axes.horizontal))


def _extent_mm(layer: Layer) -> tuple[float, float, float]:
    """Width, depth and height of what is projected."""
    axes = PlaneAxes.of(layer.volume.geometry, "coronal")
    step, samples = _samples(layer)
    return samples * step, samples * step, axes.size_mm[1]
