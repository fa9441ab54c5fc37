"""Computations: voxel doses of a cycle, twenty VOIs fitted and dosed anew, a plan without a window, memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from app.benchmarks.figure import Figure, Goal, timed
from app.benchmarks.stage import Stage
from app.benchmarks.voxel_work import SHAPE, SPACING_MM, activity, body, in_double_precision, scalar_loop_s
from dosimetry_core.case import Cycle, FitWeights
from dosimetry_core.dose.voxel_dose import voxel_dose
from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.pipeline import evaluate
from dosimetry_core.units import MILLISECONDS_PER_SECOND
from dosimetry_core.voi import Voi
from dosimetry_core.voi_editing import BrushGesture, empty_mask, paint
from dosimetry_core.volume import Volume

REPETITIONS = 7
ONE_MEDIUM_S, THREE_MEDIA_S = 0.5, 1.0
REFIT_VOIS, REFITS, LONGEST_REFIT_MS = 20, 15, 50.0
PLANS = 3


def voxel_dose_figures(stage: Stage) -> list[Figure]:
    """voxel_dose_one_cycle_s beside the convolution in double precision and beside the scalar loop."""
    source = activity()
    found = {}
    for media_count in (1, 3):
        stage.progress(0.2 * media_count, f"Voxel doses, media: {media_count}")
        density, media = body(media_count)

        def work(density: Volume = density, media: NDArray[np.uint8] = media) -> None:
            for name in (LU177, Y90):
                voxel_dose(name, source, density, media)

        work()
        found[media_count] = timed(work, REPETITIONS)
    values = source.values.astype(np.float64)
    double = timed(lambda: [in_double_precision(name, values) for name in (LU177, Y90)], 1).wall_s[0]
    loop = sum(scalar_loop_s(name, source.values) for name in (LU177, Y90))
    one, three = found[1], found[3]
    conditions = {
        "shape": list(SHAPE),
        "spacing_mm": list(SPACING_MM),
        "nuclides": [LU177, Y90],
        "particles": "electrons and photons",
        "kernels": "in the cache, as from the second cycle on",
        "processor_s": list(one.processor_s),
        "three_media_s": three.median_s,
        "three_media_processor_s": list(three.processor_s),
    }
    goal = Goal(
        f"under {ONE_MEDIUM_S} s with one medium, under {THREE_MEDIA_S:.0f} s with a kernel per medium",
        one.median_s < ONE_MEDIUM_S and three.median_s < THREE_MEDIA_S,
    )
    convolution, scalar = "scipy.signal.fftconvolve in double precision", "a scalar loop on a cropped grid, scaled"
    name = "voxel_dose_one_cycle"
    return [
        Figure(
            f"{name}_s",
            one.median_s,
            "s",
            one.wall_s,
            {**conditions, "other_alternative": {"alternative": scalar, "value": loop, "ratio": one.median_s / loop}},
            convolution,
            double,
            goal,
        ),
        Figure(f"{name}_beside_scalar_loop_s", one.median_s, "s", one.wall_s, conditions, scalar, loop, goal),
    ]


def _many_vois(cycle: Cycle, count: int) -> Cycle:
    """The cycle with so many VOIs: its own, and balls in the liver, spleen and elsewhere as lesions."""
    geometry = cycle.vois[0].mask.geometry
    vois = list(cycle.vois)
    while len(vois) < count:
        place = vois[len(vois) % len(cycle.vois)].mask.centroid_mm()
        turn = 2.4 * len(vois)
        place = place + 6.0 * np.array([np.cos(turn), np.sin(turn), 0.0])
        ball = BrushGesture("axial", place[None, :], 9.0, spherical=True, erase=False)
        mask = paint(empty_mask(geometry), ball)
        vois.append(Voi(f"ball-{len(vois)}", f"Ball {len(vois)}", "lesion", mask))
    return replace(cycle, vois=tuple(vois))


def refit_figure(stage: Stage) -> Figure:
    """refit_twenty_vois_ms: new curves, doses and uncertainties of twenty VOIs at four time points, and the plan."""
    session = stage.window.session
    case = session.document.case
    case = replace(case, cycles=(_many_vois(case.cycles[0], REFIT_VOIS),))
    evaluation = evaluate(case)
    weights: tuple[FitWeights, FitWeights] = ("uniform", "proportional")
    cases = [
        replace(case, settings=replace(case.settings, fit=replace(case.settings.fit, weights=weights[n % 2])))
        for n in range(REFITS + 1)
    ]
    results: list[Evaluation] = [evaluate(cases[0], previous=evaluation)]

    def work() -> None:
        number = len(results)
        results.append(evaluate(cases[number], previous=results[-1]))

    ours = timed(work, REFITS)
    other = timed(lambda: _by_curve_fit(results[-1]), 5)
    value = ours.median_ms
    doses = results[-1].cycles[0].vois
    return Figure(
        "refit_twenty_vois_ms",
        value,
        "ms",
        ours.wall_ms,
        {
            "vois": len(doses),
            "vois_with_absorbed_dose": sum(1 for voi in doses.values() if voi.total is not None),
            "time_points": len(case.cycles[0].time_points),
            "nuclides": [a.nuclide for a in case.cycles[0].administrations],
            "what": "other fit weights: every curve, dose, uncertainty, the red marrow and the plan computed anew",
            "processor_ms": [s * MILLISECONDS_PER_SECOND for s in ours.processor_s],
        },
        "scipy.optimize.curve_fit of the same curves (fit alone, no dose, no plan)",
        other.median_ms,
        Goal(f"under {LONGEST_REFIT_MS:.0f} ms", value < LONGEST_REFIT_MS),
    )


def _by_curve_fit(evaluation: Evaluation) -> None:
    def mono(t: NDArray[np.float64], amplitude: float, constant: float) -> NDArray[np.float64]:
        return np.asarray(amplitude * np.exp(-constant * t))

    for voi in evaluation.cycles[0].vois.values():
        for fit in voi.fits.values():
            if fit.derived_from is None:
                times, values = fit.curve.times_s, fit.curve.activity_bq
                curve_fit(mono, times, values, p0=(float(values.max()), 3e-6), sigma=values, maxfev=5000)


def headless_figures(stage: Stage, wanted: frozenset[str]) -> list[Figure]:
    """headless_plan_s and peak_memory_mb, each in a process of its own."""
    figures = []
    if "headless_plan_s" in wanted:
        samples, processor = [], []
        for number in range(PLANS):
            stage.progress(0.2 + 0.2 * number, "Planning without a window")
            facts = _in_child("plan", stage.demonstration, stage.folder / "plans" / str(number))
            samples.append(facts["wall_s"])
            processor.append(facts["processor_s"])
        figures.append(
            Figure(
                "headless_plan_s",
                float(np.median(samples)),
                "s",
                tuple(samples),
                {
                    "what": "lutetia plan on the demonstration case (two cycles), process start included",
                    "processor_s": processor,
                    "peak_memory_mb": facts["peak_memory_mb"],
                },
            )
        )
    if "peak_memory_mb" in wanted:
        stage.progress(0.9, "Memory of the window with the large study")
        facts = _in_child("window", stage.study.large, stage.folder / "memory")
        if facts["peak_memory_mb"] is not None:
            pixels = facts["pixel_data_mb"]
            figures.append(
                Figure(
                    "peak_memory_mb",
                    facts["peak_memory_mb"],
                    "MB",
                    (facts["peak_memory_mb"],),
                    {
                        "what": "largest resident memory of a process that opens the study of four time points in the "
                        "window, aligns it, computes everything and shows the VOIs in 3D",
                        "pixel_data_mb": pixels,
                    },
                    "the pixels of the study alone, as stored",
                    pixels,
                )
            )
    return figures


def _in_child(what: str, case: Path, out: Path) -> dict[str, float]:
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "app.benchmarks.child", what, str(case), str(out)],
        capture_output=True,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        check=False,
    )
    wall_s = time.perf_counter() - begin
    if done.returncode != 0:
        raise DosimetryError(f"failed: {done.stderr.strip()[-300:]}", where=f"bench, {what}")
    facts: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**facts, "wall_s": wall_s}
