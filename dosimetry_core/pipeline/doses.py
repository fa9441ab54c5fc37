"""Absorbed doses of one cycle: every VOI by the engine of its role, organs with their cross-dose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dosimetry_core.case import Case, Cycle, Engine
from dosimetry_core.dose.engine import (
    KIDNEY_ROLES,
    LOCAL_DEPOSITION,
    SOURCE_ORGANS,
    VOXEL_S_VALUES,
    EngineDose,
    engine_by_region,
    role_group,
)
from dosimetry_core.dose.engine_comparison import VOXELS_AGREE_WITHIN, compared, engine_words
from dosimetry_core.dose.organ_level import Organ, mass_weighted_mean_gy
from dosimetry_core.dose.radiobiology import (
    NuclideDoseRate,
    ProtractionPerGy,
    Radiosensitivity,
    bed_of_doses_gy,
    mean_protraction_per_gy,
    protraction_per_gy,
)
from dosimetry_core.dose.sphere import QUANTIFICATION_LIMIT_ML
from dosimetry_core.errors import DosimetryError, Finding, Level, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.pipeline.densities import voi_densities
from dosimetry_core.pipeline.enclosed import with_enclosed
from dosimetry_core.pipeline.engines import Engines, dose_regions, engine_of, engines_beside, engines_by_region
from dosimetry_core.pipeline.marrow import SourceActivity
from dosimetry_core.pipeline.uncertainties import (
    SValueUncertainty,
    VoiErrors,
    absorbed_dose_effects,
    activity_standard_uncertainties_bq,
    time_integrated_activity_effects,
)
from dosimetry_core.pipeline.voxel_doses import CycleVoxelDoses
from dosimetry_core.pipeline.voxel_engine import VoxelDoses, VoxelEngine, voxel_engine
from dosimetry_core.progress import Progress, no_progress
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.results import DoseValue, OrganResult, VoiResult, total_dose
from dosimetry_core.uncertainty import scaled_effects, summed_effects
from dosimetry_core.units import MILLILITRE


def voi_errors(case: Case, measurement: CycleMeasurement, curves: Mapping[str, VoiCurves]) -> dict[str, VoiErrors]:
    """What may be wrong with the time-integrated activities of each VOI."""
    number, weights = measurement.cycle.number, case.settings.fit.weights
    return {name: VoiErrors(number, voi, curves[name], weights) for name, voi in measurement.vois.items()}


def source_activities(
    measurement: CycleMeasurement, curves: Mapping[str, VoiCurves], errors: Mapping[str, VoiErrors]
) -> dict[str, dict[str, SourceActivity]]:
    """Nuclide → source organ → time-integrated activity, enclosed VOIs not counted; kidneys are both sides.

    An organ one of whose VOIs failed is left out: half a kidney pair is no source term.
    """
    sources: dict[str, dict[str, SourceActivity]] = {}
    for organ in SOURCE_ORGANS:
        names = [name for name, voi in measurement.vois.items() if role_group(voi.voi.role) == organ]
        if not names or any(not curves[name].fits for name in names):
            continue
        effects = {name: time_integrated_activity_effects(errors[name]) for name in names}
        for nuclide in curves[names[0]].fits:
            parts = {name: curves[name].fits[nuclide].time_integrated_activity_bq_s for name in names}
            total = sum(parts.values())
            relative = (scaled_effects(effects[name][nuclide], part / total) for name, part in parts.items())
            sources.setdefault(nuclide, {})[organ] = SourceActivity(total, summed_effects(relative))
    return sources


def lesion_activity_bq_s(measurement: CycleMeasurement, curves: Mapping[str, VoiCurves]) -> dict[str, float]:
    """Nuclide → time-integrated activity of all lesions."""
    total: dict[str, float] = {}
    for name, voi in measurement.vois.items():
        if voi.voi.role == "lesion":
            for nuclide, fit in curves[name].fits.items():
                total[nuclide] = total.get(nuclide, 0.0) + fit.time_integrated_activity_bq_s
    return total


def voi_results(
    case: Case,
    cycle: Cycle,
    measurement: CycleMeasurement,
    curves: Mapping[str, VoiCurves],
    sources: Mapping[str, Mapping[str, float]],
    whole_body_bq_s: Mapping[str, float],
    errors: Mapping[str, VoiErrors],
    *,
    voxel_doses: VoxelDoses = "computed",
    previous_voxels: CycleVoxelDoses | None = None,
    progress: Progress = no_progress,
) -> tuple[FrozenMap[str, VoiResult], VoxelEngine]:
    """Result of every VOI, and the voxel engine they may rest on; what fails for a VOI is its ``failure``.

    Parameters
    ----------
    sources
        Nuclide → kidneys, liver, spleen, remainder → time-integrated activity, for the cross-dose.
    whole_body_bq_s
        Nuclide → time-integrated activity of the whole body, for voxel doses.
    errors
        Of `voi_errors`.
    """
    densities = voi_densities(case, cycle, measurement)
    regions = dose_regions(measurement, curves, {name: density.density_g_per_ml for name, density in densities.items()})
    voxels = voxel_engine(
        case,
        cycle,
        measurement,
        regions,
        whole_body_bq_s,
        voxel_doses=voxel_doses,
        previous=previous_voxels,
        progress=progress,
    )
    engines = Engines(engines_by_region(case, regions, sources) | {VOXEL_S_VALUES: voxels})
    results = {}
    for name, measured in measurement.vois.items():
        result = VoiResult(
            measured.voi,
            measured.volume_ml,
            regions[name].mass_kg if name in regions else None,
            densities[name].density_g_per_ml,
            curves[name].curves,
            curves[name].fits,
            FrozenMap(),
            None,
            activity_standard_uncertainty_bq=activity_standard_uncertainties_bq(cycle, measured, curves[name]),
            uncorrected_activity_bq=FrozenMap(
                {measured.nuclide: tuple(measured.uncorrected_activity_bq.tolist())} if measured.nuclide else {}
            ),
            partial_volume_factors=tuple(measured.partial_volume_factor.tolist()),
            volume_by_time_point_ml=tuple(measured.volume_by_time_point_ml.tolist()),
            failure=curves[name].failure,
            findings=(*curves[name].findings, *densities[name].findings),
        )
        progress(1.0, f"Doses of cycle {cycle.number}, {name}")
        if result.failure is None:
            result = _with_doses(case, cycle, result, errors[name], engines, voxels)
        results[name] = result
    for name, result in results.items():
        enclosed = with_enclosed(result, measurement, results, voxels)
        if enclosed is not None:
            results[name] = replace(result, with_enclosed=enclosed)
    return FrozenMap(results), voxels


def _with_doses(
    case: Case,
    cycle: Cycle,
    result: VoiResult,
    errors: VoiErrors,
    engines: Engines,
    voxels: VoxelEngine,
) -> VoiResult:
    curves = errors.curves
    chosen = engine_of(case, result.voi)
    if chosen is None:
        return result
    name, place = result.voi.name, f"cycle {cycle.number}, {result.voi.name}"
    pending = voxels.pending and chosen == VOXEL_S_VALUES
    engine = _meanwhile(engines, result, curves) if pending else chosen
    beside: dict[str, FrozenMap[str, EngineDose]] = {}
    try:
        if result.mass_kg is None:
            raise MissingDataError(
                f"no density for {role_group(result.role)!r}",
                where=place,
                remedy="add it to [settings.density_g_per_ml]",
            )
        others = engines_beside(result.voi, engine, voxels_known=voxels.doses is not None)
        beside = engines.doses_beside(others, name, curves.fits)
        by_nuclide = engines.doses(engine, name, curves.fits)
        own_map = FrozenMap[str, float]()
        if engine == VOXEL_S_VALUES and (found := voxels.voi(name)) is not None:
            own_map = found.numbers.relative_standard_uncertainty
        effects = absorbed_dose_effects(
            errors,
            s_values={nuclide: SValueUncertainty(voxel_map=relative) for nuclide, relative in own_map.items()},
        )
        doses = {
            nuclide: DoseValue(dose.absorbed_dose_gy, scaled_effects(effects[nuclide], dose.absorbed_dose_gy))
            for nuclide, dose in by_nuclide.items()
        }
    except DosimetryError as error:
        return replace(result, failure=error.line(), cross_checks_gy=_absorbed_gy(beside))
    voxel = voxels.voi(name)
    quadratic: ProtractionPerGy = FrozenMap()
    if result.role in KIDNEY_ROLES:
        quadratic = _protraction_per_gy(cycle, curves, doses, kidney_radiosensitivity(case))
    local = by_nuclide if engine == LOCAL_DEPOSITION else beside[LOCAL_DEPOSITION]
    return replace(
        result,
        doses=FrozenMap(doses),
        engine=engine,
        pending_engine=chosen if pending else None,
        contributions_gy=_by_source(by_nuclide),
        cross_checks_gy=_absorbed_gy(beside),
        comparisons=tuple(
            compared(
                engine,
                by_nuclide,
                other,
                other_doses,
                local_gy={nuclide: dose.absorbed_dose_gy for nuclide, dose in local.items()},
                mass_kg=result.mass_kg,
            )
            for other, other_doses in beside.items()
        ),
        bed_gy=bed_of_doses_gy(absorbed_doses_gy(doses), quadratic) if quadratic else None,
        protraction_per_gy=quadratic,
        voxel_dose=None if voxel is None else voxel.numbers,
        findings=result.findings if voxel is None else (*result.findings, *voxel.findings, *voxels.map_findings),
    )


def _meanwhile(engines: Engines, result: VoiResult, curves: VoiCurves) -> Engine:
    """The engine whose doses stand until those of the voxels are there."""
    by_region = engine_by_region(result.role)
    try:
        engines.doses(by_region, result.voi.name, curves.fits)
    except DosimetryError:
        return LOCAL_DEPOSITION
    return by_region


def _absorbed_gy(doses: Mapping[str, Mapping[str, EngineDose]]) -> FrozenMap[str, FrozenMap[str, float]]:
    """Engine → nuclide → dose."""
    return FrozenMap(
        {
            engine: FrozenMap({nuclide: dose.absorbed_dose_gy for nuclide, dose in by_nuclide.items()})
            for engine, by_nuclide in doses.items()
        }
    )


def _by_source(doses: Mapping[str, EngineDose]) -> FrozenMap[str, FrozenMap[str, float]]:
    """Source → nuclide → dose."""
    sources = dict.fromkeys(source for dose in doses.values() for source in dose.contributions_gy)
    return FrozenMap(
        {
            source: FrozenMap(
                {
                    nuclide: dose.contributions_gy[source]
                    for nuclide, dose in doses.items()
                    if source in dose.contributions_gy
                }
            )
            for source in sources
        }
    )


def kidney_radiosensitivity(case: Case) -> Radiosensitivity:
    """α/β and repair of the kidneys by the settings."""
    chosen = case.settings.radiobiology
    return Radiosensitivity(chosen.kidneys_alpha_beta_gy, chosen.kidneys_repair_half_life_s, chosen.kidneys_source)


def _protraction_per_gy(
    cycle: Cycle, curves: VoiCurves, doses: Mapping[str, DoseValue], radiosensitivity: Radiosensitivity
) -> ProtractionPerGy:
    """What makes BED of the nuclides' doses, by their curves, each from its own time zero."""
    zeros = {a.nuclide: a.time_zero for a in cycle.administrations}
    first = min(zeros[nuclide] for nuclide in curves.fits)
    return protraction_per_gy(
        {
            nuclide: NuclideDoseRate(
                fit,
                doses[nuclide].absorbed_dose_gy / fit.time_integrated_activity_bq_s,
                (zeros[nuclide] - first).total_seconds(),
            )
            for nuclide, fit in curves.fits.items()
        },
        radiosensitivity,
    )


