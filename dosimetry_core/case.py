"""The frozen tree that a dosimetry is made of: patient, course, cycles, settings.

Changing anything makes a new tree that shares its unchanged branches with the old one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from dosimetry_core.density_curve import DensityCurve
from dosimetry_core.errors import Finding
from dosimetry_core.follow_up import FollowUp
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import DecayReference, SourceFile, TimePoint
from dosimetry_core.nuclide import nuclide
from dosimetry_core.units import SECONDS_PER_HOUR
from dosimetry_core.voi import Role, Voi

FitModel = Literal[
    "mono-exponential",
    "bi-exponential",
    "bi-exponential-uptake",
    "tri-exponential-uptake",
    "log-trapezoid",
    "automatic",
    "model-average",
    "single-time-point",
]
"""Names of the models; screens, findings, tables, trail and report write them as they stand here."""
FitWeights = Literal["proportional", "uniform", "poisson", "given"]
FitTail = Literal["fitted", "physical"]
FitPrior = Literal["none", "population", "previous-cycle"]
SingleTimePointRule = Literal["two-t-over-ln2", "population", "previous-cycle"]
FewScans = Literal["refuse", "single-time-point"]
Engine = Literal["organ-level", "sphere", "local-deposition", "voxel-s-values"]
RestOfBody = Literal["icrp-other", "total-body-difference", "soft-tissue"]
MarrowToBlood = Literal["ratio", "haematocrit"]
SensitivityConvention = Literal["clock-seconds-all-heads", "clock-seconds-per-head", "frame-seconds"]
DeadTimeModel = Literal["non-paralyzable", "paralyzable"]
CountQuantity = Literal["counts", "counts_per_s"]
PartialVolume = Literal["geometric-transfer-matrix", "recovery-curve", "none"]
ContourConvention = Literal["outline", "pixel-centres"]


@dataclass(frozen=True)
class Patient:
    """Who is treated. ``sex`` chooses the reference phantom; ``time_zone`` is an IANA name for times without a zone."""

    patient_id: str
    name: str
    sex: Literal["F", "M"]
    time_zone: str
    birth_date: date | None = None
    height_mm: float | None = None
    weight_kg: float | None = None
    haematocrit: float | None = None
    bone_metastases: bool | None = None


@dataclass(frozen=True)
class VialMeasurement:
    """Dose-calibrator readings from which the administered activity was derived."""

    vial_activity_bq: float
    vial_time: datetime
    residual_activity_bq: float
    residual_time: datetime


@dataclass(frozen=True)
class Administration:
    """One nuclide given once.

    ``administered_activity_bq`` is at ``start``, the start of the infusion; the infusion is at a constant rate.
    ``infusion_s`` is None where nothing was measured that is timed from its middle. ``planned_activity_bq`` is that of
    the plan it was given by, ``plan_sha256`` the digest of the plan's file; ``given_by`` and ``comment`` are who
    entered it, and why it is another activity than planned. The texts after these are `given_details.DETAILS`:
    product with its batch, the dose calibrator, amino acids and the site of injection; empty where not recorded.
    """

    nuclide: str
    administered_activity_bq: float
    start: datetime
    infusion_s: float | None
    vial: VialMeasurement | None = None
    planned_activity_bq: float | None = None
    plan_sha256: str = ""
    given_by: str = ""
    comment: str = ""
    product: str = ""
    batch: str = ""
    calibrator: str = ""
    amino_acids: str = ""
    injection_site: str = ""

    @property
    def time_zero(self) -> datetime:
        """Middle of the infusion: time zero of every curve of this nuclide.

        Raises
        ------
        ValueError
            If the length of the infusion is not known.
        """
        return self.start + timedelta(seconds=self.known_infusion_s / 2)

    @property
    def known_infusion_s(self) -> float:
        """Length of the infusion; ValueError if it is not known."""
        if self.infusion_s is None:
            raise ValueError(f"the length of the infusion of {self.nuclide} is not known")
        return self.infusion_s

    @staticmethod
    def from_vial(
        nuclide_name: str, vial: VialMeasurement, *, start: datetime, infusion_s: float | None
    ) -> Administration:
        """Administered activity = vial − residual, both decayed to the start of the infusion (methods 6.1)."""
        physics = nuclide(nuclide_name)
        at_start = vial.vial_activity_bq * physics.decay_factor((start - vial.vial_time).total_seconds())
        left = vial.residual_activity_bq * physics.decay_factor((start - vial.residual_time).total_seconds())
        return Administration(nuclide_name, at_start - left, start, infusion_s, vial)


@dataclass(frozen=True)
class RecoveryCurve:
    """Recovery coefficient R(v) = 1 − 1/(1 + (v/b)^g), v in mL."""

    b_ml: float
    gamma: float
    relative_standard_uncertainty: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """From image values to activity, for the scans of one cycle."""

    sensitivity_cps_per_bq: float | None = None
    convention: SensitivityConvention | None = None
    relative_standard_uncertainty: float | None = None
    dead_time_s: float = 0.0
    dead_time_model: DeadTimeModel = "non-paralyzable"
    image_quantity: CountQuantity | None = None
    """What SPECT values are where the files don't say; never overrides a file."""
    image_decay_reference: DecayReference | None = None
    """To what SPECT values are decay-corrected where the files don't say or contradict themselves."""
    image_position_mm: tuple[float, float, float] | None = None
    """(x, y, z) of the first voxel's centre, of SPECT in one file that doesn't say it; never overrides a file."""
    counting_duration_s: float | None = None
    """Clock time of counting as the user knows it; overrides the one derived from the files."""
    partial_volume: PartialVolume | None = None
    point_spread_fwhm_mm: tuple[float, float, float] | None = None
    """(x, y, z) in the patient system."""
    recovery: RecoveryCurve | None = None
    measured_on: date | None = None
    valid_until: date | None = None
    """Last day on which the site lets this calibration be used."""
    profile: str = ""
    """Name of the camera profile that the values were copied from."""
    profile_sha256: str = ""
    sensitivity_with_yttrium_90_cps_per_bq: float | None = None
    """In place of the sensitivity in cycles in which 90Y was given as well: its bremsstrahlung reaches the window."""
    with_yttrium_90_relative_standard_uncertainty: float | None = None
    """Of that sensitivity, as the next two dates are; None where those of the calibration hold for both."""
    with_yttrium_90_measured_on: date | None = None
    with_yttrium_90_valid_until: date | None = None


