"""Curves of one cycle: every VOI and nuclide fitted, one failure never hiding the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.case import Cycle, ExcludedPoint, Settings
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.curve import TimeActivityCurve
from dosimetry_core.kinetics.fit import fit_curve
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.kinetics.second_nuclide import second_nuclide_fit
from dosimetry_core.quantification import VoiMeasurement


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


def voi_curves(
    cycle: Cycle,
    settings: Settings,
    measurement: VoiMeasurement,
    *,
    name: str,
    nuclide: str,
    physical_half_life_s: float,
) -> VoiCurves:
    """Fit one VOI's curve and derive those of the other nuclides."""
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
        fits[nuclide] = fit_curve(
            curve,
            model=settings.fit.model_by_voi.get(name, settings.fit.model),
            weights=settings.fit.weights,
            physical_half_life_s=physical_half_life_s,
            place=place,
        )
        for other in other_nuclides(cycle, nuclide):
            fits[other] = derived(cycle, fits[nuclide], other, place=place)
            curves[other] = fits[other].curve
    except DosimetryError as error:
        return VoiCurves(FrozenMap(curves), FrozenMap(), error.line(), tuple(findings))
    findings += [replace(finding, place=finding.place or place) for fit in fits.values() for finding in fit.findings]
    return VoiCurves(FrozenMap(curves), FrozenMap(fits), None, tuple(findings))
