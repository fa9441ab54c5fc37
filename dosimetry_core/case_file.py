"""Reads case.toml, the door where a person types a case: MBq, mL, min; into the core's case tree."""

from __future__ import annotations

import hashlib
import itertools
import math
import unicodedata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dosimetry_core import units
from dosimetry_core.case import (
    Administration,
    BloodSample,
    Calibration,
    Case,
    ContourConvention,
    CountQuantity,
    Course,
    Cycle,
    DeadTimeModel,
    Engine,
    EnteredAbsorbedDose,
    ExcludedPoint,
    FewScans,
    FitModel,
    FitPrior,
    FitSettings,
    FitTail,
    FitWeights,
    LaboratoryLimit,
    LaboratoryResult,
    MarrowToBlood,
    PartialVolume,
    Patient,
    RadiobiologySettings,
    RecoveryCurve,
    RedMarrowSettings,
    RestOfBody,
    SensitivityConvention,
    Settings,
    SingleTimePointRule,
    StatedRegistration,
    VialMeasurement,
    WholeBody,
)
from dosimetry_core.case_contradictions import contradictions
from dosimetry_core.density_curve import read_density_curve
from dosimetry_core.errors import DosimetryError, raise_problems
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.image import DecayReference, SourceFile
from dosimetry_core.laboratory import LABORATORY_BOUNDS, LABORATORY_NAMES
from dosimetry_core.nuclide import nuclide
from dosimetry_core.toml_table import TomlTable, load_toml
from dosimetry_core.voi import ROLES, Role

CASE_FORMAT = 1
CASE_FILE_NAME = "case.toml"
_LONGEST_INFUSION_MIN = units.MINUTE.from_core(units.SECONDS_PER_DAY)
ENGINE_ROLES = ("kidneys", "liver", "spleen", "lesion", "other")
DENSITY_ROLES = ("kidneys", "liver", "spleen", "lesion", "other")
ORGANS = ("kidneys", "red_marrow", "liver", "spleen")
CLOCKS = ("scanner", "dose_calibrator")
_HIGHEST_GY_PER_GBQ = 100.0
# Reconstructed SPECT resolves 5 to 25 mm; beyond these the length is in another unit.
_POINT_SPREAD_MM = (1.0, 40.0)
_SHORTEST_DEAD_TIME_US = 0.01


def case_file_path(path: Path) -> Path:
    """The case file of a folder, or the file itself."""
    return path / CASE_FILE_NAME if path.is_dir() else path


def read_case(path: Path) -> Case:
    """Case of a folder with case.toml, or of the file itself; images and VOIs are not read yet.

    Raises
    ------
    DosimetryError
        Every problem of the file, each with its field and what to do.
    """
    file = case_file_path(path)
    case = case_of(load_toml(file), place=str(file), folder=file.parent)
    read = [SourceFile(file.name, hashlib.sha256(file.read_bytes()).hexdigest())]
    if case.course.protocol_text is not None:
        text = case.course.protocol_text
        read.append(SourceFile(case.course.protocol, hashlib.sha256(text.encode("utf-8")).hexdigest()))
    return replace(case, case_files=tuple(read))


def case_of(content: dict[str, Any], *, place: str, folder: Path) -> Case:
    """Case of what a case file says, wherever it was said.

    Parameters
    ----------
    content
        As TOML reads it.
    place
        What errors name.
    folder
        What relative paths start from.

    Raises
    ------
    DosimetryError
        Every problem, each with its field and what to do.
    """
    problems: list[DosimetryError] = []
    root = TomlTable(content, place=place, problems=problems)
    version = root.integer("format", minimum=1)
    if version != CASE_FORMAT:
        root.wrong("format", f"is {version}; this program reads format {CASE_FORMAT}", "use the matching version")
    patient, zone = _patient(root)
    root.zone = zone
    course = _course(root, folder)
    settings = _settings(root)
    limits = root.map_with("laboratory_limits", _laboratory_limit)
    for key in limits:
        if key not in LABORATORY_NAMES:
            root.wrong("laboratory_limits", f"unknown key {key!r}", f"use one of {', '.join(LABORATORY_NAMES)}")
    cycles = tuple(_cycle(table) for table in root.tables("cycle", required=True))
    if root.content.get("cycle") == []:
        root.wrong("cycle", "there is no cycle", "add at least one [[cycle]]")
    root.finish()
    if not problems:
        problems += contradictions(patient, cycles, place=place)
    raise_problems(problems)
    return Case(patient, course, cycles, settings, FrozenMap(limits), str(folder.resolve()))


