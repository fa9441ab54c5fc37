"""Several slices side by side, each with images of its own, all with one linked cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from dosimetry_core.anatomical_plane import Plane
from widgets.linked_slices import LinkedSlices
from widgets.slice_view import SliceView
from widgets.tools.stroke import Tool

_FORWARDED = (
    "cursor_moved",
    "window_level_changed",
    "spect_scale_changed",
    "stroke_started",
    "stroke_moved",
    "stroke_finished",
    "stroke_cancelled",
    "probe_moved",
    "time_point_step_requested",
    "overlay_toggle_requested",
    "confirm_requested",
    "context_menu_requested",
)


@dataclass(frozen=True)
class Pane:
    """One slice of a board: its key, plane, and place."""

    key: str
    plane: Plane
    row: int
    column: int


class PaneBoard(LinkedSlices):
    """A grid of slices. Double click maximises one and back; ``pane_pointed`` names the one that was clicked."""

    cursor_moved = Signal(object)
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
    pane_pointed = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("takesImageKeys", True)
        self.views: dict[str, SliceView] = {}
        self._panes: tuple[Pane, ...] = ()
        self._maximised: str | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)

    def set_panes(self, panes: Sequence[Pane]) -> None:
        """Arrange other panes; those that are the same stay as they are, with zoom and pan."""
        if tuple(panes) == self._panes:
            return
        same = {pane.key: pane.plane for pane in self._panes}
        kept = {pane.key: self.views[pane.key] for pane in panes if same.get(pane.key) == pane.plane}
        for key, view in self.views.items():
            self._grid.removeWidget(view)
            if key not in kept:
                view.hide()
                view.deleteLater()
        for place in (*range(self._grid.rowCount()), *range(self._grid.columnCount())):
            self._grid.setRowStretch(place, 0)
            self._grid.setColumnStretch(place, 0)
        self._panes, self.views = tuple(panes), {}
        for pane in panes:
            view = kept.get(pane.key) or self._made(pane)
            self.views[pane.key] = view
            self._grid.addWidget(view, pane.row, pane.column)
            self._grid.setRowStretch(pane.row, 1)
            self._grid.setColumnStretch(pane.column, 1)
        self.maximise(None)

    def _made(self, pane: Pane) -> SliceView:
        view = SliceView(pane.plane, self)
        view.setObjectName(f"{self.objectName()}_{pane.key}")
        for name in _FORWARDED:
            getattr(view, name).connect(getattr(self, name))
        view.cursor_moved.connect(lambda _point: self.pane_pointed.emit(pane.key))
        view.maximise_requested.connect(lambda: self.maximise(None if self._maximised == pane.key else pane.key))
        return view

    def maximised(self) -> str | None:
        """Key of the pane that is shown alone; None while all are shown."""
        return self._maximised

    def maximise(self, key: str | None) -> None:
        """Show one alone, or all for None."""
        if key is not None and key not in self.views:
            raise ValueError(f"there is no pane {key!r}")
        self._maximised = key
        for name, view in self.views.items():
            view.setVisible(key is None or name == key)
        for pane in self._panes:
            shown = [other for other in self._panes if key is None or other.key == key]
            self._grid.setRowStretch(pane.row, int(any(other.row == pane.row for other in shown)))
            self._grid.setColumnStretch(pane.column, int(any(other.column == pane.column for other in shown)))

    def set_tool(self, tool: Tool | None, *, only: Sequence[str] | None = None) -> None:
        """The active tool, in some panes only if they are named; in the others the left button moves the cursor."""
        for key, view in self.views.items():
            view.set_tool(tool if only is None or key in only else None)

    def set_tool_blocked(self, reason: str) -> None:
        """Why the tool can't be used now; empty frees it."""
        self._all("set_tool_blocked", reason)

    def say_at_pointer(self, words: str) -> None:
        """Words beside the pointer, in the pane that it is over, until the next press."""
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
