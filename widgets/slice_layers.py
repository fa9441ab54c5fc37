"""CT and overlay of a slice view: what was sampled and coloured for one look serves the next one, too.

Slices may be made on another thread than the one that paints them; each is made once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
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
_KEPT = 2
"""The slice that is shown, and the one that comes next."""


@dataclass(frozen=True)
class OverlayLook:
    """How an overlay is coloured.

    Attributes
    ----------
    scale
        Limits and colour map.
    opacity
        Largest opacity, 0 … 1.
    rising
        Whether opacity rises with the value, over a CT.
    """

    scale: ColourScale
    opacity: float
    rising: bool


class SlicesOf:
    """Slices of one layer, one after the other.

    Another window, another zoom or another outline on the same slice samples nothing anew.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self._sampling_key: tuple[PlaneAxes, float] | None = None
        self._sampling: PlaneSampling | None = None
        self._values: dict[int, NDArray[Any]] = {}
        self._slabs: dict[int, NDArray[Any]] = {}
        self._lock = threading.Lock()

    def values(self, axes: PlaneAxes, slice_index: int, *, least_step_mm: float) -> NDArray[Any]:
        """Values on a slice, as rows and columns of its picture; contiguous. See `PlaneSampling`."""
        with self._lock:
            return self._locked_values(axes, slice_index, least_step_mm)

    def _locked_values(self, axes: PlaneAxes, slice_index: int, least_step_mm: float) -> NDArray[Any]:
        sampling = self._sampling
        if sampling is None or self._sampling_key != (axes, least_step_mm):
            sampling = PlaneSampling.of(self.layer, axes, least_step_mm=least_step_mm)
            if not (sampling.on_grid and self._sampling is not None and self._sampling.axes is axes):
                # Only where sampled values depend on the zoom.
                self._values.clear()
                self._slabs.clear()
            self._sampling, self._sampling_key = sampling, (axes, least_step_mm)
        if slice_index not in self._values:
            strided = sampling.on_grid and axes.normal == self.layer.volume.values.ndim - 1
            found = self._from_slab(axes, slice_index) if strided else sampling.values(slice_index)
            _keep(self._values, slice_index, np.ascontiguousarray(found))
        return self._values[slice_index]

    def _from_slab(self, axes: PlaneAxes, slice_index: int) -> NDArray[Any]:
        values = self.layer.volume.values
        count = _SLAB_TYPE.itemsize // values.itemsize
        if values.shape[2] % count or not values.flags.c_contiguous:
            return axes.picture(values, slice_index)
        number = slice_index // count
        if number not in self._slabs:
            slab = np.ascontiguousarray(values.view(_SLAB_TYPE)[:, :, number])
            _keep(self._slabs, number, slab.view(values.dtype).reshape(*values.shape[:2], count))
        return axes.picture(self._slabs[number], slice_index - number * count)


class OverlayPictures:
    """Coloured pictures of an overlay; the last ones are kept."""

    def __init__(self, layer: Layer) -> None:
        self.slices = SlicesOf(layer)
        self._seen: dict[tuple[object, ...], tuple[QImage, QRectF]] = {}
        self._lock = threading.Lock()

    def seen(
        self,
        axes: PlaneAxes,
        slice_index: int,
        look: OverlayLook,
        *,
        least_step_mm: float,
    ) -> tuple[QImage, QRectF]:
        """The overlay on a slice as far as it isn't clear, and that part of the picture (0 … 1)."""
        key = (axes, slice_index, least_step_mm, look)
        with self._lock:
            if key not in self._seen:
                values = self.slices.values(axes, slice_index, least_step_mm=least_step_mm)
                values = values.astype(np.float32, copy=False)
                _keep(
                    self._seen,
                    key,
                    _not_clear(overlay_pixels(values, look.scale, opacity=look.opacity, rising=look.rising)),
                )
            return self._seen[key]


def _keep(kept: dict[Any, Any], key: object, made: object) -> None:
    """Put something among the last that were made."""
    while len(kept) >= _KEPT:
        del kept[next(iter(kept))]
    kept[key] = made


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

    def make_ct(
        self, target: QRectF, axes: PlaneAxes, slice_index: int, window: WindowLevel, least_step_mm: float
    ) -> None:
        """Sample and colour the CT on a slice, so that it need not be done while painting."""
        if self._ct is not None:
            values = self._ct.values(axes, slice_index, least_step_mm=least_step_mm)
            self._grey.make(values, window, target.height())

    def make_overlay(
        self,
        axes: PlaneAxes,
        slice_index: int,
        look: OverlayLook,
        *,
        least_step_mm: float,
    ) -> None:
        """Sample and colour the overlay on a slice, so that it need not be done while painting."""
        if self._overlay is not None:
            self._overlay.seen(axes, slice_index, look, least_step_mm=least_step_mm)

    def paint_overlay(
        self,
        painter: QPainter,
        target: QRectF,
        axes: PlaneAxes,
        slice_index: int,
        look: OverlayLook,
        *,
        least_step_mm: float,
    ) -> None:
        """Draw the overlay into the rectangle of the grid."""
        if self._overlay is not None:
            image, part = self._overlay.seen(axes, slice_index, look, least_step_mm=least_step_mm)
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
