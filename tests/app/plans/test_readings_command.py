"""`lutetia readings`: a dispensing system's report as lines that a record and a case file take."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from app.cli import main
from dosimetry_core.case_file import case_of
from tests.dosimetry_core.dicom.test_administration_report import report
from tests.small_study import CASE


def test_that_a_report_becomes_lines_of_a_case_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = report(tmp_path / "report.dcm")
    assert main(["readings", str(path), "--patient-id", "P-1", "--time-zone", "Europe/Warsaw"]) == 0
    (given,) = tomllib.loads(capsys.readouterr().out)["administration"]
    assert (given["vial_activity_mbq"], given["residual_activity_mbq"], given["infusion_min"]) == (7420.0, 21.0, 30)
    content = tomllib.loads(CASE)
    content["cycle"][0]["administration"] = [given]
    (read,) = case_of(content, place="case.toml", folder=tmp_path).cycles[0].administrations
    # 7420 MBq 15 minutes before the start, 21 MBq 45 minutes after it: decay with 159.528 h.
    expected = 7420e6 * 0.5 ** (0.25 / 159.528) - 21e6 * 0.5 ** (-0.75 / 159.528)
    assert read.administered_activity_bq == pytest.approx(expected, rel=1e-6)


def test_that_what_is_not_reported_is_a_remark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = report(tmp_path / "report.dcm", lambda _dataset, items: items.pop(2))
    assert main(["readings", str(path), "--patient-id", "P-1", "--time-zone", "Europe/Warsaw"]) == 0
    assert "# infusion_min: not reported" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("patient", "zone", "said"),
    [("P-2", "Europe/Warsaw", "is of patient P-1, not of P-2"), ("P-1", "Warsaw", "unknown time zone")],
)
def test_that_another_patient_and_an_unknown_zone_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], patient: str, zone: str, said: str
) -> None:
    path = report(tmp_path / "report.dcm")
    assert main(["readings", str(path), "--patient-id", patient, "--time-zone", zone]) == 2
    assert said in capsys.readouterr().err
