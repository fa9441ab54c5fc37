"""What follows from a course's events: its case, undo stack, confirmations, reasons, choices and signed plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, cast

from app.store.events import CourseState, CourseSummary, Digest, Event
from dosimetry_core.planning.plan_states import PlanStanding, PlanState

PlanAct = Literal["signed", "approved"]


@dataclass(frozen=True)
class HistoryStep:
    """One undoable step: what the user did and the case after it."""

    label: str
    after: Digest
    why: str = ""
    is_final: bool = False
    """It can't be undone, only corrected by another step: what a patient was given."""


@dataclass(frozen=True)
class KeptConfirmation:
    """A step that was confirmed, when, by whom, and the case it was about."""

    time: datetime
    who: str
    case: Digest


@dataclass(frozen=True)
class KeptCheck:
    """A plan that somebody checked before it is signed: when, by whom, and what it was about."""

    time: datetime
    who: str
    case: Digest
    activities_bq: dict[str, float]
    reasons: dict[tuple[str, str], str]
    chosen_bq: dict[str, float] | None
    ends_treatment: bool


@dataclass(frozen=True)
class KeptPlan:
    """A signed or approved plan: the digest of its file (kept as an object), and the inputs it is about.

    Parameters
    ----------
    case
        Empty for a plan that was made elsewhere and only approved here.
    reasons, chosen_bq
        Typed reasons and chosen activities of the course when it was kept; ``chosen_bq`` None for the proposal.
    superseded, revoked, returned, administered
        What became of it.
    end_said
        Of a plan that was returned or revoked: by whom and why.
    ends_treatment
        It decides that no cycle follows.
    """

    act: PlanAct
    file_sha256: Digest
    path: str
    cycle: int | None
    case: Digest
    activities_bq: dict[str, float]
    time: datetime
    signer: str = ""
    superseded: bool = False
    revoked: bool = False
    returned: bool = False
    administered: bool = False
    end_said: str = ""
    ends_treatment: bool = False
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    chosen_bq: dict[str, float] | None = None
    signed_sha256: Digest = ""
    """Of an approved plan: the signed file that was approved."""

    @property
    def is_in_force(self) -> bool:
        """Whether it is neither superseded, nor returned or revoked, nor given."""
        return self.ended is None

    @property
    def ended(self) -> PlanState | None:
        """What became of it; None while it is in force."""
        if self.administered:
            return "administered"
        if self.returned:
            return "returned"
        return "revoked" if self.revoked else "superseded" if self.superseded else None


@dataclass(frozen=True)
class CourseHistory:
    """State of a course after its events.

    Parameters
    ----------
    base
        The case before the first undoable step.
    steps, position
        The undo stack: the first ``position`` steps are in force.
    folder
        Where the course was read from.
    """

    base: Digest | None = None
    steps: tuple[HistoryStep, ...] = ()
    position: int = 0
    folder: str = ""
    confirmations: dict[str, KeptConfirmation] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    activities_bq: dict[str, float] | None = None
    ends_treatment: bool = False
    check: KeptCheck | None = None
    reviewed_masks: frozenset[Digest] = frozenset()
    plans: tuple[KeptPlan, ...] = ()
    summary: CourseSummary | None = None
    last_change: datetime | None = None

    @property
    def case(self) -> Digest | None:
        """The case in force."""
        return self.steps[self.position - 1].after if self.position else self.base

    @property
    def state(self) -> CourseState:
        """State of the newest plan of the course: checked if that is the one to be signed next, draft without one."""
        own = [plan for plan in self.plans if plan.case and not plan.superseded]
        state = self.standing(own[-1]).state if own else "draft"
        if state not in ("signed", "approved") and self.checked is not None:
            return "checked"
        return cast(CourseState, state)

    @property
    def checked(self) -> KeptCheck | None:
        """The check of the plan as it is now; None if nobody checked it, or anything was changed or signed since."""
        return self.check_of(self.reasons, self.activities_bq, ends_treatment=self.ends_treatment)

    def check_of(
        self,
        reasons: Mapping[tuple[str, str], str],
        chosen_bq: Mapping[str, float] | None,
        *,
        ends_treatment: bool,
    ) -> KeptCheck | None:
        """The check of the case in force with these reasons and this decision, which may not be kept yet."""
        check = self.check
        if check is None or any(plan.time >= check.time for plan in self.plans if plan.act == "signed"):
            return None
        same = (self.case, reasons, chosen_bq, ends_treatment)
        return check if same == (check.case, check.reasons, check.chosen_bq, check.ends_treatment) else None

    def standing(self, plan: KeptPlan) -> PlanStanding:
        """Where a plan stands: what became of it, or whether it is about the inputs in force.

        A signed file that was approved stands where the approved one does: it is approved once.
        """
        later = next((p for p in reversed(self.plans) if p.signed_sha256 and p.signed_sha256 == plan.file_sha256), None)
        if later is not None:
            return self.standing(later)
        if plan.ended is not None:
            return PlanStanding(plan.ended)
        return PlanStanding(plan.act) if self.is_about(plan) else PlanStanding("stale", plan.act)

    def is_about(self, plan: KeptPlan) -> bool:
        """Whether case, chosen activities and reasons in force are those of the plan; one from elsewhere counts."""
        if not plan.case:
            return True
        same_choice = self.ends_treatment == plan.ends_treatment and (
            self.activities_bq == plan.chosen_bq or self.activities_bq == plan.activities_bq
        )
        return plan.case == self.case and plan.reasons == self.reasons and same_choice

    def plan_of_file(self, file_sha256: Digest) -> KeptPlan | None:
        """The plan that is this very file; None if the course keeps none such."""
        return next((plan for plan in reversed(self.plans) if plan.file_sha256 == file_sha256), None)

    def cases(self) -> tuple[Digest, ...]:
        """Every case of the stack, the base first."""
        return (() if self.base is None else (self.base,)) + tuple(step.after for step in self.steps)

    def shortened(self, steps: int) -> CourseHistory:
        """With at most this many of the steps in force; what is left out becomes the base, undone steps stay."""
        surplus = self.position - steps
        if surplus <= 0:
            return self
        base = self.steps[surplus - 1].after
        return replace(self, base=base, steps=self.steps[surplus:], position=self.position - surplus)


