"""The whole program with a hand that only paints: ``python -m … DATA CASE``, until it is killed.

For each seed it reads from its input it forks a program that makes strokes with the mouse on the VOI step, and prints a
line of JSON with its process, one for the VOIs it found on opening, and for every stroke one when the button goes down,
one before it goes up and one when the program has answered that.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtTest import QTest

from app.loading import load_libraries
from app.main import make_application, open_courses
from app.main_window import MainWindow
from app.operations.data_folder import DataFolder
from app.operations.site_configuration import SiteConfiguration
from app.screenshots import wait_until_idle
from app.session import empty_case
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.case import Case
from dosimetry_core.progress import no_progress
from tests.app.working import say_who_works
from tests.widgets.pointer import LEFT, move, press, release

MOST_MOVES = 12
REACH_MM = 16.0
"""About so far from the middle of a VOI strokes begin and end: they change its edge."""


def masks(case: Case) -> str:
    """A digest of all masks of a case, byte by byte."""
    content = b""
    for cycle in case.cycles:
        for voi in cycle.vois:
            content += f"{voi.voi_id} {voi.mask.start} {voi.mask.coverage.shape}".encode() + voi.mask.coverage.tobytes()
    return sha256_hex(content)


class Painter:
    """Paints and erases with the mouse, in every plane."""

    def __init__(self, window: MainWindow, seed: str) -> None:
        self.window, self.session = window, window.session
        self.chance = random.Random(seed)

    def tell(self, name: str) -> None:
        document = self.session.document
        state = {"labels": document.labels, "position": document.position, "masks": masks(document.case)}
        print(json.dumps({name: state}), flush=True)

    def open(self, case_folder: Path) -> None:
        assert self.session.courses is not None
        courses = self.session.courses.storage.courses()
        if courses:
            self.window.opening.open_course(courses[0].course_id)
        else:
            self.window.opening.open_path(case_folder)
            wait_until_idle(self.window)
        # Nobody waits for results before painting: they come meanwhile.
        while self.session.cycle is None or not self.session.cycle.vois:
            QTest.qWait(5)
        self.window.go_to("voi")
        self.tell("opened")

    def stroke(self) -> None:
        state, step = self.session.view_state, self.window.step("voi")
        cycle = self.session.cycle
        assert cycle is not None
        voi = self.chance.choice(cycle.vois)
        state.set_voi(voi.voi_id)
        middle = voi.mask.centroid_mm()
        state.set_cursor(middle)
        state.set_tool(self.chance.choice(("brush", "erase")))
        state.set_brush_radius(self.chance.uniform(4.0, 9.0))
        view: Any = step.grid.views[self.chance.choice(("axial", "coronal", "sagittal"))]  # type: ignore[attr-defined]
        ends = [middle + np.array([self.chance.uniform(-REACH_MM, REACH_MM) for _ in range(3)]) for _ in range(2)]
        way = [view.pixel_of(point) for point in np.linspace(ends[0], ends[1], self.chance.randint(2, MOST_MOVES))]
        self.tell("pressing")
        press(view, way[0])
        for at in way[1:]:
            QTest.qWait(self.chance.choice((0, 5, 20, 60)))
            move(view, at, LEFT)
        self.tell("releasing")
        release(view, way[-1])
        self.tell("released")
        QTest.qWait(self.chance.choice((0, 20, 200)))


def work(data: Path, case_folder: Path, seed: str) -> None:
    make_application()
    window = MainWindow(empty_case())
    window.resize(1366, 768)
    window.show()
    assert open_courses(window, DataFolder(data, "the test"), SiteConfiguration()) is not None
    say_who_works(window, "Ada")
    painter = Painter(window, seed)
    painter.open(case_folder)
    while True:
        painter.stroke()


def main() -> None:
    data, case_folder = (Path(text) for text in sys.argv[1:])
    load_libraries(progress=no_progress)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            print(json.dumps({"process": os.getpid()}), flush=True)
            work(data, case_folder, line.strip())
            os._exit(1)
        _, status = os.waitpid(process, 0)
        print(flush=True)  # the last line of a killed program may lack its end
        print(json.dumps({"ended": process, "killed": os.WIFSIGNALED(status)}), flush=True)


if __name__ == "__main__":
    main()
