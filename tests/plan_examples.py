"""Results trees made by hand, as the pipeline writes them: a measured tandem course, and one with entered doses."""

from __future__ import annotations

import copy
import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dosimetry_core.case import Patient
from dosimetry_core.plan_record import plan_record
from dosimetry_core.units import SECONDS_PER_HOUR
from dosimetry_core.version import SOFTWARE_VERSION

CALCULATED_AT = datetime(2025, 5, 20, 14, 2, 11, tzinfo=ZoneInfo("Europe/Warsaw"))
PROTOCOL_DIGEST = "5b" * 32
LIMITS_GY = {"kidneys": 23.0, "red_marrow_per_cycle": 0.5, "red_marrow_total": 2.0}
PATIENT = Patient("DEMO-001", "Demo^Patient", "F", "Europe/Warsaw")
TIMES_H = (4.1, 24.4, 48.2, 191.6)

_VOIS = {
    # name: role, volume mL, density, activity at time zero MBq per GBq, effective half-life h, partial-volume factor
    "Kidney L": ("kidney_left", 164.2, 1.05, 14.4, 51.0, 0.874),
    "Kidney R": ("kidney_right", 171.9, 1.05, 15.2, 49.5, 0.861),
    "Liver": ("liver", 1612.0, 1.06, 61.0, 66.0, 0.962),
    "Spleen": ("spleen", 188.0, 1.06, 21.0, 60.0, 0.905),
    "Liver metastasis segment VII": ("lesion", 38.6, 1.04, 19.3, 88.0, 0.792),
    "Liver metastasis segment IV": ("lesion", 6.1, 1.04, 1.9, 81.0, 0.604),
    "Mesenteric node": ("lesion", 11.2, 1.04, 3.4, 93.0, 0.661),
    "Bone L3": ("lesion", 4.2, 1.04, 0.8, 77.0, 0.55),
}
_DOSE_PER_GBQ = {  # organ: Lu-177, Y-90 in Gy/GBq
    "kidneys": (0.45, 2.4),
    "red_marrow": (0.010, 0.070),
    "liver": (0.21, 0.71),
    "spleen": (0.62, 2.9),
}


def _activities(number: int) -> dict[str, float]:
    return {"Lu-177": 3.7e9, "Y-90": 1.85e9 if number == 1 else 1.65e9}


def _with_total(values: dict[str, float]) -> dict[str, float]:
    return values | {"total": math.fsum(values.values())}


def _acquired(*, listed: bool) -> dict[str, Any]:
    """How a scan was made; the last one's file lists no corrections."""
    return {
        "manufacturer": "Maker Camera 3",
        "number_of_heads": 2,
        "frames_per_head": 60,
        "frame_duration_s": 20.0,
        "acquisition": {
            "station": "NM2",
            "collimator": "MEGP, PARA",
            "energy_windows": ["Lu177_208keV: 187.2–228.8 keV"],
            "detector_motion": "STEP AND SHOOT",
            "scan_arc_deg": 180.0,
            "corrections": ["ATTN", "SCAT"] if listed else [],
            "corrections_listed": listed,
            "attenuation_method": "",
            "scatter_method": "energy windows",
            "reconstruction": "OSEM3D 6 iterations 10 subsets",
            "reconstruction_filter": "",
        },
    }


