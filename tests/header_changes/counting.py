"""Changes of what says how long the camera counted."""

from __future__ import annotations

import random

from pydicom.dataset import Dataset

from tests.header_changes.change import (
    Effect,
    HeaderChange,
    Rules,
    one_scan_or_all,
    scaled_activity,
    set_to,
    spect_of,
)
from tests.header_changes.small import (
    mean_over_scan,
)
from tests.small_study import COUNTING_S

RULES = Rules()


def _duration_effect(scan: int | None, factor: float) -> Effect:
    return scaled_activity(scan, mean_over_scan(COUNTING_S) / mean_over_scan(COUNTING_S * factor) / factor)


@RULES.add
def frame_duration(rng: random.Random) -> HeaderChange:
    scan, milliseconds = one_scan_or_all(rng), rng.randrange(5000, 60000)

    def edit(name: str, dataset: Dataset) -> None:
        dataset.RotationInformationSequence[0].ActualFrameDuration = str(milliseconds)

    effect = _duration_effect(scan, milliseconds / 20000)
    return HeaderChange(
        "ActualFrameDuration", f"{milliseconds} ms, scan {scan}", "counts", spect_of(scan), edit, effect
    )


@RULES.add
def frames_in_rotation(rng: random.Random) -> HeaderChange:
    scan, frames = one_scan_or_all(rng), rng.choice((30, 32, 45, 64, 90, 120, 128))

    def edit(name: str, dataset: Dataset) -> None:
        rotation = dataset.RotationInformationSequence[0]
        rotation.NumberOfFramesInRotation = frames
        rotation.AngularStep = float(rotation.ScanArc) / frames

    effect = _duration_effect(scan, frames / 60)
    return HeaderChange("NumberOfFramesInRotation", f"{frames}", "counts", spect_of(scan), edit, effect)


@RULES.add
def frames_against_the_arc(rng: random.Random) -> HeaderChange:
    frames = rng.choice((20, 30, 90, 100, 120))

    def edit(name: str, dataset: Dataset) -> None:
        dataset.RotationInformationSequence[0].NumberOfFramesInRotation = frames

    return HeaderChange(
        "NumberOfFramesInRotation", f"{frames}, same step", "counts", spect_of(one_scan_or_all(rng)), edit, None
    )


@RULES.add
def arc_and_step(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice((("ScanArc", 120.0), ("ScanArc", 90.0), ("AngularStep", 2.0), ("AngularStep", 6.0)))

    def edit(name: str, dataset: Dataset) -> None:
        setattr(dataset.RotationInformationSequence[0], keyword, value)

    return HeaderChange(keyword, f"{value}", "counts", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def no_counting_time(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(("ActualFrameDuration", "NumberOfFramesInRotation", "RotationInformationSequence"))
    value = rng.choice((None, 0)) if keyword != "RotationInformationSequence" else None

    def edit(name: str, dataset: Dataset) -> None:
        holder = dataset if keyword == "RotationInformationSequence" else dataset.RotationInformationSequence[0]
        if value is None:
            del holder[keyword]
        else:
            setattr(holder, keyword, value)

    return HeaderChange(keyword, f"{value}", "counts", spect_of(one_scan_or_all(rng)), edit, None)


@RULES.add
def duration_of_bqml(rng: random.Random) -> HeaderChange:
    # Decay-corrected to the start of the scan: how long it took is in the values already.
    milliseconds = rng.randrange(600_000, 2_400_000)
    edit = set_to("ActualFrameDuration", milliseconds)
    return HeaderChange("ActualFrameDuration", f"{milliseconds} ms", "bqml", spect_of(one_scan_or_all(rng)), edit)


@RULES.add
def number_of_heads(rng: random.Random) -> HeaderChange:
    # The sensitivity is per clock second of all heads.
    heads = rng.choice((1, 2, 3))
    return HeaderChange(
        "NumberOfDetectors", f"{heads}", "counts", spect_of(one_scan_or_all(rng)), set_to("NumberOfDetectors", heads)
    )
