"""The whole program at work without a hand on the mouse: ``python -m … DATA CASE OUT IDENTITY``, until it is killed.

For each seed it reads from its input it forks a program that edits a course at random, signs and writes files, and
prints one line of JSON with its process, one for what it found on opening, and one for every change that the status
line calls saved. Forking spares the time of loading the libraries each time.
"""

from __future__ import annotations

import json
import os
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtTest import QTest

from app.case_edits import with_fit_model, with_mask, with_voi_named
from app.loading import load_libraries
from app.main import make_application, open_courses
from app.main_window import MainWindow
from app.operations.data_folder import DataFolder
from app.operations.site_configuration import SiteConfiguration
from app.outputs import write_file
from app.plans.signing_gate import reasons_missing
from app.screenshots import wait_until_idle
from app.session import empty_case
from app.store.course_history import CourseHistory
from app.store.events import Head
from app.store.storage import Storage
from dosimetry_core.case import Case
from dosimetry_core.progress import no_progress
from dosimetry_core.voi import VoiMask
from tests.app.working import confirm_registrations, say_who_works

PASSPHRASE = "correct horse"


def state(head: Head, history: CourseHistory) -> dict[str, Any]:
    """What is printed of a course: the end of the chain, and the undo stack."""
    return {
        "sequence": head.sequence,
        "digest": head.digest,
        "case": history.case,
        "position": history.position,
        "labels": [step.label for step in history.steps],
        "plans": len(history.plans),
    }


class Worker:
    """Does what a user does, at random."""

    def __init__(self, window: MainWindow, storage: Storage, out: Path, identity: Path, seed: str) -> None:
        self.window, self.storage, self.out, self.identity = window, storage, out, identity
        self.session = window.session
        self.chance = random.Random(seed)
        self.number = self.chance.randrange(10**9)

    def tell(self, name: str) -> None:
        journal = self.session.journal
        assert journal is not None
        print(json.dumps({name: state(self.storage.head(), journal.history)}), flush=True)

    def open(self, case_folder: Path) -> None:
        courses = self.storage.courses()
        if courses:
            self.window.opening.open_course(courses[0].course_id)
        else:
            self.window.opening.open_path(case_folder)
        wait_until_idle(self.window)
        assert self.session.journal is not None
        document = self.session.document
        print(json.dumps({"restored": {"labels": document.labels, "position": document.position}}), flush=True)
        self.tell("opened")
        self.session.journal.saved.connect(lambda _time: self.tell("saved"))

    def work(self) -> None:
        acts = [self.paint] * 6 + [self.drag, self.rename, self.model, self.undo, self.undo, self.redo, self.jump]
        acts += [self.confirm, self.give_reason, self.write_results, self.export]
        while True:
            self.number += 1
            if self.chance.random() < 0.04:
                self.sign()
            else:
                self.chance.choice(acts)()
            QTest.qWait(self.chance.choice((0, 0, 1, 5, 40)))

    # --- edits --------------------------------------------------------------------------------------------------------

    def _voi(self) -> Any:
        return self.chance.choice(self.session.document.case.cycles[0].vois)

    def _dotted(self, mask: VoiMask) -> VoiMask:
        whole = mask.whole_grid_fraction().astype(np.float64)
        inside = np.flatnonzero(whole)
        whole.ravel()[self.chance.choice(inside)] = self.chance.uniform(0.1, 0.9)
        return VoiMask.from_array(mask.geometry, whole)

    def paint(self) -> None:
        """A stroke: it is looked at while the button is down, so that some kills come in its middle."""
        voi, document = self._voi(), self.session.document

        def edit(case: Case) -> Case:
            return with_mask(case, 0, voi.voi_id, self._dotted)

        for _ in range(self.chance.randrange(6)):
            document.preview(edit)
            QTest.qWait(self.chance.choice((0, 5, 20)))
        document.apply(f"Brush, {voi.name}, {self.number}", edit)

    def drag(self) -> None:
        density = self.session.document.case.settings.density_g_per_ml
        for step in range(5):
            changed = type(density)({**density, "liver": 1.0 + (self.number % 1000) / 10_000 + step / 100_000})
            self.session.document.apply(
                f"Density of liver, {self.number}",
                lambda case, changed=changed: replace(case, settings=replace(case.settings, density_g_per_ml=changed)),
                merge_key="density",
            )
        self.session.document.end_merging()

    def rename(self) -> None:
        voi = self._voi()
        self.session.document.apply(
            f"Rename VOI, {self.number}", lambda case: with_voi_named(case, 0, voi.voi_id, f"VOI {self.number}")
        )

    def model(self) -> None:
        model = self.chance.choice(("mono-exponential", "bi-exponential", "automatic"))
        self.session.document.apply(f"Fit model, {self.number}", lambda case: with_fit_model(case, None, model))

    def undo(self) -> None:
        self.session.document.undo()

    def redo(self) -> None:
        self.session.document.redo()

    def jump(self) -> None:
        document = self.session.document
        document.jump(self.chance.randint(max(0, document.position - 10), len(document.labels)))

    def confirm(self) -> None:
        step = self.chance.choice(("course", "import", "align", "voi"))
        self.session.reviews.confirm(step, self.session.document.case, self.session.document.evaluation)

    def give_reason(self) -> None:
        self.session.reviews.acknowledge("some-code", f"place {self.number % 7}", f"seen, {self.number}")

    # --- files --------------------------------------------------------------------------------------------------------

    def write_results(self) -> None:
        text = json.dumps({"number": self.number, "filling": "x" * self.chance.randrange(200_000)})
        write_file(self.out / f"results-{self.number}.json", text.encode())

    def export(self) -> None:
        assert self.window.keeping is not None
        assert self.session.journal is not None
        course = self.session.journal.course_id
        self.window.keeping.export(course, self.out / f"course-{self.number}.lutetia", with_images=False)

    def sign(self) -> None:
        confirm_registrations(self.window)
        wait_until_idle(self.window, second_opinion=True)
        if self.session.planned is None or not self.session.is_current:
            return
        for finding in reasons_missing(self.session.planned, {}):
            self.session.reviews.acknowledge(finding.code, finding.place, "reviewed")
        step: Any = self.window.step("plan")
        step.sign(self.identity, PASSPHRASE, "fit to treat", self.out / f"plan-{self.number}.pdf")
        wait_until_idle(self.window)


def work(data: Path, case_folder: Path, out: Path, identity: Path, seed: str) -> None:
    make_application()
    window = MainWindow(empty_case())
    window.show()
    courses = open_courses(window, DataFolder(data, "the test"), SiteConfiguration())
    assert courses is not None
    say_who_works(window, "Ada")
    worker = Worker(window, courses.storage, out, identity, seed)
    worker.open(case_folder)
    worker.work()


def main() -> None:
    data, case_folder, out, identity = (Path(text) for text in sys.argv[1:])
    load_libraries(progress=no_progress)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            print(json.dumps({"process": os.getpid()}), flush=True)
            work(data, case_folder, out, identity, line.strip())
            os._exit(1)
        _, status = os.waitpid(process, 0)
        print(flush=True)  # the last line of a killed program may lack its end
        print(json.dumps({"ended": process, "killed": os.WIFSIGNALED(status)}), flush=True)


if __name__ == "__main__":
    main()
