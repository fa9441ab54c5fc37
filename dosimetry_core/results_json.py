"""The tree of results.json from an evaluation: core units, the unit in every name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from dosimetry_core.case import Case, Cycle
from dosimetry_core.case_file import CASE_FORMAT
from dosimetry_core.data_tables import data_table_editions
from dosimetry_core.dose.engine import role_group
from dosimetry_core.dose.engine_comparison import EngineComparison
from dosimetry_core.dose.radiobiology import ProtractionPerGy, Radiosensitivity, eqd2_gy
from dosimetry_core.errors import Finding
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.given_details import recorded_details
from dosimetry_core.image import ImageSeries, TimePoint
from dosimetry_core.kinetics.leave_one_out import leave_one_out
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.results import (
    DoseValue,
    EnclosedReading,
    OrganResult,
    VoiResult,
    VoxelDoseNumbers,
    total_dose,
)
from dosimetry_core.scan_vois import review_on
from dosimetry_core.uncertainty import effects_json
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

_CURVE_POINTS = 60


def results_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything that was computed, as plain dictionaries, lists, texts and numbers."""
    case = evaluation.case
    return {
        "format": CASE_FORMAT,
        "software": {
            "name": SOFTWARE_NAME,
            "version": SOFTWARE_VERSION,
            "data_tables": data_table_editions(),
        },
        "patient": {
            "id": case.patient.patient_id,
            "name": case.patient.name,
            "sex": case.patient.sex,
            "birth_date": None if case.patient.birth_date is None else case.patient.birth_date.isoformat(),
            "weight_kg": case.patient.weight_kg,
            "height_mm": case.patient.height_mm,
            "haematocrit": case.patient.haematocrit,
            "bone_metastases": case.patient.bone_metastases,
            "time_zone": case.patient.time_zone,
        },
        "inputs": inputs(case),
        "settings": plain(case.settings)
        | {"calibration": {f"cycle_{cycle.number}": plain(cycle.calibration) for cycle in case.cycles}}
        | {"measurement": {f"cycle_{cycle.number}": _measurement(cycle) for cycle in case.cycles if cycle.image_paths}},
        "cycles": [_cycle(result, _kidneys(case), evaluation.protocol.total_limit_gy) for result in evaluation.cycles],
        "course": _course(evaluation),
        "protocol": evaluation.protocol.to_json(),
        "plan": evaluation.plan.to_json(),
        "second_opinion": {
            "disagreements": [
                {
                    "quantity": item.quantity,
                    "value": item.value,
                    "second_value": item.second_value,
                    "relative_difference": item.relative_difference,
                }
                for item in evaluation.disagreements
            ],
        },
        "findings": [finding_json(finding) for finding in evaluation.findings],
    }


def _measurement(cycle: Cycle) -> dict[str, Any]:
    """How the images of a cycle were read and measured, besides the calibration."""
    return {
        "contour_convention": cycle.contour_convention,
        "whole_body_method": cycle.whole_body.method,
        "clock_offset_s": dict(cycle.clock_offset_s),
    }


def finding_json(finding: Finding) -> dict[str, str]:
    """A finding as results.json has it."""
    return {"code": finding.code, "level": finding.level, "text": finding.text, "place": finding.place}


