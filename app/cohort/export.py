"""Writes a cohort's records, tables and methods into a folder, by pseudonym."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from app.outputs import output_folder, require_folder
from dosimetry_core.cohort.csv_records import records_csv
from dosimetry_core.cohort.methods_text import methods_paragraph
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.tables import Cell, Table, cohort_tables
from dosimetry_core.result_tables.files import xlsx_bytes
from dosimetry_core.result_tables.table import Column, ResultTable

WORKBOOK_NAME = "cohort.xlsx"


def write_cohort(folder: Path, records: Sequence[CourseRecord], *, origin: str, selection: str = "") -> int:
    """Every table as CSV and in one workbook, the records and the methods paragraph; returns how many tables.

    Raises
    ------
    DosimetryError
        If the folder holds other files or can't be written; then nothing is.
    """
    require_folder(folder)
    tables = cohort_tables(records)
    with output_folder(folder) as unfinished:
        (unfinished / "records.csv").write_text(records_csv(records), "utf-8")
        for table in tables:
            (unfinished / f"{table.name}.csv").write_text(table_csv(table), "utf-8")
        (unfinished / WORKBOOK_NAME).write_bytes(xlsx_bytes([_sheet(table) for table in tables]))
        methods = methods_paragraph(records, origin=origin, selection=selection)
        (unfinished / "methods.txt").write_text(methods + "\n", "utf-8")
    return len(tables)


def _sheet(table: Table) -> ResultTable:
    """The table for a workbook; its title, which names the units, stands in the first column's heading."""
    first, *others = table.heading
    columns = (Column(f"{first}: {table.title}"), *(Column(heading) for heading in others))
    rows = tuple(tuple(None if cell is None or cell != cell else cell for cell in row) for row in table.rows)
    return ResultTable(table.name, columns, rows)


def table_csv(table: Table) -> str:
    """A table with its title as a comment in the first line; numbers with six significant digits."""
    target = io.StringIO()
    target.write(f"# {table.title}\n")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(table.heading)
    writer.writerows([_cell(cell) for cell in row] for row in table.rows)
    return target.getvalue()


def _cell(value: Cell) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
