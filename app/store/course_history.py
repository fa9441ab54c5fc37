"""What follows from a course's events: its case, undo stack, confirmations, reasons, choices and signed plans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from app.store.events import CourseState, CourseSummary, Digest, Event

PlanAct = Literal["signed", "approved"]


@dataclass(frozen=True)
class HistoryStep:
    """One undoable step: what the user did and the case after it."""

    label: str
    after: Digest
    why: str = ""


@dataclass(frozen=True)
class KeptConfirmation:
    """A step that was confirmed, when, by whom, and the case it was about."""

    time: datetime
    who: str
    case: Digest


@dataclass(frozen=True)
class KeptPlan:
    """A signed or approved plan: the digest of its file (kept as an object), and the case it is about.

    ``case`` is empty for a plan that was made elsewhere and only approved here.
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
        """State of the newest plan that is about the case in force; else draft."""
        current = [plan for plan in self.plans if plan.case == self.case and not plan.superseded]
        return current[-1].act if current else "draft"

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
            step = HistoryStep(event.what, _case(event), event.why)
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
            return replace(history, activities_bq=data["activities_bq"])
        case "voi-reviewed":
            return replace(history, reviewed_masks=history.reviewed_masks | {data["mask"]})
        case "plan-signed" | "plan-approved":
            return replace(history, plans=(*history.plans, _plan(event, data)))
        case "plan-superseded":
            plans = tuple(
                replace(plan, superseded=True) if plan.file_sha256 == data["file_sha256"] else plan
                for plan in history.plans
            )
            return replace(history, plans=plans)
        case _:
            return history


def _case(event: Event) -> Digest:
    if event.case is None:
        raise ValueError(f"an event {event.kind} names no case")
    return event.case


def _plan(event: Event, data: Any) -> KeptPlan:
    return KeptPlan(
        "signed" if event.kind == "plan-signed" else "approved",
        data["file_sha256"],
        data["path"],
        data["cycle"],
        "" if data.get("from_elsewhere") else _case(event),
        dict(data["activities_bq"]),
        event.time,
        data.get("signer", ""),
    )