def plain(value: Any) -> Any:
    """A value of the case tree as JSON: dataclasses and maps become objects, instants ISO 8601 text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def inputs(case: Case) -> dict[str, str]:
    """SHA-256 of every file the case was made of, by its path relative to the case folder."""
    files = list(case.case_files)
    for cycle in case.cycles:
        files += (*cycle.voi_files, *cycle.registration_files)
        for point in cycle.time_points:
            for series in (point.spect, point.ct):
                files += series.source_files if series is not None else ()
    folder = case.folder.rstrip("/\\")
    digests = {}
    for file in files:
        inside = file.path.startswith((folder + "/", folder + "\\"))
        name = file.path[len(folder) + 1 :] if inside else file.path
        digests[name.replace("\\", "/")] = file.sha256
    return dict(sorted(digests.items()))


def _doses(doses: Mapping[str, DoseValue]) -> dict[str, Any]:
    """The two dose keys: absorbed dose and its standard uncertainty, by nuclide and in total."""
    total = total_dose(doses.values())
    with_total = {**doses, "total": total}
    return {
        "absorbed_dose_gy": {name: value.absorbed_dose_gy for name, value in with_total.items()},
        "absorbed_dose_standard_uncertainty_gy": {
            name: value.standard_uncertainty_gy for name, value in with_total.items()
        },
        "absorbed_dose_random_standard_uncertainty_gy": {
            name: value.random_standard_uncertainty_gy for name, value in with_total.items()
        },
        "uncertainty_effects": effects_json({name: value.effects_gy for name, value in doses.items()}),
    }


def _kidneys(case: Case) -> Radiosensitivity:
    chosen = case.settings.radiobiology
    return Radiosensitivity(chosen.kidneys_alpha_beta_gy, chosen.kidneys_repair_half_life_s, chosen.kidneys_source)


def _cycle(result: CycleResult, kidneys: Radiosensitivity, limits_gy: Mapping[str, float]) -> dict[str, Any]:
    cycle = result.cycle
    return {
        "number": cycle.number,
        "administrations": [
            {
                "nuclide": a.nuclide,
                "administered_activity_bq": a.administered_activity_bq,
                "start": a.start.isoformat(),
                "infusion_s": a.infusion_s,
                "vial": plain(a.vial),
                "planned_activity_bq": a.planned_activity_bq,
                "plan_sha256": a.plan_sha256 or None,
                "given_by": a.given_by or None,
                "comment": a.comment or None,
                **recorded_details(a),
            }
            for a in cycle.administrations
        ],
        "time_points": _time_points(result),
        "vois": {name: _voi(result, voi, kidneys, limits_gy) for name, voi in result.vois.items()},
        "organs": {name: _organ(organ, kidneys) for name, organ in result.organs.items()},
        "entered": _entered(cycle),
        "entered_relative_standard_uncertainty": (
            {} if cycle.entered is None else dict(cycle.entered.relative_standard_uncertainty)
        ),
        "whole_body": None if result.whole_body is None else plain(result.whole_body),
        "blood": _blood(result),
        "red_marrow": {name: dose.to_json() for name, dose in result.red_marrow.items()},
        "red_marrow_image_based_self_gy": {
            name: _with_total(doses) for name, doses in result.red_marrow_image_based_self_gy.items()
        },
        "red_marrow_alternatives_gy": dict(result.red_marrow_alternatives_gy),
        "haematocrit": cycle.haematocrit,
        "laboratory": [{"date": r.date.isoformat(), **r.values} for r in cycle.laboratory],
        "safety": result.safety.to_json(),
        "findings": [finding_json(finding) for finding in result.findings],
    }


def _series(series: ImageSeries | None) -> dict[str, Any] | None:
    if series is None:
        return None
    return {
        "series_uid": series.series_uid,
        "study_uid": series.study_uid,
        "frame_of_reference_uid": series.frame_of_reference_uid,
        "description": series.description,
        "acquisition_start": series.acquisition_start.isoformat(),
        "quantity": series.volume.quantity,
        "decay_reference": series.decay_reference,
        "counting_duration_s": series.counting_duration_s,
        "shape": list(series.volume.geometry.shape),
        "spacing_mm": list(series.volume.geometry.spacing_mm),
        "files": len(series.source_files),
        "manufacturer": series.manufacturer,
        "number_of_heads": series.number_of_heads,
        "frames_per_head": series.frames_per_head,
        "frame_duration_s": series.frame_duration_s,
        "tube_voltage_kv": series.tube_voltage_kv,
        "acquisition": plain(series.acquisition),
    }


def _time_points(result: CycleResult) -> list[dict[str, Any]]:
    cycle = result.cycle
    points = []
    for index, point in enumerate(cycle.time_points):
        transform = point.registration.transform
        points.append(
            {
                "time_after_administration_s": time_after_administration_s(cycle, index),
                "spect": _series(point.spect),
                "ct": _series(point.ct),
                "registration": {
                    "method": point.registration.method,
                    "residual_mm": point.registration.residual_mm,
                    "source": point.registration.source,
                    "confirmed_by": point.registration.confirmed_by or None,
                    "voi_motions": _voi_motions(cycle, point),
                    "rotation_rad": transform.angle_rad,
                    "translation_of_reference_centre_mm": (
                        transform.apply(centre := point.spect.volume.geometry.centre_mm()) - centre
                    ).tolist(),
                },
                "redrawn_vois": _redrawn_vois(cycle, point),
                "voi_reviews": _voi_reviews(cycle, point),
                "field_of_view_activity_bq": (
                    None
                    if result.measurement is None
                    else float(result.measurement.time_points[index].field_of_view_activity_bq)
                ),
            }
        )
    return points


def _voi_motions(cycle: Cycle, point: TimePoint) -> dict[str, Any]:
    """VOIs with a motion of their own on a scan, by name."""
    names = {voi.voi_id: voi.name for voi in cycle.vois}
    return {
        names[key]: {
            "method": moved.method,
            "displacement_mm": list(moved.displacement_mm),
            "rotation_rad": moved.motion.angle_rad,
            "standard_uncertainty_mm": moved.standard_uncertainty_mm,
            "reason": moved.reason or None,
            "moved_by": moved.moved_by or None,
        }
        for key, moved in point.registration.voi_motions.items()
        if key in names
    }


def _redrawn_vois(cycle: Cycle, point: TimePoint) -> dict[str, Any]:
    """VOIs with a shape of their own on a scan, by name; what was measured inside is ``volume_by_time_point_ml``."""
    drawn = {voi.name: point.redrawn_vois.get(voi.voi_id) for voi in cycle.vois}
    return {
        name: {"volume_ml": redrawn.mask.volume_ml, "reason": redrawn.reason, "drawn_by": redrawn.drawn_by or None}
        for name, redrawn in drawn.items()
        if redrawn is not None
    }


def _voi_reviews(cycle: Cycle, point: TimePoint) -> dict[str, Any]:
    """Who looked at which VOI as it lies on a scan, by name; reviews that no longer hold are left out."""
    found = {voi.name: review_on(point, voi) for voi in cycle.vois}
    return {
        name: {"reviewed_by": review.reviewed_by, "reviewed_at": review.reviewed_at.isoformat()}
        for name, review in found.items()
        if review is not None
    }


def time_after_administration_s(cycle: Cycle, index: int) -> float:
    """Time of a scan's start after the middle of the first-listed nuclide's infusion."""
    start = cycle.time_points[index].spect.acquisition_start
    return (start - cycle.administrations[0].time_zero).total_seconds()


def fit_json(fit: FitResult) -> dict[str, Any]:
    """A fit as results.json has it."""
    last = float(fit.curve.times_s[-1]) * 1.2
    times = np.linspace(0.0, last, _CURVE_POINTS)
    return {
        "model": fit.model,
        "requested_model": fit.requested_model,
        "parameters": dict(fit.parameters),
        "parameter_standard_uncertainties": dict(fit.parameter_standard_uncertainties),
        "covariance_convention": fit.covariance_convention,
        "bounds_active": list(fit.bounds_active),
        "effective_half_life_s": fit.effective_half_life_s,
        "time_integrated_activity_bq_s": fit.time_integrated_activity_bq_s,
        "time_integrated_activity_standard_uncertainty_bq_s": fit.time_integrated_activity_standard_uncertainty_bq_s,
        "extrapolated_fraction": fit.extrapolated_fraction,
        "before_first_point_fraction": fit.before_first_point_fraction,
        "chi_squared": fit.chi_squared,
        "degrees_of_freedom": fit.degrees_of_freedom,
        "information_criterion": fit.information_criterion,
        "derived_from": fit.derived_from,
        "weights": fit.weights,
        "tail": fit.tail,
        "random_standard_uncertainty_bq": (
            None
            if fit.curve.random_standard_uncertainty_bq is None
            else fit.curve.random_standard_uncertainty_bq.tolist()
        ),
        "time_integrated_activity_random_standard_uncertainty_bq_s": fit.fit_standard_uncertainty_bq_s,
        "time_integrated_activity_interval_90_bq_s": list(fit.interval_bq_s(0.9)),
        "time_integrated_activity_interval_90_if_model_is_right_bq_s": list(
            fit.interval_bq_s(0.9, if_model_is_right=True)
        ),
        "covariance": {"names": list(fit.covariance_names), "values": fit.covariance.tolist()},
        "candidates": [plain(candidate) for candidate in fit.candidates],
        "prior": plain(fit.prior),
        "single_time_point": plain(fit.single_scan),
        "leave_one_out": [plain(item) for item in leave_one_out(fit)],
        "included": fit.curve.mask.tolist(),
        "residuals_bq": fit.residuals_bq.tolist(),
        "curve": {"time_after_administration_s": times.tolist(), "activity_bq": fit.activity_bq(times).tolist()},
        "findings": [finding_json(finding) for finding in fit.findings],
    }


def _voi(
    result: CycleResult, voi: VoiResult, kidneys: Radiosensitivity, limits_gy: Mapping[str, float]
) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "role": voi.role,
        "source": voi.voi.source,
        "volume_ml": voi.volume_ml,
        "volume_by_time_point_ml": list(voi.volume_by_time_point_ml),
        "mass_kg": voi.mass_kg,
        "density_g_per_ml": voi.density_g_per_ml,
        "activity_bq": {name: curve.activity_bq.tolist() for name, curve in voi.curves.items()},
        "activity_standard_uncertainty_bq": {
            name: None if values is None else list(values)
            for name, values in voi.activity_standard_uncertainty_bq.items()
        },
        "partial_volume_factor": [factor if math.isfinite(factor) else None for factor in voi.partial_volume_factors],
        "uncorrected_activity_bq": {name: list(values) for name, values in voi.uncorrected_activity_bq.items()},
        "fit": {name: fit_json(fit) for name, fit in voi.fits.items()},
        "engine": voi.engine,
        "pending_engine": voi.pending_engine,
        "engine_comparison": {item.engine: _comparison(item) for item in voi.comparisons},
        "cross_check_absorbed_dose_gy": {engine: _with_total(doses) for engine, doses in voi.cross_checks_gy.items()},
        "contributions": {source: _with_total(doses) for source, doses in voi.contributions_gy.items()},
        "failure": voi.failure,
        "findings": [finding_json(finding) for finding in voi.findings],
    }
    if voi.doses:
        tree |= _doses(voi.doses)
        tree["absorbed_dose_per_administered_activity_gy_per_bq"] = {
            a.nuclide: voi.doses[a.nuclide].absorbed_dose_gy / a.administered_activity_bq
            for a in result.cycle.administrations
            if a.nuclide in voi.doses
        }
    if budgets := voi.budgets:
        tree["uncertainty_budget"] = {name: budget.to_json() for name, budget in budgets.items()}
    if voi.voxel_dose is not None:
        tree["voxel_dose"] = _voxel_dose(voi.voxel_dose, voi, limits_gy.get(role_group(voi.role)))
    if voi.bed_gy is not None:
        tree |= _bed(voi.bed_gy, voi.protraction_per_gy, kidneys)
    if voi.with_enclosed is not None:
        tree["with_enclosed_vois"] = {
            "enclosed": list(voi.with_enclosed.enclosed),
            "volume_ml": voi.with_enclosed.volume_ml,
            "time_integrated_activity_bq_s": dict(voi.with_enclosed.time_integrated_activity_bq_s),
            "absorbed_dose_gy": _with_total(voi.with_enclosed.absorbed_dose_gy),
        } | _enclosed(voi.with_enclosed)
        tree["without_vois"] = list(voi.with_enclosed.enclosed)
    return tree


def _comparison(comparison: EngineComparison) -> dict[str, Any]:
    """Another engine's dose against the one in use."""
    return {
        "ratio": dict(comparison.ratio),
        "parts": dict(comparison.parts),
        "absorbed_fractions": {
            nuclide: {"this_engine": own, "other_engine": other}
            for nuclide, (own, other) in comparison.absorbed_fractions.items()
        },
        "bound": comparison.bound,
        "beyond_bound": comparison.beyond_bound,
        "explanation": comparison.explanation,
    }


