"""What courses of a cohort can be compared by: one number a course, with its name and the unit it is shown in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dosimetry_core.cohort.records import CourseRecord
from dosimetry_core.cohort.table_parts import nuclides
from dosimetry_core.laboratory import LABORATORY_NAMES
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT, DisplayUnit

_ORGANS = {"kidneys": "Kidneys", "red_marrow": "Red marrow"}
_YEARS = DisplayUnit("years", 1.0, 0)
_NUMBER = DisplayUnit("", 1.0, 0)


@dataclass(frozen=True)
class Quantity:
    """One number a course.

    Parameters
    ----------
    key
        Stable, for a choice that is kept.
    of
        The number in the core unit; None where it is not known.
    """

    key: str
    name: str
    unit: DisplayUnit
    of: Callable[[CourseRecord], float | None]

    @property
    def title(self) -> str:
        """Name with the unit."""
        return f"{self.name} ({self.unit.symbol})" if self.unit.symbol else self.name


def quantities(records: Sequence[CourseRecord]) -> tuple[Quantity, ...]:
    """What at least one of these courses has a number of."""
    found = [
        *(_dose(organ, None) for organ in _ORGANS),
        *(_dose(organ, nuclide) for organ in _ORGANS for nuclide in nuclides(records)),
        *(_activity(nuclide) for nuclide in nuclides(records)),
        Quantity("cycles", "Cycles given", _NUMBER, _cycles),
        Quantity("age", "Age at the first cycle", _YEARS, lambda record: record.age_years),
        *(_change(key) for key in LABORATORY_NAMES if any(key in record.laboratory for record in records)),
        Quantity("best-change", "Sum of diameters, best change", PERCENT, lambda record: record.best_change),
        *(_baseline(key) for key in LABORATORY_NAMES if any(key in record.laboratory for record in records)),
    ]
    return tuple(one for one in found if any(one.of(record) is not None for record in records))


def _dose(organ: str, nuclide: str | None) -> Quantity:
    key = f"dose/{organ}" if nuclide is None else f"dose/{organ}/{nuclide}"
    name = f"{_ORGANS[organ]}, absorbed dose" + ("" if nuclide is None else f" by {nuclide}")
    return Quantity(key, name, GRAY, lambda record: record.absorbed_dose_gy(organ, nuclide))


def _activity(nuclide: str) -> Quantity:
    return Quantity(
        f"activity/{nuclide}", f"Activity of {nuclide}", GIGABECQUEREL, lambda record: record.activity_bq(nuclide)
    )


def _cycles(record: CourseRecord) -> float | None:
    return None if record.cycle_count is None else float(record.cycle_count)


def _change(key: str) -> Quantity:
    def change(record: CourseRecord) -> float | None:
        return record.laboratory[key].relative_change if key in record.laboratory else None

    return Quantity(f"change/{key}", f"{LABORATORY_NAMES[key][0]}, worst change", PERCENT, change)


def _baseline(key: str) -> Quantity:
    name, symbol = LABORATORY_NAMES[key]

    def baseline(record: CourseRecord) -> float | None:
        return record.laboratory[key].baseline if key in record.laboratory else None

    return Quantity(f"baseline/{key}", f"{name} before", DisplayUnit(symbol, 1.0, 1), baseline)
