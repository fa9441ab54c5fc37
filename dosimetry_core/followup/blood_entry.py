"""Blood samples and whole-body measurements as a person types them, with range checks against the activity given."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dosimetry_core.case import BloodSample, Cycle, SampleCounting, WholeBody
from dosimetry_core.case_measured_values import MOST_COUNTS_PER_DECAY
from dosimetry_core.data_tables import table_json
from dosimetry_core.entered_numbers import DecimalSign, read_number
from dosimetry_core.errors import DosimetryError, InconsistentCaseError
from dosimetry_core.followup.entry_cells import (
    CellRemark,
    Row,
    error_of,
    infusion_of,
    is_blank,
    read_time,
    typed_time,
)
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import nuclide
from dosimetry_core.sample_counting import (
    concentration_at_drawing_bq_per_ml,
    relative_counting_uncertainty,
)
from dosimetry_core.units import (
    GRAM,
    KILOBECQUEREL,
    KILOBECQUEREL_PER_ML,
    MEGABECQUEREL,
    PERCENT,
    SECONDS_PER_HOUR,
)

TIME: Final = "time"
UNCERTAINTY: Final = "uncertainty"
NUCLIDE, COUNTS, DURATION, COUNTED_AT, VOLUME, MASS = "nuclide", "counts", "duration", "counted_at", "volume", "mass"


@dataclass(frozen=True)
class WellCounter:
    """Efficiency and background of the counter, as typed beside the table."""

    efficiency_cps_per_bq: float
    background_cps: float


@dataclass(frozen=True)
class EnteredBlood:
    """Samples that were read, and remarks on the cells; to be taken only where no remark is an error.

    ``concentrations``: for rows of a counter, by row, what was computed in Bq/mL.
    """

    samples: tuple[BloodSample, ...]
    remarks: tuple[CellRemark, ...]
    times: FrozenMap[int, datetime]
    concentrations: FrozenMap[int, float]

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not any(remark.level == "error" for remark in self.remarks)


def concentration_column(nuclide_name: str) -> str:
    """Column of the concentrations of a nuclide."""
    return f"kBq/mL {nuclide_name}"


def read_concentrations(
    rows: Sequence[Row], cycle: Cycle, zone: ZoneInfo, *, decimal: DecimalSign = "either"
) -> EnteredBlood:
    """Samples whose concentration is known, one row each, a column in kBq/mL for each nuclide that was given."""
    infusion = infusion_of(cycle)
    remarks: list[CellRemark] = []
    times: dict[int, datetime] = {}
    samples: list[tuple[int, BloodSample]] = []
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        time = _time(number, TIME, row, zone, infusion, remarks)
        values: dict[str, float] = {}
        for given in cycle.administrations:
            column = concentration_column(given.nuclide)
            value = _number(number, column, row, decimal, remarks)
            if value is not None:
                values[given.nuclide] = KILOBECQUEREL_PER_ML.to_core(value)
        if not values and not any(r.row == number and r.level == "error" for r in remarks):
            first = concentration_column(cycle.administrations[0].nuclide)
            remarks.append(CellRemark(number, first, "error", "the concentration is missing"))
        uncertainty = _percent(number, row, decimal, remarks)
        if time is not None:
            times[number] = time
            samples.append((number, BloodSample(time, FrozenMap(values), uncertainty)))
    remarks += _doubts(samples, cycle, infusion, lambda _row, name: concentration_column(name))
    return EnteredBlood(_ordered(samples), tuple(remarks), FrozenMap(times), FrozenMap())


def read_countings(
    rows: Sequence[Row],
    cycle: Cycle,
    zone: ZoneInfo,
    counter: WellCounter,
    *,
    blood_density_g_per_ml: float,
    decimal: DecimalSign = "either",
) -> EnteredBlood:
    """Samples that were counted, one row for each sample and nuclide.

    A sample's uncertainty, where none is typed, is that of its counting statistics.
    """
    infusion = infusion_of(cycle)
    remarks: list[CellRemark] = []
    times: dict[int, datetime] = {}
    computed: dict[int, float] = {}
    merged: dict[datetime, tuple[int, BloodSample]] = {}
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        time = _time(number, TIME, row, zone, infusion, remarks)
        name = _nuclide(number, row, cycle, remarks)
        counting = _counting(number, row, zone, infusion, counter, blood_density_g_per_ml, decimal, remarks)
        uncertainty = _percent(number, row, decimal, remarks)
        if time is not None:
            times[number] = time
        if time is None or name is None or counting is None:
            continue
        try:
            value = concentration_at_drawing_bq_per_ml(counting, name, drawn_at=time)
        except DosimetryError as error:
            remarks.append(error_of(number, COUNTS, error))
            continue
        computed[number] = value
        if uncertainty is None and value > 0:
            uncertainty = relative_counting_uncertainty(counting)
            if uncertainty > 1:
                text = (
                    f"counting statistics alone give {PERCENT.from_core(uncertainty):.0f} %: the sample hardly counts "
                    "above the background; count it longer"
                )
                remarks.append(CellRemark(number, COUNTS, "error", text))
                continue
        _first, held = merged.get(time, (number, BloodSample(time, FrozenMap(), None)))
        if name in held.activity_concentration_bq_per_ml:
            remarks.append(CellRemark(number, NUCLIDE, "error", f"{name} of this sample stands in another row as well"))
            continue
        known = [u for u in (held.relative_standard_uncertainty, uncertainty) if u is not None]
        merged[time] = (
            number,
            BloodSample(
                time,
                FrozenMap({**held.activity_concentration_bq_per_ml, name: value}),
                max(known) if known else None,
                FrozenMap({**held.counted, name: counting}),
            ),
        )
    samples = list(merged.values())
    remarks += _doubts(samples, cycle, infusion, lambda _row, _name: COUNTS)
    return EnteredBlood(_ordered(samples), tuple(remarks), FrozenMap(times), FrozenMap(computed))


@dataclass(frozen=True)
class EnteredWholeBody:
    """Measured whole-body activities, and remarks on the cells."""

    whole_body: WholeBody
    remarks: tuple[CellRemark, ...]
    times: FrozenMap[int, datetime]

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not any(remark.level == "error" for remark in self.remarks)


ACTIVITY: Final = "activity"


def read_whole_body(
    rows: Sequence[Row], cycle: Cycle, zone: ZoneInfo, *, decimal: DecimalSign = "either"
) -> EnteredWholeBody:
    """Measured whole-body activities in MBq, one row each; without rows, the sum over the field of view is taken."""
    infusion = infusion_of(cycle)
    remarks: list[CellRemark] = []
    times: dict[int, datetime] = {}
    found: list[tuple[datetime, float, int]] = []
    given_bq = cycle.administrations[0].administered_activity_bq
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        time = _time(number, TIME, row, zone, infusion, remarks)
        value = _number(number, ACTIVITY, row, decimal, remarks, required=True)
        if time is None:
            continue
        times[number] = time
        if value is None:
            continue
        activity_bq = MEGABECQUEREL.to_core(value)
        found.append((time, activity_bq, number))
        physics = nuclide(cycle.administrations[0].nuclide)
        most_bq = given_bq * physics.decay_factor((time - infusion[0]).total_seconds())
        if activity_bq > most_bq * (1 + _bands()["whole_body_above_decayed"]):
            remarks.append(
                CellRemark(
                    number,
                    ACTIVITY,
                    "warning",
                    f"more than is left by decay of what was given ({MEGABECQUEREL.text(most_bq, digits=0)}): check it",
                )
            )
    found.sort(key=lambda item: item[0])
    for before, after in itertools.pairwise(found):
        if before[0] == after[0]:
            remarks.append(CellRemark(after[2], TIME, "error", "this time stands in another row as well"))
        elif after[1] > before[1]:
            remarks.append(CellRemark(after[2], ACTIVITY, "warning", "higher than the measurement before it"))
    if not found:
        return EnteredWholeBody(WholeBody(), tuple(remarks), FrozenMap(times))
    measured = WholeBody("measured", tuple(t for t, _a, _n in found), tuple(a for _t, a, _n in found))
    return EnteredWholeBody(measured, tuple(remarks), FrozenMap(times))


# --- as rows, for showing what is there ------------------------------------------------------------------------------


def concentration_rows(cycle: Cycle, zone: ZoneInfo) -> list[dict[str, str]]:
    """The samples of a cycle as they would be typed."""
    rows = []
    for sample in cycle.blood_samples:
        row = {TIME: typed_time(sample.time, zone), UNCERTAINTY: _typed_percent(sample.relative_standard_uncertainty)}
        for name, value in sample.activity_concentration_bq_per_ml.items():
            row[concentration_column(name)] = _typed(KILOBECQUEREL_PER_ML.from_core(value))
        rows.append(row)
    return rows


def counting_rows(cycle: Cycle, zone: ZoneInfo) -> list[dict[str, str]]:
    """The countings of a cycle as they would be typed; samples without one are left out.

    An uncertainty that comes from the counts is not shown as if it had been typed: it follows when they are corrected.
    """
    return [
        {
            TIME: typed_time(sample.time, zone),
            NUCLIDE: name,
            COUNTS: _typed(counting.counts),
            DURATION: _typed(counting.counting_duration_s),
            COUNTED_AT: typed_time(counting.counted_at, zone),
            VOLUME: _typed(counting.volume_ml) if counting.mass_kg is None else "",
            MASS: "" if counting.mass_kg is None else _typed(GRAM.from_core(counting.mass_kg)),
            UNCERTAINTY: "" if _is_counted(sample) else _typed_percent(sample.relative_standard_uncertainty),
        }
        for sample in cycle.blood_samples
        for name, counting in sample.counted.items()
    ]


def whole_body_rows(cycle: Cycle, zone: ZoneInfo) -> list[dict[str, str]]:
    """The whole-body measurements of a cycle as they would be typed."""
    body = cycle.whole_body
    return [
        {TIME: typed_time(time, zone), ACTIVITY: _typed(MEGABECQUEREL.from_core(activity))}
        for time, activity in zip(body.times, body.activity_bq, strict=True)
    ]


def _typed(value: float) -> str:
    # Twelve figures hide what binary adds, and four or more decimals can't be taken for thousands.
    text = f"{value:.12g}"
    whole, point, decimals = text.partition(".")
    return f"{text}0" if point and len(decimals) == 3 and whole != "0" else text


def _is_counted(sample: BloodSample) -> bool:
    """Whether a sample's uncertainty is that of its counts, to the figures that are shown."""
    derived = [
        relative_counting_uncertainty(counting)
        for name, counting in sample.counted.items()
        if sample.activity_concentration_bq_per_ml[name] > 0
    ]
    return bool(derived) and _typed_percent(sample.relative_standard_uncertainty) == _typed_percent(max(derived))


