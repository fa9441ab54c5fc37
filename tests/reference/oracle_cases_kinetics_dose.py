"""Which production functions answer the oracles of curves, S values, marrow, BED and uncertainty."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from dosimetry_core import emissions, uncertainty
from dosimetry_core.case import Administration, RedMarrowSettings, VialMeasurement
from dosimetry_core.dose import local_deposition, organ_level, radiobiology, red_marrow, s_values, sphere
from dosimetry_core.kinetics import blood, integrate, models, second_nuclide, single_time_point
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.models import ExponentialTerm
from dosimetry_core.nuclide import LU177, Y90, decay_constant_per_s, half_life_s, nuclide
from dosimetry_core.partial_volume import blurred_sphere
from dosimetry_core.quantification import voi_extent
from dosimetry_core.units import (
    BQ_PER_MBQ,
    GIGABECQUEREL,
    GRAM_PER_KG,
    HOUR,
    JOULE_PER_MEV,
    KILOBECQUEREL_PER_ML,
    MEGABECQUEREL,
    MEGABECQUEREL_HOUR,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
)

Inputs = dict[str, Any]
KEV = JOULE_PER_MEV / 1000
MGY_PER_MBQ_S = 1e-3 / BQ_PER_MBQ
KBQ_H_PER_ML = KILOBECQUEREL_PER_ML.core_per_display * SECONDS_PER_HOUR


def hours(values: list[float]) -> np.ndarray:
    return np.array(values) * SECONDS_PER_HOUR


def megabecquerels(values: list[float]) -> np.ndarray:
    return np.array(values) * BQ_PER_MBQ


def terms_of(amplitudes_mbq: list[float], half_lives_h: list[float]) -> tuple[ExponentialTerm, ...]:
    return tuple(
        ExponentialTerm(a * BQ_PER_MBQ, decay_constant_per_s(t * SECONDS_PER_HOUR))
        for a, t in zip(amplitudes_mbq, half_lives_h, strict=True)
    )


def phys_01(inputs: Inputs) -> Inputs:
    lu = decay_constant_per_s(inputs["T_half_Lu177_h"] * SECONDS_PER_HOUR)
    y = decay_constant_per_s(inputs["T_half_Y90_h"] * SECONDS_PER_HOUR)
    return {
        "lambda_Lu_per_h": lu * SECONDS_PER_HOUR,
        "lambda_Y_per_h": y * SECONDS_PER_HOUR,
        "Lu_fraction_left_192h": nuclide(LU177).decay_factor(192 * SECONDS_PER_HOUR),
        "Y_fraction_left_192h": nuclide(Y90).decay_factor(192 * SECONDS_PER_HOUR),
    }


def phys_02(inputs: Inputs) -> Inputs:
    def absorbed(energy_kev: float, mass_kg: float) -> float:
        return local_deposition.local_deposition_absorbed_dose_gy(
            1.0, energy_per_decay_j=energy_kev * KEV, mass_kg=mass_kg
        )

    return {
        "Delta_Lu_J_per_Bq_s": absorbed(inputs["E_electron_Lu_keV_per_decay"], 1.0),
        "Delta_Y_J_per_Bq_s": absorbed(inputs["E_electron_Y_keV_per_decay"], 1.0),
        "S_Lu_1g_full_absorption_Gy_per_Bq_s": absorbed(inputs["E_electron_Lu_keV_per_decay"], 1 / GRAM_PER_KG),
    }


def phys_03(_: Inputs) -> Inputs:
    physics, lines = nuclide(LU177), emissions.emissions(LU177)
    return {
        "T_half_Lu177_d": physics.physical_half_life_s / SECONDS_PER_DAY,
        "beta_mean_keV": lines.beta_energy_per_decay_j / KEV,
        "CE_keV": emissions.energy_per_decay_j(lines.conversion_electrons) / KEV,
        "Auger_keV": emissions.energy_per_decay_j(lines.auger_electrons) / KEV,
        "electron_total_keV": physics.electron_energy_j / KEV,
        "photon_total_keV": physics.photon_energy_j / KEV,
        "gamma_208_pct": 100 * lines.photon_yield_near(208 * KEV, half_width_j=KEV),
        "gamma_113_pct": 100 * lines.photon_yield_near(113 * KEV, half_width_j=KEV),
    }


def tac_01(inputs: Inputs) -> Inputs:
    (t1, t2), (a1, a2) = hours(inputs["t_h"]), megabecquerels(inputs["A_MBq"])
    curve = single_time_point.two_point_curve(
        (t1, t2), (a1, a2), physical_half_life_s=nuclide(LU177).physical_half_life_s
    )
    return {
        "lambda_per_h": curve.decay_constant_per_s * SECONDS_PER_HOUR,
        "T_eff_h": HOUR.from_core(curve.effective_half_life_s),
        "A0_MBq": MEGABECQUEREL.from_core(curve.amplitude_bq),
        "TIA_MBq_h": MEGABECQUEREL_HOUR.from_core(curve.time_integrated_activity_bq_s),
    }


def tac_02(inputs: Inputs) -> Inputs:
    fit = fit_curve(TimeActivityCurve(hours(inputs["t_h"]), megabecquerels(inputs["A_MBq"]), LU177))
    spread = fit.parameter_standard_uncertainties
    return {
        "A0_MBq": MEGABECQUEREL.from_core(fit.parameters["amplitude_bq"]),
        "lambda_per_h": fit.parameters["decay_constant_per_s"] * SECONDS_PER_HOUR,
        "T_eff_h": HOUR.from_core(fit.effective_half_life_s),
        "TIA_MBq_h": MEGABECQUEREL_HOUR.from_core(fit.time_integrated_activity_bq_s),
        "chi2": fit.chi_squared,
        "u_A0": MEGABECQUEREL.from_core(spread["amplitude_bq"]),
        "u_lambda": spread["decay_constant_per_s"] * SECONDS_PER_HOUR,
        "cov_A0_lambda": MEGABECQUEREL.from_core(fit.covariance[0, 1]) * SECONDS_PER_HOUR,
        "u_TIA_MBq_h": MEGABECQUEREL_HOUR.from_core(fit.fit_standard_uncertainty_bq_s),
    }


def tac_04(inputs: Inputs) -> Inputs:
    terms = terms_of(inputs["A_MBq"], inputs["T_eff_h"])
    return {
        "TIA_MBq_h": MEGABECQUEREL_HOUR.from_core(models.time_integrated_activity_bq_s(terms)),
        "fraction_in_slow_phase": models.share_of_slowest_term(terms),
    }


def tac_07(inputs: Inputs) -> Inputs:
    times, values = hours(inputs["t_h"]), megabecquerels(inputs["A_MBq"])
    physical = decay_constant_per_s(inputs["T_half_phys_h"] * SECONDS_PER_HOUR)

    def curve(**options: Any) -> integrate.TrapezoidCurve:
        return integrate.TrapezoidCurve(times, values, physical, **options)

    straight = curve(middle="linear", head="linear-from-zero", tail="physical")
    sloped = curve(middle="linear", head="linear-from-zero", tail="last-two-points")
    in_mbq_h = MEGABECQUEREL_HOUR.from_core
    return {
        "trapezoid_4_192_MBq_h": in_mbq_h(straight.middle_bq_s),
        "head_linear_from_zero": in_mbq_h(straight.head_bq_s),
        "head_constant": in_mbq_h(curve(head="constant").head_bq_s),
        "tail_physical": in_mbq_h(straight.tail_bq_s),
        "tail_last_two_points": in_mbq_h(sloped.tail_bq_s),
        "total_head_linear_tail_physical": in_mbq_h(straight.time_integrated_activity_bq_s),
        "total_head_linear_tail_last_two": in_mbq_h(sloped.time_integrated_activity_bq_s),
        "log_trapezoid_4_192": in_mbq_h(curve(middle="log").middle_bq_s),
    }


def tac_09(inputs: Inputs) -> Inputs:
    curve = TimeActivityCurve(hours(inputs["t_h"]), megabecquerels(inputs["A_MBq"]), LU177)
    fit = fit_curve(curve, physical_half_life_s=inputs["T_half_phys_h"] * SECONDS_PER_HOUR)
    assert fit.unbounded_decay_constant_per_s is not None
    flagged = next(finding for finding in fit.findings if finding.code == "bound-active")
    return {
        "unbounded_T_eff_h": HOUR.from_core(half_life_s(fit.unbounded_decay_constant_per_s)),
        "bounded_T_eff_h": HOUR.from_core(fit.effective_half_life_s),
        "A0_MBq": MEGABECQUEREL.from_core(fit.parameters["amplitude_bq"]),
        "TIA_MBq_h": MEGABECQUEREL_HOUR.from_core(fit.time_integrated_activity_bq_s),
        "flag": flagged.text.split(":")[0],
    }


def stp_01(inputs: Inputs) -> Inputs:
    error = single_time_point.haenscheid_error_range(0.75, 2.5)
    return {
        "true_over_estimate_minus_1": [
            single_time_point.haenscheid_true_over_estimate(x) - 1 for x in inputs["x_equals_t_over_Teff"]
        ],
        "worst_in_range_0.75_to_2.5": error.worst,
        "minimum_at_x": error.lowest_at,
        "minimum": error.lowest,
    }


def stp_02(inputs: Inputs) -> Inputs:
    unit = 1 / (GRAM_PER_KG * BQ_PER_MBQ * SECONDS_PER_HOUR)
    constant = single_time_point.haenscheid_dose_constant_gy_kg_per_bq_s(
        inputs["E_electron_keV"] * KEV, absorbed_fraction=inputs["absorbed_fraction"]
    )
    return {
        "Gy_g_per_MBq_h": constant / unit,
        "published_rounded": single_time_point.HAENSCHEID_PUBLISHED_CONSTANT_GY_KG_PER_BQ_S / unit,
    }


def kid_01(inputs: Inputs) -> Inputs:
    s = inputs["S_kidneys_kidneys_mGy_per_MBq_s"] * MGY_PER_MBQ_S
    reference = inputs["reference_mass_g"] / GRAM_PER_KG
    activity = {side: MEGABECQUEREL_HOUR.to_core(inputs[f"TIA_{side}_MBq_h"]) for side in ("left", "right")}
    mass = {side: inputs[f"mass_{side}_g"] / GRAM_PER_KG for side in ("left", "right")}
    constants = {"electron_s_gy_per_bq_s": s, "photon_s_gy_per_bq_s": 0.0, "reference_mass_kg": reference}
    sides = {
        side: organ_level.paired_organ_side_absorbed_dose_gy(
            activity[side], side_mass_kg=mass[side], both_mass_kg=sum(mass.values()), **constants
        )
        for side in activity
    }
    both = organ_level.self_absorbed_dose_gy(sum(activity.values()), mass_kg=sum(mass.values()), **constants)
    return {
        "D_left_Gy": sides["left"],
        "D_right_Gy": sides["right"],
        "D_both_Gy": both,
        "mass_weighted_mean_of_sides_Gy": organ_level.mass_weighted_mean_gy(sides, mass),
    }


def sph_01(inputs: Inputs) -> Inputs:
    return {
        "S_Gy_per_Bq_s": [
            sphere.computed_sphere_s_value(
                LU177, mass / GRAM_PER_KG, density_g_per_ml=inputs["density_g_per_mL"]
            ).total_gy_per_bq_s
            for mass in inputs["mass_g"]
        ]
    }


def sph_03(inputs: Inputs) -> Inputs:
    spheres = [
        sphere.sphere_s_value(Y90, mass / GRAM_PER_KG, density_g_per_ml=inputs["density_g_per_mL"])
        for mass in inputs["mass_g"]
    ]
    return {
        "absorbed_fraction": [s.electron_absorbed_fraction for s in spheres],
        "S_Gy_per_Bq_s": [s.total_gy_per_bq_s for s in spheres],
    }


def led_01(inputs: Inputs) -> Inputs:
    rate = local_deposition.local_deposition_absorbed_dose_rate_gy_per_s(
        inputs["activity_concentration_MBq_per_mL"] * BQ_PER_MBQ,
        energy_per_decay_j=inputs["E_keV"] * KEV,
        density_g_per_ml=inputs["density_g_per_mL"],
    )
    decay = decay_constant_per_s(inputs["T_eff_h"] * SECONDS_PER_HOUR)
    return {
        "dose_rate_Gy_per_h": rate * SECONDS_PER_HOUR,
        "dose_Gy": radiobiology.absorbed_dose_gy([radiobiology.DoseRateTerm(rate, decay)]),
    }


def rm_01(inputs: Inputs) -> Inputs:
    return {
        "RMBLR": [
            red_marrow.marrow_to_blood_ratio_of_large_molecules(h, extracellular_fluid_fraction=inputs["RMECFF"])
            for h in inputs["hematocrit"]
        ],
        "RMBLR_177Lu_peptide": RedMarrowSettings().marrow_to_blood_ratio,
    }


def rm_02(inputs: Inputs) -> Inputs:
    fit = blood.fit_blood_curve(
        hours(inputs["t_h"]),
        np.array(inputs["blood_kBq_per_mL_exact"]) * KILOBECQUEREL_PER_ML.core_per_display,
        nuclide_name=LU177,
        infusion_s=0.0,
    )
    fast, slow = (
        [KILOBECQUEREL_PER_ML.from_core(term.amplitude_bq_per_ml), HOUR.from_core(term.effective_half_life_s)]
        for term in fit.terms
    )
    return {"TIA_blood_kBq_h_per_mL": fit.time_integral_bq_s_per_ml / KBQ_H_PER_ML, "fast": fast, "slow": slow}


def rm_03(inputs: Inputs) -> Inputs:
    per_mass = red_marrow.blood_time_integrated_activity_bq_s_per_kg(
        inputs["TIA_blood_kBq_h_per_mL"] * KBQ_H_PER_ML, blood_density_g_per_ml=inputs["blood_density_g_per_mL"]
    )
    dose = red_marrow.marrow_self_absorbed_dose_gy(
        per_mass,
        marrow_to_blood_ratio=inputs["RMBLR"],
        s_value_gy_per_bq_s=inputs["S_RM_RM_mGy_per_MBq_s"] * MGY_PER_MBQ_S,
        phantom_marrow_mass_kg=inputs["RM_phantom_mass_kg"],
    )
    asked_for = inspect.signature(red_marrow.red_marrow_absorbed_dose).parameters
    return {
        "TIA_blood_Bq_s_per_kg": per_mass,
        "D_self_Gy": dose,
        "patient_marrow_mass_cancels": not any("marrow_mass" in name for name in asked_for),
    }


def rm_04(inputs: Inputs) -> Inputs:
    masses = dict(inputs["masses_kg"])
    body = masses.pop("TB")
    s = {name: inputs[f"S_RM_{name}"] * MGY_PER_MBQ_S for name in masses}
    rest = s_values.remainder_s_value_gy_per_bq_s(
        inputs["S_RM_TB"] * MGY_PER_MBQ_S, s, total_body_mass_kg=body, region_masses_kg=masses
    )
    return {
        "remainder_mass_kg": s_values.remainder_mass_kg(body, masses),
        "S_RM_RB_mGy_per_MBq_s": rest / MGY_PER_MBQ_S,
    }


def rm_08(inputs: Inputs) -> Inputs:
    given = inputs["fit_after_end_of_infusion"]
    infusion = inputs["infusion_h"] * SECONDS_PER_HOUR
    terms = [
        blood.ConcentrationTerm(KILOBECQUEREL_PER_ML.to_core(a), decay_constant_per_s(t * SECONDS_PER_HOUR))
        for a, t in zip(given["A_kBq_per_mL"], given["T_eff_h"], strict=True)
    ]
    return {
        "TIA_after_end_only": blood.time_integral_after_infusion_bq_s_per_ml(terms) / KBQ_H_PER_ML,
        "TIA_total_kBq_h_per_mL": blood.time_integral_bq_s_per_ml(terms, infusion_s=infusion) / KBQ_H_PER_ML,
        "factors": [blood.infusion_factor(term.decay_constant_per_s, infusion) for term in terms],
        "missed_fraction": blood.missed_fraction(terms, infusion_s=infusion),
    }


def y90_01(inputs: Inputs) -> Inputs:
    return {
        "T_eff_Y_h": [
            HOUR.from_core(
                second_nuclide.second_effective_half_life_s(
                    t * SECONDS_PER_HOUR,
                    from_physical_half_life_s=inputs["T_half_Lu_h"] * SECONDS_PER_HOUR,
                    to_physical_half_life_s=inputs["T_half_Y_h"] * SECONDS_PER_HOUR,
                )
            )
            for t in inputs["T_eff_Lu_h"]
        ]
    }


def y90_02(inputs: Inputs) -> Inputs:
    terms = terms_of(inputs["kidney_Lu_A_MBq"], inputs["T_eff_Lu_h"])
    times = hours([1.0, 4.0, 12.0, 24.0, 48.0, 192.0])
    lu = fit_curve(TimeActivityCurve(times, models.activity_bq(terms, times), LU177), model="bi-exponential")
    y = second_nuclide.second_nuclide_fit(
        lu,
        from_nuclide=LU177,
        to_nuclide=Y90,
        administered_from_bq=GIGABECQUEREL.to_core(inputs["A_Lu_admin_GBq"]),
        administered_to_bq=GIGABECQUEREL.to_core(inputs["A_Y_admin_GBq"]),
    )
    return {
        "TIA_Lu_MBq_h": MEGABECQUEREL_HOUR.from_core(lu.time_integrated_activity_bq_s),
        "TIA_Y_MBq_h": MEGABECQUEREL_HOUR.from_core(y.time_integrated_activity_bq_s),
        "T_eff_Y_h": [HOUR.from_core(half_life_s(term.decay_constant_per_s)) for term in y.terms],
    }


def y90_05(inputs: Inputs) -> Inputs:
    ratio = second_nuclide.absorbed_dose_ratio_per_administered_activity(
        inputs["T_eff_Lu_h"] * SECONDS_PER_HOUR,
        from_physical_half_life_s=nuclide(LU177).physical_half_life_s,
        to_physical_half_life_s=nuclide(Y90).physical_half_life_s,
        from_absorbed_energy_j=inputs["energy_absorbed_Lu_keV"] * KEV,
        to_absorbed_energy_j=inputs["E_Y_keV"] * KEV,
        to_absorbed_fraction=inputs["absorbed_fraction_Y_kidney"],
    )
    return {"ratio": ratio}


def bed_01(inputs: Inputs) -> Inputs:
    repair = inputs["T_rep_h"] * SECONDS_PER_HOUR
    term = radiobiology.mono_exponential_dose_rate(inputs["D_Gy"], inputs["T_eff_h"] * SECONDS_PER_HOUR)
    one = radiobiology.bed_gy([term], alpha_beta_gy=inputs["alpha_beta_Gy"], repair_half_life_s=repair)
    return {
        "G": radiobiology.lea_catcheside_factor([term], repair_half_life_s=repair),
        "BED_Gy": one,
        "four_equal_cycles_BED_Gy": math.fsum([one] * 4),
    }


def unc_01(inputs: Inputs) -> Inputs:
    return {
        "u_d_mm": voi_extent.diameter_standard_uncertainty_mm(inputs["voxel_mm"], inputs["FWHM_mm"]),
        "u_V_rel": voi_extent.sphere_volume_relative_standard_uncertainty(
            inputs["diameter_mm"], inputs["voxel_mm"], inputs["FWHM_mm"]
        ),
        "CT_contour_0.98mm_voxel_FWHM_1.5mm_u_V_rel": voi_extent.sphere_volume_relative_standard_uncertainty(
            inputs["diameter_mm"], 0.98, 1.5
        ),
    }


def unc_02(inputs: Inputs) -> Inputs:
    fwhm, radii = inputs["FWHM_mm"], inputs["radius_mm"]
    return {
        "phi": [blurred_sphere.sphere_edge_response(r, fwhm) for r in radii],
        "edge_density_over_true": [blurred_sphere.sphere_edge_density(r, fwhm) for r in radii],
        "recovery_mean_in_VOI": [blurred_sphere.sphere_recovery(r, fwhm) for r in radii],
        "u_C_over_u_V_factor_phi_over_2R": [blurred_sphere.sphere_count_volume_sensitivity(r, fwhm) for r in radii],
    }


def unc_03(inputs: Inputs) -> Inputs:
    fwhm, contour = inputs["SPECT_FWHM_mm"], inputs["CT_contour"]
    radius = blurred_sphere.sphere_radius_mm(inputs["volume_mL"])
    volume = voi_extent.sphere_volume_relative_standard_uncertainty(2 * radius, contour["voxel_mm"], contour["FWHM_mm"])
    counts = blurred_sphere.sphere_count_volume_sensitivity(radius, fwhm)
    recovery = blurred_sphere.sphere_recovery_volume_sensitivity(radius, fwhm)
    exponent = inputs["S_exponent_c2"]
    sensitivity = uncertainty.dose_volume_sensitivity(
        counts_sensitivity=counts, recovery_sensitivity=recovery, s_value_exponent=exponent
    )
    times = hours(inputs["t_h"])
    values = models.activity_bq(terms_of([inputs["A0_MBq"]], [inputs["T_eff_h"]]), times)
    fit = fit_curve(
        TimeActivityCurve(times, values, LU177, values * inputs["u_counting_rel_per_time_point"]),
    )
    calibration, curve = inputs["u_calibration_rel"], inputs["u_recovery_curve_rel"]
    combined = uncertainty.dose_relative_uncertainty(
        time_integrated_activity_random=fit.fit_relative_standard_uncertainty,
        calibration=calibration,
        recovery=curve,
        volume_sensitivity=sensitivity,
        volume=volume,
    )
    independent = uncertainty.dose_relative_uncertainty_with_independent_volume_terms(
        time_integrated_activity_random=fit.fit_relative_standard_uncertainty,
        calibration=calibration,
        recovery=curve,
        volume=volume,
        counts_sensitivity=counts,
        recovery_sensitivity=recovery,
        s_value_exponent=exponent,
    )
    # The oracle's dose rests on the OLINDA/EXM 2 value of KID-01 (methods 3), which its inputs do not repeat.
    dose = organ_level.self_absorbed_dose_gy(
        fit.time_integrated_activity_bq_s,
        electron_s_gy_per_bq_s=7.76e-5 * MGY_PER_MBQ_S,
        photon_s_gy_per_bq_s=0.0,
        reference_mass_kg=0.310,
        mass_kg=inputs["volume_mL"] * inputs["density_g_per_mL"] / GRAM_PER_KG,
    )
    return {
        "recovery": blurred_sphere.sphere_recovery(radius, fwhm),
        "phi": blurred_sphere.sphere_edge_response(radius, fwhm),
        "dlnC_dlnV": counts,
        "dlnR_dlnV": recovery,
        "volume_sensitivity_of_dose": sensitivity,
        "u_V_rel": volume,
        "u_TIA_fit_rel": fit.fit_relative_standard_uncertainty,
        "u_D_rel": combined.total,
        "u_D_rel_if_volume_terms_were_treated_as_independent": independent,
        "D_Gy": dose,
        "u_D_Gy": combined.of(dose),
    }


def plan_m1(inputs: Inputs) -> Inputs:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("UTC"))

    given = {}
    for short, name in (("Lu", LU177), ("Y", Y90)):
        vial = VialMeasurement(
            GIGABECQUEREL.to_core(inputs["vial_GBq"][short]),
            at(inputs["vial_reference"]),
            GIGABECQUEREL.to_core(inputs["residual_GBq"][short]),
            at(inputs["residual_measured"]),
        )
        made = Administration.from_vial(name, vial, start=at(inputs["injection"]), infusion_s=0.0)
        given[f"administered_{short}_GBq"] = GIGABECQUEREL.from_core(made.administered_activity_bq)
    return given


CASES: dict[str, Callable[[Inputs], Inputs]] = {
    "PHYS-01": phys_01,
    "PHYS-02": phys_02,
    "PHYS-03": phys_03,
    "TAC-01": tac_01,
    "TAC-02": tac_02,
    "TAC-04": tac_04,
    "TAC-07": tac_07,
    "TAC-09": tac_09,
    "STP-01": stp_01,
    "STP-02": stp_02,
    "KID-01": kid_01,
    "SPH-01": sph_01,
    "SPH-03": sph_03,
    "LED-01": led_01,
    "RM-01": rm_01,
    "RM-02": rm_02,
    "RM-03": rm_03,
    "RM-04": rm_04,
    "RM-08": rm_08,
    "Y90-01": y90_01,
    "Y90-02": y90_02,
    "Y90-05": y90_05,
    "BED-01": bed_01,
    "UNC-01": unc_01,
    "UNC-02": unc_02,
    "UNC-03": unc_03,
    "PLAN-M1": plan_m1,
}
