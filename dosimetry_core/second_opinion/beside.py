"""What stands beside the absorbed doses of a cycle: sums, items, cross-checks, other readings, marrow conventions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dosimetry_core.second_opinion import bed
from dosimetry_core.second_opinion import doses as dose_formulas
from dosimetry_core.second_opinion.doses import ORGANS
from dosimetry_core.second_opinion.marrow import (
    blood_integrals,
    marrow_items,
    marrow_settings,
    photon_scale,
    whole_body_integrals,
)
from dosimetry_core.second_opinion.record import EXACT, Opinion, Tree, activities, at, named_sources, organ_of_role

ByNuclide = Mapping[str, Mapping[str, float]]
"""Name → nuclide → value."""
CONVENTIONS = ("icrp-other", "total-body-difference", "soft-tissue")


def self_and_cross(
    results: Tree,
    cycle: Tree,
    name: str,
    nuclide: str,
    integral: float,
    sources: Mapping[str, float],
    *,
    itemised: bool = True,
) -> dict[str, float]:
    """Absorbed dose of a VOI by organ S values, by source; kidneys with the mass of all kidney VOIs.

    ``itemised``: from the sources that the record's items of the organ name; else from all that are known.
    """
    sex, voi = results["patient"]["sex"], cycle["vois"][name]
    organ = organ_of_role(voi["role"])
    members = [m for m, other in cycle["vois"].items() if organ_of_role(other["role"]) == organ]
    both = math.fsum(float(cycle["vois"][member]["mass_kg"]) for member in members)
    found = {"self": dose_formulas.self_dose(nuclide, sex, organ, integral / voi["mass_kg"] * both, both)}
    known = {source: value for source, value in sources.items() if source != "remainder" or value >= 0.0}
    for source, value in (named_sources(cycle, organ, sources) if itemised else known).items():
        if source != organ:
            found[source] = dose_formulas.cross_dose(nuclide, sex, organ, {source: value})
    return found


def check_beside(
    opinion: Opinion,
    results: Tree,
    index: int,
    cycle: Tree,
    integrals: ByNuclide,
    sources: ByNuclide,
    doses: ByNuclide,
) -> None:
    """Compare what the record states beside the doses of VOIs and marrow.

    Parameters
    ----------
    integrals, sources
        Own time-integrated activities of VOIs, and of source organs with the remainder.
    doses
        Own absorbed doses of VOIs.
    """
    given = activities(cycle)
    for name, own in doses.items():
        _voi, title = cycle["vois"][name], f"cycle {cycle['number']}, {name}"
        place: list[str | int] = ["cycles", index, "vois", name]
        opinion.add([*place, "absorbed_dose_gy", "total"], f"{title}: absorbed dose (Gy)", math.fsum(own.values()))
        for n, value in own.items():
            opinion.add(
                [*place, "absorbed_dose_per_administered_activity_gy_per_bq", n],
                f"{title}: absorbed dose of {n} per activity (Gy/Bq)",
                value / given[n],
            )
            for source, part in _by_source(results, cycle, name, n, integrals, sources, doses).items():
                opinion.add([*place, "contributions", source, n], f"{title}: dose of {n} from {source} (Gy)", part)
    for name in integrals:
        _cross_checks(opinion, results, index, cycle, name, integrals[name], sources)
        _with_enclosed(opinion, index, cycle, name, integrals, doses)
    for kind in ("vois", "organs"):
        for name, stated in cycle[kind].items():
            _check_totals(opinion, ["cycles", index, kind, name], stated, f"cycle {cycle['number']}, {name}")
            check_eqd2(opinion, results, ["cycles", index, kind, name], stated, f"cycle {cycle['number']}, {name}")
    for name, stated in cycle["organs"].items():
        for n, value in (stated.get("absorbed_dose_per_administered_activity_gy_per_bq") or {}).items():
            if value and at(stated, ["absorbed_dose_gy", n]) is not None:
                opinion.add(
                    ["cycles", index, "organs", name, "absorbed_dose_per_administered_activity_gy_per_bq", n],
                    f"cycle {cycle['number']}, {name}: absorbed dose of {n} per activity (Gy/Bq)",
                    float(stated["absorbed_dose_gy"][n]) / given[n],
                    relative=EXACT,
                )
    _marrow(opinion, results, index, cycle, integrals, sources)
    _curves_of_marrow(opinion, index, cycle)


def _check_totals(opinion: Opinion, place: list[str | int], stated: Tree, title: str) -> None:
    """Totals over the nuclides of contributions, cross-checks and the reading with enclosed VOIs."""
    tables: list[tuple[list[str | int], Tree]] = []
    for key in ("contributions", "cross_check_absorbed_dose_gy"):
        tables += [([key, name], table) for name, table in (stated.get(key) or {}).items()]
    if (enclosed := stated.get("with_enclosed_vois")) is not None:
        tables.append((["with_enclosed_vois", "absorbed_dose_gy"], enclosed["absorbed_dose_gy"]))
    for path, table in tables:
        parts = [float(value) for name, value in table.items() if name != "total"]
        what = str(path[-1]).replace("_", " ")
        opinion.add([*place, *path, "total"], f"{title}: {what}, total (Gy)", math.fsum(parts), relative=EXACT)


def _curves_of_marrow(opinion: Opinion, index: int, cycle: Tree) -> None:
    """Time integrals of the whole body and of blood."""
    for n, value in whole_body_integrals(cycle).items():
        opinion.add(
            ["cycles", index, "whole_body", n, "time_integrated_activity_bq_s"],
            f"cycle {cycle['number']}, whole body: time-integrated activity of {n} (Bq·s)",
            value,
        )
    for n, value in blood_integrals(cycle).items():
        opinion.add(
            ["cycles", index, "blood", "fit", n, "time_integral_bq_s_per_ml"],
            f"cycle {cycle['number']}, blood: time integral of {n} (Bq·s/mL)",
            value,
        )


def check_eqd2(opinion: Opinion, results: Tree, place: Sequence[str | int], stated: Tree, title: str) -> None:
    """EQD2 of a stated BED."""
    chosen = at(results, ["settings", "radiobiology"])
    if stated.get("bed_gy") is not None and chosen is not None:
        value = bed.eqd2_gy(float(stated["bed_gy"]), float(chosen["kidneys_alpha_beta_gy"]))
        opinion.add([*place, "eqd2_gy"], f"{title}: EQD2 (Gy)", value, relative=EXACT)


def _cross_checks(
    opinion: Opinion,
    results: Tree,
    index: int,
    cycle: Tree,
    name: str,
    integrals: Mapping[str, float],
    sources: ByNuclide,
) -> None:
    """The same dose by other engines."""
    voi = cycle["vois"][name]
    for engine in voi.get("cross_check_absorbed_dose_gy") or {}:
        if engine == "voxel-s-values":
            opinion.not_checked.append(f"cycle {cycle['number']}, {name}: dose by {engine}, beside the one in use")
            continue
        for n, integral in integrals.items():
            if engine == "local-deposition":
                value = dose_formulas.local_dose(n, integral, voi["mass_kg"])
            elif engine == "sphere":
                value = integral * dose_formulas.sphere_s_value(n, voi["mass_kg"], voi["density_g_per_ml"])
            else:
                here = {source: values[n] for source, values in sources.items() if n in values}
                value = math.fsum(self_and_cross(results, cycle, name, n, integral, here, itemised=False).values())
            opinion.add(
                ["cycles", index, "vois", name, "cross_check_absorbed_dose_gy", engine, n],
                f"cycle {cycle['number']}, {name}: dose of {n} by {engine} (Gy)",
                value,
            )


def _counted(cycle: Tree, name: str, nuclide: str, engine: str, integrals: ByNuclide, doses: ByNuclide) -> float:
    """Dose of a VOI within another: by that one's engine where it has it, else by its own, else by local deposition."""
    voi, integral = cycle["vois"][name], integrals[name][nuclide]
    beside = (voi.get("cross_check_absorbed_dose_gy") or {}).get(engine) or {}
    if voi.get("engine") != engine and nuclide in beside:
        if engine == "sphere":
            return integral * dose_formulas.sphere_s_value(nuclide, voi["mass_kg"], voi["density_g_per_ml"])
        if engine == "local-deposition":
            return dose_formulas.local_dose(nuclide, integral, voi["mass_kg"])
    own = doses.get(name, {}).get(nuclide)
    return dose_formulas.local_dose(nuclide, integral, voi["mass_kg"]) if own is None else own


