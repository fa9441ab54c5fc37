"""What was given, as exported: read again by the reader of other systems' reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dosimetry_core.case import VialMeasurement
from dosimetry_core.case_file import read_case
from dosimetry_core.dicom.administration_report import read_administration_report
from dosimetry_core.dicom_export.administration import administration_report
from dosimetry_core.dicom_export.cycle import facts_of_cycle
from dosimetry_core.dicom_export.objects import ExportFacts, file_bytes
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.pipeline import compute
from tests.small_study import write_small_case

MADE = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> CycleResult:
    return compute(read_case(write_small_case(tmp_path_factory.mktemp("case")))).cycles[0]


@pytest.fixture(scope="module")
def facts(result: CycleResult) -> ExportFacts:
    return facts_of_cycle(result, made_at=MADE, digest="d")


def numbers(item: Dataset) -> Iterator[tuple[str, float, str]]:
    for child in item.get("ContentSequence", ()):
        if child.ValueType == "NUM":
            (measured,) = child.MeasuredValueSequence
            unit = measured.MeasurementUnitsCodeSequence[0].CodeValue
            yield child.ConceptNameCodeSequence[0].CodeValue, measured.FloatingPointValue, unit
        yield from numbers(child)


def test_that_what_was_given_comes_back(result: CycleResult, facts: ExportFacts, tmp_path: Path) -> None:
    given = result.cycle.administrations[0]
    measured = given.start - timedelta(minutes=20)
    vial = VialMeasurement(7.4123e9, measured, 12.3e6, given.start + timedelta(minutes=50))
    for one in (given, replace(given, vial=vial), replace(given, nuclide="Y-90", infusion_s=None)):
        path = tmp_path / "report.dcm"
        path.write_bytes(file_bytes(administration_report(facts, result, one)))
        (read,) = read_administration_report(path).administrations
        assert (read.nuclide, read.start) == (one.nuclide, one.start)
        assert read.administered_activity_bq == pytest.approx(one.administered_activity_bq, rel=1e-12)
        assert read.end == (None if one.infusion_s is None else one.start + timedelta(seconds=one.infusion_s))
        if one.vial is None:
            assert (read.before_bq, read.after_bq) == (None, None)
        else:
            assert read.before_bq == pytest.approx(7.4123e9)
            assert read.after_bq == pytest.approx(12.3e6)
            assert (read.before_at, read.after_at) == (vial.vial_time, vial.residual_time)


def test_that_batch_and_product_are_told_where_recorded(result: CycleResult, facts: ExportFacts) -> None:
    given = replace(result.cycle.administrations[0], product="Lutathera", batch="B-17", injection_site="left arm")
    _procedure, event, comment = administration_report(facts, result, given).ContentSequence
    lots = [i.TextValue for i in event.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "113512"]
    assert lots == ["B-17"]
    assert comment.TextValue.endswith("Product: Lutathera. Batch: B-17. Injection site: left arm.")
    assert "not recorded" not in event.ContentSequence[0].ConceptCodeSequence[0].CodeMeaning


def test_that_organ_doses_are_those_of_the_results(result: CycleResult, facts: ExportFacts) -> None:
    found = list(numbers(administration_report(facts, result, result.cycle.administrations[0])))
    doses = [(value, unit) for code, value, unit in found if code == "113518"]
    kidneys = result.organs["kidneys"].doses["Lu-177"].absorbed_dose_gy
    ((in_mgy, unit),) = doses
    assert (in_mgy, unit) == (pytest.approx(kidneys * 1e3, rel=1e-12), "mGy")
    (half_life,) = (value for code, value, unit in found if (code, unit) == ("304283002", "s"))
    assert half_life == pytest.approx(6.6475 * 86400, rel=1e-3)  # ICRP 107: 6.647 d


def test_that_an_estimated_organ_is_left_out(result: CycleResult, facts: ExportFacts) -> None:
    kidneys = replace(result.organs["kidneys"], origin="estimated")
    estimated = replace(result, organs=type(result.organs)({"kidneys": kidneys}))
    report = administration_report(facts, estimated, result.cycle.administrations[0])
    assert [code for code, _, _ in numbers(report) if code == "113518"] == []


def test_that_an_administration_keeps_its_identifier(result: CycleResult, facts: ExportFacts) -> None:
    def event(made: ExportFacts) -> str:
        report = administration_report(made, result, result.cycle.administrations[0])
        return next(str(i.UID) for i in report.ContentSequence[1].ContentSequence if i.ValueType == "UIDREF")

    assert event(facts) == event(replace(facts, digest="another", made_at=MADE + timedelta(days=1)))
