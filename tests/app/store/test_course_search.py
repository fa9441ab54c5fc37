from __future__ import annotations

import random
import time
import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.course_search import SORT_KEYS, STATES, folded, matching, natural, ordered, spellings
from app.store.storage import ListedCourse
from tests.app.course_examples import NAMES, PROTOCOLS, START, course, courses

ALL = courses()


def found(text: str, listed: tuple[ListedCourse, ...] = ALL, **filters: object) -> list[str]:
    return [c.summary.name for c in matching(listed, text=text, archived=True, **filters)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("lucja", "Żółć^Łucja"),
        ("ŁUCJA", "Żółć^Łucja"),
        ("zolc", "Żółć^Łucja"),
        ("swietoslawa luczak", "Łuczak^Świętosława"),
        ("Nowak, Anna", "Nowak^Anna"),
        ("nowak^anna", "Nowak^Anna"),
        ("magda wisn", "Kowalska-Wiśniewska^Maria Magdalena^^dr"),
        ("kowalska–wiśniewska", "Kowalska-Wiśniewska^Maria Magdalena^^dr"),
        ("ｎｏｗａｋ", "Nowak^Anna"),
        ("strasser", "Straßer^Käthe"),
        ("STRAẞER", "Straßer^Käthe"),
        ("angstrom", "Ångström^Åsa"),
        ("angstroem", "Ångström^Åsa"),
        ("overgard", "Øvergård^Bjørn"),
        ("dordevic", "Đorđević^Đurđica"),
        ("ipek isil", "İpek^Işıl"),
        ("nguyen thi anh", "Nguyễn^Thị Ánh"),
        ("obrien", "O’Brien^Siobhán"),
        ("O'Brien", "O’Brien^Siobhán"),
        ("O´Brien", "O’Brien^Siobhán"),
        ("dangelo", "D'Angelo^Niccolò"),
        ("thorsdottir aesa", "Þórsdóttir^Æsa"),
        ("παπαδοπουλος", "Παπαδόπουλος^Γεώργιος"),
        ("ΓΕΏΡΓΙΟΣ", "Παπαδόπουλος^Γεώργιος"),
        ("иванова сергеевна", "Иванова^Елена^Сергеевна"),
        ("елкин петр", "Ёлкин^Пётр"),
        ("ганна", "Шевченко^Ґанна"),
        ("山田", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("やまだ", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("yamada 太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("김철", "Kim^Chul-soo=김^철수"),
        ("철ㅅ", "Kim^Chul-soo=김^철수"),
        ("小明", "Wang^Xiaoming=王^小明"),
        ("王小明", "Wang^Xiaoming=王^小明"),
        ("偉", "張^偉"),
        ("محمد", "الحسن^محمد"),
        ("مُحَمَّد", "الحسن^محمد"),
        ("רחל", "כהן^רחל"),
        ("ნინო", "მამულაშვილი^ნინო"),
        ("ՀԱԿՈԲՅԱՆ", "Հակոբյան^Անի"),
        ("प्रिया", "शर्मा^प्रिया"),
        ("สมชาย", "ศรีสุข^สมชาย"),
        ("nunez inigo", "Ñúñez^Íñigo"),
    ],
)
def test_that_a_name_is_found_as_people_type_it(typed: str, name: str) -> None:
    assert name in found(typed)
    assert len(found(typed)) < 4


def test_that_umlauts_are_found_with_and_without_their_second_letter() -> None:
    assert found("müller") == ["Müller^Jürgen", "Mueller^Jutta"]
    assert found("mueller") == ["Müller^Jürgen", "Mueller^Jutta"]
    assert found("muller") == ["Müller^Jürgen"]


def test_that_letters_which_a_mark_makes_another_letter_stay_apart() -> None:
    assert folded("が") != folded("か")
    assert folded("ｶﾞ") == folded("ガ")
    assert folded("कि") != folded("क")


def test_that_figures_of_every_script_are_figures() -> None:
    assert folded("٣٤") == folded("३४") == folded("３４") == "34"


def test_that_ids_and_protocols_are_searched_and_every_word_must_match() -> None:
    assert found("lut-2026-3 luczak") == ["Łuczak^Świętosława"]
    assert found("garske nowak") == []
    assert {c.summary.protocol for c in matching(ALL, text="garske")} == {"garske-roman"}


def test_that_an_id_is_found_by_any_part_of_it() -> None:
    assert "Ñúñez^Íñigo" in found("2026-40")


@given(st.text())
def test_that_folding_twice_changes_nothing_more(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text())
def test_that_composed_and_decomposed_text_fold_alike(text: str) -> None:
    forms = {folded(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert forms == {folded(text)}


@given(st.text())
def test_that_case_makes_no_difference(text: str) -> None:
    assert folded(text.upper().lower()) == folded(text.upper())


def test_that_every_letter_is_found_by_itself_in_capitals() -> None:
    letters = [chr(n) for n in range(0x3000) if chr(n).isalpha()]
    assert [letter for letter in letters if folded(letter.upper()) != folded(letter)] == []


@given(st.sampled_from(NAMES), st.data())
def test_that_every_beginning_of_every_part_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    parts = [part for part in name.replace("=", "^").replace(" ", "^").split("^") if part]
    part = data.draw(st.sampled_from(parts))
    beginning = part[: data.draw(st.integers(1, len(part)))]
    assert name in found(beginning)
    assert name in found(beginning.upper())


@given(st.text(max_size=12), st.text(max_size=3))
def test_that_typing_on_never_finds_more(text: str, more: str) -> None:
    assert set(found(f"{text} {more}")) <= set(found(text))


filters = st.fixed_dictionaries(
    {
        "text": st.sampled_from(("", "smith", "a", "lut-2026-1", "zzz")),
        "protocol": st.none() | st.sampled_from(PROTOCOLS),
        "state": st.none() | st.sampled_from(STATES),
        "cycle": st.none() | st.integers(1, 4),
        "archived": st.booleans(),
    }
)


@given(filters, st.sampled_from(SORT_KEYS), st.booleans())
def test_that_a_filter_keeps_exactly_what_has_its_value(chosen: dict[str, object], sort: str, reverse: bool) -> None:
    kept = matching(ALL, sort=sort, reverse=reverse, **chosen)  # type: ignore[arg-type]
    for listed in ALL:
        summary = listed.summary
        fits = (
            (chosen["archived"] or not summary.archived)
            and chosen["protocol"] in (None, summary.protocol)
            and chosen["state"] in (None, summary.state)
            and chosen["cycle"] in (None, summary.cycle)
            and bool(matching([listed], text=str(chosen["text"]), archived=True))
        )
        assert (listed in kept) == fits
    assert len(set(kept)) == len(kept)


@given(st.permutations(ALL[:12]), st.sampled_from(SORT_KEYS), st.booleans())
def test_that_ordering_is_stable_and_loses_nobody(listed: list[ListedCourse], sort: str, reverse: bool) -> None:
    again = ordered(listed, sort=sort, reverse=reverse)  # type: ignore[arg-type]
    assert sorted(c.course_id for c in again) == sorted(c.course_id for c in listed)
    assert ordered(again, sort=sort, reverse=reverse) == again  # type: ignore[arg-type]


def test_that_equal_ones_stay_as_they_were_in_both_directions() -> None:
    twins = (course(1, protocol="duonen-a"), course(2, protocol="duonen-a"), course(3, protocol="duonen-b"))
    assert [c.course_id for c in ordered(twins, sort="protocol")] == ["course-1", "course-2", "course-3"]
    assert [c.course_id for c in ordered(twins, sort="protocol", reverse=True)] == ["course-3", "course-1", "course-2"]


def test_that_an_unknown_birth_date_comes_last_in_both_directions() -> None:
    listed = (course(1, birth_date=None), course(2, birth_date="1961-03-12"), course(3, birth_date="1950-01-01"))
    assert [c.course_id for c in ordered(listed, sort="birth")] == ["course-3", "course-2", "course-1"]
    assert [c.course_id for c in ordered(listed, sort="birth", reverse=True)] == ["course-2", "course-3", "course-1"]


def test_that_figures_in_an_id_count_as_numbers() -> None:
    assert natural("LUT-9") < natural("LUT-10") < natural("lut-10a")
    listed = tuple(course(n, patient_id=f"LUT-{n}") for n in (10, 9, 100))
    assert [c.summary.patient_id for c in ordered(listed, sort="id")] == ["LUT-9", "LUT-10", "LUT-100"]


def test_that_states_go_from_draft_to_approved_and_archived_ones_follow() -> None:
    listed = tuple(
        course(n, state=state, archived=away)
        for n, (state, away) in enumerate((("draft", True), ("approved", False), ("draft", False), ("signed", False)))
    )
    assert [c.course_id for c in ordered(listed, sort="state")] == ["course-2", "course-3", "course-1", "course-0"]


def test_that_the_last_changed_is_found_by_time() -> None:
    listed = (course(1, changed=START), course(2, changed=START + timedelta(seconds=1)))
    assert ordered(listed, sort="changed", reverse=True)[0].course_id == "course-2"


def test_that_no_order_keeps_the_one_that_is_there() -> None:
    assert matching(ALL, archived=True) == ALL


@pytest.mark.long
def test_that_five_thousand_courses_are_searched_within_a_frame() -> None:
    draw = random.Random(2)
    syllables = ["ka", "no", "wa", "łu", "że", "mü", "ски", "πα", "山", "محم"]
    many = tuple(
        replace(
            listed,
            summary=replace(
                listed.summary,
                name=f"{''.join(draw.choices(syllables, k=4))}^{''.join(draw.choices(syllables, k=3))}",
            ),
        )
        for listed in courses(5000)
    )
    matching(many, text="warm")
    worst, typed = 0.0, ""
    for letter in "nowa luka mu 7":
        typed += letter
        # Computing time, so that other programs on the computer do not count.
        start = time.thread_time()
        matching(many, text=typed)
        worst = max(worst, time.thread_time() - start)
    print(f"5,000 courses filtered in at most {worst * 1e3:.1f} ms per key")
    # One frame of a screen with 60 pictures a second is 16.7 ms.
    assert worst < 0.016


def test_that_a_word_has_at_most_two_spellings() -> None:
    assert spellings("Müller") == ("muller", "mueller")
    assert spellings("Nowak") == ("nowak",)
