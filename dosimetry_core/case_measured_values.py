"""Reads blood samples and laboratory values of a cycle from case.toml."""

from __future__ import annotations

from typing import get_args

from dosimetry_core import units
from dosimetry_core.case import BloodSample, LaboratoryResult, SampleCounting, Visit
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import LABORATORY_BOUNDS
from dosimetry_core.nuclide import nuclide
from dosimetry_core.sample_counting import concentration_at_drawing_bq_per_ml
from dosimetry_core.toml_table import TomlTable

LARGEST_SAMPLE_ML = 50.0
# 177Lu and 90Y give less than one count per decay; more would need several quanta.
MOST_COUNTS_PER_DECAY = 2.0


def read_blood_sample(table: TomlTable, *, blood_density_g_per_ml: float) -> BloodSample | None:
    """One ``[[cycle.blood_sample]]``; None, and the problems gathered, if it has no time.

    Each nuclide has its concentration stated, or the counting that it is computed from.
    """
    time = table.instant("time")
    to_core = units.KILOBECQUEREL_PER_ML.to_core
    values = {name: to_core(v) for name, v in table.map_numbers("activity_kbq_per_ml").items()}
    counted = {
        name: counting
        for name, counting in table.map_with(
            "counted", lambda holder, name: _counting(holder, name, blood_density_g_per_ml)
        ).items()
        if counting is not None
    }
    if not values and not table.has("counted"):
        table.wrong("activity_kbq_per_ml", "is missing", 'write { "Lu-177" = 358.7 }')
    uncertainty = table.optional_number("relative_standard_uncertainty", minimum=0, maximum=1)
    table.finish()
    if time is None:
        return None
    for name, counting in counted.items():
        if name in values:
            table.wrong("counted", f"{name} has a concentration as well", "keep one of them")
            continue
        try:
            values[name] = concentration_at_drawing_bq_per_ml(counting, name, drawn_at=time)
        except DosimetryError as error:
            table.wrong("counted", f"{name}: {error.what}", error.remedy)
    return BloodSample(time, FrozenMap(values), uncertainty, FrozenMap(counted))


def _counting(holder: TomlTable, name: str, blood_density_g_per_ml: float) -> SampleCounting | None:
    table = holder.table(name)
    if table is None:
        return None
    try:
        nuclide(name)
    except DosimetryError as error:
        holder.wrong(name, error.what, error.remedy)
        return None
    counts = table.number("counts", minimum=0)
    duration_s = table.number("counting_s", above=0, maximum=units.SECONDS_PER_DAY)
    counted_at = table.instant("counted_at")
    background = table.optional_number("background_cps", minimum=0)
    efficiency = table.number(
        "efficiency_cps_per_kbq", above=0, maximum=units.KILOBECQUEREL.to_core(MOST_COUNTS_PER_DECAY)
    )
    volume = table.optional_number("volume_ml", above=0, maximum=LARGEST_SAMPLE_ML)
    mass_g = table.optional_number("mass_g", above=0, maximum=LARGEST_SAMPLE_ML)
    if (volume is None) == (mass_g is None):
        table.wrong("volume_ml", "neither or both of volume_ml and mass_g", "give one of them")
    table.finish()
    if counted_at is None or (volume is None and mass_g is None):
        return None
    mass_kg = None if mass_g is None else units.GRAM.to_core(mass_g)
    return SampleCounting(
        counts,
        duration_s,
        counted_at,
        0.0 if background is None else background,
        units.KILOBECQUEREL.from_core(efficiency),
        mass_g / blood_density_g_per_ml if volume is None and mass_g is not None else volume or 0.0,
        mass_kg,
    )


def read_laboratory(table: TomlTable) -> LaboratoryResult | None:
    """One ``[[cycle.laboratory]]``; None, and the problem gathered, if it has no date."""
    day = table.day("date", required=True)
    visit: Visit = table.choice("visit", get_args(Visit)[1:], "")
    values = {}
    for key, (low, high) in LABORATORY_BOUNDS.items():
        value = table.optional_number(key, minimum=low, maximum=high)
        if value is None:
            continue
        if key == "ecog" and value % 1:
            table.wrong(key, f"{value:g} is no value of this scale", "use a whole number")
        values[key] = value
    table.finish()
    return None if day is None else LaboratoryResult(day, FrozenMap(values), visit)
