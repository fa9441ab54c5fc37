"""What the benchmarks share: the study on disk, the window that shows it, and how events get into it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.benchmarks.virtual_study import Sizes, VirtualStudy, study_in, write_study
from app.case_edits import with_voi
from app.main import make_application
from app.main_window import MainWindow
from app.rest_collection import CollectionAtRest
from app.screenshots import SIZE, wait_until_idle
from app.session import empty_case
from app.steps.voi_step import VoiStep
from dosimetry_core.case import Case
from dosimetry_core.errors import DosimetryError
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.virtual_patient import write_demonstration
from dosimetry_core.voi import Voi
from dosimetry_core.voi_editing import BrushGesture, empty_mask, paint

VOI_COUNT = 10
SPHERE_RADIUS_MM = 11.0
LONGEST_WAIT_S = 300.0
LOOK_AGAIN_MS = 20
_WHEEL_NOTCH = 120
NO_BUTTON = Qt.MouseButton.NoButton


class Stage:
    """Makes what a benchmark needs when it is first asked for, in one working folder.

    Parameters
    ----------
    folder
        Where the study and the demonstration are written; what is there already is used.
    progress
        Called with what is being made.
    """

    def __init__(self, folder: Path, *, sizes: Sizes | None = None, progress: Progress = no_progress) -> None:
        self.folder = folder
        self.sizes = sizes or Sizes()
        self.progress = progress
        self._window: WindowAtWork | None = None

    @cached_property
    def study(self) -> VirtualStudy:
        """The benchmark's own study on disk."""
        folder = self.folder / "study"
        return study_in(folder) or write_study(folder, sizes=self.sizes, progress=self.progress)

    @cached_property
    def demonstration(self) -> Path:
        """The demonstration case on disk."""
        folder = self.folder / "demonstration"
        if not (folder / "case.toml").exists():
            write_demonstration(folder, progress=part_of(self.progress, 0.0, 1.0))
        return folder

    @property
    def window(self) -> WindowAtWork:
        """The real window with the study of small SPECT, ten VOIs, at the step where they are drawn."""
        if self._window is None:
            self.progress(0.0, "Opening the study")
            self._window = WindowAtWork(self.study.small)
        return self._window

    def close(self) -> None:
        """Close the window."""
        if self._window is not None:
            self._window.close()
            self._window = None


