"""Picture of VOIs and SPECT in 3D, painted like any other widget; a plain projection where OpenGL is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QHideEvent,
    QImage,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolButton, QToolTip, QWidget

from dosimetry_core.geometry import VolumeGeometry
from widgets.annotation_layout import LEAST_HEIGHT
from widgets.badges import BadgeShown, arranged_badges, badges_told, badges_width, paint_badges
from widgets.clip_box import ClipBox
from widgets.display_scale import ColourScale
from widgets.flat_projection import FlatProjection
from widgets.opengl_probe import opengl_fault
from widgets.ray_maximum import hottest_on_ray
from widgets.slice_picture import Layer
from widgets.theme import DIMMED, IMAGE_BACKGROUND, font
from widgets.tools.eye import Eye
from widgets.voi_shown import VoiShown

_REFINE_AFTER_MS = 160
_MESH_AFTER_MS = 150
_CURSOR_AFTER_MS = 120
# Without a graphics card a picture takes as long as it has pixels.
_MOST_PIXELS_AT_HAND = 200_000
_ROOM_MM = 20.0
_MARGIN = 6
_BUTTON_GAP = 4
_BADGES_SHARE = 0.38
"""Of the height that reminders may take, as on the slices."""
_CLIP_TIP = "Clip planes: drag the lettered squares"


class VolumeCanvas(QWidget):
    """Shows VOIs and SPECT in 3D; takes no gestures.

    Make one and keep it: each closed view leaves some graphics memory behind. Without OpenGL (or with ``use_opengl``
    False) a maximum-intensity projection from the front is shown with a sentence.
    """

    def __init__(self, parent: QWidget | None = None, *, use_opengl: bool | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("volume_view")
        self.setMinimumSize(160, LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("3D view")
        self.fault_text = ""
        if use_opengl is None:
            self.fault_text = opengl_fault() or ""
        elif not use_opengl:
            self.fault_text = "The 3D view is off. A projection is shown instead."
        self._scene = None
        if not self.fault_text:
            # VTK is only loaded once it is known to work here.
            from widgets.volume_scene import VolumeScene

            self._scene = VolumeScene()
        self._vois: tuple[VoiShown, ...] = ()
        self._active: str | None = None
        self._layer: Layer | None = None
        self._scale: ColourScale | None = None
        self._projection = True
        self._dirty = True
        self._drawn_ratio = 0.0
        self._vois_changed = self._spect_changed = True
        self._picture: QImage | None = None
        self._pixels: NDArray[np.uint8] | None = None
        self._flat = FlatProjection()
        self._geometry: VolumeGeometry | None = None
        self._clip: ClipBox | None = None
        self._drag = ""
        self._badges: tuple[str, ...] = ()
        self._others_work: Callable[[], bool] = lambda: False
        self._refine = self._later(_REFINE_AFTER_MS)
        self._mesh = self._later(_MESH_AFTER_MS)
        self._rest = self._later(_CURSOR_AFTER_MS)
        self._reset = self._corner_button("volume_reset", "Front", "Back to the view from the front")
        self._reset.clicked.connect(self.reset_view)
        self._toggle = self._corner_button("volume_projection", "SPECT", "Projection of the SPECT around the VOIs")
        self._toggle.setCheckable(True)
        self._toggle.setChecked(True)
        self._toggle.clicked.connect(self.set_projection_visible)
        self._clip_button = self._corner_button("volume_clip", "Clip", _CLIP_TIP)
        self._clip_button.setCheckable(True)
        self._clip_button.clicked.connect(self.set_clipped)

    def _later(self, after_ms: int) -> QTimer:
        """A picture that follows some time after the last start of its timer, and not before others' work is done."""
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(lambda: timer.start() if self._others_work() else self._redraw())
        return timer

    def wait_while(self, others_work: Callable[[], bool]) -> None:
        """Let what is not asked for by the hand on this view wait while ``others_work()``.

        A picture takes both processors for longer than the slices of a stroke and its numbers do.
        """
        self._others_work = others_work

    def _corner_button(self, name: str, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText(text)
        button.setToolTip(tip)
        button.setProperty("role", "flat")
        button.setCursor(Qt.CursorShape.ArrowCursor)
        return button

    def show_keys(self, keys: Mapping[str, str]) -> None:
        """Name the key in the tooltip."""
        key = keys.get("clip", "")
        self._clip_button.setToolTip(f"{_CLIP_TIP} ({key})" if key else _CLIP_TIP)

    def set_badges(self, badges: Sequence[str]) -> None:
        """Yellow reminders, as on the slices: what holds the tools back, and an unusual display."""
        if tuple(badges) != self._badges:
            self._badges = tuple(badges)
            self.update()

    @property
    def badges(self) -> tuple[str, ...]:
        """The reminders that are written in the corner."""
        return self._badges

    @property
    def is_fallback(self) -> bool:
        """Whether the plain projection is shown."""
        return self._scene is None

    def sizeHint(self) -> QSize:
        """As large as a slice."""
        return QSize(320, 280)

    def set_reference(self, geometry: VolumeGeometry | None) -> None:
        """The declared grid; another one is framed anew, and begins without clip planes."""
        if geometry is not self._geometry:
            self._geometry = geometry
            if self._scene is not None:
                self._scene.frame_anew()
            self.set_clipped(False)
        self._redraw()

    def show_vois(self, vois: Sequence[VoiShown]) -> None:
        """VOIs in their colours; only changed ones get a new surface."""
        alike = [voi.looks for voi in vois] == [voi.looks for voi in self._vois]
        same = [voi.voi_id for voi in vois] == [voi.voi_id for voi in self._vois]
        self._vois = tuple(vois)
        if alike:
            return
        self._vois_changed = True
        if same and self.isVisible():
            # During a stroke masks change many times a second; the surface follows when the hand rests.
            self._mesh.start()
        else:
            self._redraw()

    def set_active_voi(self, voi_id: str | None) -> None:
        """This one is opaque, the others are half clear."""
        if voi_id != self._active:
            self._active = voi_id
            self._vois_changed = True
            self._redraw()

    def show_spect(self, layer: Layer | None) -> None:
        """The SPECT, or None."""
        self._layer = layer
        self._spect_changed = True
        self._redraw()

    def set_spect_scale(self, scale: ColourScale | None) -> None:
        """SPECT limits and colour map."""
        if scale != self._scale:
            self._scale = scale
            self._spect_changed = True
            self._redraw()

    def set_projection_visible(self, visible: bool) -> None:
        """SPECT projection on or off."""
        self._projection = visible
        self._toggle.setChecked(visible)
        self._spect_changed = True
        self._redraw()

    def set_cursor(self, point_mm: ArrayLike | None) -> None:
        """A small white ball at the linked cursor; it follows when the cursor rests, so that slices scroll freely."""
        if self._scene is not None:
            self._scene.set_cursor(None if point_mm is None else np.asarray(point_mm, dtype=np.float64))
            self._rest.start()

    def reset_view(self) -> None:
        """From the front, all VOIs in view."""
        if self._scene is not None:
            self._sync()
            self._scene.reset_view()
        self._redraw()

    @property
    def is_clipped(self) -> bool:
        """Whether clip planes are shown."""
        return self._clip is not None

    def clip_box(self) -> ClipBox | None:
        """The clip planes, or None."""
        return self._clip

    def set_clipped(self, clipped: bool) -> None:
        """Clip planes around the VOIs, or none; without OpenGL there are none."""
        if self._scene is None:
            return
        self._sync()
        self._set_clip(self._first_clip() if clipped else None)

    def _set_clip(self, box: ClipBox | None) -> None:
        self._clip = box
        self._clip_button.setChecked(box is not None)
        if self._scene is not None:
            self._scene.set_clip(box)
        self._redraw()

    def _first_clip(self) -> ClipBox | None:
        """Around the surfaces with some room; around the grid where nothing is drawn."""
        bounds = None if self._scene is None else self._scene.surface_bounds()
        if bounds is not None:
            return ClipBox(bounds[0] - _ROOM_MM, bounds[1] + _ROOM_MM)
        if self._geometry is None:
            return None
        corners = np.array([(0, 0, 0), np.array(self._geometry.shape) - 1])
        ends = self._geometry.index_to_point(corners)
        return ClipBox(ends.min(axis=0), ends.max(axis=0))

    def eye(self) -> Eye | None:
        """How points of the patient are seen now; None without OpenGL."""
        if self._scene is None:
            return None
        return Eye(self._scene.projection(max(self.width(), 1), max(self.height(), 1)))

    def surface_at(self, pixel: QPointF, only: str | None = None) -> NDArray[np.float64] | None:
        """The point of a surface (or of that of one VOI) that is seen at a pixel, or None."""
        if self._scene is None:
            return None
        self._sync()
        return self._scene.pick(pixel.x() / self.width(), 1 - pixel.y() / self.height(), only)

    def point_seen(self, pixel: QPointF) -> NDArray[np.float64] | None:
        """What a click means: the surface under the pointer, else the hottest place of the projection there."""
        eye = self.eye()
        if eye is None:
            return self._flat.point_at(pixel)
        on_surface = self.surface_at(pixel)
        if on_surface is not None or self._layer is None or self._scale is None or not self._projection:
            return on_surface
        low, high = (None, None) if self._clip is None else (self._clip.low_mm, self._clip.high_mm)
        found = hottest_on_ray(self._layer, eye.position_mm(), eye.direction(pixel), low_mm=low, high_mm=high)
        # What is darker than the lower limit is not to be seen, so it can't be meant.
        return None if found is None or found[1] <= self._scale.lower else found[0]

    def show_shifted(self, voi_id: str, shift_mm: NDArray[np.float64]) -> None:
        """Show a surface elsewhere while its VOI is dragged."""
        if self._scene is not None:
            self._scene.shift_surface(voi_id, shift_mm)
            self._redraw()

    def camera_direction(self) -> NDArray[np.float64]:
        """Where the view looks, a unit vector of the patient system."""
        return np.array([0.0, 1.0, 0.0]) if self._scene is None else self._scene.camera_direction()

    def _redraw(self) -> None:
        self._dirty = True
        self.update()

    def _sync(self) -> None:
        if self._scene is None:
            return
        if self._vois_changed:
            self._scene.show_vois(self._vois, self._active)
            self._vois_changed = False
        if self._spect_changed:
            self._scene.show_spect(self._layer, self._scale, visible=self._projection)
            self._spect_changed = False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Render if something changed, and copy the picture."""
        ratio = self.devicePixelRatioF()
        if self._scene is not None and (self._dirty or ratio != self._drawn_ratio):
            self._sync()
            self._drawn_ratio = ratio
            scale = ratio / self._coarseness(ratio)
            width, height = (max(round(side * scale), 1) for side in (self.width(), self.height()))
            self._pixels = self._scene.picture(width, height, coarse=bool(self._drag), ratio=scale)
            self._picture = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888)
            self._dirty = False
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), QColor(IMAGE_BACKGROUND))
            if self._scene is None:
                self._paint_flat(painter)
            elif self._picture is not None:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, bool(self._drag))
                painter.drawImage(self.rect(), self._picture)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                eye = self.eye()
                if self._clip is not None and eye is not None:
                    self._clip.paint(painter, eye)
            painter.setFont(_badge_font())
            paint_badges(painter, self._badges_shown())
            self._paint_above(painter)
        finally:
            painter.end()

    def _coarseness(self, ratio: float) -> float:
        """Pixels of the screen beside one of the picture: above 1 only in a large view that follows a hand."""
        pixels = self.width() * self.height() * ratio**2
        return max(1.0, (pixels / _MOST_PIXELS_AT_HAND) ** 0.5) if self._drag else 1.0

    def _badges_shown(self) -> tuple[BadgeShown, ...]:
        """In the upper left corner, as the buttons are in the other one; below them where it is narrow."""
        metrics = QFontMetricsF(_badge_font())
        buttons = [button for button in (self._toggle, self._reset, self._clip_button) if button.isVisible()]
        top, room = _MARGIN, min((button.x() for button in buttons), default=self.width()) - 2 * _MARGIN
        if room < badges_width(self._badges, metrics):
            top = max((button.geometry().bottom() for button in buttons), default=0) + _MARGIN
            room = self.width() - 2 * _MARGIN
        place = QRectF(_MARGIN, top, room, _BADGES_SHARE * self.height() - top)
        return arranged_badges(self._badges, metrics, place, on_left=True)

    def event(self, event: QEvent) -> bool:
        """All reminders in full where the pointer rests on one."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = event.pos()
            QToolTip.showText(event.globalPos(), badges_told(self._badges_shown(), self._badges, at.x(), at.y()), self)
            return True
        return super().event(event)

    def _paint_above(self, painter: QPainter) -> None:
        """What a subclass draws over everything."""

    def _paint_flat(self, painter: QPainter) -> None:
        """Maximum over the depth of the image, seen from the front, head up."""
        metrics = painter.fontMetrics()
        room = QRectF(self.rect()).adjusted(8, 30, -8, -2.4 * metrics.height())
        self._flat.show(self._layer, self._scale)
        self._flat.paint(painter, room)
        painter.setFont(font(scale=0.92))
        painter.setPen(QColor(DIMMED))
        below = QRectF(8, room.bottom(), self.width() - 16, self.height() - room.bottom() - 4)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.fault_text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size is another picture."""
        right, top = self.width() - _MARGIN, _MARGIN
        for button in (self._reset, self._clip_button, self._toggle):
            size = button.sizeHint()
            if right - size.width() < _MARGIN:
                right, top = self.width() - _MARGIN, top + size.height() + _BUTTON_GAP
            button.setGeometry(right - size.width(), top, size.width(), size.height())
            right -= size.width() + _BUTTON_GAP
        self._toggle.setVisible(self._scene is not None)
        self._reset.setVisible(self._scene is not None)
        self._clip_button.setVisible(self._scene is not None)
        self._redraw()

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while hidden is drawn now."""
        self._redraw()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is drawn while hidden."""
        self._refine.stop()


def _badge_font() -> QFont:
    return font(scale=0.92)
