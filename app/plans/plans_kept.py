"""Keeps a plan that was signed or approved on the command line in the store of the data folder, if there is one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.operations.data_folder import located_data_folder
from app.operations.site_configuration import read_site_configuration
from app.operations.store_access import has_store, opened_store
from app.store.events import Digest, Event, EventKind, Head, StoredEvent
from app.store.storage import StoreError
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.frozen import FrozenMap

if TYPE_CHECKING:
    from app.store.course_history import CourseHistory, KeptPlan
    from app.store.sqlite_storage import SqliteStorage
    from dosimetry_core.case import Case
    from dosimetry_core.evaluation import Evaluation
    from dosimetry_core.planning.plan_states import PlanAction, PlanRole

Act = Literal["signed", "approved"]
_KINDS: dict[Act, tuple[EventKind, str]] = {
    "signed": ("plan-signed", "Sign the plan"),
    "approved": ("plan-approved", "Approve the plan"),
}


@dataclass(frozen=True)
class PlanStore:
    """The store that a plan goes into."""

    storage: SqliteStorage

    @property
    def head(self) -> Head:
        """End of its chain, as the plan states it."""
        return self.storage.head()

    @property
    def identity(self) -> Digest | None:
        """Digest of its first event, as the plan states it."""
        from app.store.plan_anchor import store_identity

        return store_identity(self.storage)

    def keep_signed(
        self,
        content: bytes,
        evaluation: Evaluation,
        case_folder: Path,
        name: str,
        *,
        who: str,
        why: str,
        case: Case,
        confirmed: str = "",
        is_chosen: bool = False,
    ) -> StoredEvent:
        """Keep a signed plan in the course of the case folder; in that of none if there is none, or it is open.

        Parameters
        ----------
        case
            As it was read from the folder: what the course holds too, before anything was confirmed for the plan.
        confirmed
            What the signer said of the registrations that nobody had confirmed; empty if there were none.
        is_chosen
            Whether activities, hold or stop were chosen instead of the proposal; the course then keeps the choice.

        Raises
        ------
        StoreError
            If it could not be made durable: then nothing of it was kept.
        """
        data = {
            "path": name,
            "cycle": evaluation.plan.next_cycle,
            "activities_bq": dict(evaluation.plan.activities_bq),
            "signer": who,
            "from_elsewhere": False,
        }
        if is_chosen:
            data["chosen"] = {"ends_treatment": evaluation.plan.decision == "stop"}
        if confirmed:
            data["registrations_confirmed"] = confirmed
        course_id = self._course_in(case_folder)
        if course_id is None:
            return self._append("signed", content, None, None, {}, data, who=who, why=why)
        from app.store.case_tree import CaseTree

        encoded = CaseTree().encode(case)
        return self._append("signed", content, course_id, encoded.root, dict(encoded.objects), data, who=who, why=why)

    def remark_on(self, stored: StoredEvent) -> str:
        """What whoever signed should know of the course of the plan; empty if the plan is about the course as it is."""
        event = stored.event
        if event.course_id is None:
            holder = event.data.get("held_by")
            return f"the plan is kept outside its course, which is open elsewhere: {holder}" if holder else ""
        course = next(course for course in self.storage.courses() if course.course_id == event.course_id)
        if course.summary.state not in ("draft", "stale"):
            return ""
        return (
            "the plan was computed from the case folder, but its course was edited in the window: the plan holds none "
            "of that; sign it in the window if it should"
        )

    def keep_approved(self, content: bytes, signed: bytes, name: str, *, who: str, why: str) -> StoredEvent:
        """Keep an approved plan where the signed one is; a plan that this store does not know belongs to no course.

        Raises
        ------
        StoreError
            If it could not be made durable: then nothing of it was kept.
        """
        data: dict[str, Any] = {"path": name, "signer": who, "cycle": None, "activities_bq": {}, "from_elsewhere": True}
        earlier = self._signed_as(sha256_hex(signed))
        if earlier is None:
            return self._append("approved", content, None, None, {}, data, who=who, why=why)
        data |= {key: earlier.data[key] for key in ("cycle", "activities_bq", "from_elsewhere")}
        data["signed_sha256"] = sha256_hex(signed)
        return self._append("approved", content, earlier.course_id, earlier.case, {}, data, who=who, why=why)

    def require(self, content: bytes, action: PlanAction, role: PlanRole) -> None:
        """Refuse what the state of a plan does not allow, as far as this store knows the plan.

        Raises
        ------
        PlanRefusedError
            For example for approving a plan that is stale, revoked or superseded here.
        """
        found = self._plan_in_course(content)
        if found is not None:
            history, plan, _course_id = found
            history.standing(plan).after(action, role, where=plan.path)

    def course_of(self, content: bytes) -> str | None:
        """The course that keeps this plan; None if none does."""
        found = self._plan_in_course(content)
        return None if found is None else found[2]

    def revoke(self, content: bytes, action: PlanAction, role: PlanRole, *, who: str, why: str) -> None:
        """Keep that a plan was returned or revoked, in the course that keeps it.

        Raises
        ------
        StoreError
            If no course keeps it, its course is open elsewhere, or it could not be made durable.
        PlanRefusedError
            If its state, or the role, does not allow it.
        """
        found = self._plan_in_course(content)
        if found is None:
            raise StoreError(
                "no course of this store keeps this plan", where="plan", remedy="revoke it where it is kept"
            )
        history, plan, course_id = found
        before = history.standing(plan)
        ended = before.after(action, role, where=plan.path).state
        files = [p.file_sha256 for p in history.plans if p.is_in_force and (p.cycle, p.case) == (plan.cycle, plan.case)]
        event = Event(
            "plan-revoked",
            course_id,
            who,
            "Return the plan" if action == "return" else "Revoke the plan",
            datetime.now().astimezone(),
            old=before.state,
            new=ended,
            why=why,
            case=history.case,
            data=FrozenMap({"files": files, "act": action, "role": role, "signer": who}),
        )
        held = self.storage.hold(course_id, who)
        if held is not None:
            raise StoreError(f"is open elsewhere: {held.text()}", where=plan.path, remedy="revoke it there")
        try:
            events, expected = self._in_course(event, course_id)
            self.storage.append(events, expected=expected)
        finally:
            self.storage.release(course_id)

    def _plan_in_course(self, content: bytes) -> tuple[CourseHistory, KeptPlan, str] | None:
        """The plan that is this very file, with the history of its course; None if no course keeps it."""
        from app.store.course_file import history_events
        from app.store.course_history import replayed

        digest = sha256_hex(content)
        if not self.storage.has(digest):
            return None
        for stored in self.storage.events(newest_first=True):
            event = stored.event
            named = event.kind in ("plan-signed", "plan-approved") and event.data.get("file_sha256") == digest
            if named and event.course_id is not None:
                history = replayed(history_events(self.storage, event.course_id))
                plan = history.plan_of_file(digest)
                return None if plan is None else (history, plan, event.course_id)
        return None

    def _append(
        self,
        act: Act,
        content: bytes,
        course_id: str | None,
        case: Digest | None,
        objects: Mapping[Digest, bytes],
        data: Mapping[str, Any],
        *,
        who: str,
        why: str,
    ) -> StoredEvent:
        kind, what = _KINDS[act]
        digest = sha256_hex(content)
        held = None if course_id is None else self.storage.hold(course_id, who)
        if held is not None:
            # A window has the course open: its history must not change under it. The plan is kept all the same.
            data = {**data, "course": course_id, "held_by": held.text()}
            course_id, case, objects = None, None, {}
        event = Event(
            kind,
            course_id,
            who,
            what,
            datetime.now().astimezone(),
            new=str(data["path"]),
            why=why,
            case=case,
            data=FrozenMap({"file_sha256": digest, **data}),
        )
        try:
            events: tuple[Event, ...] = (event,)
            expected: dict[str, int] | None = None
            if course_id is not None:
                events, expected = self._in_course(event, course_id)
            return self.storage.append(events, objects={**objects, digest: content}, expected=expected)[-1]
        finally:
            if course_id is not None:
                self.storage.release(course_id)

    def _in_course(self, event: Event, course_id: str) -> tuple[tuple[Event, ...], dict[str, int]]:
        """The event with the state of its course after it, behind those that supersede earlier plans of the cycle."""
        from app.store.course_file import history_events
        from app.store.course_history import replayed

        course = next(course for course in self.storage.courses() if course.course_id == course_id)
        history = replayed(history_events(self.storage, course_id))
        first = []
        if event.kind == "plan-signed" and "chosen" in event.data:
            choice = FrozenMap({"activities_bq": event.data["activities_bq"], **event.data["chosen"]})
            choose: EventKind = "activities-chosen"
            first.append(replace(event, kind=choose, what="Choose activities", new=None, why="", data=choice))
        if event.kind == "plan-signed":
            # Whoever signs checks the plan by signing; the record of the plan says so too.
            data = FrozenMap({"activities_bq": event.data["activities_bq"], "signer": event.data["signer"]})
            checked: EventKind = "plan-checked"
            first.append(replace(event, kind=checked, what="Check the plan", new=None, why="", data=data))
            for plan in history.plans:
                if plan.cycle == event.data["cycle"] and history.standing(plan).allows("supersede", "program"):
                    words = f"Supersede the plan of {plan.time:%d %b %Y %H:%M}"
                    data = FrozenMap({"file_sha256": plan.file_sha256})
                    kind: EventKind = "plan-superseded"
                    first.append(replace(event, kind=kind, what=words, new=None, why="", data=data, case=history.case))
        after = replayed((*first, event), history)
        summary = replace(course.summary, state=after.state)
        last = event if summary == course.summary else replace(event, summary=summary)
        return (*first, last), {course_id: course.last_sequence}

    def _course_in(self, case_folder: Path) -> str | None:
        """The course that was made from this case folder; the last changed one of several."""
        folder = case_folder.resolve()
        wanted = folder.parent if folder.is_file() else folder
        for course in self.storage.courses():
            first = next(iter(self.storage.events(course_id=course.course_id, limit=1)), None)
            if first is not None and first.event.kind == "course-created" and first.event.data["folder"] == str(wanted):
                return course.course_id
        return None

    def _signed_as(self, file_sha256: Digest) -> Event | None:
        """The event that keeps this very signed file."""
        if not self.storage.has(file_sha256):
            return None
        for stored in self.storage.events(newest_first=True):
            if stored.event.kind == "plan-signed" and stored.event.data.get("file_sha256") == file_sha256:
                return stored.event
        return None


@contextlib.contextmanager
def plan_store(who: str) -> Iterator[PlanStore | None]:
    """The store of the data folder, opened for writing; None where there is none: a plan never begins one.

    Raises
    ------
    StoreError
        If there is one that can't be opened: a plan is not signed past its record.
    """
    configuration = read_site_configuration()
    folder = located_data_folder(configuration=configuration)
    if not has_store(folder.path):
        yield None
        return
    with opened_store(folder, configuration, who=who) as storage:
        yield PlanStore(storage)
