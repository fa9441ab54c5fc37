"""Which leaf of a course a plan rests on, and which is only for the eye: every field has its rule.

A field is an input if a number, a finding or a printed word can depend on it; changed after signing it makes the plan
stale. Only where none of them does is it cosmetic. A field without a rule is an error, so that a new one is thought
about: the tests walk the classes of the case tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

LeafRule = Literal["input", "cosmetic"]

INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Case": ("patient", "course", "cycles", "settings", "laboratory_limits", "case_files"),
    "Patient": (
        "patient_id", "name", "sex", "time_zone", "birth_date", "height_mm", "weight_kg", "haematocrit",
        "bone_metastases",
    ),
    "Course": ("protocol", "planned_cycles", "prior_absorbed_dose_gy", "protocol_text"),
    "Cycle": (
        "number", "administrations", "image_paths", "voi_paths", "voi_roles", "contour_convention", "clock_offset_s",
        "calibration", "whole_body", "haematocrit", "blood_samples", "laboratory", "entered", "time_points",
        "reference_time_point", "vois", "voi_files", "import_findings", "stated_registrations", "registration_files",
        "planned_not_given_bq", "stated_vois_on_scans",
    ),
    "Administration": (
        "nuclide", "administered_activity_bq", "start", "infusion_s", "vial", "planned_activity_bq",
        "plan_sha256", "given_by", "comment", "product", "batch", "calibrator", "amino_acids", "injection_site",
    ),
    "VialMeasurement": ("vial_activity_bq", "vial_time", "residual_activity_bq", "residual_time"),
    "Calibration": (
        "sensitivity_cps_per_bq", "convention", "relative_standard_uncertainty", "dead_time_s", "dead_time_model",
        "image_quantity", "image_decay_reference", "image_position_mm", "counting_duration_s", "partial_volume",
        "point_spread_fwhm_mm", "recovery", "measured_on", "valid_until", "profile", "profile_sha256",
        "sensitivity_with_yttrium_90_cps_per_bq", "with_yttrium_90_relative_standard_uncertainty",
        "with_yttrium_90_measured_on", "with_yttrium_90_valid_until",
    ),
    "RecoveryCurve": ("b_ml", "gamma", "relative_standard_uncertainty"),
    "WholeBody": ("method", "times", "activity_bq"),
    "BloodSample": ("time", "activity_concentration_bq_per_ml", "relative_standard_uncertainty", "counted"),
    "SampleCounting": (
        "counts", "counting_duration_s", "counted_at", "background_cps", "efficiency_cps_per_bq", "volume_ml",
        "mass_kg",
    ),
    "LaboratoryResult": ("date", "values", "visit"),
    "LaboratoryLimit": ("lower", "upper"),
    "EnteredAbsorbedDose": (
        "absorbed_dose_per_administered_activity_gy_per_bq", "relative_standard_uncertainty",
    ),
    "TimePoint": ("spect", "ct", "registration", "redrawn_vois", "voi_reviews"),
    # Who confirmed a registration stands in the results that the plan carries.
    "Registration": (
        "transform", "method", "residual_mm", "findings", "voi_motions", "source", "confirmed_by", "confirmed_at",
        "note",
    ),
    "VoiMotion": ("motion", "method", "displacement_mm", "standard_uncertainty_mm", "reason", "moved_by"),
    "RigidTransform": ("rotation", "translation_mm"),
    "ImageSeries": (
        "kind", "volume", "patient_id", "patient_name", "study_uid", "series_uid", "frame_of_reference_uid",
        "description", "acquisition_start", "counting_duration_s", "frame_duration_s", "frames_per_head",
        "number_of_heads", "decay_reference", "nuclide", "stated_administered_activity_bq",
        "stated_administration_start", "manufacturer", "sop_class_uid", "source_files", "findings", "tube_voltage_kv",
        "origin", "acquisition",
    ),
    # No number rests on it, but the report prints it.
    "AcquisitionRecord": (
        "station", "collimator", "energy_windows", "detector_motion", "scan_arc_deg", "corrections",
        "corrections_listed", "attenuation_method", "scatter_method", "reconstruction", "reconstruction_filter",
    ),
    "DicomOrigin": (
        "instance_uids", "study_date", "study_time", "study_id", "study_description", "accession_number",
        "referring_physician", "patient_birth_date", "patient_sex", "position_reference",
    ),
    # What was redrawn on one scan, and who looked at a VOI there, stand in the results too.
    "VoiRedrawn": ("mask", "reason", "drawn_by"),
    "VoiReview": ("mask", "transform", "motion", "reviewed_by", "reviewed_at"),
    "Volume": ("values", "geometry", "quantity"),
    "VolumeGeometry": ("shape", "origin_mm", "spacing_mm", "directions"),
    # Motions name VOIs by their identity, plans by their name; whether one was reviewed is a finding.
    "Voi": ("voi_id", "name", "role", "mask", "source", "proposed"),
    "VoiMask": ("geometry", "start", "coverage"),
    "SourceFile": ("path", "sha256"),
    "Finding": ("code", "level", "text", "place"),
    "StatedRegistration": ("path", "time_point", "matrix_from_reference"),
    "StatedVoiOnScan": (
        "voi", "time_point", "shape", "shift_mm", "matrix_on_scan", "method", "standard_uncertainty_mm", "reason", "by",
    ),
    "Settings": (
        "time_zero", "fit", "engine", "red_marrow", "density_g_per_ml", "radiobiology", "engine_by_voi",
        "voxel_s_values_beside", "density_curves", "density_from_ct",
    ),
    "FitSettings": (
        "model", "weights", "exclude", "model_by_voi", "tail", "prior", "single_time_point", "few_scans",
    ),
    "ExcludedPoint": ("voi", "time_point", "reason", "cycle"),
    "RedMarrowSettings": (
        "rest_of_body", "marrow_to_blood_ratio", "blood_density_g_per_ml", "scale_remainder_by_body_mass",
        "marrow_to_blood", "extracellular_fluid_fraction", "marrow_density_g_per_ml",
    ),
    "RadiobiologySettings": ("kidneys_alpha_beta_gy", "kidneys_repair_half_life_s", "kidneys_source"),
    "DensityCurve": ("name", "points", "source", "scanner", "tube_voltage_kv"),
    # Beside the case: what was decided in the course.
    "CourseHistory": ("base", "steps", "position", "reasons", "activities_bq", "ends_treatment"),
}  # fmt: skip
COSMETIC: Final[Mapping[str, tuple[str, ...]]] = {
    # Where relative paths start from; what was read is known by its digests.
    # What became of the patient is recorded beside the dosimetry: no number, finding or printed word of a plan rests on
    # it. What stop rules ask stands with the cycles' laboratory.
    "Case": ("folder", "follow_up"),
    "FollowUp": (
        "entry", "lesions", "responses", "adverse_events", "receptor_scans", "end", "alive_on", "died_on",
    ),
    "EntryFacts": ("stated_on", "answers", "values"),
    "TumourLesion": ("name", "organ", "kind"),
    "ResponseAssessment": ("date", "sizes_mm", "non_targets", "new_lesions", "krenning", "note"),
    "AdverseEvent": ("term", "grade", "relation", "onset", "resolved", "outcome", "is_serious", "note"),
    "TreatmentEnd": ("date", "reason", "note"),
    "ReceptorScan": (
        "date", "tracer", "segmentation", "lesions", "reference_suv_mean", "series_sha256", "note",
    ),
    "ReceptorLesionValue": ("name", "suv_max", "suv_mean", "suv_peak", "volume_ml", "fdg_suv_max"),
    # Who looked at what, and what the list of patients shows; the plans themselves rest on nothing here.
    "CourseHistory": ("folder", "confirmations", "reviewed_masks", "plans", "check", "summary", "last_change"),
}  # fmt: skip

COSMETIC_CLASSES: Final = ("ViewNote", "Preferences")
"""Where somebody is in the window, and how it looks to them: nothing that computes can import these."""


def rule_of(class_name: str, field_name: str) -> LeafRule:
    """Whether a field is an input of a plan. Raises LookupError for a field without a rule, or with two."""
    rules: list[LeafRule] = []
    if field_name in INPUTS.get(class_name, ()):
        rules.append("input")
    if class_name in COSMETIC_CLASSES or field_name in COSMETIC.get(class_name, ()):
        rules.append("cosmetic")
    if len(rules) != 1:
        raise LookupError(f"{class_name}.{field_name} has {len(rules)} rules: say in input_rules.py what it is")
    return rules[0]


def is_input(class_name: str, field_name: str) -> bool:
    """Whether a change of this field after signing makes a plan stale."""
    return rule_of(class_name, field_name) == "input"
