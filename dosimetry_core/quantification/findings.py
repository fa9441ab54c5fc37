"""What speaks against a measured activity: remarks with the value and the limit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import date

from dosimetry_core.case import Calibration
from dosimetry_core.errors import Finding, Level
from dosimetry_core.partial_volume.blurred_sphere import sphere_radius_mm
from dosimetry_core.partial_volume.uniformity import CoreContrast
from dosimetry_core.quantification.field_of_view_causes import (
    ScanFacts,
    causes_of_fraction,
    causes_of_growth,
    causes_of_ratio,
    in_words,
)
from dosimetry_core.units import HOUR, MILLILITRE, MILLIMETRE, PERCENT
from dosimetry_core.voi import Role, Voi, VoiMask

FIELD_OF_VIEW_FRACTION_LIMIT = 1.0
"""Activity in the field of view over what is left of the administered activity (methods 1.6)."""
GROWTH_LIMIT = 1.05
"""Decay-corrected growth of the field-of-view activity from scan to scan (methods 1.6)."""
FACTOR_TWO_TOLERANCE = 0.05
FIELD_OF_VIEW_FRACTION_LOWEST = 0.006
"""Less than that no trunk holds within ten half-lives of excretion: another unit, frames not summed."""
REMARKABLE_RATIO = 1.8
"""Of two cycles; patients' own uptake changes by less."""
OUTSIDE_REMARKABLE_SHARE = 0.01
OUTSIDE_SEVERE_SHARE = 0.2
PARTIAL_VOLUME_FACTOR_REMARKABLE = 2.5
RECOVERY_UNCERTAINTY_REMARKABLE = 0.1
KIDNEY_ROLES: tuple[Role, ...] = ("kidney_left", "kidney_right", "kidneys")
ORGAN_ROLES: tuple[Role, ...] = (*KIDNEY_ROLES, "liver", "spleen")
"""A lesion may have lost its uptake; an organ can't."""
REMARKABLE_CONTRAST = 0.3
"""Core contrast of a kidney beyond which a finding is raised; uniform ones stay within 0.15 in four noisy scans."""
SIGNIFICANT_CONTRAST = 3.0
LOSS_PER_CONTRAST = 0.09
"""Relative error of the activity per core contrast: a cortex of twice the medulla's uptake has −0.65 and comes out 5 to
6 % low at 9.5 mm (numerical kidneys with pyramids and pelvis)."""
# Scans of two cycles are compared if their times after administration agree to this share.
_COMPARABLE_TIME_SHARE = 0.25
_LEFT_AND_RIGHT: tuple[tuple[Role, Role], ...] = (("kidney_left", "kidney_right"),)


def field_of_view_findings(
    times_s: Sequence[float],
    activities_bq: Sequence[float],
    fractions: Sequence[float],
    decay_constant_per_s: float,
    place: str,
    *,
    facts: Sequence[ScanFacts] = (),
    durations_s: Sequence[float | None] = (),
) -> list[Finding]:
    """Sanity of the whole field of view (methods 1.6): not more than was given, not growing against decay.

    Parameters
    ----------
    facts, durations_s
        Of each scan, where known; likely causes are told from them.
    """
    findings = []
    for number, fraction in enumerate(fractions, start=1):
        if fraction > FIELD_OF_VIEW_FRACTION_LIMIT:
            findings.append(
                Finding(
                    "field-of-view-activity",
                    "error",
                    f"The image holds {PERCENT.text(fraction)} of the administered activity, decay counted; check "
                    "sensitivity and convention, units, decay reference and counting duration."
                    + (in_words(causes_of_fraction(fraction, facts[number - 1])) if facts else ""),
                    f"{place}, time point {number}",
                )
            )
        elif facts and 0 < fraction < FIELD_OF_VIEW_FRACTION_LOWEST:
            findings.append(
                Finding(
                    "field-of-view-activity-low",
                    "warning",
                    f"The image holds {PERCENT.text(fraction, digits=4)} of the administered activity, decay counted."
                    + in_words(causes_of_fraction(fraction, facts[number - 1])),
                    f"{place}, time point {number}",
                )
            )
    order = sorted(range(len(times_s)), key=lambda i: times_s[i])
    for earlier, later in itertools.pairwise(order):
        elapsed = times_s[later] - times_s[earlier]
        growth = activities_bq[later] / activities_bq[earlier] * math.exp(decay_constant_per_s * elapsed)
        if growth > GROWTH_LIMIT:
            findings.append(
                Finding(
                    "field-of-view-growth",
                    "warning",
                    f"From time point {earlier + 1} to {later + 1}, {HOUR.text(elapsed)} later, the activity in the "
                    f"field of view grew by a factor {growth:.2f} after decay (up to {GROWTH_LIMIT:.2f} is expected); "
                    "check times, durations and the field of view."
                    + (in_words(_causes_of_growth(growth, earlier, later, facts, durations_s)) if facts else ""),
                    f"{place}, time point {later + 1}",
                )
            )
    return findings