@dataclass(frozen=True)
class WholeBody:
    """Whole-body activity: summed over the field of view, or measured with a probe."""

    method: Literal["field-of-view", "measured"] = "field-of-view"
    times: tuple[datetime, ...] = ()
    activity_bq: tuple[float, ...] = ()


@dataclass(frozen=True)
class SampleCounting:
    """How one nuclide in a sample was counted in a well counter; the concentration was computed from it.

    ``counts`` are those of the window, background included; ``counted_at`` is the start of counting; ``mass_kg`` is
    None where the volume was measured and not weighed.
    """

    counts: float
    counting_duration_s: float
    counted_at: datetime
    background_cps: float
    efficiency_cps_per_bq: float
    volume_ml: float
    mass_kg: float | None = None


@dataclass(frozen=True)
class BloodSample:
    """Activity concentration in whole blood, decay-corrected to the time of drawing, per nuclide.

    ``counted``: the readings that a nuclide's concentration was computed from, where it was counted.
    """

    time: datetime
    activity_concentration_bq_per_ml: FrozenMap[str, float]
    relative_standard_uncertainty: float | None = None
    counted: FrozenMap[str, SampleCounting] = field(default_factory=FrozenMap)


Visit = Literal["", "T1", "T2", "T3", "T4", "V1", "V2", "V3", "V4"]
"""Visits of the trial: before each treatment (T), and of the follow-up (V); empty for none of them."""


@dataclass(frozen=True)
class LaboratoryResult:
    """Laboratory values of one day, keyed by their case-file names (unit in the key), as reported by the laboratory."""

    date: date
    values: FrozenMap[str, float]
    visit: Visit = ""


@dataclass(frozen=True)
class LaboratoryLimit:
    """Site's reference limits of one laboratory value, in the unit of its key."""

    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class EnteredAbsorbedDose:
    """Absorbed dose per administered activity from elsewhere: organ → nuclide → Gy/Bq."""

    absorbed_dose_per_administered_activity_gy_per_bq: FrozenMap[str, FrozenMap[str, float]]
    relative_standard_uncertainty: FrozenMap[str, float] = field(default_factory=FrozenMap)


