"""Two images of the same patient on one another, in three planes, and the hand that moves one of them."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QSlider, QSplitter, QToolButton, QVBoxLayout, QWidget

from dosimetry_core.anatomical_plane import PLANES, Plane
from dosimetry_core.geometry import VolumeGeometry
from widgets.compare_view import CompareMode, CompareView, Hand, Mark, Only
from widgets.display_scale import ColourScale, WindowLevel
from widgets.flow_layout import FlowLayout
from widgets.slice_annotation import SliceCorner
from widgets.slice_picture import Layer
from widgets.theme import label

__all__ = ["CompareView", "Hand", "Mark", "OverlayCompare"]

_MODES: tuple[tuple[CompareMode, str, str], ...] = (
    ("fused", "Fused", "Reference in blue, moving in orange; grey where they agree"),
    ("checkerboard", "Checkerboard", "Squares of one and the other"),
    ("difference", "Difference", "Moving minus reference"),
    ("swipe", "Swipe", "Reference left of the line, moving right of it; the slider moves the line"),
    ("flicker", "Flicker", "One after the other (hold F)"),
    (
        "isocontours",
        "Isocontours",
        "Lines of equal uptake, or of skin and bone without SPECT, of both on the reference",
    ),
)
_FLICKER_MS = 420
_LEGENDS: dict[CompareMode, str] = {
    "fused": "blue: reference   orange: moving",
    "difference": "grey: equal",
    "isocontours": "blue: reference   orange: moving",
}
_SWIPE_STEPS = 1000
_SLIDER_WIDTH = 160


class OverlayCompare(QWidget):
    """Three compared planes with their mode buttons and one cursor."""

    cursor_moved = Signal(object)
    window_level_changed = Signal(object)
    mode_changed = Signal(str)
    hand_moved = Signal(object, object, bool)
    """Translation (mm) and rotation vector (rad) of the moving image on the reference since the press; and whether the
    gesture ended."""
    hand_cancelled = Signal()
    landmark_set = Signal(object)
    """A point of the reference frame was clicked with the landmark hand."""
    time_point_step_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("overlay_compare")
        self.views: dict[Plane, CompareView] = {plane: CompareView(plane) for plane in PLANES}
        self._mode: CompareMode = "fused"
        self._buttons: dict[CompareMode, QToolButton] = {}
        bar = QWidget()
        line = FlowLayout(bar, spacing=6)
        group = QButtonGroup(self)
        for mode, text, tip in _MODES:
            button = QToolButton()
            button.setObjectName(f"mode_{mode}")
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, mode=mode: self._choose(mode))
            group.addButton(button)
            line.addWidget(button)
            self._buttons[mode] = button
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("swipe_position")
        self._slider.setRange(0, _SWIPE_STEPS)
        self._slider.setValue(_SWIPE_STEPS // 2)
        self._slider.setMinimumWidth(_SLIDER_WIDTH)
        self._slider.setToolTip("Where the swipe line stands")
        self._slider.valueChanged.connect(self._swipe)
        line.addWidget(self._slider)
        self._legend = label(role="dimmed", object_name="compare_legend")
        line.addWidget(self._legend)
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
        layout.addWidget(bar)
        layout.addWidget(columns, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_FLICKER_MS)
        self._timer.timeout.connect(self._flicker)
        for view in self.views.values():
            view.cursor_moved.connect(self._follow_cursor)
            view.window_level_changed.connect(self._follow_window)
            view.hand_moved.connect(self.hand_moved)
            view.hand_cancelled.connect(self.hand_cancelled)
            view.landmark_set.connect(self.landmark_set)
            view.time_point_step_requested.connect(self.time_point_step_requested)
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

    def set_hand(self, hand: Hand) -> None:
        """What the left button and the arrow keys do: move or turn the moving image, set landmarks, or the cursor."""
        for view in self.views.values():
            view.set_hand(hand)

    def set_turn_centre(self, point_mm: ArrayLike) -> None:
        """Point of the reference frame about which the moving image turns."""
        for view in self.views.values():
            view.set_turn_centre(point_mm)

    def set_only(self, only: Only) -> None:
        """Show one of the two images alone, whatever the mode; empty: both."""
        for view in self.views.values():
            view.set_only(only)

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Points that are marked in the views."""
        for view in self.views.values():
            view.set_marks(marks)

    def set_mode(self, mode: CompareMode) -> None:
        """How the images are laid on one another. Silent."""
        self._mode = mode
        self._buttons[mode].setChecked(True)
        self._slider.setVisible(mode == "swipe")
        self._legend.setText(_LEGENDS.get(mode, ""))
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
