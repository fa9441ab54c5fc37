"""`lutetia crosscheck` on a case: a dose map and a table of another system, in CSV, XLSX and JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from app.cli import main
from tests.small_study import write_small_case

TABLE = "cycle,region,nuclide,quantity,value,unit\n1,Kidney L,Lu-177,absorbed_dose,{},Gy\n"


def test_that_files_of_another_system_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = write_small_case(tmp_path / "case")
    text = (case / "case.toml").read_text("utf-8")
    (case / "case.toml").write_text(text + "\n[settings.engine]\nvoxel_s_values_beside = true\n", "utf-8")
    assert main(["compute", str(case), "--out", str(tmp_path / "own")]) == 0
    dose = tmp_path / "own" / "dicom" / "cycle1-rtdose-Lu-177.dcm"
    results = json.loads((tmp_path / "own" / "results.json").read_text("utf-8"))
    gray = results["cycles"][0]["vois"]["Kidney L"]["absorbed_dose_gy"]["Lu-177"]
    table = tmp_path / "other.csv"
    table.write_text(TABLE.format(1.1 * gray), "utf-8")
    capsys.readouterr()
    out = tmp_path / "out"
    assert main(["crosscheck", str(case), str(dose), str(table), "--gamma", "1%/1mm", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "100.0 % of" in said
    assert "1 of 1 numbers" in said
    tree = json.loads((out / "crosscheck.json").read_text("utf-8"))
    maps, numbers = tree["tables"]
    rows = {row[0]: row for row in maps["rows"]}
    assert set(rows) == {"Kidney L", "Kidney R", "Whole map"}
    assert rows["Kidney L"][maps["columns"].index("Mean, difference / %")] == pytest.approx(0, abs=1e-4)
    assert numbers["rows"][0][numbers["columns"].index("Difference / %")] == pytest.approx(10)
    written = list(csv.reader((out / "2-other.csv").read_text("utf-8-sig").splitlines()))
    assert written[0] == numbers["columns"]
    assert (out / "crosscheck.xlsx").stat().st_size > 1000


@pytest.mark.parametrize("criteria", ["3", "0%/3mm", "3mm/3%"])
def test_that_criteria_are_read_strictly(tmp_path: Path, criteria: str) -> None:
    case = write_small_case(tmp_path / "case")
    base = ["crosscheck", str(case), str(tmp_path / "x.dcm"), "--gamma", criteria, "--out", str(tmp_path / "out")]
    assert main(base) == 2
    assert not (tmp_path / "out").exists()
