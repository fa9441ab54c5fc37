"""Activity in each VOI at each time point of a cycle, with its uncertainty and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence

from dosimetry_core.calibration import calibration_used
from dosimetry_core.case import Cycle
from dosimetry_core.errors import (
    DosimetryError,
    Finding,
    InconsistentCaseError,
    InputProblems,
    MissingDataError,
    raise_problems,
)
from dosimetry_core.exclusive_vois import exclusive_masks
from dosimetry_core.nuclide import LU177, Y90, nuclide
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification.field_of_view_causes import ScanFacts
from dosimetry_core.quantification.findings import (
    calibration_findings,
    field_of_view_findings,
    proposal_findings,
    side_findings,
)
from dosimetry_core.quantification.measurement import CycleMeasurement, Positions, TimePointMeasurement
from dosimetry_core.quantification.redrawn import review_findings
from dosimetry_core.quantification.scan import measured_scan
from dosimetry_core.quantification.voi_activity import measured_vois

_WHERE_BY_HAND = "that is step 3, or [[cycle.registration]] in the case file"


def measure_cycle(
    cycle: Cycle,
    *,
    previous: CycleMeasurement | None = None,
    positions: Positions = "computed",
    progress: Progress = no_progress,
) -> CycleMeasurement:
    """Activity in every VOI at every time point.

    Parameters
    ----------
    cycle
        With registered time points, VOIs on the reference grid and a calibration.
    previous
        An earlier measurement of this cycle: what rests on the same objects (images, transforms, masks) is taken over,
        so that an edit of one VOI costs a few milliseconds per scan. The numbers are those of a new measurement.
    positions
        Whether kidneys whose VOIs changed since ``previous`` are looked for now, or pending; a finding says so.

    Raises
    ------
    MissingDataError
        If the calibration lacks something that the images or the chosen partial-volume correction need.
    InconsistentCaseError
        If a scan's nuclide was not given before it in this cycle, or the transfer matrix can't be solved.
    """
    place = f"cycle {cycle.number}"
    _check(cycle, place)
    exclusive = exclusive_masks(cycle.vois, previous=previous.exclusive if previous else None, place=place)
    scans: list[TimePointMeasurement] = []
    problems: list[DosimetryError] = []
    for number, time_point in enumerate(cycle.time_points):
        progress(number / max(1, len(cycle.time_points)), f"Measuring {place}, time point {number + 1}")
        old = previous.time_points[number] if previous is not None and number < len(previous.time_points) else None
        try:
            scans.append(
                measured_scan(
                    cycle,
                    time_point,
                    exclusive,
                    old,
                    previous,
                    f"{place}, time point {number + 1}",
                    positions=positions,
                )
            )
        except DosimetryError as error:
            problems.append(error)
    raise_problems(_said_once(problems, place))
    vois = measured_vois(cycle, exclusive, scans, place, progress=progress)
    progress(1.0, f"Measured {place}")
    physical = nuclide(scans[0].nuclide).decay_constant_per_s if scans else None
    findings = [*exclusive.findings, *(finding for scan in scans for finding in scan.findings)]
    if physical is not None:
        times = [scan.time_after_own_administration_s for scan in scans]
        activities = [scan.field_of_view_activity_bq for scan in scans]
        fractions = [scan.field_of_view_fraction for scan in scans]
        findings += field_of_view_findings(
            times,
            activities,
            fractions,
            physical,
            place,
            facts=[scan_facts(scan) for scan in scans],
            durations_s=[scan.time_point.spect.counting_duration_s for scan in scans],
        )
    findings += _pending_findings(cycle, scans, place)
    findings += side_findings(cycle.vois, place)
    findings += proposal_findings(cycle.vois, place)
    findings += review_findings(cycle, place)
    days = [(scan.acquisition_start.date(), scan.time_point.spect.volume.quantity) for scan in scans]
    findings += calibration_findings(calibration_used(cycle), days, place)
    findings += [finding for voi in vois.values() for finding in voi.findings]
    return CycleMeasurement(cycle, tuple(scans), vois, exclusive, tuple(findings))


def _pending_findings(cycle: Cycle, scans: Sequence[TimePointMeasurement], place: str) -> list[Finding]:
    """What keeps results from being signed until kidneys were looked for again."""
    pending = {key for scan in scans for key in scan.positions_pending}
    return [
        Finding(
            "kidney-position-pending",
            "error",
            f"Where the uptake of {voi.name} lies against its VOI is still being looked for after an edit.",
            f"{place}, {voi.name}",
        )
        for voi in cycle.vois
        if voi.voi_id in pending
    ]


def scan_facts(scan: TimePointMeasurement) -> ScanFacts:
    """What is known of a scan that an error of its activity could come from."""
    spect, time_s = scan.time_point.spect, scan.time_after_own_administration_s
    others = tuple((name, nuclide(name).decay_factor(time_s)) for name in (LU177, Y90) if name != scan.nuclide)
    return ScanFacts(
        time_s,
        nuclide(scan.nuclide).decay_factor(time_s),
        spect.number_of_heads,
        spect.frames_per_head,
        spect.volume.quantity in ("counts", "counts_per_s"),
        others,
    )


def _said_once(problems: list[DosimetryError], place: str) -> list[DosimetryError]:
    """Problems of the scans, one line for what is the same at several time points."""
    alike: dict[tuple[str, str], list[DosimetryError]] = {}
    for problem in problems:
        for part in problem.problems if isinstance(problem, InputProblems) else (problem,):
            alike.setdefault((part.what, part.remedy), []).append(part)
    said = []
    for (what, remedy), (first, *others) in alike.items():
        numbers = ", ".join(part.where.removeprefix(f"{place}, time point ") for part in (first, *others))
        said.append(first if not others else type(first)(what, where=f"{place}, time points {numbers}", remedy=remedy))
    return said


def _check(cycle: Cycle, place: str) -> None:
    if not cycle.time_points:
        raise MissingDataError("there is no SPECT", where=place, remedy="add the images of this cycle")
    problems: list[DosimetryError] = []
    calibration = cycle.calibration
    if calibration.partial_volume is None:
        problems.append(
            MissingDataError(
                "the partial-volume correction is not chosen",
                where=f"{place}, calibration.partial_volume",
                remedy="say geometric-transfer-matrix, recovery-curve or none",
            )
        )
    elif calibration.partial_volume == "geometric-transfer-matrix" and calibration.point_spread_fwhm_mm is None:
        problems.append(
            MissingDataError(
                "the geometric transfer matrix needs the resolution of the reconstruction",
                where=f"{place}, calibration.point_spread_fwhm_mm",
                remedy="enter its full width at half maximum in mm",
            )
        )
    elif calibration.partial_volume == "recovery-curve" and calibration.recovery is None:
        problems.append(
            MissingDataError(
                "the recovery curve is not given",
                where=f"{place}, calibration.recovery",
                remedy="enter its model, b and gamma",
            )
        )
    nuclides = {time_point.spect.nuclide for time_point in cycle.time_points}
    if len(nuclides) > 1:
        names = ", ".join(sorted(str(name) for name in nuclides))
        problems.append(
            InconsistentCaseError(
                f"the scans are of different nuclides ({names})", where=place, remedy="leave out the wrong images"
            )
        )
    for name in nuclides:
        if len(nuclides) == 1 and (name is None or cycle.administration(name) is None):
            problems.append(
                InconsistentCaseError(
                    f"the scans are of {name or 'an unknown nuclide'}, which was not given in this cycle",
                    where=place,
                    remedy="enter its administration or correct the nuclide",
                )
            )
    for number, time_point in enumerate(cycle.time_points, start=1):
        if time_point.registration.method == "none":
            tried = next((finding for finding in time_point.registration.findings if finding.level == "error"), None)
            problems.append(
                MissingDataError(
                    "the scan is not aligned to the reference" if tried is None else tried.text.rstrip("."),
                    where=f"{place}, time point {number}",
                    remedy="align the time points first" if tried is None else _WHERE_BY_HAND,
                )
            )
    raise_problems(problems)
