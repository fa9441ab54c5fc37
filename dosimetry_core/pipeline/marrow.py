"""Red marrow of one cycle: blood curve, remainder of the body, itemised dose."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from dosimetry_core.case import Administration, BloodSample, Case, Cycle
from dosimetry_core.dose.red_marrow import (
    REMAINDER,
    MarrowSource,
    RedMarrowAbsorbedDose,
    blood_time_integrated_activity_bq_s_per_kg,
    image_based_self_absorbed_dose_gy,
    marrow_time_integrated_activity_bq_s,
    marrow_to_blood_ratio_of_large_molecules,
    red_marrow_absorbed_dose,
)
from dosimetry_core.errors import DosimetryError, Finding, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.blood import BloodFit, fit_blood_curve, second_nuclide_blood_fit
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.second_nuclide import IDENTITY_RELATIVE_STANDARD_UNCERTAINTY
from dosimetry_core.kinetics.whole_body import WholeBodyMethod, fit_whole_body, remainder
from dosimetry_core.pipeline.curves import derived, other_nuclides, scan_times_s
from dosimetry_core.pipeline.uncertainties import curve_effects, s_value_effects
from dosimetry_core.quantification import CycleMeasurement
from dosimetry_core.quantification.field_of_view_cut import field_of_view_cut
from dosimetry_core.results import VoiResult
from dosimetry_core.uncertainty import (
    S_VALUE_CROSS_RELATIVE_UNCERTAINTY,
    S_VALUE_REMAINDER_RELATIVE_UNCERTAINTY,
    S_VALUE_SELF_RELATIVE_UNCERTAINTY,
    Effects,
    ErrorSource,
    RelativeUncertainty,
    common_part,
    random_part,
    scaled_effects,
    summed_effects,
)
from dosimetry_core.units import MINUTE, PERCENT, SECONDS_PER_HOUR

BLOOD_VOLUME_ML: Final[Mapping[str, float]] = {"F": 3900.0, "M": 5300.0}
"""ICRP Publication 89, reference adults."""
_MARROW_S_VALUES: Final = {
    "self": ("marrow", S_VALUE_SELF_RELATIVE_UNCERTAINTY),
    REMAINDER: ("marrow from the rest of the body", S_VALUE_REMAINDER_RELATIVE_UNCERTAINTY),
}
EARLY_BLOOD_S: Final = SECONDS_PER_HOUR
LEAST_EARLY_BLOOD_SHARE: Final = 0.005
"""Within an hour after the infusion blood holds several percent (DUONEN samples: 5 to 20 %)."""


KEPT_FITS: Final = 64
"""Blood and whole-body curves that are kept by their inputs: those of a few courses."""


@dataclass(frozen=True, eq=False)
class SourceActivity:
    """Time-integrated activity of a source region for one nuclide, with the relative effects of sources of error."""

    time_integrated_activity_bq_s: float
    effects: Effects

    @property
    def uncertainty(self) -> RelativeUncertainty:
        """Relative standard uncertainty."""
        return RelativeUncertainty(random_part(self.effects), common_part(self.effects))


@dataclass(frozen=True, eq=False)
class CycleMarrow:
    """Marrow of one cycle by nuclide, with the curves it rests on; ``effects_gy`` of every source of error on it."""

    blood: FrozenMap[str, BloodFit]
    whole_body: FrozenMap[str, FitResult]
    remainder: FrozenMap[str, SourceActivity]
    doses: FrozenMap[str, RedMarrowAbsorbedDose]
    findings: tuple[Finding, ...]
    effects_gy: FrozenMap[str, Effects] = field(default_factory=FrozenMap)


def whole_body_fits(
    cycle: Cycle, measurement: CycleMeasurement | None, imaged: str | None
) -> tuple[FrozenMap[str, FitResult], tuple[Finding, ...]]:
    """Whole-body curve of each nuclide; empty with a finding where it can't be known."""
    place = f"cycle {cycle.number}, whole body"
    nuclide = imaged or cycle.administrations[0].nuclide
    given = cycle.administration(nuclide)
    if given is None:
        return FrozenMap(), ()
    body = cycle.whole_body
    if body.method == "measured":
        times = np.array([(time - given.time_zero).total_seconds() for time in body.times])
        values = np.array(body.activity_bq)
    elif measurement is not None:
        times = scan_times_s(cycle, nuclide)
        values = np.array([scan.field_of_view_activity_bq for scan in measurement.time_points])
    else:
        return FrozenMap(), ()
    try:
        fits = {
            nuclide: _kept_whole_body_fit(
                tuple(times.tolist()),
                tuple(values.tolist()),
                nuclide,
                given.administered_activity_bq,
                body.method,
                place,
            )
        }
        for other in other_nuclides(cycle, nuclide):
            fits[other] = derived(cycle, fits[nuclide], other, place=place)
    except DosimetryError as error:
        return FrozenMap(), (Finding("whole-body-failed", "warning", error.line(), place),)
    return FrozenMap(fits), tuple(finding for finding in fits[nuclide].findings)