def _voxel_dose(numbers: VoxelDoseNumbers, voi: VoiResult, limit_gy: float | None) -> dict[str, Any]:
    """What the voxel map says of a VOI, with the part of it that receives the whole course's limit in this cycle."""
    tree: dict[str, Any] = plain(numbers)
    doses, fractions = tree.pop("histogram_gy"), tree.pop("histogram_volume_fraction")
    receiving = []
    if limit_gy is not None:
        fraction = numbers.volume_fraction_receiving(limit_gy)
        receiving.append(
            {"absorbed_dose_gy": limit_gy, "volume_fraction": fraction, "volume_ml": fraction * voi.volume_ml}
        )
    return tree | {
        "histogram": {"absorbed_dose_gy": doses, "volume_fraction": fractions},
        "volume_receiving_at_least": receiving,
        "limited_by_image_resolution": True,
    }


def _enclosed(reading: EnclosedReading) -> dict[str, Any]:
    """What else is known of everything inside a VOI's outline."""
    tree: dict[str, Any] = {
        "mass_kg": reading.mass_kg,
        "activity_bq": {nuclide: list(values) for nuclide, values in reading.activity_bq.items()},
        "absorbed_dose_by_engine_gy": {engine: _with_total(doses) for engine, doses in reading.by_engine_gy.items()},
    }
    voxels = {"d98_gy": reading.d98_gy, "d90_gy": reading.d90_gy, "d50_gy": reading.d50_gy, "d2_gy": reading.d2_gy}
    return tree if reading.d50_gy is None else tree | {"voxel_dose": voxels | {"limited_by_image_resolution": True}}


