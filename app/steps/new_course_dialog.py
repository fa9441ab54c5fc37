"""Asks what images don't say of a treatment, and makes a course of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QTimeZone, Signal
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.import_corrections import NO_ANSWERS, CorrectionKey, answered
from app.new_course import PLACE, NewCourse
from app.steps.step import combo_box, push_button, text_label
from dosimetry_core.errors import DosimetryError, InputProblems
from dosimetry_core.planning.protocol import bundled_protocols
from dosimetry_core.report.words import patient_name as shown_name

_SEXES = ("", "F", "M")
_HINTS = {
    "lutetium": "MBq at the start of the infusion",
    "yttrium": "MBq; empty if none was given",
    "start": "2025-03-03 09:50",
    "infusion": "minutes",
}


class NewCourseDialog(QDialog):
    """Patient as the images say, and fields for the rest; the course begins with these studies as its first cycle.

    ``made`` carries the case.
    """

    made = Signal(object)

    def __init__(
        self,
        folder: Path,
        images: Sequence[str],
        *,
        patient_id: str,
        patient_name: str,
        answers: Mapping[CorrectionKey, str] = NO_ANSWERS,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("new_course")
        self.setWindowTitle("New course")
        self.setModal(False)
        self.resize(560, 460)
        self._folder, self._images = folder, tuple(images)
        self._patient_id, self._patient_name = patient_id, patient_name
        self._answers = dict(answers)
        column = QVBoxLayout(self)
        words = f"{shown_name(patient_name)}, {patient_id}. Cycle 1 of the new course: {', '.join(self._images)}."
        column.addWidget(text_label(words, name="new_course_patient", wrap=True))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.sex = combo_box("new_course_sex", _SEXES)
        # What this computer is set to stands there to be looked at: the scanner's may be another.
        zone = bytes(QTimeZone.systemTimeZoneId().data()).decode("ascii", "replace")
        self.time_zone = _field("new_course_time_zone", "Europe/Warsaw", zone)
        self.protocol = combo_box("new_course_protocol", ("", *bundled_protocols()))
        self.lutetium = _field("new_course_lutetium", _HINTS["lutetium"])
        self.yttrium = _field("new_course_yttrium", _HINTS["yttrium"])
        self.start = _field("new_course_start", _HINTS["start"])
        self.infusion = _field("new_course_infusion", _HINTS["infusion"])
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Sex (chooses the reference phantom)", self.sex),
            ("Time zone of the scanner", self.time_zone),
            ("Protocol", self.protocol),
            ("¹⁷⁷Lu administered (MBq)", self.lutetium),
            ("⁹⁰Y administered (MBq)", self.yttrium),
            ("Start of the infusion", self.start),
            ("Length of the infusion (min)", self.infusion),
        )
        for label, field in rows:
            form.addRow(label, field)
        column.addLayout(form)
        column.addStretch(1)
        self.message = text_label(role="dimmed", name="new_course_message", wrap=True)
        column.addWidget(self.message)
        row = QHBoxLayout()
        row.addStretch(1)
        self.make_button = push_button("Make the course", name="make_course", primary=True)
        self.make_button.clicked.connect(self._make)
        close = push_button("Close", name="close_new_course")
        close.clicked.connect(self.close)
        row.addWidget(self.make_button)
        row.addWidget(close)
        column.addLayout(row)

    def _make(self) -> None:
        typed = NewCourse(
            self._patient_id,
            self._patient_name,
            self.sex.currentText(),
            self.time_zone.text().strip(),
            self.protocol.currentText(),
            self.lutetium.text(),
            self.yttrium.text(),
            self.start.text(),
            self.infusion.text(),
        )
        try:
            case = typed.case(self._folder, self._images)
            case = replace(case, cycles=tuple(answered(cycle, self._answers) for cycle in case.cycles))
        except DosimetryError as error:
            problems = error.problems if isinstance(error, InputProblems) else (error,)
            self.message.setText("\n".join(problem.line().removeprefix(f"{PLACE}, ") for problem in problems))
            return
        self.close()
        self.made.emit(case)


def _field(name: str, hint: str, text: str = "") -> QLineEdit:
    field = QLineEdit(text)
    field.setObjectName(name)
    field.setPlaceholderText(hint)
    return field
