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
    """Everything recorded of one course."""

    entry: EntryFacts = field(default_factory=EntryFacts)
    lesions: tuple[TumourLesion, ...] = ()
    responses: tuple[ResponseAssessment, ...] = ()
    adverse_events: tuple[AdverseEvent, ...] = ()
    receptor_scans: tuple[ReceptorScan, ...] = ()
    end: TreatmentEnd | None = None
