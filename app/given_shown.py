"""What was given in a cycle, and the calibration of its images, as rows of the import step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from app.number_grid import GridColumn, GridRow, Number
from app.result_paths import result_path
from app.window_texts import time_text
from dosimetry_core.case import Calibration, Case
from dosimetry_core.nuclide import Y90
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import (
    COUNTS_PER_S_PER_MBQ,
    GIGABECQUEREL,
    MICROSECOND,
    MILLIMETRE,
    MINUTE,
    PERCENT,
    DisplayUnit,
)

GIVEN_COLUMNS: Final = [GridColumn("nuclide", ""), GridColumn("activity", "GBq"), GridColumn("start", "Start, length")]
CALIBRATION_COLUMNS: Final = [GridColumn("name", ""), GridColumn("value", "")]
_PLAIN: Final = DisplayUnit("", 1.0, 3)

Cell = tuple[str, Number | str]


def given_rows(case: Case, index: int) -> list[GridRow]:
    """Every administration of a cycle, which is named by its index in the case."""
    rows = []
    for n, given in enumerate(case.cycles[index].administrations):
        path = result_path("cycles", index, "administrations", n, "administered_activity_bq")
        length = "" if given.infusion_s is None else f", {MINUTE.text(given.infusion_s, digits=0)}"
        cells: dict[str, Number | str] = {
            "nuclide": nuclide_symbol(given.nuclide),
            "activity": Number(path, given.administered_activity_bq, GIGABECQUEREL),
            "start": time_text(case, given.start, short=True) + length,
        }
        rows.append(GridRow(given.nuclide, cells))
    return rows


def calibration_rows(calibration: Calibration, cycle: int) -> list[GridRow]:
    """Everything that a calibration states; ``cycle`` is the number of its cycle."""
    base = result_path("settings", "calibration", f"cycle_{cycle}")
    cells = (
        *_sensitivity(calibration, base),
        *_sensitivity_beside_yttrium(calibration, base),
        ("Dead time (µs)", Number(f"{base}.dead_time_s", calibration.dead_time_s, MICROSECOND)),
        *_partial_volume(calibration, base),
        *_origin(calibration),
    )
    return [GridRow(name, {"name": name, "value": value}) for name, value in cells]


def _sensitivity(held: Calibration, base: str) -> Iterator[Cell]:
    if held.sensitivity_cps_per_bq is None:
        yield "Sensitivity", "not stated"
    else:
        number = Number(f"{base}.sensitivity_cps_per_bq", held.sensitivity_cps_per_bq, COUNTS_PER_S_PER_MBQ)
        yield "Sensitivity (counts/s/MBq)", number
        yield "Convention", (held.convention or "not stated").replace("-", " ")
    if (uncertainty := held.relative_standard_uncertainty) is not None:
        yield "Standard uncertainty (%)", Number(f"{base}.relative_standard_uncertainty", uncertainty, PERCENT)


def _sensitivity_beside_yttrium(held: Calibration, base: str) -> Iterator[Cell]:
    sensitivity = held.sensitivity_with_yttrium_90_cps_per_bq
    if sensitivity is None:
        return
    number = Number(f"{base}.sensitivity_with_yttrium_90_cps_per_bq", sensitivity, COUNTS_PER_S_PER_MBQ)
    yield f"Beside {nuclide_symbol(Y90)} (counts/s/MBq)", number
    if (uncertainty := held.with_yttrium_90_relative_standard_uncertainty) is not None:
        path = f"{base}.with_yttrium_90_relative_standard_uncertainty"
        yield "Its standard uncertainty (%)", Number(path, uncertainty, PERCENT)
    yield from _days(
        ("Its day of measurement", held.with_yttrium_90_measured_on),
        ("Its last day", held.with_yttrium_90_valid_until),
    )


def _partial_volume(held: Calibration, base: str) -> Iterator[Cell]:
    for n, fwhm in enumerate(held.point_spread_fwhm_mm or ()):
        yield f"Resolution {'xyz'[n]} (mm FWHM)", Number(f"{base}.point_spread_fwhm_mm.{n}", fwhm, MILLIMETRE)
    if held.recovery is not None:
        yield "Recovery b (mL)", Number(f"{base}.recovery.b_ml", held.recovery.b_ml, _PLAIN)
        yield "Recovery γ", Number(f"{base}.recovery.gamma", held.recovery.gamma, _PLAIN)


def _origin(held: Calibration) -> Iterator[Cell]:
    if held.profile:
        yield "Camera profile", held.profile
    yield from _days(("Measured on", held.measured_on), ("Valid until", held.valid_until))


def _days(*stated: tuple[str, date | None]) -> Iterator[Cell]:
    for words, day in stated:
        if day is not None:
            yield words, day.isoformat()
