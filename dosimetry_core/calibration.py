"""From image values to activity concentration: sensitivity, dead time, decay while counting, recovery curve."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw

from dosimetry_core.case import Administration, Calibration, Cycle, DeadTimeModel, RecoveryCurve
from dosimetry_core.errors import DosimetryError, Finding, InconsistentCaseError, MissingDataError, raise_problems
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import Y90, Nuclide, nuclide
from dosimetry_core.units import MEGABECQUEREL, MICROSECOND, PERCENT, SECONDS_PER_MINUTE
from dosimetry_core.volume import Quantity, Volume

DEAD_TIME_CORRECTION_REMARKABLE = 1.2
"""Dead-time factor above which a finding is raised: a per-volume mean factor is then no longer good to 2 %
(methods 1.4: differences to a per-projection correction)."""

NEGATIVE_SHARE_REMARKABLE = 0.01
"""Negative part of an image over its sum."""
STATED_ACTIVITY_TOLERANCE = 0.10
"""Relative difference of the administered activities in file and case, as between prescribed and delivered."""


@dataclass(frozen=True, eq=False)
class CalibratedImage:
    """A SPECT image as activity concentration at the start of its acquisition.

    Parameters
    ----------
    concentration
        Bq/mL at the acquisition start, float32, on the image's own grid.
    bq_per_ml_per_image_unit
        What the image values were multiplied by, everything included.
    dead_time_factor
        True over observed count rate; 1 where none is applied.
    decay_while_counting_factor
        Activity at the start over mean activity during the acquisition; 1 where the image is corrected already.
    relative_standard_uncertainty
        Of the calibration, common to all scans of the cycle; None if the case doesn't state it.
    field_of_view_activity_bq
        Sum over the whole image at the acquisition start.
    """

    concentration: Volume
    bq_per_ml_per_image_unit: float
    dead_time_factor: float
    decay_while_counting_factor: float
    relative_standard_uncertainty: float | None
    field_of_view_activity_bq: float
    findings: tuple[Finding, ...] = ()


def decay_while_counting_factor(decay_constant_per_s: float, counting_duration_s: float) -> float:
    """Activity at the start of an acquisition over its mean activity: λT/(1 − exp(−λT)).

    Tends to 1 + λT/2 for short acquisitions; 1.00072 for 20 min of 177Lu (MIRD pamphlet 26).
    """
    if not counting_duration_s > 0 or not decay_constant_per_s > 0:
        raise ValueError("decay constant and counting duration must be positive")
    exponent = decay_constant_per_s * counting_duration_s
    return exponent / -math.expm1(-exponent)


def activity_at_acquisition_start_bq(
    counts: float,
    *,
    sensitivity_cps_per_bq: float,
    counting_duration_s: float,
    decay_constant_per_s: float,
    recovery: float = 1.0,
    decay_corrected_by_s: float = 0.0,
) -> float:
    """Activity from reconstructed counts, at the start of the acquisition or so long before.

    Parameters
    ----------
    counts
        Counts of all heads in the VOI.
    sensitivity_cps_per_bq
        Counts of all heads per clock second and Bq.
    counting_duration_s
        Clock time of counting.
    recovery
        Recovery coefficient of the VOI, above 0.
    decay_corrected_by_s
        Time before the start to which the activity is decay-corrected; 0 for the start itself.

    Notes
    -----
    A = C/(Q R T) · λT/(1 − exp(−λT)) · exp(λ t) (MIRD pamphlet 23: Dewaraja et al. 2012,
    doi:10.2967/jnumed.111.100123).
    """
    if not sensitivity_cps_per_bq > 0 or not recovery > 0:
        raise ValueError("sensitivity and recovery coefficient must be positive")
    mean = counts / (sensitivity_cps_per_bq * recovery * counting_duration_s)
    at_start = mean * decay_while_counting_factor(decay_constant_per_s, counting_duration_s)
    return at_start * math.exp(decay_constant_per_s * decay_corrected_by_s)


def largest_observable_count_rate_per_s(dead_time_s: float, model: DeadTimeModel) -> float:
    """Count rate a camera can't exceed: 1/τ (non-paralyzable, approached), 1/(eτ) (paralyzable, reached)."""
    if not dead_time_s > 0:
        raise ValueError("the dead time must be positive")
    return 1 / dead_time_s if model == "non-paralyzable" else 1 / (math.e * dead_time_s)


