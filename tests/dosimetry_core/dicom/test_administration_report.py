"""Radiopharmaceutical Radiation Dose SR: read by its codes, refused where it does not say enough."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RadiopharmaceuticalRadiationDoseSRStorage, generate_uid

from dosimetry_core.dicom.administration_report import read_administration_report
from dosimetry_core.errors import DosimetryError


def code(value: str, scheme: str, meaning: str = "x") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def content(kind: str, value: str, scheme: str, **more: object) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", kind
    item.ConceptNameCodeSequence = [code(value, scheme)]
    for keyword, element in more.items():
        setattr(item, keyword, element)
    return item


def number(value: str, amount: str, unit: str, **more: object) -> Dataset:
    measured = Dataset()
    measured.NumericValue = amount
    measured.MeasurementUnitsCodeSequence = [code(unit, "UCUM")]
    return content("NUM", value, "DCM", MeasuredValueSequence=[measured], **more)


def event() -> list[Dataset]:
    agent = content("CODE", "349358000", "SCT", ConceptCodeSequence=[code("1", "99X", "DOTATATE")])
    agent.ContentSequence = [content("CODE", "89457008", "SCT", ConceptCodeSequence=[code("447553000", "SCT")])]
    return [
        agent,
        content("DATETIME", "123003", "DCM", DateTime="20260302101500"),
        content("DATETIME", "123004", "DCM", DateTime="20260302104500"),
        number("113507", "7390.5", "MBq"),
        number("113508", "7.42", "GBq", ObservationDateTime="20260302100000"),
        number("113509", "21000", "kBq", ObservationDateTime="20260302110000"),
    ]


def report(path: Path, change: Callable[[Dataset, list[Dataset]], object] = lambda dataset, items: None) -> Path:
    dataset, items = Dataset(), event()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = RadiopharmaceuticalRadiationDoseSRStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.PatientID, dataset.Modality, dataset.Manufacturer = "P-1", "SR", "Dispenser Ltd"
    dataset.TimezoneOffsetFromUTC = "+0100"
    change(dataset, items)
    container = content("CONTAINER", "113502", "DCM", ContentSequence=items)
    dataset.ContentSequence = [content("CODE", "121058", "DCM", ConceptCodeSequence=[code("1", "SCT")]), container]
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_that_an_administration_is_read_in_core_units(tmp_path: Path) -> None:
    found = read_administration_report(report(tmp_path / "report.dcm"))
    (one,) = found.administrations
    assert (found.patient_id, found.made_by, one.nuclide) == ("P-1", "Dispenser Ltd", "Lu-177")
    assert one.administered_activity_bq == pytest.approx(7.3905e9)
    assert (one.before_bq, one.after_bq) == (pytest.approx(7.42e9), pytest.approx(21e6))
    assert one.start.astimezone(UTC) == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    assert one.end == one.start + timedelta(minutes=30)
    assert one.before_at == one.start - timedelta(minutes=15)
    assert one.after_at == one.start + timedelta(minutes=45)


def test_that_older_codes_and_an_own_offset_are_read(tmp_path: Path) -> None:
    def change(dataset: Dataset, items: list[Dataset]) -> None:
        nuclide = content("CODE", "C-10072", "SRT", ConceptCodeSequence=[code("C-162A7", "SRT")])
        items[0].ContentSequence = [nuclide]
        items[1].DateTime = "20260302101500.000000-0500"
        items.pop(2)

    (one,) = read_administration_report(report(tmp_path / "report.dcm", change)).administrations
    assert one.nuclide == "Y-90"
    assert one.start.astimezone(UTC) == datetime(2026, 3, 2, 15, 15, tzinfo=UTC)


def test_that_a_report_without_a_zone_leaves_times_without_one(tmp_path: Path) -> None:
    path = report(tmp_path / "report.dcm", lambda dataset, items: delattr(dataset, "TimezoneOffsetFromUTC"))
    (one,) = read_administration_report(path).administrations
    assert one.start == datetime(2026, 3, 2, 10, 15)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda d, i: setattr(d, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.88.33"), "no report of radiopharm"),
        (lambda d, i: i.pop(0), "radionuclide that is not known here (none)"),
        (
            lambda d, i: setattr(i[0].ContentSequence[0], "ConceptCodeSequence", [code("C-B1031", "SRT")]),
            "not known here (C-B1031)",
        ),
        (lambda d, i: i.pop(1), "when the administration started"),
        (lambda d, i: setattr(i[1], "DateTime", "20260302"), "without a time of day"),
        (lambda d, i: setattr(i[2], "DateTime", "20260302100000"), "ends before"),
        (lambda d, i: i.__setitem__(3, number("113507", "200", "mCi")), "in mCi"),
        (lambda d, i: i.__setitem__(3, number("113507", "-1", "MBq")), "no number of 0 or more"),
        (lambda d, i: i.append(number("113507", "100", "MBq")), "more than once"),
        (lambda d, i: (i.pop(5), i.pop(3)), "no administered activity"),
        (lambda d, i: setattr(d, "TimezoneOffsetFromUTC", "CET"), "time zone"),
    ],
)
def test_that_what_is_not_said_is_not_guessed(
    tmp_path: Path, change: Callable[[Dataset, list[Dataset]], object], what: str
) -> None:
    path = report(tmp_path / "report.dcm", change)
    with pytest.raises(DosimetryError) as told:
        read_administration_report(path)
    assert what in told.value.line()
    assert "report.dcm" in told.value.line()


def test_that_a_report_without_events_says_so(tmp_path: Path) -> None:
    path = report(tmp_path / "report.dcm")
    import pydicom

    dataset = pydicom.dcmread(path)
    dataset.ContentSequence.pop(1)
    dataset.save_as(path)
    with pytest.raises(DosimetryError, match="no administration"):
        read_administration_report(path)
