"""Which arrangement of views the step shows; remembered for the user."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QStackedWidget

from app.session import Session
from app.steps.voi_boards import BoardImages
from app.steps.voi_images import VoiImages
from dosimetry_core.anatomical_plane import PLANES, Plane
from widgets.layout_bar import LAYOUTS, LayoutBar, ViewLayout
from widgets.pane_board import PaneBoard
from widgets.slice_grid import SliceGrid


class VoiLayouts(QObject):
    """Shows the four views, one of them alone, or a board of several scans or rows."""

    def __init__(self, session: Session, grid: SliceGrid, images: VoiImages, bar: LayoutBar) -> None:
        super().__init__(grid)
        self._session, self._grid, self.bar = session, grid, bar
        self.board = PaneBoard("voi_board")
        self.images = BoardImages(session, self.board, images)
        self.stack = QStackedWidget()
        self.stack.setObjectName("voi_views")
        self.stack.addWidget(grid)
        self.stack.addWidget(self.board)
        self._layout: ViewLayout = "four-up"
        self._plane: Plane = "axial"
        bar.layout_chosen.connect(lambda layout: self.show(cast(ViewLayout, layout)))
        bar.plane_chosen.connect(self._show_plane)
        grid.maximised_changed.connect(self._follow_maximised)
        for name in ("stroke_moved", "stroke_finished", "stroke_cancelled", "probe_moved", "confirm_requested"):
            getattr(self.board, name).connect(getattr(grid, name))
        self.board.time_point_step_requested.connect(grid.time_point_step_requested)
        kept = session.preferences
        self._plane = kept.voi_plane if kept.voi_plane in PLANES else "axial"
        self.show(kept.voi_layout if kept.voi_layout in LAYOUTS else "four-up")

    @property
    def layout(self) -> ViewLayout:
        """What is shown."""
        return self._layout

    def show(self, layout: ViewLayout) -> None:
        """Show a layout, and remember it."""
        self._layout = layout
        on_grid = layout in ("four-up", "one")
        if on_grid:
            self._grid.maximise(self._plane if layout == "one" else None)
        self.stack.setCurrentWidget(self._grid if on_grid else self.board)
        if not on_grid:
            self.images.show("scans" if layout == "scans" else "rows", self._plane)
        self.bar.set_layout(layout)
        self.bar.set_plane(self._plane)
        kept = self._session.preferences
        self._session.preferences = replace(kept, voi_layout=layout, voi_plane=self._plane)
        self.take_keyboard()

    def next(self) -> None:
        """The next layout, round and round."""
        self.show(LAYOUTS[(LAYOUTS.index(self._layout) + 1) % len(LAYOUTS)])

    def take_keyboard(self) -> None:
        """Give the keyboard to the first view, so that keys work at once."""
        views = list(self.board.views.values())
        if self.stack.currentWidget() is self.board and views:
            views[0].setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._grid.views[self._plane].setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_plane(self, plane: Plane) -> None:
        self._plane = plane
        self.show(self._layout)

    def _follow_maximised(self, name: str) -> None:
        """A double click on a view: one large, and back."""
        if name in PLANES:
            self._plane = name
        if name != "volume":
            self.show("one" if name else "four-up")
