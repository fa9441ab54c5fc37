"""A course of four cycles on disk, cycle by cycle, and what is done in the window from one cycle to the next."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.cameras.camera_window import CameraWindow
from app.cameras.profiles_kept import CameraProfiles
from app.main_window import MainWindow
from app.screenshots import wait_until_idle
from app.steps.course_step import CourseStep
from app.steps.folder_contents_dialog import FolderContentsDialog
from app.steps.giving_readings import TIME_FORM
from app.steps.import_step import ImportStep
from app.steps.report_step import ReportStep
from dosimetry_core.camera_profile import CameraEntry
from dosimetry_core.units import SECONDS_PER_HOUR
from tests.app.courses.window_work import sign
from tests.app.working import confirm_registrations
from tests.phantoms import Visit, ct_series, nm_file, structure_set, uid
from tests.small_study import (
    ACTIVITY_AT_TIME_ZERO_BQ,
    COUNTING_S,
    CT,
    EFFECTIVE_HALF_LIFE_H,
    HOURS,
    KIDNEYS_MM,
    SENSITIVITY_CPS_PER_BQ,
    SPECT,
)

LEFT = Qt.MouseButton.LeftButton
LU, Y = "Lu-177", "Y-90"
WEEKS_BETWEEN = 8
INFUSION = timedelta(minutes=30)
UPTAKE = ACTIVITY_AT_TIME_ZERO_BQ / 7.4e9
"""Of one kidney, extrapolated to the middle of the infusion; the same in every cycle."""
FIRST_ACTIVITIES_MBQ = {
    "duonen-a": {LU: 7400.0},
    "duonen-b": {LU: 3700.0, Y: 1850.0},
    "duonen-c": {LU: 3700.0, Y: 1850.0},
    "duonen-d": {LU: 7400.0},
    "garske-roman": {LU: 7400.0},
}
PICTURES = os.environ.get("LUTETIA_PICTURES", "")


def start_of(cycle: int) -> datetime:
    """Start of the infusion, UTC: the second cycle is tomorrow, after its plan is signed."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    return tomorrow + timedelta(weeks=WEEKS_BETWEEN * (cycle - 2))


