"""Voxel S values as an engine of a cycle: computed, taken over from before, or still to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dosimetry_core.case import Case, Cycle, Engine
from dosimetry_core.dose.engine import VOXEL_S_VALUES, DoseRegion, EngineDose
from dosimetry_core.errors import DosimetryError, Finding, MissingDataError
from dosimetry_core.pipeline.engines import wants_voxels
from dosimetry_core.pipeline.voxel_activity import same_objects
from dosimetry_core.pipeline.voxel_doses import (
    CycleVoxelDoses,
    VoiVoxelDose,
    cycle_voxel_doses,
    voxel_inputs,
)
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification import CycleMeasurement

VoxelDoses = Literal["computed", "held"]
"""``held``, while something is edited: voxel doses of before stand where they still hold, and are pending elsewhere."""


@dataclass(frozen=True, eq=False)
class VoxelEngine:
    """Voxel doses of one cycle.

    Parameters
    ----------
    latest
        As computed last; None if they never were.
    wanted
        Whether any VOI asks for them.
    pending
        Whether they are asked for and ``latest`` is not that of what is shown now.
    failure
        Why there are none.
    """

    latest: CycleVoxelDoses | None
    wanted: bool = True
    pending: bool = False
    failure: DosimetryError | None = None
    name: Engine = VOXEL_S_VALUES

    @property
    def doses(self) -> CycleVoxelDoses | None:
        """Voxel doses that hold now."""
        return self.latest if self.wanted and not self.pending and self.failure is None else None

    @property
    def map_findings(self) -> tuple[Finding, ...]:
        """Remarks on the maps as a whole."""
        return () if self.doses is None else self.doses.findings

    def voi(self, name: str) -> VoiVoxelDose | None:
        """Voxel dose of a VOI; None where there is none."""
        return None if self.doses is None else self.doses.vois.get(name)

    def dose(self, region: str, nuclide_name: str) -> EngineDose:
        """Dose of a VOI by its voxels."""
        if self.failure is not None:
            raise self.failure
        found = self.voi(region)
        if found is None or nuclide_name not in found.doses:
            raise MissingDataError(
                "the VOI has no place of its own in the voxel map",
                where=region,
                remedy="draw it inside the image, or choose another engine",
            )
        return found.doses[nuclide_name]


def voxel_engine(
    case: Case,
    cycle: Cycle,
    measurement: CycleMeasurement,
    regions: Mapping[str, DoseRegion],
    whole_body_bq_s: Mapping[str, float],
    *,
    voxel_doses: VoxelDoses = "computed",
    previous: CycleVoxelDoses | None = None,
    progress: Progress = no_progress,
) -> VoxelEngine:
    """Voxel doses if any VOI with a curve asks for them.

    Parameters
    ----------
    previous
        Computed before for this cycle.
    """
    if not any(
        wants_voxels(case, measurement.vois[name].voi)
        for name, region in regions.items()
        if region.time_integrated_activity_bq_s
    ):
        return VoxelEngine(previous, wanted=False)
    if voxel_doses == "held":
        inputs = voxel_inputs(case, cycle, measurement, regions, whole_body_bq_s)
        return VoxelEngine(previous, pending=previous is None or not same_objects(previous.made_from, inputs))
    try:
        found = cycle_voxel_doses(
            case, cycle, measurement, regions, whole_body_bq_s, previous=previous, progress=progress
        )
    except DosimetryError as error:
        return VoxelEngine(previous, failure=error)
    return VoxelEngine(found)
