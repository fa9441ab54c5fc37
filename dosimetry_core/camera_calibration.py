"""What a camera's phantom measurements say: sensitivity of a cylinder, recovery of spheres, point spread at an edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from scipy import optimize, special

from dosimetry_core.calibration import decay_while_counting_factor, recovery_coefficient, true_count_rate_per_s
from dosimetry_core.case import DeadTimeModel, RecoveryCurve
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError
from dosimetry_core.geometry import FloatArray
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import nuclide

_LEAST_SPHERES: Final = 3
FWHM_PER_DEVIATION: Final = 2 * math.sqrt(2 * math.log(2))


@dataclass(frozen=True)
class MeasuredSensitivity:
    """Counts of all heads per clock second and Bq, from the whole field of view.

    Parameters
    ----------
    count_standard_uncertainty_relative
        From the number of counts alone; that of the activity has to be added.
    """

    sensitivity_cps_per_bq: float
    counts: float
    counting_duration_s: float
    activity_at_start_bq: float
    dead_time_factor: float
    measured_at: datetime
    count_standard_uncertainty_relative: float


def cylinder_sensitivity(
    series: ImageSeries,
    *,
    activity_bq: float,
    activity_time: datetime,
    dead_time_s: float = 0.0,
    dead_time_model: DeadTimeModel = "non-paralyzable",
    where: str = "phantom",
) -> MeasuredSensitivity:
    """Sensitivity from a cylinder that lies wholly in the field of view.

    Parameters
    ----------
    series
        SPECT in counts, or counts/s (then its counting time matters for decay only).
    activity_bq, activity_time
        Activity in the phantom, residue taken off, at an instant with a time zone.

    Notes
    -----
    Q = C_FOV/(A T_eff), T_eff = (1 − exp(−λT))/λ, no recovery coefficient (methods 1.1).

    Raises
    ------
    MissingDataError, InconsistentCaseError
        If nuclide or counting time is not known, or the image is not in counts.
    """
    if series.nuclide is None:
        raise MissingDataError("the nuclide is not known", where=where, remedy="export it with its nuclide")
    if series.volume.quantity not in ("counts", "counts_per_s"):
        raise InconsistentCaseError(
            "the image is in Bq/mL: the camera was calibrated already", where=where, remedy="export it in counts"
        )
    duration = series.counting_duration_s
    if duration is None or not duration > 0:
        raise MissingDataError("the image doesn't say how long the camera counted", where=where, remedy="state it")
    if not activity_bq > 0:
        raise InconsistentCaseError("the activity is not positive", where=where, remedy="correct it")
    physics = nuclide(series.nuclide)
    total = float(series.volume.values.sum(dtype=np.float64))
    observed = total / duration if series.volume.quantity == "counts" else total
    if not observed > 0:
        raise InconsistentCaseError("the image holds no counts", where=where, remedy="check the export")
    rate = true_count_rate_per_s(observed, dead_time_s, dead_time_model)
    at_start = activity_bq * physics.decay_factor((series.acquisition_start - activity_time).total_seconds())
    mean = at_start / decay_while_counting_factor(physics.decay_constant_per_s, duration)
    return MeasuredSensitivity(
        rate / mean,
        observed * duration,
        duration,
        at_start,
        rate / observed,
        series.acquisition_start,
        1 / math.sqrt(observed * duration),
    )


@dataclass(frozen=True)
class FittedRecovery:
    """A recovery curve with the covariance of (ln b, ln g) and the root mean square of its relative residuals."""

    curve: RecoveryCurve
    covariance_of_logarithms: tuple[tuple[float, float], tuple[float, float]]
    residual_relative: float


def fitted_recovery(
    volumes_ml: Sequence[float], recovery: Sequence[float], *, where: str = "spheres"
) -> FittedRecovery:
    """R(v) = 1 − 1/(1 + (v/b)^g) through measured spheres, least squares of relative residuals (methods 1.5).

    Raises
    ------
    DosimetryError
        If there are fewer than three spheres, values that can't be, or no fit.
    """
    volumes, values = np.asarray(volumes_ml, float), np.asarray(recovery, float)
    if len(volumes) != len(values) or len(volumes) < _LEAST_SPHERES:
        raise DosimetryError(
            f"{len(volumes)} volumes and {len(values)} recovery coefficients",
            where=where,
            remedy=f"give one coefficient per sphere, {_LEAST_SPHERES} spheres or more",
        )
    if not (np.all(volumes > 0) and np.all((values > 0) & (values < 1.2))):
        raise DosimetryError("values that can't be", where=where, remedy="volumes in mL, coefficients between 0 and 1")

    def residuals(logarithms: FloatArray) -> FloatArray:
        b, g = np.exp(logarithms)
        power = (volumes / b) ** g
        return np.asarray(power / (1 + power) / values - 1)

    known = np.clip(values, 0.02, 0.98)
    slope, offset = np.polyfit(np.log(volumes), np.log(known / (1 - known)), 1)
    start = np.array([-offset / max(slope, 0.1), math.log(max(slope, 0.1))])
    found = optimize.least_squares(residuals, start)
    if not found.success:
        raise DosimetryError("no recovery curve fits the spheres", where=where, remedy="check the measurements")
    degrees = max(len(volumes) - 2, 1)
    variance = 2 * found.cost / degrees
    slopes = np.asarray(found.jac, float)
    try:
        covariance = variance * np.linalg.inv(slopes.T @ slopes)
    except np.linalg.LinAlgError as error:
        raise DosimetryError(
            "the spheres do not decide between recovery curves", where=where, remedy="check diameters and places"
        ) from error
    b, g = (float(v) for v in np.exp(found.x))
    spread = math.sqrt(variance)
    rows = ((float(covariance[0, 0]), float(covariance[0, 1])), (float(covariance[1, 0]), float(covariance[1, 1])))
    return FittedRecovery(RecoveryCurve(b, g, spread), rows, math.sqrt(float(np.mean(found.fun**2))))


def recovery_of(fit: FittedRecovery, volume_ml: float) -> float:
    """Recovery coefficient of a volume by a fitted curve."""
    return recovery_coefficient(volume_ml, fit.curve)


@dataclass(frozen=True)
class FittedEdge:
    """A blurred straight edge: base + step · Φ((x − centre)/σ), with the root mean square of its residuals."""

    base: float
    step: float
    centre_mm: float
    sigma_mm: float
    residual: float

    @property
    def fwhm_mm(self) -> float:
        """Full width at half maximum of the Gaussian that blurred it."""
        return abs(self.sigma_mm) * FWHM_PER_DEVIATION

    def at(self, distances_mm: FloatArray) -> FloatArray:
        """Value of the fit at distances along the profile."""
        return np.asarray(self.base + self.step * special.ndtr((distances_mm - self.centre_mm) / self.sigma_mm))


def edge_point_spread_fwhm_mm(distances_mm: Sequence[float], values: Sequence[float], *, where: str = "edge") -> float:
    """Full width at half maximum of a Gaussian point spread from a profile over a straight edge; see `fitted_edge`."""
    return fitted_edge(distances_mm, values, where=where).fwhm_mm


def fitted_edge(distances_mm: Sequence[float], values: Sequence[float], *, where: str = "edge") -> FittedEdge:
    """A profile over a straight edge, fitted by least squares; FWHM = 2 √(2 ln 2) σ.

    Parameters
    ----------
    distances_mm, values
        Across the edge; of the image, in any unit.

    Raises
    ------
    DosimetryError
        If the profile has too few points, no contrast, or its width can't be told.
    """
    x, y = np.asarray(distances_mm, float), np.asarray(values, float)
    if len(x) != len(y) or len(x) < 8:
        raise DosimetryError("a profile needs eight points or more", where=where, remedy="take a longer one")
    low, high = float(y.min()), float(y.max())
    if not high > low:
        raise DosimetryError("the profile has no contrast", where=where, remedy="lay it over the edge")
    order = np.argsort(x)
    x, y = x[order], y[order]
    rising = float(y[-1] > y[0]) * 2 - 1
    middle = float(x[int(np.argmin(np.abs(y - (low + high) / 2)))])
    start = (low, high - low, middle, rising * 4.0)

    def profile(at: FloatArray, base: float, step: float, centre: float, sigma: float) -> FloatArray:
        return np.asarray(base + step * special.ndtr((at - centre) / sigma))

    try:
        found, _ = optimize.curve_fit(profile, x, y, p0=start)
    except RuntimeError as error:
        raise DosimetryError("no edge fits the profile", where=where, remedy="lay it over a straight edge") from error
    base, step, centre, sigma = (float(value) for value in found)
    edge = FittedEdge(base, step, centre, sigma, float(np.sqrt(np.mean((y - profile(x, *found)) ** 2))))
    if not 0 < edge.fwhm_mm < float(x[-1] - x[0]):
        raise DosimetryError("the edge is wider than the profile", where=where, remedy="take a longer profile")
    return edge
