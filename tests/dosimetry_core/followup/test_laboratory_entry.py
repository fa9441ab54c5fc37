"""Laboratory values as typed, pasted and imported: units, site limits, cycles, and traps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from dosimetry_core.case import (
    Administration,
    Case,
    Course,
    Cycle,
    LaboratoryLimit,
    LaboratoryResult,
    Patient,
)
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.followup import laboratory_entry as entry
from dosimetry_core.followup.laboratory_trend import CLEARANCE_KEY, laboratory_trends
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import LABORATORY_BOUNDS, LABORATORY_NAMES
from dosimetry_core.laboratory_units import converted, key_of, known_unit, units_of
from dosimetry_core.safety.assessment import EGFR_KEY

HB, PLT, CREATININE = "haemoglobin_g_per_dl", "platelets_1e9_per_l", "creatinine_umol_per_l"


def cycle(number: int, start: date, *results: LaboratoryResult) -> Cycle:
    given = Administration("Lu-177", 7.4e9, datetime(start.year, start.month, start.day, 10, tzinfo=UTC), 1800.0)
    return Cycle(number, (given,), laboratory=results)


def result(day: date, **values: float) -> LaboratoryResult:
    return LaboratoryResult(day, FrozenMap(values))


PATIENT = Patient("P-1", "Test^Case", "F", "Europe/Warsaw", birth_date=date(1957, 3, 4), weight_kg=68.0)
CASE = Case(
    PATIENT,
    Course("duonen-d"),
    (
        cycle(1, date(2025, 3, 3), result(date(2025, 3, 1), **{HB: 12.4, PLT: 210.0, CREATININE: 76.0})),
        cycle(2, date(2025, 5, 5), result(date(2025, 5, 26), **{HB: 10.8, PLT: 88.0, CREATININE: 84.0})),
    ),
    laboratory_limits=FrozenMap({HB: LaboratoryLimit(12.0), PLT: LaboratoryLimit(150.0)}),
)


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "reported", "unit", "value"),
    [
        (CREATININE, 1.2, "mg/dl", 106.104),
        (HB, 121, "g/L", 12.1),
        (HB, 7.5, "mmol/L", 12.0855),
        (PLT, 210000, "/µL", 210.0),
        (PLT, 210, "K/uL", 210.0),
        (PLT, 210, "x10^9/l", 210.0),
        ("alt_u_per_l", 0.5, "µkat/L", 30.0),
        ("bilirubin_umol_per_l", 1.0, "mg/dL", 17.104),
        ("chromogranin_a_ug_per_l", 88, "ng/mL", 88.0),
        ("hydroxyindoleacetic_acid_umol_per_24h", 10, "mg/24h", 52.307),
        (EGFR_KEY, 88, "ml/min/1,73m2", 88.0),
    ],
)
def test_that_units_are_converted_as_their_molar_masses_say(key: str, reported: float, unit: str, value: float) -> None:
    conversion = converted(key, reported, unit)
    assert conversion.value == pytest.approx(value, rel=1e-12)
    assert (" = " in conversion.text) == (reported != value)


def test_that_a_conversion_keeps_a_boundary_a_boundary() -> None:
    # 1.5 × 88.42 in binary is not 132.63; as decimals it is.
    assert converted(CREATININE, 1.5, "mg/dL").value == 132.63
    assert converted(HB, 80, "g/L").value == 8.0


@pytest.mark.parametrize(
    ("key", "reported", "unit", "said"),
    [
        (CREATININE, 0.86, "µmol/L", "fit in mg/dL"),
        (HB, 121, "g/dL", "fit in g/L"),
        (PLT, 210000, "G/L", "fit in /µL"),
        (EGFR_KEY, 88, "mL/min", "Cockcroft"),
        (HB, 12.1, "mg/dL", "no unit"),
        ("karnofsky", 85, "", "multiple of 10"),
        ("ecog", 1.5, "", "multiple of 1"),
        ("ecog", 7, "", "outside"),
        ("chromogranin_a_ug_per_l", 3, "nmol/L", "assay"),
    ],
)
def test_that_another_unit_is_refused_with_the_one_that_fits(key: str, reported: float, unit: str, said: str) -> None:
    with pytest.raises(InconsistentCaseError, match=said):
        converted(key, reported, unit)


def test_that_every_quantity_has_names_bounds_and_its_own_unit_first() -> None:
    assert set(LABORATORY_BOUNDS) == set(LABORATORY_NAMES)
    for key, (name, unit) in LABORATORY_NAMES.items():
        assert key_of(name) == key
        assert units_of(key)[0] == unit
        assert known_unit(key, unit) == unit
        low, high = LABORATORY_BOUNDS[key]
        assert converted(key, high, unit).value == high
        assert converted(key, low, unit).value == low


def test_that_a_value_without_its_unit_is_refused() -> None:
    without = {key for key in LABORATORY_NAMES if "" in units_of(key)}
    assert without == {"karnofsky", "ecog"}
    for key in LABORATORY_NAMES:
        if key in without:
            assert known_unit(key, " ") == ""
        else:
            with pytest.raises(InconsistentCaseError, match="no unit is stated"):
                converted(key, LABORATORY_BOUNDS[key][1], " ")


def test_that_no_unit_is_guessed_in_rows_and_tables() -> None:
    # 12.1 may be g/dL, and 121 g/L without its unit may be anything.
    read = entry.read_laboratory_rows([row("Hb", "12.1"), row("KPS", "80"), row(PLT, "210")], before={})
    assert [(remark.row, remark.column, remark.level) for remark in read.remarks] == [
        (0, entry.UNIT, "error"),
        (2, entry.UNIT, "error"),
    ]
    assert dict(read.values) == {"karnofsky": 80.0}
    long = entry.read_laboratory_table("date;name;value;unit\n2025-03-20;PLT;70;\n2025-03-20;ECOG;1;\n")
    assert [problem.partition(":")[0] for problem in long.problems] == ["line 2"]
    assert "no unit is stated for platelets" in long.problems[0]
    assert [value.conversion.key for value in long.values] == ["ecog"]
    for title in ("Platelets", "Platelets []"):
        with pytest.raises(InconsistentCaseError, match="says no unit"):
            entry.read_laboratory_table(f"date;{title}\n2025-03-20;70\n")
    for title in (f"{PLT} []", "PLT ( )"):
        wide = entry.read_laboratory_table(f"date;{title}\n2025-03-20;70\n")
        assert (wide.values, len(wide.problems)) == ((), 1)
    own = entry.read_laboratory_table(f"date;{PLT};ecog\n2025-03-20;70;1\n")
    assert own.problems == ()
    assert own.days()[date(2025, 3, 20)][1] == {PLT: 70.0, "ecog": 1.0}


# --- a day ------------------------------------------------------------------------------------------------------------


def row(name: str, value: str = "", unit: str = "", lower: str = "", upper: str = "") -> dict[str, str]:
    return {entry.NAME: name, entry.VALUE: value, entry.UNIT: unit, entry.LOWER: lower, entry.UPPER: upper}


def test_that_value_and_limits_of_a_row_are_in_its_unit() -> None:
    read = entry.read_laboratory_rows([row("Creatinine", "0,9", "mg/dL", upper="1,02")], before={})
    assert read.is_right
    assert read.values[CREATININE] == pytest.approx(79.578)
    assert read.limits[CREATININE] == LaboratoryLimit(None, pytest.approx(90.1884))  # type: ignore[arg-type]


def test_that_a_range_of_normal_may_begin_with_zero_where_nothing_rests_on_it() -> None:
    read = entry.read_laboratory_rows(
        [row("ALT", "20", "U/L", "0", "40"), row("Bili", "", "mg/dL", "0", "1,2")], before={}
    )
    assert read.is_right
    assert read.limits["alt_u_per_l"] == LaboratoryLimit(0.0, 40.0)
    assert read.limits["bilirubin_umol_per_l"] == LaboratoryLimit(0.0, pytest.approx(20.5248))  # type: ignore[arg-type]
    assert not entry.read_laboratory_rows([row("Hb", "12.1", "g/dL", "0", "17")], before={}).is_right


@pytest.mark.parametrize(
    ("rows", "column", "level"),
    [
        ([row("Albumin", "40", "g/L")], entry.NAME, "error"),
        ([row("Hb", "12.1", "g/dL"), row("Haemoglobin", "12.1", "g/dL")], entry.NAME, "error"),
        ([row("Hb", "twelve", "g/dL")], entry.VALUE, "error"),
        ([row("Hb", "12.1", "mg/dL")], entry.UNIT, "error"),
        ([row("Hb", "12.1", "g/dL", lower="14", upper="12")], entry.LOWER, "error"),
        ([row("Hb", "5.0", "g/dL")], entry.VALUE, "warning"),
    ],
)
def test_that_slips_of_a_day_are_refused_or_asked_about(rows: list[dict[str, str]], column: str, level: str) -> None:
    remarks = entry.read_laboratory_rows(rows, before={HB: 12.4}).remarks
    assert [(remark.column, remark.level) for remark in remarks] == [(column, level)]


def test_that_an_empty_value_is_missing_and_not_normal() -> None:
    read = entry.read_laboratory_rows(entry.rows_of_day(CASE, None), before={})
    assert dict(read.values) == {}
    assert dict(read.limits) == dict(CASE.laboratory_limits)


def test_that_what_is_shown_of_a_day_is_read_as_the_same_day() -> None:
    day = date(2025, 3, 1)
    read = entry.read_laboratory_rows(entry.rows_of_day(CASE, day), before={})
    assert read.is_right
    assert entry.with_laboratory(CASE, day, read.values, limits=read.limits) is CASE


@pytest.mark.parametrize(
    ("day", "number"),
    [
        (date(2025, 2, 1), 1),
        (date(2025, 3, 3), 1),
        (date(2025, 3, 4), 1),
        (date(2025, 5, 5), 1),
        (date(2025, 5, 6), 2),
        (date(2027, 1, 1), 2),
    ],
)
def test_that_a_day_belongs_to_the_cycle_that_had_begun(day: date, number: int) -> None:
    assert CASE.cycles[entry.cycle_of_day(CASE.cycles, day)].number == number


def test_that_a_day_is_changed_where_it_is_kept_and_taken_out_without_values() -> None:
    day = date(2025, 3, 1)
    changed = entry.with_laboratory(CASE, day, {HB: 12.0}, visit="T1")
    assert changed.cycles[0].laboratory == (LaboratoryResult(day, FrozenMap({HB: 12.0}), "T1"),)
    assert changed.cycles[1] is CASE.cycles[1]
    assert entry.with_laboratory(CASE, day, {}).cycles[0].laboratory == ()
    added = entry.with_laboratory(CASE, date(2025, 3, 20), {HB: 11.0})
    assert [r.date.day for r in added.cycles[0].laboratory] == [1, 20]
    assert entry.values_before(added, date(2025, 3, 20))[HB] == 12.4


def test_that_two_results_of_one_day_are_shown_and_changed_together() -> None:
    day = date(2025, 3, 1)
    both = (result(day, **{HB: 12.4}), result(day, **{PLT: 210.0}))
    case = replace(CASE, cycles=(replace(CASE.cycles[0], laboratory=both), CASE.cycles[1]))
    held = entry.result_of(case, day)
    assert held is not None
    assert dict(held[1].values) == {HB: 12.4, PLT: 210.0}
    assert len(entry.with_laboratory(case, day, {HB: 12.4, PLT: 211.0}).cycles[0].laboratory) == 1


# --- import -----------------------------------------------------------------------------------------------------------


def test_that_a_line_for_each_value_and_a_line_for_each_day_are_read_alike() -> None:
    long = "date;name;value;unit\n01.03.2025;Hb;124;g/L\n01.03.2025;Kreatinin;0,86;mg/dl\n"
    wide = "date;Hemoglobin [g/L];Creatinine (mg/dL);visit\n2025-03-01;124;0,86;T1\n"
    first, second = (entry.read_laboratory_table(text) for text in (long, wide))
    assert first.problems == second.problems == ()
    expected = {HB: 12.4, CREATININE: pytest.approx(76.0412)}
    assert first.days() == {date(2025, 3, 1): ("", expected)}
    assert second.days() == {date(2025, 3, 1): ("T1", expected)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name;value;unit\nHb;12;g/dL", "no column is named date"),
        ("date;name;value\n2025-03-01;Hb;12", "no unit is guessed"),
        ("date;Hemoglobin\n2025-03-01;12", "says no unit"),
        ("date;Zinc [µmol/L]\n2025-03-01;12", "not known"),
        ("date;visit\n2025-03-01;T1", "no column holds a value"),
        ("", "no line"),
    ],
)
def test_that_a_table_whose_titles_leave_something_open_is_refused(text: str, said: str) -> None:
    with pytest.raises(InconsistentCaseError, match=said):
        entry.read_laboratory_table(text)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2025-03-01;Zinc;12;µmol/L", "not known"),
        ("2025-03-01;Hb;12;", "no unit is stated"),
        ("2025-03-01;Hb;1.240;g/L", "1240 or as 1.24"),
        ("03/01/2025;Hb;12;g/dL", "no day"),
        ("2025-03-01;Hb;121;g/dL", "would fit in g/L"),
        ("2025-03-01;eGFR;88;mL/min", "Cockcroft"),
    ],
)
def test_that_a_line_that_cannot_be_read_is_named(line: str, said: str) -> None:
    read = entry.read_laboratory_table(f"date;name;value;unit\n{line}\n")
    assert len(read.problems) == 1
    assert "line 2" in read.problems[0]
    assert said in read.problems[0]


def test_that_lines_that_contradict_each_other_are_named() -> None:
    read = entry.read_laboratory_table("date;name;value;unit\n2025-03-01;Hb;12;g/dL\n2025-03-01;Hb;13;g/dL\n")
    assert "line 3" in read.problems[0]
    assert "line 2" in read.problems[0]


def test_that_a_table_holds_no_day_before_birth_and_none_in_the_future() -> None:
    table = "date,haemoglobin_g_per_dl\n1957-03-03,11\n1957-03-04,12\n2026-11-21,13\n2026-11-22,14\n"
    read = entry.read_laboratory_table(table, born=date(1957, 3, 4), today=date(2026, 11, 21))
    assert [value.conversion.value for value in read.values] == [12.0, 13.0]
    assert [problem.split(";")[0] for problem in read.problems] == [
        "line 2: 1957-03-03 is before the patient's birth",
        "line 5: 2026-11-22 lies in the future",
    ]


# --- over the course --------------------------------------------------------------------------------------------------


def test_that_nadir_and_change_are_against_the_last_value_before_treatment() -> None:
    case = entry.with_laboratory(CASE, date(2025, 2, 1), {PLT: 260.0})
    case = entry.with_laboratory(case, date(2025, 3, 20), {PLT: 74.0})
    trend = next(t for t in laboratory_trends(case) if t.key == PLT)
    assert trend.baseline is not None
    assert trend.baseline.value == 210.0
    assert trend.worst is not None
    assert (trend.worst.value, trend.worst.cycle, trend.worst.days_after) == (74.0, 1, 17)
    assert trend.change(trend.worst) == pytest.approx(74 / 210 - 1)
    assert trend.worst_grade == 2
    assert (trend.latest.value, trend.latest.grade, trend.latest.cycle) == (88.0, 1, 2)


def test_that_an_abnormal_baseline_is_graded_by_the_limit_and_later_values_against_it() -> None:
    case = replace(CASE, laboratory_limits=FrozenMap({"alt_u_per_l": LaboratoryLimit(upper=35.0)}))
    for day, value in ((date(2025, 3, 1), 120.0), (date(2025, 3, 20), 120.0), (date(2025, 4, 20), 361.0)):
        held = entry.result_of(case, day)
        values = {} if held is None else dict(held[1].values)
        case = entry.with_laboratory(case, day, {**values, "alt_u_per_l": value})
    trend = next(t for t in laboratory_trends(case) if t.key == "alt_u_per_l")
    # 120 is 3.4 times the upper limit; the same value later is no change; 361 is 3.01 times the baseline.
    assert [value.grade for value in trend.values] == [2, 0, 2]


def test_that_the_worst_creatinine_is_the_highest_and_no_value_before_treatment_is_a_nadir() -> None:
    worst = {t.key: t.worst for t in laboratory_trends(CASE)}[CREATININE]
    assert worst is not None
    assert worst.value == 84.0
    only = replace(CASE, cycles=CASE.cycles[:1])
    assert next(t for t in laboratory_trends(only) if t.key == HB).worst is None


def test_that_egfr_and_clearance_are_two_quantities() -> None:
    trends = {t.key: t for t in laboratory_trends(CASE)}
    egfr, clearance = trends[EGFR_KEY].values[0], trends[CLEARANCE_KEY].values[0]
    # Woman of 67: 142 (0.8595/0.7)^-1.2 0.9938^67 1.012; (140 − 67) 68/(72 · 0.8595) 0.85.
    assert egfr.value == pytest.approx(74.1, abs=0.1)
    assert clearance.value == pytest.approx(68.2, abs=0.1)
    assert egfr.origin == clearance.origin == "computed"
    assert clearance.grade is None
    assert egfr.grade is None  # 60 to the lower limit, which this site has not stated


def test_that_without_weight_or_birth_date_nothing_is_computed() -> None:
    case = replace(CASE, patient=replace(PATIENT, weight_kg=None, birth_date=None))
    assert {CLEARANCE_KEY, EGFR_KEY}.isdisjoint(t.key for t in laboratory_trends(case))