def _patient(root: TomlTable) -> tuple[Patient, ZoneInfo]:
    table = root.table("patient")
    if table is None:
        root.wrong("patient", "the [patient] table is missing", "add it")
        table = TomlTable({}, place=root.place, problems=[])
    zone_name = table.text("time_zone")
    zone = None
    if zone_name:
        try:
            zone = ZoneInfo(zone_name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            table.wrong("time_zone", f"unknown time zone {zone_name!r}", 'use an IANA name such as "Europe/Warsaw"')
    # Stands in after a problem was gathered, so that every local time isn't another one.
    zone = zone or ZoneInfo("UTC")
    height_cm = table.optional_number("height_cm", minimum=30, maximum=260)
    if not table.has("sex"):
        table.wrong("sex", "is missing", 'write "F" or "M": it chooses the reference phantom')
    patient = Patient(
        patient_id=unicodedata.normalize("NFC", table.text("id")),
        name=unicodedata.normalize("NFC", table.text("name")),
        sex=table.choice("sex", ("F", "M"), "F"),
        time_zone=zone_name,
        birth_date=table.day("birth_date"),
        height_mm=None if height_cm is None else height_cm * units.MM_PER_CM,
        weight_kg=table.optional_number("weight_kg", minimum=2, maximum=400),
        haematocrit=table.optional_number("haematocrit", above=0, maximum=0.8),
        bone_metastases=table.optional_flag("bone_metastases"),
    )
    table.finish()
    return patient, zone


def _course(root: TomlTable, folder: Path) -> Course:
    table = root.table("course")
    if table is None:
        root.wrong("course", "the [course] table is missing", 'add it with protocol = "…"')
        return Course("")
    prior = table.map_numbers("prior_absorbed_dose_gy")
    for organ in prior:
        if organ not in ORGANS:
            table.wrong("prior_absorbed_dose_gy", f"unknown organ {organ!r}", f"use one of {', '.join(ORGANS)}")
    protocol = table.text("protocol")
    if protocol.endswith(".toml"):
        protocol = str((folder / protocol).resolve())
    text = protocol_text_of(protocol)
    course = Course(protocol, table.optional_integer("planned_cycles", minimum=1), FrozenMap(prior), text)
    table.finish()
    return course


def protocol_text_of(protocol: str) -> str | None:
    """Text of a clinic's own protocol file; None for a bundled protocol, and for a file that can't be read as text."""
    if not protocol.endswith(".toml"):
        return None
    try:
        return Path(protocol).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _settings(root: TomlTable) -> Settings:
    default = Settings()
    table = root.table("settings")
    if table is None:
        return default
    fit = default.fit
    fit_table = table.table("fit")
    if fit_table is not None:
        fit = FitSettings(
            model=fit_table.choice("model", get_args(FitModel), fit.model),
            weights=fit_table.choice("weights", get_args(FitWeights), fit.weights),
            exclude=tuple(_excluded(item) for item in fit_table.tables("exclude")),
            model_by_voi=FrozenMap(
                fit_table.map_with("model_by_voi", lambda t, key: t.choice(key, get_args(FitModel), fit.model))
            ),
            tail=fit_table.choice("tail", get_args(FitTail), fit.tail),
            prior=fit_table.choice("prior", get_args(FitPrior), fit.prior),
            single_time_point=fit_table.choice(
                "single_time_point", get_args(SingleTimePointRule), fit.single_time_point
            ),
            few_scans=fit_table.choice("few_scans", get_args(FewScans), fit.few_scans),
        )
        if fit.tail == "physical" and fit.prior != "none":
            fit_table.wrong("prior", 'has nothing to act on with tail = "physical"', "choose one of the two")
        fit_table.finish()
    engines = dict(default.engine)
    engine_by_voi: dict[str, Engine] = {}
    beside: bool | None = None
    engine_table = table.table("engine")
    if engine_table is not None:
        for role in ENGINE_ROLES:
            chosen = engine_table.choice(role, get_args(Engine), engines.get(role))
            if chosen is not None:
                engines[role] = chosen
        engine_by_voi = {
            unicodedata.normalize("NFC", name): engine
            for name, engine in engine_table.map_with(
                "vois", lambda t, key: t.choice(key, get_args(Engine), default.engine["kidneys"])
            ).items()
        }
        beside = engine_table.optional_flag("voxel_s_values_beside")
        engine_table.finish()
    marrow = default.red_marrow
    marrow_table = table.table("red_marrow")
    if marrow_table is not None:
        ratio = marrow_table.optional_number("marrow_to_blood_ratio", above=0, maximum=5)
        density = marrow_table.optional_number("blood_density_g_per_ml", minimum=0.9, maximum=1.2)
        scale = marrow_table.optional_flag("scale_remainder_by_body_mass")
        fluid = marrow_table.optional_number("extracellular_fluid_fraction", above=0, maximum=1)
        marrow_density = marrow_table.optional_number("marrow_density_g_per_ml", minimum=0.9, maximum=1.2)
        marrow = RedMarrowSettings(
            marrow_table.choice("rest_of_body", get_args(RestOfBody), marrow.rest_of_body),
            marrow.marrow_to_blood_ratio if ratio is None else ratio,
            marrow.blood_density_g_per_ml if density is None else density,
            marrow.scale_remainder_by_body_mass if scale is None else scale,
            marrow_table.choice("marrow_to_blood", get_args(MarrowToBlood), marrow.marrow_to_blood),
            marrow.extracellular_fluid_fraction if fluid is None else fluid,
            marrow.marrow_density_g_per_ml if marrow_density is None else marrow_density,
        )
        if marrow.marrow_to_blood == "haematocrit" and ratio is not None:
            marrow_table.wrong(
                "marrow_to_blood_ratio", 'is not used with marrow_to_blood = "haematocrit"', "take one of the two out"
            )
        marrow_table.finish()
    densities = dict(default.density_g_per_ml)
    density_table = table.table("density_g_per_ml")
    if density_table is not None:
        for role in DENSITY_ROLES:
            value = density_table.optional_number(role, minimum=0.2, maximum=2.5)
            if value is not None:
                densities[role] = value
        density_table.finish()
    settings = Settings(
        table.choice("time_zero", ("infusion-middle",), default.time_zero),
        fit,
        FrozenMap(engines),
        marrow,
        FrozenMap(densities),
        _radiobiology(table.table("radiobiology"), default.radiobiology),
        engine_by_voi=FrozenMap(engine_by_voi),
        voxel_s_values_beside=default.voxel_s_values_beside if beside is None else beside,
        density_curves=tuple(c for c in map(read_density_curve, table.tables("density_curve")) if c is not None),
        density_from_ct=table.texts("density_from_ct"),
    )
    for role in settings.density_from_ct:
        if role not in DENSITY_ROLES:
            table.wrong("density_from_ct", f"unknown role {role!r}", f"use {', '.join(DENSITY_ROLES)}")
    table.finish()
    return settings


def _radiobiology(table: TomlTable | None, default: RadiobiologySettings) -> RadiobiologySettings:
    """α/β and repair of the kidneys; values other than the default ones need their source."""
    if table is None:
        return default
    kidneys = table.table("kidneys")
    table.finish()
    if kidneys is None:
        return default
    ratio = kidneys.optional_number("alpha_beta_gy", minimum=0.5, maximum=20)
    repair = kidneys.optional_number("repair_half_life_h", minimum=0.1, maximum=24)
    source = kidneys.optional_text("source")
    read = RadiobiologySettings(
        default.kidneys_alpha_beta_gy if ratio is None else ratio,
        default.kidneys_repair_half_life_s if repair is None else units.HOUR.to_core(repair),
        default.kidneys_source if source is None else source,
    )
    if source is None and replace(read, kidneys_source="") != replace(default, kidneys_source=""):
        kidneys.wrong("source", "is missing", "say where these values are from; it is printed beside every BED")
    kidneys.finish()
    return read


def _excluded(table: TomlTable) -> ExcludedPoint:
    point = ExcludedPoint(
        unicodedata.normalize("NFC", table.text("voi")),
        table.integer("time_point", minimum=1),
        table.text("reason"),
        table.optional_integer("cycle", minimum=1),
    )
    table.finish()
    return point


def _laboratory_limit(table: TomlTable, key: str) -> LaboratoryLimit:
    limit = table.table(key)
    if limit is None:
        return LaboratoryLimit()
    low, high = LABORATORY_BOUNDS.get(key, (0.0, math.inf))
    read = LaboratoryLimit(*(limit.optional_number(end, minimum=low, maximum=high) for end in ("lower", "upper")))
    if not limit.content:
        table.wrong(key, "states no limit", "write { lower = … }, { upper = … } or both")
    if read.lower is not None and read.upper is not None and read.lower > read.upper:
        table.wrong(key, "the lower limit is above the upper one", "check both")
    limit.finish()
    return read


def _cycle(table: TomlTable) -> Cycle:
    number = table.integer("number", minimum=1)
    offsets = table.map_numbers("clock_offset_s", minimum=-units.SECONDS_PER_DAY, maximum=units.SECONDS_PER_DAY)
    for clock in offsets:
        if clock not in CLOCKS:
            table.wrong("clock_offset_s", f"unknown clock {clock!r}", f"use {' or '.join(CLOCKS)}")
    timed = any(table.content.get(key) for key in ("images", "blood_sample", "whole_body"))
    administrations = tuple(
        a
        for a in (
            read_administration(item, offsets.get("dose_calibrator", 0.0), timed)
            for item in table.tables("administration", required=True)
        )
        if a is not None
    )
    names = [a.nuclide for a in administrations]
    if len(set(names)) < len(names):
        table.wrong("administration", "one nuclide is given twice", "enter one administration per nuclide and cycle")
    entered = _entered(table)
    cycle = Cycle(
        number=number,
        administrations=administrations,
        image_paths=table.texts("images"),
        voi_paths=table.texts("vois"),
        voi_roles=FrozenMap(
            {
                unicodedata.normalize("NFC", name): role
                for name, role in table.map_with("voi_roles", _role).items()
                if role is not None
            }
        ),
        contour_convention=table.choice("contour_convention", get_args(ContourConvention), "outline"),
        clock_offset_s=FrozenMap(offsets),
        calibration=_calibration(table),
        whole_body=_whole_body(table),
        haematocrit=table.optional_number("haematocrit", above=0, maximum=0.8),
        blood_samples=tuple(s for s in (_blood_sample(item) for item in table.tables("blood_sample")) if s is not None),
        laboratory=tuple(r for r in (_laboratory(item) for item in table.tables("laboratory")) if r is not None),
        entered=entered,
        stated_registrations=tuple(
            stated for stated in (_registration(item) for item in table.tables("registration")) if stated is not None
        ),
    )
    if cycle.stated_registrations and not cycle.image_paths:
        table.wrong("registration", "registrations without images", "name the images they belong to")
    if cycle.voi_paths and not cycle.image_paths:
        table.wrong("vois", "VOIs without images", "name the images they belong to, or leave them out")
    if cycle.image_paths and cycle.entered is not None:
        table.wrong("images", "images and entered absorbed doses in one cycle", "keep one of them")
    table.finish()
    return cycle


def _registration(table: TomlTable) -> StatedRegistration | None:
    """A registration object by its file, or a matrix for one scan."""
    # Reading DICOM takes long to load and is not needed to open a case without registrations.
    from dosimetry_core.dicom.spatial_registration import rigid_of_matrix

    path = table.optional_text("file")
    point = table.optional_integer("time_point", minimum=1)
    matrix = table.numbers("matrix_from_reference", minimum=-math.inf)
    if (path is None) == (not matrix):
        table.wrong("file", "neither or both of file and matrix_from_reference", "give one of them")
    elif matrix and point is None:
        table.wrong("time_point", "is missing", "say which scan the matrix belongs to, 1 = first")
    elif matrix:
        try:
            rigid_of_matrix(matrix, where="")
        except DosimetryError as error:
            table.wrong("matrix_from_reference", error.what, error.remedy)
    table.finish()
    return StatedRegistration(path, point, matrix)


def _role(table: TomlTable, name: str) -> Role | None:
    chosen: Role | None = table.choice(name, ROLES, None)
    return chosen


def read_administration(table: TomlTable, calibrator_offset_s: float, timed: bool) -> Administration | None:
    """One nuclide as given; None, and the problems gathered, if it can't be read.

    ``calibrator_offset_s`` is added to the times of the readings; ``timed``: the length of the infusion is needed.
    """
    name = table.text("nuclide")
    if name:
        try:
            nuclide(name)
        except DosimetryError as error:
            table.wrong("nuclide", error.what, error.remedy)
            name = ""
    start = table.instant("start")
    infusion_min = table.optional_number("infusion_min", minimum=0, maximum=_LONGEST_INFUSION_MIN)
    if timed and "infusion_min" not in table.content:
        table.wrong("infusion_min", "is missing", "add it: images and blood are timed from the middle of the infusion")
    vial = None
    activity = math.nan
    if table.has("administered_activity_mbq"):
        activity = table.number("administered_activity_mbq", above=0, maximum=100_000)
        for key in ("vial_activity_mbq", "residual_activity_mbq", "vial_time", "residual_time"):
            if table.has(key):
                table.wrong(key, "both an administered and a vial activity", "keep one of them")
    elif table.has("vial_activity_mbq"):
        vial_activity = table.number("vial_activity_mbq", above=0, maximum=100_000)
        residual = table.number("residual_activity_mbq", minimum=0, maximum=100_000)
        vial_time, residual_time = table.instant("vial_time"), table.instant("residual_time")
        if vial_time is not None and residual_time is not None:
            shift = timedelta(seconds=calibrator_offset_s)
            vial = VialMeasurement(
                vial_activity * units.BQ_PER_MBQ, vial_time + shift, residual * units.BQ_PER_MBQ, residual_time + shift
            )
    else:
        table.wrong("administered_activity_mbq", "is missing", "add it, or vial and residual with their times")
    stated = _planned_and_given(table)
    table.finish()
    if start is None or not name:
        return None
    infusion_s = None if infusion_min is None else units.MINUTE.to_core(infusion_min)
    if vial is not None:
        administration = Administration.from_vial(name, vial, start=start, infusion_s=infusion_s)
        if not administration.administered_activity_bq > 0:
            table.wrong("residual_activity_mbq", "the residual exceeds the vial", "check both readings and times")
            return None
        return replace(administration, **stated)
    if math.isnan(activity):
        return None
    return Administration(name, activity * units.BQ_PER_MBQ, start, infusion_s, **stated)


def _planned_and_given(table: TomlTable) -> dict[str, Any]:
    """What the plan was, who entered what was given, and why it is another activity."""
    planned = table.optional_number("planned_activity_mbq", minimum=0, maximum=100_000)
    return {
        "planned_activity_bq": None if planned is None else planned * units.BQ_PER_MBQ,
        "plan_sha256": table.optional_text("plan_sha256") or "",
        "given_by": table.optional_text("given_by") or "",
        "comment": table.optional_text("comment") or "",
    }


def _is_length(value: object) -> bool:
    shortest, longest = _POINT_SPREAD_MM
    return isinstance(value, int | float) and not isinstance(value, bool) and shortest <= value <= longest


def _calibration(cycle: TomlTable) -> Calibration:
    table = cycle.table("calibration")
    if table is None:
        return Calibration()
    sensitivity = table.optional_number("sensitivity_cps_per_mbq", above=0)
    mixed = table.optional_number("sensitivity_with_yttrium_90_cps_per_mbq", above=0)
    fwhm: tuple[float, float, float] | None = None
    if table.has("point_spread_fwhm_mm"):
        value = table.content["point_spread_fwhm_mm"]
        numbers = value if isinstance(value, list) else [value] * 3
        if len(numbers) == 3 and all(_is_length(v) for v in numbers):
            fwhm = (float(numbers[0]), float(numbers[1]), float(numbers[2]))
        else:
            shortest, longest = _POINT_SPREAD_MM
            table.wrong(
                "point_spread_fwhm_mm",
                f"can't be {value!r}",
                f"give one length between {shortest:g} and {longest:g} mm, or [x, y, z]",
            )
    recovery = None
    recovery_table = table.table("recovery")
    if recovery_table is not None:
        recovery_table.choice("model", ("b-gamma",), "b-gamma")
        recovery = RecoveryCurve(
            recovery_table.number("b_ml", above=0),
            recovery_table.number("gamma", above=0),
            recovery_table.optional_number("relative_standard_uncertainty", minimum=0, maximum=1) or 0.0,
        )
        recovery_table.finish()
    dead_time_us = table.optional_number("dead_time_us", minimum=0, maximum=100) or 0.0
    if 0 < dead_time_us < _SHORTEST_DEAD_TIME_US:
        table.wrong("dead_time_us", f"no camera has a dead time of {dead_time_us:g} µs", "check value and unit")
    calibration = Calibration(
        sensitivity_cps_per_bq=None if sensitivity is None else units.COUNTS_PER_S_PER_MBQ.to_core(sensitivity),
        convention=table.choice("convention", get_args(SensitivityConvention), None),
        relative_standard_uncertainty=table.optional_number("relative_standard_uncertainty", minimum=0, maximum=1),
        dead_time_s=units.MICROSECOND.to_core(dead_time_us),
        dead_time_model=table.choice("dead_time_model", get_args(DeadTimeModel), "non-paralyzable"),
        image_quantity=table.choice("image_quantity", get_args(CountQuantity), None),
        image_decay_reference=table.choice("image_decay_reference", get_args(DecayReference), None),
        counting_duration_s=table.optional_number("counting_duration_s", above=0, maximum=units.SECONDS_PER_DAY),
        partial_volume=table.choice("partial_volume", get_args(PartialVolume), None),
        point_spread_fwhm_mm=fwhm,
        recovery=recovery,
        measured_on=table.day("measured_on"),
        valid_until=table.day("valid_until"),
        profile=table.optional_text("profile") or "",
        profile_sha256=table.optional_text("profile_sha256") or "",
        sensitivity_with_yttrium_90_cps_per_bq=None if mixed is None else units.COUNTS_PER_S_PER_MBQ.to_core(mixed),
    )
    if None not in (calibration.measured_on, calibration.valid_until) and (
        calibration.valid_until < calibration.measured_on  # type: ignore[operator]  # neither is None
    ):
        table.wrong("valid_until", "lies before measured_on", "check both dates")
    if mixed is not None and sensitivity is None:
        table.wrong("sensitivity_with_yttrium_90_cps_per_mbq", "stands alone", "add sensitivity_cps_per_mbq")
    if calibration.partial_volume == "geometric-transfer-matrix" and "point_spread_fwhm_mm" not in table.content:
        table.wrong("point_spread_fwhm_mm", "is missing", "the geometric transfer matrix needs it")
    if calibration.partial_volume == "recovery-curve" and recovery is None:
        table.wrong("recovery", "is missing", "the recovery-curve correction needs it")
    table.finish()
    return calibration


def _whole_body(cycle: TomlTable) -> WholeBody:
    table = cycle.table("whole_body")
    if table is None:
        return WholeBody()
    method: Literal["field-of-view", "measured"] = table.choice(
        "method", ("field-of-view", "measured"), WholeBody().method
    )
    times = table.instants("time")
    values: tuple[float, ...] = ()
    if table.has("activity_mbq"):
        raw = table.content["activity_mbq"]
        if isinstance(raw, list) and all(isinstance(v, int | float) and v >= 0 for v in raw):
            values = tuple(float(v) * units.BQ_PER_MBQ for v in raw)
        else:
            table.wrong("activity_mbq", "must be a list of activities", "write [3600.0, 2100.0, …]")
            values = (math.nan,) * len(times)
    if method == "field-of-view" and (times or values):
        table.wrong("method", "is field-of-view, though activities are given", 'say "measured", or remove them')
    if method == "measured" and (not times or len(times) != len(values)):
        table.wrong("activity_mbq", f"{len(times)} times and {len(values)} activities", "give one activity per time")
    if any(after <= before for before, after in itertools.pairwise(times)):
        table.wrong("time", "the times are not in order", "list them from the first to the last, each once")
    table.finish()
    return WholeBody(method, times, values)


def _blood_sample(table: TomlTable) -> BloodSample | None:
    time = table.instant("time")
    values = table.map_numbers("activity_kbq_per_ml")
    if not values:
        table.wrong("activity_kbq_per_ml", "is missing", 'write { "Lu-177" = 358.7 }')
    uncertainty = table.optional_number("relative_standard_uncertainty", minimum=0, maximum=1)
    table.finish()
    if time is None:
        return None
    to_core = units.KILOBECQUEREL_PER_ML.to_core
    return BloodSample(time, FrozenMap({name: to_core(v) for name, v in values.items()}), uncertainty)


def _laboratory(table: TomlTable) -> LaboratoryResult | None:
    day = table.day("date", required=True)
    values = {}
    for key, (low, high) in LABORATORY_BOUNDS.items():
        value = table.optional_number(key, minimum=low, maximum=high)
        if value is not None:
            values[key] = value
    table.finish()
    return None if day is None else LaboratoryResult(day, FrozenMap(values))


def _entered(cycle: TomlTable) -> EnteredAbsorbedDose | None:
    table = cycle.table("entered_absorbed_dose_per_administered_activity_gy_per_gbq")
    if table is None:
        return None
    doses: dict[str, FrozenMap[str, float]] = {}
    for organ in ORGANS:
        if table.has(organ):
            per_gbq = table.map_numbers(organ, maximum=_HIGHEST_GY_PER_GBQ)
            for name in per_gbq:
                try:
                    nuclide(name)
                except DosimetryError as error:
                    table.wrong(organ, error.what, error.remedy)
            doses[organ] = FrozenMap({n: units.GRAY_PER_GIGABECQUEREL.to_core(v) for n, v in per_gbq.items()})
    uncertainties = table.map_numbers("relative_standard_uncertainty", maximum=1.0)
    for organ in uncertainties:
        if organ not in doses:
            table.wrong("relative_standard_uncertainty", f"no dose was entered for {organ!r}", "remove it")
    if not doses:
        table.wrong("", "names no organ", "add kidneys = { … } or red_marrow = { … }")
    table.finish()
    return EnteredAbsorbedDose(FrozenMap(doses), FrozenMap(uncertainties))
