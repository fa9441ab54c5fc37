"""Tables as files that a spreadsheet opens: CSV (one for each table), and one workbook (XLSX)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dosimetry_core.plan_record import RESULTS_NAME, results_bytes
from dosimetry_core.result_tables.table import Cell, ResultTable
from dosimetry_core.result_tables.tables import result_tables

WORKBOOK_NAME: Final = "results.xlsx"
FORMATS: Final = ("csv", "xlsx", "json")
_MADE: Final = datetime(1980, 1, 1)
"""A workbook states when it was made; the same results are to make the same bytes."""
_MOST_WIDE: Final = 60
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
_SHEET_NAME_LENGTH: Final = 31


def table_files(results: Mapping[str, Any], formats: Sequence[str] = FORMATS) -> dict[str, bytes]:
    """File name → content: ``results.json``, ``results.xlsx`` and one CSV file for each table.

    Raises
    ------
    ValueError
        If a format is none of `FORMATS`.
    """
    if unknown := set(formats) - set(FORMATS):
        raise ValueError(f"unknown formats {sorted(unknown)}")
    tables = result_tables(results)
    files = {f"{table.name.replace(' ', '-')}.csv": csv_bytes(table) for table in tables} if "csv" in formats else {}
    if "xlsx" in formats:
        files[WORKBOOK_NAME] = xlsx_bytes(tables)
    if "json" in formats:
        files[RESULTS_NAME] = results_bytes(results)
    return files


def csv_bytes(table: ResultTable) -> bytes:
    """A table as CSV (RFC 4180): UTF-8 with a mark by which spreadsheets know it, decimal points, units in the titles.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.heading for column in table.columns])
    writer.writerows([[_csv_cell(cell) for cell in row] for row in table.rows])
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA_SIGNS) else cell
    return repr(cell)


def xlsx_bytes(tables: Sequence[ResultTable]) -> bytes:
    """All tables as one workbook, a sheet each; numbers are numbers, texts are never formulas or links."""
    import xlsxwriter

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": _MADE, "title": "Lutetia results"})
        strong = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        for table in tables:
            sheet = book.add_worksheet(table.name[:_SHEET_NAME_LENGTH])
            for number, column in enumerate(table.columns):
                sheet.write_string(0, number, column.heading, strong)
                longest = max((len(str(row[number])) for row in table.rows if row[number] is not None), default=0)
                sheet.set_column(number, number, min(max(longest, len(column.heading)) + 2, _MOST_WIDE))
            for line, row in enumerate(table.rows, 1):
                for number, cell in enumerate(row):
                    if isinstance(cell, str):
                        sheet.write_string(line, number, cell)
                    elif cell is not None:
                        sheet.write_number(line, number, cell)
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, max(len(table.rows), 1), len(table.columns) - 1)
    return content.getvalue()
