"""The 3D view: how long a turn by the mouse takes until it is painted."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt

from app.benchmarks.drawing import frame_conditions, frame_times
from app.benchmarks.figure import Figure, Goal
from app.benchmarks.stage import Stage

# Some turns end where another was to the pixel: at least 200 have to be different.
FRAMES = 240
LONGEST_MS = 60.0
LEFT = Qt.MouseButton.LeftButton


def rotation_figure(stage: Stage, frame_count: int = FRAMES) -> Figure:
    """rotate_3d_p95_ms: drag in the 3D view, drawn coarsely meanwhile; alternative: the same drawn finely."""
    window = stage.window
    view = window.step.volume
    window.session.view_state.set_tool("cursor")
    window.rest()
    middle = QPointF(view.rect().center())

    def at(number: int) -> QPointF:
        turn = 2 * np.pi * number / 83
        return middle + QPointF(60 * np.sin(turn) + 0.5 * number, 35 * np.sin(1.3 * turn))

    window.press(view, at(0), LEFT)
    timed, digests = frame_times(window, lambda number: window.move(view, at(number), LEFT), [view], frame_count)
    window.release(view, at(frame_count), LEFT)
    window.paint()

    def fine(number: int) -> None:
        window.press(view, at(number), LEFT)
        window.move(view, at(number + 7), LEFT)
        window.release(view, at(number + 7), LEFT)

    finely, _ = frame_times(window, fine, [view], 40)
    window.rest()
    return Figure(
        "rotate_3d_p95_ms",
        timed.p95_ms,
        "ms",
        timed.wall_ms,
        frame_conditions(
            window,
            timed,
            digests,
            event="a move of the left button in the 3D view",
            view_size=[view.width(), view.height()],
            projection="without OpenGL" if view.is_fallback else "SPECT behind the surfaces of all VOIs",
        ),
        "the same view at full sampling",
        finely.p95_ms,
        Goal(f"at most {LONGEST_MS:.0f} ms", timed.p95_ms <= LONGEST_MS),
    )
