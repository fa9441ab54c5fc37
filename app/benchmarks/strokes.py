"""The brush: how soon the stroke is seen, and how soon curve, dose bars and plan show the new numbers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from app.benchmarks.drawing import FRAMES, WARM_FRAMES, blit_times, frame_conditions, frame_goal
from app.benchmarks.figure import Figure, Goal, Stopwatch, p95
from app.benchmarks.stage import Stage, WindowAtWork

LEFT = Qt.MouseButton.LeftButton
STROKES = 200
WARM_STROKES = 6
BRUSH_RADIUS_MM = 6.0
LONGEST_TO_PLAN_MS = 100.0
VOI_DRAWN_ON = "Kidney L"


def _start(stage: Stage) -> tuple[WindowAtWork, QWidget]:
    window = stage.window
    state = window.session.view_state
    state.set_fusion("fused")
    window.show_reference_scan()
    window.choose_voi(VOI_DRAWN_ON)
    state.set_brush_radius(BRUSH_RADIUS_MM)
    state.set_tool("brush")
    window.rest()
    return window, window.views[0]


def _path(window: WindowAtWork, number: int) -> QPointF:
    """A place in the axial view on a flower around the kidney's middle."""
    axial = window.step.grid.views["axial"]
    middle = axial.pixel_of(axial.cursor_mm)
    turn = 2 * np.pi * number / 57.3
    radius = axial.pixels_per_mm() * (18 + 9 * np.sin(0.37 * number))
    return middle + QPointF(radius * np.cos(turn), radius * np.sin(turn))


def echo_figure(stage: Stage, frame_count: int = FRAMES) -> Figure:
    """brush_echo_p95_ms: from a move of the mouse with the brush down to the stroke being painted."""
    window, axial = _start(stage)
    bare = blit_times(window, frame_count)
    watch, digests = Stopwatch(), []
    window.press(axial, _path(window, 0), LEFT)
    for number in range(1, frame_count + WARM_FRAMES + 1):
        if number % 60 == 0:
            # A hand lifts the brush now and then.
            window.release(axial, _path(window, number), LEFT)
            window.rest()
            window.press(axial, _path(window, number), LEFT)
            window.paint()
        at = _path(window, number)
        if number > WARM_FRAMES:
            watch.start()
        window.move(axial, at, LEFT)
        window.paint()
        if number > WARM_FRAMES:
            watch.stop()
            digests.append(window.digest([axial]))
    window.release(axial, _path(window, number), LEFT)
    window.rest()
    timed = watch.timed()
    return Figure(
        "brush_echo_p95_ms",
        timed.p95_ms,
        "ms",
        timed.wall_ms,
        frame_conditions(
            window,
            timed,
            digests,
            event="a move with the brush down, results following meanwhile",
            brush_radius_mm=BRUSH_RADIUS_MM,
            moves_per_stroke=60,
        ),
        "bare drawing of the three panes",
        bare.p95_ms,
        frame_goal(timed.p95_ms, bare.p95_ms, None),
    )


def plan_figure(stage: Stage, strokes: int = STROKES) -> Figure:
    """brush_to_plan_p95_ms: from pressing the brush, moving and releasing it to the new numbers being on the screen."""
    window, axial = _start(stage)
    session, live = window.session, window.step.live
    watch, after_release, digests = Stopwatch(), [], []
    shown: list[QWidget] = [live.numbers, live.curve, live.bars]
    for number in range(-WARM_STROKES, strokes):
        erase = number % 2 == 1
        session.view_state.set_tool("erase" if erase else "brush")
        window.rest()
        begin, end = _path(window, number), _path(window, number + 1)
        if number >= 0:
            watch.start()
        window.press(axial, begin, LEFT)
        window.move(axial, (begin + end) / 2, LEFT)
        window.move(axial, end, LEFT)
        window.release(axial, end, LEFT)
        released = Stopwatch()
        released.start()
        case = session.document.case
        window.wait_for(lambda case=case: session.document.evaluation_of(case) is not None)  # type: ignore[misc]
        # The numbers are given to the widgets in the next turn of the event loop, and painted in the one after it.
        window.wait_for(lambda: not window.window.is_about_to_refresh)
        window.paint()
        if number >= 0:
            watch.stop()
            released.stop()
            after_release.append(released.timed().wall_ms[0])
            digests.append(window.digest(shown))
    timed = watch.timed()
    return Figure(
        "brush_to_plan_p95_ms",
        timed.p95_ms,
        "ms",
        timed.wall_ms,
        frame_conditions(
            window,
            timed,
            digests,
            event="button down, two moves, button up, one after the other; the clock runs from the first of them",
            after_release_p95_ms=p95(after_release),
            brush_radius_mm=BRUSH_RADIUS_MM,
            drawn_on=VOI_DRAWN_ON,
            shown="volume, activity, curve, dose bars and plan beside the images",
        ),
        goal=Goal(f"at most {LONGEST_TO_PLAN_MS:.0f} ms", timed.p95_ms <= LONGEST_TO_PLAN_MS),
    )
