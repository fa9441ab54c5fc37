"""One cycle again: time-integrated activities and absorbed doses of VOIs and organs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from dosimetry_core.second_opinion import bed
from dosimetry_core.second_opinion import doses as dose_formulas
from dosimetry_core.second_opinion.beside import check_beside, check_organ_items, self_and_cross
from dosimetry_core.second_opinion.doses import ORGANS, decay_constant
from dosimetry_core.second_opinion.fits import CannotRecompute, fit_data, own_integral, own_rate
from dosimetry_core.second_opinion.marrow import marrow_doses, remainder_integrals
from dosimetry_core.second_opinion.record import (
    EXACT,
    Opinion,
    Tree,
    activities,
    at,
    bed_limited_organs,
    limited_organs,
    organ_of_role,
    time_zeros,
)

_Rates = dict[str, dict[str, tuple[bed.Rate, float]]]
"""VOI → nuclide → its curve in any unit, from its own time zero, and the slowest rate constant in it."""
HalfLives = dict[tuple[str, str], float]
"""Own effective half-life in s of each VOI and nuclide, of the latest cycle that measured it through several scans."""


def measured_doses(
    opinion: Opinion, results: Tree, index: int, cycle: Tree, half_lives: HalfLives
) -> dict[str, dict[str, float]]:
    """Own doses by nuclide of the organs that were measured in a cycle; ``half_lives`` are brought up to date."""
    rates: _Rates = {}
    integrals = _voi_integrals(opinion, results, index, cycle, half_lives, rates)
    by_voi: dict[str, dict[str, float]] = {}
    organs: dict[str, dict[str, float]] = {}
    sources = _sources(cycle, integrals)
    remainder = remainder_integrals(results, cycle, sources)
    if remainder:
        sources["remainder"] = remainder
    for name in activities(cycle):
        here = {source: values[name] for source, values in sources.items() if name in values}
        own = _voi_doses(opinion, results, index, cycle, name, integrals, here)
        for voi, value in own.items():
            by_voi.setdefault(voi, {})[name] = value
        for organ in ORGANS:
            parts = [part for part, voi in cycle["vois"].items() if organ_of_role(voi["role"]) == organ]
            if parts and all(part in own for part in parts):
                masses = [cycle["vois"][part]["mass_kg"] for part in parts]
                energy = math.fsum(own[part] * mass for part, mass in zip(parts, masses, strict=True))
                organs.setdefault(organ, {})[name] = energy / math.fsum(masses)
    _check_bed(opinion, results, index, cycle, rates, by_voi)
    check_beside(opinion, results, index, cycle, integrals, sources, by_voi)
    check_organ_items(opinion, results, index, cycle, integrals, sources, by_voi)
    for name, value in marrow_doses(results, cycle, sources).items():
        organs.setdefault("red_marrow", {})[name] = value
    return organs


def _check_bed(
    opinion: Opinion, results: Tree, index: int, cycle: Tree, rates: _Rates, by_voi: Mapping[str, Mapping[str, float]]
) -> None:
    """BED of every VOI that has one, and of the organ they make up: the mean by mass."""
    zeros = time_zeros(cycle)
    chosen = at(results, ["settings", "radiobiology"])
    parts: dict[str, list[tuple[float, float]]] = {}
    tables: dict[str, list[tuple[float, Mapping[str, float], Mapping[str, Mapping[str, float]]]]] = {}
    for name, voi in cycle["vois"].items():
        organ = organ_of_role(voi["role"])
        if voi.get("bed_gy") is None:
            continue
        here = rates.get(name, {})
        if organ != "kidneys" or chosen is None or set(here) != set(by_voi.get(name, {})) or not here:
            text = f"cycle {cycle['number']}, {name}: BED"
            limited = organ in bed_limited_organs(results)
            (opinion.blocking if limited else opinion.not_checked).append(text)
            continue
        start = min(zeros[n] for n in here)
        own = bed.protraction_per_gy(
            {n: rate for n, (rate, _) in here.items()},
            start_s={n: (zeros[n] - start).total_seconds() for n in here},
            slowest_per_s={n: slowest for n, (_, slowest) in here.items()},
            alpha_beta_gy=float(chosen["kidneys_alpha_beta_gy"]),
            repair_half_life_s=float(chosen["kidneys_repair_half_life_s"]),
        )
        place = ["cycles", index, "vois", name]
        for n, row in own.items():
            for m, value in row.items():
                opinion.add(
                    [*place, "radiobiology", "protraction_per_gy", n, m],
                    f"cycle {cycle['number']}, {name}: protraction of {n} with {m} (1/Gy)",
                    value,
                )
        value = bed.bed_gy(by_voi[name], own)
        opinion.add([*place, "bed_gy"], f"cycle {cycle['number']}, {name}: BED (Gy)", value)
        parts.setdefault(organ, []).append((float(voi["mass_kg"]), value))
        tables.setdefault(organ, []).append((float(voi["mass_kg"]), by_voi[name], own))
    for organ, values in parts.items():
        members = [voi for voi in cycle["vois"].values() if organ_of_role(voi["role"]) == organ]
        if at(cycle, ["organs", organ, "bed_gy"]) is not None and len(values) == len(members):
            opinion.add(
                ["cycles", index, "organs", organ, "bed_gy"],
                f"cycle {cycle['number']}, {organ}: BED (Gy)",
                math.fsum(mass * value for mass, value in values) / math.fsum(mass for mass, _ in values),
            )
            if not at(cycle, ["organs", organ, "bed_estimated"]):
                _organ_protraction(opinion, index, cycle, organ, tables[organ])


def _organ_protraction(
    opinion: Opinion,
    index: int,
    cycle: Tree,
    organ: str,
    parts: Sequence[tuple[float, Mapping[str, float], Mapping[str, Mapping[str, float]]]],
) -> None:
    """Coefficients that give the organ's BED from its doses: parts by mass, doses and their own coefficients."""
    whole = math.fsum(mass for mass, _, _ in parts)
    mean = {n: math.fsum(mass * doses[n] for mass, doses, _ in parts) / whole for n in parts[0][1]}
    for n in mean:
        for m in mean:
            value = math.fsum(mass * table[n][m] * doses[n] * doses[m] for mass, doses, table in parts)
            opinion.add(
                ["cycles", index, "organs", organ, "radiobiology", "protraction_per_gy", n, m],
                f"cycle {cycle['number']}, {organ}: protraction of {n} with {m} (1/Gy)",
                value / (whole * mean[n] * mean[m]),
            )


