"""Laboratory values over the course: baseline, worst value, change, grades, kidney function from creatinine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from dosimetry_core.case import Case, LaboratoryResult, Visit
from dosimetry_core.laboratory import LABORATORY_NAMES
from dosimetry_core.safety.assessment import CREATININE_KEY, laboratory_facts
from dosimetry_core.safety.ctcae import GRADED_KEYS, ctcae_grade
from dosimetry_core.safety.renal import age_years, creatinine_clearance_cockcroft_gault_ml_per_min

CLEARANCE_KEY: Final = "creatinine_clearance_cockcroft_gault_ml_per_min"
"""Cockcroft–Gault: no laboratory value and no eGFR; never held against an eGFR limit."""
CLEARANCE_NAME: Final = ("Clearance, Cockcroft–Gault", "mL/min")
_WORSE_WHEN_HIGH: Final = (
    "creatinine_umol_per_l", "alt_u_per_l", "ast_u_per_l", "bilirubin_umol_per_l", "ecog", "chromogranin_a_ug_per_l",
    "neuron_specific_enolase_ug_per_l", "hydroxyindoleacetic_acid_umol_per_24h",
)  # fmt: skip

Origin = Literal["stated", "computed"]


@dataclass(frozen=True)
class TrendValue:
    """One value of one day.

    ``grade``: CTCAE 5.0, None where there is none or it can't be decided; ``days_after``: days since the last
    administration before it, None before the first; ``cycle``: number of that administration's cycle, 0 before the
    first.
    """

    day: date
    value: float
    origin: Origin
    grade: int | None
    cycle: int
    days_after: int | None
    visit: Visit = ""


@dataclass(frozen=True)
class LaboratoryTrend:
    """One quantity over the course.

    ``baseline``: the last value up to the day of the first administration; ``worst``: the lowest after the first
    administration (nadir), or the highest where high values are the bad ones; ``latest``: the last of all.
    """

    key: str
    values: tuple[TrendValue, ...]
    baseline: TrendValue | None
    worst: TrendValue | None
    worse_when_high: bool

    @property
    def latest(self) -> TrendValue:
        """The last value."""
        return self.values[-1]

    def change(self, value: TrendValue) -> float | None:
        """Change of a value against the baseline, as a share of it; None without a baseline above 0."""
        if self.baseline is None or not self.baseline.value > 0:
            return None
        return value.value / self.baseline.value - 1.0

    @property
    def worst_grade(self) -> int | None:
        """Highest grade after the first administration; None if none can be decided."""
        grades = [v.grade for v in self.values if v.cycle and v.grade is not None]
        return max(grades) if grades else None

    def to_json(self) -> dict[str, Any]:
        """As it stands in results.json."""

        def one(value: TrendValue | None) -> dict[str, Any] | None:
            if value is None:
                return None
            return {
                "date": value.day.isoformat(),
                "value": value.value,
                "grade": value.grade,
                "cycle": value.cycle,
                "days_after_administration": value.days_after,
                "change_from_baseline": self.change(value),
                "visit": value.visit,
            }

        return {
            "baseline": one(self.baseline),
            "worst": one(self.worst),
            "latest": one(self.latest),
            "worst_grade": self.worst_grade,
        }


def name_and_unit(key: str) -> tuple[str, str]:
    """Name and unit of a trend."""
    return CLEARANCE_NAME if key == CLEARANCE_KEY else LABORATORY_NAMES.get(key, (key, ""))


def laboratory_trends(case: Case) -> tuple[LaboratoryTrend, ...]:
    """Every quantity of the course that has a value, in the order of the case file.

    A missing eGFR is that of CKD-EPI 2021 from the creatinine of the day; the clearance by Cockcroft and Gault is kept
    beside it, where age and weight are known.
    """
    starts = sorted(
        (min(given.start for given in cycle.administrations).date(), cycle.number)
        for cycle in case.cycles
        if cycle.administrations
    )
    days: dict[date, tuple[dict[str, tuple[float, Origin]], Visit]] = {}
    for result in sorted((r for cycle in case.cycles for r in cycle.laboratory), key=lambda r: r.date):
        known, visit = days.get(result.date, ({}, ""))
        days[result.date] = ({**known, **_values(case, result)}, visit or result.visit)
    first = starts[0][0] if starts else None
    baselines = {
        key: value
        for day, (values, _visit) in days.items()
        if first is None or day <= first
        for key, (value, _origin) in values.items()
    }
    trends = []
    for key in (*LABORATORY_NAMES, CLEARANCE_KEY):
        values = tuple(
            _trend_value(case, key, day, found[key], starts, baselines, visit)
            for day, (found, visit) in days.items()
            if key in found
        )
        if values:
            trends.append(_trend(key, values))
    return tuple(trends)


def _values(case: Case, result: LaboratoryResult) -> dict[str, tuple[float, Origin]]:
    found: dict[str, tuple[float, Origin]] = {}
    for key, fact in laboratory_facts(case.patient, [result]).items():
        found[key] = fact.value, "stated" if fact.origin == "stated" else "computed"
    patient, creatinine = case.patient, result.values.get(CREATININE_KEY)
    if creatinine and patient.birth_date is not None and patient.weight_kg is not None:
        age = age_years(patient.birth_date, result.date)
        if age >= 18:
            clearance = creatinine_clearance_cockcroft_gault_ml_per_min(
                creatinine, age_years=age, weight_kg=patient.weight_kg, sex=patient.sex
            )
            found[CLEARANCE_KEY] = clearance, "computed"
    return found


def _trend_value(
    case: Case,
    key: str,
    day: date,
    found: tuple[float, Origin],
    starts: list[tuple[date, int]],
    baselines: Mapping[str, float],
    visit: Visit,
) -> TrendValue:
    value, origin = found
    given = [(start, number) for start, number in starts if start < day]
    last = given[-1] if given else None
    grade = None
    if key in GRADED_KEYS:
        # What was measured before treatment is graded by the limits alone: it is what later values are held against.
        baseline = None if last is None else baselines.get(key)
        grade = ctcae_grade(key, value, limit=case.laboratory_limits.get(key), baseline=baseline)
    return TrendValue(
        day,
        value,
        origin,
        grade,
        0 if last is None else last[1],
        None if last is None else (day - last[0]).days,
        visit,
    )


def _trend(key: str, values: tuple[TrendValue, ...]) -> LaboratoryTrend:
    before = [value for value in values if value.cycle == 0]
    after = [value for value in values if value.cycle]
    high = key in _WORSE_WHEN_HIGH
    pick = max if high else min
    worst = pick(after, key=lambda value: value.value) if after else None
    return LaboratoryTrend(key, values, before[-1] if before else None, worst, high)