def _voi(name: str, activities: dict[str, float]) -> dict[str, Any]:
    role, volume_ml, density, per_gbq_mbq, half_life_h, factor = _VOIS[name]
    amplitude = per_gbq_mbq * 1e6 * activities["Lu-177"] / 1e9
    wobble = (1.012, 0.991, 1.006, 0.984)
    activity = [amplitude * 0.5 ** (t / half_life_h) * w for t, w in zip(TIMES_H, wobble, strict=True)]
    integrated = amplitude * half_life_h * SECONDS_PER_HOUR / math.log(2)
    yttrium_h = 1 / (1 / half_life_h - 1 / 159.5 + 1 / 64.1)
    yttrium_amplitude = amplitude * activities["Y-90"] / activities["Lu-177"]
    lutetium_gy = integrated * 2.36e-14 / (volume_ml * density / 1000)
    yttrium_gy = lutetium_gy * 2.6 * activities["Y-90"] / activities["Lu-177"]
    doses = _with_total({"Lu-177": lutetium_gy, "Y-90": yttrium_gy})
    times_s = [240.0 * 3600 * k / 40 for k in range(41)]

    def fit(a0: float, t_h: float, derived: str | None) -> dict[str, Any]:
        tia = a0 * t_h * SECONDS_PER_HOUR / math.log(2)
        return {
            "model": "mono-exponential",
            "parameters": {"amplitude_bq": a0, "effective_half_life_s": t_h * SECONDS_PER_HOUR},
            "effective_half_life_s": t_h * SECONDS_PER_HOUR,
            "time_integrated_activity_bq_s": tia,
            "time_integrated_activity_standard_uncertainty_bq_s": 0.031 * tia,
            "extrapolated_fraction": 0.5 ** (TIMES_H[-1] / t_h),
            "before_first_point_fraction": 1 - 0.5 ** (TIMES_H[0] / t_h),
            "information_criterion": None if derived else -12.4,
            "derived_from": derived,
            "curve": {
                "time_after_administration_s": times_s,
                "activity_bq": [a0 * 0.5 ** (t / 3600 / t_h) for t in times_s],
            },
        }

    return {
        "role": role,
        "volume_ml": volume_ml,
        "density_g_per_ml": density,
        "mass_kg": volume_ml * density / 1000,
        "activity_bq": {"Lu-177": activity},
        "activity_standard_uncertainty_bq": {"Lu-177": [0.035 * a for a in activity]},
        "partial_volume_factor": [factor, factor + 0.002, factor - 0.001, factor + 0.001],
        "fit": {
            "Lu-177": fit(amplitude, half_life_h, None),
            "Y-90": fit(yttrium_amplitude, yttrium_h, "Lu-177"),
        },
        "absorbed_dose_gy": doses,
        "absorbed_dose_standard_uncertainty_gy": {key: 0.062 * value for key, value in doses.items()},
        "engine": "sphere" if role == "lesion" else "organ-level",
        "cross_check_absorbed_dose_gy": {"local-deposition": {key: 0.985 * value for key, value in doses.items()}},
    }


def _organ(name: str, activities: dict[str, float], *, estimated: bool = False) -> dict[str, Any]:
    per_gbq = dict(zip(("Lu-177", "Y-90"), _DOSE_PER_GBQ[name], strict=True))
    doses = _with_total({nuclide: per_gbq[nuclide] * activity / 1e9 for nuclide, activity in activities.items()})
    relative = 0.3 if name == "red_marrow" else 0.13
    organ: dict[str, Any] = {
        "absorbed_dose_gy": doses,
        "absorbed_dose_standard_uncertainty_gy": {key: relative * value for key, value in doses.items()},
        "absorbed_dose_per_administered_activity_gy_per_bq": {key: value * 1e-9 for key, value in per_gbq.items()},
        "estimated": estimated,
    }
    if name == "red_marrow" and not estimated:
        shares = {"self": 0.62, "kidneys": 0.05, "liver": 0.06, "spleen": 0.04, "lesions": 0.03, "remainder": 0.2}
        organ["contributions"] = {
            source: {key: share * value for key, value in doses.items()} for source, share in shares.items()
        }
    return organ


_LABORATORY = {
    "date": "2025-03-01", "haemoglobin_g_per_dl": 12.1, "platelets_1e9_per_l": 210, "leukocytes_1e9_per_l": 5.6,
    "neutrophils_1e9_per_l": 3.4, "lymphocytes_1e9_per_l": 0.9, "creatinine_umol_per_l": 76,
    "egfr_ml_per_min_per_1_73m2": 88, "alt_u_per_l": 22, "ast_u_per_l": 25, "bilirubin_umol_per_l": 9,
    "karnofsky": 90,
}  # fmt: skip


def _cycle(number: int) -> dict[str, Any]:
    activities = _activities(number)
    start = "2025-03-03T10:30:00+01:00" if number == 1 else "2025-05-05T10:00:00+02:00"
    samples_h = (0.1, 0.5, 1.0, 4.0, 24.0, 48.0)
    return {
        "number": number,
        "administrations": [
            {"nuclide": nuclide, "administered_activity_bq": activity, "start": start, "infusion_s": 1800.0}
            for nuclide, activity in activities.items()
        ],
        "time_points": [
            {
                "time_after_administration_s": t * SECONDS_PER_HOUR,
                "spect": {"series_uid": f"1.2.826.0.1.{number}.{k}"} | _acquired(listed=k < 3),
                "ct": {"series_uid": f"1.2.826.0.2.{number}.{k}"},
                "registration": {"method": "reference" if k == 1 else "rigid-ct-ct", "residual_mm": 0.4 * k},
                "field_of_view_activity_bq": 2.9e9 * 0.5 ** (t / 55),
            }
            for k, t in enumerate(TIMES_H)
        ],
        "vois": {name: _voi(name, activities) for name in _VOIS},
        "organs": {name: _organ(name, activities) for name in _DOSE_PER_GBQ},
        "red_marrow_alternatives_gy": {"icrp-other": 0.1665, "total-body-difference": 0.181, "soft-tissue": 0.159},
        "blood": {
            "samples": [
                {
                    "time_after_administration_s": t * SECONDS_PER_HOUR,
                    "activity_concentration_bq_per_ml": {
                        "Lu-177": 3.6e5 * (0.8 * 0.5 ** (t / 1.2) + 0.2 * 0.5 ** (t / 21))
                    },
                }
                for t in samples_h
            ],
        },
        "laboratory": [_LABORATORY],
        "safety": {
            "grades": {"lymphocytes_1e9_per_l": 1, "haemoglobin_g_per_dl": 0, "platelets_1e9_per_l": 0},
            "stop_criteria_met": [],
            "cannot_decide": [],
        },
    }


