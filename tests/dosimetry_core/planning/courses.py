"""Delivered courses that planning tests start from, written in GBq and Gy/GBq."""

from __future__ import annotations

from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning.next_cycle import DeliveredCycle, DeliveredOrganDose
from dosimetry_core.units import GIGABECQUEREL, GRAY_PER_GIGABECQUEREL

LU, Y = "Lu-177", "Y-90"


def cycle(
    number: int,
    activities_gbq: dict[str, float],
    kidneys: dict[str, float] | None,
    red_marrow: dict[str, float] | None = None,
    *,
    random: float | None = None,
    common: float | None = None,
    estimated: bool = False,
) -> DeliveredCycle:
    activities = {name: GIGABECQUEREL.to_core(value) for name, value in activities_gbq.items()}
    organs = {}
    for organ, values in (("kidneys", kidneys), ("red_marrow", red_marrow)):
        if values is None:
            continue
        per_activity = {name: GRAY_PER_GIGABECQUEREL.to_core(value) for name, value in values.items()}
        organs[organ] = DeliveredOrganDose(
            FrozenMap({name: per_activity[name] * a for name, a in activities.items() if name in per_activity}),
            FrozenMap(per_activity),
            random,
            common,
            estimated,
        )
    return DeliveredCycle(number, FrozenMap(activities), FrozenMap(organs))


def tandem(number: int = 1, *, kidneys: tuple[float, float] = (0.45, 2.4), **options: float | None) -> DeliveredCycle:
    """The tandem patient of methods 6.2."""
    return cycle(
        number,
        {LU: 3.7, Y: 1.85},
        {LU: kidneys[0], Y: kidneys[1]},
        {LU: 0.010, Y: 0.070},
        random=options.get("random"),
        common=options.get("common"),
    )
