"""The window with a store: what is done is kept, comes back, and is refused where it could not be kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.screenshots import wait_until_idle
from app.store.storage import StoreError
from dosimetry_core.progress import no_progress
from tests.app.courses.window_work import Open, ended, paint
from tests.app.working import say_who_works


def test_that_a_case_folder_becomes_a_course_that_comes_back_as_it_was_left(opened: Open, case_folder: Path) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    for by in range(3):
        paint(window, by)
    window.session.document.undo()
    window.go_to("curves")
    window.session.reviews.confirm("course", window.session.case, window.session.evaluation)
    window.session.reviews.acknowledge("some-code", "kidneys", "seen by the tumour board")
    window.session.view_state.set_time_point(2)
    window.session.view_state.set_cursor((3.0, 4.0, 50.0))
    window.session.view_state.set_tool("erase")
    wait_until_idle(window)
    before = window.session.document
    labels, position = before.labels, before.position
    volumes = [voi.mask.volume_ml for voi in before.case.cycles[0].vois]
    doses = {organ: total.delivered.absorbed_dose_gy for organ, total in before.evaluation.course_organs.items()}
    assert window.close()

    again = opened()
    assert again.keeping is not None
    (course,) = again.keeping.courses.listed()
    assert course.summary.patient_id == "P-1"
    assert course.summary.state == "draft"
    again.opening.open_course(course.course_id)
    wait_until_idle(again)
    document = again.session.document
    assert (document.labels, document.position) == (labels, position)
    assert [voi.mask.volume_ml for voi in document.case.cycles[0].vois] == volumes
    assert {
        organ: total.delivered.absorbed_dose_gy for organ, total in document.evaluation.course_organs.items()
    } == doses
    assert again.current_step == "curves"
    view_state = again.session.view_state
    assert (view_state.time_point, view_state.cursor_mm, view_state.tool) == (2, (3.0, 4.0, 50.0), "erase")
    assert again.rail.state("course") == "confirmed"
    assert again.session.reviews.reasons == {("some-code", "kidneys"): "seen by the tumour board"}
    assert again.notices.shown() is None
    document.redo()
    assert document.position == position + 1
    for _ in range(3):
        document.undo()
    assert document.position == 0


def test_that_after_a_sudden_end_the_edits_are_back_and_it_says_so(opened: Open, case_folder: Path) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    paint(window, 1)
    paint(window, 2)
    ended(window)

    again = opened()
    assert again.keeping is not None
    again.opening.open_path(case_folder)
    wait_until_idle(again)
    assert again.session.document.position == 2
    notice = again.notices.shown()
    assert notice is not None
    assert "2 changes are back" in notice.text
    assert "Brush, Kidney L, 2" in notice.text
    assert len(again.keeping.courses.listed()) == 1


def test_that_nobody_edits_before_saying_who_works(opened: Open, case_folder: Path) -> None:
    window = opened(who=None)
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    assert window.session.document.case.cycles == ()
    assert window.keeping is not None
    assert window.keeping.panel.isVisibleTo(window)
    say_who_works(window, "M. Kowalska", "physician")
    wait_until_idle(window)
    assert window.session.document.case.patient.patient_id == "P-1"
    paint(window, 1)
    assert window.session.document.position == 1
    last = next(iter(window.keeping.courses.storage.events(newest_first=True, limit=1)))
    assert last.event.who == "M. Kowalska, physician"
    assert last.event.what == "Brush, Kidney L, 1"
    assert "mL" in str(last.event.old)
    assert last.event.old != last.event.new


def test_that_a_second_window_reads_and_says_who_holds_the_course(opened: Open, case_folder: Path, data: Path) -> None:
    from tests.app.holding import course_held_by_another_process

    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    assert window.session.journal is not None
    course_id = window.session.journal.course_id
    window.opening.leave_course()
    with course_held_by_another_process(data, course_id, "Dr. Other"):
        window.opening.open_course(course_id)
        wait_until_idle(window)
        paint(window, 1)
        assert window.session.document.position == 0
        notice = window.notices.shown()
        assert notice is not None
        assert "Dr. Other" in notice.text
        assert "Dr. Other" in window.job_strip.message()
        assert window.session.journal is None
    window.notices.action_chosen.emit("held", "reopen")
    wait_until_idle(window)
    assert "Dr. Other" not in window.job_strip.message()
    paint(window, 1)
    assert window.session.document.position == 1
    assert window.session.journal is not None


def test_that_a_reader_without_a_name_is_told_who_holds_the_course_and_nothing_of_a_crash(
    opened: Open, case_folder: Path, data: Path
) -> None:
    from tests.app.holding import course_held_by_another_process

    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    journal = window.session.journal
    assert journal is not None
    course_id = journal.course_id
    not_closed = journal.storage.view_note(course_id)
    assert not_closed is not None
    window.opening.leave_course()
    reader = opened(who=None)
    with course_held_by_another_process(data, course_id, "Dr. Other"):
        journal.storage.keep_view_note(course_id, not_closed)
        reader.opening.open_course(course_id)
        wait_until_idle(reader)
        assert "held" in reader.notices.keys()  # noqa: SIM118 a method of the bar
        assert "recovered" not in reader.notices.keys()  # noqa: SIM118
        reader.notices.action_chosen.emit("held", "reopen")
        assert "held" in reader.notices.keys()  # noqa: SIM118
        assert "Say who is working" in reader.keeping.panel.message.full_text()  # type: ignore[union-attr]
    say_who_works(reader, "B. Kowal")
    wait_until_idle(reader)
    assert reader.session.journal is not None


def test_that_a_course_that_could_not_be_left_for_a_full_disk_is_kept_on_and_not_left_at_the_second_try(
    opened: Open, case_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    journal = window.session.journal
    assert journal is not None
    storage = journal.storage

    def no_room(*_arguments: object, **_named: object) -> None:
        raise StoreError("the disk is full", where="store.sqlite", remedy="make room")

    with monkeypatch.context() as full:
        full.setattr(type(storage), "append", no_room)
        paint(window, 1)
        assert not window.opening.leave_course()
        assert not window.opening.leave_course()
        assert window.session.journal is journal
        paint(window, 2)
        assert not window.close()
        assert "close once more" in window.job_strip.message()
    assert journal.flush()
    assert "close once more" not in window.job_strip.message()
    paint(window, 3)
    kept = [stored.event for stored in storage.events(course_id=journal.course_id)]
    assert [event.kind for event in kept].count("edited") == 3
    assert window.opening.leave_course()


def test_that_a_full_disk_is_said_and_the_change_is_kept_when_there_is_room(
    opened: Open, case_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    assert window.keeping is not None
    storage = window.keeping.courses.storage
    whole = type(storage).append

    def no_room(*_arguments: object, **_named: object) -> None:
        raise StoreError("the disk is full", where="store.sqlite", remedy="make room")

    monkeypatch.setattr(type(storage), "append", no_room)
    paint(window, 1)
    assert window.session.document.position == 1
    notice = window.notices.shown()
    assert notice is not None
    assert notice.text.startswith("NOT SAVED")
    assert window.saved_note.text() == "NOT SAVED"
    monkeypatch.setattr(type(storage), "append", whole)
    window.notices.action_chosen.emit("unsaved", "retry")
    assert window.notices.shown() is None
    assert window.saved_note.text().startswith("saved")
    assert storage.check(progress=no_progress).problems == ()


def test_that_a_course_is_read_without_a_name_and_edited_after_one_is_given(opened: Open, case_folder: Path) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    window.opening.leave_course()
    again = opened(who=None)
    again.opening.open_path(case_folder)
    wait_until_idle(again)
    assert len(again.session.case.cycles[0].time_points) == 4
    paint(again, 1)
    assert again.session.document.position == 0
    assert again.session.journal is None
    say_who_works(again, "B. Zieliński")
    assert again.session.journal is not None
    paint(again, 1)
    assert again.session.document.position == 1
    assert again.session.journal.is_saved


def test_that_an_archived_course_leaves_the_list_and_comes_back(opened: Open, case_folder: Path) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    window.opening.leave_course()
    assert window.keeping is not None
    (course,) = window.keeping.courses.listed()
    window.keeping.archive(course.course_id, True)
    assert window.keeping.courses.listed()[0].summary.archived
    window.keeping.archive(course.course_id, False)
    assert not window.keeping.courses.listed()[0].summary.archived
    window.opening.open_course(course.course_id)
    wait_until_idle(window)
    paint(window, 1)
    assert window.session.journal is not None
    assert window.session.journal.is_saved


def test_that_a_backup_is_restored_in_the_window_and_what_came_after_it_is_gone(
    opened: Open, case_folder: Path, tmp_path: Path
) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    paint(window, 1)
    assert window.keeping is not None
    window.keeping.courses.storage.back_up(tmp_path / "backup.lutetia-backup", progress=no_progress)
    paint(window, 2)
    assert window.session.document.position == 2
    window.keeping.restore(tmp_path / "backup.lutetia-backup")
    wait_until_idle(window)
    assert window.session.case.cycles == ()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    assert window.session.document.position == 1
    paint(window, 3)
    assert window.session.document.position == 2
    assert window.keeping.courses.storage.check(progress=no_progress).problems == ()


def test_that_an_export_of_the_open_course_does_not_hinder_the_next_edit(
    opened: Open, case_folder: Path, tmp_path: Path
) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    paint(window, 1)
    journal = window.session.journal
    assert journal is not None
    assert window.keeping is not None
    window.keeping.export(journal.course_id, tmp_path / "course.lutetia", with_images=False)
    paint(window, 2)
    wait_until_idle(window)
    assert (tmp_path / "course.lutetia").exists()
    paint(window, 3)
    assert journal.is_saved
    assert window.notices.shown() is None
    assert window.session.document.position == 3


def test_that_what_has_no_form_in_the_store_is_said_and_mended_by_undo(opened: Open, case_folder: Path) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    window.session.recomputation.set_enabled(False)
    paint(window, 1)
    document, journal = window.session.document, window.session.journal
    assert journal is not None
    document.apply("Spoil", lambda case: replace(case, course=replace(case.course, planned_cycles=float("nan"))))  # type: ignore[arg-type]
    assert not journal.is_saved
    assert window.saved_note.text() == "NOT SAVED"
    document.undo()
    assert journal.is_saved
    assert window.saved_note.text().startswith("saved")
    paint(window, 2)
    course_id = journal.course_id
    assert window.opening.leave_course()
    window.opening.open_course(course_id)
    wait_until_idle(window)
    assert window.session.document.labels == ("Brush, Kidney L, 1", "Brush, Kidney L, 2")


def test_that_a_rolled_back_store_is_only_read_and_says_why(opened: Open, case_folder: Path, data: Path) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    wait_until_idle(window)
    paint(window, 1)
    older = data.parent / "older.sqlite"
    assert window.keeping is not None
    window.keeping.courses.storage.back_up(older, progress=no_progress)
    paint(window, 2)
    assert window.session.journal is not None
    course_id = window.session.journal.course_id
    window.opening.leave_course()
    window.close()
    window.keeping.courses.storage.close()
    for name in ("store.sqlite", "store.sqlite-wal", "store.sqlite-shm"):
        (data / name).unlink(missing_ok=True)
    shutil.copy(older, data / "store.sqlite")

    again = opened()
    notice = again.notices.shown()
    assert notice is not None
    assert notice.text.startswith("NOTHING IS SAVED: courses can only be read")
    again.opening.open_course(course_id)
    wait_until_idle(again)
    assert again.session.document.labels == ("Brush, Kidney L, 1",)
    paint(again, 3)
    assert again.session.document.position == 1
    assert again.session.journal is None
    assert "only be read" in str(again.session.permission.reason)
