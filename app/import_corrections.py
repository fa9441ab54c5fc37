"""What may be corrected of what the files say: the original stays beside the value used, and a reason is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from app.import_checks import quantity_words
from app.typed_numbers import typed_number
from dosimetry_core.case import Administration, Calibration, Case, CountQuantity, Cycle
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import DecayReference, ImageSeries, TimePoint
from dosimetry_core.progress import Progress
from dosimetry_core.units import MINUTE, SECONDS_PER_DAY

CorrectionKey = Literal[
    "scanner-clock", "calibrator-clock", "counting-duration", "image-quantity", "decay-reference", "image-position"
]
TITLES: Final[dict[CorrectionKey, str]] = {
    "scanner-clock": "Scanner's clock (s)",
    "calibrator-clock": "Dose calibrator's clock (s)",
    "counting-duration": "Counting time (min)",
    "image-quantity": "What the values are",
    "decay-reference": "Decay correction",
    "image-position": "First voxel of the SPECT (mm)",
}
HINTS: Final[dict[CorrectionKey, str]] = {
    "scanner-clock": "by how many seconds the scanner's clock was late; empty for none",
    "calibrator-clock": "by how many seconds the dose calibrator's clock was late; empty for none",
    "counting-duration": "clock time of counting per scan, in minutes; empty for what the files say",
    "image-quantity": f"{' or '.join(get_args(CountQuantity))}, where the files don't say; empty for the files' word",
    "decay-reference": f"{', '.join(get_args(DecayReference))}; empty for what the files say",
    "image-position": "x; y; z of its centre in mm, where a file doesn't say it; empty for the files' word",
}
CORRECTION_OF_KEY: Final[dict[str, CorrectionKey]] = {
    "image_quantity": "image-quantity",
    "image_decay_reference": "decay-reference",
    "image_position_mm": "image-position",
}
"""Which correction says a key of the case file that an image's open question asks for."""
NO_ANSWERS: Final[Mapping[CorrectionKey, str]] = MappingProxyType({})
_FARTHEST_MM: Final = 5000.0
_SCANNER: Final = "scanner"
_CALIBRATOR: Final = "dose_calibrator"


@dataclass(frozen=True)
class Correction:
    """One thing that can be corrected: what the files say, and what is used instead."""

    key: CorrectionKey
    original: str
    used: str
    is_corrected: bool


def corrections_of(case: Case, cycle: Cycle, point: TimePoint) -> tuple[Correction, ...]:
    """All corrections of a cycle, with the original values of one scan."""
    spect, held, said = point.spect, cycle.calibration, said_of_images(cycle)
    offset_s = cycle.clock_offset_s.get(_SCANNER, 0.0)
    zone, start = ZoneInfo(case.patient.time_zone), spect.acquisition_start
    written, used = (f"{(start - timedelta(seconds=s)).astimezone(zone):%H:%M:%S}" for s in (offset_s, 0.0))
    own_s = _duration_in_files(spect)
    return (
        Correction("scanner-clock", f"start {written}", f"{offset_s:+g} s: {used}" if offset_s else "", bool(offset_s)),
        _calibrator_clock(cycle, zone),
        Correction(
            "counting-duration",
            MINUTE.text(own_s) if own_s is not None else "not stated",
            MINUTE.text(held.counting_duration_s) if held.counting_duration_s is not None else "",
            held.counting_duration_s is not None,
        ),
        Correction(
            "image-quantity",
            "not stated" if held.image_quantity else quantity_words(spect),
            said.get("image-quantity", ""),
            held.image_quantity is not None,
        ),
        Correction(
            "decay-reference",
            "not stated, or contradictory" if held.image_decay_reference else spect.decay_reference.replace("-", " "),
            said.get("decay-reference", ""),
            held.image_decay_reference is not None,
        ),
        Correction(
            "image-position",
            "not stated" if _is_placed_by_hand(spect) else _coordinates(spect.volume.geometry.origin_mm),
            said.get("image-position", ""),
            held.image_position_mm is not None,
        ),
    )


def said_of_images(cycle: Cycle) -> dict[CorrectionKey, str]:
    """What was said of a cycle's images where files are silent or contradict themselves: it counts for all of them."""
    held = cycle.calibration
    said: dict[CorrectionKey, str] = {
        "image-quantity": (held.image_quantity or "").replace("counts_per_s", "counts/s"),
        "decay-reference": (held.image_decay_reference or "").replace("-", " "),
        "image-position": "" if held.image_position_mm is None else _coordinates(held.image_position_mm),
    }
    return {key: text for key, text in said.items() if text}


def _calibrator_clock(cycle: Cycle, zone: ZoneInfo) -> Correction:
    """Times of vial and residual as they were entered, and as they are used."""
    offset_s = cycle.clock_offset_s.get(_CALIBRATOR, 0.0)
    read = [instant for a in cycle.administrations if a.vial for instant in (a.vial.vial_time, a.vial.residual_time)]
    if not read:
        return Correction("calibrator-clock", "no reading with its time", "", False)
    written, used = (
        ", ".join(f"{(instant - timedelta(seconds=s)).astimezone(zone):%H:%M:%S}" for instant in read)
        for s in (offset_s, 0.0)
    )
    text = f"{offset_s:+g} s: {used}" if offset_s else ""
    return Correction("calibrator-clock", f"read at {written}", text, bool(offset_s))


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
    if key == "calibrator-clock":
        return _with_calibrator_clock(cycle, _number(key, text, -SECONDS_PER_DAY, SECONDS_PER_DAY) or 0.0)
    if key == "counting-duration":
        minutes = _number(key, text, 0.0, MINUTE.from_core(SECONDS_PER_DAY))
        if minutes == 0:
            raise _refused(key, text)
        duration_s = MINUTE.to_core(minutes) if minutes is not None else None
        return replace(cycle, calibration=replace(held, counting_duration_s=duration_s))
    if key == "image-position":
        return replace(cycle, calibration=replace(held, image_position_mm=_position(key, text)))
    return replace(cycle, calibration=_with_words(held, key, text))