def _with_total(doses: Mapping[str, float]) -> dict[str, float]:
    return {**doses, "total": sum(doses.values())}


def _organ(organ: OrganResult, kidneys: Radiosensitivity) -> dict[str, Any]:
    tree = _doses(organ.doses) | {
        "absorbed_dose_per_administered_activity_gy_per_bq": dict(organ.per_administered_activity_gy_per_bq),
        "contributions": {source: _with_total(doses) for source, doses in organ.contributions_gy.items()},
        "estimated": organ.estimated,
        "estimated_nuclides": list(organ.estimated_nuclides),
        "origin": organ.origin,
    }
    if organ.bed_gy is not None:
        tree |= _bed(organ.bed_gy, organ.protraction_per_gy, kidneys) | {"bed_estimated": organ.bed_estimated}
    return tree


def _bed(bed_gy: float, quadratic: ProtractionPerGy, kidneys: Radiosensitivity) -> dict[str, Any]:
    """BED and EQD2 of one cycle with what they rest on."""
    return {
        "bed_gy": bed_gy,
        "eqd2_gy": eqd2_gy(bed_gy, alpha_beta_gy=kidneys.alpha_beta_gy),
        "radiobiology": kidneys.to_json() | {"protraction_per_gy": plain(quadratic)},
    }


