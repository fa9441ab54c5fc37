"""Images are in view before they are aligned; nothing can be changed until then, and nothing half read is left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from app.document import Document
from app.first_images import NOT_ALIGNED_YET, FirstImages
from app.jobs import Jobs
from app.permission import Permission
from app.session import Session, empty_case
from dosimetry_core.case import Case
from dosimetry_core.errors import MissingDataError
from dosimetry_core.progress import Progress


class _Reading:
    """A job that shows a case and then waits for what the test lets it do."""

    def __init__(self, images: Case, outcome: Case | Exception) -> None:
        self.images, self.outcome = images, outcome
        self.go_on = threading.Event()

    def __call__(self, case: Case, *, show: Callable[[Case], None], progress: Progress) -> Case:
        show(self.images)
        while not self.go_on.wait(0.005):
            progress(0.5, "Aligning")
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def jobs(qapp: object) -> Jobs:
    return Jobs()


class _Opened(Session):
    """The parts of a session that matter here."""

    def __init__(self, case: Case, jobs: Jobs) -> None:
        self.jobs, self.permission = jobs, Permission()
        self.document = Document(case, permission=self.permission)


BARE = empty_case()
IMAGES, WHOLE = replace(BARE), replace(BARE)


def _reading(session: Session, reading: _Reading, qtbot: QtBot) -> FirstImages:
    job = session.jobs.start(reading, session.document.case, purpose="open", shows=True)
    images = FirstImages(session, job, session.document.case)
    job.succeeded.connect(images.replace_by)
    with qtbot.waitSignal(job.shown):
        pass
    return images


def test_that_images_are_in_view_before_they_are_aligned_and_nothing_can_be_changed(qtbot: QtBot, jobs: Jobs) -> None:
    session = _Opened(BARE, jobs)
    reading = _Reading(IMAGES, WHOLE)
    _reading(session, reading, qtbot)
    assert session.document.case is IMAGES
    assert session.permission.reason == NOT_ALIGNED_YET
    assert not session.document.apply("Change", lambda case: replace(case))
    with qtbot.waitSignal(jobs.idle):
        reading.go_on.set()
    assert session.document.case is WHOLE
    assert session.permission.reason is None


@pytest.mark.parametrize("end", ["failure", "cancel"])
def test_that_nothing_half_read_is_left_when_the_rest_does_not_come(qtbot: QtBot, jobs: Jobs, end: str) -> None:
    session = _Opened(BARE, jobs)
    reading = _Reading(IMAGES, MissingDataError("no", where="here", remedy="none"))
    _reading(session, reading, qtbot)
    with qtbot.waitSignal(jobs.idle):
        jobs.running[0].cancel() if end == "cancel" else reading.go_on.set()
    assert session.document.case is BARE
    assert session.permission.reason is None


def test_that_another_case_that_was_opened_meanwhile_stays_in_view(qtbot: QtBot, jobs: Jobs) -> None:
    session = _Opened(BARE, jobs)
    reading = _Reading(IMAGES, WHOLE)
    _reading(session, reading, qtbot)
    other = replace(BARE)
    session.document.open(other)
    with qtbot.waitSignal(jobs.idle):
        reading.go_on.set()
    assert session.document.case is other
