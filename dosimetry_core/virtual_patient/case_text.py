"""The case.toml of the demonstration: what a physicist would have typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from dosimetry_core.nuclide import LU177
from dosimetry_core.units import (
    COUNTS_PER_S_PER_MBQ,
    HOUR,
    KILOBECQUEREL_PER_ML,
    MEGABECQUEREL,
    MICROSECOND,
    MINUTE,
    SECONDS_PER_MINUTE,
)
from dosimetry_core.virtual_patient.course import INFUSION_S, ZONE_NAME, TreatmentCycle, elapsed_s, later
from dosimetry_core.virtual_patient.dicom_common import Person
from dosimetry_core.virtual_patient.seeding import Seed, between
from dosimetry_core.virtual_patient.truth import ROLES

BLOOD_NOISE = 0.02
# After the end of the infusion: 5, 10, 40 min, 4 and 24 h (DUONEN, methods 4.3).
BLOOD_TIMES_S = (
    MINUTE.to_core(5),
    MINUTE.to_core(10),
    MINUTE.to_core(40),
    HOUR.to_core(4),
    HOUR.to_core(24),
)
LIMITS: dict[str, dict[str, tuple[str, float]]] = {
    "F": {
        "haemoglobin_g_per_dl": ("lower", 12.0),
        "platelets_1e9_per_l": ("lower", 150),
        "leukocytes_1e9_per_l": ("lower", 4.0),
        "neutrophils_1e9_per_l": ("lower", 1.8),
        "lymphocytes_1e9_per_l": ("lower", 1.0),
        "creatinine_umol_per_l": ("upper", 90),
        "alt_u_per_l": ("upper", 35),
        "ast_u_per_l": ("upper", 35),
        "bilirubin_umol_per_l": ("upper", 21),
    }
}
LIMITS["M"] = LIMITS["F"] | {"haemoglobin_g_per_dl": ("lower", 13.5), "creatinine_umol_per_l": ("upper", 110)}
_LABORATORY = {
    "F": {
        "haemoglobin_g_per_dl": (12.4, 13.6, 1),
        "platelets_1e9_per_l": (180, 290, 0),
        "leukocytes_1e9_per_l": (4.9, 7.2, 1),
        "neutrophils_1e9_per_l": (2.8, 4.4, 1),
        "lymphocytes_1e9_per_l": (1.2, 2.0, 1),
        "creatinine_umol_per_l": (58, 78, 0),
        "alt_u_per_l": (15, 29, 0),
        "ast_u_per_l": (16, 29, 0),
        "bilirubin_umol_per_l": (6, 15, 0),
    }
}
_LABORATORY["M"] = _LABORATORY["F"] | {"haemoglobin_g_per_dl": (13.7, 15.2, 1), "creatinine_umol_per_l": (68, 96, 0)}


@dataclass(frozen=True)
class CameraFacts:
    """What calibration the images were made with."""

    sensitivity_cps_per_bq: float
    dead_time_s: float
    point_spread_fwhm_mm: float


@dataclass(frozen=True)
class CycleText:
    """What one cycle adds to the case file."""

    cycle: TreatmentCycle
    voi_names: tuple[str, ...]
    camera: CameraFacts
    counts: bool
    blood: list[tuple[datetime, float]] = field(default_factory=list)
    laboratory: dict[str, float] = field(default_factory=dict)


def draw_blood(seed: Seed, cycle: TreatmentCycle) -> list[tuple[datetime, float]]:
    """Times of drawing and measured concentration in Bq/mL, with 2 % noise; nurses are a little late."""
    generator = seed.generator(f"blood {cycle.number}")
    end = later(cycle.infusion_start, INFUSION_S)
    samples = []
    for nominal in BLOOD_TIMES_S:
        late_min = round(between(generator, 0, min(0.06 * nominal, HOUR.to_core(0.5))) / SECONDS_PER_MINUTE)
        time = later(end, nominal + MINUTE.to_core(late_min))
        true = cycle.administered_activity_bq[LU177] * cycle.blood.after_infusion(
            elapsed_s(cycle.time_zero, time), INFUSION_S
        )
        samples.append((time, true * (1 + BLOOD_NOISE * float(generator.standard_normal()))))
    return samples


def draw_laboratory(seed: Seed, sex: str, number: int) -> dict[str, float]:
    """Laboratory values inside the limits; the second cycle's counts a little lower."""
    generator = seed.generator("laboratory")
    values = {}
    for key, (low, high, digits) in _LABORATORY[sex].items():
        value = between(generator, low, high)
        if number > 1 and LIMITS[sex][key][0] == "lower":
            value = max(value * 0.95, LIMITS[sex][key][1] * 1.01)
        values[key] = round(value, digits) if digits else round(value)
    return values


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_value(k)} = {_value(v)}" for k, v in value.items()) + " }"
    return repr(value)


