"""A flat table: titled columns with their units, and rows of numbers and texts."""

from __future__ import annotations

from dataclasses import dataclass

from dosimetry_core.units import DisplayUnit

Cell = float | int | str | None


@dataclass(frozen=True)
class Column:
    """A column; its values are in ``unit``, None for texts and plain numbers."""

    title: str
    unit: DisplayUnit | None = None

    @property
    def heading(self) -> str:
        """Title with the unit."""
        return self.title if self.unit is None else f"{self.title} / {self.unit.symbol}"


@dataclass(frozen=True)
class ResultTable:
    """A table by its name; numbers are unrounded, in the units of their columns."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of {self.name} has not one cell for each column")