def _typed_percent(share: float | None) -> str:
    return "" if share is None else _typed(float(f"{PERCENT.from_core(share):.4g}"))


# --- cells ------------------------------------------------------------------------------------------------------------


def _time(
    number: int,
    column: str,
    row: Row,
    zone: ZoneInfo,
    infusion: tuple[datetime, datetime],
    remarks: list[CellRemark],
) -> datetime | None:
    text = row.get(column, "")
    try:
        if not text.strip():
            raise InconsistentCaseError("the time is missing", where="time")
        time = read_time(text, zone=zone, infusion=infusion)
    except DosimetryError as error:
        remarks.append(error_of(number, column, error))
        return None
    if time < infusion[0]:
        remarks.append(CellRemark(number, column, "error", "before the infusion began; check day and time"))
    return time


def _number(
    number: int, column: str, row: Row, decimal: DecimalSign, remarks: list[CellRemark], *, required: bool = False
) -> float | None:
    text = row.get(column, "").strip()
    try:
        if not text:
            if required:
                raise InconsistentCaseError("is missing", where=column)
            return None
        value = read_number(text, where=column, decimal=decimal)
        if value < 0:
            raise InconsistentCaseError(f"{text} is negative", where=column, remedy="check it")
    except DosimetryError as error:
        remarks.append(error_of(number, column, error))
        return None
    return value


