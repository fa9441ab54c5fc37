"""The tree of results.json for `lutetia dose`: each label's volume, mass, dose, uncertainty and dose–volume numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.dose_beside import Difference, WithoutMapBudget, budgets_without_map, difference, difference_finding
from app.dose_by_region import LabelRegion, organ_level_doses_gy, sphere_doses_gy
from app.dose_command import DoseOptions, KnownMap
from dosimetry_core.case_file import CASE_FORMAT
from dosimetry_core.data_tables import data_table_editions
from dosimetry_core.dicom.voi_names import role_from_name
from dosimetry_core.dose.dose_volume import dose_volume
from dosimetry_core.dose.media import (
    AIR_BELOW_G_PER_ML,
    BONE_ABOVE_G_PER_ML,
    LUNG_BELOW_G_PER_ML,
    OUTSIDE,
    media_map,
)
from dosimetry_core.dose.voxel_dose import (
    VoxelDose,
    VoxelDoseSettings,
    local_deposition_voxel_dose,
    voxel_dose,
)
from dosimetry_core.dose.voxel_inputs import ACTIVITY_OUTSIDE_WARNING, LOWEST_DENSITY_G_PER_ML
from dosimetry_core.dose.voxel_uncertainty import ELECTRON_RANGE, VoxelDoseBudget, voxel_dose_budget
from dosimetry_core.errors import DosimetryError, Finding
from dosimetry_core.nuclide import nuclide
from dosimetry_core.results_json import finding_json, plain
from dosimetry_core.units import PERCENT, mass_kg
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION
from dosimetry_core.volume import Volume

_ACCURACY_SAMPLES = 24
_HISTOGRAM_BINS = 100
VOXEL_S_VALUES, LOCAL_DEPOSITION, SPHERE, ORGAN_LEVEL = "voxel-s-values", "local-deposition", "sphere", "organ-level"


def dose_results(known: KnownMap, options: DoseOptions) -> tuple[dict[str, Any], Volume]:
    """Results tree and dose map of one nuclide by one engine; the other engines stand beside it per label."""
    name = options.nuclide
    nuclide(name)
    geometry = known.time_integrated_activity.geometry
    activity = Volume(
        np.asarray(known.time_integrated_activity.values, dtype=np.float32), geometry, "time_integrated_activity_bq_s"
    )
    density = Volume(np.asarray(known.density.values, dtype=np.float32), geometry, "density_g_per_ml")
    labels = np.asarray(known.labels.values).astype(np.int32)
    media = media_map(density.values, labels, {label.number: label.medium for label in known.names})
    # Gas in a label, or density 0 under it, is no tissue: no dose, no mass, and no kernel of its density.
    air = (density.values < AIR_BELOW_G_PER_ML) & (labels > 0)
    media = np.where(air, np.uint8(OUTSIDE), media)
    labels = np.where(air, 0, labels)
    findings: list[Finding] = []
    inside, regions = {}, {}
    for label in known.names:
        if label.unused_keys:
            text = f"keys that are not read: {', '.join(label.unused_keys)}"
            findings.append(Finding("label-keys-not-used", "info", text, label.name))
        voxels, gas = labels == label.number, air & (known.labels.values == label.number)
        if gas.any():
            findings.append(_air_finding(label.name, gas, voxels, activity))
            if not voxels.any() and density.values[gas].any():
                # Nothing but gas: it has no dose. Density 0 throughout is no gas, and refused below.
                continue
        elif not voxels.any():
            findings.append(
                Finding("voi-empty", "info", f"label {label.number} ({label.name}) has no voxels and is left out", "")
            )
            continue
        inside[label.name] = voxels
        regions[label.name] = _region(label.name, label.medium, voxels, activity, density)
    settings = VoxelDoseSettings(photons=options.photons, electron_media=options.electron_media)
    convolved = voxel_dose(name, activity, density, media, settings=settings, accuracy_samples=_ACCURACY_SAMPLES)
    longer = voxel_dose(
        name,
        activity,
        density,
        media,
        settings=settings,
        electron_range_factor=1 + ELECTRON_RANGE,
        accuracy_samples=0,
    )
    local = local_deposition_voxel_dose(name, activity, density, media)
    findings[:0] = convolved.findings
    by_engine = _doses_by_engine(options, regions, inside, activity, density, convolved, local)
    if options.engine not in (VOXEL_S_VALUES, LOCAL_DEPOSITION):
        findings += _not_applicable(options.engine, regions, by_engine[options.engine])
    vois = {}
    for label in known.names:
        if label.name in regions:
            vois[label.name] = _voi(regions[label.name], options.engine, name, by_engine) | {"label": label.number}
            budget, photons_gy = _voxel_budget(
                regions[label.name], name, inside[label.name], density, convolved, longer, by_engine
            )
            differences = _differences(label.name, by_engine, photons_gy)
            vois[label.name] |= _uncertainties(label.name, options.engine, name, by_engine, budget)
            if options.engine == VOXEL_S_VALUES:
                vois[label.name]["photon_absorbed_dose_gy"] = {name: photons_gy}
            vois[label.name]["engine_differences_gy"] = plain(differences)
            findings += _difference_findings(label.name, by_engine, differences)
    chosen = local if options.engine == LOCAL_DEPOSITION else convolved
    dose_map = chosen.absorbed_dose
    if options.engine in (VOXEL_S_VALUES, LOCAL_DEPOSITION):
        for label_name, voxels in inside.items():
            vois[label_name]["dose_volume"] = _dose_volume(dose_map, voxels, options.volume_at_gy, label_name)
    else:
        dose_map = _painted(dose_map, inside, by_engine[options.engine])
    tree = {
        "format": CASE_FORMAT,
        "software": {"name": SOFTWARE_NAME, "version": SOFTWARE_VERSION, "data_tables": data_table_editions()},
        "inputs": dict(sorted(known.inputs.items())),
        "settings": _settings(options, chosen, geometry.spacing_mm),
        "cycles": [{"number": 1, "administrations": [], "time_points": [], "vois": vois}],
        "findings": [finding_json(finding) for finding in findings],
    }
    return tree, dose_map


def _region(name: str, medium: str, inside: NDArray[np.bool_], activity: Volume, density: Volume) -> LabelRegion:
    voxel_ml = density.geometry.voxel_volume_ml
    mass = mass_kg(voxel_ml, float(np.sum(density.values, where=inside, dtype=np.float64)))
    if not mass > 0:
        raise DosimetryError("has no mass: its density is 0", where=name, remedy="check labels and densities")
    own = float(np.sum(activity.values, where=inside, dtype=np.float64))
    return LabelRegion(
        name, role_from_name(name) or "other", medium, voxel_ml * int(np.count_nonzero(inside)), mass, own
    )


def _mean_gy(dose: NDArray[Any], inside: NDArray[np.bool_], density: Volume) -> float:
    """Energy over mass."""
    weights = density.values[inside].astype(np.float64)
    return float(dose[inside].astype(np.float64) @ weights / weights.sum())


def _doses_by_engine(
    options: DoseOptions,
    regions: Mapping[str, LabelRegion],
    inside: Mapping[str, NDArray[np.bool_]],
    activity: Volume,
    density: Volume,
    convolved: VoxelDose,
    local: VoxelDose,
) -> dict[str, dict[str, float]]:
    """Engine → label → mean absorbed dose, where the engine applies."""
    found = {
        engine: {name: _mean_gy(dose.absorbed_dose.values, voxels, density) for name, voxels in inside.items()}
        for engine, dose in ((VOXEL_S_VALUES, convolved), (LOCAL_DEPOSITION, local))
    }
    found[SPHERE] = sphere_doses_gy(options.nuclide, regions)
    if options.sex is not None:
        whole = float(activity.values.sum(dtype=np.float64))
        found[ORGAN_LEVEL] = organ_level_doses_gy(options.nuclide, options.sex, regions, whole_activity_bq_s=whole)
    return found


def _not_applicable(engine: str, regions: Mapping[str, LabelRegion], doses: Mapping[str, float]) -> list[Finding]:
    return [
        Finding("engine-does-not-apply", "warning", f"the engine {engine} has no S value for this label", name)
        for name in regions
        if name not in doses
    ]


def _painted(like: Volume, inside: Mapping[str, NDArray[np.bool_]], doses: Mapping[str, float]) -> Volume:
    """Each label filled with its one dose, 0 elsewhere."""
    values = np.zeros(like.geometry.shape, np.float32)
    for name, dose in doses.items():
        values[inside[name]] = dose
    return Volume(values, like.geometry, "absorbed_dose_gy")


def _settings(options: DoseOptions, dose: VoxelDose, spacing_mm: tuple[float, float, float]) -> dict[str, Any]:
    slices, rows, columns = spacing_mm
    return {
        "nuclide": options.nuclide,
        "engine": options.engine,
        "sex": options.sex,
        "photons": dose.settings.photons,
        "electron_media": dose.settings.electron_media,
        "electron_rule": "kernel of the source voxel's medium and density, dose × kernel density/voxel density"
        if dose.settings.electron_media
        else "soft tissue of 1 g/mL everywhere",
        "photon_rule": "one soft-tissue kernel to 200 mm at 1 g/mL, dose not scaled"
        if dose.settings.photons
        else "off",
        "voxel_size_mm": [columns, rows, slices],
        "lowest_density_g_per_ml": LOWEST_DENSITY_G_PER_ML,
        "medium_by_density_g_per_ml": {
            "outside_below": AIR_BELOW_G_PER_ML,
            "lung_below": LUNG_BELOW_G_PER_ML,
            "bone_from": BONE_ABOVE_G_PER_ML,
        },
        "kernels": plain(dose.kernels),
        "rounding_error_gy": dose.rounding_error_gy,
        "sampled_error_gy": dose.sampled_error_gy,
    }


def _voi(
    region: LabelRegion, engine: str, nuclide_name: str, by_engine: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    def both(value: float | None) -> dict[str, float | None]:
        return {nuclide_name: value, "total": value}

    return {
        "role": region.role,
        "medium": region.medium,
        "volume_ml": region.volume_ml,
        "mass_kg": region.mass_kg,
        "density_g_per_ml": region.mass_kg / mass_kg(region.volume_ml, 1.0),
        "time_integrated_activity_bq_s": {nuclide_name: region.time_integrated_activity_bq_s},
        "absorbed_dose_gy": both(by_engine[engine].get(region.name)),
        "engine": engine,
        "cross_check_absorbed_dose_gy": {
            other: both(doses[region.name])
            for other, doses in sorted(by_engine.items())
            if other != engine and region.name in doses
        },
    }


def _voxel_budget(
    region: LabelRegion,
    nuclide_name: str,
    inside: NDArray[np.bool_],
    density: Volume,
    convolved: VoxelDose,
    longer: VoxelDose,
    by_engine: Mapping[str, Mapping[str, float]],
) -> tuple[VoxelDoseBudget, float]:
    """Budget of the voxel engine's dose, and its part by photons in Gy."""
    photons = _mean_gy(convolved.photon_absorbed_dose_gy, inside, density)
    budget = voxel_dose_budget(
        nuclide_name,
        region.medium,
        absorbed_dose_gy=by_engine[VOXEL_S_VALUES][region.name],
        photon_absorbed_dose_gy=photons,
        with_longer_range_gy=_mean_gy(longer.absorbed_dose.values, inside, density),
        rounding_error_gy=convolved.rounding_error_gy,
    )
    return budget, photons


