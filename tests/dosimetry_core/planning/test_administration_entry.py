"""Entries of what was given: right ones pass, and no slip of one of the two people gets through unseen."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from dosimetry_core.case import Administration, VialMeasurement
from dosimetry_core.errors import Finding, InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.administration_entry import (
    PlannedCycle,
    SecondReading,
    entry_findings,
    is_refused,
    is_same_reader,
    questions,
    read_activity_mbq,
)
from tests.figures import figure_line

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LU, Y = "Lu-177", "Y-90"
SEED = 20261121


@dataclass(frozen=True)
class Typed:
    """What one person types: readings in MBq as texts, by nuclide."""

    patient_id: str
    vial: dict[str, str]
    residual: dict[str, str]


@dataclass(frozen=True)
class Situation:
    plan: PlannedCycle
    course_patient: str
    course_cycle: int
    first: Typed
    second: Typed


def right_entry(rng: random.Random) -> Situation:
    """A plan with one or two nuclides, and both people reading the same: within 4 % of the plan, to 0.1 MBq."""
    planned = {LU: rng.randrange(40, 180) * 50e6}
    if rng.random() < 0.5:
        planned[Y] = rng.randrange(10, 80) * 50e6
    patient = f"LUT-2026-{rng.randrange(10**6):06d}"
    cycle = rng.randint(2, 6)
    residual = {name: f"{rng.uniform(0.002, 0.01) * bq / 1e6:.1f}" for name, bq in planned.items()}
    vial = {
        name: f"{rng.uniform(0.98, 1.02) * bq / 1e6 * decayed(name, -0.75) + float(residual[name]):.1f}"
        for name, bq in planned.items()
    }
    plan = PlannedCycle(patient, cycle, FrozenMap(planned), START - timedelta(days=2))
    typed = Typed(patient, vial, residual)
    return Situation(plan, patient, cycle, typed, typed)


def decayed(name: str, hours: float) -> float:
    half_life_h = {LU: 6.647 * 24, Y: 64.1}[name]
    return float(0.5 ** (hours / half_life_h))


def given(typed: Typed) -> list[Administration]:
    return [
        Administration.from_vial(
            name,
            VialMeasurement(
                read_activity_mbq(text),
                START - timedelta(minutes=45),
                read_activity_mbq(typed.residual[name]),
                START + timedelta(minutes=60),
            ),
            start=START,
            infusion_s=1800.0,
        )
        for name, text in typed.vial.items()
    ]


def judged(situation: Situation, *, blind: bool = True, comment: str = "") -> tuple[Finding, ...]:
    second = situation.second if blind else situation.first
    reading = SecondReading(
        "B. Kowalska",
        second.patient_id if blind else situation.plan.patient_id,
        FrozenMap({name: read_activity_mbq(text) for name, text in second.vial.items()}),
        FrozenMap({name: read_activity_mbq(text) for name, text in second.residual.items()}),
    )
    return entry_findings(
        situation.plan,
        situation.course_patient,
        situation.course_cycle,
        given(situation.first),
        reading,
        now=NOW,
        last_start=START - timedelta(days=56),
        comment=comment,
    )


def swappable(text: str) -> list[int]:
    """Places of figures whose neighbour is another one; none in 55.5, which no swap changes."""
    return [n for n in range(len(text) - 1) if text[n : n + 2].isdigit() and text[n] != text[n + 1]]


def swapped_digits(text: str, rng: random.Random) -> str:
    """Two neighbouring figures that differ, exchanged."""
    place = rng.choice(swappable(text))
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


SLIPS = ("digit swap", "MBq and GBq", "point and comma", "nuclide swap", "other patient", "old cycle")


def with_slip(right: Situation, slip: str, rng: random.Random) -> Situation:
    """One person's slip in an entry that was right."""
    typed = right.first
    name = rng.choice(list(typed.vial))
    reading = typed.vial[name]
    match slip:
        case "digit swap":
            wrong = replace(typed, vial={**typed.vial, name: swapped_digits(reading, rng)})
        case "MBq and GBq":
            factor = rng.choice((1e-3, 1e3))
            wrong = replace(typed, vial={**typed.vial, name: f"{float(reading) * factor:.4f}".rstrip("0")})
        case "point and comma":
            whole, tenths = reading.split(".")
            texts = (f"{whole}{tenths}", f"{whole[:-3]}.{whole[-3:]}", f"{whole[:-3]},{whole[-3:]}.{tenths}")
            wrong = replace(typed, vial={**typed.vial, name: rng.choice(texts)})
        case "nuclide swap":
            other = {LU: Y, Y: LU}
            wrong = replace(
                typed,
                vial={other[n]: text for n, text in typed.vial.items()},
                residual={other[n]: text for n, text in typed.residual.items()},
            )
        case "other patient":
            wrong = replace(typed, patient_id=swapped_digits(f"{typed.patient_id}01", rng))
            if rng.random() < 0.5:  # another patient's course is open
                return replace(right, course_patient=wrong.patient_id)
            return replace(right, second=wrong)
        case _:
            return replace(right, plan=replace(right.plan, cycle=right.plan.cycle - 1))
    return replace(right, first=wrong) if rng.random() < 0.5 else replace(right, second=wrong)


