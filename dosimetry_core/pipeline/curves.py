"""Curves of one cycle: every VOI and nuclide fitted, one failure never hiding the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Case, Cycle, ExcludedPoint, FitSettings, Settings
from dosimetry_core.dose.engine import role_group
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, MissingDataError
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.prior import HalfLifePrior, PriorKind, population_prior, previous_cycle_prior
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.kinetics.single_scan import fit_single_scan
from dosimetry_core.quantification import VoiMeasurement
from dosimetry_core.voi import Role

NOTHING_KNOWN: Final[FrozenMap[str, FitResult]] = FrozenMap()


@dataclass(frozen=True, eq=False)
class VoiCurves:
    """Curves and fits of one VOI by nuclide, or why there are none."""

    curves: FrozenMap[str, TimeActivityCurve]
    fits: FrozenMap[str, FitResult]
    failure: str | None = None
    findings: tuple[Finding, ...] = ()


def scan_times_s(cycle: Cycle, nuclide: str) -> NDArray[np.float64]:
    """Times of the scans after the middle of a nuclide's infusion, shape (n_times,)."""
    given = cycle.administration(nuclide)
    if given is None:
        raise InconsistentCaseError(
            f"the images are of {nuclide}, which was not given in this cycle",
            where=f"cycle {cycle.number}",
            remedy="add its administration, or take the images out",
        )
    zero = given.time_zero
    return np.array([(point.spect.acquisition_start - zero).total_seconds() for point in cycle.time_points])


def other_nuclides(cycle: Cycle, imaged: str) -> tuple[str, ...]:
    """Nuclides of the cycle whose curves are derived from the imaged one's."""
    return tuple(a.nuclide for a in cycle.administrations if a.nuclide != imaged)


def derived(cycle: Cycle, fit: FitResult, to_nuclide: str, *, place: str) -> FitResult:
    """Fit of a nuclide that was given together with the imaged one (methods 5)."""
    source = cycle.administration(fit.curve.nuclide)
    target = cycle.administration(to_nuclide)
    if source is None or target is None:
        raise ValueError("both nuclides must have been given in the cycle")
    return second_nuclide_fit(
        fit,
        to_nuclide=to_nuclide,
        administered_from_bq=source.administered_activity_bq,
        administered_to_bq=target.administered_activity_bq,
        time_shift_s=(target.time_zero - source.time_zero).total_seconds(),
        place=place,
    )


def _excluding(curve: TimeActivityCurve, exclusions: Sequence[ExcludedPoint], place: str) -> TimeActivityCurve:
    try:
        return curve.excluding(*(item.time_point for item in exclusions))
    except InconsistentCaseError as error:
        raise InconsistentCaseError(
            error.what, where=f"{place}, settings.fit.exclude", remedy="correct time_point, or say its cycle"
        ) from error