def _with_enclosed(
    opinion: Opinion, index: int, cycle: Tree, name: str, integrals: ByNuclide, doses: ByNuclide
) -> None:
    """The reading with the VOIs inside: activities add, doses are weighted by mass."""
    stated = cycle["vois"][name].get("with_enclosed_vois")
    inside = (stated or {}).get("enclosed")
    if not inside or any(part not in integrals for part in inside) or name not in doses:
        return
    title = f"cycle {cycle['number']}, {name}"
    place: list[str | int] = ["cycles", index, "vois", name, "with_enclosed_vois"]
    for n, own in integrals[name].items():
        total = own + math.fsum(integrals[part][n] for part in inside)
        opinion.add(
            [*place, "time_integrated_activity_bq_s", n],
            f"{title} with what it encloses: time-integrated activity of {n} (Bq·s)",
            total,
        )
        if any(cycle["vois"][part].get("engine") == "voxel-s-values" for part in (name, *inside)):
            opinion.not_checked.append(f"{title} with what it encloses: dose of {n} by engine voxel-s-values")
            continue
        energy, mass = 0.0, 0.0
        for part in (name, *inside):
            kg = float(cycle["vois"][part]["mass_kg"])
            energy += kg * _counted(cycle, part, n, str(cycle["vois"][name]["engine"]), integrals, doses)
            mass += kg
        opinion.add([*place, "absorbed_dose_gy", n], f"{title} with what it encloses: dose of {n} (Gy)", energy / mass)


