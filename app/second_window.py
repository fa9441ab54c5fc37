"""Views of the VOI step in a window of their own, for a second screen; it follows the course and closes with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.steps.voi_boards import BoardImages, BoardLayout
from dosimetry_core.anatomical_plane import Plane
from widgets.layout_bar import LayoutBar, ViewLayout
from widgets.pane_board import PaneBoard

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.steps.voi_step import VoiStep

LAYOUTS: tuple[ViewLayout, ...] = ("scans", "rows", "one")
_BOARDS: dict[ViewLayout, BoardLayout] = {"scans": "scans", "rows": "rows", "one": "one"}


class SecondWindow(QWidget):
    """A layout of the step's images on another screen; the tools work here as well."""

    def __init__(self, window: MainWindow, step: VoiStep) -> None:
        super().__init__(window, Qt.WindowType.Window)
        self.setObjectName("second_window")
        self.setWindowTitle("Lutetia: views")
        self._session = window.session
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        self.bar = LayoutBar("second_layout", LAYOUTS, detach=False)
        self.board = PaneBoard("second_board")
        column.addWidget(self.bar)
        column.addWidget(self.board, 1)
        self.images = BoardImages(self._session, self.board, step.images)
        step.hand.add_board(self.images)
        for name in ("stroke_moved", "stroke_finished", "stroke_cancelled", "probe_moved", "confirm_requested"):
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
        self._plane: Plane = "axial"
        self.bar.layout_chosen.connect(self._choose)
        self.bar.plane_chosen.connect(self._choose_plane)
        self.resize(900, 700)
        self.restoreGeometry(QByteArray.fromHex(kept.second_window.encode("ascii", "ignore")))
        # Its own keys: those of the window and of its image views.
        self.addActions(window.actions())
        window.actions_table.add_to(self)
        window.installEventFilter(self)

    def _choose(self, layout: str) -> None:
        self._layout = next(each for each in LAYOUTS if each == layout)
        self._arrange()

    def _choose_plane(self, plane: Plane) -> None:
        self._plane = plane
        self._arrange()

    def _arrange(self) -> None:
        self.bar.set_layout(self._layout)
        self.bar.set_plane(self._plane)
        self.images.show(_BOARDS[self._layout], self._plane)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt override
        """Show what the course is like now."""
        super().showEvent(event)
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
        session.preferences = replace(session.preferences, second_window=geometry, second_layout=self._layout)
        super().closeEvent(event)