def _uncertainties(
    label: str, engine: str, nuclide_name: str, by_engine: Mapping[str, Mapping[str, float]], voxels: VoxelDoseBudget
) -> dict[str, Any]:
    """Standard uncertainty of the dose and of every other one beside it; the budget of the dose."""
    budgets: dict[str, VoxelDoseBudget | WithoutMapBudget] = {
        VOXEL_S_VALUES: voxels,
        **budgets_without_map(by_engine, label, voxel_engine=VOXEL_S_VALUES, local_engine=LOCAL_DEPOSITION),
    }

    def both(value: float) -> dict[str, float]:
        return {nuclide_name: value, "total": value}

    own = budgets.get(engine)
    found: dict[str, Any] = {
        "cross_check_absorbed_dose_standard_uncertainty_gy": {
            other: both(budget.total_gy) for other, budget in sorted(budgets.items()) if other != engine
        }
    }
    if own is not None:
        found |= {
            "absorbed_dose_standard_uncertainty_gy": both(own.total_gy),
            "uncertainty_budget_gy": plain(own),
        }
    return found


def _differences(label: str, by_engine: Mapping[str, Mapping[str, float]], photons_gy: float) -> dict[str, Difference]:
    """Engine → why its dose of a label differs from that of voxel S values."""
    return {
        engine: difference(
            other_gy=doses[label],
            by_voxels_gy=by_engine[VOXEL_S_VALUES][label],
            photons_by_voxels_gy=photons_gy,
            local_gy=by_engine[LOCAL_DEPOSITION][label],
        )
        for engine, doses in by_engine.items()
        if engine != VOXEL_S_VALUES and label in doses
    }


