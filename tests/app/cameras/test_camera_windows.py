"""The windows of calibration as a physicist works with them: measure, record, use; edit a density curve."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.cameras.camera_window import CameraWindow
from app.cameras.density_window import DensityWindow
from app.cameras.measure_form import KINDS
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from dosimetry_core.errors import DosimetryError
from tests.app.courses.window_work import Open
from tests.phantoms import nm_file
from tests.virtual_phantoms import DIAMETERS_MM, cylinder_phantom, sphere_phantom

LEFT = Qt.MouseButton.LeftButton


def picture(widget: CameraWindow | DensityWindow, name: str) -> None:
    """For looking at: only where LUTETIA_PICTURES names a folder."""
    folder = os.environ.get("LUTETIA_PICTURES")
    if folder:
        widget.grab().save(str(Path(folder) / f"{name}.png"))


@pytest.fixture
def window(opened: Open, case_folder: Path) -> MainWindow:
    made = opened()
    made.show()
    made.opening.open_path(case_folder)
    wait_until_idle(made)
    return made


@pytest.fixture
def cameras(window: MainWindow) -> CameraWindow:
    window.actions_table.actions["cameras"].trigger()
    shown = window.findChild(CameraWindow)
    assert shown is not None
    assert not shown.isModal()
    return shown


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, noise = tmp_path_factory.mktemp("phantoms"), np.random.default_rng(5)
    cylinder = cylinder_phantom(9.0)
    nm_file(folder / "cylinder/a.dcm", noise.poisson(cylinder.values / cylinder.values.sum() * 9.2e6), cylinder.grid)
    spheres = sphere_phantom(9.0, 0.1)
    counts = noise.poisson(spheres.values * 2.0 * spheres.grid.voxel_volume_ml * 9.61 * 1200)
    nm_file(folder / "spheres/a.dcm", counts, spheres.grid)
    return folder


def choose(cameras: CameraWindow, kind: str, folder: Path | None = None, **fields: str) -> None:
    cameras.form.kind.setCurrentIndex([key for key, _ in KINDS].index(kind))
    if folder is not None:
        cameras.form.folder.setText(str(folder))
    for key, text in fields.items():
        cameras.form.fields[key].setText(text)


def measure(window: MainWindow, cameras: CameraWindow) -> None:
    QTest.mouseClick(cameras.measure_button, LEFT)
    wait_until_idle(window)


def record(cameras: CameraWindow, reason: str, name: str = "Room 2") -> None:
    cameras.facts["name"].setText(name)
    cameras.facts["reason"].clear()
    QTest.keyClicks(cameras.facts["reason"], reason)
    QTest.mouseClick(cameras.record_button, LEFT)


TIME = {"time": "2025-03-03T14:05:00+01:00", "uncertainty": "2"}


def test_that_phantoms_are_measured_recorded_and_used_in_a_cycle(
    window: MainWindow, cameras: CameraWindow, phantoms: Path
) -> None:
    choose(cameras, "cylinder", phantoms / "cylinder", activity="800", dead_time="0", until="2026-03-03", **TIME)
    measure(window, cameras)
    assert "counts/s/MBq" in cameras.words.text()
    assert cameras.picture.isVisible()
    picture(cameras, "cylinder")
    record(cameras, "")
    assert "reason" in cameras.message.text()
    assert cameras.profile is None
    cameras.facts["collimator"].setText("MEGP")
    record(cameras, "yearly")
    assert cameras.message.isHidden()
    assert cameras.profile is not None
    assert cameras.profile.entries[-1].recorded_by == "A. Nowak, physicist"
    choose(cameras, "spheres", phantoms / "spheres", sphere="2000", background="200", **TIME)
    cameras.form.fields["diameters"].setText(", ".join(f"{d:g}" for d in DIAMETERS_MM))
    measure(window, cameras)
    assert len(cameras.picture.circles) == len(DIAMETERS_MM) == len(cameras.plots[0].measured_points)
    assert cameras.plots[0].isVisible()
    picture(cameras, "spheres")
    record(cameras, "acceptance")
    choose(cameras, "edge", phantoms / "cylinder")
    measure(window, cameras)
    assert "Mean of both faces 9" in cameras.words.text() or "Mean of both faces 8.9" in cameras.words.text()
    picture(cameras, "edge")
    record(cameras, "acceptance")
    choose(cameras, "dead-time", dead_time="1.2")
    record(cameras, "two sources")
    choose(cameras, "cylinder", phantoms / "cylinder", activity="780", dead_time="0", until="2026-03-03", **TIME)
    QTest.mouseClick(cameras.form.yttrium, LEFT)
    assert cameras.form.yttrium.isChecked()
    measure(window, cameras)
    record(cameras, "the same, beside 90Y")
    held = cameras.profile.in_force()
    kinds = [entry.kind for entry in cameras.profile.entries]
    assert kinds == ["sensitivity", "recovery", "point-spread", "dead-time", "sensitivity"]
    assert held.sensitivity_cps_per_bq is not None
    assert held.sensitivity_with_yttrium_90_cps_per_bq == pytest.approx(held.sensitivity_cps_per_bq * 800 / 780)
    assert "sensitivity 9.592 counts/s/MBq" in cameras.state.text()
    assert "sensitivity beside 90Y 9.838 counts/s/MBq" in cameras.state.text()
    entries = [cameras.history.text(str(number), "what").split("\n") for number in range(len(kinds))]
    assert len(entries[2]) == 1
    assert entries[2][0].endswith("mm (x, y, z)")
    assert entries[3] == ["dead time 1.20 µs", "non-paralyzable"]
    picture(cameras, "history")
    QTest.mouseClick(cameras.use, LEFT)
    wait_until_idle(window)
    used = window.session.document.case.cycles[0].calibration
    assert used.profile == "Room 2"
    assert used.profile_sha256 == cameras.profile.digest
    assert used.sensitivity_cps_per_bq == held.sensitivity_cps_per_bq
    assert used.dead_time_s == pytest.approx(1.2e-6)
    window.go_to("import")
    step = window.step("import")
    assert step.calibration_note.isHidden()  # type: ignore[attr-defined]
    shown = step.calibration  # type: ignore[attr-defined]
    assert shown.text("Measured on", "value") == "2025-03-03"
    assert float(shown.text("Beside ⁹⁰Y (counts/s/MBq)", "value")) == pytest.approx(9.592 * 800 / 780, abs=0.01)
    # Somebody edits the file: the next look at the import step says so.
    courses = window.session.courses
    assert courses is not None
    path = courses.storage.folder / "cameras" / "Room 2.toml"
    path.write_text(path.read_text("utf-8").replace("MEGP", "LEHR"), "utf-8")
    step.refresh()
    assert "not the one that the calibration was copied from" in step.calibration_note.text()  # type: ignore[attr-defined]


def test_that_what_is_missing_is_named_and_nothing_is_recorded(window: MainWindow, cameras: CameraWindow) -> None:
    choose(cameras, "cylinder")
    QTest.mouseClick(cameras.measure_button, LEFT)
    assert "no folder is named" in cameras.message.text()
    choose(cameras, "cylinder", Path("nowhere"), activity="80x", **TIME)
    QTest.mouseClick(cameras.measure_button, LEFT)
    assert "80x" in cameras.message.text()
    choose(cameras, "dead-time", dead_time="")
    record(cameras, "x")
    assert "never guessed" in cameras.message.text()
    assert cameras.profile is None


def test_that_an_expired_profile_is_said(window: MainWindow, cameras: CameraWindow) -> None:
    choose(cameras, "validity", until="2020-01-01")
    record(cameras, "sold")
    assert "EXPIRED on 2020-01-01" in cameras.state.text()


def test_that_a_density_curve_is_edited_kept_and_used(window: MainWindow) -> None:
    window.actions_table.actions["density_curves"].trigger()
    shown = window.findChild(DensityWindow)
    assert shown is not None
    assert not shown.isModal()
    assert "Cycle 1" in shown.used.text()
    assert not shown.use_button.isEnabled()
    QTest.keyClicks(shown.fields["reason"], "phantom of 7 Jan")
    assert shown.use_button.isEnabled()
    shown.table.item(1, 1).setText("0.0")
    assert "rise" in shown.message.text()
    assert not shown.use_button.isEnabled()
    assert not shown.keep_button.isEnabled()
    shown.table.item(1, 1).setText("1.05")
    shown.fields["name"].setText("Room 2, 120 kV")
    picture(shown, "density")
    assert shown.message.text() == ""
    QTest.mouseClick(shown.keep_button, LEFT)
    assert shown.choice.currentText() == "Room 2, 120 kV (site)"
    QTest.keyClicks(shown.fields["reason"], "phantom of 7 Jan")
    QTest.mouseClick(shown.use_button, LEFT)
    wait_until_idle(window)
    (curve,) = window.session.document.case.settings.density_curves
    assert curve.points[1] == pytest.approx((17 / 0.408, 1.05), rel=1e-4)
    assert window.session.document.labels[-1] == "Density curve Room 2, 120 kV: phantom of 7 Jan"
    assert "Room 2, 120 kV" in shown.used.text()


@pytest.mark.parametrize("text", ["1,850", "1.850"])
def test_that_an_activity_that_may_be_a_thousand_times_another_is_asked_for_again(
    cameras: CameraWindow, tmp_path: Path, text: str
) -> None:
    """1850 MBq to one and 1.85 MBq to another: the sensitivity would be wrong by 1000."""
    choose(cameras, "cylinder", tmp_path, activity=text, dead_time="0", **TIME)
    with pytest.raises(DosimetryError, match=r"can be read as 1850 or as 1\.85"):
        cameras.form.task("Room 2", None, "Europe/Warsaw")
    choose(cameras, "cylinder", tmp_path, activity="1850,5", dead_time="0", **TIME)
    task = cameras.form.task("Room 2", None, "Europe/Warsaw")
    assert isinstance(task, partial)
    assert task.keywords["activity_bq"] == 1850.5e6
