"""Outlines of VOIs on the slices of one plane; each is made once and kept while its VOI stays as it is.

They may be made on another thread than the one that paints them.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QTransform

from dosimetry_core.anatomical_plane import PlaneAxes
from dosimetry_core.voi import VoiMask
from widgets.fine_lines import draw_outline
from widgets.voi_shown import VoiShown, outline_path

_RIM, _RIM_ON_WHITE = QColor(0, 0, 0, 120), QColor(0, 0, 0, 200)
_RIM_WIDTH, _ACTIVE_WIDTH, _LINE_WIDTH = 3.4, 2.0, 1.4
# Of a pen's width, from its line to the outermost corner.
_LONGEST_MITRE = 2.0


class VoiOutlines:
    """The VOIs shown on a plane, and their outlines on the slices seen so far."""

    def __init__(self) -> None:
        self.vois: tuple[VoiShown, ...] = ()
        self._paths: dict[tuple[VoiMask, PlaneAxes, int], QPainterPath] = {}
        self._lock = threading.Lock()

    def show(self, vois: Sequence[VoiShown]) -> bool:
        """Other VOIs; those with the same mask keep their outlines. Returns whether any looks different."""
        before = [voi.looks for voi in self.vois]
        self.vois = tuple(vois)
        if [voi.looks for voi in self.vois] == before:
            return False
        kept = {voi.mask for voi in self.vois}
        with self._lock:
            self._paths = {key: path for key, path in self._paths.items() if key[0] in kept}
        return True

    def forget(self) -> None:
        """The grid is another one."""
        with self._lock:
            self._paths.clear()

    def colour(self, voi_id: str | None) -> str:
        """Colour of a VOI, white where there is none."""
        return next((voi.colour for voi in self.vois if voi.voi_id == voi_id), "#ffffff")

    def path(self, mask: VoiMask, axes: PlaneAxes, slice_index: int) -> QPainterPath:
        """Outline of a mask on a slice, in (u, v) mm of its picture."""
        key = (mask, axes, slice_index)
        with self._lock:
            if key not in self._paths:
                self._paths[key] = outline_path(mask, axes, slice_index)
            return self._paths[key]

    def make(self, axes: PlaneAxes, slice_index: int) -> None:
        """Make the outlines on a slice, so that it need not be done while painting."""
        for voi in self.vois:
            if voi.visible:
                self.path(voi.mask, axes, slice_index)

    def split(self, active: str | None) -> tuple[tuple[VoiShown, ...], tuple[VoiShown, ...]]:
        """All VOIs but the active one, and the active one."""
        others = tuple(voi for voi in self.vois if voi.voi_id != active)
        return others, tuple(voi for voi in self.vois if voi.voi_id == active)

    def bounds(self, axes: PlaneAxes, slice_index: int, to_pixels: QTransform, vois: Sequence[VoiShown]) -> QRect:
        """Pixels that the outlines of some VOIs on a slice take, their pens included; empty where there are none."""
        found = QRectF()
        for voi in vois:
            if voi.visible:
                found = found.united(to_pixels.mapRect(self.path(voi.mask, axes, slice_index).boundingRect()))
        reach = _RIM_WIDTH * _LONGEST_MITRE
        return QRect() if found.isEmpty() else found.adjusted(-reach, -reach, reach, reach).toAlignedRect()

    def paint(
        self,
        painter: QPainter,
        axes: PlaneAxes,
        slice_index: int,
        to_pixels: QTransform,
        active: str | None,
        vois: Sequence[VoiShown],
        *,
        on_white: bool = False,
    ) -> None:
        """Draw the outlines of some VOIs on a slice, that of the active one heavier; on white all with a dark rim."""
        painter.save()
        painter.setTransform(to_pixels, combine=True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for voi in vois:
            path = self.path(voi.mask, axes, slice_index) if voi.visible else QPainterPath()
            if path.isEmpty():
                continue
            is_active = voi.voi_id == active
            if is_active or on_white:
                draw_outline(painter, path, _RIM_ON_WHITE if on_white else _RIM, _RIM_WIDTH)
            draw_outline(painter, path, QColor(voi.colour), _ACTIVE_WIDTH if is_active else _LINE_WIDTH, voi.dash)
        painter.restore()