class WindowAtWork:
    """The main window at 1920 × 1080 on a case, with ten VOIs, that takes events as from the window system."""

    def __init__(self, case_folder: Path, *, size: QSize = SIZE) -> None:
        make_application()
        self.window = MainWindow(empty_case())
        self.window.resize(size)
        self.window.show()
        self._collection = CollectionAtRest(self.window.session.jobs.hand, self.window)
        problems: list[BaseException] = []
        self.window.opening.failed.connect(problems.append)
        self.window.session.recomputation.failed.connect(problems.append)
        self.window.opening.open_path(case_folder)
        wait_until_idle(self.window)
        if problems:
            raise problems[0]
        self.session = self.window.session
        self._complete_vois()
        self.window.go_to("voi")
        step = self.window.step("voi")
        if not isinstance(step, VoiStep):
            raise TypeError("the step of VOIs is another one")
        self.step = step
        wait_until_idle(self.window)

    def close(self) -> None:
        """Close it and let go of its images."""
        self._collection.stop()
        self.window.close()
        self.window.deleteLater()
        QApplication.processEvents()

    def _complete_vois(self) -> None:
        """Add balls as lesions until there are ten VOIs."""
        session = self.session
        cycle = session.case.cycles[0]
        geometry = cycle.vois[0].mask.geometry
        missing = VOI_COUNT - len(cycle.vois)

        def edit(case: Case) -> Case:
            for number in range(missing):
                turn = 2 * np.pi * number / max(missing, 1)
                centre = geometry.centre_mm() + np.array([60 * np.cos(turn), -30.0, 60 * np.sin(turn)])
                ball = BrushGesture("axial", centre[None, :], SPHERE_RADIUS_MM, spherical=True, erase=False)
                mask = paint(empty_mask(geometry), ball)
                case = with_voi(case, 0, Voi(f"benchmark-{number}", f"Ball {number + 1}", "lesion", mask))
            return case

        if missing > 0:
            session.document.apply("Add balls", edit)
            wait_until_idle(self.window)

    # --- conditions -------------------------------------------------------------------------------------------------

    @property
    def views(self) -> tuple[QWidget, ...]:
        """Axial, coronal and sagittal view."""
        return tuple(self.step.grid.views.values())

    def views_reference(self) -> VolumeGeometry:
        """The grid whose slices are shown."""
        geometry = self.step.grid.views["axial"].reference
        if geometry is None:
            raise ValueError("the study shows no images")
        return geometry

    def conditions(self) -> dict[str, object]:
        """Sizes of window, panes and images."""
        point = self.session.time_point
        cycle = self.session.cycle
        if point is None or point.ct is None or cycle is None:
            raise ValueError("the study shows no images")
        return {
            "window_size": [self.window.width(), self.window.height()],
            "pane_sizes": {view.objectName(): [view.width(), view.height()] for view in self.views},
            "ct_shape": list(point.ct.volume.geometry.shape),
            "spect_shape": list(point.spect.volume.geometry.shape),
            "time_points": len(cycle.time_points),
            "vois": len(cycle.vois),
            "platform": QApplication.platformName(),
        }

    # --- events -----------------------------------------------------------------------------------------------------

    def mouse(
        self, kind: QEvent.Type, widget: QWidget, at: QPointF, button: Qt.MouseButton, buttons: Qt.MouseButton
    ) -> None:
        """A mouse event at a place of a widget, given to the window as the window system gives it."""
        place = QPointF(widget.mapTo(self.window, at.toPoint()))
        event = QMouseEvent(
            kind,
            place,
            place,
            QPointF(self.window.mapToGlobal(place.toPoint())),
            button,
            buttons,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self.window.windowHandle(), event)

    def press(self, widget: QWidget, at: QPointF, button: Qt.MouseButton) -> None:
        """Button down."""
        self.mouse(QEvent.Type.MouseButtonPress, widget, at, button, button)

    def move(self, widget: QWidget, at: QPointF, buttons: Qt.MouseButton) -> None:
        """Pointer moved."""
        self.mouse(QEvent.Type.MouseMove, widget, at, NO_BUTTON, buttons)

    def release(self, widget: QWidget, at: QPointF, button: Qt.MouseButton) -> None:
        """Button up."""
        self.mouse(QEvent.Type.MouseButtonRelease, widget, at, button, NO_BUTTON)

    def wheel(self, widget: QWidget, at: QPointF, notches: int) -> None:
        """Wheel turned; towards the user for negative notches."""
        place = QPointF(widget.mapTo(self.window, at.toPoint()))
        event = QWheelEvent(
            place,
            QPointF(self.window.mapToGlobal(place.toPoint())),
            QPoint(0, 0),
            QPoint(0, _WHEEL_NOTCH * notches),
            NO_BUTTON,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.window.windowHandle(), event)

    def paint(self) -> None:
        """Let the window do all that is pending now, painting included."""
        QApplication.processEvents()

    def wait_for(self, condition: Callable[[], bool], *, longest_s: float = LONGEST_WAIT_S) -> None:
        """Let the window work until something holds.

        Raises
        ------
        DosimetryError
            If it takes too long.
        """
        until = time.monotonic() + longest_s
        # It sleeps until something comes, as a window does that nobody touches; the timer lets it look again.
        timer = QTimer()
        timer.start(LOOK_AGAIN_MS)
        while not condition():
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if time.monotonic() > until:
                raise DosimetryError(f"still not done after {longest_s:.0f} s", where="bench, window")

    def rest(self) -> None:
        """Wait until nothing is under way."""
        wait_until_idle(self.window)

    # --- frames -----------------------------------------------------------------------------------------------------

    def pixels(self, widgets: Sequence[QWidget]) -> list[NDArray[np.uint8]]:
        """What the window system has been given of these widgets where they are seen, (height, width, 4) each."""
        taken = []
        for widget in widgets:
            # A part of the inspector can be scrolled out of sight.
            seen = widget.visibleRegion().boundingRect()
            if seen.isEmpty():
                continue
            origin = widget.mapTo(self.window, seen.topLeft())
            screen = self.window.screen()
            picture = screen.grabWindow(self.window.winId(), origin.x(), origin.y(), seen.width(), seen.height())
            image = picture.toImage()
            if image.isNull():
                raise DosimetryError("the screen can't be read", where="bench, window")
            view = np.frombuffer(image.constBits(), np.uint8)
            taken.append(view.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width()].copy())
        if not taken:
            raise DosimetryError("what is to be timed is out of sight", where="bench, window", remedy="show it")
        return taken

    def digest(self, widgets: Sequence[QWidget]) -> str:
        """Digest of what the window system has been given of these widgets."""
        total = hashlib.sha256()
        for pixels in self.pixels(widgets):
            total.update(pixels.tobytes())
        return total.hexdigest()[:16]

    # --- the VOI that is drawn on ------------------------------------------------------------------------------------

    def show_reference_scan(self) -> None:
        """Show the scan on whose CT the VOIs lie."""
        cycle = self.session.cycle
        if cycle is not None:
            self.session.view_state.set_time_point(cycle.reference_time_point)
            self.rest()

    def show_other_scan(self) -> None:
        """Show the last scan, whose images are turned onto the reference scan as they are drawn."""
        cycle = self.session.cycle
        if cycle is not None:
            self.session.view_state.set_time_point(len(cycle.time_points) - 1)
            self.rest()

    def choose_voi(self, name: str) -> Voi:
        """Make a VOI the active one and put the cursor into its middle."""
        cycle = self.session.cycle
        if cycle is None:
            raise ValueError("there is no cycle")
        voi = next(voi for voi in cycle.vois if voi.name == name)
        self.session.view_state.set_voi(voi.voi_id)
        self.session.view_state.set_cursor(voi.mask.centroid_mm())
        self.rest()
        return voi
