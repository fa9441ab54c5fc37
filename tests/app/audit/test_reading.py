"""Pages of the trail: nothing is left out, what is damaged is shown as such, filters choose."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit.lines import AuditFilter, _folded, day_of, details, event_record, kind_words, line_of, local_time
from app.audit.reading import all_lines, course_summaries, lines_in_order, read_page
from app.store import open_store
from app.store.course_search import folded
from app.store.events import EVENT_KINDS, chained
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.progress import Cancelled, no_progress
from tests.app.audit_examples import PATIENTS, WARSAW, busy_store
from tests.app.memory_storage import MemoryStorage, small_chain

BUSY = busy_store(1700)
SUMMARIES = course_summaries(BUSY)


def numbers(storage: MemoryStorage, wanted: AuditFilter) -> list[int]:
    return [line.sequence for line in all_lines(storage, wanted, progress=no_progress)]


@given(
    course=st.sampled_from([None, "course-2", "course-5", "course-9"]),
    lines=st.integers(40, 700),
    searched=st.integers(100, 900),
)
@settings(max_examples=25, deadline=None)
def test_that_pages_of_any_size_put_together_are_the_whole(course: str | None, lines: int, searched: int) -> None:
    wanted = AuditFilter(None if course is None else frozenset({course}))
    expected = [n + 1 for n, body in enumerate(BUSY.bodies) if course is None or f'"{course}"'.encode() in body]
    found: list[int] = []
    before: int | None = None
    for _ in itertools.count():
        page = read_page(
            BUSY, wanted, before=before, lines=lines, searched=searched, courses=SUMMARIES, progress=no_progress
        )
        assert len(page.lines) <= lines
        found += [line.sequence for line in page.lines]
        before = page.before
        if before is None:
            break
    assert found == expected[::-1]


def test_that_both_orders_have_the_same_events() -> None:
    for wanted in (AuditFilter(), AuditFilter(frozenset({"course-1"})), AuditFilter(text="kidney")):
        forwards = [line.sequence for line in lines_in_order(BUSY, wanted, progress=no_progress)]
        assert forwards == numbers(BUSY, wanted)[::-1]
        assert forwards != []


def test_that_the_first_page_of_many_events_reads_few() -> None:
    storage = busy_store(1700)
    summaries = course_summaries(storage)
    storage.read = 0
    page = read_page(storage, AuditFilter(), courses=summaries, progress=no_progress)
    assert [line.sequence for line in page.lines] == list(range(1700, 1200, -1))
    assert storage.read <= 500
    assert page.end == 1700


@pytest.mark.parametrize("course", [None, "course-3"])
def test_that_damaged_events_are_shown_and_hide_nothing(course: str | None) -> None:
    storage = busy_store(1700)
    chance = random.Random(2)
    mine = [n for n, body in enumerate(storage.bodies) if course is None or f'"{course}"'.encode() in body]
    spoilt = sorted(chance.sample(mine, 5))
    for number in spoilt:
        storage.bodies[number] = storage.bodies[number].replace(b'"why":"', b'"why":"x')
    wanted = AuditFilter(None if course is None else frozenset({course}))
    lines = list(all_lines(storage, wanted, progress=no_progress))
    assert [line.sequence for line in lines] == [n + 1 for n in reversed(mine)]
    assert sorted(line.sequence - 1 for line in lines if line.is_damaged) == spoilt
    forwards = list(lines_in_order(storage, wanted, progress=no_progress))
    assert sorted(line.sequence - 1 for line in forwards if line.is_damaged) == spoilt
    assert dict(details(lines[[line.is_damaged for line in lines].index(True)]))["Fault"].endswith("was written")


def test_that_a_search_can_be_stopped() -> None:
    def stop(fraction: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_page(BUSY, AuditFilter(text="not to be found"), progress=stop)


def one(storage: MemoryStorage, wanted: AuditFilter) -> set[str]:
    return {line.what for line in all_lines(storage, wanted, progress=no_progress)}


def test_that_words_are_found_in_every_text_whatever_accents_and_case() -> None:
    assert one(BUSY, AuditFilter(text="RENAME metastasis")) == {"Rename VOI"}
    assert all(
        line.who.startswith("Dr. Łucja") for line in all_lines(BUSY, AuditFilter(person="zolc"), progress=no_progress)
    )
    greek = list(all_lines(BUSY, AuditFilter(text="ελενη"), progress=no_progress))
    assert greek != []
    assert all("Παπαδοπούλου, Ἑλένη" in line.course for line in greek)
    assert numbers(BUSY, AuditFilter(text="王小")) == []
    assert numbers(BUSY, AuditFilter(text="小明")) != []
    assert numbers(BUSY, AuditFilter(person="محمد")) != []
    assert numbers(BUSY, AuditFilter(text="no such words")) == []


def test_that_kinds_and_days_choose() -> None:
    signed = list(all_lines(BUSY, AuditFilter(kind="plan-signed"), progress=no_progress))
    assert {line.kind for line in signed} == {"Plan signed"}
    first = date(2026, 1, 13)
    chosen = list(all_lines(BUSY, AuditFilter(first_day=first, last_day=first), progress=no_progress))
    # The day is that of the clock where it was done: 23:30 UTC of the 12th is the 13th in Warsaw.
    assert {line.time[:10] for line in chosen} == {"2026-01-13"}
    days = {event.astimezone(WARSAW).date() for event in _times()}
    assert first in days
    assert len(chosen) == sum(moment.astimezone(WARSAW).date() == first for moment in _times())


def _times() -> list[datetime]:
    return [stored.event.time for stored in BUSY.events()]


def test_that_every_kind_has_words_of_its_own() -> None:
    words = [kind_words(kind) for kind in EVENT_KINDS]
    assert len(set(words)) == len(words)
    assert all(word[:1].isupper() and "-" not in word for word in words)


def test_that_a_filter_says_what_it_lets_through() -> None:
    summaries = course_summaries(BUSY)
    assert AuditFilter().in_words(summaries) == "all courses and the store itself"
    wanted = AuditFilter(frozenset({"course-1"}), "Żółć", "plan-signed", "cycle 3", date(2026, 1, 1), date(2026, 2, 1))
    assert wanted.in_words(summaries) == (
        "PRRT-0013, Παπαδοπούλου, Ἑλένη, by 'Żółć', only 'Plan signed', with 'cycle 3', from 2026-01-01, to 2026-02-01"
    )


def test_that_a_line_names_patient_time_and_zone() -> None:
    stored = next(iter(BUSY.events(after=7, limit=1)))
    line = line_of(stored, course_summaries(BUSY))
    assert line.course.startswith(PATIENTS[7 % 6][0])
    assert line.time.endswith(" +01:00")
    assert local_time(datetime(2026, 3, 2, 9, 5, 7, tzinfo=UTC)) == "2026-03-02 09:05:07 +00:00"
    shown = dict(details(line))
    assert shown["This event SHA-256"] == stored.digest
    assert "UTC" in shown["Time"]


def test_that_the_text_of_an_event_gives_its_digest_and_another_is_refused() -> None:
    for stored in BUSY.events(limit=50):
        record = event_record(stored)
        assert chained(record["previous"], record["body"].encode("utf-8")) == record["digest"]
    with pytest.raises(InconsistentCaseError, match="as it was kept"):
        event_record(replace(stored, event=replace(stored.event, who="B. Nowak")))


def test_that_a_day_is_read_or_refused() -> None:
    assert day_of(" 2026-11-21 ", where="--from") == date(2026, 11, 21)
    assert day_of("", where="--from") is None
    with pytest.raises(InconsistentCaseError, match="--from"):
        day_of("21.11.2026", where="--from")


def test_that_the_embedded_store_is_read_alike(tmp_path: Path) -> None:
    memory = small_chain(1300)
    storage = open_store(tmp_path, who="A. Kowalska")
    try:
        storage.append([stored.event for stored in memory.events(after=1)])
        lines = list(all_lines(storage, AuditFilter(), progress=no_progress))
        assert [line.sequence for line in lines] == list(range(1300, 0, -1))
        course = list(all_lines(storage, AuditFilter(frozenset({"course-1"})), progress=no_progress))
        assert [line.sequence for line in course] == list(range(1300, 1, -1))
        assert [line.sequence for line in lines_in_order(storage, AuditFilter(), progress=no_progress)] == list(
            range(1, 1301)
        )
    finally:
        storage.close()


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_that_the_short_way_of_folding_ascii_is_the_long_one(text: str) -> None:
    assert _folded(text) == folded(text)
