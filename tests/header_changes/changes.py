"""Changes of header elements, each with what it must do to activities, times, volume and dose by physics alone."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset

from dosimetry_core.units import MINUTE, SECONDS_PER_HOUR
from tests.header_changes.small import (
    ACTIVE_SLICES,
    DECAY_PER_S,
    SPECT,
    VOI_ML,
    Kind,
    mean_over_scan,
)
from tests.small_study import COUNTING_S, EFFECTIVE_HALF_LIFE_H, HOURS, SENSITIVITY_CPS_PER_BQ

Edit = Callable[[Dataset], None]
SCANS = len(HOURS)
ONES = (1.0,) * SCANS


@dataclass(frozen=True)
class Effect:
    """What a change does: factors of the activities, shifts of the times, what is added, factor of the volume.

    ``dose`` is the factor of the dose, None where no closed form gives it (one scan of four is changed): then the
    activities and times must be right, and the dose must have changed if any of them did.
    """

    activity: tuple[float, ...] = ONES
    added_bq: tuple[float, ...] = (0.0,) * SCANS
    later_s: tuple[float, ...] = (0.0,) * SCANS
    volume: float = 1.0
    dose: float | None = 1.0


@dataclass(frozen=True)
class HeaderChange:
    """Some files with one element changed.

    ``effect`` None: nothing but a refusal or a finding will do.
    """

    element: str
    what: str
    kind: Kind
    files: Callable[[str], bool]
    edit: Callable[[str, Dataset], None]
    effect: Effect | None = field(default_factory=Effect)


Rule = Callable[[random.Random], HeaderChange]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    """One way of changing one element; drawn with a generator."""
    RULES.append(function)
    return function


# --- which files ------------------------------------------------------------------------------------------------------


def spect_of(scan: int | None) -> Callable[[str], bool]:
    """The SPECT of one scan (from 0), or of all."""
    folders = [f"visit{n + 1}/" for n in range(SCANS) if scan in (None, n)]
    return lambda name: "spect" in name and name.startswith(tuple(folders))


def ct_of(scan: int | None) -> Callable[[str], bool]:
    folders = [f"visit{n + 1}/ct" for n in range(SCANS) if scan in (None, n)]
    return lambda name: name.startswith(tuple(folders))


def vois(name: str) -> bool:
    return name == "vois.dcm"


def everything(name: str) -> bool:
    return name.endswith(".dcm")


def _pick(rng: random.Random) -> int | None:
    return rng.choice((None, None, *range(SCANS)))


def _factors(scan: int | None, factor: float) -> Effect:
    activity = tuple(factor if scan in (None, n) else 1.0 for n in range(SCANS))
    return Effect(activity=activity, dose=factor if scan is None else None)


def _later(scan: int | None, seconds: float) -> Effect:
    later = tuple(seconds if scan in (None, n) else 0.0 for n in range(SCANS))
    dose = 2 ** (seconds / (EFFECTIVE_HALF_LIFE_H * SECONDS_PER_HOUR))
    return Effect(later_s=later, dose=dose if scan is None else None)


def _set(keyword: str, value: Any) -> Callable[[str, Dataset], None]:
    return lambda name, dataset: setattr(dataset, keyword, value)


def _delete(keyword: str) -> Callable[[str, Dataset], None]:
    def edit(name: str, dataset: Dataset) -> None:
        if keyword in dataset:
            del dataset[keyword]

    return edit


def _factor(rng: random.Random) -> float:
    return round(math.exp(rng.uniform(math.log(0.2), math.log(5))), 4)


# --- values -----------------------------------------------------------------------------------------------------------


@rule
def slope_of_counts(rng: random.Random) -> HeaderChange:
    scan, factor = _pick(rng), _factor(rng)
    edit = _set("RescaleSlope", factor)
    return HeaderChange(
        "RescaleSlope", f"{factor}, scan {scan}", "counts", spect_of(scan), edit, _factors(scan, factor)
    )


@rule
def intercept_of_counts(rng: random.Random) -> HeaderChange:
    scan, counts = _pick(rng), rng.choice((1, 10, 100, 500))

    def edit(name: str, dataset: Dataset) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, counts

    # So many counts more in each voxel of the VOI.
    more = counts * VOI_ML / SPECT.voxel_volume_ml
    more /= SENSITIVITY_CPS_PER_BQ * COUNTING_S * mean_over_scan(COUNTING_S)
    added = tuple(more if scan in (None, n) else 0.0 for n in range(SCANS))
    effect = Effect(added_bq=added, dose=None)
    return HeaderChange("RescaleIntercept", f"{counts}, scan {scan}", "counts", spect_of(scan), edit, effect)


@rule
def slope_of_bqml(rng: random.Random) -> HeaderChange:
    scan, factor = _pick(rng), _factor(rng)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.RescaleSlope = f"{float(dataset.RescaleSlope) * factor:.10g}"

    return HeaderChange(
        "RescaleSlope", f"× {factor}, scan {scan}", "bqml", spect_of(scan), edit, _factors(scan, factor)
    )


@rule
def slope_of_one_slice(rng: random.Random) -> HeaderChange:
    scan, factor, slice_number = rng.randrange(SCANS), _factor(rng), rng.randrange(7, 11)

    def edit(name: str, dataset: Dataset) -> None:
        if dataset.InstanceNumber == slice_number + 1:
            dataset.RescaleSlope = f"{float(dataset.RescaleSlope) * factor:.10g}"

    effect = _factors(scan, 1 + (factor - 1) / ACTIVE_SLICES)
    what = f"× {factor}, scan {scan}, slice {slice_number}"
    return HeaderChange("RescaleSlope", what, "bqml", spect_of(scan), edit, effect)


@rule
def intercept_of_bqml(rng: random.Random) -> HeaderChange:
    scan, per_ml = _pick(rng), rng.choice((10.0, 1000.0, 20000.0))
    added = tuple(per_ml * VOI_ML if scan in (None, n) else 0.0 for n in range(SCANS))
    effect = Effect(added_bq=added, dose=None)
    edit = _set("RescaleIntercept", per_ml)
    return HeaderChange("RescaleIntercept", f"{per_ml}, scan {scan}", "bqml", spect_of(scan), edit, effect)


@rule
def no_slope_or_a_useless_one(rng: random.Random) -> HeaderChange:
    value = rng.choice((None, "0", "-1", "nan", "1e400"))

    def edit(name: str, dataset: Dataset) -> None:
        if value is None:
            del dataset.RescaleSlope
        else:
            dataset["RescaleSlope"]._value = value

    return HeaderChange("RescaleSlope", f"{value}", "bqml", spect_of(_pick(rng)), edit, None)


@rule
def units_of_counts(rng: random.Random) -> HeaderChange:
    scan, units = _pick(rng), rng.choice(("CPS", "BQML", "PROPCNTS", "GML", "NONE", ""))
    return HeaderChange("Units", f"{units}, scan {scan}", "counts", spect_of(scan), _set("Units", units), None)


@rule
def units_of_bqml(rng: random.Random) -> HeaderChange:
    scan, units = _pick(rng), rng.choice(("CPS", "CNTS", "PROPCPS", "GML", "KBQML", ""))
    return HeaderChange("Units", f"{units}, scan {scan}", "bqml", spect_of(scan), _set("Units", units), None)


@rule
def real_world_value_mapping(rng: random.Random) -> HeaderChange:
    scan, slope = _pick(rng), _factor(rng) * 1000

    def edit(name: str, dataset: Dataset) -> None:
        units, item = Dataset(), Dataset()
        units.CodeValue = "Bq/ml"
        item.MeasurementUnitsCodeSequence = [units]
        item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, 0.0
        dataset.RealWorldValueMappingSequence = [item]

    return HeaderChange("RealWorldValueMappingSequence", f"{slope}", "bqml", spect_of(scan), edit, None)


@rule
def stored_bits(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (("BitsStored", 8), ("BitsAllocated", 8), ("BitsAllocated", 32), ("SamplesPerPixel", 3))
    )
    kind: Kind = rng.choice(("counts", "bqml"))
    return HeaderChange(keyword, f"{value}", kind, spect_of(_pick(rng)), _set(keyword, value), None)


@rule
def signed_pixels(rng: random.Random) -> HeaderChange:
    # 60,000 counts of the first scan are negative as signed numbers.
    return HeaderChange("PixelRepresentation", "1", "counts", spect_of(0), _set("PixelRepresentation", 1), None)


@rule
def grid_size(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(("Rows", "Columns", "NumberOfFrames"))
    more = rng.choice((-1, 1, 5, 1000))

    def edit(name: str, dataset: Dataset) -> None:
        setattr(dataset, keyword, int(getattr(dataset, keyword)) + more)

    return HeaderChange(keyword, f"{more:+d}", "counts", spect_of(_pick(rng)), edit, None)


@rule
def rows_and_columns_swapped(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        dataset.Rows, dataset.Columns = dataset.Columns, dataset.Rows

    kind: Kind = rng.choice(("counts", "bqml"))
    # The pixels are as many; the activity lies in stripes outside the VOIs or across them: a lower, visible activity.
    return HeaderChange("Rows, Columns", "swapped", kind, spect_of(None), edit, None)


# --- time -------------------------------------------------------------------------------------------------------------


def _shifted(dataset: Dataset, seconds: float) -> None:
    moment = datetime.strptime(f"{dataset.AcquisitionDate}{str(dataset.AcquisitionTime)[:6]}", "%Y%m%d%H%M%S")
    moment += timedelta(seconds=seconds)
    dataset.AcquisitionDate, dataset.AcquisitionTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S}"


@rule
def scan_times(rng: random.Random) -> HeaderChange:
    scan = _pick(rng)
    seconds = rng.choice((-1, 1)) * rng.randrange(60, int(3 * SECONDS_PER_HOUR))
    kind: Kind = rng.choice(("counts", "bqml"))

    def edit(name: str, dataset: Dataset) -> None:
        _shifted(dataset, seconds)

    what = f"{seconds:+d} s, scan {scan}"
    return HeaderChange("AcquisitionTime", what, kind, spect_of(scan), edit, _later(scan, seconds))


@rule
def scans_before_the_infusion_or_much_later(rng: random.Random) -> HeaderChange:
    scan, days = rng.choice((0, None)), rng.choice((-1, -30, 400, -365))

    def edit(name: str, dataset: Dataset) -> None:
        _shifted(dataset, days * 24 * SECONDS_PER_HOUR)

    return HeaderChange("AcquisitionDate", f"{days:+d} d, scan {scan}", "counts", spect_of(scan), edit, None)


@rule
def no_time(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(("AcquisitionTime", "AcquisitionDate"))
    value = rng.choice(("", "999999", "250061", "2025-13-45", "00000000", "noon"))
    return HeaderChange(keyword, repr(value), "counts", spect_of(_pick(rng)), _raw(keyword, value), None)


def _raw(keyword: str, value: Any) -> Callable[[str, Dataset], None]:
    def edit(name: str, dataset: Dataset) -> None:
        dataset[keyword]._value = value

    return edit


@rule
def a_second_acquisition_time(rng: random.Random) -> HeaderChange:
    scan, seconds = _pick(rng), rng.choice((0, 20, 45, 90, 3600, -7200))

    def edit(name: str, dataset: Dataset) -> None:
        at = datetime.strptime(f"{dataset.AcquisitionDate}{str(dataset.AcquisitionTime)[:6]}", "%Y%m%d%H%M%S")
        dataset.AcquisitionDateTime = f"{at + timedelta(seconds=seconds):%Y%m%d%H%M%S}"

    effect = Effect() if seconds == 0 else None
    return HeaderChange("AcquisitionDateTime", f"{seconds:+d} s", "counts", spect_of(scan), edit, effect)


@rule
def offset_from_utc(rng: random.Random) -> HeaderChange:
    scan, text = _pick(rng), rng.choice(("+0100", "+0200", "-0500", "+0000", "+2500", "east"))
    # The case says Europe/Warsaw, which was at UTC+1.
    effect = Effect() if text == "+0100" else None
    edit = _set("TimezoneOffsetFromUTC", text)
    return HeaderChange("TimezoneOffsetFromUTC", text, "counts", spect_of(scan), edit, effect)


@rule
def times_that_are_not_the_scan(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (
            *(("SeriesTime", "010203"), ("SeriesDate", "20250101"), ("ContentTime", "235959")),
            *(("ContentDate", "20241231"), ("StudyDate", "20200202"), ("StudyTime", "111111")),
        )
    )
    kind: Kind = rng.choice(("counts", "bqml"))
    return HeaderChange(keyword, value, kind, spect_of(_pick(rng)), _set(keyword, value))


@rule
def ct_times(rng: random.Random) -> HeaderChange:
    minutes = rng.choice((-20, 5, 30, 90))

    def edit(name: str, dataset: Dataset) -> None:
        _shifted(dataset, minutes * MINUTE.to_core(1.0))

    return HeaderChange("AcquisitionTime", f"CT {minutes:+d} min", "counts", ct_of(_pick(rng)), edit)


# --- counting ---------------------------------------------------------------------------------------------------------


def _duration_effect(scan: int | None, factor: float) -> Effect:
    return _factors(scan, mean_over_scan(COUNTING_S) / mean_over_scan(COUNTING_S * factor) / factor)


@rule
def frame_duration(rng: random.Random) -> HeaderChange:
    scan, milliseconds = _pick(rng), rng.randrange(5000, 60000)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.RotationInformationSequence[0].ActualFrameDuration = str(milliseconds)

    effect = _duration_effect(scan, milliseconds / 20000)
    return HeaderChange(
        "ActualFrameDuration", f"{milliseconds} ms, scan {scan}", "counts", spect_of(scan), edit, effect
    )


@rule
def frames_in_rotation(rng: random.Random) -> HeaderChange:
    scan, frames = _pick(rng), rng.choice((30, 32, 45, 64, 90, 120, 128))

    def edit(name: str, dataset: Dataset) -> None:
        rotation = dataset.RotationInformationSequence[0]
        rotation.NumberOfFramesInRotation = frames
        rotation.AngularStep = float(rotation.ScanArc) / frames

    effect = _duration_effect(scan, frames / 60)
    return HeaderChange("NumberOfFramesInRotation", f"{frames}", "counts", spect_of(scan), edit, effect)


@rule
def frames_against_the_arc(rng: random.Random) -> HeaderChange:
    frames = rng.choice((20, 30, 90, 100, 120))

    def edit(name: str, dataset: Dataset) -> None:
        dataset.RotationInformationSequence[0].NumberOfFramesInRotation = frames

    return HeaderChange("NumberOfFramesInRotation", f"{frames}, same step", "counts", spect_of(_pick(rng)), edit, None)


@rule
def arc_and_step(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice((("ScanArc", 120.0), ("ScanArc", 90.0), ("AngularStep", 2.0), ("AngularStep", 6.0)))

    def edit(name: str, dataset: Dataset) -> None:
        setattr(dataset.RotationInformationSequence[0], keyword, value)

    return HeaderChange(keyword, f"{value}", "counts", spect_of(_pick(rng)), edit, None)


@rule
def no_counting_time(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(("ActualFrameDuration", "NumberOfFramesInRotation", "RotationInformationSequence"))
    value = rng.choice((None, 0)) if keyword != "RotationInformationSequence" else None

    def edit(name: str, dataset: Dataset) -> None:
        holder = dataset if keyword == "RotationInformationSequence" else dataset.RotationInformationSequence[0]
        if value is None:
            del holder[keyword]
        else:
            setattr(holder, keyword, value)

    return HeaderChange(keyword, f"{value}", "counts", spect_of(_pick(rng)), edit, None)


@rule
def duration_of_bqml(rng: random.Random) -> HeaderChange:
    # Decay-corrected to the start of the scan: how long it took is in the values already.
    milliseconds = rng.randrange(600_000, 2_400_000)
    edit = _set("ActualFrameDuration", milliseconds)
    return HeaderChange("ActualFrameDuration", f"{milliseconds} ms", "bqml", spect_of(_pick(rng)), edit)


@rule
def number_of_heads(rng: random.Random) -> HeaderChange:
    # The sensitivity is per clock second of all heads.
    heads = rng.choice((1, 2, 3))
    return HeaderChange(
        "NumberOfDetectors", f"{heads}", "counts", spect_of(_pick(rng)), _set("NumberOfDetectors", heads)
    )


# --- decay and nuclide ------------------------------------------------------------------------------------------------


@rule
def corrected_to_the_administration(rng: random.Random) -> HeaderChange:
    scan = _pick(rng)
    # From the middle of no infusion but its start: 14:05 less 9:50.
    since = [hours * SECONDS_PER_HOUR + MINUTE.to_core(15.0) for hours in HOURS]
    activity = tuple(math.exp(-DECAY_PER_S * t) if scan in (None, n) else 1.0 for n, t in enumerate(since))
    effect = Effect(activity=activity, dose=None)
    return HeaderChange("DecayCorrection", "ADMIN", "bqml", spect_of(scan), _set("DecayCorrection", "ADMIN"), effect)


@rule
def administration_when_values_are_corrected_to_it(rng: random.Random) -> HeaderChange:
    minutes = rng.choice((-600, -90, -20, -4, 7, 45, 200))

    def edit(name: str, dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        at = datetime(2025, 3, 3, 9, 50) + timedelta(minutes=minutes)
        item.RadiopharmaceuticalStartDateTime = f"{at:%Y%m%d%H%M%S}"
        dataset.DecayCorrection = "ADMIN"

    since = [hours * SECONDS_PER_HOUR + MINUTE.to_core(15.0 - minutes) for hours in HOURS]
    effect = Effect(activity=tuple(math.exp(-DECAY_PER_S * t) for t in since), dose=None)
    what = f"{minutes:+d} min"
    return HeaderChange("RadiopharmaceuticalStartDateTime", what, "bqml", spect_of(None), edit, effect)


@rule
def not_corrected_for_decay(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        dataset.DecayCorrection, dataset.CorrectedImage = "NONE", ["ATTN", "SCAT"]

    scan = _pick(rng)
    effect = _factors(scan, 1 / mean_over_scan(COUNTING_S))
    return HeaderChange("DecayCorrection", f"NONE, scan {scan}", "bqml", spect_of(scan), edit, effect)


@rule
def contradictory_decay_correction(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (
            ("DecayCorrection", "NONE"),
            ("DecayCorrection", "LATER"),
            ("DecayCorrection", ""),
            ("CorrectedImage", ["ATTN"]),
        )
    )
    return HeaderChange(keyword, f"{value}", "bqml", spect_of(_pick(rng)), _set(keyword, value), None)


@rule
def counts_corrected_for_decay(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice((("DecayCorrection", "START"), ("CorrectedImage", ["ATTN", "SCAT", "DECY"])))
    return HeaderChange(keyword, f"{value}", "counts", spect_of(_pick(rng)), _set(keyword, value), None)


@rule
def corrections_missing(rng: random.Random) -> HeaderChange:
    listed = rng.choice((["ATTN"], ["SCAT"], ["UNIF"]))
    return HeaderChange(
        "CorrectedImage", f"{listed}", "counts", spect_of(_pick(rng)), _set("CorrectedImage", listed), None
    )


def _item(keyword: str, value: Any) -> Callable[[str, Dataset], None]:
    def edit(name: str, dataset: Dataset) -> None:
        setattr(dataset.RadiopharmaceuticalInformationSequence[0], keyword, value)

    return edit


@rule
def half_life_of_another_table(rng: random.Random) -> HeaderChange:
    # Within what tables differ by, the program's own physics holds.
    value = round(574300.8 * rng.uniform(0.985, 1.015), 1)
    kind: Kind = rng.choice(("counts", "bqml"))
    edit = _item("RadionuclideHalfLife", value)
    return HeaderChange("RadionuclideHalfLife", f"{value}", kind, spect_of(_pick(rng)), edit)


@rule
def half_life_of_another_nuclide(rng: random.Random) -> HeaderChange:
    value = rng.choice((6586.2, 21624.0, 230522.4, 693792.0, 4057.7, 13858560.0))
    kind: Kind = rng.choice(("counts", "bqml"))
    edit = _item("RadionuclideHalfLife", value)
    return HeaderChange("RadionuclideHalfLife", f"{value}", kind, spect_of(_pick(rng)), edit, None)


@rule
def another_nuclide(rng: random.Random) -> HeaderChange:
    code, meaning, half_life = rng.choice(
        (("14691008", "Yttrium-90", 230522.4), ("999", "^131^Iodine", 693792.0), ("999", "In-111", 242326.1))
    )

    def edit(name: str, dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideCodeSequence[0].CodeValue = code
        item.RadionuclideCodeSequence[0].CodeMeaning = meaning
        item.RadionuclideHalfLife = half_life

    return HeaderChange("RadionuclideCodeSequence", meaning, "counts", spect_of(_pick(rng)), edit, None)


@rule
def energy_window(rng: random.Random) -> HeaderChange:
    low, high = rng.choice(((126.0, 154.0), (328.0, 400.0), (20.0, 60.0), (70.0, 90.0)))

    def edit(name: str, dataset: Dataset) -> None:
        part = dataset.EnergyWindowInformationSequence[0].EnergyWindowRangeSequence[0]
        part.EnergyWindowLowerLimit, part.EnergyWindowUpperLimit = low, high

    return HeaderChange("EnergyWindowLowerLimit", f"{low}–{high}", "counts", spect_of(_pick(rng)), edit, None)


@rule
def stated_activity(rng: random.Random) -> HeaderChange:
    # For comparison with the record only; the record's activity stands.
    factor = _factor(rng)

    def edit(name: str, dataset: Dataset) -> None:
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideTotalDose = float(item.RadionuclideTotalDose) * factor

    return HeaderChange("RadionuclideTotalDose", f"× {factor}", "counts", spect_of(_pick(rng)), edit)


# --- geometry ---------------------------------------------------------------------------------------------------------


def _scaled(values: Any, factor: float) -> list[str]:
    return [f"{float(value) * factor:.8g}" for value in values]


@rule
def pixel_size_of_counts(rng: random.Random) -> HeaderChange:
    # All activity stays inside the VOIs, whose margin is 7 mm: counts are counts.
    factor = rng.uniform(0.99, 1.01)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.PixelSpacing = _scaled(dataset.PixelSpacing, factor)

    return HeaderChange("PixelSpacing", f"× {factor:.4f}", "counts", spect_of(_pick(rng)), edit)


@rule
def pixel_size_of_bqml(rng: random.Random) -> HeaderChange:
    # The same concentration in voxels of another size.
    scan, factor = _pick(rng), rng.uniform(0.99, 1.01)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.PixelSpacing = _scaled(dataset.PixelSpacing, factor)

    factor_printed = float(f"{4.8 * factor:.8g}") / 4.8
    effect = _factors(scan, factor_printed**2)
    return HeaderChange("PixelSpacing", f"× {factor:.4f}, scan {scan}", "bqml", spect_of(scan), edit, effect)


@rule
def slice_distance(rng: random.Random) -> HeaderChange:
    factor = rng.uniform(0.991, 1.009)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.SpacingBetweenSlices = f"{float(dataset.SpacingBetweenSlices) * factor:.8g}"
        dataset.SliceThickness = dataset.SpacingBetweenSlices

    return HeaderChange("SpacingBetweenSlices", f"× {factor:.4f}", "counts", spect_of(_pick(rng)), edit)


@rule
def thickness_against_distance(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(("SliceThickness", "SpacingBetweenSlices"))
    value = 4.8 * rng.choice((0.5, 0.9, 1.1, 2.0))
    return HeaderChange(keyword, f"{value:g}", "counts", spect_of(_pick(rng)), _set(keyword, value), None)


@rule
def slices_towards_the_feet(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        dataset.SpacingBetweenSlices = -float(dataset.SpacingBetweenSlices)

    return HeaderChange("SpacingBetweenSlices", "negative", "counts", spect_of(_pick(rng)), edit, None)


def _moved(by: tuple[float, float, float]) -> Callable[[str, Dataset], None]:
    def edit(name: str, dataset: Dataset) -> None:
        holder = dataset.DetectorInformationSequence[0] if "DetectorInformationSequence" in dataset else dataset
        holder.ImagePositionPatient = [
            f"{float(a) + b:.8g}" for a, b in zip(holder.ImagePositionPatient, by, strict=True)
        ]

    return edit


@rule
def position(rng: random.Random) -> HeaderChange:
    # Within the margin of the VOIs nothing is lost.
    by = (rng.uniform(-4, 4), rng.uniform(-4, 4), rng.uniform(-4, 4))
    kind: Kind = rng.choice(("counts", "bqml"))
    what = ", ".join(f"{value:+.1f}" for value in by)
    return HeaderChange("ImagePositionPatient", f"{what} mm", kind, spect_of(_pick(rng)), _moved(by))


@rule
def position_far_away(rng: random.Random) -> HeaderChange:
    by = rng.choice(((400.0, 0.0, 0.0), (0.0, 300.0, 0.0), (0.0, 0.0, 250.0), (0.0, 0.0, -1000.0)))
    kind: Kind = rng.choice(("counts", "bqml"))
    return HeaderChange("ImagePositionPatient", f"{by} mm", kind, spect_of(_pick(rng)), _moved(by), None)


@rule
def orientation(rng: random.Random) -> HeaderChange:
    cosines = rng.choice(
        (
            *([1, 0, 0, 0, 1.2, 0], [1, 0.1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0]),
            *([-1, 0, 0, 0, 1, 0], [1, 0, 0, 0, -1, 0], [-1, 0, 0, 0, -1, 0]),
        )
    )

    def edit(name: str, dataset: Dataset) -> None:
        dataset.DetectorInformationSequence[0].ImageOrientationPatient = cosines

    return HeaderChange("ImageOrientationPatient", f"{cosines}", "counts", spect_of(_pick(rng)), edit, None)


@rule
def one_slice_moved(rng: random.Random) -> HeaderChange:
    number, by = rng.randrange(2, 12), rng.choice(((0, 0, 4.8), (0, 0, -4.8), (0, 0, 1.5), (3, 0, 0), (0, 0, 96)))
    kind: Kind = "bqml"

    def edit(name: str, dataset: Dataset) -> None:
        if dataset.InstanceNumber == number:
            _moved(by)(name, dataset)

    return HeaderChange("ImagePositionPatient", f"slice {number} by {by}", kind, spect_of(_pick(rng)), edit, None)


@rule
def two_slices_swapped(rng: random.Random) -> HeaderChange:
    # Slices lie where their positions say; their numbers then contradict.
    one, other = rng.sample(range(6, 12), 2)

    def edit(name: str, dataset: Dataset) -> None:
        step = {one: other - one, other: one - other}.get(int(dataset.InstanceNumber))
        if step:
            _moved((0.0, 0.0, 4.8 * step))(name, dataset)

    return HeaderChange("ImagePositionPatient", f"{one} and {other} swapped", "bqml", spect_of(_pick(rng)), edit, None)


@rule
def slice_vector(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        order = list(dataset.SliceVector)
        rng_order = random.Random(len(order))
        rng_order.shuffle(order)
        dataset.SliceVector = order

    return HeaderChange("SliceVector", "shuffled", "counts", spect_of(_pick(rng)), edit, None)


@rule
def number_of_slices(rng: random.Random) -> HeaderChange:
    more = rng.choice((-2, 1, 30))
    kind: Kind = rng.choice(("counts", "bqml"))

    def edit(name: str, dataset: Dataset) -> None:
        dataset.NumberOfSlices = int(dataset.NumberOfSlices) + more

    return HeaderChange("NumberOfSlices", f"{more:+d}", kind, spect_of(_pick(rng)), edit, None)


# --- identity ---------------------------------------------------------------------------------------------------------


@rule
def patient(rng: random.Random) -> HeaderChange:
    value = rng.choice(("P-2", "p-1", "P-1 2", "P1", "007"))
    files = rng.choice((spect_of(_pick(rng)), ct_of(_pick(rng)), vois, everything))
    return HeaderChange("PatientID", value, "counts", files, _set("PatientID", value), None)


@rule
def name_sex_or_birth_date_in_some_files(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (("PatientName", "Other^Person"), ("PatientSex", "M"), ("PatientBirthDate", "19800101"))
    )
    files = rng.choice((spect_of(rng.randrange(SCANS)), ct_of(rng.randrange(SCANS))))
    return HeaderChange(keyword, value, "counts", files, _set(keyword, value), None)


@rule
def frame_of_reference(rng: random.Random) -> HeaderChange:
    files = rng.choice((spect_of(rng.randrange(SCANS)), ct_of(rng.randrange(SCANS)), ct_of(0)))
    return HeaderChange("FrameOfReferenceUID", "another", "counts", files, _set("FrameOfReferenceUID", "1.2.3.4"), None)


@rule
def frame_of_reference_of_the_vois(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3.4"
        for item in dataset.StructureSetROISequence:
            item.ReferencedFrameOfReferenceUID = "1.2.3.4"

    return HeaderChange("ReferencedFrameOfReferenceUID", "another", "counts", vois, edit, None)


@rule
def kind_of_image(rng: random.Random) -> HeaderChange:
    kind = rng.choice(("TOMO", "STATIC", "WHOLE BODY", "GATED TOMO", "RECON GATED TOMO", "DYNAMIC"))
    value = ["ORIGINAL", "PRIMARY", kind, "EMISSION"]
    return HeaderChange("ImageType", kind, "counts", spect_of(_pick(rng)), _set("ImageType", value), None)


@rule
def harmless_descriptions(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (
            *(("SeriesDescription", "Żółć"), ("StationName", "X"), ("InstitutionName", "Y"), ("AccessionNumber", "9")),
            *(("SeriesNumber", 77), ("StudyDescription", "z"), ("ProtocolName", "q"), ("WindowCenter", 1)),
        )
    )
    return HeaderChange(keyword, f"{value}", "counts", spect_of(_pick(rng)), _set(keyword, value))


# --- CT and VOIs ------------------------------------------------------------------------------------------------------


@rule
def ct_values(rng: random.Random) -> HeaderChange:
    # Masses come from volumes and stated densities here, not from CT numbers.
    keyword, value = rng.choice((("RescaleSlope", 1.1), ("RescaleIntercept", -1000), ("RescaleIntercept", -1014)))
    return HeaderChange(keyword, f"CT {value}", "counts", ct_of(_pick(rng)), _set(keyword, value))


@rule
def ct_slice_missing_or_moved(rng: random.Random) -> HeaderChange:
    number, by = rng.randrange(2, 13), rng.choice(((0, 0, 6.0), (0, 0, 2.0), (0, 0, -600.0), (2.0, 0, 0)))

    def edit(name: str, dataset: Dataset) -> None:
        if dataset.InstanceNumber == number:
            _moved(by)(name, dataset)

    return HeaderChange("ImagePositionPatient", f"CT slice {number} by {by}", "counts", ct_of(_pick(rng)), edit, None)


@rule
def width_of_the_contours(rng: random.Random) -> HeaderChange:
    # Wider in x about the middle of each kidney; activity stays inside, the volume grows.
    factor = round(rng.uniform(0.95, 1.3), 3)

    def edit(name: str, dataset: Dataset) -> None:
        for roi in dataset.ROIContourSequence:
            for contour in roi.ContourSequence:
                points = [float(value) for value in contour.ContourData]
                middle = (min(points[::3]) + max(points[::3])) / 2
                points[::3] = [middle + factor * (x - middle) for x in points[::3]]
                contour.ContourData = [f"{value:.6f}" for value in points]

    # Contours that stay on pixel edges are exact; others to what 255 steps of coverage resolve.
    effect = Effect(volume=factor, dose=None)
    return HeaderChange("ContourData", f"× {factor} in x", "counts", vois, edit, effect)


@rule
def damaged_contours(rng: random.Random) -> HeaderChange:
    kind = rng.choice(("points", "region", "geometry", "name", "far", "tilt"))

    def edit(name: str, dataset: Dataset) -> None:
        roi = dataset.ROIContourSequence[0]
        contour = roi.ContourSequence[3]
        points = [float(value) for value in contour.ContourData]
        if kind == "points":
            contour.NumberOfContourPoints = 7
        elif kind == "region":
            roi.ReferencedROINumber = 9
        elif kind == "geometry":
            contour.ContourGeometricType = "OPEN_PLANAR"
        elif kind == "name":
            dataset.StructureSetROISequence[0].ROIName = "Structure 1"
        elif kind == "far":
            contour.ContourData = [f"{value + 2000:.4f}" for value in points]
        else:
            points[2] += 9.0
            contour.ContourData = [f"{value:.4f}" for value in points]

    return HeaderChange("ROIContourSequence", kind, "counts", vois, edit, None)


# --- elements that are gone -------------------------------------------------------------------------------------------

_NEEDED_OF_COUNTS = (
    *("PixelSpacing", "AcquisitionDate", "AcquisitionTime", "Rows", "Columns", "Units", "FrameOfReferenceUID"),
    *("BitsAllocated", "PixelRepresentation", "SeriesInstanceUID", "StudyInstanceUID", "SOPInstanceUID"),
    *("PixelData", "DetectorInformationSequence", "ImageType", "PatientID"),
)
_NEEDED_OF_BQML = (
    *("PixelSpacing", "AcquisitionTime", "Units", "FrameOfReferenceUID", "RescaleSlope", "DecayCorrection"),
    *("ImagePositionPatient", "ImageOrientationPatient", "SeriesInstanceUID", "BitsAllocated"),
)


@rule
def needed_element_gone(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(_NEEDED_OF_COUNTS)
    return HeaderChange(keyword, "gone", "counts", spect_of(rng.randrange(SCANS)), _delete(keyword), None)


@rule
def needed_element_of_bqml_gone(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(_NEEDED_OF_BQML)
    return HeaderChange(keyword, "gone", "bqml", spect_of(rng.randrange(SCANS)), _delete(keyword), None)


def header_changes(count: int, seed: int) -> Iterator[HeaderChange]:
    """So many changes; the rules take turns."""
    for number in range(count):
        yield RULES[number % len(RULES)](random.Random(f"{seed} {number}"))