@dataclass(frozen=True)
class ExcludedPoint:
    """A time point left out of one VOI's fit (1 = first), with the physicist's reason; ``cycle`` None means all."""

    voi: str
    time_point: int
    reason: str
    cycle: int | None = None


@dataclass(frozen=True)
class FitSettings:
    """How curves are fitted.

    ``tail``: whether the last phase is fitted or held at physical decay; ``prior``: what is known of the effective
    half-life beforehand; ``single_time_point``: the rule for one scan, which ``few_scans`` also uses for a VOI with one
    scan only, where another model was asked for.
    """

    model: FitModel = "mono-exponential"
    weights: FitWeights = "proportional"
    exclude: tuple[ExcludedPoint, ...] = ()
    model_by_voi: FrozenMap[str, FitModel] = field(default_factory=FrozenMap)
    tail: FitTail = "fitted"
    prior: FitPrior = "none"
    single_time_point: SingleTimePointRule = "two-t-over-ln2"
    few_scans: FewScans = "refuse"

    @property
    def uses_earlier_cycles(self) -> bool:
        """Whether a cycle's fits rest on those of an earlier one."""
        models = (self.model, *self.model_by_voi.values())
        one_scan = self.few_scans == "single-time-point" or "single-time-point" in models
        return self.prior == "previous-cycle" or (one_scan and self.single_time_point == "previous-cycle")


@dataclass(frozen=True)
class RedMarrowSettings:
    """Conventions of the marrow dose (methods 4).

    ``marrow_to_blood``: whether the marrow-to-blood ratio is ``marrow_to_blood_ratio``, or
    ``extracellular_fluid_fraction``/(1 − haematocrit) by the cycle's haematocrit, else the patient's.
    ``marrow_density_g_per_ml`` is that of marrow in a vertebral VOI.
    """

    rest_of_body: RestOfBody = "icrp-other"
    marrow_to_blood_ratio: float = 1.0
    blood_density_g_per_ml: float = 1.06
    scale_remainder_by_body_mass: bool = True
    marrow_to_blood: MarrowToBlood = "ratio"
    extracellular_fluid_fraction: float = 0.19
    marrow_density_g_per_ml: float = 1.03


@dataclass(frozen=True)
class RadiobiologySettings:
    """What makes BED of the kidneys' absorbed dose: α/β, half-time of sublethal repair, and where both are from."""

    kidneys_alpha_beta_gy: float = 2.5
    kidneys_repair_half_life_s: float = 2.8 * SECONDS_PER_HOUR
    kidneys_source: str = "Barone 2005; MIRD 20 (Wessels 2008)"


@dataclass(frozen=True)
class Settings:
    """Every choice that changes a number, with the defaults of the case-file contract."""

    time_zero: Literal["infusion-middle"] = "infusion-middle"
    fit: FitSettings = field(default_factory=FitSettings)
    engine: FrozenMap[str, Engine] = field(
        default_factory=lambda: FrozenMap(
            {"kidneys": "organ-level", "liver": "organ-level", "spleen": "organ-level", "lesion": "sphere"}
        )
    )
    red_marrow: RedMarrowSettings = field(default_factory=RedMarrowSettings)
    density_g_per_ml: FrozenMap[str, float] = field(
        default_factory=lambda: FrozenMap({"kidneys": 1.05, "liver": 1.06, "spleen": 1.06, "lesion": 1.04})
    )
    radiobiology: RadiobiologySettings = field(default_factory=RadiobiologySettings)
    engine_by_voi: FrozenMap[str, Engine] = field(default_factory=FrozenMap)
    """VOI name → engine, instead of that of its role."""
    voxel_s_values_beside: bool = False
    """Whether voxel doses are computed beside every engine."""
    density_curves: tuple[DensityCurve, ...] = ()
    density_from_ct: tuple[str, ...] = ()
    """Roles whose density the CT of the reference scan says, in place of the stated one."""