def _usable(uncertainty_bq: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Uncertainties of the points, or None where an image without any noise tells nothing about them."""
    return None if uncertainty_bq is None or not (uncertainty_bq > 0).all() else uncertainty_bq


@dataclass(frozen=True, eq=False)
class EarlierFit:
    """Fit of a VOI in an earlier cycle."""

    cycle_number: int
    fit: FitResult


def _half_life(kind: PriorKind, region: str, nuclide: str, earlier: Sequence[EarlierFit], place: str) -> HalfLifePrior:
    """What is known of a VOI's effective half-life from elsewhere."""
    try:
        if kind == "population":
            return population_prior(region, nuclide)
        if not earlier:
            raise MissingDataError(
                "no earlier cycle measured this VOI",
                remedy="use the population's half-life, or give this cycle a curve of its own",
            )
        return previous_cycle_prior(earlier[0].fit, earlier[0].cycle_number)
    except MissingDataError as error:
        raise MissingDataError(error.what, where=place, remedy=error.remedy) from error


def _fitted(
    curve: TimeActivityCurve,
    settings: FitSettings,
    name: str,
    region: str,
    physical_half_life_s: float,
    earlier: Sequence[EarlierFit],
    place: str,
) -> FitResult:
    """The curve by the settings' model, prior and rule for single scans."""
    model = settings.model_by_voi.get(name, settings.model)
    if curve.fitted_times_s.size == 1 and settings.few_scans == "single-time-point":
        model = "single-time-point"
    if model == "single-time-point":
        rule = settings.single_time_point
        # Without a half-life of its own the rule's error is judged by the population's.
        kind: PriorKind = "previous-cycle" if rule == "previous-cycle" else "population"
        return fit_single_scan(
            curve,
            rule,
            _half_life(kind, region, curve.nuclide, earlier, place),
            physical_half_life_s=physical_half_life_s,
            place=place,
        )
    prior: HalfLifePrior | None = None
    findings: tuple[Finding, ...] = ()
    if settings.prior != "none" and model != "log-trapezoid":
        try:
            prior = _half_life(settings.prior, region, curve.nuclide, earlier, place)
        except MissingDataError as error:
            text = f"fitted without a prior half-life: {error.what}"
            findings = (Finding("prior-missing", "info", text, place),)
    fit = fit_curve(
        curve,
        model=model,
        weights=settings.weights,
        tail=settings.tail,
        prior=prior,
        physical_half_life_s=physical_half_life_s,
        place=place,
    )
    return replace(fit, findings=(*fit.findings, *findings)) if findings else fit


def known_fits(
    case: Case, cycle: Cycle, name: str, role: Role, previous_case: Case | None, previous: CycleResult | None
) -> Mapping[str, FitResult]:
    """Fits of a VOI in an earlier evaluation of this cycle that rest on the same but, perhaps, for the points.

    Whoever keeps something by the very fit, such as an interval by sampling, finds that nothing changed where nothing
    did. Empty where fits rest on earlier cycles.
    """
    result = None if previous is None else previous.vois.get(name)
    if result is None or previous is None or previous_case is None or case.settings.fit.uses_earlier_cycles:
        return NOTHING_KNOWN
    same = (
        previous_case.settings.fit == case.settings.fit
        and previous.cycle.number == cycle.number
        and previous.cycle.administrations == cycle.administrations
        and role_group(result.role) == role_group(role)
    )
    return result.fits if same else NOTHING_KNOWN


def voi_curves(
    cycle: Cycle,
    settings: Settings,
    measurement: VoiMeasurement,
    *,
    name: str,
    nuclide: str,
    physical_half_life_s: float,
    region: str = "other",
    earlier: Sequence[EarlierFit] = (),
    known: Mapping[str, FitResult] = NOTHING_KNOWN,
) -> VoiCurves:
    """Fit one VOI's curve and derive those of the other nuclides.

    Parameters
    ----------
    region
        The VOI's role as the settings name it (both sides of the kidneys are ``kidneys``), for population values.
    earlier
        Fits of the same VOI and nuclide in earlier cycles, the latest first.
    known
        Nuclide → fit of an earlier evaluation that was asked the same in everything but the points (`known_fits`):
        where these are the same numbers too, the very objects are taken over.
    """
    place = f"cycle {cycle.number}, {name}"
    exclusions = [item for item in settings.fit.exclude if item.voi == name and item.cycle in (None, cycle.number)]
    curves: dict[str, TimeActivityCurve] = {}
    fits: dict[str, FitResult] = {}
    findings = []
    try:
        if measurement.failure is not None:
            raise MissingDataError(measurement.failure, where=place, remedy="correct the VOI")
        curve = TimeActivityCurve(
            scan_times_s(cycle, nuclide),
            measurement.activity_bq,
            nuclide,
            _usable(measurement.random_standard_uncertainty_bq),
        )
        curves[nuclide] = curve
        if exclusions:
            curve = _excluding(curve, exclusions, place)
            curves[nuclide] = curve
            findings = [
                Finding("excluded-point", "info", f"Time point {item.time_point} is left out: {item.reason}.", place)
                for item in exclusions
            ]
        before = known.get(nuclide)
        same = before is not None and before.derived_from is None and before.curve.has_same_points(curve)
        if before is not None and same:
            fits[nuclide], curves[nuclide] = before, before.curve
        else:
            fits[nuclide] = _fitted(curve, settings.fit, name, region, physical_half_life_s, earlier, place)
        for other in other_nuclides(cycle, nuclide):
            # It follows from the fit and the administrations alone.
            fits[other] = known[other] if same and other in known else derived(cycle, fits[nuclide], other, place=place)
            curves[other] = fits[other].curve
    except DosimetryError as error:
        return VoiCurves(FrozenMap(curves), FrozenMap(), error.line(), tuple(findings))
    told = [finding for fit in fits.values() for finding in fit.findings]
    findings += [finding if finding.place else replace(finding, place=place) for finding in told]
    return VoiCurves(FrozenMap(curves), FrozenMap(fits), None, tuple(findings))