def replayed(events: Iterable[Event], history: CourseHistory | None = None) -> CourseHistory:
    """The history after these events of one course, in order, going on from an earlier state."""
    current = history or CourseHistory()
    for event in events:
        current = after_event(current, event)
    return current


def after_event(history: CourseHistory, event: Event) -> CourseHistory:
    """The history after one more event. Raises ValueError for an event that can't follow."""
    changed = _changed(history, event)
    if event.summary is not None:
        changed = replace(changed, summary=event.summary)
    if event.kind not in ("course-opened", "course-exported"):
        changed = replace(changed, last_change=event.time)
    return changed


def _changed(history: CourseHistory, event: Event) -> CourseHistory:
    data = event.data
    match event.kind:
        case "course-created":
            return replace(history, base=_case(event), steps=(), position=0, folder=data["folder"])
        case "images-read":
            return replace(history, base=_case(event), steps=(), position=0)
        case "edited":
            place = int(data["position"])
            if not 1 <= place <= len(history.steps) + 1:
                raise ValueError(f"step {place} can't follow {len(history.steps)} steps")
            step = HistoryStep(event.what, _case(event), event.why, bool(data.get("final", False)))
            return replace(history, steps=(*history.steps[: place - 1], step), position=place)
        case "moved":
            place = int(data["position"])
            if not 0 <= place <= len(history.steps):
                raise ValueError(f"the history has {len(history.steps)} steps, not {place}")
            return replace(history, position=place)
        case "step-confirmed":
            kept = KeptConfirmation(event.time, event.who, _case(event))
            return replace(history, confirmations={**history.confirmations, data["step"]: kept})
        case "reason-given":
            reasons = dict(history.reasons)
            if data["reason"]:
                reasons[data["code"], data["place"]] = data["reason"]
            else:
                reasons.pop((data["code"], data["place"]), None)
            return replace(history, reasons=reasons)
        case "activities-chosen":
            ends = bool(data.get("ends_treatment", False))
            return replace(history, activities_bq=data["activities_bq"], ends_treatment=ends)
        case "voi-reviewed":
            return replace(history, reviewed_masks=history.reviewed_masks | {data["mask"]})
        case "plan-checked":
            about = (_case(event), dict(data["activities_bq"]), dict(history.reasons), history.activities_bq)
            case, activities, reasons, chosen = about
            ends = history.ends_treatment
            return replace(history, check=KeptCheck(event.time, event.who, case, activities, reasons, chosen, ends))
        case "plan-signed" | "plan-approved":
            return replace(history, plans=(*history.plans, _plan(history, event, data)))
        case "plan-superseded":
            return _with_end(history, [data["file_sha256"]], superseded=True)
        case "plan-revoked":
            # A return was kept as one kind of revoking from the start; its act tells them apart.
            end = "returned" if data.get("act") == "return" else "revoked"
            said = f"{data.get('signer') or event.who}: {event.why}"
            return _with_end(history, data["files"], **{end: True}, end_said=said)
        case "plan-administered":
            return _with_end(history, data["files"], administered=True)
        case _:
            return history


def _case(event: Event) -> Digest:
    if event.case is None:
        raise ValueError(f"an event {event.kind} names no case")
    return event.case


def _with_end(history: CourseHistory, files: Sequence[Digest], **end: bool | str) -> CourseHistory:
    plans = tuple(replace(plan, **end) if plan.file_sha256 in files else plan for plan in history.plans)  # type: ignore[arg-type]  # names of flags
    return replace(history, plans=plans)


def _plan(history: CourseHistory, event: Event, data: Any) -> KeptPlan:
    # What was approved is what was signed, with the reasons and the choice of then.
    signed = history.plan_of_file(data.get("signed_sha256", ""))
    return KeptPlan(
        "signed" if event.kind == "plan-signed" else "approved",
        data["file_sha256"],
        data["path"],
        data["cycle"],
        "" if data.get("from_elsewhere") else _case(event),
        dict(data["activities_bq"]),
        event.time,
        data.get("signer", ""),
        reasons=dict(history.reasons) if signed is None else signed.reasons,
        chosen_bq=history.activities_bq if signed is None else signed.chosen_bq,
        ends_treatment=history.ends_treatment if signed is None else signed.ends_treatment,
        signed_sha256=data.get("signed_sha256", ""),
    )
