"""Receptor scans and entry criteria as a person types them into tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from dosimetry_core.entered_numbers import DecimalSign
from dosimetry_core.follow_up import EntryFacts, ReceptorLesionValue, ReceptorScan
from dosimetry_core.followup.entry_cells import CellRemark, Row, is_blank
from dosimetry_core.followup.laboratory_entry import typed_number
from dosimetry_core.followup.record_entry import DATE, Entered, RowReader
from dosimetry_core.frozen import FrozenMap

TRACER, SEGMENTATION, LESION = "tracer", "segmentation", "lesion"
SUV_MAX, SUV_MEAN, SUV_PEAK, VOLUME, FDG = "suv_max", "suv_mean", "suv_peak", "volume_ml", "fdg_suv_max"
REFERENCES = ("blood", "liver", "spleen")
HIGHEST_SUV = 1e4
QUESTION, ANSWER = "question", "answer"


def read_receptor_scans(
    rows: Sequence[Row], known: Sequence[ReceptorScan], *, today: date, decimal: DecimalSign = "either"
) -> Entered[ReceptorScan]:
    """Scans, one row for each lesion; rows of one day, tracer and rule are one scan.

    Parameters
    ----------
    rows
        As typed; the mean SUV of blood, liver and spleen may stand in any row of a scan.
    known
        Scans that were measured from images: a scan of the same numbers keeps their digest.
    today, decimal
        No scan is later; the decimal sign.
    """
    remarks: list[CellRemark] = []
    found: dict[tuple[date, str, str], ReceptorScan] = {}
    for number, row in enumerate(rows):
        if is_blank(row):
            continue
        reader = RowReader(number, row, remarks, decimal)
        day = reader.day(DATE, required=True, today=today)
        tracer, rule = reader.text(TRACER, required=True), reader.text(SEGMENTATION, required=True)
        name = reader.text(LESION, required=True)
        highest = reader.number(SUV_MAX, required=True, highest=HIGHEST_SUV)
        mean = reader.number(SUV_MEAN, required=True, highest=HIGHEST_SUV)
        peak = reader.number(SUV_PEAK, highest=HIGHEST_SUV)
        volume = reader.number(VOLUME, required=True)
        fdg = reader.number(FDG, highest=HIGHEST_SUV)
        references = {region: reader.number(region, highest=HIGHEST_SUV) for region in REFERENCES}
        if highest is not None and mean is not None and mean > highest:
            reader.wrong(SUV_MEAN, "is above SUVmax")
        if highest is not None and peak is not None and peak > highest:
            reader.doubt(SUV_PEAK, "is above SUVmax: the sphere reaches a hotter neighbour, or a digit is wrong")
        if volume == 0:
            reader.wrong(VOLUME, "can't be 0")
        if not reader.is_right or day is None or highest is None or mean is None or volume is None:
            continue
        held = found.get((day, tracer, rule), ReceptorScan(day, tracer, rule, ()))
        if any(lesion.name == name for lesion in held.lesions):
            reader.wrong(LESION, "stands in another row of this scan as well")
            continue
        means = dict(held.reference_suv_mean)
        for region, value in references.items():
            if value is None:
                continue
            if means.setdefault(region, value) != value:
                reader.wrong(region, "another row of this scan says another value")
        lesions = (*held.lesions, ReceptorLesionValue(name, highest, mean, peak, volume, fdg))
        found[day, tracer, rule] = replace(held, lesions=lesions, reference_suv_mean=FrozenMap(means))
    scans = tuple(_with_digest(scan, known) for scan in sorted(found.values(), key=lambda each: each.date))
    return Entered(scans, tuple(remarks))


def _with_digest(scan: ReceptorScan, known: Sequence[ReceptorScan]) -> ReceptorScan:
    """The scan with the digest of its images, where its numbers are those that were measured in them."""
    for other in known:
        same = (other.date, other.tracer, other.segmentation) == (scan.date, scan.tracer, scan.segmentation)
        if same and other.series_sha256 and _same_numbers(scan.lesions, other.lesions):
            return replace(scan, series_sha256=other.series_sha256, note=other.note)
    return scan


def _same_numbers(first: Sequence[ReceptorLesionValue], second: Sequence[ReceptorLesionValue]) -> bool:
    """Whether both are the same lesions with the same numbers, as far as they are typed; FDG is added by hand."""

    def numbers(lesion: ReceptorLesionValue) -> tuple[str, ...]:
        return tuple(typed_number(n) for n in (lesion.suv_max, lesion.suv_mean, lesion.suv_peak, lesion.volume_ml))

    return [(lesion.name, *numbers(lesion)) for lesion in first] == [
        (lesion.name, *numbers(lesion)) for lesion in second
    ]


def receptor_rows(scans: Sequence[ReceptorScan]) -> list[dict[str, str]]:
    """Scans as they would be typed."""
    rows = []
    for scan in scans:
        for number, lesion in enumerate(scan.lesions):
            row = {
                DATE: scan.date.isoformat(),
                TRACER: scan.tracer,
                SEGMENTATION: scan.segmentation,
                LESION: lesion.name,
            }
            row |= {SUV_MAX: typed_number(lesion.suv_max), SUV_MEAN: typed_number(lesion.suv_mean)}
            row |= {SUV_PEAK: typed_number(lesion.suv_peak), VOLUME: typed_number(lesion.volume_ml)}
            row |= {FDG: typed_number(lesion.fdg_suv_max)}
            if number == 0:
                row |= {region: typed_number(scan.reference_suv_mean.get(region)) for region in REFERENCES}
            rows.append(row)
    return rows


# --- entry criteria ---------------------------------------------------------------------------------------------------


def read_entry_facts(
    rows: Sequence[Row],
    asked: Sequence[tuple[str, bool]],
    stated_on: str,
    *,
    today: date,
    decimal: DecimalSign = "either",
) -> tuple[EntryFacts, tuple[CellRemark, ...]]:
    """Answers of a person, one row for each of ``asked``; what is left empty is not stated.

    ``asked``: name, and whether it is a yes or no.
    """
    remarks: list[CellRemark] = []
    answers: dict[str, bool] = {}
    values: dict[str, float] = {}
    for number, ((name, is_answer), row) in enumerate(zip(asked, rows, strict=True)):
        reader = RowReader(number, row, remarks, decimal)
        if not reader.text(ANSWER):
            continue
        if is_answer:
            answer = reader.flag(ANSWER)
            if reader.is_right:
                answers[name] = answer
        else:
            value = reader.number(ANSWER, highest=100.0 if name.endswith("_percent") else None)
            if value is not None:
                values[name] = value
    day = RowReader(0, {DATE: stated_on}, remarks, decimal).day(DATE, today=today)
    if (answers or values) and not stated_on.strip():
        remarks.append(CellRemark(0, ANSWER, "warning", "the day on which this was stated is missing"))
    return EntryFacts(day, FrozenMap(answers), FrozenMap(values)), tuple(remarks)


def entry_rows(facts: EntryFacts, asked: Sequence[tuple[str, bool]]) -> list[dict[str, str]]:
    """A row for each question, with the answer as it would be typed."""
    rows = []
    for name, is_answer in asked:
        answer = ""
        if is_answer and name in facts.answers:
            answer = "yes" if facts.answers[name] else "no"
        elif not is_answer and name in facts.values:
            answer = typed_number(facts.values[name])
        rows.append({QUESTION: question_words(name), ANSWER: answer})
    return rows


def question_words(name: str) -> str:
    """``ki67_percent`` → ``"Ki-67 (%)"``; ``earlier_prrt`` → ``"Earlier PRRT"``."""
    known = {
        "ki67_percent": "Ki-67 (%)",
        "life_expectancy_weeks": "Life expectancy (weeks)",
        "age_years": "Age (years)",
        "laboratory_age_days": "Age of the laboratory values (days)",
    }
    if name in known:
        return known[name]
    words = name.replace("_", " ")
    for plain, written in (
        ("gep net", "GEP-NET"),
        ("prrt", "PRRT"),
        ("ssa", "SSA"),
        ("recist", "RECIST"),
        ("mtor", "mTOR"),
    ):
        words = words.replace(plain, written)
    return words if words.startswith("mTOR") else words[:1].upper() + words[1:]
