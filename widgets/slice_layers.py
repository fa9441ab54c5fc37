"""CT and overlay of a slice view: what was sampled and coloured for one look serves the next one, too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from dosimetry_core.anatomical_plane import PlaneAxes
from widgets.display_scale import ColourScale, WindowLevel
from widgets.grey_slice import GreySlice
from widgets.slice_picture import Layer, PlaneSampling, overlay_pixels, pixel_image

_SLAB_TYPE = np.dtype(np.complex128)
"""Slices are read together where each voxel of a slice lies in another line of the memory, as many as share these 16
bytes: copied as one number each, that takes hardly longer than one slice."""


class SlicesOf:
    """Slices of one layer, one after the other.

    Another window, another zoom or another outline on the same slice samples nothing anew.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self._sampling_key: tuple[PlaneAxes, float] | None = None
        self._sampling: PlaneSampling | None = None
        self._at: int | None = None
        self._values: NDArray[Any] = np.zeros((0, 0))
        self._slab: tuple[int, NDArray[Any]] | None = None

    def values(self, axes: PlaneAxes, slice_index: int, *, least_step_mm: float) -> NDArray[Any]:
        """Values on a slice, as rows and columns of its picture; contiguous. See `PlaneSampling`."""
        sampling = self._sampling
        if sampling is None or self._sampling_key != (axes, least_step_mm):
            sampling = PlaneSampling.of(self.layer, axes, least_step_mm=least_step_mm)
            if not (sampling.on_grid and self._sampling is not None and self._sampling.axes is axes):
                # Only where sampled values depend on the zoom.
                self._at = self._slab = None
            self._sampling, self._sampling_key = sampling, (axes, least_step_mm)
        if slice_index != self._at:
            strided = sampling.on_grid and axes.normal == self.layer.volume.values.ndim - 1
            found = self._from_slab(axes, slice_index) if strided else sampling.values(slice_index)
            self._values, self._at = np.ascontiguousarray(found), slice_index
        return self._values

    def _from_slab(self, axes: PlaneAxes, slice_index: int) -> NDArray[Any]:
        values = self.layer.volume.values
        count = _SLAB_TYPE.itemsize // values.itemsize
        if values.shape[2] % count or not values.flags.c_contiguous:
            return axes.picture(values, slice_index)
        number = slice_index // count
        if self._slab is None or self._slab[0] != number:
            slab = np.ascontiguousarray(values.view(_SLAB_TYPE)[:, :, number])
            self._slab = number, slab.view(values.dtype).reshape(*values.shape[:2], count)
        return axes.picture(self._slab[1], slice_index - number * count)


class OverlayPictures:
    """Coloured pictures of an overlay; the last one is kept."""

    def __init__(self, layer: Layer) -> None:
        self.slices = SlicesOf(layer)
        self._key: tuple[object, ...] = ()
        self._seen = QImage()
        self._part = QRectF()

    def seen(
        self,
        axes: PlaneAxes,
        slice_index: int,
        scale: ColourScale,
        *,
        opacity: float,
        rising: bool,
        least_step_mm: float,
    ) -> tuple[QImage, QRectF]:
        """The overlay on a slice as far as it isn't clear, and that part of the picture (0 … 1)."""
        key = (axes, slice_index, least_step_mm, scale, opacity, rising)
        if key != self._key:
            values = self.slices.values(axes, slice_index, least_step_mm=least_step_mm)
            values = values.astype(np.float32, copy=False)
            self._seen, self._part = _not_clear(overlay_pixels(values, scale, opacity=opacity, rising=rising))
            self._key = key
        return self._seen, self._part


class SliceLayers:
    """The CT of a view and the overlay over it.

    Attributes
    ----------
    ct, overlay
        What is shown; None where there is none.
    """

    def __init__(self) -> None:
        self._ct: SlicesOf | None = None
        self._grey = GreySlice()
        self._overlay: OverlayPictures | None = None

    @property
    def ct(self) -> Layer | None:
        """The CT."""
        return self._ct.layer if self._ct is not None else None

    @ct.setter
    def ct(self, layer: Layer | None) -> None:
        self._ct = None if layer is None else SlicesOf(layer)

    @property
    def overlay(self) -> Layer | None:
        """The SPECT or dose map."""
        return self._overlay.slices.layer if self._overlay is not None else None

    @overlay.setter
    def overlay(self, layer: Layer | None) -> None:
        self._overlay = None if layer is None else OverlayPictures(layer)

    def paint_ct(
        self,
        painter: QPainter,
        target: QRectF,
        axes: PlaneAxes,
        slice_index: int,
        window: WindowLevel,
        least_step_mm: float,
    ) -> None:
        """Draw the CT into the rectangle of its grid."""
        if self._ct is not None:
            values = self._ct.values(axes, slice_index, least_step_mm=least_step_mm)
            self._grey.paint(painter, target, values, window)

    def paint_overlay(
        self,
        painter: QPainter,
        target: QRectF,
        axes: PlaneAxes,
        slice_index: int,
        scale: ColourScale,
        *,
        opacity: float,
        rising: bool,
        least_step_mm: float,
    ) -> None:
        """Draw the overlay into the rectangle of the grid."""
        if self._overlay is not None:
            image, part = self._overlay.seen(
                axes, slice_index, scale, opacity=opacity, rising=rising, least_step_mm=least_step_mm
            )
            if not image.isNull():
                painter.drawImage(_within(target, part), image)


def _not_clear(pixels: NDArray[np.uint32]) -> tuple[QImage, QRectF]:
    """What is to be seen of a picture, and that part of it (0 … 1): where uptake is low all is clear.

    A clear pixel around it stays, towards which the screen's smoothing fades as in the whole picture.
    """
    rows = np.flatnonzero(pixels.any(axis=1))
    if rows.size == 0:
        return QImage(), QRectF()
    height, width = pixels.shape
    columns = np.flatnonzero(pixels.any(axis=0))
    top, bottom = max(int(rows[0]) - 1, 0), min(int(rows[-1]) + 2, height)
    left, right = max(int(columns[0]) - 1, 0), min(int(columns[-1]) + 2, width)
    part = QRectF(left / width, top / height, (right - left) / width, (bottom - top) / height)
    return pixel_image(pixels[top:bottom, left:right]), part


def _within(target: QRectF, part: QRectF) -> QRectF:
    """Where a part (0 … 1) of a rectangle lies."""
    x, y = target.x() + part.x() * target.width(), target.y() + part.y() * target.height()
    return QRectF(x, y, part.width() * target.width(), part.height() * target.height())
