"""One figure as somebody outside the program sees it: the wheel of a real X display, and its picture changing."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.benchmarks.figure import Figure, Goal, Stopwatch, Timed
from app.benchmarks.stage import Stage
from app.screenshots import SIZE
from dosimetry_core.errors import DosimetryError

FRAMES = 200
WARM_FRAMES = 10
LONGEST_MS = 16.0
LARGEST_RATIO = 1.5
LONGEST_FRAME_S = 10.0
LONGEST_START_S = 300.0
DISPLAY = ":93"
_WHEEL_DOWN = 5
# Where an X window dump tells the size of its header, its lines and its colour map (XWDFile.h, big-endian words).
_HEADER_WORD, _LINE_WORD, _COLOURS_WORD, _COLOUR_BYTES = 0, 12, 19, 12


def require_programs() -> None:
    """What the measurement needs beside the program.

    Raises
    ------
    DosimetryError
        Where Xvfb or xdotool isn't installed.
    """
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            raise DosimetryError(f"{program} is not installed", where="--outside", remedy="install xvfb and xdotool")


def outside_figure(stage: Stage, frames: int = FRAMES) -> Figure:
    """scroll_from_outside_p95_ms: from a notch of the wheel by XTest to other pixels in the axial view."""
    stage.progress(0.0, "Opening the study on a display of its own")
    bare, _seen, _size = _turned(["app.benchmarks.outside_bare"], frames)
    timed, seen, size = _turned(["app.benchmarks.outside_window", str(stage.study.small)], frames)
    longest_ms = max(LONGEST_MS, LARGEST_RATIO * bare.p95_ms)
    return Figure(
        "scroll_from_outside_p95_ms",
        timed.p95_ms,
        "ms",
        timed.wall_ms,
        {
            "event": "a notch of the wheel over the axial view by XTest, one every 50 ms",
            "seen": "the first other pixel in the display's own memory",
            "different_frames": seen,
            "median_ms": timed.median_ms,
            "bare_median_ms": bare.median_ms,
            "platform": "xcb, Xvfb",
            "pane_size": list(size),
        },
        "a bare window of Qt that paints another colour at each notch",
        bare.p95_ms,
        Goal(
            f"at most {longest_ms:.0f} ms: {LONGEST_MS:.0f} ms, or {LARGEST_RATIO:g} × the bare window if that is more",
            timed.p95_ms <= longest_ms,
        ),
    )


def _turned(program: list[str], frames: int) -> tuple[Timed, int, tuple[int, int]]:
    """Times of notches over a program's view, how many pictures were seen, and the view's size."""
    with tempfile.TemporaryDirectory(prefix="lutetia-bench-") as folder, contextlib.ExitStack() as open_things:
        pixels = open_things.enter_context(_display(Path(folder)))
        left, top, width, height = open_things.enter_context(_window(program))
        wheel = open_things.enter_context(_wheel(left + width // 2, top + height // 2))
        # With the slice's number: above the head all images are alike.
        view = pixels[top : top + height, left : left + width]
        time.sleep(1.0)
        watch, seen = Stopwatch(), set()
        for number in range(-WARM_FRAMES, frames):
            before = view.copy()
            if number >= 0:
                watch.start()
            wheel()
            _await_change(view, before)
            if number >= 0:
                watch.stop()
            time.sleep(0.05)
            seen.add(hash(view.tobytes()))
    return watch.timed(), len(seen), (width, height)


def _await_change(view: NDArray[np.uint32], before: NDArray[np.uint32]) -> None:
    until = time.monotonic() + LONGEST_FRAME_S
    # Every third line is enough to see another slice, and leaves the processor to the program.
    while np.array_equal(view[::3], before[::3]):
        if time.monotonic() > until:
            raise DosimetryError("the picture doesn't follow the wheel", where="bench, --outside")
        time.sleep(0.0005)


@contextlib.contextmanager
def _display(folder: Path) -> Iterator[NDArray[np.uint32]]:
    """A display without hardware; its picture as rows of pixels, which change as it changes."""
    screen = f"{SIZE.width()}x{SIZE.height()}x24"
    with _process(["Xvfb", DISPLAY, "-screen", "0", screen, "-fbdir", str(folder)], {}):
        file = folder / "Xvfb_screen0"
        _await(lambda: file.exists() and file.stat().st_size > 4 * SIZE.width() * SIZE.height(), 10.0, "Xvfb")
        with file.open("rb") as opened:
            # Closed with the last array that looks into it.
            memory = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        words = struct.unpack(">25I", memory[:100])
        offset = words[_HEADER_WORD] + words[_COLOURS_WORD] * _COLOUR_BYTES
        line = words[_LINE_WORD] // 4
        yield np.frombuffer(memory, np.uint32, line * SIZE.height(), offset).reshape(SIZE.height(), line)


@contextlib.contextmanager
def _window(program: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """A program on that display; where the view is that it tells."""
    command = [sys.executable, "-m", *program]
    with _process(command, {"QT_QPA_PLATFORM": "xcb"}) as process:
        line = process.stdout.readline() if process.stdout is not None else ""
        try:
            left, top, width, height = json.loads(line)
        except ValueError:
            raise DosimetryError("the window did not come up", where="bench, --outside") from None
        yield left, top, width, height


@contextlib.contextmanager
def _wheel(x: int, y: int) -> Iterator[Callable[[], None]]:
    """Turns the wheel towards the feet over a place, by one process: starting one takes longer than a frame."""
    with _process(["xdotool", "-"], {}) as process:
        keys = process.stdin
        if keys is None:
            raise RuntimeError("the process has no input")

        def turn() -> None:
            keys.write(f"click {_WHEEL_DOWN}\n")
            keys.flush()

        keys.write(f"mousemove {x} {y}\n")
        keys.flush()
        yield turn


@contextlib.contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "DISPLAY": DISPLAY, **environment},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(LONGEST_START_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _await(condition: Callable[[], bool], longest_s: float, what: str) -> None:
    until = time.monotonic() + longest_s
    while not condition():
        if time.monotonic() > until:
            raise DosimetryError(f"{what} did not start", where="bench, --outside")
        time.sleep(0.02)