@functools.lru_cache(maxsize=KEPT_FITS)
def _kept_whole_body_fit(
    times_s: tuple[float, ...],
    activity_bq: tuple[float, ...],
    nuclide: str,
    administered_activity_bq: float,
    method: WholeBodyMethod,
    place: str,
) -> FitResult:
    """Whole-body curve; drawing on a VOI doesn't change it, so the last ones are kept."""
    curve = TimeActivityCurve(np.array(times_s), np.array(activity_bq), nuclide)
    return fit_whole_body(curve, administered_activity_bq=administered_activity_bq, method=method, place=place)


@functools.lru_cache(maxsize=KEPT_FITS)
def _kept_blood_fit(
    times_s: tuple[float, ...],
    activity_concentration_bq_per_ml: tuple[float, ...],
    nuclide: str,
    infusion_s: float,
    relative_standard_uncertainty: tuple[float, ...] | None,
    whole_body_effective_half_life_s: float | None,
    place: str,
) -> BloodFit:
    """Blood curve; drawing on a VOI doesn't change it, so the last ones are kept."""
    known = relative_standard_uncertainty
    return fit_blood_curve(
        np.array(times_s),
        np.array(activity_concentration_bq_per_ml),
        nuclide_name=nuclide,
        infusion_s=infusion_s,
        relative_standard_uncertainty=None if known is None else np.array(known),
        whole_body_effective_half_life_s=whole_body_effective_half_life_s,
        place=place,
    )


def _blood_activity_findings(
    samples: Sequence[BloodSample], given: Administration, sex: Literal["F", "M"], place: str
) -> list[Finding]:
    """Whether the blood can hold what the samples say: another unit is off by a thousand."""
    end_s = given.known_infusion_s
    findings = []
    for sample in samples:
        since_end_s = (sample.time - given.start).total_seconds() - end_s
        share = (
            sample.activity_concentration_bq_per_ml[given.nuclide]
            * BLOOD_VOLUME_ML[sex]
            / given.administered_activity_bq
        )
        if since_end_s >= 0 and share > 1.0:
            text = (
                f"A blood sample stands for {PERCENT.text(share, digits=0)} of the administered activity in all blood"
            )
            findings.append(Finding("blood-activity-unusual", "error", f"{text}; check its unit (kBq/mL).", place))
        elif 0 <= since_end_s <= EARLY_BLOOD_S and share < LEAST_EARLY_BLOOD_SHARE:
            text = (
                f"A blood sample drawn {MINUTE.text(since_end_s, digits=0)} after the infusion stands for only "
                f"{PERCENT.text(share, digits=2)} of the administered activity in all blood"
            )
            findings.append(Finding("blood-activity-unusual", "error", f"{text}; check its unit (kBq/mL).", place))
    return findings[:1]


