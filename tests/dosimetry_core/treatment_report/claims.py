"""What the report claims to show of results.json, written down without the report's own code: paths and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

HOUR_S, MEGA = 3600.0, 1e6


def gray(value: float, beside: float | None = None) -> str:
    """Gy as the plan states it: two decimals, three significant digits, six decimals at most."""
    size = abs(value if beside is None else beside)
    places = 2 if size == 0 else min(6, max(2, 2 - math.floor(math.log10(size))))
    text = f"{value:.{places}f}"
    return text.lstrip("-") if float(text) == 0 else text


def _gbq(value_bq: float) -> str:
    text = f"{value_bq / 1e9:.6f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}"


def _mbq(value_bq: float, beside_bq: float) -> str:
    size = abs(beside_bq / MEGA)
    return f"{value_bq / MEGA:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def _doses(path: str, region: dict[str, Any]) -> Iterator[tuple[str, str]]:
    spread = region.get("absorbed_dose_standard_uncertainty_gy") or {}
    for nuclide, value in (region.get("absorbed_dose_gy") or {}).items():
        yield f"{path}.absorbed_dose_gy.{nuclide}", gray(value)
        if nuclide in spread:
            yield f"{path}.absorbed_dose_standard_uncertainty_gy.{nuclide}", gray(spread[nuclide], value)


def claimed(results: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Path in results.json and the number as it must stand on paper, with a decimal point."""
    for number, cycle in enumerate(results["cycles"]):
        yield from _cycle(f"cycles[{number}]", cycle)
    course = results["course"]
    for name, organ in course["organs"].items():
        path = f"course.organs.{name}"
        yield path, gray(organ["absorbed_dose_gy"])
        yield f"{path}.u", gray(organ["absorbed_dose_standard_uncertainty_gy"], organ["absorbed_dose_gy"])
        for key in ("limit_gy", "remaining_gy"):
            if organ["limit_gy"] is not None:
                yield f"{path}.{key}", gray(organ[key])
        if organ["bed_gy"] is not None:
            yield f"{path}.bed_gy", gray(organ["bed_gy"])
    for name, dose in course["prior_absorbed_dose_gy"].items():
        if dose:
            yield f"course.prior_absorbed_dose_gy.{name}", gray(dose)
    for name, voi in course["vois"].items():
        yield f"course.vois.{name}", gray(voi["absorbed_dose_gy"])
        yield f"course.vois.{name}.u", gray(voi["absorbed_dose_standard_uncertainty_gy"], voi["absorbed_dose_gy"])
    plan = results["plan"]
    for nuclide, activity in plan["activities_bq"].items():
        yield f"plan.activities_bq.{nuclide}", _gbq(activity)
    for organ, parts in plan["predicted_absorbed_dose_gy"].items():
        for key, dose in parts.items():
            yield f"plan.predicted_absorbed_dose_gy.{organ}.{key}", gray(dose)
    for entry in plan["activity_by_certainty"]:
        yield "plan.activity_by_certainty", _gbq(entry["activity_bq"])
    for limit, chance in plan["probability_of_exceeding"].items():
        percent = f"{100 * chance:.1f}"
        yield f"plan.probability_of_exceeding.{limit}", "0.1" if float(percent) == 0 else percent


def _cycle(path: str, cycle: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for item in cycle["administrations"]:
        yield f"{path}.administrations.{item['nuclide']}", _gbq(item["administered_activity_bq"])
        if item.get("planned_activity_bq"):
            yield f"{path}.administrations.{item['nuclide']}.planned", _gbq(item["planned_activity_bq"])
    for point in cycle["time_points"]:
        yield f"{path}.time_points.after", f"{point['time_after_administration_s'] / HOUR_S:.2f}"
        yield f"{path}.time_points.activity", f"{point['field_of_view_activity_bq'] / MEGA:.0f}"
    for name, voi in cycle["vois"].items():
        yield from _voi(f"{path}.vois.{name}", voi)
    for name, organ in cycle["organs"].items():
        yield from _doses(f"{path}.organs.{name}", organ)
        for nuclide, per in organ["absorbed_dose_per_administered_activity_gy_per_bq"].items():
            yield f"{path}.organs.{name}.per_activity.{nuclide}", gray(per * 1e9)
        for source, doses in (organ.get("contributions") or {}).items():
            yield f"{path}.organs.{name}.contributions.{source}", gray(doses["total"])
    for convention, dose in cycle["red_marrow_alternatives_gy"].items():
        yield f"{path}.red_marrow_alternatives_gy.{convention}", gray(dose)
    for sample in (cycle.get("blood") or {}).get("samples") or ():
        yield f"{path}.blood.time", f"{sample['time_after_administration_s'] / HOUR_S:.2f}"
        for value in sample["activity_concentration_bq_per_ml"].values():
            yield f"{path}.blood.concentration", f"{value / 1e3:.1f}"
    for values in cycle["laboratory"]:
        for key, value in values.items():
            if key != "date":
                yield f"{path}.laboratory.{key}", f"{value:g}"


def _voi(path: str, voi: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield f"{path}.volume_ml", f"{voi['volume_ml']:.1f}"
    yield f"{path}.mass_kg", f"{voi['mass_kg'] * 1e3:.1f}"
    for nuclide, values in voi["activity_bq"].items():
        spread = (voi["activity_standard_uncertainty_bq"] or {}).get(nuclide)
        for k, value in enumerate(values):
            yield f"{path}.activity_bq.{nuclide}[{k}]", _mbq(value, value)
            if spread:
                yield f"{path}.activity_standard_uncertainty_bq.{nuclide}[{k}]", _mbq(spread[k], value)
    for nuclide, fit in voi["fit"].items():
        where = f"{path}.fit.{nuclide}"
        whole = fit["time_integrated_activity_bq_s"]
        yield f"{where}.effective_half_life_s", f"{fit['effective_half_life_s'] / HOUR_S:.1f}"
        in_mbq_h = whole / MEGA / HOUR_S
        yield f"{where}.time_integrated_activity_bq_s", f"{in_mbq_h:.{0 if in_mbq_h > 1e3 else 1}f}"
        for key in ("extrapolated_fraction", "before_first_point_fraction"):
            yield f"{where}.{key}", f"{100 * fit[key]:.1f}"
    yield from _doses(path, voi)
    for engine, doses in (voi.get("cross_check_absorbed_dose_gy") or {}).items():
        yield f"{path}.cross_check.{engine}", gray(doses["total"])