def organ_doses(
    opinion: Opinion, results: Tree, index: int, cycle: Tree, measured: Sequence[dict[str, dict[str, float]]]
) -> dict[str, dict[str, float]]:
    """Own organ doses of a cycle by nuclide, what was entered or taken over from other cycles included.

    ``measured``: of all cycles, from `measured_doses`.
    """
    organs = {organ: dict(doses) for organ, doses in measured[index].items()}
    for organ, stated in cycle["organs"].items():
        _organ(opinion, results, index, cycle, organ, stated, organs, measured)
    return organs


def _voi_integrals(
    opinion: Opinion, results: Tree, index: int, cycle: Tree, half_lives: HalfLives, rates: _Rates
) -> dict[str, dict[str, float]]:
    """Own time-integrated activity of every VOI and nuclide; their curves are added to ``rates``."""
    zeros, given = time_zeros(cycle), activities(cycle)
    first = zeros[cycle["administrations"][0]["nuclide"]] if zeros else None
    integrals: dict[str, dict[str, float]] = {}
    now: HalfLives = {}
    for name, voi in cycle["vois"].items():
        fits = voi.get("fit") or {}
        if voi.get("mass_kg") is not None:
            kg = float(voi["volume_ml"]) * float(voi["density_g_per_ml"]) / dose_formulas.GRAMS_PER_KG
            title = f"cycle {cycle['number']}, {name}: mass (kg)"
            opinion.add(["cycles", index, "vois", name, "mass_kg"], title, kg, relative=EXACT)
        measured = next((n for n, fit in fits.items() if not fit.get("derived_from")), None)
        if measured is None or first is None:
            continue
        fit, rate = fits[measured], decay_constant(measured)
        data = fit_data(
            cycle,
            voi,
            measured,
            shift_s=(first - zeros[measured]).total_seconds(),
            weights=results["settings"]["fit"]["weights"],
            decay_constant=rate,
            region=organ_of_role(voi["role"]),
            earlier_half_life_s=half_lives.get((name, measured)),
        )
        try:
            integral, half_life = own_integral(data, fit)
        except CannotRecompute as reason:
            opinion.blocking.append(f"cycle {cycle['number']}, {name}: {reason}")
            continue
        if half_life is not None and not fit.get("single_time_point"):
            now[name, measured] = half_life
        own: dict[str, float] = {}
        for nuclide in fits:
            change, factor = decay_constant(nuclide) - rate, given[nuclide] / given[measured]
            own[nuclide] = integral(factor, change, decay_constant(nuclide))
            rates.setdefault(name, {})[nuclide] = own_rate(data, fit, change, decay_constant(nuclide))
            opinion.add(
                ["cycles", index, "vois", name, "fit", nuclide, "time_integrated_activity_bq_s"],
                f"cycle {cycle['number']}, {name}: time-integrated activity of {nuclide} (Bq·s)",
                own[nuclide],
            )
            opinion.add(
                ["cycles", index, "vois", name, "fit", nuclide, "effective_half_life_s"],
                f"cycle {cycle['number']}, {name}: effective half-life of {nuclide} (s)",
                math.log(2.0) / rates[name][nuclide][1],
            )
        integrals[name] = own
    half_lives.update(now)
    return integrals


