from __future__ import annotations

import getpass

import pytest

from app.courses.person_at_work import (
    WORKING_ROLES,
    Person,
    WorkingPerson,
    known_people,
    new_person,
    person_of,
    seconds_passed,
)
from dosimetry_core.errors import DosimetryError

NOWAK, LINDQVIST = Person("A. Nowak", "physicist"), Person("B. Lindqvist", "technologist")


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def working(clock: Clock) -> WorkingPerson:
    return WorkingPerson(ask_again_after_s=1800.0, clock=clock)


def test_that_nobody_is_assumed_to_work(working: WorkingPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: pytest.fail("asked the operating system"))
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody")
    assert working.person is None
    assert working.last is None
    assert working.reason() == "Say who is working first."


def test_that_who_said_so_works_until_the_time_has_run_out(working: WorkingPerson, clock: Clock) -> None:
    working.give(NOWAK)
    clock.now_s += 1799.0
    assert (working.person, working.reason()) == (NOWAK, "")
    clock.now_s += 1.0
    assert working.person is None
    assert working.last == NOWAK
    assert working.reason() == "Nobody worked here for 30 min: say who is working now."


def test_that_input_begins_the_time_anew(working: WorkingPerson, clock: Clock) -> None:
    working.give(NOWAK)
    for _ in range(10):
        clock.now_s += 1799.0
        working.touch()
    assert working.person == NOWAK
    assert working.seconds_left() == 1800.0


def test_that_input_after_the_time_does_not_bring_the_person_back(working: WorkingPerson, clock: Clock) -> None:
    working.give(NOWAK)
    clock.now_s += 1800.0
    working.touch()
    assert working.person is None
    clock.now_s += 1.0
    working.touch()
    assert working.person is None
    working.give(LINDQVIST)
    assert working.person == working.last == LINDQVIST


def test_that_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        WorkingPerson(ask_again_after_s=0.0)


def test_that_the_clock_does_not_go_back() -> None:
    first = seconds_passed()
    assert seconds_passed() >= first


@pytest.mark.parametrize("role", WORKING_ROLES)
@pytest.mark.parametrize("name", ["A. Nowak", "Żółkiewska, Łucja", "山田 太郎", "محمد الحسن", "Nowak, physicists"])
def test_that_a_person_comes_back_from_the_text_that_is_kept(name: str, role: str) -> None:
    person = new_person(name, role)
    assert person_of(person.text()) == person


def test_that_a_kept_name_alone_has_no_role() -> None:
    assert person_of("nightly backup") == Person("nightly backup")
    assert person_of("physicist") == Person("physicist")
    assert person_of(", physicist") == Person(", physicist")


def test_that_spaces_and_composition_of_a_name_do_not_matter() -> None:
    assert new_person("  Łucja   Z\u0307o\u0301łć ", "physician") == new_person("Łucja Żółć", "physician")


@pytest.mark.parametrize(
    ("name", "role", "told"),
    [
        ("", "physicist", "name is missing"),
        ("   ", "physicist", "name is missing"),
        ("x" * 65, "physicist", "longer than 64"),
        ("12345", "physicist", "no name"),
        ("A.\u202eNowak", "physicist", "no name"),
        ("A. Nowak", "", "role is missing"),
        ("A. Nowak", "surgeon", "role is missing"),
    ],
)
def test_that_what_is_no_person_is_refused_in_words(name: str, role: str, told: str) -> None:
    with pytest.raises(DosimetryError, match=told):
        new_person(name, role)


def test_that_known_people_are_named_once_as_they_were_last_given() -> None:
    texts = ["A. Nowak, physicist", "B. Lindqvist", "a. nowak, technologist", "Łucja Żółć", "lucja zolc, physician"]
    assert known_people(texts) == (NOWAK, Person("B. Lindqvist"), Person("Łucja Żółć"))
