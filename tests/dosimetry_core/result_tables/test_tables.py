from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from dosimetry_core.plan_record import results_bytes
from dosimetry_core.result_tables import Column, ResultTable, csv_bytes, result_tables, table_files, xlsx_bytes
from dosimetry_core.result_tables.tables import everything
from tests.plan_examples import entered_results, tandem_results

_SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict):
        for value in tree.values():
            yield from _leaves(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _leaves(value)
    else:
        yield tree


def test_that_every_value_of_the_results_is_in_the_table_of_everything() -> None:
    results = json.loads(results_bytes(tandem_results()))
    assert [row[1] for row in everything(results).rows] == [
        str(leaf).lower() if isinstance(leaf, bool) else leaf for leaf in _leaves(results)
    ]
    paths = [row[0] for row in everything(results).rows]
    assert len(set(paths)) == len(paths)
    assert "cycles[0].vois.Liver.fit.Lu-177.model" in paths


def test_that_numbers_are_unrounded_and_in_the_unit_of_their_title() -> None:
    results = tandem_results()
    files = table_files(results, ("csv",))
    liver = next(r for r in _rows(files["activities.csv"]) if (r["VOI"], r["Time point"]) == ("Liver", "2"))
    voi = results["cycles"][0]["vois"]["Liver"]
    assert float(liver["Activity / MBq"]) == pytest.approx(voi["activity_bq"]["Lu-177"][1] / 1e6, rel=1e-15)
    assert float(liver["Time after administration / h"]) == pytest.approx(24.4, rel=1e-12)
    assert float(liver["Mass / g"]) == pytest.approx(voi["mass_kg"] * 1e3, rel=1e-15)
    curve = next(r for r in _rows(files["curves.csv"]) if (r["VOI"], r["Nuclide"]) == ("Liver", "Y-90"))
    fit = voi["fit"]["Y-90"]
    assert float(curve["Time-integrated activity / MBq·h"]) == pytest.approx(
        fit["time_integrated_activity_bq_s"] / 3.6e9, rel=1e-14
    )
    assert curve["Derived from"] == "Lu-177"
    dose = next(r for r in _rows(files["doses-of-organs.csv"]) if (r["Organ"], r["Nuclide"]) == ("kidneys", "total"))
    organ = results["cycles"][0]["organs"]["kidneys"]
    assert float(dose["Absorbed dose / Gy"]) == organ["absorbed_dose_gy"]["total"]


def test_that_what_was_not_measured_has_no_table() -> None:
    names = {table.name for table in result_tables(entered_results())}
    assert "activities" not in names
    assert {"administrations", "doses of organs", "plan", "everything"} <= names


def test_that_a_text_like_a_formula_stays_a_text() -> None:
    table = ResultTable("t", (Column("Name"), Column("Value")), (("=1+1", 2.5), ("@x", -1.5)))
    assert csv_bytes(table).decode("utf-8-sig").splitlines() == ["Name,Value", "'=1+1,2.5", "'@x,-1.5"]
    sheet = zipfile.ZipFile(io.BytesIO(xlsx_bytes((table,)))).read("xl/worksheets/sheet1.xml").decode("utf-8")
    assert "<f>" not in sheet


def test_that_the_workbook_has_a_sheet_for_each_table_and_numbers_as_numbers() -> None:
    tables = result_tables(tandem_results())
    book = zipfile.ZipFile(io.BytesIO(xlsx_bytes(tables)))
    assert book.testzip() is None
    names = [
        sheet.get("name") for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{_SHEETS}sheet")
    ]
    assert names == [table.name for table in tables]
    number = names.index("doses of organs")
    sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number + 1}.xml"))
    values = {
        cell.get("r"): cell.findtext(f"{_SHEETS}v") for cell in sheet.iter(f"{_SHEETS}c") if cell.get("t") is None
    }
    wanted = tables[number].rows[0][3]
    assert isinstance(wanted, float)
    assert float(values["D2"]) == pytest.approx(wanted, rel=1e-14)


def test_that_the_same_results_make_the_same_files() -> None:
    assert table_files(tandem_results()) == table_files(tandem_results())
    assert json.loads(table_files(tandem_results())["results.json"]) == json.loads(results_bytes(tandem_results()))


def test_that_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown formats"):
        table_files(tandem_results(), ("ods",))
