"""What became of the patient, as it is recorded: entry criteria, tumour sizes, adverse events, receptor scans, the end.

No absorbed dose and no plan depends on any of it; laboratory values and performance status, on which stop rules rest,
stand with the cycles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from dosimetry_core.frozen import FrozenMap

LesionKind = Literal["target", "target-node", "non-target"]
NonTargetResponse = Literal["none", "complete-response", "non-cr-non-pd", "progression", "not-evaluated"]
Relation = Literal["unrelated", "unlikely", "possible", "probable", "definite"]
EventOutcome = Literal["recovered", "recovering", "recovered-with-sequelae", "not-recovered", "fatal", "unknown"]
EndReason = Literal["completed", "dose-limit", "toxicity", "progression", "patient-decision", "death", "other"]


@dataclass(frozen=True)
class EntryFacts:
    """What entry rules ask beside laboratory and performance; what is not stated can't decide a rule.

    ``answers``: yes or no by the quantity's name in the rules; ``values``: numbers by their names, such as
    ``ki67_percent``.
    """

    stated_on: date | None = None
    answers: FrozenMap[str, bool] = field(default_factory=FrozenMap)
    values: FrozenMap[str, float] = field(default_factory=FrozenMap)


@dataclass(frozen=True)
class TumourLesion:
    """A lesion followed by RECIST 1.1; ``target-node`` is a lymph node measured by its short axis."""

    name: str
    organ: str
    kind: LesionKind


@dataclass(frozen=True)
class ResponseAssessment:
    """One assessment of the tumours.

    ``sizes_mm``: target lesion → longest diameter, of a node the short axis; 0 if it is gone. A target without a size
    was not evaluated. ``krenning``: lesion → score 0 to 4, where receptor imaging was read.
    """

    date: date
    sizes_mm: FrozenMap[str, float] = field(default_factory=FrozenMap)
    non_targets: NonTargetResponse = "none"
    new_lesions: bool = False
    krenning: FrozenMap[str, int] = field(default_factory=FrozenMap)
    note: str = ""


@dataclass(frozen=True)
class AdverseEvent:
    """An adverse event by CTCAE 5.0, as the physician grades it."""

    term: str
    grade: int
    relation: Relation
    onset: date
    resolved: date | None = None
    outcome: EventOutcome = "unknown"
    is_serious: bool = False
    note: str = ""


@dataclass(frozen=True)
class TreatmentEnd:
    """When and why treatment ended."""

    date: date
    reason: EndReason
    note: str = ""


@dataclass(frozen=True)
class ReceptorLesionValue:
    """A lesion on a receptor scan; ``fdg_suv_max`` where FDG was given, 0 if it takes up none."""

    name: str
    suv_max: float
    suv_mean: float
    suv_peak: float | None
    volume_ml: float
    fdg_suv_max: float | None = None


@dataclass(frozen=True)
class ReceptorScan:
    """Numbers of one receptor scan, with the rule that its lesions were segmented by.

    ``reference_suv_mean``: ``blood``, ``liver``, ``spleen`` → mean SUV; ``series_sha256`` names the images, empty for
    values from a written report.
    """

    date: date
    tracer: str
    segmentation: str
    lesions: tuple[ReceptorLesionValue, ...]
    reference_suv_mean: FrozenMap[str, float] = field(default_factory=FrozenMap)
    series_sha256: str = ""
    note: str = ""


@dataclass(frozen=True)
class FollowUp:
    """Everything recorded of one course.

    ``died_on``: day of death of whatever cause, also long after treatment; ``alive_on``: the last day on which the
    patient was known to be alive.
    """

    entry: EntryFacts = field(default_factory=EntryFacts)
    lesions: tuple[TumourLesion, ...] = ()
    responses: tuple[ResponseAssessment, ...] = ()
    adverse_events: tuple[AdverseEvent, ...] = ()
    receptor_scans: tuple[ReceptorScan, ...] = ()
    end: TreatmentEnd | None = None
    alive_on: date | None = None
    died_on: date | None = None


def death_contradictions(recorded: FollowUp) -> tuple[str, ...]:
    """What else is recorded that can't be if the patient died on the day stated; empty where no death is stated."""
    died, end = recorded.died_on, recorded.end
    if died is None:
        return ()
    found = []
    if recorded.alive_on is not None and recorded.alive_on > died:
        found.append(f"the patient was known to be alive on {recorded.alive_on.isoformat()}, after the death")
    if end is not None and end.reason == "death" and end.date != died:
        found.append(f"treatment ended by death on another day, {end.date.isoformat()}")
    days = {
        "an assessment of the tumours": [one.date for one in recorded.responses],
        "a receptor scan": [one.date for one in recorded.receptor_scans],
        "an adverse event": [one.onset for one in recorded.adverse_events],
    }
    found += [
        f"{what} is of {max(of).isoformat()}, after the death"
        for what, of in days.items()
        if max(of, default=died) > died
    ]
    return tuple(found)
