"""The tree of results.json for `lutetia dose`: each label's volume, mass, dose, uncertainty and dose–volume numbers."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.dose_command import KnownMap, NamedLabel
from dosimetry_core.case_file import CASE_FORMAT
from dosimetry_core.data_tables import data_table_editions
from dosimetry_core.dicom.voi_names import role_from_name
from dosimetry_core.dose.dose_volume import DoseVolume, dose_volume
from dosimetry_core.dose.media import (
    AIR_BELOW_G_PER_ML,
    BONE_ABOVE_G_PER_ML,
    LUNG_BELOW_G_PER_ML,
    SOFT_TISSUE,
    media_map,
)
from dosimetry_core.dose.sphere import sphere_absorbed_dose_gy
from dosimetry_core.dose.voxel_dose import (
    LOWEST_DENSITY_G_PER_ML,
    VoxelDose,
    VoxelDoseSettings,
    local_deposition_voxel_dose,
    voxel_dose,
)
from dosimetry_core.dose.voxel_uncertainty import ELECTRON_RANGE, voxel_dose_budget
from dosimetry_core.errors import DosimetryError, Finding
from dosimetry_core.nuclide import nuclide
from dosimetry_core.results_json import finding_json, plain
from dosimetry_core.units import GRAM_PER_KG
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION
from dosimetry_core.volume import Volume

_ACCURACY_SAMPLES = 24
_HISTOGRAM_BINS = 100
VOXEL_S_VALUES, LOCAL_DEPOSITION = "voxel-s-values", "local-deposition"


def dose_results(
    known: KnownMap,
    *,
    nuclide_name: str,
    engine: str,
    photons: bool,
    electron_media: bool,
    volume_at_gy: tuple[float, ...],
) -> tuple[dict[str, Any], Volume]:
    """Results tree and dose map of one nuclide by one engine; the other engines stand beside it per label."""
    nuclide(nuclide_name)
    geometry = known.time_integrated_activity.geometry
    activity = Volume(
        np.asarray(known.time_integrated_activity.values, dtype=np.float32), geometry, "time_integrated_activity_bq_s"
    )
    density = Volume(np.asarray(known.density.values, dtype=np.float32), geometry, "density_g_per_ml")
    labels = np.asarray(known.labels.values).astype(np.int64)
    media = media_map(density.values, labels, {label.number: label.medium for label in known.names})
    settings = VoxelDoseSettings(photons=photons, electron_media=electron_media)
    convolved = voxel_dose(
        nuclide_name, activity, density, media, settings=settings, accuracy_samples=_ACCURACY_SAMPLES
    )
    longer = voxel_dose(
        nuclide_name,
        activity,
        density,
        media,
        settings=settings,
        electron_range_factor=1 + ELECTRON_RANGE,
        accuracy_samples=0,
    )
    local = local_deposition_voxel_dose(nuclide_name, activity, density, media)
    chosen = convolved if engine == VOXEL_S_VALUES else local
    findings = list(chosen.findings)
    vois = {}
    for label in known.names:
        inside = labels == label.number
        if not inside.any():
            findings.append(
                Finding("voi-empty", "info", f"label {label.number} ({label.name}) has no voxels and is left out", "")
            )
            continue
        vois[label.name] = _voi(
            label, inside, nuclide_name, activity, density, (convolved, longer, local), engine, volume_at_gy
        )
    tree = {
        "format": CASE_FORMAT,
        "software": {"name": SOFTWARE_NAME, "version": SOFTWARE_VERSION, "data_tables": data_table_editions()},
        "inputs": dict(sorted(known.inputs.items())),
        "settings": _settings(nuclide_name, engine, chosen, geometry.spacing_mm),
        "cycles": [{"number": 1, "administrations": [], "time_points": [], "vois": vois}],
        "findings": [finding_json(finding) for finding in findings],
    }
    return tree, chosen.absorbed_dose


def _settings(
    nuclide_name: str, engine: str, dose: VoxelDose, spacing_mm: tuple[float, float, float]
) -> dict[str, Any]:
    slices, rows, columns = spacing_mm
    return {
        "nuclide": nuclide_name,
        "engine": engine,
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
    label: NamedLabel,
    inside: NDArray[np.bool_],
    nuclide_name: str,
    activity: Volume,
    density: Volume,
    doses: tuple[VoxelDose, VoxelDose, VoxelDose],
    engine: str,
    volume_at_gy: tuple[float, ...],
) -> dict[str, Any]:
    convolved, longer, local = doses
    voxel_ml = density.geometry.voxel_volume_ml
    densities = density.values[inside].astype(np.float64)
    volume_ml = voxel_ml * densities.size
    mass_kg = voxel_ml * float(densities.sum()) / GRAM_PER_KG
    if not mass_kg > 0:
        raise DosimetryError("has no mass: its density is 0", where=label.name, remedy="check labels and densities")

    def mean_gy(values: NDArray[np.float32]) -> float:
        """Energy over mass."""
        return float(values[inside].astype(np.float64) @ densities / densities.sum())

    own = float(activity.values[inside].sum(dtype=np.float64))
    by_engine = {
        VOXEL_S_VALUES: mean_gy(convolved.absorbed_dose.values),
        LOCAL_DEPOSITION: mean_gy(local.absorbed_dose.values),
    }
    others = {name: value for name, value in by_engine.items() if name != engine}
    if label.medium == SOFT_TISSUE and own > 0:
        # A mass outside the sphere table leaves the voxel engines to compare.
        with contextlib.suppress(DosimetryError):
            others["sphere"] = sphere_absorbed_dose_gy(
                nuclide_name, own, mass_kg=mass_kg, density_g_per_ml=mass_kg * GRAM_PER_KG / volume_ml
            )
    photon_gy = mean_gy(convolved.photon_absorbed_dose_gy)
    budget = voxel_dose_budget(
        nuclide_name,
        label.medium,
        absorbed_dose_gy=by_engine[VOXEL_S_VALUES],
        photon_absorbed_dose_gy=photon_gy,
        with_longer_range_gy=mean_gy(longer.absorbed_dose.values),
        rounding_error_gy=convolved.rounding_error_gy,
    )
    chosen = convolved if engine == VOXEL_S_VALUES else local
    voxels = dose_volume(
        chosen.absorbed_dose.values, inside.astype(np.float32), voxel_volume_ml=voxel_ml, where=label.name
    )
    uncertainty = None
    if engine == VOXEL_S_VALUES:
        uncertainty = {nuclide_name: budget.total_gy, "total": budget.total_gy}
    return {
        "role": role_from_name(label.name) or "other",
        "label": label.number,
        "medium": label.medium,
        "volume_ml": volume_ml,
        "mass_kg": mass_kg,
        "density_g_per_ml": mass_kg * GRAM_PER_KG / volume_ml,
        "time_integrated_activity_bq_s": {nuclide_name: own},
        "absorbed_dose_gy": {nuclide_name: by_engine[engine], "total": by_engine[engine]},
        "photon_absorbed_dose_gy": {nuclide_name: photon_gy if engine == VOXEL_S_VALUES else 0.0},
        "engine": engine,
        "cross_check_absorbed_dose_gy": {
            name: {nuclide_name: value, "total": value} for name, value in sorted(others.items())
        },
        "dose_volume": _dose_volume(voxels, volume_at_gy),
    } | (
        {"absorbed_dose_standard_uncertainty_gy": uncertainty, "uncertainty_budget_gy": plain(budget)}
        if uncertainty is not None
        else {}
    )


def _dose_volume(voxels: DoseVolume, volume_at_gy: tuple[float, ...]) -> dict[str, Any]:
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
