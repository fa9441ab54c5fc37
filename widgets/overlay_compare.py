"""Two images of the same patient on one another: fused, checkerboard, difference, swipe, flicker, in three planes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSlider, QSplitter, QToolButton, QVBoxLayout, QWidget

from dosimetry_core.anatomical_plane import PLANES, Plane, PlaneAxes
from dosimetry_core.geometry import VolumeGeometry
from widgets.display_scale import ColourScale, WindowLevel, grey_levels
from widgets.slice_annotation import SliceCorner
from widgets.slice_picture import Layer, overlay_image, plane_values
from widgets.slice_view import SliceView
from widgets.theme import BADGE, label

CompareMode = Literal["fused", "checkerboard", "difference", "swipe", "flicker"]
_MODES: tuple[tuple[CompareMode, str, str], ...] = (
    ("fused", "Fused", "Reference in blue, moving in orange; grey where they agree"),
    ("checkerboard", "Checkerboard", "Squares of one and the other"),
    ("difference", "Difference", "Moving minus reference"),
    ("swipe", "Swipe", "Reference left of the line, moving right of it; the slider moves the line"),
    ("flicker", "Flicker", "One after the other (hold F)"),
)
_SQUARE_MM = 30.0
_FLICKER_MS = 420
_SWIPE_STEPS = 1000


class CompareView(SliceView):
    """A slice view whose picture is made of two CT images."""

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(plane, parent)
        self.setObjectName(f"compare_{plane}")
        self._moving: Layer | None = None
        self._moving_spect: Layer | None = None
        self._mode: CompareMode = "fused"
        self._swipe = 0.5
        self._second = False

    def show_pair(self, reference: Layer | None, moving: Layer | None) -> None:
        """The two images."""
        self._moving = moving
        self.show_ct(reference)

    def show_moving_spect(self, layer: Layer | None) -> None:
        """SPECT of the moving time point, laid over it."""
        self._moving_spect = layer
        self._redraw()

    def set_mode(self, mode: CompareMode) -> None:
        """How the two are laid on one another."""
        self._mode = mode
        self._redraw()

    def set_swipe(self, part: float) -> None:
        """Where the swipe line stands, from 0 to 1 of the width."""
        self._swipe = part
        self._redraw()

    def set_second(self, second: bool) -> None:
        """Flicker: whether the moving image is shown now."""
        if second != self._second:
            self._second = second
            self._redraw()

    def _draw_pictures(self, painter: QPainter, axes: PlaneAxes, target: QRectF) -> None:
        reference = None if self._ct is None else self._grey(self._ct, axes)
        moving = None if self._moving is None else self._grey(self._moving, axes)
        if reference is None or moving is None:
            shown = reference if reference is not None else moving
            if shown is not None:
                painter.drawImage(target, _grey_image(shown))
        elif self._mode == "fused":
            painter.drawImage(target, _two_colours(*_same_size(reference, moving)))
        elif self._mode == "difference":
            painter.drawImage(target, _difference(*_same_size(reference, moving)))
        elif self._mode == "flicker":
            painter.drawImage(target, _grey_image(moving if self._second else reference))
        else:
            painter.drawImage(target, _grey_image(reference))
            painter.save()
            painter.setClipPath(self._moving_area(target))
            painter.drawImage(target, _grey_image(moving))
            painter.restore()
            if self._mode == "swipe":
                x = self.width() * self._swipe
                painter.setPen(QPen(QColor(BADGE), 1.4))
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        self._draw_spects(painter, axes, target)

    def _draw_spects(self, painter: QPainter, axes: PlaneAxes, target: QRectF) -> None:
        moving_only = self._mode == "flicker" and self._second
        for layer in (self._moving_spect,) if moving_only else (self._spect,):
            if layer is not None and self._scale is not None and self._mode != "difference":
                values = plane_values(layer, axes, self._slice).astype(np.float32, copy=False)
                painter.drawImage(target, overlay_image(values, self._scale, opacity=0.6, rising=True))

    def _grey(self, layer: Layer, axes: PlaneAxes) -> NDArray[np.uint8]:
        return grey_levels(plane_values(layer, axes, self._slice), self._window)

    def _moving_area(self, target: QRectF) -> QPainterPath:
        path = QPainterPath()
        if self._mode == "swipe":
            path.addRect(QRectF(self.width() * self._swipe, 0, self.width(), self.height()))
            return path
        side = _SQUARE_MM * self.pixels_per_mm()
        rows, columns = int(target.height() / side) + 1, int(target.width() / side) + 1
        for row in range(rows):
            for column in range(row % 2, columns, 2):
                path.addRect(QRectF(target.left() + column * side, target.top() + row * side, side, side))
        return path


def _same_size(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both pictures with as many rows and columns as the finer one; each covers the same area."""
    rows, columns = max(a.shape[0], b.shape[0]), max(a.shape[1], b.shape[1])

    def grown(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if levels.shape == (rows, columns):
            return levels
        size = _grey_image(levels).scaled(
            columns, rows, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        size = size.convertToFormat(QImage.Format.Format_Grayscale8)
        view = np.frombuffer(size.constBits(), np.uint8).reshape(rows, size.bytesPerLine())
        return view[:, :columns].copy()

    return grown(a), grown(b)


def _grey_image(levels: NDArray[np.uint8]) -> QImage:
    levels = np.ascontiguousarray(levels)
    rows, columns = levels.shape
    return QImage(levels.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()


def _two_colours(reference: NDArray[np.uint8], moving: NDArray[np.uint8]) -> QImage:
    """Blue and orange that add up to grey where both are equal."""
    mean = ((reference.astype(np.uint16) + moving) // 2).astype(np.uint8)
    colours = np.ascontiguousarray(np.stack([moving, mean, reference], axis=-1))
    rows, columns = reference.shape
    return QImage(colours.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()


def _difference(reference: NDArray[np.uint8], moving: NDArray[np.uint8]) -> QImage:
    """Middle grey where both are equal, brighter where the moving image is denser."""
    change = (moving.astype(np.int16) - reference) // 2 + 128
    return _grey_image(change.astype(np.uint8))


class OverlayCompare(QWidget):
    """Three compared planes with their mode buttons and one cursor."""

    cursor_moved = Signal(object)
    window_level_changed = Signal(object)
    mode_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("overlay_compare")
        self.views: dict[Plane, CompareView] = {plane: CompareView(plane) for plane in PLANES}
        self._mode: CompareMode = "fused"
        self._buttons: dict[CompareMode, QToolButton] = {}
        bar = QHBoxLayout()
        bar.setSpacing(6)
        group = QButtonGroup(self)
        for mode, text, tip in _MODES:
            button = QToolButton()
            button.setObjectName(f"mode_{mode}")
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, mode=mode: self._choose(mode))
            group.addButton(button)
            bar.addWidget(button)
            self._buttons[mode] = button
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("swipe_position")
        self._slider.setRange(0, _SWIPE_STEPS)
        self._slider.setValue(_SWIPE_STEPS // 2)
        self._slider.setMinimumWidth(90)
        self._slider.setToolTip("Where the swipe line stands")
        self._slider.valueChanged.connect(self._swipe)
        bar.addWidget(self._slider, 1)
        self._legend = label(role="dimmed", object_name="compare_legend")
        bar.addWidget(self._legend)
        columns = QSplitter(Qt.Orientation.Horizontal)
        columns.setObjectName("compare_columns")
        right = QSplitter(Qt.Orientation.Vertical)
        right.setObjectName("compare_rows")
        columns.addWidget(self.views["axial"])
        right.addWidget(self.views["coronal"])
        right.addWidget(self.views["sagittal"])
        columns.addWidget(right)
        columns.setSizes([500, 400])
        for splitter in (columns, right):
            splitter.setHandleWidth(4)
            splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(bar)
        layout.addWidget(columns, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_FLICKER_MS)
        self._timer.timeout.connect(self._flicker)
        for view in self.views.values():
            view.cursor_moved.connect(self._follow_cursor)
            view.window_level_changed.connect(self._follow_window)
        self.set_mode("fused")

    @property
    def mode(self) -> CompareMode:
        """How the images are laid on one another."""
        return self._mode

    def set_reference(self, geometry: VolumeGeometry | None) -> None:
        """The declared grid."""
        for view in self.views.values():
            view.set_reference(geometry)

    def show_pair(self, reference: Layer | None, moving: Layer | None) -> None:
        """Reference and moving CT, each with its transform from the reference frame."""
        for view in self.views.values():
            view.show_pair(reference, moving)

    def show_spect(self, reference: Layer | None, moving: Layer | None) -> None:
        """SPECT of both, drawn over their CT."""
        for view in self.views.values():
            view.show_spect(reference)
            view.show_moving_spect(moving)

    def set_spect_scale(self, scale: ColourScale | None) -> None:
        """SPECT limits and colour map."""
        for view in self.views.values():
            view.set_spect_scale(scale)

    def set_window_level(self, window: WindowLevel) -> None:
        """CT window of both."""
        for view in self.views.values():
            view.set_window_level(window)

    def set_cursor(self, point_mm: ArrayLike) -> None:
        """The linked cursor."""
        for view in self.views.values():
            view.set_cursor(point_mm)

    def set_corner(self, corner: SliceCorner) -> None:
        """Facts in the corners."""
        for view in self.views.values():
            view.set_corner(corner)

    def set_mode(self, mode: CompareMode) -> None:
        """How the images are laid on one another. Silent."""
        self._mode = mode
        self._buttons[mode].setChecked(True)
        self._slider.setVisible(mode == "swipe")
        self._legend.setText({"fused": "blue: reference   orange: moving", "difference": "grey: equal"}.get(mode, ""))
        for view in self.views.values():
            view.set_mode(mode)
        if mode == "flicker":
            self._timer.start()
        else:
            self._timer.stop()
            self._show_second(False)

    def set_swipe(self, part: float) -> None:
        """Where the swipe line stands, 0 … 1."""
        self._slider.setValue(round(part * _SWIPE_STEPS))

    def _choose(self, mode: CompareMode) -> None:
        self.set_mode(mode)
        self.mode_changed.emit(mode)

    def _swipe(self, position: int) -> None:
        for view in self.views.values():
            view.set_swipe(position / _SWIPE_STEPS)

    def _flicker(self) -> None:
        self._show_second(not self.views["axial"]._second)

    def _show_second(self, second: bool) -> None:
        for view in self.views.values():
            view.set_second(second)

    def _follow_cursor(self, point_mm: object) -> None:
        self.set_cursor(point_mm)  # type: ignore[arg-type]
        self.cursor_moved.emit(point_mm)

    def _follow_window(self, window: WindowLevel) -> None:
        self.set_window_level(window)
        self.window_level_changed.emit(window)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F held shows the moving image."""
        if event.key() == Qt.Key.Key_F and not event.isAutoRepeat():
            self._before = self._mode
            self.set_mode("flicker")
            self._timer.stop()
            self._show_second(True)
        else:
            super().keyPressEvent(event)

    _before: CompareMode = "fused"

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Letting F go shows what was there before."""
        if event.key() == Qt.Key.Key_F and not event.isAutoRepeat():
            self.set_mode(self._before)
        else:
            super().keyReleaseEvent(event)
