"""Step 3: align. Reference against moving time point, automatic registration, and adjustment by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer

from app.case_edits import with_cycle, with_registration
from app.display import ct_layer, spect_layer, spect_scale
from app.number_grid import GridColumn, GridRow, Number, NumberGrid
from app.registration_words import DEGREE, REGISTRATION_WORDS, displacement_mm
from app.result_paths import result_path
from app.scan_words import delay_text
from app.session import Session
from app.steps.remarks import Remarks
from app.steps.step import Section, Step, push_button, text_label
from dosimetry_core.case import Case, Cycle
from dosimetry_core.geometry import FloatArray
from dosimetry_core.image import Registration, TimePoint
from dosimetry_core.progress import Progress
from dosimetry_core.units import MILLIMETRE
from widgets.display_scale import WindowLevel
from widgets.nudge_pad import NudgePad
from widgets.overlay_compare import OverlayCompare

IDLE_MS = 1200
"""Arrow presses closer together than this become one undo step."""
LARGE_SHIFT_MM = 15.0
"""A larger shift is a reason to look twice (gui.md C, step 3)."""


def registered_again(cycle: Cycle, *, progress: Progress) -> Cycle:
    """The cycle with all its time points registered anew."""
    from dataclasses import replace

    from dosimetry_core.registration import register_time_points

    points = register_time_points(
        cycle.time_points, cycle.reference_time_point, progress=progress, where=f"cycle {cycle.number}"
    )
    return replace(cycle, time_points=points)


def image_centre_mm(point: TimePoint) -> FloatArray:
    """Centre of a time point's image, in its own patient system."""
    return (point.ct or point.spect).volume.geometry.centre_mm()