def absorbed_doses_gy(doses: Mapping[str, DoseValue]) -> dict[str, float]:
    """Nuclide → absorbed dose."""
    return {name: value.absorbed_dose_gy for name, value in doses.items()}


def organ_results(cycle: Cycle, measurement: CycleMeasurement, vois: Mapping[str, VoiResult]) -> dict[str, OrganResult]:
    """Kidneys (mass-weighted mean of the sides), liver and spleen from their VOIs."""
    given = FrozenMap({a.nuclide: a.administered_activity_bq for a in cycle.administrations})
    organs: dict[str, OrganResult] = {}
    for organ in SOURCE_ORGANS:
        parts = {name: voi for name, voi in vois.items() if role_group(voi.role) == organ}
        masses = {name: voi.mass_kg for name, voi in parts.items() if voi.mass_kg is not None and voi.doses}
        if not parts or len(masses) < len(parts):
            continue
        doses = {}
        contributions: dict[str, dict[str, float]] = {}
        for nuclide in next(iter(parts.values())).doses:
            shares = {name: mass / sum(masses.values()) for name, mass in masses.items()}
            doses[nuclide] = total_dose(voi.doses[nuclide].scaled(shares[name]) for name, voi in parts.items())
            for source, gray in _mean_by_source(organ, nuclide, parts, masses).items():
                contributions.setdefault(source, {})[nuclide] = gray
        quadratic: ProtractionPerGy = FrozenMap()
        if all(voi.protraction_per_gy for voi in parts.values()):
            quadratic = mean_protraction_per_gy(
                [(masses[name], absorbed_doses_gy(voi.doses), voi.protraction_per_gy) for name, voi in parts.items()]
            )
        organs[organ] = OrganResult(
            organ,
            FrozenMap(doses),
            given,
            FrozenMap({source: FrozenMap(by) for source, by in contributions.items()}),
            bed_gy=bed_of_doses_gy(absorbed_doses_gy(doses), quadratic) if quadratic else None,
            protraction_per_gy=quadratic,
        )
    return organs


