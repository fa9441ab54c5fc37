"""What is written of a case reads as the same case."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import tomli_w

from dosimetry_core.case import Calibration, Case, Cycle, Patient, Settings
from dosimetry_core.case_file_writing import case_content
from tests.case_texts import case_from

FULL = """
format = 1
[patient]
id = "P-9"
name = "Kowalska^Łucja"
sex = "F"
time_zone = "Europe/Warsaw"
birth_date = 1961-02-03
height_cm = 167.5
weight_kg = 68.4
haematocrit = 0.39
bone_metastases = true
[course]
protocol = "duonen-d"
planned_cycles = 4
[course.prior_absorbed_dose_gy]
kidneys = 3.5
[laboratory_limits]
platelets_1e9_per_l = { lower = 150.0 }
[settings]
density_from_ct = ["kidneys"]
[settings.fit]
model = "bi-exponential"
weights = "uniform"
prior = "population"
single_time_point = "two-t-over-ln2"
few_scans = "refuse"
model_by_voi = { "Kidney L" = "mono-exponential" }
[[settings.fit.exclude]]
voi = "Liver"
time_point = 2
reason = "moved"
cycle = 1
[settings.engine]
kidneys = "voxel-s-values"
voxel_s_values_beside = true
vois = { "Lesion 1" = "sphere" }
[settings.red_marrow]
marrow_to_blood = "haematocrit"
extracellular_fluid_fraction = 0.2
scale_remainder_by_body_mass = false
[settings.density_g_per_ml]
liver = 1.06
[settings.radiobiology.kidneys]
alpha_beta_gy = 2.6
repair_half_life_h = 2.5
source = "a paper"
[[settings.density_curve]]
name = "A curve"
source = "A phantom"
scanner = "Symbia"
tube_voltage_kv = 120.0
points = [[-1000.0, 0.001], [0.0, 1.0], [1000.0, 1.6]]
[[cycle]]
number = 1
haematocrit = 0.36
[cycle.clock_offset_s]
scanner = 12.0
dose_calibrator = -45.0
[cycle.planned_not_given_mbq]
"Y-90" = 1000.0
[[cycle.administration]]
nuclide = "Lu-177"
vial_activity_mbq = 7500.0
vial_time = 2025-03-30T00:40:00
residual_activity_mbq = 55.0
residual_time = 2025-03-30T05:10:00
start = 2025-03-30T01:30:00
infusion_min = 27.0
planned_activity_mbq = 7400.0
given_by = "Nurse"
comment = "as planned"
product = "Lutathera"
batch = "B-17/3"
calibrator = "Calibrator 2"
amino_acids = "lysine 25 g, arginine 25 g in 2 L over 4 h"
injection_site = "left cubital vein"
[cycle.calibration]
sensitivity_cps_per_mbq = 9.61
sensitivity_with_yttrium_90_cps_per_mbq = 9.7
with_yttrium_90_relative_standard_uncertainty = 0.05
with_yttrium_90_measured_on = 2025-01-03
with_yttrium_90_valid_until = 2025-07-03
convention = "clock-seconds-all-heads"
relative_standard_uncertainty = 0.03
dead_time_us = 0.6
partial_volume = "recovery-curve"
recovery = { model = "b-gamma", b_ml = 1.2, gamma = 1.1, relative_standard_uncertainty = 0.05 }
point_spread_fwhm_mm = [11.0, 11.5, 12.0]
image_position_mm = [1.0, -2.0, 3.0]
counting_duration_s = 1200.0
measured_on = 2025-01-02
valid_until = 2026-01-02
profile = "Camera 1"
[cycle.whole_body]
method = "measured"
time = [2025-03-30T04:00:00, 2025-03-31T12:00:00]
activity_mbq = [7000.0, 3100.0]
[[cycle.blood_sample]]
time = 2025-03-30T03:30:00
activity_kbq_per_ml = { "Lu-177" = 358.7 }
relative_standard_uncertainty = 0.04
[[cycle.blood_sample]]
time = 2025-03-31T03:30:00
[cycle.blood_sample.counted."Lu-177"]
counts = 91234.0
counting_s = 300.0
counted_at = 2025-04-01T10:00:00
background_cps = 1.5
efficiency_cps_per_kbq = 110.0
mass_g = 1.02
[[cycle.laboratory]]
date = 2025-03-28
visit = "T1"
platelets_1e9_per_l = 210.0
creatinine_umol_per_l = 71.0
[[cycle]]
number = 2
[[cycle.administration]]
nuclide = "Y-90"
administered_activity_mbq = 2000.0
start = 2025-06-30T09:30:00
[cycle.entered_absorbed_dose_per_administered_activity_gy_per_gbq]
kidneys = { "Y-90" = 1.9 }
relative_standard_uncertainty = { kidneys = 0.15 }
"""


def plain(value: Any) -> Any:
    """A tree of values that is compared field by field."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "items"):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return value


def same(first: Any, second: Any) -> bool:
    """Equal, numbers to the rounding of a conversion of units there and back."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, float):
        return math.isclose(first, second, rel_tol=1e-12)
    return bool(first == second)


def test_that_what_is_written_reads_as_the_same_case() -> None:
    case = case_from(FULL)
    written = tomli_w.dumps(case_content(case))
    again = case_from(written)
    for one, other in zip(case.cycles, again.cycles, strict=True):
        for f in dataclasses.fields(Cycle):
            assert same(plain(getattr(one, f.name)), plain(getattr(other, f.name))), f.name
    for f in dataclasses.fields(Case):
        assert same(plain(getattr(case, f.name)), plain(getattr(again, f.name))), f.name


@pytest.mark.parametrize("kind", [Patient, Settings, Calibration])
def test_that_the_example_leaves_no_field_at_its_default(kind: type) -> None:
    """Else a field that is forgotten on writing would read as its default and not be noticed."""
    case = case_from(FULL)
    instance: Any = {Patient: case.patient, Settings: case.settings, Calibration: case.cycles[0].calibration}[kind]
    # Choices of which one excludes the other, or of one word only.
    one_word = {"time_zero", "dead_time_model", "image_quantity", "image_decay_reference", "profile_sha256"}
    default = [
        f.name
        for f in dataclasses.fields(kind)
        if f.name not in one_word and f.default is not dataclasses.MISSING and getattr(instance, f.name) == f.default
    ]
    assert default == []
