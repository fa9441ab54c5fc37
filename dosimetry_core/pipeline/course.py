"""From the cycles to the course: organ doses where nothing was measured, sums against limits, the next cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dosimetry_core.case import Case, Cycle
from dosimetry_core.dose.radiobiology import ProtractionPerGy, bed_of_doses_gy, covers
from dosimetry_core.errors import Finding
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.delivered import DeliveredCycle, DeliveredOrganDose
from dosimetry_core.planning.protocol import Protocol
from dosimetry_core.results import CourseOrgan, DoseValue, OrganResult, exact_dose, total_dose
from dosimetry_core.uncertainty import Effects, ErrorSource, scaled_effects

ORGANS = ("kidneys", "red_marrow", "liver", "spleen")


def administered_activity_bq(cycle: Cycle) -> FrozenMap[str, float]:
    """Administered activity of each nuclide of a cycle."""
    return FrozenMap({a.nuclide: a.administered_activity_bq for a in cycle.administrations})


def entered_organs(cycle: Cycle) -> FrozenMap[str, OrganResult]:
    """Organ doses of a cycle whose doses per administered activity were entered.

    The entered uncertainty is taken as random: each cycle's is a measurement of its own.
    """
    if cycle.entered is None:
        return FrozenMap()
    given = administered_activity_bq(cycle)
    organs = {}
    for organ, per_activity in cycle.entered.absorbed_dose_per_administered_activity_gy_per_bq.items():
        relative = cycle.entered.relative_standard_uncertainty.get(organ)
        doses = {}
        for name, activity in given.items():
            if name in per_activity:
                dose = per_activity[name] * activity
                doses[name] = _entered_dose(dose, organ, relative, cycle.number)
        if doses:
            organs[organ] = OrganResult(organ, FrozenMap(doses), given, origin="entered")
    return FrozenMap(organs)


def _entered_dose(gy: float, organ: str, relative: float | None, cycle: int) -> DoseValue:
    """An entered value; both nuclides of an organ are taken as measured together."""
    return DoseValue(gy, None if relative is None else FrozenMap({ErrorSource("entered", organ, cycle): gy * relative}))


def with_estimates(results: Sequence[CycleResult]) -> tuple[CycleResult, ...]:
    """Fill in what was not measured in a cycle from a measured value per administered activity.

    It is that of the last cycle before it that measured it, or else of the first one after it, as in planning. An
    organ or nuclide that no cycle measured stays out; planning says what it lacks.
    """
    return tuple(
        _with_bed(
            _with_estimates(result, others := [*reversed(results[:index]), *results[index + 1 :]]),
            others,
        )
        for index, result in enumerate(results)
    )


def _with_bed(result: CycleResult, others: Sequence[CycleResult]) -> CycleResult:
    """BED of an organ that has no curves in this cycle, by the curves of the nearest cycle that has."""
    organs = dict(result.organs)
    for organ, dose in result.organs.items():
        if dose.protraction_per_gy and covers(dose.protraction_per_gy, dose.doses):
            continue
        known = (other.own_organs[organ].protraction_per_gy for other in others if organ in other.own_organs)
        quadratic = next((q for q in known if q and covers(q, dose.doses)), None)
        if quadratic is None:
            organs[organ] = replace(dose, bed_gy=None, protraction_per_gy=FrozenMap())
            continue
        doses = {name: value.absorbed_dose_gy for name, value in dose.doses.items()}
        organs[organ] = replace(
            dose, bed_gy=bed_of_doses_gy(doses, quadratic), protraction_per_gy=quadratic, bed_estimated=True
        )
    return replace(result, organs=FrozenMap(organs))


def _with_estimates(result: CycleResult, others: Sequence[CycleResult]) -> CycleResult:
    """One cycle; ``others`` in order of preference."""
    cycle, organs = result.cycle, result.own_organs
    given = administered_activity_bq(cycle)
    filled = dict(organs)
    findings = []
    for organ in ORGANS:
        own = organs.get(organ)
        doses = dict(own.doses) if own is not None else {}
        taken = {}
        for name, activity in given.items():
            if name in doses:
                continue
            known = ((other.cycle.number, _per_activity(other, organ, name)) for other in others)
            number, per_activity = next(((n, value) for n, value in known if value is not None), (0, None))
            if per_activity is not None:
                doses[name] = per_activity.scaled(activity)
                taken[name] = number
        unknown = [name for name in given if name not in doses]
        if doses and unknown:
            findings.append(
                Finding(
                    "absorbed-dose-incomplete",
                    "warning",
                    f"Only the absorbed dose of {' and '.join(doses)} is known, not that of {' and '.join(unknown)}.",
                    f"cycle {cycle.number}, {organ.replace('_', ' ')}",
                )
            )
        if not taken:
            continue
        filled[organ] = OrganResult(
            organ,
            FrozenMap(doses),
            given,
            own.contributions_gy if own is not None else FrozenMap(),
            protraction_per_gy=own.protraction_per_gy if own is not None else FrozenMap(),
            estimated=True,
            origin="estimated",
            estimated_nuclides=tuple(taken),
        )
        text = ", ".join(f"{name} from cycle {number}" for name, number in taken.items())
        findings.append(
            Finding(
                "estimated-dose",
                "warning",
                f"Not measured in this cycle; estimated from the absorbed dose per administered activity: {text}.",
                f"cycle {cycle.number}, {organ.replace('_', ' ')}",
            )
        )
    in_order = FrozenMap({organ: filled[organ] for organ in ORGANS if organ in filled})
    return replace(result, organs=in_order, findings=(*result.findings, *findings))


def _per_activity(result: CycleResult, organ: str, nuclide: str) -> DoseValue | None:
    """Absorbed dose per Bq of a nuclide by a cycle's own measurement or entry; None if it has none."""
    own = result.own_organs.get(organ)
    if own is not None and nuclide in own.doses and own.administered_activity_bq[nuclide] > 0:
        return own.doses[nuclide].scaled(1 / own.administered_activity_bq[nuclide])
    entered = result.cycle.entered
    if entered is None:
        return None
    of_organ = entered.absorbed_dose_per_administered_activity_gy_per_bq.get(organ)
    value = None if of_organ is None else of_organ.get(nuclide)
    relative = entered.relative_standard_uncertainty.get(organ)
    return None if value is None else _entered_dose(value, organ, relative, result.cycle.number)


