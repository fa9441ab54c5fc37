"""What follows a stroke by itself: second opinion, sampled interval, voxel doses, dose map, isodoses, histograms."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, Qt

from app.benchmarks.figure import Figure, Goal, Stopwatch, p95
from app.benchmarks.stage import Stage, WindowAtWork
from app.case_edits import with_voxel_s_values_beside
from app.completion import has_pending
from app.screenshots import wait_until_idle
from app.steps.curves_step import CurvesStep
from app.steps.dose_step import DoseStep
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.nuclide import LU177

STROKES = 20
WARM_STROKES = 2
BRUSH_RADIUS_MM = 6.0
AWAY_MM = 18.0
LONGEST_S = 2.0
VOI_DRAWN_ON = "Kidney L"
LEFT = Qt.MouseButton.LeftButton


def following_figure(stage: Stage, strokes: int = STROKES) -> Figure:
    """all_results_p95_s: from the end of a stroke to the last of what follows it being on the screen."""
    window = stage.window
    session = window.session
    if not session.case.settings.voxel_s_values_beside:
        session.document.apply("Voxels beside", lambda case: with_voxel_s_values_beside(case, True))
    curves, dose = window.window.step("curves"), window.window.step("dose")
    if not isinstance(curves, CurvesStep) or not isinstance(dose, DoseStep):
        raise TypeError("the steps of curves and doses are others")
    dose.tabs.setCurrentWidget(dose.dose_map)
    watch, digests = Stopwatch(), []
    parts: dict[str, list[float]] = {"results": [], "sampled_interval": [], "voxel_doses": [], "second_opinion": []}
    for number in range(-WARM_STROKES, strokes):
        _stroke(window, number)
        case, begun_s = session.document.case, time.perf_counter()
        watch.start()
        window.window.go_to("curves")
        there: dict[str, Callable[[], bool]] = {
            "results": lambda case=case: session.document.evaluation_of(case) is not None,  # type: ignore[misc]
            "sampled_interval": lambda: session.is_current and curves.sampled.is_known(_fit(window)),
            "voxel_doses": lambda: session.is_current and not has_pending(session.evaluation),
            # Of the results with everything in them.
            "second_opinion": lambda: (
                session.is_current
                and not has_pending(session.evaluation)
                and session.second_opinion.is_checked(session.evaluation)
            ),
        }
        took_s = _times_s(window, there, begun_s)
        window.window.go_to("dose")
        window.paint()
        if number >= 0:
            watch.stop()
            digests.append(window.digest(list(dose.dose_map.views)))
            for name, taken in took_s.items():
                parts[name].append(taken)
        else:
            watch = Stopwatch()
    timed = watch.timed()
    value = p95(timed.wall_s)
    conditions = {
        **window.conditions(),
        "event": "a stroke of the brush; the clock runs from its end",
        "drawn_on": VOI_DRAWN_ON,
        "brush_radius_mm": BRUSH_RADIUS_MM,
        "last_shown": "the dose map of the cycle with its isodoses",
        "after_the_stroke_p95_s": {name: p95(values) for name, values in parts.items()},
        "different_frames": len(set(digests)),
        "processor_s": list(timed.processor_s),
    }
    goal = Goal(f"at most {LONGEST_S:.0f} s", value <= LONGEST_S)
    return Figure("all_results_p95_s", value, "s", timed.wall_s, conditions, goal=goal)


def _fit(window: WindowAtWork) -> FitResult:
    """The measured curve of the VOI that is drawn on."""
    results = window.session.cycle_result
    if results is None:
        raise ValueError("there are no results")
    return results.vois[VOI_DRAWN_ON].fits[LU177]


def _stroke(window: WindowAtWork, number: int) -> None:
    """Paint and erase in turn at the rim of the kidney, with everything at rest before."""
    window.window.go_to("voi")
    state = window.session.view_state
    window.show_reference_scan()
    window.choose_voi(VOI_DRAWN_ON)
    state.set_brush_radius(BRUSH_RADIUS_MM)
    state.set_tool("erase" if number % 2 else "brush")
    wait_until_idle(window.window, second_opinion=True)
    axial = window.step.grid.views["axial"]
    turn, away = 2.4 * (number // 2), AWAY_MM * axial.pixels_per_mm()
    begin = axial.pixel_of(axial.cursor_mm) + QPointF(away * np.cos(turn), away * np.sin(turn))
    end = begin + QPointF(away / 2 * np.cos(turn), away / 2 * np.sin(turn))
    window.press(axial, begin, LEFT)
    window.move(axial, (begin + end) / 2, LEFT)
    window.move(axial, end, LEFT)
    window.release(axial, end, LEFT)


def _times_s(window: WindowAtWork, there: dict[str, Callable[[], bool]], begun_s: float) -> dict[str, float]:
    """When each came to hold, once all do."""
    took: dict[str, float] = {}

    def all_there() -> bool:
        for name, holds in there.items():
            if name not in took and holds():
                took[name] = time.perf_counter() - begun_s
        return len(took) == len(there)

    window.wait_for(all_there)
    return took
