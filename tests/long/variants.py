"""What the negative controls change in a case that is read and aligned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dosimetry_core.case import Case, Cycle
from dosimetry_core.geometry import RigidTransform
from dosimetry_core.image import Registration
from dosimetry_core.units import HOUR
from tests.long.demonstration_runs import Variant

CONTROLS_PROTOCOL = "duonen-b"
SENSITIVITY_FACTOR = 1.1
MOVED_TIME_POINT = 2
MOVED_S = HOUR.to_core(6.0)


def _each_cycle(case: Case, change: Variant | None = None, **calibration: object) -> Case:
    return replace(
        case,
        cycles=tuple(replace(c, calibration=replace(c.calibration, **calibration)) for c in case.cycles),  # type: ignore[arg-type]
    )


def without_partial_volume(case: Case) -> Case:
    """No correction for partial volume."""
    return _each_cycle(case, partial_volume="none")


def without_registration(case: Case) -> Case:
    """Every scan taken as if the patient had lain as at the reference."""
    unmoved = Registration(RigidTransform.identity(), "manual")

    def taken(cycle: Cycle) -> Cycle:
        points = (
            point if index == cycle.reference_time_point else replace(point, registration=unmoved)
            for index, point in enumerate(cycle.time_points)
        )
        return replace(cycle, time_points=tuple(points))

    return replace(case, cycles=tuple(taken(cycle) for cycle in case.cycles))


def with_larger_sensitivity(case: Case) -> Case:
    """The camera's sensitivity entered too large, where there is one."""

    def taken(cycle: Cycle) -> Cycle:
        sensitivity = cycle.calibration.sensitivity_cps_per_bq
        if sensitivity is None:
            return cycle
        larger = sensitivity * SENSITIVITY_FACTOR
        return replace(cycle, calibration=replace(cycle.calibration, sensitivity_cps_per_bq=larger))

    return replace(case, cycles=tuple(taken(cycle) for cycle in case.cycles))


def with_moved_clock(case: Case) -> Case:
    """One scan's clock six hours ahead."""

    def taken(cycle: Cycle) -> Cycle:
        points = list(cycle.time_points)
        spect = points[MOVED_TIME_POINT - 1].spect
        late = replace(spect, acquisition_start=spect.acquisition_start + timedelta(seconds=MOVED_S))
        points[MOVED_TIME_POINT - 1] = replace(points[MOVED_TIME_POINT - 1], spect=late)
        return replace(cycle, time_points=tuple(points))

    return replace(case, cycles=tuple(taken(cycle) for cycle in case.cycles))


CONTROLS: dict[str, Variant] = {
    "partial volume not corrected": without_partial_volume,
    "not registered": without_registration,
    "sensitivity too large": with_larger_sensitivity,
    "clock moved": with_moved_clock,
}