def delivered_cycles(cycles: Sequence[CycleResult], protocol: Protocol) -> tuple[DeliveredCycle, ...]:
    """What planning needs to know of the cycles given so far."""
    return tuple(
        DeliveredCycle(
            result.cycle.number,
            administered_activity_bq(result.cycle),
            FrozenMap({organ: _delivered(result, organ, protocol) for organ in result.organs}),
        )
        for result in cycles
    )


def _delivered(result: CycleResult, organ: str, protocol: Protocol) -> DeliveredOrganDose:
    dose = result.organs[organ]
    doses = {name: value for name, value in dose.doses.items() if name not in dose.estimated_nuclides}
    quadratic = dose.protraction_per_gy
    if organ == "kidneys" and protocol.kidney_quantity == "higher-side" and doses:
        # Where one side has no result, the organ is estimated: which side is higher is not known.
        doses, quadratic = _higher_kidney(result, doses, quadratic)
    absorbed = {name: value.absorbed_dose_gy for name, value in doses.items()}
    per_activity = {
        name: gy / dose.administered_activity_bq[name]
        for name, gy in absorbed.items()
        if dose.administered_activity_bq.get(name)
    }
    effects: dict[str, Effects] = {
        name: scaled_effects(value.effects_gy, 1.0 / value.absorbed_dose_gy)
        for name, value in doses.items()
        if value.effects_gy is not None and value.absorbed_dose_gy > 0
    }
    entered = result.cycle.entered
    if entered is not None:
        # Entered for a nuclide that this cycle did not give, but the protocol may give next.
        further: Mapping[str, float] = entered.absorbed_dose_per_administered_activity_gy_per_bq.get(organ) or {}
        per_activity = dict(further) | per_activity
        relative = entered.relative_standard_uncertainty.get(organ)
        for name in further:
            if name not in absorbed and relative is not None:
                effects[name] = FrozenMap({ErrorSource("entered", organ, result.cycle.number): relative})
    return DeliveredOrganDose(
        FrozenMap(absorbed),
        FrozenMap(per_activity),
        estimated=not absorbed and dose.estimated,
        protraction_per_gy=quadratic,
        relative_effects=FrozenMap(effects),
    )


def _higher_kidney(
    result: CycleResult, doses: dict[str, DoseValue], quadratic: ProtractionPerGy
) -> tuple[dict[str, DoseValue], ProtractionPerGy]:
    sides = [
        voi for voi in result.vois.values() if voi.role in ("kidney_left", "kidney_right") and voi.total is not None
    ]
    if not sides:
        return doses, quadratic
    higher = max(sides, key=lambda voi: voi.total.absorbed_dose_gy if voi.total is not None else 0.0)
    return dict(higher.doses), higher.protraction_per_gy


def course_organs(case: Case, protocol: Protocol, cycles: Sequence[CycleResult]) -> FrozenMap[str, CourseOrgan]:
    """Absorbed dose of each organ over the course so far, earlier courses included (taken as exact).

    An organ that is not known for every cycle and nuclide has no sum.
    """
    organs = {}
    for organ in ORGANS:
        if not all(
            organ in r.organs and all(a.nuclide in r.organs[organ].doses for a in r.cycle.administrations)
            for r in cycles
        ):
            continue
        parts = [result.organs[organ].total for result in cycles]
        prior = case.course.prior_absorbed_dose_gy.get(organ, 0.0)
        beds = [result.organs[organ].bed_gy for result in cycles]
        known = [bed for bed in beds if bed is not None]
        organs[organ] = CourseOrgan(
            organ,
            total_dose([exact_dose(prior), *parts]),
            protocol.total_limit_gy.get(organ),
            sum(known) if len(known) == len(cycles) and not prior else None,
        )
    return FrozenMap(organs)


def course_vois(cycles: Sequence[CycleResult]) -> FrozenMap[str, DoseValue]:
    """Cumulative absorbed dose of each VOI that has one, over the cycles in which it was measured."""
    names = dict.fromkeys(name for result in cycles for name, voi in result.vois.items() if voi.total is not None)
    doses: dict[str, DoseValue] = {}
    for name in names:
        parts = [result.vois[name].total for result in cycles if name in result.vois]
        doses[name] = total_dose(part for part in parts if part is not None)
    return FrozenMap(doses)
