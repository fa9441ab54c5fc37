"""What may be corrected of what the files say: the original stays beside the value used, and a reason is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from app.import_checks import quantity_words
from dosimetry_core.case import Calibration, Case, CountQuantity, Cycle
from dosimetry_core.errors import Finding, InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import DecayReference, ImageSeries, TimePoint
from dosimetry_core.progress import Progress
from dosimetry_core.units import MINUTE, SECONDS_PER_DAY

CorrectionKey = Literal["scanner-clock", "counting-duration", "image-quantity", "decay-reference"]
TITLES: Final[dict[CorrectionKey, str]] = {
    "scanner-clock": "Scanner's clock (s)",
    "counting-duration": "Counting time (min)",
    "image-quantity": "What the values are",
    "decay-reference": "Decay correction",
}
HINTS: Final[dict[CorrectionKey, str]] = {
    "scanner-clock": "by how many seconds the scanner's clock was late; empty for none",
    "counting-duration": "clock time of counting per scan, in minutes; empty for what the files say",
    "image-quantity": f"{' or '.join(get_args(CountQuantity))}, where the files don't say; empty for the files' word",
    "decay-reference": f"{', '.join(get_args(DecayReference))}; empty for what the files say",
}
_SCANNER: Final = "scanner"


@dataclass(frozen=True)
class Correction:
    """One thing that can be corrected: what the files say, and what is used instead."""

    key: CorrectionKey
    original: str
    used: str
    is_corrected: bool


def corrections_of(case: Case, cycle: Cycle, point: TimePoint) -> tuple[Correction, ...]:
    """All corrections of a cycle, with the original values of one scan."""
    spect, held = point.spect, cycle.calibration
    offset_s = cycle.clock_offset_s.get(_SCANNER, 0.0)
    zone, start = ZoneInfo(case.patient.time_zone), spect.acquisition_start
    written, used = (f"{(start - timedelta(seconds=s)).astimezone(zone):%H:%M:%S}" for s in (offset_s, 0.0))
    own_s = _duration_in_files(spect)
    return (
        Correction("scanner-clock", f"start {written}", f"{offset_s:+g} s: {used}" if offset_s else "", bool(offset_s)),
        Correction(
            "counting-duration",
            MINUTE.text(own_s) if own_s is not None else "not stated",
            MINUTE.text(held.counting_duration_s) if held.counting_duration_s is not None else "",
            held.counting_duration_s is not None,
        ),
        Correction(
            "image-quantity",
            "not stated" if held.image_quantity else quantity_words(spect),
            (held.image_quantity or "").replace("counts_per_s", "counts/s"),
            held.image_quantity is not None,
        ),
        Correction(
            "decay-reference",
            "not stated, or contradictory" if held.image_decay_reference else spect.decay_reference.replace("-", " "),
            (held.image_decay_reference or "").replace("-", " "),
            held.image_decay_reference is not None,
        ),
    )


def _duration_in_files(spect: ImageSeries) -> float | None:
    if spect.frame_duration_s is not None and spect.frames_per_head is not None:
        return spect.frame_duration_s * spect.frames_per_head
    return spect.counting_duration_s


def corrected(cycle: Cycle, key: CorrectionKey, text: str) -> Cycle:
    """The cycle with one correction entered; an empty text takes it back.

    Raises
    ------
    InconsistentCaseError
        If the text is no such value.
    """
    text = text.strip()
    held = cycle.calibration
    if key == "scanner-clock":
        offset_s = _number(key, text, -SECONDS_PER_DAY, SECONDS_PER_DAY) or 0.0
        others = {name: value for name, value in cycle.clock_offset_s.items() if name != _SCANNER}
        return replace(cycle, clock_offset_s=FrozenMap({**others, _SCANNER: offset_s} if offset_s else others))
    if key == "counting-duration":
        minutes = _number(key, text, 0.0, MINUTE.from_core(SECONDS_PER_DAY))
        if minutes == 0:
            raise _refused(key, text)
        duration_s = MINUTE.to_core(minutes) if minutes is not None else None
        return replace(cycle, calibration=replace(held, counting_duration_s=duration_s))
    return replace(cycle, calibration=_with_words(held, key, text))


def _with_words(held: Calibration, key: CorrectionKey, text: str) -> Calibration:
    said = text.casefold().replace("counts/s", "counts_per_s")
    if key == "image-quantity":
        quantities: dict[str, CountQuantity] = {"counts": "counts", "counts_per_s": "counts_per_s"}
        if text and said not in quantities:
            raise _refused(key, text)
        return replace(held, image_quantity=quantities.get(said))
    references: dict[str, DecayReference] = {
        "acquisition-start": "acquisition-start",
        "administration": "administration",
        "none": "none",
    }
    said = said.replace(" ", "-")
    if text and said not in references:
        raise _refused(key, text)
    return replace(held, image_decay_reference=references.get(said))


def _number(key: CorrectionKey, text: str, low: float, high: float) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError as error:
        raise _refused(key, text) from error
    if not low <= value <= high:
        raise _refused(key, text)
    return value


def _refused(key: CorrectionKey, text: str) -> InconsistentCaseError:
    return InconsistentCaseError(f"{text!r} can't be taken", where=TITLES[key], remedy=HINTS[key])


def with_corrections_read(
    case: Case, index: int, changed: Cycle, read_cycle: Callable[..., Cycle], *, progress: Progress
) -> Cycle:
    """The changed cycle with its SPECT read again as corrected; VOIs, CTs and registrations stay as they are.

    Raises
    ------
    DosimetryError
        If the images can't be read like that, or are others than those of the case.
    """
    trial = replace(case, cycles=(*case.cycles[:index], changed, *case.cycles[index + 1 :]))
    read = read_cycle(trial, changed, progress=progress)
    new = {point.spect.series_uid: point for point in read.time_points}
    if new.keys() != {point.spect.series_uid for point in changed.time_points}:
        raise InconsistentCaseError(
            "the image files are not those of the course any more",
            where=f"cycle {changed.number}",
            remedy="read the images again first",
        )
    points = [replace(point, spect=new[point.spect.series_uid].spect) for point in changed.time_points]
    if [p.spect.series_uid for p in points] != [p.spect.series_uid for p in read.time_points]:
        raise InconsistentCaseError(
            "the scans would come in another order", where=f"cycle {changed.number}", remedy="read the images again"
        )
    findings: tuple[Finding, ...] = read.import_findings
    return replace(changed, time_points=tuple(points), import_findings=findings)