def _percent(number: int, row: Row, decimal: DecimalSign, remarks: list[CellRemark]) -> float | None:
    value = _number(number, UNCERTAINTY, row, decimal, remarks)
    if value is None:
        return None
    if not 0 < value <= PERCENT.from_core(1.0):
        remarks.append(CellRemark(number, UNCERTAINTY, "error", "an uncertainty is above 0 and at most 100 %"))
        return None
    return PERCENT.to_core(value)


def _nuclide(number: int, row: Row, cycle: Cycle, remarks: list[CellRemark]) -> str | None:
    typed = row.get(NUCLIDE, "").strip()
    names = [given.nuclide for given in cycle.administrations]
    if not typed and len(names) == 1:
        return names[0]
    if typed in names:
        return typed
    what = f"{typed} was not given in this cycle" if typed else "which nuclide was counted is missing"
    remarks.append(CellRemark(number, NUCLIDE, "error", f"{what}; use {' or '.join(names)}"))
    return None


def _counting(
    number: int,
    row: Row,
    zone: ZoneInfo,
    infusion: tuple[datetime, datetime],
    counter: WellCounter,
    blood_density_g_per_ml: float,
    decimal: DecimalSign,
    remarks: list[CellRemark],
) -> SampleCounting | None:
    counts = _number(number, COUNTS, row, decimal, remarks, required=True)
    duration_s = _number(number, DURATION, row, decimal, remarks, required=True)
    counted_at = _time(number, COUNTED_AT, row, zone, infusion, remarks)
    volume_ml = _number(number, VOLUME, row, decimal, remarks)
    mass_g = _number(number, MASS, row, decimal, remarks)
    if (volume_ml is None) == (mass_g is None):
        remarks.append(CellRemark(number, VOLUME, "error", "give either volume or mass"))
        return None
    for column, value in ((DURATION, duration_s), (VOLUME, volume_ml), (MASS, mass_g)):
        if value == 0:
            remarks.append(CellRemark(number, column, "error", "can't be 0"))
            return None
    if counts is None or duration_s is None or counted_at is None:
        return None
    mass_kg = None if mass_g is None else GRAM.to_core(mass_g)
    if volume_ml is None:
        volume_ml = (mass_g or 0.0) / blood_density_g_per_ml
    return SampleCounting(
        counts, duration_s, counted_at, counter.background_cps, counter.efficiency_cps_per_bq, volume_ml, mass_kg
    )