def _mean_by_source(
    organ: Organ, nuclide: str, parts: Mapping[str, VoiResult], masses: Mapping[str, float]
) -> dict[str, float]:
    """Mean by mass of what each source gives; what parts of an organ give each other is its own."""
    found: dict[str, float] = {}
    for source in dict.fromkeys(s for voi in parts.values() for s in voi.contributions_gy):
        by_voi = {name: voi.contributions_gy.get(source, FrozenMap[str, float]()) for name, voi in parts.items()}
        if source != organ and any(nuclide not in by for by in by_voi.values()):
            continue
        key = "self" if source == organ else source
        mean = mass_weighted_mean_gy({name: by.get(nuclide, 0.0) for name, by in by_voi.items()}, masses)
        found[key] = found.get(key, 0.0) + mean
    return found


def dose_findings(cycle: Cycle, vois: Mapping[str, VoiResult]) -> list[Finding]:
    """VOIs that have no result, and lesions too small for their result to be relied on (methods 3.1)."""
    findings = []
    for name, voi in vois.items():
        place = f"cycle {cycle.number}, {name}"
        if voi.failure is not None:
            level: Level = "error" if role_group(voi.role) in SOURCE_ORGANS else "warning"
            findings.append(Finding("voi-failed", level, f"No absorbed dose: {voi.failure}.", place))
        elif voi.role == "lesion" and voi.doses and voi.volume_ml < QUANTIFICATION_LIMIT_ML:
            text = (
                f"{MILLILITRE.text(voi.volume_ml)} is below the quantification limit of "
                f"{MILLILITRE.text(QUANTIFICATION_LIMIT_ML)}: the absorbed dose is an indication only."
            )
            findings.append(Finding("below-quantification-limit", "warning", text, place))
        findings += _engine_findings(voi, place)
    return findings