def judged_slips(count: int) -> tuple[list[object], dict[str, int]]:
    """Slips that pass unseen, and by kind how many are refused or asked about."""
    rng = random.Random(SEED)
    unseen: list[object] = []
    stopped = dict.fromkeys(SLIPS, 0)
    for number in range(count):
        slip = SLIPS[number % len(SLIPS)]
        right = right_entry(rng)
        while not all(map(swappable, right.first.vial.values())):
            right = right_entry(rng)
        situation = with_slip(right, slip, rng)
        try:
            findings = judged(situation)
        except InconsistentCaseError:
            stopped[slip] += 1
            continue
        if is_refused(findings) or questions(findings):
            stopped[slip] += 1
        else:
            unseen.append((number, slip, situation))
    return unseen, stopped


def test_that_1000_slips_at_entry_are_all_refused_or_asked_about() -> None:
    unseen, stopped = judged_slips(1000)
    assert unseen == []
    assert sum(stopped.values()) == 1000
    assert min(stopped.values()) > 150


@pytest.mark.long
def test_that_20000_slips_at_entry_are_all_refused_or_asked_about() -> None:
    unseen, stopped = judged_slips(20_000)
    rng = random.Random(SEED)
    stopped_right = sum(bool(judged(right_entry(rng))) for _ in range(20_000))
    by_kind = {slip.replace(" ", "_"): count for slip, count in stopped.items()}
    figure_line("entry-slips", n=20_000, failures=len(unseen), seed=SEED, right_stopped=stopped_right, **by_kind)
    assert unseen == []
    assert stopped_right == 0


def test_that_1000_right_entries_pass_without_a_question() -> None:
    rng = random.Random(7)
    assert [findings for _ in range(1000) if (findings := judged(right_entry(rng)))] == []


def test_that_the_second_reading_is_what_stops_a_small_digit_swap() -> None:
    right = right_entry(random.Random(3))
    first = replace(right.first, vial={**right.first.vial, LU: swapped_tail(right.first.vial[LU])})
    slip = replace(right, first=first)
    assert judged(slip, blind=False) == ()
    assert {finding.code for finding in judged(slip)} == {"entry-readings-differ"}


def swapped_tail(text: str) -> str:
    """The last figure before the point one more: 0.01 % of the reading."""
    whole, tenths = text.split(".")
    return f"{int(whole) + 1}.{tenths}"


@pytest.mark.parametrize(("text", "mbq"), [("7400", 7400.0), ("7413.5", 7413.5), ("7413,5", 7413.5), ("0.125", 0.125)])
def test_that_an_activity_is_read_with_point_or_comma(text: str, mbq: float) -> None:
    assert read_activity_mbq(text) == pytest.approx(mbq * 1e6)


@pytest.mark.parametrize("text", ["7.400", "7,400", "7.413,2", "1 234", "7.4e3", "-3", "", "GBq", "7400 MBq"])
def test_that_what_can_be_meant_in_two_ways_is_not_read(text: str) -> None:
    with pytest.raises(InconsistentCaseError):
        read_activity_mbq(text)


@pytest.mark.parametrize(
    ("ratio", "comment", "codes"),
    [
        (1.09, "", set()),
        (1.11, "", {"given-differs-from-planned"}),
        (0.89, "", {"given-differs-from-planned"}),
        (1.19, "", {"given-differs-from-planned"}),
        (1.21, "", {"given-without-comment"}),
        (0.79, "", {"given-without-comment"}),
        (0.79, "leaking line, stopped", {"given-differs-from-planned"}),
        (1.49, "as it is", {"given-differs-from-planned"}),
        (0.51, "as it is", {"given-differs-from-planned"}),
        (1.51, "as it is", {"entry-wrong-unit"}),
        (0.49, "as it is", {"entry-wrong-unit"}),
        (10.1, "as it is", {"entry-wrong-unit"}),
        (0.09, "as it is", {"entry-wrong-unit"}),
    ],
)
def test_that_over_10_percent_is_asked_and_over_20_needs_a_comment(ratio: float, comment: str, codes: set[str]) -> None:
    plan = PlannedCycle("P", 2, FrozenMap({LU: 7.4e9}))
    vial = VialMeasurement(ratio * 7.4e9, START, 0.0, START + timedelta(hours=1))
    item = Administration.from_vial(LU, vial, start=START, infusion_s=1800.0)
    second = SecondReading("B", "P", FrozenMap({LU: vial.vial_activity_bq}), FrozenMap({LU: 0.0}))
    findings = entry_findings(plan, "P", 2, [item], second, now=NOW, comment=comment)
    assert {finding.code for finding in findings} == codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"vial_time": START + timedelta(hours=1)}, "entry-reading-time"),
        ({"vial_time": START - timedelta(hours=25)}, "entry-reading-time"),
        ({"residual_time": START + timedelta(minutes=5)}, "entry-reading-time"),
        ({"residual_time": NOW + timedelta(minutes=5)}, "entry-in-future"),
        ({"residual_activity_bq": 8e9}, "entry-residual-above-vial"),
    ],
)
def test_that_readings_that_can_not_be_are_refused(change: dict[str, object], code: str) -> None:
    plan = PlannedCycle("P", 2, FrozenMap({LU: 7.4e9}), START - timedelta(days=1))
    vial = replace(VialMeasurement(7.4e9, START, 0.0, START + timedelta(hours=1)), **change)  # type: ignore[arg-type]
    item = Administration.from_vial(LU, vial, start=START, infusion_s=1800.0)
    second = SecondReading("B", "P", FrozenMap({LU: vial.vial_activity_bq}), FrozenMap({LU: vial.residual_activity_bq}))
    findings = entry_findings(plan, "P", 2, [item], second, now=NOW)
    assert code in {finding.code for finding in findings}
    assert is_refused(findings)


