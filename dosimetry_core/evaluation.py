"""The whole chain evaluated for one case: what screens, report and results.json share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dosimetry_core.case import Case, Cycle
from dosimetry_core.dose.red_marrow import RedMarrowDose
from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.next_cycle import NextCyclePlan
from dosimetry_core.planning.protocol import Protocol
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.results import CourseOrgan, DoseValue, OrganResult, VoiResult
from dosimetry_core.safety.assessment import SafetyAssessment


@dataclass(frozen=True, eq=False)
class CycleResult:
    """One cycle: measurement, curves, doses, marrow, safety."""

    cycle: Cycle
    measurement: CycleMeasurement | None
    vois: FrozenMap[str, VoiResult]
    organs: FrozenMap[str, OrganResult]
    red_marrow: RedMarrowDose | None
    red_marrow_alternatives_gy: FrozenMap[str, float]
    """Rest-of-body convention → total marrow dose of the cycle."""
    safety: SafetyAssessment
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Disagreement:
    """A number that the second opinion does not confirm."""

    quantity: str
    value: float
    second_value: float

    @property
    def relative_difference(self) -> float:
        """(value − second value) / second value; infinite if the second is 0."""
        if self.second_value == 0:
            return 0.0 if self.value == 0 else math.inf
        return (self.value - self.second_value) / self.second_value


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The whole chain evaluated for one `Case`; current exactly while the document still holds that case."""

    case: Case
    protocol: Protocol
    cycles: tuple[CycleResult, ...]
    course_organs: FrozenMap[str, CourseOrgan]
    course_vois: FrozenMap[str, DoseValue]
    plan: NextCyclePlan
    disagreements: tuple[Disagreement, ...]
    findings: tuple[Finding, ...]
