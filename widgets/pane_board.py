"""Views side by side, each with images of its own, all with one linked cursor: slices, projections and 3D."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from dosimetry_core.anatomical_plane import PLANES
from widgets.linked_slices import LinkedSlices
from widgets.mip_view import MipView
from widgets.slice_view import SliceView
from widgets.tools.stroke import Tool
from widgets.volume_view import VolumeView

PaneView = Literal["axial", "coronal", "sagittal", "mip", "volume"]
"""What a pane shows: a plane, the projection, or the 3D view."""
_OF_SLICES = (
    "cursor_moved",
    "framing_changed",
    "window_level_changed",
    "spect_scale_changed",
    "stroke_started",
    "stroke_moved",
    "stroke_finished",
    "stroke_cancelled",
    "time_point_step_requested",
    "overlay_toggle_requested",
    "confirm_requested",
    "context_menu_requested",
)
_OF_MIPS = ("cursor_moved", "spect_scale_changed", "time_point_step_requested")
_OF_VOLUME = ("cursor_moved", "stroke_started", "stroke_moved", "stroke_finished", "stroke_cancelled")


@dataclass(frozen=True)
class Pane:
    """One view of a board: its key, what it shows, its place, and how many rows high it is."""

    key: str
    view: PaneView
    row: int
    column: int
    rows: int = 1


class PaneBoard(LinkedSlices):
    """A grid of views. Double click maximises one and back; ``pane_pointed`` names the one that was clicked.

    ``views`` are the slices, ``mips`` the projections, by the keys of their panes. The 3D view is made when it is first
    needed, and kept: each one that is closed leaves some graphics memory behind.
    """

    cursor_moved = Signal(object)
    framing_changed = Signal(object)
    window_level_changed = Signal(object)
    spect_scale_changed = Signal(object)
    stroke_started = Signal()
    stroke_moved = Signal(object)
    stroke_finished = Signal(object)
    stroke_cancelled = Signal()
    time_point_step_requested = Signal(int)
    overlay_toggle_requested = Signal()
    confirm_requested = Signal()
    context_menu_requested = Signal(object, object)
    pane_pointed = Signal(str)
    pane_probed = Signal(str, object)
    """The pane that the pointer is over, and the patient point there; None where it left the pane."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("takesImageKeys", True)
        self.views: dict[str, SliceView] = {}
        self.mips: dict[str, MipView] = {}
        self._volume: VolumeView | None = None
        self._others_work: Callable[[], bool] = lambda: False
        self._panes: tuple[Pane, ...] = ()
        self._stretch: tuple[int, ...] = ()
        self._maximised: str | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)

    def set_panes(self, panes: Sequence[Pane], *, stretch: Sequence[int] = ()) -> None:
        """Arrange other panes; those that are the same stay as they are, with zoom and pan.

        ``stretch``: how wide columns are in relation to each other; all alike without it.
        """
        if (tuple(panes), tuple(stretch)) == (self._panes, self._stretch):
            return
        same = {pane.key: pane.view for pane in self._panes}
        before = self.widgets()
        kept = {pane.key: before[pane.key] for pane in panes if same.get(pane.key) == pane.view}
        for key, widget in before.items():
            self._grid.removeWidget(widget)
            if key not in kept:
                widget.hide()
                if widget is not self._volume:
                    widget.deleteLater()
        for place in (*range(self._grid.rowCount()), *range(self._grid.columnCount())):
            self._grid.setRowStretch(place, 0)
            self._grid.setColumnStretch(place, 0)
        self._panes, self._stretch = tuple(panes), tuple(stretch)
        self.views, self.mips = {}, {}
        for pane in panes:
            widget = kept.get(pane.key) or self._made(pane)
            if isinstance(widget, SliceView):
                self.views[pane.key] = widget
            elif isinstance(widget, MipView):
                self.mips[pane.key] = widget
            self._grid.addWidget(widget, pane.row, pane.column, pane.rows, 1)
        self.maximise(None)

    def wait_while(self, others_work: Callable[[], bool]) -> None:
        """What the 3D view, once there is one, lets come before its own late pictures."""
        self._others_work = others_work

    def widgets(self) -> dict[str, QWidget]:
        """What stands in each pane, by its key."""
        found: dict[str, QWidget] = {**self.views, **self.mips}
        if self._volume is not None:
            found |= {pane.key: self._volume for pane in self._panes if pane.view == "volume"}
        return found

    @property
    def volume(self) -> VolumeView | None:
        """The 3D view while it stands in a pane."""
        return self._volume if any(pane.view == "volume" for pane in self._panes) else None

    def _made(self, pane: Pane) -> QWidget:
        if pane.view == "volume":
            return self._volume_for(pane)
        view: SliceView | MipView
        view = MipView(self) if pane.view == "mip" else SliceView(pane.view, self)
        view.setObjectName(f"{self.objectName()}_{pane.key}")
        self._forward(view, _OF_SLICES if pane.view in PLANES else _OF_MIPS)
        if isinstance(view, SliceView):
            view.probe_moved.connect(lambda point: self.pane_probed.emit(pane.key, point))
        view.cursor_moved.connect(lambda _point: self.pane_pointed.emit(pane.key))
        view.maximise_requested.connect(lambda: self._toggle(pane.key))
        return view

    def _volume_for(self, pane: Pane) -> VolumeView:
        if self._volume is None:
            self._volume = VolumeView(self)
            self._volume.setObjectName(f"{self.objectName()}_volume")
            self._volume.wait_while(self._others_work)
            self._forward(self._volume, _OF_VOLUME)
            self._volume.maximise_requested.connect(self._toggle_volume)
        return self._volume

    def _forward(self, view: Any, names: Sequence[str]) -> None:
        for name in names:
            getattr(view, name).connect(getattr(self, name))

    def _toggle(self, key: str) -> None:
        self.maximise(None if self._maximised == key else key)

    def _toggle_volume(self) -> None:
        self._toggle(next(pane.key for pane in self._panes if pane.view == "volume"))

    def maximised(self) -> str | None:
        """Key of the pane that is shown alone; None while all are shown."""
        return self._maximised

    def maximise(self, key: str | None) -> None:
        """Show one alone, or all for None."""
        widgets = self.widgets()
        if key is not None and key not in widgets:
            raise ValueError(f"there is no pane {key!r}")
        self._maximised = key
        for name, widget in widgets.items():
            widget.setVisible(key is None or name == key)
        shown = [pane for pane in self._panes if key is None or pane.key == key]
        for pane in self._panes:
            for row in range(pane.row, pane.row + pane.rows):
                has = any(other.row <= row < other.row + other.rows for other in shown)
                self._grid.setRowStretch(row, int(has))
            wide = self._stretch[pane.column] if self._stretch else 1
            self._grid.setColumnStretch(pane.column, wide * any(other.column == pane.column for other in shown))

    def set_tool(self, tool: Tool | None, *, only: Sequence[str] | None = None) -> None:
        """The active tool, in some slices only if they are named; in the others the left button moves the cursor."""
        for key, view in self.views.items():
            view.set_tool(tool if only is None or key in only else None)
        for mip in self.mips.values():
            mip.set_tool_in_hand(tool is not None)
        if self._volume is not None:
            self._volume.set_tool(tool)

    def set_tool_blocked(self, reason: str) -> None:
        """Why the tool can't be used now; empty frees it."""
        self._tell_tools("set_tool_blocked", reason)

    def say_at_pointer(self, words: str) -> None:
        """Words beside the pointer, in the view that it is over, until the next press."""
        self._tell_tools("say_at_pointer", words)

    def _tell_tools(self, setter: str, words: str) -> None:
        # The projection takes no tool, so that nothing is said there.
        self._all(setter, words)
        if self._volume is not None:
            getattr(self._volume, setter)(words)

    def reset_view(self) -> None:
        """Whole slices, and everything from the front."""
        self._all("reset_view")
        for mip in self.mips.values():
            mip.reset_view()
        if self._volume is not None:
            self._volume.reset_view()

    def close_stroke(self) -> bool:
        """Close an outline in progress; returns whether there was one."""
        return any(view.close_stroke() for view in self.views.values())

    def cancel_stroke(self) -> bool:
        """Drop an unfinished stroke; returns whether there was one."""
        cancelled = [view.cancel_stroke() for view in self.views.values()]
        if self._volume is not None:
            cancelled.append(self._volume.cancel_stroke())
        return any(cancelled)
