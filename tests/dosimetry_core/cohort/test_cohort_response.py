"""Response of a cohort: seen and confirmed, waterfall and spider, and what the methods paragraph says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dosimetry_core.cohort.csv_records import read_records, records_csv
from dosimetry_core.cohort.methods_text import methods_paragraph
from dosimetry_core.cohort.pictures import spider_picture, waterfall_picture
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.simulated import simulated_cohort
from dosimetry_core.cohort.tables import cohort_tables, response_table
from dosimetry_core.entered_numbers import DecimalSign
from dosimetry_core.errors import DosimetryError

RECORDS = simulated_cohort(20261121)
JUDGED = (
    CourseRecord("a", "p", response="PR", confirmed_response="PR", best_change=-0.5),
    CourseRecord("b", "p", response="PR", confirmed_response="SD", best_change=-0.35),
    CourseRecord("c", "p", response="non-CR/non-PD", confirmed_response="non-CR/non-PD"),
    CourseRecord("d", "q", response="PD", confirmed_response="PD", best_change=0.25),
    CourseRecord("e", "q", response="NE", confirmed_response="NE"),
    CourseRecord("f", "q"),
)


def test_that_response_is_counted_as_seen_and_as_confirmed() -> None:
    table = response_table(JUDGED)
    rows = {(row[0], row[1]): dict(zip(table.heading, row, strict=True)) for row in table.rows}
    seen, confirmed = rows["all", "as seen"], rows["all", "confirmed"]
    assert [seen[name] for name in ("PR", "SD", "non-CR/non-PD", "PD", "NE", "missing")] == [2, 0, 1, 1, 1, 1]
    assert [confirmed[name] for name in ("PR", "SD", "non-CR/non-PD", "PD", "NE", "missing")] == [1, 1, 1, 1, 1, 1]
    assert (seen["objective response"], confirmed["objective response"]) == (2 / 4, 1 / 4)
    assert (seen["disease control"], confirmed["disease control"]) == (3 / 4, 3 / 4)


def test_that_the_waterfall_goes_from_growth_to_shrinkage_and_tells_who_is_missing() -> None:
    picture = waterfall_picture(JUDGED)
    assert [(bar.key, bar.group, bar.change) for bar in picture.bars] == [
        ("d", "q", 0.25),
        ("b", "p", -0.35),
        ("a", "p", -0.5),
    ]
    assert picture.missing == 3
    assert waterfall_picture(()).bars == ()


def test_that_the_spider_has_every_change_of_every_course() -> None:
    one = replace(JUDGED[0], sum_changes=((90.0, -0.2), (180.0, -0.5)))
    picture = spider_picture((one, *JUDGED[1:]))
    assert [(line.key, line.changes) for line in picture.lines] == [("a", ((90.0, -0.2), (180.0, -0.5)))]
    assert picture.missing == 5


def test_that_simulated_sizes_fit_the_simulated_response() -> None:
    shown = [record for record in RECORDS if record.best_change is not None]
    assert len(shown) > len(RECORDS) / 2
    for record in shown:
        change = record.best_change
        assert change is not None
        assert change == min(part for _, part in record.sum_changes)
        assert (change <= -0.3) == (record.response in ("CR", "PR"))
        assert (change == -1.0) == (record.response == "CR")
        assert record.confirmed_response in (record.response, "SD")


@pytest.mark.parametrize("decimal", ["point", "comma"])
def test_that_either_decimal_sign_is_written_and_read(decimal: DecimalSign) -> None:
    text = records_csv(RECORDS, decimal=decimal)
    assert (";" in text, "29,6" in text) == (decimal == "comma", decimal == "comma")
    again = read_records(text.encode(), where="records.csv")
    assert records_csv(again, decimal=decimal) == text
    for record, read in zip(RECORDS, again, strict=True):
        assert (read.response, read.confirmed_response) == (record.response, record.confirmed_response)
        assert (read.best_change is None) == (record.best_change is None)
        if record.best_change is not None:
            assert read.best_change == pytest.approx(record.best_change, abs=1e-12)


@pytest.mark.parametrize("cell", ["-101", "1.200", "much"])
def test_that_a_change_that_can_not_be_is_refused(cell: str) -> None:
    with pytest.raises(DosimetryError, match="best_change_percent"):
        read_records(f"key,best_change_percent\nx,{cell}\n".encode(), where="t.csv")


def test_that_the_methods_name_what_was_done_and_nothing_else() -> None:
    whole = methods_paragraph(RECORDS, origin="simulated with seed 20261121")
    for words in (
        "seed 20261121", "92 of 4 protocol(s)", "Wilcoxon", "Spearman", "Kruskal–Wallis", "log-rank", "CTCAE v5.0",
        "28 days later confirmed", "42 days", "SciPy", "Lutetia 0.",
    ):  # fmt: skip
        assert words in whole
    bare = methods_paragraph([CourseRecord("x", "p")], origin="from a table")
    for words in ("Wilcoxon", "Spearman", "Kruskal", "Kaplan", "log-rank", "RECIST", "CTCAE", "Karnofsky", "modified"):
        assert words not in bare
    one_arm = methods_paragraph([one for one in RECORDS if one.protocol == "duonen-a"], origin="x")
    assert "Kaplan" in one_arm
    assert "log-rank" not in one_arm
    assert "Kruskal" not in one_arm


# Sixteen patients as a clinic's table has them: its own headings, words, decimal commas and gaps.
SERIES = """Patient;Gender;Age (years);Number of cycles;177Lu (GBq);Response;ECOG before;ECOG after;KPS before;KPS after
1;Female;61;4;29,6;Partial response;1;0;80;90
2;Male;55;3;22,2;Stable disease;0;0;90;90
3;female;70;4;29,6;PD;1;2;80;60
4;M;48;2;14,8;SD;2;1;70;80
5;F;66;4;28,9;PR;1;1;80;80
6;F;59;5;37;CR;0;0;100;100
7;M;73;4;n.a.;SD;1;1;80;80
8;F;41;4;29,6;PR;0;0;90;100
9;M;64;3;21,9;not evaluable;2;;70;
10;F;52;4;29,5;stable disease;1;0;80;90
11;M;68;4;29,6;PR;1;1;80;90
12;F;75;1;7,4;PD;3;4;50;40
13;M;57;4;30,1;SD;0;1;90;80
14;F;63;4;29,6;SD;1;0;80;90
15;M;60;6;44,4;PR;1;0;80;90
16;F;69;2;14,9;SD;2;2;60;60
"""


def test_that_a_published_series_of_sixteen_is_imported_and_summarised() -> None:
    records = read_records(SERIES.encode("utf-8-sig"), where="series.csv")
    tables = {
        table.name: [dict(zip(table.heading, row, strict=True)) for row in table.rows]
        for table in cohort_tables(records)
    }
    (patients,) = tables["patients"]
    assert [patients[name] for name in ("courses", "women", "men")] == [16, 9, 7]
    # By hand: ages in order 41 48 52 55 57 59 60 61 | 63 64 66 68 69 70 73 75.
    assert (patients["age: median"], patients["cycles: median"]) == (62.0, 4.0)
    (given,) = [row for row in tables["activities"] if row["cycle"] == "course"]
    assert (given["n"], given["missing"]) == (15, 1)
    assert given["median"] == pytest.approx(29.6)
    response = next(row for row in tables["response"] if row["basis"] == "as seen")
    assert [response[name] for name in ("CR", "PR", "SD", "PD", "NE")] == [1, 5, 7, 2, 1]
    assert (response["objective response"], response["disease control"]) == (6 / 15, 13 / 15)
    ecog, karnofsky = tables["performance"]
    assert [ecog[name] for name in ("n", "missing", "better", "same", "worse")] == [15, 1, 5, 7, 3]
    assert [karnofsky[name] for name in ("n", "missing", "better", "same", "worse")] == [15, 1, 7, 5, 3]


@pytest.mark.parametrize(
    "row", ["17;x;61;4;29,6;SD;1;0;80;90", "17;F;61;4;29,6;better;1;0;80;90", "17;F;61;4;29,6;SD;1;0;80;95"]
)
def test_that_words_that_mean_nothing_are_refused(row: str) -> None:
    with pytest.raises(DosimetryError, match="line 18"):
        read_records(f"{SERIES}{row}\n".encode(), where="series.csv")