@dataclass(frozen=True)
class CourseOnDisk:
    """Folders of a course whose first cycle is described by a case file."""

    folder: Path
    protocol: str
    second_start: datetime

    def start(self, cycle: int) -> datetime:
        return self.second_start + timedelta(weeks=WEEKS_BETWEEN * (cycle - 2))

    def write_first(self) -> Path:
        """Case file, images and VOIs of cycle 1."""
        given = FIRST_ACTIVITIES_MBQ[self.protocol]
        start = self.start(1)
        blocks = "".join(
            f"""
  [[cycle.administration]]
  nuclide = "{nuclide}"
  administered_activity_mbq = {activity}
  start = {start:%Y-%m-%dT%H:%M:%S}
  infusion_min = 30.0
"""
            for nuclide, activity in given.items()
        )
        self.write_cycle(1, given[LU] * 1e6)
        text = f"""
format = 1
[patient]
id = "P-1"
name = "Demo^Patient"
sex = "F"
time_zone = "UTC"
weight_kg = 68.0
height_cm = 165.0
[course]
protocol = "{self.protocol}"
[[cycle]]
number = 1
images = ["cycle1/images"]
vois = ["cycle1/vois.dcm"]
{blocks}
  [cycle.calibration]
  sensitivity_cps_per_mbq = 9.61
  convention = "clock-seconds-all-heads"
  relative_standard_uncertainty = 0.03
  partial_volume = "none"
"""
        (self.folder / "case.toml").write_text(text, "utf-8")
        return self.folder

    def write_cycle(self, cycle: int, lutetium_bq: float) -> Path:
        """Four scans of a cycle, with two kidneys that take up the same share of what was given, and their contours."""
        folder = self.folder / f"cycle{cycle}"
        corners = np.array(np.meshgrid(*[range(n) for n in SPECT.shape], indexing="ij")).reshape(3, -1).T
        points = SPECT.index_to_point(corners)
        inside = np.zeros(len(points), bool)
        for low, high in KIDNEYS_MM.values():
            across = np.abs(points[:, 0] - (low + high) / 2) < (high - low) / 2 - 5
            inside |= across & (np.abs(points[:, 1]) < 15) & (np.abs(points[:, 2] - 50) < 20)
        per_voxel = inside.reshape(SPECT.shape) / inside.sum()
        frame, zero = uid(f"frame of cycle {cycle}"), self.start(cycle) + INFUSION / 2
        visits = [
            Visit(
                f"cycle {cycle} visit {n}", start=(zero + timedelta(hours=hours)).replace(tzinfo=None), frame_uid=frame
            )
            for n, hours in enumerate(HOURS, start=1)
        ]
        decay = math.log(2) / (159.528 * SECONDS_PER_HOUR) * COUNTING_S
        for visit, hours in zip(visits, HOURS, strict=True):
            activity = 2 * UPTAKE * lutetium_bq * 0.5 ** (hours / EFFECTIVE_HALF_LIFE_H)
            counts = activity * SENSITIVITY_CPS_PER_BQ * COUNTING_S * -math.expm1(-decay) / decay
            place = folder / "images" / visit.name.replace(" ", "-")
            # Rounded so that sums stay: what one voxel loses its neighbour gets.
            up_to = np.rint(np.cumsum(per_voxel.ravel() * counts))
            stored = np.diff(up_to, prepend=0.0).astype(np.uint16).reshape(SPECT.shape)
            nm_file(
                place / "spect.dcm", stored, SPECT, visit, edit=partial(_state_given, activity_mbq=lutetium_bq / 1e6)
            )
            ct_series(place / "ct", np.full(CT.shape, 40, np.int16), CT, visit)
        contours = {
            name: [
                np.array([[low, -20, z], [high, -20, z], [high, 20, z], [low, 20, z]])
                for z in CT.index_to_point([(k, 0, 0) for k in range(CT.shape[0])])[:, 2]
                if abs(z - 50) < 30
            ]
            for name, (low, high) in KIDNEYS_MM.items()
        }
        structure_set(folder / "vois.dcm", contours, visits[0])
        return folder


def _state_given(dataset: Dataset, activity_mbq: float) -> None:
    dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = activity_mbq


# --- in the window --------------------------------------------------------------------------------------------------


def picture(window: MainWindow, name: str) -> None:
    """For looking at it by eye: only where LUTETIA_PICTURES names a folder."""
    if PICTURES:
        QApplication.processEvents()
        assert window.grab().save(str(Path(PICTURES) / f"{name}.png"))


def course_state(window: MainWindow) -> str:
    assert window.session.journal is not None
    window.session.journal.flush()
    return window.session.journal.history.state


def keep_profile(window: MainWindow, at: datetime) -> None:
    """The camera's profile, as it was measured before."""
    assert window.keeping is not None
    CameraProfiles(window.keeping.courses.storage.folder).keep(
        CameraEntry(
            "SPECT 1",
            "sensitivity",
            at.date(),
            sensitivity_cps_per_bq=SENSITIVITY_CPS_PER_BQ,
            convention="clock-seconds-all-heads",
            relative_standard_uncertainty=0.03,
            recorded_by="A. Nowak",
            recorded_at=at.isoformat(timespec="seconds"),
            reason="yearly",
        )
    )