def _difference_findings(
    label: str, by_engine: Mapping[str, Mapping[str, float]], differences: Mapping[str, Difference]
) -> list[Finding]:
    """What explains sphere and organ-level S values that differ; local deposition leaves photons out by its name."""
    told = [
        difference_finding(label, engine, by_engine[VOXEL_S_VALUES][label], found)
        for engine, found in differences.items()
        if engine != LOCAL_DEPOSITION
    ]
    return [finding for finding in told if finding is not None]


def _air_finding(name: str, gas: NDArray[np.bool_], tissue: NDArray[np.bool_], activity: Volume) -> Finding:
    in_gas, in_tissue = (float(np.sum(activity.values, where=where, dtype=np.float64)) for where in (gas, tissue))
    share = in_gas / (in_gas + in_tissue) if in_gas else 0.0
    return Finding(
        "air-in-label",
        "warning" if share > ACTIVITY_OUTSIDE_WARNING else "info",
        f"{int(np.count_nonzero(gas))} of its voxels are lighter than {AIR_BELOW_G_PER_ML:g} g/mL and taken for air, "
        f"without mass or dose; {PERCENT.text(share)} of its time-integrated activity lies in them",
        name,
    )


def _dose_volume(dose: Volume, inside: NDArray[np.bool_], volume_at_gy: tuple[float, ...], name: str) -> dict[str, Any]:
    voxels = dose_volume(
        dose.values, inside.astype(np.float32), voxel_volume_ml=dose.geometry.voxel_volume_ml, where=name
    )
    doses, fractions = voxels.cumulative_histogram(_HISTOGRAM_BINS)
    return {
        "limited_by_image_resolution": True,
        "mean_gy": voxels.mean_gy,
        "d98_gy": voxels.d98_gy,
        "d90_gy": voxels.d90_gy,
        "d2_gy": voxels.d2_gy,
        "volume_receiving_at_least": [
            {"absorbed_dose_gy": value, "volume_ml": voxels.volume_receiving_ml(value)} for value in volume_at_gy
        ],
        "histogram": {"absorbed_dose_gy": doses.tolist(), "volume_fraction": fractions.tolist()},
    }