def _sources(cycle: Tree, integrals: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Own time-integrated activity of the source organs: all VOIs of their role, or the organ is left out."""
    sources: dict[str, dict[str, float]] = {}
    for organ in ORGANS:
        members = [name for name, voi in cycle["vois"].items() if organ_of_role(voi["role"]) == organ]
        if not members or any(not integrals.get(name) for name in members):
            continue
        for nuclide in integrals[members[0]]:
            sources.setdefault(organ, {})[nuclide] = math.fsum(integrals[name][nuclide] for name in members)
    return sources


def _voi_doses(
    opinion: Opinion,
    results: Tree,
    index: int,
    cycle: Tree,
    nuclide: str,
    integrals: Mapping[str, Mapping[str, float]],
    sources: Mapping[str, float],
) -> dict[str, float]:
    """Own absorbed dose of one nuclide to every VOI."""
    doses: dict[str, float] = {}
    for name, own in integrals.items():
        voi = cycle["vois"][name]
        stated = voi.get("absorbed_dose_gy")
        if stated is None or nuclide not in stated or nuclide not in own:
            continue
        role, mass, engine = voi["role"], voi["mass_kg"], voi.get("engine")
        organ = organ_of_role(role)
        if engine == "organ-level" and organ in ORGANS:
            value = math.fsum(self_and_cross(results, cycle, name, nuclide, own[nuclide], sources).values())
        elif engine == "sphere":
            try:
                s = dose_formulas.sphere_s_value(nuclide, mass, voi["density_g_per_ml"])
            except ValueError as error:
                opinion.not_checked.append(f"cycle {cycle['number']}, {name}: {error}")
                continue
            value = own[nuclide] * s
        elif engine == "local-deposition":
            value = dose_formulas.local_dose(nuclide, own[nuclide], mass)
        else:
            opinion.not_checked.append(f"cycle {cycle['number']}, {name}: engine {engine}")
            continue
        doses[name] = value
        opinion.add(
            ["cycles", index, "vois", name, "absorbed_dose_gy", nuclide],
            f"cycle {cycle['number']}, {name}: absorbed dose of {nuclide} (Gy)",
            value,
        )
    return doses


def _organ(
    opinion: Opinion,
    results: Tree,
    index: int,
    cycle: Tree,
    organ: str,
    stated: Tree,
    organs: dict[str, dict[str, float]],
    measured: Sequence[dict[str, dict[str, float]]],
) -> None:
    given = activities(cycle)
    for name, activity in given.items():
        if name not in stated["absorbed_dose_gy"]:
            continue
        if name not in organs.get(organ, {}):
            value = _taken_over(results, index, organ, name, activity, measured)
            if value is None:
                text = f"cycle {cycle['number']}, {organ}: absorbed dose of {name}"
                limited = limited_organs(results)
                (opinion.blocking if organ in limited else opinion.not_checked).append(text)
                value = float(stated["absorbed_dose_gy"][name])
            organs.setdefault(organ, {})[name] = value
        opinion.add(
            ["cycles", index, "organs", organ, "absorbed_dose_gy", name],
            f"cycle {cycle['number']}, {organ}: absorbed dose of {name} (Gy)",
            organs[organ][name],
        )
    if organ in organs:
        opinion.add(
            ["cycles", index, "organs", organ, "absorbed_dose_gy", "total"],
            f"cycle {cycle['number']}, {organ}: absorbed dose (Gy)",
            math.fsum(organs[organ].values()),
        )


def _taken_over(
    results: Tree,
    index: int,
    organ: str,
    nuclide: str,
    activity: float,
    measured: Sequence[dict[str, dict[str, float]]],
) -> float | None:
    """Dose of an entered value, or of the nearest measured cycle's scaled by activity: the last before, else the first
    after."""
    entered = _entered_per_activity(results["cycles"][index], organ, nuclide)
    if entered is not None:
        return entered * activity
    if not results["cycles"][index]["organs"][organ].get("estimated"):
        return None
    for number in [*range(index - 1, -1, -1), *range(index + 1, len(measured))]:
        other = results["cycles"][number]
        own, given = measured[number].get(organ, {}).get(nuclide), activities(other).get(nuclide)
        if own is not None and given:
            return float(own / given * activity)
        entered = _entered_per_activity(other, organ, nuclide)
        if entered is not None:
            return entered * activity
    return None


def _entered_per_activity(cycle: Tree, organ: str, nuclide: str) -> float | None:
    entered = at(cycle, ["entered", organ, nuclide])
    stated = at(cycle, ["organs", organ]) or {}
    if entered is None and stated.get("origin") == "entered":
        entered = at(stated, ["absorbed_dose_per_administered_activity_gy_per_bq", nuclide])
    return None if entered is None else float(entered)