def _marrow(opinion: Opinion, results: Tree, index: int, cycle: Tree, integrals: ByNuclide, sources: ByNuclide) -> None:
    sex, title = results["patient"]["sex"], f"cycle {cycle['number']}, marrow"
    place: list[str | int] = ["cycles", index, "red_marrow"]
    lesions = [values for name, values in integrals.items() if cycle["vois"][name]["role"] == "lesion"]
    totals: dict[str, float] = {}
    items = marrow_items(results, cycle, sources)
    for n, parts in items.items():
        if at(cycle, ["red_marrow", n]) is None:
            continue
        ratio, _ = marrow_settings(results, cycle)
        opinion.add(
            [*place, n, "marrow_to_blood_ratio"], f"{title}: marrow-to-blood ratio of {n}", ratio, relative=EXACT
        )
        for source, value in parts.items():
            opinion.add([*place, n, "contributions_gy", source], f"{title}: {n} from {source} (Gy)", value)
            organ: list[str | int] = ["organs", "red_marrow", "contributions", source, n]
            if at(cycle, organ) is not None:
                opinion.add(["cycles", index, *organ], f"{title}, as an organ: {n} from {source} (Gy)", value)
        without = math.fsum(value for source, value in parts.items() if source != "remainder")
        rest = sources.get("remainder", {}).get(n)
        for convention in CONVENTIONS:
            s = dose_formulas.remainder_s_value(n, sex, convention, photon_scale(results))
            known: dict[str, Any] = {"total": without}
            if rest is not None and "remainder" in parts:
                known["total"] += rest * s
                known["remainder"] = rest * s
                known["lesions_within_remainder"] = math.fsum(values.get(n, 0.0) for values in lesions) * s
            for what, value in known.items():
                opinion.add(
                    [*place, n, "by_convention_gy", convention, what],
                    f"{title}: {n}, {what.replace('_', ' ')} by {convention} (Gy)",
                    value,
                )
            totals[convention] = totals.get(convention, 0.0) + known["total"]
    for convention, value in totals.items():
        opinion.add(
            ["cycles", index, "red_marrow_alternatives_gy", convention], f"{title}: dose by {convention} (Gy)", value
        )
    density = at(results, ["settings", "red_marrow", "marrow_density_g_per_ml"])
    for name, stated in (cycle.get("red_marrow_image_based_self_gy") or {}).items():
        own_parts = [float(value) for n, value in stated.items() if n != "total"]
        opinion.add(
            ["cycles", index, "red_marrow_image_based_self_gy", name, "total"],
            f"{title}: by {name}, total (Gy)",
            math.fsum(own_parts),
            relative=EXACT,
        )
        for n, integral in integrals.get(name, {}).items():
            if n not in stated or density is None:
                continue
            value = dose_formulas.marrow_self_dose(
                n, sex, integral / float(cycle["vois"][name]["volume_ml"]), float(density), 1.0
            )
            opinion.add(
                ["cycles", index, "red_marrow_image_based_self_gy", name, n], f"{title}: {n} by {name} (Gy)", value
            )


def _by_source(
    results: Tree,
    cycle: Tree,
    name: str,
    nuclide: str,
    integrals: ByNuclide,
    sources: ByNuclide,
    doses: ByNuclide,
) -> dict[str, float]:
    """Own absorbed dose of a VOI by source; engines other than organ S values know only its own activity."""
    if cycle["vois"][name]["engine"] != "organ-level":
        return {"self": doses[name][nuclide]}
    here = {source: values[nuclide] for source, values in sources.items() if nuclide in values}
    return self_and_cross(results, cycle, name, nuclide, integrals[name][nuclide], here)


def check_organ_items(
    opinion: Opinion,
    results: Tree,
    index: int,
    cycle: Tree,
    integrals: ByNuclide,
    sources: ByNuclide,
    doses: ByNuclide,
) -> None:
    """Contributions to kidneys, liver and spleen by source: means over their VOIs by mass."""
    for organ in ORGANS:
        stated = at(cycle, ["organs", organ, "contributions"]) or {}
        members = [name for name, voi in cycle["vois"].items() if organ_of_role(voi["role"]) == organ]
        if not members or any(name not in doses for name in members):
            continue
        masses = {name: float(cycle["vois"][name]["mass_kg"]) for name in members}
        for source, by_nuclide in stated.items():
            for n in by_nuclide:
                if n == "total" or any(n not in doses[name] for name in members):
                    continue
                parts = {name: _by_source(results, cycle, name, n, integrals, sources, doses) for name in members}
                if any(source not in found for found in parts.values()):
                    continue
                value = math.fsum(masses[name] * parts[name][source] for name in members)
                opinion.add(
                    ["cycles", index, "organs", organ, "contributions", source, n],
                    f"cycle {cycle['number']}, {organ}: dose of {n} from {source} (Gy)",
                    value / math.fsum(masses.values()),
                )
