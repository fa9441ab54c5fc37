"""Keeps every change of the open course as it is made: an edit is durable when the hand leaves the mouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.courses.change_in_words import ABSENT, change_in_words
from app.document import Document, Edited, Moved
from app.plans.plan_choice import PlanChoice
from app.plans.plan_signing import PlanFile
from app.reviews import Reviews
from app.store.case_tree import CaseTree
from app.store.course_history import CourseHistory, KeptPlan, PlanAct, after_event
from app.store.events import CourseSummary, Digest, Event, EventKind
from app.store.storage import CourseChangedError, Storage, StoreError
from app.window_texts import planned_cycles, protocol_of
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.case import Case
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.plan_states import PlanAction, PlanRole, PlanStanding
from dosimetry_core.report.words import nuclide_symbol
from dosimetry_core.units import GIGABECQUEREL

DRAG_PAUSE_MS = 200
"""A value moved continuously is kept when it rests this long."""
BESIDE_THE_CASE: tuple[EventKind, ...] = ("course-exported",)
"""What may be written to a course beside the window that has it open."""
RETRY_MS = 5000
"""What could not be kept is tried again this often."""


def summary_of(case: Case, history: CourseHistory) -> CourseSummary:
    """What the patient list shows of a case with this history."""
    patient = case.patient
    before = history.summary
    return CourseSummary(
        patient_id=patient.patient_id,
        name=patient.name,
        birth_date=patient.birth_date.isoformat() if patient.birth_date else None,
        protocol=case.course.protocol,
        cycle=max((cycle.number for cycle in case.cycles), default=0),
        planned_cycles=planned_cycles(case, protocol_of(case)),
        state=history.state,
        archived=before.archived if before is not None else False,
    )


class CourseJournal(QObject):
    """Writes what is done to one course into the store.

    ``saved(time)`` comes when everything done so far is durable; ``unsaved(error)`` when it could not be written: it
    stays in memory, is tried again every few seconds and with the next change; ``lost_race(error)`` when another window
    wrote to the course meanwhile, so that this one can't.

    Parameters
    ----------
    storage, tree, course_id
        Where and as what the course is kept.
    who
        Tells who is working now.
    history, last_sequence
        State of the course as read from the store, and the sequence of its last event.
    """

    saved = Signal(object)
    unsaved = Signal(object)
    lost_race = Signal(object)

    def __init__(
        self,
        storage: Storage,
        tree: CaseTree,
        course_id: str,
        who: Callable[[], str],
        history: CourseHistory,
        last_sequence: int,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.storage, self.tree, self.course_id = storage, tree, course_id
        self._who, self._history, self._last_sequence = who, history, last_sequence
        self._pending: list[tuple[Event, dict[Digest, bytes]]] = []
        self._encoded: list[Any] = []
        self._held_back: Edited | None = None
        self._unkeepable: StoreError | None = None
        self._plan_choice: PlanChoice | None = None
        self._choice_open = False
        self._document: Document | None = None
        self._closed = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(DRAG_PAUSE_MS)
        self._pause.timeout.connect(self.flush)
        self._retry = QTimer(self)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(self.flush)

    @property
    def history(self) -> CourseHistory:
        """State of the course, what could not be written yet included."""
        return self._history

    @property
    def is_saved(self) -> bool:
        """Whether everything done so far is durable."""
        return not self._pending and self._held_back is None and not self._choice_open and self._unkeepable is None

    @property
    def holds_edit_back(self) -> bool:
        """Whether a value is being dragged, whose edit is kept when it rests."""
        return self._held_back is not None

    # --- what the user does -----------------------------------------------------------------------------------------

    def follow(self, document: Document, reviews: Reviews, plan_choice: PlanChoice) -> None:
        """From now on keep what is done to them."""
        self._document = document
        document.recorded.connect(self._note)
        reviews.confirmed.connect(self._note_confirmation)
        reviews.reason_given.connect(self._note_reason)
        reviews.seen.connect(self._note_seen)
        self._plan_choice = plan_choice
        plan_choice.chosen.connect(self._note_choice)

    def begin_course(self, case: Case, *, folder: str, case_file_sha256: str) -> None:
        """Keep the course as it was read from its case file. Raises StoreError if it could not be made durable."""
        data = {"folder": folder, "case_file_sha256": case_file_sha256}
        self._add("course-created", "Take the course from its case file", case=case, new=folder, data=data)
        self._append_now(self._history)

    def note_opened(self) -> bool:
        """Keep that the course was opened for editing; return whether that is durable."""
        self._add("course-opened", "Open the course")
        return self.flush()

    def note_images_read(self, case: Case) -> None:
        """The images of the course were read for the first time: the case begins with them."""
        self._add("images-read", "Read and align the images", case=case)
        self.flush()

    def _note(self, step: Edited | Moved) -> None:
        if self._closed:
            return
        if isinstance(step, Edited) and step.merged:
            self._held_back = step
            self._pause.start()
            return
        self._end_drags()
        self._record(step)
        self.flush()

    def _record(self, step: Edited | Moved) -> None:
        try:
            self._add_step(step)
        except (ValueError, TypeError) as error:
            # A fault of the program: the case holds something that has no form in the store. Undoing it mends that.
            self._unkeepable = StoreError(f"this can't be kept ({error})", where="course", remedy="undo it")
            self.unsaved.emit(self._unkeepable)
        else:
            self._unkeepable = None

    def _add_step(self, step: Edited | Moved) -> None:
        if isinstance(step, Moved):
            self._add("moved", step.label, case=step.after, data={"position": step.position})
            return
        command = step.command
        old, new = change_in_words(command.before, command.after)
        data: dict[str, Any] = {"position": step.position}
        if command.is_final:
            data["final"] = True
        self._add("edited", command.label, case=command.after, old=old, new=new, why=command.why, data=data)

    def _note_confirmation(self, step: str) -> None:
        self._add("step-confirmed", f"Confirm step {step}", data={"step": step})
        self.flush()

    def _note_reason(self, code: str, place: str, reason: str) -> None:
        what = f"Give a reason for {code}" if reason else f"Take back the reason for {code}"
        before = self._history.reasons.get((code, place))
        data = {"code": code, "place": place, "reason": reason}
        self._add("reason-given", what, old=before, new=reason or None, why=reason, data=data)
        self.flush()

    def _note_seen(self, mask: Any) -> None:
        if self._document is None or self._document.permission.reason is not None:
            return
        digest = self.tree.digest_of(mask)
        if digest is not None and digest not in self._history.reviewed_masks:
            self._add("voi-reviewed", "Look at a VOI", data={"mask": digest})
            self.flush()

    def _note_choice(self) -> None:
        self._choice_open = True
        self._pause.start()

    def _end_drags(self) -> None:
        self._pause.stop()
        if self._held_back is not None:
            step, self._held_back = self._held_back, None
            self._record(step)
        if self._choice_open and self._plan_choice is not None:
            self._choice_open = False
            chosen, ends = self._plan_choice.activities_bq, self._plan_choice.ends_treatment
            old = _activities_text(self._history.activities_bq, ends=self._history.ends_treatment)
            new = _activities_text(chosen, ends=ends)
            data = {"activities_bq": chosen, "ends_treatment": ends}
            self._add("activities-chosen", "Choose activities", old=old, new=new, data=data)

    # --- plans ------------------------------------------------------------------------------------------------------

    def keep_check(self, activities_bq: Mapping[str, float], role: PlanRole) -> None:
        """Keep that the plan as it is now was checked by who is working.

        Raises
        ------
        StoreError
            If it could not be made durable: then nothing of it was kept.
        PlanRefusedError
            If that role does not check plans.
        """
        if not self.flush():
            raise StoreError("earlier changes are not saved yet", where="store", remedy="mend what the notice says")
        PlanStanding("calculated").after("check", role)
        before = self._history
        self._add_check(activities_bq)
        self._append_now(before)

    def _add_check(self, activities_bq: Mapping[str, float], *, by: str = "") -> None:
        data: dict[str, Any] = {"activities_bq": dict(activities_bq)}
        if by:
            data["signer"] = by
        self._add("plan-checked", "Check the plan", data=data)

    def keep_plan(self, plan: PlanFile, act: PlanAct, *, why: str = "") -> None:
        """Keep a signed or approved plan with its whole file; an earlier plan of the cycle is superseded.

        Raises
        ------
        StoreError
            If it could not be made durable: then nothing of it was kept.
        PlanRefusedError
            If the state of the plan that is approved does not allow it.
        """
        if not self.flush():
            raise StoreError(
                "earlier changes are not saved yet", where="store", remedy="mend what the notice says, then sign again"
            )
        digest = sha256_hex(plan.content)
        before = self._history
        if act == "approved":
            signed = self._history.plan_of_file(plan.signed_sha256)
            if signed is not None:
                self._history.standing(signed).after("approve", "physician", where=signed.path)
        if act == "signed":
            if plan.case is not None and self._history.checked is None:
                # Whoever signs checks it by signing; the record of the plan says so too.
                PlanStanding("calculated").after("check", "physicist", where=plan.path.name)
                self._add_check(plan.activities_bq or {}, by=plan.signer)
            PlanStanding("checked").after("sign", "physicist", where=plan.path.name)
            for earlier in self._history.plans:
                if earlier.cycle == plan.cycle and self._history.standing(earlier).allows("supersede", "program"):
                    words = f"Supersede the plan of {earlier.time:%d %b %Y %H:%M}"
                    self._add("plan-superseded", words, data={"file_sha256": earlier.file_sha256})
        data = {
            "file_sha256": digest,
            "path": plan.path.name,
            "cycle": plan.cycle,
            "activities_bq": dict(plan.activities_bq or {}),
            "signer": plan.signer,
            "from_elsewhere": plan.case is None,
        }
        if plan.signed_sha256:
            data["signed_sha256"] = plan.signed_sha256
        what = "Sign the plan" if act == "signed" else "Approve the plan"
        kind: EventKind = "plan-signed" if act == "signed" else "plan-approved"
        objects = {digest: plan.content}
        self._add(kind, what, case=plan.case, new=plan.path.name, why=why, data=data, objects=objects)
        self._append_now(before)

    def revoke_plan(self, plan: PlanFile, action: PlanAction, role: PlanRole, *, who: str, why: str) -> None:
        """Keep that a plan was returned or revoked, with the reason; all its files are in force no more.

        Raises
        ------
        StoreError
            If the store does not keep the plan, or it could not be made durable: then nothing of it was kept.
        PlanRefusedError
            If its state, or the role, does not allow it.
        """
        if not self.flush():
            raise StoreError("earlier changes are not saved yet", where="store", remedy="mend what the notice says")
        kept = self._history.plan_of_file(sha256_hex(plan.content))
        if kept is None:
            raise StoreError(
                "this course keeps no such plan", where=plan.path.name, remedy="revoke it where it is kept"
            )
        before = self._history
        ended = self._history.standing(kept).after(action, role, where=kept.path).state
        data = {"files": list(self._files_with(kept)), "act": action, "role": role, "signer": who}
        what = "Return the plan" if action == "return" else "Revoke the plan"
        self._add("plan-revoked", what, old=before.standing(kept).state, new=ended, why=why, data=data)
        self._append_now(before)

    def note_administered(self, plan: PlanFile, words: str) -> None:
        """Keep that a plan was given, together with the next edit: the cycle as it was given.

        Raises
        ------
        PlanRefusedError
            If its state does not allow it.
        """
        kept = self._history.plan_of_file(sha256_hex(plan.content))
        if kept is None:
            return
        self._end_drags()
        self._history.standing(kept).after("administer", "staff", where=kept.path)
        files = list(self._files_with(kept))
        self._add("plan-administered", "Give the plan", old="approved", new=words, data={"files": files})

    def _files_with(self, kept: KeptPlan) -> tuple[Digest, ...]:
        """Digests of all files in force of the same plan: signed, and signed and approved."""
        same = [p for p in self._history.plans if p.is_in_force and (p.cycle, p.case) == (kept.cycle, kept.case)]
        return tuple(plan.file_sha256 for plan in same)

    # --- keeping ----------------------------------------------------------------------------------------------------

    def _add(
        self,
        kind: EventKind,
        what: str,
        *,
        case: Case | None = None,
        old: str | None = None,
        new: str | None = None,
        why: str = "",
        data: Mapping[str, Any] | None = None,
        objects: Mapping[Digest, bytes] | None = None,
    ) -> None:
        if self._closed:
            return
        current = case if case is not None else self._document.case if self._document is not None else None
        if current is None:
            raise ValueError("there is no case to keep")
        encoded = self.tree.encode(current)
        event = Event(
            kind,
            self.course_id,
            self._who(),
            what,
            datetime.now().astimezone(),
            old=old,
            new=new,
            why=why,
            case=encoded.root,
            data=FrozenMap(data or {}),
        )
        summary = summary_of(current, after_event(self._history, event))
        if summary != self._history.summary:
            event = replace(event, summary=summary)
        self._history = after_event(self._history, event)
        self._pending.append((event, {**encoded.objects, **(objects or {})}))
        self._encoded.append(encoded)

    def _append_now(self, before: CourseHistory) -> None:
        """Write what is pending; if that fails nothing of it was done."""
        try:
            self._append()
        except StoreError:
            self._pending.clear()
            self._encoded.clear()
            self._history = before
            raise
        self.saved.emit(datetime.now().astimezone())

    def _append(self) -> None:
        objects: dict[Digest, bytes] = {}
        for _event, own in self._pending:
            objects |= own
        events = [event for event, _own in self._pending]
        try:
            stored = self.storage.append(events, objects=objects, expected={self.course_id: self._last_sequence})
        except CourseChangedError:
            if not self._caught_up():
                raise
            stored = self.storage.append(events, objects=objects, expected={self.course_id: self._last_sequence})
        self._last_sequence = stored[-1].sequence
        for encoded in self._encoded:
            encoded.kept()
        self._pending.clear()
        self._encoded.clear()
        self._retry.stop()

    def _caught_up(self) -> bool:
        """Whether what was written to the course meanwhile, an export for instance, leaves its case as it is."""
        since = tuple(self.storage.events(course_id=self.course_id, after=self._last_sequence))
        if not since or any(stored.event.kind not in BESIDE_THE_CASE for stored in since):
            return False
        self._last_sequence = since[-1].sequence
        return True

    def flush(self) -> bool:
        """Write what is not written yet; return whether everything is durable."""
        self._end_drags()
        if self._pending:
            try:
                self._append()
            except CourseChangedError as error:
                self._closed = True
                self._retry.stop()
                self.lost_race.emit(error)
                return False
            except StoreError as error:
                self._retry.start()
                self.unsaved.emit(error)
                return False
            if self._unkeepable is None:
                self.saved.emit(datetime.now().astimezone())
        return self._unkeepable is None

    def close(self) -> bool:
        """Write the rest and stop following; return whether everything is durable.

        What can't be written now is still tried again, and what is done meanwhile is followed: then it is not closed.
        """
        durable = self._closed or self.flush()
        if self._pending and not self._closed:
            return False
        self._closed = True
        self._pause.stop()
        self._retry.stop()
        return durable


def _activities_text(activities_bq: Mapping[str, float] | None, *, ends: bool = False) -> str:
    if ends:
        return "the treatment ends"
    if activities_bq is None:
        return "the proposal"
    texts = (f"{nuclide_symbol(name)} {GIGABECQUEREL.text(value)}" for name, value in activities_bq.items())
    return ", ".join(texts) or ABSENT
