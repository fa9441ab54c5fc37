"""3D view of VOIs and SPECT that is painted like any other widget; a plain projection where OpenGL is missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from dosimetry_core.geometry import VolumeGeometry
from widgets.display_scale import ColourScale, colour_table, map_positions
from widgets.opengl_probe import opengl_fault
from widgets.slice_picture import Layer
from widgets.theme import DIMMED, IMAGE_BACKGROUND, font
from widgets.voi_shown import VoiShown

__all__ = ["VolumeView", "opengl_fault"]

_DEGREES_PER_PIXEL = 0.5
_ZOOM_STEP = 1.12
_REFINE_AFTER_MS = 160
_MESH_AFTER_MS = 150
_CURSOR_AFTER_MS = 120
_CLICK_MOVES_LESS_THAN = 4


class VolumeView(QWidget):
    """Left drag turns, wheel or right drag zooms, middle or Shift + left drag pans, a click on a VOI moves the cursor.

    Make one and keep it: each closed view leaves some graphics memory behind. Without OpenGL (or with ``use_opengl``
    False) a maximum-intensity projection from the front is shown with a sentence.
    """

    cursor_moved = Signal(object)
    maximise_requested = Signal()

    def __init__(self, parent: QWidget | None = None, *, use_opengl: bool | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("volume_view")
        self.setMinimumSize(160, 140)
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
        self._vois_changed = self._spect_changed = True
        self._picture: QImage | None = None
        self._pixels: NDArray[np.uint8] | None = None
        self._flat: QImage | None = None
        self._last = QPointF()
        self._pressed = QPointF()
        self._drag = ""
        self._refine = QTimer(self)
        self._refine.setSingleShot(True)
        self._refine.setInterval(_REFINE_AFTER_MS)
        self._refine.timeout.connect(self._redraw)
        self._mesh = QTimer(self)
        self._mesh.setSingleShot(True)
        self._mesh.setInterval(_MESH_AFTER_MS)
        self._mesh.timeout.connect(self._redraw)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_CURSOR_AFTER_MS)
        self._rest.timeout.connect(self._redraw)
        self._reset = self._corner_button("volume_reset", "Front", "Back to the view from the front")
        self._reset.clicked.connect(self.reset_view)
        self._toggle = self._corner_button("volume_projection", "SPECT", "Projection of the SPECT around the VOIs")
        self._toggle.setCheckable(True)
        self._toggle.setChecked(True)
        self._toggle.clicked.connect(self.set_projection_visible)

    def _corner_button(self, name: str, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText(text)
        button.setToolTip(tip)
        button.setProperty("role", "flat")
        button.setCursor(Qt.CursorShape.ArrowCursor)
        return button

    @property
    def is_fallback(self) -> bool:
        """Whether the plain projection is shown."""
        return self._scene is None

    def sizeHint(self) -> QSize:
        """As large as a slice."""
        return QSize(320, 280)

    def set_reference(self, geometry: VolumeGeometry | None) -> None:
        """The declared grid; another case is framed anew."""
        self._redraw()

    def show_vois(self, vois: Sequence[VoiShown]) -> None:
        """VOIs in their colours; only changed ones get a new surface."""
        same = [voi.voi_id for voi in vois] == [voi.voi_id for voi in self._vois]
        self._vois = tuple(vois)
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
        self._flat = None
        self._redraw()

    def set_spect_scale(self, scale: ColourScale | None) -> None:
        """SPECT limits and colour map."""
        if scale != self._scale:
            self._scale = scale
            self._spect_changed = True
            self._flat = None
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
        if self._scene is not None and self._dirty:
            self._sync()
            ratio = self.devicePixelRatioF()
            width, height = round(self.width() * ratio), round(self.height() * ratio)
            self._pixels = self._scene.picture(max(width, 1), max(height, 1), coarse=bool(self._drag))
            self._picture = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888)
            self._dirty = False
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), QColor(IMAGE_BACKGROUND))
            if self._scene is None:
                self._paint_flat(painter)
            elif self._picture is not None:
                painter.drawImage(self.rect(), self._picture)
        finally:
            painter.end()

    def _paint_flat(self, painter: QPainter) -> None:
        """Maximum over the depth of the image, seen from the front, head up."""
        metrics = painter.fontMetrics()
        room = QRectF(self.rect()).adjusted(8, 30, -8, -2.4 * metrics.height())
        if self._layer is not None and self._scale is not None:
            if self._flat is None:
                self._flat = _projection_from_front(self._layer, self._scale)
            size = QSize(self._flat.width(), self._flat.height()).scaled(
                room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio
            )
            place = QRectF(0, 0, size.width(), size.height())
            place.moveCenter(room.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, self._flat)
        painter.setFont(font(scale=0.92))
        painter.setPen(QColor(DIMMED))
        below = QRectF(8, room.bottom(), self.width() - 16, self.height() - room.bottom() - 4)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.fault_text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size is another picture."""
        right = self.width() - 6
        for button in (self._reset, self._toggle):
            size = button.sizeHint()
            button.setGeometry(right - size.width(), 6, size.width(), size.height())
            right -= size.width() + 4
        self._toggle.setVisible(self._scene is not None)
        self._reset.setVisible(self._scene is not None)
        self._redraw()

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while hidden is drawn now."""
        self._redraw()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is drawn while hidden."""
        self._refine.stop()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to turn, zoom or pan."""
        self._pressed = self._last = event.position()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = "pan" if shift else "turn"
        elif event.button() == Qt.MouseButton.RightButton:
            self._drag = "zoom"
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._drag = "pan"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn, zoom or pan, drawn coarsely meanwhile."""
        moved = event.position() - self._last
        self._last = event.position()
        if self._scene is None or not self._drag or moved.isNull():
            return
        if self._drag == "turn":
            self._scene.rotate(moved.x() * _DEGREES_PER_PIXEL, moved.y() * _DEGREES_PER_PIXEL)
        elif self._drag == "zoom":
            self._scene.zoom(float(np.exp(-moved.y() / 150)))
        else:
            self._scene.pan(moved.x() / self.height(), -moved.y() / self.height())
        self._redraw()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Draw finely again; a click without a drag moves the cursor to the surface under it."""
        drag, self._drag = self._drag, ""
        still = (event.position() - self._pressed).manhattanLength() < _CLICK_MOVES_LESS_THAN
        if drag == "turn" and still and self._scene is not None:
            ratio = self.devicePixelRatioF()
            at = event.position()
            point = self._scene.pick(round(at.x() * ratio), round((self.height() - at.y()) * ratio))
            if point is not None:
                self.cursor_moved.emit(point)
        self._redraw()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Maximise or restore."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.maximise_requested.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom, fine again shortly after the last notch."""
        if self._scene is not None:
            self._scene.zoom(_ZOOM_STEP ** (event.angleDelta().y() / 120))
            self._redraw()
            self._refine.start()
        event.accept()


def _projection_from_front(layer: Layer, scale: ColourScale) -> QImage:
    from dosimetry_core.anatomical_plane import PlaneAxes

    geometry = layer.volume.geometry
    axes = PlaneAxes.of(geometry, "coronal")
    depth = layer.volume.values.max(axis=axes.normal)
    depth = depth if axes.vertical < axes.horizontal else depth.T
    depth = depth[:: -1 if axes.vertical_flipped else 1, :: -1 if axes.horizontal_flipped else 1]
    colours = np.ascontiguousarray(colour_table("Inverted grey")[map_positions(depth.astype(np.float32), scale)])
    rows, columns = depth.shape
    image = QImage(colours.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    height_mm, width_mm = axes.size_mm[1], axes.size_mm[0]
    wide = QSize(columns * 3, round(columns * 3 * height_mm / width_mm))
    return image.scaled(wide, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
