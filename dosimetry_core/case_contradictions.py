"""What in a typed case can't be true together: dates, doubled values, samples of what was not given."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date

from dosimetry_core.case import Cycle, Patient
from dosimetry_core.errors import DosimetryError, InconsistentCaseError
from dosimetry_core.units import DAY, SECONDS_PER_DAY

OLDEST_PATIENT_YEARS = 120
LATEST_BLOOD_SAMPLE_S = 14 * SECONDS_PER_DAY
"""The protocol samples for one day; after two weeks less than a thousandth is left in blood."""


def contradictions(patient: Patient, cycles: Sequence[Cycle], *, place: str) -> list[DosimetryError]:
    """Everything that contradicts itself in a case that was read; ``place`` names its file."""
    return [
        InconsistentCaseError(what, where=f"{place}, {where}", remedy=remedy)
        for where, what, remedy in itertools.chain(
            _order(cycles),
            _birth(patient, cycles),
            *(_administrations(cycle) for cycle in cycles),
            *(_measured_late(cycle) for cycle in cycles),
            *(_blood(cycle) for cycle in cycles),
            *(_laboratory(patient, cycle) for cycle in cycles),
        )
    ]


_Fault = tuple[str, str, str]
"""Where in the file, what is wrong, what to do."""


def _order(cycles: Sequence[Cycle]) -> Iterator[_Fault]:
    numbers = [cycle.number for cycle in cycles]
    if numbers != list(range(1, len(numbers) + 1)):
        yield "cycle", f"cycles are numbered {numbers}", "number them 1, 2, 3 … in order of treatment"
        return
    for before, after in itertools.pairwise(cycles):
        if not before.administrations or not after.administrations:
            continue
        start = min(a.start for a in after.administrations)
        if start <= max(a.start for a in before.administrations):
            yield "cycle", f"cycle {after.number} begins before cycle {before.number}", "check the dates"
        for name, times in (
            ("blood_sample", [sample.time for sample in before.blood_samples]),
            ("whole_body", list(before.whole_body.times)),
        ):
            late = [time for time in times if time >= start]
            if late:
                yield (
                    f"cycle {before.number}, {name}",
                    f"the value of {late[0].isoformat()} was measured after cycle {after.number} began",
                    "check the dates",
                )


def _measured_late(cycle: Cycle) -> Iterator[_Fault]:
    """Values measured so long before or after the administration that their date must be wrong."""
    if not cycle.administrations:
        return
    start = min(a.start for a in cycle.administrations)
    for number, sample in enumerate(cycle.blood_samples, start=1):
        if not -LATEST_BLOOD_SAMPLE_S <= (sample.time - start).total_seconds() <= LATEST_BLOOD_SAMPLE_S:
            yield (
                f"cycle {cycle.number}, blood_sample {number}, time",
                f"{sample.time.isoformat()} is more than {DAY.text(LATEST_BLOOD_SAMPLE_S, digits=0)} away from the "
                f"administration of {start.isoformat()}",
                "check both dates",
            )
    early = [time for time in cycle.whole_body.times if time < start]
    if early:
        yield (
            f"cycle {cycle.number}, whole_body, time",
            f"{early[0].isoformat()} is before the administration of {start.isoformat()}",
            "check both times",
        )


def _birth(patient: Patient, cycles: Sequence[Cycle]) -> Iterator[_Fault]:
    starts = [a.start.date() for cycle in cycles for a in cycle.administrations]
    if patient.birth_date is None or not starts:
        return
    if patient.birth_date >= min(starts):
        yield "[patient], birth_date", "is after the first administration", "check both dates"
    elif patient.birth_date < _years_before(min(starts), OLDEST_PATIENT_YEARS):
        yield "[patient], birth_date", f"makes the patient older than {OLDEST_PATIENT_YEARS} years", "check it"


def _years_before(day: date, years: int) -> date:
    # 29 February has no anniversary in most years.
    return day.replace(year=day.year - years, day=min(day.day, 28))


def _administrations(cycle: Cycle) -> Iterator[_Fault]:
    for number, given in enumerate(cycle.administrations, start=1):
        if given.vial is not None and given.vial.residual_time < given.start:
            yield (
                f"cycle {cycle.number}, administration {number}, residual_time",
                "the residual was measured before the infusion began",
                "check both times and the clock offset of the dose calibrator",
            )


def _blood(cycle: Cycle) -> Iterator[_Fault]:
    given = {a.nuclide for a in cycle.administrations}
    if not given:
        return
    for number, sample in enumerate(cycle.blood_samples, start=1):
        for name in sample.activity_concentration_bq_per_ml:
            if name not in given:
                yield (
                    f"cycle {cycle.number}, blood_sample {number}, activity_kbq_per_ml",
                    f"{name!r} was not given in this cycle",
                    f"use {' or '.join(sorted(given))}, or add its administration",
                )
    entered = cycle.entered
    if (
        cycle.blood_samples
        and entered is not None
        and "red_marrow" in entered.absorbed_dose_per_administered_activity_gy_per_bq
    ):
        yield (
            f"cycle {cycle.number}, blood_sample",
            "blood samples and an entered absorbed dose to the red marrow in one cycle",
            "keep one of them",
        )


def _laboratory(patient: Patient, cycle: Cycle) -> Iterator[_Fault]:
    values: dict[tuple[date, str], float] = {}
    for number, result in enumerate(cycle.laboratory, start=1):
        where = f"cycle {cycle.number}, laboratory {number}"
        if patient.birth_date is not None and result.date < patient.birth_date:
            yield f"{where}, date", "is before the patient's birth", "check it"
        for key, value in result.values.items():
            first = values.setdefault((result.date, key), value)
            if first != value:
                yield (
                    f"{where}, {key}",
                    f"is {value:g}, but another result of {result.date.isoformat()} says {first:g}",
                    "keep the right one",
                )
