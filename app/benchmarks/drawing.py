"""Frame times of the three linked views: scrolling, window and level, and the bare drawing of the same panes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.benchmarks.figure import Figure, Goal, Stopwatch, Timed
from app.benchmarks.stage import Stage, WindowAtWork
from app.benchmarks.vtk_slices import VtkSlices

FRAMES = 240
WARM_FRAMES = 20
LONGEST_FRAME_MS = 16.0
BLIT_ALLOWANCE = 1.5
FIRST_SLICES = (0.95, 0.2, 0.2)
VOI_SHOWN = "Kidney L"
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
VTK_TEXT = "VTK image slices showing the same, drawn off screen and read back"


class _BarePane(QWidget):
    """Draws a ready picture, nothing else."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.picture = QImage()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 Qt override
        """Copy the picture."""
        painter = QPainter(self)
        painter.drawImage(0, 0, self.picture)
        painter.end()


def blit_times(window: WindowAtWork, frames: int = FRAMES) -> Timed:
    """Durations of drawing ready pictures of the sizes of the three views in a window of the same size."""
    host = QWidget()
    host.resize(window.window.size())
    panes = []
    for view in window.views:
        pane = _BarePane(host)
        pane.setGeometry(view.rect().translated(view.mapTo(window.window, view.rect().topLeft())))
        panes.append(pane)
    generator = np.random.default_rng(1)
    sets: list[list[QImage]] = []
    for _ in range(8):
        pictures = []
        for pane in panes:
            pixels = generator.integers(0, 255, (pane.height(), pane.width(), 4), dtype=np.uint8)
            stride = 4 * pane.width()
            picture = QImage(pixels.data, pane.width(), pane.height(), stride, QImage.Format.Format_RGB32)
            pictures.append(picture.copy())
        sets.append(pictures)
    host.show()
    QApplication.processEvents()
    watch = Stopwatch()
    for number in range(frames):
        watch.start()
        for pane, picture in zip(panes, sets[number % len(sets)], strict=True):
            pane.picture = picture
            pane.update()
        QApplication.processEvents()
        watch.stop()
    host.close()
    host.deleteLater()
    return watch.timed()


def frame_times(
    window: WindowAtWork, act: Callable[[int], None], shown: Sequence[QWidget], frames: int = FRAMES
) -> tuple[Timed, list[str]]:
    """Durations from an event to everything being painted, and a digest of each picture on the screen."""
    watch = Stopwatch()
    digests = []
    for number in range(-WARM_FRAMES, frames):
        if number >= 0:
            watch.start()
        act(number)
        window.paint()
        if number >= 0:
            watch.stop()
            digests.append(window.digest(shown))
    return watch.timed(), digests


def frame_goal(p95_ms: float, blit_p95_ms: float, alternative_ms: float | None) -> Goal:
    """At most 16 ms, or one and a half times the bare drawing where that is longer; and faster than the alternative."""
    longest = max(LONGEST_FRAME_MS, BLIT_ALLOWANCE * blit_p95_ms)
    faster = alternative_ms is None or p95_ms < alternative_ms
    text = f"at most {longest:.1f} ms" + ("" if alternative_ms is None else ", and faster than the alternative")
    return Goal(text, p95_ms <= longest and faster)


def frame_conditions(window: WindowAtWork, timed: Timed, digests: Sequence[str], **more: Any) -> dict[str, Any]:
    """Conditions of a figure of frames."""
    return {
        **window.conditions(),
        "frames": list(digests),
        "different_frames": len(set(digests)),
        "painted": "synchronously, after each event",
        "median_ms": timed.median_ms,
        "processor_p95_ms": timed.processor_p95_ms,
        **more,
    }


