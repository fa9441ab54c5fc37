"""Reads the settings of case.toml: what is corrected, fitted and calculated how, and laboratory limits."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace
from typing import get_args

from dosimetry_core import units
from dosimetry_core.case import (
    Engine,
    ExcludedPoint,
    FewScans,
    FitModel,
    FitPrior,
    FitSettings,
    FitTail,
    FitWeights,
    LaboratoryLimit,
    MarrowToBlood,
    RadiobiologySettings,
    RedMarrowSettings,
    RestOfBody,
    Settings,
    SingleTimePointRule,
)
from dosimetry_core.density_curve import read_density_curve
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.laboratory import LABORATORY_BOUNDS, ZERO_LOWER_LIMIT_KEYS
from dosimetry_core.toml_table import TomlTable

ENGINE_ROLES = ("kidneys", "liver", "spleen", "lesion", "other")
DENSITY_ROLES = ("kidneys", "liver", "spleen", "lesion", "other")


def read_settings(root: TomlTable) -> Settings:
    """Settings of [settings] and what is left at its default; faults are collected by the table."""
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


def read_laboratory_limit(table: TomlTable, key: str) -> LaboratoryLimit:
    """A clinic\'s own limit of one laboratory value."""
    limit = table.table(key)
    if limit is None:
        return LaboratoryLimit()
    low, high = LABORATORY_BOUNDS.get(key, (0.0, math.inf))
    from_zero = key in ZERO_LOWER_LIMIT_KEYS and limit.content.get("lower") == 0
    read = LaboratoryLimit(
        limit.optional_number("lower", minimum=0.0 if from_zero else low, maximum=high),
        limit.optional_number("upper", minimum=low, maximum=high),
    )
    if not limit.content:
        table.wrong(key, "states no limit", "write { lower = … }, { upper = … } or both")
    if read.lower is not None and read.upper is not None and read.lower > read.upper:
        table.wrong(key, "the lower limit is above the upper one", "check both")
    limit.finish()
    return read
