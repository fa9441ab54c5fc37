"""Writes a cohort's records, tables, figures and methods into a folder, by pseudonym."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.outputs import output_folder, require_folder
from dosimetry_core.cohort.csv_records import records_csv
from dosimetry_core.cohort.methods_text import methods_paragraph
from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.table_parts import Cell, Table
from dosimetry_core.cohort.tables import cohort_tables
from dosimetry_core.entered_numbers import DecimalSign
from dosimetry_core.result_tables.files import xlsx_bytes
from dosimetry_core.result_tables.table import Column, ResultTable

WORKBOOK_NAME = "cohort.xlsx"
FIGURES_FOLDER = "figures"


def write_cohort(
    folder: Path,
    records: Sequence[CourseRecord],
    *,
    origin: str,
    selection: str = "",
    decimal: DecimalSign = "point",
    figures: Mapping[str, bytes] | None = None,
) -> int:
    """Every table as CSV and in one workbook, the records, figures and the methods paragraph; returns how many tables.

    Parameters
    ----------
    origin, selection
        As in `methods_paragraph`.
    decimal
        Decimal sign of the CSV files; with the comma, semicolons stand between cells.
    figures
        Content by file name, as of `drawn_figures`; they go into a folder of their own.

    Raises
    ------
    DosimetryError
        If the folder holds other files or can't be written; then nothing is.
    """
    require_folder(folder)
    tables = cohort_tables(records)
    with output_folder(folder) as unfinished:
        (unfinished / "records.csv").write_text(records_csv(records, decimal=decimal), "utf-8")
        for table in tables:
            (unfinished / f"{table.name}.csv").write_text(table_csv(table, decimal), "utf-8")
        (unfinished / WORKBOOK_NAME).write_bytes(xlsx_bytes([_sheet(table) for table in tables]))
        methods = methods_paragraph(records, origin=origin, selection=selection)
        (unfinished / "methods.txt").write_text(methods + "\n", "utf-8")
        if figures:
            (unfinished / FIGURES_FOLDER).mkdir()
            for name, content in figures.items():
                (unfinished / FIGURES_FOLDER / name).write_bytes(content)
    return len(tables)


def _sheet(table: Table) -> ResultTable:
    """The table for a workbook; its title, which names the units, stands in the first column's heading."""
    first, *others = table.heading
    columns = (Column(f"{first}: {table.title}"), *(Column(heading) for heading in others))
    rows = tuple(tuple(None if cell is None or cell != cell else cell for cell in row) for row in table.rows)
    return ResultTable(table.name, columns, rows)


def table_csv(table: Table, decimal: DecimalSign = "point") -> str:
    """A table with its title as a comment in the first line; numbers with six significant digits."""
    target = io.StringIO()
    target.write(f"# {table.title}\n")
    writer = csv.writer(target, lineterminator="\n", delimiter=";" if decimal == "comma" else ",")
    writer.writerow(table.heading)
    writer.writerows([_cell(cell, decimal) for cell in row] for row in table.rows)
    return target.getvalue()


def _cell(value: Cell, decimal: DecimalSign) -> str:
    if value is None or value != value:
        return ""
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.6g}"
    return text.replace(".", ",") if decimal == "comma" else text