def tandem_results() -> dict[str, Any]:
    """Arm B, two cycles measured with four SPECT/CT each, the third planned."""
    cycles = [_cycle(1), _cycle(2)]
    organs = {}
    for name in _DOSE_PER_GBQ:
        delivered = math.fsum(cycle["organs"][name]["absorbed_dose_gy"]["total"] for cycle in cycles)
        limit = {"kidneys": 23.0, "red_marrow": 2.0}.get(name)
        organs[name] = {
            "absorbed_dose_gy": delivered,
            "absorbed_dose_standard_uncertainty_gy": (0.3 if name == "red_marrow" else 0.11) * delivered,
            "limit_gy": limit,
            "remaining_gy": None if limit is None else limit - delivered,
            "bed_gy": delivered * 1.09 if name == "kidneys" else None,
        }
    activities = {"Lu-177": 3.7e9, "Y-90": 1.65e9}
    predicted = {}
    for name, (lutetium, yttrium) in _DOSE_PER_GBQ.items():
        following = 3.7 * lutetium + 1.65 * yttrium
        predicted[name] = {"next_cycle": following, "course": organs[name]["absorbed_dose_gy"] + 2 * following}
    return {
        "format": 1,
        "software": {
            "name": "lutetia",
            "version": SOFTWARE_VERSION,
            "data_tables": {"physics/nuclides.json": "ab" * 32},
        },
        "inputs": {f"cycle{c}/spect{t}/image.dcm": f"{c}{t}" * 32 for c in (1, 2) for t in range(4)}
        | {"case.toml": "0f" * 32, "cycle1/vois.dcm": "1e" * 32},
        "settings": {
            "time_zero": "infusion-middle",
            "fit": {"model": "mono-exponential", "weights": "proportional", "exclude": []},
            "engine": {"kidneys": "organ-level", "lesion": "sphere"},
            "red_marrow": {
                "rest_of_body": "icrp-other", "marrow_to_blood_ratio": 1.0, "blood_density_g_per_ml": 1.06,
            },
            "density_g_per_ml": {"kidneys": 1.05, "liver": 1.06, "spleen": 1.06, "lesion": 1.04},
        },
        "cycles": cycles,
        "course": {
            "planned_cycles": 4,
            "prior_absorbed_dose_gy": {"kidneys": 0.0, "red_marrow": 0.0},
            "organs": organs,
            "vois": {
                name: {
                    "absorbed_dose_gy": math.fsum(c["vois"][name]["absorbed_dose_gy"]["total"] for c in cycles),
                    "absorbed_dose_standard_uncertainty_gy": 1.1,
                }
                for name in _VOIS
            },
        },
        "plan": {
            "protocol": "duonen-b",
            "next_cycle": 3,
            "activities_bq": activities,
            "unrounded_activities_bq": {"Lu-177": 3.7e9, "Y-90": 1.6879e9},
            "free_nuclide": "Y-90",
            "limiting": "kidneys",
            "allocation_gy": {"kidneys": 5.716, "red_marrow": 0.5},
            "predicted_absorbed_dose_gy": predicted,
            "probability_of_exceeding": {
                "kidneys": 0.473, "red_marrow_per_cycle": 0.0004, "red_marrow_total": 0.0000001,
            },
            "feasible": True,
            "stop": False,
            "findings": [
                {
                    "code": "exceedance-probability", "level": "warning", "place": "plan",
                    "text": "The probability of exceeding the kidney limit of 23 Gy is 47 %, above 25 %.",
                },
            ],
        },
        "findings": [
            {
                "code": "extrapolated-fraction", "level": "warning", "place": "cycle 2, Mesenteric node",
                "text": "24 % of the time-integrated activity lies beyond the last time point at 191.6 h.",
            },
            {
                "code": "bone-metastases-marrow", "level": "info", "place": "red marrow",
                "text": "Bone metastases are known: a blood-based marrow dose may be too low.",
            },
        ],
    }  # fmt: skip


