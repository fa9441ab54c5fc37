"""What the user does to the registration of the current scan: each an undoable edit of the document."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np

from app.case_edits import with_registration
from app.outputs import write_file
from app.session import Session
from dosimetry_core.case import Case
from dosimetry_core.errors import Finding, InconsistentCaseError
from dosimetry_core.geometry import FloatArray
from dosimetry_core.image import Registration, TimePoint, VoiMotion
from dosimetry_core.registration.adjustments import confirmed, moved_on_reference, with_voi_motions


def image_centre_mm(point: TimePoint) -> FloatArray:
    """Centre of a time point's image, in its own patient system."""
    return (point.ct or point.spect).volume.geometry.centre_mm()


def turn_centre_mm(point: TimePoint) -> FloatArray:
    """Where the centre of a scan's image lies on the reference: what a turn by hand leaves in its place."""
    return point.registration.transform.inverse().apply(image_centre_mm(point))


class RegistrationActs:
    """Edits of the registration of the scan that is shown."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def moved(self, translation_mm: FloatArray, rotation_rad: FloatArray) -> Registration | None:
        """The current scan's registration, its image moved on the reference; None if there is no scan to move."""
        point = self._session.time_point
        if point is None or point.registration.method == "reference":
            return None
        return moved_on_reference(point.registration, translation_mm, rotation_rad, turn_centre_mm(point))

    def move(self, translation_mm: FloatArray, rotation_rad: FloatArray, *, merging: bool) -> bool:
        """Move the current scan on the reference and turn it about its image centre; whether anything changed."""
        c, p = self._session.view_state.cycle, self._session.view_state.time_point

        def edit(case: Case) -> Case:
            held = case.cycles[c].time_points[p]
            moved = moved_on_reference(held.registration, translation_mm, rotation_rad, turn_centre_mm(held))
            return with_registration(case, c, p, moved)

        return self._session.document.apply(
            f"Adjust scan {p + 1} by hand", edit, merge_key=("nudge", c, p) if merging else None
        )

    def set_registration(self, label: str, registration: Registration) -> bool:
        """Give the current scan another registration."""
        c, p = self._session.view_state.cycle, self._session.view_state.time_point
        edit = partial(with_registration, cycle_index=c, point_index=p, registration=registration)
        return self._session.document.apply(label, edit)

    def confirm(self, note: str = "") -> bool:
        """Confirm the current scan's registration in the name of who is working.

        Raises
        ------
        MissingDataError
            If the scan moves far and nothing is noted about it.
        """
        c, p = self._session.view_state.cycle, self._session.view_state.time_point

        def edit(case: Case) -> Case:
            held = case.cycles[c].time_points[p]
            if held.registration.method == "none" or held.registration.is_confirmed:
                return case
            return with_registration(case, c, p, confirmed(held, self._who(), datetime.now().astimezone(), note))

        return self._session.document.apply(f"Confirm the registration of scan {p + 1}", edit)

    def _who(self) -> str:
        courses = self._session.courses
        return courses.who() if courses is not None else getpass.getuser()

    def place_vois(self, found: Mapping[str, VoiMotion | None], findings: tuple[Finding, ...] = ()) -> bool:
        """Let VOIs lie where they were found on the current scan; those that were not found stay as they are."""
        motions = {key: moved for key, moved in found.items() if moved is not None}
        return self._set_motions("Place organs of scan {} by themselves", motions, findings)

    def release_vois(self) -> bool:
        """Let all VOIs of the current scan follow its registration again."""
        point = self._session.time_point
        held = {} if point is None else dict.fromkeys(point.registration.voi_motions)
        return self._set_motions("Organs of scan {} follow its registration again", held)

    def _set_motions(
        self, label: str, motions: Mapping[str, VoiMotion | None], findings: tuple[Finding, ...] = ()
    ) -> bool:
        c, p = self._session.view_state.cycle, self._session.view_state.time_point

        def edit(case: Case) -> Case:
            if not motions:
                return case
            held = case.cycles[c].time_points[p].registration
            moved = with_voi_motions(held, motions)
            return with_registration(case, c, p, replace(moved, findings=(*moved.findings, *findings)))

        return self._session.document.apply(label.format(p + 1), edit)

    def by_landmarks(self, pairs: Sequence[tuple[FloatArray, FloatArray]]) -> bool:
        """Align the current scan by pairs of landmarks: point of the reference, point of the scan."""
        from dosimetry_core.registration.landmarks import register_by_landmarks

        c, p = self._session.view_state.cycle, self._session.view_state.time_point
        cycle = self._session.case.cycles[c]
        found = register_by_landmarks(pairs, where=f"cycle {cycle.number}, time point {p + 1}")
        return self.set_registration(f"Align scan {p + 1} by landmarks", found)

    def read_object(self, path: Path) -> bool:
        """Take the current scan's registration from a DICOM spatial registration object."""
        from dosimetry_core.dicom.spatial_registration import read_spatial_registration, registration_from

        cycle, point = self._session.cycle, self._session.time_point
        if cycle is None or point is None:
            return False
        reference = cycle.time_points[cycle.reference_time_point]
        found = registration_from(read_spatial_registration(path), reference, point)
        if found is None:
            raise InconsistentCaseError(
                "the object does not relate this scan to the reference",
                where=str(path),
                remedy="name the object that belongs to these images",
            )
        number = self._session.view_state.time_point + 1
        return self.set_registration(
            f"Registration of scan {number} from {path.name}", replace(found, source=path.name)
        )

    def write_object(self, path: Path) -> None:
        """Write the current scan's registration as a DICOM spatial registration object."""
        from dosimetry_core.dicom.spatial_registration import spatial_registration_bytes

        cycle, point = self._session.cycle, self._session.time_point
        if cycle is None or point is None:
            return
        patient = self._session.case.patient
        identity: dict[str, str] = {"PatientSex": patient.sex}
        if patient.birth_date is not None:
            identity["PatientBirthDate"] = f"{patient.birth_date:%Y%m%d}"
        reference = cycle.time_points[cycle.reference_time_point]
        now = datetime.now().astimezone()
        write_file(path, spatial_registration_bytes(reference, point, made_at=now, identity=identity))


def landmark_distances_mm(
    registration: Registration, pairs: Sequence[tuple[FloatArray, FloatArray]]
) -> tuple[float, ...]:
    """How far each pair lies apart under a registration."""
    return tuple(float(np.linalg.norm(registration.transform.apply(a) - b)) for a, b in pairs)
