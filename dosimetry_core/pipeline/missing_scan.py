"""What a scan is worth: the whole chain once more as if it had not been made, down to the next activity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dosimetry_core.case import Case, Cycle, ExcludedPoint, WholeBody
from dosimetry_core.dose.engine import VOXEL_S_VALUES
from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline.whole import evaluate
from dosimetry_core.progress import Progress, no_progress, part_of

REASON = "as if this scan had not been made"


@dataclass(frozen=True, eq=False)
class WithoutScan:
    """The course without one scan of one cycle.

    Parameters
    ----------
    time_point
        Of the scan left out, 1 = first.
    time_s
        After the administration of the imaged nuclide.
    evaluation
        Everything computed without it; None where nothing can be.
    problem
        Why; empty otherwise.
    """

    time_point: int
    time_s: float
    evaluation: Evaluation | None
    problem: str = ""

    def time_integrated_activity_bq_s(self, cycle: int, voi: str, nuclide: str) -> float | None:
        """Of a VOI in the cycle at this place of the course (Bq·s); None where it has no curve without the scan."""
        result = None if self.evaluation is None else self.evaluation.cycles[cycle].vois.get(voi)
        fit = None if result is None else result.fits.get(nuclide)
        return None if fit is None else fit.time_integrated_activity_bq_s

    def absorbed_dose_gy(self, cycle: int, voi: str) -> float | None:
        """Of a VOI by all nuclides; None where it has none without the scan."""
        result = None if self.evaluation is None else self.evaluation.cycles[cycle].vois.get(voi)
        return None if result is None or result.total is None else result.total.absorbed_dose_gy

    @property
    def next_activities_bq(self) -> FrozenMap[str, float]:
        """What would be proposed for the next cycle; empty where nothing can be planned."""
        plan = None if self.evaluation is None else self.evaluation.plan
        if plan is None or plan.refused or plan.next_cycle is None:
            return FrozenMap()
        return plan.activities_bq


def without_each_scan(
    evaluation: Evaluation, cycle: int, *, progress: Progress = no_progress
) -> tuple[WithoutScan, ...]:
    """The course without each scan of a cycle in turn.

    Parameters
    ----------
    evaluation
        Of the course as it is.
    cycle
        Place of the cycle in the course, 0 = first.

    Returns
    -------
    tuple of WithoutScan
        One for each scan; empty for a cycle without images.

    Notes
    -----
    A scan left out counts for no curve of its cycle: of no VOI, and not of the whole body, on which the marrow rests.
    Outlines, registrations, models, prior and protocol stay. Where voxel S values are in use they are computed anew;
    elsewhere doses by voxels are not, because nothing rests on them.
    """
    measurement = evaluation.cycles[cycle].measurement
    if measurement is None:
        return ()
    found = []
    count = len(measurement.time_points)
    for number in range(1, count + 1):
        time_s = measurement.time_points[number - 1].time_after_own_administration_s
        part = part_of(progress, (number - 1) / count, number / count)
        try:
            found.append(WithoutScan(number, time_s, without_scan(evaluation, cycle, number, progress=part)))
        except DosimetryError as error:
            found.append(WithoutScan(number, time_s, None, error.what))
    return tuple(found)


def without_scan(
    evaluation: Evaluation, cycle: int, time_point: int, *, progress: Progress = no_progress
) -> Evaluation:
    """Everything computed as if a scan (1 = first) of a cycle had not been made.

    Raises
    ------
    DosimetryError
        Where nothing can be computed without it.
    """
    case, result = evaluation.case, evaluation.cycles[cycle]
    exclude = (*case.settings.fit.exclude, *_exclusions(case, result, time_point))
    settings = replace(case.settings, fit=replace(case.settings.fit, exclude=exclude))
    thinned = _whole_body_without(result, time_point)
    cycles = (*case.cycles[:cycle], thinned, *case.cycles[cycle + 1 :])
    by_voxels = any(voi.engine == VOXEL_S_VALUES for voi in result.vois.values())
    return evaluate(
        replace(case, settings=settings, cycles=cycles),
        previous=evaluation,
        voxel_doses="computed" if by_voxels else "held",
        progress=progress,
    )


def _exclusions(case: Case, result: CycleResult, time_point: int) -> Iterator[ExcludedPoint]:
    number = result.cycle.number
    known = {
        item.voi for item in case.settings.fit.exclude if item.time_point == time_point and item.cycle in (None, number)
    }
    for name in result.vois:
        if name not in known:
            yield ExcludedPoint(name, time_point, REASON, number)


def _whole_body_without(result: CycleResult, time_point: int) -> Cycle:
    """The cycle with the whole-body activities of its other scans; one that was measured otherwise stays."""
    cycle, measurement = result.cycle, result.measurement
    if measurement is None or cycle.whole_body.method == "measured":
        return cycle
    kept = [scan for number, scan in enumerate(measurement.time_points, start=1) if number != time_point]
    body = WholeBody(
        "measured",
        tuple(scan.acquisition_start for scan in kept),
        tuple(scan.field_of_view_activity_bq for scan in kept),
    )
    return replace(cycle, whole_body=body)