def entered_results() -> dict[str, Any]:
    """One cycle with entered doses and no image at all: what a minimal case gives."""
    activities = {"Lu-177": 3.7e9, "Y-90": 1.85e9}
    organs = {name: _organ(name, activities) for name in ("kidneys", "red_marrow")}
    for organ in organs.values():
        organ.pop("contributions", None)
    return {
        "format": 1,
        "software": {"name": "lutetia", "version": SOFTWARE_VERSION, "data_tables": {}},
        "inputs": {"case.toml": "0f" * 32},
        "settings": {"time_zero": "infusion-middle"},
        "cycles": [
            {
                "number": 1,
                "administrations": [
                    {"nuclide": nuclide, "administered_activity_bq": a, "start": "2025-03-03T10:30:00+01:00"}
                    for nuclide, a in activities.items()
                ],
                "time_points": [],
                "vois": {},
                "organs": organs,
                "safety": {"grades": {}, "stop_criteria_met": [], "cannot_decide": ["haemoglobin", "platelets"]},
            }
        ],
        "course": {
            "organs": {
                "kidneys": {"absorbed_dose_gy": 6.105, "limit_gy": 23.0, "remaining_gy": 16.895},
                "red_marrow": {"absorbed_dose_gy": 0.1665, "limit_gy": 2.0, "remaining_gy": 1.8335},
            },
            "vois": {},
        },
        "plan": {
            "protocol": "duonen-b",
            "next_cycle": 2,
            "activities_bq": {"Lu-177": 3.7e9, "Y-90": 1.65e9},
            "unrounded_activities_bq": {"Lu-177": 3.7e9, "Y-90": 1.65278e9},
            "free_nuclide": "Y-90",
            "limiting": "kidneys",
            "allocation_gy": {"kidneys": 5.63167, "red_marrow": 0.5},
            "predicted_absorbed_dose_gy": {
                "kidneys": {"next_cycle": 5.625, "course": 22.98},
                "red_marrow": {"next_cycle": 0.1525, "course": 0.624},
            },
            "probability_of_exceeding": {"kidneys": None, "red_marrow_per_cycle": None, "red_marrow_total": None},
            "feasible": True,
            "stop": False,
            "findings": [],
        },
        "findings": [
            {
                "code": "no-uncertainty", "level": "warning", "place": "cycle 1",
                "text": "No uncertainty was entered, so no probability of exceeding a limit is computed.",
            }
        ],
    }  # fmt: skip


def stopped_results() -> dict[str, Any]:
    """The tandem course ended by a stop rule: every activity is 0."""
    results = copy.deepcopy(tandem_results())
    results["plan"] |= {
        "activities_bq": {"Lu-177": 0.0, "Y-90": 0.0},
        "unrounded_activities_bq": {"Lu-177": 0.0, "Y-90": 0.0},
        "limiting": "stop_rule",
        "stop": True,
    }
    results["cycles"][1]["safety"]["stop_criteria_met"] = ["platelets 72 × 10⁹/L, below 80"]
    results["plan"]["findings"] = [
        {
            "code": "stop-rule", "level": "error", "place": "laboratory, 2025-05-02",
            "text": "Platelets 72 × 10⁹/L are below the stop limit of 80 × 10⁹/L.",
        }
    ]  # fmt: skip
    for organ in results["plan"]["predicted_absorbed_dose_gy"].values():
        organ |= {"next_cycle": 0.0}
    return results


def record_of(
    results: dict[str, Any], *, patient: Patient = PATIENT, overrides: dict[str, str] | None = None
) -> dict[str, Any]:
    """The plan record of one of these trees; ``overrides`` by code, each for its first finding."""
    findings = [*results.get("findings", ()), *results["plan"].get("findings", ())]
    reasons = {
        (code, next((f["place"] for f in findings if f["code"] == code), "")): reason
        for code, reason in (overrides or {}).items()
    }
    return plan_record(
        results,
        patient=patient,
        software_version=SOFTWARE_VERSION,
        calculated_at=CALCULATED_AT,
        protocol_digest=PROTOCOL_DIGEST,
        limits_gy=LIMITS_GY,
        overrides=reasons,
    )
