"""Results as flat tables for a spreadsheet: what a person reads in its display unit, and every value there is."""

from __future__ import annotations

from dosimetry_core.result_tables.files import csv_bytes, table_files, xlsx_bytes
from dosimetry_core.result_tables.table import Cell, Column, ResultTable
from dosimetry_core.result_tables.tables import result_tables

__all__ = ["Cell", "Column", "ResultTable", "csv_bytes", "result_tables", "table_files", "xlsx_bytes"]
