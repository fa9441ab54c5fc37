from __future__ import annotations

import ast

import pytest

from tests.fault_study import courses
from tests.fault_study.choice import ROOMS, SEED, _shares, chosen, modules
from tests.fault_study.faults import Fault, faults_of, is_another_program, statements_of
from tests.fault_study.operators import OPERATORS
from tests.fault_study.record import (
    HEADING,
    PAGE,
    ROOT,
    arguments,
    closed_gaps,
    count,
    entry,
    identity,
    page_tables,
    read_study,
    with_tables,
)
from tests.fault_study.trial import Result

NAME = "dosimetry_core/kinetics/example.py"
EXAMPLE = '''"""One and 2 of a module."""

from __future__ import annotations

import math
from typing import Final, Protocol

HALF: Final[float] = 0.5


class Shape(Protocol):
    def area(self) -> float:
        return 1.0 + 1.0


def activity_bq(initial_bq: float, constant_per_s: float, times_s: list[float]) -> list[float]:
    """Falls by exp(−λt), 1 at first."""
    if constant_per_s <= 0 or not times_s:
        raise ValueError(f"{constant_per_s + 1} is not above 0")
    found = []
    for time_s in times_s[1:]:
        found.append(initial_bq * math.exp(-constant_per_s * time_s))
    return found


def largest_h(values_s: list[float]) -> float:
    found = max(values_s)
    return found / SECONDS_PER_HOUR if found else HALF
'''


def _said(faults: list[Fault]) -> list[tuple[str, str, str, str]]:
    return [(fault.function, fault.operator, fault.before, fault.after) for fault in faults]


def test_that_the_faults_of_an_example_are_these() -> None:
    """Pinned: another order or name of faults would lose the kept ones."""
    faults = faults_of(NAME, EXAMPLE)
    assert [f for f in _said(faults) if f[0] in ("(module)", "largest_h")] == [
        ("(module)", "constant doubled", "0.5", "(1.0)"),
        ("(module)", "constant plus one", "0.5", "(1.5)"),
        ("(module)", "constant with the other sign", "0.5", "(-0.5)"),
        ("largest_h", "other extreme", "max(values_s)", "(min(values_s))"),
        ("largest_h", "condition negated", "found / SECONDS_PER_HOUR if found else HALF",
         "(found / SECONDS_PER_HOUR if not found else HALF)"),
        ("largest_h", "one branch only", "found / SECONDS_PER_HOUR if found else HALF", "(found / SECONDS_PER_HOUR)"),
        ("largest_h", "one branch only", "found / SECONDS_PER_HOUR if found else HALF", "(HALF)"),
        ("largest_h", "arithmetic changed", "found / SECONDS_PER_HOUR", "(found * SECONDS_PER_HOUR)"),
        ("largest_h", "factor dropped", "found / SECONDS_PER_HOUR", "(found)"),
        ("largest_h", "unit factor dropped", "found / SECONDS_PER_HOUR", "(found)"),
    ]  # fmt: skip
    drawn = chosen({NAME: EXAMPLE}, seed=1, number=6)
    assert [fault.identity.removeprefix(NAME) for fault in drawn] == [
        ":(module):constant with the other sign:0",
        ":activity_bq:comparison turned round:0",
        ":activity_bq:index shifted:0",
        ":activity_bq:minus dropped:0",
        ":largest_h:other extreme:0",
        ":largest_h:unit factor dropped:0",
    ]


def test_that_texts_annotations_and_protocols_are_left_alone() -> None:
    for fault in faults_of(NAME, EXAMPLE):
        assert fault.function != "Shape.area"
        assert "ValueError" not in fault.before or fault.operator == "condition negated"
        assert '"""' not in fault.before
        assert fault.before != "float"


def test_that_every_fault_is_one_change_of_a_program_that_can_be_read() -> None:
    faults = faults_of(NAME, EXAMPLE)
    assert len({fault.identity for fault in faults}) == len(faults) > 30
    for fault in faults:
        changed = fault.applied(EXAMPLE)
        assert is_another_program(fault, EXAMPLE)
        assert changed.splitlines()[: fault.line - 1] == EXAMPLE.splitlines()[: fault.line - 1]
        assert ast.parse(changed)


def test_that_a_change_of_one_function_leaves_the_faults_of_the_others() -> None:
    other = EXAMPLE.replace("max(values_s)", "max(values_s) + 1.0 - math.sqrt(len(values_s))")

    def kept(text: str) -> set[str]:
        return {fault.identity for fault in faults_of(NAME, text) if fault.function != "largest_h"}

    assert kept(other) == kept(EXAMPLE)


def test_that_faults_are_drawn_in_proportion_to_statements() -> None:
    # One constant; a condition, a list, a loop, a call, a return; an assignment, a return.
    assert statements_of(EXAMPLE) == 8
    assert _shares({"a": 75, "b": 24, "c": 1, "d": 0}, 10) == {"a": 8, "b": 2, "c": 0, "d": 0}


def test_that_the_sources_give_faults_of_every_kind_in_every_room() -> None:
    found = chosen(modules(ROOT), number=130)
    assert len(found) == len({fault.identity for fault in found}) == 130
    assert {fault.room for fault in found} == set(ROOMS)
    assert len({fault.operator for fault in found}) >= len(OPERATORS) - 4


def test_that_both_opinions_agree_on_the_courses_of_the_study() -> None:
    assert courses.disagreement(3) == ""


def test_that_the_page_says_what_the_kept_study_found() -> None:
    page = PAGE.read_text("utf-8")
    assert HEADING in page
    assert page == with_tables(page, page_tables(read_study(), arguments(), closed_gaps()))


def test_that_at_least_95_percent_of_the_faults_are_caught() -> None:
    study = read_study()
    argued = arguments()
    number = count(study.faults, argued, closed_gaps())
    assert study.seed == SEED
    assert number.faults >= 120
    assert number.share_of_real >= 0.95
    survivors = {identity(kept) for kept in study.faults if kept["outcome"] == "survived"}
    assert set(argued) <= survivors
    assert not survivors & set(closed_gaps())
    assert all(len(text.split()) > 5 for text in argued.values())


def test_that_counts_are_those_of_a_small_study() -> None:
    fault = faults_of(NAME, EXAMPLE)[0]
    kept = [entry(fault, Result(outcome)) for outcome in ("test", "time limit", "survived")]
    kept.append({**kept[-1], "ordinal": 7})
    number = count(kept, {identity(kept[-1]): "argued"}, [identity(kept[0])])
    assert (number.faults, number.caught, number.equivalent, number.closed) == (4, 2, 1, 2)
    assert number.share == 0.5
    assert number.share_of_real == pytest.approx(2 / 3)
