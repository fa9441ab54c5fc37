"""Maps quantification oracles to production functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dosimetry_core.calibration import (
    activity_at_acquisition_start_bq,
    decay_while_counting_factor,
    largest_observable_count_rate_per_s,
    recovery_coefficient,
    true_count_rate_per_s,
)
from dosimetry_core.case import RecoveryCurve
from dosimetry_core.nuclide import decay_constant_per_s
from dosimetry_core.units import COUNTS_PER_S_PER_MBQ, HOUR, MEGABECQUEREL


def spect_01(inputs: dict[str, Any]) -> dict[str, Any]:
    constant = decay_constant_per_s(HOUR.to_core(inputs["T_half_h"]))
    arguments = {
        "sensitivity_cps_per_bq": COUNTS_PER_S_PER_MBQ.to_core(inputs["calibration_cps_per_MBq"]),
        "counting_duration_s": inputs["acquisition_duration_s"],
        "decay_constant_per_s": constant,
        "recovery": inputs["recovery_coefficient"],
    }
    activity = activity_at_acquisition_start_bq(inputs["counts_in_VOI"], **arguments)
    per_ml = activity_at_acquisition_start_bq(inputs["counts_in_VOI"] / inputs["volume_mL"], **arguments)
    referred = activity_at_acquisition_start_bq(
        inputs["counts_in_VOI"],
        decay_corrected_by_s=HOUR.to_core(inputs["acquisition_start_h_after_injection"]),
        **arguments,
    )
    return {
        "activity_at_start_MBq": MEGABECQUEREL.from_core(activity),
        "concentration_at_start_Bq_per_mL": per_ml,
        "within_acquisition_factor": decay_while_counting_factor(constant, inputs["acquisition_duration_s"]),
        "activity_referred_to_injection_MBq": MEGABECQUEREL.from_core(referred),
    }


def dt_01(inputs: dict[str, Any]) -> dict[str, Any]:
    true = true_count_rate_per_s(inputs["observed_cps"], inputs["tau_s"], inputs["model"])
    return {"true_cps": true, "factor": true / inputs["observed_cps"]}


def dt_02(inputs: dict[str, Any]) -> dict[str, Any]:
    limit = largest_observable_count_rate_per_s(inputs["tau_s"], inputs["model"])
    return {**dt_01(inputs), "max_observable_cps": limit}


def rc_01(inputs: dict[str, Any]) -> dict[str, Any]:
    curve = RecoveryCurve(inputs["b_mL"], inputs["g"])
    return {"R": [recovery_coefficient(volume, curve) for volume in inputs["v_mL"]]}


CASES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "SPECT-01": spect_01,
    "DT-01": dt_01,
    "DT-02": dt_02,
    "RC-01": rc_01,
}
