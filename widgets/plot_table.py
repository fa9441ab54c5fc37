"""The numbers of a plot as a table, as they are copied and saved with its picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from dosimetry_core.entered_numbers import DecimalSign

PlotCell = float | str | None


@dataclass(frozen=True)
class PlotTable:
    """Titles with their units, and rows; numbers are unrounded."""

    titles: tuple[str, ...]
    rows: tuple[tuple[PlotCell, ...], ...]

    @staticmethod
    def of(titles: Iterable[str], rows: Iterable[Iterable[PlotCell]]) -> PlotTable:
        """A table of any iterables; numbers become plain floats."""
        made = tuple(tuple(cell if isinstance(cell, str | None) else float(cell) for cell in row) for row in rows)
        return PlotTable(tuple(titles), made)

    def lines(self) -> str:
        """Tab-separated text, as a spreadsheet takes it from the clipboard."""
        rows = [self.titles, *([_text(cell) for cell in row] for row in self.rows)]
        return "\n".join("\t".join(row) for row in rows)

    def csv_bytes(self, decimal: DecimalSign = "point") -> bytes:
        """CSV (RFC 4180): UTF-8 with the mark by which spreadsheets know it, decimal points.

        With a decimal comma, semicolons stand between cells.
        """
        has_comma = decimal == "comma"
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n", delimiter=";" if has_comma else ",")
        writer.writerow(self.titles)
        for row in self.rows:
            cells = [_text(cell) for cell in row]
            if has_comma:
                cells = [
                    cell if isinstance(value, str) else cell.replace(".", ",")
                    for value, cell in zip(row, cells, strict=True)
                ]
            writer.writerow(cells)
        return text.getvalue().encode("utf-8-sig")


def _text(cell: PlotCell) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else repr(cell)
