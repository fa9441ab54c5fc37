"""Tables of a simulated cohort, computed again from the records with pandas and SciPy."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy import stats

from app.cli import main
from dosimetry_core.case import LaboratoryResult
from dosimetry_core.case_file import read_case
from dosimetry_core.cohort.csv_records import COLUMNS, read_records, records_csv
from dosimetry_core.cohort.modification import modifications, pattern
from dosimetry_core.cohort.of_course import pseudonym, record_of
from dosimetry_core.cohort.record_json import record_content, record_from_content
from dosimetry_core.cohort.records import CourseRecord, CycleRecord, FollowedTime
from dosimetry_core.cohort.simulated import simulated_cohort
from dosimetry_core.cohort.tables import Table, cohort_tables
from dosimetry_core.errors import DosimetryError
from dosimetry_core.follow_up import AdverseEvent, FollowUp, ResponseAssessment, TreatmentEnd, TumourLesion
from dosimetry_core.followup.treatment_start import treatment_start
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline import evaluate
from dosimetry_core.planning.protocol import read_protocol

ENTERED = Path(__file__).parents[2] / "reference" / "entered_doses"
RECORDS = simulated_cohort(20261121)
TABLES = {table.name: table for table in cohort_tables(RECORDS)}


def frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame(list(table.rows), columns=list(table.heading))


def cycles() -> pd.DataFrame:
    """One row a cycle and nuclide, in GBq and Gy."""
    rows: list[dict[str, Any]] = []
    for record in RECORDS:
        for cycle in record.cycles:
            for nuclide, activity in cycle.activity_bq.items():
                doses = {organ: by[nuclide] for organ, by in cycle.absorbed_dose_gy.items()}
                rows.append(
                    {"key": record.key, "protocol": record.protocol, "cycle": cycle.number, "nuclide": nuclide}
                    | {"gbq": activity / 1e9}
                    | doses
                )
    return pd.DataFrame(rows)


def courses() -> pd.DataFrame:
    rows = []
    for record in RECORDS:
        row: dict[str, Any] = {"protocol": record.protocol, "response": record.response}
        for key, value in record.laboratory.items():
            row |= {f"{key} before": value.baseline, f"{key} worst": value.worst, f"{key} grade": value.grade}
        for organ in ("kidneys", "red_marrow"):
            row[organ] = sum(sum(cycle.absorbed_dose_gy[organ].values()) for cycle in record.cycles)
        rows.append(row)
    return pd.DataFrame(rows)


def test_that_the_cohort_has_the_form_of_the_trial_and_is_the_same_for_a_seed() -> None:
    assert len(RECORDS) == 92
    assert {record.protocol for record in RECORDS} == {"duonen-a", "duonen-b", "duonen-c", "duonen-d"}
    assert simulated_cohort(20261121) == RECORDS
    assert simulated_cohort(1) != RECORDS
    for record in RECORDS:
        protocol = read_protocol(record.protocol)
        fixed = {n.name: n.standard_activity_bq for n in protocol.nuclides if n.role == "fixed"}
        for cycle in record.cycles:
            assert {name: cycle.activity_bq[name] for name in fixed} == fixed


def test_that_activities_and_doses_are_those_of_pandas() -> None:
    data, table = cycles(), frame(TABLES["activities"])
    by_cycle = data.groupby(["protocol", "nuclide", "cycle"])["gbq"]
    for row in table[(table.protocol != "all") & (table.cycle != "course")].to_dict("records"):
        values = by_cycle.get_group((row["protocol"], row["nuclide"], int(row["cycle"])))
        assert row["median"] == pytest.approx(values.median())
        assert row["upper quartile"] == pytest.approx(values.quantile(0.75))
    doses = frame(TABLES["doses"])
    for organ, name in (("kidneys", "Kidneys"), ("red_marrow", "Red marrow")):
        sums = data.groupby(["protocol", "key", "nuclide"])[organ].sum().reset_index()
        chosen = doses[(doses.organ == name) & (doses.protocol != "all")]
        for row in chosen[chosen.nuclide != "total"].to_dict("records"):
            values = sums[(sums.protocol == row["protocol"]) & (sums.nuclide == row["nuclide"])][organ]
            assert (row["median"], row["SD"]) == (pytest.approx(values.median()), pytest.approx(values.std()))
        for row in chosen[chosen.nuclide == "total"].to_dict("records"):
            values = sums[sums.protocol == row["protocol"]].groupby("key")[organ].sum()
            assert row["lower quartile"] == pytest.approx(values.quantile(0.25))


def test_that_modifications_are_those_of_pandas() -> None:
    data, table = cycles(), frame(TABLES["modifications"])
    for arm, nuclide, standard in (
        ("duonen-b", "Y-90", 1.85),
        ("duonen-c", "Lu-177", 3.7),
        ("duonen-d", "Lu-177", 7.4),
    ):
        free = read_protocol(arm).free_nuclide
        assert free is not None
        assert (free.name, free.standard_activity_bq) == (nuclide, pytest.approx(standard * 1e9))
        chosen = data[(data.protocol == arm) & (data.nuclide == nuclide)]
        factor = chosen.gbq / standard
        row = table[(table.protocol == arm) & (table.cycle == "all")].iloc[0]
        assert row["increased"] == (factor > 1.05).sum()
        assert row["reduced"] == (factor < 0.95).sum()
        assert row["median"] == pytest.approx(factor.median())
    assert table[table.protocol == "duonen-a"].empty
    counted = frame(TABLES["patterns"]).groupby("protocol").courses.sum()
    assert counted.to_dict() == {"duonen-b": 23, "duonen-c": 23, "duonen-d": 23}


def test_that_blood_counts_grades_and_responses_are_those_of_pandas() -> None:
    data, table, grades = courses(), frame(TABLES["laboratory"]), frame(TABLES["grades"])
    for key, name in (("platelets_1e9_per_l", "Platelets"), ("haemoglobin_g_per_dl", "Haemoglobin")):
        for arm, members in data.groupby("protocol"):
            row = table[(table.protocol == arm) & (table.value == name)].iloc[0]
            before, worst = members[f"{key} before"], members[f"{key} worst"]
            assert row["change: median %"] == pytest.approx(100 * ((worst - before) / before).median())
            # All were drawn to one decimal.
            in_tenths = stats.wilcoxon((10 * worst).round() - (10 * before).round())
            assert row["p (Wilcoxon signed-rank)"] == pytest.approx(in_tenths.pvalue)
            graded = grades[(grades.protocol == arm) & (grades.value == name)].iloc[0]
            counts = members[f"{key} grade"].value_counts()
            assert [graded[f"grade {g}"] for g in range(5)] == [counts.get(g, 0) for g in range(5)]
    responses = frame(TABLES["response"])
    for arm, members in data.groupby("protocol"):
        row = responses[responses.protocol == arm].iloc[0]
        judged = members[members.response != "NE"]
        assert row["objective response"] == pytest.approx(judged.response.isin(["CR", "PR"]).mean())


def test_that_dose_and_effect_are_those_of_scipy() -> None:
    data, table = courses(), frame(TABLES["dose-effect"])
    change = (data["platelets_1e9_per_l worst"] - data["platelets_1e9_per_l before"]) / data[
        "platelets_1e9_per_l before"
    ]
    row = table[(table.protocol == "all") & (table.effect == "change of Platelets")].iloc[0]
    found = stats.spearmanr(data.red_marrow, change)
    assert (row["statistic"], row["p"]) == (pytest.approx(found.statistic), pytest.approx(found.pvalue))
    between = table[(table.test == "Kruskal–Wallis") & (table.organ == "Kidneys")].iloc[0]
    expected = stats.kruskal(*(members.kidneys for _, members in data.groupby("protocol")))
    assert between["p"] == pytest.approx(expected.pvalue)


def test_that_survival_ends_where_pandas_counts_the_last_death() -> None:
    table = frame(TABLES["survival"])
    times = pd.DataFrame(
        [{"days": r.survival.days, "died": r.survival.event} for r in RECORDS if r.survival is not None]
    )
    everybody = table[(table.protocol == "all") & (table.months > 0)]
    assert len(everybody) == times[times.died].days.nunique()
    assert everybody["at risk"].iloc[0] == (times.days >= times[times.died].days.min()).sum()
    still = 1.0
    for days in sorted(times[times.died].days.unique()):
        still *= 1 - ((times.days == days) & times.died).sum() / (times.days >= days).sum()
    assert everybody.survival.iloc[-1] == pytest.approx(still)


def one_course(*factors: float) -> CourseRecord:
    given = tuple(CycleRecord(n, FrozenMap({"Y-90": 1.85e9 * f})) for n, f in enumerate(factors, start=1))
    standard = FrozenMap({"Y-90": 1.85e9})
    return CourseRecord("x", "duonen-b", given, free_nuclide="Y-90", standard_activity_bq=standard)


def test_that_a_pattern_has_one_sign_a_cycle_and_five_percent_is_unchanged() -> None:
    assert pattern(one_course(1.0, 1.05, 1.051, 0.95, 0.949, 0.0)) == "= = + = − −"
    assert modifications(replace(one_course(1.0), free_nuclide=None)) == ()


def test_that_a_dose_missing_in_one_cycle_makes_no_course_sum() -> None:
    dose = FrozenMap({"kidneys": FrozenMap({"Y-90": 2.0})})
    known = CycleRecord(1, FrozenMap({"Y-90": 1e9}), dose)
    unknown = CycleRecord(2, FrozenMap({"Y-90": 1e9}))
    assert CourseRecord("x", "p", (known,)).absorbed_dose_gy("kidneys") == 2.0
    assert CourseRecord("x", "p", (known, unknown)).absorbed_dose_gy("kidneys") is None


def test_that_a_computed_course_is_taken_in_without_name_and_dates() -> None:
    evaluation = evaluate(read_case(ENTERED))
    known_as = pseudonym(evaluation.case.patient.patient_id, b"k" * 32)
    assert known_as != pseudonym(evaluation.case.patient.patient_id, b"l" * 32)
    record = record_of(evaluation, key=known_as)
    assert record.key == known_as
    assert evaluation.case.patient.patient_id not in repr(record)
    assert evaluation.case.patient.name not in repr(record)
    kidneys = evaluation.course_organs["kidneys"]
    assert record.absorbed_dose_gy("kidneys") == pytest.approx(kidneys.delivered.absorbed_dose_gy, rel=1e-9)


def followed(**more: Any) -> CourseRecord:
    case = read_case(ENTERED)
    start = min(a.start.date() for cycle in case.cycles for a in cycle.administrations)
    days = {key: value(start) for key, value in more.items()}
    return record_of(evaluate(replace(case, follow_up=FollowUp(**days))), key="k")


LESIONS = (TumourLesion("L1", "liver", "target"), TumourLesion("L2", "lung", "target"))


def sizes(start: date, *rounds: tuple[int, float]) -> tuple[ResponseAssessment, ...]:
    return tuple(
        ResponseAssessment(start + timedelta(days=day), FrozenMap({"L1": size, "L2": size}), "none")
        for day, size in rounds
    )


def test_that_response_and_times_come_from_what_was_recorded() -> None:
    better = followed(lesions=lambda _: LESIONS, responses=lambda s: sizes(s, (-10, 40.0), (90, 25.0), (200, 26.0)))
    assert better.response == "PR"
    assert better.progression == FollowedTime(200.0, False)
    assert better.survival is not None
    assert not better.survival.event
    worse = followed(lesions=lambda _: LESIONS, responses=lambda s: sizes(s, (-10, 40.0), (90, 25.0), (200, 40.0)))
    assert worse.response == "PR"
    assert worse.progression == FollowedTime(200.0, True)


def test_that_death_ends_both_times_and_counts_from_the_first_cycle() -> None:
    end = followed(end=lambda s: TreatmentEnd(s + timedelta(days=300), "death"))
    assert end.survival == FollowedTime(300.0, True)
    assert end.progression == FollowedTime(300.0, True)
    fatal = followed(
        adverse_events=lambda s: (
            AdverseEvent("Anaemia", 3, "possible", s + timedelta(days=20)),
            AdverseEvent("Anaemia", 2, "possible", s + timedelta(days=60)),
            AdverseEvent("Sepsis", 5, "unrelated", s + timedelta(days=100), s + timedelta(days=104), "fatal"),
            AdverseEvent("Fatigue", 1, "unrelated", s - timedelta(days=100)),
        )
    )
    assert fatal.adverse_events is not None
    assert dict(fatal.adverse_events) == {"Anaemia": 3, "Sepsis": 5}
    assert fatal.survival == FollowedTime(104.0, True)
    stopped = followed(end=lambda s: TreatmentEnd(s + timedelta(days=500), "patient-decision"))
    assert stopped.survival == FollowedTime(500.0, False)
    assert stopped.progression is None


def test_that_progression_before_treatment_is_no_event() -> None:
    # It grew by half before treatment, which is why it was treated.
    record = followed(lesions=lambda _: LESIONS, responses=lambda s: sizes(s, (-200, 20.0), (-5, 30.0), (90, 28.0)))
    assert record.response == "SD"
    assert record.progression == FollowedTime(90.0, False)


def test_that_an_assessment_that_could_not_be_evaluated_does_not_prolong_time_without_progression() -> None:
    record = followed(
        lesions=lambda _: LESIONS,
        responses=lambda s: (*sizes(s, (-5, 30.0), (90, 28.0)), ResponseAssessment(s + timedelta(days=400))),
    )
    assert record.progression == FollowedTime(90.0, False)


def test_that_an_adverse_event_of_grade_5_is_a_death_whatever_its_outcome_says() -> None:
    record = followed(adverse_events=lambda s: (AdverseEvent("Sepsis", 5, "unrelated", s + timedelta(days=100)),))
    assert record.survival == FollowedTime(100.0, True)
    assert record.progression == FollowedTime(100.0, True)


def test_that_the_stated_death_and_the_last_day_known_alive_decide_overall_survival() -> None:
    after = followed(
        end=lambda s: TreatmentEnd(s + timedelta(days=200), "completed"), died_on=lambda s: s + timedelta(days=900)
    )
    assert after.survival == FollowedTime(900.0, True)
    assert after.progression == FollowedTime(900.0, True)
    alive = followed(
        lesions=lambda _: LESIONS,
        responses=lambda s: sizes(s, (-10, 40.0), (90, 25.0)),
        end=lambda s: TreatmentEnd(s + timedelta(days=200), "completed"),
        alive_on=lambda s: s + timedelta(days=800),
    )
    assert alive.survival == FollowedTime(800.0, False)
    # To be alive is not to be without progression.
    assert alive.progression == FollowedTime(90.0, False)
    # The stated day stands before one told from an event.
    both = followed(
        adverse_events=lambda s: (AdverseEvent("Sepsis", 5, "unrelated", s + timedelta(days=100)),),
        died_on=lambda s: s + timedelta(days=104),
    )
    assert both.survival == FollowedTime(104.0, True)


def test_that_a_death_before_treatment_is_no_followed_time() -> None:
    record = followed(died_on=lambda s: s - timedelta(days=3650))
    assert (record.survival, record.progression) == (None, None)


def test_that_changes_of_the_sum_and_the_confirmed_response_are_taken_in() -> None:
    record = followed(lesions=lambda _: LESIONS, responses=lambda s: sizes(s, (-10, 40.0), (90, 25.0), (110, 50.0)))
    assert (record.response, record.confirmed_response) == ("PR", "SD")
    assert record.best_change == pytest.approx(-0.375)
    assert [days for days, _ in record.sum_changes] == [100.0, 120.0]
    assert [change for _, change in record.sum_changes] == pytest.approx([-0.375, 0.25])


def with_performance(before: dict[str, float], after: dict[str, float]) -> CourseRecord:
    case = read_case(ENTERED)
    start = treatment_start(case)
    assert start is not None
    results = tuple(
        LaboratoryResult(start + timedelta(days=day), FrozenMap(values)) for day, values in ((0, before), (30, after))
    )
    cycles = (replace(case.cycles[0], laboratory=results), *(replace(one, laboratory=()) for one in case.cycles[1:]))
    return record_of(evaluate(replace(case, cycles=cycles)), key="k")


def test_that_the_stated_ecog_stands_before_the_one_told_from_karnofsky() -> None:
    record = with_performance({"karnofsky": 80.0, "ecog": 2.0}, {"karnofsky": 60.0})
    assert (record.karnofsky_before, record.ecog_before) == (80, 2)
    assert (record.karnofsky_after, record.ecog_after) == (60, 2)
    assert "ecog" not in record.laboratory
    only = with_performance({"ecog": 1.0}, {"ecog": 3.0})
    assert (only.karnofsky_before, only.ecog_before, only.ecog_after) == (None, 1, 3)


def test_that_a_status_off_its_scale_is_not_known() -> None:
    record = with_performance({"karnofsky": 75.0}, {"ecog": 1.5})
    assert (record.karnofsky_before, record.ecog_before, record.ecog_after) == (None, None, None)


HEADING = "key;sex;age_years;cycles;lu177_gbq;response;ecog_before;ecog_after;karnofsky_before;karnofsky_after"
SERIES = f"""{HEADING};survival_days;died
P1;F;61;4;29,6;PR;1;0;80;90;720;no
P2;m;55,5;3;22.2;SD;0;0;90;90;;
P3;F;70;4;;PD;1;2;80;60;300;yes
"""


def test_that_a_series_of_earlier_patients_is_read_and_summarised() -> None:
    records = read_records(SERIES.encode("utf-8-sig"), where="series.csv")
    assert [record.sex for record in records] == ["F", "M", "F"]
    assert records[0].activity_bq("Lu-177") == pytest.approx(29.6e9)
    assert records[1].survival is None
    assert records[2].activity_bq("Lu-177") is None
    assert records[2].survival == FollowedTime(300.0, True)
    tables = {table.name: frame(table) for table in cohort_tables(records)}
    patients = tables["patients"].iloc[0]
    activity = tables["activities"].set_index(["nuclide", "cycle"]).loc[("Lu-177", "course")]
    # Of the third nothing is known: it is missing, not 0 GBq.
    assert (activity["n"], activity["missing"], activity["minimum"]) == (2, 1, pytest.approx(22.2))
    assert (patients["courses"], patients["women"], patients["age: median"]) == (3, 2, 61.0)
    assert patients["cycles: median"] == 4.0
    performance = tables["performance"].set_index("scale")
    assert performance.loc["ECOG", ["better", "same", "worse"]].tolist() == [1, 1, 1]
    assert tables["response"].iloc[0]["disease control"] == pytest.approx(2 / 3)


def test_that_a_table_of_records_comes_back() -> None:
    again = read_records(records_csv(RECORDS).encode(), where="records.csv")
    for one, other in zip(again, RECORDS, strict=True):
        assert one.activity_bq("Lu-177") == pytest.approx(other.activity_bq("Lu-177"), rel=1e-12)
        assert (one.survival, one.response, one.cycle_count) == (other.survival, other.response, len(other.cycles))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("P2;m;", "P2;x;", "line 3, sex: 'x' can't be read; write F or M"),
        ("P2;m;55,5", "P2;m;555", "line 3, age_years"),
        ("720;no", "720;", "line 2, died: is missing; give survival_days and died together"),
        ("P2;", "P1;", "key 'P1' is there twice"),
        ("P2;", ";", "line 3, key: is empty"),
        ("key;sex", "key;colour", "unknown column 'colour'"),
        ("key;sex", "id;sex", "unknown column 'id'"),
        ("80;90;720", "85;90;720", "karnofsky_before: '85' can't be read"),
        ("29,6", "29,6 GBq", "lu177_gbq: '29,6 GBq' is no number"),
        ("29,6", "1.200", "lu177_gbq: 1.200 can be read as 1200 or as 1.2"),
        ("29,6", "1,234", "lu177_gbq: 1,234 can be read as 1234 or as 1.234"),
        ("55,5;3", "55,5;3.5", "cycles: '3.5' can't be read"),
        ("key;sex", "key;Key", "column key is there twice"),
        ("720;no", '720;"no', "isn't a table"),
        ("300;yes", "300;yes;1", "line 4: has more cells than columns"),
    ],
)
def test_that_a_wrong_cell_is_named_by_line_and_column(before: str, after: str, message: str) -> None:
    assert before in SERIES
    with pytest.raises(DosimetryError) as caught:
        read_records(SERIES.replace(before, after, 1).encode(), where="series.csv")
    assert message in caught.value.line()


def test_that_tables_are_read_as_spreadsheets_and_people_write_them() -> None:
    heading = "Key;Sex;Age;Cycles;Lu177 (GBq);Response;Survival days;Died;"
    rows = ["NA;f;61;3.0;29,6;non-cr/NON-PD;720;No;", ";;;;;;;;", "", "P2;n.a.;NA;4,0;N/A;na;n.a.;NA;"]
    records = read_records("\r".join([heading, *rows]).encode(), where="old.csv")
    assert [record.key for record in records] == ["NA", "P2"]
    first, second = records
    assert (first.sex, first.age_years, first.cycle_count, first.response) == ("F", 61.0, 3, "non-CR/non-PD")
    assert first.survival == FollowedTime(720.0, False)
    assert (second.sex, second.age_years, second.cycle_count, second.response) == (None, None, 4, None)
    assert (second.survival, dict(second.stated_activity_bq)) == (None, {})
    with pytest.raises(DosimetryError, match="has more cells"):
        read_records(b"key;\nP1;7", where="old.csv")


def test_that_missing_values_are_counted_in_every_table() -> None:
    known = replace(RECORDS[0], adverse_events=FrozenMap({"Nausea": 2, "Fatigue": 3}))
    without = replace(RECORDS[4], adverse_events=FrozenMap())
    unknown = CourseRecord("u", known.protocol)
    assert unknown.adverse_events is None
    tables = {table.name: frame(table) for table in cohort_tables([known, without, unknown])}
    patients = tables["patients"].iloc[0]
    assert [patients[f"{name}: missing"] for name in ("sex", "age", "cycles")] == [1, 1, 1]
    events = tables["adverse-events"].set_index("term")
    assert events.loc["any", ["grade 2", "grade 3", "missing"]].tolist() == [0, 1, 1]
    assert events.loc["Nausea", ["grade 2", "grade 3", "missing"]].tolist() == [1, 0, 1]
    # Of two courses it is known: one had nausea, the other nothing.
    assert events.loc["Nausea", "share of courses"] == 0.5
    for name in ("laboratory", "performance"):
        assert set(zip(tables[name]["n"], tables[name]["missing"], strict=True)) == {(2, 1)}
    assert set(tables["grades"]["missing"]) == {1}
    for name in ("survival", "progression"):
        assert tables[name].iloc[0][["at risk", "missing"]].tolist() == [2, 1]
    nobody = {table.name: frame(table) for table in cohort_tables([unknown])}
    assert nobody["adverse-events"].iloc[0][["term", "missing"]].tolist() == ["any", 1]
    assert nobody["survival"].iloc[0][["at risk", "missing"]].tolist() == [0, 1]
    assert nobody["performance"]["missing"].tolist() == [1, 1]


def test_that_no_adverse_event_is_none_only_where_the_course_was_followed_to_its_end() -> None:
    assert followed().adverse_events is None
    ended = followed(end=lambda s: TreatmentEnd(s + timedelta(days=300), "completed"))
    assert ended.adverse_events == FrozenMap()
    for record in (ended, followed()):
        content = json.loads(json.dumps(record_content(record)))
        assert record_from_content(content, where="line 1") == record


@pytest.mark.parametrize("gbq", [7.123, 0.125, 1e-5, 29.0, 12.3456])
@pytest.mark.parametrize("response", ["non-CR/non-PD", "CR", None])
def test_that_what_is_written_is_read_again(gbq: float, response: Any) -> None:
    record = CourseRecord(
        "x", "p", stated_activity_bq=FrozenMap({"Lu-177": gbq * 1e9}), response=response, age_years=61.125
    )
    (again,) = read_records(records_csv([record]).encode(), where="records.csv")
    assert (again.response, again.age_years) == (response, 61.125)
    assert again.activity_bq("Lu-177") == pytest.approx(gbq * 1e9, rel=1e-12)


def test_that_a_percentage_is_written_without_what_conversion_left_behind() -> None:
    # −0.199 is −19.900000000000002 % in binary.
    assert ",-19.9," in records_csv([CourseRecord("x", "p", best_change=-0.199)])


def test_that_the_command_writes_every_table_and_the_methods(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "series.csv").write_text(SERIES, "utf-8")
    command = ["cohort", "--simulate", "3", "--csv", str(tmp_path / "series.csv"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    names = {path.stem for path in (tmp_path / "out").glob("*.csv")}
    assert names == {"records", *TABLES}
    with zipfile.ZipFile(tmp_path / "out/cohort.xlsx") as book:
        assert re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode()) == list(TABLES)
    methods = (tmp_path / "out/methods.txt").read_text("utf-8")
    assert "simulated with seed 3" in methods
    assert "95 of 5 protocol(s)" in methods
    assert main(["cohort", "--out", str(tmp_path / "none")]) == 2
    assert main([*command[:3], "--simulate", "3", "--csv", str(tmp_path / "no.csv"), "--out", str(tmp_path / "x")]) == 2
    assert "no.csv" in capsys.readouterr().err
    assert len(COLUMNS) == len(set(COLUMNS))
