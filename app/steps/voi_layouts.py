"""Which arrangement of views the step shows; remembered for the user."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.session import Session
from app.steps.voi_boards import BoardImages
from app.steps.voi_images import VoiImages
from dosimetry_core.anatomical_plane import PLANES, Plane
from widgets.layout_bar import LAYOUTS, OF_SCANS, VIEW_WORDS, LayoutBar, ViewLayout
from widgets.pane_board import PaneBoard, PaneView
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
        self._view: PaneView = "axial"
        bar.layout_chosen.connect(lambda layout: self.show(cast(ViewLayout, layout)))
        bar.view_chosen.connect(self._show_view)
        grid.maximised_changed.connect(self._follow_maximised)
        for name in ("stroke_moved", "stroke_finished", "stroke_cancelled", "confirm_requested"):
            getattr(self.board, name).connect(getattr(grid, name))
        self.board.time_point_step_requested.connect(grid.time_point_step_requested)
        kept = session.preferences
        self._view = next((view for view in VIEW_WORDS if view == kept.voi_view), "axial")
        self.show(kept.voi_layout if kept.voi_layout in LAYOUTS else "four-up")

    @property
    def layout(self) -> ViewLayout:
        """What is shown."""
        return self._layout

    def show(self, layout: ViewLayout) -> None:
        """Show a layout, and remember it."""
        self._layout = layout
        if layout == "scans" and self._view not in OF_SCANS:
            self._view = "axial"
        on_grid = layout == "four-up" or (layout == "one" and self._view != "mip")
        if on_grid:
            self._grid.maximise(self._view if layout == "one" else None)
        self.stack.setCurrentWidget(self._grid if on_grid else self.board)
        if not on_grid:
            self.images.show(layout, self._view)
        self.bar.set_layout(layout)
        self.bar.set_view(self._view)
        kept = self._session.preferences
        self._session.preferences = replace(kept, voi_layout=layout, voi_view=self._view)
        self.take_keyboard()

    def take_keyboard(self) -> None:
        """Give the keyboard to the first view, so that keys work at once."""
        views: list[QWidget] = list(self.board.widgets().values())
        if self.stack.currentWidget() is self.board and views:
            views[0].setFocus(Qt.FocusReason.OtherFocusReason)
        elif self._grid.maximised() == "volume":
            self._grid.focus_volume()
        else:
            plane: Plane = next((plane for plane in PLANES if plane == self._view), "axial")
            self._grid.views[plane].setFocus(Qt.FocusReason.OtherFocusReason)

    def give_keyboard_back(self) -> None:
        """Give the keyboard to the view that had it last."""
        shown = self.stack.currentWidget()
        view = None if shown is None else shown.focusWidget()
        if view is None or not view.isVisible():
            self.take_keyboard()
        else:
            view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_view(self, view: PaneView) -> None:
        self._view = view
        self.show(self._layout)

    def _follow_maximised(self, name: str) -> None:
        """A double click on a view: one large, and back."""
        if name:
            self._view = next(view for view in VIEW_WORDS if view == name)
        self.show("one" if name else "four-up")
