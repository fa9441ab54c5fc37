"""Images of kept courses, and what comes with them from elsewhere: moved, copied, cancelled, in a course file."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.operations.site_configuration import SiteConfiguration
from app.screenshots import wait_until_idle
from dosimetry_core.progress import no_progress
from tests.app.courses.window_work import Open, paint


def test_that_a_lost_image_is_asked_for_and_found_elsewhere(opened: Open, case_folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(case_folder, moved)
    window = opened()
    window.opening.open_path(moved)
    wait_until_idle(window)
    volumes = [voi.mask.volume_ml for voi in window.session.case.cycles[0].vois]
    assert window.session.journal is not None
    course_id = window.session.journal.course_id
    window.opening.leave_course()
    moved.rename(tmp_path / "elsewhere")
    window.opening.open_course(course_id)
    wait_until_idle(window)
    notice = window.notices.shown()
    assert notice is not None
    assert notice.key == "images"
    window.opening.courses.search_images_in(tmp_path / "elsewhere")
    wait_until_idle(window)
    assert [voi.mask.volume_ml for voi in window.session.case.cycles[0].vois] == volumes
    assert window.session.permission.reason is None


def test_that_a_changed_case_file_is_offered_and_taken_as_one_step(
    opened: Open, case_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    shutil.copytree(case_folder, folder)
    window = opened()
    window.opening.open_path(folder)
    wait_until_idle(window)
    window.opening.leave_course()
    file = folder / "case.toml"
    file.write_text(file.read_text("utf-8").replace("weight_kg = 68.0", "weight_kg = 71.0"), encoding="utf-8")
    window.opening.open_path(folder)
    wait_until_idle(window)
    assert window.session.case.patient.weight_kg == 68.0
    notice = window.notices.shown()
    assert notice is not None
    assert notice.key == "case-file"
    window.notices.action_chosen.emit("case-file", "take")
    wait_until_idle(window)
    assert window.session.case.patient.weight_kg == 71.0
    assert window.session.document.labels == ("Take the changed case file",)
    window.opening.leave_course()
    window.opening.open_path(folder)
    wait_until_idle(window)
    assert window.notices.shown() is None
    window.session.document.undo()
    assert window.session.case.patient.weight_kg == 68.0


def test_that_copied_images_are_enough_when_the_folder_is_gone(opened: Open, case_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(case_folder, folder)
    window = opened(configuration=SiteConfiguration(copy_images=True))
    window.opening.open_path(folder)
    wait_until_idle(window)
    assert window.session.journal is not None
    course_id = window.session.journal.course_id
    window.opening.leave_course()
    shutil.rmtree(folder)
    window.opening.open_course(course_id)
    wait_until_idle(window)
    assert len(window.session.case.cycles[0].time_points) == 4
    assert window.session.permission.reason is None


def test_that_reading_that_was_cancelled_can_be_taken_up_again(opened: Open, case_folder: Path) -> None:
    window = opened()
    window.opening.open_path(case_folder)
    for job in window.session.jobs.running:
        job.cancel()
    wait_until_idle(window)
    notice = window.notices.shown()
    assert notice is not None
    assert notice.key == "unread"
    assert window.session.permission.reason is not None
    window.notices.action_chosen.emit("unread", "read")
    wait_until_idle(window)
    assert window.session.permission.reason is None
    assert len(window.session.case.cycles[0].time_points) == 4
    assert window.session.journal is not None
    course_id = window.session.journal.course_id
    window.opening.leave_course()
    window.opening.open_course(course_id)
    for job in window.session.jobs.running:
        job.cancel()
    wait_until_idle(window)
    paint(window, 1) if window.session.cycle and window.session.cycle.vois else None
    assert window.session.document.position == 0
    window.notices.action_chosen.emit("unread", "read")
    wait_until_idle(window)
    paint(window, 1)
    assert window.session.document.position == 1


def test_that_a_course_file_brings_history_and_images_into_another_store(
    opened: Open, case_folder: Path, tmp_path: Path
) -> None:
    folder, file = tmp_path / "own", tmp_path / "course.lutetia"
    shutil.copytree(case_folder, folder)
    window = opened()
    window.opening.open_path(folder)
    wait_until_idle(window)
    for by in range(3):
        paint(window, by)
    window.session.document.undo()
    wait_until_idle(window)
    labels, position = window.session.document.labels, window.session.document.position
    dose = window.session.document.evaluation.course_organs["kidneys"].delivered.absorbed_dose_gy
    assert window.session.journal is not None
    course_id = window.session.journal.course_id
    window.opening.leave_course()
    assert window.keeping is not None
    window.keeping.export(course_id, file, with_images=True)
    wait_until_idle(window)
    assert file.exists()
    shutil.rmtree(folder)

    other = opened(folder=tmp_path / "other")
    other.opening.open_path(file)
    wait_until_idle(other)
    document = other.session.document
    assert (document.labels, document.position) == (labels, position)
    assert document.evaluation.course_organs["kidneys"].delivered.absorbed_dose_gy == dose
    paint(other, 4)
    assert document.position == position + 1
    assert other.keeping is not None
    assert other.keeping.courses.storage.check(progress=no_progress).problems == ()


def test_that_a_clinics_protocol_stays_what_it_was_when_its_file_changes(
    opened: Open, case_folder: Path, tmp_path: Path
) -> None:
    from dosimetry_core.data_tables import table_bytes

    folder = tmp_path / "own"
    shutil.copytree(case_folder, folder)
    own = table_bytes("protocols", "duonen-d.toml").decode("utf-8").replace('"duonen-d"', '"ours"', 1)
    (folder / "own.toml").write_text(own, encoding="utf-8")
    file = folder / "case.toml"
    file.write_text(file.read_text("utf-8").replace('"duonen-d"', '"own.toml"'), encoding="utf-8")
    window = opened()
    window.opening.open_path(folder)
    wait_until_idle(window)
    evaluation = window.session.document.evaluation
    limit, planned = evaluation.protocol.limits_gy["kidneys"], evaluation.plan.activities_bq
    assert window.session.journal is not None
    course_id = window.session.journal.course_id
    window.opening.leave_course()
    (folder / "own.toml").write_text(
        own.replace("kidneys_total_gy = 23.0", "kidneys_total_gy = 27.0"), encoding="utf-8"
    )
    assert (folder / "own.toml").read_text("utf-8") != own

    window.opening.open_course(course_id)
    wait_until_idle(window)
    evaluation = window.session.document.evaluation
    assert evaluation.protocol.limits_gy["kidneys"] == limit == 23.0
    assert evaluation.plan.activities_bq == planned
    notice = window.notices.shown()
    assert notice is not None
    assert notice.key == "case-file"
    window.notices.action_chosen.emit("case-file", "take")
    wait_until_idle(window)
    assert window.session.document.evaluation.protocol.limits_gy["kidneys"] == 27.0
    (folder / "own.toml").unlink()
    window.session.document.undo()
    wait_until_idle(window)
    assert window.session.document.evaluation.protocol.limits_gy["kidneys"] == 23.0