@dataclass(frozen=True)
class StatedRegistration:
    """A registration that the case file states: a DICOM spatial registration object, or a matrix.

    Parameters
    ----------
    path
        The object's file; the scans are found by their frames of reference.
    time_point
        1 = first scan of the cycle; needed with a matrix, and narrows an object to this scan.
    matrix_from_reference
        16 numbers, row by row: takes a patient point of the reference in mm to the point of the scan.
    """

    path: str | None = None
    time_point: int | None = None
    matrix_from_reference: tuple[float, ...] = ()


@dataclass(frozen=True)
class StatedVoiOnScan:
    """Where a VOI lies, or which shape it has, on one scan, as the case file states it.

    Parameters
    ----------
    voi, time_point
        Its name, and the scan, 1 = first of the cycle.
    shape
        Name of the VOI of the cycle's files that it is on this scan, which then stands for this scan only; empty where
        it keeps its shape.
    shift_mm
        (x, y, z) to the left, the back and the head in the reference, on top of the registration; empty without one.
    matrix_on_scan
        16 numbers, row by row: the motion in the patient system of the scan where it is no mere shift; else empty.
    method, standard_uncertainty_mm
        As of a `VoiMotion`.
    reason, by
        Why, and who says so.
    """

    voi: str
    time_point: int
    shape: str = ""
    shift_mm: tuple[float, ...] = ()
    matrix_on_scan: tuple[float, ...] = ()
    method: str = "manual"
    standard_uncertainty_mm: float | None = None
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, eq=False)
class Cycle:
    """One treatment cycle: what was given, what was measured.

    ``vois`` lie on one declared grid, that of the reference time point (its CT, or its SPECT where it has none).
    ``voi_files`` are the files they were read from, ``import_findings`` the remarks made on reading.
    """

    number: int
    administrations: tuple[Administration, ...]
    image_paths: tuple[str, ...] = ()
    voi_paths: tuple[str, ...] = ()
    voi_roles: FrozenMap[str, Role] = field(default_factory=FrozenMap)
    contour_convention: ContourConvention = "outline"
    clock_offset_s: FrozenMap[str, float] = field(default_factory=FrozenMap)
    calibration: Calibration = field(default_factory=Calibration)
    whole_body: WholeBody = field(default_factory=WholeBody)
    haematocrit: float | None = None
    blood_samples: tuple[BloodSample, ...] = ()
    laboratory: tuple[LaboratoryResult, ...] = ()
    entered: EnteredAbsorbedDose | None = None
    time_points: tuple[TimePoint, ...] = ()
    reference_time_point: int = 0
    vois: tuple[Voi, ...] = ()
    voi_files: tuple[SourceFile, ...] = ()
    import_findings: tuple[Finding, ...] = ()
    stated_registrations: tuple[StatedRegistration, ...] = ()
    registration_files: tuple[SourceFile, ...] = ()
    planned_not_given_bq: FrozenMap[str, float] = field(default_factory=FrozenMap)
    """Nuclide of the approved plan → its planned activity, where 0 was given: it can be corrected like the others."""
    stated_vois_on_scans: tuple[StatedVoiOnScan, ...] = ()

    def administration(self, nuclide_name: str) -> Administration | None:
        """The administration of a nuclide in this cycle, or None."""
        return next((a for a in self.administrations if a.nuclide == nuclide_name), None)


@dataclass(frozen=True, eq=False)
class Course:
    """The treatment: protocol (name or path), planned cycles, absorbed doses of earlier courses.

    ``protocol_text`` is a clinic's own protocol file as it was read, so that the case stays what it was when the file
    changes; None for a bundled protocol, and for a file that could not be read.
    """

    protocol: str
    planned_cycles: int | None = None
    prior_absorbed_dose_gy: FrozenMap[str, float] = field(default_factory=FrozenMap)
    protocol_text: str | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """One patient's course with all inputs.

    ``folder`` is what relative paths start from; ``case_files`` are the case file and a protocol file of the clinic.
    """

    patient: Patient
    course: Course
    cycles: tuple[Cycle, ...]
    settings: Settings = field(default_factory=Settings)
    laboratory_limits: FrozenMap[str, LaboratoryLimit] = field(default_factory=FrozenMap)
    folder: str = "."
    case_files: tuple[SourceFile, ...] = ()
    follow_up: FollowUp = field(default_factory=FollowUp)