def _causes_of_growth(
    growth: float, earlier: int, later: int, facts: Sequence[ScanFacts], durations_s: Sequence[float | None]
) -> list[str]:
    before, after = facts[earlier], facts[later]
    first, second = (durations_s[earlier], durations_s[later]) if durations_s else (None, None)
    own = dict(before.other_decay_factors)
    others = [(name, factor / own[name]) for name, factor in after.other_decay_factors if own.get(name)]
    ratio = second / first if first and second else None
    return causes_of_growth(growth, after.decay_factor / before.decay_factor, ratio, others)


def factor_two_findings(
    times_s: Sequence[float],
    fractions: Sequence[float],
    earlier_times_s: Sequence[float],
    earlier_fractions: Sequence[float],
    place: str,
    *,
    facts: Sequence[ScanFacts] = (),
) -> list[Finding]:
    """A field-of-view fraction twice or half that of an earlier cycle at a like time: heads or frames twice.

    Where facts of the scans are given, any other ratio beyond 1.8 that a known mistake makes is told, too.
    """
    findings = []
    for number, (time, fraction) in enumerate(zip(times_s, fractions, strict=True), start=1):
        like = [
            (abs(other - time), value)
            for other, value in zip(earlier_times_s, earlier_fractions, strict=True)
            if abs(other - time) <= _COMPARABLE_TIME_SHARE * time
        ]
        if not like:
            continue
        ratio = fraction / min(like)[1]
        if any(abs(ratio / factor - 1) <= FACTOR_TWO_TOLERANCE for factor in (2.0, 0.5)):
            findings.append(
                Finding(
                    "field-of-view-factor-two",
                    "warning",
                    f"The share of the administered activity in the field of view is {ratio:.2f} times that of the "
                    "earlier cycle; a factor of two points to heads or frames counted twice or not at all.",
                    f"{place}, time point {number}",
                )
            )
        elif facts and ratio > 0 and abs(math.log(ratio)) > math.log(REMARKABLE_RATIO):
            causes = causes_of_ratio(ratio, facts[number - 1])
            if causes:
                findings.append(
                    Finding(
                        "field-of-view-factor",
                        "warning",
                        f"The share of the administered activity in the field of view is {ratio:.3g} times that of the "
                        f"earlier cycle.{in_words(causes)}",
                        f"{place}, time point {number}",
                    )
                )
    return findings


def side_findings(vois: Sequence[Voi], place: str) -> list[Finding]:
    """Left lies at larger x than right in the patient system."""
    findings = []
    for left_role, right_role in _LEFT_AND_RIGHT:
        left = [voi for voi in vois if voi.role == left_role and not voi.mask.is_empty]
        right = [voi for voi in vois if voi.role == right_role and not voi.mask.is_empty]
        for a in left:
            for b in right:
                if a.mask.centroid_mm()[0] <= b.mask.centroid_mm()[0]:
                    findings.append(
                        Finding(
                            "sides-exchanged",
                            "error",
                            f"{a.name} has the role {left_role} but lies to the right of {b.name}.",
                            f"{place}, {a.name}",
                        )
                    )
    return findings


def calibration_findings(calibration: Calibration, scans: Sequence[tuple[date, str]], place: str) -> list[Finding]:
    """A calibration used on a day after its last one; ``scans`` are (day, quantity of the image)."""
    until = calibration.valid_until
    counted = [day for day, quantity in scans if quantity in ("counts", "counts_per_s")]
    if until is None or not counted or max(counted) <= until:
        return []
    text = (
        f"The calibration{f' of {calibration.profile}' if calibration.profile else ''} was valid until "
        f"{until.isoformat()}; a scan is of {max(counted).isoformat()}."
    )
    return [Finding("calibration-expired", "warning", text, place)]


