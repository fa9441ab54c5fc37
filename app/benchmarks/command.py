"""`lutetia bench`: runs the benchmarks that were asked for, prints them, and writes bench.json whole or not at all."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.outputs import write_file
from dosimetry_core.errors import DosimetryError

if TYPE_CHECKING:
    from app.benchmarks.figure import Figure
    from app.benchmarks.stage import Stage

NAMES = (
    "first_window_s",
    "open_study_s",
    "registration_four_time_points_s",
    "machine_blit_ms",
    "scroll_three_views_p95_ms",
    "window_level_p95_ms",
    "brush_echo_p95_ms",
    "brush_to_plan_p95_ms",
    "all_results_p95_s",
    "rotate_3d_p95_ms",
    "voxel_dose_one_cycle_s",
    "refit_twenty_vois_ms",
    "headless_plan_s",
    "peak_memory_mb",
)
DONE = 0


def add_bench_parser(commands: Any) -> None:
    """Arguments of ``lutetia bench``."""
    parser = commands.add_parser("bench", help="benchmarks, as ratios to named alternatives")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write them as bench.json")
    parser.add_argument("--only", nargs="+", default=list(NAMES), metavar="NAME", help="some of them, by name")
    parser.add_argument(
        "--outside",
        action="store_true",
        help="also time the wheel from outside the program, with real events (needs Xvfb and xdotool)",
    )
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="where the studies are written (1.5 GB); by default a temporary folder"
    )


def bench(arguments: argparse.Namespace) -> int:
    """Run, print, write."""
    unknown = [name for name in arguments.only if name not in NAMES]
    if unknown:
        raise DosimetryError(f"unknown: {', '.join(unknown)}", where="--only", remedy=f"use {', '.join(NAMES)}")
    if arguments.out is not None and arguments.out.is_dir():
        raise DosimetryError("is a folder", where=str(arguments.out), remedy="name a file")
    if arguments.outside:
        from app.benchmarks.outside import require_programs

        require_programs()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from app.benchmarks.figure import table
    from app.benchmarks.machine import facts
    from app.benchmarks.stage import Stage

    machine = facts()
    figures: list[Figure] = []
    with _working_folder(arguments.work) as folder:
        stage = Stage(folder, progress=_told)
        try:
            for figure in _figures(stage, frozenset(arguments.only), outside=arguments.outside):
                figures.append(replace(figure, conditions={**figure.conditions, "machine": machine}))
                print("\n".join(table([figure])), flush=True)
        finally:
            stage.close()
    if arguments.out is not None:
        text = json.dumps([figure.as_json() for figure in figures], indent=1, ensure_ascii=False) + "\n"
        write_file(arguments.out, text.encode("utf-8"))
        print(arguments.out)
    return DONE


def _figures(stage: Stage, wanted: frozenset[str], *, outside: bool) -> Iterator[Figure]:
    """The figures in an order that lets the window be opened once; processes of their own come first."""
    from app.benchmarks import aligning, computing, drawing, following, rotation, starting, strokes

    frames = frozenset(("machine_blit_ms", "scroll_three_views_p95_ms", "window_level_p95_ms"))
    headless = frozenset(("headless_plan_s", "peak_memory_mb"))
    runs: Sequence[tuple[frozenset[str], Callable[[], Sequence[Figure]]]] = (
        (frozenset(("first_window_s",)), lambda: [starting.first_window_figure(stage)]),
        (headless, lambda: computing.headless_figures(stage, wanted & headless)),
        (frozenset(("open_study_s",)), lambda: [starting.open_study_figure(stage)]),
        (frozenset(("registration_four_time_points_s",)), lambda: [aligning.registration_figure(stage)]),
        (frozenset(("voxel_dose_one_cycle_s",)), lambda: computing.voxel_dose_figures(stage)),
        (frames, lambda: drawing.drawing_figures(stage, wanted & frames)),
        (frozenset(("brush_echo_p95_ms",)), lambda: [strokes.echo_figure(stage)]),
        (frozenset(("brush_to_plan_p95_ms",)), lambda: [strokes.plan_figure(stage)]),
        (frozenset(("rotate_3d_p95_ms",)), lambda: [rotation.rotation_figure(stage)]),
        (frozenset(("refit_twenty_vois_ms",)), lambda: [computing.refit_figure(stage)]),
        # Last: voxel doses are computed from then on.
        (frozenset(("all_results_p95_s",)), lambda: [following.following_figure(stage)]),
    )
    for names, run in runs:
        if names & wanted:
            stage.progress(0.0, ", ".join(sorted(names & wanted)))
            yield from run()
    if outside:
        from app.benchmarks.outside import outside_figure

        stage.close()
        yield outside_figure(stage)


def _told(fraction: float, message: str) -> None:
    """Progress on the standard error: benchmarks are long, and run without a terminal, too."""
    print(f"{fraction:4.0%} {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _working_folder(named: Path | None) -> Iterator[Path]:
    if named is not None:
        named.mkdir(parents=True, exist_ok=True)
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="lutetia-bench-") as folder:
        yield Path(folder)