class AlignStep(Step):
    """Overlay of two time points; every adjustment is an undoable edit of that time point's registration."""

    key = "align"
    title = "Align"
    needs_time_strip = True
    keys = (
        ("Arrows of the pad", "move 1 mm; Shift 0.1 mm, Ctrl 5 mm"),
        ("Left / Right", "previous / next time point"),
    )

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.compare = OverlayCompare()
        self.compare.setProperty("takesImageKeys", True)
        self.column.addWidget(self.compare, 1)
        self.compare.cursor_moved.connect(session.view_state.set_cursor)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_MS)
        self._idle.timeout.connect(session.document.end_merging)
        self._build_inspector()
        session.view_state.cursor_changed.connect(self.compare.set_cursor)
        session.view_state.window_changed.connect(lambda w, level: self.compare.set_window_level(WindowLevel(w, level)))
        self._shown: tuple[Any, ...] = ()

    def _build_inspector(self) -> None:
        now = Section("Registration of this scan")
        self._state = text_label(role="heading", name="registration_state", wrap=True)
        now.add(self._state)
        self.numbers = NumberGrid("registration_numbers")
        now.add(self.numbers)
        self._note = text_label(role="warning", name="registration_note", wrap=True)
        now.add(self._note)
        self.inspector.add(now)
        hand = Section("Adjust by hand")
        self.pad = NudgePad()
        self.pad.nudged.connect(self.nudge)
        self.pad.reset_clicked.connect(self.back_to_automatic)
        hand.add(self.pad)
        self.inspector.add(hand)
        automatic = Section("Automatic registration")
        self.again = push_button(
            "Register this cycle again", name="register_again", tooltip="rigid, CT to CT; runs beside your work"
        )
        self.again.clicked.connect(self.register_again)
        automatic.add_row(self.again)
        self.inspector.add(automatic)
        all_points = Section("All scans of the cycle")
        self.points = NumberGrid("registrations")
        self.points.row_clicked.connect(lambda key: session_time_point(self.session, key))
        all_points.add(self.points)
        self.inspector.add(all_points)
        self.findings = Remarks("align_findings")
        self.add_remarks(self.findings)

    # --- acts -------------------------------------------------------------------------------------------------------

    def nudge(self, translation_mm: Any, rotation: Any) -> None:
        """Move the current scan by (x, y, z) in mm and rotate it about its image centre, in rad."""
        from dosimetry_core.registration import nudged

        point = self.session.time_point
        if point is None:
            return
        if point.registration.method == "reference":
            self.told.emit("The reference scan stays where it is: choose another one in the strip below")
            return
        c, p = self.session.view_state.cycle, self.session.view_state.time_point

        def edit(case: Case) -> Case:
            held = case.cycles[c].time_points[p]
            moved = nudged(held.registration, np.asarray(translation_mm), np.asarray(rotation), image_centre_mm(held))
            return with_registration(case, c, p, moved)

        self.session.document.apply(f"Adjust scan {p + 1} by hand", edit, merge_key=("nudge", c, p))
        self._idle.start()

    def back_to_automatic(self) -> None:
        """Bring back the registration that the current scan had before it was adjusted by hand."""
        c, p, point = self.session.view_state.cycle, self.session.view_state.time_point, self.session.time_point
        if point is None or point.registration.method != "manual":
            return
        for case in self.session.document.earlier_cases():
            held = case.cycles[c].time_points[p].registration if p < len(case.cycles[c].time_points) else None
            if held is not None and held.method != "manual":
                edit = partial(with_registration, cycle_index=c, point_index=p, registration=held)
                self.session.document.apply(f"Scan {p + 1} back to automatic", edit)
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
                from dataclasses import replace

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
        self._show_images(cycle, reference, point)
        self._show_numbers(cycle, point)
        self.findings.show_findings(point.registration.findings)

    def _show_images(self, cycle: Cycle, reference: TimePoint, point: TimePoint) -> None:
        shown = (reference, point, cycle.calibration)
        if len(self._shown) == len(shown) and all(a is b for a, b in zip(self._shown, shown, strict=True)):
            return
        first = not self._shown or self._shown[0] is not reference
        self._shown = shown
        geometry = (reference.ct or reference.spect).volume.geometry
        if first:
            self.compare.set_reference(geometry)
            self.compare.set_window_level(WindowLevel(*self.session.view_state.window_hu))
        both_ct = reference.ct is not None and point.ct is not None
        pair = (ct_layer(reference), ct_layer(point)) if both_ct else (None, None)
        self.compare.show_pair(*pair)
        self.compare.show_spect(spect_layer(cycle, reference), spect_layer(cycle, point))
        set_scale = getattr(self.compare, "set_spect_scale", None)
        if set_scale is not None:
            set_scale(spect_scale(cycle))
        self.compare.set_cursor(self.session.view_state.cursor_mm)

    def _show_numbers(self, cycle: Cycle, point: TimePoint) -> None:
        c, p = self.session.view_state.cycle, self.session.view_state.time_point
        registration = point.registration
        words = REGISTRATION_WORDS.get(registration.method, registration.method)
        self._state.setText(f"Scan {p + 1}, {delay_text(cycle, point)}: {words}")
        base = result_path("cycles", c, "time_points", p, "registration")
        self.numbers.show_rows(
            [GridColumn("name", ""), GridColumn("value", "")],
            [
                GridRow(
                    name,
                    {"name": name, "value": Number(f"{base}.{key}", value, unit)},
                )
                for name, key, value, unit in _rows(registration, point.spect.volume.geometry.centre_mm())
            ],
        )
        shift = float(np.linalg.norm(displacement_mm(registration.transform, point.spect.volume.geometry.centre_mm())))
        self._note.setText(
            f"The image centre moves {MILLIMETRE.text(shift)}: look at all three planes."
            if shift > LARGE_SHIFT_MM
            else ""
        )
        self._note.setVisible(shift > LARGE_SHIFT_MM)
        self.points.show_rows(
            [GridColumn("scan", "Scan"), GridColumn("method", ""), GridColumn("residual", "Residual (mm)")],
            [
                GridRow(
                    str(number),
                    {
                        "scan": f"{'▸ ' if number == p else ''}{delay_text(cycle, held)}",
                        "method": REGISTRATION_WORDS.get(held.registration.method, held.registration.method),
                        "residual": Number(
                            result_path("cycles", c, "time_points", number, "registration", "residual_mm"),
                            held.registration.residual_mm,
                            MILLIMETRE,
                        ),
                    },
                    mark="warning" if any(f.level != "info" for f in held.registration.findings) else "",
                )
                for number, held in enumerate(cycle.time_points)
            ],
        )


def session_time_point(session: Session, key: str) -> None:
    """Make the time point of a row the current one."""
    session.view_state.set_time_point(int(key))


def _rows(registration: Registration, centre_mm: FloatArray) -> list[tuple[str, str, float | None, Any]]:
    shift = displacement_mm(registration.transform, centre_mm)
    rows: list[tuple[str, str, float | None, Any]] = [
        ("Residual (mm)", "residual_mm", registration.residual_mm, MILLIMETRE),
        ("Rotation (°)", "rotation_rad", registration.transform.angle_rad, DEGREE),
    ]
    for axis, towards in enumerate(("left", "back", "head")):
        key = f"translation_of_reference_centre_mm.{axis}"
        rows.append((f"Shift to the {towards} (mm)", key, float(shift[axis]), MILLIMETRE))
    return rows
