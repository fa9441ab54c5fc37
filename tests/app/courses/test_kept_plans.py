"""Plans signed in the window: kept whole, superseded, stale after an edit, not signed when they can't be kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.store.events import CourseState
from app.store.storage import Storage, StoreError
from dosimetry_core.progress import no_progress
from tests.app.courses.window_work import Open, paint, sign


def state_of(window: MainWindow) -> CourseState:
    assert window.session.journal is not None
    return window.session.journal.history.state


def test_that_a_signed_plan_is_kept_whole_superseded_by_the_next_and_stale_after_an_edit(
    opened: Open, tandem_folder: Path, physicist_file: Path, tmp_path: Path
) -> None:
    from app.plans.plan_attachments import attached_plan
    from dosimetry_core.canonical_json import sha256_hex

    window = opened()
    window.opening.open_path(tandem_folder)
    wait_until_idle(window)
    first, second = tmp_path / "first.pdf", tmp_path / "second.pdf"
    sign(window, physicist_file, first)
    assert first.exists()
    journal = window.session.journal
    assert journal is not None
    assert journal.history.state == "signed"
    storage = journal.storage
    assert storage.get(sha256_hex(first.read_bytes())) == first.read_bytes()
    record = attached_plan(first.read_bytes()).record
    heads = {stored.digest: stored.sequence for stored in storage.events()}
    assert str(heads[record["audit"]["head_sha256"]]) == record["audit"]["events"]

    window.session.plan_choice.choose(
        {name: 0.9 * bq for name, bq in window.session.planned.plan.activities_bq.items()}
    )
    wait_until_idle(window)
    sign(window, physicist_file, second)
    assert [(plan.path, plan.superseded) for plan in journal.history.plans] == [
        ("first.pdf", True),
        ("second.pdf", False),
    ]
    course_id = journal.course_id
    window.opening.leave_course()
    assert window.keeping is not None
    assert window.keeping.courses.listed()[0].summary.state == "signed"

    window.opening.open_course(course_id)
    wait_until_idle(window)
    assert window.session.plan_files[-1].content == second.read_bytes()
    assert window.rail.state("report") == "confirmed"
    paint(window, 1)
    wait_until_idle(window)
    assert window.rail.state("report") == "stale"
    assert state_of(window) == "stale"
    window.session.document.undo()
    wait_until_idle(window)
    assert window.rail.state("report") == "confirmed"
    assert state_of(window) == "signed"
    assert window.session.journal is not None
    window.session.plan_choice.choose({"Lu-177": 0.0, "Y-90": 0.0})
    wait_until_idle(window)
    window.session.journal.flush()
    assert state_of(window) == "stale"
    assert storage.check(progress=no_progress).problems == ()


def test_that_a_plan_that_can_not_be_kept_is_not_signed(
    opened: Open, tandem_folder: Path, physicist_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened()
    window.opening.open_path(tandem_folder)
    wait_until_idle(window)
    assert window.keeping is not None
    storage = window.keeping.courses.storage
    whole = type(storage).append

    def no_plan(self: Storage, events: object, **named: object) -> object:
        if any(event.kind == "plan-signed" for event in events):  # type: ignore[attr-defined]
            raise StoreError("the disk is full", where="store.sqlite", remedy="make room")
        return whole(self, events, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(type(storage), "append", no_plan)
    sign(window, physicist_file, tmp_path / "plan.pdf")
    assert not (tmp_path / "plan.pdf").exists()
    assert window.session.plan_files == []
    assert window.session.journal is not None
    assert window.session.journal.history.state == "draft"
    assert "disk is full" in window.step("plan").form.message.text()  # type: ignore[attr-defined]
