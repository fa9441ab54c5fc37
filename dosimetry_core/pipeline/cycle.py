"""Evaluates one cycle: measurement, curves, doses, marrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from dosimetry_core.calibration import calibration_used
from dosimetry_core.case import Case, Cycle
from dosimetry_core.dose.engine import role_group
from dosimetry_core.errors import Finding
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.nuclide import nuclide
from dosimetry_core.pipeline.course import administered_activity_bq, entered_organs
from dosimetry_core.pipeline.curves import EarlierFit, VoiCurves, known_fits, voi_curves
from dosimetry_core.pipeline.doses import (
    dose_findings,
    lesion_activity_bq_s,
    organ_results,
    source_activities,
    voi_errors,
    voi_results,
)
from dosimetry_core.pipeline.marrow import CycleMarrow, cycle_marrow, image_based_self_doses_gy
from dosimetry_core.pipeline.voxel_engine import VoxelDoses, VoxelEngine
from dosimetry_core.planning.plausibility import (
    change_findings,
    dose_per_activity_findings,
    effective_half_life_findings,
    kidney_sides_findings,
)
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification import CycleMeasurement, factor_two_findings, measure_cycle
from dosimetry_core.quantification.measurement import Positions
from dosimetry_core.results import DoseValue, OrganResult, VoiResult
from dosimetry_core.safety.assessment import SafetyAssessment
from dosimetry_core.units import COUNTS_PER_S_PER_MBQ

USUAL_SENSITIVITY_CPS_PER_MBQ: Final = (1.0, 50.0)
"""Published values lie between 5 and 25 counts/s/MBq for all heads (methods 1.1); half of it per head."""


def evaluate_cycle(
    case: Case,
    cycle: Cycle,
    *,
    earlier: Sequence[CycleResult],
    safety: SafetyAssessment,
    previous: CycleResult | None = None,
    previous_case: Case | None = None,
    voxel_doses: VoxelDoses = "computed",
    positions: Positions = "computed",
    progress: Progress = no_progress,
) -> CycleResult:
    """Result of one cycle, without what is taken over from other cycles.

    Parameters
    ----------
    earlier
        Results of the cycles before it, with which it is compared.
    previous, previous_case
        An earlier evaluation of this cycle, and its case: while cycle, patient and settings are the very same objects
        its own results are kept; else its measurement serves to measure only what changed.
    voxel_doses
        Whether doses by voxel S values are computed now, or those of before are held where they still apply and are
        pending elsewhere.
    positions
        The same of the positions of the kidneys' uptake.
    """
    kept = (
        previous is not None
        and previous_case is not None
        and previous.cycle is cycle
        and previous_case.patient is case.patient
        and previous_case.settings is case.settings
        and not (earlier and case.settings.fit.uses_earlier_cycles)
        and not (previous.voxels_pending and voxel_doses == "computed")
        and not (_positions_pending(previous.measurement) and positions == "computed")
    )
    own = (
        previous
        if kept and previous is not None
        else _own(case, cycle, safety, earlier, previous, previous_case, voxel_doses, positions, progress)
    )
    findings = (*own.own_findings, *_compared(own, earlier), *safety.findings)
    return replace(own, organs=own.own_organs, safety=safety, findings=findings)


def _compared(own: CycleResult, earlier: Sequence[CycleResult]) -> list[Finding]:
    """Remarks on what changed too much since the last cycle that was measured."""
    place = f"cycle {own.cycle.number}"
    findings: list[Finding] = []
    for organ, result in own.own_organs.items():
        before = next((past.own_organs[organ] for past in reversed(earlier) if organ in past.own_organs), None)
        if before is not None:
            findings += change_findings(
                organ,
                result.per_administered_activity_gy_per_bq,
                before.per_administered_activity_gy_per_bq,
                place=f"{place}, {organ.replace('_', ' ')}",
            )
    if own.measurement is not None:
        scans = own.measurement.time_points
        alike = (
            past.measurement.time_points
            for past in reversed(earlier)
            if past.measurement is not None and past.measurement.time_points[0].nuclide == scans[0].nuclide
        )
        before_scans = next(alike, ())
        findings += factor_two_findings(
            [scan.time_after_own_administration_s for scan in scans],
            [scan.field_of_view_fraction for scan in scans],
            [scan.time_after_own_administration_s for scan in before_scans],
            [scan.field_of_view_fraction for scan in before_scans],
            place,
        )
    return findings


def _own(
    case: Case,
    cycle: Cycle,
    safety: SafetyAssessment,
    earlier: Sequence[CycleResult],
    previous: CycleResult | None,
    previous_case: Case | None,
    voxel_doses: VoxelDoses,
    positions: Positions,
    progress: Progress,
) -> CycleResult:
    """The cycle by its own measurement, without what is taken over from other cycles."""
    measurement: CycleMeasurement | None = None
    imaged: str | None = None
    curves: dict[str, VoiCurves] = {}
    findings: list[Finding] = list(cycle.import_findings)
    if cycle.time_points:
        measurement = _measured(cycle, previous, positions, progress)
        imaged = measurement.time_points[0].nuclide
        curves = _fitted_curves(case, cycle, measurement, earlier, previous, previous_case, progress)
        progress(1.0, f"Doses of cycle {cycle.number}")
        findings += [*measurement.findings, *_calibration_findings(cycle, measurement)]
    errors = voi_errors(case, measurement, curves) if measurement is not None else {}
    sources = source_activities(measurement, curves, errors) if measurement is not None else {}
    lesions = lesion_activity_bq_s(measurement, curves) if measurement is not None else {}
    marrow = cycle_marrow(case, cycle, measurement, imaged=imaged, organs=sources, lesions_bq_s=lesions)
    findings += marrow.findings
    organs: dict[str, OrganResult] = dict(entered_organs(cycle))
    vois: FrozenMap[str, VoiResult] = FrozenMap()
    voxels: VoxelEngine | None = None
    if measurement is not None:
        activities = {
            name: {organ: source.time_integrated_activity_bq_s for organ, source in by_organ.items()}
            for name, by_organ in sources.items()
        }
        for name, rest in marrow.remainder.items():
            activities.setdefault(name, {})["remainder"] = rest.time_integrated_activity_bq_s
        whole = {name: fit.time_integrated_activity_bq_s for name, fit in marrow.whole_body.items()}
        before = previous.voxels if previous is not None else None
        vois, voxels = voi_results(
            case,
            cycle,
            measurement,
            curves,
            activities,
            whole,
            errors,
            voxel_doses=voxel_doses,
            previous_voxels=before.latest if isinstance(before, VoxelEngine) else None,
            progress=progress,
        )
        organs |= organ_results(cycle, measurement, vois)
        findings += [finding for result in vois.values() for finding in result.findings]
        findings += dose_findings(cycle, vois)
    if marrow.doses:
        organs["red_marrow"] = _marrow_organ(cycle, marrow)
    findings += _plausibility(cycle, organs, vois)
    unique = tuple(dict.fromkeys(findings))
    return CycleResult(
        cycle,
        measurement,
        vois,
        FrozenMap(organs),
        FrozenMap(organs),
        marrow.doses,
        _alternatives(marrow),
        marrow.whole_body,
        marrow.blood,
        safety,
        unique,
        unique,
        image_based_self_doses_gy(case, vois),
        voxels=voxels,
    )


def _measured(cycle: Cycle, previous: CycleResult | None, positions: Positions, progress: Progress) -> CycleMeasurement:
    """What was measured in the cycle, taken over where nothing changed: it rests on the cycle alone."""
    old = previous.measurement if previous is not None else None
    unchanged = previous is not None and previous.cycle is cycle
    complete = positions == "held" or not _positions_pending(old)
    if old is not None and unchanged and complete:
        return old
    return measure_cycle(cycle, previous=old, positions=positions, progress=progress)


def _fitted_curves(
    case: Case,
    cycle: Cycle,
    measurement: CycleMeasurement,
    earlier: Sequence[CycleResult],
    previous: CycleResult | None,
    previous_case: Case | None,
    progress: Progress,
) -> dict[str, VoiCurves]:
    """Curves of all VOIs by name."""
    imaged = measurement.time_points[0].nuclide
    half_life_s = nuclide(imaged).physical_half_life_s
    curves = {}
    for name, voi in measurement.vois.items():
        # Each look is a place where an evaluation that nobody waits for any more can stop.
        progress(1.0, f"Fitting cycle {cycle.number}, {name}")
        curves[name] = voi_curves(
            cycle,
            case.settings,
            voi,
            name=name,
            nuclide=imaged,
            physical_half_life_s=half_life_s,
            region=role_group(voi.voi.role),
            earlier=_earlier_fits(earlier, name, imaged),
            known=known_fits(case, cycle, name, voi.voi.role, previous_case, previous),
        )
    return curves


def _positions_pending(measurement: CycleMeasurement | None) -> bool:
    return measurement is not None and measurement.positions_pending


def _earlier_fits(earlier: Sequence[CycleResult], name: str, nuclide_name: str) -> tuple[EarlierFit, ...]:
    """Curves of a VOI through several scans of earlier cycles, the latest first."""
    found = []
    for result in reversed(earlier):
        voi = result.vois.get(name)
        fit = None if voi is None else voi.fits.get(nuclide_name)
        if fit is not None and fit.derived_from is None and fit.single_scan is None:
            found.append(EarlierFit(result.cycle.number, fit))
    return tuple(found)


def _calibration_findings(cycle: Cycle, measurement: CycleMeasurement) -> list[Finding]:
    findings = _sensitivity_findings(cycle)
    if measurement.time_points[0].image.relative_standard_uncertainty is None:
        text = "The calibration's uncertainty is not stated; the uncertainties of activity and dose lack it."
        place = f"cycle {cycle.number}, calibration"
        findings.insert(0, Finding("calibration-uncertainty-missing", "warning", text, place))
    return findings


def _sensitivity_findings(cycle: Cycle) -> list[Finding]:
    sensitivity = calibration_used(cycle).sensitivity_cps_per_bq
    low, high = (COUNTS_PER_S_PER_MBQ.to_core(bound) for bound in USUAL_SENSITIVITY_CPS_PER_MBQ)
    if sensitivity is None or low <= sensitivity <= high:
        return []
    text = (
        f"A sensitivity of {COUNTS_PER_S_PER_MBQ.text(sensitivity)} is unusual ("
        f"{COUNTS_PER_S_PER_MBQ.text(low, with_symbol=False)} to {COUNTS_PER_S_PER_MBQ.text(high)} is usual); "
        "check value, unit and convention."
    )
    return [Finding("sensitivity-unusual", "warning", text, f"cycle {cycle.number}, calibration")]


def _marrow_organ(cycle: Cycle, marrow: CycleMarrow) -> OrganResult:
    doses = {}
    contributions: dict[str, dict[str, float]] = {}
    for name, dose in marrow.doses.items():
        doses[name] = DoseValue(dose.absorbed_dose_gy, marrow.effects_gy[name])
        for source, part in dose.contributions_gy.items():
            contributions.setdefault(source, {})[name] = part
    return OrganResult(
        "red_marrow",
        FrozenMap(doses),
        administered_activity_bq(cycle),
        FrozenMap({source: FrozenMap(by) for source, by in contributions.items()}),
    )


def _alternatives(marrow: CycleMarrow) -> FrozenMap[str, float]:
    totals: dict[str, float] = {}
    for dose in marrow.doses.values():
        for convention, gy in dose.by_convention_gy.items():
            totals[convention] = totals.get(convention, 0.0) + gy
    return FrozenMap(totals)


def _plausibility(cycle: Cycle, organs: Mapping[str, OrganResult], vois: Mapping[str, VoiResult]) -> list[Finding]:
    """Remarks on values outside the usual bands."""
    place = f"cycle {cycle.number}"
    findings: list[Finding] = []
    for organ, result in organs.items():
        findings += dose_per_activity_findings(
            organ, result.per_administered_activity_gy_per_bq, place=f"{place}, {organ.replace('_', ' ')}"
        )
    for name, voi in vois.items():
        for nuclide_name, fit in voi.fits.items():
            if fit.derived_from is None:
                findings += effective_half_life_findings(
                    role_group(voi.role), nuclide_name, fit.effective_half_life_s, place=f"{place}, {name}"
                )
    sides = {voi.role: voi.total for voi in vois.values() if voi.role in ("kidney_left", "kidney_right")}
    left, right = sides.get("kidney_left"), sides.get("kidney_right")
    if len(sides) == 1 and not any(voi.role == "kidneys" for voi in vois.values()):
        only, other = ("left", "right") if "kidney_left" in sides else ("right", "left")
        text = f"Only the {only} kidney has a VOI; it stands for both. If there is a {other} one, it is missing."
        findings.append(Finding("one-kidney", "warning", text, f"{place}, kidneys"))
    if left is not None and right is not None:
        findings += kidney_sides_findings(left.absorbed_dose_gy, right.absorbed_dose_gy, place=f"{place}, kidneys")
    return findings
