"""Geometry of the printed figures: bars and curves as fractions of their axes, for the template to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dosimetry_core.report.words import in_words, measured_nuclides, nuclide_order, organ_order, voi_order
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
    times_h = [HOUR.from_core(point["time_after_administration_s"]) for point in cycle.get("time_points", ())]
    vois = cycle.get("vois", {})
    return [plot for name in voi_order(vois) if (plot := _curve_plot(name, vois[name], times_h))]


def _curve_plot(name: str, voi: Mapping[str, Any], times_h: Sequence[float]) -> dict[str, Any] | None:
    fits = voi.get("fit") or {}
    curves = {nuclide: _curve(fits[nuclide]) for nuclide in nuclide_order(fits)}
    points = [
        point for nuclide in measured_nuclides(voi) for point in _points(nuclide, voi, fits.get(nuclide) or {}, times_h)
    ]
    if not points:
        return None
    drawn = [pair for curve in curves.values() for pair in curve]
    y_ticks, y_top = _axis(max([p["y"] + p["u"] for p in points] + [a for _, a in drawn]), about=3)
    x_ticks, x_top = _axis(max([p["x"] for p in points] + [t for t, _ in drawn]), about=4)
    return {
        "title": name,
        "x_ticks": x_ticks,
        "y_ticks": y_ticks,
        "curves": [
            {
                "nuclide": nuclide,
                "derived": bool(fits[nuclide].get("derived_from")),
                "points": [[t / x_top, a / y_top] for t, a in curve],
            }
            for nuclide, curve in curves.items()
            if curve
        ],
        "points": [p | {"x": p["x"] / x_top, "y": p["y"] / y_top, "u": p["u"] / y_top} for p in points],
    }


def _points(
    nuclide: str, voi: Mapping[str, Any], fit: Mapping[str, Any], times_h: Sequence[float]
) -> list[dict[str, Any]]:
    """Measured points in h and MBq; ``used`` is false for a point left out of the fit."""
    values = voi["activity_bq"][nuclide]
    spread = (voi.get("activity_standard_uncertainty_bq") or {}).get(nuclide) or [None] * len(values)
    used = fit.get("included") or [True] * len(values)
    return [
        {
            "nuclide": nuclide,
            "x": t,
            "y": MEGABECQUEREL.from_core(a),
            "u": 0.0 if u is None else MEGABECQUEREL.from_core(u),
            "used": bool(kept),
        }
        for t, a, u, kept in zip(times_h, values, spread, used, strict=True)
        if a is not None
    ]


def _curve(fit: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The fitted curve in h and MBq; empty if the results hold no drawn curve."""
    curve = fit.get("curve")
    if not curve:
        return []
    times = (HOUR.from_core(t) for t in curve["time_after_administration_s"])
    return list(zip(times, (MEGABECQUEREL.from_core(a) for a in curve["activity_bq"]), strict=True))
