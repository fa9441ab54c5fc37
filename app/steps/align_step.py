"""Step 3: align. Reference against moving time point: automatic, by hand, by landmarks, organ by organ; confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QLineEdit

from app.case_edits import with_cycle
from app.number_grid import NumberGrid
from app.registration_acts import RegistrationActs, landmark_distances_mm
from app.registration_holds import hold_text, waiting_scans
from app.scan_words import delay_text
from app.session import Session
from app.stepping import step_time_point
from app.steps.align_hand import FileSection, HandSection, LandmarkSection, OrganSection
from app.steps.align_pair import AlignedPair
from app.steps.align_tables import (
    NUMBER_COLUMNS,
    SCAN_COLUMNS,
    number_rows,
    scan_rows,
    shift_words,
    state_words,
)
from app.steps.landmark_pairs import LandmarkPairs
from app.steps.organ_search import OrganSearch
from app.steps.remarks import Remarks
from app.steps.step import Section, Step, push_button, text_label
from dosimetry_core.case import Case, Cycle
from dosimetry_core.errors import DosimetryError
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.progress import Progress
from dosimetry_core.registration.adjustments import LARGE_SHIFT_MM, shift_mm
from widgets.display_scale import WindowLevel
from widgets.overlay_compare import OverlayCompare

IDLE_MS = 1200
"""Arrow presses closer together than this become one undo step."""


def registered_again(cycle: Cycle, *, progress: Progress) -> Cycle:
    """The cycle with all its time points registered anew."""
    from dosimetry_core.registration import register_time_points

    points = register_time_points(
        cycle.time_points, cycle.reference_time_point, progress=progress, where=f"cycle {cycle.number}"
    )
    return replace(cycle, time_points=points)


class AlignStep(Step):
    """Overlay of two time points; every adjustment is an undoable edit of that time point's registration."""

    key = "align"
    title = "Align"
    needs_time_strip = True
    keys = (
        ("Arrows of the pad", "move 1 mm; Shift 0.1 mm, Ctrl 5 mm"),
        ("Drag, arrow keys", "with Move or Turn: the moving image, 1 mm or 1°; Shift a tenth, Ctrl five"),
        ("F held", "the moving image alone"),
        ("{previous_time_point} / {next_time_point}", "previous / next time point"),
    )

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.compare = OverlayCompare()
        self.compare.setProperty("takesImageKeys", True)
        self.column.addWidget(self.compare, 1)
        self.compare.cursor_moved.connect(session.view_state.set_cursor)
        self.compare.time_point_step_requested.connect(lambda by: step_time_point(session, by))
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_MS)
        self._idle.timeout.connect(session.document.end_merging)
        self._build_inspector()
        self._search = OrganSearch(session, self)
        self._search.told.connect(self.told)
        self._search.finished.connect(self.refresh)
        session.view_state.cursor_changed.connect(self.compare.set_cursor)
        session.view_state.window_changed.connect(lambda w, level: self.compare.set_window_level(WindowLevel(w, level)))
        self._overlay = AlignedPair(session, self.compare)
        self._pairs = LandmarkPairs()
        self._of: tuple[Any, ...] | None = None

    def _build_inspector(self) -> None:
        self.acts = RegistrationActs(self.session)
        now = Section("Registration of this scan")
        self._state = text_label(role="heading", name="registration_state", wrap=True)
        now.add(self._state)
        self.numbers = NumberGrid("registration_numbers")
        now.add(self.numbers)
        self._note = text_label(role="warning", name="registration_note", wrap=True)
        now.add(self._note)
        self.confirm = push_button(
            "Confirm this registration", name="confirm_registration", tooltip="In the name of who is working"
        )
        self.confirm.clicked.connect(self.confirm_registration)
        self.shift_note = QLineEdit()
        self.shift_note.setObjectName("large_shift_note")
        self.shift_note.setPlaceholderText("What did you look at?")
        self.shift_note.setAccessibleName("Note on the large shift")
        self.shift_note.textChanged.connect(lambda _text: self._allow_confirmation())
        now.add(self.shift_note)
        now.add_row(self.confirm)
        self.inspector.add(now)
        self.hand = HandSection()
        self.hand.hand_changed.connect(self.take_hand)
        self.pad = self.hand.pad
        self.pad.nudged.connect(self.nudge)
        self.pad.reset_clicked.connect(self.back_to_automatic)
        self.compare.hand_moved.connect(self._hand_moved)
        self.compare.hand_cancelled.connect(self._show_again)
        self.compare.landmark_set.connect(self._set_landmark)
        self.inspector.add(self.hand)
        self.organs = OrganSection()
        self.organs.look.clicked.connect(self.find_organs)
        self.organs.bend.clicked.connect(self.find_by_deformation)
        self.organs.place.clicked.connect(self.place_organs)
        self.organs.release.clicked.connect(lambda: self.acts.release_vois())
        self.inspector.add(self.organs)
        self.landmarks = LandmarkSection()
        self.landmarks.set.clicked.connect(lambda: self.take_hand("landmark" if self.landmarks.set.isChecked() else ""))
        self.landmarks.remove.clicked.connect(self.remove_landmark)
        self.landmarks.apply.clicked.connect(self.align_by_landmarks)
        self.inspector.add(self.landmarks)
        automatic = Section("Automatic registration")
        self.again = push_button(
            "Register this cycle again", name="register_again", tooltip="rigid, CT to CT; runs beside your work"
        )
        self.again.clicked.connect(self.register_again)
        automatic.add_row(self.again)
        self.inspector.add(automatic)
        self.files = FileSection(self.choose_object_to_read, self.choose_object_to_write)
        self.inspector.add(self.files)
        all_points = Section("All scans of the cycle")
        self.points = NumberGrid("registrations")
        self.points.row_clicked.connect(lambda key: session_time_point(self.session, key))
        all_points.add(self.points)
        self.inspector.add(all_points)
        self.findings = Remarks("align_findings")
        self.add_remarks(self.findings)

    # --- acts -------------------------------------------------------------------------------------------------------

    def confirm_registration(self) -> None:
        """Confirm the current scan's registration, with the note where one is written."""
        if self._say_trouble(lambda: self.acts.confirm(self.shift_note.text())):
            self.shift_note.clear()

    def holds_back(self) -> bool:
        """Registrations that nobody confirmed hold the step back: go to the first of them."""
        case = self.session.document.case
        waiting = waiting_scans(case)
        if waiting:
            self.session.view_state.set_cycle(waiting[0].cycle)
            self.session.view_state.set_time_point(waiting[0].time_point)
            self.told.emit(hold_text(case))
        return bool(waiting)

    def nudge(self, translation_mm: Any, rotation: Any) -> None:
        """Move the image of the current scan on the reference by (x, y, z) in mm; turn it about its centre, in rad."""
        if self._is_reference():
            return
        self.acts.move(np.asarray(translation_mm), np.asarray(rotation), merging=True)
        self._idle.start()

    def _is_reference(self) -> bool:
        """Whether there is nothing to move; says why."""
        point = self.session.time_point
        if point is None:
            return True
        if point.registration.method == "reference":
            self.told.emit("The reference scan stays where it is: choose another one in the strip below")
            return True
        return False

    def _is_registered(self) -> bool:
        """Whether there is a place to look from; says what is missing."""
        point = self.session.time_point
        if point is not None and point.registration.method == "none":
            self.told.emit("This scan is not registered: align it as a whole first, then look for single organs")
        return point is not None and point.registration.method != "none"

    def take_hand(self, hand: Any) -> None:
        """What the left button is: cursor (empty), ``move``, ``turn`` or ``landmark``."""
        if hand and self._is_reference():
            hand = ""
        self.hand.show_hand(hand)
        self.landmarks.set.setChecked(hand == "landmark")
        self._pairs.give_up()
        self.compare.set_hand(hand)
        self._show_landmarks()

    def _hand_moved(self, translation_mm: Any, rotation: Any, finished: bool) -> None:
        """Follow a drag on the screen; the end of it is one edit."""
        if finished:
            if not self._is_reference() and (np.any(translation_mm) or np.any(rotation)):
                arrow_key = self._dragging is None
                self._dragging = None
                self.acts.move(np.asarray(translation_mm), np.asarray(rotation), merging=arrow_key)
                self._idle.start()
            return
        moved = self.acts.moved(np.asarray(translation_mm), np.asarray(rotation))
        point, cycle = self.session.time_point, self.session.cycle
        if moved is not None and point is not None and cycle is not None:
            self._dragging = moved
            self._overlay.place(cycle, replace(point, registration=moved))

    _dragging: Registration | None = None

    def _show_again(self) -> None:
        """The drag was given up: the scan lies where it lay."""
        self._dragging = None
        self._overlay.forget()
        self.refresh()

    def _set_landmark(self, point_mm: Any) -> None:
        """A place was clicked: first in the reference, then in the scan."""
        point = self.session.time_point
        if point is not None:
            self._pairs.click(point_mm, point.registration)
            self._show_landmarks()

    def remove_landmark(self) -> None:
        """Take the last click back, or the last pair."""
        self._pairs.take_back()
        self._show_landmarks()

    def align_by_landmarks(self) -> None:
        """Least squares of the pairs; they stay, so that their distances can be read afterwards."""
        self.take_hand("")
        try:
            self.acts.by_landmarks(self._pairs.pairs)
        except DosimetryError as error:
            self.told.emit(error.line())

    def _show_landmarks(self) -> None:
        point = self.session.time_point
        waiting = self._pairs.waiting_for if self.landmarks.set.isChecked() else ""
        self.compare.set_only({"scan": "moving", "reference": "reference"}.get(waiting, ""))  # type: ignore[arg-type]
        if point is None:
            return
        distances = landmark_distances_mm(point.registration, self._pairs.pairs)
        self.landmarks.show_pairs(distances, waiting_for=waiting)
        self.compare.set_marks(self._pairs.marks(point.registration))

    def find_organs(self) -> None:
        """Look for the uptake of the organs of the current scan."""
        if self._is_registered():
            self._search.by_uptake(turning=self.organs.turning.isChecked())

    def find_by_deformation(self) -> None:
        """Look for the kidneys of the current scan by a deformable alignment of the CTs."""
        if not self._is_reference() and self._is_registered():
            self._search.by_deformation()

    def place_organs(self) -> None:
        """Measure the organs of the current scan where they were found."""
        found = self._search.found
        if found is not None:
            self.acts.place_vois(found.motions, found.findings)

    def choose_object_to_read(self) -> None:
        """Ask for a registration object and take the current scan's registration from it."""
        chosen, _kind = QFileDialog.getOpenFileName(self, "Read a registration", self.session.case.folder, "DICOM (*)")
        if chosen:
            self._say_trouble(lambda: self.acts.read_object(Path(chosen)))

    def choose_object_to_write(self) -> None:
        """Ask for a name and write the current scan's registration."""
        if self._is_reference():
            return
        name = f"registration-{self.session.view_state.time_point + 1}.dcm"
        chosen, _kind = QFileDialog.getSaveFileName(self, "Write the registration", name, "DICOM (*.dcm)")
        if chosen and self._say_trouble(lambda: self.acts.write_object(Path(chosen))):
            self.told.emit(f"Written: {Path(chosen).name}")

    def _say_trouble(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except (DosimetryError, OSError) as error:
            self.told.emit(error.line() if isinstance(error, DosimetryError) else str(error))
            return False
        return True

    def back_to_automatic(self) -> None:
        """Bring back the registration that the current scan had before it was adjusted by hand."""
        c, p, point = self.session.view_state.cycle, self.session.view_state.time_point, self.session.time_point
        if point is None or point.registration.method != "manual":
            return
        for case in self.session.document.earlier_cases():
            held = case.cycles[c].time_points[p].registration if p < len(case.cycles[c].time_points) else None
            if held is not None and held.method != "manual":
                self.acts.set_registration(f"Scan {p + 1} back to automatic", held)
                return
        self.told.emit("This scan came adjusted by hand: register the cycle again")

    def register_again(self) -> None:
        """Register the current cycle anew, as a job; one undoable step."""
        cycle, index = self.session.cycle, self.session.view_state.cycle
        if cycle is None or not cycle.time_points:
            return
        job = self.session.jobs.start(
            registered_again, cycle, purpose=("align", index), title=f"Registering cycle {cycle.number}"
        )

        def take(result: Cycle) -> None:
            def edit(case: Case) -> Case:
                held = case.cycles[index]
                same = [p.spect for p in held.time_points] == [p.spect for p in result.time_points]
                if not same:
                    return case
                return with_cycle(case, index, replace(held, time_points=result.time_points))

            self.session.document.apply(f"Register cycle {cycle.number}", edit)

        job.succeeded.connect(take)

    # --- showing ----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Which scan lies on which."""
        cycle, reference = self.session.cycle, self.session.reference
        point = self.session.time_point
        if cycle is None or reference is None or point is None:
            return ""
        return f"cycle {cycle.number}: {delay_text(cycle, point)} on the reference at {delay_text(cycle, reference)}"

    def entered(self) -> None:
        """Give the keyboard to the axial view, so that keys work at once."""
        self.compare.views["axial"].setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """Show reference and current scan."""
        cycle, reference, point = self.session.cycle, self.session.reference, self.session.time_point
        self.again.setEnabled(cycle is not None and bool(cycle.time_points))
        if cycle is None or reference is None or point is None:
            self._state.setText("No images")
            self.numbers.show_rows([], [])
            self.points.show_rows([], [])
            self.findings.show_findings(())
            return
        here = (self.session.whose, self.session.view_state.cycle, self.session.view_state.time_point)
        if here != self._of:
            self._of = here
            self._pairs.clear()
            self.shift_note.clear()
            self.take_hand("" if point.registration.method == "reference" else self._hand())
        self._overlay.show(cycle, reference, point)
        self._show_numbers(cycle, point)
        self._show_landmarks()
        self.organs.show_positions(cycle, point.registration, self._search.found_of(point.registration))
        self.files.write.setEnabled(point.registration.method not in ("reference", "none"))
        self.files.read.setEnabled(point.registration.method != "reference")
        self._allow_confirmation()
        self.findings.show_findings(point.registration.findings)

    def _allow_confirmation(self) -> None:
        """Offer the confirmation where there is something to confirm; a large shift needs a note first."""
        point = self.session.time_point
        waiting = (
            point is not None
            and point.registration.method not in ("reference", "none")
            and not point.registration.is_confirmed
        )
        needs_note = point is not None and waiting and shift_mm(point) > LARGE_SHIFT_MM
        self.shift_note.setVisible(needs_note)
        self.confirm.setEnabled(waiting and (not needs_note or bool(self.shift_note.text().strip())))

    def _hand(self) -> str:
        """The hand that is in use, landmarks apart: those belong to one scan."""
        return next((key for key, button in self.hand.buttons.items() if button.isChecked()), "")

    def _show_numbers(self, cycle: Cycle, point: TimePoint) -> None:
        c, p = self.session.view_state.cycle, self.session.view_state.time_point
        self._state.setText(f"Scan {p + 1}, {delay_text(cycle, point)}: {state_words(point.registration)}")
        self.numbers.show_rows(NUMBER_COLUMNS, number_rows(c, p, point))
        errors = (finding.text for finding in point.registration.findings if finding.level == "error")
        words = " ".join((*errors, shift_words(point))).strip()
        self._note.setText(words)
        self._note.setVisible(bool(words))
        self.points.show_rows(SCAN_COLUMNS, scan_rows(c, p, cycle))


def session_time_point(session: Session, key: str) -> None:
    """Make the time point of a row the current one."""
    session.view_state.set_time_point(int(key))