def true_count_rate_per_s(observed_count_rate_per_s: float, dead_time_s: float, model: DeadTimeModel) -> float:
    """Count rate that a camera without dead time would see.

    Notes
    -----
    Non-paralyzable: N = R/(1 − Rτ). Paralyzable: R = N exp(−Nτ), so N = −W₀(−Rτ)/τ on the principal branch, the
    lower of the two rates that give R.

    Raises
    ------
    InconsistentCaseError
        If the observed rate can't occur with this dead time.
    """
    if observed_count_rate_per_s < 0 or dead_time_s < 0:
        raise ValueError("count rate and dead time must not be negative")
    if dead_time_s == 0 or observed_count_rate_per_s == 0:
        return observed_count_rate_per_s
    limit = largest_observable_count_rate_per_s(dead_time_s, model)
    product = observed_count_rate_per_s * dead_time_s
    possible = product < 1 if model == "non-paralyzable" else observed_count_rate_per_s <= limit
    if not possible:
        raise InconsistentCaseError(
            f"{observed_count_rate_per_s:.0f} counts/s can't be observed with a {model} dead time of "
            f"{MICROSECOND.text(dead_time_s)} (at most {limit:.0f} counts/s)",
            where="calibration.dead_time_us",
            remedy="check the dead time, its model and the unit of the image",
        )
    if model == "non-paralyzable":
        return observed_count_rate_per_s / (1 - product)
    return float(-lambertw(-product).real) / dead_time_s


def recovery_coefficient(volume_ml: float, curve: RecoveryCurve) -> float:
    """Share of a VOI's activity that its image outline holds: R(v) = 1 − 1/(1 + (v/b)^g).

    0 at volume 0, 1/2 at v = b, 1 at infinity.
    """
    if volume_ml < 0 or not curve.b_ml > 0 or not curve.gamma > 0:
        raise ValueError("volume must not be negative; b and gamma must be positive")
    power = math.pow(volume_ml / curve.b_ml, curve.gamma)
    return power / (1 + power)


def recovery_volume_sensitivity(volume_ml: float, curve: RecoveryCurve) -> float:
    """Relative change of the recovery coefficient per relative change of the volume: d ln R/d ln v = g (1 − R)."""
    return curve.gamma * (1 - recovery_coefficient(volume_ml, curve))


def calibration_used(cycle: Cycle, quantity: Quantity = "counts") -> Calibration:
    """The cycle's calibration; with the sensitivity measured beside 90Y where that was given and one is stated.

    Its uncertainty and dates come with it where they are stated. Images in Bq/mL need no sensitivity.
    """
    held = cycle.calibration
    mixed = held.sensitivity_with_yttrium_90_cps_per_bq
    if mixed is None or cycle.administration(Y90) is None or quantity == "activity_concentration_bq_per_ml":
        return held
    uncertainty = held.with_yttrium_90_relative_standard_uncertainty
    return replace(
        held,
        sensitivity_cps_per_bq=mixed,
        relative_standard_uncertainty=held.relative_standard_uncertainty if uncertainty is None else uncertainty,
        measured_on=held.with_yttrium_90_measured_on or held.measured_on,
        valid_until=held.with_yttrium_90_valid_until or held.valid_until,
    )


