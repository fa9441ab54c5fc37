"""`lutetia propose` writes label volumes that the case file can name, as proposals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from dosimetry_core.case_file import read_case
from dosimetry_core.pipeline.images import import_case
from tests.dosimetry_core.proposals.trunks import dice, trunk
from tests.phantoms import Visit, bqml_series, ct_series

CASE = """
format = 1
[patient]
id = "P-1"
name = "Demo^Patient"
sex = "F"
time_zone = "Europe/Warsaw"
[course]
protocol = "duonen-d"
[[cycle]]
number = 1
images = ["images"]
  [[cycle.administration]]
  nuclide = "Lu-177"
  administered_activity_mbq = 7400.0
  start = 2025-03-03T09:50:00
  infusion_min = 30.0
  [cycle.calibration]
  partial_volume = "none"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    cycle, _ = trunk()
    point = cycle.time_points[0]
    assert point.ct is not None
    bqml_series(folder / "images/spect", point.spect.volume.values, point.spect.volume.geometry, Visit())
    ct_series(folder / "images/ct", np.maximum(point.ct.volume.values, -1024), point.ct.volume.geometry, Visit())
    (folder / "case.toml").write_text(CASE, "utf-8")
    return folder


def test_that_the_written_labels_are_read_as_proposals(folder: Path, tmp_path: Path) -> None:
    assert main(["propose", str(folder), "--out", str(folder / "proposals")]) == 0
    names = json.loads((folder / "proposals/cycle1-proposals.json").read_text("utf-8"))
    assert {one["name"] for one in names.values() if isinstance(one, dict)} >= {"Kidney L", "Kidney R", "Liver"}
    assert json.loads((folder / "proposals/cycle1-proposals.findings.json").read_text("utf-8")) == []
    text = CASE.replace('images = ["images"]', 'images = ["images"]\nvois = ["proposals/cycle1-proposals.nii.gz"]')
    (folder / "case.toml").write_text(text, "utf-8")
    _, true = trunk()
    vois = {voi.role: voi for voi in import_case(read_case(folder)).cycles[0].vois}
    assert all(voi.proposed for voi in vois.values())
    for role in ("kidney_left", "kidney_right"):
        assert dice(vois[role], true[role]) >= 0.85


def test_that_an_absent_program_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["propose", str(folder), "--out", str(tmp_path / "out"), "--method", "totalsegmentator"]) == 2
    assert "not installed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
