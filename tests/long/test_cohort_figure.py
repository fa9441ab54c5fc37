"""All courses of a department: the window at once, recomputing on both cores and by Dask with the same numbers.

What "scales to both cores" means here: the same program with everything it starts is confined to one core of the
computer, and then has both. One computing process that is not confined already uses more than one core: it computes on
one while its reading process reads on the other, and the program that writes the records down takes turns with both.
How much faster two such processes are than one is printed beside it, and has no bound.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.cohort.engines import DaskCluster, Engine, Processes
from app.cohort.kept_records import FILE_NAME, KeptRecord, read_kept_records, rewrite_records
from app.cohort.store_courses import recompute, store_courses
from app.cohort.window import CohortWindow
from app.jobs import Jobs
from app.store import open_store
from app.store.storage import Storage
from dosimetry_core import pipeline
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.cohort.simulated import simulated_cohort
from tests.app.cohort.stores import course_of, entered_case, keep_cases
from tests.figures import figure_line
from tests.small_study import write_small_case

pytestmark = pytest.mark.long

COURSES = 1000
DASK_COURSES = 1000
KEPT = 1000


def another_patient(case: Case, number: int) -> Case:
    """The case of another patient, who was given a little more."""
    cycle = case.cycles[0]
    given = cycle.administrations[0]
    more = replace(given, administered_activity_bq=given.administered_activity_bq * (1 + 0.001 * number))
    return replace(
        case,
        patient=replace(case.patient, patient_id=f"P-{number:04d}"),
        cycles=(replace(cycle, administrations=(more, *cycle.administrations[1:])), *case.cycles[1:]),
    )


@pytest.fixture
def imaged(tmp_path: Path) -> Case:
    """A case with four scans, which every course reads, aligns and evaluates again."""
    return pipeline.align_case(pipeline.import_case(read_case(write_small_case(tmp_path / "study"))))


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    made = open_store(tmp_path / "store", who="A. Kowalska")
    yield made
    made.close()


def recomputed(storage: Storage, engine: Engine) -> tuple[float, dict[str, bytes]]:
    """Seconds that it took, and every record as it is kept."""
    (storage.folder / FILE_NAME).unlink(missing_ok=True)
    courses = store_courses(storage)
    begin = time.perf_counter()
    found = recompute(storage, courses, engine)
    taken = time.perf_counter() - begin
    assert [kept.failure for kept in found] == [""] * len(courses)
    return taken, {course: kept.line() for course, kept in read_kept_records(storage.folder).items()}


def looping() -> subprocess.Popen[bytes]:
    """A process that works alone."""
    return subprocess.Popen([sys.executable, "-I", "-c", "for number in range(12_000_000): number * number % 7"])


def gain_of_the_machine() -> float:
    """How many times as fast two loops end on two cores as one behind the other: below 2 where cores share a clock."""
    begin = time.perf_counter()
    assert looping().wait() == 0
    assert looping().wait() == 0
    between = time.perf_counter()
    assert [process.wait() for process in (looping(), looping())] == [0, 0]
    return (between - begin) / (time.perf_counter() - between)


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """This program and whatever it starts inside stay on one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="programs can't be confined to a core here")
def test_that_recomputing_uses_both_cores(imaged: Case, storage: Storage) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core")
    keep_cases(storage, {course_of(number): another_patient(imaged, number) for number in range(COURSES)})
    loops = [gain_of_the_machine()]
    with on_one_core():
        one_core_s, expected = recomputed(storage, Processes(1))
    loops.append(gain_of_the_machine())
    both_s, both = recomputed(storage, Processes(2))
    loops.append(gain_of_the_machine())
    one_process_s, unconfined = recomputed(storage, Processes(1))
    loops.append(gain_of_the_machine())
    differing = sum(line != other[course] for other in (both, unconfined) for course, line in expected.items())
    assert len(set(expected.values())) == len(expected) == COURSES
    figure_line(
        "cohort-recompute", n=COURSES, failures=differing, seed=None, one_core_s=one_core_s, both_s=both_s,
        speed_up=one_core_s / both_s, one_process_s=one_process_s, speed_up_unconfined=one_process_s / both_s,
        two_loops_least=min(loops), two_loops_most=max(loops),
    )  # fmt: skip
    assert differing == 0
    assert one_core_s / both_s >= 1.7


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_that_a_dask_cluster_of_two_processes_gives_the_same_numbers(imaged: Case, storage: Storage) -> None:
    from distributed import LocalCluster

    keep_cases(storage, {course_of(number): another_patient(imaged, number) for number in range(DASK_COURSES)})
    _, expected = recomputed(storage, Processes(2))
    with LocalCluster(  # type: ignore[no-untyped-call]
        processes=True, n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        taken_s, by_dask = recomputed(storage, DaskCluster(cluster.scheduler_address))
    differing = sum(by_dask[course] != line for course, line in expected.items())
    figure_line("cohort-dask", n=DASK_COURSES, failures=differing, seed=None, seconds=taken_s)
    assert len(expected) == len(by_dask) == DASK_COURSES
    assert differing == 0


def test_that_a_thousand_courses_open_within_a_second(storage: Storage, qapp: QApplication) -> None:
    keep_cases(storage, {course_of(number): entered_case(number) for number in range(KEPT)})
    records = simulated_cohort(20261121)
    rewrite_records(
        storage.folder,
        [
            KeptRecord(
                one.course_id,
                "0" * 64,
                one.last_sequence,
                replace(records[number % len(records)], key=one.course_id[:10]),
            )
            for number, one in enumerate(storage.courses())
        ],
    )
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        window = CohortWindow(lambda: storage, Jobs())
        window.show()
        qapp.processEvents()
        times.append(time.perf_counter() - begin)
        assert len(window.sources.records) == KEPT
        window.close()
    figure_line("cohort-open", n=KEPT, failures=0, seed=20261121, first_s=times[0], median_s=sorted(times)[2])
    assert times[0] < 1.0
