from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from dosimetry_core.dicom import check
from dosimetry_core.dicom.check import check_folder
from dosimetry_core.dicom.check_entries import CheckEntry
from tests.phantoms import (
    CT_GRID,
    SPECT_GRID,
    Visit,
    box,
    bqml_series,
    counts_like,
    ct_series,
    nm_file,
    structure_set,
)

COUNTS, HU = counts_like(SPECT_GRID), counts_like(CT_GRID)


def _json(entries: list[CheckEntry]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(json.dumps([entry.as_json() for entry in entries]))
    return listed


def test_that_a_good_folder_is_listed_with_what_it_would_be_read_as(tmp_path: Path) -> None:
    bqml_series(tmp_path / "spect", COUNTS)
    ct_series(tmp_path / "ct", HU)
    structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), 106.0)]})
    listed = {entry["what"]: entry for entry in _json(check_folder(tmp_path, time_zone="Europe/Warsaw"))}
    assert set(listed) == {"SPECT", "CT", "VOIs (RTSTRUCT)"}
    spect = listed["SPECT"]
    assert {"path", "what", "nuclide", "time", "shape", "spacing_mm", "units", "findings"} <= set(spect)
    assert spect["path"] == str(tmp_path / "spect")
    assert (spect["nuclide"], spect["units"]) == ("Lu-177", "Bq/mL")
    assert spect["time"] == "2025-03-03T14:05:00+01:00"
    assert spect["shape"] == list(SPECT_GRID.shape)
    assert set(spect["findings"][0]) == {"code", "level", "text", "remedy"}
    assert "Liver (liver, 1.2 mL)" in listed["VOIs (RTSTRUCT)"]["findings"][0]["text"]


def test_that_an_unknown_time_zone_is_said_and_not_guessed(tmp_path: Path) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS)
    ct_series(tmp_path / "ct", HU)
    times = {}
    for entry in check_folder(tmp_path, time_zone=None)[:2]:
        times[entry.what] = entry.time
        assert "time-zone-unknown" in {remark.code for remark in entry.findings}
    assert times == {"SPECT": "2025-03-03T14:05:00", "CT": "2025-03-03T14:00:00"}


def test_that_every_problem_is_listed_and_nothing_is_changed_or_raised(tmp_path: Path) -> None:
    def no_unit(dataset: Dataset) -> None:
        del dataset.Units

    nm_file(tmp_path / "good.dcm", COUNTS)
    nm_file(tmp_path / "bad.dcm", COUNTS, visit=Visit().later(20, "visit 2"), edit=no_unit)
    ct_series(tmp_path / "ct", HU, leave_out=[2])
    (tmp_path / "letter.txt").write_text("x", encoding="utf-8")
    structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), 106.0)]}, Visit().later(20, "visit 2"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    entries = check_folder(tmp_path, time_zone="Europe/Warsaw")
    problems = {Path(entry.path).name for entry in entries if entry.what == "problem"}
    assert "letter.txt" in problems
    (bad,) = [entry for entry in entries if Path(entry.path).name == "bad.dcm"]
    assert [(remark.code, remark.level) for remark in bad.findings] == [("units-missing", "error")]
    assert any("missing between" in remark.text for entry in entries for remark in entry.findings)
    (voi,) = [entry for entry in entries if entry.what.startswith("VOIs")]
    assert (voi.findings[0].code, voi.findings[0].kind) == ("voi-image-absent", "geometry-mismatch")
    assert all(remark.remedy for entry in entries if entry.what == "problem" for remark in entry.findings)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_that_vois_on_an_image_that_only_waits_for_an_answer_are_not_said_to_lack_it(tmp_path: Path) -> None:
    def contradictory(dataset: Dataset) -> None:
        dataset.DecayFactor = "1.31"

    bqml_series(tmp_path / "spect", COUNTS, edit=contradictory)
    structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), 106.0)]})
    listed = {
        entry.what: [remark.code for remark in entry.findings] for entry in check_folder(tmp_path, time_zone="UTC")
    }
    assert listed == {"SPECT": ["decay-factor-contradictory"], "VOIs (RTSTRUCT)": ["vois"]}


def test_that_vois_on_an_image_that_is_not_used_say_which(tmp_path: Path) -> None:
    def localizer(dataset: Dataset) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    ct_series(tmp_path / "scout", HU, edit=localizer)
    structure_set(tmp_path / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), 106.0)]})
    (voi,) = [entry for entry in check_folder(tmp_path, time_zone="UTC") if entry.what.startswith("VOIs")]
    assert [remark.code for remark in voi.findings] == ["vois", "voi-image-absent"]
    assert str(tmp_path / "scout") in voi.findings[1].text


def test_that_every_warning_and_error_says_what_to_do() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(check.__file__).parent.glob("*.py"))
    doubts = set(re.findall(r'Finding\(\s*"([a-z-]+)",\s*"(?:warning|error)"', source))
    assert len(doubts) > 30
    assert not doubts - set(check._REMEDIES)


def test_that_a_missing_and_an_empty_folder_are_problems(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        entries = check_folder(folder, time_zone="Europe/Warsaw")
        assert entries[-1].what == "problem"
