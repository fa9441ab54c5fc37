"""Comparisons with other systems as tables: for files, and for the window."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.crosscheck.compared import Compared
from dosimetry_core.comparison.dose_maps import DoseMapComparison
from dosimetry_core.comparison.other_tables import NumberComparison, display_unit
from dosimetry_core.result_tables.table import Cell, Column, ResultTable
from dosimetry_core.units import GRAY, MILLILITRE, PERCENT

_NOT_IN_NAMES = re.compile(r"[^\w .+-]")
"""What names of sheets and files must not hold."""
_MAP_COLUMNS = (
    Column("VOI"),
    Column("Mean, this program", GRAY),
    Column("Mean, other system", GRAY),
    Column("Mean, difference", PERCENT),
    Column("Gamma ≤ 1", PERCENT),
    Column("Voxels looked at"),
    *(Column(f"{what}, {whose}", GRAY) for what in ("D98", "D50", "D2") for whose in ("this program", "other system")),
    Column("Volume", MILLILITRE),
)
_NUMBER_COLUMNS = (
    Column("Cycle"),
    Column("Region"),
    Column("Nuclide"),
    Column("Quantity"),
    Column("Scan"),
    Column("Unit"),
    Column("Other program"),
    Column("This program"),
    Column("Standard uncertainty"),
    Column("Difference", PERCENT),
    Column("Difference in uncertainties"),
    Column("Remark"),
)


def map_table(found: DoseMapComparison, name: str) -> ResultTable:
    """A dose map by VOI; the last line is the whole map."""
    rows: list[tuple[Cell, ...]] = []
    for one in found.vois.values():
        own, other = one.own, one.other
        rows.append(
            (
                one.name,
                own.mean_gy,
                other.mean_gy,
                _percent(one.mean_difference),
                _percent(one.gamma_pass),
                one.gamma_count,
                *(own.d98_gy, other.d98_gy, own.d50_gy, other.d50_gy, own.d2_gy, other.d2_gy),
                own.total_volume_ml,
            )
        )
    nothing: tuple[Cell, ...] = (None,) * 7
    rows.append(("Whole map", None, None, None, _percent(found.gamma.pass_fraction), found.gamma.count, *nothing))
    return ResultTable(name, _MAP_COLUMNS, tuple(rows))


def number_table(numbers: Sequence[NumberComparison], name: str) -> ResultTable:
    """Numbers of another program, one line each."""
    rows: list[tuple[Cell, ...]] = []
    for one in numbers:
        number = one.number
        unit = display_unit(number.quantity)
        own = None if one.own is None else unit.from_core(one.own)
        spread = one.own_standard_uncertainty
        rows.append(
            (
                number.cycle,
                number.region,
                number.nuclide,
                number.quantity.replace("_", " "),
                number.scan,
                unit.symbol,
                unit.from_core(number.value),
                own,
                None if spread is None else unit.from_core(spread),
                _percent(one.relative_difference),
                one.deviation,
                one.remark,
            )
        )
    return ResultTable(name, _NUMBER_COLUMNS, tuple(rows))


def tables_of(found: Sequence[Compared]) -> tuple[ResultTable, ...]:
    """One table for each file."""
    made = []
    for number, one in enumerate(found, start=1):
        name = f"{number} {_NOT_IN_NAMES.sub('-', one.path.stem)}"[:28]
        made.append(map_table(one.dose_map, name) if one.dose_map is not None else number_table(one.numbers, name))
    return tuple(made)


def sentences_of(one: Compared) -> list[str]:
    """What was compared and how, in words."""
    found = one.dose_map
    if found is None:
        known = [number for number in one.numbers if number.own is not None]
        return [f"{one.path.name}: {len(known)} of {len(one.numbers)} numbers have one of this program beside them."]
    share = found.gamma.pass_fraction
    passed = "no voxel to look at" if share is None else f"{PERCENT.text(share)} of {found.gamma.count:,} voxels pass"
    lines = [
        f"{one.path.name} ({one.made_by}), cycle {found.cycle}, {found.nuclide or 'all nuclides'}: "
        f"gamma {found.gamma.criteria.text()}: {passed}."
    ]
    if found.placed_by is not None:
        lines.append(f"It lies on scan {found.placed_by}, and was placed by that scan's registration.")
    if found.gamma.unreachable:
        lines.append(f"{found.gamma.unreachable:,} voxels lie outside the other map and are not looked at.")
    if found.left_out:
        lines.append(f"Not covered by the other map: {', '.join(found.left_out)}.")
    return lines


def _percent(value: float | None) -> float | None:
    return None if value is None else PERCENT.from_core(value)
