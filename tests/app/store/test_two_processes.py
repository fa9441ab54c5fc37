"""Two processes with one store: no update is lost, and a course has one holder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import open_store
from dosimetry_core.progress import no_progress
from tests.app.store.faults.second_process import SecondProcess
from tests.app.store.faults.store_figure import store_figure

SEED = 20261121
COURSES = ("a", "b", "c")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[SecondProcess, SecondProcess]]:
    open_store(tmp_path, who="First").close()
    processes = SecondProcess(tmp_path, "Ada"), SecondProcess(tmp_path, "Marie")
    yield processes
    for process in processes:
        process.close()


def lost_updates(folder: Path, acknowledged: dict[str, int]) -> int:
    """How many acknowledged counts are missing, and courses whose count skipped or repeated."""
    storage = open_store(folder, who="Reader", read_only=True)
    try:
        assert not storage.check(progress=no_progress).problems
        lost = 0
        for course, expected in acknowledged.items():
            counts = [stored.event.data["count"] for stored in storage.events(course_id=course)]
            lost += abs(len(counts) - expected) + (counts != list(range(1, len(counts) + 1)))
        return lost
    finally:
        storage.close()


def test_that_updates_are_lost_if_nobody_asks_what_came_meanwhile(
    tmp_path: Path, pair: tuple[SecondProcess, SecondProcess]
) -> None:
    for process in pair:
        process.ask("read", "a")
    for process in pair:
        process.ask("write", "a", "no")
    assert lost_updates(tmp_path, {"a": 2}) == 1


def interleaved(pair: tuple[SecondProcess, SecondProcess], steps: int) -> dict[str, int]:
    """Random commands to both processes; each write must succeed exactly if its reading was the newest."""
    chance = random.Random(SEED)
    counts = dict.fromkeys(COURSES, 0)
    read = {(process.who, course): 0 for process in pair for course in COURSES}
    for _ in range(steps):
        process, course = chance.choice(pair), chance.choice(COURSES)
        key = process.who, course
        if chance.random() < 0.4:
            read[key] = process.ask("read", course)
            assert read[key] == counts[course]
        else:
            written = process.ask("write", course) is not None
            assert written == (read[key] == counts[course])
            if written:
                counts[course] += 1
                read[key] = counts[course]
    return counts


def test_that_a_write_on_top_of_an_old_reading_is_refused_and_none_is_lost(
    tmp_path: Path, pair: tuple[SecondProcess, SecondProcess]
) -> None:
    assert lost_updates(tmp_path, interleaved(pair, 200)) == 0


@pytest.mark.long
def test_that_none_of_5000_interleaved_steps_loses_an_update(
    tmp_path: Path, pair: tuple[SecondProcess, SecondProcess]
) -> None:
    lost = lost_updates(tmp_path, interleaved(pair, 5000))
    store_figure("store-two-processes", n=5000, failures=lost, seed=SEED)
    assert lost == 0


def test_that_two_processes_writing_as_fast_as_they_can_lose_nothing(
    tmp_path: Path, pair: tuple[SecondProcess, SecondProcess]
) -> None:
    for process in pair:
        process.tell("count", "a", "100")
    own = [process.answer() for process in pair]
    assert len({*own[0], *own[1]}) == 200
    assert lost_updates(tmp_path, {"a": 200}) == 0


def test_that_a_course_has_one_holder_until_it_is_released(pair: tuple[SecondProcess, SecondProcess]) -> None:
    ada, marie = pair
    assert ada.ask("hold", "a") is None
    assert marie.ask("hold", "a") == "Ada"
    assert marie.ask("hold", "b") is None
    ada.ask("release", "a")
    assert marie.ask("hold", "a") is None
    assert ada.ask("hold", "a") == "Marie"


def test_that_a_killed_process_holds_nothing_and_lost_nothing(
    tmp_path: Path, pair: tuple[SecondProcess, SecondProcess]
) -> None:
    ada, marie = pair
    assert ada.ask("hold", "a") is None
    assert len(ada.ask("count", "a", "20")) == 20
    ada.tell("count", "b", "100000")
    while marie.ask("read", "b") < 20:
        pass
    ada.kill()
    assert marie.ask("hold", "a") is None
    assert marie.ask("hold", "b") is None
    count = marie.ask("read", "b")
    assert len(marie.ask("count", "b", "5")) == 5
    assert lost_updates(tmp_path, {"a": 20, "b": count + 5}) == 0
