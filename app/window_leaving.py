"""Closing the window: nothing is asked unless something could not be saved, and then once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from app.follow_up.receptor_drawing import ReceptorDrawing
    from app.main_window import MainWindow
    from dosimetry_core.voi import Voi


class WindowLeaving:
    """What stands against closing the window, and what is ended with it."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._may_leave_unsaved = False
        self._drawn_to_leave: tuple[tuple[Voi, ...], ...] = ()
        """What was drawn on receptor PETs when the window was asked to close: closing once more leaves it."""

    def forget_unsaved(self) -> None:
        """All is saved again: leaving asks anew when something is not."""
        if self._may_leave_unsaved:
            self._may_leave_unsaved = False
            self._window.job_strip.set_message("")

    def may_leave(self) -> bool:
        """Whether the window may close; its computations are ended then. If not, the status line says why."""
        window, drawings = self._window, self._receptor_drawings()
        unsaved = tuple(drawing.vois for drawing in drawings if not drawing.is_saved)
        if unsaved and unsaved != self._drawn_to_leave:
            self._drawn_to_leave = unsaved
            window.job_strip.set_message(
                "NOT SAVED: VOIs drawn on a receptor PET; close once more to leave without them"
            )
            return False
        if not window.opening.courses.close() and not self._may_leave_unsaved:
            self._may_leave_unsaved = True
            window.job_strip.set_message("NOT SAVED: close once more to leave without the last changes")
            return False
        # It is gone at once, whatever the computations take to notice.
        window.hide()
        window.session.recomputation.set_enabled(False)
        window.session.jobs.close()
        for drawing in drawings:
            drawing.leave()
        return True

    def _receptor_drawings(self) -> list[ReceptorDrawing]:
        """Receptor PETs that are drawn on: no course keeps what is drawn."""
        # By their name: their class brings libraries that would be loaded only to be closed with the window.
        return cast("list[ReceptorDrawing]", self._window.findChildren(QWidget, "receptor_drawing"))
