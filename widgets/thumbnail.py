"""Small fused picture of one slice, for the time strip."""

from __future__ import annotations

from numpy.typing import ArrayLike
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from dosimetry_core.anatomical_plane import Plane, PlaneAxes
from dosimetry_core.geometry import VolumeGeometry
from widgets.display_scale import ColourScale, WindowLevel
from widgets.slice_picture import Layer, overlay_image, paint_ct, plane_values
from widgets.theme import IMAGE_BACKGROUND


def fused_thumbnail(
    ct: Layer | None,
    spect: Layer | None,
    geometry: VolumeGeometry,
    plane: Plane,
    point_mm: ArrayLike,
    window: WindowLevel,
    scale: ColourScale | None,
    size_px: tuple[int, int],
) -> QImage:
    """Picture of the slice of a grid through a patient point, fitted into ``size_px`` (width, height)."""
    axes = PlaneAxes.of(geometry, plane)
    width, height = size_px
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(IMAGE_BACKGROUND))
    magnification = min(width / axes.size_mm[0], height / axes.size_mm[1])
    shown = QRectF(0, 0, axes.size_mm[0] * magnification, axes.size_mm[1] * magnification)
    shown.moveCenter(QRectF(0, 0, width, height).center())
    step = 1.0 / magnification
    index = axes.nearest_slice(point_mm)
    painter = QPainter(image)
    try:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if ct is not None:
            paint_ct(painter, shown, plane_values(ct, axes, index, least_step_mm=step), window)
        if spect is not None and scale is not None:
            values = plane_values(spect, axes, index, least_step_mm=step).astype("float32", copy=False)
            painter.drawImage(shown, overlay_image(values, scale, opacity=0.9, rising=ct is not None))
    finally:
        painter.end()
    return image
