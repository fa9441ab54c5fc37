"""Standard uncertainties and probabilities again, from the stated effect of each source of error on each dose.

The size of an effect is the record's; how effects combine over nuclides, cycles and the future is computed here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from dosimetry_core.second_opinion.record import EXACT, Opinion, Tree, activities, at

Key = tuple[str, str, int | None]
Effects = dict[Key, float]


def effects_of(stated: Tree, nuclide: str) -> Effects | None:
    """Effects in Gy on one nuclide's dose of an organ or VOI; None if they are unknown."""
    entries = stated.get("uncertainty_effects")
    if entries is None or nuclide not in (stated.get("absorbed_dose_gy") or {}):
        return None
    return {
        (entry["kind"], entry["name"], entry["cycle"]): float(entry["effect_gy"][nuclide])
        for entry in entries
        if nuclide in entry["effect_gy"]
    }


def combined(parts: Sequence[tuple[float, Mapping[Key, float]]]) -> Effects:
    """Effects on a weighted sum."""
    total: Effects = {}
    for weight, effects in parts:
        for key, effect in effects.items():
            total[key] = total.get(key, 0.0) + weight * effect
    return total


def size(effects: Mapping[Key, float], further: Sequence[float] = ()) -> float:
    """Standard uncertainty: all sources in quadrature, with further independent parts."""
    return math.sqrt(math.fsum(effect * effect for effect in (*effects.values(), *further)))


def probability_above(limit: float, mean: float, deviation: float) -> float:
    """Probability that a normal variable is above a limit."""
    if deviation == 0.0:
        return 1.0 if mean > limit else 0.0
    return 0.5 * math.erfc((limit - mean) / (math.sqrt(2.0) * deviation))


def check_uncertainties(opinion: Opinion, results: Tree) -> None:
    """Standard uncertainties of every VOI and organ of each cycle, and of the course."""
    for index, cycle in enumerate(results["cycles"]):
        for kind in ("vois", "organs"):
            for name, stated in cycle[kind].items():
                _check_sums(opinion, ["cycles", index, kind, name], stated, f"cycle {cycle['number']}, {name}")
    for kind in ("organs", "vois"):
        for name in results["course"].get(kind) or {}:
            parts = []
            for cycle in results["cycles"]:
                stated = at(cycle, [kind, name]) or {}
                if kind == "vois" and stated.get("absorbed_dose_gy") is None:
                    continue
                parts += [effects_of(stated, nuclide) for nuclide in activities(cycle)]
            known = [effects for effects in parts if effects is not None]
            if len(known) == len(parts):
                opinion.add(
                    ["course", kind, name, "absorbed_dose_standard_uncertainty_gy"],
                    f"course, {name}: standard uncertainty (Gy)",
                    size(combined([(1.0, effects) for effects in known])),
                    relative=EXACT,
                    absolute=EXACT,
                )


def _check_sums(opinion: Opinion, place: Sequence[str | int], stated: Tree, title: str) -> None:
    if stated.get("uncertainty_effects") is None:
        return
    by_nuclide = {name: effects_of(stated, name) or {} for name in stated["absorbed_dose_gy"] if name != "total"}
    by_nuclide["total"] = combined([(1.0, effects) for effects in by_nuclide.values()])
    for name, effects in by_nuclide.items():
        random = {key: effect for key, effect in effects.items() if key[2] is not None}
        for word, key, value in (
            ("standard", "absorbed_dose_standard_uncertainty_gy", size(effects)),
            ("random standard", "absorbed_dose_random_standard_uncertainty_gy", size(random)),
        ):
            if at(stated, [key]) is not None:
                opinion.add(
                    [*place, key, name],
                    f"{title}: {word} uncertainty of {name} (Gy)",
                    value,
                    relative=EXACT,
                    absolute=EXACT,
                )
    for name, effects in by_nuclide.items():
        parts = stated["absorbed_dose_gy"]
        summed = [n for n in parts if n != "total"] if name == "total" else [name]
        dose = math.fsum(float(parts[n]) for n in summed)
        budget = at(stated, ["uncertainty_budget", name])
        if budget is None or not dose > 0.0:
            continue
        path = [*place, "uncertainty_budget", name]
        opinion.add(
            [*path, "relative_standard_uncertainty"],
            f"{title}: relative uncertainty of {name}",
            size(effects) / dose,
            relative=EXACT,
        )
        for kind in budget["sources"]:
            for word, acts_once in (("random", True), ("common", False)):
                own = {k: e for k, e in effects.items() if k[0] == kind and (k[2] is not None) == acts_once}
                opinion.add(
                    [*path, "sources", kind, f"{word}_relative_standard_uncertainty"],
                    f"{title}: {word} uncertainty of {name} by {kind.replace('_', ' ')}",
                    size(own) / dose,
                    relative=EXACT,
                    absolute=EXACT,
                )
