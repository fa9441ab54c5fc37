"""Picture of one plane of the patient: CT with SPECT over it, VOI outlines, linked cursor and texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QTransform
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from dosimetry_core.anatomical_plane import Plane, PlaneAxes
from dosimetry_core.geometry import VolumeGeometry
from widgets.annotation_layout import LEAST_HEIGHT, LEAST_WIDTH
from widgets.crosshair import Crosshair
from widgets.display_scale import CT_PRESETS, ColourScale, Fusion, WindowLevel
from widgets.framing import Framing
from widgets.kept_base import BaseParts, KeptBase
from widgets.slice_ahead import SliceAhead
from widgets.slice_annotation import (
    SliceAnnotation,
    SliceCorner,
    SliceTexts,
    is_on_white,
    limit_text,
    position_text,
    window_text,
)
from widgets.slice_layers import OverlayLook, SliceLayers
from widgets.slice_picture import Layer
from widgets.theme import ACCENT, IMAGE_BACKGROUND, font
from widgets.voi_outlines import VoiOutlines
from widgets.voi_shown import VoiShown

_AXIS: dict[Plane, tuple[int, str]] = {"axial": (2, "z"), "coronal": (1, "y"), "sagittal": (0, "x")}


class SliceCanvas(QWidget):
    """Shows a slice of the declared grid; takes no gestures. ``framing_changed`` when it was zoomed or panned."""

    framing_changed = Signal(object)

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane: Plane = plane
        self.setObjectName(f"slice_{plane}")
        self.setMinimumSize(LEAST_WIDTH, LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"{plane} slice")
        # Every pixel is painted, so that nothing need be painted below.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._axes: PlaneAxes | None = None
        self._layers = SliceLayers()
        self._outlines = VoiOutlines()
        self._annotation = SliceAnnotation()
        self._crosshair_arms = Crosshair()
        self._active_voi: str | None = None
        self._cursor = np.zeros(3)
        self._slice = 0
        self._window = CT_PRESETS["Soft tissue"]
        self._scale: ColourScale | None = None
        self._fusion: Fusion = "fused"
        self._opacity = 0.85
        self._contours = True
        self._crosshair = True
        self._interpolated = True
        self._corner = SliceCorner()
        self._framing = Framing()
        self._pixel_map: tuple[QTransform, list[list[float]]] | None = None
        self._base = KeptBase()
        # Whether the present images have been painted once: those of a slice that is passed by are not kept.
        self._seen = False
        self._ahead = SliceAhead(self._work_for, self)

    # What is shown

    def set_reference(self, geometry: VolumeGeometry | None) -> None:
        """The declared grid, whose planes are shown."""
        if self._axes is not None and geometry is self._axes.geometry:
            return
        self._axes = None if geometry is None else PlaneAxes.of(geometry, self.plane)
        self._ahead.forget()
        self._outlines.forget()
        self._pixel_map = None
        if geometry is not None:
            self._cursor = geometry.centre_mm()
            self._slice = self._axes.nearest_slice(self._cursor) if self._axes else 0
        self._framing = Framing()
        self._redraw()

    def show_ct(self, layer: Layer | None) -> None:
        """The CT, or None."""
        self._layers.ct = layer
        self._redraw()

    def show_spect(self, layer: Layer | None) -> None:
        """The SPECT (or a dose map), or None."""
        self._layers.overlay = layer
        self._redraw()

    def show_vois(self, vois: Sequence[VoiShown]) -> None:
        """VOIs whose outlines are drawn; unchanged ones keep their outlines."""
        if self._outlines.show(vois):
            self._redraw_lines()

    def set_active_voi(self, voi_id: str | None) -> None:
        """The VOI that is drawn heavier and whose colour the tool has."""
        if voi_id != self._active_voi:
            self._active_voi = voi_id
            self._redraw_lines()

    def set_cursor(self, point_mm: ArrayLike) -> None:
        """The linked cursor: a patient point in the reference frame."""
        point = np.array(point_mm, dtype=np.float64)
        if np.array_equal(point, self._cursor):
            return
        self._cursor = point
        if self._axes is not None:
            nearest = self._axes.nearest_slice(point)
            if nearest != self._slice:
                self._slice = nearest
                self._redraw()
        self.update()

    def set_window_level(self, window: WindowLevel) -> None:
        """CT window."""
        if window != self._window:
            self._window = window
            self._redraw()

    def set_spect_scale(self, scale: ColourScale | None) -> None:
        """SPECT limits and colour map; without them the SPECT isn't drawn."""
        if scale != self._scale:
            self._scale = scale
            self._redraw()

    def set_fusion(self, fusion: Fusion) -> None:
        """CT alone, both, or SPECT alone."""
        if fusion != self._fusion:
            self._fusion = fusion
            self._redraw()

    def set_opacity(self, opacity: float) -> None:
        """Largest opacity of the SPECT in the fused picture, 0 … 1."""
        if float(opacity) != self._opacity:
            self._opacity = float(opacity)
            self._redraw()

    def set_contours_visible(self, visible: bool) -> None:
        """Outlines of VOIs on or off."""
        if visible != self._contours:
            self._contours = visible
            self._redraw_lines()

    def set_crosshair_visible(self, visible: bool) -> None:
        """Cross-hair on or off."""
        self._crosshair = visible
        self.update()

    def set_interpolated(self, interpolated: bool) -> None:
        """Smooth pictures, or voxels as they are."""
        self._interpolated = interpolated
        self._redraw()

    def set_corner(self, corner: SliceCorner) -> None:
        """Facts written in the corners."""
        if corner != self._corner:
            self._corner = corner
            self._redraw_lines()

    def reset_view(self) -> None:
        """Whole slice in the window."""
        self.set_framing(Framing())

    def set_framing(self, framing: Framing) -> None:
        """Show this part of the body."""
        if framing != self._framing:
            self._framing = framing
            self._redraw()

    def pan_by(self, moved: QPointF) -> None:
        """Move the picture by pixels."""
        if self._axes is None:
            return
        size = self._axes.size_mm
        u, v = self._framing.middle(self.plane, size)
        scale = self.pixels_per_mm()
        self._reframe(self._framing.with_middle(self.plane, size, u - moved.x() / scale, v - moved.y() / scale))

    def zoom_at(self, pixel: QPointF, factor: float) -> None:
        """Zoom by a factor so that the point under a pixel stays there."""
        if self._axes is None:
            return
        before = self._to_pixels().inverted()[0].map(pixel)
        zoomed = self._framing.zoomed(factor)
        scale = self.pixels_per_mm() * zoomed.zoom / self._framing.zoom
        u = before.x() - (pixel.x() - self.width() / 2) / scale
        v = before.y() - (pixel.y() - self.height() / 2) / scale
        self._reframe(zoomed.with_middle(self.plane, self._axes.size_mm, u, v))

    def _reframe(self, framing: Framing) -> None:
        self.set_framing(framing)
        self.framing_changed.emit(framing)

    # What is asked

    @property
    def _ct(self) -> Layer | None:
        return self._layers.ct

    @property
    def _spect(self) -> Layer | None:
        return self._layers.overlay

    @property
    def axes(self) -> PlaneAxes | None:
        """How the slices of the reference grid lie on the screen."""
        return self._axes

    @property
    def reference(self) -> VolumeGeometry | None:
        """The declared grid."""
        return self._axes.geometry if self._axes else None

    @property
    def window_level(self) -> WindowLevel:
        """CT window."""
        return self._window

    @property
    def spect_scale(self) -> ColourScale | None:
        """SPECT limits and colour map."""
        return self._scale

    @property
    def shows_ct(self) -> bool:
        """Whether a CT is there and drawn."""
        return self._ct is not None and self._fusion != "spect"

    @property
    def shows_spect(self) -> bool:
        """Whether a SPECT is there and drawn."""
        return self._spect is not None and self._scale is not None and self._fusion != "ct"

    @property
    def active_colour(self) -> str:
        """Colour of the active VOI, white without one."""
        return self._outlines.colour(self._active_voi)

    @property
    def framing(self) -> Framing:
        """Which part of the body is shown."""
        return self._framing

    @property
    def slice_index(self) -> int:
        """Index of the slice on the grid's axis."""
        return self._slice

    @property
    def slice_count(self) -> int:
        """Number of slices."""
        return self._axes.slice_count if self._axes else 0

    @property
    def cursor_mm(self) -> NDArray[np.float64]:
        """The linked cursor."""
        return self._cursor.copy()

    def letters(self) -> tuple[str, str, str, str]:
        """Orientation letters: left, right, top, bottom."""
        return self._axes.letters() if self._axes else ("", "", "", "")

    def shown_text(self) -> dict[str, str]:
        """Every text drawn on the slice, by name."""
        return self._texts().as_dict() if self._axes else {}

    def pixel_of(self, point_mm: ArrayLike) -> QPointF:
        """Where a patient point falls in the widget."""
        if self._axes is None:
            raise ValueError("there is no reference grid")
        x, y, z = (float(part) for part in np.asarray(point_mm))
        (xx, xy, xz, x0), (yx, yy, yz, y0) = self._patient_to_pixels(self._axes)
        return QPointF(xx * x + xy * y + xz * z + x0, yx * x + yy * y + yz * z + y0)

    def point_at(self, pixel: QPointF) -> NDArray[np.float64]:
        """Patient point under a position of the widget, on the middle plane of the slice."""
        if self._axes is None:
            raise ValueError("there is no reference grid")
        position = self._to_pixels().inverted()[0].map(pixel)
        return self._axes.patient_point(position.x(), position.y(), self._slice)

    # Painting

    def _redraw(self) -> None:
        """Images, outlines and texts are made anew."""
        self._seen = False
        self._base.forget_images()
        self.update()

    def _redraw_lines(self) -> None:
        """Outlines and texts are made anew; the images stay."""
        self._base.forget_lines()
        self.update()

    def pixels_per_mm(self) -> float:
        """Present magnification."""
        if self._axes is None:
            return 1.0
        width, height = self._axes.size_mm
        return min(self.width() / width, self.height() / height) * self._framing.zoom

    def _to_pixels(self) -> QTransform:
        """From (u, v) in mm to widget pixels."""
        if self._axes is None:
            return QTransform()
        u, v = self._framing.middle(self.plane, self._axes.size_mm)
        scale = self.pixels_per_mm()
        return QTransform(scale, 0, 0, scale, self.width() / 2 - u * scale, self.height() / 2 - v * scale)

    def _patient_to_pixels(self, axes: PlaneAxes) -> list[list[float]]:
        """From a patient point (x, y, z, 1) to (x, y) in widget pixels, shape (2, 4); kept while the view stays."""
        to_pixels = self._to_pixels()
        if self._pixel_map is None or self._pixel_map[0] != to_pixels:
            u, v = axes.picture_mm(np.vstack([np.eye(3), np.zeros(3)])).T
            pixels = np.array([to_pixels.m11() * u + to_pixels.dx(), to_pixels.m22() * v + to_pixels.dy()])
            pixels[:, :3] -= pixels[:, 3:]
            self._pixel_map = to_pixels, pixels.tolist()
        return self._pixel_map[1]

    def _texts(self) -> SliceTexts:
        axes = self._axes
        if axes is None:
            raise ValueError("there is no reference grid")
        unit = self._spect.display_unit if self._spect is not None else None
        overlay = self._shown_scale
        centre = axes.patient_point(axes.size_mm[0] / 2, axes.size_mm[1] / 2, self._slice)
        axis, name = _AXIS[self.plane]
        return SliceTexts(
            self._corner,
            self.plane.capitalize(),
            position_text(name, float(centre[axis]), self._slice, axes.slice_count),
            window_text(self._window) if self.shows_ct else "",
            limit_text(overlay.upper * overlay.factor, unit) if overlay and unit else "",
            limit_text(overlay.lower * overlay.factor, unit) if overlay and unit else "",
            unit.symbol if overlay and unit else "",
            axes.letters(),
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the slice; only what changed since the last time is made anew."""
        if self._base.is_whole and self._base.picture.devicePixelRatio() != self.devicePixelRatioF():
            # On another monitor, whose pixels are smaller or larger.
            self._base.forget_images()
        painter = QPainter(self)
        try:
            if self._axes is None:
                self._paint_empty(painter)
                return
            if self._base.has_images or self._seen:
                if not self._base.is_whole:
                    self._draw_base(self._axes)
                painter.drawPixmap(0, 0, self._base.picture)
            else:
                # While slices or windows follow each other nothing is kept: two copies of the view less for each.
                painter.save()
                others, active = self._outlines.split(self._active_voi)
                self._draw_images(painter, self._axes)
                self._draw_outlines(painter, self._axes, (*others, *active))
                self._draw_texts(painter, self._texts())
                painter.restore()
                self._seen = True
                self._ahead.painted(self._slice, self._axes.slice_count)
            if self._crosshair:
                self._paint_crosshair(painter)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_above(painter)
            if self.hasFocus():
                painter.setPen(QPen(QColor(ACCENT), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        finally:
            painter.end()

    def _paint_above(self, painter: QPainter) -> None:
        """What a subclass draws over everything."""

    def _paint_empty(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), QColor(IMAGE_BACKGROUND))
        painter.setFont(font())
        painter.setPen(QColor("#747b84"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No image")

    def _draw_base(self, axes: PlaneAxes) -> None:
        others, active = self._outlines.split(self._active_voi)
        texts = self._texts()
        self._base.paint(
            self.size(),
            self.devicePixelRatioF(),
            BaseParts(
                lambda painter: self._draw_images(painter, axes),
                lambda painter: self._draw_outlines(painter, axes, others),
                lambda painter: self._draw_outlines(painter, axes, active),
                lambda painter: self._draw_texts(painter, texts),
                (self._contours, *(voi.looks for voi in others)),
                (texts, self._shown_scale, self.pixels_per_mm(), font().key()),
                self._outlines.bounds(axes, self._slice, self._to_pixels(), active) if self._contours else QRect(),
                self._annotation.is_written_in,
            ),
        )

    def _draw_images(self, painter: QPainter, axes: PlaneAxes) -> None:
        """The images on their background, over the whole view."""
        painter.fillRect(self.rect(), QColor(IMAGE_BACKGROUND))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._interpolated)
        self._draw_pictures(painter, axes, self._target(axes))

    def _target(self, axes: PlaneAxes) -> QRectF:
        """Where the slice lies in the view."""
        return self._to_pixels().mapRect(QRectF(0, 0, *axes.size_mm))

    def _draw_outlines(self, painter: QPainter, axes: PlaneAxes, vois: Sequence[VoiShown]) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._contours:
            on_white = self.shows_spect and not self.shows_ct and is_on_white(self._scale)
            self._outlines.paint(
                painter, axes, self._slice, self._to_pixels(), self._active_voi, vois, on_white=on_white
            )

    @property
    def _shown_scale(self) -> ColourScale | None:
        """Of the overlay, where it is drawn."""
        return self._scale if self.shows_spect else None

    def _draw_texts(self, painter: QPainter, texts: SliceTexts) -> None:
        """What is written over images and outlines."""
        self._annotation.paint(painter, self.rect(), texts, self._shown_scale, self.pixels_per_mm())

    def _draw_pictures(self, painter: QPainter, axes: PlaneAxes, target: QRectF) -> None:
        """The images of the slice, into the rectangle of its grid."""
        if self.shows_ct:
            self._layers.paint_ct(painter, target, axes, self._slice, self._window, self._pixel_mm())
        look = self._overlay_look()
        if look is not None:
            self._layers.paint_overlay(painter, target, axes, self._slice, look, least_step_mm=self._pixel_mm())

    def _pixel_mm(self) -> float:
        """Side of a pixel of the screen in the body."""
        return 1 / (self.pixels_per_mm() * self.devicePixelRatioF())

    def _overlay_look(self) -> OverlayLook | None:
        """How the overlay is coloured; None where it isn't shown."""
        if self._scale is None or not self.shows_spect:
            return None
        fused = self.shows_ct
        return OverlayLook(self._scale, self._opacity if fused else 1.0, rising=fused)

    def _work_for(self, slice_index: int) -> Callable[[], None]:
        """What makes the images and outlines of a slice as they would be painted now."""
        axes, layers, outlines, pixel_mm = self._axes, self._layers, self._outlines, self._pixel_mm()
        with_ct, window, look, with_outlines = self.shows_ct, self._window, self._overlay_look(), self._contours
        target = self._target(axes) if axes is not None else QRectF()

        def make() -> None:
            if axes is None:
                return
            if with_ct:
                layers.make_ct(target, axes, slice_index, window, pixel_mm)
            if look is not None:
                layers.make_overlay(axes, slice_index, look, least_step_mm=pixel_mm)
            if with_outlines:
                outlines.make(axes, slice_index)

        return make

    def _paint_crosshair(self, painter: QPainter) -> None:
        at = self.pixel_of(self._cursor)
        self._crosshair_arms.paint(painter, round(at.x()), round(at.y()), self.size())

    def event(self, event: QEvent) -> bool:
        """In full what is shortened where the pointer rests on it."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = event.pos()
            QToolTip.showText(event.globalPos(), self._annotation.told_at(at.x(), at.y()), self)
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture is made anew for the new size."""
        self._redraw()