def answered(cycle: Cycle, answers: Mapping[CorrectionKey, str]) -> Cycle:
    """The cycle with what was said of images whose files are silent or contradict themselves.

    Raises
    ------
    InconsistentCaseError
        As `corrected`; and if the cycle says something else of images that it has: an answer counts for all of them.
    """
    for key, text in answers.items():
        name = next(name for name, correction in CORRECTION_OF_KEY.items() if correction == key)
        held = getattr(cycle.calibration, name)
        said = corrected(cycle, key, text)
        if held not in (None, getattr(said.calibration, name)):
            raise InconsistentCaseError(
                f"{text!r} contradicts what was said of the images that cycle {cycle.number} has",
                where=TITLES[key],
                remedy="say the same, or correct it below the scans first; one answer counts for all images of a cycle",
            )
        cycle = said
    return cycle


def answers_in_words(answers: Mapping[CorrectionKey, str], reason: str) -> str:
    """What was said and how one knows, for the history; empty where nothing was asked."""
    said = [f"{TITLES[key]}: {text}" for key, text in answers.items()]
    return "; ".join([*said, reason]) if said else ""


def _is_placed_by_hand(spect: ImageSeries) -> bool:
    return any(finding.code == "image-position-entered" for finding in spect.findings)


def _coordinates(position_mm: Iterable[float]) -> str:
    return "; ".join(f"{value:g}" for value in position_mm)


def _position(key: CorrectionKey, text: str) -> tuple[float, float, float] | None:
    if not text:
        return None
    values = [_number(key, part.strip(), -_FARTHEST_MM, _FARTHEST_MM) for part in text.split(";")]
    known = [value for value in values if value is not None]
    if len(values) != 3 or len(known) != 3:
        raise _refused(key, text)
    return known[0], known[1], known[2]


def _with_calibrator_clock(cycle: Cycle, offset_s: float) -> Cycle:
    """The cycle with its vials read at corrected times, and the administered activities that follow from them."""
    if not any(administration.vial for administration in cycle.administrations):
        raise InconsistentCaseError(
            "no vial was read with its time, so that the dose calibrator's clock changes nothing",
            where=TITLES["calibrator-clock"],
            remedy="correct the administered activity in the case file instead",
        )
    later = timedelta(seconds=offset_s - cycle.clock_offset_s.get(_CALIBRATOR, 0.0))
    others = {name: value for name, value in cycle.clock_offset_s.items() if name != _CALIBRATOR}
    return replace(
        cycle,
        administrations=tuple(_read_later(administration, later) for administration in cycle.administrations),
        clock_offset_s=FrozenMap({**others, _CALIBRATOR: offset_s} if offset_s else others),
    )


def _read_later(given: Administration, later: timedelta) -> Administration:
    if given.vial is None:
        return given
    vial = replace(given.vial, vial_time=given.vial.vial_time + later, residual_time=given.vial.residual_time + later)
    again = Administration.from_vial(given.nuclide, vial, start=given.start, infusion_s=given.infusion_s)
    return replace(given, vial=vial, administered_activity_bq=again.administered_activity_bq)


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
        value = typed_number(text)
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
    """The changed cycle with its images read again as corrected; VOIs, CT numbers and registrations stay as they are.

    Where only the dose calibrator's clock is another, nothing is read again.

    Raises
    ------
    DosimetryError
        If the images can't be read like that, or are others than those of the case.
    """
    from dosimetry_core.pipeline.clock_findings import with_clock_findings

    before = case.cycles[index]
    trial = replace(case, cycles=(*case.cycles[:index], changed, *case.cycles[index + 1 :]))
    if _as_read(before) == _as_read(changed):
        return replace(changed, import_findings=with_clock_findings(changed))
    read = read_cycle(trial, changed, progress=progress)
    new = {_files_of(point): point for point in read.time_points}
    if new.keys() != {_files_of(point) for point in changed.time_points}:
        raise InconsistentCaseError(
            "the image files are not those of the course any more",
            where=f"cycle {changed.number}",
            remedy="read the images again first",
        )
    points = [_read_again(point, new[_files_of(point)], changed) for point in changed.time_points]
    if [_files_of(point) for point in points] != [_files_of(point) for point in read.time_points]:
        raise InconsistentCaseError(
            "the scans would come in another order", where=f"cycle {changed.number}", remedy="read the images again"
        )
    return replace(changed, time_points=tuple(points), import_findings=read.import_findings)


def _files_of(point: TimePoint) -> tuple[object, ...]:
    """What tells a scan from the others: files of one series may be several scans."""
    return (point.spect.series_uid, point.spect.source_files)


def _as_read(cycle: Cycle) -> tuple[object, ...]:
    """What the reading of images depends on."""
    return (cycle.calibration, cycle.clock_offset_s.get(_SCANNER, 0.0))


def _read_again(before: TimePoint, read: TimePoint, cycle: Cycle) -> TimePoint:
    """The scan with its SPECT and the times of its CT as read; CT numbers are the same objects as before."""
    ct = before.ct
    if (ct and ct.series_uid) != (read.ct and read.ct.series_uid):
        raise InconsistentCaseError(
            f"the scan of {read.spect.acquisition_start:%Y-%m-%d %H:%M} would have another CT",
            where=f"cycle {cycle.number}",
            remedy="read the images again",
        )
    if ct is not None and read.ct is not None:
        ct = replace(read.ct, volume=ct.volume)
    return replace(before, spect=read.spect, ct=ct)
