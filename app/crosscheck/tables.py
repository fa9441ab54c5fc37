"""Comparisons with other systems as tables: for files, and for the window."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from app.crosscheck.compared import Compared
from app.operations.counted import counted
from dosimetry_core.comparison.dose_maps import DoseMapComparison
from dosimetry_core.comparison.number_comparison import NumberComparison, display_unit
from dosimetry_core.comparison.other_registrations import RegistrationsComparison
from dosimetry_core.comparison.other_vois import VoiSetComparison
from dosimetry_core.dose.dose_volume import DoseVolume
from dosimetry_core.result_tables.table import Cell, Column, ResultTable
from dosimetry_core.units import GRAY, MILLILITRE, MILLIMETRE, PERCENT

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
_VOI_COLUMNS = (
    Column("VOI"),
    Column("Other system's"),
    Column("Matched by"),
    Column("Dice"),
    Column("Volume, this program", MILLILITRE),
    Column("Volume, other system", MILLILITRE),
    Column("Volume, difference", PERCENT),
    Column("Centres apart", MILLIMETRE),
    Column("Mean surface distance", MILLIMETRE),
    Column("Hausdorff, 95 %", MILLIMETRE),
    Column("Hausdorff", MILLIMETRE),
    Column("Mean dose, this program", GRAY),
    Column("Mean dose, other outline", GRAY),
    Column("Mean dose, difference", PERCENT),
    *(Column(f"{what}, {whose}", GRAY) for what in ("D98", "D50", "D2") for whose in ("this program", "other outline")),
)
_REGISTRATION_COLUMNS = (
    Column("Scan"),
    Column("VOI"),
    Column("This program's"),
    Column("Displacement, mean", MILLIMETRE),
    Column("Displacement, largest", MILLIMETRE),
    Column("x", MILLIMETRE),
    Column("y", MILLIMETRE),
    Column("z", MILLIMETRE),
    Column("Rotation / °"),
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


def voi_table(found: VoiSetComparison, name: str) -> ResultTable:
    """VOIs of a file beside ours; those without a counterpart stand alone at the end."""
    rows: list[tuple[Cell, ...]] = []
    for pair in found.pairs.values():
        agreement, own, other = pair.agreement, pair.own_dose, pair.other_dose
        doses = [None if dose is None else value(dose) for value in _OF_DOSE for dose in (own, other)]
        rows.append(
            (
                pair.name,
                pair.other_name,
                pair.matched_by,
                agreement.dice,
                agreement.own_volume_ml,
                agreement.other_volume_ml,
                _percent(agreement.volume_difference),
                agreement.centroid_distance_mm,
                agreement.mean_surface_distance_mm,
                agreement.hausdorff_95_mm,
                agreement.hausdorff_mm,
                *doses[:2],
                _percent(pair.mean_dose_difference),
                *doses[2:],
            )
        )
    nothing: tuple[Cell, ...] = (None,) * (len(_VOI_COLUMNS) - 3)
    rows += [(one, None, "not in the file", *nothing) for one in found.own_only]
    rows += [(None, one, "no VOI here", *nothing) for one in found.other_only]
    return ResultTable(name, _VOI_COLUMNS, tuple(rows))


_OF_DOSE: tuple[Callable[[DoseVolume], float], ...] = (
    lambda dose: dose.mean_gy,
    lambda dose: dose.d98_gy,
    lambda dose: dose.d50_gy,
    lambda dose: dose.d2_gy,
)


def registration_table(found: RegistrationsComparison, name: str) -> ResultTable:
    """Displacement over each VOI, scan by scan; the first line of a scan tells how both motions differ as a whole."""
    rows: list[tuple[Cell, ...]] = []
    for one in found.scans:
        x, y, z = one.translation_mm
        rows.append((one.scan, "Middle of the VOIs", one.method, None, None, x, y, z, math.degrees(one.rotation_rad)))
        nothing: tuple[Cell, ...] = (None,) * 4
        rows += [(one.scan, voi, "", apart.mean_mm, apart.largest_mm, *nothing) for voi, apart in one.vois.items()]
    return ResultTable(name, _REGISTRATION_COLUMNS, tuple(rows))


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
        if one.dose_map is not None:
            made.append(map_table(one.dose_map, name))
        elif one.vois is not None:
            made.append(voi_table(one.vois, name))
        elif one.registrations is not None:
            made.append(registration_table(one.registrations, name))
        else:
            made.append(number_table(one.numbers, name))
    return tuple(made)


def sentences_of(one: Compared) -> list[str]:
    """What was compared and how, in words."""
    if one.vois is not None:
        return _of_vois(one, one.vois)
    if one.registrations is not None:
        return _of_registrations(one, one.registrations)
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


def _of_vois(one: Compared, found: VoiSetComparison) -> list[str]:
    lines = [
        f"{one.path.name}, cycle {found.cycle}: {counted(len(found.pairs), 'VOI')} beside ours; doses are of "
        f"{found.nuclide or 'all nuclides'} on this program's dose map."
        if not found.without_dose
        else f"{one.path.name}, cycle {found.cycle}: {counted(len(found.pairs), 'VOI')} beside ours, without doses "
        f"({found.without_dose})."
    ]
    if found.placed_by is not None:
        lines.append(f"They lie on scan {found.placed_by}, and were placed by that scan's registration.")
    beyond = [pair.other_name for pair in found.pairs.values() if pair.own_dose and not pair.other_dose]
    if beyond:
        lines.append(f"Reach beyond the dose map, or have no volume of their own: {', '.join(beyond)}.")
    lines += [
        f"{finding.place.replace(str(one.path), one.path.name)}: {finding.text.rstrip('.')}."
        for finding in found.findings
    ]
    return lines


def _of_registrations(one: Compared, found: RegistrationsComparison) -> list[str]:
    scans = ", ".join(str(scan.scan) for scan in found.scans)
    lines = [f"{one.path.name}, cycle {found.cycle}: the other registration against ours, scan {scans}."]
    if found.unrelated:
        lines.append(f"It says nothing about scan {', '.join(str(scan) for scan in found.unrelated)}.")
    if found.unregistered:
        lines.append(f"Not registered here: scan {', '.join(str(scan) for scan in found.unregistered)}.")
    return lines


def _percent(value: float | None) -> float | None:
    return None if value is None else PERCENT.from_core(value)
