"""One course as a cohort sees it: activities, doses, blood counts, response, survival; no name, no date of birth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from dosimetry_core.follow_up import EndReason
from dosimetry_core.frozen import FrozenMap

Response = Literal["CR", "PR", "SD", "non-CR/non-PD", "PD", "NE"]
END_REASONS: tuple[EndReason, ...] = get_args(EndReason)
RESPONSES: tuple[Response, ...] = ("CR", "PR", "SD", "non-CR/non-PD", "PD", "NE")


@dataclass(frozen=True)
class CycleRecord:
    """One cycle that was given.

    Parameters
    ----------
    activity_bq
        Administered, by nuclide.
    absorbed_dose_gy
        Organ (``kidneys``, ``red_marrow``) → nuclide → Gy; only what is known.
    """

    number: int
    activity_bq: FrozenMap[str, float]
    absorbed_dose_gy: FrozenMap[str, FrozenMap[str, float]] = field(default_factory=FrozenMap)

    def dose_gy(self, organ: str, nuclide: str | None = None) -> float | None:
        """Absorbed dose by one nuclide, 0 of one that was not given, or by all; None if not known."""
        doses = self.absorbed_dose_gy.get(organ)
        if doses is None:
            return None
        return sum(doses.values()) if nuclide is None else doses.get(nuclide, 0.0)


@dataclass(frozen=True)
class LaboratoryCourse:
    """A laboratory value before the first cycle, its worst value since, and its worst CTCAE grade.

    ``worst`` is the lowest of values whose fall is graded, the highest of the others; ``grade`` is None where it
    can't be told.
    """

    baseline: float | None
    worst: float | None
    grade: int | None = None

    @property
    def relative_change(self) -> float | None:
        """(worst − baseline)/baseline; None where either is missing or the baseline is 0."""
        if self.baseline is None or self.worst is None or self.baseline == 0:
            return None
        return (self.worst - self.baseline) / self.baseline


@dataclass(frozen=True)
class FollowedTime:
    """Days from the first cycle to an event, or to the last contact without it."""

    days: float
    event: bool

    def __post_init__(self) -> None:
        if not self.days >= 0:
            raise ValueError("a followed time can't be negative")


@dataclass(frozen=True)
class CourseRecord:
    """One course.

    Parameters
    ----------
    key
        Tells courses apart without identifying anybody.
    protocol
        Name of the protocol, or the arm.
    standard_activity_bq, free_nuclide
        Of the protocol: what the cycles' activities are compared with; empty, None where there is no such nuclide.
    laboratory
        By the names of the case file.
    adverse_events
        Term → worst grade; empty where there were none, None where it is not known whether there were.
    response, confirmed_response
        Best overall response as it was seen, and as a later assessment confirmed it.
    best_change, sum_changes
        Of the sum of diameters against the baseline, as shares: the best one up to progression, and each with the days
        since the baseline.
    """

    key: str
    protocol: str
    cycles: tuple[CycleRecord, ...] = ()
    sex: Literal["F", "M"] | None = None
    age_years: float | None = None
    free_nuclide: str | None = None
    standard_activity_bq: FrozenMap[str, float] = field(default_factory=FrozenMap)
    laboratory: FrozenMap[str, LaboratoryCourse] = field(default_factory=FrozenMap)
    adverse_events: FrozenMap[str, int] | None = None
    response: Response | None = None
    confirmed_response: Response | None = None
    best_change: float | None = None
    sum_changes: tuple[tuple[float, float], ...] = ()
    ecog_before: int | None = None
    ecog_after: int | None = None
    karnofsky_before: int | None = None
    karnofsky_after: int | None = None
    stated_cycles: int | None = None
    stated_activity_bq: FrozenMap[str, float] = field(default_factory=FrozenMap)
    """Number of cycles and cumulative activities of a course whose single cycles are not known."""
    end_reason: EndReason | None = None
    survival: FollowedTime | None = None
    progression: FollowedTime | None = None

    def activity_bq(self, nuclide: str) -> float | None:
        """Cumulative administered activity of a nuclide; None where it is not known."""
        if not self.cycles:
            return self.stated_activity_bq.get(nuclide)
        return sum(cycle.activity_bq.get(nuclide, 0.0) for cycle in self.cycles)

    @property
    def cycle_count(self) -> int | None:
        """Number of cycles given; None if not known."""
        return len(self.cycles) or self.stated_cycles

    def absorbed_dose_gy(self, organ: str, nuclide: str | None = None) -> float | None:
        """Cumulative absorbed dose of an organ, of one nuclide or of all; None where a cycle's is not known."""
        doses = [cycle.absorbed_dose_gy.get(organ) for cycle in self.cycles]
        known = [dose for dose in doses if dose is not None]
        if not known or len(known) != len(doses):
            return None
        if nuclide is None:
            return sum(sum(dose.values()) for dose in known)
        return sum(dose.get(nuclide, 0.0) for dose in known)
