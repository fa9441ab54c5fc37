"""Oracles of planning, safety and receptor imaging, mapped to production functions; units are converted here only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from dosimetry_core.case import LaboratoryLimit, LaboratoryResult, Patient
from dosimetry_core.followup import receptor_imaging
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.planning import plausibility, published
from dosimetry_core.planning.next_cycle import (
    DeliveredCycle,
    DeliveredOrganDose,
    NextCyclePlan,
    allowed_activity_bq,
    plan_next_cycle,
)
from dosimetry_core.planning.protocol import LimitKey, Predictor, Protocol, read_protocol
from dosimetry_core.planning.risk import probability_limited_activity_bq, probability_of_exceeding
from dosimetry_core.safety.assessment import assess, assess_entry
from dosimetry_core.safety.ctcae import ctcae_grade
from dosimetry_core.safety.performance import ecog_from_karnofsky
from dosimetry_core.safety.renal import creatinine_umol_per_l_from_mg_per_dl, egfr_ckd_epi_2021_ml_per_min_per_1_73m2
from dosimetry_core.safety.rules import Observation, read_rules
from dosimetry_core.units import GIGABECQUEREL as GBQ
from dosimetry_core.units import GRAY_PER_GIGABECQUEREL as GY_PER_GBQ
from dosimetry_core.units import KILOBECQUEREL_PER_ML, MEGABECQUEREL, MINUTE

LU, Y = "Lu-177", "Y-90"
_DAY = date(2025, 3, 1)
_PATIENT = Patient("ORACLE", "Oracle^Case", "F", "Europe/Warsaw")


def _cycle(number: int, activities_gbq: dict[str, float], gy_per_gbq: dict[str, dict[str, float]]) -> DeliveredCycle:
    activities = {name: GBQ.to_core(value) for name, value in activities_gbq.items()}
    organs = {}
    for organ, values in gy_per_gbq.items():
        per_activity = {name: GY_PER_GBQ.to_core(value) for name, value in values.items()}
        doses = {name: per_activity[name] * activity for name, activity in activities.items()}
        organs[organ] = DeliveredOrganDose(FrozenMap(doses), FrozenMap(per_activity))
    return DeliveredCycle(number, FrozenMap(activities), FrozenMap(organs))


def _tandem(inputs: dict[str, Any]) -> dict[str, dict[str, float]]:
    d = inputs["Gy_per_GBq"]
    organs = {"kidneys": {LU: d["kL"]}, "red_marrow": {LU: d["mL"]}}
    if "kY" in d:
        organs["kidneys"][Y] = d["kY"]
        organs["red_marrow"][Y] = d["mY"]
    return organs


def _with_limits(protocol: Protocol, inputs: dict[str, Any]) -> Protocol:
    limits: dict[LimitKey, float] = {"kidneys": inputs["kidney_total_Gy"]}
    limits["red_marrow_per_cycle"] = inputs["marrow_cycle_Gy"]
    limits["red_marrow_total"] = inputs["marrow_total_Gy"]
    step = GBQ.to_core(inputs.get("step_GBq", 0.05))
    return replace(protocol, limits_gy=FrozenMap(limits), rounding_step_bq=step)


def _arm_a(inputs: dict[str, Any]) -> dict[str, Any]:
    protocol = _with_limits(read_protocol("duonen-a"), inputs)
    delivered: list[DeliveredCycle] = []
    cumulative: list[float] = []
    plans: list[NextCyclePlan] = []
    for number, kidney in enumerate(inputs["kidney_Gy_per_GBq"], start=1):
        doses = {"kidneys": {LU: kidney}, "red_marrow": {LU: inputs["marrow_Gy_per_GBq"]}}
        delivered.append(_cycle(number, {LU: inputs["fixed_Lu_GBq"]}, doses))
        plans.append(plan_next_cycle(protocol, delivered, planned_cycles=number))
        cumulative.append(plans[-1].forecast.predicted["kidneys"].course_gy)
    proposals = [plan_next_cycle(protocol, delivered[:count]) for count in range(1, inputs["cycles"])]
    return {
        "cumulative_kidney_Gy": cumulative,
        "cumulative_marrow_Gy": plans[-1].forecast.predicted["red_marrow"].course_gy,
        "activity_never_changes": {p.activities_bq[LU] for p in proposals} == {GBQ.to_core(inputs["fixed_Lu_GBq"])},
        "warn": any(not p.feasible for p in proposals),
    }


def _tandem_plan(name: str, inputs: dict[str, Any]) -> NextCyclePlan:
    protocol = _with_limits(read_protocol(name), inputs)
    first = inputs["cycle1_GBq"]
    given = {LU: first} if isinstance(first, float) else {LU: first["Lu"], Y: first["Y"]}
    return plan_next_cycle(protocol, [_cycle(1, given, _tandem(inputs))], planned_cycles=inputs["cycles"])


def _after_first(name: str, inputs: dict[str, Any]) -> NextCyclePlan:
    """The plan of a course of one cycle: what has been delivered so far."""
    return _tandem_plan(name, inputs | {"cycles": 1})


def _arm_b(inputs: dict[str, Any]) -> dict[str, Any]:
    plan, so_far = _tandem_plan("duonen-b", inputs), _after_first("duonen-b", inputs)
    return {
        "kidney_after_1_Gy": so_far.forecast.predicted["kidneys"].course_gy,
        "marrow_after_1_Gy": so_far.forecast.predicted["red_marrow"].course_gy,
        "kidney_allocation_Gy": plan.allocation_gy["kidneys"],
        "marrow_allocation_Gy": plan.allocation_gy["red_marrow"],
        "Y_unrounded_GBq": GBQ.from_core(plan.unrounded_activities_bq[Y]),
        "Y_next_GBq": GBQ.from_core(plan.activities_bq[Y]),
        "Lu_next_GBq": GBQ.from_core(plan.activities_bq[LU]),
        "limiting": {"kidneys": "kidney"}.get(plan.limiting, plan.limiting),
        "predicted_total_kidney_Gy": plan.forecast.predicted["kidneys"].course_gy,
    }


def _arm_c(inputs: dict[str, Any]) -> dict[str, Any]:
    plan = _tandem_plan("duonen-c", inputs)
    return {
        "kidney_allocation_Gy": plan.allocation_gy["kidneys"],
        "Lu_unrounded_GBq": GBQ.from_core(plan.unrounded_activities_bq[LU]),
        "Lu_next_GBq": GBQ.from_core(plan.activities_bq[LU]),
        "Y_next_GBq": GBQ.from_core(plan.activities_bq[Y]),
        "predicted_total_kidney_Gy": plan.forecast.predicted["kidneys"].course_gy,
    }


def _arm_d(inputs: dict[str, Any]) -> dict[str, Any]:
    plan, so_far = _tandem_plan("duonen-d", inputs), _after_first("duonen-d", inputs)
    protocol = _with_limits(read_protocol("duonen-d"), inputs)
    capped = replace(protocol, nuclides=(replace(protocol.nuclides[0], activity_cap_bq=GBQ.to_core(11.1)),))
    delivered = [_cycle(1, {LU: inputs["cycle1_GBq"]}, _tandem(inputs))]
    with_cap = plan_next_cycle(capped, delivered, planned_cycles=inputs["cycles"])
    return {
        "kidney_after_1_Gy": so_far.forecast.predicted["kidneys"].course_gy,
        "kidney_allocation_Gy": plan.allocation_gy["kidneys"],
        "marrow_allocation_Gy": plan.allocation_gy["red_marrow"],
        "Lu_unrounded_GBq": GBQ.from_core(plan.unrounded_activities_bq[LU]),
        "Lu_next_GBq": GBQ.from_core(plan.activities_bq[LU]),
        "with_cap_11.1_GBq": GBQ.from_core(with_cap.activities_bq[LU]),
        "limiting": {"kidneys": "kidney"}.get(plan.limiting, plan.limiting),
    }


def _predictors(inputs: dict[str, Any]) -> dict[str, Any]:
    delivered = [
        _cycle(number, {LU: activity}, {"kidneys": {LU: value}})
        for number, (activity, value) in enumerate(
            zip(inputs["activities_GBq"], inputs["kidney_Gy_per_GBq"], strict=True), start=1
        )
    ]
    arm_d = read_protocol("duonen-d")
    arm_d = replace(
        arm_d,
        limits_gy=FrozenMap({"kidneys": inputs["limit_Gy"]}),
        rounding_step_bq=GBQ.to_core(inputs["step_GBq"]),
    )
    planned = len(delivered) + inputs["remaining_cycles"]
    names: dict[str, Predictor] = {
        "latest": "latest",
        "mean": "mean",
        "activity_weighted_mean": "activity-weighted-mean",
        "linear_trend": "linear-trend",
        "max": "maximum",
    }
    plans = {
        key: plan_next_cycle(replace(arm_d, predictor=name), delivered, planned_cycles=planned)
        for key, name in names.items()
    }
    done = plan_next_cycle(arm_d, delivered, planned_cycles=len(delivered))
    return {
        "kidney_so_far_Gy": done.forecast.predicted["kidneys"].course_gy,
        "predicted_Gy_per_GBq": {
            key: GY_PER_GBQ.from_core(plan.forecast.predicted["kidneys"].next_cycle_gy / plan.activities_bq[LU])
            for key, plan in plans.items()
        },
        "unrounded_GBq": {key: GBQ.from_core(plan.unrounded_activities_bq[LU]) for key, plan in plans.items()},
        "rounded_GBq": {key: GBQ.from_core(plan.activities_bq[LU]) for key, plan in plans.items()},
    }


def _garske_roman(inputs: dict[str, Any]) -> dict[str, Any]:
    protocol = read_protocol("garske-roman")
    limits: dict[LimitKey, float] = {"kidneys": inputs["limits_Gy"]["kidney"]}
    limits["red_marrow_total"] = inputs["limits_Gy"]["marrow"]
    standard = GBQ.to_core(inputs["activity_GBq"])
    protocol = replace(
        protocol,
        limits_gy=FrozenMap(limits),
        nuclides=(replace(protocol.nuclides[0], standard_activity_bq=standard),),
    )
    doses = {"kidneys": {LU: inputs["kidney_Gy_per_GBq"]}, "red_marrow": {LU: inputs["marrow_Gy_per_GBq"]}}
    delivered = [_cycle(1, {LU: inputs["activity_GBq"]}, doses)]
    while not (plan := plan_next_cycle(protocol, delivered)).stop:
        delivered.append(_cycle(len(delivered) + 1, {LU: GBQ.from_core(plan.activities_bq[LU])}, doses))
    reached = plan.forecast.predicted
    room_gy = limits["kidneys"]
    return {
        "cycles": len(delivered),
        "kidney_total_Gy": reached["kidneys"].course_gy,
        "marrow_total_Gy": reached["red_marrow"].course_gy,
        "cumulative_activity_GBq": GBQ.from_core(sum(c.administered_activity_bq[LU] for c in delivered)),
        "reduced_last_activity_that_reaches_limit_GBq": GBQ.from_core(
            allowed_activity_bq(room_gy, reached["kidneys"].course_gy, GY_PER_GBQ.to_core(inputs["kidney_Gy_per_GBq"]))
        ),
    }


def _probability_limited(inputs: dict[str, Any]) -> dict[str, Any]:
    d, u = GY_PER_GBQ.to_core(inputs["predicted_Gy_per_GBq"]), GY_PER_GBQ.to_core(inputs["u_Gy_per_GBq"])
    so_far, limit = inputs["kidney_so_far_Gy"], inputs["limit_Gy"]
    activity = probability_limited_activity_bq(
        so_far, inputs["u_Gy"], d, u, limit_gy=limit, allowed_probability=inputs["allowed_probability"]
    )
    deterministic = allowed_activity_bq(limit, so_far, d)
    assert activity is not None
    return {
        "deterministic_GBq": GBQ.from_core(deterministic),
        "activity_GBq": GBQ.from_core(activity),
        "probability_at_deterministic": probability_of_exceeding(so_far + deterministic * d, inputs["u_Gy"], limit),
    }


_ENTRY_KEYS = {
    "creatinine_umol_L": ("creatinine_umol_per_l",),
    "eGFR": ("egfr_ml_per_min_per_1_73m2",),
    "Hb_g_dL": ("haemoglobin_g_per_dl",),
    "WBC": ("leukocytes_1e9_per_l",),
    "PLT": ("platelets_1e9_per_l",),
    "ALT_xULN": ("alt_u_per_l", "ast_u_per_l", "bilirubin_umol_per_l"),
    "KPS": ("karnofsky",),
    "Ki67": ("ki67_percent",),
    "life_expectancy_weeks": ("life_expectancy_weeks",),
}
_STOP_KEYS = {
    "KPS": ("karnofsky",),
    "creatinine": ("creatinine_umol_per_l",),
    "eGFR": ("egfr_ml_per_min_per_1_73m2",),
    "Hb": ("haemoglobin_g_per_dl",),
    "WBC": ("leukocytes_1e9_per_l",),
    "ANC": ("neutrophils_1e9_per_l",),
    "PLT": ("platelets_1e9_per_l",),
    "liver_xULN": ("alt_u_per_l", "ast_u_per_l", "bilirubin_umol_per_l"),
}
# Values given in multiples of the upper limit are values for an upper limit of 1.
_UNIT_LIMITS = {key: LaboratoryLimit(upper=1.0) for key in ("alt_u_per_l", "ast_u_per_l", "bilirubin_umol_per_l")}


def _entry(inputs: dict[str, Any]) -> dict[str, Any]:
    asked = {key for keys in _ENTRY_KEYS.values() for key in keys}
    rules = [r for r in read_rules("duonen").entry if {c.quantity for c in r.conditions} <= asked]
    results = []
    for case in inputs["cases"]:
        facts = {key: Observation(float(value)) for name, value in case.items() for key in _ENTRY_KEYS[name]}
        results.append(assess_entry(facts, _UNIT_LIMITS, rules))
    return {"eligible": [r.eligible for r in results], "failed": [list(r.failed) for r in results]}


def _stop(inputs: dict[str, Any]) -> dict[str, Any]:
    rules = read_rules("duonen")
    stops = []
    for case in inputs["cases"]:
        values = {key: float(value) for name, value in case.items() for key in _STOP_KEYS[name]}
        result = LaboratoryResult(_DAY, FrozenMap(values))
        stops.append(bool(assess(_PATIENT, [result], _UNIT_LIMITS, rules).stop_criteria_met))
    return {"stop": stops}


_GRADE_KEYS = {
    "Hb": "haemoglobin_g_per_dl",
    "PLT": "platelets_1e9_per_l",
    "WBC": "leukocytes_1e9_per_l",
    "ANC": "neutrophils_1e9_per_l",
    "LYM": "lymphocytes_1e9_per_l",
}


def _grades(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "grade": {
            name: [ctcae_grade(_GRADE_KEYS[name], v, limit=LaboratoryLimit(lower=inputs["LLN"][name])) for v in values]
            for name, values in inputs["values"].items()
        }
    }


def _egfr(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "eGFR": [
            egfr_ckd_epi_2021_ml_per_min_per_1_73m2(
                creatinine_umol_per_l_from_mg_per_dl(creatinine), age_years=age, sex=sex
            )
            for creatinine, age, sex in zip(inputs["creatinine_mg_dL"], inputs["age"], inputs["sex"], strict=True)
        ]
    }


def _suv(inputs: dict[str, Any]) -> dict[str, Any]:
    def suv(reference_bq: float) -> float:
        return receptor_imaging.suv_body_weight_g_per_ml(
            KILOBECQUEREL_PER_ML.to_core(inputs["concentration_kBq_per_mL"]),
            reference_activity_bq=reference_bq,
            weight_kg=inputs["weight_kg"],
        )

    def reference(decay: receptor_imaging.DecayReference) -> float:
        return receptor_imaging.reference_activity_bq(
            MEGABECQUEREL.to_core(inputs["administered_MBq"]),
            uptake_s=MINUTE.to_core(inputs["uptake_min"]),
            half_life_s=MINUTE.to_core(inputs["T_half_min"]),
            decay_reference=decay,
        )

    decayed = reference("scan-start")
    return {
        "decayed_MBq": MEGABECQUEREL.from_core(decayed),
        "SUVbw": suv(decayed),
        "if_image_was_decay_corrected_to_injection": suv(reference("administration")),
    }


def _lesions(inputs: dict[str, Any]) -> dict[str, Any]:
    lesions = [receptor_imaging.ReceptorLesion(item["SUVmean"], item["volume_mL"]) for item in inputs["lesions"]]
    return {
        "RTV_mL": receptor_imaging.receptor_tumour_volume_ml(lesions),
        "TLA": receptor_imaging.total_lesion_activity_ml(lesions),
        "TBR": receptor_imaging.tumour_to_blood_ratio(inputs["TBR_lesion_SUVmean"], inputs["SUVmean_blood"]),
        "T_over_L": receptor_imaging.tumour_to_liver_ratio(inputs["SUVmax_lesion"], inputs["SUVmean_liver"]),
        "T_over_S": receptor_imaging.tumour_to_spleen_ratio(inputs["SUVmax_lesion"], inputs["SUVmean_spleen"]),
        "whole_body_SUVmean": receptor_imaging.whole_body_suv_mean(lesions),
    }


def _duonen(organ: str, arm: str, nuclide: str) -> float:
    return GY_PER_GBQ.from_core(published.duonen_absorbed_dose_per_administered_activity_gy_per_bq(organ, arm, nuclide))


def _duonen_kidneys(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "mean_cumulative_Y_arm_B_GBq": GBQ.from_core(published.duonen_mean_cumulative_activity_bq("B", Y)),
        "mean_cumulative_Lu_arm_C_GBq": GBQ.from_core(published.duonen_mean_cumulative_activity_bq("C", LU)),
        "mean_cumulative_Lu_arm_D_GBq": GBQ.from_core(published.duonen_mean_cumulative_activity_bq("D", LU)),
        "Gy_per_GBq": {
            "A_Lu": _duonen("kidneys", "A", LU),
            "B_Lu": _duonen("kidneys", "B", LU),
            "B_Y": _duonen("kidneys", "B", Y),
            "C_Y": _duonen("kidneys", "C", Y),
            "C_Lu": _duonen("kidneys", "C", LU),
            "D_Lu_by_reported_median_activity": _duonen("kidneys", "D", LU),
        },
        "ratio_Y_to_Lu": {arm: published.duonen_ratio_y90_to_lu177("kidneys", arm) for arm in ("B", "C")},
    }


def _duonen_marrow(inputs: dict[str, Any]) -> dict[str, Any]:
    arm_b = read_protocol("duonen-b")
    fixed = arm_b.fixed_nuclides[0].standard_activity_bq
    per_activity = published.duonen_absorbed_dose_per_administered_activity_gy_per_bq
    room = allowed_activity_bq(
        arm_b.limits_gy["red_marrow_per_cycle"],
        fixed * per_activity("red_marrow", "A", LU),
        per_activity("red_marrow", "C", Y),
    )
    return {
        "A_Gy_per_GBq": _duonen("red_marrow", "A", LU),
        "D_Gy_per_GBq": _duonen("red_marrow", "D", LU),
        "B_Lu_Gy_per_GBq": _duonen("red_marrow", "B", LU),
        "C_Y_Gy_per_GBq": _duonen("red_marrow", "C", Y),
        "Y_activity_at_which_marrow_reaches_0.5_Gy_with_3.7_Lu_GBq": GBQ.from_core(room),
    }


def _published_kidneys(inputs: dict[str, Any]) -> dict[str, Any]:
    band = plausibility.absorbed_dose_per_activity_band_gy_per_bq("kidneys", LU)
    assert band is not None
    return {
        "means": {
            name: GY_PER_GBQ.from_core(published.published_kidney_mean_gy_per_bq(name))
            for name in published.published_kidney_series()
        },
        "accept_band_Gy_per_GBq": [GY_PER_GBQ.from_core(value) for value in band],
    }


def _published_marrow(inputs: dict[str, Any]) -> dict[str, Any]:
    blood = published.published_red_marrow_gy_per_bq("blood_based")
    image = published.published_red_marrow_gy_per_bq("image_based_vertebrae")
    return {
        "min": GY_PER_GBQ.from_core(blood["lowest"]),
        "median": GY_PER_GBQ.from_core(blood["median"]),
        "max": GY_PER_GBQ.from_core(blood["highest"]),
        "image_based_vertebrae_range_excluding_patient_5": [
            GY_PER_GBQ.from_core(image["lowest"]),
            GY_PER_GBQ.from_core(image["highest"]),
        ],
    }


CASES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "PLAN-A1": _arm_a,
    "PLAN-B1": _arm_b,
    "PLAN-C1": _arm_c,
    "PLAN-C2": _arm_c,
    "PLAN-D1": _arm_d,
    "PLAN-D3": _predictors,
    "PLAN-G1": _garske_roman,
    "PLAN-U1": _probability_limited,
    "ELIG-01": _entry,
    "STOP-01": _stop,
    "CTC-01": _grades,
    "GFR-01": _egfr,
    "KPS-01": lambda inputs: {"ECOG": [ecog_from_karnofsky(value) for value in inputs["KPS"]]},
    "KRN-01": lambda inputs: {"score": [receptor_imaging.krenning_score(uptake) for uptake in inputs["uptake"]]},
    "MET-01": _suv,
    "MET-02": _lesions,
    "DUO-01": _duonen_kidneys,
    "DUO-02": _duonen_marrow,
    "PUB-01": _published_kidneys,
    "PUB-02": _published_marrow,
}
