"""Records of the store's courses: kept, found stale, computed again by processes and by Dask, stopped and gone on."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.cohort.engines import DaskCluster, Engine, Processes
from app.cohort.kept_records import FILE_NAME, KeptRecord, keep_record, read_kept_records
from app.cohort.store_courses import recompute, store_courses
from app.store import open_store
from app.store.storage import Storage
from dosimetry_core import pipeline
from dosimetry_core.case_file import read_case
from dosimetry_core.cohort.of_course import record_of
from dosimetry_core.cohort.record_json import record_content, record_from_content
from dosimetry_core.cohort.simulated import simulated_cohort
from dosimetry_core.errors import DosimetryError
from dosimetry_core.progress import Cancelled, no_progress
from tests.app.cohort.stores import course_of, entered_case, keep_cases, keep_change
from tests.app.store.course_examples import COURSE, keep_course
from tests.small_study import write_small_case

COURSES = 6


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    made = open_store(tmp_path / "store", who="A. Kowalska")
    keep_cases(made, {course_of(number): entered_case(number) for number in range(COURSES)})
    yield made
    made.close()


class Here:
    """Computes in this process, one after the other."""

    name = "this process"

    def run(self, function, tasks, *, pause):  # type: ignore[no-untyped-def]
        for number, task in enumerate(tasks):
            pause()
            yield number, function(task)


def states(storage: Storage) -> list[str]:
    return sorted(course.state for course in store_courses(storage))


@pytest.mark.parametrize("record", simulated_cohort(4)[:40:7])
def test_that_a_record_comes_back_as_it_was(record: object) -> None:
    assert record_from_content(record_content(record), where="kept") == record  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("cycles"),
        lambda content: content.update(more=1),
        lambda content: content.update(response="cured"),
        lambda content: content["cycles"][0]["activity_bq"].update({"Lu-177": float("nan")}),
        lambda content: content.update(survival=[-1.0, True]),
    ],
)
def test_that_anything_else_is_no_record(spoil: Callable[[dict[str, object]], object]) -> None:
    content = record_content(simulated_cohort(4)[0])
    spoil(content)
    with pytest.raises(DosimetryError):
        record_from_content(content, where="kept")


def test_that_every_course_is_computed_as_its_case_says(storage: Storage) -> None:
    assert states(storage) == ["missing"] * COURSES
    recompute(storage, store_courses(storage), Here())
    assert states(storage) == ["current"] * COURSES
    found = {course.listed.course_id: course.record for course in store_courses(storage)}
    for number in range(COURSES):
        course_id = course_of(number)
        expected = record_of(pipeline.evaluate(entered_case(number)), key=course_id[:10])
        assert found[course_id] == expected
    totals = {record.activity_bq("Lu-177") for record in found.values() if record is not None}
    assert len(totals) == COURSES


def test_that_a_changed_course_is_told_and_computed_alone(storage: Storage) -> None:
    recompute(storage, store_courses(storage), Here())
    keep_change(storage, course_of(2), entered_case(50))
    changed = [course for course in store_courses(storage) if course.state == "changed"]
    assert [course.listed.course_id for course in changed] == [course_of(2)]
    assert changed[0].record is not None
    computed = recompute(storage, store_courses(storage), Here())
    assert [kept.course_id for kept in computed] == [course_of(2)]
    assert states(storage) == ["current"] * COURSES


def test_that_an_event_which_changes_no_input_leaves_the_record_current(storage: Storage) -> None:
    recompute(storage, store_courses(storage), Here())
    keep_change(storage, course_of(1), entered_case(1))
    assert states(storage) == ["current"] * COURSES


def test_that_a_record_of_another_version_is_computed_again(storage: Storage) -> None:
    recompute(storage, store_courses(storage), Here())
    kept = read_kept_records(storage.folder)[course_of(0)]
    keep_record(storage.folder, replace(kept, software_version="0.0.1"))
    assert states(storage) == ["current"] * (COURSES - 1) + ["older-version"]
    assert len(recompute(storage, store_courses(storage), Here())) == 1


def test_that_a_stop_keeps_what_was_computed_and_the_rest_follows(storage: Storage) -> None:
    def stop_after_two(fraction: float, message: str) -> None:
        if fraction >= 2 / COURSES:
            raise Cancelled

    with pytest.raises(Cancelled):
        recompute(storage, store_courses(storage), Here(), progress=stop_after_two)
    assert states(storage).count("current") == 2
    assert len(recompute(storage, store_courses(storage), Here())) == COURSES - 2
    assert states(storage) == ["current"] * COURSES


def test_that_a_line_cut_short_costs_that_course_alone(storage: Storage) -> None:
    recompute(storage, store_courses(storage), Here())
    path = storage.folder / FILE_NAME
    path.write_bytes(path.read_bytes()[:-40])
    assert states(storage) == ["current"] * (COURSES - 1) + ["missing"]
    recompute(storage, store_courses(storage), Here())
    assert states(storage) == ["current"] * COURSES


def test_that_superseded_lines_do_not_pile_up(storage: Storage) -> None:
    recompute(storage, store_courses(storage), Here())
    for _ in range(2):
        for kept in read_kept_records(storage.folder).values():
            keep_record(storage.folder, kept)
    keep_change(storage, course_of(0), entered_case(77))
    recompute(storage, store_courses(storage), Here())
    assert (storage.folder / FILE_NAME).read_bytes().count(b"\n") == COURSES
    assert states(storage) == ["current"] * COURSES


def test_that_a_course_whose_images_are_gone_is_told_and_stops_nobody(tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "study")
    case = pipeline.align_case(pipeline.import_case(read_case(folder)))
    storage = open_store(tmp_path / "store", who="A. Kowalska")
    keep_course(storage, case)
    keep_cases(storage, {course_of(1): entered_case(1)})
    recompute(storage, store_courses(storage), Here())
    last = keep_course_case(storage)
    kidneys = pipeline.evaluate(last).course_organs["kidneys"].delivered.absorbed_dose_gy
    whole = next(course for course in store_courses(storage) if course.listed.course_id == COURSE)
    assert whole.record is not None
    assert whole.record.absorbed_dose_gy("kidneys") == pytest.approx(kidneys, rel=1e-12)
    (folder / "images").rename(folder / "moved")
    (storage.folder / FILE_NAME).unlink()
    recompute(storage, store_courses(storage), Here())
    found = {course.listed.course_id: course for course in store_courses(storage)}
    assert found[COURSE].state == "failed"
    gone = found[COURSE].kept
    assert gone is not None
    assert gone.failure.startswith("something is missing")
    assert str(tmp_path) not in gone.failure
    assert stat.S_IMODE((storage.folder / FILE_NAME).stat().st_mode) == 0o600
    assert found[course_of(1)].state == "current"
    moved = recompute(storage, store_courses(storage), Here(), folders=(str(folder / "moved"),))
    assert [kept.failure for kept in moved] == [""]
    storage.close()


def keep_course_case(storage: Storage):  # type: ignore[no-untyped-def]
    from app.courses.kept_course import read_kept_course
    from app.store.case_tree import CaseTree
    from app.store.kept_history import history_of

    return read_kept_course(storage, CaseTree(), history_of(storage, COURSE), progress=no_progress).case


def dies_on_two(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 10


def fails_on_two(number: int) -> int:
    if number == 2:
        raise ValueError("two")
    return number * 10


@pytest.mark.parametrize("processes", [1, 2])
def test_that_processes_give_every_result_and_every_fault(processes: int) -> None:
    found = dict(Processes(processes).run(fails_on_two, range(5), pause=lambda: None))
    assert {number: result for number, result in found.items() if number != 2} == {0: 0, 1: 10, 3: 30, 4: 40}
    assert isinstance(found[2], ValueError)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_that_a_process_that_dies_costs_only_what_it_had_in_hand() -> None:
    found = dict(Processes(1).run(dies_on_two, range(5), pause=lambda: None))
    assert {number: result for number, result in found.items() if number != 2} == {0: 0, 1: 10, 3: 30, 4: 40}
    assert "ended unexpectedly" in str(found[2])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_that_tasks_which_were_not_begun_are_not_lost_with_a_process() -> None:
    found = dict(Processes(2).run(dies_on_two, range(9), pause=lambda: None))
    ended = [number for number, result in found.items() if isinstance(result, Exception)]
    assert sorted(found) == list(range(9))
    assert 2 in ended
    assert len(ended) <= 2
    assert {number: found[number] for number in range(9) if number not in ended} == {
        number: number * 10 for number in range(9) if number not in ended
    }


def same_numbers(storage: Storage, engine: Engine) -> None:
    recompute(storage, store_courses(storage), Here())
    here = {course: kept.line() for course, kept in read_kept_records(storage.folder).items()}
    (storage.folder / FILE_NAME).unlink()
    recompute(storage, store_courses(storage), engine)
    assert {course: kept.line() for course, kept in read_kept_records(storage.folder).items()} == here


def test_that_two_processes_give_the_same_numbers(storage: Storage) -> None:
    same_numbers(storage, Processes(2))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_that_dask_gives_the_same_numbers(storage: Storage) -> None:
    from distributed import LocalCluster

    # Within this process: no port is opened.
    with LocalCluster(  # type: ignore[no-untyped-call]
        processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None, protocol="inproc://"
    ) as cluster:
        same_numbers(storage, DaskCluster(cluster.scheduler_address))


def test_that_a_scheduler_that_is_not_there_is_told() -> None:
    with pytest.raises(DosimetryError, match="does not answer"):
        list(DaskCluster("inproc://nobody/1/1").run(fails_on_two, [1], pause=lambda: None))


def test_that_a_failure_is_kept_in_words(tmp_path: Path) -> None:
    kept = KeptRecord("a" * 32, "", 3, None, "the images are missing")
    keep_record(tmp_path, kept)
    assert read_kept_records(tmp_path) == {"a" * 32: kept}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_that_a_process_that_dies_while_a_result_is_written_down_stops_nothing() -> None:
    """The next course is handed to processes that are no more: it is computed by others."""
    found: dict[int, int | Exception] = {}
    for number, result in Processes(1).run(whose_process, range(6), pause=lambda: None):
        if not found:
            assert isinstance(result, int)
            os.kill(result, signal.SIGKILL)
            time.sleep(1.0)
        found[number] = result
    assert sorted(found) == list(range(6))
    assert sum(isinstance(result, Exception) for result in found.values()) <= 1
    assert len({result for result in found.values() if isinstance(result, int)}) == 2


def whose_process(number: int) -> int:
    return os.getpid()