def test_that_an_infusion_before_the_plan_or_the_last_cycle_is_refused_and_an_odd_interval_is_asked() -> None:
    plan = PlannedCycle("P", 2, FrozenMap({LU: 7.4e9}), START + timedelta(hours=1))
    vial = VialMeasurement(7.4e9, START, 0.0, START + timedelta(hours=1))
    item = Administration.from_vial(LU, vial, start=START, infusion_s=1800.0)
    second = SecondReading("B", "P", FrozenMap({LU: 7.4e9}), FrozenMap({LU: 0.0}))

    def codes(made: PlannedCycle, days: float) -> set[str]:
        last = START - timedelta(days=days)
        return {f.code for f in entry_findings(made, "P", 2, [item], second, now=NOW, last_start=last)}

    assert codes(plan, 56) == {"entry-before-plan"}
    right = replace(plan, made_at=START - timedelta(days=1))
    assert codes(right, 41) == codes(right, 71) == {"entry-interval-unusual"}
    assert codes(right, 43) == codes(right, 69) == set()
    assert codes(right, -1) == {"entry-before-last-cycle"}


def test_that_an_infusion_that_was_stopped_can_be_entered_with_what_stayed_in_the_vial() -> None:
    plan = PlannedCycle("P", 2, FrozenMap({LU: 7.4e9}))
    item = Administration.from_vial(
        LU, VialMeasurement(7.4e9, START, 5e9, START + timedelta(hours=1)), start=START, infusion_s=1800.0
    )
    second = SecondReading("B", "P", FrozenMap({LU: 7.4e9}), FrozenMap({LU: 5e9}))
    (found,) = entry_findings(plan, "P", 2, [item], second, now=NOW, comment="extravasation, stopped")
    assert found.code == "given-differs-from-planned"


@pytest.mark.parametrize(
    ("planned", "given", "refused"),
    [
        ((3.7e9, 1.85e9), (1.85e9, 3.7e9), True),
        ((3.7e9, 3.0e9), (3.0e9, 3.7e9), True),
        ((3.7e9, 3.0e9), (2.8e9, 3.0e9), False),
        ((3.7e9, 3.0e9), (3.0e9, 2.4e9), False),
    ],
)
def test_that_two_nuclides_that_changed_places_are_refused_whatever_the_comment(
    planned: tuple[float, float], given: tuple[float, float], refused: bool
) -> None:
    plan = PlannedCycle("P", 2, FrozenMap(dict(zip((LU, Y), planned, strict=True))))
    items = [
        Administration.from_vial(
            name, VialMeasurement(bq, START, 0.0, START + timedelta(hours=1)), start=START, infusion_s=1800.0
        )
        for name, bq in zip((LU, Y), given, strict=True)
    ]
    second = SecondReading(
        "B", "P", FrozenMap(dict(zip((LU, Y), given, strict=True))), FrozenMap(dict.fromkeys((LU, Y), 0.0))
    )
    findings = entry_findings(plan, "P", 2, items, second, now=NOW, comment="late")
    assert is_refused(findings) == refused
    assert not refused or {f.code for f in findings if f.level == "error"} == {"entry-wrong-unit"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A. Nowak", "A. Nowak", True),
        ("A. Nowak", "  a.  NOWAK ", True),
        ("A. Nowak", "A. Nowak, physicist", True),
        ("A. Nowak, physicist", "a. nowak", True),
        ("Nowak, Anna", "Nowak, Jan", False),
        ("A. Nowak", "B. Nowak", False),
    ],
)
def test_that_one_person_is_told_from_two_by_name(one: str, other: str, same: bool) -> None:
    assert is_same_reader(one, other) == same
    assert is_same_reader(other, one) == same
