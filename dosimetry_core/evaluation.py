"""The whole chain evaluated for one case: what screens, report and results.json share."""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass, field

from dosimetry_core.case import Case, Cycle
from dosimetry_core.dose.red_marrow import RedMarrowAbsorbedDose
from dosimetry_core.errors import Finding, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.blood import BloodFit
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.planning.delivered import DeliveredCycle
from dosimetry_core.planning.next_cycle import NextCyclePlan
from dosimetry_core.planning.protocol import Protocol
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.results import CourseOrgan, DoseValue, OrganResult, VoiResult
from dosimetry_core.safety.assessment import SafetyAssessment


class VoxelState(typing.Protocol):
    """Voxel doses of a cycle, of which the pipeline knows more."""

    @property
    def pending(self) -> bool:
        """Whether they are asked for and still to be computed."""


@dataclass(frozen=True, eq=False)
class CycleResult:
    """One cycle: measurement, curves, doses, marrow, safety.

    Parameters
    ----------
    organs, own_organs
        With and without what was taken over from other cycles where this one measured nothing.
    red_marrow
        Itemised marrow dose by nuclide; empty without blood samples.
    red_marrow_alternatives_gy
        Rest-of-body convention → total marrow dose of the cycle.
    red_marrow_image_based_self_gy
        VOI of role red marrow → nuclide → self dose of the marrow by its image; stands beside that by blood.
    whole_body, blood
        Curves by nuclide that the marrow dose rests on.
    findings, own_findings
        All remarks, and those that rest on this cycle's own measurement alone.
    """

    cycle: Cycle
    measurement: CycleMeasurement | None
    vois: FrozenMap[str, VoiResult]
    organs: FrozenMap[str, OrganResult]
    own_organs: FrozenMap[str, OrganResult]
    red_marrow: FrozenMap[str, RedMarrowAbsorbedDose]
    red_marrow_alternatives_gy: FrozenMap[str, float]
    whole_body: FrozenMap[str, FitResult]
    blood: FrozenMap[str, BloodFit]
    safety: SafetyAssessment
    own_findings: tuple[Finding, ...]
    findings: tuple[Finding, ...] = ()
    red_marrow_image_based_self_gy: FrozenMap[str, FrozenMap[str, float]] = field(default_factory=FrozenMap)
    voxels: VoxelState | None = None
    """Voxel doses as `pipeline.voxel_engine` keeps them for the next evaluation."""

    @property
    def voxels_pending(self) -> bool:
        """Whether voxel doses are asked for and still to be computed."""
        return self.voxels is not None and self.voxels.pending

    @property
    def pending(self) -> bool:
        """Whether anything was left for after an edit: voxel doses, or where the kidneys' uptake lies."""
        return self.voxels_pending or (self.measurement is not None and self.measurement.positions_pending)


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
    delivered: tuple[DeliveredCycle, ...]
    course_organs: FrozenMap[str, CourseOrgan]
    course_vois: FrozenMap[str, DoseValue]
    plan: NextCyclePlan
    disagreements: tuple[Disagreement, ...]
    findings: tuple[Finding, ...]
    second_values: FrozenMap[str, float] = field(default_factory=FrozenMap)
    """What the second opinion has for a number, by that number's path in results.json; empty until it was heard."""


def require_complete(evaluation: Evaluation, *, where: str) -> None:
    """Refuse results of which something is pending after an edit; ``where`` names what was to be made of them.

    Raises
    ------
    MissingDataError
        If anything of any cycle is.
    """
    if any(result.pending for result in evaluation.cycles):
        raise MissingDataError(
            "what an edit left to be computed is still pending",
            where=where,
            remedy="wait until the results are complete",
        )