def calibrated_image(
    series: ImageSeries, calibration: Calibration, administration: Administration | None, *, where: str = ""
) -> CalibratedImage:
    """Activity concentration at the start of the acquisition.

    Parameters
    ----------
    series
        SPECT in Bq/mL (used as it is but for its decay reference), counts, or counts/s.
    calibration
        Sensitivity with its convention, dead time; not used for Bq/mL.
    administration
        Of the imaged nuclide; needed only for images decay-corrected to the administration.
    where
        Place named in errors and findings, for example ``"cycle 1, time point 2"``.

    Raises
    ------
    MissingDataError
        If a sensitivity, its convention, a duration, a number of heads or an administration is needed and not known.
    """
    if series.kind != "spect":
        raise ValueError("only a SPECT series can be calibrated")
    if series.nuclide is None:
        raise MissingDataError("the nuclide is not known", where=where, remedy="say which nuclide was imaged")
    physics = nuclide(series.nuclide)
    values = series.volume.values
    if not np.all(np.isfinite(values)):
        raise InconsistentCaseError(
            "the image holds values that are not numbers", where=where, remedy="export the series again"
        )
    total = float(values.sum(dtype=np.float64))
    if not total > 0:
        raise InconsistentCaseError("the image holds no activity", where=where, remedy="check the rescale of the file")
    findings = _negative_findings(values, total, where)
    quantity = series.volume.quantity
    dead_time_factor = 1.0
    uncertainty: float | None
    if quantity == "activity_concentration_bq_per_ml":
        scale = 1.0
        uncertainty = calibration.relative_standard_uncertainty
        if calibration.dead_time_s > 0:
            findings.append(
                Finding(
                    "dead-time-not-applied",
                    "info",
                    "The image is in Bq/mL; the stated dead time was not applied again.",
                    where,
                )
            )
    elif quantity in ("counts", "counts_per_s"):
        sensitivity = sensitivity_all_heads_cps_per_bq(series, calibration, where)
        duration = _counting_duration_s(series, where) if quantity == "counts" else 1.0
        observed = total / duration
        dead_time_factor = (
            true_count_rate_per_s(observed, calibration.dead_time_s, calibration.dead_time_model) / observed
        )
        if dead_time_factor > DEAD_TIME_CORRECTION_REMARKABLE:
            findings.append(
                Finding(
                    "dead-time-large",
                    "warning",
                    f"Dead time is corrected by a factor {dead_time_factor:.2f} for the whole image; beyond "
                    f"{DEAD_TIME_CORRECTION_REMARKABLE:.1f} it should be corrected per projection.",
                    where,
                )
            )
        scale = dead_time_factor / (sensitivity * duration * series.volume.geometry.voxel_volume_ml)
        uncertainty = calibration.relative_standard_uncertainty
    else:
        raise InconsistentCaseError(
            f"a SPECT image can't hold {quantity}",
            where=where,
            remedy="give it in counts, counts/s or Bq/mL",
        )
    decay = _decay_factor_to_start(series, physics, administration, where)
    findings += _administration_findings(series, administration, where)
    factor = scale * decay.to_start
    concentration: NDArray[Any] = np.asarray(values, np.float32) * np.float32(factor)
    return CalibratedImage(
        Volume(concentration, series.volume.geometry, "activity_concentration_bq_per_ml"),
        factor,
        dead_time_factor,
        decay.while_counting,
        uncertainty,
        total * factor * series.volume.geometry.voxel_volume_ml,
        tuple(findings),
    )


def _negative_findings(values: NDArray[Any], total: float, where: str) -> list[Finding]:
    negative = -float(values.sum(dtype=np.float64, where=values < 0))
    if negative <= NEGATIVE_SHARE_REMARKABLE * total:
        return []
    text = (
        f"The image holds negative values, together {PERCENT.text(negative / total)} of its sum; iterative "
        "reconstruction gives none. Check rescale and subtraction."
    )
    return [Finding("negative-values", "warning", text, where)]


@dataclass(frozen=True)
class _DecayFactors:
    to_start: float
    while_counting: float


def _decay_factor_to_start(
    series: ImageSeries, physics: Nuclide, administration: Administration | None, where: str
) -> _DecayFactors:
    if series.decay_reference == "acquisition-start":
        return _DecayFactors(1.0, 1.0)
    if series.decay_reference == "none":
        factor = decay_while_counting_factor(physics.decay_constant_per_s, _counting_duration_s(series, where))
        return _DecayFactors(factor, factor)
    if administration is None or administration.nuclide != physics.name:
        raise MissingDataError(
            f"the image is decay-corrected to the administration of {physics.name}, which is not in the case",
            where=where,
            remedy="enter the administration",
        )
    # The instant that the file means, where it says so: the values were corrected to that one.
    reference = series.stated_administration_start or administration.start
    elapsed_s = (series.acquisition_start - reference).total_seconds()
    return _DecayFactors(physics.decay_factor(elapsed_s), 1.0)


