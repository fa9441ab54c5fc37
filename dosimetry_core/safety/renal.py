"""Kidney function from serum creatinine: CKD-EPI 2021 and Cockcroft–Gault, two different quantities."""

from __future__ import annotations

from datetime import date
from typing import Literal

from dosimetry_core.units import GRAM_PER_KG

# Molar mass of creatinine 113.12 g/mol: 1 mg/dL is 88.42 µmol/L (methods 8.4).
CREATININE_UMOL_PER_L_PER_MG_PER_DL = 88.42


def age_years(birth_date: date, on: date) -> int:
    """Completed years of life on a day."""
    if on < birth_date:
        raise ValueError(f"{on} is before the birth date {birth_date}")
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def creatinine_umol_per_l_from_mg_per_dl(creatinine_mg_per_dl: float) -> float:
    """Serum creatinine in µmol/L of a value in mg/dL."""
    return creatinine_mg_per_dl * CREATININE_UMOL_PER_L_PER_MG_PER_DL


def egfr_ckd_epi_2021_ml_per_min_per_1_73m2(
    creatinine_umol_per_l: float, *, age_years: float, sex: Literal["F", "M"]
) -> float:
    """Estimated glomerular filtration rate per 1.73 m², creatinine equation without race.

    Parameters
    ----------
    creatinine_umol_per_l
        Serum creatinine, IDMS-traceable.
    age_years
        18 or more.
    sex
        ``F`` or ``M``.

    Notes
    -----
    142 min(Cr/κ, 1)^α max(Cr/κ, 1)^−1.200 0.9938^age (× 1.012 for women); κ 0.7/0.9 mg/dL, α −0.241/−0.302 (F/M).

    References
    ----------
    Inker LA et al., N Engl J Med 385 (2021) 1737–1749, doi 10.1056/NEJMoa2102953.
    """
    _check(creatinine_umol_per_l, age_years)
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "F" else (0.9, -0.302, 1.0)
    ratio = creatinine_umol_per_l / CREATININE_UMOL_PER_L_PER_MG_PER_DL / kappa
    value: float = 142.0 * min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.200 * 0.9938**age_years * factor
    return value


def creatinine_clearance_cockcroft_gault_ml_per_min(
    creatinine_umol_per_l: float, *, age_years: float, weight_kg: float, sex: Literal["F", "M"]
) -> float:
    """Creatinine clearance in mL/min, **not** per 1.73 m²: never to be compared with an eGFR limit.

    Notes
    -----
    (140 − age) weight/(72 Cr) (× 0.85 for women), Cr in mg/dL.

    References
    ----------
    Cockcroft DW, Gault MH, Nephron 16 (1976) 31–41, doi 10.1159/000180580.
    """
    _check(creatinine_umol_per_l, age_years)
    if not weight_kg > 0 or weight_kg > GRAM_PER_KG:
        raise ValueError(f"a body weight can't be {weight_kg} kg")
    creatinine_mg_per_dl = creatinine_umol_per_l / CREATININE_UMOL_PER_L_PER_MG_PER_DL
    clearance = (140.0 - age_years) * weight_kg / (72.0 * creatinine_mg_per_dl)
    return clearance * 0.85 if sex == "F" else clearance


def _check(creatinine_umol_per_l: float, age_years: float) -> None:
    if not creatinine_umol_per_l > 0:
        raise ValueError(f"a creatinine can't be {creatinine_umol_per_l} µmol/L")
    if not 18 <= age_years <= 130:
        raise ValueError(f"the equation is for adults, not for {age_years} years")
