from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from dosimetry_core.dicom.header import Header
from dosimetry_core.dicom.timing import (
    Clock,
    acquisition_start,
    ct_start,
    infusion_instant,
    local_instant,
    time_after_administration_s,
)
from dosimetry_core.errors import DicomReadError, InconsistentCaseError

WARSAW = Clock("Europe/Warsaw")


def _header(**values: str) -> Header:
    dataset = Dataset()
    for keyword, value in values.items():
        # As read from a file: without the check that pydicom makes when one writes.
        dataset.add(DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE))
    return Header(dataset, "scan.dcm")


def _start(clock: Clock = WARSAW, **values: str) -> datetime:
    return acquisition_start(_header(**values), clock).instant.astimezone(UTC)


def test_that_a_winter_and_a_summer_time_have_their_own_offsets() -> None:
    assert _start(AcquisitionDate="20250303", AcquisitionTime="140500") == datetime(2025, 3, 3, 13, 5, tzinfo=UTC)
    assert _start(AcquisitionDate="20250403", AcquisitionTime="140500") == datetime(2025, 4, 3, 12, 5, tzinfo=UTC)


def test_that_elapsed_time_across_a_clock_change_is_physical() -> None:
    zone = ZoneInfo("Europe/Warsaw")
    before, after = datetime(2025, 3, 29, 12, tzinfo=zone), datetime(2025, 3, 31, 12, tzinfo=zone)
    assert time_after_administration_s(before, after) == (48 - 1) * 3600
    read = acquisition_start(_header(AcquisitionDate="20250331", AcquisitionTime="120000"), WARSAW).instant
    # Two instants of one named zone are subtracted as wall clocks by Python; what the reader gives never is.
    assert (read - local_instant(datetime(2025, 3, 29, 12), "Europe/Warsaw")).total_seconds() == 47 * 3600


def test_that_a_ct_takes_no_time_of_another_day_than_it_states_and_none_that_is_incomplete() -> None:
    for values in (
        {"AcquisitionDate": "20250303", "SeriesDate": "20250304", "SeriesTime": "101500"},
        {"SeriesDate": "20250303", "StudyTime": "101500"},
        {},
    ):
        with pytest.raises(DicomReadError):
            ct_start(_header(**values), WARSAW)
    other = {"SeriesDate": "20250304", "SeriesTime": "101500", "StudyDate": "20250303", "StudyTime": "090000"}
    timing = ct_start(_header(AcquisitionDate="20250303", **other), WARSAW)
    assert timing.instant == datetime(2025, 3, 3, 8, tzinfo=UTC)


def test_that_midnight_and_month_ends_are_crossed() -> None:
    late = _start(AcquisitionDate="20250131", AcquisitionTime="235959.5")
    early = _start(AcquisitionDate="20250201", AcquisitionTime="000000.25")
    assert time_after_administration_s(late, early) == pytest.approx(0.75, abs=1e-9)


def test_that_the_files_own_offset_goes_before_the_time_zone_and_is_remarked() -> None:
    header = _header(AcquisitionDate="20250303", AcquisitionTime="140500", TimezoneOffsetFromUTC="+0000")
    timing = acquisition_start(header, WARSAW)
    assert timing.instant == datetime(2025, 3, 3, 14, 5, tzinfo=UTC)
    assert [finding.code for finding in timing.findings] == ["time-zone-differs"]
    header = _header(AcquisitionDateTime="20250303140500.000000+0100", TimezoneOffsetFromUTC="+0000")
    timing = acquisition_start(header, WARSAW)
    assert timing.instant == datetime(2025, 3, 3, 13, 5, tzinfo=UTC)
    assert not timing.findings


def test_that_an_offset_that_agrees_with_the_zone_is_silent() -> None:
    header = _header(AcquisitionDate="20250703", AcquisitionTime="140500", TimezoneOffsetFromUTC="+0200")
    assert not acquisition_start(header, WARSAW).findings


def test_that_a_late_clock_is_corrected_by_its_offset() -> None:
    right = _start(AcquisitionDate="20250303", AcquisitionTime="140500")
    assert _start(Clock("Europe/Warsaw", 90.0), AcquisitionDate="20250303", AcquisitionTime="140500") == (
        right + timedelta(seconds=90)
    )


def test_that_the_series_time_is_never_taken_for_the_acquisition_time() -> None:
    with pytest.raises(DicomReadError, match=r"scan.dcm: Acquisition Time \(0008,0032\) is missing; .*series time"):
        _start(SeriesDate="20250303", SeriesTime="140500", ContentDate="20250303", ContentTime="140500")


def test_that_a_time_without_a_date_is_refused() -> None:
    with pytest.raises(DicomReadError, match=r"Acquisition Date \(0008,0022\) is missing"):
        _start(AcquisitionTime="140500", SeriesDate="20250303")


@pytest.mark.parametrize("text", ["20250330", "20251026"])
def test_that_times_inside_a_clock_change_are_refused(text: str) -> None:
    with pytest.raises(DicomReadError, match=r"the time 2025-..-.. 02:30:00 (does not exist|occurs twice) in Europe"):
        _start(AcquisitionDate=text, AcquisitionTime="023000")


def test_that_a_time_inside_a_clock_change_is_right_with_its_offset() -> None:
    assert _start(AcquisitionDate="20251026", AcquisitionTime="023000", TimezoneOffsetFromUTC="+0100") == datetime(
        2025, 10, 26, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("date", "time"),
    [("20250230", "120000"), ("20250303", "250000"), ("20250303", "12"), ("2025", "120000"), ("19000101", "120000")],
)
def test_that_impossible_dates_and_times_are_refused(date: str, time: str) -> None:
    with pytest.raises(DicomReadError, match=r"scan.dcm: Acquisition Time"):
        _start(AcquisitionDate=date, AcquisitionTime=time)


def test_that_two_acquisition_times_hours_apart_are_refused() -> None:
    with pytest.raises(DicomReadError, match="two acquisition times"):
        _start(AcquisitionDateTime="20250303140500", AcquisitionDate="20250303", AcquisitionTime="160500")


def test_that_an_old_time_with_colons_is_read() -> None:
    assert _start(AcquisitionDate="2025.03.03", AcquisitionTime="14:05:00") == datetime(2025, 3, 3, 13, 5, tzinfo=UTC)


def test_that_an_unknown_zone_is_said() -> None:
    timing = acquisition_start(_header(AcquisitionDate="20250303", AcquisitionTime="140500"), Clock(None))
    assert not timing.zone_known
    assert [finding.code for finding in timing.findings] == ["time-zone-unknown"]
    with pytest.raises(InconsistentCaseError, match="unknown time zone 'Europe/Nowhere'"):
        _start(Clock("Europe/Nowhere"), AcquisitionDate="20250303", AcquisitionTime="140500")


def test_that_the_middle_of_the_infusion_is_half_way() -> None:
    start = datetime(2025, 3, 3, 10, 30, tzinfo=timezone(timedelta(hours=1)))
    instants = [infusion_instant(start, 1800.0, reference) for reference in ("start", "mid", "end")]
    assert [(instant - start).total_seconds() for instant in instants] == [0, 900, 1800]


def test_that_instants_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        time_after_administration_s(datetime(2025, 3, 3), datetime(2025, 3, 4, tzinfo=UTC))
    with pytest.raises(ValueError, match="time zone"):
        infusion_instant(datetime(2025, 3, 3), 60.0)
