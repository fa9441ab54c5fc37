"""What was read, checked in words: one line per question a physicist asks of a SPECT/CT before using its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.window_texts import time_text
from dosimetry_core.calibration import calibration_used
from dosimetry_core.case import Case, Cycle
from dosimetry_core.image import ImageSeries, TimePoint
from dosimetry_core.nuclide import Y90
from dosimetry_core.quantification.measurement import CycleMeasurement
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import COUNTS_PER_S_PER_MBQ, HOUR, MINUTE, PERCENT

Verdict = Literal["good", "warning", "error"]
SIGNS: dict[Verdict, str] = {"good": "✔", "warning": "!", "error": "✖"}

_QUANTITY_WORDS = {
    "counts": "counts",
    "counts_per_s": "counts/s",
    "activity_concentration_bq_per_ml": "Bq/mL",
    "ct_number_hu": "HU",
}
_DECAY_WORDS = {
    "acquisition-start": "corrected to the start of the scan",
    "administration": "corrected to the administration",
    "none": "mean over the acquisition",
}


@dataclass(frozen=True)
class Check:
    """One question with its answer."""

    question: str
    verdict: Verdict
    answer: str


def quantity_words(series: ImageSeries) -> str:
    """What the image values are."""
    return words_of_quantity(series.volume.quantity)


def words_of_quantity(quantity: str) -> str:
    """A quantity of the core, or a unit as a file writes it, in words."""
    return _QUANTITY_WORDS.get(quantity, quantity.replace("_", " "))


def grid_words(series: ImageSeries) -> str:
    """``"128 × 128 × 90, 4.8 × 4.8 × 4.8 mm"`` (columns, rows, slices)."""
    geometry = series.volume.geometry
    shape = " × ".join(str(n) for n in reversed(geometry.shape))
    return f"{shape}, " + " × ".join(f"{s:.2f}".rstrip("0").rstrip(".") for s in reversed(geometry.spacing_mm)) + " mm"


def delay_arithmetic(case: Case, cycle: Cycle, point: TimePoint) -> str:
    """``"25 Mar 10:42:00 CET − 24 Mar 10:15:00 CET = 24.45 h"``: start of the scan minus middle of the infusion."""
    if not cycle.administrations:
        return "no administration is known"
    zero = cycle.administrations[0].time_zero
    delay = (point.spect.acquisition_start - zero).total_seconds()
    start = time_text(case, point.spect.acquisition_start, seconds=True)
    return f"{start} − {time_text(case, zero, seconds=True)} = {HOUR.text(delay)}"


def checks_of(case: Case, cycle: Cycle, point: TimePoint) -> tuple[Check, ...]:
    """All checks of one time point."""
    spect, ct = point.spect, point.ct
    checks = [
        _same_patient(case, point),
        Check("SPECT/CT pair", "good", "SPECT with its CT")
        if ct is not None
        else Check("SPECT/CT pair", "warning", "no CT: registration and VOIs rest on the SPECT"),
        _delay(case, cycle, point),
        _activity(cycle, spect),
        _values(cycle, spect),
        Check("Decay reference", "good", _DECAY_WORDS[spect.decay_reference]),
        _duration(spect),
        Check("Grid", "good", grid_words(spect)),
        _clock(cycle),
    ]
    checks += [
        Check(finding.place or "Remark", "error" if finding.level == "error" else "warning", finding.text)
        for series in (spect, ct)
        if series is not None
        for finding in series.findings
        if finding.level != "info"
    ]
    return tuple(checks)


def field_of_view_checks(measured: CycleMeasurement | None, number: int) -> tuple[Check, ...]:
    """What the activity in the field of view of time point ``number`` (from 1) says; nothing before it is measured."""
    if measured is None or number > len(measured.time_points):
        return ()
    here = f", time point {number}"
    said = [f for f in measured.findings if f.code.startswith("field-of-view") and f.place.endswith(here)]
    if said:
        is_error = any(finding.level == "error" for finding in said)
        words = " ".join(finding.text for finding in said)
        return (Check("Field of view", "error" if is_error else "warning", words),)
    fraction = measured.time_points[number - 1].field_of_view_fraction
    return (Check("Field of view", "good", f"{PERCENT.text(fraction)} of the administered activity, decay counted"),)


def worst(checks: tuple[Check, ...]) -> Verdict:
    """The gravest verdict."""
    verdicts = {check.verdict for check in checks}
    return "error" if "error" in verdicts else "warning" if "warning" in verdicts else "good"


def _same_patient(case: Case, point: TimePoint) -> Check:
    found = {series.patient_id for series in (point.spect, point.ct) if series is not None}
    if found == {case.patient.patient_id}:
        return Check("Same patient", "good", f"patient number {case.patient.patient_id} in all files")
    return Check("Same patient", "error", f"files say {', '.join(sorted(found))}, the case {case.patient.patient_id}")


def _delay(case: Case, cycle: Cycle, point: TimePoint) -> Check:
    if not cycle.administrations:
        return Check("Delay", "error", "no administration is known")
    delay = (point.spect.acquisition_start - cycle.administrations[0].time_zero).total_seconds()
    return Check("Delay", "good" if delay > 0 else "error", delay_arithmetic(case, cycle, point))


def _activity(cycle: Cycle, spect: ImageSeries) -> Check:
    if spect.nuclide is None:
        return Check("Nuclide", "error", "the file does not say which nuclide was imaged")
    administration = cycle.administration(spect.nuclide)
    if administration is None:
        return Check("Nuclide", "error", f"{spect.nuclide} was imaged but not given in this cycle")
    how = "vial and residual entered" if administration.vial is not None else "entered"
    return Check("Nuclide", "good", f"{spect.nuclide}, administered activity {how}")


def _values(cycle: Cycle, spect: ImageSeries) -> Check:
    if spect.volume.quantity == "activity_concentration_bq_per_ml":
        return Check("Values", "good", "Bq/mL: used as they are, the sensitivity is not applied")
    used = calibration_used(cycle)
    sensitivity, convention = used.sensitivity_cps_per_bq, used.convention
    beside = "" if used is cycle.calibration else f", measured beside {nuclide_symbol(Y90)}"
    if sensitivity is None or convention is None:
        return Check("Values", "error", f"{quantity_words(spect)}, but the case states no sensitivity and convention")
    words = convention.replace("-", " ")
    return Check(
        "Values", "good", f"{quantity_words(spect)} with {COUNTS_PER_S_PER_MBQ.text(sensitivity)} ({words}{beside})"
    )


def _duration(spect: ImageSeries) -> Check:
    if spect.counting_duration_s is None:
        needed = spect.volume.quantity == "counts"
        return Check("Counting time", "error" if needed else "good", "not stated" if needed else "not needed")
    text = MINUTE.text(spect.counting_duration_s)
    if spect.frame_duration_s is not None and spect.frames_per_head is not None:
        text += f" = {spect.frames_per_head} frames per head × {spect.frame_duration_s:g} s"
        if spect.number_of_heads:
            text += f", {spect.number_of_heads} heads"
    return Check("Counting time", "good", text)


def _clock(cycle: Cycle) -> Check:
    offsets = {name: value for name, value in cycle.clock_offset_s.items() if value}
    if not offsets:
        return Check("Clocks", "good", "no offset entered")
    return Check("Clocks", "good", ", ".join(f"{n.replace('_', ' ')} {v:+g} s" for n, v in offsets.items()))
