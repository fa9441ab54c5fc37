"""How soon the first window is painted, and how soon a study of four time points is seen fused."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from app.benchmarks.figure import Figure, Goal, Stopwatch, timed
from app.benchmarks.machine import cores, evicted, files_below, processor_s_of
from app.benchmarks.stage import LONGEST_WAIT_S, Stage
from app.importing.files_read import reading_process
from app.loading import load_libraries
from app.main import make_application
from app.main_window import MainWindow
from app.screenshots import SIZE, wait_until_idle
from app.session import empty_case
from app.steps.voi_step import VoiStep
from dosimetry_core.errors import DosimetryError

STARTS = 7
OPENINGS = 3
LONGEST_FIRST_WINDOW_S = 1.0
LONGEST_OPENING_S = 10.0
READING_ALLOWANCE = 1.5
TIME_POINTS = 4
PAINTED = "painted"


def first_window_figure(stage: Stage) -> Figure:
    """first_window_s: a new process until its window has been painted; alternative: an empty window of Qt."""
    ours, empty, processor = [], [], []
    for _ in range(STARTS):
        duration, used = _until_painted("lutetia")
        ours.append(duration)
        processor.append(used)
        empty.append(_until_painted("empty")[0])
    value = float(np.median(ours))
    return Figure(
        "first_window_s",
        value,
        "s",
        tuple(ours),
        {
            "what": "start of the process until the window has been painted, median; files in the page cache",
            "processor_s": processor,
        },
        "an empty main window of PySide6 in a process of its own",
        float(np.median(empty)),
        Goal(f"at most {LONGEST_FIRST_WINDOW_S:.0f} s", value <= LONGEST_FIRST_WINDOW_S),
    )


def _until_painted(which: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="lutetia-bench-") as data:
        begin = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "app.benchmarks.first_paint", which, data],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            line = process.stdout.readline() if process.stdout is not None else ""
            duration = time.perf_counter() - begin
            _, errors = process.communicate(timeout=LONGEST_WAIT_S)
    word, _, used = line.partition(" ")
    if word != PAINTED:
        raise DosimetryError(f"the window did not come up: {errors.strip()[-300:]}", where="bench, first_window_s")
    return duration, float(used)


def open_study_figure(stage: Stage) -> Figure:
    """open_study_s: from a case folder to the first fused picture; alternative: pydicom on the same files.

    The picture is that of the first scan, read and checked whole, with the other scans being read; nothing may be
    changed yet. ``until_all_read_s`` is the time until the images of all time points are read and checked,
    ``until_registered_s`` until VOIs and alignment are there too.
    """
    study = stage.study.large
    folders = [study / "cycle1"]
    files = [path for path in files_below(folders) if path.name != "vois.dcm"]
    watch = Stopwatch()
    cold = ""
    shapes: dict[str, object] = {}
    until_read, until_ready, by_child = [], [], []
    for number in range(OPENINGS):
        stage.progress(0.1 + 0.2 * number, "Opening a study with cold files")
        cold = evicted(files_below([study]))
        times, shapes = _opened(study, watch)
        until_read.append(times.all_read_s)
        until_ready.append(times.registered_s)
        by_child.append(times.reading_process_s)
    opened = watch.timed()

    def read(pool: int) -> Callable[[], object]:
        def work() -> None:
            with ThreadPoolExecutor(max_workers=pool) as threads:
                list(threads.map(_decoded, files))

        return work

    alternatives, processor = {}, {}
    for pool in sorted({1, cores()}):
        samples = []
        for _ in range(OPENINGS):
            stage.progress(0.8, "Reading the same files with pydicom")
            evicted(files)
            samples.append(timed(read(pool), 1))
        alternatives[pool] = float(np.median([sample.wall_s[0] for sample in samples]))
        processor[pool] = float(np.median([sample.processor_s[0] for sample in samples]))
    fastest = min(alternatives.values())
    value = opened.median_s
    return Figure(
        "open_study_s",
        value,
        "s",
        opened.wall_s,
        {
            **shapes,
            "what": "case folder chosen until CT and SPECT of the first scan are painted fused, median; the other "
            "scans are being read then",
            "files": len(files),
            "bytes": sum(path.stat().st_size for path in files),
            "page_cache": cold,
            "processor_s": list(opened.processor_s),
            "reading_process_processor_s": by_child,
            "until_all_read_s": until_read,
            "until_registered_s": until_ready,
            "pydicom_processor_s_by_threads": {str(pool): seconds for pool, seconds in processor.items()},
            "pydicom_s_by_threads": {str(pool): seconds for pool, seconds in alternatives.items()},
        },
        "pydicom reading and decoding the same files on the same cores, equally cold",
        fastest,
        Goal(
            f"under {LONGEST_OPENING_S:.0f} s and at most {READING_ALLOWANCE} × the alternative",
            value < LONGEST_OPENING_S and value <= READING_ALLOWANCE * fastest,
        ),
    )


def _decoded(path: Path) -> int:
    return int(pydicom.dcmread(path).pixel_array.size)


@dataclass(frozen=True)
class _Times:
    """Of an opening, since the folder was chosen, and what the reading process used until all images were read."""

    all_read_s: float
    registered_s: float
    reading_process_s: float | None


def _opened(folder: Path, watch: Stopwatch) -> tuple[_Times, dict[str, object]]:
    """Open a case in a new window, at rest before that as it is when a folder is chosen."""
    make_application()
    window = MainWindow(empty_case())
    window.resize(SIZE)
    window.show()
    window.go_to("voi")
    step = window.step("voi")
    if not isinstance(step, VoiStep):
        raise TypeError("the step of VOIs is another one")
    problems: list[BaseException] = []
    window.opening.failed.connect(problems.append)
    window.session.jobs.start(load_libraries, title="Loading")
    reader = reading_process()
    try:
        wait_until_idle(window)
        reader.await_ready()
        child_s = processor_s_of(reader.pid)
        watch.start()
        begin = time.perf_counter()
        window.opening.open_path(folder)
        axial = step.grid.views["axial"]

        def wait_until(is_reached: Callable[[], bool]) -> None:
            until = time.monotonic() + LONGEST_WAIT_S
            while not is_reached():
                # Waiting, as the window does: a loop that only asks would take a core from those that read.
                QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
                if problems:
                    raise problems[0]
                if time.monotonic() > until:
                    raise DosimetryError("the study is still not seen", where="bench, open_study_s")

        wait_until(lambda: axial.shows_ct and axial.shows_spect)
        axial.repaint()
        watch.stop()
        wait_until(lambda: len(window.session.case.cycles[0].time_points) == TIME_POINTS)
        all_read_s = time.perf_counter() - begin
        used_s = processor_s_of(reader.pid)
        wait_until_idle(window)
        ready_s = time.perf_counter() - begin
        point = window.session.time_point
        if point is None or point.ct is None:
            raise ValueError("the study shows no images")
        shapes: dict[str, object] = {
            "window_size": [window.width(), window.height()],
            "ct_shape": list(point.ct.volume.geometry.shape),
            "spect_shape": list(point.spect.volume.geometry.shape),
            "time_points": len(window.session.case.cycles[0].time_points),
        }
        child_used_s = None if used_s is None or child_s is None else used_s - child_s
        return _Times(all_read_s, ready_s, child_used_s), shapes
    finally:
        window.close()
        window.deleteLater()
        QApplication.processEvents()
