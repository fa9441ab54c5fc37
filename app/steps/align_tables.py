"""The registration of one scan in words and numbers, and that of all scans of a cycle."""

from __future__ import annotations

from typing import Final

from app.number_grid import GridColumn, GridRow, Number
from app.registration_words import DEGREE, REGISTRATION_WORDS, confirmation_words, displacement_mm
from app.result_paths import result_path
from app.scan_words import delay_text
from dosimetry_core.case import Cycle
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.registration.adjustments import LARGE_SHIFT_MM, shift_mm
from dosimetry_core.units import MILLIMETRE, DisplayUnit

NUMBER_COLUMNS: Final = [GridColumn("name", ""), GridColumn("value", "")]
SCAN_COLUMNS: Final = [GridColumn("scan", "Scan"), GridColumn("method", ""), GridColumn("residual", "Residual (mm)")]


def state_words(registration: Registration) -> str:
    """How it came about, and who confirmed it."""
    words = REGISTRATION_WORDS.get(registration.method, registration.method)
    return ", ".join(part for part in (words, confirmation_words(registration)) if part)


def shift_words(point: TimePoint) -> str:
    """What a large shift of the image asks for; empty for a small one."""
    shift, registration = shift_mm(point), point.registration
    if shift <= LARGE_SHIFT_MM:
        return ""
    noted = f" Noted: {registration.note}." if registration.note else ""
    wanted = "" if registration.is_confirmed else ", and note what you saw"
    return f"The image centre moves {MILLIMETRE.text(shift)}: look at all three planes{wanted}.{noted}"


def number_rows(cycle_index: int, index: int, point: TimePoint) -> list[GridRow]:
    """Residual, rotation and shift of one scan, each with its place in the results."""
    base = result_path("cycles", cycle_index, "time_points", index, "registration")
    registration = point.registration
    shift = displacement_mm(registration.transform, point.spect.volume.geometry.centre_mm())
    rows: list[tuple[str, str, float | None, DisplayUnit]] = [
        ("Residual (mm)", "residual_mm", registration.residual_mm, MILLIMETRE),
        ("Rotation (°)", "rotation_rad", registration.transform.angle_rad, DEGREE),
    ]
    for axis, towards in enumerate(("left", "back", "head")):
        key = f"translation_of_reference_centre_mm.{axis}"
        rows.append((f"Shift to the {towards} (mm)", key, float(shift[axis]), MILLIMETRE))
    return [
        GridRow(name, {"name": name, "value": Number(f"{base}.{key}", value, unit)}) for name, key, value, unit in rows
    ]


def scan_rows(cycle_index: int, current: int, cycle: Cycle) -> list[GridRow]:
    """One row for each scan of a cycle; the current one is marked."""
    return [
        GridRow(
            str(number),
            {
                "scan": f"{'▸ ' if number == current else ''}{delay_text(cycle, held)}",
                "method": _method_and_state(held.registration),
                "residual": Number(
                    result_path("cycles", cycle_index, "time_points", number, "registration", "residual_mm"),
                    held.registration.residual_mm,
                    MILLIMETRE,
                ),
            },
            mark="warning" if any(f.level != "info" for f in held.registration.findings) else "",
        )
        for number, held in enumerate(cycle.time_points)
    ]


def _method_and_state(registration: Registration) -> str:
    words = REGISTRATION_WORDS.get(registration.method, registration.method)
    return f"{words} ✔ {registration.confirmed_by}" if registration.is_confirmed else words