def take_images(window: MainWindow, folder: Path) -> None:
    """Images and VOIs of a folder into the last cycle, and the camera's calibration with them."""
    window.session.view_state.set_cycle(len(window.session.case.cycles) - 1)
    window.go_to("import")
    step = window.step("import")
    assert isinstance(step, ImportStep)
    window.actions_table.actions["cameras"].trigger()
    cameras = [shown for shown in window.findChildren(CameraWindow) if shown.isVisible()][-1]
    QTest.mouseClick(cameras.use, LEFT)
    cameras.close()
    box = step.partial_volume.choice
    box.setFocus()
    # The last of the choices, as for the cycle before: sharp images.
    QTest.keyClick(box, Qt.Key.Key_End)
    assert box.currentText() == "none"
    wait_until_idle(window)
    assert window.session.case.cycles[-1].calibration.partial_volume == "none"
    step.look_into_folder(folder)
    wait_until_idle(window)
    dialogs = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, FolderContentsDialog)]
    dialog = next(shown for shown in dialogs if shown.isVisible())
    assert dialog.take_button.text() == f"Take into cycle {len(window.session.case.cycles)}"
    QTest.mouseClick(dialog.take_button, LEFT)
    wait_until_idle(window)


def confirm_steps(window: MainWindow) -> None:
    """Every step up to the doses in its order, as it stands."""
    confirm_registrations(window)
    window.go_to("course")
    for key in ("course", "import", "align", "voi", "curves", "dose"):
        assert window.rail.state(key) != "empty", key
        QTest.mouseClick(window.confirm_button, LEFT)
        wait_until_idle(window)
        assert window.rail.state(key) == "confirmed", key


def approve(window: MainWindow, identities: Mapping[str, Path], cycle: int, folder: Path) -> bytes:
    """The plan of a cycle signed and approved; the approved PDF."""
    target = folder / f"plan{cycle}.pdf"
    sign(window, identities["physicist"], target)
    assert target.exists()
    window.go_to("report")
    wait_until_idle(window)
    report = window.step("report")
    assert isinstance(report, ReportStep)
    assert report.pdf == target.read_bytes()
    approved = folder / f"plan{cycle}-approved.pdf"
    report.approve(identities["physician"], "pass", "agreed", approved)
    wait_until_idle(window)
    return approved.read_bytes()


def give(window: MainWindow, start: datetime) -> dict[str, float]:
    """What was planned, given as read by two people; the readings of the vials in MBq."""
    window.go_to("course")
    wait_until_idle(window)
    course = window.step("course")
    assert isinstance(course, CourseStep)
    planned = window.session.planned
    assert planned is not None
    QTest.mouseClick(course.give, LEFT)
    wait_until_idle(window)
    page = course.giving_page()
    assert page.sheets.currentWidget() is page.first
    vials = {name: round(bq / 1e6, 1) for name, bq in planned.plan.activities_bq.items()}
    times = {key: f"{start + timedelta(minutes=after):{TIME_FORM}}" for key, after in (("vial", 0), ("residual", 60))}
    for name, vial in vials.items():
        texts = {
            "vial": f"{vial:.1f}",
            "vial_time": times["vial"],
            "residual": "0",
            "residual_time": times["residual"],
            "start": times["vial"],
            "infusion": "30",
        }
        for key, text in texts.items():
            QTest.keyClicks(page.first.fields[f"given_{name}_{key}"], text)
    QTest.mouseClick(page.first.forward, LEFT)
    assert page.sheets.currentWidget() is page.second, page.first.message.text()
    QTest.keyClicks(page.second.fields["second_name"], "C. Wilk")
    QTest.keyClicks(page.second.fields["second_patient"], "P-1")
    for name, vial in vials.items():
        QTest.keyClicks(page.second.fields[f"second_{name}_vial"], f"{vial:.1f}")
        QTest.keyClicks(page.second.fields[f"second_{name}_residual"], "0")
    QTest.mouseClick(page.second.forward, LEFT)
    assert page.sheets.currentWidget() is page.last, page.second.message.text()
    doubts = [finding.text for finding in page.findings.findings() if finding.level != "info"]
    # The test's site has no list of certificates that it trusts: who signed is looked at by eye.
    assert all("names no certificates that it trusts" in doubt for doubt in doubts), doubts
    if doubts:
        QTest.mouseClick(page.checked, LEFT, pos=QPoint(8, 8))
    assert page.last.forward.isEnabled()
    QTest.mouseClick(page.last.forward, LEFT, pos=QPoint(8, 8))
    wait_until_idle(window)
    return vials
