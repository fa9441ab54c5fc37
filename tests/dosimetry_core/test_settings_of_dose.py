"""Radiobiology and marrow conventions of the case file: read, used, printed, and confirmed by the second opinion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dosimetry_core.case import Case, RadiobiologySettings
from dosimetry_core.case_file import read_case
from dosimetry_core.dose.radiobiology import KIDNEY_RADIOSENSITIVITY
from dosimetry_core.dose.red_marrow import MARROW_DENSITY_G_PER_ML, MARROW_EXTRACELLULAR_FLUID_FRACTION
from dosimetry_core.errors import DosimetryError
from dosimetry_core.pipeline import evaluate
from dosimetry_core.pipeline.images import align_case, import_case
from dosimetry_core.report.tables import settings as printed
from dosimetry_core.results_json import results_json
from dosimetry_core.second_check import second_check
from tests.small_study import CASE, write_small_case

BLOOD = "".join(
    f"""
  [[cycle.blood_sample]]
  time = 2025-03-03T{hour:02d}:{minute:02d}:00+01:00
  activity_kbq_per_ml = {{ "Lu-177" = {value} }}"""
    for hour, minute, value in ((10, 25, 358.7), (10, 30, 328.7), (11, 0, 201.5), (14, 20, 48.4), (23, 20, 18.0))
)


def case_of(folder: Path, settings: str = "", patient: str = "") -> Case:
    text = CASE.replace("weight_kg = 68.0", f"weight_kg = 68.0\n{patient}")
    write_small_case(folder, text.replace("[[cycle]]", f"{settings}\n[[cycle]]", 1) + BLOOD)
    return read_case(folder)


def results_of(case: Case) -> dict[str, Any]:
    evaluation = second_check(evaluate(align_case(import_case(case))))
    assert evaluation.disagreements == ()
    assert not [f for f in evaluation.findings if f.code == "second-opinion-missing"]
    return results_json(evaluation)


def test_that_the_defaults_are_the_constants_of_the_formulas() -> None:
    chosen = RadiobiologySettings()
    assert chosen.kidneys_alpha_beta_gy == KIDNEY_RADIOSENSITIVITY.alpha_beta_gy
    assert chosen.kidneys_repair_half_life_s == KIDNEY_RADIOSENSITIVITY.repair_half_life_s
    assert chosen.kidneys_source == KIDNEY_RADIOSENSITIVITY.source
    assert MARROW_EXTRACELLULAR_FLUID_FRACTION == 0.19
    assert MARROW_DENSITY_G_PER_ML == 1.03


def test_that_alpha_beta_and_repair_of_the_case_make_its_bed(tmp_path: Path) -> None:
    chosen = '[settings.radiobiology.kidneys]\nalpha_beta_gy = 5.0\nrepair_half_life_h = 1.4\nsource = "our choice"'
    usual, other = results_of(case_of(tmp_path / "one")), results_of(case_of(tmp_path / "two", chosen))
    one, two = (r["cycles"][0]["organs"]["kidneys"] for r in (usual, other))
    dose = one["absorbed_dose_gy"]["total"]
    assert two["absorbed_dose_gy"]["total"] == dose
    # Mono-exponential, 50 h: G = T_rep/(T_rep + T_eff); the rounded counts move the half-life by 0.1 %.
    assert one["bed_gy"] - dose == pytest.approx(2.8 / 52.8 * dose**2 / 2.5, rel=0.01)
    assert two["bed_gy"] - dose == pytest.approx(1.4 / 51.4 * dose**2 / 5.0, rel=0.01)
    assert two["eqd2_gy"] == pytest.approx(two["bed_gy"] / (1 + 2 / 5.0))
    stated = two["radiobiology"]
    assert (stated["alpha_beta_gy"], stated["repair_half_life_s"]) == (5.0, 1.4 * 3600)
    assert stated["source"] == "our choice"
    lines = {entry["name"]: entry["value"] for entry in printed(other)}
    assert any("alpha beta" in name for name in lines)
    assert "our choice" in lines.values()


def test_that_other_values_need_their_source_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    for lines in ("alpha_beta_gy = 3.0", "repair_half_life_h = 2.0", "alpha_beta_gy = 40.0", "alfa = 1.0"):
        with pytest.raises(DosimetryError, match="radiobiology"):
            case_of(tmp_path / lines[:4], f"[settings.radiobiology.kidneys]\n{lines}")
    same = case_of(tmp_path / "same", "[settings.radiobiology.kidneys]\nalpha_beta_gy = 2.5")
    assert same.settings.radiobiology == RadiobiologySettings()


def test_that_the_haematocrit_makes_the_marrow_to_blood_ratio(tmp_path: Path) -> None:
    chosen = '[settings.red_marrow]\nmarrow_to_blood = "haematocrit"'
    plain = results_of(case_of(tmp_path / "one"))
    case = case_of(tmp_path / "two", chosen, "haematocrit = 0.43")
    other = results_of(case)
    self_dose = [r["cycles"][0]["red_marrow"]["Lu-177"]["contributions_gy"]["self"] for r in (plain, other)]
    # Sgouros 1993: 0.19/(1 − 0.43) = 1/3.
    assert self_dose[1] == pytest.approx(self_dose[0] / 3, rel=1e-9)
    assert other["cycles"][0]["red_marrow"]["Lu-177"]["marrow_to_blood_ratio"] == pytest.approx(1 / 3)
    unknown = replace(case, patient=replace(case.patient, haematocrit=None))
    found = evaluate(align_case(import_case(unknown)))
    assert "haematocrit-missing" in {f.code for f in found.findings}
    assert not found.cycles[0].red_marrow


def test_that_a_ratio_that_is_not_used_is_refused(tmp_path: Path) -> None:
    chosen = '[settings.red_marrow]\nmarrow_to_blood = "haematocrit"\nmarrow_to_blood_ratio = 0.5'
    with pytest.raises(DosimetryError, match="not used"):
        case_of(tmp_path, chosen)
