"""What case.toml would say of a case: the inverse of `case_file`, for courses that were never a file, or changed since.

Images, VOIs, registrations and follow-up are not in it: who writes a case names the files that go with it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dosimetry_core import units
from dosimetry_core.case import Administration, BloodSample, Calibration, Case, Cycle, SampleCounting, Settings
from dosimetry_core.case_file import CASE_FORMAT
from dosimetry_core.case_file_settings import DENSITY_ROLES, ENGINE_ROLES
from dosimetry_core.given_details import recorded_details


def case_content(case: Case) -> dict[str, Any]:
    """Content of a case file, as TOML would read it; times in the patient's zone.

    Absent values are left out, so that reading them gives None or the default again.
    """
    patient = case.patient
    height_cm = None if patient.height_mm is None else patient.height_mm / units.MM_PER_CM
    made = {
        "format": CASE_FORMAT,
        "patient": _known(
            id=patient.patient_id,
            name=patient.name,
            sex=patient.sex,
            time_zone=patient.time_zone,
            birth_date=patient.birth_date,
            height_cm=height_cm,
            weight_kg=patient.weight_kg,
            haematocrit=patient.haematocrit,
            bone_metastases=patient.bone_metastases,
        ),
        "course": _known(
            protocol=case.course.protocol,
            planned_cycles=case.course.planned_cycles,
            prior_absorbed_dose_gy=dict(case.course.prior_absorbed_dose_gy) or None,
        ),
        "settings": _settings(case.settings),
        "cycle": [_cycle(cycle, ZoneInfo(patient.time_zone)) for cycle in case.cycles],
    }
    limits = {key: _known(lower=one.lower, upper=one.upper) for key, one in case.laboratory_limits.items()}
    return made | ({"laboratory_limits": limits} if limits else {})


def _known(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _settings(settings: Settings) -> dict[str, Any]:
    fit, marrow, biology = settings.fit, settings.red_marrow, settings.radiobiology
    ratio = {"marrow_to_blood_ratio": marrow.marrow_to_blood_ratio}
    return _known(
        time_zero=settings.time_zero,
        fit={
            "model": fit.model,
            "weights": fit.weights,
            "tail": fit.tail,
            "prior": fit.prior,
            "single_time_point": fit.single_time_point,
            "few_scans": fit.few_scans,
            "model_by_voi": dict(fit.model_by_voi),
            "exclude": [
                _known(voi=one.voi, time_point=one.time_point, reason=one.reason, cycle=one.cycle)
                for one in fit.exclude
            ],
        },
        engine={
            **{role: settings.engine[role] for role in ENGINE_ROLES if role in settings.engine},
            "vois": dict(settings.engine_by_voi),
            "voxel_s_values_beside": settings.voxel_s_values_beside,
        },
        red_marrow={
            "rest_of_body": marrow.rest_of_body,
            "blood_density_g_per_ml": marrow.blood_density_g_per_ml,
            "scale_remainder_by_body_mass": marrow.scale_remainder_by_body_mass,
            "marrow_to_blood": marrow.marrow_to_blood,
            "extracellular_fluid_fraction": marrow.extracellular_fluid_fraction,
            "marrow_density_g_per_ml": marrow.marrow_density_g_per_ml,
            # With the haematocrit the ratio is not used, and not taken.
            **(ratio if marrow.marrow_to_blood == "ratio" else {}),
        },
        density_g_per_ml={
            role: settings.density_g_per_ml[role] for role in DENSITY_ROLES if role in settings.density_g_per_ml
        },
        radiobiology={
            "kidneys": {
                "alpha_beta_gy": biology.kidneys_alpha_beta_gy,
                "repair_half_life_h": units.HOUR.from_core(biology.kidneys_repair_half_life_s),
                "source": biology.kidneys_source,
            }
        },
        density_curve=[
            _known(
                name=curve.name,
                source=curve.source,
                scanner=curve.scanner or None,
                tube_voltage_kv=curve.tube_voltage_kv,
                points=[list(point) for point in curve.points],
            )
            for curve in settings.density_curves
        ]
        or None,
        density_from_ct=list(settings.density_from_ct) or None,
    )


def _cycle(cycle: Cycle, zone: ZoneInfo) -> dict[str, Any]:
    offset = timedelta(seconds=cycle.clock_offset_s.get("dose_calibrator", 0.0))
    body = cycle.whole_body
    measured = [units.MEGABECQUEREL.from_core(value) for value in body.activity_bq]
    entered = cycle.entered
    doses = {
        organ: {name: units.GRAY_PER_GIGABECQUEREL.from_core(value) for name, value in by_nuclide.items()}
        for organ, by_nuclide in (entered.absorbed_dose_per_administered_activity_gy_per_bq.items() if entered else ())
    }
    spread = dict(entered.relative_standard_uncertainty) if entered else {}
    return _known(
        number=cycle.number,
        haematocrit=cycle.haematocrit,
        clock_offset_s=dict(cycle.clock_offset_s) or None,
        planned_not_given_mbq={
            name: units.MEGABECQUEREL.from_core(value) for name, value in cycle.planned_not_given_bq.items()
        }
        or None,
        administration=[_administration(given, offset, zone) for given in cycle.administrations],
        calibration=_calibration(cycle.calibration) or None,
        # That of the field of view is the default, and says nothing in a cycle without images.
        whole_body=None
        if body.method == "field-of-view"
        else {"method": body.method, "time": [one.astimezone(zone) for one in body.times], "activity_mbq": measured},
        blood_sample=[_blood_sample(sample, zone) for sample in cycle.blood_samples] or None,
        laboratory=[
            {"date": one.date, **({"visit": one.visit} if one.visit else {}), **one.values} for one in cycle.laboratory
        ]
        or None,
        entered_absorbed_dose_per_administered_activity_gy_per_gbq=(
            doses | ({"relative_standard_uncertainty": spread} if spread else {})
        )
        or None,
    )


def _administration(given: Administration, offset: timedelta, zone: ZoneInfo) -> dict[str, Any]:
    to_mbq = units.MEGABECQUEREL.from_core
    if given.vial is None:
        activity: dict[str, Any] = {"administered_activity_mbq": to_mbq(given.administered_activity_bq)}
    else:
        # The clock's offset is applied on reading.
        activity = {
            "vial_activity_mbq": to_mbq(given.vial.vial_activity_bq),
            "vial_time": (given.vial.vial_time - offset).astimezone(zone),
            "residual_activity_mbq": to_mbq(given.vial.residual_activity_bq),
            "residual_time": (given.vial.residual_time - offset).astimezone(zone),
        }
    return activity | _known(
        nuclide=given.nuclide,
        start=given.start.astimezone(zone),
        infusion_min=None if given.infusion_s is None else units.MINUTE.from_core(given.infusion_s),
        planned_activity_mbq=None if given.planned_activity_bq is None else to_mbq(given.planned_activity_bq),
        plan_sha256=given.plan_sha256 or None,
        given_by=given.given_by or None,
        comment=given.comment or None,
        **recorded_details(given),
    )


def _calibration(calibration: Calibration) -> dict[str, Any]:
    per_mbq = units.COUNTS_PER_S_PER_MBQ.from_core
    sensitivity, mixed = calibration.sensitivity_cps_per_bq, calibration.sensitivity_with_yttrium_90_cps_per_bq
    recovery = calibration.recovery
    return _known(
        sensitivity_cps_per_mbq=None if sensitivity is None else per_mbq(sensitivity),
        sensitivity_with_yttrium_90_cps_per_mbq=None if mixed is None else per_mbq(mixed),
        convention=calibration.convention,
        relative_standard_uncertainty=calibration.relative_standard_uncertainty,
        dead_time_us=units.MICROSECOND.from_core(calibration.dead_time_s) or None,
        dead_time_model=calibration.dead_time_model,
        image_quantity=calibration.image_quantity,
        image_decay_reference=calibration.image_decay_reference,
        image_position_mm=_list(calibration.image_position_mm),
        counting_duration_s=calibration.counting_duration_s,
        partial_volume=calibration.partial_volume,
        point_spread_fwhm_mm=_list(calibration.point_spread_fwhm_mm),
        recovery=None
        if recovery is None
        else {
            "model": "b-gamma",
            "b_ml": recovery.b_ml,
            "gamma": recovery.gamma,
            "relative_standard_uncertainty": recovery.relative_standard_uncertainty,
        },
        measured_on=calibration.measured_on,
        valid_until=calibration.valid_until,
        with_yttrium_90_relative_standard_uncertainty=calibration.with_yttrium_90_relative_standard_uncertainty,
        with_yttrium_90_measured_on=calibration.with_yttrium_90_measured_on,
        with_yttrium_90_valid_until=calibration.with_yttrium_90_valid_until,
        profile=calibration.profile or None,
        profile_sha256=calibration.profile_sha256 or None,
    )


def _blood_sample(sample: BloodSample, zone: ZoneInfo) -> dict[str, Any]:
    stated = {
        name: units.KILOBECQUEREL_PER_ML.from_core(value)
        for name, value in sample.activity_concentration_bq_per_ml.items()
        if name not in sample.counted
    }
    counted = {name: _counting(one, zone) for name, one in sample.counted.items()}
    return _known(
        time=sample.time.astimezone(zone),
        activity_kbq_per_ml=stated or None,
        counted=counted or None,
        relative_standard_uncertainty=sample.relative_standard_uncertainty,
    )


def _counting(counting: SampleCounting, zone: ZoneInfo) -> dict[str, Any]:
    return _known(
        counts=counting.counts,
        counting_s=counting.counting_duration_s,
        counted_at=counting.counted_at.astimezone(zone),
        background_cps=counting.background_cps,
        efficiency_cps_per_kbq=units.KILOBECQUEREL.to_core(counting.efficiency_cps_per_bq),
        volume_ml=counting.volume_ml if counting.mass_kg is None else None,
        mass_g=None if counting.mass_kg is None else units.GRAM.from_core(counting.mass_kg),
    )


def _list(values: tuple[float, ...] | None) -> list[float] | None:
    return None if values is None else list(values)