def blood_fits(
    cycle: Cycle, whole_body: Mapping[str, FitResult], imaged: str | None, *, sex: Literal["F", "M"]
) -> tuple[FrozenMap[str, BloodFit], tuple[Finding, ...]]:
    """Blood curve of each nuclide: from its own samples, else derived from the imaged nuclide's."""
    if not cycle.blood_samples:
        return FrozenMap(), ()
    fits: dict[str, BloodFit] = {}
    findings: list[Finding] = []
    for given in cycle.administrations:
        name = given.nuclide
        samples = [s for s in cycle.blood_samples if name in s.activity_concentration_bq_per_ml]
        if not samples:
            continue
        place = f"cycle {cycle.number}, blood, {name}"
        findings += _blood_activity_findings(samples, given, sex, place)
        end_s = given.known_infusion_s / 2
        uncertainties = [sample.relative_standard_uncertainty for sample in samples]
        known = [u for u in uncertainties if u is not None]
        slowest = whole_body.get(name)
        try:
            fits[name] = _kept_blood_fit(
                tuple((s.time - given.time_zero).total_seconds() - end_s for s in samples),
                tuple(s.activity_concentration_bq_per_ml[name] for s in samples),
                name,
                given.known_infusion_s,
                tuple(known) if len(known) == len(samples) else None,
                None if slowest is None else slowest.effective_half_life_s,
                place,
            )
            findings += fits[name].findings
        except DosimetryError as error:
            findings.append(Finding("blood-failed", "warning", error.line(), place))
    measured = imaged if imaged in fits else next(iter(fits), None)
    if measured is not None:
        source = cycle.administration(measured)
        for given in cycle.administrations:
            if given.nuclide in fits or source is None:
                continue
            fits[given.nuclide] = second_nuclide_blood_fit(
                fits[measured],
                to_nuclide=given.nuclide,
                administered_from_bq=source.administered_activity_bq,
                administered_to_bq=given.administered_activity_bq,
                infusion_s=given.known_infusion_s,
                identity_relative_standard_uncertainty=IDENTITY_RELATIVE_STANDARD_UNCERTAINTY,
            )
    return FrozenMap(fits), tuple(findings)


def image_based_self_doses_gy(case: Case, vois: Mapping[str, VoiResult]) -> FrozenMap[str, FrozenMap[str, float]]:
    """VOI of role red marrow (a vertebral body) → nuclide → self dose by its image, to stand beside that by blood."""
    return FrozenMap(
        {
            name: FrozenMap(
                {
                    nuclide: image_based_self_absorbed_dose_gy(
                        nuclide,
                        case.patient.sex,
                        fit.time_integrated_activity_bq_s,
                        volume_ml=voi.volume_ml,
                        marrow_density_g_per_ml=case.settings.red_marrow.marrow_density_g_per_ml,
                    )
                    for nuclide, fit in voi.fits.items()
                }
            )
            for name, voi in vois.items()
            if voi.role == "red_marrow" and voi.fits and voi.volume_ml > 0
        }
    )


def marrow_to_blood_ratio(case: Case, cycle: Cycle) -> float:
    """Activity concentration in marrow over that in blood, by the convention of the settings.

    Raises
    ------
    MissingDataError
        By the haematocrit, where neither the cycle nor the patient has one.
    """
    settings = case.settings.red_marrow
    if settings.marrow_to_blood == "ratio":
        return settings.marrow_to_blood_ratio
    haematocrit = case.patient.haematocrit if cycle.haematocrit is None else cycle.haematocrit
    if haematocrit is None:
        raise MissingDataError(
            "the marrow-to-blood ratio by the haematocrit needs one",
            where=f"cycle {cycle.number}, haematocrit",
            remedy='enter haematocrit of the cycle or patient, or use marrow_to_blood = "ratio"',
        )
    return marrow_to_blood_ratio_of_large_molecules(
        haematocrit, extracellular_fluid_fraction=settings.extracellular_fluid_fraction
    )