class SliceFrames:
    """Scrolls and changes the window of three linked fused views, ours and those of VTK."""

    def __init__(self, window: WindowAtWork) -> None:
        self.window = window
        state = self.window.session.view_state
        state.set_tool("cursor")
        state.set_fusion("fused")
        self.window.show_reference_scan()
        self.window.choose_voi(VOI_SHOWN)
        self.middles = [QPointF(view.rect().center()) for view in self.window.views]

    def scroll(self, number: int) -> None:
        """A notch of the wheel over each of the three views."""
        if number == -WARM_FRAMES:
            # From the head, the front and the right on, so that no slice is shown twice.
            geometry = self.window.views_reference()
            index = np.array(geometry.shape) * FIRST_SLICES
            self.window.session.view_state.set_cursor(geometry.index_to_point(index))
        for view, middle in zip(self.window.views, self.middles, strict=True):
            self.window.wheel(view, middle, -1)

    def begin_window_drag(self) -> None:
        """Right button down on the axial view."""
        axial, middle = self.window.views[0], self.middles[0]
        self.window.press(axial, middle, RIGHT)

    def drag_window(self, number: int) -> None:
        """The pointer moves on; width and level of the CT follow in all views."""
        turn = 2 * np.pi * number / 97
        at = self.middles[0] + QPointF(90 * np.sin(turn) + 0.31 * number, 70 * np.sin(1.7 * turn))
        self.window.move(self.window.views[0], at, RIGHT)

    def end_window_drag(self) -> None:
        """Right button up."""
        self.window.release(self.window.views[0], self.middles[0], RIGHT)


def drawing_figures(stage: Stage, wanted: frozenset[str], frame_count: int = FRAMES) -> list[Figure]:
    """machine_blit_ms, scroll_three_views_p95_ms, window_level_p95_ms."""
    figures: list[Figure] = []
    frames = SliceFrames(stage.window)
    window = frames.window
    stage.progress(0.1, "Bare drawing of the panes")
    bare = blit_times(window, frame_count)
    if "machine_blit_ms" in wanted:
        figures.append(
            Figure(
                "machine_blit_ms",
                bare.p95_ms,
                "ms",
                bare.wall_ms,
                {
                    **window.conditions(),
                    "what": "ready pictures of the three panes drawn into a window of the same size; 95th percentile",
                    "median_ms": bare.median_ms,
                    "processor_p95_ms": bare.processor_p95_ms,
                },
            )
        )
    if not wanted & {"scroll_three_views_p95_ms", "window_level_p95_ms"}:
        return figures
    vtk = VtkSlices(window)
    if "scroll_three_views_p95_ms" in wanted:
        stage.progress(0.3, "Scrolling")
        ours = frame_times(window, frames.scroll, window.views, frame_count)
        event = "a notch of the wheel over each of the three views, then one painting of all"
        other = vtk.scroll_times(frame_count)
        figures.append(_beside_vtk("scroll_three_views_p95_ms", event, window, *ours, other, bare))
    if "window_level_p95_ms" in wanted:
        stage.progress(0.7, "Window and level")
        frames.begin_window_drag()
        ours = frame_times(window, frames.drag_window, window.views, frame_count)
        frames.end_window_drag()
        event = "a move of the right button in the axial view"
        other = vtk.window_times(frame_count)
        figures.append(_beside_vtk("window_level_p95_ms", event, window, *ours, other, bare))
    return figures


def _beside_vtk(
    name: str, event: str, window: WindowAtWork, timed: Timed, digests: Sequence[str], other: Timed, bare: Timed
) -> Figure:
    """A figure of frames beside VTK and the bare drawing."""
    return Figure(
        name,
        timed.p95_ms,
        "ms",
        timed.wall_ms,
        frame_conditions(
            window,
            timed,
            digests,
            event=event,
            alternative_median_ms=other.median_ms,
            alternative_processor_p95_ms=other.processor_p95_ms,
            blit_p95_ms=bare.p95_ms,
        ),
        VTK_TEXT,
        other.p95_ms,
        frame_goal(timed.p95_ms, bare.p95_ms, other.p95_ms),
    )
