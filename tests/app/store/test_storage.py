"""What every storage promises: the same tests for each implementation of the interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.store import open_store
from app.store.events import FIRST_PREVIOUS, chained
from app.store.storage import CourseChangedError, Storage, StoreDamagedError, StoreError
from dosimetry_core.progress import Cancelled, no_progress
from tests.app.memory_storage import MemoryStorage, MemoryStore
from tests.app.store.store_events import START, created, digest_of, edited, objects_of, summary

Opener = Callable[..., Storage]


@pytest.fixture(params=["sqlite", "memory"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens another storage on the same store, as another process would."""
    shared = MemoryStore(tmp_path)
    opened: list[Storage] = []

    def another(who: str = "Ada", **options: Any) -> Storage:
        storage: Storage = (
            open_store(tmp_path, who=who, **options)
            if request.param == "sqlite"
            else MemoryStorage(shared, who=who, **options)
        )
        opened.append(storage)
        return storage

    yield another
    for storage in opened:
        storage.close()


@pytest.fixture
def storage(opener: Opener) -> Storage:
    return opener()


# --- the chain --------------------------------------------------------------------------------------------------------


def test_that_a_new_store_begins_with_its_own_event(storage: Storage) -> None:
    (first,) = storage.events()
    assert (first.sequence, first.previous, first.event.kind) == (1, FIRST_PREVIOUS, "store-created")
    assert storage.head() == replace(storage.head(), sequence=1, digest=first.digest)


def test_that_events_come_back_as_they_were(storage: Storage) -> None:
    put = objects_of(b"case")
    event = edited(case=digest_of(b"case"), why="contrast", summary=summary("山田^太郎", cycle=2))
    (stored,) = storage.append([event], objects=put)
    assert stored.event == event
    (read,) = storage.events(after=1)
    assert read == stored
    assert read.event.time == event.time
    assert read.event.time.utcoffset() == timedelta(hours=1)


def test_that_each_event_is_chained_to_the_one_before(storage: Storage) -> None:
    storage.append([created(), edited(number=1)])
    storage.append([edited(number=2)])
    previous = FIRST_PREVIOUS
    for number, stored in enumerate(storage.events(), 1):
        assert (stored.sequence, stored.previous) == (number, previous)
        assert stored.digest == chained(previous, stored.event.body())
        previous = stored.digest
    assert storage.head().digest == previous


def test_that_events_are_found_by_course_and_place(storage: Storage) -> None:
    for number in range(1, 7):
        storage.append([edited("ab"[number % 2], number)])

    def numbers(**choice: Any) -> list[int]:
        return [stored.sequence for stored in storage.events(**choice)]

    assert numbers(course_id="a") == [3, 5, 7]
    assert numbers(course_id="a", after=3) == [5, 7]
    assert numbers(course_id="a", after=3, limit=1) == [5]
    assert numbers(newest_first=True, limit=2) == [7, 6]
    assert numbers(course_id="b", newest_first=True) == [6, 4, 2]
    assert numbers(course_id="b", newest_first=True, after=2) == [6, 4]
    assert numbers(course_id="nobody") == []
    assert numbers(limit=0) == []
    assert numbers(of_store=True) == numbers(of_store=True, newest_first=True) == [1]
    assert numbers(of_store=True, after=1) == []


def test_that_more_events_than_are_read_at_once_come_in_order(storage: Storage) -> None:
    storage.append([edited(number=number) for number in range(2500)])
    assert [stored.event.data["number"] for stored in storage.events(after=1)] == list(range(2500))
    newest = [stored.sequence for stored in storage.events(newest_first=True, limit=2400)]
    assert newest == list(range(2501, 101, -1))


def test_that_events_can_be_appended_while_others_are_read(storage: Storage) -> None:
    storage.append([edited(number=number) for number in range(3)])
    reading = storage.events()
    next(reading)
    storage.append([edited(number=9)])
    assert len(list(reading)) >= 3


# --- one change -------------------------------------------------------------------------------------------------------


def test_that_an_object_is_kept_once_and_comes_back(storage: Storage) -> None:
    small, large = b"{}", b"a mask " * 10_000
    storage.append([created()], objects=objects_of(small, large))
    storage.append([edited()], objects=objects_of(large))
    assert storage.get(digest_of(small)) == small
    assert storage.get(digest_of(large)) == large
    assert storage.has(digest_of(large))
    assert storage.check(progress=no_progress).objects == 2


def test_that_an_empty_object_comes_back(storage: Storage) -> None:
    storage.append([created()], objects=objects_of(b""))
    assert storage.get(digest_of(b"")) == b""


def test_that_an_unknown_object_is_an_error(storage: Storage) -> None:
    assert not storage.has(digest_of(b"x"))
    with pytest.raises(StoreDamagedError, match="missing"):
        storage.get(digest_of(b"x"))


def test_that_nothing_is_kept_without_an_event(storage: Storage) -> None:
    with pytest.raises(ValueError, match="without an event"):
        storage.append([], objects=objects_of(b"x"))
    assert not storage.has(digest_of(b"x"))


def test_that_an_object_under_another_digest_is_refused_with_its_events(storage: Storage) -> None:
    with pytest.raises(ValueError, match="not what its digest"):
        storage.append([created()], objects={digest_of(b"x"): b"y"})
    assert storage.head().sequence == 1


def test_that_an_event_can_name_only_a_case_that_is_kept(storage: Storage) -> None:
    with pytest.raises(ValueError, match="never put"):
        storage.append([created(), edited(case=digest_of(b"case"))], objects=objects_of(b"other"))
    assert storage.head().sequence == 1
    assert not storage.has(digest_of(b"other"))
    storage.append([edited(case=digest_of(b"case"))], objects=objects_of(b"case"))
    storage.append([edited(case=digest_of(b"case"))])
    assert storage.head().sequence == 3


