"""`lutetia bench` on the command line: names, refusals, nothing half written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from app.benchmarks.command import NAMES
from app.cli import main
from dosimetry_core.data_tables import resource


def test_that_every_name_that_checks_read_is_there() -> None:
    # As the contract lists them.
    expected = (
        "first_window_s open_study_s registration_four_time_points_s machine_blit_ms scroll_three_views_p95_ms "
        "window_level_p95_ms brush_echo_p95_ms brush_to_plan_p95_ms rotate_3d_p95_ms voxel_dose_one_cycle_s "
        "refit_twenty_vois_ms headless_plan_s peak_memory_mb"
    )
    # And the time after which nothing is pending any more.
    assert set(NAMES) == {*expected.split(), "all_results_p95_s"}


def test_that_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["bench", "--only", "speed", "--out", str(tmp_path / "b.json")]) == 2
    assert "--only" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_that_a_folder_is_no_place_for_the_result(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["bench", "--only", "first_window_s", "--out", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_that_measuring_from_outside_asks_for_its_programs_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert main(["bench", "--outside", "--out", str(tmp_path / "bench.json")]) == 2
    assert "Xvfb is not installed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_that_an_interrupted_run_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(stage: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.benchmarks.starting.first_window_figure", interrupted)
    assert main(["bench", "--only", "first_window_s", "--out", str(tmp_path / "bench.json")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_that_the_first_window_is_timed_beside_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.benchmarks.starting.STARTS", 1)
    target = tmp_path / "bench.json"
    assert main(["bench", "--only", "first_window_s", "--out", str(target)]) == 0
    entries = json.loads(target.read_text("utf-8"))
    schema = json.loads(resource("schemas", "bench.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(entries)
    (entry,) = entries
    assert entry["name"] == "first_window_s"
    assert entry["value"] > entry["alternative_value"] > 0
    assert entry["conditions"]["machine"]["cores"] >= 1
    assert "first_window_s" in capsys.readouterr().out
