"""Absorbed doses of organs, spheres and marrow from time-integrated activities, with the own constants."""

from __future__ import annotations

import math
from collections.abc import Mapping

from dosimetry_core.second_opinion.reference_data import ELECTRON_ENERGY_J, HALF_LIFE_S, MASSES_KG, S_VALUES, SPHERES

ORGANS = ("kidneys", "liver", "spleen")
GRAMS_PER_KG = 1000.0


def decay_constant(nuclide: str) -> float:
    """Physical decay constant in 1/s."""
    return math.log(2.0) / HALF_LIFE_S[nuclide]


def self_dose(nuclide: str, sex: str, organ: str, integral_bq_s: float, mass_kg: float) -> float:
    """Self dose of an organ: electrons by inverse mass, photons by its power 2/3."""
    electron, photon = S_VALUES[nuclide, sex, organ, organ]
    logarithm = math.log(MASSES_KG[sex, organ][0]) - math.log(mass_kg)
    return integral_bq_s * (electron * math.exp(logarithm) + photon * math.exp(logarithm * 2.0 / 3.0))


def cross_dose(nuclide: str, sex: str, target: str, sources_bq_s: Mapping[str, float]) -> float:
    """Dose from the other sources, unscaled."""
    return math.fsum(
        integral * math.fsum(S_VALUES[nuclide, sex, target, source])
        for source, integral in sources_bq_s.items()
        if source != target
    )


def sphere_s_value(nuclide: str, mass_kg: float, density_g_per_ml: float) -> float:
    """S value of a soft-tissue sphere in Gy/(Bq·s), by a cubic through four points of ln S against ln m.

    A sphere at another density absorbs like one of mass m ρ² at 1 g/mL.
    """
    table = SPHERES[nuclide]
    equivalent_g = mass_kg * GRAMS_PER_KG * density_g_per_ml**2
    if not table[0][0] <= equivalent_g <= table[-1][0]:
        raise ValueError(f"a sphere of {equivalent_g} g is outside the table")
    above = next(index for index, (mass, _) in enumerate(table) if mass >= equivalent_g)
    begin = min(max(above - 2, 0), len(table) - 4)
    near = [(math.log(m), math.log(s)) for m, s in table[begin : begin + 4]]
    x = math.log(equivalent_g)
    value = 0.0
    for i, (xi, yi) in enumerate(near):
        value += yi * math.prod((x - xj) / (xi - xj) for j, (xj, _) in enumerate(near) if j != i)
    return math.exp(value) * density_g_per_ml**2


def local_dose(nuclide: str, integral_bq_s: float, mass_kg: float) -> float:
    """All electron energy kept in the mass."""
    return integral_bq_s * ELECTRON_ENERGY_J[nuclide] / mass_kg


def remainder_s_value(nuclide: str, sex: str, convention: str, photon_scale: float) -> float:
    """S(red marrow ← rest of body) by a convention, the photon part scaled."""
    if convention == "total-body-difference":
        masses = {r: MASSES_KG[sex, r][1] for r in (*ORGANS, "red_marrow")}
        body = MASSES_KG[sex, "total_body"][1]
        rest = body - math.fsum(masses.values())
        electron, photon = (
            (
                S_VALUES[nuclide, sex, "red_marrow", "total_body"][part] * body
                - math.fsum(S_VALUES[nuclide, sex, "red_marrow", r][part] * m for r, m in masses.items())
            )
            / rest
            for part in (0, 1)
        )
    else:
        source = {"icrp-other": "remainder", "soft-tissue": "soft_remainder"}[convention]
        electron, photon = S_VALUES[nuclide, sex, "red_marrow", source]
    return electron + photon * photon_scale


def marrow_mass_kg(sex: str) -> float:
    """Mass that divides the marrow S value."""
    return MASSES_KG[sex, "red_marrow"][0]


def body_mass_kg(sex: str) -> float:
    """Mass of the reference body with blood."""
    return MASSES_KG[sex, "total_body_with_blood"][1]


def marrow_self_dose(
    nuclide: str, sex: str, blood_integral_bq_s_per_ml: float, density_g_per_ml: float, ratio: float
) -> float:
    """Self dose of the marrow from blood; the patient's marrow mass cancels."""
    per_kg = blood_integral_bq_s_per_ml * GRAMS_PER_KG / density_g_per_ml
    return per_kg * ratio * marrow_mass_kg(sex) * math.fsum(S_VALUES[nuclide, sex, "red_marrow", "red_marrow"])


def impulse_amplitude(amplitude: float, rate: float, infusion_s: float) -> float:
    """Amplitude c of the impulse response behind a term b exp(−λ t) after the end of a constant infusion.

    b is c times the mean of exp(−λ s) over the infusion, taken here by Simpson's rule on 64 stretches.
    """
    if infusion_s <= 0:
        return amplitude
    steps = 64
    weights = [1 if k in (0, steps) else 4 if k % 2 else 2 for k in range(steps + 1)]
    mean = math.fsum(w * math.exp(-rate * infusion_s * k / steps) for k, w in enumerate(weights)) / (3 * steps)
    return amplitude / mean