# --- plausibility -----------------------------------------------------------------------------------------------------


def _bands() -> dict[str, Any]:
    table: dict[str, Any] = table_json("plausibility", "entry_bands.json")
    return table


def _doubts(
    samples: Sequence[tuple[int, BloodSample]],
    cycle: Cycle,
    infusion: tuple[datetime, datetime],
    column: Any,
) -> list[CellRemark]:
    """Same times, rising curves, and concentrations that another unit would explain."""
    remarks = []
    ordered = sorted(samples, key=lambda item: item[1].time)
    for (_before, first), (row, second) in itertools.pairwise(ordered):
        if first.time == second.time:
            remarks.append(CellRemark(row, TIME, "error", "this time stands in another row as well"))
    bands = _bands()
    for given in cycle.administrations:
        name = given.nuclide
        before: float | None = None
        for row, sample in ordered:
            value = sample.activity_concentration_bq_per_ml.get(name)
            if value is None:
                continue
            most = given.administered_activity_bq / bands["smallest_blood_volume_ml"]
            early = (sample.time - infusion[1]).total_seconds() <= bands["early_sample_h"] * SECONDS_PER_HOUR
            least = bands["least_early_share"] * given.administered_activity_bq / bands["largest_blood_volume_ml"]
            said = f"{KILOBECQUEREL_PER_ML.text(value, digits=3)} of {name}"
            if value > most:
                text = f"{said} would be more than all that was given; check value and unit (kBq/mL)"
                remarks.append(CellRemark(row, column(row, name), "error", text))
            elif early and sample.time >= infusion[1] and value < least:
                text = f"{said} is less than {bands['least_early_share']:.1%} of what was given; check value and unit"
                remarks.append(CellRemark(row, column(row, name), "warning", text))
            elif before is not None and value > before and sample.time > infusion[1]:
                text = f"{said} is higher than in the sample before; check time and value"
                remarks.append(CellRemark(row, column(row, name), "warning", text))
            before = value
    return remarks


def _ordered(samples: Sequence[tuple[int, BloodSample]]) -> tuple[BloodSample, ...]:
    return tuple(sample for _row, sample in sorted(samples, key=lambda item: item[1].time))


def with_blood(cycle: Cycle, samples: tuple[BloodSample, ...]) -> Cycle:
    """The cycle with these samples in place of those it had; the very same cycle if they are equal."""
    return cycle if samples == cycle.blood_samples else replace(cycle, blood_samples=samples)


def with_whole_body(cycle: Cycle, whole_body: WholeBody) -> Cycle:
    """The cycle with these whole-body measurements; the very same cycle if they are equal."""
    return cycle if whole_body == cycle.whole_body else replace(cycle, whole_body=whole_body)


def counter_of(cycle: Cycle) -> WellCounter | None:
    """The counter that the samples of a cycle were counted with, if they were."""
    for sample in cycle.blood_samples:
        for counting in sample.counted.values():
            return WellCounter(counting.efficiency_cps_per_bq, counting.background_cps)
    return None


def counter_texts(counter: WellCounter) -> tuple[str, str]:
    """Efficiency in counts/s/kBq and background in counts/s, as they would be typed."""
    return _typed(KILOBECQUEREL.to_core(counter.efficiency_cps_per_bq)), _typed(counter.background_cps)


def read_counter(efficiency: str, background: str, *, decimal: DecimalSign = "either") -> WellCounter:
    """Efficiency in counts/s/kBq and background in counts/s as typed. Raises InconsistentCaseError otherwise."""
    cps_per_kbq = read_number(efficiency, where="efficiency", decimal=decimal)
    cps = read_number(background, where="background", decimal=decimal)
    if not 0 < cps_per_kbq <= KILOBECQUEREL.to_core(MOST_COUNTS_PER_DECAY):
        raise InconsistentCaseError(
            f"{cps_per_kbq:g} counts/s/kBq can't be", where="efficiency", remedy="check value and unit"
        )
    if cps < 0:
        raise InconsistentCaseError(f"{cps:g} counts/s can't be", where="background", remedy="check it")
    return WellCounter(KILOBECQUEREL.from_core(cps_per_kbq), cps)
