"""Reads a cycle of case.toml: what was given, its scans, calibration, blood, laboratory and entered doses."""

from __future__ import annotations

import itertools
import math
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal, get_args

from dosimetry_core import units
from dosimetry_core.case import (
    Administration,
    Calibration,
    ContourConvention,
    CountQuantity,
    Cycle,
    DeadTimeModel,
    EnteredAbsorbedDose,
    PartialVolume,
    RecoveryCurve,
    SensitivityConvention,
    StatedRegistration,
    VialMeasurement,
    WholeBody,
)
from dosimetry_core.case_file_vois_on_scans import read_voi_on_scan
from dosimetry_core.case_measured_values import read_blood_sample, read_laboratory
from dosimetry_core.errors import DosimetryError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.given_details import read_details
from dosimetry_core.image import DecayReference
from dosimetry_core.nuclide import nuclide
from dosimetry_core.toml_table import TomlTable
from dosimetry_core.voi import ROLES, Role

_LONGEST_INFUSION_MIN = units.MINUTE.from_core(units.SECONDS_PER_DAY)
_HIGHEST_GY_PER_GBQ = 100.0
# Reconstructed SPECT resolves 5 to 25 mm; beyond these the length is in another unit.
_POINT_SPREAD_MM = (1.0, 40.0)
_FARTHEST_MM = 5000.0
_SHORTEST_DEAD_TIME_US = 0.01
ORGANS = ("kidneys", "red_marrow", "liver", "spleen")
CLOCKS = ("scanner", "dose_calibrator")


def read_cycle(table: TomlTable, *, blood_density_g_per_ml: float) -> Cycle:
    """One [[cycle]] with all its tables; faults are collected by the table.

    ``blood_density_g_per_ml`` makes volumes of samples that were weighed.
    """
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
        planned_not_given_bq=_planned_not_given(table, names),
        calibration=_calibration(table),
        whole_body=_whole_body(table),
        haematocrit=table.optional_number("haematocrit", above=0, maximum=0.8),
        blood_samples=tuple(
            sample
            for item in table.tables("blood_sample")
            if (sample := read_blood_sample(item, blood_density_g_per_ml=blood_density_g_per_ml)) is not None
        ),
        laboratory=tuple(r for r in (read_laboratory(item) for item in table.tables("laboratory")) if r is not None),
        entered=entered,
        stated_registrations=tuple(
            stated for stated in (_registration(item) for item in table.tables("registration")) if stated is not None
        ),
        stated_vois_on_scans=tuple(read_voi_on_scan(item) for item in table.tables("voi_on_scan")),
    )
    if cycle.stated_vois_on_scans and not cycle.voi_paths:
        table.wrong("voi_on_scan", "places of VOIs without VOIs", "name the VOIs they belong to")
    if cycle.stated_registrations and not cycle.image_paths:
        table.wrong("registration", "registrations without images", "name the images they belong to")
    if cycle.voi_paths and not cycle.image_paths:
        table.wrong("vois", "VOIs without images", "name the images they belong to, or leave them out")
    if cycle.image_paths and cycle.entered is not None:
        table.wrong("images", "images and entered absorbed doses in one cycle", "keep one of them")
    table.finish()
    return cycle


def _planned_not_given(table: TomlTable, given: list[str]) -> FrozenMap[str, float]:
    """Planned activities of nuclides of which 0 was given."""
    planned = table.map_numbers("planned_not_given_mbq", minimum=0.0)
    for name in planned:
        if name in given:
            table.wrong("planned_not_given_mbq", f"{name} was given", "take it out, or take its administration out")
        try:
            nuclide(name)
        except DosimetryError as error:
            table.wrong("planned_not_given_mbq", error.what, error.remedy)
    return FrozenMap({name: units.MEGABECQUEREL.to_core(value) for name, value in planned.items()})


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
    """What the plan was, who entered what was given, why it is another activity, and details such as the product."""
    planned = table.optional_number("planned_activity_mbq", minimum=0, maximum=100_000)
    return {
        "planned_activity_bq": None if planned is None else planned * units.BQ_PER_MBQ,
        "plan_sha256": table.optional_text("plan_sha256") or "",
        "given_by": table.optional_text("given_by") or "",
        "comment": table.optional_text("comment") or "",
        **read_details(table),
    }


def _is_length(value: object) -> bool:
    shortest, longest = _POINT_SPREAD_MM
    return isinstance(value, int | float) and not isinstance(value, bool) and shortest <= value <= longest


def _is_coordinate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _FARTHEST_MM