def _lines(values: dict[str, Any], indent: str = "") -> list[str]:
    return [f"{indent}{key} = {_value(value)}" for key, value in values.items()]


def case_text(person: Person, protocol: str, cycles: list[CycleText]) -> str:
    """The whole file."""
    lines = [
        "# Demonstration: a virtual patient. Not a patient, not for treatment. truth.json holds the true values.",
        "format = 1",
        "",
        "[patient]",
        *_lines(
            {
                "id": person.patient_id,
                "name": person.name,
                "sex": person.sex,
                "birth_date": person.birth_date,
                "height_cm": person.height_cm,
                "weight_kg": person.weight_kg,
                "haematocrit": person.haematocrit,
                "bone_metastases": True,
                "time_zone": ZONE_NAME,
            }
        ),
        "",
        "[course]",
        *_lines({"protocol": protocol}),
        "",
        "[settings.fit]",
        *_lines({"model": "mono-exponential", "weights": "proportional"}),
        "",
        "[laboratory_limits]",
        *(f"{key} = {{ {side} = {limit} }}" for key, (side, limit) in LIMITS[person.sex].items()),
    ]
    for text in cycles:
        lines += ["", *_cycle_lines(text)]
    return "\n".join(lines) + "\n"


def _cycle_lines(text: CycleText) -> list[str]:
    cycle = text.cycle
    folder = f"cycle{cycle.number}"
    roles = {name: ROLES.get(name, "lesion") for name in text.voi_names}
    lines = [
        "[[cycle]]",
        f"number = {cycle.number}",
        f'images = ["{folder}"]',
        f'vois = ["{folder}/vois.dcm"]',
        f"voi_roles = {_value(roles)}",
        'contour_convention = "outline"',
    ]
    for name, activity in cycle.administered_activity_bq.items():
        lines += [
            "",
            "  [[cycle.administration]]",
            *_lines(
                {
                    "nuclide": name,
                    "administered_activity_mbq": MEGABECQUEREL.from_core(activity),
                    "start": cycle.infusion_start,
                    "infusion_min": MINUTE.from_core(INFUSION_S),
                },
                "  ",
            ),
        ]
    calibration: dict[str, Any] = {}
    if text.counts:
        calibration = {
            "sensitivity_cps_per_mbq": COUNTS_PER_S_PER_MBQ.from_core(text.camera.sensitivity_cps_per_bq),
            "convention": "clock-seconds-all-heads",
            "relative_standard_uncertainty": 0.03,
            "dead_time_us": MICROSECOND.from_core(text.camera.dead_time_s),
            "dead_time_model": "non-paralyzable",
        }
    else:
        calibration = {"relative_standard_uncertainty": 0.03}
    calibration |= {
        "partial_volume": "geometric-transfer-matrix",
        "point_spread_fwhm_mm": text.camera.point_spread_fwhm_mm,
    }
    lines += ["", "  [cycle.calibration]", *_lines(calibration, "  ")]
    lines += ["", "  [cycle.whole_body]", *_lines({"method": "field-of-view"}, "  ")]
    for time, concentration in text.blood:
        measured = {LU177: round(KILOBECQUEREL_PER_ML.from_core(concentration), 3)}
        lines += [
            "",
            "  [[cycle.blood_sample]]",
            *_lines(
                {"time": time, "activity_kbq_per_ml": measured, "relative_standard_uncertainty": BLOOD_NOISE}, "  "
            ),
        ]
    drawn = cycle.infusion_start.date() - timedelta(days=2)
    lines += ["", "  [[cycle.laboratory]]", *_lines({"date": drawn, **text.laboratory, "karnofsky": 90}, "  ")]
    return lines
