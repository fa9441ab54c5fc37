"""Blood samples and whole-body measurements as typed: times, units, counts, and what another unit would explain."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dosimetry_core.case import Administration, Cycle, SampleCounting
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.followup import blood_entry as entry
from dosimetry_core.followup.blood_entry import WellCounter
from dosimetry_core.followup.entry_cells import after_infusion_words, read_time, table_of_text, with_titles
from dosimetry_core.sample_counting import (
    concentration_at_drawing_bq_per_ml,
    relative_counting_uncertainty,
)

WARSAW = ZoneInfo("Europe/Warsaw")
START = datetime(2025, 3, 3, 10, 0, tzinfo=WARSAW)
END = START + timedelta(minutes=30)
LU, Y = "Lu-177", "Y-90"
CYCLE = Cycle(1, (Administration(LU, 7.4e9, START, 1800.0),))
TANDEM = Cycle(1, (Administration(LU, 3.7e9, START, 1800.0), Administration(Y, 1.85e9, START, 1800.0)))
CONCENTRATION = entry.concentration_column(LU)
LU_HALF_LIFE_S = 6.647 * 86400


def row(time: str, value: str, uncertainty: str = "") -> dict[str, str]:
    return {entry.TIME: time, CONCENTRATION: value, entry.UNCERTAINTY: uncertainty}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2025-03-03 11:10", END + timedelta(minutes=40)),
        ("03.03.2025 11:10", END + timedelta(minutes=40)),
        ("11:10", END + timedelta(minutes=40)),
        ("+1 10:30", END + timedelta(hours=24)),
        ("+40 min", END + timedelta(minutes=40)),
        ("+4 h", END + timedelta(hours=4)),
        ("+ 0,5 h", END + timedelta(minutes=30)),
    ],
)
def test_that_a_time_can_be_typed_as_a_clock_shows_it_or_after_the_infusion(typed: str, meant: datetime) -> None:
    assert read_time(typed, zone=WARSAW, infusion=(START, END)) == meant


@pytest.mark.parametrize("typed", ["40", "40 min", "soon", "25:10", "2025-13-03 10:00", "03/04/2025 10:00", ""])
def test_that_a_time_that_could_be_another_is_refused(typed: str) -> None:
    with pytest.raises(InconsistentCaseError):
        read_time(typed, zone=WARSAW, infusion=(START, END))


def test_that_a_clock_change_between_infusion_and_sample_is_counted() -> None:
    # Clocks went forward on 30 March 2025 at 02:00.
    start = datetime(2025, 3, 29, 10, 0, tzinfo=WARSAW)
    time = read_time("+1 10:00", zone=WARSAW, infusion=(start, start))
    assert (time.astimezone(UTC) - start.astimezone(UTC)) == timedelta(hours=23)


def test_that_words_say_how_long_after_the_infusion() -> None:
    infusion = (START, END)
    words = [after_infusion_words(END + timedelta(minutes=m), infusion) for m in (-40, -10, 40, 240)]
    assert words == ["before it", "during it", "40 min", "4.0 h"]


def test_that_concentrations_with_comma_or_point_are_taken_in_their_unit() -> None:
    read = entry.read_concentrations([row("+40 min", "258,7", "2"), row("+4 h", "95.5"), {}], CYCLE, WARSAW)
    assert read.remarks == ()
    assert [s.activity_concentration_bq_per_ml[LU] for s in read.samples] == pytest.approx([258.7e3, 95.5e3])
    assert [s.relative_standard_uncertainty for s in read.samples] == [0.02, None]


def test_that_what_could_be_thousands_is_asked_about_unless_the_decimal_sign_is_said() -> None:
    assert not entry.read_concentrations([row("+4 h", "12.125")], CYCLE, WARSAW).is_right
    read = entry.read_concentrations([row("+4 h", "12.125")], CYCLE, WARSAW, decimal="point")
    assert read.samples[0].activity_concentration_bq_per_ml[LU] == pytest.approx(12125.0)
    assert not entry.read_concentrations([row("+4 h", "12.125")], CYCLE, WARSAW, decimal="comma").is_right


@pytest.mark.parametrize(
    ("rows", "column", "level"),
    [
        ([row("+5 min", "358700")], CONCENTRATION, "error"),  # Bq/mL in the column of kBq/mL
        ([row("+5 min", "0.3587")], CONCENTRATION, "warning"),  # MBq/mL
        ([row("+5 min", "300"), row("+40 min", "310")], CONCENTRATION, "warning"),
        ([row("+5 min", "300"), row("+5 min", "300")], entry.TIME, "error"),
        ([row("2025-03-03 09:30", "300")], entry.TIME, "error"),
        ([row("+5 min", "")], CONCENTRATION, "error"),
        ([row("", "300")], entry.TIME, "error"),
        ([row("+5 min", "-3")], CONCENTRATION, "error"),
        ([row("+5 min", "300", "0")], entry.UNCERTAINTY, "error"),
        ([row("+5 min", "300", "120")], entry.UNCERTAINTY, "error"),
    ],
)
def test_that_slips_are_refused_or_asked_about(rows: list[dict[str, str]], column: str, level: str) -> None:
    remarks = entry.read_concentrations(rows, CYCLE, WARSAW).remarks
    assert [(remark.column, remark.level) for remark in remarks] == [(column, level)]


def test_that_samples_come_in_the_order_they_were_drawn() -> None:
    read = entry.read_concentrations([row("+4 h", "95"), row("+5 min", "300")], CYCLE, WARSAW)
    assert [s.time for s in read.samples] == [END + timedelta(minutes=5), END + timedelta(hours=4)]


def test_that_what_is_shown_of_a_cycle_is_read_as_the_same_samples() -> None:
    read = entry.read_concentrations([row("+5 min", "300.1250", "2.5"), row("+4 h", "95.12")], CYCLE, WARSAW)
    held = entry.with_blood(CYCLE, read.samples)
    again = entry.read_concentrations(entry.concentration_rows(held, WARSAW), held, WARSAW)
    assert again.is_right
    assert again.samples == read.samples
    assert entry.with_blood(held, again.samples) is held


def test_that_counts_give_the_concentration_at_the_time_of_drawing() -> None:
    counter = WellCounter(0.05, 2.0)
    # 10 kBq/mL in 2 mL when drawn; counted three half-lives later for so short that nothing decays.
    at_counting = 10e3 / 8
    counts = (at_counting * 2.0 * 0.05 + 2.0) * 1.0
    typed = {
        entry.TIME: "+4 h",
        entry.COUNTS: f"{counts:.6f}",
        entry.DURATION: "1",
        entry.COUNTED_AT: (END + timedelta(hours=4, seconds=3 * LU_HALF_LIFE_S)).strftime("%Y-%m-%d %H:%M:%S"),
        entry.VOLUME: "2",
    }
    read = entry.read_countings([typed], CYCLE, WARSAW, counter, blood_density_g_per_ml=1.06)
    assert [r.level for r in read.remarks] == []
    # To the second and the sixth figure that were typed; the clock change between is counted in `read_time`.
    assert read.concentrations[0] == pytest.approx(10e3, rel=1e-3)


def test_that_decay_while_counting_is_corrected_for() -> None:
    half_life = LU_HALF_LIFE_S
    decay = math.log(2) / half_life
    mean = 100.0 * -math.expm1(-decay * half_life) / (decay * half_life)
    counting = SampleCounting(mean * half_life, half_life, START, 0.0, 1.0, 1.0)
    # The program's own half-life differs from this one by less than 1e-3.
    assert concentration_at_drawing_bq_per_ml(counting, LU, drawn_at=START) == pytest.approx(100.0, rel=1e-3)


def test_that_a_weighed_sample_is_its_mass_over_the_density() -> None:
    base = {entry.TIME: "+4 h", entry.COUNTS: "60000", entry.DURATION: "60", entry.COUNTED_AT: "+5 h"}
    by = [
        entry.read_countings([{**base, **more}], CYCLE, WARSAW, WellCounter(0.5, 0.0), blood_density_g_per_ml=1.06)
        for more in ({entry.VOLUME: "2"}, {entry.MASS: "2.12"})
    ]
    assert by[0].concentrations[0] == pytest.approx(by[1].concentrations[0])
    assert by[0].samples[0].relative_standard_uncertainty == pytest.approx(1 / math.sqrt(60000))
    held = entry.with_blood(CYCLE, by[1].samples)
    again = entry.read_countings(
        entry.counting_rows(held, WARSAW), held, WARSAW, WellCounter(0.5, 0.0), blood_density_g_per_ml=1.06
    )
    assert again.samples[0].counted[LU] == by[1].samples[0].counted[LU]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({entry.VOLUME: "", entry.MASS: ""}, entry.VOLUME),
        ({entry.MASS: "2"}, entry.VOLUME),
        ({entry.DURATION: "0"}, entry.DURATION),
        ({entry.COUNTED_AT: "+1 h"}, entry.COUNTS),
        ({entry.COUNTS: "10"}, entry.COUNTS),
        ({entry.NUCLIDE: "Ga-68"}, entry.NUCLIDE),
        ({entry.NUCLIDE: ""}, entry.NUCLIDE),
    ],
)
def test_that_countings_that_cannot_be_are_refused(change: dict[str, str], column: str) -> None:
    base = {
        entry.TIME: "+4 h", entry.NUCLIDE: LU, entry.COUNTS: "60000", entry.DURATION: "60", entry.COUNTED_AT: "+5 h",
        entry.VOLUME: "2", entry.MASS: "",
    }  # fmt: skip
    counter = WellCounter(0.5, 1.0)
    read = entry.read_countings([{**base, **change}], TANDEM, WARSAW, counter, blood_density_g_per_ml=1.06)
    assert [r.column for r in read.remarks if r.level == "error"] == [column]
    assert read.samples == ()


def test_that_both_nuclides_of_a_sample_become_one_sample() -> None:
    base = {entry.TIME: "+4 h", entry.DURATION: "60", entry.COUNTED_AT: "+5 h", entry.VOLUME: "2"}
    rows = [{**base, entry.NUCLIDE: LU, entry.COUNTS: "600000"}, {**base, entry.NUCLIDE: Y, entry.COUNTS: "400000"}]
    read = entry.read_countings(rows, TANDEM, WARSAW, WellCounter(0.5, 0.0), blood_density_g_per_ml=1.06)
    assert read.is_right
    assert [set(s.activity_concentration_bq_per_ml) for s in read.samples] == [{LU, Y}]
    assert relative_counting_uncertainty(read.samples[0].counted[LU]) == pytest.approx(1 / math.sqrt(600000))


COUNTED = {entry.TIME: "+4 h", entry.COUNTED_AT: "+5 h", entry.DURATION: "60", entry.VOLUME: "2"}


def counted(cycle: Cycle, *rows: dict[str, str], background_cps: float = 0.0) -> entry.EnteredBlood:
    counter = WellCounter(0.5, background_cps)
    return entry.read_countings(rows, cycle, WARSAW, counter, blood_density_g_per_ml=1.06)


def test_that_an_uncertainty_of_counts_is_not_shown_as_typed_and_follows_corrected_counts() -> None:
    held = entry.with_blood(CYCLE, counted(CYCLE, {**COUNTED, entry.COUNTS: "10000"}).samples)
    assert held.blood_samples[0].relative_standard_uncertainty == pytest.approx(0.01)
    (shown,) = entry.counting_rows(held, WARSAW)
    assert shown[entry.UNCERTAINTY] == ""
    assert counted(held, shown).samples == held.blood_samples
    corrected = counted(held, {**shown, entry.COUNTS: "40000"}).samples
    assert corrected[0].relative_standard_uncertainty == pytest.approx(0.005)


def test_that_an_uncertainty_that_was_typed_stays_when_counts_are_corrected() -> None:
    typed = {**COUNTED, entry.COUNTS: "10000", entry.UNCERTAINTY: "4"}
    held = entry.with_blood(CYCLE, counted(CYCLE, typed).samples)
    (shown,) = entry.counting_rows(held, WARSAW)
    assert shown[entry.UNCERTAINTY] == "4"
    assert counted(held, {**shown, entry.COUNTS: "40000"}).samples[0].relative_standard_uncertainty == 0.04


def test_that_the_larger_uncertainty_of_two_counted_nuclides_is_not_shown_as_typed() -> None:
    rows = [
        {**COUNTED, entry.NUCLIDE: LU, entry.COUNTS: "600000"},
        {**COUNTED, entry.NUCLIDE: Y, entry.COUNTS: "10000"},
    ]
    held = entry.with_blood(TANDEM, counted(TANDEM, *rows).samples)
    shown = entry.counting_rows(held, WARSAW)
    assert [row[entry.UNCERTAINTY] for row in shown] == ["", ""]
    assert counted(held, *shown).samples == held.blood_samples


def test_that_counts_that_do_not_stand_out_of_the_background_are_an_error() -> None:
    # 6001 counts in 60 s over a background of 100 counts/s: 1 net count, sqrt(6001) of them uncertain.
    read = counted(CYCLE, {**COUNTED, entry.COUNTS: "6001"}, background_cps=100.0)
    assert ("7747 %" in read.remarks[0].text, read.remarks[0].column, read.is_right) == (True, entry.COUNTS, False)
    assert read.samples == ()


@pytest.mark.parametrize(("efficiency", "background"), [("0", "0"), ("2500", "0"), ("", "0"), ("50", "-1")])
def test_that_a_counter_that_cannot_be_is_refused(efficiency: str, background: str) -> None:
    with pytest.raises(InconsistentCaseError):
        entry.read_counter(efficiency, background)


def test_that_whole_body_activities_are_taken_and_held_against_what_was_given() -> None:
    rows = [
        {entry.TIME: "+2 h", entry.ACTIVITY: "6200"},
        {entry.TIME: "+1 10:30", entry.ACTIVITY: "2100,5"},
    ]
    read = entry.read_whole_body(rows, CYCLE, WARSAW)
    assert read.remarks == ()
    assert read.whole_body.method == "measured"
    assert read.whole_body.activity_bq == pytest.approx((6200e6, 2100.5e6))
    assert entry.whole_body_rows(entry.with_whole_body(CYCLE, read.whole_body), WARSAW)[1][entry.ACTIVITY] == "2100.5"
    above = entry.read_whole_body([{entry.TIME: "+1 10:30", entry.ACTIVITY: "8300"}], CYCLE, WARSAW)
    assert [r.level for r in above.remarks] == ["warning"]
    rising = entry.read_whole_body([rows[0], {entry.TIME: "+4 h", entry.ACTIVITY: "6300"}], CYCLE, WARSAW)
    assert [(r.row, r.level) for r in rising.remarks] == [(1, "warning")]


def test_that_without_measurements_the_field_of_view_is_the_whole_body() -> None:
    assert entry.read_whole_body([{}], CYCLE, WARSAW).whole_body.method == "field-of-view"


def test_that_cells_keep_decimal_commas_whatever_separates_them() -> None:
    assert table_of_text("time;kBq/mL\n+4 h;95,5\n") == [["time", "kBq/mL"], ["+4 h", "95,5"]]
    assert table_of_text("time\tkBq/mL\n+4 h\t95,5\n\n") == [["time", "kBq/mL"], ["+4 h", "95,5"]]
    assert table_of_text('time,kBq/mL\n+4 h,"95,5"\n') == [["time", "kBq/mL"], ["+4 h", "95,5"]]


def test_that_columns_are_told_by_their_titles_only() -> None:
    names = {entry.TIME: ("time",), CONCENTRATION: ("kBq/mL",)}
    rows = with_titles([["kBq/mL", "Time"], ["95,5", "+4 h"]], names)
    assert rows == [{CONCENTRATION: "95,5", entry.TIME: "+4 h"}]
    with pytest.raises(InconsistentCaseError, match="not known"):
        with_titles([["time", "Bq/mL"]], names)
    with pytest.raises(InconsistentCaseError, match="twice"):
        with_titles([["time", "time"]], names)
