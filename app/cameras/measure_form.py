"""The fields of a phantom measurement, and what they say to the measuring functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from app.cameras.measuring import Measured, measured_cylinder, measured_point_spread, measured_sphere_phantom
from app.steps.step import combo_box, push_button
from app.typed_numbers import typed_numbers
from dosimetry_core.camera_profile import CameraEntry, CameraProfile
from dosimetry_core.case import Calibration
from dosimetry_core.entered_numbers import read_number
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.phantom_measurement import Axis
from dosimetry_core.units import BQ_PER_MBQ, COUNTS_PER_S_PER_MBQ, KILOBECQUEREL_PER_ML, MICROSECOND, PERCENT

KINDS: Final = (
    ("cylinder", "Cylinder: sensitivity"),
    ("spheres", "Spheres: recovery curve"),
    ("edge", "Flat faces: point spread"),
    ("point", "Point source: point spread"),
    ("dead-time", "Dead time, as measured elsewhere"),
    ("validity", "Validity prolonged or ended"),
)
_FIELDS: Final = {
    "activity": ("Activity (MBq)", "residue taken off"),
    "sphere": ("In the spheres (kBq/mL)", ""),
    "background": ("Around them (kBq/mL)", "0 for cold water"),
    "diameters": ("Inner diameters (mm)", "10, 13, 17, 22, 28, 37"),
    "time": ("Activity measured at", "2026-03-03T14:05:00+01:00"),
    "uncertainty": ("Uncertainty of the activity (%)", "standard, k = 1"),
    "dead_time": ("Dead time (µs)", "0 for none"),
    "until": ("Valid until", "2027-03-03"),
}
_AXES: Final[tuple[Axis, ...]] = ("z", "x", "y")
_SHOWN: Final = {
    "cylinder": {"folder", "activity", "time", "uncertainty", "dead_time", "until", "yttrium"},
    "spheres": {"folder", "sphere", "background", "diameters", "time", "uncertainty"},
    "edge": {"folder", "axis"},
    "point": {"folder"},
    "dead-time": {"dead_time"},
    "validity": {"until"},
}


class MeasureForm(QWidget):
    """Fields by kind of measurement; `task` gives what a job is to run."""

    def __init__(self) -> None:
        super().__init__()
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self.kind = combo_box("phantom_kind", [title for _, title in KINDS])
        self.kind.currentIndexChanged.connect(lambda _n: self._show_fields())
        self._form.addRow("Measure", self.kind)
        self.folder = QLineEdit()
        self.folder.setObjectName("phantom_folder")
        choose = push_button("…", name="choose_phantom_folder", tooltip="folder with the DICOM of the phantom")
        choose.clicked.connect(self._choose)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.folder, 1)
        line.addWidget(choose)
        self._rows: dict[str, QWidget] = {"folder": row}
        self._form.addRow("Folder", row)
        self.fields: dict[str, QLineEdit] = {}
        for key, (title, hint) in _FIELDS.items():
            field = QLineEdit()
            field.setObjectName(f"phantom_{key}")
            field.setPlaceholderText(hint)
            field.setAccessibleName(title)
            self._form.addRow(title, field)
            self.fields[key] = self._rows[key] = field
        self.axis = combo_box("phantom_axis", list(_AXES))
        self._form.addRow("Across", self.axis)
        self.yttrium = QCheckBox("90Y was in the phantom as well")
        self.yttrium.setObjectName("phantom_yttrium")
        self._form.addRow("", self.yttrium)
        self._rows |= {"axis": self.axis, "yttrium": self.yttrium}
        self._show_fields()

    @property
    def kind_key(self) -> str:
        """What is to be measured."""
        return KINDS[max(0, self.kind.currentIndex())][0]

    def _show_fields(self) -> None:
        shown = _SHOWN[self.kind_key]
        for key, row in self._rows.items():
            self._form.setRowVisible(row, key in shown)

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder with the DICOM of the phantom", self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def until(self) -> date | None:
        """Last day of validity, None where none is written. Raises DosimetryError if it is no day."""
        text = self.fields["until"].text().strip()
        if not text or "until" not in _SHOWN[self.kind_key]:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise DosimetryError(f"{text!r} is no day", where="Valid until", remedy="write 2027-03-03") from error

    def entered(self, profile: str, today: date) -> CameraEntry | None:
        """The entry of a kind that needs no images; None for the others. Raises DosimetryError for what is no value."""
        if self.kind_key == "dead-time":
            seconds = MICROSECOND.to_core(self._number("dead_time"))
            return CameraEntry(profile, "dead-time", today, dead_time_s=seconds, method="entered by hand")
        if self.kind_key == "validity":
            until = self.until()
            if until is None:
                raise MissingDataError("is missing", where="Valid until", remedy="write the last day")
            return CameraEntry(profile, "validity", today, valid_until=until, method="entered by hand")
        return None

    def task(self, profile: str, kept: CameraProfile | None, time_zone: str | None) -> Callable[..., Measured]:
        """What a job is to run. Raises DosimetryError for a field that holds no value."""
        if not self.folder.text().strip():
            raise MissingDataError("no folder is named", where="Folder", remedy="choose that of the phantom's DICOM")
        folder = Path(self.folder.text().strip())
        common: dict[str, Any] = {"profile": profile, "time_zone": time_zone}
        if self.kind_key in ("edge", "point"):
            axis = _AXES[max(0, self.axis.currentIndex())]
            return partial(measured_point_spread, folder, phantom=self.kind_key, axis=axis, **common)
        common |= {
            "activity_time": self._instant(),
            "activity_uncertainty": PERCENT.to_core(self._number("uncertainty")),
        }
        if self.kind_key == "cylinder":
            return partial(
                measured_cylinder,
                folder,
                activity_bq=self._number("activity") * BQ_PER_MBQ,
                dead_time_s=MICROSECOND.to_core(self._number("dead_time")),
                with_yttrium_90=self.yttrium.isChecked(),
                **common,
            )
        calibration = kept.in_force() if kept is not None else Calibration(convention="clock-seconds-all-heads")
        return partial(
            measured_sphere_phantom,
            folder,
            calibration=calibration,
            diameters_mm=self._numbers("diameters"),
            sphere_bq_per_ml=KILOBECQUEREL_PER_ML.to_core(self._number("sphere")),
            background_bq_per_ml=KILOBECQUEREL_PER_ML.to_core(self._number("background")),
            **common,
        )

    def _text(self, key: str) -> str:
        text = self.fields[key].text().strip()
        if not text:
            raise MissingDataError("is empty", where=_FIELDS[key][0], remedy="enter it; it is never guessed")
        return text

    def _number(self, key: str) -> float:
        return read_number(self._text(key), where=_FIELDS[key][0])

    def _numbers(self, key: str) -> list[float]:
        text = self._text(key)
        try:
            return typed_numbers(text)
        except ValueError as error:
            remedy = "write numbers with semicolons between them"
            raise DosimetryError(f"{text!r} is no list of numbers", where=_FIELDS[key][0], remedy=remedy) from error

    def _instant(self) -> datetime:
        text, title = self.fields["time"].text().strip(), _FIELDS["time"][0]
        try:
            read = datetime.fromisoformat(text)
        except ValueError as error:
            raise DosimetryError(f"{text!r} is no time", where=title, remedy="write ISO 8601 with zone") from error
        if read.tzinfo is None:
            raise DosimetryError("has no time zone", where=title, remedy="add it, as in 14:05+02:00")
        return read


def sensitivity_words(profile: CameraProfile) -> str:
    """What of a profile is in force, in one line."""
    held = profile.in_force()
    said = []
    if held.sensitivity_cps_per_bq is not None:
        said.append(f"{COUNTS_PER_S_PER_MBQ.from_core(held.sensitivity_cps_per_bq):.4g} counts/s/MBq")
    if held.valid_until is not None:
        said.append(f"valid until {held.valid_until.isoformat()}")
    return ", ".join(said) or "no sensitivity"
