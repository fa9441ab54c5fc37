"""`lutetia calibrate` measures a phantom's files, keeps the history, and its values are read in a case."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from dosimetry_core.calibration import calibration_used
from dosimetry_core.case import Calibration
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError
from dosimetry_core.quantification.findings import calibration_findings
from tests.phantoms import SPECT_GRID, nm_file
from tests.small_study import CASE


def test_that_a_phantom_is_measured_appended_and_read_in_a_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = np.full(SPECT_GRID.shape, 8000)
    nm_file(tmp_path / "phantom/spect.dcm", counts)
    command = ["calibrate", str(tmp_path / "phantom"), "--activity-mbq", "700", "--activity-uncertainty", "0.02"]
    command += ["--activity-time", "2025-03-03T14:05:00+01:00", "--time-zone", "Europe/Warsaw", "--profile", "Room 2"]
    command += ["--valid-until", "2026-03-03", "--out", str(tmp_path / "room2.toml")]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert main([*command, "--with-yttrium-90"]) == 0
    both = tomllib.loads((tmp_path / "room2.toml").read_text("utf-8"))["measurement"]
    assert len(both) == 2
    assert {"sensitivity_cps_per_mbq", "profile", "valid_until"} <= set(both[0])
    assert "sensitivity_with_yttrium_90_cps_per_mbq" in both[1]
    # Lines of both together are one calibration: none stands in it twice.
    lines_beside = capsys.readouterr().out
    assert "\nwith_yttrium_90_relative_standard_uncertainty = 0.02" in lines_beside
    assert "\nwith_yttrium_90_valid_until = 2026-03-03" in lines_beside
    assert "\nvalid_until" not in lines_beside
    # 60 frames of 20 s; decay in 20 min is 0.07 %.
    expected = counts.sum() / 1200 / 700 * 1.00072
    assert both[0]["sensitivity_cps_per_mbq"] == pytest.approx(expected, rel=1e-4)
    lines = "\n".join(line for line in printed.splitlines() if not line.startswith("#"))
    text = CASE.replace('sensitivity_cps_per_mbq = 9.61\n  convention = "clock-seconds-all-heads"\n', lines + "\n")
    text = text.replace("  relative_standard_uncertainty = 0.03\n", "")
    (tmp_path / "case.toml").write_text(text, "utf-8")
    calibration = read_case(tmp_path).cycles[0].calibration
    assert calibration.profile == "Room 2"
    assert calibration.valid_until == date(2026, 3, 3)
    assert calibration.sensitivity_cps_per_bq == pytest.approx(expected * 1e-6, rel=1e-4)


def test_that_a_time_without_a_zone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["calibrate", str(tmp_path), "--activity-mbq", "700", "--activity-uncertainty", "0.02"]
    command += ["--activity-time", "2025-03-03T14:05:00", "--profile", "Room 2", "--valid-until", "2026-03-03"]
    assert main([*command, "--out", str(tmp_path / "room2.toml")]) == 2
    assert "time zone" in capsys.readouterr().err
    assert not (tmp_path / "room2.toml").exists()


def test_that_a_calibration_after_its_last_day_is_a_finding() -> None:
    calibration = Calibration(valid_until=date(2025, 6, 1), profile="Room 2")
    days = [(date(2025, 5, 30), "counts"), (date(2025, 6, 2), "counts")]
    assert [f.code for f in calibration_findings(calibration, days, "cycle 1")] == ["calibration-expired"]
    assert calibration_findings(calibration, days[:1], "cycle 1") == []
    assert calibration_findings(calibration, [(date(2025, 6, 2), "activity_concentration_bq_per_ml")], "") == []


def test_that_beside_yttrium_the_sensitivity_measured_with_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(
        CASE.replace("= 9.61\n", "= 9.61\n  sensitivity_with_yttrium_90_cps_per_mbq = 10.2\n"), "utf-8"
    )
    cycle = read_case(tmp_path).cycles[0]
    assert calibration_used(cycle).sensitivity_cps_per_bq == pytest.approx(9.61e-6)
    yttrium = replace(cycle.administrations[0], nuclide="Y-90")
    mixed = replace(cycle, administrations=(*cycle.administrations, yttrium))
    used = calibration_used(mixed)
    assert used.sensitivity_cps_per_bq == pytest.approx(10.2e-6)
    # Where nothing else is stated of it, it is as sure and as new as the calibration.
    assert used.relative_standard_uncertainty == cycle.calibration.relative_standard_uncertainty == 0.03
    own = replace(
        cycle.calibration,
        valid_until=date(2026, 1, 2),
        with_yttrium_90_relative_standard_uncertainty=0.05,
        with_yttrium_90_measured_on=date(2025, 1, 3),
        with_yttrium_90_valid_until=date(2025, 6, 1),
    )
    for cycle_of, expected in (
        (replace(mixed, calibration=own), (0.05, date(2025, 1, 3), date(2025, 6, 1))),
        (replace(cycle, calibration=own), (0.03, None, date(2026, 1, 2))),
    ):
        found = calibration_used(cycle_of)
        assert (found.relative_standard_uncertainty, found.measured_on, found.valid_until) == expected
    # No sensitivity is applied to images in Bq/mL, so nothing of it holds for them.
    assert calibration_used(replace(mixed, calibration=own), "activity_concentration_bq_per_ml") == own


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("with_yttrium_90_valid_until = 2025-06-01\n", "with_yttrium_90_valid_until.*stands alone"),
        (
            "sensitivity_with_yttrium_90_cps_per_mbq = 10.2\nwith_yttrium_90_measured_on = 2025-06-02\n"
            "with_yttrium_90_valid_until = 2025-06-01\n",
            "with_yttrium_90_valid_until.*lies before",
        ),
    ],
)
def test_that_dates_beside_yttrium_that_can_not_be_are_refused(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "case.toml").write_text(CASE.replace("= 9.61\n", f"= 9.61\n{lines}"), "utf-8")
    with pytest.raises(DosimetryError, match=said):
        read_case(tmp_path)
