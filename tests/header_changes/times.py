"""Changes of dates and times."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset

from dosimetry_core.units import MINUTE, SECONDS_PER_HOUR
from tests.header_changes.change import (
    Effect,
    HeaderChange,
    Rules,
    ct_of,
    later_scan,
    one_scan_or_all,
    set_to,
    spect_of,
)
from tests.header_changes.small import (
    Kind,
)

RULES = Rules()


def _shifted(dataset: Dataset, seconds: float) -> None:
    moment = datetime.strptime(f"{dataset.AcquisitionDate}{str(dataset.AcquisitionTime)[:6]}", "%Y%m%d%H%M%S")
    moment += timedelta(seconds=seconds)
    dataset.AcquisitionDate, dataset.AcquisitionTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S}"


@RULES.add
def scan_times(rng: random.Random) -> HeaderChange:
    scan = one_scan_or_all(rng)
    seconds = rng.choice((-1, 1)) * rng.randrange(60, int(3 * SECONDS_PER_HOUR))
    kind: Kind = rng.choice(("counts", "bqml"))

    def edit(name: str, dataset: Dataset) -> None:
        _shifted(dataset, seconds)

    what = f"{seconds:+d} s, scan {scan}"
    return HeaderChange("AcquisitionTime", what, kind, spect_of(scan), edit, later_scan(scan, seconds))


@RULES.add
def scans_before_the_infusion_or_much_later(rng: random.Random) -> HeaderChange:
    scan, days = rng.choice((0, None)), rng.choice((-1, -30, 400, -365))

    def edit(name: str, dataset: Dataset) -> None:
        _shifted(dataset, days * 24 * SECONDS_PER_HOUR)

    return HeaderChange("AcquisitionDate", f"{days:+d} d, scan {scan}", "counts", spect_of(scan), edit, None)


@RULES.add
def no_time(rng: random.Random) -> HeaderChange:
    keyword = rng.choice(("AcquisitionTime", "AcquisitionDate"))
    value = rng.choice(("", "999999", "250061", "2025-13-45", "00000000", "noon"))
    return HeaderChange(keyword, repr(value), "counts", spect_of(one_scan_or_all(rng)), _raw(keyword, value), None)


def _raw(keyword: str, value: Any) -> Callable[[str, Dataset], None]:
    def edit(name: str, dataset: Dataset) -> None:
        dataset[keyword]._value = value

    return edit


@RULES.add
def a_second_acquisition_time(rng: random.Random) -> HeaderChange:
    scan, seconds = one_scan_or_all(rng), rng.choice((0, 20, 45, 90, 3600, -7200))

    def edit(name: str, dataset: Dataset) -> None:
        at = datetime.strptime(f"{dataset.AcquisitionDate}{str(dataset.AcquisitionTime)[:6]}", "%Y%m%d%H%M%S")
        dataset.AcquisitionDateTime = f"{at + timedelta(seconds=seconds):%Y%m%d%H%M%S}"

    effect = Effect() if seconds == 0 else None
    return HeaderChange("AcquisitionDateTime", f"{seconds:+d} s", "counts", spect_of(scan), edit, effect)


@RULES.add
def offset_from_utc(rng: random.Random) -> HeaderChange:
    scan, text = one_scan_or_all(rng), rng.choice(("+0100", "+0200", "-0500", "+0000", "+2500", "east"))
    # The case says Europe/Warsaw, which was at UTC+1.
    effect = Effect() if text == "+0100" else None
    edit = set_to("TimezoneOffsetFromUTC", text)
    return HeaderChange("TimezoneOffsetFromUTC", text, "counts", spect_of(scan), edit, effect)


@RULES.add
def times_that_are_not_the_scan(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (
            *(("SeriesTime", "010203"), ("SeriesDate", "20250101"), ("ContentTime", "235959")),
            *(("ContentDate", "20241231"), ("StudyDate", "20200202"), ("StudyTime", "111111")),
        )
    )
    kind: Kind = rng.choice(("counts", "bqml"))
    return HeaderChange(keyword, value, kind, spect_of(one_scan_or_all(rng)), set_to(keyword, value))


@RULES.add
def ct_times(rng: random.Random) -> HeaderChange:
    minutes = rng.choice((-20, 5, 30, 90))

    def edit(name: str, dataset: Dataset) -> None:
        _shifted(dataset, minutes * MINUTE.to_core(1.0))

    return HeaderChange("AcquisitionTime", f"CT {minutes:+d} min", "counts", ct_of(one_scan_or_all(rng)), edit)