def _engine_findings(voi: VoiResult, place: str) -> list[Finding]:
    """Where engines differ by more than they should, and doses that are only provisional."""
    findings = []
    if voi.pending_engine is not None:
        text = (
            f"The absorbed dose by {engine_words(voi.pending_engine)} is still being computed; until then that by "
            f"{engine_words(voi.engine or '')} stands, in the plan too."
        )
        findings.append(Finding("engine-pending", "error", text, place))
    for comparison in voi.comparisons:
        by_voxels = VOXEL_S_VALUES in (voi.engine, comparison.engine)
        if by_voxels and LOCAL_DEPOSITION not in (voi.engine, comparison.engine):
            level: Level = "warning" if comparison.beyond_bound else "info"
            text = comparison.explanation
            if abs(comparison.ratio["total"] - 1) > VOXELS_AGREE_WITHIN and not comparison.beyond_bound:
                text += " The VOI's own shape explains the difference."
            findings.append(Finding("voxel-engine-difference", level, text, place))
        elif comparison.beyond_bound:
            findings.append(Finding("engine-difference", "warning", comparison.explanation, place))
    if voi.doses and not voi.comparisons:
        text = f"Only {engine_words(voi.engine or '')} has a dose for this VOI; no second engine stands beside it."
        findings.append(Finding("one-engine-only", "warning", text, place))
    return findings
