"""The real window in the VOI step, put into the same state before each act, and what an act may change of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QDialog, QDockWidget

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.voi_step import VoiStep
from widgets.slice_view import SliceView

KIDNEY = "Kidney L"


class Room:
    """The real window in the VOI step, and everything of it that an act may change."""

    def __init__(self, window: MainWindow, file_dialogs: list[str]) -> None:
        self.window, self.file_dialogs = window, file_dialogs
        self.told: list[str] = []
        self.menus: list[Any] = []
        self.case = window.session.document.case
        self.closing = Closing(window)
        window.step("voi").told.connect(self.told.append)
        self.step.grid.context_menu_requested.connect(lambda *asked: self.menus.append(asked))

    @property
    def step(self) -> VoiStep:
        step = self.window.step("voi")
        assert isinstance(step, VoiStep)
        return step

    @property
    def axial(self) -> SliceView:
        return self.step.grid.views["axial"]

    def prepare(self) -> None:
        """The same state before every act: left kidney active, second scan, a slice in the middle, no tool."""
        window, state = self.window, self.window.session.view_state
        for dialog in window.findChildren(QDialog):
            if dialog.isVisible():
                dialog.reject()
        for top in QApplication.topLevelWidgets():
            if top is not window and top.isVisible() and top.windowType() != Qt.WindowType.Popup:
                top.close()
        window.activateWindow()
        if not window.session.case.cycles:
            window.opening.open_case(self.case)
            wait_until_idle(window)
        window.go_to("voi")
        while window.session.document.position:
            window.session.document.undo()
        state.set_cycle(0)
        self.step.show_layout("four-up")
        self.step.grid.maximise(None)
        self.step.layouts.board.maximise(None)
        self.step.volume.set_clipped(False)
        state.set_tool("cursor")
        state.set_brush_radius(8.0)
        state.set_time_point(1)
        state.set_window(333.0, 33.0)
        state.set_fusion("fused")
        state.reset()
        voi = next(voi for voi in window.session.cycle.vois if voi.name == KIDNEY)
        state.set_voi(voi.voi_id)
        state.set_cursor(voi.mask.centroid_mm())
        self.step.target.set_here(False)
        if self.step.tools.edges.edges() is not None:
            self.step.toggle_edges()
        if not self.step.hand.brush.spherical:
            self.step.toggle_through()
        if not window.side.isVisible():
            window.toggle_inspector()
        for dock in window.findChildren(QDockWidget):
            dock.hide()
        state.set_contours(True)
        state.set_decay_corrected(False)
        self.axial.setFocus()
        wait_until_idle(window)
        window.job_strip.set_message("")
        self.told.clear()

    def eye(self) -> bytes:
        """How the 3D view looks now; nothing without OpenGL."""
        eye = self.step.volume.eye()
        return b"" if eye is None else eye.projection.tobytes()

    def seen(self, part: str) -> Any:
        """What may be changed, by name."""
        window, state, document = self.window, self.window.session.view_state, self.window.session.document
        parts: dict[str, Callable[[], Any]] = {
            "step": lambda: window.current_step,
            "patient": lambda: window.session.case.patient.patient_id,
            "tool": lambda: state.tool,
            "radius": lambda: state.brush_radius_mm,
            "fusion": lambda: state.fusion,
            "contours": lambda: state.contours,
            "decay corrected": lambda: state.decay_corrected,
            "window": lambda: state.window_hu,
            "time point": lambda: state.time_point,
            "cycle": lambda: state.cycle,
            "voi": lambda: state.voi_id,
            "voi and scan": lambda: (state.voi_id, state.time_point),
            "cursor": lambda: state.cursor_mm,
            "slice": lambda: self.axial.slice_index,
            "zoom": self.axial.pixels_per_mm,
            "place": lambda: self.axial.pixel_of((0, 0, 0)).toTuple(),
            "labels": lambda: document.labels[: document.position],
            "position": lambda: document.position,
            "preview": lambda: document.is_previewing,
            "inspector": window.side.isVisible,
            "layout": lambda: self.step.layouts.layout,
            "windows": lambda: frozenset(
                widget.objectName()
                for widget in (*window.findChildren(QDialog), *QApplication.topLevelWidgets())
                if widget.isVisible() and widget is not window
            ),
            "history": lambda: any(dock.isVisible() for dock in window.findChildren(QDockWidget)),
            "file dialogs": lambda: len(self.file_dialogs),
            "closing": lambda: self.closing.count,
            "menus": lambda: len(self.menus),
            "message": window.job_strip.message,
            "edges": lambda: self.step.tools.edges.edges(),
            "through": lambda: self.step.hand.brush.spherical,
            "clip": lambda: self.step.volume.is_clipped,
            "clip box": lambda: None if self.step.volume.clip_box() is None else self.step.volume.clip_box().high_mm[0],
            "here": lambda: self.step.target.here,
            "told": lambda: tuple(self.told),
            "maximised": self.step.grid.maximised,
            "camera": lambda: tuple(np.round(self.step.volume.camera_direction(), 6)),
            "eye": self.eye,
            "linked": lambda: window.session.preferences.linked_views,
            "mip angle": lambda: next((mip.angle_deg for mip in self.step.layouts.board.mips.values()), 0),
            "scale": lambda: self.axial.spect_scale,
            "board maximised": self.step.layouts.board.maximised,
            "theme": lambda: window.session.preferences.theme,
            "reviewed": lambda: window.session.reviews.was_seen(window.session.voi.mask),  # type: ignore[union-attr]
        }
        return parts[part]()


class Closing(QObject):
    """Counts wishes to close the window, and lets none through."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.count, self._window = 0, window
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt override
        if watched is self._window and event.type() == QEvent.Type.Close:
            self.count += 1
            event.ignore()
            return True
        return False

    def stop(self) -> None:
        self._window.removeEventFilter(self)
