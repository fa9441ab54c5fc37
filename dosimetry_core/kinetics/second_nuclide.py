"""90Y curves from 177Lu curves, by the assumption of one biodistribution (methods 5)."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import Final

import numpy as np

from dosimetry_core.errors import Finding
from dosimetry_core.frozen import FrozenMap, read_only
from dosimetry_core.kinetics.fit_uncertainty import model_standard_uncertainty_bq_s, unseen_late_fraction
from dosimetry_core.kinetics.integrate import TrapezoidCurve
from dosimetry_core.kinetics.result import (
    AveragedShape,
    ExponentialShape,
    FitResult,
    Shape,
    SingleScan,
    fractions_outside_points,
    shape_activity_bq,
    terminal_half_life_s,
)
from dosimetry_core.kinetics.selection import averaged
from dosimetry_core.kinetics.single_scan import UNSEEN_EARLY_PHASE_S, relative_errors
from dosimetry_core.nuclide import decay_constant_per_s, half_life_s, nuclide
from dosimetry_core.units import HOUR, PERCENT, SECONDS_PER_HOUR

# Methods 5: add 5 to 15 % for the identity assumption (peptide mass, labelling, co-infusion).
IDENTITY_RELATIVE_STANDARD_UNCERTAINTY: Final = 0.10
_MISFITS: Final = ("early-point-misfit", "residual-pattern", "poor-fit")
_SEPARATE_INJECTIONS_S: Final = 1.0 * SECONDS_PER_HOUR


def second_effective_half_life_s(
    effective_half_life_s: float, *, from_physical_half_life_s: float, to_physical_half_life_s: float
) -> float:
    """Effective half-life of another nuclide on the same biology: 1/T' = 1/T − 1/T_from + 1/T_to.

    Raises
    ------
    ValueError
        If the given effective half-life is longer than the physical one, which would make the result longer than the
        other nuclide's too.
    """
    if effective_half_life_s > from_physical_half_life_s:
        raise ValueError("an effective half-life can't be longer than the physical one")
    change = decay_constant_per_s(to_physical_half_life_s) - decay_constant_per_s(from_physical_half_life_s)
    return half_life_s(decay_constant_per_s(effective_half_life_s) + change)


def absorbed_dose_ratio_per_administered_activity(
    effective_half_life_s: float,
    *,
    from_physical_half_life_s: float,
    to_physical_half_life_s: float,
    from_absorbed_energy_j: float,
    to_absorbed_energy_j: float,
    to_absorbed_fraction: float = 1.0,
) -> float:
    """Absorbed dose per administered activity of the second nuclide over the first, for one mono-exponential biology.

    (T'_eff/T_eff) · (absorbed energy per decay, second / first), the second's times its absorbed fraction.
    For kidneys about 3 to 6 (methods 5 and 11).
    """
    second = second_effective_half_life_s(
        effective_half_life_s,
        from_physical_half_life_s=from_physical_half_life_s,
        to_physical_half_life_s=to_physical_half_life_s,
    )
    return second / effective_half_life_s * to_absorbed_energy_j * to_absorbed_fraction / from_absorbed_energy_j


def second_nuclide_fit(
    fit: FitResult,
    *,
    to_nuclide: str,
    administered_from_bq: float,
    administered_to_bq: float,
    from_nuclide: str | None = None,
    time_shift_s: float = 0.0,
    identity_relative_standard_uncertainty: float = IDENTITY_RELATIVE_STANDARD_UNCERTAINTY,
    place: str = "",
) -> FitResult:
    """Curve of a second nuclide in the same region: A'(t) = (A'_adm/A_adm) A(t) exp((λ − λ') t).

    Parameters
    ----------
    fit
        Fit of the measured nuclide; t counts from the middle of its own infusion.
    administered_from_bq, administered_to_bq
        Administered activities of the measured and of the second nuclide.
    from_nuclide
        Checked against the fit, if given.
    time_shift_s
        Time zero of the second nuclide after that of the first. The result counts from the second's own time zero, so
        no exponent and no integral depends on it; more than an hour is a finding, because two injections share one
        biodistribution less surely than one.
    identity_relative_standard_uncertainty
        Relative standard uncertainty of the time-integrated activity by the assumption itself.

    Returns
    -------
    FitResult
        ``derived_from`` names the measured nuclide; ``curve`` holds its points, re-decayed.

    Notes
    -----
    Every decay constant changes by λ' − λ, uptake constants too, so A(0) = 0 stays true. A trapezoid is rebuilt on the
    re-decayed points, its tail no slower than λ'.
    """
    source = from_nuclide or fit.curve.nuclide
    if source != fit.curve.nuclide:
        raise ValueError(f"the fit is of {fit.curve.nuclide}, not of {source}")
    if not (administered_from_bq > 0 and administered_to_bq > 0):
        raise ValueError("administered activities must be positive")
    factor = administered_to_bq / administered_from_bq
    half_life = nuclide(to_nuclide).physical_half_life_s
    change = decay_constant_per_s(half_life) - decay_constant_per_s(fit.physical_half_life_s)
    curve = fit.curve.redecayed(to_nuclide, decay_constant_change_per_s=change, factor=factor)
    shape = _with_other_decay(fit.shape, change, factor)
    total = shape.time_integrated_activity_bq_s
    before, after = fractions_outside_points(shape, curve.fitted_times_s)
    late = 0.0 if fit.prior is not None or fit.single_scan is not None else unseen_late_fraction(curve, after)
    alternatives = FrozenMap({name: _with_other_decay(s, change, factor) for name, s in fit.alternatives.items()})
    parameters, covariance, fit_u = _parameters_and_uncertainty(fit, shape, total, factor)
    single = _single_scan(fit, change)
    by_model = model_standard_uncertainty_bq_s(total, before, alternatives, unseen_late_fraction=late)
    if isinstance(shape, AveragedShape):
        values = [part.time_integrated_activity_bq_s for _, part in shape.parts]
        spreads = [fit.fit_relative_standard_uncertainty * value for value in values]
        _, _, between = averaged([weight for weight, _ in shape.parts], values, spreads)
        by_model = math.hypot(by_model, between)
    if single is not None:
        unseen, _ = fractions_outside_points(
            shape, np.array([min(float(curve.fitted_times_s[0]), UNSEEN_EARLY_PHASE_S)])
        )
        by_model = model_standard_uncertainty_bq_s(total, unseen, alternatives)
        by_model = math.hypot(by_model, single.relative_standard_uncertainty * total)
    residuals = curve.activity_bq - shape_activity_bq(shape, curve.times_s)
    derived = replace(
        fit,
        curve=curve,
        physical_half_life_s=half_life,
        shape=shape,
        parameters=parameters,
        covariance=covariance,
        unbounded_decay_constant_per_s=None,
        effective_half_life_s=terminal_half_life_s(shape),
        time_integrated_activity_bq_s=total,
        fit_standard_uncertainty_bq_s=fit_u,
        model_standard_uncertainty_bq_s=by_model,
        identity_relative_standard_uncertainty=identity_relative_standard_uncertainty,
        before_first_point_fraction=before,
        extrapolated_fraction=after,
        information_criterion=None,
        residuals_bq=read_only(residuals),
        alternatives=alternatives,
        derived_from=source,
        findings=(),
        candidates=(),
        prior=None,
        single_scan=single,
    )
    findings = _findings(derived, fit, time_shift_s, place)
    return replace(derived, findings=findings) if findings else derived


# Shapes are compared by identity: that of the same points is the same object, and so is what is derived of it.
@functools.lru_cache(maxsize=512)
def _with_other_decay(shape: Shape, change_per_s: float, factor: float) -> Shape:
    if isinstance(shape, TrapezoidCurve):
        scale = factor * np.exp(-change_per_s * shape.times_s)
        return replace(
            shape,
            activity_bq=read_only(shape.activity_bq * scale),
            physical_decay_constant_per_s=shape.physical_decay_constant_per_s + change_per_s,
        )
    if isinstance(shape, AveragedShape):
        return AveragedShape(tuple((weight, _exponential(part, change_per_s, factor)) for weight, part in shape.parts))
    return _exponential(shape, change_per_s, factor)


def _exponential(shape: ExponentialShape, change_per_s: float, factor: float) -> ExponentialShape:
    return ExponentialShape(shape.family, read_only(shape.family.with_other_decay(shape.natural, change_per_s, factor)))


def _parameters_and_uncertainty(
    fit: FitResult, shape: Shape, total_bq_s: float, factor: float
) -> tuple[FrozenMap[str, float], np.ndarray, float]:
    """Parameters, covariance and u(Ã) of the derived curve, from the fit's own covariance."""
    if isinstance(shape, TrapezoidCurve) or isinstance(fit.shape, TrapezoidCurve):
        assert isinstance(shape, TrapezoidCurve)
        assert isinstance(fit.shape, TrapezoidCurve)
        parameters = FrozenMap(
            {
                "before_first_point_bq_s": shape.head_bq_s,
                "between_points_bq_s": shape.middle_bq_s,
                "after_last_point_bq_s": shape.tail_bq_s,
                "tail_decay_constant_per_s": shape.tail_decay_constant_per_s,
            }
        )
        # Relative uncertainties of the points are unchanged by decay, so u(Ã)/Ã is that of the re-decayed gradient.
        points = fit.curve.fitted_uncertainty_bq
        relative = 0.05 * np.ones(len(shape.activity_bq)) if points is None else points / fit.shape.activity_bq
        spread = float(np.sqrt(((shape.gradient() * relative * shape.activity_bq) ** 2).sum()))
        return parameters, fit.covariance, spread
    if isinstance(shape, AveragedShape):
        return fit.parameters, fit.covariance, fit.fit_relative_standard_uncertainty * total_bq_s
    names = shape.family.parameter_names
    parameters = FrozenMap(zip(names, shape.natural.tolist(), strict=True))
    scale = np.array([factor if name.endswith("amplitude_bq") else 1.0 for name in fit.covariance_names])
    covariance = fit.covariance * np.outer(scale, scale)
    free = [names.index(name) for name in fit.covariance_names]
    gradient = shape.time_integrated_activity_gradient
    spread = math.sqrt(max(float(gradient[free] @ covariance @ gradient[free]), 0.0))
    if fit.bounds_active or fit.single_scan is not None:
        # The parameters of a single scan have no covariance; its noise scales the whole curve.
        spread = max(spread, fit.fit_relative_standard_uncertainty * total_bq_s)
    return parameters, read_only(covariance), spread


def _single_scan(fit: FitResult, change_per_s: float) -> SingleScan | None:
    """The error of a single scan's rule for the second nuclide, whose decay moves the weight to other times."""
    scan = fit.single_scan
    if scan is None:
        return None
    bias, spread = relative_errors(
        float(fit.curve.fitted_times_s[0]),
        fit.effective_half_life_s,
        median_s=scan.effective_half_life_s,
        ln_standard_deviation=scan.ln_standard_deviation,
        physical_half_life_s=fit.physical_half_life_s,
        decay_constant_change_per_s=change_per_s,
    )
    return replace(scan, relative_bias=bias, relative_standard_uncertainty=spread)


def _findings(derived: FitResult, source: FitResult, time_shift_s: float, place: str) -> tuple[Finding, ...]:
    name, first = derived.curve.nuclide, source.curve.nuclide
    found = []
    if abs(time_shift_s) > _SEPARATE_INJECTIONS_S:
        text = (
            f"{name} was given {HOUR.text(abs(time_shift_s), digits=1)} {'after' if time_shift_s > 0 else 'before'} "
            f"{first}; that both share one biodistribution is less certain"
        )
        found.append(Finding("separate-injections", "warning", text, place))
    if derived.single_scan is not None:
        text = (
            f"{name} from one scan of {first}: the error by the half-life is "
            f"{PERCENT.text(derived.single_scan.relative_standard_uncertainty, digits=0)} (standard), "
            f"{PERCENT.text(derived.single_scan.relative_bias, digits=0)} on average"
        )
        found.append(Finding("single-time-point", "warning", text, place))
    found += _misfit(derived, source, place)
    return tuple(found)


def _misfit(derived: FitResult, source: FitResult, place: str) -> list[Finding]:
    """What a curve that misses its first points does to the nuclide that decays faster."""
    if not any(finding.code in _MISFITS for finding in source.findings) or not derived.alternatives:
        return []
    total = derived.time_integrated_activity_bq_s
    changes = ", ".join(
        f"{PERCENT.text(shape.time_integrated_activity_bq_s / total - 1, digits=0)} with {model}"
        for model, shape in derived.alternatives.items()
    )
    text = (
        f"the {source.model} curve of {source.curve.nuclide} does not describe its points; the time-integrated "
        f"activity of {derived.curve.nuclide}, and with it the self-dose, would change by {changes}"
    )
    return [Finding("second-nuclide-misfit", "warning", text, place)]
