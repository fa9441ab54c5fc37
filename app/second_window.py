"""Views of the VOI step in a window of their own, for a second screen; it follows the course and closes with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.steps.voi_boards import BoardImages
from widgets.layout_bar import LAYOUTS, OF_SCANS, VIEW_WORDS, LayoutBar, ViewLayout
from widgets.pane_board import PaneBoard, PaneView

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.steps.voi_step import VoiStep


class SecondWindow(QWidget):
    """A layout of the step's images on another screen; the tools work here as well."""

    def __init__(self, window: MainWindow, step: VoiStep) -> None:
        super().__init__(window, Qt.WindowType.Window)
        self.setObjectName("second_window")
        self.setWindowTitle("Lutetia: views")
        self._session = window.session
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        self.bar = LayoutBar("second_layout", detach=False)
        self.board = PaneBoard("second_board")
        column.addWidget(self.bar)
        column.addWidget(self.board, 1)
        self.images = BoardImages(self._session, self.board, step.images)
        step.hand.add_board(self.images)
        self.images.probed.connect(step.probe)
        for name in ("stroke_moved", "stroke_finished", "stroke_cancelled", "confirm_requested"):
            getattr(self.board, name).connect(getattr(step.grid, name))
        self.board.time_point_step_requested.connect(step.grid.time_point_step_requested)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.images.refresh)
        state = self._session.view_state
        for signal in (
            self._session.document.changed,
            state.cycle_changed,
            state.time_point_changed,
            state.fusion_changed,
        ):
            signal.connect(lambda *_what: self._timer.start())
        kept = self._session.preferences
        self._layout: ViewLayout = next((each for each in LAYOUTS if each == kept.second_layout), "scans")
        self._view: PaneView = next((view for view in VIEW_WORDS if view == kept.second_view), "axial")
        self.bar.layout_chosen.connect(self._choose)
        self.bar.view_chosen.connect(self._choose_view)
        self.resize(900, 700)
        self.restoreGeometry(QByteArray.fromHex(kept.second_window.encode("ascii", "ignore")))
        # Its own keys: those of the window and of its image views.
        self.addActions(window.actions())
        window.actions_table.add_to(self)
        window.installEventFilter(self)

    def _choose(self, layout: str) -> None:
        self._layout = next(each for each in LAYOUTS if each == layout)
        self._arrange()

    def _choose_view(self, view: PaneView) -> None:
        self._view = view
        self._arrange()

    def _arrange(self) -> None:
        if self._layout == "scans" and self._view not in OF_SCANS:
            self._view = "axial"
        self.bar.set_layout(self._layout)
        self.bar.set_view(self._view)
        self.images.show(self._layout, self._view)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt override
        """Show what the course is like now."""
        super().showEvent(event)
        self._session.jobs.hand.watch(self.windowHandle())
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        """It goes with the window of the course."""
        if event.type() == QEvent.Type.Hide and watched is self.parent():
            self.close()
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 Qt override
        """Remember place and layout for the user."""
        geometry = bytes(self.saveGeometry().toHex().data()).decode("ascii")
        session = self._session
        session.preferences = replace(
            session.preferences, second_window=geometry, second_layout=self._layout, second_view=self._view
        )
        super().closeEvent(event)