def _cut_findings(
    case: Case, measurement: CycleMeasurement, doses: Mapping[str, RedMarrowAbsorbedDose], place: str
) -> list[Finding]:
    """Whether images that stand for the whole body cut it, and by how much the marrow dose may be too low."""
    cut = field_of_view_cut(measurement.time_points[0].image.concentration)
    if cut is None or not cut.cut_ends:
        return []
    ends = "both ends" if cut.cut_ends == 2 else "one end"
    density = PERCENT.text(max(cut.edge_density), digits=0)
    text = (
        f"The images cut the body at {ends} (activity per length there up to {density} of their mean) but stand for "
        "the whole body: what lies outside is missing from the remainder"
    )
    if case.patient.height_mm is None:
        size = "by how much the marrow dose is too low is not known without height_cm"
    else:
        missing = cut.missing_over_seen(case.patient.height_mm)
        rest = math.fsum(dose.contributions_gy.get(REMAINDER, 0.0) for dose in doses.values())
        total = math.fsum(dose.absorbed_dose_gy for dose in doses.values())
        size = f"up to {PERCENT.text(missing, digits=0)} of the activity in them"
        if total > 0:
            size += f", and up to {PERCENT.text(missing * rest / total, digits=0)} of the red marrow dose"
    return [Finding("field-of-view-cuts-body", "warning", f"{text}, {size}.", place)]


def _blood_effects(cycle: Cycle, fits: Mapping[str, BloodFit]) -> dict[str, Effects]:
    """Relative effects on the time integral in blood; a derived curve shares its scatter with the measured one."""
    found = {}
    for name, fit in fits.items():
        samples = fit.derived_from or name
        by_model = fit.model_standard_uncertainty_bq_s_per_ml / fit.time_integral_bq_s_per_ml
        own = {
            ErrorSource("blood", f"scatter of {samples}", cycle.number): fit.fit_relative_standard_uncertainty,
            ErrorSource("blood", "tail and form"): by_model,
        }
        if fit.identity_relative_standard_uncertainty:
            own[ErrorSource("identity")] = fit.identity_relative_standard_uncertainty
        found[name] = FrozenMap(own)
    return found


def _whole_body_effects(cycle: Cycle, fits: Mapping[str, FitResult]) -> dict[str, Effects]:
    return curve_effects(cycle.number, "whole body", fits, "whole_body") if fits else {}


def _remainder(rest_bq_s: float, body: SourceActivity, parts: Sequence[SourceActivity]) -> SourceActivity:
    """Rest of the body with its effects: what makes an organ's activity larger makes the remainder smaller."""
    scale = max(rest_bq_s, 1.0)
    effects = [scaled_effects(body.effects, body.time_integrated_activity_bq_s / scale)]
    effects += [scaled_effects(part.effects, -part.time_integrated_activity_bq_s / scale) for part in parts]
    return SourceActivity(rest_bq_s, summed_effects(effects))


def _s_value_effects(cycle: Cycle, name: str, item: str) -> Effects:
    """Relative effects of the marrow's S-value data: of its own, from organs, from the rest of the body."""
    what, relative = _MARROW_S_VALUES.get(item, ("marrow from organs", S_VALUE_CROSS_RELATIVE_UNCERTAINTY))
    return s_value_effects(what, tuple((given.nuclide, relative) for given in cycle.administrations))[name]


