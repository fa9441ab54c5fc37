"""The whole chain: every cycle, the course, the plan, the second opinion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from dosimetry_core.case import Case, Cycle
from dosimetry_core.dose.engine import role_group
from dosimetry_core.errors import DosimetryError, Finding, MissingDataError
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.pipeline.course import course_organs, course_vois, delivered_cycles, with_estimates
from dosimetry_core.pipeline.cycle import evaluate_cycle
from dosimetry_core.pipeline.images import ReadCycle, align_case, import_case
from dosimetry_core.pipeline.voxel_engine import VoxelDoses
from dosimetry_core.planning.given import given_findings
from dosimetry_core.planning.next_cycle import NextCyclePlan, plan_next_cycle, refused_plan
from dosimetry_core.planning.protocol import protocol_of_course
from dosimetry_core.progress import Progress, no_progress, part_of
from dosimetry_core.quantification.measurement import Positions
from dosimetry_core.safety.assessment import SafetyAssessment, assess
from dosimetry_core.safety.protocol_rules import stop_rules_of
from dosimetry_core.safety.rules import RuleSet
from dosimetry_core.second_check import second_check


def compute(case: Case, *, read_cycle: ReadCycle | None = None, progress: Progress = no_progress) -> Evaluation:
    """Read the images and VOIs of a case, align them, evaluate everything, and have it checked by the second opinion.

    Parameters
    ----------
    read_cycle
        What reads one cycle; by default in this process. See `import_case`.

    Raises
    ------
    DosimetryError
        What the user has to mend first; nothing is guessed.
    """
    imported = import_case(case, read_cycle=read_cycle, progress=part_of(progress, 0.0, 0.4))
    aligned = align_case(imported, progress=part_of(progress, 0.4, 0.8))
    return second_check(evaluate(aligned, progress=part_of(progress, 0.8, 1.0)))


def evaluate(
    case: Case,
    *,
    previous: Evaluation | None = None,
    voxel_doses: VoxelDoses = "computed",
    positions: Positions = "computed",
    progress: Progress = no_progress,
) -> Evaluation:
    """Evaluate a case whose images are read and aligned.

    Parameters
    ----------
    case
        Cycles without images are taken with their entered doses, or estimated from the last measured cycle. Where the
        doses that the limits are for are not known, everything else is given and the plan is refused.
    previous
        An earlier evaluation: what rests on unchanged branches of the case is taken over. Where nothing is pending,
        the results are to the bit those without it.
    voxel_doses
        ``held`` while something is edited: doses by voxel S values that no longer hold are pending, the doses of
        another engine stand meanwhile, and findings of level error say so. ``computed`` with such an evaluation as
        ``previous`` computes only them.
    positions
        The same of where the uptake of edited kidneys lies, which makes findings only.

    Notes
    -----
    The second opinion takes longer than a brush stroke allows; `second_check` adds it before anything is signed.
    """
    protocol = protocol_of_course(case.course, folder=case.folder)
    rules = stop_rules_of(protocol)
    known = {result.cycle.number: result for result in previous.cycles} if previous is not None else {}
    results: list[CycleResult] = []
    for index, cycle in enumerate(case.cycles):
        results.append(
            evaluate_cycle(
                case,
                cycle,
                earlier=results,
                safety=_known_safety(case, cycle, rules, previous) or _safety(case, cycle, rules),
                previous=known.get(cycle.number),
                previous_case=previous.case if previous is not None else None,
                voxel_doses=voxel_doses,
                positions=positions,
                progress=part_of(progress, index / len(case.cycles), (index + 1) / len(case.cycles)),
            )
        )
    cycles = with_estimates(results)
    delivered = delivered_cycles(cycles, protocol)
    progress(1.0, "Planning")
    try:
        plan = plan_next_cycle(
            protocol,
            delivered,
            planned_cycles=case.course.planned_cycles,
            prior_absorbed_dose_gy=case.course.prior_absorbed_dose_gy,
            stop_criteria_met=cycles[-1].safety.stop_criteria_met,
            grave_grades=cycles[-1].safety.grave_grades,
        )
    except MissingDataError as error:
        plan = refused_plan(
            protocol, delivered, _why_no_kidneys(cycles) or [error], planned_cycles=case.course.planned_cycles
        )
    return Evaluation(
        case,
        protocol,
        cycles,
        delivered,
        course_organs(case, protocol, cycles),
        course_vois(cycles),
        plan,
        (),
        _findings(cycles, plan, given_findings(protocol, case.cycles)),
    )


def _why_no_kidneys(cycles: Sequence[CycleResult]) -> list[DosimetryError]:
    """Why cycles with images tell no absorbed dose to the kidneys."""
    problems: list[DosimetryError] = []
    for result in cycles:
        cycle = result.cycle
        if not cycle.time_points or "kidneys" in result.own_organs:
            continue
        kidneys = [voi for voi in result.vois.values() if role_group(voi.role) == "kidneys"]
        failures = dict.fromkeys(voi.failure for voi in kidneys if voi.failure is not None)
        if len(cycle.time_points) == 1:
            problems.append(
                MissingDataError(
                    "there is only one time point, which makes no curve",
                    where=f"cycle {cycle.number}, images",
                    remedy="add the other scans of the cycle, or enter absorbed doses measured elsewhere",
                )
            )
        elif not kidneys:
            drawn = ", ".join(f"{name} ({voi.role})" for name, voi in result.vois.items())
            problems.append(
                MissingDataError(
                    f"no VOI is a kidney{f' ({drawn})' if drawn else ''}",
                    where=f"cycle {cycle.number}, vois",
                    remedy="draw the kidneys, or say in voi_roles which VOIs they are",
                )
            )
        problems += [MissingDataError(failure) for failure in failures if len(cycle.time_points) > 1]
    return problems


def plan_with_activities(
    evaluation: Evaluation, activities_bq: Mapping[str, float], *, ends_treatment: bool = False
) -> NextCyclePlan:
    """The plan with activities that the physicist chose, or that nothing follows; with all it predicts and remarks."""
    return plan_next_cycle(
        evaluation.protocol,
        evaluation.delivered,
        planned_cycles=evaluation.case.course.planned_cycles,
        prior_absorbed_dose_gy=evaluation.case.course.prior_absorbed_dose_gy,
        stop_criteria_met=evaluation.cycles[-1].safety.stop_criteria_met,
        grave_grades=evaluation.cycles[-1].safety.grave_grades,
        chosen_activities_bq=activities_bq,
        ends_treatment=ends_treatment,
    )


def _known_safety(
    case: Case, cycle: Cycle, rules: RuleSet | None, previous: Evaluation | None
) -> SafetyAssessment | None:
    """The assessment of an earlier evaluation, if nothing that it rests on changed since."""
    if previous is None or len(previous.case.cycles) != len(case.cycles):
        return None
    before = previous.case
    same = (
        case.patient is before.patient
        and case.laboratory_limits is before.laboratory_limits
        and rules == stop_rules_of(previous.protocol)
        and all(
            new.number == old.number and new.laboratory is old.laboratory and new.administrations is old.administrations
            for new, old in zip(case.cycles, before.cycles, strict=True)
        )
    )
    return next((r.safety for r in previous.cycles if r.cycle.number == cycle.number), None) if same else None


def _safety(case: Case, cycle: Cycle, rules: RuleSet | None) -> SafetyAssessment:
    first: date = case.cycles[0].administrations[0].start.date()
    baseline = [result for result in case.cycles[0].laboratory if result.date <= first]
    is_last = cycle is case.cycles[-1]
    last = max(given.start.date() for given in cycle.administrations) if is_last else None
    assessment = assess(
        case.patient,
        cycle.laboratory,
        case.laboratory_limits,
        rules,
        baseline=baseline,
        earlier=[result for past in case.cycles if past.number < cycle.number for result in past.laboratory],
        last_administration=last,
        place=f"cycle {cycle.number}, laboratory",
    )
    if is_last:
        return assessment
    # What an earlier cycle left open decides nothing any more.
    return replace(assessment, findings=tuple(f for f in assessment.findings if f.code != "stop-rule-undecided"))


def _findings(cycles: tuple[CycleResult, ...], plan: NextCyclePlan, given: tuple[Finding, ...]) -> tuple[Finding, ...]:
    gathered = [finding for result in cycles for finding in result.findings]
    return tuple(dict.fromkeys([*given, *gathered, *plan.findings]))
