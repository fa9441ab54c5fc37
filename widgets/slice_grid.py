"""Axial, coronal and sagittal slices with one linked cursor, and a place for the 3D view."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QSplitter, QWidget

from dosimetry_core.anatomical_plane import PLANES, Plane
from widgets.display_scale import ColourScale, Fusion, WindowLevel
from widgets.linked_slices import LinkedSlices
from widgets.slice_view import Layer, SliceCorner, SliceView, VoiShown
from widgets.tools.stroke import Tool


class SliceGrid(LinkedSlices):
    """Three linked slices, the axial one large, and a slot for the 3D view. Double click maximises one and back."""

    cursor_moved = Signal(object)
    framing_changed = Signal(object)
    slice_changed = Signal(str, int)
    window_level_changed = Signal(object)
    spect_scale_changed = Signal(object)
    stroke_started = Signal()
    stroke_moved = Signal(object)
    stroke_finished = Signal(object)
    stroke_cancelled = Signal()
    probe_moved = Signal(object)
    time_point_step_requested = Signal(int)
    overlay_toggle_requested = Signal()
    confirm_requested = Signal()
    context_menu_requested = Signal(object, object)
    maximised_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, third_dimension: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("slice_grid")
        self.views: dict[Plane, SliceView] = {plane: SliceView(plane) for plane in PLANES}
        self._volume: QWidget | None = None
        self._maximised: str | None = None
        self._active: Plane = "axial"
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        self._columns.setObjectName("slice_grid_columns")
        self._right = QSplitter(Qt.Orientation.Vertical)
        self._right.setObjectName("slice_grid_rows")
        for splitter in (self._columns, self._right):
            splitter.setHandleWidth(4)
            splitter.setChildrenCollapsible(False)
        self._columns.addWidget(self.views["axial"])
        self._columns.addWidget(self._right)
        self._right.addWidget(self.views["coronal"])
        self._right.addWidget(self.views["sagittal"])
        self._columns.setStretchFactor(0, 5)
        self._columns.setStretchFactor(1, 3)
        self._columns.setSizes([500, 300])
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._columns)
        for plane, view in self.views.items():
            self._connect(plane, view)
        if third_dimension is not None:
            self.set_third_dimension(third_dimension)

    def _connect(self, plane: Plane, view: SliceView) -> None:
        view.cursor_moved.connect(lambda _point: self._activate(plane))
        view.stroke_started.connect(lambda *_what: self._activate(plane))
        view.cursor_moved.connect(self._follow_cursor)
        view.slice_changed.connect(lambda index: self.slice_changed.emit(plane, index))
        view.window_level_changed.connect(self._follow_window)
        view.spect_scale_changed.connect(self._follow_scale)
        view.maximise_requested.connect(lambda: self._toggle(plane))
        for name in (
            "framing_changed",
            "stroke_started",
            "stroke_moved",
            "stroke_finished",
            "stroke_cancelled",
            "probe_moved",
            "time_point_step_requested",
            "overlay_toggle_requested",
            "confirm_requested",
            "context_menu_requested",
        ):
            getattr(view, name).connect(getattr(self, name))

    def active_plane(self) -> Plane:
        """The plane that was pointed at or drawn on last; axial to begin with."""
        return self._active

    def _activate(self, plane: Plane) -> None:
        self._active = plane

    def _follow_cursor(self, point_mm: object) -> None:
        self.set_cursor(point_mm)  # type: ignore[arg-type]
        self.cursor_moved.emit(point_mm)

    def _follow_window(self, window: WindowLevel) -> None:
        self.set_window_level(window)
        self.window_level_changed.emit(window)

    def _follow_scale(self, scale: ColourScale) -> None:
        self.set_spect_scale(scale)
        self.spect_scale_changed.emit(scale)

    def set_third_dimension(self, widget: QWidget) -> None:
        """Put the 3D view below the sagittal slice."""
        if self._volume is not None:
            raise ValueError("the 3D view is made once and kept")
        self._volume = widget
        self._right.addWidget(widget)
        requested = getattr(widget, "maximise_requested", None)
        if requested is not None:
            requested.connect(lambda: self._toggle("volume"))
        self._right.setSizes([100] * self._right.count())

    def focus_volume(self) -> None:
        """Give the keyboard to the 3D view."""
        if self._volume is not None:
            self._volume.setFocus(Qt.FocusReason.OtherFocusReason)

    def maximised(self) -> str | None:
        """``axial``, ``coronal``, ``sagittal``, ``volume``, or None while all are shown."""
        return self._maximised

    def maximise(self, name: str | None) -> None:
        """Show one alone, or all for None."""
        parts: dict[str, QWidget] = dict(self.views.items())
        if self._volume is not None:
            parts["volume"] = self._volume
        if name is not None and name not in parts:
            raise ValueError(f"there is no view {name!r}")
        self._maximised = name
        for part, widget in parts.items():
            widget.setVisible(name is None or part == name)
        self._right.setVisible(name != "axial")

    def _toggle(self, name: str) -> None:
        self.maximise(None if self._maximised == name else name)
        self.maximised_changed.emit(self._maximised or "")

    # The same setters as a slice has, for all three

    def show_ct(self, layer: Layer | None) -> None:
        """The CT, or None."""
        self._all("show_ct", layer)

    def show_spect(self, layer: Layer | None) -> None:
        """The SPECT, or None."""
        self._all("show_spect", layer)

    def show_vois(self, vois: Sequence[VoiShown]) -> None:
        """VOIs to outline."""
        self._all("show_vois", tuple(vois))

    def set_spect_scale(self, scale: ColourScale | None) -> None:
        """SPECT limits and colour map."""
        self._all("set_spect_scale", scale)

    def set_fusion(self, fusion: Fusion) -> None:
        """CT alone, both, or SPECT alone."""
        self._all("set_fusion", fusion)

    def set_interpolated(self, interpolated: bool) -> None:
        """Smooth pictures, or voxels as they are."""
        self._all("set_interpolated", interpolated)

    def set_corner(self, corner: SliceCorner) -> None:
        """Facts in the corners."""
        self._all("set_corner", corner)

    def set_right_drag_layer(self, layer: str | None) -> None:
        """What a right drag changes."""
        self._all("set_right_drag_layer", layer)

    def set_tool(self, tool: Tool | None) -> None:
        """The active tool."""
        self._all("set_tool", tool)

    def set_tool_blocked(self, reason: str) -> None:
        """Why the tool can't be used now; empty frees it."""
        self._all("set_tool_blocked", reason)

    def say_at_pointer(self, words: str) -> None:
        """Words beside the pointer, in the view that it is over, until the next press."""
        self._all("say_at_pointer", words)

    def reset_view(self) -> None:
        """Whole slices."""
        self._all("reset_view")

    def close_stroke(self) -> bool:
        """Close an outline in progress; returns whether there was one."""
        return any(view.close_stroke() for view in self.views.values())

    def cancel_stroke(self) -> bool:
        """Drop an unfinished stroke; returns whether there was one."""
        cancelled = [view.cancel_stroke() for view in self.views.values()]
        return any(cancelled)