def proposal_findings(vois: Sequence[Voi], place: str) -> list[Finding]:
    """VOIs that the program proposed and nobody has reviewed."""
    names = [voi.name for voi in vois if voi.proposed]
    if not names:
        return []
    text = f"Proposed and not yet reviewed: {', '.join(names)}. The results rest on outlines that nobody has checked."
    return [Finding("proposal-unreviewed", "error", text, place)]


def voi_findings(voi: Voi, mask: VoiMask, fwhm_mm: float, place: str) -> list[Finding]:
    """Remarks that hold at all time points; the full width is that of point spread and voxel together."""
    diameter = 2 * sphere_radius_mm(mask.volume_ml)
    if diameter >= fwhm_mm:
        return []
    return [
        Finding(
            "voi-below-resolution",
            "warning",
            f"{voi.name} ({MILLILITRE.text(mask.volume_ml)}, as a sphere {MILLIMETRE.text(diameter)} wide) is smaller "
            f"than the resolution of {MILLIMETRE.text(fwhm_mm)}; its activity is uncertain.",
            place,
        )
    ]


def non_uniformity_loss(contrast: CoreContrast | None) -> float:
    """Relative error that non-uniform uptake may have made of a kidney's activity, as far as it is significant."""
    if contrast is None or abs(contrast.value) < SIGNIFICANT_CONTRAST * contrast.standard_uncertainty:
        return 0.0
    return LOSS_PER_CONTRAST * abs(contrast.value)


def uniformity_findings(contrast: CoreContrast | None, place: str) -> list[Finding]:
    """Remark where a kidney's rim and core take up differently."""
    loss = non_uniformity_loss(contrast)
    if contrast is None or loss == 0 or abs(contrast.value) < REMARKABLE_CONTRAST:
        return []
    rim, low = ("more", "low") if contrast.value < 0 else ("less", "high")
    return [
        Finding(
            "uptake-not-uniform",
            "warning",
            f"The rim takes up {rim} than the core (core contrast {contrast.value:+.2f} ± "
            f"{contrast.standard_uncertainty:.2f}, uniform uptake would give 0); the activity may be about "
            f"{PERCENT.text(loss, digits=0)} too {low}.",
            place,
        )
    ]


def voi_on_scan_findings(
    activity_bq: float,
    uncorrected_activity_bq: float,
    fraction_outside: float,
    recovery_uncertainty: float | None,
    place: str,
    *,
    role: Role,
) -> tuple[Finding, ...]:
    """Remarks on one VOI at one time point."""
    findings = []
    if fraction_outside > OUTSIDE_REMARKABLE_SHARE:
        findings.append(
            Finding(
                "voi-outside-field-of-view",
                "error" if fraction_outside > OUTSIDE_SEVERE_SHARE else "warning",
                f"{PERCENT.text(fraction_outside)} of the VOI lies outside the image; the mean inside stands for it.",
                place,
            )
        )
    if not activity_bq > 0:
        level: Level = "error" if role in ORGAN_ROLES else "warning"
        findings.append(Finding("activity-not-positive", level, "The activity is not positive.", place))
    elif uncorrected_activity_bq > 0 and activity_bq / uncorrected_activity_bq > PARTIAL_VOLUME_FACTOR_REMARKABLE:
        findings.append(
            Finding(
                "partial-volume-factor",
                "warning",
                f"The partial-volume correction multiplies the activity by {activity_bq / uncorrected_activity_bq:.2f} "
                f"(up to {PARTIAL_VOLUME_FACTOR_REMARKABLE:.1f} is expected).",
                place,
            )
        )
    if recovery_uncertainty is not None and recovery_uncertainty > RECOVERY_UNCERTAINTY_REMARKABLE:
        findings.append(
            Finding(
                "partial-volume-uncertain",
                "info",
                f"Resolution and surroundings leave a standard uncertainty of {PERCENT.text(recovery_uncertainty)}.",
                place,
            )
        )
    return tuple(findings)