def cycle_marrow(
    case: Case,
    cycle: Cycle,
    measurement: CycleMeasurement | None,
    *,
    imaged: str | None,
    organs: Mapping[str, Mapping[str, SourceActivity]],
    lesions_bq_s: Mapping[str, float],
) -> CycleMarrow:
    """Red marrow dose of a cycle.

    Parameters
    ----------
    imaged
        Nuclide of the images; None without images.
    organs
        Nuclide → kidneys, liver, spleen → time-integrated activity without enclosed lesions.
    lesions_bq_s
        Nuclide → time-integrated activity of all lesions; they stay in the remainder.
    """
    whole_body, findings = whole_body_fits(cycle, measurement, imaged)
    blood, more = blood_fits(cycle, whole_body, imaged, sex=case.patient.sex)
    gathered = [*findings, *more]
    settings = case.settings.red_marrow
    ratio = settings.marrow_to_blood_ratio
    try:
        ratio = marrow_to_blood_ratio(case, cycle)
    except MissingDataError as error:
        # Without the ratio there is neither a marrow dose nor its share of the remainder.
        if blood:
            gathered.append(Finding("haematocrit-missing", "error", error.line(), f"cycle {cycle.number}, red marrow"))
        blood = FrozenMap()
    rests: dict[str, SourceActivity] = {}
    doses: dict[str, RedMarrowAbsorbedDose] = {}
    effects: dict[str, Effects] = {}
    place = f"cycle {cycle.number}, red marrow"
    by_blood, by_body = _blood_effects(cycle, blood), _whole_body_effects(cycle, whole_body)
    for given in cycle.administrations:
        name = given.nuclide
        sources = organs.get(name, {})
        blood_fit = blood.get(name)
        marrow_bq_s = 0.0
        if blood_fit is not None:
            marrow_bq_s = marrow_time_integrated_activity_bq_s(
                blood_time_integrated_activity_bq_s_per_kg(
                    blood_fit.time_integral_bq_s_per_ml, blood_density_g_per_ml=settings.blood_density_g_per_ml
                ),
                marrow_to_blood_ratio=ratio,
                sex=case.patient.sex,
            )
        rest: MarrowSource | None = None
        if name in whole_body:
            try:
                left = remainder(
                    whole_body[name],
                    organs_bq_s={organ: s.time_integrated_activity_bq_s for organ, s in sources.items()},
                    organ_standard_uncertainties_bq_s={
                        organ: s.uncertainty.of(s.time_integrated_activity_bq_s) for organ, s in sources.items()
                    },
                    red_marrow_bq_s=marrow_bq_s,
                    lesions_bq_s=lesions_bq_s.get(name, 0.0),
                    place=place,
                )
                gathered += left.findings
                rests[name] = _remainder(
                    left.time_integrated_activity_bq_s,
                    SourceActivity(whole_body[name].time_integrated_activity_bq_s, by_body[name]),
                    [*sources.values(), SourceActivity(marrow_bq_s, by_blood.get(name, FrozenMap()))],
                )
                rest = MarrowSource(left.time_integrated_activity_bq_s, rests[name].uncertainty)
            except DosimetryError as error:
                gathered.append(Finding("remainder-failed", "error", error.line(), place))
        if blood_fit is None:
            continue
        doses[name] = red_marrow_absorbed_dose(
            name,
            case.patient.sex,
            blood=MarrowSource(
                blood_fit.time_integral_bq_s_per_ml,
                RelativeUncertainty(random_part(by_blood[name]), common_part(by_blood[name])),
            ),
            organs={
                organ: MarrowSource(s.time_integrated_activity_bq_s, s.uncertainty) for organ, s in sources.items()
            },
            remainder=rest,
            blood_density_g_per_ml=settings.blood_density_g_per_ml,
            marrow_to_blood_ratio=ratio,
            rest_of_body=settings.rest_of_body,
            body_mass_kg=case.patient.weight_kg,
            scale_remainder_by_body_mass=settings.scale_remainder_by_body_mass,
            bone_metastases=case.patient.bone_metastases,
            lesions_bq_s=lesions_bq_s.get(name, 0.0),
            place=place,
        )
        gathered += doses[name].findings
        known = {"self": by_blood[name]} | {organ: s.effects for organ, s in sources.items()}
        if name in rests:
            known[REMAINDER] = rests[name].effects
        effects[name] = summed_effects(
            scaled_effects(summed_effects((known[item], _s_value_effects(cycle, name, item))), gy)
            for item, gy in doses[name].contributions_gy.items()
        )
    if measurement is not None and cycle.whole_body.method == "field-of-view" and rests:
        gathered += _cut_findings(case, measurement, doses, place)
    if not cycle.blood_samples and cycle.entered is None and cycle.time_points:
        gathered.append(
            Finding("blood-missing", "warning", "No blood sample, so no marrow dose of this cycle's own.", place)
        )
    return CycleMarrow(
        blood, whole_body, FrozenMap(rests), FrozenMap(doses), tuple(dict.fromkeys(gathered)), FrozenMap(effects)
    )
