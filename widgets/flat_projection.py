"""Maximum-intensity projection from the front without OpenGL: its picture, and what lies behind a place on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from dosimetry_core.anatomical_plane import PlaneAxes
from widgets.display_scale import ColourScale, colour_table, map_positions
from widgets.slice_picture import Layer
from widgets.theme import DIMMED, font


class FlatProjection:
    """One picture per image and scale, kept until they change."""

    def __init__(self) -> None:
        self._layer: Layer | None = None
        self._scale: ColourScale | None = None
        self._picture: QImage | None = None
        self._place = QRectF()

    def show(self, layer: Layer | None, scale: ColourScale | None) -> None:
        """What is projected."""
        if layer is not self._layer or scale != self._scale:
            self._layer, self._scale, self._picture = layer, scale, None

    def paint(self, painter: QPainter, room: QRectF) -> None:
        """Draw it as large as it fits, with the letters of the sides."""
        if self._layer is None or self._scale is None:
            return
        if self._picture is None:
            self._picture = _picture(self._layer, self._scale)
        size = self._picture.size().scaled(room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        self._place = QRectF(0, 0, size.width(), size.height())
        self._place.moveCenter(room.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self._place, self._picture)
        painter.setFont(font(scale=0.92))
        painter.setPen(QColor(DIMMED))
        left, right, top, bottom = PlaneAxes.of(self._layer.volume.geometry, "coronal").letters()
        sides = (
            (left, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
            (right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
            (top, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop),
            (bottom, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom),
        )
        for letter, side in sides:
            painter.drawText(self._place.adjusted(3, 1, -3, -1), side, letter)

    def point_at(self, pixel: QPointF) -> NDArray[np.float64] | None:
        """The hottest place behind a pixel, in the reference frame; None beside the picture."""
        if self._layer is None or not self._place.contains(pixel):
            return None
        geometry = self._layer.volume.geometry
        axes = PlaneAxes.of(geometry, "coronal")
        across = (pixel.x() - self._place.left()) / self._place.width()
        down = (pixel.y() - self._place.top()) / self._place.height()
        index = [0, 0, 0]
        for axis, share, flipped in (
            (axes.horizontal, across, axes.horizontal_flipped),
            (axes.vertical, down, axes.vertical_flipped),
        ):
            count = geometry.shape[axis]
            number = min(int(share * count), count - 1)
            index[axis] = count - 1 - number if flipped else number
        line = tuple(slice(None) if axis == axes.normal else index[axis] for axis in range(3))
        index[axes.normal] = int(np.argmax(self._layer.volume.values[line]))
        point: NDArray[np.float64] = self._layer.from_reference.inverse().apply(geometry.index_to_point(index))
        return point


def _picture(layer: Layer, scale: ColourScale) -> QImage:
    axes = PlaneAxes.of(layer.volume.geometry, "coronal")
    depth = layer.volume.values.max(axis=axes.normal)
    depth = depth if axes.vertical < axes.horizontal else depth.T
    depth = depth[:: -1 if axes.vertical_flipped else 1, :: -1 if axes.horizontal_flipped else 1]
    colours = np.ascontiguousarray(colour_table("Inverted grey")[map_positions(depth.astype(np.float32), scale)])
    rows, columns = depth.shape
    image = QImage(colours.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    height_mm, width_mm = axes.size_mm[1], axes.size_mm[0]
    wide = QSize(columns * 3, round(columns * 3 * height_mm / width_mm))
    return image.scaled(wide, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
