"""`lutetia crosscheck` on a case: a dose map and a table of another system, in CSV, XLSX and JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from app.cli import main
from tests.dosimetry_core.comparison.foreign import other_structure_set
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


def test_that_vois_of_another_system_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = write_small_case(tmp_path / "case")
    text = (case / "case.toml").read_text("utf-8")
    # What is chosen for the case does not matter: the command asks for voxel doses itself.
    assert "voxel_s_values" not in text
    path = other_structure_set(tmp_path / "other.dcm", {"Kidney L": "Left kidney", "Kidney R": "RK"}, shift_mm=8.0)
    out = tmp_path / "out"
    assert main(["crosscheck", str(case), str(path), "--out", str(out)]) == 0
    assert "2 VOIs beside ours" in capsys.readouterr().out
    (table,) = json.loads((out / "crosscheck.json").read_text("utf-8"))["tables"]
    rows = {row[0]: dict(zip(table["columns"], row, strict=True)) for row in table["rows"]}
    assert rows["Kidney L"]["Matched by"] == "organ"
    assert rows["Kidney R"]["Matched by"] == "overlap"
    for row in rows.values():
        assert row["Dice"] == pytest.approx(0.8, rel=1e-6)
        assert row["Centres apart / mm"] == pytest.approx(8.0, abs=1e-6)
        # The activity keeps 5 mm from the box's faces; 8 mm of what the other outline holds is beside it.
        assert row["Mean dose, difference / %"] < -1
    written = list(csv.reader((out / "1-other.csv").read_text("utf-8-sig").splitlines()))
    assert written[0] == table["columns"]
    wrong = other_structure_set(tmp_path / "wrong.dcm", {"Kidney L": "Left kidney"}, patient_id="P-2")
    assert main(["crosscheck", str(case), str(wrong), "--out", str(tmp_path / "no")]) == 2
    assert "is of patient P-2" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("criteria", ["3", "0%/3mm", "3mm/3%"])
def test_that_criteria_are_read_strictly(tmp_path: Path, criteria: str) -> None:
    case = write_small_case(tmp_path / "case")
    base = ["crosscheck", str(case), str(tmp_path / "x.dcm"), "--gamma", criteria, "--out", str(tmp_path / "out")]
    assert main(base) == 2
    assert not (tmp_path / "out").exists()