def _entered(cycle: Cycle) -> dict[str, dict[str, float]]:
    """Entered absorbed dose per administered activity in Gy/Bq: organ → nuclide."""
    if cycle.entered is None:
        return {}
    return {
        organ: dict(doses) for organ, doses in cycle.entered.absorbed_dose_per_administered_activity_gy_per_bq.items()
    }


def _blood(result: CycleResult) -> dict[str, Any]:
    cycle = result.cycle
    first = cycle.administrations[0]
    return {
        "samples": [
            {
                "time_after_administration_s": (sample.time - first.time_zero).total_seconds(),
                "activity_concentration_bq_per_ml": dict(sample.activity_concentration_bq_per_ml),
                "relative_standard_uncertainty": sample.relative_standard_uncertainty,
            }
            for sample in cycle.blood_samples
        ],
        "fit": plain(result.blood),
    }


def _course(evaluation: Evaluation) -> dict[str, Any]:
    case = evaluation.case
    return {
        "protocol": evaluation.protocol.name,
        "planned_cycles": case.course.planned_cycles or evaluation.protocol.cycles,
        "prior_absorbed_dose_gy": dict(case.course.prior_absorbed_dose_gy),
        "organs": {
            name: {
                "absorbed_dose_gy": organ.delivered.absorbed_dose_gy,
                "absorbed_dose_standard_uncertainty_gy": organ.delivered.standard_uncertainty_gy,
                "limit_gy": organ.limit_gy,
                "remaining_gy": organ.remaining_gy,
                "bed_gy": organ.bed_gy,
                "eqd2_gy": (
                    None if organ.bed_gy is None else eqd2_gy(organ.bed_gy, alpha_beta_gy=_kidneys(case).alpha_beta_gy)
                ),
            }
            for name, organ in evaluation.course_organs.items()
        },
        "vois": {
            name: {
                "absorbed_dose_gy": dose.absorbed_dose_gy,
                "absorbed_dose_standard_uncertainty_gy": dose.standard_uncertainty_gy,
                "cycles": [r.cycle.number for r in evaluation.cycles if name in r.vois and r.vois[name].doses],
            }
            for name, dose in evaluation.course_vois.items()
        },
    }