def _calibration(cycle: TomlTable) -> Calibration:
    table = cycle.table("calibration")
    if table is None:
        return Calibration()
    sensitivity = table.optional_number("sensitivity_cps_per_mbq", above=0)
    mixed = table.optional_number("sensitivity_with_yttrium_90_cps_per_mbq", above=0)
    fwhm, position, recovery = _point_spread_mm(table), _image_position_mm(table), read_recovery(table)
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
        image_position_mm=position,
        counting_duration_s=table.optional_number("counting_duration_s", above=0, maximum=units.SECONDS_PER_DAY),
        partial_volume=table.choice("partial_volume", get_args(PartialVolume), None),
        point_spread_fwhm_mm=fwhm,
        recovery=recovery,
        measured_on=table.day("measured_on"),
        valid_until=table.day("valid_until"),
        profile=table.optional_text("profile") or "",
        profile_sha256=table.optional_text("profile_sha256") or "",
        sensitivity_with_yttrium_90_cps_per_bq=None if mixed is None else units.COUNTS_PER_S_PER_MBQ.to_core(mixed),
        with_yttrium_90_relative_standard_uncertainty=table.optional_number(
            "with_yttrium_90_relative_standard_uncertainty", minimum=0, maximum=1
        ),
        with_yttrium_90_measured_on=table.day("with_yttrium_90_measured_on"),
        with_yttrium_90_valid_until=table.day("with_yttrium_90_valid_until"),
    )
    _remark_contradictions(table, calibration)
    table.finish()
    return calibration


def _point_spread_mm(table: TomlTable) -> tuple[float, float, float] | None:
    """Full widths along x, y and z: one number for all, or three."""
    if not table.has("point_spread_fwhm_mm"):
        return None
    value = table.content["point_spread_fwhm_mm"]
    numbers = value if isinstance(value, list) else [value] * 3
    if len(numbers) == 3 and all(_is_length(v) for v in numbers):
        return float(numbers[0]), float(numbers[1]), float(numbers[2])
    shortest, longest = _POINT_SPREAD_MM
    table.wrong(
        "point_spread_fwhm_mm",
        f"can't be {value!r}",
        f"give one length between {shortest:g} and {longest:g} mm, or [x, y, z]",
    )
    return None


def _image_position_mm(table: TomlTable) -> tuple[float, float, float] | None:
    if not table.has("image_position_mm"):
        return None
    place = table.content["image_position_mm"]
    if isinstance(place, list) and len(place) == 3 and all(_is_coordinate(v) for v in place):
        return float(place[0]), float(place[1]), float(place[2])
    far = f"{_FARTHEST_MM:g}"
    table.wrong("image_position_mm", f"can't be {place!r}", f"give [x, y, z] in mm, each from -{far} to {far}")
    return None


def read_recovery(of: TomlTable) -> RecoveryCurve | None:
    """The recovery curve that stands in a table of its own within another, of a profile or a case file."""
    table = of.table("recovery")
    if table is None:
        return None
    table.choice("model", ("b-gamma",), "b-gamma")
    curve = RecoveryCurve(
        table.number("b_ml", above=0),
        table.number("gamma", above=0),
        table.optional_number("relative_standard_uncertainty", minimum=0, maximum=1) or 0.0,
    )
    table.finish()
    return curve


def _remark_contradictions(table: TomlTable, calibration: Calibration) -> None:
    """Remark on what contradicts something else that is stated, or lacks it."""
    for of, measured_on, valid_until in (
        ("", calibration.measured_on, calibration.valid_until),
        ("with_yttrium_90_", calibration.with_yttrium_90_measured_on, calibration.with_yttrium_90_valid_until),
    ):
        if measured_on is not None and valid_until is not None and valid_until < measured_on:
            table.wrong(f"{of}valid_until", f"lies before {of}measured_on", "check both dates")
    mixed = calibration.sensitivity_with_yttrium_90_cps_per_bq
    for key in ("relative_standard_uncertainty", "measured_on", "valid_until"):
        if mixed is None and table.has(f"with_yttrium_90_{key}"):
            table.wrong(f"with_yttrium_90_{key}", "stands alone", "add sensitivity_with_yttrium_90_cps_per_mbq")
    if mixed is not None and calibration.sensitivity_cps_per_bq is None:
        table.wrong("sensitivity_with_yttrium_90_cps_per_mbq", "stands alone", "add sensitivity_cps_per_mbq")
    if calibration.partial_volume == "geometric-transfer-matrix" and "point_spread_fwhm_mm" not in table.content:
        table.wrong("point_spread_fwhm_mm", "is missing", "the geometric transfer matrix needs it")
    if calibration.partial_volume == "recovery-curve" and calibration.recovery is None:
        table.wrong("recovery", "is missing", "the recovery-curve correction needs it")


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
