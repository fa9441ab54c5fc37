"""A course begun from images: what they say of the patient, and what somebody has to say of the treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dosimetry_core.case import Case
from dosimetry_core.case_file import CASE_FORMAT, case_of

PLACE = "new course"


@dataclass(frozen=True)
class NewCourse:
    """What a new course is made of; texts as they were typed, empty where nothing was.

    Parameters
    ----------
    patient_id, patient_name
        As the images say.
    sex
        ``F`` or ``M``.
    time_zone
        IANA name of the scanner's time zone.
    protocol
        Name of a bundled protocol.
    lutetium_mbq, yttrium_mbq
        Administered activities of the first cycle in MBq at the start of the infusion; the second may be empty.
    start
        Of the infusion, ``2025-03-03 09:50``.
    infusion_min
        Length of the infusion in minutes.
    """

    patient_id: str
    patient_name: str
    sex: str
    time_zone: str
    protocol: str
    lutetium_mbq: str
    yttrium_mbq: str
    start: str
    infusion_min: str

    def case(self, folder: Path, images: Sequence[str]) -> Case:
        """The case with its first cycle, checked as a case file is.

        Raises
        ------
        DosimetryError
            Everything that is missing or wrong, by its field.
        """
        given = [("Lu-177", self.lutetium_mbq)] + ([("Y-90", self.yttrium_mbq)] if self.yttrium_mbq.strip() else [])
        administrations = [
            _said(
                nuclide=name,
                administered_activity_mbq=_number(activity),
                start=_instant(self.start),
                infusion_min=_number(self.infusion_min),
            )
            for name, activity in given
        ]
        content = {
            "format": CASE_FORMAT,
            "patient": _said(id=self.patient_id, name=self.patient_name, sex=self.sex, time_zone=self.time_zone),
            "course": _said(protocol=self.protocol),
            "cycle": [{"number": 1, "images": list(images), "administration": administrations}],
        }
        return case_of(content, place=PLACE, folder=folder)


def _said(**values: Any) -> dict[str, Any]:
    """Without what was left empty, which is then missing by its name."""
    return {key: value for key, value in values.items() if value != ""}


def _number(text: str) -> float | str:
    text = text.strip()
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text  # refused by the name of its field


def _instant(text: str) -> datetime | str:
    text = text.strip()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
