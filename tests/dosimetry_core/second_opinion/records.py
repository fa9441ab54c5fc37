"""Records as results.json has them, computed by the program's own kinetics, dose and planning from made-up courses."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from dosimetry_core.dose.local_deposition import electron_absorbed_dose_gy
from dosimetry_core.dose.organ_level import KidneySide, kidney_absorbed_doses, organ_absorbed_dose
from dosimetry_core.dose.red_marrow import (
    MarrowSource,
    blood_time_integrated_activity_bq_s_per_kg,
    marrow_time_integrated_activity_bq_s,
    red_marrow_absorbed_dose,
)
from dosimetry_core.dose.sphere import sphere_absorbed_dose_gy
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.blood import fit_blood_curve, second_nuclide_blood_fit
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.kinetics.whole_body import fit_whole_body
from dosimetry_core.planning.next_cycle import DeliveredCycle, DeliveredOrganDose, plan_next_cycle
from dosimetry_core.planning.protocol import Protocol, read_protocol
from dosimetry_core.uncertainty import RelativeUncertainty
from dosimetry_core.units import GRAM_PER_KG, HOUR, MINUTE

LU, Y = "Lu-177", "Y-90"
SCANS_H = (4.0, 24.0, 48.0, 192.0)
INFUSION_S = MINUTE.to_core(30.0)
_EXACT = RelativeUncertainty(0.0, 0.0)

# role, mass in g, uptake per administered activity, effective half-life in h
VOIS = {
    "Kidney L": ("kidney_left", 172.0, 0.016, 50.0),
    "Kidney R": ("kidney_right", 158.0, 0.014, 53.0),
    "Liver": ("liver", 1700.0, 0.07, 66.0),
    "Spleen": ("spleen", 190.0, 0.03, 60.0),
    "Lesion 1": ("lesion", 24.0, 0.01, 90.0),
    "Lesion 2": ("lesion", 3.1, 0.002, 80.0),
}
BODY_MASS_KG = 68.0


def _points(rng: random.Random, model: str, activity_bq: float, uptake: float, half_life_h: float) -> np.ndarray:
    times = np.array(SCANS_H)
    rate = np.log(2) / (half_life_h * rng.uniform(0.9, 1.1))
    shape = np.exp(-rate * times)
    if model != "mono-exponential":
        shape = shape - 0.9 * np.exp(-times * np.log(2) / rng.uniform(1.0, 3.0))
    noise = np.array([rng.gauss(1.0, 0.02) for _ in times])
    return activity_bq * uptake * rng.uniform(0.7, 1.4) * shape * noise


def _fit_tree(fit: FitResult) -> dict[str, Any]:
    return {
        "model": fit.model,
        "parameters": dict(fit.parameters),
        "time_integrated_activity_bq_s": fit.time_integrated_activity_bq_s,
        "derived_from": fit.derived_from,
        "included": fit.curve.mask.tolist(),
    }


def _curve_tree(fit: FitResult) -> dict[str, Any]:
    curve = fit.curve
    return {
        "curve": {
            "nuclide": curve.nuclide,
            "times_s": curve.times_s.tolist(),
            "activity_bq": curve.activity_bq.tolist(),
            "included": curve.mask.tolist(),
        },
        "derived_from": fit.derived_from,
    }


def _with_total(doses: dict[str, float]) -> dict[str, float]:
    return {**doses, "total": sum(doses.values())}


def _both(fit: FitResult, given: dict[str, float]) -> dict[str, FitResult]:
    fits = {LU: fit}
    if Y in given:
        fits[Y] = second_nuclide_fit(fit, to_nuclide=Y, administered_from_bq=given[LU], administered_to_bq=given[Y])
    return fits


def imaged_cycle(
    rng: random.Random, number: int, given: dict[str, float], *, sex: str, model: str, weights: str
) -> dict[str, Any]:
    """A cycle measured with four SPECT/CT and five blood samples."""
    start = datetime(2025, 3, 3, 10, 30, tzinfo=UTC) + timedelta(days=56 * (number - 1))
    times_s = np.array([HOUR.to_core(t) for t in SCANS_H])
    fits: dict[str, dict[str, FitResult]] = {}
    for name, (_, _, uptake, half_life_h) in VOIS.items():
        activity_bq = _points(rng, model, given[LU], uptake, half_life_h)
        curve = TimeActivityCurve(times_s, activity_bq, LU, 0.02 * activity_bq)
        fits[name] = _both(fit_curve(curve, model=model, weights=weights), given)  # type: ignore[arg-type]
    masses = {name: mass_g / GRAM_PER_KG * rng.uniform(0.8, 1.2) for name, (_, mass_g, _, _) in VOIS.items()}
    body = np.array([given[LU] * share for share in (0.75, 0.42, 0.27, 0.05)])
    whole = _both(
        fit_whole_body(TimeActivityCurve(times_s, body, LU), administered_activity_bq=given[LU], method="measured"),
        given,
    )
    sampled_s = np.array([MINUTE.to_core(m) for m in (5.0, 10.0, 40.0, 240.0, 1440.0)])
    concentration = np.array([358.7e3, 328.7e3, 201.5e3, 48.4e3, 10.8e3]) * given[LU] / 7.4e9
    concentration = concentration * np.array([rng.gauss(1.0, 0.02) for _ in sampled_s])
    blood = {
        LU: fit_blood_curve(
            sampled_s,
            concentration,
            nuclide_name=LU,
            infusion_s=INFUSION_S,
            whole_body_effective_half_life_s=whole[LU].effective_half_life_s,
        )
    }
    if Y in given:
        blood[Y] = second_nuclide_blood_fit(
            blood[LU],
            to_nuclide=Y,
            administered_from_bq=given[LU],
            administered_to_bq=given[Y],
            infusion_s=INFUSION_S,
            identity_relative_standard_uncertainty=0.1,
        )
    doses: dict[str, dict[str, float]] = {name: {} for name in VOIS}
    organs: dict[str, dict[str, Any]] = {}
    for nuclide in given:
        integral = {name: fit[nuclide].time_integrated_activity_bq_s for name, fit in fits.items()}
        sources = {
            "kidneys": integral["Kidney L"] + integral["Kidney R"],
            "liver": integral["Liver"],
            "spleen": integral["Spleen"],
        }
        per_kg = blood_time_integrated_activity_bq_s_per_kg(
            blood[nuclide].time_integral_bq_s_per_ml, blood_density_g_per_ml=1.06
        )
        marrow = marrow_time_integrated_activity_bq_s(per_kg, marrow_to_blood_ratio=1.0, sex=sex)  # type: ignore[arg-type]
        rest = whole[nuclide].time_integrated_activity_bq_s - sum(sources.values()) - marrow
        others = sources | {"remainder": rest}
        kidneys = kidney_absorbed_doses(
            nuclide,
            sex,  # type: ignore[arg-type]
            {name: KidneySide(integral[name], masses[name]) for name in ("Kidney L", "Kidney R")},
            other_time_integrated_activities_bq_s={k: v for k, v in others.items() if k != "kidneys"},
        )
        items = {"kidneys": dict(kidneys.both.contributions_gy)}
        for name, side in kidneys.sides.items():
            doses[name][nuclide] = side.absorbed_dose_gy
        for name, organ in (("Liver", "liver"), ("Spleen", "spleen")):
            dose = organ_absorbed_dose(
                nuclide,
                sex,  # type: ignore[arg-type]
                organ,  # type: ignore[arg-type]
                mass_kg=masses[name],
                time_integrated_activities_bq_s=others,
            )
            doses[name][nuclide] = dose.absorbed_dose_gy
            items[organ] = dict(dose.contributions_gy)
        doses["Lesion 1"][nuclide] = sphere_absorbed_dose_gy(
            nuclide, integral["Lesion 1"], mass_kg=masses["Lesion 1"], density_g_per_ml=1.04
        )
        doses["Lesion 2"][nuclide] = electron_absorbed_dose_gy(
            nuclide, integral["Lesion 2"], mass_kg=masses["Lesion 2"]
        )
        red = red_marrow_absorbed_dose(
            nuclide,
            sex,  # type: ignore[arg-type]
            blood=MarrowSource(blood[nuclide].time_integral_bq_s_per_ml, _EXACT),
            organs={organ: MarrowSource(value, _EXACT) for organ, value in sources.items()},
            remainder=MarrowSource(rest, _EXACT),
            blood_density_g_per_ml=1.06,
            marrow_to_blood_ratio=1.0,
            rest_of_body="icrp-other",
            body_mass_kg=BODY_MASS_KG,
            scale_remainder_by_body_mass=True,
        )
        items["red_marrow"] = dict(red.contributions_gy)
        for organ, parts in items.items():
            tree = organs.setdefault(organ, {"absorbed_dose_gy": {}, "contributions": {}, "estimated": False})
            tree["absorbed_dose_gy"][nuclide] = sum(parts.values())
            for source, dose in parts.items():
                tree["contributions"].setdefault(source, {})[nuclide] = dose
    for tree in organs.values():
        tree["absorbed_dose_gy"] = _with_total(tree["absorbed_dose_gy"])
        tree["origin"] = "measured"
    return {
        "number": number,
        "administrations": [
            {"nuclide": n, "administered_activity_bq": a, "start": start.isoformat(), "infusion_s": INFUSION_S}
            for n, a in given.items()
        ],
        "time_points": [{"time_after_administration_s": float(t)} for t in times_s],
        "vois": {
            name: {
                "role": role,
                "mass_kg": masses[name],
                "density_g_per_ml": 1.04 if role == "lesion" else 1.05,
                "activity_bq": {n: fit.curve.activity_bq.tolist() for n, fit in fits[name].items()},
                "fit": {n: _fit_tree(fit) for n, fit in fits[name].items()},
                "absorbed_dose_gy": _with_total(doses[name]),
                "engine": {"Lesion 1": "sphere", "Lesion 2": "local-deposition"}.get(name, "organ-level"),
            }
            for name, (role, _, _, _) in VOIS.items()
        },
        "organs": organs,
        "whole_body": {n: _curve_tree(fit) for n, fit in whole.items()},
        "blood": {
            "samples": [
                {
                    "time_after_administration_s": float(t) + INFUSION_S / 2,
                    "activity_concentration_bq_per_ml": {LU: float(c)},
                }
                for t, c in zip(sampled_s, concentration, strict=True)
            ],
            "fit": {
                n: {
                    "terms": [
                        {
                            "amplitude_bq_per_ml": term.amplitude_bq_per_ml,
                            "decay_constant_per_s": term.decay_constant_per_s,
                        }
                        for term in fit.terms
                    ],
                    "slowest_effective_half_life_s": fit.slowest_effective_half_life_s,
                    "derived_from": fit.derived_from,
                }
                for n, fit in blood.items()
            },
        },
        "safety": {"stop_criteria_met": []},
    }


def delivered(cycle: dict[str, Any]) -> DeliveredCycle:
    given = {a["nuclide"]: a["administered_activity_bq"] for a in cycle["administrations"]}
    organs = {}
    for organ in ("kidneys", "red_marrow"):
        dose = {n: v for n, v in cycle["organs"][organ]["absorbed_dose_gy"].items() if n != "total"}
        organs[organ] = DeliveredOrganDose(
            FrozenMap(dose), FrozenMap({n: v / given[n] for n, v in dose.items()}), 0.05, 0.05
        )
    return DeliveredCycle(cycle["number"], FrozenMap(given), FrozenMap(organs))


def with_course_and_plan(
    cycles: list[dict[str, Any]], protocol: Protocol, *, sex: str, weights: str, prior: dict[str, float]
) -> dict[str, Any]:
    """The record of these cycles, planned."""
    plan = plan_next_cycle(protocol, [delivered(c) for c in cycles], prior_absorbed_dose_gy=prior)
    return {
        "patient": {"sex": sex, "weight_kg": BODY_MASS_KG},
        "settings": {
            "fit": {"weights": weights},
            "red_marrow": {
                "rest_of_body": "icrp-other",
                "marrow_to_blood_ratio": 1.0,
                "blood_density_g_per_ml": 1.06,
                "scale_remainder_by_body_mass": True,
            },
        },
        "protocol": protocol.to_json(),
        "cycles": cycles,
        "course": {
            "planned_cycles": protocol.cycles,
            "prior_absorbed_dose_gy": prior,
            "organs": {
                organ: {
                    "absorbed_dose_gy": prior.get(organ, 0.0)
                    + sum(c["organs"][organ]["absorbed_dose_gy"]["total"] for c in cycles)
                }
                for organ in cycles[0]["organs"]
            },
            "vois": {
                name: {"absorbed_dose_gy": sum(c["vois"][name]["absorbed_dose_gy"]["total"] for c in cycles)}
                for name in VOIS
            },
        },
        "plan": plan.to_json(),
    }


def course(
    seed: int,
    *,
    protocol: str = "duonen-b",
    model: str = "mono-exponential",
    weights: str = "proportional",
    cycles: int = 2,
) -> dict[str, Any]:
    """A course of imaged cycles under a bundled protocol."""
    rng = random.Random(seed)
    sex = rng.choice("FM")
    rules = read_protocol(protocol)
    given = {n.name: n.standard_activity_bq for n in rules.nuclides}
    if LU not in given:
        given = {LU: 7.4e9} | given
    made = [
        imaged_cycle(
            rng,
            number,
            {n: a * rng.uniform(0.95, 1.05) for n, a in given.items()},
            sex=sex,
            model=model,
            weights=weights,
        )
        for number in range(1, cycles + 1)
    ]
    return with_course_and_plan(made, rules, sex=sex, weights=weights, prior={"kidneys": rng.choice([0.0, 1.5])})