def test_that_a_change_on_an_older_state_is_refused_as_a_whole(opener: Opener) -> None:
    one, other = opener("Ada"), opener("Marie")
    one.append([created("a")], expected={"a": 0})
    with pytest.raises(CourseChangedError, match="changed in another window"):
        other.append([edited("a")], objects=objects_of(b"lost"), expected={"a": 0})
    assert one.head().sequence == 2
    assert not one.has(digest_of(b"lost"))
    other.append([edited("a")], expected={"a": 2, "b": 0})
    assert [stored.event.kind for stored in one.events(course_id="a")] == ["course-created", "edited"]


def test_that_another_course_does_not_matter_for_what_is_expected(storage: Storage) -> None:
    storage.append([created("a")], expected={"a": 0})
    storage.append([created("b")], expected={"b": 0})
    storage.append([edited("a")], expected={"a": 2})
    assert storage.head().sequence == 4


# --- the list ---------------------------------------------------------------------------------------------------------


def test_that_the_list_shows_newest_summaries_last_changed_first(storage: Storage) -> None:
    storage.append([created("a"), created("b"), created("c")])
    storage.append([edited("a", 60, who="Marie")])
    storage.append([edited("b", 120, summary=summary("Curie^Marie", cycle=2, state="signed"))])
    listed = storage.courses()
    assert [(course.course_id, course.last_sequence) for course in listed] == [("b", 6), ("a", 5), ("c", 4)]
    assert listed[0].summary == summary("Curie^Marie", cycle=2, state="signed")
    assert listed[1].summary == summary()
    assert (listed[1].changed_by, listed[1].changed) == ("Marie", START + timedelta(seconds=60))


def test_that_a_store_without_courses_lists_none(storage: Storage) -> None:
    assert storage.courses() == ()


# --- who has what -----------------------------------------------------------------------------------------------------


def test_that_a_held_course_is_refused_to_others_until_it_is_given_back(opener: Opener) -> None:
    one, other = opener("Ada"), opener("Marie")
    assert one.hold("a", "Ada") is None
    assert one.hold("a", "Ada") is None
    holder = other.hold("a", "Marie")
    assert holder is not None
    assert holder.who == "Ada"
    assert "Ada on " in holder.text()
    assert other.holders() == {"a": holder}
    assert one.holders() == {}
    other.release("a")
    assert other.hold("a", "Marie") is not None
    assert other.hold("b", "Marie") is None
    one.release("a")
    assert other.hold("a", "Marie") is None


def test_that_a_closed_storage_holds_nothing(opener: Opener) -> None:
    one, other = opener("Ada"), opener("Marie")
    one.hold("a", "Ada")
    one.close()
    assert other.holders() == {}
    assert other.hold("a", "Marie") is None


def test_that_the_last_view_note_is_kept(opener: Opener) -> None:
    one = opener()
    assert one.view_note("a") is None
    one.keep_view_note("a", b"slice 90")
    one.keep_view_note("a", b"slice 91")
    one.keep_view_note("b", b"")
    assert opener(read_only=True).view_note("a") == b"slice 91"
    assert one.view_note("b") == b""
    assert one.head().sequence == 1


# --- reading only, closing --------------------------------------------------------------------------------------------


def test_that_reading_only_reads_all_and_writes_nothing(opener: Opener) -> None:
    writer = opener()
    writer.append([created()], objects=objects_of(b"x"))
    reader = opener(read_only=True)
    assert reader.is_read_only
    assert not writer.is_read_only
    assert len(reader.courses()) == 1
    assert reader.get(digest_of(b"x")) == b"x"
    for write in (
        lambda: reader.append([edited()]),
        lambda: reader.hold("a", "Marie"),
        lambda: reader.release("a"),
        lambda: reader.keep_view_note("a", b""),
    ):
        with pytest.raises(StoreError, match="reading only"):
            write()
    writer.append([edited()])
    assert reader.head().sequence == 3


def test_that_a_closed_storage_says_so(storage: Storage) -> None:
    storage.close()
    storage.close()
    for use in (storage.head, storage.courses, lambda: storage.append([created()]), lambda: list(storage.events())):
        with pytest.raises(StoreError, match="closed"):
            use()


def test_that_all_is_there_when_opened_again(opener: Opener) -> None:
    one = opener()
    one.append([created()], objects=objects_of(b"x"))
    head = one.head()
    one.close()
    again = opener("Marie")
    assert again.head() == head
    assert again.get(digest_of(b"x")) == b"x"


# --- the whole --------------------------------------------------------------------------------------------------------


def test_that_a_sound_store_has_no_problems(storage: Storage) -> None:
    storage.append([created("a"), created("b")], objects=objects_of(b"x", b"y"))
    check = storage.check(progress=no_progress)
    assert check.problems == ()
    assert (check.events, check.courses, check.objects, check.head) == (3, 2, 2, storage.head())


def test_that_a_backup_is_never_written_over_a_file(storage: Storage, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    storage.back_up(target, progress=no_progress)
    before = target.read_bytes()
    storage.append([created()])
    with pytest.raises(StoreError, match="already"):
        storage.back_up(target, progress=no_progress)
    assert target.read_bytes() == before


def test_that_a_stopped_check_raises_cancelled(storage: Storage) -> None:
    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        storage.check(progress=stop)
    assert storage.head().sequence == 1
