"""The red marrow again: blood curve, whole body and remainder, itemised dose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from dosimetry_core.second_opinion import doses as dose_formulas
from dosimetry_core.second_opinion.curves import Curve, anchored_curve, checked_curve, points
from dosimetry_core.second_opinion.doses import decay_constant
from dosimetry_core.second_opinion.record import Tree, activities, at, named_sources, time_zeros

_SAMPLES_OF_HELD_TAIL = 3


def _blood_curve(cycle: Tree, nuclide: str, stated: Tree) -> tuple[Curve, float] | None:
    """Curve of a nuclide's own samples after the end of its infusion, and the length of the infusion."""
    zeros = time_zeros(cycle)
    infusion = next(float(a["infusion_s"]) for a in cycle["administrations"] if a["nuclide"] == nuclide)
    offset = (zeros[cycle["administrations"][0]["nuclide"]] - zeros[nuclide]).total_seconds() - infusion / 2
    drawn = sorted(
        (float(s["time_after_administration_s"]) + offset, float(s["activity_concentration_bq_per_ml"][nuclide]))
        for s in cycle["blood"]["samples"]
        if nuclide in s["activity_concentration_bq_per_ml"]
    )
    used = [(t, c) for t, c in drawn if t >= 0 and c > 0]
    if len(used) < 2:
        return None
    slowest = math.log(2.0) / stated["slowest_effective_half_life_s"]
    data = points([t for t, _ in used], [c for _, c in used], "proportional", slowest)
    terms = [(float(t["amplitude_bq_per_ml"]), float(t["decay_constant_per_s"])) for t in stated["terms"]]
    model = "bi-exponential" if len(terms) == 2 else "mono-exponential"
    if len(terms) == 2 and len(used) == _SAMPLES_OF_HELD_TAIL:
        # Three samples can't tell two rates: the slow one is midway between the slowest allowed and their last fall.
        last_fall = math.log(used[-2][1] / used[-1][1]) / (used[-1][0] - used[-2][0])
        data = replace(data, slowest=math.sqrt(slowest * max(last_fall, slowest)), held=True)
    phases = ("fast_", "slow_") if len(terms) == 2 else ("",)
    parameters: dict[str, float] = {}
    for phase, (amplitude, rate) in zip(phases, sorted(terms, key=lambda term: -term[1]), strict=True):
        parameters |= {f"{phase}amplitude_bq": amplitude, f"{phase}decay_constant_per_s": rate}
    curve = checked_curve(data, model, parameters)
    return None if curve is None else (curve, infusion)


def blood_integrals(cycle: Tree) -> dict[str, float]:
    """Own time integral of the blood concentration by nuclide, infusion included, in Bq·s/mL.

    A nuclide without samples of its own has the re-decayed impulse response of the one it is derived from.
    """
    fits = at(cycle, ["blood", "fit"]) or {}
    given = activities(cycle)
    own = {n: _blood_curve(cycle, n, fit) for n, fit in fits.items() if not fit.get("derived_from")}
    integrals = {}
    for name, fit in fits.items():
        source = fit.get("derived_from") or name
        found = own.get(source)
        if found is None:
            continue
        curve, infusion = found
        change = decay_constant(name) - decay_constant(source)
        factor = given[name] / given[source]
        integrals[name] = math.fsum(
            dose_formulas.impulse_amplitude(amplitude, rate, infusion) * factor / (rate + change)
            for amplitude, rate in curve.terms
        )
    return integrals


def whole_body_integrals(cycle: Tree) -> dict[str, float]:
    """Own time-integrated activity of the whole body by nuclide."""
    fits = cycle.get("whole_body") or {}
    measured = next((name for name, fit in fits.items() if not fit.get("derived_from")), None)
    if measured is None:
        return {}
    curve_data = fits[measured]["curve"]
    given = activities(cycle)
    included = curve_data.get("included") or [True] * len(curve_data["times_s"])
    pairs = [
        (float(t), float(v))
        for t, v, use in zip(curve_data["times_s"], curve_data["activity_bq"], included, strict=True)
        if use
    ]
    rate = decay_constant(measured)
    data = points([t for t, _ in pairs], [v for _, v in pairs], "proportional", rate)
    curve = anchored_curve(data, given[measured])
    return {
        name: curve.integral(factor=given[name] / given[measured], faster_by_per_s=decay_constant(name) - rate)
        for name in given
    }


def remainder_integrals(results: Tree, cycle: Tree, sources: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Own time-integrated activity of the rest of the body by nuclide."""
    blood = blood_integrals(cycle)
    ratio, density = marrow_settings(results, cycle) if blood else (0.0, 1.0)
    rest = {}
    for name, total in whole_body_integrals(cycle).items():
        marrow = blood.get(name, 0.0) * dose_formulas.GRAMS_PER_KG / density * ratio
        marrow *= dose_formulas.marrow_mass_kg(results["patient"]["sex"])
        rest[name] = total - marrow - math.fsum(values.get(name, 0.0) for values in sources.values())
    return rest


def marrow_settings(results: Tree, cycle: Tree) -> tuple[float, float]:
    """Marrow-to-blood ratio, by the haematocrit if the settings want that, and density of blood."""
    settings = results["settings"]["red_marrow"]
    ratio = float(settings["marrow_to_blood_ratio"])
    if settings.get("marrow_to_blood") == "haematocrit":
        cells = cycle.get("haematocrit") or results["patient"]["haematocrit"]
        ratio = float(settings["extracellular_fluid_fraction"]) / (1.0 - float(cells))
    return ratio, float(settings["blood_density_g_per_ml"])


def photon_scale(results: Tree) -> float:
    """What photons from the rest of the body are scaled by."""
    weight = results["patient"].get("weight_kg")
    if not results["settings"]["red_marrow"]["scale_remainder_by_body_mass"] or not weight:
        return 1.0
    return dose_formulas.body_mass_kg(results["patient"]["sex"]) / float(weight)


def marrow_items(results: Tree, cycle: Tree, sources: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Own absorbed dose to the red marrow by nuclide and by the sources that the record itemises."""
    sex = results["patient"]["sex"]
    convention = results["settings"]["red_marrow"]["rest_of_body"]
    blood = blood_integrals(cycle)
    if not blood:
        return {}
    ratio, density = marrow_settings(results, cycle)
    items = {}
    for name, integral in blood.items():
        parts = {"self": dose_formulas.marrow_self_dose(name, sex, integral, density, ratio)}
        here = named_sources(cycle, "red_marrow", {s: v[name] for s, v in sources.items() if name in v})
        for source, value in here.items():
            if source == "remainder":
                s = dose_formulas.remainder_s_value(name, sex, convention, photon_scale(results))
                parts[source] = value * s
            else:
                parts[source] = dose_formulas.cross_dose(name, sex, "red_marrow", {source: value})
        items[name] = parts
    return items


def marrow_doses(results: Tree, cycle: Tree, sources: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Own absorbed dose to the red marrow by nuclide."""
    return {name: math.fsum(parts.values()) for name, parts in marrow_items(results, cycle, sources).items()}