def _administration_findings(series: ImageSeries, administration: Administration | None, where: str) -> list[Finding]:
    """Remarks where the file says otherwise than the case of activity and time of the administration."""
    return [
        *_stated_activity_findings(series, administration, where),
        *_instant_findings(series, administration, where),
    ]


def _stated_activity_findings(series: ImageSeries, administration: Administration | None, where: str) -> list[Finding]:
    stated = series.stated_administered_activity_bq
    if stated is None or administration is None:
        return []
    given = administration.administered_activity_bq
    if abs(stated - given) <= STATED_ACTIVITY_TOLERANCE * given:
        return []
    text = (
        f"The image states an administered activity of {MEGABECQUEREL.text(stated)}, the case has "
        f"{MEGABECQUEREL.text(given)} of {administration.nuclide}; the case is followed."
    )
    return [Finding("stated-activity-differs", "warning", text, where)]


def _instant_findings(series: ImageSeries, administration: Administration | None, where: str) -> list[Finding]:
    stated = series.stated_administration_start
    if series.decay_reference != "administration" or stated is None or administration is None:
        return []
    apart_s = abs((stated - administration.start).total_seconds())
    if apart_s <= SECONDS_PER_MINUTE:
        return []
    text = (
        f"the image is decay-corrected to {stated.isoformat(timespec='minutes')}, the case's administration began at "
        f"{administration.start.isoformat(timespec='minutes')}; the image's own instant was used"
    )
    return [Finding("administration-time-differs", "warning", text, where)]


def _counting_duration_s(series: ImageSeries, where: str) -> float:
    if series.counting_duration_s is None:
        raise MissingDataError(
            "the image doesn't say how long the camera counted",
            where=where,
            remedy="enter the clock time of counting as calibration.counting_duration_s",
        )
    if not series.counting_duration_s > 0:
        raise InconsistentCaseError("the counting duration is not positive", where=where, remedy="correct it")
    return series.counting_duration_s


def sensitivity_all_heads_cps_per_bq(series: ImageSeries, calibration: Calibration, where: str) -> float:
    """Counts of all heads per clock second and Bq, from the site's value and its convention (methods 1.1)."""
    problems: list[DosimetryError] = []
    if calibration.sensitivity_cps_per_bq is None:
        problems.append(
            MissingDataError(
                f"the image is in {series.volume.quantity.replace('_per_', '/')}, so a sensitivity is needed",
                where=where,
                remedy="enter calibration.sensitivity_cps_per_mbq with its convention",
            )
        )
    if calibration.convention is None:
        problems.append(
            MissingDataError(
                "the convention of the sensitivity is not declared",
                where=where,
                remedy="enter calibration.convention: clock-seconds-all-heads, clock-seconds-per-head or frame-seconds",
            )
        )
    raise_problems(problems)
    sensitivity, convention = calibration.sensitivity_cps_per_bq, calibration.convention
    if sensitivity is None or convention is None:
        raise ValueError("unreachable: problems were raised")
    if not sensitivity > 0:
        raise InconsistentCaseError("the sensitivity is not positive", where=where, remedy="correct it")
    if convention == "clock-seconds-all-heads":
        return sensitivity
    if series.number_of_heads is None:
        raise MissingDataError(
            f"the sensitivity is per {'head' if convention == 'clock-seconds-per-head' else 'frame second'}, but the "
            "image doesn't say with how many heads it was counted",
            where=where,
            remedy="enter the sensitivity per clock second of all heads (clock-seconds-all-heads)",
        )
    if convention == "clock-seconds-per-head":
        return sensitivity * series.number_of_heads
    if series.volume.quantity != "counts" or series.frame_duration_s is None or series.frames_per_head is None:
        raise MissingDataError(
            "the sensitivity is per frame second, but the image doesn't state its frames and their duration",
            where=where,
            remedy="enter the sensitivity per clock second of all heads (clock-seconds-all-heads)",
        )
    frame_seconds = series.frame_duration_s * series.frames_per_head * series.number_of_heads
    return sensitivity * frame_seconds / _counting_duration_s(series, where)
