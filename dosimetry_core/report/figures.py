"""Geometry of the printed figures: bars and curves as fractions of their axes, for the template to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dosimetry_core.report.words import in_words, nuclide_order, nuclide_symbol, organ_order, voi_order
from dosimetry_core.units import HOUR, MEGABECQUEREL

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_HEADROOM = 1.06


def nice_ticks(highest: float, *, about: int = 4) -> list[float]:
    """Ticks from 0 in steps of 1, 2, 2.5 or 5 times a power of ten, the last at or above ``highest``."""
    if not highest > 0:
        return [0.0, 1.0]
    rough = highest / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))
    return [step * number for number in range(math.ceil(highest / step - 1e-9) + 1)]


def _axis(highest: float, *, about: int = 4) -> tuple[list[dict[str, Any]], float]:
    ticks = nice_ticks(highest, about=about)
    return [{"at": tick / ticks[-1], "label": f"{tick:g}"} for tick in ticks], ticks[-1]


def cumulative_bars(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One bar per organ: what each cycle and nuclide gave, what the plan adds, the limit and the uncertainty."""
    course = results.get("course", {})
    plan = results["plan"]
    predicted = plan.get("predicted_absorbed_dose_gy") or {}
    bars = []
    for organ in organ_order(course.get("organs", {})):
        entry = course["organs"][organ]
        delivered = _total(entry["absorbed_dose_gy"])
        segments = _delivered_segments(results, organ)
        reached = segments[-1]["to"] if segments else 0.0
        for kind, part in (("next", "next_cycle"), ("later", "course")):
            value = _total(predicted.get(organ, {}).get(part))
            if value is None or plan["stop"]:
                continue
            end = delivered + value if kind == "next" and delivered is not None else value
            if end > reached * (1 + 1e-9):
                segments.append({"from": reached, "to": end, "kind": kind, "nuclide": "", "cycle": ""})
                reached = end
        limit = entry.get("limit_gy")
        ticks, top = _axis(max(reached, limit or 0.0) * _HEADROOM, about=5)
        uncertainty = entry.get("absorbed_dose_standard_uncertainty_gy")
        bars.append(
            {
                "label": in_words(organ),
                "ticks": ticks,
                "segments": [s | {"from": s["from"] / top, "to": s["to"] / top} for s in segments],
                "limit": None if limit is None else limit / top,
                "delivered": None if delivered is None else delivered / top,
                "uncertainty": None if uncertainty is None else _total(uncertainty) / top,
            }
        )
    return bars


def _delivered_segments(results: Mapping[str, Any], organ: str) -> list[dict[str, Any]]:
    reached = (results["course"].get("prior_absorbed_dose_gy") or {}).get(organ, 0.0)
    segments = []
    if reached > 0:
        segments.append({"from": 0.0, "to": reached, "kind": "prior", "nuclide": "", "cycle": ""})
    for cycle in results.get("cycles", ()):
        doses = cycle.get("organs", {}).get(organ, {})
        for nuclide in nuclide_order(doses.get("absorbed_dose_gy", {})):
            end = reached + doses["absorbed_dose_gy"][nuclide]
            kind = "estimated" if doses.get("estimated") else "delivered"
            segments.append(
                {"from": reached, "to": end, "kind": kind, "nuclide": nuclide, "cycle": str(cycle["number"])}
            )
            reached = end
    return segments


def _total(value: Any) -> Any:
    return value.get("total") if isinstance(value, Mapping) else value


def curve_plots(cycle: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One plot per VOI: measured points with their uncertainty, and the fitted curve of each nuclide."""
    plots = []
    times_h = [HOUR.from_core(point["time_after_administration_s"]) for point in cycle.get("time_points", ())]
    for name in voi_order(cycle.get("vois", {})):
        voi = cycle["vois"][name]
        curves = {nuclide: _curve(fit) for nuclide, fit in (voi.get("fit") or {}).items()}
        activity = {nuclide: _megabecquerel(values) for nuclide, values in (voi.get("activity_bq") or {}).items()}
        if not activity:
            continue
        spread = {n: _megabecquerel(v) for n, v in (voi.get("activity_standard_uncertainty_bq") or {}).items()}
        tops = [
            a + u for n in activity for a, u in zip(activity[n], spread.get(n, [0.0] * len(activity[n])), strict=True)
        ]
        tops += [value for curve in curves.values() for _, value in curve]
        ends = [t for curve in curves.values() for t, _ in curve] + times_h
        y_ticks, y_top = _axis(max(tops), about=3)
        x_ticks, x_top = _axis(max(ends), about=4)
        plots.append(
            {
                "title": name,
                "x_ticks": x_ticks,
                "y_ticks": y_ticks,
                "curves": [
                    {
                        "nuclide": nuclide,
                        "symbol": nuclide_symbol(nuclide),
                        "derived": bool(voi["fit"][nuclide].get("derived_from")),
                        "points": [[t / x_top, max(a, 0.0) / y_top] for t, a in curves[nuclide]],
                    }
                    for nuclide in nuclide_order(curves)
                    if curves[nuclide]
                ],
                "points": [
                    {"nuclide": nuclide, "x": t / x_top, "y": max(a, 0.0) / y_top, "u": u / y_top}
                    for nuclide in nuclide_order(activity)
                    for t, a, u in zip(
                        times_h, activity[nuclide], spread.get(nuclide, [0.0] * len(times_h)), strict=True
                    )
                ],
            }
        )
    return plots


def _megabecquerel(values: Sequence[float]) -> list[float]:
    return [MEGABECQUEREL.from_core(value) for value in values]


def _curve(fit: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The fitted curve in h and MBq; empty if the results hold no drawn curve."""
    curve = fit.get("curve")
    if not curve:
        return []
    times = (HOUR.from_core(t) for t in curve["time_after_administration_s"])
    return list(zip(times, _megabecquerel(curve["activity_bq"]), strict=True))
