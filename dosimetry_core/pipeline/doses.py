"""Absorbed doses of one cycle: every VOI by the engine of its role, organs with their cross-dose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from dosimetry_core.case import Case, Cycle, Engine
from dosimetry_core.dose.local_deposition import electron_absorbed_dose_gy
from dosimetry_core.dose.organ_level import (
    KidneySide,
    Organ,
    OrganAbsorbedDose,
    kidney_absorbed_doses,
    mass_weighted_mean_gy,
    organ_absorbed_dose,
)
from dosimetry_core.dose.radiobiology import (
    NuclideDoseRate,
    ProtractionPerGy,
    Radiosensitivity,
    bed_of_doses_gy,
    mean_protraction_per_gy,
    protraction_per_gy,
)
from dosimetry_core.dose.sphere import QUANTIFICATION_LIMIT_ML, sphere_absorbed_dose_gy
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, Level, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.pipeline.curves import VoiCurves
from dosimetry_core.pipeline.marrow import SourceActivity
from dosimetry_core.pipeline.uncertainties import (
    absorbed_dose_budget,
    activity_standard_uncertainties_bq,
    activity_uncertainty,
    relative_uncertainty,
)
from dosimetry_core.pipeline.voxel_doses import CycleVoxelDoses, VoiVoxelDose, cycle_voxel_doses
from dosimetry_core.quantification import CycleMeasurement, VoiMeasurement
from dosimetry_core.results import DoseValue, EnclosedReading, OrganResult, VoiResult
from dosimetry_core.uncertainty import S_VALUE_SELF_RELATIVE_UNCERTAINTY, RelativeUncertainty
from dosimetry_core.units import GRAY, MILLILITRE, PERCENT, mass_kg
from dosimetry_core.voi import Role

KIDNEY_ROLES: tuple[Role, ...] = ("kidney_left", "kidney_right", "kidneys")
SOURCE_ORGANS: tuple[Organ, ...] = ("kidneys", "liver", "spleen")
LOCAL_DEPOSITION = "local-deposition"
VOXEL_S_VALUES = "voxel-s-values"
ENGINES_AGREE_WITHIN = 0.02
"""Voxel S values and the S values of the region; beyond that the difference is stated."""


def role_group(role: Role) -> str:
    """The role as the settings name it: both sides of the kidneys are ``kidneys``."""
    return "kidneys" if role in KIDNEY_ROLES else role


def engine_of(case: Case, role: Role) -> Engine | None:
    """Engine of a role; None for roles that get no absorbed dose."""
    return case.settings.engine.get(role_group(role))


def _dose_value(dose_gy: float, uncertainty: RelativeUncertainty) -> DoseValue:
    return DoseValue(dose_gy, dose_gy * uncertainty.random, dose_gy * uncertainty.common)


def source_activities(
    measurement: CycleMeasurement, curves: Mapping[str, VoiCurves]
) -> dict[str, dict[str, SourceActivity]]:
    """Nuclide → source organ → time-integrated activity, enclosed VOIs not counted; kidneys are both sides.

    An organ one of whose VOIs failed is left out: half a kidney pair is no source term.
    """
    sources: dict[str, dict[str, SourceActivity]] = {}
    for organ in SOURCE_ORGANS:
        names = [name for name, voi in measurement.vois.items() if role_group(voi.voi.role) == organ]
        if not names or any(not curves[name].fits for name in names):
            continue
        for nuclide in curves[names[0]].fits:
            parts = [
                (
                    curves[name].fits[nuclide].time_integrated_activity_bq_s,
                    activity_uncertainty(measurement.vois[name], curves[name], nuclide),
                )
                for name in names
            ]
            total = sum(activity for activity, _ in parts)
            random = math.hypot(*(activity * u.random for activity, u in parts)) / total
            common = sum(activity * u.common for activity, u in parts) / total
            sources.setdefault(nuclide, {})[organ] = SourceActivity(total, RelativeUncertainty(random, common))
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
) -> FrozenMap[str, VoiResult]:
    """Result of every VOI; what fails for one is its ``failure``.

    Parameters
    ----------
    sources
        Nuclide → kidneys, liver, spleen, remainder → time-integrated activity, for the cross-dose.
    whole_body_bq_s
        Nuclide → time-integrated activity of the whole body, for voxel doses.
    """
    kidneys = _KidneyEngine(case, measurement, curves, sources)
    voxels = _VoxelEngine(case, cycle, measurement, curves, whole_body_bq_s)
    results = {}
    for name, measured in measurement.vois.items():
        density = case.settings.density_g_per_ml.get(role_group(measured.voi.role))
        mass = None if density is None or not measured.volume_ml > 0 else mass_kg(measured.volume_ml, density)
        result = VoiResult(
            measured.voi,
            measured.volume_ml,
            mass,
            density,
            curves[name].curves,
            curves[name].fits,
            FrozenMap(),
            None,
            activity_standard_uncertainty_bq=activity_standard_uncertainties_bq(cycle, measured, curves[name]),
            uncorrected_activity_bq=FrozenMap(
                {measured.nuclide: tuple(measured.uncorrected_activity_bq.tolist())} if measured.nuclide else {}
            ),
            partial_volume_factors=tuple(measured.partial_volume_factor.tolist()),
            failure=curves[name].failure,
            findings=curves[name].findings,
        )
        if result.failure is None:
            result = _with_doses(case, cycle, result, measured, curves[name], kidneys, voxels, sources)
        results[name] = result
    for name, result in results.items():
        enclosed = _with_enclosed(result, measurement, results)
        if enclosed is not None:
            results[name] = replace(result, with_enclosed=enclosed)
    return FrozenMap(results)


class _KidneyEngine:
    """Kidney doses of all nuclides, computed once for all kidney VOIs."""

    def __init__(
        self,
        case: Case,
        measurement: CycleMeasurement,
        curves: Mapping[str, VoiCurves],
        sources: Mapping[str, Mapping[str, float]],
    ) -> None:
        self.by_nuclide: dict[str, FrozenMap[str, OrganAbsorbedDose]] = {}
        self.both: dict[str, OrganAbsorbedDose] = {}
        self.failure: DosimetryError | None = None
        self.sides = [name for name, voi in measurement.vois.items() if voi.voi.role in KIDNEY_ROLES]
        density = case.settings.density_g_per_ml.get("kidneys")
        if not self.sides or any(not curves[name].fits for name in self.sides) or density is None:
            return
        try:
            for nuclide in curves[self.sides[0]].fits:
                doses = kidney_absorbed_doses(
                    nuclide,
                    case.patient.sex,
                    {
                        name: KidneySide(
                            curves[name].fits[nuclide].time_integrated_activity_bq_s,
                            mass_kg(measurement.vois[name].volume_ml, density),
                        )
                        for name in self.sides
                    },
                    other_time_integrated_activities_bq_s={
                        organ: activity for organ, activity in sources.get(nuclide, {}).items() if organ != "kidneys"
                    },
                )
                self.by_nuclide[nuclide] = doses.sides
                self.both[nuclide] = doses.both
        except DosimetryError as error:
            self.failure = error


class _VoxelEngine:
    """Voxel doses of all VOIs, computed once, and only when a role asks for them."""

    def __init__(
        self,
        case: Case,
        cycle: Cycle,
        measurement: CycleMeasurement,
        curves: Mapping[str, VoiCurves],
        whole_body_bq_s: Mapping[str, float],
    ) -> None:
        self.doses: CycleVoxelDoses | None = None
        self.failure: DosimetryError | None = None
        asked = [
            name
            for name, voi in measurement.vois.items()
            if engine_of(case, voi.voi.role) == VOXEL_S_VALUES and curves[name].fits
        ]
        if not asked:
            return
        densities = {
            name: case.settings.density_g_per_ml.get(role_group(voi.voi.role)) for name, voi in measurement.vois.items()
        }
        try:
            self.doses = cycle_voxel_doses(
                case,
                cycle,
                measurement,
                curves,
                {name: density for name, density in densities.items() if density is not None},
                whole_body_bq_s,
            )
        except DosimetryError as error:
            self.failure = error

    @property
    def map_findings(self) -> tuple[Finding, ...]:
        """Remarks on the maps as a whole."""
        return () if self.doses is None else self.doses.findings

    def of(self, name: str, place: str) -> VoiVoxelDose:
        """Dose of a VOI."""
        if self.failure is not None:
            raise self.failure
        if self.doses is None or name not in self.doses.vois:
            raise MissingDataError(
                "the VOI has no place of its own in the voxel map",
                where=place,
                remedy="draw it inside the image, or choose another engine",
            )
        return self.doses.vois[name]


def _with_doses(
    case: Case,
    cycle: Cycle,
    result: VoiResult,
    measured: VoiMeasurement,
    curves: VoiCurves,
    kidneys: _KidneyEngine,
    voxels: _VoxelEngine,
    sources: Mapping[str, Mapping[str, float]],
) -> VoiResult:
    engine = engine_of(case, result.role)
    if engine is None:
        return result
    place = f"cycle {cycle.number}, {result.voi.name}"
    try:
        if result.mass_kg is None or result.density_g_per_ml is None:
            raise MissingDataError(
                f"no density for {role_group(result.role)!r}",
                where=place,
                remedy="add it to [settings.density_g_per_ml]",
            )
        doses = {}
        contributions: dict[str, dict[str, float]] = {}
        voxel = voxels.of(result.voi.name, place) if engine == VOXEL_S_VALUES else None
        s_values = dict.fromkeys(curves.fits, S_VALUE_SELF_RELATIVE_UNCERTAINTY)
        for nuclide, fit in curves.fits.items():
            if voxel is not None:
                s_values[nuclide] = math.hypot(
                    S_VALUE_SELF_RELATIVE_UNCERTAINTY, voxel.numbers.relative_standard_uncertainty[nuclide]
                )
                value = voxel.mean_gy[nuclide]
            else:
                parts = _contributions(
                    case, engine, result, fit.time_integrated_activity_bq_s, nuclide, kidneys, sources, place
                )
                for source, dose in parts.items():
                    contributions.setdefault(source, {})[nuclide] = dose
                value = sum(parts.values())
            doses[nuclide] = _dose_value(
                value, relative_uncertainty(measured, curves, nuclide, s_value=s_values[nuclide])
            )
    except DosimetryError as error:
        return replace(result, failure=error.line(), cross_checks_gy=_local_deposition(result, curves))
    quadratic: ProtractionPerGy = FrozenMap()
    if result.role in KIDNEY_ROLES:
        quadratic = _protraction_per_gy(cycle, curves, doses, kidney_radiosensitivity(case))
    checks = _local_deposition(result, curves) if engine != LOCAL_DEPOSITION else FrozenMap()
    if voxel is not None:
        checks = FrozenMap({**checks, **_by_region(case, result, curves, kidneys, sources, place)})
    return replace(
        result,
        doses=FrozenMap(doses),
        engine=engine,
        contributions_gy=FrozenMap({source: FrozenMap(by) for source, by in contributions.items()}),
        cross_checks_gy=checks,
        bed_gy=bed_of_doses_gy(absorbed_doses_gy(doses), quadratic) if quadratic else None,
        protraction_per_gy=quadratic,
        budgets=FrozenMap(
            {
                nuclide: absorbed_dose_budget(
                    measured, curves, nuclide, weights=case.settings.fit.weights, s_value=s_values[nuclide]
                )
                for nuclide in doses
            }
        ),
        voxel_dose=None if voxel is None else voxel.numbers,
        findings=result.findings if voxel is None else (*result.findings, *voxel.findings, *voxels.map_findings),
    )


def _by_region(
    case: Case,
    result: VoiResult,
    curves: VoiCurves,
    kidneys: _KidneyEngine,
    sources: Mapping[str, Mapping[str, float]],
    place: str,
) -> dict[str, FrozenMap[str, float]]:
    """The same by the S values of the region, organ or sphere; empty where there are none for it."""
    engine: Engine = "organ-level" if role_group(result.role) in SOURCE_ORGANS else "sphere"
    try:
        doses = {
            nuclide: sum(
                _contributions(
                    case, engine, result, fit.time_integrated_activity_bq_s, nuclide, kidneys, sources, place
                ).values()
            )
            for nuclide, fit in curves.fits.items()
        }
    except DosimetryError:
        return {}
    return {engine: FrozenMap(doses)}


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


def _local_deposition(result: VoiResult, curves: VoiCurves) -> FrozenMap[str, FrozenMap[str, float]]:
    if result.mass_kg is None:
        return FrozenMap()
    mass = result.mass_kg
    return FrozenMap(
        {
            LOCAL_DEPOSITION: FrozenMap(
                {
                    nuclide: electron_absorbed_dose_gy(nuclide, fit.time_integrated_activity_bq_s, mass_kg=mass)
                    for nuclide, fit in curves.fits.items()
                }
            )
        }
    )


def _contributions(
    case: Case,
    engine: Engine,
    result: VoiResult,
    activity_bq_s: float,
    nuclide: str,
    kidneys: _KidneyEngine,
    sources: Mapping[str, Mapping[str, float]],
    place: str,
) -> dict[str, float]:
    """Source → absorbed dose of one nuclide by the chosen engine."""
    assert result.mass_kg is not None
    assert result.density_g_per_ml is not None
    if engine == LOCAL_DEPOSITION:
        return {"self": electron_absorbed_dose_gy(nuclide, activity_bq_s, mass_kg=result.mass_kg)}
    if engine == "sphere":
        return {
            "self": sphere_absorbed_dose_gy(
                nuclide, activity_bq_s, mass_kg=result.mass_kg, density_g_per_ml=result.density_g_per_ml
            )
        }
    if engine == "organ-level":
        if result.role in KIDNEY_ROLES:
            if kidneys.failure is not None:
                raise kidneys.failure
            if nuclide not in kidneys.by_nuclide:
                raise MissingDataError(
                    "the other kidney has no curve", where=place, remedy="correct its VOI or its curve"
                )
            return dict(kidneys.by_nuclide[nuclide][result.voi.name].contributions_gy)
        group = role_group(result.role)
        if group in ("liver", "spleen"):
            organ: Organ = "liver" if group == "liver" else "spleen"
            others = {name: value for name, value in sources.get(nuclide, {}).items() if name != organ}
            return dict(
                organ_absorbed_dose(
                    nuclide,
                    case.patient.sex,
                    organ,
                    mass_kg=result.mass_kg,
                    time_integrated_activities_bq_s={organ: activity_bq_s, **others},
                ).contributions_gy
            )
        raise InconsistentCaseError(
            f"there is no organ S value for a {group}", where=place, remedy="choose sphere or local-deposition"
        )
    raise ValueError(f"{engine} is no engine by region")


def _with_enclosed(
    result: VoiResult, measurement: CycleMeasurement, results: Mapping[str, VoiResult]
) -> EnclosedReading | None:
    """The reading with everything inside the outline; its dose by mass-weighting, as energy adds."""
    measured = measurement.vois[result.voi.name]
    if not measured.enclosed or not result.doses or result.mass_kg is None:
        return None
    inside = [other for other in results.values() if other.voi.voi_id in measured.enclosed]
    if any(not other.fits or other.mass_kg is None for other in inside):
        return None
    masses = {result.voi.name: result.mass_kg} | {
        other.voi.name: other.mass_kg for other in inside if other.mass_kg is not None
    }
    activity, dose = {}, {}
    for nuclide in result.fits:
        activity[nuclide] = result.fits[nuclide].time_integrated_activity_bq_s + sum(
            other.fits[nuclide].time_integrated_activity_bq_s for other in inside
        )
        doses = {result.voi.name: result.doses[nuclide].absorbed_dose_gy}
        for other in inside:
            local = other.cross_checks_gy.get(LOCAL_DEPOSITION, FrozenMap[str, float]())
            if nuclide in other.doses:
                doses[other.voi.name] = other.doses[nuclide].absorbed_dose_gy
            elif nuclide in local:
                doses[other.voi.name] = local[nuclide]
            else:
                return None
        dose[nuclide] = mass_weighted_mean_gy(doses, masses)
    return EnclosedReading(measured.volume_with_enclosed_ml, FrozenMap(activity), FrozenMap(dose))


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
            mean = mass_weighted_mean_gy(
                {name: voi.doses[nuclide].absorbed_dose_gy for name, voi in parts.items()}, masses
            )
            random = [(masses[n] * (v.doses[nuclide].random_standard_uncertainty_gy or 0.0)) for n, v in parts.items()]
            common = {n: v.doses[nuclide].common_standard_uncertainty_gy or 0.0 for n, v in parts.items()}
            doses[nuclide] = DoseValue(
                mean, math.hypot(*random) / sum(masses.values()), mass_weighted_mean_gy(common, masses)
            )
            for source in dict.fromkeys(s for voi in parts.values() for s in voi.contributions_gy):
                by_voi = {name: voi.contributions_gy.get(source, FrozenMap()) for name, voi in parts.items()}
                if any(nuclide not in by for by in by_voi.values()):
                    continue
                contributions.setdefault(source, {})[nuclide] = mass_weighted_mean_gy(
                    {name: by[nuclide] for name, by in by_voi.items()}, masses
                )
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
        if voi.voxel_dose is not None:
            findings += _engine_findings(voi, place)
    return findings


def _engine_findings(voi: VoiResult, place: str) -> list[Finding]:
    """How the voxel dose compares with the S values of the region, which alone the second opinion can compute."""
    findings = []
    for engine, doses in voi.cross_checks_gy.items():
        total = voi.total
        if engine == LOCAL_DEPOSITION or total is None:
            continue
        difference = total.absorbed_dose_gy / sum(doses.values()) - 1
        text = (
            f"Voxel S values give {GRAY.text(total.absorbed_dose_gy, digits=3)}, the engine {engine} "
            f"{GRAY.text(sum(doses.values()), digits=3)}: {PERCENT.text(difference, digits=1)} of difference."
        )
        level: Level = "info" if abs(difference) <= ENGINES_AGREE_WITHIN else "warning"
        findings.append(Finding("voxel-engine-difference", level, text, place))
    return findings
