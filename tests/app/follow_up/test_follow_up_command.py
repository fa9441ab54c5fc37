"""`lutetia followup` and `lutetia receptor` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import main
from dosimetry_core.case_file import read_case
from tests.app.follow_up.conftest import CASE
from tests.dosimetry_core.followup import test_receptor_dicom
from tests.dosimetry_core.test_case_file_follow_up import FULL


def test_that_what_is_recorded_is_summed_up_without_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "case.toml").write_text(f"{CASE}\n{FULL}", "utf-8")
    assert main(["followup", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "follow_up.json").read_text("utf-8"))
    assert found["entry"]["eligible"] is None
    assert found["laboratory"]["platelets_1e9_per_l"]["baseline"]["value"] == 210
    assert found["laboratory"]["platelets_1e9_per_l"]["worst"] is None
    assert {outcome["outcome"] for outcome in found["stop"]["outcomes"]} == {"not met", "cannot decide"}
    assert found["stop"]["met_earlier"] == []
    assert found["response"]["assessments"][0]["sum_mm"] == 60.0
    assert found["krenning"] == [{"date": "2025-02-21", "Liver S6": 4}]
    assert found["receptor_scans"][0]["netpet"] == "P1"
    assert found["end"]["reason"] == "dose-limit"
    printed = capsys.readouterr().out
    assert "cannot decide: haemoglobin (g/dL) missing" in printed
    assert "adverse event: Fatigue, grade 2, probable" in printed


def test_that_stop_rules_are_written_with_those_met_earlier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = """
  [[cycle.laboratory]]
  date = 2025-03-20
  platelets_1e9_per_l = 70
  [[cycle.laboratory]]
  date = 2025-04-10
  platelets_1e9_per_l = 160
  creatinine_umol_per_l = 151
"""
    (tmp_path / "case.toml").write_text(f"{CASE}{later}", "utf-8")
    assert main(["followup", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    stop = json.loads((tmp_path / "out" / "follow_up.json").read_text("utf-8"))["stop"]
    met = [outcome["text"] for outcome in stop["outcomes"] if outcome["outcome"] == "met"]
    assert len(met) == 1
    assert met[0].startswith("creatinine > 150")
    assert [outcome["text"] for outcome in stop["met_earlier"]] == ["platelets < 80 × 10⁹/L (70, 2025-03-20)"]
    assert "met earlier: platelets < 80" in capsys.readouterr().out


def test_that_a_protocol_that_cannot_be_read_is_refused_and_not_without_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "case.toml").write_text(CASE.replace('"duonen-d"', '"clinic.toml"'), "utf-8")
    (tmp_path / "clinic.toml").write_text("format = 1\n", "utf-8")
    assert main(["followup", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "clinic.toml" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_that_the_best_response_is_printed_as_seen_and_as_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesion = """
[[follow_up.lesion]]
name = "L1"
organ = "liver"
kind = "target"
"""
    sizes = {"2025-03-01": 30, "2025-05-20": 20}
    assessed = [f"[[follow_up.response]]\ndate = {day}\nsizes_mm = {{ L1 = {mm} }}\n" for day, mm in sizes.items()]
    (tmp_path / "case.toml").write_text(f"{CASE}{lesion}{''.join(assessed)}", "utf-8")
    assert main(["followup", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert "best overall response: PR, as a later assessment confirmed it: SD" in capsys.readouterr().out


def test_that_a_measured_scan_is_printed_as_lines_of_a_case_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pet, vois = test_receptor_dicom.write(tmp_path)
    asked = ["receptor", str(pet), "--vois", str(vois), "--time-zone", "UTC", "--rule", "fixed-suv", "--threshold", "5"]
    assert main(asked) == 0
    printed = capsys.readouterr().out
    assert "# tumour_to_blood: 6.33" in printed
    (tmp_path / "case.toml").write_text(f"{CASE}\n{printed}", "utf-8")
    (scan,) = read_case(tmp_path).follow_up.receptor_scans
    assert scan.segmentation == "SUV ≥ 5"
    assert [lesion.suv_max for lesion in scan.lesions] == pytest.approx([12.0, 7.0], rel=1e-3)


@pytest.mark.parametrize(
    "more",
    [
        ["--rule", "liver", "--threshold", "3"],
        ["--threshold", "141"],
        ["--weight", "0"],
        ["--weight", "740"],
        ["--patient-id", "P-8"],
    ],
)
def test_that_what_cannot_be_is_refused(tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pet, vois = test_receptor_dicom.write(tmp_path)
    assert main(["receptor", str(pet), "--vois", str(vois), "--time-zone", "UTC", *more]) == 2
    assert capsys.readouterr().out == ""
